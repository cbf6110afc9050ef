//! Where a lesson is played: the wire lab, or the machine itself on free ports. Performs what the engine asks for.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use anyhow::Context as _;

use super::pump::Shell;
#[cfg(target_os = "linux")]
use super::wire_lab::{WireLab, run_silently};
#[cfg(target_os = "linux")]
use crate::domain::WireCommand;
#[cfg(target_os = "linux")]
use crate::domain::need::Lack;
use crate::domain::{Destination, EventSink, HostId, LabOrder, ServerKind, ServerSpec, WorldId};
use crate::lab::{Lab, Machine, ScriptedSockets};
#[cfg(target_os = "linux")]
use crate::lesson::LessonSettings;
use crate::lesson::{HostAddresses, Lesson, LessonOrder};
use crate::model::effect::{Effect, TableEffect};
use crate::observe::{Scope, SocketTable};
#[cfg(target_os = "linux")]
use crate::wire::WireOptions;

/// See the module's documentation. Lives inside a tokio runtime.
pub struct Environment {
    world: PlayedWorld,
    /// The first order that could not be carried out.
    failed: Option<anyhow::Error>,
}

enum PlayedWorld {
    #[cfg(target_os = "linux")]
    Wire(Box<WireLab>),
    Host(Box<LocalWorld>),
}

/// The machine itself.
struct LocalWorld {
    lab: Lab,
    script: ScriptedSockets,
    table: SocketTable,
    ports: BTreeSet<u16>,
    addresses: HostAddresses,
    /// The address of the servers, if they run on another machine.
    there: Option<SocketAddr>,
}

impl Environment {
    /// Opens the world of the lesson, with its settings and its servers, none of them started.
    pub fn open(lesson: &Lesson, sink: &EventSink) -> anyhow::Result<Self> {
        match lesson.world {
            #[cfg(target_os = "linux")]
            WorldId::Wire => {
                let lab = on_wire(lesson, sink, &WireOptions::default())?;
                lab.prepare(lesson)?;
                Ok(Self { world: PlayedWorld::Wire(Box::new(lab)), failed: None })
            }
            #[cfg(not(target_os = "linux"))]
            WorldId::Wire => anyhow::bail!("the wire lab needs Linux"),
            WorldId::Host => {
                let addresses = HostAddresses::new(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST);
                // A server is watched as soon as it has a port.
                LocalWorld::open(specs(lesson, |_| 0), sink, addresses, BTreeSet::new()).map(Self::host)
            }
        }
    }

    /// Opens this machine's world for a lesson with the servers of another machine at this address. With port 0, each
    /// server is at its usual port.
    pub fn away(lesson: &Lesson, sink: &EventSink, there: SocketAddr) -> anyhow::Result<Self> {
        let addresses = HostAddresses { client: SocketAddr::new(towards(there)?, 0), server: there };
        let ports = match there.port() {
            0 => lesson.ports().collect(),
            port => BTreeSet::from([port]),
        };
        let here = LocalWorld::open(specs(lesson, ServerKind::usual_port), sink, addresses, ports)?;
        Ok(Self::host(LocalWorld { there: Some(there), ..here }))
    }

    fn host(here: LocalWorld) -> Self {
        Self { world: PlayedWorld::Host(Box::new(here)), failed: None }
    }

    pub fn addresses(&self) -> HostAddresses {
        match &self.world {
            #[cfg(target_os = "linux")]
            PlayedWorld::Wire(_) => HostAddresses::of_wire(),
            PlayedWorld::Host(here) => here.addresses,
        }
    }

    /// Fails with the error of the first order since the last call that could not be carried out.
    pub fn failure(&mut self) -> anyhow::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    fn carry_out(&mut self, order: LessonOrder) -> anyhow::Result<()> {
        match &mut self.world {
            #[cfg(target_os = "linux")]
            PlayedWorld::Wire(lab) => lab.order(order)?,
            PlayedWorld::Host(here) => match order {
                LessonOrder::Script(_, op) => here.script.perform(op),
                LessonOrder::Lab(order) => here.perform(order),
                LessonOrder::Wire(_) | LessonOrder::Set(_) | LessonOrder::Run(..) | LessonOrder::Inform(..) => {
                    anyhow::bail!("this needs the wire: world = \"wire\"")
                }
            },
        }
        Ok(())
    }

    /// Closes everything.
    pub async fn close(self) {
        match self.world {
            #[cfg(target_os = "linux")]
            PlayedWorld::Wire(lab) => lab.close().await,
            PlayedWorld::Host(here) => {
                let LocalWorld { lab, script, table, .. } = *here;
                tokio::join!(lab.shutdown(), script.shutdown());
                drop(table);
            }
        }
    }
}

impl LocalWorld {
    fn open(
        servers: Vec<ServerSpec>,
        sink: &EventSink,
        addresses: HostAddresses,
        ports: BTreeSet<u16>,
    ) -> anyhow::Result<Self> {
        let lab = Lab::new(Arc::new(Machine), sink.clone(), servers);
        let script = ScriptedSockets::new(Arc::new(Machine), sink.clone());
        let table = SocketTable::start(sink.clone(), Scope::Ports(ports.clone()))?;
        Ok(Self { lab, script, table, ports, addresses, there: None })
    }

