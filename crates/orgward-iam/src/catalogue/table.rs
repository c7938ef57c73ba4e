use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering as AtomicOrdering};

/// A table as text: lines sorted by their first cell without regard to case, cells between tabs. A line is found by
/// halving the text, so nothing has to be read, sorted or kept before the first question.
#[derive(Debug)]
pub(super) struct Table {
    text: &'static str,
    /// Where lines that were found before begin and end. The same few are sought again and again.
    found: [AtomicU64; SLOTS],
}

/// How many lines are remembered; a line has one place, which it takes from another one.
const SLOTS: usize = 4096;

impl Table {
    #[expect(clippy::large_stack_arrays, reason = "tables are statics")]
    pub(super) const fn of(text: &'static str) -> Self {
        Self { text, found: [const { AtomicU64::new(0) }; SLOTS] }
    }

    /// The line whose first cell is this, whatever its case.
    pub(super) fn find(&self, key: &str) -> Option<Row> {
        self.find_in(0, key)
    }

    /// The line that has this in a column by which the table is sorted, too.
    pub(super) fn find_in(&self, column: usize, key: &str) -> Option<Row> {
        let is_it = |row: &Row| row.cell(column).eq_ignore_ascii_case(key);
        let slot = self.found.get(slot_of(column, key));
        let known = slot.map_or(0, |slot| slot.load(AtomicOrdering::Relaxed));
        let range =
            |place: u64| usize::try_from(place >> 32).ok().zip(usize::try_from(place & 0xFFFF_FFFF).ok());
        let remembered =
            range(known).and_then(|(start, end)| self.text.get(start..end)).map(Row).filter(is_it);
        if remembered.is_some() && known != 0 {
            return remembered;
        }
        let rest = self.from(|row| compare(row.cell(column), key) == Ordering::Less);
        let row = rows(rest).next().filter(is_it)?;
        let start = self.text.len() - rest.len();
        let place = u64::try_from(start).ok().zip(u64::try_from(start + row.0.len()).ok());
        if let (Some(slot), Some((start, end))) = (slot, place) {
            slot.store((start << 32) | end, AtomicOrdering::Relaxed);
        }
        Some(row)
    }

    /// The lines whose first cell starts with this, whatever its case.
    pub(super) fn starting_with<P: AsRef<str>>(&self, prefix: P) -> impl Iterator<Item = Row> + use<P> {
        let rest = self.from(|row| compare(row.cell(0), prefix.as_ref()) == Ordering::Less);
        rows(rest).take_while(move |row| {
            let prefix = prefix.as_ref();
            row.cell(0).get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })
    }

    /// All lines.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> + Clone + use<> {
        rows(self.text)
    }

    /// The text from the first line on that does not lie before what is sought.
    fn from(&self, is_before: impl Fn(Row) -> bool) -> &'static str {
        // INVARIANT: both ends are starts of lines, or the end of the text.
        let (mut low, mut high) = (0, self.text.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let (start, end) = self.line_around(middle);
            let row = Row(self.text.get(start..end).unwrap_or_default());
            if is_before(row) {
                low = (end + 1).min(self.text.len());
            } else {
                high = start;
            }
        }
        self.text.get(low..).unwrap_or_default()
    }

    fn line_around(&self, at: usize) -> (usize, usize) {
        let bytes = self.text.as_bytes();
        let is_break = |byte: &u8| *byte == b'\n';
        let start = bytes.get(..at).and_then(|head| head.iter().rposition(is_break)).map_or(0, |at| at + 1);
        let end = bytes
            .get(at..)
            .and_then(|tail| tail.iter().position(is_break))
            .map_or(bytes.len(), |more| at + more);
        (start, end)
    }
}

/// One line of a table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Row(&'static str);

impl Row {
    /// A cell; empty where the line is shorter.
    pub(super) fn cell(self, column: usize) -> &'static str {
        if column == 0 {
            return until(self.0, b'\t');
        }
        self.0.split('\t').nth(column).unwrap_or_default()
    }
}

/// The text before a character of ASCII. Names are so short that a plain loop is fastest.
pub(super) fn until(text: &'static str, end: u8) -> &'static str {
    let at = text.bytes().position(|byte| byte == end);
    at.and_then(|at| text.get(..at)).unwrap_or(text)
}

fn rows(text: &'static str) -> impl Iterator<Item = Row> + Clone {
    text.lines().map(Row)
}

fn compare(left: &str, right: &str) -> Ordering {
    left.bytes()
        .map(|byte| byte.to_ascii_lowercase())
        .cmp(right.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// Where a line is remembered.
fn slot_of(column: usize, key: &str) -> usize {
    // FNV-1a.
    let mut hash: usize = 0x811C_9DC5 ^ column;
    for byte in key.bytes() {
        hash = (hash ^ usize::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193);
    }
    (hash ^ (hash >> 16)) % SLOTS
}

#[cfg(test)]
mod tests {
    use super::Table;

    static TABLE: Table = Table::of("a\t1\naB\t2\nb:x\t3\nb:y\nc:z\t5\n");

    #[test]
    fn every_line_is_found() {
        for row in TABLE.rows() {
            assert_eq!(TABLE.find(&row.cell(0).to_uppercase()), Some(row));
        }
        for missing in ["", "A0", "b", "b:", "c:zz", "\u{0}"] {
            assert_eq!(TABLE.find(missing), None, "{missing}");
        }
    }

    /// A line that took the place of another one is not taken for it.
    #[test]
    fn lines_with_one_place_are_told_apart() {
        let lines: Vec<String> = (0..3 * super::SLOTS).map(|at| format!("key{at:05}\t{at}\n")).collect();
        let text = lines.concat();
        let table = Table::of(text.leak());
        for _ in 0..2 {
            for row in table.rows() {
                assert_eq!(table.find(row.cell(0)), Some(row));
            }
        }
    }

    #[test]
    fn lines_with_one_start() {
        let of = |prefix| TABLE.starting_with(prefix).map(|row| row.cell(0)).collect::<Vec<_>>();
        assert_eq!(of("B:"), ["b:x", "b:y"]);
        assert_eq!(of("a"), ["a", "aB"]);
        assert_eq!(of("d"), [""; 0]);
        assert_eq!(of("").len(), 5);
    }

    #[test]
    fn an_empty_table_has_nothing() {
        assert_eq!(Table::of("").find("a"), None);
    }
}
