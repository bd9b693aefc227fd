//! `linli verify`: every row is what the acts say. The acts of each matter are folded and compared with the state that is
//! kept beside them: matters, cases, clocks, parties, counters, words, numbers, index. Whoever doubts a deployment (after
//! a crash, a restore, a repair by hand) runs it; the suite runs it after every kill.
//!
//! It reads the tables of several modules on purpose, with statements of its own: a check that asked the modules would
//! believe what they believe.
use crate::commands::{Done, Failure};
use crate::house::{self, How, Place};
use linli_core::{Actor, Cx, Error, House, Result, UnitId, time};
use linli_db::{Json, Sql, text};
use linli_matters::{Clocked, Matter, Procedure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;
use work_calendar::{Calendars, Clock, Event, Phase};

/// Options of `linli verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// 仅供测试 · Tests only
    #[arg(long, hide = true)]
    weak_durability: bool,
}

/// Prints what was found; a difference is a failure that names the first of them.
pub(crate) fn run(args: Args) -> Done {
    house::existing(&args.place)?;
    let house = house::open(&args.place, How { weak: args.weak_durability, ..How::real() })?;
    let found = check(&house)?;
    crate::commands::print(&format!("{} matters, {} acts, {} faults", found.matters, found.acts, found.faults.len()))?;
    if found.under_way {
        crate::commands::print(
            "辖区调整尚在移交中，所属辖区未核对 · matters are still being handed over: where they lie was not compared",
        )?;
    }
    if found.faults.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(found.faults.iter().take(20).cloned().collect::<Vec<_>>().join("\n")))
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Matters read.
    pub matters: u64,
    /// Acts read.
    pub acts: u64,
    /// What does not agree, in words.
    pub faults: Vec<String>,
    /// Whether the worker is still handing over what a changed boundary has moved: then where matters lie is not compared.
    pub under_way: bool,
}

macro_rules! statement {
    ($name:ident, $n:literal, $text:literal) => {
        static $name: Sql = Sql::unchecked(&text::<$n>($text), &text::<$n>($text), $n);
    };
}
statement!(MATTERS, 1, "SELECT * FROM matters WHERE id > $1 ORDER BY id LIMIT 500");
statement!(
    ACTS,
    2,
    "SELECT a.matter, a.id, a.seq, a.move, a.from_state, a.to_state, a.at, a.person, a.unit, a.owner, a.due, a.committee, a.data,
     a.commitment, w.words, w.salt FROM acts a LEFT JOIN act_words w ON w.act = a.id
     WHERE a.matter >= $1 AND a.matter <= $2 ORDER BY a.matter, a.seq"
);
statement!(
    CLOCKS,
    2,
    "SELECT matter, stage, unit, running, started, due, stopped, alarm, events FROM clocks
     WHERE matter >= $1 AND matter <= $2 ORDER BY matter, started, id"
);
statement!(PARTIES, 2, "SELECT matter, unit FROM matter_parties WHERE matter >= $1 AND matter <= $2");
statement!(
    CASES,
    2,
    "SELECT matter, handler, returns, outcome, satisfied, solved, dissatisfied, called_solved FROM cases
     WHERE matter >= $1 AND matter <= $2"
);
statement!(DOCS, 2, "SELECT id, doc FROM search_docs WHERE id >= $1 AND id <= $2");
// Where the places of matters lie now.
statement!(
    PLACES,
    2,
    "SELECT m.id, p.committee FROM matters m JOIN places p ON p.id = m.place
     WHERE m.id >= $1 AND m.id <= $2 AND p.valid_until IS NULL"
);
statement!(WALKS, 0, "SELECT count(*) FROM jobs WHERE kind = 'matters.hand_over' AND NOT dead");
statement!(BORDERS, 0, "SELECT count(*) FROM deliveries WHERE listener = 'matters.boundary' AND NOT dead");
statement!(COUNTERS, 0, "SELECT committee, day, dimension, n FROM counters");
statement!(NUMBERS, 0, "SELECT committee, year, next FROM matter_numbers");
statement!(COMMANDS, 0, "SELECT sender, key FROM commands WHERE answer IS NULL LIMIT 20");
statement!(
    ORPHAN_WORDS,
    0,
    "SELECT w.act FROM act_words w LEFT JOIN acts a ON a.id = w.act WHERE a.id IS NULL OR a.matter <> w.matter LIMIT 20"
);
statement!(
    ORPHAN_CASES,
    0,
    "SELECT c.matter FROM cases c LEFT JOIN matters m ON m.id = c.matter WHERE m.id IS NULL LIMIT 20"
);
statement!(
    ORPHAN_DELIVERIES,
    0,
    "SELECT d.id FROM deliveries d LEFT JOIN events e ON e.id = d.event WHERE e.id IS NULL LIMIT 20"
);
static INDEXED: Sql =
    Sql::unchecked(&text::<0>("SELECT count(*) FROM search"), &text::<0>("SELECT count(*) FROM search"), 0);

