//! Why a TCP segment was sent again.

/// Why a TCP end sent a segment again, or a probe in its place, as far as the packets tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentAgain {
    /// No answer came within the retransmission timeout (RFC 6298 §5).
    Timer,
    /// So many duplicate acknowledgements asked for it (RFC 5681 §3.2). Linux does not always wait for the third
    /// (RFC 8985).
    DuplicateAcks(usize),
    /// The SYN came again and was answered again, with the same SYN+ACK (RFC 9293 §3.10.7.4): the first one or its answer
    /// has not arrived.
    RepeatedSyn,
    /// The receiver's window is closed: it asks whether it has opened (RFC 9293 §3.8.6.1).
    Probe,
}
