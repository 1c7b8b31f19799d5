//! The documentation and the TypeScript types agree with the settings table: names, types, units
//! and defaults.

use std::collections::BTreeSet;

use better_auth_edge::gateway::{
    Kind, Naming, SETTINGS, Setting, SettingValue, SettingValues, Settings,
};

const PAGE: &str = include_str!("../../docs/configuration.md");
const README: &str = include_str!("../../npm/README.md");
const VERIFIER_TYPES: &str = include_str!("../../npm/src/options.ts");
const GATEWAY_TYPES: &str = include_str!("../../npm/src/gateway.ts");

/// Options that the npm package does not document: the middleware sets the first, and the second is
/// accepted without a type.
const UNDOCUMENTED: [&str; 2] = ["ownPaths", "issuers"];

/// Options that are not settings: a function, and an object with functions.
const OBJECTS: [&str; 2] = [FETCH, "revocations"];
const FETCH: &str = "fetch";

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split(" | ").map(str::trim).collect()
}

/// The options and defaults in the table of the README's section with this heading.
fn documented_options(heading: &str) -> Vec<(&'static str, &'static str)> {
    let section = README.split(heading).nth(1).unwrap();
    let rows = section.split("\n#").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    let options = rows.flat_map(|row| {
        let cells = cells(row);
        let names = cells[0].split(", ").map(|name| name.trim_matches('`'));
        let defaults: Vec<_> = cells[1].split(", ").collect();
        let default = move |i: usize| *defaults.get(i).unwrap_or(&defaults[0]);
        names.enumerate().map(move |(i, name)| (name, default(i))).collect::<Vec<_>>()
    });
    options.collect()
}

/// The members of a TypeScript interface, and their types.
fn members(source: &'static str, interface: &str) -> Vec<(&'static str, &'static str)> {
    let body = source.split(&format!("export interface {interface} {{")).nth(1).unwrap();
    let lines = body.split("\n}").next().unwrap().lines();
    let members = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    members
        .filter_map(|line| line.trim().split_once("?: "))
        .map(|(name, rest)| (name, rest.trim_end_matches(" | undefined;")))
        .collect()
}

fn with_option(option: &str) -> &'static Setting {
    let found = SETTINGS.iter().find(|setting| setting.option == Some(option));
    found.unwrap_or_else(|| panic!("{option} is not in the settings table"))
}

fn names<'n>(options: &[(&'n str, &str)]) -> BTreeSet<&'n str> {
    options.iter().map(|(name, _)| *name).collect()
}

#[test]
fn the_page_has_the_type_and_the_default_of_every_variable() {
    let mut documented = BTreeSet::new();
    for row in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let cells = cells(row);
        let name = cells[0].trim_matches('`');
        let setting = Setting::named(name).unwrap_or_else(|| panic!("{name} is not in the table"));
        assert_eq!((cells[1], cells[2]), (setting.doc.trim(), setting.default), "{name}");
        documented.insert(name);
    }
    let of_worker = SETTINGS.iter().filter(|setting| setting.hosts.have_worker());
    assert_eq!(documented, of_worker.map(|setting| setting.name).collect());
}

#[test]
fn the_readme_lists_every_option() {
    let of_verifier = SETTINGS.iter().filter(|setting| setting.hosts.have_verifier());
    let mut expected: BTreeSet<_> = of_verifier.filter_map(|setting| setting.option).collect();
    expected.insert(FETCH);
    let for_verifier = documented_options("### `createVerifier`");
    assert_eq!(names(&for_verifier), expected);

    let of_gateway = SETTINGS.iter().filter(|setting| setting.hosts.have_gateway());
    expected.extend(of_gateway.filter_map(|setting| setting.option).chain(OBJECTS));
    UNDOCUMENTED.iter().for_each(|option| assert!(expected.remove(option), "{option}"));
    let for_gateway = documented_options("### `verifyRequest`");
    assert_eq!(&names(&for_verifier) | &names(&for_gateway), expected);
}

