//! docs/rules.md lists the members of a rule.

use better_auth_edge::gateway::{SettingError, Settings};

const PAGE: &str = include_str!("../../docs/rules.md");
const SOURCE: &str = include_str!("../../src/policy/rules/rule.rs");

#[test]
fn the_page_lists_every_member_of_a_rule() {
    let members = SOURCE.split("const MEMBERS: ").nth(1).unwrap().split(';').nth(1).unwrap();
    let members: Vec<_> = members.split('"').skip(1).step_by(2).collect();
    let rows = PAGE.split("\n\n").find(|part| part.starts_with("| member |")).unwrap();
    let rows = rows.lines().filter_map(|row| row.strip_prefix("| `"));
    let documented: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    assert_eq!(documented, members);
}

#[test]
fn a_rule_for_one_path_may_come_before_the_rule_with_a_parameter() {
    let rules = r#"[{"path":"/api/me"},{"path":"/api/{user_id}/*","match":{"user_id":"sub"}}]"#;
    assert_eq!(errors(rules), None);
}

#[test]
fn the_rules_that_the_page_gives_as_examples_of_setting_errors_are_rejected() {
    for rules in [
        r#"[{"path":"/api/*"},{"path":"/api/{user_id}/*","match":{"user_id":"sub"}}]"#,
        r#"[{"path":"/admin/*","methods":["GET"]},{"path":"/admin/users","claims":{"role":["admin"]}}]"#,
    ] {
        assert_eq!(errors(rules).map(|errors| errors.len()), Some(1), "{rules}");
    }
}

#[test]
fn the_rules_for_single_methods_are_accepted() {
    let rules = r#"[
        {"path":"/api/{user_id}/*","methods":["GET"],"match":{"user_id":"sub"}},
        {"path":"/api/{user_id}/*","methods":["DELETE"],"claims":{"role":["admin"]}},
        {"path":"/*","auth":"public"}
    ]"#;
    assert_eq!(errors(rules), None);
}

/// The errors in settings with these rules.
fn errors(rules: &str) -> Option<Vec<SettingError>> {
    let settings = [
        ("BETTER_AUTH_URL", "https://app.example"),
        ("ORIGIN_URL", "https://api.example"),
        ("ROUTES", rules),
    ];
    let lookup = |name: &str| {
        settings.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
    };
    Settings::parse(lookup).err()
}
