//! People, households, consents, and who read whose data.
use crate::{
    CONSENT, Function, HOUSEHOLDS, HouseholdId, PEOPLE, PERSON, ResidentId, rules, rules::Check, store, t, unit_facts,
    unit_seat, units,
};
use linli_core::{
    BlindIndex, Cx, Error, Facts, Lang, Millis, PersonId, Personal, PlaceId, PostId, Result, Role, Scope, ScopeKind,
    Sealed, Seat, UnitId, time,
};
use std::collections::HashMap;
use std::sync::Arc;

/// What is known of a person to be registered.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// The name.
    pub name: Personal<String>,
    /// The telephone.
    pub phone: Option<Personal<String>>,
    /// The resident identity number; only where a statute asks for it.
    pub id_number: Option<Personal<String>>,
    /// The language of notices.
    pub lang: Lang,
}

/// Who lives, or owns, where.
#[derive(Debug, Clone)]
pub struct Tenancy {
    /// Its id.
    pub id: ResidentId,
    /// Who.
    pub person: PersonId,
    /// In which household; none for an owner who lives elsewhere.
    pub household: Option<HouseholdId>,
    /// The committee.
    pub committee: UnitId,
    /// The dwelling.
    pub dwelling: PlaceId,
    /// `owner`, `tenant` or `occupant`.
    pub tenure: String,
}

/// A name and telephone, shown for a purpose.
#[derive(Debug, Clone)]
pub struct Contact {
    /// The name.
    pub name: Personal<String>,
    /// The telephone, if one is known.
    pub phone: Option<Personal<String>>,
}

/// One household of a worker's list.
#[derive(Debug, Clone)]
pub struct HouseholdRow {
    /// Its id.
    pub id: HouseholdId,
    /// The dwelling.
    pub dwelling: PlaceId,
    /// The dwelling's label.
    pub name: String,
    /// The door's label: lists are grouped by stair.
    pub door: Option<String>,
    /// The building group.
    pub group: Option<UnitId>,
    /// Who lives there.
    pub members: Vec<Member>,
    /// When the committee last spoke with it.
    pub last_contact: Option<Millis>,
    /// Where the next page goes on.
    pub after: (i64, HouseholdId),
}

/// One member of a household.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub person: PersonId,
    /// The name.
    pub name: Personal<String>,
    /// The telephone.
    pub phone: Option<Personal<String>>,
    /// `owner`, `tenant` or `occupant`.
    pub tenure: String,
}

/// One's own record.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Who.
    pub person: PersonId,
    /// The name.
    pub name: Personal<String>,
    /// The telephone.
    pub phone: Option<Personal<String>>,
    /// The logins.
    pub logins: Vec<Personal<String>>,
    /// The language of notices.
    pub lang: Lang,
    /// Whether pages are shown in large type.
    pub large_type: bool,
    /// Where one lives or owns.
    pub homes: Vec<HomeLine>,
}

/// One home of one's own record.
#[derive(Debug, Clone)]
pub struct HomeLine {
    /// Its id.
    pub resident: ResidentId,
    /// The dwelling.
    pub dwelling: PlaceId,
    /// Its label.
    pub name: String,
    /// The committee.
    pub committee: UnitId,
    /// `owner`, `tenant` or `occupant`.
    pub tenure: String,
    /// Since.
    pub since: Millis,
}

/// One reading of a person's data.
#[derive(Debug, Clone)]
pub struct Unmask {
    /// Who read.
    pub by: Option<PersonId>,
    /// From which post.
    pub post: Option<PostId>,
    /// Of which unit.
    pub unit: Option<UnitId>,
    /// What for.
    pub purpose: String,
    /// When.
    pub at: Millis,
}

/// One day on which somebody went through a household list.
#[derive(Debug, Clone)]
pub struct ListRead {
    /// The list: a committee's or a building group's.
    pub unit: UnitId,
    /// Who read.
    pub by: PersonId,
    /// When first that day.
    pub at: Millis,
}

