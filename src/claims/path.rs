//! Claims within claims, named by a dotted path.

use crate::jose::{Json, Object};

/// The member of that name, or else the one at that path: `org.role` is the member `role` of the object
/// `org`. A member whose whole name is the path comes first, so `https://example.com/roles` is a name. A path
/// leads through objects only. A member that is `null` counts as absent.
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

    #[test]
    fn a_path_leads_through_objects_and_a_literal_name_comes_first() {
        let text = r#"{"role":"r","org":{"role":"admin","team":{"id":7},"a.b":1,"null":null},
            "org.id":"literal","list":[{"role":"x"}],"text":"t","https://x.example/roles":["y"],
            "absent":null,"absent.role":null,"":{"":"empty"}}"#;
        let object = Object::parse(text.as_bytes()).unwrap();
        for (path, expected) in [
            ("role", Some(r#""r""#)),
            ("org.role", Some(r#""admin""#)),
            ("org.team.id", Some("7")),
            ("org.a.b", Some("1")),
            ("org.id", Some(r#""literal""#)),
            ("https://x.example/roles", Some(r#"["y"]"#)),
            (".", Some(r#""empty""#)),
            ("org.null", None),
            ("org.nothing", None),
            ("org.role.x", None),
            ("org.", None),
            (".role", None),
            ("list.0.role", None),
            ("list.role", None),
            ("text.length", None),
            ("absent.role", None),
            ("https://x", None),
            ("", Some(r#"{"":"empty"}"#)),
        ] {
            let expected = expected.map(|text| Json::parse(text).unwrap());
            assert_eq!(find(&object, path), expected.as_ref(), "{path}");
        }
    }
}
