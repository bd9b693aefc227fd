//! Figures of a unit or area.
use super::{Crumb, below, crumbs, unit_asked};
use crate::t;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_core::{Error, Lang, time};
use linli_web::ui::{self, Say};
use linli_web::{App, Html, PageBody, Req};

#[derive(Template)]
#[template(path = "figures.html")]
struct FiguresView {
    s: Say,
    unit_name: String,
    days: i64,
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
    /// Among the few that stand large at the top.
    head: bool,
}

pub(super) async fn figures(State(app): State<App>, req: Req) -> Response {
    let (unit, days) = (
        req.q("unit").map(str::to_owned),
        req.q("days").and_then(|d| d.parse::<i64>().ok()).unwrap_or(30).clamp(1, 366),
    );
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        let unit = unit_asked(cx, unit.as_deref())?;
        units.get(unit).ok_or(Error::NotFound)?;
        let today = i64::from(time::civil_day(cx.now));
        let figures = crate::figures(cx, unit, today - days + 1, today)?;
        let items = figures
            .items
            .iter()
            .map(|f| FigureView {
                label: s.t(f.label),
                definition: s.t(f.definition),
                value: match (f.of, f.permille()) {
                    (None, _) => f.n.to_string(),
                    (Some(_), Some(p)) => format!("{}.{}%", p / 10, p % 10),
                    (Some(_), None) => "–".into(),
                },
                of: f.of.map(|of| format!("{} / {of}", f.n)).unwrap_or_default(),
                detail: f.of.map(|of| t::G_N_OF.with("n", f.n).with("of", of).in_(s.lang)).unwrap_or_default(),
                head: matches!(f.code, "opened" | "answered_in_time" | "solved" | "satisfied"),
            })
            .collect();
        let (points, note) = series(&figures.opened, today - days + 1, today, s.lang);
        let view = FiguresView {
            s,
            unit_name: units.name(unit, s.lang).to_owned(),
            days,
            spans: [7, 30, 90, 365]
                .iter()
                .map(|d| (*d, format!("/figures?unit={unit}&days={d}"), *d == days))
                .collect(),
            items,
            chart: ui::bars(s.t(note), &s.t1(t::G_CHART_NOTE, "n", days), &points, s.lang),
            ups: crumbs(&units, unit, s.lang, "/figures?unit="),
            downs: below(&units, unit, s.lang, "/figures?unit="),
            as_of: s.when(cx.now),
        };
        let title = format!("{} · {}", view.unit_name, s.t(t::P_FIGURES));
        Ok(PageBody::new(title, Html::of(&view)?).desk())
    })
    .await
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