/// Somebody with a post.
#[derive(Debug, Clone)]
pub struct StaffLine {
    /// The post.
    pub post: PostId,
    /// Who.
    pub person: PersonId,
    /// As what.
    pub role: Role,
    /// Whether urgent matters are told to this person.
    pub duty: bool,
    /// The name.
    pub name: Personal<String>,
    /// When the post ends, if that is set.
    pub until: Option<Millis>,
}

// ---- seats

/// What authority knows of a person, as seen from where the actor works: of several homes, the one in the actor's area.
fn person_facts(cx: &mut Cx<'_, '_>, person: PersonId) -> Result<Facts> {
    let units = units(cx)?;
    let homes = store::homes(cx.tx, person)?;
    let near = |unit: UnitId| cx.actor.posts.iter().any(|p| units.path(unit).contains(&p.unit));
    let home = homes.iter().map(|h| h.committee).find(|c| near(*c)).or(homes.first().map(|h| h.committee));
    // Somebody without a home is known where a post is held.
    let posts = if home.is_none() { store::posts(cx.tx, person, cx.now)? } else { Vec::new() };
    let unit = home.or_else(|| posts.iter().map(|p| p.1).find(|u| near(*u))).or(posts.first().map(|p| p.1));
    let facts = unit.map(|u| unit_facts(&units, u)).unwrap_or_default();
    Ok(Facts { reporter: Some(person), audience: None, ..facts })
}

/// The seat for an act upon a person; whom one may not know of does not exist.
pub(crate) fn person_seat(cx: &mut Cx<'_, '_>, act: &str, person: PersonId) -> Result<Seat> {
    store::person(cx.tx, person)?.ok_or(Error::NotFound)?;
    let facts = person_facts(cx, person)?;
    cx.may(act, PERSON, &facts)
}

/// The seat from which a committee's own people read a resident's contact data.
pub fn contact_seat(cx: &mut Cx<'_, '_>, person: PersonId) -> Result<Seat> {
    person_seat(cx, HOUSEHOLDS, person)
}

fn seal(cx: &mut Cx<'_, '_>, what: &'static str, value: &str) -> Result<(Sealed, BlindIndex)> {
    let index = cx.blind(what, value);
    Ok((cx.seal(what, &Personal::new(value.to_owned()))?, index))
}

fn open(cx: &Cx<'_, '_>, what: &str, sealed: Option<&Sealed>) -> Result<Option<Personal<String>>> {
    sealed.map(|s| cx.open(what, s)).transpose()
}

// ---- registering

/// Registers a person on behalf of a unit.
pub fn create_person(cx: &mut Cx<'_, '_>, unit: UnitId, new: &NewPerson) -> Result<PersonId> {
    unit_seat(cx, PEOPLE, unit)?;
    let phone = new.phone.as_ref().map(|p| rules::phone_digits(p.reveal()));
    let number = new.id_number.as_ref().map(|n| rules::id_number(n.reveal()));
    Check::default()
        .that(rules::name(new.name.reveal()), "name", t::BAD_NAME)
        .that(phone != Some(None), "phone", t::BAD_PHONE)
        .that(number != Some(None), "id_number", t::BAD_ID_NUMBER)
        .done()?;
    let name = seal(cx, "people.name", new.name.reveal())?;
    let phone = phone.flatten().map(|p| seal(cx, "people.phone", &p)).transpose()?;
    let id_number = number.flatten().map(|n| seal(cx, "people.id_number", &n)).transpose()?;
    let person = store::PersonNew { id: cx.id(), name, phone, id_number, lang: new.lang.code(), created: cx.now };
    if store::put_person(cx.tx, &person)? { Ok(person.id) } else { Err(Error::field("id_number", t::PERSON_KNOWN)) }
}

