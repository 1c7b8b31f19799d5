use std::collections::BTreeSet;

use super::{check_file, is_text, layout};

fn found(path: &str, text: &str) -> Vec<String> {
    check_file(path, text).into_iter().map(|finding| finding.found).collect()
}

#[test]
fn a_finding_names_the_file_the_line_the_text_and_what_to_write_instead() {
    let findings = check_file("src/a.rs", "// one\n// Nobody can tell.\n");
    assert_eq!(
        findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["src/a.rs:2: \"Nobody\": name the subject and negate the verb: \
             \"the client cannot\""]
    );
}

#[test]
fn subjects_without_a_name_are_found_in_prose_strings_and_names() {
    assert_eq!(found("a.md", "Whatever a client sends, no one reads."), ["Whatever", "no one"]);
    assert_eq!(found("a.ts", "throw new Error(`anybody`);"), ["anybody"]);
    assert_eq!(found("a.py", "def test_a_token_that_nobody_signed():"), ["nobody"]);
    assert_eq!(found("a.rs", "fn whoever_asks_is_counted() {}"), ["whoever"]);
}

#[test]
fn shapes_of_sentences_are_found_in_prose_and_in_names_that_are_sentences() {
    assert_eq!(found("a.rs", "// what is no URL"), ["what is no URL"]);
    assert_eq!(found("a.rs", "fn what_is_no_url() {}"), ["what is no url"]);
    assert_eq!(found("a.rs", "// all claims but for `exp`"), ["but for"]);
    assert_eq!(found("a.md", "60 s: so long may a sign-out take to show."), ["so long"]);
    assert_eq!(found("a.md", "cookies count, and so do tokens that the"), Vec::<String>::new());
    assert_eq!(found("a.md", "cookies count, and so does what a page sends"), ["so does what"]);
}

#[test]
fn plain_sentences_have_no_findings() {
    for right in [
        "there is no key for this token",
        "the token is no longer valid",
        "this list is no longer than that one",
        "so long that it is cut off",
        "the client does not send a token",
        "if key.is_none() { return None; }",
        "let is_no = value.is_none();",
        "if token is None:",
        "the color of behavior is optimistic",
    ] {
        assert_eq!(found("a.rs", right), Vec::<String>::new(), "{right}");
    }
}

#[test]
fn pages_for_users_say_origin_server() {
    for guide in ["docs/design.md", "docs/fastapi/index.md", "README.md", "SECURITY.md"] {
        assert_eq!(found(guide, "The upstream gets the token."), ["upstream"], "{guide}");
        assert_eq!(found(guide, "`upstream_ms`"), Vec::<String>::new(), "{guide}");
    }
    for other in ["docs/decisions/0001-x.md", "CONTRIBUTING.md", "src/lib.rs"] {
        assert_eq!(found(other, "The upstream gets the token."), Vec::<String>::new(), "{other}");
    }
}

#[test]
fn inline_code_is_a_quotation_in_markdown_and_in_rust() {
    assert_eq!(found("a.md", "Not: `nobody`, `whoever`."), Vec::<String>::new());
    assert_eq!(found("a.rs", "/// The word `whatever`."), Vec::<String>::new());
    assert_eq!(found("a.ts", "const message = `whatever`;"), ["whatever"]);
}

#[test]
fn british_spellings_are_found_also_within_names() {
    let text = "normalised behaviour; the colour of a licence; default_behaviour()";
    let expected = ["behaviour", "default_behaviour", "normalised", "colour", "licence"];
    let mut found = found("a.py", text);
    found.sort();
    let mut expected = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn comments_are_wrapped_at_100_columns_unless_one_word_is_too_long() {
    let words = "word ".repeat(20);
    assert_eq!(found("a.rs", &format!("/// {}", words.trim())), ["103 columns"]);
    assert_eq!(found("a.toml", &format!("# {words}x")), ["103 columns"]);
    assert_eq!(found("a.rs", &format!("let a = \"{words}\";")), Vec::<String>::new());
    let url = format!("// https://example.com/{}", "a".repeat(100));
    assert_eq!(found("a.rs", &url), Vec::<String>::new());
}

#[test]
fn columns_are_characters_and_not_bytes() {
    let line = format!("// {}", "ü ".repeat(48).trim());
    assert_eq!(found("a.rs", &line), Vec::<String>::new());
}

#[test]
fn a_source_file_has_at_most_400_lines() {
    assert_eq!(found("a.rs", &"\n".repeat(400)), Vec::<String>::new());
    assert_eq!(found("a.rs", &"\n".repeat(401)), ["401 lines"]);
    assert_eq!(found("a.md", &"\n".repeat(401)), Vec::<String>::new());
}

#[test]
fn the_file_of_a_module_with_a_directory_is_in_the_directory() {
    let paths = ["src/a.rs", "src/a/b.rs", "src/c.rs", "src/c/notes.md", "src/d/mod.rs"];
    let paths: BTreeSet<_> = paths.map(str::to_owned).into();
    let findings = layout::module_style(&paths);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].to_string(), "src/a.rs:1: \"src/a.rs\": name it src/a/mod.rs");
}

#[test]
fn features_are_used_only_in_the_integrations_with_runtimes() {
    let line = "#[cfg(all(test, feature = \"js\"))]";
    assert_eq!(found("src/policy/mod.rs", line).len(), 1);
    assert_eq!(found("src/policy/mod.rs", "if cfg!(feature = \"js\") {").len(), 1);
    for allowed in ["src/host/mod.rs", "src/bindings/mod.rs", "src/lib.rs", "tests/a.rs"] {
        assert_eq!(found(allowed, line), Vec::<String>::new(), "{allowed}");
    }
    assert_eq!(found("src/policy/mod.rs", "#[cfg(test)]"), Vec::<String>::new());
}

#[test]
fn unstable_flags_are_used_only_by_the_fuzzer() {
    for line in [
        ".env(\"RUSTC_BOOTSTRAP\", \"1\")",
        "command.arg(\"-Zbuild-std\")",
        "cargo -Z unstable-options",
        "cargo +nightly build",
        "#![feature(test)]",
    ] {
        assert_eq!(found("xtask/src/build.rs", line).len(), 1, "{line}");
        assert_eq!(found("xtask/src/fuzz.rs", line), Vec::<String>::new(), "{line}");
    }
    assert_eq!(found("xtask/src/build.rs", "name: [A-Za-z]"), Vec::<String>::new());
}

#[test]
fn lock_files_and_licenses_are_not_checked() {
    for path in ["Cargo.lock", "package-lock.json", "LICENSE", "python/LICENSE", "a.png"] {
        assert!(!is_text(path), "{path}");
    }
    for path in ["README.md", "src/lib.rs", ".ci/run", "a/package.json", "a/b.tsx"] {
        assert!(is_text(path), "{path}");
    }
}
