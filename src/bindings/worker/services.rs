//! What is bound to a Worker beside its settings: services in place of the public network, and a KV
//! namespace that keeps keys.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

use super::setting;
use crate::base_url::BaseUrl;
use crate::gateway::SettingError;

/// The bindings, each `undefined` where there is none. A binding may be used by every request of an
/// isolate.
pub(super) struct Services {
    auth: JsValue,
    /// What is asked of this origin goes to `auth`
    auth_origin: String,
    /// The service in front of which the edge stands
    pub(super) origin: JsValue,
    /// The namespace that keeps JWK Sets
    pub(super) keys: JsValue,
}

impl Services {
    /// Reads them, and notes every binding that is not what its name promises.
    pub(super) fn read(env: &Env, faults: &mut Vec<SettingError>) -> Self {
        let mut binding = |name, method, kind| {
            let value = bound(env, name, method);
            if value.is_null() {
                faults.push(SettingError::new(name, kind));
            }
            value
        };
        let auth = binding("AUTH", "fetch", "is no service binding");
        let origin = binding("ORIGIN", "fetch", "is no service binding");
        // a bucket has the other methods too
        let keys = binding("JWKS_KV", "getWithMetadata", "is no KV namespace");
        let auth_url = setting(env, "BETTER_AUTH_URL").unwrap_or_default();
        // one that is no URL is a fault among the settings
        let auth_url = BaseUrl::parse(auth_url.trim()).ok();
        let auth_origin = auth_url.map_or_else(String::new, |url| url.origin().to_owned());
        Self { auth, auth_origin, origin, keys }
    }

    /// By which service that URL is asked for; `undefined` for the public network.
    pub(super) fn service_for(&self, url: &str) -> JsValue {
        match url.strip_prefix(&self.auth_origin) {
            Some(rest) if rest.starts_with('/') => self.auth.clone(),
            _ => JsValue::UNDEFINED,
        }
    }
}

#[wasm_bindgen(module = "/src/bindings/worker/worker.js")]
extern "C" {
    /// A binding, `undefined` where there is none, `null` for one without that method.
    fn bound(env: &Env, name: &str, method: &str) -> JsValue;
}
