/// The first `len` of 128 bits; the bits behind them are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Prefix {
    bits: u128,
    len: u8,
}

impl Prefix {
    pub(super) const LEN_MAX: u8 = 128;
    /// No bit at all: what every prefix starts with.
    pub(super) const EMPTY: Self = Self { bits: 0, len: 0 };

    /// The first `len` bits of `bits`, or all of them if `len` is more than 128.
    pub(super) fn of(bits: u128, len: u8) -> Self {
        let len = len.min(Self::LEN_MAX);
        let behind = u32::from(Self::LEN_MAX.saturating_sub(len));
        Self { bits: bits & u128::MAX.checked_shl(behind).unwrap_or(0), len }
    }

    pub(super) const fn bits(self) -> u128 {
        self.bits
    }

    pub(super) const fn len(self) -> u8 {
        self.len
    }

    /// Whether `bits` starts with this.
    #[inline]
    pub(super) fn covers(self, bits: u128) -> bool {
        (self.bits ^ bits).leading_zeros() >= u32::from(self.len)
    }

    /// What both start with.
    pub(super) fn common(self, other: Self) -> Self {
        let same = (self.bits ^ other.bits).leading_zeros();
        let len = u8::try_from(same).unwrap_or(Self::LEN_MAX);
        Self::of(self.bits, len.min(self.len).min(other.len))
    }
}