linli_db::row! {
    struct ActRow {
        matter: Uuid, id: Uuid, seq: i64, act: String, from: String, to: String, at: i64, person: Option<Uuid>, unit: Option<UnitId>,
        owner: Option<UnitId>, due: Option<i64>, committee: UnitId, data: Json<Value>, commitment: Option<Vec<u8>>,
        words: Option<String>, salt: Option<Vec<u8>>,
    }
}
linli_db::row! {
    struct ClockRow {
        matter: Uuid, stage: String, unit: UnitId, running: bool, started: i64, due: i64, stopped: Option<i64>, alarm: Option<i64>,
        events: Json<Vec<Event>>,
    }
}
linli_db::row! {
    struct CaseRow {
        matter: Uuid, handler: Option<UnitId>, returns: i64, outcome: Option<String>, satisfied: Option<bool>, solved: Option<bool>,
        dissatisfied: i64, called_solved: Option<bool>,
    }
}

type Counts = BTreeMap<(UnitId, i64, String), i64>;

/// Folds all acts and compares, in one snapshot.
pub fn check(house: &House) -> Result<Found> {
    house.read(&Actor::system(), |cx| {
        let mut all = Check {
            found: Found::default(),
            counts: Counts::new(),
            numbers: BTreeMap::new(),
            children: HashSet::new(),
            spawned: HashSet::new(),
        };
        all.run(cx)?;
        Ok(all.found)
    })
}

struct Check {
    found: Found,
    counts: Counts,
    /// Running numbers by committee and year.
    numbers: BTreeMap<(UnitId, i64), Vec<i64>>,
    children: HashSet<(Uuid, Uuid)>,
    spawned: HashSet<(Uuid, Uuid)>,
}

/// The rows of one matter.
#[derive(Default)]
struct Rows {
    acts: Vec<ActRow>,
    clocks: Vec<ClockRow>,
    parties: BTreeSet<UnitId>,
    case: Option<CaseRow>,
    indexed: bool,
    lies_in: Option<UnitId>,
}

impl Check {
    fn fault(&mut self, what: String) {
        if self.found.faults.len() < 1000 {
            self.found.faults.push(what);
        }
    }

