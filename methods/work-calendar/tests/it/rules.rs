//! Calendar, shifts and working time.
use super::*;

#[test]
fn the_national_day_week_of_2026_is_skipped_and_named() {
    let office = office("office");
    // Wednesday 30 September, 16:00: an hour and a half is left; then seven days off, back on Thursday the 8th.
    assert_eq!(
        shown(office.due(at("2026-09-30T16:00"), Term::WorkingHours(2 * HOUR))),
        ("2026-10-08T09:30".into(), None)
    );
    // Saturday the 10th is worked for the holiday, so five working days are the 8th to the 13th.
    assert_eq!(shown(office.due(at("2026-09-30T16:00"), Term::WorkingDays(5))), ("2026-10-13T17:30".into(), None));
    assert_eq!(
        shown(office.due(at("2026-09-30T16:00"), Term::WallClock(30 * MINUTE))),
        ("2026-09-30T16:30".into(), None)
    );
    let saturday = office.calendar().day(date("2026-10-10"));
    assert_eq!((saturday.kind, saturday.name, saturday.awaits), (DayKind::MakeUp, Some("国庆节"), None));
    assert!(office.is_working(at("2026-10-10T09:00")) && !office.is_working(at("2026-10-10T11:30")));
}

#[test]
fn a_term_that_reaches_an_unpublished_year_says_so() {
    let office = office("office");
    assert_eq!(shown(office.due(at("2026-12-21T10:00"), Term::WorkingDays(3))), ("2026-12-24T17:30".into(), None));
    // The last days of December wait for the notice of 2027.
    assert_eq!(
        shown(office.due(at("2026-12-21T10:00"), Term::WorkingDays(5))),
        ("2026-12-28T17:30".into(), Some(2027))
    );
    assert_eq!(
        shown(office.due(at("2026-12-21T10:00"), Term::WorkingDays(15))),
        ("2027-01-11T17:30".into(), Some(2027))
    );
    assert_eq!(
        shown(office.due(at("2003-12-21T10:00"), Term::WallClock(1))).1,
        None,
        "the wall clock waits for no notice"
    );
    assert_eq!(office.working_ms(at("2003-12-31T10:00"), at("2004-01-05")).map(|c| c.awaits), Ok(Some(2003)));
    assert_eq!(published().published().collect::<Vec<_>>(), (2004..=2026).collect::<Vec<_>>());
}

#[test]
fn publishing_a_year_makes_it_firm_and_moves_the_date() {
    let rows =
        "date,name,is_off,notice\n2026-10-01,国庆节,true,2026\n2027-01-01,元旦,true,2027\n2027-01-04,虚构,true,2027\n";
    let times = |csv: &str| {
        WorkTime::new("x", Calendar::from_csv(csv).expect("rows"), ZONE, Shifts::working_days(hours("09:00-17:00")))
            .expect("times")
    };
    let before = times(rows.split("2027").next().unwrap_or_default());
    assert_eq!(
        shown(before.due(at("2026-12-31T10:00"), Term::WorkingDays(1))),
        ("2027-01-01T17:00".into(), Some(2027))
    );
    assert_eq!(shown(times(rows).due(at("2026-12-31T10:00"), Term::WorkingDays(1))), ("2027-01-05T17:00".into(), None));
}

#[test]
fn the_edges_of_shifts() {
    let office = office("office");
    let lunch = at("2026-03-03T12:00");
    assert_eq!(office.add(lunch, 0).map(|c| c.value), Ok(lunch));
    assert_eq!(office.subtract(lunch, 0).map(|c| c.value), Ok(lunch));
    assert_eq!(shown(office.add(at("2026-03-03T09:00"), 150 * MINUTE)).0, "2026-03-03T11:30");
    assert_eq!(shown(office.add(at("2026-03-03T09:00"), 150 * MINUTE + 1)).0, "2026-03-03T13:30:00.001");
    assert_eq!(shown(office.subtract(at("2026-03-03T17:30"), 240 * MINUTE)).0, "2026-03-03T13:30");
    assert_eq!(shown(office.subtract(at("2026-03-03T17:30"), 240 * MINUTE + 1)).0, "2026-03-03T11:29:59.999");
    assert_eq!(office.working_days(date("2026-09-30"), date("2026-10-13")).map(|c| c.value), Ok(5));
    assert_eq!(office.working_days(date("2026-10-13"), date("2026-09-30")).map(|c| c.value), Ok(0));
    // A working day without hours (a Friday in the hall's summer) ends at midnight.
    assert_eq!(shown(hall("hall").due(at("2025-07-03T10:00"), Term::WorkingDays(1))).0, "2025-07-05T00:00");
    // A night shift belongs to the day it begins on: Monday's ends on Tuesday at six.
    assert_eq!(shown(hall("hall").add(at("2026-03-02T22:00"), 8 * HOUR)).0, "2026-03-03T06:00");
    // Begun on Monday in the night shift, one working day is Tuesday's.
    assert_eq!(shown(hall("hall").due(at("2026-03-02T23:00"), Term::WorkingDays(1))).0, "2026-03-03T16:30");
}

