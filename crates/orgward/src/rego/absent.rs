//! A build without Rego: files with rules are refused, since nothing would ask them.

use orgward_config::Config;
use orgward_finding::RuleInfo;
use orgward_org::{Change, Organization};
use orgward_plan::Document;
use orgward_rules::Checked;

use super::{Failure, RulesError};

/// No rules.
#[derive(Debug, Default)]
pub(crate) struct OwnRules;

impl OwnRules {
    /// No rules.
    pub(crate) fn none() -> Self {
        Self
    }

    pub(crate) fn of(config: &Config) -> Result<Self, Failure> {
        if config.rego.files.is_empty() { Ok(Self) } else { Err(RulesError::Absent.into()) }
    }

    #[expect(clippy::unused_self, reason = "builds with rules have some here")]
    pub(crate) fn infos(&self) -> Vec<&'static RuleInfo> {
        Vec::new()
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "builds with rules ask them here")]
    pub(crate) fn ask(
        &self,
        _checked: &mut Checked<'_, '_>,
        _organization: &Change<Organization>,
        _config: &Config,
        _documents: &[&Document],
    ) -> Result<(), Failure> {
        Ok(())
    }
}

pub(crate) fn input(
    _checked: &Checked<'_, '_>,
    _organization: &Change<Organization>,
    _documents: &[&Document],
) -> Result<String, Failure> {
    Err(RulesError::Absent.into())
}

pub(crate) fn schema() -> Result<String, Failure> {
    Err(RulesError::Absent.into())
}
