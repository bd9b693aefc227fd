//! Signing in, and who acts.
use crate::{LOGINS, places, rules, store, t, unit_seat, units};
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use linli_core::{
    Actor, BlindIndex, Cx, Error, Home, Lang, Millis, PersonId, Personal, PlaceId, Post, PostId, Result, Role, Sealed,
    Seat, UnitId, Via, time,
};
use std::fmt::Write;
use uuid::Uuid;

/// What a typed login leads to.
#[derive(Debug, Clone)]
pub struct LoginRow {
    /// Whose it is.
    pub person: PersonId,
    /// The stored hash, for [`check_password`].
    pub hash: String,
    /// Whether too many failures keep it locked now.
    pub locked: bool,
}

linli_db::row! {
/// An open session or token of one's own.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its id, for [`revoke_token`].
    pub id: Uuid,
    /// `page` or `api`.
    pub kind: String,
    /// What its owner calls it; for pages the browser.
    pub label: String,
    /// Last used (pages) or made (tokens).
    pub seen: Millis,
    /// Ends.
    pub until: Millis,
}
}

fn blind_login(cx: &Cx<'_, '_>, typed: &str) -> BlindIndex {
    // The same telephone number is the same login however it is written.
    let normal = rules::phone_digits(typed).unwrap_or_else(|| typed.trim().to_lowercase());
    cx.blind("logins.login", &normal)
}

/// Finds a login. For an unknown one, still run [`check_password`] with an empty hash, so that it takes as long.
pub fn find_login(cx: &mut Cx<'_, '_>, typed: &str) -> Result<Option<LoginRow>> {
    let login = blind_login(cx, typed);
    let row = store::login(cx.tx, &login)?;
    Ok(row.map(|r| LoginRow {
        person: r.person,
        hash: r.hash,
        locked: r.locked_until.is_some_and(|until| until > cx.now),
    }))
}

/// Argon2id (RFC 9106) with 19 MiB, two passes, one lane: slow on purpose, so outside any transaction. The result is a PHC
/// string; empty, which no password fits, if the password is longer than Argon2 takes.
pub fn hash_password(typed: &str, salt: [u8; 16]) -> String {
    Argon2::default().hash_password_with_salt(typed.as_bytes(), &salt).map(|h| h.to_string()).unwrap_or_default()
}

/// Whether a password fits a hash; slow on purpose, also for a hash that nothing fits.
pub fn check_password(hash: &str, typed: &str) -> bool {
    match PasswordHash::new(hash) {
        Ok(hash) => Argon2::default().verify_password(typed.as_bytes(), &hash).is_ok(),
        Err(_) => {
            hash_password(typed, [0; 16]);
            false
        }
    }
}

/// Counts a failed attempt; from the fifth in a row the login rests, longer each time ([`rules::locked_until`]).
pub fn note_failed(cx: &mut Cx<'_, '_>, typed: &str) -> Result<()> {
    let login = blind_login(cx, typed);
    let Some(row) = store::login(cx.tx, &login)? else { return Ok(()) };
    let failed = row.failed + 1;
    store::set_failed(cx.tx, row.id, failed, rules::locked_until(failed, cx.now))
}

/// How long a page session lasts without use, and an API token in all, in days: setting `registry.session_days`.
#[derive(serde::Serialize, serde::Deserialize)]
struct SessionDays {
    page: i64,
    api: i64,
}

fn session_days(cx: &mut Cx<'_, '_>, kind: Via) -> Result<i64> {
    let days = cx.setting("registry.session_days", SessionDays { page: 30, api: 365 })?;
    Ok(if kind == Via::Api { days.api } else { days.page })
}

fn kind_code(kind: Via) -> &'static str {
    if kind == Via::Api { "api" } else { "page" }
}

/// Opens a session for somebody whose password has been checked; gives the token, which is stored only as a digest.
pub fn open_session(cx: &mut Cx<'_, '_>, person: PersonId, kind: Via, label: &str) -> Result<String> {
    let days = session_days(cx, kind)?;
    open_for(cx, person, kind, label, days)
}

