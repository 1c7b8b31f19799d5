//! How requests reach the upstream and responses the client: routes, headers, CORS, redirects and
//! the signed assertion.

pub(crate) mod assertion;
pub(crate) mod claim_headers;
pub(crate) mod cors;
pub(crate) mod forward;
pub(crate) mod forward_headers;
pub(crate) mod redirects;
pub(crate) mod route;
