//! Whatever is in the input, reading it ends, and ends without a panic.

use crate::support;
use orgward_plan::{Document, Legal, Plan, Step};
use proptest::prelude::*;

const PLANS: [&str; 4] = ["refs_plan.json", "org_plan.json", "changes_state.json", "utf16.json"];

/// Asks for everything there is; an error is an answer too.
fn ask(bytes: Vec<u8>) -> Option<usize> {
    let document =
        Document::decode("plan.json", bytes).map_err(|error| crate::support::told_error(&error)).ok()?;
    let plan = Plan::parse(&document).map_err(|error| crate::support::told_error(&error)).ok()?;
    for instance in plan.instances() {
        let objects = [instance.before(), instance.after(), instance.left_behind(), instance.identity()];
        for object in objects.into_iter().flatten() {
            for (_, view) in object.view().entries().known().unwrap_or_default() {
                let _ = (view.text(), view.items(), view.is_sensitive(), view.has_unknown());
            }
        }
        let _ = (plan.placement(instance).landing(), plan.region(instance), instance.standing());
        for attribute in ["target_id", "policy_id", "role", "policy"] {
            let path = [Step::Name(attribute)];
            let _ =
                (plan.resolve(instance, &path, &Legal(&[])), plan.resolve_all(instance, &path, &Legal(&[])));
        }
        let _ = plan.resolve(
            instance,
            &[Step::Name("statement"), Step::Index(0), Step::Name("actions")],
            &Legal(&[]),
        );
    }
    Some(plan.instances().len())
}

#[test]
fn cut_anywhere() {
    for name in ["changes_state.json", "terraform_0_12.json"] {
        let whole = support::bytes(name);
        assert!(ask(whole.clone()).is_some());
        let end = whole.trim_ascii_end().len();
        for length in 0..end {
            assert_eq!(ask(whole[..length].to_vec()), None, "{name} cut at {length}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_anywhere(
        plan in 0..PLANS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = support::bytes(PLANS[plan]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        ask(bytes);
    }

    #[test]
    fn pieces_moved_about(
        plan in 0..PLANS.len(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        length in 0_usize..200,
    ) {
        let mut bytes = support::bytes(PLANS[plan]);
        let from = from.index(bytes.len());
        let piece = bytes[from..(from + length).min(bytes.len())].to_vec();
        let to = to.index(bytes.len());
        bytes.splice(to..to, piece);
        ask(bytes);
    }

    #[test]
    fn tokens_swapped(
        plan in 0..2_usize,
        at in any::<prop::sample::Index>(),
        token in prop::sample::select(vec!["null", "true", "[]", "{}", "\"x\"", "-1", "1e999", "[[]]", "{\"references\":[\"\"]}"]),
    ) {
        let text = String::from_utf8(support::bytes(PLANS[plan])).unwrap();
        // Values are replaced where they start, after a colon, up to the next comma.
        let colons: Vec<usize> = text.match_indices(':').map(|(position, _)| position + 1).collect();
        let start = *at.get(&colons);
        let end = start + text[start..].find([',', '}']).unwrap_or(0);
        let swapped = format!("{}{token}{}", &text[..start], &text[end..]);
        ask(swapped.into_bytes());
    }

    #[test]
    fn any_text(text in "\\PC*") {
        ask(text.clone().into_bytes());
        ask(format!("{{\"format_version\":\"1.0\",{text}").into_bytes());
    }
}
