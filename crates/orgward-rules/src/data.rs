//! What a quarantine leaves open, from a file in `data/`.

use std::sync::LazyLock;

use serde::Deserialize;

/// What a suspended account may still do.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Quarantine {
    pub(crate) actions: Vec<String>,
}

/// Reads a data file. The tests read all of them, so that the fallback is never taken.
fn read<T: Default + serde::de::DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap_or_default()
}

static QUARANTINE: LazyLock<Quarantine> = LazyLock::new(|| read(include_str!("../data/quarantine.toml")));

/// What a suspended account may still do.
pub(crate) fn quarantine() -> &'static Quarantine {
    &QUARANTINE
}

#[cfg(test)]
mod tests {
    use orgward_iam::Catalogue;

    use super::quarantine;

    #[test]
    fn every_data_file_is_read() {
        for pattern in &quarantine().actions {
            assert!(Catalogue::get().actions_matching(pattern).next().is_some(), "{pattern}");
        }
        assert!(!quarantine().actions.is_empty());
    }
}
