//! `docs/errors.md` agrees with the code: every code once, with its status and title.

use better_auth_edge::Code;

const PAGE: &str = include_str!("../../docs/errors.md");

/// The sections of level 2: the heading, and its lines that are not empty.
fn sections() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in PAGE.lines().filter(|line| !line.trim().is_empty()) {
        match (line.strip_prefix("## "), sections.last_mut()) {
            (Some(heading), _) => sections.push((heading, Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    sections
}

#[test]
fn every_code_has_one_section_and_every_section_has_a_code() {
    let headings: Vec<_> = sections().into_iter().map(|(heading, _)| heading).collect();
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(headings, codes, "the page has them in the order of Code::ALL");
}

#[test]
fn the_page_has_one_title_and_no_deeper_headings() {
    // shell comments look like headings, so examples must not contain them
    let other = |line: &&str| line.trim_start().starts_with('#') && !line.starts_with("## ");
    assert_eq!(PAGE.lines().filter(other).collect::<Vec<_>>(), ["# Errors"]);
}

#[test]
fn a_section_starts_with_the_status_and_the_title_of_its_code() {
    for (code, (heading, lines)) in Code::ALL.iter().zip(sections()) {
        let expected = format!("**{} · {}**", code.status(), code.title());
        assert_eq!(lines.first(), Some(&expected.as_str()), "{heading}");
    }
}

#[test]
fn a_section_has_a_meaning_causes_and_a_cure_in_a_few_lines() {
    for (heading, lines) in sections() {
        let starting = |with: &str| lines.iter().filter(|line| line.starts_with(with)).count();
        assert_eq!(starting("- **Causes**: "), 1, "{heading} names causes");
        assert_eq!(starting("- **Cure**: "), 1, "{heading} has a cure");
        let meaning = lines.iter().skip(1).take_while(|line| !line.starts_with("- ")).count();
        assert!(meaning > 0, "{heading} has a meaning");
        let text = lines.len() - 1;
        assert!((3..=8).contains(&text), "{heading}: {text} lines below the title");
    }
}

#[test]
fn a_code_can_be_linked_to() {
    // a heading of these characters is its own anchor, and problem responses link to it
    for code in Code::ALL {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(code.as_str().bytes().all(plain), "{code}");
    }
}
