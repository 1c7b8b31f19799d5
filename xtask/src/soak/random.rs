//! Random numbers that depend only on a seed (SplitMix64).

/// A generator.
pub(super) struct Random(u64);

impl Random {
    /// A generator for one part of the run. Each part has its own numbers.
    pub(super) fn new(seed: u64, part: u64) -> Self {
        let mut mixed = Self(seed ^ part.wrapping_mul(0xD1B5_4A32_D192_ED03));
        mixed.next();
        Self(mixed.next())
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A number from `start` to below `end`.
    pub(super) fn between(&mut self, start: f64, end: f64) -> f64 {
        start + (end - start) * ((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// One of the items, which are not empty.
    pub(super) fn of<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_numbers_of_each_part() {
        let numbers = |seed, part| {
            let mut random = Random::new(seed, part);
            [random.next(), random.next()]
        };
        assert_eq!(numbers(1, 2), numbers(1, 2));
        assert_ne!(numbers(1, 2), numbers(1, 3));
        assert_ne!(numbers(1, 2), numbers(2, 2));
        let mut random = Random::new(7, 7);
        assert!((0..1_000).all(|_| random.below(3) < 3 && random.between(2.0, 4.0) < 4.0));
    }
}
