use super::super::arena::NONE;

/// The children of one node, each at a place that it keeps for life.
///
/// Places of removed children are used again by new ones; their four bytes come free when no child is left.
/// Moving children to close gaps would break cursors, which are made of places.
pub(super) enum Children {
    /// At most one child, at place 0; `NONE` if there is none.
    One(u32),
    Many(Box<Many>),
}

pub(super) struct Many {
    /// A child's index, or [`GAP`] and the place of the next gap.
    places: Vec<u32>,
    /// The first gap, or [`GAP_END`].
    gap: u32,
    count: u32,
}

/// What a place holds.
pub(super) enum Place {
    Child(u32),
    Gap,
    /// Nothing here and behind.
    End,
}

/// Marks a gap; so only half of all indexes can be children.
const GAP: u32 = 1 << 31;
const GAP_END: u32 = GAP - 1;

impl Children {
    pub(super) const fn new() -> Self {
        Self::One(NONE)
    }

    /// Whether `index` can be a child.
    pub(super) const fn admits(index: u32) -> bool {
        index < GAP_END
    }

    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::One(NONE))
    }

    #[inline]
    pub(super) fn at(&self, place: u32) -> Place {
        let child = match self {
            Self::One(NONE) => None,
            Self::One(child) => Some(child).filter(|_| place == 0),
            Self::Many(many) => usize::try_from(place).ok().and_then(|place| many.places.get(place)),
        };
        match child {
            Some(child) if Self::admits(*child) => Place::Child(*child),
            Some(_) => Place::Gap,
            None => Place::End,
        }
    }

    /// Adds a child and says at which place. Its index must be admitted.
    pub(super) fn insert(&mut self, child: u32) -> u32 {
        match self {
            Self::One(only) if *only == NONE => {
                *only = child;
                0
            }
            Self::One(only) => {
                let places = vec![*only, child];
                *self = Self::Many(Box::new(Many { places, gap: GAP_END, count: 2 }));
                1
            }
            Self::Many(many) => many.insert(child),
        }
    }

    /// Takes the child at `place` out.
    pub(super) fn remove(&mut self, place: u32) {
        let Self::Many(many) = self else {
            *self = Self::new();
            return;
        };
        many.remove(place);
        if many.count == 0 {
            *self = Self::new();
        }
    }
}

impl Many {
    fn insert(&mut self, child: u32) -> u32 {
        self.count = self.count.saturating_add(1);
        if let Some(place) = self.places.get_mut(self.gap as usize) {
            let at = self.gap;
            self.gap = *place & !GAP;
            *place = child;
            return at;
        }
        self.places.push(child);
        // Fewer children than indexes, so the place is below `GAP_END`.
        u32::try_from(self.places.len().saturating_sub(1)).unwrap_or(GAP_END)
    }

    fn remove(&mut self, at: u32) {
        if let Some(place) = self.places.get_mut(at as usize) {
            *place = GAP | self.gap;
            self.gap = at;
            self.count = self.count.saturating_sub(1);
        }
    }
}
