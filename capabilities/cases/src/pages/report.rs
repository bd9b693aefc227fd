//! Reporting step by step. Each step that passes is kept as a draft and answered by a redirect to the next, so that
//! reloading sends nothing again and the browser's "back" shows what was typed.
use crate::drafts::Draft;
use crate::uploads::{keep_files, sealed};
use crate::{report, t, view};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use linli_core::{CommandKey, Cx, Error, FieldError, Millis, RawInput, Result, UnitId};
use linli_registry::{Function, Units};
use linli_web::ui::{self, FieldView, Opt, Say};
use linli_web::{App, Html, PageBody, Req, encode};

/// The fields of the first step and of the second; the third shows what will be seen, and sends.
const STEPS: [&[&str]; 2] = [
    &["words", "files", "place", "place_text", "committee", "on_behalf", "phone", "consent"],
    &["category", "named", "private"],
];

#[derive(Template)]
#[template(path = "report.html")]
struct ReportView {
    s: Say,
    step: u8,
    key: String,
    errors: Html,
    hidden: Vec<(&'static str, String)>,
    fields: Html,
    known: Option<String>,
    tree: Tree,
    place_error: Option<String>,
    place_fields: Html,
    behalf: Html,
    behalf_open: bool,
    named: Html,
    named_open: bool,
    /// Files that are stored already: the sealed description and a name to untick.
    kept: Vec<(String, String)>,
    /// The last report that was not sent: where to go on, and since when.
    unsent: Vec<(String, Html)>,
    similar: Html,
    similar_n: usize,
    danger: bool,
    /// Only one answer is being changed: then back to the preview.
    again: bool,
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
    /// Only those who handle it see it.
    alone: bool,
    answers: Vec<Answer>,
}

/// One line of the preview: what was answered, and where to change it.
struct Answer {
    label: &'static str,
    value: String,
    href: Option<String>,
}

/// The address of a step.
fn address(key: &str, step: u8) -> String {
    format!("/report?draft={key}&step={step}")
}

/// A step as it is shown.
struct Shown<'a> {
    step: u8,
    key: &'a str,
    raw: &'a RawInput,
    errors: &'a [FieldError],
    /// Nothing has been typed yet; these are others that were not sent.
    fresh: Option<&'a [(String, Millis)]>,
    again: bool,
}

pub(super) async fn report_form(State(app): State<App>, req: Req) -> Response {
    let text = |name: &str| req.q(name).map(str::to_owned);
    let (about, place) = (text("about"), text("place"));
    let key = req.q("draft").and_then(CommandKey::parse);
    let fresh = CommandKey::of(app.house().fresh_id());
    let step = req.q("step").and_then(|s| s.parse().ok()).unwrap_or(1u8).clamp(1, 3);
    let again = req.q("then").is_some();
    app.page(&req, move |cx| {
        if cx.actor.person.is_none() {
            return Err(Error::SignIn);
        }
        // Every report has an address of its own from its first page on: so "back" and a second tab find the right one.
        let Some(key) = key else {
            let mut to = address(fresh.as_str(), 1);
            for (name, value) in [("about", about), ("place", place)] {
                to.extend(value.map(|v| format!("&{name}={}", encode(&v))));
            }
            return Ok(PageBody::go(to));
        };
        let mut shown = Shown { step, key: key.as_str(), raw: &RawInput::default(), errors: &[], fresh: None, again };
        // Most often nothing is there yet: one statement tells that, and what else was not sent.
        let drafts = crate::drafts(cx)?;
        let own = drafts.iter().find(|d| d.0 == key.as_str()).map(|d| d.2.clone());
        let unsent: Vec<_> = drafts.into_iter().filter(|d| d.2.is_none()).map(|d| (d.0, d.1)).collect();
        let found = match own {
            Some(Some(number)) => Draft::Sent(number),
            Some(None) => crate::draft(cx, &key)?,
            None => Draft::New,
        };
        match found {
            Draft::Sent(number) => Ok(PageBody::go(format!("/m/{number}"))),
            Draft::New if step > 1 => Ok(PageBody::go("/report")),
            Draft::New => {
                let raw = begun(cx, about.as_deref(), place.as_deref())?;
                report_page(cx, &Shown { raw: &raw, fresh: Some(&unsent), ..shown })
            }
            Draft::Typed(raw) => {
                shown.raw = &raw;
                match report_page(cx, &shown) {
                    // What it depends on has changed meanwhile.
                    Err(Error::Invalid(errors)) => {
                        report_page(cx, &Shown { step: step_of(&errors), errors: &errors, ..shown })
                    }
                    page => page,
                }
            }
        }
    })
    .await
}

