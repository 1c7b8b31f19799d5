//! Attacks with a `Host` header that contains more than host and port, so that a URL built from it
//! has another path than the request.

use crate::common::{AUTH_SERVER, Edge, ScriptedResponse, good_claims, upstream_headers};
use better_auth_edge::gateway::{Decision, Gateway, HeaderCache, RequestHead, Settings};

const ROUTES: &str = r#"[{"path":"/public/*","auth":"public"},
    {"path":"/api/{user_id}/*","match":{"user_id":"sub"}}]"#;

/// Values that are never a host.
const INVALID_HOSTS: &[&str] = &[
    "x/public?",
    "x/public/y#",
    "x/public",
    "x?",
    "x#",
    "/public",
    "a@x",
    "a:b@x",
    "x\\public",
    "x y",
    "x\ty",
    "x,y",
    "x, y",
    "x%2Fpublic",
    "x%00",
    "x:",
    "x:80:80",
    "x:8o",
    "x:+80",
    "x:99999",
    ":80",
    "",
    " ",
    "[::1",
    "::1",
    "[::1]x",
    "[::1]:",
    "[::g]",
    "[::1%25eth0]",
    "[v1.a]",
    "\u{fc}.example",
    "x'",
    "<x>",
    "x;y",
    "*",
    "{x}",
];

/// Whether an edge in front of an upstream and one within an application forward a request to
/// `/public/y` with this authority and these headers.
fn passes(authority: &str, headers: &str) -> [bool; 2] {
    passes_by("http", authority, headers)
}

/// The same with this scheme.
fn passes_by(scheme: &str, authority: &str, headers: &str) -> [bool; 2] {
    let lookup = |name: &str| match name {
        "BETTER_AUTH_URL" => Some(AUTH_SERVER.to_owned()),
        "ROUTES" => Some(ROUTES.to_owned()),
        "TRUSTED_ORIGINS" => Some("https://www.example".to_owned()),
        _ => None,
    };
    let edge = Edge::new(&[("ROUTES", ROUTES)]);
    let app = Gateway::new(Settings::parse_within_app(lookup).unwrap());
    let head = format!("GET\n{scheme}://{authority}/public/y\n{headers}");
    let head = RequestHead::parse(head).unwrap();
    [&edge.gateway, &app].map(|gateway| match edge.host.run(gateway.decide(&head, &edge.host)) {
        Decision::Forward(_) => true,
        Decision::Respond(_, error) => {
            assert_eq!(error.unwrap().code().as_str(), "malformed_request", "{headers}");
            false
        }
    })
}

/// The detail of the rejection of a request with these headers within an application.
fn detail_within_app(headers: &str) -> String {
    let app = Gateway::new(
        Settings::parse_within_app(|name| {
            (name == "BETTER_AUTH_URL").then(|| AUTH_SERVER.to_owned())
        })
        .unwrap(),
    );
    let edge = Edge::new(&[]);
    let head = RequestHead::parse(format!("GET\nhttp://x/public/y\n{headers}")).unwrap();
    match edge.host.run(app.decide(&head, &edge.host)) {
        Decision::Forward(_) => panic!("forwarded: {headers}"),
        Decision::Respond(_, error) => error.unwrap().detail().to_owned(),
    }
}

#[test]
fn a_host_header_that_is_not_exactly_host_and_port_is_rejected() {
    for host in INVALID_HOSTS {
        assert_eq!(passes("x", &format!("host: {host}\n")), [false; 2], "{host:?}");
    }
    assert_eq!(passes("x", "host: x\nhost: x\n"), [false; 2]);
}

