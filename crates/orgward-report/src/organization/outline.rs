//! Both sides as one tree, with as much detail as there is room for.

use std::collections::{BTreeMap, BTreeSet};

use super::{NodeView, OrganizationChange, OrganizationView};

/// What becomes of something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Mark {
    Same,
    Added,
    Removed,
    Changed,
}

/// One line of the tree.
#[derive(Debug)]
pub(super) struct Entry<'c> {
    pub(super) node: &'c NodeView,
    pub(super) mark: Mark,
    /// Whether it stays as it is, and what is attached to it changes.
    pub(super) touched: bool,
    pub(super) depth: usize,
    /// The entry of its parent.
    pub(super) parent: Option<usize>,
    /// What a change is, or why the place is not known.
    pub(super) note: Option<String>,
    pub(super) policies: Vec<Policy>,
    /// What is left out after it and everything below it.
    pub(super) hidden: Vec<Hidden>,
}

/// What there is no room for.
#[derive(Debug)]
pub(super) struct Hidden {
    pub(super) mark: Mark,
    pub(super) depth: usize,
    /// How many there are of what: `7 more accounts`.
    pub(super) phrase: String,
}

/// A policy attached to something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) mark: Mark,
    /// Whether it is not certain.
    pub(super) open: bool,
}

/// How much is drawn.
#[derive(Clone, Copy)]
struct Detail {
    /// Accounts of one unit that stay as they are.
    plain: usize,
    /// Accounts of one unit that change, for each kind of change.
    changed: usize,
    /// Whether units in which nothing changes are one line.
    fold: bool,
    /// Units below this depth are counted only.
    depth: usize,
}

/// From everything to next to nothing: the first that fits is taken.
const DETAILS: [Detail; 6] = [
    Detail { plain: 8, changed: 24, fold: false, depth: usize::MAX },
    Detail { plain: 3, changed: 8, fold: false, depth: usize::MAX },
    Detail { plain: 2, changed: 4, fold: true, depth: usize::MAX },
    Detail { plain: 0, changed: 1, fold: true, depth: usize::MAX },
    Detail { plain: 0, changed: 1, fold: true, depth: 3 },
    Detail { plain: 0, changed: 0, fold: true, depth: 1 },
];

/// The tree of both sides together, from the root down, in about as many entries as wanted at most.
pub(super) fn outline(change: &OrganizationChange, most: usize) -> Vec<Entry<'_>> {
    let forest = Forest::of(change);
    let mut entries = Vec::new();
    for detail in DETAILS {
        entries = forest.entries(detail);
        if entries.len() <= most {
            return entries;
        }
    }
    // A thousand units side by side, or things that lie nowhere: the rest is counted.
    let left = entries.split_off(most.min(entries.len()));
    if let Some(last) = entries.last_mut() {
        let phrase = format!("{} more units and accounts", left.len());
        last.hidden.push(Hidden { mark: Mark::Same, depth: 0, phrase });
    }
    entries
}

/// What is known of the tree before it is drawn.
struct Forest<'c> {
    /// Roots, units and accounts of both sides.
    places: BTreeMap<&'c str, (&'c NodeView, Mark)>,
    below: BTreeMap<&'c str, Vec<&'c str>>,
    tops: Vec<&'c str>,
    policies: BTreeMap<&'c str, Vec<Policy>>,
    notes: BTreeMap<&'c str, String>,
}

/// Whether no input manages a thing: then no plan makes it come or go, and it is seen on one side only because that
/// side mentions it.
fn is_mentioned(node: &NodeView) -> bool {
    node.address.is_none() && node.kind != "root"
}

/// Roots before units before accounts, each by name.
fn rank<'c>(
    key: &'c str,
    places: &BTreeMap<&'c str, (&'c NodeView, Mark)>,
) -> (Option<usize>, &'c str, &'c str) {
    let (kind, name) = places.get(key).map_or(("", ""), |(node, _)| (node.kind, node.name.as_str()));
    (["root", "ou", "account"].iter().position(|each| *each == kind), name, key)
}

fn is_place(node: &NodeView) -> bool {
    matches!(node.kind, "root" | "ou" | "account")
}

