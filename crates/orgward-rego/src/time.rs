//! `time.*`: moments as nanoseconds since 1970, in UTC. The clock is not asked here: a run has one moment, which it is given.

use anyhow::{Context as _, anyhow, bail};
use jiff::civil::{Date, DateTime, Weekday};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};
use regorus::{Engine, Value};

/// A builtin.
type Builtin = fn(&[Value]) -> anyhow::Result<Value>;

/// The builtins, and how many arguments each has.
const BUILTINS: [(&str, u8, Builtin); 9] = [
    ("time.add_date", 4, add_date),
    ("time.clock", 1, clock),
    ("time.date", 1, date),
    ("time.diff", 2, diff),
    ("time.format", 1, format),
    ("time.parse_duration_ns", 1, parse_duration),
    ("time.parse_ns", 2, parse),
    ("time.parse_rfc3339_ns", 1, parse_rfc3339),
    ("time.weekday", 1, weekday),
];

/// Gives an engine the builtins. `now` is what `time.now_ns()` is all the time.
pub(crate) fn connect(engine: &mut Engine, now: i64) -> anyhow::Result<()> {
    for (name, arguments, builtin) in BUILTINS {
        let call = move |arguments: Vec<Value>| builtin(&arguments);
        engine.add_extension(name.to_owned(), arguments, Box::new(call))?;
    }
    engine.add_extension("time.now_ns".to_owned(), 0, Box::new(move |_| Ok(Value::from(now))))
}

fn text(value: &Value) -> anyhow::Result<&str> {
    match value {
        Value::String(text) => Ok(text),
        other => bail!("a text is expected, and it is {other}"),
    }
}

fn number(value: &Value) -> anyhow::Result<i64> {
    value.as_i64().map_err(|_| anyhow!("a whole number is expected, and it is {value}"))
}

/// A moment, and what else is said beside it: nanoseconds, or a list of nanoseconds, a time zone, and a layout.
fn moment(value: &Value) -> anyhow::Result<(Timestamp, Option<&str>)> {
    let (nanoseconds, zone, layout) = match value {
        Value::Array(parts) => match parts.as_slice() {
            [at] => (at, "", None),
            [at, zone] => (at, text(zone)?, None),
            [at, zone, layout] => (at, text(zone)?, Some(text(layout)?)),
            _ => bail!("a time is expected, and it is {value}"),
        },
        at => (at, "", None),
    };
    if !matches!(zone, "" | "UTC" | "Etc/UTC" | "GMT") {
        bail!("the time zone `{zone}` is unknown: there is only `UTC`");
    }
    Ok((Timestamp::from_nanosecond(number(nanoseconds)?.into())?, layout))
}

fn utc(value: &Value) -> anyhow::Result<DateTime> {
    Ok(Offset::UTC.to_datetime(moment(value)?.0))
}

fn nanoseconds(at: Timestamp) -> anyhow::Result<Value> {
    let nanoseconds = i64::try_from(at.as_nanosecond()).context("the time is too far away")?;
    Ok(Value::from(nanoseconds))
}

fn list(parts: impl IntoIterator<Item = i64>) -> Value {
    Value::from(parts.into_iter().map(Value::from).collect::<Vec<_>>())
}

fn date(arguments: &[Value]) -> anyhow::Result<Value> {
    let at = utc(argument(arguments, 0)?)?;
    Ok(list([at.year().into(), at.month().into(), at.day().into()]))
}

fn clock(arguments: &[Value]) -> anyhow::Result<Value> {
    let at = utc(argument(arguments, 0)?)?;
    Ok(list([at.hour().into(), at.minute().into(), at.second().into()]))
}

fn weekday(arguments: &[Value]) -> anyhow::Result<Value> {
    Ok(Value::from(match utc(argument(arguments, 0)?)?.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }))
}

