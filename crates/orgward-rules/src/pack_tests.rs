use std::collections::BTreeMap;

use orgward_iam::{
    AccessLevel, Answer, Callers, Catalogue, Compared, Decider, Denying, Level, Policy, PolicyChain,
    Relation, Remedy, RequestSet, compare, may_be_allowed,
};

use orgward_config::Config;
use orgward_config::Pack;
use orgward_org::QuotaName;
use orgward_proof::{EnforcedBy, Guardrail};

fn shipped(name: &str) -> Vec<Guardrail> {
    Pack::find(name).unwrap().guardrails(&BTreeMap::new()).unwrap()
}

fn denying(guardrails: &[Guardrail]) -> Vec<Denying> {
    let denying = |guardrail: &Guardrail| {
        let denying = Denying::of(&guardrail.id, &guardrail.claim);
        if is_of_resources(guardrail) { denying.with_principals() } else { denying }
    };
    guardrails.iter().map(denying).collect()
}

fn is_of_resources(guardrail: &Guardrail) -> bool {
    guardrail.enforced_by == EnforcedBy::ResourceControl
}

/// A request that a guardrail forbids and that policies at the root, beside `FullAWSAccess`, leave open.
fn gap(guardrail: &Guardrail, policies: &[Policy]) -> Answer {
    let full = if is_of_resources(guardrail) {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
        Policy::parse(text, orgward_iam::Kind::ResourceControl).unwrap()
    } else {
        Remedy::full_access().unwrap()
    };
    let policies = policies.iter().chain([&full]).map(|policy| Decider { name: "policy", policy }).collect();
    let level = |target, policies| Level { target, policies };
    let chain = PolicyChain(vec![
        level("root", policies),
        level("account", vec![Decider { name: "FullAWSAccess", policy: &full }]),
    ]);
    if is_of_resources(guardrail) {
        let all = RequestSet::bound_by_resource_control();
        return may_be_allowed(all.and(guardrail.claim.requests()), None, Some(&chain));
    }
    let bound = RequestSet::by(Callers::Principals).minus(RequestSet::by(Callers::ServiceLinked));
    may_be_allowed(bound.and(guardrail.claim.requests()), Some(&chain), None)
}

fn parsed(remedies: &[Remedy]) -> Vec<Policy> {
    remedies.iter().map(|remedy| remedy.policy().unwrap()).collect()
}

#[test]
fn every_pack_is_read_and_has_what_it_names() {
    assert_eq!(
        Pack::all().len(),
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../orgward-config/data/packs"))
            .unwrap()
            .count()
    );
    assert!(Pack::all().is_sorted_by_key(|pack| pack.name));
    for pack in Pack::all() {
        let guardrails = shipped(pack.name);
        assert!(!guardrails.is_empty(), "{}", pack.name);
        for (name, parameter) in &pack.parameters {
            assert!(parameter.default.is_some() || !parameter.example.is_empty(), "{}: {name}", pack.name);
            // It stands in the text, or is made into one that does.
            let example = parameter.example.first().cloned().unwrap_or_else(|| "iam".to_owned());
            let nothing = BTreeMap::new();
            let others = pack.missing(&nothing).map(|(other, it)| (other.to_owned(), it.example.clone()));
            let others: BTreeMap<String, Vec<String>> = others.collect();
            let mut set = others.clone();
            set.insert(name.clone(), vec![example]);
            // The lists of certified services are AWS's: this one stands for them.
            let list = "@pci-dss\t2026-03-01\thttps://audit.example/\nappmesh\tpci-dss\n";
            let lists = orgward_config::CertifiedLists::parse("lists.tsv", list).unwrap();
            let with = |values| pack.guardrails_with(values, &lists).unwrap();
            let changes = || with(&others) != with(&set);
            assert!(
                pack.text.contains(&format!("{{{{{name}}}}}")) || changes(),
                "`{name}` of {} changes nothing",
                pack.name
            );
        }
        for guardrail in guardrails {
            assert!(guardrail.description.is_some(), "{}", guardrail.id);
            let spec = guardrail.claim.spec();
            let words = format!("{spec:?}");
            assert!(!words.contains("{{"), "{}: {words}", guardrail.id);
            for action in spec.actions.iter().chain(&spec.not_actions).flatten() {
                let known = Catalogue::get().actions_matching(action).next().is_some();
                assert!(known || action == "*", "{}: {action}", guardrail.id);
            }
        }
    }
}

