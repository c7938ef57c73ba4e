mod near;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Severity;
use orgward_org::{
    Control, Document, Entity, GrantedPolicy, InlinePolicy, Modality, Node, NodeId, NodeKind, OrgPolicy,
    Organization, PolicyType, User,
};

use self::near::{is_near, near};
use crate::controls::about;
use crate::data::{OrgPolicyQuota, Quota, quotas};
use crate::engine::rule;
use crate::{Context, Findings};

rule! {
    /// Checks for what AWS will refuse: policies that are too long, too many of them on one target, units that are
    /// too deep.
    ///
    /// ## Why is this bad?
    ///
    /// The plan is fine and the apply fails, halfway through, with some guardrails exchanged and others not.
    ///
    /// Service and resource control policies are counted as Terraform sends them: the line breaks and indentation
    /// of a heredoc count. IAM does not count white space. The quotas are in `data/quotas.toml` with their date:
    /// ten service control policies of 10,240 characters for each target since May 2026, five resource control
    /// policies of 5,120 characters including `RCPFullAWSAccess`, five levels of units below the root, 2,000 units,
    /// 50,000 accounts, 10,000 service and 2,000 resource control policies, 10,000 characters of a management policy
    /// (2,500 of an AI opt-out policy), ten groups and two access keys for a user, ten managed policies for a user, role
    /// or group, and twenty for a permission set. The quota of five versions of a managed policy is never met: the
    /// provider deletes the oldest one before it makes a sixth.
    ///
    /// What has less than a tenth of a quota left is an information, which never blocks: the next change may not fit.
    /// Quotas that AWS raises when it is asked are marked in the file, and medium.
    ///
    /// A document with parts that are unknown until apply is measured without them: what is too long already is
    /// found, what fits with 128 characters in each hole is not reported, and between the two the rule cannot tell.
    ///
    /// ## Example
    ///
    /// ```hcl
    /// resource "aws_organizations_policy" "lock" {
    ///   content = file("lock.json") # 9,900 characters and 1,100 of white space
    /// }
    /// ```
    ///
    /// Use instead:
    ///
    /// ```hcl
    /// resource "aws_organizations_policy" "lock" {
    ///   content = jsonencode(jsondecode(file("lock.json")))
    /// }
    /// ```
    pub(crate) static OVER_QUOTA = {
        id: "over-quota",
        summary: "AWS will refuse this: a quota is exceeded",
        severity: Severity::High,
        unverifiable: Severity::Low,
        check: check,
    }
}

fn check(cx: &Context<'_>, findings: &mut Findings) {
    for org_policy in cx.after.org_policies().filter(|it| !it.aws_managed && !it.is_control) {
        document(org_policy, findings);
    }
    organization(cx, findings);
    memberships(cx, findings);
    per_account(cx, findings);
    let attached_to = attached_policies(cx.after);
    for (id, node) in cx.after.nodes() {
        if let Some(policies) = attached_to.get(&id) {
            attached(node, policies.len(), findings);
        }
        match &node.kind {
            NodeKind::Root | NodeKind::Account(_) => targets(cx, id, node, findings),
            NodeKind::Unit => {
                targets(cx, id, node, findings);
                depth(cx, id, node, findings);
            }
            NodeKind::ManagedPolicy(policy) => {
                let sum = solid(&policy.document);
                size(node, "managed policy", sum, quotas().iam.managed_policy, findings);
            }
            NodeKind::Role(role) => {
                size(node, "trust policy", solid(&role.trust), quotas().iam.trust_policy, findings);
                let quota = quotas().iam.role_inline;
                size(node, "sum of its inline policies", inline(&role.inline), quota, findings);
            }
            NodeKind::User(user) => {
                let quota = quotas().iam.user_inline;
                size(node, "sum of its inline policies", inline(&user.inline), quota, findings);
                access_keys(node, user, findings);
            }
            NodeKind::Group(group) => {
                let quota = quotas().iam.group_inline;
                size(node, "sum of its inline policies", inline(&group.inline), quota, findings);
            }
            NodeKind::PermissionSet(set) => {
                let quota = quotas().iam.permission_set_inline;
                size(node, "inline policy", inline(&set.inline), quota, findings);
            }
            _ => {}
        }
    }
}

