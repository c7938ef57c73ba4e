//! Which texts a list of languages tells apart, with an example of each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;
use std::sync::LazyLock;

use foldhash::fast::FixedState;

use super::Budget;
use super::language::{Class, Language, Token};
use super::progress::{Progress, Reader};
use crate::bits::Bits;

/// Texts that no language of a partition tells apart.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Which languages they are in.
    pub(super) within: Bits,
    /// A shortest one of them.
    pub(super) example: String,
}

/// Reads a text through several languages at once.
///
/// A pattern is a list of tokens, and how far it may have matched is a set of positions in it: the classical subset
/// construction, of all patterns at once, and only of the sets that some text reaches.
#[derive(Debug)]
pub(super) struct Partition {
    reader: Reader,
    pub(super) groups: Vec<Group>,
}

/// The characters of ASCII that are shown, each with the classes that it is in. The texts of policies are mostly
/// letters, so these come first.
static LETTERS: LazyLock<Vec<(char, u16)>> = LazyLock::new(|| {
    "xyzabcdefghijklmnopqrstuvw1234567890XYZABCDEFGHIJKLMNOPQRSTUVW-_./:@+=, !#$%&'()*;<>?[\\]^`{|}~\""
        .chars()
        .map(|char| (char, Class::marks(char)))
        .collect()
});

impl Partition {
    /// Divides the texts of a language by which of `languages` they are in: one group for each combination that a
    /// text has, and none for those that no text has.
    pub(super) fn of(domain: &Language, languages: &[Language], budget: &mut Budget) -> Result<Self, String> {
        let reader = Reader::of(std::iter::once(domain).chain(languages));
        let mut partition = Self { reader, groups: Vec::new() };
        partition.explore(languages.len(), budget)?;
        Ok(partition)
    }

    /// Which languages a text is in; `None` when it is not in the domain.
    pub(super) fn within(&mut self, text: &str, budget: &mut Budget) -> Result<Option<Bits>, String> {
        let mut state = self.reader.start();
        let mut after = Progress::default();
        for char in text.chars() {
            self.reader.step(&state, char, &mut after, budget)?;
            std::mem::swap(&mut state, &mut after);
        }
        Ok(accepted(&self.reader, &state))
    }

    #[expect(clippy::disallowed_types, reason = "which states were seen is asked, and never gone through")]
    fn explore(&mut self, languages: usize, budget: &mut Budget) -> Result<(), String> {
        let start: Rc<Progress> = Rc::new(self.reader.start());
        // The states in the order in which they were found, so that examples are shortest.
        let mut found: Vec<(Rc<Progress>, usize, char)> = vec![(Rc::clone(&start), 0, '\0')];
        let mut seen = std::collections::HashSet::<Rc<Progress>, FixedState>::from_iter([start]);
        let mut groups: BTreeMap<Bits, usize> = BTreeMap::new();
        let mut order = Vec::new();
        let mut alphabet = Alphabet::default();
        let mut after = Progress::default();
        let mut next = 0;
        while let Some((state, _, _)) = found.get(next) {
            let state = Rc::clone(state);
            if let Some(within) = accepted(&self.reader, &state)
                && let Entry::Vacant(entry) = groups.entry(within)
            {
                order.push((entry.key().clone(), next));
                entry.insert(next);
            }
            for char in alphabet.letters(&self.reader, &state) {
                self.reader.step(&state, char, &mut after, budget)?;
                if self.reader.is_alive(&after) && !seen.contains(&after) {
                    budget.spend(2 * after.len())?;
                    let after = Rc::new(after.clone());
                    found.push((Rc::clone(&after), next, char));
                    seen.insert(after);
                }
            }
            next += 1;
        }
        let spell = |mut at: usize| {
            let mut text = Vec::new();
            while let Some((_, from, char)) = found.get(at).filter(|_| at != 0) {
                text.push(*char);
                at = *from;
            }
            text.into_iter().rev().collect::<String>()
        };
        debug_assert!(order.iter().all(|(within, _)| within.is_within(&Bits::all(languages))));
        self.groups = order.into_iter().map(|(within, at)| Group { within, example: spell(at) }).collect();
        Ok(())
    }

