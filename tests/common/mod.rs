//! Helpers for all test crates: a runtime with a scripted clock and network, tokens of any form,
//! and a gateway that uses both.

// each test crate uses a part of this module
#![allow(dead_code, unused_imports)]

mod edge;
mod host;
mod revocations;
mod scripted_response;
mod timeline;
mod token;

pub(crate) use edge::{Edge, request, upstream_headers};
pub(crate) use host::TestHost;
pub(crate) use revocations::ScriptedStore;
pub(crate) use scripted_response::ScriptedResponse;
pub(crate) use timeline::{Timeline, wanted};
pub(crate) use token::{Claims, Signer, base64url, good_claims, key_set, message_claims};

use std::sync::Arc;

use better_auth_edge::{CheckOutcome, Error, Explanation, Verified, Verifier, VerifierOptions};

/// The time at which tests begin, in seconds since 1970.
pub(crate) const NOW: f64 = 1_750_000_000.0;

/// The Better Auth server, which is both issuer and audience.
pub(crate) const AUTH_SERVER: &str = "https://app.example";

/// Options that accept tokens of [`AUTH_SERVER`] signed with a key of this set.
pub(crate) fn options(key_set: &str) -> VerifierOptions {
    VerifierOptions {
        jwks: Some(key_set.to_owned()),
        issuer: Some(vec![AUTH_SERVER.to_owned()]),
        audience: Some(vec![AUTH_SERVER.to_owned()]),
        ..VerifierOptions::default()
    }
}

/// A verifier with this key set. It never fetches.
pub(crate) fn verifier(key_set: &str) -> Verifier {
    options(key_set).build().expect("the options are valid")
}

/// A verifier with the key of [`Signer::default`] only.
pub(crate) fn default_verifier() -> Verifier {
    verifier(&key_set(&[Signer::default().jwk()]))
}

/// Verifies at [`NOW`], without a network.
pub(crate) fn verify(verifier: &Verifier, token: &str) -> Result<Arc<Verified>, Error> {
    let host = TestHost::new();
    let result = host.run(verifier.verify(token, &host));
    assert_explanation(&host.run(verifier.explain(token, &host)), &result);
    assert_eq!(host.fetches(), 0, "a fixed set is not fetched");
    result
}

/// Asserts that an explanation agrees with the verifier: the first check that does not pass
/// decides.
pub(crate) fn assert_explanation(explanation: &Explanation, result: &Result<Arc<Verified>, Error>) {
    let reason = |error: &Error| (error.code(), error.detail().to_owned());
    let reports = &explanation.checks;
    let decisive = reports.iter().position(|report| report.outcome != CheckOutcome::Passed);
    let (rejection, later) = match decisive {
        Some(index) => {
            assert_eq!(reports[index].outcome, CheckOutcome::Failed, "{reports:?}");
            (reports[index].rejection.clone(), &reports[index + 1..])
        }
        None => (None, &[][..]),
    };
    assert_eq!(rejection, result.as_ref().err().map(reason), "{reports:?}");
    assert_eq!(rejection, explanation.result.as_ref().err().map(reason));
    assert_eq!(
        explanation.result.as_ref().ok().map(Verified::user),
        result.as_ref().ok().map(|verified| verified.user())
    );
    for report in later {
        let decides = matches!(report.outcome, CheckOutcome::Passed | CheckOutcome::Failed);
        assert!(!decides, "no check decides after the first failure: {reports:?}");
    }
}

/// `ok`, or the code of the error.
pub(crate) fn outcome<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.code().as_str(),
    }
}

/// The verdict of [`default_verifier`] on a token.
pub(crate) fn verdict(token: &str) -> &'static str {
    let verdict = outcome(&verify(&default_verifier(), token));
    record(token, verdict);
    verdict
}

/// Records the verdict if `RECORD_VERDICTS` names a directory. `vectors/verdicts.py` collects these
/// records in `vectors/verdicts.jsonl`, which tests in other languages read.
fn record(token: &str, verdict: &str) {
    use std::io::Write;

    let Some(directory) = std::env::var_os("RECORD_VERDICTS") else { return };
    let file = std::path::Path::new(&directory).join(format!("{}.jsonl", std::process::id()));
    let line = format!("{}\n", serde_json::json!([verdict, token]));
    let file = std::fs::OpenOptions::new().create(true).append(true).open(file);
    file.unwrap().write_all(line.as_bytes()).unwrap();
}
