//! Every statement of the matters engine.
use crate::matter::Matter;
use linli_core::{ActId, FileId, MatterId, Millis, PersonId, PlaceId, PostId, Result, UnitId};
use linli_db::{Asked, Engine, FromRow, Json, Row, Tx, sql};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;
use work_calendar::Event;

/// `SELECT *` on purpose: the table's columns stand in the order of [`Matter`]'s fields.
pub(crate) fn by_id(tx: &mut Tx<'_>, id: MatterId) -> Result<Option<Matter>> {
    Ok(tx.opt(sql!("SELECT * FROM matters WHERE id = $1 LIMIT 1"), &[&id])?)
}

pub(crate) fn ask_by_number(tx: &mut Tx<'_>, number: &str) -> Result<Asked<Matter>> {
    Ok(tx.ask(sql!("SELECT * FROM matters WHERE number = $1 LIMIT 1"), &[&number])?)
}

/// Open matters at any of these places; ordered here, because the index answers place by place.
pub(crate) fn open_at_places(tx: &mut Tx<'_>, places: &[PlaceId]) -> Result<Vec<Matter>> {
    let mut found: Vec<Matter> =
        tx.all(sql!("SELECT * FROM matters WHERE place IN UUIDS($1) AND open LIMIT 1000"), &[&places])?;
    found.sort_by_key(|m| std::cmp::Reverse(m.id));
    Ok(found)
}

pub(crate) fn put(tx: &mut Tx<'_>, m: &Matter) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO matters (id, number, kind, version, state, title, category, term_class, place, place_name, committee, owner, assignee,
             reporter, audience, named, parent, open, supervised, redo, revision, opened, due, closed, u1, u2, u3, u4, u5, u6)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
             $25, $26, $27, $28, $29, $30)"
        ),
        &[
            &m.id, &m.number, &m.kind, &m.version, &m.state, &m.title, &m.category, &m.term_class, &m.place, &m.place_name,
            &m.committee, &m.owner, &m.assignee, &m.reporter, &m.audience, &m.named, &m.parent, &m.open, &m.supervised, &m.redo,
            &m.revision, &m.opened, &m.due, &m.closed, &m.u1, &m.u2, &m.u3, &m.u4, &m.u5, &m.u6,
        ],
    )?;
    Ok(())
}

/// Writes what a move changed. The matter was read in this same transaction, so nobody else can have moved it since; and two
/// acts of one matter never have the same number.
pub(crate) fn set(tx: &mut Tx<'_>, m: &Matter) -> Result<()> {
    tx.put(
        sql!(
            "UPDATE matters SET state = $2, title = $3, category = $4, term_class = $5, owner = $6, assignee = $7, audience = $8, named = $9,
             open = $10, supervised = $11, redo = $12, revision = $13, due = $14, closed = $15, reporter = $16 WHERE id = $1"
        ),
        &[
            &m.id, &m.state, &m.title, &m.category, &m.term_class, &m.owner, &m.assignee, &m.audience, &m.named, &m.open,
            &m.supervised, &m.redo, &m.revision, &m.due, &m.closed, &m.reporter,
        ],
    )?;
    Ok(())
}

/// The next running number of a committee's year. Two statements, because of what is said at [`count`]: on SQLite one that gives
/// rows back counts as changing several.
pub(crate) fn next_number(tx: &mut Tx<'_>, committee: UnitId, year: i64) -> Result<i64> {
    tx.put(
        sql!(
            "INSERT INTO matter_numbers (committee, year, next) VALUES ($1, $2, 1)
             ON CONFLICT (committee, year) DO UPDATE SET next = matter_numbers.next + 1"
        ),
        &[&committee, &year],
    )?;
    let (n,) = tx.one::<(i64,)>(
        sql!("SELECT next FROM matter_numbers WHERE committee = $1 AND year = $2 LIMIT 1"),
        &[&committee, &year],
    )?;
    Ok(n)
}

linli_db::row! {
    /// One entry of a timeline.
    #[derive(Debug, Clone)]
    pub struct Act {
        /// Its id.
        pub id: ActId,
        /// Its place in the timeline, from 1.
        pub seq: i64,
        /// The move's act, `kind.move`.
        pub act: String,
        /// The state before.
        pub from_state: String,
        /// The state after.
        pub to_state: String,
        /// When.
        pub at: Millis,
        /// Who; none for the system.
        pub person: Option<PersonId>,
        /// From which post.
        pub post: Option<PostId>,
        /// For which unit.
        pub unit: Option<UnitId>,
        /// In which role.
        pub role: String,
        /// Whose turn it was afterwards.
        pub owner: Option<UnitId>,
        /// By when.
        pub due: Option<Millis>,
        /// Who reads its words: all, party or staff.
        pub readers: String,
        /// Codes and ids.
        pub data: Json<Value>,
        /// SHA-256 of salt and words, when there were words.
        pub commitment: Option<Vec<u8>>,
        /// The words, unless there are none or they were erased.
        pub words: Option<String>,
    }
}

