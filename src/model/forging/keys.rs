//! The keys of the form.

use std::sync::Arc;

use super::field::around;
use super::{ForgeForm, ForgePurpose, read};
use crate::domain::forge_form::{FieldInput, ForgePreset, ForgeRow};
use crate::domain::keys::Key;
use crate::domain::wire::WireCommand;
use crate::domain::{Flags, ForgedPacket, Refusal, WireMode};
use crate::model::effect::{Effect, WireEffect};
use crate::model::mode::Mode;
use crate::model::press::Acted;
use crate::model::{Model, World};

/// How far a page goes in a number.
const PAGE: isize = 100;

/// A key while the form is open.
pub(in crate::model) fn pressed(model: &mut Model, key: Key) -> Acted {
    let Some(mut form) = model.ui.wire.form.take() else {
        model.ui.mode = Mode::Command;
        return Ok(vec![]);
    };
    match key {
        Key::Esc => {
            model.ui.mode = Mode::Command;
            return Ok(vec![]);
        }
        Key::Enter => {
            let sent = send(model, &form);
            if sent.is_err() {
                model.ui.wire.form = Some(form);
            }
            return sent;
        }
        _ => {}
    }
    let edited = form.press(model.worlds.shown(), key);
    model.ui.wire.form = Some(form);
    edited.map(|()| vec![])
}

/// Text that is pasted into the form.
pub(in crate::model) fn paste(model: &mut Model, text: &str) {
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if pressed(model, Key::Char(c)).is_err() {
            break;
        }
    }
}

/// Puts the packet onto the wire, or changes the held one.
fn send(model: &mut Model, form: &ForgeForm) -> Acted {
    form.packet.check().map_err(Refusal::Forge)?;
    let command = match form.purpose {
        ForgePurpose::Inject => {
            let held = model.worlds.shown().wire.direction(form.packet.from).mode == WireMode::Step;
            model.ui.wire.expects_forged = held;
            WireCommand::Inject(Arc::new(form.packet.clone()))
        }
        ForgePurpose::Change(number) => {
            let on = model.worlds.shown().wire.packet(number);
            on.filter(|on| on.fate.is_open()).ok_or(Refusal::NothingHeld)?;
            WireCommand::Change(number, Arc::new(form.changed()))
        }
    };
    model.ui.mode = Mode::Command;
    Ok(vec![Effect::Wire(WireEffect::Command(command))])
}

impl ForgeForm {
    fn press(&mut self, world: &World, key: Key) -> Result<(), Refusal> {
        match key {
            Key::Up => self.step(-1),
            Key::Down => self.step(1),
            Key::Home => self.step(isize::MIN),
            Key::End => self.step(isize::MAX),
            Key::Tab => self.next_preset(world, 1),
            Key::BackTab => self.next_preset(world, -1),
            Key::Left => self.turn(world, -1),
            Key::Right => self.turn(world, 1),
            Key::PageUp => self.turn(world, PAGE),
            Key::PageDown => self.turn(world, -PAGE),
            Key::Char(c) => self.put(world, c),
            Key::Backspace => self.rub(world),
            Key::Delete => self.clear(world),
            Key::Ctrl(_) | Key::F(_) | Key::Enter | Key::Esc => Err(Refusal::Takes(self.row.input())),
        }
    }

    /// Selects another row.
    fn step(&mut self, steps: isize) -> Result<(), Refusal> {
        let rows = self.rows();
        let at = rows.iter().position(|row| *row == self.row).unwrap_or(0);
        let to = at.saturating_add_signed(steps).min(rows.len().saturating_sub(1));
        self.typed.clear();
        match rows.get(to) {
            Some(row) if to != at => self.row = *row,
            _ => return Err(Refusal::NoMore),
        }
        Ok(())
    }

