//! Packs: guardrails that are shipped with the program, each pack one readable file in `data/packs/`, with parameters.

pub(crate) mod certified;
mod expand;
mod region_lock;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use orgward_proof::Guardrail;

use crate::ConfigError;
use crate::error::File;

pub use self::certified::{CertifiedList, CertifiedLists};

/// A pack of guardrails.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pack {
    /// What `orgward.toml` calls it.
    pub name: &'static str,
    /// What people call it.
    pub title: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// What can be set, by name.
    pub parameters: BTreeMap<String, Parameter>,
    /// The file, as it is shipped.
    pub text: &'static str,
}

/// Something that organizations set for themselves: a list of texts.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What it is.
    pub description: String,
    /// What it is without a setting; `None`: it has to be set.
    pub default: Option<Vec<String>>,
    /// What it could be.
    #[serde(default)]
    pub example: Vec<String>,
}

/// The top of a file; the guardrails are read like those of `orgward.toml`.
#[derive(Deserialize)]
struct Head {
    title: String,
    description: String,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
}

/// What a parameter is that others make up for.
static NOTHING: Vec<String> = Vec::new();

const TEXTS: [(&str, &str); 16] = [
    ("amazon-infosec", include_str!("../../data/packs/amazon-infosec.toml")),
    ("amazon-infosec-hardened", include_str!("../../data/packs/amazon-infosec-hardened.toml")),
    ("approved-services", include_str!("../../data/packs/approved-services.toml")),
    ("baseline", include_str!("../../data/packs/baseline.toml")),
    ("boundary-required", include_str!("../../data/packs/boundary-required.toml")),
    ("endpoint-perimeter", include_str!("../../data/packs/endpoint-perimeter.toml")),
    ("identity-perimeter", include_str!("../../data/packs/identity-perimeter.toml")),
    ("network-perimeter", include_str!("../../data/packs/network-perimeter.toml")),
    ("network-perimeter-resources", include_str!("../../data/packs/network-perimeter-resources.toml")),
    ("perimeter-session-tags", include_str!("../../data/packs/perimeter-session-tags.toml")),
    ("perimeter-tags", include_str!("../../data/packs/perimeter-tags.toml")),
    ("production-data", include_str!("../../data/packs/production-data.toml")),
    ("resource-perimeter", include_str!("../../data/packs/resource-perimeter.toml")),
    ("vpc-regions", include_str!("../../data/packs/vpc-regions.toml")),
    ("vpc-regions-resources", include_str!("../../data/packs/vpc-regions-resources.toml")),
    ("web-identity-perimeter", include_str!("../../data/packs/web-identity-perimeter.toml")),
];

// The tests read all of them, so that none is ever left out.
static PACKS: LazyLock<Vec<Pack>> = LazyLock::new(|| {
    let read = |&(name, text)| {
        let Head { title, description, parameters } = toml::from_str(text).ok()?;
        Some(Pack { name, title, description, parameters, text })
    };
    TEXTS.iter().filter_map(read).collect()
});

impl Pack {
    /// All of them, sorted by name.
    pub fn all() -> &'static [Self] {
        &PACKS
    }

    /// The one with a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|pack| pack.name == name)
    }

    /// Its guardrails with these values; a parameter without a value has its default, and without a default its
    /// example. Their ids are `pack/guardrail`.
    pub fn guardrails(&self, values: &BTreeMap<String, Vec<String>>) -> Result<Vec<Guardrail>, ConfigError> {
        self.guardrails_with(values, &CertifiedLists::default())
    }

    /// Its guardrails, where lists of certified services are among these.
    pub fn guardrails_with(
        &self,
        values: &BTreeMap<String, Vec<String>>,
        lists: &CertifiedLists,
    ) -> Result<Vec<Guardrail>, ConfigError> {
        if let Some(list) = values.iter().find_map(|(name, values)| lists.missing(name, values)) {
            return Err(lists.is_missing(&File { name: self.name, text: "" }, 0..0, list));
        }
        let set = self.parameters.iter().map(|(name, parameter)| {
            let makes_up = certified::makes_up_for(name, values).then_some(&NOTHING);
            let given = values.get(name).or(parameter.default.as_ref()).or(makes_up);
            (name.as_str(), given.unwrap_or(&parameter.example).as_slice())
        });
        let set: BTreeMap<&str, &[String]> = set.collect();
        let services = lists.resolved(&set);
        let value = |name: &str| match &services {
            Some(services) if name == certified::SERVICES => Some(services.as_slice()),
            _ => set.get(name).copied(),
        };
        let text = expand::expand(self.text, value);
        let mut guardrails = crate::read_guardrails(&format!("pack {}", self.name), &text)?;
        for guardrail in &mut guardrails {
            guardrail.id = format!("{}/{}", self.name, guardrail.id);
            guardrail.origin = format!("pack {}", self.name);
            if let (Some(of), Some(description)) = (lists.named(&set), &mut guardrail.description) {
                *description = format!("{description} ({of})");
            }
        }
        Ok(guardrails)
    }

    /// The parameters that have no value and need one.
    pub fn missing(
        &self,
        values: &BTreeMap<String, Vec<String>>,
    ) -> impl Iterator<Item = (&str, &Parameter)> {
        let missing = |name: &str, parameter: &Parameter| {
            parameter.default.is_none()
                && !values.contains_key(name)
                && !certified::makes_up_for(name, values)
        };
        let all = self.parameters.iter().map(|(name, parameter)| (name.as_str(), parameter));
        all.filter(|(name, parameter)| missing(name, parameter)).collect::<Vec<_>>().into_iter()
    }
}
