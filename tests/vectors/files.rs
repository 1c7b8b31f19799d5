//! The files of Wycheproof that are run, alike on every host: how many vectors each of them has,
//! and which of these are refused though they are not invalid. Neither the core nor the data is
//! needed here.

use std::ops::RangeInclusive;

/// A file of vectors for one algorithm.
pub(crate) struct File {
    /// Its name, without `_test.json`
    pub(crate) name: &'static str,
    /// What its signatures are verified with, by the name that JOSE gives it
    pub(crate) algorithm: &'static str,
    /// How many vectors it has
    pub(crate) count: usize,
    /// Where the core is stricter
    pub(crate) stricter: &'static [Stricter],
}

/// Vectors that say "valid" or "acceptable" and are refused here all the same.
pub(crate) struct Stricter {
    /// Their `tcId`s
    pub(crate) tests: RangeInclusive<usize>,
    /// Why they are refused
    pub(crate) why: &'static str,
}

/// All of them.
pub(crate) const FILES: [File; 22] = [
    file("ed25519", "EdDSA", 151, &[]),
    file("ecdsa_secp256r1_sha256_p1363", "ES256", 262, &[]),
    file("ecdsa_secp384r1_sha384_p1363", "ES384", 280, &[]),
    file("ecdsa_secp521r1_sha512_p1363", "ES512", 318, &[]),
    file("rsa_signature_2048_sha256", "RS256", 259, &WITHOUT_NULL),
    file("rsa_signature_3072_sha256", "RS256", 259, &WITHOUT_NULL),
    file("rsa_signature_4096_sha256", "RS256", 258, &WITHOUT_NULL),
    file("rsa_signature_2048_sha384", "RS384", 258, &WITHOUT_NULL),
    file("rsa_signature_3072_sha384", "RS384", 259, &WITHOUT_NULL),
    file("rsa_signature_4096_sha384", "RS384", 259, &WITHOUT_NULL),
    file("rsa_signature_2048_sha512", "RS512", 259, &WITHOUT_NULL),
    file("rsa_signature_3072_sha512", "RS512", 260, &WITHOUT_NULL),
    file("rsa_signature_4096_sha512", "RS512", 259, &WITHOUT_NULL),
    // with the salt as long as the hash (RFC 7518, section 3.5)
    file("rsa_pss_2048_sha256_mgf1_32", "PS256", 108, &[]),
    file("rsa_pss_3072_sha256_mgf1_32", "PS256", 108, &[]),
    file("rsa_pss_4096_sha256_mgf1_32", "PS256", 108, &[]),
    file("rsa_pss_2048_sha384_mgf1_48", "PS384", 141, &[]),
    file("rsa_pss_4096_sha384_mgf1_48", "PS384", 141, &[]),
    file("rsa_pss_4096_sha512_mgf1_64", "PS512", 179, &[]),
    file("hmac_sha256", "HS256", 174, &SHORT),
    file("hmac_sha384", "HS384", 174, &SHORT),
    file("hmac_sha512", "HS512", 174, &SHORT),
];

/// The one "acceptable" vector of each PKCS #1 v1.5 file.
const WITHOUT_NULL: [Stricter; 1] = [Stricter {
    tests: 8..=8,
    why: "the NULL of the hash's AlgorithmIdentifier is missing, which signers must write \
          (RFC 8017, section 9.2, note 1); no host's WebCrypto accepts it either",
}];

/// The three files of HMAC have the same layout: keys as long as the hash, half as long, and
/// longer, each with whole tags and with tags of half the length.
const SHORT: [Stricter; 4] = [
    Stricter { tests: 82..=108, why: TRUNCATED },
    Stricter { tests: 163..=165, why: SHORT_KEY },
    Stricter { tests: 166..=168, why: SHORT_KEY },
    Stricter { tests: 172..=174, why: TRUNCATED },
];

const TRUNCATED: &str = "half a tag; RFC 7518, section 3.2, knows whole ones only";

const SHORT_KEY: &str = "a key shorter than the hash, which RFC 7518, section 3.2, forbids";

const fn file(
    name: &'static str,
    algorithm: &'static str,
    count: usize,
    stricter: &'static [Stricter],
) -> File {
    File { name, algorithm, count, stricter }
}
