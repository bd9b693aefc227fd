//! Who lives and works in the demo: estates, homes, households, posts and the accounts to sign in with.
use super::words::{Words, text};
use super::{Scale, World};
use crate::commands::Failure;
use linli_core::{Actor, Lang, PersonId, Personal, PlaceId, Result, Role, UnitId, Via};
use linli_registry::{Function, NewPerson, NewPlace, NewUnit};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A committee that is lived in.
pub(crate) struct Lived {
    pub(crate) residents: Vec<Arc<Actor>>,
    pub(crate) doors: Vec<PlaceId>,
    pub(crate) spots: Vec<PlaceId>,
}

/// Everything the life of the demo needs to know.
pub(crate) struct District {
    pub(crate) lived: Vec<Lived>,
    /// Who can act for a unit.
    pub(crate) staff: BTreeMap<UnitId, Vec<Arc<Actor>>>,
    pub(crate) supervisor: Arc<Actor>,
    pub(crate) residents: BTreeMap<PersonId, Arc<Actor>>,
    pub(crate) handlers: Vec<UnitId>,
    pub(crate) accounts: Map<String, Value>,
    pub(crate) waking: BTreeMap<(i64, u64), linli_core::MatterId>,
    /// The category whose words each report has: who did not choose one is asked for it later.
    pub(crate) meant: BTreeMap<linli_core::MatterId, String>,
    pub(crate) turn: u64,
    pub(crate) reported: u64,
}

const PASSWORD: &str = "linli-demo";

struct Settler<'w> {
    world: &'w mut World,
    words: &'w Words,
    used: BTreeSet<String>,
    phone: u64,
}

impl Settler<'_> {
    fn name(&mut self) -> String {
        loop {
            let (family, given) = (
                self.words.all(&["names", "family"]),
                self.words.all(&["names", if self.world.chance(50) { "given_female" } else { "given_male" }]),
            );
            let name = format!("{}{}", text(self.world.pick(&family)), text(self.world.pick(&given)));
            // Two people of one name are natural; three in a demo confuse.
            if self.used.insert(name.clone()) || self.used.len() > 2000 {
                return name;
            }
        }
    }
    fn number(&mut self, kind: &str) -> String {
        self.phone += 1;
        text(self.words.all(&["phones", kind]).first()).replace("{n}", &format!("{:07}", 1_000_000 + self.phone * 37))
    }
    fn person(&mut self, unit: UnitId) -> Result<PersonId> {
        let (name, phone) = (self.name(), self.number("resident"));
        let system = self.world.system.clone();
        self.world.act(&system, move |cx| {
            let new = NewPerson {
                name: Personal::new(name.clone()),
                phone: Some(Personal::new(phone.clone())),
                id_number: None,
                lang: Lang::Zh,
            };
            linli_registry::create_person(cx, unit, &new)
        })
    }
    fn post(&mut self, unit: UnitId, role: Role, duty: bool) -> Result<Arc<Actor>> {
        let person = self.person(unit)?;
        self.appoint(person, unit, role, duty)
    }
    fn appoint(&mut self, person: PersonId, unit: UnitId, role: Role, duty: bool) -> Result<Arc<Actor>> {
        let system = self.world.system.clone();
        self.world.act(&system, move |cx| linli_registry::appoint(cx, person, unit, role, duty, None))?;
        self.actor(person)
    }
    fn actor(&mut self, person: PersonId) -> Result<Arc<Actor>> {
        let system = self.world.system.clone();
        self.world.house.read(&system, |cx| linli_registry::actor_of(cx, person, Via::Demo, Lang::Zh)).map(Arc::new)
    }
    fn unit(&mut self, new: NewUnit) -> Result<UnitId> {
        let system = self.world.system.clone();
        self.world.act(&system, move |cx| linli_registry::create_unit(cx, new.clone()))
    }
}

