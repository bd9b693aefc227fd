//! `cargo run --release -p work-calendar --example bench`: one million due times of paused and resumed clocks.
use std::hint::black_box;
use work_calendar::*;

const TARGET_SECONDS: f64 = 1.0;
const EVALUATIONS: i64 = 1_000_000;
const HOUR: i64 = 3_600_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let zone = Zone { offset_minutes: 480 };
    let calendar = Calendar::from_csv(include_str!("../../../data/calendar/cn.csv"))?;
    let shifts = Shifts::working_days("09:00-11:30,13:30-17:30".parse()?);
    let calendars: Calendars = [WorkTime::new("office", calendar, zone, shifts)?].into_iter().collect();
    let start = zone.parse("2024-01-01").ok_or("date")?;

    let cpu = cpu_seconds()?;
    let mut sum = 0i64;
    for i in 0..EVALUATIONS {
        // A minute and a half of steps: three years of starting times, so that no two are alike.
        let at = start + i * 95_000;
        let term = if i % 2 == 0 { Term::WorkingDays(1 + i % 15) } else { Term::WorkingHours((1 + i % 40) * HOUR) };
        let events = [
            Event::Started { at, term, calendar: "office".into() },
            Event::Paused { at: at + HOUR },
            Event::Resumed { at: at + 30 * HOUR },
        ];
        let clock = Clock::fold(&events, &calendars)?;
        sum = sum.wrapping_add(black_box(clock.due(&calendars)?).map_or(0, |due| due.value));
    }
    let folded = cpu_seconds()? - cpu;

    let clock = Clock::start(start, Term::WorkingDays(15), calendars.get("office")?)?;
    let cpu = cpu_seconds()?;
    for i in 0..EVALUATIONS {
        sum = sum.wrapping_add(black_box(clock.remaining(start + i * 95_000, &calendars)?).value);
        sum = sum.wrapping_add(black_box(&clock).due(&calendars)?.map_or(0, |due| due.value));
    }
    let asked = cpu_seconds()? - cpu;

    let verdict = |seconds: f64| if seconds < TARGET_SECONDS { "met" } else { "MISSED" };
    println!(
        "work-calendar  1,000,000 clocks folded from three events, due time: {folded:.3} CPU s  target < {TARGET_SECONDS} s  {}",
        verdict(folded)
    );
    println!(
        "work-calendar  1,000,000 times due and remaining of one clock: {asked:.3} CPU s  target < {TARGET_SECONDS} s  {}",
        verdict(asked)
    );
    println!("work-calendar  peak memory {:.1} MB  (checksum {sum:x})", peak_megabytes()?);
    if folded.max(asked) < TARGET_SECONDS { Ok(()) } else { Err("target missed".into()) }
}

/// CPU seconds of this process, user and system, as Linux counts them in ticks of a hundredth.
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).ok_or("/proc/self/stat");
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

fn peak_megabytes() -> Result<f64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).ok_or("VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}
