//! Compares with crypto-bigint. The arrays of `lanes_portable` panic if a number overflows, so this
//! also checks the bounds of limbs.

use crypto_bigint::{NonZero, U256};

use super::super::cases::{Random, case_count};
use super::*;

#[test]
fn products_equal_those_of_whole_numbers_up_to_the_largest_limbs() {
    let mut random = Random(10);
    for _ in 0..case_count() / 10 {
        let [a, b, c, d, e, f] = [(); 6].map(|()| random.element());
        // with limbs up to three times and twice those of tight elements
        let left = Pair::new(&a, &b).sub(&Pair::new(&c, &d));
        let right = Pair::new(&e, &f).add(&Pair::new(&b, &a));
        let product = left.mul(&right);
        for (left, right, product) in [
            (left.first(), right.first(), product.first()),
            (left.second(), right.second(), product.second()),
        ] {
            assert_is_tight(product);
            assert_eq!(value(product), times(value(left), value(right)), "{left:?} {right:?}");
        }
    }
}

#[test]
fn the_largest_limbs_that_are_allowed_do_not_overflow() {
    // each limb of tight elements at its bound: 3·2^26 for the left side, and 2·2^26 for the right
    let tight = Element([LARGEST_FIRST, LARGEST, LARGEST, LARGEST, LARGEST]);
    let left = Element(std::array::from_fn(|i| tight.0[i] + Element::TWICE_P.0[i]));
    let right = Element(tight.0.map(|word| 2 * word));
    let product = Pair::both(&left).mul(&Pair::both(&right)).first();
    assert_is_tight(product);
    assert_eq!(value(product), times(value(left), value(right)));
}

#[test]
fn sums_differences_and_negatives_equal_those_of_whole_numbers() {
    let mut random = Random(11);
    for _ in 0..case_count() / 10 {
        let [a, b] = [random.element(), random.element()];
        let pair = Pair::new(&a, &b);
        let swapped = pair.swapped();
        assert_eq!([value(swapped.first()), value(swapped.second())], [value(b), value(a)]);
        assert_eq!(value(pair.add(&swapped).first()), plus(value(a), value(b)));
        assert_eq!(plus(value(pair.sub(&swapped).first()), value(b)), value(a));
        assert_eq!(plus(value(pair.sub(&swapped).second()), value(a)), value(b));
        for (first, second) in [(false, false), (false, true), (true, false), (true, true)] {
            let negated = pair.negated_where(first, second);
            for (element, of, negative) in
                [(negated.first(), a, first), (negated.second(), b, second)]
            {
                match negative {
                    true => assert_eq!(plus(value(element), value(of)), U256::ZERO),
                    false => assert_eq!(value(element), value(of)),
                }
            }
        }
    }
}

#[test]
fn an_element_times_its_inverse_is_1() {
    let mut random = Random(12);
    for _ in 0..case_count() / 10 {
        let element = random.element();
        let inverse = element.inverse();
        assert_is_tight(inverse);
        let product = times(value(element), value(inverse));
        let expected = if value(element) == U256::ZERO { U256::ZERO } else { U256::ONE };
        assert_eq!(product, expected, "{element:?}");
    }
    // the identity of inverses holds in each lane on its own
    let (two, three) = (Element([2, 0, 0, 0, 0]), Element([3, 0, 0, 0, 0]));
    let inverses = Pair::new(&two, &three).inverses();
    assert_eq!(times(value(inverses.first()), value(two)), U256::ONE);
    assert_eq!(times(value(inverses.second()), value(three)), U256::ONE);
}

#[test]
fn encodings_are_canonical_and_parse_to_the_same_number() {
    let mut random = Random(13);
    for _ in 0..case_count() / 10 {
        let element = random.element();
        let bytes = element.to_bytes();
        assert_eq!(U256::from_le_slice(&bytes), value(element), "{element:?}");
        let parsed = Element::from_bytes(&bytes);
        assert_is_tight(parsed);
        assert_eq!(value(parsed), value(element));
        // the last bit is not a part of the number
        let mut negative = bytes;
        negative[31] |= 0x80;
        assert_eq!(value(Element::from_bytes(&negative)), value(element));
    }
    let mut from_p = [0xff; 32];
    from_p[31] = 0x7f;
    for low in 0xed..=0xff {
        from_p[0] = low;
        let mut reduced = [0; 32];
        reduced[0] = low - 0xed;
        assert_eq!(Element::from_bytes(&from_p).to_bytes(), reduced);
    }
}

/// The largest words of tight elements: limbs of 2^26 - 1 and 2^25 - 1 and what O\[0\] and O\[2\]
/// can have beyond.
const LARGEST: u64 = 0x03ff_ffff | 0x0200_0fff << 32;
const LARGEST_FIRST: u64 = 0x03ff_ffff | 0x0200_ffff << 32;

fn assert_is_tight(element: Element) {
    for (index, word) in element.0.into_iter().enumerate() {
        let beyond = [1 << 16, 0, 1 << 12, 0, 0][index];
        let (even, odd) = (word & 0xffff_ffff, word >> 32);
        assert!(even < 1 << 26 && odd < (1 << 25) + beyond, "{element:?}");
    }
}

impl Random {
    /// A tight element. Many have limbs at the bounds, and some are near a multiple of p.
    fn element(&mut self) -> Element {
        match self.below(4) {
            0 => Element::from_bytes(&self.bytes()),
            1 => {
                let distance = self.below(60) as u8;
                let mut bytes = [[0u8, 0xff][self.below(2)]; 32];
                bytes[0] = bytes[0].wrapping_add(distance).wrapping_sub(30);
                Element::from_bytes(&bytes)
            }
            _ => Element(std::array::from_fn(|index| {
                let mut limb = |largest: u64| match self.below(4) {
                    0 => 0,
                    1 => largest,
                    2 => largest - self.below(3) as u64,
                    _ => self.below(largest as usize + 1) as u64,
                };
                let beyond = [1 << 16, 0, 1 << 12, 0, 0][index];
                limb((1 << 26) - 1) | limb((1 << 25) - 1 + beyond) << 32
            })),
        }
    }
}

fn value(element: Element) -> U256 {
    let limbs = element.0.into_iter().flat_map(|word| [(word & 0xffff_ffff, 26), (word >> 32, 25)]);
    let mut unit = U256::ONE;
    let mut sum = U256::ZERO;
    for (limb, bits) in limbs {
        sum = plus(sum, times(unit, U256::from(limb)));
        unit = times(unit, U256::from(1u64 << bits));
    }
    sum
}

fn times(a: U256, b: U256) -> U256 {
    a.mul_mod(&b, &modulus())
}

fn plus(a: U256, b: U256) -> U256 {
    a.add_mod(&b, &modulus())
}

fn modulus() -> NonZero<U256> {
    let p = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
    NonZero::new(U256::from_be_hex(p)).unwrap()
}
