//! From plans to the organization: one pass for each side, in the order in which things depend on each other.

mod attachments;
mod carriers;
mod contradictions;
mod control_tower;
mod controls;
mod coverage;
mod deferred;
mod endpoints;
mod entity_paths;
mod factories;
mod filling;
mod grants;
mod join;
mod permission_sets;
mod planned;
mod policy_files;
mod principals;
mod resources;
mod runs;
mod spelled;
mod statements;
mod tree;
mod twins;
mod values;
mod workloads;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgward_plan::{Action, Address, Attr, Instance, Mode, Object, Plan, Text};

use self::runs::PerKind;
use crate::hole::PlaceholderIds;
use crate::{Change, Declared, Key, Node, NodeId, NodeKind, Organization};

/// One input and what to call it when there are several.
struct Stack<'b, 'a> {
    plan: &'b Plan<'a>,
    name: Option<Arc<str>>,
}

/// One resource instance as it stands on one side.
struct Piece<'b, 'a> {
    stack: usize,
    instance: &'b Instance<'a>,
    object: Object,
    /// Whether it goes on to stand although Terraform stops managing it.
    left_behind: bool,
    /// Whether it comes from a state or from context, and not from a plan that is to be applied.
    context: bool,
}

impl Piece<'_, '_> {
    /// Whether it is the object that references to its address mean. A deposed object, and one that is left behind by its
    /// replacement, share the address with the current one.
    fn is_current(&self) -> bool {
        let replaced = self.left_behind && self.instance.standing().after;
        self.instance.deposed.is_none() && !replaced
    }
}

/// Builds one side.
struct Builder<'b, 'a> {
    organization: Organization,
    stacks: &'b [Stack<'b, 'a>],
    /// How many of the stacks are plans; the rest is context.
    plans: usize,
    pieces: &'b BTreeMap<&'b str, Vec<Piece<'b, 'a>>>,
    declared: &'b Declared,
    /// Nodes by the input and address that manage them.
    addresses: BTreeMap<(usize, Address), NodeId>,
    /// Nodes by AWS id.
    ids: BTreeMap<String, NodeId>,
    /// Nodes by ARN.
    arns: BTreeMap<String, NodeId>,
    /// What stands for values that do not exist yet.
    placeholder_ids: RefCell<PlaceholderIds>,
    /// The accounts that provider configurations manage, where nothing says which they are.
    elsewhere: BTreeMap<(usize, String), String>,
    /// The ids of accounts that the plans remove: what lists them shows the time before.
    departed: BTreeSet<String>,
    /// Policies that a resource of the other side embeds in a role and none of this side does, by role and name: what
    /// the role shows of them is from before.
    removed_inline: BTreeSet<(String, String)>,
    /// Which organization a resource or data source shows.
    organizations: BTreeMap<(usize, Address), usize>,
}

/// Which side of the change is built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

