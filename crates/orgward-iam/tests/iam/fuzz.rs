//! The harness of `fuzz/`, with bytes that are drawn and not searched for: it needs no special compiler. More of them:
//! `PROPTEST_CASES=100000 cargo test -p orgward-iam --release --test iam fuzz`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

#[path = "../../../../fuzz/harness.rs"]
mod harness;

use proptest::prelude::*;

/// Texts that are nearly policies: pieces of JSON and of the language, joined as they come.
fn nearly_policies() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\u0041",
        "null",
        "true",
        "1e999",
        " ",
        "\"Version\":",
        "\"2012-10-17\"",
        "\"Statement\":",
        "\"Effect\":",
        "\"Allow\"",
        "\"Deny\"",
        "\"Action\":",
        "\"NotAction\":",
        "\"s3:*\"",
        "\"*\"",
        "\"Resource\":",
        "\"Principal\":",
        "{\"AWS\":\"*\"}",
        "\"Condition\":",
        "\"StringLike\":",
        "\"aws:SourceIp\":",
        "\"IpAddress\":",
        "\"${aws:username}\"",
        "\"é\"",
        "\"name\":",
        "\"request\":",
        "\"policies\":",
        "\"principal\":",
        "{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}",
        "{\"Version\":\"2012-10-17\",\"Statement\":[",
    ];
    let pieces = proptest::collection::vec(proptest::sample::select(PIECES), 0..24);
    pieces.prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn whatever_is_read_is_read_or_refused_with_a_place(data in prop_oneof![nearly_policies(), any::<Vec<u8>>()]) {
        harness::read(&data);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_and_the_evaluator_agree(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        harness::agree(&data);
    }
}
