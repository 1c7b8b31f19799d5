//! Cross-origin requests: which origins are allowed, and that their scripts can read a rejection.

use crate::common::{Edge, good_claims, request};
use better_auth_edge::gateway::{HeaderEdit, Response, Settings};

const PAGE: &str = "https://page.example";
const ORIGINS: (&str, &str) = ("CORS_ORIGINS", "https://page.example, http://localhost:3000");

fn preflight(origin: &str) -> [(&str, &str); 2] {
    [("origin", origin), ("access-control-request-method", "PUT")]
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
}

#[test]
fn the_edge_responds_to_a_preflight_without_a_token() {
    let edge = Edge::new(&[ORIGINS, ("CORS_CREDENTIALS", "true"), ("CORS_MAX_AGE", "60")]);
    for path in ["/api/x", "/api//x", "/nowhere"] {
        let response = edge.respond(&request("OPTIONS", path, &preflight(PAGE)));
        assert_eq!((response.status, response.body.as_str()), (204, ""));
        assert_eq!(header(&response, "access-control-allow-origin"), Some(PAGE));
        assert_eq!(header(&response, "access-control-allow-credentials"), Some("true"));
        assert_eq!(header(&response, "access-control-max-age"), Some("60"));
        assert!(header(&response, "access-control-allow-methods").unwrap().contains("PUT"));
        assert!(
            header(&response, "access-control-allow-headers").unwrap().contains("authorization")
        );
        assert!(header(&response, "vary").unwrap().contains("Origin"));
    }
    for other in
        ["https://page.example.evil", "http://page.example", "null", "https://page.example:444"]
    {
        let response = edge.respond(&request("OPTIONS", "/api/x", &preflight(other)));
        assert_eq!(header(&response, "access-control-allow-origin"), None, "{other}");
    }
}

#[test]
fn the_calling_page_can_read_a_rejection() {
    let edge = Edge::new(&[ORIGINS]);
    let response = edge.respond(&request("GET", "/api/x", &[("origin", PAGE)]));
    assert_eq!(response.status, 401);
    assert_eq!(header(&response, "access-control-allow-origin"), Some(PAGE));
    assert!(header(&response, "access-control-expose-headers").unwrap().contains("x-request-id"));
    let response = edge.respond(&request("GET", "/api/x", &[("origin", "https://evil.example")]));
    assert_eq!(header(&response, "access-control-allow-origin"), None);
}

#[test]
fn a_response_of_the_upstream_gets_the_edges_cors_headers_instead_of_its_own() {
    let edge = Edge::new(&[ORIGINS]);
    let (name, token) = edge.bearer(&good_claims());
    let edits = |origin| {
        let headers = [(name, token.as_str()), ("origin", origin)];
        edge.forward(&request("GET", "/api/x", &headers)).response_edits().to_vec()
    };
    let allowed = edits(PAGE);
    assert!(allowed.contains(&HeaderEdit::Set("access-control-allow-origin".into(), PAGE.into())));
    assert!(allowed.contains(&HeaderEdit::Append("vary".into(), "Origin".into())));
    let rejected = edits("https://evil.example");
    assert!(rejected.contains(&HeaderEdit::Remove("access-control-allow-origin".into())));
    assert!(!rejected.iter().any(|edit| matches!(edit, HeaderEdit::Set(..))), "{rejected:?}");
}

#[test]
fn any_origin_can_be_allowed_but_not_with_cookies() {
    let edge = Edge::new(&[("CORS_ORIGINS", "*")]);
    let response = edge.respond(&request("OPTIONS", "/x", &preflight("https://any.example")));
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
    assert_eq!(header(&response, "access-control-allow-credentials"), None);
}

#[test]
fn preflights_are_forwarded_when_the_upstream_handles_cors() {
    let edge = Edge::new(&[("CORS_PREFLIGHT_TO_ORIGIN", "true")]);
    assert_eq!(edge.outcome(&request("OPTIONS", "/api/x", &preflight(PAGE))), "forward");
    for headers in [&preflight(PAGE)[..1], &preflight(PAGE)[1..], &[]] {
        assert_eq!(edge.outcome(&request("OPTIONS", "/api/x", headers)), "missing_token");
    }
    assert_eq!(edge.outcome(&request("GET", "/api/x", &preflight(PAGE))), "missing_token");
    assert_eq!(edge.outcome(&request("OPTIONS", "/a//x", &preflight(PAGE))), "ambiguous_path");
}

#[test]
fn without_cors_settings_a_preflight_is_an_ordinary_request() {
    let edge = Edge::new(&[]);
    assert_eq!(edge.outcome(&request("OPTIONS", "/api/x", &preflight(PAGE))), "missing_token");
    let forward = edge.forward(&request("GET", "/x", &[edge.bearer(&good_claims())]));
    assert!(forward.response_edits().is_empty());
}

/// The headers of a preflight for this method and these headers.
fn preflight_for<'h>(method: &'h str, headers: &'h str) -> [(&'h str, &'h str); 3] {
    [
        ("origin", PAGE),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ]
}