impl Organization {
    /// The organization before and after the plans, with context from the organization's own stack: states, and
    /// plans that are taken as applied.
    ///
    /// Never fails: what cannot be read becomes a node that says so.
    pub fn of<'a>(plans: &[Plan<'a>], context: &[Plan<'a>], declared: &Declared) -> Change<Self> {
        let (before, after) = Self::sides(plans, context, declared, true);
        Change { before: before.unwrap_or_default(), after }
    }

    /// The organization after the plans, as [`of`](Self::of) has it. Of inputs that change nothing, such as snapshots and
    /// states, the other side is not built: that saves half of the time and of the memory.
    pub fn after(plans: &[Plan<'_>], declared: &Declared) -> Self {
        let changes = |plan: &Plan<'_>| plan.instances().iter().any(|it| it.action != Action::NoOp);
        Self::sides(plans, &[], declared, plans.iter().any(changes)).1
    }

    /// Both sides, or only the one after the plans, which change nothing then.
    fn sides<'a>(
        plans: &[Plan<'a>],
        context: &[Plan<'a>],
        declared: &Declared,
        changes: bool,
    ) -> (Option<Self>, Self) {
        // The only plan needs no name, whatever context comes with it: what is found in it is the same with and
        // without context.
        let named = |several: bool, plan: &Plan<'_>| several.then(|| Arc::from(plan.name.as_str()));
        let stacks: Vec<_> = plans
            .iter()
            .map(|plan| Stack { plan, name: named(plans.len() > 1, plan) })
            .chain(context.iter().map(|plan| Stack { plan, name: named(true, plan) }))
            .collect();
        // Preparing the plans takes about as long as reading both sides.
        let sides = || [Side::Before, Side::After].map(|side| pieces(&stacks, plans.len(), side));
        let ([before, after], ()) = both(sides, || stacks.iter().for_each(|stack| stack.plan.prepare()));
        let contradictions = match stacks.as_slice() {
            [] | [_] => Vec::new(),
            _ => contradictions::between(&stacks, &before, &after),
        };
        // A plan knows better than an older state of the same stack, also about what it removes.
        let managed: BTreeSet<_> = if stacks.len() < 2 {
            BTreeSet::new()
        } else {
            let all = before.values().chain(after.values()).flatten();
            all.filter(|piece| !piece.context).filter_map(identity).collect()
        };
        let before = without_repetitions(before, &managed);
        let mut after = without_repetitions(after, &managed);
        let mut unjudged = twins::settle(&stacks, &before, &mut after);
        for Stack { plan, name } in stacks.iter().take(plans.len()) {
            unjudged.extend(crate::unjudged::of(plan, name.as_ref(), &declared.controls));
        }
        let of_before = || {
            changes
                .then(|| Builder::new(&stacks, plans.len(), &before, declared).assemble(&after, Side::Before))
        };
        let of_after = || Builder::new(&stacks, plans.len(), &after, declared).assemble(&before, Side::After);
        let (mut before, mut after) = both(of_before, of_after);
        // What the inputs say against each other is a doubt about them, and nothing that was there before.
        after.contradictions.extend(contradictions);
        after.unjudged = unjudged;
        let mut not_read: Vec<_> =
            stacks.iter().flat_map(|stack| stack.plan.not_read.iter().cloned()).collect();
        not_read.sort();
        not_read.dedup();
        if let Some(before) = &mut before {
            before.contradictions.clear();
            before.not_read.clone_from(&not_read);
            mark_refused(before, &mut after);
        }
        after.not_read = not_read;
        (before, after)
    }
}

/// Marks the policies of the organization that the plan writes and AWS refuses. One that stands there already was
/// accepted.
fn mark_refused(before: &Organization, after: &mut Organization) {
    for node in after.graph.node_weights_mut() {
        let crate::NodeKind::OrgPolicy(org_policy) = &mut node.kind else { continue };
        let stands = before.find(&node.key).and_then(|id| before.org_policy(id));
        let document = &mut org_policy.document;
        if stands.is_none_or(|old| old.data.document.text != document.text)
            && let Some(policy) = document.policy()
        {
            document.refused = !policy.refusals().is_empty();
        }
    }
}

/// Does two things at once: the two sides do not depend on each other.
fn both<A, B: Send>(one: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let other = scope.spawn(other);
        let one = one();
        match other.join() {
            Ok(other) => (one, other),
            // A bug there is a bug here: it is told by the same means.
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// The instances of the types that are asked for, by type (`data.` before the types of data sources). Values of
/// all other types stay unparsed.
fn pieces<'b, 'a>(
    stacks: &'b [Stack<'b, 'a>],
    plans: usize,
    side: Side,
) -> BTreeMap<&'b str, Vec<Piece<'b, 'a>>> {
    let mut pieces: BTreeMap<&str, Vec<Piece<'_, '_>>> = BTreeMap::new();
    let mut asked = PerKind::new(asked);
    for (stack, Stack { plan, .. }) in stacks.iter().enumerate() {
        for instance in plan.instances() {
            let Some(kind) = asked.of(instance) else { continue };
            let objects = if side == Side::Before && stack < plans {
                [instance.before(), None]
            } else {
                [instance.after(), instance.left_behind()]
            };
            for (object, left_behind) in objects.into_iter().zip([false, true]) {
                let Some(object) = object else { continue };
                // A state or snapshot shows how things are, wherever it is given.
                let context = stack >= plans || plan.kind != orgward_plan::Kind::Plan;
                pieces.entry(kind).or_default().push(Piece { stack, instance, object, left_behind, context });
            }
        }
        if side == Side::After && stack < plans {
            destroyed_elsewhere(plan, stack, &mut pieces);
        }
    }
    pieces
}

/// Drops what a plan destroys at one address and keeps at another: a deposed object that is the current one, or an old
/// block that goes while an import brings in the same object. Terraform runs every row.
fn destroyed_elsewhere(plan: &Plan<'_>, stack: usize, pieces: &mut BTreeMap<&str, Vec<Piece<'_, '_>>>) {
    let mut asked = PerKind::new(asked);
    let ends = plan.instances().iter().filter(|instance| instance.standing().destroys());
    let ends = ends.filter(|instance| asked.of(instance).is_some());
    let destroyed: BTreeSet<_> =
        ends.filter_map(|instance| identity_of(instance, &instance.before()?)).collect();
    if destroyed.is_empty() {
        return;
    }
    for pieces in pieces.values_mut() {
        pieces.retain(|piece| {
            let keeps = piece.stack == stack && (piece.left_behind || !piece.instance.standing().is_new);
            !keeps || identity(piece).is_none_or(|identity| !destroyed.contains(&identity))
        });
    }
}

/// What tells that two inputs mean the same object: its type with its ARN or, where AWS gives out unique ids, its
/// id.
fn identity(piece: &Piece<'_, '_>) -> Option<(String, String)> {
    identity_of(piece.instance, &piece.object)
}

fn identity_of(instance: &Instance<'_>, object: &Object) -> Option<(String, String)> {
    if instance.mode == Mode::Data {
        return None;
    }
    let is_own = has_own_arn(&instance.kind);
    let arn = object.get("arn").text().known().filter(|_| is_own);
    let has_id = instance.kind.starts_with("aws_organizations_") || !is_own;
    let id = || object.get("id").text().known().filter(|_| has_id);
    Some((instance.kind.to_string(), arn.or_else(id)?.expose().to_owned()))
}

/// Whether the ARN of a type is that of its objects: each delegation of an account has the ARN of the account, each version of
/// a secret that of the secret, each target of a rule that of what is called.
fn has_own_arn(kind: &str) -> bool {
    const OF_ANOTHER: [&str; 3] = [
        "aws_cloudwatch_event_target",
        "aws_organizations_delegated_administrator",
        "aws_secretsmanager_secret_version",
    ];
    !OF_ANOTHER.contains(&kind)
}

/// Drops what context shows of objects that the plans manage.
fn without_repetitions<'b, 'a>(
    mut pieces: BTreeMap<&'b str, Vec<Piece<'b, 'a>>>,
    managed: &BTreeSet<(String, String)>,
) -> BTreeMap<&'b str, Vec<Piece<'b, 'a>>> {
    if !managed.is_empty() {
        for pieces in pieces.values_mut() {
            pieces.retain(|piece| {
                !piece.context || identity(piece).is_none_or(|identity| !managed.contains(&identity))
            });
        }
    }
    pieces
}

/// The types whose values are read, sorted.
const ASKED: &[&str] = &[
    "aws_cloudtrail",
    "aws_controltower_baseline",
    "aws_controltower_control",
    "aws_iam_access_key",
    "aws_iam_group",
    "aws_iam_group_membership",
    "aws_iam_group_policies_exclusive",
    "aws_iam_group_policy",
    "aws_iam_group_policy_attachment",
    "aws_iam_group_policy_attachments_exclusive",
    "aws_iam_policy",
    "aws_iam_policy_attachment",
    "aws_iam_role",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_iam_service_specific_credential",
    "aws_iam_signing_certificate",
    "aws_iam_user",
    "aws_iam_user_group_membership",
    "aws_iam_user_login_profile",
    "aws_iam_user_policies_exclusive",
    "aws_iam_user_policy",
    "aws_iam_user_policy_attachment",
    "aws_iam_user_policy_attachments_exclusive",
    "aws_iam_user_ssh_key",
    "aws_organizations_account",
    "aws_organizations_organization",
    "aws_organizations_organizational_unit",
    "aws_organizations_policy",
    "aws_organizations_policy_attachment",
    "aws_ssoadmin_account_assignment",
    "aws_ssoadmin_customer_managed_policy_attachment",
    "aws_ssoadmin_managed_policy_attachment",
    "aws_ssoadmin_permission_set",
    "aws_ssoadmin_permission_set_inline_policy",
    "aws_ssoadmin_permissions_boundary_attachment",
    crate::POLICY_FILE,
];

/// The data sources whose values are read: the only way a plan shows what other stacks manage. Sorted by the
/// type, which follows `data.`.
const ASKED_DATA: &[(&str, &str)] = &[
    ("aws_controltower_controls", "data.aws_controltower_controls"),
    ("aws_iam_policy", "data.aws_iam_policy"),
    ("aws_iam_role", "data.aws_iam_role"),
    ("aws_organizations_account", "data.aws_organizations_account"),
    ("aws_organizations_entity_path", "data.aws_organizations_entity_path"),
    ("aws_organizations_organization", "data.aws_organizations_organization"),
    ("aws_organizations_organizational_unit", "data.aws_organizations_organizational_unit"),
    (
        "aws_organizations_organizational_unit_child_accounts",
        "data.aws_organizations_organizational_unit_child_accounts",
    ),
    (
        "aws_organizations_organizational_unit_descendant_accounts",
        "data.aws_organizations_organizational_unit_descendant_accounts",
    ),
    (
        "aws_organizations_organizational_unit_descendant_organizational_units",
        "data.aws_organizations_organizational_unit_descendant_organizational_units",
    ),
    ("aws_organizations_organizational_units", "data.aws_organizations_organizational_units"),
    ("aws_organizations_policies_for_target", "data.aws_organizations_policies_for_target"),
    ("aws_organizations_policy", "data.aws_organizations_policy"),
];

/// Whether the values of a managed type are read.
pub(crate) fn is_read(kind: &str) -> bool {
    ASKED.binary_search(&kind).is_ok()
}

/// Whether the values of a resource are read.
pub(crate) fn is_asked(instance: &Instance<'_>) -> bool {
    asked(instance).is_some()
}

fn asked(instance: &Instance<'_>) -> Option<&'static str> {
    match instance.mode {
        Mode::Managed => {
            let listed = ASKED.binary_search(&&*instance.kind).ok().and_then(|at| ASKED.get(at)).copied();
            listed
                .or_else(|| crate::control::control_type(&instance.kind))
                .or_else(|| carriers::listed(&instance.kind))
                .or_else(|| crate::factory::listed(&instance.kind))
        }
        Mode::Data => ASKED_DATA
            .binary_search_by(|(kind, _)| (*kind).cmp(&*instance.kind))
            .ok()
            .and_then(|at| ASKED_DATA.get(at))
            .map(|(_, key)| *key),
    }
}

impl<'b, 'a> Builder<'b, 'a> {
    fn new(
        stacks: &'b [Stack<'b, 'a>],
        plans: usize,
        pieces: &'b BTreeMap<&'b str, Vec<Piece<'b, 'a>>>,
        declared: &'b Declared,
    ) -> Self {
        Self {
            organization: Organization::default(),
            stacks,
            plans,
            pieces,
            declared,
            addresses: BTreeMap::new(),
            ids: BTreeMap::new(),
            arns: BTreeMap::new(),
            placeholder_ids: RefCell::default(),
            elsewhere: BTreeMap::new(),
            departed: BTreeSet::new(),
            removed_inline: BTreeSet::new(),
            organizations: BTreeMap::new(),
        }
    }

    fn assemble(mut self, other: &BTreeMap<&str, Vec<Piece<'_, 'a>>>, side: Side) -> Organization {
        if side == Side::After {
            let accounts = |pieces: &BTreeMap<&str, Vec<Piece<'_, '_>>>| -> BTreeSet<String> {
                let pieces = pieces.get("aws_organizations_account").into_iter().flatten();
                let ids = pieces.filter_map(|piece| piece.object.get("id").text().known());
                ids.map(|id| id.expose().to_owned()).collect()
            };
            let stay = accounts(self.pieces);
            self.departed = accounts(other).into_iter().filter(|id| !stay.contains(id)).collect();
        }
        let embedded = |pieces: &BTreeMap<&str, Vec<Piece<'_, '_>>>| -> BTreeSet<(String, String)> {
            let pieces = pieces.get("aws_iam_role_policy").into_iter().flatten();
            let text = |piece: &Piece<'_, '_>, name: &str| {
                piece.object.get(name).text().known().map(|text| text.expose().to_owned())
            };
            pieces.filter_map(|piece| Some((text(piece, "role")?, text(piece, "name")?))).collect()
        };
        let here = embedded(self.pieces);
        self.removed_inline = embedded(other).into_iter().filter(|it| !here.contains(it)).collect();
        self.policy_files();
        self.tree(other, side);
        self.name_what_is_unknown();
        self.org_policies();
        self.attachments(side);
        self.attachments_shown_by_data(other, side);
        self.control_tower(other, side);
        self.targets_of_the_other_side(other);
        self.managed_policies();
        self.principals();
        self.grants();
        self.permission_sets();
        self.workloads(side);
        self.access_facts(other);
        self.controls();
        self.departures(side);
        self.planned(side);
        // Last, when every account has been mentioned.
        self.full_access(other, side);
        self.partitions();
        self.doubt_attachments();
        for (index, id) in self.members() {
            self.organization.organization_mut(index).members.insert(id);
        }
        self.organization.placeholder_ids = self.placeholder_ids.take();
        self.organization
    }

    /// The ids of the accounts of each organization.
    /// Notes the partition of what is of the organization, where it is another one than `aws`.
    fn partitions(&mut self) {
        for kind in [
            "aws_organizations_account",
            "aws_organizations_organization",
            "aws_organizations_organizational_unit",
            "aws_organizations_policy",
        ] {
            for piece in self.of_kind(kind) {
                let plan = self.stacks.get(piece.stack).map(|stack| stack.plan);
                let arn = piece.object.get("arn").text().known().map(|arn| arn.expose().to_owned());
                let shown = arn.and_then(|arn| Some(orgward_iam::Arn::parse(&arn)?.partition.to_owned()));
                let partition = shown.or_else(|| plan?.partition(piece.instance));
                let at = self.addresses.get(&(piece.stack, piece.instance.address.clone())).copied();
                if let (Some(partition), Some(at)) = (partition.filter(|it| it != "aws"), at) {
                    self.organization.partitions.entry(at).or_insert(partition);
                }
            }
        }
    }

    fn members(&self) -> Vec<(usize, String)> {
        let members = self.organization.accounts().filter(|account| account.member);
        let one = |account: crate::Entity<'_, crate::Account>| {
            let id = account.node.id.as_ref().known()?.expose().to_owned();
            Some((self.organization.organization_of(account.id)?, id))
        };
        members.filter_map(one).collect()
    }

    /// The pieces of a type; a data source's type has `data.` before it.
    fn of_kind(&self, kind: &str) -> &'b [Piece<'b, 'a>] {
        self.pieces.get(kind).map_or(&[], Vec::as_slice)
    }

    /// The name under which an instance is known on both sides.
    fn key(&self, piece: &Piece<'_, '_>) -> Key {
        let address = piece.instance.address.as_str();
        let stack = self.stacks.get(piece.stack).and_then(|stack| stack.name.as_deref());
        let mut key = stack.map_or_else(|| address.to_owned(), |stack| format!("{stack}:{address}"));
        if let Some(deposed) = &piece.instance.deposed {
            key = format!("{key} (deposed {deposed})");
        } else if !piece.is_current() {
            key = format!("{key} (left behind)");
        }
        Key(key.into())
    }

    /// Adds the node that an instance manages, or turns the one that is there already into it: an object that
    /// context has shown before.
    fn managed(&mut self, piece: &Piece<'_, '_>, name: &str, kind: NodeKind) -> NodeId {
        let key = self.key(piece);
        let view = |attribute: &str| piece.object.get(attribute).text();
        let (id, arn) = (view("id"), view("arn"));
        // What two inputs manage is one thing: a plan and an older state of the same stack. The first one wins,
        // and plans come before context.
        if has_global_id(&kind)
            && let Attr::Known(id) = &id
            && let Some(&at) = self.ids.get(id.expose())
            && self.organization.node(at).is_some_and(|node| node.address.is_some())
        {
            self.addresses.entry((piece.stack, piece.instance.address.clone())).or_insert(at);
            return at;
        }
        let node = Node {
            key,
            address: Some(piece.instance.address.clone()),
            stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
            name: view(name),
            id,
            arn,
            forgotten: piece.left_behind,
            kind,
        };
        let at = self.add(node);
        if let Attr::Known(prefix) = piece.object.get("name_prefix").text()
            && !prefix.is_sensitive()
        {
            self.organization.name_prefixes.insert(at, prefix.expose().to_owned());
        }
        if piece.is_current() {
            self.addresses.insert((piece.stack, piece.instance.address.clone()), at);
        }
        at
    }

    /// Adds a node, unless one with its key is there.
    fn add(&mut self, node: Node) -> NodeId {
        if let Some(&at) = self.organization.keys.get(&node.key) {
            return at;
        }
        let (key, id, arn) = (node.key.clone(), node.id.clone(), node.arn.clone());
        let joins = has_global_id(&node.kind);
        let at = self.organization.graph.add_node(node);
        self.organization.keys.insert(key, at);
        if joins && let Attr::Known(id) = id {
            self.ids.entry(id.expose().to_owned()).or_insert(at);
        }
        if let Attr::Known(arn) = arn {
            self.arns.entry(arn.expose().to_owned()).or_insert(at);
        }
        at
    }

    /// The node with an AWS id, added when nothing has mentioned it yet.
    fn by_id(&mut self, id: &Text, name: Attr<Text>, arn: Attr<Text>, kind: NodeKind) -> NodeId {
        if let Some(&at) = self.ids.get(id.expose()) {
            self.complete(at, name, arn);
            return at;
        }
        let key = if id.is_sensitive() { "(sensitive value)" } else { id.expose() };
        self.add(Node {
            key: Key(key.into()),
            address: None,
            stack: None,
            name,
            id: Attr::Known(id.clone()),
            arn,
            forgotten: false,
            kind,
        })
    }

    /// Adds what another mention of a node knows.
    fn complete(&mut self, at: NodeId, name: Attr<Text>, arn: Attr<Text>) {
        let Some(node) = self.organization.graph.node_weight_mut(at) else { return };
        if matches!(node.name, Attr::Absent | Attr::Unknown) && matches!(name, Attr::Known(_)) {
            node.name = name;
        }
        if !matches!(node.arn, Attr::Known(_))
            && let Attr::Known(text) = &arn
        {
            self.arns.entry(text.expose().to_owned()).or_insert(at);
            node.arn = arn;
        }
    }

    /// The management account of an organization, added when nothing has shown it yet.
    fn management(&mut self, index: usize) -> NodeId {
        if let Some(at) = self.organization.organization(index).management {
            return at;
        }
        let name = if index == 0 {
            "management account".to_owned()
        } else {
            format!("management account {}", index + 1)
        };
        let at = self.add(Node {
            key: Key(name.as_str().into()),
            address: None,
            stack: None,
            name: Attr::Known(Text::plain(name)),
            id: Attr::Unknown,
            arn: Attr::Unknown,
            forgotten: false,
            kind: NodeKind::Account(crate::Account {
                management: true,
                member: true,
                ..crate::Account::default()
            }),
        });
        self.organization.organization_mut(index).management = Some(at);
        self.organization.listed_in.insert(at, index);
        at
    }
}

/// Whether the id of such a node means the same thing in every input. Names of principals are ids to Terraform;
/// only ids that AWS gives out join stacks.
fn has_global_id(kind: &NodeKind) -> bool {
    !matches!(kind, NodeKind::Role(_) | NodeKind::User(_) | NodeKind::Group(_) | NodeKind::Workload(_))
}

#[cfg(test)]
mod tests {
    use super::{ASKED, ASKED_DATA};

    #[test]
    fn asked_types_are_sorted_so_that_the_search_finds_them() {
        assert!(ASKED.is_sorted());
        assert!(ASKED_DATA.is_sorted());
        assert!(ASKED_DATA.iter().all(|(kind, key)| *key == format!("data.{kind}")));
    }
}
