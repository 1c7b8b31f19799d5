//! The verdicts of the core on tokens that released versions of Better Auth issue. `cargo xtask
//! test compat` creates the cases with the real library and compares the verdicts.

use std::time::SystemTime;
use std::{env, fs};

use crate::common::{NOW, ScriptedResponse, TestHost, request};
use better_auth_edge::gateway::{Decision, Gateway, Settings};
use serde_json::{Map, Value, json};

#[test]
#[ignore = "`cargo xtask test compat` creates the cases"]
fn the_verdicts_on_tokens_that_better_auth_issues() {
    let cases = fs::read(env::var("COMPAT_CASES").expect("COMPAT_CASES names a file")).unwrap();
    let cases: Value = serde_json::from_slice(&cases).unwrap();
    let cases = cases["cases"].as_array().unwrap().iter();
    let verdicts: Map<_, _> = cases
        .map(|case| (case["id"].as_str().unwrap().to_owned(), json!(verdicts_on(case))))
        .collect();
    let output = env::var("COMPAT_VERDICTS").expect("COMPAT_VERDICTS names a file");
    fs::write(output, json!(verdicts).to_string()).unwrap();
}

/// The verdict of one gateway on each step.
fn verdicts_on(case: &Value) -> Vec<Value> {
    let lookup = |name: &str| match name {
        "ORIGIN_URL" => Some("https://api.example".to_owned()),
        _ => case["settings"][name].as_str().map(str::to_owned),
    };
    let settings = match Settings::parse(lookup) {
        Ok(settings) => settings,
        Err(errors) => return vec![json!({"code": format!("{errors:?}"), "user": null})],
    };
    let gateway = Gateway::new(settings);
    let host = TestHost::new();
    host.advance(seconds_since_1970() - NOW);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (key_set, exchange) =
        (text(&case["responses"]["url"]), text(&case["responses"]["exchangeURL"]));
    let is_elsewhere = move |url: &str| url != key_set && !url.starts_with(&exchange);
    host.respond_to(move |request| is_elsewhere(&request.url), ScriptedResponse::status(404, ""));
    let steps = case["steps"].as_array().unwrap();
    let mut published = case["responses"]["keySet"].clone();
    steps
        .iter()
        .zip(case["responses"]["exchange"].as_array().unwrap())
        .map(|(step, exchange)| {
            if let Some(body) = step["publish"]["body"].as_str() {
                published = json!({"status": 200, "body": body});
            }
            host.advance(2.0);
            host.respond_with(answer(&published));
            if !exchange.is_null() {
                host.respond_to(|request| request.cookie.is_some(), answer(exchange));
            }
            let headers: Vec<_> = step["headers"].as_object().unwrap().iter().collect();
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
                .collect();
            let head = request("GET", "/", &headers);
            match host.run(gateway.decide(&head, &host)) {
                Decision::Forward(forward) => {
                    json!({"code": "ok", "user": forward.user.map(|user| user.user().to_owned())})
                }
                Decision::Respond(_, error) => {
                    json!({"code": error.map(|error| error.code().as_str()), "user": null})
                }
            }
        })
        .collect()
}

fn answer(recorded: &Value) -> ScriptedResponse {
    let status = u16::try_from(recorded["status"].as_u64().unwrap()).unwrap();
    ScriptedResponse::status(status, recorded["body"].as_str().unwrap())
}

fn seconds_since_1970() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64()
}