impl<'c> Forest<'c> {
    fn of(change: &'c OrganizationChange) -> Self {
        let side = |view: &'c OrganizationView| -> BTreeMap<&'c str, &'c NodeView> {
            view.nodes.iter().filter(|node| is_place(node)).map(|node| (node.key.as_str(), node)).collect()
        };
        let (before, after) = (side(&change.before), side(&change.after));
        let mut places = BTreeMap::new();
        let mut notes = BTreeMap::new();
        for (&key, &node) in &after {
            let mark = match before.get(key) {
                None if is_mentioned(node) => Mark::Same,
                None => Mark::Added,
                Some(old) => match difference(old, node, &before) {
                    Some(note) => {
                        notes.insert(key, note);
                        Mark::Changed
                    }
                    None => Mark::Same,
                },
            };
            places.insert(key, (node, mark));
        }
        for (&key, &node) in &before {
            let mark = if is_mentioned(node) { Mark::Same } else { Mark::Removed };
            places.entry(key).or_insert((node, mark));
        }
        let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut tops = Vec::new();
        for (&key, (node, _)) in &places {
            if let Some(parent) = node.parent.as_deref().filter(|parent| places.contains_key(parent)) {
                below.entry(parent).or_default().push(key);
                continue;
            }
            tops.push(key);
            let titles = node.candidates.iter().filter_map(|key| places.get(key.as_str()));
            let titles: Vec<_> = titles.map(|(node, _)| format!("`{}`", node.name)).collect();
            let place = if titles.is_empty() {
                (node.kind == "ou").then(|| "its unit is not known".to_owned())
            } else {
                Some(format!("may be in {}", titles.join(" or ")))
            };
            notes.entry(key).and_modify(|note: &mut String| {
                if let Some(place) = &place {
                    *note = format!("{note}, {place}");
                }
            });
            if let Some(place) = place {
                notes.entry(key).or_insert(place);
            }
        }
        let order = |a: &&'c str, b: &&'c str| rank(a, &places).cmp(&rank(b, &places));
        tops.sort_by(order);
        for children in below.values_mut() {
            children.sort_by(order);
        }
        let policies = policies(change, &places);
        Self { places, below, tops, policies, notes }
    }

    fn entries(&self, detail: Detail) -> Vec<Entry<'c>> {
        let mut out = Vec::new();
        self.level(&self.tops, None, 0, detail, &mut out);
        out
    }

    /// Draws what lies side by side.
    fn level(
        &self,
        keys: &[&'c str],
        parent: Option<usize>,
        depth: usize,
        detail: Detail,
        out: &mut Vec<Entry<'c>>,
    ) {
        let mut drawn: BTreeMap<Mark, usize> = BTreeMap::new();
        let mut left: BTreeMap<Mark, usize> = BTreeMap::new();
        for &key in keys {
            let Some(&(node, mark)) = self.places.get(key) else { continue };
            let touched = mark == Mark::Same && self.is_touched(key);
            if node.kind == "account" {
                let mark = if touched { Mark::Changed } else { mark };
                let most = if mark == Mark::Same { detail.plain } else { detail.changed };
                let drawn = drawn.entry(mark).or_default();
                *drawn += 1;
                if *drawn > most {
                    *left.entry(mark).or_default() += 1;
                    continue;
                }
            }
            let at = out.len();
            out.push(Entry {
                node,
                mark,
                touched,
                depth,
                parent,
                note: self.notes.get(key).cloned(),
                policies: self.policies.get(key).cloned().unwrap_or_default(),
                hidden: Vec::new(),
            });
            let below = self.below.get(key).map_or(&[][..], Vec::as_slice);
            let folded = detail.fold && node.kind == "ou" && !self.changes_below(key, 0);
            if folded || depth >= detail.depth.min(64) {
                let mut counts = Counts::default();
                self.count(key, 0, &mut counts);
                if let Some(entry) = out.get_mut(at) {
                    entry.hidden = counts.hidden(depth + 1);
                }
            } else {
                self.level(below, Some(at), depth + 1, detail, out);
            }
        }
        let owner = parent.or_else(|| out.iter().rposition(|entry| entry.depth == depth));
        if let Some(entry) = owner.and_then(|at| out.get_mut(at)) {
            for (mark, count) in left {
                let s = if count == 1 { "" } else { "s" };
                let all = if drawn.get(&mark) == Some(&count) { "" } else { "more " };
                let phrase = format!("{count} {all}account{s}{}", fate(mark));
                entry.hidden.push(Hidden { mark, depth, phrase });
            }
        }
    }

    /// Whether what is attached here changes.
    fn is_touched(&self, key: &str) -> bool {
        self.policies.get(key).is_some_and(|all| all.iter().any(|policy| policy.mark != Mark::Same))
    }

    fn changes_below(&self, key: &str, depth: usize) -> bool {
        let own = self.is_touched(key) || self.places.get(key).is_some_and(|(_, mark)| *mark != Mark::Same);
        let below = self.below.get(key).into_iter().flatten();
        own || (depth < 64 && below.into_iter().any(|child| self.changes_below(child, depth + 1)))
    }

    fn count(&self, key: &str, depth: usize, counts: &mut Counts) {
        for child in self.below.get(key).into_iter().flatten() {
            let Some((node, mark)) = self.places.get(child) else { continue };
            match node.kind {
                "account" => *counts.accounts.entry(*mark).or_default() += 1,
                _ => *counts.units.entry(*mark).or_default() += 1,
            }
            if depth < 64 {
                self.count(child, depth + 1, counts);
            }
        }
    }
}

