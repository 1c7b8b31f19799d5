//! Domains whose subdomains belong to others than the owner of a setting. A list can only know some of them.

/// Whether a domain of two labels is one under which countries register domains, or its last label is a
/// number: then it is an address.
pub(super) fn is_public_suffix(domain: &str) -> bool {
    let mut labels = domain.rsplit('.');
    let (last, second) = (labels.next().unwrap_or_default(), labels.next().unwrap_or_default());
    let is_of_country = last.len() == 2 && REGISTRIES.contains(&second) && labels.next().is_none();
    is_of_country || last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether everyone can publish under a name of their choice there, of the domains that are known for it.
pub(super) fn is_shared(domain: &str) -> bool {
    SHARED_DOMAINS.contains(&domain)
}

/// Second labels of such domains, as in `co.uk` and `com.au`.
const REGISTRIES: [&str; 19] = [
    "ac", "asn", "co", "com", "edu", "gen", "go", "gob", "gov", "gv", "ltd", "mil", "ne", "net",
    "nom", "or", "org", "plc", "sch",
];

const SHARED_DOMAINS: [&str; 36] = [
    "amplifyapp.com",
    "appspot.com",
    "azurestaticapps.net",
    "azurewebsites.net",
    "bitbucket.io",
    "blogspot.com",
    "cloudfront.net",
    "codeberg.page",
    "deno.dev",
    "firebaseapp.com",
    "fly.dev",
    "github.dev",
    "github.io",
    "githubpreview.dev",
    "gitlab.io",
    "glitch.me",
    "herokuapp.com",
    "hf.space",
    "lovable.app",
    "netlify.app",
    "ngrok-free.app",
    "ngrok.app",
    "ngrok.io",
    "now.sh",
    "onrender.com",
    "pages.dev",
    "railway.app",
    "render.com",
    "replit.app",
    "run.app",
    "surge.sh",
    "trycloudflare.com",
    "up.railway.app",
    "vercel.app",
    "web.app",
    "workers.dev",
];
