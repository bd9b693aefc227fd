//! Stage clocks: examples a duty officer would check, and random lives against a reading day by day and minute by minute.
use super::*;

fn calendars() -> Calendars {
    [office("office"), hall("hall"), round_the_clock("post")].into_iter().collect()
}

fn started(at: i64, term: Term) -> Event {
    Event::Started { at, term, calendar: "office".into() }
}

fn due(clock: &Clock) -> Option<String> {
    clock.due(&calendars()).expect("an answer").map(|d| ZONE.show(d.value))
}

#[test]
fn pausing_over_days_moves_a_term_in_days_by_the_closes_missed() {
    let all = calendars();
    // Received Monday 2 March 2026; five working days end on Monday 9 March.
    let mut clock = Clock::fold(&[started(at("2026-03-02T10:00"), Term::WorkingDays(5))], &all).expect("starts");
    assert_eq!(due(&clock), Some("2026-03-09T17:30".into()));
    // Waiting for papers from Wednesday noon to Friday noon misses Wednesday's and Thursday's close.
    clock.apply(&Event::Paused { at: at("2026-03-04T12:00") }, &all).expect("pauses");
    assert_eq!(due(&clock), None);
    let if_resumed = clock.due_if_resumed(at("2026-03-06T12:00"), &all).expect("an answer").map(|d| ZONE.show(d.value));
    clock.apply(&Event::Resumed { at: at("2026-03-06T12:00") }, &all).expect("resumes");
    assert_eq!(due(&clock), Some("2026-03-11T17:30".into()));
    assert_eq!(if_resumed, due(&clock));
    // Two more days, granted.
    clock.apply(&Event::Extended { at: at("2026-03-09T09:00"), by: Term::WorkingDays(2) }, &all).expect("extends");
    assert_eq!(due(&clock), Some("2026-03-13T17:30".into()));
    let warning = clock.warn_at(Term::WorkingDays(1), &all).expect("an answer").map(|w| ZONE.show(w.value));
    assert_eq!(warning, Some("2026-03-12T17:30".into()));
    assert_eq!(clock.remaining(at("2026-03-12T18:00"), &all).map(|c| c.value), Ok(1));
    assert!(!clock.is_overdue(at("2026-03-13T17:30"), &all).expect("an answer"));
    assert!(clock.is_overdue(at("2026-03-13T17:31"), &all).expect("an answer"));
    assert_eq!(clock.overdue(at("2026-03-17T18:00"), &all).map(|c| c.value), Ok(2));
}

#[test]
fn the_pause_told_in_the_readme() {
    let all = calendars();
    let mut clock = Clock::fold(&[started(at("2026-09-30T16:00"), Term::WorkingDays(5))], &all).expect("starts");
    let left = |clock: &Clock, when| clock.remaining(at(when), &all).map(|c| c.value);
    clock.apply(&Event::Paused { at: at("2026-10-09T12:00") }, &all).expect("pauses");
    assert_eq!(left(&clock, "2026-10-09T12:00"), Ok(4));
    clock.apply(&Event::Resumed { at: at("2026-10-12T10:00") }, &all).expect("resumes");
    assert_eq!(left(&clock, "2026-10-12T10:00"), Ok(4));
    assert_eq!(due(&clock), Some("2026-10-15T17:30".into()));
}

#[test]
fn a_day_counts_if_the_clock_runs_up_to_its_close() {
    let all = calendars();
    let close = at("2026-03-03T17:30");
    let mut clock = Clock::fold(&[started(at("2026-03-02T10:00"), Term::WorkingDays(5))], &all).expect("starts");
    assert_eq!(clock.elapsed(close - 1, &all).map(|c| c.value), Ok(0));
    assert_eq!(clock.elapsed(close, &all).map(|c| c.value), Ok(1));
    clock.apply(&Event::Paused { at: close }, &all).expect("pauses");
    clock.apply(&Event::Resumed { at: at("2026-03-04T17:30") }, &all).expect("resumes");
    assert_eq!(clock.account(at("2026-03-05T09:00"), &all), Ok(Account { counted: 1, paused: 1 }));
    assert_eq!(due(&clock), Some("2026-03-10T17:30".into()));
}

#[test]
fn rerouting_never_restarts_the_residents_date() {
    let all = calendars();
    let received = at("2026-03-02T16:30");
    let overall =
        [started(received, Term::WorkingDays(5)), Event::Rerouted { at: at("2026-03-03T10:00"), restart: None }];
    assert_eq!(due(&Clock::fold(&overall, &all).expect("folds")), Some("2026-03-09T17:30".into()));
    let sign = Term::WorkingHours(2 * HOUR);
    let stage = [started(received, sign), Event::Rerouted { at: at("2026-03-03T10:00"), restart: Some(sign) }];
    let clock = Clock::fold(&stage, &all).expect("folds");
    assert_eq!(due(&clock), Some("2026-03-03T14:00".into()));
    assert_eq!(clock.elapsed(at("2026-03-03T11:00"), &all).map(|c| c.value), Ok(HOUR));
    let account = clock.account(at("2026-03-03T11:00"), &all).expect("an account");
    assert_eq!(account, Account { counted: 3 * HOUR, paused: 0 }, "the first unit's two hours stay in the account");
}