    fn perform(&mut self, order: LabOrder) {
        self.lab.perform(match order {
            LabOrder::Spawn { count, plan, destination } => {
                LabOrder::Spawn { count, plan, destination: self.redirect(destination) }
            }
            order => order,
        });
    }

    /// The remote server that stands for this local one, if the servers are remote.
    fn redirect(&self, destination: Destination) -> Destination {
        if self.there.is_none() {
            return destination;
        }
        Destination { server: None, addr: self.addresses.of(HostId::Server, destination.addr.port()), ..destination }
    }
}

impl Shell for Environment {
    /// Besides its orders, a lesson without a screen needs only the socket table.
    fn perform(&mut self, effect: Effect) {
        let PlayedWorld::Host(here) = &self.world else { return };
        match effect {
            Effect::Table(TableEffect::Lookup(ends)) => here.table.lookup(ends),
            Effect::Table(TableEffect::Follow(ends)) => here.table.follow(ends),
            Effect::Table(TableEffect::Refresh) => here.table.refresh(),
            Effect::Table(TableEffect::Watch(ports)) => {
                let ports = ports.unwrap_or_default().union(&here.ports).copied().collect();
                here.table.scope(Scope::Ports(ports));
            }
            Effect::Table(TableEffect::Detail(_) | TableEffect::FindHolder(..))
            | Effect::Lab(..)
            | Effect::Wire(_)
            | Effect::Packets(_)
            | Effect::Lesson(_)
            | Effect::LookAtLessons(_)
            | Effect::Screen(_)
            | Effect::Mark(..) => {}
        }
    }

    fn order(&mut self, order: LessonOrder) {
        if let Err(error) = self.carry_out(order) {
            self.failed.get_or_insert(error);
        }
    }
}

/// The local address from which this machine reaches `there`. Connecting a UDP socket consults the routing table and
/// sends nothing.
fn towards(mut there: SocketAddr) -> anyhow::Result<IpAddr> {
    let any: IpAddr = if there.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    if there.port() == 0 {
        // Some systems refuse to connect to port 0.
        there.set_port(ServerKind::Threaded.usual_port());
    }
    let socket = UdpSocket::bind((any, 0)).and_then(|socket| socket.connect(there).map(|()| socket));
    let ours = socket.and_then(|socket| socket.local_addr());
    ours.map(|addr| addr.ip()).with_context(|| there.ip().to_string())
}

fn specs(lesson: &Lesson, port: impl Fn(ServerKind) -> u16) -> Vec<ServerSpec> {
    let at = |kind| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port(kind));
    lesson.servers.iter().map(|kind| kind.spec(at(*kind), 0)).collect()
}

/// Opens a wire with the servers of a lesson, none of them started. Blocks for some tens of milliseconds.
#[cfg(target_os = "linux")]
pub(super) fn on_wire(lesson: &Lesson, sink: &EventSink, options: &WireOptions) -> Result<WireLab, Lack> {
    WireLab::open(sink, options, &specs(lesson, ServerKind::usual_port))
}

#[cfg(target_os = "linux")]
impl WireLab {
    /// Carries out an order of a lesson. Its results are events.
    pub(super) fn order(&mut self, order: LessonOrder) -> anyhow::Result<()> {
        match order {
            LessonOrder::Wire(command) => self.command(command).context("the wire")?,
            LessonOrder::Script(host, op) => self.perform_socket_op(host, op),
            LessonOrder::Lab(order) => self.perform(order),
            LessonOrder::Inform(host, flow) => self.wire.inform_anew(host, flow).context("the wire")?,
            LessonOrder::Set(settings) => self.set_all(&settings)?,
            LessonOrder::Run(host, argv) => {
                let name = argv.first().cloned().unwrap_or_default();
                run_silently(&self.wire, host, argv).context(name)?;
            }
        }
        Ok(())
    }

    /// The same without waiting for the hosts' helper. An order that fails leaves its expectations unmet.
    pub(super) fn order_aside(&mut self, order: LessonOrder) {
        match order {
            LessonOrder::Set(settings) => {
                let set = self.setter();
                tokio::task::spawn_blocking(move || {
                    settings.each().into_iter().for_each(|(host, setting)| drop(set(host, setting)));
                });
            }
            LessonOrder::Run(host, argv) => {
                let wire = Arc::clone(&self.wire);
                tokio::task::spawn_blocking(move || run_silently(&wire, host, argv));
            }
            // A wire that has ended has reported it.
            order => drop(self.order(order)),
        }
    }

    /// Sets the hosts and the links up as a lesson's file says.
    pub(super) fn prepare(&self, lesson: &Lesson) -> anyhow::Result<()> {
        self.set_all(&lesson.settings)?;
        if !lesson.link.is_empty() {
            self.command(WireCommand::Link(lesson.link.changes())).context("the link")?;
        }
        Ok(())
    }

    /// Changes the settings that a lesson's file gives, and reports each.
    fn set_all(&self, settings: &LessonSettings) -> anyhow::Result<()> {
        let set = self.setter();
        settings
            .each()
            .into_iter()
            .try_for_each(|(host, setting)| set(host, setting).with_context(|| format!("{setting:?}")))
    }
}