#[test]
fn what_has_no_answer_is_an_error() {
    let office = office("office");
    let closed = WorkTime::new("closed", published(), ZONE, Shifts::working_days(Pattern::default())).expect("closed");
    assert_eq!(closed.add(0, 1), Err(Error::NoWorkingTime));
    assert_eq!(closed.subtract(0, 1), Err(Error::NoWorkingTime));
    assert_eq!(shown(closed.due(at("2026-03-03T10:00"), Term::WorkingDays(1))).0, "2026-03-05T00:00");
    assert_eq!(office.add(i64::MAX, 1), Err(Error::OutOfRange));
    assert_eq!(office.add(0, i64::MAX), Err(Error::OutOfRange));
    assert_eq!(office.add(0, i64::MIN), Err(Error::OutOfRange));
    assert_eq!(office.due(0, Term::WorkingDays(i64::MAX)), Err(Error::OutOfRange));
    assert_eq!(office.due(0, Term::WorkingHours(0)), Err(Error::BadTerm));
    let mut night = Shifts::working_days(hours("08:00-12:00,22:00-32:00"));
    assert!(WorkTime::new("touching", published(), ZONE, night.clone()).is_ok());
    night.week[2] = hours("07:59-12:00");
    assert_eq!(WorkTime::new("overlap", published(), ZONE, night).err(), Some(Error::BadShifts));
    assert_eq!(WorkTime::with_seasons("none", published(), ZONE, vec![]).err(), Some(Error::BadShifts));
}

#[test]
fn a_bad_file_is_refused_with_line_and_field() {
    let error = |rows: &str| {
        Calendar::from_csv(&format!("# version: 1\ndate,name,is_off,notice\n{rows}")).unwrap_err().to_string()
    };
    assert_eq!(error("2026-02-29,春节,true,2026"), "line 3: date: no such day \"2026-02-29\"");
    assert_eq!(error("\n2026-02-28,春节,yes,2026"), "line 4: is_off: \"yes\" is neither true nor false");
    assert_eq!(error("2026-02-28,春节,true,2027"), "line 3: notice: \"2027\" is not the year of 2026-02-28");
    assert_eq!(error("2026-02-28,春节,true"), "line 3: 3 fields instead of 4");
    assert_eq!(error("2026-02-28,a,true,2026\n2026-02-28,a,true,2026"), "line 4: date: 2026-02-28 stands twice");
    assert!(Calendar::from_csv("").is_err());
    for bad in
        ["9:00-10:00", "09:00-09:00", "09:00-11:00,10:00-12:00", "09:00", "09:00-48:01", "09:60-10:00", "+9:00-10:00"]
    {
        assert!(bad.parse::<Pattern>().is_err(), "{bad}");
    }
    let text = "08:30-12:00,22:00-30:00";
    assert_eq!(hours(text).to_string(), text);
    let shifts = Shifts::working_days(hours(text));
    let json = serde_json::to_string(&shifts).expect("json");
    assert_eq!(serde_json::from_str::<Shifts>(&json).ok(), Some(shifts));
}

#[test]
fn the_shipped_days_equal_the_shared_ones() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/baoshan/cn-holidays.csv");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no shared data");
        return;
    };
    let calendar = published();
    for row in text.lines().skip(1) {
        let fields: Vec<&str> = row.split(',').collect();
        let day = calendar.day(date(fields[0]));
        assert_eq!((day.name, !day.kind.is_working()), (Some(fields[1]), fields[2] == "true"), "{row}");
    }
}

#[test]
fn a_local_day_off_counts_without_publishing_its_year() {
    let calendar = published().with_day(date("2027-07-05"), true, "台风停工");
    assert_eq!(calendar.kind(date("2027-07-05")), DayKind::Holiday);
    assert_eq!(calendar.awaits(date("2027-07-05")), Some(2027));
}

