//! base64url without padding (RFC 7515, section 2), strictly: one text for each byte string.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Encodes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes, or `None` for padding, white space, another alphabet, or non-zero trailing bits.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Decodes exactly `N` bytes.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_text_for_each_byte_string() {
        assert_eq!(decode("AQ").as_deref(), Some(&[1u8][..]));
        for lax in ["AQ==", "AQ=", "AR", " AQ", "AQ\n", "A Q", "A", "+w", "/w", "A\u{e9}"] {
            assert_eq!(decode(lax), None, "{lax:?}");
        }
    }
}
