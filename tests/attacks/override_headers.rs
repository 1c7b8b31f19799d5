//! Attacks with headers that servers use instead of the request's path, method, host, user or
//! address. They must not reach the upstream on any path.

use crate::common::{AUTH_SERVER, Edge, good_claims, request, upstream_headers};
use better_auth_edge::gateway::{Decision, Gateway, RequestHead, Settings};

const ROUTES: (&str, &str) = (
    "ROUTES",
    r#"[{"path":"/public/*","auth":"public"},{"path":"/api/{user_id}/*","match":{"user_id":"sub"}}]"#,
);

/// Override headers as a client sends them.
const OVERRIDES: &[&str] = &[
    // the names of CGI variables (RFC 3875, section 4.1)
    "SCRIPT_NAME",
    "Script-Name",
    "PATH_INFO",
    "path-info",
    "PATH_TRANSLATED",
    "Query-String",
    "QUERY_STRING",
    "REQUEST_URI",
    "Request-Uri",
    "REQUEST_METHOD",
    "request-method",
    "DOCUMENT_ROOT",
    "Document-Root",
    "SERVER_NAME",
    "Server-Name",
    "Server-Port",
    "Server-Protocol",
    "REMOTE_USER",
    "Remote-User",
    "Remote-Addr",
    "Remote-Host",
    "Remote-Ident",
    "AUTH_TYPE",
    "Auth-Type",
    "HTTP_HOST",
    "Http-Host",
    "Script-Filename",
    "Script-Url",
    "Redirect-Url",
    "Gateway-Interface",
    "Proxy",
    "wsgi-url-scheme",
    // Daphne, Pyramid, Astro, Akka, Camel, gRPC, PHP, Traefik, Posit, Kubernetes
    "Daphne-Root-Path",
    "X-Vhm-Root",
    "X-Vhm-Host",
    "X-Astro-Path",
    "Raw-Request-Uri",
    "CamelHttpPath",
    "Grpc-Metadata-X-Edge-User",
    "X-Request-Method",
    "X-Override-Method",
    "X-Replaced-Path",
    "X-RStudio-Request",
    "X-Apigateway-Event",
    "Impersonate-User",
    // IIS, Symfony, Zend, Rack, Django, Spring
    "X-Original-URL",
    "X_Original_URL",
    "X-Original-Uri",
    "X-Original-Host",
    "X-Original-Method",
    "X-Rewrite-URL",
    "x_rewrite_url",
    "X-Script-Name",
    "X-Path-Info",
    "X-HTTP-Method-Override",
    "X_HTTP_METHOD_OVERRIDE",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-HTTP-Path-Override",
    "X-Override-URL",
    "X-Proxy-URL",
    "X-Host",
    "X-HTTP-Host-Override",
    "Base-Url",
    "X-Sendfile-Type",
    "X-Accel-Mapping",
    "X-Accel-Redirect",
    "Destination",
    "Front-End-Https",
    "X-Scheme",
    "X-Url-Scheme",
    "X-Uri",
    // Next
    "X-Middleware-Subrequest",
    "X-Middleware-Rewrite",
    "x-middleware-request-x-edge-user",
    // spellings of what the edge itself sets, strips or reads
    "Content_Length",
    "transfer_encoding",
    "Authorization_",
    "cookie_",
    "Content_Type",
    "host_",
    "Connection_",
    "x_edge_user",
    "X.Edge.User",
    "x~edge~user",
    "X-Edge_User",
    "X!Edge!User",
    "X_Request_Id",
    "X.Request.Id",
    "x-user_email",
    "X.User.Email",
    "custom_header",
    "a|b",
    "x'y",
    "_",
    "x-forwarded_for",
];

