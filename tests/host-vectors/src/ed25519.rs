//! Compares the core's verdicts, by tables of each size, with ed25519-dalek's `verify_strict`. Only
//! WebAssembly has the vectors of which the tables are made.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::crypto::{TableSettings, Tier};
use better_auth_edge::host::Host;
use better_auth_edge::jose::Algorithm;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};

use crate::vectors::keys::verifying_key;
use crate::vectors::webcrypto::cases::{Case, Random, Signer};

/// Verifies this number of cases, and returns the numbers of accepted and rejected ones, and the
/// cases with another verdict than expected.
pub(crate) async fn compare(seed: u64, count: usize, host: &impl Host) -> Value {
    let mut random = Random(seed);
    let (mut accepted, mut rejected, mut differences) = (0, 0, vec![]);
    for round in 0..count.div_ceil(CASES_PER_KEY) {
        let signer = Signer::new(&mut random, round % 3 == 0);
        let off = Tier { window: 0, after_uses: 0 };
        let large = Tier { window: 4 + (round % 5) as u32, after_uses: 0 };
        TableSettings { small: off, large, max_keys: u32::MAX }.apply();
        let x = URL_SAFE_NO_PAD.encode(signer.public);
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x}).to_string();
        let key = verifying_key(&jwk).expect("a key of large order");
        let strict = VerifyingKey::from_bytes(&signer.public).expect("a point");
        for _ in 0..CASES_PER_KEY {
            let Case { message, signature, holds } = signer.case(&mut random);
            let verdict = key.verifies(host, Algorithm::EdDsa, &message, &signature).await;
            let expected = Signature::from_slice(&signature)
                .is_ok_and(|signature| strict.verify_strict(&message, &signature).is_ok());
            if (verdict, verdict) != (expected, holds) {
                let case = format!("{:02x?} {message:02x?} {signature:02x?}", signer.public);
                differences.push(case);
            }
            match verdict {
                true => accepted += 1,
                false => rejected += 1,
            }
        }
    }
    json!({"accepted": accepted, "rejected": rejected, "differences": differences})
}

/// Enough cases to justify the cost of a table.
const CASES_PER_KEY: usize = 100;
