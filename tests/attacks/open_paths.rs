//! Attacks on gaps between rules: methods that an isolating rule does not list, paths below its
//! path, public paths before the rules, and claims that resemble another user's.

use crate::common::{AUTH_SERVER, Edge, good_claims, request};
use better_auth_edge::gateway::Settings;

const GET_ONLY: &str = r#"{"path":"/api/{user_id}/*","methods":["GET"],"match":{"user_id":"sub"}}"#;

fn edge(rules: &[&str]) -> Edge {
    Edge::new(&[("ROUTES", &format!("[{}]", rules.join(",")))])
}

/// The outcomes of user-1's request and of the same request without a token.
fn outcomes(edge: &Edge, method: &str, path: &str) -> [&'static str; 2] {
    let own = request(method, path, &[edge.bearer(&good_claims())]);
    [edge.outcome(&own), edge.outcome(&request::<&str>(method, path, &[]))]
}

#[test]
fn an_isolating_rule_also_isolates_its_paths_for_methods_that_it_does_not_list() {
    for rules in [
        &[GET_ONLY][..],
        &[GET_ONLY, r#"{"path":"/*"}"#],
        &[GET_ONLY, r#"{"path":"/api/*"}"#],
        &[GET_ONLY, r#"{"path":"/*","auth":"optional"}"#],
        &[GET_ONLY, r#"{"path":"/*","auth":"public"}"#],
    ] {
        let edge = edge(rules);
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "MOVE"] {
            assert_eq!(
                outcomes(&edge, method, "/api/user-2/x"),
                ["user_mismatch", "missing_token"]
            );
            assert_eq!(outcomes(&edge, method, "/api/user-1/x"), ["forward", "missing_token"]);
        }
    }
}

#[test]
fn a_method_in_another_case_is_not_forwarded() {
    let edge = edge(&[r#"{"path":"/admin/*","methods":["POST"],"claims":{"role":["admin"]}}"#]);
    for method in ["post", "Post", "gET", "trace"] {
        assert_eq!(outcomes(&edge, method, "/admin/x"), ["malformed_request", "missing_token"]);
    }
}

#[test]
fn the_conditions_of_a_catch_all_rule_apply_too() {
    let edge = edge(&[GET_ONLY, r#"{"path":"/*","claims":{"role":["admin"]}}"#]);
    assert_eq!(outcomes(&edge, "DELETE", "/api/user-1/x")[0], "insufficient_claims");
    assert_eq!(outcomes(&edge, "DELETE", "/api/user-2/x")[0], "user_mismatch");
    assert_eq!(outcomes(&edge, "GET", "/api/user-1/x")[0], "forward");
}

#[test]
fn the_scopes_of_a_catch_all_rule_apply_too() {
    let edge = edge(&[GET_ONLY, r#"{"path":"/*","scopes":["tasks:write"]}"#]);
    assert_eq!(outcomes(&edge, "DELETE", "/api/user-1/x")[0], "insufficient_scope");
    assert_eq!(outcomes(&edge, "DELETE", "/api/user-2/x")[0], "user_mismatch");
    assert_eq!(outcomes(&edge, "GET", "/api/user-1/x")[0], "forward");
}

#[test]
fn a_rule_that_lists_the_remaining_methods_decides_about_them() {
    for (rules, method, path, expected) in [
        (
            &[GET_ONLY, r#"{"path":"/api/{id}/*","methods":["DELETE"],"scopes":["admin"]}"#][..],
            "DELETE",
            "/api/user-2/x",
            ["insufficient_scope", "missing_token"],
        ),
        (
            &[GET_ONLY, r#"{"path":"/api/*","methods":["POST"],"auth":"public"}"#],
            "POST",
            "/api/user-2/x",
            ["forward", "forward"],
        ),
        (
            &[GET_ONLY, r#"{"path":"/api/{id}/avatar","auth":"public"}"#],
            "PUT",
            "/api/user-2/avatar",
            ["forward", "forward"],
        ),
        (
            &[r#"{"path":"/api/{id}/avatar","auth":"public"}"#, GET_ONLY],
            "PUT",
            "/api/user-2/avatar",
            ["forward", "forward"],
        ),
        (
            &[GET_ONLY, r#"{"path":"/*","auth":"public"}"#],
            "PUT",
            "/other/user-2",
            ["forward", "forward"],
        ),
    ] {
        assert_eq!(outcomes(&edge(rules), method, path), expected, "{rules:?}");
    }
}

fn settings(within_app: bool, values: &[(&str, &str)]) -> Result<Settings, String> {
    let lookup = |name: &str| {
        let required = [("BETTER_AUTH_URL", AUTH_SERVER), ("ORIGIN_URL", "https://api.example")];
        let mut all = values.iter().chain(&required);
        all.find(|(setting, _)| *setting == name).map(|(_, value)| (*value).to_owned())
    };
    let settings =
        if within_app { Settings::parse_within_app(lookup) } else { Settings::parse(lookup) };
    settings.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

#[test]
fn a_warning_names_the_open_paths_below_an_isolated_path() {
    let exact = r#"{"path":"/api/{user_id}/tasks","match":{"user_id":"sub"}}"#;
    for (rules, warned) in [
        (&[exact][..], true),
        (&[exact, r#"{"path":"/api/{user_id}/tasks/{id}","match":{"user_id":"sub"}}"#], true),
        (&[exact, r#"{"path":"/api/{user_id}/*","match":{"user_id":"sub"}}"#], false),
        (&[exact, r#"{"path":"/*"}"#], false),
        (&[GET_ONLY], false),
        (&[r#"{"path":"/api/{user_id}/tasks"}"#], false),
    ] {
        let routes = format!("[{}]", rules.join(","));
        let mut warnings = settings(false, &[("ROUTES", &routes)]).unwrap().warnings();
        warnings.retain(|text| text.starts_with("ROUTES ["));
        let names = warnings.iter().any(|text| text.contains("ROUTES [0]: /api/{user_id}/tasks "));
        assert_eq!((names, warnings.is_empty()), (warned, !warned), "{rules:?} {warnings:?}");
    }
}

#[test]
fn a_warning_names_conditions_that_apply_to_some_methods_only() {
    for (rules, warned) in [
        (&[r#"{"path":"/admin/*","methods":["GET"],"claims":{"role":["admin"]}}"#][..], true),
        (&[r#"{"path":"/a/{x}","methods":["POST"],"match":{"x":"sub"},"scopes":["w"]}"#], true),
        (&[r#"{"path":"/admin/*","claims":{"role":["admin"]}}"#], false),
        (
            &[
                r#"{"path":"/admin/*","methods":["GET"],"claims":{"role":["admin"]}}"#,
                r#"{"path":"/admin/*","claims":{"role":["owner"]}}"#,
            ],
            false,
        ),
    ] {
        let routes = format!("[{}]", rules.join(","));
        // equal paths with a common method are a separate error
        let Ok(settings) = settings(false, &[("ROUTES", &routes)]) else {
            assert!(!warned, "{rules:?}");
            continue;
        };
        let methods = settings.warnings().iter().any(|text| text.contains("for some methods only"));
        assert_eq!(methods, warned, "{rules:?} {:?}", settings.warnings());
    }
}

#[test]
fn an_earlier_rule_does_not_exempt_methods_from_a_later_rules_conditions() {
    let stricter = [
        r#"{"path":"/api/{u}/*","match":{"u":"sub"}}"#,
        r#"{"path":"/api/admin/*","claims":{"role":["admin"]}}"#,
        r#"{"path":"/api/{u}/*","methods":["GET","PUT"],"scopes":["read"]}"#,
    ];
    for first in [
        r#"{"path":"/*","methods":["GET"],"auth":"public"}"#,
        r#"{"path":"/api/*","methods":["GET"],"auth":"optional"}"#,
        r#"{"path":"/api/*","methods":["GET"]}"#,
        r#"{"path":"/*","methods":["GET","POST","PATCH","DELETE"],"auth":"public"}"#,
    ] {
        for second in stricter {
            let routes = format!("[{first},{second}]");
            let errors = settings(false, &[("ROUTES", &routes)]).unwrap_err();
            assert!(errors.contains("asks for more, but not for all"), "{routes} {errors}");
        }
    }
    for routes in [
        // an exception, other methods, and conditions of both
        r#"[{"path":"/api/{u}/avatar","methods":["GET"],"auth":"public"},{"path":"/api/{u}/*","match":{"u":"sub"}}]"#,
        r#"[{"path":"/api/*","methods":["GET"],"auth":"public"},{"path":"/api/{u}/*","methods":["POST"],"match":{"u":"sub"}}]"#,
        r#"[{"path":"/{u}/*","methods":["GET"],"match":{"u":"sub"}},{"path":"/{u}/x","match":{"u":"sub"}}]"#,
        r#"[{"path":"/api/*","methods":["GET"],"auth":"public"},{"path":"/api/{u}"}]"#,
    ] {
        assert!(settings(false, &[("ROUTES", routes)]).is_ok(), "{routes}");
    }
}

#[test]
fn path_parameters_in_the_syntax_of_other_frameworks_are_setting_errors() {
    for path in ["/admin/:id", "/admin/<id>", "/admin/[id]", "/admin?x=1", "/admin/x#y"] {
        let routes = format!(r#"[{{"path":"{path}","claims":{{"role":["admin"]}}}}]"#);
        assert!(settings(false, &[("ROUTES", &routes)]).is_err(), "{path}");
        assert!(settings(true, &[("PUBLIC_PATHS", path)]).is_err(), "{path}");
    }
    assert!(settings(false, &[("ROUTES", r#"[{"path":"/tasks:archive"}]"#)]).is_ok());
}

#[test]
fn a_public_path_that_disables_a_rule_is_a_setting_error_that_names_both() {
    let isolating = |path: &str| format!(r#"[{{"path":"{path}","match":{{"x":"sub"}}}}]"#);
    for (open, path) in [
        ("/api/*", "/api/{x}/*"),
        ("/api/*", "/api/{x}"),
        ("/api/*", "/{x}/photo"),
        ("/api/*", "/api/photo/{x}"),
        ("/{y}/photo", "/api/{x}"),
        ("/api/{y}", "/api/{x}"),
        ("/api/{y}/*", "/api/{x}/a/b"),
        ("/a/{y}/c", "/{x}/b/*"),
        ("/api", "/{x}"),
        ("/%61pi/*", "/api/{x}"),
    ] {
        let is_part = open == "/api";
        let parsed = settings(true, &[("ROUTES", &isolating(path)), ("PUBLIC_PATHS", open)]);
        match parsed {
            Ok(_) => assert!(is_part, "{open} {path}"),
            Err(errors) => {
                assert!(errors.starts_with("PUBLIC_PATHS ") && !is_part, "{errors}");
                assert!(errors.contains(open) && errors.contains(path), "{errors}");
            }
        }
    }
    for rule in [r#"[{"path":"/api/photo"}]"#, r#"[{"path":"/api/photo","auth":"optional"}]"#] {
        assert!(settings(true, &[("ROUTES", rule), ("PUBLIC_PATHS", "/api/*")]).is_err(), "{rule}");
    }
}

#[test]
fn exceptions_from_a_rule_and_disjoint_paths_are_not_setting_errors() {
    let isolating = |path: &str| format!(r#"[{{"path":"{path}","match":{{"x":"sub"}}}}]"#);
    for (open, path) in [
        ("/api/auth/*", "/api/{x}/*"),
        ("/sign-in,/_next/static/*,/favicon.ico", "/{x}/*"),
        ("/api/*", "/app/{x}"),
        ("/a/b", "/a/{x}/c"),
        ("/a/b", "/a/b/{x}"),
        ("/a/*", "/{x}"),
    ] {
        let parsed = settings(true, &[("ROUTES", &isolating(path)), ("PUBLIC_PATHS", open)]);
        assert_eq!(parsed.is_ok(), open != "/a/*", "{open} {path}: {parsed:?}");
    }
    let public = r#"[{"path":"/api/photo","auth":"public"}]"#;
    assert!(settings(true, &[("ROUTES", public), ("PUBLIC_PATHS", "/api/*")]).is_ok());
}

#[test]
fn paths_of_better_auth_and_the_framework_may_cross_a_rule_but_not_cover_it() {
    let isolating = |path: &str| format!(r#"[{{"path":"{path}","match":{{"x":"sub"}}}}]"#);
    for (own, path, fits) in [
        ("/api/auth/*", "/api/{x}/tasks/*", true),
        ("/api/auth/*", "/{x}/*", true),
        ("/api/*", "/api/{x}/photo", false),
        ("/api/*", "/api/{x}", false),
        ("/_next/image", "/_next/{x}", true),
        ("/*", "/{x}", false),
    ] {
        let parsed = settings(true, &[("ROUTES", &isolating(path)), ("OWN_PATHS", own)]);
        assert_eq!(parsed.is_ok(), fits, "{own} {path}: {parsed:?}");
    }
    assert!(settings(true, &[("OWN_PATHS", "/*")]).is_err());
}

#[test]
fn nothing_opens_every_path() {
    for open in ["/*", "/a,/*", "/{x}/*", "/{x}/{y}/*"] {
        let errors = settings(true, &[("PUBLIC_PATHS", open)]).expect_err(open);
        assert!(errors.contains("opens every path"), "{errors}");
    }
}

#[test]
fn a_claim_that_resembles_a_uuid_does_not_match_another_users_path() {
    let uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let spellings = [
        uuid.to_owned(),
        uuid.to_uppercase(),
        uuid.replace('-', ""),
        format!("{{{uuid}}}"),
        format!("urn:uuid:{uuid}"),
        uuid.replacen('f', "F", 1),
    ];
    let edge = edge(&[r#"{"path":"/api/{user_id}/*","match":{"user_id":"sub"}}"#]);
    for claimed in &spellings {
        let bearer = edge.bearer(&good_claims().with("sub", &format!("{claimed:?}")));
        for requested in &spellings {
            let path = format!("/api/{}/x", requested.replace('{', "%7B").replace('}', "%7D"));
            let expected = claimed == uuid || claimed == requested;
            let outcome = edge.outcome(&request("GET", &path, &[(bearer.0, bearer.1.as_str())]));
            assert_eq!(outcome == "forward", expected, "{claimed} requests {requested}: {outcome}");
        }
    }
}
