//! RSA and ECDSA by RustCrypto, for native hosts: tests, and Rust programs that are not Workers.

use crate::jose::base64url::decode;
use crate::jose::{Algorithm, Object, PublicKey};

/// Implements [`SignatureVerifier::verify`](super::SignatureVerifier::verify).
pub fn verify(key: &PublicKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    verified(key, algorithm, message, signature).is_some()
}

fn verified(key: &PublicKey, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Option<()> {
    let jwk = Object::parse(key.jwk().as_bytes()).ok()?;
    let number = |name| decode(jwk.member(name)?.as_str()?);
    match algorithm {
        Algorithm::Es256 => {
            use p256::ecdsa::signature::Verifier;
            let point = uncompressed(number("x")?, number("y")?);
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
            key.verify(message, &p256::ecdsa::Signature::from_slice(signature).ok()?).ok()
        }
        Algorithm::Es384 => {
            use p384::ecdsa::signature::Verifier;
            let point = uncompressed(number("x")?, number("y")?);
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
            key.verify(message, &p384::ecdsa::Signature::from_slice(signature).ok()?).ok()
        }
        Algorithm::Es512 => {
            use p521::ecdsa::signature::Verifier;
            let point = uncompressed(number("x")?, number("y")?);
            let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
            key.verify(message, &p521::ecdsa::Signature::from_slice(signature).ok()?).ok()
        }
        _ => rsa_verified(&number("n")?, &number("e")?, algorithm, message, signature),
    }
}

fn rsa_verified(
    n: &[u8],
    e: &[u8],
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Option<()> {
    use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
    use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPublicKey};

    let number = BigUint::from_bytes_be;
    let key = RsaPublicKey::new_with_max_size(number(n), number(e), n.len() * 8).ok()?;
    macro_rules! with {
        ($hash:ty, $padding:expr) => {
            key.verify($padding, &<$hash>::digest(message), signature).ok()
        };
    }
    match algorithm {
        Algorithm::Rs256 => with!(Sha256, Pkcs1v15Sign::new::<Sha256>()),
        Algorithm::Rs384 => with!(Sha384, Pkcs1v15Sign::new::<Sha384>()),
        Algorithm::Rs512 => with!(Sha512, Pkcs1v15Sign::new::<Sha512>()),
        Algorithm::Ps256 => with!(Sha256, Pss::new_with_salt::<Sha256>(32)),
        Algorithm::Ps384 => with!(Sha384, Pss::new_with_salt::<Sha384>(48)),
        Algorithm::Ps512 => with!(Sha512, Pss::new_with_salt::<Sha512>(64)),
        _ => None,
    }
}

/// SEC 1, section 2.3.3.
fn uncompressed(x: Vec<u8>, y: Vec<u8>) -> Vec<u8> {
    [vec![4], x, y].concat()
}
