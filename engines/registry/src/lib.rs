//! The registry: who is where, who may act for whom, since when.
//!
//! Units (two trees: places and organisations), places, people, households, posts, logins and the working calendar. Code
//! knows what a level *does* ([`Function`]); what a district calls its levels is data.
//!
//! Events, told in the same transaction:
//! * `registry.boundary` (subject: the unit that was left; data: [`Boundary`]): ancestors or the committee of places have
//!   changed, so whoever keeps ancestor columns rewrites them;
//! * `registry.calendar` (subject: the row; data `{"year": …}` or `{"hours": …}`): due times may move.
mod actor;
mod address;
mod admin;
mod calendar;
mod ids;
mod import;
mod kinds;
mod people;
mod places;
pub mod rules;
mod store;
mod units;

pub use actor::{
    LoginRow, SessionRow, actor_by_token, actor_of, change_password, check_password, close_session, create_demo_token,
    create_login, create_token, find_login, hash_password, note_failed, open_session, reset_password, revoke_token,
    tokens, touch_session,
};
pub use admin::{
    Boundary, NewUnit, Part, Renamed, appoint, change_boundary, change_parent, create_unit, create_units, end_post,
    end_service, merge_units, put_levels, rename_unit, retire_unit, serve, set_duty, set_unit_phone, split_unit,
};
pub use calendar::{CalendarDay, Work, calendar, publish_calendar, publish_calendar_file, publish_hours, work};
pub use ids::{HouseholdId, ResidentId};
pub use import::{ImportError, Mapping, Plan, Record, Report, import_register, parse_mapping, parse_register, plan};
pub use kinds::{KINDS, kind_code, kind_name};
pub use people::{
    Contact, HomeLine, HouseholdRow, ListRead, Member, NewPerson, Profile, Staff, StaffLine, Tenancy, Unmask,
    consented, contact, contact_seat, create_household, create_person, duty, end_consent, find_person, give_consent,
    households_of, households_scope, move_in, move_out, note_contact, note_list_read, own_profile, own_reads,
    people_names, set_person_phone, set_preferences, staff, staff_list,
};
pub use places::{
    NewPlace, Place, children_places, create_places, group_places, page_places, place, place_within, places,
    retire_place, search_places, within,
};
pub use units::{Found, Function, History, Level, Link, Span, Unit, Units};

use linli_core::{Cx, Error, Facts, Module, Relation, Result, Role, Rule, Seat, Tick, UnitId, time};
use std::sync::Arc;

linli_texts::texts!();

/// Acts on units: create, rename, split, merge, move, retire, telephone.
pub const UNITS: &str = "registry.units";
/// Acts on places.
pub const PLACES: &str = "registry.places";
/// Appoints and ends posts.
pub const POSTS: &str = "registry.posts";
/// Registers people, households, moves.
pub const PEOPLE: &str = "registry.people";
/// Makes logins and resets passwords of people with a post there.
pub const LOGINS: &str = "registry.logins";
/// Publishes calendars and hours.
pub const CALENDAR: &str = "registry.calendar";
/// Sees the households of an area, names and telephones included: the standing purpose of those who serve it.
pub const HOUSEHOLDS: &str = "registry.households";
/// Sees that somebody lives here.
pub const PERSON: &str = "registry.person";
/// Gives and withdraws consent.
pub const CONSENT: &str = "registry.consent";
/// Sees units, places and staff, which are public.
pub const VIEW: &str = "registry.view";

const fn rule(act: &'static str, role: Role, relation: Relation) -> Rule {
    Rule::new(act, role, relation)
}

/// The registry's rows of the policy. An administrator keeps units, posts and logins but reads no household list.
const POLICY: &[Rule] = &[
    rule(VIEW, Role::Anyone, Relation::Any),
    rule(VIEW, Role::System, Relation::Any),
    rule(UNITS, Role::Admin, Relation::Unit),
    rule(UNITS, Role::System, Relation::Any),
    rule(PLACES, Role::Admin, Relation::Unit),
    rule(PLACES, Role::Head, Relation::Place),
    rule(PLACES, Role::Worker, Relation::Place),
    rule(PLACES, Role::System, Relation::Any),
    rule(POSTS, Role::Admin, Relation::Unit),
    rule(POSTS, Role::System, Relation::Any),
    rule(PEOPLE, Role::Admin, Relation::Unit),
    rule(PEOPLE, Role::Head, Relation::Place),
    rule(PEOPLE, Role::Worker, Relation::Place),
    rule(PEOPLE, Role::System, Relation::Any),
    rule(LOGINS, Role::Admin, Relation::Unit),
    rule(LOGINS, Role::System, Relation::Any),
    rule(CALENDAR, Role::Admin, Relation::Unit),
    rule(CALENDAR, Role::System, Relation::Any),
    rule(HOUSEHOLDS, Role::Head, Relation::Place),
    rule(HOUSEHOLDS, Role::Worker, Relation::Place),
    rule(PERSON, Role::Head, Relation::Place),
    rule(PERSON, Role::Worker, Relation::Place),
    rule(PERSON, Role::Admin, Relation::Unit),
    rule(PERSON, Role::Resident, Relation::Reporter),
    rule(PERSON, Role::System, Relation::Any),
    rule(CONSENT, Role::Head, Relation::Place),
    rule(CONSENT, Role::Worker, Relation::Place),
    rule(CONSENT, Role::Resident, Relation::Reporter),
];

/// The registry itself.
pub const MODULE: Module = Module::named("registry").texts(TEXTS).policy(POLICY).ticks(&[
    Tick {
        name: "registry.forget_sessions",
        every: time::DAY,
        run: |cx| store::forget_sessions(cx.tx, cx.now - 30 * time::DAY).map(|_| false),
    },
    Tick { name: "registry.place_names", every: 10 * time::SECOND, run: places::name_places },
]);

/// The units as this transaction sees them.
pub fn units(cx: &mut Cx<'_, '_>) -> Result<Arc<Units>> {
    cx.cached("registry.units", |cx| {
        let (all, levels) = (store::all_units(cx.tx)?, store::all_levels(cx.tx)?);
        let (links, serves) = (store::all_links(cx.tx)?, store::all_serves(cx.tx)?);
        Units::build(all, levels, links, serves).map_err(Error::internal)
    })
}

/// What authority knows of a unit: it is acted upon, and it is (or lies in) a committee.
fn unit_facts(units: &Units, unit: UnitId) -> Facts {
    let committee = units.committee_of(unit).unwrap_or(unit);
    Facts {
        owner_path: units.path(unit).to_vec(),
        place_path: units.path(committee).to_vec(),
        audience: Some(units.root()),
        ..Facts::default()
    }
}

/// The seat for an act upon a unit. Units are public, so a refusal is 403.
fn unit_seat(cx: &mut Cx<'_, '_>, act: &'static str, unit: UnitId) -> Result<Seat> {
    let units = units(cx)?;
    units.get(unit).ok_or(Error::NotFound)?;
    cx.may(act, VIEW, &unit_facts(&units, unit))
}

/// The seat for an act upon the whole deployment; an empty registry is the system's.
fn root_seat(cx: &mut Cx<'_, '_>, act: &'static str) -> Result<Seat> {
    let units = units(cx)?;
    cx.may(act, VIEW, &unit_facts(&units, units.root()))
}
