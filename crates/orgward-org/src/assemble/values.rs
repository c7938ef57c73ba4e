//! The values of a policy document that a data source renders: known ones, and holes.

use orgward_plan::{Attr, Certainty, Resolution, Step, View};

use super::Builder;
use super::deferred::{ANY, Source};
use super::filling::Position;
use crate::draft::Item;
use crate::{Filling, Hole};

impl<'a> Builder<'_, 'a> {
    /// The elements of a list or set of strings.
    pub(super) fn items(
        &self,
        source: Source<'_, 'a>,
        view: View<'_>,
        path: &[Step<'_>],
        position: &Position,
        holes: &mut Vec<Hole>,
    ) -> Vec<Item> {
        let views = match view.items() {
            Attr::Known(views) => views,
            Attr::Absent => return Vec::new(),
            Attr::Unknown => {
                let written = self.written(source, path, position, holes);
                return written.unwrap_or_else(|| vec![open(holes, path, "")]);
            }
        };
        let mut items = Vec::new();
        let mut unknown = Vec::new();
        for (index, view) in views.iter().enumerate() {
            match view.text() {
                // `&{` is how the data source writes a policy variable.
                Attr::Known(text) => items.push(Item::Text(text.expose().replace("&{", "${"))),
                Attr::Absent => {}
                Attr::Unknown => unknown.push(index),
            }
        }
        if unknown.is_empty() {
            return items;
        }
        let first = holes.len();
        if let Some(written) = self.written(source, path, position, holes) {
            // What the plan shows has to be what the sources write.
            if written.len() == views.len() && texts(&written) == texts(&items) {
                return written;
            }
            holes.truncate(first);
        }
        let resolutions = match unknown.as_slice() {
            [] => return items,
            [only] => {
                let path = [path, &[Step::Index(*only)]].concat();
                vec![source.plan.resolve(source.instance, &path, &ANY)]
            }
            _ => source.plan.resolve_all(source.instance, path, &ANY),
        };
        // Which of several elements is which does not matter as long as each has a reference of its own: the references
        // that are written out, or as many candidates as there are elements, of which no two are the same.
        let resolutions = match resolutions.as_slice() {
            [all] if all.targets.len() == unknown.len() && all.certainty == Certainty::Candidates => {
                all.targets.iter().map(|target| all.only(target)).collect()
            }
            _ => resolutions,
        };
        let distinct = resolutions.iter().enumerate().all(|(at, one)| {
            one.targets.len() == 1
                && !resolutions.iter().skip(at + 1).any(|other| other.targets == one.targets)
        });
        let paired = resolutions.len() == unknown.len() && (unknown.len() == 1 || distinct);
        // Otherwise each of them is one of all.
        let all = resolutions.first().filter(|_| resolutions.len() == 1);
        for (at, index) in unknown.into_iter().enumerate() {
            let resolution = if paired { resolutions.get(at) } else { all };
            let mut hole = self.hole(source.stack, resolution, position);
            hole.path = format!("{}[{index}]", text(path));
            items.push(Item::Hole(holes.len()));
            holes.push(hole);
        }
        items
    }

    /// The elements as the sources write them; `None` without sources, or when they do not say all.
    fn written(
        &self,
        source: Source<'_, 'a>,
        path: &[Step<'_>],
        position: &Position,
        holes: &mut Vec<Hole>,
    ) -> Option<Vec<Item>> {
        let spelled = source.plan.spell_out(source.instance, path)?;
        let first = holes.len();
        let mut items = Vec::new();
        for (index, spelled) in spelled.items()?.iter().enumerate() {
            if let Some(known) = spelled.literal() {
                items.push(Item::Text(known.replace("&{", "${")));
                continue;
            }
            let at = format!("{}[{index}]", text(path));
            let Some(hole) = self.spelled_hole(source.stack, spelled, position, &at) else {
                holes.truncate(first);
                return None;
            };
            items.push(Item::Hole(holes.len()));
            holes.push(hole);
        }
        Some(items)
    }

    /// A hole that is filled by what an attribute will be.
    pub(super) fn hole(&self, stack: usize, resolution: Option<&Resolution>, position: &Position) -> Hole {
        let targets = resolution.map(|resolution| resolution.targets.as_slice()).unwrap_or_default();
        let fillings: Vec<Filling> =
            targets.iter().map(|target| self.filling(stack, target, position)).collect();
        let sure = resolution.is_some_and(|resolution| resolution.certainty >= Certainty::Typed);
        let filling = match fillings.as_slice() {
            [] => Filling::Anything,
            [only] if sure => only.clone(),
            several => several
                .iter()
                .try_fold(Vec::new(), |mut all, filling| {
                    match filling {
                        Filling::Exactly(value) => all.push(value.clone()),
                        Filling::Among(patterns) => all.extend(patterns.iter().cloned()),
                        Filling::Anything => return None,
                    }
                    Some(all)
                })
                .map_or(Filling::Anything, Filling::Among),
        };
        let reference = |target: &orgward_plan::Target| match target.attribute.as_str() {
            "" => target.address.to_string(),
            attribute => format!("{}.{attribute}", target.address),
        };
        let address = match targets {
            [only] => Some(only.address.clone()),
            _ => None,
        };
        let names: Vec<String> = targets.iter().map(reference).collect();
        let reference = (!names.is_empty()).then(|| names.join(" or "));
        Hole { path: String::new(), reference, address, filling }
    }
}

/// The elements that are known, sorted.
fn texts(items: &[Item]) -> Vec<&str> {
    let known = items.iter().filter_map(|item| match item {
        Item::Text(text) => Some(text.as_str()),
        Item::Hole(_) => None,
    });
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known
}

/// A hole of which nothing is known.
pub(super) fn open(holes: &mut Vec<Hole>, path: &[Step<'_>], what: &str) -> Item {
    let place = text(path);
    let path = if what.is_empty() { place } else { format!("{place}.{what}") };
    holes.push(Hole { path, reference: None, address: None, filling: Filling::Anything });
    Item::Hole(holes.len() - 1)
}

fn text(path: &[Step<'_>]) -> String {
    path.iter().map(ToString::to_string).collect::<String>().trim_start_matches('.').to_owned()
}
