//! Bodies that both ends can make from a number, so that neither has to send the other a copy.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::random::Random;

/// The bytes of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Body {
    pub(super) number: u64,
    pub(super) length: usize,
}

impl Body {
    /// The body in parts.
    pub(super) fn pieces(self) -> impl Iterator<Item = &'static [u8]> {
        let first = self.number as usize % (BLOCK.len() - PIECE);
        (0..self.length).step_by(PIECE).map(move |from| {
            let length = PIECE.min(self.length - from);
            // odd steps, so that no two parts of a body are equal
            let start = (first + from / PIECE * 613) % (BLOCK.len() - PIECE);
            &BLOCK[start..start + length]
        })
    }

    /// The hash of the whole body.
    pub(super) fn hash(self) -> String {
        let mut hash = Hash::default();
        self.pieces().for_each(|piece| hash.add(piece));
        hash.text()
    }
}

/// The length and the hash of a body that arrives in parts.
#[derive(Default)]
pub(super) struct Hash {
    pub(super) length: usize,
    sha256: Sha256,
}

impl Hash {
    pub(super) fn add(&mut self, piece: &[u8]) {
        self.length += piece.len();
        self.sha256.update(piece);
    }

    /// The first half of the SHA-256 in hexadecimal digits; `-` for an empty body.
    pub(super) fn text(self) -> String {
        if self.length == 0 {
            return "-".to_owned();
        }
        self.sha256.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

const PIECE: usize = 16 * 1024;

static BLOCK: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut random = Random::new(0, 0);
    (0..32 * 1024).flat_map(|_| random.next().to_le_bytes()).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_its_length_and_depends_on_its_number() {
        let body = Body { number: 7, length: 100_000 };
        let mut hash = Hash::default();
        body.pieces().for_each(|piece| hash.add(piece));
        assert_eq!(hash.length, 100_000);
        assert_eq!(hash.text(), body.hash());
        assert_ne!(body.hash(), Body { number: 8, length: 100_000 }.hash());
        assert_ne!(body.hash(), Body { number: 7, length: 99_999 }.hash());
        assert_eq!(Body { number: 7, length: 0 }.hash(), "-");
    }
}
