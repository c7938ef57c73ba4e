//! Quotas of AWS Organizations and IAM, from one dated file.

use crate::PolicyType;

const FILE: &str = include_str!("../data/quotas.tsv");

/// Declares the names of the quotas, each with what `orgward.toml` and the file of quotas call it.
macro_rules! quotas {
    ($($name:ident = $text:literal,)*) => {
        /// A quota by its name.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum QuotaName { $(#[doc = concat!("`", $text, "`")] $name,)* }

        impl QuotaName {
            /// All quotas, by their names.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What `[quotas]` calls it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

quotas! {
    AccessKeysPerUser = "access_keys_per_user",
    Accounts = "accounts",
    AiPoliciesPerTarget = "ai_opt_out_policies_per_target",
    AiPolicyCharacters = "ai_opt_out_policy_characters",
    BackupPoliciesPerTarget = "backup_policies_per_target",
    BackupPolicyCharacters = "backup_policy_characters",
    ChatPoliciesPerTarget = "chat_policies_per_target",
    ChatPolicyCharacters = "chat_policy_characters",
    Ec2PoliciesPerTarget = "ec2_policies_per_target",
    Ec2PolicyCharacters = "ec2_policy_characters",
    GroupInlineCharacters = "group_inline_characters",
    GroupsPerAccount = "groups_per_account",
    GroupsPerUser = "groups_per_user",
    ManagedPoliciesPerAccount = "managed_policies_per_account",
    ManagedPoliciesPerGroup = "managed_policies_per_group",
    ManagedPoliciesPerPermissionSet = "managed_policies_per_permission_set",
    ManagedPoliciesPerRole = "managed_policies_per_role",
    ManagedPoliciesPerUser = "managed_policies_per_user",
    ManagedPolicyCharacters = "managed_policy_characters",
    PermissionSetInlineCharacters = "permission_set_inline_characters",
    RcpCharacters = "rcp_characters",
    Rcps = "rcps",
    RcpsPerTarget = "rcps_per_target",
    RoleInlineCharacters = "role_inline_characters",
    RolesPerAccount = "roles_per_account",
    ScpCharacters = "scp_characters",
    Scps = "scps",
    ScpsPerTarget = "scps_per_target",
    SecurityHubPoliciesPerTarget = "security_hub_policies_per_target",
    SecurityHubPolicyCharacters = "security_hub_policy_characters",
    TagPoliciesPerTarget = "tag_policies_per_target",
    TagPolicyCharacters = "tag_policy_characters",
    TrustPolicyCharacters = "trust_policy_characters",
    UnitDepth = "unit_depth",
    Units = "units",
    UserInlineCharacters = "user_inline_characters",
    UsersPerAccount = "users_per_account",
}

/// A quota, and as far as AWS raises it, if it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// What AWS accepts without being asked.
    pub value: usize,
    /// What AWS grants at most when it is asked; `None`: it does not raise the quota.
    pub raised: Option<usize>,
}

impl Quota {
    /// The most that an organization can have of it.
    pub fn most(self) -> usize {
        self.raised.unwrap_or(self.value)
    }
}

impl QuotaName {
    /// What AWS accepts.
    ///
    /// ```
    /// use orgward_org::QuotaName;
    ///
    /// assert_eq!(QuotaName::ScpsPerTarget.of_aws().value, 10);
    /// assert_eq!(QuotaName::RolesPerAccount.of_aws().most(), 10_000);
    /// ```
    pub fn of_aws(self) -> Quota {
        let cells = FILE.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let mut quota = cells.filter_map(|cells| match cells.as_slice() {
            [name, value, raised] if *name == self.as_str() => {
                Some(Quota { value: value.parse().ok()?, raised: raised.parse().ok() })
            }
            _ => None,
        });
        // The test reads every name, so that the fallback is never taken.
        quota.next().unwrap_or(Quota { value: usize::MAX, raised: None })
    }

    /// The quotas of organization policies of a type: characters of one, and how many a target takes.
    pub fn of_policies(kind: &PolicyType) -> Option<(Self, Self)> {
        Some(match kind {
            PolicyType::ServiceControl => (Self::ScpCharacters, Self::ScpsPerTarget),
            PolicyType::ResourceControl => (Self::RcpCharacters, Self::RcpsPerTarget),
            PolicyType::Other(name) => match name.as_str() {
                "AISERVICES_OPT_OUT_POLICY" => (Self::AiPolicyCharacters, Self::AiPoliciesPerTarget),
                "BACKUP_POLICY" => (Self::BackupPolicyCharacters, Self::BackupPoliciesPerTarget),
                "CHATBOT_POLICY" => (Self::ChatPolicyCharacters, Self::ChatPoliciesPerTarget),
                "DECLARATIVE_POLICY_EC2" => (Self::Ec2PolicyCharacters, Self::Ec2PoliciesPerTarget),
                "SECURITYHUB_POLICY" => {
                    (Self::SecurityHubPolicyCharacters, Self::SecurityHubPoliciesPerTarget)
                }
                "TAG_POLICY" => (Self::TagPolicyCharacters, Self::TagPoliciesPerTarget),
                _ => return None,
            },
            PolicyType::Unknown => return None,
        })
    }

    /// When the numbers were read.
    pub fn date() -> &'static str {
        FILE.lines().find_map(|line| line.strip_prefix("# date\t")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{FILE, QuotaName};

    #[test]
    fn the_file_has_every_name_and_no_other() {
        let named: Vec<&str> = QuotaName::ALL.iter().map(|name| name.as_str()).collect();
        let lines = FILE.lines().filter(|line| !line.starts_with('#'));
        let written: Vec<&str> = lines.filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(named, written, "both are sorted");
        assert_eq!(QuotaName::date(), "2026-11-01");
        for name in QuotaName::ALL {
            let quota = name.of_aws();
            assert!(quota.value < usize::MAX && quota.most() >= quota.value, "{}: {quota:?}", name.as_str());
        }
    }
}
