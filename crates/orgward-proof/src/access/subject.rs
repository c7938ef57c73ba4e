//! Principals with all policies that have a say in what they can do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgward_iam::{ManagedPolicies, Policy};
use orgward_org::{
    Boundary, Document, Grant, GrantedPolicy, InlinePolicy, Joined, Modality, Node, NodeId, NodeKind,
    Organization, PermissionSet,
};
use orgward_plan::{Address, Attr};

/// A principal, by its place in [`super::Access`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SubjectId(pub(super) usize);

/// A principal: a role, a user, or the role that Identity Center makes of a permission set in one account.
#[derive(Clone, Debug)]
pub struct Subject<'o> {
    /// The node in the organization.
    pub node: NodeOf<'o>,
    /// `role`, `user` or `permission set`; `group` for whoever is in a group of another stack.
    pub word: &'static str,
    /// Its account.
    pub account: Option<NodeId>,
    /// Its account as policy documents write it.
    pub account_text: Option<String>,
    /// Its ARN, with placeholders for what is unknown until apply.
    pub arn: String,
    /// Whether account, path and name are known.
    pub named: bool,
    /// The identity policies that it has, or may have.
    pub held: Vec<Held<'o>>,
    /// Identity policies that cannot be read, one sentence each: they may allow anything.
    pub unknowns: Vec<String>,
    /// The grants of these policies.
    pub unread: Vec<Unread<'o>>,
    /// Its permissions boundary.
    pub cap: Cap<'o>,
    /// Who may assume it.
    pub trust: Option<&'o Document>,
    /// Where it is, as far as policies ask.
    pub(super) place: Vec<super::place::Line>,
    /// Equal numbers have equal policies, boundary, name, place and chain.
    pub cohort: usize,
}

/// A grant of which the inputs do not show what it allows.
#[derive(Clone, Debug)]
pub struct Unread<'o> {
    /// The resource that gives it.
    pub address: &'o Address,
    /// Which input that is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// Why it is not known, in one sentence.
    pub why: String,
    /// Whether it is unknown until apply; otherwise another stack manages the policy, or AWS refuses it.
    pub until_apply: bool,
}

/// Why the text of a policy is not at hand.
struct Missing {
    why: String,
    until_apply: bool,
}

impl Missing {
    fn of(document: &Document) -> Self {
        Self { why: document.doubt().unwrap_or_default(), until_apply: document.is_unknown() }
    }

    fn joined(joined: &Joined) -> Self {
        match &joined.group {
            Attr::Known(name) => {
                Self::elsewhere(format!("what the group `{name}` gives is not in the inputs"))
            }
            Attr::Unknown | Attr::Absent => Self {
                why: format!("which group `{}` means is unknown until apply", joined.address),
                until_apply: true,
            },
        }
    }

    fn elsewhere(why: String) -> Self {
        Self { why, until_apply: false }
    }
}

/// A node with its place.
#[derive(Clone, Copy, Debug)]
pub struct NodeOf<'o> {
    /// Where it is in the graph.
    pub id: NodeId,
    node: &'o Node,
}

impl std::ops::Deref for NodeOf<'_> {
    type Target = Node;

    fn deref(&self) -> &Self::Target {
        self.node
    }
}

impl<'o> NodeOf<'o> {
    /// The node, for as long as the organization lives.
    pub fn get(&self) -> &'o Node {
        self.node
    }
}

/// An identity policy that a principal has.
#[derive(Clone, Debug)]
pub struct Held<'o> {
    /// What it says.
    pub policy: &'o Policy,
    /// What to call it: the document of the inputs, or the ARN of a policy that AWS manages.
    pub name: Arc<str>,
    /// The document, when it is in the inputs.
    pub document: Option<&'o Document>,
    /// The resource that gives it.
    pub address: Option<&'o Address>,
    /// Which input that is from; set only when there are several.
    pub stack: Option<Arc<str>>,
    /// The ARN of the managed policy that it is, when the account can change it.
    pub own_arn: Option<String>,
    /// The group that it comes through.
    pub group: Option<NodeId>,
    /// Whether the principal must have it, or may.
    pub must: bool,
}