#[test]
fn a_host_is_host_and_port() {
    for (authority, host) in [
        ("x", "x"),
        ("x", "X"),
        ("x", "x:80"),
        ("x:8000", "x:8000"),
        ("127.0.0.1:3000", "127.0.0.1:3000"),
        ("[::1]:3000", "[::1]:3000"),
        ("my_service.internal", "my_service.internal"),
        ("xn--bcher-kva.example.", "xn--bcher-kva.example."),
    ] {
        assert_eq!(passes(authority, &format!("host: {host}\n")), [true; 2], "{host}");
    }
    assert_eq!(passes("x", ""), [true; 2], "HTTP/2 requests can omit it");
}

#[test]
fn the_applications_url_has_the_host_of_the_request() {
    for (authority, headers, app) in [
        ("x", "host: y\n", false),
        ("x", "host: x:8000\n", false),
        ("x", "host: y\nx-forwarded-host: x\n", true),
        ("x", "host: y\nx-forwarded-host: x:443, z\n", true),
        ("x", "host: y\nx-forwarded-host: z\n", false),
        ("xhttp", "host: x\n", false),
        ("xhttp:", "host: x\n", false),
        ("x*", "host: x\n", false),
        ("api", "host: x\n", false), // new URL("//api/bob", "http://x")
        ("localhost:3000", "host: y\n", true), // Next's route handlers
        ("app.example", "host: y\n", true), // Better Auth's own
        ("www.example", "host: y\n", true), // of TRUSTED_ORIGINS
        ("[::2]", "host: [::1]\n", false),
    ] {
        // a Worker's runtime uses the request target: RFC 9112, section 3.2.2
        assert_eq!(passes(authority, headers), [true, app], "{authority} {headers}");
    }
}

#[test]
fn other_headers_from_which_applications_build_urls_must_not_contain_a_path() {
    for forwarding in
        INVALID_HOSTS.iter().filter(|host| !host.trim().is_empty() && !host.contains(", "))
    {
        // a list of proxies is separated by commas
        let is_list = *forwarding == "x,y";
        let headers = format!("host: x\nx-forwarded-host: {forwarding}\n");
        assert_eq!(passes("x", &headers), [true, is_list], "{forwarding}");
    }
    for headers in [
        "host: x\nx-forwarded-proto: http://x/public?\n",
        "host: x\nx-forwarded-proto: https, x/\n",
        "host: x\nx-forwarded-port: 80/public?\n",
        "host: x\nforwarded: host=\"x/public?\"\n",
    ] {
        assert_eq!(passes("x", headers), [true, false], "{headers}");
    }
    let headers_of_proxies =
        "host: x\nx-forwarded-proto: https,http\nx-forwarded-port: 443\nforwarded: for=1.2.3.4\n";
    assert_eq!(passes("x", headers_of_proxies), [true; 2]);
}

#[test]
fn the_rejection_names_the_malformed_header() {
    for (header, value) in [
        ("x-forwarded-host", "x/public?"),
        ("x-forwarded-proto", "http://x/public?"),
        ("x-forwarded-port", "80/public?"),
        ("forwarded", "host=\"x/public?\""),
    ] {
        let detail = detail_within_app(&format!("host: x\n{header}: {value}\n"));
        assert_eq!(detail, format!("the {header} header is malformed"));
    }
}

#[test]
fn the_scheme_of_a_proxy_is_http_or_https() {
    for (scheme, is_accepted) in [
        ("http", true),
        ("https", true),
        ("HTTPS", true),
        ("ftp", false),
        ("javascript", false),
        ("https,http", false),
        ("", false),
    ] {
        assert_eq!(passes_by(scheme, "x", "host: x\n"), [is_accepted; 2], "{scheme}");
    }
}

