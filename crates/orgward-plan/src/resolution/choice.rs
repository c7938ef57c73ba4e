//! Choosing the attribute that a reference ends in, and what the plan shows of it.

use serde_json::Value;

use crate::traversal::Segment;
use crate::{Instance, Key, Legal, Mode, Target, View};

/// The attribute, and whether the configuration leaves no other.
pub(super) fn attribute(
    legal: &Legal<'_>,
    instance: &Instance<'_>,
    own: &[Segment],
    rest: &[Segment],
) -> (String, bool) {
    let joined = join(own.iter().chain(rest));
    match (own, rest) {
        // `aws_x.y[each.key].id` is shown without the attribute; the type of the attribute may tell.
        ([], rest) if rest.iter().all(|part| matches!(part, Segment::Key(_))) => {
            (only_legal(legal, instance).unwrap_or_default(), false)
        }
        // An element of a list that is written out, or the whole.
        ([_, ..], rest) if rest.iter().all(|part| matches!(part, Segment::Key(_))) => (joined, true),
        _ if legal.0.is_empty() => (joined, own.is_empty()),
        _ if is_legal(legal, instance, &joined) => (joined, true),
        // The reference may have been an entry of an object, and the first parts the way to that entry.
        _ => {
            let shorter = (1..=rest.len()).filter_map(|skip| rest.get(skip..));
            let entry = shorter.map(|rest| join(own.iter().chain(rest)));
            let mut fitting = entry.filter(|attribute| is_legal(legal, instance, attribute));
            (fitting.next().unwrap_or(joined), false)
        }
    }
}

/// Whether the attribute that is asked for can hold the target.
pub(super) fn fits(legal: &Legal<'_>, target: &Target, instance: &Instance<'_>) -> bool {
    legal.0.is_empty()
        || if target.attribute.is_empty() {
            attributes(legal, instance).next().is_some()
        } else {
            is_legal(legal, instance, &target.attribute)
        }
}

fn is_legal(legal: &Legal<'_>, instance: &Instance<'_>, attribute: &str) -> bool {
    attributes(legal, instance).any(|legal| legal == attribute)
}

fn only_legal(legal: &Legal<'_>, instance: &Instance<'_>) -> Option<String> {
    let mut attributes = attributes(legal, instance);
    let only = attributes.next()?;
    attributes.next().is_none().then(|| only.to_owned())
}

/// The legal attributes of the type of an instance.
pub(super) fn attributes<'l>(legal: &Legal<'l>, instance: &Instance<'_>) -> impl Iterator<Item = &'l str> {
    legal.0.iter().filter_map(move |entry| {
        let entry = match instance.mode {
            Mode::Data => entry.strip_prefix("data.").unwrap_or(entry),
            Mode::Managed => entry,
        };
        entry.strip_prefix(&*instance.kind)?.strip_prefix('.')
    })
}

/// What the plan shows of an attribute.
pub(super) enum Shown {
    /// Nothing: it is unknown until apply, or not there.
    Nothing,
    /// That there is a value, which must not be looked at.
    Sensitive,
    Value(Value),
}

/// What the plan shows of an attribute.
pub(super) fn shown(instance: &Instance<'_>, path: &[Segment]) -> Shown {
    let Some(object) = instance.shown() else { return Shown::Nothing };
    let view = path.iter().fold(object.view(), |view: View<'_>, segment| match segment {
        Segment::Name(name) | Segment::Key(Key::Name(name)) => view.get(name),
        Segment::Key(Key::Index(index)) => view.item(usize::try_from(*index).unwrap_or(usize::MAX)),
    });
    let is = |name: &str| matches!(path, [Segment::Name(only)] if only == name);
    // The provider calls every parameter's `value` a secret, and shows those that are none a second time.
    let parameter = instance.mode == Mode::Data && instance.kind == "aws_ssm_parameter" && is("value");
    let insecure = || object.get("insecure_value").text().known().filter(|text| !text.is_sensitive());
    let shown_again = || Some(Value::String(insecure()?.expose().to_owned())).filter(|text| *text != "");
    match view.json() {
        _ if view.has_unknown() => Shown::Nothing,
        Some(_) if view.is_sensitive() => {
            shown_again().filter(|_| parameter).map_or(Shown::Sensitive, Shown::Value)
        }
        Some(value) => Shown::Value(value.clone()),
        None if view.is_null() => Shown::Value(Value::Null),
        None => Shown::Nothing,
    }
}

fn join<'s>(segments: impl Iterator<Item = &'s Segment>) -> String {
    let names = segments.filter_map(|segment| match segment {
        Segment::Name(name) => Some(name.as_str()),
        Segment::Key(_) => None,
    });
    names.collect::<Vec<_>>().join(".")
}
