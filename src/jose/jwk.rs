//! JSON Web Keys (RFC 7517) that can verify: public, of a known type and consistent.

use std::fmt;

use super::algorithm::Algorithm;
use super::base64url;
use super::json::{Json, Object};

/// A public key that can verify.
///
/// The numbers are well-formed. The module `crypto` checks whether they are a strong key.
#[derive(Clone, Debug, PartialEq)]
pub struct Jwk {
    kid: Option<String>,
    algorithm: Option<Algorithm>,
    material: KeyMaterial,
}

impl Jwk {
    /// Parses an entry of a public JWK Set. `use`, `key_ops` and `alg` are optional and respected.
    /// `crv` is ignored for RSA keys, because some servers publish one there.
    ///
    /// # Errors
    /// The reason why the entry cannot verify signatures.
    pub fn from_object(object: &Object) -> Result<Self, Unusable> {
        if PRIVATE_MEMBERS.iter().any(|name| object.member(name).is_some()) {
            return Err(Unusable::Private);
        }
        if optional_str(object, "use")?.is_some_and(|usage| usage != "sig") {
            return Err(Unusable::NotForVerifying);
        }
        if !allows_verify(object)? {
            return Err(Unusable::NotForVerifying);
        }
        let kid = optional_str(object, "kid")?.map(str::to_owned);
        let material = match optional_str(object, "kty")? {
            Some("OKP") => octet_key_pair(object)?,
            Some("EC") => elliptic_curve(object)?,
            Some("RSA") => rsa(object)?,
            _ => return Err(Unusable::UnknownType),
        };
        let algorithm = match optional_str(object, "alg")?.map(Algorithm::from_name) {
            None => None,
            Some(Some(algorithm)) if material.fits(algorithm) => Some(algorithm),
            Some(_) => return Err(Unusable::Contradictory),
        };
        Ok(Self { kid, algorithm, material })
    }

    /// The key ID, if present.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The value of `alg`, if present.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Whether the key can verify the algorithm: by its `alg`, or else by its type.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        match self.algorithm {
            Some(own) => own == algorithm,
            None => self.material.fits(algorithm),
        }
    }

    /// The numbers of the key.
    pub fn material(&self) -> &KeyMaterial {
        &self.material
    }
}

/// The numbers of a public key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum KeyMaterial {
    /// An Ed25519 public key as RFC 8032 encodes it
    Ed25519([u8; 32]),
    /// A point of a NIST curve; both coordinates have the curve's length
    EllipticCurve {
        /// The curve
        curve: Curve,
        /// Big-endian
        x: Vec<u8>,
        /// Big-endian
        y: Vec<u8>,
    },
    /// An RSA key; no number begins with a zero byte
    Rsa {
        /// The modulus, big-endian
        n: Vec<u8>,
        /// The public exponent, big-endian
        e: Vec<u8>,
    },
}

impl KeyMaterial {
    /// The value of `kty`.
    pub fn kty(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "OKP",
            Self::EllipticCurve { .. } => "EC",
            Self::Rsa { .. } => "RSA",
        }
    }

    /// The name of the curve, or for RSA the length of the modulus: `2048 bits`.
    pub fn size(&self) -> String {
        match self {
            Self::Ed25519(_) => "Ed25519".to_owned(),
            Self::EllipticCurve { curve, .. } => curve.name().to_owned(),
            Self::Rsa { n, .. } => {
                let zeros = n.first().map_or(0, |first| first.leading_zeros() as usize);
                format!("{} bits", 8 * n.len() - zeros)
            }
        }
    }

    /// Whether a key of this type can verify the algorithm.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Ed25519(_) => algorithm == Algorithm::EdDsa,
            Self::EllipticCurve { curve, .. } => algorithm == curve.algorithm(),
            Self::Rsa { .. } => algorithm.is_rsa(),
        }
    }
}

/// The curves of RFC 7518, section 6.2.1.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Curve {
    /// P-256
    P256,
    /// P-384
    P384,
    /// P-521
    P521,
}