/// The working minutes between two instants, read off minute by minute from calendar and shifts.
fn slowly(times: &WorkTime, shifts_on: impl Fn(Date) -> Pattern, from: i64, to: i64) -> i64 {
    (from / MINUTE..to / MINUTE)
        .filter(|m| {
            let (day, ms) = times.zone().local(m * MINUTE);
            let on = |day: Date, minute: i64| {
                shifts_on(day).spans().iter().any(|(a, b)| (i64::from(*a)..i64::from(*b)).contains(&minute))
            };
            on(day, ms / MINUTE) || on(Date::from_days(day.days() - 1), ms / MINUTE + 1440)
        })
        .count() as i64
        * MINUTE
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn working_time_equals_a_slow_reading(from in minute(), length in 0i64..20 * 1440) {
        let to = from + length * MINUTE;
        let times = office("office");
        let calendar = published();
        let open = |day: Date| if calendar.is_working_day(day) { hours("09:00-11:30,13:30-17:30") } else { Pattern::default() };
        prop_assert_eq!(times.working_ms(from, to).unwrap().value, slowly(&times, open, from, to));
        let hall = hall("hall");
        let shifts = |day: Date| {
            let summer = (date("2025-06-01")..date("2025-10-01")).contains(&day);
            let pattern = match (calendar.kind(day), day.weekday()) {
                (DayKind::Holiday, _) => "10:00-11:00",
                (DayKind::MakeUp, _) => "08:30-12:00,13:00-16:30",
                (_, 0) => "08:30-12:00,22:00-30:00",
                (_, 2) if summer => "14:00-18:15",
                (_, 4) if summer => "",
                (_, 5) => "09:00-12:00",
                (_, 6) => "",
                _ => "08:30-12:00,13:00-16:30",
            };
            hours(pattern)
        };
        prop_assert_eq!(hall.working_ms(from, to).unwrap().value, slowly(&hall, shifts, from, to));
    }

    #[test]
    fn adding_and_subtracting_lose_nothing(from in minute(), ms in 0i64..400 * HOUR, which in 0..3) {
        let times = [office("a"), hall("b"), round_the_clock("c")][which as usize].clone();
        let later = times.add(from, ms).unwrap().value;
        prop_assert_eq!(times.working_ms(from, later).unwrap().value, ms);
        prop_assert!(later >= from && (ms == 0 || times.working_ms(from, later - 1).unwrap().value < ms), "the first such instant");
        let sooner = times.subtract(from, ms).unwrap().value;
        prop_assert_eq!(times.working_ms(sooner, from).unwrap().value, ms);
        prop_assert!(sooner <= from && (ms == 0 || times.working_ms(sooner + 1, from).unwrap().value < ms), "the last such instant");
    }

    #[test]
    fn differences_add_up(a in minute(), b in minute(), c in minute()) {
        let times = hall("hall");
        let between = |x, y| times.working_ms(x, y).unwrap().value;
        prop_assert_eq!(between(a, b) + between(b, c), between(a, c));
    }

    #[test]
    fn n_working_days_end_at_the_close_of_the_nth(from in minute(), n in 1i64..40) {
        let times = office("office");
        let due = times.due(from, Term::WorkingDays(n)).unwrap().value;
        let (start, (end, ms)) = (ZONE.local(from).0, ZONE.local(due));
        prop_assert_eq!(ms, 17 * HOUR + 30 * MINUTE);
        prop_assert!(times.calendar().is_working_day(end));
        let counted = times.calendar().days(start, end).skip(1).filter(|d| d.kind.is_working()).count() as i64;
        prop_assert_eq!(counted, n);
        prop_assert_eq!(times.working_days(start, end).unwrap().value, n);
    }

    #[test]
    fn dates_are_days_in_a_row(days in -719_162i32..2_932_896) {
        let (day, next) = (Date::from_days(days), Date::from_days(days + 1));
        let (y, m, d) = day.ymd();
        prop_assert_eq!(Date::from_ymd(y, m, d), Some(day));
        prop_assert_eq!(Date::parse(&day.to_string()), Some(day));
        let follows = Date::from_ymd(y, m, d + 1).or(Date::from_ymd(y, m + 1, 1)).or(Date::from_ymd(y + 1, 1, 1));
        prop_assert_eq!(follows, Some(next));
        prop_assert_eq!((day.weekday() + 1) % 7, next.weekday());
    }

    #[test]
    fn far_from_the_table_the_weeks_go_on(days in -700_000i32..2_900_000, ms in 0i64..100 * HOUR) {
        let times = office("office");
        let from = ZONE.instant(Date::from_days(days), ms % (24 * HOUR));
        let later = times.add(from, ms).unwrap();
        prop_assert_eq!(times.working_ms(from, later.value).unwrap().value, ms);
        prop_assert_eq!(times.subtract(later.value, ms).map(|c| times.working_ms(from, c.value).unwrap().value), Ok(0));
    }

    #[test]
    fn nothing_panics(at in any::<i64>(), ms in any::<i64>(), days in any::<i32>(), text in ".{0,40}") {
        let times = hall("hall");
        let _ = (times.add(at, ms), times.subtract(at, ms), times.working_ms(at, ms), times.is_working(at));
        let _ = (times.due(at, Term::WorkingDays(ms)), times.due(at, Term::WallClock(ms)));
        let _ = times.working_days(Date::from_days(days), Date::from_days(days.wrapping_mul(3)));
        let _ = (Date::parse(&text), ZONE.parse(&text), text.parse::<Pattern>(), Calendar::from_csv(&text));
        let _ = Calendar::from_csv(&format!("date,name,is_off,notice\n{text}"));
    }
}
