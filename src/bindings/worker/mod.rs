//! The Cloudflare Worker: gives the head of each request to the gateway and carries out its
//! decision.
//!
//! Glue only. The head enters the wasm once, as text, and the header edits leave it once. Bodies
//! never enter it, except those of requests to the edge itself.

mod forward_plan;
mod host;
mod services;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::handler::set_on_abort;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::js_sys::{JSON, Reflect};
use worker::worker_sys::{self, web_sys::Response};

use crate::bindings::runtime::JsHost;
use crate::error::{Code, Error};
use crate::gateway::{
    self, Decision, Gateway, HeaderCache, HeaderEdit, Misconfigured, RequestHead, SettingError,
    SettingValue, Settings, Variable,
};
use crate::host::{Level, Telemetry};
use crate::jose::json::quote;

use forward_plan::Upstream;
use host::WorkerHost;
use services::Services;

/// Handles a request. Returns a response, or a promise of one; it never throws.
///
/// A decision that does not wait is made before this returns, and its request is forwarded without
/// an executor.
#[wasm_bindgen]
pub fn fetch(request: IncomingRequest, env: Env, context: worker_sys::Context) -> JsValue {
    set_on_abort(trapped);
    let Some(head) = HEADERS.with_borrow_mut(|headers| headers.read(request.serialize())) else {
        return unreadable().into();
    };
    if head.lacks_scheme_of_proxy() && !NO_SCHEME_IS_LOGGED.replace(true) {
        log_event(Level::Warn, "scheme_missing", NO_SCHEME, &JsHost::new(|_| ()));
    }
    let deployment = match deployment(&env) {
        Ok(deployment) => deployment,
        Err(misconfigured) => {
            let (id, host) = (JsHost::new_request_id(), JsHost::new(|_| ()));
            return respond(&misconfigured.respond(&head, &id, &host)).into();
        }
    };
    let runtime = JsHost::new(move |task| {
        // fails only for an object that is not a context
        let _ = context.wait_until(&task);
    });
    answer(request, head, deployment, runtime, |response| respond(response).into())
}

/// Handles requests as [`fetch`] does, so that V8 compiles what a request calls: in the Worker's
/// global scope, before the first request. That scope has neither random numbers nor responses with
/// a body, so the edge's own responses are `undefined`. Returns the responses or promises of them.
///
/// `env` has the settings of the warm-up. Of what this makes, only compiled code remains.
#[wasm_bindgen(js_name = warmUp)]
pub fn warm_up(requests: Vec<IncomingRequest>, env: Env) -> Vec<JsValue> {
    set_on_abort(trapped);
    let mut headers = HeaderCache::default();
    // once: V8 would optimize a function that is called again for the settings of the warm-up
    let host = JsHost::new(|_| ()).for_warm_up(true);
    let Ok(deployment) = Deployment::read(&env, &host) else { return Vec::new() };
    let deployment = Rc::new(deployment);
    let mut answer = |request: IncomingRequest| {
        let head = headers.read(request.serialize())?;
        Some(answer(request, head, Rc::clone(&deployment), host.clone(), |_| JsValue::UNDEFINED))
    };
    requests.into_iter().filter_map(&mut answer).collect()
}

/// Returns the response to a request, or a promise of it. `respond` makes those of the edge itself.
// not inlined, so that the warm-up compiles it for requests
#[inline(never)]
fn answer(
    request: IncomingRequest,
    head: RequestHead,
    deployment: Rc<Deployment>,
    runtime: JsHost,
    respond: fn(&gateway::Response) -> JsValue,
) -> JsValue {
    let runtime = runtime.with_revocations(deployment.services.revocations.clone());
    let driver = runtime.driver();
    let host = WorkerHost { runtime, deployment: Rc::clone(&deployment) };
    let response = driver.run(async move {
        let gateway = &deployment.gateway;
        if let Some(limit) = gateway.body_limit(&head) {
            // a client that fails to send its body does not read the response
            let body = host.runtime.read_body(&request.body(), limit + 1).await;
            let response = gateway.receive(&head, &body.unwrap_or_default(), &host).await;
            return Ok(respond(&response));
        }
        Ok(match gateway.decide(&head, &host).await {
            Decision::Respond(response, _) => respond(&response),
            Decision::Forward(forward) if deployment.is_own_request(&head) => {
                let cause = [head.method(), " ", head.origin(), head.path()].concat();
                let error = Error::new(Code::OriginUnreachable, OWN_ADDRESS).with_source(cause);
                let (origin, method) = (head.header("origin").next(), Some(head.method()));
                let (id, trace) = (&forward.request_id, &forward.trace);
                respond(&gateway.upstream_failed(origin, method, error, id, trace, &host))
            }
            Decision::Forward(forward) => {
                let timeout = gateway.time_limit(&head);
                forward_plan::forward(&request, &head, &forward, timeout, &deployment.upstream)
            }
        })
    });
    response.unwrap_or_else(|error| error)
}

