//! One hour of the demo's life: some report, and everybody whose matter wakes up does the next natural thing.
use super::World;
use super::people::District;
use super::words::{Words, field, text};
use linli_cases::Report;
use linli_core::{Actor, Error, Lang, MatterId, Millis, RawInput, Result, time};
use linli_matters::{Given, Matter};
use std::sync::Arc;

/// Lives the hour that begins at `at`: whatever wakes in it, in order, and the reports of the hour.
pub(crate) fn hour(world: &mut World, words: &Words, d: &mut District, at: Millis, a_day: f64) -> Result<()> {
    let (hour_of_day, _, _) = time::clock_of(at);
    // People report from seven to ten in the evening, more in the morning and after work.
    let weight = match hour_of_day {
        7..=9 => 9,
        10..=16 => 6,
        17..=21 => 8,
        _ => 0,
    };
    let expected = (a_day * f64::from(weight) * 10.0).round() as usize;
    let reports = expected / 1090 + usize::from(world.below(1090) < expected % 1090);
    for n in 0..reports {
        world.set(at + (n as Millis + 1) * 11 * time::MINUTE % time::HOUR);
        if let Some(matter) = report(world, words, d)? {
            let soon = awake(world, 5, 90)?;
            wake(d, matter, soon);
        }
    }
    while let Some(((due, turn), matter)) = d.waking.first_key_value().map(|(k, v)| (*k, *v)) {
        if due >= at + time::HOUR {
            break;
        }
        d.waking.remove(&(due, turn));
        world.set(due.max(at));
        step(world, words, d, matter)?;
    }
    Ok(())
}

fn wake(d: &mut District, matter: MatterId, at: Millis) {
    d.turn += 1;
    d.waking.insert((at, d.turn), matter);
}

/// An instant of working time, some minutes of it from now.
fn awake(world: &mut World, from: usize, to: usize) -> Result<Millis> {
    let minutes = (from + world.below(to.saturating_sub(from) + 1)) as Millis;
    let system = world.system.clone();
    world.house.read(&system, |cx| {
        let work = linli_registry::work(cx)?;
        let times = work.calendars.get(&work.label).map_err(Error::internal)?;
        times.add(cx.now, minutes * time::MINUTE).map(|c| c.value).map_err(Error::internal)
    })
}

fn report(world: &mut World, words: &Words, d: &mut District) -> Result<Option<MatterId>> {
    let n = world.below(d.lived.len());
    let system = world.system.clone();
    let categories = world.house.read(&system, linli_cases::categories)?;
    let known: Vec<&str> =
        words.keys(&["reports"]).into_iter().filter(|k| categories.iter().any(|c| c.code == *k)).collect();
    let Some(code) = world.pick(&known).map(|c| (*c).to_owned()) else { return Ok(None) };
    let Some(category) = categories.iter().find(|c| c.code == code) else { return Ok(None) };
    // Danger is rare.
    if category.term_class == "urgent" && !world.chance(20) {
        return Ok(None);
    }
    let sentences = words.all(&["reports", &code]);
    let sentence = text(world.pick(&sentences));
    let kind = text(words.all(&["place_kinds", &code]).first());
    let lived = &d.lived[n];
    let places = if kind == "door" || kind == "dwelling" { &lived.doors } else { &lived.spots };
    let (place, who) = {
        let (place, who) = (world.below(places.len()), world.below(lived.residents.len()));
        (places[place], lived.residents[who].clone())
    };
    let name =
        world.house.read(&system, |cx| Ok(linli_registry::place(cx, place)?.map(|p| p.name).unwrap_or_default()))?;
    let r = Report {
        words: sentence.replace("{place}", &name),
        place: Some(place),
        // One in six leaves the choice to the committee.
        category: if world.chance(16) { String::new() } else { code.clone() },
        ..Report::default()
    };
    let matter = world.act(&who, move |cx| linli_cases::report(cx, &r))?;
    d.reported += 1;
    d.meant.insert(matter.id, code);
    Ok(Some(matter.id))
}

