//! What a weaker value of an attribute is.

use std::collections::BTreeSet;

use orgward_plan::{Attr, Object, View};

/// How much it matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Weight {
    /// Somebody should know.
    Low,
    /// Part of the protection is lost.
    Medium,
    /// The protection is lost.
    High,
}

/// Something that is weaker after the plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Weakening {
    /// The attribute, or nothing when it is the whole resource.
    pub attribute: String,
    /// What is lost, in words that go after the name of the resource.
    pub says: String,
    /// How much it matters.
    pub weight: Weight,
    /// Whether the value is unknown until apply, so that it may be lost.
    pub is_unknown: bool,
}

/// The facts about one resource type.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) resource: &'static str,
    /// What people call what it provides.
    pub(super) what: &'static str,
    /// How much it matters that it is destroyed; `None` where the provider only forgets it.
    pub(super) gone: Option<Weight>,
    /// Whether it has event selectors.
    pub(super) records: bool,
    pub(super) attributes: &'static [Fact],
}

/// One attribute.
#[derive(Debug)]
pub(super) struct Fact {
    /// The way to it: names, positions, and `*key` for the block with the same value of `key`.
    pub(super) path: &'static str,
    pub(super) measure: Measure,
    pub(super) weight: Weight,
    /// What a weaker value means.
    pub(super) says: &'static str,
    /// When it counts.
    pub(super) when: Option<When>,
    /// The list before the plan, outside of which exceptions take nothing away; one that is empty has no outside.
    pub(super) among: Option<&'static str>,
}

/// When a fact counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    /// An attribute has a value on both sides.
    Is(&'static str, &'static str),
    /// It does not have it after the plan.
    IsNot(&'static str, &'static str),
    /// None of two attributes has its value after the plan.
    IsNeither([(&'static str, &'static str); 2]),
    /// A list was empty before the plan.
    WasEmpty(&'static str),
}

/// How values compare.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measure {
    /// A flag that protects; what it is when the configuration does not set it.
    On(bool),
    /// A flag that takes protection away.
    Off(bool),
    /// One of these, from the weakest to the strictest; the first is meant where it is not set.
    Rank(&'static [&'static str]),
    /// A value that takes protection away.
    Becomes(&'static str),
    /// A set of which nothing may be lost.
    Holds,
    /// A list that stands for everything while it is empty: it may not come to stand for less.
    Listed,
    /// A set of exceptions, to which nothing may be added.
    Spares,
    /// Something has to be set; what is set to a value that is not known yet, is set.
    Present,
    /// A number that may not fall.
    AtLeast,
    /// A retention of days and years, with a mode.
    Retention,
    /// It goes elsewhere.
    Same,
}

/// Shorthand for tables: a type without event selectors.
pub(super) const fn facts(
    resource: &'static str,
    what: &'static str,
    gone: Option<Weight>,
    attributes: &'static [Fact],
) -> Facts {
    Facts { resource, what, gone, records: false, attributes }
}

/// Shorthand for tables.
pub(super) const fn fact(path: &'static str, measure: Measure, weight: Weight, says: &'static str) -> Fact {
    Fact { path, measure, weight, says, when: None, among: None }
}

impl Fact {
    pub(super) const fn unless(mut self, path: &'static str, value: &'static str) -> Self {
        self.when = Some(When::IsNot(path, value));
        self
    }

    pub(super) const fn only_if(mut self, path: &'static str, value: &'static str) -> Self {
        self.when = Some(When::Is(path, value));
        self
    }

    /// The same, and unless another attribute has a value.
    pub(super) const fn besides(mut self, path: &'static str, value: &'static str) -> Self {
        self.when = Some(match self.when {
            Some(When::IsNot(first, is)) => When::IsNeither([(first, is), (path, value)]),
            _ => When::IsNot(path, value),
        });
        self
    }

    pub(super) const fn while_empty(mut self, path: &'static str) -> Self {
        self.when = Some(When::WasEmpty(path));
        self
    }

    pub(super) const fn among(mut self, path: &'static str) -> Self {
        self.among = Some(path);
        self
    }

    fn counts(&self, before: &Object, after: &Object) -> bool {
        let has = |object: &Object, path: &str, value: &str| {
            text_of(at(object.view(), path)).is_some_and(|text| text.eq_ignore_ascii_case(value))
        };
        match self.when {
            None => true,
            Some(When::Is(path, value)) => has(before, path, value) && has(after, path, value),
            Some(When::IsNot(path, value)) => !has(after, path, value),
            Some(When::IsNeither(all)) => !all.iter().any(|(path, value)| has(after, path, value)),
            Some(When::WasEmpty(path)) => elements(at(before.view(), path)).0.is_empty(),
        }
    }
}

