//! What to do with a request: a decision from its head, the settings, the keys and the time.
//!
//! ```text
//! credentials -> rules -> verifier -> isolation -> forward
//! ```
//!
//! A decision is data. Carrying it out, streaming bodies included, is the host's part.

mod bindings;
mod decision_cache;
mod settings;
mod well_known;

pub use crate::config::error::SettingError;
pub use crate::config::near_miss::Variable;
pub use crate::config::settings_table::{Hosts, Kind, Naming, SETTINGS, Setting};
pub use crate::config::value::{SettingValue, SettingValues};
pub use crate::http::edit::HeaderEdit;
pub use crate::http::head::RequestHead;
pub use crate::http::header_cache::Heads;
pub use crate::http::response::Response;
pub use crate::policy::path::Path;
pub use crate::policy::rules::{Access, Destination, Rule, Rules};
pub use crate::proxy::forward::Forward;
pub use bindings::Bindings;
pub use settings::Settings;
pub use well_known::{is_health_check, unhealthy};

use std::sync::Arc;

use crate::policy::client_address::Visitor;
use crate::policy::credentials::{
    Credential, SessionCookie, SessionCookies, SessionRefusal, Sessions,
};
use crate::policy::issuers::Issuers;
use crate::policy::{isolation, request_check};
use crate::proxy::cors::Cors;
use crate::proxy::forward::{Forwarding, Passage};
use crate::proxy::redirects;
use crate::proxy::route::Route;
use crate::telemetry::{Occasion, Operations, Seen};
use decision_cache::{Pass, Passes};

use crate::error::{Code, Error};
use crate::host::Host;
use crate::verifier::Verified;

/// Whether an edge can be part of an application here. A Worker cannot, and its wasm has nothing of it.
pub(crate) const WITHIN_APP: bool = cfg!(any(feature = "js", not(feature = "worker")));

/// Whether an edge can stand by itself here. One that is part of an application leaves to that what a host
/// does better, and its wasm has nothing of it: cross-origin requests, limits, timings, data points, passes.
pub(crate) const BY_ITSELF: bool = cfg!(any(feature = "worker", not(feature = "js")));

/// A gateway in front of one origin.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) issuers: Issuers,
    pub(crate) rules: Rules,
    cors: Cors,
    sessions: Sessions,
    forwarding: Forwarding,
    operations: Operations,
    passes: Passes,
}

impl Gateway {
    /// A gateway by these settings. Nothing is fetched before the first token asks for a key.
    pub fn new(settings: Settings) -> Self {
        let Settings { issuers, rules, cors, sessions, forwarding, operations, .. } = settings;
        let passes = Passes::default();
        Self { issuers, rules, cors, sessions, forwarding, operations, passes }
    }

    /// What to do with a request. The way is one, and it never turns back.
    pub async fn decide<H: Host>(&self, head: &RequestHead, host: &H) -> Decision {
        let mut seen = self.operations.watch(host);
        let request_id = head.request_id().unwrap_or_else(|| host.request_id());
        let form = self.forwarding.form.check(head);
        let own_answer = match form {
            Ok(()) => {
                let answer = self.own_answer(head, host).await;
                answer.or_else(|| self.cors.preflight(head).map(|response| (response, None)))
            }
            Err(_) => None,
        };
        let (mut response, error) = match (own_answer, form) {
            (Some(answer), _) => answer,
            (None, Err(error)) => (self.problem(page(head), &error, &request_id), Some(error)),
            (None, Ok(())) => match self.admit_within_limits(head, host, &mut seen).await {
                Ok(admitted) => {
                    let forward = self.forward(head, admitted, &seen, &request_id, host);
                    return Decision::Forward(forward);
                }
                Err(error) => (self.problem(page(head), &error, &request_id), Some(error)),
            },
        };
        let occasion = self.occasion(&seen, Some(head.method()), &request_id);
        self.operations.answered(&mut response, error.as_ref(), &occasion, host);
        Decision::Respond(response, error)
    }

    /// Whether a request that was given a pass may go on when it comes again: to the same URL, with the same
    /// edits but for another request id. `now` is in seconds since 1970. Nobody is asked, and nobody told.
    ///
    /// A pass is for that head alone: only fields by which nothing is decided may be others.
    pub fn lets_pass(&self, pass: u32, now: f64) -> bool {
        self.passes.hold(pass, &self.issuers, now)
    }

