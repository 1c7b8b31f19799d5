//! Tests of options: which are valid, and which errors the others have.

use super::{VerifierOptions, issuing_url};
use crate::base_url::BaseUrl;
use crate::config::error::SettingError;
use crate::config::settings_table::Naming;
use crate::config::value::SettingValues;

fn errors(options: VerifierOptions) -> Vec<&'static str> {
    options.build().err().unwrap_or_default().iter().map(SettingError::option).collect()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn list(values: &[&str]) -> Option<Vec<String>> {
    Some(values.iter().map(|value| (*value).to_owned()).collect())
}

fn with_base_url() -> VerifierOptions {
    VerifierOptions { base_url: text("https://app.example"), ..Default::default() }
}

#[test]
fn the_base_path_may_be_an_option_of_its_own_and_the_root() {
    let base = || BaseUrl::parse("https://app.example").unwrap();
    for (base_path, issuing) in [
        ("/", "https://app.example"),
        ("/auth/", "https://app.example/auth"),
        ("/api/auth", "https://app.example/api/auth"),
    ] {
        assert_eq!(issuing_url(&base().with_base_path(base_path).unwrap()), issuing);
        let options = VerifierOptions { base_path: text(base_path), ..with_base_url() };
        assert!(errors(options).is_empty(), "{base_path}");
    }
    let base_url = || text("https://app.example/auth");
    for (base_url, base_path, named) in [
        (base_url(), "/", vec!["basePath"]),
        (base_url(), "/auth", vec![]),
        (base_url(), "auth", vec!["basePath"]),
        (text("app.example"), "/", vec!["baseURL"]),
        (None, "/", vec!["basePath", "baseURL"]),
    ] {
        let base_path = text(base_path);
        let options = VerifierOptions { base_url, base_path, ..Default::default() };
        assert_eq!(errors(options), named);
    }
}

#[test]
fn an_option_with_a_misspelled_name_is_not_also_reported_missing() {
    let named = |meant: &[&'static str], options: VerifierOptions| {
        let mut values = SettingValues::new(Naming::Options);
        meant.iter().for_each(|setting| values.add_misspelled(setting));
        let mut errors = values.errors();
        options.build_with(&mut errors);
        errors.into_vec().iter().map(SettingError::option).collect::<Vec<_>>()
    };
    let options = VerifierOptions::default;
    assert!(named(&["BETTER_AUTH_URL"], options()).is_empty());
    let base_path = || VerifierOptions { base_path: text("/auth"), ..options() };
    assert!(named(&["BETTER_AUTH_URL"], base_path()).is_empty());
    assert!(named(&["JWKS_URL", "ISSUER", "AUDIENCE"], options()).is_empty());
    assert_eq!(named(&["JWKS_URL", "ISSUER"], options()), ["audience"]);
    let hs256 = || VerifierOptions { algorithms: list(&["HS256"]), ..with_base_url() };
    assert!(named(&["BETTER_AUTH_SECRET"], hs256()).is_empty());
    let secret = VerifierOptions { secret: Some(vec![7; 32]), ..with_base_url() };
    assert!(named(&["ALGORITHMS"], secret).is_empty());
    let wrong = VerifierOptions { clock_tolerance: Some(-1.0), ..options() };
    assert_eq!(named(&["BETTER_AUTH_URL"], wrong), ["clockTolerance"]);
}

#[test]
fn an_unreadable_option_has_one_error_and_causes_no_follow_up_errors() {
    let named = |unreadable: &[&'static str], options: VerifierOptions| {
        let mut values = SettingValues::new(Naming::Options);
        for setting in unreadable {
            values.add_error(SettingError::new(setting, "is not a string"));
        }
        let mut errors = values.errors();
        options.build_with(&mut errors);
        errors.into_vec().iter().map(SettingError::option).collect::<Vec<_>>()
    };
    let options = VerifierOptions::default;
    assert_eq!(named(&["BETTER_AUTH_URL"], options()), ["baseURL"]);
    assert_eq!(named(&["JWKS_URL"], with_base_url()), ["jwksUrl"]);
    assert_eq!(named(&["ISSUER"], with_base_url()), ["issuer"]);
    let hs256 = || VerifierOptions { algorithms: list(&["HS256"]), ..with_base_url() };
    assert_eq!(named(&["BETTER_AUTH_SECRET"], hs256()), ["secret"]);
    let tolerance = VerifierOptions { clock_tolerance: Some(-1.0), ..options() };
    assert_eq!(
        named(&["BETTER_AUTH_URL", "PROFILE"], tolerance),
        ["baseURL", "profile", "clockTolerance"]
    );
}

