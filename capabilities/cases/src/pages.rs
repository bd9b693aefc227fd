//! The pages of cases: home, report, my matters, a matter's story, the desk, the duty view, public lists and figures.
use crate::view::{self, Refused};
use crate::{procedure, report, t};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use linli_core::{Cx, Error, FieldError, FileId, Lang, RawInput, Result, ScopeKind, UnitId, Upload, time};
use linli_matters::{After, Ask, FileStore};
use linli_registry::Function;
use linli_web::ui::{self, FieldView, Opt, Say};
use linli_web::{App, Html, PageBody, Req, local};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home))
        .route("/report", get(report_form).post(report_step))
        .route("/matters", get(mine))
        .route("/m/{number}", get(matter))
        .route("/m/{number}/who", post(who))
        .route("/m/{number}/{move}", post(make_move))
        .route("/inbox", get(inbox))
        .route("/inbox/bulk", post(bulk))
        .route("/duty", get(duty))
        .route("/duty/alarm", post(solve_alarm))
        .route("/cases", get(cases))
        .route("/figures", get(figures))
        .route("/definitions", get(definitions))
        .route("/responsibilities", get(responsibilities))
        .route("/files/{id}", get(file))
}

pub(crate) fn after(req: &Req) -> Option<After> {
    req.q("after").and_then(After::parse)
}

// ---- home

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    s: Say,
    signed_in: bool,
    committee: String,
    waiting: Html,
    waiting_n: usize,
    mine: Html,
    near: Html,
    near_title: String,
    near_href: String,
}

async fn home(State(app): State<App>, req: Req) -> Response {
    app.page(&req, |cx| {
        if cx.actor.is_staff() && cx.actor.homes.is_empty() {
            let admin = cx.actor.posts.iter().all(|p| p.role == linli_core::Role::Admin);
            return Ok(PageBody::go(if admin { "/admin/units" } else { "/inbox" }));
        }
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        let unit = cx.actor.homes.first().map_or(units.root(), |h| h.committee);
        let (mut waiting, mut mine) = (Vec::new(), Vec::new());
        if cx.actor.person.is_some() {
            let scope = cx.scope(procedure::LIST, ScopeKind::Mine, &[])?;
            let all = linli_matters::list(cx, &scope, &Ask { limit: 12, ..Ask::default() })?.items;
            (waiting, mine) = all.into_iter().partition(|m| m.state == "answered");
            mine.truncate(5);
        }
        let scope = cx.scope(procedure::LIST, ScopeKind::Public(unit), units.path(unit))?;
        let near = linli_matters::list(cx, &scope, &Ask { limit: 6, ..Ask::default() })?.items;
        let href = |m: &linli_matters::Matter| format!("/m/{}", m.number);
        let (waiting_n, signed_in) = (waiting.len(), cx.actor.person.is_some());
        let rows = view::rows(cx, &waiting, href)?;
        let waiting = view::list(cx, &rows, None, true)?;
        let rows = view::rows(cx, &mine, href)?;
        let mine = view::mine(cx, &rows, None, true)?;
        let rows = view::rows(cx, &near, href)?;
        let near = view::list(cx, &rows, None, signed_in)?;
        let place = units.name(unit, s.lang).to_owned();
        let title = if signed_in { place.clone() } else { s.t(linli_web::t::APP_NAME).to_owned() };
        let near_title = t::H_NEAR.with("place", &place).in_(s.lang);
        let view = Home {
            s,
            signed_in,
            committee: place,
            waiting_n,
            waiting,
            mine,
            near,
            near_title,
            near_href: format!("/cases?unit={unit}"),
        };
        Ok(PageBody::new(title, Html::of(&view)?).count("/matters", waiting_n))
    })
    .await
}

// ---- report

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

