//! Better Auth's cookies with custom names: `advanced.cookies`.

use crate::common::{
    AUTH_SERVER, Edge, ScriptedResponse, Signer, good_claims, request, upstream_headers,
};
use better_auth_edge::gateway::Settings;
use serde_json::json;

const EXCHANGE: (&str, &str) = ("SESSION_EXCHANGE", "true");
const SID: (&str, &str) = ("SESSION_COOKIE_NAME", "sid");
const SDATA: (&str, &str) = ("COOKIE_CACHE_NAME", "sdata");

fn outcome(settings: &[(&str, &str)], cookies: &str) -> (&'static str, Vec<String>) {
    let edge = Edge::new(settings);
    let token = edge.signer.token(&good_claims());
    let answer = ScriptedResponse::ok(json!({ "token": token }).to_string());
    edge.host.respond_to(|request| request.url.contains("/token?"), answer);
    let outcome = edge.outcome(&request("GET", "/x", &[("cookie", cookies)]));
    let exchanged = edge.host.requests().into_iter().filter_map(|request| request.cookie);
    (outcome, exchanged.collect())
}

#[test]
fn a_session_cookie_is_matched_by_its_exact_name_with_and_without_prefix() {
    for (name, cookies, exchanged) in [
        ("sid", "a=b; sid=t.s; c=d", Some("sid=t.s")),
        ("sid", "__Secure-sid=t.s", Some("__Secure-sid=t.s")),
        ("sid", "__Host-sid=t.s", Some("__Host-sid=t.s")),
        ("sid", "sid=x.y; __Secure-sid=t.s", Some("__Secure-sid=t.s")),
        ("__Secure-sid", "__Secure-sid=t.s", Some("__Secure-sid=t.s")),
        // Better Auth adds its own prefix if its options say so
        ("__Secure-sid", "__Secure-__Secure-sid=t.s", Some("__Secure-__Secure-sid=t.s")),
        ("__Host-sid", "__Host-sid=t.s", Some("__Host-sid=t.s")),
        ("better-auth.sid", "better-auth.sid=t.s", Some("better-auth.sid=t.s")),
        ("__Secure-sid", "sid=t.s", None),
        ("sid", "SID=t.s", None),
        ("sid", "sid.0=t.s", None),
        ("sid", "xsid=t.s; sids=t.s; x.sid=t.s; sid_multi-t=t.s", None),
        ("sid", "a=1, sid=t.s", None),
        // Better Auth's default name
        ("sid", "better-auth.session_token=t.s; better-auth.sid=t.s", None),
    ] {
        let (outcome, tried) = outcome(&[EXCHANGE, ("SESSION_COOKIE_NAME", name)], cookies);
        let expected = if exchanged.is_some() { "forward" } else { "missing_token" };
        assert_eq!(
            (outcome, tried),
            (expected, exchanged.map(str::to_owned).into_iter().collect()),
            "{cookies}"
        );
    }
}

