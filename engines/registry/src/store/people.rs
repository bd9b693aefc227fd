//! People, homes and households; consents, and who read what.
use crate::{HouseholdId, Place, ResidentId, Tenancy};
use linli_core::{BlindIndex, Millis, PersonId, PlaceId, PostId, Result, Sealed, UnitId};
use linli_db::{Tx, row, sql};
use uuid::Uuid;

row! {
    pub(crate) struct PersonRow { pub(crate) id: PersonId, pub(crate) name: Sealed, pub(crate) phone: Option<Sealed>, pub(crate) lang: String, pub(crate) large_type: bool }
}

pub(crate) fn person(tx: &mut Tx<'_>, id: PersonId) -> Result<Option<PersonRow>> {
    Ok(tx.opt(sql!("SELECT id, name, phone, lang, large_type FROM people WHERE id = $1 LIMIT 1"), &[&id])?)
}

pub(crate) fn names(tx: &mut Tx<'_>, ids: &[PersonId]) -> Result<Vec<(PersonId, Sealed)>> {
    Ok(tx.all(sql!("SELECT id, name FROM people WHERE id IN UUIDS($1) LIMIT 10000"), &[&ids])?)
}

pub(crate) struct PersonNew<'a> {
    pub(crate) id: PersonId,
    pub(crate) name: (Sealed, BlindIndex),
    pub(crate) phone: Option<(Sealed, BlindIndex)>,
    pub(crate) id_number: Option<(Sealed, BlindIndex)>,
    pub(crate) lang: &'a str,
    pub(crate) created: Millis,
}

/// `false` when the identity number is registered already.
pub(crate) fn put_person(tx: &mut Tx<'_>, p: &PersonNew<'_>) -> Result<bool> {
    let (phone, phone_idx) = p.phone.clone().unzip();
    let (number, number_idx) = p.id_number.clone().unzip();
    Ok(tx.exec(
        sql!(
            "INSERT INTO people (id, name, name_idx, phone, phone_idx, id_number, id_number_idx, lang, large_type, created)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE, $9) ON CONFLICT (id_number_idx) DO NOTHING"
        ),
        &[&p.id, &p.name.0, &p.name.1, &phone, &phone_idx, &number, &number_idx, &p.lang, &p.created],
    )? == 1)
}

pub(crate) fn set_phone(tx: &mut Tx<'_>, id: PersonId, phone: Option<(Sealed, BlindIndex)>) -> Result<()> {
    let (phone, idx) = phone.unzip();
    tx.put(sql!("UPDATE people SET phone = $2, phone_idx = $3 WHERE id = $1"), &[&id, &phone, &idx])?;
    Ok(())
}

pub(crate) fn set_preferences(tx: &mut Tx<'_>, id: PersonId, lang: &str, large_type: bool) -> Result<()> {
    tx.put(sql!("UPDATE people SET lang = $2, large_type = $3 WHERE id = $1"), &[&id, &lang, &large_type])?;
    Ok(())
}

/// People with this telephone number who live within a committee.
pub(crate) fn by_phone(tx: &mut Tx<'_>, phone: &BlindIndex, committee: UnitId) -> Result<Vec<(PersonId,)>> {
    Ok(tx.all(
        sql!(
            "SELECT id FROM people WHERE phone_idx = $1
             AND EXISTS (SELECT 1 FROM residents r WHERE r.person = people.id AND r.committee = $2 AND r.until IS NULL) ORDER BY id LIMIT 20"
        ),
        &[phone, &committee],
    )?)
}

row! {
    pub(crate) struct HomeRow { pub(crate) resident: ResidentId, pub(crate) dwelling: PlaceId, pub(crate) name: String, pub(crate) committee: UnitId, pub(crate) estate: Option<UnitId>, pub(crate) micro_grid: Option<UnitId>, pub(crate) grp: Option<UnitId>, pub(crate) tenure: String, pub(crate) since: Millis }
}

pub(crate) fn homes(tx: &mut Tx<'_>, person: PersonId) -> Result<Vec<HomeRow>> {
    Ok(tx.all(
        sql!(
            "SELECT r.id, r.dwelling, p.name, p.committee, p.estate, p.micro_grid, p.grp, r.tenure, r.since
             FROM residents r JOIN places p ON p.id = r.dwelling WHERE r.person = $1 AND r.until IS NULL ORDER BY r.id LIMIT 50"
        ),
        &[&person],
    )?)
}

row! {
    /// One's own record. The columns mean person – language, name, telephone, type size; login; home, dwelling, committee –
    /// tenure, the dwelling's label, since when.
    pub(crate) struct OwnRow { pub(crate) what: String, pub(crate) id: Uuid, pub(crate) dwelling: Option<PlaceId>, pub(crate) committee: Option<UnitId>, pub(crate) word: String, pub(crate) name: Option<String>, pub(crate) sealed: Option<Sealed>, pub(crate) phone: Option<Sealed>, pub(crate) large_type: Option<bool>, pub(crate) at: Millis }
}

