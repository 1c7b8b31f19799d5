//! Points of edwards25519 two at a time, for verification only.
//!
//! The formulas are those of Hisil, Wong, Carter and Dawson ("Twisted Edwards curves revisited",
//! 2008, section 3.1, a = -1), with all of E, F, G and H halved. They hold for all points of this
//! curve, so neither the identity nor equal points are special.

use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;

use super::field::{Element, Pair};

/// Two points with x = X/Z, y = Y/Z and xy = T/Z. All coordinates are tight.
#[derive(Clone, Copy)]
pub(super) struct Points {
    x: Pair,
    y: Pair,
    z: Pair,
    t: Pair,
}

/// Two points in the form in which they are added: (Y + X)/2, (Y - X)/2, Z and d·T.
#[derive(Clone, Copy)]
pub(super) struct Addends {
    sum: Pair,
    difference: Pair,
    z: Pair,
    dt: Pair,
}

/// One point in the form in which it is added, with Z = 1.
#[derive(Clone, Copy)]
pub(super) struct Addend {
    sum: Element,
    difference: Element,
    dt: Element,
}

impl Points {
    /// The identity twice.
    pub(super) fn identity() -> Self {
        let [zero, one] = [Element::ZERO, Element::ONE].map(|element| Pair::both(&element));
        Self { x: zero, y: one, z: one, t: zero }
    }

    /// A point twice.
    pub(super) fn both(point: &EdwardsPoint) -> Self {
        let y = |point: &EdwardsPoint| {
            // the last bit is the sign of x
            Pair::both(&Element::from_bytes(point.compress().as_bytes()))
        };
        // dalek reveals no x. By the affine formula, P + B has y₃ = (y₁y₂ + x₁x₂)/(1 - d·x₁x₂y₁y₂),
        // so x₁ = (y₃ - y₁y₂)/(x₂·(1 + d·y₁y₂y₃)). The divisor is never 0: y₃ would be y₁y₂, and
        // -1/d its square, but -d has no square root
        let (y1, y3) = (y(point), y(&(point + ED25519_BASEPOINT_POINT)));
        let [x2, y2, d, one] =
            [BASE_X, BASE_Y, D, Element::ONE].map(|element| Pair::both(&element));
        let product = y1.mul(&y2);
        let denominator = one.add(&d.mul(&product).mul(&y3)).mul(&x2);
        let x = y3.sub(&product).mul(&denominator.inverses());
        Self { x, y: y1, z: one, t: x.mul(&y1) }
    }

    /// The first point of `first` and the second point of `second`.
    pub(super) fn of(first: &Self, second: &Self) -> Self {
        let pair = |a: &Pair, b: &Pair| Pair::new(&a.first(), &b.second());
        Self {
            x: pair(&first.x, &second.x),
            y: pair(&first.y, &second.y),
            z: pair(&first.z, &second.z),
            t: pair(&first.t, &second.t),
        }
    }

    /// The same points in the other lanes.
    pub(super) fn swapped(&self) -> Self {
        Self { x: self.x.swapped(), y: self.y.swapped(), z: self.z.swapped(), t: self.t.swapped() }
    }

    pub(super) fn addends(&self) -> Addends {
        let half = Pair::both(&HALF);
        Addends {
            sum: self.y.add(&self.x).mul(&half),
            difference: self.y.sub(&self.x).mul(&half),
            z: self.z,
            dt: self.t.mul(&Pair::both(&D)),
        }
    }

    pub(super) fn add(&self, other: &Addends) -> Self {
        let z = self.z.mul(&other.z);
        self.add_with_z(&z, &other.sum, &other.difference, &other.dt)
    }

    /// Adds the first addend to the first point and the second to the second, or subtracts it where
    /// the flag is true.
    #[inline(always)]
    pub(super) fn add_affine(&self, first: (&Addend, bool), second: (&Addend, bool)) -> Self {
        let (a, b) = (first.0.in_order(first.1), second.0.in_order(second.1));
        let dt = Pair::new(&first.0.dt, &second.0.dt).negated_where(first.1, second.1);
        self.add_with_z(&self.z, &Pair::new(a.0, b.0), &Pair::new(a.1, b.1), &dt)
    }

    /// `z` is Z₁·Z₂. In limbs of tight elements, `dt` and the others can have twice those.
    #[inline(always)]
    fn add_with_z(&self, z: &Pair, sum: &Pair, difference: &Pair, dt: &Pair) -> Self {
        // the limbs of e and g are twice and those of f and h three times those of tight elements,
        // so each product has a factor of the former kind
        let minus_a = self.x.sub(&self.y).mul(difference);
        let b = self.y.add(&self.x).mul(sum);
        let c = self.t.mul(dt);
        let (e, f) = (b.add(&minus_a), z.sub(&c));
        let (g, h) = (z.add(&c), b.sub(&minus_a));
        Self { x: f.mul(&e), y: h.mul(&g), z: f.mul(&g), t: h.mul(&e) }
    }

    /// The encoding of the sum of both points (RFC 8032, section 5.1.2).
    pub(super) fn encoded_sum(&self) -> [u8; 32] {
        let sum = self.add(&self.swapped().addends());
        let inverse = sum.z.first().inverse();
        let affine = Pair::new(&sum.x.first(), &sum.y.first()).mul(&Pair::both(&inverse));
        let mut bytes = affine.second().to_bytes();
        bytes[31] |= affine.first().to_bytes()[0] << 7;
        bytes
    }
}

impl Addend {
    pub(super) const IDENTITY: Self = Self { sum: HALF, difference: HALF, dt: Element::ZERO };