#[test]
fn a_changed_calendar_counts_from_the_change_and_never_back() {
    let all = calendars();
    let two = Term::WorkingHours(2 * HOUR);
    let change = |at| Event::CalendarChanged { at, calendar: "post".into() };
    let friday = at("2026-03-06T16:30");
    let moved = Clock::fold(&[started(friday, two), change(at("2026-03-06T20:00"))], &all).expect("folds");
    assert_eq!(due(&moved), Some("2026-03-06T21:00".into()), "one hour used, the other on the round-the-clock post");
    // Run out before the change: the due time stays where it was.
    let late = Clock::fold(&[started(friday, two), change(at("2026-03-11T09:00"))], &all).expect("folds");
    assert_eq!(due(&late), Some("2026-03-09T10:00".into()));
    let missing = Event::CalendarChanged { at: friday, calendar: "none".into() };
    let mut clock = Clock::fold(&[started(friday, two)], &all).expect("starts");
    assert_eq!(clock.apply(&missing, &all), Err(Error::UnknownCalendar("none".into())));
}

#[test]
fn a_provisional_due_time_becomes_firm_when_the_year_is_published() {
    let mut all = calendars();
    let mut clock = Clock::fold(&[started(at("2026-12-22T10:00"), Term::WorkingDays(15))], &all).expect("starts");
    assert_eq!(clock.due(&all).expect("an answer").and_then(|d| d.awaits), Some(2027));
    let notice = include_str!("../../../../data/calendar/cn.csv").to_owned()
        + "2027-01-01,元旦,true,2027\n2027-01-02,元旦,true,2027\n2027-01-03,元旦,true,2027\n";
    let calendar = Calendar::from_csv(&notice).expect("reads");
    all.insert(WorkTime::new("2027", calendar, ZONE, Shifts::working_days(hours("09:00-17:30"))).expect("compiles"));
    let change = Event::CalendarChanged { at: at("2026-12-23T08:00"), calendar: "2027".into() };
    clock.apply(&change, &all).expect("changes");
    let due = clock.due(&all).expect("an answer").expect("runs");
    assert_eq!((ZONE.show(due.value), due.awaits), ("2027-01-13T17:30".into(), None));
}

#[test]
fn what_a_clock_cannot_take_is_refused_and_changes_nothing() {
    let all = calendars();
    let (noon, later) = (at("2026-03-03T12:00"), at("2026-03-03T15:00"));
    let clock = Clock::fold(&[started(noon, Term::WorkingDays(1))], &all).expect("starts");
    let refused = |clock: &Clock, event: Event| {
        let mut copy = clock.clone();
        let error = copy.apply(&event, &all).expect_err("refused");
        assert_eq!(&copy, clock);
        error
    };
    assert_eq!(refused(&clock, Event::Resumed { at: later }), Error::WrongPhase);
    assert_eq!(refused(&clock, started(later, Term::WorkingDays(1))), Error::WrongPhase);
    assert_eq!(refused(&clock, Event::Paused { at: noon - 1 }), Error::OutOfOrder);
    assert_eq!(refused(&clock, Event::Extended { at: later, by: Term::WorkingHours(1) }), Error::UnitMismatch);
    assert_eq!(refused(&clock, Event::Extended { at: later, by: Term::WorkingDays(0) }), Error::BadTerm);
    assert_eq!(refused(&clock, Event::Rerouted { at: later, restart: Some(Term::WorkingDays(0)) }), Error::BadTerm);
    let mut stopped = clock.clone();
    stopped.apply(&Event::Stopped { at: later }, &all).expect("stops");
    assert_eq!(refused(&stopped, Event::Resumed { at: later }), Error::WrongPhase);
    assert!(!stopped.is_overdue(at("2027-01-01"), &all).expect("an answer"), "stopped in time stays in time");
    assert_eq!(Clock::fold(&[], &all), Err(Error::WrongPhase));
    assert_eq!(Clock::fold(&[started(noon, Term::WallClock(0))], &all), Err(Error::BadTerm));
}

