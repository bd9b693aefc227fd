//! The working calendar, and what the machine could not deliver.
use crate::asked::{helps, keep};
use crate::t;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use linli_core::{Cx, Error, Field, FieldError, FieldKind, Input, RawInput, Result, Text, time};
use linli_registry::{CALENDAR, CalendarDay, UNITS};
use linli_web::api::signed_in;
use linli_web::form::{self, Again, Form, come_back};
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};
use work_calendar::{Date, DayKind, Pattern, Shifts};

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/admin/calendar", get(admin).post(act)).route("/admin/letters", get(letters))
}

const SOURCE: Field = Field::required("source", t::C_SOURCE, FieldKind::Line { max: 200 }).hint(t::C_SOURCE_HINT);
const HOURS_KIND: FieldKind = FieldKind::Line { max: 100 };
const PUBLISH: Form = Form {
    name: "publish",
    title: t::C_PUBLISH,
    says: t::C_PUBLISH_SAYS,
    icon: "calendar",
    fields: &[
        Field::required("year", t::C_YEAR, FieldKind::Number { min: 2000, max: 2200 }),
        Field::required("days", t::C_DAYS, FieldKind::Words { min: 0, max: 8000 }).hint(t::C_DAYS_HINT),
        SOURCE,
    ],
    danger: false,
};
const HOURS: Form = Form {
    name: "hours",
    title: t::C_HOURS,
    says: t::C_HOURS_SAYS,
    icon: "clock",
    fields: &[
        Field::required("from", t::C_FROM, FieldKind::Date),
        Field::required("week", t::C_WEEK, HOURS_KIND).hint(t::C_WEEK_HINT),
        Field::new("saturday", t::C_SATURDAY, HOURS_KIND),
        Field::new("sunday", t::C_SUNDAY, HOURS_KIND),
        Field::new("makeup", t::C_MAKEUP, HOURS_KIND).hint(t::C_MAKEUP_HINT),
        Field::new("holiday", t::C_HOLIDAY, HOURS_KIND),
        SOURCE,
    ],
    danger: false,
};

/// Reads `date,name,off|work` by line (放假 and 上班 are read too); empty lines and those that begin with `#` are passed over.
pub(crate) fn parse_days(text: &str) -> Result<Vec<CalendarDay>> {
    let wrong = |line: usize, why: Text| Error::field("days", why.with("line", line));
    let mut days: Vec<CalendarDay> = Vec::new();
    for (n, line) in text
        .lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line.trim()))
        .filter(|(_, l)| !l.is_empty() && !l.starts_with('#'))
    {
        let fields: Vec<&str> = line.split([',', '，', '\t']).map(str::trim).collect();
        let [date, name, kind] = fields[..] else { return Err(wrong(n, t::C_E_LINE)) };
        if time::parse_day(date).is_none() {
            return Err(wrong(n, t::C_E_DATE));
        }
        let off = match kind {
            "off" | "放假" | "休" => true,
            "work" | "上班" | "班" => false,
            _ => return Err(wrong(n, t::C_E_KIND)),
        };
        if name.is_empty() {
            return Err(wrong(n, t::C_E_LINE));
        }
        if days.iter().any(|d| d.date == date) {
            return Err(wrong(n, t::C_E_TWICE));
        }
        days.push(CalendarDay { date: date.into(), name: name.into(), off });
    }
    Ok(days)
}

/// Reads the hours of a week; each field's fault is told at the field. Working days swapped in keep weekday hours unless they
/// have their own.
fn parse_hours(input: &Input) -> Result<Shifts> {
    let mut errors = Vec::new();
    let mut hours = |field: &str| -> Option<Pattern> {
        let text = input.text(field)?.replace('，', ",").replace('：', ":");
        let read = text.parse::<Pattern>();
        if read.is_err() {
            errors.push(FieldError { field: field.into(), msg: t::C_E_HOURS.msg() });
        }
        read.ok()
    };
    let week = hours("week").unwrap_or_default();
    let (saturday, sunday) = (hours("saturday").unwrap_or_default(), hours("sunday").unwrap_or_default());
    let (makeup, holiday) = (hours("makeup"), hours("holiday").unwrap_or_default());
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let day = || week.clone();
    Ok(Shifts {
        week: [day(), day(), day(), day(), day(), saturday, sunday],
        makeup: makeup.unwrap_or_else(day),
        holiday,
    })
}

