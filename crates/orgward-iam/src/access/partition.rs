//! Which texts a list of languages tells apart, with an example of each.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::LazyLock;

use super::Budget;
use super::bits::Bits;
use super::language::{Class, Language, Token};

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
#[derive(Clone, Debug)]
pub(super) struct Partition {
    tokens: Vec<Slot>,
    /// Where the patterns of each language begin.
    starts: Vec<Vec<u32>>,
    pub(super) groups: Vec<Group>,
}

/// A place in a pattern of a language.
#[derive(Clone, Copy, Debug)]
struct Slot {
    language: usize,
    /// `None` at the end of the pattern.
    token: Option<Token>,
    /// Whether everything matches from here on.
    all: bool,
}

/// The characters of ASCII that are shown, each with the classes that it is in. The texts of policies are mostly
/// letters, so these come first.
static LETTERS: LazyLock<Vec<(char, u16)>> = LazyLock::new(|| {
    "xyzabcdefghijklmnopqrstuvw1234567890XYZABCDEFGHIJKLMNOPQRSTUVW-_./:@+=, !#$%&'()*;<>?[\\]^`{|}~\""
        .chars()
        .map(|char| (char, Class::marks(char)))
        .collect()
});

/// How far each pattern may have matched.
type State = Rc<[u32]>;

impl Partition {
    /// Divides the texts of a language by which of `languages` they are in: one group for each combination that a
    /// text has, and none for those that no text has.
    pub(super) fn of(domain: &Language, languages: &[Language], budget: &mut Budget) -> Result<Self, String> {
        let mut partition = Self { tokens: Vec::new(), starts: Vec::new(), groups: Vec::new() };
        for (index, language) in std::iter::once(domain).chain(languages).enumerate() {
            partition.add(index, language);
        }
        partition.explore(languages.len(), budget)?;
        Ok(partition)
    }

    fn add(&mut self, index: usize, language: &Language) {
        let mut starts = Vec::new();
        for pattern in &language.0 {
            starts.push(u32::try_from(self.tokens.len()).unwrap_or(u32::MAX));
            for (at, token) in pattern.iter().enumerate() {
                let all = *token == Token::Many(Class::Any) && at + 1 == pattern.len();
                self.tokens.push(Slot { language: index, token: Some(*token), all });
            }
            self.tokens.push(Slot { language: index, token: None, all: false });
        }
        self.starts.push(starts);
    }

    /// Which languages a text is in; `None` when it is not in the domain.
    pub(super) fn within(&self, text: &str, budget: &mut Budget) -> Result<Option<Bits>, String> {
        let mut state = self.start();
        for char in text.chars() {
            budget.spend(state.len())?;
            state = self.step(&state, char);
        }
        Ok(self.accepts(&state))
    }

    fn explore(&mut self, languages: usize, budget: &mut Budget) -> Result<(), String> {
        let start = self.start();
        // The states in the order in which they were found, so that examples are shortest.
        let mut found: Vec<(State, usize, char)> = vec![(Rc::clone(&start), 0, '\0')];
        let mut seen: BTreeSet<State> = BTreeSet::from([start]);
        let mut groups: BTreeMap<Bits, usize> = BTreeMap::new();
        let mut order = Vec::new();
        let mut next = 0;
        while let Some((state, _, _)) = found.get(next) {
            let state = Rc::clone(state);
            if let Some(within) = self.accepts(&state)
                && let Entry::Vacant(entry) = groups.entry(within)
            {
                order.push((entry.key().clone(), next));
                entry.insert(next);
            }
            for char in self.letters(&state) {
                budget.spend(state.len() + 4)?;
                let after = self.step(&state, char);
                let alive = after.iter().any(|at| self.slot(*at).is_some_and(|slot| slot.language == 0));
                if alive && !seen.contains(&after) {
                    budget.spend(after.len() / 4)?;
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

    fn slot(&self, at: u32) -> Option<&Slot> {
        self.tokens.get(usize::try_from(at).ok()?)
    }

    fn start(&self) -> State {
        self.closed(self.starts.iter().flatten().copied().collect())
    }

    fn step(&self, state: &State, char: char) -> State {
        let mut after = Vec::with_capacity(state.len());
        for at in state.iter() {
            match self.slot(*at).and_then(|slot| slot.token) {
                Some(token @ Token::Many(_)) if token.admits(char) => after.push(*at),
                Some(token @ (Token::One(_) | Token::Char(..))) if token.admits(char) => after.push(at + 1),
                _ => {}
            }
        }
        self.closed(after)
    }

    /// Adds what is reached without reading, and forgets what makes no difference.
    fn closed(&self, mut state: Vec<u32>) -> State {
        let mut at = 0;
        while let Some(position) = state.get(at).copied() {
            if let Some(Slot { token: Some(Token::Many(_)), .. }) = self.slot(position) {
                state.push(position + 1);
            }
            at += 1;
        }
        state.sort_unstable();
        state.dedup();
        // Once a language has everything that may follow, how it came to that does not matter.
        let mut certain: Vec<(usize, u32)> = Vec::new();
        for at in &state {
            if let Some(slot) = self.slot(*at).filter(|slot| slot.all)
                && certain.last().is_none_or(|(language, _)| *language != slot.language)
            {
                certain.push((slot.language, *at));
            }
        }
        if !certain.is_empty() {
            state.retain(|at| {
                let Some(slot) = self.slot(*at) else { return false };
                match certain.binary_search_by_key(&slot.language, |(language, _)| *language) {
                    Ok(found) => certain.get(found).is_some_and(|(_, only)| only == at),
                    Err(_) => true,
                }
            });
        }
        state.into()
    }

    fn accepts(&self, state: &State) -> Option<Bits> {
        let mut within = Bits::none(self.starts.len().saturating_sub(1));
        let mut domain = false;
        for slot in
            state.iter().filter_map(|at| self.slot(*at)).filter(|slot| slot.token.is_none() || slot.all)
        {
            match slot.language.checked_sub(1) {
                None => domain = true,
                Some(language) => within.insert(language),
            }
        }
        domain.then_some(within)
    }

    /// Characters to go on with: each that a pattern names, and one of those that no token tells apart.
    fn letters(&self, state: &State) -> Vec<char> {
        let mut named: Vec<char> = Vec::new();
        // Letters that some token takes in either case, and those that some token takes in one case only.
        let (mut folded, mut exact): (Vec<char>, Vec<char>) = (Vec::new(), Vec::new());
        let mut classes = 0;
        for token in state.iter().filter_map(|at| self.slot(*at)?.token) {
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
        let mut letters = named.clone();
        if classes == 0 {
            return letters;
        }
        let is_new = |char: &char| !named.contains(char) && !folded.contains(&char.to_ascii_lowercase());
        let mut kinds: Vec<u16> = Vec::new();
        for (char, marks) in LETTERS.iter() {
            let kind = marks & classes;
            if !kinds.contains(&kind) && is_new(char) {
                kinds.push(kind);
                letters.push(*char);
            }
        }
        // Beyond ASCII no class tells characters apart, so that one is enough.
        if let Some(char) = ('\u{a1}'..=char::MAX).find(is_new)
            && !kinds.contains(&(Class::marks(char) & classes))
        {
            letters.push(char);
        }
        letters
    }
}

impl Partition {
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
