//! Signatures by WebCrypto.

use std::sync::atomic::{AtomicU32, Ordering};

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
        let ImportedKey(number) = key.host_form(ImportedKey::new)?;
        let promise = verify(*number, algorithm as u32, message, signature);
        let promise = promise.unwrap_or_else(|| {
            let (name, jwk) = (algorithm.name(), key.jwk());
            import_and_verify(*number, algorithm as u32, name, jwk, message, signature)
        });
        self.driver.settled(promise).await.ok()?.as_bool()
    }
}

/// The number by which `runtime.js` keeps a key that WebCrypto has imported.
struct ImportedKey(u32);

impl ImportedKey {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for ImportedKey {
    fn drop(&mut self) {
        forget_key(self.0);
    }
}

#[wasm_bindgen(module = "/src/bindings/runtime/runtime.js")]
extern "C" {
    #[wasm_bindgen(js_name = hasFastEd25519)]
    fn has_fast_ed25519() -> bool;
    fn verify(key: u32, algorithm: u32, message: &[u8], signature: &[u8]) -> Option<Promise>;
    #[wasm_bindgen(js_name = importAndVerify)]
    fn import_and_verify(
        key: u32,
        algorithm: u32,
        name: &str,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Promise;
    #[wasm_bindgen(js_name = forgetKey)]
    fn forget_key(key: u32);
}
