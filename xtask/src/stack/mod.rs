//! The whole stack on loopback: a real Better Auth, a real FastAPI upstream, the Worker in workerd.
//! It uses free ports and a temporary directory, and releases both when it is dropped.

mod edge;

pub use edge::Edge;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use crate::directory::Directory;
use crate::http::{self, Response};
use crate::port::free_port;
use crate::process::Server;
use crate::{build, root, setup, token, usage, workerd};

/// Installs and builds everything that a stack needs.
pub fn prepare() -> Result<()> {
    setup::npm_packages()?;
    setup::python()?;
    // the example's Better Auth has a plugin of the package
    build::npm()?;
    build::worker()
}

/// Better Auth, FastAPI and the Worker, each with its base URL.
pub struct Stack {
    /// Dropped first, because it depends on the others
    edge: Server,
    _api: Server,
    auth: Server,
    database: Database,
    /// The Worker's base URL
    pub edge_url: String,
    /// FastAPI's base URL
    pub api_url: String,
    /// Better Auth's base URL
    pub auth_url: String,
    /// The private JWK that signs the edge's assertions
    pub signing_key: String,
    secret: String,
    _directory: Directory,
}

impl Stack {
    /// Starts all three. The Worker has the settings of wrangler.toml, with UUIDs as user ids, a
    /// store of ended sessions, and `changes`.
    pub fn start(changes: &[(&str, Value)]) -> Result<Self> {
        Self::start_with(changes, None, Storage::Sqlite, "")
    }

    /// The same with this kind of database for Better Auth and FastAPI.
    pub fn start_on(storage: Storage) -> Result<Self> {
        Self::start_with(&[], None, storage, "")
    }

    /// The same with `origin` as a trusted origin of Better Auth, so that its pages can sign in.
    /// Its server can read the ended sessions with `feed_token`, and its demo page works.
    pub fn start_for_pages(origin: &str, feed_token: &str, storage: Storage) -> Result<Self> {
        let changes = [("REVOCATION_FEED_TOKEN", json!(feed_token))];
        Self::start_with(&changes, None, storage, origin)
    }

    /// The same with a cookie cache that Better Auth signs with `jwks` or its `secret` and that the
    /// Worker accepts. It forwards to the upstream `origin`, because the example's requires tokens.
    pub fn start_with_cookie_cache(signed_by: &str, origin: &str) -> Result<Self> {
        let changes = [("COOKIE_CACHE", json!(signed_by)), ("ORIGIN_URL", json!(origin))];
        Self::start_with(&changes, Some(signed_by), Storage::Sqlite, "")
    }

    fn start_with(
        changes: &[(&str, Value)],
        cookie_cache: Option<&str>,
        storage: Storage,
        pages: &str,
    ) -> Result<Self> {
        let directory = Directory::new()?;
        let database = Database::start(storage, directory.path())?;
        let secret = random_token()?;
        let signing_key = token::private_jwk(&SigningKey::from_bytes(&random()?)).to_string();
        // the others need the edge's port
        let port = free_port()?;
        let edge_url = format!("http://127.0.0.1:{port}");
        let (auth, auth_url) = start_auth(&database, &secret, cookie_cache, pages, &edge_url)?;
        let (api, api_url) = start_api(&database, port, pages)?;
        let mut settings = workerd::Settings::from_wrangler()?
            .by_uuid()
            .with("BETTER_AUTH_URL", json!(auth_url))
            .with("ORIGIN_URL", json!(api_url))
            .with("EDGE_ISSUER", json!(edge_url))
            .with("EDGE_SIGNING_KEY", json!(signing_key));
        settings.objects = Some(workerd::Objects { wrapper: None });
        if cookie_cache == Some("secret") {
            settings = settings.with("BETTER_AUTH_SECRET", json!(secret));
        }
        for (name, value) in changes {
            settings = settings.with(name, value.clone());
        }
        settings.port = port;
        let (edge, edge_url) = workerd::start(&directory.path().join("edge"), &settings)?;
        Ok(Self {
            edge,
            _api: api,
            auth,
            database,
            edge_url,
            api_url,
            auth_url,
            signing_key,
            secret,
            _directory: directory,
        })
    }