/// People registered in a committee under a telephone number: asked once, never again.
pub fn find_person(cx: &mut Cx<'_, '_>, committee: UnitId, phone: &Personal<String>) -> Result<Vec<PersonId>> {
    unit_seat(cx, PEOPLE, committee)?;
    let digits = rules::phone_digits(phone.reveal()).ok_or_else(|| Error::field("phone", t::BAD_PHONE))?;
    let index = cx.blind("people.phone", &digits);
    Ok(store::by_phone(cx.tx, &index, committee)?.into_iter().map(|p| p.0).collect())
}

/// Changes a telephone number: one's own, or for a resident of one's area.
pub fn set_person_phone(cx: &mut Cx<'_, '_>, person: PersonId, phone: Option<&Personal<String>>) -> Result<()> {
    if cx.actor.person != Some(person) {
        person_seat(cx, PEOPLE, person)?;
    }
    let digits = phone
        .map(|p| rules::phone_digits(p.reveal()).ok_or_else(|| Error::field("phone", t::BAD_PHONE)))
        .transpose()?;
    let sealed = digits.map(|d| seal(cx, "people.phone", &d)).transpose()?;
    store::set_phone(cx.tx, person, sealed)
}

/// Sets one's own language and type size.
pub fn set_preferences(cx: &mut Cx<'_, '_>, lang: Lang, large_type: bool) -> Result<()> {
    let person = cx.actor.person.ok_or(Error::SignIn)?;
    store::set_preferences(cx.tx, person, lang.code(), large_type)
}

/// Begins a household in a dwelling.
pub fn create_household(cx: &mut Cx<'_, '_>, dwelling: PlaceId) -> Result<HouseholdId> {
    let place = crate::place(cx, dwelling)?.ok_or(Error::NotFound)?;
    unit_seat(cx, PEOPLE, place.committee)?;
    Check::default().that(place.kind == "dwelling", "dwelling", t::BAD_KIND).done()?;
    let (id, sort) = (cx.id(), store::place_sort(cx.tx, dwelling)?);
    store::put_household(cx.tx, id, &place, sort, cx.now)?;
    Ok(id)
}

/// Registers a person at a dwelling. An owner who lives elsewhere belongs to no household.
pub fn move_in(
    cx: &mut Cx<'_, '_>,
    person: PersonId,
    dwelling: PlaceId,
    household: Option<HouseholdId>,
    tenure: &str,
) -> Result<ResidentId> {
    let place = crate::place(cx, dwelling)?.ok_or(Error::NotFound)?;
    unit_seat(cx, PEOPLE, place.committee)?;
    store::person(cx.tx, person)?.ok_or(Error::NotFound)?;
    let fits = match household {
        Some(h) => store::household(cx.tx, h)?.is_some_and(|(d, ..)| d == dwelling),
        None => tenure == "owner",
    };
    Check::default()
        .that(rules::TENURES.contains(&tenure), "tenure", t::BAD_TENURE)
        .that(place.kind == "dwelling", "dwelling", t::BAD_KIND)
        .that(fits, "household", t::NOT_WITHIN)
        .done()?;
    let tenancy =
        Tenancy { id: cx.id(), person, household, committee: place.committee, dwelling, tenure: tenure.to_owned() };
    if store::put_resident(cx.tx, &tenancy, cx.now)? { Ok(tenancy.id) } else { Err(Error::conflict(t::ALREADY)) }
}

/// Ends a registration; a household in which nobody is left ends with it.
pub fn move_out(cx: &mut Cx<'_, '_>, resident: ResidentId) -> Result<()> {
    let row = store::resident(cx.tx, resident)?.ok_or(Error::NotFound)?;
    // Whom one may not know of does not exist.
    person_seat(cx, PEOPLE, row.person)?;
    unit_seat(cx, PEOPLE, row.committee)?;
    store::end_resident(cx.tx, row.id, cx.now)?;
    match row.household {
        Some(household) => store::end_empty_household(cx.tx, household, cx.now),
        None => Ok(()),
    }
}

// ---- reading

