use std::ops::Range;

use orgward_plan::Address;

use crate::{DeniedCall, Described, RuleInfo, Severity, Site, Snippet, Source, Waived, Witness};

/// Whether a rule found what it looks for, or could not tell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// It is there.
    Found,
    /// Neither found nor excluded: something that decides is unknown.
    Unverifiable,
}

/// Whether the plan brings a finding about, and whether somebody has accepted it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Status {
    /// It is not there without the plan.
    New,
    /// It is there without the plan, too.
    Existing,
    /// The baseline lists it.
    Baseline,
    /// A waiver accepts it.
    Waived,
}

impl Status {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Existing => "existing",
            Self::Baseline => "baseline",
            Self::Waived => "waived",
        }
    }
}

/// How sure a finding is. Computed from what it rests on; nobody types it in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Confidence {
    /// Nothing that decides is known.
    Unverified,
    /// It rests on something that was concluded and not read.
    Likely,
    /// It was read off the plan.
    Certain,
}

impl Confidence {
    /// The word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// What a rule says about one thing. Complete in itself: a report needs nothing else.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// The id of the rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Found, or neither found nor excluded.
    pub verdict: Verdict,
    /// New, or there before the plan.
    pub status: Status,
    /// Whether it describes more than the same finding about the organization before the plan: then it is new.
    pub grows: bool,
    /// The resource it is about.
    pub address: Option<Address>,
    /// Which input the address is from; set only when there are several.
    pub input: Option<String>,
    /// The part of the organization it is about, when it is no resource: the path of an organizational unit.
    pub target: Option<String>,
    /// The accounts it touches, sorted: ids, or addresses of accounts that have no id yet.
    pub accounts: Vec<String>,
    /// What is wrong, in one sentence without a period, and without the address.
    pub message: String,
    /// The cure.
    pub help: Option<String>,
    /// The texts that show it, the most telling one first.
    pub snippets: Vec<Snippet>,
    /// Facts that a reader needs in order to follow, one sentence each: the trail of what is unknown, what was tried.
    pub notes: Vec<String>,
    /// What the finding rests on that was concluded and not read; empty when all of it was read.
    pub rests_on: Vec<String>,
    /// A request that shows it.
    pub witness: Option<Witness>,
    /// The call of the apply that AWS denies, for the table of those.
    pub denied: Option<DeniedCall>,
    /// Where it is written in the configuration.
    pub site: Option<Site>,
    /// What stands on that line.
    pub quote: Option<String>,
    /// Where the resource is defined that the line becomes part of, where that is another place: the block in a module.
    pub definition: Option<Site>,
    /// The fingerprint of the finding that this one follows from. Reports for people fold it under that one.
    pub cause: Option<String>,
    /// Who accepted it, and why; set when the status is `Waived`.
    pub waived: Option<Waived>,
    /// How many findings with the same fingerprint come before it; part of the fingerprint.
    pub occurrence: usize,
    /// What tells two findings of one rule about one address apart; part of the fingerprint.
    pub subject: String,
    /// All that it describes, which is what a waiver accepts.
    pub described: Described,
}

impl Finding {
    /// A finding of a rule about a resource.
    pub fn about(rule: &RuleInfo, address: Option<&Address>) -> Self {
        Self {
            rule: rule.id,
            severity: rule.severity,
            verdict: Verdict::Found,
            status: Status::New,
            grows: false,
            address: address.cloned(),
            input: None,
            target: None,
            accounts: Vec::new(),
            message: rule.summary.to_owned(),
            help: None,
            snippets: Vec::new(),
            notes: Vec::new(),
            rests_on: Vec::new(),
            witness: None,
            denied: None,
            site: None,
            quote: None,
            definition: None,
            cause: None,
            waived: None,
            occurrence: 0,
            subject: String::new(),
            described: Described::default(),
        }
    }

    /// Says what is wrong, instead of the rule's summary.
    pub fn says(&mut self, message: impl Into<String>) -> &mut Self {
        self.message = message.into();
        self
    }

    /// Says how to mend it.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Shows a part of a text.
    pub fn show(&mut self, source: &Source, span: Range<usize>, label: impl Into<String>) -> &mut Self {
        self.snippets.push(Snippet::of(source, span, label));
        self
    }

    /// Adds a fact that a reader needs in order to follow.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// Names something that the finding rests on and that was concluded, not read.
    pub fn rests_on(&mut self, fact: impl Into<String>) -> &mut Self {
        self.rests_on.push(fact.into());
        self
    }

    /// Tells this finding apart from others of the same rule about the same address.
    pub fn subject(&mut self, subject: impl Into<String>) -> &mut Self {
        self.subject = subject.into();
        self
    }

    /// Names the part of the organization that it is about.
    pub fn target(&mut self, target: impl Into<String>) -> &mut Self {
        self.target = Some(target.into());
        self
    }

    /// Names the accounts that it touches.
    pub fn accounts(&mut self, accounts: impl IntoIterator<Item = String>) -> &mut Self {
        self.accounts = accounts.into_iter().collect();
        self.accounts.sort();
        self.accounts.dedup();
        self
    }

    /// Attaches a request that shows it.
    pub fn witness(&mut self, witness: Witness) -> &mut Self {
        self.witness = Some(witness);
        self
    }

    /// Takes out of all its texts what must not be shown, and remembers that there was something. The last line of
    /// defense: rules show only what is not marked.
    pub fn redact(&mut self, redacted: &dyn Fn(&str) -> Option<String>) {
        let mut found = false;
        let mut text = |text: &mut String| {
            if let Some(clean) = redacted(text) {
                *text = clean;
                found = true;
            }
        };
        text(&mut self.message);
        for each in [&mut self.help, &mut self.target, &mut self.quote].into_iter().flatten() {
            text(each);
        }
        self.accounts.iter_mut().chain(&mut self.notes).chain(&mut self.rests_on).for_each(&mut text);
        for snippet in &mut self.snippets {
            text(&mut snippet.label);
        }
        if let Some(denied) = &mut self.denied {
            text(&mut denied.by);
        }
        let shown = self.snippets.iter_mut().filter_map(|snippet| {
            let is_secret = snippet.text.as_deref().is_some_and(|text| redacted(text).is_some());
            is_secret.then_some(&mut snippet.text)
        });
        for text in shown {
            *text = None;
        }
        found |= self.witness.as_mut().is_some_and(|witness| witness.redact(redacted));
        self.described.is_redacted |= found;
    }

    /// How sure the finding is.
    pub fn confidence(&self) -> Confidence {
        match self.verdict {
            Verdict::Unverifiable => Confidence::Unverified,
            Verdict::Found if self.rests_on.is_empty() => Confidence::Certain,
            Verdict::Found => Confidence::Likely,
        }
    }

    /// What sorts findings: worst first, then by rule, place and subject.
    pub fn order(&self) -> impl Ord + '_ {
        (
            std::cmp::Reverse(self.severity),
            self.verdict,
            self.rule,
            (&self.input, &self.address),
            &self.target,
            &self.subject,
            &self.message,
        )
    }
}
