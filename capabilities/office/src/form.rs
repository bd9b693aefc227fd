//! Forms that come back with their errors and with what was typed.
use crate::t;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use linli_core::{Cx, Error, Facts, Field, FieldError, RawInput, Result, Role, Text, UnitId};
use linli_registry::Units;
use linli_web::ui::{self, FieldView, Opt, Say};
use linli_web::{App, Html, PageBody, Req};

/// One small form of an administrator's page: what it asks, and in words what follows from it.
pub(crate) struct Form {
    /// Its name: the value of `act`.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) title: Text,
    /// What follows from it.
    pub(crate) says: Text,
    /// Its icon.
    pub(crate) icon: &'static str,
    /// What it asks.
    pub(crate) fields: &'static [Field],
    /// Whether it cannot be undone.
    pub(crate) danger: bool,
}

/// A form that was refused.
pub(crate) struct Again {
    /// Its name.
    pub(crate) name: String,
    /// What was typed.
    pub(crate) raw: RawInput,
    /// What is wrong.
    pub(crate) errors: Vec<FieldError>,
}

impl Again {
    /// The refused form, if it is this one.
    pub(crate) fn of<'a>(again: Option<&'a Again>, name: &str) -> Option<&'a Again> {
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

/// Fields in which a unit is named: where scripts run, they suggest.
const UNIT_FIELDS: [&str; 2] = ["parent", "into"];

#[derive(Template)]
#[template(source = r#"<div class="combo" data-suggest="/units/suggest">{{ field }}</div>"#, ext = "html")]
struct Combo {
    field: Html,
}

/// Fields of one form and the summary of its errors; an error at no field of the form is told at the first.
pub(crate) fn fields(
    lang: linli_core::Lang,
    name: &str,
    list: &[Field],
    raw: &RawInput,
    errors: &[FieldError],
    options: &dyn Fn(&str) -> Vec<Opt>,
) -> Result<(Html, Html)> {
    let prefix = format!("{name}-");
    let mut errors = errors.to_vec();
    for e in &mut errors {
        if let Some(first) = list.first().filter(|_| !list.iter().any(|f| f.name == e.field)) {
            e.field = first.name.into();
        }
    }
    let mut shown = Vec::new();
    for field in list {
        let options = options(field.name);
        let html = ui::field(&FieldView { field, prefix: &prefix, raw, errors: &errors, options: &options, lang });
        shown.push(if UNIT_FIELDS.contains(&field.name) { Html::of(&Combo { field: html })? } else { html });
    }
    let summary: Vec<FieldError> =
        errors.into_iter().map(|e| FieldError { field: format!("{prefix}{}", e.field), msg: e.msg }).collect();
    Ok((ui::errors(&summary, lang), Html::join(shown)))
}

/// Several forms that post to one address, each behind its title.
pub(crate) fn forms(
    s: Say,
    action: &str,
    hidden: &[(&'static str, String)],
    list: &[&Form],
    filled: &dyn Fn(&str) -> RawInput,
    again: Option<&Again>,
    options: &dyn Fn(&str) -> Vec<Opt>,
) -> Result<Html> {
    let mut views = Vec::new();
    for form in list {
        let again = Again::of(again, form.name);
        let raw = again.map_or_else(|| filled(form.name), |a| a.raw.clone());
        let errors = again.map_or(&[][..], |a| &a.errors);
        let (errors, fields) = fields(s.lang, form.name, form.fields, &raw, errors, options)?;
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
pub(crate) async fn come_back(
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
        Ok(PageBody { title: format!("{}{}", linli_web::t::ERROR_TITLE.in_(cx.actor.lang), body.title), ..body })
    })
    .await
}

/// Whoever is signed in.
pub(crate) fn signed_in(cx: &Cx<'_, '_>) -> Result<linli_core::PersonId> {
    cx.actor.person.ok_or(Error::SignIn)
}

/// Refuses whoever may not do an act of the registry upon a unit.
pub(crate) fn keep(cx: &mut Cx<'_, '_>, act: &str, unit: UnitId) -> Result<()> {
    let units = linli_registry::units(cx)?;
    units.get(unit).ok_or(Error::NotFound)?;
    let committee = units.committee_of(unit).unwrap_or(unit);
    let facts = Facts {
        owner_path: units.path(unit).to_vec(),
        place_path: units.path(committee).to_vec(),
        audience: Some(units.root()),
        ..Facts::default()
    };
    cx.may(act, linli_registry::VIEW, &facts).map(drop)
}

/// The unit an administrator's page is about: the one asked for, or where the administrator's post is.
pub(crate) fn admin_unit(cx: &mut Cx<'_, '_>, asked: Option<&str>) -> Result<UnitId> {
    signed_in(cx)?;
    let units = linli_registry::units(cx)?;
    match asked {
        Some(text) => find_unit(&units, text).ok_or(Error::NotFound),
        None => {
            cx.actor.posts.iter().find(|p| p.role == Role::Admin).map(|p| p.unit).ok_or(Error::forbidden(t::X_NO_ADMIN))
        }
    }
}

/// A unit as it is written in a field: by id, by code, as `name（code）`, or by its name where only one in force has it.
pub(crate) fn find_unit(units: &Units, text: &str) -> Option<UnitId> {
    let text = text.trim();
    if let Some(unit) = text.parse::<UnitId>().ok().and_then(|id| units.get(id)) {
        return Some(unit.id);
    }
    let inner = code_within(text);
    if let Some(unit) = units.by_code(inner.unwrap_or(text)) {
        return Some(unit.id);
    }
    let mut named = units.live().filter(|u| u.name == text || u.name_en.as_deref() == Some(text));
    match (named.next(), named.next()) {
        (Some(unit), None) => Some(unit.id),
        _ => None,
    }
}

/// The code at the end of `name（code）`, as suggestions write it.
fn code_within(text: &str) -> Option<&str> {
    text.strip_suffix('）')?.rsplit_once('（').map(|(_, code)| code)
}

/// A unit as suggestions write it.
pub(crate) fn unit_label(units: &Units, unit: &linli_registry::Unit, lang: linli_core::Lang) -> String {
    format!("{}（{}）", units.name(unit.id, lang), unit.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_unit_is_read_by_its_code() {
        assert_eq!(code_within("友谊路街道（310113-01）"), Some("310113-01"));
        assert_eq!(code_within("一居（筹）（A1）"), Some("A1"));
        assert_eq!(code_within("310113"), None);
    }
}
