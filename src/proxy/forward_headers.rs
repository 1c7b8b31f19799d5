//! `FORWARD_HEADERS`: headers of the client that the edge forwards, although it removes them by
//! default.

use crate::config::reader::Reader;
use crate::http::fields::is_token;
use crate::http::header_names::{is_reserved, same_name};

/// The names, in lower case. None of them is a header that the edge itself sets or reads.
pub(crate) fn read(reader: &mut Reader<'_>, claim_headers: &[(String, String)]) -> Vec<String> {
    const SETTING: &str = "FORWARD_HEADERS";
    let mut names = Vec::new();
    for (index, name) in reader.list(SETTING).unwrap_or_default().iter().enumerate() {
        let name = name.to_ascii_lowercase();
        if !is_token(&name) || name.contains('*') {
            reader.item_error(SETTING, index, "is not a header: write each name in full");
        } else if is_reserved(&name) {
            reader.error(
                SETTING,
                ["must not name ", &name, ", which a client must not set"].concat(),
            );
        } else if claim_headers.iter().any(|(_, header)| same_name(header, &name)) {
            let setter = reader.name_of("CLAIM_HEADERS");
            reader.error(SETTING, ["must not name ", &name, ", which ", setter, " sets"].concat());
        } else {
            names.push(name);
        }
    }
    names
}
