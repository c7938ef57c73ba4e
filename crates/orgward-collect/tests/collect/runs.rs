//! The collector against a fake AWS: what it writes, what it says is missing, and that it continues where it was stopped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use orgward_snapshot::{AccountPart, OrganizationPart, Snapshot};
use tempfile::TempDir;

use crate::fake::{Fake, Mood};

struct Lab {
    fake: Fake,
    folder: TempDir,
}

impl Lab {
    fn new(mood: Mood) -> Self {
        Self { fake: Fake::start(mood), folder: TempDir::new().unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgward-collect"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("AWS_ENDPOINT_URL", &self.fake.url)
            .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn read(&self, name: &str) -> (OrganizationPart, Vec<AccountPart>) {
        read(&self.file(name))
    }
}

/// What a snapshot says, without the times at which it was read.
fn read(path: &Path) -> (OrganizationPart, Vec<AccountPart>) {
    let mut snapshot = Snapshot::open(File::open(path).unwrap()).unwrap();
    let mut organization = snapshot.organization().unwrap();
    assert!(!organization.taken.is_empty());
    organization.taken.clear();
    let ids: Vec<String> = snapshot.accounts().keys().cloned().collect();
    let accounts =
        ids.iter().map(|id| AccountPart { taken: String::new(), ..snapshot.account(id).unwrap().unwrap() });
    (organization, accounts.collect())
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Lists come in pages of two, and the first calls of three actions are throttled: nothing of it is lost.
#[test]
fn everything_is_read_through_pages_and_throttling() {
    let lab = Lab::new(Mood {
        throttled: vec!["organizations:ListRoots", "sts:AssumeRole", "iam:GetAccountSummary"],
        ..Mood::default()
    });
    let output = lab.run(&["-o", "all.zst"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let (organization, accounts) = lab.read("all.zst");
    assert_eq!(organization.gaps, []);
    assert_eq!(organization.accounts.len(), 8);
    assert_eq!(organization.organizational_units.len(), 8);
    assert_eq!(organization.policies.len(), 8);
    let attachments: usize =
        organization.policies.iter().map(|policy| policy.targets.as_ref().unwrap().len()).sum();
    assert_eq!(attachments, 11);
    assert!(organization.policies.iter().all(|policy| policy.content.is_some()));
    assert!(organization.accounts.iter().all(|account| account.tags.is_some()));
    assert_eq!(organization.full_access_detached, [""; 0]);
    assert_eq!(organization.service_access, ["cloudtrail.amazonaws.com", "sso.amazonaws.com"]);
    assert_eq!(organization.delegated_administrators.len(), 1);
    let [instance] = organization.identity_center.as_slice() else { panic!("{organization:?}") };
    assert_eq!((instance.permission_sets.len(), instance.assignments.len()), (3, 7));
    assert_eq!(accounts.len(), 8);
    let with_roles: Vec<&AccountPart> =
        accounts.iter().filter(|account| account.role_detail_list.len() == 3).collect();
    assert_eq!(with_roles.len(), 2);
    for account in with_roles {
        assert_eq!(account.gaps, []);
        assert_eq!(account.policies.len(), 2);
        assert_eq!(account.group_detail_list.len(), 1);
        assert_eq!(account.user_detail_list[0].group_list, ["team"]);
        assert_eq!(account.open_id_connect_providers[0].client_id_list, ["sts.amazonaws.com"]);
        assert!(account.summary.contains_key("Users"));
        let credentials: Vec<_> =
            account.credentials.values().map(|it| (it.password, it.access_keys)).collect();
        assert_eq!(credentials, [(false, 1)]);
        let trust = &account.role_detail_list[0].assume_role_policy_document;
        assert!(trust.starts_with('{'), "no escapes are left: {trust}");
    }
    assert!(!lab.file("all.zst.parts").exists());
    // What nothing tried to read is no gap that AWS made, and is reported, too.
    for account in &accounts {
        let unread = AccountPart { taken: "2026-11-28T00:00:00Z".to_owned(), ..account.clone() };
        assert_eq!(unread.not_collected()[0].why, "no region was read");
    }
    assert!(said(&output).contains("not asked for: the policies of resources"), "{}", said(&output));
}

/// What AWS refuses is in the file by name, so that nothing later takes it for nothing there.
#[test]
fn what_is_refused_is_named_and_the_rest_is_read() {
    let lab = Lab::new(Mood::default());
    assert_eq!(lab.run(&["-o", "all.zst"]).status.code(), Some(0));
    let (_, all) = lab.read("all.zst");
    let ids: Vec<String> = all.iter().map(|part| part.account.clone()).collect();
    let denied = |action| -> (Output, OrganizationPart, Vec<AccountPart>) {
        lab.fake.set(Mood { denied: vec![(action, "*")], ..Mood::default() });
        let output = lab.run(&["-o", "some.zst"]);
        let (organization, accounts) = lab.read("some.zst");
        (output, organization, accounts)
    };
    let (output, _, accounts) = denied("sts:AssumeRole");
    assert_eq!(output.status.code(), Some(1));
    // The account of the caller needs no role.
    let refused: Vec<&AccountPart> = accounts.iter().filter(|account| !account.gaps.is_empty()).collect();
    assert_eq!((refused.len(), accounts.len()), (ids.len() - 1, ids.len()));
    assert_eq!(refused[0].gaps[0].action, "sts:AssumeRole");
    assert!(
        said(&output).contains(
            "not read: the identities, permissions and resources of 7 accounts: `sts:AssumeRole`: AccessDeniedException"
        ),
        "{}",
        said(&output)
    );
    let (_, organization, _) = denied("organizations:DescribePolicy");
    assert!(organization.policies.iter().all(|policy| policy.content.is_none()));
    assert!(organization.gaps.iter().any(|gap| gap.action == "organizations:DescribePolicy"));
    let (_, organization, _) = denied("organizations:ListTargetsForPolicy");
    assert!(organization.policies.iter().all(|policy| policy.targets.is_none()));
    // Without the tree there is nothing to describe.
    lab.fake.set(Mood { denied: vec![("organizations:ListRoots", "*")], ..Mood::default() });
    let output = lab.run(&["-o", "none.zst"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("AWS refused `organizations:ListRoots`"), "{}", said(&output));
    assert!(!lab.file("none.zst").exists());
}

/// Kills a run once it waits for an account.
fn killed_at(lab: &Lab, action: &'static str, account: &str, arguments: &[&str]) {
    lab.fake.set(Mood { hangs: Some((action, account.to_owned())), ..Mood::default() });
    let mut child: Child = lab.command(arguments).stderr(Stdio::null()).spawn().unwrap();
    for _ in 0..600 {
        if lab.fake.has_been_asked(action, account) {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert!(lab.fake.has_been_asked(action, account));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A run that is killed has kept what it read, and the same command reads only the rest. The file is that of a run that was
/// never stopped.
#[test]
fn a_run_that_was_killed_is_continued() {
    let lab = Lab::new(Mood::default());
    lab.run(&["-o", "all.zst"]);
    let whole = lab.read("all.zst");
    lab.fake.take_calls();
    let last = whole.1.last().unwrap().account.clone();
    killed_at(&lab, "iam:GetAccountAuthorizationDetails", &last, &["-o", "again.zst", "--concurrency", "1"]);
    assert!(!lab.file("again.zst").exists());
    let details = |calls: &[(String, String)]| -> usize {
        calls.iter().filter(|call| call.0 == "iam:GetAccountSummary").count()
    };
    let first = lab.fake.take_calls();
    lab.fake.set(Mood::default());
    lab.run(&["-o", "again.zst", "--concurrency", "1"]);
    let second = lab.fake.take_calls();
    assert_eq!(lab.read("again.zst"), whole);
    assert_eq!(details(&first) + details(&second), 8, "each account is read once");
    assert!(details(&first) > 0, "the run was killed in the middle");
    assert!(!second.iter().any(|call| call.0 == "organizations:ListRoots"), "{second:?}");
}

/// Resources have the form of the resources of Terraform, whatever the services answer.
#[test]
fn policies_of_resources_and_trails_are_read_where_a_region_is_named() {
    let lab = Lab::new(Mood { throttled: vec!["sqs:ListQueues", "s3:GetBucketPolicy"], ..Mood::default() });
    let output = lab.run(&["-o", "all.zst", "--region", "us-east-1"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let (_, accounts) = lab.read("all.zst");
    assert!(accounts.iter().all(|account| account.regions == ["us-east-1"]));
    let found: Vec<_> = accounts.iter().flat_map(|account| &account.resources).collect();
    let of = |kind: &str| -> Vec<&orgward_snapshot::Found> {
        found.iter().copied().filter(|found| found.kind == kind).collect()
    };
    for (kind, attribute) in [
        ("aws_kms_key", "policy"),
        ("aws_secretsmanager_secret", "policy"),
        ("aws_sqs_queue", "policy"),
        ("aws_sns_topic", "policy"),
        ("aws_s3_bucket_policy", "policy"),
        ("aws_ecr_repository_policy", "policy"),
        ("aws_acmpca_policy", "policy"),
        ("aws_api_gateway_rest_api", "policy"),
        ("aws_backup_vault_policy", "policy"),
        ("aws_cloudwatch_event_bus_policy", "policy"),
        ("aws_cloudwatch_log_destination_policy", "access_policy"),
        ("aws_cloudwatch_log_resource_policy", "policy_document"),
        ("aws_dynamodb_resource_policy", "policy"),
        ("aws_ecr_registry_policy", "policy"),
        ("aws_efs_file_system_policy", "policy"),
        ("aws_glue_resource_policy", "policy"),
        ("aws_lambda_permission", "principal"),
        ("aws_opensearch_domain", "access_policies"),
    ] {
        let policies: Vec<&str> =
            of(kind).iter().filter_map(|found| found.values[attribute].as_str()).collect();
        assert!(policies.iter().any(|policy| policy.contains("111122223333")), "{kind}: {found:?}");
    }
    assert_eq!(of("aws_s3_bucket_public_access_block")[0].values["block_public_policy"], true);
    // Lists come in pages, whatever a service calls the next one.
    for (kind, all) in
        [("aws_lambda_function", 3), ("aws_dynamodb_table", 3), ("aws_cloudwatch_event_bus", 2)]
    {
        assert_eq!(of(kind).len(), all, "{kind}");
    }
    // The policy of a function is written as the permissions that made it.
    let permission =
        of("aws_lambda_permission").into_iter().find(|it| it.values["statement_id"] == "s3").unwrap();
    assert_eq!(permission.values["principal"], "s3.amazonaws.com");
    assert_eq!(permission.values["source_account"], "123456789012");
    // A domain that is in no network is not closed by one.
    assert!(!of("aws_opensearch_domain")[0].values.contains_key("vpc_options"));
    let blocks: Vec<_> = of("aws_s3_account_public_access_block");
    assert_eq!((blocks.len(), &blocks[0].values["restrict_public_buckets"]), (1, &false.into()));
    assert_eq!(of("aws_guardduty_detector")[0].values["enable"], true);
    assert_eq!(of("aws_config_configuration_recorder_status")[0].values["is_enabled"], false);
    assert_eq!((of("aws_securityhub_account").len(), of("aws_accessanalyzer_analyzer").len()), (1, 1));
    // Nothing is said to be read that is not.
    let kinds: Vec<&str> = orgward_snapshot::POLICY_KINDS.iter().map(|kind| kind.id).collect();
    assert!(accounts[0].kinds.iter().all(|kind| kinds.contains(&kind.as_str())), "{:?}", accounts[0].kinds);
    let trails = of("aws_cloudtrail");
    let [trail] = trails.as_slice() else { panic!("{found:?}") };
    assert_eq!(trail.values["is_multi_region_trail"], true);
    assert_eq!(trail.values["enable_logging"], true);
    lab.fake.set(Mood { denied: vec![("sqs:GetQueueAttributes", "*")], ..Mood::default() });
    let output = lab.run(&["-o", "less.zst", "--region", "us-east-1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("not read: the policies of SQS queues of one account"),
        "{}",
        said(&output)
    );
}

/// An older snapshot spares what it has read a short time ago; accounts of which something was missing are read again.
#[test]
fn an_older_snapshot_is_brought_up_to_date() {
    let lab = Lab::new(Mood::default());
    lab.run(&["-o", "old.zst"]);
    let whole = lab.read("old.zst");
    let id = whole.1[3].account.clone();
    lab.fake.set(Mood { denied: vec![("iam:GetAccountSummary", leaked(&id))], ..Mood::default() });
    lab.run(&["-o", "gap.zst"]);
    lab.fake.set(Mood::default());
    lab.fake.take_calls();
    lab.run(&["-o", "new.zst", "--since", "gap.zst"]);
    let summaries: Vec<String> = lab
        .fake
        .take_calls()
        .into_iter()
        .filter(|call| call.0 == "iam:GetAccountSummary")
        .map(|call| call.1)
        .collect();
    assert_eq!(summaries, [id]);
    assert_eq!(lab.read("new.zst"), whole);
    // One that was made without a region says nothing of what is in it.
    lab.run(&["-o", "regions.zst", "--since", "new.zst", "--region", "us-east-1"]);
    let again = lab.fake.take_calls().iter().filter(|call| call.0 == "iam:GetAccountSummary").count();
    assert_eq!(again, 8);
    lab.run(&["-o", "newest.zst", "--since", "new.zst", "--max-age", "0"]);
    let again = lab.fake.take_calls().iter().filter(|call| call.0 == "iam:GetAccountSummary").count();
    assert_eq!(again, 8);
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// The documented policies allow exactly what is called: whoever uses them is refused nothing and grants nothing else.
#[test]
fn the_documented_policies_allow_what_is_called() {
    let lab = Lab::new(Mood::default());
    lab.run(&["-o", "all.zst", "--region", "all"]);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/snapshot.md");
    let page = std::fs::read_to_string(page).unwrap();
    let policies: Vec<serde_json::Value> = page
        .split("```json\n")
        .skip(1)
        .filter_map(|block| serde_json::from_str(block.split("```").next()?).ok())
        .collect();
    let [caller, member, trust, resources] = policies.as_slice() else { panic!("{policies:?}") };
    let actions = |policy: &serde_json::Value| -> Vec<String> {
        let statements = policy["Statement"].as_array().unwrap();
        let actions = statements.iter().flat_map(|it| match &it["Action"] {
            serde_json::Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        });
        actions.map(|action| action.as_str().unwrap().to_owned()).collect()
    };
    let (mut caller, mut member, resources) = (actions(caller), actions(member), actions(resources));
    caller.extend(resources.clone());
    member.extend(resources);
    assert_eq!(trust["Statement"][0]["Action"], "sts:AssumeRole");
    let calls = lab.fake.take_calls();
    for (action, account) in &calls {
        // Everyone may ask who they are.
        let policy = if account == "own" { &caller } else { &member };
        assert!(policy.contains(action) || action == "sts:GetCallerIdentity", "{action} in {account}");
    }
    for action in caller.iter().chain(&member) {
        let happens = calls.iter().any(|call| call.0 == *action);
        // No account of the recording has what these read.
        let unused = ["iam:GetCredentialReport"].contains(&action.as_str());
        assert!(happens || unused, "{action} is documented and not called");
    }
}

#[test]
fn only_some_accounts_are_read_where_they_are_named() {
    let lab = Lab::new(Mood::default());
    lab.run(&["-o", "none.zst", "--no-accounts"]);
    let (organization, accounts) = lab.read("none.zst");
    assert_eq!(accounts.len(), 0);
    let id = &organization.accounts[2].id;
    lab.run(&["-o", "one.zst", "--account", id]);
    assert_eq!(lab.read("one.zst").1.len(), 1);
    let output = lab.run(&["-o", "other.zst", "--account", "000000000000"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("account `000000000000` is not in the organization"), "{}", said(&output));
}
