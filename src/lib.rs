//! Verifies [Better Auth](https://better-auth.com) tokens at the edge and hands a FastAPI origin an
//! identity that it can trust.
//!
//! The modules stand in the order in which a request meets them, the outermost first. Each knows
//! those below it and none above; only [`host`] and the two entries talk to the outside.

#[cfg(feature = "host-js")]
pub mod bindings;

pub mod gateway;

mod config;
mod http;
mod policy;
mod proxy;
mod telemetry;

mod verifier;

pub mod keys;

pub mod claims;

pub mod crypto;

pub mod jose;

mod base_url;
mod similar;

pub mod host;

mod check;
mod error;

pub use check::Check;
pub use config::error::SettingError;
pub use error::{Code, Error};
pub use verifier::{
    CacheLimits, CheckOutcome, CheckReport, Explanation, KeyReport, Keys, Verified, Verifier,
    VerifierOptions,
};