impl Curve {
    /// The value of `crv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// The algorithm that requires this curve (RFC 7518, section 3.4).
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }

    /// The bytes of a coordinate, which is also half the length of a signature.
    pub fn bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// The reason why an entry of a JWK Set is ignored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unusable {
    /// The `kty` or `crv` is not supported
    UnknownType,
    /// The member with this name is missing, or has another type, length or encoding than the RFC
    /// requires
    WrongForm(&'static str),
    /// The entry has private or symmetric members that are not `null`. They must not be published
    Private,
    /// The `use` or `key_ops` excludes verification
    NotForVerifying,
    /// The `alg` belongs to another key type
    Contradictory,
    /// The point is not on the curve, not canonical, or of small order
    WeakPoint,
    /// The RSA modulus is too short, too long or even, or the exponent is even or 1
    WeakRsa,
    /// The entry is not an object
    NotAnObject,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongForm(member) => {
                let rest = "is missing, or has another type, length or encoding than the RFC says";
                return write!(f, "its \"{member}\" {rest}");
            }
            Self::UnknownType => "its kty or crv is not supported",
            Self::Private => "it holds private or symmetric members, which must not be published",
            Self::NotForVerifying => "its use or key_ops excludes verification",
            Self::Contradictory => "its alg is unknown or another key type's",
            Self::WeakPoint => "it is not a point that a signer could own",
            Self::WeakRsa => "its RSA modulus or exponent is too weak",
            Self::NotAnObject => "it is not an object",
        })
    }
}

/// RFC 7518, section 6: private members of every key type, and the symmetric `k`.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// OKP keys (RFC 8037, section 2).
fn octet_key_pair(object: &Object) -> Result<KeyMaterial, Unusable> {
    if optional_str(object, "crv")? != Some("Ed25519") {
        return Err(Unusable::UnknownType);
    }
    let x = optional_str(object, "x")?.and_then(base64url::decode_array);
    x.map(KeyMaterial::Ed25519).ok_or(Unusable::WrongForm("x"))
}

/// EC keys (RFC 7518, section 6.2.1).
fn elliptic_curve(object: &Object) -> Result<KeyMaterial, Unusable> {
    let curve = match optional_str(object, "crv")? {
        Some("P-256") => Curve::P256,
        Some("P-384") => Curve::P384,
        Some("P-521") => Curve::P521,
        _ => return Err(Unusable::UnknownType),
    };
    let coordinate = |name| match number(object, name)? {
        bytes if bytes.len() == curve.bytes() => Ok(bytes),
        _ => Err(Unusable::WrongForm(name)),
    };
    Ok(KeyMaterial::EllipticCurve { curve, x: coordinate("x")?, y: coordinate("y")? })
}

/// RSA keys (RFC 7518, section 6.3.1): numbers without leading zero bytes.
fn rsa(object: &Object) -> Result<KeyMaterial, Unusable> {
    let integer = |name| match number(object, name)? {
        bytes if bytes.first().is_some_and(|first| *first != 0) => Ok(bytes),
        _ => Err(Unusable::WrongForm(name)),
    };
    Ok(KeyMaterial::Rsa { n: integer("n")?, e: integer("e")? })
}

fn number(object: &Object, name: &'static str) -> Result<Vec<u8>, Unusable> {
    optional_str(object, name)?.and_then(base64url::decode).ok_or(Unusable::WrongForm(name))
}

/// RFC 7517, section 4.3: an array of distinct strings.
fn allows_verify(object: &Object) -> Result<bool, Unusable> {
    let Some(operations) = object.member("key_ops") else {
        return Ok(true);
    };
    const WRONG: Unusable = Unusable::WrongForm("key_ops");
    let operations = operations.as_array().ok_or(WRONG)?;
    let names: Vec<_> = operations.iter().map(Json::as_str).collect::<Option<_>>().ok_or(WRONG)?;
    let distinct = names.iter().enumerate().all(|(i, name)| !names[..i].contains(name));
    if !distinct {
        return Err(WRONG);
    }
    Ok(names.contains(&"verify"))
}

fn optional_str<'o>(object: &'o Object, name: &'static str) -> Result<Option<&'o str>, Unusable> {
    object.member(name).map(|value| value.as_str().ok_or(Unusable::WrongForm(name))).transpose()
}
