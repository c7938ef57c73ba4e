//! What event selectors record. Basic and advanced selectors become the same: conditions on the fields of an event.
//! What is lost is found over every combination of the values that any selector mentions, and one that none mentions.

use std::collections::{BTreeMap, BTreeSet};

use orgward_plan::{Attr, Object, View};

use super::fact::{Weakening, Weight};

/// A value that no selector mentions.
const OTHER: &str = "\u{1}";
const CATEGORY: &str = "eventCategory";
const READ_ONLY: &str = "readOnly";
const SOURCE: &str = "eventSource";
/// Combinations that are looked at before the answer is that it is unknown.
const MOST: usize = 50_000;

/// A condition on one field.
#[derive(Clone, Default)]
struct Condition {
    equals: Vec<String>,
    starts: Vec<String>,
    ends: Vec<String>,
    not_equals: Vec<String>,
    not_starts: Vec<String>,
    not_ends: Vec<String>,
}

/// All conditions of a selector, by field.
type Selector = BTreeMap<String, Condition>;
type Event<'e> = BTreeMap<&'e str, &'e str>;

impl Condition {
    fn equals(value: &str) -> Self {
        Self { equals: vec![value.to_owned()], ..Self::default() }
    }

    fn matches(&self, value: &str) -> bool {
        let wanted = self.equals.len() + self.starts.len() + self.ends.len();
        let is_wanted = self.equals.iter().any(|it| it == value)
            || self.starts.iter().any(|it| value.starts_with(it.as_str()))
            || self.ends.iter().any(|it| value.ends_with(it.as_str()));
        let is_unwanted = self.not_equals.iter().any(|it| it == value)
            || self.not_starts.iter().any(|it| value.starts_with(it.as_str()))
            || self.not_ends.iter().any(|it| value.ends_with(it.as_str()));
        (wanted == 0 || is_wanted) && !is_unwanted
    }

    /// Values that tell this condition from others.
    fn values(&self, into: &mut BTreeSet<String>) {
        into.extend(self.equals.iter().chain(&self.not_equals).cloned());
        for start in self.starts.iter().chain(&self.not_starts) {
            into.extend([start.clone(), format!("{start}{OTHER}")]);
        }
        for end in self.ends.iter().chain(&self.not_ends) {
            into.extend([end.clone(), format!("{OTHER}{end}")]);
        }
    }
}

/// What is no longer recorded.
pub(super) fn compare(before: &Object, after: &Object) -> Vec<Weakening> {
    let found = |says: String, weight, is_unknown| Weakening {
        attribute: "event_selector".to_owned(),
        says,
        weight,
        is_unknown,
    };
    let unknown = || vec![found("fewer events are recorded".to_owned(), Weight::Medium, true)];
    let Some(old) = selectors(before) else { return Vec::new() };
    let Some(new) = selectors(after) else { return unknown() };
    let mut lost = Lost::default();
    for selector in &old {
        if !lost.of(selector, &new) {
            return unknown();
        }
    }
    lost.told().into_iter().map(|(says, weight)| found(says, weight, false)).collect()
}

/// Everything that is lost, of management events and of others.
#[derive(Default)]
struct Lost {
    /// Whether a read, and whether a write, of a source.
    management: BTreeMap<String, [bool; 2]>,
    /// Whether management events of some source and kind stay.
    some_stay: bool,
    others: BTreeSet<String>,
}

impl Lost {
    /// Adds what an old selector records and no new one does; `false` when there are too many combinations.
    fn of(&mut self, old: &Selector, new: &[Selector]) -> bool {
        let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for selector in new.iter().chain([old]) {
            for (field, condition) in selector {
                condition.values(values.entry(field).or_default());
            }
        }
        values.entry(CATEGORY).or_default();
        for (field, values) in &mut values {
            values.insert(OTHER.to_owned());
            if *field == READ_ONLY {
                *values = ["true", "false"].map(str::to_owned).into();
            }
        }
        values.entry(READ_ONLY).or_insert_with(|| ["true", "false"].map(str::to_owned).into());
        values.entry(SOURCE).or_insert_with(|| [OTHER.to_owned()].into());
        // What the old selector does not record need not be looked at.
        for (field, condition) in old {
            if let Some(values) = values.get_mut(field.as_str()) {
                values.retain(|value| condition.matches(value));
            }
        }
        let combinations = values.values().fold(1usize, |all, values| all.saturating_mul(values.len()));
        if combinations > MOST {
            return false;
        }
        let mut events: Vec<Event<'_>> = vec![Event::new()];
        for (field, values) in &values {
            let mut longer = Vec::with_capacity(events.len().saturating_mul(values.len()));
            for event in &events {
                for value in values {
                    let mut event = event.clone();
                    event.insert(field, value);
                    longer.push(event);
                }
            }
            events = longer;
        }
        for event in &events {
            let recorded = new.iter().any(|selector| {
                selector.iter().all(|(field, condition)| {
                    event.get(field.as_str()).is_none_or(|value| condition.matches(value))
                })
            });
            self.note(event, recorded);
        }
        true
    }

