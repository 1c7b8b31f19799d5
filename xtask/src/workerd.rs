//! Runs the Worker in workerd, the runtime of Cloudflare Workers, without wrangler.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::process::Server;
use crate::root;

/// Copies the built Worker into `directory` and starts it on a free loopback port with these
/// settings. Returns its base URL.
///
/// With [`BY_SERVE`] in the environment, `better-auth-edge serve` starts it, unless the settings
/// have what only a test needs.
pub(crate) fn start(directory: &Path, settings: &Settings) -> Result<(Server, String)> {
    fs::create_dir_all(directory)?;
    if env::var_os(BY_SERVE).is_some() && settings.are_plain() {
        return start_by_serve(directory, settings);
    }
    copy_worker(directory)?;
    serve(directory, settings)
}

/// Copies the built Worker into a directory.
pub(crate) fn copy_worker(directory: &Path) -> Result<()> {
    for (name, _) in MODULES {
        fs::copy(root().join("build").join(name), directory.join(name))
            .with_context(|| format!("build/{name} is missing"))?;
    }
    Ok(())
}

/// Copies the built Worker with another program, which `edit` makes from its own.
pub(crate) fn copy_edited(directory: &Path, edit: impl FnOnce(&str) -> String) -> Result<()> {
    copy_worker(directory)?;
    let program = directory.join("index.js");
    let edited = edit(&fs::read_to_string(&program)?);
    Ok(fs::write(program, edited)?)
}

/// Starts the Worker in this directory, `index.js` with an optional `index_bg.wasm`. Returns its
/// base URL.
pub(crate) fn serve(directory: &Path, settings: &Settings) -> Result<(Server, String)> {
    let config = directory.join("config.capnp");
    let modules = MODULES.iter().filter(|(name, _)| directory.join(name).is_file());
    let modules: Vec<_> = modules
        .map(|(name, kind)| format!("(name = \"{name}\", {kind} = embed \"{name}\")"))
        .collect();
    let mut text = settings.capnp(&modules.join(", "));
    if settings.objects.is_some() {
        let objects = directory.join("objects");
        fs::create_dir_all(&objects)?;
        text = text.replace("path = \"objects\"", &format!("path = {objects:?}"));
    }
    fs::write(&config, text)?;

    let workerd = root().join("node_modules/workerd/bin/workerd");
    let ready = |line: &str| {
        let event: Value = serde_json::from_str(line).ok()?;
        let is_first = event["event"] == "listen" && event["socket"] != SECOND;
        is_first.then(|| event["port"].as_u64())?
    };
    let mut command = wrapped(workerd);
    command.arg("serve").arg(&config).arg("--control-fd=1");
    let (server, port) = Server::start("workerd", &mut command, ready)?;
    Ok((server, format!("http://127.0.0.1:{port}")))
}

/// The variable that makes the tests start the Worker by `better-auth-edge serve`.
pub(crate) const BY_SERVE: &str = "WORKER_BY_SERVE";

/// Starts the Worker of the npm package as an operator does without Cloudflare.
fn start_by_serve(directory: &Path, settings: &Settings) -> Result<(Server, String)> {
    let config = directory.join("wrangler.json");
    let vars: Map<_, _> = settings.vars.iter().cloned().collect();
    let date = &settings.compatibility_date;
    fs::write(&config, json!({"compatibility_date": date, "vars": vars}).to_string())?;
    let mut command = wrapped("node");
    command.arg(root().join("npm/dist/node/cli.js")).args(["serve", "--shutdown-timeout", "1"]);
    command.arg("--port").arg(settings.port.to_string()).arg("--config").arg(&config);
    let ready = |line: &str| {
        let event: Value = serde_json::from_str(line).ok()?;
        (event["event"] == "listening").then(|| event["url"].as_str().map(ToOwned::to_owned))?
    };
    Server::start("better-auth-edge serve", &mut command, ready)
}

/// A program that does not exit when its standard input closes, in a shell that then stops it.
fn wrapped(program: impl AsRef<OsStr>) -> Command {
    let wrapper = r#"exec 3<&0
        "$@" 3<&- </dev/null & program=$!
        { read -r _; kill "$program"; } <&3 2>/dev/null & watcher=$!
        trap 'kill "$program"' TERM INT
        echo "pid $program"
        wait "$program"; status=$?
        kill "$watcher" 2>/dev/null
        exit "$status""#;
    let mut command = Command::new("sh");
    command.args(["-c", wrapper, "sh"]).arg(program.as_ref());
    command
}

