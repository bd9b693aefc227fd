//! A matter read as a story: its acts with the words that the reader may read.
use crate::store::{self, Act, Due, FileRow};
use crate::{Matter, Move, Seen, clocks::StageClock, rules};
use linli_core::{ActId, Cx, Error, FileId, MatterId, Millis, Result, Role, Scope, Seat, time};
use linli_db::{Asked, Tx};

/// How much of the words a seat may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// What everybody may read, with personal numbers masked.
    Public,
    /// What the reporter may read.
    Reporter,
    /// Everything.
    Staff,
}

impl Reading {
    /// The reading of a seat on a matter.
    pub fn of(seat: &Seat, matter: &Matter, cx: &Cx<'_, '_>) -> Reading {
        if seat.handles() && seat.role() != Role::GroupLeader {
            Reading::Staff
        } else if matter.reporter.is_some() && matter.reporter == cx.actor.person {
            Reading::Reporter
        } else {
            Reading::Public
        }
    }
    /// Whether words kept for these readers may be read.
    pub fn may_read(self, readers: &str) -> bool {
        match readers {
            "all" => true,
            "party" => self >= Reading::Reporter,
            _ => self == Reading::Staff,
        }
    }
}

/// What one may read of a matter.
#[derive(Debug, Clone)]
pub struct Story {
    /// The acts, oldest first, words already cut to the reader.
    pub acts: Vec<Act>,
    /// The files the reader may open.
    pub files: Vec<FileRow>,
    /// Its clocks; only staff are shown them.
    pub clocks: Vec<StageClock>,
    /// How much was read.
    pub reading: Reading,
}

/// So many acts are read at once.
const ACTS: i64 = 200;

/// A matter that has been asked for, by whomever.
pub struct Sought {
    kin: Asked<store::Kin>,
    more: Option<(Asked<Act>, Asked<store::AroundRow>)>,
}

/// Asks for a matter by its number, for [`read`]: also before it is known who asks, because nothing is given out yet.
pub fn seek(cx: &mut Cx<'_, '_>, number: &str) -> Result<Sought> {
    Ok(Sought { kin: store::ask_kin(cx.tx, None, Some(number), &Due::default())?, more: None })
}

/// The same, and how many matters of these desks are due before an instant, as [`crate::due_before`] counts them: [`Seen::due`].
pub fn seek_at(cx: &mut Cx<'_, '_>, number: &str, desks: &[Scope], before: Millis, most: i64) -> Result<Sought> {
    let due = Due { desks: crate::lists::owners(cx, desks)?, before, most };
    Ok(Sought { kin: store::ask_kin(cx.tx, None, Some(number), &due)?, more: None })
}

/// The same for a matter of which the id is known, with all that hangs on it.
pub fn seek_id(cx: &mut Cx<'_, '_>, id: MatterId) -> Result<Sought> {
    let kin = store::ask_kin(cx.tx, Some(id), None, &Due::default())?;
    let acts = store::ask_acts(cx.tx, id, 0, ACTS)?;
    let inside = crate::matter::inside(cx);
    let around = store::ask_around(cx.tx, id, &[id], inside)?;
    Ok(Sought { kin, more: Some((acts, around)) })
}

