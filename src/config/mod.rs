//! Settings: the table of all settings, how their values are read, and every error in them at once.

pub(crate) mod bindings;
pub(crate) mod error;
pub(crate) mod near_miss;
pub(crate) mod origin_pattern;
pub(crate) mod reader;
pub(crate) mod settings_table;
pub(crate) mod value;
