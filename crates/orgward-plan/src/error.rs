use miette::Diagnostic;
use thiserror::Error;

const SHOW: &str = "write the plan with `terraform show -json tfplan > plan.json`";

/// Why an input is not a plan that can be reviewed. The binary adds the name of the file.
///
/// No message holds a value of the input, since a value may be a secret: places are given as offset, line,
/// and column.
#[derive(Clone, PartialEq, Eq, Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum PlanError {
    /// Nothing in it.
    #[error("the input is empty")]
    #[diagnostic(help("{SHOW}"))]
    Empty,

    /// The zip archive that `terraform plan -out` writes.
    #[error("the input is a binary plan, not its JSON")]
    #[diagnostic(help("{SHOW}"))]
    Archive,

    /// Neither UTF-8 nor UTF-16.
    #[error("the input is not text: byte {offset} is neither UTF-8 nor UTF-16")]
    #[diagnostic(help("{SHOW}; an OpenTofu plan that is encrypted has to be shown by OpenTofu"))]
    Encoding {
        /// The first byte that is wrong.
        offset: usize,
    },

    /// The lines that `terraform plan -json` prints.
    #[error("the input is the log of `terraform plan -json`, not a plan")]
    #[diagnostic(help("save the plan with `terraform plan -out=tfplan`, then {}", SHOW))]
    Log,

    /// What `terraform plan` prints for people.
    #[error("the input is a plan as printed for people, not its JSON")]
    #[diagnostic(help("save the plan with `terraform plan -out=tfplan`, then {}", SHOW))]
    Printed,

    /// HCL.
    #[error("the input is Terraform configuration, not a plan")]
    #[diagnostic(help("run `terraform plan -out=tfplan`, then {}", SHOW))]
    Source,

    /// The redacted plan of HCP Terraform.
    #[error(
        "the input is a redacted plan of HCP Terraform: it lacks the configuration, and its values are replaced"
    )]
    #[diagnostic(help(
        "download `json-output` of the plan instead of `json-output-redacted`; it takes a token that may read state versions"
    ))]
    Redacted,

    /// A JSON API document around, or instead of, a plan.
    #[error("the input is an answer of the HCP Terraform API, not the plan itself")]
    #[diagnostic(help(
        "download the plan from `/api/v2/plans/PLAN/json-output`, following redirects: `curl --location`"
    ))]
    Envelope,

    /// A state or plan that OpenTofu encrypted.
    #[error("the input is encrypted by OpenTofu")]
    #[diagnostic(help(
        "let OpenTofu decrypt it: `tofu show -json > state.json`, or `tofu show -json tfplan > plan.json`"
    ))]
    Encrypted,

    /// A format that is newer than this program.
    #[error("the format version `{version}` is newer than this program knows")]
    #[diagnostic(help(
        "update orgward; it reads plan formats from 0.1 up to, but not including, 2.0, and state version 4"
    ))]
    FutureVersion {
        /// The version as written.
        version: String,
    },

    /// A format that no supported Terraform writes.
    #[error("the format version `{version}` is not one that Terraform 0.12 or newer writes")]
    #[diagnostic(help("write the input anew with Terraform 0.12 or newer, or with OpenTofu"))]
    PastVersion {
        /// The version as written.
        version: String,
    },

    /// The JSON ends before it is complete.
    #[error("the JSON breaks off at byte {offset} (line {line}, column {column})")]
    #[diagnostic(help("the file was cut short: write it again, and check the disk and the upload"))]
    Truncated {
        /// Bytes from the start of the decoded text.
        offset: usize,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
    },

    /// Not JSON.
    #[error("{what} at byte {offset} (line {line}, column {column})")]
    #[diagnostic(help("the file was changed after Terraform wrote it: write it again"))]
    Syntax {
        /// What is wrong there.
        what: String,
        /// Bytes from the start of the decoded text.
        offset: usize,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
    },

    /// Something after the plan.
    #[error("there is more after the end of the JSON, at byte {offset} (line {line}, column {column})")]
    #[diagnostic(help("pass one plan a file; to review several plans, pass several files"))]
    Trailing {
        /// Bytes from the start of the decoded text.
        offset: usize,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
    },

    /// Something else.
    #[error("the input is {what}, not a plan")]
    #[diagnostic(help("{SHOW}"))]
    Other {
        /// What it is.
        what: &'static str,
    },

    /// Neither changes nor planned values.
    #[error("the input shows neither changes nor planned values: there is nothing in it to review")]
    #[diagnostic(help("{SHOW}"))]
    Nothing,

    /// Two rows about one object.
    #[error("`{address}` is in it twice")]
    #[diagnostic(help("Terraform writes each resource once: {}", SHOW))]
    Twice {
        /// The address.
        address: String,
    },

    /// A planned value that no change brings about.
    #[error("`planned_values` has `{address}`, and `resource_changes` has no change that leads to it")]
    #[diagnostic(help("the plan was filtered or cut: {}", SHOW))]
    NoChange {
        /// The address.
        address: String,
    },

    /// A plan in which something essential is missing or of another type.
    #[error("`{place}` is not {expected}")]
    #[diagnostic(help("the file is not as Terraform writes it: {}", SHOW))]
    Shape {
        /// Where: `resource_changes[3].address`.
        place: String,
        /// What belongs there.
        expected: &'static str,
    },
}
