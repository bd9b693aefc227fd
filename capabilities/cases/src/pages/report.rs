//! Reporting step by step.
use crate::uploads::{keep_files, sealed};
use crate::{report, t, view};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use linli_core::{Cx, Error, FieldError, RawInput, Result, UnitId};
use linli_registry::{Function, Units};
use linli_web::ui::{self, FieldView, Opt, Say};
use linli_web::{App, Html, PageBody, Req};

/// What travels between the steps in hidden fields: what was typed, and files already stored with a seal of ours.
#[derive(Template)]
#[template(path = "report.html")]
struct ReportView {
    s: Say,
    step: u8,
    key: String,
    errors: Html,
    hidden: Vec<(String, String)>,
    fields: Html,
    known: Option<String>,
    tree: Tree,
    place_error: Option<String>,
    place_fields: Html,
    behalf: Html,
    behalf_open: bool,
    named: Html,
    named_open: bool,
    kept: usize,
    similar: Html,
    similar_n: usize,
    danger: bool,
    preview: Option<PreviewView>,
}

#[derive(Default)]
struct Tree {
    committee: String,
    estates: Vec<Opt>,
    place: String,
    place_label: String,
    committees: Vec<Opt>,
}

struct PreviewView {
    title: String,
    words: Html,
    place: String,
    category: String,
    seen_by: String,
    /// Only those who handle it see it.
    alone: bool,
    unit: String,
    photos: usize,
    voices: usize,
}

pub(super) async fn report_form(State(app): State<App>, req: Req) -> Response {
    let key = app.house().fresh_id().simple().to_string();
    let mut raw = RawInput::default();
    if let Some(place) = req.q("place") {
        raw = raw.set("place", place);
    }
    let about = req.q("about").map(str::to_owned);
    app.page(&req, move |cx| {
        if cx.actor.person.is_none() {
            return Err(Error::SignIn);
        }
        // A link may say what it is about: a category, or the first of those under it.
        let about = about.as_deref().filter(|a| !a.is_empty());
        let categories = crate::categories(cx)?;
        let found = about.and_then(|a| {
            categories
                .iter()
                .filter(|c| c.code == a || c.parent.as_deref() == Some(a))
                .max_by_key(|c| (c.parent.is_some(), -c.sort))
        });
        if let Some(category) = found {
            raw = raw.set("category", &category.code);
        }
        report_page(cx, 1, &raw, &[], key)
    })
    .await
}

/// Every step posts here; `step` says which was filled, `go` whether to go on or back.
pub(super) async fn report_step(State(app): State<App>, mut req: Req) -> Response {
    let mut raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(Error::Invalid(errors)) => {
            let key = app.house().fresh_id().simple().to_string();
            return app
                .framed(&req, StatusCode::UNPROCESSABLE_ENTITY, move |cx| {
                    report_page(cx, 1, &RawInput::default(), &errors, key)
                })
                .await;
        }
        Err(e) => return app.refuse(&req, e).await,
    };
    let house = app.house().clone();
    keep_files(&house, &mut raw);
    let mut step: u8 = raw.get("step").and_then(|s| s.parse().ok()).unwrap_or(1);
    let back = raw.get("go") == Some("back");
    // Written without a network and delivered now: it goes out as it is. Whoever has not seen what neighbours will see
    // shows them nothing.
    if raw.get("offline").is_some() && !back {
        if step < 3 {
            raw = raw.set("private", "true");
        }
        step = 3;
    }
    let key = match req.key(&raw) {
        Ok(Some(key)) => key,
        Ok(None) => linli_core::CommandKey::of(app.house().fresh_id()),
        Err(e) => return app.refuse(&req, e).await,
    };
    let key_text = key.as_str().to_owned();
    if back || step < 3 {
        let next = if back { step.saturating_sub(1).max(1) } else { step + 1 };
        let shown = raw.clone();
        let checked = report::read(&raw, false);
        if let (false, Err(Error::Invalid(errors))) = (back, checked) {
            return app
                .framed(&req, StatusCode::UNPROCESSABLE_ENTITY, move |cx| {
                    report_page(cx, step, &shown, &errors, key_text)
                })
                .await;
        }
        let outcome = {
            let shown = raw.clone();
            let key_text = key_text.clone();
            app.read(&req, move |cx| match report_page(cx, next, &shown, &[], key_text) {
                Err(Error::Invalid(errors)) => Ok(Some(errors)),
                Err(e) => Err(e),
                Ok(_) => Ok(None),
            })
            .await
        };
        return match outcome {
            Ok(Some(errors)) => {
                let at = if errors.iter().any(|e| !matches!(e.field.as_str(), "category" | "named" | "private")) {
                    1
                } else {
                    step
                };
                app.framed(&req, StatusCode::UNPROCESSABLE_ENTITY, move |cx| {
                    report_page(cx, at, &shown, &errors, key_text)
                })
                .await
            }
            Ok(None) => app.page(&req, move |cx| report_page(cx, next, &shown, &[], key_text)).await,
            Err(e) => app.refuse(&req, e).await,
        };
    }
    let sent = match report::read(&raw, false) {
        Ok(r) => app.write(&req, move |cx| cx.once(&key, &r, |cx| report::report(cx, &r).map(|m| m.number))).await,
        Err(e) => Err(e),
    };
    match sent {
        Ok(number) => Redirect::to(&format!("/m/{number}?sent=1")).into_response(),
        Err(Error::Invalid(errors)) => {
            app.framed(&req, StatusCode::UNPROCESSABLE_ENTITY, move |cx| report_page(cx, 1, &raw, &errors, key_text))
                .await
        }
        Err(e) => app.refuse(&req, e).await,
    }
}

