//! Pseudonyms of users: the same for the same user, without revealing the user.

use sha2::{Digest, Sha256};

/// Hexadecimal SHA-256 of a secret or a salt, the issuer and the user.
pub(crate) fn pseudonym(salt: &str, issuer: &str, user: &str) -> String {
    // NUL keeps the three apart: no salt, issuer and user can be read as another three
    let text = [salt, "\0", issuer, "\0", user].concat();
    let mut name = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        for nibble in [byte >> 4, byte & 15] {
            name.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    name
}
