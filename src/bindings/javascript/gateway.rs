//! The gateway for JavaScript hosts.
//!
//! Glue only. The head enters the wasm once, as text, and the header edits leave it once. Bodies
//! never enter it, except those of requests to the edge itself.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use super::options::{Options, Target, joined};
use super::{host, misconfigured, service, to_text};
use crate::bindings::runtime::JsHost;
use crate::error::{Code, Error};
use crate::gateway::Decision;
use crate::gateway::Destination;
use crate::gateway::Gateway;
use crate::gateway::HeaderEdit;
use crate::gateway::RequestHead;
use crate::gateway::Response;
use crate::gateway::SettingValue;
use crate::gateway::Settings;
use crate::host::{Level, Random, Telemetry};

/// Makes a gateway that is part of an application. It fetches nothing before the first token needs
/// a key.
///
/// The options are `VerifierOptions` and `GatewayOptions` of the npm package. They have the
/// meanings of the Worker's settings in `docs/configuration.md`. `verifier_options`, if present,
/// are those of a verifier whose requests the gateway decides about. `options` override them.
///
/// # Errors
/// An `Error` with `code` `misconfigured` whose message lists all errors.
#[wasm_bindgen(js_name = createGateway)]
pub fn create_gateway(options: JsValue, verifier_options: JsValue) -> Result<JsGateway, JsValue> {
    let options = match verifier_options.is_undefined() {
        true => Options::read(&options, Target::Gateway),
        false => Options::read(&verifier_options, Target::Verifier)
            .and_then(|verifier| verifier.with(&options, Target::Gateway)),
    };
    let options = options.map_err(misconfigured)?;
    let settings = Settings::parse_values(&options.settings);
    let settings = settings.map_err(|errors| misconfigured(joined(&errors)))?;
    if options.settings.get("LOG_LEVEL") != Some(SettingValue::Variable("none".to_owned())) {
        let host = JsHost::new(|_| ());
        settings.warnings().iter().for_each(|warning| host.log(Level::Warn, warning));
    }
    let service = options.fetch.as_ref().map(|fetch| Rc::new(service(fetch)));
    let revocations = options.revocations.map(Rc::new);
    let gateway = Rc::new(Gateway::new(settings));
    Ok(JsGateway { gateway, service, revocations, is_for_warm_up: false })
}

/// A gateway that is part of an application.
#[wasm_bindgen(js_name = Gateway)]
pub struct JsGateway {
    gateway: Rc<Gateway>,
    /// Replaces the runtime's `fetch`
    service: Option<Rc<JsValue>>,
    /// The store of revocations
    revocations: Option<Rc<JsValue>>,
    is_for_warm_up: bool,
}

#[wasm_bindgen(js_class = Gateway)]
impl JsGateway {
    /// Makes this gateway one that serves no request: see [`JsHost::for_warm_up`].
    #[wasm_bindgen(js_name = setForWarmUp)]
    pub fn set_for_warm_up(&mut self) {
        self.is_for_warm_up = true;
    }

    /// Decides about a request: an object with `method`, `url` (absolute), `headers`, and a
    /// function `body` that returns its body. For other values, `malformed` is a sentence that says
    /// what is wrong.
    ///
    /// Returns a decision (`src/bindings/javascript/gateway.js`) or a promise of one. `wait_until`
    /// receives tasks that continue after the decision. Never throws.
    pub fn decide(&self, request: JsValue, wait_until: JsValue) -> Result<JsValue, JsValue> {
        let host = host(wait_until).with_service(self.service.clone());
        let host = host.with_revocations(self.revocations.clone());
        let host = host.for_warm_up(self.is_for_warm_up);
        let Some(head) = RequestHead::parse(request_head(&request)) else {
            let detail = malformed(&request).unwrap_or_else(|| "the head is unreadable".to_owned());
            let error = Error::new(Code::MalformedRequest, detail);
            let response = Response::problem(&error, &host.request_id());
            return Ok(to_js_response(&response, Some(&error), Destination::App));
        };
        let gateway = Rc::clone(&self.gateway);
        let driver = host.driver();
        driver.run(async move {
            if let Some(limit) = gateway.body_limit(&head) {
                // a client that fails to send its body does not read the response
                let body = host.read_body(&body(&request), limit + 1).await.unwrap_or_default();
                let response = gateway.receive(&head, &body, &host).await;
                return Ok(to_js_response(&response, None, Destination::App));
            }
            Ok(match gateway.decide(&head, &host).await {
                Decision::Forward(forward) => admitted(
                    &request,
                    forward.url(),
                    forward.to() == Destination::Upstream,
                    &HeaderEdit::as_text(forward.edits()),
                    &HeaderEdit::as_text(forward.response_edits()),
                    forward.user.as_deref().map(to_text).as_deref(),
                ),
                Decision::Respond(response, error) => {
                    to_js_response(&response, error.as_ref(), gateway.destination(&head))
                }
            })
        })
    }
}

#[wasm_bindgen(js_class = Gateway)]
impl JsGateway {
    /// The edits of a response that redirects to the upstream. `fields` is what `references` in
    /// `src/bindings/runtime/headers.js` returns, and `url` is the request's.
    #[wasm_bindgen(js_name = redirectEdits)]
    pub fn redirect_edits(&self, fields: &str, url: &str) -> String {
        HeaderEdit::as_text(&self.gateway.redirect_edits(fields, url))
    }
}

fn to_js_response(response: &Response, error: Option<&Error>, to: Destination) -> JsValue {
    let code = error.map(|error| error.code().as_str());
    let response = make_response(response.status, &response.headers_as_text(), &response.body);
    responded(&response, code, to == Destination::Upstream)
}

#[wasm_bindgen(module = "/src/bindings/javascript/gateway.js")]
extern "C" {
    #[wasm_bindgen(js_name = requestHead)]
    fn request_head(request: &JsValue) -> String;

    fn malformed(request: &JsValue) -> Option<String>;

    /// A `ReadableStream` or `null`.
    fn body(request: &JsValue) -> JsValue;

    fn admitted(
        request: &JsValue,
        url: &str,
        to_origin: bool,
        edits: &str,
        response_edits: &str,
        user: Option<&str>,
    ) -> JsValue;

    fn responded(response: &JsValue, code: Option<&str>, to_origin: bool) -> JsValue;
}

#[wasm_bindgen(module = "/src/bindings/runtime/headers.js")]
extern "C" {
    #[wasm_bindgen(js_name = makeResponse)]
    fn make_response(status: u16, edits: &str, body: &str) -> JsValue;
}
