//! A UDP server: there are no connections, so nothing to accept.
//!
//! One socket receives the datagrams of all clients, one at a time. Each comes
//! with its source address, and the answer is sent there.

use std::io;

use super::super::datagrams::DatagramSocket;
use crate::domain::Answer;

/// Answers datagrams for ever. Returns only if the socket itself fails.
pub(super) async fn run(socket: &DatagramSocket, answer: Answer) -> io::Error {
    loop {
        match socket.recv_from().await {
            // An error of sendto() concerns that client alone.
            Ok((request, client)) => {
                // The source can be forged: never send more bytes than were
                // received, and nothing to a port that would answer back.
                let mut answer = Some(answer.to(&request));
                if let Some(filter) = socket.filter() {
                    answer = answer.and_then(|answer| filter.limit_answer(&request, answer, client));
                }
                if let Some(answer) = answer {
                    let _ = socket.send_to(&answer, client).await;
                }
            }
            // So does an ICMP port unreachable, where the kernel reports it.
            Err(error) if is_about_a_client(&error) => {}
            Err(error) => return error,
        }
    }
}

fn is_about_a_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionReset)
}
