mod hostile;

use orgward_finding::{Gate, Site, Verdict};
use orgward_plan::Address;

use super::*;
use crate::testing::{self, PUBLIC_TRUST};

const PLAIN: Style = Style::plain(100);

fn plain(review: &Review) -> String {
    terminal(review, &[&PUBLIC_TRUST], PLAIN)
}

fn quiet(review: &Review) -> String {
    terminal(review, &[], Style { detail: Detail::Quiet, ..PLAIN })
}

#[test]
fn one_of_everything() {
    insta::assert_snapshot!(plain(&testing::full()), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    public-trust

      × aws_iam_role.deploy: anyone on AWS may become this role
        ╭─[aws_iam_role.deploy.assume_role_policy:6:20]
      4 │     {
      5 │       "Effect": "Allow",
      6 │       "Principal": { "AWS": "*" },
        ·                    ───────┬──────
        ·                           ╰── admits every principal of every account
      7 │       "Action": "sts:AssumeRole",
      8 │       "Condition": {
      9 │         "StringLike": { "aws:PrincipalOrgID": "*" }
        ·                         ────────────┬────────────
        ·                                     ╰── `*` holds for every organization
     10 │       }
     11 │     }
        ╰────
      account: 222222222222
      note: the organization of this plan is `o-a1b2c3d4e5`
      request: sts:AssumeRole on arn:aws:iam::222222222222:role/deploy
               by arn:aws:iam::999999999999:root
               with aws:PrincipalOrgID = "o-anyone"
               with aws:TagKeys = ["cost", "team"]
      help: compare with the id of the organization: `StringEquals` instead of `StringLike`

    ── high: 1 found ───────────────────────────────────────────────────────────────

    region-lock-gap · likely

      × Root/Workloads/Prod: `ec2` is exempt from the region lock
       ╭─[aws_organizations_policy.lock.content:1:115]
     1 │ …tion":["iam:*","sts:*","organizations:*","ec2:*","support:*"],"Resource":"*","Condition":{…
       ·                                           ───┬───
       ·                                              ╰── is not locked
       ╰────
       ╭─[FullAWSAccess:2:37]
     1 │ {
     2 │   "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" }
       ·                                     ──────┬──────
       ·                                           ╰── and is allowed here
     3 │ }
       ╰────
      accounts: 222222222200, 222222222201, 222222222202, 222222222203, 222222222204, 222222222205,
                222222222206, 222222222207, 222222222208, 222222222209, and 2 more
      rests on: `aws_organizations_policy_attachment.lock` attaches to the only unit it can mean
      help: take `ec2:*` out of `NotAction`

    ── medium: 14 undecided ────────────────────────────────────────────────────────

    region-lock-gap · undecided

      ? where this account will be is not known until apply
      where: aws_organizations_account.team[0]
             aws_organizations_account.team[10]
             aws_organizations_account.team[11]
             aws_organizations_account.team[12]
             aws_organizations_account.team[13]
             aws_organizations_account.team[1]
             aws_organizations_account.team[2]
             aws_organizations_account.team[3]
             aws_organizations_account.team[4]
             aws_organizations_account.team[5]
             and 4 more
      note: `parent_id` comes from `data.external.units`, which is read while applying
      help: refer to the organizational unit directly

    ── low: 1 found (does not block) ───────────────────────────────────────────────

    root-parked-account

      × aws_organizations_account.sandbox: account lies directly under the root

    ── there before this plan: 2 (does not block) ──────────────────────────────────

      low       root-parked-account  aws_organizations_account.attic: account lies directly under the root
      low       root-parked-account  aws_organizations_account.legacy: account lies directly under the root

    blocked: 1 critical and 1 high findings are new, and 14 medium ones are undecided (2 existing and 1 milder ones do not block)
    reviewed second.json: 12 accounts, 9 principals, 14 policies
    `orgward rules public-trust` explains the first one
    "#);
}