async fn report_form(State(app): State<App>, req: Req) -> Response {
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
async fn report_step(State(app): State<App>, mut req: Req) -> Response {
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

/// Files that an earlier step stored come back as sealed descriptions; a description that was tampered with is dropped.
pub(crate) fn keep_files(house: &linli_core::House, raw: &mut RawInput) {
    for kept in raw.values.remove("kept").unwrap_or_default() {
        let Some((mac, text)) = kept.split_once('.') else { continue };
        if mac == seal(house, text)
            && let Ok(upload) = serde_json::from_str::<Upload>(text)
        {
            raw.files.entry("files".into()).or_default().push(upload);
        }
    }
}

/// The description of a stored file with our seal before it.
pub(crate) fn sealed(house: &linli_core::House, text: &str) -> String {
    format!("{}.{text}", seal(house, text))
}

fn seal(house: &linli_core::House, text: &str) -> String {
    house.keys.token_digest(&format!("upload\n{text}")).iter().take(16).map(|b| format!("{b:02x}")).collect()
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
        hidden.push(("kept".into(), format!("{}.{text}", cx_seal(cx, &text))));
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
fn report_tree(cx: &mut Cx<'_, '_>, raw: &RawInput, units: &linli_registry::Units) -> Result<(Tree, Option<String>)> {
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

fn cx_seal(cx: &Cx<'_, '_>, text: &str) -> String {
    cx.token_digest(&format!("upload\n{text}")).iter().take(16).map(|b| format!("{b:02x}")).collect()
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

// ---- lists

async fn mine(State(app): State<App>, req: Req) -> Response {
    let (at, here) = (after(&req), req.uri.path().to_owned());
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        if cx.actor.person.is_none() {
            return Err(Error::SignIn);
        }
        let scope = cx.scope(procedure::LIST, ScopeKind::Mine, &[])?;
        let listed = linli_matters::list(cx, &scope, &Ask { after: at, limit: 20, ..Ask::default() })?;
        let rows = view::rows(cx, &listed.items, |m| format!("/m/{}", m.number))?;
        let waiting = listed.items.iter().filter(|m| m.state == "answered").count();
        let list = view::mine(cx, &rows, listed.next.map(|n| format!("{here}?after={}", n.token())), false)?;
        Ok(titled(s.t(t::P_MY_MATTERS), s.t(t::P_MY_LEAD), list)?.count("/matters", waiting))
    })
    .await
}

#[derive(Template)]
#[template(path = "titled.html")]
struct Titled<'a> {
    title: &'a str,
    lead: &'a str,
    body: Html,
}

fn titled(title: &str, lead: &str, body: Html) -> Result<PageBody> {
    Ok(PageBody::new(title, Html::of(&Titled { title, lead, body })?))
}

/// Where one is among the units: link, name, whether this is the page one is on.
type Crumb = (String, String, bool);

fn crumbs(units: &linli_registry::Units, unit: UnitId, lang: Lang, href: &str) -> Vec<Crumb> {
    units.path(unit).iter().map(|u| (format!("{href}{u}"), units.name(*u, lang).to_owned(), *u == unit)).collect()
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesView {
    s: Say,
    unit: String,
    unit_name: String,
    ups: Vec<Crumb>,
    downs: Vec<(String, String)>,
    q: String,
    category: String,
    categories: Vec<Opt>,
    list: Html,
    inside: bool,
    open: bool,
}

/// The public list by place and category; staff of the area see everything within it.
async fn cases(State(app): State<App>, req: Req) -> Response {
    let (at, q, category, unit, open) = (
        after(&req),
        req.q("q").map(str::to_owned),
        req.q("category").map(str::to_owned),
        req.q("unit").map(str::to_owned),
        req.q("open").is_some(),
    );
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        let unit = match unit {
            Some(u) => u
                .parse::<UnitId>()
                .ok()
                .filter(|u| units.get(*u).is_some())
                .or_else(|| units.by_code(&u).map(|u| u.id))
                .ok_or(Error::NotFound)?,
            None => cx
                .actor
                .posts
                .first()
                .map(|p| p.unit)
                .filter(|u| units.committee_of(*u).is_some() || *u == units.root())
                .or(cx.actor.homes.first().map(|h| h.committee))
                .unwrap_or(units.root()),
        };
        let path = units.path(unit).to_vec();
        let (scope, inside) = match cx.scope(procedure::LIST, ScopeKind::Within(unit), &path) {
            Ok(scope) => (scope, true),
            Err(_) => (cx.scope(procedure::LIST, ScopeKind::Public(unit), &path)?, false),
        };
        let open = open && inside;
        let ask = Ask { kind: None, state: None, category: category.clone(), open, q: q.clone(), after: at, limit: 20 };
        let listed = linli_matters::list(cx, &scope, &ask)?;
        let rows = view::rows(cx, &listed.items, |m| format!("/m/{}", m.number))?;
        let query = |extra: String| {
            let mut href = format!("/cases?unit={unit}");
            for (name, value) in [("q", &q), ("category", &category)] {
                if let Some(v) = value {
                    href.push_str(&format!("&{name}={}", linli_web::encode(v)));
                }
            }
            if open {
                href.push_str("&open=1");
            }
            href + &extra
        };
        let list = view::list(cx, &rows, listed.next.map(|n| query(format!("&after={}", n.token()))), false)?;
        let link = |u: &linli_registry::Unit| (format!("/cases?unit={}", u.id), units.name(u.id, s.lang).to_owned());
        let view = CasesView {
            s,
            unit: unit.to_string(),
            unit_name: units.name(unit, s.lang).to_owned(),
            ups: crumbs(&units, unit, s.lang, "/cases?unit="),
            downs: units
                .children(unit)
                .filter(|u| !matches!(u.function, Function::Unit | Function::Ops))
                .take(60)
                .map(link)
                .collect(),
            q: q.clone().unwrap_or_default(),
            category: category.clone().unwrap_or_default(),
            categories: view::category_options(cx)?,
            list,
            inside,
            open,
        };
        let title = format!("{} · {}", view.unit_name, s.t(t::P_CASES));
        let body = PageBody::new(title, Html::of(&view)?);
        Ok(if inside { body.desk() } else { body })
    })
    .await
}

// ---- a matter

async fn matter(State(app): State<App>, req: Req) -> Response {
    let number = match req.part("number") {
        Ok(n) => n.to_owned(),
        Err(e) => return app.refuse(&req, e).await,
    };
    let (sent, done) = (req.q("sent").is_some(), req.q("done").is_some());
    let key = app.house().fresh_id().simple().to_string();
    app.page(&req, move |cx| {
        let page = matter_page(cx, &number, None, key, flash(sent, done), None)?;
        Ok(PageBody { draft_done: sent.then_some("report"), ..page })
    })
    .await
}

fn flash(sent: bool, done: bool) -> Option<linli_core::Text> {
    if sent {
        Some(t::P_SENT)
    } else if done {
        Some(linli_web::t::SAVED)
    } else {
        None
    }
}

#[derive(Template)]
#[template(path = "matter.html")]
struct MatterView {
    s: Say,
    errors: Html,
    flash: Option<String>,
    story: Html,
}

fn matter_page(
    cx: &mut Cx<'_, '_>,
    number: &str,
    refused: Option<&Refused>,
    key: String,
    flash: Option<linli_core::Text>,
    contact: Option<(String, String)>,
) -> Result<PageBody> {
    // Whether a number exists is not told to a visitor: what they may not see and what is not there both ask to sign in.
    let seen = match linli_matters::see(cx, number) {
        Err(Error::NotFound) if cx.actor.person.is_none() => return Err(Error::SignIn),
        seen => seen?,
    };
    let s = Say::of(cx);
    let story = view::story(cx, &seen, refused, key, false, contact)?;
    let desk = seen.seat.handles() && cx.actor.is_staff();
    let title = if refused.is_some() {
        format!("{}{}", s.t(linli_web::t::ERROR_TITLE), seen.matter.title)
    } else {
        seen.matter.title.clone()
    };
    let errors = refused.map_or(Html::empty(), |r| r.summary(s.lang));
    let flash = flash.map(|f| f.with("number", number).in_(s.lang));
    let body = PageBody::new(title, Html::of(&MatterView { s, errors, flash, story })?).narrow();
    Ok(if desk { body.desk() } else { body })
}

async fn make_move(State(app): State<App>, mut req: Req) -> Response {
    let (number, name) = match (req.part("number"), req.part("move")) {
        (Ok(n), Ok(m)) => (n.to_owned(), m.to_owned()),
        _ => return app.refuse(&req, Error::NotFound).await,
    };
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let key = match req.key(&raw) {
        Ok(key) => key.unwrap_or(linli_core::CommandKey::of(app.house().fresh_id())),
        Err(e) => return app.refuse(&req, e).await,
    };
    let revision: Option<i64> = raw.get("revision").and_then(|r| r.parse().ok());
    let desk = raw.get("desk").is_some();
    let given = linli_matters::Given { raw: raw.clone(), strict: false };
    let (n, mv) = (number.clone(), name.clone());
    let done = app
        .write(&req, move |cx| {
            let what = (&n, &mv, &given.raw.values, &given.raw.files);
            cx.once(&key, &what, |cx| {
                let id = linli_matters::id_of(cx, &n)?;
                linli_matters::act(cx, id, &mv, &given, revision).map(|m| m.revision)
            })
        })
        .await;
    match done {
        Ok(_) if desk => Redirect::to(&format!("/inbox?open={number}&done=1")).into_response(),
        Ok(_) => Redirect::to(&format!("/m/{number}?done=1")).into_response(),
        Err(Error::Invalid(errors)) => {
            let fresh = app.house().fresh_id().simple().to_string();
            let refused = Refused { name, raw, errors };
            let asked = Asked { open: Some(number.clone()), ..Asked::default() };
            app.framed(&req, StatusCode::UNPROCESSABLE_ENTITY, move |cx| {
                if desk {
                    inbox_page(cx, &asked, Some(&refused), None, fresh)
                } else {
                    matter_page(cx, &number, Some(&refused), fresh, None, None)
                }
            })
            .await
        }
        Err(e) => app.refuse(&req, e).await,
    }
}

/// Shows the reporter's name and telephone to somebody who handles the case; that is an act of its own, and the reporter
/// can see it.
async fn who(State(app): State<App>, mut req: Req) -> Response {
    let number = match req.part("number") {
        Ok(n) => n.to_owned(),
        Err(e) => return app.refuse(&req, e).await,
    };
    let desk = match req.form(&app).await {
        Ok(raw) => raw.get("desk").is_some(),
        Err(e) => return app.refuse(&req, e).await,
    };
    let key = app.house().fresh_id().simple().to_string();
    let n = number.clone();
    let contact = app
        .write(&req, move |cx| {
            let seen = linli_matters::see(cx, &n)?;
            let reporter = seen.matter.reporter.ok_or(Error::NotFound)?;
            let contact = linli_registry::contact(cx, &seen.seat, reporter, "cases.contact")?;
            Ok((contact.name.reveal().clone(), contact.phone.map(|p| p.reveal().clone()).unwrap_or_default()))
        })
        .await;
    match contact {
        Ok(contact) if desk => {
            let asked = Asked { open: Some(number), ..Asked::default() };
            app.page(&req, move |cx| inbox_page(cx, &asked, None, Some(contact), key)).await
        }
        Ok(contact) => app.page(&req, move |cx| matter_page(cx, &number, None, key, None, Some(contact))).await,
        Err(e) => app.refuse(&req, e).await,
    }
}

async fn file(State(app): State<App>, req: Req) -> Response {
    let id: FileId = match req.parse("id") {
        Ok(id) => id,
        Err(e) => return app.refuse(&req, e).await,
    };
    let found = app.read(&req, move |cx| linli_matters::file(cx, id)).await;
    let read = match found {
        Ok((hash, mime, _)) => {
            let house = app.house().clone();
            tokio_read(house, hash).await.map(|bytes| (bytes, mime))
        }
        Err(e) => Err(e),
    };
    match read {
        Ok((bytes, mime)) => {
            ([(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, "private, max-age=3600".to_owned())], bytes)
                .into_response()
        }
        Err(e) => app.refuse(&req, e).await,
    }
}

async fn tokio_read(house: std::sync::Arc<linli_core::House>, hash: String) -> Result<Vec<u8>> {
    linli_web::blocking(move || house.part::<FileStore>()?.get(&hash)).await
}

// ---- the desk

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxView {
    s: Say,
    errors: Html,
    flash: Option<String>,
    unit_name: String,
    shown: String,
    desks: Vec<(String, String, bool)>,
    states: Vec<(String, String, bool)>,
    groups: Vec<(&'static str, Vec<view::Row>)>,
    rows_n: usize,
    more: Html,
    story: Option<Html>,
    bulk: bool,
    back: String,
}

/// What the inbox was asked for.
#[derive(Default)]
struct Asked {
    after: Option<After>,
    unit: Option<String>,
    state: Option<String>,
    open: Option<String>,
    done: bool,
}

async fn inbox(State(app): State<App>, req: Req) -> Response {
    let text = |name: &str| req.q(name).map(str::to_owned);
    let asked = Asked {
        after: after(&req),
        unit: text("unit"),
        state: text("state"),
        open: text("open"),
        done: req.q("done").is_some(),
    };
    let key = app.house().fresh_id().simple().to_string();
    app.page(&req, move |cx| inbox_page(cx, &asked, None, None, key)).await
}

/// Everything that awaits a post, by due time, with the open matter beside it.
fn inbox_page(
    cx: &mut Cx<'_, '_>,
    asked: &Asked,
    refused: Option<&Refused>,
    contact: Option<(String, String)>,
    key: String,
) -> Result<PageBody> {
    let s = Say::of(cx);
    if cx.actor.person.is_none() {
        return Err(Error::SignIn);
    }
    let units = linli_registry::units(cx)?;
    let mut desks: Vec<UnitId> = cx
        .actor
        .posts
        .iter()
        .filter(|p| !matches!(p.role, linli_core::Role::GroupLeader | linli_core::Role::Admin))
        .map(|p| p.unit)
        .collect();
    desks.dedup();
    let unit = match &asked.unit {
        Some(u) => u.parse::<UnitId>().map_err(|_| Error::NotFound)?,
        None => *desks.first().ok_or(Error::forbidden(t::P_NO_DESK))?,
    };
    let supervisor = cx.actor.posts.iter().any(|p| p.unit == unit && p.role == linli_core::Role::Supervisor);
    let kind = if supervisor { ScopeKind::Within(unit) } else { ScopeKind::Desk(unit) };
    let scope = cx.scope(procedure::LIST, kind, units.path(unit))?;
    let state = asked.state.as_deref().filter(|s| procedure::CASE.state(s).is_some());
    let ask = Ask { state: state.map(str::to_owned), open: true, after: asked.after, limit: 30, ..Ask::default() };
    let listed = linli_matters::list(cx, &scope, &ask)?;
    let mut back = format!("/inbox?unit={unit}");
    if let Some(state) = state {
        back.push_str(&format!("&state={state}"));
    }
    let mut rows = view::rows(cx, &listed.items, |m| format!("{back}&open={}", m.number))?;
    let (mut story, mut title) = (None, s.t(t::P_INBOX).to_owned());
    if let Some(number) = &asked.open {
        match linli_matters::see(cx, number) {
            Ok(seen) => {
                story = Some(view::story(cx, &seen, refused, key, true, contact)?);
                title = format!("{} · {title}", seen.matter.title);
            }
            // After a move it may be no longer this desk's to see.
            Err(Error::NotFound) if asked.done => {}
            Err(e) => return Err(e),
        }
    }
    if refused.is_some() {
        title.insert_str(0, s.t(linli_web::t::ERROR_TITLE));
    }
    for row in &mut rows {
        row.selected = asked.open.as_deref() == Some(row.number.as_str());
    }
    let more = listed.next.map_or(Html::empty(), |n| s.more(&format!("{back}&after={}", n.token())));
    let rows_n = rows.len();
    let soon = rows.iter().filter(|r| r.due.is_some_and(|d| d < cx.now + 2 * time::HOUR)).count();
    let count = if more.as_str().is_empty() { rows_n.to_string() } else { format!("{rows_n}+") };
    let tab = |value: &str, label: &str| {
        let href =
            if value.is_empty() { format!("/inbox?unit={unit}") } else { format!("/inbox?unit={unit}&state={value}") };
        (href, label.to_owned(), state.unwrap_or_default() == value)
    };
    let mut states = vec![tab("", s.t(t::P_ALL))];
    states.extend(procedure::CASE.states.iter().filter(|st| st.name != "closed").map(|st| tab(st.name, s.t(st.label))));
    let view = InboxView {
        s,
        errors: refused.map_or(Html::empty(), |r| r.summary(s.lang)),
        flash: flash(false, asked.done).map(|f| s.t(f).to_owned()),
        unit_name: units.name(unit, s.lang).to_owned(),
        shown: s.t1(t::P_N_BY_DUE, "n", count),
        desks: desks
            .iter()
            .map(|d| (format!("/inbox?unit={d}"), units.name(*d, s.lang).to_owned(), *d == unit))
            .collect(),
        states,
        bulk: !supervisor && rows.iter().any(|r| r.signable),
        groups: groups(rows, cx.now, s),
        rows_n,
        more,
        story,
        back,
    };
    Ok(PageBody::new(title, Html::of(&view)?).desk().full().count("/inbox", soon))
}

/// Rows in order of due time under one heading for each urgency.
fn groups(rows: Vec<view::Row>, now: linli_core::Millis, s: Say) -> Vec<(&'static str, Vec<view::Row>)> {
    let today = time::civil_day(now);
    let mut groups =
        [t::D_LATE, linli_web::t::TODAY, t::D_LATER, linli_web::t::PAUSED].map(|title| (s.t(title), Vec::new()));
    for row in rows {
        let at = match row.due {
            Some(due) if due < now => 0,
            Some(due) if time::civil_day(due) == today => 1,
            Some(_) => 2,
            None => 3,
        };
        if let Some(group) = groups.get_mut(at) {
            group.1.push(row);
        }
    }
    groups.into_iter().filter(|g| !g.1.is_empty()).collect()
}

/// One move for several matters at once: signing, which asks nothing. Each is a command of its own: those that cannot be
/// done are named, the others are done.
async fn bulk(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    if req.token.is_none() {
        return app.refuse(&req, Error::SignIn).await;
    }
    let back = local(raw.get("back").unwrap_or("/inbox")).to_owned();
    let numbers: Vec<String> = raw.values.get("number").cloned().unwrap_or_default().into_iter().take(50).collect();
    let mut failed = Vec::new();
    for number in numbers {
        let n = number.clone();
        let done = app
            .write(&req, move |cx| {
                let id = linli_matters::id_of(cx, &n)?;
                linli_matters::act(cx, id, "sign", &linli_matters::Given::default(), None).map(drop)
            })
            .await;
        if let Err(e) = done {
            failed.push(FieldError {
                field: number.clone(),
                msg: t::P_BULK_FAILED.with("number", number).with("why", e.msg("").in_(req.lang)),
            });
        }
    }
    if failed.is_empty() { Redirect::to(&back).into_response() } else { app.refuse(&req, Error::Invalid(failed)).await }
}

/// The units one may look into from here.
fn below(units: &linli_registry::Units, unit: UnitId, lang: Lang, href: &str) -> Vec<(String, String)> {
    let seen = |u: &&linli_registry::Unit| {
        matches!(u.function, Function::Dispatch | Function::Serve | Function::Unit | Function::Ops)
    };
    units
        .children(unit)
        .filter(seen)
        .take(120)
        .map(|u| (format!("{href}{}", u.id), units.name(u.id, lang).to_owned()))
        .collect()
}

#[derive(Template)]
#[template(path = "duty.html")]
struct DutyView {
    s: Say,
    ups: Vec<Crumb>,
    downs: Vec<(String, String)>,
    as_of: Html,
    unit_name: String,
    soon: Html,
    soon_n: usize,
    late: Html,
    late_n: String,
    ownerless: i64,
    tends: bool,
    alarms: Vec<(String, String, Html, i64)>,
    next: Html,
}

/// The duty view: overdue, due within two hours, ownerless (always nought), and what is broken.
async fn duty(State(app): State<App>, req: Req) -> Response {
    let unit = req.q("unit").map(str::to_owned);
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        let unit = match unit {
            Some(u) => u.parse::<UnitId>().map_err(|_| Error::NotFound)?,
            None => cx
                .actor
                .posts
                .iter()
                .find(|p| p.role != linli_core::Role::GroupLeader)
                .map(|p| p.unit)
                .ok_or(if cx.actor.person.is_none() { Error::SignIn } else { Error::forbidden(t::P_NO_DESK) })?,
        };
        let path = units.path(unit).to_vec();
        let scope = cx
            .scope(procedure::LIST, ScopeKind::Within(unit), &path)
            .or_else(|_| cx.scope(procedure::LIST, ScopeKind::Desk(unit), &path))?;
        let listed = linli_matters::list(cx, &scope, &Ask { open: true, limit: 100, ..Ask::default() })?;
        let (late, rest): (Vec<_>, Vec<_>) = listed.items.into_iter().partition(|m| m.due.is_some_and(|d| d < cx.now));
        let (soon, next): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|m| m.due.is_some_and(|d| d < cx.now + 2 * time::HOUR));
        let full = late.len() == 100;
        let href = |m: &linli_matters::Matter| format!("/m/{}", m.number);
        let rows = view::rows(cx, &late, href)?;
        let late_html = view::list(cx, &rows, None, false)?;
        let rows = view::rows(cx, &soon, href)?;
        let soon_html = view::list(cx, &rows, None, false)?;
        let rows = view::rows(cx, &next[..next.len().min(20)], href)?;
        let next_html = view::list(cx, &rows, None, false)?;
        let waiting = late.len() + soon.len();
        // Only those who may put an alarm right are shown it.
        let tends =
            cx.actor.posts.iter().any(|p| matches!(p.role, linli_core::Role::Dispatcher | linli_core::Role::Admin));
        let alarms = if tends { linli_matters::open_alarms(cx)? } else { Vec::new() };
        let texts = [&t::ALARM_BROKEN_RULE, &linli_matters::t::ALARM_CALENDAR];
        let alarms = alarms
            .into_iter()
            .map(|a| {
                let known = texts.iter().find(|t| t.key == a.code);
                let text = known.map_or(a.code, |t| t.with("about", &a.about).in_(s.lang));
                (a.id.to_string(), text, s.when(a.at), a.seen)
            })
            .collect();
        let view = DutyView {
            s,
            ups: crumbs(&units, unit, s.lang, "/duty?unit="),
            downs: below(&units, unit, s.lang, "/duty?unit="),
            as_of: s.when(cx.now),
            unit_name: units.name(unit, s.lang).to_owned(),
            soon_n: soon.len(),
            soon: soon_html,
            late_n: if full { "100+".into() } else { late.len().to_string() },
            late: late_html,
            ownerless: linli_matters::ownerless(cx)?,
            tends,
            alarms,
            next: next_html,
        };
        Ok(PageBody::new(s.t(t::P_DUTY), Html::of(&view)?).desk().count("/duty", waiting))
    })
    .await
}

