//! Every statement of the cases capability.
use linli_core::{MatterId, Millis, PersonId, PlaceId, Result, Sealed, UnitId};
use linli_db::{Asked, FromRow, Json, Row, Tx, sql};
use serde_json::Value;
use uuid::Uuid;

linli_db::row! {
    /// What a case knows beyond its matter.
    #[derive(Debug, Clone)]
    pub struct Case {
        /// Its matter.
        pub matter: MatterId,
        /// Entered by staff for a resident, with consent.
        pub on_behalf: bool,
        /// The unit that dispatched it last: where a first return goes.
        pub sender: Option<UnitId>,
        /// The unit that handles it, while somebody else has the turn (approval, ruling).
        pub handler: Option<UnitId>,
        /// Who answered last: a redo goes to somebody else.
        pub answered_by: Option<PersonId>,
        /// How often it was returned.
        pub returns: i64,
        /// A common superior has ruled: no more returns.
        pub ruled: bool,
        /// When it was dispatched last: the return window counts from here.
        pub dispatched: Option<Millis>,
        /// When the reporter was first contacted.
        pub contacted: Option<Millis>,
        /// The one extension has been granted.
        pub extended: bool,
        /// What awaits approval: `extension` or `pause`.
        pub asked: Option<String>,
        /// Working days asked for.
        pub asked_days: Option<i64>,
        /// The day a pause shall end.
        pub asked_until: Option<Millis>,
        /// The unit's claim: solved, partly, explained, declined, withdrawn.
        pub outcome: Option<String>,
        /// The resident's verdict.
        pub satisfied: Option<bool>,
        /// What the resident says of the problem itself.
        pub solved: Option<bool>,
        /// How often the resident was not satisfied.
        pub dissatisfied: i64,
        /// What the independent call-back found.
        pub called_solved: Option<bool>,
    }
}

pub(crate) fn case(tx: &mut Tx<'_>, matter: MatterId) -> Result<Option<Case>> {
    Ok(tx.opt(
        sql!(
            "SELECT matter, on_behalf, sender, handler, answered_by, returns, ruled, dispatched, contacted, extended, asked, asked_days,
             asked_until, outcome, satisfied, solved, dissatisfied, called_solved FROM cases WHERE matter = $1 LIMIT 1"
        ),
        &[&matter],
    )?)
}

/// A case, and of its place what rules decide by.
pub(crate) struct Placed {
    pub(crate) case: Case,
    pub(crate) spot: Option<Spot>,
}

/// Where a place lies.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    /// building, door, dwelling or spot.
    pub(crate) kind: String,
    /// Its committee.
    pub(crate) committee: UnitId,
    /// The estate, micro-grid and building group it lies in.
    pub(crate) within: [Option<UnitId>; 3],
}

impl FromRow for Placed {
    const COLUMNS: usize = Case::COLUMNS + 5;
    fn from_row(row: &Row<'_>) -> linli_db::Result<Placed> {
        let at = |n: usize| Case::COLUMNS + n;
        let within = [row.get(at(2))?, row.get(at(3))?, row.get(at(4))?];
        let spot = row.get::<Option<String>>(at(0))?.zip(row.get::<Option<UnitId>>(at(1))?);
        let spot = spot.map(|(kind, committee)| Spot { kind, committee, within });
        Ok(Placed { case: Case::from_row(row)?, spot })
    }
}

/// The same with its place: what a page of a case asks, to be taken with the rest.
pub(crate) fn ask_placed(tx: &mut Tx<'_>, matter: MatterId, place: Option<PlaceId>) -> Result<Asked<Placed>> {
    Ok(tx.ask(
        sql!(
            "SELECT c.matter, c.on_behalf, c.sender, c.handler, c.answered_by, c.returns, c.ruled, c.dispatched, c.contacted, c.extended, c.asked,
             c.asked_days, c.asked_until, c.outcome, c.satisfied, c.solved, c.dissatisfied, c.called_solved,
             p.kind, p.committee, p.estate, p.micro_grid, p.grp FROM cases c LEFT JOIN place_facts p ON p.id = $2 WHERE c.matter = $1 LIMIT 1"
        ),
        &[&matter, &place],
    )?)
}

pub(crate) fn placed(tx: &mut Tx<'_>, asked: Asked<Placed>) -> Result<Option<Placed>> {
    Ok(tx.take(asked)?.into_iter().next())
}

pub(crate) fn put_case(tx: &mut Tx<'_>, matter: MatterId, on_behalf: bool) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO cases (matter, on_behalf, returns, ruled, extended, dissatisfied) VALUES ($1, $2, 0, FALSE, FALSE, 0)"
        ),
        &[&matter, &on_behalf],
    )?;
    Ok(())
}

