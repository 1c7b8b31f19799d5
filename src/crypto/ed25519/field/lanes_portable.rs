//! Vectors as arrays. Tests on other targets compute with them, and detect overflows.

/// Four unsigned numbers of 32 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Narrow([u32; 4]);

impl Narrow {
    /// The lower half of both words, then the upper half of both.
    pub(super) fn from_halves(first: u64, second: u64) -> Self {
        Self([first as u32, second as u32, (first >> 32) as u32, (second >> 32) as u32])
    }

    /// The lower 32 bits of each number.
    pub(super) fn from_wide(low: Wide, high: Wide) -> Self {
        Self([low.0[0], low.0[1], high.0[0], high.0[1]].map(|number| {
            u32::try_from(number).expect("a limb has at most 32 bits")
        }))
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

    pub(super) fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }

    pub(super) fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] - other.0[i]))
    }

    /// By the bits of `self`, `ones` or `zeros`.
    pub(super) fn select(self, ones: Self, zeros: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & ones.0[i] | !self.0[i] & zeros.0[i]))
    }

    pub(super) fn times_19(self) -> Self {
        Self(self.0.map(|number| number * 19))
    }

    /// The products of the first two numbers.
    pub(super) fn mul_low(self, other: Self) -> Wide {
        Wide([0, 1].map(|i| u64::from(self.0[i]) * u64::from(other.0[i])))
    }

    /// The products of the last two numbers.
    pub(super) fn mul_high(self, other: Self) -> Wide {
        self.swapped().mul_low(other.swapped())
    }
}

/// Two unsigned numbers of 64 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide([u64; 2]);

impl Wide {
    pub(super) fn add(self, other: Self) -> Self {
        Self([0, 1].map(|i| self.0[i] + other.0[i]))
    }

    pub(super) fn sub(self, other: Self) -> Self {
        Self([0, 1].map(|i| self.0[i] - other.0[i]))
    }

    pub(super) fn double(self) -> Self {
        self.add(self)
    }

    pub(super) fn times_19(self) -> Self {
        Self(self.0.map(|number| number * 19))
    }

    pub(super) fn shift_right<const BITS: u32>(self) -> Self {
        Self(self.0.map(|number| number >> BITS))
    }

    pub(super) fn lowest<const BITS: u32>(self) -> Self {
        Self(self.0.map(|number| number & ((1 << BITS) - 1)))
    }
}
