//! Whether chains of policies enforce a guardrail.

use orgward_finding::story::{Extent, Nearest};
use serde::Serialize;

use crate::request::{RequestJson, json, tell};
use crate::story::{ExtentJson, NearestJson, tell_extent, tell_nearest};
use crate::terminal::{Ink, Pen};
use crate::{ShownRequest, Style, escape};

/// What became of the proof of a guardrail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// What the guardrail is called.
    pub guardrail: String,
    /// One answer for each chain.
    pub chains: Vec<ChainProof>,
}

/// Whether one chain enforces a guardrail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainProof {
    /// What the chain is called.
    pub name: String,
    /// The answer.
    pub verdict: Verdict,
    /// The statement that comes nearest to denying what is not denied.
    pub nearest: Option<Nearest>,
    /// How far that reaches.
    pub extent: Option<Extent>,
}

/// Whether a guardrail holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The chain denies every request that the guardrail is about.
    Holds,
    /// It does not deny this one.
    Refuted(ShownRequest),
    /// Undecided, for this reason.
    Undecided(String),
}

impl Verdict {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Refuted(_) => "refuted",
            Self::Undecided(_) => "undecided",
        }
    }
}

/// Writes a proof for a person.
pub fn proof(proof: &Proof, style: Style) -> String {
    let mut pen = Pen::new(style);
    let guardrail = pen.paint(Ink::Bold, &escape::line(&proof.guardrail));
    for chain in &proof.chains {
        let name = escape::line(&chain.name);
        let (ink, says) = match chain.verdict {
            Verdict::Holds => (Ink::Green, "every such request is denied"),
            Verdict::Refuted(_) => (Ink::Red, "this request is not denied"),
            Verdict::Undecided(_) => (Ink::Yellow, "something that decides is not known"),
        };
        let verdict = pen.paint(ink, chain.verdict.as_str());
        pen.line(&format!("{guardrail} in {name}: {verdict}, {says}"));
        match &chain.verdict {
            Verdict::Holds => {}
            Verdict::Refuted(request) => tell(&mut pen, "witness", request),
            Verdict::Undecided(reason) => pen.entry("why", &escape::line(reason)),
        }
        if let Some(nearest) = &chain.nearest {
            tell_nearest(&mut pen, nearest);
        }
        if let Some(extent) = &chain.extent {
            tell_extent(&mut pen, extent);
        }
    }
    pen.finish()
}

/// Writes a proof for programs.
pub fn proof_json(proof: &Proof) -> String {
    let chains = proof.chains.iter().map(|chain| ChainJson {
        chain: &chain.name,
        verdict: chain.verdict.as_str(),
        witness: match &chain.verdict {
            Verdict::Refuted(request) => Some(RequestJson::of(request)),
            Verdict::Holds | Verdict::Undecided(_) => None,
        },
        reason: match &chain.verdict {
            Verdict::Undecided(reason) => Some(reason),
            Verdict::Holds | Verdict::Refuted(_) => None,
        },
        nearest: chain.nearest.as_ref().map(NearestJson::of),
        extent: chain.extent.as_ref().map(ExtentJson::of),
    });
    json(&ProofJson { guardrail: &proof.guardrail, chains: chains.collect() })
}

#[derive(Serialize)]
struct ProofJson<'a> {
    guardrail: &'a str,
    chains: Vec<ChainJson<'a>>,
}

#[derive(Serialize)]
struct ChainJson<'a> {
    chain: &'a str,
    verdict: &'static str,
    witness: Option<RequestJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<NearestJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extent: Option<ExtentJson<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ShownPrincipal;

    #[test]
    fn each_chain_has_its_verdict() {
        let request = ShownRequest {
            principal: ShownPrincipal::Federated("accounts.google.com".to_owned()),
            action: "sts:AssumeRoleWithWebIdentity".to_owned(),
            resource: "*".to_owned(),
            account: Some("111111111111".to_owned()),
            context: Vec::new(),
        };
        let chain =
            |name: &str, verdict| ChainProof { name: name.to_owned(), verdict, nearest: None, extent: None };
        let answer = Proof {
            guardrail: "lock".to_owned(),
            chains: vec![
                chain("a.json", Verdict::Holds),
                chain("b.json", Verdict::Refuted(request)),
                chain("c.json", Verdict::Undecided("it depends on the policy variable `${x:y}`".to_owned())),
            ],
        };
        let style = Style::plain(100);
        insta::assert_snapshot!(proof(&answer, style), @"
        lock in a.json: holds, every such request is denied
        lock in b.json: refuted, this request is not denied
          witness: a caller with a token of accounts.google.com asks for sts:AssumeRoleWithWebIdentity
          where: the resource is of account 111111111111
        lock in c.json: undecided, something that decides is not known
          why: it depends on the policy variable `${x:y}`
        ");
        insta::assert_snapshot!(proof_json(&answer), @r#"
        {
          "guardrail": "lock",
          "chains": [
            {
              "chain": "a.json",
              "verdict": "holds",
              "witness": null
            },
            {
              "chain": "b.json",
              "verdict": "refuted",
              "witness": {
                "principal": {
                  "federated": "accounts.google.com"
                },
                "action": "sts:AssumeRoleWithWebIdentity",
                "resource": "*",
                "resourceAccount": "111111111111",
                "context": {}
              }
            },
            {
              "chain": "c.json",
              "verdict": "undecided",
              "witness": null,
              "reason": "it depends on the policy variable `${x:y}`"
            }
          ]
        }
        "#);
    }
}
