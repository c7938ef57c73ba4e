//! What a plan changes and no rule reads: named beside the verdict, which says nothing about it.

use std::collections::BTreeMap;

/// Types that are named before the rest is counted.
const NAMED: usize = 8;

/// The types of all inputs together, those with most changes first: each as code with its number, and how many more
/// types there are.
pub(crate) struct Unread<'r> {
    /// The types that are named.
    pub(crate) named: Vec<(&'r str, usize)>,
    /// How many types are not named.
    pub(crate) more: usize,
    /// How many resources there are of all types.
    pub(crate) resources: usize,
}

impl<'r> Unread<'r> {
    /// What all inputs together change and no rule reads; `None` where there is nothing.
    pub(crate) fn of(inputs: impl Iterator<Item = &'r BTreeMap<String, usize>>) -> Option<Self> {
        let mut types: BTreeMap<&str, usize> = BTreeMap::new();
        for (kind, count) in inputs.flatten() {
            *types.entry(kind).or_default() += count;
        }
        let resources = types.values().sum();
        let mut named: Vec<_> = types.into_iter().collect();
        named.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), *kind));
        let more = named.len().saturating_sub(NAMED);
        named.truncate(NAMED);
        (!named.is_empty()).then_some(Self { named, more, resources })
    }

    /// In words, each type as `code` writes it: `3 resources of types that no rule reads: ...`.
    pub(crate) fn sentence(&self, code: impl Fn(&str) -> String) -> String {
        let mut parts: Vec<String> =
            self.named.iter().map(|(kind, count)| format!("{} ({count})", code(kind))).collect();
        if self.more > 0 {
            parts.push(format!("{} more types", self.more));
        }
        let (s, are) = if self.resources == 1 { ("", "is") } else { ("s", "are") };
        format!(
            "not judged: {} changed resource{s} {are} of types that no rule reads: {}",
            self.resources,
            parts.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader looks by hand at what is named, the most first, however many types there are.
    #[test]
    fn types_of_all_inputs_are_counted_together() {
        let of = |list: &[(&str, usize)]| -> BTreeMap<String, usize> {
            list.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
        };
        let inputs = [of(&[("aws_vpc", 1), ("aws_subnet", 3)]), of(&[("aws_vpc", 1)])];
        let all = Unread::of(inputs.iter()).unwrap();
        assert_eq!(
            all.sentence(|kind| format!("`{kind}`")),
            "not judged: 5 changed resources are of types that no rule reads: `aws_subnet` (3), `aws_vpc` (2)"
        );
        assert!(Unread::of([BTreeMap::new()].iter()).is_none());
        let many: BTreeMap<String, usize> = (0..20).map(|at| (format!("t{at:02}"), 1)).collect();
        let text = Unread::of([many].iter()).unwrap().sentence(str::to_owned);
        assert!(
            text.starts_with("not judged: 20 changed resources") && text.ends_with("t07 (1), 12 more types"),
            "{text}"
        );
    }
}
