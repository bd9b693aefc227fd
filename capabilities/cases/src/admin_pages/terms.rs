//! Terms: how long each stage may take. The form has a field for every class and stage that the terms in force declare.
use super::{from_day, keep_root, posted};
use crate::pages::{class_text, term_text};
use crate::{t, view};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_core::{Cx, Error, Field, FieldError, FieldKind, Lang, Msg, RawInput, Result, Text, time};
use linli_matters::Terms;
use linli_web::form::Again;
use linli_web::ui::{self, FieldView, Say};
use linli_web::{App, Html, PageBody, Req};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use work_calendar::Term;

const SOURCE_MAX: usize = 400;
const SOURCE: Field =
    Field::required("source", t::A_SOURCE, FieldKind::Line { max: SOURCE_MAX }).hint(t::A_SOURCE_HINT);
const SOURCE_EN: Field = Field::new("source_en", t::A_SOURCE_EN, FieldKind::Line { max: SOURCE_MAX });
const FROM: Field = Field::new("from", t::A_FROM, FieldKind::Date).hint(t::A_FROM_HINT);
const NEW_CLASS: Field =
    Field::new("new_class", t::A_NEW_CLASS_CODE, FieldKind::Line { max: 32 }).hint(t::A_NEW_CLASS_HINT);

/// The class whose stages hold for every class that has none of its own.
const ALL: &str = "*";
/// The order in which stages come in a matter's life.
const IN_TURN: [&str; 8] = ["sign", "return", "contact", "answer", "approval", "ruling", "verdict", "review"];

/// In what people count a term.
struct Measure {
    code: &'static str,
    label: Text,
    of: fn(i64) -> Term,
    /// One of it, in what the term is stored in.
    one: i64,
}

const fn measure(code: &'static str, label: Text, of: fn(i64) -> Term, one: i64) -> Measure {
    Measure { code, label, of, one }
}

/// The coarser before the finer.
const MEASURES: [Measure; 5] = [
    measure("working_days", t::A_WORKING_DAYS, Term::WorkingDays, 1),
    measure("working_hours", t::A_WORKING_HOURS, Term::WorkingHours, time::HOUR),
    measure("working_minutes", t::A_WORKING_MINUTES, Term::WorkingHours, time::MINUTE),
    measure("wall_hours", t::A_WALL_HOURS, Term::WallClock, time::HOUR),
    measure("wall_minutes", t::A_WALL_MINUTES, Term::WallClock, time::MINUTE),
];

/// A term as one writes it; finer than a minute there is nothing to write.
fn written(term: Term) -> (i64, &'static str) {
    let fits = |m: &&Measure| (m.of)(1).unit() == term.unit();
    let whole = MEASURES.iter().filter(fits).find(|m| term.amount() % m.one == 0);
    let m = whole.or(MEASURES.iter().rfind(fits)).unwrap_or(&MEASURES[0]);
    ((term.amount() / m.one).max(1), m.code)
}

/// The stages that terms know, in the order of a matter's life.
fn stages(terms: &Terms) -> Vec<&str> {
    let known: BTreeSet<&str> = terms.classes.values().flat_map(|stages| stages.keys()).map(String::as_str).collect();
    let mut stages: Vec<&str> = known.into_iter().collect();
    stages.sort_by_key(|s| IN_TURN.iter().position(|known| known == s).unwrap_or(IN_TURN.len()));
    stages
}

/// The field of a stage: its group is `c.` and the class, `w` for what is warned of, `n` for a class to be added.
fn cell(group: &str, stage: &str) -> String {
    format!("{group}.{stage}")
}

