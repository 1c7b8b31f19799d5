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
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    // missing digits count as zeros
    let (last, missing) = match rest {
        [] => ([ZERO; 4], 3),
        [a, b] => ([*a, *b, ZERO, ZERO], 2),
        [a, b, c] => ([*a, *b, *c, ZERO], 1),
        _ => return None,
    };
    let mut bytes = vec![0; groups.len() * 3 + 3 - missing];
    let (decoded, end) = bytes.as_chunks_mut::<3>();
    let mut is_valid = true;
    for (group, bytes) in groups.iter().zip(decoded) {
        is_valid &= decode_group(*group, bytes);
    }
    // the bits after the last whole byte must be zeros
    let mut last_bytes = [0; 3];
    is_valid &= decode_group(last, &mut last_bytes);
    let (last_bytes, unused) = last_bytes.split_at(3 - missing);
    end.copy_from_slice(last_bytes);
    (is_valid && unused.iter().all(|byte| *byte == 0)).then_some(bytes)
}

/// Decodes exactly `N` bytes.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

/// Decodes four characters to three bytes. Returns whether all are in the alphabet.
fn decode_group([a, b, c, d]: [u8; 4], bytes: &mut [u8; 3]) -> bool {
    let value = |byte: u8| u32::from(VALUES[usize::from(byte)]);
    let (a, b, c, d) = (value(a), value(b), value(c), value(d));
    bytes[0] = (a << 2 | b >> 4) as u8;
    bytes[1] = (b << 4 | c >> 2) as u8;
    bytes[2] = (c << 6 | d) as u8;
    (a | b | c | d) < 64
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
