//! One spelling of a cookie's value (RFC 6265, section 4.1.1). Better Auth encodes it by
//! `encodeURIComponent`. All spellings of a session's cookie are the same session.

use std::borrow::Cow;

/// The value as Better Auth reads it: without double quotes around it, and percent-decoded once.
/// `None` if Better Auth cannot decode it.
pub(super) fn decoded(value: &str) -> Option<String> {
    let bytes = unquoted(value).as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        (rest, _) = match (byte, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                (after, decoded.push((digit(high)? * 16 + digit(low)?) as u8))
            }
            (b'%', _) => return None,
            _ => (after, decoded.push(*byte)),
        };
    }
    String::from_utf8(decoded).ok()
}

/// The value without double quotes around it.
pub(super) fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').map_or(value, |rest| rest.strip_suffix('"').unwrap_or(rest))
}

/// The value as `encodeURIComponent` writes it.
pub(super) fn encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len() + 8);
    for byte in value.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) => {
                encoded.push(char::from(byte));
            }
            _ => {
                let digit = |number: u8| char::from(b"0123456789ABCDEF"[usize::from(number)]);
                encoded.extend(['%', digit(byte >> 4), digit(byte & 0xf)]);
            }
        }
    }
    encoded
}

/// The value with its signature as Better Auth writes it. Two bits of the last of the 43 base64
/// digits belong to no byte, and decoders such as `atob` ignore them (RFC 4648, section 3.5).
pub(super) fn with_one_signature(value: &str) -> Cow<'_, str> {
    let signature = value.rsplit_once('.').map(|(_, signature)| signature);
    let digits = signature.and_then(|signature| signature.strip_suffix('='));
    let digits =
        digits.filter(|it| it.len() == DIGITS && it.bytes().all(|byte| BASE64.contains(&byte)));
    let last = digits.and_then(|it| it.bytes().last());
    let Some(index) = last.and_then(|last| BASE64.iter().position(|digit| *digit == last)) else {
        return Cow::Borrowed(value);
    };
    let mut value = value[..value.len() - 2].to_owned();
    value.extend([char::from(BASE64[index & !3]), '=']);
    Cow::Owned(value)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 digits of 32 bytes.
const DIGITS: usize = 43;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_value_become_one() {
        for spelling in ["t.s+/%3D", "t.s%2B/=", "%74.s%2b%2F%3d", "\"t.s+/=\"", "\"t.s+/="] {
            let value = decoded(spelling).unwrap();
            assert_eq!((value.as_str(), encoded(&value).as_str()), ("t.s+/=", "t.s%2B%2F%3D"));
        }
        assert_eq!(decoded("%C3%A9").as_deref(), Some("\u{e9}"));
        assert_eq!(encoded("\u{e9}\n;"), "%C3%A9%0A%3B");
        assert_eq!(decoded("%2525").as_deref(), Some("%25"), "once");
    }

    #[test]
    fn a_signature_has_one_spelling() {
        let digits = "Ge8ADjtw5KRPYnDnMPQwq1rJY1rFPBAp1aEAklzdSf";
        for last in ["o", "p", "q", "r"] {
            let value = format!("t.{digits}{last}=");
            assert_eq!(with_one_signature(&value), format!("t.{digits}o="));
        }
        for last in ["+", "/", "8", "9"] {
            assert_eq!(with_one_signature(&format!("t.{digits}{last}=")), format!("t.{digits}8="));
        }
        for other in [
            format!("t{digits}p="),
            format!("t.{digits}p"),
            format!("t.{digits}p=="),
            format!("t.a{digits}p="),
            format!("t.{digits}-="),
            format!("t.\u{e9}{}p=", &digits[2..]),
            "t.s=".to_owned(),
            "=".to_owned(),
            String::new(),
        ] {
            assert_eq!(with_one_signature(&other), other);
        }
    }

    #[test]
    fn a_malformed_value_is_not_decoded() {
        for value in ["%", "a%2", "%zz", "%+1", "%ff", "%C3"] {
            assert_eq!(decoded(value), None, "{value}");
        }
    }
}
