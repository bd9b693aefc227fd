//! Terms: how long each stage may take.
use super::{from_day, keep_root, posted};
use crate::pages::{class_text, term_text};
use crate::{t, view};
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use linli_core::{Cx, Error, Field, FieldError, FieldKind, Input, Msg, RawInput, Result};
use linli_matters::Terms;
use linli_web::form::{Again, Helps, fields};
use linli_web::ui::Say;
use linli_web::{App, Html, PageBody, Req};

const TERMS: &[Field] = &[
    Field::required("terms", t::A_TERMS_JSON, FieldKind::Words { min: 2, max: 20_000 }).hint(t::A_TERMS_HINT),
    Field::new("from", t::A_FROM, FieldKind::Date).hint(t::A_FROM_HINT),
];

/// Reads new terms. Whatever the terms in force know must be known by the new ones too: a stage without a term would stop
/// every matter that reaches it.
fn read_terms(text: &str, old: &Terms, used: &[String]) -> Result<Terms> {
    let wrong = |msg: Msg| FieldError { field: "terms".into(), msg };
    let unread = |e: serde_json::Error| {
        let cause = t::A_E_JSON.with("line", e.line()).with("column", e.column()).with("cause", &e);
        Error::Invalid(vec![wrong(cause)])
    };
    let new: Terms = serde_json::from_str(text).map_err(unread)?;
    let mut errors = Vec::new();
    let terms = new
        .classes
        .iter()
        .flat_map(|(class, stages)| stages.iter().map(move |(stage, term)| (class.as_str(), stage, term)));
    for (class, stage, _) in
        terms.chain(new.warn.iter().map(|(stage, term)| ("warn", stage, term))).filter(|(.., term)| term.amount() <= 0)
    {
        errors.push(wrong(t::A_E_POSITIVE.with("class", class).with("stage", stage)));
    }
    let classes = old.classes.keys().chain(used).filter(|c| *c != "*");
    let stages: std::collections::BTreeSet<&String> = old.classes.values().flat_map(|stages| stages.keys()).collect();
    for class in classes.collect::<std::collections::BTreeSet<_>>() {
        if !new.classes.contains_key(class) {
            errors.push(wrong(t::A_E_CLASS.with("class", class)));
            continue;
        }
        for stage in stages.iter().filter(|s| old.term(class, s).is_some() && new.term(class, s).is_none()) {
            errors.push(wrong(t::A_E_STAGE.with("class", class).with("stage", stage)));
        }
    }
    if new.source.trim().is_empty() {
        errors.push(wrong(t::A_E_SOURCE.msg()));
    }
    if errors.is_empty() { Ok(new) } else { Err(Error::Invalid(errors)) }
}

/// The classes that categories in force use.
fn used_classes(cx: &mut Cx<'_, '_>) -> Result<Vec<String>> {
    Ok(crate::categories(cx)?.iter().map(|c| c.term_class.clone()).collect())
}

struct ClassView {
    class: String,
    stages: Vec<(&'static str, String)>,
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
    fields: Html,
}

fn terms_page(cx: &mut Cx<'_, '_>, done: bool, again: Option<&Again>) -> Result<PageBody> {
    keep_root(cx)?;
    let s = Say::of(cx);
    let terms = linli_matters::terms(cx)?;
    let text = serde_json::to_string_pretty(&*terms).map_err(Error::internal)?;
    let raw = again.map_or_else(|| RawInput::default().set("terms", text), |a| a.raw.clone());
    let (errors, fields) =
        fields(s.lang, "", TERMS, &raw, again.map_or(&[][..], |a| &a.errors), Helps::options(&|_| Vec::new()))?;
    let said = |stages: &std::collections::BTreeMap<String, work_calendar::Term>| -> Vec<(&'static str, String)> {
        stages.iter().map(|(stage, term)| (s.t(view::stage(stage)), term_text(*term, s.lang))).collect()
    };
    let view = TermsView {
        s,
        done,
        source: terms.source.clone(),
        classes: terms
            .classes
            .iter()
            .map(|(class, stages)| ClassView { class: class_text(class, s.lang), stages: said(stages) })
            .collect(),
        warn: said(&terms.warn),
        open: again.is_some(),
        errors,
        fields,
    };
    Ok(PageBody::new(s.t(t::P_TERMS), Html::of(&view)?).desk())
}

pub(super) async fn show(State(app): State<App>, req: Req) -> Response {
    let done = req.q("done").is_some();
    app.page(&req, move |cx| terms_page(cx, done, None)).await
}

pub(super) async fn change(State(app): State<App>, req: Req) -> Response {
    let act = |cx: &mut Cx<'_, '_>, given: &RawInput| {
        let input = Input::check(TERMS, given, false)?;
        let (old, used) = (linli_matters::terms(cx)?, used_classes(cx)?);
        let new = read_terms(input.words("terms"), &old, &used)?;
        linli_matters::set_terms(cx, from_day(given, "from", cx.now)?, &new)
    };
    posted(app, req, act, |cx, again| terms_page(cx, false, Some(again))).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_core::Text;
    use work_calendar::Term;

    fn terms() -> Terms {
        let text = r#"{"classes": {"*": {"sign": {"working_hours": 7200000}}, "ordinary": {"answer": {"working_days": 5}}}, "warn": {}, "source": "x"}"#;
        serde_json::from_str(text).unwrap()
    }

    fn told(text: &str) -> Vec<Text> {
        match read_terms(text, &terms(), &["ordinary".into()]) {
            Err(Error::Invalid(errors)) => errors.into_iter().map(|e| e.msg.text).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn new_terms_must_know_whatever_the_old_ones_did() {
        let new = r#"{"classes": {"*": {"sign": {"working_hours": 3600000}}, "ordinary": {"answer": {"working_days": 3}}}, "warn": {}, "source": "y"}"#;
        let read = read_terms(new, &terms(), &["ordinary".into()]).unwrap();
        assert_eq!(read.term("ordinary", "answer"), Some(Term::WorkingDays(3)));
        assert_eq!(told(&new.replace(r#""*": {"sign": {"working_hours": 3600000}}, "#, "")), [t::A_E_STAGE]);
        assert_eq!(told(&new.replace("ordinary", "other")), [t::A_E_CLASS]);
        assert_eq!(told(&new.replace("3600000", "0")), [t::A_E_POSITIVE]);
        assert_eq!(told(&new.replace("working_days", "days")), [t::A_E_JSON]);
        assert_eq!(told(&new.replace(r#""y""#, r#"" ""#)), [t::A_E_SOURCE]);
    }
}