/// How many groups a user is in, over all resources that say so.
fn memberships(cx: &Context<'_>, findings: &mut Findings) {
    let mut groups: BTreeMap<_, (&Control, BTreeSet<String>)> = BTreeMap::new();
    for control in cx.after.controls_of("aws_iam_user_group_membership") {
        // A user who is not known yet is taken for another one.
        let user = control.text("user").unwrap_or_else(|| control.key.to_string());
        let entry = groups.entry((control.stack.clone(), user)).or_insert_with(|| (control, BTreeSet::new()));
        entry.1.extend(control.texts("groups"));
    }
    let quota = quotas().iam.groups_per_user;
    for (control, groups) in groups.into_values() {
        if is_near(groups.len(), quota.value) {
            let says = format!("the user is in {} of {} groups that are allowed", groups.len(), quota.value);
            near(about(findings, &OVER_QUOTA, control), "groups", says, quota.raised);
        }
        let quota = quota.value;
        if groups.len() <= quota {
            continue;
        }
        let finding = about(findings, &OVER_QUOTA, control);
        finding.subject("groups");
        finding.says(format!("the user is in {} groups, of which {quota} are allowed", groups.len()));
        finding.note(format!("quotas as of {}", quotas().date));
        finding.help("merge some of the groups; AWS does not raise this quota");
    }
}

/// The managed policies that are certainly attached to a principal or permission set, each once.
fn attached_policies(organization: &Organization) -> BTreeMap<NodeId, BTreeSet<String>> {
    let mut attached: BTreeMap<NodeId, BTreeSet<String>> = BTreeMap::new();
    for grant in organization.access().grants.iter().filter(|grant| grant.modality == Modality::Must) {
        let policy = match &grant.policy {
            GrantedPolicy::Node(policy) => organization.node(*policy).map(|policy| policy.key.to_string()),
            GrantedPolicy::Arn(arn) => Some(arn.expose().to_owned()),
            // It may be one of the others.
            GrantedPolicy::Unknown => None,
        };
        if let (Some(holder), Some(policy)) = (grant.holder, policy) {
            attached.entry(holder).or_default().insert(policy);
        }
    }
    attached
}

/// How many access keys a user gets.
fn access_keys(node: &Node, user: &User, findings: &mut Findings) {
    let count = user.credentials.iter().filter(|it| it.what == "access key").count();
    let quota = quotas().iam.access_keys_per_user.value;
    if count > quota {
        let finding = findings.about(&OVER_QUOTA, node);
        finding.subject("access keys");
        finding.says(format!("the user gets {count} access keys, of which {quota} are allowed"));
        finding.note(format!("quotas as of {}", quotas().date));
        finding.help("remove one before another one is made, or use a role; AWS does not raise this quota");
    }
}

/// How many managed policies a principal or permission set has.
fn attached(node: &Node, count: usize, findings: &mut Findings) {
    let Quota { value: quota, raised } = match node.kind {
        NodeKind::PermissionSet(_) => quotas().iam.permission_set_policies,
        _ => quotas().iam.attached_policies,
    };
    if is_near(count, quota) {
        let says = format!("{count} of {quota} managed policies that are allowed are attached");
        near(findings.about(&OVER_QUOTA, node), "attached policies", says, raised);
    }
    if count > quota {
        let finding = findings.about(&OVER_QUOTA, node);
        finding.subject("attached policies");
        finding.says(format!("{count} managed policies are attached, of which {quota} are allowed"));
        finding.note(format!("quotas as of {}", quotas().date));
        if let Some(raised) = raised.filter(|raised| count <= *raised) {
            finding.severity = Severity::Medium;
            finding.help(format!(
                "merge some of them, or ask AWS for a higher quota: up to {raised} are granted"
            ));
        } else {
            finding.help("merge some of them");
        }
    }
}

