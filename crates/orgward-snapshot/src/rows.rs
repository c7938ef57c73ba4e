//! What a snapshot says, in the form of `terraform show -json`: the same resources that a state of the same organization
//! has, so that one machine builds the graph of both.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{
    AccountPart, AttachedPolicy, Found, InlinePolicy, Instance, OrganizationPart, PermissionSet, Policy,
    Role, Tag, User,
};

/// The name of all resources. The key of the instance is what AWS calls it.
const NAME: &str = "live";
const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";
/// Roles that services of AWS make for themselves, which no policy of the organization reaches.
const SERVICE_LINKED: &str = "/aws-service-role/";
/// Roles that Identity Center makes of permission sets.
const OF_IDENTITY_CENTER: &str = "/aws-reserved/sso.amazonaws.com/";

/// Writes resources.
#[derive(Debug)]
pub struct Rows {
    text: String,
    management: String,
    /// The policies of the organization and the permission sets were read, and what they bring about is known.
    has_identity_center: bool,
    seen: BTreeSet<String>,
}

impl Rows {
    /// Begins with the organization.
    pub fn of(part: &OrganizationPart) -> Self {
        let mut rows = Self {
            text: r#"{"format_version":"1.2","resource_changes":["#.to_owned(),
            management: part.organization.master_account_id.clone(),
            has_identity_center: part.identity_center.iter().any(|it| !it.permission_sets.is_empty()),
            seen: BTreeSet::new(),
        };
        rows.organization(part);
        rows.tree(part);
        for policy in &part.policies {
            rows.policy(policy);
        }
        for kind in part.not_listed.iter().filter(|kind| kind.ends_with("_POLICY")) {
            rows.unlisted(kind);
        }
        for target in &part.full_access_detached {
            let values = json!({ "target_id": target, "filter": "SERVICE_CONTROL_POLICY", "ids": [] });
            rows.data("aws_organizations_policies_for_target", target, &values);
        }
        for delegated in &part.delegated_administrators {
            for service in &delegated.service_principals {
                let key = format!("{}/{service}", delegated.id);
                let values = json!({ "id": key, "account_id": delegated.id, "service_principal": service });
                rows.global("aws_organizations_delegated_administrator", &key, &values, &[]);
            }
        }
        if let Some(content) = &part.resource_policy {
            let values = json!({ "content": content });
            rows.global("aws_organizations_resource_policy", "organization", &values, &[]);
        }
        for instance in &part.identity_center {
            rows.identity_center(instance);
        }
        rows
    }

    /// Adds an account.
    pub fn account(&mut self, part: &AccountPart) {
        let account = part.account.as_str();
        for policy in &part.policies {
            let text = policy.policy_version_list.iter().find(|version| version.is_default_version);
            let text = text.filter(|version| !version.document.is_empty());
            let unknown: &[&str] = if text.is_some() { &[] } else { &["policy"] };
            let values = json!({
                "arn": policy.arn, "id": policy.arn, "name": policy.policy_name, "path": policy.path,
                "policy": text.map(|version| &version.document),
            });
            self.iam("aws_iam_policy", &policy.arn, account, &values, unknown);
        }
        for role in &part.role_detail_list {
            let derived = self.has_identity_center && role.path.starts_with(OF_IDENTITY_CENTER);
            if !derived && !role.path.starts_with(SERVICE_LINKED) {
                self.role(role, account);
            }
        }
        for user in &part.user_detail_list {
            self.user(user, part);
        }
        for group in &part.group_detail_list {
            let values = json!({
                "arn": group.arn, "id": group.group_name, "name": group.group_name, "path": group.path,
            });
            self.iam("aws_iam_group", &group.arn, account, &values, &[]);
            let holder = Holder { word: "group", arn: &group.arn, account };
            self.policies(&holder, &group.group_policy_list, &group.attached_managed_policies);
        }
        for provider in &part.open_id_connect_providers {
            let values = json!({
                "arn": provider.arn, "id": provider.arn, "url": provider.url, "client_id_list": provider.client_id_list,
            });
            self.iam("aws_iam_openid_connect_provider", &provider.arn, account, &values, &[]);
        }
        for provider in &part.saml_providers {
            let values = json!({ "arn": provider.arn, "id": provider.arn });
            self.iam("aws_iam_saml_provider", &provider.arn, account, &values, &[]);
        }
        for Found { kind, id, region, values, unknown } in &part.resources {
            let unknown: Vec<&str> = unknown.iter().map(String::as_str).collect();
            let place = Place { account, region };
            self.row(kind, id, &Value::Object(values.clone()), &unknown, &place);
        }
    }

