//! The asynchronous shell: reads a request, runs one use case in one transaction, shows the answer.
use crate::frame::{self, Frame, Nav, Width};
use crate::request::{MAX_BODY, Prefs, Req, same_site};
use crate::{Html, assets, limits, t};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use linli_core::{Actor, Cx, Error, House, Lang, RawInput, Result, Upload, Versions, Via};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// A page waits so long for its turn at the database.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who a token belongs to.
pub type Identify = fn(&mut Cx<'_, '_>, token: &str, via: Via, lang: Lang) -> Result<Option<Actor>>;
/// Checks, re-encodes and stores one file; slow, so it runs on a thread of its own.
pub type StoreFile = Arc<dyn Fn(&str, &[u8]) -> Result<Upload> + Send + Sync>;

/// What the shell is made of.
pub struct AppOptions {
    /// The house.
    pub house: Arc<House>,
    /// Sessions and tokens.
    pub identify: Identify,
    /// Lets a page session last on; called in the transaction of a write by somebody signed in.
    pub touch: fn(&mut Cx<'_, '_>, token: &str) -> Result<()>,
    /// The navigation for an actor, read with the page; what the page has counted need not be counted again.
    pub nav: fn(&mut Cx<'_, '_>, counted: &Counts) -> Result<Nav>,
    /// Files.
    pub store_file: StoreFile,
    /// Behind TLS: cookies are `Secure` and carry the `__Host-` prefix.
    pub secure: bool,
    /// Requests per minute and client, 0 for no limit (tests and benchmarks).
    pub per_minute: u32,
}

/// The shell, shared by every request.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    o: AppOptions,
    limits: limits::Limits,
    /// Tests are told with each page how many statements it took.
    counting: bool,
    /// One for each of the database server's connections.
    turns: Arc<Semaphore>,
}