    fn run(&mut self, cx: &mut Cx<'_, '_>) -> Result<()> {
        let work = linli_registry::work(cx)?;
        for waiting in [&WALKS, &BORDERS] {
            self.found.under_way |= cx.tx.one::<(i64,)>(waiting, &[])?.0 > 0;
        }
        let mut after = Uuid::nil();
        loop {
            let page: Vec<Matter> = cx.tx.all(&MATTERS, &[&after])?;
            let (Some(first), Some(last)) = (page.first().map(|m| m.id.0), page.last().map(|m| m.id.0)) else { break };
            after = last;
            let mut rows: HashMap<Uuid, Rows> = HashMap::new();
            for a in cx.tx.all::<ActRow>(&ACTS, &[&first, &last])? {
                rows.entry(a.matter).or_default().acts.push(a);
            }
            for c in cx.tx.all::<ClockRow>(&CLOCKS, &[&first, &last])? {
                rows.entry(c.matter).or_default().clocks.push(c);
            }
            for (matter, unit) in cx.tx.all::<(Uuid, UnitId)>(&PARTIES, &[&first, &last])? {
                rows.entry(matter).or_default().parties.insert(unit);
            }
            for case in cx.tx.all::<CaseRow>(&CASES, &[&first, &last])? {
                let matter = case.matter;
                rows.entry(matter).or_default().case = Some(case);
            }
            for (matter, _) in cx.tx.all::<(Uuid, i64)>(&DOCS, &[&first, &last])? {
                rows.entry(matter).or_default().indexed = true;
            }
            for (matter, committee) in cx.tx.all::<(Uuid, UnitId)>(&PLACES, &[&first, &last])? {
                rows.entry(matter).or_default().lies_in = Some(committee);
            }
            for m in &page {
                let rows = rows.remove(&m.id.0).unwrap_or_default();
                self.found.matters += 1;
                self.found.acts += rows.acts.len() as u64;
                let procedure = linli_matters::kind(cx, &m.kind)?;
                for what in self.matter(cx, m, procedure, &rows, &work.calendars)? {
                    self.fault(format!("{}: {what}", m.number));
                }
            }
        }
        self.whole(cx)
    }

    /// What concerns no single matter.
    fn whole(&mut self, cx: &mut Cx<'_, '_>) -> Result<()> {
        let kept: Counts = cx
            .tx
            .all::<(UnitId, i64, String, i64)>(&COUNTERS, &[])?
            .into_iter()
            .map(|(c, d, k, n)| ((c, d, k), n))
            .collect();
        // When a stage was overdue is known to its clock alone; everything else is counted again from the acts.
        let recounted = |k: &(UnitId, i64, String)| !k.2.starts_with("overdue.");
        for key in kept.keys().chain(self.counts.keys()).filter(|k| recounted(k)).cloned().collect::<BTreeSet<_>>() {
            let (is, should) = (kept.get(&key).copied().unwrap_or(0), self.counts.get(&key).copied().unwrap_or(0));
            if is != should {
                self.fault(format!(
                    "counter {} of {} on {}: {is}, by the acts {should}",
                    key.2,
                    key.0,
                    time::day_text(key.1 as i32)
                ));
            }
        }
        let next: BTreeMap<(UnitId, i64), i64> =
            cx.tx.all::<(UnitId, i64, i64)>(&NUMBERS, &[])?.into_iter().map(|(c, y, n)| ((c, y), n)).collect();
        for (key, mut given) in std::mem::take(&mut self.numbers) {
            given.sort_unstable();
            let dense = given.iter().enumerate().all(|(i, n)| *n == i as i64 + 1);
            if !dense || next.get(&key).copied() != given.last().copied() {
                self.fault(format!(
                    "numbers of {} in {}: {} given, next {:?}, dense: {dense}",
                    key.0,
                    key.1,
                    given.len(),
                    next.get(&key)
                ));
            }
        }
        for (parent, child) in self.children.symmetric_difference(&self.spawned).copied().collect::<Vec<_>>() {
            self.fault(format!("{child} is not both spawned by {parent} and its child"));
        }
        for (sender, key) in cx.tx.all::<(Uuid, String)>(&COMMANDS, &[])? {
            self.fault(format!("command {key} of {sender} has no answer"));
        }
        for (what, orphans) in [("words", &ORPHAN_WORDS), ("case", &ORPHAN_CASES), ("delivery", &ORPHAN_DELIVERIES)] {
            for (id,) in cx.tx.all::<(Uuid,)>(orphans, &[])? {
                self.fault(format!("{what} {id} belongs to nothing"));
            }
        }
        let (indexed,) = cx.tx.one::<(i64,)>(&INDEXED, &[])?;
        if indexed as u64 != self.found.matters {
            self.fault(format!("the index holds {indexed} documents for {} matters", self.found.matters));
        }
        Ok(())
    }

