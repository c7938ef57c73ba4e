//! The layout of the file: frames, and the index that says where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{Read, Seek, SeekFrom, Write};

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{AccountPart, OrganizationPart, SnapshotError, VERSION};

/// How every snapshot begins: a frame that decoders of zstd skip, with what the file is.
pub const MAGIC: &[u8; 24] = b"\x5e\x2a\x4d\x18\x10\x00\x00\x00orgward-snapshot";
/// The head of the frame at the end, which decoders skip, too: where the index is, how long, and the first half of its
/// digest.
const TRAILER: &[u8; 8] = b"\x5e\x2a\x4d\x18\x20\x00\x00\x00";
const TRAILER_BYTES: usize = 40;
/// Bytes of a part once it is decompressed.
const LARGEST: u64 = 256 << 20;
/// Bytes of a part as it is in the file.
const LARGEST_FRAME: u64 = 128 << 20;
/// Accounts of an organization: AWS allows fewer.
const MOST_PARTS: usize = 200_000;

/// Whether a file begins as a snapshot does.
pub fn is_snapshot(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// What the index says of one part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The account; absent for the organization itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Where its frame begins.
    pub offset: u64,
    /// How long the frame is.
    pub length: u64,
    /// How long its JSON is.
    pub size: u64,
    /// The first 16 bytes of the SHA-256 of its JSON, in hexadecimal digits.
    pub digest: String,
    /// The other accounts that its JSON names: in trust policies, resource policies and grants.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mentions: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
struct Index {
    version: u64,
    parts: Vec<Entry>,
}

/// One part, compressed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    frame: Vec<u8>,
    entry: Entry,
}

impl Part {
    /// Compresses the part of the organization.
    pub fn of_organization(part: &OrganizationPart) -> Result<Self, SnapshotError> {
        Self::of(None, part)
    }

    /// Compresses the part of an account.
    pub fn of_account(part: &AccountPart) -> Result<Self, SnapshotError> {
        Self::of(Some(part.account.clone()), part)
    }

    fn of(account: Option<String>, part: &impl Serialize) -> Result<Self, SnapshotError> {
        let mut json = serde_json::to_vec(part).map_err(std::io::Error::from)?;
        json.push(b'\n');
        if json.len() as u64 > LARGEST {
            return Err(SnapshotError::Large { part: label(account.as_deref()), limit: LARGEST >> 20 });
        }
        let frame = compress_to_vec(json.as_slice(), CompressionLevel::Fastest);
        Ok(Self { frame, entry: entry(account, &json, 0) })
    }

    /// Takes a frame that was written before, when it is whole.
    pub fn of_frame(account: Option<&str>, frame: Vec<u8>) -> Result<Self, SnapshotError> {
        let json = decompress(&frame, &label(account), LARGEST)?;
        let entry = entry(account.map(str::to_owned), &json, 0);
        let part = Self { frame, entry };
        // What is whole is JSON of the right kind, too.
        match account {
            Some(_) => read_account(&part.entry, &json).map(|_| part),
            None => read_organization(&part.entry, &json).map(|_| part),
        }
    }

    /// What it says, when it is the part of the organization.
    pub fn organization(&self) -> Result<OrganizationPart, SnapshotError> {
        read_organization(&self.entry, &decompress(&self.frame, &label(None), LARGEST)?)
    }

    /// What it says, when it is the part of an account.
    pub fn account(&self) -> Result<AccountPart, SnapshotError> {
        let label = label(self.entry.account.as_deref());
        read_account(&self.entry, &decompress(&self.frame, &label, LARGEST)?)
    }

    /// The frame.
    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// How long its JSON is.
    pub fn size(&self) -> u64 {
        self.entry.size
    }
}

fn entry(account: Option<String>, json: &[u8], offset: u64) -> Entry {
    let mut mentions = accounts_in(json);
    if let Some(account) = &account {
        mentions.remove(account);
    } else {
        // The organization names all of them.
        mentions.clear();
    }
    Entry { account, offset, length: 0, size: json.len() as u64, digest: digest(json), mentions }
}