/// A permissions boundary.
#[derive(Clone, Debug)]
pub enum Cap<'o> {
    /// There is none.
    None,
    /// This policy bounds.
    Policy {
        /// What it says.
        policy: &'o Policy,
        /// What to call it.
        name: String,
        /// Its ARN, as the context key `iam:PermissionsBoundary` has it.
        arn: String,
        /// The document, when it is in the inputs.
        document: Option<&'o Document>,
    },
    /// There is one, and what it allows is unknown. The sentences say why.
    Unknown(Vec<String>),
}

impl Cap<'_> {
    /// The ARN of the boundary, if there is one and it is known.
    pub fn arn(&self) -> Option<&str> {
        match self {
            Self::Policy { arn, .. } => Some(arn),
            Self::None | Self::Unknown(_) => None,
        }
    }
}

impl<'o> Subject<'o> {
    fn leaves_open(&mut self, address: &'o Address, stack: Option<Arc<str>>, missing: Missing) {
        let Missing { why, until_apply } = missing;
        self.unknowns.push(why.clone());
        self.unread.push(Unread { address, stack, why, until_apply });
    }

    /// Whether a boundary keeps something from it; one that cannot be read may.
    pub fn is_bounded(&self) -> bool {
        match &self.cap {
            Cap::None => false,
            Cap::Policy { policy, .. } => !super::admin::allows_everything(policy),
            Cap::Unknown(_) => true,
        }
    }

    /// The principal without what is unknown about its policies: what they allow as far as it is known.
    pub(super) fn known(&self) -> Self {
        Subject { unknowns: Vec::new(), ..self.clone() }
    }

    /// Whether a policy that allows everything would make it an administrator.
    pub fn can_be_administrator(&self) -> bool {
        match &self.cap {
            Cap::Policy { policy, .. } => super::admin::allows_everything(policy),
            Cap::None | Cap::Unknown(_) => true,
        }
    }

    /// The policy, and the statement of it, that allows a request.
    pub fn grant_of(
        &self,
        request: &orgward_iam::Request,
    ) -> Option<(&Held<'o>, &'o orgward_iam::Statement)> {
        self.held.iter().find_map(|held| {
            let mut allowing = held.policy.matching(request);
            let (_, statement) =
                allowing.find(|(_, statement)| statement.effect.value == orgward_iam::Effect::Allow)?;
            Some((held, statement))
        })
    }

    /// The policy that allows the most: a principal that is an administrator is one by it.
    pub fn widest(&self) -> Option<(&Held<'o>, &'o orgward_iam::Statement)> {
        let all = self.held.iter().flat_map(|held| held.policy.statements.iter().map(move |it| (held, it)));
        let allowing = all.filter(|(_, it)| it.effect.value == orgward_iam::Effect::Allow);
        allowing.min_by_key(|(held, statement)| {
            (!statement.covers_action("unlisted-service:CreateThing"), statement.actions.not, !held.must)
        })
    }
}

