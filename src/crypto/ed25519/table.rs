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

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};

    use super::super::digits::tests::{boundary_scalars, power_of_two, windows};
    use super::*;

    #[test]
    fn products_equal_those_of_plain_multiplication() {
        let base = ED25519_BASEPOINT_POINT;
        let other = base * Scalar::from(0x1234_5678_9abc_def1u64).invert();
        let of_order_eight = EIGHT_TORSION[1];
        for point in [base, other + of_order_eight, of_order_eight, EdwardsPoint::identity()] {
            let products: Vec<_> =
                boundary_scalars().into_iter().map(|scalar| (scalar, point * scalar)).collect();
            for window in windows() {
                let table = Table::new(&point, window);
                for (scalar, product) in &products {
                    assert_eq!(table.add_product(scalar, other), product + other, "{window:?}");
                }
            }
        }
    }

    #[test]
    fn a_table_contains_every_multiple_once() {
        let point = ED25519_BASEPOINT_POINT + EIGHT_TORSION[3];
        for window in windows() {
            let table = Table::new(&point, window);
            let mut entries = table.multiples.iter();
            for place in 0..window.places() {
                let unit = point * power_of_two(place * window.bits());
                for digit in 1..=window.largest_digit_at(place) {
                    assert_eq!(entries.next(), Some(&(unit * Scalar::from(digit as u64))));
                }
            }
            assert_eq!(entries.next(), None);
            assert_eq!(table.multiples.len(), table.multiples.capacity());
        }
    }
}