/// One step of a random life: how long after the last, and what.
#[derive(Debug, Clone)]
enum Step {
    Pause,
    Resume,
    Extend(i64),
    Hand,
    Restart(i64),
    Change(usize),
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Pause),
        3 => Just(Step::Resume),
        1 => (1i64..40).prop_map(Step::Extend),
        1 => Just(Step::Hand),
        1 => (1i64..40).prop_map(Step::Restart),
        2 => (0usize..3).prop_map(Step::Change),
    ];
    prop::collection::vec((0i64..5000, step), 0..10)
}

const LABELS: [&str; 3] = ["office", "hall", "post"];

fn term(unit: Unit, n: i64) -> Term {
    match unit {
        Unit::WallMs => Term::WallClock(n * HOUR),
        Unit::WorkingMs => Term::WorkingHours(n * HOUR),
        Unit::WorkingDays => Term::WorkingDays(n),
    }
}

fn units() -> impl Strategy<Value = Unit> {
    prop_oneof![Just(Unit::WallMs), Just(Unit::WorkingMs), Just(Unit::WorkingDays)]
}

/// The events a random life gives; steps a clock cannot take are left out.
fn life(start: i64, unit: Unit, n: i64, steps: &[(i64, Step)]) -> Vec<Event> {
    let mut events = vec![started(start, term(unit, n))];
    let (mut at, mut running) = (start, true);
    for (gap, step) in steps {
        at += gap * MINUTE;
        events.push(match step {
            Step::Pause if running => Event::Paused { at },
            Step::Resume if !running => Event::Resumed { at },
            Step::Pause | Step::Resume => continue,
            Step::Extend(n) => Event::Extended { at, by: term(unit, *n) },
            Step::Hand => Event::Rerouted { at, restart: None },
            Step::Restart(n) => Event::Rerouted { at, restart: Some(term(unit, *n)) },
            Step::Change(i) => Event::CalendarChanged { at, calendar: LABELS[*i].into() },
        });
        running = running && !matches!(step, Step::Pause) || matches!(step, Step::Resume);
    }
    events
}

/// What the reading minute by minute finds: counted, paused, used of the current term, and when it ran out.
#[derive(Debug, Default)]
struct Slow {
    counted: i64,
    paused: i64,
    used: i64,
    due: Option<i64>,
}