fn reports_for_others(cx: &Cx<'_, '_>) -> bool {
    cx.actor.posts.iter().any(|p| matches!(p.role, linli_core::Role::Worker | linli_core::Role::Head))
}

fn report_page(cx: &mut Cx<'_, '_>, step: u8, raw: &RawInput, errors: &[FieldError], key: String) -> Result<PageBody> {
    let s = Say::of(cx);
    let staff = reports_for_others(cx);
    let units = linli_registry::units(cx)?;
    let (mut tree, mut known) = (Tree::default(), None);
    if step == 1 {
        (tree, known) = report_tree(cx, raw, &units)?;
    }
    let shown: &[&str] = match step {
        1 => &["words", "files", "place", "place_text", "committee", "on_behalf", "phone", "consent"],
        2 => &["category", "named", "private"],
        _ => &[],
    };
    let (mut similar, mut similar_n, mut danger, mut suggested, mut preview_view) =
        (Html::empty(), 0, false, None, None);
    if step >= 2 {
        let r = report::read(raw, false)?;
        let preview = report::preview(cx, &r)?;
        danger = preview.danger;
        if step == 2 {
            // Suggested once; whoever then chose "not sure" is not asked again.
            if r.category.is_empty() && !raw.values.contains_key("category") {
                suggested = crate::suggest::suggest(cx, &r.words)?;
                danger = danger || suggested.as_ref().is_some_and(|c| c.danger);
            }
            similar_n = preview.similar.len();
            if similar_n > 0 {
                let rows = view::rows(cx, &preview.similar, |m| format!("/m/{}", m.number))?;
                similar = view::list(cx, &rows, None, true)?;
            }
        } else {
            let seen_by = match preview.audience {
                None => s.t(t::R_SEEN_BY_HANDLERS).to_owned(),
                Some(unit) if unit == units.root() => s.t(t::R_SEEN_BY_ALL).to_owned(),
                Some(unit) => s.t1(t::R_SEEN_BY, "unit", units.name(unit, s.lang)),
            };
            let voices = r.files.iter().filter(|f| f.mime.starts_with("audio/")).count();
            preview_view = Some(PreviewView {
                title: preview.title,
                words: Html::words(&preview.words),
                // Those who handle it, and only they, are told the room.
                place: if preview.audience.is_none() { preview.place } else { view::without_room(&preview.place) },
                category: preview.category.map(|c| c.name(s.lang).to_owned()).unwrap_or_default(),
                seen_by,
                alone: preview.audience.is_none(),
                unit: units.name(preview.unit, s.lang).to_owned(),
                photos: r.files.len() - voices,
                voices,
            });
        }
    }
    let filled = match &suggested {
        Some(c) => raw.clone().set("category", &c.code),
        None => raw.clone(),
    };
    let field = |name: &str, options: Vec<Opt>| {
        let found = report::FIELDS.iter().find(|f| f.name == name);
        found.map_or(Html::empty(), |field| {
            ui::field(&FieldView { field, prefix: "", raw: &filled, errors, options: &options, lang: s.lang })
        })
    };
    let (mut fields, mut place_fields, mut behalf, mut named) =
        (Html::empty(), Html::empty(), Html::empty(), Html::empty());
    if step == 1 {
        fields = Html::join([field("words", vec![]), ui::voice("", s.lang), field("files", vec![])]);
        let mut parts = vec![field("place_text", vec![])];
        match tree.committees.as_slice() {
            [_] => {}
            all => parts.push(field("committee", all.to_vec())),
        }
        place_fields = Html::join(parts);
        if staff {
            behalf = Html::join(["on_behalf", "phone", "consent"].map(|name| field(name, vec![])));
        }
    } else if step == 2 {
        let mut options = view::category_options(cx)?;
        options.insert(0, Opt { value: String::new(), label: s.t(t::R_NOT_SURE).to_owned() });
        fields = Html::join([
            field("category", options),
            suggested.as_ref().map_or(Html::empty(), |c| ui::known(&s.t1(t::R_SUGGESTED, "category", c.name(s.lang)))),
            field("private", vec![]),
        ]);
        named = field("named", named_options(cx, raw)?);
    }
    let mut hidden = Vec::new();
    for (name, values) in &raw.values {
        let carried = matches!(name.as_str(), "step" | "go" | "key" | "idempotency_key" | "back" | "offline");
        if !carried && !shown.contains(&name.as_str()) {
            hidden.extend(values.first().map(|v| (name.clone(), v.clone())));
        }
    }
    // The only committee there is needs no question.
    if step == 1
        && let [only] = tree.committees.as_slice()
    {
        hidden.push(("committee".into(), only.value.clone()));
    }
    let mut kept = 0;
    for upload in raw.files.values().flatten() {
        kept += 1;
        let text = serde_json::to_string(upload).map_err(Error::internal)?;
        hidden.push(("kept".into(), sealed(|s| cx.token_digest(s), &text)));
    }
    let title = s.t(match step {
        1 => t::R_TITLE_1,
        2 => t::R_TITLE_2,
        _ => t::R_TITLE_3,
    });
    let title = if errors.is_empty() { title.to_owned() } else { format!("{}{title}", s.t(linli_web::t::ERROR_TITLE)) };
    let wrong = |names: &[&str]| errors.iter().find(|e| names.contains(&e.field.as_str()));
    let single = tree.committees.len() == 1;
    let view = ReportView {
        s,
        step,
        key,
        errors: ui::errors(errors, s.lang),
        hidden,
        fields,
        known,
        place_error: wrong(if single { &["place", "committee"] } else { &["place"] }).map(|e| e.msg.in_(s.lang)),
        tree,
        place_fields,
        behalf_open: cx.actor.homes.is_empty()
            || raw.get("on_behalf").is_some()
            || wrong(&["on_behalf", "phone", "consent"]).is_some(),
        behalf,
        named_open: raw.get("named").is_some() || wrong(&["named"]).is_some(),
        named,
        kept,
        similar,
        similar_n,
        danger,
        preview: preview_view,
    };
    let page = PageBody::new(title, Html::of(&view)?).narrow();
    Ok(if cx.actor.is_staff() && cx.actor.homes.is_empty() { page.desk() } else { page })
}