/// What stands in one field and in what it is counted; nothing where it was left empty.
fn read_cell(raw: &RawInput, id: &str) -> std::result::Result<Option<Term>, FieldError> {
    let wrong = |msg: Msg| FieldError { field: id.to_owned(), msg };
    let Some(typed) = raw.get(id) else { return Ok(None) };
    let n: i64 = typed.parse().map_err(|_| wrong(linli_core::t::NOT_A_NUMBER.msg()))?;
    if !(1..=MOST).contains(&n) {
        return Err(wrong(linli_core::t::OUT_OF_RANGE.with("min", 1).with("max", MOST)));
    }
    let measure = raw.get(&format!("{id}.in")).and_then(|code| MEASURES.iter().find(|m| m.code == code));
    let measure = measure.ok_or_else(|| wrong(linli_core::t::NOT_A_CHOICE.msg()))?;
    Ok(Some((measure.of)(n * measure.one)))
}

/// The most that can be written into one field.
const MOST: i64 = 9999;

/// Reads the form: every fault at its field, all at once.
fn read_form(raw: &RawInput, old: &Terms, used: &[String], lang: Lang) -> Result<Terms> {
    let mut errors = Vec::new();
    let mut group = |name: &str| -> BTreeMap<String, Term> {
        let read = |stage: &&str| match read_cell(raw, &cell(name, stage)) {
            Ok(term) => term.map(|term| ((*stage).to_owned(), term)),
            Err(e) => {
                errors.push(e);
                None
            }
        };
        stages(old).iter().filter_map(read).collect()
    };
    let text = |name| raw.get(name).unwrap_or_default().to_owned();
    let mut new = Terms { source: text("source"), source_en: text("source_en"), ..Terms::default() };
    // The English of another source, left as it stood in the form, is not this one's.
    if new.source != old.source && new.source_en == old.source_en {
        new.source_en.clear();
    }
    for class in old.classes.keys() {
        new.classes.insert(class.clone(), group(&format!("c.{class}")));
    }
    new.warn = group("w");
    let more = group("n");
    match raw.get("new_class") {
        Some(code) if linli_registry::rules::code(code) && !new.classes.contains_key(code) => {
            new.classes.insert(code.to_owned(), more);
        }
        None if more.is_empty() => {}
        _ => errors.push(FieldError { field: "new_class".into(), msg: t::A_E_NEW_CLASS.msg() }),
    }
    if errors.is_empty() {
        errors = faults(&new, old, used, lang);
    }
    if errors.is_empty() { Ok(new) } else { Err(Error::Invalid(errors)) }
}

/// What is wrong with new terms. Whatever the terms in force know must be known by the new ones too: a stage without a term
/// would stop every matter that reaches it.
fn faults(new: &Terms, old: &Terms, used: &[String], lang: Lang) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut wrong = |field: String, msg: Msg| errors.push(FieldError { field, msg });
    let of_classes = new.classes.iter().map(|(class, stages)| (format!("c.{class}"), stages));
    for (group, stages) in of_classes.chain([("w".to_owned(), &new.warn)]) {
        for (stage, _) in stages.iter().filter(|(_, term)| term.amount() <= 0) {
            wrong(cell(&group, stage), t::A_E_POSITIVE.msg());
        }
    }
    let classes: BTreeSet<&String> = old.classes.keys().chain(used).filter(|c| *c != ALL).collect();
    for class in classes.iter().filter(|class| !new.classes.contains_key(**class)) {
        wrong(format!("c.{class}"), t::A_E_CLASS.with("class", class_text(class, lang)));
    }
    for stage in stages(old) {
        let lack = |class: &&&String| old.term(class, stage).is_some() && new.term(class, stage).is_none();
        let lack: Vec<&String> = classes.iter().filter(lack).copied().collect();
        let said = |classes: &[&String]| {
            let names: Vec<String> = classes.iter().map(|c| class_text(c, lang)).collect();
            t::A_E_STAGE.with("classes", names.join(if lang == Lang::Zh { "、" } else { ", " }))
        };
        let of_all = |terms: &Terms| terms.classes.get(ALL).is_some_and(|stages| stages.contains_key(stage));
        // What held for all is asked for once, where it held for all.
        if lack.is_empty() {
        } else if of_all(old) && !of_all(new) {
            wrong(cell(&format!("c.{ALL}"), stage), said(&lack));
        } else {
            for class in lack {
                wrong(cell(&format!("c.{class}"), stage), said(&[class]));
            }
        }
    }
    if new.source.trim().is_empty() {
        wrong("source".into(), t::A_E_SOURCE.msg());
    }
    for (field, said) in [("source", &new.source), ("source_en", &new.source_en)] {
        let n = said.trim().chars().count();
        if n > SOURCE_MAX {
            wrong(field.into(), linli_core::t::TOO_LONG.with("max", SOURCE_MAX).with("n", n));
        }
    }
    errors
}

