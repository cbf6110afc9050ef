//! A UDP server: no connections, so nothing to accept and nobody to wait for.
//!
//! One socket receives the datagrams of all clients, one at a time. Each says
//! where it came from, and that is where the answer goes.

use std::io;

use super::super::datagrams::DatagramSocket;
use crate::domain::Answer;

/// Answers datagrams for ever. Returns only when the socket itself is broken.
pub(super) async fn run(socket: &DatagramSocket, answer: Answer) -> io::Error {
    loop {
        match socket.recv_from().await {
            // An error of sendto() concerns that client alone: go on.
            Ok((request, client)) => {
                // The source of a datagram can be forged: never say more than
                // was asked, and nothing to a port that would answer back.
                let said = answer.to(&request);
                let said = match socket.filter() {
                    Some(filter) => filter.limit_answer(&request, said, client),
                    None => Some(said),
                };
                if let Some(said) = said {
                    let _ = socket.send_to(&said, client).await;
                }
            }
            // So does a client's "port unreachable", where the kernel tells.
            Err(error) if is_about_a_client(&error) => {}
            Err(error) => return error,
        }
    }
}

fn is_about_a_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionReset)
}