/// The promise of `guardrail show --as scp`: what it prints makes the pack hold, and no statement is idle.
#[test]
fn the_policy_of_a_pack_makes_it_hold_and_needs_every_statement() {
    for pack in Pack::all() {
        let guardrails = shipped(pack.name);
        let remedies = Remedy::within(QuotaName::ScpCharacters.of_aws().value, denying(&guardrails)).unwrap();
        assert!(
            remedies.iter().all(|remedy| remedy.characters() <= QuotaName::ScpCharacters.of_aws().value),
            "{}",
            pack.name
        );
        let policies = parsed(&remedies);
        for guardrail in &guardrails {
            assert_eq!(gap(guardrail, &policies), Answer::None, "{}", guardrail.id);
            assert!(matches!(gap(guardrail, &[]), Answer::Witness(_)), "{}: without a policy", guardrail.id);
        }
        let statements: Vec<Denying> = remedies.into_iter().flat_map(|remedy| remedy.statements).collect();
        for left_out in 0..statements.len() {
            let mut rest = statements.clone();
            rest.remove(left_out);
            let policies = parsed(&[Remedy::new(rest)]);
            let broken: Vec<&str> = guardrails
                .iter()
                .filter(|guardrail| matches!(gap(guardrail, &policies), Answer::Witness(_)))
                .map(|guardrail| guardrail.id.as_str())
                .collect();
            assert!(!broken.is_empty(), "{}: statement {left_out} is idle", pack.name);
        }
    }
}

/// All packs together fit in few policies of today's quota, with room for more on the same target.
#[test]
fn each_pack_fits_in_one_policy_and_all_in_two() {
    let policies = |guardrails: &[Guardrail]| {
        Remedy::within(QuotaName::ScpCharacters.of_aws().value, denying(guardrails)).unwrap().len()
    };
    for pack in Pack::all() {
        assert_eq!(policies(&shipped(pack.name)), 1, "{}", pack.name);
    }
    let all = Pack::all().iter().flat_map(|pack| shipped(pack.name));
    let (of_resources, all): (Vec<Guardrail>, Vec<Guardrail>) = all.partition(is_of_resources);
    assert!(policies(&all) <= 2 && policies(&of_resources) <= 2);
}

