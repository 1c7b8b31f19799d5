//! Finds the known name that a similar name probably stands for.

/// The known name that the written one very probably stands for. Such a name is an error by itself.
///
/// Letter case and separators do not count (`jwks-url`, `JWKSURL`). A name of five characters or
/// more may have one typing error: an extra, a missing or a wrong character, or two swapped ones
/// (the optimal string alignment distance of Damerau and Levenshtein). A name of nine characters
/// or more may have two. Shorter names are too often similar by chance, such as `ROUTES` and
/// `RULES`.
pub fn meant<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    nearest(written, known, |length| match length {
        0..=4 => 0,
        5..=8 => 1,
        _ => 2,
    })
}

/// The known name that the written one may stand for, if the written one is an error anyway.
pub fn suggestion<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    nearest(written, known, |length| (length + 2) / 4 + 1)
}

/// The suggestion as a question to append to an error; empty without a suggestion.
pub fn did_you_mean<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let name = suggestion(written, known);
    name.map_or_else(String::new, |name| [" (did you mean ", name, "?)"].concat())
}

/// The nearest known name, the first of several, within the limit for its length.
fn nearest<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str>,
    limit: impl Fn(usize) -> usize,
) -> Option<&'k str> {
    let written = letters(written);
    let distances = known.into_iter().filter_map(|name| {
        let letters = letters(name);
        let limit = limit(letters.len()).min(letters.len() / 2);
        let is_long = written.len().abs_diff(letters.len()) > limit;
        let distance = if is_long { return None } else { distance(&written, &letters) };
        (distance <= limit).then_some((distance, name))
    });
    distances.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// The characters of a name that count: upper case, without separators.
pub fn letters(name: &str) -> Vec<char> {
    let letters = name.chars().filter(|c| !"_-. ".contains(*c));
    letters.map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether two names have the same words, in any order, singular or plural: `CLAIMS_REQUIRED` and
/// `REQUIRED_CLAIMS`.
pub fn has_same_words(name: &str, other: &str) -> bool {
    let (name, other) = (words(name), words(other));
    stems(&name) == stems(&other)
}

/// The words in the singular, sorted.
fn stems(words: &[String]) -> Vec<&str> {
    let mut stems: Vec<&str> =
        words.iter().map(|word| word.strip_suffix('S').unwrap_or(word)).collect();
    stems.sort_unstable();
    stems
}

/// The words of a name in upper case: `trustedOrigins` and `TRUSTED-ORIGINS` have two.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        let is_separator = "_-. ".contains(c);
        if is_separator || (was_small && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if let (false, Some(word)) = (is_separator, words.last_mut()) {
            word.push(c.to_ascii_uppercase());
        }
        was_small = c.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The number of typing errors that turn one text into the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let wrong = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (last[j - 1] + wrong).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                let before: &Vec<usize> = &before;
                least = least.min(before[j - 2] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::json::{Json, Object};

    const NEAR_NAMES: &str = include_str!("../tests/vectors/near_names.json");

    #[test]
    fn names_are_similar_as_the_vectors_say() {
        let document = Object::parse(NEAR_NAMES.as_bytes()).unwrap();
        let list = |name| document.member(name).and_then(Json::as_array).unwrap();
        let known = || list("known").iter().filter_map(Json::as_str);
        for case in list("cases").iter().filter_map(Json::as_object) {
            let member = |name| case.member(name).and_then(Json::as_str);
            let written = member("written").unwrap();
            assert_eq!(meant(written, known()), member("meant"), "{written}");
            assert_eq!(suggestion(written, known()), member("suggested"), "{written}");
        }
        assert!(list("cases").len() > 20);
        for case in list("words").iter().filter_map(Json::as_object) {
            let member = |name| case.member(name).and_then(Json::as_str).unwrap();
            let same = case.member("same") == Some(&Json::Bool(true));
            let (name, other) = (member("name"), member("other"));
            assert_eq!(has_same_words(name, other), same, "{name} {other}");
        }
        assert!(list("words").len() > 5);
    }

    #[test]
    fn the_distance_counts_typing_errors() {
        for (a, b, slips) in [
            ("", "", 0),
            ("ROUTES", "ROUTES", 0),
            ("ROUTE", "ROUTES", 1),
            ("RUOTES", "ROUTES", 1),
            ("", "ABC", 3),
            ("RULES", "ROUTES", 2),
            ("CA", "ABC", 3),
        ] {
            assert_eq!(distance(&letters(a), &letters(b)), slips, "{a} {b}");
            assert_eq!(distance(&letters(b), &letters(a)), slips, "{b} {a}");
        }
    }

    #[test]
    fn a_suggestion_is_a_question() {
        assert_eq!(did_you_mean("route", ["routes"]), " (did you mean routes?)");
        assert_eq!(did_you_mean("color", ["routes"]), "");
    }
}
