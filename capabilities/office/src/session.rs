//! Signing in and out.
use crate::t;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use linli_core::{Cx, Error, FieldError, PersonId, RawInput, Result, Via};
use linli_web::ui::{self, Say};
use linli_web::{App, Html, PageBody, Prefs, Req, local};
use tokio::sync::Semaphore;

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/login", get(form).post(sign_in)).route("/logout", post(sign_out))
}

/// How many passwords are hashed at once: each takes 19 MiB, so a flood of attempts waits instead of eating the memory.
static HASHING: Semaphore = Semaphore::const_new(4);

/// Runs a password hash or check on a thread of its own, few at a time.
pub(crate) async fn hashing<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    let _turn = HASHING.acquire().await.map_err(Error::internal)?;
    linli_web::blocking(move || Ok(f())).await
}

/// What was typed as a password: blanks at its ends belong to it.
pub(crate) fn password(raw: &RawInput, field: &str) -> String {
    raw.values.get(field).and_then(|v| v.first()).cloned().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    s: Say,
    errors: Html,
    wrong: Option<String>,
    login: String,
    back: String,
}

fn page(cx: &Cx<'_, '_>, login: &str, back: &str, wrong: Option<FieldError>) -> Result<PageBody> {
    let s = Say::of(cx);
    let mut title = s.t(linli_web::t::SIGN_IN).to_owned();
    if wrong.is_some() {
        title.insert_str(0, s.t(linli_web::t::ERROR_TITLE));
    }
    let view = Login {
        s,
        errors: ui::errors(wrong.as_slice(), s.lang),
        wrong: wrong.map(|w| w.msg.in_(s.lang)),
        login: login.to_owned(),
        back: local(back).to_owned(),
    };
    Ok(PageBody::new(title, Html::of(&view)?).narrow())
}

async fn form(State(app): State<App>, req: Req) -> Response {
    let back = local(req.q("back").unwrap_or("/")).to_owned();
    match app.read(&req, |cx| Ok(cx.actor.person.is_some())).await {
        Ok(true) => Redirect::to(&back).into_response(),
        Ok(false) => app.page(&req, move |cx| page(cx, "", &back, None)).await,
        Err(e) => app.refuse(&req, e).await,
    }
}

/// Unknown login, wrong password and resting login take equally long and are told alike, so that nobody learns which
/// logins there are, or goes on guessing while a login rests.
async fn sign_in(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let (login, typed) = (raw.get("login").unwrap_or_default().to_owned(), password(&raw, "password"));
    let back = local(raw.get("back").unwrap_or("/")).to_owned();
    match attempt(&app, &req, login.clone(), typed).await {
        Ok(Some((token, prefs))) => {
            let mut cookies = HeaderMap::new();
            let session = app.cookie(app.cookie_name(), &token, 30, true);
            let prefs = prefs.map(|p| app.cookie("linli_prefs", &p.write(), 400, false));
            for value in [Some(session), prefs].into_iter().flatten().filter_map(|c| HeaderValue::from_str(&c).ok()) {
                cookies.append(header::SET_COOKIE, value);
            }
            (cookies, Redirect::to(&back)).into_response()
        }
        Ok(None) => {
            let wrong = FieldError { field: "login".into(), msg: t::L_WRONG.msg() };
            app.framed(&req, StatusCode::UNPROCESSABLE_ENTITY, move |cx| page(cx, &login, &back, Some(wrong))).await
        }
        Err(e) => app.refuse(&req, e).await,
    }
}

/// The token of a new session, and the preferences kept with the person for a browser that has none.
async fn attempt(app: &App, req: &Req, login: String, typed: String) -> Result<Option<(String, Option<Prefs>)>> {
    let name = login.clone();
    let found = app.read(req, move |cx| linli_registry::find_login(cx, &name)).await?;
    let hash = found.as_ref().map(|f| f.hash.clone()).unwrap_or_default();
    let fits = hashing(move || linli_registry::check_password(&hash, &typed)).await?;
    let locked = found.as_ref().is_some_and(|f| f.locked);
    let Some(person) = found.filter(|f| fits && !f.locked).map(|f| f.person) else {
        // While a login rests nothing is counted: whoever knows the password gets in when the rest is over.
        if !locked {
            app.write(req, move |cx| linli_registry::note_failed(cx, &login)).await?;
        }
        return Ok(None);
    };
    let label = browser(req.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default());
    let (before, fresh) = (req.token.clone(), req.prefs == Prefs::default());
    let opened = app
        .write(req, move |cx| {
            if let Some(before) = &before {
                linli_registry::close_session(cx, before)?;
            }
            let token = linli_registry::open_session(cx, person, Via::Page, &label)?;
            let prefs = if fresh { Some(kept_prefs(cx, person)?) } else { None };
            Ok((token, prefs))
        })
        .await?;
    Ok(Some(opened))
}

fn kept_prefs(cx: &mut Cx<'_, '_>, person: PersonId) -> Result<Prefs> {
    let actor = linli_registry::actor_of(cx, person, Via::Page, cx.actor.lang)?;
    let profile = cx.as_actor(&actor, linli_registry::own_profile)?;
    // Chinese is what everybody has who never chose: whoever reads in the browser's English goes on in it.
    let lang = Some(profile.lang).filter(|l| *l != linli_core::Lang::default());
    Ok(Prefs { lang, large: profile.large_type, dark: None })
}

async fn sign_out(State(app): State<App>, req: Req) -> Response {
    let token = req.token.clone();
    let done = app
        .write(&req, move |cx| match &token {
            Some(token) => linli_registry::close_session(cx, token),
            None => Ok(()),
        })
        .await;
    match done {
        Ok(()) => {
            ([(header::SET_COOKIE, app.cookie(app.cookie_name(), "", 0, true))], Redirect::to("/")).into_response()
        }
        Err(e) => app.refuse(&req, e).await,
    }
}

/// What people call their browser and device: `Edge · Windows`. The order matters, because browsers claim to be others.
pub(crate) fn browser(agent: &str) -> String {
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    let browsers = [
        ("MicroMessenger", "WeChat"),
        ("Edg", "Edge"),
        ("Firefox", "Firefox"),
        ("OPR", "Opera"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ];
    let devices = [
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ];
    [first(&browsers), first(&devices)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_as_its_owner_would() {
        let wechat =
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0";
        assert_eq!(browser(wechat), "WeChat · Android");
        assert_eq!(browser("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0"), "Edge · Windows");
        assert_eq!(browser("curl/8"), "");
    }

    #[test]
    fn blanks_belong_to_a_password() {
        assert_eq!(password(&RawInput::default().set("password", " a b "), "password"), " a b ");
    }
}