pub(crate) fn set_case(tx: &mut Tx<'_>, c: &Case) -> Result<()> {
    tx.put(
        sql!(
            "UPDATE cases SET sender = $2, handler = $3, answered_by = $4, returns = $5, ruled = $6, dispatched = $7, contacted = $8,
             extended = $9, asked = $10, asked_days = $11, asked_until = $12, outcome = $13, satisfied = $14, solved = $15,
             dissatisfied = $16, called_solved = $17 WHERE matter = $1"
        ),
        &[
            &c.matter, &c.sender, &c.handler, &c.answered_by, &c.returns, &c.ruled, &c.dispatched, &c.contacted, &c.extended, &c.asked,
            &c.asked_days, &c.asked_until, &c.outcome, &c.satisfied, &c.solved, &c.dissatisfied, &c.called_solved,
        ],
    )?;
    Ok(())
}

linli_db::row! {
    /// A category of problems.
    #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
    pub struct Category {
        /// Its stable code.
        pub code: String,
        /// The category above it.
        pub parent: Option<String>,
        /// Its place among its siblings.
        pub sort: i64,
        /// Chinese name.
        pub name_zh: String,
        /// English name.
        pub name_en: String,
        /// Example sentences, one a line, from which suggestions are learnt.
        pub examples: String,
        /// Which terms apply.
        pub term_class: String,
        /// How far it may be seen: root, committee, estate, group or private.
        pub audience: String,
        /// Life and safety: the emergency numbers come first.
        pub danger: bool,
        /// Why a photo is asked for, if it is.
        pub proof: Option<String>,
    }
}

pub(crate) fn categories(tx: &mut Tx<'_>, at: Millis) -> Result<Vec<Category>> {
    Ok(tx.all(
        sql!(
            "SELECT code, parent, sort, name_zh, name_en, examples, term_class, audience, danger, proof FROM categories
             WHERE valid_from <= $1 AND (valid_until IS NULL OR valid_until > $1) ORDER BY sort, code LIMIT 2000"
        ),
        &[&at],
    )?)
}

pub(crate) fn put_category(tx: &mut Tx<'_>, c: &Category, from: Millis) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO categories (code, parent, sort, name_zh, name_en, examples, term_class, audience, danger, proof, valid_from)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (code) DO UPDATE SET parent = excluded.parent, sort = excluded.sort, name_zh = excluded.name_zh,
             name_en = excluded.name_en, examples = excluded.examples, term_class = excluded.term_class, audience = excluded.audience,
             danger = excluded.danger, proof = excluded.proof, valid_until = NULL"
        ),
        &[
            &c.code, &c.parent, &c.sort, &c.name_zh, &c.name_en, &c.examples, &c.term_class, &c.audience, &c.danger, &c.proof, &from,
        ],
    )?;
    Ok(())
}

pub(crate) fn end_category(tx: &mut Tx<'_>, code: &str, at: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("UPDATE categories SET valid_until = $2 WHERE code = $1"), &[&code, &at])?)
}

linli_db::row! {
    /// Who acts, who pays, by which article: one line of the public responsibility list.
    #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
    pub struct Responsibility {
        /// Its id.
        #[serde(default)]
        pub id: Uuid,
        /// The category.
        pub category: String,
        /// Who acts, in Chinese.
        pub actor_zh: String,
        /// Who acts, in English.
        pub actor_en: String,
        /// Who pays, in Chinese.
        pub pays_zh: String,
        /// Who pays, in English.
        pub pays_en: String,
        /// By which article, in Chinese.
        pub article_zh: String,
        /// By which article, in English.
        pub article_en: String,
        /// 法定 when true, otherwise 建议做法.
        pub statutory: bool,
    }
}

pub(crate) fn responsibilities(tx: &mut Tx<'_>, at: Millis) -> Result<Vec<Responsibility>> {
    Ok(tx.all(
        sql!(
            "SELECT id, category, actor_zh, actor_en, pays_zh, pays_en, article_zh, article_en, statutory FROM responsibilities
             WHERE valid_from <= $1 AND (valid_until IS NULL OR valid_until > $1) ORDER BY category, id LIMIT 2000"
        ),
        &[&at],
    )?)
}

