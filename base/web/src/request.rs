//! What a request says of itself: who asks, in which language, from which door, with what input.
use crate::{App, t};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, Path, Query, Request};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use http_body_util::BodyExt;
use linli_core::{CommandKey, Error, FieldError, Lang, RawInput, Result, Via};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The largest body taken, in bytes: six pictures of the largest size would be more, but the page shrinks them first.
pub(crate) const MAX_BODY: usize = 32 * 1024 * 1024;
/// Of a body that is too large so much is read and thrown away, and for so long, before it is refused.
const MAX_DRAIN: usize = 256 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(60);
/// The most files taken at once.
const MAX_FILES: usize = 8;
/// The largest body of a form without files, or of JSON.
const MAX_TEXT: usize = 256 * 1024;

/// Preferences that travel in a cookie, so that they hold before anybody signs in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prefs {
    /// The language chosen, if one was.
    pub lang: Option<Lang>,
    /// 关怀版: large type.
    pub large: bool,
    /// Dark or light, if chosen.
    pub dark: Option<bool>,
}

impl Prefs {
    fn read(cookie: &str) -> Prefs {
        let mut prefs = Prefs::default();
        for part in cookie.split('.') {
            match part {
                "large" => prefs.large = true,
                "dark" => prefs.dark = Some(true),
                "light" => prefs.dark = Some(false),
                other => prefs.lang = Lang::parse(other).or(prefs.lang),
            }
        }
        prefs
    }
    /// The cookie's value.
    pub fn write(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.lang.map(Lang::code));
        parts.extend(self.large.then_some("large"));
        parts.extend(self.dark.map(|d| if d { "dark" } else { "light" }));
        parts.join(".")
    }
}

/// A request, read once.
pub struct Req {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// Headers.
    pub headers: HeaderMap,
    /// Parts of the path by name.
    pub path: BTreeMap<String, String>,
    /// The query by name; the last value of a name wins.
    pub query: BTreeMap<String, String>,
    /// Preferences.
    pub prefs: Prefs,
    /// The language of the answer.
    pub lang: Lang,
    /// Page or API.
    pub via: Via,
    /// The session's or the bearer's token.
    pub token: Option<String>,
    // Bodies are not `Sync`, and a request is shared by reference across awaits; nobody ever waits for this lock.
    body: Mutex<Option<Body>>,
}

impl FromRequest<App> for Req {
    type Rejection = axum::response::Response;

    async fn from_request(request: Request, app: &App) -> std::result::Result<Req, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        // A route without parts has none to give, and what a part that is no UTF-8 names does not exist.
        let path = Path::<BTreeMap<String, String>>::from_request_parts(&mut parts, app).await;
        let path = path.map(|Path(parts)| parts).unwrap_or_default();
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map(|q| q.0.into_iter().collect())
            .unwrap_or_default();
        let via = if parts.uri.path().starts_with("/api/") { Via::Api } else { Via::Page };
        let prefs = cookie(&parts.headers, "linli_prefs").map(|c| Prefs::read(&c)).unwrap_or_default();
        let query: BTreeMap<String, String> = query;
        let accepted =
            parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).and_then(accept_language);
        let lang = query.get("lang").and_then(|l| Lang::parse(l)).or(prefs.lang).or(accepted).unwrap_or_default();
        let bearer = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Bearer "));
        let token = match via {
            Via::Api => bearer.map(|t| t.trim().to_owned()),
            _ => cookie(&parts.headers, app.cookie_name()),
        };
        Ok(Req {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            path,
            query,
            prefs,
            lang,
            via,
            token,
            body: Mutex::new(Some(body)),
        })
    }
}

