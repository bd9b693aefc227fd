//! One's own record: homes and the rights that go with them, posts, preferences, sessions, tokens, who looked.
use crate::asked::helps;
use crate::session::{hashing, password};
use crate::{households, t};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use linli_core::{
    Choice, Cx, Error, Field, FieldError, FieldKind, Lang, Personal, RawInput, Result, Text, UnitId, Via, time,
};
use linli_web::api::signed_in;
use linli_web::form::{self, Again, Form, come_back};
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Prefs, Req};
use serde_json::{Value, json};
use uuid::Uuid;

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/me", get(show).post(change))
        .route("/me/password", post(new_password))
        .route("/me/tokens", post(new_token))
        .route("/me/sessions/end", post(end_session))
}

const LANGS: &[Choice] = &[Choice { code: "zh", label: t::M_ZH }, Choice { code: "en", label: t::M_EN }];

const PREFERENCES: Form = Form {
    name: "preferences",
    title: t::M_PREFERENCES,
    says: t::M_PREFERENCES_SAYS,
    icon: "settings",
    fields: &[
        Field::required("lang", t::M_LANG, FieldKind::Choice(LANGS)),
        Field::new("large", t::M_LARGE, FieldKind::Yes),
    ],
    danger: false,
};
const PHONE: Form = Form {
    name: "phone",
    title: t::M_PHONE_CHANGE,
    says: t::M_PHONE_SAYS,
    icon: "phone",
    fields: &[Field::new("phone", t::M_PHONE, FieldKind::Line { max: 40 })],
    danger: false,
};

/// What a tenure lets somebody do, in words, each with whether it holds and otherwise how to get it (product rule 5).
pub(crate) fn rights(tenure: &str) -> Vec<(bool, Text)> {
    let owner = tenure == "owner";
    vec![
        (true, t::M_RIGHT_LIVE),
        (owner, if owner { t::M_RIGHT_OWNER } else { t::M_RIGHT_OWNER_NO }),
        (false, t::M_RIGHT_ELECT),
    ]
}

/// A purpose for which contact data was read, in words; an unknown one as it was written down.
fn purpose(code: &str, lang: Lang) -> String {
    match code {
        "cases.contact" => t::M_PURPOSE_CASES.in_(lang).to_owned(),
        other => other.to_owned(),
    }
}

