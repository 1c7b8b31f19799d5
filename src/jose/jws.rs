//! Compact JWS (RFC 7515, section 7.1) whose payload is a JWT claims set (RFC 7519).

use super::base64url;
use super::json::{JsonError, Object, allocation};
use crate::error::{Code, Error};

/// A token that has passed checks 1 and 2 of the order of checks. Its signature is not verified.
#[derive(Debug)]
pub struct CompactJws<'t> {
    pub(crate) header: Header,
    pub(crate) signing_input: &'t [u8],
    pub(crate) signature: Vec<u8>,
    /// The payload as text, and the claims set that it contains
    pub(crate) payload: String,
    pub(crate) claims: Object,
}

impl<'t> CompactJws<'t> {
    /// Parses a token.
    ///
    /// # Errors
    /// [`Code::MissingToken`] for an empty text, [`Code::TokenTooLarge`] for a token beyond the
    /// limits. [`Code::MalformedToken`] unless the token has three segments of strict base64url,
    /// JSON objects in the first two, and a header that this implementation supports.
    pub fn parse(token: &'t str, limits: &Limits) -> Result<Self, Error> {
        Segments::parse(token, limits)?.into_jws()
    }

    /// The protected header.
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

/// A token whose three segments are decoded. It has passed check 1, and no other.
#[derive(Debug)]
pub(crate) struct Segments<'t> {
    /// The header as text, and the object that it contains
    pub(crate) header: String,
    pub(crate) members: Object,
    pub(crate) signing_input: &'t [u8],
    pub(crate) signature: Vec<u8>,
    /// The payload as text, and the claims set that it contains
    pub(crate) payload: String,
    pub(crate) claims: Object,
}

impl<'t> Segments<'t> {
    /// Check 1: the size, the segments and their JSON.
    ///
    /// # Errors
    /// The same as [`CompactJws::parse`].
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

    /// Check 2: the header. The caller checks the token's type.
    ///
    /// # Errors
    /// [`Code::MalformedToken`]
    pub(crate) fn into_jws(self) -> Result<CompactJws<'t>, Error> {
        let Self { header, members, signing_input, signature, payload, claims } = self;
        let header = Header::new(header, &members)?;
        Ok(CompactJws { header, signing_input, signature, payload, claims })
    }
}

/// The members of the protected header that verification uses. It ignores `jwk`, `jku`, `x5u` and
/// `x5c`, because a token cannot choose the key that the edge trusts (RFC 8725, section 3.10).
#[derive(Clone, Debug)]
pub struct Header {
    text: String,
    algorithm: String,
    kid: Option<String>,
    typ: Option<String>,
}

impl Header {
    /// The members that verification checks.
    pub(crate) const CHECKED_MEMBERS: [&str; 8] =
        ["alg", "kid", "typ", "cty", "crit", "b64", "zip", "enc"];

    fn new(header: String, object: &Object) -> Result<Self, Error> {
        for (name, why) in REJECTED_MEMBERS {
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

    /// The bytes that the header has allocated.
    pub(crate) fn allocated(&self) -> usize {
        let Self { text, algorithm, kid, typ } = self;
        let texts = [Some(text), Some(algorithm), kid.as_ref(), typ.as_ref()];
        texts.into_iter().flatten().map(|text| allocation(text.capacity())).sum()
    }

    /// The header as the issuer signed it: JSON.
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// The value of `alg`, which need not be a known algorithm.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The key ID (`kid`), if present.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether `typ` is absent.
    pub fn is_untyped(&self) -> bool {
        self.typ.is_none()
    }

    /// Whether `typ` is the media type `expected`, in lower case and without `application/`.
    pub fn is_typed(&self, expected: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| media_type_is(typ, expected))
    }
}

/// The maximum size of a token. The defaults are 16,384 bytes, of which 4,096 for the header.
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

/// Members that change the meaning of a token. This implementation supports none of them.
const REJECTED_MEMBERS: [(&str, &str); 4] = [
    ("crit", "the header has \"crit\", and no extension is supported"),
    ("b64", "the header has \"b64\", and unencoded payloads are not supported"),
    ("zip", "the header has \"zip\", and compression is not supported"),
    ("enc", "the header has \"enc\": encrypted tokens are not supported"),
];

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
        [_, _, _, _, _] => Err(malformed("the token has more than three segments")),
        _ => Err(malformed("the token is not three segments separated by dots")),
    }
}

/// Whether the text is the whole value of `Authorization` (RFC 6750, section 2.1), with the scheme.
fn has_scheme(token: &str) -> bool {
    let start = token.as_bytes().first_chunk::<7>();
    start.is_some_and(|start| start.eq_ignore_ascii_case(b"bearer "))
}

fn decode(which: &str, segment: &str) -> Result<Vec<u8>, Error> {
    base64url::decode(segment)
        .ok_or_else(|| malformed(format!("the token's {which} is not base64url without padding")))
}

/// The text of a segment, and the object that it contains.
fn object(which: &str, bytes: Vec<u8>) -> Result<(String, Object), Error> {
    let read = || {
        let text = String::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
        let object = Object::parse(text.as_bytes())?;
        Ok((text, object))
    };
    read().map_err(|error: JsonError| malformed(format!("the token's {which} {error}")))
}

/// Compares media types (RFC 7515, section 4.1.9): `application/` is optional, and case is ignored.
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
