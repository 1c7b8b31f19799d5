//! Signatures that an adversarial signer computes with the private key, each with the verdict of
//! the strictest rules. The tests of other hosts include this file.

use std::sync::LazyLock;

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::{Identity, IsIdentity};
use curve25519_dalek::{EdwardsPoint, Scalar};
use sha2::{Digest, Sha512};

/// The number of cases of a long test.
pub(crate) fn case_count() -> usize {
    std::env::var("BETTER_AUTH_EDGE_CASES").map_or(3_000, |count| count.parse().unwrap())
}

/// A signer with a private key, whose public key can have a component of small order.
pub(crate) struct Signer {
    pub(crate) public: [u8; 32],
    private: Scalar,
    torsion: EdwardsPoint,
}

/// A message, its signature and the expected verdict.
pub(crate) struct Case {
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) holds: bool,
}

impl Signer {
    pub(crate) fn new(random: &mut Random, mixed: bool) -> Self {
        let private = random.scalar();
        let torsion = if mixed { random.torsion() } else { EdwardsPoint::identity() };
        let public = (ED25519_BASEPOINT_POINT * private + torsion).compress().to_bytes();
        Self { public, private, torsion }
    }

    pub(crate) fn case(&self, random: &mut Random) -> Case {
        let honest = |random: &mut _| self.attempt(&Nonce::honest(random), 50, random);
        match random.below(12) {
            0..4 => honest(random),
            4 => self.attempt(&Nonce::mixed(random), 50, random),
            5 => self.attempt(&Nonce::mixed(random), 1, random),
            6 => self.attempt(&Nonce::small(random), 50, random),
            7 => honest(random).with_a_bit_flipped(random),
            8 => honest(random).with_other_s(random),
            9 => honest(random).with_other_r(random),
            10 => honest(random).with_other_length(random),
            _ => self.garbage(random),
        }
    }

    /// A signature with this nonce. S cancels the components of large order. Those of small order
    /// cancel for about one message in eight, so this tries up to `tries` messages.
    fn attempt(&self, nonce: &Nonce, mut tries: usize, random: &mut Random) -> Case {
        loop {
            let message = random.message();
            let hash = Sha512::new().chain_update(nonce.encoding).chain_update(self.public);
            let hash = hash.chain_update(&message).finalize();
            let k = Scalar::from_bytes_mod_order_wide(&hash.into());
            let equal = (nonce.torsion + self.torsion * k).is_identity();
            tries -= 1;
            if equal || tries == 0 || self.torsion.is_identity() {
                let s = nonce.scalar + k * self.private;
                let signature = [nonce.encoding, s.to_bytes()].concat();
                return Case { message, signature, holds: equal && nonce.is_acceptable() };
            }
        }
    }

    fn garbage(&self, random: &mut Random) -> Case {
        let message = random.message();
        let r = match random.below(3) {
            0 => BOUNDARY_ENCODINGS[random.below(BOUNDARY_ENCODINGS.len())],
            1 => self.public,
            _ => random.bytes(),
        };
        let s = match random.below(3) {
            0 => [0; 32],
            1 => random.scalar().to_bytes(),
            _ => random.bytes(),
        };
        Case { message, signature: [r, s].concat(), holds: false }
    }
}

/// R = scalar · B + torsion, in a canonical or another encoding.
struct Nonce {
    scalar: Scalar,
    torsion: EdwardsPoint,
    encoding: [u8; 32],
}

impl Nonce {
    fn honest(random: &mut Random) -> Self {
        Self::new(random.scalar(), EdwardsPoint::identity())
    }

    fn mixed(random: &mut Random) -> Self {
        Self::new(random.scalar(), random.torsion())
    }

    /// A nonce of small order; half of them have a non-canonical encoding.
    fn small(random: &mut Random) -> Self {
        let canonical = Self::new(Scalar::ZERO, random.torsion());
        let (torsion, encoding) =
            NON_CANONICAL_SMALL_ORDER[random.below(NON_CANONICAL_SMALL_ORDER.len())];
        match random.below(2) {
            0 => canonical,
            _ => Self { torsion, encoding, ..canonical },
        }
    }

    fn new(scalar: Scalar, torsion: EdwardsPoint) -> Self {
        let encoding = (ED25519_BASEPOINT_POINT * scalar + torsion).compress().to_bytes();
        Self { scalar, torsion, encoding }
    }

