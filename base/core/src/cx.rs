//! What a use case may see and do. There is nothing else: no network, no clock of the machine, no other way to the
//! database.
use crate::{
    Actor, BlindIndex, CommandKey, Error, Event, Facts, House, Millis, Personal, Result, Scope, ScopeKind, Sealed,
    Seat, UnitId, outbox, t,
};
use linli_db::{Engine, Tx};
use rand::Rng;
use rand::rngs::StdRng;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Versions of what is kept in memory, handed from one transaction to the next.
#[derive(Clone)]
pub struct Versions(Arc<HashMap<String, i64>>);

/// One transaction of one actor at one instant.
pub struct Cx<'a, 't> {
    /// The transaction. Only a module's own `store.rs` touches it.
    pub tx: &'a mut Tx<'t>,
    /// Who acts.
    pub actor: &'a Actor,
    /// The instant of everything in this transaction.
    pub now: Millis,
    house: &'a House,
    rng: StdRng,
    versions: Option<Arc<HashMap<String, i64>>>,
    bumped: Vec<String>,
    /// Whether the worker will have something to do once this transaction stands.
    pub(crate) left: bool,
}

impl<'a, 't> Cx<'a, 't> {
    pub(crate) fn new(house: &'a House, tx: &'a mut Tx<'t>, actor: &'a Actor) -> Cx<'a, 't> {
        Cx { tx, actor, now: house.now(), house, rng: house.rng(), versions: None, bumped: Vec::new(), left: false }
    }

    /// What the program gave the engines to know of the capabilities above them.
    pub fn part<T: 'static>(&self) -> Result<&'a T> {
        self.house.part()
    }
    /// The same transaction seen by somebody else, e.g. the system finishing what a person began.
    pub fn as_actor<R>(&mut self, actor: &Actor, f: impl FnOnce(&mut Cx<'_, 't>) -> Result<R>) -> Result<R> {
        let rng = self.house.rng();
        let mut cx = Cx {
            tx: self.tx,
            actor,
            now: self.now,
            house: self.house,
            rng,
            versions: self.versions.clone(),
            bumped: self.bumped.clone(),
            left: self.left,
        };
        let done = f(&mut cx);
        (self.bumped, self.left, self.versions) = (cx.bumped, cx.left, cx.versions);
        done
    }

