use std::sync::Arc;

use orgward_iam::{Kind, Policy, PolicyError};
use orgward_plan::Text;

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
    /// What it says.
    pub content: Content,
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
        Self { name: name.into(), kind, text, characters: Some(sent.expose().chars().count()), content }
    }

    /// A document whose text is unknown.
    pub fn unknown(name: impl Into<Arc<str>>, kind: Kind, trail: Vec<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            text: Text::plain(""),
            characters: None,
            content: Content::Unknown(trail),
        }
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
            Content::Unknown(trail) => Some(match trail.last() {
                Some(end) => format!("`{}` is unknown until apply: {end}", self.name),
                None => format!("`{}` is unknown until apply", self.name),
            }),
        }
    }
}
