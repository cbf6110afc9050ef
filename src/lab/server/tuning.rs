//! A listener that takes over the settings of its host while it listens.

use std::io;

use socket2::SockRef;

use super::super::bind::listen;
use super::super::host::ListenerSettings;
use super::acceptor::Acceptor;
use crate::domain::call::SockOpt;
use crate::domain::{Args, Call, SocketId, Syscall};

impl Acceptor {
    /// Makes the calls that lead from one setting to another, for the connections to come. `listen` on a socket that
    /// listens changes its backlog, and nothing else. A call that fails is reported like the others.
    pub(super) fn tune(&self, was: ListenerSettings, now: ListenerSettings) {
        let Some(listener) = self.listener() else { return };
        let socket = SockRef::from(listener);
        let socket_id = SocketId::Server(self.server());
        let set = |option, result: io::Result<()>| {
            let call = Call::new(socket_id, Syscall::Setsockopt).with(Args::Option(option)).returned(&result);
            self.log().call(call);
        };
        if now.no_delay != was.no_delay {
            let option = if now.no_delay { SockOpt::NoDelay } else { SockOpt::Delay };
            set(option, socket.set_tcp_nodelay(now.no_delay));
        }
        if let Some(bytes) = changed(was.receive_buffer, now.receive_buffer) {
            set(SockOpt::ReceiveBuffer, socket.set_recv_buffer_size(asked(bytes)));
        }
        if let Some(bytes) = changed(was.send_buffer, now.send_buffer) {
            set(SockOpt::SendBuffer, socket.set_send_buffer_size(asked(bytes)));
        }
        if let Some(backlog) = changed(was.backlog, now.backlog) {
            let _ = listen(&socket, socket_id, backlog, self.log());
        }
    }
}

fn changed(was: Option<u32>, now: Option<u32>) -> Option<u32> {
    now.filter(|_| now != was)
}

/// The size to ask for: Linux doubles it, to have room for its own bookkeeping (`socket(7)`, `SO_RCVBUF`).
const fn asked(bytes: u32) -> usize {
    let bytes = bytes as usize;
    if cfg!(target_os = "linux") { bytes / 2 } else { bytes }
}