impl Subject<'_> {
    /// Whether another stack manages it, so that only what the inputs give it is known.
    pub fn is_elsewhere(&self) -> bool {
        self.node.is_elsewhere()
    }

    /// In a sentence: role `deploy`, or a role of another stack.
    pub fn called(&self, org: &Organization) -> String {
        let shown = self.shown(org);
        match (&self.node.name, self.is_elsewhere()) {
            (_, false) => format!("{} `{shown}`", self.word),
            (Attr::Known(_), true) => format!("{} `{shown}` of another stack", self.word),
            (_, true) => format!("a {} of another stack", self.word),
        }
    }

    /// How people write it: its ARN where that is known before apply, else its address; its name where another stack
    /// manages it.
    pub fn shown(&self, org: &Organization) -> String {
        if self.is_elsewhere() {
            return match &self.node.name {
                Attr::Known(name) => name.to_string(),
                Attr::Unknown | Attr::Absent => format!("(a {} of another stack)", self.word),
            };
        }
        if self.named {
            return org.render(&self.arn);
        }
        self.node.address.as_ref().map_or_else(|| org.render(&self.arn), ToString::to_string)
    }

    /// The name without path.
    pub fn name(&self) -> String {
        self.node.title()
    }

    /// Whether everything that decides about it is known.
    pub fn is_certain(&self) -> bool {
        self.unknowns.is_empty()
            && !matches!(self.cap, Cap::Unknown(_))
            && self.held.iter().all(|held| held.must)
    }
}

/// Everything that is looked up by node or ARN.
struct Index<'o> {
    org: &'o Organization,
    grants: BTreeMap<NodeId, Vec<&'o Grant>>,
    /// Customer managed policies by ARN, and by account and name.
    by_arn: BTreeMap<String, NodeId>,
    by_name: BTreeMap<(String, String), NodeId>,
}

/// All principals of an organization, sorted by key.
pub(super) fn all(org: &Organization) -> Vec<Subject<'_>> {
    let index = Index::of(org);
    let mut subjects = Vec::new();
    for (id, node) in org.nodes() {
        match &node.kind {
            NodeKind::PermissionSet(set) => {
                index.permission_set((id, node), &set.boundary, &set.inline, &mut subjects);
            }
            NodeKind::Elsewhere(set) if set.word == "permission set" => {
                index.permission_set((id, node), &set.boundary, &set.inline, &mut subjects);
            }
            // What is given to a group of another stack is given to whoever is in it.
            NodeKind::Role(_) | NodeKind::User(_) | NodeKind::Elsewhere(_) => {
                subjects.push(index.principal(id, node));
            }
            _ => {}
        }
    }
    subjects
}

impl<'o> Index<'o> {
    fn of(org: &'o Organization) -> Self {
        let mut index =
            Index { org, grants: BTreeMap::new(), by_arn: BTreeMap::new(), by_name: BTreeMap::new() };
        for grant in &org.access().grants {
            index.grants.entry(grant.holder).or_default().push(grant);
        }
        for policy in org.managed_policies() {
            let account = org.account_text(policy.id).unwrap_or_default().to_owned();
            if let Some(arn) = org.iam_arn(policy.id).and_then(|arn| arn.text(&account)) {
                index.by_arn.insert(arn, policy.id);
            }
            if let Attr::Known(name) = &policy.node.name {
                index.by_name.insert((account, name.expose().to_owned()), policy.id);
            }
        }
        index
    }