/// What is left out, by what becomes of it.
#[derive(Default)]
struct Counts {
    units: BTreeMap<Mark, usize>,
    accounts: BTreeMap<Mark, usize>,
}

impl Counts {
    fn hidden(self, depth: usize) -> Vec<Hidden> {
        let hidden = |word: &'static str| {
            move |(mark, count): (Mark, usize)| {
                let s = if count == 1 { "" } else { "s" };
                Hidden { mark, depth, phrase: format!("{count} {word}{s}{}", fate(mark)) }
            }
        };
        let units = self.units.into_iter().map(hidden("unit"));
        units.chain(self.accounts.into_iter().map(hidden("account"))).collect()
    }
}

fn fate(mark: Mark) -> &'static str {
    match mark {
        Mark::Same => "",
        Mark::Added => " come",
        Mark::Removed => " go",
        Mark::Changed => " change",
    }
}

/// What is different about a thing that is there on both sides, in words.
fn difference(old: &NodeView, new: &NodeView, before: &BTreeMap<&str, &NodeView>) -> Option<String> {
    let mut notes = Vec::new();
    if old.id.is_some() && new.id.is_none() {
        notes.push("deleted and made again".to_owned());
    }
    if old.parent != new.parent {
        let parent = old.parent.as_deref().and_then(|key| before.get(key));
        notes.push(
            parent
                .map_or_else(|| "its place changes".to_owned(), |parent| format!("was in `{}`", parent.name)),
        );
    }
    if old.name != new.name {
        notes.push(format!("was called `{}`", old.name));
    }
    (!notes.is_empty()).then(|| notes.join(", "))
}

/// What is attached to each place, on both sides together.
fn policies<'c>(
    change: &'c OrganizationChange,
    places: &BTreeMap<&'c str, (&'c NodeView, Mark)>,
) -> BTreeMap<&'c str, Vec<Policy>> {
    type Sets<'c> = BTreeMap<&'c str, BTreeMap<String, bool>>;
    let of = |view: &'c OrganizationView| -> Sets<'c> {
        let titles: BTreeMap<&str, &str> =
            view.nodes.iter().map(|node| (node.key.as_str(), node.name.as_str())).collect();
        let mut found: Sets<'c> = BTreeMap::new();
        for attachment in &view.attachments {
            let key = attachment.policy.as_str();
            let title = titles.get(key).copied().unwrap_or(key);
            let mut add = |target: &'c str, open: bool| {
                let known = found.entry(target).or_default().entry(title.to_owned()).or_insert(open);
                *known &= open;
            };
            if let Some(target) = &attachment.target {
                add(target, false);
            }
            attachment.candidates.iter().for_each(|candidate| add(candidate, true));
        }
        found
    };
    let (before, after) = (of(&change.before), of(&change.after));
    let sides = [&change.before, &change.after]
        .map(|view| view.nodes.iter().map(|node| node.key.as_str()).collect::<BTreeSet<_>>());
    let targets: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let nothing = BTreeMap::new();
    let mut all = BTreeMap::new();
    for target in targets {
        if !places.contains_key(target) {
            continue;
        }
        let (old, new) = (before.get(target).unwrap_or(&nothing), after.get(target).unwrap_or(&nothing));
        let mut found: Vec<Policy> = Vec::new();
        for (name, open) in new {
            let mark = if old.contains_key(name) { Mark::Same } else { Mark::Added };
            found.push(Policy { name: name.clone(), mark, open: *open });
        }
        for (name, open) in old.iter().filter(|(name, _)| !new.contains_key(*name)) {
            found.push(Policy { name: name.clone(), mark: Mark::Removed, open: *open });
        }
        // AWS attaches them to everything that is new; only their going is news.
        let stays = sides.iter().all(|side| side.contains(target));
        found.retain(|policy| {
            let is_given = matches!(policy.name.as_str(), "FullAWSAccess" | "RCPFullAWSAccess");
            !is_given || (stays && policy.mark != Mark::Same)
        });
        found.sort();
        if !found.is_empty() {
            all.insert(target, found);
        }
    }
    all
}