/// The places a report begins with: what was picked, else the reporter's home, and the first places of the committee.
fn report_tree(cx: &mut Cx<'_, '_>, raw: &RawInput, units: &Units) -> Result<(Tree, Option<String>)> {
    let lang = cx.actor.lang;
    let (mut tree, mut known) = (Tree::default(), None);
    let home = cx.actor.homes.first().cloned();
    let picked: Option<linli_core::PlaceId> = raw.get("place").and_then(|p| p.parse().ok());
    let own = home.as_ref().map(|h| h.dwelling).filter(|_| !raw.values.contains_key("step"));
    if let Some(id) = picked.or(own)
        && let Some(place) = linli_registry::place(cx, id)?
    {
        if picked.is_none() {
            known = Some(t::R_HOME_FILLED.in_(lang).to_owned());
        }
        (tree.place, tree.place_label) = (place.id.to_string(), place.name);
    }
    let named = raw.get("committee").and_then(|c| c.parse::<UnitId>().ok()).filter(|c| units.get(*c).is_some());
    let committee =
        named.or(home.map(|h| h.committee)).or_else(|| cx.actor.posts.iter().find_map(|p| units.committee_of(p.unit)));
    let option = |u: UnitId| Opt { value: u.to_string(), label: units.name(u, lang).to_owned() };
    match committee {
        Some(committee) => {
            tree.committee = committee.to_string();
            tree.committees = vec![option(committee)];
            let places = linli_registry::children_places(cx, committee, None)?;
            tree.estates =
                places.into_iter().take(200).map(|p| Opt { value: p.id.to_string(), label: p.name }).collect();
        }
        None => {
            tree.committees = units.live().filter(|u| u.function == Function::Serve).map(|u| option(u.id)).collect()
        }
    }
    Ok((tree, known))
}

/// Units a report may be about: those that serve the place's committee and town.
fn named_options(cx: &mut Cx<'_, '_>, raw: &RawInput) -> Result<Vec<Opt>> {
    let units = linli_registry::units(cx)?;
    let lang = cx.actor.lang;
    let place: Option<linli_core::PlaceId> = raw.get("place").and_then(|p| p.parse().ok());
    let committee = match place {
        Some(id) => linli_registry::place(cx, id)?.map(|p| p.committee),
        None => raw.get("committee").and_then(|c| c.parse().ok()),
    };
    let committee = committee.or_else(|| cx.actor.homes.first().map(|h| h.committee));
    let Some(committee) = committee else { return Ok(Vec::new()) };
    let town = units.dispatch_above(committee);
    let mut found: Vec<_> = units.get(committee).into_iter().chain(town.and_then(|t| units.get(t))).collect();
    found.extend(town.into_iter().flat_map(|t| units.children(t)).filter(|u| u.function == Function::Unit));
    found.extend(units.ops().into_iter().flat_map(|o| units.children(o)));
    Ok(found.into_iter().map(|u| Opt { value: u.id.to_string(), label: units.name(u.id, lang).to_owned() }).collect())
}
