//! What a team types: the wrangler.toml of this checkout under wrangler itself, offline.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use xtask::process::Server;
use xtask::{http, root, setup};

/// wrangler on a Node that it accepts, asking nobody outside for anything.
fn wrangler() -> Command {
    let mut command = Command::new(setup::node_for_wrangler().unwrap());
    command
        .arg(root().join("node_modules/wrangler/bin/wrangler.js"))
        .current_dir(root())
        .envs([("CI", "1"), ("WRANGLER_HIDE_BANNER", "true"), ("NO_COLOR", "1")])
        .envs([("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_SEND_ERROR_REPORTS", "false")])
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
        .env("XDG_CONFIG_HOME", scratch("config"));
    command
}

fn scratch(name: &str) -> PathBuf {
    root().join("target/wrangler").join(name)
}

#[test]
fn the_worker_is_ready_to_deploy() {
    let output = wrangler()
        .args(["deploy", "--dry-run", "--outdir"])
        .arg(scratch("deploy"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("ORIGIN_URL") && text.contains("ROUTES"), "{text}");
    assert!(text.contains("--dry-run: exiting now"), "{text}");
    assert!(scratch("deploy").join("index.js").is_file());
}

#[test]
fn wrangler_dev_serves_the_worker() {
    let mut command = wrangler();
    command
        .args(["dev", "--local", "--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"])
        .args([
            "--var",
            "BETTER_AUTH_URL:http://127.0.0.1:9",
            "--var",
            "ORIGIN_URL:http://127.0.0.1:9",
        ])
        .arg("--persist-to")
        .arg(scratch("dev"));
    let ready = |line: &str| {
        let url = line.split("Ready on ").nth(1)?;
        Some(url.trim().to_owned())
    };
    let (_server, url) = Server::start("wrangler dev", &mut command, ready).unwrap();
    let outcome = |path: &str| http::get(&format!("{url}{path}"), &[]).unwrap().outcome();
    assert_eq!(outcome("/api/any/tasks"), "401 missing_token");
    assert_eq!(outcome("/health"), "502 origin_unreachable");
    let forged = http::get(&format!("{url}/api/a"), &[("authorization", "Bearer a.b.c")]).unwrap();
    assert_eq!(forged.json()["code"], json!("malformed_token"));
}
