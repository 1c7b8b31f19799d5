//! The twelve kinds of signatures on which Ed25519 verifiers disagree: Chalkias, Garillot,
//! Nikolaenko, "Taming the many EdDSAs" (2020), table 5, known as ed25519-speccheck. This module
//! constructs the cases by the conditions of the table.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::traits::IsIdentity;
use curve25519_dalek::{EdwardsPoint, Scalar};
use sha2::{Digest, Sha512};

/// The encoding p + 1, a non-canonical one of y = 1, the identity.
const NON_CANONICAL: [u8; 32] = {
    let mut y = [0xff; 32];
    (y[0], y[31]) = (0xee, 0x7f);
    y
};

/// A point and its encoding, which need not be canonical.
#[derive(Clone, Copy)]
pub(crate) struct EncodedPoint {
    point: EdwardsPoint,
    pub(crate) bytes: [u8; 32],
}

impl EncodedPoint {
    fn new(point: EdwardsPoint) -> Self {
        Self { point, bytes: point.compress().to_bytes() }
    }

    fn canonical(self) -> Self {
        Self::new(self.point)
    }
}

pub(crate) struct Case {
    pub(crate) key: EncodedPoint,
    r: EncodedPoint,
    s: [u8; 32],
    pub(crate) message: Vec<u8>,
    /// The encodings of R and the key in the hash
    hashed: [[u8; 32]; 2],
}

impl Case {
    fn challenge(&self) -> Scalar {
        challenge(self.hashed, &self.message)
    }

    /// S·B − R − h·A, which both equations compare with the identity.
    pub(crate) fn difference(&self) -> EdwardsPoint {
        let s = Scalar::from_bytes_mod_order(self.s);
        B * s - self.r.point - self.key.point * self.challenge()
    }

    pub(crate) fn signature(&self) -> [u8; 64] {
        [self.r.bytes, self.s].concat().try_into().unwrap()
    }
}

fn challenge([r, key]: [[u8; 32]; 2], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// A signature with the private key `a` and the nonce `r`, whose points can have torsion. Signs the
/// first message for which the equation without cofactor holds, or does not, as `holds` requires.
fn sign(
    a: u64,
    key: EncodedPoint,
    r: u64,
    nonce: EncodedPoint,
    canonical_hash: bool,
    holds: bool,
) -> Case {
    let hashed = match canonical_hash {
        true => [nonce.canonical().bytes, key.canonical().bytes],
        false => [nonce.bytes, key.bytes],
    };
    (0u32..10_000)
        .map(|number| {
            let message = number.to_le_bytes().to_vec();
            let s = Scalar::from(r) + challenge(hashed, &message) * Scalar::from(a);
            Case { key, r: nonce, s: s.to_bytes(), message, hashed }
        })
        .find(|case| case.difference().is_identity() == holds)
        .expect("about one message in eight suffices")
}

/// The cases in the order of the table. The flags are whether the equation with cofactor holds, and
/// the one without.
pub(crate) fn cases() -> [(Case, bool, bool); 12] {
    let torsion = EIGHT_TORSION[1];
    let small = EncodedPoint::new(torsion);
    let identity = EncodedPoint { point: EIGHT_TORSION[0], bytes: NON_CANONICAL };
    let [key, nonce] = [7, 11].map(|n| EncodedPoint::new(B * Scalar::from(n as u64)));
    let [mixed_key, mixed_nonce] = [key, nonce].map(|p| EncodedPoint::new(p.point + torsion));
    let with_large_s = |times: u32| {
        let mut case = sign(7, key, 11, nonce, false, true);
        case.s = plus_order(case.s, times);
        case
    };
    [
        (sign(0, small, 0, small, false, true), true, true),
        (sign(0, small, 11, mixed_nonce, false, true), true, true),
        (sign(7, mixed_key, 0, small, false, true), true, true),
        (sign(7, mixed_key, 11, mixed_nonce, false, true), true, true),
        (sign(7, mixed_key, 11, mixed_nonce, false, false), true, false),
        (sign(7, mixed_key, 11, nonce, false, false), true, false),
        (with_large_s(1), true, true),
        (with_large_s(14), true, true),
        (sign(7, key, 0, identity, true, true), true, true),
        (sign(7, key, 0, identity, false, true), true, true),
        (sign(0, identity, 11, nonce, true, true), true, true),
        (sign(0, identity, 11, nonce, false, true), true, true),
    ]
}

/// `number` plus `times` times the group order 2^252 + 27742317777372353535851937790883648493.
fn plus_order(number: [u8; 32], times: u32) -> [u8; 32] {
    let mut order = (-Scalar::ONE).to_bytes();
    order[0] += 1;
    let mut sum = number;
    for _ in 0..times {
        let mut carry = 0;
        for (digit, addend) in sum.iter_mut().zip(order) {
            carry += u16::from(*digit) + u16::from(addend);
            (*digit, carry) = (carry as u8, carry >> 8);
        }
        assert_eq!(carry, 0);
    }
    sum
}