impl App {
    /// A shell over a house.
    pub fn new(o: AppOptions) -> App {
        let limits = limits::Limits::new(o.per_minute);
        let turns = Arc::new(Semaphore::new(o.house.db.connections()));
        App(Arc::new(Inner { o, limits, counting: std::env::var_os("LINLI_TEST").is_some(), turns }))
    }
    /// The house.
    pub fn house(&self) -> &Arc<House> {
        &self.0.o.house
    }
    /// The name of the session cookie.
    pub fn cookie_name(&self) -> &'static str {
        if self.0.o.secure { "__Host-linli" } else { "linli" }
    }
    /// A `Set-Cookie` value.
    pub fn cookie(&self, name: &str, value: &str, days: i64, http_only: bool) -> String {
        let secure = if self.0.o.secure { "; Secure" } else { "" };
        let http_only = if http_only { "; HttpOnly" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={}; SameSite=Lax{http_only}{secure}", days * 86_400)
    }
    pub(crate) async fn store_file(&self, name: String, bytes: Bytes) -> Result<Upload> {
        let store = self.0.o.store_file.clone();
        tokio::task::spawn_blocking(move || store(&name, &bytes)).await.map_err(Error::internal)?
    }

    /// Runs `f` on the database in one snapshot. On the embedded database a page's reads are short and run in place; a
    /// server's answer is waited for on a blocking thread.
    async fn blocking<R: Send + 'static>(&self, f: impl FnOnce(&Arc<House>) -> R + Send + 'static) -> Result<R> {
        let house = self.house().clone();
        if house.db.engine() == linli_db::Engine::Sqlite {
            return Ok(f(&house));
        }
        // No more threads than connections: hundreds that only wait for one would cost their memory.
        let turn = tokio::time::timeout(PATIENCE, self.0.turns.clone().acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Error::Unavailable("all connections are busy".into())) };
        let done = tokio::task::spawn_blocking(move || {
            let done = f(&house);
            drop(turn);
            done
        });
        done.await.map_err(Error::internal)
    }

    /// A read: identify and answer in the same snapshot.
    pub async fn read<R: Send + 'static>(
        &self,
        req: &Req,
        f: impl FnOnce(&mut Cx<'_, '_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.read_seeking(req, |_| Ok(()), |cx, ()| f(cx)).await
    }

    /// The same, with what `seek` asks for before it is known who asks: on PostgreSQL both travel together. Only `f` takes it.
    async fn read_seeking<S, R: Send + 'static>(
        &self,
        req: &Req,
        seek: impl FnOnce(&mut Cx<'_, '_>) -> Result<S> + Send + 'static,
        f: impl FnOnce(&mut Cx<'_, '_>, S) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        let (identify, token, via, lang) = (self.0.o.identify, req.token.clone(), req.via, req.lang);
        self.blocking(move |house| {
            let nobody = Actor::anyone(None, lang, via);
            house.read(&nobody, |cx| {
                let sought = seek(cx)?;
                let actor = actor(cx, identify, token.as_deref(), via, lang)?;
                cx.as_actor(&actor, |cx| f(cx, sought))
            })
        })
        .await?
    }

    /// A write: identify, then the use case, in the same transaction; run again from the start on a serialization failure.
    pub async fn write<R: Send + 'static>(
        &self,
        req: &Req,
        f: impl Fn(&mut Cx<'_, '_>) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.write_seeking(req, |_| Ok(()), move |cx, ()| f(cx)).await
    }

    /// The same, with what `seek` asks for before it is known who asks: on PostgreSQL both travel together.
    pub async fn write_seeking<S: 'static, R: Send + 'static>(
        &self,
        req: &Req,
        seek: impl Fn(&mut Cx<'_, '_>) -> Result<S> + Send + 'static,
        f: impl Fn(&mut Cx<'_, '_>, S) -> Result<R> + Send + 'static,
    ) -> Result<R> {
        self.write_as(req, seek, f).await.map(|(_, _, done)| done)
    }

    /// A write, and then what there is to show of it, read for the same actor once the write is durable: nobody waits for
    /// the writer because somebody else reads, and on PostgreSQL what is only read conflicts with nothing. If the reading
    /// fails the write still stands; asking again with the same key shows it.
    pub async fn write_and_show<S: 'static, R: Send + 'static, V: Send + 'static>(
        &self,
        req: &Req,
        seek: impl Fn(&mut Cx<'_, '_>) -> Result<S> + Send + 'static,
        f: impl Fn(&mut Cx<'_, '_>, S) -> Result<R> + Send + 'static,
        show: impl FnOnce(&mut Cx<'_, '_>, R) -> Result<V> + Send + 'static,
    ) -> Result<V> {
        let (actor, versions, done) = self.write_as(req, seek, f).await?;
        let shown = move |cx: &mut Cx<'_, '_>| {
            cx.go_by(versions);
            show(cx, done)
        };
        self.blocking(move |house| house.read(&actor, shown)).await?
    }

    async fn write_as<S: 'static, R: Send + 'static>(
        &self,
        req: &Req,
        seek: impl Fn(&mut Cx<'_, '_>) -> Result<S> + Send + 'static,
        f: impl Fn(&mut Cx<'_, '_>, S) -> Result<R> + Send + 'static,
    ) -> Result<(Actor, Option<Versions>, R)> {
        let (identify, token, via, lang) = (self.0.o.identify, req.token.clone(), req.via, req.lang);
        let touch = self.0.o.touch;
        let nobody = Arc::new(Actor::anyone(None, lang, via));
        let (send, receive) = tokio::sync::oneshot::channel();
        self.house().write_then(
            nobody,
            move |cx| {
                let sought = seek(cx)?;
                let actor = actor(cx, identify, token.as_deref(), via, lang)?;
                let done = cx.as_actor(&actor, |cx| f(cx, sought))?;
                if let (Via::Page, Some(token)) = (via, token.as_deref().filter(|_| actor.person.is_some())) {
                    touch(cx, token)?;
                }
                Ok((actor, cx.known_versions(), done))
            },
            move |done| drop(send.send(done)),
        );
        receive.await.map_err(|_| Error::Unavailable("the writer has gone".into()))?
    }

    /// A page: its title and body, put into the frame.
    pub async fn page(
        &self,
        req: &Req,
        f: impl FnOnce(&mut Cx<'_, '_>) -> Result<PageBody> + Send + 'static,
    ) -> Response {
        self.framed(req, StatusCode::OK, f).await
    }

    /// A page of one thing, which `seek` asks for before it is known who asks; what of it may be shown, `f` decides.
    pub async fn page_seeking<S: 'static>(
        &self,
        req: &Req,
        seek: impl FnOnce(&mut Cx<'_, '_>) -> Result<S> + Send + 'static,
        f: impl FnOnce(&mut Cx<'_, '_>, S) -> Result<PageBody> + Send + 'static,
    ) -> Response {
        self.framed_seeking(req, StatusCode::OK, seek, f).await
    }

    /// A page with a status of its own: a form shown again with its errors.
    pub async fn framed(
        &self,
        req: &Req,
        status: StatusCode,
        f: impl FnOnce(&mut Cx<'_, '_>) -> Result<PageBody> + Send + 'static,
    ) -> Response {
        self.framed_seeking(req, status, |_| Ok(()), |cx, ()| f(cx)).await
    }

    async fn framed_seeking<S: 'static>(
        &self,
        req: &Req,
        status: StatusCode,
        seek: impl FnOnce(&mut Cx<'_, '_>) -> Result<S> + Send + 'static,
        f: impl FnOnce(&mut Cx<'_, '_>, S) -> Result<PageBody> + Send + 'static,
    ) -> Response {
        let nav = self.0.o.nav;
        let (here, prefs, lang) = (req.here(), req.prefs, req.lang);
        let made = self
            .read_seeking(req, seek, move |cx, sought| {
                let body = f(cx, sought)?;
                if let Some(to) = body.redirect {
                    return Ok((Err(to), cx.tx.queries()));
                }
                let nav = nav(cx, &body.counts)?;
                let name = cx.actor.name.clone();
                let account = cx.actor.person.map(|p| {
                    cx.token_digest(&format!("account\n{p}")).iter().take(8).map(|b| format!("{b:02x}")).collect()
                });
                // Each reader keeps the places to go that there are: staff have the desk's, residents their tabs.
                let desk = !nav.side.is_empty() && (body.desk || nav.tabs.is_empty());
                let frame = Frame {
                    lang,
                    prefs,
                    here,
                    now: cx.now,
                    title: body.title,
                    nav,
                    name,
                    account,
                    draft_done: body.draft_done,
                    desk,
                    width: body.width,
                    body: body.html,
                };
                Ok((Ok(frame::render(&frame)?), cx.tx.queries()))
            })
            .await;
        let (mut response, queries) = match made {
            Ok((Ok(html), queries)) => (html_response(status, html), queries),
            Ok((Err(to), queries)) => (Redirect::to(&to).into_response(), queries),
            Err(e) => return self.refuse(req, e).await,
        };
        if self.0.counting {
            response.headers_mut().insert("x-linli-queries", HeaderValue::from(queries));
        }
        response
    }

    /// An answer of the API.
    pub async fn api<R: Serialize + Send + 'static>(&self, req: &Req, status: StatusCode, made: Result<R>) -> Response {
        match made.and_then(|r| serde_json::to_string(&r).map_err(Error::internal)) {
            Ok(text) => {
                (status, [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], text)
                    .into_response()
            }
            Err(e) => self.refuse(req, e).await,
        }
    }

    /// What to answer when a use case refused or failed: problem+json (RFC 9457) for the API, a page otherwise.
    pub async fn refuse(&self, req: &Req, e: Error) -> Response {
        self.refuse_with(req, e, Html::empty()).await
    }

    /// The same, with what was typed below it on a page, so that it is not lost with the form.
    pub async fn refuse_with(&self, req: &Req, e: Error, typed: Html) -> Response {
        let id = self.house().fresh_id().simple().to_string();
        let status = StatusCode::from_u16(e.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            tracing::error!(id, path = req.uri.path(), error = %e, "request failed");
        }
        metrics::counter!("linli_refusals_total", "status" => status.as_str().to_owned()).increment(1);
        let said = e.msg(&id).in_(req.lang);
        let mut response = if req.via == Via::Api {
            problem(status, &e, &said, &id, req.lang)
        } else if status == StatusCode::UNAUTHORIZED && req.method == axum::http::Method::GET {
            Redirect::to(&format!("/login?back={}", encode(&req.here()))).into_response()
        } else {
            let title = match status.as_u16() {
                401 => t::SIGN_IN_TITLE,
                403 => t::FORBIDDEN_TITLE,
                404 => t::NOT_FOUND_TITLE,
                409 => t::CONFLICT_TITLE,
                422 => t::INVALID_TITLE,
                429 => t::TOO_MANY_TITLE,
                503 => t::UNAVAILABLE_TITLE,
                _ => t::INTERNAL_TITLE,
            };
            let fields =
                if let Error::Invalid(fields) = &e { crate::ui::errors(fields, req.lang) } else { Html::empty() };
            let here = if req.method == axum::http::Method::GET { req.here() } else { req.came_from() };
            let again = matches!(status.as_u16(), 409 | 429 | 500..).then_some(here.as_str());
            let again =
                again.map(|href| (href, if status == StatusCode::CONFLICT { t::SEE_NEW } else { t::TRY_AGAIN }));
            let body = Html::join(vec![frame::refusal(title, &said, fields, again, req.lang), typed]);
            // What the database may have caused is told without it.
            let nav = self.0.o.nav;
            let nav = match status.as_u16() {
                403 | 404 | 409 | 422 => self
                    .read(req, move |cx| Ok((nav(cx, &Counts::new())?, cx.actor.name.clone())))
                    .await
                    .unwrap_or_default(),
                _ => Default::default(),
            };
            let frame = Frame {
                lang: req.lang,
                prefs: req.prefs,
                here,
                now: self.house().now(),
                title: title.in_(req.lang).to_owned(),
                desk: !nav.0.side.is_empty(),
                nav: nav.0,
                name: nav.1,
                account: None,
                draft_done: None,
                width: frame::Width::Narrow,
                body,
            };
            match frame::render(&frame) {
                Ok(html) => html_response(status, html),
                Err(_) => status.into_response(),
            }
        };
        let wait = match e {
            Error::TooMany(seconds) => Some(seconds),
            Error::Unavailable(_) => Some(2),
            _ => None,
        };
        if let Some(seconds) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// Every route of the program inside the common protection: cross-site check, rate limit, headers, sizes, metrics.
    pub fn router(&self, routes: Router<App>) -> Router {
        let own = Router::new()
            .route("/assets/{name}", get(assets::serve))
            .route("/prefs", post(prefs))
            .route("/healthz", get(health));
        routes
            .merge(own)
            .fallback(missing)
            .method_not_allowed_fallback(other_method)
            .layer(middleware::from_fn_with_state(self.clone(), guard))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(tower_http::compression::CompressionLayer::new())
            .with_state(self.clone())
    }
}

