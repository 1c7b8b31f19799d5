//! The Worker in two isolates, for tests of what isolates share.

use anyhow::Result;
use serde_json::Value;

use crate::directory::Directory;
use crate::process::Server;
use crate::workerd;

/// The Worker in two isolates with one store of revocations, a Durable Object on disk.
pub struct Isolates {
    server: Server,
    /// Their base URLs
    pub urls: [String; 2],
    settings: workerd::Settings,
    directory: Directory,
}

impl Isolates {
    /// Starts both with these settings. `wrapper` is a module whose default export makes the
    /// binding `REVOCATIONS` from an environment with the namespace `objects`.
    pub fn start(vars: &[(&str, Value)], wrapper: Option<&str>) -> Result<Self> {
        let directory = Directory::new()?;
        let mut settings = workerd::Settings::from_wrangler()?;
        settings.vars.clear();
        settings.objects = Some(workerd::Objects { wrapper: wrapper.map(str::to_owned) });
        for (name, value) in vars {
            settings = settings.with(name, value.clone());
        }
        let (server, urls) = Self::serve(&directory, &settings)?;
        Ok(Self { server, urls, settings, directory })
    }

    /// Stops both and starts them again, at other URLs, with the object's disk.
    pub fn restart(&mut self) -> Result<()> {
        self.server.stop();
        (self.server, self.urls) = Self::serve(&self.directory, &self.settings)?;
        Ok(())
    }

    /// See [`Server::log_with`].
    pub fn log_with(&self, text: &str) -> String {
        self.server.log_with(text)
    }

    fn serve(directory: &Directory, settings: &workerd::Settings) -> Result<(Server, [String; 2])> {
        let (server, first) = workerd::start(directory.path(), settings)?;
        let second = workerd::second_url(&server)?;
        Ok((server, [first, second]))
    }
}
