//! Errors of the settings name the setting and never its value, which may be a secret in the wrong
//! place.

use better_auth_edge::gateway::{
    Kind, Naming, SETTINGS, Setting, SettingValue, SettingValues, Settings,
};

/// In each wrong value.
const SECRET: &str = "hunter2";

/// The required settings, and those that have an effect on the reading of others.
const OTHERS: [(&str, &str); 7] = [
    ("BETTER_AUTH_URL", "https://app.example.com"),
    ("ORIGIN_URL", "https://api.example.com"),
    ("API_KEYS", "true"),
    ("COOKIE_CACHE", "jwks"),
    ("CORS_ORIGINS", "https://app.example.com"),
    ("EDGE_ISSUER", "https://edge.example.com"),
    ("SESSION_EXCHANGE", "true"),
];

/// Wrong values: passwords, a token, and texts with one of these in a place of its own.
const WRONG: [&str; 28] = [
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

/// Tables and lists, as JSON, with a wrong value in each place.
fn wrong_json() -> impl Iterator<Item = String> {
    let quoted = WRONG.iter().filter(|value| !value.contains('/')).map(|v| format!(r#""{v}""#));
    quoted.flat_map(|value| {
        [
            value.clone(),
            format!("[{value}]"),
            format!(r#"[{{"path":{value}}}]"#),
            format!(r#"[{{"path":"/x","methods":[{value}]}}]"#),
            format!(r#"[{{"path":"/x","auth":{value}}}]"#),
            format!(r#"[{{"path":"/{{x}}","match":{{"x":{value}}}}}]"#),
            format!(r#"[{{"path":"/x","scopes":[{value}],"to":{value}}}]"#),
            format!(r#"[{{"issuer":"https://i.example.com","jwks_url":{value}}}]"#),
            format!(r#"[{{"url":{value},"algorithms":[{value}],"user_claim":7}}]"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","x":{value},"d":{value}}}"#),
            format!(r#"{{"keys":[{{"kty":{value},"k":{value}}}]}}"#),
            format!(r#"{{"keys":{value}}}"#),
            format!(r#"{{"role":{value}}}"#),
            format!(r#"{{"role":[{value},7]}}"#),
        ]
    })
}

/// The texts of the errors of two readings: a Worker's and an application's.
fn errors_of(setting: &'static str, value: SettingValue) -> Vec<String> {
    let mut values = SettingValues::new(Naming::Variables);
    for (name, other) in OTHERS {
        values.set(name, SettingValue::Variable(other.to_owned()));
    }
    values.set(setting, value);
    let worker = Settings::parse_environment(&[], |name| values.get(name));
    let app = Settings::parse_values(&values);
    let errors = [worker, app].into_iter().flat_map(|read| read.err().unwrap_or_default());
    errors.map(|error| error.to_string()).collect()
}

#[test]
fn no_error_of_a_setting_repeats_its_value() {
    let mut wrong = 0;
    for Setting { name, kind, .. } in SETTINGS {
        let texts = WRONG.iter().flat_map(|value| {
            let texts = vec!["x".to_owned(), (*value).to_owned()];
            [SettingValue::Variable((*value).to_owned()), SettingValue::Texts(texts)]
        });
        let json = wrong_json().filter(|_| *kind == Kind::Json).map(SettingValue::Variable);
        for value in texts.chain(json) {
            for error in errors_of(name, value.clone()) {
                let is_silent = !error.to_ascii_lowercase().contains(SECRET);
                assert!(is_silent, "{name} = {value:?}: {error}");
                wrong += 1;
            }
        }
    }
    // the test would also hold if no value were wrong
    assert!(wrong > 1_000, "{wrong}");
}
