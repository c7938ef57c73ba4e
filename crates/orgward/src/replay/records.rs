//! Cuts a stream of JSON into records, so that each can be read from memory while only some of them are there.

use std::io::{self, Read};
use std::ops::Range;

/// How much is read at once. AWS writes a record in some 1,500 bytes.
const PIECE: usize = 1 << 20;
/// The longest record. CloudTrail allows 256 KB for an event, and 1 MB in Lake.
const LONGEST: usize = 16 << 20;

/// Where the records are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Layout {
    /// `{"Records": […]}`.
    Records,
    /// `[…]`.
    List,
    /// One after the other.
    Lines,
}

impl Layout {
    /// How many containers are around a record.
    fn depth(self) -> usize {
        match self {
            Self::Records => 2,
            Self::List => 1,
            Self::Lines => 0,
        }
    }
}

/// Records of a file: a text, and where each of them is in it.
#[derive(Debug, Default)]
pub(super) struct Batch {
    text: Vec<u8>,
    records: Vec<Range<usize>>,
}

impl Batch {
    /// The records, as JSON.
    pub(super) fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.records.iter().map(|range| self.text.get(range.clone()).unwrap_or_default())
    }
}

/// Reads batches of records off a stream.
pub(super) struct Batches<R> {
    inner: R,
    layout: Layout,
    /// What is left of the last piece: the beginning of a record.
    rest: Vec<u8>,
    cutter: Cutter,
    is_done: bool,
}

/// What tells where records begin and end.
#[derive(Debug, Default)]
struct Cutter {
    /// What is open around the next byte: `{` or `[`.
    open: Vec<u8>,
    in_string: bool,
    is_escaped: bool,
    begin: Option<usize>,
}

impl<R: Read> Batches<R> {
    pub(super) fn of(inner: R, layout: Layout) -> Self {
        Self { inner, layout, rest: Vec::new(), cutter: Cutter::default(), is_done: false }
    }

    fn next_batch(&mut self) -> Result<Option<Batch>, String> {
        loop {
            let mut text = std::mem::take(&mut self.rest);
            let from = text.len();
            let read = (&mut self.inner).take(PIECE as u64).read_to_end(&mut text);
            let read = read.map_err(|error: io::Error| error.to_string())?;
            if read == 0 {
                let is_whole = self.cutter.open.is_empty() && !self.cutter.in_string;
                return if is_whole { Ok(None) } else { Err("it ends in the middle".to_owned()) };
            }
            let records = self.cutter.cut(&text, from, self.layout)?;
            if let Some(begin) = self.cutter.begin {
                self.rest = text.split_off(begin);
                self.cutter.begin = Some(0);
            }
            if self.rest.len() > LONGEST {
                return Err("a record of it is too long".to_owned());
            }
            if !records.is_empty() {
                return Ok(Some(Batch { text, records }));
            }
        }
    }
}

impl<R: Read> Iterator for Batches<R> {
    type Item = Result<Batch, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let batch = self.next_batch().transpose();
        self.is_done = !matches!(batch, Some(Ok(_)));
        batch
    }
}

impl Cutter {
    /// The records that end in a text, from a place on.
    fn cut(&mut self, text: &[u8], from: usize, layout: Layout) -> Result<Vec<Range<usize>>, String> {
        let mut records = Vec::new();
        let mut at = from;
        while let Some(byte) = text.get(at) {
            if self.in_string {
                if self.is_escaped {
                    self.is_escaped = false;
                    at += 1;
                    continue;
                }
                let rest = text.get(at..).unwrap_or_default();
                let Some(next) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else { break };
                self.is_escaped = rest.get(next) == Some(&b'\\');
                self.in_string = self.is_escaped;
                at += next + 1;
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    if *byte == b'{' && self.is_among_records(layout) {
                        self.begin = Some(at);
                    }
                    self.open.push(*byte);
                }
                b'}' | b']' => {
                    let opening = if *byte == b'}' { b'{' } else { b'[' };
                    if self.open.pop() != Some(opening) {
                        return Err("brackets do not match".to_owned());
                    }
                    if self.is_among_records(layout)
                        && let Some(begin) = self.begin.take()
                    {
                        records.push(begin..at + 1);
                    }
                }
                b',' | b' ' | b'\t' | b'\r' | b'\n' => {}
                // The byte order mark of a text.
                0xEF | 0xBB | 0xBF if self.open.is_empty() => {}
                _ if self.begin.is_none() && self.is_among_records(layout) => {
                    return Err("what is listed is no record".to_owned());
                }
                _ => {}
            }
            at += 1;
        }
        Ok(records)
    }

    fn is_among_records(&self, layout: Layout) -> bool {
        self.open.len() == layout.depth() && self.open.last().is_none_or(|last| *last == b'[')
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Batches, Layout};

    /// Gives a few bytes at a time.
    struct Slow<'t>(&'t [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let length = out.len().min(3).min(self.0.len());
            let (now, later) = self.0.split_at(length);
            out[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    fn cut(text: &str, layout: Layout) -> Result<Vec<String>, String> {
        let mut all = Vec::new();
        for batch in Batches::of(Slow(text.as_bytes()), layout) {
            all.extend(batch?.records().map(|it| String::from_utf8(it.to_vec()).unwrap()));
        }
        Ok(all)
    }

    #[test]
    fn records_are_found_whatever_is_in_them() {
        let odd = r#"{"a":"}\"{[","b":{"c":[{}]}}"#;
        let two = vec![odd.to_owned(), "{}".to_owned()];
        assert_eq!(cut(&format!("{odd}\n\n{{}}\n"), Layout::Lines), Ok(two.clone()));
        assert_eq!(cut(&format!("[{odd}, {{}}]"), Layout::List), Ok(two.clone()));
        let records = format!("{{\"x\":{{\"y\":{{}}}},\"Records\":[{odd},{{}}]}}");
        assert_eq!(cut(&records, Layout::Records), Ok(two));
        assert_eq!(cut("{\"Records\":[]}", Layout::Records), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_list_of_records_is_refused() {
        for (text, layout) in [
            ("[{\"a\":1}", Layout::List),
            ("{\"Records\":[{\"a\":\"", Layout::Records),
            ("[1]", Layout::List),
            ("{} x", Layout::Lines),
            ("{]}", Layout::Lines),
            ("}", Layout::Lines),
        ] {
            assert!(cut(text, layout).is_err(), "{text}");
        }
    }
}
