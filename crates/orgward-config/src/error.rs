use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use thiserror::Error;

/// A mistake in `orgward.toml`, shown where it is.
#[derive(Debug, Error)]
#[error("{}", .0.message)]
pub struct ConfigError(Box<Mistake>);

#[derive(Debug)]
struct Mistake {
    message: String,
    help: Option<String>,
    label: String,
    span: Range<usize>,
    /// The file; `None` where the mistake is outside of the tables that are ours. A link or a wrong path can lead to any
    /// file, and what such a file holds is not for a log.
    text: Option<NamedSource<String>>,
}

impl ConfigError {
    pub(super) fn new(
        file: &File<'_>,
        span: Range<usize>,
        label: impl Into<String>,
        message: String,
    ) -> Self {
        let is_ours = is_in_table_of_ours(file.text, span.start);
        let message = if is_ours {
            message
        } else {
            // Flags and variables have no lines.
            let is_file = !file.name.starts_with("--") && !file.name.starts_with("ORGWARD_");
            let line =
                if is_file { format!(", line {}", line(file.text, span.start)) } else { String::new() };
            format!("{message} ({}{line})", file.name)
        };
        Self(Box::new(Mistake {
            message,
            help: None,
            label: label.into(),
            span,
            text: is_ours.then(|| NamedSource::new(file.name, file.text.to_owned())),
        }))
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Whether the header above a place names a table of the configuration.
fn is_in_table_of_ours(text: &str, at: usize) -> bool {
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| at + end);
    let header =
        text.get(..end).unwrap_or(text).lines().rev().map(str::trim_start).find(|line| line.starts_with('['));
    header.is_some_and(|header| {
        let name: String = header
            .trim_start_matches('[')
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            .collect();
        crate::read::is_table(&name)
    })
}

/// The file that is read.
#[derive(Clone, Copy)]
pub(super) struct File<'f> {
    pub(super) name: &'f str,
    pub(super) text: &'f str,
}

// By hand: the help is there or not, which the derive cannot say of an owned string.
impl Diagnostic for ConfigError {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.0.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.text.as_ref().map(|text| text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.0.text.as_ref()?;
        let span = (self.0.span.start, self.0.span.len());
        Some(Box::new(std::iter::once(LabeledSpan::new(Some(self.0.label.clone()), span.0, span.1))))
    }
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic;

    use crate::Config;

    /// A link in place of the configuration can lead to credentials, variables or keys.
    #[test]
    fn nothing_of_a_file_that_is_not_ours_is_quoted() {
        for text in [
            "[default]\naws_access_key_id = AKIAHUNTER2\n",
            "TOKEN=hunter2\n",
            "TOKEN=\"hunter2\"\n",
            "-----BEGIN KEY-----\nhunter2\n",
            "[credentials]\nhunter2 = 'hunter2'\n",
            "\"hunter2 hunter2\" = 1\n",
        ] {
            let error = Config::parse("orgward.toml", text).unwrap_err();
            assert!(error.source_code().is_none(), "{text}");
            let told = format!(
                "{error} {}",
                Diagnostic::help(&error).map(|help| help.to_string()).unwrap_or_default()
            );
            assert!(!told.to_lowercase().contains("hunter2"), "{told}");
            assert!(told.contains("orgward.toml, line"), "{told}");
        }
    }

    #[test]
    fn a_mistake_in_a_table_of_ours_is_shown_where_it_is() {
        for text in
            ["[rules]\ndisabled = public-trust\n", "[rules]\ndisable = []\n", "[[waiver]]\nrule = \"x\"\n"]
        {
            assert!(Config::parse("orgward.toml", text).unwrap_err().source_code().is_some(), "{text}");
        }
    }
}