impl Facts {
    /// What its destruction is.
    pub(super) fn gone(&self, of_organization: bool) -> Option<Weakening> {
        let weight = self.gone?;
        let weight = if self.records && !of_organization { Weight::Medium } else { weight };
        let says = format!("{} is destroyed", self.what);
        Some(Weakening { attribute: String::new(), says, weight, is_unknown: false })
    }

    pub(super) fn compare(&self, before: &Object, after: &Object) -> Vec<Weakening> {
        let mut found = Vec::new();
        for fact in self.attributes.iter().filter(|fact| fact.counts(before, after)) {
            let steps: Vec<&str> = fact.path.split('.').collect();
            let among = fact.among.map(|path| elements(at(before.view(), path)).0);
            let fact = (fact, among.filter(|among| !among.is_empty()));
            compare(before.view(), Some(after.view()), &steps, &fact, "", &mut found);
        }
        found
    }
}

/// What stands at the end of a path; nothing before it is the whole.
pub(super) fn at<'v>(view: View<'v>, path: &str) -> View<'v> {
    path.split('.').filter(|step| !step.is_empty()).fold(view, walk)
}

/// A step further: to a position, or to a name.
fn walk<'v>(view: View<'v>, step: &str) -> View<'v> {
    step.parse().map_or_else(|_| view.get(step), |at| view.item(at))
}

/// A scalar as text: flags are compared with what the provider writes as text, too.
pub(super) fn text_of(view: View<'_>) -> Option<String> {
    match (view.text(), view.bool()) {
        (Attr::Known(text), _) => Some(text.expose().to_owned()),
        (_, Attr::Known(flag)) => Some(flag.to_string()),
        _ => None,
    }
}

fn compare(
    before: View<'_>,
    after: Option<View<'_>>,
    steps: &[&str],
    asked: &(&Fact, Option<BTreeSet<String>>),
    name: &str,
    found: &mut Vec<Weakening>,
) {
    let (fact, among) = asked;
    let Some((step, rest)) = steps.split_first() else {
        if let Some((is_unknown, detail)) = weaker(before, after, fact.measure, among.as_ref()) {
            let detail = if name.is_empty() { detail } else { format!("`{name}`{}{detail}", space(&detail)) };
            let says = format!("{}{}{detail}", fact.says, if detail.is_empty() { "" } else { ": " });
            let attribute = fact.path.to_owned();
            found.push(Weakening { attribute, says, weight: fact.weight, is_unknown });
        }
        return;
    };
    let Some(key) = step.strip_prefix('*') else {
        compare(walk(before, step), after.map(|after| walk(after, step)), rest, asked, name, found);
        return;
    };
    for block in before.items().known().unwrap_or_default() {
        let Some(wanted) = text_of(block.get(key)) else { continue };
        let same = match after.map(View::items) {
            Some(Attr::Known(blocks)) => {
                blocks.into_iter().find(|other| text_of(other.get(key)).as_deref() == Some(wanted.as_str()))
            }
            Some(Attr::Unknown) => after.map(|after| after.item(0)),
            _ => None,
        };
        compare(block, same, rest, asked, &wanted, found);
    }
}

fn space(detail: &str) -> &'static str {
    if detail.is_empty() { "" } else { " " }
}

