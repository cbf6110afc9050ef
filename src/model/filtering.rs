//! The table's filter while it is typed, and what has to be watched for it.

use std::collections::BTreeSet;

use tui_input::Input;

use super::Model;
use super::completions::Completions;
use super::effect::{Effect, TableEffect};
use super::mode::Mode;
use super::ui::TableScope;
use crate::domain::WorldId;
use crate::domain::filter::Filter;
use crate::domain::keys::Key;

impl Model {
    /// The ports that the kernel has to be asked for, so that the filter finds all it could match and the servers'
    /// queues are known; everything when `None`.
    pub fn watched(&self) -> Option<BTreeSet<u16>> {
        let mut ports = self.listing.filter.ports()?;
        ports.extend(self.lab_ports());
        Some(ports)
    }

    /// The ports of the laboratory's servers, on this machine and on the wire's hosts, whichever is shown, and of the target
    /// when it has one of its own.
    fn lab_ports(&self) -> BTreeSet<u16> {
        let worlds = [WorldId::Host, WorldId::Wire].map(|world| self.worlds.of(world));
        let target = worlds.iter().filter_map(|world| world.target.as_ref()?.host.port);
        let servers = worlds.iter().flat_map(|world| world.servers.all());
        servers.map(|server| server.addr().port()).chain(target).collect()
    }

    /// The filter that shows the sockets of the laboratory's servers.
    fn lab_filter(&self) -> String {
        let ports: Vec<_> = self.lab_ports().iter().map(u16::to_string).collect();
        format!("port {}", ports.join(","))
    }
}

/// A key while the filter is typed.
pub(super) fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    match key {
        Key::Esc => {
            let text = model.listing.filter.to_string();
            model.ui.filter.input = Input::new(text);
            model.listing.error = None;
            model.ui.mode = Mode::Command;
            vec![]
        }
        Key::Enter if model.listing.error.is_none() => {
            let text = model.ui.filter.input.value().to_owned();
            model.ui.filter.remember(&text);
            model.ui.own_filter = text;
            model.ui.scope = TableScope::Filter;
            model.ui.mode = Mode::Command;
            vec![]
        }
        Key::Enter => vec![],
        Key::Up | Key::Down => {
            model.ui.filter.recall(key == Key::Up);
            refilter(model)
        }
        Key::Tab | Key::BackTab => {
            model.ui.completions.complete(&mut model.ui.filter, key == Key::BackTab);
            judge(model)
        }
        _ => {
            model.ui.filter.edit(key);
            refilter(model)
        }
    }
}

/// Applies the typed filter and offers completions.
pub(super) fn refilter(model: &mut Model) -> Vec<Effect> {
    model.ui.completions = Completions::of(&model.ui.filter);
    judge(model)
}

/// Puts the typed filter in force if it is valid; otherwise the last valid one stays.
fn judge(model: &mut Model) -> Vec<Effect> {
    match Filter::parse(model.ui.filter.input.value()) {
        Ok(filter) => {
            model.listing.error = None;
            if filter == model.listing.filter {
                return vec![];
            }
            model.listing.filter = filter;
            model.listing.rebuild(&model.worlds.shown().table);
            vec![Effect::Table(TableEffect::Watch(model.watched()))]
        }
        Err(error) => {
            model.listing.error = Some(error);
            vec![]
        }
    }
}

/// Watches the next scope: the typed filter, the laboratory's ports, everything.
pub(super) fn next_scope(model: &mut Model) -> Vec<Effect> {
    model.ui.scope = model.ui.scope.next();
    let text = match model.ui.scope {
        TableScope::Filter => model.ui.own_filter.clone(),
        TableScope::Lab => model.lab_filter(),
        TableScope::All => String::new(),
    };
    model.ui.filter.input = Input::new(text);
    refilter(model)
}

/// A server was added or bound, perhaps to a port that the kernel chose: watches it too.
pub(super) fn rewatch(model: &mut Model) -> Vec<Effect> {
    if model.ui.scope == TableScope::Lab {
        model.ui.filter.input = Input::new(model.lab_filter());
        refilter(model)
    } else {
        vec![Effect::Table(TableEffect::Watch(model.watched()))]
    }
}
