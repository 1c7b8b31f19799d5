//! The `Server-Timing` header (W3C Server Timing, section 2).

use crate::policy::credentials::CredentialKind;

/// The edge's entries of the header's value: `edge`, the time until the decision, `jwks` if the
/// edge fetched keys for the request, and `cred`, the kind of the user's credential.
///
/// `elapsed` is the time since the request arrived and `keys_age` the time since the last fetch of
/// keys, both in seconds. A fetch that is younger than the request was made for the request.
pub(crate) fn server_timing(
    elapsed: f64,
    keys_age: Option<f64>,
    credential: Option<CredentialKind>,
) -> String {
    let mut timing = duration("edge", elapsed);
    if let Some(age) = keys_age.filter(|age| *age <= elapsed && *age > 0.0) {
        timing += ", ";
        timing += &duration("jwks", age);
    }
    if let Some(kind) = credential {
        timing += &[", cred;desc=\"", kind.name(), "\""].concat();
    }
    timing
}

fn duration(name: &str, seconds: f64) -> String {
    let milliseconds = (seconds * 1_000.0 + 0.5) as u32;
    [name, ";dur=", &milliseconds.to_string()].concat()
}
