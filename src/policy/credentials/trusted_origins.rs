//! Protects session cookies from other sites (OWASP, Cross-Site Request Forgery Prevention; Fetch
//! Metadata Request Headers, section 2.3).

use crate::config::origin_pattern::OriginPattern;
use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::head::RequestHead;
use crate::policy::credentials::websocket::is_handshake;

/// The origins whose requests may use session cookies.
#[derive(Debug)]
pub(super) struct TrustedOrigins {
    /// Apart from the edge's own
    origins: Vec<OriginPattern>,
    /// The operator's name for `TRUSTED_ORIGINS`
    setting: &'static str,
}

impl TrustedOrigins {
    /// `TRUSTED_ORIGINS` and the origin of Better Auth.
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        const SETTING: &str = "TRUSTED_ORIGINS";
        let mut origins = reader.origins(SETTING);
        origins.extend(reader.auth_url().map(|url| OriginPattern::exact(url.origin())));
        Self { origins, setting: reader.name_of(SETTING) }
    }

    /// Checks the origin of a request with a session cookie. Safe methods need no check, because
    /// other sites cannot read the response. WebSocket handshakes need it, because browsers let
    /// every site read from them.
    ///
    /// # Errors
    /// [`Code::CrossSiteRequest`] if another site may have caused the request.
    pub(super) fn check(&self, head: &RequestHead) -> Result<(), Error> {
        if matches!(head.method(), "GET" | "HEAD" | "OPTIONS") && !is_handshake(head) {
            return Ok(());
        }
        match self.is_trusted(head) {
            true => Ok(()),
            false => {
                let detail = "with a session cookie, this request must come from the origin that it is for, \
                              from Better Auth's or from one of ";
                let detail = [detail, self.setting].concat();
                Err(Error::new(Code::CrossSiteRequest, detail))
            }
        }
    }

    fn is_trusted(&self, head: &RequestHead) -> bool {
        let mut origins = head.header("origin");
        match (origins.next(), origins.next()) {
            // a document without a referrer hides its origin even from its own server (Fetch,
            // section 3.2)
            (None | Some("null"), None) => head.header("sec-fetch-site").eq(["same-origin"]),
            (Some(origin), None) => {
                origin == head.origin()
                    || self.origins.iter().any(|trusted| trusted.matches(origin))
            }
            _ => false,
        }
    }
}
