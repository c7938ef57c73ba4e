//! In place of Parquet, where the program is built without it.

use std::fs::File;

use super::batch::Batch;

/// Refuses a file.
pub(super) fn read(_: File, _: &mut dyn FnMut(Batch) -> bool) -> Result<(), String> {
    Err("it is Parquet, and this program is built without the feature `parquet`".to_owned())
}
