//! The checks of a token by name, and the observer of their results.

use crate::error::Error;

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// A check of a token. The first that fails, in this order, determines the error code.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Check {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Check {
            /// Every check, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name of the check.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

checks! {
    /// The token has an accepted size and three segments of base64url with JSON objects
    Form = "form";
    /// The header requires no unsupported extension
    Header = "header";
    /// `typ` is accepted for the expected kind of token
    Type = "type";
    /// `alg` is on the allow-list
    Algorithm = "algorithm";
    /// The key set contains a usable key for the token
    Key = "key";
    /// The key verifies the signature
    Signature = "signature";
    /// No claim belongs to another kind of token
    Kind = "kind";
    /// The required claims are present
    Presence = "presence";
    /// The user claim is a non-empty string
    User = "user";
    /// `iss`, `aud` and the times have the types of RFC 7519
    Types = "types";
    /// The time from `iat` to `exp` is at most the maximum lifetime
    Lifetime = "lifetime";
    /// `iss` is accepted
    Issuer = "issuer";
    /// `aud` contains an accepted audience
    Audience = "audience";
    /// `exp` is not in the past
    Expiry = "expiry";
    /// The time since `iat` is at most the maximum age
    Age = "age";
    /// `nbf` is not in the future
    NotBefore = "not_before";
    /// `iat` is not in the future
    Issued = "issued";
    /// The required claims have accepted values
    Values = "values";
}

/// Observes the results of checks and cannot change them.
pub(crate) trait Observer {
    /// Records the result of a check and returns it unchanged.
    // inlined even in a build for size, where it compiles to nothing
    #[inline(always)]
    fn record<T>(&mut self, _check: Check, result: Result<T, Error>) -> Result<T, Error> {
        result
    }
}

/// Records nothing.
impl Observer for () {}