/// Names by person, for pages that show who acted; at most 10,000.
pub fn people_names(cx: &mut Cx<'_, '_>, ids: &[PersonId]) -> Result<HashMap<PersonId, Personal<String>>> {
    let staff = all_staff(cx)?;
    let (known, others): (Vec<PersonId>, Vec<PersonId>) = ids.iter().partition(|id| staff.names.contains_key(id));
    let rows = if others.is_empty() { Vec::new() } else { store::names(cx.tx, &others)? };
    let known = known.iter().filter_map(|id| Some((*id, staff.names.get(id)?)));
    let all = known.chain(rows.iter().map(|(id, name)| (*id, name)));
    all.map(|(id, name)| Ok((id, cx.open("people.name", name)?))).collect()
}

/// Name and telephone of a person, for a stated purpose, from a seat that handles: itself an act, on record for the person.
pub fn contact(cx: &mut Cx<'_, '_>, seat: &Seat, person: PersonId, purpose: &str) -> Result<Contact> {
    if !seat.handles() {
        return Err(Error::forbidden(linli_core::t::FORBIDDEN));
    }
    Check::default().that((2..=80).contains(&purpose.trim().chars().count()), "purpose", t::BAD_PURPOSE).done()?;
    let row = store::person(cx.tx, person)?.ok_or(Error::NotFound)?;
    record(cx, seat, person, purpose.trim())?;
    Ok(Contact { name: cx.open("people.name", &row.name)?, phone: open(cx, "people.phone", row.phone.as_ref())? })
}

/// Puts on record, for the person to see, that somebody read or did something with the person's data.
pub(crate) fn record(cx: &mut Cx<'_, '_>, seat: &Seat, subject: PersonId, purpose: &str) -> Result<()> {
    let (post, unit, purpose) = (seat.post(), seat.unit(), purpose.to_owned());
    let row = store::UnmaskRow { id: cx.id(), by_person: cx.actor.person, post, unit, subject, purpose, at: cx.now };
    store::put_unmask(cx.tx, &row)
}

/// One's own record.
pub fn own_profile(cx: &mut Cx<'_, '_>) -> Result<Profile> {
    let person = cx.actor.person.ok_or(Error::SignIn)?;
    let (mut of_person, mut logins, mut homes) = (None, Vec::new(), Vec::new());
    for row in store::own(cx.tx, person)? {
        match row.what.as_str() {
            "login" => logins.push(row),
            "home" => homes.push(row),
            _ => of_person = Some(row),
        }
    }
    let row = of_person.ok_or(Error::NotFound)?;
    logins.sort_by_key(|l| l.id);
    homes.sort_by_key(|h| h.id);
    let homes = homes.into_iter().filter_map(|h| {
        Some(HomeLine {
            resident: h.id.into(),
            dwelling: h.dwelling?,
            name: h.name?,
            committee: h.committee?,
            tenure: h.word,
            since: h.at,
        })
    });
    let name = row.sealed.as_ref().ok_or(Error::internal("somebody without a name"))?;
    Ok(Profile {
        person,
        name: cx.open("people.name", name)?,
        phone: open(cx, "people.phone", row.phone.as_ref())?,
        logins: logins
            .iter()
            .filter_map(|l| l.sealed.as_ref())
            .map(|l| cx.open("logins.login", l))
            .collect::<Result<_>>()?,
        lang: Lang::parse(&row.word).unwrap_or_default(),
        large_type: row.large_type.unwrap_or_default(),
        homes: homes.collect(),
    })
}

