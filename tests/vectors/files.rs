//! The Wycheproof files that every host runs, with the number of their vectors and the vectors that
//! the core rejects although they are not invalid. This module uses neither the core nor the data.

use std::ops::RangeInclusive;

/// A file of vectors for one algorithm.
pub(crate) struct File {
    /// The file's name without `_test.json`
    pub(crate) name: &'static str,
    /// The JOSE name of the algorithm
    pub(crate) algorithm: &'static str,
    /// The number of vectors
    pub(crate) count: usize,
    /// Vectors that the core rejects although they are not invalid
    pub(crate) exceptions: &'static [Exception],
}

/// "Valid" or "acceptable" vectors that the core rejects.
pub(crate) struct Exception {
    /// Their `tcId`s
    pub(crate) tests: RangeInclusive<usize>,
    /// Why the core rejects them
    pub(crate) reason: &'static str,
}

/// All files that are run.
pub(crate) const FILES: [File; 22] = [
    file("ed25519", "EdDSA", 151, &[]),
    file("ecdsa_secp256r1_sha256_p1363", "ES256", 262, &[]),
    file("ecdsa_secp384r1_sha384_p1363", "ES384", 280, &[]),
    file("ecdsa_secp521r1_sha512_p1363", "ES512", 318, &[]),
    file("rsa_signature_2048_sha256", "RS256", 259, &MISSING_NULL),
    file("rsa_signature_3072_sha256", "RS256", 259, &MISSING_NULL),
    file("rsa_signature_4096_sha256", "RS256", 258, &MISSING_NULL),
    file("rsa_signature_2048_sha384", "RS384", 258, &MISSING_NULL),
    file("rsa_signature_3072_sha384", "RS384", 259, &MISSING_NULL),
    file("rsa_signature_4096_sha384", "RS384", 259, &MISSING_NULL),
    file("rsa_signature_2048_sha512", "RS512", 259, &MISSING_NULL),
    file("rsa_signature_3072_sha512", "RS512", 260, &MISSING_NULL),
    file("rsa_signature_4096_sha512", "RS512", 259, &MISSING_NULL),
    // the salt is as long as the hash (RFC 7518, section 3.5)
    file("rsa_pss_2048_sha256_mgf1_32", "PS256", 108, &[]),
    file("rsa_pss_3072_sha256_mgf1_32", "PS256", 108, &[]),
    file("rsa_pss_4096_sha256_mgf1_32", "PS256", 108, &[]),
    file("rsa_pss_2048_sha384_mgf1_48", "PS384", 141, &[]),
    file("rsa_pss_4096_sha384_mgf1_48", "PS384", 141, &[]),
    file("rsa_pss_4096_sha512_mgf1_64", "PS512", 179, &[]),
    file("hmac_sha256", "HS256", 174, &HMAC),
    file("hmac_sha384", "HS384", 174, &HMAC),
    file("hmac_sha512", "HS512", 174, &HMAC),
];

/// The one "acceptable" vector of each PKCS #1 v1.5 file.
const MISSING_NULL: [Exception; 1] = [Exception {
    tests: 8..=8,
    reason: "the NULL of the hash's AlgorithmIdentifier is missing, which signers must write \
          (RFC 8017, section 9.2, note 1); no host's WebCrypto accepts it either",
}];

/// The three HMAC files have the same layout: keys as long as the hash, half as long, and longer,
/// each with full tags and with tags of half the length.
const HMAC: [Exception; 4] = [
    Exception { tests: 82..=108, reason: TRUNCATED_TAG },
    Exception { tests: 163..=165, reason: SHORT_KEY },
    Exception { tests: 166..=168, reason: SHORT_KEY },
    Exception { tests: 172..=174, reason: TRUNCATED_TAG },
];

const TRUNCATED_TAG: &str = "the tag is truncated; RFC 7518, section 3.2, allows only full tags";

const SHORT_KEY: &str = "the key is shorter than the hash; RFC 7518, section 3.2, forbids that";

const fn file(
    name: &'static str,
    algorithm: &'static str,
    count: usize,
    exceptions: &'static [Exception],
) -> File {
    File { name, algorithm, count, exceptions }
}
