//! The sizes of the screen at which layouts change.

/// The smallest screen that the lab is drawn on.
pub(super) const SMALLEST: (u16, u16) = (60, 20);
/// The smallest screen that has servers and clients, and what happened and the broadcast, side by side.
pub(super) const ROOMY: (u16, u16) = (100, 30);

/// Whether a screen of this size has walls around its panes, and panes side by side.
pub(super) const fn is_roomy((columns, rows): (u16, u16)) -> bool {
    columns >= ROOMY.0 && rows >= ROOMY.1
}