/// Who looked at one's own data, newest first, at most 200 of each: contact data shown, and on which of the last 90 days
/// somebody went through a household list that oneself is on.
pub fn own_reads(cx: &mut Cx<'_, '_>) -> Result<(Vec<Unmask>, Vec<ListRead>)> {
    let person = cx.actor.person.ok_or(Error::SignIn)?;
    // Of the units one lives in only committees and building groups have lists.
    let mut lists: Vec<UnitId> = cx.actor.homes.iter().flat_map(|h| h.within.iter().copied()).collect();
    lists.sort_unstable();
    lists.dedup();
    let since = i64::from(time::civil_day(cx.now)) - 90;
    let (mut contacts, mut reads) = (Vec::new(), Vec::new());
    for row in store::own_reads(cx.tx, person, &lists, since, 200)? {
        match (row.what.as_str(), row.unit, row.by_person) {
            ("list", Some(unit), Some(by)) => reads.push(ListRead { unit, by, at: row.at }),
            ("list", ..) => {}
            (_, unit, by) => contacts.push(Unmask { by, post: row.post, unit, purpose: row.purpose, at: row.at }),
        }
    }
    contacts.sort_by_key(|c| std::cmp::Reverse(c.at));
    reads.sort_by_key(|r| (std::cmp::Reverse(r.at), r.by));
    Ok((contacts, reads))
}

/// The scope of a household list: the committee's own people, for their standing purpose.
pub fn households_scope(cx: &mut Cx<'_, '_>, committee: UnitId) -> Result<Scope> {
    let units = units(cx)?;
    if units.get(committee).is_none_or(|u| u.function != Function::Serve) {
        return Err(Error::NotFound);
    }
    let scope = cx.scope(HOUSEHOLDS, ScopeKind::Within(committee), units.path(committee));
    scope.map_err(|e| if let Error::Forbidden(_) = e { Error::forbidden(t::ACCESS_DENIED) } else { e })
}

