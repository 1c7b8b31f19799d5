//! Nested claims, named by a dotted path.

use crate::jose::{Json, Object};

/// The member with this name, or else the member at this path: `org.role` is the member `role` of
/// the object `org`. A member whose whole name is the path takes precedence, so
/// `https://example.com/roles` is a name. A path leads through objects only. A member that is
/// `null` counts as absent.
pub fn claim_at<'o>(object: &'o Object, path: &str) -> Option<&'o Json> {
    if let Some(value) = object.member(path) {
        return Some(value);
    }
    let (name, rest) = path.split_once('.')?;
    claim_at(object.member(name)?.as_object()?, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str = include_str!("../../tests/vectors/named_claims.json");

    #[test]
    fn a_path_leads_through_objects_and_a_literal_name_takes_precedence() {
        let document = Object::parse(VECTORS.as_bytes()).unwrap();
        let claims = document.member("claims").and_then(Json::as_object).unwrap();
        let paths = document.member("paths").and_then(Json::as_array).unwrap();
        for pair in paths {
            let Some([path, expected]) = pair.as_array() else { panic!("a pair: {pair:?}") };
            let expected = Some(expected).filter(|value| **value != Json::Null);
            assert_eq!(claim_at(claims, path.as_str().unwrap()), expected, "{path:?}");
        }
        assert!(paths.len() > 20);
    }
}
