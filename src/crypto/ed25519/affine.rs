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

    #[cfg(test)]
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