/// The spans of a civil day in which an office works, to the minute: `09:00–12:00, 13:00–18:00`.
fn spans(day: i32, works: impl Fn(i64) -> bool) -> String {
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let mut out: Vec<String> = Vec::new();
    let mut since: Option<i64> = None;
    for minute in 0..=1440 {
        let on = minute < 1440 && works(time::day_start(day) + minute * time::MINUTE);
        match (since, on) {
            (None, true) => since = Some(minute),
            (Some(from), false) => {
                out.push(format!("{}–{}", clock(from), clock(minute)));
                since = None;
            }
            _ => {}
        }
    }
    out.join(", ")
}

struct DayView {
    date: String,
    kind: &'static str,
    off: bool,
    name: String,
    hours: String,
}

struct YearView {
    year: i32,
    days: Vec<DayView>,
}

#[derive(Template)]
#[template(path = "calendar.html")]
struct View {
    s: Say,
    done: bool,
    source: String,
    years: Vec<YearView>,
    ahead: Vec<DayView>,
    awaits: Option<i32>,
    forms: Html,
}

fn kind(kind: DayKind) -> Text {
    match kind {
        DayKind::Workday => t::C_WORKDAY,
        DayKind::Weekend => t::C_WEEKEND,
        DayKind::Holiday => t::C_OFF,
        DayKind::MakeUp => t::C_SWAPPED,
    }
}

fn root_admin(cx: &mut Cx<'_, '_>, act: &str) -> Result<()> {
    signed_in(cx)?;
    let root = linli_registry::units(cx)?.root();
    keep(cx, act, root)
}

fn page(cx: &mut Cx<'_, '_>, done: bool, again: Option<&Again>) -> Result<PageBody> {
    root_admin(cx, CALENDAR)?;
    let s = Say::of(cx);
    let work = linli_registry::work(cx)?;
    let times = work.calendars.get(&work.label).map_err(Error::internal)?;
    let calendar = &work.calendar;
    let view = |d: work_calendar::Day<'_>, hours: String| DayView {
        date: linli_web::words::weekday(d.date.days(), s.lang),
        kind: s.t(kind(d.kind)),
        off: !d.kind.is_working(),
        name: d.name.unwrap_or_default().to_owned(),
        hours,
    };
    let year = |year: i32| {
        let bounds = (Date::from_ymd(year, 1, 1), Date::from_ymd(year, 12, 31));
        let (Some(from), Some(to)) = bounds else { return YearView { year, days: Vec::new() } };
        YearView {
            year,
            days: calendar.days(from, to).filter(|d| d.name.is_some()).map(|d| view(d, String::new())).collect(),
        }
    };
    let mut years: Vec<YearView> = calendar.published().map(year).collect();
    years.reverse();
    let today = time::civil_day(cx.now);
    let ahead = calendar.days(Date::from_days(today), Date::from_days(today + 13));
    let ahead = ahead.map(|d| view(d, spans(d.date.days(), |at| times.is_working(at)))).collect();
    let filled = |form: &str| match form {
        "publish" => RawInput::default().set("year", time::civil_year(cx.now) + 1),
        _ => RawInput::default().set("from", time::day_text(today + 1)),
    };
    let forms = form::forms(s, "/admin/calendar", &[], &[&PUBLISH, &HOURS], &filled, again, helps(&|_| Vec::new()))?;
    let awaits = calendar.awaits_between(Date::from_days(today), Date::from_days(today + 120));
    let view = View { s, done, source: calendar.source().to_owned(), years, ahead, awaits, forms };
    Ok(PageBody::new(s.t(t::C_TITLE), Html::of(&view)?).desk())
}

async fn admin(State(app): State<App>, req: Req) -> Response {
    let done = req.q("done").is_some();
    app.page(&req, move |cx| page(cx, done, None)).await
}

