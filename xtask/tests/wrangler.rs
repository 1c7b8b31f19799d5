//! What a team types: the wrangler.toml of this checkout under wrangler itself, offline.

use serde_json::json;
use xtask::{http, wrangler};

#[test]
fn the_worker_is_ready_to_deploy() {
    let output = wrangler::command()
        .unwrap()
        .args(["deploy", "--dry-run", "--outdir"])
        .arg(wrangler::scratch("deploy"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("ORIGIN_URL") && text.contains("ROUTES"), "{text}");
    assert!(text.contains("--dry-run: exiting now"), "{text}");
    assert!(wrangler::scratch("deploy").join("index.js").is_file());
}

#[test]
fn wrangler_dev_serves_the_worker() {
    let url = "http://127.0.0.1:9";
    let mut command = wrangler::command().unwrap();
    command.args(["dev", "--var", &format!("BETTER_AUTH_URL:{url}")]);
    command.args(["--var", &format!("ORIGIN_URL:{url}")]);
    let (_server, url) = wrangler::dev(&mut command, &wrangler::scratch("dev")).unwrap();
    let outcome = |path: &str| http::get(&format!("{url}{path}"), &[]).unwrap().outcome();
    assert_eq!(outcome("/api/any/tasks"), "401 missing_token");
    assert_eq!(outcome("/health"), "502 origin_unreachable");
    let forged = http::get(&format!("{url}/api/a"), &[("authorization", "Bearer a.b.c")]).unwrap();
    assert_eq!(forged.json()["code"], json!("malformed_token"));
}
