//! What an assistant gets of an answer: one that fits into its context, and says what it leaves out.

use serde_json::{Map, Value};

use super::tools::Call;
use crate::again::Run;

/// Characters of an answer.
const BUDGET: usize = 24_000;
/// Characters of a text and entries of a list within an answer, from generous to sparse.
const LIMITS: [(usize, usize); 3] = [(2_000, 40), (500, 10), (120, 3)];
/// Characters of what was printed beside the answer.
const NOTES: usize = 2_000;

/// The answer to a call.
#[derive(Debug)]
pub(super) struct Answer {
    /// A short text, and the JSON that the command prints.
    pub(super) blocks: Vec<String>,
    /// Whether the question could not be answered.
    pub(super) is_error: bool,
}

impl Answer {
    /// The answer of a run.
    pub(super) fn of(call: &Call, run: &Run) -> Self {
        let notes = cut(run.notes.trim(), NOTES);
        if call.is_text && run.code == Some(0) {
            return Self { blocks: vec![cut(&run.answer, BUDGET)], is_error: false };
        }
        let documents: Result<Vec<Value>, _> =
            serde_json::Deserializer::from_str(&run.answer).into_iter().collect();
        let mut documents = match documents {
            Ok(documents) if !documents.is_empty() => documents,
            _ => {
                let why = if notes.is_empty() {
                    match run.code {
                        Some(code) => format!("orgward ended with exit code {code}"),
                        None => "orgward was killed".to_owned(),
                    }
                } else {
                    notes
                };
                return Self { blocks: vec![why], is_error: true };
            }
        };
        let mut says: Vec<String> = documents.iter().map(summary).collect();
        if let Some(fingerprint) = &call.fingerprint
            && let Some(list) = documents.first_mut().and_then(|it| it.get_mut(call.list)?.as_array_mut())
        {
            list.retain(|entry| entry["fingerprint"] == fingerprint.as_str());
            if list.is_empty() {
                let why = "no finding has this fingerprint: it changes when the finding does".to_owned();
                return Self { blocks: vec![why], is_error: true };
            }
        }
        let share = BUDGET / documents.len().max(1);
        let mut texts = Vec::new();
        for document in documents {
            let (text, left_out) = shortened(document, call, share);
            texts.push(text);
            says.extend(left_out);
        }
        if !notes.is_empty() {
            says.push(notes);
        }
        Self { blocks: vec![says.join("\n"), texts.join("\n")], is_error: false }
    }
}

/// What an answer comes to, in a sentence.
fn summary(answer: &Value) -> String {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    if let Some(counts) = answer.get("summary") {
        let new: Vec<String> = counts["new"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(severity, count)| format!("{count} {severity}"))
            .collect();
        let new =
            if new.is_empty() { "no new findings".to_owned() } else { format!("new: {}", new.join(", ")) };
        let existing: u64 =
            counts["existing"].as_object().into_iter().flat_map(Map::values).filter_map(Value::as_u64).sum();
        return format!(
            "verdict: {}; {} of the findings block; {new}; {existing} existed before; {} are unverifiable",
            text("verdict"),
            counts["blocking"],
            counts["unverifiable"]
        );
    }
    if let Some(principals) = answer["principals"].as_array() {
        let certain = principals.iter().filter(|it| it["certainty"] == "certain").count();
        return format!(
            "{} principals can do `{}`: {certain} certainly, {} perhaps",
            principals.len(),
            text("action"),
            principals.len() - certain
        );
    }
    if let Some(chains) = answer["chains"].as_array() {
        let verdicts: Vec<String> = chains
            .iter()
            .take(20)
            .map(|it| {
                format!(
                    "{} {}",
                    it["chain"].as_str().unwrap_or_default(),
                    it["verdict"].as_str().unwrap_or_default()
                )
            })
            .collect();
        return format!("`{}`: {}", text("guardrail"), verdicts.join("; "));
    }
    format!("`{}` in {}: {}", text("guardrail"), text("account"), text("verdict"))
}

