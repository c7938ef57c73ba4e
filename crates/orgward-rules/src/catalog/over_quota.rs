mod limit;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use orgward_finding::Severity;
use orgward_org::{
    Control, Document, Elsewhere, Entity, GrantedPolicy, InlinePolicy, Modality, Node, NodeId, NodeKind,
    OrgPolicy, Organization, PolicyType, QuotaName, User,
};

use self::limit::{Limit, Use};
use crate::controls::about;
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
    /// of a heredoc count. IAM does not count white space. The quotas are in one file with their date and source:
    /// ten service control policies of 10,240 characters for each target since May 2026, five resource control
    /// policies of 5,120 characters including `RCPFullAWSAccess`, five levels of units below the root, 2,000 units,
    /// 50,000 accounts, 10,000 service and 2,000 resource control policies, 10,000 characters of a management policy
    /// (2,500 of an AI opt-out policy), ten groups and two access keys for a user, ten managed policies for a user, role
    /// or group, and twenty for a permission set. The quota of five versions of a managed policy is never met: the
    /// provider deletes the oldest one before it makes a sixth.
    ///
    /// What has less than a tenth of a quota left is an information, which never blocks: the next change may not fit.
    /// Quotas that AWS raises when it is asked are marked in the file, and medium. What AWS has granted stands under
    /// `[quotas]` of `orgward.toml`: `roles_per_account = 5000`.
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
        document(cx, org_policy, findings);
    }
    organization(cx, findings);
    memberships(cx, findings);
    per_account(cx, findings);
    let attached_to = attached_policies(cx.after);
    for (id, node) in cx.after.nodes() {
        let attached_here = attached_to.get(&id).map_or(0, BTreeSet::len);
        if let NodeKind::Elsewhere(principal) = &node.kind {
            elsewhere(cx, id, principal, attached_here, findings);
            continue;
        }
        if attached_here > 0 {
            attached(cx, node, attached_here, findings);
        }
        let mut size = |what: &str, sum: usize, name: QuotaName| size(cx, node, (what, sum, name), findings);
        let all = "sum of its inline policies";
        match &node.kind {
            NodeKind::ManagedPolicy(policy) => {
                size("managed policy", solid(&policy.document), QuotaName::ManagedPolicyCharacters);
            }
            NodeKind::Role(role) => {
                size("trust policy", solid(&role.trust), QuotaName::TrustPolicyCharacters);
                size(all, inline(&role.inline), QuotaName::RoleInlineCharacters);
            }
            NodeKind::User(user) => {
                size(all, inline(&user.inline), QuotaName::UserInlineCharacters);
                access_keys(cx, node, user, findings);
            }
            NodeKind::Group(group) => size(all, inline(&group.inline), QuotaName::GroupInlineCharacters),
            NodeKind::PermissionSet(set) => {
                size("inline policy", inline(&set.inline), QuotaName::PermissionSetInlineCharacters);
            }
            NodeKind::Root | NodeKind::Account(_) => targets(cx, id, node, findings),
            NodeKind::Unit => {
                targets(cx, id, node, findings);
                depth(cx, id, node, findings);
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
    let limit = Limit::of(cx.config, QuotaName::GroupsPerUser);
    for (control, groups) in groups.into_values() {
        let (count, value) = (groups.len(), limit.value());
        match limit.used(count) {
            Use::Within => {}
            Use::Near => {
                let says = format!("the user is in {count} of {value} groups that are allowed");
                limit.near(about(findings, &OVER_QUOTA, control), "groups", says);
            }
            Use::Over => {
                let says = format!("the user is in {count} groups, of which {value} are allowed");
                let finding = about(findings, &OVER_QUOTA, control);
                limit.over(finding, count, "groups".to_owned(), says, "merge some of the groups");
            }
        }
    }
}

/// How much a principal or permission set of another stack gets, as far as the inputs show it: there may be more, so that
/// only what is too much already is certain.
fn elsewhere(
    cx: &Context<'_>,
    id: NodeId,
    principal: &Elsewhere,
    attached_here: usize,
    findings: &mut Findings,
) {
    let given = cx.after.access().grants.iter().find(|grant| grant.holder == id);
    let by = given.map(|grant| (&grant.address, grant.stack.as_deref()));
    let by = by.or_else(|| Some((&principal.inline.first()?.address, None)));
    let (attached, characters) = match principal.word {
        "permission set" => {
            (QuotaName::ManagedPoliciesPerPermissionSet, QuotaName::PermissionSetInlineCharacters)
        }
        "group" => (QuotaName::ManagedPoliciesPerGroup, QuotaName::GroupInlineCharacters),
        "user" => (QuotaName::ManagedPoliciesPerUser, QuotaName::UserInlineCharacters),
        _ => (QuotaName::ManagedPoliciesPerRole, QuotaName::RoleInlineCharacters),
    };
    for (name, used, what, cure) in [
        (attached, attached_here, "managed policies", "merge some of them"),
        (
            characters,
            inline(&principal.inline),
            "characters of inline policies",
            "shorten them with wildcards, or split them",
        ),
    ] {
        let limit = Limit::of(cx.config, name);
        let Some((address, stack)) = by.filter(|_| limit.used(used) == Use::Over) else { continue };
        let (word, value) = (principal.word, limit.value());
        let says = format!("the {word} of another stack gets {used} {what}, of which {value} are allowed");
        let finding = findings.report(&OVER_QUOTA, address);
        finding.input = stack.map(str::to_owned);
        limit.over(finding, used, format!("{what} of another stack"), says, cure);
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
        if let Some(policy) = policy {
            attached.entry(grant.holder).or_default().insert(policy);
        }
    }
    attached
}

/// How many access keys a user gets.
fn access_keys(cx: &Context<'_>, node: &Node, user: &User, findings: &mut Findings) {
    let count = user.credentials.iter().filter(|it| it.what == "access key").count();
    let limit = Limit::of(cx.config, QuotaName::AccessKeysPerUser);
    // Two keys are how keys are rotated.
    if limit.used(count) == Use::Over {
        let says = format!("the user gets {count} access keys, of which {} are allowed", limit.value());
        let cure = "remove one before another one is made, or use a role";
        let finding = findings.about(&OVER_QUOTA, node);
        limit.over(finding, count, "access keys".to_owned(), says, cure);
    }
}

/// How many managed policies a principal or permission set has.
fn attached(cx: &Context<'_>, node: &Node, count: usize, findings: &mut Findings) {
    let name = match node.kind {
        NodeKind::PermissionSet(_) => QuotaName::ManagedPoliciesPerPermissionSet,
        NodeKind::Group(_) => QuotaName::ManagedPoliciesPerGroup,
        NodeKind::User(_) => QuotaName::ManagedPoliciesPerUser,
        _ => QuotaName::ManagedPoliciesPerRole,
    };
    let limit = Limit::of(cx.config, name);
    let value = limit.value();
    match limit.used(count) {
        Use::Within => {}
        Use::Near => {
            let says = format!("{count} of {value} managed policies that are allowed are attached");
            limit.near(findings.about(&OVER_QUOTA, node), "attached policies", says);
        }
        Use::Over => {
            let says = format!("{count} managed policies are attached, of which {value} are allowed");
            let finding = findings.about(&OVER_QUOTA, node);
            limit.over(finding, count, "attached policies".to_owned(), says, "merge some of them");
        }
    }
}

/// How long a policy of the organization is, as it is sent.
fn document(cx: &Context<'_>, org_policy: Entity<'_, OrgPolicy>, findings: &mut Findings) {
    let kind = org_policy.data.kind.short();
    let document = &org_policy.data.document;
    let Some((name, _)) = QuotaName::of_policies(&org_policy.data.kind) else { return };
    let Some((least, most)) = document.size() else { return };
    let limit = Limit::of(cx.config, name);
    let value = limit.value();
    match limit.used(most) {
        Use::Within => return,
        Use::Near => {
            let says = format!("{kind} has {most} of the {value} characters that are allowed");
            limit.near(findings.about(&OVER_QUOTA, org_policy.node), "size", says);
            return;
        }
        Use::Over => {}
    }
    let finding = if least > value {
        let finding = findings.about(&OVER_QUOTA, org_policy.node);
        let at_least = if least == most { "" } else { "at least " };
        finding.says(format!("{kind} has {at_least}{least} characters, of which {value} are allowed"));
        finding
    } else {
        let finding = findings.cannot_tell(&OVER_QUOTA, org_policy.node);
        finding.says(format!(
            "cannot tell whether this {kind} has more than the {value} characters that are allowed"
        ));
        finding.note(format!(
            "it has at least {least} without white space, and about {most} as the provider lays it out"
        ));
        finding
    };
    finding.subject("size");
    finding.note(limit.note());
    let solid = if least == most { solid(document) } else { least };
    finding.help(if solid <= value {
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
    let of = |kind: &PolicyType| cx.after.org_policies().filter(|each| each.data.kind == *kind).count();
    let units = cx.after.nodes().filter(|(_, node)| matches!(node.kind, NodeKind::Unit)).count();
    let accounts = cx.after.accounts().filter(|account| account.member).count();
    for (what, count, name) in [
        ("SCPs", of(&PolicyType::ServiceControl), QuotaName::Scps),
        ("RCPs", of(&PolicyType::ResourceControl), QuotaName::Rcps),
        ("units", units, QuotaName::Units),
        ("accounts", accounts, QuotaName::Accounts),
    ] {
        let limit = Limit::of(cx.config, name);
        let value = limit.value();
        match limit.used(count) {
            Use::Within => {}
            Use::Near => {
                let says = format!("the organization has {count} of {value} {what} that are allowed");
                limit.near(findings.report(&OVER_QUOTA, None).target("Root"), what, says);
            }
            Use::Over => {
                let says = format!("the organization has {count} {what}, of which {value} are allowed");
                let finding = findings.report(&OVER_QUOTA, None).target("Root");
                limit.over(finding, count, what.to_owned(), says, "remove those that are not used");
            }
        }
    }
}

/// How many roles, users, groups and policies an account has, as far as the inputs show them: there may be more.
fn per_account(cx: &Context<'_>, findings: &mut Findings) {
    let mut counts: BTreeMap<(NodeId, QuotaName, &str), usize> = BTreeMap::new();
    for (id, node) in cx.after.nodes() {
        let (name, what) = match &node.kind {
            NodeKind::Role(_) => (QuotaName::RolesPerAccount, "roles"),
            NodeKind::User(_) => (QuotaName::UsersPerAccount, "users"),
            NodeKind::Group(_) => (QuotaName::GroupsPerAccount, "groups"),
            NodeKind::ManagedPolicy(_) => (QuotaName::ManagedPoliciesPerAccount, "managed policies"),
            _ => continue,
        };
        if let Some((account, Modality::Must)) = cx.after.owner(id) {
            *counts.entry((account.id, name, what)).or_default() += 1;
        }
    }
    for ((account, name, what), count) in counts {
        let Some(node) = cx.after.node(account) else { continue };
        let limit = Limit::of(cx.config, name);
        let value = limit.value();
        match limit.used(count) {
            Use::Within => {}
            Use::Near => {
                let says = format!("the account has at least {count} of {value} {what} that are allowed");
                limit.near(findings.about(&OVER_QUOTA, node), what, says);
            }
            Use::Over => {
                let says = format!("the account has at least {count} {what}, of which {value} are allowed");
                let finding = findings.about(&OVER_QUOTA, node);
                limit.over(finding, count, what.to_owned(), says, "spread them over several accounts");
            }
        }
    }
}

/// How many policies of each kind are attached to one target.
fn targets(cx: &Context<'_>, id: NodeId, node: &Node, findings: &mut Findings) {
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
        let Some((_, name)) = QuotaName::of_policies(kind) else { continue };
        let limit = Limit::of(cx.config, name);
        let (count, value, kind) = (names.len(), limit.value(), kind.short());
        match limit.used(count) {
            Use::Within => {}
            Use::Near => {
                let says = format!("{count} of {value} {kind}s that are allowed are attached here");
                let finding = findings.about(&OVER_QUOTA, node).target(cx.after.path(id));
                limit.near(finding, &format!("{kind} per target"), says);
            }
            Use::Over => {
                let says = format!("{count} {kind}s are attached here, of which {value} are allowed");
                let cure =
                    "merge some of them, or attach them at another level (the one that AWS attaches counts)";
                let finding = findings.about(&OVER_QUOTA, node).target(cx.after.path(id));
                limit.over(finding, count, format!("{kind} per target {count}"), says, cure);
            }
        }
    }
}

fn depth(cx: &Context<'_>, id: NodeId, node: &Node, findings: &mut Findings) {
    let mut depth = 1;
    let mut at = id;
    while let [(parent, _)] = cx.after.parents(at).as_slice() {
        match cx.after.node(*parent).map(|node| &node.kind) {
            Some(NodeKind::Unit) if depth < 64 => depth += 1,
            _ => break,
        }
        at = *parent;
    }
    let limit = Limit::of(cx.config, QuotaName::UnitDepth);
    // The last level is there to be used.
    if limit.used(depth) == Use::Over {
        let says = format!("unit is {depth} levels below the root, of which {} are allowed", limit.value());
        let finding = findings.about(&OVER_QUOTA, node).target(cx.after.path(id));
        limit.over(finding, depth, "depth".to_owned(), says, "flatten the tree");
    }
}

/// How many characters a policy of IAM has, or several together.
fn size(cx: &Context<'_>, node: &Node, (what, sum, name): (&str, usize, QuotaName), findings: &mut Findings) {
    let limit = Limit::of(cx.config, name);
    let value = limit.value();
    match limit.used(sum) {
        Use::Within => {}
        Use::Near => {
            let says = format!("{what} has {sum} of the {value} characters that are allowed");
            limit.near(findings.about(&OVER_QUOTA, node), what, says);
        }
        Use::Over => {
            let says =
                format!("{what} has {sum} characters without white space, of which {value} are allowed");
            let finding = findings.about(&OVER_QUOTA, node);
            limit.over(finding, sum, what.to_owned(), says, "shorten it with wildcards, or split it");
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
