//! Wycheproof's vectors have the same results in workerd and Node, whose WebCrypto verifies RSA,
//! ECDSA and, on demand, Ed25519, as natively. tests/web_vectors/main.rs runs them in a browser.

#[path = "../../../tests/vectors/comparison.rs"]
mod comparison;
#[path = "../../../tests/vectors/files.rs"]
mod files;
#[path = "../../../tests/vectors/report.rs"]
mod report;

use serde_json::{Value, json};
use xtask::host_vectors::HostVectors;
use xtask::http;

use comparison::Comparison;
use files::{FILES, File};
use report::Report;

#[test]
fn workerd_has_the_native_result_for_every_vector() {
    let vectors = HostVectors::build().unwrap();
    let (server, url) = vectors.serve().unwrap();
    for file in &FILES {
        let response = http::get(&format!("{url}/{}", file.name), &[]).unwrap();
        assert_eq!(response.status, 200, "{}:\n{}", file.name, server.log());
        report(&response.json()).check(file);
    }
    let unknown = http::get(&format!("{url}/unknown"), &[]).unwrap();
    assert_eq!(unknown.status, 404);
}

#[test]
fn webcrypto_of_workerd_judges_ed25519_as_verify_strict_does() {
    let vectors = HostVectors::build().unwrap();
    let (server, url) = vectors.serve().unwrap();
    let response = |name: &str| {
        let response = http::get(&format!("{url}/{name}"), &[]).unwrap();
        assert_eq!(response.status, 200, "{}", server.log());
        response.json()
    };
    report(&response("by_webcrypto")).check(ed25519());
    comparison(&response("compare")).check();
}

#[test]
fn webcrypto_of_node_judges_ed25519_as_verify_strict_does() {
    let reports = HostVectors::build().unwrap().run_in_node(&["by_webcrypto", "compare"]).unwrap();
    report(&reports[0]).check(ed25519());
    comparison(&reports[1]).check();
}

#[test]
fn node_has_the_native_result_for_every_vector() {
    let names = FILES.each_ref().map(|file| file.name);
    let reports = HostVectors::build().unwrap().run_in_node(&names).unwrap();
    assert_eq!(reports.len(), FILES.len());
    for (file, value) in FILES.iter().zip(&reports) {
        report(value).check(file);
    }
}

fn ed25519() -> &'static File {
    FILES.iter().find(|file| file.algorithm == "EdDSA").unwrap()
}

fn comparison(value: &Value) -> Comparison {
    Comparison {
        accepted: number(&value["accepted"]),
        rejected: number(&value["rejected"]),
        by_webcrypto: number(&value["byWebcrypto"]),
        differences: value["differences"].as_array().unwrap().iter().map(text).collect(),
    }
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// `BETTER_AUTH_EDGE_CASES` sets the number of cases in Node; the default is 3,000.
#[test]
fn ed25519_signatures_have_the_native_result_in_workerd_and_node() {
    let vectors = HostVectors::build().unwrap();
    let (_server, url) = vectors.serve().unwrap();
    let in_workerd = http::get(&format!("{url}/ed25519-cases/1/3000"), &[]).unwrap().json();
    let cases = std::env::var("BETTER_AUTH_EDGE_CASES").unwrap_or("3000".to_owned());
    let in_node = vectors.run_in_node(&[&format!("ed25519-cases/2/{cases}")]).unwrap();
    for report in [&in_workerd, &in_node[0]] {
        assert_eq!(report["differences"], json!([]));
        let [accepted, rejected] =
            ["accepted", "rejected"].map(|verdict| report[verdict].as_u64().unwrap());
        // both verdicts must be frequent enough to compare
        let fifth = (accepted + rejected) / 5;
        assert!(fifth >= 600 && accepted > fifth && rejected > fifth, "{accepted} {rejected}");
    }
}

fn report(value: &Value) -> Report {
    let run = value["run"].as_array().unwrap().iter().map(number).collect();
    let mut report = Report { run, accepted: number(&value["accepted"]), differences: vec![] };
    for difference in value["differences"].as_array().unwrap() {
        let [tc_id, comment, expected, accepted] =
            ["tcId", "comment", "expected", "accepted"].map(|name| &difference[name]);
        let accepted = accepted.as_bool().unwrap();
        report.add_difference(number(tc_id), text(comment), &text(expected), accepted);
    }
    report
}
