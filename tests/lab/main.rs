//! The laboratory on real loopback sockets: ports are the kernel's choice, order is asserted, nothing sleeps.

mod broadcast;
mod clients;
mod limits;
mod measure;
mod servers;
mod stage;