/// The modules of a Worker, and their types in workerd's configuration.
const MODULES: [(&str, &str); 2] = [("index.js", "esModule"), ("index_bg.wasm", "wasm")];

/// The process id of workerd. [`Server::id`] is the wrapper shell's.
pub(crate) fn process_id(server: &Server) -> Result<u32> {
    let log = server.log();
    let id = log.lines().find_map(|line| line.strip_prefix("pid ")).context("no pid")?;
    Ok(id.parse()?)
}

/// A Worker's configuration: its settings as text or JSON, its bindings, and flags of workerd.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) compatibility_date: String,
    pub(crate) vars: Vec<(String, Value)>,
    pub(crate) v8_flags: Vec<&'static str>,
    /// The port to listen on; 0 for any free port
    pub(crate) port: u16,
    /// Names of bindings, and the base URLs of their servers: a KV namespace for `JWKS_KV`, and
    /// services
    pub(crate) services: Vec<(String, String)>,
    /// Names of bindings, and modules whose default export creates them. The name [`OUTBOUND`] is a
    /// Worker that receives the Worker's fetches
    pub(crate) scripted: Vec<(String, String)>,
    /// The request header that contains `cf` as JSON, as on Cloudflare's servers
    pub(crate) cf_header: Option<&'static str>,
    /// The binding `REVOCATIONS`, if it exists
    pub(crate) objects: Option<Objects>,
}

/// Durable Objects of the class `Revocations`, which a second isolate shares: see [`second_url`].
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    /// A module whose default export makes the binding `REVOCATIONS` from an environment with the
    /// namespace `objects`
    pub(crate) wrapper: Option<String>,
}

/// The base URL of the second isolate.
pub(crate) fn second_url(server: &Server) -> Result<String> {
    let log = server.log_with(SECOND);
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let port = events.filter(|event| event["socket"] == SECOND).find_map(|it| it["port"].as_u64());
    Ok(format!("http://127.0.0.1:{}", port.context("no second isolate")?))
}

const SECOND: &str = "second";

impl Settings {
    /// The settings of wrangler.toml, so that the tests use the deployed settings.
    pub(crate) fn from_wrangler() -> Result<Self> {
        let text = fs::read_to_string(root().join("wrangler.toml"))?;
        let config: Value = toml::from_str(&text).context("wrangler.toml cannot be read")?;
        let date = config["compatibility_date"].as_str().context("no compatibility_date")?;
        let vars = config["vars"].as_object().context("wrangler.toml has no vars")?;
        let vars = vars.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Self {
            compatibility_date: date.to_owned(),
            vars,
            v8_flags: Vec::new(),
            port: 0,
            services: Vec::new(),
            scripted: Vec::new(),
            cf_header: None,
            objects: None,
        })
    }

    /// The same with one setting changed; `null` removes it.
    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.vars.retain(|(n, _)| n != name);
        if !value.is_null() {
            self.vars.push((name.to_owned(), value));
        }
        self
    }

    /// The same with users identified by the claim `uuid`, as in the example.
    pub(crate) fn by_uuid(self) -> Self {
        let mut settings = self.with("USER_CLAIM", json!("uuid"));
        let rules = settings.vars.iter_mut().filter(|(name, _)| name == "ROUTES");
        let rules = rules.filter_map(|(_, rules)| rules.as_array_mut()).flatten();
        let matches = rules.filter_map(|rule| rule.get_mut("match")?.as_object_mut());
        matches.flat_map(|claims| claims.values_mut()).for_each(|claim| *claim = json!("uuid"));
        settings
    }

    /// Whether an operator without Cloudflare can have these settings.
    fn are_plain(&self) -> bool {
        let Self { services, scripted, v8_flags, cf_header, objects, .. } = self;
        let bound = !services.is_empty() || !scripted.is_empty() || objects.is_some();
        !bound && v8_flags.is_empty() && cf_header.is_none()
    }

    fn capnp(&self, modules: &str) -> String {
        let vars = self.vars.iter().map(|(name, value)| binding(name, value));
        let (outbound, scripted): (Vec<_>, Vec<_>) =
            self.scripted.iter().partition(|(name, _)| name == OUTBOUND);
        let outbound = outbound.first().map(|(_, module)| Value::from(module.as_str()));
        let extensions = scripted.iter().map(|(name, module)| extension(name, module));
        let objects = self.objects.as_ref();
        let extensions = extensions.chain(objects.and_then(Objects::extension));
        let extensions = extensions.collect::<Vec<_>>().join(", ");
        let scripted = scripted.iter().map(|(name, _)| {
            format!("(name = \"{name}\", wrapped = (moduleName = \"scripted:{name}\"))")
        });
        let bound = self.services.iter().map(|(name, _)| bound(name));
        let bindings: Vec<_> = vars.chain(bound).chain(scripted).collect();
        let services = self.services.iter().map(|(name, url)| service(name, url));
        let services: String = services.collect();
        let (date, port) = (&self.compatibility_date, self.port);
        let cf = self.cf_header.map(|name| format!("cfBlobHeader = \"{name}\""));
        let cf = cf.unwrap_or_default();
        let global = if outbound.is_some() { OUTBOUND } else { "internet" };
        let outbound = outbound.map_or_else(String::new, |module| {
            let modules = format!("[(name = \"{OUTBOUND}.js\", esModule = {module})]");
            format!(
                "(name = \"{OUTBOUND}\", worker = (modules = {modules}, compatibilityDate = \"{date}\")),"
            )
        });
        let flags: Vec<_> = self.v8_flags.iter().map(|flag| format!("\"{flag}\"")).collect();
        let flags = flags.join(", ");
        let worker = |name: &str, namespace: &str, storage: &str| {
            let own = objects.map(|objects| objects.binding(namespace));
            let bindings: Vec<_> = bindings.iter().cloned().chain(own).collect();
            let bindings = bindings.join(", ");
            format!(
                r#"const {name} :Workerd.Worker = (
  modules = [{modules}],
  compatibilityDate = "{date}",
  bindings = [{bindings}],
  globalOutbound = "{global}",
{storage});
"#
            )
        };
        let (further_services, further_sockets, workers) = match objects {
            None => ("", String::new(), worker("edge", "", "")),
            Some(_) => (
                OBJECT_SERVICES,
                format!(
                    "    (name = \"{SECOND}\", address = \"127.0.0.1:0\", service = \"{SECOND}\"),\n"
                ),
                worker("edge", OWN_NAMESPACE, OBJECT_STORAGE)
                    + &worker(SECOND, OTHER_NAMESPACE, ""),
            ),
        };
        format!(
            r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    {outbound}
    (name = "internet", network = (allow = ["local"])),
{services}{further_services}  ],
  sockets = [
    (name = "http", address = "127.0.0.1:{port}", http = ({cf}), service = "edge"),
{further_sockets}  ],
  v8Flags = [{flags}],
  extensions = [(modules = [{extensions}])],
);
{workers}"#
        )
    }
}

