//! Who acts for a unit: appointing, ending, duty, logins.
use crate::asked::{admin_unit, helps, keep};
use crate::session::hashing;
use crate::t;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use linli_core::{
    Choice, Cx, Error, Field, FieldKind, Input, PersonId, Personal, PostId, RawInput, Result, Role, UnitId,
};
use linli_registry::{LOGINS, NewPerson, POSTS};
use linli_web::form::{self, Again, Form, come_back};
use linli_web::ui::{Opt, Say};
use linli_web::{App, Html, PageBody, Req};

/// The routes.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/admin/posts", get(admin).post(act))
}

const fn role(code: &'static str, label: linli_core::Text) -> Choice {
    Choice { code, label }
}
const ROLES: &[Choice] = &[
    role("worker", linli_core::t::ROLE_WORKER),
    role("head", linli_core::t::ROLE_HEAD),
    role("group_leader", linli_core::t::ROLE_GROUP_LEADER),
    role("handler", linli_core::t::ROLE_HANDLER),
    role("dispatcher", linli_core::t::ROLE_DISPATCHER),
    role("supervisor", linli_core::t::ROLE_SUPERVISOR),
    role("admin", linli_core::t::ROLE_ADMIN),
];
const LOGIN_FIELD: Field = Field::new("login", t::L_LOGIN, FieldKind::Line { max: 40 }).hint(t::P_LOGIN_HINT);
const PHONE_FIELD: Field = Field::new("phone", t::M_PHONE, FieldKind::Line { max: 40 }).hint(t::P_PHONE_HINT);
const NAME_FIELD: Field = Field::new("name", t::P_NAME, FieldKind::Line { max: 80 }).hint(t::P_NAME_HINT);
const ROLE_FIELD: Field = Field::required("role", t::P_ROLE, FieldKind::Choice(ROLES));
const DUTY_FIELD: Field = Field::new("duty", t::P_DUTY, FieldKind::Yes);
const UNTIL_FIELD: Field = Field::new("until", t::P_UNTIL, FieldKind::Date);
const PERSON_FIELD: Field = Field::required("person", t::P_PERSON, FieldKind::Category);

/// Appoints by login, by telephone, or somebody new.
pub(crate) const APPOINT: Form = Form {
    name: "appoint",
    title: t::P_APPOINT,
    says: t::P_APPOINT_SAYS,
    icon: "plus",
    fields: &[LOGIN_FIELD, PHONE_FIELD, NAME_FIELD, ROLE_FIELD, DUTY_FIELD, UNTIL_FIELD],
    danger: false,
};
/// The same when several people share the telephone.
const CHOOSE: Form = Form {
    fields: &[PERSON_FIELD, LOGIN_FIELD, PHONE_FIELD, NAME_FIELD, ROLE_FIELD, DUTY_FIELD, UNTIL_FIELD],
    ..APPOINT
};
const LOGIN: Form = Form {
    name: "login",
    title: t::P_LOGIN,
    says: t::P_LOGIN_SAYS,
    icon: "key",
    fields: &[PERSON_FIELD, Field::required("login", t::L_LOGIN, FieldKind::Line { max: 40 })],
    danger: false,
};
const RESET: Form = Form {
    name: "reset",
    title: t::P_RESET,
    says: t::P_RESET_SAYS,
    icon: "redo",
    fields: &[PERSON_FIELD],
    danger: true,
};

fn person(input: &RawInput) -> Result<PersonId> {
    input.get("person").and_then(|p| p.parse().ok()).ok_or(Error::field("person", linli_core::t::NOT_AN_ID))
}

/// People registered under the telephone in the unit's committee; elsewhere nobody is looked up by telephone.
fn by_phone(cx: &mut Cx<'_, '_>, unit: UnitId, phone: &str) -> Result<Vec<PersonId>> {
    match linli_registry::units(cx)?.committee_of(unit) {
        Some(committee) => linli_registry::find_person(cx, committee, &Personal::new(phone.to_owned())),
        None => Ok(Vec::new()),
    }
}

/// Whom to appoint. Nobody is asked for twice: who is registered under name and telephone is not registered again.
fn whom(cx: &mut Cx<'_, '_>, unit: UnitId, input: &Input, raw: &RawInput) -> Result<PersonId> {
    if let Some(login) = input.text("login") {
        let found = linli_registry::find_login(cx, login)?;
        return found.map(|f| f.person).ok_or(Error::field("login", t::P_NO_LOGIN));
    }
    let known = match input.text("phone") {
        Some(phone) => by_phone(cx, unit, phone)?,
        None => Vec::new(),
    };
    if let Some(name) = input.text("name") {
        let names = linli_registry::people_names(cx, &known)?;
        if let Some(same) = known.iter().find(|p| names.get(p).is_some_and(|n| n.reveal() == name)) {
            return Ok(*same);
        }
        let phone = input.text("phone").map(|p| Personal::new(p.to_owned()));
        let new = NewPerson { name: Personal::new(name.to_owned()), phone, id_number: None, lang: cx.actor.lang };
        return linli_registry::create_person(cx, unit, &new);
    }
    match (input.text("phone"), &known[..]) {
        (None, _) => Err(Error::field("login", t::P_WHO)),
        (Some(_), []) => Err(Error::field("phone", t::P_NOBODY)),
        (Some(_), [one]) => Ok(*one),
        (Some(_), several) => {
            person(raw).ok().filter(|p| several.contains(p)).ok_or(Error::field("person", t::P_SEVERAL))
        }
    }
}

