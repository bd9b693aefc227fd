//! The JSON API: everything the pages do. The OpenAPI document is generated from the same fields and moves.
use crate::uploads::{keep_files, sealed};
use crate::{Known, pages, procedure, report};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use linli_core::{Cx, Error, RawInput, Result, ScopeKind, UnitId, time};
use linli_matters::{Ask, Matter, Procedure, Reading};
use linli_web::api::{answers, count, json_of, key, limit, list as page_of, query, schema, signed_in, text};
use linli_web::{App, Req};
use serde_json::{Value, json};

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/cases", get(list).post(open))
        .route("/api/v1/cases/{number}", get(one))
        .route("/api/v1/cases/{number}/moves/{move}", post(make_move))
        .route("/api/v1/files", post(upload))
        .route("/api/v1/inbox", get(inbox))
        .route("/api/v1/units", get(units))
        .route("/api/v1/categories", get(categories))
        .route("/api/v1/responsibilities", get(responsibilities))
        .route("/api/v1/terms", get(terms).post(put_terms))
        .route("/api/v1/figures", get(figures))
}

/// A matter in a list.
fn row(cx: &mut Cx<'_, '_>, m: &Matter) -> Result<Value> {
    let units = linli_registry::units(cx)?;
    let lang = cx.actor.lang;
    let unit = |id: Option<UnitId>| {
        id.map(|u| json!({"id": u, "code": units.get(u).map(|u| u.code.clone()), "name": units.name(u, lang)}))
    };
    // The same as on the pages: a neighbour is told the building, not the room.
    let place_name = crate::view::place_of(cx, m);
    let place = m.place.filter(|_| place_name == m.place_name);
    Ok(json!({
        "number": m.number, "kind": m.kind, "state": m.state, "title": m.title, "category": (!m.category.is_empty()).then_some(&m.category),
        "class": m.term_class, "place": place, "place_name": place_name, "committee": unit(Some(m.committee)), "owner": unit(m.owner),
        "open": m.open, "supervised": m.supervised, "redo": m.redo, "revision": m.revision, "opened": time::rfc3339(m.opened),
        "due": m.due.map(time::rfc3339), "closed": m.closed.map(time::rfc3339),
    }))
}

/// A place in a list; one that cannot be read is an error, not the first page.
fn after(req: &Req) -> Result<Option<linli_matters::After>> {
    match (req.q("after"), pages::after(req)) {
        (Some(_), None) => Err(Error::field("after", linli_core::t::NOT_AN_ID)),
        (_, after) => Ok(after),
    }
}

/// A unit by id, by code (a past one too), or by its name where only one unit has it.
fn unit_of(cx: &mut Cx<'_, '_>, field: &str, text: &str) -> Result<UnitId> {
    let units = linli_registry::units(cx)?;
    let by_id = text.parse::<UnitId>().ok().filter(|u| units.get(*u).is_some());
    let by_name = || {
        let mut named = units.live().filter(|u| u.name == text);
        named.next().filter(|_| named.next().is_none()).map(|u| u.id)
    };
    let found = by_id.or_else(|| units.by_code(text).map(|u| u.id)).or_else(by_name);
    found.ok_or(Error::field(field, linli_core::t::NOT_AN_ID))
}

fn listed(cx: &mut Cx<'_, '_>, page: linli_matters::Listed) -> Result<Value> {
    let items = page.items.iter().map(|m| row(cx, m)).collect::<Result<Vec<_>>>()?;
    Ok(json!({"items": items, "next": page.next.map(|n| n.token())}))
}

