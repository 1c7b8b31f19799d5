//! A running exchange of a credential for a token.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::host::{GetRequest, Host, UrlSetting, fetch_document};
use crate::policy::credentials::exchanged::with_credential;
use crate::policy::credentials::exchanges::{Exchange, Exchanges, TIMEOUT};
use crate::policy::credentials::failure::Failure;
use crate::policy::credentials::{CredentialKind, token_response};

/// A running exchange. If the runtime drops it, the next request begins another one.
pub(super) struct OpenExchange {
    pub(super) url: Arc<str>,
    pub(super) url_setting: UrlSetting,
    pub(super) exchanges: Arc<OnceLock<Mutex<Exchanges>>>,
    pub(super) kind: CredentialKind,
    /// The header that carries the credential
    pub(super) credential: String,
    pub(super) client_address: Option<(Arc<str>, String)>,
    pub(super) exchange: Option<Exchange>,
}

impl OpenExchange {
    /// Asks the auth server, and caches the result.
    pub(super) async fn carry_out<H: Host>(mut self, host: H) {
        let result = self.ask(&host).await;
        if let (Some(exchanges), Some(exchange)) = (self.exchanges.get(), self.exchange.take()) {
            locked(exchanges).report(&self.credential, &exchange, result, host.now());
        }
    }

    async fn ask<H: Host>(&self, host: &H) -> Result<String, Failure> {
        let request = GetRequest {
            url: self.url.to_string(),
            accept: "application/json",
            cookie: None,
            authorization: None,
            client_address: self.client_address.clone(),
            max_bytes: MAX_BYTES,
            timeout: TIMEOUT,
        };
        let response = fetch_document(host, with_credential(request, &self.credential)).await;
        let response = response
            .map_err(|why| Failure::Unanswered(Arc::new(why.url_setting(self.url_setting))))?;
        token_response::read(self.kind, &self.url, self.url_setting, &response, host.now())
    }
}

impl Drop for OpenExchange {
    fn drop(&mut self) {
        if let (Some(exchanges), Some(exchange)) = (self.exchanges.get(), self.exchange.take()) {
            locked(exchanges).abandon(&exchange);
        }
    }
}

/// A poisoned lock is harmless: no code panics while it holds the lock.
pub(super) fn locked(exchanges: &Mutex<Exchanges>) -> MutexGuard<'_, Exchanges> {
    exchanges.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The largest response, in bytes. A token is far smaller.
const MAX_BYTES: usize = 64 * 1024;
