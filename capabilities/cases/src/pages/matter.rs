//! A matter as a story, the moves on it, and its files.
use super::flash;
use super::inbox::{Asked, inbox_page};
use crate::desk;
use crate::view::{self, Refused};
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use linli_core::{Cx, Error, FieldError, FileId, Result};
use linli_matters::FileStore;
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};

pub(super) async fn matter(State(app): State<App>, req: Req) -> Response {
    let number = match req.part("number") {
        Ok(n) => n.to_owned(),
        Err(e) => return app.refuse(&req, e).await,
    };
    let (sent, done) = (req.q("sent").is_some(), req.q("done").is_some());
    let key = app.house().fresh_id().simple().to_string();
    let n = number.clone();
    app.page_seeking(
        &req,
        move |cx| linli_matters::seek(cx, &n),
        move |cx, sought| {
            let page = page_of(cx, &number, sought, None, key, flash(sent, done), None)?;
            Ok(PageBody { draft_done: sent.then_some("report"), ..page })
        },
    )
    .await
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
    let sought = linli_matters::seek(cx, number)?;
    page_of(cx, number, sought, refused, key, flash, contact)
}

fn page_of(
    cx: &mut Cx<'_, '_>,
    number: &str,
    sought: linli_matters::Sought,
    refused: Option<&Refused>,
    key: String,
    flash: Option<linli_core::Text>,
    contact: Option<(String, String)>,
) -> Result<PageBody> {
    let badge = desk::ask_badge(cx)?;
    // Whether a number exists is not told to a visitor: what they may not see and what is not there both ask to sign in.
    let shown = match crate::found(cx, sought) {
        Err(Error::NotFound) if cx.actor.person.is_none() => return Err(Error::SignIn),
        shown => shown?,
    };
    let s = Say::of(cx);
    let story = view::story(cx, &shown, refused, key, false, contact)?;
    let seen = &shown.seen;
    let at_desk = seen.seat.handles() && cx.actor.is_staff();
    let title = if refused.is_some() {
        format!("{}{}", s.t(linli_web::t::ERROR_TITLE), seen.matter.title)
    } else {
        seen.matter.title.clone()
    };
    let errors = refused.map_or(Html::empty(), |r| r.summary(s.lang));
    let flash = flash.map(|f| f.with("number", number).in_(s.lang));
    let mut body = PageBody::new(title, Html::of(&MatterView { s, errors, flash, story })?).narrow();
    if let Some((place, asked)) = badge {
        body = body.count(place, linli_matters::number(cx, asked)? as usize);
    }
    Ok(if at_desk { body.desk() } else { body })
}

pub(super) async fn make_move(State(app): State<App>, mut req: Req) -> Response {
    let (number, name) = match (req.part("number"), req.part("move")) {
        (Ok(n), Ok(m)) => (n.to_owned(), m.to_owned()),
        _ => return app.refuse(&req, Error::NotFound).await,
    };
    let (raw, wrong) = match req.form_and_faults(&app).await {
        Ok(read) => read,
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
    let done = if wrong.is_empty() {
        let sought = number.clone();
        let write = move |cx: &mut Cx<'_, '_>, named| {
            let what = (&n, &mv, &given.raw.values, &given.raw.files);
            cx.once(&key, &what, |cx| linli_matters::act_named(cx, named, &mv, &given, revision).map(|m| m.revision))
        };
        app.write_seeking(&req, move |cx| linli_matters::name(cx, &sought), write).await
    } else {
        Err(Error::Invalid(wrong))
    };
    // Somebody was faster: the page as it is now says so, and what was typed is still there.
    let done = match done {
        Err(Error::Conflict(msg)) => Err((StatusCode::CONFLICT, vec![FieldError { field: String::new(), msg }])),
        Err(Error::Invalid(errors)) => Err((linli_web::status_of(&errors), errors)),
        Err(e) => return app.refuse_with(&req, e, view::typed(&raw, req.lang)).await,
        Ok(_) => Ok(()),
    };
    match done {
        Ok(_) if desk => Redirect::to(&format!("/inbox?open={number}&done=1")).into_response(),
        Ok(_) => Redirect::to(&format!("/m/{number}?done=1")).into_response(),
        Err((status, errors)) => {
            let fresh = app.house().fresh_id().simple().to_string();
            let refused = Refused { name, raw, errors };
            let asked = Asked::of(&number);
            app.framed(&req, status, move |cx| {
                if desk {
                    inbox_page(cx, &asked, Some(&refused), None, fresh)
                } else {
                    matter_page(cx, &number, Some(&refused), fresh, None, None)
                }
            })
            .await
        }
    }
}

/// Shows the reporter's name and telephone to somebody who handles the case; that is an act of its own, and the reporter
/// can see it.
pub(super) async fn who(State(app): State<App>, mut req: Req) -> Response {
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
            let asked = Asked::of(&number);
            app.page(&req, move |cx| inbox_page(cx, &asked, None, Some(contact), key)).await
        }
        Ok(contact) => app.page(&req, move |cx| matter_page(cx, &number, None, key, None, Some(contact))).await,
        Err(e) => app.refuse(&req, e).await,
    }
}

pub(super) async fn file(State(app): State<App>, req: Req) -> Response {
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
