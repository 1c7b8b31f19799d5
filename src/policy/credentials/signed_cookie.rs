//! Better Auth's signature of its cookies: `token.base64(HMAC-SHA256(secret, token))` (better-call,
//! `signCookieValue`), the same in all versions.

use crate::config::reader::Reader;
use crate::crypto::Secret;
use crate::jose::{Algorithm, base64url};

/// The secret that Better Auth signs its cookies with.
#[derive(Debug)]
pub(super) struct CookieSecret(Secret);

impl CookieSecret {
    /// `BETTER_AUTH_SECRET`, if it is set.
    pub(super) fn from_settings(reader: &Reader<'_>) -> Option<Self> {
        // Better Auth accepts short secrets; only those that verify tokens must be long
        Some(Self(Secret::of_any_length(reader.better_auth_secret()?)))
    }

    /// Whether a cookie's decoded value is signed with this secret. Compares in constant time.
    pub(super) fn has_signed(&self, value: &str) -> bool {
        let signed = value.rsplit_once('.').filter(|(token, _)| !token.is_empty());
        let Some((token, signature)) = signed else { return false };
        mac(signature).is_some_and(|mac| self.0.verifies(Algorithm::Hs256, token.as_bytes(), &mac))
    }
}

/// The 32 bytes of a signature, from padded base64 (RFC 4648, section 4). `None` for other
/// spellings, which Better Auth never writes.
fn mac(signature: &str) -> Option<[u8; 32]> {
    let digits = signature.strip_suffix('=')?;
    if digits.len() != 43 || digits.contains(['-', '_']) {
        return None;
    }
    base64url::decode_array(&digits.replace('+', "-").replace('/', "_"))
}

/// A hint for the operator, which only the log contains. `kind` is the kind of session that has
/// another signature, `name` the setting with the secret.
pub(super) fn wrong_secret(kind: &str, name: &str) -> String {
    format!(
        "no session {kind} of the request is signed with {name}; if this happens to every client, \
         Better Auth has another secret"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret that only Better Auth and the edge know";

    fn has_signed(secret: &str, value: &str) -> bool {
        CookieSecret(Secret::of_any_length(secret.into())).has_signed(value)
    }

    #[test]
    fn better_auths_signatures_are_valid_for_any_token_and_a_short_secret() {
        // made by better-call 1.4.0, without its percent-encoding
        for (secret, value) in [
            (SECRET, "token-1.Ge8ADjtw5KRPYnDnMPQwq1rJY1rFPBAp1aEAklzdSfo="),
            (SECRET, "a.b.c.fU+mQQcZnMRBS5gz3WaaZosERRkat9v8ANcSci74hMM="),
            (SECRET, "t\u{f6}k\u{20ac}n.AXMnnUtDy+PrHcYFikBpGV7IGANMbloDzTjptxpUUr0="),
            (SECRET, "t7.Jf+Ct51aM8oxcHQoEhttyNDoIuWpGkeRA5K2sli2C/M="),
            ("short", "token-1.SncUsXiB+Bk5BRBUBdqPN+R8/qmUdcButiLjjls6nPE="),
        ] {
            assert!(has_signed(secret, value), "{value}");
        }
    }

    #[test]
    fn another_token_secret_or_spelling_is_invalid() {
        let signature = "Ge8ADjtw5KRPYnDnMPQwq1rJY1rFPBAp1aEAklzdSfo=";
        assert!(!has_signed("another secret", &["token-1.", signature].concat()));
        for value in [
            "",
            ".",
            "token-1",
            "token-1.",
            signature,
            &[".", signature].concat(),
            &["token-2.", signature].concat(),
            &["token-1.x.", signature].concat(),
            &["token-1..", signature].concat(),
            &["token-1.", &signature[..43]].concat(),
            &["token-1.", &signature[..42], "="].concat(),
            &["token-1.", signature, "="].concat(),
            &["token-1. ", signature].concat(),
            // bits that belong to no byte, which atob ignores
            "token-1.Ge8ADjtw5KRPYnDnMPQwq1rJY1rFPBAp1aEAklzdSfp=",
            // base64url
            "t7.Jf-Ct51aM8oxcHQoEhttyNDoIuWpGkeRA5K2sli2C_M=",
        ] {
            assert!(!has_signed(SECRET, value), "{value}");
        }
        // the signature of the empty token
        let of_empty = "2LxJ6k7CGAqf2dVHc8HHrdwRJwSzSfTIfBaUBgOrdi4=";
        assert!(!has_signed(SECRET, &[".", of_empty].concat()));
    }
}
