//! Checks of ECDSA keys and signatures (FIPS 186-5; RFC 7518, section 3.4) before the host
//! verifies: the point lies on the curve, and r and s are in range.

use crypto_bigint::modular::{ConstMontyForm, ConstMontyParams};
use crypto_bigint::{U576, const_monty_params};

use crate::jose::{Curve, Unusable};

/// Checks that both coordinates are less than p and y² = x³ − 3x + b (SEC 1, section 3.2.2.1). The
/// cofactor is 1, so no point has a small order. The point at infinity has no coordinates.
pub(super) fn check_point(curve: Curve, x: &[u8], y: &[u8]) -> Result<(), Unusable> {
    let on_curve = match curve {
        Curve::P256 => is_on_p256(x, y),
        Curve::P384 => is_on_p384(x, y),
        Curve::P521 => is_on_p521(x, y),
    };
    match on_curve {
        true => Ok(()),
        false => Err(Unusable::WeakPoint),
    }
}

/// Whether the signature is r‖s with the curve's length, both from 1 to n − 1 (CVE-2022-21449).
pub(super) fn is_in_range(curve: Curve, signature: &[u8]) -> bool {
    let order = match curve {
        Curve::P256 => &P256_ORDER[..],
        Curve::P384 => &P384_ORDER[..],
        Curve::P521 => &P521_ORDER[..],
    };
    let in_range = |half: &[u8]| half.iter().any(|byte| *byte != 0) && half < order;
    signature.len() == 2 * curve.bytes() && signature.chunks(curve.bytes()).all(in_range)
}

/// Integers of the largest field. All three curves use them, so one function serves all.
macro_rules! curve {
    ($is_on:ident, $modulus:ident, $p:literal, $b:literal) => {
        const_monty_params!($modulus, U576, $p);

        fn $is_on(x: &[u8], y: &[u8]) -> bool {
            type Element = ConstMontyForm<$modulus, { U576::LIMBS }>;
            let element = |bytes: &[u8]| {
                let number = number(bytes);
                (number < *$modulus::PARAMS.modulus().as_ref()).then(|| Element::new(&number))
            };
            let b = Element::new(&U576::from_be_hex($b));
            match (element(x), element(y)) {
                (Some(x), Some(y)) => y * y == x * x * x - (x + x + x) + b,
                _ => false,
            }
        }
    };
}

fn number(bytes: &[u8]) -> U576 {
    let mut padded = [0; U576::BYTES];
    padded[U576::BYTES - bytes.len()..].copy_from_slice(bytes);
    U576::from_be_slice(&padded)
}

curve!(
    is_on_p256,
    P256Modulus,
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "000000000000000000000000000000000000000000000000000000000000000000000000000000005ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b"
);
curve!(
    is_on_p384,
    P384Modulus,
    "000000000000000000000000000000000000000000000000fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "000000000000000000000000000000000000000000000000b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef"
);
curve!(
    is_on_p521,
    P521Modulus,
    "00000000000001ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0000000000000051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00"
);

/// The orders n of the curves' groups, big-endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P384_ORDER: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
const P521_ORDER: [u8; 66] = [
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09,
    0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38,
    0x64, 0x09,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::base64url::decode;

    /// RFC 7515, appendix A.3.1; RFC 7520, section 3.1
    const P256: (&str, &str) = (
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    );
    const P521: (&str, &str) = (
        "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
        "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
    );

    #[test]
    fn points_on_the_curve_are_keys_and_others_are_rejected() {
        for (curve, (x, y)) in [(Curve::P256, P256), (Curve::P521, P521)] {
            let (x, mut y) = (decode(x).unwrap(), decode(y).unwrap());
            assert_eq!(check_point(curve, &x, &y), Ok(()));
            *y.last_mut().unwrap() ^= 1;
            assert_eq!(check_point(curve, &x, &y), Err(Unusable::WeakPoint));
            let zero = vec![0; curve.bytes()];
            assert_eq!(check_point(curve, &zero, &zero), Err(Unusable::WeakPoint));
            let too_large = vec![0xff; curve.bytes()];
            assert_eq!(check_point(curve, &too_large, &y), Err(Unusable::WeakPoint));
        }
    }

    #[test]
    fn the_generator_of_p384_is_on_the_curve() {
        let x = "qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3";
        let y = "NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f";
        let (x, y) = (decode(x).unwrap(), decode(y).unwrap());
        assert_eq!(check_point(Curve::P384, &x, &y), Ok(()));
        assert_eq!(check_point(Curve::P384, &y, &x), Err(Unusable::WeakPoint));
    }

    #[test]
    fn r_and_s_must_be_from_one_to_the_order_minus_one() {
        for (curve, order) in
            [(Curve::P256, &P256_ORDER[..]), (Curve::P384, &P384_ORDER), (Curve::P521, &P521_ORDER)]
        {
            let zero = vec![0; curve.bytes()];
            let mut one = zero.clone();
            *one.last_mut().unwrap() = 1;
            let mut largest = order.to_vec();
            *largest.last_mut().unwrap() -= 1;
            for (r, s, expected) in [
                (&one, &one, true),
                (&largest, &largest, true),
                (&zero, &one, false),
                (&one, &zero, false),
                (&zero, &zero, false),
                (&order.to_vec(), &one, false),
                (&one, &order.to_vec(), false),
            ] {
                assert_eq!(
                    is_in_range(curve, &[&r[..], s].concat()),
                    expected,
                    "{curve:?} {r:?} {s:?}"
                );
            }
            assert!(!is_in_range(curve, &one), "half a signature");
            assert!(!is_in_range(curve, &[&one[..], &one, &[1]].concat()));
            assert!(!is_in_range(curve, &[]));
        }
    }
}
