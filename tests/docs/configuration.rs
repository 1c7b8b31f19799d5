//! docs/configuration.md lists all settings and no others. Its examples are accepted, and the
//! values that it documents as rejected are rejected.

use std::cell::RefCell;
use std::collections::BTreeSet;

use better_auth_edge::gateway::{SettingError, Settings};

const PAGE: &str = include_str!("../../docs/configuration.md");
const WRANGLER: &str = include_str!("../../wrangler.toml");

/// A row of one of the tables.
struct Setting {
    name: &'static str,
    example: &'static str,
    rejected: &'static str,
}

fn documented() -> Vec<Setting> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    let cell = |cell: &'static str| cell.trim().trim_matches('`');
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(cell).collect();
        let [name, _, _, example, rejected] = cells[..] else { panic!("five cells: {row}") };
        Setting { name, example, rejected }
    })
    .collect()
}

/// Parses one setting together with the required settings and those that it depends on.
fn parse(name: &str, value: &str) -> Result<Settings, Vec<SettingError>> {
    let key = documented().into_iter().find(|setting| setting.name == "EDGE_SIGNING_KEY");
    let prerequisite = match name {
        "CORS_PREFLIGHT_TO_ORIGIN" => None,
        "BETTER_AUTH_SECRET" => Some(("ALGORITHMS", "HS256")),
        "EDGE_SIGNING_KEY_NEXT" => key.map(|key| (key.name, key.example)),
        "REVOCATIONS_URL" => Some(("REVOCATIONS_TOKEN", "an-example-of-a-token-0123456789")),
        _ if name.starts_with("CORS_") => Some(("CORS_ORIGINS", "https://page.example")),
        _ => None,
    };
    let required =
        [("BETTER_AUTH_URL", "https://app.example"), ("ORIGIN_URL", "https://api.example")];
    Settings::parse(|wanted| {
        let mut all = [(name, value)].into_iter().chain(prerequisite).chain(required);
        all.find(|(given, _)| *given == wanted).map(|(_, value)| value.to_owned())
    })
}

#[test]
fn the_page_documents_every_setting_and_nothing_else() {
    let looked_up = RefCell::new(BTreeSet::new());
    for setting in documented() {
        let lookup = |wanted: &str| {
            looked_up.borrow_mut().insert(wanted.to_owned());
            (wanted == setting.name).then(|| setting.example.to_owned())
        };
        let _ = Settings::parse(lookup);
    }
    let documented: BTreeSet<_> = documented().iter().map(|s| s.name.to_owned()).collect();
    assert_eq!(documented, looked_up.into_inner());
}

#[test]
fn examples_are_accepted() {
    for Setting { name, example, .. } in documented() {
        let errors = parse(name, example).err().unwrap_or_default();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn values_documented_as_rejected_are_rejected_by_name() {
    for Setting { name, rejected, .. } in documented().iter().filter(|s| !s.rejected.is_empty()) {
        let errors = parse(name, rejected).err().unwrap_or_default();
        assert!(errors.iter().any(|error| error.setting() == *name), "{name}: {errors:?}");
    }
}

#[test]
fn wrangler_toml_mentions_every_setting() {
    for Setting { name, .. } in documented() {
        assert!(WRANGLER.contains(name), "{name} is not in wrangler.toml");
    }
}
