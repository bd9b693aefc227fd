//! What is open to everybody: definitions, terms, the responsibility list.
use super::{class_text, term_text};
use crate::{t, view};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};

#[derive(Template)]
#[template(path = "definitions.html")]
struct DefinitionsView {
    s: Say,
    items: Vec<(&'static str, &'static str, &'static str)>,
    terms: Vec<(String, Vec<(&'static str, String)>)>,
    source: String,
}

/// What each number means and which clocks hold: open to everybody.
pub(super) async fn definitions(State(app): State<App>, req: Req) -> Response {
    app.page(&req, |cx| {
        let s = Say::of(cx);
        let terms = linli_matters::terms(cx)?;
        let texts = crate::TEXTS;
        let items = texts.iter().filter(|t| t.key.ends_with("_def")).filter_map(|d| {
            let label = texts.iter().find(|t| Some(t.key) == d.key.strip_suffix("_def"))?;
            Some((label.key, s.t(*label), s.t(*d)))
        });
        let view = DefinitionsView {
            s,
            items: items.collect(),
            terms: terms
                .classes
                .iter()
                .map(|(class, stages)| {
                    (
                        class_text(class, s.lang),
                        stages
                            .iter()
                            .map(|(stage, term)| (s.t(view::stage(stage)), term_text(*term, s.lang)))
                            .collect(),
                    )
                })
                .collect(),
            source: terms.source_in(s.lang).to_owned(),
        };
        Ok(PageBody::new(s.t(t::P_DEFINITIONS), Html::of(&view)?))
    })
    .await
}

#[derive(Template)]
#[template(path = "responsibilities.html")]
struct ResponsibilitiesView {
    s: Say,
    groups: Vec<(String, Vec<view::Duty>)>,
}

pub(super) async fn responsibilities(State(app): State<App>, req: Req) -> Response {
    app.page(&req, |cx| {
        let s = Say::of(cx);
        let categories = crate::categories(cx)?;
        let mut groups = Vec::new();
        let listed = crate::responsibilities(cx)?;
        for c in categories.iter().filter(|c| listed.iter().any(|r| r.category == c.code)) {
            let own: Vec<_> = listed.iter().filter(|r| r.category == c.code).collect();
            let all = view::duties(cx, &c.code)?;
            groups.push((c.name(s.lang).to_owned(), all.into_iter().take(own.len()).collect()));
        }
        Ok(PageBody::new(s.t(t::P_RESPONSIBILITIES), Html::of(&ResponsibilitiesView { s, groups })?))
    })
    .await
}
