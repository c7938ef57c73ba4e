use std::ops::Range;

/// A place in a text, as people count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Position {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The character of the line, from 1.
    pub(crate) column: usize,
}

impl Position {
    /// Where a byte of a text is. The offset must be one of [`clamp`].
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

/// A range that is inside the text and between characters, whatever the span was.
pub(crate) fn clamp(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.ceil_char_boundary(span.end).max(start);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let text = "{\n  \"ä\": 1\n}\n";
        assert_eq!(Position::of(text, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of(text, text.find('1').unwrap()), Position { line: 2, column: 8 });
        assert_eq!(Position::of(text, text.len()), Position { line: 4, column: 1 });
    }

    #[test]
    fn spans_that_miss_the_text_are_clamped() {
        let text = "aäb";
        assert_eq!(clamp(text, &(2..2)), 1..3);
        assert_eq!(clamp(text, &(2..99)), 1..4);
        assert_eq!(clamp(text, &(50..99)), 4..4);
        #[expect(clippy::reversed_empty_ranges, reason = "a broken span must do no harm")]
        let reversed = 3..1;
        assert_eq!(clamp(text, &reversed), 3..3);
    }
}