#[test]
fn when_all_headers_and_methods_are_allowed_the_requested_ones_are_returned() {
    for credentials in ["true", "false"] {
        for all in ["*", "authorization, *"] {
            let settings = [
                ORIGINS,
                ("CORS_HEADERS", all),
                ("CORS_METHODS", all),
                ("CORS_CREDENTIALS", credentials),
            ];
            let edge = Edge::new(&settings);
            let headers_sent = preflight_for("PROPFIND", "authorization,x-custom, content-type");
            let response = edge.respond(&request("OPTIONS", "/api/x", &headers_sent));
            let methods = header(&response, "access-control-allow-methods");
            assert_eq!(methods, Some("PROPFIND"));
            let headers = header(&response, "access-control-allow-headers");
            assert_eq!(headers, Some("authorization, x-custom, content-type"));
            let vary = header(&response, "vary").unwrap();
            assert!(vary.contains("Access-Control-Request-Headers"), "{vary}");
            let response = edge.respond(&request("OPTIONS", "/api/x", &preflight(PAGE)));
            assert_eq!(header(&response, "access-control-allow-headers"), None);
        }
    }
}

#[test]
fn a_requested_header_that_is_not_a_valid_name_is_not_repeated() {
    let edge = Edge::new(&[ORIGINS, ("CORS_HEADERS", "*"), ("CORS_METHODS", "*")]);
    for odd in ["x-a b", "x:y", "<script>", "x, (y)", "\u{e9}", "", ", ,"] {
        let response = edge.respond(&request("OPTIONS", "/x", &preflight_for("PUT", odd)));
        assert_eq!(header(&response, "access-control-allow-headers"), None, "{odd:?}");
        let response = edge.respond(&request("OPTIONS", "/x", &preflight_for(odd, "x")));
        assert_eq!(header(&response, "access-control-allow-methods"), None, "{odd:?}");
    }
    let other =
        [&[("origin", "https://evil.example")][..], &preflight_for("PUT", "x")[1..]].concat();
    let response = edge.respond(&request("OPTIONS", "/x", &other));
    assert_eq!(header(&response, "access-control-allow-headers"), None);
    assert_eq!(header(&response, "access-control-allow-methods"), None);
}

#[test]
fn all_headers_can_be_exposed_but_not_with_cookies() {
    let edge = Edge::new(&[ORIGINS, ("CORS_EXPOSE_HEADERS", "*")]);
    let response = edge.respond(&request("GET", "/x", &[("origin", PAGE)]));
    assert_eq!(header(&response, "access-control-expose-headers"), Some("*"));
    let lookup = |name: &str| {
        let settings = [
            ("BETTER_AUTH_URL", "https://app.example"),
            ("ORIGIN_URL", "https://api.example"),
            ORIGINS,
            ("CORS_CREDENTIALS", "true"),
            ("CORS_EXPOSE_HEADERS", "x-a, *"),
        ];
        settings.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
    };
    let errors = Settings::parse(lookup).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().starts_with("CORS_EXPOSE_HEADERS is *"), "{}", errors[0]);
}

#[test]
fn app_schemes_and_preview_patterns_are_allowed() {
    let origins = "capacitor://localhost, chrome-extension://abcdef, https://app-*.example.com";
    let edge = Edge::new(&[("CORS_ORIGINS", origins), ("CORS_CREDENTIALS", "true")]);
    let allowed = |origin| {
        let response = edge.respond(&request("OPTIONS", "/api/x", &preflight(origin)));
        header(&response, "access-control-allow-origin").map(str::to_owned)
    };
    for origin in
        ["capacitor://localhost", "chrome-extension://abcdef", "https://app-pr-7.example.com"]
    {
        assert_eq!(allowed(origin).as_deref(), Some(origin));
    }
    for origin in [
        "null",
        "ionic://localhost",
        "http://localhost",
        "chrome-extension://abcdeg",
        "https://app-.example.com",
        "https://app-a.b.example.com",
        "https://app-a.example.com.evil.example",
        "https://app-*.example.com",
    ] {
        assert_eq!(allowed(origin), None, "{origin}");
    }
}

#[test]
fn a_session_cookie_allows_unsafe_methods_from_trusted_apps_and_previews() {
    let edge = Edge::new(&[
        ("SESSION_EXCHANGE", "true"),
        ("TRUSTED_ORIGINS", "tauri://localhost,https://*.example.com"),
    ]);
    let cookie = ("cookie", "better-auth.session_token=a.b");
    for (origin, is_trusted) in [
        ("tauri://localhost", true),
        ("https://preview.example.com", true),
        ("https://edge.example", true),
        ("https://example.com", false),
        ("https://a.b.example.com", false),
        ("http://preview.example.com", false),
        ("null", false),
    ] {
        let outcome = edge.outcome(&request("POST", "/x", &[("origin", origin), cookie]));
        assert_eq!(outcome != "cross_site_request", is_trusted, "{origin}");
    }
}

#[test]
fn a_warning_lists_trusted_origin_patterns_that_match_foreign_sites() {
    let warnings = |settings: &[(&str, &str)]| {
        let required =
            [("BETTER_AUTH_URL", "https://a.example"), ("ORIGIN_URL", "https://b.example")];
        let all = [settings, &required].concat();
        let lookup = |name: &str| {
            all.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        };
        Settings::parse(lookup).unwrap().warnings().len()
    };
    let before = warnings(&[]);
    let shared = "https://*.vercel.app,https://*.example.com";
    assert_eq!(warnings(&[("TRUSTED_ORIGINS", shared)]), before + 1);
    assert_eq!(warnings(&[("CORS_ORIGINS", shared)]), before);
    assert_eq!(warnings(&[("CORS_ORIGINS", shared), ("CORS_CREDENTIALS", "true")]), before + 1);
}