/// What a link may say of a report that begins: its place, and what it is about: a category, or the first of those under it.
fn begun(cx: &mut Cx<'_, '_>, about: Option<&str>, place: Option<&str>) -> Result<RawInput> {
    let mut raw = RawInput::default();
    if let Some(place) = place {
        raw = raw.set("place", place);
    }
    let categories = crate::categories(cx)?;
    let found = about.and_then(|a| {
        categories
            .iter()
            .filter(|c| c.code == a || c.parent.as_deref() == Some(a))
            .max_by_key(|c| (c.parent.is_some(), -c.sort))
    });
    Ok(match found {
        Some(category) => raw.set("category", &category.code),
        None => raw,
    })
}

/// The step at which errors are corrected.
fn step_of(errors: &[FieldError]) -> u8 {
    let [_, second] = STEPS;
    if errors.iter().all(|e| second.contains(&e.field.as_str())) { 2 } else { 1 }
}

/// What was sent: a step, with what was filled in.
struct Posted {
    raw: RawInput,
    step: u8,
    back: bool,
    forget: bool,
    again: bool,
    /// Written without a network and delivered now: it goes out as it is.
    offline: bool,
}

impl Posted {
    fn of(raw: RawInput) -> Posted {
        Posted {
            step: raw.get("step").and_then(|s| s.parse().ok()).unwrap_or(1u8).clamp(1, 3),
            back: raw.get("go") == Some("back"),
            forget: raw.get("go") == Some("forget"),
            again: raw.get("then").is_some(),
            offline: raw.get("offline").is_some(),
            raw,
        }
    }
    /// What was typed before, with what this step says in its place.
    fn upon(&self, mut before: RawInput) -> RawInput {
        let own = STEPS.get(usize::from(self.step) - 1).copied().unwrap_or_default();
        before.values.retain(|name, _| !own.contains(&name.as_str()));
        if self.step == 1 {
            before.files.clone_from(&self.raw.files);
        }
        for (name, values) in &self.raw.values {
            let known = report::FIELDS.iter().any(|f| f.name == name.as_str());
            let said = own.contains(&name.as_str()) || self.offline || self.step == 1 && name == "category";
            if known && said {
                before.values.insert(name.clone(), values.clone());
            }
        }
        // Whoever has not seen what neighbours will see shows them nothing.
        if self.offline && self.step < 3 { before.set("private", "true") } else { before }
    }
}

/// Every step posts here; `step` says which was filled, `go` whether to go on or back.
pub(super) async fn report_step(State(app): State<App>, mut req: Req) -> Response {
    let (mut raw, wrong) = match req.form_and_faults(&app).await {
        Ok(read) => read,
        Err(e) => return app.refuse(&req, e).await,
    };
    keep_files(app.house(), &mut raw);
    let key = match req.key(&raw) {
        Ok(key) => key.unwrap_or(CommandKey::of(app.house().fresh_id())),
        Err(e) => return app.refuse(&req, e).await,
    };
    let posted = std::sync::Arc::new(Posted::of(raw));
    let done = if wrong.is_empty() {
        let (key, posted) = (key.clone(), posted.clone());
        app.write(&req, move |cx| advance(cx, &key, &posted)).await
    } else {
        Err(Error::Invalid(wrong))
    };
    match done {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(Error::Invalid(errors)) => {
            app.framed(&req, linli_web::status_of(&errors), move |cx| {
                let before = match crate::draft(cx, &key)? {
                    Draft::Typed(raw) => raw,
                    _ => RawInput::default(),
                };
                let raw = posted.upon(before);
                let (step, again) = (step_of(&errors), posted.again);
                report_page(cx, &Shown { step, key: key.as_str(), raw: &raw, errors: &errors, fresh: None, again })
            })
            .await
        }
        Err(e) => app.refuse_with(&req, e, view::typed(&posted.raw, req.lang)).await,
    }
}

