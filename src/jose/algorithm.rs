//! Signature algorithms by their registered names (RFC 7518, RFC 8037, RFC 9864).

use std::fmt;

macro_rules! algorithms {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal $(| $alias:literal)?;)+) => {
        /// A signature or MAC algorithm.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Algorithm {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Algorithm {
            /// All algorithms.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The algorithm with this registered name. Names are case-sensitive (RFC 7515, section
            /// 4.1.1).
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name $(| $alias)? => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The registered name. It is `EdDSA` for [`Algorithm::EdDsa`].
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

algorithms! {
    /// EdDSA over edwards25519. `EdDSA` (RFC 8037) and `Ed25519` (RFC 9864) are the same algorithm
    /// here, because Ed448 is not supported.
    EdDsa = "EdDSA" | "Ed25519";
    /// ECDSA over P-256 with SHA-256
    Es256 = "ES256";
    /// ECDSA over P-384 with SHA-384
    Es384 = "ES384";
    /// ECDSA over P-521 with SHA-512
    Es512 = "ES512";
    /// RSASSA-PSS with SHA-256
    Ps256 = "PS256";
    /// RSASSA-PSS with SHA-384
    Ps384 = "PS384";
    /// RSASSA-PSS with SHA-512
    Ps512 = "PS512";
    /// RSASSA-PKCS1-v1_5 with SHA-256
    Rs256 = "RS256";
    /// RSASSA-PKCS1-v1_5 with SHA-384
    Rs384 = "RS384";
    /// RSASSA-PKCS1-v1_5 with SHA-512
    Rs512 = "RS512";
    /// HMAC with SHA-256
    Hs256 = "HS256";
    /// HMAC with SHA-384
    Hs384 = "HS384";
    /// HMAC with SHA-512
    Hs512 = "HS512";
}

impl Algorithm {
    /// Whether one secret both signs and verifies (HMAC). A JWK Set never contains such a key.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// Whether an RSA key verifies the algorithm.
    pub fn is_rsa(self) -> bool {
        use Algorithm::{Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        matches!(self, Ps256 | Ps384 | Ps512 | Rs256 | Rs384 | Rs512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