/// Years, months and days later. A day that the month does not have counts on into the next, as in Go.
fn add_date(arguments: &[Value]) -> anyhow::Result<Value> {
    let at = utc(argument(arguments, 0)?)?;
    let part = |place| -> anyhow::Result<i64> { number(argument(arguments, place)?) };
    let months = i64::from(at.year()) * 12 + i64::from(at.month()) - 1;
    let far = || anyhow!("the time is too far away");
    let years = part(1)?.checked_mul(12).ok_or_else(far)?;
    let months = months.checked_add(years).and_then(|it| it.checked_add(part(2).ok()?)).ok_or_else(far)?;
    part(2)?;
    let first = Date::new(
        i16::try_from(months.div_euclid(12)).map_err(|_| far())?,
        i8::try_from(months.rem_euclid(12) + 1).map_err(|_| far())?,
        1,
    )?;
    let days = part(3)?.checked_add(i64::from(at.day()) - 1).ok_or_else(far)?;
    let day = first.checked_add(Span::new().try_days(days)?)?;
    nanoseconds(day.to_datetime(at.time()).to_zoned(TimeZone::UTC)?.timestamp())
}

/// Years, months, days, hours, minutes and seconds between two moments. What is borrowed from a month is as long as the
/// month of the earlier one.
fn diff(arguments: &[Value]) -> anyhow::Result<Value> {
    let (one, other) = (utc(argument(arguments, 0)?)?, utc(argument(arguments, 1)?)?);
    let (from, to) = (one.min(other), one.max(other));
    let parts = |at: DateTime| -> [i64; 6] {
        let (date, time) = (at.date(), at.time());
        [
            date.year().into(),
            date.month().into(),
            date.day().into(),
            time.hour().into(),
            time.minute().into(),
            time.second().into(),
        ]
    };
    let [years, months, days, hours, minutes, seconds] = parts(from);
    let [to_years, to_months, to_days, to_hours, to_minutes, to_seconds] = parts(to);
    let borrowed = |value: i64, size: i64| if value < 0 { (value + size, 1) } else { (value, 0) };
    let (seconds, less) = borrowed(to_seconds - seconds, 60);
    let (minutes, less) = borrowed(to_minutes - minutes - less, 60);
    let (hours, less) = borrowed(to_hours - hours - less, 24);
    let (days, less) = borrowed(to_days - days - less, from.date().days_in_month().into());
    let (months, less) = borrowed(to_months - months - less, 12);
    Ok(list([to_years - years - less, months, days, hours, minutes, seconds]))
}

fn argument(arguments: &[Value], at: usize) -> anyhow::Result<&Value> {
    arguments.get(at).context("an argument is missing")
}

fn parse_rfc3339(arguments: &[Value]) -> anyhow::Result<Value> {
    let text = text(argument(arguments, 0)?)?;
    nanoseconds(text.parse::<Timestamp>().with_context(|| format!("`{text}` is no time of RFC 3339"))?)
}

