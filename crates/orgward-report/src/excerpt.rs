//! The parts of a document that a reader sees: escaped, long lines cut, spans moved along.

use std::ops::Range;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use orgward_finding::Snippet;

use crate::escape;
use crate::position::{Position, clamp};

/// Lines shown before and after what is underlined.
pub(crate) const CONTEXT_LINES: usize = 2;
/// Lines of one span that are shown before the rest is only counted.
const SPAN_LINES: usize = 10;
/// Characters kept at least before and after a span of a line that is cut.
const CONTEXT_CHARACTERS: usize = 24;

/// The snippets of one document.
#[derive(Debug)]
pub(crate) struct Excerpt {
    name: String,
    text: String,
    /// Where each line begins in `text`.
    starts: Vec<usize>,
    labels: Vec<Label>,
}

#[derive(Debug)]
struct Label {
    /// In the document; neither end is inside a line break.
    source: Range<usize>,
    /// The lines of the document that it covers, from 0.
    lines: Range<usize>,
    /// Where it begins in the document, as people count.
    position: Position,
    /// In the text that is shown.
    shown: Range<usize>,
    text: String,
}

/// How wide a line may get, and what stands for what was cut.
#[derive(Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) width: usize,
    pub(crate) ellipsis: &'static str,
}

impl Excerpt {
    /// Prepares the snippets of one document.
    pub(crate) fn of(document: &str, snippets: &[&Snippet], cut: Cut) -> Self {
        let lines = lines(document);
        let mut labels: Vec<_> =
            snippets.iter().map(|snippet| Label::of(document, &lines, snippet)).collect();
        let mut text = String::new();
        let mut starts = vec![0];
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                text.push('\n');
                starts.push(text.len());
            }
            if labels.iter().any(|label| label.is_near(number)) {
                push_line(&mut text, document, line, number, &mut labels, cut);
            }
        }
        if text.is_empty() {
            text.push(' ');
        }
        for label in &mut labels {
            label.widen(&text);
        }
        let name = snippets.first().map_or("", |snippet| &snippet.name);
        Self { name: escape::line(name).into_owned(), text, starts, labels }
    }

    /// What to underline; the first one gives the excerpt its line and column.
    pub(crate) fn labels(&self) -> impl Iterator<Item = LabeledSpan> + '_ {
        self.labels.iter().enumerate().map(|(index, label)| {
            let text = (!label.text.is_empty()).then(|| label.text.clone());
            let span = (label.shown.start, label.shown.len());
            if index == 0 {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        })
    }

    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset() + span.len();
        let line = self.line_of(span.offset());
        let first = line.saturating_sub(before);
        let last = self.line_of(end.saturating_sub(1).max(span.offset())) + after;
        let start = self.starts.get(first).copied().unwrap_or(0);
        let stop = self.starts.get(last + 1).copied().unwrap_or(self.text.len());
        let data = self.text.get(start..stop).ok_or(MietteError::OutOfBounds)?;
        // Without context, what is asked for is where the label is.
        let label = self.labels.iter().find(|label| label.shown.start == span.offset());
        let column = match label {
            Some(label) if before == 0 => label.position.column - 1,
            _ => 0,
        };
        let count = last.min(self.starts.len().saturating_sub(1)) + 1 - first;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            data.as_bytes(),
            (start, data.len()).into(),
            first,
            column,
            count,
        )))
    }
}

impl Label {
    fn of(document: &str, lines: &[Range<usize>], snippet: &Snippet) -> Self {
        let span = clamp(document, &snippet.span);
        let start = outside_line_break(lines, span.start);
        let trimmed = document.get(span.clone()).unwrap_or_default().trim_end().len();
        let mut end = outside_line_break(lines, span.start + trimmed).max(start);
        let first = line_at(lines, start);
        let mut last = line_at(lines, end);
        let mut text = escape::line(&snippet.label).into_owned();
        if last - first >= SPAN_LINES {
            let hidden = last + 1 - first - SPAN_LINES;
            last = first + SPAN_LINES - 1;
            end = lines.get(last).map_or(end, |line| line.end);
            let more = format!("(and {hidden} more {})", if hidden == 1 { "line" } else { "lines" });
            text = if text.is_empty() { more } else { format!("{text} {more}") };
        }
        let position = Position::of(document, start);
        Self { source: start..end, lines: first..last + 1, position, shown: 0..0, text }
    }

    fn is_near(&self, line: usize) -> bool {
        line + CONTEXT_LINES >= self.lines.start && line < self.lines.end + CONTEXT_LINES
    }

