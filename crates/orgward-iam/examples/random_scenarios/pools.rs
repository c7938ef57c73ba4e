//! What scenarios are drawn from.

/// The account of whoever asks.
pub(crate) const OWN: &str = "111111111111";
/// The other one.
pub(crate) const OTHER: &str = "222222222222";
/// Actions with a resource each, whose `~` is the account, and the keys that requests for them may have.
pub(crate) const TARGETS: &[(&str, &str, &[&str])] = &[
    ("s3:GetObject", "arn:aws:s3:::data-team/reports/alice.csv", &["s3:ExistingObjectTag/team"]),
    ("s3:PutObject", "arn:aws:s3:::data-team/reports/alice.csv", &["s3:RequestObjectTagKeys"]),
    ("s3:ListBucket", "arn:aws:s3:::data-team", &["s3:prefix", "s3:max-keys"]),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:~:jobs", &[]),
    ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:~:table/orders", &["dynamodb:Attributes"]),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:~:secret:team/alice-AbCdEf", &[]),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:~:key/1234abcd-12ab-34cd-56ef-1234567890ab", &["kms:ViaService"]),
    ("iam:GetRole", "arn:aws:iam::~:role/team/ci", &[]),
    ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:~:function:resize", &[]),
    ("sns:Publish", "arn:aws:sns:eu-west-1:~:alerts", &[]),
    ("ec2:StartInstances", "arn:aws:ec2:eu-west-1:~:instance/i-0123456789abcdef0", &[]),
    ("sts:AssumeRole", "arn:aws:iam::~:role/team/target", &["sts:ExternalId", "sts:RoleSessionName"]),
    ("sts:AssumeRoleWithWebIdentity", "arn:aws:iam::~:role/team/target", &["sts:RoleSessionName"]),
    ("ec2:DescribeInstances", "*", &[]),
    ("organizations:LeaveOrganization", "*", &[]),
    ("s3:ListAllMyBuckets", "*", &[]),
];
/// Who asks.
pub(crate) const CALLERS: &[&str] = &[
    "arn:aws:iam::111111111111:user/team/alice",
    "arn:aws:iam::111111111111:role/team/ci",
    "arn:aws:sts::111111111111:assumed-role/deploy/alice",
    "arn:aws:sts::111111111111:assumed-role/deploy/alice",
    "arn:aws:iam::111111111111:root",
    "arn:aws:sts::111111111111:federated-user/alice",
    "arn:aws:iam::111111111111:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
    "anonymous",
    "lambda.amazonaws.com",
];
/// Where tokens come from; `~` is the account of the role.
pub(crate) const PROVIDER: &str = "arn:aws:iam::~:oidc-provider/token.actions.githubusercontent.com";

/// What a key holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Text,
    List,
    Arn,
    Truth,
    Number,
    Date,
    Address,
}

/// Keys, what they hold, and values that requests have and policies ask for.
pub(crate) const KEYS: &[(&str, Family, &[&str])] = &[
    ("aws:PrincipalTag/team", Family::Text, &["sec", "Sec", "team", "", "a*", "s?c"]),
    ("aws:RequestedRegion", Family::Text, &["eu-west-1", "us-east-1", "eu-*", "EU-WEST-1"]),
    ("aws:PrincipalOrgID", Family::Text, &["o-aaaaaaaaaa", "o-bbbbbbbbbb", "o-*"]),
    ("aws:ResourceAccount", Family::Text, &[OWN, OTHER, "1*", "${aws:PrincipalAccount}"]),
    ("aws:PrincipalAccount", Family::Text, &[OWN, OTHER, "${aws:ResourceAccount}"]),
    ("aws:PrincipalType", Family::Text, &["User", "AssumedRole", "Account", "FederatedUser", "A*"]),
    ("aws:username", Family::Text, &["alice", "bob", "al*"]),
    ("aws:TagKeys", Family::List, &["team", "cost", "Team", "t*", "${aws:PrincipalTag/team}"]),
    (
        "aws:PrincipalOrgPaths",
        Family::List,
        &["o-aaaaaaaaaa/r-ab12/ou-ab12-11111111/", "o-aaaaaaaaaa/r-ab12/*", "*"],
    ),
    ("aws:CalledVia", Family::List, &["athena.amazonaws.com", "glue.amazonaws.com", "*.amazonaws.com"]),
    (
        "aws:PrincipalArn",
        Family::Arn,
        &[
            "arn:aws:iam::111111111111:role/team/ci",
            "arn:aws:iam::*:role/*",
            "arn:aws:iam::111111111111:user/team/alice",
            "arn:aws:iam::*:root",
            "arn:aws:iam::*alice",
            "arn:aws:iam::111111111111:role/deploy",
            "*",
            "arn:aws:iam::${aws:PrincipalAccount}:role/deploy",
        ],
    ),
    (
        "aws:SourceArn",
        Family::Arn,
        &[
            "arn:aws:sns:eu-west-1:111111111111:alerts",
            "arn:aws:s3:::data-team",
            "arn:aws:s3:::*",
            "arn:aws:sns:*:111111111111:*",
            "no arn",
        ],
    ),
    ("aws:SecureTransport", Family::Truth, &["true", "false"]),
    ("aws:MultiFactorAuthPresent", Family::Truth, &["true", "false"]),
    ("aws:ViaAWSService", Family::Truth, &["true", "false"]),
    ("aws:PrincipalIsAWSService", Family::Truth, &["true", "false"]),
    ("aws:MultiFactorAuthAge", Family::Number, &["10", "3600", "10.5", "-1", "10.0"]),
    (
        "aws:CurrentTime",
        Family::Date,
        &["2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-01-01T01:00:00+01:00"],
    ),
    ("aws:EpochTime", Family::Date, &["1767225600", "1780272000"]),
    (
        "aws:SourceIp",
        Family::Address,
        &["203.0.113.7", "203.0.113.0/24", "198.51.100.0/25", "2001:db8::/32", "2001:db8::7"],
    ),
    ("aws:VpcSourceIp", Family::Address, &["10.0.0.7", "10.0.0.0/8", "0.0.0.0/0", "::/0"]),
    ("s3:prefix", Family::Text, &["reports/", "reports/*", "home/${aws:username}"]),
    ("s3:max-keys", Family::Number, &["10", "1000"]),
    ("s3:ExistingObjectTag/team", Family::Text, &["sec", "${aws:PrincipalTag/team}"]),
    ("s3:RequestObjectTagKeys", Family::List, &["team", "cost"]),
    ("dynamodb:Attributes", Family::List, &["id", "name", "secret", "i*"]),
    ("kms:ViaService", Family::Text, &["s3.eu-west-1.amazonaws.com", "s3.*"]),
    ("sts:ExternalId", Family::Text, &["acme", "ACME", "a*", "a?me"]),
    ("sts:RoleSessionName", Family::Text, &["alice", "${aws:username}", "*"]),
];