    fn next_preset(&mut self, world: &World, steps: isize) -> Result<(), Refusal> {
        if self.purpose != ForgePurpose::Inject {
            return Err(Refusal::NoMore);
        }
        let at = ForgePreset::ALL.iter().position(|preset| *preset == self.preset).unwrap_or(0);
        self.fill(world, ForgePreset::ALL[around(at, steps, ForgePreset::ALL.len())]);
        // It may not have the row that was selected.
        if !self.rows().contains(&self.row) {
            self.row = ForgeRow::Preset;
        }
        Ok(())
    }

    /// Changes the selected row by so many steps.
    fn turn(&mut self, world: &World, steps: isize) -> Result<(), Refusal> {
        self.typed.clear();
        match (self.row, self.row.input()) {
            (ForgeRow::Preset, _) => return self.next_preset(world, steps.signum()),
            (ForgeRow::From, _) => self.turn_round(world),
            (_, FieldInput::Choice | FieldInput::Letters) => self.choose(self.row, steps.signum()),
            (_, FieldInput::Text) => {
                self.touch(self.row);
                if steps > 0 {
                    let next = b'a' + u8::try_from(self.packet.payload.len() % 26).unwrap_or(0);
                    return self.write(|text| text.push(char::from(next)));
                }
                return self.rub(world);
            }
            (row, FieldInput::Sequence) => {
                let now = self.number(row).unwrap_or(0);
                let by = i32::try_from(steps).unwrap_or(0).cast_unsigned();
                self.set(row, Some(now.wrapping_add(by)));
                self.look(world);
            }
            (row, FieldInput::Number) => self.turn_number(world, row, steps)?,
        }
        Ok(())
    }

    /// An option that is not there is added by more, and taken away by less than nothing.
    fn turn_number(&mut self, world: &World, row: ForgeRow, steps: isize) -> Result<(), Refusal> {
        let to = match (self.number(row), steps > 0) {
            (None, true) => Some(self.first(row)),
            (Some(0), false) if row.is_option() && row != ForgeRow::Echo => None,
            (Some(now), _) => {
                let to = i64::from(now) + i64::try_from(steps).unwrap_or(0);
                let to = to.clamp(0, row.most().into());
                if to == i64::from(now) {
                    return Err(Refusal::NoMore);
                }
                u32::try_from(to).ok()
            }
            (None, false) => return Err(Refusal::NoMore),
        };
        self.set(row, to);
        self.look(world);
        Ok(())
    }

    /// It is sent in the other host's name from now on.
    fn turn_round(&mut self, world: &World) {
        let ForgedPacket { from, source, destination, .. } = self.packet;
        self.packet.from = from.other();
        (self.packet.source, self.packet.destination) = (destination, source);
        self.home = (self.home.1, self.home.0);
        self.fill(world, self.preset);
    }

    /// A character is typed into the selected row.
    fn put(&mut self, world: &World, c: char) -> Result<(), Refusal> {
        let row = self.row;
        match row.input() {
            FieldInput::Text => {
                // What was there and is not known is replaced by what is typed.
                if self.is_kept(row) {
                    self.text.clear();
                }
                self.touch(row);
                self.write(|text| text.push(c))
            }
            FieldInput::Letters => {
                let flag = flag(c).ok_or(Refusal::Takes(FieldInput::Letters))?;
                let now = self.segment().map_or(Flags::default(), |segment| segment.flags);
                self.set_flags(Flags(now.0 ^ flag.0));
                Ok(())
            }
            FieldInput::Sequence if c == 'a' && self.row == ForgeRow::Ack && !self.acknowledges() => {
                Err(Refusal::NoAckFlag)
            }
            FieldInput::Sequence if c == 'a' && !self.typed.starts_with("0x") => {
                if self.count_otherwise() {
                    Ok(())
                } else {
                    Err(Refusal::NoNumbering)
                }
            }
            FieldInput::Choice if c == ' ' => self.turn(world, 1),
            FieldInput::Choice => Err(Refusal::Takes(FieldInput::Choice)),
            FieldInput::Number | FieldInput::Sequence => {
                let typed = format!("{}{c}", self.typed);
                self.take(world, typed)
            }
        }
    }