impl Req {
    /// A part of the path.
    pub fn part(&self, name: &str) -> Result<&str> {
        self.path.get(name).map(String::as_str).ok_or(Error::NotFound)
    }
    /// A part of the path that is an id or number of some type; anything else does not exist.
    pub fn parse<T: std::str::FromStr>(&self, name: &str) -> Result<T> {
        self.part(name)?.parse().map_err(|_| Error::NotFound)
    }
    /// A value of the query, trimmed; empty is none.
    pub fn q(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(|s| s.trim()).filter(|s| !s.is_empty())
    }
    /// The page of this site from which a form was sent; the home page if the browser does not tell.
    pub fn came_from(&self) -> String {
        let text = |name| self.headers.get(name).and_then(|v| v.to_str().ok());
        let page = text(header::REFERER).and_then(|r| r.split_once("://")).and_then(|(_, rest)| rest.split_once('/'));
        match page {
            Some((host, path)) if text(header::HOST) == Some(host) => crate::local(&format!("/{path}")).to_owned(),
            _ => "/".to_owned(),
        }
    }
    /// The path with its query, for coming back.
    pub fn here(&self) -> String {
        self.uri.path_and_query().map_or("/".to_owned(), ToString::to_string)
    }
    /// The form, urlencoded or multipart; files are checked, re-encoded and stored by their content on the way.
    pub async fn form(&mut self, app: &App) -> Result<RawInput> {
        let (raw, faults) = self.form_and_faults(app).await?;
        if faults.is_empty() { Ok(raw) } else { Err(Error::Invalid(faults)) }
    }
    /// The same, with what is wrong with files beside everything else: what was typed can be shown again, and the files
    /// that were good need not be picked again.
    pub async fn form_and_faults(&mut self, app: &App) -> Result<(RawInput, Vec<FieldError>)> {
        let kind = self.content_type();
        if kind.starts_with("multipart/form-data") {
            return self.multipart(app).await;
        }
        if !kind.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Error::Bad(415, t::UNSUPPORTED.msg()));
        }
        let bytes = self.bytes(MAX_TEXT).await?;
        let pairs: Vec<(String, String)> = form_pairs(&bytes)?;
        let mut raw = RawInput::default();
        for (name, value) in pairs {
            raw.values.entry(name).or_default().push(value);
        }
        Ok((raw, Vec::new()))
    }
    /// The JSON body; an empty body is an empty object.
    pub async fn json(&mut self) -> Result<serde_json::Value> {
        let kind = self.content_type();
        if !kind.is_empty() && !kind.starts_with("application/json") {
            return Err(Error::Bad(415, t::UNSUPPORTED.msg()));
        }
        let bytes = self.bytes(MAX_TEXT).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(serde_json::json!({}));
        }
        serde_json::from_slice(&bytes).map_err(|_| Error::Bad(400, t::BAD_BODY.msg()))
    }
    /// The idempotency key: the header (API) or the form's hidden field.
    pub fn key(&self, raw: &RawInput) -> Result<Option<CommandKey>> {
        let given = match self.via {
            Via::Api => self.headers.get("idempotency-key").map(|v| v.to_str().unwrap_or("?").to_owned()),
            _ => raw.get("idempotency_key").or(raw.get("key")).map(str::to_owned),
        };
        given.map(|k| CommandKey::parse(&k).ok_or(Error::Bad(400, t::BAD_KEY.msg()))).transpose()
    }
    fn content_type(&self) -> String {
        self.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
    }
    fn take_body(&mut self) -> Result<Body> {
        self.body.get_mut().unwrap_or_else(PoisonError::into_inner).take().ok_or(Error::internal("body read twice"))
    }
    /// The body, unless it says of itself that it is too large. A browser that is still sending does not read the answer:
    /// so what is too large is read all the same, up to a bound, and thrown away.
    async fn body_within(&mut self, max: usize) -> Result<Body> {
        let length = self.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
        let mut body = self.take_body()?;
        if length.is_none_or(|n| n <= max) {
            return Ok(body);
        }
        let drain = async {
            let mut left = MAX_DRAIN;
            while let Some(Ok(frame)) = body.frame().await {
                left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
                if left == 0 {
                    break;
                }
            }
        };
        // Whoever sends too slowly gets no answer, as nobody would wait for it.
        let _ = tokio::time::timeout(DRAIN_TIME, drain).await;
        Err(Error::Bad(413, t::BODY_TOO_LARGE.msg()))
    }
    async fn bytes(&mut self, max: usize) -> Result<Bytes> {
        let body = self.body_within(max).await?;
        axum::body::to_bytes(body, max).await.map_err(|_| Error::Bad(413, t::BODY_TOO_LARGE.msg()))
    }
    /// What is too large is read to its end and thrown away, and what was typed beside it is kept.
    async fn multipart(&mut self, app: &App) -> Result<(RawInput, Vec<FieldError>)> {
        let mut request = Request::new(self.take_body()?);
        *request.headers_mut() = self.headers.clone();
        DefaultBodyLimit::max(MAX_DRAIN).apply(&mut request);
        let bad = || Error::Bad(400, t::BAD_BODY.msg());
        let too_large = |e: axum::extract::multipart::MultipartError| {
            if e.status() == 413 { Error::Bad(413, t::BODY_TOO_LARGE.msg()) } else { bad() }
        };
        let mut parts = Multipart::from_request(request, app).await.map_err(|_| bad())?;
        let (mut raw, mut faults) = (RawInput::default(), Vec::new());
        let mut fields = 0;
        let (mut text, mut picked) = (MAX_TEXT, MAX_BODY);
        while let Some(mut field) = parts.next_field().await.map_err(too_large)? {
            fields += 1;
            let name = field.name().unwrap_or_default().to_owned();
            if fields > 200 || name.len() > 64 {
                return Err(bad());
            }
            let file_name = field.file_name().map(str::to_owned);
            let room = if file_name.is_some() { &mut picked } else { &mut text };
            let (mut bytes, mut whole) = (Vec::new(), true);
            while let Some(chunk) = field.chunk().await.map_err(too_large)? {
                whole = whole && chunk.len() <= *room;
                if whole {
                    *room -= chunk.len();
                    bytes.extend_from_slice(&chunk);
                }
            }
            if !whole {
                *room = 0;
                faults.push(FieldError { field: name, msg: t::BODY_TOO_LARGE.msg() });
                continue;
            }
            match file_name {
                Some(file) if !bytes.is_empty() => {
                    if raw.files.values().map(Vec::len).sum::<usize>() >= MAX_FILES {
                        let msg = linli_core::t::TOO_MANY_FILES.with("max", MAX_FILES);
                        faults.push(FieldError { field: name, msg });
                        continue;
                    }
                    match app.store_file(file, bytes.into()).await {
                        Ok(upload) => raw.files.entry(name).or_default().push(upload),
                        Err(Error::Bad(_, msg)) => faults.push(FieldError { field: name, msg }),
                        Err(Error::Invalid(more)) => faults.extend(more),
                        Err(e) => return Err(e),
                    }
                }
                Some(_) => {}
                None => raw.values.entry(name).or_default().push(String::from_utf8_lossy(&bytes).into_owned()),
            }
        }
        if self.via == Via::Api && faults.iter().any(|f| f.msg.text == t::BODY_TOO_LARGE) {
            return Err(Error::Bad(413, t::BODY_TOO_LARGE.msg()));
        }
        Ok((raw, faults))
    }
}

