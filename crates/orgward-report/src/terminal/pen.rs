use miette::{GraphicalReportHandler, GraphicalTheme, ThemeCharacters, ThemeStyles};

use super::{Detail, Style};
use crate::excerpt::{CONTEXT_LINES, Cut};

/// Lines of prose get no longer than this, however wide the terminal is.
const PROSE: usize = 100;
/// No list is longer where a report is to fit on one screen.
const ONE_SCREEN: usize = 5;
/// Nothing gets narrower than this, however narrow the terminal is.
const NARROWEST: usize = 48;

/// What the text looks like where there are colors.
#[derive(Clone, Copy)]
pub(crate) enum Ink {
    Bold,
    Dim,
    Red,
    Yellow,
    Green,
    Cyan,
}

/// Writes lines, wraps prose, draws headings.
pub(crate) struct Pen {
    style: Style,
    out: String,
    /// Whether there is a "before" that findings may have been there at.
    has_before: bool,
}

impl Pen {
    pub(crate) fn new(style: Style) -> Self {
        Self { style, out: String::new(), has_before: true }
    }

    /// For an audit: nothing of it is called existing.
    pub(super) fn without_before(self) -> Self {
        Self { has_before: false, ..self }
    }

    /// Another pen of the same kind, with nothing written.
    pub(super) fn scratch(&self) -> Self {
        Self { out: String::new(), ..*self }
    }

    pub(super) fn has_before(&self) -> bool {
        self.has_before
    }

    /// Whether the report is to fit on one screen.
    pub(super) fn is_one_screen(&self) -> bool {
        self.style.detail == Detail::Usual
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    pub(crate) fn paint(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Red => "1;31",
            Ink::Yellow => "1;33",
            Ink::Green => "1;32",
            Ink::Cyan => "36",
        };
        if self.style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(crate) fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// How many of a kind are shown, where a reader who wants all has not said so.
    pub(super) fn at_most(&self, usually: usize) -> usize {
        match self.style.detail {
            Detail::Verbose => usize::MAX,
            Detail::Usual => usually.min(ONE_SCREEN),
            Detail::Full | Detail::Quiet => usually,
        }
    }

    /// Text that leads to a page, where the reader can follow it.
    pub(super) fn link(&self, text: &str, address: &str) -> String {
        if self.style.links {
            format!("\u{1b}]8;;{address}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\")
        } else {
            text.to_owned()
        }
    }

    /// Whether the reader sees more than ASCII.
    pub(crate) fn is_unicode(&self) -> bool {
        self.style.unicode
    }

    /// Text that is laid out already.
    pub(super) fn block(&mut self, text: &str) {
        text.lines().for_each(|line| self.line(line));
    }

    /// A rule across the page with a title in it.
    pub(super) fn heading(&mut self, ink: Ink, title: &str) {
        let bar = if self.style.unicode { "─" } else { "-" };
        let rest = self.prose().min(80).saturating_sub(title.chars().count() + 4);
        let heading = format!("{bar}{bar} {title} {}", bar.repeat(rest));
        let heading = self.paint(ink, &heading);
        self.line(&heading);
        self.blank();
    }

    /// A labelled fact: its further lines are indented as far as the first one.
    pub(crate) fn entry(&mut self, key: &str, text: &str) {
        let indent = key.len() + 4;
        let lines = wrap(text, self.prose().saturating_sub(indent));
        self.list(key, &lines);
    }

    /// A line that begins with a mark and a name, and goes on indented.
    pub(super) fn hanging(&mut self, start: &str, text: &str) {
        // What leads somewhere has more characters than a reader sees.
        let lines = wrap(text, self.prose().saturating_sub(6));
        self.line(&format!("  {start}"));
        for line in lines {
            self.line(&format!("      {line}"));
        }
    }

    /// A labelled list, one line each.
    pub(super) fn list(&mut self, key: &str, lines: &[String]) {
        let indent = " ".repeat(key.len() + 4);
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                let key = self.paint(Ink::Cyan, &format!("{key}:"));
                self.line(&format!("  {key} {line}"));
            } else {
                self.line(&format!("{indent}{line}"));
            }
        }
    }

    /// Prose without a label.
    pub(super) fn prose_lines(&self, text: &str, indent: usize) -> String {
        wrap(text, self.prose().saturating_sub(indent)).join("\n")
    }

    /// How much of a line of a document is shown.
    pub(super) fn cut(&self) -> Cut {
        Cut {
            // The line number and the bar beside it.
            width: self.style.width.max(NARROWEST) - 8,
            ellipsis: if self.style.unicode { "…" } else { "..." },
        }
    }

    /// What draws a finding; `mark` stands before its message.
    pub(super) fn handler(&self, mark: &str) -> GraphicalReportHandler {
        let mut characters =
            if self.style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
        for character in [&mut characters.error, &mut characters.warning, &mut characters.advice] {
            mark.clone_into(character);
        }
        let styles = if self.style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
        GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
            .with_context_lines(CONTEXT_LINES)
            .with_links(false)
            .with_wrap_lines(false)
            .with_width(self.style.width)
            .without_syntax_highlighting()
    }

    pub(super) fn mark(&self, unverifiable: bool) -> &'static str {
        match (unverifiable, self.style.unicode) {
            (true, _) => "?",
            (false, true) => "×",
            (false, false) => "x",
        }
    }

    fn prose(&self) -> usize {
        self.style.width.clamp(NARROWEST, PROSE)
    }
}

/// Breaks prose at spaces; a word that is too long (an ARN) stays whole, so that it can be copied.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn prose_breaks_at_spaces_only() {
        assert_eq!(wrap("a bb ccc-ccc d", 6), ["a bb", "ccc-ccc", "d"]);
        assert_eq!(wrap("", 6), [""]);
    }
}