fn open_for(cx: &mut Cx<'_, '_>, person: PersonId, kind: Via, label: &str, days: i64) -> Result<String> {
    store::forget_failures(cx.tx, person)?;
    let mut token = if kind == Via::Api { "linli_".to_owned() } else { String::new() };
    for byte in cx.random::<32>() {
        let _ = write!(token, "{byte:02x}");
    }
    let session = store::SessionNew {
        digest: cx.token_digest(&token),
        id: cx.id(),
        person,
        kind: kind_code(kind).to_owned(),
        label: label.chars().filter(|c| !c.is_control()).take(80).collect(),
        created: cx.now,
        until: cx.now + days * time::DAY,
    };
    store::put_session(cx.tx, &session)?;
    Ok(token)
}

/// Lets a page session last on from now; called by writes, never by a GET.
pub fn touch_session(cx: &mut Cx<'_, '_>, token: &str) -> Result<()> {
    let until = cx.now + session_days(cx, Via::Page)? * time::DAY;
    let digest = cx.token_digest(token);
    store::see_session(cx.tx, &digest, cx.now, until)?;
    Ok(())
}

/// Signs out.
pub fn close_session(cx: &mut Cx<'_, '_>, token: &str) -> Result<()> {
    let digest = cx.token_digest(token);
    store::close_session(cx.tx, &digest)?;
    Ok(())
}

/// A token for programs that act as oneself, shown once.
pub fn create_token(cx: &mut Cx<'_, '_>, label: &str) -> Result<String> {
    let person = cx.actor.person.ok_or(Error::SignIn)?;
    rules::Check::default().that(rules::name(label), "label", t::BAD_NAME).done()?;
    open_session(cx, person, Via::Api, label)
}

/// The token of a demo account: it must still hold when the year that the demo lives is over.
pub fn create_demo_token(cx: &mut Cx<'_, '_>) -> Result<String> {
    let person = cx.actor.person.ok_or(Error::SignIn)?;
    open_for(cx, person, Via::Api, "demo", 3650)
}

/// One's own open sessions and tokens, newest first.
pub fn tokens(cx: &mut Cx<'_, '_>) -> Result<Vec<SessionRow>> {
    let person = cx.actor.person.ok_or(Error::SignIn)?;
    store::sessions(cx.tx, person, cx.now)
}

