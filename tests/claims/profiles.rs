//! One auth server signs several kinds of tokens with one set of keys, and a verifier accepts one
//! kind (RFC 8725, section 3.12). The tests verify each kind that Better Auth issues with each
//! profile.

use crate::common::{
    AUTH_SERVER, Claims, ScriptedResponse, Signer, TestHost, base64url, good_claims, key_set,
    outcome, verify,
};
use better_auth_edge::{SettingError, Verifier, VerifierOptions};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const ISSUER: &str = "https://app.example/api/auth";
const RESOURCE: &str = "https://api.example";
const CLIENT: &str = "client-1";
const CACHE_AUDIENCE: &str = "better-auth:session-cache";
const CACHE_TYPE: &str = "better-auth.session-cache+jwt";

const PROFILES: [&str; 3] = ["session", "access-token", "session-cache"];

fn text(value: &str) -> String {
    format!("{value:?}")
}

fn list(values: &[&str]) -> Option<Vec<String>> {
    Some(values.iter().map(|value| (*value).to_owned()).collect())
}

/// `iss`, `aud`, `sub` and the times of a token of the OAuth provider.
fn oauth_claims(audience: &str, subject: &str) -> Claims {
    good_claims()
        .with("iss", &text(ISSUER))
        .with("aud", &text(audience))
        .with("sub", &text(subject))
        .with("sid", r#""session-1""#)
}

fn access_claims() -> Claims {
    oauth_claims(RESOURCE, "user-1")
        .with("client_id", &text(CLIENT))
        .with("azp", &text(CLIENT))
        .with("scope", r#""openid tasks:write""#)
        .with("jti", r#""1""#)
}

fn session_claims() -> Claims {
    good_claims()
        .with("id", r#""user-1""#)
        .with("name", r#""A""#)
        .with("email", r#""a@example.com""#)
        .with("emailVerified", "true")
        .with("image", "null")
        .with("createdAt", r#""2026-01-01T00:00:00.000Z""#)
}

/// The claims with the members of a cookie cache.
fn with_cache(claims: &Claims) -> Claims {
    claims
        .with("session", r#"{"id":"s-1","token":"session-token","userId":"user-1"}"#)
        .with("user", r#"{"id":"user-1","email":"a@example.com"}"#)
        .with("updatedAt", "1750000000000")
        .with("version", r#""1""#)
}

fn cache_claims() -> Claims {
    with_cache(&good_claims()).with("aud", &text(CACHE_AUDIENCE)).with("sid", r#""session-token""#)
}

/// A kind of token, its `typ`, its claims and the outcomes in the order of [`PROFILES`] if issuer
/// and audience are accepted.
type Kind = (&'static str, Option<&'static str>, Claims, [&'static str; 3]);

const ANOTHER: &str = "wrong_token_type";

fn kinds() -> Vec<Kind> {
    let confirmation = r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#;
    let id_token = oauth_claims(CLIENT, "user-1").with("acr", r#""0""#);
    vec![
        ("session JWT", None, session_claims(), ["ok", ANOTHER, ANOTHER]),
        ("session JWT of a remote signer", Some("JWT"), session_claims(), ["ok", ANOTHER, ANOTHER]),
        ("id_token", None, id_token.with("auth_time", "1750000000"), [ANOTHER; 3]),
        ("id_token with an access token", None, id_token.with("at_hash", r#""h""#), [ANOTHER; 3]),
        ("id_token of the hybrid flow", None, id_token.with("c_hash", r#""h""#), [ANOTHER; 3]),
        ("id_token with a nonce", None, id_token.with("nonce", r#""n""#), [ANOTHER; 3]),
        ("id_token of the oidc-provider plugin", None, id_token.without("sid"), [ANOTHER; 3]),
        (
            // neither `typ` nor `client_id`
            "access token of Better Auth 1.4 to 1.6",
            None,
            access_claims().without("client_id").without("jti"),
            [ANOTHER; 3],
        ),
        ("access token", Some("at+jwt"), access_claims(), [ANOTHER, "ok", ANOTHER]),
        (
            "access token of the client credentials grant",
            Some("at+jwt"),
            access_claims().with("sub", &text(CLIENT)),
            // its subject is a client, so the token has no user
            [ANOTHER, "missing_claim", ANOTHER],
        ),
        (
            "access token bound by DPoP",
            Some("at+jwt"),
            access_claims().with("cnf", confirmation),
            [ANOTHER; 3],
        ),
        (
            "access token bound to a certificate",
            Some("at+jwt"),
            access_claims().with("cnf", r#"{"x5t#S256":"h"}"#),
            [ANOTHER; 3],
        ),
        ("bound session JWT", None, session_claims().with("cnf", confirmation), [ANOTHER; 3]),
        (
            "logout token",
            Some("logout+jwt"),
            oauth_claims(CLIENT, "user-1")
                .with("events", r#"{"http://schemas.openid.net/event/backchannel-logout":{}}"#),
            [ANOTHER; 3],
        ),
        (
            "logout token without its type",
            None,
            oauth_claims(CLIENT, "user-1").with("events", "{}"),
            [ANOTHER; 3],
        ),
        ("access token without its type", None, access_claims(), [ANOTHER; 3]),
        ("cookie cache", Some(CACHE_TYPE), cache_claims(), [ANOTHER, ANOTHER, "ok"]),
        ("assertion of an edge", Some("edge-assertion+jwt"), session_claims(), [ANOTHER; 3]),
        ("DPoP proof", Some("dpop+jwt"), session_claims(), [ANOTHER; 3]),
    ]
}

fn header(algorithm: &str, typ: Option<&str>) -> String {
    let typ = typ.map(|typ| format!(r#","typ":"{typ}""#)).unwrap_or_default();
    format!(r#"{{"alg":"{algorithm}","kid":"key-1"{typ}}}"#)
}

fn signed(typ: Option<&str>, claims: &Claims) -> String {
    Signer::default().sign(header("EdDSA", typ), claims.to_string())
}

/// Options of this profile that accept every issuer and audience of Better Auth.
fn any_of(profile: &str) -> VerifierOptions {
    VerifierOptions {
        profile: Some(profile.to_owned()),
        jwks: Some(key_set(&[Signer::default().jwk()])),
        issuer: list(&[AUTH_SERVER, ISSUER]),
        audience: list(&[AUTH_SERVER, RESOURCE, CLIENT, CACHE_AUDIENCE]),
        ..VerifierOptions::default()
    }
}

fn build(options: VerifierOptions) -> Verifier {
    options.build().expect("these options are valid")
}

#[test]
fn each_profile_accepts_its_own_kind_of_token_and_no_other() {
    for (kind, typ, claims, expected) in kinds() {
        let token = signed(typ, &claims);
        for (profile, expected) in PROFILES.into_iter().zip(expected) {
            let result = verify(&build(any_of(profile)), &token);
            assert_eq!(outcome(&result), expected, "{kind} as {profile}");
        }
    }
}

#[test]
fn the_kind_is_checked_after_the_signature_unless_the_header_names_it() {
    for (kind, typ, claims, expected) in kinds() {
        let forged = Signer::new(66, "key-1").sign(header("EdDSA", typ), claims.to_string());
        for (profile, expected) in PROFILES.into_iter().zip(expected) {
            let fits = match profile {
                "session" => matches!(typ, None | Some("JWT")),
                "access-token" => typ == Some("at+jwt"),
                _ => typ == Some(CACHE_TYPE),
            };
            let code = outcome(&verify(&build(any_of(profile)), &forged));
            let forgery = if fits { "bad_signature" } else { expected };
            assert_eq!(code, forgery, "forged {kind} as {profile}");
        }
    }
}

#[test]
fn the_default_profile_is_session() {
    for (kind, typ, claims, [as_session, ..]) in kinds() {
        let options = VerifierOptions { profile: None, ..any_of("") };
        let result = verify(&build(options), &signed(typ, &claims));
        assert_eq!(outcome(&result), as_session, "{kind}");
    }
}

#[test]
fn a_profile_has_one_of_four_names() {
    for name in ["", "Session", "session ", "access_token", "accessToken", "at+jwt", "any", "none"]
    {
        let errors = any_of(name).build().expect_err(name);
        assert_eq!(
            errors.iter().map(SettingError::option).collect::<Vec<_>>(),
            ["profile"],
            "{name:?}"
        );
    }
}

#[test]
fn typ_is_a_media_type_so_case_and_prefix_are_ignored() {
    for (profile, typ, claims) in
        [("access-token", "at+jwt", access_claims()), ("session-cache", CACHE_TYPE, cache_claims())]
    {
        let verifier = build(any_of(profile));
        for (written, expected) in [
            (typ.to_owned(), "ok"),
            (typ.to_uppercase(), "ok"),
            (format!("application/{typ}"), "ok"),
            (format!("Application/{}", typ.to_uppercase()), "ok"),
            (format!("text/{typ}"), ANOTHER),
            (format!(" {typ}"), ANOTHER),
            (format!("{typ};v=1"), ANOTHER),
            (typ.replace("+jwt", ""), ANOTHER),
            ("JWT".to_owned(), ANOTHER),
            (String::new(), ANOTHER),
        ] {
            let result = verify(&verifier, &signed(Some(&written), &claims));
            assert_eq!(outcome(&result), expected, "{written:?} as {profile}");
        }
    }
}

#[test]
fn a_token_whose_subject_is_its_client_has_no_user() {
    let verifier = build(any_of("access-token"));
    for (subject, client_id, azp, expected) in [
        ("user-1", Some(CLIENT), Some(CLIENT), "ok"),
        ("user-1", None, None, "ok"),
        (CLIENT, Some(CLIENT), Some(CLIENT), "missing_claim"),
        (CLIENT, Some(CLIENT), None, "missing_claim"),
        (CLIENT, None, Some(CLIENT), "missing_claim"),
        (CLIENT, Some("client-2"), Some(CLIENT), "missing_claim"),
        (CLIENT, None, None, "ok"),
        ("CLIENT-1", Some(CLIENT), Some(CLIENT), "ok"),
    ] {
        let mut claims = oauth_claims(RESOURCE, subject);
        for (name, id) in [("client_id", client_id), ("azp", azp)] {
            claims = id.map_or(claims.clone(), |id| claims.with(name, &text(id)));
        }
        let result = verify(&verifier, &signed(Some("at+jwt"), &claims));
        assert_eq!(outcome(&result), expected, "{claims}");
    }
}

#[test]
fn a_client_is_not_a_user_under_another_user_claim_either() {
    let options = VerifierOptions { user_claim: list(&["uuid"]), ..any_of("access-token") };
    let verifier = build(options);
    let user = access_claims().with("uuid", r#""u-1""#);
    let client = user.with("sub", &text(CLIENT));
    assert_eq!(outcome(&verify(&verifier, &signed(Some("at+jwt"), &user))), "ok");
    assert_eq!(outcome(&verify(&verifier, &signed(Some("at+jwt"), &client))), "missing_claim");
}

/// With only `baseURL` configured: the URL that the verifier fetches, and its outcome for a token
/// of its kind with this issuer and audience.
fn by_base_url(profile: &str, base_url: &str, issuer: &str, audience: &str) -> (String, String) {
    let (typ, claims) = match profile {
        "session" => (None, session_claims()),
        "access-token" => (Some("at+jwt"), access_claims()),
        _ => (Some(CACHE_TYPE), cache_claims()),
    };
    let token = signed(typ, &claims.with("iss", &text(issuer)).with("aud", &text(audience)));
    let verifier = build(VerifierOptions {
        profile: Some(profile.to_owned()),
        base_url: Some(base_url.to_owned()),
        ..VerifierOptions::default()
    });
    let host = TestHost::new();
    host.respond_with(ScriptedResponse::ok(key_set(&[Signer::default().jwk()])));
    let code = outcome(&host.run(verifier.verify(&token, &host)));
    (host.requests()[0].url.clone(), code.to_owned())
}

#[test]
fn a_profile_sets_its_own_issuer_and_audience() {
    const ORIGIN: &str = AUTH_SERVER;
    const MOUNTED: &str = "https://app.example/auth";
    for (profile, base_url, issuer, audience, expected) in [
        ("session", ORIGIN, ORIGIN, ORIGIN, "ok"),
        ("session", ORIGIN, ISSUER, ORIGIN, "issuer_mismatch"),
        ("session", ORIGIN, ORIGIN, CACHE_AUDIENCE, "audience_mismatch"),
        ("session", MOUNTED, ORIGIN, ORIGIN, "ok"),
        ("session", MOUNTED, MOUNTED, ORIGIN, "issuer_mismatch"),
        ("access-token", ORIGIN, ISSUER, ORIGIN, "ok"),
        ("access-token", ORIGIN, ORIGIN, ORIGIN, "issuer_mismatch"),
        ("access-token", ORIGIN, ISSUER, RESOURCE, "audience_mismatch"),
        ("access-token", ORIGIN, ISSUER, ISSUER, "audience_mismatch"),
        ("access-token", MOUNTED, MOUNTED, ORIGIN, "ok"),
        ("access-token", MOUNTED, ISSUER, ORIGIN, "issuer_mismatch"),
        ("session-cache", ORIGIN, ORIGIN, CACHE_AUDIENCE, "ok"),
        ("session-cache", ORIGIN, ORIGIN, ORIGIN, "audience_mismatch"),
        ("session-cache", ORIGIN, ISSUER, CACHE_AUDIENCE, "issuer_mismatch"),
        ("session-cache", MOUNTED, ORIGIN, CACHE_AUDIENCE, "ok"),
    ] {
        let (url, code) = by_base_url(profile, base_url, issuer, audience);
        let case = format!("{profile} of {base_url}, iss {issuer}, aud {audience}");
        assert_eq!(code, expected, "{case}");
        let base_path = if base_url == MOUNTED { "auth" } else { "api/auth" };
        assert_eq!(url, format!("https://app.example/{base_path}/jwks"), "{case}");
    }
}

#[test]
fn a_configured_issuer_or_audience_replaces_that_of_the_profile() {
    for profile in PROFILES {
        let options = VerifierOptions {
            issuer: list(&["https://issuer.example"]),
            audience: list(&["an audience"]),
            ..any_of(profile)
        };
        let verifier = build(options);
        let typ = match profile {
            "session" => None,
            "access-token" => Some("at+jwt"),
            _ => Some(CACHE_TYPE),
        };
        for (issuer, audience, expected) in [
            ("https://issuer.example", "an audience", "ok"),
            (AUTH_SERVER, "an audience", "issuer_mismatch"),
            (ISSUER, "an audience", "issuer_mismatch"),
            ("https://issuer.example", CACHE_AUDIENCE, "audience_mismatch"),
            ("https://issuer.example", AUTH_SERVER, "audience_mismatch"),
        ] {
            let claims = good_claims().with("iss", &text(issuer)).with("aud", &text(audience));
            let code = outcome(&verify(&verifier, &signed(typ, &claims)));
            assert_eq!(code, expected, "{profile}: iss {issuer}, aud {audience}");
        }
    }
}

const SECRET: &[u8] = b"a secret that is shared with Better Auth";

/// A token signed by secret, as Better Auth issues a cookie cache of the strategy `jwt` without the
/// jwt plugin.
fn by_secret(typ: Option<&str>, claims: &Claims) -> String {
    let header = header("HS256", typ).replace(r#","kid":"key-1""#, "");
    let input = format!("{}.{}", base64url(header), base64url(claims.to_string()));
    let keyed = Hmac::<Sha256>::new_from_slice(SECRET).expect("HMAC takes any key");
    format!("{input}.{}", base64url(keyed.chain_update(&input).finalize().into_bytes()))
}

#[test]
fn only_a_cookie_cache_signed_by_secret_may_lack_typ() {
    // The cookie cache that Better Auth signs by secret has no issuer, audience or subject. It is
    // rejected like every token without them.
    let bare = with_cache(&good_claims().without("iss").without("aud").without("sub"));
    for (kind, typ, claims, expected) in [
        ("cookie cache", None, cache_claims(), ["ok", ANOTHER, "ok"]),
        ("typed cookie cache", Some(CACHE_TYPE), cache_claims(), [ANOTHER, ANOTHER, "ok"]),
        ("bare cookie cache", None, bare, ["missing_claim", ANOTHER, "missing_claim"]),
        ("cookie cache as a JWT", Some("JWT"), cache_claims(), ["ok", ANOTHER, ANOTHER]),
        ("access token", Some("at+jwt"), access_claims(), [ANOTHER, "ok", ANOTHER]),
        ("access token without its type", None, access_claims(), [ANOTHER; 3]),
    ] {
        let token = by_secret(typ, &claims);
        for (profile, expected) in PROFILES.into_iter().zip(expected) {
            let verifier = build(VerifierOptions {
                jwks: None,
                secret: Some(SECRET.to_vec()),
                algorithms: list(&["HS256"]),
                ..any_of(profile)
            });
            assert_eq!(outcome(&verify(&verifier, &token)), expected, "{kind} as {profile}");
        }
    }
}

#[test]
fn the_audience_distinguishes_a_cookie_cache_by_secret_from_a_session_token() {
    for (profile, audience, expected) in [
        ("session", AUTH_SERVER, "ok"),
        ("session", CACHE_AUDIENCE, "audience_mismatch"),
        ("session-cache", CACHE_AUDIENCE, "ok"),
        ("session-cache", AUTH_SERVER, "audience_mismatch"),
    ] {
        let verifier = build(VerifierOptions {
            profile: Some(profile.to_owned()),
            base_url: Some(AUTH_SERVER.to_owned()),
            secret: Some(SECRET.to_vec()),
            algorithms: list(&["HS256"]),
            ..VerifierOptions::default()
        });
        let token = by_secret(None, &good_claims().with("aud", &text(audience)));
        assert_eq!(outcome(&verify(&verifier, &token)), expected, "{audience} as {profile}");
    }
}
