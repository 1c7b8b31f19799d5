//! The kinds of credentials, which rules tell apart.

use crate::error::{Code, Error};

/// The kind of a credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CredentialKind {
    /// A JWT that the client sent
    Jwt,
    /// A session: by its cookie, its cookie cache or its token
    Session,
    /// An API key, or a token that Better Auth issued for one
    ApiKey,
}

impl CredentialKind {
    pub(crate) const ALL: [Self; 3] = [Self::Jwt, Self::Session, Self::ApiKey];

    /// The name in rules, assertions and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Session => "session",
            Self::ApiKey => "api-key",
        }
    }

    /// The kind with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The kinds that a rule accepts. The default is all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AcceptedKinds(u8);

impl AcceptedKinds {
    /// Checks a credential's kind, if it is known.
    ///
    /// # Errors
    /// [`Code::CredentialNotAccepted`], also for an unknown kind.
    pub fn check(self, kind: Option<CredentialKind>) -> Result<(), Error> {
        if kind.is_some_and(|kind| self.accept(kind)) {
            return Ok(());
        }
        let accepted: Vec<_> = self.kinds().map(CredentialKind::name).collect();
        let kind = kind.map_or("a credential of unknown kind", CredentialKind::name);
        let detail = ["this path accepts ", &accepted.join(" or "), ", and not ", kind].concat();
        Err(Error::new(Code::CredentialNotAccepted, detail))
    }

    /// Whether it accepts that kind.
    pub(crate) fn accept(self, kind: CredentialKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// The accepted kinds.
    pub(crate) fn kinds(self) -> impl Iterator<Item = CredentialKind> {
        CredentialKind::ALL.into_iter().filter(move |kind| self.accept(*kind))
    }

    /// Whether it accepts a kind that the other does not.
    pub(crate) fn accept_more_than(self, other: Self) -> bool {
        self.0 & !other.0 != 0
    }
}

impl Default for AcceptedKinds {
    fn default() -> Self {
        CredentialKind::ALL.into_iter().collect()
    }
}

impl FromIterator<CredentialKind> for AcceptedKinds {
    fn from_iter<I: IntoIterator<Item = CredentialKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |all, kind| all | kind.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_kinds_are_a_set() {
        let all = AcceptedKinds::default();
        let keys = AcceptedKinds::from_iter([CredentialKind::ApiKey, CredentialKind::ApiKey]);
        assert!(all.kinds().eq(CredentialKind::ALL) && keys.kinds().eq([CredentialKind::ApiKey]));
        assert!(all.accept_more_than(keys) && !keys.accept_more_than(all));
        assert!(!keys.accept(CredentialKind::Jwt) && !all.accept_more_than(all));
        let two = AcceptedKinds::from_iter([CredentialKind::Jwt, CredentialKind::Session]);
        assert!(two.accept_more_than(keys) && keys.accept_more_than(two));
    }

    #[test]
    fn an_unknown_kind_is_not_accepted() {
        let all = AcceptedKinds::default();
        assert!(CredentialKind::ALL.into_iter().all(|kind| all.check(Some(kind)).is_ok()));
        let error = all.check(None).expect_err("nothing says what the credential is");
        assert_eq!(error.code(), Code::CredentialNotAccepted);
    }
}
