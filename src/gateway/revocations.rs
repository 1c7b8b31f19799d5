//! The requests with bodies that the edge itself handles: events of the auth server and OIDC logout
//! tokens.

use crate::error::{Code, Error};
use crate::gateway::Gateway;
use crate::host::Host;
use crate::http::head::RequestHead;
use crate::http::response::Response;

const EVENTS: &str = "/.well-known/better-auth-edge/events";
const LOGOUT: &str = "/.well-known/better-auth-edge/backchannel-logout";

/// The largest body, in bytes.
const MAX_BODY: usize = 16_384;

impl Gateway {
    /// The largest body, in bytes, of a request that [`receive`](Self::receive) handles. `None` if
    /// [`decide`](Self::decide) handles the request, without its body.
    pub fn body_limit(&self, head: &RequestHead) -> Option<usize> {
        let is_own = matches!(head.path(), EVENTS | LOGOUT);
        (is_own && head.method() == "POST").then_some(MAX_BODY)
    }

    /// The response to a request with a body. The host reads at most one byte more than
    /// [`body_limit`](Self::body_limit).
    pub async fn receive<H: Host>(&self, _head: &RequestHead, _body: &[u8], host: &H) -> Response {
        let error = Error::new(Code::RevocationsUnavailable, "not built yet");
        Response::problem(&error, &host.request_id())
    }
}
