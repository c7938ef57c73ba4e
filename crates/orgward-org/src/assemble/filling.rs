//! What an attribute of a resource can be, where it stands in a policy document.
//!
//! The plan shows that a value is made of an attribute, and not how. Where an attribute of a type stands that is
//! the type of the place (the ARN of a role as principal, the id of the organization for `aws:PrincipalOrgID`), it is
//! taken to be passed on as it is; elsewhere something may be put before or after it, and the filling says so.

use std::collections::BTreeSet;

use orgward_plan::{Action, Attr, Instance, Landing, Mode, Object, Plan, Target};

use super::Builder;
use crate::hole::ORGANIZATION;
use crate::{Filling, NodeKind};

/// Where in a statement a value stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Position {
    Action,
    Resource,
    /// The type: `AWS`, `Service`, `Federated`.
    Principal(String),
    /// The key, in lower case.
    Condition(String),
}

/// Resources with policies: the type, the attribute that names one, how its ARN is made of it (service, then what follows
/// the account), and whether it has nothing inside of it that a policy could name. Sorted by type.
const ARNS: &[(&str, &str, &str, bool)] = &[
    ("aws_backup_vault", "name", "backup:backup-vault:{}", false),
    ("aws_cloudwatch_event_bus", "name", "events:event-bus/{}", true),
    ("aws_cloudwatch_log_destination", "name", "logs:destination:{}", true),
    ("aws_codeartifact_domain", "domain", "codeartifact:domain/{}", false),
    ("aws_dynamodb_table", "name", "dynamodb:table/{}", false),
    ("aws_efs_file_system", "id", "elasticfilesystem:file-system/{}", true),
    ("aws_elasticsearch_domain", "domain_name", "es:domain/{}", false),
    ("aws_glacier_vault", "name", "glacier:vaults/{}", true),
    ("aws_kinesis_stream", "name", "kinesis:stream/{}", false),
    ("aws_kms_external_key", "id", "kms:key/{}", true),
    ("aws_kms_key", "key_id", "kms:key/{}", true),
    ("aws_lambda_function", "function_name", "lambda:function:{}", false),
    ("aws_opensearch_domain", "domain_name", "es:domain/{}", false),
    // Secrets Manager puts six characters behind the name.
    ("aws_secretsmanager_secret", "name", "secretsmanager:secret:{}-??????", true),
    ("aws_sns_topic", "name", "sns:{}", true),
    ("aws_sqs_queue", "name", "sqs:{}", true),
];

/// An account as policy documents write it, and whether it is known which one it is.
struct Place {
    account: String,
    /// Whether the account, or the resource that creates it, is known.
    placed: bool,
    partition: String,
}

