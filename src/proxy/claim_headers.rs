//! `CLAIM_HEADERS`: headers that tell claims to an upstream that does not verify assertions.

use crate::config::reader::Reader;
use crate::http::edit::header_value;
use crate::http::fields::is_token;
use crate::http::header_names::{is_identity, same_name};
use crate::jose::Json;

/// Claims and header names. The names are distinct, in lower case, and have no other meaning.
pub(crate) fn read(reader: &mut Reader<'_>) -> Vec<(String, String)> {
    const SETTING: &str = "CLAIM_HEADERS";
    let Some(json) = reader.json(SETTING) else {
        return Vec::new();
    };
    let Some(table) = json.as_object() else {
        reader.error(SETTING, "is not a table of claims and header names");
        return Vec::new();
    };
    let mut headers: Vec<(String, String)> = Vec::new();
    for (claim, header) in table.members() {
        let header = header.as_str().unwrap_or_default().to_ascii_lowercase();
        let is_reserved = RESERVED_HEADERS.iter().any(|reserved| same_name(reserved, &header));
        if claim.is_empty() || !is_token(&header) {
            reader.error(SETTING, format!("has no header name for the claim \"{claim}\""));
        } else if is_reserved || is_identity(&header) {
            reader.error(SETTING, format!("must not set {header}, which has a meaning of its own"));
        } else if headers.iter().any(|(_, taken)| same_name(taken, &header)) {
            reader.error(SETTING, format!("sets the header of \"{claim}\" from another claim too"));
        } else {
            headers.push((claim.to_owned(), header));
        }
    }
    headers
}

const RESERVED_HEADERS: [&str; 13] = [
    "authorization",
    "cf-ray",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
];

/// The header's value. `None` for null, objects and arrays, which have no canonical form in a
/// header.
pub(crate) fn value(claim: &Json) -> Option<String> {
    match claim {
        Json::String(text) => Some(header_value(text)),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
