//! Resources with policies, what is shared, what closes to the public, and what runs as a role.

use std::collections::{BTreeMap, BTreeSet};

use orgward_iam::{Arn, Kind};
use orgward_plan::{Attr, Legal, Mode, Step, Text, View};

use super::carriers::{CARRIERS, CLOSED, Carrier, NAMES, RUNTIMES, SHARINGS, SWITCHES, Sharing, Switch};
use super::{Builder, Piece};
use crate::resource::{
    Acl, PublicAccessBlock, Resource, ResourcePolicy, Runtime, Share, SharedWith, is_canonical_user,
};
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

/// The input of names that are unique over all inputs.
const ANYWHERE: usize = usize::MAX;

impl<'a> Builder<'_, 'a> {
    /// Fills in what the tables of `carriers.rs` name.
    pub(super) fn access_facts(&mut self, other: &BTreeMap<&str, Vec<Piece<'_, 'a>>>) {
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
                        // The name of a bucket is unique, whichever input manages it.
                        if base == "aws_s3_bucket" && *name == "bucket" {
                            named
                                .entry((ANYWHERE, base, text.expose().to_owned()))
                                .or_insert_with(|| key.clone());
                        }
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
        self.blocks(&named, other);
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
            if resource.policies.iter().any(|it| Some(&it.address) != own.as_ref() && !it.is_statement()) {
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
        let closed = self.closed(piece, row.resource);
        let resource =
            resources.entry(key.clone()).or_insert_with(|| nothing_known(key, row.base, row.service));
        if is_self {
            resource.closed = closed;
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
                let last = name.rsplit([':', '/']).next().unwrap_or(name);
                let known = [piece.stack, ANYWHERE].into_iter().find_map(|stack| {
                    [name, last].into_iter().find_map(|name| named.get(&(stack, base, name.to_owned())))
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

    /// Whether a resource keeps the public out by itself.
    fn closed(&self, piece: &Piece<'_, 'a>, resource: &str) -> Attr<bool> {
        const ACCESS_POINT: &str = "aws_s3control_multi_region_access_point";
        if resource == "aws_s3control_multi_region_access_point_policy" {
            let name = |piece: &Piece<'_, '_>| path_of(&piece.object.view(), "details.name").text().known();
            let points = self.of_kind(ACCESS_POINT).iter();
            let mut own = points.filter(|point| name(point).is_some_and(|it| Some(it) == name(piece)));
            return own.next().map_or(Attr::Unknown, |point| self.closed(point, ACCESS_POINT));
        }
        let Some((_, networks, flags)) = CLOSED.iter().find(|(it, ..)| *it == resource) else {
            return Attr::Absent;
        };
        let view = piece.object.view();
        let networks = networks.iter().map(|name| match view.get(name).items() {
            Attr::Known(blocks) => Attr::Known(!blocks.is_empty()),
            // What the plan computes of a block that is not written is no network.
            Attr::Unknown => Attr::Unknown,
            Attr::Absent => Attr::Known(false),
        });
        let flags = flags.iter().map(|path| match path_of(&view, path).bool() {
            Attr::Absent => Attr::Known(true),
            flag => flag,
        });
        let all: Vec<Attr<bool>> = networks.chain(flags).collect();
        if all.contains(&Attr::Known(true)) {
            Attr::Known(true)
        } else if all.contains(&Attr::Unknown) {
            Attr::Unknown
        } else {
            Attr::Known(false)
        }
    }

    /// Access control lists of buckets, and whether they count.
    fn acls(&mut self, named: &Named, resources: &mut BTreeMap<Key, Resource>) {
        let mut own_users: BTreeSet<String> = BTreeSet::new();
        for piece in self.of_kind("aws_cloudfront_origin_access_identity") {
            let id = piece.object.get("s3_canonical_user_id").text().known();
            own_users.extend(id.map(|id| id.expose().to_owned()));
        }
        // The list of a bucket itself first: one of its own resource takes its place.
        for (kind, of) in [("aws_s3_bucket", ""), ("aws_s3_bucket_acl", "bucket")] {
            for piece in self.of_kind(kind).iter().filter(|it| it.instance.mode == Mode::Managed) {
                let key = if of.is_empty() {
                    self.key(piece)
                } else {
                    self.holder(piece, of, "aws_s3_bucket", named).0
                };
                let control = piece.object.get("access_control_policy").item(0);
                let owner = control.get("owner").item(0).get("id").text().known();
                own_users.extend(owner.map(|id| id.expose().to_owned()));
                let grants = if of.is_empty() { piece.object.get("grant") } else { control.get("grant") };
                let Some(acl) = access_control(piece, grants, of.is_empty()) else { continue };
                if let Some(resource) = resources.get_mut(&key) {
                    resource.acl = Some(acl);
                } else if acl.public != Attr::Known(false) || !acl.users.is_empty() {
                    // The bucket of another stack, of which the list says whom it lets in.
                    let (account, owner) = self.place_of(piece);
                    let bucket = piece.object.get("bucket").text().known();
                    let arn = bucket.map(|bucket| format!("arn:aws:s3:::{}", bucket.expose()));
                    let resource = nothing_known(key.clone(), "aws_s3_bucket", "s3");
                    resources.insert(key, Resource { arn, account, owner, acl: Some(acl), ..resource });
                }
            }
        }
        for piece in self.of_kind("aws_s3_bucket_ownership_controls") {
            let (key, _) = self.holder(piece, "bucket", "aws_s3_bucket", named);
            let ownership = piece.object.get("rule").item(0).get("object_ownership").text();
            if let Some(resource) = resources.get_mut(&key) {
                resource.acls_enabled = ownership.map(|it| it.expose() != "BucketOwnerEnforced");
            }
        }
        self.organization.access.own_users = own_users;
    }

    fn blocks(&mut self, named: &Named, other: &BTreeMap<&str, Vec<Piece<'_, 'a>>>) {
        const BLOCK: &str = "aws_s3_bucket_public_access_block";
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
        // What the other side alone has, a plan makes or destroys: there is none on this side.
        let here: BTreeSet<&Key> = self
            .organization
            .access
            .blocks
            .iter()
            .filter(|block| block.kind == BLOCK)
            .map(|it| &it.holder)
            .collect();
        let there = other.get(BLOCK).into_iter().flatten();
        let there: BTreeSet<Key> =
            there.map(|piece| self.holder(piece, "bucket", "aws_s3_bucket", named).0).collect();
        let gone = there.into_iter().filter(|key| !here.contains(key)).collect();
        self.organization.access.unblocked = gone;
    }

    fn block(&mut self, piece: &Piece<'_, 'a>, row: &'static Switch, named: &Named) -> PublicAccessBlock {
        let (mut account, _) = self.place_of(piece);
        let holder = if row.of.is_empty() {
            if let Some(given) = piece.object.get("account_id").text().known() {
                account = Some(given.expose().to_owned());
            }
            self.switch_of(piece, row.resource, account.as_deref())
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

    /// What a switch of an account and region is called.
    fn switch_of(&self, piece: &Piece<'_, 'a>, switch: &str, account: Option<&str>) -> Key {
        let region = self.stacks.get(piece.stack).map(|stack| stack.plan.region(piece.instance));
        // The block of S3 is about all regions.
        let region = region.and_then(Attr::known).filter(|_| !switch.contains("_s3_"));
        let account = account.map_or_else(|| format!("input {}", piece.stack), str::to_owned);
        Key(format!("{switch} {account} {}", region.unwrap_or_default()).into())
    }

    fn share(&mut self, piece: &Piece<'_, 'a>, row: &'static Sharing) {
        let (account, _) = self.place_of(piece);
        let switch = (!row.switch.is_empty()).then(|| self.switch_of(piece, row.switch, account.as_deref()));
        let subject = match piece.object.get(row.subject).text() {
            Attr::Known(text) => text.to_string(),
            Attr::Unknown | Attr::Absent => piece.instance.address.to_string(),
        };
        let mut with = Vec::new();
        let mut is_sensitive = false;
        for attribute in row.with {
            let entries = all_at(piece.object.view(), attribute);
            is_sensitive |= entries.iter().any(|entry| entry.is_sensitive());
            with.extend(entries.iter().filter_map(|entry| shared_with(entry.text())));
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
                switch: switch.clone(),
                with,
                is_sensitive,
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

/// A resource of which only the type is known.
fn nothing_known(key: Key, kind: &'static str, service: &'static str) -> Resource {
    Resource {
        key,
        address: None,
        kind,
        service,
        arn: None,
        account: None,
        owner: None,
        created: false,
        closed: Attr::Absent,
        policies: Vec::new(),
        acl: None,
        acls_enabled: Attr::Absent,
    }
}

/// An access control list as a bucket or a resource of its own sets it; `None` where it sets none.
fn access_control(piece: &Piece<'_, '_>, grants: View<'_>, of_bucket: bool) -> Option<Acl> {
    let canned = piece.object.get("acl").text();
    let owner =
        piece.object.get("access_control_policy").item(0).get("owner").item(0).get("id").text().known();
    let grantee = |grant: &View<'_>, name: &str| {
        let inside = if of_bucket { *grant } else { grant.get("grantee").item(0) };
        inside.get(name).text().known()
    };
    let mut users = Vec::new();
    let public = match (&canned, grants.items()) {
        (Attr::Known(acl), _) if !acl.expose().is_empty() => {
            Attr::Known(matches!(acl.expose(), "public-read" | "public-read-write" | "authenticated-read"))
        }
        (_, Attr::Known(grants)) if !grants.is_empty() || !of_bucket => {
            let ids = grants.iter().filter_map(|grant| grantee(grant, "id"));
            users.extend(ids.filter(|id| Some(id) != owner.as_ref()).map(|id| id.expose().to_owned()));
            Attr::Known(grants.iter().any(|grant| {
                grantee(grant, "uri").is_some_and(|uri| {
                    uri.expose().ends_with("/AllUsers") || uri.expose().ends_with("/AuthenticatedUsers")
                })
            }))
        }
        // What a bucket computes is what another resource sets.
        _ if of_bucket => return None,
        (Attr::Unknown, _) | (_, Attr::Unknown) => Attr::Unknown,
        _ => Attr::Known(false),
    };
    // Of a bucket that sets it itself, the owner is not told from others.
    users.retain(|id| !of_bucket && is_canonical_user(id));
    users.sort();
    users.dedup();
    Some(Acl { address: piece.instance.address.clone(), public, users })
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

/// All values that a path with dots leads to, through every item of the lists on its way.
fn all_at<'v>(view: View<'v>, path: &str) -> Vec<View<'v>> {
    let items = |view: View<'v>| match view.items() {
        Attr::Known(items) => items,
        Attr::Unknown | Attr::Absent => vec![view],
    };
    path.split('.')
        .fold(vec![view], |views, name| views.into_iter().flat_map(|view| items(view.get(name))).collect())
}

/// With whom an entry of a share shares; `None` when it is not set.
fn shared_with(text: Attr<Text>) -> Option<SharedWith> {
    let text = match text {
        Attr::Known(text) => text,
        Attr::Unknown => return Some(SharedWith::Unknown),
        Attr::Absent => return None,
    };
    let text = text.expose().trim();
    // A service of AWS that uses what is shared, such as a connector, acts for the account that shares it.
    if text.is_empty() || text.ends_with(".amazonaws.com") {
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