/// Headers with which proxies describe a request. Behind the edge, only a client can have set them.
const PROXY_HEADERS: &[&str] = &[
    "Client-Cert",
    "OIDC-Claim-Sub",
    "Shib-Session-Id",
    "Tailscale-User-Login",
    "X-Authentik-Username",
    "X-Pomerium-Claim-Email",
    "X-Consumer-Username",
    "X-Ms-Token-Aad-Id-Token",
    "Dapr-App-Id",
    "X-Forward-For",
    "X-Proto",
    "CloudFront-Viewer-Address",
    "Forwarded",
    "X-Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Prefix",
    "X-Forwarded-Path",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-Server",
    "X-Forwarded-Ssl",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Real-IP",
    "True-Client-IP",
    "Client-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-True-Client-IP",
    "Fastly-Client-IP",
    "CF-Connecting-IP",
    "CF-Connecting-IPv6",
    "CF_Connecting_IP",
    "CF-Pseudo-IPv4",
    "CF-IPCountry",
    "CF-Worker",
    "CF-Visitor",
    "Cf-Access-Authenticated-User-Email",
    "X-Envoy-Original-Path",
    "X-Envoy-Original-Host",
    "X-Envoy-Internal",
    "X-Envoy-External-Address",
    "X-Remote-User",
    "X-Remote-Addr",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Auth-User",
    "X-WebAuth-User",
    "X-Authenticated-User",
    "X-SSL-Client-S-DN",
    "X-SSL-Client-Verify",
    "SSL-Client-Cert",
    "X-Client-Cert",
    "X-Ms-Client-Principal-Name",
    "X-Goog-Authenticated-User-Email",
    "X-Amzn-Oidc-Identity",
    "X-Originating-IP",
    "X-Matched-Path",
    "X-Invoke-Path",
    "Fly-Client-IP",
    "X-Middleware-Prefetch",
];

fn arrived(edge: &Edge, path: &str, headers: &[(&str, String)]) -> Vec<String> {
    let head = request("GET", path, headers);
    let forward = edge.forward(&head);
    let sent = upstream_headers(&head, &forward).into_iter().filter(|(_, value)| value == "attack");
    sent.map(|(name, _)| name).collect()
}