/// Settles people and posts in an otherwise empty register.
pub(crate) fn settle(
    world: &mut World,
    words: &Words,
    scale: Scale,
    profile: &str,
) -> std::result::Result<District, Failure> {
    let system = world.system.clone();
    let units = world.house.read(&system, linli_registry::units)?;
    let deepest = |f: Function| {
        units
            .levels()
            .iter()
            .filter(|l| l.function == f)
            .max_by_key(|l| l.depth)
            .map(|l| l.code.clone())
            .unwrap_or_default()
    };
    let (estate_level, group_level, partner_level) =
        (deepest(Function::Estate), deepest(Function::Group), deepest(Function::Unit));
    let root = units.root();
    let towns: Vec<UnitId> = units.live().filter(|u| u.function == Function::Dispatch).map(|u| u.id).collect();
    let (per_town, town_count) = scale.lived();
    let mut s = Settler { world, words, used: BTreeSet::new(), phone: 0 };
    let mut staff: BTreeMap<UnitId, Vec<Arc<Actor>>> = BTreeMap::new();
    let (mut lived, mut residents, mut handlers) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut accounts: Vec<(&str, Arc<Actor>, UnitId)> = Vec::new();

    // The district: operations centre, departments, supervisor, administrator.
    let supervisor = s.post(root, Role::Supervisor, false)?;
    accounts.push(("supervisor", supervisor.clone(), root));
    let admin = s.post(root, Role::Admin, false)?;
    accounts.push(("district_admin", admin, root));
    let ops = units.ops().unwrap_or(root);
    for n in 0..2 {
        let dispatcher = s.post(ops, Role::Dispatcher, n == 0)?;
        if n == 0 {
            accounts.push(("district_dispatcher", dispatcher.clone(), ops));
        }
        staff.entry(ops).or_default().push(dispatcher);
    }
    let departments: Vec<UnitId> = units.children(ops).map(|u| u.id).collect();
    for (i, department) in departments.iter().enumerate() {
        for n in 0..2 {
            let handler = s.post(*department, Role::Handler, n == 0)?;
            staff.entry(*department).or_default().push(handler);
        }
        handlers.push(*department);
        if i == 0 {
            s.world.set(s.world.house.now());
        }
    }

    let (roads, estates, spots) = (
        words.all(&["places", profile, "roads"]),
        words.all(&["places", profile, "estates"]),
        words.all(&["places", "estate_spots"]),
    );
    let properties = words.all(&["units", if profile == "fictional" { "property_fictional" } else { "property" }]);
    for town in towns.iter().take(town_count) {
        for n in 0..2 {
            let dispatcher = s.post(*town, Role::Dispatcher, n == 0)?;
            if accounts.iter().all(|a| a.0 != "town_dispatcher") {
                accounts.push(("town_dispatcher", dispatcher.clone(), *town));
            }
            staff.entry(*town).or_default().push(dispatcher);
        }
        let mut companies = Vec::new();
        for n in 0..2usize {
            let entry = properties.get((n + lived.len()) % properties.len().max(1));
            let code = format!("{}-W{n}", units.get(*town).map(|u| u.code.clone()).unwrap_or_default());
            let (zh, en) = (super::words::field(entry, "zh"), super::words::field(entry, "en"));
            let phone = s.number("unit");
            let company = s.unit(NewUnit {
                parent: Some(*town),
                level: partner_level.clone(),
                kind: "property".into(),
                code,
                name: zh,
                name_en: Some(en),
                status: "formal".into(),
                phone: Some(phone),
                valid_from: None,
            })?;
            for k in 0..2 {
                let handler = s.post(company, Role::Handler, k == 0)?;
                staff.entry(company).or_default().push(handler);
            }
            handlers.push(company);
            companies.push(company);
        }
        let committees: Vec<UnitId> =
            units.children(*town).filter(|u| u.function == Function::Serve).map(|u| u.id).take(per_town).collect();
        for committee in committees {
            let phone = s.number("unit");
            s.world.act(&system, move |cx| linli_registry::set_unit_phone(cx, committee, Some(&phone)))?;
            let head = s.post(committee, Role::Head, false)?;
            let worker = s.post(committee, Role::Worker, true)?;
            let second = s.post(committee, Role::Worker, false)?;
            if lived.is_empty() {
                accounts.push(("worker", worker.clone(), committee));
                accounts.push(("committee_head", head.clone(), committee));
            }
            staff.entry(committee).or_default().extend([worker, head, second]);
            let code = units.get(committee).map(|u| u.code.clone()).unwrap_or_default();
            let mut here = Lived { residents: Vec::new(), doors: Vec::new(), spots: Vec::new() };
            for e in 0..2usize {
                let at = lived.len() * 2 + e;
                let estate_name = text(estates.get(at % estates.len().max(1)));
                let estate = s.unit(NewUnit {
                    parent: Some(committee),
                    level: estate_level.clone(),
                    kind: "estate".into(),
                    code: format!("{code}-E{e}"),
                    name: estate_name.clone(),
                    name_en: None,
                    status: "formal".into(),
                    phone: None,
                    valid_from: None,
                })?;
                let company = companies[(at + e) % companies.len()];
                s.world.act(&system, move |cx| linli_registry::serve(cx, company, estate))?;
                let lane = format!("{}{}弄", text(roads.get(at % roads.len().max(1))), 100 + at * 12);
                let chosen: Vec<String> = (0..5).map(|k| text(spots.get((at * 3 + k) % spots.len().max(1)))).collect();
                let names: Vec<NewPlace> = chosen
                    .iter()
                    .map(|n| NewPlace {
                        kind: "spot".into(),
                        estate: Some(estate),
                        name: format!("{estate_name} {n}"),
                        ..NewPlace::default()
                    })
                    .collect();
                here.spots
                    .extend(s.world.act(&system, move |cx| linli_registry::create_places(cx, committee, &names))?);
                for d in 1..=3usize {
                    let door_number = d * 2 + at % 2 + 20;
                    let group = s.unit(NewUnit {
                        parent: Some(estate),
                        level: group_level.clone(),
                        kind: "building_group".into(),
                        code: format!("{code}-E{e}-G{d}"),
                        name: format!("{estate_name}{door_number}号楼组"),
                        name_en: None,
                        status: "formal".into(),
                        phone: None,
                        valid_from: None,
                    })?;
                    let door = NewPlace {
                        kind: "door".into(),
                        estate: Some(estate),
                        group: Some(group),
                        name: format!("{estate_name} {door_number}号"),
                        address: Some(format!("{lane}{door_number}号")),
                        ..NewPlace::default()
                    };
                    let door = s.world.act(&system, move |cx| {
                        linli_registry::create_places(cx, committee, std::slice::from_ref(&door))
                    })?[0];
                    here.doors.push(door);
                    let rooms: Vec<NewPlace> = (1..=5usize)
                        .map(|r| {
                            let room = r * 100 + 1 + r % 2;
                            NewPlace {
                                kind: "dwelling".into(),
                                parent: Some(door),
                                name: format!("{estate_name} {door_number}号{room}室"),
                                address: Some(format!("{lane}{door_number}号{room}室")),
                                ..NewPlace::default()
                            }
                        })
                        .collect();
                    let rooms = s.world.act(&system, move |cx| linli_registry::create_places(cx, committee, &rooms))?;
                    for (r, dwelling) in rooms.into_iter().enumerate() {
                        let tenure = match (r + d) % 4 {
                            0 => "tenant",
                            3 => "occupant",
                            _ => "owner",
                        };
                        let person = s.person(committee)?;
                        s.world.act(&system, move |cx| {
                            let household = linli_registry::create_household(cx, dwelling)?;
                            linli_registry::move_in(cx, person, dwelling, Some(household), tenure)
                        })?;
                        let actor = if r == 0 && d == 1 && e == 0 && lived.is_empty() {
                            s.appoint(person, group, Role::GroupLeader, false)?
                        } else {
                            s.actor(person)?
                        };
                        if lived.is_empty() && e == 0 {
                            match (d, r) {
                                (1, 0) => accounts.push(("group_leader", actor.clone(), group)),
                                (1, 1) => accounts.push(("resident", actor.clone(), committee)),
                                _ if tenure == "tenant" && accounts.iter().all(|a| a.0 != "tenant") => {
                                    accounts.push(("tenant", actor.clone(), committee))
                                }
                                _ => {}
                            }
                        }
                        residents.insert(person, actor.clone());
                        here.residents.push(actor);
                    }
                }
            }
            lived.push(here);
        }
        if let Some(company) = companies.first().copied()
            && accounts.iter().all(|a| a.0 != "property_handler")
            && let Some([handler, second, ..]) = staff.get(&company).map(Vec::as_slice)
        {
            accounts.push(("property_handler", handler.clone(), company));
            // Who does it again.
            accounts.push(("property_second", second.clone(), company));
        }
    }
    // The department that the rules name most is the one worth signing in to.
    let rules = s.world.house.read(&system, linli_cases::routing_rules)?;
    let named = |d: &UnitId| {
        let code = units.get(*d).map(|u| format!("unit:{}", u.code)).unwrap_or_default();
        rules.iter().filter(|r| r.target == code).count()
    };
    if let Some(department) = departments.iter().max_by_key(|d| (named(d), std::cmp::Reverse(**d)))
        && let Some(handler) = staff.get(department).and_then(|s| s.first()).cloned()
    {
        accounts.push(("department_handler", handler, *department));
    }
    let accounts = sign_ups(&mut s, accounts)?;
    Ok(District {
        lived,
        staff,
        supervisor,
        residents,
        handlers,
        accounts,
        waking: BTreeMap::new(),
        meant: BTreeMap::new(),
        turn: 0,
        reported: 0,
    })
}

/// Logins and tokens of the accounts that the README names.
fn sign_ups(s: &mut Settler<'_>, accounts: Vec<(&str, Arc<Actor>, UnitId)>) -> Result<Map<String, Value>> {
    let system = s.world.system.clone();
    let mut salt = [0u8; 16];
    rand::Rng::fill_bytes(&mut s.world.dice, &mut salt);
    let hash = linli_registry::hash_password(PASSWORD, salt);
    let mut out = Map::new();
    for (role, actor, unit) in accounts {
        let Some(person) = actor.person else { continue };
        let (login, hash) = (role.to_owned(), hash.clone());
        s.world.act(&system, move |cx| linli_registry::create_login(cx, person, &login, &hash))?;
        let token = s.world.act(&actor, linli_registry::create_demo_token)?;
        let units = s.world.house.read(&system, linli_registry::units)?;
        let entry = json!({"name": actor.name, "login": role, "password": PASSWORD, "api_token": token, "unit": units.name(unit, Lang::Zh), "unit_code": units.get(unit).map(|u| u.code.clone())});
        out.insert(role.to_owned(), entry);
    }
    Ok(out)
}