#[test]
fn without_box_drawing_characters() {
    let style = Style { unicode: false, width: 80, ..PLAIN };
    insta::assert_snapshot!(terminal(&testing::review(vec![testing::region_lock_gap()]), &[], style), @r#"
    -- high: 1 found ---------------------------------------------------------------

    region-lock-gap · likely

      x Root/Workloads/Prod: `ec2` is exempt from the region lock
       ,-[aws_organizations_policy.lock.content:1:115]
     1 | ...m:*","sts:*","organizations:*","ec2:*","support:*"],"Resource":"*","Co...
       :                                   ^^^|^^^
       :                                      `-- is not locked
       `----
       ,-[FullAWSAccess:2:37]
     1 | {
     2 |   "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" }
       :                                     ^^^^^^|^^^^^^
       :                                           `-- and is allowed here
     3 | }
       `----
      accounts: 222222222200, 222222222201, 222222222202, 222222222203,
                222222222204, 222222222205, 222222222206, 222222222207,
                222222222208, 222222222209, and 2 more
      rests on: `aws_organizations_policy_attachment.lock` attaches to the only unit
                it can mean
      help: take `ec2:*` out of `NotAction`

    blocked: 1 high finding is new
    reviewed second.json: 12 accounts, 9 principals, 14 policies
    "#);
}

#[test]
fn quiet_says_what_blocks() {
    insta::assert_snapshot!(quiet(&testing::full()), @r#"
      critical  public-trust  aws_iam_role.deploy: anyone on AWS may become this role
      high      region-lock-gap  Root/Workloads/Prod: `ec2` is exempt from the region lock
      medium    region-lock-gap  aws_organizations_account.team[0]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[10]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[11]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[12]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[13]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[1]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[2]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[3]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[4]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[5]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[6]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[7]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[8]: undecided: where this account will be is not known until apply
      medium    region-lock-gap  aws_organizations_account.team[9]: undecided: where this account will be is not known until apply
    blocked: 1 critical and 1 high findings are new, and 14 medium ones are undecided (2 existing and 1 milder ones do not block)
    "#);
}

#[test]
fn nothing_found() {
    insta::assert_snapshot!(plain(&testing::review(Vec::new())), @r#"
    clean: no findings
    reviewed second.json: 12 accounts, 9 principals, 14 policies
    "#);
}

#[test]
fn not_blocked_is_not_safe() {
    let mut review = testing::full();
    review.gate.fail_on = None;
    insta::assert_snapshot!(quiet(&review), @r#"
    not blocked: 5 findings (1 critical, 1 high and 1 low new, 2 low there before), but 14 medium things are undecided
    "#);
    review.findings.retain(|finding| finding.verdict == Verdict::Unverifiable);
    insta::assert_snapshot!(quiet(&review), @r#"
    not blocked: nothing found, but 14 medium things are undecided
    "#);
}

#[test]
fn an_incomplete_plan() {
    let mut review = testing::review(vec![testing::parked("sandbox", Status::New)]);
    review.inputs[0].doubts.push("planning stopped at an error, and the plan was saved all the same".into());
    insta::assert_snapshot!(plain(&review), @r#"
    ── low: 1 found (does not block) ───────────────────────────────────────────────

    root-parked-account

      × aws_organizations_account.sandbox: account lies directly under the root

      ? second.json does not tell the whole story
      because: planning stopped at an error, and the plan was saved all the same
      help: plan everything, without errors and without `-target`, and review that; or accept what is
            missing with `--allow-incomplete`

    incomplete: second.json does not tell the whole story
    reviewed second.json: 12 accounts, 9 principals, 14 policies
    "#);
    review.allow_incomplete = true;
    insta::assert_snapshot!(quiet(&review), @r#"
      ? second.json does not tell the whole story
      because: planning stopped at an error, and the plan was saved all the same
      help: accepted with `--allow-incomplete`: what is missing may be worse than what is shown

    not blocked: 1 finding (1 low new), and the input is incomplete
    "#);
}

#[test]
fn existing_findings_that_block_are_shown_in_full() {
    let mut finding = testing::public_trust();
    finding.status = Status::Existing;
    let mut review = testing::review(vec![finding, testing::parked("legacy", Status::Existing)]);
    review.gate = Gate { fail_on: Some(Severity::Low), existing: true };
    let text = plain(&review);
    assert!(text.contains("public-trust · existing\n"), "{text}");
    assert!(text.contains("admits every principal of every account"), "{text}");
    insta::assert_snapshot!(quiet(&review), @r#"
      critical  public-trust  aws_iam_role.deploy: anyone on AWS may become this role
      low       root-parked-account  aws_organizations_account.legacy: account lies directly under the root
    blocked: 1 critical and 1 low findings block (2 of them were there before)
    "#);
}

#[test]
fn many_that_say_the_same() {
    let parked: Vec<_> =
        (0..30).map(|number| testing::parked(&format!("team[{number:02}]"), Status::New)).collect();
    insta::assert_snapshot!(plain(&testing::review(parked)), @r#"
    ── low: 30 found (does not block) ──────────────────────────────────────────────

    root-parked-account

      × aws_organizations_account.team[00]: account lies directly under the root
      also: aws_organizations_account.team[01]
            aws_organizations_account.team[02]
            aws_organizations_account.team[03]
            aws_organizations_account.team[04]
            aws_organizations_account.team[05]
            aws_organizations_account.team[06]
            aws_organizations_account.team[07]
            aws_organizations_account.team[08]
            aws_organizations_account.team[09]
            aws_organizations_account.team[10]
            and 19 more

    not blocked: 30 findings (30 low new)
    reviewed second.json: 12 accounts, 9 principals, 14 policies
    "#);
    let legacy: Vec<_> =
        (0..30).map(|number| testing::parked(&format!("team[{number:02}]"), Status::Existing)).collect();
    insta::assert_snapshot!(plain(&testing::review(legacy)), @r#"
    ── there before this plan: 30 (does not block) ─────────────────────────────────

      low       root-parked-account  aws_organizations_account.team[00]: account lies directly under the root
      low       root-parked-account  aws_organizations_account.team[01]: account lies directly under the root
      low       root-parked-account  aws_organizations_account.team[02]: account lies directly under the root
                and 27 more like it

    not blocked: 30 findings (30 low there before)
    reviewed second.json: 12 accounts, 9 principals, 14 policies
    "#);
}

#[test]
fn a_sensitive_document_is_named_only() {
    let mut finding = testing::public_trust();
    finding.snippets.iter_mut().for_each(|snippet| snippet.text = None);
    finding.site = Some(Site { file: "roles.tf".into(), line: 12 });
    finding.target("Root/Workloads");
    insta::assert_snapshot!(plain(&testing::review(vec![finding])), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    public-trust

      × aws_iam_role.deploy: anyone on AWS may become this role
      in: aws_iam_role.deploy.assume_role_policy (sensitive: not shown): admits every principal of every
          account
      in: aws_iam_role.deploy.assume_role_policy (sensitive: not shown): `*` holds for every
          organization
      target: Root/Workloads
      account: 222222222222
      written in: roles.tf:12
      note: the organization of this plan is `o-a1b2c3d4e5`
      request: sts:AssumeRole on arn:aws:iam::222222222222:role/deploy
               by arn:aws:iam::999999999999:root
               with aws:PrincipalOrgID = "o-anyone"
               with aws:TagKeys = ["cost", "team"]
      help: compare with the id of the organization: `StringEquals` instead of `StringLike`

    blocked: 1 critical finding is new
    reviewed second.json: 12 accounts, 9 principals, 14 policies
    `orgward rules public-trust` explains the first one
    "#);
}

#[test]
fn of_several_inputs_the_place_tells_which() {
    let mut finding = testing::parked("sandbox", Status::Existing);
    finding.input = Some("stacks/\u{1b}a.json".into());
    let mut review = testing::review(vec![finding]);
    review.inputs.extend(["b.json", "c.json", "d.json", "e.json"].map(|name| {
        let mut input = review.inputs[0].clone();
        input.name = name.into();
        input
    }));
    insta::assert_snapshot!(plain(&review), @r#"
    ── there before this plan: 1 (does not block) ──────────────────────────────────

      low       root-parked-account  aws_organizations_account.sandbox (stacks/\u{1b}a.json): account lies directly under the root

    not blocked: 1 finding (1 low there before)
    reviewed second.json, b.json, c.json and 2 more: 12 accounts, 9 principals, 14 policies
    "#);
}

#[test]
fn a_name_cannot_forge_a_verdict() {
    let name = "aws_iam_role.x[\"\u{1b}[2J\nnot blocked: no findings\u{202e}\"]";
    let mut finding = testing::parked("sandbox", Status::New);
    finding.address = Some(Address::new(name));
    insta::assert_snapshot!(plain(&testing::review(vec![finding])), @r#"
    ── low: 1 found (does not block) ───────────────────────────────────────────────

    root-parked-account

      × aws_iam_role.x["\u{1b}[2J\u{a}not blocked: no findings\u{202e}"]: account lies directly under
      │ the root

    not blocked: 1 finding (1 low new)
    reviewed second.json: 12 accounts, 9 principals, 14 policies
    "#);
}

/// Takes away the sequences that set colors, and no others.
fn without_links(page: &str) -> String {
    let mut parts = page.split("\u{1b}]8;;");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (address, rest) = part.split_once("\u{1b}\\").unwrap();
        assert!(address.is_empty() || address.starts_with("https://github.com/orgward/"), "{address:?}");
        out.push_str(rest);
    }
    out
}

fn without_colors(page: &str) -> String {
    let page = without_links(page);
    let mut parts = page.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap();
        assert!(code.chars().all(|character| character.is_ascii_digit() || character == ';'), "{code:?}");
        out.push_str(rest);
    }
    out
}

#[test]
fn colors_do_not_change_the_text() {
    let review = testing::full();
    let colored = terminal(&review, &[&PUBLIC_TRUST], Style { color: true, ..PLAIN });
    assert!(colored.contains("\u{1b}["));
    assert_eq!(without_colors(&colored), plain(&review));
}

#[test]
fn a_statement_of_many_lines() {
    let mut finding = testing::public_trust();
    let start = testing::TRUST.find("    {").unwrap();
    finding.snippets.truncate(1);
    finding.snippets[0].span = start + 4..testing::TRUST.rfind("    }").unwrap() + 5;
    finding.witness = None;
    insta::assert_snapshot!(plain(&testing::review(vec![finding])), @r#"
    ── critical: 1 found ───────────────────────────────────────────────────────────

    public-trust

      × aws_iam_role.deploy: anyone on AWS may become this role
        ╭─[aws_iam_role.deploy.assume_role_policy:4:5]
      2 │       "Version": "2012-10-17",
      3 │       "Statement": [
      4 │ ╭─▶     {
      5 │ │         "Effect": "Allow",
      6 │ │         "Principal": { "AWS": "*" },
      7 │ │         "Action": "sts:AssumeRole",
      8 │ │         "Condition": {
      9 │ │           "StringLike": { "aws:PrincipalOrgID": "*" }
     10 │ │         }
     11 │ ├─▶     }
        · ╰──── admits every principal of every account
     12 │       ]
     13 │     }
        ╰────
      account: 222222222222
      note: the organization of this plan is `o-a1b2c3d4e5`
      help: compare with the id of the organization: `StringEquals` instead of `StringLike`

    blocked: 1 critical finding is new
    reviewed second.json: 12 accounts, 9 principals, 14 policies
    `orgward rules public-trust` explains the first one
    "#);
}

#[test]
fn a_rule_leads_to_its_page_where_links_can_be_followed() {
    let review = testing::full();
    let linked = terminal(&review, &[&PUBLIC_TRUST], Style { links: true, ..PLAIN });
    let address = "\u{1b}]8;;https://github.com/orgward/orgward/blob/main/docs/rules/public-trust.md\u{1b}\\public-trust\u{1b}]8;;\u{1b}\\";
    assert!(linked.contains(address), "{linked:?}");
    assert_eq!(without_links(&linked), plain(&review));
}

/// Those who ask for everything get everything: what was there before as much as the eleventh place.
#[test]
fn verbose_leaves_nothing_out() {
    let mut review = testing::full();
    let mut before = testing::region_lock_gap();
    before.status = Status::Existing;
    before.says("`s3` is exempt from the region lock");
    review.findings.push(before);
    let usual = plain(&review);
    assert!(usual.contains("and 2 more") && !usual.contains("· existing"), "{usual}");
    let all = terminal(&review, &[&PUBLIC_TRUST], Style { detail: Detail::Verbose, ..PLAIN });
    assert!(!all.contains(" more"), "{all}");
    for account in &review.findings.last().unwrap().accounts {
        assert!(all.contains(account.as_str()), "{account}");
    }
    assert!(all.contains("· existing"), "{all}");
}