/// The next natural thing about a matter. Whoever is asked does it; a refusal of the system is answered by the simplest move.
fn step(world: &mut World, words: &Words, d: &mut District, id: MatterId) -> Result<()> {
    let system = world.system.clone();
    let m = world.house.read(&system, |cx| linli_matters::matter(cx, id))?;
    let case = world.house.read(&system, |cx| linli_cases::case(cx, id))?;
    let Some(case) = case else { return Ok(()) };
    // What is said fits the words, also where nobody has put the matter into its category yet.
    let category = d.meant.get(&id).cloned().unwrap_or(m.category.clone());
    let mut again = Some((60usize, 600usize));
    let dice = world.below(100);
    match m.state.as_str() {
        "received" => {
            if m.category.is_empty() && world.chance(80) {
                staff(world, d, &m, "recategorise", RawInput::default().set("category", &category))?;
            }
            match dice {
                0..=44 => drop(
                    staff(world, d, &m, "dispatch", RawInput::default())?
                        || staff(world, d, &m, "sign", RawInput::default())?,
                ),
                45..=49 if m.redo == 0 => {
                    let all = words.fitting(&["decline"], &category);
                    let entry = world.pick(&all).copied();
                    staff(
                        world,
                        d,
                        &m,
                        "decline",
                        RawInput::default()
                            .set("reason", field(entry.as_ref(), "reason"))
                            .set("way", field(entry.as_ref(), "way")),
                    )?;
                }
                _ => drop(staff(world, d, &m, "sign", RawInput::default())?),
            }
            again = Some((20, 400));
        }
        "dispatched" => {
            if dice < 12 && !case.ruled {
                let reasons = ["not_ours", "not_ours", "wrong_place", "lacks_information"];
                let reason = reasons[world.below(reasons.len())];
                let all = words.fitting(&["return", reason], &category);
                let way = text(world.pick(&all));
                if !staff(world, d, &m, "return", RawInput::default().set("reason", reason).set("way", way))? {
                    staff(world, d, &m, "sign", RawInput::default())?;
                }
            } else {
                staff(world, d, &m, "sign", RawInput::default())?;
            }
            again = Some((20, 300));
        }
        "handling" => {
            if case.contacted.is_none() || (m.redo > 0 && dice < 20) {
                let all = words.all(&["contact"]);
                let said = text(world.pick(&all));
                staff(world, d, &m, "contact", RawInput::default().set("words", said))?;
                again = Some((120, 1500));
            } else {
                match dice {
                    0..=4 => {
                        let all = words.all(&["extension"]);
                        let said = text(world.pick(&all));
                        let days = 2 + world.below(2);
                        staff(world, d, &m, "ask_extension", RawInput::default().set("days", days).set("words", said))?;
                    }
                    5..=8 => {
                        let because = ["reporter", "parts", "weather", "decision"][world.below(4)];
                        let all = words.all(&["pause", because]);
                        let said = text(world.pick(&all));
                        let until = time::day_text(time::civil_day(world.house.now()) + 3 + world.below(10) as i32);
                        staff(
                            world,
                            d,
                            &m,
                            "ask_pause",
                            RawInput::default().set("because", because).set("until", until).set("words", said),
                        )?;
                    }
                    9..=13 => {
                        let all = words.fitting(&["progress"], &category);
                        let said = text(world.pick(&all));
                        staff(world, d, &m, "progress", RawInput::default().set("words", said))?;
                    }
                    14..=16 => {
                        let unit = d.handlers[world.below(d.handlers.len())];
                        let all = words.all(&["assist"]);
                        let said = text(world.pick(&all));
                        if staff(world, d, &m, "assist", RawInput::default().set("unit", unit).set("words", said))? {
                            finish_tasks(world, words, d, &m)?;
                        }
                    }
                    17..=18 => {
                        let all = words.all(&["instruction"]);
                        let said = text(world.pick(&all));
                        let supervisor = d.supervisor.clone();
                        attempt(world, &supervisor, &m, "instruct", RawInput::default().set("words", said))?;
                    }
                    _ => answer(world, words, d, &m, &category)?,
                }
                again = Some((60, 900));
            }
        }
        "approval" => {
            if dice < 82 {
                staff(world, d, &m, "approve", RawInput::default())?;
            } else {
                let all = words.all(&["refuse"]);
                let entry = world.pick(&all).copied();
                staff(
                    world,
                    d,
                    &m,
                    "refuse",
                    RawInput::default()
                        .set("reason", field(entry.as_ref(), "reason"))
                        .set("way", field(entry.as_ref(), "way")),
                )?;
            }
            again = Some((60, 600));
        }
        // A pause ends by its clock; look again tomorrow.
        "paused" => again = Some((480, 900)),
        "ruling" => {
            let all = words.all(&["ruling"]);
            let said = text(world.pick(&all));
            let target = world.house.read(&system, |cx| {
                let units = linli_registry::units(cx)?;
                Ok(units
                    .dispatch_above(m.committee)
                    .and_then(|t| units.children(t).find(|u| u.kind == "property").map(|u| u.id)))
            })?;
            let unit = target.unwrap_or_else(|| d.handlers[dice % d.handlers.len()]);
            staff(world, d, &m, "rule", RawInput::default().set("unit", unit).set("words", said))?;
        }
        "answered" => {
            again = None;
            if dice < 66 {
                let satisfied = world.chance(if m.redo > 0 { 75 } else { 84 });
                let all = words.all(&["verdict", if satisfied { "satisfied" } else { "dissatisfied" }]);
                let said = text(world.pick(&all));
                let solved = if satisfied && world.chance(96) { "yes" } else { "no" };
                let raw = RawInput::default()
                    .set("solved", solved)
                    .set("satisfaction", if satisfied { "satisfied" } else { "dissatisfied" })
                    .set("words", said);
                if let Some(reporter) = m.reporter.and_then(|p| d.residents.get(&p)).cloned() {
                    attempt(world, &reporter, &m, "verdict", raw)?;
                }
                again = (!satisfied).then_some((30, 300));
            }
        }
        "review" => {
            if dice < 70 {
                let all = words.all(&["end_review"]);
                let entry = world.pick(&all).copied();
                staff(
                    world,
                    d,
                    &m,
                    "end_review",
                    RawInput::default()
                        .set("reason", field(entry.as_ref(), "reason"))
                        .set("way", field(entry.as_ref(), "way")),
                )?;
            } else {
                let all = words.all(&["redo"]);
                let said = text(world.pick(&all));
                let unit = d.handlers[dice % d.handlers.len()];
                staff(world, d, &m, "order_redo", RawInput::default().set("unit", unit).set("words", said))?;
            }
        }
        _ => again = None,
    }
    if let Some((from, to)) = again {
        let now = world.house.read(&system, |cx| linli_matters::matter(cx, id))?;
        if now.state == "answered" {
            let at = world.house.now() + (4 + world.below(60) as Millis) * time::HOUR;
            wake(d, id, at);
        } else if now.open {
            let (from, to) = if now.term_class == "urgent" { (3, 25) } else { (from, to) };
            let at = awake(world, from, to)?;
            wake(d, id, at);
        }
    }
    Ok(())
}

