//! What a review was judged by, in one sentence for every format: a pull request may have chosen it.

use orgward_finding::{ConfigurationFile, Review};

use crate::comment::document::{Configuration, File};

/// How many files, and how many sentences about them, are spelled out.
const NAMED: usize = 12;

/// The sentence, not yet escaped; `None` where only the defaults judged.
pub(crate) fn sentence(review: &Review) -> Option<String> {
    let configuration = &review.configuration;
    if *configuration == orgward_finding::ConfigurationInEffect::default() {
        return None;
    }
    let named = |files: &[ConfigurationFile]| files.iter().map(|it| named(&it.name, &it.digest)).collect();
    let base = configuration.base.as_deref().map(named);
    Some(told(named(&configuration.files), base, &configuration.lets_pass))
}

/// The same of a review that is read back.
pub(crate) fn sentence_of(configuration: &Configuration) -> String {
    let named = |files: &[File]| files.iter().map(|it| named(&it.name, &it.digest)).collect();
    told(named(&configuration.files), configuration.base.as_deref().map(named), &configuration.lets_pass)
}

fn named(name: &str, digest: &str) -> String {
    format!("{name} ({digest})")
}

fn told(files: Vec<String>, base: Option<Vec<String>>, lets_pass: &[String]) -> String {
    let all = |files: Vec<String>| if files.is_empty() { "the defaults".to_owned() } else { list(files) };
    let mut text = format!("judged by {}", all(files));
    if let Some(base) = base {
        text.push_str(", compared with ");
        text.push_str(&all(base));
        text.push_str(" of the base revision");
    }
    if !lets_pass.is_empty() {
        text.push_str("; the configuration ");
        text.push_str(&list(lets_pass.to_vec()));
    }
    text
}

fn list(mut items: Vec<String>) -> String {
    let more = items.len().saturating_sub(NAMED);
    if more > 0 {
        items.truncate(NAMED);
        items.push(format!("{more} more"));
    }
    items.join(", ")
}
