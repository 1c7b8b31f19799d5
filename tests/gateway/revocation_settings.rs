//! The settings of revocation: which contradict each other, and what turns it on.

use crate::common::AUTH_SERVER;
use better_auth_edge::gateway::{RevocationsBinding, SettingValue, Settings, Variable};

#[test]
fn settings_that_break_the_promise_are_errors() {
    let errors = |store: Option<RevocationsBinding>, settings: &[(&str, &str)]| {
        let required = [("BETTER_AUTH_URL", AUTH_SERVER), ("ORIGIN_URL", "https://api.example")];
        let lookup = |name: &str| {
            let mut all = settings.iter().chain(&required);
            all.find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        };
        let parsed = match store {
            Some(store) => Settings::parse_with_revocations(store, lookup),
            None => Settings::parse(lookup),
        };
        let errors = parsed.err().unwrap_or_default();
        errors.iter().map(|error| error.setting().to_owned()).collect::<Vec<_>>()
    };
    let issuer = ("EDGE_ISSUER", "https://edge.example");
    let token = ("REVOCATIONS_TOKEN", "0123456789abcdef0123456789abcdef");
    let url = ("REVOCATIONS_URL", "https://other.example");
    let consistent = Some(RevocationsBinding::Consistent);
    let eventual = Some(RevocationsBinding::Eventual);
    for (store, settings, expected) in [
        (consistent, vec![], vec!["EDGE_ISSUER"]),
        (consistent, vec![issuer], vec![]),
        (consistent, vec![issuer, ("MAX_TOKEN_LIFETIME", "86401")], vec!["MAX_TOKEN_LIFETIME"]),
        (consistent, vec![issuer, ("MAX_TOKEN_LIFETIME", "86400")], vec![]),
        (None, vec![("MAX_TOKEN_LIFETIME", "86401")], vec![]),
        (consistent, vec![issuer, url, token], vec!["REVOCATIONS_URL"]),
        (None, vec![url], vec!["REVOCATIONS_TOKEN"]),
        (None, vec![url, ("REVOCATIONS_TOKEN", "short")], vec!["REVOCATIONS_TOKEN"]),
        (None, vec![url, token], vec![]),
        (
            None,
            vec![("REVOCATIONS_URL", "http://other.example.com"), token],
            vec!["REVOCATIONS_URL"],
        ),
        (eventual, vec![issuer], vec![]),
        (eventual, vec![issuer, ("REVOCATION_LAG", "59")], vec!["REVOCATION_LAG"]),
        (
            consistent,
            vec![issuer, ("REVOCATION_LAG", "10"), ("REVOCATION_FAILURE_AGE", "9")],
            vec!["REVOCATION_FAILURE_AGE"],
        ),
        (consistent, vec![issuer, ("REVOCATION_LAG", "100")], vec![]),
    ] {
        assert_eq!(errors(store, &settings), expected, "{store:?} {settings:?}");
    }
}

#[test]
fn a_binding_turns_revocation_on_and_a_text_of_that_name_does_not() {
    let errors = |variables: &[(&str, bool)]| {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, is_binding)| Variable { name, is_binding: *is_binding })
            .collect();
        let lookup = |name: &str| match name {
            "BETTER_AUTH_URL" => Some(SettingValue::Variable(AUTH_SERVER.to_owned())),
            "ORIGIN_URL" => Some(SettingValue::Variable("https://api.example".to_owned())),
            _ => None,
        };
        let errors = Settings::parse_environment(&variables, lookup).err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let names = |variables: &[(&str, bool)]| {
        let errors = errors(variables).into_iter();
        errors.map(|error| error.split_once(' ').unwrap().0.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(errors(&[]), [""; 0]);
    for (binding, section) in
        [("REVOCATIONS", "durable_objects.bindings"), ("REVOCATIONS_KV", "kv_namespaces")]
    {
        assert_eq!(names(&[(binding, true)]), ["EDGE_ISSUER"], "it is on");
        let expected = format!("{binding} is a variable: bind it under [[{section}]]");
        assert_eq!(errors(&[(binding, false)]), [expected]);
    }
    let both = [("REVOCATIONS", true), ("REVOCATIONS_KV", true)];
    assert_eq!(names(&both), ["REVOCATIONS_KV", "EDGE_ISSUER"]);
    let misspelled = errors(&[("REVOCATION", true)]);
    assert_eq!(misspelled, ["REVOCATION is not a binding, but REVOCATIONS is"]);
}
