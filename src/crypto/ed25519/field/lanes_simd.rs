//! Vectors of WebAssembly's fixed-width SIMD.

use core::arch::wasm32::*;

/// Four unsigned numbers of 32 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Narrow(v128);

impl Narrow {
    /// The lower half of both words, then the upper half of both.
    #[inline(always)]
    pub(super) fn from_halves(first: u64, second: u64) -> Self {
        let words = u64x2(first, second);
        Self(i32x4_shuffle::<0, 2, 1, 3>(words, words))
    }

    /// The lower 32 bits of each number.
    #[inline(always)]
    pub(super) fn from_wide(low: Wide, high: Wide) -> Self {
        Self(i32x4_shuffle::<0, 2, 4, 6>(low.0, high.0))
    }

    #[inline(always)]
    pub(super) fn first(self) -> u64 {
        u64x2_extract_lane::<0>(i32x4_shuffle::<0, 2, 1, 3>(self.0, self.0))
    }

    #[inline(always)]
    pub(super) fn second(self) -> u64 {
        u64x2_extract_lane::<1>(i32x4_shuffle::<0, 2, 1, 3>(self.0, self.0))
    }

    #[inline(always)]
    pub(super) fn swapped(self) -> Self {
        Self(i32x4_shuffle::<2, 3, 0, 1>(self.0, self.0))
    }

    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        Self(u32x4_add(self.0, other.0))
    }

    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        Self(u32x4_sub(self.0, other.0))
    }

    /// By the bits of `self`, `ones` or `zeros`.
    #[inline(always)]
    pub(super) fn select(self, ones: Self, zeros: Self) -> Self {
        Self(v128_bitselect(ones.0, zeros.0, self.0))
    }

    #[inline(always)]
    pub(super) fn times_19(self) -> Self {
        Self(u32x4_mul(self.0, u32x4_splat(19)))
    }

    /// The products of the first two numbers.
    #[inline(always)]
    pub(super) fn mul_low(self, other: Self) -> Wide {
        Wide(u64x2_extmul_low_u32x4(self.0, other.0))
    }

    /// The products of the last two numbers.
    #[inline(always)]
    pub(super) fn mul_high(self, other: Self) -> Wide {
        Wide(u64x2_extmul_high_u32x4(self.0, other.0))
    }
}

/// Two unsigned numbers of 64 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide(v128);

impl Wide {
    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        Self(u64x2_add(self.0, other.0))
    }

    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        Self(u64x2_sub(self.0, other.0))
    }

    #[inline(always)]
    pub(super) fn double(self) -> Self {
        self.add(self)
    }

    #[inline(always)]
    pub(super) fn times_19(self) -> Self {
        Self(u64x2_mul(self.0, u64x2_splat(19)))
    }

    #[inline(always)]
    pub(super) fn shift_right<const BITS: u32>(self) -> Self {
        Self(u64x2_shr(self.0, BITS))
    }

    #[inline(always)]
    pub(super) fn lowest<const BITS: u32>(self) -> Self {
        Self(v128_and(self.0, u64x2_splat((1 << BITS) - 1)))
    }
}
