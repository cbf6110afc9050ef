//! The real world behind a session: the lab and its observers, which perform the effects of the model.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::addresses::AddressWatcher;
#[cfg(target_os = "linux")]
use super::capturer::Capturer;
use super::lesson_files::LessonFiles;
use super::opener::Opener;
use super::pump::Shell;
use super::terminal;
#[cfg(target_os = "linux")]
use super::tracer::Tracer;
#[cfg(target_os = "linux")]
use super::wire_world::WireWorld;
use crate::domain::need::Lack;
use crate::domain::{
    Errno, EventKind, EventSink, Evidence, Limits, Note, Proto, RowKey, ServerChange, ServerEvent, ServerId,
    ServerSpec, WorldId,
};
use crate::lab::{self, Lab, Machine};
use crate::lesson::{Lesson, LessonOrder};
use crate::model::effect::{Effect, PacketsEffect, TableEffect, WireEffect};
use crate::model::packets::PacketOrigin;
use crate::model::{Model, Msg};
#[cfg(target_os = "linux")]
use crate::observe::capture::CaptureAccess;
use crate::observe::{self, Scope, SocketTable};
use tokio::sync::mpsc;

/// The lab and its observers.
pub struct Laboratory {
    lab: Lab,
    table: SocketTable,
    #[cfg(target_os = "linux")]
    tracer: Tracer,
    #[cfg(target_os = "linux")]
    capturer: Option<Capturer>,
    opener: Opener,
    lessons: LessonFiles,
    #[cfg(target_os = "linux")]
    wire: WireWorld,
    #[cfg(target_os = "linux")]
    ports: BTreeSet<u16>,
    /// Reports addresses until it is dropped.
    _addresses: AddressWatcher,
    near: mpsc::Sender<Msg>,
    answers: mpsc::Receiver<Msg>,
    sink: EventSink,
}

impl Laboratory {
    /// Opens everything. With `observe` no server is started: those of another program are watched on the same ports.
    pub fn open(servers: Vec<ServerSpec>, observe: bool, sink: &EventSink) -> io::Result<Self> {
        Self::open_guarded(servers, observe, &Limits::default(), sink)
    }

    /// The same with these limits for remote peers. They are reported if remote peers can connect, or if they are not the
    /// default.
    pub fn open_guarded(
        servers: Vec<ServerSpec>,
        observe: bool,
        limits: &Limits,
        sink: &EventSink,
    ) -> io::Result<Self> {
        lab::raise_descriptor_limit(sink);
        if let Some((low, high)) = observe::port_range() {
            sink.report(Evidence::Sampled, EventKind::Note(Note::PortRange { low, high }));
        }
        let ports: BTreeSet<u16> = servers.iter().map(|spec| spec.addr.port()).collect();
        let mut lab = Lab::new(Arc::new(Machine), sink.clone(), servers.clone());
        if *limits != Limits::default() || servers.iter().any(|spec| !spec.addr.ip().is_loopback()) {
            lab.limit(limits.clone());
        }
        if observe {
            sink.report(Evidence::Called, EventKind::Note(Note::Observing { servers: servers.clone() }));
        } else {
            lab.start_all();
        }
        #[cfg(target_os = "linux")]
        let tracer = Tracer::start(sink.clone(), Scope::Ports(ports.clone()))?;
        let table = SocketTable::start(sink.clone(), Scope::Ports(ports.clone()))?;
        let (near, answers) = mpsc::channel(64);
        for what in [Evidence::Called, Evidence::Sampled] {
            sink.report(Evidence::Called, EventKind::Note(Note::Has { what }));
        }
        Ok(Self {
            lab,
            table,
            #[cfg(target_os = "linux")]
            tracer,
            #[cfg(target_os = "linux")]
            capturer: None,
            opener: Opener::new(near.clone(), sink.clock()),
            lessons: LessonFiles::new(near.clone()),
            #[cfg(target_os = "linux")]
            wire: WireWorld::new(sink, servers),
            #[cfg(target_os = "linux")]
            ports,
            _addresses: AddressWatcher::start(sink.clone()),
            near,
            answers,
            sink: sink.clone(),
        })
    }

