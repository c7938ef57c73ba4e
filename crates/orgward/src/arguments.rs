use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::civil::Date;
use orgward_finding::Severity;
use orgward_forge::ForgeKind;
use orgward_forge::publish::Mode;
use orgward_iam::Catalogue;
use orgward_report::Shard;

/// What the program knows depends on when it was built as much as on its version.
static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{} (actions as of {})", env!("CARGO_PKG_VERSION"), Catalogue::get().date()));

/// Decides before merge whether an AWS organization is still governed.
///
/// Exit codes: 0 nothing blocks, 1 something blocks, 2 it could not be checked.
#[derive(Debug, Parser)]
#[command(name = "orgward", version = VERSION.as_str(), arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Whether to use colors; `NO_COLOR` and `CLICOLOR_FORCE` are honoured.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
    /// Read nothing outside of the current folder, and start no other program: what assistants ask for runs so.
    #[arg(long, global = true, hide = true)]
    pub(crate) confined: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work with Terraform and OpenTofu plans.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Ask what policies allow.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Prove what the organization says must never be possible.
    #[command(subcommand)]
    Guardrail(GuardrailCommand),
    /// Show edits of the configuration that cure findings of plans.
    ///
    /// An edit is shown only when it is proved: the plan that it leads to is reviewed again, the finding is gone, no other
    /// appears, and the edited configuration comes to that plan. Standard output has the edits as a diff.
    ///
    /// Exit codes: 0 everything that blocks is cured, or nothing blocks; 1 something blocks that no edit cures; 2 it could
    /// not be checked.
    Fix(FixArguments),
    /// Work with reviews that were written as JSON.
    #[command(subcommand)]
    Review(ReviewCommand),
    /// Ask who can do what, and what a plan changes about it.
    #[command(subcommand)]
    Access(AccessCommand),
    /// Write a configuration and a workflow, after asking the plan what it can tell.
    ///
    /// `orgward.toml` and the workflow are written into the current folder. Nothing that is there is replaced.
    Init(InitArguments),
    /// Replay calls that were really made through the policies before a plan and after it.
    ///
    /// Says which of them would be denied from now on, by which statement, and what is undecided because the events do
    /// not show it. Exit codes: 0 none would be denied, 1 some would, 2 something could not be read.
    Replay(ReplayArguments),
    /// Test guardrails and rules: requests that must be denied or allowed, changes that must be found or not.
    ///
    /// Exit codes: 0 all tests passed, 1 some failed, 2 some are undecided or could not be read.
    Test(TestArguments),
    /// Accept a finding for a time.
    Waive(WaiveArguments),
    /// Look at the organization.
    #[command(subcommand)]
    Org(OrgCommand),
    /// List the rules, or explain one.
    Rules(RulesArguments),
    /// Work with the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Answer other systems.
    #[command(subcommand)]
    Serve(ServeCommand),
    /// Speak to an editor over standard input and output, by the Language Server Protocol.
    ///
    /// Says while one writes what is wrong with policies in `.tf` and `.json` files and with `orgward.toml`, whom an SCP
    /// binds and what it denies, and what the plan in the folder would be blocked for, with proved fixes.
    ///
    /// Exit codes: 0 the editor said goodbye, 1 it did not, 2 it does not speak the protocol.
    #[cfg(feature = "lsp")]
    Lsp,
    /// Answer assistants over standard input and output, by the Model Context Protocol.
    ///
    /// The tools are review, explain, who-can and prove. They read files of the current folder and nothing outside of it,
    /// write nothing, start no other program and use no network.
    #[cfg(feature = "mcp")]
    Mcp(McpArguments),
    /// Print a script that completes commands in a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual as a man page.
    Man {
        /// Write a page for every command into this folder instead.
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RulesArguments {
    /// The rule to explain.
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    #[command(subcommand)]
    pub(crate) command: Option<RulesCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Print what rules of your own are given: packages `orgward` and below get the organization before and after plans,
    /// findings and access; all others get each plan as it is.
    Input {
        #[command(flatten)]
        inputs: Box<InputArguments>,
        /// Print the JSON schema instead.
        #[arg(long)]
        schema: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the JSON schema of `orgward.toml`, for editors.
    Schema,
    /// Print the configuration in effect: each setting, and whether its value is from a flag, the environment, `--config`,
    /// the file, or the default.
    Show(Box<ShowConfigArguments>),
}

#[derive(Debug, Args)]
pub(crate) struct ShowConfigArguments {
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    #[command(flatten)]
    pub(crate) detail: DetailArguments,
    /// As for `orgward plan review`.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// As for `orgward plan review`.
    #[arg(long)]
    pub(crate) existing: bool,
    /// As for `orgward plan review`.
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Join the parts that `plan review --shard I/N --format json` wrote: what one run without shards writes.
    ///
    /// Exit codes: those of that run, and 2 where a part is missing, given twice, or of another review.
    Merge {
        /// The parts.
        #[arg(value_name = "REVIEW", required = true)]
        parts: Vec<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Be the run task of HCP Terraform or Terraform Enterprise: review the plan of every run between plan and apply.
    ///
    /// Speaks HTTP: put a proxy with a certificate before it. A request counts only with a signature of the key, plans
    /// are taken from and answers sent to `--host` only, and whatever is not known to be in order has failed.
    RunTask(RunTaskArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RunTaskArguments {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The host that tasks come from.
    #[arg(long, value_name = "HOST", default_value = "app.terraform.io")]
    pub(crate) host: String,
    /// The variable that has the HMAC key of the run task.
    #[arg(long, value_name = "VARIABLE", default_value = "RUN_TASK_HMAC_KEY")]
    pub(crate) key_env: String,
    /// How long a review may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) time_limit: u64,
    /// Arguments for `orgward plan review`, behind `--`: `-- --org state.json --fail-on high`.
    #[arg(value_name = "ARGUMENT", last = true)]
    pub(crate) review: Vec<OsString>,
}

#[cfg(feature = "mcp")]
#[derive(Debug, Args)]
pub(crate) struct McpArguments {
    /// How long an answer may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) time_limit: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Review plans.
    Review(ReviewArguments),
    /// Post a review on its pull request, or bring the comment that is there up to date.
    ///
    /// Where, for which commit and with which token is found in the environment of GitHub Actions, GitLab CI and
    /// Atlantis; flags override it.
    ///
    /// The exit code is the one of the review. Where the token may only read, as it does for pull requests from
    /// forks, the findings go to the annotations and the summary of the job instead.
    Comment(CommentArguments),
    /// Write down what is found today, so that only what comes after it blocks.
    Baseline(BaselineArguments),
    /// Print the least policy that the apply of plans needs, by account and principal.
    ///
    /// Calls that the provider certainly makes and calls that it may make stand apart; reads are among the latter.
    Permissions(PermissionsArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Decide concrete requests, and say which statement of which policy decides.
    ///
    /// Exit codes: 0 every scenario was decided, 2 some could not be read.
    Decide(DecideArguments),
    /// Ask of one policy, over all requests: does it allow everything, does it let strangers in, does every statement
    /// do something?
    ///
    /// Exit codes: 0 nothing was found, 1 something was, 2 the policy could not be read or it cannot be told.
    Check(CheckArguments),
    /// Compare what two policies allow, over all requests.
    ///
    /// Exit codes: 0 NEW allows nothing that OLD does not, 1 it does, 2 a policy could not be read or it cannot be
    /// told.
    Compare(CompareArguments),
    /// Prove that a chain of policies enforces a guardrail, over all requests.
    ///
    /// Exit codes: 0 it holds, 1 a request slips through, 2 something could not be read or it cannot be told.
    Prove(ProveArguments),
    /// Review what a change makes of policies that Terraform does not manage: files of JSON, and the manifests of Landing
    /// Zone Accelerator, Customizations for Control Tower and org-formation.
    ///
    /// Every policy that changes is compared with its former version over all requests, and checked. Where a manifest says
    /// what policies are attached to, guardrails and the region lock are proved as for a plan.
    ///
    /// Exit codes: 0 nothing blocks, 1 something blocks, 2 it could not be checked.
    Review(PolicyReviewArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum GuardrailCommand {
    /// Prove every guardrail for an organization as it stands, without a plan.
    ///
    /// Exit codes: 0 nothing blocks, 1 something blocks, 2 it could not be checked.
    Check(AuditArguments),
    /// Tell how a guardrail fares in an account, level by level.
    ///
    /// Exit codes: 0 it holds, 1 a request slips through, 2 it cannot be told.
    Explain(ExplainArguments),
    /// Show what packs and guardrails claim, and the service control policies that make them hold.
    Show(ShowGuardrailArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccessCommand {
    /// Show what principals and outsiders can do after plans and not before, and the reverse.
    Diff(AccessDiffArguments),
    /// List every principal that can do an action after plans.
    WhoCan(WhoCanArguments),
    /// Show what a principal can do after plans, and what caps it.
    Of(AccessOfArguments),
    /// Find the shortest way by which a principal of one place comes to act as one of another.
    Path(AccessPathArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AccessInputs {
    /// Context: states and plans of the organization's other stacks.
    #[arg(long, value_name = "FILE")]
    pub(crate) org: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print the answer; `mermaid` draws a path.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: AccessFormat,
}

/// How to print an answer about access.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum AccessFormat {
    Text,
    Json,
    Markdown,
    Mermaid,
    Svg,
}

#[derive(Debug, Args)]
pub(crate) struct AccessDiffArguments {
    /// The plans; without any, the one plan in the current folder.
    #[arg(value_name = "PLAN")]
    pub(crate) plans: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) inputs: AccessInputs,
}

#[derive(Debug, Args)]
pub(crate) struct WhoCanArguments {
    /// The action: `s3:GetObject`.
    #[arg(value_name = "ACTION")]
    pub(crate) action: String,
    /// The resource, with wildcards; any resource without it.
    #[arg(value_name = "RESOURCE")]
    pub(crate) resource: Option<String>,
    /// The plans; without any, the one plan in the current folder.
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) inputs: AccessInputs,
}

#[derive(Debug, Args)]
pub(crate) struct AccessOfArguments {
    /// The principal: its ARN, or the address of its resource.
    #[arg(value_name = "PRINCIPAL")]
    pub(crate) principal: String,
    /// The plans; without any, the one plan in the current folder.
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) inputs: AccessInputs,
}

#[derive(Debug, Args)]
pub(crate) struct AccessPathArguments {
    /// Where it starts: an ARN pattern, an address, an account, a unit, `role:production`, or `outside`.
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// Where it leads.
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    /// The plans; without any, the one plan in the current folder.
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) inputs: AccessInputs,
}

#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    /// States and plans of the organization's stacks; plans are taken as applied.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) org: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Accept inputs that do not tell the whole story.
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
    /// How to print what is found.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: Format,
    /// Also write it into a file, `json=check.json`; may be given several times.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_output)]
    pub(crate) output: Vec<Output>,
    /// The mildest severity that blocks; `medium` where nothing says otherwise.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    /// Findings that do not block: what `orgward plan baseline` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) detail: DetailArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The id of a guardrail, or `region-lock`.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// The account: its id, name or address.
    #[arg(value_name = "ACCOUNT")]
    pub(crate) account: String,
    /// States and plans of the organization's stacks; plans are taken as applied.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) org: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print the answer.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: AnswerFormat,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The policy as JSON; `-` for standard input.
    #[arg(value_name = "POLICY")]
    pub(crate) policy: PathBuf,
    /// What the policy is attached to; without it, told from whether it names principals.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<PolicyKind>,
    /// Accounts that are no strangers, beside those that the policy names.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) account: Vec<String>,
    /// The organization whose members are no strangers; without it, those that the policy names.
    #[arg(long, value_name = "ID")]
    pub(crate) organization: Option<String>,
    /// A value for a placeholder of a template, `PARTITION=aws` for `${PARTITION}`; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_set)]
    pub(crate) set: Vec<(String, String)>,
    /// How to print the answer.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: AnswerFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ShowGuardrailArguments {
    /// A pack, a guardrail of the configuration or of a pack, or `region-lock`; all packs without it.
    #[arg(value_name = "PACK|ID")]
    pub(crate) name: Option<String>,
    /// What to print: what is claimed, as text or as tables of `orgward.toml`; or the policies that make it hold, as
    /// JSON or as resources of Terraform.
    #[arg(long = "as", value_name = "FORM", default_value = "text")]
    pub(crate) form: GuardrailForm,
    /// A parameter of a pack that the configuration does not turn on; several values with commas between them.
    #[arg(long, value_name = "NAME=VALUES", value_parser = assignment)]
    pub(crate) set: Vec<(String, Vec<String>)>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
}

/// What to print of guardrails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum GuardrailForm {
    Text,
    Toml,
    /// The policies, whatever their kind.
    Policy,
    /// The policies, where they are service control policies.
    Scp,
    /// The policies, where they are resource control policies.
    Rcp,
    Hcl,
}

/// `name=value,value`.
fn assignment(text: &str) -> Result<(String, Vec<String>), String> {
    let (name, values) = text.split_once('=').ok_or("write it as `name=value`")?;
    let values = values.split(',').filter(|value| !value.is_empty()).map(str::to_owned);
    Ok((name.to_owned(), values.collect()))
}

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The policy as it was, as JSON.
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The policy as it will be, as JSON; one of the two may be `-` for standard input.
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// What the policies are attached to; without it, told from whether they name principals.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<PolicyKind>,
    /// A value for a placeholder of a template, `PARTITION=aws` for `${PARTITION}`; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_set)]
    pub(crate) set: Vec<(String, String)>,
    /// How to print the answer.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: AnswerFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ProveArguments {
    /// What has to be denied, as JSON or TOML.
    #[arg(value_name = "GUARDRAIL")]
    pub(crate) guardrail: Option<PathBuf>,
    /// Service control policies as JSON, levels from the root to the account; a proof for each file.
    #[arg(long, value_name = "FILE", required_unless_present = "rcp")]
    pub(crate) scp: Vec<PathBuf>,
    /// Resource control policies as JSON, levels from the root to the account of the resource.
    #[arg(long, value_name = "FILE")]
    pub(crate) rcp: Option<PathBuf>,
    /// The account whose principals are meant; without it, any.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// A value for a placeholder of a template, `PARTITION=aws` for `${PARTITION}`; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_set)]
    pub(crate) set: Vec<(String, String)>,
    /// How to print the answer.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: AnswerFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum PolicyKind {
    /// Of a user, group or role.
    Identity,
    /// A permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// Of a resource.
    Resource,
    /// Of a role: who may assume it.
    Trust,
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyReviewArguments {
    /// The folder with the policies, in a checkout of git.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// The revision to compare with: `origin/main`. Its configuration is compared, too.
    #[arg(long, value_name = "REV")]
    pub(crate) base: String,
    /// The revision that is reviewed; without it, the folder as it stands.
    #[arg(long, value_name = "REV")]
    pub(crate) head: Option<String>,
    /// What the policies are of which neither a manifest nor a name says it.
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<PolicyKind>,
    /// A value for a placeholder of a template, `PARTITION=aws` for `${PARTITION}`; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_set)]
    pub(crate) set: Vec<(String, String)>,
    /// Context: states and plans that show the organization, by the names that manifests use.
    #[arg(long, value_name = "FILE")]
    pub(crate) org: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print the review.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: Format,
    /// Also write the review into a file, `json=review.json`; may be given several times.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_output)]
    pub(crate) output: Vec<Output>,
    /// The mildest severity that blocks; `medium` where nothing says otherwise.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// Let findings block that were there before the change.
    #[arg(long)]
    pub(crate) existing: bool,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    /// Findings that do not block: what `orgward plan baseline` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) detail: DetailArguments,
}

#[derive(Debug, Args)]
pub(crate) struct DecideArguments {
    /// Scenarios as JSON: a list, one, or one after the other; `-` for standard input.
    #[arg(value_name = "SCENARIOS", required_unless_present = "event", conflicts_with = "event")]
    pub(crate) scenarios: Vec<PathBuf>,
    /// Calls that were really made: records of CloudTrail, or what `aws sts decode-authorization-message` prints; `-` for
    /// standard input. Says which statement of which level denies them, and what would have to change.
    #[arg(long, value_name = "FILE")]
    pub(crate) event: Vec<PathBuf>,
    /// The organization that events are decided against: a state or plan of its own stack.
    #[arg(long, value_name = "FILE", requires = "event")]
    pub(crate) org: Vec<PathBuf>,
    /// Plans: says whether they change what becomes of the events.
    #[arg(long, value_name = "PLAN", requires = "event")]
    pub(crate) plan: Vec<PathBuf>,
    /// A value for a placeholder of a template, `PARTITION=aws` for `${PARTITION}`; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_set)]
    pub(crate) set: Vec<(String, String)>,
    /// How to print the decisions.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
}

/// How to print an answer about policies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum AnswerFormat {
    /// For people.
    Terminal,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OrgCommand {
    /// Show the organization before and after plans.
    Show(ShowArguments),
    /// Read the live organization into a snapshot, which every command takes as `--org`.
    ///
    /// Starts `orgward-collect`, which is a program of its own: the SDK of AWS is in it, and not here.
    #[command(disable_help_flag = true)]
    Snapshot {
        /// Arguments of the collector; `--help` prints them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
        arguments: Vec<OsString>,
    },
    /// Write what others collected as a snapshot, which every command takes as `--org`.
    ///
    /// Reads outputs of `aws organizations` and `aws iam get-account-authorization-details`, results of advanced queries of
    /// AWS Config, OCSF of Prowler, and snapshots. What no input has is undecided later, and named.
    ///
    /// Exit codes: 0 the snapshot is written, 2 it is not.
    Import(ImportArguments),
    /// Run all rules that need no plan over an organization as it is: a snapshot, what was imported, or states.
    ///
    /// Proves every guardrail, asks who can do what, and reports what is found; `--output html=audit.html` writes a page to
    /// hand over. With `--since`, what has come since an older snapshot or state is new, and only that blocks.
    ///
    /// Exit codes: 0 nothing blocks, 1 something blocks, 2 it could not be checked.
    Audit(OrgAuditArguments),
    /// Compare an organization at two times: two states, or a state and a plan, which is taken as applied.
    ///
    /// Says what was added, removed, moved, changed, attached and detached, and judges it like a review: guardrails that no
    /// longer hold, what is no longer denied, and what can be done that could not.
    ///
    /// Exit codes: 0 nothing that differs blocks, 1 something does, 2 it could not be checked.
    Diff(DiffArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Files, and folders with them: `.json`, `.json.gz`, `.zst`.
    #[arg(value_name = "INPUT", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// The snapshot to write.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct OrgAuditArguments {
    /// The organization: a snapshot, or states of its stacks; plans are taken as applied.
    #[arg(value_name = "INPUT", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// The organization as it was: an older snapshot, or a state. What is not in it is new.
    #[arg(long, value_name = "OLD")]
    pub(crate) since: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Accept inputs that do not tell the whole story.
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
    /// How to print what is found.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: Format,
    /// Also write it into a file, `html=audit.html`; may be given several times.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_output)]
    pub(crate) output: Vec<Output>,
    /// The mildest severity that blocks; `medium` where nothing says otherwise.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// With `--since`: also block on findings that existed before. Without it, all of them block.
    #[arg(long)]
    pub(crate) existing: bool,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    /// Findings that do not block: what `orgward plan baseline` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) detail: DetailArguments,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The organization as it was: a state or a plan.
    #[arg(value_name = "A")]
    pub(crate) old: PathBuf,
    /// The organization as it is, or will be.
    #[arg(value_name = "B")]
    pub(crate) new: PathBuf,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print what differs.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: AnswerFormat,
    /// Also write the review into a file, `sarif=drift.sarif`; may be given several times.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_output)]
    pub(crate) output: Vec<Output>,
    /// The mildest severity that blocks; `medium` where nothing says otherwise.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Plan JSON, state JSON, the archive that `terraform plan -out` writes, or `-` for standard input; without
    /// any, the one plan in the current folder.
    #[arg(value_name = "PLAN")]
    pub(crate) plans: Vec<PathBuf>,
    /// Context: a state or plan of the organization's own stack.
    #[arg(long, value_name = "FILE")]
    pub(crate) org: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    /// How to show it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: OrganizationFormat,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
}

/// What `replay` takes.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Files of CloudTrail, or folders in the layout of its bucket: JSON, gzip, one record a line, or CSV that a query
    /// exported.
    #[arg(value_name = "EVENTS", required = true)]
    pub(crate) events: Vec<PathBuf>,
    /// The plans that change policies; without any, the policies as they are.
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Vec<PathBuf>,
    /// Context: a state or plan of the organization's own stack.
    #[arg(long, value_name = "FILE")]
    pub(crate) org: Vec<PathBuf>,
    /// What no event shows: tags of principals and resources, VPC endpoints, as TOML.
    #[arg(long, value_name = "FILE")]
    pub(crate) context: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReplayFormat,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
}

/// How to print what was replayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ReplayFormat {
    Text,
    Json,
}

/// What `plan permissions` takes.
#[derive(Debug, Args)]
pub(crate) struct PermissionsArguments {
    /// Plan JSON, the archive that `terraform plan -out` writes, or `-` for standard input; without any, the one plan
    /// in the current folder.
    #[arg(value_name = "PLAN")]
    pub(crate) plans: Vec<PathBuf>,
    /// Context: a state or plan of the organization's own stack.
    #[arg(long, value_name = "FILE")]
    pub(crate) org: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    /// How to print it.
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub(crate) format: PermissionsFormat,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
}

/// How to print a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum PermissionsFormat {
    /// Policies, for programs.
    Json,
    /// Data sources of Terraform.
    Hcl,
}

/// A way to show an organization.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum OrganizationFormat {
    /// A tree.
    Text,
    /// For programs.
    Json,
    /// A diagram that GitHub renders.
    Mermaid,
    /// A graph for Graphviz.
    Dot,
    /// A picture.
    Svg,
}

/// The configuration, and what is laid over it.
#[derive(Debug, Default, Args)]
pub(crate) struct ConfigArguments {
    /// The configuration; without it, `orgward.toml` here or further up in the repository. `KEY = VALUE` in TOML sets
    /// one of its settings for this run, and may be given several times.
    #[arg(long, value_name = "FILE|KEY=VALUE")]
    pub(crate) config: Vec<String>,
}

/// How much is said at the terminal.
#[derive(Debug, Default, Args)]
pub(crate) struct DetailArguments {
    /// Print only what blocks, one line each, and the verdict.
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print every finding in full, also what was there before, and every place.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// Which rules are reported.
#[derive(Debug, Default, Args)]
pub(crate) struct RuleArguments {
    /// Report only these rules; several with commas between them.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Report none of these rules, also where they are selected; several with commas between them.
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
}

/// Where the configuration of plans is.
#[derive(Debug, Args)]
pub(crate) struct SourceArguments {
    /// Folder or saved plan with the configuration. Adds file and line to findings and resolves values that are
    /// unknown in the plan. Without it, the folder of the plan is read when it has the configuration that the plan was
    /// made from. With several plans it may be given several times, and as `PLAN=PATH`.
    #[arg(long, value_name = "PATH")]
    pub(crate) source: Vec<String>,
    /// Read no configuration but what the plan shows.
    #[arg(long, conflicts_with = "source")]
    pub(crate) no_source: bool,
}

/// What is reviewed, and against what.
#[derive(Debug, Args)]
pub(crate) struct InputArguments {
    /// Plan JSON, state JSON, the archive that `terraform plan -out` writes, or `-` for standard input; without
    /// any, the one plan in the current folder.
    #[arg(value_name = "PLAN")]
    pub(crate) plans: Vec<PathBuf>,
    /// Context: a state or plan of the organization's own stack.
    #[arg(long, value_name = "FILE")]
    pub(crate) org: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// Accept plans that do not tell the whole story.
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReviewArguments {
    #[command(flatten)]
    pub(crate) inputs: InputArguments,
    /// The configuration of the base revision: a file, or a revision of git, such as `origin/main`, from which the
    /// configuration and the waivers beside it are read. Reports each rule, target, guardrail and severity that the
    /// pull request itself weakens, and each exemption and waiver that it adds.
    #[arg(long, value_name = "FILE|REV")]
    pub(crate) base_config: Option<String>,
    /// How to print the review.
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: Format,
    /// Also write the review into a file, `json=review.json`; may be given several times.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_output)]
    pub(crate) output: Vec<Output>,
    /// The mildest severity that blocks; `medium` where nothing says otherwise.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// Let findings block that were there before the plan.
    #[arg(long)]
    pub(crate) existing: bool,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    /// Findings that do not block: what `orgward plan baseline` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Records of CloudTrail, as `orgward replay` takes them: a new SCP or RCP is judged by what it would have denied.
    #[arg(long, value_name = "EVENTS")]
    pub(crate) events: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) detail: DetailArguments,
    /// What this run is called, where a repository is reviewed in several: the category of its alerts in SARIF, and the
    /// name of its comment. Without it, each plan below the configuration is of the stack of its folder.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// Report only the third of sixteen parts of the findings, `3/16`. All inputs are read and judged by every shard;
    /// `orgward review merge` joins their JSON.
    #[arg(long, value_name = "I/N", value_parser = parse_shard)]
    pub(crate) shard: Option<Shard>,
    /// Print what a rule is about, and review nothing.
    #[arg(long, value_name = "RULE")]
    pub(crate) explain: Option<String>,
}

/// What `test` takes.
#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// Files with tests, and folders with such files; without any, `.orgward/tests` beside the configuration.
    #[arg(value_name = "TESTS")]
    pub(crate) tests: Vec<PathBuf>,
    /// The organization: states and plans of its stacks; plans are taken as applied.
    #[arg(long, value_name = "FILE")]
    pub(crate) org: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// How to print what the tests came to.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TestFormat,
}

/// How to print tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum TestFormat {
    Text,
    Tap,
    Junit,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct FixArguments {
    #[command(flatten)]
    pub(crate) inputs: InputArguments,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    /// Write the edits into the files.
    #[arg(long)]
    pub(crate) apply: bool,
    /// Also cure findings that were there before the plan.
    #[arg(long)]
    pub(crate) existing: bool,
    /// How to print the edits: all together as a diff, or each by itself for programs, which choose.
    #[arg(long, value_name = "FORMAT", default_value = "diff", conflicts_with = "apply")]
    pub(crate) format: FixFormat,
}

/// How to print edits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FixFormat {
    /// All together, as a unified diff.
    Diff,
    /// An edit for each finding, proved by itself.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct CommentArguments {
    /// The review that `orgward plan review --output json=review.json` wrote, or `-` for standard input. Several reviews,
    /// of a stack each, become one comment.
    #[arg(value_name = "REVIEW", default_value = "review.json")]
    pub(crate) reviews: Vec<PathBuf>,
    /// What to do with the comment of an earlier run.
    #[arg(long, default_value = "update")]
    pub(crate) mode: Mode,
    /// What was reviewed, where a pull request touches several stacks: each has a comment of its own. Without it, what the
    /// review was called with `--stack`.
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// Where the repository is hosted.
    #[arg(long)]
    pub(crate) forge: Option<ForgeKind>,
    /// The repository: OWNER/NAME, or the number of a GitLab project.
    #[arg(long, value_name = "NAME")]
    pub(crate) repo: Option<String>,
    /// The number of the pull request or merge request.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) pull_request: Option<u64>,
    /// The commit that was reviewed.
    #[arg(long, value_name = "SHA")]
    pub(crate) commit: Option<String>,
    /// The address of the API, such as `https://github.example.com/api/v3`.
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// The variable that has the token, where it is not one of the usual ones.
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) token_env: Option<String>,
    /// Where the whole report is.
    #[arg(long, value_name = "URL")]
    pub(crate) report_url: Option<String>,
    /// When the run began: a run that began earlier does not overwrite it.
    #[arg(long, value_name = "TIME")]
    pub(crate) time: Option<String>,
    /// Also comment on changed lines that findings which block are written in; GitHub only.
    #[arg(long)]
    pub(crate) inline: bool,
    /// The folder that files of findings are in, from the root of the repository; without it, as GitHub Actions
    /// tells.
    #[arg(long, value_name = "FOLDER", requires = "inline")]
    pub(crate) inline_folder: Option<String>,
    /// Print the comment and post nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Plans or states to ask; without any, the one plan in the current folder, if there is one.
    #[arg(value_name = "PLAN")]
    pub(crate) plans: Vec<PathBuf>,
    /// Context: a state or plan of the organization's own stack.
    #[arg(long, value_name = "FILE")]
    pub(crate) org: Vec<PathBuf>,
    /// The id of the management account, where the plan does not tell.
    #[arg(long, value_name = "ID")]
    pub(crate) management_account: Option<String>,
    /// A region that may be used; may be given several times.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Vec<String>,
    /// Where the repository is hosted; without it, as the files of the repository look.
    #[arg(long)]
    pub(crate) forge: Option<ForgeKind>,
    /// Write the configuration only.
    #[arg(long)]
    pub(crate) no_workflow: bool,
    /// Replace what is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineArguments {
    #[command(flatten)]
    pub(crate) inputs: InputArguments,
    /// The file to write; without it, standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct WaiveArguments {
    /// The finding: its fingerprint, as reports show it.
    pub(crate) fingerprint: String,
    #[command(flatten)]
    pub(crate) inputs: InputArguments,
    /// Why it is accepted.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who answers for it.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: String,
    /// The last day on which it is accepted, `2027-03-31`.
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Date,
    /// Where it was discussed.
    #[arg(long, value_name = "TEXT")]
    pub(crate) ticket: Option<String>,
    /// Who else agreed.
    #[arg(long, value_name = "NAME")]
    pub(crate) approver: Option<String>,
    /// Accept all findings of the rule at addresses like this, with `*`, instead of the one.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) address: Option<String>,
    /// The file to add it to; without it, one in `.orgward/waivers` beside the configuration.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum When {
    /// Where a person sees it.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Terminal,
    /// For programs.
    Json,
    /// For code scanning.
    Sarif,
    /// For test reports.
    Junit,
    /// For a comment, or the summary of a job.
    Markdown,
    /// A page for a browser, in one file.
    Html,
    /// Annotations on GitHub.
    Github,
    /// The Code Quality report of GitLab.
    Gitlab,
    /// A compliance finding of OCSF a line, for Security Lake and query engines.
    Ocsf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum FailOn {
    Info,
    Low,
    Medium,
    High,
    Critical,
    Never,
}

impl FailOn {
    pub(crate) fn severity(self) -> Option<Severity> {
        match self {
            Self::Info => Some(Severity::Info),
            Self::Low => Some(Severity::Low),
            Self::Medium => Some(Severity::Medium),
            Self::High => Some(Severity::High),
            Self::Critical => Some(Severity::Critical),
            Self::Never => None,
        }
    }
}

/// A file to write the review into.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) file: PathBuf,
}

