//! The documentation agrees with the code.
#![cfg(not(target_arch = "wasm32"))]

mod configuration;
mod errors;
mod installation;
mod rules;
mod setting_names;
mod settings_table;
