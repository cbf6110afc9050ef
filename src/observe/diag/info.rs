//! The attributes `INET_DIAG_INFO` (`struct tcp_info`) and `INET_DIAG_CONG` → [`TcpInfo`].

use super::message::attributes;
use crate::domain::excerpt::sanitise;
use crate::domain::{CongestionState, Row, TcpInfo};
use crate::observe::native::{double, word};

const INET_DIAG_INFO: u16 = 2;
const INET_DIAG_CONG: u16 = 4;
/// `TCP_INFINITE_SSTHRESH`.
const NO_THRESHOLD: u32 = 0x7fff_ffff;

/// Decodes the requested attributes. `None` when the kernel sent no `tcp_info` (a `TIME_WAIT` has none) or one shorter
/// than any kernel's. Newer kernels append fields, which are absent on an older one.
pub(super) fn decode(row: &Row, attribute_bytes: &[u8]) -> Option<TcpInfo> {
    let find = |wanted| attributes(attribute_bytes).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
    let info = find(INET_DIAG_INFO)?;
    let congestion =
        find(INET_DIAG_CONG).map(|name| sanitise(name.split(|byte| *byte == 0).next().unwrap_or_default()));
    // The row's send queue has what is not sent yet as well.
    let in_flight = row.send_q.zip(word(info, 144)).map(|(queued, unsent)| queued.saturating_sub(unsent));
    Some(TcpInfo {
        flow: row.flow,
        rtt_us: word(info, 68)?,
        rttvar_us: word(info, 72)?,
        rto_us: word(info, 8)?,
        cwnd: word(info, 80)?,
        ssthresh: Some(word(info, 76)?).filter(|segments| *segments < NO_THRESHOLD),
        state: CongestionState::numbered(*info.get(1)?),
        in_flight,
        retransmits: *info.get(2)?,
        retransmitted: word(info, 100)?,
        bytes_sent: double(info, 200),
        bytes_acked: double(info, 120),
        bytes_received: double(info, 128),
        snd_mss: word(info, 16)?,
        rcv_mss: word(info, 20)?,
        snd_wnd: word(info, 228),
        rcv_wnd: word(info, 232),
        congestion,
        at_packet: None,
    })
}