/// Appoints somebody at a unit.
pub(crate) fn appoint(cx: &mut Cx<'_, '_>, unit: UnitId, raw: &RawInput, strict: bool) -> Result<PostId> {
    keep(cx, POSTS, unit)?;
    let input = Input::check(APPOINT.fields, raw, strict)?;
    let role = Role::parse(input.words("role")).ok_or(Error::field("role", linli_core::t::NOT_A_CHOICE))?;
    let person = whom(cx, unit, &input, raw)?;
    linli_registry::appoint(cx, person, unit, role, input.yes("duty"), input.until("until"))
}

/// A password to be given to somebody once: 12 of 31 letters and digits that are not mistaken for each other, over 59 bits.
fn first_password(random: [u8; 12]) -> String {
    const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
    let mut out = String::new();
    for (i, byte) in random.into_iter().enumerate() {
        if i > 0 && i % 4 == 0 {
            out.push('-');
        }
        out.extend(LETTERS.get(usize::from(byte) % LETTERS.len()).map(|b| char::from(*b)));
    }
    out
}

struct Line {
    post: String,
    name: String,
    role: &'static str,
    duty: bool,
    until: Option<String>,
}

#[derive(Template)]
#[template(path = "posts.html")]
struct View {
    s: Say,
    done: bool,
    unit: String,
    name: String,
    below: Vec<(String, String)>,
    first: Option<(String, String)>,
    lines: Vec<Line>,
    forms: Html,
}

/// `first`: a name and the password to be handed over, shown on this one page.
fn page(
    cx: &mut Cx<'_, '_>,
    asked: Option<&str>,
    done: bool,
    first: Option<(String, String)>,
    again: Option<&Again>,
) -> Result<PageBody> {
    let unit = admin_unit(cx, asked)?;
    keep(cx, POSTS, unit)?;
    let s = Say::of(cx);
    let units = linli_registry::units(cx)?;
    let staff = linli_registry::staff_list(cx, unit)?;
    let mut candidates = Vec::new();
    if let Some(phone) = Again::of(again, "appoint")
        .filter(|a| a.raw.get("login").is_none() && a.raw.get("name").is_none())
        .and_then(|a| a.raw.get("phone"))
        && let Ok(found) = by_phone(cx, unit, phone)
        && found.len() > 1
    {
        let names = linli_registry::people_names(cx, &found)?;
        candidates = found
            .iter()
            .map(|p| Opt { value: p.to_string(), label: names.get(p).map(|n| n.reveal().clone()).unwrap_or_default() })
            .collect();
    }
    let several = !candidates.is_empty();
    let mut colleagues: Vec<Opt> = staff
        .iter()
        .map(|l| Opt { value: l.person.to_string(), label: s.lang.with_remark(l.name.reveal(), s.t(l.role.text())) })
        .collect();
    colleagues.dedup_by(|a, b| a.value == b.value);
    let empty = |_: &str| RawInput::default();
    let hidden = [("unit", unit.to_string())];
    let people = |field: &str| if field == "person" { colleagues.clone() } else { Vec::new() };
    let choices = |field: &str| if field == "person" { candidates.clone() } else { Vec::new() };
    let forms = [
        form::forms(
            s,
            "/admin/posts",
            &hidden,
            &[if several { &CHOOSE } else { &APPOINT }],
            &empty,
            again,
            helps(&choices),
        )?,
        form::forms(
            s,
            "/admin/posts",
            &hidden,
            if colleagues.is_empty() { &[] } else { &[&LOGIN, &RESET] },
            &empty,
            again,
            helps(&people),
        )?,
    ];
    let view = View {
        s,
        done,
        unit: unit.to_string(),
        name: units.name(unit, s.lang).to_owned(),
        below: units
            .children(unit)
            .take(100)
            .map(|u| (format!("/admin/posts?unit={}", u.id), units.name(u.id, s.lang).to_owned()))
            .collect(),
        first,
        lines: staff
            .iter()
            .map(|l| Line {
                post: l.post.to_string(),
                name: l.name.reveal().clone(),
                role: s.t(l.role.text()),
                duty: l.duty,
                until: l.until.map(|u| s.date(u)),
            })
            .collect(),
        forms: Html::join(forms),
    };
    let title = format!("{} · {}", view.name, s.t(t::P_TITLE));
    Ok(PageBody::new(title, Html::of(&view)?).desk())
}

