//! The documentation agrees with the code.
#![cfg(not(target_arch = "wasm32"))]

mod blocks;
mod configuration;
mod errors;
mod examples;
mod installation;
mod rules;
mod setting_names;
mod settings_table;
