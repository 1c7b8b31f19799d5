//! Signatures by WebCrypto.

use js_sys::Promise;
use wasm_bindgen::prelude::wasm_bindgen;

use super::JsHost;
use crate::host::SignatureVerifier;
use crate::jose::{Algorithm, PublicKey};

impl SignatureVerifier for JsHost {
    async fn verify(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        self.verify_by_webcrypto(key, algorithm, message, signature).await == Some(true)
    }

    async fn verify_ed25519(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        match self.ed25519.unwrap_or_else(has_fast_ed25519) {
            true => self.verify_by_webcrypto(key, Algorithm::EdDsa, message, signature).await,
            false => None,
        }
    }
}

impl JsHost {
    /// Returns `None` if the runtime does not support the algorithm.
    async fn verify_by_webcrypto(
        &self,
        key: &PublicKey,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        let HeldKey(number) = *key.host_form(|| HeldKey(hold_key(key.jwk())))?;
        let promise = verify(number, algorithm as u32, message, signature);
        let promise = promise.unwrap_or_else(|| {
            import_and_verify(number, algorithm as u32, algorithm.name(), message, signature)
        });
        self.driver.settled(promise).await.ok()?.as_bool()
    }
}

/// The number of a key that `runtime.js` keeps in WebCrypto's form.
struct HeldKey(u32);

impl Drop for HeldKey {
    fn drop(&mut self) {
        release_key(self.0);
    }
}

#[wasm_bindgen(module = "/src/bindings/runtime/runtime.js")]
extern "C" {
    #[wasm_bindgen(js_name = hasFastEd25519)]
    fn has_fast_ed25519() -> bool;
    #[wasm_bindgen(js_name = holdKey)]
    fn hold_key(jwk: &str) -> u32;
    #[wasm_bindgen(js_name = releaseKey)]
    fn release_key(number: u32);
    fn verify(number: u32, algorithm: u32, message: &[u8], signature: &[u8]) -> Option<Promise>;
    #[wasm_bindgen(js_name = importAndVerify)]
    fn import_and_verify(
        number: u32,
        algorithm: u32,
        name: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Promise;
}
