//! The units of a district in memory: two trees, their history, and the questions everybody asks of them.
use linli_core::{Lang, Millis, UnitId};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// What a level does. Code knows these seven; each district maps its own levels to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// The deployment itself (区).
    Root,
    /// Sends cases on, rules on returns, owns what nobody else does (街镇).
    Dispatch,
    /// Serves households: the stable unit that every act is recorded under (居村委).
    Serve,
    /// A subdivision without a desk of its own (微网格, 楼组, 片区).
    Group,
    /// A residential compound (小区).
    Estate,
    /// A desk outside the territorial line: department, property enterprise, police station.
    Unit,
    /// Superior of the departments for rulings (区城运中心).
    Ops,
}

impl Function {
    /// Every function with its stored code.
    pub const ALL: [(Function, &'static str); 7] = [
        (Function::Root, "root"),
        (Function::Dispatch, "dispatch"),
        (Function::Serve, "serve"),
        (Function::Group, "group"),
        (Function::Estate, "estate"),
        (Function::Unit, "unit"),
        (Function::Ops, "ops"),
    ];
    /// Reads a stored code.
    pub fn parse(code: &str) -> Option<Function> {
        Function::ALL.into_iter().find(|(_, c)| *c == code).map(|(f, _)| f)
    }
    /// Whether it may rule between units under it.
    pub fn rules(self) -> bool {
        matches!(self, Function::Root | Function::Dispatch | Function::Ops)
    }
}

/// One unit.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Its id, stable forever.
    pub id: UnitId,
    /// The unit above.
    pub parent: Option<UnitId>,
    /// The code of its level.
    pub level: String,
    /// What its level does.
    pub function: Function,
    /// What sort of unit it is within its level (`residents`, `villagers`, `property` …).
    pub kind: String,
    /// Its public code; unique among units in force.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its English name, if it has one.
    pub name_en: Option<String>,
    /// Pinyin initials of its name, lower case.
    pub initials: String,
    /// `formal` or `preparatory` (筹建).
    pub status: String,
    /// The public duty telephone.
    pub phone: Option<String>,
    /// Root … itself.
    pub path: Vec<UnitId>,
    /// In force from.
    pub valid_from: Millis,
    /// In force until; none while it is.
    pub valid_until: Option<Millis>,
}

impl Unit {
    /// Whether it is in force.
    pub fn live(&self) -> bool {
        self.valid_until.is_none()
    }
    /// Whether places lie in it: not in a department or another desk outside the territorial line.
    pub fn holds_ground(&self) -> bool {
        !matches!(self.function, Function::Unit | Function::Ops)
    }
}

/// What a district calls one of its levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Its code.
    pub code: String,
    /// `place` or `org`.
    pub tree: String,
    /// What it does.
    pub function: Function,
    /// Its Chinese name.
    pub name_zh: String,
    /// Its English name.
    pub name_en: String,
    /// Its order among the levels.
    pub depth: i64,
}

/// What became of a unit: split, merge, rename or boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whose history it is.
    pub from: UnitId,
    /// The unit that came after it (itself for a new name or boundary).
    pub to: UnitId,
    /// `split`, `merge`, `rename` or `boundary`.
    pub kind: String,
    /// The code `from` had until then.
    pub code: String,
    /// The name `from` had until then.
    pub name: String,
    /// The unit above `from` until then; none where that was not noted.
    pub parent: Option<UnitId>,
    /// When.
    pub at: Millis,
    /// The ground that was given.
    pub note: String,
}

/// What a unit was called, and under which unit it stood, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// From when.
    pub since: Millis,
    /// Until when; none while it is so.
    pub until: Option<Millis>,
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// The unit above.
    pub parent: Option<UnitId>,
}

/// Where a unit comes from and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History<'a> {
    /// Its names, codes and superiors, oldest first; at least one.
    pub spans: Vec<Span>,
    /// Splits, merges and boundary changes between it and others, oldest first.
    pub links: Vec<&'a Link>,
}

/// A unit that a search has found.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The unit in force.
    pub unit: &'a Unit,
    /// The name or code of the past by which it was found.
    pub formerly: Option<&'a str>,
}

/// A name and code of the past of a unit in force.
#[derive(Debug)]
struct Past {
    unit: UnitId,
    name: String,
    code: String,
    initials: String,
    until: Millis,
}

/// Every unit, in force or not. Immutable; [`crate::units`] gives the one of the transaction.
#[derive(Debug, Default)]
pub struct Units {
    all: Vec<Unit>,
    at: HashMap<UnitId, usize>,
    children: HashMap<UnitId, Vec<usize>>,
    codes: HashMap<String, UnitId>,
    next: HashMap<UnitId, Vec<UnitId>>,
    links: Vec<Link>,
    past: Vec<Past>,
    stands_for: HashMap<UnitId, Vec<UnitId>>,
    serves: Vec<(UnitId, UnitId)>,
    levels: Vec<Level>,
    root: Option<UnitId>,
    ops: Option<UnitId>,
}

