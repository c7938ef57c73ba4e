//! Rewrites a text into one that the parser reads and that means the same to Terraform, byte for byte in the same
//! place.
//!
//! The parser follows the grammar of HCL more closely than Terraform does: it wants some expressions on one line,
//! ends a heredoc at the first line that begins with its name, and refuses a key that is there twice. Instead of a
//! patch for each, one pass knows which brackets, strings and heredocs it is in, and puts blanks where a line break or
//! a comment means nothing. Offsets stay, so that spans of the result are spans of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What the pass is in.
enum Within {
    /// Braces of a block or an object, where a line break ends an item.
    Items(Items),
    /// Brackets, parentheses and `for` expressions, where a line break means nothing.
    Brackets,
    /// `${…}` or `%{…}`.
    Interpolation,
    /// A string in quotes.
    Quoted,
    /// A heredoc.
    Heredoc(Heredoc),
    /// The file of a template.
    Template,
}

/// The keys of an object so far, each with its item.
#[derive(Default)]
struct Items {
    found: BTreeMap<Vec<u8>, Range<usize>>,
    /// The key whose item goes on.
    current: Option<(Vec<u8>, usize)>,
    /// Whether a key may come next.
    fresh: bool,
}

struct Heredoc {
    /// Where it begins.
    start: usize,
    marker: Range<usize>,
    /// Whether a line inside begins with the name and goes on.
    ambiguous: bool,
    /// Where the current line begins.
    line: usize,
}

struct Pass<'t> {
    text: &'t [u8],
    out: Vec<u8>,
    at: usize,
    within: Vec<Within>,
    flush: BTreeSet<usize>,
}

/// A text as the parser wants it.
pub(super) struct Normal {
    pub(super) text: String,
    /// Where heredocs begin whose indentation goes: `<<-`.
    pub(super) flush: BTreeSet<usize>,
}

/// The text of a configuration file as the parser wants it.
pub(super) fn body(text: &str) -> Normal {
    run(text, Within::Items(Items { fresh: true, ..Items::default() }))
}

/// The text of a template file as the parser wants it.
pub(super) fn template(text: &str) -> Normal {
    run(text, Within::Template)
}

/// Where `${` or `%{` at the start of a text ends, after its `}`.
pub(super) fn interpolation(text: &str) -> Option<usize> {
    let mut pass = Pass::new(text, Within::Template);
    pass.template();
    while pass.within.len() > 1 && pass.at < pass.text.len() {
        pass.step();
    }
    (pass.within.len() == 1).then_some(pass.at)
}

fn run(text: &str, outermost: Within) -> Normal {
    let mut pass = Pass::new(text, outermost);
    if pass.text.starts_with(b"\xef\xbb\xbf") {
        pass.blank(0..3);
        pass.at = 3;
    }
    while pass.at < pass.text.len() {
        pass.step();
    }
    // Only whole characters are replaced, so that it stays text; what is not is left to the parser.
    let normal = String::from_utf8(pass.out).unwrap_or_else(|_| text.to_owned());
    Normal { text: normal, flush: pass.flush }
}

impl<'t> Pass<'t> {
    fn new(text: &'t str, outermost: Within) -> Self {
        let bytes = text.as_bytes();
        Self { text: bytes, out: bytes.to_vec(), at: 0, within: vec![outermost], flush: BTreeSet::new() }
    }

    fn step(&mut self) {
        match self.within.last() {
            Some(Within::Quoted) => self.quoted(),
            Some(Within::Heredoc(_)) => self.heredoc(),
            Some(Within::Template) => self.template(),
            _ => self.code(),
        }
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.text.get(self.at..).is_some_and(|rest| rest.starts_with(with))
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.get(at).copied()
    }

    /// Puts blanks in place of whatever is there.
    fn blank(&mut self, range: Range<usize>) {
        if let Some(bytes) = self.out.get_mut(range) {
            bytes.fill(b' ');
        }
    }

    fn breaks_count(&self) -> bool {
        matches!(self.within.last(), Some(Within::Items(_)) | None)
    }

    fn code(&mut self) {
        let Some(byte) = self.byte(self.at) else { return };
        if !byte.is_ascii_whitespace() && !matches!(byte, b'#' | b'/') {
            self.key();
        }
        match byte {
            b'"' => self.open(Within::Quoted),
            b'(' | b'[' => self.open(Within::Brackets),
            b'{' if self.is_for() => self.open(Within::Brackets),
            b'{' => self.open(Within::Items(Items { fresh: true, ..Items::default() })),
            b')' | b']' | b'}' => {
                // The outermost stays, whatever a broken file closes.
                if self.within.len() > 1 {
                    self.within.pop();
                }
                self.at += 1;
            }
            b'\n' | b'\r' => {
                if self.breaks_count() {
                    self.ended(self.at);
                } else {
                    self.blank(self.at..self.at + 1);
                }
                self.at += 1;
            }
            b',' => {
                self.ended(self.at + 1);
                self.at += 1;
            }
            b'#' => self.comment(),
            b'/' if self.starts(b"//") => self.comment(),
            b'/' if self.starts(b"/*") => {
                let rest = self.text.get(self.at + 2..).unwrap_or_default();
                let length = rest.windows(2).position(|two| two == b"*/");
                let end = length.map_or(self.text.len(), |length| self.at + length + 4);
                self.blank(self.at..end);
                self.at = end;
            }
            b'<' if self.starts(b"<<") => self.begin_heredoc(),
            _ => self.at += 1,
        }
    }

