//! How far access to many services goes, in words.

use orgward_finding::AccessEntry;

/// The levels of access, and what a principal does at each.
const LEVELS: [(&str, &str); 5] = [
    ("list", "list"),
    ("read", "read"),
    ("write", "write"),
    ("tagging", "tag"),
    ("permissions", "change permissions"),
];

/// `do everything` where each service is named as a whole, else what is done there.
pub(crate) fn extent(entries: &[&AccessEntry]) -> String {
    let is_all =
        |entry: &&AccessEntry| entry.actions.iter().any(|action| *action == format!("{}:*", entry.service));
    if entries.iter().all(is_all) {
        let anywhere = entries.iter().all(|entry| entry.resources.iter().any(|resource| resource == "*"));
        return if anywhere { "do everything" } else { "do everything, on some resources," }.to_owned();
    }
    let has = |level: &str| entries.iter().any(|entry| entry.levels.contains(&level));
    let words: Vec<&str> = LEVELS.iter().filter(|(level, _)| has(level)).map(|(_, word)| *word).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.join(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(service: &str, actions: &[&str], levels: &[&'static str], resource: &str) -> AccessEntry {
        AccessEntry {
            service: service.to_owned(),
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            levels: levels.to_vec(),
            resources: vec![resource.to_owned()],
            ..AccessEntry::default()
        }
    }

    /// A reviewer has to see that it is everything, and that it is not.
    #[test]
    fn everything_is_said_in_one_word() {
        let all = ["list", "read", "write", "tagging", "permissions"];
        let whole = [entry("s3", &["s3:*"], &all, "*"), entry("xray", &["xray:*"], &["read"], "*")];
        assert_eq!(extent(&whole.iter().collect::<Vec<_>>()), "do everything");
        let bounded = [entry("s3", &["s3:*"], &all, "arn:aws:s3:::logs/*")];
        assert_eq!(extent(&bounded.iter().collect::<Vec<_>>()), "do everything, on some resources,");
        let some = [entry("s3", &["s3:Get*"], &["read"], "*"), entry("ec2", &["ec2:*"], &all, "*")];
        assert_eq!(extent(&some.iter().collect::<Vec<_>>()), "list, read, write, tag and change permissions");
        assert_eq!(extent(&[&entry("s3", &["s3:Get*"], &["read"], "*")]), "read");
    }
}