#[test]
fn a_cookie_cache_and_its_chunks_are_matched_by_their_exact_names() {
    let signer = Signer::default();
    let cache = json!({
        "session": {"token": "t", "userId": "user-1", "expiresAt": "2025-06-22T15:06:40.000Z"},
        "user": {"id": "user-1"}, "version": "1", "iat": crate::common::NOW, "exp": crate::common::NOW + 300.0,
        "iss": AUTH_SERVER, "aud": "better-auth:session-cache", "sub": "user-1", "sid": "t",
    });
    let header = signer.header_with("typ", r#""better-auth.session-cache+jwt""#);
    let cache = signer.sign(header, cache.to_string());
    let (first, second) = cache.split_at(cache.len() / 2);
    let cached = [("COOKIE_CACHE", "jwks"), SDATA];
    let both = [&cached[..], &[SID]].concat();
    let session = "better-auth.session_token=t.s";
    for (settings, cookies, expected) in [
        (&cached[..], format!("{session}; sdata={cache}"), "forward"),
        (&cached, format!("{session}; sdata.1={second}; sdata.0={first}"), "forward"),
        (&cached, format!("{session}; better-auth.session_data={cache}"), "missing_token"),
        (&both, format!("sid=t.s; sdata={cache}"), "forward"),
        (&both, format!("__Secure-sid=t.s; __Secure-sdata={cache}"), "forward"),
        (
            &both,
            format!("__Secure-sid=t.s; __Secure-sdata.0={first}; __Secure-sdata.1={second}"),
            "forward",
        ),
        (&both, format!("sid=t.s; __Secure-sdata={cache}"), "missing_token"),
        (&both, format!("{session}; sdata={cache}"), "missing_token"),
        // one name with the browser's prefix, the other as in Better Auth's options
        (
            &[cached[0], ("SESSION_COOKIE_NAME", "__Secure-sid"), SDATA],
            format!("__Secure-sid=t.s; __Secure-sdata={cache}"),
            "forward",
        ),
    ] {
        assert_eq!(outcome(settings, &cookies).0, expected, "{cookies}");
    }
}

#[test]
fn cookies_with_these_names_are_not_forwarded_on_any_path() {
    let rules = ("ROUTES", r#"[{"path":"/*","auth":"public"}]"#);
    for (cookies, left) in [
        ("sid=t.s", None),
        ("a=b; __Secure-sid=t.s; c=d", Some("a=b; c=d")),
        ("__Host-sid=t.s; sdata=x; __Secure-sdata.0=y; sdata.17=z; a=b", Some("a=b")),
        ("better-auth.session_token=x; better-auth.dont_remember=y; a=b", Some("a=b")),
        // the multi-session plugin sets a cookie for each session
        ("sid_multi-t1=t1.s; __Secure-sid_multi-t2=t2.s; a=b", Some("a=b")),
        ("a=1, sid=t.s", Some("a=1")),
        ("sid = t.s; a=b", Some("a=b")),
        ("sids=1; xsid=2; sid.x=3; sdata.01=4", Some("sids=1; xsid=2; sid.x=3; sdata.01=4")),
        ("a=reside, sid", Some("a=reside, sid")),
    ] {
        for settings in [&[rules, SID, SDATA][..], &[rules, SID, SDATA, EXCHANGE]] {
            let head = request("GET", "/x", &[("cookie", cookies)]);
            let headers = upstream_headers(&head, &Edge::new(settings).forward(&head));
            let cookie = headers.iter().find(|(name, _)| name == "cookie");
            assert_eq!(cookie.map(|(_, value)| value.as_str()), left, "{cookies}");
        }
    }
}

#[test]
fn impossible_cookie_names_are_setting_errors() {
    let errors = |settings: &[(&str, &str)]| {
        let required = [("BETTER_AUTH_URL", AUTH_SERVER), ("ORIGIN_URL", "https://o")];
        let parsed = Settings::parse(|wanted| {
            let mut all = settings.iter().chain(&required).filter(|(name, _)| *name == wanted);
            all.next().map(|(_, value)| (*value).to_owned())
        });
        let errors = parsed.err().unwrap_or_default();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    const ONE: &str = " gives the session cookie the same name as its cache, or as a part of it";
    const GUARDED: &str = "COOKIE_PREFIX begins with __Secure- or __Host-, which the edge accepts anyway: leave it out";
    for (settings, expected) in [
        (&[SID, SDATA][..], String::new()),
        (&[("COOKIE_PREFIX", "my.app-1"), SID], String::new()),
        (&[("SESSION_COOKIE_NAME", "my sid")], "SESSION_COOKIE_NAME is not a cookie's name".into()),
        (&[("SESSION_COOKIE_NAME", "sid=")], "SESSION_COOKIE_NAME is not a cookie's name".into()),
        (&[("COOKIE_CACHE_NAME", "a;b")], "COOKIE_CACHE_NAME is not a cookie's name".into()),
        (&[("COOKIE_CACHE_NAME", "a,b")], "COOKIE_CACHE_NAME is not a cookie's name".into()),
        (&[SID, ("COOKIE_CACHE_NAME", "sid")], ["SESSION_COOKIE_NAME", ONE].concat()),
        (&[SID, ("COOKIE_CACHE_NAME", "__Secure-sid")], ["SESSION_COOKIE_NAME", ONE].concat()),
        (&[SID, ("COOKIE_CACHE_NAME", "sid.0")], ["SESSION_COOKIE_NAME", ONE].concat()),
        (&[SDATA, ("SESSION_COOKIE_NAME", "sdata.12")], ["SESSION_COOKIE_NAME", ONE].concat()),
        (
            &[("SESSION_COOKIE_NAME", "better-auth.session_data")],
            ["SESSION_COOKIE_NAME", ONE].concat(),
        ),
        (
            &[("COOKIE_CACHE_NAME", "better-auth.session_token")],
            ["COOKIE_CACHE_NAME", ONE].concat(),
        ),
        (&[("COOKIE_PREFIX", "__Secure-mine")], GUARDED.into()),
        (&[("COOKIE_PREFIX", "__Host-mine")], GUARDED.into()),
        (&[("COOKIE_PREFIX", "__secure-mine")], GUARDED.into()),
        (
            &[("COOKIE_PREFIX", "mine.")],
            "COOKIE_PREFIX ends with the dot that Better Auth adds itself: leave it out".into(),
        ),
        (
            &[("COOKIE_PREFIX", "my app")],
            "COOKIE_PREFIX is not the beginning of a cookie's name".into(),
        ),
    ] {
        assert_eq!(errors(settings), expected, "{settings:?}");
    }
}
