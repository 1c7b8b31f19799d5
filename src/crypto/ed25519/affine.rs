//! A [`Table`](super::table) of affine points in own field arithmetic, which is faster where
//! vectors multiply faster than the processor's ordinary instructions: in WebAssembly.

use std::fmt;

use curve25519_dalek::{EdwardsPoint, Scalar};

use super::digits::{Digits, Window};
use super::point::{Addend, Points};

/// The multiples of a point.
pub(super) struct Table {
    window: Window,
    /// By place; at each place the multiples by 1, 2, 3, …
    multiples: Vec<Addend>,
}

impl Table {
    /// Computes the table.
    pub(super) fn new(point: &EdwardsPoint, window: Window) -> Self {
        let mut multiples = Vec::with_capacity(window.entries() + 1);
        let mut unit = Points::both(point);
        // the multiples that are not affine yet
        let mut pending = Vec::with_capacity(2 * BATCH);
        for place in 0..window.places() {
            let two = unit.add(&unit.addends());
            let step = two.addends();
            let mut pair = Points::of(&unit, &two);
            pending.push(pair);
            for _ in 1..window.largest_digit_at(place).div_ceil(2) {
                pair = pair.add(&step);
                pending.push(pair);
            }
            if pending.len() >= BATCH {
                Addend::append_all(&mut multiples, &pending);
                pending.clear();
            }
            unit = Points::of(&pair.swapped(), &pair);
            unit = unit.add(&unit.addends());
        }
        Addend::append_all(&mut multiples, &pending);
        // the last place can have one entry, but never ends with another odd number
        multiples.truncate(window.entries());
        Self { window, multiples }
    }

    #[cfg(all(test, target_feature = "simd128"))]
    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// The encoding of \[`s`\]B + \[`k`\]P, where `base` is B's table and this one is P's.
    pub(super) fn encoded_sum(&self, k: &Scalar, base: &Self, s: &Scalar) -> [u8; 32] {
        let mut sums = Points::identity();
        let digits = Digits::new(s, base.window).zip(Digits::new(k, self.window));
        let places = base.places().zip(self.places()).zip(digits);
        for ((base, own), (s, k)) in places {
            sums = sums.add_affine(multiple(base, s), multiple(own, k));
        }
        sums.encoded_sum()
    }

    fn places(&self) -> impl Iterator<Item = &[Addend]> {
        self.multiples.chunks(self.window.largest_digit())
    }
}

/// The entry for the digit, and whether it is to be subtracted.
fn multiple(multiples: &[Addend], digit: i32) -> (&Addend, bool) {
    static IDENTITY: Addend = Addend::IDENTITY;
    match digit.unsigned_abs() as usize {
        0 => (&IDENTITY, false),
        size => (&multiples[size - 1], digit < 0),
    }
}

/// The minimum number of pairs that share an inversion. More would take more memory.
const BATCH: usize = 64;

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("window", &self.window).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use curve25519_dalek::traits::Identity;

    use super::super::cases::{Random, case_count};
    use super::super::digits::tests::{boundary_scalars, power_of_two, windows};
    use super::*;

    #[test]
    fn a_table_contains_every_multiple_once() {
        let point = ED25519_BASEPOINT_POINT + EIGHT_TORSION[3];
        for window in windows() {
            let table = Table::new(&point, window);
            let mut entries = table.multiples.iter();
            for place in 0..window.places() {
                let unit = point * power_of_two(place * window.bits());
                let mut multiple = EdwardsPoint::identity();
                for _ in 1..=window.largest_digit_at(place) {
                    multiple += unit;
                    entries.next().unwrap().assert_is(&multiple);
                }
            }
            assert!(entries.next().is_none());
        }
    }

    #[test]
    fn sums_of_products_equal_those_of_plain_multiplication() {
        let other = ED25519_BASEPOINT_POINT * Scalar::from(0x1234_5678_9abc_def1u64).invert();
        let of_order_eight = EIGHT_TORSION[1];
        let points = [
            ED25519_BASEPOINT_POINT,
            -ED25519_BASEPOINT_POINT,
            other + of_order_eight,
            of_order_eight,
            EdwardsPoint::identity(),
        ];
        let scalars = boundary_scalars();
        for (index, window) in windows().enumerate() {
            let base = Table::new(&ED25519_BASEPOINT_POINT, window);
            for point in points {
                let table = Table::new(&point, window);
                // equal and opposite products too, which add to a double and to the identity
                let pairs = scalars.iter().zip(scalars.iter().rev());
                let pairs = pairs.chain(scalars.iter().zip(&scalars));
                for (s, k) in pairs.skip(index).step_by(101) {
                    let expected = ED25519_BASEPOINT_POINT * s + point * k;
                    let sum = table.encoded_sum(k, &base, s);
                    assert_eq!(sum, expected.compress().to_bytes(), "{window:?} {s:?} {k:?}");
                }
            }
        }
    }

    #[test]
    fn random_sums_equal_those_of_plain_multiplication() {
        let mut random = Random(20);
        for round in 0..case_count() / 1_000 {
            let window = windows().nth(round % Window::COUNT).unwrap();
            let base = Table::new(&ED25519_BASEPOINT_POINT, window);
            let point = ED25519_BASEPOINT_POINT * random.scalar() + random.torsion();
            let table = Table::new(&point, window);
            for _ in 0..100 {
                let (s, k) = (random.scalar(), random.scalar());
                let product = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &point, &s);
                let expected = product.compress().to_bytes();
                assert_eq!(table.encoded_sum(&k, &base, &s), expected, "{point:?} {s:?} {k:?}");
            }
        }
    }
}
