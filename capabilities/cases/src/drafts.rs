//! Reports being written. Each step is kept on the server, encrypted, under the key of its form: reloading sends nothing
//! again, the browser's "back" shows what was typed, two tabs are two reports, and a key gives at most one case.
use crate::store::{self, DraftRow};
use crate::{Report, report};
use linli_core::{CommandKey, Cx, Error, Millis, PersonId, Personal, RawInput, Result, Tick, Upload, time};
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

/// Forgets drafts whose time is over.
pub(crate) const FORGET: Tick = Tick {
    name: "cases.forget_drafts",
    every: time::HOUR,
    run: |cx| store::forget_drafts(cx.tx, cx.now - KEPT, cx.now - ANSWERED).map(|_| false),
};