/// Whether the decision with that id can be replayed. `now` is in seconds since 1970.
#[wasm_bindgen(js_name = decisionIsValid)]
pub fn decision_is_valid(id: u32, now: f64) -> bool {
    DEPLOYMENT.with(|deployment| {
        let deployment = deployment.get().and_then(|made| made.as_ref().ok());
        deployment.is_some_and(|deployment| deployment.gateway.decision_is_valid(id, now))
    })
}

thread_local! {
    /// The headers that clients repeat with each request
    static HEADERS: RefCell<HeaderCache> = RefCell::default();

    /// Whether the isolate has logged that the proxy in front of it names no scheme
    static NO_SCHEME_IS_LOGGED: Cell<bool> = const { Cell::new(false) };
}

const NO_SCHEME: &str = "a request without X-Forwarded-Proto counts as http: with \
                         --trust-forwarded-proto, the proxy in front must set the header in each \
                         request";

const OWN_ADDRESS: &str = "ORIGIN_URL is this Worker's own address, so the request came back to it: \
                           name the origin's, or bind it as ORIGIN";

/// Returns the response if the upstream fails. The arguments are the error's code, the request's
/// id, its `Origin` header, its method, the cause for the log, and [`gateway::Forward::trace`].
type Failed = dyn Fn(String, String, Option<String>, String, String, String) -> Response;

/// Returns the edits of a response that redirects the client. The arguments are the fields that
/// [`Gateway::redirect_edits`] takes, and the request's URL.
type Redirect = dyn Fn(String, String) -> String;

thread_local! {
    // one closure for all requests: JavaScript frees an unused one only when it collects garbage
    static FAILED: Closure<Failed> = Closure::new(upstream_failed);
    static REDIRECT: Closure<Redirect> = Closure::new(|fields: String, url: String| {
        let edits = current().map(|deployment| deployment.gateway.redirect_edits(&fields, &url));
        HeaderEdit::as_text(&edits.unwrap_or_default())
    });
}

fn upstream_failed(
    code: String,
    id: String,
    origin: Option<String>,
    method: String,
    cause: String,
    trace: String,
) -> Response {
    let error = match code.as_str() {
        "origin_timeout" => {
            Error::new(Code::OriginTimeout, "the origin did not begin to answer in time")
        }
        _ => Error::new(Code::OriginUnreachable, "the origin did not answer"),
    };
    let error = error.with_source(cause);
    let Some(deployment) = current() else {
        return respond(&gateway::Response::problem(&error, &id));
    };
    let (gateway, host) = (&deployment.gateway, JsHost::new(|_| ()));
    let (origin, method) = (origin.as_deref(), Some(&*method));
    respond(&gateway.upstream_failed(origin, method, error, &id, &trace, &host))
}

/// The gateway of an isolate, with its bindings.
struct Deployment {
    gateway: Gateway,
    services: Services,
    upstream: Upstream,
}

impl Deployment {
    /// Whether this Worker has sent the request to itself. It cannot through a service binding.
    fn is_own_request(&self, head: &RequestHead) -> bool {
        self.services.origin.is_undefined() && self.gateway.is_own_request(head)
    }

    /// Reads the settings and the bindings.
    ///
    /// # Errors
    /// All errors of both.
    fn read(env: &Env, host: &JsHost) -> Result<Self, Vec<SettingError>> {
        let entries = entries(env).into_iter().map(|entry| (entry.name(), entry.is_binding()));
        let entries: Vec<_> = entries.collect();
        let variables =
            entries.iter().map(|(name, is_binding)| Variable { name, is_binding: *is_binding });
        let variables: Vec<_> = variables.collect();
        // few of the settings are present, and each look-up in `env` crosses to JavaScript
        let has = |name: &str| entries.iter().any(|(present, _)| present == name);
        let lookup = |name: &str| if has(name) { setting(env, name) } else { None };
        let (settings, mut errors) = match Settings::parse_environment(&variables, lookup) {
            Ok(settings) => (Some(settings), Vec::new()),
            Err(errors) => (None, errors),
        };
        let bindings = gateway::Bindings::look(|name, method| bind(env, name, method), &mut errors);
        let services = Services::read(env, &mut errors);
        match settings.filter(|_| errors.is_empty()) {
            Some(settings) => {
                for warning in settings.warnings() {
                    log_event(Level::Warn, "settings_warning", &warning, host);
                }
                let settings = settings.with_bindings(bindings, host.secret());
                let upstream = FAILED.with(|failed| {
                    REDIRECT.with(|redirect| {
                        Upstream::new(&services.origin, failed.as_ref(), redirect.as_ref())
                    })
                });
                Ok(Self { gateway: Gateway::new(settings), services, upstream })
            }
            None => Err(errors),
        }
    }
}

