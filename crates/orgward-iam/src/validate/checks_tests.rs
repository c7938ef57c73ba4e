use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::{CHECKS, OWN_CHECKS, Said};
use crate::{Kind, Policy};

/// For each check a statement, or a whole document, that has the mistake.
const SAMPLES: &[(&str, Kind, &str)] = &[
    // Read and said.
    ("invalid-action", I, r#""Effect":"Allow","Action":"s3:GetObjekt","Resource":"*""#),
    ("invalid-service-in-action", I, r#""Effect":"Allow","Action":"guarduty:*","Resource":"*""#),
    ("invalid-arn-account", I, r#""Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:1234:q""#),
    ("invalid-arn-prefix", I, r#""Effect":"Allow","Action":"sqs:*","Resource":"sqs:q""#),
    ("invalid-arn-region", I, r#""Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:eu-wset-1:*:q""#),
    (
        "invalid-arn-resource",
        I,
        r#""Effect":"Allow","Action":"ec2:*","Resource":"arn:aws:ec2:*:*:instances/*""#,
    ),
    ("invalid-arn-service-case", I, r#""Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:SQS:*:*:q""#),
    (
        "arn-account-not-allowed",
        I,
        r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3::111111111111:b/*""#,
    ),
    (
        "arn-region-not-allowed",
        I,
        r#""Effect":"Allow","Action":"iam:GetRole","Resource":"arn:aws:iam:eu-west-1:*:role/x""#,
    ),
    (
        "missing-arn-region",
        I,
        r#""Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs::111111111111:q""#,
    ),
    ("missing-arn-field", I, r#""Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:q""#),
    ("invalid-partition", I, r#""Effect":"Allow","Action":"sqs:*","Resource":"arn:aws-x:sqs:*:*:q""#),
    (
        "invalid-condition-key-format",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"PrincipalArn":"x"}}"#,
    ),
    (
        "invalid-condition-multiple-boolean",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":["true","false"]}}"#,
    ),
    (
        "invalid-global-condition-key",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipleArn":"x"}}"#,
    ),
    (
        "unsupported-global-condition-key",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ArnLike":{"aws:ARN":"arn:aws:iam::*:role/x"}}"#,
    ),
    (
        "invalid-service-condition-key",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:Prefixes":"x"}}"#,
    ),
    (
        "invalid-service",
        I,
        r#""Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":{"StringEquals":{"ecc2:Vpc":"x"}}"#,
    ),
    (
        "invalid-region",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-wset-1"}}"#,
    ),
    (
        "invalid-vpc-format",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#,
    ),
    (
        "invalid-vpce-format",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpc-12345678"}}"#,
    ),
    (
        "invalid-principal-format",
        R,
        r#""Effect":"Allow","Principal":"arn:aws:iam::111111111111:root","Action":"s3:*","Resource":"*""#,
    ),
    (
        "unsupported-wildcard-in-principal",
        R,
        r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::*:root"},"Action":"s3:*","Resource":"*""#,
    ),
    (
        "invalid-service-principal-format",
        R,
        r#""Effect":"Allow","Principal":{"Service":"lambda"},"Action":"s3:*","Resource":"*""#,
    ),
    (
        "federated-principal-not-supported",
        R,
        r#""Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:saml-provider/x"},"Action":"s3:*","Resource":"*""#,
    ),
    (
        "invalid-version",
        S,
        r#"{"Version":"2008-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#,
    ),
    ("missing-version", S, r#"{"Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#),
    (
        "missing-qualifier",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:TagKeys":"x"}}"#,
    ),
    ("missing-statement", I, r#"{"Version":"2012-10-17","Statement":[]}"#),
    (
        "missing-tag-key-in-condition",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag":"x"}}"#,
    ),
    (
        "unique-sids-required",
        I,
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Action":"s3:*","Resource":"*"},{"Sid":"A","Effect":"Deny","Action":"sqs:*","Resource":"*"}]}"#,
    ),
    (
        "unique-sids-recommended",
        R,
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"},{"Sid":"A","Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"}]}"#,
    ),
    ("unsupported-sid", I, r#""Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*""#),
    ("empty-sid-value", I, r#""Sid":"","Effect":"Allow","Action":"s3:*","Resource":"*""#),
    ("unsupported-action-in-policy", C, r#""Effect":"Deny","Principal":"*","Action":"ec2:*","Resource":"*""#),
    (
        "missing-brace-in-variable",
        I,
        r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username/*""#,
    ),
    (
        "missing-quote-in-variable",
        I,
        r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team, none}/*""#,
    ),
    (
        "unsupported-space-in-variable",
        I,
        r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws: username}/*""#,
    ),
    (
        "unsupported-symbol-in-variable",
        I,
        r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:user#name}/*""#,
    ),
    ("empty-variable", I, r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${}/*""#),
    (
        "variable-unsupported-in-element",
        R,
        r#""Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/${aws:username}"},"Action":"s3:*","Resource":"*""#,
    ),
    (
        "variable-unsupported-in-version",
        I,
        r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:prefix":"${aws:username}"}}}]}"#,
    ),
    (
        "private-ip-address",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
    ),
    (
        "private-notipaddress",
        I,
        r#""Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
    ),
    (
        "private-ip-address-subset",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}}"#,
    ),
    (
        "private-notipaddress-subset",
        I,
        r#""Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}}"#,
    ),
    (
        "improve-ip-range",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.7/24"}}"#,
    ),
    (
        "unsupported-action-for-condition-key",
        I,
        r#""Effect":"Allow","Action":["ec2:RunInstances","ec2:DescribeVpcs"],"Resource":"*","Condition":{"StringEquals":{"ec2:InstanceType":"t3.micro"}}"#,
    ),
    (
        "unsupported-condition-key-for-service-principal",
        R,
        r#""Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-acme000000"}}"#,
    ),
    (
        "role-trust-policy-syntax-error-notprincipal",
        T,
        r#""Effect":"Allow","NotPrincipal":{"AWS":"111111111111"},"Action":"sts:AssumeRole""#,
    ),
    (
        "role-trust-policy-unsupported-wildcard-in-principal",
        T,
        r#""Effect":"Allow","Principal":"*","Action":"sts:AssumeRole""#,
    ),
    (
        "invalid-federated-principal-syntax-in-role-trust-policy",
        T,
        r#""Effect":"Allow","Principal":{"Federated":"*"},"Action":"sts:AssumeRoleWithWebIdentity""#,
    ),
    (
        "mismatched-action-for-principal",
        T,
        r#""Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:saml-provider/x"},"Action":"sts:AssumeRoleWithWebIdentity""#,
    ),
    (
        "missing-action-for-condition-key",
        T,
        r#""Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:RequestTag/team":"x"}}"#,
    ),
    (
        "missing-action-for-roles-anywhere-trust-policy",
        T,
        r#""Effect":"Allow","Principal":{"Service":"rolesanywhere.amazonaws.com"},"Action":"sts:AssumeRole""#,
    ),
    (
        "redundant-principal-in-role-trust-policy",
        T,
        r#""Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:role/a/x","arn:aws:sts::111111111111:assumed-role/x/s"]},"Action":"sts:AssumeRole""#,
    ),
    (
        "invalid-role-reference",
        T,
        r#""Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE000"},"Action":"sts:AssumeRole""#,
    ),
    (
        "invalid-user-reference",
        T,
        r#""Effect":"Allow","Principal":{"AWS":"AIDAEXAMPLEEXAMPLE000"},"Action":"sts:AssumeRole""#,
    ),
    (
        "missing-condition-keys-for-oidc-principals",
        T,
        r#""Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/gitlab.com"},"Action":"sts:AssumeRoleWithWebIdentity""#,
    ),
    (
        "missing-github-repo-condition-key",
        T,
        r#""Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}"#,
    ),
    (
        "specific-github-repo-and-branch-recommended",
        T,
        r#""Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/*"}}"#,
    ),
    (
        "confirm-audience-claim-type",
        T,
        r#""Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/gitlab.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"ForAnyValue:StringEquals":{"gitlab.com:aud":"x"}}"#,
    ),
    (
        "create-slr-with-star-in-resource",
        I,
        r#""Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*""#,
    ),
    (
        "create-slr-with-notresource",
        I,
        r#""Effect":"Allow","Action":"iam:CreateServiceLinkedRole","NotResource":"arn:aws:iam::*:role/x""#,
    ),
    (
        "create-slr-with-star-in-action-and-resource",
        I,
        r#""Effect":"Allow","Action":"iam:Create*","Resource":"arn:aws:iam::*:role/*""#,
    ),
    (
        "create-slr-with-star-in-action-and-notresource",
        I,
        r#""Effect":"Allow","Action":"*","NotResource":"arn:aws:iam::*:role/x""#,
    ),
    (
        "create-slr-with-star-in-resource-and-notaction",
        I,
        r#""Effect":"Allow","NotAction":"s3:*","Resource":"*""#,
    ),
    (
        "create-slr-with-notaction-and-notresource",
        I,
        r#""Effect":"Allow","NotAction":"s3:*","NotResource":"arn:aws:iam::*:role/x""#,
    ),
    ("pass-role-with-star-in-resource", I, r#""Effect":"Allow","Action":"iam:PassRole","Resource":"*""#),
    (
        "pass-role-with-notresource",
        I,
        r#""Effect":"Allow","Action":"iam:PassRole","NotResource":"arn:aws:iam::*:role/x""#,
    ),
    (
        "pass-role-with-star-in-action-and-resource",
        I,
        r#""Effect":"Allow","Action":"iam:Pass*","Resource":"*""#,
    ),
    (
        "pass-role-with-star-in-action-and-notresource",
        I,
        r#""Effect":"Allow","Action":"iam:*","NotResource":"arn:aws:iam::*:role/x""#,
    ),
    (
        "pass-role-with-star-in-resource-and-notaction",
        I,
        r#""Effect":"Allow","NotAction":"s3:*","Resource":"*""#,
    ),
    (
        "pass-role-with-notaction-and-notresource",
        I,
        r#""Effect":"Allow","NotAction":"s3:*","NotResource":"arn:aws:iam::*:role/x""#,
    ),
    (
        "invalid-date-value",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"1893456000"}}"#,
    ),
    (
        "wildcard-without-like-operator",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a*"}}"#,
    ),
    (
        "type-mismatch",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceVpce":"10.0.0.0/8"}}"#,
    ),
    (
        "allow-with-notprincipal",
        R,
        r#""Effect":"Allow","NotPrincipal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"*""#,
    ),
    (
        "forallvalues-with-single-valued-key",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-acme000000"}}"#,
    ),
    (
        "missing-paired-condition-keys",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}"#,
    ),
    (
        "deny-with-unsupported-tag-condition-key-for-service",
        S,
        r#""Effect":"Deny","Action":["ec2:RunInstances","sts:GetCallerIdentity","account:GetRegionOptStatus"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"x"}}"#,
    ),
    (
        "allow-with-unsupported-tag-condition-key-for-service",
        I,
        r#""Effect":"Allow","Action":["ec2:RunInstances","account:GetRegionOptStatus"],"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"x"}}"#,
    ),
    (
        "deny-notaction-with-unsupported-tag-condition-key-for-service",
        S,
        r#""Effect":"Deny","NotAction":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"x"}}"#,
    ),
    (
        "allow-notaction-with-unsupported-tag-condition-key-for-service",
        I,
        r#""Effect":"Allow","NotAction":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"x"}}"#,
    ),
    (
        "restrict-access-to-service-principal",
        R,
        r#""Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*""#,
    ),
    (
        "recommended-condition-key-for-service-principal",
        R,
        r#""Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"x"}}"#,
    ),
    (
        "string-like-operator-with-arn-condition-keys",
        I,
        r#""Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"StringLike":{"iam:PolicyARN":"arn:aws:iam::aws:policy/*"}}"#,
    ),
    ("empty-array-action", I, r#""Effect":"Allow","Action":[],"Resource":"*""#),
    ("empty-array-resource", I, r#""Effect":"Allow","Action":"s3:*","Resource":[]"#),
    ("empty-array-principal", R, r#""Effect":"Allow","Principal":{"AWS":[]},"Action":"s3:*","Resource":"*""#),
    ("empty-object-principal", R, r#""Effect":"Allow","Principal":{},"Action":"s3:*","Resource":"*""#),
    ("empty-object-condition", I, r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{}"#),
    (
        "empty-array-condition",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:prefix":[]}}"#,
    ),
    (
        "empty-array-condition-forallvalues",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":[]}}"#,
    ),
    (
        "empty-array-condition-foranyvalue",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":[]}}"#,
    ),
    (
        "empty-array-condition-ifexists",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEqualsIfExists":{"s3:prefix":[]}}"#,
    ),
    (
        "null-with-qualifier",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"ForAnyValue:Null":{"aws:TagKeys":"true"}}"#,
    ),
    ("redundant-action", I, r#""Effect":"Allow","Action":["s3:Get*","s3:GetObject"],"Resource":"*""#),
    (
        "redundant-resource",
        I,
        r#""Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b/x"]"#,
    ),
    (
        "redundant-condition-value-num",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":["2700","3600"]}}"#,
    ),
    (
        "redundant-statement",
        I,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#,
    ),
    ("wildcard-in-service-name", I, r#""Effect":"Allow","Action":"*","Resource":"arn:aws:*code*:*:*:*""#),
    (
        "irrelevant-condition-key-in-policy",
        R,
        r#""Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"s3:ResourceAccount":"111111111111"}}"#,
    ),
    // Our own.
    (
        "invalid-principal-arn",
        S,
        r#""Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"x"}}"#,
    ),
    ("resource-of-no-action", I, r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b""#),
    (
        "duplicate-condition-value",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:prefix":["a","a"]}}"#,
    ),
    (
        "denied-statement",
        I,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#,
    ),
    (
        "unsatisfiable-statement",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"EU"}}"#,
    ),
    (
        "outdated-version",
        I,
        r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#,
    ),
    ("unfilled-placeholder", I, r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::<BUCKET>/*""#),
    // Refused.
    ("data-type-mismatch", I, r#""Effect":"Allow","Action":7,"Resource":"*""#),
    (
        "duplicate-keys-with-different-case",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:prefix":"a","S3:Prefix":"b"}}"#,
    ),
    (
        "invalid-condition-data-type",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:prefix":{}}}"#,
    ),
    (
        "invalid-condition-operator",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringSame":{"s3:prefix":"a"}}"#,
    ),
    ("invalid-effect", I, r#""Effect":"allow","Action":"s3:*","Resource":"*""#),
    ("invalid-policy-element", I, r#""Effect":"Allow","Actions":"s3:*","Resource":"*""#),
    (
        "invalid-principal-key",
        R,
        r#""Effect":"Allow","Principal":{"Aws":"*"},"Action":"s3:*","Resource":"*""#,
    ),
    (
        "invalid-variable-for-operator",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"${aws:x}"}}"#,
    ),
    ("json-syntax-error", I, r#"{"Version":"2012-10-17""#),
    ("missing-action", I, r#""Effect":"Allow","Resource":"*""#),
    ("missing-effect", I, r#""Action":"s3:*","Resource":"*""#),
    ("missing-principal", R, r#""Effect":"Allow","Action":"s3:*","Resource":"*""#),
    ("missing-resource", I, r#""Effect":"Allow","Action":"s3:*""#),
    (
        "null-with-if-exists",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NullIfExists":{"s3:prefix":"true"}}"#,
    ),
    (
        "unsupported-element-combination",
        I,
        r#""Effect":"Allow","Action":"s3:*","NotAction":"s3:*","Resource":"*""#,
    ),
    ("unsupported-principal", I, r#""Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*""#),
    ("scp-syntax-error-principal", S, r#""Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*""#),
    ("rcp-syntax-error-allow", C, r#""Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*""#),
    ("rcp-syntax-error-action", C, r#""Effect":"Deny","Principal":"*","Action":"*","Resource":"*""#),
    ("rcp-syntax-error-notaction", C, r#""Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*""#),
    (
        "rcp-syntax-error-notprincipal",
        C,
        r#""Effect":"Deny","NotPrincipal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"*""#,
    ),
    (
        "rcp-syntax-error-principal",
        C,
        r#""Effect":"Deny","Principal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"*""#,
    ),
    (
        "role-trust-policy-syntax-error-resource",
        T,
        r#""Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"sts:AssumeRole","Resource":"*""#,
    ),
    (
        "type-mismatch-boolean",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"yes"}}"#,
    ),
    (
        "type-mismatch-date",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"soon"}}"#,
    ),
    (
        "type-mismatch-ip-range",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}}"#,
    ),
    (
        "type-mismatch-number",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"NumericLessThan":{"s3:max-keys":"many"}}"#,
    ),
    (
        "type-mismatch-string",
        I,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"BinaryEquals":{"aws:x":"!!!"}}"#,
    ),
];

const I: Kind = Kind::Identity;
const R: Kind = Kind::Resource;
const T: Kind = Kind::Trust;
const S: Kind = Kind::ServiceControl;
const C: Kind = Kind::ResourceControl;

fn document(sample: &str) -> String {
    if sample.starts_with('{') {
        return sample.to_owned();
    }
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{sample}}}]}}"#)
}

/// Sizes have samples that are made.
fn sized(code: &str) -> Option<(Kind, String)> {
    let (kind, most) = match code {
        "policy-size-exceeds-identity-policy-quota" => (I, 6_144),
        "policy-size-exceeds-role-trust-policy-quota" => (T, 2_048),
        "policy-size-exceeds-resource-policy-quota" => (R, 20_480),
        "policy-size-exceeds-scp-quota" => (S, 10_240),
        "policy-size-exceeds-rcp-quota" => (C, 5_120),
        "policy-size-near-quota" => (S, 9_200),
        _ => return None,
    };
    let principal = if matches!(kind, I | S) { "" } else { r#""Principal":"*","# };
    let resource = if kind == T { "" } else { r#","Resource":"*""# };
    let action = if kind == T { "sts:AssumeRole" } else { "s3:*" };
    let sid = "x".repeat(most);
    Some((
        kind,
        document(&format!(r#""Sid":"{sid}","Effect":"Deny",{principal}"Action":"{action}"{resource}"#)),
    ))
}

/// Each check is said of a document that has the mistake; one that is refused makes the document unreadable.
#[test]
fn every_check_has_a_document_of_which_it_is_said() {
    let sampled: BTreeSet<&str> = SAMPLES.iter().map(|(code, ..)| *code).collect();
    for (_, code, said) in CHECKS {
        let is_told = !matches!(said, Said::Not(_));
        assert_eq!(
            sampled.contains(code) || sized(code).is_some(),
            is_told,
            "{code}: a sample where it is said"
        );
    }
    let made = CHECKS.iter().map(|(_, code, _)| *code).chain(OWN_CHECKS.iter().map(|(code, _)| *code));
    let made = made.filter_map(|code| sized(code).map(|(kind, text)| (code, kind, text)));
    let written = SAMPLES.iter().map(|(code, kind, sample)| (*code, *kind, document(sample)));
    for (code, kind, text) in written.chain(made) {
        let said = CHECKS.iter().find(|(_, known, _)| *known == code).map(|(.., said)| *said);
        match Policy::parse(text.as_str(), kind) {
            Err(error) => assert_eq!(said, Some(Said::Refused), "{code}: {error:?}"),
            Ok(policy) => {
                let codes: Vec<&str> = policy.problems().iter().map(|problem| problem.code).collect();
                assert_ne!(said, Some(Said::Refused), "{code} can be read: {codes:?}");
                assert!(codes.contains(&code), "{code} is not among {codes:?}\n{text}");
            }
        }
    }
}

/// What is said has a name in one of the tables: every name in the sources is there.
#[test]
fn every_code_is_in_a_table() {
    let known: BTreeSet<&str> =
        CHECKS.iter().map(|(_, code, _)| *code).chain(OWN_CHECKS.iter().map(|(code, _)| *code)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/validate");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.contains("test") || name == "checks.rs" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for word in text.split('"').skip(1).step_by(2) {
            let is_code = word.contains('-')
                && word.len() > 10
                && word != "security-warning"
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            assert!(!is_code || known.contains(word), "{word} of {name} is in no table");
        }
    }
}

/// The page is made of the tables: `UPDATE_DOCS=1 cargo test -p orgward-iam` writes it.
#[test]
fn the_page_has_every_check() {
    let mut page = String::from(
        "# Checks of IAM Access Analyzer\n\n\
         What the policy validation of IAM Access Analyzer says (IAM user guide, \"IAM policy validation check \
         reference\"), and what `orgward policy check` says, without credentials and without a network. The code is the \
         issue code in kebab case. *Refused* means that a document with such a mistake cannot be read: the command says \
         where and why, and ends with exit code 2.\n\n\
         This page is generated.\n\n| check | type | here |\n| --- | --- | --- |\n",
    );
    for (kind, code, said) in CHECKS {
        let told = match said {
            Said::Said => "said".to_owned(),
            Said::Better(how) => format!("said, and more: {how}"),
            Said::Refused => "*refused*".to_owned(),
            Said::Not(why) => format!("not said: {why}"),
        };
        writeln!(page, "| {code} | {kind} | {told} |").unwrap();
    }
    page.push_str("\nChecks that Access Analyzer does not have:\n\n| check | finds |\n| --- | --- |\n");
    for (code, finds) in OWN_CHECKS {
        writeln!(page, "| {code} | {finds} |").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/access-analyzer.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/access-analyzer.md is not up to date: UPDATE_DOCS=1 cargo test -p orgward-iam"
    );
}
