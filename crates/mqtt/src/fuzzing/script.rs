/// Fuzz input, read from front to back as decisions. What is missing at the end counts as zero.
pub(super) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number below `bound`, which fits a byte.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound.max(1)
    }

    pub(super) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// `first`, or one of the others.
    pub(super) fn pick<T: Copy>(&mut self, first: T, others: &[T]) -> T {
        let choice = self.below(others.len().saturating_add(1));
        choice.checked_sub(1).and_then(|index| others.get(index)).copied().unwrap_or(first)
    }

    pub(super) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at_checked(count).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }
}
