//! Inputs that CI has compressed.

use std::io::{self, BufRead, Read};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use rawzip::crc32;

/// Bytes of a header without its optional parts, and of what follows the data.
const HEADER: usize = 10;
const TRAILER: usize = 8;

/// Whether the bytes are compressed.
pub(crate) fn is_compressed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1F, 0x8B, 0x08])
}

/// What is compressed; the error says why it cannot be had.
pub(crate) fn inflated(bytes: &[u8], limit: usize) -> Result<Vec<u8>, &'static str> {
    const DAMAGED: &str = "its compression is damaged";
    let start = data(bytes).ok_or(DAMAGED)?;
    let end = bytes.len().checked_sub(TRAILER).filter(|end| *end >= start).ok_or(DAMAGED)?;
    let (data, trailer) =
        bytes.get(start..).and_then(|rest| rest.split_at_checked(end - start)).ok_or(DAMAGED)?;
    let inflated = decompress_to_vec_with_limit(data, limit).map_err(|error| {
        if error.status == TINFLStatus::HasMoreOutput { "it is too large once decompressed" } else { DAMAGED }
    })?;
    // Of two files in one, the sum is that of the second: one input is one plan.
    let sum = trailer.first_chunk().map(|sum| u32::from_le_bytes(*sum));
    if sum == Some(crc32(&inflated)) { Ok(inflated) } else { Err(DAMAGED) }
}

/// Where the data begins.
fn data(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(3)?;
    let mut at = HEADER;
    if flags & 4 != 0 {
        let length = bytes.get(at..)?.first_chunk().map(|length| u16::from_le_bytes(*length))?;
        at += 2 + usize::from(length);
    }
    // The name of the file, and a comment.
    for flag in [8, 16] {
        if flags & flag != 0 {
            at += 1 + bytes.get(at..)?.iter().position(|byte| *byte == 0)?;
        }
    }
    Some(if flags & 2 == 0 { at } else { at + 2 })
}

/// Decompresses while it is read: memory does not grow with the size of the file. Several files in one follow each
/// other, as `gzip` has it.
pub(crate) struct Inflating<R> {
    inner: R,
    state: Box<InflateState>,
    /// `None` between files.
    sum: Option<rawzip::Crc32>,
    is_first: bool,
}

impl<R: BufRead> Inflating<R> {
    pub(crate) fn of(inner: R) -> Self {
        Self { inner, state: InflateState::new_boxed(DataFormat::Raw), sum: None, is_first: true }
    }

    /// Passes over the header of a file; `false` where there is none any more.
    fn header(&mut self) -> io::Result<bool> {
        if self.inner.fill_buf()?.is_empty() && !self.is_first {
            return Ok(false);
        }
        let mut fixed = [0; HEADER];
        self.inner.read_exact(&mut fixed)?;
        let flags = fixed.get(3).copied().filter(|_| is_compressed(&fixed)).ok_or_else(damaged)?;
        if flags & 4 != 0 {
            let mut length = [0; 2];
            self.inner.read_exact(&mut length)?;
            self.skip(u16::from_le_bytes(length).into())?;
        }
        // The name of the file, and a comment.
        for flag in [8, 16] {
            let mut byte = [1];
            while flags & flag != 0 && byte != [0] {
                self.inner.read_exact(&mut byte)?;
            }
        }
        self.skip(if flags & 2 == 0 { 0 } else { 2 })?;
        self.state.reset(DataFormat::Raw);
        self.sum = Some(rawzip::Crc32::new());
        self.is_first = false;
        Ok(true)
    }

    fn skip(&mut self, length: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.inner).take(length), &mut io::sink())?;
        if skipped == length { Ok(()) } else { Err(damaged()) }
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its compression is damaged")
}

impl<R: BufRead> Read for Inflating<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.sum.is_none() && !self.header()? {
                return Ok(0);
            }
            let input = self.inner.fill_buf()?;
            let is_end = input.is_empty();
            let done = inflate(&mut self.state, input, out, MZFlush::None);
            self.inner.consume(done.bytes_consumed);
            let written = out.get(..done.bytes_written).unwrap_or_default();
            if let Some(sum) = &mut self.sum {
                sum.update(written);
            }
            match done.status {
                Ok(MZStatus::StreamEnd) => {
                    let mut trailer = [0; TRAILER];
                    self.inner.read_exact(&mut trailer)?;
                    let sum = self.sum.take().map(|sum| sum.checksum());
                    if trailer.first_chunk().map(|sum| u32::from_le_bytes(*sum)) != sum {
                        return Err(damaged());
                    }
                }
                // Nothing could be done: the input ends too early.
                Err(MZError::Buf) | Ok(_) if is_end && written.is_empty() => return Err(damaged()),
                Ok(_) | Err(MZError::Buf) => {}
                Err(_) => return Err(damaged()),
            }
            if !written.is_empty() || out.is_empty() {
                return Ok(written.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec;

    use super::*;

    fn compressed(text: &str, flags: u8, extra: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x1F, 0x8B, 0x08, flags, 0, 0, 0, 0, 0, 3];
        bytes.extend_from_slice(extra);
        bytes.extend(compress_to_vec(text.as_bytes(), 6));
        bytes.extend(crc32(text.as_bytes()).to_le_bytes());
        bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        bytes
    }

    #[test]
    fn with_and_without_the_optional_parts() {
        assert_eq!(inflated(&compressed("plan", 0, b""), 100).unwrap(), b"plan");
        assert_eq!(
            inflated(&compressed("plan", 0x1E, b"\x02\0xxplan.json\0note\0cc"), 100).unwrap(),
            b"plan"
        );
    }

    #[test]
    fn it_is_decompressed_while_it_is_read() {
        let text = "plan ".repeat(10_000);
        let one = compressed(&text, 0x1E, b"\x02\0xxplan.json\0note\0cc");
        let two = [one.clone(), compressed("end", 0, b"")].concat();
        let read = |bytes: &[u8]| {
            let mut text = String::new();
            // Small pieces on both sides.
            let mut reader = Inflating::of(io::BufReader::with_capacity(7, bytes));
            let mut piece = [0; 100];
            loop {
                match reader.read(&mut piece) {
                    Ok(0) => return Ok(text),
                    Ok(length) => text.push_str(str::from_utf8(&piece[..length]).unwrap()),
                    Err(error) => return Err(error),
                }
            }
        };
        assert_eq!(read(&two).unwrap(), format!("{text}end"));
        for end in (0..one.len()).step_by(3) {
            assert!(read(&one[..end]).is_err(), "cut at {end}");
        }
        let mut other = one;
        let sum = other.len() - TRAILER;
        other[sum] ^= 1;
        assert!(read(&other).is_err());
    }

    #[test]
    fn what_is_cut_damaged_or_too_large_is_refused() {
        let whole = compressed(&"plan ".repeat(1_000), 0, b"");
        assert_eq!(inflated(&whole, 100), Err("it is too large once decompressed"));
        for end in 0..whole.len() {
            assert!(inflated(&whole[..end], 1 << 20).is_err(), "cut at {end}");
        }
        let mut other = whole.clone();
        let sum = other.len() - TRAILER;
        other[sum] ^= 1;
        assert!(inflated(&other, 1 << 20).is_err());
    }
}