    fn forward<H: Host>(
        &self,
        head: &RequestHead,
        Admitted { route, caller }: Admitted,
        seen: &Seen,
        request_id: &str,
        host: &H,
    ) -> Forward {
        let passage = Passage {
            head,
            user: caller.as_ref().map(|caller| &caller.user),
            token: caller.as_ref().and_then(|caller| caller.token.as_deref()),
            request_id,
            new_id: &|| host.request_id(),
            now: &|| host.now(),
        };
        let mut forward = self.forwarding.forward(route, &passage);
        let occasion = self.occasion(seen, Some(head.method()), request_id);
        forward.report = self.operations.forwarded(&occasion, host);
        forward.pass = self.pass(head, caller.as_ref(), forward.good_until);
        forward
    }

    /// A pass, where the host can use it and nothing would be different the next time.
    fn pass(&self, head: &RequestHead, caller: Option<&Caller>, until: Option<f64>) -> Option<u32> {
        let &Caller { ref user, issuer: Some(issuer), .. } = caller? else { return None };
        let is_of_use = BY_ITSELF && head.may_return() && self.issuers.keeps_tokens(issuer);
        if !is_of_use || head.request_id().is_some() || self.operations.concern_forwards() {
            return None;
        }
        self.passes.give(Pass { user: Arc::clone(user), issuer, until: until? })
    }

