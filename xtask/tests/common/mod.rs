//! Servers with responses defined by a test, and tokens signed with their keys.
#![allow(dead_code, unreachable_pub, reason = "each test crate uses only a part of this module")]

pub mod server;
pub mod websocket;
pub mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use xtask::stack::Edge;
use xtask::token;

pub use server::{Request, Scripted, respond};

/// An auth server whose JWK Set can be changed while it runs.
pub struct Auth {
    pub server: Scripted,
    handler: Arc<Mutex<Handler>>,
}

type Handler = Arc<dyn Fn(Request) + Send + Sync>;

impl Auth {
    pub fn start(set: &Value) -> Self {
        let handler: Arc<Mutex<Handler>> = Arc::new(Mutex::new(with_set(set)));
        let current = Arc::clone(&handler);
        let server = Scripted::start(move |request| {
            let handle = Arc::clone(&current.lock().unwrap_or_else(PoisonError::into_inner));
            handle(request);
        });
        Self { server, handler }
    }

    pub fn handle(&self, handle: impl Fn(Request) + Send + Sync + 'static) {
        *self.handler.lock().unwrap() = Arc::new(handle);
    }

    pub fn publish(&self, set: &Value) {
        *self.handler.lock().unwrap() = with_set(set);
    }

    /// A token of this auth server, for user `user-1`, with that `kid`.
    pub fn token(&self, kid: &str) -> String {
        self.token_with(kid, json!({}))
    }

    /// The same with some claims changed; `null` removes one.
    pub fn token_with(&self, kid: &str, changes: Value) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut claims = json!({
            "iss": self.server.url, "aud": self.server.url, "sub": "user-1", "uuid": UUID,
            "iat": now, "exp": now + 900,
        });
        for (name, value) in changes.as_object().unwrap() {
            match value.is_null() {
                true => claims.as_object_mut().unwrap().remove(name),
                false => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        token::signed_by_foreign_key(&json!({"alg": "EdDSA", "kid": kid}), &claims)
    }
}

pub const UUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// A JWK Set with the key of [`Auth::token`] under each of these ids.
pub fn key_set(kids: &[&str]) -> Value {
    json!({"keys": kids.iter().map(|kid| token::foreign_jwk(kid)).collect::<Vec<_>>()})
}

/// A Worker with this auth server and upstream, and with rules like those of wrangler.toml.
pub fn edge(auth: &Auth, upstream: &Scripted, more: &[(&str, Value)]) -> Edge {
    edge_before(auth, &upstream.url, more)
}

/// The same with the URL of the upstream.
pub fn edge_before(auth: &Auth, upstream: &str, more: &[(&str, Value)]) -> Edge {
    edge_with(auth, upstream, more, &[])
}

/// The same with bindings that the default exports of these modules create.
pub fn edge_with(
    auth: &Auth,
    upstream: &str,
    more: &[(&str, Value)],
    bindings: &[(&str, &str)],
) -> Edge {
    let settings = [
        ("BETTER_AUTH_URL", json!(auth.server.url)),
        ("ORIGIN_URL", json!(upstream)),
        ("USER_CLAIM", json!("uuid")),
        (
            "ROUTES",
            json!([
                {"path": "/api/{user_id}/*", "match": {"user_id": "uuid"}},
                {"path": "/public/*", "auth": "public"},
                {"path": "/maybe", "auth": "optional"},
            ]),
        ),
    ];
    Edge::start_bound(&[&settings[..], more].concat(), &[], bindings).unwrap()
}

/// An upstream that returns the method, target, headers and body length of the request.
pub fn echo() -> Scripted {
    Scripted::start(|request| {
        let headers: Vec<_> = request.headers().iter().map(|header| json!(header)).collect();
        let seen = json!({
            "method": request.method(), "target": request.target(), "headers": headers,
            "bytes": request.body.len(),
        });
        respond(request, 200, &[("content-type", "application/json")], seen.to_string());
    })
}

/// The values of one header that reached the upstream of [`echo`].
pub fn seen(echoed: &Value, name: &str) -> Vec<String> {
    let headers = echoed["headers"].as_array().unwrap();
    let named = headers.iter().filter(|header| header[0] == name);
    named.map(|header| header[1].as_str().unwrap().to_owned()).collect()
}

/// `Authorization` for a token.
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn with_set(set: &Value) -> Handler {
    let body = set.to_string();
    Arc::new(move |request| {
        respond(request, 200, &[("content-type", "application/json")], body.clone())
    })
}