/// How long a policy of the organization is, as it is sent.
fn document(org_policy: Entity<'_, OrgPolicy>, findings: &mut Findings) {
    let kind = org_policy.data.kind.short();
    let document = &org_policy.data.document;
    let (Some(quota), Some((least, most))) = (quota(&org_policy.data.kind), document.size()) else { return };
    let quota = quota.characters;
    if most <= quota {
        if is_near(most, quota) {
            let says = format!("{kind} has {most} of the {quota} characters that are allowed");
            near(findings.about(&OVER_QUOTA, org_policy.node), "size", says, None);
        }
        return;
    }
    let finding = if least > quota {
        let finding = findings.about(&OVER_QUOTA, org_policy.node);
        let at_least = if least == most { "" } else { "at least " };
        finding.says(format!("{kind} has {at_least}{least} characters, of which {quota} are allowed"));
        finding
    } else {
        let finding = findings.cannot_tell(&OVER_QUOTA, org_policy.node);
        finding.says(format!(
            "cannot tell whether this {kind} has more than the {quota} characters that are allowed"
        ));
        finding.note(format!(
            "it has at least {least} without white space, and about {most} as the provider lays it out"
        ));
        finding
    };
    finding.subject("size");
    finding.note(format!("quotas as of {}", quotas().date));
    let solid = if least == most { solid(document) } else { least };
    finding.help(if solid <= quota {
        format!(
            "send it without white space: it has {}{solid} characters then; `jsonencode` does that",
            if least == most { "" } else { "at least " }
        )
    } else {
        format!("split it: without white space it still has {solid} characters")
    });
}

/// How many policies, units and accounts the organization has, as far as the inputs show them: there may be more.
fn organization(cx: &Context<'_>, findings: &mut Findings) {
    let quotas = &quotas().organization;
    let of = |kind: &PolicyType| cx.after.org_policies().filter(|each| each.data.kind == *kind).count();
    let units = cx.after.nodes().filter(|(_, node)| matches!(node.kind, NodeKind::Unit)).count();
    let accounts = cx.after.accounts().filter(|account| account.member).count();
    for (what, count, quota) in [
        ("SCPs", of(&PolicyType::ServiceControl), quotas.scps),
        ("RCPs", of(&PolicyType::ResourceControl), quotas.rcps),
        ("units", units, quotas.units),
        ("accounts", accounts, quotas.accounts),
    ] {
        if is_near(count, quota) {
            let says = format!("the organization has {count} of {quota} {what} that are allowed");
            near(findings.report(&OVER_QUOTA, None).target("Root"), what, says, None);
        }
        if count > quota {
            let finding = findings.report(&OVER_QUOTA, None);
            finding.target("Root").subject(what);
            finding.says(format!("the organization has {count} {what}, of which {quota} are allowed"));
            finding.note(format!("quotas as of {}", self::quotas().date));
            finding.help("remove what nobody needs");
        }
    }
}

/// How many roles, users, groups and policies an account has, as far as the inputs show them: there may be more.
fn per_account(cx: &Context<'_>, findings: &mut Findings) {
    let mut counts: BTreeMap<(orgward_org::NodeId, &str), usize> = BTreeMap::new();
    for (id, node) in cx.after.nodes() {
        let what = match &node.kind {
            NodeKind::Role(_) => "roles",
            NodeKind::User(_) => "users",
            NodeKind::Group(_) => "groups",
            NodeKind::ManagedPolicy(_) => "managed policies",
            _ => continue,
        };
        if let Some((account, Modality::Must)) = cx.after.owner(id) {
            *counts.entry((account.id, what)).or_default() += 1;
        }
    }
    for ((account, what), count) in counts {
        let Some(quota) = quotas().iam.per_account.get(what) else { continue };
        let Some(node) = cx.after.node(account) else { continue };
        if is_near(count, quota.value) {
            let says = format!("the account has at least {count} of {} {what} that are allowed", quota.value);
            near(findings.about(&OVER_QUOTA, node), what, says, quota.raised);
        }
        if count > quota.value {
            let finding = findings.about(&OVER_QUOTA, node);
            finding.subject(what);
            finding.says(format!(
                "the account has at least {count} {what}, of which {} are allowed",
                quota.value
            ));
            finding.note(format!("quotas as of {}", quotas().date));
            if let Some(raised) = quota.raised.filter(|raised| count <= *raised) {
                finding.severity = Severity::Medium;
                finding.help(format!("ask AWS for a higher quota: up to {raised} are granted"));
            } else {
                finding.help("spread them over several accounts");
            }
        }
    }
}

