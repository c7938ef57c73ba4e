//! Resources with policies, what is shared, what closes to the public, and what runs as a role.

use std::collections::BTreeMap;

use orgward_iam::{Arn, Kind};
use orgward_plan::{Attr, Legal, Mode, Step, Text, View};

use super::carriers::{CARRIERS, Carrier, NAMES, RUNTIMES, SHARINGS, SWITCHES, Sharing, Switch};
use super::{Builder, Piece};
use crate::resource::{Acl, PublicAccessBlock, Resource, ResourcePolicy, Runtime, Share, SharedWith};
use crate::{Document, Key, Modality, NodeId, NodeKind};

/// Key policies that give the account all of the key, which is what AWS writes where nothing is set.
const DEFAULT_KEY_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"*ACCOUNT*"},"Action":"kms:*","Resource":"*"}]}"#;

/// Attributes that name what a reference means.
const ROLE: Legal<'_> = Legal(&["aws_iam_role.arn", "aws_iam_role.id", "aws_iam_role.name"]);

/// Attributes that name what a reference means.
const PROFILE: Legal<'_> =
    Legal(&["aws_iam_instance_profile.arn", "aws_iam_instance_profile.id", "aws_iam_instance_profile.name"]);

/// Attributes that name what a reference means.
const SHARE: Legal<'_> = Legal(&["aws_ram_resource_share.arn", "aws_ram_resource_share.id"]);

