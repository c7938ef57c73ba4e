//! Every problem and dead statement of policy documents, one a line: how the counts in `docs/evaluation.md` were made.
//!
//! `cargo run -p orgward-iam --example problems -- KIND FILE...`, with KIND one of identity, trust, resource, scp, rcp.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for the terminal")]

use orgward_iam::{Kind, Policy, dead};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = match arguments.next().as_deref() {
        Some("identity") => Kind::Identity,
        Some("trust") => Kind::Trust,
        Some("resource") => Kind::Resource,
        Some("scp") => Kind::ServiceControl,
        Some("rcp") => Kind::ResourceControl,
        _ => return eprintln!("the first argument is identity, trust, resource, scp or rcp"),
    };
    for path in arguments {
        let name = path.rsplit('/').next().unwrap_or(&path);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return eprintln!("{path}: {error}"),
        };
        let policy = match Policy::parse(text, kind) {
            Ok(policy) => policy,
            Err(error) => {
                println!("{name}\tunreadable\t\t\t{}", error.message);
                continue;
            }
        };
        let dead = dead(&policy);
        for (at, why) in &dead {
            println!("{name}\tdead\t\tStatement/{at}\t{why:?}");
        }
        for problem in policy.problems_beside(&dead) {
            let gravity = problem.gravity.as_str();
            println!("{name}\t{}\t{gravity}\t{}\t{}", problem.code, problem.path, problem.message);
        }
    }
}
