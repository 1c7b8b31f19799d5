//! The gateway: decisions about requests, the requests to the upstream, responses and logs.
#![cfg(not(target_arch = "wasm32"))]

#[path = "../common/mod.rs"]
mod common;

mod api_keys;
mod assertion;
mod auth_server;
mod base_path;
mod conditions;
mod cookie_cache;
mod cookie_cache_claims;
mod cookie_cache_settings;
mod cookie_names;
mod cors;
mod credentials;
mod decision_cache;
mod destinations;
mod forward;
mod impersonation;
mod issuers;
mod log;
mod optional_sessions;
mod organizations;
mod problem;
mod rate_limits;
mod revocation_events;
mod revocation_failures;
mod revocation_feed;
mod revocation_logout;
mod revocation_sessions;
mod revocation_settings;
mod revocations;
mod rules;
mod session_request;
mod session_tokens;
mod sessions;
mod setting_errors;
mod signed_sessions;
mod step_up;
mod websockets;
mod within_app;