/// The classes that categories in force use.
fn used_classes(cx: &mut Cx<'_, '_>) -> Result<Vec<String>> {
    Ok(crate::categories(cx)?.iter().map(|c| c.term_class.clone()).collect())
}

/// Puts terms in force that came as JSON; `from` beside them is the day from which they hold.
pub(crate) fn put_json(cx: &mut Cx<'_, '_>, body: &Value) -> Result<Terms> {
    keep_root(cx)?;
    let mut body = body.clone();
    let from = body.as_object_mut().and_then(|m| m.remove("from"));
    let from =
        from.as_ref().and_then(Value::as_str).map_or_else(RawInput::default, |f| RawInput::default().set("from", f));
    let new: Terms = serde_json::from_value(body).map_err(|e| Error::field("classes", t::A_E_JSON.with("cause", e)))?;
    let (old, used) = (linli_matters::terms(cx)?, used_classes(cx)?);
    let errors = faults(&new, &old, &used, cx.actor.lang);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    linli_matters::set_terms(cx, from_day(&from, "from", cx.now)?, &new)?;
    Ok(new)
}

struct ClassView {
    class: String,
    stages: Vec<(&'static str, String)>,
}

/// One term of the form.
struct CellView {
    id: String,
    label: &'static str,
    hint: Option<String>,
    error: Option<String>,
    typed: String,
    measures: Vec<(&'static str, &'static str, bool)>,
}

/// The terms of one class.
struct GroupView {
    name: String,
    hint: Option<&'static str>,
    open: bool,
    lead: Html,
    cells: Vec<CellView>,
}

#[derive(Template)]
#[template(path = "admin_terms.html")]
struct TermsView {
    s: Say,
    done: bool,
    source: String,
    classes: Vec<ClassView>,
    warn: Vec<(&'static str, String)>,
    open: bool,
    errors: Html,
    groups: Vec<GroupView>,
    fields: Html,
}

/// The form filled with terms.
fn filled(terms: &Terms) -> RawInput {
    let groups = terms.classes.iter().map(|(class, stages)| (format!("c.{class}"), stages));
    let mut raw = RawInput::default().set("source", &terms.source).set("source_en", &terms.source_en);
    for (group, stages) in groups.chain([("w".to_owned(), &terms.warn)]) {
        for (stage, term) in stages {
            let (id, (n, measure)) = (cell(&group, stage), written(*term));
            raw = raw.set(&format!("{id}.in"), measure).set(&id, n);
        }
    }
    raw
}

/// The groups of the form: what holds for all, each class, what is warned of, and a class to be added.
fn groups(s: Say, terms: &Terms, raw: &RawInput, errors: &[FieldError]) -> Vec<GroupView> {
    let fields = |field| ui::field(&FieldView { field, prefix: "", raw, errors, options: &[], lang: s.lang });
    let all = terms.classes.get(ALL);
    let group = |id: &str, name: String, hint: Option<Text>, lead: Html, of_all: bool| {
        let cells = stages(terms).into_iter().map(|stage| {
            let id = cell(id, stage);
            let chosen = raw.get(&format!("{id}.in"));
            let otherwise = all.filter(|_| of_all).and_then(|stages| stages.get(stage)).copied();
            CellView {
                label: s.t(view::stage(stage)),
                hint: otherwise.map(|term| s.t1(t::A_AS_ALL, "term", term_text(term, s.lang))),
                error: errors.iter().find(|e| e.field == id).map(|e| e.msg.in_(s.lang)),
                typed: raw.get(&id).unwrap_or_default().to_owned(),
                measures: MEASURES.iter().map(|m| (m.code, s.t(m.label), chosen == Some(m.code))).collect(),
                id,
            }
        });
        let cells: Vec<CellView> = cells.collect();
        let open = cells.iter().any(|c| c.error.is_some()) || (lead.as_str().contains("has-error"));
        GroupView { name, hint: hint.map(|h| s.t(h)), open, lead, cells }
    };
    let mut groups: Vec<GroupView> = terms
        .classes
        .keys()
        .map(|class| group(&format!("c.{class}"), class_text(class, s.lang), None, Html::empty(), class != ALL))
        .collect();
    if let Some(first) = groups.first_mut() {
        first.open = true;
    }
    groups.push(group("w", s.t(t::A_WARN).to_owned(), Some(t::A_WARN_HINT), Html::empty(), false));
    groups.push(group("n", s.t(t::A_NEW_CLASS).to_owned(), None, fields(&NEW_CLASS), true));
    groups
}

fn terms_page(cx: &mut Cx<'_, '_>, done: bool, again: Option<&Again>) -> Result<PageBody> {
    keep_root(cx)?;
    let s = Say::of(cx);
    let terms = linli_matters::terms(cx)?;
    let raw = again.map_or_else(|| filled(&terms), |a| a.raw.clone());
    let errors = again.map_or(&[][..], |a| &a.errors);
    let field = |field| ui::field(&FieldView { field, prefix: "", raw: &raw, errors, options: &[], lang: s.lang });
    let said = |of: &BTreeMap<String, Term>| -> Vec<(&'static str, String)> {
        let of = stages(&terms).into_iter().filter_map(|stage| Some((stage, of.get(stage)?)));
        of.map(|(stage, term)| (s.t(view::stage(stage)), term_text(*term, s.lang))).collect()
    };
    let view = TermsView {
        s,
        done,
        source: terms.source_in(s.lang).to_owned(),
        classes: terms
            .classes
            .iter()
            .map(|(class, stages)| ClassView { class: class_text(class, s.lang), stages: said(stages) })
            .collect(),
        warn: said(&terms.warn),
        open: again.is_some(),
        errors: ui::errors(errors, s.lang),
        groups: groups(s, &terms, &raw, errors),
        fields: Html::join([field(&SOURCE), field(&SOURCE_EN), field(&FROM)]),
    };
    Ok(PageBody::new(s.t(t::P_TERMS), Html::of(&view)?).desk())
}

pub(super) async fn show(State(app): State<App>, req: Req) -> Response {
    let done = req.q("done").is_some();
    app.page(&req, move |cx| terms_page(cx, done, None)).await
}

pub(super) async fn change(State(app): State<App>, req: Req) -> Response {
    let act = |cx: &mut Cx<'_, '_>, given: &RawInput| {
        let (old, used) = (linli_matters::terms(cx)?, used_classes(cx)?);
        let new = read_form(given, &old, &used, cx.actor.lang)?;
        linli_matters::set_terms(cx, from_day(given, "from", cx.now)?, &new)
    };
    posted(app, req, act, |cx, again| terms_page(cx, false, Some(again))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        let text = r#"{"classes": {"*": {"sign": {"working_hours": 7200000}}, "ordinary": {"answer": {"working_days": 5}}, "urgent": {"sign": {"wall_clock": 1800000}, "answer": {"wall_clock": 86400000}}},
            "warn": {"sign": {"working_hours": 1800000}}, "source": "x"}"#;
        serde_json::from_str(text).unwrap()
    }

