//! Inputs that CI has compressed.

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
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