    fn note(&mut self, event: &Event<'_>, recorded: bool) {
        let field = |name: &str| event.get(name).copied().unwrap_or(OTHER);
        if field(CATEGORY) == "Management" {
            self.some_stay |= recorded;
            if !recorded {
                let kinds = self.management.entry(field(SOURCE).to_owned()).or_default();
                let at = usize::from(field(READ_ONLY) == "false");
                if let Some(kind) = kinds.get_mut(at) {
                    *kind = true;
                }
            }
        } else if !recorded {
            let what = match field("resources.type") {
                OTHER => field(CATEGORY).to_lowercase(),
                kind => format!("{} ({kind})", field(CATEGORY).to_lowercase()),
            };
            self.others.insert(what.replace(OTHER, "other"));
        }
    }

    fn told(self) -> Vec<(String, Weight)> {
        let mut told = Vec::new();
        if !self.management.is_empty() {
            let reads = self.management.values().any(|[reads, _]| *reads);
            let writes = self.management.values().any(|[_, writes]| *writes);
            let of_all = self.management.contains_key(OTHER);
            let what = match (reads, writes) {
                _ if !self.some_stay => "management events",
                (true, false) => "reads",
                (false, true) => "writes",
                _ => "management events",
            };
            let named: Vec<String> = self.management.keys().map(|source| format!("`{source}`")).collect();
            let only_data_api =
                !of_all && self.management.keys().all(|source| source.starts_with("rdsdata."));
            let from = if of_all { String::new() } else { format!(" of {}", named.join(", ")) };
            let weight = match (only_data_api, self.some_stay) {
                (true, _) => Weight::Low,
                (false, true) => Weight::Medium,
                (false, false) => Weight::High,
            };
            told.push((format!("{what}{from} are no longer recorded"), weight));
        }
        if !self.others.is_empty() {
            let kinds: Vec<String> = self.others.into_iter().collect();
            told.push((format!("events are no longer recorded: {}", kinds.join(", ")), Weight::Medium));
        }
        told
    }
}

/// The selectors of a trail; `None` when something of them is unknown.
fn selectors(object: &Object) -> Option<Vec<Selector>> {
    let (basic, advanced) = (object.get("event_selector"), object.get("advanced_event_selector"));
    if basic.has_unknown() || advanced.has_unknown() {
        return None;
    }
    let mut selectors = Vec::new();
    let basic = basic.items().known().unwrap_or_default();
    let advanced = advanced.items().known().unwrap_or_default();
    let is_default = basic.is_empty() && advanced.is_empty();
    for block in advanced {
        selectors.push(advanced_selector(block));
    }
    for block in basic {
        basic_selectors(block, &mut selectors);
    }
    if is_default {
        // Without any, all management events are recorded.
        selectors.push(Selector::from([(CATEGORY.to_owned(), Condition::equals("Management"))]));
    }
    Some(selectors)
}

fn advanced_selector(block: View<'_>) -> Selector {
    let mut selector = Selector::new();
    for field in block.get("field_selector").items().known().unwrap_or_default() {
        let Attr::Known(name) = field.get("field").text() else { continue };
        let condition = selector.entry(name.expose().to_owned()).or_default();
        condition.equals.extend(texts(field.get("equals")));
        condition.starts.extend(texts(field.get("starts_with")));
        condition.ends.extend(texts(field.get("ends_with")));
        condition.not_equals.extend(texts(field.get("not_equals")));
        condition.not_starts.extend(texts(field.get("not_starts_with")));
        condition.not_ends.extend(texts(field.get("not_ends_with")));
    }
    selector
}

fn basic_selectors(block: View<'_>, selectors: &mut Vec<Selector>) {
    let mut common = Selector::new();
    match block.get("read_write_type").text().known().as_ref().map(orgward_plan::Text::expose) {
        Some("ReadOnly") => drop(common.insert(READ_ONLY.to_owned(), Condition::equals("true"))),
        Some("WriteOnly") => drop(common.insert(READ_ONLY.to_owned(), Condition::equals("false"))),
        _ => {}
    }
    if block.get("include_management_events").bool() != Attr::Known(false) {
        let mut selector = common.clone();
        selector.insert(CATEGORY.to_owned(), Condition::equals("Management"));
        let excluded = texts(block.get("exclude_management_event_sources"));
        if !excluded.is_empty() {
            selector.insert(SOURCE.to_owned(), Condition { not_equals: excluded, ..Condition::default() });
        }
        selectors.push(selector);
    }
    for resource in block.get("data_resource").items().known().unwrap_or_default() {
        let mut selector = common.clone();
        selector.insert(CATEGORY.to_owned(), Condition::equals("Data"));
        if let Attr::Known(kind) = resource.get("type").text() {
            selector.insert("resources.type".to_owned(), Condition::equals(kind.expose()));
        }
        let starts: Vec<String> = texts(resource.get("values"));
        // `arn:aws:s3` and the like stand for all resources of the type.
        if !starts.iter().any(|start| start.matches(':').count() < 4) {
            selector.insert("resources.ARN".to_owned(), Condition { starts, ..Condition::default() });
        }
        selectors.push(selector);
    }
}

fn texts(view: View<'_>) -> Vec<String> {
    let items = view.items().known().unwrap_or_default();
    items.into_iter().filter_map(|item| Some(item.text().known()?.expose().to_owned())).collect()
}
