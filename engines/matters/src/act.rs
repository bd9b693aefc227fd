//! The engine: opening a matter and moving it. One transaction writes state, act, clocks, counters, index and event.
use crate::clocks::StageClock;
use crate::procedure::{Clocked, Move, Procedure};
use crate::{Matter, Turn, matter, rules, search, store, t};
use linli_core::{Cx, Error, Input, MatterId, PersonId, PlaceId, Result, Seat, UnitId, Via, time};
use linli_db::Asked;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// What a new matter begins with.
#[derive(Debug, Clone)]
pub struct NewMatter {
    /// Its kind.
    pub kind: &'static str,
    /// The first state, one of the procedure's.
    pub state: &'static str,
    /// The act of opening, for the timeline: `kind.open`-like.
    pub act: &'static str,
    /// What lists show; derived from the words.
    pub title: String,
    /// The category's code, or empty.
    pub category: String,
    /// Which terms apply.
    pub term_class: String,
    /// The place, if one was picked.
    pub place: Option<PlaceId>,
    /// The place in words.
    pub place_name: String,
    /// The most particular unit the place lies in: its ancestors become u1 … u6.
    pub within: UnitId,
    /// The stable committee.
    pub committee: UnitId,
    /// The unit that must act.
    pub owner: UnitId,
    /// The person it is assigned to.
    pub assignee: Option<PersonId>,
    /// Who reports.
    pub reporter: Option<PersonId>,
    /// Who else may see it.
    pub audience: Option<UnitId>,
    /// The unit complained about.
    pub named: Option<UnitId>,
    /// The matter that spawns it.
    pub parent: Option<MatterId>,
    /// What was said.
    pub words: String,
    /// Files that came with it.
    pub files: Vec<linli_core::Upload>,
    /// Codes and ids for the timeline.
    pub data: Map<String, Value>,
    /// Counters to raise.
    pub counts: Vec<String>,
    /// Stages that begin beside the state's own.
    pub stages: Vec<&'static str>,
}

/// Opens a matter. The caller has a seat for it.
pub fn open(cx: &mut Cx<'_, '_>, seat: &Seat, new: NewMatter) -> Result<Matter> {
    let procedure = crate::kind(cx, new.kind)?;
    let units = linli_registry::units(cx)?;
    let committee = units.get(new.committee).ok_or(Error::internal("matter without committee"))?;
    let [u1, u2, u3, u4, u5, u6] = units.u6(new.within);
    let n = store::next_number(cx.tx, new.committee, i64::from(time::civil_year(cx.now)))?;
    let mut m = Matter {
        id: cx.id(),
        number: rules::number(&committee.code, cx.now, n),
        kind: new.kind.to_owned(),
        version: procedure.version,
        state: new.state.to_owned(),
        title: new.title,
        category: new.category,
        term_class: new.term_class,
        place: new.place,
        place_name: new.place_name,
        committee: new.committee,
        owner: Some(new.owner),
        assignee: new.assignee,
        reporter: new.reporter,
        audience: new.audience,
        named: new.named,
        parent: new.parent,
        open: true,
        supervised: false,
        redo: 0,
        revision: 1,
        opened: cx.now,
        due: None,
        closed: None,
        u1,
        u2,
        u3,
        u4,
        u5,
        u6,
    };
    let mut clocks = Vec::new();
    let state = procedure.state(new.state).ok_or(Error::internal("unknown first state"))?;
    if let Clocked::Stage(stage) = state.clock {
        clocks.push(StageClock::start(cx, m.id, &m.term_class, stage, new.owner)?);
    }
    m.due = clocks.first().map(|c| c.due);
    for stage in &new.stages {
        clocks.push(StageClock::start(cx, m.id, &m.term_class, stage, new.owner)?);
    }
    store::put(cx.tx, &m)?;
    for clock in &clocks {
        clock.save(cx)?;
    }
    store::put_party(cx.tx, m.id, new.owner, cx.now)?;
    if let Some(unit) = seat.unit()
        && unit != new.owner
    {
        store::put_party(cx.tx, m.id, unit, cx.now)?;
    }
    write_act(cx, &m, seat, new.act, "", crate::Readers::All, new.data, &new.words, &new.files, 1)?;
    let day = i64::from(time::civil_day(cx.now));
    let dimensions: Vec<_> = std::iter::once(format!("opened:{}", new.kind)).chain(new.counts).collect();
    store::count(cx.tx, m.committee, day, &dimensions)?;
    search::put(cx, &m, &new.words)?;
    cx.emit("matters.opened", m.id, json!({"kind": m.kind, "committee": m.committee, "owner": m.owner}))?;
    Ok(m)
}

/// Makes a move. `revision` is the act number the mover has seen: when somebody has moved since, the mover is told what
/// changed instead. `None` is for callers that decide within this transaction (clocks, spawning modules).
pub fn act(
    cx: &mut Cx<'_, '_>,
    id: MatterId,
    name: &str,
    input: &crate::Given,
    revision: Option<i64>,
) -> Result<Matter> {
    let m = store::by_id(cx.tx, id)?.ok_or(Error::NotFound)?;
    act_on(cx, m, name, input, revision)
}

