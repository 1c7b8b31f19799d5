//! Pseudonyms of users: the same for the same user, without revealing the user.

use sha2::{Digest, Sha256};

use crate::verifier::Verified;

/// Hexadecimal SHA-256 of a secret or a salt, the issuer and the user.
pub(crate) fn pseudonym(salt: &str, user: &Verified) -> String {
    let issuer = user.claims().text_claim("iss").unwrap_or_default();
    // NUL keeps the three apart: no salt, issuer and user can be read as another three
    let text = [salt, "\0", issuer, "\0", user.user()].concat();
    let mut name = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        for nibble in [byte >> 4, byte & 15] {
            name.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    name
}