#[test]
fn the_readme_has_the_default_of_every_option_that_is_a_number() {
    let options =
        [documented_options("### `createVerifier`"), documented_options("### `verifyRequest`")];
    let mut numbers = 0;
    for (option, documented) in
        options.concat().into_iter().filter(|(name, _)| !OBJECTS.contains(name))
    {
        let setting = with_option(option);
        let Ok(default) = setting.default.parse::<u64>() else { continue };
        let unit = if setting.kind == Kind::Duration { 1_000 } else { 1 };
        assert_eq!(documented, (default * unit).to_string(), "{option}");
        numbers += 1;
    }
    assert!(numbers >= 10);
}

#[test]
fn the_types_have_every_option_and_its_type() {
    let of_verifier = members(VERIFIER_TYPES, "VerifierOptions");
    let of_gateway = members(GATEWAY_TYPES, "GatewayOptions");
    for (name, _) in of_verifier.iter().filter(|(name, _)| *name != FETCH) {
        assert!(with_option(name).hosts.have_verifier(), "{name}");
    }
    let mut expected: BTreeSet<_> = SETTINGS.iter().filter_map(|setting| setting.option).collect();
    expected.extend(OBJECTS);
    expected.remove("issuers");
    assert_eq!(&names(&of_verifier) | &names(&of_gateway), expected);

    let all = of_verifier.iter().chain(&of_gateway);
    for (name, written) in all.filter(|(name, _)| !OBJECTS.contains(name)) {
        let is_text = *written == "string" || written.starts_with('"');
        let is_list = written.ends_with("[]");
        let fits = match with_option(name).kind {
            Kind::Text | Kind::Url | Kind::Label => is_text,
            Kind::List | Kind::OptionalList | Kind::ClaimList => is_list,
            Kind::Number | Kind::Seconds | Kind::Duration => *written == "number",
            Kind::Switch => *written == "boolean",
            Kind::Json => !is_text && !["number", "boolean"].contains(written),
            Kind::Secret => *written == "string | Uint8Array",
        };
        assert!(fits, "{name}: {written}");
    }
}

#[test]
fn the_types_document_which_durations_are_in_milliseconds() {
    for Setting { option, kind, .. } in SETTINGS {
        let Some(option) = option.filter(|_| matches!(kind, Kind::Seconds | Kind::Duration)) else {
            continue;
        };
        let source = [VERIFIER_TYPES, GATEWAY_TYPES].concat();
        let before = source.split(&format!("  {option}?: ")).next().unwrap();
        let comment = before.rsplit("/**").next().unwrap();
        let is_in_milliseconds = comment.to_lowercase().contains("milliseconds");
        assert_eq!(is_in_milliseconds, *kind == Kind::Duration, "{option}: {comment}");
    }
}

/// The variables in a text. Texts for JavaScript must contain options only.
fn variables_in(text: &str) -> Vec<&'static str> {
    let words = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let named = |name: &&str| text.split(words).any(|word| word == *name);
    SETTINGS.iter().map(|setting| setting.name).filter(named).collect()
}

