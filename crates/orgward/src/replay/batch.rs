//! Events that were read together. One thread reads, several take them.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use orgward_proof::replay::Event;

use super::events::{self, EventError};
use super::{records, rows};

/// What takes each event.
pub(super) type Sink<'s> = dyn FnMut(&Event<'_>) + 's;

/// Events that were read together.
#[derive(Debug)]
pub(super) enum Batch {
    /// Records of JSON.
    Records(records::Batch),
    /// Rows of CSV.
    Rows(rows::Batch),
    /// Rows of Parquet.
    #[cfg(feature = "parquet")]
    Columns(super::columns::Batch),
}

impl Batch {
    /// Takes each event.
    pub(super) fn each(&self, sink: &mut Sink<'_>) -> Result<(), String> {
        match self {
            Self::Records(batch) => batch.records().try_for_each(|record| whole(record, sink)),
            Self::Rows(batch) => batch.each(sink),
            #[cfg(feature = "parquet")]
            Self::Columns(batch) => batch.each(sink),
        }
    }
}

/// Takes an event that is there as the JSON of CloudTrail.
pub(super) fn whole(record: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
    let event: Event<'_> = serde_json::from_slice(record).map_err(|error| error.to_string())?;
    if event.event_name.is_none() {
        return Err("a record of it has no `eventName`".to_owned());
    }
    sink(&event);
    Ok(())
}

/// Batches that are read ahead.
const AHEAD: usize = 4;
/// More threads than these wait for the one that reads.
const THREADS: usize = 4;

/// A batch, the file that it is of, and its number among all.
type Numbered<'f> = (usize, &'f Path, Batch);

/// The first failure, by the number of its batch: which it is does not depend on which thread is faster.
#[derive(Debug, Default)]
struct Failure(Mutex<Option<(usize, EventError)>>);

impl Failure {
    fn is_before(&self, number: usize) -> bool {
        let failure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().is_some_and(|(first, _)| *first < number)
    }

    fn add(&self, number: usize, error: EventError) {
        let mut failure = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.as_ref().is_none_or(|(first, _)| number < *first) {
            *failure = Some((number, error));
        }
    }
}

/// What one of several threads takes batches from.
pub(super) struct Feed<'f> {
    // Once no thread has it any more, nothing more has to be read.
    batches: Arc<Mutex<Receiver<Numbered<'f>>>>,
    failure: &'f Failure,
}

impl Feed<'_> {
    /// Takes events until there are no more.
    pub(super) fn each(&self, sink: &mut Sink<'_>) {
        let next = || self.batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
        while let Ok((number, path, batch)) = next() {
            if self.failure.is_before(number) {
                continue;
            }
            if let Err(why) = batch.each(sink) {
                self.failure.add(number, events::no_record(path, why));
            }
        }
    }
}

/// How many threads take events on this machine.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(THREADS)
}

/// Reads files in this thread while others work on their events. Each of them gives a result.
pub(super) fn work_on<R: Send>(
    files: &[PathBuf],
    threads: usize,
    work: impl Fn(&Feed<'_>) -> R + Sync,
) -> Result<Vec<R>, EventError> {
    let failure = Failure::default();
    let results = std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(AHEAD);
        let batches = Arc::new(Mutex::new(receiver));
        let (work, failure) = (&work, &failure);
        let spawned: Vec<_> = (0..threads)
            .map(|_| {
                let feed = Feed { batches: Arc::clone(&batches), failure };
                scope.spawn(move || work(&feed))
            })
            .collect();
        drop(batches);
        feed_from(files, failure, &sender);
        drop(sender);
        let joined = spawned.into_iter().map(std::thread::ScopedJoinHandle::join);
        // Re-raise a panic of another thread.
        let joined = joined.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect()
    });
    match failure.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(results),
    }
}

fn feed_from<'f>(files: &'f [PathBuf], failure: &Failure, sender: &SyncSender<Numbered<'f>>) {
    let mut number = 0;
    for path in files {
        let read = events::read(path, &mut |batch| {
            number += 1;
            !failure.is_before(number) && sender.send((number, path, batch)).is_ok()
        });
        if let Err(error) = read {
            failure.add(number + 1, error);
        }
        if failure.is_before(number + 2) {
            return;
        }
    }
}
