//! What the upstream reports about a request.

/// What reached the upstream, in the response header [`ECHO`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Echo {
    pub(super) method: String,
    pub(super) target: String,
    /// The values of the identity headers, `-` if absent
    pub(super) user: String,
    pub(super) email: String,
    /// The client address
    pub(super) address: String,
    /// The number of forged headers
    pub(super) forged: usize,
    /// `unchecked`, `good`, `-` if absent, or what is wrong with it
    pub(super) assertion: String,
    /// Of the body
    pub(super) length: usize,
    pub(super) hash: String,
}

/// The response header that contains an [`Echo`].
pub(super) const ECHO: &str = "x-soak-echo";

/// An assertion that was not in the sample.
pub(super) const UNCHECKED: &str = "unchecked";
/// A valid assertion.
pub(super) const GOOD: &str = "good";

impl Echo {
    /// The header as a line.
    pub(super) fn line(&self) -> String {
        let Self { method, target, user, email, address, forged, assertion, length, hash } = self;
        format!(
            "{ECHO}: {method} {target} {user} {email} {address} {forged} {assertion} {length} {hash}\r\n"
        )
    }

    /// Parses the value of the header.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut words = value.split(' ');
        let mut next = || words.next().map(str::to_owned);
        Some(Self {
            method: next()?,
            target: next()?,
            user: next()?,
            email: next()?,
            address: next()?,
            forged: next()?.parse().ok()?,
            assertion: next()?,
            length: next()?.parse().ok()?,
            hash: next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_survives_the_header() {
        let echo = Echo {
            method: "GET".into(),
            target: "/api/a/x?q=1".into(),
            user: "a".into(),
            email: "-".into(),
            address: "198.51.0.1".into(),
            forged: 2,
            assertion: GOOD.into(),
            length: 7,
            hash: "-".into(),
        };
        let header = echo.line();
        let value = header.trim_end().split_once(": ").map(|(_, value)| value).unwrap();
        assert_eq!(Echo::parse(value), Some(echo));
        assert_eq!(Echo::parse("GET /"), None);
    }
}
