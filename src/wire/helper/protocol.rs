//! The protocol between the main process and its helper: requests and replies, each a JSON text with descriptors, over
//! a pair of `SOCK_SEQPACKET` sockets.

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

/// The size limit of a message: a program's environment has to fit.
const LONGEST: usize = 1 << 18;
const MOST_DESCRIPTORS: usize = 8;

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::wire) enum Request {
    /// The first request: create the hosts.
    Open(Plan),
    /// Instead of `Open`: check the needs and report the results.
    Check,
    /// Create a socket on a host.
    Socket(HostId, Proto),
    /// Change a setting of a host.
    Turn(HostId, Setting),
    /// Read the settings of a host that are its kernel's own choice.
    Read(HostId),
    /// Count the packets that a host has sent to itself.
    Looped(HostId),
    /// Run a program on a host. With its three standard descriptors.
    Run(HostId, ProgramSpec),
    /// Send a signal to the process group of a program, by the number that `Ran` gave.
    Signal(i32, i32),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::wire) struct Plan {
    /// How to connect them to the wire; `None` for whatever works.
    pub(in crate::wire) link: Option<LinkKind>,
    pub(in crate::wire) mtu: u16,
    pub(in crate::wire) settings: Vec<Setting>,
}

/// A program to run: what `execve(2)` needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramSpec {
    /// Its name, looked up in the `PATH` of `env`, and its arguments.
    pub argv: Vec<String>,
    /// Its whole environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Its working directory.
    pub cwd: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(in crate::wire) enum HelperReply {
    /// The hosts are up. With the client's link, the server's link, and a `sock_diag` socket of each; then, where the
    /// kernel has them, the files `snmp` and `netstat` of the client and those of the server.
    Opened(LinkKind),
    Lacks(Need, i32),
    Checked(Vec<(Need, Option<i32>)>),
    /// Success. With a socket, if one was requested.
    Done,
    Settings(Vec<Setting>),
    Packets(u64),
    /// A program runs, with this PID in the helper's namespace. With a descriptor of the process (`pidfd_open(2)`) and
    /// the reading end of a pipe for its wait status.
    Ran(i32),
    Failed(i32),
}

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

/// Waits for one message. `UnexpectedEof` if the peer has closed.
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