fn answer(world: &mut World, words: &Words, d: &mut District, m: &Matter, category: &str) -> Result<()> {
    let outcome = match world.below(100) {
        0..=71 => "solved",
        72..=87 => "partly",
        _ => "explained",
    };
    let all = words.fitting(&["answers", outcome], category);
    let entry = world.pick(&all).copied();
    let said = entry.and_then(|e| e.as_str()).map_or_else(|| field(entry.as_ref(), "words"), str::to_owned);
    let mut raw = RawInput::default().set("outcome", outcome).set("words", said);
    let way = field(entry.as_ref(), "way");
    if !way.is_empty() {
        raw = raw.set("way", way);
    }
    staff(world, d, m, "answer", raw).map(drop)
}

/// The tasks of a matter are done by their units at once, in words of their own.
fn finish_tasks(world: &mut World, words: &Words, d: &mut District, m: &Matter) -> Result<()> {
    let system = world.system.clone();
    let id = m.id;
    let tasks = world.house.read(&system, move |cx| {
        let parent = linli_matters::see_id(cx, id)?;
        let open = parent.related().iter().filter(|(t, kind)| kind == "child" && t.open);
        Ok(open.map(|(t, _)| t.clone()).collect::<Vec<_>>())
    })?;
    for task in tasks {
        let all = words.all(&["assisted"]);
        let said = text(world.pick(&all));
        staff(world, d, &task, "done", RawInput::default().set("words", said))?;
    }
    Ok(())
}

/// A move by somebody whose turn it is.
fn staff(world: &mut World, d: &District, m: &Matter, name: &str, raw: RawInput) -> Result<bool> {
    let Some(owner) = m.owner else { return Ok(false) };
    let own = d.staff.get(&owner).map(Vec::as_slice).unwrap_or_default();
    let assigned = m.assignee.and_then(|p| own.iter().find(|a| a.person == Some(p)).cloned());
    let who = match assigned {
        Some(who) => who,
        None => {
            let n = world.below(own.len().max(1));
            match own.get(n) {
                Some(who) => who.clone(),
                None => return Ok(false),
            }
        }
    };
    attempt(world, &who, m, name, raw)
}

/// A move that the system may refuse: somebody tried, and does something else. What is our fault is not hidden.
fn attempt(world: &mut World, who: &Arc<Actor>, m: &Matter, name: &str, raw: RawInput) -> Result<bool> {
    let (id, name, given) = (m.id, name.to_owned(), Given::from(raw));
    match world.act(who, move |cx| linli_matters::act(cx, id, &name, &given, None)) {
        Ok(_) => Ok(true),
        Err(Error::Forbidden(_) | Error::Conflict(_) | Error::NotFound) => Ok(false),
        Err(Error::Invalid(errors)) => {
            tracing::debug!(first = %errors.first().map(|e| format!("{}: {}", e.field, e.msg.in_(Lang::En))).unwrap_or_default(), "a demo move was refused");
            Ok(false)
        }
        Err(e) => Err(e),
    }
}