#[test]
fn no_override_header_reaches_the_upstream_on_any_path() {
    let settings = [ROUTES, ("CLAIM_HEADERS", r#"{"email":"x-user-email"}"#)];
    let edge = Edge::new(&settings);
    let bearer = edge.bearer(&good_claims());
    for name in OVERRIDES.iter().chain(PROXY_HEADERS) {
        for path in ["/public/a", "/api/user-1/a", "/elsewhere"] {
            let headers = [(bearer.0, bearer.1.clone()), (*name, "attack".to_owned())];
            assert_eq!(arrived(&edge, path, &headers), [""; 0], "{name} at {path}");
        }
    }
}

#[test]
fn removing_all_override_headers_keeps_the_clients_other_headers() {
    let edge = Edge::new(&[ROUTES]);
    let own = [
        "accept",
        "content-type",
        "if-none-match",
        "dpop",
        "x-csrf-token",
        "x-requested-with",
        "x-api-key",
        "traceparent",
        "x-custom",
        "cf-ray",
        "idempotency-key",
        "origin",
        "referer",
        "x-amz-date",
    ];
    let all = OVERRIDES.iter().chain(PROXY_HEADERS).chain(&own);
    let headers: Vec<_> = all.map(|name| (*name, "attack".to_owned())).collect();
    assert_eq!(arrived(&edge, "/public/a", &headers), own);
}

#[test]
fn a_setting_allows_only_the_listed_override_headers() {
    let edge =
        Edge::new(&[ROUTES, ("FORWARD_HEADERS", "X-HTTP-Method-Override, api_key,true-client-ip")]);
    let sent = [
        "X-HTTP-Method-Override",
        "X_HTTP_Method_Override",
        "api_key",
        "API-key_",
        "True-Client-IP",
    ];
    let headers = sent.map(|name| (name, "attack".to_owned()));
    let through = ["x-http-method-override", "api_key", "true-client-ip"];
    assert_eq!(arrived(&edge, "/public/a", &headers), through);
}

#[test]
fn the_setting_cannot_forward_the_edges_own_headers() {
    for name in [
        "x-edge-user",
        "X_Edge_User",
        "x-edge-anything",
        "x-user-email",
        "X_User_Email",
        "connection",
        "te",
        "Transfer-Encoding",
        "transfer_encoding",
        "proxy-authorization",
        "host",
        "content_length",
        "cookie",
        "authorization",
        "x-request-id",
        "x-forwarded-for",
        "x_forwarded_host",
        "upgrade",
        "a b",
        "a,,b",
    ] {
        let lookup = |setting: &str| match setting {
            "BETTER_AUTH_URL" => Some(AUTH_SERVER.to_owned()),
            "ORIGIN_URL" => Some("https://api.example".to_owned()),
            "CLAIM_HEADERS" => Some(r#"{"email":"x-user-email"}"#.to_owned()),
            "FORWARD_HEADERS" => Some(name.to_owned()),
            _ => None,
        };
        let errors = Settings::parse(lookup).expect_err(name);
        assert!(
            errors.iter().all(|error| error.setting() == "FORWARD_HEADERS"),
            "{name}: {errors:?}"
        );
    }
}

#[test]
fn headers_that_cloudflare_sets_are_forwarded_only_on_cloudflare() {
    let edge = Edge::new(&[ROUTES]);
    let headers = ["cf-connecting-ip", "cf-ipcountry", "cf-connecting-ipv6", "cf_connecting_ip"];
    let head = request("GET", "/public/a", &headers.map(|name| (name, "192.0.2.7")));
    let names = |head: &RequestHead| -> Vec<_> {
        let forward = edge.forward(head);
        let mut names = upstream_headers(head, &forward);
        names.retain(|(name, _)| name.starts_with("cf"));
        names.into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(&head), [""; 0]);
    assert_eq!(names(&head.clone().from_cloudflare()), ["cf-connecting-ip", "cf-ipcountry"]);
}

#[test]
fn no_override_header_reaches_an_application() {
    let lookup = |name: &str| match name {
        "BETTER_AUTH_URL" => Some(AUTH_SERVER.to_owned()),
        "ROUTES" => Some(r#"[{"path":"/public","auth":"public"}]"#.to_owned()),
        _ => None,
    };
    let settings = Settings::parse_within_app(lookup).unwrap();
    let edge = Edge::new(&[]);
    let gateway = Gateway::new(settings);
    // the application handles the headers of the proxies in front of it
    let own =
        ["x-forwarded-for", "x-forwarded-proto", "x-real-ip", "x-middleware-prefetch", "accept"];
    let all: Vec<_> = OVERRIDES.iter().chain(&own).map(|name| (*name, "attack")).collect();
    let head = request("GET", "/public", &all);
    let Decision::Forward(forward) = edge.host.run(gateway.decide(&head, &edge.host)) else {
        panic!()
    };
    let mut arrived = upstream_headers(&head, &forward);
    arrived.retain(|(_, value)| value == "attack");
    let names: Vec<_> = arrived.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, own);
}

#[test]
fn methods_that_are_not_for_an_upstream_are_rejected_on_every_path() {
    let edge = Edge::new(&[ROUTES]);
    for method in ["TRACE", "TRACK", "CONNECT", "trace"] {
        for (path, own, anonymous) in [
            ("/public/a", "malformed_request", "malformed_request"),
            ("/api/user-1/a", "malformed_request", "missing_token"),
            ("/elsewhere", "malformed_request", "missing_token"),
            ("/api/user-2/a", "user_mismatch", "missing_token"),
            ("/a//b", "ambiguous_path", "ambiguous_path"),
            ("/.well-known/better-auth-edge/health", "malformed_request", "missing_token"),
        ] {
            let head = request(method, path, &[edge.bearer(&good_claims())]);
            assert_eq!(edge.outcome(&head), own, "{method} {path}");
            let head = request::<&str>(method, path, &[]);
            assert_eq!(edge.outcome(&head), anonymous, "{method} {path}");
        }
    }
}

#[test]
fn the_connection_header_can_list_a_bounded_number_of_headers() {
    let edge = Edge::new(&[ROUTES]);
    let connection = |count: usize| {
        let names: Vec<_> = (0..count).map(|i| format!("x-{i}")).collect();
        let [first, rest] =
            [&names[..count / 2], &names[count / 2..]].map(|names| names.join(", "));
        let headers = [("connection", first), ("Connection", rest), ("x-99", "attack".into())];
        request("GET", "/public/a", &headers)
    };
    let head = connection(100);
    let headers = upstream_headers(&head, &edge.forward(&head));
    assert!(headers.iter().all(|(_, value)| value != "attack"));
    for count in [101, 102, 5_000] {
        assert_eq!(edge.outcome(&connection(count)), "malformed_request", "{count}");
    }
}