/// `3/16`.
fn parse_shard(text: &str) -> Result<Shard, String> {
    let parsed = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
    match parsed {
        Some((index, of)) if (1..=of).contains(&index) && of <= 10_000 => Ok(Shard { index, of }),
        _ => Err("write it as I/N, with I from 1 to N: `3/16`".to_owned()),
    }
}

/// `NAME=VALUE`.
fn parse_set(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write `NAME=VALUE`".to_owned()),
    }
}

fn parse_output(text: &str) -> Result<Output, String> {
    let (format, file) = text.split_once('=').ok_or("write it as FORMAT=FILE, such as `json=review.json`")?;
    let format = Format::from_str(format, false).map_err(|_| {
        let known: Vec<_> = Format::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .map(|value| value.get_name().to_owned())
            .collect();
        format!("the format is one of {}", known.join(", "))
    })?;
    if file.is_empty() {
        return Err("the name of the file is missing".to_owned());
    }
    Ok(Output { format, file: PathBuf::from(file) })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    /// `--org a.json plan.json`: what follows the value of an option is no value of it.
    #[test]
    fn no_option_takes_what_follows() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments().filter(|argument| !argument.is_positional()) {
                let most = argument.get_num_args().map_or(1, |range| range.max_values());
                assert!(most <= 1, "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        let mut command = Arguments::command();
        command.build();
        check(&command);
    }

    #[test]
    fn an_output_is_a_format_and_a_file() {
        let output = Output { format: Format::Json, file: "a=b.json".into() };
        assert_eq!(parse_output("json=a=b.json"), Ok(output));
        assert!(parse_output("json").is_err());
        assert!(parse_output("json=").is_err());
        assert_eq!(
            parse_output("pdf=x"),
            Err("the format is one of terminal, json, sarif, junit, markdown, html, github, gitlab, ocsf"
                .to_owned())
        );
    }
}