#[test]
fn a_base_url_suffices_or_a_key_set_with_issuer_and_audience() {
    assert!(errors(with_base_url()).is_empty());
    let options = VerifierOptions {
        jwks: text(r#"{"keys":[]}"#),
        issuer: list(&["https://app.example"]),
        audience: list(&["https://app.example"]),
        ..Default::default()
    };
    assert!(errors(options).is_empty());
}

#[test]
fn keys_from_a_public_host_without_tls_cause_a_warning() {
    let warning = |options: VerifierOptions| {
        options.build().unwrap().warning().map(|warning| warning.contains("http://a.example.com"))
    };
    let url = || text("http://a.example.com/keys");
    let base_url = with_base_url;
    assert_eq!(warning(VerifierOptions { base_url: url(), ..Default::default() }), Some(true));
    assert_eq!(warning(VerifierOptions { jwks_url: url(), ..base_url() }), Some(true));
    assert_eq!(warning(base_url()), None);
    let jwks_url = text("http://auth:3000/api/auth/jwks");
    assert_eq!(warning(VerifierOptions { jwks_url, base_url: url(), ..Default::default() }), None);
    let jwks = text(r#"{"keys":[]}"#);
    assert_eq!(warning(VerifierOptions { jwks, base_url: url(), ..Default::default() }), None);
}

#[test]
fn a_path_in_the_base_url_is_the_base_path_of_better_auth() {
    for (url, issuing) in [
        ("https://app.example/", "https://app.example/api/auth"),
        ("https://app.example/auth/", "https://app.example/auth"),
    ] {
        assert_eq!(issuing_url(&BaseUrl::parse(url).unwrap()), issuing);
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    assert_eq!(errors(VerifierOptions::default()), ["baseURL"]);
    let profile = text("cookie");
    let options = VerifierOptions { profile, ..Default::default() };
    assert_eq!(errors(options), ["profile", "baseURL"], "one does not hide the other");
    let options = VerifierOptions {
        base_url: text("app.example"),
        profile: text("cookie"),
        jwks_url: text("ftp://x"),
        issuer: list(&[]),
        audience: list(&[""]),
        algorithms: list(&["EdDSA", "none", "HS256", "eddsa"]),
        clock_tolerance: Some(300.5),
        user_claim: list(&[""]),
        table_window: Some(3.0),
        max_token_age: Some(-1.0),
        max_token_lifetime: Some(f64::NAN),
        cache_max_age: Some(f64::INFINITY),
        token_cache: Some(0.5),
        ..Default::default()
    };
    let mut named = errors(options);
    named.sort_unstable();
    let expected = [
        "algorithms",
        "algorithms",
        "algorithms",
        "audience",
        "baseURL",
        "cacheMaxAge",
        "clockTolerance",
        "issuer",
        "jwksUrl",
        "maxTokenAge",
        "maxTokenLifetime",
        "profile",
        "tableWindow",
        "tokenCache",
        "userClaim",
    ];
    assert_eq!(named, expected);
}

#[test]
fn one_kind_of_keys_excludes_the_others() {
    let secret = || Some(vec![7; 32]);
    let set = || text(r#"{"keys":[]}"#);
    let url = || text("https://keys.example/jwks");
    let hs256 = || list(&["HS256"]);
    let base = with_base_url;
    for (options, error) in [
        (VerifierOptions { secret: secret(), algorithms: hs256(), ..base() }, None),
        (VerifierOptions { algorithms: hs256(), ..base() }, Some("algorithms")),
        (VerifierOptions { secret: secret(), ..base() }, Some("algorithms")),
        (
            VerifierOptions { secret: secret(), algorithms: list(&["HS256", "EdDSA"]), ..base() },
            Some("algorithms"),
        ),
        (
            VerifierOptions { secret: secret(), algorithms: list(&["HS512"]), ..base() },
            Some("secret"),
        ),
        (VerifierOptions { secret: Some(vec![]), algorithms: hs256(), ..base() }, Some("secret")),
        (
            VerifierOptions { secret: secret(), algorithms: hs256(), jwks: set(), ..base() },
            Some("secret"),
        ),
        (
            VerifierOptions { secret: secret(), algorithms: hs256(), jwks_url: url(), ..base() },
            Some("secret"),
        ),
        (VerifierOptions { jwks: set(), jwks_url: url(), ..base() }, Some("jwks")),
        (VerifierOptions { jwks: text("{}"), ..base() }, Some("jwks")),
    ] {
        let named = format!("{options:?}");
        assert_eq!(errors(options), error.into_iter().collect::<Vec<_>>(), "{named}");
    }
}

#[test]
fn issuer_and_audience_are_required_without_a_base_url() {
    let jwks_url = text("https://keys.example/jwks.json");
    assert_eq!(errors(VerifierOptions { jwks_url, ..Default::default() }), ["issuer", "audience"]);
}