    /// Takes over a number as far as it was typed.
    fn take(&mut self, world: &World, typed: String) -> Result<(), Refusal> {
        let row = self.row;
        let (less, digits) = typed.strip_prefix('-').map_or((false, typed.as_str()), |digits| (true, digits));
        if less && row.input() != FieldInput::Sequence {
            return Err(Refusal::Takes(row.input()));
        }
        let number = match digits.strip_prefix("0x") {
            Some("") => Some(0),
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None if digits.is_empty() => Some(0),
            None => digits.parse().ok(),
        };
        let number = number.filter(|_| !digits.starts_with('+')).ok_or(Refusal::Takes(row.input()))?;
        let number = u32::try_from(number).ok().filter(|number| *number <= row.most());
        let number = number.ok_or(Refusal::TooLarge(row.most()))?;
        let relative = if less { number.wrapping_neg() } else { number };
        self.set(row, Some(self.base(row).wrapping_add(relative)));
        self.typed = typed;
        // Other ports are another connection, with other numbers.
        self.look(world);
        Ok(())
    }

    /// Takes back what was typed last.
    fn rub(&mut self, world: &World) -> Result<(), Refusal> {
        if self.row.input() == FieldInput::Text {
            if self.text.is_empty() && !self.is_kept(self.row) {
                return Err(Refusal::NoMore);
            }
            self.touch(self.row);
            return self.write(|text| _ = text.pop());
        }
        let mut typed = std::mem::take(&mut self.typed);
        if typed.pop().is_none() {
            return self.clear(world);
        }
        self.take(world, typed)
    }

    /// Takes an option away, and empties a row.
    fn clear(&mut self, world: &World) -> Result<(), Refusal> {
        let row = self.row;
        self.typed.clear();
        match row.input() {
            FieldInput::Text if self.text.is_empty() && !self.is_kept(row) => Err(Refusal::NoMore),
            FieldInput::Text => {
                self.touch(row);
                self.write(String::clear)
            }
            FieldInput::Number | FieldInput::Sequence => {
                let none = if row.is_option() && row != ForgeRow::Echo { None } else { Some(self.base(row)) };
                if self.number(row) == none {
                    return Err(Refusal::NoMore);
                }
                self.set(row, none);
                self.look(world);
                Ok(())
            }
            FieldInput::Letters => match self.segment_mut() {
                Some(segment) if segment.flags != Flags::default() => {
                    segment.flags = Flags::default();
                    Ok(())
                }
                _ => Err(Refusal::NoMore),
            },
            FieldInput::Choice => Err(Refusal::Takes(FieldInput::Choice)),
        }
    }

    /// Edits the payload as it is typed.
    fn write(&mut self, edit: impl FnOnce(&mut String)) -> Result<(), Refusal> {
        let before = self.text.clone();
        edit(&mut self.text);
        let payload = read(&self.text);
        if payload.len() > ForgedPacket::MOST || self.text.len() > 2 * ForgedPacket::MOST + 2 {
            self.text = before;
            return Err(Refusal::TooLarge(u32::try_from(ForgedPacket::MOST).unwrap_or(u32::MAX)));
        }
        self.packet.payload = payload;
        Ok(())
    }

    /// What was typed into the selected row, as long as it is not whole: `-` or `0x` alone.
    pub fn unfinished(&self) -> Option<&str> {
        matches!(self.typed.as_str(), "-" | "0x" | "-0x").then_some(self.typed.as_str())
    }
}

/// The flag that begins with this letter.
fn flag(letter: char) -> Option<Flags> {
    Some(match letter.to_ascii_lowercase() {
        'c' => Flags::CWR,
        'e' => Flags::ECE,
        'u' => Flags::URG,
        'a' => Flags::ACK,
        'p' => Flags::PSH,
        'r' => Flags::RST,
        's' => Flags::SYN,
        'f' => Flags::FIN,
        _ => return None,
    })
}