    /// Makes sure that there is something to underline.
    fn widen(&mut self, text: &str) {
        let (start, end) = (self.shown.start.min(text.len()), self.shown.end.min(text.len()));
        self.shown = if start < end {
            start..end
        } else if let Some(next) =
            text.get(start..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n')
        {
            start..start + next.len_utf8()
        } else if let Some(previous) = text.get(..start).and_then(|rest| rest.chars().next_back()) {
            start - previous.len_utf8()..start
        } else {
            0..1.min(text.len())
        };
    }
}

/// The lines of a text, without their line breaks.
fn lines(document: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    document
        .split('\n')
        .map(|line| {
            let range = start..start + line.strip_suffix('\r').unwrap_or(line).len();
            start += line.len() + 1;
            range
        })
        .collect()
}

fn line_at(lines: &[Range<usize>], offset: usize) -> usize {
    lines.partition_point(|line| line.start <= offset).saturating_sub(1)
}

fn outside_line_break(lines: &[Range<usize>], offset: usize) -> usize {
    lines.get(line_at(lines, offset)).map_or(offset, |line| offset.min(line.end))
}

/// Writes what is kept of a line, and notes where the labels come to lie.
fn push_line(
    text: &mut String,
    document: &str,
    line: &Range<usize>,
    number: usize,
    labels: &mut [Label],
    cut: Cut,
) {
    let content = document.get(line.clone()).unwrap_or_default();
    let kept = kept(content, line.start, number, labels, cut.width);
    let mut kept = kept.into_iter().peekable();
    let mut was_kept = true;
    for (index, (at, character)) in content.char_indices().enumerate() {
        let offset = line.start + at;
        mark_ends(labels, offset, text.len());
        kept.next_if(|range| range.end <= index);
        let is_kept = kept.peek().is_some_and(|range| range.contains(&index));
        if was_kept && !is_kept {
            text.push_str(cut.ellipsis);
        }
        was_kept = is_kept;
        mark_starts(labels, offset, text.len());
        if is_kept && character == '\t' {
            text.push(character);
        } else if is_kept {
            escape::push(text, character);
        }
    }
    mark_ends(labels, line.end, text.len());
    mark_starts(labels, line.end, text.len());
}

fn mark_starts(labels: &mut [Label], offset: usize, shown: usize) {
    for label in labels.iter_mut().filter(|label| label.source.start == offset) {
        label.shown = shown..shown.max(label.shown.end);
    }
}

fn mark_ends(labels: &mut [Label], offset: usize, shown: usize) {
    for label in labels.iter_mut().filter(|label| label.source.end == offset) {
        label.shown.end = shown;
    }
}

/// Which characters of a line are shown: all of a short one, of a long one those around the labels.
fn kept(content: &str, start: usize, number: usize, labels: &[Label], width: usize) -> Vec<Range<usize>> {
    let length = content.chars().count();
    if length <= width {
        return std::iter::once(0..length).collect();
    }
    let character =
        |offset: usize| content.get(..offset.saturating_sub(start)).map_or(length, |t| t.chars().count());
    let here = |label: &&Label| label.lines.contains(&number);
    let share = width.checked_div(labels.iter().filter(here).count()).unwrap_or(width);
    let most = share.saturating_sub(2 * CONTEXT_CHARACTERS).max(CONTEXT_CHARACTERS);
    let mut kept: Vec<_> = labels
        .iter()
        .filter(here)
        .map(|label| {
            let begins = number == label.lines.start;
            let ends = number + 1 == label.lines.end;
            let first = if begins { character(label.source.start) } else { 0 };
            let last = if ends { character(label.source.end).min(first + most) } else { first + most };
            let around = (share.saturating_sub(last - first) / 2).saturating_sub(1).max(CONTEXT_CHARACTERS);
            // What there is no use for after the last character is used before the first, and the reverse.
            let start = first.saturating_sub(around).min(length.saturating_sub(share.saturating_sub(1)));
            start..(last + around).max(start + share.saturating_sub(2)).min(length)
        })
        .collect();
    if kept.is_empty() {
        kept.push(0..width.saturating_sub(1));
    }
    kept.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in kept {
        match merged.last_mut() {
            Some(last) if range.start <= last.end + 1 => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const CUT: Cut = Cut { width: 80, ellipsis: "…" };

    fn snippet(text: &str, span: Range<usize>) -> Snippet {
        Snippet { name: Arc::from("document"), text: Some(Arc::from(text)), span, label: "here".into() }
    }

    fn underlined(text: &str, span: Range<usize>) -> String {
        let excerpt = Excerpt::of(text, &[&snippet(text, span)], CUT);
        let label = excerpt.labels().next().unwrap();
        excerpt.text[label.offset()..label.offset() + label.len()].to_owned()
    }

    #[test]
    fn escaping_moves_the_span_along() {
        let text = "a\u{1b}\u{202e}b culprit\u{9b} c";
        let start = text.find("culprit").unwrap();
        assert_eq!(underlined(text, start..start + "culprit\u{9b}".len()), r"culprit\u{9b}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_span() {
        let text = format!("{}culprit{}", "x".repeat(5_000), "y".repeat(5_000));
        let excerpt = Excerpt::of(&text, &[&snippet(&text, 5_000..5_007)], CUT);
        assert_eq!(excerpt.text, format!("…{}culprit{}…", "x".repeat(35), "y".repeat(36)));
        assert_eq!(underlined(&text, 5_000..5_007), "culprit");
        let contents = excerpt.read_span(excerpt.labels().next().unwrap().inner(), 0, 0).unwrap();
        assert_eq!((contents.line(), contents.column()), (0, 5_000));
    }

    #[test]
    fn two_places_of_a_long_line_are_both_kept() {
        let text = format!("first{}second", "x".repeat(5_000));
        let excerpt = Excerpt::of(&text, &[&snippet(&text, 0..5), &snippet(&text, 5_005..5_011)], CUT);
        assert_eq!(excerpt.text, format!("first{}…{}second", "x".repeat(33), "x".repeat(33)));
    }

    #[test]
    fn a_span_of_many_lines_is_cut_and_says_so() {
        let text = "line\n".repeat(50);
        let excerpt = Excerpt::of(&text, &[&snippet(&text, 0..text.len())], CUT);
        let label = excerpt.labels().next().unwrap();
        assert_eq!(label.label(), Some("here (and 40 more lines)"));
        assert_eq!(label.len(), "line\n".len() * 10 - 1);
    }

    #[test]
    fn line_breaks_of_windows_are_line_breaks() {
        assert_eq!(underlined("{\r\n  \"a\": 1\r\n}", 5..13), "\"a\": 1");
    }
}
