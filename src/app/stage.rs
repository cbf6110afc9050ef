//! Where a lesson is played: the wire lab, or the machine itself on free ports. Performs what the engine asks for.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;

#[cfg(target_os = "linux")]
use super::wire_lab::WireLab;
use crate::domain::{
    Answer, Flow, HostId, Kind as EventKind, Observation, Probe, Proto, ServerChange, ServerSpec, ServiceModel, WorldId,
};
use crate::lab::{Lab, Machine, Script};
use crate::lesson::file::Kind;
use crate::lesson::{Addresses, Lesson, Order};
#[cfg(target_os = "linux")]
use crate::lesson::{Knobs, Settings};
use crate::model::Effect;
use crate::observe::{Scope, Table};
#[cfg(target_os = "linux")]
use crate::wire::{Knob, Options};

/// See the module's head. Lives inside a tokio runtime.
pub struct Stage(World);

enum World {
    #[cfg(target_os = "linux")]
    Wire(Box<WireLab>),
    Host(Box<Here>),
}

/// The machine itself.
struct Here {
    lab: Lab,
    script: Script,
    table: Table,
    ports: BTreeSet<u16>,
}

impl Stage {
    /// Opens the world that the lesson wants, with its servers, none of them started, and its settings turned.
    pub fn open(lesson: &Lesson, probe: &Probe) -> anyhow::Result<Self> {
        match lesson.world {
            #[cfg(target_os = "linux")]
            WorldId::Wire => {
                let lab = WireLab::open(probe, &Options::default(), &specs(lesson, Kind::usual_port))?;
                turn(&lab, &lesson.knobs)?;
                Ok(Self(World::Wire(Box::new(lab))))
            }
            #[cfg(not(target_os = "linux"))]
            WorldId::Wire => anyhow::bail!("the wire lab needs Linux"),
            WorldId::Host => {
                let lab = Lab::new(Arc::new(Machine), probe.clone(), specs(lesson, |_| 0));
                let script = Script::new(Arc::new(Machine), probe.clone());
                // Nothing is watched before it has a port.
                let table = Table::start(probe.clone(), Scope::Ports(BTreeSet::new()))?;
                Ok(Self(World::Host(Box::new(Here { lab, script, table, ports: BTreeSet::new() }))))
            }
        }
    }

    /// The addresses of its hosts.
    pub fn addresses(&self) -> Addresses {
        match &self.0 {
            #[cfg(target_os = "linux")]
            World::Wire(lab) => Addresses {
                client: lab.wire.host(HostId::Client).address().into(),
                server: lab.wire.host(HostId::Server).address().into(),
            },
            World::Host(_) => Addresses { client: Ipv4Addr::LOCALHOST.into(), server: Ipv4Addr::LOCALHOST.into() },
        }
    }

    /// Does one thing; what comes of it is an event.
    pub fn perform(&mut self, order: Order) -> anyhow::Result<()> {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            World::Wire(lab) => match order {
                Order::Wire(command) => lab.command(command).context("the wire")?,
                Order::Script(host, cue) => lab.play(host, cue),
                Order::Lab(effect) => lab.perform(effect),
                Order::Turn(knobs) => turn(lab, &knobs)?,
                Order::Run(host, argv) => {
                    let name = argv.first().cloned().unwrap_or_default();
                    lab.run_silently(host, argv).context(name)?;
                }
            },
            World::Host(here) => match order {
                Order::Script(_, cue) => here.script.play(cue),
                Order::Lab(effect) => here.perform(effect),
                Order::Wire(_) | Order::Turn(_) | Order::Run(..) => {
                    anyhow::bail!("this needs the wire: world = \"wire\"")
                }
            },
        }
        Ok(())
    }

    /// Sees to it that the kernel's table is watched where something happened.
    pub fn follow(&mut self, seen: &Observation) {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            World::Wire(_) => {}
            World::Host(here) => here.follow(seen),
        }
    }

    /// Has the kernel asked about these ends: their states may have changed.
    pub fn ask(&self, ends: Vec<Flow>) {
        match &self.0 {
            #[cfg(target_os = "linux")]
            World::Wire(_) => {}
            World::Host(here) if !ends.is_empty() => here.table.lookup(ends),
            World::Host(_) => {}
        }
    }

    /// Takes everything apart.
    pub async fn close(self) {
        match self.0 {
            #[cfg(target_os = "linux")]
            World::Wire(lab) => lab.close().await,
            World::Host(here) => {
                let Here { lab, script, table, .. } = *here;
                tokio::join!(lab.shutdown(), script.shutdown());
                table.stop();
            }
        }
    }
}

