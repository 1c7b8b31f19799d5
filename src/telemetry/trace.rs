//! The notes of a decision's stages about a request.
//!
//! The host of a forwarded request gets them as text. It returns them if the upstream fails, so
//! that the log says the same about the request as about any other. No request waits in the wasm.

use std::sync::Arc;

use super::record::LoggedUser;
use crate::jose::json::{Json, push_quoted};
use crate::policy::credentials::CredentialKind;
use crate::verifier::Verified;

/// What the stages have found out about a request.
#[derive(Debug, Default)]
pub(crate) struct RequestTrace {
    /// The index of the rule that matched
    pub(crate) rule: Option<usize>,
    /// The user of the verified token
    pub(crate) user: Option<Arc<Verified>>,
    /// The kind of the user's credential
    pub(crate) credential: Option<CredentialKind>,
    /// When the request arrived, in seconds since 1970, if timings are on
    pub(crate) started: Option<f64>,
}

impl RequestTrace {
    /// The text for the host: a JSON array of texts, on one line. An empty text stands for an
    /// absent one.
    pub(crate) fn to_text(&self) -> String {
        let rule = self.rule.map(|index| index.to_string()).unwrap_or_default();
        let credential = self.credential.map(CredentialKind::name).unwrap_or_default();
        let user = self.user.as_deref().map(LoggedUser::of);
        let LoggedUser { id, issuer, kid, was_cached } = user.unwrap_or_default();
        let cached = if was_cached { "cached" } else { "" };
        let mut text = String::with_capacity(192);
        for field in [&rule, credential, cached, id, issuer, kid] {
            text.push(if text.is_empty() { '[' } else { ',' });
            push_quoted(&mut text, field);
        }
        text.push(']');
        text
    }
}

/// A trace that the host has returned.
#[derive(Default)]
pub(crate) struct ReturnedTrace(Vec<Json>);

impl ReturnedTrace {
    /// Reads what [`RequestTrace::to_text`] has written. Any other text is an empty trace.
    pub(crate) fn parse(text: &str) -> Self {
        match Json::parse(text) {
            Ok(Json::Array(fields)) => Self(fields),
            _ => Self::default(),
        }
    }

    /// The index of the rule that matched.
    pub(crate) fn rule(&self) -> Option<usize> {
        self.field(0).parse().ok()
    }

    /// The kind of the user's credential.
    pub(crate) fn credential(&self) -> Option<CredentialKind> {
        CredentialKind::named(self.field(1))
    }

    /// The user of the verified token.
    pub(crate) fn user(&self) -> Option<LoggedUser<'_>> {
        let was_cached = !self.field(2).is_empty();
        let (id, issuer, kid) = (self.field(3), self.field(4), self.field(5));
        // no user has an empty id
        (!id.is_empty()).then_some(LoggedUser { id, issuer, kid, was_cached })
    }

    fn field(&self, index: usize) -> &str {
        self.0.get(index).and_then(Json::as_str).unwrap_or_default()
    }
}
