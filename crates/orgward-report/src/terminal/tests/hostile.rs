//! Whatever a finding holds, the page stays a page.

use std::sync::Arc;

use orgward_finding::{Site, Snippet, Verdict, Witness, WitnessValue};
use orgward_plan::Address;
use proptest::prelude::*;

use super::*;

#[test]
fn a_hostile_plan_obtains_nothing() {
    let style = Style::plain(80);
    testing::assert_gives_no_commands(&terminal(&testing::hostile(), &[], style), &[]);
    testing::assert_gives_no_commands(&crate::json(&testing::hostile(), &[]), &[]);
}

fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        '\u{1b}', '\u{9b}', '\u{7}', '\r', '\n', '\t', '\u{7f}', '\u{202e}', '\u{2066}', '\u{200b}',
        '\u{2028}', '\u{feff}', ' ', 'ä', '字', '\u{301}', '{', '"',
    ]);
    prop::collection::vec(prop_oneof![odd, any::<char>()], 0..40).prop_map(String::from_iter)
}

fn long_text() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        (text(), 0_usize..40).prop_map(|(text, times)| text.repeat(times)),
        (text(), 0_usize..30).prop_map(|(text, times)| format!("{}\n", text.replace('\n', "")).repeat(times)),
    ]
}

fn snippets() -> impl Strategy<Value = Vec<Snippet>> {
    let span = (0_usize..1_500, 0_usize..400);
    (long_text(), prop::collection::vec((span, text(), prop::bool::weighted(0.9)), 0..4)).prop_map(
        |(document, spans)| {
            let document: Arc<str> = Arc::from(document);
            spans
                .into_iter()
                .map(|((start, length), label, public)| Snippet {
                    name: Arc::from("document\u{1b}"),
                    text: public.then(|| Arc::clone(&document)),
                    // Around the middle, so that ends come before, inside and after the text.
                    span: start % (document.len() + 2)
                        ..(start % (document.len() + 2) + length).saturating_sub(30),
                    label,
                })
                .collect()
        },
    )
}

prop_compose! {
    fn findings()(
        texts in prop::collection::vec(text(), 10),
        snippets in snippets(),
        severity in prop::sample::select(Severity::ALL.to_vec()),
        (existing, unverifiable, addressed) in any::<(bool, bool, bool)>(),
        copies in 1_usize..6,
    ) -> Vec<Finding> {
        let mut finding = Finding::about(&PUBLIC_TRUST, addressed.then(|| Address::new(&*texts[0])).as_ref());
        finding.severity = severity;
        finding.status = if existing { Status::Existing } else { Status::New };
        finding.verdict = if unverifiable { Verdict::Unverifiable } else { Verdict::Found };
        finding.snippets = snippets;
        finding.site = Some(Site { file: texts[1].clone(), line: 1 });
        finding.target(&*texts[2]).says(&*texts[3]).help(&*texts[4]).note(&*texts[5]).rests_on(&*texts[6]);
        finding.accounts([texts[7].clone()]).witness(Witness {
            principal: texts[8].clone(),
            action: texts[9].clone(),
            resource: texts[0].clone(),
            context: vec![
                (texts[1].clone(), WitnessValue::One(texts[2].clone())),
                (texts[3].clone(), WitnessValue::Many(texts.clone())),
            ],
        });
        vec![finding; copies]
    }
}

proptest! {
    #[test]
    fn no_finding_breaks_the_page(
        mut findings in findings(),
        more in findings(),
        doubt in text(),
        width in 0_usize..250,
        (color, unicode, quiet, doubted) in any::<(bool, bool, bool, bool)>(),
    ) {
        findings.extend(more);
        let mut review = testing::review(findings);
        review.inputs[0].name.clone_from(&doubt);
        if doubted {
            review.inputs[0].doubts.push(doubt);
        }
        let detail = if quiet { Detail::Quiet } else { Detail::Verbose };
        let page = terminal(&review, &[&PUBLIC_TRUST], Style { color, unicode, width, detail, links: color });
        let page = if color { without_colors(&page) } else { page };
        let hidden = page.chars().find(|character| *character != '\n' && escape::is_hidden(*character));
        prop_assert_eq!(hidden, None, "{}", page.escape_debug());

        let json = crate::json(&review, &[]);
        prop_assert_eq!(json.chars().find(|character| *character != '\n' && escape::is_hidden(*character)), None);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }
}
