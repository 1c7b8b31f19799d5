//! The feed of an edge, for a host that verifies tokens without a gateway.

use std::sync::Arc;

use super::settings::RevocationSettings;
use super::{Revocations, Verdict};
use crate::config::error::SettingError;
use crate::config::reader::Reader;
use crate::config::value::SettingValue;
use crate::error::Error;
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

    /// Verifies a token whose session must not have ended. Waits if the feed must be read first.
    /// Verifies once more if the feed says that the auth server has replaced its keys meanwhile.
    ///
    /// # Errors
    /// Those of [`Verifier::verify`], [`SessionRevoked`](crate::Code::SessionRevoked),
    /// [`RevocationsUnavailable`](crate::Code::RevocationsUnavailable)
    pub async fn verify<H: Host>(
        &self,
        verifier: &Verifier,
        token: &str,
        host: &H,
    ) -> Result<Arc<Verified>, Error> {
        let key_changes = self.0.key_changes();
        let verified = verifier.verify(token, host).await?;
        self.check(&verified, host).await?;
        match self.0.key_changes() == key_changes {
            true => Ok(verified),
            false => verifier.verify(token, host).await,
        }
    }

    /// Whether a token that [`verify`](Self::verify) accepted before has a session that goes on at
    /// `now`, in seconds since 1970, without reading the feed. Takes no lock.
    pub fn is_known_valid(&self, verified: &Verified, now: f64) -> bool {
        self.0.is_known_valid(verified, now)
    }

    async fn check<H: Host>(&self, verified: &Verified, host: &H) -> Result<(), Error> {
        match self.0.check(verified, host).await {
            Verdict::Valid => Ok(()),
            Verdict::Outdated(warning) => {
                host.log(Level::Warn, &warning);
                Ok(())
            }
            Verdict::Ended { error, .. } | Verdict::Unavailable(error) => Err(error),
        }
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