    fn principal(&self, id: NodeId, node: &'o Node) -> Subject<'o> {
        let org = self.org;
        let account_text = org.account_text(id).map(str::to_owned);
        let written = account_text.clone().unwrap_or_else(|| "111111111111".to_owned());
        let arn = org.iam_arn(id);
        let text = arn.as_ref().and_then(|arn| arn.text(&written));
        let (word, inline, trust, boundary) = match &node.kind {
            NodeKind::Elsewhere(elsewhere) => (elsewhere.word, &elsewhere.inline, None, &elsewhere.boundary),
            NodeKind::User(user) => ("user", &user.inline, None, &user.boundary),
            NodeKind::Role(role) => ("role", &role.inline, Some(&role.trust), &role.boundary),
            // Only these are asked for.
            _ => ("role", const { &Vec::new() }, None, &Boundary::None),
        };
        let named = text.is_some() && arn.is_some_and(|arn| arn.account.is_some());
        let placeholder = || {
            let key: String = node
                .key
                .0
                .chars()
                .map(|char| if char.is_ascii_alphanumeric() { char } else { '-' })
                .collect();
            // A member of a group is a user. The path of what another stack manages is not in the inputs.
            let of = if word == "group" { "user" } else { word };
            match (&node.name, &node.kind) {
                (Attr::Known(name), NodeKind::Elsewhere(_)) if word != "group" => {
                    format!("arn:aws:iam::{written}:{of}/{}", name.expose())
                }
                _ => format!("arn:aws:iam::{written}:{of}/unknown-until-apply-{key}"),
            }
        };
        let mut subject = Subject {
            node: NodeOf { id, node },
            word,
            account: org.owner(id).map(|(account, _)| account.id),
            arn: text.unwrap_or_else(placeholder),
            named,
            held: Vec::new(),
            unknowns: Vec::new(),
            unread: Vec::new(),
            cap: self.cap(boundary, &written),
            trust,
            account_text,
            place: Vec::new(),
            cohort: 0,
        };
        Self::inline(inline, None, true, &mut subject);
        self.managed(id, None, true, &written, &mut subject);
        for (group, modality) in org.groups_of(id) {
            if let Some(NodeKind::Group(data)) = org.node(group).map(|node| &node.kind) {
                let must = modality == Modality::Must;
                Self::inline(&data.inline, Some(group), must, &mut subject);
                self.managed(group, Some(group), must, &written, &mut subject);
            }
        }
        for joined in org.access().joined.iter().filter(|joined| joined.user == id) {
            subject.leaves_open(&joined.address, joined.stack.clone(), Missing::joined(joined));
        }
        subject
    }

    /// The roles that Identity Center makes of a permission set, one for each account that it is assigned in; where no
    /// input shows an assignment, one in an unknown account.
    fn permission_set(
        &self,
        (id, node): (NodeId, &'o Node),
        boundary: &'o Boundary,
        inline: &'o [InlinePolicy],
        subjects: &mut Vec<Subject<'o>>,
    ) {
        let assigned = self.org.access().assignments.iter().filter(|it| it.set == Some(id));
        let mut accounts: Vec<Option<NodeId>> = assigned.map(|it| it.account).collect();
        accounts.sort();
        accounts.dedup();
        if accounts.len() > 1 {
            accounts.retain(Option::is_some);
        }
        if accounts.is_empty() {
            accounts.push(None);
        }
        for account in accounts {
            let account_text =
                account.and_then(|account| self.org.symbolic_account_id(account).map(str::to_owned));
            let written = account_text.clone().unwrap_or_else(|| "111111111111".to_owned());
            let region = match &node.kind {
                NodeKind::PermissionSet(PermissionSet { region: Attr::Known(region), .. })
                    if !region.is_empty() && region != "us-east-1" =>
                {
                    format!("{region}/")
                }
                _ => String::new(),
            };
            // Another stack's is known by its ARN.
            let title = node.title();
            let name = title.rsplit('/').next().unwrap_or(&title);
            let mut subject = Subject {
                node: NodeOf { id, node },
                word: "permission set",
                account,
                arn: format!(
                    "arn:aws:iam::{written}:role/aws-reserved/sso.amazonaws.com/{region}AWSReservedSSO_{name}_0123456789abcdef"
                ),
                named: account_text.is_some(),
                held: Vec::new(),
                unknowns: Vec::new(),
                unread: Vec::new(),
                cap: self.cap(boundary, &written),
                trust: None,
                account_text,
                place: Vec::new(),
                cohort: 0,
            };
            Self::inline(inline, None, true, &mut subject);
            self.managed(id, None, true, &written, &mut subject);
            subjects.push(subject);
        }
    }

    fn inline(inline: &'o [InlinePolicy], group: Option<NodeId>, must: bool, subject: &mut Subject<'o>) {
        for policy in inline {
            let Some(read) = policy.document.policy() else {
                let stack = subject.node.node.stack.clone();
                subject.leaves_open(&policy.address, stack, Missing::of(&policy.document));
                continue;
            };
            subject.held.push(Held {
                policy: read,
                name: policy.document.name.clone(),
                document: Some(&policy.document),
                address: Some(&policy.address),
                stack: subject.node.node.stack.clone(),
                own_arn: None,
                group,
                must: must && policy.must,
            });
        }
    }

    fn managed(
        &self,
        holder: NodeId,
        group: Option<NodeId>,
        must: bool,
        account: &str,
        subject: &mut Subject<'o>,
    ) {
        for grant in self.grants.get(&holder).into_iter().flatten() {
            match self.granted(grant, account) {
                Ok(found) => subject.held.push(Held {
                    policy: found.policy,
                    name: found.name,
                    document: found.document,
                    address: Some(&grant.address),
                    stack: grant.stack.clone(),
                    own_arn: found.own_arn,
                    group,
                    must: must && grant.modality == Modality::Must,
                }),
                Err(missing) => subject.leaves_open(&grant.address, grant.stack.clone(), missing),
            }
        }
    }

    /// The policy that a grant gives.
    fn granted(&self, grant: &Grant, account: &str) -> Result<Found<'o>, Missing> {
        match &grant.policy {
            GrantedPolicy::Node(node) => self.node_policy(*node, account),
            GrantedPolicy::Arn(arn) => self.arn_policy(arn.expose(), account),
            GrantedPolicy::Unknown => {
                let why = format!("which policy `{}` attaches is unknown until apply", grant.address);
                Err(Missing { why, until_apply: true })
            }
        }
    }

    fn node_policy(&self, node: NodeId, account: &str) -> Result<Found<'o>, Missing> {
        let Some(NodeKind::ManagedPolicy(data)) = self.org.node(node).map(|node| &node.kind) else {
            return Err(Missing::elsewhere("what is attached is no policy".to_owned()));
        };
        let policy = data.document.policy();
        Ok(Found {
            policy: policy.ok_or_else(|| Missing::of(&data.document))?,
            name: data.document.name.clone(),
            document: Some(&data.document),
            own_arn: self.org.iam_arn(node).and_then(|arn| arn.text(account)),
        })
    }

