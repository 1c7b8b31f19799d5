//! Arithmetic modulo p = 2^255 - 19 with two elements at a time, one in each lane of a vector.
//!
//! It is not constant-time: it must only verify, because a verification has no secrets.
//!
//! An element has ten limbs in radix 2^25.5 (Bernstein, "Curve25519: new Diffie-Hellman speed
//! records", 2006, section 4), Σ (E[i] + 2^26·O[i])·2^(51·i). E[i] has 26 bits and O[i]
//! has 25. A product or a parsed element is *tight*: its limbs are less than 2^26, and O[0] can
//! exceed 2^25 by less than 2^16, O[2] by less than 2^12. Sums of tight elements have twice these
//! limbs, and differences three times.

mod inverse;
#[cfg(not(target_feature = "simd128"))]
#[path = "lanes_portable.rs"]
mod lanes;
#[cfg(target_feature = "simd128")]
#[path = "lanes_simd.rs"]
mod lanes;
#[cfg(test)]
mod tests;

use lanes::{Narrow, Wide};

/// One element. A word has the limb E\[i\] in its lower half and O\[i\] in its upper half.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element([u64; 5]);

impl Element {
    pub(super) const ZERO: Self = Self([0; 5]);
    pub(super) const ONE: Self = Self([1, 0, 0, 0, 0]);
    /// 2p, whose limbs are at least as large as those of a tight element.
    const TWICE_P: Self = {
        let other = 0x07ff_fffe | 0x03ff_fffe << 32;
        Self([other - 36, other, other, other, other])
    };

    /// Parses 255 bits, little-endian, and ignores the last one.
    pub(super) const fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut words = [0; 5];
        let mut index = 0;
        while index < 5 {
            let bit = 51 * index;
            let mut byte = bit / 8;
            let mut bits = (bytes[byte] >> (bit % 8)) as u64;
            let mut length = 8 - bit % 8;
            while length < 51 {
                byte += 1;
                bits |= (bytes[byte] as u64) << length;
                length += 8;
            }
            words[index] = bits & 0x03ff_ffff | (bits >> 26 & 0x01ff_ffff) << 32;
            index += 1;
        }
        Self(words)
    }

    /// The number from 0 to p - 1, little-endian. The element must be tight.
    pub(super) fn to_bytes(self) -> [u8; 32] {
        let mut words = self.0.map(|word| (word & 0xffff_ffff) + (word >> 32 << 26));
        // the value is less than 2p, so adding 19 reaches 2^255 just if it is at least p
        let top = words.iter().fold(19, |carry, word| (word + carry) >> 51);
        let mut carry = 19 * top;
        for word in &mut words {
            let sum = *word + carry;
            (*word, carry) = (sum & ((1 << 51) - 1), sum >> 51);
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let (word, shift) = (index * 8 / 51, index * 8 % 51);
            let next = words.get(word + 1).copied().unwrap_or(0);
            *byte = (words[word] >> shift | next << (51 - shift)) as u8;
        }
        bytes
    }

    /// 1 / x for a tight x, and 0 for 0.
    pub(super) fn inverse(self) -> Self {
        Self::from_bytes(&inverse::inverse(&self.to_bytes()))
    }
}

/// Two elements. Vector i has the limbs E\[i\] of both and then the limbs O\[i\] of both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair([Narrow; 5]);

/// An array of the values for each index from 0 to 4. Compiled for size, loops stay loops.
macro_rules! five {
    ($i:ident => $value:expr) => {
        [
            {
                const $i: usize = 0;
                $value
            },
            {
                const $i: usize = 1;
                $value
            },
            {
                const $i: usize = 2;
                $value
            },
            {
                const $i: usize = 3;
                $value
            },
            {
                const $i: usize = 4;
                $value
            },
        ]
    };
}

impl Pair {
    #[inline(always)]
    pub(super) fn new(first: &Element, second: &Element) -> Self {
        Self(five!(I => Narrow::from_halves(first.0[I], second.0[I])))
    }

    pub(super) fn both(element: &Element) -> Self {
        Self::new(element, element)
    }

    pub(super) fn first(&self) -> Element {
        Element(five!(I => self.0[I].first()))
    }

    pub(super) fn second(&self) -> Element {
        Element(five!(I => self.0[I].second()))
    }

    /// The same elements in the other lanes.
    pub(super) fn swapped(&self) -> Self {
        Self::new(&self.second(), &self.first())
    }

    #[inline(always)]
    pub(super) fn add(&self, other: &Self) -> Self {
        Self(five!(I => self.0[I].add(other.0[I])))
    }

    /// The difference of tight elements, with limbs up to three times as large.
    #[inline(always)]
    pub(super) fn sub(&self, other: &Self) -> Self {
        let twice_p = Element::TWICE_P.0;
        Self(five!(I => {
            self.0[I].add(Narrow::from_halves(twice_p[I], twice_p[I]).sub(other.0[I]))
        }))
    }

