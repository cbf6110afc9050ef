//! The two worlds, side by side: the machine itself, and the wire lab's hosts. The screen shows one of them.

use super::histories::Histories;
use super::world::World;
use crate::domain::{Event, WorldId};

/// Both worlds, and which of them is on the screen.
#[derive(Debug, Clone, Default)]
pub struct Worlds {
    host: World,
    wire: World,
    /// Which one is shown.
    shown: WorldId,
}

impl Worlds {
    /// Those of a capture file, of which nothing is forgotten.
    pub(super) fn of_file() -> Self {
        let mut worlds = Self::default();
        worlds.host.histories = Histories::endless();
        worlds
    }

    /// The world that is shown.
    pub const fn shown(&self) -> &World {
        self.of(self.shown)
    }

    /// The machine itself.
    pub const fn host(&self) -> &World {
        &self.host
    }

    /// The wire lab's hosts.
    pub const fn wire(&self) -> &World {
        &self.wire
    }

    /// The world with this id.
    pub const fn of(&self, world: WorldId) -> &World {
        match world {
            WorldId::Host => &self.host,
            WorldId::Wire => &self.wire,
        }
    }

    /// Which one is shown.
    pub const fn shown_id(&self) -> WorldId {
        self.shown
    }

    pub(super) const fn show(&mut self, world: WorldId) {
        self.shown = world;
    }

    /// Folds one event into the world it happened in.
    pub fn apply(&mut self, event: &Event) {
        match event.seen.world {
            WorldId::Host => self.host.apply(event),
            WorldId::Wire => self.wire.apply(event),
        }
    }
}