    fn arn_policy(&self, arn: &str, account: &str) -> Result<Found<'o>, Missing> {
        if let Some(policy) = ManagedPolicies::get().policy(arn) {
            return Ok(Found { policy, name: arn.into(), document: None, own_arn: None });
        }
        // A permission set names customer managed policies without their account.
        let node = self.by_arn.get(arn).or_else(|| self.by_name.get(&(account.to_owned(), arn.to_owned())));
        match node {
            Some(node) => self.node_policy(*node, account),
            None => Err(Missing::elsewhere(format!("what `{arn}` allows is not in the inputs"))),
        }
    }

    fn cap(&self, boundary: &'o Boundary, account: &str) -> Cap<'o> {
        let found = match boundary {
            Boundary::None => return Cap::None,
            Boundary::Unknown(trail) => {
                let why = trail.last().cloned();
                return Cap::Unknown(vec![
                    why.unwrap_or_else(|| "which boundary it carries is unknown".to_owned()),
                ]);
            }
            Boundary::Arn(arn) => self.arn_policy(arn.expose(), account).map(|found| {
                let own = found.own_arn.clone();
                (found, own.unwrap_or_else(|| arn.expose().to_owned()))
            }),
            Boundary::Policy(key) => match self.org.find(key) {
                Some(node) => self.node_policy(node, account).map(|found| {
                    let arn = found.own_arn.clone().unwrap_or_default();
                    (found, arn)
                }),
                None => Err(Missing::elsewhere(format!("what `{key}` allows is not in the inputs"))),
            },
        };
        match found {
            Ok((Found { policy, name, document, .. }, arn)) => {
                Cap::Policy { policy, name: name.to_string(), arn, document }
            }
            Err(missing) => Cap::Unknown(vec![missing.why]),
        }
    }
}