pub(crate) struct NewAct<'a> {
    pub(crate) id: ActId,
    pub(crate) matter: MatterId,
    pub(crate) seq: i64,
    pub(crate) act: &'a str,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) at: Millis,
    pub(crate) person: Option<PersonId>,
    pub(crate) post: Option<PostId>,
    pub(crate) unit: Option<UnitId>,
    pub(crate) role: &'a str,
    pub(crate) via: &'a str,
    pub(crate) committee: UnitId,
    pub(crate) owner: Option<UnitId>,
    pub(crate) due: Option<Millis>,
    pub(crate) readers: &'a str,
    pub(crate) data: &'a Value,
    pub(crate) commitment: Option<Vec<u8>>,
}

pub(crate) fn put_act(tx: &mut Tx<'_>, a: &NewAct<'_>) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO acts (id, matter, seq, move, from_state, to_state, at, person, post, unit, role, via, committee, owner, due,
             audience, data, commitment) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
        ),
        &[
            &a.id, &a.matter, &a.seq, &a.act, &a.from, &a.to, &a.at, &a.person, &a.post, &a.unit, &a.role, &a.via, &a.committee,
            &a.owner, &a.due, &a.readers, &Json(a.data), &a.commitment,
        ],
    )?;
    Ok(())
}

pub(crate) fn put_words(tx: &mut Tx<'_>, act: ActId, matter: MatterId, words: &str, salt: &[u8]) -> Result<()> {
    tx.put(
        sql!("INSERT INTO act_words (act, matter, words, salt) VALUES ($1, $2, $3, $4)"),
        &[&act, &matter, &words, &salt],
    )?;
    Ok(())
}

pub(crate) fn erase_words(tx: &mut Tx<'_>, matter: MatterId, act: ActId) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM act_words WHERE act = $1 AND matter = $2"), &[&act, &matter])?)
}

/// The words and salt behind an act's commitment, for whoever recomputes it.
pub(crate) fn words_of(tx: &mut Tx<'_>, act: ActId) -> Result<Option<(String, Vec<u8>)>> {
    Ok(tx.opt(sql!("SELECT words, salt FROM act_words WHERE act = $1 LIMIT 1"), &[&act])?)
}

/// Acts after a number, oldest first.
pub(crate) fn acts(tx: &mut Tx<'_>, matter: MatterId, after: i64, limit: i64) -> Result<Vec<Act>> {
    let asked = ask_acts(tx, matter, after, limit)?;
    taken(tx, asked)
}

pub(crate) fn taken<T: FromRow>(tx: &mut Tx<'_>, asked: Asked<T>) -> Result<Vec<T>> {
    Ok(tx.take(asked)?)
}

/// The same, to be taken later.
pub(crate) fn ask_acts(tx: &mut Tx<'_>, matter: MatterId, after: i64, limit: i64) -> Result<Asked<Act>> {
    Ok(tx.ask(
        sql!(
            "SELECT a.id, a.seq, a.move, a.from_state, a.to_state, a.at, a.person, a.post, a.unit, a.role, a.owner, a.due, a.audience,
             a.data, a.commitment, w.words FROM acts a LEFT JOIN act_words w ON w.act = a.id
             WHERE a.matter = $1 AND a.seq > $2 ORDER BY a.seq LIMIT $3"
        ),
        &[&matter, &after, &limit],
    )?)
}

/// The acts of one kind, newest first.
pub(crate) fn acts_of(tx: &mut Tx<'_>, matter: MatterId, act: &str) -> Result<Vec<Act>> {
    Ok(tx.all(
        sql!(
            "SELECT a.id, a.seq, a.move, a.from_state, a.to_state, a.at, a.person, a.post, a.unit, a.role, a.owner, a.due, a.audience,
             a.data, a.commitment, w.words FROM acts a LEFT JOIN act_words w ON w.act = a.id
             WHERE a.matter = $1 AND a.move = $2 ORDER BY a.seq DESC LIMIT 20"
        ),
        &[&matter, &act],
    )?)
}