/// No tree is deeper; a longer chain of parents is a circle.
const DEEPEST: usize = 32;

impl Units {
    /// Builds the trees; `path` and `function` of the given units are computed here.
    ///
    /// # Errors
    /// A parent or level that does not exist, or a circle of parents.
    pub fn build(
        mut all: Vec<Unit>,
        mut levels: Vec<Level>,
        links: Vec<Link>,
        serves: Vec<(UnitId, UnitId)>,
    ) -> Result<Units, String> {
        levels.sort_by(|a, b| (a.depth, &a.code).cmp(&(b.depth, &b.code)));
        all.sort_by(|a, b| (&a.code, a.id).cmp(&(&b.code, b.id)));
        let parents: HashMap<UnitId, Option<UnitId>> = all.iter().map(|u| (u.id, u.parent)).collect();
        let functions: HashMap<&str, Function> = levels.iter().map(|l| (l.code.as_str(), l.function)).collect();
        let mut units = Units { serves, ..Units::default() };
        for (i, unit) in all.iter_mut().enumerate() {
            unit.function =
                *functions.get(unit.level.as_str()).ok_or_else(|| format!("{}: no level {}", unit.code, unit.level))?;
            unit.path = vec![unit.id];
            let mut above = unit.parent;
            while let Some(id) = above {
                unit.path.push(id);
                above = *parents.get(&id).ok_or_else(|| format!("{}: no unit {id}", unit.code))?;
                if unit.path.len() > DEEPEST {
                    return Err(format!("{}: its parents form a circle", unit.code));
                }
            }
            unit.path.reverse();
            units.at.insert(unit.id, i);
            if !unit.live() {
                continue;
            }
            units.codes.insert(unit.code.clone(), unit.id);
            match (unit.parent, unit.function) {
                (Some(parent), _) => units.children.entry(parent).or_default().push(i),
                (None, _) => units.root = units.root.or(Some(unit.id)),
            }
            if unit.function == Function::Ops {
                units.ops = units.ops.or(Some(unit.id));
            }
        }
        // A code in force wins over a code of the past.
        for unit in all.iter().filter(|u| !u.live()) {
            units.codes.entry(unit.code.clone()).or_insert(unit.id);
        }
        for link in &links {
            units.codes.entry(link.code.clone()).or_insert(link.from);
            // What was split off while a unit went on is no successor: only what its end led to is.
            let ended = units.at.get(&link.from).and_then(|i| all.get(*i)).and_then(|u| u.valid_until);
            if link.from != link.to && ended == Some(link.at) {
                units.next.entry(link.from).or_default().push(link.to);
            }
        }
        (units.all, units.levels, units.links) = (all, levels, links);
        for gone in units.all.iter().filter(|u| !u.live()).map(|u| u.id).collect::<Vec<_>>() {
            let heir = units.heir(gone);
            units.stands_for.entry(heir).or_default().push(gone);
        }
        units.past = units.pasts();
        Ok(units)
    }