struct HomeView {
    name: String,
    committee: String,
    href: String,
    phone: Option<String>,
    tenure: &'static str,
    since: String,
    rights: Vec<(bool, &'static str)>,
}

struct SessionView {
    id: String,
    api: bool,
    label: String,
    /// When it was last used; of a token, which is not followed, when it was made.
    seen: Html,
    until: String,
}

struct ReadView {
    who: String,
    what: String,
    at: Html,
}

/// What the page is shown with beyond the record itself.
#[derive(Default)]
struct Extra {
    done: bool,
    token: Option<String>,
    password_errors: Vec<FieldError>,
    label_error: Option<FieldError>,
    label: String,
}

#[derive(Template)]
#[template(path = "me.html")]
struct View {
    s: Say,
    done: bool,
    token: Option<String>,
    name: String,
    phone: Option<String>,
    logins: Vec<String>,
    forms: Html,
    homes: Vec<HomeView>,
    posts: Vec<(String, String, &'static str)>,
    sessions: Vec<SessionView>,
    reads: Vec<ReadView>,
    password_errors: Html,
    password: Vec<PasswordField>,
    label: String,
    label_error: Option<String>,
    token_errors: Html,
}

struct PasswordField {
    name: &'static str,
    label: &'static str,
    hint: Option<&'static str>,
    auto: &'static str,
    error: Option<String>,
}

fn page(cx: &mut Cx<'_, '_>, extra: Extra, again: Option<&Again>) -> Result<PageBody> {
    signed_in(cx)?;
    let s = Say::of(cx);
    let profile = linli_registry::own_profile(cx)?;
    let units = linli_registry::units(cx)?;
    let name_of = |u: UnitId| units.name(u, s.lang).to_owned();
    let homes = profile.homes.iter().map(|h| HomeView {
        name: h.name.clone(),
        committee: name_of(h.committee),
        href: format!("/units/{}", h.committee),
        phone: units.get(h.committee).and_then(|u| u.phone.clone()),
        tenure: s.t(households::tenure(&h.tenure)),
        since: s.date(h.since),
        rights: rights(&h.tenure).into_iter().map(|(has, text)| (has, s.t(text))).collect(),
    });
    let homes = homes.collect();
    let sessions = linli_registry::tokens(cx)?.into_iter().map(|x| SessionView {
        id: x.id.to_string(),
        api: x.kind == "api",
        label: x.label,
        seen: s.when(x.seen),
        until: s.date(x.until),
    });
    let sessions = sessions.collect();
    let reads = reads(cx, s)?;
    let phone = profile.phone.as_ref().map(|p| p.reveal().clone());
    let filled = |form: &str| match form {
        "preferences" if profile.large_type => {
            RawInput::default().set("lang", profile.lang.code()).set("large", "true")
        }
        "preferences" => RawInput::default().set("lang", profile.lang.code()),
        _ => RawInput::default().set("phone", phone.as_deref().unwrap_or_default()),
    };
    let forms = form::forms(s, "/me", &[], &[&PREFERENCES, &PHONE], &filled, again, helps(&|_| Vec::new()))?;
    let of = |field: &str| extra.password_errors.iter().find(|e| e.field == field).map(|e| e.msg.in_(s.lang));
    let password = |name, label: Text, hint: Option<Text>, auto| PasswordField {
        name,
        label: s.t(label),
        hint: hint.map(|h| s.t(h)),
        auto,
        error: of(name),
    };
    let view = View {
        s,
        done: extra.done,
        token: extra.token,
        name: profile.name.reveal().clone(),
        phone,
        logins: profile.logins.iter().map(|l| l.reveal().clone()).collect(),
        forms,
        homes,
        posts: cx
            .actor
            .posts
            .iter()
            .map(|p| (format!("/units/{}", p.unit), name_of(p.unit), s.t(p.role.text())))
            .collect(),
        sessions,
        reads,
        password: vec![
            password("old", t::M_OLD_PASSWORD, None, "current-password"),
            password("new", t::M_NEW_PASSWORD, Some(linli_registry::t::BAD_PASSWORD), "new-password"),
            password("again", t::M_AGAIN, None, "new-password"),
        ],
        password_errors: linli_web::ui::errors(&extra.password_errors, s.lang),
        token_errors: linli_web::ui::errors(extra.label_error.as_slice(), s.lang),
        label: extra.label,
        label_error: extra.label_error.map(|e| e.msg.in_(s.lang)),
    };
    Ok(PageBody::new(s.t(t::M_TITLE), Html::of(&view)?).narrow())
}

/// Who looked at one's own data: telephone numbers shown, and household lists gone through; newest first.
fn reads(cx: &mut Cx<'_, '_>, s: Say) -> Result<Vec<ReadView>> {
    let (unmasks, lists) = linli_registry::own_reads(cx)?;
    let mut people: Vec<_> = unmasks.iter().filter_map(|u| u.by).chain(lists.iter().map(|l| l.by)).collect();
    people.sort_unstable();
    people.dedup();
    let names = linli_registry::people_names(cx, &people)?;
    let units = linli_registry::units(cx)?;
    let who = |unit: Option<UnitId>, person: Option<linli_core::PersonId>| {
        let unit = unit.map(|u| units.name(u, s.lang).to_owned());
        let name = person.and_then(|p| names.get(&p)).map(|n: &Personal<String>| n.reveal().clone());
        [unit, name].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let mut all: Vec<(i64, ReadView)> = unmasks
        .iter()
        .map(|u| {
            (
                u.at,
                ReadView {
                    who: who(u.unit, u.by),
                    what: s.t1(t::M_READ_CONTACT, "purpose", purpose(&u.purpose, s.lang)),
                    at: s.when(u.at),
                },
            )
        })
        .collect();
    all.extend(lists.iter().map(|l| {
        (
            l.at,
            ReadView {
                who: who(None, Some(l.by)),
                what: s.t1(t::M_READ_LIST, "unit", units.name(l.unit, s.lang)),
                at: s.when(l.at),
            },
        )
    }));
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(all.into_iter().map(|(_, read)| read).collect())
}

async fn show(State(app): State<App>, req: Req) -> Response {
    let done = req.q("done").is_some();
    app.page(&req, move |cx| page(cx, Extra { done, ..Extra::default() }, None)).await
}

/// Preferences and telephone.
async fn change(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let act = raw.get("act").unwrap_or_default().to_owned();
    let given = raw.clone();
    let which = act.clone();
    let done = app.write(&req, move |cx| apply(cx, &which, &given)).await;
    match done {
        Ok(None) => Redirect::to("/me?done=1").into_response(),
        Ok(Some((lang, large))) => {
            let prefs = Prefs { lang: Some(lang), large, dark: req.prefs.dark };
            ([(header::SET_COOKIE, app.cookie("linli_prefs", &prefs.write(), 400, false))], Redirect::to("/me?done=1"))
                .into_response()
        }
        Err(e) => come_back(&app, &req, e, &act, raw, |cx, again| page(cx, Extra::default(), Some(again))).await,
    }
}

fn apply(cx: &mut Cx<'_, '_>, act: &str, raw: &RawInput) -> Result<Option<(Lang, bool)>> {
    let person = signed_in(cx)?;
    match act {
        "preferences" => {
            let input = linli_core::Input::check(PREFERENCES.fields, raw, false)?;
            let (lang, large) = (Lang::parse(input.words("lang")).unwrap_or_default(), input.yes("large"));
            linli_registry::set_preferences(cx, lang, large)?;
            Ok(Some((lang, large)))
        }
        "phone" => {
            let input = linli_core::Input::check(PHONE.fields, raw, false)?;
            let phone = input.text("phone").map(|p| Personal::new(p.to_owned()));
            linli_registry::set_person_phone(cx, person, phone.as_ref())?;
            Ok(None)
        }
        _ => Err(Error::NotFound),
    }
}

/// What is wrong with a new password before the old one is even looked at.
fn password_errors(new: &str, again: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !linli_registry::rules::password_will_do(new) {
        errors.push(FieldError { field: "new".into(), msg: linli_registry::t::BAD_PASSWORD.msg() });
    }
    if new != again {
        errors.push(FieldError { field: "again".into(), msg: t::M_NOT_THE_SAME.msg() });
    }
    errors
}

/// Sets a new password; every session and token ends, and this browser gets a new session.
async fn new_password(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let (old, new) = (password(&raw, "old"), password(&raw, "new"));
    let errors = password_errors(&new, &password(&raw, "again"));
    let done = if errors.is_empty() { set_password(&app, &req, old, new).await } else { Err(Error::Invalid(errors)) };
    match done {
        Ok(token) => {
            ([(header::SET_COOKIE, app.cookie(app.cookie_name(), &token, 30, true))], Redirect::to("/me?done=1"))
                .into_response()
        }
        Err(Error::Invalid(errors)) => {
            let extra = Extra { password_errors: errors, ..Extra::default() };
            app.framed(&req, StatusCode::UNPROCESSABLE_ENTITY, move |cx| page(cx, extra, None)).await
        }
        Err(e) => app.refuse(&req, e).await,
    }
}

async fn set_password(app: &App, req: &Req, old: String, new: String) -> Result<String> {
    let (found, login, salt) = app
        .read(req, |cx| {
            let profile = linli_registry::own_profile(cx)?;
            let login = profile.logins.first().map(|l| l.reveal().clone()).unwrap_or_default();
            Ok((linli_registry::find_login(cx, &login)?, login, cx.random::<16>()))
        })
        .await?;
    let locked = found.as_ref().is_some_and(|f| f.locked);
    let hash = found.map(|f| f.hash).unwrap_or_default();
    let (fits, hashed) = hashing(move || {
        let fits = linli_registry::check_password(&hash, &old);
        (fits, if fits { linli_registry::hash_password(&new, salt) } else { String::new() })
    })
    .await?;
    if locked || !fits {
        if !locked {
            app.write(req, move |cx| linli_registry::note_failed(cx, &login)).await?;
        }
        return Err(Error::field("old", t::M_WRONG_OLD));
    }
    let label =
        crate::session::browser(req.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default());
    app.write(req, move |cx| {
        let person = signed_in(cx)?;
        linli_registry::change_password(cx, &hashed)?;
        linli_registry::open_session(cx, person, Via::Page, &label)
    })
    .await
}

/// A token for programs, shown on this one page and never again.
async fn new_token(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let label = raw.get("label").unwrap_or_default().to_owned();
    let named = label.clone();
    match app.write(&req, move |cx| linli_registry::create_token(cx, &named)).await {
        Ok(token) => app.page(&req, move |cx| page(cx, Extra { token: Some(token), ..Extra::default() }, None)).await,
        Err(Error::Invalid(mut errors)) => {
            let extra = Extra { label_error: errors.pop(), label, ..Extra::default() };
            app.framed(&req, StatusCode::UNPROCESSABLE_ENTITY, move |cx| page(cx, extra, None)).await
        }
        Err(e) => app.refuse(&req, e).await,
    }
}

async fn end_session(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let Some(id) = raw.get("id").and_then(|i| Uuid::parse_str(i).ok()) else {
        return app.refuse(&req, Error::NotFound).await;
    };
    match app.write(&req, move |cx| linli_registry::revoke_token(cx, id)).await {
        Ok(()) => Redirect::to("/me?done=1").into_response(),
        Err(e) => app.refuse(&req, e).await,
    }
}

/// `GET /api/v1/me`.
pub(crate) async fn api(State(app): State<App>, req: Req) -> Response {
    let made = app.read(&req, as_json).await;
    app.api(&req, StatusCode::OK, made).await
}

fn as_json(cx: &mut Cx<'_, '_>) -> Result<Value> {
    let profile = linli_registry::own_profile(cx)?;
    let units = linli_registry::units(cx)?;
    let lang = cx.actor.lang;
    let unit = |u: UnitId| json!({"id": u, "code": units.get(u).map(|u| u.code.clone()), "name": units.name(u, lang)});
    let homes: Vec<Value> = profile
        .homes
        .iter()
        .map(|h| json!({"dwelling": h.dwelling, "name": h.name, "committee": unit(h.committee), "tenure": h.tenure, "since": time::rfc3339(h.since)}))
        .collect();
    let posts: Vec<Value> =
        cx.actor.posts.iter().map(|p| json!({"id": p.id, "unit": unit(p.unit), "role": p.role})).collect();
    Ok(json!({
        "person": profile.person, "name": profile.name.reveal(), "phone": profile.phone.as_ref().map(|p| p.reveal()),
        "logins": profile.logins.iter().map(|l| l.reveal().clone()).collect::<Vec<_>>(), "lang": profile.lang, "large_type": profile.large_type,
        "homes": homes, "posts": posts,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_every_right_of_residence_and_learns_how_to_get_the_rest() {
        let (tenant, owner) = (rights("tenant"), rights("owner"));
        assert_eq!(tenant.first(), owner.first());
        assert!(tenant.first().is_some_and(|r| r.0) && owner.get(1).is_some_and(|r| r.0));
        assert_eq!(tenant.get(1), Some(&(false, t::M_RIGHT_OWNER_NO)));
    }

    #[test]
    fn a_new_password_is_long_and_typed_twice_alike() {
        assert!(password_errors("Linli-2026", "Linli-2026").is_empty());
        let fields = |new, again| password_errors(new, again).into_iter().map(|e| e.field).collect::<Vec<_>>();
        assert_eq!(fields("short", "shirt"), ["new", "again"]);
        assert_eq!(fields("Linli-2026", "Linli-2026 "), ["again"]);
    }
}
