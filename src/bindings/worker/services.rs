//! The bindings of a Worker: services that replace the public network, a KV namespace that stores
//! keys, and the store of revocations.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;

use super::setting;
use crate::base_url::BaseUrl;
use crate::gateway::{SettingError, SettingValue};

/// The bindings, `undefined` if they are absent. All requests of an isolate share them.
pub(super) struct Services {
    auth: JsValue,
    /// Requests to this origin go to `auth`
    auth_origin: String,
    /// The upstream
    pub(super) origin: JsValue,
    /// The namespace that stores JWK Sets
    pub(super) keys: JsValue,
    /// The store of revocations, as `runtime/revocations.js` calls it
    pub(super) revocations: Option<Rc<JsValue>>,
}

impl Services {
    /// Reads the bindings, and adds an error for each one of another kind.
    pub(super) fn read(env: &Env, errors: &mut Vec<SettingError>) -> Self {
        let mut binding = |name, method, kind| {
            let value = bound(env, name, method);
            // the settings report a variable in place of a store of revocations
            if value.is_null() && errors.iter().all(|error| error.setting() != name) {
                errors.push(SettingError::new(name, kind));
            }
            value
        };
        let auth = binding("AUTH", "fetch", "is not a service binding");
        let origin = binding("ORIGIN", "fetch", "is not a service binding");
        // an R2 bucket also has `get` and `put`
        let keys = binding("JWKS_KV", "getWithMetadata", "is not a KV namespace");
        // `parse_environment` reports a second store
        let objects = binding("REVOCATIONS", "idFromName", "is not a Durable Object namespace");
        let kv = binding("REVOCATIONS_KV", "getWithMetadata", "is not a KV namespace");
        let store = match (objects.is_object(), kv.is_object()) {
            (true, _) => Some(object_store(&objects)),
            (false, true) => Some(kv_store(&kv)),
            (false, false) => None,
        };
        let auth_url = match setting(env, "BETTER_AUTH_URL") {
            Some(SettingValue::Variable(url)) => url,
            _ => String::new(),
        };
        // the settings report a text that is not a URL
        let auth_url = BaseUrl::parse(auth_url.trim()).ok();
        let auth_origin = auth_url.map_or_else(String::new, |url| url.origin().to_owned());
        Self { auth, auth_origin, origin, keys, revocations: store.map(Rc::new) }
    }

    /// The service for a URL; `undefined` for the public network.
    pub(super) fn service_for(&self, url: &str) -> JsValue {
        match url.strip_prefix(&self.auth_origin) {
            Some(rest) if rest.starts_with('/') => self.auth.clone(),
            _ => JsValue::UNDEFINED,
        }
    }
}

#[wasm_bindgen(module = "/src/bindings/worker/revocation_store.js")]
extern "C" {
    #[wasm_bindgen(js_name = objectStore)]
    fn object_store(namespace: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/src/bindings/worker/revocation_kv.js")]
extern "C" {
    #[wasm_bindgen(js_name = kvStore)]
    fn kv_store(namespace: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/src/bindings/worker/environment.js")]
extern "C" {
    /// A binding: `undefined` if it is absent, `null` if it lacks the method.
    fn bound(env: &Env, name: &str, method: &str) -> JsValue;
}