    /// Signs a new user up over HTTP, as a browser does.
    pub fn sign_up(&self, name: &str) -> Result<User> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        self.enter("sign-up", name, &format!("user{number}@example.com"))
    }

    /// Signs a user in once more, with another session.
    pub fn sign_in(&self, user: &User) -> Result<User> {
        self.enter("sign-in", "", &user.email)
    }

    fn enter(&self, how: &str, name: &str, email: &str) -> Result<User> {
        let body = json!({"name": name, "email": email, "password": "correct horse battery"});
        let url = format!("{}/api/auth/{how}/email", self.auth_url);
        let response = http::post(&url, &[("origin", &self.auth_url)], &body)?;
        ensure!(response.status == 200, "the {how} of {email} returned {}", response.outcome());
        let session_token =
            response.header("set-auth-token").context("no set-auth-token")?.to_owned();
        let uuid = response.json()["user"]["uuid"].as_str().context("no uuid")?.to_owned();
        let mut cookies = response.all("set-cookie").map(|cookie| cookie.split(';').next());
        let cookie = cookies.next().flatten().context("no session cookie")?.to_owned();
        let all: Vec<_> = [cookie.as_str()].into_iter().chain(cookies.flatten()).collect();
        let cookies = all.join("; ");
        Ok(User { email: email.to_owned(), session_token, cookie, cookies, uuid })
    }

    /// A JWT for a signed-in user, from Better Auth.
    pub fn token(&self, user: &User) -> Result<String> {
        let url = format!("{}/api/auth/token", self.auth_url);
        let session = format!("Bearer {}", user.session_token);
        let response = http::get(&url, &[("authorization", &session)])?;
        let token = response.json()["token"].as_str().map(str::to_owned);
        token.with_context(|| format!("/api/auth/token returned {}", response.status))
    }

    /// Gets a path through the Worker with a bearer token.
    pub fn get(&self, path: &str, token: &str) -> Result<Response> {
        self.get_with(path, &[("authorization", &format!("Bearer {token}"))])
    }

    /// Gets a path through the Worker with any headers.
    pub fn get_with(&self, path: &str, headers: http::Headers<'_>) -> Result<Response> {
        http::get(&format!("{}{path}", self.edge_url), headers)
    }

    /// Rotates Better Auth's signing key with the example's script, as an operator does.
    pub fn rotate_keys(&self) -> Result<()> {
        let mut command = auth_program("src/rotate-keys.ts", &self.database, &self.secret);
        let output = command.output()?;
        ensure!(
            output.status.success(),
            "rotate-keys failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Stops Better Auth.
    pub fn stop_auth(&mut self) {
        self.auth.stop();
    }

    /// The Worker's log so far.
    pub fn edge_log(&self) -> String {
        self.edge.log()
    }

    /// The resident memory of the Worker's process, in bytes.
    pub fn edge_memory(&self) -> Result<u64> {
        usage::memory(workerd::process_id(&self.edge)?)
    }
}

/// A user who has signed up.
#[derive(Clone, Debug)]
pub struct User {
    /// The address for a sign-in
    pub email: String,
    /// Better Auth's base URL opaque session token
    pub session_token: String,
    /// The session cookie, as a browser sends it: name and value
    pub cookie: String,
    /// All cookies, as a browser sends them: the session cookie, and the cookie cache if enabled
    pub cookies: String,
    /// The user's id in the application
    pub uuid: String,
}

fn start_auth(
    database: &Database,
    secret: &str,
    cookie_cache: Option<&str>,
    pages: &str,
    edge_url: &str,
) -> Result<(Server, String)> {
    let mut command = auth_program("src/server.ts", database, secret);
    command.env("COOKIE_CACHE", cookie_cache.unwrap_or_default());
    command.envs([("BETTER_AUTH_TRUSTED_ORIGINS", pages), ("EDGE_URL", edge_url)]);
    command.env("DEMO", u8::from(!pages.is_empty()).to_string());
    Server::start("Better Auth", &mut command, |line| listening(line, "Better Auth"))
}

fn auth_program(script: &str, database: &Database, secret: &str) -> Command {
    let mut command = Command::new("node");
    command
        .args(["--import", "tsx", script])
        .current_dir(root().join("examples/fullstack/auth"))
        .envs([("BETTER_AUTH_SECRET", secret), ("DATABASE_URL", &database.auth_url)])
        .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("EXIT_WITH_PARENT", "1")])
        .env_remove("BETTER_AUTH_URL");
    command
}

