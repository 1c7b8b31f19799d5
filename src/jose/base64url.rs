//! Strict base64url without padding (RFC 7515, section 2): each byte string has exactly one text.
//!
//! A configurable engine takes five times the code. Tests compare this one with the crate `base64`.

/// Encodes bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for character in 0..=group.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * character)) as usize & 63]));
        }
    }
    text
}

/// Decodes a text. `None` for padding, white space, another alphabet, or trailing bits that are not
/// zero.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    for group in groups {
        bytes.extend_from_slice(&values(*group)?);
    }
    // missing digits count as zeros, and the bits after the last whole byte must be zeros
    let (last, missing) = match rest {
        [] => return Some(bytes),
        [a, b] => ([*a, *b, ZERO, ZERO], 2),
        [a, b, c] => ([*a, *b, *c, ZERO], 1),
        _ => return None,
    };
    let last = values(last)?;
    let (decoded, unused) = last.split_at(3 - missing);
    bytes.extend_from_slice(decoded);
    unused.iter().all(|byte| *byte == 0).then_some(bytes)
}

/// Decodes exactly `N` bytes.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

/// Decodes four characters to three bytes.
fn values(group: [u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = group.map(|byte| u32::from(VALUES[usize::from(byte)]));
    let [_, bytes @ ..] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
    ((a | b | c | d) < 64).then_some(bytes)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ZERO: u8 = ALPHABET[0];

/// The value of a character; more than 63 if it is not in the alphabet.
const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn each_byte_string_has_exactly_one_text() {
        assert_eq!(decode("AQ").as_deref(), Some(&[1u8][..]));
        for lax in ["AQ==", "AQ=", "AR", " AQ", "AQ\n", "A Q", "A", "+w", "/w", "A\u{e9}"] {
            assert_eq!(decode(lax), None, "{lax:?}");
        }
    }

    #[test]
    fn encoding_and_decoding_returns_the_bytes_for_any_length() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for length in 0..=bytes.len() {
            let text = encode(&bytes[..length]);
            assert_eq!(text, URL_SAFE_NO_PAD.encode(&bytes[..length]));
            assert_eq!(decode(&text).as_deref(), Some(&bytes[..length]));
        }
    }

    #[test]
    fn short_texts_decode_as_in_the_crate_base64() {
        // two characters at positions where all bits are used, and where some are not
        let characters = || (0..=127u8).map(char::from);
        for (before, after) in [("", ""), ("A", ""), ("", "A"), ("AA", ""), ("Q", "A"), ("AAA", "")]
        {
            for (a, b) in characters().flat_map(|a| characters().map(move |b| (a, b))) {
                let text = format!("{before}{a}{b}{after}");
                assert_eq!(decode(&text), URL_SAFE_NO_PAD.decode(&text).ok(), "{text:?}");
            }
        }
    }
}
