//! Keeps one comment per stack, whoever else writes at the same time.

use clap::ValueEnum;

use super::http::ForgeError;
use super::marker::{Marker, rest};
use super::{Comment, Forge};

/// How often a comment is written again that an older run has overwritten.
const CONTESTS: usize = 3;
/// Parts of the budget that are tried where a forge takes less than it promises.
const SHARES: [usize; 3] = [1, 2, 6];

/// What to do with the comment of an earlier run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Mode {
    /// Rewrite it.
    Update,
    /// Delete it and post a new one.
    Recreate,
    /// Fold it away as outdated and post a new one.
    Hide,
    /// Leave it and post a new one.
    New,
}

/// What became of a comment.
#[derive(PartialEq, Eq, Debug)]
pub enum Published {
    /// It is new; where it is.
    Created(String),
    /// It was there, and says something else now.
    Updated(String),
    /// It was there, and says the same.
    Unchanged(String),
    /// A later run has written already.
    Outdated,
    /// There is nothing to say, and nothing was ever said.
    Nothing,
}

/// What is to be posted.
pub struct Draft<'d> {
    /// What to do with the comment of an earlier run.
    pub mode: Mode,
    /// Whose comment it is, and of which run.
    pub marker: &'d Marker,
    /// Whether there is nothing that a reader has to know.
    pub is_silent: bool,
    /// Writes the comment with at most so many characters.
    pub write: &'d dyn Fn(usize) -> String,
}

/// Posts a comment, or brings the one that is there up to date.
pub fn publish(forge: &dyn Forge, draft: &Draft<'_>) -> Result<Published, ForgeError> {
    let me = forge.me()?;
    let mine = mine(forge, &me, draft.marker)?;
    let Some((newest, theirs)) = mine.last() else {
        if draft.is_silent {
            return Ok(Published::Nothing);
        }
        let created = write(forge, draft, |body| forge.create(body))?;
        return settle(forge, &me, draft, &created);
    };
    if draft.marker.is_older_than(theirs) {
        return Ok(Published::Outdated);
    }
    let is_same = theirs.commit == draft.marker.commit
        && text(rest(&newest.body)) == text(rest(&(draft.write)(forge.budget())));
    match draft.mode {
        Mode::New => {
            let created = write(forge, draft, |body| forge.create(body))?;
            Ok(Published::Created(created.url))
        }
        _ if is_same => Ok(Published::Unchanged(newest.url.clone())),
        Mode::Update => update(forge, &me, draft, newest),
        // The new one first: should it fail, the old one is still there.
        Mode::Recreate => {
            let created = write(forge, draft, |body| forge.create(body))?;
            for (old, _) in &mine {
                delete(forge, old.id)?;
            }
            settle(forge, &me, draft, &created)
        }
        Mode::Hide => {
            let created = write(forge, draft, |body| forge.create(body))?;
            let old: Vec<_> = mine.into_iter().map(|(comment, _)| comment).collect();
            forge.hide(&old)?;
            Ok(Published::Created(created.url))
        }
    }
}

/// The comments of this stack that the token's own identity wrote, the latest run last.
fn mine(forge: &dyn Forge, me: &str, marker: &Marker) -> Result<Vec<(Comment, Marker)>, ForgeError> {
    let mut mine: Vec<_> = forge
        .comments()?
        .into_iter()
        // Anybody can write a marker; nobody else can be us.
        .filter(|comment| comment.author == me)
        .filter_map(|comment| Marker::of(&comment.body).map(|marker| (comment, marker)))
        .filter(|(_, found)| found.stack == marker.stack)
        .collect();
    mine.sort_by_key(|(comment, marker)| (marker.time, comment.id));
    Ok(mine)
}

/// Rewrites a comment, and again if an older run overwrites it.
fn update(
    forge: &dyn Forge,
    me: &str,
    draft: &Draft<'_>,
    comment: &Comment,
) -> Result<Published, ForgeError> {
    for _ in 0..CONTESTS {
        let written = match write(forge, draft, |body| forge.update(comment.id, body)) {
            // Somebody has deleted it in the meantime.
            Err(ForgeError::Missing { .. }) => {
                let created = write(forge, draft, |body| forge.create(body))?;
                return settle(forge, me, draft, &created);
            }
            written => written?,
        };
        let now = mine(forge, me, draft.marker)?;
        let Some((found, theirs)) = now.iter().find(|(found, _)| found.id == comment.id) else { continue };
        if text(&found.body) == text(&written.body) {
            for (other, _) in now
                .iter()
                .filter(|(other, theirs)| other.id != comment.id && !draft.marker.is_older_than(theirs))
            {
                delete(forge, other.id)?;
            }
            return Ok(Published::Updated(written.url));
        }
        if draft.marker.is_older_than(theirs) {
            return Ok(Published::Outdated);
        }
    }
    Err(ForgeError::Contested)
}

/// Leaves one comment where several jobs, or one request that was sent twice, have created more. Every job comes
/// to the same conclusion, so it does not matter who is first.
fn settle(
    forge: &dyn Forge,
    me: &str,
    draft: &Draft<'_>,
    created: &Comment,
) -> Result<Published, ForgeError> {
    let now = mine(forge, me, draft.marker)?;
    let Some(((winner, _), losers)) = now.split_last() else {
        return Ok(Published::Created(created.url.clone()));
    };
    if draft.mode == Mode::Update || draft.mode == Mode::Recreate {
        for (loser, _) in losers {
            delete(forge, loser.id)?;
        }
    }
    Ok(if winner.id == created.id { Published::Created(created.url.clone()) } else { Published::Outdated })
}

/// Deletes a comment; that somebody was faster is no failure.
fn delete(forge: &dyn Forge, id: u64) -> Result<(), ForgeError> {
    match forge.delete(id) {
        Err(ForgeError::Missing { .. }) => Ok(()),
        done => done,
    }
}

/// Writes with less and less, where a forge finds it too long.
fn write(
    forge: &dyn Forge,
    draft: &Draft<'_>,
    send: impl Fn(&str) -> Result<Comment, ForgeError>,
) -> Result<Comment, ForgeError> {
    let mut shares = SHARES.into_iter().peekable();
    while let Some(share) = shares.next() {
        match send(&(draft.write)(forge.budget() / share)) {
            Err(ForgeError::Refused { .. }) if shares.peek().is_some() => {}
            done => return done,
        }
    }
    Err(ForgeError::Contested)
}

/// A text as it can be compared: forges change the ends of lines.
fn text(body: &str) -> String {
    body.replace('\r', "").trim_end().to_owned()
}
