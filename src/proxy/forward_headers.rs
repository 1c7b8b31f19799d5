//! Headers that go on although clients usually have no business sending them, from the settings.

use crate::config::reader::Reader;
use crate::http::fields::is_token;
use crate::http::header_names::{is_the_edges, same_name};

/// `FORWARD_HEADERS`: names, in lower case. None is one by which the edge itself speaks.
pub(crate) fn read(reader: &mut Reader<'_>, claim_headers: &[(String, String)]) -> Vec<String> {
    const SETTING: &str = "FORWARD_HEADERS";
    let mut names = Vec::new();
    for name in reader.list(SETTING).unwrap_or_default() {
        let name = name.to_ascii_lowercase();
        if !is_token(&name) || name.contains('*') {
            reader.error(
                SETTING,
                ["names ", &name, ", which is no header: write each name out"].concat(),
            );
        } else if is_the_edges(&name) {
            reader.error(
                SETTING,
                ["must not name ", &name, ", which is not the client's to say"].concat(),
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