pub(crate) fn parties(tx: &mut Tx<'_>, matter: MatterId) -> Result<Vec<UnitId>> {
    Ok(tx
        .all::<(UnitId,)>(sql!("SELECT unit FROM matter_parties WHERE matter = $1 LIMIT 100"), &[&matter])?
        .into_iter()
        .map(|r| r.0)
        .collect())
}

pub(crate) fn put_party(tx: &mut Tx<'_>, matter: MatterId, unit: UnitId, at: Millis) -> Result<()> {
    tx.put(
        sql!("INSERT INTO matter_parties (matter, unit, at) VALUES ($1, $2, $3) ON CONFLICT (matter, unit) DO NOTHING"),
        &[&matter, &unit, &at],
    )?;
    Ok(())
}

linli_db::row! {
    #[derive(Debug, Clone)]
    pub(crate) struct ClockRow {
        pub(crate) id: Uuid, pub(crate) matter: MatterId, pub(crate) stage: String, pub(crate) unit: UnitId, pub(crate) running: bool,
        pub(crate) started: Millis, pub(crate) due: Millis, pub(crate) stopped: Option<Millis>, pub(crate) provisional: bool,
        pub(crate) warned: i64, pub(crate) alarm: Option<Millis>, pub(crate) events: Json<Vec<Event>>,
    }
}

pub(crate) fn clocks(tx: &mut Tx<'_>, matter: MatterId) -> Result<Vec<ClockRow>> {
    let asked = ask_clocks(tx, matter)?;
    taken(tx, asked)
}

pub(crate) fn ask_clocks(tx: &mut Tx<'_>, matter: MatterId) -> Result<Asked<ClockRow>> {
    Ok(tx.ask(
        sql!(
            "SELECT id, matter, stage, unit, running, started, due, stopped, provisional, warned, alarm, events FROM clocks
             WHERE matter = $1 ORDER BY started LIMIT 200"
        ),
        &[&matter],
    )?)
}

pub(crate) fn alarmed(tx: &mut Tx<'_>, now: Millis, limit: i64) -> Result<Vec<ClockRow>> {
    Ok(tx.all(
        sql!(
            "SELECT id, matter, stage, unit, running, started, due, stopped, provisional, warned, alarm, events FROM clocks
             WHERE alarm <= $1 ORDER BY alarm, id LIMIT $2"
        ),
        &[&now, &limit],
    )?)
}

pub(crate) fn provisional(tx: &mut Tx<'_>, after: Uuid, limit: i64) -> Result<Vec<(Uuid, MatterId)>> {
    Ok(tx.all(
        sql!("SELECT id, matter FROM clocks WHERE provisional AND stopped IS NULL AND id > $1 ORDER BY id LIMIT $2"),
        &[&after, &limit],
    )?)
}

pub(crate) fn put_clock(tx: &mut Tx<'_>, c: &ClockRow) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO clocks (id, matter, stage, unit, running, started, due, stopped, provisional, warned, alarm, events)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        ),
        &[
            &c.id, &c.matter, &c.stage, &c.unit, &c.running, &c.started, &c.due, &c.stopped, &c.provisional, &c.warned, &c.alarm,
            &c.events,
        ],
    )?;
    Ok(())
}

pub(crate) fn set_clock(tx: &mut Tx<'_>, c: &ClockRow) -> Result<()> {
    tx.put(
        sql!(
            "UPDATE clocks SET unit = $2, running = $3, due = $4, stopped = $5, provisional = $6, warned = $7, alarm = $8, events = $9
             WHERE id = $1"
        ),
        &[&c.id, &c.unit, &c.running, &c.due, &c.stopped, &c.provisional, &c.warned, &c.alarm, &c.events],
    )?;
    Ok(())
}

linli_db::row! {
    /// An attachment as shown.
    #[derive(Debug, Clone)]
    pub struct FileRow {
        /// Its id.
        pub id: FileId,
        /// The act it came with.
        pub act: ActId,
        /// Its name in the file store.
        pub hash: String,
        /// Media type.
        pub mime: String,
        /// Bytes.
        pub size: i64,
        /// What the sender called it.
        pub name: String,
    }
}

pub(crate) fn put_file(
    tx: &mut Tx<'_>,
    id: FileId,
    matter: MatterId,
    act: ActId,
    f: &linli_core::Upload,
) -> Result<()> {
    tx.put(
        sql!("INSERT INTO files (id, matter, act, hash, mime, size, name) VALUES ($1, $2, $3, $4, $5, $6, $7)"),
        &[&id, &matter, &act, &f.hash, &f.mime, &f.size, &f.name],
    )?;
    Ok(())
}