/// Walks through a life minute by minute. A minute counts by the state at its beginning; a close counts if the clock runs in
/// the minute ending at it.
fn slow_life(events: &[Event], all: &Calendars, until: i64) -> Slow {
    let Event::Started { at: start, term, calendar } = &events[0] else { return Slow::default() };
    let unit = term.unit();
    let (mut running, mut label, mut lap_start) = (true, calendar.clone(), *start);
    let mut slow = Slow::default();
    let mut next = 1;
    // The whole budget of each lap, extensions included, since an extension after the due time moves it.
    let mut budgets = vec![term.amount()];
    for event in &events[1..] {
        match event {
            Event::Extended { by, .. } => *budgets.last_mut().unwrap() += by.amount(),
            Event::Rerouted { restart: Some(term), .. } => budgets.push(term.amount()),
            _ => {}
        }
    }
    let mut lap = 0;
    let mut minute = *start;
    // What happens at the very end has happened, though no minute follows.
    loop {
        while let Some(event) = events.get(next).filter(|e| e.at() <= minute) {
            match event {
                Event::Paused { .. } => running = false,
                Event::Resumed { .. } => running = true,
                Event::CalendarChanged { calendar, .. } => label = calendar.clone(),
                Event::Rerouted { at, restart: Some(_) } => {
                    (lap_start, lap, slow.used, slow.due) = (*at, lap + 1, 0, None);
                }
                _ => {}
            }
            next += 1;
        }
        if minute >= until {
            break;
        }
        let times = all.get(&label).unwrap();
        let end = minute + MINUTE;
        let amount = match unit {
            Unit::WallMs => MINUTE,
            Unit::WorkingMs => {
                if times.is_working(minute) {
                    MINUTE
                } else {
                    0
                }
            }
            // Only offices whose day closes before midnight take part in terms of days (see below).
            Unit::WorkingDays => {
                let (day, _) = ZONE.local(minute);
                let close = if label == "post" { 24 * HOUR } else { 17 * HOUR + 30 * MINUTE };
                let closes = times.calendar().is_working_day(day) && end == ZONE.instant(day, close);
                i64::from(closes && day > ZONE.local(lap_start).0)
            }
        };
        if running {
            slow.counted += amount;
            slow.used += amount;
            if slow.due.is_none() && slow.used >= budgets[lap] {
                slow.due = Some(end);
            }
        } else {
            slow.paused += amount;
        }
        minute = end;
    }
    slow
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The heart of the matter: no sequence of pause, resume, extension, re-route and calendar change loses or invents time.
    #[test]
    fn every_life_equals_its_slow_reading(start in minute(), unit in units(), n in 1i64..30, steps in steps(), after in 0i64..20_000) {
        let all = calendars();
        let mut events = life(start, unit, n, &steps);
        if unit == Unit::WorkingDays {
            events.retain(|e| !matches!(e, Event::CalendarChanged { calendar, .. } if calendar == "hall"));
        }
        let clock = Clock::fold(&events, &all).unwrap();
        let until = events.last().unwrap().at() + after * MINUTE;
        let slow = slow_life(&events, &all, until);
        let account = clock.account(until, &all).unwrap();
        prop_assert_eq!((account.counted, account.paused), (slow.counted, slow.paused));
        prop_assert_eq!(clock.elapsed(until, &all).unwrap().value, slow.used);
        let due = clock.due(&all).unwrap().map(|d| d.value);
        prop_assert_eq!(due.filter(|d| *d <= until), slow.due);
        if let Some(due) = due && unit != Unit::WorkingDays {
            let left = clock.remaining(due, &all).unwrap().value;
            prop_assert!(left == 0 || due < events.last().unwrap().at(), "at the due time nothing is left: {}", left);
        }
    }

    /// Without a change of calendar, counted and paused time together are all the working time there was.
    #[test]
    fn counted_and_paused_are_all_there_was(start in minute(), n in 1i64..30, steps in steps(), after in 0i64..20_000) {
        let all = calendars();
        let events: Vec<Event> = life(start, Unit::WorkingMs, n, &steps).into_iter()
            .filter(|e| !matches!(e, Event::CalendarChanged { .. })).collect();
        let until = events.last().unwrap().at() + after * MINUTE;
        let account = Clock::fold(&events, &all).unwrap().account(until, &all).unwrap();
        prop_assert_eq!(account.counted + account.paused, office("office").working_ms(start, until).unwrap().value);
    }

    #[test]
    fn a_pause_changes_nothing_of_what_remains(start in minute(), unit in units(), n in 1i64..60, before in 0i64..20_000, length in 0i64..40_000) {
        let all = calendars();
        let (pause, resume) = (start + before * MINUTE, start + (before + length) * MINUTE);
        let mut clock = Clock::fold(&[started(start, term(unit, n))], &all).unwrap();
        let (left, due) = (clock.remaining(pause, &all).unwrap().value, clock.due(&all).unwrap().unwrap().value);
        clock.apply(&Event::Paused { at: pause }, &all).unwrap();
        prop_assert_eq!(clock.remaining(resume, &all).unwrap().value, left);
        clock.apply(&Event::Resumed { at: resume }, &all).unwrap();
        prop_assert_eq!(clock.remaining(resume, &all).unwrap().value, left);
        let moved = clock.due(&all).unwrap().unwrap().value;
        if left <= 0 { prop_assert_eq!(moved, due) } else { prop_assert!(moved >= due && (length > 0 || moved == due)) }
        if unit == Unit::WallMs && left > 0 { prop_assert_eq!(moved - due, resume - pause) }
    }

    #[test]
    fn handing_on_without_restart_never_moves_the_date(start in minute(), unit in units(), n in 1i64..60, hands in prop::collection::vec(0i64..3000, 0..6)) {
        let all = calendars();
        let alone = Clock::fold(&[started(start, term(unit, n))], &all).unwrap();
        let mut clock = alone.clone();
        let mut at = start;
        for gap in hands {
            at += gap * MINUTE;
            clock.apply(&Event::Rerouted { at, restart: None }, &all).unwrap();
            clock.apply(&Event::CalendarChanged { at, calendar: "office".into() }, &all).unwrap();
        }
        prop_assert_eq!(clock.due(&all).unwrap(), alone.due(&all).unwrap());
    }

    #[test]
    fn a_clock_survives_storage(start in minute(), unit in units(), n in 1i64..30, steps in steps()) {
        let all = calendars();
        let events = life(start, unit, n, &steps);
        let json = serde_json::to_string(&events).unwrap();
        let events_again: Vec<Event> = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&events_again, &events);
        let clock = Clock::fold(&events, &all).unwrap();
        let again: Clock = serde_json::from_str(&serde_json::to_string(&clock).unwrap()).unwrap();
        prop_assert_eq!(again.due(&all), clock.due(&all));
        prop_assert_eq!(again, clock);
    }

    #[test]
    fn the_warning_comes_before_the_due_time(start in minute(), unit in units(), n in 1i64..30, left in 0i64..40, steps in steps()) {
        let all = calendars();
        let clock = Clock::fold(&life(start, unit, n, &steps), &all).unwrap();
        let Some(due) = clock.due(&all).unwrap() else { return Ok(()) };
        let warning = clock.warn_at(term(unit, left), &all).unwrap().unwrap();
        prop_assert!(warning.value <= due.value);
        if left == 0 { prop_assert_eq!(warning.value, due.value) }
    }
}
