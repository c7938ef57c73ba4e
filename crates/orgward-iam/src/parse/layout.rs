use serde_json::ser::{PrettyFormatter, Serializer};

/// The same JSON over several lines; `None` when it is not JSON or already has more than one line.
pub(crate) fn layout(text: &str) -> Option<String> {
    if text.trim().contains('\n') {
        return None;
    }
    let mut pretty = Vec::with_capacity(text.len() * 2);
    // The reader refuses more than 128 levels, which bounds the stack.
    let mut from = serde_json::Deserializer::from_str(text);
    let mut to = Serializer::with_formatter(&mut pretty, PrettyFormatter::new());
    serde_transcode::transcode(&mut from, &mut to).ok()?;
    from.end().ok()?;
    String::from_utf8(pretty).ok()
}
