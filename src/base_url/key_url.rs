//! The URL of a JWK Set. Unlike a base URL, it may have a query.

use std::fmt;

use super::BaseUrl;

/// The URL of a JWK Set, as the edge fetches it.
#[derive(Debug)]
pub struct KeyUrl {
    base: BaseUrl,
    /// A slash at the end of the path, and the query: a base URL has neither
    rest: String,
}

impl KeyUrl {
    /// Parses a URL with `http` or `https`. Some identity providers tell JWK Sets apart by a query.
    ///
    /// # Errors
    /// What is wrong with it; the text follows its name in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains('#') {
            return Err("has a fragment".into());
        }
        let (address, query) = match text.split_once('?') {
            Some((address, query)) => (address, Some(query)),
            None => (text, None),
        };
        let base = BaseUrl::parse(address)?;
        if query.is_some_and(|query| query.is_empty() || !query.bytes().all(may_be_in_query)) {
            return Err("has an empty query, or an unusual one".into());
        }
        let ends_in_slash = address.ends_with('/') && !base.path().is_empty();
        let needs_slash = query.is_some() && base.path().is_empty();
        let mut rest = String::new();
        if ends_in_slash || needs_slash {
            rest.push('/');
        }
        if let Some(query) = query {
            rest.push('?');
            rest.push_str(query);
        }
        Ok(Self { base, rest })
    }

    /// Its origin (RFC 6454).
    pub fn origin(&self) -> &str {
        self.base.origin()
    }

    /// Its path, with the query if there is one.
    pub fn path(&self) -> String {
        [self.base.path(), &self.rest].concat()
    }

    /// See [`BaseUrl::exposure`].
    pub fn exposure(&self) -> Option<String> {
        self.base.exposure()
    }
}

impl fmt::Display for KeyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.base, self.rest)
    }
}

/// RFC 3986, section 3.4.
fn may_be_in_query(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/?".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_url_keeps_its_slash_and_its_query() {
        for (text, expected) in [
            ("https://App.example:443/keys.json", "https://app.example/keys.json"),
            (
                "https://login.example/t/discovery/v2.0/keys?p=B2C_1_sign-in&v=1.0",
                "https://login.example/t/discovery/v2.0/keys?p=B2C_1_sign-in&v=1.0",
            ),
            ("https://app.example/keys/?p=a%20b/c?d", "https://app.example/keys/?p=a%20b/c?d"),
            ("https://app.example?p=1", "https://app.example/?p=1"),
            ("https://app.example/?p=1", "https://app.example/?p=1"),
            ("https://app.example/", "https://app.example"),
            ("https://app.example/keys/", "https://app.example/keys/"),
        ] {
            assert_eq!(KeyUrl::parse(text).unwrap().to_string(), expected, "{text}");
        }
        assert!(KeyUrl::parse("http://a.example.com/k?p=1").unwrap().exposure().is_some());
    }

    #[test]
    fn a_text_that_is_not_a_key_url_is_rejected() {
        for text in [
            "",
            "keys.json",
            "/keys?p=1",
            "ftp://app.example/keys",
            "https://app.example/keys#k",
            "https://app.example/keys?p=1#k",
            "https://app.example/keys#",
            "https://app.example/keys?",
            "https://app.example/keys?p=a b",
            "https://app.example/keys?p=\"",
            "https://app.example/keys?p=ä",
            "https://app.example/keys?p=\n",
            "https://u:p@app.example/keys?p=1",
            "https://?p=1",
        ] {
            assert!(KeyUrl::parse(text).is_err(), "{text}");
        }
        assert_eq!(KeyUrl::parse("https://a/#k").unwrap_err(), "has a fragment");
    }
}
