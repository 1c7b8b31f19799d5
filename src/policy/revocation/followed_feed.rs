//! The feed of an edge, for a host that verifies tokens without a gateway.

use super::settings::RevocationSettings;
use super::{Revocations, Verdict};
use crate::config::error::SettingError;
use crate::config::reader::Reader;
use crate::config::value::SettingValue;
use crate::error::{Code, Error};
use crate::host::{Host, Level};
use crate::verifier::{Verified, Verifier};

/// The feed of an edge that has a store of revocations. Reads it when a token is checked.
#[derive(Debug)]
pub struct FollowedFeed(Revocations);

impl FollowedFeed {
    /// The feed that the settings name, for the tokens of this verifier. `lookup` returns the text
    /// of a setting: `REVOCATIONS_URL`, `REVOCATIONS_TOKEN`, `REVOCATION_LAG`,
    /// `REVOCATION_FAILURE_AGE`, `REVOCATION_ON_FAILURE`, `REVOCATION_SHARDS` and
    /// `CLOCK_TOLERANCE`. `None` without `REVOCATIONS_URL`.
    ///
    /// # Errors
    /// Every error in these settings.
    pub fn from_settings(
        lookup: impl Fn(&str) -> Option<String>,
        verifier: &Verifier,
    ) -> Result<Option<Self>, Vec<SettingError>> {
        let verifiers = std::slice::from_ref(verifier);
        let settings = read(lookup)?;
        Ok(settings.and_then(|settings| Revocations::new(settings, verifiers)).map(Self))
    }

    /// The errors in these settings.
    pub fn setting_errors(lookup: impl Fn(&str) -> Option<String>) -> Vec<SettingError> {
        read(lookup).err().unwrap_or_default()
    }

    /// Checks that the session of a token that the verifier has just accepted has not ended. Waits
    /// if the feed must be read first.
    ///
    /// # Errors
    /// [`Code::SessionRevoked`], [`Code::RevocationsUnavailable`]
    pub async fn check<H: Host>(&self, verified: &Verified, host: &H) -> Result<(), Error> {
        match self.0.check(verified, host).await {
            Verdict::Valid => Ok(()),
            Verdict::Outdated(warning) => {
                host.log(Level::Warn, &warning);
                Ok(())
            }
            Verdict::SessionEnded | Verdict::UserEnded => {
                Err(Error::new(Code::SessionRevoked, SESSION_ENDED))
            }
            Verdict::Unavailable(error) => Err(error),
        }
    }

    /// Whether a token that passed [`check`](Self::check) before would pass it again at `now`, in
    /// seconds since 1970, without reading the feed. Takes no lock.
    pub fn is_known_valid(&self, verified: &Verified, now: f64) -> bool {
        self.0.is_known_valid(verified, now)
    }

    /// How often the feed has made a key set due. If this changes during
    /// [`check`](Self::check), verify the token once more.
    pub fn key_changes(&self) -> u64 {
        self.0.key_changes()
    }
}

fn read(
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Option<RevocationSettings>, Vec<SettingError>> {
    let source = |name: &str| lookup(name).map(SettingValue::Variable);
    let mut reader = Reader::new(&source);
    let settings = RevocationSettings::read(&mut reader);
    match reader.is_valid() {
        true => Ok(settings),
        false => Err(reader.into_errors()),
    }
}

pub(crate) const SESSION_ENDED: &str = "the session of the token has ended";
