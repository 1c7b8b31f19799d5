//! The record of a decision, which is a log line and a data point.

use super::next_step::next_step;
use crate::config::settings_table::Naming;
use crate::error::Error;
use crate::host::{Level, Telemetry};
use crate::jose::json::push_quoted;
use crate::policy::credentials::CredentialKind;
use crate::policy::pseudonym::pseudonym;
use crate::verifier::Verified;

/// A decision about a request.
#[derive(Debug)]
pub(crate) struct DecisionRecord<'d> {
    /// The status of the edge's own response. `None` for a forwarded request
    pub(crate) status: Option<u16>,
    /// Why the edge rejected the request
    pub(crate) error: Option<&'d Error>,
    pub(crate) rule: Option<MatchedRule<'d>>,
    pub(crate) method: Option<&'d str>,
    pub(crate) user: Option<LoggedUser<'d>>,
    /// The kind of the user's credential
    pub(crate) credential: Option<CredentialKind>,
    /// Seconds since the last fetch of keys
    pub(crate) keys_age: Option<f64>,
    /// Seconds since the last read of the revocations; `None` without revocation
    pub(crate) revocations_age: Option<Option<f64>>,
    pub(crate) request_id: &'d str,
    /// How the operator calls settings
    pub(crate) naming: Naming,
}

/// The user of a verified token, as records need it. No record contains the id.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LoggedUser<'d> {
    pub(crate) id: &'d str,
    /// Empty if the token has none
    pub(crate) issuer: &'d str,
    /// Empty if the token has none
    pub(crate) kid: &'d str,
    pub(crate) was_cached: bool,
}

impl<'d> LoggedUser<'d> {
    pub(crate) fn of(user: &'d Verified) -> Self {
        Self {
            id: user.user(),
            issuer: user.issuer(),
            kid: user.header().kid().unwrap_or_default(),
            was_cached: user.was_cached(),
        }
    }
}

/// The rule that matched a request.
#[derive(Debug)]
pub(crate) struct MatchedRule<'d> {
    /// Its index in `ROUTES`
    pub(crate) index: usize,
    /// Its path as `ROUTES` has it
    pub(crate) path: &'d str,
}

impl DecisionRecord<'_> {
    /// Writes the record to the log, without a user and with any `LOG_LEVEL`.
    pub(crate) fn log<T: Telemetry>(&self, host: &T) {
        host.log(level(self.status), &self.to_json(None));
    }

    /// A JSON object. Its members are the same for all decisions of an edge, except that only its
    /// own responses have a `status`. The host adds `upstream_status` and `upstream_ms` to the
    /// others.
    ///
    /// Users have pseudonyms if there is a `salt`.
    pub(crate) fn to_json(&self, salt: Option<&str>) -> String {
        let name = salt.zip(self.user).map(|(salt, user)| pseudonym(salt, user.issuer, user.id));
        let known =
            |of: fn(LoggedUser<'_>) -> &str| self.user.map(of).filter(|text| !text.is_empty());
        let cause = self.error.and_then(|error| cause_of(error, self.naming));
        let mut json = JsonWriter(String::with_capacity(512));
        json.text("{\"level\":", Some(level(self.status).name()));
        let decision = if self.status.is_some() { "respond" } else { "forward" };
        json.text(",\"decision\":", Some(decision));
        if let Some(status) = self.status {
            json.number(",\"status\":", Some(status.into()));
        }
        json.text(",\"code\":", self.error.map(|error| error.code().as_str()));
        json.text(",\"cause\":", cause.as_deref());
        json.push(",\"rule\":");
        match self.rule {
            Some(MatchedRule { index, path }) => {
                json.number("{\"index\":", Some(index as u32));
                json.text(",\"path\":", Some(path));
                json.push("}");
            }
            None => json.push("null"),
        }
        json.text(",\"method\":", self.method);
        json.text(",\"issuer\":", known(|user| user.issuer));
        json.text(",\"kid\":", known(|user| user.kid));
        json.text(",\"user\":", name.as_deref().map(|name| &name[..16]));
        json.text(",\"credential\":", self.credential.map(CredentialKind::name));
        let was_cached = self.user.is_some_and(|user| user.was_cached);
        json.push(if was_cached { ",\"cached\":true" } else { ",\"cached\":false" });
        json.number(",\"keys_age\":", self.keys_age.map(|age| age as u32));
        if let Some(age) = self.revocations_age {
            json.number(",\"revocations_age\":", age.map(|age| age as u32));
        }
        json.text(",\"request_id\":", Some(self.request_id));
        json.push("}");
        json.0
    }
}

/// The level of a decision's log line, by the status of the edge's own response.
pub(super) fn level(status: Option<u16>) -> Level {
    match status {
        Some(500..) => Level::Error,
        Some(400..) => Level::Warn,
        _ => Level::Info,
    }
}

/// The source of an error, or its detail, and what the operator can do about it. It contains
/// nothing that a client sent without proof.
fn cause_of(error: &Error, naming: Naming) -> Option<String> {
    let source = std::error::Error::source(error).map(ToString::to_string);
    let Some(step) = next_step(error.code(), naming) else { return source };
    let what = match source {
        // the source of a rejection has its own next step
        Some(source) if error.status() < 500 => return Some(source),
        Some(source) => source,
        None => error.detail().to_owned(),
    };
    Some([&what, "; ", &step].concat())
}

/// Writes a JSON object. Names come with the punctuation around them.
struct JsonWriter(String);

impl JsonWriter {
    #[inline(never)]
    fn push(&mut self, json: &str) {
        self.0 += json;
    }

    #[inline(never)]
    fn text(&mut self, name: &str, value: Option<&str>) {
        self.push(name);
        match value {
            Some(value) => push_quoted(&mut self.0, value),
            None => self.push("null"),
        }
    }

    #[inline(never)]
    fn number(&mut self, name: &str, value: Option<u32>) {
        self.push(name);
        match value {
            Some(value) => self.push(&value.to_string()),
            None => self.push("null"),
        }
    }
}
