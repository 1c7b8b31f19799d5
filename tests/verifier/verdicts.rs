//! The recorded verdicts match the core. Tests in other languages read them.

use crate::common::verdict;

#[test]
fn the_recorded_verdicts_match_the_core() {
    let recorded = include_str!("../vectors/verdicts.jsonl");
    assert!(recorded.lines().count() > 600);
    for line in recorded.lines() {
        let [expected, token]: [String; 2] = serde_json::from_str(line).expect("a pair of texts");
        assert_eq!(verdict(&token), expected, "{token}");
    }
}
