//! JSON Web Keys (RFC 7517) that can verify: public, of a known type, not contradicting themselves.

use super::algorithm::Algorithm;
use super::base64url;
use super::json::{Json, Object};

/// A public key that can verify signatures of one algorithm.
///
/// Its numbers have the right form; whether they are a good key is for `crypto` to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Jwk {
    kid: Option<String>,
    material: KeyMaterial,
}

impl Jwk {
    /// Reads a member of a public JWK Set as Better Auth publishes it: `use` and `key_ops` are
    /// absent there, `alg` may be, and all are respected where present.
    pub fn from_object(object: &Object) -> Result<Self, Unusable> {
        if PRIVATE_MEMBERS.iter().any(|name| object.has(name)) {
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
            _ => return Err(Unusable::UnknownType),
        };
        Ok(Self { kid, material })
    }

    /// Its key id, where it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The public key itself.
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
}

impl KeyMaterial {
    /// The algorithm that this key verifies.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }
}

/// Why an entry of a JWK Set is ignored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unusable {
    /// A `kty` or `crv` that is not supported here
    UnknownType,
    /// A member has another JSON type, another length or another encoding than the RFC says
    WrongForm,
    /// It holds private or symmetric members, which do not belong in a published set
    Private,
    /// Its `use` or `key_ops` excludes verification
    NotForVerifying,
    /// Its `alg` is another key type's
    Contradictory,
    /// Not a point of the curve, not in canonical form, or of small order
    WeakPoint,
}

/// RFC 7518, section 6: private members of every key type, and the symmetric `k`.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// OKP keys (RFC 8037, section 2).
fn octet_key_pair(object: &Object) -> Result<KeyMaterial, Unusable> {
    if optional_str(object, "crv")? != Some("Ed25519") {
        return Err(Unusable::UnknownType);
    }
    if let Some(name) = optional_str(object, "alg")?
        && Algorithm::from_name(name) != Some(Algorithm::EdDsa)
    {
        return Err(Unusable::Contradictory);
    }
    let x = optional_str(object, "x")?.and_then(base64url::decode_array);
    x.map(KeyMaterial::Ed25519).ok_or(Unusable::WrongForm)
}

/// RFC 7517, section 4.3: an array of distinct strings.
fn allows_verify(object: &Object) -> Result<bool, Unusable> {
    let Some(operations) = object.member("key_ops") else {
        return Ok(true);
    };
    let operations = operations.as_array().ok_or(Unusable::WrongForm)?;
    let names: Vec<_> =
        operations.iter().map(Json::as_str).collect::<Option<_>>().ok_or(Unusable::WrongForm)?;
    let distinct = names.iter().enumerate().all(|(i, name)| !names[..i].contains(name));
    if !distinct {
        return Err(Unusable::WrongForm);
    }
    Ok(names.contains(&"verify"))
}

fn optional_str<'o>(object: &'o Object, name: &str) -> Result<Option<&'o str>, Unusable> {
    object.member(name).map(|value| value.as_str().ok_or(Unusable::WrongForm)).transpose()
}