/// "My households" by stair, at most 100 a page. The page that shows them also calls [`note_list_read`] in a write of its
/// own, because a read never writes.
pub fn households_of(
    cx: &mut Cx<'_, '_>,
    scope: &Scope,
    committee: UnitId,
    group: Option<UnitId>,
    after: Option<(i64, HouseholdId)>,
    limit: usize,
) -> Result<Vec<HouseholdRow>> {
    if !matches!(scope, Scope::Within(unit, _) if *unit == committee) {
        return Err(Error::forbidden(t::ACCESS_DENIED));
    }
    let after = after.unwrap_or((i64::MIN, HouseholdId(uuid::Uuid::nil())));
    let rows = store::households(cx.tx, committee, group, after, limit.min(100) as i64)?;
    let ids: Vec<HouseholdId> = rows.iter().map(|r| r.id).collect();
    let mut members: HashMap<HouseholdId, Vec<Member>> = HashMap::new();
    let mut all = store::members(cx.tx, &ids)?;
    all.sort_by_key(|m| m.id);
    for m in all {
        let (name, phone) = (cx.open("people.name", &m.name)?, open(cx, "people.phone", m.phone.as_ref())?);
        members.entry(m.household).or_default().push(Member { person: m.person, name, phone, tenure: m.tenure });
    }
    let line = |r: store::StairRow| HouseholdRow {
        members: members.remove(&r.id).unwrap_or_default(),
        after: (r.sort, r.id),
        id: r.id,
        dwelling: r.dwelling,
        name: r.name,
        door: r.door,
        group: r.grp,
        last_contact: r.last,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Records that the actor went through a household list today; once a day and list.
pub fn note_list_read(cx: &mut Cx<'_, '_>, scope: &Scope, group: Option<UnitId>) -> Result<()> {
    let (Scope::Within(committee, _), Some(person)) = (scope, cx.actor.person) else { return Ok(()) };
    let day = i64::from(time::civil_day(cx.now));
    store::put_list_read(cx.tx, group.unwrap_or(*committee), day, person, cx.now)
}

/// Records that the committee spoke with a household.
pub fn note_contact(cx: &mut Cx<'_, '_>, household: HouseholdId, at: Millis) -> Result<()> {
    let (_, committee, _) = store::household(cx.tx, household)?.ok_or(Error::NotFound)?;
    let units = units(cx)?;
    cx.may(HOUSEHOLDS, HOUSEHOLDS, &unit_facts(&units, committee))?;
    let by = cx.actor.person.ok_or(Error::SignIn)?;
    store::note_contact(cx.tx, household, at.min(cx.now), by)
}

/// Post, person, role and name.
pub type Staff = (PostId, PersonId, Role, Personal<String>);

/// The people of a unit.
pub fn staff(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<Vec<Staff>> {
    Ok(staff_list(cx, unit)?.into_iter().map(|s| (s.post, s.person, s.role, s.name)).collect())
}

/// The people of a unit with duty and end of post.
pub fn staff_list(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<Vec<StaffLine>> {
    let all = all_staff(cx)?;
    let line = |r: &store::StaffRow| {
        let role = Role::parse(&r.role).ok_or_else(|| Error::internal(format!("role {}", r.role)))?;
        Ok(StaffLine {
            post: r.id,
            person: r.person,
            role,
            duty: r.duty,
            name: cx.open("people.name", &r.name)?,
            until: r.until,
        })
    };
    all.of(unit, cx.now).map(line).collect()
}

/// Those of a unit whom urgent matters are told to; everybody there when no duty is set.
pub fn duty(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<Vec<PersonId>> {
    let all = all_staff(cx)?;
    let any = all.of(unit, cx.now).any(|r| r.duty);
    let mut people: Vec<PersonId> = all.of(unit, cx.now).filter(|r| r.duty || !any).map(|r| r.person).collect();
    people.sort_unstable();
    people.dedup();
    Ok(people)
}

/// The name under which posts are kept in memory; whoever writes one says [`Cx::changed`].
pub(crate) const STAFF: &str = "registry.staff";

/// Everybody who has or had a post, names sealed: some thousands in a district, asked for by every page that staff see.
struct AllStaff {
    by_unit: HashMap<UnitId, Vec<store::StaffRow>>,
    names: HashMap<PersonId, Sealed>,
}
impl AllStaff {
    fn of(&self, unit: UnitId, now: Millis) -> impl Iterator<Item = &store::StaffRow> {
        let rows = self.by_unit.get(&unit).into_iter().flatten();
        rows.filter(move |r| r.since <= now && r.until.is_none_or(|u| u > now))
    }
}

fn all_staff(cx: &mut Cx<'_, '_>) -> Result<Arc<AllStaff>> {
    cx.cached(STAFF, |cx| {
        let (mut by_unit, mut names) = (HashMap::<UnitId, Vec<_>>::new(), HashMap::new());
        let mut rows = store::all_staff(cx.tx)?;
        rows.reverse();
        for row in rows {
            names.insert(row.person, row.name.clone());
            by_unit.entry(row.unit).or_default().push(row);
        }
        Ok(AllStaff { by_unit, names })
    })
}

// ---- consent

/// Consents to a purpose: oneself, or through a worker of the committee, who is named on record.
pub fn give_consent(cx: &mut Cx<'_, '_>, person: PersonId, purpose: &str, until: Option<Millis>) -> Result<()> {
    person_seat(cx, CONSENT, person)?;
    Check::default().that(rules::code(purpose), "purpose", t::BAD_CODE).done()?;
    let (id, by) = (cx.id(), cx.actor.person);
    store::put_consent(cx.tx, id, person, purpose, by, cx.now, until)
}

/// Withdraws a consent.
pub fn end_consent(cx: &mut Cx<'_, '_>, person: PersonId, purpose: &str) -> Result<()> {
    person_seat(cx, CONSENT, person)?;
    if store::end_consent(cx.tx, person, purpose, cx.now)? == 0 { Err(Error::conflict(t::ENDED)) } else { Ok(()) }
}

/// Whether a person consents to a purpose now.
pub fn consented(cx: &mut Cx<'_, '_>, person: PersonId, purpose: &str) -> Result<bool> {
    Ok(store::consents(cx.tx, person, purpose, cx.now)? > 0)
}
