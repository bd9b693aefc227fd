//! `linli calendar`: days, due times and working time, each with its reasons.
use super::{Done, Failure, print, read};
use serde_json::json;
use std::path::PathBuf;
use work_calendar::{Calendar, Counted, Date, Day, DayKind, Pattern, Shifts, Term, WorkTime, Zone};

/// The shipped calendar; its source and licence stand at its head.
const SHIPPED: &str = include_str!("../../../../data/calendar/cn.csv");

#[derive(clap::Subcommand)]
pub(crate) enum Args {
    /// 逐日列出 · List the days from one date to another
    Days {
        /// First day, such as 2026-09-25
        from: String,
        /// Last day
        to: String,
        #[command(flatten)]
        options: Options,
    },
    /// 计算到期时间 · Say when something is due, and why then
    Due {
        /// Start in local time, such as 2026-09-30T16:00
        #[arg(long)]
        start: String,
        #[command(flatten)]
        term: TermArgs,
        #[command(flatten)]
        office: Office,
        #[command(flatten)]
        options: Options,
    },
    /// 两时之间的工作时间 · Working time between two local times
    Between {
        /// First time, such as 2026-09-30T16:00
        from: String,
        /// Second time
        to: String,
        #[command(flatten)]
        office: Office,
        #[command(flatten)]
        options: Options,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TermArgs {
    /// 工作小时 · Hours of the office's time
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
    working_hours: Option<i64>,
    /// 工作日 · Working days, the day of the start not counted
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
    working_days: Option<i64>,
    /// 自然时间（分钟） · Minutes on the wall clock, day and night
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=1_000_000_000))]
    wall_minutes: Option<i64>,
}

#[derive(clap::Args)]
pub(crate) struct Office {
    /// 办公时间 · Hours on a working day
    #[arg(long, default_value = "09:00-11:30,13:30-17:30")]
    hours: String,
    /// 与协调世界时相差的分钟 · Minutes east of UTC
    #[arg(long, default_value_t = 480, allow_negative_numbers = true, value_parser = clap::value_parser!(i16).range(-1440..=1440))]
    utc_offset: i16,
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// 日历文件 · Calendar file (columns date,name,is_off,notice); the shipped one if left out
    #[arg(long)]
    calendar: Option<PathBuf>,
    /// 机器可读 · Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Done {
    match args {
        Args::Days { from, to, options } => days(&date(&from)?, &date(&to)?, &options),
        Args::Due { start, term, office, options } => due(&start, &term, &office, &options),
        Args::Between { from, to, office, options } => between(&from, &to, &office, &options),
    }
}

fn days(from: &Date, to: &Date, options: &Options) -> Done {
    let calendar = calendar(options)?;
    let list: Vec<Day> = calendar.days(*from, *to).collect();
    if options.json {
        return print(&json!(list.iter().map(day_json).collect::<Vec<_>>()).to_string());
    }
    let mut text = String::new();
    for day in &list {
        let awaits = day
            .awaits
            .map_or(String::new(), |y| format!("  暂定：待{y}年通知 · provisional: awaits the notice for {y}"));
        let (zh, en) = kind_words(day.kind);
        let name = day.name.map_or(String::new(), |n| format!(" {n}"));
        text += &format!("{} {} {zh}{name} · {en}{awaits}\n", day.date, WEEKDAYS[day.date.weekday() % 7].0);
    }
    let working = list.iter().filter(|d| d.kind.is_working()).count();
    print(&format!("{text}共 {} 日，工作日 {working} 日 · {} days, {working} working days", list.len(), list.len()))
}

fn due(start: &str, term: &TermArgs, office: &Office, options: &Options) -> Done {
    let times = work_time(office, options)?;
    let zone = times.zone();
    let from = instant(zone, start)?;
    let (term, zh, en) = match term {
        TermArgs { working_hours: Some(n), .. } => {
            (Term::WorkingHours(n * 3_600_000), format!("{n} 个工作小时"), format!("{n} working hours"))
        }
        TermArgs { working_days: Some(n), .. } => {
            (Term::WorkingDays(*n), format!("{n} 个工作日"), format!("{n} working days"))
        }
        TermArgs { wall_minutes, .. } => {
            let n = wall_minutes.unwrap_or_default();
            (Term::WallClock(n * 60_000), format!("{n} 分钟（昼夜不停）"), format!("{n} minutes, day and night"))
        }
    };
    let due = times.due(from, term).map_err(Failure::failed)?;
    let spans = spans(times.calendar(), zone.local(from).0, zone.local(due.value).0);
    if options.json {
        let days: Vec<_> = spans.iter().flat_map(|s| s.iter().map(day_json)).collect();
        let answer = json!({
            "start_ms": from, "due_ms": due.value, "due": zone.show(due.value), "utc_offset": zone.offset_minutes,
            "provisional": due.is_provisional(), "awaits": due.awaits, "calendar": times.calendar().version(), "days": days,
        });
        return print(&answer.to_string());
    }
    let day = WEEKDAYS[zone.local(due.value).0.weekday() % 7];
    let shown = zone.show(due.value).replace('T', " ");
    let mut text = format!("到期 {shown}（{}） · Due {}, {shown}\n", day.0, day.1);
    text += &format!("期限 {zh}，自 {} 起 · {en} from then\n", zone.show(from).replace('T', " "));
    if let Term::WallClock(_) = term {
        return print(text.trim_end());
    }
    text += &format!("办公时间 Hours {} · 日历 Calendar {}\n", office.hours, times.calendar().version());
    for span in &spans {
        text += &format!("  {}\n", span_words(span, zone.local(from).0, matches!(term, Term::WorkingDays(_))));
    }
    print((text + &provisional_words(&due)).trim_end())
}