/// The JSON of an answer within a budget, and what was left out of it.
fn shortened(mut answer: Value, call: &Call, budget: usize) -> (String, Vec<String>) {
    let list = answer.get_mut(call.list).and_then(Value::as_array_mut).map(std::mem::take);
    let total = list.as_ref().map_or(0, Vec::len);
    // A finding that was asked for alone is shown in full, as far as it fits.
    let limits = LIMITS.iter().skip(usize::from(total > 400));
    let mut best = (String::new(), vec!["the answer does not fit: ask about less".to_owned()]);
    for (at, (long, many)) in
        std::iter::once(&(BUDGET, 1_000)).filter(|_| total == 1).chain(limits).enumerate()
    {
        let mut trimmed = 0;
        let mut rest = trim(answer.clone(), *long, *many, &mut trimmed);
        let mut left = budget.saturating_sub(rest.to_string().len());
        if left == 0 {
            continue;
        }
        let mut shown = Vec::new();
        for entry in list.iter().flatten().skip(call.offset) {
            let mut cuts = 0;
            let entry = trim(entry.clone(), *long, *many, &mut cuts);
            let size = entry.to_string().len() + 1;
            if size > left {
                break;
            }
            left -= size;
            trimmed += cuts;
            shown.push(entry);
        }
        let until = call.offset + shown.len();
        let is_whole = until >= total;
        if let Some(place) = rest.get_mut(call.list) {
            *place = Value::Array(shown);
        }
        let mut says = Vec::new();
        if !is_whole && until > call.offset {
            says.push(format!(
                "{} {} to {until} of {total} are shown: ask again with `offset` {until} for the next",
                call.list,
                call.offset + 1
            ));
        } else if call.offset >= total && total > 0 {
            says.push(format!(
                "there are {total} {}, and `offset` {} is behind them",
                call.list, call.offset
            ));
        }
        if trimmed > 0 {
            let how =
                if call.list == "findings" { ": ask with `fingerprint` for a finding in full" } else { "" };
            says.push(format!("long texts and lists are cut{how}"));
        }
        let is_of_use = is_whole || until > call.offset;
        // Ten findings in short are worth more than one in full.
        if is_of_use && (is_whole || until - call.offset >= 10 || at + 1 >= LIMITS.len()) {
            return (rest.to_string(), says);
        }
        if is_of_use {
            best = (rest.to_string(), says);
        }
    }
    best
}

/// A value with its long texts and lists cut.
fn trim(value: Value, long: usize, many: usize, trimmed: &mut usize) -> Value {
    match value {
        Value::String(text) => {
            let short = cut(&text, long);
            *trimmed += usize::from(short != text);
            Value::String(short)
        }
        Value::Array(mut entries) => {
            let left_out = entries.len().saturating_sub(many);
            entries.truncate(many);
            let mut entries: Vec<Value> =
                entries.into_iter().map(|entry| trim(entry, long, many, trimmed)).collect();
            if left_out > 0 {
                *trimmed += 1;
                entries.push(Value::String(format!("… {left_out} more")));
            }
            Value::Array(entries)
        }
        Value::Object(members) => {
            let each = |(key, value)| (key, trim(value, long, many, trimmed));
            Value::Object(members.into_iter().map(each).collect())
        }
        other => other,
    }
}

/// The beginning of a text that is too long.
fn cut(text: &str, long: usize) -> String {
    match text.char_indices().nth(long) {
        Some((end, _)) => {
            let left_out = text.chars().count() - long;
            format!("{}… ({left_out} more characters)", text.get(..end).unwrap_or_default())
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(offset: usize) -> Call {
        Call { list: "findings", offset, ..Call::default() }
    }

    fn review(count: usize, text: usize) -> Value {
        let finding =
            |number: usize| json!({ "fingerprint": number.to_string(), "message": "x".repeat(text) });
        json!({ "verdict": "blocked", "summary": { "new": { "high": count }, "existing": {}, "blocking": count, "unverifiable": 0 },
            "findings": (0..count).map(finding).collect::<Vec<_>>() })
    }

    fn answer(call: &Call, answer: &Value) -> Answer {
        Answer::of(call, &Run { code: Some(1), answer: answer.to_string(), notes: String::new() })
    }

    #[test]
    fn every_finding_is_reached_by_asking_on() {
        let review = review(900, 700);
        let (mut offset, mut seen) = (0, Vec::new());
        while offset < 900 {
            let answer = answer(&call(offset), &review);
            let json: Value = serde_json::from_str(&answer.blocks[1]).unwrap();
            assert!(answer.blocks[1].len() <= BUDGET, "{}", answer.blocks[1].len());
            let shown = json["findings"].as_array().unwrap();
            assert!(shown.len() >= 10);
            seen.extend(shown.iter().map(|it| it["fingerprint"].as_str().unwrap().to_owned()));
            offset += shown.len();
            assert_eq!(answer.blocks[0].contains(&format!("ask again with `offset` {offset}")), offset < 900);
        }
        assert_eq!(seen, (0..900).map(|it| it.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn a_finding_that_is_asked_for_is_whole() {
        let only = Call { fingerprint: Some("7".to_owned()), ..call(0) };
        let whole = answer(&only, &review(50, 9_000));
        assert!(whole.blocks[1].contains(&"x".repeat(9_000)));
        let missing = Call { fingerprint: Some("none".to_owned()), ..call(0) };
        assert!(answer(&missing, &review(2, 10)).is_error);
    }

    #[test]
    fn one_entry_that_is_too_long_is_cut_and_said_to_be() {
        let huge = answer(&call(0), &review(1, 200_000));
        assert!(huge.blocks[1].len() <= BUDGET);
        assert!(huge.blocks[0].contains("long texts and lists are cut"), "{}", huge.blocks[0]);
        assert!(huge.blocks[1].contains("more characters"));
    }

    #[test]
    fn a_failure_is_one() {
        let run = Run { code: Some(2), answer: String::new(), notes: "  × cannot read `x`\n".to_owned() };
        let failed = Answer::of(&call(0), &run);
        assert!(failed.is_error);
        assert_eq!(failed.blocks, ["× cannot read `x`"]);
        let killed = Answer::of(&call(0), &Run { code: None, answer: "{".to_owned(), notes: String::new() });
        assert_eq!(killed.blocks, ["orgward was killed"]);
    }
}