    /// The sum and the difference of this point or its negative.
    #[inline(always)]
    fn in_order(&self, negative: bool) -> (&Element, &Element) {
        match negative {
            false => (&self.sum, &self.difference),
            true => (&self.difference, &self.sum),
        }
    }

    /// Appends the first and the second point of each in the form in which they are added. All of
    /// them share one inversion (Montgomery 1987, "Speeding the Pollard and elliptic curve
    /// methods of factorization", section 10.3.1).
    pub(super) fn append_all(addends: &mut Vec<Self>, points: &[Points]) {
        let mut product = Pair::both(&Element::ONE);
        let mut before = Vec::with_capacity(points.len());
        for points in points {
            before.push(product);
            product = product.mul(&points.z);
        }
        let start = addends.len();
        addends.resize(start + 2 * points.len(), Self::IDENTITY);
        // 1 / (2·product)
        let mut rest = product.inverses().mul(&Pair::both(&HALF));
        let places = addends[start..].chunks_exact_mut(2);
        for ((points, before), place) in points.iter().zip(before).zip(places).rev() {
            let half = rest.mul(&before);
            rest = rest.mul(&points.z);
            let sum = points.y.add(&points.x).mul(&half);
            let difference = points.y.sub(&points.x).mul(&half);
            // x = sum - difference, y = sum + difference
            let xy = sum.sub(&difference).mul(&sum.add(&difference));
            let dt = xy.mul(&Pair::both(&D));
            place[0] = Self { sum: sum.first(), difference: difference.first(), dt: dt.first() };
            place[1] = Self { sum: sum.second(), difference: difference.second(), dt: dt.second() };
        }
    }
}

/// 1/2 = 2^254 - 9.
const HALF: Element = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xf7;
    bytes[31] = 0x3f;
    Element::from_bytes(&bytes)
};

/// The curve's coefficient d = -121665/121666.
const D: Element = Element::from_bytes(&[
    0xa3, 0x78, 0x59, 0x13, 0xca, 0x4d, 0xeb, 0x75, 0xab, 0xd8, 0x41, 0x41, 0x4d, 0x0a, 0x70, 0x00,
    0x98, 0xe8, 0x79, 0x77, 0x79, 0x40, 0xc7, 0x8c, 0x73, 0xfe, 0x6f, 0x2b, 0xee, 0x6c, 0x03, 0x52,
]);

/// The base point's coordinates.
const BASE_X: Element = Element::from_bytes(&[
    0x1a, 0xd5, 0x25, 0x8f, 0x60, 0x2d, 0x56, 0xc9, 0xb2, 0xa7, 0x25, 0x95, 0x60, 0xc7, 0x2c, 0x69,
    0x5c, 0xdc, 0xd6, 0xfd, 0x31, 0xe2, 0xa4, 0xc0, 0xfe, 0x53, 0x6e, 0xcd, 0xd3, 0x36, 0x69, 0x21,
]);
const BASE_Y: Element = Element::from_bytes(&{
    let mut bytes = [0x66; 32];
    bytes[0] = 0x58;
    bytes
});

#[cfg(test)]
mod tests {
    use curve25519_dalek::Scalar;
    use curve25519_dalek::constants::EIGHT_TORSION;

    use super::*;

    impl Addend {
        pub(in super::super) fn assert_is(&self, point: &EdwardsPoint) {
            let [sum, difference, dt, d] =
                [self.sum, self.difference, self.dt, D].map(|element| Pair::both(&element));
            let (x, y) = (sum.sub(&difference), sum.add(&difference));
            let one = Pair::both(&Element::ONE);
            let [x, y] = [x.mul(&one), y.mul(&one)];
            let mut encoded = y.first().to_bytes();
            encoded[31] |= x.first().to_bytes()[0] << 7;
            assert_eq!(encoded, point.compress().to_bytes());
            assert_eq!(dt.first().to_bytes(), x.mul(&y).mul(&d).first().to_bytes());
        }
    }

    /// All of small order, and some of large order with and without a component of small order.
    fn points() -> Vec<EdwardsPoint> {
        let mut points = EIGHT_TORSION.to_vec();
        for number in [1u64, 2, 3, 0x1234_5678_9abc_def1] {
            let point = ED25519_BASEPOINT_POINT * Scalar::from(number);
            points.extend([point, -point]);
            points.extend([point + EIGHT_TORSION[1], EIGHT_TORSION[4] - point]);
        }
        points
    }

    fn affine(points: &Points) -> [Addend; 2] {
        let mut addends = Vec::new();
        Addend::append_all(&mut addends, &[*points]);
        addends.try_into().ok().expect("two points")
    }

    #[test]
    fn points_have_the_coordinates_of_their_encodings() {
        for point in points() {
            affine(&Points::both(&point)).iter().for_each(|addend| addend.assert_is(&point));
        }
        Addend::IDENTITY.assert_is(&EIGHT_TORSION[0]);
    }

    #[test]
    fn sums_hold_for_equal_and_opposite_points_and_those_of_small_order() {
        for a in points() {
            for b in points() {
                let pair = Points::of(&Points::both(&a), &Points::both(&b));
                let by_addends = affine(&pair.add(&pair.swapped().addends()));
                by_addends.iter().for_each(|sum| sum.assert_is(&(a + b)));
                assert_eq!(pair.encoded_sum(), (a + b).compress().to_bytes());
                let [own_a, own_b] = affine(&pair);
                for (first, second) in [(false, true), (true, false)] {
                    // b to a and a to b, with either sign
                    let sums = affine(&pair.add_affine((&own_b, first), (&own_a, second)));
                    sums[0].assert_is(&if first { a - b } else { a + b });
                    sums[1].assert_is(&if second { b - a } else { b + a });
                }
            }
        }
    }
}