    fn occasion<'d>(
        &'d self,
        seen: &'d Seen,
        method: Option<&'d str>,
        request_id: &'d str,
    ) -> Occasion<'d> {
        Occasion { gateway: self, seen, method, request_id }
    }

    /// Milliseconds until the origin's answer must have begun; 0 for no limit. A long upload takes its
    /// time, and nobody tells when it has come to its end.
    pub fn time_limit(&self, head: &RequestHead) -> u32 {
        if head.has_long_body() { 0 } else { self.forwarding.timeout }
    }

    /// Where a request would go by the rules, if it could.
    pub fn destination(&self, head: &RequestHead) -> Destination {
        let path = Path::parse(head.path());
        path.map_or_else(
            |_| self.rules.to(),
            |path| self.rules.first_match(head.method(), &path).to,
        )
    }

    /// The edits that lead a client back through the edge where an answer of the origin's names the origin.
    ///
    /// `fields` are the answer's `location`, `content-location` and `refresh` as far as it has them, each as
    /// `name: value` on a line. `url` is the request's own, absolute, as the client called it.
    pub fn redirect_edits(&self, fields: &str, url: &str) -> Vec<HeaderEdit> {
        let Forwarding { routing, rewrites_redirects, .. } = &self.forwarding;
        match &routing.origin {
            Some(origin) if *rewrites_redirects => redirects::edits(fields, origin, url),
            _ => Vec::new(),
        }
    }

    /// Whether the edge has sent this request to itself: the origin's URL is its own, and leads back to
    /// it. Not every such URL does: a Worker on a route reaches the server behind the route by it.
    pub fn is_own_request(&self, head: &RequestHead) -> bool {
        self.forwarding.is_own_request(head)
    }

    /// The answer where the origin fails, for a page with that `Origin`, if any. The error's source says what
    /// was asked for in vain.
    pub fn origin_failed<H: Host>(
        &self,
        page: Option<&str>,
        method: Option<&str>,
        error: Error,
        request_id: &str,
        host: &H,
    ) -> Response {
        let mut response = self.problem(page, &error, request_id);
        let seen = Seen::default();
        let occasion = self.occasion(&seen, method, request_id);
        self.operations.answered(&mut response, Some(&error), &occasion, host);
        response
    }

    /// The answer for an error, which a page with that `Origin`, if any, can read where it may.
    fn problem(&self, page: Option<&str>, error: &Error, request_id: &str) -> Response {
        let mut response = Response::problem(error, request_id);
        self.cors.decorate(page, &mut response);
        response
    }

    async fn admit_within_limits<H: Host>(
        &self,
        head: &RequestHead,
        host: &H,
        seen: &mut Seen,
    ) -> Result<Admitted, Error> {
        let admitted = self.admit(head, host, seen).await;
        let admitted =
            admitted.and_then(|admitted| request_check::check_method(head).map(|()| admitted));
        match self.operations.limit(admitted.as_ref().err(), seen, head) {
            Some((limit, key)) if !host.admits(limit, &key).await => {
                Err(self.operations.beyond(limit, admitted.as_ref().err()))
            }
            _ => admitted,
        }
    }

    async fn admit<H: Host>(
        &self,
        head: &RequestHead,
        host: &H,
        seen: &mut Seen,
    ) -> Result<Admitted, Error> {
        let path = Path::parse(head.path())?;
        let matched = self.rules.find(head.method(), &path)?;
        seen.rule = matched.rule;
        let route = || self.route(head, &path, matched.to);
        if matched.access == Access::Public || self.cors.is_for_the_origin(head) {
            return Ok(Admitted { route: route(), caller: None });
        }
        let is_optional = matched.access == Access::Optional;
        let credential = self.forwarding.routing.credentials.find(head)?;
        let caller = match &credential {
            Some(Credential::Token(token)) => {
                let (user, issuer) = self.issuers.verify(token, host).await?;
                Some(Caller { user, issuer: Some(issuer), token: None })
            }
            Some(Credential::Session(cookies)) => {
                let visitor = self.forwarding.routing.client_address.visitor(head);
                match self.session_user(cookies, &visitor, host).await {
                    Ok(caller) => Some(caller),
                    // a cookie comes by itself, and no page can take a dead one away
                    Err(error) if error.code().status() == 401 && is_optional => None,
                    Err(error) => return Err(error),
                }
            }
            None if is_optional => None,
            None => return Err(Error::new(Code::MissingToken, MISSING_TOKEN)),
        };
        seen.user = caller.as_ref().map(|caller| Arc::clone(&caller.user));
        isolation::check(&matched, caller.as_ref().map(|caller| &*caller.user))?;
        Ok(Admitted { route: route(), caller })
    }

    fn route(&self, head: &RequestHead, path: &Path<'_>, to: Destination) -> Route {
        let mut route = self.forwarding.routing.route(head, path, to);
        route.answer_edits.extend(self.cors.edits(head));
        route
    }

    /// Whose session it is, by the first of the cookies that are of a live one.
    async fn session_user<H: Host>(
        &self,
        cookies: &SessionCookies,
        visitor: &Visitor,
        host: &H,
    ) -> Result<Caller, Error> {
        if let Some(user) = self.sessions.cached_user(cookies, host).await? {
            return Ok(Caller { user, issuer: None, token: None });
        }
        let mut refusal: Option<Error> = None;
        for session in self.sessions.worth_a_try(cookies, host) {
            let SessionRefusal { error, is_of_this_session } =
                match self.exchanged_user(session, visitor, host).await {
                    Ok(caller) => return Ok(caller),
                    Err(refusal) => refusal,
                };
            // that the auth server could not say is worth another try, whatever it says of others
            let is_unavailable = error.code() == Code::KeysUnavailable;
            if refusal.is_none() || is_unavailable {
                refusal = Some(error);
            }
            if !is_of_this_session {
                break;
            }
        }
        Err(refusal.unwrap_or_else(|| cookies.refusal()))
    }

    /// Whose session that is. A kept token that has ended meanwhile is asked for once more.
    async fn exchanged_user<H: Host>(
        &self,
        session: &SessionCookie,
        visitor: &Visitor,
        host: &H,
    ) -> Result<Caller, SessionRefusal> {
        let mut ended: Option<String> = None;
        loop {
            let token = self.sessions.token(session, visitor, host, ended.as_deref()).await?;
            match self.issuers.verify(&token, host).await {
                Ok((user, _)) => return Ok(Caller { user, issuer: None, token: Some(token) }),
                Err(error) if error.code() == Code::Expired && ended.is_none() => {
                    ended = Some(token);
                }
                Err(error) => {
                    let is_of_this_session = error.code() != Code::KeysUnavailable;
                    return Err(SessionRefusal { error, is_of_this_session });
                }
            }
        }
    }
}

/// The origin of the page that has sent a request, if a page has.
fn page(head: &RequestHead) -> Option<&str> {
    head.header("origin").next()
}

/// A request that may pass.
struct Admitted {
    route: Route,
    caller: Option<Caller>,
}

struct Caller {
    user: Arc<Verified>,
    /// The place of the issuer who has verified the token that came with the request
    issuer: Option<usize>,
    /// Where the request itself had a cookie
    token: Option<String>,
}

/// What to do with a request.
#[derive(Debug)]
pub enum Decision {
    /// Send it on, changed like this
    Forward(Forward),
    /// Answer it here; for this reason, where the answer is no
    Respond(Response, Option<Error>),
}

const MISSING_TOKEN: &str =
    "send a Better Auth JWT as \"Authorization: Bearer <token>\"; /api/auth/token issues one";
