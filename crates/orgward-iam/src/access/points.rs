//! Numbers, instants and addresses: between the values that policies name, all are alike.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use crate::matching::{date, number};

/// A number at each of these, and one in each gap between them.
pub(super) fn numbers<'v>(named: impl Iterator<Item = &'v str>) -> Vec<String> {
    let mut bounds: Vec<f64> = named.filter_map(number).collect();
    bounds.sort_by(f64::total_cmp);
    // 0 and -0 are the same number.
    bounds.dedup_by(|left, right| left.partial_cmp(&right) == Some(Ordering::Equal));
    let mut points = bounds.clone();
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else { return vec!["0".to_owned()] };
    points.extend([first - step(*first), last + step(*last)]);
    for pair in bounds.windows(2) {
        if let [low, high] = pair {
            let whole = low.floor() + 1.0;
            points.push(if whole < *high { whole } else { low / 2.0 + high / 2.0 });
        }
    }
    points.retain(|point| point.is_finite());
    points.iter().map(ToString::to_string).collect()
}

/// Far enough to be another number.
fn step(from: f64) -> f64 {
    if from.abs() < 1e15 { 1.0 } else { from.abs() }
}

/// An instant at each of these, and one in each gap between them.
pub(super) fn dates<'v>(named: impl Iterator<Item = &'v str>) -> Vec<String> {
    let mut bounds: Vec<Timestamp> = named.filter_map(date).collect();
    bounds.sort_unstable();
    bounds.dedup();
    let mut points = bounds.clone();
    let (Some(first), Some(last)) = (bounds.first(), bounds.last()) else {
        return vec!["2026-01-01T00:00:00Z".to_owned()];
    };
    let second = SignedDuration::from_secs(1);
    points.extend(first.checked_sub(second).ok());
    points.extend(last.checked_add(second).ok());
    for pair in bounds.windows(2) {
        if let [low, high] = pair {
            let gap = high.duration_since(*low);
            let gap = if gap > second * 2 { second } else { gap / 2 };
            points.extend(low.checked_add(gap).ok());
        }
    }
    points.iter().map(ToString::to_string).collect()
}

/// An address in each range that no other divides, of both versions.
pub(super) fn addresses<'v>(named: impl Iterator<Item = &'v str>) -> Vec<String> {
    let ranges: Vec<IpNet> = named
        .filter_map(|text| text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)))
        .collect();
    let mut four: Vec<u32> = vec![0];
    let mut six: Vec<u128> = vec![0];
    for range in &ranges {
        match range {
            IpNet::V4(range) => {
                four.push(range.network().to_bits());
                four.extend(range.broadcast().to_bits().checked_add(1));
            }
            IpNet::V6(range) => {
                six.push(range.network().to_bits());
                six.extend(range.broadcast().to_bits().checked_add(1));
            }
        }
    }
    // Every address behaves like the first of the stretch that it is in. The public example ranges come first.
    let mut points: Vec<IpAddr> = vec![Ipv4Addr::new(203, 0, 113, 7).into()];
    points.extend(four.into_iter().map(|bits| IpAddr::from(Ipv4Addr::from_bits(bits))));
    points.push(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7).into());
    points.extend(six.into_iter().map(|bits| IpAddr::from(Ipv6Addr::from_bits(bits))));
    points.iter().map(ToString::to_string).collect()
}
