//! The first line of a comment: whose it is, and of which run. It is not shown.

use jiff::Timestamp;

const OPENING: &str = "<!-- orgward:";
const CLOSING: &str = " -->";

/// What the first line says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Marker {
    /// What was reviewed: one comment for each.
    pub stack: String,
    /// The commit that was reviewed.
    pub commit: Option<String>,
    /// When the run began.
    pub time: Timestamp,
}

impl Marker {
    /// The first line, without its end.
    pub fn line(&self) -> String {
        let commit = self.commit.as_deref().map(|commit| format!(" commit={commit}")).unwrap_or_default();
        // Whole seconds: what distinguishes runs, and nothing more.
        format!("{OPENING}{}{commit} time={:.0}{CLOSING}", self.stack, self.time)
    }

    /// Reads the first line of a comment; none if it is not exactly one of these.
    pub fn of(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim_end();
        let mut words = line.strip_prefix(OPENING)?.strip_suffix(CLOSING)?.split(' ');
        let stack = words.next().filter(|stack| is_stack(stack))?.to_owned();
        let mut word = words.next()?;
        let commit = word.strip_prefix("commit=").map(str::to_owned);
        if commit.is_some() {
            word = words.next()?;
        }
        let time = word.strip_prefix("time=")?.parse().ok()?;
        words.next().is_none().then_some(Self { stack, commit, time })
    }

    /// Whether a comment of this run must give way to the other: it is of a later run, and not one of a job that was
    /// run again for the same commit.
    pub fn is_older_than(&self, other: &Self) -> bool {
        let is_rerun = self.commit.is_some() && self.commit == other.commit;
        !is_rerun && self.time < other.time
    }
}

/// Whether a text can name a stack: it stands in a comment of HTML and is compared letter by letter.
pub fn is_stack(name: &str) -> bool {
    let is_letter = |character: char| character.is_ascii_alphanumeric() || "-_./:@".contains(character);
    !name.is_empty() && name.len() <= 100 && name.chars().all(is_letter)
}

/// Whether a text can be the name of a commit.
pub fn is_commit(name: &str) -> bool {
    (7..=64).contains(&name.len()) && name.chars().all(|character| character.is_ascii_hexdigit())
}

/// What follows the first line.
pub fn rest(body: &str) -> &str {
    body.split_once('\n').map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(stack: &str, commit: &str, time: &str) -> Marker {
        Marker { stack: stack.to_owned(), commit: Some(commit.to_owned()), time: time.parse().unwrap() }
    }

    #[test]
    fn a_marker_survives_being_written() {
        let written = marker("prod", "abcdef1", "2026-11-21T23:00:00Z");
        assert_eq!(written.line(), "<!-- orgward:prod commit=abcdef1 time=2026-11-21T23:00:00Z -->");
        assert_eq!(Marker::of(&format!("{}\r\nbody", written.line())), Some(written.clone()));
        let without = Marker { commit: None, ..written };
        assert_eq!(Marker::of(&without.line()), Some(without));
    }

    #[test]
    fn only_an_exact_first_line_counts() {
        for other in [
            "",
            "text\n<!-- orgward:prod time=2026-11-21T23:00:00Z -->",
            " <!-- orgward:prod time=2026-11-21T23:00:00Z -->",
            "<!-- orgward:prod -->",
            "<!-- orgward:prod time=soon -->",
            "<!-- orgward: time=2026-11-21T23:00:00Z -->",
            "<!-- orgward:prod time=2026-11-21T23:00:00Z more -->",
        ] {
            assert_eq!(Marker::of(other), None, "{other}");
        }
    }

    #[test]
    fn a_rerun_of_the_same_commit_is_not_older() {
        let first = marker("prod", "abcdef1", "2026-11-21T23:00:00Z");
        let later = marker("prod", "1fedcba", "2026-11-21T23:00:01Z");
        assert!(first.is_older_than(&later) && !later.is_older_than(&first));
        assert!(!first.is_older_than(&Marker { time: later.time, ..first.clone() }));
        let unknown = |marker: &Marker| Marker { commit: None, ..marker.clone() };
        assert!(unknown(&first).is_older_than(&unknown(&later)), "without a commit, time alone tells");
    }

    #[test]
    fn names_of_stacks_cannot_end_the_comment() {
        assert!(is_stack("stacks/prod--eu.1_a"));
        for name in ["", "a b", "a-->", "a\n", "ü"] {
            assert!(!is_stack(name), "{name}");
        }
    }
}