async fn solve_alarm(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let Some(id) = raw.get("id").and_then(|i| uuid::Uuid::parse_str(i).ok()) else {
        return app.refuse(&req, Error::NotFound).await;
    };
    let done = app
        .write(&req, move |cx| {
            let units = linli_registry::units(cx)?;
            let facts = linli_core::Facts { owner_path: units.path(units.root()).to_vec(), ..Default::default() };
            let staffed =
                cx.actor.posts.iter().any(|p| matches!(p.role, linli_core::Role::Dispatcher | linli_core::Role::Admin));
            if !staffed {
                cx.may(crate::ADMIN, crate::ADMIN, &facts)?;
            }
            linli_matters::solve_alarm(cx, id)
        })
        .await;
    match done {
        Ok(()) => Redirect::to("/duty").into_response(),
        Err(e) => app.refuse(&req, e).await,
    }
}

// ---- figures and lists for everybody

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

async fn figures(State(app): State<App>, req: Req) -> Response {
    let (unit, days) = (
        req.q("unit").map(str::to_owned),
        req.q("days").and_then(|d| d.parse::<i64>().ok()).unwrap_or(30).clamp(1, 366),
    );
    app.page(&req, move |cx| {
        let s = Say::of(cx);
        let units = linli_registry::units(cx)?;
        let unit = match unit {
            Some(u) => u.parse::<UnitId>().map_err(|_| Error::NotFound)?,
            None => cx
                .actor
                .posts
                .iter()
                .find(|p| p.role != linli_core::Role::GroupLeader)
                .map(|p| p.unit)
                .ok_or(if cx.actor.person.is_none() { Error::SignIn } else { Error::forbidden(t::P_NO_DESK) })?,
        };
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

#[derive(Template)]
#[template(path = "definitions.html")]
struct DefinitionsView {
    s: Say,
    items: Vec<(&'static str, &'static str)>,
    terms: Vec<(String, Vec<(&'static str, String)>)>,
    source: String,
}

/// What each number means and which clocks hold: open to everybody.
async fn definitions(State(app): State<App>, req: Req) -> Response {
    app.page(&req, |cx| {
        let s = Say::of(cx);
        let terms = linli_matters::terms(cx)?;
        let texts = crate::TEXTS;
        let items = texts.iter().filter(|t| t.key.ends_with("_def")).filter_map(|d| {
            let label = texts.iter().find(|t| Some(t.key) == d.key.strip_suffix("_def"))?;
            Some((s.t(*label), s.t(*d)))
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
            source: terms.source.clone(),
        };
        Ok(PageBody::new(s.t(t::P_DEFINITIONS), Html::of(&view)?))
    })
    .await
}

fn class_text(class: &str, lang: Lang) -> String {
    match class {
        "urgent" => t::P_URGENT.in_(lang).to_owned(),
        "consultation" => t::CLASS_CONSULTATION.in_(lang).to_owned(),
        "ordinary" => t::CLASS_ORDINARY.in_(lang).to_owned(),
        "complex" => t::CLASS_COMPLEX.in_(lang).to_owned(),
        "*" => t::CLASS_ALL.in_(lang).to_owned(),
        other => other.to_owned(),
    }
}

/// A term in words.
pub(crate) fn term_text(term: work_calendar::Term, lang: Lang) -> String {
    use work_calendar::Term::{WallClock, WorkingDays, WorkingHours};
    let hours = |ms: i64| {
        if ms % time::HOUR == 0 {
            t::N_HOURS.with("n", ms / time::HOUR).in_(lang)
        } else {
            t::N_MINUTES.with("n", ms / time::MINUTE).in_(lang)
        }
    };
    match term {
        WorkingDays(n) => t::N_WORKING_DAYS.with("n", n).in_(lang),
        WorkingHours(ms) => t::IN_WORKING_TIME.with("time", hours(ms)).in_(lang),
        WallClock(ms) => t::ON_THE_WALL.with("time", hours(ms)).in_(lang),
    }
}

#[derive(Template)]
#[template(path = "responsibilities.html")]
struct ResponsibilitiesView {
    s: Say,
    groups: Vec<(String, Vec<view::Duty>)>,
}

async fn responsibilities(State(app): State<App>, req: Req) -> Response {
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
