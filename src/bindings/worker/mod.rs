//! The Cloudflare entry: hands the request's head to the gateway and carries out what it decides.
//!
//! Glue only. The head crosses once as one string, the header edits come back once, and bodies
//! never enter the wasm.

mod host;
mod services;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::js_sys::{JSON, Reflect};
use worker::worker_sys::{self, web_sys::Response};
use worker::{Env, console_error, console_warn};

use crate::bindings::runtime::JsHost;
use crate::error::{Code, Error};
use crate::gateway;
use crate::gateway::Decision;
use crate::gateway::Gateway;
use crate::gateway::HeaderEdit;
use crate::gateway::Heads;
use crate::gateway::RequestHead;
use crate::gateway::SettingError;
use crate::gateway::Settings;
use crate::gateway::Variable;

use host::WorkerHost;
use services::Services;

/// Answers a request: a response, or the promise of one. What is decided without waiting is decided
/// before this returns, and forwarded without an executor in between. Nothing is ever thrown.
#[wasm_bindgen]
pub fn fetch(arrival: Arrival, env: Env, context: worker_sys::Context) -> JsValue {
    let Some(head) = HEADS.with_borrow_mut(|heads| heads.read(arrival.cross())) else {
        let detail = "the head is unreadable";
        return refuse(Code::MalformedRequest, detail, &JsHost::new_request_id()).into();
    };
    let Some(deployment) = deployment(&env) else {
        let response = match gateway::is_health_check(&head) {
            true => respond(&gateway::unhealthy()),
            false => {
                let detail = "the log names every fault";
                refuse(Code::Misconfigured, detail, &JsHost::new_request_id())
            }
        };
        return response.into();
    };
    let runtime = JsHost::new(move |task| {
        // only a context that is not one refuses
        let _ = context.wait_until(&task);
    });
    let driver = runtime.driver();
    let host = WorkerHost { runtime, deployment: Rc::clone(&deployment) };
    let answer = driver.run(async move {
        let gateway = &deployment.gateway;
        Ok(match gateway.decide(&head, &host).await {
            Decision::Respond(response, _) => respond(&response).into(),
            Decision::Forward(forward) if deployment.is_own_request(&head) => {
                let cause = [head.method(), " ", head.origin(), head.path()].concat();
                let error = Error::new(Code::OriginUnreachable, OWN_ADDRESS).with_source(cause);
                let (page, method) = (head.header("origin").next(), Some(head.method()));
                let id = &forward.request_id;
                respond(&gateway.origin_failed(page, method, error, id, &host)).into()
            }
            Decision::Forward(forward) => deployment.forward(&arrival, &head, &forward),
        })
    });
    answer.unwrap_or_else(|error| error)
}

/// Whether a request that was given this pass may go on as before, `now`, in seconds since 1970.
#[wasm_bindgen(js_name = letsPass)]
pub fn lets_pass(pass: u32, now: f64) -> bool {
    DEPLOYMENT.with(|deployment| {
        let deployment = deployment.get().and_then(Option::as_ref);
        deployment.is_some_and(|deployment| deployment.gateway.lets_pass(pass, now))
    })
}

thread_local! {
    /// What clients send with every request
    static HEADS: RefCell<Heads> = RefCell::default();
}

const OWN_ADDRESS: &str = "ORIGIN_URL is this Worker's own address, so the request came back to it: \
                           name the origin's, or bind it as ORIGIN";

/// What answers when the origin does not: told the code, the request's id, its `Origin` and its method, and
/// what was asked for in vain.
type Failed = dyn Fn(String, String, Option<String>, String, String) -> Response;

thread_local! {
    /// One for all requests: one that is made for a request and not called stays until it is
    /// collected.
    static FAILED: Closure<Failed> = Closure::new(|code: String, id: String, page: Option<String>, method: String, cause: String| {
        let error = match code.as_str() {
            "origin_timeout" => {
                Error::new(Code::OriginTimeout, "the origin did not begin to answer in time")
            }
            _ => Error::new(Code::OriginUnreachable, "the origin did not answer"),
        };
        let error = error.with_source(cause);
        let deployment = DEPLOYMENT.with(|deployment| deployment.get().cloned().flatten());
        match deployment {
            Some(deployment) => {
                let (gateway, host) = (&deployment.gateway, JsHost::new(|_| ()));
                respond(&gateway.origin_failed(page.as_deref(), Some(&method), error, &id, &host))
            }
            None => respond(&gateway::Response::problem(&error, &id)),
        }
    });
}

/// The edits to an answer's headers that lead a client on: told these, and the request's URL.
type Redirect = dyn Fn(String, String) -> String;

