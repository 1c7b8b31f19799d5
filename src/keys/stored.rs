//! A JWK Set as it is kept for other isolates: a line that says when it was asked for and where, and
//! the document as it came.
//!
//! What is read back is believed no more than what comes from the network.

use super::key_set::KeySet;

/// The record of a document that was asked for at `asked`, in seconds since 1970.
pub(super) fn write(url: &str, asked: f64, document: &[u8]) -> Vec<u8> {
    // rounded down: a set must not look younger than it is
    let line = format!("{} {url}\n", (asked * 1_000.0) as u64);
    [line.as_bytes(), document].concat()
}

/// When the record's set was asked for, and the set; nothing if it is not that URL's, or no set.
pub(super) fn read(url: &str, record: &[u8]) -> Option<(f64, KeySet)> {
    let end = record.iter().position(|byte| *byte == b'\n')?;
    let (line, document) = (&record[..end], &record[end + 1..]);
    let (asked, from) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let asked: u64 = asked.parse().ok()?;
    if from != url {
        return None;
    }
    Some((asked as f64 / 1_000.0, KeySet::parse(document).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://app.example/api/auth/jwks";

    #[test]
    fn a_record_is_read_as_it_was_written_and_by_nobody_elses_url() {
        let record = write(URL, 1_750_000_000.25, br#"{"keys":[]}"#);
        assert_eq!(record, b"1750000000250 https://app.example/api/auth/jwks\n{\"keys\":[]}");
        let (asked, set) = read(URL, &record).unwrap();
        assert_eq!((asked, set.len()), (1_750_000_000.25, 0));
        assert!(read("https://app.example/api/auth/jwk", &record).is_none());
    }

    #[test]
    fn what_is_no_record_is_nothing() {
        for record in [
            "",
            "\n",
            "{\"keys\":[]}",
            "1 https://app.example/api/auth/jwks",
            "1 https://app.example/api/auth/jwks\n",
            "1 https://app.example/api/auth/jwks\n<html>",
            "1 https://app.example/api/auth/jwks \n{\"keys\":[]}",
            "-1 https://app.example/api/auth/jwks\n{\"keys\":[]}",
            "1.5 https://app.example/api/auth/jwks\n{\"keys\":[]}",
            "https://app.example/api/auth/jwks\n{\"keys\":[]}",
        ] {
            assert!(read(URL, record.as_bytes()).is_none(), "{record:?}");
        }
    }
}
