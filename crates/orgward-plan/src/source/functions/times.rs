//! Functions of times that are written down; what asks for the current time is not followed.

use std::fmt::Write as _;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::source::Spelled;

pub(super) const NAMES: &[&str] = &["formatdate", "timeadd", "timecmp"];

/// A time of RFC 3339, and how many seconds its zone is ahead of UTC.
struct Time {
    local: DateTime,
    ahead: i64,
}

pub(super) fn call(name: &str, arguments: &[Spelled]) -> Option<Spelled> {
    if !NAMES.contains(&name) {
        return None;
    }
    let [first, second] = arguments else { return None };
    let (first, second) = (first.literal()?, second.literal()?);
    match name {
        "formatdate" => formatted(&first, &Time::parse(&second)?).map(Spelled::text),
        "timeadd" => {
            let time = Time::parse(&first)?;
            let local = time.local.checked_add(duration(&second)?).ok()?;
            Some(Spelled::text(Time { local, ..time }.text()))
        }
        "timecmp" => {
            let (first, second) = (Time::parse(&first)?.instant()?, Time::parse(&second)?.instant()?);
            let order = match first.cmp(&second) {
                std::cmp::Ordering::Less => "-1",
                std::cmp::Ordering::Equal => "0",
                std::cmp::Ordering::Greater => "1",
            };
            Some(Spelled::Number(order.to_owned()))
        }
        _ => None,
    }
}

impl Time {
    /// Reads a time, as strictly as Terraform.
    fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once('T')?;
        let (clock, ahead) = if let Some(clock) = rest.strip_suffix('Z') {
            (clock, 0)
        } else {
            let at = rest.len().checked_sub(6)?;
            let (clock, zone) = (rest.get(..at)?, rest.get(at..)?);
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let ahead = digits(hours, 2)? * 3_600 + digits(minutes, 2)? * 60;
            match zone.get(..1)? {
                "+" => (clock, ahead),
                "-" => (clock, -ahead),
                _ => return None,
            }
        };
        let whole = clock.split_once('.').map_or(clock, |(whole, _)| whole);
        if date.len() != 10 || whole.len() != 8 {
            return None;
        }
        Some(Self { local: format!("{date}T{clock}").parse().ok()?, ahead })
    }

    fn instant(&self) -> Option<DateTime> {
        self.local.checked_sub(SignedDuration::from_secs(self.ahead)).ok()
    }

    /// The zone, such as `+02:00`.
    fn zone(&self, between: &str) -> String {
        let sign = if self.ahead < 0 { '-' } else { '+' };
        let minutes = self.ahead.abs() / 60;
        format!("{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)
    }

    /// The time as Terraform writes it, without fractions of a second.
    fn text(&self) -> String {
        let zone = if self.ahead == 0 { "Z".to_owned() } else { self.zone(":") };
        format!("{}{zone}", self.local.strftime("%Y-%m-%dT%H:%M:%S"))
    }
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A duration such as `1h30m` or `-2.5s`.
fn duration(text: &str) -> Option<SignedDuration> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut total = SignedDuration::ZERO;
    let mut rest = unsigned;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let nanoseconds: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.len() > 18 {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
        let part = digits.checked_mul(nanoseconds)? / scale;
        total = total.checked_add(SignedDuration::try_from_nanos_i128(part)?)?;
        rest = after;
    }
    if text.starts_with('-') { total.checked_neg() } else { Some(total) }
}

/// A time in the letters of `formatdate`. `None` where Terraform refuses the letters.
fn formatted(format: &str, time: &Time) -> Option<String> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (quoted, after) = quotation(rest.get(1..)?)?;
            out.push_str(&quoted);
            rest = after;
            continue;
        }
        let run = rest.chars().take_while(|next| *next == first).count();
        let run = if first.is_ascii_alphabetic() { run } else { 1 };
        let local = &time.local;
        let twelve = if local.hour() % 12 == 0 { 12 } else { local.hour() % 12 };
        let zone = |zulu: &str, between| if time.ahead == 0 { zulu.to_owned() } else { time.zone(between) };
        let by = |letters: &str| local.strftime(letters).to_string();
        // Writing to a string cannot fail.
        let _ = match (first, run) {
            ('Y', 4) => write!(out, "{:04}", local.year()),
            ('Y', 2) => write!(out, "{:02}", local.year() % 100),
            ('M', 4) => write!(out, "{}", by("%B")),
            ('M', 3) => write!(out, "{}", by("%b")),
            ('M', 2) => write!(out, "{:02}", local.month()),
            ('M', 1) => write!(out, "{}", local.month()),
            ('D', 2) => write!(out, "{:02}", local.day()),
            ('D', 1) => write!(out, "{}", local.day()),
            ('E', 4) => write!(out, "{}", by("%A")),
            ('E', 3) => write!(out, "{}", by("%a")),
            ('h', 2) => write!(out, "{:02}", local.hour()),
            ('h', 1) => write!(out, "{}", local.hour()),
            ('H', 2) => write!(out, "{twelve:02}"),
            ('H', 1) => write!(out, "{twelve}"),
            ('A', 2) => write!(out, "{}", if local.hour() < 12 { "AM" } else { "PM" }),
            ('a', 2) => write!(out, "{}", if local.hour() < 12 { "am" } else { "pm" }),
            ('m', 2) => write!(out, "{:02}", local.minute()),
            ('m', 1) => write!(out, "{}", local.minute()),
            ('s', 2) => write!(out, "{:02}", local.second()),
            ('s', 1) => write!(out, "{}", local.second()),
            ('Z', 1) => write!(out, "{}", zone("Z", ":")),
            ('Z', 3) => write!(out, "{}", zone("UTC", "")),
            ('Z', 4) => write!(out, "{}", time.zone("")),
            ('Z', 5) => write!(out, "{}", time.zone(":")),
            (other, _) if !other.is_ascii_alphabetic() => write!(out, "{other}"),
            _ => return None,
        };
        rest = rest.get(first.len_utf8() * run..)?;
    }
    Some(out)
}

/// What is between quotation marks, the first of which is read; two of them are one.
fn quotation(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('\'')?;
        out.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                out.push('\'');
                rest = after;
            }
            None => return Some((out, after)),
        }
    }
}
