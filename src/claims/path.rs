//! Claims within claims, named by a dotted path.

use crate::jose::{Json, Object};

/// The member of that name, or else the one at that path: `org.role` is the member `role` of the
/// object `org`. A member whose whole name is the path comes first, so `https://example.com/roles`
/// is a name. A path leads through objects only. A member that is `null` counts as absent.
pub(super) fn find<'o>(object: &'o Object, path: &str) -> Option<&'o Json> {
    if let Some(value) = object.member(path) {
        return Some(value);
    }
    let (name, rest) = path.split_once('.')?;
    find(object.member(name)?.as_object()?, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str = include_str!("../../tests/vectors/named_claims.json");

    #[test]
    fn a_path_leads_through_objects_and_a_literal_name_comes_first() {
        let document = Object::parse(VECTORS.as_bytes()).unwrap();
        let claims = document.member("claims").and_then(Json::as_object).unwrap();
        let paths = document.member("paths").and_then(Json::as_array).unwrap();
        for pair in paths {
            let Some([path, expected]) = pair.as_array() else { panic!("a pair: {pair:?}") };
            let expected = Some(expected).filter(|value| **value != Json::Null);
            assert_eq!(find(claims, path.as_str().unwrap()), expected, "{path:?}");
        }
        assert!(paths.len() > 20);
    }
}
