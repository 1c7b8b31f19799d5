//! Scopes (RFC 6749, section 3.3).

use crate::error::{Code, Error};
use crate::jose::{Json, Object};

/// Whether a text is one scope.
pub fn is_scope(text: &str) -> bool {
    let may_be_in_scope = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !text.is_empty() && text.bytes().all(may_be_in_scope)
}

/// Checks that the claim `scope` contains all of `scopes`.
///
/// # Errors
/// [`Code::InsufficientScope`]
pub fn check_scopes(claims: &Object, scopes: &[impl AsRef<str>]) -> Result<(), Error> {
    let scope = claims.member("scope").and_then(Json::as_str).unwrap_or_default();
    let is_granted = |wanted: &str| scope.split(' ').any(|granted| granted == wanted);
    if scopes.iter().all(|wanted| is_scope(wanted.as_ref()) && is_granted(wanted.as_ref())) {
        return Ok(());
    }
    let scopes = scopes.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ");
    let detail = format!("this path needs the scopes {scopes}");
    Err(Error::new(Code::InsufficientScope, detail).with_scopes(scopes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_required_scope_must_be_granted() {
        let granted = |scope: &str, wanted: &[&str]| {
            let claims = Object::parse(format!(r#"{{"scope":{scope}}}"#).as_bytes()).unwrap();
            check_scopes(&claims, wanted).is_ok()
        };
        assert!(granted(r#""tasks:read tasks:write""#, &["tasks:write", "tasks:read"]));
        assert!(granted(r#""tasks:read""#, &[]));
        assert!(!granted(r#""tasks:read""#, &["tasks:write"]));
        assert!(!granted(r#""tasks:readx""#, &["tasks:read"]));
        assert!(!granted("[\"tasks:read\"]", &["tasks:read"]));
        assert!(!granted(r#""""#, &[""]), "an empty scope is not granted");
        assert!(!granted(r#""a b""#, &["a b"]), "two scopes are not one");
        let error = check_scopes(&Object::default(), &["a", "b"]).unwrap_err();
        assert_eq!(error.scopes(), Some("a b"));
    }

    #[test]
    fn scopes_are_printable_ascii_without_quotes() {
        for scope in ["a", "tasks:read", "https://api.example/x", "!", "~"] {
            assert!(is_scope(scope), "{scope}");
        }
        for text in ["", " ", "a b", "\"a\"", "a\\b", "ä", "a\n"] {
            assert!(!is_scope(text), "{text:?}");
        }
    }
}
