//! Compares verification, with each kind of tables and without, with ed25519-dalek's
//! `verify_strict`: on valid signatures, and on those that an adversarial signer computes with the
//! private key.
//!
//! `BETTER_AUTH_EDGE_CASES` sets the number of cases; the default is 3,000.

use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::traits::{Identity, IsIdentity};

use super::tables::Tier;
use super::*;

#[test]
fn weak_and_non_canonical_points_are_rejected() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut order_two = [0xff; 32];
    order_two[0] = 0xec;
    order_two[31] = 0x7f;
    // y = p + 3, the second encoding of y = 3, whose order is large
    let mut non_canonical = [0xff; 32];
    non_canonical[0] = 0xf0;
    non_canonical[31] = 0x7f;
    let mut off_the_curve = [0; 32];
    off_the_curve[0] = 2;
    for bytes in [[0; 32], identity, order_two, non_canonical, off_the_curve] {
        assert_eq!(Key::from_bytes(&bytes).err(), Some(Unusable::WeakPoint), "{bytes:02x?}");
    }
    let mut three = [0; 32];
    three[0] = 3;
    assert!(Key::from_bytes(&three).is_ok());
}

#[test]
fn only_canonical_encodings_of_points_of_large_order_are_keys() {
    let mut random = Random(1);
    let mut encodings = BOUNDARY_ENCODINGS.clone();
    encodings.extend((0..case_count() / 4).map(|_| random.bytes()));
    assert_eq!(NON_CANONICAL_SMALL_ORDER.len(), 6);
    for bytes in encodings {
        let point = VerifyingKey::from_bytes(&bytes).ok();
        let strong = point.filter(|key| !key.is_weak() && is_canonical(&bytes));
        assert_eq!(Key::from_bytes(&bytes).is_ok(), strong.is_some(), "{bytes:02x?}");
    }
}

#[test]
fn verdicts_equal_those_of_verify_strict() {
    let mut random = Random(2);
    let (mut accepted, mut rejected) = (0, 0);
    for round in 0..case_count().div_ceil(CASES_PER_KEY) {
        let signer = Signer::new(&mut random, round % 3 == 0);
        let strict = VerifyingKey::from_bytes(&signer.public).unwrap();
        let key = signer.key(round);
        for _ in 0..CASES_PER_KEY {
            let Case { message, signature, holds } = signer.case(&mut random);
            let verdict = key.verifies(&message, &signature);
            let expected = Signature::from_slice(&signature)
                .is_ok_and(|signature| strict.verify_strict(&message, &signature).is_ok());
            let context = || format!("{:02x?} {message:02x?} {signature:02x?}", signer.public);
            assert_eq!((verdict, verdict), (expected, holds), "{}", context());
            match verdict {
                true => accepted += 1,
                false => rejected += 1,
            }
        }
    }
    // both verdicts must be frequent enough to compare
    let fifth = (accepted + rejected) / 5;
    assert!(accepted > fifth && rejected > fifth, "{accepted} and {rejected}");
}

#[test]
fn clones_share_their_tables() {
    let signer = Signer::new(&mut Random(3), false);
    let key = signer.key(0);
    let clone = key.clone();
    assert!(clone.tables.for_use().is_some());
    assert!(Arc::ptr_eq(&key.tables, &clone.tables));
    fn across_threads<T: Send + Sync>(_: T) {}
    across_threads(key);
}

/// The number of cases of a long test.
fn case_count() -> usize {
    std::env::var("BETTER_AUTH_EDGE_CASES").map_or(3_000, |count| count.parse().unwrap())
}

/// Enough cases to justify the cost of a table.
const CASES_PER_KEY: usize = 100;

/// A signer with a private key, whose public key can have a component of small order.
struct Signer {
    private: Scalar,
    torsion: EdwardsPoint,
    public: [u8; 32],
}

/// A message, its signature and the expected verdict.
struct Case {
    message: Vec<u8>,
    signature: Vec<u8>,
    holds: bool,
}

impl Signer {
    fn new(random: &mut Random, mixed: bool) -> Self {
        let private = random.scalar();
        let torsion = if mixed { random.torsion() } else { EdwardsPoint::identity() };
        let public = (ED25519_BASEPOINT_POINT * private + torsion).compress().to_bytes();
        Self { private, torsion, public }
    }

    /// The public key. Depends on `round`: with tables of one size from the first use, with tables
    /// after some uses, or without tables.
    fn key(&self, round: usize) -> Key {
        static POOL: Pool = Pool::new();
        let tier = |window, after_uses| Tier { window, after_uses };
        let settings = |small, large| TableSettings { small, large, max_keys: u32::MAX };
        let at_once = |window| settings(tier(0, 0), tier(window, 0));
        let settings = match round % 7 {
            0..5 => at_once(4 + (round % 7) as u32),
            5 => settings(tier(5, 10), tier(8, 50)),
            _ => TableSettings { max_keys: 0, ..TableSettings::default() },
        };
        let key = Key::with_tables(&self.public, settings, &POOL).unwrap();
        // the first use can build the base point's table, and the second the key's
        while round % 7 < 5 && key.tables.for_use().is_none() {}
        key
    }

    fn case(&self, random: &mut Random) -> Case {
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

/// Encodings whose first and last bytes are like those of p or 1, with either sign. They include all
/// non-canonical encodings and all of small order: four of these are added separately.
static BOUNDARY_ENCODINGS: LazyLock<Vec<[u8; 32]>> = LazyLock::new(|| {
    let mut encodings = SMALL_ORDER.to_vec();
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
static NON_CANONICAL_SMALL_ORDER: LazyLock<Vec<(EdwardsPoint, [u8; 32])>> = LazyLock::new(|| {
    let non_canonical = BOUNDARY_ENCODINGS.iter().filter(|bytes| !is_canonical(bytes));
    let decoded = non_canonical.filter_map(|bytes| Some((decode(bytes)?, *bytes)));
    decoded.filter(|(point, _)| point.is_small_order()).collect()
});

fn decode(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    curve25519_dalek::edwards::CompressedEdwardsY(*bytes).decompress()
}

fn is_canonical(bytes: &[u8; 32]) -> bool {
    decode(bytes).is_some_and(|point| point.compress().to_bytes() == *bytes)
}

/// SplitMix64: each run has the same cases, and a longer run adds more.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn bytes(&mut self) -> [u8; 32] {
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

    fn scalar(&mut self) -> Scalar {
        Scalar::from_bytes_mod_order(self.bytes())
    }

    fn torsion(&mut self) -> EdwardsPoint {
        EIGHT_TORSION[self.below(8)]
    }

    /// Up to 2,000 bytes, mostly fewer than 200.
    fn message(&mut self) -> Vec<u8> {
        let end = [10, 200, 2_001][self.below(3)];
        let length = self.below(end);
        self.many(length)
    }
}