    /// Tight elements, or their negatives with limbs up to twice as large where a flag is true.
    #[inline(always)]
    pub(super) fn negated_where(&self, first: bool, second: bool) -> Self {
        let word = |flag: bool| u64::from(flag).wrapping_neg();
        let (mask, twice_p) = (Narrow::from_halves(word(first), word(second)), Element::TWICE_P.0);
        Self(five!(I => {
            let negative = Narrow::from_halves(twice_p[I], twice_p[I]).sub(self.0[I]);
            mask.select(negative, self.0[I])
        }))
    }

    /// The tight product. The limbs of `self` can be three times those of tight elements, and those
    /// of `other` twice.
    ///
    /// With polynomials in y = 2^51, y^5 = 19, and 2^52 = 2y:
    /// (E + 2^26·O)(E' + 2^26·O') = EE' + 2y·OO' + 2^26·((E + O)(E' + O') - EE' - OO').
    #[inline(never)]
    pub(super) fn mul(&self, other: &Self) -> Self {
        let (x, y) = (&self.0, &other.0);
        let x_sums = five!(I => x[I].add(x[I].swapped()));
        let y_sums = five!(I => y[I].add(y[I].swapped()));
        let evens = product(x, y, Narrow::mul_low);
        let odds = product(x, y, Narrow::mul_high);
        let sums = product(&x_sums, &y_sums, Narrow::mul_low);
        let odd = five!(I => sums[I].sub(evens[I].add(odds[I])));
        let even = [
            evens[0].add(odds[4].double().times_19()),
            evens[1].add(odds[0].double()),
            evens[2].add(odds[1].double()),
            evens[3].add(odds[2].double()),
            evens[4].add(odds[3].double()),
        ];
        carry(even, odd)
    }

    /// 1 / x of both; 0 if one is 0.
    pub(super) fn inverses(&self) -> Self {
        let swapped = self.swapped();
        let product = self.mul(&swapped).first();
        Pair::both(&product.inverse()).mul(&swapped)
    }
}

/// The product of polynomials modulo y^5 - 19.
///
/// In terms of tight limbs, with sums of E and O less than 2^26.6, the factors are less than 2^28.2
/// and 2^27.6, 19 times the latter less than 2^31.9, and results less than 2^62.1.
#[inline(always)]
fn product(x: &[Narrow; 5], y: &[Narrow; 5], mul: fn(Narrow, Narrow) -> Wide) -> [Wide; 5] {
    let z = five!(I => y[I].times_19());
    let sum = |a: Wide, b, c, d, e| a.add(b).add(c).add(d).add(e);
    let at = |i: usize, y: Narrow| mul(x[i], y);
    [
        sum(at(0, y[0]), at(1, z[4]), at(2, z[3]), at(3, z[2]), at(4, z[1])),
        sum(at(0, y[1]), at(1, y[0]), at(2, z[4]), at(3, z[3]), at(4, z[2])),
        sum(at(0, y[2]), at(1, y[1]), at(2, y[0]), at(3, z[4]), at(4, z[3])),
        sum(at(0, y[3]), at(1, y[2]), at(2, y[1]), at(3, y[0]), at(4, z[4])),
        sum(at(0, y[4]), at(1, y[3]), at(2, y[2]), at(3, y[1]), at(4, y[0])),
    ]
}

/// Carries from limbs less than 2^62.3. Two chains at once: E\[0\] to E\[2\], and E\[2\] to
/// E\[0\]. The first ends with less than 2^37.3 in E\[2\], so less than 2^12 above O\[2\]. The
/// second ends with less than 2^41.6 in E\[0\], so less than 2^16 above O\[0\].
#[inline(always)]
fn carry(mut even: [Wide; 5], mut odd: [Wide; 5]) -> Pair {
    let from_even = |even: &mut Wide, odd: &mut Wide| {
        *odd = odd.add(even.shift_right::<26>());
        *even = even.lowest::<26>();
    };
    let from_odd = |odd: &mut Wide, even: &mut Wide| {
        *even = even.add(odd.shift_right::<25>());
        *odd = odd.lowest::<25>();
    };
    from_even(&mut even[0], &mut odd[0]);
    from_even(&mut even[2], &mut odd[2]);
    from_odd(&mut odd[0], &mut even[1]);
    from_odd(&mut odd[2], &mut even[3]);
    from_even(&mut even[1], &mut odd[1]);
    from_even(&mut even[3], &mut odd[3]);
    from_odd(&mut odd[1], &mut even[2]);
    from_odd(&mut odd[3], &mut even[4]);
    from_even(&mut even[2], &mut odd[2]);
    from_even(&mut even[4], &mut odd[4]);
    even[0] = even[0].add(odd[4].shift_right::<25>().times_19());
    odd[4] = odd[4].lowest::<25>();
    from_even(&mut even[0], &mut odd[0]);
    Pair(five!(I => Narrow::from_wide(even[I], odd[I])))
}
