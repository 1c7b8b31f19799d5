//! Attacks on the Worker in workerd, and servers and clients that misbehave.

#[path = "../common/mod.rs"]
mod common;

mod assertions;
mod disconnects;
mod keys;
mod malformed_requests;
mod malformed_responses;
mod requests;
