//! Medians and spreads: what a handful of rounds on a shared machine can honestly say.

/// The middle of some figures, and the distance between the extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Summary {
    pub(super) median: f64,
    pub(super) spread: f64,
}

impl Summary {
    /// `None` if there are no figures.
    pub(super) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<_> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (first, last) = (sorted.first()?, sorted.last()?);
        let middle = sorted.len() / 2;
        let upper = sorted.get(middle)?;
        let lower = if sorted.len().is_multiple_of(2) { sorted.get(middle - 1)? } else { upper };
        Some(Self { median: f64::midpoint(*lower, *upper), spread: last - first })
    }

    /// Within the bar plus half the spread.
    pub(super) fn meets(self, bar: f64) -> bool {
        self.median <= bar + self.spread / 2.0
    }
}

/// `met` or `over`, for a table.
pub(super) fn verdict(met: bool) -> String {
    if met { "met" } else { "over" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_even_and_no_figures() {
        assert_eq!(Summary::of([3.0, 1.0, 10.0]), Some(Summary { median: 3.0, spread: 9.0 }));
        assert_eq!(Summary::of([4.0, 1.0]), Some(Summary { median: 2.5, spread: 3.0 }));
        assert_eq!(Summary::of([]), None);
    }

    #[test]
    fn a_bar_is_met_within_half_the_spread() {
        assert!(Summary { median: 0.55, spread: 0.1 }.meets(0.5));
        assert!(!Summary { median: 0.56, spread: 0.1 }.meets(0.5));
    }
}
