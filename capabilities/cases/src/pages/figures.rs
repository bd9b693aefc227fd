//! Figures of a unit or area.
use super::{Crumb, below, own_crumbs, unit_asked};
use crate::{Figure, t};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_core::{Cx, Error, Lang, Result, UnitId, time};
use linli_web::csv::Csv;
use linli_web::ui::{self, Say};
use linli_web::{App, Html, PageBody, Req};

#[derive(Template)]
#[template(path = "figures.html")]
struct FiguresView {
    s: Say,
    unit_name: String,
    days: i64,
    csv: String,
    spans: Vec<(i64, String, bool)>,
    items: Vec<FigureView>,
    chart: Html,
    ups: Vec<Crumb>,
    downs: Vec<(String, String)>,
    as_of: Html,
}

struct FigureView {
    label: &'static str,
    definition: &'static str,
    value: String,
    /// Numerator and denominator.
    of: String,
    /// The same in words, for the large figures.
    detail: String,
    /// The cases that are counted, and all of which they are a share; none where there is nothing to show.
    rows: Option<String>,
    all: Option<String>,
    /// Where its definition stands.
    anchor: &'static str,
    /// Among the few that stand large at the top.
    head: bool,
}

/// The unit and the days that were asked for, ending today.
struct Span {
    unit: UnitId,
    days: i64,
    from: i64,
    to: i64,
}

impl Span {
    fn of(cx: &mut Cx<'_, '_>, unit: Option<&str>, days: i64) -> Result<Span> {
        let unit = unit_asked(cx, unit)?;
        linli_registry::units(cx)?.get(unit).ok_or(Error::NotFound)?;
        let to = i64::from(time::civil_day(cx.now));
        Ok(Span { unit, days, from: to - days + 1, to })
    }
    /// The address of the cases behind a figure.
    fn rows(&self, f: &Figure, part: &str) -> String {
        let (from, to) = (time::day_text(self.from as i32), time::day_text(self.to as i32));
        format!("/cases?unit={}&figure={}&part={part}&from={from}&to={to}", self.unit, f.code)
    }
}

fn asked(req: &Req) -> (Option<String>, i64) {
    let days = req.q("days").and_then(|d| d.parse::<i64>().ok()).unwrap_or(30).clamp(1, 366);
    (req.q("unit").map(str::to_owned), days)
}

/// A share in percent, or a plain number; a dash where there is nothing to share.
fn value(f: &Figure) -> String {
    match (f.of, f.permille()) {
        (None, _) => f.n.to_string(),
        (Some(_), Some(p)) => format!("{}.{}%", p / 10, p % 10),
        (Some(_), None) => "–".into(),
    }
}

pub(super) async fn figures(State(app): State<App>, req: Req) -> Response {
    let (unit, days) = asked(&req);
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        let span = Span::of(cx, unit.as_deref(), days)?;
        let unit = span.unit;
        let figures = crate::figures(cx, unit, span.from, span.to)?;
        let items = figures
            .items
            .iter()
            .map(|f| FigureView {
                label: s.t(f.label),
                definition: s.t(f.definition),
                value: value(f),
                of: f.of.map(|of| format!("{} / {of}", f.n)).unwrap_or_default(),
                detail: f.of.map(|of| t::G_N_OF.with("n", f.n).with("of", of).in_(s.lang)).unwrap_or_default(),
                rows: (f.n > 0).then(|| span.rows(f, "n")),
                all: f.of.filter(|of| *of > 0).map(|_| span.rows(f, "of")),
                anchor: f.label.key,
                head: matches!(f.code, "opened" | "answered_in_time" | "solved" | "satisfied"),
            })
            .collect();
        let (points, note) = series(&figures.opened, span.from, span.to, s.lang);
        let view = FiguresView {
            s,
            unit_name: units.name(unit, s.lang).to_owned(),
            days: span.days,
            csv: format!("/figures.csv?unit={unit}&days={days}"),
            spans: [7, 30, 90, 365]
                .iter()
                .map(|d| (*d, format!("/figures?unit={unit}&days={d}"), *d == days))
                .collect(),
            items,
            chart: ui::bars(s.t(note), &s.t1(t::G_CHART_NOTE, "n", days), &points, s.lang),
            ups: own_crumbs(cx, &units, unit, s.lang, "/figures?unit="),
            downs: below(&units, unit, s.lang, "/figures?unit="),
            as_of: s.when(cx.now),
        };
        let title = format!("{} · {}", view.unit_name, s.t(t::P_FIGURES));
        Ok(PageBody::new(title, Html::of(&view)?).desk())
    })
    .await
}

/// The figures as a table to take away: whoever may see the page may take them.
pub(super) async fn figures_csv(State(app): State<App>, req: Req) -> Response {
    let (unit, days) = asked(&req);
    let made = app
        .read(&req, move |cx| {
            let span = Span::of(cx, unit.as_deref(), days)?;
            let figures = crate::figures(cx, span.unit, span.from, span.to)?;
            let s = Say::of(cx);
            let unit = linli_registry::units(cx)?.name(span.unit, s.lang).to_owned();
            let heads = [
                t::X_UNIT,
                t::X_FROM,
                t::X_TO,
                t::G_FIGURE,
                t::G_VALUE,
                t::X_N,
                t::X_OF,
                t::G_DEFINITION,
                t::X_CODE,
                t::G_AS_OF,
            ];
            let mut csv = Csv::new(&heads.map(|h| s.t(h)));
            let (from, to, now) =
                (time::day_text(span.from as i32), time::day_text(span.to as i32), time::rfc3339(cx.now));
            for f in &figures.items {
                csv.row(&[
                    unit.as_str(),
                    &from,
                    &to,
                    s.t(f.label),
                    &value(f),
                    &f.n.to_string(),
                    &f.of.map(|of| of.to_string()).unwrap_or_default(),
                    s.t(f.definition),
                    f.code,
                    &now,
                ]);
            }
            Ok((csv, format!("figures-{from}-{to}")))
        })
        .await;
    match made {
        Ok((csv, name)) => csv.into_response(&name),
        Err(e) => app.refuse(&req, e).await,
    }
}

/// A bar for each day, week or month, those without a report too; an empty chart where nothing is counted at all.
fn series(counted: &[(i64, i64)], from: i64, to: i64, lang: Lang) -> (Vec<(String, i64)>, linli_core::Text) {
    let (step, caption) = match to - from {
        ..=31 => (1, t::G_CHART),
        32..=180 => (7, t::G_CHART_WEEK),
        _ => (30, t::G_CHART_30),
    };
    if counted.is_empty() {
        return (Vec::new(), caption);
    }
    let mut points = Vec::new();
    let mut day = to - (to - from) / step * step;
    while day <= to {
        let n = counted.iter().filter(|(d, _)| *d > day - step && *d <= day).map(|(_, n)| n).sum();
        points.push((linli_web::words::day(day as i32, lang), n));
        day += step;
    }
    (points, caption)
}
