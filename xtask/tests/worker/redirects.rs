//! The Worker in workerd in front of FastAPI: redirects point to the Worker, not to the upstream.

use std::process::Command;

use crate::common::{Auth, UUID, bearer, edge_before, key_set};
use serde_json::{Value, json};
use xtask::http::{self, Response};
use xtask::process::Server;
use xtask::stack::Edge;
use xtask::{root, setup};

/// FastAPI and an auth server.
struct Setup {
    upstream: String,
    _server: Server,
    auth: Auth,
}

impl Setup {
    fn start() -> Self {
        let mut command = Command::new(setup::python().unwrap());
        command
            .arg(root().join("xtask/tests/origins/redirects.py"))
            .env("PYTHONPATH", root().join("examples/fullstack/api"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let ready = |line: &str| line.strip_prefix("FastAPI listening on ").map(str::to_owned);
        let (server, upstream) = Server::start("FastAPI", &mut command, ready).unwrap();
        Self { upstream, _server: server, auth: Auth::start(&key_set(&["a"])) }
    }

    fn edge(&self, prefix: &str, settings: &[(&str, Value)]) -> Edge {
        edge_before(&self.auth, &format!("{}{prefix}", self.upstream), settings)
    }

    fn sent(&self, edge: &Edge, method: &str, path: &str) -> Response {
        let authorization = bearer(&self.auth.token("a"));
        let url = format!("{}/api/{UUID}{path}", edge.url);
        http::send(method, &url, &[("authorization", &authorization)]).unwrap()
    }
}

#[test]
fn a_redirect_for_a_missing_slash_points_to_the_worker() {
    let setup = Setup::start();
    for prefix in ["", "/v1"] {
        let edge = setup.edge(prefix, &[]);
        // the second GET has the same result as the first
        for method in ["GET", "GET", "POST", "GET"] {
            let response = setup.sent(&edge, method, "/tasks?a=b");
            assert_eq!(response.status, 307, "{method}");
            let there = format!("{}/api/{UUID}/tasks/?a=b", edge.url);
            assert_eq!(response.all("location").collect::<Vec<_>>(), [there], "{method}");
            let response = setup.sent(&edge, method, "/tasks/?a=b");
            assert_eq!(response.json()["path"], format!("{prefix}/api/{UUID}/tasks/"));
        }
    }
}

#[test]
fn every_header_that_redirects_a_client_points_to_the_worker() {
    let setup = Setup::start();
    for prefix in ["", "/v1"] {
        let edge = setup.edge(prefix, &[]);
        let response = setup.sent(&edge, "POST", "/created");
        assert_eq!(response.status, 201);
        let own = format!("{}{prefix}/api/{UUID}/tasks/", setup.upstream);
        assert_eq!(response.json()["url"], own);
        let there = format!("{}/api/{UUID}/tasks/", edge.url);
        assert_eq!(response.header("location"), Some(&*there));
        assert_eq!(response.header("content-location"), Some(&*there));
        assert_eq!(response.header("refresh"), Some(&*format!("5; url={there}")));
        assert_eq!(response.header("link"), Some(&*format!("<{own}>; rel=next")));
    }
}

#[test]
fn redirects_elsewhere_are_unchanged_and_a_setting_leaves_all_unchanged() {
    let setup = Setup::start();
    let edge = setup.edge("/v1", &[]);
    let outside = format!("{}/login", setup.upstream);
    for target in ["https://b.example/x", "/login", "next", "//b.example/", &outside, "/v10/x"] {
        let response = setup.sent(&edge, "GET", &format!("/to?target={target}"));
        assert_eq!(response.header("location"), Some(target));
    }
    let edge = setup.edge("", &[("REWRITE_REDIRECTS", json!("false"))]);
    let response = setup.sent(&edge, "GET", "/tasks");
    let there = format!("{}/api/{UUID}/tasks/", setup.upstream);
    assert_eq!(response.header("location"), Some(&*there));
}

#[test]
fn a_bound_upstream_is_called_with_the_host_of_its_url() {
    let setup = Setup::start();
    for (url, prefix) in [("https://api.internal", ""), ("http://api.internal:8000/v1", "/v1")] {
        let settings = [
            ("BETTER_AUTH_URL", json!(setup.auth.server.url)),
            ("ORIGIN_URL", json!(url)),
            ("USER_CLAIM", json!("uuid")),
        ];
        let edge = Edge::start_bound(&settings, &[("ORIGIN", &setup.upstream)], &[]).unwrap();
        let response = setup.sent(&edge, "GET", "/tasks");
        let there = format!("{}/api/{UUID}/tasks/", edge.url);
        assert_eq!(response.header("location"), Some(&*there), "{prefix}");
        // the scheme is the one of the request to FastAPI
        let url = setup.sent(&edge, "POST", "/created").json()["url"].clone();
        let host = url.as_str().unwrap().strip_prefix("http://api.internal").unwrap();
        assert!(host.ends_with(&format!("{prefix}/api/{UUID}/tasks/")), "{url}");
    }
}
