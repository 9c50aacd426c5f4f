//! Where all randomness of a run comes from, and the seeds that ever found something.

use std::ops::RangeInclusive;
use std::time::Duration;

/// A generator whose whole future is its seed (xoshiro256++, seeded by SplitMix64).
#[derive(Clone, Debug)]
pub struct Rng {
    state: [u64; 4],
}

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        let mut mixer = seed;
        let mut next = || {
            mixer = mixer.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (mixer ^ mixer >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ mixed >> 31
        };
        Self { state: [next(), next(), next(), next()] }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ b << 17, d.rotate_left(45)];
        result
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.bits()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// An index into something of this length.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// A number of the range.
    pub fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    /// A length of the range.
    pub fn length(&mut self, range: RangeInclusive<usize>) -> usize {
        range.start() + self.index(range.end() - range.start() + 1)
    }

    /// True `per_mille` times in a thousand.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of the values.
    pub fn pick<T: Copy>(&mut self, values: &[T]) -> Option<T> {
        let index = self.index(values.len());
        values.get(index).copied()
    }

    /// One of the values of a list that is not empty, which the type tells.
    pub fn one_of<T: Copy, const N: usize>(&mut self, values: [T; N]) -> T {
        const { assert!(N > 0) };
        values[self.index(N)]
    }

    /// A time of the range.
    pub fn duration(&mut self, range: &RangeInclusive<Duration>) -> Duration {
        let micros = |duration: &Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 2);
        Duration::from_micros(self.within(micros(range.start())..=micros(range.end())))
    }
}

/// A seed that found something, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The seed.
    pub seed: u64,
    /// What it found.
    pub what: String,
}

/// Every seed that ever found something. They are always run.
pub fn findings() -> Vec<Finding> {
    parse(include_str!("../seeds.txt"))
}

/// Reads lines of the form `SEED  # what it found`; what is no such line is a comment.
fn parse(text: &str) -> Vec<Finding> {
    let line = |line: &str| {
        let (seed, what) = line.split_once('#')?;
        Some(Finding { seed: seed.trim().parse().ok()?, what: what.trim().to_owned() })
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_its_whole_future() {
        let draw = |seed| {
            let mut rng = Rng::new(seed);
            [rng.bits(), rng.below(10), rng.within(5..=6), u64::from(rng.chance(500))]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut rng = Rng::new(1);
        let mut seen = [false; 3];
        for _ in 0..100 {
            let drawn = rng.within(4..=6);
            assert!((4..=6).contains(&drawn), "{drawn}");
            seen[usize::try_from(drawn - 4).unwrap()] = true;
        }
        assert_eq!(seen, [true; 3]);
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn the_file_of_seeds_can_be_read() {
        let expected = Finding { seed: 42, what: "a lost PUBACK".to_owned() };
        assert_eq!(parse("# a comment\n42  # a lost PUBACK\n\n"), [expected]);
        let lines = include_str!("../seeds.txt").lines().filter(|line| line.starts_with(char::is_numeric));
        assert_eq!(findings().len(), lines.count(), "a line of seeds.txt is not understood");
    }
}