    /// Uses this binary for the helper of the wire's hosts, for a program that is not the laboratory itself.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn with_helper(mut self, binary: std::path::PathBuf) -> Self {
        self.wire.helper = Some(binary);
        self
    }

    /// Looks for lessons of one's own there: files, and folders of files.
    #[must_use]
    pub fn with_lessons(mut self, paths: Vec<std::path::PathBuf>) -> Self {
        self.lessons.paths = paths;
        self
    }

    /// Closes everything: the lab before the table, so that the table still sees the sockets close.
    pub async fn close(self) {
        #[cfg(target_os = "linux")]
        self.wire.close().await;
        self.lab.shutdown().await;
        drop(self.table);
    }

    fn watch(&self, scope: &Scope) {
        self.table.scope(scope.clone());
        #[cfg(target_os = "linux")]
        if let Some(capturer) = &self.capturer {
            capturer.scope(scope.clone());
        }
        #[cfg(target_os = "linux")]
        self.tracer.scope(scope.clone());
    }

    /// Captures the packets of the laboratory's ports, or reports what is missing for that.
    #[cfg(target_os = "linux")]
    pub fn capture(&mut self, key: Result<CaptureAccess, Lack>) {
        let scope = Scope::Ports(self.ports.clone());
        self.capturer = Some(Capturer::start(key, &self.sink, scope, self.near.clone()));
    }

    /// Reports that packets cannot be captured here.
    #[cfg(not(target_os = "linux"))]
    pub fn cannot_capture(&mut self) {
        let failed = crate::domain::CaptureEvent::failed(Lack::LINUX, &super::program());
        self.sink.report(Evidence::Called, EventKind::Capture(failed));
    }

    fn packets(&mut self, effect: PacketsEffect) {
        match effect {
            PacketsEffect::Inspect(PacketOrigin::File(id), number) => self.opener.inspect(id, number),
            PacketsEffect::Follow(PacketOrigin::File(id), conversation) => self.opener.follow(id, conversation),
            PacketsEffect::OpenFile(id, name) => self.opener.open(id, &name),
            PacketsEffect::CloseFile => self.opener.close(),
            PacketsEffect::CompletePath(typed) => self.opener.complete(typed),
            PacketsEffect::Inspect(PacketOrigin::Live, _)
            | PacketsEffect::Follow(PacketOrigin::Live, _)
            | PacketsEffect::CaptureOn(_)
            | PacketsEffect::Save(_) => self.captured(effect),
        }
    }

    /// Answers requests about live packets. Without a capture there are none.
    #[cfg(target_os = "linux")]
    fn captured(&self, effect: PacketsEffect) {
        let Some(capturer) = &self.capturer else { return };
        match effect {
            PacketsEffect::Inspect(_, number) => capturer.inspect(number),
            PacketsEffect::Follow(_, conversation) => capturer.follow(conversation),
            PacketsEffect::CaptureOn(plan) => capturer.turn_to(plan),
            PacketsEffect::Save(marks) => capturer.save(marks),
            PacketsEffect::OpenFile(..) | PacketsEffect::CloseFile | PacketsEffect::CompletePath(_) => {}
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn captured(&self, _effect: PacketsEffect) {}

    fn table(&self, effect: TableEffect) {
        match effect {
            TableEffect::Lookup(flows) => self.table.lookup(flows),
            TableEffect::Follow(ends) => self.table.follow(ends),
            TableEffect::Refresh => self.table.refresh(),
            TableEffect::Watch(ports) => self.watch(&ports.map_or(Scope::All, Scope::Ports)),
            TableEffect::Detail(flow) => self.table.detail(flow),
            TableEffect::FindHolder(server, proto, addr) => self.find_holder(server, proto, addr),
        }
    }

    /// Looks for the holder of a port in the background: all of `/proc` may have to be read.
    fn find_holder(&self, server: ServerId, proto: Proto, addr: SocketAddr) {
        let sink = self.sink.clone();
        tokio::task::spawn_blocking(move || {
            if let Some(holder) = observe::holder(proto, addr) {
                let change = ServerChange::Failed { errno: Errno::AddrInUse, holder: Some(holder) };
                sink.report(Evidence::Sampled, EventKind::Server(ServerEvent { server, change }));
            }
        });
    }
}

#[cfg(target_os = "linux")]
impl Laboratory {
    fn wire(&mut self, effect: WireEffect) {
        self.wire.apply(effect);
    }

    fn play(&mut self, name: &str, lesson: &Arc<Lesson>, run: u32) {
        self.wire.stage(name.to_owned(), Arc::clone(lesson), run);
    }
}

#[cfg(not(target_os = "linux"))]
impl Laboratory {
    fn wire(&mut self, effect: WireEffect) {
        if effect == WireEffect::Open {
            self.lacks_wire();
        }
    }

    fn play(&mut self, _name: &str, _lesson: &Arc<Lesson>, _run: u32) {
        self.lacks_wire();
    }

    fn lacks_wire(&self) {
        let lacks = crate::domain::WireEvent::Lacks(Lack::LINUX);
        self.sink.on_wire(None).report(Evidence::Called, EventKind::Wire(lacks));
    }
}

impl Shell for Laboratory {
    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Lab(WorldId::Host, order) => self.lab.perform(order),
            Effect::Lab(WorldId::Wire, order) => self.order(LessonOrder::Lab(order)),
            Effect::Table(effect) => self.table(effect),
            Effect::Wire(effect) => self.wire(effect),
            Effect::Packets(effect) => self.packets(effect),
            Effect::Mark(world, text) => {
                let sink = if world == WorldId::Wire { self.sink.on_wire(None) } else { self.sink.clone() };
                sink.report(Evidence::Called, EventKind::Note(Note::Mark { text }));
            }
            Effect::LookAtLessons(play) => self.lessons.look(play),
            // The pump performs these.
            Effect::Lesson(_) | Effect::Screen(_) => {}
        }
    }

    fn stage(&mut self, name: &str, lesson: &Arc<Lesson>, run: u32) {
        self.play(name, lesson, run);
    }

    fn order(&mut self, order: LessonOrder) {
        #[cfg(target_os = "linux")]
        self.wire.order(order);
        // Elsewhere there is no wire, and so no lesson on it.
        #[cfg(not(target_os = "linux"))]
        drop(order);
    }

    async fn answer(&mut self) -> Msg {
        match self.answers.recv().await {
            Some(msg) => msg,
            None => std::future::pending().await,
        }
    }

    fn seen(&mut self, model: &Model, rows: &[RowKey]) {
        let unnamed =
            rows.iter().filter_map(|key| model.worlds.shown().table.get(key)).filter(|e| e.row.process.is_none());
        let inodes: Vec<u64> = unnamed.filter_map(|entry| entry.row.inode).filter(|inode| *inode != 0).collect();
        if !inodes.is_empty() {
            self.table.name(inodes);
        }
    }

    fn suspend(&mut self) -> io::Result<()> {
        terminal::suspend()
    }

    fn resume(&mut self) -> io::Result<()> {
        terminal::resume()
    }
}