/// The five statements as published: a policy with exactly these makes the pack hold, and without any one of them it
/// does not; and the policy of the pack denies nothing else.
#[test]
fn the_published_statements_are_the_pack() {
    let published = include_str!("../../orgward-config/data/amazon-infosec.published.json");
    let document: serde_json::Value = serde_json::from_str(published).unwrap();
    let statements = document["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 5);
    let policy = |statements: &[serde_json::Value]| {
        let text = serde_json::json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        Policy::parse(text.as_str(), orgward_iam::Kind::ServiceControl).unwrap()
    };
    let guardrails = shipped("amazon-infosec");
    let pasted = policy(statements);
    for guardrail in &guardrails {
        assert_eq!(gap(guardrail, std::slice::from_ref(&pasted)), Answer::None, "{}", guardrail.id);
    }
    for left_out in 0..statements.len() {
        let mut rest = statements.clone();
        rest.remove(left_out);
        let rest = policy(&rest);
        let open: Vec<&str> = guardrails
            .iter()
            .filter(|guardrail| matches!(gap(guardrail, std::slice::from_ref(&rest)), Answer::Witness(_)))
            .map(|guardrail| guardrail.id.as_str())
            .collect();
        assert_eq!(open.len(), 1, "statement {left_out}: {open:?}");
    }
    let ours = Remedy::new(denying(&guardrails)).policy().unwrap();
    assert_eq!(compare(&pasted, &ours).relation, Relation::Equivalent);
    // What the hardened pack adds is not in the published text.
    let hardened = shipped("amazon-infosec-hardened");
    assert!(
        hardened
            .iter()
            .all(|guardrail| matches!(gap(guardrail, std::slice::from_ref(&pasted)), Answer::Witness(_)))
    );
}

/// Verbs with which the APIs of the security services turn things off or change them.
const WEAKENING: &[&str] = &[
    "Delete",
    "Stop",
    "Disable",
    "Disassociate",
    "Deregister",
    "Update",
    "BatchDisable",
    "BatchDelete",
    "BatchUpdate",
    "PutEventSelectors",
    "PutInsightSelectors",
    "PutConfigurationRecorder",
    "PutDeliveryChannel",
    "PutRetention",
    "StartConfigurationPolicyDisassociation",
];

/// What begins with such a verb and turns nothing off, with the reason.
const HARMLESS: &[(&str, &[&str])] = &[
    (
        "dashboards, queries, imports, channels and federation of event data stores: nothing less is recorded",
        &[
            "cloudtrail:DeleteChannel",
            "cloudtrail:DeleteDashboard",
            "cloudtrail:DeleteResourcePolicy",
            "cloudtrail:DeleteServiceLinkedChannel",
            "cloudtrail:DisableFederation",
            "cloudtrail:StopImport",
            "cloudtrail:UpdateChannel",
            "cloudtrail:UpdateDashboard",
            "cloudtrail:UpdateServiceLinkedChannel",
        ],
    ),
    (
        "rules, remediations, queries, results and grants of one account: the recorder goes on",
        &[
            "config:DeleteAggregationAuthorization",
            "config:DeleteConfigRule",
            "config:DeleteConformancePack",
            "config:DeleteConnector",
            "config:DeleteEvaluationResults",
            "config:DeletePendingAggregationRequest",
            "config:DeleteRemediationConfiguration",
            "config:DeleteRemediationExceptions",
            "config:DeleteResourceConfig",
            "config:DeleteStoredQuery",
        ],
    ),
    (
        "lists, filters, feedback and invitations: they sort findings, and detection goes on",
        &[
            "guardduty:DeleteCustomDetectionRuleAssociation",
            "guardduty:DeleteCustomDetectionRuleOrgConfiguration",
            "guardduty:DeleteFilter",
            "guardduty:DeleteIPSet",
            "guardduty:DeleteInvitations",
            "guardduty:DeleteThreatEntitySet",
            "guardduty:DeleteThreatIntelSet",
            "guardduty:DeleteTrustedEntitySet",
            "guardduty:UpdateCustomDetectionRuleAssociation",
            "guardduty:UpdateCustomDetectionRuleOrgConfiguration",
            "guardduty:UpdateFilter",
            "guardduty:UpdateFindingsFeedback",
            "guardduty:UpdateIPSet",
            "guardduty:UpdateThreatEntitySet",
            "guardduty:UpdateThreatIntelSet",
            "guardduty:UpdateTrustedEntitySet",
        ],
    ),
    (
        "findings, insights, actions, connectors, automation and invitations: the controls go on",
        &[
            "securityhub:BatchDeleteAutomationRules",
            "securityhub:BatchUpdateAutomationRules",
            "securityhub:BatchUpdateFindings",
            "securityhub:DeleteActionTarget",
            "securityhub:DeleteAutomationRuleV2",
            "securityhub:DeleteConnector",
            "securityhub:DeleteConnectorV2",
            "securityhub:DeleteInsight",
            "securityhub:DeleteInvitations",
            "securityhub:UpdateActionTarget",
            "securityhub:UpdateAutomationRuleV2",
            "securityhub:UpdateConnector",
            "securityhub:UpdateConnectorV2",
            "securityhub:UpdateFindings",
            "securityhub:UpdateInsight",
        ],
    ),
    (
        "archive rules and findings: the analyzer goes on",
        &[
            "access-analyzer:DeleteArchiveRule",
            "access-analyzer:UpdateArchiveRule",
            "access-analyzer:UpdateFindings",
        ],
    ),
];

/// "Everything that turns it off" is derived from the catalogue: what a new version of it adds is decided here.
#[test]
fn the_baseline_names_everything_that_turns_a_security_service_off() {
    let baseline: Vec<String> = shipped("baseline")
        .iter()
        .flat_map(|guardrail| guardrail.claim.spec().actions.clone().unwrap_or_default())
        .collect();
    let harmless: Vec<&str> = HARMLESS.iter().flat_map(|(_, actions)| actions.iter().copied()).collect();
    for service in ["access-analyzer", "cloudtrail", "config", "guardduty", "securityhub"] {
        for action in Catalogue::get().actions_matching(&format!("{service}:*")) {
            let verb = action.name().split_once(':').unwrap().1;
            let weakens = WEAKENING.iter().any(|weakening| verb.starts_with(weakening));
            let decided = usize::from(baseline.iter().any(|named| named == action.name()))
                + usize::from(harmless.contains(&action.name()));
            assert_eq!(decided, usize::from(weakens), "{}", action.name());
        }
    }
}

/// What actions that destroy data begin with, and what they end with.
const DESTROYING: [&str; 8] =
    ["BatchDelete", "Delete", "Disassociate", "Drop", "Purge", "Reset", "Schedule", "Terminate"];
const DATA: [&str; 32] = [
    "Archive",
    "Backup",
    "Bucket",
    "CacheCluster",
    "Cluster",
    "Collection",
    "DBCluster",
    "DBInstance",
    "Database",
    "Datastore",
    "DbCluster",
    "DbInstance",
    "Disk",
    "FileSystem",
    "Graph",
    "KeyDeletion",
    "KeyMaterial",
    "KeyStore",
    "Ledger",
    "MultiRegionResource",
    "Namespace",
    "RecoveryPoint",
    "ReplicationGroup",
    "ServerlessCache",
    "ShardGroup",
    "Snapshot",
    "Snapshots",
    "Table",
    "TableReplica",
    "Tape",
    "Vault",
    "Volume",
];

/// Actions that begin and end like one that destroys data and are none of those that production data keeps, each with
/// the reason.
const SPARED: &[(&str, &[&str])] = &[
    (
        "settings, names, networks and analyses: the data is elsewhere and stays",
        &[
            "appsync:DeleteChannelNamespace",
            "aps:DeleteRuleGroupsNamespace",
            "aws-external-anthropic:DeleteVault",
            "chime:DeleteCDRBucket",
            "cleanrooms:DeleteConfiguredTable",
            "cleanrooms:DeleteIdMappingTable",
            "cleanrooms:DeleteIntermediateTable",
            "detective:DeleteGraph",
            "ec2:DeleteLocalGatewayRouteTable",
            "ec2:DeleteRouteTable",
            "ec2:DeleteTransitGatewayPolicyTable",
            "ec2:DeleteTransitGatewayRouteTable",
            "ec2:DisassociateRouteTable",
            "ec2:DisassociateTransitGatewayPolicyTable",
            "ec2:DisassociateTransitGatewayRouteTable",
            "elasticache:DisassociateGlobalReplicationGroup",
            "entityresolution:DeleteIdNamespace",
            "geo:DeleteGeofenceCollection",
            "glue:BatchDeleteTable",
            "glue:DeleteColumnStatisticsForTable",
            "glue:DeleteDatabase",
            "glue:DeleteTable",
            "logs:DeleteLookupTable",
            "quicksight:DeleteNamespace",
            "rekognition:DeleteCollection",
            "route53:DeleteCidrCollection",
            "servicediscovery:DeleteNamespace",
            "shield:DisassociateDRTLogBucket",
            "storagegateway:DisassociateFileSystem",
        ],
    ),
    (
        "compute, caches in front of a store, and volumes that come and go with it",
        &[
            "dax:DeleteCluster",
            "deadline:DeleteVolume",
            "ec2:DeleteVolume",
            "ecs:DeleteCluster",
            "eks:DeleteCluster",
            "emr-containers:DeleteVirtualCluster",
            "finspace:DeleteKxCluster",
            "finspace:DeleteKxVolume",
            "medialive:DeleteCluster",
            "odb:DisassociateVirtualMachinesFromExadbVmCluster",
            "pcs:DeleteCluster",
            "route53-recovery-control-config:DeleteCluster",
            "sagemaker:DeleteCluster",
            "workspaces-instances:DeleteVolume",
            "workspaces-instances:DisassociateVolume",
        ],
    ),
    ("messages, which are kept for days", &["kafka:DeleteCluster"]),
    ("no data of production, but that of a server that manages it", &["opsworks-cm:DeleteBackup"]),
];

/// "Everything that destroys data" is derived from the catalogue: what a new version of it adds is decided here.
#[test]
fn no_way_to_destroy_data_is_forgotten() {
    let named: Vec<String> = shipped("production-data")
        .iter()
        .flat_map(|guardrail| guardrail.claim.spec().actions.clone().unwrap_or_default())
        .collect();
    let spared: Vec<&str> = SPARED.iter().flat_map(|(_, actions)| actions.iter().copied()).collect();
    let (mut undecided, mut found) = (Vec::new(), Vec::new());
    for action in Catalogue::get().actions().filter(|action| action.level() > AccessLevel::Read) {
        let verb = action.name().split_once(':').unwrap().1;
        let destroys =
            DESTROYING.iter().any(|it| verb.starts_with(it)) && DATA.iter().any(|it| verb.ends_with(it));
        if !destroys {
            continue;
        }
        found.push(action.name());
        let is_kept = named.iter().any(|pattern| orgward_iam::action_matches(pattern, action.name()));
        if is_kept == spared.contains(&action.name()) {
            undecided.push(action.name());
        }
    }
    assert_eq!(undecided, [""; 0], "kept and spared, or neither");
    assert!(spared.iter().all(|action| found.contains(action)));
    for action in [
        "backup:DisassociateRecoveryPoint",
        "lightsail:DeleteDisk",
        "lightsail:DeleteRelationalDatabase",
        "redshift:BatchDeleteClusterSnapshots",
        "s3express:DeleteBucket",
    ] {
        assert!(found.contains(&action), "{action}");
    }
}

/// The rule about organizations was published as a denial of everything, and is often copied as a denial of leaving.
#[test]
fn the_two_readings_of_the_organizations_rule_differ() {
    let policy = |actions: &[&str]| {
        let values = actions.iter().map(|action| (*action).to_owned()).collect();
        let values = BTreeMap::from([("organizations_actions".to_owned(), values)]);
        let guardrails = Pack::find("amazon-infosec").unwrap().guardrails(&values).unwrap();
        let rule =
            guardrails.into_iter().find(|guardrail| guardrail.id.ends_with("no-organizations")).unwrap();
        (Remedy::new(denying(std::slice::from_ref(&rule))).policy().unwrap(), rule)
    };
    let (strict, everything) = policy(&["organizations:*"]);
    let (weak, leaving) = policy(&["organizations:LeaveOrganization"]);
    let Compared { relation, gained, lost, .. } = compare(&strict, &weak);
    assert_eq!((relation, lost), (Relation::Wider, Answer::None));
    let Answer::Witness(request) = gained else { panic!("{gained:?}") };
    assert!(request.action.starts_with("organizations:"), "{}", request.action);
    assert_eq!(gap(&leaving, std::slice::from_ref(&strict)), Answer::None);
    assert!(matches!(gap(&everything, std::slice::from_ref(&weak)), Answer::Witness(_)));
}

/// A list of certified services names hundreds of them: one statement, which cannot be shared between policies.
#[test]
fn a_long_list_of_certified_services_fits_in_a_policy() {
    let services: Vec<String> =
        Catalogue::get().services().take(200).map(|service| service.prefix().to_owned()).collect();
    let values = BTreeMap::from([("services".to_owned(), services.clone())]);
    let guardrails = Pack::find("approved-services").unwrap().guardrails(&values).unwrap();
    let remedies = Remedy::within(QuotaName::ScpCharacters.of_aws().value, denying(&guardrails)).unwrap();
    let policies = parsed(&remedies);
    assert_eq!(gap(&guardrails[0], &policies), Answer::None);
    // A service that is certified in the policy and not in the claim.
    let values = BTreeMap::from([("services".to_owned(), services[1..].to_vec())]);
    let stricter = Pack::find("approved-services").unwrap().guardrails(&values).unwrap();
    let Answer::Witness(request) = gap(&stricter[0], &policies) else { panic!("it is open") };
    assert!(request.action.starts_with(&format!("{}:", services[0])), "{}", request.action);
}

/// The policy that `guardrail show region-lock` prints is one that the region lock is proved by.
#[test]
fn the_region_lock_is_a_guardrail_like_any_other() {
    for profile in ["strict", "aws-sample", "control-tower"] {
        let text = format!(
            "[regions]\nallowed = ['eu-west-1']\nprofile = '{profile}'\nexempt_principals = ['arn:aws:iam::*:role/x']"
        );
        let lock = Config::parse("orgward.toml", &text).unwrap().region_lock().unwrap();
        let remedies =
            Remedy::within(QuotaName::ScpCharacters.of_aws().value, denying(std::slice::from_ref(&lock)))
                .unwrap();
        assert_eq!(remedies.len(), 1);
        assert_eq!(gap(&lock, &parsed(&remedies)), Answer::None, "{profile}");
        assert!(matches!(gap(&lock, &[]), Answer::Witness(_)));
    }
    assert_eq!(Config::default().region_lock(), None);
}

/// A session that the management account opens for one task is the root user, and is spared.
#[test]
fn central_root_access_goes_on() {
    let baseline = shipped("baseline");
    let root = baseline.iter().find(|guardrail| guardrail.id.ends_with("no-root-user")).unwrap();
    let Answer::Witness(mut request) = gap(root, &[]) else { panic!("it is open") };
    assert!(root.claim.requests().contains(&request));
    request.context.set("aws:AssumedRoot", orgward_iam::ContextValue::One("true".to_owned()));
    assert!(!root.claim.requests().contains(&request));
}