fn apply(cx: &mut Cx<'_, '_>, act: &str, raw: &RawInput) -> Result<()> {
    root_admin(cx, CALENDAR)?;
    match act {
        "publish" => {
            let input = Input::check(PUBLISH.fields, raw, false)?;
            let year = input
                .number("year")
                .and_then(|y| i32::try_from(y).ok())
                .ok_or(Error::field("year", linli_core::t::REQUIRED))?;
            let days = parse_days(input.words("days"))?;
            linli_registry::publish_calendar(cx, year, &days, input.words("source"))
        }
        "hours" => {
            let input = Input::check(HOURS.fields, raw, false)?;
            let shifts = parse_hours(&input)?;
            linli_registry::publish_hours(cx, raw.get("from").unwrap_or_default(), &shifts, input.words("source"))
        }
        _ => Err(Error::NotFound),
    }
}

async fn act(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let act = raw.get("act").unwrap_or_default().to_owned();
    let (which, given) = (act.clone(), raw.clone());
    match app.write(&req, move |cx| apply(cx, &which, &given)).await {
        Ok(()) => Redirect::to("/admin/calendar?done=1").into_response(),
        Err(e) => come_back(&app, &req, e, &act, raw, |cx, again| page(cx, false, Some(again))).await,
    }
}

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersView {
    s: Say,
    items: Vec<(String, String, i64, String)>,
}

/// Deliveries and jobs that have given up, for whoever keeps the deployment.
async fn letters(State(app): State<App>, req: Req) -> Response {
    app.page(&req, |cx| {
        root_admin(cx, UNITS)?;
        let s = Say::of(cx);
        let items = cx
            .dead_letters()?
            .into_iter()
            .map(|(id, name, tries, error)| (id.to_string(), name, tries, error.unwrap_or_default()));
        let items = items.collect();
        Ok(PageBody::new(s.t(t::D_TITLE), Html::of(&LettersView { s, items })?).desk())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_a_fault_names_its_line() {
        let days = parse_days("# 2027\n2027-01-01, 元旦, off\n\n2027-02-06，春节，上班\n").unwrap();
        assert_eq!(
            days.iter().map(|d| (d.date.as_str(), d.off)).collect::<Vec<_>>(),
            [("2027-01-01", true), ("2027-02-06", false)]
        );
        for (text, why) in [
            ("2027-01-01,元旦", t::C_E_LINE),
            ("# x\n2027-02-30,元旦,off", t::C_E_DATE),
            ("2027-01-01,元旦,yes", t::C_E_KIND),
            ("2027-01-01,元旦,off\n2027-01-01,元旦,work", t::C_E_TWICE),
        ] {
            let Err(Error::Invalid(errors)) = parse_days(text) else { panic!("{text}") };
            assert_eq!(
                (errors[0].msg.text, errors[0].msg.args[0].1.as_str()),
                (why, if text.contains('\n') { "2" } else { "1" })
            );
        }
    }

    #[test]
    fn hours_are_read_and_working_weekends_keep_them() {
        let raw = RawInput::default()
            .set("from", "2027-01-01")
            .set("week", "09:00-12:00，13：00-17：30")
            .set("saturday", "09:00-11:00")
            .set("source", "通知");
        let input = Input::check(HOURS.fields, &raw, false).unwrap();
        let shifts = parse_hours(&input).unwrap();
        assert_eq!(shifts.makeup.to_string(), "09:00-12:00,13:00-17:30");
        assert_eq!((shifts.week[5].to_string(), shifts.week[6].to_string()), ("09:00-11:00".into(), String::new()));
        let bad = Input::check(HOURS.fields, &raw.set("holiday", "9-5"), false).unwrap();
        assert!(matches!(parse_hours(&bad), Err(Error::Invalid(e)) if e[0].field == "holiday"));
    }

    #[test]
    fn a_day_is_told_in_spans() {
        let start = time::day_start(0);
        let works = |at: i64| (540..720).contains(&((at - start) / time::MINUTE)) || at - start >= 1380 * time::MINUTE;
        assert_eq!(spans(0, works), "09:00–12:00, 23:00–24:00");
        assert_eq!(spans(0, |_| false), "");
    }
}
