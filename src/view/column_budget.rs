//! How the columns of a list share a line.

/// The part of a line that no column has been given yet.
///
/// Columns are fitted in the order of their rank, the most important first: where the line is too short, the column
/// that is fitted last is the first to be narrowed, and then left out.
pub(super) struct ColumnBudget(u16);

impl ColumnBudget {
    /// A line of `total` columns, of which `fixed` are taken whatever happens.
    pub(super) const fn new(total: u16, fixed: u16) -> Self {
        Self(total.saturating_sub(fixed))
    }

    /// Gives a column the widest of its forms that fits, or nothing. A form is a width, and how much of the line must
    /// remain behind it.
    pub(super) fn fit(&mut self, forms: impl IntoIterator<Item = (u16, u16)>) -> u16 {
        let fitting = forms.into_iter().filter(|(width, remains)| width.saturating_add(*remains) <= self.0);
        let width = fitting.map(|(width, _)| width).max().unwrap_or(0);
        self.0 -= width;
        width
    }

    /// What is left.
    pub(super) const fn rest(&self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::ColumnBudget;

    #[test]
    fn the_column_fitted_last_is_the_first_to_be_cut() {
        let widths = |total| {
            let mut budget = ColumnBudget::new(total, 10);
            let state = budget.fit([(12, 0)]);
            let timer = budget.fit([(18, 4), (8, 4)]);
            let process = budget.fit([(20, 4)]);
            [state, timer, process, budget.rest()]
        };
        assert_eq!(widths(64), [12, 18, 20, 4]);
        assert_eq!(widths(63), [12, 18, 0, 23]);
        assert_eq!(widths(43), [12, 8, 0, 13]);
        assert_eq!(widths(33), [12, 0, 0, 11]);
        assert_eq!(widths(5), [0, 0, 0, 0]);
    }
}