fn digest(json: &[u8]) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(json).iter().take(16) {
        // Writing into a string never fails.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// What may be the id of an account: twelve digits between other characters.
pub fn accounts_in(text: &[u8]) -> BTreeSet<String> {
    let runs = text.split(|byte| !byte.is_ascii_alphanumeric());
    let ids = runs.filter(|run| run.len() == 12 && run.iter().all(u8::is_ascii_digit));
    ids.map(|id| String::from_utf8_lossy(id).into_owned()).collect()
}

fn label(account: Option<&str>) -> String {
    account
        .map_or_else(|| "the part of the organization".to_owned(), |id| format!("the part of account {id}"))
}

/// Writes a snapshot: the organization, then the accounts in the order of their ids.
pub fn write(
    out: &mut impl Write,
    organization: &Part,
    accounts: impl Iterator<Item = Result<Part, SnapshotError>>,
) -> Result<(), SnapshotError> {
    out.write_all(MAGIC)?;
    let mut offset = MAGIC.len() as u64;
    let mut parts = Vec::new();
    for part in std::iter::once(Ok(organization.clone())).chain(accounts) {
        let Part { frame, entry } = part?;
        out.write_all(&frame)?;
        let length = frame.len() as u64;
        parts.push(Entry { offset, length, ..entry });
        offset += length;
    }
    let mut index =
        serde_json::to_vec(&Index { version: VERSION.into(), parts }).map_err(std::io::Error::from)?;
    index.push(b'\n');
    let digest = digest(&index);
    let index = compress_to_vec(index.as_slice(), CompressionLevel::Fastest);
    out.write_all(&index)?;
    out.write_all(TRAILER)?;
    out.write_all(&offset.to_le_bytes())?;
    out.write_all(&(index.len() as u64).to_le_bytes())?;
    out.write_all(digest.get(..16).unwrap_or_default().as_bytes())?;
    out.flush()?;
    Ok(())
}

/// A snapshot that is open: its index is read, its parts are not.
#[derive(Debug)]
pub struct Snapshot<R> {
    source: R,
    organization: Entry,
    accounts: BTreeMap<String, Entry>,
}

impl<R: Read + Seek> Snapshot<R> {
    /// Reads the index.
    pub fn open(mut source: R) -> Result<Self, SnapshotError> {
        let end = source.seek(SeekFrom::End(0))?;
        let mut head = [0; MAGIC.len()];
        let mut tail = [0; TRAILER_BYTES];
        let Some(end) = end.checked_sub(TRAILER_BYTES as u64).filter(|end| *end >= MAGIC.len() as u64) else {
            return Err(SnapshotError::Cut);
        };
        source.seek(SeekFrom::Start(0))?;
        source.read_exact(&mut head)?;
        source.seek(SeekFrom::Start(end))?;
        source.read_exact(&mut tail)?;
        let (mark, places) = tail.split_first_chunk::<8>().ok_or(SnapshotError::Cut)?;
        let number = |at: usize| {
            places
                .get(at..)
                .and_then(<[u8]>::first_chunk)
                .map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes))
        };
        let (offset, length) = (number(0), number(8));
        if head != *MAGIC || mark != TRAILER || offset.checked_add(length) != Some(end) {
            return Err(SnapshotError::Cut);
        }
        let index = frame(&mut source, offset, length, "its index")?;
        let index = decompress(&index, "its index", LARGEST)?;
        let damaged = |why| SnapshotError::Damaged { part: "its index".to_owned(), why };
        if digest(&index).get(..16).map(str::as_bytes) != places.get(16..) {
            return Err(damaged("it is not what the end of the file says"));
        }
        let Index { version, parts } =
            serde_json::from_slice(&index).map_err(|_| damaged("it is no JSON of an index"))?;
        if version != u64::from(VERSION) {
            return Err(SnapshotError::Version(version));
        }
        if parts.len() > MOST_PARTS {
            return Err(SnapshotError::Index("it has more parts than an organization has accounts"));
        }
        let (mut organization, mut accounts) = (None, BTreeMap::new());
        for entry in parts {
            if entry.offset.checked_add(entry.length).is_none_or(|end| end > offset) {
                return Err(SnapshotError::Index("a part is beyond the end of the file"));
            }
            match entry.account.clone() {
                None if organization.is_none() => organization = Some(entry),
                Some(id) if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => {
                    if accounts.insert(id, entry).is_some() {
                        return Err(SnapshotError::Index("an account is there twice"));
                    }
                }
                None => return Err(SnapshotError::Index("the organization is there twice")),
                Some(_) => return Err(SnapshotError::Index("the id of an account has twelve digits")),
            }
        }
        let organization = organization.ok_or(SnapshotError::Index("the organization is missing"))?;
        Ok(Self { source, organization, accounts })
    }

    /// The accounts that have a part, by id.
    pub fn accounts(&self) -> &BTreeMap<String, Entry> {
        &self.accounts
    }

    /// How long the JSON of some accounts is.
    pub fn size_of<'i>(&self, ids: impl Iterator<Item = &'i String>) -> u64 {
        ids.filter_map(|id| self.accounts.get(id)).map(|entry| entry.size).sum()
    }

    /// Reads the part of the organization.
    pub fn organization(&mut self) -> Result<OrganizationPart, SnapshotError> {
        let entry = self.organization.clone();
        let json = self.json(&entry)?;
        read_organization(&entry, &json)
    }

    /// Reads the part of an account; `None` where it has none.
    pub fn account(&mut self, id: &str) -> Result<Option<AccountPart>, SnapshotError> {
        let Some(entry) = self.accounts.get(id).cloned() else { return Ok(None) };
        let json = self.json(&entry)?;
        read_account(&entry, &json).map(Some)
    }

    /// The part of an account as it is in the file; `None` where it has none.
    pub fn part(&mut self, id: &str) -> Result<Option<Part>, SnapshotError> {
        let Some(entry) = self.accounts.get(id).cloned() else { return Ok(None) };
        let frame = frame(&mut self.source, entry.offset, entry.length, &label(Some(id)))?;
        Part::of_frame(Some(id), frame).map(Some)
    }

    /// The accounts that decide what can happen in some accounts: these, those that they name, and so on; and those that
    /// name one of these.
    pub fn around(&self, seeds: &BTreeSet<String>) -> BTreeSet<String> {
        let naming = self.accounts.iter().filter(|(_, entry)| !entry.mentions.is_disjoint(seeds));
        let mut found: BTreeSet<String> = naming.map(|(id, _)| id.clone()).collect();
        let mut open: Vec<&String> = seeds.iter().collect();
        while let Some(id) = open.pop() {
            let Some((id, entry)) = self.accounts.get_key_value(id) else { continue };
            found.insert(id.clone());
            let next = entry.mentions.iter().filter(|next| !seeds.contains(*next) && !found.contains(*next));
            open.extend(next);
        }
        found
    }

    fn json(&mut self, entry: &Entry) -> Result<Vec<u8>, SnapshotError> {
        let label = label(entry.account.as_deref());
        let frame = frame(&mut self.source, entry.offset, entry.length, &label)?;
        let json = decompress(&frame, &label, LARGEST)?;
        if json.len() as u64 != entry.size || digest(&json) != entry.digest {
            return Err(SnapshotError::Damaged { part: label, why: "it is not what the index says" });
        }
        Ok(json)
    }
}

