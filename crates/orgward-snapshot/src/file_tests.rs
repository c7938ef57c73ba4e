use std::collections::BTreeSet;
use std::io::Cursor;

use super::{MAGIC, Part, Snapshot, is_snapshot, write};
use crate::{Account, AccountPart, Described, OrganizationPart, Role, SnapshotError};

const IDS: [&str; 4] = ["111111111111", "222222222222", "333333333333", "444444444444"];

fn organization() -> OrganizationPart {
    let account =
        |id: &&str| Account { id: (*id).to_owned(), name: format!("account {id}"), ..Account::default() };
    OrganizationPart {
        organization: Described { master_account_id: IDS[0].to_owned(), ..Described::default() },
        accounts: IDS.iter().map(account).collect(),
        ..OrganizationPart::default()
    }
}

/// An account whose role another account may assume.
fn account(id: &str, trusted: Option<&str>) -> AccountPart {
    let trusted = trusted.unwrap_or(id);
    let trust = format!(r#"{{"Statement":[{{"Principal":{{"AWS":"arn:aws:iam::{trusted}:root"}}}}]}}"#);
    let role = Role { role_name: "app".to_owned(), assume_role_policy_document: trust, ..Role::default() };
    AccountPart { account: id.to_owned(), role_detail_list: vec![role], ..AccountPart::default() }
}

/// The second trusts the first, the third the second.
fn written() -> Vec<u8> {
    let parts = [
        account(IDS[0], None),
        account(IDS[1], Some(IDS[0])),
        account(IDS[2], Some(IDS[1])),
        account(IDS[3], None),
    ];
    let mut bytes = Vec::new();
    let organization = Part::of_organization(&organization()).unwrap();
    write(&mut bytes, &organization, parts.iter().map(Part::of_account)).unwrap();
    bytes
}

fn open(bytes: &[u8]) -> Result<Snapshot<Cursor<&[u8]>>, SnapshotError> {
    Snapshot::open(Cursor::new(bytes))
}

#[test]
fn what_is_written_is_read() {
    let bytes = written();
    assert!(is_snapshot(&bytes));
    let mut snapshot = open(&bytes).unwrap();
    assert_eq!(snapshot.organization().unwrap(), organization());
    assert_eq!(snapshot.accounts().keys().map(String::as_str).collect::<Vec<_>>(), IDS);
    assert_eq!(snapshot.account(IDS[1]).unwrap().unwrap(), account(IDS[1], Some(IDS[0])));
    assert!(snapshot.account("999999999999").unwrap().is_none());
}

/// A review that looks at one account needs what can reach it and what it can reach, and does not pay for the rest.
#[test]
fn the_accounts_around_an_account_are_those_that_it_names_and_those_that_name_it() {
    let bytes = written();
    let snapshot = open(&bytes).unwrap();
    let around =
        |id: &str| -> Vec<String> { snapshot.around(&BTreeSet::from([id.to_owned()])).into_iter().collect() };
    assert_eq!(around(IDS[0]), [IDS[0], IDS[1]]);
    assert_eq!(around(IDS[2]), [IDS[0], IDS[1], IDS[2]]);
    assert_eq!(around(IDS[3]), [IDS[3]]);
}

/// Bits of frames that mean nothing may change; what is read never does, and no length of a file that was cut makes
/// another snapshot. Nothing panics.
#[test]
fn a_snapshot_that_was_cut_or_changed_is_refused() {
    let bytes = written();
    let entries = open(&bytes).unwrap().accounts().clone();
    let reads = |bytes: &[u8]| -> Result<(), SnapshotError> {
        let mut snapshot = open(bytes)?;
        assert_eq!(snapshot.organization()?, organization());
        for (id, trusted) in [(0, None), (1, Some(0)), (2, Some(1)), (3, None)] {
            let part = snapshot.account(IDS[id])?.unwrap();
            assert_eq!(part, account(IDS[id], trusted.map(|id: usize| IDS[id])));
        }
        assert_eq!(*snapshot.accounts(), entries);
        Ok(())
    };
    reads(&bytes).unwrap();
    for length in 0..bytes.len() {
        assert!(reads(&bytes[..length]).is_err(), "{length}");
    }
    let changed = |at: usize| {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        reads(&changed).is_err()
    };
    let refused = (0..bytes.len()).filter(|at| changed(*at)).count();
    assert!(refused > bytes.len() - 40, "{refused} of {}", bytes.len());
}

/// Ten kilobytes can say that a part is a gigabyte: what is decompressed is bounded.
#[test]
fn a_part_that_grows_without_end_is_refused() {
    // A frame with a window of 1 MB, and blocks that repeat one byte 128 KB long.
    let mut frame = b"\x28\xb5\x2f\xfd\x00\x50".to_vec();
    for _ in 0..8_000 {
        frame.extend([0x02, 0x00, 0x10, b' ']);
    }
    frame.extend([0x03, 0x00, 0x10, b' ']);
    let error = Part::of_frame(Some(IDS[0]), frame).unwrap_err();
    assert!(matches!(error, SnapshotError::Large { .. }), "{error}");
}

#[test]
fn a_newer_version_is_refused_by_its_number() {
    let mut bytes = MAGIC.to_vec();
    let json = br#"{"version":7,"parts":[]}"#;
    let index =
        ruzstd::encoding::compress_to_vec(json.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
    bytes.extend(&index);
    bytes.extend(super::TRAILER);
    bytes.extend((MAGIC.len() as u64).to_le_bytes());
    bytes.extend((index.len() as u64).to_le_bytes());
    bytes.extend(&super::digest(json).as_bytes()[..16]);
    assert!(matches!(open(&bytes).unwrap_err(), SnapshotError::Version(7)));
}