    /// The names and codes under which units in force were once known, their own and those of what became part of them.
    fn pasts(&self) -> Vec<Past> {
        let own = self.links.iter().map(|l| (l.from, &l.name, &l.code, l.at));
        let gone = self.all.iter().filter_map(|u| Some((u.id, &u.name, &u.code, u.valid_until?)));
        let mut past: Vec<Past> = Vec::new();
        for (id, name, code, until) in own.chain(gone) {
            for unit in self.successors(id) {
                let same = self.get(unit).is_some_and(|u| u.name == *name && u.code == *code);
                let known = past.iter().any(|p| p.unit == unit && p.name == *name && p.code == *code);
                if !same && !known {
                    let initials = crate::address::initials(name);
                    past.push(Past { unit, name: name.clone(), code: code.clone(), initials, until });
                }
            }
        }
        past
    }
    /// What was asked for by an id or code of the past: its name and code then, and until when it had them.
    pub fn formerly(&self, asked: &str) -> Option<(&str, &str, Millis)> {
        let id = asked.parse::<UnitId>().ok();
        let by_id = id.and_then(|id| self.get(id)).and_then(|u| Some((&*u.name, &*u.code, u.valid_until?)));
        let by_code = || self.past.iter().filter(|p| p.code == asked).max_by_key(|p| p.until);
        by_id.or_else(|| by_code().map(|p| (&*p.name, &*p.code, p.until)))
    }
    /// A unit's names, codes and superiors with their dates, and its splits, merges and boundary changes.
    pub fn history(&self, id: UnitId) -> Option<History<'_>> {
        let unit = self.get(id)?;
        let mut own: Vec<&Link> = self.links.iter().filter(|l| l.from == id).collect();
        own.sort_by_key(|l| l.at);
        // Backwards from what it is now, because what was noted is what was until then.
        let (mut parent, mut until) = (unit.parent, unit.valid_until);
        let now = Span { since: unit.valid_from, until, name: unit.name.clone(), code: unit.code.clone(), parent };
        let mut spans = vec![now];
        for link in own.into_iter().rev() {
            parent = link.parent.or(parent);
            let at = Some(link.at);
            let later = spans.last_mut()?;
            if (&later.name, &later.code, later.parent) == (&link.name, &link.code, parent) || at == until {
                continue;
            }
            later.since = link.at;
            until = at;
            let (name, code) = (link.name.clone(), link.code.clone());
            spans.push(Span { since: unit.valid_from, until, name, code, parent });
        }
        spans.reverse();
        let mut links: Vec<&Link> =
            self.links.iter().filter(|l| l.from != l.to && (l.from == id || l.to == id)).collect();
        links.sort_by_key(|l| l.at);
        Some(History { spans, links })
    }

    /// Every unit in force, by code.
    pub fn live(&self) -> impl Iterator<Item = &Unit> {
        self.all.iter().filter(|u| u.live())
    }
    /// The levels, in their order.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }
    /// A level by its code.
    pub fn level(&self, code: &str) -> Option<&Level> {
        self.levels.iter().find(|l| l.code == code)
    }
    /// A level's name, or its code when it is unknown.
    pub fn level_name<'a>(&'a self, code: &'a str, lang: Lang) -> &'a str {
        match (self.level(code), lang) {
            (Some(l), Lang::Zh) => &l.name_zh,
            (Some(l), Lang::En) => &l.name_en,
            (None, _) => code,
        }
    }
    /// A unit, in force or not.
    pub fn get(&self, id: UnitId) -> Option<&Unit> {
        self.all.get(*self.at.get(&id)?)
    }
    /// A unit's name; the Chinese one where there is no English; empty when it is unknown.
    pub fn name(&self, id: UnitId, lang: Lang) -> &str {
        match (self.get(id), lang) {
            (Some(Unit { name_en: Some(en), .. }), Lang::En) => en,
            (Some(unit), _) => &unit.name,
            (None, _) => "",
        }
    }
    /// Root … the unit; empty when it is unknown.
    pub fn path(&self, id: UnitId) -> &[UnitId] {
        self.get(id).map_or(&[], |u| &u.path)
    }
    /// The first six ancestors, the unit included: the columns u1 … u6 of what lies in it. Units deeper than six share the
    /// sixth.
    pub fn u6(&self, id: UnitId) -> [Option<UnitId>; 6] {
        let path = self.path(id);
        std::array::from_fn(|i| path.get(i).copied())
    }
    /// The root of the deployment; the nil id in an empty registry.
    pub fn root(&self) -> UnitId {
        self.root.unwrap_or(UnitId(Uuid::nil()))
    }
    /// The district operations centre, if there is one.
    pub fn ops(&self) -> Option<UnitId> {
        self.ops
    }
    /// The units in force directly under one, by code.
    pub fn children(&self, id: UnitId) -> impl Iterator<Item = &Unit> {
        self.children.get(&id).into_iter().flatten().filter_map(|i| self.all.get(*i))
    }
    /// The units in force under one, itself included.
    pub fn within(&self, id: UnitId) -> impl Iterator<Item = &Unit> {
        self.live().filter(move |u| u.path.contains(&id))
    }
    /// The units under one, those that have ended too: what was counted in them stays counted.
    pub fn ever_within(&self, id: UnitId) -> impl Iterator<Item = &Unit> {
        self.all.iter().filter(move |u| u.path.contains(&id))
    }
    /// What came after a unit: itself while it is in force, otherwise the units in force that its splits and merges lead
    /// to, oldest link first.
    pub fn successors(&self, id: UnitId) -> Vec<UnitId> {
        let (mut found, mut seen, mut ahead) = (Vec::new(), BTreeSet::new(), vec![id]);
        while let Some(id) = ahead.pop() {
            if !seen.insert(id) {
                continue;
            }
            match self.get(id) {
                Some(u) if u.live() => found.push(id),
                _ => ahead.extend(self.next.get(&id).into_iter().flatten().rev()),
            }
        }
        found
    }
    /// What came first after a unit: itself while it is in force, and where nothing came after it.
    pub fn current(&self, id: UnitId) -> UnitId {
        self.successors(id).first().copied().unwrap_or(id)
    }
    /// Who stands for a unit now: itself while it is in force; what came after it; where nothing did, the nearest superior
    /// with a desk. What was left open by a unit that has ended is its heir's at once.
    pub fn heir(&self, id: UnitId) -> UnitId {
        let now = self.current(id);
        if self.get(now).is_none_or(Unit::live) {
            return now;
        }
        let desk = |u: &&Unit| u.live() && (u.function.rules() || u.function == Function::Serve);
        match self.up(id).find(desk) {
            Some(u) if u.function != Function::Root => u.id,
            _ => self.ops.unwrap_or(self.root()),
        }
    }
    /// The units that have ended and whose heir this one is.
    pub fn stands_for(&self, id: UnitId) -> &[UnitId] {
        self.stands_for.get(&id).map_or(&[], Vec::as_slice)
    }
    /// The link that ended a unit, if one did: what it was split into or merged with.
    pub fn ended_by(&self, id: UnitId) -> Option<&Link> {
        let ended = self.get(id)?.valid_until?;
        self.links.iter().find(|l| l.from == id && l.to != id && l.at == ended)
    }
    /// The unit of a code, present or past: an old code leads to the first successor in force, or to the retired unit
    /// when there is none.
    pub fn by_code(&self, code: &str) -> Option<&Unit> {
        let id = *self.codes.get(code)?;
        self.get(self.current(id))
    }
    /// The unit in force that has this code itself.
    pub fn by_own_code(&self, code: &str) -> Option<&Unit> {
        self.codes.get(code).and_then(|id| self.get(*id)).filter(|u| u.live() && u.code == code)
    }
    fn up(&self, id: UnitId) -> impl Iterator<Item = &Unit> {
        self.path(id).iter().rev().filter_map(|id| self.get(*id))
    }
    /// The committee a unit is or lies in.
    pub fn committee_of(&self, id: UnitId) -> Option<UnitId> {
        self.up(id).find(|u| u.function == Function::Serve).map(|u| u.id)
    }
    /// The nearest unit strictly above that dispatches.
    pub fn dispatch_above(&self, id: UnitId) -> Option<UnitId> {
        self.up(id).skip(1).find(|u| matches!(u.function, Function::Dispatch | Function::Ops)).map(|u| u.id)
    }
    /// Who rules between two units: their lowest common superior that may rule; where that is the root, the operations
    /// centre, if there is one.
    pub fn superior_common(&self, a: UnitId, b: UnitId) -> UnitId {
        let other = self.path(b);
        match self.up(a).find(|u| u.function.rules() && other.contains(&u.id)) {
            Some(u) if u.function != Function::Root => u.id,
            _ => self.ops.unwrap_or(self.root()),
        }
    }
    /// The unit of a kind (`property`, `police` …) that serves a unit or one above it, nearest first.
    pub fn serving(&self, served: UnitId, kind: &str) -> Option<UnitId> {
        self.up(served).find_map(|place| {
            let units =
                self.serves.iter().filter(|(_, served)| *served == place.id).filter_map(|(unit, _)| self.get(*unit));
            units.filter(|u| u.kind == kind).map(|u| u.id).next()
        })
    }
    /// Units in force by name, English name, code or pinyin initials, best first; after them those that were once called so
    /// or that something called so became part of.
    pub fn search(&self, q: &str, within: Option<UnitId>, limit: usize) -> Vec<Found<'_>> {
        let (typed, q) = (q.trim(), q.trim().to_lowercase());
        if q.is_empty() {
            return Vec::new();
        }
        let begins = |code: &str| code.get(..q.len()).is_some_and(|start| start.eq_ignore_ascii_case(&q));
        let rank = |name: &str, code: &str, initials: &str| match () {
            () if name == typed || code == typed => Some(0),
            () if name.starts_with(typed) || initials.starts_with(&q) => Some(1),
            () if begins(code) => Some(2),
            () if name.contains(typed) || initials.contains(&q) => Some(3),
            () => None,
        };
        let inside = |u: &&Unit| within.is_none_or(|w| u.path.contains(&w));
        let english = |u: &Unit| u.name_en.as_ref().filter(|en| en.to_lowercase().contains(&q)).map(|_| 4);
        let now = self.live().filter(inside).filter_map(|u| {
            Some((rank(&u.name, &u.code, &u.initials).or_else(|| english(u))?, Found { unit: u, formerly: None }))
        });
        let past = self.past.iter().filter_map(|p| {
            let unit = self.get(p.unit).filter(inside)?;
            let formerly = Some(if begins(&p.code) { &*p.code } else { &*p.name });
            Some((rank(&p.name, &p.code, &p.initials)? + 5, Found { unit, formerly }))
        });
        let mut hits: Vec<(i32, Found<'_>)> = now.chain(past).collect();
        hits.sort_by_key(|(rank, found)| (*rank, found.unit.path.len()));
        let mut seen = BTreeSet::new();
        hits.into_iter().map(|(_, found)| found).filter(|f| seen.insert(f.unit.id)).take(limit).collect()
    }
}