async fn admin(State(app): State<App>, req: Req) -> Response {
    let (unit, done) = (req.q("unit").map(str::to_owned), req.q("done").is_some());
    app.page(&req, move |cx| page(cx, unit.as_deref(), done, None, None)).await
}

async fn act(State(app): State<App>, mut req: Req) -> Response {
    let raw = match req.form(&app).await {
        Ok(raw) => raw,
        Err(e) => return app.refuse(&req, e).await,
    };
    let (act, unit) = (raw.get("act").unwrap_or_default().to_owned(), raw.get("unit").unwrap_or_default().to_owned());
    let done = match act.as_str() {
        "login" | "reset" => return logins(app, req, act, unit, raw).await,
        "appoint" => {
            let (given, asked) = (raw.clone(), unit.clone());
            let write = move |cx: &mut Cx<'_, '_>| {
                let unit = admin_unit(cx, Some(&asked))?;
                appoint(cx, unit, &given, false).map(drop)
            };
            app.write(&req, write).await
        }
        "duty" | "end" => {
            let Some(post) = raw.get("post").and_then(|p| p.parse::<PostId>().ok()) else {
                return app.refuse(&req, Error::NotFound).await;
            };
            let (end, duty) = (act == "end", raw.get("duty").is_some());
            app.write(&req, move |cx| {
                if end { linli_registry::end_post(cx, post) } else { linli_registry::set_duty(cx, post, duty) }
            })
            .await
        }
        _ => Err(Error::NotFound),
    };
    match done {
        Ok(()) => Redirect::to(&format!("/admin/posts?unit={}&done=1", linli_web::encode(&unit))).into_response(),
        Err(e) => {
            come_back(&app, &req, e, &act, raw, move |cx, again| page(cx, Some(&unit), false, None, Some(again))).await
        }
    }
}

/// Makes a login or a new password: the program chooses the password, and this one page shows it.
async fn logins(app: App, req: Req, act: String, unit: String, raw: RawInput) -> Response {
    let made = async {
        let form = if act == "login" { &LOGIN } else { &RESET };
        let input = Input::check(form.fields, &raw, false)?;
        let (login, person) = (input.text("login").map(str::to_owned), person(&raw)?);
        let asked = unit.clone();
        let (random, salt) = app
            .read(&req, move |cx| {
                // Nobody makes the program hash passwords without the right to set them.
                let unit = admin_unit(cx, Some(&asked))?;
                keep(cx, LOGINS, unit)?;
                Ok((cx.random::<12>(), cx.random::<16>()))
            })
            .await?;
        let password = first_password(random);
        let typed = password.clone();
        let hash = hashing(move || linli_registry::hash_password(&typed, salt)).await?;
        let name = app
            .write(&req, move |cx| {
                match &login {
                    Some(login) => linli_registry::create_login(cx, person, login, &hash)?,
                    None => linli_registry::reset_password(cx, person, &hash)?,
                }
                Ok(linli_registry::people_names(cx, &[person])?
                    .remove(&person)
                    .map(|n| n.reveal().clone())
                    .unwrap_or_default())
            })
            .await?;
        Ok((name, password))
    }
    .await;
    match made {
        Ok(first) => app.page(&req, move |cx| page(cx, Some(&unit), false, Some(first), None)).await,
        // Nobody has a login yet whose password could be reset.
        Err(Error::NotFound) if act == "reset" => {
            let e = Error::field("person", t::P_HAS_NO_LOGIN);
            come_back(&app, &req, e, &act, raw, move |cx, again| page(cx, Some(&unit), false, None, Some(again))).await
        }
        Err(e) => {
            come_back(&app, &req, e, &act, raw, move |cx, again| page(cx, Some(&unit), false, None, Some(again))).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_password_will_do_and_can_be_read_out() {
        let password = first_password([0, 1, 30, 31, 255, 7, 99, 200, 4, 5, 6, 7]);
        assert_eq!(password.len(), 14);
        assert!(linli_registry::rules::password_will_do(&password), "{password}");
        assert!(!password.contains(['0', 'o', '1', 'l', 'i']));
    }

    #[test]
    fn every_role_that_a_post_can_have_is_offered() {
        let posts = Role::ALL
            .into_iter()
            .filter(|r| linli_registry::Function::ALL.iter().any(|(f, _)| linli_registry::rules::role_fits(*r, *f)));
        assert!(posts.clone().all(|r| ROLES.iter().any(|c| c.code == r.code())) && posts.count() == ROLES.len());
    }
}