/// A person with logins and homes, in one statement.
pub(crate) fn own(tx: &mut Tx<'_>, person: PersonId) -> Result<Vec<OwnRow>> {
    Ok(tx.all(
        sql!(
            "SELECT 'person', id, CAST(NULL AS UUID), CAST(NULL AS UUID), lang, CAST(NULL AS TEXT), name, phone, large_type, created FROM people WHERE id = $1
             UNION ALL SELECT 'login', id, NULL, NULL, '', NULL, login, NULL, NULL, 0 FROM logins WHERE person = $1
             UNION ALL SELECT 'home', r.id, r.dwelling, p.committee, r.tenure, p.name, NULL, NULL, NULL, r.since
             FROM residents r JOIN places p ON p.id = r.dwelling WHERE r.person = $1 AND r.until IS NULL
             LIMIT 100"
        ),
        &[&person],
    )?)
}

pub(crate) fn put_household(
    tx: &mut Tx<'_>,
    id: HouseholdId,
    dwelling: &Place,
    sort: i64,
    since: Millis,
) -> Result<()> {
    tx.put(
        sql!("INSERT INTO households (id, dwelling, committee, grp, sort, since) VALUES ($1, $2, $3, $4, $5, $6)"),
        &[&id, &dwelling.id, &dwelling.committee, &dwelling.group, &sort, &since],
    )?;
    Ok(())
}

pub(crate) fn household(tx: &mut Tx<'_>, id: HouseholdId) -> Result<Option<(PlaceId, UnitId, Option<UnitId>)>> {
    Ok(tx
        .opt(sql!("SELECT dwelling, committee, grp FROM households WHERE id = $1 AND until IS NULL LIMIT 1"), &[&id])?)
}

/// Ends a household in which nobody lives any more.
pub(crate) fn end_empty_household(tx: &mut Tx<'_>, id: HouseholdId, at: Millis) -> Result<()> {
    tx.put(
        sql!(
            "UPDATE households SET until = $2 WHERE id = $1 AND until IS NULL
             AND NOT EXISTS (SELECT 1 FROM residents r WHERE r.household = $1 AND r.until IS NULL)"
        ),
        &[&id, &at],
    )?;
    Ok(())
}

/// `false` when the person is registered there in this tenure already.
pub(crate) fn put_resident(tx: &mut Tx<'_>, t: &Tenancy, since: Millis) -> Result<bool> {
    Ok(tx.exec(
        sql!(
            "INSERT INTO residents (id, person, household, committee, dwelling, tenure, since) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT DO NOTHING"
        ),
        &[&t.id, &t.person, &t.household, &t.committee, &t.dwelling, &t.tenure, &since],
    )? == 1)
}

row! {
    pub(crate) struct ResidentRow { pub(crate) id: ResidentId, pub(crate) person: PersonId, pub(crate) household: Option<HouseholdId>, pub(crate) committee: UnitId }
}

pub(crate) fn resident(tx: &mut Tx<'_>, id: ResidentId) -> Result<Option<ResidentRow>> {
    Ok(tx.opt(
        sql!("SELECT id, person, household, committee FROM residents WHERE id = $1 AND until IS NULL LIMIT 1"),
        &[&id],
    )?)
}

pub(crate) fn end_resident(tx: &mut Tx<'_>, id: ResidentId, at: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("UPDATE residents SET until = $2 WHERE id = $1 AND until IS NULL"), &[&id, &at])?)
}

row! {
    pub(crate) struct StairRow { pub(crate) id: HouseholdId, pub(crate) dwelling: PlaceId, pub(crate) name: String, pub(crate) door: Option<String>, pub(crate) grp: Option<UnitId>, pub(crate) sort: i64, pub(crate) last: Option<Millis> }
}

pub(crate) fn households(
    tx: &mut Tx<'_>,
    committee: UnitId,
    group: Option<UnitId>,
    after: (i64, HouseholdId),
    limit: i64,
) -> Result<Vec<StairRow>> {
    Ok(tx.all(
        sql!(
            "SELECT h.id, h.dwelling, p.name, d.name, h.grp, h.sort, c.last_at FROM households h JOIN places p ON p.id = h.dwelling
             LEFT JOIN places d ON d.id = p.parent LEFT JOIN contacts c ON c.household = h.id
             WHERE h.until IS NULL AND h.committee = $1 AND (h.sort, h.id) > ($2, $3) [AND h.grp = $5] ORDER BY h.sort, h.id LIMIT $4"
        ),
        &[&committee, &after.0, &after.1, &limit, &group],
    )?)
}

