//! The wrangler.toml of this checkout with wrangler's commands, offline.

use std::fs;

use serde_json::json;
use xtask::{http, inspector, root, wrangler};

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
fn the_bindings_that_wrangler_toml_suggests_exist_and_limit_requests() {
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
    let (rejected, limited) = ("401 missing_token", "429 rate_limited");
    assert_eq!(outcomes, [rejected, rejected, rejected, limited, limited]);
}

#[test]
fn the_inspector_is_served_only_when_wrangler_toml_says_so() {
    let text = fs::read_to_string(root().join("wrangler.toml")).unwrap();
    assert!(
        !text.lines().any(|line| line.starts_with("[assets]")),
        "by default the Worker is only a gateway"
    );
    let settings = text.replace("# [assets]\n# directory", "[assets]\ndirectory");
    let absolute = |text: String, relative: &str| {
        text.replace(&format!("{relative:?}"), &format!("{:?}", root().join(relative)))
    };
    let settings = absolute(absolute(settings, "build/index.js"), "www/dist");
    let config = wrangler::scratch("inspector.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, settings).unwrap();

    let mut command = wrangler::command().unwrap();
    command.arg("dev").arg("--config").arg(&config);
    let (_server, url) = wrangler::dev(&mut command, &wrangler::scratch("inspector")).unwrap();
    let get = |path: &str| http::get(&format!("{url}{path}"), &[]).unwrap();

    let page = get(&format!("/{}/", inspector::PATH));
    assert_eq!(page.status, 200);
    assert!(String::from_utf8_lossy(&page.body).contains("<title>Token inspector"));
    let policy = page.all("content-security-policy").collect::<Vec<_>>();
    let [policy] = policy[..] else { panic!("one policy: {policy:?}") };
    for directive in ["default-src 'none'; ", "script-src 'self' 'wasm-unsafe-eval'; "] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(policy.ends_with("; frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let wasm = get(&format!("/{}/inspector.wasm", inspector::PATH));
    assert_eq!(wasm.header("content-type"), Some("application/wasm"));

    // all other paths still belong to the gateway
    for path in ["/", "/index.html", "/inspector/", "/api/any/tasks", "/_headers"] {
        assert_eq!(get(path).outcome(), "401 missing_token", "{path}");
    }
    let keys = get("/.well-known/better-auth-edge/jwks.json");
    assert_eq!(keys.json(), json!({"keys": []}));
    let missing = get(&format!("/{}/no-such-file", inspector::PATH));
    assert_eq!(missing.outcome(), "401 missing_token");
}