/// Takes a step and says where it leads.
fn advance(cx: &mut Cx<'_, '_>, key: &CommandKey, posted: &Posted) -> Result<String> {
    if posted.forget {
        crate::drop_draft(cx, key)?;
        return Ok("/report".to_owned());
    }
    let mut key = key.clone();
    let before = match crate::draft(cx, &key)? {
        Draft::Sent(number) if posted.step > 1 => return Ok(format!("/m/{number}?sent=1")),
        // Delivered a second time by a device that heard no answer.
        Draft::Sent(_) if posted.offline => RawInput::default(),
        // What is typed into the form of a report that has gone out is another report.
        Draft::Sent(_) => {
            key = CommandKey::of(cx.id());
            RawInput::default()
        }
        Draft::New => RawInput::default(),
        Draft::Typed(raw) => raw,
    };
    let raw = posted.upon(before);
    if posted.back {
        crate::keep_draft(cx, &key, &raw)?;
        return Ok(address(key.as_str(), posted.step.saturating_sub(1).max(1)));
    }
    let r = report::read(&raw, false)?;
    if posted.step == 3 || posted.offline {
        let number = crate::send_draft(cx, &key, &r)?;
        return Ok(format!("/m/{number}?sent=1"));
    }
    report::preview(cx, &r)?;
    crate::keep_draft(cx, &key, &raw)?;
    // Back to the preview only for whoever has been there.
    let next = if posted.again && raw.values.contains_key("category") { 3 } else { posted.step + 1 };
    Ok(address(key.as_str(), next))
}

fn reports_for_others(cx: &Cx<'_, '_>) -> bool {
    cx.actor.posts.iter().any(|p| matches!(p.role, linli_core::Role::Worker | linli_core::Role::Head))
}