/// How many things await somebody, by place of the navigation.
pub type Counts = Vec<(&'static str, i64)>;

/// What a page gives to the frame.
#[derive(Debug, Default)]
pub struct PageBody {
    /// The title, without the program's name.
    pub title: String,
    /// The content of `main`.
    pub html: Html,
    /// The desk's frame (side navigation) instead of the resident's.
    pub desk: bool,
    /// How wide it is.
    pub width: Width,
    /// Instead of a page: where to go.
    pub redirect: Option<String>,
    /// The name of the draft that this page's request delivered: the browser may forget it.
    pub draft_done: Option<&'static str>,
    /// What the page knows of what awaits somebody elsewhere: place of the navigation, how many.
    pub counts: Counts,
}

impl PageBody {
    /// A resident's page.
    pub fn new(title: impl Into<String>, html: Html) -> PageBody {
        PageBody { title: title.into(), html, ..PageBody::default() }
    }
    /// No page: this one is elsewhere.
    pub fn go(to: impl Into<String>) -> PageBody {
        PageBody { redirect: Some(to.into()), ..PageBody::default() }
    }
    /// In a narrow column.
    pub fn narrow(self) -> PageBody {
        PageBody { width: Width::Narrow, ..self }
    }
    /// As wide as the window.
    pub fn full(self) -> PageBody {
        PageBody { width: Width::Full, ..self }
    }
    /// In the desk's frame.
    pub fn desk(self) -> PageBody {
        PageBody { desk: true, ..self }
    }
    /// So many things await somebody at a place of the navigation: for a page that knows them all, so that nobody counts again.
    pub fn count(mut self, href: &'static str, n: usize) -> PageBody {
        self.counts.push((href, n as i64));
        self
    }
}

fn html_response(status: StatusCode, html: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")], html)
        .into_response()
}

fn actor(cx: &mut Cx<'_, '_>, identify: Identify, token: Option<&str>, via: Via, lang: Lang) -> Result<Actor> {
    match identify(cx, token.unwrap_or_default(), via, lang)? {
        Some(actor) => Ok(actor),
        None => Err(Error::SignIn),
    }
}

/// The problem details of an error: RFC 9457, with the code that stays the same in every language.
fn problem(status: StatusCode, e: &Error, said: &str, id: &str, lang: Lang) -> Response {
    let code = e.msg("").text.key;
    let mut body = json!({"type": "about:blank", "title": status.canonical_reason().unwrap_or("error"), "status": status.as_u16(), "detail": said, "code": code});
    if let Error::Invalid(fields) = e {
        let list = fields
            .iter()
            .map(|f| json!({"field": f.field, "code": f.msg.text.key, "detail": f.msg.in_(lang)}))
            .collect();
        body["errors"] = Value::Array(list);
    }
    if status.is_server_error() {
        body["id"] = json!(id);
    }
    (
        status,
        [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")],
        body.to_string(),
    )
        .into_response()
}

/// Percent-encodes a value of a query.
pub fn encode(s: &str) -> String {
    s.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) {
                (b as char).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// A path of this site to go back to; anything else is the home page (no open redirect).
pub fn local(path: &str) -> &str {
    let fine = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\n', '\r']);
    if fine { path } else { "/" }
}

async fn missing(State(app): State<App>, req: Req) -> Response {
    app.refuse(&req, Error::NotFound).await
}

/// The address is there, but does nothing of this kind; `Allow` says what it does.
async fn other_method(State(app): State<App>, req: Req) -> Response {
    app.refuse(&req, Error::Bad(405, t::OTHER_METHOD.msg())).await
}

async fn health(State(app): State<App>, req: Req) -> Response {
    let house = app.house().clone();
    let alive =
        tokio::task::spawn_blocking(move || house.read(&Actor::system(), |cx| cx.setting("health", 0i64))).await;
    match alive {
        Ok(Ok(_)) => (StatusCode::OK, [(header::CACHE_CONTROL, "no-store")], "ok\n").into_response(),
        Ok(Err(e)) => app.refuse(&req, Error::Unavailable(e.to_string())).await,
        Err(e) => app.refuse(&req, Error::internal(e)).await,
    }
}

/// Language, type size and colours: one small cookie, set by a plain form.
async fn prefs(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let prefs = chosen(req.prefs, &raw);
    let back = local(raw.get("back").unwrap_or("/")).to_owned();
    ([(header::SET_COOKIE, app.cookie("linli_prefs", &prefs.write(), 400, false))], Redirect::to(&back)).into_response()
}

fn chosen(before: Prefs, raw: &RawInput) -> Prefs {
    Prefs {
        lang: raw.get("lang").and_then(Lang::parse).or(before.lang),
        large: raw.get("type").map_or(before.large, |v| v == "large"),
        dark: match raw.get("theme") {
            Some("dark") => Some(true),
            Some("light") => Some(false),
            _ => before.dark,
        },
    }
}

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

/// Before and after every request.
async fn guard(State(app): State<App>, matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let (parts, body) = request.into_parts();
    let (client, api) = (limits::client(&parts), parts.uri.path().starts_with("/api/"));
    let light = Request::from_parts(parts.clone(), Body::empty());
    let refused = match <Req as axum::extract::FromRequest<App>>::from_request(light, &app).await {
        Err(response) => Some(response),
        Ok(req) if !same_site(&req) => Some(app.refuse(&req, Error::Bad(403, t::NO_ORIGIN.msg())).await),
        Ok(req) => match app.0.limits.check(client) {
            Err(seconds) => Some(app.refuse(&req, Error::TooMany(seconds)).await),
            Ok(()) => None,
        },
    };
    let mut response = match refused {
        Some(response) => response,
        None => next.run(Request::from_parts(parts, body)).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if api {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    let route = matched.map_or("none".to_owned(), |m| m.as_str().to_owned());
    let labels = [("method", method.to_string()), ("route", route), ("status", response.status().as_str().to_owned())];
    metrics::histogram!("linli_request_seconds", &labels).record(began.elapsed().as_secs_f64());
    response
}

/// Runs something slow that needs no database (files, hashing) on a thread of its own.
pub async fn blocking<R: Send + 'static>(f: impl FnOnce() -> Result<R> + Send + 'static) -> Result<R> {
    tokio::task::spawn_blocking(f).await.map_err(Error::internal)?
}
