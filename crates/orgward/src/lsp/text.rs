//! Places in texts as the protocol counts them, and files as it names them.

use std::ops::Range as Span;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use lsp_types::{Position, Range, Uri};

/// A text and where its lines begin.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// A place: the line from 0, and UTF-16 code units in it.
    pub(super) fn position(&self, byte: usize) -> Position {
        let byte = byte.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = self.text.get(start..byte).unwrap_or_default();
        Position::new(number(line), number(before.encode_utf16().count()))
    }

    pub(super) fn range(&self, span: &Span<usize>) -> Range {
        Range::new(self.position(span.start), self.position(span.end))
    }

    /// The bytes of a line, from 1, without the break and the space around.
    pub(super) fn line(&self, line: usize) -> Span<usize> {
        let Some(&start) = line.checked_sub(1).and_then(|at| self.starts.get(at)) else { return 0..0 };
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        let whole = self.text.get(start..end).unwrap_or_default();
        let start = start + (whole.len() - whole.trim_start().len());
        start..start.max(start + whole.trim().len())
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The file that a URI names.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    let path = rest.get(rest.find('/')?..)?;
    let mut bytes = Vec::new();
    let mut left = path.bytes();
    while let Some(byte) = left.next() {
        if byte == b'%' {
            let digits = [left.next()?, left.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let path = String::from_utf8(bytes).ok()?;
    // `/c:/folder` on Windows.
    let path = match path.as_bytes() {
        [b'/', _, b':', ..] if cfg!(windows) => path.get(1..)?,
        _ => path.as_str(),
    };
    Some(PathBuf::from(path))
}

/// The URI of a file.
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    use std::fmt::Write as _;
    let path = path.to_str()?.replace('\\', "/");
    let mut text = "file://".to_owned();
    if !path.starts_with('/') {
        text.push('/');
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").ok()?;
        }
    }
    Uri::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_utf_16_code_units() {
        let text = "a\n  x = \"ä😀\" # b\n";
        let lines = Lines::of(text);
        let after = text.find(" # b").unwrap();
        assert_eq!(lines.position(after), Position::new(1, 11));
        assert_eq!(&text[lines.line(2)], "x = \"ä😀\" # b");
        assert_eq!(lines.line(99), 0..0);
        assert_eq!(lines.position(9_999), Position::new(2, 0));
    }

    #[test]
    fn paths_come_back_as_they_were() {
        let path = Path::new("/a b/ü%/main.tf");
        let uri = uri_of(path).unwrap();
        assert_eq!(uri.as_str(), "file:///a%20b/%C3%BC%25/main.tf");
        assert_eq!(path_of(&uri).unwrap(), path);
        assert_eq!(path_of(&Uri::from_str("untitled:Untitled-1").unwrap()), None);
    }
}