    /// The whole text.
    pub fn finish(mut self) -> String {
        self.text.push_str("]}");
        self.text
    }

    fn organization(&mut self, part: &OrganizationPart) {
        let organization = &part.organization;
        let is_open = |list: &str| part.not_listed.iter().any(|it| it == list);
        if is_open("Organization") && part.roots.is_empty() {
            return;
        }
        let types = |root: &crate::Root| -> Vec<Value> {
            let types = root.policy_types.iter();
            types.map(|it| json!({ "type": it.kind, "status": it.status })).collect()
        };
        let roots = part.roots.iter().map(
            |root| json!({ "id": root.id, "arn": root.arn, "name": root.name, "policy_types": types(root) }),
        );
        let accounts: Vec<Value> = part
            .accounts
            .iter()
            .map(|it| json!({ "id": it.id, "arn": it.arn, "name": it.name, "status": it.status }))
            .collect();
        let enabled = part.roots.iter().flat_map(|root| &root.policy_types);
        let enabled: BTreeSet<&str> =
            enabled.filter(|it| it.status == "ENABLED").map(|it| it.kind.as_str()).collect();
        let mut unknown = Vec::new();
        if is_open("Accounts") {
            unknown.extend(["accounts", "non_master_accounts"]);
        }
        if is_open("EnabledServicePrincipals") {
            unknown.push("aws_service_access_principals");
        }
        if part.roots.is_empty() {
            unknown.push("roots");
        }
        if is_open("Roots") {
            unknown.push("enabled_policy_types");
        }
        if organization.master_account_id.is_empty() {
            unknown.extend(["master_account_id", "master_account_arn", "master_account_email"]);
        }
        let values = json!({
            "id": organization.id, "arn": organization.arn, "feature_set": organization.feature_set,
            "master_account_id": organization.master_account_id,
            "master_account_arn": organization.master_account_arn,
            "roots": roots.collect::<Vec<_>>(), "accounts": accounts, "enabled_policy_types": enabled,
            "aws_service_access_principals": part.service_access,
        });
        self.global("aws_organizations_organization", &organization.id, &values, &unknown);
    }

    fn tree(&mut self, part: &OrganizationPart) {
        for unit in &part.organizational_units {
            let values =
                json!({ "id": unit.id, "arn": unit.arn, "name": unit.name, "parent_id": unit.parent_id });
            let unknown = place(&unit.parent_id);
            self.global("aws_organizations_organizational_unit", &unit.id, &values, unknown);
        }
        for account in &part.accounts {
            // Terraform does not manage the account that it manages the organization from.
            if account.id == self.management && account.parent_id.is_empty() {
                continue;
            }
            if account.id == self.management {
                let listed = json!({ "id": account.id, "arn": account.arn, "name": account.name });
                let values = json!({ "parent_id": account.parent_id, "accounts": [listed] });
                let key = &account.parent_id;
                self.data("aws_organizations_organizational_unit_child_accounts", key, &values);
                continue;
            }
            let mut values = json!({
                "id": account.id, "arn": account.arn, "name": account.name, "parent_id": account.parent_id,
                "status": account.status,
            });
            let tags = tagged(&mut values, account.tags.as_deref());
            let unknown = [place(&account.parent_id), tags].concat();
            self.global("aws_organizations_account", &account.id, &values, &unknown);
        }
    }

    fn policy(&mut self, policy: &Policy) {
        let unknown: &[&str] = if policy.content.is_some() { &[] } else { &["content"] };
        let values = json!({
            "id": policy.id, "arn": policy.arn, "name": policy.name, "type": policy.kind,
            "content": policy.content,
        });
        self.global("aws_organizations_policy", &policy.id, &values, unknown);
        let attachment = "aws_organizations_policy_attachment";
        let Some(targets) = &policy.targets else {
            let values = json!({ "policy_id": policy.id, "target_id": null });
            self.global(attachment, &policy.id, &values, &["target_id"]);
            return;
        };
        if policy.open_targets {
            let values = json!({ "policy_id": policy.id, "target_id": null });
            self.global(attachment, &policy.id, &values, &["target_id"]);
        }
        for target in targets {
            let key = format!("{target}:{}", policy.id);
            let values = json!({ "id": key, "policy_id": policy.id, "target_id": target });
            self.global(attachment, &key, &values, &[]);
        }
    }

    /// Policies of a type that were not listed: there may be any, anywhere.
    fn unlisted(&mut self, kind: &str) {
        let values = json!({ "id": kind, "arn": null, "name": kind, "type": kind, "content": null });
        self.global("aws_organizations_policy", kind, &values, &["content"]);
        let values = json!({ "policy_id": kind, "target_id": null });
        self.global("aws_organizations_policy_attachment", kind, &values, &["target_id"]);
    }

