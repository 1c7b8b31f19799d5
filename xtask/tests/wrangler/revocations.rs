//! The stores of ended sessions that wrangler.toml suggests: one process receives an event, and the
//! next one refuses the session.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::{Auth, bearer, echo, key_set};
use serde_json::{Value, json};
use xtask::process::Server;
use xtask::{http, root, token, wrangler};

const EDGE: &str = "https://edge.example";

/// The lines of wrangler.toml that bind each store.
const OBJECT: &str = r#"# [[durable_objects.bindings]]
# name = "REVOCATIONS"
# class_name = "Revocations"
# [[migrations]]
# tag = "v1"
# new_sqlite_classes = ["Revocations"]
"#;
const KV: &str = r#"# [[kv_namespaces]]
# binding = "REVOCATIONS_KV"
# id = "…"                 # npx wrangler kv namespace create REVOCATIONS_KV
"#;

/// wrangler.toml with these lines as settings.
fn config(directory: &Path, lines: &str) -> std::path::PathBuf {
    let text = fs::read_to_string(root().join("wrangler.toml")).unwrap();
    assert!(text.contains(lines), "wrangler.toml suggests {lines}");
    let settings: String = lines.lines().map(|line| format!("{}\n", &line[2..])).collect();
    let main = root().join("build/index.js");
    let text = text.replace(lines, &settings).replace("build/index.js", main.to_str().unwrap());
    let file = directory.join("wrangler.toml");
    fs::write(&file, text).unwrap();
    file
}

fn start(directory: &Path, lines: &str, auth: &Auth, upstream: &str) -> (Server, String) {
    let mut command = wrangler::command().unwrap();
    command.arg("dev").arg("--config").arg(config(directory, lines));
    let issuer = format!("EDGE_ISSUER:{EDGE}");
    let (auth, upstream) =
        (format!("BETTER_AUTH_URL:{}", auth.server.url), format!("ORIGIN_URL:{upstream}"));
    for var in [auth, upstream, issuer] {
        command.args(["--var", &var]);
    }
    wrangler::dev(&mut command, &directory.join("state")).unwrap()
}

fn event(auth: &Auth, sid: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let events: Vec<Value> = vec![json!({"type": "session", "sid": sid, "sub": "user-1"})];
    let claims = json!({
        "iss": auth.server.url, "aud": EDGE, "iat": now, "exp": now + 120, "jti": sid,
        "events": events,
    });
    let header = json!({"alg": "EdDSA", "kid": "a", "typ": "edge-event+jwt"});
    token::signed_by_foreign_key(&header, &claims)
}

#[test]
fn an_ended_session_is_refused_by_the_next_process() {
    let (auth, upstream) = (Auth::start(&key_set(&["a"])), echo());
    for (name, lines) in [("object", OBJECT), ("kv", KV)] {
        let directory = wrangler::scratch("revocations").join(name);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let outcome = |url: &str, sid: &str| {
            let token = auth.token_with("a", json!({"sid": sid}));
            let headers = [("authorization", &*bearer(&token))];
            http::get(&format!("{url}/elsewhere"), &headers).unwrap().outcome()
        };
        let message = event(&auth, "ended");
        let send = |url: &str| {
            let url = format!("{url}/.well-known/better-auth-edge/events");
            http::post_text(&url, "application/jwt", &message).unwrap().outcome()
        };
        {
            let (_server, url) = start(&directory, lines, &auth, &upstream.url);
            assert_eq!(outcome(&url, "ended"), "200", "{name}");
            assert_eq!(send(&url), "204", "{name}");
            assert_eq!(send(&url), "409 replayed_event", "{name}");
            assert_eq!(outcome(&url, "ended"), "401 session_revoked", "{name}");
        }
        let (_server, url) = start(&directory, lines, &auth, &upstream.url);
        assert_eq!(outcome(&url, "ended"), "401 session_revoked", "{name}");
        assert_eq!(outcome(&url, "other"), "200", "{name}");
        assert_eq!(send(&url), "409 replayed_event", "{name}");
    }
}

#[test]
fn a_worker_with_the_object_is_ready_to_deploy() {
    let directory = wrangler::scratch("revocations").join("deploy");
    fs::create_dir_all(&directory).unwrap();
    let output = wrangler::command()
        .unwrap()
        .args(["deploy", "--dry-run", "--config"])
        .arg(config(&directory, OBJECT))
        .arg("--outdir")
        .arg(directory.join("out"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("REVOCATIONS") && text.contains("Durable Object"), "{text}");
}