/// The policies that a group gives to its members.
pub(super) fn of_group<'o>(org: &'o Organization, group: NodeId, like: &Subject<'o>) -> Vec<Held<'o>> {
    let index = Index::of(org);
    let Some(NodeKind::Group(data)) = org.node(group).map(|node| &node.kind) else { return Vec::new() };
    let mut joined = Subject { held: Vec::new(), unknowns: Vec::new(), unread: Vec::new(), ..like.clone() };
    let written = like.account_text.as_deref().unwrap_or("111111111111");
    Index::inline(&data.inline, Some(group), true, &mut joined);
    index.managed(group, Some(group), true, written, &mut joined);
    joined.held
}

/// Permission sets that are assigned and that no input shows.
pub(super) fn unread_assignments(org: &Organization) -> Vec<Unread<'_>> {
    let is_shown = |set: &NodeId| org.node(*set).is_some_and(|node| !node.is_elsewhere());
    let assignments = org.access().assignments.iter().filter(|it| !it.set.as_ref().is_some_and(is_shown));
    let unread = assignments.map(|it| {
        let (why, until_apply) = match &it.set_arn {
            Attr::Known(arn) => {
                (format!("what the permission set `{arn}` allows is not in the inputs"), false)
            }
            Attr::Unknown | Attr::Absent => {
                (format!("which permission set `{}` assigns is unknown until apply", it.address), true)
            }
        };
        Unread { address: &it.address, stack: it.stack.clone(), why, until_apply }
    });
    unread.collect()
}

/// A policy that was looked up.
struct Found<'o> {
    policy: &'o Policy,
    name: Arc<str>,
    document: Option<&'o Document>,
    own_arn: Option<String>,
}

/// Numbers principals that are alike but for their account.
pub(super) fn cohorts(org: &Organization, tag_keys: &BTreeSet<String>, subjects: &mut [Subject<'_>]) {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut chains: BTreeMap<NodeId, String> = BTreeMap::new();
    for subject in subjects {
        let account = subject.account_text.clone().unwrap_or_default();
        let alike =
            |text: &str| if account.is_empty() { text.to_owned() } else { text.replace(&account, "ACCOUNT") };
        let mut parts: Vec<String> =
            subject.held.iter().map(|held| format!("{} {}", held.must, alike(held.policy.text()))).collect();
        parts.sort();
        parts.extend(subject.unknowns.iter().map(|why| format!("? {why}")));
        parts.push(match &subject.cap {
            Cap::None => "no boundary".to_owned(),
            Cap::Policy { policy, arn, .. } => format!("boundary {} {}", alike(arn), alike(policy.text())),
            Cap::Unknown(why) => format!("unknown boundary {why:?}"),
        });
        parts.push(alike(&subject.arn));
        for side in [super::Side::AtLeast, super::Side::AtMost] {
            parts.push(format!("{:?}", subject.tagged(tag_keys, side)));
        }
        parts.push(format!("{:?}", subject.place));
        if let Some(account) = subject.account {
            let text = subject.account_text.clone().unwrap_or_default();
            let chain = chains.entry(account).or_insert_with(|| {
                let chain = org.policy_chain(account, &orgward_org::PolicyType::ServiceControl);
                let attached = chain.levels.iter().flat_map(|level| &level.attached);
                let mut policies = attached.filter_map(|it| it.org_policy.data.document.policy());
                let is_named = !text.is_empty() && policies.any(|policy| policy.text().contains(&text));
                // A policy that names one account treats it unlike all others below it.
                let own = if is_named { text.as_str() } else { "" };
                let management = org.management() == Some(account);
                format!("{management} {:?} {:?} {own}", chain.signature(), chain.enabled)
            });
            parts.push(chain.clone());
        }
        let next = numbers.len();
        subject.cohort = *numbers.entry(parts.join("\n")).or_insert(next);
    }
}
