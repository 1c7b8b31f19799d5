//! The Worker in workerd, without the other servers.

use anyhow::Result;
use serde_json::Value;

use crate::directory::Directory;
use crate::process::Server;
use crate::{usage, workerd};

/// Only the Worker, with any settings, for tests that do not need other servers.
pub struct Edge {
    server: Server,
    /// Its base URL
    pub url: String,
    _directory: Directory,
}

impl Edge {
    /// Starts the Worker with only these settings.
    pub fn start(vars: &[(&str, Value)]) -> Result<Self> {
        Self::start_bound(vars, &[], &[])
    }

    /// The same with bindings: `services` are names and base URLs of their servers, `scripted` are
    /// names and modules whose default export creates the binding. The name `outbound` is not a
    /// binding but a Worker that receives the Worker's fetches.
    pub fn start_bound(
        vars: &[(&str, Value)],
        services: &[(&str, &str)],
        scripted: &[(&str, &str)],
    ) -> Result<Self> {
        Self::start_settings(vars, services, scripted, None)
    }

    /// The same as on Cloudflare: this request header contains `cf` as JSON.
    pub fn start_on_cloudflare(
        vars: &[(&str, Value)],
        scripted: &[(&str, &str)],
        cf_header: &'static str,
    ) -> Result<Self> {
        Self::start_settings(vars, &[], scripted, Some(cf_header))
    }

    /// The same with another program, which `edit` makes from the built one.
    pub fn start_edited(vars: &[(&str, Value)], edit: impl FnOnce(&str) -> String) -> Result<Self> {
        let directory = Directory::new()?;
        workerd::copy_edited(directory.path(), edit)?;
        let settings = workerd::Settings::from_wrangler()?;
        let settings = vars.iter().fold(settings, |it, (name, value)| it.with(name, value.clone()));
        let (server, url) = workerd::serve(directory.path(), &settings)?;
        Ok(Self { server, url, _directory: directory })
    }

    fn start_settings(
        vars: &[(&str, Value)],
        services: &[(&str, &str)],
        scripted: &[(&str, &str)],
        cf_header: Option<&'static str>,
    ) -> Result<Self> {
        let directory = Directory::new()?;
        let mut settings = workerd::Settings::from_wrangler()?;
        settings.vars.clear();
        let owned = |(name, what): &(&str, &str)| (name.to_string(), what.to_string());
        settings.services = services.iter().map(owned).collect();
        settings.scripted = scripted.iter().map(owned).collect();
        settings.cf_header = cf_header;
        for (name, value) in vars {
            settings = settings.with(name, value.clone());
        }
        let (server, url) = workerd::start(directory.path(), &settings)?;
        Ok(Self { server, url, _directory: directory })
    }

    /// Its log so far.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// See [`Server::log_with`].
    pub fn log_with(&self, text: &str) -> String {
        self.server.log_with(text)
    }

    /// The resident memory of its process, in bytes.
    pub fn memory(&self) -> Result<u64> {
        usage::memory(workerd::process_id(&self.server)?)
    }
}
