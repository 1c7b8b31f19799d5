//! Compares verification, with each kind of tables and without, with ed25519-dalek's
//! `verify_strict`: on valid signatures, and on those that an adversarial signer computes with the
//! private key.
//!
//! `BETTER_AUTH_EDGE_CASES` sets the number of cases; the default is 3,000.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;

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
                key.verifies_by(sum, &message, &signature)
            });
            assert_eq!(verdict, holds, "{:02x?} {message:02x?} {signature:02x?}", signer.public);
            assert_eq!(verdict, key.verifies(&message, &signature));
            accepted += usize::from(verdict);
        }
    }
    assert!(accepted > rounds * CASES_PER_KEY / 5, "{accepted}");
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

/// Enough cases to justify the cost of a table.
const CASES_PER_KEY: usize = 100;

/// The public key. Depends on `round`: with tables of one size from the first use, with tables
/// after some uses, or without tables.
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
