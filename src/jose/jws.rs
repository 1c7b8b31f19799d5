//! Compact JWS (RFC 7515, section 7.1) whose payload is a JWT claims set (RFC 7519).

use super::base64url;
use super::json::{JsonError, Object};
use crate::error::{Code, Error};

/// A token in its form: the checks 1 and 2 of the order of checks have passed, nothing is proved.
#[derive(Debug)]
pub struct CompactJws<'t> {
    pub(crate) header: Header,
    pub(crate) signing_input: &'t [u8],
    pub(crate) signature: Vec<u8>,
    /// The payload as text, and the claims set that it is
    pub(crate) payload: String,
    pub(crate) claims: Object,
}

impl<'t> CompactJws<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`Code::TokenTooLarge`], [`Code::OpaqueToken`], [`Code::MissingToken`] for an empty one,
    /// [`Code::MalformedToken`] for everything else that is not three segments of strict base64url
    /// around two JSON objects.
    pub fn parse(token: &'t str, limits: &Limits) -> Result<Self, Error> {
        Segments::parse(token, limits)?.into_jws()
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The bytes that are signed (RFC 7515, section 5.2).
    pub fn signing_input(&self) -> &'t [u8] {
        self.signing_input
    }

    /// The decoded signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// A token whose three segments have been decoded: check 1 has passed, and nothing else.
#[derive(Debug)]
pub(crate) struct Segments<'t> {
    /// The header as text, and the object that it is
    pub(crate) header: String,
    pub(crate) members: Object,
    pub(crate) signing_input: &'t [u8],
    pub(crate) signature: Vec<u8>,
    /// The payload as text, and the claims set that it is
    pub(crate) payload: String,
    pub(crate) claims: Object,
}

impl<'t> Segments<'t> {
    /// Check 1.
    ///
    /// # Errors
    /// Those of [`CompactJws::parse`].
    pub(crate) fn parse(token: &'t str, limits: &Limits) -> Result<Self, Error> {
        if token.is_empty() {
            return Err(Error::new(Code::MissingToken, "the token is empty"));
        }
        if token.len() > limits.token_bytes {
            let detail = format!("the token has more than {} bytes", limits.token_bytes);
            return Err(Error::new(Code::TokenTooLarge, detail));
        }
        let (encoded_header, encoded_payload, encoded_signature) = segments(token)?;
        if encoded_header.len() > limits.header_bytes {
            let detail = format!("the token's header has more than {} bytes", limits.header_bytes);
            return Err(Error::new(Code::TokenTooLarge, detail));
        }

        if has_scheme(token) {
            return Err(malformed("the token begins with \"Bearer \": pass what follows it"));
        }
        let header = decode("header", encoded_header)?;
        let payload = decode("payload", encoded_payload)?;
        let signature = decode("signature", encoded_signature)?;
        let (header, members) = object("header", header)?;
        let (payload, claims) = object("payload", payload)?;
        let signing_input = &token.as_bytes()[..encoded_header.len() + 1 + encoded_payload.len()];
        Ok(Self { header, members, signing_input, signature, payload, claims })
    }

    /// Check 2, except for the token's type, which depends on the verifier's profile.
    ///
    /// # Errors
    /// [`Code::MalformedToken`]
    pub(crate) fn into_jws(self) -> Result<CompactJws<'t>, Error> {
        let Self { header, members, signing_input, signature, payload, claims } = self;
        let header = Header::new(header, &members)?;
        Ok(CompactJws { header, signing_input, signature, payload, claims })
    }
}

/// The protected header's members that count. `jwk`, `jku`, `x5u` and `x5c` do not: a token cannot
/// say which key to trust (RFC 8725, section 3.10).
#[derive(Clone, Debug)]
pub struct Header {
    text: String,
    algorithm: String,
    kid: Option<String>,
    typ: Option<String>,
}

impl Header {
    /// The members that are looked at in its form.
    pub(crate) const COUNTING: [&str; 8] =
        ["alg", "kid", "typ", "cty", "crit", "b64", "zip", "enc"];

