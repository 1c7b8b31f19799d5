//! A table of multiples of a point. With it, a product with a scalar takes a few dozen additions
//! and no doubling ("fixed-base windowing", Handbook of Applied Cryptography, section 14.6.3).
//!
//! A scalar has signed digits, s = Σ dᵢ·2^(w·i) with |dᵢ| ≤ 2^(w-1). The table contains d·2^(w·i)·P
//! for each place i and each d from 1. Memory access depends on the scalar, so the table must only
//! verify: a verification has no secrets.

use std::fmt;

use curve25519_dalek::traits::Identity;
use curve25519_dalek::{EdwardsPoint, Scalar};

use super::digits::{Digits, Window};

/// The multiples of a point.
pub(super) struct Table {
    window: Window,
    /// By place; at each place the multiples by 1, 2, 3, …
    multiples: Vec<EdwardsPoint>,
}

impl Table {
    /// Computes the table, with one addition for each entry.
    pub(super) fn new(point: &EdwardsPoint, window: Window) -> Self {
        let mut multiples = Vec::with_capacity(window.entries());
        let mut unit = *point;
        for place in 0..window.places() {
            let mut multiple = unit;
            multiples.push(multiple);
            for _ in 1..window.largest_digit_at(place) {
                multiple += unit;
                multiples.push(multiple);
            }
            unit = multiple + multiple;
        }
        Self { window, multiples }
    }

    #[cfg(test)]
    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// The encoding of \[`s`\]B + \[`k`\]P, where `base` is B's table and this one is P's.
    pub(super) fn encoded_sum(&self, k: &Scalar, base: &Self, s: &Scalar) -> [u8; 32] {
        let sum = self.add_product(k, base.add_product(s, EdwardsPoint::identity()));
        sum.compress().to_bytes()
    }

    /// Returns `sum` + `scalar` · point.
    fn add_product(&self, scalar: &Scalar, mut sum: EdwardsPoint) -> EdwardsPoint {
        let places = self.multiples.chunks(self.window.largest_digit());
        for (multiples, digit) in places.zip(Digits::new(scalar, self.window)) {
            match digit {
                0 => {}
                1.. => sum += &multiples[digit as usize - 1],
                _ => sum -= &multiples[digit.unsigned_abs() as usize - 1],
            }
        }
        sum
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("window", &self.window).finish_non_exhaustive()
    }
}

