//! The Cloudflare entry: hands the request's head to the gateway and carries out what it decides.
//!
//! Glue only. The head crosses once as one string, the header edits come back once, and bodies
//! never enter the wasm.

use std::cell::OnceCell;
use std::convert::Infallible;
use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::js_sys::{JSON, Promise, Reflect};
use worker::worker_sys::web_sys::{Request, Response};
use worker::{Env, console_error, event};

use crate::error::{Code, Error};
use crate::gateway::{self, Decision, Gateway, HeaderEdit, RequestHead, SettingFault, Settings};
use crate::host::{Host, JsHost};

/// Nothing is an error to workers-rs: its own 500 is no problem response.
#[event(fetch)]
async fn fetch(
    request: Request,
    env: Env,
    context: worker::Context,
) -> Result<Response, Infallible> {
    let host = JsHost::new(move |task| {
        context.wait_until(async {
            let _ = JsFuture::from(task).await;
        });
    });
    let Some(head) = RequestHead::parse(&request_head(&request)) else {
        return Ok(refuse(Code::MalformedRequest, "the head is unreadable", &host.request_id()));
    };
    let Some(gateway) = gateway(&env) else {
        return Ok(match gateway::is_health_check(&head) {
            true => respond(&gateway::unhealthy()),
            false => refuse(Code::Misconfigured, "the log names every fault", &host.request_id()),
        });
    };
    Ok(match gateway.decide(&head, &host).await {
        Decision::Respond(response, _) => respond(&response),
        Decision::Forward(forward) => {
            let edits = HeaderEdit::as_text(&forward.edits);
            let answer_edits = HeaderEdit::as_text(&forward.answer_edits);
            let timeout = gateway.origin_timeout();
            let promise = forward_request(&request, &forward.url, &edits, &answer_edits, timeout);
            let failure = match JsFuture::from(promise).await {
                Ok(answer) => match answer.dyn_into::<Response>() {
                    Ok(response) => return Ok(response),
                    Err(failure) => failure,
                },
                Err(failure) => failure,
            };
            let error = match failure.as_string().as_deref() {
                Some("timed out") => {
                    Error::new(Code::OriginTimeout, "the origin did not begin to answer in time")
                }
                _ => Error::new(Code::OriginUnreachable, "the origin did not answer"),
            };
            respond(&gateway.origin_failed(&head, &error, &forward.request_id))
        }
    })
}

thread_local! {
    /// Made at an isolate's first request, from settings that are the same for all its requests.
    static GATEWAY: OnceCell<Option<Rc<Gateway>>> = const { OnceCell::new() };
}

/// The isolate's gateway, or nothing where its settings have faults; the log names them all.
fn gateway(env: &Env) -> Option<Rc<Gateway>> {
    GATEWAY.with(|gateway| {
        let made = gateway.get_or_init(|| match Settings::parse(|name| setting(env, name)) {
            Ok(settings) => Some(Rc::new(Gateway::new(settings))),
            Err(faults) => {
                let faults: Vec<_> = faults.iter().map(SettingFault::to_string).collect();
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

fn refuse(code: Code, detail: &'static str, request_id: &str) -> Response {
    respond(&gateway::Response::problem(&Error::new(code, detail), request_id))
}

fn respond(response: &gateway::Response) -> Response {
    let headers: String =
        response.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    make_response(response.status, &headers, &response.body)
}

#[wasm_bindgen(module = "/src/worker.js")]
extern "C" {
    #[wasm_bindgen(js_name = requestHead)]
    fn request_head(request: &Request) -> String;

    #[wasm_bindgen(js_name = forwardRequest)]
    fn forward_request(
        request: &Request,
        url: &str,
        edits: &str,
        answer_edits: &str,
        timeout: u32,
    ) -> Promise;

    #[wasm_bindgen(js_name = makeResponse)]
    fn make_response(status: u16, headers: &str, body: &str) -> Response;
}
