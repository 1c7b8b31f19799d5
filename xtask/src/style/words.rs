//! Words, shapes of sentences and spellings that the style guide does without.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::Finding;

/// A regular expression of the text to find, and the text to write instead.
type Rule = (&'static str, &'static str);

/// Subjects without a name.
const SUBJECTS: [Rule; 9] = [
    ("nobody", "name the subject and negate the verb: \"the client cannot\""),
    ("somebody", "name the subject: the client, the user, the operator"),
    ("anybody", "name the subject: any client, any user"),
    ("everybody", "name the subject: every client, all users"),
    ("whoever", "name the subject: a client that"),
    ("no one", "name the subject and negate the verb"),
    ("whatever", "any, every, or name what"),
    ("someone", "name the subject: the client, the user, an attacker"),
    ("everyone", "name the subject: every client, all users"),
];

/// Shapes that make a reader stop.
const SHAPES: [Rule; 20] = [
    (r"(?:\w+ )?(?:is|are|was|were) no \w+", "\"is not a …\", \"is not …\""),
    (r"(?:is|are|was|were) none", "\"is absent\", \"does not exist\", \"is not one\""),
    ("but for", "except, except for, unless"),
    ("so long(?: that)?", "\"for up to …\", \"as long as\""),
    (
        "so (?:may|does|do|is|are|must|has|have|did|was|were) (?:an?|the|it|what|one|some|all|does)",
        "make the second subject part of the sentence: \"X and Y do …\"",
    ),
    ("nor (?:is|are|does|do|did|has|have|can|may|was|were|will|must)", "\"and does not …\""),
    ("(?:no|any) use for", "\"does not use\", \"ignores\""),
    ("beside (?:that|this|these|those|what)", "in addition to"),
    (r"as (?:far|long) as (?:it|they) (?:may|can)", "\"up to …\""),
    ("anew", "again"),
    ("be had", "is available, can be fetched"),
    (r"rather \w+ than", "\"best effort: …\", \"… instead of …\""),
    (r"takes? (?:\w+ )?away|took (?:\w+ )?away|taken away", "removes"),
    ("go(?:es)? on to", "\"is forwarded to\", or the verb itself"),
    ("lets? pass|let pass", "allow, forward"),
    ("save for|save that", "except"),
    ("lest|whence|thence|hence|herein|therein|hitherto|whereupon|wherein", "the usual word"),
    ("what is (?:not|none)", "\"a value that is not …\""),
    (r"(?:it|he|they|this|that|which) knows? not", "\"does not know\""),
    (r"(?:for|to|of|by) (?:itself|themselves) alone", "only"),
];

/// British spellings. `cancelled` and `labelled` are names of others: asyncio's and ARIA's.
const SPELLINGS: [Rule; 20] = [
    (r"(?:\w*_)?behaviours?\w*", "behavior"),
    (r"\w*normalis\w*", "normaliz-"),
    (r"\w*serialis\w*", "serializ-"),
    (r"\w*optimis(?:e|es|ed|ing|ation|ations)", "optimiz-"),
    (r"\w*initialis\w*", "initializ-"),
    (r"\w*recognis\w*", "recogniz-"),
    (r"\w*organis\w*", "organiz-"),
    (r"\w*authoris\w*", "authoriz-"),
    (r"\w*minimis(?:e|es|ed|ing|ation)", "minimiz-"),
    (r"\w*summaris\w*", "summariz-"),
    (r"\w*specialis\w*", "specializ-"),
    (r"colour\w*", "color"),
    (r"favour\w*", "favor"),
    (r"honour\w*", "honor"),
    (r"neighbour\w*", "neighbor"),
    (r"licences?", "license"),
    (r"centres?", "center"),
    (r"artefacts?", "artifact"),
    (r"\w*spelt", "misspelled, spelled"),
    (r"learnt|burnt|whilst|amongst|judgement|defence|offence", "the American spelling"),
];

/// Words of the code that pages for users do without.
const GUIDES: [Rule; 1] = [("upstreams?", "\"origin server\"; only code says \"upstream\"")];

/// Directories whose pages contributors read.
const FOR_CONTRIBUTORS: [&str; 2] = ["docs/decisions/", "docs/benchmarks/"];

/// Exceptions: a whole match, in lower case, that is right.
const RIGHT: [&str; 3] = [
    // "there is no key", "it is no longer"
    r"^there (?:is|are|was|were) no \w+$",
    r"^(?:\w+ )?(?:is|are|was|were) no (?:longer|more|less|later|earlier|larger|smaller|slower|faster|older|newer|shorter|deeper|wider)$",
    r"^so long that$",
];

static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = SUBJECTS.iter().chain(&SHAPES).chain(&SPELLINGS);
    rules.map(|(pattern, instead)| (word(pattern), *instead)).collect()
});

static RULES_FOR_GUIDES: LazyLock<Vec<(Regex, &str)>> =
    LazyLock::new(|| GUIDES.iter().map(|(pattern, instead)| (word(pattern), *instead)).collect());

static EXCEPTIONS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| RIGHT.iter().map(|pattern| expression(pattern)).collect());

/// The name of a function that is a sentence.
static NAME: LazyLock<Regex> = LazyLock::new(|| expression(r"\b(?:fn|def) (\w+_\w+_\w+)"));

/// Inline code of Markdown and of Rust's doc comments.
static CODE: LazyLock<Regex> = LazyLock::new(|| expression("`[^`\n]*`"));

/// A regular expression of this file.
fn expression(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns of this file are regular expressions")
}

/// The same for whole words, which underscores end too.
fn word(pattern: &str) -> Regex {
    expression(&format!("(?i)(?:^|[^a-z])({pattern})(?:$|[^a-z])"))
}

/// The findings in prose, strings and names alike.
pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let has_inline_code = path.ends_with(".md") || path.ends_with(".rs");
    let text = match has_inline_code {
        true => CODE.replace_all(text, "`"),
        false => Cow::Borrowed(text),
    };
    let mut findings = in_text(path, 1, &text);
    for name in NAME.captures_iter(&text).filter_map(|captures| captures.get(1)) {
        let sentence = name.as_str().replace('_', " ");
        findings.extend(in_text(path, line_at(&text, 1, name.start()), &sentence));
    }
    // a word of a name is found twice
    findings.sort();
    findings.dedup();
    findings
}

/// The findings in a text whose first line has that number.
fn in_text(path: &str, first: usize, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let for_guides = RULES_FOR_GUIDES.iter().filter(|_| is_guide(path));
    for (rule, instead) in RULES.iter().chain(for_guides) {
        let matches = rule.captures_iter(text).filter_map(|captures| captures.get(1));
        for found in matches.filter(|found| !is_right(found.as_str())) {
            let line = line_at(text, first, found.start());
            findings.push(Finding::new(path, line, found.as_str(), *instead));
        }
    }
    findings
}

/// Whether users read the file.
fn is_guide(path: &str) -> bool {
    let is_page = path.starts_with("docs/") && path.ends_with(".md");
    let is_for_contributors = FOR_CONTRIBUTORS.iter().any(|start| path.starts_with(start));
    let others = ["README.md", "SECURITY.md", "npm/README.md", "python/README.md"];
    (is_page && !is_for_contributors) || others.contains(&path)
}

fn line_at(text: &str, first: usize, position: usize) -> usize {
    first + text[..position].bytes().filter(|byte| *byte == b'\n').count()
}

/// Python's `None` is a value.
fn is_right(found: &str) -> bool {
    if found.ends_with(" None") {
        return true;
    }
    let found = found.to_lowercase();
    EXCEPTIONS.iter().any(|right| right.is_match(&found))
}
