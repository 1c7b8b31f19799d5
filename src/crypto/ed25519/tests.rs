//! Compares verification, with each kind of tables and without, with ed25519-dalek's
//! `verify_strict`: on valid signatures, and on those that an adversarial signer computes with the
//! private key.
//!
//! `BETTER_AUTH_EDGE_CASES` sets the number of cases; the default is 3,000.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};

use super::cases::{
    BOUNDARY_ENCODINGS, Case, NON_CANONICAL_SMALL_ORDER, Random, Signer, case_count, is_canonical,
};
use super::digits::Window;
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
        let key = key(&signer, round);
        for _ in 0..CASES_PER_KEY {
            let Case { message, signature, holds } = signer.case(&mut random);
            let by_tables = key.verifies_at_once(&message, &signature);
            let alone = || key.verifies_without_tables(&message, &signature);
            let verdict = by_tables.unwrap_or_else(alone);
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

/// Elsewhere than in WebAssembly, only this test uses affine tables.
#[test]
fn verdicts_by_affine_tables_equal_those_of_verify_strict() {
    let mut random = Random(4);
    let windows = [4, 6].map(|bits| Window::new(bits).unwrap());
    let bases = windows.map(|window| affine::Table::new(&ED25519_BASEPOINT_POINT, window));
    let mut accepted = 0;
    let rounds = case_count() / 10 / CASES_PER_KEY;
    for round in 0..rounds {
        let signer = Signer::new(&mut random, round % 3 == 0);
        let key = key(&signer, 6);
        let index = usize::from(round % 10 == 9);
        let table = affine::Table::new(&-key.key.to_edwards(), windows[index]);
        for _ in 0..CASES_PER_KEY {
            let Case { message, signature, holds } = signer.case(&mut random);
            let verdict = Signature::from_slice(&signature).is_ok_and(|signature| {
                let sum = |s: &_, k: &_| table.encoded_sum(k, &bases[index], s);
                is_canonical_and_strong(signature.r_bytes())
                    && key.verifies_by(sum, &message, &signature)
            });
            assert_eq!(verdict, holds, "{:02x?} {message:02x?} {signature:02x?}", signer.public);
            assert_eq!(key.verifies_without_tables(&message, &signature), verdict);
            accepted += usize::from(verdict);
        }
    }
    assert!(accepted > rounds * CASES_PER_KEY / 5, "{accepted}");
}

#[test]
fn a_host_that_checks_only_the_equation_has_the_verdicts_of_verify_strict() {
    let mut random = Random(4);
    let without_tables = TableSettings { max_keys: 0, ..TableSettings::default() };
    let (mut accepted, mut asked, mut rejected) = (0, 0, 0);
    for round in 0..case_count().div_ceil(CASES_PER_KEY) {
        let signer = Signer::new(&mut random, round % 3 == 0);
        let key = Key::with_tables(&signer.public, without_tables, pool()).unwrap();
        for _ in 0..CASES_PER_KEY {
            let Case { message, signature, holds } = signer.case(&mut random);
            let equation = || Equation::new(&signer.public, &message, &signature);
            let verdicts = match key.verifies_at_once(&message, &signature) {
                Some(verdict) => [verdict; 2],
                None => [equation().holds_for_encodings(), equation().holds_for_points()],
            };
            let context = || format!("{:02x?} {message:02x?} {signature:02x?}", signer.public);
            assert_eq!(verdicts, [holds; 2], "{}", context());
            match key.verifies_at_once(&message, &signature) {
                None if holds => accepted += 1,
                None => asked += 1,
                Some(_) => rejected += 1,
            }
        }
    }
    let tenth = (accepted + asked + rejected) / 10;
    assert!([accepted, asked, rejected].iter().all(|count| *count > tenth), "{accepted} {asked}");
}

#[test]
fn uses_count_towards_tables_although_another_verifier_decides() {
    let signer = Signer::new(&mut Random(5), false);
    let small = Tier { window: 4, after_uses: 3 };
    let settings = TableSettings { small, large: Tier { window: 0, after_uses: 0 }, max_keys: 1 };
    let key = Key::with_tables(&signer.public, settings, pool()).unwrap();
    let mut random = Random(6);
    let mut honest = || loop {
        let case = signer.case(&mut random);
        if case.holds {
            return case;
        }
    };
    let verdicts: Vec<_> = (0..6)
        .map(|_| honest())
        .map(|Case { message, signature, .. }| key.verifies_at_once(&message, &signature))
        .collect();
    // the fourth use builds the base point's table, and the fifth the key's
    assert_eq!(verdicts, [None, None, None, None, Some(true), Some(true)]);
}

#[test]
fn clones_share_their_tables() {
    let signer = Signer::new(&mut Random(3), false);
    let key = key(&signer, 0);
    let clone = key.clone();
    assert!(clone.tables.for_use().is_some());
    assert!(Arc::ptr_eq(&key.tables, &clone.tables));
    fn across_threads<T: Send + Sync>(_: T) {}
    across_threads(key);
}

/// What verifiers without further checks compute: \[S\]B - \[k\]A, to be compared with R.
struct Equation {
    sum: EdwardsPoint,
    r: [u8; 32],
}

impl Equation {
    /// Reduces S, as lax verifiers do.
    fn new(public: &[u8; 32], message: &[u8], signature: &[u8]) -> Self {
        let (r, s) = signature.split_at(32);
        let hash = Sha512::new().chain_update(r).chain_update(public).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let s = Scalar::from_bytes_mod_order(s.try_into().unwrap());
        let a = CompressedEdwardsY(*public).decompress().unwrap();
        Self { sum: ED25519_BASEPOINT_POINT * s - a * k, r: r.try_into().unwrap() }
    }

    /// As RFC 8032 allows and BoringSSL and OpenSSL do.
    fn holds_for_encodings(&self) -> bool {
        self.sum.compress().to_bytes() == self.r
    }

    fn holds_for_points(&self) -> bool {
        CompressedEdwardsY(self.r).decompress() == Some(self.sum)
    }
}

fn pool() -> &'static Pool {
    Box::leak(Box::new(Pool::new()))
}

/// Enough cases to justify the cost of a table.
const CASES_PER_KEY: usize = 100;

/// A signer's public key. Depends on `round`: with tables of one size from the first use, with
/// tables after some uses, or without tables.
fn key(signer: &Signer, round: usize) -> Key {
    static POOL: Pool = Pool::new();
    let tier = |window, after_uses| Tier { window, after_uses };
    let settings = |small, large| TableSettings { small, large, max_keys: u32::MAX };
    let at_once = |window| settings(tier(0, 0), tier(window, 0));
    let settings = match round % 7 {
        0..5 => at_once(4 + (round % 7) as u32),
        5 => settings(tier(5, 10), tier(8, 50)),
        _ => TableSettings { max_keys: 0, ..TableSettings::default() },
    };
    let key = Key::with_tables(&signer.public, settings, &POOL).unwrap();
    // the first use can build the base point's table, and the second the key's
    while round % 7 < 5 && key.tables.for_use().is_none() {}
    key
}
