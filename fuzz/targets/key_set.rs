//! The JWK Set parser.
//!
//! Invariants:
//! - It does not panic.
//! - A document is a set exactly if it is an object with an array `keys`.
//! - An entry is a usable key exactly if the reference implementation says so: an Ed25519 point in
//!   canonical form and of large order, a point of its NIST curve, or an RSA modulus of 2048 bits
//!   or more; a key id that is a string; no private member.
//! - A key is selected only by its key id, for an algorithm that it has.
//! - A usable key verifies no forged signature.
//!
//! Input: a document.

#![no_main]

use better_auth_edge::crypto::VerifyingKey;
use better_auth_edge::jose::{Algorithm, JwkSet};
use better_auth_edge::keys::{KeySet, Selection, Wanted};
use better_auth_edge_fuzz::host::FixedHost;
use better_auth_edge_fuzz::json::Value;
use better_auth_edge_fuzz::keys::Usable;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let document = Value::parse_object(data);
    let entries = document.as_ref().and_then(|document| document.member("keys")?.as_array());
    match (JwkSet::parse(data), entries) {
        (Ok(set), Some(entries)) => check(&set, data, entries),
        (Err(_), None) => assert!(KeySet::parse(data).is_err()),
        (Ok(_), None) => panic!("accepted an invalid set"),
        (Err(_), Some(_)) => assert!(data.len() > JwkSet::MAX_BYTES, "rejected a valid set"),
    }
});

fn check(set: &JwkSet, document: &[u8], entries: &[Value]) {
    assert_eq!(set.entries().len(), entries.len());
    let mut expected = Vec::new();
    for (jwk, entry) in set.entries().iter().zip(entries) {
        let key = jwk.as_ref().map_err(|error| *error).and_then(VerifyingKey::from_jwk);
        match (key, Usable::parse(entry)) {
            (Ok(key), Some(usable)) => {
                check_key(&key, &usable);
                expected.push(usable);
            }
            (Err(_), None) => {}
            (Ok(_), None) => panic!("uses an unusable key: {entry:?}"),
            (Err(reason), Some(_)) => panic!("ignores a usable key: {reason:?}, {entry:?}"),
        }
    }
    let keys = KeySet::parse(document).expect("the document is a set");
    assert_eq!(keys.len(), expected.len());
    check_selection(&keys, &expected);
    let again = KeySet::parse_after(&keys, document).expect("the document is a set");
    assert_eq!(again.len(), expected.len());
    check_selection(&again, &expected);
}

fn check_key(key: &VerifyingKey, usable: &Usable) {
    assert_eq!(key.kid(), usable.kid.as_deref());
    for algorithm in ALGORITHMS {
        assert_eq!(key.fits(algorithm), usable.fits(algorithm.name()), "{algorithm}");
    }
    let host = FixedHost::at(0.0);
    for (algorithm, length) in
        [(Algorithm::EdDsa, 64), (Algorithm::Es256, 64), (Algorithm::Es512, 132)]
            .into_iter()
            .chain([(Algorithm::Rs256, 256), (Algorithm::Ps512, 256)])
    {
        for signature in [vec![0; length], vec![1; length], vec![1]] {
            let accepted = host.run(key.verifies(&host, algorithm, b"unsigned", &signature));
            assert!(!accepted, "{algorithm} accepted a forged signature");
        }
    }
}

fn check_selection(keys: &KeySet, expected: &[Usable]) {
    let kids: Vec<_> = expected.iter().map(|key| key.kid.as_deref()).take(8).collect();
    for kid in kids.into_iter().chain([None, Some(""), Some("absent")]) {
        for algorithm in ALGORITHMS {
            let matching = expected.iter().filter(|key| kid.is_none() || key.kid.as_deref() == kid);
            let fits = |key: &&Usable| key.fits(algorithm.name());
            let fitting = matching.clone().filter(fits).count();
            // for a token without a kid, keys without one come first
            let without_kid = matching.clone().filter(fits).filter(|key| key.kid.is_none()).count();
            let tried = if kid.is_none() && without_kid > 0 { without_kid } else { fitting };
            let wanted = Wanted { kid, algorithm, since: 0.0, plausible: true };
            match keys.select(&wanted) {
                Selection::Keys(found) => {
                    assert_eq!(found.len(), tried.min(4));
                    assert!(
                        kid.is_some() || without_kid > 0 || fitting == 1,
                        "selected one of several keys"
                    );
                    assert!(
                        without_kid == 0
                            || kid.is_some()
                            || found.iter().all(|key| key.kid().is_none())
                    );
                    assert!(found.iter().all(|key| key.fits(algorithm)));
                    assert!(found.iter().all(|key| kid.is_none() || key.kid() == kid));
                }
                Selection::Ambiguous => assert!(kid.is_none() && without_kid == 0 && fitting > 1),
                Selection::OtherAlgorithm => {
                    assert!(kid.is_some() && fitting == 0 && matching.count() > 0);
                }
                Selection::Unknown => assert_eq!(fitting, 0),
            }
        }
    }
}

const ALGORITHMS: [Algorithm; 13] = [
    Algorithm::EdDsa,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Ps256,
    Algorithm::Ps384,
    Algorithm::Ps512,
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Hs256,
    Algorithm::Hs384,
    Algorithm::Hs512,
];