/// Ends one of one's own sessions or tokens.
pub fn revoke_token(cx: &mut Cx<'_, '_>, id: Uuid) -> Result<()> {
    let person = cx.actor.person.ok_or(Error::SignIn)?;
    if store::revoke_session(cx.tx, person, id)? == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Who acts under an open session or token: one statement, which also tells whether the units kept in memory still stand.
pub fn actor_by_token(cx: &mut Cx<'_, '_>, token: &str, kind: Via) -> Result<Option<Actor>> {
    let digest = cx.token_digest(token);
    let rows = store::by_session(cx.tx, &digest, kind_code(kind), cx.now)?;
    cx.know_versions(rows.iter().filter(|r| r.part == "version").filter_map(|r| Some((r.word.clone(), r.n?))));
    let who = rows.iter().find_map(|r| Some((PersonId::from(r.id?), r.name.as_ref()?, r.word.as_str())));
    let Some((person, name, lang)) = who else { return Ok(None) };
    let posts = rows.iter().filter(|r| r.part == "post").filter_map(|r| Some((r.id?.into(), r.unit?, r.word.clone())));
    let homes = rows.iter().filter(|r| r.part == "home").filter_map(|r| {
        let tenure = r.word.clone();
        Some(Dwells { dwelling: r.id?.into(), committee: r.unit?, within: [r.estate, r.micro_grid, r.grp], tenure })
    });
    let lang = Lang::parse(lang).unwrap_or_default();
    actor(cx, person, name, (posts.collect(), homes.collect()), kind, lang).map(Some)
}

/// A person as an actor.
pub fn actor_of(cx: &mut Cx<'_, '_>, person: PersonId, via: Via, lang: Lang) -> Result<Actor> {
    let row = store::person(cx.tx, person)?.ok_or(Error::NotFound)?;
    let posts = store::posts(cx.tx, person, cx.now)?;
    let homes = store::homes(cx.tx, person)?.into_iter().map(|h| Dwells {
        dwelling: h.dwelling,
        committee: h.committee,
        within: [h.estate, h.micro_grid, h.grp],
        tenure: h.tenure,
    });
    actor(cx, person, &row.name, (posts, homes.collect()), via, lang)
}

struct Dwells {
    dwelling: PlaceId,
    committee: UnitId,
    within: [Option<UnitId>; 3],
    tenure: String,
}

fn actor(
    cx: &mut Cx<'_, '_>,
    person: PersonId,
    name: &Sealed,
    (posts, homes): (Vec<(PostId, UnitId, String)>, Vec<Dwells>),
    via: Via,
    lang: Lang,
) -> Result<Actor> {
    let units = units(cx)?;
    let posts = posts.into_iter().filter_map(|(id, unit, role)| {
        let live = units.get(unit).filter(|u| u.live())?;
        Some(Post { id, unit, path: live.path.clone(), role: Role::parse(&role)? })
    });
    let homes = homes.into_iter().map(|h| Home {
        dwelling: h.dwelling,
        committee: h.committee,
        within: places::within(&units, h.committee, h.within),
        tenure: h.tenure,
    });
    let (posts, homes) = (posts.collect(), homes.collect());
    let name = cx.open("people.name", name)?.reveal().clone();
    Ok(Actor { person: Some(person), name, posts, homes, via, lang, system: false, root: Some(units.root()) })
}

/// Makes a login for somebody registered within a unit, with a hash from [`hash_password`]. Anybody who registers people
/// there may make one for a resident; only an administrator for somebody with a post.
pub fn create_login(cx: &mut Cx<'_, '_>, person: PersonId, login: &str, hash: &str) -> Result<()> {
    may_set_password(cx, person)?;
    let length = login.trim().chars().count();
    rules::Check::default()
        .that((3..=40).contains(&length) && !login.chars().any(char::is_control), "login", t::BAD_LOGIN)
        .that(!hash.is_empty(), "password", t::BAD_PASSWORD)
        .done()?;
    let index = blind_login(cx, login);
    let sealed = cx.seal("logins.login", &Personal::new(login.trim().to_owned()))?;
    let id = cx.id();
    if store::put_login(cx.tx, id, person, (sealed, index), hash)? {
        Ok(())
    } else {
        Err(Error::field("login", t::LOGIN_TAKEN))
    }
}

/// Sets a new password for somebody else and ends all of the person's sessions. The person sees who did.
pub fn reset_password(cx: &mut Cx<'_, '_>, person: PersonId, hash: &str) -> Result<()> {
    let seat = may_set_password(cx, person)?;
    crate::people::record(cx, &seat, person, "registry.reset_password")?;
    set_password(cx, person, hash)
}

/// Sets one’s own password, the old one having been checked, and ends all sessions and tokens.
pub fn change_password(cx: &mut Cx<'_, '_>, hash: &str) -> Result<()> {
    let person = cx.actor.person.ok_or(Error::SignIn)?;
    set_password(cx, person, hash)
}

fn set_password(cx: &mut Cx<'_, '_>, person: PersonId, hash: &str) -> Result<()> {
    rules::Check::default().that(!hash.is_empty(), "password", t::BAD_PASSWORD).done()?;
    if store::set_password(cx.tx, person, hash)? == 0 {
        return Err(Error::NotFound);
    }
    store::close_sessions(cx.tx, person)?;
    Ok(())
}

/// Whoever could set a password could act as its owner: so for every post of the person an administrator above it is
/// needed, and for a resident somebody who registers people in the committee: a post given to a resident of elsewhere opens
/// no way into that resident's record.
fn may_set_password(cx: &mut Cx<'_, '_>, person: PersonId) -> Result<Seat> {
    let mut seat = None;
    for (_, unit, _) in store::posts(cx.tx, person, cx.now)? {
        seat = Some(unit_seat(cx, LOGINS, unit)?);
    }
    let lives_here = !store::homes(cx.tx, person)?.is_empty();
    match seat {
        Some(seat) if !lives_here => Ok(seat),
        _ => crate::people::person_seat(cx, crate::PEOPLE, person),
    }
}