fn between(from: &str, to: &str, office: &Office, options: &Options) -> Done {
    let times = work_time(office, options)?;
    let (from, to) = (instant(times.zone(), from)?, instant(times.zone(), to)?);
    let time = times.working_ms(from, to).map_err(Failure::failed)?;
    let local = |at| times.zone().local(at).0;
    let days = times.working_days(local(from), local(to)).map_err(Failure::failed)?;
    if options.json {
        let answer = json!({
            "working_ms": time.value, "working_days": days.value, "provisional": time.is_provisional(), "awaits": time.awaits,
        });
        return print(&answer.to_string());
    }
    let (sign, minutes) = (if time.value < 0 { "-" } else { "" }, time.value.abs() / 60_000);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let text = format!(
        "工作时间 {sign}{hours} 小时 {minutes} 分，首日之后工作日 {} 日 · {sign}{hours} h {minutes} min of working time, {} working days after the first\n",
        days.value, days.value
    );
    print((text + &provisional_words(&time)).trim_end())
}

const WEEKDAYS: [(&str, &str); 7] = [
    ("星期一", "Monday"),
    ("星期二", "Tuesday"),
    ("星期三", "Wednesday"),
    ("星期四", "Thursday"),
    ("星期五", "Friday"),
    ("星期六", "Saturday"),
    ("星期日", "Sunday"),
];

fn kind_words(kind: DayKind) -> (&'static str, &'static str) {
    match kind {
        DayKind::Workday => ("工作日", "working day"),
        DayKind::Weekend => ("周末", "weekend"),
        DayKind::Holiday => ("放假", "day off by notice"),
        DayKind::MakeUp => ("调休上班", "weekend worked by notice"),
    }
}

fn day_json(day: &Day) -> serde_json::Value {
    json!({
        "date": day.date.to_string(), "working": day.kind.is_working(), "kind": day.kind, "name": day.name, "awaits": day.awaits,
    })
}

/// The days from one to another, days of one kind and name together.
fn spans(calendar: &Calendar, from: Date, to: Date) -> Vec<Vec<Day<'_>>> {
    let mut spans: Vec<Vec<Day>> = Vec::new();
    for day in calendar.days(from, to) {
        match spans.last_mut() {
            // The first day stands alone: terms in days do not count it.
            Some(span) if span.iter().any(|d| d.date != from && d.kind == day.kind && d.name == day.name) => {
                span.push(day)
            }
            _ => spans.push(vec![day]),
        }
    }
    spans
}

fn span_words(span: &[Day], start: Date, in_days: bool) -> String {
    let (Some(first), Some(last)) = (span.first(), span.last()) else { return String::new() };
    let dates =
        if first.date == last.date { first.date.to_string() } else { format!("{} 至 {}", first.date, last.date) };
    let (zh, en) = kind_words(first.kind);
    let name = first.name.map_or(String::new(), |n| format!("{n} "));
    let (counted_zh, counted_en) = match (first.kind.is_working(), in_days) {
        (true, true) if first.date == start => {
            ("，起算当日不计".into(), ", the day of the start is not counted".into())
        }
        (true, true) => (format!("，计 {} 日", span.len()), format!(", {} counted", span.len())),
        (true, false) => ("，计办公时间".into(), ", office hours count".into()),
        (false, _) => ("，不计".to_owned(), ", not counted".to_owned()),
    };
    format!("{dates}  {name}{zh}{counted_zh} · {en}{counted_en}")
}

fn provisional_words<T>(answer: &Counted<T>) -> String {
    answer.awaits.map_or(String::new(), |year| {
        format!(
            "暂定：{year}年放假通知未载入，按周末推算，载入后重算 · Provisional: no notice for {year} is loaded; only weekends are known, and loading it recomputes the date\n"
        )
    })
}

fn date(text: &str) -> Result<Date, Failure> {
    Date::parse(text).ok_or_else(|| Failure::input(format!("{text}: no such day; expected 2026-09-30")))
}

fn instant(zone: Zone, text: &str) -> Result<i64, Failure> {
    zone.parse(text).ok_or_else(|| Failure::input(format!("{text}: no such time; expected 2026-09-30T16:00")))
}

fn calendar(options: &Options) -> Result<Calendar, Failure> {
    let Some(path) = &options.calendar else { return Calendar::from_csv(SHIPPED).map_err(Failure::failed) };
    let text = String::from_utf8(read(path)?).map_err(|e| Failure::input(format!("{}: {e}", path.display())))?;
    Calendar::from_csv(&text).map_err(|e| Failure::input(format!("{}: {e}", path.display())))
}

fn work_time(office: &Office, options: &Options) -> Result<WorkTime, Failure> {
    let hours: Pattern = office.hours.parse().map_err(Failure::input)?;
    let zone = Zone { offset_minutes: office.utc_offset };
    WorkTime::new("office", calendar(options)?, zone, Shifts::working_days(hours)).map_err(Failure::input)
}