/// The upstream, which trusts only the edge at this port.
fn start_api(database: &Database, edge_port: u16, pages: &str) -> Result<(Server, String)> {
    let port = free_port()?;
    let url = format!("http://127.0.0.1:{port}");
    let edge_url = format!("http://127.0.0.1:{edge_port}");
    let mut command = api_program(&["-m", "app"])?;
    command
        .envs([("EDGE_JWKS_URL", &edge_url), ("EDGE_AUDIENCE", &url)])
        .env("DATABASE_URL", &database.api_url)
        .envs([("HOST", "127.0.0.1"), ("PORT", &port.to_string()), ("EXIT_WITH_PARENT", "1")])
        .env("NO_PROXY", "127.0.0.1")
        .env("DEMO", u8::from(!pages.is_empty()).to_string())
        .env_remove("EDGE_AUTH_MODE")
        .env_remove("EDGE_ISSUER")
        .env_remove("BETTER_AUTH_URL");
    Server::start("FastAPI", &mut command, |line| listening(line, "FastAPI"))
}

/// Python in the example's API.
fn api_program(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(setup::python()?);
    command
        .args(arguments)
        .current_dir(root().join("examples/fullstack/api"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// The database of Better Auth and FastAPI.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Storage {
    /// A file
    Sqlite,
    /// A temporary server, with a role for each of them
    Postgres,
}

/// A database with every table, by the API's migrations.
struct Database {
    _server: Option<Server>,
    /// The URL for Better Auth's role
    auth_url: String,
    /// The URL for the API's role
    api_url: String,
}

impl Database {
    fn start(storage: Storage, directory: &Path) -> Result<Self> {
        match storage {
            Storage::Sqlite => Self::in_a_file(&directory.join("app.db")),
            Storage::Postgres => Self::on_a_server(),
        }
    }

    fn in_a_file(file: &Path) -> Result<Self> {
        let (auth_url, api_url) =
            (format!("file:{}", file.display()), format!("sqlite:///{}", file.display()));
        let mut migration = api_program(&["-m", "alembic", "upgrade", "head"])?;
        setup::run(migration.env("DATABASE_URL", &api_url))?;
        Ok(Self { _server: None, auth_url, api_url })
    }

    fn on_a_server() -> Result<Self> {
        setup::postgres()?;
        let mut command = api_program(&["-m", "tests.postgres"])?;
        let (server, (api_url, auth_url)) = Server::start("PostgreSQL", &mut command, |line| {
            let urls = line.strip_prefix("PostgreSQL listening for ")?;
            let (api, auth) = urls.trim().split_once(' ')?;
            Some((api.to_owned(), auth.to_owned()))
        })?;
        Ok(Self { _server: Some(server), auth_url, api_url })
    }
}

fn listening(line: &str, name: &str) -> Option<String> {
    let url = line.strip_prefix(name)?.strip_prefix(" listening on ")?;
    Some(url.trim().to_owned())
}

/// A secret that cannot be guessed.
pub(crate) fn random_token() -> Result<String> {
    Ok(hexadecimal(&random()?))
}

/// 32 random bytes, from the system.
fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