/// Resources by input, type and one of their names.
type Named = BTreeMap<(usize, &'static str, String), Key>;

impl<'a> Builder<'_, 'a> {
    /// Fills in what the tables of `carriers.rs` name.
    pub(super) fn access_facts(&mut self, _other: &BTreeMap<&str, Vec<Piece<'_, '_>>>) {
        let mut standing = std::collections::BTreeSet::new();
        let mut named = Named::new();
        let mut bases: Vec<&'static str> = CARRIERS.iter().map(|row| row.base).collect();
        bases.sort_unstable();
        bases.dedup();
        for base in bases {
            for piece in self.of_kind(base).iter().filter(|piece| piece.instance.deposed.is_none()) {
                let key = self.key(piece);
                for name in NAMES {
                    if let Attr::Known(text) = piece.object.get(name).text() {
                        named
                            .entry((piece.stack, base, text.expose().to_owned()))
                            .or_insert_with(|| key.clone());
                    }
                }
                standing.insert(key);
            }
        }
        let mut resources: BTreeMap<Key, Resource> = BTreeMap::new();
        for row in CARRIERS {
            for piece in self.of_kind(row.resource).iter().filter(|it| it.instance.mode == Mode::Managed) {
                self.carrier(piece, row, &named, &mut resources);
            }
        }
        self.acls(&named, &mut resources);
        self.blocks(&named);
        for row in SHARINGS {
            for piece in self.of_kind(row.resource) {
                self.share(piece, row);
            }
        }
        self.runtimes();
        self.endpoints();
        let facts = &mut self.organization.access;
        facts.standing = standing;
        for resource in resources.values_mut() {
            // What a resource shows of its policy is what another resource sets, as of the last refresh.
            let own = resource.address.clone();
            if resource
                .policies
                .iter()
                .any(|it| Some(&it.address) != own.as_ref() && !it.document.name.ends_with("(statement)"))
            {
                resource.policies.retain(|it| Some(&it.address) != own.as_ref());
            }
        }
        facts.resources = resources.into_values().collect();
        facts.shares.sort_by(|a, b| (&a.address, &a.with).cmp(&(&b.address, &b.with)));
        facts.blocks.sort_by(|a, b| a.address.cmp(&b.address));
        facts.runtimes.sort_by(|a, b| a.address.cmp(&b.address));
        facts.grants.sort_by(|a, b| a.address.cmp(&b.address));
        facts.joined.sort_by(|a, b| (&a.address, a.user).cmp(&(&b.address, b.user)));
        facts.assignments.sort_by(|a, b| a.address.cmp(&b.address));
    }

    /// The account of a piece as policy documents write it, and its node.
    pub(super) fn place_of(&mut self, piece: &Piece<'_, 'a>) -> (Option<String>, Option<NodeId>) {
        let Some(stack) = self.stacks.get(piece.stack) else { return (None, None) };
        let placement = stack.plan.placement(piece.instance);
        let owner =
            placement.landing().and_then(|landing| self.landing(piece.stack, piece.instance, landing));
        let account = owner
            .and_then(|owner| self.organization.symbolic_account_id(owner).map(str::to_owned))
            .or_else(|| self.elsewhere(piece.stack, piece.instance));
        (account, owner)
    }

    /// Adds the policy that a piece sets to its resource.
    fn carrier(
        &mut self,
        piece: &Piece<'_, 'a>,
        row: &'static Carrier,
        named: &Named,
        resources: &mut BTreeMap<Key, Resource>,
    ) {
        let Some(stack) = self.stacks.get(piece.stack) else { return };
        let unset = stack.plan.is_unset(piece.instance, row.document.split('.').next().unwrap_or_default());
        let is_self = row.of.is_empty();
        let is_key = row.base.contains("_kms_");
        let (key, name) =
            if is_self { (self.key(piece), None) } else { self.holder(piece, row.of, row.base, named) };
        let (account, owner) = self.place_of(piece);
        let document = if row.document.is_empty() {
            self.written_statement(piece, row.resource, account.as_deref())
        } else if is_self
            && is_key
            && unset
            && path_of(&piece.object.view(), row.document).text().known().is_none()
        {
            account.as_deref().map(|account| {
                let root = format!("arn:aws:iam::{account}:root");
                let text = Text::plain(DEFAULT_KEY_POLICY.replace("*ACCOUNT*", &root));
                Document::known(format!("{}.policy", piece.instance.address), Kind::Resource, &text)
            })
        } else if is_self && !is_key && unset {
            // What a refresh read is what another resource sets, or set.
            None
        } else {
            let steps: Vec<Step<'_>> = steps(row.document);
            let text = path_of(&piece.object.view(), row.document).text();
            let is_set = !matches!(&text, Attr::Absent)
                && !matches!(&text, Attr::Known(text) if text.expose().trim().is_empty());
            is_set.then(|| self.document(piece, &steps, Kind::Resource, row.document))
        };
        let arn = self.resource_arn(piece, row, name.as_deref(), account.as_deref());
        let resource = resources.entry(key.clone()).or_insert_with(|| Resource {
            key,
            address: None,
            kind: row.base,
            service: row.service,
            arn: None,
            account: None,
            owner: None,
            created: false,
            policies: Vec::new(),
            acl: None,
            acls_enabled: Attr::Absent,
        });
        if is_self {
            resource.address = Some(piece.instance.address.clone());
            resource.created =
                piece.instance.action == orgward_plan::Action::Create && !piece.instance.imported;
        }
        resource.arn = resource.arn.take().or(arn);
        resource.account = resource.account.take().or(account);
        resource.owner = resource.owner.or(owner);
        if let Some(document) = document {
            resource.policies.push(ResourcePolicy {
                address: piece.instance.address.clone(),
                stack: stack.name.clone(),
                document,
            });
        }
    }

    /// The resource that an attribute names: its key, and the name when the plan shows it.
    fn holder(
        &self,
        piece: &Piece<'_, 'a>,
        attribute: &str,
        base: &'static str,
        named: &Named,
    ) -> (Key, Option<String>) {
        let own = || Key(format!("{base} of {}", self.key(piece)).into());
        match piece.object.get(attribute).text() {
            Attr::Known(text) => {
                let name = text.expose();
                let known = named.get(&(piece.stack, base, name.to_owned())).or_else(|| {
                    let last = name.rsplit([':', '/']).next().unwrap_or(name);
                    named.get(&(piece.stack, base, last.to_owned()))
                });
                let literal = || {
                    Key(format!("{base} {}", if text.is_sensitive() { "(sensitive value)" } else { name })
                        .into())
                };
                (known.cloned().unwrap_or_else(literal), Some(name.to_owned()))
            }
            Attr::Absent => (own(), None),
            Attr::Unknown => {
                let Some(stack) = self.stacks.get(piece.stack) else { return (own(), None) };
                let attributes: Vec<String> = NAMES.iter().map(|name| format!("{base}.{name}")).collect();
                let legal: Vec<&str> = attributes.iter().map(String::as_str).collect();
                let resolution = stack.plan.resolve(piece.instance, &[Step::Name(attribute)], &Legal(&legal));
                match resolution.targets.as_slice() {
                    [only] => {
                        let found = self.of_kind(base).iter().find(|other| {
                            other.stack == piece.stack && other.instance.address == only.address
                        });
                        (found.map_or_else(own, |found| self.key(found)), None)
                    }
                    _ => (own(), None),
                }
            }
        }
    }

    /// The ARN of the resource that a piece is, or is about.
    fn resource_arn(
        &self,
        piece: &Piece<'_, 'a>,
        row: &Carrier,
        name: Option<&str>,
        account: Option<&str>,
    ) -> Option<String> {
        if row.base == "aws_s3_bucket" {
            let own = piece.object.get("bucket").text().known().map(|it| it.expose().to_owned());
            let bucket = name.map(str::to_owned).or(own).filter(|it| !it.is_empty())?;
            return Some(if bucket.starts_with("arn:") { bucket } else { format!("arn:aws:s3:::{bucket}") });
        }
        if row.of.is_empty() {
            let arn = if row.base == "aws_api_gateway_rest_api" { "execution_arn" } else { "arn" };
            return piece.object.get(arn).text().known().map(|arn| arn.expose().to_owned());
        }
        let name = name?;
        if name.starts_with("arn:") {
            return Some(name.to_owned());
        }
        if row.arn.is_empty() {
            return None;
        }
        let stack = self.stacks.get(piece.stack)?;
        let region = stack.plan.region(piece.instance).known().unwrap_or_else(|| "*".to_owned());
        let account = account?;
        let last = name.rsplit('/').next().filter(|_| row.service == "sqs").unwrap_or(name);
        Some(format!("arn:aws:{}:{region}:{account}:{}", row.service, row.arn.replace("{}", last)))
    }

    /// Access control lists of buckets, and whether they count.
    fn acls(&mut self, named: &Named, resources: &mut BTreeMap<Key, Resource>) {
        for piece in self.of_kind("aws_s3_bucket_ownership_controls") {
            let (key, _) = self.holder(piece, "bucket", "aws_s3_bucket", named);
            let ownership = piece.object.get("rule").item(0).get("object_ownership").text();
            if let Some(resource) = resources.get_mut(&key) {
                resource.acls_enabled = ownership.map(|it| it.expose() != "BucketOwnerEnforced");
            }
        }
        for piece in self.of_kind("aws_s3_bucket_acl") {
            let (key, _) = self.holder(piece, "bucket", "aws_s3_bucket", named);
            let canned = piece.object.get("acl").text();
            let grants = piece.object.get("access_control_policy").item(0).get("grant").items();
            let public = match (&canned, grants) {
                (Attr::Known(acl), _) if !acl.expose().is_empty() => Attr::Known(matches!(
                    acl.expose(),
                    "public-read" | "public-read-write" | "authenticated-read"
                )),
                (_, Attr::Known(grants)) => Attr::Known(grants.iter().any(|grant| {
                    let uri = grant.get("grantee").item(0).get("uri").text().known();
                    uri.is_some_and(|uri| {
                        uri.expose().ends_with("/AllUsers") || uri.expose().ends_with("/AuthenticatedUsers")
                    })
                })),
                (Attr::Unknown, _) | (_, Attr::Unknown) => Attr::Unknown,
                _ => Attr::Known(false),
            };
            if let Some(resource) = resources.get_mut(&key) {
                resource.acl = Some(Acl { address: piece.instance.address.clone(), public });
            }
        }
    }

    fn blocks(&mut self, named: &Named) {
        for row in SWITCHES {
            for piece in self.of_kind(row.resource) {
                let is_one = row.only.is_none_or(|(attribute, end)| {
                    let text = piece.object.get(attribute).text();
                    text.known().is_some_and(|text| text.expose().ends_with(end))
                });
                if !is_one {
                    continue;
                }
                let block = self.block(piece, row, named);
                self.organization.access.blocks.push(block);
            }
        }
    }

    fn block(&mut self, piece: &Piece<'_, 'a>, row: &'static Switch, named: &Named) -> PublicAccessBlock {
        let (account, _) = self.place_of(piece);
        let holder = if row.of.is_empty() {
            let region = self.stacks.get(piece.stack).map(|stack| stack.plan.region(piece.instance));
            // The block of S3 is about all regions.
            let region = region.and_then(Attr::known).filter(|_| !row.resource.contains("_s3_"));
            let given = piece.object.get("account_id").text().known().map(|id| id.expose().to_owned());
            let account =
                given.or_else(|| account.clone()).unwrap_or_else(|| format!("input {}", piece.stack));
            Key(format!("{} {account} {}", row.resource, region.unwrap_or_default()).into())
        } else {
            self.holder(piece, row.of, "aws_s3_bucket", named).0
        };
        let level = |name: &str, values: &[&str]| {
            let view = piece.object.get(name);
            let text = match view.bool() {
                Attr::Known(flag) => Attr::Known(flag.to_string()),
                _ => view.text().map(|text| text.expose().to_owned()),
            };
            text.map(|text| {
                values
                    .iter()
                    .position(|it| *it == text)
                    .and_then(|at| u8::try_from(at).ok())
                    .unwrap_or_default()
            })
        };
        PublicAccessBlock {
            address: piece.instance.address.clone(),
            stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
            kind: row.resource,
            holder,
            account: account.clone(),
            switches: row.switches.iter().map(|(name, values)| (*name, level(name, values))).collect(),
            opens_when_destroyed: row.opens_when_destroyed,
        }
    }

    fn share(&mut self, piece: &Piece<'_, 'a>, row: &'static Sharing) {
        let (account, _) = self.place_of(piece);
        let subject = match piece.object.get(row.subject).text() {
            Attr::Known(text) => text.to_string(),
            Attr::Unknown | Attr::Absent => piece.instance.address.to_string(),
        };
        let mut with = Vec::new();
        for attribute in row.with {
            let view = path_of(&piece.object.view(), attribute);
            match view.items() {
                Attr::Known(items) => with.extend(items.iter().filter_map(|item| shared_with(item.text()))),
                _ => with.extend(shared_with(view.text())),
            }
        }
        // Provider arguments that compute a value leave it unknown where it is not set.
        let plan = self.stacks.get(piece.stack).map(|stack| stack.plan);
        let computed = row.with.iter().all(|attribute| {
            plan.is_some_and(|plan| {
                plan.is_unset(piece.instance, attribute.split('.').next().unwrap_or_default())
            })
        });
        with.retain(|it| *it != SharedWith::Unknown || !computed);
        if row.resource == "aws_ram_principal_association" && !self.shares_outside(piece) {
            // AWS refuses principals outside of the organization.
            with.retain(|it| *it == SharedWith::Unknown);
        }
        with.sort();
        with.dedup();
        for with in with {
            self.organization.access.shares.push(Share {
                address: piece.instance.address.clone(),
                stack: self.stacks.get(piece.stack).and_then(|stack| stack.name.clone()),
                what: row.what,
                subject: subject.clone(),
                account: account.clone(),
                with,
            });
        }
    }

    /// Whether a resource share may be used outside of the organization; it may where the inputs do not show it.
    fn shares_outside(&self, piece: &Piece<'_, 'a>) -> bool {
        let share = piece.object.get("resource_share_arn").text();
        let found = self.of_kind("aws_ram_resource_share").iter().find(|other| match &share {
            Attr::Known(arn) => other.object.get("arn").text().known().is_some_and(|it| it == *arn),
            Attr::Absent => false,
            Attr::Unknown => {
                let Some(stack) = self.stacks.get(piece.stack) else { return false };
                let path = [Step::Name("resource_share_arn")];
                let targets = stack.plan.resolve(piece.instance, &path, &SHARE).targets;
                other.stack == piece.stack && targets.iter().any(|it| it.address == other.instance.address)
            }
        });
        found.is_none_or(|share| match share.object.get("allow_external_principals").bool() {
            Attr::Known(allowed) => allowed,
            Attr::Unknown => true,
            Attr::Absent => false,
        })
    }

    fn runtimes(&mut self) {
        let mut profiles: BTreeMap<(usize, String), Vec<NodeId>> = BTreeMap::new();
        let by_name = self.roles_by_name();
        for piece in self.of_kind("aws_iam_instance_profile") {
            let roles = self.role_of(piece, "role", &by_name);
            let texts = ["name", "id", "arn"].map(|name| piece.object.get(name).text().known());
            for text in texts.into_iter().flatten() {
                profiles.insert((piece.stack, text.expose().to_owned()), roles.clone());
            }
            profiles.insert((piece.stack, piece.instance.address.to_string()), roles);
        }
        for (kind, attributes) in RUNTIMES {
            for piece in self.of_kind(kind) {
                for attribute in *attributes {
                    let roles = if attribute.contains("iam_instance_profile") {
                        self.profile_of(piece, attribute, &profiles)
                    } else {
                        self.role_of(piece, attribute, &by_name)
                    };
                    let modality = if roles.len() == 1 { Modality::Must } else { Modality::May };
                    for role in roles {
                        let text = |name: &str| piece.object.get(name).text().known();
                        let arn =
                            text("arn").or_else(|| text("id").filter(|id| id.expose().starts_with("arn:")));
                        self.organization.access.runtimes.push(Runtime {
                            address: piece.instance.address.clone(),
                            kind,
                            arn: arn.map(|arn| arn.expose().to_owned()),
                            role,
                            modality,
                        });
                    }
                }
            }
        }
    }

    fn roles_by_name(&self) -> BTreeMap<(usize, String), NodeId> {
        let mut names = BTreeMap::new();
        for ((stack, _), &at) in &self.addresses {
            let Some(node) = self.organization.node(at) else { continue };
            if let (NodeKind::Role(_), Attr::Known(name)) = (&node.kind, &node.name) {
                names.insert((*stack, name.expose().to_owned()), at);
            }
        }
        names
    }

    /// The roles that an attribute may mean.
    fn role_of(
        &self,
        piece: &Piece<'_, 'a>,
        attribute: &str,
        by_name: &BTreeMap<(usize, String), NodeId>,
    ) -> Vec<NodeId> {
        match path_of(&piece.object.view(), attribute).text() {
            Attr::Known(text) => {
                let name = text.expose();
                let by_arn = self.arns.get(name).copied();
                let last = name.rsplit('/').next().unwrap_or(name);
                let own = || by_name.get(&(piece.stack, last.to_owned())).copied();
                by_arn.or_else(own).into_iter().collect()
            }
            Attr::Absent => Vec::new(),
            Attr::Unknown => {
                let Some(stack) = self.stacks.get(piece.stack) else { return Vec::new() };
                let resolution = stack.plan.resolve(piece.instance, &steps(attribute), &ROLE);
                let targets = resolution.targets.iter();
                targets
                    .filter_map(|it| self.addresses.get(&(piece.stack, it.address.clone())).copied())
                    .collect()
            }
        }
    }

    fn profile_of(
        &self,
        piece: &Piece<'_, 'a>,
        attribute: &str,
        profiles: &BTreeMap<(usize, String), Vec<NodeId>>,
    ) -> Vec<NodeId> {
        let of = |text: &str| profiles.get(&(piece.stack, text.to_owned())).cloned().unwrap_or_default();
        match path_of(&piece.object.view(), attribute).text() {
            Attr::Known(text) => of(text.expose()),
            Attr::Absent => Vec::new(),
            Attr::Unknown => {
                let Some(stack) = self.stacks.get(piece.stack) else { return Vec::new() };
                let resolution = stack.plan.resolve(piece.instance, &steps(attribute), &PROFILE);
                resolution.targets.iter().flat_map(|it| of(it.address.as_str())).collect()
            }
        }
    }
}