    fn matter(
        &mut self,
        cx: &mut Cx<'_, '_>,
        m: &Matter,
        procedure: &Procedure,
        rows: &Rows,
        calendars: &Calendars,
    ) -> Result<Vec<String>> {
        let units = linli_registry::units(cx)?;
        let mut faults = Vec::new();
        let mut expect = |holds: bool, what: &dyn Fn() -> String| {
            if !holds {
                faults.push(what());
            }
        };
        let (Some(first), Some(last)) = (rows.acts.first(), rows.acts.last()) else {
            return Ok(vec!["no acts".into()]);
        };
        let fold = Fold::of(m, procedure, rows);

        // The matter itself.
        for (i, a) in rows.acts.iter().enumerate() {
            expect(a.seq == i as i64 + 1, &|| format!("act {} stands at place {}", a.seq, i + 1));
            let before = if i == 0 { "" } else { rows.acts[i - 1].to.as_str() };
            expect(a.from == before, &|| format!("act {} leaves {} but the matter was {before}", a.seq, a.from));
            if i > 0 {
                let mv = procedure.moves.iter().find(|mv| mv.act == a.act);
                let declared = mv.is_some_and(|mv| {
                    mv.from.contains(&a.from.as_str())
                        && if mv.to.is_empty() { a.to == a.from } else { mv.to.contains(&a.to.as_str()) }
                });
                expect(declared, &|| {
                    format!("act {}: {} from {} to {} is not in the procedure", a.seq, a.act, a.from, a.to)
                });
                expect(a.at >= rows.acts[i - 1].at, &|| format!("act {} is before the one it follows", a.seq));
            } else {
                expect(procedure.first.contains(&a.to.as_str()), &|| format!("it began in {}", a.to));
            }
            // A matter goes to another committee by an act, and only so.
            let kept = i == 0 || rows.acts[i - 1].committee == a.committee || a.act.ends_with(".handed_over");
            expect(kept, &|| format!("act {} is of another committee", a.seq));
        }
        expect(m.committee == last.committee, &|| format!("committee {}, by the acts {}", m.committee, last.committee));
        expect(m.revision == last.seq, &|| format!("revision {}, last act {}", m.revision, last.seq));
        expect(m.state == last.to, &|| format!("state {}, by the acts {}", m.state, last.to));
        expect(m.owner == last.owner, &|| format!("owner {:?}, by the acts {:?}", m.owner, last.owner));
        expect(m.due == last.due, &|| format!("due {:?}, by the acts {:?}", m.due, last.due));
        expect(m.opened == first.at, &|| format!("opened {}, by the acts {}", m.opened, first.at));
        expect(m.open == fold.closed.is_none() && m.closed == fold.closed, &|| {
            format!("open {} closed {:?}, by the acts {:?}", m.open, m.closed, fold.closed)
        });
        expect(m.open == m.owner.is_some(), &|| format!("open {} with owner {:?}", m.open, m.owner));
        expect(m.open || m.assignee.is_none(), &|| "closed, but assigned".into());
        expect(m.redo == fold.redo, &|| format!("redo {}, by the acts {}", m.redo, fold.redo));
        expect(m.supervised == fold.supervised, &|| {
            format!("supervised {}, by the acts {}", m.supervised, fold.supervised)
        });
        if let Some(category) = &fold.category {
            expect(m.category == *category, &|| format!("category {}, by the acts {category}", m.category));
        }
        // The ancestors are the path to a committee: the matter's own, and where its place lies now.
        let lies_in = m.lies_in(&units);
        let (u, path) = (m.ancestors(), units.path(lies_in));
        let stands = path.iter().zip(u).all(|(unit, u)| Some(*unit) == u);
        let home = rows.lies_in.unwrap_or(units.current(m.committee));
        expect(self.found.under_way || stands && lies_in == home, &|| {
            format!("its ancestors lead to {lies_in}, its place to {home}")
        });
        expect(!m.open || self.found.under_way || lies_in == m.committee, &|| format!("open in {}", m.committee));
        if !self.found.under_way {
            expect(m.owner.is_none_or(|o| units.heir(o) == o), &|| format!("owned by {:?}, which has ended", m.owner));
        }
        expect(rows.indexed, &|| "not in the index".into());

        // Words and their commitments; what is gone was erased by an act.
        let erased: BTreeSet<i64> =
            rows.acts.iter().filter(|a| a.act.ends_with(".erase")).filter_map(|a| a.data.0["seq"].as_i64()).collect();
        for a in &rows.acts {
            match (&a.words, &a.salt, &a.commitment) {
                (Some(words), Some(salt), Some(c)) => expect(linli_matters::commitment(salt, words) == *c, &|| {
                    format!("the words of act {} are not those committed to", a.seq)
                }),
                (None, None, Some(_)) => {
                    expect(erased.contains(&a.seq), &|| format!("the words of act {} are gone without an act", a.seq))
                }
                (None, None, None) => {}
                _ => expect(false, &|| format!("the words of act {} have no commitment", a.seq)),
            }
        }

        // Parties: nobody is missing, nobody is there without a reason.
        let spawned: BTreeSet<UnitId> = rows.acts.iter().filter_map(|a| unit_in(&a.data.0, "unit")).collect();
        let mut due_parties: BTreeSet<UnitId> = rows
            .acts
            .iter()
            .flat_map(|a| [a.owner, a.unit, unit_in(&a.data.0, "escalated_to"), unit_in(&a.data.0, "into")])
            .flatten()
            .collect();
        for missing in due_parties.difference(&rows.parties) {
            expect(false, &|| format!("{missing} acted but is no party"));
        }
        due_parties.extend(spawned);
        for idle in rows.parties.difference(&due_parties) {
            expect(false, &|| format!("{idle} is a party without a reason"));
        }

        // Clocks: each is the fold of its events, and the state's own one runs.
        for c in &rows.clocks {
            let clock = Clock::fold(&c.events.0, calendars)
                .map_err(|e| Error::internal(format!("{}: clock {}: {e}", m.number, c.stage)))?;
            let (running, stopped) = (clock.phase() == Phase::Running, clock.phase() == Phase::Stopped);
            expect(c.running == running && c.stopped.is_some() == stopped, &|| {
                format!(
                    "clock {}: running {} stopped {:?}, by its events {:?}",
                    c.stage,
                    c.running,
                    c.stopped,
                    clock.phase()
                )
            });
            expect(c.events.0.first().map(Event::at) == Some(c.started), &|| {
                format!("clock {}: its start is not its first event", c.stage)
            });
            expect(!stopped || (c.alarm.is_none() && c.stopped == c.events.0.last().map(Event::at)), &|| {
                format!("clock {}: stopped, but waiting", c.stage)
            });
            if running {
                let due = clock.due(calendars).ok().flatten().map(|d| d.value);
                expect(due == Some(c.due), &|| format!("clock {}: due {}, by its events {due:?}", c.stage, c.due));
            }
            expect(m.open || stopped, &|| format!("closed, but the clock {} is not stopped", c.stage));
        }
        if let Some(Clocked::Stage(stage)) = procedure.state(&m.state).map(|s| s.clock) {
            let live: Vec<&ClockRow> = rows.clocks.iter().filter(|c| c.stage == stage && c.stopped.is_none()).collect();
            expect(live.len() == 1, &|| format!("{} clocks {stage} live in state {}", live.len(), m.state));
            for c in live {
                expect(m.due == Some(c.due), &|| format!("due {:?}, but its clock {stage} is due {}", m.due, c.due));
                expect(m.owner == Some(c.unit), &|| {
                    format!("owned by {:?}, but its clock {stage} by {}", m.owner, c.unit)
                });
            }
        }

        // The case beside the matter.
        match (&rows.case, m.kind == "case") {
            (Some(case), true) => {
                expect(case.returns == fold.returns, &|| {
                    format!("returns {}, by the acts {}", case.returns, fold.returns)
                });
                expect(case.outcome == fold.outcome, &|| {
                    format!("outcome {:?}, by the acts {:?}", case.outcome, fold.outcome)
                });
                expect(case.dissatisfied == fold.dissatisfied, &|| {
                    format!("dissatisfied {}, by the acts {}", case.dissatisfied, fold.dissatisfied)
                });
                expect((case.satisfied, case.solved) == fold.verdict, &|| {
                    format!("verdict {:?}, by the acts {:?}", (case.satisfied, case.solved), fold.verdict)
                });
                expect(case.called_solved == fold.called, &|| {
                    format!("called {:?}, by the acts {:?}", case.called_solved, fold.called)
                });
                expect(case.handler == fold.handler, &|| {
                    format!("handler {:?}, by the acts {:?}", case.handler, fold.handler)
                });
            }
            (None, false) => {}
            (case, _) => expect(false, &|| format!("kind {}, case row: {}", m.kind, case.is_some())),
        }

        for ((committee, day), dimension) in fold.counts {
            *self.counts.entry((committee, day, dimension)).or_default() += 1;
        }
        match m.number.rsplitn(3, '-').collect::<Vec<_>>().as_slice() {
            [n, year, _] => match (n.parse(), year.parse()) {
                (Ok(n), Ok(year)) => self.numbers.entry((first.committee, year)).or_default().push(n),
                _ => faults.push("not a number".into()),
            },
            _ => faults.push("not a number".into()),
        }
        if let Some(parent) = m.parent {
            self.children.insert((parent.0, m.id.0));
        }
        for child in rows.acts.iter().filter_map(|a| a.data.0["spawned"].as_array()).flatten().filter_map(Value::as_str)
        {
            self.spawned.extend(child.parse().ok().map(|c: Uuid| (m.id.0, c)));
        }
        // A person acted for a unit, or the reporter for nobody, or the system.
        for a in rows.acts.iter().filter(|a| a.unit.is_some() && a.person.is_none()) {
            faults.push(format!("act {} ({}) is of a unit but of nobody", a.seq, a.id));
        }
        Ok(faults)
    }
}