/// Parts of a layout of Go, longer ones first, and what they are in a format of `strftime`.
const PARTS: [(&str, &str); 27] = [
    ("January", "%B"),
    ("Monday", "%A"),
    (".000000000", ".%9f"),
    (".999999999", "%.f"),
    (".000000", ".%6f"),
    ("-07:00", "%:z"),
    ("Z07:00", "%:z"),
    ("-0700", "%z"),
    ("2006", "%Y"),
    (".000", ".%3f"),
    ("Jan", "%b"),
    ("Mon", "%a"),
    ("MST", "%Z"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("_2", "%e"),
    ("PM", "%p"),
    ("pm", "%P"),
    ("1", "%-m"),
    ("2", "%-d"),
    ("3", "%-I"),
    ("4", "%-M"),
];

/// The names that OPA knows for layouts.
const LAYOUTS: [(&str, &str); 10] = [
    ("ANSIC", "Mon Jan _2 15:04:05 2006"),
    ("UnixDate", "Mon Jan _2 15:04:05 MST 2006"),
    ("RubyDate", "Mon Jan 02 15:04:05 -0700 2006"),
    ("RFC822", "02 Jan 06 15:04 MST"),
    ("RFC822Z", "02 Jan 06 15:04 -0700"),
    ("RFC850", "Monday, 02-Jan-06 15:04:05 MST"),
    ("RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"),
    ("RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"),
    ("RFC3339", "2006-01-02T15:04:05Z07:00"),
    ("RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"),
];

/// A layout of Go as a format of `strftime`.
fn strftime(layout: &str) -> String {
    let mut rest = LAYOUTS.iter().find(|(name, _)| *name == layout).map_or(layout, |(_, layout)| layout);
    let mut out = String::new();
    while let Some(next) = rest.chars().next() {
        if let Some((part, format)) = PARTS.iter().find(|(part, _)| rest.starts_with(part)) {
            out.push_str(format);
            rest = rest.get(part.len()..).unwrap_or_default();
            continue;
        }
        match next {
            '%' => out.push_str("%%"),
            '5' => out.push_str("%-S"),
            other => out.push(other),
        }
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    out
}

fn is_rfc3339(layout: &str) -> bool {
    matches!(layout, "RFC3339" | "RFC3339Nano")
        || LAYOUTS.iter().any(|(name, it)| name.starts_with("RFC3339") && *it == layout)
}

fn parse(arguments: &[Value]) -> anyhow::Result<Value> {
    let layout = text(argument(arguments, 0)?)?;
    let value = text(argument(arguments, 1)?)?;
    if is_rfc3339(layout) {
        return parse_rfc3339(arguments.get(1..).unwrap_or_default());
    }
    // What a zone of letters means depends on where one is, but for this one.
    let format = strftime(layout).replace("%Z", "UTC");
    let broken = strtime::parse(&format, value)
        .with_context(|| format!("`{value}` is no time in the layout `{layout}`"))?;
    // Without an offset it is a time of UTC.
    if let Ok(at) = broken.to_timestamp() {
        return nanoseconds(at);
    }
    let date = broken.to_date()?;
    let time = broken.to_time().unwrap_or_default();
    nanoseconds(date.to_datetime(time).to_zoned(TimeZone::UTC)?.timestamp())
}

fn format(arguments: &[Value]) -> anyhow::Result<Value> {
    let (at, layout) = moment(argument(arguments, 0)?)?;
    let layout = layout.unwrap_or("RFC3339Nano");
    if is_rfc3339(layout) {
        // Without the fraction where the layout has none.
        let whole = layout == "RFC3339" || !layout.contains('9') && layout != "RFC3339Nano";
        let at = if whole {
            at.round(jiff::TimestampRound::new().smallest(jiff::Unit::Second).mode(jiff::RoundMode::Floor))?
        } else {
            at
        };
        return Ok(Value::from(at.to_string()));
    }
    Ok(Value::from(strtime::format(strftime(layout), &at.to_zoned(TimeZone::UTC))?))
}

/// A duration of Go: `1h30m`, `-1.5h`, `300ms`.
fn parse_duration(arguments: &[Value]) -> anyhow::Result<Value> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("μs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 60e9),
        ("h", 3_600e9),
    ];
    let text = text(argument(arguments, 0)?)?;
    let wrong = || anyhow!("`{text}` is no duration, such as `1h30m`");
    let (mut rest, sign) = match text.strip_prefix('-') {
        Some(rest) => (rest, -1.0),
        None => (text.strip_prefix('+').unwrap_or(text), 1.0),
    };
    if rest == "0" {
        return Ok(Value::from(0_i64));
    }
    let mut all = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|char: char| !char.is_ascii_digit() && char != '.').ok_or_else(wrong)?;
        let (count, after) = rest.split_at(end);
        let end = after.find(|char: char| char.is_ascii_digit() || char == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        all += count.parse::<f64>().map_err(|_| wrong())? * size;
        rest = after;
    }
    if text.len() < 2 {
        return Err(wrong());
    }
    // A number of this size is exact to the nanosecond for a hundred days.
    let nanoseconds: i64 = std::time::Duration::try_from_secs_f64(all / 1e9)
        .ok()
        .and_then(|it| i64::try_from(it.as_nanos()).ok())
        .ok_or_else(wrong)?;
    Ok(Value::from(if sign < 0.0 { -nanoseconds } else { nanoseconds }))
}
