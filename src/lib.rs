//! Verifies [Better Auth](https://better-auth.com) tokens at the edge, and sends the upstream an
//! identity that it can trust.
//!
//! The crate performs no I/O. A [`host`] provides the clock, the network and RSA and ECDSA:
//!
//! ```
//! use std::future::Future;
//!
//! use better_auth_edge::VerifierOptions;
//! use better_auth_edge::host::*;
//! use better_auth_edge::jose::{Algorithm, PublicKey};
//!
//! #[derive(Clone)]
//! struct MyHost;
//!
//! impl Clock for MyHost {
//!     fn now(&self) -> f64 {
//!         1_800_000_000.0 // read the system's clock
//!     }
//! }
//!
//! impl Random for MyHost {
//!     fn random(&self) -> f64 {
//!         0.5 // ask the system's generator
//!     }
//!
//!     fn request_id(&self) -> String {
//!         "request-1".to_owned()
//!     }
//! }
//!
//! impl Timer for MyHost {
//!     async fn sleep(&self, _milliseconds: u32) {}
//! }
//!
//! impl Fetch for MyHost {
//!     async fn get(&self, _request: GetRequest) -> Result<GetResponse, GetError> {
//!         Err(GetError::Unreachable) // call an HTTP client
//!     }
//! }
//!
//! impl SignatureVerifier for MyHost {
//!     async fn verify(&self, _: &PublicKey, _: Algorithm, _: &[u8], _: &[u8]) -> bool {
//!         false // `host::native::verify` with the feature `native`
//!     }
//! }
//!
//! impl Tasks for MyHost {
//!     fn background<F: Future<Output = ()> + 'static>(
//!         &self,
//!         _task: impl FnOnce(Self) -> F + Send + 'static,
//!     ) {
//!         // spawn the task
//!     }
//! }
//!
//! impl KeyStore for MyHost {}
//! impl Telemetry for MyHost {}
//! impl RateLimiter for MyHost {}
//! impl RevocationStore for MyHost {}
//!
//! let verifier = VerifierOptions {
//!     base_url: Some("https://app.example.com".to_owned()),
//!     ..VerifierOptions::default()
//! };
//! let verifier = verifier.build().expect("valid options");
//! let result = futures_executor::block_on(verifier.verify("not a token", &MyHost));
//! assert_eq!(result.unwrap_err().code().as_str(), "malformed_token");
//! ```
//!
//! A module uses only modules that follow it in this list: `bindings`, [`gateway`], `proxy`,
//! `telemetry`, `policy`, `http`, `verifier`, [`keys`], [`claims`], [`crypto`], [`host`], `config`,
//! `base_url`, [`jose`].

#[cfg(feature = "host-js")]
pub mod bindings;

pub mod gateway;

mod policy;
mod proxy;
mod telemetry;

mod http;

mod verifier;

pub mod keys;

pub mod claims;

pub mod crypto;

pub mod host;

mod config;

pub mod base_url;
pub mod similar;

pub mod jose;

mod check;
mod error;

pub use check::Check;
pub use config::error::SettingError;
pub use error::{Code, Error};
pub use policy::credentials::{
    AcceptedKinds, BearerSession, CredentialKind, SessionTokens, application_head, bearer_token,
    handshake_token,
};
pub use policy::isolation::is_same_id;
pub use policy::revocation::FollowedFeed;
pub use verifier::{
    CacheLimits, CheckOutcome, CheckReport, DEFAULT_ALGORITHMS, Explanation, Extension, KeyReport,
    Keys, Verified, Verifier, VerifierOptions, issuing_url,
};
