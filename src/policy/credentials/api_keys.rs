//! API keys of Better Auth's api-key plugin, which the edge exchanges for tokens. A header of its
//! own carries the key, so browsers never send one unasked.

use std::sync::Arc;

use crate::config::reader::Reader;
use crate::error::{Code, Error};
use crate::http::edit::HeaderEdit;
use crate::http::fields::is_token;
use crate::http::head::RequestHead;
use crate::http::header_names::{
    is_forwarding_header, is_plain, is_reserved, overrides_request, same_name,
};
use crate::policy::client_address::is_request_header;

/// Finds API keys, from the settings.
#[derive(Debug)]
pub(super) struct ApiKeys {
    /// The header in lower case; `None` if the edge accepts no API keys
    header: Option<Arc<str>>,
}

/// An API key, and the header that carries it.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct ApiKey {
    header: Arc<str>,
    value: String,
}

impl ApiKeys {
    /// `API_KEYS` and `API_KEY_HEADER`. `claim_headers` are claims, and the headers that the edge
    /// sets to them.
    pub(super) fn from_settings(
        reader: &mut Reader<'_>,
        claim_headers: &[(String, String)],
    ) -> Self {
        let name = reader.text(HEADER).map(|name| name.to_ascii_lowercase());
        let name = name.unwrap_or_else(|| "x-api-key".to_owned());
        if !is_own_header(&name) {
            reader.error(HEADER, "is not the name of a header that contains an API key only");
        }
        let is_on = reader.switch(SWITCH, false);
        if is_on {
            reader.needs_auth_url(SWITCH, "where the edge gets the token");
            for setting in ["CLIENT_IP_HEADER", "AUTH_CLIENT_IP_HEADER", "FORWARD_HEADERS"] {
                let names = reader.list(setting).unwrap_or_default();
                if names.iter().any(|other| same_name(&other.to_ascii_lowercase(), &name)) {
                    reader.error(setting, ["must not name ", &name, IS_THE_KEYS].concat());
                }
            }
            if claim_headers.iter().any(|(_, header)| same_name(header, &name)) {
                reader.error("CLAIM_HEADERS", ["must not name ", &name, IS_THE_KEYS].concat());
            }
        }
        Self { header: is_on.then(|| name.into()) }
    }

    /// The API key of a request.
    ///
    /// # Errors
    /// [`Code::MissingToken`] for an empty header. [`Code::MalformedRequest`] for more than one
    /// header or a list of keys, and for a value
    /// that is not a key.
    pub(super) fn find(&self, head: &RequestHead) -> Result<Option<ApiKey>, Error> {
        let Some(header) = &self.header else { return Ok(None) };
        let mut values = head.header(header);
        let Some(value) = values.next() else { return Ok(None) };
        let value = value.trim_ascii();
        // hosts join repeated headers by a comma
        if values.next().is_some() || value.contains(',') {
            let detail = "the request has more than one API key";
            return Err(Error::new(Code::MalformedRequest, detail));
        }
        if value.is_empty() {
            let detail = "the header for the API key is empty";
            return Err(Error::new(Code::MissingToken, detail));
        }
        if value.len() > MOST_BYTES || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            let detail = "the API key is longer than 512 bytes, or contains other characters than \
                          visible ASCII";
            return Err(Error::new(Code::MalformedRequest, detail));
        }
        Ok(Some(ApiKey { header: Arc::clone(header), value: value.to_owned() }))
    }

    /// Strips the API key, which the upstream must not get.
    pub(super) fn strip(&self, head: &RequestHead) -> Option<HeaderEdit> {
        let header = self.header.as_ref()?;
        head.header(header).next()?;
        Some(HeaderEdit::Remove(header.to_string().into()))
    }
}

const SWITCH: &str = "API_KEYS";
const HEADER: &str = "API_KEY_HEADER";
const IS_THE_KEYS: &str = ", which is the header of API keys";

/// Far more than an API key has.
const MOST_BYTES: usize = 512;

/// Whether a header, in lower case, can carry an API key: it has no other meaning, and no runtime
/// or proxy sets or reads it.
fn is_own_header(name: &str) -> bool {
    let is_of_others = name.starts_with("cf-") || name.starts_with("sec-");
    is_token(name)
        && is_plain(name)
        && !is_of_others
        && !is_reserved(name)
        && !is_request_header(name)
        && !overrides_request(name)
        && !is_forwarding_header(name, false)
}

impl ApiKey {
    /// The header, in lower case, that carries it.
    pub(super) fn header(&self) -> &Arc<str> {
        &self.header
    }

    pub(super) fn as_str(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Debug for ApiKey {
    /// Does not show the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKey").field("header", &self.header).finish_non_exhaustive()
    }
}
