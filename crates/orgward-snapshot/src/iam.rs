//! The part of an account: what IAM answers about it, by the names of its fields.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::{Found, Gap, Tag};

/// An account. The lists are those of `GetAccountAuthorizationDetails`, so that what `aws iam
/// get-account-authorization-details` prints can be read as the part of an account, too.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AccountPart {
    /// Twelve digits.
    pub account: String,
    /// When it was read, RFC 3339.
    pub taken: String,
    /// Its roles.
    pub role_detail_list: Vec<Role>,
    /// Its users.
    pub user_detail_list: Vec<User>,
    /// Its groups.
    pub group_detail_list: Vec<Group>,
    /// The policies that it manages.
    pub policies: Vec<ManagedPolicy>,
    /// Long-lived credentials, by the ARN of the user.
    pub credentials: BTreeMap<String, Credentials>,
    /// `GetAccountSummary`.
    pub summary: BTreeMap<String, i64>,
    /// Providers of `OpenID` Connect.
    pub open_id_connect_providers: Vec<OpenIdProvider>,
    /// Providers of SAML.
    pub saml_providers: Vec<SamlProvider>,
    /// Resources with policies, trails and detection.
    pub resources: Vec<Found>,
    /// The regions whose resources were read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Whether these are all regions that the account can use.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all_regions: bool,
    /// The kinds of resources whose policies were read there, by the ids of [`crate::POLICY_KINDS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// A role.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub role_name: String,
    /// Its path.
    pub path: String,
    /// Who may assume it.
    #[serde(deserialize_with = "document")]
    pub assume_role_policy_document: String,
    /// Its inline policies.
    pub role_policy_list: Vec<InlinePolicy>,
    /// Its managed policies.
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// What bounds it.
    pub permissions_boundary: Option<BoundaryArn>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// A user.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct User {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub user_name: String,
    /// Its path.
    pub path: String,
    /// Its inline policies.
    pub user_policy_list: Vec<InlinePolicy>,
    /// Its managed policies.
    pub attached_managed_policies: Vec<AttachedPolicy>,
    /// The names of its groups.
    pub group_list: Vec<String>,
    /// What bounds it.
    pub permissions_boundary: Option<BoundaryArn>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// A group.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Group {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub group_name: String,
    /// Its path.
    pub path: String,
    /// Its inline policies.
    pub group_policy_list: Vec<InlinePolicy>,
    /// Its managed policies.
    pub attached_managed_policies: Vec<AttachedPolicy>,
}

/// A policy that is part of a principal.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InlinePolicy {
    /// Its name.
    pub policy_name: String,
    /// Its text.
    #[serde(deserialize_with = "document")]
    pub policy_document: String,
}

/// A policy that is attached.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AttachedPolicy {
    /// Its ARN.
    pub policy_arn: String,
}

/// What bounds a principal.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BoundaryArn {
    /// The ARN of the policy.
    pub permissions_boundary_arn: String,
}

/// A policy that the account manages.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub policy_name: String,
    /// Its path.
    pub path: String,
    /// Its versions; the default one decides.
    pub policy_version_list: Vec<PolicyVersion>,
}

/// A version of a policy.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PolicyVersion {
    /// Its text.
    #[serde(deserialize_with = "document")]
    pub document: String,
    /// Whether it is in force.
    pub is_default_version: bool,
}

/// The long-lived credentials of a user.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Credentials {
    /// Whether it has a password of the console.
    pub password: bool,
    /// How many of its access keys are active.
    pub access_keys: u8,
}

/// A provider of `OpenID` Connect.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct OpenIdProvider {
    /// Its ARN.
    pub arn: String,
    /// Its address.
    pub url: String,
    /// The audiences that it accepts.
    #[serde(rename = "ClientIDList")]
    pub client_id_list: Vec<String>,
}

/// A provider of SAML.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SamlProvider {
    /// Its ARN.
    pub arn: String,
}

/// A policy document as the API writes it (a string, with `%` escapes) or as the command line of AWS prints it (JSON).
fn document<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    if !raw.get().starts_with('"') {
        return Ok(raw.get().to_owned());
    }
    let text: Cow<'_, str> = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
    Ok(unescaped(&text))
}

/// Text without `%` escapes. A document of JSON begins with a brace, and has no escapes then.
pub fn unescaped(text: &str) -> String {
    if !text.starts_with('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| byte == b'%');
        bytes.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{AccountPart, unescaped};

    /// What `aws iam get-account-authorization-details` prints has documents as JSON, the API has them escaped; both are
    /// the same policy.
    #[test]
    fn documents_are_read_as_the_api_and_as_the_command_line_write_them() {
        let printed =
            r#"{"RoleDetailList":[{"RoleName":"app","AssumeRolePolicyDocument":{"Version": "2012-10-17"}}]}"#;
        let escaped = r#"{"RoleDetailList":[{"RoleName":"app","AssumeRolePolicyDocument":"%7B%22Version%22%3A%20%222012-10-17%22%7D"}]}"#;
        let read = |text| serde_json::from_str::<AccountPart>(text).unwrap();
        assert_eq!(read(printed), read(escaped));
        assert_eq!(
            read(printed).role_detail_list[0].assume_role_policy_document,
            r#"{"Version": "2012-10-17"}"#
        );
    }

    #[test]
    fn a_document_that_is_not_escaped_keeps_its_percent_signs() {
        let text = r#"{"Sid":"100%25"}"#;
        assert_eq!(unescaped(text), text);
    }
}
