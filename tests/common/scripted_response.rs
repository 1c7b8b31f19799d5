//! Responses of a scripted network.

use better_auth_edge::host::{GetError, GetResponse};

/// A scripted response of the network, and its delay.
#[derive(Clone, Debug)]
pub(crate) struct ScriptedResponse {
    /// Seconds, or `None` for never
    pub(super) delay: Option<f64>,
    pub(super) result: Result<GetResponse, GetError>,
}

impl ScriptedResponse {
    /// Status 200 with a body, at once.
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200, body)
    }

    /// A status and a body, at once.
    pub(crate) fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let response = GetResponse { status, body: body.into(), ..GetResponse::default() };
        Self { delay: Some(0.0), result: Ok(response) }
    }

    /// The same with one more header.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Ok(response) = &mut self.result {
            response.headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// An error, at once.
    pub(crate) fn error(error: GetError) -> Self {
        Self { delay: Some(0.0), result: Err(error) }
    }

    /// No response, ever, and no timeout.
    pub(crate) fn never() -> Self {
        Self { delay: None, result: Err(GetError::Unreachable) }
    }

    /// The same after that many seconds.
    pub(crate) fn after(self, seconds: f64) -> Self {
        Self { delay: Some(seconds), ..self }
    }
}
