//! HTTP messages: a request's head, its fields, changes to headers, and the edge's own responses.
//! Contains no policy and no code of a host.

pub(crate) mod edit;
pub(crate) mod fields;
pub(crate) mod head;
pub(crate) mod header_cache;
pub(crate) mod header_names;
pub(crate) mod response;
