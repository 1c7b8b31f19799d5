//! The destination and the rule of a request within an application. They depend on the request
//! only, not on the decision.

use crate::common::{
    AUTH_SERVER, Edge, ScriptedResponse, Signer, TestHost, good_claims, key_set, request,
};
use better_auth_edge::gateway::{Decision, Destination, Gateway, Settings};
use serde_json::{Value, json};

const READ_OWN: &str =
    r#"{"path":"/api/{user_id}/*","methods":["GET"],"match":{"user_id":"sub"},"to":"origin"}"#;

struct App {
    gateway: Gateway,
    host: TestHost,
}

impl App {
    fn new(rules: &[&str]) -> Self {
        let routes = format!("[{}]", rules.join(","));
        let settings = [
            ("BETTER_AUTH_URL", AUTH_SERVER),
            ("ORIGIN_URL", "https://origin.example"),
            ("PUBLIC_PATHS", "/sign-in"),
            ("ROUTES", &routes),
        ];
        let lookup = |name: &str| {
            settings.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        };
        let settings = Settings::parse_within_app(lookup).expect("these settings are good");
        let host = TestHost::new();
        host.respond_with(ScriptedResponse::ok(key_set(&[Signer::default().jwk()])));
        Self { gateway: Gateway::new(settings), host }
    }

    /// The destination of user-1's request, or `None` if it is rejected.
    fn destination(&self, method: &str, path: &str) -> Option<Destination> {
        let token = format!("Bearer {}", Signer::default().token(&good_claims()));
        let head = request(method, path, &[("authorization", token)]);
        let decision = self.host.run(self.gateway.decide(&head, &self.host));
        let destination = self.gateway.destination(&head);
        match decision {
            Decision::Forward(forward) => {
                assert_eq!(forward.to(), destination, "{method} {path}");
                Some(destination)
            }
            Decision::Respond(..) => None,
        }
    }
}

#[test]
fn requests_that_no_rule_sends_to_the_upstream_go_to_the_application() {
    let app = App::new(&[READ_OWN, r#"{"path":"/here"}"#, r#"{"path":"/app","to":"app"}"#]);
    for (path, destination) in [
        ("/sign-in", Destination::App), // public before any rule
        ("/here", Destination::App),    // by a rule that says nothing of it
        ("/app", Destination::App),
        ("/elsewhere", Destination::App), // by no rule
        ("/api/user-1/x", Destination::Upstream),
    ] {
        assert_eq!(app.destination("GET", path), Some(destination), "{path}");
    }
    assert_eq!(app.destination("GET", "/api/user-2/x"), None);
}

#[test]
fn isolation_for_unlisted_methods_does_not_change_the_destination() {
    let app = App::new(&[READ_OWN]);
    assert_eq!(app.destination("POST", "/api/user-1/x"), Some(Destination::App), "no rule matches");
    assert_eq!(app.destination("POST", "/api/user-2/x"), None);

    let app = App::new(&[READ_OWN, r#"{"path":"/*","to":"app"}"#]);
    assert_eq!(app.destination("POST", "/api/user-1/x"), Some(Destination::App));
    let app = App::new(&[READ_OWN, r#"{"path":"/*","to":"origin"}"#]);
    assert_eq!(app.destination("POST", "/api/user-1/x"), Some(Destination::Upstream));
}

#[test]
fn the_log_names_the_rule_that_isolates_a_path_for_other_methods() {
    let rules = [
        r#"{"path":"/health","auth":"public"}"#,
        r#"{"path":"/api/{user_id}/*","methods":["GET"],"match":{"user_id":"sub"}}"#,
        r#"{"path":"/*"}"#,
    ];
    let edge = Edge::new(&[("ROUTES", &format!("[{}]", rules.join(",")))]);
    for (method, path, rule) in [
        ("GET", "/api/user-2/x", json!({"index": 1, "path": "/api/{user_id}/*"})),
        ("POST", "/api/user-2/x", json!({"index": 1, "path": "/api/{user_id}/*"})),
    ] {
        let head = request(method, path, &[edge.bearer(&good_claims())]);
        assert_eq!(edge.outcome(&head), "user_mismatch");
        let line = edge.host.logged().pop().expect("a rejection is logged").1;
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["rule"], rule, "{method}");
    }
}
