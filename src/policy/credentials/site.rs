//! That no other site uses a session's cookie (OWASP, Cross-Site Request Forgery Prevention; Fetch Metadata
//! Request Headers, section 2.3).

use crate::config::origin_pattern::OriginPattern;
use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::head::RequestHead;
use crate::policy::credentials::websocket::is_handshake;

/// Whose pages may use cookies.
#[derive(Debug)]
pub(super) struct TrustedPages {
    /// Their origins, beside the edge's own
    origins: Vec<OriginPattern>,
    /// What the operator calls `TRUSTED_ORIGINS`
    setting: &'static str,
}

impl TrustedPages {
    /// `TRUSTED_ORIGINS`, and Better Auth's own.
    pub(super) fn from_settings(reader: &mut Reader<'_>) -> Self {
        const SETTING: &str = "TRUSTED_ORIGINS";
        let mut origins = reader.origins(SETTING);
        origins.extend(reader.auth_url().map(|url| OriginPattern::exact(url.origin())));
        Self { origins, setting: reader.name_of(SETTING) }
    }

    /// Reading is safe, as long as the answer cannot be read by others; anything else must come from
    /// a page that is trusted. Handshakes are not kept apart by browsers, so they count as unsafe.
    ///
    /// # Errors
    /// [`Code::CrossSiteRequest`] where another site may have caused the request.
    pub(super) fn check(&self, head: &RequestHead) -> Result<(), Error> {
        if matches!(head.method(), "GET" | "HEAD" | "OPTIONS") && !is_handshake(head) {
            return Ok(());
        }
        match self.is_trusted(head) {
            true => Ok(()),
            false => {
                let detail = "a session cookie changes something only for pages of this origin, of \
                              Better Auth's and of ";
                let detail = [detail, self.setting].concat();
                Err(Error::new(Code::CrossSiteRequest, detail))
            }
        }
    }

    fn is_trusted(&self, head: &RequestHead) -> bool {
        let mut origins = head.header("origin");
        match (origins.next(), origins.next()) {
            // a page that sends no referrer hides its origin from itself too (Fetch, section 3.2)
            (None | Some("null"), None) => head.header("sec-fetch-site").eq(["same-origin"]),
            (Some(origin), None) => {
                origin == head.origin()
                    || self.origins.iter().any(|trusted| trusted.matches(origin))
            }
            _ => false,
        }
    }
}
