//! Tokens with several audiences: whether one accepted audience is enough.

use crate::common::{
    AUTH_SERVER, Edge, Signer, good_claims, key_set, options, outcome, request, verify,
};
use better_auth_edge::{Verifier, VerifierOptions};

const ISSUER: &str = "https://app.example/api/auth";

fn verifier(profile: &str, change: impl FnOnce(&mut VerifierOptions)) -> Verifier {
    let mut options = options(&key_set(&[Signer::default().jwk()]));
    options.profile = Some(profile.to_owned());
    options.issuer = Some(vec![ISSUER.to_owned()]);
    options.audience = Some(vec!["https://api.example".to_owned(), "urn:tasks".to_owned()]);
    change(&mut options);
    options.build().expect("these options are valid")
}

fn verdict(verifier: &Verifier, typ: &str, audience: &str) -> &'static str {
    let claims = good_claims().with("iss", &format!("{ISSUER:?}")).with("aud", audience);
    let signer = Signer::default();
    let header = signer.header_with("typ", &format!("{typ:?}"));
    outcome(&verify(verifier, &signer.sign(header, claims.to_string())))
}

#[test]
fn an_access_token_with_an_additional_audience_is_rejected() {
    let verifier = verifier("access-token", |_| {});
    for (audience, expected) in [
        (r#""https://api.example""#, "ok"),
        (r#"["https://api.example"]"#, "ok"),
        (r#"["https://api.example","https://api.example"]"#, "ok"),
        (r#"["https://api.example","urn:tasks"]"#, "ok"),
        (r#"["https://api.example","https://app.example/api/auth/oauth2/userinfo"]"#, "ok"),
        (r#"["https://app.example/api/auth/oauth2/userinfo","urn:tasks"]"#, "ok"),
        (r#"["https://api.example","https://other.example"]"#, "audience_mismatch"),
        (r#"["https://other.example","https://api.example"]"#, "audience_mismatch"),
        (r#"["https://api.example",""]"#, "audience_mismatch"),
        (r#"["https://api.example","https://app.example/oauth2/userinfo"]"#, "audience_mismatch"),
        (
            r#"["https://api.example","https://evil.example/api/auth/oauth2/userinfo"]"#,
            "audience_mismatch",
        ),
        (r#"["https://api.example","https://app.example/api/auth"]"#, "audience_mismatch"),
        (r#""https://app.example/api/auth/oauth2/userinfo""#, "audience_mismatch"),
        (r#"["https://app.example/api/auth/oauth2/userinfo"]"#, "audience_mismatch"),
        ("[]", "audience_mismatch"),
        (r#"["https://api.example",7]"#, "invalid_claim"),
    ] {
        assert_eq!(verdict(&verifier, "at+jwt", audience), expected, "{audience}");
    }
}

#[test]
fn the_option_overrides_the_default_of_every_profile() {
    let both = r#"["https://api.example","https://other.example"]"#;
    for (profile, typ, exclusive, expected) in [
        ("access-token", "at+jwt", None, "audience_mismatch"),
        ("access-token", "at+jwt", Some(true), "audience_mismatch"),
        ("access-token", "at+jwt", Some(false), "ok"),
        ("session", "JWT", None, "ok"),
        ("session", "JWT", Some(false), "ok"),
        ("session", "JWT", Some(true), "audience_mismatch"),
        ("edge-assertion", "edge-assertion+jwt", None, "ok"),
        ("edge-assertion", "edge-assertion+jwt", Some(true), "audience_mismatch"),
    ] {
        let verifier = verifier(profile, |options| options.exclusive_audience = exclusive);
        assert_eq!(verdict(&verifier, typ, both), expected, "{profile} {exclusive:?}");
    }
}

#[test]
fn the_user_info_endpoint_is_derived_from_the_base_url_when_the_issuer_differs() {
    let verifier = verifier("access-token", |options| {
        options.jwks = None;
        options.base_url = Some("https://app.example/auth".to_owned());
    });
    let host = crate::common::TestHost::new();
    host.respond_with(crate::common::ScriptedResponse::ok(key_set(&[Signer::default().jwk()])));
    let signer = Signer::default();
    for (user_info, expected) in [
        ("https://app.example/auth/oauth2/userinfo", "ok"),
        ("https://app.example/api/auth/oauth2/userinfo", "ok"),
        ("https://app.example/oauth2/userinfo", "audience_mismatch"),
    ] {
        let claims = good_claims()
            .with("iss", &format!("{ISSUER:?}"))
            .with("aud", &format!(r#"["urn:tasks","{user_info}"]"#));
        let token = signer.sign(signer.header_with("typ", r#""at+jwt""#), claims.to_string());
        assert_eq!(outcome(&host.run(verifier.verify(&token, &host))), expected, "{user_info}");
    }
}

#[test]
fn the_error_names_the_additional_audience() {
    let verifier = verifier("session", |options| options.exclusive_audience = Some(true));
    let claims = good_claims()
        .with("iss", &format!("{ISSUER:?}"))
        .with("aud", r#"["urn:tasks","https://other.example"]"#);
    let error = verify(&verifier, &Signer::default().token(&claims)).unwrap_err();
    assert_eq!(error.detail(), "the token is for another audience too: https://other.example");
}

#[test]
fn the_setting_of_the_worker_equals_the_option() {
    let both = good_claims().with("aud", &format!(r#"["{AUTH_SERVER}","https://other.example"]"#));
    for (settings, expected) in [
        (vec![], "forward"),
        (vec![("EXCLUSIVE_AUDIENCE", "false")], "forward"),
        (vec![("EXCLUSIVE_AUDIENCE", "true")], "audience_mismatch"),
    ] {
        let edge = Edge::new(&settings);
        let head = request("GET", "/x", &[edge.bearer(&both)]);
        assert_eq!(edge.outcome(&head), expected, "{settings:?}");
    }
}