pub(crate) fn put_responsibility(tx: &mut Tx<'_>, r: &Responsibility, from: Millis) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO responsibilities (id, category, actor_zh, actor_en, pays_zh, pays_en, article_zh, article_en, statutory, valid_from)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        ),
        &[
            &r.id, &r.category, &r.actor_zh, &r.actor_en, &r.pays_zh, &r.pays_en, &r.article_zh, &r.article_en, &r.statutory, &from,
        ],
    )?;
    Ok(())
}

pub(crate) fn end_responsibility(tx: &mut Tx<'_>, id: Uuid, at: Millis) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE responsibilities SET valid_until = $2 WHERE id = $1 AND valid_until IS NULL"),
        &[&id, &at],
    )?)
}

linli_db::row! {
    /// One routing rule.
    #[derive(Debug, Clone)]
    pub struct RuleRow {
        /// Its id.
        pub id: Uuid,
        /// The unit within which it holds.
        pub scope: UnitId,
        /// `report`: where a new case goes; `dispatch`: where the one-tap dispatch sends it.
        pub stage: String,
        /// The category it is for (and those under it); none: all.
        pub category: Option<String>,
        /// Facts that must hold: name → value.
        pub facts: Json<Value>,
        /// Where to: `committee`, `above`, `serving:KIND` or `unit:CODE`.
        pub target: String,
        /// Why, in Chinese.
        pub note_zh: String,
        /// Why, in English.
        pub note_en: String,
        /// Who made it.
        pub author: Option<PersonId>,
        /// From when it holds.
        pub valid_from: Millis,
        /// Until when.
        pub valid_until: Option<Millis>,
    }
}

pub(crate) fn rules(tx: &mut Tx<'_>) -> Result<Vec<RuleRow>> {
    Ok(tx.all(
        sql!(
            "SELECT id, scope, stage, category, facts, target, note_zh, note_en, author, valid_from, valid_until FROM routing_rules
             ORDER BY id LIMIT 5000"
        ),
        &[],
    )?)
}

pub(crate) fn put_rule(tx: &mut Tx<'_>, r: &RuleRow, at: Millis) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO routing_rules (id, scope, stage, category, facts, target, note_zh, note_en, author, at, valid_from, valid_until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        ),
        &[
            &r.id, &r.scope, &r.stage, &r.category, &r.facts, &r.target, &r.note_zh, &r.note_en, &r.author, &at, &r.valid_from,
            &r.valid_until,
        ],
    )?;
    Ok(())
}

pub(crate) fn end_rule(tx: &mut Tx<'_>, id: Uuid, at: Millis) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE routing_rules SET valid_until = $2 WHERE id = $1 AND (valid_until IS NULL OR valid_until > $2)"),
        &[&id, &at],
    )?)
}

linli_db::row! {
    /// A report being written, or the number of the case that became of it.
    #[derive(Debug, Clone)]
    pub struct DraftRow {
        /// When it was last changed.
        pub at: Millis,
        /// What was typed; none once it is sent.
        pub body: Option<Sealed>,
        /// The case's number, once it is sent.
        pub number: Option<String>,
    }
}

pub(crate) fn draft(tx: &mut Tx<'_>, person: PersonId, key: &str) -> Result<Option<DraftRow>> {
    Ok(tx.opt(
        sql!("SELECT at, body, number FROM report_drafts WHERE person = $1 AND key = $2 LIMIT 1"),
        &[&person, &key],
    )?)
}

/// Keys and times of somebody's last drafts, and the numbers of those sent; newest first.
pub(crate) fn drafts(tx: &mut Tx<'_>, person: PersonId) -> Result<Vec<(String, Millis, Option<String>)>> {
    Ok(tx.all(
        sql!("SELECT key, at, number FROM report_drafts WHERE person = $1 ORDER BY at DESC, key LIMIT 60"),
        &[&person],
    )?)
}

pub(crate) fn put_draft(tx: &mut Tx<'_>, person: PersonId, key: &str, row: &DraftRow) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO report_drafts (person, key, at, body, number) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (person, key) DO UPDATE SET at = excluded.at, body = excluded.body, number = excluded.number"
        ),
        &[&person, &key, &row.at, &row.body, &row.number],
    )?;
    Ok(())
}

pub(crate) fn drop_draft(tx: &mut Tx<'_>, person: PersonId, key: &str) -> Result<()> {
    tx.put(sql!("DELETE FROM report_drafts WHERE person = $1 AND key = $2 AND number IS NULL"), &[&person, &key])?;
    Ok(())
}

/// A draft holds these files now.
pub(crate) fn put_draft_file(tx: &mut Tx<'_>, person: PersonId, key: &str, hash: &str, at: Millis) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO draft_files (person, key, hash, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (person, key, hash) DO UPDATE SET at = excluded.at"
        ),
        &[&person, &key, &hash, &at],
    )?;
    Ok(())
}

