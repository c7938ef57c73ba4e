//! Where a finding is: in a file of the configuration, else in the plan.

use orgward_finding::{Address, Finding, Review, Site};

use crate::escape;

/// How long a text of a plan may get where a format has limits, in characters.
const LONGEST: usize = 1_000;

/// The file and line to show a finding at.
pub(crate) enum Located<'f> {
    /// Where it is written.
    Site(&'f Site),
    /// The plan: where it is written is not known.
    Plan(&'f str),
}

impl Located<'_> {
    pub(crate) fn file(&self) -> &str {
        match self {
            Self::Site(site) => &site.file,
            Self::Plan(file) => file,
        }
    }

    pub(crate) fn line(&self) -> usize {
        match self {
            Self::Site(site) => site.line.max(1),
            Self::Plan(_) => 1,
        }
    }
}

/// Where to show a finding. Of a plan outside the current folder only the name of the file is shown.
pub(crate) fn locate<'f>(review: &'f Review, finding: &'f Finding) -> Located<'f> {
    if let Some(site) = &finding.site {
        return Located::Site(site);
    }
    let name = finding.input.as_deref().or_else(|| review.inputs.first().map(|input| input.name.as_str()));
    let name = name.unwrap_or("plan");
    let outside = name.starts_with(['/', '<', '\\']) || name.contains("..") || name.contains(':');
    let last = name.rsplit(['/', '\\']).next().filter(|last| !last.is_empty()).unwrap_or("plan");
    Located::Plan(if outside { last.trim_matches(['<', '>']) } else { name })
}

/// What a finding is about.
pub(crate) fn place(finding: &Finding) -> String {
    let place = finding.address.as_ref().map(Address::as_str).or(finding.target.as_deref());
    place.unwrap_or("the organization").to_owned()
}

/// The beginning of a text that is too long, as a reader shall see it.
pub(crate) fn cut(text: &str) -> String {
    let text = escape::line(text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

/// A relative path as a URI.
pub(crate) fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format_args!("%{byte:02X}").to_string());
        }
    }
    out
}