impl Here {
    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn { count, plan, target } => self.lab.spawn(count, plan, target),
            Effect::Close(client, how) => self.lab.close(client, how),
            Effect::CloseAll => self.lab.close_all(),
            Effect::Start(server) => self.lab.start(server),
            Effect::Stop(server) => self.lab.stop(server),
            Effect::Switch(server, model) => self.lab.switch(server, model),
            Effect::Broadcast(text, to) => self.lab.broadcast(text, to),
            Effect::Aim(goal) => self.lab.aim(goal),
            Effect::Scan(plan) => self.lab.scan(plan),
            Effect::StopScan => self.lab.stop_scan(),
            _ => {}
        }
    }

    fn follow(&mut self, seen: &Observation) {
        let port = match &seen.kind {
            EventKind::Server(event) => match event.change {
                ServerChange::Started { addr, .. } => Some(addr.port()),
                _ => None,
            },
            _ => None,
        };
        if let Some(port) = port
            && self.ports.insert(port)
        {
            self.table.scope(Scope::Ports(self.ports.clone()));
        }
    }
}

impl Kind {
    /// The port that the laboratory gives it.
    const fn usual_port(self) -> u16 {
        match self {
            Self::Threaded | Self::Udp => 65432,
            Self::Echo => 65433,
            Self::Async => 65434,
        }
    }
}

fn specs(lesson: &Lesson, port: impl Fn(Kind) -> u16) -> Vec<ServerSpec> {
    let spec = |kind: &Kind| {
        let (proto, answer, model) = match kind {
            Kind::Threaded => (Proto::Tcp, Answer::Upper, Some(ServiceModel::Threaded)),
            Kind::Echo => (Proto::Tcp, Answer::Same, Some(ServiceModel::Sequential)),
            Kind::Async => (Proto::Tcp, Answer::Upper, Some(ServiceModel::Async)),
            Kind::Udp => (Proto::Udp, Answer::Upper, None),
        };
        let addr = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port(*kind));
        ServerSpec { name: kind.name().into(), proto, addr, answer, model }
    };
    lesson.servers.iter().map(spec).collect()
}

/// Turns what the file says, for both hosts first.
#[cfg(target_os = "linux")]
fn turn(lab: &WireLab, knobs: &Knobs) -> anyhow::Result<()> {
    let hosts = [(None, knobs.both), (Some(HostId::Client), knobs.client), (Some(HostId::Server), knobs.server)];
    for (host, settings) in hosts {
        for knob in said(&settings) {
            lab.turn(host, knob).with_context(|| format!("{knob:?}"))?;
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn said(settings: &Settings) -> Vec<Knob> {
    let Settings {
        timestamps,
        sack,
        window_scaling,
        tail_loss_probe,
        ephemeral_range,
        tw_reuse,
        syn_linear_timeouts,
        syn_retries,
        synack_retries,
        retries,
        orphan_retries,
        fin_timeout,
        somaxconn,
        receive_buffer,
        send_buffer,
    } = *settings;
    let all = [
        timestamps.map(Knob::Timestamps),
        sack.map(Knob::Sack),
        window_scaling.map(Knob::WindowScaling),
        tail_loss_probe.map(Knob::TailLossProbe),
        ephemeral_range.map(|(low, high)| Knob::EphemeralRange(low, high)),
        tw_reuse.map(Knob::TwReuse),
        syn_linear_timeouts.map(Knob::SynLinearTimeouts),
        syn_retries.map(Knob::SynRetries),
        synack_retries.map(Knob::SynAckRetries),
        retries.map(Knob::Retries),
        orphan_retries.map(Knob::OrphanRetries),
        fin_timeout.map(Knob::FinTimeout),
        somaxconn.map(Knob::Somaxconn),
        receive_buffer.map(Knob::ReceiveBuffer),
        send_buffer.map(Knob::SendBuffer),
    ];
    all.into_iter().flatten().collect()
}
