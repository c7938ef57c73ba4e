use std::collections::BTreeMap;

use orgward_plan::Address;

/// A part of a policy document that is unknown until apply.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hole {
    /// Where in the document it is: `statement[0].condition[1].values[0]`.
    pub path: String,
    /// The attribute that fills it, as Terraform writes it; `None` when the configuration does not tell.
    pub reference: Option<String>,
    /// The resource that the attribute is of, when there is exactly one.
    pub address: Option<Address>,
    /// What can stand there.
    pub filling: Filling,
}

impl Hole {
    /// What to call it in a sentence.
    pub fn title(&self) -> String {
        let what = self
            .reference
            .as_ref()
            .or(self.address.as_ref().map(Address::as_str).map(str::to_owned).as_ref())
            .cloned();
        what.map_or_else(|| format!("`{}`", self.path), |what| format!("`{what}`"))
    }
}

/// What can stand in a hole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Filling {
    /// One value: a symbol where it is not known itself, which [`crate::Organization::render`] turns back.
    Exactly(String),
    /// Something that one of these patterns matches, or nothing at all.
    Among(Vec<String>),
    /// Anything.
    Anything,
}

/// Which of its completions a policy document with holes is read as.
///
/// The most permissive one is the worst for every exposure and the weakest as a protection. What a rule says of both
/// extremes holds for all completions between them; what it says of one alone depends on the holes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Completion {
    /// Allows all that it may allow, denies only what it must deny.
    Permissive,
    /// Denies all that it may deny, allows only what it must allow.
    Restrictive,
}

/// Values that stand for something which gets its own only when the plan is applied: well formed, equal only to
/// themselves, and never to be printed. [`PlaceholderIds::render`] turns them back.
#[derive(Clone, Default, Debug)]
pub(crate) struct PlaceholderIds {
    /// What to print, by symbol.
    shown: BTreeMap<String, String>,
}

/// The organization that the plan creates.
pub(crate) const ORGANIZATION: &str = "o-unknownuntilapply";
/// The number of the first account; 99,999 more follow. No account of AWS has had so low a number in years.
const FIRST_ACCOUNT: u64 = 900_000;

impl PlaceholderIds {
    /// The id of an account that has none yet.
    pub(crate) fn account(&mut self, number: usize, shown: String) -> String {
        let symbol = format!("{:012}", FIRST_ACCOUNT + number as u64);
        self.shown.insert(symbol.clone(), shown);
        symbol
    }

    /// The id of an organization that has none yet.
    pub(crate) fn organization(&mut self, shown: String) -> String {
        self.shown.insert(ORGANIZATION.to_owned(), shown);
        ORGANIZATION.to_owned()
    }

    /// Any other value that does not exist yet.
    pub(crate) fn name(&mut self, shown: String) -> String {
        let known =
            self.shown.iter().find(|(symbol, known)| symbol.starts_with("unknown-") && **known == shown);
        if let Some((symbol, _)) = known {
            return symbol.clone();
        }
        let symbol = format!("unknown-until-apply-{:05}", self.shown.len());
        self.shown.insert(symbol.clone(), shown);
        symbol
    }

    pub(crate) fn contains(&self, symbol: &str) -> bool {
        self.shown.contains_key(symbol)
    }

    /// A text in which every symbol is replaced by what it stands for.
    pub(crate) fn render(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (symbol, shown) in &self.shown {
            if text.contains(symbol.as_str()) {
                text = text.replace(symbol.as_str(), shown);
            }
        }
        text
    }
}