    fn identity_center(&mut self, instance: &Instance) {
        for set in &instance.permission_sets {
            self.permission_set(instance, set);
        }
        for assignment in &instance.assignments {
            let set = &assignment.permission_set_arn;
            let key = format!(
                "{},{},{},{set}",
                assignment.principal_id, assignment.principal_type, assignment.account_id
            );
            let values = json!({
                "id": key, "instance_arn": instance.instance_arn, "permission_set_arn": set,
                "principal_id": assignment.principal_id, "principal_type": assignment.principal_type,
                "target_id": assignment.account_id, "target_type": "AWS_ACCOUNT",
            });
            self.global("aws_ssoadmin_account_assignment", &key, &values, &[]);
        }
    }

    fn permission_set(&mut self, instance: &Instance, set: &PermissionSet) {
        let (arn, of) = (&set.permission_set_arn, &instance.instance_arn);
        let values = json!({
            "id": format!("{arn},{of}"), "arn": arn, "name": set.name, "instance_arn": of,
            "session_duration": set.session_duration, "tags": set.tags, "tags_all": set.tags,
        });
        self.global("aws_ssoadmin_permission_set", arn, &values, &[]);
        let part = |more: Value| {
            let mut values = json!({ "instance_arn": of, "permission_set_arn": arn });
            if let (Some(values), Value::Object(more)) = (values.as_object_mut(), more) {
                values.extend(more);
            }
            values
        };
        if let Some(text) = &set.inline_policy {
            let values = part(json!({ "inline_policy": text }));
            self.global("aws_ssoadmin_permission_set_inline_policy", arn, &values, &[]);
        }
        for policy in &set.managed_policies {
            let values = part(json!({ "managed_policy_arn": policy }));
            self.global("aws_ssoadmin_managed_policy_attachment", &format!("{policy},{arn}"), &values, &[]);
        }
        for policy in &set.customer_managed_policies {
            let key = format!("{}{},{arn}", policy.path, policy.name);
            let reference = json!([{ "name": policy.name, "path": policy.path }]);
            let values = part(json!({ "customer_managed_policy_reference": reference }));
            self.global("aws_ssoadmin_customer_managed_policy_attachment", &key, &values, &[]);
        }
        if let Some(boundary) = &set.boundary {
            let reference = boundary.customer_managed_policy_reference.iter();
            let reference: Vec<Value> =
                reference.map(|it| json!({ "name": it.name, "path": it.path })).collect();
            let bound = json!([{
                "managed_policy_arn": boundary.managed_policy_arn,
                "customer_managed_policy_reference": reference,
            }]);
            let values = part(json!({ "permissions_boundary": bound }));
            self.global("aws_ssoadmin_permissions_boundary_attachment", arn, &values, &[]);
        }
    }

    fn role(&mut self, role: &Role, account: &str) {
        let boundary = role.permissions_boundary.as_ref().map(|it| &it.permissions_boundary_arn);
        let mut values = json!({
            "arn": role.arn, "id": role.role_name, "name": role.role_name, "path": role.path,
            "assume_role_policy": role.assume_role_policy_document, "permissions_boundary": boundary,
        });
        let tags = tagged(&mut values, Some(&role.tags));
        let trust: &[&str] =
            if role.assume_role_policy_document.is_empty() { &["assume_role_policy"] } else { &[] };
        let unknown = &[trust, tags].concat();
        self.iam("aws_iam_role", &role.arn, account, &values, unknown);
        let holder = Holder { word: "role", arn: &role.arn, account };
        self.policies(&holder, &role.role_policy_list, &role.attached_managed_policies);
    }

    fn user(&mut self, user: &User, part: &AccountPart) {
        let (arn, account) = (user.arn.as_str(), part.account.as_str());
        let boundary = user.permissions_boundary.as_ref().map(|it| &it.permissions_boundary_arn);
        let mut values = json!({
            "arn": arn, "id": user.user_name, "name": user.user_name, "path": user.path,
            "permissions_boundary": boundary,
        });
        let unknown = tagged(&mut values, Some(&user.tags));
        self.iam("aws_iam_user", arn, account, &values, unknown);
        let holder = Holder { word: "user", arn, account };
        self.policies(&holder, &user.user_policy_list, &user.attached_managed_policies);
        if !user.group_list.is_empty() {
            // Names are of one account, and a snapshot has many: groups are named by their ARNs.
            let group = |name: &String| {
                let group = part.group_detail_list.iter().find(|group| group.group_name == *name);
                group.map_or_else(|| name.clone(), |group| group.arn.clone())
            };
            let groups: Vec<String> = user.group_list.iter().map(group).collect();
            let values = json!({ "user": arn, "groups": groups });
            self.iam("aws_iam_user_group_membership", arn, account, &values, &[]);
        }
        let Some(credentials) = part.credentials.get(arn) else { return };
        if credentials.password {
            self.iam("aws_iam_user_login_profile", arn, account, &json!({ "user": arn }), &[]);
        }
        for number in 1..=credentials.access_keys {
            let values = json!({ "user": arn, "status": "Active" });
            self.iam("aws_iam_access_key", &format!("{arn} {number}"), account, &values, &[]);
        }
    }