/// A file with the matter it belongs to.
pub(crate) fn file(tx: &mut Tx<'_>, id: FileId) -> Result<Option<(MatterId, FileRow)>> {
    let row = tx.opt::<FileRow>(
        sql!("SELECT id, act, hash, mime, size, name FROM files WHERE id = $1 AND erased IS NULL LIMIT 1"),
        &[&id],
    )?;
    let matter = tx.opt::<(MatterId,)>(sql!("SELECT matter FROM files WHERE id = $1 LIMIT 1"), &[&id])?;
    Ok(matter.map(|m| m.0).zip(row))
}

pub(crate) fn erase_files(tx: &mut Tx<'_>, matter: MatterId, act: ActId, at: Millis) -> Result<u64> {
    Ok(tx.exec(
        sql!("UPDATE files SET erased = $3 WHERE matter = $1 AND act = $2 AND erased IS NULL"),
        &[&matter, &act, &at],
    )?)
}

/// Raises counters of a committee's day, by one for each time a dimension is named; in the same order by everybody, so that
/// no two wait for each other. On SQLite a row at a time: for a statement of several rows it would write out what its full-text
/// index holds back, to be able to undo half of it.
pub(crate) fn count(tx: &mut Tx<'_>, committee: UnitId, day: i64, dimensions: &[String]) -> Result<()> {
    let mut by_dimension: BTreeMap<&str, i64> = BTreeMap::new();
    dimensions.iter().for_each(|d| *by_dimension.entry(d).or_default() += 1);
    let rows: Vec<(&str, i64)> = by_dimension.into_iter().collect();
    let at_once = if tx.engine() == Engine::Sqlite { 1 } else { rows.len().max(1) };
    for some in rows.chunks(at_once) {
        let (dimensions, n): (Vec<&str>, Vec<i64>) = some.iter().copied().unzip();
        tx.put(
            sql!(
                sqlite "INSERT INTO counters (committee, day, dimension, n) VALUES ($1, $2, $3 ->> 0, $4 ->> 0)
                        ON CONFLICT (committee, day, dimension) DO UPDATE SET n = counters.n + excluded.n",
                pg "INSERT INTO counters (committee, day, dimension, n) SELECT $1::uuid, $2::bigint, d, n FROM unnest($3::text[], $4::bigint[]) AS u (d, n)
                    ON CONFLICT (committee, day, dimension) DO UPDATE SET n = counters.n + excluded.n"
            ),
            &[&committee, &day, &dimensions, &n],
        )?;
    }
    Ok(())
}

/// Sums by dimension. On SQLite, where a day's counters lie together, each day is looked up by itself.
pub(crate) fn sums_within(tx: &mut Tx<'_>, committees: &[Uuid], from: i64, to: i64) -> Result<Vec<(String, i64)>> {
    Ok(tx.all(
        sql!(
            sqlite "WITH RECURSIVE days (day) AS (SELECT $2 + 0 UNION ALL SELECT day + 1 FROM days WHERE day < $3)
                    SELECT dimension, CAST(sum(n) AS BIGINT) FROM counters WHERE committee IN UUIDS($1) AND day IN (SELECT day FROM days)
                    GROUP BY dimension LIMIT 20000",
            pg "SELECT dimension, CAST(sum(n) AS BIGINT) FROM counters WHERE committee IN UUIDS($1) AND day >= $2 AND day <= $3
                GROUP BY dimension LIMIT 20000"
        ),
        &[&committees, &from, &to],
    )?)
}

pub(crate) fn sums_of_dimensions(
    tx: &mut Tx<'_>,
    dimensions: &[String],
    from: i64,
    to: i64,
) -> Result<Vec<(String, i64)>> {
    Ok(tx.all(
        sql!(
            "SELECT dimension, CAST(sum(n) AS BIGINT) FROM counters WHERE dimension IN TEXTS($1) AND day >= $2 AND day <= $3
             GROUP BY dimension LIMIT 200"
        ),
        &[&dimensions, &from, &to],
    )?)
}

