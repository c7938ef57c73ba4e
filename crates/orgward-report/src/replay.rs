//! What replayed events come to, as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// What replayed events come to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReplayView {
    /// How many events there were.
    pub events: u64,
    /// The first and the last moment.
    pub period: Option<(String, String)>,
    /// Counts of what is neither denied nor undecided, each with what it counts.
    pub counts: Vec<(&'static str, u64)>,
    /// Calls that would be denied from now on, most frequent first.
    pub denied: Vec<BrokenView>,
    /// How many would be denied in further groups, which are too many to be kept.
    pub denied_besides: u64,
    /// Reasons why calls are undecided, most frequent first.
    pub undecided: Vec<(String, u64)>,
    /// Whether the number of denied calls is exact.
    pub exact: bool,
    /// Policies that the plan adds or changes and that denied nothing for certain, each with how many calls it may deny.
    pub harmless: Vec<(String, u64)>,
}

/// Calls that would be denied from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BrokenView {
    /// Who made them.
    pub principal: String,
    /// In which account.
    pub account: String,
    /// What they call.
    pub action: String,
    /// What denies them.
    pub by: String,
    /// The statement.
    pub statement: String,
    /// How many there were.
    pub count: u64,
}

/// How many groups are shown one by one.
const SHOWN: usize = 20;

/// As text.
pub fn replay(view: &ReplayView) -> String {
    let mut out = String::new();
    let line = crate::escape;
    let total: u64 = view.denied.iter().map(|broken| broken.count).sum::<u64>() + view.denied_besides;
    let least = if view.exact { "" } else { "at least " };
    if view.denied.is_empty() {
        let _ = writeln!(out, "no call of these events would be denied from now on");
    } else {
        let calls = if total == 1 { "call" } else { "calls" };
        let _ = writeln!(out, "{least}{total} {calls} would be denied from now on");
    }
    for broken in view.denied.iter().take(SHOWN) {
        let BrokenView { principal, account, action, by, statement, count } = broken;
        let _ = writeln!(out, "\n  {count} × {} by {} in {}", line(action), line(principal), line(account));
        let statement = if statement.is_empty() { String::new() } else { format!(", {}", line(statement)) };
        let _ = writeln!(out, "    denied by {}{statement}", line(by));
        let _ = writeln!(out, "    spared by: ArnNotLike aws:PrincipalArn {}", line(principal));
    }
    if view.denied.len() > SHOWN {
        let _ = writeln!(
            out,
            "\n  and {} more groups: `--format json` has all of them",
            view.denied.len() - SHOWN
        );
    }
    if view.denied_besides > 0 {
        let _ = writeln!(
            out,
            "\n  and {} calls of further groups, which are too many to list",
            view.denied_besides
        );
    }
    if !view.undecided.is_empty() {
        let _ = writeln!(out, "\nundecided, because the events do not show it:");
        for (reason, count) in view.undecided.iter().take(SHOWN) {
            let _ = writeln!(out, "  {count} × {}", line(reason));
        }
    }
    for (policy, undecided) in &view.harmless {
        let unknown = match undecided {
            0 => String::new(),
            count => format!(" for certain; of {count} it is unknown"),
        };
        let _ = writeln!(out, "\n{} denied none of these calls{unknown}", line(policy));
    }
    let _ = writeln!(out);
    let period = view
        .period
        .as_ref()
        .map_or_else(String::new, |(first, last)| format!(", from {} to {}", line(first), line(last)));
    let _ = writeln!(out, "replayed {} events{period}", view.events);
    for (what, count) in view.counts.iter().filter(|(_, count)| *count > 0) {
        let _ = writeln!(out, "  {count} {what}");
    }
    out
}

/// As JSON.
pub fn replay_json(view: &ReplayView) -> String {
    let denied: Vec<Value> = view
        .denied
        .iter()
        .map(|it| {
            json!({ "principal": it.principal, "account": it.account, "action": it.action, "deniedBy": it.by,
                "statement": it.statement, "count": it.count })
        })
        .collect();
    let undecided: Vec<Value> =
        view.undecided.iter().map(|(reason, count)| json!({ "reason": reason, "count": count })).collect();
    let harmless: Vec<&str> = view
        .harmless
        .iter()
        .filter(|(_, undecided)| *undecided == 0)
        .map(|(name, _)| name.as_str())
        .collect();
    let counts: serde_json::Map<String, Value> =
        view.counts.iter().map(|(what, count)| ((*what).to_owned(), json!(count))).collect();
    let mut all = json!({ "schema": 1, "events": view.events, "exact": view.exact, "denied": denied,
        "deniedInFurtherGroups": view.denied_besides,
        "undecided": undecided, "counts": counts, "harmless": harmless });
    if let (Some((first, last)), Some(all)) = (&view.period, all.as_object_mut()) {
        all.insert("from".to_owned(), json!(first));
        all.insert("to".to_owned(), json!(last));
    }
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}
