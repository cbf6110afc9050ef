//! What the main process and its helper say to each other: one JSON text and some descriptors per message, over a pair
//! of `SOCK_SEQPACKET` sockets. The main process asks, the helper answers, one at a time.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::domain::Setting;
use crate::domain::need::Need;
use crate::domain::{HostId, LinkKind, Proto};

/// The largest message: a program's environment has to fit.
const LONGEST: usize = 1 << 18;
/// The most descriptors in one message.
const MOST_DESCRIPTORS: usize = 4;

/// What the main process asks for.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::wire) enum Request {
    /// First and once: make the hosts.
    Open(Plan),
    /// First and once: try one need after the other and say what came of it.
    Check,
    /// A socket of one host.
    Socket(HostId, Proto),
    /// Turn a setting of one host.
    Turn(HostId, Setting),
    /// Run a program on a host. Its three standard descriptors come along.
    Run(HostId, ProgramSpec),
    /// Send a signal to the process group of a program, by the number that `Ran` gave.
    Signal(i32, i32),
}

/// How the hosts are to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::wire) struct Plan {
    /// How to join them to the wire; whatever works when it is not said.
    pub(in crate::wire) link: Option<LinkKind>,
    /// The largest packet, in bytes.
    pub(in crate::wire) mtu: u16,
    /// Settings of both hosts.
    pub(in crate::wire) settings: Vec<Setting>,
}

/// A program to run: what `execve(2)` needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramSpec {
    /// Its name, searched in the `PATH` of `env`, and its arguments.
    pub argv: Vec<String>,
    /// Its whole environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Its working directory.
    pub cwd: String,
}

/// What the helper answers.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::wire) enum HelperReply {
    /// The hosts are there. With: the client's link, the server's link, then a `sock_diag` socket of each.
    Opened(LinkKind),
    /// The hosts could not be made.
    Lacks(Need, i32),
    /// What each need came to.
    Checked(Vec<(Need, Option<i32>)>),
    /// Done. With a socket, when one was asked for.
    Done,
    /// A program runs. Its number is the helper's name for it. With: a descriptor of the process (`pidfd_open(2)`), and
    /// the reading end of a pipe that will hold its wait status.
    Ran(i32),
    /// It failed with this errno.
    Failed(i32),
}

/// Sends one message with descriptors.
pub(in crate::wire) fn send<M: Serialize>(to: BorrowedFd<'_>, message: &M, with: &[BorrowedFd<'_>]) -> io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut room);
    if !with.is_empty() && !control.push(SendAncillaryMessage::ScmRights(with)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    sendmsg(to, &[IoSlice::new(&text)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Waits for one message. `UnexpectedEof` when the other side is gone.
pub(in crate::wire) fn recv<M: DeserializeOwned>(from: BorrowedFd<'_>) -> io::Result<(M, Vec<OwnedFd>)> {
    let mut text = vec![0; LONGEST];
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut room);
    let got = loop {
        match recvmsg(from, &mut [IoSliceMut::new(&mut text)], &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?,
        }
    };
    let mut with = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            with.extend(descriptors);
        }
    }
    if got.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if got.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok((serde_json::from_slice(&text[..got.bytes])?, with))
}
