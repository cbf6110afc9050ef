//! The two worlds, side by side: the machine itself, and the wire lab's hosts. The screen shows one of them.

use super::histories::Histories;
use super::world::World;
use crate::domain::{Event, WorldId};

/// One value for each of the two worlds.
#[derive(Debug, Clone, Default)]
pub struct PerWorld<T> {
    host: T,
    wire: T,
}

impl<T> PerWorld<T> {
    /// The value of this world.
    pub const fn of(&self, world: WorldId) -> &T {
        match world {
            WorldId::Host => &self.host,
            WorldId::Wire => &self.wire,
        }
    }

    /// The value of this world, to be changed.
    pub(super) const fn of_mut(&mut self, world: WorldId) -> &mut T {
        match world {
            WorldId::Host => &mut self.host,
            WorldId::Wire => &mut self.wire,
        }
    }
}

/// Both worlds, and which of them is on the screen.
#[derive(Debug, Clone, Default)]
pub struct Worlds {
    both: PerWorld<World>,
    /// Which one is shown.
    shown: WorldId,
}

impl Worlds {
    /// Those of a capture file, of which nothing is forgotten.
    pub(super) fn of_file() -> Self {
        let mut worlds = Self::default();
        worlds.both.host.histories = Histories::endless();
        worlds
    }

    /// The world that is shown.
    pub const fn shown(&self) -> &World {
        self.of(self.shown)
    }

    /// The machine itself.
    pub const fn host(&self) -> &World {
        &self.both.host
    }

    /// The wire lab's hosts.
    pub const fn wire(&self) -> &World {
        &self.both.wire
    }

    /// The world with this id.
    pub const fn of(&self, world: WorldId) -> &World {
        self.both.of(world)
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
        self.both.of_mut(event.seen.world).apply(event);
    }
}