    /// A new time-ordered id (UUIDv7, RFC 9562).
    pub fn id<I: From<Uuid>>(&mut self) -> I {
        I::from(uuid_v7(self.now, &mut self.rng))
    }
    /// A number that this program gives only once in four thousand million: it tells apart what happens in one instant.
    pub fn serial(&self) -> u32 {
        self.house.serial()
    }
    /// Random bytes from a cryptographic generator: salts and tokens.
    pub fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        self.rng.fill_bytes(&mut out);
        out
    }

    /// The seat for an act on a thing: needed to read and to write it. What one may not see does not exist (404);
    /// what one sees but may not do is refused (403). `view` is the act that decides about seeing.
    pub fn may(&self, act: &str, view: &str, facts: &Facts) -> Result<Seat> {
        if let Some(seat) = self.house.policy.seat(self.actor, act, facts) {
            return Ok(seat);
        }
        match self.house.policy.seat(self.actor, view, facts) {
            Some(_) => Err(Error::forbidden(t::FORBIDDEN)),
            None if self.actor.person.is_none() && !self.actor.system => Err(Error::SignIn),
            None => Err(Error::NotFound),
        }
    }
    /// Whether an act would be allowed: for showing or hiding a button, never instead of [`Cx::may`].
    pub fn could(&self, act: &str, facts: &Facts) -> Option<Seat> {
        self.house.policy.seat(self.actor, act, facts)
    }
    /// The scope for a list; `path` is root … unit.
    pub fn scope(&self, act: &str, kind: ScopeKind, path: &[UnitId]) -> Result<Scope> {
        self.house.policy.scope(self.actor, act, kind, path)
    }

    /// Tells what happened: one row, and one delivery for each listener, in this transaction.
    pub fn emit(&mut self, kind: &str, subject: impl Into<Uuid>, data: Value) -> Result<()> {
        let mut listeners = self.house.listeners(kind).peekable();
        if listeners.peek().is_none() {
            return Ok(());
        }
        let event = Event {
            id: uuid_v7(self.now, &mut self.rng),
            kind: kind.to_owned(),
            subject: subject.into(),
            at: self.now,
            data,
        };
        self.left = true;
        outbox::put_event(self.tx, &event)?;
        for listener in listeners {
            outbox::put_delivery(self.tx, uuid_v7(self.now, &mut self.rng), event.id, listener.name, self.now)?;
        }
        Ok(())
    }
    /// Puts off work until `due`: a row of this transaction.
    pub fn later(&mut self, kind: &str, due: Millis, data: &Value) -> Result<()> {
        let id = self.id();
        self.left = true;
        outbox::put_job(self.tx, id, kind, data, due)
    }

    /// Does a command from outside once. The same key with the same content gives the first answer again; with other
    /// content it is refused.
    ///
    /// On PostgreSQL whoever reads a page of an index conflicts with everybody who writes there, so a command is taken for
    /// new until something speaks against it: that its key stands there already, or that it is refused, as what is done
    /// twice may be. Then the write runs again from the start and looks first (decision 0010).
    pub fn once<R: Serialize + DeserializeOwned>(
        &mut self,
        key: &CommandKey,
        what: &impl Serialize,
        f: impl FnOnce(&mut Self) -> Result<R>,
    ) -> Result<R> {
        let sender = self.actor.person.map_or(Uuid::nil(), Uuid::from);
        let body = serde_json::to_vec(what).map_err(Error::internal)?;
        let fingerprint = Sha256::digest(&body);
        let looks = self.tx.engine() == Engine::Sqlite || self.tx.runs_again();
        if looks && let Some((stored, answer)) = outbox::command(self.tx, sender, key.as_str())? {
            if stored != fingerprint.as_slice() {
                return Err(Error::conflict(t::KEY_REUSED));
            }
            return serde_json::from_value(answer.0).map_err(Error::internal);
        }
        let done = f(self);
        if !looks && done.is_err() && matches!(outbox::command(self.tx, sender, key.as_str()), Ok(Some(_))) {
            self.tx.run_again();
        }
        let done = done?;
        let answer = serde_json::to_value(&done).map_err(Error::internal)?;
        outbox::put_command(self.tx, sender, key.as_str(), &fingerprint, self.now, &answer)?;
        Ok(done)
    }

    /// The versions of what is kept in memory, for whoever has read the view `version_facts` along with something else in this
    /// transaction: [`Cx::cached`] then need not ask.
    pub fn know_versions(&mut self, versions: impl IntoIterator<Item = (String, i64)>) {
        self.versions.get_or_insert_with(|| Arc::new(versions.into_iter().collect()));
    }
    /// The versions as this transaction has read them, if it has and has raised none of them itself: another one right after it
    /// may go by them.
    pub fn known_versions(&self) -> Option<Versions> {
        self.versions.clone().filter(|_| self.bumped.is_empty()).map(Versions)
    }
    /// Goes by what a transaction right before has read.
    pub fn go_by(&mut self, versions: Option<Versions>) {
        self.versions = self.versions.take().or(versions.map(|v| v.0));
    }
    /// What `load` gives, kept in memory until [`Cx::changed`] is called for the name by any instance.
    pub fn cached<T: Send + Sync + 'static>(
        &mut self,
        name: &'static str,
        load: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Arc<T>> {
        if self.versions.is_none() {
            self.versions = Some(Arc::new(outbox::versions(self.tx)?.into_iter().collect()));
        }
        let version = self.versions.as_ref().and_then(|v| v.get(name).copied()).unwrap_or(0);
        let ours = self.bumped.iter().any(|b| b == name);
        if !ours && let Some(kept) = self.house.cached(name, version) {
            return kept.downcast().map_err(|_| Error::internal(name));
        }
        let value = Arc::new(load(self)?);
        // What this transaction itself has changed is not yet true for others.
        if !ours {
            self.house.keep(name, version, value.clone() as Arc<dyn Any + Send + Sync>);
        }
        Ok(value)
    }
    /// Makes every instance load `name` anew after this transaction.
    pub fn changed(&mut self, name: &str) -> Result<()> {
        if !self.bumped.iter().any(|b| b == name) {
            self.bumped.push(name.to_owned());
            outbox::bump(self.tx, name)?;
        }
        Ok(())
    }

    /// [`Cx::changed`] now, or at an instant to come.
    pub fn changed_from(&mut self, name: &str, from: Millis) -> Result<()> {
        if from > self.now {
            self.later(crate::worker::CHANGED, from, &Value::String(name.to_owned()))
        } else {
            self.changed(name)
        }
    }

    /// A setting as it is in force now, or its default.
    pub fn setting<T: DeserializeOwned>(&mut self, name: &str, default: T) -> Result<T> {
        match outbox::setting(self.tx, name, self.now)? {
            Some(v) => serde_json::from_value(v).map_err(|e| Error::internal(format!("setting {name}: {e}"))),
            None => Ok(default),
        }
    }
    /// Sets a setting from an instant on. Earlier values stay on record with their authors. What is cached under the
    /// setting's name is loaded anew, now or when a later instant comes.
    pub fn set_setting(&mut self, name: &str, valid_from: Millis, value: &impl Serialize) -> Result<()> {
        let value = serde_json::to_value(value).map_err(Error::internal)?;
        let (id, author, at) = (self.id(), self.actor.person.map(Uuid::from), self.now);
        outbox::put_setting(self.tx, id, name, valid_from, &value, author, at)?;
        self.changed_from(name, valid_from)
    }

    /// Encrypts personal data for the column `what`.
    pub fn seal(&mut self, what: &str, value: &Personal<String>) -> Result<Sealed> {
        self.house.keys.seal(what, value, &mut self.rng)
    }
    /// Decrypts personal data of the column `what`; the caller has a seat for the purpose.
    pub fn open(&self, what: &str, sealed: &Sealed) -> Result<Personal<String>> {
        self.house.keys.open(what, sealed)
    }
    /// The blind index of a normalised value of the column `what`.
    pub fn blind(&self, what: &str, normalised: &str) -> BlindIndex {
        self.house.keys.blind(what, normalised)
    }
    /// What is stored of a token.
    pub fn token_digest(&self, token: &str) -> Vec<u8> {
        self.house.keys.token_digest(token)
    }
    /// Deliveries and jobs that have given up.
    pub fn dead_letters(&mut self) -> Result<Vec<outbox::DeadLetter>> {
        outbox::dead(self.tx)
    }
}

/// UUIDv7: 48 bits of milliseconds, then random bits (RFC 9562 section 5.7).
pub(crate) fn uuid_v7(now: Millis, rng: &mut StdRng) -> Uuid {
    let mut random = [0u8; 10];
    rng.fill_bytes(&mut random);
    uuid::Builder::from_unix_timestamp_millis(now.max(0) as u64, &random).into_uuid()
}
