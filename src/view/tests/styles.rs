//! The styles of a kept screen: a letter for each cell, and a legend that says which roles of the theme it stands for.

use std::collections::BTreeSet;
use std::fmt;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier, Style};

use crate::view::theme::{EvidenceStyles, HostStyles, StateStyles, Theme};

/// Letters of the styles that no single role explains, in the order in which they appear.
const OTHERS: &str = "0123456789@$%&*<>?^~";

/// Everything about a cell's style that a terminal shows.
type CellStyle = (Color, Color, Modifier);

/// Every role of the theme with its letter. Where two look the same, the first gives the letter.
fn roles(theme: &Theme) -> Vec<(char, &'static str, Style)> {
    // Without `..`: a role that is new must find its letter here.
    let Theme {
        paper: _,
        text,
        quiet,
        border,
        focus,
        focus_title,
        title,
        key,
        selected,
        related,
        flash,
        ghost,
        alarm,
        newest,
        badge,
        qr,
        qr_light,
        lacking,
        typed,
        host: HostStyles { client, server },
        state: StateStyles { listen, opening, established, closing, time_wait, closed },
        evidence: EvidenceStyles { seen, inferred },
    } = *theme;
    vec![
        (' ', "text", text),
        (' ', "seen", seen),
        ('q', "quiet", quiet),
        ('d', "closed", closed),
        ('b', "border", border),
        ('f', "focus", focus),
        ('u', "focus_title", focus_title),
        ('n', "newest", newest),
        ('t', "title", title),
        ('y', "typed", typed),
        ('k', "key", key),
        ('a', "alarm", alarm),
        ('!', "badge", badge),
        ('g', "ghost", ghost),
        ('h', "lacking", lacking),
        ('c', "client", client),
        ('s', "server", server),
        ('l', "listen", listen),
        ('o', "opening", opening),
        ('e', "established", established),
        ('x', "closing", closing),
        ('w', "time_wait", time_wait),
        ('i', "inferred", inferred),
        ('=', "selected", selected),
        ('_', "related", related),
        ('/', "flash", flash),
        ('#', "qr", qr),
        ('+', "qr_light", qr_light),
    ]
}

/// The styles of a buffer, a line for each of its rows, and the legend below them.
pub(super) fn styles(theme: &Theme, buf: &Buffer) -> String {
    let mut legend = Legend::new(theme);
    let mut grid = String::new();
    for y in buf.area.rows() {
        let letters: String = y.positions().map(|at| legend.letter(&buf[at])).collect();
        grid.push_str(letters.trim_end());
        grid.push('\n');
    }
    format!("styles\n{grid}legend\n{legend}")
}

struct Legend<'a> {
    theme: &'a Theme,
    roles: Vec<(char, &'static str, Style)>,
    /// The roles that occur, by their place.
    used: BTreeSet<usize>,
    /// The other styles that occur, with a letter and a name.
    others: Vec<(char, String, CellStyle)>,
}

impl<'a> Legend<'a> {
    fn new(theme: &'a Theme) -> Self {
        Self { theme, roles: roles(theme), used: BTreeSet::new(), others: Vec::new() }
    }

    /// What a role looks like on the theme's paper.
    fn drawn(&self, role: Style) -> CellStyle {
        cell_style(self.theme.paper.patch(role))
    }

    fn letter(&mut self, cell: &Cell) -> char {
        let style = (cell.fg, cell.bg, cell.modifier);
        if let Some(at) = self.roles.iter().position(|role| self.drawn(role.2) == style) {
            self.used.insert(at);
            return self.roles[at].0;
        }
        if let Some(other) = self.others.iter().find(|other| other.2 == style) {
            return other.0;
        }
        let (letter, name) = self.overlaid(style).unwrap_or((None, "no role".into()));
        let count = self.others.iter().filter(|other| OTHERS.contains(other.0)).count();
        let letter = letter.unwrap_or_else(|| OTHERS.chars().nth(count).expect("a letter for every style"));
        self.others.push((letter, name, style));
        letter
    }

    /// Finds a style that is one role drawn over another. A selected role has the capital of its letter.
    fn overlaid(&self, style: CellStyle) -> Option<(Option<char>, String)> {
        let Theme { selected, related, flash, .. } = *self.theme;
        // What is written on the frame of the pane that has the focus is bold like the frame.
        let bold = Style::new().add_modifier(Modifier::BOLD);
        for (over, patch) in [("selected", selected), ("related", related), ("flash", flash), ("bold", bold)] {
            for (letter, name, role) in &self.roles {
                if self.drawn(role.patch(patch)) == style {
                    let capital = Some(letter.to_ascii_uppercase()).filter(|capital| capital != letter);
                    let capital = if over == "selected" { capital } else { None };
                    return Some((capital, format!("{name} + {over}")));
                }
            }
        }
        None
    }
}

impl fmt::Display for Legend<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for at in &self.used {
            let (letter, _, role) = self.roles[*at];
            let same = self.roles.iter().filter(|other| self.drawn(other.2) == self.drawn(role));
            let names: Vec<_> = same.map(|role| role.1).collect();
            writeln!(f, "{letter} {}: {}", names.join(", "), described(self.drawn(role)))?;
        }
        for (letter, name, style) in &self.others {
            writeln!(f, "{letter} {name}: {}", described(*style))?;
        }
        Ok(())
    }
}

fn cell_style(style: Style) -> CellStyle {
    (style.fg.unwrap_or_default(), style.bg.unwrap_or_default(), style.add_modifier)
}

fn described((ink, paper, modifier): CellStyle) -> String {
    let names: Vec<_> = modifier.iter_names().map(|(name, _)| name.to_lowercase()).collect();
    format!("{ink} on {paper} {}", names.join(" ")).trim_end().to_owned()
}
