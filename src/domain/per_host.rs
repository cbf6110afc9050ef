//! One value for each of the wire's two hosts.

use super::id::HostId;

/// A value for the client host and one for the server host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerHost<T> {
    client: T,
    server: T,
}

impl<T> PerHost<T> {
    /// The client's value and the server's.
    pub const fn new(client: T, server: T) -> Self {
        Self { client, server }
    }

    /// Makes the value of each host.
    pub fn from_fn(mut make: impl FnMut(HostId) -> T) -> Self {
        Self { client: make(HostId::Client), server: make(HostId::Server) }
    }

    /// The value of one host.
    pub const fn of(&self, host: HostId) -> &T {
        match host {
            HostId::Client => &self.client,
            HostId::Server => &self.server,
        }
    }

    /// The value of one host, to change.
    pub const fn of_mut(&mut self, host: HostId) -> &mut T {
        match host {
            HostId::Client => &mut self.client,
            HostId::Server => &mut self.server,
        }
    }

    /// The client's value and the server's, to change.
    pub const fn both_mut(&mut self) -> [&mut T; 2] {
        [&mut self.client, &mut self.server]
    }

    /// Both values, made into others.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> PerHost<U> {
        PerHost { client: change(self.client), server: change(self.server) }
    }

    /// The client's value and the server's.
    pub fn into_array(self) -> [T; 2] {
        [self.client, self.server]
    }

    /// Each host with its value, the client first.
    pub fn iter(&self) -> impl Iterator<Item = (HostId, &T)> {
        [(HostId::Client, &self.client), (HostId::Server, &self.server)].into_iter()
    }
}
