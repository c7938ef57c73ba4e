//! What a review was judged by, in one sentence for every format: a pull request may have chosen it.

use orgward_finding::{ConfigurationFile, Review};

/// How many files, and how many sentences about them, are spelled out.
const NAMED: usize = 12;

/// The sentence, not yet escaped; `None` where only the defaults judged.
pub(crate) fn sentence(review: &Review) -> Option<String> {
    let configuration = &review.configuration;
    if *configuration == orgward_finding::ConfigurationInEffect::default() {
        return None;
    }
    let named = |files: &[ConfigurationFile]| match files {
        [] => "the defaults".to_owned(),
        files => list(files.iter().map(|file| format!("{} ({})", file.name, file.digest)).collect()),
    };
    let mut text = format!("judged by {}", named(&configuration.files));
    if let Some(base) = &configuration.base {
        text.push_str(", compared with ");
        text.push_str(&named(base));
        text.push_str(" of the base revision");
    }
    if !configuration.lets_pass.is_empty() {
        text.push_str("; the configuration ");
        text.push_str(&list(configuration.lets_pass.clone()));
    }
    Some(text)
}

fn list(mut items: Vec<String>) -> String {
    let more = items.len().saturating_sub(NAMED);
    if more > 0 {
        items.truncate(NAMED);
        items.push(format!("{more} more"));
    }
    items.join(", ")
}
