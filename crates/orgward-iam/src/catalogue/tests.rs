use std::collections::BTreeSet;
use std::path::Path;

use super::{AccessLevel, Action, ActionList, Catalogue, KeyKind, Share};

fn action(name: &str) -> Action {
    Catalogue::get().action(name).unwrap_or_else(|| panic!("{name} is not listed"))
}

fn types(name: &str) -> Vec<(&'static str, bool)> {
    action(name).resource_types().map(|kind| (kind.name, kind.required)).collect()
}

// Checked by hand against the Service Authorization Reference.
#[test]
fn actions_that_were_checked_by_hand() {
    assert_eq!(action("S3:getobject").name(), "s3:GetObject");
    assert_eq!(action("s3:GetObject").level(), AccessLevel::Read);
    assert_eq!(types("s3:GetObject"), [("accesspointobject", false), ("object", false)]);
    assert_eq!(types("sts:AssumeRole"), [("role", true)]);
    assert_eq!(types("ec2:DescribeInstances"), []);
    assert!(!action("iam:ListRoles").has_resource_types());
    assert_eq!(action("s3:ListAllMyBuckets").level(), AccessLevel::List);
    assert_eq!(action("iam:PutRolePolicy").level(), AccessLevel::PermissionsManagement);
    assert_eq!(action("ec2:CreateTags").level(), AccessLevel::Tagging);
    assert_eq!(
        action("ec2:RunInstances").dependent_actions().collect::<Vec<_>>(),
        ["ec2:CreateTags", "iam:PassRole", "ssm:GetParameters"]
    );
    let bucket = action("s3:DeleteBucket").resource_types().find(|kind| kind.name == "bucket").unwrap();
    assert_eq!(bucket.arn(), "arn:${Partition}:s3:::${BucketName}");
    assert_eq!(bucket.pattern(), "arn:*:s3:::*");
    let keys: BTreeSet<_> = action("iam:CreateRole").condition_keys().map(|key| key.name).collect();
    assert!(keys.contains("iam:PermissionsBoundary") && keys.contains("aws:TagKeys"), "{keys:?}");
    assert!(Catalogue::get().action("s3:DeleteBuckets").is_none());
}

#[test]
fn condition_keys_and_their_kinds() {
    let key = |name| Catalogue::get().condition_key(name).map(|key| (key.name, key.kind, key.multivalued));
    assert_eq!(key("AWS:principalarn"), Some(("aws:PrincipalArn", KeyKind::Arn, false)));
    assert_eq!(key("aws:PrincipalOrgPaths"), Some(("aws:PrincipalOrgPaths", KeyKind::String, true)));
    assert_eq!(key("aws:TagKeys"), Some(("aws:TagKeys", KeyKind::String, true)));
    assert_eq!(key("aws:RequestTag/team"), Some(("aws:RequestTag/${TagKey}", KeyKind::String, false)));
    assert_eq!(key("aws:MultiFactorAuthAge").map(|key| key.1), Some(KeyKind::Numeric));
    assert_eq!(key("aws:SourceIp").map(|key| key.1), Some(KeyKind::IpAddress));
    assert_eq!(key("aws:SecureTransport").map(|key| key.1), Some(KeyKind::Bool));
    assert_eq!(key("example.com:sub"), None);
}

#[test]
fn patterns_find_what_they_match() {
    let matching =
        |pattern: &str| Catalogue::get().actions_matching(pattern).map(Action::name).collect::<Vec<_>>();
    assert_eq!(matching("S3:deletebucket"), ["s3:DeleteBucket"]);
    assert!(matching("s3:DeleteBucket*").contains(&"s3:DeleteBucketPolicy"));
    assert_eq!(matching("s3:DeleteBuckets"), [""; 0]);
    assert_eq!(matching("s3:"), [""; 0]);
    let catalogue = Catalogue::get();
    assert_eq!(catalogue.actions_matching("*").count(), catalogue.actions().count());
    assert_eq!(
        catalogue.actions_matching("kms:*").count(),
        catalogue.service("kms").unwrap().actions().count()
    );
    // The short cut by the literal start loses nothing.
    for pattern in ["ec2:*Vpc*", "IAM:*Role*", "s3:?etObject", "lambda:Invoke*"] {
        let slow = catalogue.actions().filter(|action| crate::action_matches(pattern, action.name()));
        assert_eq!(slow.map(Action::name).collect::<Vec<_>>(), matching(pattern), "{pattern}");
    }
}