fn quota(kind: &PolicyType) -> Option<OrgPolicyQuota> {
    match kind {
        PolicyType::ServiceControl => Some(quotas().scp),
        PolicyType::ResourceControl => Some(quotas().rcp),
        PolicyType::Other(name) => quotas().management.get(name).copied(),
        PolicyType::Unknown => None,
    }
}

/// How many policies of each kind are attached to one target.
fn targets(cx: &Context<'_>, id: orgward_org::NodeId, node: &Node, findings: &mut Findings) {
    let mut counts: BTreeMap<&PolicyType, Vec<String>> = BTreeMap::new();
    // Control Tower puts its controls into policies of its own, as many into one as there is room for.
    for (org_policy, attachment) in cx.after.attached_to(id).into_iter().filter(|(it, _)| !it.data.is_control)
    {
        let names = counts.entry(&org_policy.data.kind).or_default();
        let name = org_policy.node.key.to_string();
        if attachment.resolved.modality() == Modality::Must && !names.contains(&name) {
            names.push(name);
        }
    }
    for (kind, names) in counts {
        let Some(quota) = quota(kind) else { continue };
        if is_near(names.len(), quota.per_target) {
            let (count, kind) = (names.len(), kind.short());
            let says = format!("{count} of {} {kind}s that are allowed are attached here", quota.per_target);
            let finding = findings.about(&OVER_QUOTA, node).target(cx.after.path(id));
            near(finding, &format!("{kind} per target"), says, None);
        }
        if names.len() > quota.per_target {
            let finding = findings.about(&OVER_QUOTA, node);
            finding.subject(format!("{} per target {}", kind.short(), names.len()));
            finding.target(cx.after.path(id));
            finding.says(format!(
                "{} {}s are attached here, of which {} are allowed",
                names.len(),
                kind.short(),
                quota.per_target
            ));
            finding.help(
                "merge some of them, or attach them at another level; the one that AWS attaches counts",
            );
        }
    }
}

fn depth(cx: &Context<'_>, id: orgward_org::NodeId, node: &Node, findings: &mut Findings) {
    let mut depth = 1;
    let mut at = id;
    while let [(parent, _)] = cx.after.parents(at).as_slice() {
        match cx.after.node(*parent).map(|node| &node.kind) {
            Some(NodeKind::Unit) if depth < 64 => depth += 1,
            _ => break,
        }
        at = *parent;
    }
    let quota = quotas().organization.unit_depth;
    if depth > quota {
        let finding = findings.about(&OVER_QUOTA, node);
        finding.subject("depth");
        finding.target(cx.after.path(id));
        finding.says(format!("unit is {depth} levels below the root, of which {quota} are allowed"));
        finding.help("flatten the tree");
    }
}

fn size(node: &Node, what: &str, sum: usize, quota: Quota, findings: &mut Findings) {
    let Quota { value: quota, raised } = quota;
    if is_near(sum, quota) {
        let says = format!("{what} has {sum} of the {quota} characters that are allowed");
        near(findings.about(&OVER_QUOTA, node), what, says, raised);
    }
    if sum > quota {
        let finding = findings.about(&OVER_QUOTA, node);
        finding.subject(what);
        finding
            .says(format!("{what} has {sum} characters without white space, of which {quota} are allowed"));
        if let Some(raised) = raised.filter(|raised| sum <= *raised) {
            finding.severity = Severity::Medium;
            finding.help(format!(
                "shorten it, or ask AWS for a higher quota: up to {raised} characters are granted"
            ));
        } else if raised.is_some() {
            finding.help("shorten it: AWS does not raise the quota as far");
        } else {
            finding.help("split it, or use wildcards");
        }
    }
}

/// How many characters of a document are not white space. Strings of policies hold no white space that counts.
fn solid(document: &Document) -> usize {
    // The text of a document with holes shows references, which are longer or shorter than what takes their place.
    if let (None, Some((least, _))) = (document.characters, document.size()) {
        return least;
    }
    document.text.expose().chars().filter(|c| !c.is_whitespace()).count()
}

fn inline(policies: &[InlinePolicy]) -> usize {
    policies.iter().map(|policy| solid(&policy.document)).sum()
}