    fn policies(&mut self, holder: &Holder<'_>, inline: &[InlinePolicy], attached: &[AttachedPolicy]) {
        let Holder { word, arn, account } = *holder;
        for policy in inline {
            let values = json!({ word: arn, "name": policy.policy_name, "policy": policy.policy_document });
            let key = format!("{arn}:{}", policy.policy_name);
            let unknown: &[&str] = if policy.policy_document.is_empty() { &["policy"] } else { &[] };
            self.iam(&format!("aws_iam_{word}_policy"), &key, account, &values, unknown);
        }
        for policy in attached {
            let values = json!({ word: arn, "policy_arn": policy.policy_arn });
            let key = format!("{arn}/{}", policy.policy_arn);
            self.iam(&format!("aws_iam_{word}_policy_attachment"), &key, account, &values, &[]);
        }
    }

    fn global(&mut self, kind: &str, key: &str, values: &Value, unknown: &[&str]) {
        let management = self.management.clone();
        self.row(kind, key, values, unknown, &Place { account: &management, region: "" });
    }

    fn iam(&mut self, kind: &str, key: &str, account: &str, values: &Value, unknown: &[&str]) {
        self.row(kind, key, values, unknown, &Place { account, region: "" });
    }

    fn data(&mut self, kind: &str, key: &str, values: &Value) {
        let address = format!("data.{kind}.{NAME}[{}]", quoted(key));
        self.push(&json!({
            "address": address, "mode": "data", "type": kind, "name": NAME, "index": key,
            "provider_name": PROVIDER, "change": { "actions": ["no-op"], "before": values },
        }));
    }

    fn row(&mut self, kind: &str, key: &str, values: &Value, unknown: &[&str], place: &Place<'_>) {
        let address = format!("{kind}.{NAME}[{}]", quoted(key));
        let mut change = json!({
            "actions": ["no-op"], "before": values,
            "before_identity": { "account_id": place.account, "region": place.region },
        });
        if place.account.is_empty()
            && let Some(change) = change.as_object_mut()
        {
            change.remove("before_identity");
        }
        if !unknown.is_empty()
            && let Some(change) = change.as_object_mut()
        {
            let unknown: Map<String, Value> =
                unknown.iter().map(|name| ((*name).to_owned(), true.into())).collect();
            change.insert("after".to_owned(), values.clone());
            change.insert("after_unknown".to_owned(), unknown.into());
        }
        self.push(&json!({
            "address": address, "mode": "managed", "type": kind, "name": NAME, "index": key,
            "provider_name": PROVIDER, "change": change,
        }));
    }

    /// Adds a row; what AWS lists twice is there once.
    fn push(&mut self, row: &Value) {
        let address = row.get("address").and_then(Value::as_str).unwrap_or_default();
        if !self.seen.insert(address.to_owned()) {
            return;
        }
        if !self.text.ends_with('[') {
            self.text.push_str(",\n");
        }
        self.text.push_str(&row.to_string());
    }
}

/// What policies are given to.
struct Holder<'h> {
    word: &'static str,
    arn: &'h str,
    account: &'h str,
}

/// Where a resource is.
struct Place<'p> {
    account: &'p str,
    region: &'p str,
}

/// What is unknown where it is not known what something is in.
fn place(parent: &str) -> &'static [&'static str] {
    if parent.is_empty() { &["parent_id"] } else { &[] }
}

/// Adds tags; returns what is unknown where they could not be read.
fn tagged(values: &mut Value, tags: Option<&[Tag]>) -> &'static [&'static str] {
    let Some(tags) = tags else { return &["tags", "tags_all"] };
    let tags: Map<String, Value> =
        tags.iter().map(|tag| (tag.key.clone(), Value::from(tag.value.as_str()))).collect();
    if let Some(values) = values.as_object_mut() {
        values.insert("tags".to_owned(), tags.clone().into());
        values.insert("tags_all".to_owned(), tags.into());
    }
    &[]
}

/// The key of an instance as addresses have it.
fn quoted(key: &str) -> String {
    Value::from(key).to_string().replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
