use std::collections::BTreeSet;
use std::sync::Arc;

use orgward_iam::{Kind, Policy, PolicyError};
use orgward_plan::Text;

use crate::{Completion, Filling, Hole};

/// What a policy document says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// It was read.
    Policy(Policy),
    /// It is there, and it is not a policy of its kind.
    Unreadable(PolicyError),
    /// Nobody knows before the plan is applied. The trail says why, one sentence a step.
    Unknown(Vec<String>),
}

/// A policy document of the plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// What to call it: `aws_iam_role.ci.assume_role_policy`.
    pub name: Arc<str>,
    /// What kind of policy it is.
    pub kind: Kind,
    /// The text that the spans of [`Document::content`] point into: the document as written, with line breaks
    /// added when it had none. Empty when it is unknown.
    pub text: Text,
    /// How many characters are sent to AWS; `None` when it is unknown.
    pub characters: Option<usize>,
    /// Between how many characters it has, where holes keep it from being counted: at least without white space and
    /// with nothing in the holes, at most laid out and with as much in each as is usual.
    pub(crate) between: Option<(usize, usize)>,
    /// What it says.
    pub content: Content,
    /// The parts that are unknown until apply, where the rest is known.
    pub holes: Vec<Hole>,
    /// The two extreme completions, where holes can be filled in more than one way: the most permissive one and the
    /// most restrictive one. The content is unknown then.
    pub(crate) bounds: Option<Arc<[Document; 2]>>,
    /// Whether the plan writes it, and AWS refuses it: the apply fails, and it never acts.
    pub refused: bool,
    /// The types of the resources that a document of which nothing is known refers to.
    pub refers_to: BTreeSet<String>,
}

impl Document {
    /// A document whose text is known.
    pub fn known(name: impl Into<Arc<str>>, kind: Kind, sent: &Text) -> Self {
        let shown = Policy::layout(sent.expose());
        let text: Arc<str> = shown.map_or_else(|| Arc::from(sent.expose()), Arc::from);
        let content = match Policy::parse(Arc::clone(&text), kind) {
            Ok(policy) => Content::Policy(policy),
            Err(error) => Content::Unreadable(error),
        };
        let text = if sent.is_sensitive() { Text::sensitive(text) } else { Text::plain(text) };
        Self {
            name: name.into(),
            kind,
            text,
            characters: Some(sent.expose().chars().count()),
            between: None,
            content,
            holes: Vec::new(),
            bounds: None,
            refused: false,
            refers_to: BTreeSet::new(),
        }
    }

    /// A document whose text is unknown.
    pub fn unknown(name: impl Into<Arc<str>>, kind: Kind, trail: Vec<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            text: Text::plain(""),
            characters: None,
            between: None,
            content: Content::Unknown(trail),
            holes: Vec::new(),
            bounds: None,
            refused: false,
            refers_to: BTreeSet::new(),
        }
    }

    /// A document in another language: its text is kept, and it is no policy that decides requests.
    pub fn foreign(name: impl Into<Arc<str>>, sent: &Text, why: Vec<String>) -> Self {
        let characters = Some(sent.expose().chars().count());
        Self { text: sent.clone(), characters, ..Self::unknown(name, Kind::ServiceControl, why) }
    }

    /// Between how many characters are sent to AWS; `None` when nothing of the document is known. The upper end is
    /// an estimate where the document has holes.
    pub fn size(&self) -> Option<(usize, usize)> {
        self.characters.map(|characters| (characters, characters)).or(self.between)
    }

    /// One of the two extremes of what the document can say; `None` when it can say only one thing, or anything.
    pub fn completed(&self, completion: Completion) -> Option<&Document> {
        let [permissive, restrictive] = self.bounds.as_deref()?;
        Some(match completion {
            Completion::Permissive => permissive,
            Completion::Restrictive => restrictive,
        })
    }

    /// The holes that can be filled in more than one way.
    pub fn open_holes(&self) -> impl Iterator<Item = &Hole> {
        self.holes.iter().filter(|hole| !matches!(hole.filling, Filling::Exactly(_)))
    }

    /// Whether nothing of it is known before the apply, so that it may say anything.
    pub fn is_unknown(&self) -> bool {
        matches!(self.content, Content::Unknown(_)) && self.bounds.is_none()
    }

    /// The policy, when it was read.
    pub fn policy(&self) -> Option<&Policy> {
        match &self.content {
            Content::Policy(policy) => Some(policy),
            Content::Unreadable(_) | Content::Unknown(_) => None,
        }
    }

    /// Why there is no policy, in one sentence; `None` when there is one.
    pub fn doubt(&self) -> Option<String> {
        match &self.content {
            Content::Policy(_) => None,
            Content::Unreadable(error) if self.text.is_sensitive() => {
                let _ = error;
                Some(format!("`{}` cannot be read", self.name))
            }
            Content::Unreadable(error) => Some(format!("`{}` cannot be read: {error}", self.name)),
            Content::Unknown(trail) => Some(match reason(trail) {
                Some(end) => format!("`{}` is unknown until apply: {end}", self.name),
                None => format!("`{}` is unknown until apply", self.name),
            }),
        }
    }
}

/// The step of a trail that says why something is unknown. What follows a reference may be known by itself: the
/// attribute is unknown as long as its resource does not exist.
fn reason(trail: &[String]) -> Option<&String> {
    const KNOWN: [&str; 3] =
        ["it is a constant", "it is known while planning", "it is made of constants and functions only"];
    let unknown = trail.iter().rev().find(|step| !KNOWN.contains(&step.as_str()));
    unknown.or(trail.last())
}
