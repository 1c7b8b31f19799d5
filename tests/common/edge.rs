//! A gateway, its network, and the headers that its upstream receives.

use better_auth_edge::gateway::{
    Bindings, Decision, Forward, Gateway, HeaderEdit, RequestHead, Response, RevocationsBinding,
    Settings,
};
use futures_util::FutureExt;
use futures_util::future::{join, join_all};

use super::{AUTH_SERVER, Claims, ScriptedResponse, ScriptedStore, Signer, TestHost, key_set};

/// A gateway in front of `https://api.example`.
pub(crate) struct Edge {
    pub(crate) gateway: Gateway,
    pub(crate) host: TestHost,
    pub(crate) signer: Signer,
}

impl Edge {
    /// A gateway with these settings and the two required ones. Its auth server publishes the key
    /// of [`Signer::default`].
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        Self::with_bindings(settings, Bindings::default())
    }

    /// The same with these bindings.
    pub(crate) fn with_bindings(settings: &[(&str, &str)], bindings: Bindings) -> Self {
        let required = [("BETTER_AUTH_URL", AUTH_SERVER), ("ORIGIN_URL", "https://api.example")];
        let lookup = |name: &str| {
            let mut all = settings.iter().chain(&required);
            all.find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        };
        let settings = Settings::parse(lookup).expect("the settings are valid");
        let settings = settings.with_bindings(bindings, "a salt".to_owned());
        let signer = Signer::default();
        let host = TestHost::new();
        host.respond_with(ScriptedResponse::ok(key_set(&[signer.jwk()])));
        Self { gateway: Gateway::new(settings), host, signer }
    }

    /// A gateway with these settings and this store of revocations, which other gateways share.
    pub(crate) fn with_revocations(settings: &[(&str, &str)], store: &ScriptedStore) -> Self {
        let required = [
            ("BETTER_AUTH_URL", AUTH_SERVER),
            ("ORIGIN_URL", "https://api.example"),
            ("EDGE_ISSUER", "https://edge.example"),
        ];
        let lookup = |name: &str| {
            let mut all = settings.iter().chain(&required);
            all.find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned())
        };
        let settings = Settings::parse_with_revocations(RevocationsBinding::Consistent, lookup);
        let settings = settings.expect("the settings are valid");
        let bindings = Bindings { rate_limit_rejected: true, ..Bindings::default() };
        let settings = settings.with_bindings(bindings, "a salt".to_owned());
        let signer = Signer::default();
        let host = TestHost::with_revocations(store);
        host.respond_with(ScriptedResponse::ok(key_set(&[signer.jwk()])));
        Self { gateway: Gateway::new(settings), host, signer }
    }

    /// The response to a request with a body.
    pub(crate) fn receive(&self, head: &RequestHead, body: impl AsRef<[u8]>) -> Response {
        assert!(self.gateway.body_limit(head).is_some(), "the gateway receives such a request");
        self.host.run(self.gateway.receive(head, body.as_ref(), &self.host))
    }

    /// The `Authorization` header with a token that has these claims.
    pub(crate) fn bearer(&self, claims: &Claims) -> (&'static str, String) {
        ("authorization", format!("Bearer {}", self.signer.token(claims)))
    }

    /// The decision about a request.
    pub(crate) fn decide(&self, head: &RequestHead) -> Decision {
        self.host.run(self.gateway.decide(head, &self.host))
    }

    /// `forward`, `answered` for a successful response of the edge, or the code of the rejection.
    pub(crate) fn outcome(&self, head: &RequestHead) -> &'static str {
        outcome(&self.decide(head))
    }

    /// The outcome of a request that arrives while these wait, and its duration in seconds. Panics
    /// if the gateway does not reject them.
    pub(crate) fn outcome_within(
        &self,
        flood: &[RequestHead],
        head: &RequestHead,
    ) -> (&'static str, f64) {
        let began = self.host.elapsed();
        let mut flood = Box::pin(join_all(flood.iter().map(async |made_up| {
            let decision = self.gateway.decide(made_up, &self.host).await;
            assert!(matches!(decision, Decision::Respond(..)), "a made-up one was forwarded");
        })));
        // all of them arrive first
        assert!((&mut flood).now_or_never().is_none());
        let visit = async {
            let decision = self.gateway.decide(head, &self.host).await;
            (outcome(&decision), self.host.elapsed() - began)
        };
        self.host.run(join(visit, flood)).0
    }

    /// The request to the upstream. Panics if the gateway rejects the request.
    pub(crate) fn forward(&self, head: &RequestHead) -> Forward {
        match self.decide(head) {
            Decision::Forward(forward) => forward,
            Decision::Respond(response, _) => panic!("rejected: {}", response.body),
        }
    }

    /// The cause in the last line of the log, if it has one.
    pub(crate) fn logged_cause(&self) -> Option<String> {
        let (_, line) = self.host.logged().pop().expect("a line in the log");
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        line["cause"].as_str().map(str::to_owned)
    }

    /// The cause in the log's line about a request that the edge rejects.
    pub(crate) fn cause_for(&self, head: &RequestHead) -> Option<String> {
        self.respond(head);
        self.logged_cause()
    }

    /// The edge's own response. Panics if the gateway forwards the request.
    pub(crate) fn respond(&self, head: &RequestHead) -> Response {
        match self.decide(head) {
            Decision::Forward(forward) => panic!("forwarded: {}", forward.url()),
            Decision::Respond(response, _) => response,
        }
    }
}

/// The head of a request to the edge.
pub(crate) fn request<V: AsRef<str>>(
    method: &str,
    path: &str,
    headers: &[(&str, V)],
) -> RequestHead {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {}\n", value.as_ref())).collect();
    let text = format!("{method}\nhttps://edge.example{path}\n{headers}");
    RequestHead::parse(&text).expect("the head of a request")
}

/// The headers that reach the upstream, with lower-case names.
pub(crate) fn upstream_headers(head: &RequestHead, forward: &Forward) -> Vec<(String, String)> {
    let headers = head.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut headers: Vec<_> = headers.collect();
    for edit in forward.edits() {
        let (HeaderEdit::Remove(name)
        | HeaderEdit::Set(name, _)
        | HeaderEdit::Append(name, _)
        | HeaderEdit::Default(name, _)) = edit;
        headers.retain(|(given, _)| given != name);
        if let HeaderEdit::Set(name, value) = edit {
            headers.push((name.to_string(), value.clone()));
        }
    }
    headers
}

fn outcome(decision: &Decision) -> &'static str {
    match decision {
        Decision::Forward(..) => "forward",
        Decision::Respond(response, None) if response.status < 300 => "answered",
        Decision::Respond(_, error) => {
            error.as_ref().expect("a rejection has an error").code().as_str()
        }
    }
}
