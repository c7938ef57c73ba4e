//! `orgward serve`.

mod review;
mod run_task;

pub(crate) use self::run_task::run_task;
