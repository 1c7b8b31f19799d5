//! Nested claims, named by a dotted path.

use crate::jose::{Json, Object};

/// The member with this name, or else the member at this path: `org.role` is the member `role` of
/// the object `org`. A member whose whole name is the path takes precedence, so
/// `https://example.com/roles` is a name. A path leads through objects only; see [`is_id_at`] for
/// arrays. A member that is `null` counts as absent.
pub fn claim_at<'o>(object: &'o Object, path: &str) -> Option<&'o Json> {
    if let Some(value) = object.member(path) {
        return Some(value);
    }
    let (name, rest) = path.split_once('.')?;
    claim_at(object.member(name)?.as_object()?, rest)
}

/// Whether `is_same` accepts the id at this path, or one of several ids. `None` if the claims have
/// nothing at this path.
///
/// The path is that of [`claim_at`], and leads through arrays too: `organizations.id` is the member
/// `id` of each object in the array `organizations`. Of an array at its end, each member is an id.
/// Only non-empty strings are ids. Looks at up to 1,000 members of arrays.
pub fn is_id_at(claims: &Object, path: &str, is_same: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut search = IdSearch { is_same, members_left: MAX_MEMBERS, has_value: false };
    let is_found = search.in_object(claims, path);
    search.has_value.then_some(is_found)
}

/// Members of arrays that a search for an id looks at, over all levels.
const MAX_MEMBERS: usize = 1_000;

/// A search for an id at a path.
struct IdSearch<'s> {
    is_same: &'s dyn Fn(&str) -> bool,
    members_left: usize,
    /// Whether there was a value at the path
    has_value: bool,
}

impl IdSearch<'_> {
    fn in_object(&mut self, object: &Object, path: &str) -> bool {
        if let Some(value) = object.member(path) {
            self.has_value = true;
            return match value {
                Json::Array(members) => self.in_members(members, Self::is_text),
                value => self.is_text(value),
            };
        }
        let Some((name, rest)) = path.split_once('.') else { return false };
        match object.member(name) {
            Some(Json::Object(inner)) => self.in_object(inner, rest),
            Some(Json::Array(members)) => self.in_members(members, |search, member| {
                member.as_object().is_some_and(|inner| search.in_object(inner, rest))
            }),
            _ => false,
        }
    }

    fn in_members(
        &mut self,
        members: &[Json],
        mut is_found: impl FnMut(&mut Self, &Json) -> bool,
    ) -> bool {
        members.iter().any(|member| {
            let is_within_limit = self.members_left > 0;
            self.members_left = self.members_left.saturating_sub(1);
            is_within_limit && is_found(self, member)
        })
    }

    fn is_text(&mut self, value: &Json) -> bool {
        value.as_str().is_some_and(|text| !text.is_empty() && (self.is_same)(text))
    }
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

    const MATCHED: &str = include_str!("../../tests/vectors/matched_claims.json");

    #[test]
    fn an_id_is_found_in_lists_of_ids_and_of_objects() {
        let document = Object::parse(MATCHED.as_bytes()).unwrap();
        let claims = document.member("claims").and_then(Json::as_object).unwrap();
        let matches = document.member("matches").and_then(Json::as_array).unwrap();
        for entry in matches {
            let Some([path, id, Json::Bool(expected)]) = entry.as_array() else {
                panic!("a path, an id and a result: {entry:?}")
            };
            let (path, id) = (path.as_str().unwrap(), id.as_str().unwrap());
            let is_same = |claim: &str| crate::is_same_id(id, claim);
            let found = is_id_at(claims, path, &is_same) == Some(true);
            assert_eq!(found, *expected, "{path} {id}");
        }
        assert!(matches.len() > 50);
    }

    #[test]
    fn an_absent_value_differs_from_one_without_the_id() {
        let claims = Object::parse(br#"{"a":[],"b":[{"c":"d"}],"e":null,"f":[{}]}"#).unwrap();
        for (path, expected) in
            [("a", Some(false)), ("b.c", Some(false)), ("b.x", None), ("e", None), ("f.c", None)]
        {
            assert_eq!(is_id_at(&claims, path, &|_| false), expected, "{path}");
        }
    }

    #[test]
    fn at_most_a_thousand_members_are_looked_at_over_all_levels() {
        let ids: Vec<_> = (0..1_500).map(|i| format!(r#""org-{i}""#)).collect();
        let objects: Vec<_> = ids.chunks(99).map(|ids| format!("[{}]", ids.join(","))).collect();
        let objects: Vec<_> = objects.iter().map(|ids| format!(r#"{{"ids":{ids}}}"#)).collect();
        let claims = format!(r#"{{"a":[{}],"b":[{}]}}"#, ids.join(","), objects.join(","));
        let claims = Object::parse(claims.as_bytes()).unwrap();
        let is_found = |path, id| is_id_at(&claims, path, &|claim: &str| claim == id);
        assert_eq!(is_found("a", "org-999"), Some(true));
        assert_eq!(is_found("a", "org-1000"), Some(false));
        // ten objects, and the 990 ids in them
        assert_eq!(is_found("b.ids", "org-989"), Some(true));
        assert_eq!(is_found("b.ids", "org-990"), Some(false));
    }
}
