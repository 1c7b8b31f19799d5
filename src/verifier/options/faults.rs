//! Tests: base paths, and faults beside those that a host has found.

use super::{Fault, VerifierOptions, issuing_url};
use crate::base_url::BaseUrl;

fn faults(options: VerifierOptions) -> Vec<&'static str> {
    options.build().err().unwrap_or_default().iter().map(Fault::option).collect()
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
fn the_base_path_may_be_said_apart_and_be_the_root() {
    let base = || BaseUrl::parse("https://app.example").unwrap();
    for (base_path, issuing) in [
        ("/", "https://app.example"),
        ("/auth/", "https://app.example/auth"),
        ("/api/auth", "https://app.example/api/auth"),
    ] {
        assert_eq!(issuing_url(&base().with_base_path(base_path).unwrap()), issuing);
        let options = VerifierOptions { base_path: text(base_path), ..with_base_url() };
        assert!(faults(options).is_empty(), "{base_path}");
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
        assert_eq!(faults(options), named);
    }
}

#[test]
fn what_could_not_be_read_is_named_once_and_nothing_follows_from_it() {
    let named = |unreadable: &[&'static str], options: VerifierOptions| {
        let faults = unreadable.iter().map(|option| Fault::new(option, "is not a string"));
        let faults = options.build_beside(faults.collect()).err().unwrap_or_default();
        faults.iter().map(Fault::option).collect::<Vec<_>>()
    };
    let options = VerifierOptions::default;
    assert_eq!(named(&["baseURL"], options()), ["baseURL"]);
    assert_eq!(named(&["jwksUrl"], with_base_url()), ["jwksUrl"]);
    assert_eq!(named(&["issuer"], with_base_url()), ["issuer"]);
    let hs256 = || VerifierOptions { algorithms: list(&["HS256"]), ..with_base_url() };
    assert_eq!(named(&["secret"], hs256()), ["secret"]);
    let tolerance = VerifierOptions { clock_tolerance: Some(-1.0), ..options() };
    assert_eq!(named(&["baseURL", "profile"], tolerance), ["baseURL", "profile", "clockTolerance"]);
}
