//! Keys that isolates share in wrangler's cache and KV: one process fetches them, and the next one
//! verifies with them.

use std::fs;
use std::path::Path;

use crate::common::{Auth, bearer, echo, key_set, respond};
use serde_json::json;
use xtask::process::Server;
use xtask::{http, root, wrangler};

/// The Worker in `wrangler dev` with this auth server and upstream, and stored keys in `directory`.
fn start(directory: &Path, auth: &Auth, upstream: &str) -> (Server, String) {
    let config = json!({
        "name": "better-auth-edge",
        "main": root().join("build/index.js"),
        "compatibility_date": "2026-11-01",
        "vars": {"BETTER_AUTH_URL": auth.server.url, "ORIGIN_URL": upstream},
        "kv_namespaces": [{"binding": "JWKS_KV", "id": "keys"}],
    });
    let file = directory.join("wrangler.json");
    fs::write(&file, config.to_string()).unwrap();
    let mut command = wrangler::command().unwrap();
    command.arg("dev").arg("--config").arg(file);
    wrangler::dev(&mut command, &directory.join("state")).unwrap()
}

#[test]
fn a_new_process_needs_no_auth_server() {
    let upstream = echo();
    // the store that the second process reads, and the stores that the test empties before it
    for (store_read, emptied) in [("the cache", "kv"), ("KV", "cache"), ("none", "*")] {
        let auth = Auth::start(&key_set(&["a"]));
        let directory = wrangler::scratch("keys").join(store_read.replace(' ', "-"));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let outcome = |kid: &str| {
            let (_server, url) = start(&directory, &auth, &upstream.url);
            let headers = [("authorization", &*bearer(&auth.token(kid)))];
            http::get(&url, &headers).unwrap().outcome()
        };
        assert_eq!(outcome("a"), "200");
        assert_eq!(auth.server.count(), 1);

        auth.handle(|request| respond(request, 500, &[], ""));
        for store in ["cache", "kv"] {
            if [store, "*"].contains(&emptied) {
                fs::remove_dir_all(directory.join("state/v3").join(store)).unwrap();
            }
        }
        if store_read == "none" {
            assert_eq!(outcome("a"), "503 keys_unavailable");
        } else {
            assert_eq!((outcome("a"), auth.server.count()), ("200".into(), 1), "{store_read}");
        }
    }
}