/// The forwarded request of a client behind a proxy, to `http://x/public/y` as the host received
/// it, with these headers; otherwise the code of the rejection. `mark` is what the host adds to the
/// first line.
fn behind_proxy(mark: &str, headers: &str) -> Result<(String, String), &'static str> {
    let edge = Edge::new(&[("ROUTES", ROUTES)]);
    let marked = "host: x\nx-edge-scheme-by-proxy: 1\n";
    let text = format!("+{mark}\nGET\nhttp://x/public/y\n\n{marked}{headers}");
    let head = HeaderCache::default().read(text).unwrap();
    match edge.decide(&head) {
        Decision::Forward(forward) => {
            let sent = upstream_headers(&head, &forward);
            let (_, scheme) =
                sent.into_iter().find(|(name, _)| name == "x-forwarded-proto").unwrap();
            Ok((forward.url().to_owned(), scheme))
        }
        Decision::Respond(_, error) => Err(error.unwrap().code().as_str()),
    }
}

#[test]
fn a_proxy_decides_the_scheme_and_nothing_else_of_the_url() {
    let url = "https://api.example/public/y";
    for (proto, scheme) in [("https", "https"), ("Https", "https"), ("http", "http")] {
        let forwarded = behind_proxy("", &format!("x-forwarded-proto: {proto}\n"));
        assert_eq!(forwarded, Ok((url.to_owned(), scheme.to_owned())), "{proto}");
    }
    assert_eq!(behind_proxy("", ""), Ok((url.to_owned(), "http".to_owned())));
    for proto in [
        "https://x/public/z?",
        "https://x/public/z#",
        "https://evil.example/?",
        "https, http",
        "https://",
        "ftp",
        "",
    ] {
        let headers = format!("x-forwarded-proto: {proto}\n");
        assert_eq!(behind_proxy("", &headers), Err("malformed_request"), "{proto:?}");
        let at_cloudflare = behind_proxy(" cf", &headers);
        assert_eq!(at_cloudflare, Ok((url.to_owned(), "http".to_owned())), "{proto:?}");
    }
    let twice = "x-forwarded-proto: https\nx-forwarded-proto: https\n";
    assert_eq!(behind_proxy("", twice), Err("malformed_request"));
}

#[test]
fn behind_a_proxy_the_url_has_the_authority_of_host() {
    let marked = "x-edge-scheme-by-proxy: 1\n";
    for (authority, headers, is_accepted) in [
        ("x", "host: x\n", true),
        ("x:443", "host: X\n", true),
        ("x*", "host: x\n", false),
        ("evil.example", "host: x\n", false),
        ("evil.example", "", false),
    ] {
        let [upstream, _] = passes(authority, &format!("{headers}{marked}"));
        assert_eq!(upstream, is_accepted, "{authority} {headers}");
    }
    let [unmarked, _] = passes("other.example", "host: x\n");
    assert!(unmarked, "the host decides the URL");
    let marked = format!("+ cf\nGET\nhttp://y/public/y\n\nhost: x\n{marked}");
    let head = HeaderCache::default().read(marked).unwrap();
    let outcome = Edge::new(&[("ROUTES", ROUTES)]).outcome(&head);
    assert_eq!(outcome, "forward", "at Cloudflare, only a client marks a request");
}

#[test]
fn behind_a_proxy_with_tls_only_pages_with_https_are_the_edges_own() {
    let settings = [("SESSION_EXCHANGE", "true")];
    for (proto, origin, expected) in [
        ("https", "https://x", "forward"),
        ("https", "http://x", "cross_site_request"),
        ("http", "https://x", "cross_site_request"),
        ("http", "http://x", "forward"),
    ] {
        let edge = Edge::new(&settings);
        let token = edge.signer.token(&good_claims());
        edge.host.respond_once_with(ScriptedResponse::ok(format!(r#"{{"token":"{token}"}}"#)));
        let text = format!(
            "+\nPOST\nhttp://x/y\n\nhost: x\nx-edge-scheme-by-proxy: 1\n\
             x-forwarded-proto: {proto}\norigin: {origin}\n\
             cookie: better-auth.session_token=t.s%3D\n"
        );
        let head = HeaderCache::default().read(text).unwrap();
        assert_eq!(edge.outcome(&head), expected, "{proto} {origin}");
    }
}
