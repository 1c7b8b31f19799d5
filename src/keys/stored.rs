//! The record of a JWK Set in the store: a line with the time and the URL of its fetch, and the
//! document.
//!
//! A record is parsed as strictly as a response from the network.

use super::key_set::KeySet;

/// The record of a document whose fetch began at `started`, in seconds since 1970.
pub(super) fn write(url: &str, started: f64, document: &[u8]) -> Vec<u8> {
    // rounded down: a set must not look younger than it is
    let line = format!("{} {url}\n", (started * 1_000.0) as u64);
    [line.as_bytes(), document].concat()
}

/// When the fetch began, and the set. `None` for the record of another URL, or for an invalid one.
pub(super) fn read(url: &str, record: &[u8]) -> Option<(f64, KeySet)> {
    let end = record.iter().position(|byte| *byte == b'\n')?;
    let (line, document) = (&record[..end], &record[end + 1..]);
    let (started, from) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let started: u64 = started.parse().ok()?;
    if from != url {
        return None;
    }
    Some((started as f64 / 1_000.0, KeySet::parse(document).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://app.example/api/auth/jwks";

    #[test]
    fn a_record_is_read_for_its_own_url_only() {
        let record = write(URL, 1_750_000_000.25, br#"{"keys":[]}"#);
        assert_eq!(record, b"1750000000250 https://app.example/api/auth/jwks\n{\"keys\":[]}");
        let (started, set) = read(URL, &record).unwrap();
        assert_eq!((started, set.len()), (1_750_000_000.25, 0));
        assert!(read("https://app.example/api/auth/jwk", &record).is_none());
    }

    #[test]
    fn an_invalid_record_is_ignored() {
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