fn values(settings: &[(&'static str, &str)]) -> SettingValues {
    let mut values = SettingValues::new(Naming::Options);
    for (name, value) in settings {
        values.set(name, SettingValue::Variable((*value).to_owned()));
    }
    values
}

#[test]
fn errors_in_options_name_options_only() {
    let url = ("BETTER_AUTH_URL", "https://app.example");
    let rejected = PAGE.lines().filter(|line| line.starts_with("| `")).filter_map(|row| {
        let cells = cells(row);
        let setting = Setting::named(cells[0].trim_matches('`'))?;
        Some((setting.name, cells[4].trim_matches('`')))
    });
    let others = [
        ("ROUTES", r#"[{"path":"/{a}","match":{"a":"org"}}]"#),
        ("ROUTES", r#"[{"path":"/","to":"origin"}]"#),
        ("ROUTES", r#"[{"path":"/","auth":"public","scopes":["a"]}]"#),
        ("COOKIE_CACHE", "secret"),
        ("EDGE_SIGNING_KEY_NEXT", "{}"),
    ];
    let mut found = 0;
    for (name, value) in rejected.chain(others) {
        let setting = Setting::named(name).unwrap();
        if !setting.hosts.have_gateway() || value.is_empty() {
            continue;
        }
        let required = if name == url.0 { None } else { Some(url) };
        let used = (name == "BETTER_AUTH_SECRET").then_some(("ALGORITHMS", "HS256"));
        let settings: Vec<_> = required.into_iter().chain(used).chain([(name, value)]).collect();
        let errors = Settings::parse_values(&values(&settings)).err().unwrap_or_default();
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(
            texts.iter().any(|text| text.starts_with(setting.option.unwrap())),
            "{name}: {texts:?}"
        );
        for text in &texts {
            assert_eq!(variables_in(text), [""; 0], "{text}");
            assert!(!text.contains(" = "), "the syntax of TOML: {text}");
        }
        found += texts.len();
    }
    assert!(found > 30, "{found}");
}

#[test]
fn warnings_about_options_name_options_only() {
    let settings = values(&[
        ("BETTER_AUTH_URL", "https://app.example"),
        ("SESSION_EXCHANGE", "true"),
        ("TRUSTED_ORIGINS", "https://*.vercel.app"),
        ("ROUTES", r#"[{"path":"/{a}","match":{"a":"sub"}}]"#),
    ]);
    let warnings = Settings::parse_values(&settings).unwrap().warnings();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(warnings.iter().any(|text| text.ends_with("set secret to Better Auth's secret")));
    for text in &warnings {
        assert_eq!(variables_in(text), [""; 0], "{text}");
        assert!(!text.contains(" = "), "the syntax of TOML: {text}");
    }
}

#[test]
fn values_of_their_own_types_are_read_exactly() {
    let url = || SettingValue::Text("https://app.example".to_owned());
    let number = SettingValue::Number;
    let texts = |text: &str| SettingValue::Texts(vec![text.to_owned()]);
    for (name, right, wrong) in [
        ("CLOCK_TOLERANCE", number(30.0), number(f64::NAN)),
        ("SESSION_MAX_AGE", number(0.5), number(301.0)),
        ("EDGE_BIND_REQUEST", SettingValue::Switch(true), number(1.0)),
        ("PROFILE", SettingValue::Text("session".into()), SettingValue::Text(" session".into())),
        ("ALGORITHMS", texts("EdDSA"), texts("EdDSA,ES256")),
        ("ROUTES", SettingValue::Json("[]".into()), SettingValue::Json("{}".into())),
    ] {
        for (value, count) in [(right, 0), (wrong, 1)] {
            let mut values = SettingValues::new(Naming::Options);
            values.set("BETTER_AUTH_URL", url());
            values.set(name, value);
            let errors = Settings::parse_values(&values).err().unwrap_or_default();
            assert_eq!(errors.len(), count, "{name}: {errors:?}");
            assert!(errors.iter().all(|error| error.setting() == name), "{errors:?}");
        }
    }
}

#[test]
fn a_value_of_another_type_is_an_error() {
    let values = [
        ("a string", SettingValue::Text("text".into())),
        ("a list", SettingValue::Texts(vec!["text".into()])),
        ("a number", SettingValue::Number(1.0)),
        ("a switch", SettingValue::Switch(true)),
        ("bytes", SettingValue::Bytes(vec![7; 32])),
        ("JSON", SettingValue::Json("[]".into())),
    ];
    let accepted = |kind| match kind {
        Kind::Text | Kind::Url | Kind::Label => &["a string"][..],
        Kind::List | Kind::OptionalList | Kind::ClaimList => &["a string", "a list", "JSON"],
        Kind::Number | Kind::Seconds | Kind::Duration => &["a number"],
        Kind::Switch => &["a switch"],
        Kind::Json => &["JSON"],
        Kind::Secret => &["a string", "bytes"],
    };
    for setting in SETTINGS.iter().filter(|setting| setting.hosts.have_gateway()) {
        for (name, value) in &values {
            if accepted(setting.kind).contains(name) {
                continue;
            }
            let mut settings = SettingValues::new(Naming::Options);
            settings.set("BETTER_AUTH_URL", SettingValue::Text("https://app.example".into()));
            settings.set(setting.name, value.clone());
            let errors = Settings::parse_values(&settings).err().unwrap_or_default();
            let of_setting = errors.iter().filter(|error| error.setting() == setting.name);
            assert_eq!(of_setting.count(), 1, "{} as {name}: {errors:?}", setting.name);
        }
    }
}

#[test]
fn a_name_that_is_not_in_the_table_is_an_error() {
    let mut settings = values(&[("BETTER_AUTH_URL", "https://app.example")]);
    settings.set("baseURL", SettingValue::Text("https://app.example".into()));
    let errors = Settings::parse_values(&settings).err().unwrap_or_default();
    let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["baseURL is not a setting"]);
}

/// The errors of a Worker whose environment has the two required variables and this setting.
fn errors_of_worker(name: &'static str, value: SettingValue) -> Vec<String> {
    let lookup = |wanted: &str| match wanted {
        _ if wanted == name => Some(value.clone()),
        "BETTER_AUTH_URL" => Some(SettingValue::Variable("https://app.example".into())),
        "ORIGIN_URL" => Some(SettingValue::Variable("https://api.example".into())),
        _ => None,
    };
    let errors = Settings::parse_environment(&[], lookup).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_list_of_the_worker_is_an_array_or_a_text_with_commas() {
    let lists = SETTINGS.iter().filter(|it| it.kind.is_list() && it.hosts.have_worker());
    let mut tested = 0;
    for setting in lists {
        let members = match setting.name {
            "ALGORITHMS" => ["EdDSA", "ES256"],
            "CORS_ORIGINS" | "TRUSTED_ORIGINS" => ["https://a.example", "https://b.example"],
            _ => ["a", "b"],
        };
        let array = SettingValue::Json(format!("[{:?},{:?}]", members[0], members[1]));
        let text = SettingValue::Variable(members.join(", "));
        assert_eq!(errors_of_worker(setting.name, array), [""; 0], "{}", setting.name);
        assert_eq!(errors_of_worker(setting.name, text), [""; 0], "{}", setting.name);
        for wrong in [r#"["a",1]"#, r#"{"a":"b"}"#, r#"[["a"]]"#, r#"["a",""]"#] {
            let errors = errors_of_worker(setting.name, SettingValue::Json(wrong.to_owned()));
            assert_eq!(errors.len(), 1, "{} = {wrong}: {errors:?}", setting.name);
        }
        tested += 1;
    }
    assert!(tested > 5, "{tested}");
}

#[test]
fn a_variable_named_as_an_option_of_other_hosts_is_not_a_setting_of_the_worker() {
    for setting in SETTINGS.iter().filter(|setting| !setting.hosts.have_worker()) {
        let table = SettingValue::Json(r#"{"a":1}"#.to_owned());
        assert_eq!(errors_of_worker(setting.name, table), [""; 0], "{}", setting.name);
    }
}

#[test]
fn a_table_is_an_error_for_a_setting_that_is_not_a_table() {
    for (name, error) in [
        ("PROFILE", "PROFILE is not a string"),
        ("ORIGIN_URL", "ORIGIN_URL is not a string"),
        ("TOKEN_CACHE", "TOKEN_CACHE is not a number"),
        ("SESSION_EXCHANGE", "SESSION_EXCHANGE is not a boolean"),
    ] {
        let errors = errors_of_worker(name, SettingValue::Json(r#"["a"]"#.to_owned()));
        assert_eq!(errors, [error]);
    }
}