/// A matter that has been asked for to make a move on it.
pub struct Named(Asked<Matter>);

/// Asks for a matter by its number: also before it is known who will make the move.
pub fn name(cx: &mut Cx<'_, '_>, number: &str) -> Result<Named> {
    store::ask_by_number(cx.tx, number).map(Named)
}

/// The same for a matter named by its number.
pub fn act_named(
    cx: &mut Cx<'_, '_>,
    named: Named,
    name: &str,
    input: &crate::Given,
    revision: Option<i64>,
) -> Result<Matter> {
    let m = cx.tx.take(named.0)?.pop().ok_or(Error::NotFound)?;
    act_on(cx, m, name, input, revision)
}

fn act_on(cx: &mut Cx<'_, '_>, m: Matter, name: &str, input: &crate::Given, revision: Option<i64>) -> Result<Matter> {
    let procedure = crate::procedure_of(cx, &m)?;
    let clocks = store::ask_clocks(cx.tx, m.id)?;
    let parties = matter::parties(cx, &m)?;
    let clocks = store::taken(cx.tx, clocks)?;
    let facts = m.facts(&*linli_registry::units(cx)?, parties.clone());
    let mv = procedure.find(name).ok_or(Error::NotFound)?;
    let stale = revision.filter(|seen| *seen != m.revision);
    let seat = match (cx.may(mv.act, procedure.view, &facts), stale) {
        // It may have gone to another desk meanwhile: then that is what one is told, not that it is none of one's own.
        (Ok(_) | Err(Error::Forbidden(_)), Some(seen)) => return Err(changed(cx, procedure, &m, seen)?),
        (seat, _) => seat?,
    };
    if !mv.from.contains(&m.state.as_str()) {
        let state = procedure.state(&m.state).map_or(t::STATE_UNKNOWN, |s| s.label);
        return Err(Error::conflict(
            t::NOT_NOW.with("move", mv.label.in_(cx.actor.lang)).with("state", state.in_(cx.actor.lang)),
        ));
    }
    let input = Input::check(mv.input, &input.raw, input.strict)?;
    perform(cx, procedure, mv, m, &seat, Before { parties, clocks }, &input)
}

/// What to tell somebody whose form is older than the matter.
fn changed(cx: &mut Cx<'_, '_>, procedure: &Procedure, m: &Matter, seen: i64) -> Result<Error> {
    let since = store::acts(cx.tx, m.id, seen, 20)?;
    let lang = cx.actor.lang;
    let what: Vec<&str> = since
        .iter()
        .filter_map(|a| procedure.moves.iter().find(|mv| mv.act == a.act).map(|mv| mv.label.in_(lang)))
        .collect();
    let state = procedure.state(&m.state).map_or(t::STATE_UNKNOWN, |s| s.label);
    let joined = if what.is_empty() {
        "–".to_owned()
    } else {
        what.join(if lang == linli_core::Lang::Zh { "、" } else { ", " })
    };
    Ok(Error::conflict(t::CHANGED.with("moves", joined).with("state", state.in_(lang))))
}

/// What stands around a matter before a move.
struct Before {
    parties: Vec<UnitId>,
    clocks: Vec<store::ClockRow>,
}

fn perform(
    cx: &mut Cx<'_, '_>,
    procedure: &'static Procedure,
    mv: &'static Move,
    mut m: Matter,
    seat: &Seat,
    stood: Before,
    input: &Input,
) -> Result<Matter> {
    let (before, from) = (m.revision, m.state.clone());
    let (owner_before, title_before, audience_before) = (m.owner, m.title.clone(), m.audience);
    let clocks = stood.clocks.into_iter().map(StageClock::of).collect();
    let mut turn = Turn {
        matter: &mut m,
        seat,
        data: Map::new(),
        to: None,
        clocks,
        owner_set: false,
        parties: Vec::new(),
        counts: Vec::new(),
        words: mv.words.map(|field| input.words(field).to_owned()),
        spawned: Vec::new(),
        reindex: false,
        kept: Vec::new(),
    };
    (mv.effect)(cx, &mut turn, input)?;
    let to = match (turn.to, mv.to) {
        (Some(to), declared) if declared.contains(&to) => Some(to),
        (Some(to), _) => return Err(Error::internal(format!("{} may not lead to {to}", mv.act))),
        (None, [only]) => Some(*only),
        (None, []) => None,
        (None, _) => return Err(Error::internal(format!("{} did not say where it leads", mv.act))),
    };
    if let Some(to) = to {
        enter(cx, procedure, &mut turn, &from, to)?;
    }
    if let Some(unit) = seat.unit() {
        turn.take_part(unit);
    }
    let Turn { data, clocks, parties, counts, words, spawned, reindex, .. } = turn;
    m.revision = before + 1;
    m.due = due(&clocks, &m, procedure);
    store::set(cx.tx, &m)?;
    for clock in clocks.iter().filter(|c| c.dirty) {
        clock.save(cx)?;
    }
    for unit in parties.into_iter().filter(|unit| !stood.parties.contains(unit)) {
        store::put_party(cx.tx, m.id, unit, cx.now)?;
    }
    let mut data = data;
    if !spawned.is_empty() {
        data.insert("spawned".into(), json!(spawned));
    }
    if owner_before != m.owner
        && let Some(owner) = m.owner
    {
        data.insert("to_unit".into(), json!(owner));
    }
    let files: Vec<_> = input.files().cloned().collect();
    write_act(cx, &m, seat, mv.act, &from, mv.readers, data, words.as_deref().unwrap_or_default(), &files, before + 1)?;
    let day = i64::from(time::civil_day(cx.now));
    let dimensions: Vec<_> = std::iter::once(format!("move:{}", mv.act)).chain(counts).collect();
    store::count(cx.tx, m.committee, day, &dimensions)?;
    if reindex || title_before != m.title || audience_before != m.audience {
        search::again(cx, &m)?;
    }
    cx.emit(
        "matters.moved",
        m.id,
        json!({"kind": m.kind, "act": mv.act, "from": from, "to": m.state, "committee": m.committee}),
    )?;
    Ok(m)
}

