//! Asks rules, in a thread of their own: what takes too long or too much memory is left behind.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use orgward_finding::{Finding, Verdict};
use orgward_proof::questions::Questions;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use crate::builtins::{Answers, Assume, Call, connect};
use crate::error::RegoError;
use crate::input::Inputs;
use crate::policies::{Entry, Policies};
use crate::{results, time, yaml};

/// How often limits are looked at.
const TICK: Duration = Duration::from_millis(20);
/// Steps of a rule between looks at its clock.
const STEPS: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);
/// Expressions nest, and each level takes a frame.
const STACK: usize = 64 << 20;

/// What one rule may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long.
    pub time: Duration,
    /// How many bytes more than at its start.
    pub memory: u64,
    /// How many bytes the program has, where the system says so.
    pub used: fn() -> Option<u64>,
}

/// What the thread of a rule sends.
enum Event {
    Call(Call),
    Done(Result<(Value, Option<Value>), String>),
}

impl Policies {
    /// Asks the rules that are given the organization.
    pub fn of_organization(
        &self,
        questions: &Questions<'_>,
        inputs: &Inputs,
        limits: Limits,
    ) -> Result<Vec<Finding>, RegoError> {
        let answers = Answers::of(questions);
        let mut found = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.is_of_organization()) {
            found.extend(self.judge(entry, (&inputs.organization, inputs), &answers, limits)?);
        }
        Ok(found)
    }

    /// Asks the rules that are given one plan, about each plan.
    pub fn of_plans(
        &self,
        questions: &Questions<'_>,
        inputs: &Inputs,
        limits: Limits,
    ) -> Result<Vec<Finding>, RegoError> {
        let answers = Answers::of(questions);
        let mut found = Vec::new();
        for entry in self.entries.iter().filter(|entry| !entry.is_of_organization()) {
            for (name, plan) in &inputs.plans {
                let mut of_plan = self.judge(entry, (plan, inputs), &answers, limits)?;
                if inputs.plans.len() > 1 {
                    for finding in &mut of_plan {
                        finding.input = Some(name.clone());
                    }
                }
                found.extend(of_plan);
            }
        }
        Ok(found)
    }

    /// Asks a rule about an input. Where an answer of the engine is undecided, the rule is asked once more with the
    /// opposite: what it says only once depends on what is unknown.
    fn judge(
        &self,
        entry: &Entry,
        (input, inputs): (&Value, &Inputs),
        answers: &Answers<'_, '_>,
        limits: Limits,
    ) -> Result<Vec<Finding>, RegoError> {
        let ask = |assume| self.ask(entry, (input, inputs), (answers, assume), limits);
        let (mut found, undecided) = ask(Assume::Worst)?;
        if !undecided.is_empty() {
            let (best, more) = ask(Assume::Best)?;
            let reasons: BTreeSet<String> = undecided.into_iter().chain(more).collect();
            let mut open = Vec::new();
            let is_in = |list: &[Finding], finding: &Finding| {
                list.iter().any(|it| it.identity() == finding.identity())
            };
            open.extend(best.iter().filter(|finding| !is_in(&found, finding)).cloned());
            let (certain, only_worst): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| is_in(&best, it));
            open.extend(only_worst);
            if open.is_empty() {
                // Answers that are mixed may make it say more than either extreme does.
                let mut finding = Finding::about(entry.info, None);
                finding.says("undecided: what it asks the engine depends on something unknown");
                finding.subject("undecided");
                finding.severity = entry.info.unverifiable;
                open.push(finding);
            }
            for finding in &mut open {
                finding.verdict = Verdict::Unverifiable;
                finding.notes.extend(reasons.iter().cloned());
            }
            found = certain;
            found.extend(open);
        }
        let place = self.files.get(entry.file).map_or("", |file| &file.name);
        for finding in &mut found {
            finding.note(format!("rule `{}` is in `{place}`, line {}", entry.info.id, entry.line));
        }
        Ok(found)
    }

    fn ask(
        &self,
        entry: &Entry,
        (input, inputs): (&Value, &Inputs),
        (answers, assume): (&Answers<'_, '_>, Assume),
        limits: Limits,
    ) -> Result<(Vec<Finding>, Vec<String>), RegoError> {
        let rule = entry.info.id;
        let failed = |why: &dyn std::fmt::Display| RegoError::of(&why, &self.files, Some(rule));
        let (events, received) = channel();
        let mut engine = self.engine.clone();
        let calls = forward(&events);
        connect(&mut engine, &calls, &inputs.organization)
            .and_then(|()| time::connect(&mut engine, self.now))
            .and_then(|()| yaml::connect(&mut engine))
            .map_err(|error| failed(&error))?;
        drop(calls);
        engine.set_execution_timer_config(ExecutionTimerConfig { limit: limits.time, check_interval: STEPS });
        engine.set_input(input.clone());
        let (path, exception) = (path(entry, &entry.name), entry.excepts.then(|| path(entry, "exception")));
        // Not joined: a rule that does not end must not keep the program from ending.
        thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || {
                let _ = events.send(Event::Done(evaluate(engine, path, exception)));
            })
            .map_err(|error| failed(&error))?;
        let (value, exception, undecided) = wait(entry, &received, (answers, assume), limits, &failed)?;
        let mut found = results::findings(entry, &value).map_err(|why| match self.files.get(entry.file) {
            Some(file) => RegoError::at(file, entry.line, 1, &why),
            None => failed(&why),
        })?;
        if exception.is_some_and(|exception| excepts(&exception, &entry.name)) {
            for finding in &mut found {
                finding.severity = orgward_finding::Severity::Info;
                finding.note("an `exception` of its package accepts it");
            }
        }
        Ok((found, undecided))
    }
}

