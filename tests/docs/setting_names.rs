//! The names of settings: a name close to a setting's is an error, and all errors are reported at
//! once, each of them once.

use better_auth_edge::gateway::{
    Naming, SettingError, SettingValue, SettingValues, Settings, Variable,
};

const PAGE: &str = include_str!("../../docs/configuration.md");

const REQUIRED: [(&str, &str); 2] =
    [("BETTER_AUTH_URL", "https://app.example"), ("ORIGIN_URL", "https://api.example")];

/// The errors of an environment with the two required variables and these.
fn errors(variables: &[(&str, &str)]) -> Vec<String> {
    let all: Vec<_> = REQUIRED.iter().chain(variables).copied().collect();
    let named: Vec<_> = all.iter().map(|(name, _)| Variable { name, is_binding: false }).collect();
    let lookup = |wanted: &str| {
        let (_, text) = all.iter().rev().find(|(name, _)| *name == wanted)?;
        Some(SettingValue::Variable((*text).to_owned()))
    };
    texts(Settings::parse_environment(&named, lookup))
}

/// The errors of an application's settings if the host cannot read some of them.
fn errors_with_unreadable(
    unreadable: &[&'static str],
    settings: &[(&'static str, &str)],
) -> Vec<String> {
    let mut values = values(settings);
    for name in unreadable {
        values.add_error(SettingError::new(name, "is not a string"));
    }
    texts(Settings::parse_values(&values))
}

fn values(settings: &[(&'static str, &str)]) -> SettingValues {
    let mut values = SettingValues::new(Naming::Variables);
    for (name, value) in settings {
        values.set(name, SettingValue::Variable((*value).to_owned()));
    }
    values
}

fn texts(settings: Result<Settings, Vec<SettingError>>) -> Vec<String> {
    settings.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn documented() -> impl Iterator<Item = &'static str> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split('`').next())
}

#[test]
fn every_documented_setting_is_known_and_a_typo_in_its_name_is_an_error() {
    // many deployments have an API_KEY of another service
    assert!(errors(&[("API_KEY", "x"), ("api-keys", "x")]).is_empty());
    for name in documented().filter(|name| *name != "API_KEYS") {
        let misspelled = format!("{name}X");
        let known = format!("{misspelled} is not a setting, but {name} is");
        assert_eq!(errors(&[(&misspelled, "x")]), [known], "{name}");
        let written = name.to_ascii_lowercase().replace('_', "-");
        let known = format!("{written} is not a setting, but {name} is");
        assert_eq!(errors(&[(&written, "x")]), [known], "{name}");
    }
    assert!(documented().count() > 50);
}

#[test]
fn a_misspelled_setting_is_reported_beside_the_errors_of_others() {
    let variables = [("ROUTE", "[]"), ("CLOCK_TOLERANCE", "x"), ("NODE_ENV", "production")];
    let found = errors(&variables);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], "ROUTE is not a setting, but ROUTES is");
    assert!(found[1].starts_with("CLOCK_TOLERANCE "));
}

#[test]
fn an_operator_can_declare_that_a_variable_is_not_a_setting() {
    let ignored = ("IGNORED_VARIABLES", "ROUTER, ISSUES");
    assert!(errors(&[("ROUTER", "x"), ("ISSUES", "x"), ignored]).is_empty());
    assert_eq!(errors(&[("ROUTE", "x"), ignored]), ["ROUTE is not a setting, but ROUTES is"]);
}

#[test]
fn an_environment_without_rules_is_valid() {
    for routes in [("NODE_ENV", "production"), ("ROUTES", ""), ("ROUTES", "[]")] {
        assert!(errors(&[routes]).is_empty(), "{routes:?}");
    }
}

#[test]
fn unknown_members_of_rules_and_issuers_are_errors_that_suggest_the_nearest_name() {
    for (setting, value, error) in [
        ("ROUTES", r#"[{"pth":"/"}]"#, "\"pth\" is not a member of a rule (did you mean path?)"),
        ("ROUTES", r#"[{"path":"/","claim":{}}]"#, "(did you mean claims?)"),
        ("ROUTES", r#"[{"path":"/","Scopes":[]}]"#, "(did you mean scopes?)"),
        ("ROUTES", r#"[{"path":"/","color":1}]"#, "\"color\" is not a member of a rule"),
        (
            "ISSUERS",
            r#"[{"base_url":"https://b.example","baseUrl":"x"}]"#,
            "(did you mean base_url?)",
        ),
    ] {
        let found = errors(&[(setting, value)]);
        assert!(found.iter().any(|text| text.contains(error)), "{value}: {found:?}");
    }
}

#[test]
fn edge_issuer_must_be_an_origin() {
    for good in ["https://edge.example", "http://127.0.0.1:8787", "HTTPS://Edge.example:443"] {
        assert!(errors(&[("EDGE_ISSUER", good)]).is_empty(), "{good}");
    }
    for (bad, right) in [
        ("https://edge.example/", "write https://edge.example"),
        ("https://edge.example/v1", "write https://edge.example"),
        ("https://edge .example", "a space"),
        ("edge.example", "is not an absolute URL, such as https://edge.example"),
        ("urn:edge", "is not an absolute URL, such as https://app.example.com"),
    ] {
        let found = errors(&[("EDGE_ISSUER", bad)]);
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        assert!(found[0].starts_with("EDGE_ISSUER ") && found[0].contains(right), "{found:?}");
    }
}

#[test]
fn urls_are_checked_verbatim_without_trimming() {
    let entry = r#"[{"base_url":"https://b.example "}]"#;
    for (setting, value) in [
        ("BETTER_AUTH_URL", " https://app.example"),
        ("BETTER_AUTH_URL", "https://app.example\n"),
        ("ORIGIN_URL", "https://api.example\t"),
        ("JWKS_URL", "https://app.example/keys "),
        ("EDGE_ISSUER", "https://edge.example "),
        ("ISSUERS", entry),
    ] {
        let found = errors(&[(setting, value)]);
        assert!(found.len() == 1 && found[0].starts_with(setting), "{value:?}: {found:?}");
        assert!(found[0].contains("has a space, a tab or another blank"), "{found:?}");
    }
    assert!(errors(&[("JWKS_URL", " "), ("CLOCK_TOLERANCE", " 5 ")]).is_empty());
}

#[test]
fn a_base_path_is_one_path_and_must_not_contradict_the_url() {
    let url = ("BETTER_AUTH_URL", "https://app.example/auth");
    assert!(errors(&[url, ("BETTER_AUTH_BASE_PATH", "/auth/")]).is_empty());
    for settings in [
        vec![url, ("BETTER_AUTH_BASE_PATH", "/")],
        vec![("BETTER_AUTH_BASE_PATH", "auth")],
        vec![("BETTER_AUTH_BASE_PATH", "/a//b")],
        vec![("ISSUERS", r#"[{"base_url":"https://b.example/x","base_path":"/"}]"#)],
    ] {
        let found = errors(&settings);
        assert!(
            found.len() == 1 && found[0].to_uppercase().contains("BASE_PATH"),
            "{settings:?}: {found:?}"
        );
    }
    // each issuer has its own base path
    let issuers = ("ISSUERS", r#"[{"base_url":"https://b.example/x"}]"#);
    assert!(errors(&[("BETTER_AUTH_BASE_PATH", "/"), issuers]).is_empty());
}

#[test]
fn an_unreadable_setting_causes_no_follow_up_errors() {
    let url = REQUIRED[0];
    let to_origin = ("ROUTES", r#"[{"path":"/a","to":"origin"}]"#);
    let by_claim = ("ROUTES", r#"[{"path":"/{a}","match":{"a":"org"}}]"#);
    let next = r#"{"kty":"OKP","crv":"Ed25519","d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}"#;
    for (unreadable, settings) in [
        ("BETTER_AUTH_URL", vec![]),
        ("BETTER_AUTH_URL", vec![("BETTER_AUTH_BASE_PATH", "/")]),
        ("ORIGIN_URL", vec![url, to_origin]),
        ("CLAIMS", vec![url, by_claim]),
        ("REQUIRED_CLAIMS", vec![url, by_claim]),
        ("BETTER_AUTH_SECRET", vec![url, ("ALGORITHMS", "HS256")]),
        ("BETTER_AUTH_SECRET", vec![url, ("COOKIE_CACHE", "secret")]),
        ("EDGE_SIGNING_KEY", vec![url, ("EDGE_SIGNING_KEY_NEXT", next)]),
    ] {
        let expected = [format!("{unreadable} is not a string")];
        assert_eq!(errors_with_unreadable(&[unreadable], &settings), expected, "{settings:?}");
    }
    // an invalid value does not hide a claim's error either
    let found = errors(&[("REQUIRED_CLAIMS", "[7]"), by_claim]);
    assert!(found.len() == 1 && found[0].starts_with("REQUIRED_CLAIMS "), "{found:?}");
}

#[test]
fn an_unreadable_setting_hides_no_other_error() {
    let settings = [("CLOCK_TOLERANCE", "x"), ("ROUTES", r#"[{"pth":"/"}]"#)];
    let found = errors_with_unreadable(&["BETTER_AUTH_URL", "ISSUER"], &settings);
    let named: Vec<_> = found.iter().map(|error| error.split(' ').next().unwrap()).collect();
    let expected = ["BETTER_AUTH_URL", "ISSUER", "CLOCK_TOLERANCE", "ROUTES"];
    assert_eq!(named, expected, "{found:#?}");
}

#[test]
fn one_mistake_is_one_error() {
    for (setting, value) in [
        ("ROUTES", r#"[{"pth":"/a"}]"#),
        ("ROUTES", r#"[{"Path":"/a"}]"#),
        ("ROUTES", r#"[{"pattern":"/a/*"}]"#),
        ("ROUTES", r#"[{"path":null}]"#),
        ("ISSUERS", r#"[{"url":"https://b.example"}]"#),
        ("ISSUERS", r#"[{"server":"https://b.example"}]"#),
        ("ISSUERS", r#"[{"baseUrl":"https://b.example"}]"#),
        ("CLAIMS", ","),
        ("CLAIMS", "sub,,role"),
        ("CLAIMS", "sub,"),
    ] {
        let found = errors(&[(setting, value)]);
        assert!(found.len() == 1 && found[0].starts_with(setting), "{value}: {found:?}");
    }
    // two mistakes are two errors
    for (setting, value) in
        [("ROUTES", r#"[{"claim":{"a":"b"}}]"#), ("ISSUERS", r#"[{"audiense":"a"}]"#)]
    {
        assert_eq!(errors(&[(setting, value)]).len(), 2, "{value}");
    }
}

#[test]
fn a_base_path_is_checked_beside_an_invalid_url_too() {
    let settings = [("BETTER_AUTH_URL", "app.example"), ("BETTER_AUTH_BASE_PATH", "api/auth")];
    let found = errors(&settings);
    let named: Vec<_> = found.iter().map(|error| error.split(' ').next().unwrap()).collect();
    assert_eq!(named, ["BETTER_AUTH_URL", "BETTER_AUTH_BASE_PATH"], "{found:?}");
    let entry = ("ISSUERS", r#"[{"base_url":"b.example","base_path":"api"}]"#);
    assert_eq!(errors(&[entry]).len(), 2);
    let entry = ("ISSUERS", r#"[{"base_url":"b.example","base_path":"/api"}]"#);
    assert_eq!(errors(&[entry]).len(), 1);
}

#[test]
fn a_setting_with_a_misspelled_name_is_not_also_reported_missing() {
    let errors = |meant: &[&'static str], settings: &[(&'static str, &str)]| {
        let mut values = values(settings);
        meant.iter().for_each(|name| values.add_misspelled(name));
        let parsed = Settings::parse_values(&values);
        let errors = parsed.err().unwrap_or_default();
        errors.iter().map(|error| error.setting()).collect::<Vec<_>>()
    };
    let url = ("BETTER_AUTH_URL", "https://app.example");
    for (meant, settings) in [
        ("BETTER_AUTH_URL", vec![]),
        ("BETTER_AUTH_URL", vec![("SESSION_EXCHANGE", "true")]),
        ("BETTER_AUTH_URL", vec![("BETTER_AUTH_BASE_PATH", "/auth")]),
        ("BETTER_AUTH_SECRET", vec![url, ("COOKIE_CACHE", "secret")]),
        ("ORIGIN_URL", vec![url, ("ROUTES", r#"[{"path":"/a","to":"origin"}]"#)]),
        ("EDGE_SIGNING_KEY", vec![url, ("EDGE_SIGNING_KEY_NEXT", "{}")]),
    ] {
        assert_ne!(errors(&[], &settings), [""; 0], "{meant}");
        let found = errors(&[meant], &settings);
        assert!(found.iter().all(|it| *it == "EDGE_SIGNING_KEY_NEXT"), "{meant}: {found:?}");
    }
}
