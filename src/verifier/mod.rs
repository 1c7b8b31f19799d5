//! A token's way: form -> type -> algorithm -> key -> signature -> claims. The first check that
//! fails names the code, and nothing of a later one leaks before it.

mod options;

pub use options::{Fault, VerifierOptions};

use crate::claims::{Claims, Expectations};
use crate::error::{Code, Error};
use crate::host::Host;
use crate::jose::{Algorithm, CompactJws, Header, Limits};
use crate::keys::{KeySource, Wanted};

/// Verifies Better Auth session tokens of one issuer.
#[derive(Debug)]
pub struct Verifier {
    keys: KeySource,
    algorithms: Vec<Algorithm>,
    expectations: Expectations,
    limits: Limits,
}

impl Verifier {
    /// A verifier of tokens that are signed by one of `keys` with one of `algorithms` and say what
    /// is expected.
    pub fn new(keys: KeySource, algorithms: Vec<Algorithm>, expectations: Expectations) -> Self {
        Self { keys, algorithms, expectations, limits: Limits::default() }
    }

    /// Verifies a compact JWS and says whose it is.
    ///
    /// # Errors
    /// Every code with status 401, and [`Code::KeysUnavailable`].
    pub async fn verify<H: Host>(&self, token: &str, host: &H) -> Result<Verified, Error> {
        let jws = CompactJws::parse(token, &self.limits)?;
        self.expectations.check_type(jws.header())?;
        let algorithm = self.allowed_algorithm(jws.header())?;
        let CompactJws { header, signing_input, signature, payload, claims } = jws;
        let claims = Claims::new(payload, claims);

        // Looked at before the signature for the key cache's sake, told to nobody until it holds.
        let now = host.now();
        let expected = self.expectations.check(&claims, now);
        let plausible = expected.is_ok();
        let wanted = Wanted { kid: header.kid(), algorithm, since: now, plausible };
        let keys = self.keys.keys(host, &wanted).await?;
        let Some(key) = keys.iter().find(|key| key.verifies(signing_input, &signature)) else {
            return Err(Error::new(Code::BadSignature, BAD_SIGNATURE));
        };
        expected?;
        let kid = key.kid().map(str::to_owned);
        let user_claim = self.expectations.user_claim().name().into();
        Ok(Verified { claims, algorithm, kid, user_claim })
    }

    /// The algorithm comes from our list; the token may only choose from it.
    fn allowed_algorithm(&self, header: &Header) -> Result<Algorithm, Error> {
        Algorithm::from_name(header.algorithm())
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or_else(|| {
                let allowed: Vec<_> = self.algorithms.iter().map(|a| a.name()).collect();
                let allowed = allowed.join(", ");
                let detail =
                    format!("the token's \"alg\" is not one of those accepted here: {allowed}");
                Error::new(Code::UnsupportedAlgorithm, detail)
            })
    }
}

const BAD_SIGNATURE: &str =
    "the signature does not fit the token and the auth server's key: one of them was changed";

/// A token that has passed every check.
#[derive(Clone, Debug)]
pub struct Verified {
    claims: Claims,
    algorithm: Algorithm,
    kid: Option<String>,
    user_claim: Box<str>,
}

impl Verified {
    /// What the token says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Who the user is: the value of the user claim, never empty.
    pub fn user(&self) -> &str {
        // the claim has been checked: a token without it does not get here
        self.claims.text_claim(&self.user_claim).unwrap_or_default()
    }

    /// The algorithm that signed it.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The id of the key that signed it.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}