    /// Makes well-known texts the examples of their groups, and puts those groups first.
    pub(super) fn prefer<'t>(
        &mut self,
        known: impl IntoIterator<Item = &'t str>,
        budget: &mut Budget,
    ) -> Result<(), String> {
        let mut front = 0;
        for text in known {
            let Some(within) = self.within(text, budget)? else { continue };
            let at = self.groups.iter().position(|group| group.within == within);
            let Some(at) = at.filter(|at| *at >= front) else { continue };
            if let Some(group) = self.groups.get_mut(at) {
                text.clone_into(&mut group.example);
            }
            if let Some(moved) = self.groups.get_mut(front..=at) {
                moved.rotate_right(1);
            }
            front += 1;
        }
        Ok(())
    }
}

/// Which languages have a text that was read so far; `None` when it is not in the domain, which is the first of them.
fn accepted(reader: &Reader, state: &Progress) -> Option<Bits> {
    let mut within = Bits::none(reader.languages().saturating_sub(1));
    let mut domain = false;
    for language in reader.accepted(state) {
        match language.checked_sub(1) {
            None => domain = true,
            Some(language) => within.insert(language),
        }
    }
    domain.then_some(within)
}

/// Letters that some classes do not tell apart, each with its place among all letters.
type Alike = Vec<(usize, char)>;

/// The characters that make a difference, in the order in which examples use them.
#[derive(Default)]
struct Alphabet {
    /// For each set of classes, the kinds of letters that they tell apart.
    kinds: BTreeMap<u16, Vec<Alike>>,
}

impl Alphabet {
    /// Characters to go on with: each that a pattern names, and one of those that no token tells apart.
    fn letters(&mut self, reader: &Reader, state: &Progress) -> Vec<char> {
        let mut named: Vec<char> = Vec::new();
        // Letters that some token takes in either case, and those that some token takes in one case only.
        let (mut folded, mut exact): (Vec<char>, Vec<char>) = (Vec::new(), Vec::new());
        let mut classes = 0;
        for token in reader.tokens(state) {
            match token {
                Token::Char(char, fold) => {
                    if !named.contains(&char) {
                        named.push(char);
                    }
                    let seen = if fold { &mut folded } else { &mut exact };
                    if !seen.contains(&char.to_ascii_lowercase()) {
                        seen.push(char.to_ascii_lowercase());
                    }
                }
                Token::One(class) | Token::Many(class) => classes |= class.mark(),
            }
        }
        for char in &folded {
            let upper = char.to_ascii_uppercase();
            if exact.contains(char) || Class::marks(*char) & classes != Class::marks(upper) & classes {
                named.extend([*char, upper]);
            }
        }
        named.sort_unstable();
        named.dedup();
        if classes == 0 {
            return named;
        }
        let is_new = |char: char| !named.contains(&char) && !folded.contains(&char.to_ascii_lowercase());
        let kinds = self.kinds.entry(classes).or_insert_with(|| kinds(classes));
        let mut others: Vec<(usize, char)> =
            kinds.iter().filter_map(|alike| alike.iter().copied().find(|(_, char)| is_new(*char))).collect();
        others.sort_unstable();
        // Beyond ASCII no class tells characters apart, so that one is enough.
        let beyond = ('\u{a1}'..=char::MAX).find(|char| is_new(*char)).filter(|char| {
            let kind = Class::marks(*char) & classes;
            !others.iter().any(|(_, other)| Class::marks(*other) & classes == kind)
        });
        let mut letters = named;
        letters.extend(others.into_iter().map(|(_, char)| char).chain(beyond));
        letters
    }
}

fn kinds(classes: u16) -> Vec<Alike> {
    let mut kinds: BTreeMap<u16, Alike> = BTreeMap::new();
    for (at, (char, marks)) in LETTERS.iter().enumerate() {
        kinds.entry(marks & classes).or_default().push((at, *char));
    }
    kinds.into_values().collect()
}
