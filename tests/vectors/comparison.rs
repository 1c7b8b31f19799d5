//! The result of comparing WebCrypto's Ed25519 with ed25519-dalek's on one host.

/// Verdicts, and how WebCrypto's differ from `verify_strict`'s.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// Signatures that both accept
    pub(crate) accepted: usize,
    /// Signatures that both reject
    pub(crate) rejected: usize,
    /// Signatures about which WebCrypto decided; the core rejects others before
    pub(crate) by_webcrypto: usize,
    /// Signatures that only one of them accepts
    pub(crate) differences: Vec<String>,
}

impl Comparison {
    /// Fails if a verdict differs, or if too few signatures were compared.
    pub(crate) fn check(&self) {
        let Self { accepted, rejected, by_webcrypto, differences } = self;
        println!("Ed25519: {accepted} accepted, {rejected} rejected, {by_webcrypto} by WebCrypto");
        assert!(differences.is_empty(), "{differences:#?}");
        let fifth = (accepted + rejected) / 5;
        assert!(accepted + rejected > 3_000 && *accepted > fifth && *rejected > fifth);
        let rejected_by_webcrypto = by_webcrypto.checked_sub(*accepted);
        assert!(rejected_by_webcrypto > Some(fifth / 2), "{by_webcrypto} by WebCrypto");
    }
}