    fn open(&mut self, within: Within) {
        self.within.push(within);
        self.at += 1;
    }

    /// A comment up to the end of the line.
    fn comment(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let end = self.at + length;
        let end = if length > 0 && self.byte(end - 1) == Some(b'\r') { end - 1 } else { end };
        self.blank(self.at..end);
        self.at = end.max(self.at + 1);
    }

    /// Whether a brace opens a `for` expression, in which line breaks mean nothing.
    fn is_for(&self) -> bool {
        let mut rest = self.text.get(self.at + 1..).unwrap_or_default();
        loop {
            rest = rest.trim_ascii_start();
            let length = if rest.starts_with(b"#") || rest.starts_with(b"//") {
                rest.iter().position(|byte| *byte == b'\n')
            } else if rest.starts_with(b"/*") {
                rest.get(2..).and_then(|inner| inner.windows(2).position(|two| two == b"*/")).map(|at| at + 4)
            } else {
                break;
            };
            let Some(length) = length else { return false };
            rest = rest.get(length..).unwrap_or_default();
        }
        let after = rest.strip_prefix(b"for").unwrap_or_default();
        let next = after.trim_ascii_start().first();
        after.first().is_some_and(|byte| !is_name(*byte))
            && next.is_some_and(|byte| is_name(*byte) || matches!(byte, b'#' | b'/'))
    }

    /// Notes the key of an item. An earlier item with the same key counts for nothing, as in Terraform.
    fn key(&mut self) {
        let at = self.at;
        let Some(Within::Items(items)) = self.within.last_mut() else { return };
        if !items.fresh {
            return;
        }
        items.fresh = false;
        let rest = self.text.get(at..).unwrap_or_default();
        let length = if rest.first() == Some(&b'"') {
            let end = rest.iter().skip(1).position(|byte| matches!(byte, b'"' | b'\\' | b'$' | b'%' | b'\n'));
            end.filter(|end| rest.get(end + 1) == Some(&b'"')).map(|end| end + 2)
        } else {
            Some(rest.iter().take_while(|byte| is_name(**byte)).count()).filter(|length| *length > 0)
        };
        let Some(name) = length.and_then(|length| rest.get(..length)) else { return };
        let after = rest.get(name.len()..).unwrap_or_default();
        let mut after = after.iter().skip_while(|byte| matches!(byte, b' ' | b'\t'));
        let is_key = match after.next() {
            Some(b'=') => after.next() != Some(&b'='),
            Some(b':') => true,
            _ => false,
        };
        // A block of the file itself may say the same twice; Terraform refuses that on its own.
        if !is_key || self.within.len() < 2 {
            return;
        }
        let Some(Within::Items(items)) = self.within.last_mut() else { return };
        items.current = Some((name.to_vec(), at));
        if let Some(earlier) = items.found.remove(name) {
            self.blank(earlier);
        }
    }

    /// An item ends.
    fn ended(&mut self, end: usize) {
        if let Some(Within::Items(items)) = self.within.last_mut() {
            items.fresh = true;
            if let Some((name, start)) = items.current.take() {
                items.found.insert(name, start..end);
            }
        }
    }

    fn quoted(&mut self) {
        if self.starts(b"\\") {
            self.at += 2;
        } else if self.starts(b"\"") {
            self.within.pop();
            self.at += 1;
        } else {
            self.template();
        }
    }

    /// The text of a template.
    fn template(&mut self) {
        if self.starts(b"$${") || self.starts(b"%%{") {
            self.at += 3;
        } else if self.starts(b"${") || self.starts(b"%{") {
            self.at += 1;
            self.open(Within::Interpolation);
        } else {
            self.at += 1;
        }
    }

