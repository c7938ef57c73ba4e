//! Events that were read together. One thread reads, several take them.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

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

/// What several threads take batches from.
pub(super) struct Feed<'f> {
    batches: Mutex<Receiver<Numbered<'f>>>,
    /// The first failure, by the number of its batch: which it is does not depend on which thread is faster.
    failure: Mutex<Option<(usize, EventError)>>,
}

impl<'f> Feed<'f> {
    /// Takes events until there are no more.
    pub(super) fn each(&self, sink: &mut Sink<'_>) {
        while let Some((number, path, batch)) = self.next() {
            if self.failed_before(number) {
                continue;
            }
            if let Err(why) = batch.each(sink) {
                self.fail(number, events::no_record(path, why));
            }
        }
    }

    fn next(&self) -> Option<Numbered<'f>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    fn failed_before(&self, number: usize) -> bool {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.as_ref().is_some_and(|(first, _)| *first < number)
    }

    fn fail(&self, number: usize, error: EventError) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.as_ref().is_none_or(|(first, _)| number < *first) {
            *failure = Some((number, error));
        }
    }
}

/// Reads files in this thread while others work on their events. Each of them gives a result.
pub(super) fn work_on<R: Send>(
    files: &[PathBuf],
    work: impl Fn(&Feed<'_>) -> R + Sync,
) -> Result<Vec<R>, EventError> {
    let (sender, receiver) = sync_channel(AHEAD);
    let feed = Feed { batches: Mutex::new(receiver), failure: Mutex::default() };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let results = std::thread::scope(|scope| {
        let spawned: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&feed))).collect();
        feed_from(files, &feed, sender);
        let joined = spawned.into_iter().map(std::thread::ScopedJoinHandle::join);
        // A panic of another thread goes on in this one.
        let joined = joined.map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect()
    });
    match feed.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(results),
    }
}

fn feed_from<'f>(files: &'f [PathBuf], feed: &Feed<'f>, sender: SyncSender<Numbered<'f>>) {
    let mut number = 0;
    for path in files {
        let read = events::read(path, &mut |batch| {
            number += 1;
            !feed.failed_before(number) && sender.send((number, path, batch)).is_ok()
        });
        if let Err(error) = read {
            feed.fail(number + 1, error);
        }
        if feed.failed_before(number + 2) {
            return;
        }
    }
}
