//! Settings: the table of all settings, and a reader that reports all errors at once.

pub(crate) mod bindings;
pub(crate) mod error;
pub(crate) mod near_miss;
pub(crate) mod origin_pattern;
pub(crate) mod reader;
pub(crate) mod table;
pub(crate) mod value;
