//! The names under which revocations are stored.

use std::hash::{BuildHasher, Hasher};

use sha2::{Digest, Sha256};

use crate::jose::base64url::{decode_array, encode};

/// A session, a user or a key set of one issuer: the first 16 bytes of a SHA-256. A store that is
/// read by others names no user.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Key([u8; 16]);

/// What a key is of.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A session, by its id
    Session = b's' as isize,
    /// A user, by the subject of the user's tokens
    User = b'u' as isize,
    /// The issuer's key sets
    KeySet = b'k' as isize,
    /// An event, by its `jti`
    Event = b'e' as isize,
}

impl Key {
    /// The key of an id at an issuer.
    pub(crate) fn of(issuer: &str, kind: Kind, id: &str) -> Self {
        // the length keeps the issuer and the id apart
        let length = (issuer.len() as u32).to_be_bytes();
        let hash = Sha256::new().chain_update(length).chain_update(issuer);
        let hash = hash.chain_update([kind as u8]).chain_update(id).finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        Self(key)
    }

    /// The shard of a user's key.
    pub(crate) fn shard(self, shards: u32) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d]) % shards
    }

    /// The key of a text that [`as_text`](Self::as_text) has written.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        (text.len() == TEXT_LENGTH).then(|| decode_array(text).map(Self))?
    }

    /// 22 characters.
    pub(super) fn as_text(self) -> String {
        encode(&self.0)
    }

    /// The bytes, for an entry of a verified token.
    pub(super) fn bytes(self) -> [u8; 16] {
        self.0
    }

    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

const TEXT_LENGTH: usize = 22;

/// Hashes keys, which are hashes already, so their last bytes suffice. The first ones select the
/// shard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk::<8>() {
            self.0 = u64::from_le_bytes(*last);
        }
    }

    /// The length of an array is the same for all keys.
    fn write_usize(&mut self, _length: usize) {}
}

impl BuildHasher for KeyHasher {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_other_issuers_kinds_and_ids_differ() {
        let keys = [
            Key::of("a", Kind::Session, "b"),
            Key::of("a", Kind::User, "b"),
            Key::of("as", Kind::Session, ""),
            Key::of("", Kind::Session, "asb"),
            Key::of("ab", Kind::Session, "b"),
            Key::of("a", Kind::Session, "bb"),
        ];
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[i + 1..].contains(key), "{i}");
            assert_eq!(Key::from_text(&key.as_text()), Some(*key));
            assert_eq!(key.as_text().len(), 22);
        }
    }

    #[test]
    fn a_key_never_changes_because_stores_outlive_versions() {
        let key = Key::of("https://app.example", Kind::Session, "session-1");
        // printf '\0\0\0\x13https://app.examplessession-1' | sha256sum
        assert_eq!(key.as_text(), KNOWN);
        assert_eq!(key.shard(1), 0);
    }

    const KNOWN: &str = "oMkifXLR6fnppGlMt-KBWA";

    #[test]
    fn other_texts_are_not_keys() {
        let key = Key::of("a", Kind::User, "b").as_text();
        for text in ["", &key[1..], &format!("{key}A"), &key.replace(&key[..1], "+")] {
            assert!(Key::from_text(text).is_none(), "{text}");
        }
    }
}