    fn is_acceptable(&self) -> bool {
        self.scalar != Scalar::ZERO && is_canonical(&self.encoding)
    }
}

impl Case {
    fn with_a_bit_flipped(mut self, random: &mut Random) -> Self {
        let bit = random.below((self.message.len() + 64) * 8);
        let mut all = self.signature.iter_mut().chain(&mut self.message);
        *all.nth(bit / 8).unwrap() ^= 1 << (bit % 8);
        Self { holds: false, ..self }
    }

    fn with_other_s(mut self, random: &mut Random) -> Self {
        let s: [u8; 32] = self.signature[32..].try_into().unwrap();
        let scalar = Scalar::from_canonical_bytes(s).unwrap();
        let other = match random.below(6) {
            0..2 => plus_order(s, 1 + random.below(14)),
            2 => [0; 32],
            3 => [ORDER, [0xff; 32], [1; 32]][random.below(3)],
            4 => (-scalar).to_bytes(),
            _ => (scalar + Scalar::ONE).to_bytes(),
        };
        self.signature[32..].copy_from_slice(&other);
        Self { holds: false, ..self }
    }

    fn with_other_r(mut self, random: &mut Random) -> Self {
        let r = self.signature[..32].try_into().unwrap();
        let point = decode(&r).unwrap();
        let other = match random.below(4) {
            0 => -point,
            1 => point + EIGHT_TORSION[1 + random.below(7)],
            2 => point + ED25519_BASEPOINT_POINT,
            _ => random.torsion(),
        };
        self.signature[..32].copy_from_slice(other.compress().as_bytes());
        Self { holds: false, ..self }
    }

    fn with_other_length(mut self, random: &mut Random) -> Self {
        match random.below(2) {
            0 => self.signature.truncate(random.below(64)),
            _ => self.signature.resize(65 + random.below(64), 0),
        }
        Self { holds: false, ..self }
    }
}

/// The group order L, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// `number` + `times` · L, which is less than 2^256 for up to 14 times.
fn plus_order(mut number: [u8; 32], times: usize) -> [u8; 32] {
    for _ in 0..times {
        let mut carry = 0;
        for (byte, order) in number.iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(order);
            *byte = carry as u8;
            carry >>= 8;
        }
        assert_eq!(carry, 0);
    }
    number
}

/// Encodings whose first and last bytes are like those of p or 1, with either sign. They include
/// all non-canonical encodings and all of small order: four of these are added separately.
pub(crate) static BOUNDARY_ENCODINGS: LazyLock<Vec<[u8; 32]>> = LazyLock::new(|| {
    let mut encodings = EIGHT_TORSION.map(|point| point.compress().to_bytes()).to_vec();
    for low in 0..=u8::MAX {
        for (byte, top) in [(0, 0), (0, 0x80), (0xff, 0x7f), (0xff, 0xff)] {
            let mut encoding = [byte; 32];
            (encoding[0], encoding[31]) = (low, top);
            encodings.push(encoding);
        }
    }
    encodings
});

/// The points of small order with their non-canonical encodings.
pub(crate) static NON_CANONICAL_SMALL_ORDER: LazyLock<Vec<(EdwardsPoint, [u8; 32])>> =
    LazyLock::new(|| {
        let non_canonical = BOUNDARY_ENCODINGS.iter().filter(|bytes| !is_canonical(bytes));
        let decoded = non_canonical.filter_map(|bytes| Some((decode(bytes)?, *bytes)));
        decoded.filter(|(point, _)| point.is_small_order()).collect()
    });

fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*bytes).decompress()
}

pub(crate) fn is_canonical(bytes: &[u8; 32]) -> bool {
    decode(bytes).is_some_and(|point| point.compress().to_bytes() == *bytes)
}

/// SplitMix64: each run has the same cases, and a longer run adds more.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        self.many(32).try_into().unwrap()
    }

    fn many(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    pub(crate) fn scalar(&mut self) -> Scalar {
        Scalar::from_bytes_mod_order(self.bytes())
    }

    pub(crate) fn torsion(&mut self) -> EdwardsPoint {
        EIGHT_TORSION[self.below(8)]
    }

    /// Up to 2,000 bytes, mostly fewer than 200.
    fn message(&mut self) -> Vec<u8> {
        let end = [10, 200, 2_001][self.below(3)];
        let length = self.below(end);
        self.many(length)
    }
}