    fn begin_heredoc(&mut self) {
        let dash = self.starts(b"<<-").then_some(self.at + 2);
        let start = dash.map_or(self.at + 2, |dash| dash + 1);
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| is_name(**byte)).count();
        let end = start + length;
        let line = match (self.byte(end), self.byte(end + 1)) {
            (Some(b'\n'), _) => end + 1,
            (Some(b'\r'), Some(b'\n')) => end + 2,
            _ => 0,
        };
        if length == 0 || line == 0 {
            self.at += 2;
            return;
        }
        // The parser takes the indentation of other lines away than Terraform does, so it is told to leave it.
        if let Some(dash) = dash
            && let Some(opening) = self.out.get_mut(dash - 2..=dash)
        {
            opening.copy_from_slice(b" <<");
            self.flush.insert(dash - 1);
        }
        self.at = line;
        let heredoc = Heredoc { start: start - 2, marker: start..end, ambiguous: false, line };
        self.within.push(Within::Heredoc(heredoc));
    }

    fn heredoc(&mut self) {
        let at = self.at;
        let Some(Within::Heredoc(heredoc)) = self.within.last_mut() else { return };
        if heredoc.line != at {
            if self.starts(b"\n") {
                let Some(Within::Heredoc(heredoc)) = self.within.last_mut() else { return };
                heredoc.line = at + 1;
            }
            self.template();
            return;
        }
        let rest = self.text.get(at..).unwrap_or_default();
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let inner = line.trim_ascii_start();
        let marker = heredoc.marker.clone();
        let name = self.text.get(marker.clone()).unwrap_or_default();
        let begins = inner.strip_prefix(name);
        if begins.is_some_and(|after| after.trim_ascii().is_empty()) {
            let start = at + (line.len() - inner.len());
            let end = start + name.len();
            let (begin, is_ambiguous) = (heredoc.start, heredoc.ambiguous);
            let before = self.text.get(marker.end..start).unwrap_or_default();
            let first = before.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let blanks = before.get(first..).unwrap_or_default();
            if blanks.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
                // The parser does not see where an empty one ends.
                self.blank(begin..end);
                if let Some(quotes) = self.out.get_mut(begin..begin + 2) {
                    quotes.copy_from_slice(b"\"\"");
                }
            } else if is_ambiguous {
                self.rename(marker, start..end);
            }
            self.within.pop();
            self.at = end;
            return;
        }
        heredoc.ambiguous |= begins.is_some_and(|after| !after.first().copied().is_some_and(is_name));
        // The line is read on from here, and its end begins the next one.
        heredoc.line = usize::MAX;
    }

    /// Gives a heredoc a name that no text of it has.
    fn rename(&mut self, marker: Range<usize>, end: Range<usize>) {
        let inside = self.text.get(marker.end..end.start).unwrap_or_default();
        let length = marker.len();
        let name = (b'A'..=b'Z')
            .flat_map(|first| (b'A'..=b'Z').map(move |rest| (first, rest)))
            .map(|(first, rest)| {
                let mut name = vec![rest; length];
                if let Some(byte) = name.first_mut() {
                    *byte = first;
                }
                name
            })
            .find(|name| !inside.windows(length).any(|part| part == name.as_slice()));
        let Some(name) = name else { return };
        for range in [marker, end] {
            if let Some(bytes) = self.out.get_mut(range) {
                bytes.copy_from_slice(&name);
            }
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use hcl_edit::structure::Body;
    use hcl_edit::template::Template;

    use super::{body, interpolation, template};

    #[test]
    fn what_terraform_accepts_parses() {
        for text in [
            "\u{feff}a = 1\n",
            "a = [\n  for x in\n  y :\n  x\n  if\n  x != 1\n]\n",
            "a = { for k, v in\n  y :\n  k =>\n  v...\n}\n",
            "a = { # all\n  for k in y : k =>\n # one\n  k ? 1 :\n  2 }\n",
            "a = (\n  1 +\n  2\n  # three\n  * 3\n)\n",
            "a = x == 1 ? /* one\n two */ [\n  1,\n] : [\n]\n",
            "a = f(\n  1,\n  [2, 3]...\n)\n",
            "a = [<<EOT\n  text\nEOT\n, 1]\n",
            "a = <<-EOT\nEOT\nb = <<E\n  E\n",
            "a = [<<-EOT\n  EOT is not the end\n  \"${[\n1][0]}\" ${\"EOT\"}\n  EOT\n]\n",
            "a = {\n  x = 1\n  x = 2\n  \"y\" = <<E\nE x\nE\n  \"y\" = 3\n}\n",
            "a = { x = 1, x = 2, x = { y = 1, y = 2 } }\n",
            "a = \"${\n  b\n}\"\n",
            "a = \"${b ? \"}\" : \"${c}\"}\"\n",
            "resource x y { /* { */ }\n",
            "a = [\r\n  1 +\r\n  2, # two\r\n]\r\n",
            "a = {\r\n  b = 1 # one\r\n  c = 2\r\n}\r\n",
        ] {
            let normal = body(text).text;
            assert_eq!(normal.len(), text.len());
            assert!(normal.parse::<Body>().is_ok(), "{text}\n---\n{normal}\n{:?}", normal.parse::<Body>());
        }
        let text = "%{ for x in\n y }${\nx # one\n}%{ endfor }\n\"'\n";
        assert!(template(text).text.parse::<Template>().is_ok());
    }

    #[test]
    fn what_terraform_refuses_stays_refused() {
        for text in ["a = 1 +\n2\n", "a = {\n  b =\n  1\n}\n", "a = [1\n", "a = <<EOT\nx\n"] {
            assert!(body(text).text.parse::<Body>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_interpolation_ends_at_its_own_brace() {
        assert_eq!(interpolation("${a}b}"), Some(4));
        assert_eq!(interpolation("${\"}\"}"), Some(6));
        assert_eq!(interpolation("${{ a = 1 }"), None);
    }
}
