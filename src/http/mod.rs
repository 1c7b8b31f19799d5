//! Messages as the core sees them: a request's head and its fields, changes to headers, and the
//! responses that the edge makes itself. No policy, and nothing of a host.

pub(crate) mod edit;
pub(crate) mod fields;
pub(crate) mod head;
pub(crate) mod header_cache;
pub(crate) mod header_names;
pub(crate) mod response;
