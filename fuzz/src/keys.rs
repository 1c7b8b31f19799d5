//! A second implementation of the rules for usable JWKs: the members, and whether the numbers are a
//! public key of a signer.

use rsa::BigUint;

use crate::base64url;
use crate::json::Value;

/// A key that the core must use.
#[derive(Debug, PartialEq)]
pub struct Usable {
    /// The key id
    pub kid: Option<String>,
    /// The names of the algorithms that it verifies
    pub algorithms: Vec<&'static str>,
}

impl Usable {
    /// Parses an entry. `None` if the core must ignore it.
    pub fn parse(entry: &Value) -> Option<Self> {
        let is_private = PRIVATE.iter().any(|name| entry.get(name).is_some());
        if is_private || !is_for_verifying(entry)? {
            return None;
        }
        let kid = optional_string(entry, "kid")?.map(str::to_owned);
        let mut algorithms = match optional_string(entry, "kty")?? {
            "OKP" => edwards(entry)?,
            "EC" => weierstrass(entry)?,
            "RSA" => rsa(entry)?,
            _ => return None,
        };
        if let Some(own) = optional_string(entry, "alg")? {
            let own = if own == "Ed25519" { "EdDSA" } else { own };
            algorithms.retain(|name| *name == own);
        }
        (!algorithms.is_empty()).then_some(Self { kid, algorithms })
    }

    /// Whether the key verifies that algorithm.
    pub fn fits(&self, algorithm: &str) -> bool {
        self.algorithms.contains(&algorithm)
    }
}

const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

fn is_for_verifying(entry: &Value) -> Option<bool> {
    let usage = optional_string(entry, "use")?.is_none_or(|usage| usage == "sig");
    let Some(operations) = entry.member("key_ops") else { return Some(usage) };
    let names: Vec<_> = operations.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    Some(usage && distinct.len() == names.len() && names.contains(&"verify"))
}

/// A canonical point of edwards25519 (RFC 8032, section 5.1.3) of large order.
fn edwards(entry: &Value) -> Option<Vec<&'static str>> {
    let mut bytes = number(entry, "x")?;
    if optional_string(entry, "crv")?? != "Ed25519" || bytes.len() != 32 {
        return None;
    }
    bytes.reverse();
    bytes[0] &= 0x7f;
    let one = BigUint::from(1u8);
    let p = (&one << 255) - BigUint::from(19u8);
    let y = BigUint::from_bytes_be(&bytes);
    let small = SMALL_ORDER.map(|hex| BigUint::parse_bytes(hex, 16));
    if y >= p || small.contains(&Some(y.clone())) || small.contains(&Some(&p - &y)) {
        return None;
    }
    // x² = (y² − 1) / (dy² + 1), and d = −121665/121666. A fraction is a square if the product of
    // its terms is one (Euler's criterion). The only points with x = 0 have small order
    let square = &y * &y;
    let over = (&square + &p - &one) * BigUint::from(121_666u32);
    let under = BigUint::from(121_666u32) + (&p - &square % &p) * BigUint::from(121_665u32);
    let is_square = (over * under % &p).modpow(&(&p >> 1), &p) == one;
    is_square.then(|| vec!["EdDSA"])
}

/// The y of the points of order 4, 1 and 8. The other small-order points have the negatives.
const SMALL_ORDER: [&[u8]; 3] =
    [b"0", b"1", b"7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7"];

/// A point of the curve that `crv` names.
fn weierstrass(entry: &Value) -> Option<Vec<&'static str>> {
    let (x, y) = (number(entry, "x")?, number(entry, "y")?);
    let point = [&[4], &x[..], &y].concat();
    let (bytes, is_point, algorithm) = match optional_string(entry, "crv")?? {
        "P-256" => (32, p256::PublicKey::from_sec1_bytes(&point).is_ok(), "ES256"),
        "P-384" => (48, p384::PublicKey::from_sec1_bytes(&point).is_ok(), "ES384"),
        "P-521" => (66, p521::PublicKey::from_sec1_bytes(&point).is_ok(), "ES512"),
        _ => return None,
    };
    (x.len() == bytes && y.len() == bytes && is_point).then(|| vec![algorithm])
}

/// 2048 to 8192 bits, odd; an odd exponent from 3 up, below the modulus; no leading zeros.
fn rsa(entry: &Value) -> Option<Vec<&'static str>> {
    let (n, e) = (number(entry, "n")?, number(entry, "e")?);
    if n.first() == Some(&0) || e.first() == Some(&0) {
        return None;
    }
    let (n, e) = (BigUint::from_bytes_be(&n), BigUint::from_bytes_be(&e));
    let odd = |number: &BigUint| number % BigUint::from(2u8) == BigUint::from(1u8);
    let strong = (2_048..=8_192).contains(&n.bits()) && odd(&n);
    let good = strong && odd(&e) && e >= BigUint::from(3u8) && e < n;
    good.then(|| vec!["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
}

fn number(entry: &Value, name: &str) -> Option<Vec<u8>> {
    base64url::decode(optional_string(entry, name)??)
}

/// `None` if the member is not a string, `Some(None)` if it is absent.
fn optional_string<'v>(entry: &'v Value, name: &str) -> Option<Option<&'v str>> {
    match entry.member(name) {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    }
}
