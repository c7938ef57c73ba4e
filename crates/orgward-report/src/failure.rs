//! Why there is no review: for a person at a terminal.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, ThemeCharacters, ThemeStyles};

use crate::{Style, escape};

/// Writes an error for a person at a terminal, with its causes and its cure.
///
/// Texts of errors quote what they are about, so they are escaped like everything else.
pub fn failure(error: &dyn Diagnostic, style: Style) -> String {
    let characters = if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    let theme = GraphicalTheme { characters, styles: ThemeStyles::none() };
    let handler = GraphicalReportHandler::new_themed(theme)
        // Paths and commands stay whole, so that they can be copied.
        .with_wrap_lines(false)
        .with_links(false)
        .without_syntax_highlighting();
    let mut text = String::new();
    if handler.render_report(&mut text, error).is_err() {
        text = format!("  {error}\n");
    }
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        let line = escape::line(line.trim_end());
        out.push_str(&paint(&line, style));
        out.push('\n');
    }
    out
}

/// Colors come last: what is colored has been escaped before.
fn paint(line: &str, style: Style) -> String {
    let marks = [("  × ", "1;31"), ("  x ", "1;31"), ("  help:", "36")];
    match marks.iter().find(|(mark, _)| style.color && line.starts_with(mark)) {
        Some((mark, code)) => {
            let rest = line.get(mark.len()..).unwrap_or_default();
            format!("  \u{1b}[{code}m{}\u{1b}[0m{rest}", mark.trim_start())
        }
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Hostile;

    impl fmt::Display for Hostile {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot read `a\u{1b}[2J\u{202e}.json`")
        }
    }

    impl std::error::Error for Hostile {}

    impl Diagnostic for Hostile {
        fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
            Some(Box::new("give it another name"))
        }
    }

    #[test]
    fn what_an_error_quotes_is_escaped() {
        let style = Style::plain(80);
        let plain = "  × cannot read `a\\u{1b}[2J\\u{202e}.json`\n  help: give it another name\n";
        assert_eq!(failure(&Hostile, style), plain);
        assert_eq!(
            failure(&Hostile, Style { color: true, ..style }),
            "  \u{1b}[1;31m× \u{1b}[0mcannot read `a\\u{1b}[2J\\u{202e}.json`\n  \u{1b}[36mhelp:\u{1b}[0m give it another name\n"
        );
    }
}