/// The steps of a path with dots: blocks are lists of one.
pub(super) fn steps(path: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for (at, name) in path.split('.').enumerate() {
        if at > 0 {
            steps.push(Step::Index(0));
        }
        steps.push(Step::Name(name));
    }
    steps
}

/// The place that a path with dots leads to; a block is a list of one, or a map.
pub(super) fn path_of<'v>(view: &View<'v>, path: &str) -> View<'v> {
    path.split('.').enumerate().fold(*view, |view, (at, name)| {
        let inside = if at > 0 && matches!(view.items(), Attr::Known(_)) { view.item(0) } else { view };
        inside.get(name)
    })
}

/// With whom an entry of a share shares; `None` when it is not set.
fn shared_with(text: Attr<Text>) -> Option<SharedWith> {
    let text = match text {
        Attr::Known(text) => text,
        Attr::Unknown => return Some(SharedWith::Unknown),
        Attr::Absent => return None,
    };
    let text = text.expose().trim();
    if text.is_empty() {
        return None;
    }
    if text.eq_ignore_ascii_case("all") || text == "*" {
        return Some(SharedWith::Everybody);
    }
    Some(match Arn::parse(text) {
        // `arn:aws:organizations::MANAGEMENT:organization/o-…` and `…:ou/o-…/ou-…`.
        Some(arn) if arn.service == "organizations" => {
            let id = arn.resource.split('/').nth(1).unwrap_or_default();
            SharedWith::Organization(id.to_owned())
        }
        Some(arn) => SharedWith::Account(arn.account.to_owned()),
        None => SharedWith::Account(text.to_owned()),
    })
}
