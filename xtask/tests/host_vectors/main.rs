//! Wycheproof's vectors have the same results in workerd and Node, whose WebCrypto verifies RSA and
//! ECDSA, as natively. tests/web_vectors/main.rs runs them in a browser.

#[path = "../../../tests/vectors/files.rs"]
mod files;
#[path = "../../../tests/vectors/report.rs"]
mod report;

use serde_json::Value;
use xtask::host_vectors::HostVectors;
use xtask::http;

use files::FILES;
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
fn node_has_the_native_result_for_every_vector() {
    let names = FILES.each_ref().map(|file| file.name);
    let reports = HostVectors::build().unwrap().run_in_node(&names).unwrap();
    assert_eq!(reports.len(), FILES.len());
    for (file, value) in FILES.iter().zip(&reports) {
        report(value).check(file);
    }
}

fn report(value: &Value) -> Report {
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
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
