//! What a team types: the wrangler.toml of this checkout under wrangler itself, offline.

use std::fs;

use serde_json::json;
use xtask::{http, root, wrangler};

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

#[test]
fn the_bindings_that_wrangler_toml_suggests_are_there_and_limit() {
    let text = fs::read_to_string(root().join("wrangler.toml")).unwrap();
    let (settings, suggested) = text.split_once("# Bindings, all optional").unwrap();
    let suggested = suggested.lines().skip(1).map(|line| line.trim_start_matches(['#', ' ']));
    let suggested = suggested.collect::<Vec<_>>().join("\n").replace("limit = 60,", "limit = 3,");
    let main = root().join("build/index.js");
    let settings = settings.replace("build/index.js", main.to_str().unwrap());
    let config = wrangler::scratch("bindings.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, format!("{settings}\n{suggested}\n")).unwrap();

    let mut command = wrangler::command().unwrap();
    command.arg("dev").arg("--config").arg(&config);
    let (_server, url) = wrangler::dev(&mut command, &wrangler::scratch("bindings")).unwrap();
    let outcome = || {
        let headers = [("cf-connecting-ip", "192.0.2.7")];
        http::get(&format!("{url}/elsewhere"), &headers).unwrap().outcome()
    };
    let outcomes: Vec<_> = (0..5).map(|_| outcome()).collect();
    let (refused, limited) = ("401 missing_token", "429 rate_limited");
    assert_eq!(outcomes, [refused, refused, refused, limited, limited]);
}