impl Objects {
    /// The binding `REVOCATIONS` to this namespace.
    fn binding(&self, namespace: &str) -> String {
        let bound =
            |name: &str| format!("(name = \"{name}\", durableObjectNamespace = {namespace})");
        match &self.wrapper {
            None => bound(STORE),
            Some(_) => {
                let inner = bound("objects");
                format!(
                    "(name = \"{STORE}\", wrapped = (moduleName = \"scripted:{STORE}\", \
                     innerBindings = [{inner}]))"
                )
            }
        }
    }

    fn extension(&self) -> Option<String> {
        self.wrapper.as_ref().map(|module| extension(STORE, module))
    }
}

const STORE: &str = "REVOCATIONS";
const OWN_NAMESPACE: &str = "\"Revocations\"";
const OTHER_NAMESPACE: &str = "(className = \"Revocations\", serviceName = \"edge\")";
const OBJECT_SERVICES: &str = r#"    (name = "second", worker = .second),
    (name = "objects", disk = (path = "objects", writable = true)),
"#;
const OBJECT_STORAGE: &str = r#"  durableObjectNamespaces = [
    (className = "Revocations", uniqueKey = "revocations", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
"#;

/// The module that creates a binding.
fn extension(name: &str, module: &str) -> String {
    let module = Value::from(module);
    format!("(name = \"scripted:{name}\", internal = true, esModule = {module})")
}

fn bound(name: &str) -> String {
    let kind = if name == "JWKS_KV" { "kvNamespace" } else { "service" };
    format!("(name = \"{name}\", {kind} = \"{name}\")")
}

fn service(name: &str, url: &str) -> String {
    let address = url.trim_start_matches("http://");
    format!("    (name = \"{name}\", external = (address = \"{address}\", http = ())),\n")
}

/// The name of the Worker that receives the requests of the tested one.
const OUTBOUND: &str = "outbound";

fn binding(name: &str, value: &Value) -> String {
    // for the characters of settings, Cap'n Proto's string literals equal JSON's
    let literal = |text: &str| Value::from(text).to_string();
    match value.as_str() {
        Some(text) => format!("(name = {}, text = {})", literal(name), literal(text)),
        None => format!("(name = {}, json = {})", literal(name), literal(&value.to_string())),
    }
}
