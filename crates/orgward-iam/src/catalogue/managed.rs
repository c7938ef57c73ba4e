//! The texts of the policies that AWS manages. A plan names them by ARN only.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::{Kind, Policy};

static INDEX: &str = include_str!("../../data/managed/index.tsv");
static POLICIES: &[u8] = include_bytes!("../../data/managed/policies.bin");
/// A block of 100 policies has some 200 kB.
const BLOCK: usize = 4 << 20;

/// The catalogue of AWS-managed policies that this program was built with.
///
/// ```
/// use orgward_iam::ManagedPolicies;
///
/// let text = ManagedPolicies::get().text("arn:aws:iam::aws:policy/AdministratorAccess").unwrap();
/// assert!(text.contains(r#""Action":"*""#));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ManagedPolicies(());

impl ManagedPolicies {
    /// The catalogue. Nothing is inflated before a text is asked for.
    pub const fn get() -> Self {
        Self(())
    }

    /// The day of its newest policy, `2026-08-26`.
    pub fn date(self) -> &'static str {
        Self::about(2)
    }

    /// How many policies it has.
    pub fn count(self) -> usize {
        Self::about(3).parse().unwrap_or_default()
    }

    fn about(column: usize) -> &'static str {
        INDEX.lines().next().and_then(|line| line.split('\t').nth(column)).unwrap_or_default()
    }

    /// Whether an ARN is one of a policy that AWS manages, in the catalogue or not: `arn:aws:iam::aws:policy/…`.
    pub fn is_managed(self, arn: &str) -> bool {
        canonical(arn).is_some()
    }

    /// A policy, read once for the whole run of the program: there are as many as AWS has, and each is small.
    pub fn policy(self, arn: &str) -> Option<&'static Policy> {
        static READ: Mutex<BTreeMap<String, Option<&'static Policy>>> = Mutex::new(BTreeMap::new());
        let arn = canonical(arn)?;
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = read.get(&arn) {
            return *found;
        }
        let policy = self.text(&arn).and_then(|text| Policy::parse(text, Kind::Identity).ok());
        let found = policy.map(|policy| &*Box::leak(Box::new(policy)));
        // What the catalogue does not have is not kept: names in a plan may be many.
        if found.is_some() {
            read.insert(arn, found);
        }
        found
    }

    /// The document of a policy, by its ARN in any partition. `None` when the catalogue does not have it.
    pub fn text(self, arn: &str) -> Option<String> {
        let arn = canonical(arn)?;
        let blocks = INDEX.lines().skip(1).filter_map(|line| {
            let mut cells = line.split('\t');
            let first = cells.next()?;
            let (offset, length) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
            Some((first, offset, length))
        });
        let (_, offset, length): (_, usize, usize) =
            blocks.take_while(|(first, ..)| *first <= arn.as_str()).last()?;
        let packed = POLICIES.get(offset..offset.checked_add(length)?)?;
        let block = decompress_to_vec_with_limit(packed, BLOCK).ok()?;
        let block = std::str::from_utf8(&block).ok()?;
        let line = block.lines().find_map(|line| line.strip_prefix(arn.as_str())?.strip_prefix('\t'))?;
        Some(line.to_owned())
    }
}

/// The ARN in the partition that the catalogue is written for; `None` when AWS does not manage the policy.
fn canonical(arn: &str) -> Option<String> {
    let (partition, name) = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy/")?;
    (!partition.contains(':')).then(|| format!("arn:aws:iam::aws:policy/{name}"))
}

#[cfg(test)]
mod tests {
    use super::{INDEX, ManagedPolicies, POLICIES};
    use crate::{Kind, Policy};

    #[test]
    fn every_policy_is_found_by_its_arn_and_can_be_read() {
        let mut read = 0;
        for line in INDEX.lines().skip(1) {
            let mut cells = line.split('\t').skip(1).map(|cell| cell.parse::<usize>().unwrap());
            let (offset, length) = (cells.next().unwrap(), cells.next().unwrap());
            let block = super::decompress_to_vec_with_limit(&POLICIES[offset..offset + length], super::BLOCK);
            for line in String::from_utf8(block.unwrap()).unwrap().lines() {
                let (arn, text) = line.split_once('\t').unwrap();
                if let Err(error) = Policy::parse(text, Kind::Identity) {
                    panic!("{arn}: {error}");
                }
                read += 1;
            }
            let first = line.split('\t').next().unwrap();
            assert!(ManagedPolicies::get().text(first).is_some(), "{first}");
        }
        assert_eq!(read, ManagedPolicies::get().count());
        assert!(read > 1_500);
    }

    #[test]
    fn names_paths_and_partitions() {
        let policies = ManagedPolicies::get();
        assert!(policies.text("arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess").unwrap().contains("s3:Get*"));
        assert!(policies.text("arn:aws:iam::aws:policy/job-function/SupportUser").is_some());
        assert!(policies.text("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").is_some());
        for unknown in ["arn:aws:iam::aws:policy/NoSuchPolicy", "arn:aws:iam::aws:policy/", "", "zzz"] {
            assert_eq!(policies.text(unknown), None, "{unknown}");
        }
        assert!(policies.is_managed("arn:aws:iam::aws:policy/NoSuchPolicy"));
        assert!(!policies.is_managed("arn:aws:iam::111111111111:policy/AdministratorAccess"));
    }

    #[test]
    fn the_binary_grows_by_less_than_half_a_megabyte() {
        assert!(POLICIES.len() < 500_000, "{}", POLICIES.len());
        assert!(ManagedPolicies::get().date() > "2026-01-01");
    }
}