async fn list(State(app): State<App>, req: Req) -> Response {
    let text = |name: &str| req.q(name).map(str::to_owned);
    let (unit, state, category, q) = (text("unit"), text("state"), text("category"), text("q"));
    let (at, limit) = (after(&req), limit(&req, 20, 100));
    let made = app
        .read(&req, move |cx| {
            let (at, limit) = (at?, limit? as i64);
            signed_in(cx)?;
            if let Some(state) = &state
                && procedure::CASE.state(state).is_none()
            {
                return Err(Error::field("state", linli_core::t::NOT_A_CHOICE));
            }
            let scope = match unit {
                None => cx.scope(procedure::LIST, ScopeKind::Mine, &[])?,
                Some(text) => {
                    let unit = unit_of(cx, "unit", &text)?;
                    let path = linli_registry::units(cx)?.path(unit).to_vec();
                    cx.scope(procedure::LIST, ScopeKind::Within(unit), &path)
                        .or_else(|_| cx.scope(procedure::LIST, ScopeKind::Desk(unit), &path))
                        .or_else(|_| cx.scope(procedure::LIST, ScopeKind::Public(unit), &path))?
                }
            };
            // An open state is found among what is open, by due time; everything else newest first.
            let open = state.as_deref().is_some_and(|s| s != "closed");
            let page = linli_matters::list(
                cx,
                &scope,
                &Ask { kind: Some("case".into()), state, category, open, q, after: at, limit },
            )?;
            listed(cx, page)
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}

async fn inbox(State(app): State<App>, req: Req) -> Response {
    let (unit, state) = (req.q("unit").map(str::to_owned), req.q("state").map(str::to_owned));
    let (at, limit) = (after(&req), limit(&req, 20, 100));
    let made = app
        .read(&req, move |cx| {
            let (at, limit) = (at?, limit? as i64);
            signed_in(cx)?;
            let unit = match unit {
                Some(text) => unit_of(cx, "unit", &text)?,
                None => pages::own_desk(cx)?,
            };
            let scope = crate::desk::inbox_scope(cx, unit)?;
            let page = linli_matters::list(cx, &scope, &Ask { state, open: true, after: at, limit, ..Ask::default() })?;
            listed(cx, page)
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}

async fn one(State(app): State<App>, req: Req) -> Response {
    let number = req.part("number").map(str::to_owned);
    let made = app
        .read(&req, move |cx| {
            let shown = crate::shown(cx, &number?)?;
            detail(cx, &shown)
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}

/// A matter with its timeline, clocks and the moves one could make now.
fn detail(cx: &mut Cx<'_, '_>, shown: &crate::Shown) -> Result<Value> {
    let crate::Shown { seen, story, .. } = shown;
    let mut out = row(cx, &seen.matter)?;
    let units = linli_registry::units(cx)?;
    let lang = cx.actor.lang;
    let staff = story.reading == Reading::Staff;
    let acts = story.acts.iter().map(|a| {
        json!({
            "seq": a.seq, "act": a.act, "from": a.from_state, "to": a.to_state, "at": time::rfc3339(a.at), "role": a.role,
            "unit": a.unit.map(|u| json!({"id": u, "name": units.name(u, lang)})), "words": a.words, "readers": a.readers,
            "data": if staff { a.data.0.clone() } else { Value::Null },
            "commitment": a.commitment.as_ref().map(|c| c.iter().map(|b| format!("{b:02x}")).collect::<String>()),
        })
    });
    out["acts"] = acts.collect();
    out["files"] = story
        .files
        .iter()
        .map(|f| json!({"id": f.id, "act": f.act, "mime": f.mime, "size": f.size, "href": format!("/files/{}", f.id)}))
        .collect();
    if staff {
        let clocks = story.clocks.iter().map(|c| {
            json!({"stage": c.stage, "unit": c.unit, "started": time::rfc3339(c.started), "due": time::rfc3339(c.due), "running": c.running,
                "stopped": c.stopped.map(time::rfc3339), "provisional": c.provisional})
        });
        out["clocks"] = clocks.collect();
        if let Some(person) = seen.matter.assignee {
            let names = linli_registry::people_names(cx, &[person])?;
            out["assignee"] = names.get(&person).map(|name| json!({"id": person, "name": name.reveal()})).into();
        }
    }
    let case = shown.case();
    if let Some(case) = case {
        out["outcome"] = json!(case.outcome);
        out["verdict"] = json!({"solved": case.solved, "satisfied": case.satisfied});
        out["called_solved"] = json!(case.called_solved);
        out["returns"] = json!(case.returns);
    }
    let moves = crate::offered(cx, seen, case, &story.clocks)?;
    out["moves"] = moves.iter().map(|m| json!({"name": m.name(), "label": m.label.in_(lang)})).collect();
    Ok(out)
}

/// What a write answers: the matter as it now stands, or only its number when it has gone where the writer does not see it
/// (reported for somebody else at a unit that routes away; handed on).
fn shown(cx: &mut Cx<'_, '_>, number: &str, known: Option<Known>) -> Result<Value> {
    match crate::shown_known(cx, number, known) {
        Ok(shown) => detail(cx, &shown),
        Err(Error::NotFound | Error::Forbidden(_)) => Ok(json!({"number": number})),
        Err(e) => Err(e),
    }
}

/// Takes a picture or voice note (multipart, field `files`), re-encodes and stores it, and gives for each a sealed
/// description: what the `files` of a report or move name. A description that was tampered with is refused.
async fn upload(State(app): State<App>, mut req: Req) -> Response {
    let signed = app.read(&req, |cx| signed_in(cx).map(drop)).await;
    let made = match signed {
        Ok(()) => req.form(&app).await,
        Err(e) => Err(e),
    };
    let made = made.and_then(|raw| {
        let uploads: Vec<_> = raw.files.into_values().flatten().collect();
        if uploads.is_empty() {
            return Err(Error::field("files", linli_core::t::REQUIRED));
        }
        let described = uploads.iter().map(|u| {
            let text = serde_json::to_string(u).map_err(Error::internal)?;
            let sealed = sealed(|s| app.house().keys.token_digest(s), &text);
            Ok(json!({"file": sealed, "mime": u.mime, "size": u.size, "name": u.name}))
        });
        Ok(json!({"items": described.collect::<Result<Vec<_>>>()?, "next": null}))
    });
    app.api(&req, StatusCode::CREATED, made).await
}

/// A JSON body as input; its `files` are sealed descriptions given by [`upload`].
fn raw_of(app: &App, body: &Value) -> Result<RawInput> {
    let mut raw = RawInput::from_json(body)?;
    if let Some(named) = raw.values.remove("files") {
        let wanted = named.len();
        raw.values.insert("kept".into(), named);
        keep_files(app.house(), &mut raw);
        if raw.files.values().map(Vec::len).sum::<usize>() != wanted {
            return Err(Error::field("files", linli_core::t::NOT_AN_ID));
        }
    }
    Ok(raw)
}

async fn open(State(app): State<App>, mut req: Req) -> Response {
    let read = match req.json().await {
        Ok(body) => raw_of(&app, &body).and_then(|raw| report::read(&raw, true)),
        Err(e) => Err(e),
    };
    let key = req.key(&RawInput::default());
    let made = match (read, key) {
        (Ok(r), Ok(key)) => {
            let key = key.unwrap_or(linli_core::CommandKey::of(app.house().fresh_id()));
            let write = move |cx: &mut Cx<'_, '_>, ()| {
                signed_in(cx)?;
                let mut known = None;
                let number = cx.once(&key, &r, |cx| {
                    let made = report::report(cx, &r)?;
                    known = Some(Known::of(&made));
                    Ok(made.number)
                })?;
                Ok((number, known))
            };
            let show = |cx: &mut Cx<'_, '_>, (number, known): (String, _)| shown(cx, &number, known);
            app.write_and_show(&req, |_| Ok(()), write, show).await
        }
        (Err(e), _) | (_, Err(e)) => Err(e),
    };
    app.api(&req, StatusCode::CREATED, made).await
}

async fn make_move(State(app): State<App>, mut req: Req) -> Response {
    let (number, name) = match (req.part("number"), req.part("move")) {
        (Ok(n), Ok(m)) => (n.to_owned(), m.to_owned()),
        _ => return app.refuse(&req, Error::NotFound).await,
    };
    let body = match req.json().await {
        Ok(body) => body,
        Err(e) => return app.refuse(&req, e).await,
    };
    let made = match (split(&app, body), req.key(&RawInput::default())) {
        (Ok((raw, revision)), Ok(key)) => {
            let key = key.unwrap_or(linli_core::CommandKey::of(app.house().fresh_id()));
            let given = linli_matters::Given { raw, strict: true };
            let (sought, moved) = (number.clone(), number.clone());
            let write = move |cx: &mut Cx<'_, '_>, named| {
                signed_in(cx)?;
                let what = (&number, &name, &given.raw, revision);
                let mut known = None;
                cx.once(&key, &what, |cx| {
                    let made = linli_matters::act_named(cx, named, &name, &given, revision)?;
                    known = Some(Known::of(&made));
                    Ok(made.revision)
                })?;
                Ok(known)
            };
            let show = move |cx: &mut Cx<'_, '_>, known| shown(cx, &moved, known);
            app.write_and_show(&req, move |cx| linli_matters::name(cx, &sought), write, show).await
        }
        (Err(e), _) | (_, Err(e)) => Err(e),
    };
    app.api(&req, StatusCode::OK, made).await
}

/// The move's fields, and the `revision` one has seen.
fn split(app: &App, mut body: Value) -> Result<(RawInput, Option<i64>)> {
    let revision = match body.as_object_mut().and_then(|m| m.remove("revision")) {
        None | Some(Value::Null) => None,
        Some(v) => Some(v.as_i64().ok_or(Error::field("revision", linli_core::t::NOT_A_NUMBER))?),
    };
    Ok((raw_of(app, &body)?, revision))
}

async fn units(State(app): State<App>, req: Req) -> Response {
    let (within, q, at) =
        (req.q("within").map(str::to_owned), req.q("q").map(str::to_owned), req.q("after").map(str::to_owned));
    let limit = limit(&req, 20, 100);
    let made = app
        .read(&req, move |cx| {
            let limit = limit?;
            let within = within.map(|w| unit_of(cx, "within", &w)).transpose()?;
            let units = linli_registry::units(cx)?;
            let lang = cx.actor.lang;
            let mut found: Vec<linli_registry::Found<'_>> = match &q {
                Some(q) => units.search(q, within, 1000),
                None => units
                    .within(within.unwrap_or(units.root()))
                    .map(|unit| linli_registry::Found { unit, formerly: None })
                    .collect(),
            };
            found.sort_by(|a, b| (&a.unit.code, a.unit.id).cmp(&(&b.unit.code, b.unit.id)));
            if let Some(at) = &at {
                found.retain(|f| f.unit.code.as_str() > at.as_str());
            }
            let more = found.len() > limit;
            found.truncate(limit);
            let next = if more { found.last().map(|f| f.unit.code.clone()) } else { None };
            let items: Vec<Value> = found
                .into_iter()
                .map(|f| (f.unit, f.formerly))
                .map(|(u, formerly)| json!({"id": u.id, "formerly": formerly, "code": u.code, "name": units.name(u.id, lang), "level": u.level, "function": format!("{:?}", u.function).to_lowercase(), "kind": u.kind, "status": u.status, "parent": u.parent, "phone": u.phone}))
                .collect();
            Ok(json!({"items": items, "next": next}))
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}

async fn categories(State(app): State<App>, req: Req) -> Response {
    let made = app
        .read(&req, |cx| {
            let all = crate::categories(cx)?;
            let items: Vec<Value> = all
                .iter()
                .map(|c| json!({"code": c.code, "parent": c.parent, "name": c.name(cx.actor.lang), "class": c.term_class, "audience": c.audience, "danger": c.danger, "proof": c.proof}))
                .collect();
            Ok(json!({"items": items, "next": null}))
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}

async fn terms(State(app): State<App>, req: Req) -> Response {
    let made = app.read(&req, |cx| Ok(json!(*linli_matters::terms(cx)?))).await;
    app.api(&req, StatusCode::OK, made).await
}

/// New terms for the whole district, from now or from a day to come.
async fn put_terms(State(app): State<App>, mut req: Req) -> Response {
    let made = match (req.json().await, req.key(&RawInput::default())) {
        (Ok(body), Ok(key)) => {
            let key = key.unwrap_or(linli_core::CommandKey::of(app.house().fresh_id()));
            let write = move |cx: &mut Cx<'_, '_>| {
                signed_in(cx)?;
                cx.once(&key, &("terms", &body), |cx| crate::admin_pages::put_terms(cx, &body))
            };
            app.write(&req, write).await
        }
        (Err(e), _) | (_, Err(e)) => Err(e),
    };
    app.api(&req, StatusCode::OK, made).await
}

async fn responsibilities(State(app): State<App>, req: Req) -> Response {
    let made = app.read(&req, |cx| Ok(json!({"items": *crate::responsibilities(cx)?, "next": null}))).await;
    app.api(&req, StatusCode::OK, made).await
}

async fn figures(State(app): State<App>, req: Req) -> Response {
    let (unit, from, to) =
        (req.q("unit").map(str::to_owned), req.q("from").map(str::to_owned), req.q("to").map(str::to_owned));
    let made = app
        .read(&req, move |cx| {
            signed_in(cx)?;
            let unit = unit_of(cx, "unit", &unit.ok_or(Error::field("unit", linli_core::t::REQUIRED))?)?;
            let day = |field: &str, text: Option<String>, default: i64| match text {
                None => Ok(default),
                Some(text) => time::parse_day(&text).map(i64::from).ok_or(Error::field(field, linli_core::t::NOT_A_DATE)),
            };
            let to = day("to", to, i64::from(time::civil_day(cx.now)))?;
            let from = day("from", from, to - 29)?;
            if to < from || to - from > 366 {
                let (first, last) = (time::day_text((to - 366) as i32), time::day_text(to as i32));
                return Err(Error::field("from", linli_core::t::DAY_OUT_OF_RANGE.with("min", first).with("max", last)));
            }
            let figures = crate::figures(cx, unit, from, to)?;
            let lang = cx.actor.lang;
            let items: Vec<Value> = figures
                .items
                .iter()
                .map(|f| json!({"code": f.code, "name": f.label.in_(lang), "definition": f.definition.in_(lang), "n": f.n, "of": f.of, "permille": f.permille()}))
                .collect();
            Ok(json!({"unit": unit, "from": time::day_text(from as i32), "to": time::day_text(to as i32), "as_of": time::rfc3339(cx.now), "items": items}))
        })
        .await;
    app.api(&req, StatusCode::OK, made).await
}

/// What is told of a case: `row` in a list, `detail` of one; staff read `clocks` and what acts decided. A reporter on behalf
/// who may not read on gets the number alone.
fn case_schema() -> Value {
    let (text, maybe, flag, count) = (
        || json!({"type": "string"}),
        || json!({"type": ["string", "null"]}),
        || json!({"type": "boolean"}),
        || json!({"type": "integer"}),
    );
    let perhaps = || json!({"type": ["boolean", "null"]});
    let unit = || json!({"type": ["object", "null"], "properties": {"id": text(), "code": text(), "name": text()}});
    let each = |properties: Value| json!({"type": "array", "items": {"type": "object", "properties": properties}});
    json!({"type": "object", "required": ["number"], "properties": {
        "number": text(), "kind": text(), "state": text(), "title": text(), "category": maybe(), "class": text(), "place": maybe(),
        "place_name": text(), "committee": unit(), "owner": unit(), "assignee": {"type": ["object", "null"], "properties": {"id": text(), "name": text()}}, "open": flag(), "supervised": flag(), "redo": count(),
        "revision": count(), "opened": text(), "due": maybe(), "closed": maybe(), "outcome": maybe(), "called_solved": perhaps(),
        "returns": count(), "verdict": {"type": "object", "properties": {"solved": perhaps(), "satisfied": perhaps()}},
        "moves": each(json!({"name": text(), "label": text()})),
        "acts": each(json!({"seq": count(), "act": text(), "at": text(), "from": maybe(), "to": maybe(), "role": maybe(), "unit": unit(), "words": maybe(), "readers": text(), "data": {}, "commitment": maybe()})),
        "files": each(json!({"id": text(), "act": text(), "mime": text(), "size": count(), "href": text()})),
        "clocks": each(json!({"stage": text(), "unit": maybe(), "started": text(), "due": text(), "running": flag(), "stopped": maybe(), "provisional": flag()})),
    }})
}

/// Terms: class → stage → term, with `*` for what holds for all; hours and the wall clock in milliseconds.
fn terms_schema(more: Value) -> Value {
    let amount = || json!({"type": "integer", "minimum": 1});
    let term = json!({"type": "object", "minProperties": 1, "maxProperties": 1, "properties": {"working_days": amount(), "working_hours": amount(), "wall_clock": amount()}});
    let stages = json!({"type": "object", "additionalProperties": term});
    let mut properties = json!({"classes": {"type": "object", "additionalProperties": stages}, "warn": stages, "source": {"type": "string", "minLength": 1, "maxLength": 400}, "source_en": {"type": "string", "maxLength": 400}});
    if let (Value::Object(all), Value::Object(more)) = (&mut properties, more) {
        all.extend(more);
    }
    json!({"type": "object", "required": ["classes", "warn", "source"], "properties": properties})
}

/// The OpenAPI 3.1 document of this API, generated from the report's fields and the procedures' moves.
pub fn openapi() -> Value {
    let page = || vec![query("after", false, text()), query("limit", false, count(100))];
    let number = || json!({"name": "number", "in": "path", "required": true, "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9-]+$"}});
    let with = |mut params: Vec<Value>, more: Vec<Value>| {
        params.extend(more);
        params
    };
    let cases = || json!({"type": "object", "required": ["items", "next"], "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Case"}}, "next": {"type": ["string", "null"]}}});
    let mut paths = json!({
        "/api/v1/cases": {
            "get": {"operationId": "listCases", "summary": "诉求列表 · Cases of a unit, or one's own", "parameters": with(page(), vec![query("unit", false, text()), query("state", false, json!({"type": "string", "enum": procedure::CASE.states.iter().map(|s| s.name).collect::<Vec<_>>()})), query("category", false, text()), query("q", false, text())]), "responses": answers("200", cases())},
            "post": {"operationId": "reportCase", "summary": "上报 · Report a case", "parameters": [key()], "requestBody": {"required": true, "content": json_of(schema(report::FIELDS, &[], &[]))}, "responses": answers("201", json!({"$ref": "#/components/schemas/Case"}))},
        },
        "/api/v1/cases/{number}": {"get": {"operationId": "getCase", "summary": "一件诉求 · A case as a story", "parameters": [number()], "responses": answers("200", json!({"$ref": "#/components/schemas/Case"}))}},
        "/api/v1/files": {"post": {"operationId": "uploadFiles", "summary": "照片或语音 · Upload pictures or voice notes; the answer's `file` goes into `files` of a report or move", "requestBody": {"required": true, "content": {"multipart/form-data": {"schema": {"type": "object", "required": ["files"], "properties": {"files": {"type": "array", "maxItems": 6, "items": {"type": "string", "format": "binary"}}}}}}}, "responses": answers("201", page_of())}},
        "/api/v1/inbox": {"get": {"operationId": "inbox", "summary": "收件箱 · What awaits a unit, by due time", "parameters": with(page(), vec![query("unit", false, text()), query("state", false, text())]), "responses": answers("200", cases())}},
        "/api/v1/units": {"get": {"operationId": "listUnits", "summary": "单位 · Units by code", "parameters": with(page(), vec![query("within", false, text()), query("q", false, text())]), "responses": answers("200", page_of())}},
        "/api/v1/categories": {"get": {"operationId": "listCategories", "summary": "类别 · Categories", "responses": answers("200", page_of())}},
        "/api/v1/responsibilities": {"get": {"operationId": "listResponsibilities", "summary": "职责清单 · Who acts, who pays, by which article", "responses": answers("200", page_of())}},
        "/api/v1/terms": {
            "get": {"operationId": "terms", "summary": "办理时限 · Terms by class and stage", "responses": answers("200", terms_schema(json!({})))},
            "post": {"operationId": "setTerms", "summary": "公布新的时限 · Put terms in force, from now or from a day", "parameters": [key()], "requestBody": {"required": true, "content": json_of(terms_schema(json!({"from": {"type": "string", "format": "date"}})))}, "responses": answers("200", terms_schema(json!({})))},
        },
        "/api/v1/figures": {"get": {"operationId": "figures", "summary": "指标 · Figures of a unit with their definitions", "parameters": [query("unit", true, text()), query("from", false, json!({"type": "string", "format": "date"})), query("to", false, json!({"type": "string", "format": "date"}))], "responses": answers("200", json!({"type": "object"}))}},
    });
    let procedures: [&Procedure; 2] = [&procedure::CASE, &procedure::TASK];
    for p in procedures {
        for m in p.moves.iter().filter(|m| !m.automatic()) {
            let path = format!("/api/v1/cases/{{number}}/moves/{}", m.name());
            if paths.get(&path).is_some() {
                continue;
            }
            let body = schema(
                m.input,
                &[],
                &[("revision", json!({"type": ["integer", "null"], "description": "the act number one has seen"}))],
            );
            paths[path] = json!({"post": {"operationId": format!("{}_{}", p.kind, m.name()), "summary": format!("{} · {}", m.label.zh, m.label.en), "parameters": [number(), key()],
                "requestBody": {"required": !m.input.iter().all(|f| !f.required), "content": json_of(body)}, "responses": answers("200", json!({"$ref": "#/components/schemas/Case"}))}});
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Linli 邻里", "version": env!("CARGO_PKG_VERSION"), "description": "Everything the pages do. Bearer tokens act as their owner. Every command may carry an Idempotency-Key; the same key with the same content is done once."},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Case": case_schema(),
                "Problem": {"type": "object", "required": ["title", "status", "detail", "code"], "properties": {"title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}, "code": {"type": "string"}, "errors": {"type": "array", "items": {"type": "object"}}}},
            },
        },
    })
}
