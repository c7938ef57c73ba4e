use std::ops::Range;
use std::sync::Arc;

use orgward_plan::Text;

/// A text of the plan that a finding can show: a policy document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// What to call it: `aws_iam_role.ci.assume_role_policy`.
    pub name: Arc<str>,
    /// The text that spans point into. It may be sensitive.
    pub text: Text,
}

/// A part of a text, underlined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snippet {
    /// What to call the text.
    pub name: Arc<str>,
    /// The text; `None` when the plan marks it sensitive.
    pub text: Option<Arc<str>>,
    /// Which bytes are meant.
    pub span: Range<usize>,
    /// What to write under them.
    pub label: String,
}

impl Snippet {
    /// Underlines a part of a text. Of a sensitive text only the name is kept.
    pub fn of(source: &Source, span: Range<usize>, label: impl Into<String>) -> Self {
        let text = (!source.text.is_sensitive()).then(|| Arc::from(source.text.expose()));
        Self { name: Arc::clone(&source.name), text, span, label: label.into() }
    }
}

/// A line of a file of the configuration.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Site {
    /// The file, as it is found from where the program runs.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}