/// The status of a form that comes back with these errors.
pub fn status_of(errors: &[FieldError]) -> StatusCode {
    let too_large = errors.iter().any(|f| f.msg.text == t::BODY_TOO_LARGE);
    if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::UNPROCESSABLE_ENTITY }
}

/// Names and values of an urlencoded form; broken UTF-8 becomes the replacement character, which fields refuse at their
/// place with a clear message.
fn form_pairs(bytes: &[u8]) -> Result<Vec<(String, String)>> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::Bad(400, t::BAD_BODY.msg()))?;
    let uri: Uri = Uri::builder()
        .path_and_query(format!("/?{}", text.replace(['\r', '\n'], "")))
        .build()
        .map_err(|_| Error::Bad(400, t::BAD_BODY.msg()))?;
    Query::<Vec<(String, String)>>::try_from_uri(&uri).map(|q| q.0).map_err(|_| Error::Bad(400, t::BAD_BODY.msg()))
}

/// The first language of an Accept-Language header that we speak, in the header's order.
fn accept_language(header: &str) -> Option<Lang> {
    header.split(',').find_map(|tag| Lang::parse(tag.trim()))
}

/// A cookie by name.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split(';')).find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

/// Refuses writes that another site makes in the browser's name: by `Sec-Fetch-Site`, or where a browser does not send it by
/// comparing `Origin` with `Host` (the scheme of Go's `http.CrossOriginProtection`). A bearer token is not sent by browsers
/// on their own, so the API needs no such check.
pub(crate) fn same_site(req: &Req) -> bool {
    if req.method == Method::GET || req.method == Method::HEAD || req.via == Via::Api {
        return true;
    }
    let text = |name: header::HeaderName| req.headers.get(name).and_then(|v| v.to_str().ok());
    match req.headers.get("sec-fetch-site").and_then(|v| v.to_str().ok()) {
        Some("same-origin" | "none") => true,
        Some(_) => false,
        None => match text(header::ORIGIN) {
            None => true,
            Some(origin) => origin.split_once("://").map(|(_, host)| host) == text(header::HOST),
        },
    }
}
