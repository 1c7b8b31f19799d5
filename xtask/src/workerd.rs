//! The Worker in workerd itself: the runtime of Cloudflare Workers, without wrangler around it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::process::Server;
use crate::root;

/// Starts the built Worker on a free loopback port with these settings, in a directory of its own.
/// Gives its base URL.
pub(crate) fn start(directory: &Path, settings: &Settings) -> Result<(Server, String)> {
    fs::create_dir_all(directory)?;
    for (name, _) in MODULES {
        fs::copy(root().join("build").join(name), directory.join(name))
            .with_context(|| format!("build/{name} is missing"))?;
    }
    serve(directory, settings)
}

/// Starts the Worker that stands in this directory as `index.js`, with `index_bg.wasm` if that is
/// there too. Gives its base URL.
pub(crate) fn serve(directory: &Path, settings: &Settings) -> Result<(Server, String)> {
    let config = directory.join("config.capnp");
    let modules = MODULES.iter().filter(|(name, _)| directory.join(name).is_file());
    let modules: Vec<_> = modules
        .map(|(name, kind)| format!("(name = \"{name}\", {kind} = embed \"{name}\")"))
        .collect();
    fs::write(&config, settings.capnp(&modules.join(", ")))?;

    // workerd does not stop when its standard input closes, so a shell around it stops it.
    let watched = r#"exec 3<&0
        "$@" 3<&- </dev/null & workerd=$!
        { read -r _; kill "$workerd"; } <&3 2>/dev/null & watcher=$!
        trap 'kill "$workerd"' TERM INT
        echo "pid $workerd"
        wait "$workerd"; status=$?
        kill "$watcher" 2>/dev/null
        exit "$status""#;
    let workerd = root().join("node_modules/workerd/bin/workerd");
    let ready = |line: &str| {
        let event: Value = serde_json::from_str(line).ok()?;
        (event["event"] == "listen").then(|| event["port"].as_u64())?
    };
    let mut command = Command::new("sh");
    command.args(["-c", watched, "sh"]).arg(workerd).arg("serve").arg(&config);
    command.arg("--control-fd=1");
    let (server, port) = Server::start("workerd", &mut command, ready)?;
    Ok((server, format!("http://127.0.0.1:{port}")))
}

/// The modules of a Worker, and its name in workerd's configuration.
const MODULES: [(&str, &str); 2] = [("index.js", "esModule"), ("index_bg.wasm", "wasm")];

/// The process id of workerd itself: the server's own is that of the shell around it.
pub(crate) fn process_id(server: &Server) -> Result<u32> {
    let log = server.log();
    let id = log.lines().find_map(|line| line.strip_prefix("pid ")).context("no pid")?;
    Ok(id.parse()?)
}

/// A Worker's settings: text, or JSON for what is structured.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) compatibility_date: String,
    pub(crate) vars: Vec<(String, Value)>,
    pub(crate) v8_flags: Vec<&'static str>,
    /// Where it listens; 0 for any free port
    pub(crate) port: u16,
    /// Bindings, and the base URLs of the servers behind them: a KV namespace by its name, and
    /// services
    pub(crate) services: Vec<(String, String)>,
    /// Names of bindings, and modules whose default export makes them; [`OUTBOUND`] names a Worker
    /// that gets what the Worker fetches
    pub(crate) scripted: Vec<(String, String)>,
    /// The header in which requests bring their `cf`, as Cloudflare's own servers hand it over
    pub(crate) cf_header: Option<&'static str>,
}

impl Settings {
    /// The settings of wrangler.toml, so that what is tested is what is deployed.
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

    /// The same where users are named by a UUID of the application, as the example's are.
    pub(crate) fn by_uuid(self) -> Self {
        let mut settings = self.with("USER_CLAIM", json!("uuid"));
        let rules = settings.vars.iter_mut().filter(|(name, _)| name == "ROUTES");
        let rules = rules.filter_map(|(_, rules)| rules.as_array_mut()).flatten();
        let matches = rules.filter_map(|rule| rule.get_mut("match")?.as_object_mut());
        matches.flat_map(|claims| claims.values_mut()).for_each(|claim| *claim = json!("uuid"));
        settings
    }

    fn capnp(&self, modules: &str) -> String {
        let vars = self.vars.iter().map(|(name, value)| binding(name, value));
        let (outbound, scripted): (Vec<_>, Vec<_>) =
            self.scripted.iter().partition(|(name, _)| name == OUTBOUND);
        let outbound = outbound.first().map(|(_, module)| Value::from(module.as_str()));
        let extensions = scripted.iter().map(|(name, module)| {
            let module = Value::from(module.as_str());
            format!("(name = \"scripted:{name}\", internal = true, esModule = {module})")
        });
        let extensions = extensions.collect::<Vec<_>>().join(", ");
        let scripted = scripted.iter().map(|(name, _)| {
            format!("(name = \"{name}\", wrapped = (moduleName = \"scripted:{name}\"))")
        });
        let bound = self.services.iter().map(|(name, _)| bound(name));
        let bindings = vars.chain(bound).chain(scripted).collect::<Vec<_>>().join(", ");
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
        format!(
            r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    {outbound}
    (name = "internet", network = (allow = ["local"])),
{services}  ],
  sockets = [(name = "http", address = "127.0.0.1:{port}", http = ({cf}), service = "edge")],
  v8Flags = [{flags}],
  extensions = [(modules = [{extensions}])],
);
const edge :Workerd.Worker = (
  modules = [{modules}],
  compatibilityDate = "{date}",
  bindings = [{bindings}],
  globalOutbound = "{global}",
);
"#
        )
    }
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
    // JSON's string literals are Cap'n Proto's too, as far as settings go
    let literal = |text: &str| Value::from(text).to_string();
    match value.as_str() {
        Some(text) => format!("(name = {}, text = {})", literal(name), literal(text)),
        None => format!("(name = {}, json = {})", literal(name), literal(&value.to_string())),
    }
}