fn frame(
    source: &mut (impl Read + Seek),
    offset: u64,
    length: u64,
    part: &str,
) -> Result<Vec<u8>, SnapshotError> {
    if length > LARGEST_FRAME {
        return Err(SnapshotError::Large { part: part.to_owned(), limit: LARGEST >> 20 });
    }
    source.seek(SeekFrom::Start(offset))?;
    let mut frame = Vec::new();
    source.take(length).read_to_end(&mut frame)?;
    if frame.len() as u64 == length { Ok(frame) } else { Err(SnapshotError::Cut) }
}

fn decompress(frame: &[u8], part: &str, limit: u64) -> Result<Vec<u8>, SnapshotError> {
    let damaged = |why| SnapshotError::Damaged { part: part.to_owned(), why };
    let decoder = StreamingDecoder::new(frame).map_err(|_| damaged("it is no frame of zstd"))?;
    let mut json = Vec::new();
    decoder.take(limit + 1).read_to_end(&mut json).map_err(|_| damaged("it cannot be decompressed"))?;
    if json.len() as u64 > limit {
        return Err(SnapshotError::Large { part: part.to_owned(), limit: limit >> 20 });
    }
    Ok(json)
}

fn read_organization(entry: &Entry, json: &[u8]) -> Result<OrganizationPart, SnapshotError> {
    let damaged = |why| SnapshotError::Damaged { part: label(entry.account.as_deref()), why };
    serde_json::from_slice(json).map_err(|_| damaged("it is no JSON of an organization"))
}

fn read_account(entry: &Entry, json: &[u8]) -> Result<AccountPart, SnapshotError> {
    let damaged = |why| SnapshotError::Damaged { part: label(entry.account.as_deref()), why };
    let part: AccountPart =
        serde_json::from_slice(json).map_err(|_| damaged("it is no JSON of an account"))?;
    if entry.account.as_deref() == Some(part.account.as_str()) {
        Ok(part)
    } else {
        Err(damaged("it is of another account"))
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
