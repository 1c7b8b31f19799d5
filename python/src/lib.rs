//! The border to Python: the module `better_auth_edge._core`, by PyO3. It decides nothing.
//!
//! `better_auth_edge/_core.pyi` describes the module for users of Python.

mod errors;
mod host;
mod json;
mod pending;
mod requests;
mod sessions;
mod settings;
mod task;
mod verifier;

use pyo3::prelude::*;

/// The Rust core.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::errors::{panics, problems};
    #[pymodule_export]
    use super::pending::Pending;
    #[pymodule_export]
    use super::requests::{
        bearer_token, check_credential, check_required, check_scopes, check_session, claim_at,
        handshake_token, has_too_large_number, impersonator, is_id_at, is_json, is_max_age,
        is_same_id, is_scope, without_identity,
    };
    #[pymodule_export]
    use super::sessions::{SessionTokens, user_of};
    #[pymodule_export]
    use super::settings::{
        BaseUrl, KeyUrl, algorithms, canonical_algorithm, default_algorithms, did_you_mean,
        has_same_words, near_miss, secret_error, suggestion, words,
    };
    #[pymodule_export]
    use super::task::{Request, Task};
    #[pymodule_export]
    use super::verifier::{Verified, Verifier, feed_errors};
}
