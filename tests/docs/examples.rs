//! The configuration in the documentation is valid: wrangler's files with settings of the Worker,
//! and manifests of Cargo.

use better_auth_edge::gateway::{Setting, SettingValue, Settings, Variable};
use serde_json::Value;

use crate::blocks::{Block, blocks};

const CARGO: &str = include_str!("../../Cargo.toml");
const WRANGLER: &str = include_str!("../../wrangler.toml");

/// Members of a configuration of wrangler that the pages use. Wrangler warns about unknown ones.
const MEMBERS: [&str; 16] = [
    "analytics_engine_datasets",
    "assets",
    "build",
    "compatibility_date",
    "compatibility_flags",
    "d1_databases",
    "durable_objects",
    "env",
    "kv_namespaces",
    "main",
    "migrations",
    "name",
    "ratelimits",
    "routes",
    "services",
    "vars",
];

/// Variables that a setting depends on, in an example that shows the setting alone.
const REQUIRED: [(&str, &str); 2] =
    [("BETTER_AUTH_URL", "https://app.example.com"), ("ORIGIN_URL", "https://api.example.com")];

#[test]
fn configuration_in_the_documentation_is_valid() {
    let mut checked = 0;
    for block in blocks() {
        let errors = match &*block.language {
            "toml" => errors(&parsed(&block, toml::from_str(&block.text))),
            "json" => errors(&parsed(&block, serde_json::from_str(&block.text))),
            "jsonc" => {
                errors(&parsed(&block, serde_json::from_str(&without_comments(&block.text))))
            }
            // Compose files: their own test starts what they name
            "yaml" => Vec::new(),
            _ => continue,
        };
        assert!(errors.is_empty(), "{}: {errors:#?}", block.place);
        checked += 1;
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn a_wrong_setting_in_an_example_is_found() {
    for (text, error) in [
        ("[vars]\nUSER_CLAIMS = \"sub\"", "USER_CLAIMS is not a setting of the Worker"),
        ("[vars]\nSESSION_EXCHANGE = \"yes\"", "SESSION_EXCHANGE is neither true nor false"),
        ("[[vars.ROUTES]]\npth = \"/a\"", "\"pth\" is not a member of a rule"),
        ("[vers]\nUSER_CLAIM = \"sub\"", "vers is not a member of wrangler's configuration"),
        ("[env.staging.vars]\nEDGE_ISSUER = \"edge\"", "EDGE_ISSUER is"),
        ("[dependencies]\nbetter-auth-edge = { features = [\"natve\"] }", "natve"),
    ] {
        let errors = errors(&toml::from_str(text).unwrap()).join("\n");
        assert!(errors.contains(error), "{text}: {errors:?}");
    }
}

#[test]
fn users_are_identified_by_the_id_of_a_plain_better_auth() {
    let edge: Value = toml::from_str(WRANGLER).unwrap();
    assert_eq!(edge["vars"]["USER_CLAIM"], "sub");
    let rules = edge["vars"]["ROUTES"].as_array().unwrap();
    let claims =
        rules.iter().filter_map(|rule| rule["match"].as_object()).flat_map(|it| it.values());
    let claims: Vec<_> = claims.collect();
    assert_eq!(claims, ["sub"]);
    assert_eq!(Setting::named("USER_CLAIM").unwrap().default, "`sub`");
}

fn parsed<E: std::fmt::Display>(block: &Block, parsed: Result<Value, E>) -> Value {
    parsed.unwrap_or_else(|error| panic!("{}: {error}", block.place))
}

/// The text without comments on lines of their own and after a comma or a bracket.
fn without_comments(text: &str) -> String {
    let code = |line: &str| match line.split_once("//") {
        Some((code, _)) if !code.ends_with(':') => code.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The errors in a manifest of Cargo, or in a configuration of wrangler. The tests of the npm
/// package run the commands of a configuration for MCP clients.
fn errors(document: &Value) -> Vec<String> {
    if document.get("mcpServers").is_some() {
        return Vec::new();
    }
    if let Some(dependencies) = document.get("dependencies") {
        return unknown_features(dependencies);
    }
    let members = document.as_object().into_iter().flat_map(|object| object.keys());
    let unknown = members.filter(|name| !MEMBERS.contains(&name.as_str()));
    let mut errors: Vec<_> =
        unknown.map(|name| format!("{name} is not a member of wrangler's configuration")).collect();
    let environments = document.get("env").and_then(Value::as_object);
    let environments = environments.into_iter().flat_map(|environments| environments.values());
    for environment in environments.chain([document]) {
        if let Some(variables) = environment.get("vars") {
            errors.extend(setting_errors(variables, environment));
        }
    }
    errors
}

fn setting_errors(variables: &Value, environment: &Value) -> Vec<String> {
    let variables = variables.as_object().expect("vars is a table");
    let is_setting = |name: &str| Setting::named(name).is_some_and(|it| it.hosts.have_worker());
    let unknown = variables.keys().filter(|name| !is_setting(name));
    let mut errors: Vec<_> =
        unknown.map(|name| format!("{name} is not a setting of the Worker")).collect();

    let objects = &environment["durable_objects"]["bindings"];
    let names = objects.as_array().into_iter().flatten().filter_map(|it| it["name"].as_str());
    let bindings: Vec<_> = names.map(|name| Variable { name, is_binding: true }).collect();
    let lookup = |name: &str| match variables.get(name) {
        Some(Value::String(text)) => Some(SettingValue::Variable(text.clone())),
        Some(value) if value.is_object() || value.is_array() => {
            Some(SettingValue::Json(value.to_string()))
        }
        Some(value) => Some(SettingValue::Variable(value.to_string())),
        None => {
            let required = REQUIRED.iter().find(|(required, _)| *required == name);
            required.map(|(_, value)| SettingValue::Variable((*value).to_owned()))
        }
    };
    let wrong = Settings::parse_environment(&bindings, lookup).err().unwrap_or_default();
    errors.extend(wrong.iter().map(ToString::to_string));
    errors
}

/// The features of this crate that an example names and that do not exist.
fn unknown_features(dependencies: &Value) -> Vec<String> {
    let manifest: Value = toml::from_str(CARGO).unwrap();
    let features = dependencies["better-auth-edge"]["features"].as_array();
    let names = features.expect("the example names features").iter().filter_map(Value::as_str);
    names.filter(|name| manifest["features"].get(name).is_none()).map(str::to_owned).collect()
}