#[test]
fn services_and_regions() {
    let catalogue = Catalogue::get();
    let global = |prefix| catalogue.service(prefix).and_then(super::Service::global_region);
    assert_eq!(global("iam"), Some("us-east-1"));
    assert_eq!(global("networkmanager"), Some("us-west-2"));
    assert!(catalogue.is_global("organizations") && catalogue.is_global("Route53"));
    for regional in ["ec2", "s3", "kms", "sts", "config", "no-such-service"] {
        assert!(!catalogue.is_global(regional), "{regional}");
    }
    assert_eq!(catalogue.service("s3").map(super::Service::name), Some("Amazon S3"));
    assert!(catalogue.service("sts").unwrap().takes_resource_control());
    assert!(!catalogue.service("ec2").unwrap().takes_resource_control());
    assert_eq!(catalogue.services().filter(|service| service.takes_resource_control()).count(), 62);
    assert_eq!(catalogue.region("eusc-de-east-1").unwrap().partition, "aws-eusc");
    assert_eq!(catalogue.regions().filter(|region| region.partition == "aws").count(), 36);
    assert_eq!(catalogue.partitions().count(), 8);
}

#[test]
fn a_misspelt_action_has_a_neighbour() {
    let near = |action| Catalogue::get().near(action);
    assert_eq!(near("s3:DeleteBuckets"), Some("s3:DeleteBucket"));
    assert_eq!(near("iam:CreateUsr"), Some("iam:CreateUser"));
    assert_eq!(near("clodtrail:StopLogging"), Some("cloudtrail:StopLogging"));
    assert_eq!(near("s3:SomethingElseEntirely"), None);
    assert_eq!(near("nonsense"), None);
}

#[test]
fn every_table_can_be_searched() {
    let catalogue = Catalogue::get();
    assert_eq!(catalogue.date().len(), "2026-09-26".len());
    let mut count = 0;
    for each in catalogue.actions() {
        count += 1;
        assert_eq!(catalogue.action(each.name()), Some(each));
        assert!(catalogue.service(each.service()).is_some(), "{}", each.name());
    }
    assert!(count > 20_000, "{count}");
    for each in catalogue.services().flat_map(super::Service::actions).step_by(97) {
        assert!(each.resource_types().all(|kind| !kind.arn().ends_with("*:*:*:*")), "{}", each.name());
        let numbers = super::KEY_SETS
            .find(each.shape(2))
            .map_or(0, |row| row.cell(1).split(' ').filter(|n| !n.is_empty()).count());
        assert_eq!(each.condition_keys().count(), numbers, "{}", each.name());
    }
    for row in super::KEYS.rows() {
        assert_eq!(catalogue.condition_key(row.cell(1)).map(|key| key.name), Some(row.cell(1)));
    }
    for service in catalogue.services() {
        assert_eq!(catalogue.service(service.prefix()), Some(service));
    }
}

#[test]
fn it_stays_small() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/catalogue");
    let size: u64 =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!(size < 1_500_000, "{size} bytes");
}

#[test]
fn the_share_of_each_service_is_what_one_counts_by_hand() {
    let catalogue = Catalogue::get();
    let policy = crate::testing::single(
        crate::Kind::ServiceControl,
        r#""Effect":"Deny","Action":["s3:*","iam:Create*","ec2:CreateTags"],"Resource":"*""#,
    );
    let (list, _) = ActionList::covered_by(&policy.statements[0].actions);
    let held: Vec<Share> = list.shares().filter(|share| share.held > 0).collect();
    let all = |service| catalogue.service(service).unwrap().actions().count();
    let created = catalogue.actions_matching("iam:Create*").count();
    let share = |service, held| Share { service, held, all: all(service) };
    assert_eq!(held, [share("ec2", 1), share("iam", created), share("s3", all("s3"))]);
    assert_eq!(list.shares().map(|share| share.all).sum::<usize>(), catalogue.actions().count());
    for level in AccessLevel::ALL {
        let one_by_one = list.iter().filter(|action| action.level() == level).count();
        assert_eq!(list.of_level(level).len(), one_by_one, "{level:?}");
    }
    assert_eq!(ActionList::default().of_level(AccessLevel::Write).len(), 0);
}