thread_local! {
    /// Made for the isolate's first request. All its requests have the same settings.
    static DEPLOYMENT: OnceCell<Made> = const { OnceCell::new() };
}

type Made = Result<Rc<Deployment>, Rc<Misconfigured>>;

/// The isolate's deployment.
///
/// # Errors
/// All errors of the settings, which are logged once.
fn deployment(env: &Env) -> Made {
    DEPLOYMENT.with(|deployment| {
        let made = deployment.get_or_init(|| {
            let host = JsHost::new(|_| ());
            Deployment::read(env, &host)
                .map(Rc::new)
                .map_err(|errors| misconfigured(&errors, &host))
        });
        made.clone()
    })
}

// not part of what the first request compiles
#[cold]
fn misconfigured(errors: &[SettingError], host: &JsHost) -> Rc<Misconfigured> {
    let errors: Vec<_> = errors.iter().map(SettingError::to_string).collect();
    let errors = errors.join("; ");
    log_event(Level::Error, "misconfigured", &errors, host);
    Rc::new(Misconfigured::new(errors))
}

/// The deployment, if a request has made one.
fn current() -> Option<Rc<Deployment>> {
    DEPLOYMENT.with(|deployment| deployment.get().cloned()?.ok())
}

/// Writes a line about the edge itself to the log, with any `LOG_LEVEL`. It has the form of all its
/// lines, so that a host tells it apart from those of the runtime, which a client can cause.
fn log_event(level: Level, event: &str, message: &str, host: &JsHost) {
    let (name, message) = (level.name(), quote(message));
    let line = format!(r#"{{"level":"{name}","event":"{event}","message":{message}}}"#);
    host.log(level, &line);
}

/// A variable's value. A table or list of wrangler.toml arrives as an object.
fn setting(env: &Env, name: &str) -> Option<SettingValue> {
    let value = Reflect::get(env, &JsValue::from_str(name)).ok()?;
    if value.is_undefined() || value.is_null() {
        return None;
    }
    if let Some(text) = value.as_string() {
        return Some(SettingValue::Variable(text));
    }
    let json = JSON::stringify(&value).ok()?.as_string()?;
    Some(if value.is_object() { SettingValue::Json(json) } else { SettingValue::Variable(json) })
}

fn unreadable() -> Response {
    let error = Error::new(Code::MalformedRequest, "the head is unreadable");
    respond(&gateway::Response::problem(&error, &JsHost::new_request_id()))
}

fn respond(response: &gateway::Response) -> Response {
    make_response(response.status, &response.headers_as_text(), &response.body)
}

#[wasm_bindgen(module = "/src/bindings/worker/instance.js")]
extern "C" {
    /// Called after a trap or an exception in JavaScript. worker-build would make a new instance at
    /// the next call, which can be that of a request which waits in the old one.
    // allocates nothing, because memory can be exhausted
    fn trapped();
}

#[wasm_bindgen(module = "/src/bindings/worker/environment.js")]
extern "C" {
    #[wasm_bindgen(js_name = variables)]
    fn entries(env: &JsValue) -> Vec<Entry>;
}

#[wasm_bindgen]
extern "C" {
    /// A variable or binding, as `environment.js` lists them.
    type Entry;

    #[wasm_bindgen(method, getter)]
    fn name(this: &Entry) -> String;

    #[wasm_bindgen(method, getter, js_name = isBinding)]
    fn is_binding(this: &Entry) -> bool;

    /// A request, as `incoming_request.js` reads it.
    pub type IncomingRequest;

    /// The head, for [`HeaderCache::read`].
    #[wasm_bindgen(method)]
    fn serialize(this: &IncomingRequest) -> String;

    /// The body, a `ReadableStream` or `null`.
    #[wasm_bindgen(method)]
    fn body(this: &IncomingRequest) -> JsValue;

    #[wasm_bindgen(method)]
    fn forward(this: &IncomingRequest, plan: &forward_plan::ForwardPlan) -> JsValue;
}

#[wasm_bindgen(module = "/src/bindings/runtime/headers.js")]
extern "C" {
    #[wasm_bindgen(js_name = makeResponse)]
    fn make_response(status: u16, edits: &str, body: &str) -> Response;
}

#[wasm_bindgen(module = "/src/bindings/runtime/telemetry.js")]
extern "C" {
    fn bind(env: &JsValue, name: &str, method: &str) -> Option<bool>;
}
