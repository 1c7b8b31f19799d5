//! What to do with a request: a decision from its head, the settings, the keys and the time.
//!
//! ```text
//! credentials -> rules -> verifier -> isolation -> forward
//! ```
//!
//! A decision is data. Carrying it out, streaming bodies included, is the host's part.

mod credentials;
mod forward;
mod head;
mod isolation;
mod path;
mod problem;
mod rules;
mod settings;

pub use forward::{Forward, HeaderEdit};
pub use head::RequestHead;
pub use path::Path;
pub use problem::ProblemResponse;
pub use rules::{Access, Rule, Rules};
pub use settings::{SettingFault, Settings};

use std::sync::Arc;

use crate::error::{Code, Error};
use crate::host::Host;
use crate::verifier::{Verified, Verifier};

/// A gateway in front of one origin.
#[derive(Debug)]
pub struct Gateway {
    verifier: Verifier,
    rules: Rules,
    forwarding: forward::Forwarding,
}

impl Gateway {
    /// A gateway by these settings. Nothing is fetched before the first token asks for a key.
    pub fn new(settings: Settings) -> Self {
        let Settings { verifier, rules, forwarding } = settings;
        Self { verifier, rules, forwarding }
    }

    /// What to do with a request. The way is one, and it never turns back.
    pub async fn decide<H: Host>(&self, head: &RequestHead, host: &H) -> Decision {
        let request_id = head.request_id().unwrap_or_else(|| host.request_id());
        match self.admit(head, host).await {
            Ok((path, user)) => {
                let forward = self.forwarding.forward(head, &path, user.as_deref(), &request_id);
                Decision::Forward(forward, request_id)
            }
            Err(error) => Decision::Respond(ProblemResponse::new(&error, &request_id), error),
        }
    }

    async fn admit<H: Host>(
        &self,
        head: &RequestHead,
        host: &H,
    ) -> Result<(Path, Option<Arc<Verified>>), Error> {
        let path = Path::parse(head.path())?;
        let matched = self.rules.first_match(head.method(), &path);
        if matched.access == Access::Public {
            return Ok((path, None));
        }
        let user = match credentials::bearer(head)? {
            Some(token) => Some(self.verifier.verify(token, host).await?),
            None if matched.access == Access::Optional => None,
            None => return Err(Error::new(Code::MissingToken, MISSING_TOKEN)),
        };
        isolation::check(&matched, user.as_deref())?;
        Ok((path, user))
    }
}

/// What to do with a request.
#[derive(Debug)]
pub enum Decision {
    /// Send it on, changed like this; the request id is for the log and for a failure's answer
    Forward(Forward, String),
    /// Answer it here, for this reason
    Respond(ProblemResponse, Error),
}

const MISSING_TOKEN: &str =
    "send a Better Auth JWT as \"Authorization: Bearer <token>\"; /api/auth/token issues one";