/// A matter with its story, and what `beside` asks for about it: all that a page of a matter shows, asked for together.
/// Nothing of it is given out unless the matter may be seen.
pub fn read<T>(
    cx: &mut Cx<'_, '_>,
    sought: Sought,
    beside: impl FnOnce(&mut Tx<'_>, &Matter) -> Result<T>,
) -> Result<(Seen, Story, T)> {
    let found = store::with_kin(cx.tx, sought.kin)?;
    let matter = &found.first().ok_or(Error::NotFound)?.matter;
    let (acts, around) = match sought.more {
        Some((acts, around)) => (acts, Some(around)),
        None => (store::ask_acts(cx.tx, matter.id, 0, ACTS)?, None),
    };
    let beside = beside(cx.tx, matter)?;
    let seen = crate::matter::authorise(cx, found, around)?;
    let acts = store::taken(cx.tx, acts)?;
    let story = told(cx, &seen, acts);
    Ok((seen, story, beside))
}

/// The story as the seat may read it. At most 200 acts: longer ones go on with `after`.
pub fn story(cx: &mut Cx<'_, '_>, seen: &Seen, after: i64) -> Result<Story> {
    let acts = store::acts(cx.tx, seen.matter.id, after, ACTS)?;
    Ok(told(cx, seen, acts))
}

fn told(cx: &Cx<'_, '_>, seen: &Seen, mut acts: Vec<Act>) -> Story {
    let reading = Reading::of(&seen.seat, &seen.matter, cx);
    let hidden: Vec<ActId> = acts.iter().filter(|a| !reading.may_read(&a.readers)).map(|a| a.id).collect();
    for a in &mut acts {
        if hidden.contains(&a.id) {
            a.words = None;
            a.commitment = None;
        } else if reading == Reading::Public {
            a.words = a.words.as_deref().map(rules::mask);
        }
    }
    // Neighbours see what was done, not the steps between desks.
    if reading == Reading::Public {
        acts.retain(|a| a.readers == "all");
    }
    let mut files = seen.files.clone();
    files.retain(|f| !hidden.contains(&f.act));
    let clocks = match reading {
        Reading::Staff => seen.clocks.iter().cloned().map(StageClock::of).collect(),
        _ => Vec::new(),
    };
    Story { acts, files, clocks, reading }
}

/// The moves this actor could make now.
pub fn moves(cx: &mut Cx<'_, '_>, seen: &Seen) -> Result<Vec<&'static Move>> {
    let procedure = crate::procedure_of(cx, &seen.matter)?;
    let possible = procedure.moves.iter().filter(|m| !m.automatic() && m.from.contains(&seen.matter.state.as_str()));
    Ok(possible.filter(|m| cx.could(m.act, &seen.facts).is_some()).collect())
}

/// A file that the actor may read: its name in the store, media type and name.
pub fn file(cx: &mut Cx<'_, '_>, id: FileId) -> Result<(String, String, String)> {
    let (matter, file) = store::file(cx.tx, id)?.ok_or(Error::NotFound)?;
    let seen = crate::see_id(cx, matter)?;
    let reading = Reading::of(&seen.seat, &seen.matter, cx);
    let readers = store::acts(cx.tx, matter, 0, 500)?.into_iter().find(|a| a.id == file.act).map(|a| a.readers);
    match readers {
        Some(r) if reading.may_read(&r) => Ok((file.hash, file.mime, file.name)),
        _ => Err(Error::NotFound),
    }
}

/// Erases the words and files of one's own act; the act, its time and its commitment stay, and the erasing is an act of the
/// same move table (`kind.erase`), made by the caller.
pub fn erase(cx: &mut Cx<'_, '_>, matter: &mut Matter, seq: i64) -> Result<()> {
    let act = store::acts(cx.tx, matter.id, seq - 1, 1)?
        .into_iter()
        .next()
        .filter(|a| a.seq == seq)
        .ok_or(Error::NotFound)?;
    if act.person.is_none() || act.person != cx.actor.person {
        return Err(Error::forbidden(crate::t::ONLY_OWN_WORDS));
    }
    let words = store::erase_words(cx.tx, matter.id, act.id)?;
    let files = store::erase_files(cx.tx, matter.id, act.id, cx.now)?;
    if words + files == 0 {
        return Err(Error::conflict(crate::t::NOTHING_TO_ERASE));
    }
    if seq == 1 {
        matter.title = crate::t::ERASED_TITLE.in_(cx.actor.lang).to_owned();
    }
    Ok(())
}

/// Whether the stored words of an act still match its commitment; none when they were erased.
pub fn holds(cx: &mut Cx<'_, '_>, act: &Act) -> Result<Option<bool>> {
    let words = store::words_of(cx.tx, act.id)?;
    Ok(words.map(|(words, salt)| Some(crate::commitment(&salt, &words)) == act.commitment))
}

/// Links two matters both of which the actor sees.
pub fn link(cx: &mut Cx<'_, '_>, from: MatterId, number: &str, kind: &str) -> Result<MatterId> {
    let other = crate::see(cx, number).map_err(|_| Error::field("other", crate::t::NO_SUCH_NUMBER))?;
    if other.matter.id == from {
        return Err(Error::field("other", crate::t::NO_SUCH_NUMBER));
    }
    let id = cx.id();
    store::put_link(cx.tx, id, from, other.matter.id, kind, cx.now)?;
    Ok(other.matter.id)
}

/// The day of an instant as a counter's key.
pub fn day(at: linli_core::Millis) -> i64 {
    i64::from(time::civil_day(at))
}