impl<'a> Builder<'_, 'a> {
    /// Gives everything a symbol that gets its id when the plan is applied.
    pub(super) fn name_what_is_unknown(&mut self) {
        let mut number = 0;
        let mut placeholder_ids = self.placeholder_ids.take();
        let accounts: Vec<_> = self
            .organization
            .accounts()
            .filter(|account| !matches!(account.node.id, Attr::Known(_)))
            .map(|account| (account.id, account.node.key.clone()))
            .collect();
        for (id, key) in accounts {
            number += 1;
            let symbol = placeholder_ids.account(number, format!("${{{key}.id}}"));
            self.organization.account_symbols.insert(id, symbol);
        }
        for (index, stack) in self.stacks.iter().enumerate() {
            let keys: BTreeSet<String> = stack
                .plan
                .instances()
                .iter()
                .filter(|instance| {
                    instance.kind.starts_with("aws_iam_") || instance.kind == "aws_caller_identity"
                })
                .filter_map(|instance| stack.plan.provider_key(instance))
                .collect();
            for key in keys {
                number += 1;
                let symbol = placeholder_ids.account(number, format!("(account of provider {key})"));
                self.elsewhere.insert((index, key), symbol);
            }
        }
        let created = self.of_kind("aws_organizations_organization").iter().find(|piece| {
            piece.instance.action == Action::Create
                && !piece.instance.imported
                && piece.object.get("id").text().is_unknown()
        });
        if let Some(piece) = created {
            placeholder_ids.organization(format!("${{{}.id}}", piece.instance.address));
            let address = (piece.stack, piece.instance.address.clone());
            let index = self.organizations.get(&address).copied().unwrap_or_default();
            let root = self.organization.organization_mut(index);
            root.is_new = root.id.is_none();
        }
        *self.placeholder_ids.get_mut() = placeholder_ids;
    }

    /// What stands for the account of an instance of which nothing says where it is.
    pub(super) fn elsewhere(&self, stack: usize, instance: &Instance<'a>) -> Option<String> {
        let key = self.stacks.get(stack)?.plan.provider_key(instance)?;
        self.elsewhere.get(&(stack, key)).cloned()
    }

    /// What an attribute can be at a place.
    pub(super) fn filling(&self, stack: usize, target: &Target, position: &Position) -> Filling {
        let found = self.stacks.get(stack).and_then(|stack| {
            let instance = stack.plan.instance(&target.address)?;
            Some((stack.plan, instance, instance.after()?))
        });
        let Some((plan, instance, object)) = found else { return Filling::Anything };
        let attribute = match (target.attribute.as_str(), position) {
            // The attribute is lost with an index; only one of these can be a principal.
            ("", Position::Principal(_)) if instance.kind.starts_with("aws_iam_") => "arn",
            (attribute, _) => attribute,
        };
        let partition = || plan.partition(instance).unwrap_or_else(|| "aws".to_owned());
        let filling = match (&*instance.kind, attribute) {
            ("aws_iam_role", "arn") => self.principal(stack, plan, instance, &object, "role", position),
            ("aws_iam_user", "arn") => self.principal(stack, plan, instance, &object, "user", position),
            ("aws_iam_policy", "arn" | "id") => self.policy(stack, plan, instance, &object, position),
            ("aws_iam_openid_connect_provider", "arn") => {
                let host = known(&object, "url")
                    .map(|url| url.trim_start_matches("https://").trim_end_matches('/').to_owned());
                self.provider(
                    stack,
                    plan,
                    instance,
                    host.map(|host| format!("oidc-provider/{host}")),
                    position,
                )
            }
            ("aws_iam_saml_provider", "arn") => {
                let name = known(&object, "name").map(|name| format!("saml-provider/{name}"));
                self.provider(stack, plan, instance, name, position)
            }
            ("aws_organizations_organization", "id") => {
                self.organization_id(stack, instance, &object, position)
            }
            ("aws_organizations_organization", "master_account_id") => {
                let index = self.organizations.get(&(stack, target.address.clone())).copied();
                let account = self.management_id(index.unwrap_or_default());
                account.and_then(|account| account_filling(&account, &partition(), position))
            }
            ("aws_organizations_account", "id") => {
                let id = self.created(stack, target, &object);
                id.and_then(|account| account_filling(&account, &partition(), position))
            }
            ("aws_caller_identity", "account_id" | "id") if instance.mode == Mode::Data => {
                let place = self.place(stack, plan, instance);
                place
                    .filter(|place| place.placed || matches!(position, Position::Principal(_)))
                    .and_then(|place| account_filling(&place.account, &place.partition, position))
            }
            ("aws_s3_bucket", "arn") if *position == Position::Resource => {
                known(&object, "bucket").map(|bucket| Filling::Among(vec![format!("arn:*:s3:::{bucket}*")]))
            }
            (kind, "arn") if *position == Position::Resource && has_nothing_inside(kind) => {
                self.own_arn(stack, plan, instance, &object)
            }
            _ => None,
        };
        filling.unwrap_or(Filling::Anything)
    }

    /// The ARN of a resource with a policy. Where it stands in a policy and there is nothing inside of the resource, nothing is
    /// put behind it.
    fn own_arn(
        &self,
        stack: usize,
        plan: &Plan<'a>,
        instance: &Instance<'a>,
        object: &Object,
    ) -> Option<Filling> {
        let (_, attribute, form, _) = ARNS.iter().find(|(kind, ..)| *kind == &*instance.kind)?;
        let Place { account, partition, .. } = self.place(stack, plan, instance)?;
        let region = plan.region(instance).known().unwrap_or_else(|| "*".to_owned());
        let name = match object.get(attribute).text() {
            Attr::Known(name) if !name.is_sensitive() => name.expose().to_owned(),
            Attr::Known(_) => return None,
            Attr::Unknown | Attr::Absent => {
                let shown = format!("${{{}.{attribute}}}", instance.address);
                self.placeholder_ids.borrow_mut().name(shown)
            }
        };
        let (service, end) = form.split_once(':')?;
        Some(Filling::Exactly(format!(
            "arn:{partition}:{service}:{region}:{account}:{}",
            end.replace("{}", &name)
        )))
    }

    /// The ARN of a resource with a policy, as an exact text that something may stand behind.
    pub(super) fn arn_in_text(&self, stack: usize, target: &Target) -> Option<String> {
        let plan = self.stacks.get(stack)?.plan;
        let instance = plan.instance(&target.address)?;
        match self.own_arn(stack, plan, instance, &instance.after()?)? {
            Filling::Exactly(arn) => Some(arn),
            Filling::Among(_) | Filling::Anything => None,
        }
    }

    fn principal(
        &self,
        stack: usize,
        plan: &Plan<'a>,
        instance: &Instance<'a>,
        object: &Object,
        word: &str,
        position: &Position,
    ) -> Option<Filling> {
        let place = self.place(stack, plan, instance)?;
        let resource = self.resource(instance, object, word)?;
        let exact = format!("arn:{}:iam::{}:{resource}", place.partition, place.account);
        let anywhere = || Filling::Among(vec![format!("arn:*:iam::*:{resource}")]);
        match position {
            Position::Principal(kind) if kind == "AWS" => Some(Filling::Exactly(exact)),
            Position::Condition(key) if key == "aws:principalarn" => {
                Some(if place.placed { Filling::Exactly(exact) } else { anywhere() })
            }
            Position::Resource if place.placed => Some(Filling::Among(vec![format!("{exact}*")])),
            Position::Resource => Some(Filling::Among(vec![format!("arn:*:iam::*:{resource}*")])),
            _ => None,
        }
    }

    fn policy(
        &self,
        stack: usize,
        plan: &Plan<'a>,
        instance: &Instance<'a>,
        object: &Object,
        position: &Position,
    ) -> Option<Filling> {
        let Position::Condition(key) = position else { return None };
        if !matches!(key.as_str(), "iam:permissionsboundary" | "iam:policyarn") {
            return None;
        }
        let place = self.place(stack, plan, instance)?;
        let resource = self.resource(instance, object, "policy")?;
        Some(if place.placed {
            Filling::Exactly(format!("arn:{}:iam::{}:{resource}", place.partition, place.account))
        } else {
            Filling::Among(vec![format!("arn:*:iam::*:{resource}")])
        })
    }

    fn provider(
        &self,
        stack: usize,
        plan: &Plan<'a>,
        instance: &Instance<'a>,
        resource: Option<String>,
        position: &Position,
    ) -> Option<Filling> {
        if *position != Position::Principal("Federated".to_owned()) {
            return None;
        }
        let Place { account, partition, .. } = self.place(stack, plan, instance)?;
        Some(Filling::Exactly(format!("arn:{partition}:iam::{account}:{}", resource?)))
    }

    fn organization_id(
        &self,
        stack: usize,
        instance: &Instance<'a>,
        object: &Object,
        position: &Position,
    ) -> Option<Filling> {
        let Position::Condition(key) = position else { return None };
        let index = self.organizations.get(&(stack, instance.address.clone())).copied().unwrap_or_default();
        let id = match known(object, "id") {
            Some(id) => id,
            None if instance.mode == Mode::Managed && self.organization.organization(index).is_new => {
                ORGANIZATION.to_owned()
            }
            None => return None,
        };
        match key.as_str() {
            "aws:principalorgid" | "aws:sourceorgid" | "aws:resourceorgid" => Some(Filling::Exactly(id)),
            "aws:principalorgpaths" | "aws:sourceorgpaths" | "aws:resourceorgpaths" => {
                Some(Filling::Among(vec![format!("{id}/*")]))
            }
            _ => None,
        }
    }

    /// The id of an account of the plan.
    fn created(&self, stack: usize, target: &Target, object: &Object) -> Option<String> {
        known(object, "id").or_else(|| {
            let node = self.addresses.get(&(stack, target.address.clone()))?;
            self.organization.account_symbols.get(node).cloned()
        })
    }

    fn management_id(&self, index: usize) -> Option<String> {
        let at = self.organization.organization(index).management?;
        let node = self.organization.node(at)?;
        match node.id.as_ref() {
            Attr::Known(id) if id.is_sensitive() => None,
            Attr::Known(id) => Some(id.expose().to_owned()),
            _ => self.organization.account_symbols.get(&at).cloned(),
        }
    }

    /// The account that an instance lands in.
    fn place(&self, stack: usize, plan: &Plan<'a>, instance: &Instance<'a>) -> Option<Place> {
        let placement = plan.placement(instance);
        let partition = plan.partition(instance).unwrap_or_else(|| "aws".to_owned());
        let account = match placement.landing() {
            Some(Landing::Account(id)) => Some(id.clone()),
            Some(Landing::Created(address)) => {
                let node = self.addresses.get(&(stack, address.clone())).copied();
                node.and_then(|at| {
                    let node = self.organization.node(at)?;
                    let NodeKind::Account(_) = &node.kind else { return None };
                    match node.id.as_ref() {
                        Attr::Known(id) => (!id.is_sensitive()).then(|| id.expose().to_owned()),
                        _ => self.organization.account_symbols.get(&at).cloned(),
                    }
                })
            }
            Some(Landing::Management) => {
                self.organization_for(stack, instance).and_then(|index| self.management_id(index))
            }
            None => None,
        };
        match account {
            Some(account) => Some(Place { account, placed: true, partition }),
            None => Some(Place { account: self.elsewhere(stack, instance)?, placed: false, partition }),
        }
    }

    /// What follows the account in an ARN; an unknown name gets a symbol.
    fn resource(&self, instance: &Instance<'a>, object: &Object, word: &str) -> Option<String> {
        let path = match object.get("path").text() {
            Attr::Known(path) if !path.is_sensitive() => path.expose().to_owned(),
            Attr::Absent => "/".to_owned(),
            Attr::Known(_) | Attr::Unknown => return None,
        };
        let name = match object.get("name").text() {
            Attr::Known(name) if !name.is_sensitive() => name.expose().to_owned(),
            Attr::Unknown => {
                self.placeholder_ids.borrow_mut().name(format!("${{{}.name}}", instance.address))
            }
            Attr::Known(_) | Attr::Absent => return None,
        };
        Some(format!("{word}{path}{name}"))
    }
}

/// Whether a resource with a policy has nothing inside of it that the policy could name.
fn has_nothing_inside(kind: &str) -> bool {
    ARNS.iter().any(|(it, _, _, alone)| *it == kind && *alone)
}

/// What the id of an account can be made into.
fn account_filling(account: &str, partition: &str, position: &Position) -> Option<Filling> {
    match position {
        // The id, the root, or a principal of the account: the whole account at most.
        Position::Principal(kind) if kind == "AWS" => {
            Some(Filling::Among(vec![format!("arn:{partition}:iam::{account}:root")]))
        }
        Position::Condition(key) => match key.as_str() {
            "aws:principalaccount" | "aws:sourceaccount" | "aws:resourceaccount" => {
                Some(Filling::Exactly(account.to_owned()))
            }
            "aws:principalarn" => Some(Filling::Among(vec![format!("arn:*:iam::{account}:*")])),
            _ => None,
        },
        Position::Principal(_) | Position::Action | Position::Resource => None,
    }
}

/// A value that may be written out.
fn known(object: &Object, attribute: &str) -> Option<String> {
    let text = object.get(attribute).text().known()?;
    (!text.is_sensitive()).then(|| text.expose().to_owned())
}