fn unit_in(data: &Value, key: &str) -> Option<UnitId> {
    data[key].as_str().and_then(|u| u.parse().ok())
}

/// What follows from the acts alone.
#[derive(Default)]
struct Fold {
    closed: Option<i64>,
    redo: i64,
    supervised: bool,
    category: Option<String>,
    returns: i64,
    outcome: Option<String>,
    verdict: (Option<bool>, Option<bool>),
    dissatisfied: i64,
    called: Option<bool>,
    handler: Option<UnitId>,
    /// By committee at the time of the act and civil day.
    counts: Vec<((UnitId, i64), String)>,
}

impl Fold {
    fn of(m: &Matter, procedure: &Procedure, rows: &Rows) -> Fold {
        let mut f = Fold::default();
        let ends = |state: &str| procedure.state(state).is_some_and(|s| s.clock == Clocked::End);
        // One instant may hold several acts: each stopped clock belongs to the first that fulfils its stage.
        let mut taken = HashSet::new();
        let first_category =
            rows.acts.iter().find(|a| a.act == "case.recategorise").and_then(|a| a.data.0["from"].as_str());
        let first_category = first_category.unwrap_or(&m.category).to_owned();
        for a in &rows.acts {
            let day = (a.committee, i64::from(time::civil_day(a.at)));
            let data = &a.data.0;
            let of = |what: &str, unit: Option<UnitId>| unit.map(|u| (day, format!("{what}:{u}")));
            if a.to != a.from {
                f.closed = ends(&a.to).then_some(a.at);
            }
            if a.seq == 1 {
                f.counts.push((day, format!("opened:{}", m.kind)));
                if m.kind == "case" {
                    f.counts.push((day, format!("opened.category:{first_category}")));
                    f.counts.push((day, format!("opened.class:{}", m.term_class)));
                }
                continue;
            }
            f.counts.push((day, format!("move:{}", a.act)));
            for (i, c) in rows.clocks.iter().enumerate() {
                if c.stopped != Some(a.at) || !met(a).contains(&c.stage.as_str()) || !taken.insert(i) {
                    continue;
                }
                f.counts.extend(of(
                    &format!("{}.{}", c.stage, if a.at <= c.due { "in_time" } else { "late" }),
                    Some(c.unit),
                ));
            }
            match a.act.as_str() {
                "case.sign" | "case.ask_extension" | "case.ask_pause" => f.handler = a.unit,
                "case.dispatch" | "case.rule" | "case.order_redo" => {
                    f.handler = None;
                    f.redo += i64::from(a.act == "case.order_redo");
                    f.counts.extend(of("dispatched", a.owner));
                }
                "case.return" => {
                    f.returns += 1;
                    f.counts.extend(of("returned", a.unit));
                }
                "case.decline" => {
                    f.outcome = Some("declined".into());
                    f.handler = a.unit;
                    f.counts.push((day, "outcome:declined".into()));
                }
                "case.withdraw" => {
                    f.outcome = Some("withdrawn".into());
                    f.counts.push((day, "outcome:withdrawn".into()));
                }
                "case.answer" => {
                    let outcome = data["outcome"].as_str().unwrap_or_default().to_owned();
                    f.counts.push((day, format!("outcome:{outcome}")));
                    f.counts.extend(of(&format!("answered.{outcome}"), a.unit));
                    f.outcome = Some(outcome);
                    f.handler = a.unit;
                }
                "case.verdict" | "case.verdict_for" => {
                    let (satisfied, solved) = (data["satisfied"].as_bool(), data["solved"].as_bool());
                    f.verdict = (satisfied, solved);
                    f.dissatisfied += i64::from(satisfied == Some(false));
                    f.counts.extend(of(
                        if satisfied == Some(true) { "verdict.satisfied" } else { "verdict.dissatisfied" },
                        f.handler,
                    ));
                    f.counts.extend(of(
                        if solved == Some(true) { "verdict.solved" } else { "verdict.unsolved" },
                        f.handler,
                    ));
                    if data["redo_by"].is_string() {
                        f.redo += 1;
                        f.counts.extend(of("redo", f.handler));
                    }
                }
                "case.lapse" => f.counts.extend(of("verdict.none", f.handler)),
                "case.end_review" => f.counts.push((day, "reviewed".into())),
                "case.assist" => f.counts.extend(of("called_in", unit_in(data, "unit"))),
                "case.urge" => f.counts.extend(of("urged", a.owner)),
                "case.instruct" => {
                    f.supervised = true;
                    f.counts.extend(of("supervised", a.owner));
                }
                "case.call_back" => {
                    f.called = data["solved"].as_bool();
                    f.counts.extend(of(
                        if f.called == Some(true) { "called.solved" } else { "called.unsolved" },
                        f.handler,
                    ));
                }
                "case.recategorise" => f.category = data["category"].as_str().map(str::to_owned),
                _ => {}
            }
        }
        f
    }
}

/// The stages that a move fulfils; a clock that another move stopped was no longer owed.
fn met(a: &ActRow) -> &'static [&'static str] {
    match (a.act.as_str(), a.from.as_str()) {
        ("case.sign" | "case.dispatch", _) | ("task.sign" | "task.done" | "task.return", "sent") => &["sign"],
        ("case.decline" | "case.answer", _) => &["sign", "contact", "answer"],
        ("case.contact", _) => &["contact"],
        ("case.rule", _) => &["ruling"],
        ("case.approve" | "case.refuse", _) => &["approval"],
        ("case.end_review" | "case.order_redo", _) => &["review"],
        ("task.done" | "task.return", "doing") => &["answer"],
        _ => &[],
    }
}
