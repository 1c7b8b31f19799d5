//! An edge within an application: requests for the application and for the upstream.

use crate::common::{
    AUTH_SERVER, Claims, ScriptedResponse, Signer, TestHost, good_claims, key_set, request,
    upstream_headers,
};
use better_auth_edge::gateway::{
    Decision, Destination, Forward, Gateway, Naming, RequestHead, SettingValue, SettingValues,
    Settings,
};

const ROUTES: &str = r#"[
    {"path":"/api/{user_id}/*","match":{"user_id":"sub"},"to":"origin"},
    {"path":"/open","auth":"public"},
    {"path":"/app","to":"app"}
]"#;

/// RFC 8037, appendix A
const SIGNING_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// The user of [`good_claims`]
const USER: &str = "user-1";

struct App {
    gateway: Gateway,
    host: TestHost,
    signer: Signer,
}

impl App {
    fn new(settings: &[(&str, &str)]) -> Self {
        let settings = parse(settings).expect("these settings are good");
        let signer = Signer::default();
        let host = TestHost::new();
        host.respond_with(ScriptedResponse::ok(key_set(&[signer.jwk()])));
        Self { gateway: Gateway::new(settings), host, signer }
    }

    fn bearer(&self, claims: &Claims) -> (&'static str, String) {
        ("authorization", format!("Bearer {}", self.signer.token(claims)))
    }

    fn decide(&self, head: &RequestHead) -> Decision {
        self.host.run(self.gateway.decide(head, &self.host))
    }

    fn forward(&self, head: &RequestHead) -> Forward {
        match self.decide(head) {
            Decision::Forward(forward) => forward,
            Decision::Respond(response, _) => panic!("rejected: {}", response.body),
        }
    }
}

fn parse(settings: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
    let lookup = |name: &str| {
        let mut all = settings.iter().chain(&[("BETTER_AUTH_URL", AUTH_SERVER)]);
        all.find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
    };
    let errors = |errors: Vec<_>| errors.iter().map(ToString::to_string).collect();
    Settings::parse_within_app(lookup).map_err(errors)
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
}

#[test]
fn an_application_needs_no_upstream() {
    let app = App::new(&[]);
    let forward = app.forward(&request("GET", "/a?b=c", &[app.bearer(&good_claims())]));
    assert_eq!(forward.to(), Destination::App);
    assert_eq!(forward.url(), "https://edge.example/a?b=c");
    assert!(forward.user.is_some() && forward.private);
}