pub(crate) fn daily(
    tx: &mut Tx<'_>,
    dimension: &str,
    committees: &[Uuid],
    from: i64,
    to: i64,
) -> Result<Vec<(i64, i64)>> {
    Ok(tx.all(
        sql!(
            sqlite "WITH RECURSIVE days (day) AS (SELECT $3 + 0 UNION ALL SELECT day + 1 FROM days WHERE day < $4)
                    SELECT day, CAST(sum(n) AS BIGINT) FROM counters WHERE dimension = $1 AND committee IN UUIDS($2) AND day IN (SELECT day FROM days)
                    GROUP BY day ORDER BY day LIMIT 400",
            pg "SELECT day, CAST(sum(n) AS BIGINT) FROM counters WHERE dimension = $1 AND committee IN UUIDS($2) AND day >= $3 AND day <= $4
                GROUP BY day ORDER BY day LIMIT 400"
        ),
        &[&dimension, &committees, &from, &to],
    )?)
}

pub(crate) fn put_link(tx: &mut Tx<'_>, id: Uuid, a: MatterId, b: MatterId, kind: &str, at: Millis) -> Result<()> {
    tx.put(
        sql!("INSERT INTO matter_links (id, matter, other, kind, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (matter, other, kind) DO NOTHING"),
        &[&id, &a, &b, &kind, &at],
    )?;
    Ok(())
}

/// A matter asked for (`kind` is empty), or one it is related to: by a link in either direction, as what it spawned or as
/// what spawned it.
#[derive(Debug)]
pub(crate) struct Kin {
    pub(crate) matter: Matter,
    pub(crate) kind: String,
    pub(crate) at: Millis,
    /// With the matter asked for, how many are due at the desks named with it.
    pub(crate) due: i64,
}

impl FromRow for Kin {
    const COLUMNS: usize = Matter::COLUMNS + 3;
    fn from_row(row: &Row<'_>) -> linli_db::Result<Kin> {
        let n = Matter::COLUMNS;
        Ok(Kin { matter: Matter::from_row(row)?, kind: row.get(n)?, at: row.get(n + 1)?, due: row.get(n + 2)? })
    }
}

/// How many matters of these desks are due before an instant, all together; counted no further than `most`.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) desks: Vec<Uuid>,
    pub(crate) before: Millis,
    pub(crate) most: i64,
}

/// Asks for a matter by its id or its number, and its kin: every page of a matter shows both; and for what is due beside it.
pub(crate) fn ask_kin(tx: &mut Tx<'_>, id: Option<MatterId>, number: Option<&str>, due: &Due) -> Result<Asked<Kin>> {
    Ok(tx.ask(
        sql!(
            "WITH asked AS (SELECT id, parent FROM matters WHERE id = $1 OR number = $2)
             SELECT m.*, '', m.opened, (SELECT count(*) FROM (SELECT 1 FROM matters WHERE open AND owner IN UUIDS($3) AND due < $4 LIMIT $5) AS d)
             FROM asked JOIN matters m ON m.id = asked.id
             UNION ALL SELECT m.*, l.kind, l.at, 0 FROM asked JOIN matter_links l ON l.matter = asked.id JOIN matters m ON m.id = l.other
             UNION ALL SELECT m.*, l.kind, l.at, 0 FROM asked JOIN matter_links l ON l.other = asked.id JOIN matters m ON m.id = l.matter
             UNION ALL SELECT m.*, 'child', m.opened, 0 FROM asked JOIN matters m ON m.parent = asked.id
             UNION ALL SELECT m.*, 'parent', m.opened, 0 FROM asked JOIN matters m ON m.id = asked.parent
             LIMIT 200"
        ),
        &[&id, &number, &due.desks.as_slice(), &due.before, &due.most],
    )?)
}

/// The matter that was asked for, first, and then its kin.
pub(crate) fn with_kin(tx: &mut Tx<'_>, asked: Asked<Kin>) -> Result<Vec<Kin>> {
    let mut found = tx.take(asked)?;
    found.sort_by_key(|k| match k.kind.as_str() {
        "" => (0, k.at),
        "child" => (2, k.at),
        "parent" => (3, k.at),
        _ => (1, k.at),
    });
    Ok(found)
}

/// What hangs on a matter besides its acts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// The units that have taken part, in it and in its kin.
    pub(crate) parties: Vec<(MatterId, UnitId)>,
    /// Files that were not erased, oldest first.
    pub(crate) files: Vec<FileRow>,
    /// Its clocks, oldest first.
    pub(crate) clocks: Vec<ClockRow>,
}

linli_db::row! {
    pub(crate) struct AroundRow {
        what: String, id: Uuid, of: Uuid, word: String, n: i64, running: Option<bool>, due: Option<Millis>, stopped: Option<Millis>,
        provisional: Option<bool>, warned: Option<i64>, alarm: Option<Millis>, events: Option<Json<Vec<Event>>>, mime: Option<String>,
        name: Option<String>,
    }
}

