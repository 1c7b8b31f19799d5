//! The border to JavaScript: all wasm-bindgen glue, in Rust and in JavaScript. Nothing here decides anything.

#[cfg(feature = "js")]
pub mod javascript;

pub mod runtime;

#[cfg(feature = "worker")]
pub mod worker;