/// Leaves one state and enters another: the old stage's clock stops, the new one's starts, an end closes the matter.
fn enter(cx: &mut Cx<'_, '_>, procedure: &Procedure, turn: &mut Turn<'_>, from: &str, to: &'static str) -> Result<()> {
    let target = procedure.state(to).ok_or(Error::internal("unknown state"))?;
    let stage_of = |name: &str| match procedure.state(name).map(|s| s.clock) {
        Some(Clocked::Stage(stage)) => Some(stage),
        _ => None,
    };
    if from != to
        && let Some(stage) = stage_of(from)
        && stage_of(to) != Some(stage)
        && !turn.keeps(stage)
    {
        turn.met(cx, stage)?;
    }
    turn.matter.state = to.to_owned();
    match target.clock {
        Clocked::End => {
            for stage in turn.clocks.iter().filter(|c| c.stopped.is_none()).map(|c| c.stage.clone()).collect::<Vec<_>>()
            {
                turn.dropped(cx, &stage)?;
            }
            turn.matter.open = false;
            turn.matter.owner = None;
            turn.matter.assignee = None;
            turn.matter.closed = Some(cx.now);
        }
        Clocked::Stage(stage) => {
            let owner = turn.matter.owner.ok_or(Error::internal("open matter without owner"))?;
            turn.matter.open = true;
            turn.matter.closed = None;
            turn.start(cx, stage, owner)?;
        }
        Clocked::Unclocked(_) => {}
    }
    Ok(())
}

/// The due time lists are ordered by: the state's own stage, or else the nearest one that the owner owes.
fn due(clocks: &[StageClock], m: &Matter, procedure: &Procedure) -> Option<linli_core::Millis> {
    let live = || clocks.iter().filter(|c| c.stopped.is_none() && c.running);
    if let Some(Clocked::Stage(stage)) = procedure.state(&m.state).map(|s| s.clock)
        && let Some(clock) = live().find(|c| c.stage == stage)
    {
        return Some(clock.due);
    }
    live().filter(|c| Some(c.unit) == m.owner).map(|c| c.due).min()
}

/// A salted commitment to words: SHA-256(salt ‖ words). The words and the salt can be erased; the commitment stays and
/// proves nothing alone.
pub fn commitment(salt: &[u8], words: &str) -> Vec<u8> {
    Sha256::new().chain_update(salt).chain_update(words.as_bytes()).finalize().to_vec()
}

#[allow(clippy::too_many_arguments)] // one row of the timeline has this many columns
fn write_act(
    cx: &mut Cx<'_, '_>,
    m: &Matter,
    seat: &Seat,
    act: &str,
    from: &str,
    readers: crate::Readers,
    data: Map<String, Value>,
    words: &str,
    files: &[linli_core::Upload],
    seq: i64,
) -> Result<()> {
    let id = cx.id();
    let salt: [u8; 16] = cx.random();
    let row = store::NewAct {
        id,
        matter: m.id,
        seq,
        act,
        from,
        to: &m.state,
        at: cx.now,
        person: cx.actor.person,
        post: seat.post(),
        unit: seat.unit(),
        role: seat.role().code(),
        via: match cx.actor.via {
            Via::Page => "page",
            Via::Api => "api",
            Via::Cli => "cli",
            Via::Job => "job",
            Via::Demo => "demo",
        },
        committee: m.committee,
        owner: m.owner,
        due: m.due,
        readers: readers.code(),
        data: &Value::Object(data),
        commitment: (!words.is_empty()).then(|| commitment(&salt, words)),
    };
    store::put_act(cx.tx, &row)?;
    if !words.is_empty() {
        store::put_words(cx.tx, id, m.id, words, &salt)?;
    }
    for file in files {
        let file_id = cx.id();
        store::put_file(cx.tx, file_id, m.id, id, file)?;
    }
    Ok(())
}