#[test]
fn a_rule_that_forwards_to_an_upstream_requires_one() {
    assert!(
        parse(&[("ROUTES", ROUTES)]).is_err_and(|errors| errors[0].contains("set ORIGIN_URL to"))
    );
    assert!(parse(&[("ROUTES", ROUTES), ("ORIGIN_URL", "https://o.example")]).is_ok());
    assert!(parse(&[("ROUTES", r#"[{"path":"/","to":"elsewhere"}]"#)]).is_err());
}

#[test]
fn only_an_edge_within_an_application_has_destinations() {
    let settings = [
        ("BETTER_AUTH_URL", AUTH_SERVER),
        ("ORIGIN_URL", "https://o.example"),
        ("ROUTES", r#"[{"path":"/","to":"app"}]"#),
        // a Worker ignores these settings
        ("JWKS", "{}"),
        ("PUBLIC_PATHS", "/a*b"),
    ];
    let lookup = |name: &str| {
        settings.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
    };
    let errors = Settings::parse(lookup).expect_err("to is not for a Worker");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().starts_with("ROUTES [0]: to "), "{}", errors[0]);
}

#[test]
fn only_requests_for_the_upstream_get_the_headers_for_the_upstream() {
    let app = App::new(&[
        ("ROUTES", ROUTES),
        ("ORIGIN_URL", "https://o.example/v1"),
        ("EDGE_SIGNING_KEY", SIGNING_KEY),
    ]);
    let claims = good_claims();
    let token = app.bearer(&claims);
    let cookie = ("cookie", "better-auth.session_token=a.b; theme=dark".to_owned());
    let forwarded = ("x-forwarded-for", "192.0.2.7".to_owned());
    let headers = [token, cookie, forwarded];

    let own = format!("/api/{}/tasks", USER);
    let head = request("GET", &own, &headers);
    let forward = app.forward(&head);
    assert_eq!(
        (forward.to(), forward.url()),
        (Destination::Upstream, &*format!("https://o.example/v1{own}"))
    );
    let sent = upstream_headers(&head, &forward);
    assert_eq!(header(&sent, "cookie"), Some("theme=dark"));
    assert_eq!(header(&sent, "x-forwarded-for"), None);
    let for_the_upstream = header(&sent, "x-edge-jwt-assertion").unwrap().to_owned();

    let head = request("GET", "/page", &headers);
    let sent = upstream_headers(&head, &app.forward(&head));
    assert_eq!(header(&sent, "cookie"), Some("better-auth.session_token=a.b; theme=dark"));
    assert_eq!(header(&sent, "x-forwarded-for"), Some("192.0.2.7"));
    assert_eq!(header(&sent, "x-forwarded-host"), None);
    assert_eq!(header(&sent, "x-edge-user"), Some(USER));
    let for_the_app = header(&sent, "x-edge-jwt-assertion").unwrap();
    assert_ne!(for_the_app, for_the_upstream, "one must not be valid for the other");
    // in reverse order too: a cached assertion is never used for the other destination
    let head = request("GET", &own, &headers);
    let again = upstream_headers(&head, &app.forward(&head));
    let payload = |jws: &str| jws.split('.').nth(1).unwrap().to_owned();
    assert_ne!(payload(header(&again, "x-edge-jwt-assertion").unwrap()), payload(for_the_app));
}

#[test]
fn forged_headers_do_not_reach_the_application_either() {
    let app = App::new(&[
        ("ROUTES", ROUTES),
        ("ORIGIN_URL", "https://o.example"),
        ("CLAIM_HEADERS", r#"{"email":"x-user-email"}"#),
    ]);
    let forged = [
        ("X-Edge-User", "a"),
        ("x_edge_jwt_assertion", "b"),
        ("x-user-email", "c"),
        ("x_request-id", "d"),
        ("x-other", "e"),
    ];
    let head = request("GET", "/open", &forged);
    let names: Vec<_> =
        upstream_headers(&head, &app.forward(&head)).into_iter().map(|(n, _)| n).collect();
    assert_eq!(names, ["x-other", "x-request-id"]);
}

#[test]
fn public_paths_override_the_rules_and_no_other_path_is_public() {
    let app =
        App::new(&[("ROUTES", r#"[{"path":"/*"}]"#), ("PUBLIC_PATHS", "/sign-in,/_next/static/*")]);
    for (path, is_public) in [
        ("/sign-in", true),
        ("/sign-in/", true),
        ("/_next/static/a/b.js", true),
        ("/sign-in/x", false),
        ("/_next/data/a.json", false),
        ("/", false),
    ] {
        let forwards =
            matches!(app.decide(&request::<&str>("GET", path, &[])), Decision::Forward(_));
        assert_eq!(forwards, is_public, "{path}");
    }
    assert!(parse(&[("PUBLIC_PATHS", "/a*b")]).is_err());
}

#[test]
fn a_rejection_has_the_destination_of_the_request() {
    let app = App::new(&[("ROUTES", ROUTES), ("ORIGIN_URL", "https://o.example")]);
    let to = |path| app.gateway.destination(&request::<&str>("GET", path, &[]));
    assert_eq!(to("/api/a/tasks"), Destination::Upstream);
    assert_eq!(to("/app"), Destination::App);
    assert_eq!(to("/elsewhere"), Destination::App);
    assert_eq!(to("//a"), Destination::App);
}

#[test]
fn a_static_key_set_is_a_setting_of_an_application() {
    let app = App::new(&[]);
    let set = key_set(&[app.signer.jwk()]);
    let settings = parse(&[("JWKS", set.as_str())]).expect("a key set");
    let fixed =
        App { gateway: Gateway::new(settings), host: TestHost::new(), signer: Signer::default() };
    fixed.forward(&request("GET", "/a", &[fixed.bearer(&good_claims())]));
    assert_eq!(fixed.host.fetches(), 0);
}

#[test]
fn keys_with_issuer_and_audience_need_no_base_url() {
    let jwks = format!(r#"{{"keys":[{}]}}"#, Signer::default().jwk());
    let expected = [("ISSUER", AUTH_SERVER), ("AUDIENCE", AUTH_SERVER)];
    for keys in [
        vec![("JWKS", jwks.as_str())],
        vec![("JWKS_URL", "https://keys.example/jwks")],
        vec![("BETTER_AUTH_SECRET", "a secret of enough bytes for HS256"), ("ALGORITHMS", "HS256")],
    ] {
        let settings = [keys.as_slice(), &expected].concat();
        assert!(parse_only(None, &settings).is_ok(), "{settings:?}");
        // but not for a Worker, which exchanges sessions at the base URL
        let lookup = |name: &str| find(&settings, name);
        assert!(Settings::parse(lookup).is_err(), "{settings:?}");
        let errors = parse_only(None, &keys).unwrap_err();
        assert!(errors.iter().all(|error| !error.contains("BETTER_AUTH_URL")), "{errors:?}");
        assert_eq!(errors.len(), 2, "{errors:?}");
    }
    assert_eq!(parse_only(None, &expected).unwrap_err(), ["BETTER_AUTH_URL is required"]);
}

#[test]
fn a_secret_can_be_bytes_that_are_not_utf_8() {
    let settings = [("ALGORITHMS", "HS256"), ("ISSUER", "i"), ("AUDIENCE", "a")];
    assert!(parse_only(Some(vec![0xff; 32]), &settings).is_ok());
    assert!(parse_only(Some(vec![]), &settings).is_err());
}

#[test]
fn settings_that_call_better_auth_require_its_url() {
    let keys = [("JWKS", r#"{"keys":[]}"#), ("ISSUER", "i"), ("AUDIENCE", "a")];
    for needy in [("SESSION_EXCHANGE", "true"), ("COOKIE_CACHE", "jwks")] {
        let errors = parse_only(None, &[&keys[..], &[needy]].concat()).unwrap_err();
        assert!(errors[0].starts_with(&format!("{} needs BETTER_AUTH_URL", needy.0)), "{errors:?}");
        assert_eq!(errors.len(), 1, "{errors:?}");
    }
}

/// Parses only these settings.
fn parse_only(
    secret: Option<Vec<u8>>,
    settings: &[(&'static str, &str)],
) -> Result<(), Vec<String>> {
    let mut values = SettingValues::new(Naming::Variables);
    for (name, value) in settings {
        values.set(name, SettingValue::Variable((*value).to_owned()));
    }
    if let Some(secret) = secret {
        values.set("BETTER_AUTH_SECRET", SettingValue::Bytes(secret));
    }
    match Settings::parse_values(&values) {
        Ok(_) => Ok(()),
        Err(errors) => Err(errors.iter().map(ToString::to_string).collect()),
    }
}

fn find(settings: &[(&str, &str)], name: &str) -> Option<String> {
    settings.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
}