/// Lets builtins send their calls among the other events.
fn forward(events: &Sender<Event>) -> Sender<Call> {
    let (calls, received) = channel();
    let events = events.clone();
    // Ends with the last builtin that can call.
    thread::spawn(move || {
        for call in received {
            if events.send(Event::Call(call)).is_err() {
                break;
            }
        }
    });
    calls
}

fn evaluate(
    mut engine: Engine,
    path: String,
    exception: Option<String>,
) -> Result<(Value, Option<Value>), String> {
    let value = engine.eval_rule(path).map_err(|error| error.to_string())?;
    // A line that begins with the word need not be a rule of that name.
    let exception = exception.and_then(|path| engine.eval_rule(path).ok());
    Ok((value, exception))
}

fn path(entry: &Entry, name: &str) -> String {
    format!("data.{}.{name}", entry.package)
}

/// Answers what the rule asks until it is done.
fn wait(
    entry: &Entry,
    received: &Receiver<Event>,
    (answers, assume): (&Answers<'_, '_>, Assume),
    limits: Limits,
    failed: &dyn Fn(&dyn std::fmt::Display) -> RegoError,
) -> Result<(Value, Option<Value>, Vec<String>), RegoError> {
    let rule = || entry.info.id.to_owned();
    let time = || RegoError::Time { rule: rule(), seconds: limits.time.as_secs() };
    let (start, before) = (Instant::now(), (limits.used)().unwrap_or(0));
    let mut undecided = Vec::new();
    loop {
        match received.recv_timeout(TICK) {
            Ok(Event::Done(Ok((value, exception)))) => return Ok((value, exception, undecided)),
            Ok(Event::Done(Err(why))) if why.contains("execution exceeded time limit") => return Err(time()),
            Ok(Event::Done(Err(why))) => return Err(failed(&why)),
            Ok(Event::Call(call)) => {
                let (answer, why) = answers.answer(&call, assume);
                undecided.extend(why);
                // The rule may have run out of time meanwhile.
                let _ = call.reply.send(answer);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(failed(&"its evaluation broke off")),
        }
        if start.elapsed() > limits.time {
            return Err(time());
        }
        if (limits.used)().unwrap_or(0).saturating_sub(before) > limits.memory {
            return Err(RegoError::Memory { rule: rule(), megabytes: limits.memory >> 20 });
        }
    }
}

/// Whether exceptions, lists of names without `deny_`, name a rule.
fn excepts(exception: &Value, name: &str) -> bool {
    let Some(short) = ["deny_", "violation_"].iter().find_map(|word| name.strip_prefix(word)) else {
        // `exception` names what comes after the underscore: a rule without one is excepted by the empty name.
        return ["deny", "violation"].contains(&name) && names(exception, "");
    };
    names(exception, short)
}

fn names(exception: &Value, wanted: &str) -> bool {
    match exception {
        Value::String(name) => &**name == wanted,
        Value::Array(values) => values.iter().any(|value| names(value, wanted)),
        Value::Set(values) => values.iter().any(|value| names(value, wanted)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use orgward_org::{Change, Declared, Organization, Structure};
    use orgward_proof::questions::Questions;

    use super::Limits;
    use crate::{Inputs, Policies, RegoError, RuleFile};

    /// 2026-11-20, 09:00 UTC: a Friday.
    const NOW: i64 = 1_795_165_200_000_000_000;

    fn asked(body: &str, limits: Limits) -> Result<usize, RegoError> {
        let file = RuleFile { name: "a.rego".to_owned(), text: format!("package main\n{body}\n") };
        let policies = Policies::parse(vec![file], &BTreeSet::new(), NOW)?;
        let inputs = Inputs::new("{}", &[("plan.json", "{}")])?;
        let Change { after, .. } = Organization::of(&[], &[], &Declared::default());
        let structure = Structure::default();
        let questions = Questions::of(&after, &structure, &[]);
        policies.of_plans(&questions, &inputs, limits).map(|found| found.len())
    }

    /// A rule that would take minutes.
    const LONG: &str = "deny contains 1 if { some i in numbers.range(1, 9000); some j in numbers.range(1, 9000); i * j == -1 }";

    #[test]
    fn what_takes_too_long_is_left_behind() {
        let limits = Limits { time: Duration::from_millis(300), memory: 1 << 30, used: || None };
        assert!(matches!(asked(LONG, limits), Err(RegoError::Time { .. })));
        assert_eq!(asked("deny contains \"x\"", limits).ok(), Some(1), "what is quick is answered");
    }

    #[test]
    fn what_takes_too_much_memory_is_left_behind() {
        // Grows by a megabyte each time it is asked.
        static USED: AtomicU64 = AtomicU64::new(0);
        let used = || Some(USED.fetch_add(1 << 20, Ordering::Relaxed));
        let limits = Limits { time: Duration::from_mins(1), memory: 4 << 20, used };
        assert!(matches!(asked(LONG, limits), Err(RegoError::Memory { megabytes: 4, .. })));
    }

    /// Each line holds, and none of the others does.
    #[test]
    fn times_are_what_they_are_in_opa() {
        let limits = Limits { time: Duration::from_secs(20), memory: 1 << 30, used: || None };
        let at = r#"time.parse_rfc3339_ns("2026-11-20T09:00:00Z")"#;
        for line in [
            format!("time.now_ns() == {at}"),
            format!("time.date({at}) == [2026, 11, 20]"),
            format!("time.clock([{at}, \"UTC\"]) == [9, 0, 0]"),
            r#"time.weekday(time.now_ns()) == "Friday""#.to_owned(),
            format!("time.add_date({at}, 0, 0, 30) == time.parse_rfc3339_ns(\"2026-12-20T09:00:00Z\")"),
            // The 31st of February is the 3rd of March.
            r#"time.add_date(time.parse_rfc3339_ns("2026-01-31T00:00:00Z"), 0, 1, 0) == time.parse_rfc3339_ns("2026-03-03T00:00:00Z")"#.to_owned(),
            r#"time.add_date(time.parse_rfc3339_ns("2024-02-29T01:02:03.000000004Z"), 1, 0, 0) == time.parse_rfc3339_ns("2025-03-01T01:02:03.000000004Z")"#.to_owned(),
            r#"time.diff(time.parse_rfc3339_ns("2025-01-31T23:00:00Z"), time.parse_rfc3339_ns("2026-03-01T22:59:58Z")) == [1, 1, 0, 23, 59, 58]"#.to_owned(),
            r#"time.parse_ns("2006-01-02", "2026-11-20") == time.parse_rfc3339_ns("2026-11-20T00:00:00Z")"#.to_owned(),
            r#"time.parse_ns("02 Jan 06 15:04 -0700", "20 Nov 26 11:00 +0200") == time.now_ns()"#.to_owned(),
            r#"time.parse_ns("RFC1123", "Fri, 20 Nov 2026 09:00:00 UTC") == time.now_ns()"#.to_owned(),
            r#"time.format(time.now_ns()) == "2026-11-20T09:00:00Z""#.to_owned(),
            r#"time.format([time.now_ns(), "UTC", "Mon Jan _2 2006 3:04PM"]) == "Fri Nov 20 2026 9:00AM""#.to_owned(),
            r#"time.parse_duration_ns("1h30m") == 5400000000000"#.to_owned(),
            r#"time.parse_duration_ns("-1.5s") == -1500000000"#.to_owned(),
        ] {
            assert_eq!(asked(&format!("deny contains \"x\" if {line}"), limits).ok(), Some(1), "{line}");
            let other = line.replacen(" == ", " != ", 1);
            assert_eq!(asked(&format!("deny contains \"x\" if {other}"), limits).ok(), Some(0), "{other}");
        }
        for line in [
            r#"time.date([1, "Europe/Berlin"])"#,
            r#"time.parse_ns("2006", "x")"#,
            r#"time.parse_duration_ns("1 day")"#,
        ] {
            assert!(asked(&format!("deny contains \"x\" if {line}"), limits).is_err(), "{line}");
        }
    }

    #[test]
    fn yaml_is_what_it_is_in_opa() {
        let limits = Limits { time: Duration::from_secs(20), memory: 1 << 30, used: || None };
        for line in [
            r#"yaml.unmarshal("a: [1, yes, ~]\nb: {c: '1', d: 1.5, e: 0x10}") == {"a": [1, true, null], "b": {"c": "1", "d": 1.5, "e": 16}}"#,
            r#"yaml.unmarshal("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}").d == {"b": 1, "c": 3}"#,
            r#"yaml.is_valid("a: [") == false"#,
            r#"yaml.is_valid("a: 1\na: 2") == false"#,
            "yaml.is_valid(7) == false",
            r#"yaml.is_valid("- a") == true"#,
            r#"yaml.marshal({"b": [1, "yes", {"c": "x: y", "d": []}], "a": null}) == "a: null\nb:\n- 1\n- \"yes\"\n- c: \"x: y\"\n  d: []\n""#,
            r#"yaml.unmarshal(yaml.marshal({"k": {"l": [[1, 2], {"m": {"n": "07"}}]}})) == {"k": {"l": [[1, 2], {"m": {"n": "07"}}]}}"#,
        ] {
            assert_eq!(asked(&format!("deny contains \"x\" if {line}"), limits).ok(), Some(1), "{line}");
            let other = line.replacen(" == ", " != ", 1);
            assert_eq!(asked(&format!("deny contains \"x\" if {other}"), limits).ok(), Some(0), "{other}");
        }
        assert!(asked("deny contains \"x\" if yaml.unmarshal(\"a: [\")", limits).is_err());
    }

    #[test]
    fn a_rule_reads_the_annotation_above_it() {
        let limits = Limits { time: Duration::from_secs(20), memory: 1 << 30, used: || None };
        let body = |wanted: &str| {
            format!(
                "# METADATA\n# title: Tags\n# custom:\n#   id: T1\n#   levels: [1, 2]\ndeny contains \"x\" if {{\n  rego.metadata.rule() == {wanted}\n}}\n\nplain := rego.metadata.rule()\n\nwarn contains \"y\" if plain == {{}}\n"
            )
        };
        let wanted = r#"{"scope": "rule", "title": "Tags", "custom": {"id": "T1", "levels": [1, 2]}}"#;
        assert_eq!(asked(&body(wanted), limits).ok(), Some(2));
        assert_eq!(asked(&body("{}"), limits).ok(), Some(1));
    }
}