/// Whether the value after is weaker: whether that is unknown, and details.
fn weaker(
    before: View<'_>,
    after: Option<View<'_>>,
    measure: Measure,
    among: Option<&BTreeSet<String>>,
) -> Option<(bool, String)> {
    let lost = |detail: String| Some((false, detail));
    let unknown = Some((true, String::new()));
    match measure {
        Measure::On(default) | Measure::Off(default) => {
            let protects = matches!(measure, Measure::On(_));
            let was = flag(before).known().unwrap_or(default);
            match after.map_or(Attr::Absent, flag) {
                Attr::Unknown if was == protects => unknown,
                Attr::Known(is) if was == protects && is != protects => lost(String::new()),
                Attr::Absent if was == protects && default != protects => lost(String::new()),
                _ => None,
            }
        }
        Measure::Rank(order) => {
            let rank = |text: &str| order.iter().position(|known| known.eq_ignore_ascii_case(text));
            let was = rank(&text_of(before)?)?;
            let text = after.map_or(Attr::Absent, View::text);
            match text {
                Attr::Unknown if was > 0 => unknown,
                Attr::Absent if was > 0 => lost(String::new()),
                Attr::Known(text) => match rank(text.expose()) {
                    Some(is) if is < was => lost(format!("`{}`", order.get(is)?)),
                    Some(_) => None,
                    None => unknown.filter(|_| was > 0),
                },
                Attr::Unknown | Attr::Absent => None,
            }
        }
        Measure::Becomes(weak) => {
            let is_weak = |text: &str| text.eq_ignore_ascii_case(weak);
            match after.map_or(Attr::Absent, View::text) {
                _ if text_of(before).is_some_and(|was| is_weak(&was)) => None,
                Attr::Known(is) if is_weak(is.expose()) => lost(String::new()),
                Attr::Unknown => unknown,
                Attr::Known(_) | Attr::Absent => None,
            }
        }
        Measure::Holds | Measure::Listed | Measure::Spares => {
            let (was, all) = elements(before);
            let (is, complete) = after.map_or((BTreeSet::new(), true), elements);
            if matches!(measure, Measure::Listed) {
                if is.is_empty() && complete {
                    return None;
                }
                // Everything becomes what is listed.
                if was.is_empty() && all {
                    if is.is_empty() {
                        return unknown;
                    }
                    let only = is.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                    return lost(format!("only {only}"));
                }
            }
            let spares = matches!(measure, Measure::Spares);
            let mut lost: Vec<_> =
                if spares { is.difference(&was).collect() } else { was.difference(&is).collect() };
            lost.retain(|name| among.is_none_or(|among| among.contains(*name)));
            if !complete && (spares || !lost.is_empty()) {
                return unknown;
            }
            let listed = lost.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            (!lost.is_empty()).then_some((false, listed))
        }
        Measure::Present => {
            let after = after.map_or(Attr::Absent, |after| filled(after));
            (filled(before) == Attr::Known(()) && after == Attr::Absent).then_some((false, String::new()))
        }
        Measure::AtLeast => {
            let was = before.integer().known()?;
            match after.map_or(Attr::Absent, View::integer) {
                Attr::Known(is) if is < was => lost(format!("{is} instead of {was}")),
                Attr::Unknown => unknown,
                Attr::Absent => lost(format!("unset instead of {was}")),
                Attr::Known(_) => None,
            }
        }
        Measure::Retention => retention(before, after),
        Measure::Same => {
            let was = text_of(before).filter(|text| !text.is_empty())?;
            match after.map_or(Attr::Absent, View::text) {
                Attr::Known(is) if is.expose() != was => lost(format!("`{is}`")),
                Attr::Unknown => unknown,
                Attr::Known(_) | Attr::Absent => None,
            }
        }
    }
}

/// A flag; some resources write it as text.
fn flag(view: View<'_>) -> Attr<bool> {
    match (view.bool(), view.text()) {
        (Attr::Unknown, Attr::Known(text)) => text.expose().parse().map_or(Attr::Unknown, Attr::Known),
        (flag, _) => flag,
    }
}

/// Whether something is set: a text that is not empty, or a list that is not.
fn filled(view: View<'_>) -> Attr<()> {
    let set = |is_set: bool| if is_set { Attr::Known(()) } else { Attr::Absent };
    match (view.text(), view.items()) {
        (Attr::Known(text), _) => set(!text.expose().is_empty()),
        (_, Attr::Known(items)) => set(!items.is_empty()),
        _ => view.state(),
    }
}

/// The texts of a set, and whether these are all.
fn elements(view: View<'_>) -> (BTreeSet<String>, bool) {
    match view.items() {
        Attr::Known(items) => {
            let texts: Vec<Option<String>> = items.into_iter().map(text_of).collect();
            let complete = texts.iter().all(Option::is_some);
            (texts.into_iter().flatten().collect(), complete)
        }
        Attr::Unknown => (BTreeSet::new(), false),
        Attr::Absent => (BTreeSet::new(), true),
    }
}

/// A shorter time, or a mode that principals can lift.
fn retention(before: View<'_>, after: Option<View<'_>>) -> Option<(bool, String)> {
    let days = |view: View<'_>| {
        let number = |name: &str| view.get(name).integer().known().unwrap_or(0);
        number("days").saturating_add(number("years").saturating_mul(365))
    };
    let is_strict = |view: View<'_>| text_of(view.get("mode")).is_some_and(|mode| mode == "COMPLIANCE");
    if before.state() != Attr::Known(()) || days(before) == 0 {
        return None;
    }
    let Some(after) = after.filter(|after| after.state() != Attr::Absent) else {
        return Some((false, "no retention".to_owned()));
    };
    if after.has_unknown() {
        return Some((true, String::new()));
    }
    if days(after) < days(before) {
        return Some((false, format!("{} days instead of {}", days(after), days(before))));
    }
    (is_strict(before) && !is_strict(after)).then(|| (false, "no longer in compliance mode".to_owned()))
}