row! {
    pub(crate) struct MemberRow { pub(crate) household: HouseholdId, pub(crate) id: ResidentId, pub(crate) person: PersonId, pub(crate) name: Sealed, pub(crate) phone: Option<Sealed>, pub(crate) tenure: String }
}

pub(crate) fn members(tx: &mut Tx<'_>, households: &[HouseholdId]) -> Result<Vec<MemberRow>> {
    Ok(tx.all(
        sql!(
            "SELECT r.household, r.id, r.person, p.name, p.phone, r.tenure FROM residents r JOIN people p ON p.id = r.person
             WHERE r.household IN UUIDS($1) AND r.until IS NULL LIMIT 10000"
        ),
        &[&households],
    )?)
}

pub(crate) fn note_contact(tx: &mut Tx<'_>, household: HouseholdId, at: Millis, by: PersonId) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO contacts (household, last_at, by_person) VALUES ($1, $2, $3)
             ON CONFLICT (household) DO UPDATE SET last_at = excluded.last_at, by_person = excluded.by_person WHERE contacts.last_at <= excluded.last_at"
        ),
        &[&household, &at, &by],
    )?;
    Ok(())
}

// ---- consents and reads

pub(crate) fn put_consent(
    tx: &mut Tx<'_>,
    id: Uuid,
    person: PersonId,
    purpose: &str,
    by: Option<PersonId>,
    at: Millis,
    until: Option<Millis>,
) -> Result<()> {
    tx.put(
        sql!("INSERT INTO consents (id, person, purpose, by_person, at, until) VALUES ($1, $2, $3, $4, $5, $6)"),
        &[&id, &person, &purpose, &by, &at, &until],
    )?;
    Ok(())
}

pub(crate) fn end_consent(tx: &mut Tx<'_>, person: PersonId, purpose: &str, at: Millis) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE consents SET until = $3 WHERE person = $1 AND purpose = $2 AND (until IS NULL OR until > $3)"),
        &[&person, &purpose, &at],
    )?)
}

pub(crate) fn consents(tx: &mut Tx<'_>, person: PersonId, purpose: &str, now: Millis) -> Result<i64> {
    let n: (i64,) = tx.one(
        sql!("SELECT count(*) FROM consents WHERE person = $1 AND purpose = $2 AND at <= $3 AND (until IS NULL OR until > $3)"),
        &[&person, &purpose, &now],
    )?;
    Ok(n.0)
}

row! {
    pub(crate) struct UnmaskRow { pub(crate) id: Uuid, pub(crate) by_person: Option<PersonId>, pub(crate) post: Option<PostId>, pub(crate) unit: Option<UnitId>, pub(crate) subject: PersonId, pub(crate) purpose: String, pub(crate) at: Millis }
}

pub(crate) fn put_unmask(tx: &mut Tx<'_>, u: &UnmaskRow) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO unmasks (id, by_person, post, unit, subject, purpose, at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        ),
        &[&u.id, &u.by_person, &u.post, &u.unit, &u.subject, &u.purpose, &u.at],
    )?;
    Ok(())
}

pub(crate) fn put_list_read(tx: &mut Tx<'_>, unit: UnitId, day: i64, by: PersonId, at: Millis) -> Result<()> {
    tx.put(
        sql!("INSERT INTO list_reads (unit, day, by_person, at) VALUES ($1, $2, $3, $4) ON CONFLICT (unit, day, by_person) DO NOTHING"),
        &[&unit, &day, &by, &at],
    )?;
    Ok(())
}

row! {
    /// Who read: contact data, or a household list.
    pub(crate) struct ReadRow { pub(crate) what: String, pub(crate) by_person: Option<PersonId>, pub(crate) post: Option<PostId>, pub(crate) unit: Option<UnitId>, pub(crate) purpose: String, pub(crate) at: Millis }
}

/// Who read somebody's contact data, and the household lists of these units since a day: the newest of each.
pub(crate) fn own_reads(
    tx: &mut Tx<'_>,
    subject: PersonId,
    lists: &[UnitId],
    since: i64,
    limit: i64,
) -> Result<Vec<ReadRow>> {
    Ok(tx.all(
        sql!(
            "SELECT * FROM (SELECT 'contact' AS what, by_person, post, unit, purpose, at FROM unmasks WHERE subject = $1 ORDER BY id DESC LIMIT $4) AS contacts
             UNION ALL
             SELECT * FROM (SELECT 'list' AS what, by_person, CAST(NULL AS UUID) AS post, unit, '' AS purpose, at FROM list_reads
             WHERE unit IN UUIDS($2) AND day >= $3 ORDER BY day DESC, by_person DESC LIMIT $4) AS lists
             LIMIT 1000"
        ),
        &[&subject, &lists, &since, &limit],
    )?)
}
