//! Checks of encoded points and scalars (RFC 8032, section 5.1) that need no arithmetic. Numbers
//! are little-endian.

/// Whether the encoding is canonical, and not that of a point of small order. It can be that of no
/// point.
///
/// An encoding is a y and the sign of x. It is canonical if y is less than p and, where x is zero,
/// the sign is not set. There the order is 1 or 2, so the order of y with either sign decides.
pub(super) fn is_canonical_and_strong(encoding: &[u8; 32]) -> bool {
    let mut y = *encoding;
    y[31] &= 0x7f;
    is_less(&y, &FIELD) && !SMALL_ORDER.contains(&y)
}

/// Whether a scalar is less than the order of the base point.
pub(super) fn is_below_order(scalar: &[u8; 32]) -> bool {
    is_less(scalar, &ORDER)
}

fn is_less(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// p = 2^255 - 19.
const FIELD: [u8; 32] = ends(0xed, 0xff, 0x7f);

/// The y of the eight points whose order divides the cofactor: those of order 1, 2, 4, 8 and 8. Two
/// points of order 4 and four of order 8 differ in the sign of x.
const SMALL_ORDER: [[u8; 32]; 5] = [
    ends(1, 0, 0),
    ends(0xec, 0xff, 0x7f),
    [0; 32],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// L = 2^252 + 27742317777372353535851937790883648493.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The bytes of a number: the lowest, all others, the highest.
const fn ends(lowest: u8, others: u8, highest: u8) -> [u8; 32] {
    let mut bytes = [others; 32];
    (bytes[0], bytes[31]) = (lowest, highest);
    bytes
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::Scalar;
    use curve25519_dalek::constants::EIGHT_TORSION;

    use super::*;

    #[test]
    fn the_points_of_small_order_are_those_of_the_torsion_group() {
        for point in EIGHT_TORSION {
            let mut y = point.compress().to_bytes();
            y[31] &= 0x7f;
            assert!(SMALL_ORDER.contains(&y), "{y:02x?}");
        }
        for y in SMALL_ORDER {
            let mut encodings = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes());
            assert!(encodings.any(|encoding| encoding == y), "{y:02x?}");
        }
    }

    #[test]
    fn scalars_are_below_the_order_as_the_library_says() {
        let mut order = (-Scalar::ONE).to_bytes();
        assert!(is_below_order(&order));
        order[0] += 1;
        assert_eq!(order, ORDER);
        let mut scalars = vec![[0; 32], [0xff; 32], order];
        for index in 0..32 {
            for byte in [order[index].wrapping_sub(1), order[index].wrapping_add(1), 0xff] {
                scalars.push(order);
                scalars.last_mut().unwrap()[index] = byte;
            }
        }
        for scalar in scalars {
            let canonical = Scalar::from_canonical_bytes(scalar).is_some();
            assert_eq!(is_below_order(&scalar), bool::from(canonical), "{scalar:02x?}");
        }
    }
}
