//! Reports being written. Each step is kept on the server, encrypted, under the key of its form: reloading sends nothing
//! again, the browser's "back" shows what was typed, two tabs are two reports, and a key gives at most one case.
use crate::store::{self, DraftRow};
use crate::{Report, report};
use linli_core::{
    CommandKey, Cx, Error, Job, JobKind, Millis, PersonId, Personal, RawInput, Result, Tick, Upload, time,
};
use linli_matters::FileStore;
use serde_json::json;
use std::collections::BTreeMap;

const BODY: &str = "report_drafts.body";
/// At most so many unsent reports are kept for one person; the oldest go first.
const MOST: usize = 20;
/// What is not sent is kept so long.
const KEPT: Millis = 7 * time::DAY;
/// The number of what was sent is kept so long, as the answers of other commands are.
const ANSWERED: Millis = 30 * time::DAY;

/// What stands under a key.
#[derive(Debug)]
pub enum Draft {
    /// Nothing yet.
    New,
    /// What was typed so far.
    Typed(RawInput),
    /// The number of the case that became of it.
    Sent(String),
}

type Body = (BTreeMap<String, Vec<String>>, BTreeMap<String, Vec<Upload>>);

fn me(cx: &Cx<'_, '_>) -> Result<PersonId> {
    cx.actor.person.ok_or(Error::SignIn)
}

/// One's own draft under a key; somebody else's is as if it were not there.
pub fn draft(cx: &mut Cx<'_, '_>, key: &CommandKey) -> Result<Draft> {
    let person = me(cx)?;
    let Some(row) = store::draft(cx.tx, person, key.as_str())? else { return Ok(Draft::New) };
    match (row.number, row.body) {
        (Some(number), _) => Ok(Draft::Sent(number)),
        (None, Some(_)) if row.at < cx.now - KEPT => Ok(Draft::New),
        (None, Some(body)) => {
            let text = cx.open(BODY, &body)?;
            let (values, files): Body = serde_json::from_str(text.reveal()).map_err(Error::internal)?;
            Ok(Draft::Typed(RawInput { values, files }))
        }
        (None, None) => Err(Error::internal("a draft without words or number")),
    }
}

/// One's last drafts, newest first: key, time, and the number of those that were sent.
pub fn drafts(cx: &mut Cx<'_, '_>) -> Result<Vec<(String, Millis, Option<String>)>> {
    let (person, since) = (me(cx)?, cx.now - KEPT);
    let mut rows = store::drafts(cx.tx, person)?;
    rows.retain(|(_, at, number)| number.is_some() || *at >= since);
    Ok(rows)
}

/// Keeps what was typed so far.
pub fn keep_draft(cx: &mut Cx<'_, '_>, key: &CommandKey, raw: &RawInput) -> Result<()> {
    let person = me(cx)?;
    if matches!(draft(cx, key)?, Draft::New) {
        let unsent = store::drafts(cx.tx, person)?.into_iter().filter(|(.., number)| number.is_none());
        for (old, ..) in unsent.skip(MOST - 1) {
            store::drop_draft(cx.tx, person, &old)?;
        }
    }
    for file in raw.files.values().flatten() {
        store::put_draft_file(cx.tx, person, key.as_str(), &file.hash, cx.now)?;
    }
    let text = serde_json::to_string(&(&raw.values, &raw.files)).map_err(Error::internal)?;
    let body = cx.seal(BODY, &Personal::new(text))?;
    store::put_draft(cx.tx, person, key.as_str(), &DraftRow { at: cx.now, body: Some(body), number: None })
}

/// Forgets what was typed.
pub fn drop_draft(cx: &mut Cx<'_, '_>, key: &CommandKey) -> Result<()> {
    let person = me(cx)?;
    store::drop_draft(cx.tx, person, key.as_str())
}

/// Sends a report under its key, once: the same again gives the first case's number, something else is refused.
pub fn send_draft(cx: &mut Cx<'_, '_>, key: &CommandKey, r: &Report) -> Result<String> {
    let person = me(cx)?;
    cx.once(key, r, |cx| {
        let number = report(cx, r)?.number;
        let sent = DraftRow { at: cx.now, body: None, number: Some(number.clone()) };
        store::put_draft(cx.tx, person, key.as_str(), &sent)?;
        Ok(number)
    })
}

/// Forgets drafts whose time is over, and gives their files to [`CLEAN`].
pub(crate) const FORGET: Tick = Tick { name: "cases.forget_drafts", every: time::HOUR, run: forget };

/// So many files are looked at in one transaction.
const FILES: i64 = 200;

fn forget(cx: &mut Cx<'_, '_>) -> Result<bool> {
    store::forget_drafts(cx.tx, cx.now - KEPT, cx.now - ANSWERED)?;
    // A day more than the drafts, so that a page that is still open somewhere can be sent.
    let before = cx.now - KEPT - time::DAY;
    let hashes = store::old_draft_files(cx.tx, before, FILES)?;
    if !hashes.is_empty() {
        store::drop_draft_files(cx.tx, &hashes, before)?;
        cx.later(CLEAN.kind, cx.now, &json!({ "aside": false, "hashes": hashes }))?;
    }
    Ok(hashes.len() as i64 == FILES)
}

/// Removes files that drafts held and nothing refers to, once the transaction that found them stands: first they are put
/// aside, a day later removed.
pub(crate) const CLEAN: JobKind = JobKind { kind: "cases.clean_files", run: clean };

fn clean(cx: &mut Cx<'_, '_>, job: &Job) -> Result<()> {
    let hashes: Vec<String> = serde_json::from_value(job.data["hashes"].clone()).map_err(Error::internal)?;
    let (second, files) = (job.data["aside"] == json!(true), cx.part::<FileStore>()?);
    let mut put_aside = Vec::new();
    for hash in hashes {
        let held = store::drafted_file(cx.tx, &hash)? || linli_matters::holds_file(cx, &hash)?;
        if second {
            files.settle(&hash, held)?;
        } else if !held {
            files.put_aside(&hash)?;
            put_aside.push(hash);
        }
    }
    if put_aside.is_empty() {
        return Ok(());
    }
    cx.later(CLEAN.kind, cx.now + time::DAY, &json!({ "aside": true, "hashes": put_aside }))
}
