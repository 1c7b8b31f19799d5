//! Errors of the settings name the setting and never its value, which may be a secret in the wrong
//! place.

use better_auth_edge::gateway::{Naming, SETTINGS, SettingValue, SettingValues, Settings};

/// In each wrong value.
const SECRET: &str = "hunter2";

/// The required settings.
const OTHERS: [(&str, &str); 2] =
    [("BETTER_AUTH_URL", "https://app.example.com"), ("ORIGIN_URL", "https://api.example.com")];

/// Wrong values: passwords, a token, a key and texts with one of these in a place of its own.
fn wrong_values() -> Vec<String> {
    let plain = [
        "hunter2",
        "Hunter2",
        "hunter2:12345",
        "hunter2/12345",
        // a text in lower case with a dot can be a host, and is repeated
        "eyJhunter2.eyJhunter2.hunter2",
        "app.example.com/hunter2",
        "app.example.com:8443/hunter2",
        "localhost/hunter2",
        "localhost:3000/hunter2",
        "hunter2@app.example.com",
        "user:hunter2@app.example.com",
        "https://user:hunter2@app.example.com",
        "https://app.example.com/hunter2/../x",
        "https://app.example.com:hunter2",
        "https://app.example.com?token=hunter2",
        "https://app.example.com#hunter2",
        "https://app.example.com/hunter2 x",
        "ftp://hunter2",
        "hunter2://app.example.com",
        "https://hunter2..example.com",
        "https://*.hunter2*.example.com",
        "/hunter2//x",
        "/{hunter2",
        "/:hunter2",
        "/{hunter2-}/x",
        "hunter2 hunter2",
        "x-edge-\u{e4}hunter2",
        "{hunter2",
    ];
    let values = plain.iter().copied();
    let lists = values.clone().map(|value| format!("{value},{value}"));
    let quoted = values.clone().map(|value| format!(r#""{value}""#));
    let in_lists = quoted.clone().flat_map(|value| {
        [
            format!("[{value}]"),
            format!(r#"[{{"path":{value}}}]"#),
            format!(r#"[{{"path":"/x","methods":[{value}]}}]"#),
            format!(r#"[{{"path":"/x","auth":{value}}}]"#),
            format!(r#"[{{"path":"/{{x}}","match":{{"x":{value}}}}}]"#),
            format!(r#"[{{"path":"/x","scopes":[{value}],"to":{value}}}]"#),
            format!(r#"[{{"issuer":"https://i.example.com","jwks_url":{value}}}]"#),
            format!(r#"[{{"url":{value},"algorithms":[{value}],"user_claim":7}}]"#),
        ]
    });
    let in_tables = quoted.clone().flat_map(|value| {
        [
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":{value},"d":{value}}}"#),
            format!(r#"{{"keys":[{{"kty":{value},"k":{value}}}]}}"#),
            format!(r#"{{"keys":{value}}}"#),
            format!(r#"{{"role":{value}}}"#),
            format!(r#"{{"role":[{value},7]}}"#),
        ]
    });
    let all = values.map(str::to_owned).chain(lists).chain(quoted.clone());
    all.chain(in_lists).chain(in_tables).collect()
}

/// The texts of the errors of a reading.
fn errors_of(values: &SettingValues) -> Vec<String> {
    let errors = Settings::parse_values(values).err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn no_error_of_a_setting_repeats_its_value() {
    let mut wrong = 0;
    for setting in SETTINGS {
        for value in wrong_values() {
            let mut values = SettingValues::new(Naming::Variables);
            for (name, other) in OTHERS {
                values.set(name, SettingValue::Variable(other.to_owned()));
            }
            values.set(setting.name, SettingValue::Variable(value.clone()));
            let mut found = errors_of(&values);
            values.set(setting.name, SettingValue::Texts(vec!["x".to_owned(), value.clone()]));
            found.extend(errors_of(&values));
            for error in found {
                let is_silent = !error.to_ascii_lowercase().contains(SECRET);
                assert!(is_silent, "{} = {value:?}: {error}", setting.name);
                wrong += 1;
            }
        }
    }
    // the test would also hold if no value were wrong
    assert!(wrong > 10_000, "{wrong}");
}
