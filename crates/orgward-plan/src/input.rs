use crate::PlanError;

/// The text of one input: decoded, without what wrappers printed around the JSON.
#[derive(Debug)]
pub struct Document {
    /// What to call it in messages: the path as the user gave it, or `<stdin>`.
    pub name: String,
}

impl Document {
    /// Decodes bytes: UTF-8 or UTF-16 with or without byte order mark; finds the JSON between the lines that
    /// the setup-terraform wrapper prints; tells inputs that are something else by name.
    pub fn decode(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, PlanError> {
        todo!("{} {}", name.into(), bytes.len())
    }
}
