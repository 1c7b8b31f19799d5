//! Vectors as arrays. Tests on other targets compute with them: an overflow of a number is a panic.

/// Four unsigned numbers of 32 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Narrow([u32; 4]);

impl Narrow {
    /// The lower half of both words, then the upper half of both.
    pub(super) fn from_halves(first: u64, second: u64) -> Self {
        Self([first as u32, second as u32, (first >> 32) as u32, (second >> 32) as u32])
    }

    /// Numbers of at most 32 bits.
    pub(super) fn from_wide(Wide([a, b]): Wide, Wide([c, d]): Wide) -> Self {
        assert!((a | b | c | d) >> 32 == 0);
        Self([a as u32, b as u32, c as u32, d as u32])
    }

    pub(super) fn first(self) -> u64 {
        u64::from(self.0[0]) | u64::from(self.0[2]) << 32
    }

    pub(super) fn second(self) -> u64 {
        u64::from(self.0[1]) | u64::from(self.0[3]) << 32
    }

    pub(super) fn swapped(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([c, d, a, b])
    }

    pub(super) fn add(self, Self([e, f, g, h]): Self) -> Self {
        let [a, b, c, d] = self.0;
        Self([a + e, b + f, c + g, d + h])
    }

    pub(super) fn sub(self, Self([e, f, g, h]): Self) -> Self {
        let [a, b, c, d] = self.0;
        Self([a - e, b - f, c - g, d - h])
    }

    /// By the bits of `self`, `ones` or `zeros`.
    pub(super) fn select(self, ones: Self, zeros: Self) -> Self {
        Self([0, 1, 2, 3].map(|i| self.0[i] & ones.0[i] | !self.0[i] & zeros.0[i]))
    }

    pub(super) fn times_19(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([a * 19, b * 19, c * 19, d * 19])
    }

    /// The products of the first two numbers.
    pub(super) fn mul_low(self, Self([c, d, ..]): Self) -> Wide {
        let [a, b, ..] = self.0;
        Wide([a as u64 * c as u64, b as u64 * d as u64])
    }

    /// The products of the last two numbers.
    pub(super) fn mul_high(self, Self([.., c, d]): Self) -> Wide {
        let [.., a, b] = self.0;
        Wide([a as u64 * c as u64, b as u64 * d as u64])
    }
}

/// Two unsigned numbers of 64 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide([u64; 2]);

impl Wide {
    pub(super) fn add(self, Self([c, d]): Self) -> Self {
        let [a, b] = self.0;
        Self([a + c, b + d])
    }

    pub(super) fn sub(self, Self([c, d]): Self) -> Self {
        let [a, b] = self.0;
        Self([a - c, b - d])
    }

    pub(super) fn double(self) -> Self {
        self.add(self)
    }

    pub(super) fn times_19(self) -> Self {
        let [a, b] = self.0;
        Self([a * 19, b * 19])
    }

    pub(super) fn shift_right<const BITS: u32>(self) -> Self {
        let [a, b] = self.0;
        Self([a >> BITS, b >> BITS])
    }

    pub(super) fn lowest<const BITS: u32>(self) -> Self {
        let ([a, b], mask) = (self.0, (1 << BITS) - 1);
        Self([a & mask, b & mask])
    }
}
