//! The frames of the protocol: a header with a length, and as many bytes of JSON. The other end may say anything.

use std::io::{self, BufRead, Read as _, Write};

use serde_json::Value;

/// Bytes of a message; an editor sends no larger text.
const LARGEST: usize = 64 << 20;
/// Bytes of a line of a header.
const LINE: u64 = 4 << 10;
/// Lines of a header.
const LINES: usize = 32;

/// What was read.
#[derive(Debug)]
pub(super) enum Frame {
    /// JSON.
    Message(Value),
    /// A frame with something else in it.
    NoJson,
    /// The other end has closed the stream between two frames.
    End,
}

/// Reads a frame. After an error it is unknown where the next one begins.
pub(super) fn read(stream: &mut impl BufRead) -> Result<Frame, String> {
    let mut length = None;
    for number in 0..LINES {
        let mut line = Vec::new();
        let read = stream.by_ref().take(LINE).read_until(b'\n', &mut line).map_err(|error| failed(&error))?;
        if read == 0 && number == 0 {
            return Ok(Frame::End);
        }
        let text = String::from_utf8_lossy(&line);
        let Some(text) = text.strip_suffix('\n').map(|text| text.trim_end_matches('\r')) else {
            return Err("a header ends too early, or is too long".to_owned());
        };
        if text.is_empty() {
            return body(stream, length.ok_or("a header has no `Content-Length`")?);
        }
        let (name, value) = text.split_once(':').ok_or("a line of a header is no `Name: value`")?;
        if name.eq_ignore_ascii_case("content-length") {
            let value = value.trim().parse::<usize>().ok().filter(|length| *length <= LARGEST);
            length = Some(
                value.ok_or_else(|| format!("`Content-Length` is no number up to {} MB", LARGEST >> 20))?,
            );
        }
    }
    Err(format!("a header has more than {LINES} lines"))
}

fn body(stream: &mut impl BufRead, length: usize) -> Result<Frame, String> {
    let mut bytes = Vec::new();
    // What is announced is not taken at its word: memory grows with what arrives.
    stream.by_ref().take(length as u64).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() < length {
        return Err(format!("a message ends after {} of {length} bytes", bytes.len()));
    }
    Ok(serde_json::from_slice(&bytes).map_or(Frame::NoJson, Frame::Message))
}

fn failed(error: &io::Error) -> String {
    format!("standard input cannot be read: {error}")
}

/// Writes a frame.
pub(super) fn write(stream: &mut impl Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(stream, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write(&mut bytes, &json!({ "a": "ä" })).unwrap();
        bytes.extend_from_slice(b"content-length:2\nContent-Type: x\n\n{]");
        let mut stream = bytes.as_slice();
        assert!(matches!(read(&mut stream), Ok(Frame::Message(value)) if value == json!({ "a": "ä" })));
        assert!(matches!(read(&mut stream), Ok(Frame::NoJson)));
        assert!(matches!(read(&mut stream), Ok(Frame::End)));
    }

    #[test]
    fn lies_are_errors_and_cost_no_memory() {
        let error = |text: &str| read(&mut text.as_bytes()).unwrap_err();
        assert_eq!(error("Content-Length: 10\r\n\r\n{}"), "a message ends after 2 of 10 bytes");
        assert!(error("Content-Length: 99999999999999\r\n\r\n{}").contains("no number up to 64 MB"));
        assert!(error("Content-Length: -1\r\n\r\n{}").contains("no number"));
        assert!(error("GET / HTTP/1.1\r\nHost: x\r\n\r\n").contains("no `Name: value`"));
        assert!(error("Host: x\r\n\r\n").contains("no `Content-Length`"));
        assert!(error(&"x".repeat(9_000)).contains("too long"));
        assert!(error(&"A: b\r\n".repeat(100)).contains("more than 32 lines"));
    }
}