/// Files that some draft held before an instant and not since; oldest first.
pub(crate) fn old_draft_files(tx: &mut Tx<'_>, before: Millis, limit: i64) -> Result<Vec<String>> {
    let rows: Vec<(String,)> =
        tx.all(sql!("SELECT hash FROM draft_files WHERE at < $1 ORDER BY at, hash LIMIT $2"), &[&before, &limit])?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

pub(crate) fn drop_draft_files(tx: &mut Tx<'_>, hashes: &[String], before: Millis) -> Result<()> {
    tx.exec(sql!("DELETE FROM draft_files WHERE hash IN TEXTS($1) AND at < $2"), &[&hashes, &before])?;
    Ok(())
}

/// Whether a draft holds the file, or did lately.
pub(crate) fn drafted_file(tx: &mut Tx<'_>, hash: &str) -> Result<bool> {
    Ok(tx.opt::<(String,)>(sql!("SELECT key FROM draft_files WHERE hash = $1 LIMIT 1"), &[&hash])?.is_some())
}

/// Forgets what was not sent since `typed`, and the numbers of what was sent before `sent`.
pub(crate) fn forget_drafts(tx: &mut Tx<'_>, typed: Millis, sent: Millis) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM report_drafts WHERE at < $1 AND (number IS NULL OR at < $2)"), &[&typed, &sent])?)
}

linli_db::row! {
    /// An act, as far as figures count it.
    #[derive(Debug, Clone)]
    pub struct ActFact {
        /// Its matter.
        pub matter: MatterId,
        /// Its place in the timeline.
        pub seq: i64,
        /// The move.
        pub act: String,
        /// The state it left.
        pub from: String,
        /// When.
        pub at: Millis,
        /// The unit that acted.
        pub unit: Option<UnitId>,
        /// Who has the matter since.
        pub owner: Option<UnitId>,
        /// Codes and ids.
        pub data: Json<Value>,
    }
}

linli_db::row! {
    /// A stage clock, as far as figures count it.
    #[derive(Debug, Clone)]
    pub struct ClockFact {
        /// Its matter.
        pub matter: MatterId,
        /// The stage.
        pub stage: String,
        /// The unit that owed it.
        pub unit: UnitId,
        /// Until when.
        pub due: Millis,
        /// When it stopped.
        pub stopped: Option<Millis>,
    }
}

/// The acts of at most a hundred matters; the order is the caller's.
pub(crate) fn act_facts(tx: &mut Tx<'_>, matters: &[Uuid]) -> Result<Vec<ActFact>> {
    Ok(tx.all(
        sql!("SELECT matter, seq, move, from_state, at, unit, owner, data FROM act_facts WHERE matter IN UUIDS($1) LIMIT 50000"),
        &[&matters],
    )?)
}

pub(crate) fn clock_facts(tx: &mut Tx<'_>, matters: &[Uuid]) -> Result<Vec<ClockFact>> {
    Ok(tx.all(
        sql!("SELECT matter, stage, unit, due, stopped FROM clock_facts WHERE matter IN UUIDS($1) LIMIT 50000"),
        &[&matters],
    )?)
}

/// The matters in which a unit has taken part, newest first.
pub(crate) fn took_part(tx: &mut Tx<'_>, unit: UnitId, before: Uuid, limit: i64) -> Result<Vec<(MatterId,)>> {
    Ok(tx.all(
        sql!("SELECT matter FROM party_facts WHERE unit = $1 AND matter < $2 ORDER BY matter DESC LIMIT $3"),
        &[&unit, &before, &limit],
    )?)
}

/// Everybody's, in the order in which they were made.
pub(crate) fn inbox_views(tx: &mut Tx<'_>) -> Result<Vec<(PersonId, Uuid, Sealed)>> {
    Ok(tx.all(sql!("SELECT person, id, body FROM inbox_views ORDER BY id LIMIT 100000"), &[])?)
}

pub(crate) fn put_inbox_view(tx: &mut Tx<'_>, id: Uuid, person: PersonId, at: Millis, body: &Sealed) -> Result<()> {
    tx.put(sql!("INSERT INTO inbox_views (id, person, at, body) VALUES ($1, $2, $3, $4)"), &[&id, &person, &at, body])?;
    Ok(())
}

pub(crate) fn drop_inbox_view(tx: &mut Tx<'_>, id: Uuid, person: PersonId) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM inbox_views WHERE id = $1 AND person = $2"), &[&id, &person])?)
}
