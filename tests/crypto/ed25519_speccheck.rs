//! The cases of ed25519-speccheck, whose equations this module checks, with tables and without.

use crate::common::TestHost;
use crate::vectors::ed25519_speccheck::cases;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::crypto::VerifyingKey;
use better_auth_edge::jose::{Algorithm, Jwk, Object};
use curve25519_dalek::traits::IsIdentity;

/// More verifications than a key needs to get all its tables.
const USES: usize = 300;

#[test]
fn only_the_fourth_of_the_twelve_cases_is_accepted_with_and_without_tables() {
    let host = TestHost::new();
    for (number, (case, cofactored, cofactorless)) in cases().into_iter().enumerate() {
        let difference = case.difference();
        assert_eq!(difference.mul_by_cofactor().is_identity(), cofactored, "{number}");
        assert_eq!(difference.is_identity(), cofactorless, "{number}");

        let signature = case.signature();
        let strict = ed25519_dalek::VerifyingKey::from_bytes(&case.key.bytes)
            .is_ok_and(|key| key.verify_strict(&case.message, &signature.into()).is_ok());
        assert_eq!(strict, number == 3, "{number}");
        let x = URL_SAFE_NO_PAD.encode(case.key.bytes);
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
        let jwk = Jwk::from_object(&Object::parse(jwk.as_bytes()).unwrap()).unwrap();
        let Ok(key) = VerifyingKey::from_jwk(&jwk) else {
            assert!(matches!(number, 0 | 1 | 10 | 11), "{number}: the key is strong");
            continue;
        };
        for _ in 0..USES {
            let verified =
                host.run(key.verifies(&host, Algorithm::EdDsa, &case.message, &signature));
            assert_eq!(verified, strict, "{number}");
        }
    }
}