fn report_page(cx: &mut Cx<'_, '_>, shown: &Shown<'_>) -> Result<PageBody> {
    let Shown { step, raw, errors, .. } = *shown;
    let s = Say::of(cx);
    let staff = reports_for_others(cx);
    let units = linli_registry::units(cx)?;
    let (mut tree, mut known) = (Tree::default(), None);
    if step == 1 {
        (tree, known) = report_tree(cx, raw, shown.fresh.is_some(), &units)?;
    }
    let (mut similar, mut similar_n, mut danger, mut suggested, mut preview_view) =
        (Html::empty(), 0, false, None, None);
    if step >= 2 {
        let previewed = report::read(raw, false).and_then(|r| Ok((report::preview(cx, &r)?, r)));
        match previewed {
            // Its own errors stand beside its fields.
            Err(Error::Invalid(_)) if !errors.is_empty() => {}
            Err(e) => return Err(e),
            Ok((preview, r)) => {
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
                    preview_view = Some(preview_of(s, &units, shown.key, &r, preview));
                }
            }
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
    let (mut hidden, mut kept, mut unsent): (Vec<_>, Vec<_>, Vec<_>) = Default::default();
    if step == 1 {
        fields = Html::join([field("words", vec![]), ui::voice("", s.lang), field("files", vec![])]);
        let mut parts = vec![field("place_text", vec![])];
        match tree.committees.as_slice() {
            // The only committee there is needs no question.
            [only] => hidden.push(("committee", only.value.clone())),
            all => parts.push(field("committee", all.to_vec())),
        }
        place_fields = Html::join(parts);
        if staff {
            behalf = Html::join(["on_behalf", "phone", "consent"].map(|name| field(name, vec![])));
        }
        hidden.extend(raw.get("category").map(|c| ("category", c.to_owned())));
        let (mut photos, mut voices) = (0, 0);
        for upload in raw.files.values().flatten() {
            let (n, label) = if upload.mime.starts_with("audio/") {
                voices += 1;
                (voices, t::R_KEEP_VOICE)
            } else {
                photos += 1;
                (photos, t::R_KEEP_PHOTO)
            };
            let text = serde_json::to_string(upload).map_err(Error::internal)?;
            kept.push((sealed(|s| cx.token_digest(s), &text), s.t1(label, "n", n)));
        }
        unsent = shown.fresh.unwrap_or_default().iter().take(1).map(|(key, at)| (key.clone(), s.when(*at))).collect();
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
    if shown.again {
        hidden.push(("then", "3".to_owned()));
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
        key: shown.key.to_owned(),
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
        named_open: shown.again || raw.get("named").is_some() || wrong(&["named"]).is_some(),
        named,
        kept,
        unsent,
        similar,
        similar_n,
        danger,
        again: shown.again,
        preview: preview_view,
    };
    let page = PageBody::new(title, Html::of(&view)?).narrow();
    // What the server keeps, the browser may forget.
    let page = PageBody { draft_done: (shown.fresh.is_none() && errors.is_empty()).then_some("report"), ..page };
    Ok(if cx.actor.is_staff() && cx.actor.homes.is_empty() { page.desk() } else { page })
}

/// What neighbours will see, and every answer with a way to change it.
fn preview_of(s: Say, units: &Units, key: &str, r: &report::Report, preview: report::Preview) -> PreviewView {
    let alone = preview.audience.is_none();
    let seen_by = match preview.audience {
        None => s.t(t::R_SEEN_BY_HANDLERS).to_owned(),
        Some(unit) if unit == units.root() => s.t(t::R_SEEN_BY_ALL).to_owned(),
        Some(unit) => s.t1(t::R_SEEN_BY, "unit", units.name(unit, s.lang)),
    };
    let category = preview.category.map(|c| c.name(s.lang).to_owned());
    let change = |step: u8, field: &str| Some(format!("{}&then=3#{field}", address(key, step)));
    let said = |n: usize| if n == 0 { s.t(t::R_NONE).to_owned() } else { n.to_string() };
    let voices = r.files.iter().filter(|f| f.mime.starts_with("audio/")).count();
    let answer = |label, value: String, href| Answer { label: s.t(label), value, href };
    let mut answers = vec![
        answer(t::R_WHAT, preview.title.clone(), change(1, "f-words")),
        answer(t::R_SPOT, preview.place.clone(), change(1, "f-place")),
        answer(linli_web::t::PHOTOS, said(r.files.len() - voices), change(1, "f-files")),
        answer(linli_web::t::VOICE, said(voices), change(1, "f-voice")),
        answer(
            t::F_CATEGORY,
            category.clone().unwrap_or_else(|| s.t(t::R_NOT_SURE).to_owned()),
            change(2, "f-category"),
        ),
        answer(t::R_WHO_SEES, seen_by, change(2, "f-private")),
    ];
    if let Some(named) = r.named {
        answers.push(answer(t::F_NAMED, units.name(named, s.lang).to_owned(), change(2, "f-named")));
    }
    if let Some(name) = &r.on_behalf {
        answers.push(answer(t::F_ON_BEHALF, name.clone(), change(1, "f-on_behalf")));
    }
    answers.push(answer(t::R_GOES_TO, units.name(preview.unit, s.lang).to_owned(), None));
    PreviewView {
        title: preview.title,
        words: Html::words(&preview.words),
        // Those who handle it, and only they, are told the room.
        place: if alone { preview.place } else { linli_matters::rules::without_room(&preview.place) },
        category: category.unwrap_or_default(),
        alone,
        answers,
    }
}

/// The places a report begins with: what was picked, else the reporter's home, and the first places of the committee.
fn report_tree(cx: &mut Cx<'_, '_>, raw: &RawInput, fresh: bool, units: &Units) -> Result<(Tree, Option<String>)> {
    let lang = cx.actor.lang;
    let (mut tree, mut known) = (Tree::default(), None);
    let home = cx.actor.homes.first().cloned();
    let picked: Option<linli_core::PlaceId> = raw.get("place").and_then(|p| p.parse().ok());
    let own = home.as_ref().map(|h| h.dwelling).filter(|_| fresh);
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