/// One statement for three short lists: every page of a matter asks for all of them, and most are empty. Parties and clocks
/// are only asked for by whoever works (`inside`): to others they neither give rights nor are they shown.
pub(crate) fn ask_around(
    tx: &mut Tx<'_>,
    matter: MatterId,
    all: &[MatterId],
    inside: bool,
) -> Result<Asked<AroundRow>> {
    Ok(tx.ask(
        sql!(
            "SELECT 'clock', id, unit, stage, started, running, due, stopped, provisional, warned, alarm, events, CAST(NULL AS TEXT), CAST(NULL AS TEXT)
             FROM clocks WHERE matter = $1 AND $3
             UNION ALL SELECT 'party', matter, unit, '', at, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
             FROM matter_parties WHERE matter IN UUIDS($2) AND $3
             UNION ALL SELECT 'file', id, act, hash, size, NULL, NULL, NULL, NULL, NULL, NULL, NULL, mime, name
             FROM files WHERE matter = $1 AND erased IS NULL
             LIMIT 2000"
        ),
        &[&matter, &all, &inside],
    )?)
}

pub(crate) fn around(tx: &mut Tx<'_>, matter: MatterId, asked: Asked<AroundRow>) -> Result<Around> {
    let mut found = Around::default();
    for r in tx.take(asked)? {
        match r.what.as_str() {
            "party" => found.parties.push((r.id.into(), r.of.into())),
            "file" => found.files.push(FileRow {
                id: r.id.into(),
                act: r.of.into(),
                hash: r.word,
                mime: r.mime.unwrap_or_default(),
                size: r.n,
                name: r.name.unwrap_or_default(),
            }),
            _ => found.clocks.push(ClockRow {
                id: r.id,
                matter,
                stage: r.word,
                unit: r.of.into(),
                running: r.running.unwrap_or_default(),
                started: r.n,
                due: r.due.unwrap_or_default(),
                stopped: r.stopped,
                provisional: r.provisional.unwrap_or_default(),
                warned: r.warned.unwrap_or_default(),
                alarm: r.alarm,
                events: r.events.unwrap_or(Json(Vec::new())),
            }),
        }
    }
    found.files.sort_by_key(|f| f.id);
    found.clocks.sort_by_key(|c| c.started);
    Ok(found)
}

/// Whether any matter has a file of this content, also one that was erased from view.
pub(crate) fn holds_file(tx: &mut Tx<'_>, hash: &str) -> Result<bool> {
    Ok(tx.opt::<(FileId,)>(sql!("SELECT id FROM files WHERE hash = $1 LIMIT 1"), &[&hash])?.is_some())
}

pub(crate) fn raise_alarm(tx: &mut Tx<'_>, id: Uuid, code: &str, about: &str, at: Millis) -> Result<()> {
    tx.put(
        sql!(
            "INSERT INTO alarms (id, code, about, at, seen) VALUES ($1, $2, $3, $4, 1)
             ON CONFLICT (code, about) DO UPDATE SET seen = alarms.seen + 1, at = excluded.at, solved = NULL"
        ),
        &[&id, &code, &about, &at],
    )?;
    Ok(())
}

linli_db::row! {
    /// Something the duty desk must see to.
    #[derive(Debug, Clone)]
    pub struct Alarm {
        /// Its id.
        pub id: Uuid,
        /// The key of its text.
        pub code: String,
        /// What it is about: an id, a year.
        pub about: String,
        /// When it was last raised.
        pub at: Millis,
        /// How often it was raised.
        pub seen: i64,
    }
}

pub(crate) fn open_alarms(tx: &mut Tx<'_>) -> Result<Vec<Alarm>> {
    Ok(tx.all(
        sql!("SELECT id, code, about, at, seen FROM alarms WHERE solved IS NULL ORDER BY at DESC LIMIT 100"),
        &[],
    )?)
}

pub(crate) fn ownerless(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.one::<(i64,)>(sql!("SELECT count(*) FROM matters WHERE open AND owner IS NULL"), &[])?.0)
}

pub(crate) fn solve_alarm(tx: &mut Tx<'_>, id: Uuid, at: Millis) -> Result<()> {
    tx.put(sql!("UPDATE alarms SET solved = $2 WHERE id = $1"), &[&id, &at])?;
    Ok(())
}
