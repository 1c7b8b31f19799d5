//! The checks of a token by name, and who hears how each has ended.

use crate::error::Error;

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)+) => {
        /// A check of a token. The first that fails, in this order, names the code of the rejection.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Check {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Check {
            /// Every check, in the order in which they count.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its stable name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

checks! {
    /// Size, three segments of base64url, JSON objects
    Form = "form";
    /// The header asks for nothing that is not supported
    Header = "header";
    /// `typ` is that of the expected kind of token
    Type = "type";
    /// `alg` is on the allow-list
    Algorithm = "algorithm";
    /// The set has a usable key for the token
    Key = "key";
    /// The signature is that key's over these bytes
    Signature = "signature";
    /// No claim shows that the token is of another kind
    Kind = "kind";
    /// The required claims are there
    Presence = "presence";
    /// A claim says who the user is
    User = "user";
    /// `iss`, `aud` and the times have the types of RFC 7519
    Types = "types";
    /// From `iat` to `exp` it is not too long
    Lifetime = "lifetime";
    /// `iss` is accepted
    Issuer = "issuer";
    /// `aud` has an accepted member
    Audience = "audience";
    /// `exp` is not over
    Expiry = "expiry";
    /// `iat` is not too long ago
    Age = "age";
    /// `nbf` is over
    NotBefore = "not_before";
    /// `iat` is not in the future
    Issued = "issued";
    /// The required claims have accepted values
    Values = "values";
}

/// Observes the results of checks, without influence on them.
pub(crate) trait Observer {
    /// Returns the result of a check unchanged.
    // inlined also in builds for size, where it disappears
    #[inline(always)]
    fn record<T>(&mut self, _check: Check, result: Result<T, Error>) -> Result<T, Error> {
        result
    }
}

/// Observes nothing.
impl Observer for () {}