thread_local! {
    /// One for all requests, as [`FAILED`] is.
    static REDIRECT: Closure<Redirect> = Closure::new(|fields: String, url: String| {
        let deployment = DEPLOYMENT.with(|deployment| deployment.get().cloned().flatten());
        let edits = deployment.map(|deployment| deployment.gateway.redirect_edits(&fields, &url));
        HeaderEdit::as_text(&edits.unwrap_or_default())
    });
}

/// A gateway, and what stands around it.
struct Deployment {
    gateway: Gateway,
    services: Services,
}

impl Deployment {
    /// Whether the request comes from this Worker, which nothing but the network can send to itself.
    fn is_own_request(&self, head: &RequestHead) -> bool {
        self.services.origin.is_undefined() && self.gateway.is_own_request(head)
    }

    /// The promise of the origin's answer.
    fn forward(
        &self,
        arrival: &Arrival,
        head: &RequestHead,
        forward: &gateway::Forward,
    ) -> JsValue {
        let forwarded = |failed: &Closure<Failed>, redirect: &Closure<Redirect>| {
            forward_request(
                arrival,
                &forward.as_text(),
                head.is_ascii(),
                head.has_body(),
                forward.private,
                forward.pass,
                forward.report.as_deref(),
                self.gateway.time_limit(head),
                &self.services.origin,
                failed.as_ref(),
                redirect.as_ref(),
                forward.ends_at,
            )
        };
        FAILED.with(|failed| REDIRECT.with(|redirect| forwarded(failed, redirect)))
    }

    /// By the settings and by what is bound beside them, or every fault of both.
    fn read(env: &Env) -> Result<Self, Vec<SettingError>> {
        let variables = variables(env);
        let variables: Vec<_> = variables.lines().filter_map(variable).collect();
        let lookup = |name: &str| setting(env, name);
        let (settings, mut faults) = match Settings::parse_environment(&variables, lookup) {
            Ok(settings) => (Some(settings), Vec::new()),
            Err(faults) => (None, faults),
        };
        let bindings = gateway::Bindings::look(|name, method| bind(env, name, method), &mut faults);
        let services = Services::read(env, &mut faults);
        match settings.filter(|_| faults.is_empty()) {
            Some(settings) => {
                for warning in settings.warnings() {
                    console_warn!("{warning}");
                }
                let settings = settings.with_bindings(bindings, JsHost::secret());
                Ok(Self { gateway: Gateway::new(settings), services })
            }
            None => Err(faults),
        }
    }
}

thread_local! {
    /// Made at an isolate's first request, from settings that are the same for all its requests.
    static DEPLOYMENT: OnceCell<Option<Rc<Deployment>>> = const { OnceCell::new() };
}

/// The isolate's gateway, or nothing where its settings have faults; the log names them all.
fn deployment(env: &Env) -> Option<Rc<Deployment>> {
    DEPLOYMENT.with(|deployment| {
        let made = deployment.get_or_init(|| match Deployment::read(env) {
            Ok(deployment) => Some(Rc::new(deployment)),
            Err(faults) => {
                let faults: Vec<_> = faults.iter().map(SettingError::to_string).collect();
                console_error!("misconfigured: {}", faults.join("; "));
                None
            }
        });
        made.clone()
    })
}

/// A setting's text; what is structured in wrangler.toml arrives as an object and becomes JSON.
fn setting(env: &Env, name: &str) -> Option<String> {
    let value = Reflect::get(env, &JsValue::from_str(name)).ok()?;
    if value.is_undefined() || value.is_null() {
        return None;
    }
    value.as_string().or_else(|| JSON::stringify(&value).ok()?.as_string())
}

/// A line of [`variables`].
fn variable(line: &str) -> Option<Variable<'_>> {
    let name = line.get(1..)?;
    Some(Variable { name, is_binding: line.starts_with(':') })
}

fn refuse(code: Code, detail: &'static str, request_id: &str) -> Response {
    respond(&gateway::Response::problem(&Error::new(code, detail), request_id))
}

fn respond(response: &gateway::Response) -> Response {
    make_response(response.status, &response.headers_as_text(), &response.body)
}

#[wasm_bindgen(module = "/src/bindings/worker/worker.js")]
extern "C" {
    fn variables(env: &JsValue) -> String;

    #[wasm_bindgen(js_name = forwardRequest)]
    fn forward_request(
        arrival: &Arrival,
        how: &str,
        is_ascii: bool,
        has_body: bool,
        private: bool,
        pass: Option<u32>,
        report: Option<&str>,
        timeout: u32,
        origin: &JsValue,
        failed: &JsValue,
        redirect: &JsValue,
        ends_at: Option<f64>,
    ) -> JsValue;
}

#[wasm_bindgen]
extern "C" {
    /// A request, as src/bindings/worker/arrival.js has read it.
    pub type Arrival;

    /// What [`Heads::read`] takes.
    #[wasm_bindgen(method)]
    fn cross(this: &Arrival) -> String;
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