    fn new(header: String, object: &Object) -> Result<Self, Error> {
        for (name, why) in REFUSED_MEMBERS {
            if object.has(name) {
                return Err(malformed(why));
            }
        }
        let member = |name, why| match object.member(name) {
            Some(value) => value.as_str().map(|text| Some(text.to_owned())).ok_or(malformed(why)),
            None if object.has(name) => Err(malformed(why)),
            None => Ok(None),
        };
        let content_type = member("cty", "the header's \"cty\" is not a string")?;
        if content_type.is_some_and(|cty| media_type_is(&cty, "jwt")) {
            return Err(malformed("the token wraps another token (\"cty\" is JWT)"));
        }
        let algorithm = member("alg", "the header's \"alg\" is not a string")?
            .ok_or(malformed("the header has no \"alg\""))?;
        let kid = member("kid", "the header's \"kid\" is not a string")?;
        let typ = member("typ", "the header's \"typ\" is not a string")?;
        Ok(Self { text: header, algorithm, kid, typ })
    }

    /// The header as it was signed: JSON.
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// The name of the algorithm that the token claims.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The key id, if the token names one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether `typ` is absent.
    pub fn is_untyped(&self) -> bool {
        self.typ.is_none()
    }

    /// Whether `typ` is that media type, given in lower case and without `application/`.
    pub fn is_typed(&self, expected: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| media_type_is(typ, expected))
    }
}

/// How large a token may be. The defaults are far beyond what Better Auth issues.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The whole token, in encoded bytes
    pub token_bytes: usize,
    /// Its header, in encoded bytes
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { token_bytes: 16_384, header_bytes: 4_096 }
    }
}

/// Members that change what a token means, none of which Better Auth uses.
const REFUSED_MEMBERS: [(&str, &str); 4] = [
    ("crit", "the header has \"crit\", and no extension is supported"),
    ("b64", "the header has \"b64\", and unencoded payloads are not supported"),
    ("zip", "the header has \"zip\", and compression is not supported"),
    ("enc", "the header has \"enc\": encrypted tokens are not supported"),
];

/// A Better Auth session token: 32 characters, or those, a dot and a base64 HMAC-SHA256.
const SESSION_TOKEN_MIN: usize = 32;

fn segments(token: &str) -> Result<(&str, &str, &str), Error> {
    let segments: Vec<_> = token.splitn(5, '.').collect();
    match segments[..] {
        [header, payload, signature] => {
            if header.is_empty() || payload.is_empty() || signature.is_empty() {
                return Err(malformed(
                    "a segment of the token is empty; unsigned tokens are refused",
                ));
            }
            Ok((header, payload, signature))
        }
        [_] | [_, _] if token.len() >= SESSION_TOKEN_MIN => Err(Error::new(
            Code::OpaqueToken,
            "this looks like a Better Auth session token; get a JWT for it from /api/auth/token",
        )),
        [_, _, _, _, _] => Err(malformed("the token has more than three segments")),
        _ => Err(malformed("the token is not three segments separated by dots")),
    }
}

/// Whether this is the value of `Authorization` (RFC 6750, section 2.1) rather than the token in
/// it.
fn has_scheme(token: &str) -> bool {
    token.split_once(' ').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
}

fn decode(which: &str, segment: &str) -> Result<Vec<u8>, Error> {
    base64url::decode(segment)
        .ok_or_else(|| malformed(format!("the token's {which} is not base64url without padding")))
}

/// The text, and the object that it is.
fn object(which: &str, bytes: Vec<u8>) -> Result<(String, Object), Error> {
    let read = || {
        let text = String::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
        let object = Object::parse(text.as_bytes())?;
        Ok((text, object))
    };
    read().map_err(|error: JsonError| malformed(format!("the token's {which} {error}")))
}

/// RFC 7515, section 4.1.9: without a slash, `application/` is meant; case does not count.
fn media_type_is(typ: &str, expected: &str) -> bool {
    let subtype = match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    };
    subtype.eq_ignore_ascii_case(expected)
}

fn malformed(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Code::MalformedToken, detail)
}