    fn told(raw: &RawInput) -> Vec<(String, Text)> {
        match read_form(raw, &terms(), &["ordinary".into()], Lang::En) {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|e| (e.field, e.msg.text)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn english_goes_with_the_source_it_is_of() {
        let old = Terms { source_en: "x in English".into(), ..terms() };
        let read = |raw: RawInput| read_form(&raw, &old, &["ordinary".into()], Lang::En).unwrap();
        let read = |raw: RawInput| {
            let new = read(raw);
            (new.source_in(Lang::Zh).to_owned(), new.source_in(Lang::En).to_owned())
        };
        let both = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
        assert_eq!(read(filled(&old)), both("x", "x in English"));
        assert_eq!(read(filled(&old).set("source", "y")), both("y", "y"));
        assert_eq!(read(filled(&old).set("source", "y").set("source_en", "y!")), both("y", "y!"));
    }

    #[test]
    fn the_form_says_what_the_terms_are_and_reads_it_again() {
        let (old, raw) = (terms(), filled(&terms()));
        assert_eq!((raw.get("c.urgent.sign"), raw.get("c.urgent.sign.in")), (Some("30"), Some("wall_minutes")));
        assert_eq!((raw.get("c.*.sign"), raw.get("c.*.sign.in")), (Some("2"), Some("working_hours")));
        let again = read_form(&raw, &old, &[], Lang::Zh).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&old).unwrap());
        let more = raw.set("new_class", "long").set("n.answer", 30).set("n.answer.in", "working_days");
        let more = read_form(&more, &old, &[], Lang::Zh).unwrap();
        assert_eq!(more.term("long", "answer"), Some(Term::WorkingDays(30)));
        assert_eq!(more.term("long", "sign"), Some(Term::WorkingHours(2 * time::HOUR)));
    }

