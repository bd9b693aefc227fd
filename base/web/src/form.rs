//! Forms that come back with their errors and with what was typed.
use crate::ui::{self, FieldView, Opt, Say};
use crate::{App, Html, PageBody, Req, t};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use linli_core::{Cx, Error, Field, FieldError, Lang, RawInput, Result, Text};

/// One small form of a page: what it asks, and in words what follows from it.
pub struct Form {
    /// Its name: the value of `act`.
    pub name: &'static str,
    /// What it does.
    pub title: Text,
    /// What follows from it.
    pub says: Text,
    /// Its icon.
    pub icon: &'static str,
    /// What it asks.
    pub fields: &'static [Field],
    /// Whether it cannot be undone.
    pub danger: bool,
}

/// A form that was refused.
#[derive(Default)]
pub struct Again {
    /// Its name; empty where a page has only one.
    pub name: String,
    /// What was typed.
    pub raw: RawInput,
    /// What is wrong.
    pub errors: Vec<FieldError>,
}

impl Again {
    /// The refused form, if it is this one.
    pub fn of<'a>(again: Option<&'a Again>, name: &str) -> Option<&'a Again> {
        again.filter(|a| a.name == name)
    }
}

struct FormView {
    name: &'static str,
    title: &'static str,
    says: &'static str,
    icon: &'static str,
    open: bool,
    danger: bool,
    errors: Html,
    fields: Html,
}

#[derive(Template)]
#[template(path = "forms.html")]
struct Forms<'a> {
    s: Say,
    action: &'a str,
    hidden: &'a [(&'static str, String)],
    forms: Vec<FormView>,
}

#[derive(Template)]
#[template(source = r#"<div class="combo" data-suggest="{{ href }}">{{ field }}</div>"#, ext = "html")]
struct Combo<'a> {
    href: &'a str,
    field: Html,
}

/// What helps to fill fields in: options to choose from, and where scripts run an address that suggests while one types.
#[derive(Clone, Copy)]
pub struct Helps<'a> {
    /// The options of a field by its name.
    pub options: &'a dyn Fn(&str) -> Vec<Opt>,
    /// The address that suggests for a field.
    pub suggest: fn(&str) -> Option<&'static str>,
}

impl<'a> Helps<'a> {
    /// Options alone.
    pub fn options(options: &'a dyn Fn(&str) -> Vec<Opt>) -> Helps<'a> {
        Helps { options, suggest: |_| None }
    }
}

/// The summary of a form's errors and its fields with what was typed; an error at no field is told at the first. `prefix`
/// keeps ids apart where a page has several forms.
pub fn fields(
    lang: Lang,
    prefix: &str,
    list: &[Field],
    raw: &RawInput,
    errors: &[FieldError],
    helps: Helps<'_>,
) -> Result<(Html, Html)> {
    let mut errors = errors.to_vec();
    for e in &mut errors {
        if let Some(first) = list.first().filter(|_| !list.iter().any(|f| f.name == e.field)) {
            e.field = first.name.into();
        }
    }
    let mut shown = Vec::new();
    for field in list {
        let options = (helps.options)(field.name);
        let html = ui::field(&FieldView { field, prefix, raw, errors: &errors, options: &options, lang });
        shown.push(match (helps.suggest)(field.name) {
            Some(href) => Html::of(&Combo { href, field: html })?,
            None => html,
        });
    }
    let summary: Vec<FieldError> =
        errors.into_iter().map(|e| FieldError { field: format!("{prefix}{}", e.field), msg: e.msg }).collect();
    Ok((ui::errors(&summary, lang), Html::join(shown)))
}

/// Several forms that post to one address, each behind its title.
pub fn forms(
    s: Say,
    action: &str,
    hidden: &[(&'static str, String)],
    list: &[&Form],
    filled: &dyn Fn(&str) -> RawInput,
    again: Option<&Again>,
    helps: Helps<'_>,
) -> Result<Html> {
    let mut views = Vec::new();
    for form in list {
        let again = Again::of(again, form.name);
        let raw = again.map_or_else(|| filled(form.name), |a| a.raw.clone());
        let errors = again.map_or(&[][..], |a| &a.errors);
        let (errors, fields) = fields(s.lang, &format!("{}-", form.name), form.fields, &raw, errors, helps)?;
        views.push(FormView {
            name: form.name,
            title: s.t(form.title),
            says: s.t(form.says),
            icon: form.icon,
            open: again.is_some(),
            danger: form.danger,
            errors,
            fields,
        });
    }
    Html::of(&Forms { s, action, hidden, forms: views })
}

/// Shows the page again with what was wrong; what is no matter of the form is refused as a whole.
pub async fn come_back(
    app: &App,
    req: &Req,
    e: Error,
    name: &str,
    raw: RawInput,
    page: impl FnOnce(&mut Cx<'_, '_>, &Again) -> Result<PageBody> + Send + 'static,
) -> Response {
    let status = StatusCode::from_u16(e.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let errors = match e {
        Error::Invalid(errors) => errors,
        Error::Conflict(msg) => vec![FieldError { field: String::new(), msg }],
        other => return app.refuse(req, other).await,
    };
    let again = Again { name: name.to_owned(), raw, errors };
    app.framed(req, status, move |cx| {
        let body = page(cx, &again)?;
        Ok(PageBody { title: format!("{}{}", t::ERROR_TITLE.in_(cx.actor.lang), body.title), ..body })
    })
    .await
}
