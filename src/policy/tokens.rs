//! Reads a verifier's options from the settings. All verifiers use this: that of the first issuer,
//! and those of `ISSUERS`, of the cookie cache and of JavaScript, which then change some options.

use crate::claims::RequiredClaim;
use crate::config::reader::Reader;
use crate::policy::revocation::token_lifetime;
use crate::verifier::{Verifier, VerifierOptions};

/// The options of a verifier: where its keys are, and which tokens it accepts.
pub(crate) fn token_options(reader: &mut Reader<'_>) -> VerifierOptions {
    let algorithms = reader.list("ALGORITHMS");
    VerifierOptions {
        base_url: reader.text("BETTER_AUTH_URL"),
        base_path: reader.text("BETTER_AUTH_BASE_PATH"),
        jwks_url: reader.text("JWKS_URL"),
        secret: reader.secret(&algorithms),
        issuer: reader.list("ISSUER"),
        audience: reader.list("AUDIENCE"),
        algorithms,
        clock_tolerance: reader.number("CLOCK_TOLERANCE"),
        max_token_age: reader.number("MAX_TOKEN_AGE"),
        // a token that outlives its revocation would be valid again
        max_token_lifetime: reader.number("MAX_TOKEN_LIFETIME").or_else(|| token_lifetime(reader)),
        profile: reader.text("PROFILE"),
        user_claim: reader.list("USER_CLAIM"),
        cache_max_age: reader.number("JWKS_MAX_AGE"),
        cache_stale_age: reader.number("JWKS_STALE_AGE"),
        cooldown: reader.number("JWKS_COOLDOWN"),
        timeout: reader.number("JWKS_TIMEOUT"),
        token_cache: reader.number("TOKEN_CACHE"),
        table_window: reader.number("TABLE_WINDOW"),
        max_token_bytes: reader.number("MAX_TOKEN_BYTES"),
        max_header_bytes: reader.number("MAX_HEADER_BYTES"),
        required_claims: required_claims(reader),
        list_claims: reader.list(LIST_CLAIMS),
        exclusive_audience: reader.optional_switch("EXCLUSIVE_AUDIENCE"),
        jwks: if reader.is_within_app() { reader.text("JWKS") } else { None },
    }
}

/// The setting that names the claims whose text is a comma-separated list.
pub(crate) const LIST_CLAIMS: &str = "LIST_CLAIMS";

/// The verifier with these options. Reports their errors under the names of the settings.
pub(crate) fn verifier(reader: &mut Reader<'_>, options: VerifierOptions) -> Option<Verifier> {
    options.build_with(&mut reader.errors)
}

/// `REQUIRED_CLAIMS`: names separated by commas, or a table from names to accepted values.
fn required_claims(reader: &mut Reader<'_>) -> Option<Vec<RequiredClaim>> {
    const SETTING: &str = "REQUIRED_CLAIMS";
    let text = reader.text(SETTING)?;
    let claims = if text.starts_with(['{', '[']) {
        reader.json(SETTING).and_then(|json| RequiredClaim::list_from_json(&json))
    } else {
        text.split(',').map(|name| RequiredClaim::present(name.trim())).collect()
    };
    if claims.is_none() {
        reader.error(SETTING, "is neither a list of names nor a table of accepted values");
    }
    claims
}

/// Adds the claims that these options name.
pub(crate) fn note_claims(options: &VerifierOptions, known: &mut Vec<String>) {
    known.extend(options.user_claim.iter().flatten().cloned());
    for claim in options.required_claims.iter().flatten() {
        known.push(claim.name().to_owned());
    }
}
