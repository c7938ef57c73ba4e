//! Functions of IP networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::numbers::integer;
use crate::source::Spelled;

pub(super) const NAMES: &[&str] = &["cidrcontains", "cidrhost", "cidrnetmask", "cidrsubnet", "cidrsubnets"];

pub(super) fn call(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    let (prefix, rest) = arguments.split_first()?;
    let network = parse(&prefix.literal()?)?;
    let width = u32::from(network.max_prefix_len());
    let length = u32::from(network.prefix_len());
    let base = bits(network.network());
    match (name, rest) {
        ("cidrsubnet", [more, number]) => {
            let more = u32::try_from(integer(more)?).ok()?;
            let number = u128::try_from(integer(number)?).ok()?;
            let longer = length.checked_add(more).filter(|longer| *longer <= width)?;
            let fits = more >= 128 || number < 1_u128.checked_shl(more)?;
            let start = base | shifted(number, width - longer);
            fits.then(|| subnet(network, start, longer)).flatten()
        }
        ("cidrsubnets", [_, ..]) => {
            let mut next = base;
            let mut found = Vec::new();
            for more in rest {
                let more = u32::try_from(integer(more)?).ok()?;
                let longer = length.checked_add(more).filter(|longer| *longer <= width)?;
                let size = shifted(1, width - longer);
                let start = if size == 0 { base } else { next.checked_next_multiple_of(size)? };
                if start.checked_sub(base)? >> (width - length).min(127) != 0 && width > length {
                    return None;
                }
                next = start.checked_add(size)?;
                found.push(subnet(network, start, longer)?);
            }
            Some(Spelled::List(found))
        }
        ("cidrhost", [number]) => {
            let number = integer(number)?;
            let hosts = width - length;
            let distance = u128::from(number.unsigned_abs());
            let distance = if number < 0 { distance.checked_sub(1)? } else { distance };
            if hosts < 128 && distance >= shifted(1, hosts) {
                return None;
            }
            let all = if hosts >= 128 { u128::MAX } else { shifted(1, hosts) - 1 };
            let host = if number < 0 { all - distance } else { distance };
            Some(Spelled::text(address(network, base | host)?.to_string()))
        }
        ("cidrnetmask", []) => match network {
            IpNet::V4(network) => Some(Spelled::text(network.netmask().to_string())),
            IpNet::V6(_) => None,
        },
        ("cidrcontains", [inner]) => {
            let inner = inner.literal()?;
            if let Some(inner) = parse(&inner) {
                return Some(Spelled::Bool(network.contains(&inner.trunc())));
            }
            Some(Spelled::Bool(network.contains(&inner.parse::<IpAddr>().ok()?)))
        }
        _ => None,
    }
}

fn shifted(number: u128, by: u32) -> u128 {
    number.checked_shl(by).unwrap_or_default()
}

/// A network. Terraform reads `010` as ten.
fn parse(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    let length: u8 = length.parse().ok()?;
    if address.contains(':') {
        return Ipv6Net::new(address.parse().ok()?, length).ok().map(IpNet::V6);
    }
    let parts: Vec<u8> = address
        .split('.')
        .map(|part| part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit())))
        .collect::<Option<_>>()?;
    let parts: [u8; 4] = parts.try_into().ok()?;
    Ipv4Net::new(Ipv4Addr::from(parts), length).ok().map(IpNet::V4)
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn address(of: IpNet, bits: u128) -> Option<IpAddr> {
    Some(match of {
        IpNet::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).ok()?)),
        IpNet::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(bits)),
    })
}

fn subnet(of: IpNet, start: u128, length: u32) -> Option<Spelled> {
    Some(Spelled::text(format!("{}/{length}", address(of, start)?)))
}