    #[test]
    fn what_is_wrong_is_told_at_its_field() {
        let raw = filled(&terms());
        let at = |field: &str, text: Text| vec![(field.to_owned(), text)];
        assert_eq!(told(&raw.clone().set("c.ordinary.answer", "")), at("c.ordinary.answer", t::A_E_STAGE));
        assert_eq!(told(&raw.clone().set("c.*.sign", "")), at("c.*.sign", t::A_E_STAGE));
        assert_eq!(told(&raw.clone().set("c.*.sign", "0")), at("c.*.sign", linli_core::t::OUT_OF_RANGE));
        assert_eq!(told(&raw.clone().set("w.sign", "soon")), at("w.sign", linli_core::t::NOT_A_NUMBER));
        assert_eq!(told(&raw.clone().set("w.sign.in", "moons")), at("w.sign", linli_core::t::NOT_A_CHOICE));
        assert_eq!(told(&raw.clone().set("source", " ")), at("source", t::A_E_SOURCE));
        for code in ["ordinary", "不行"] {
            assert_eq!(told(&raw.clone().set("new_class", code)), at("new_class", t::A_E_NEW_CLASS));
        }
        assert_eq!(
            told(&raw.clone().set("n.sign", 3).set("n.sign.in", "wall_hours")),
            at("new_class", t::A_E_NEW_CLASS)
        );
        // Of a stage that a class has of its own the one for all may go.
        assert_eq!(told(&raw.set("c.*.sign", "").set("c.urgent.sign", "")).len(), 1);
    }

    #[test]
    fn new_terms_must_know_whatever_the_old_ones_did() {
        let told = |change: &dyn Fn(&mut Terms)| {
            let mut new = terms();
            change(&mut new);
            let errors = faults(&new, &terms(), &["ordinary".into()], Lang::En);
            errors.into_iter().map(|e| (e.field, e.msg.text)).collect::<Vec<_>>()
        };
        assert_eq!(told(&|_| {}), []);
        assert_eq!(
            told(&|n| drop(n.classes.remove("ordinary"))),
            [("c.ordinary".into(), t::A_E_CLASS), ("c.ordinary.answer".into(), t::A_E_STAGE)]
        );
        let zero = |n: &mut Terms| n.warn = BTreeMap::from([("sign".into(), Term::WorkingDays(0))]);
        assert_eq!(told(&zero), [("w.sign".into(), t::A_E_POSITIVE)]);
    }
}
