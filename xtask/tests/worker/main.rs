//! The Worker in workerd.

#[path = "../common/mod.rs"]
mod common;

mod auth_server;
mod bindings;
mod cookie_cache;
mod gateway;
mod issuers;
mod keys;
mod operations;
mod paths;
mod redirects;
mod requests;
mod responses;
mod returning;
mod revocations;
mod settings;
mod soak;
mod stack;
mod streams;
mod traps;
mod warm_up;
mod websocket_expiry;
mod websockets;
