//! Authority: deny by default, one table of (act, role, relation). What a row says is printed to
//! `docs/permissions.md` in both languages and reviewed as a snapshot.
//!
//! A thing is loaded as its [`Facts`]; `cx.may(act, &facts)` gives a [`Seat`], without which no store reads or writes
//! it. A list is asked through a [`Scope`]. Neither can be made outside this file.
use crate::{Actor, Error, PersonId, Post, PostId, Result, Role, Text, UnitId, t};
use std::collections::HashMap;

/// How an actor stands to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Whatever the relation.
    Any,
    /// Reported it.
    Reporter,
    /// It is assigned to this person.
    Assignee,
    /// A post at the unit that must act now.
    Desk,
    /// A post at the committee where it happened.
    Place,
    /// A post at a unit that has taken part.
    Party,
    /// A post at a unit above the place.
    Above,
    /// A post at a unit above the unit that must act.
    AboveOwner,
    /// Lives within its audience.
    Neighbour,
    /// Its audience is everybody.
    Public,
    /// For acts upon a unit: a post at that unit or above it.
    Unit,
}

impl Relation {
    /// Every relation, as the matrix prints them.
    pub const ALL: [Relation; 11] = [
        Relation::Any,
        Relation::Reporter,
        Relation::Assignee,
        Relation::Desk,
        Relation::Place,
        Relation::Party,
        Relation::Above,
        Relation::AboveOwner,
        Relation::Neighbour,
        Relation::Public,
        Relation::Unit,
    ];
    /// Its name.
    pub fn text(self) -> Text {
        match self {
            Relation::Any => t::RELATION_ANY,
            Relation::Reporter => t::RELATION_REPORTER,
            Relation::Assignee => t::RELATION_ASSIGNEE,
            Relation::Desk => t::RELATION_DESK,
            Relation::Place => t::RELATION_PLACE,
            Relation::Party => t::RELATION_PARTY,
            Relation::Above => t::RELATION_ABOVE,
            Relation::AboveOwner => t::RELATION_ABOVE_OWNER,
            Relation::Neighbour => t::RELATION_NEIGHBOUR,
            Relation::Public => t::RELATION_PUBLIC,
            Relation::Unit => t::RELATION_UNIT,
        }
    }
}

/// One row of the policy: this role in this relation may do this act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// `module.act` or `kind.move`.
    pub act: &'static str,
    /// The role.
    pub role: Role,
    /// The relation.
    pub relation: Relation,
}

impl Rule {
    /// A row.
    pub const fn new(act: &'static str, role: Role, relation: Relation) -> Rule {
        Rule { act, role, relation }
    }
}

/// Who may see a thing besides those who handle it: an audience is a unit (the root: everybody), or none (private).
pub type Visibility = Option<UnitId>;

/// What authority needs to know of a thing; loaded with the thing's row.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Root … committee of the place.
    pub place_path: Vec<UnitId>,
    /// Root … unit that must act now (or the unit acted upon).
    pub owner_path: Vec<UnitId>,
    /// Units that have taken part.
    pub parties: Vec<UnitId>,
    /// The unit complained about: it never handles, rules or sees the reporter (product rule 10).
    pub named: Option<UnitId>,
    /// Who reported.
    pub reporter: Option<PersonId>,
    /// To whom it is assigned.
    pub assignee: Option<PersonId>,
    /// Who else may see it.
    pub audience: Visibility,
}

/// Proof that an actor may do an act on a thing, and in what capacity.
#[derive(Debug, Clone)]
pub struct Seat {
    act: &'static str,
    role: Role,
    relation: Relation,
    post: Option<PostId>,
    unit: Option<UnitId>,
    _sealed: (),
}

impl Seat {
    /// The act it was given for.
    pub fn act(&self) -> &'static str {
        self.act
    }
    /// The role acted in.
    pub fn role(&self) -> Role {
        self.role
    }
    /// The relation that gave it.
    pub fn relation(&self) -> Relation {
        self.relation
    }
    /// The post acted from, if any.
    pub fn post(&self) -> Option<PostId> {
        self.post
    }
    /// The unit acted for, if any.
    pub fn unit(&self) -> Option<UnitId> {
        self.unit
    }
    /// Whether this is somebody who handles the thing, not a reader or its reporter.
    pub fn handles(&self) -> bool {
        self.post.is_some() || self.role == Role::System
    }
}

/// Which list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// What I reported or am assigned.
    Mine,
    /// What this unit must act on.
    Desk(UnitId),
    /// What lies within this unit.
    Within(UnitId),
    /// What anybody of my standing may see within this unit.
    Public(UnitId),
}

/// Proof that an actor may see a list: exactly one of four, never their union.
#[derive(Debug, Clone)]
pub enum Scope {
    /// One person's own things.
    Mine(PersonId, Sealed),
    /// A unit's desk.
    Desk(UnitId, Sealed),
    /// All within a unit.
    Within(UnitId, Sealed),
    /// Within a unit, what these audiences may see.
    Public(UnitId, Vec<UnitId>, Sealed),
}

/// Keeps a [`Scope`] from being made elsewhere.
#[derive(Debug, Clone)]
pub struct Sealed(());

/// The whole policy by act.
#[derive(Debug, Default)]
pub struct Policy {
    rows: HashMap<&'static str, Vec<Rule>>,
}

impl Policy {
    /// Gathers the rows of all modules.
    pub fn of(rules: impl IntoIterator<Item = Rule>) -> Policy {
        let mut rows: HashMap<&'static str, Vec<Rule>> = HashMap::new();
        for r in rules {
            let of_act = rows.entry(r.act).or_default();
            if !of_act.contains(&r) {
                of_act.push(r);
            }
        }
        Policy { rows }
    }
    /// Every row, ordered by act, role and relation.
    pub fn rows(&self) -> Vec<Rule> {
        let mut all: Vec<Rule> = self.rows.values().flatten().copied().collect();
        all.sort_by_key(|r| (r.act, r.role, r.relation));
        all
    }

    /// The seat an actor has for an act on a thing, if any.
    pub fn seat(&self, actor: &Actor, act: &str, facts: &Facts) -> Option<Seat> {
        let rules = self.rows.get(act)?;
        if actor.system {
            let rule = rules.iter().find(|r| r.role == Role::System)?;
            return Some(Seat {
                act: rule.act,
                role: Role::System,
                relation: rule.relation,
                post: None,
                unit: None,
                _sealed: (),
            });
        }
        for rule in rules {
            for post in actor.posts.iter().filter(|p| p.role == rule.role) {
                if !judges_itself(post, facts) && post_stands(rule.relation, post, actor, facts) {
                    let (post, unit) = (Some(post.id), Some(post.unit));
                    return Some(Seat {
                        act: rule.act,
                        role: rule.role,
                        relation: rule.relation,
                        post,
                        unit,
                        _sealed: (),
                    });
                }
            }
            let as_self = match rule.role {
                Role::Resident => actor.person.is_some() && person_stands(rule.relation, actor, facts),
                Role::Anyone => match rule.relation {
                    Relation::Any => true,
                    Relation::Public => facts.audience.is_some() && facts.audience == actor.root,
                    _ => false,
                },
                _ => false,
            };
            if as_self {
                return Some(Seat {
                    act: rule.act,
                    role: rule.role,
                    relation: rule.relation,
                    post: None,
                    unit: None,
                    _sealed: (),
                });
            }
        }
        None
    }

    /// The scope an actor has for a list, if any. `path` is root … unit of the unit the list is about.
    pub fn scope(&self, actor: &Actor, act: &str, kind: ScopeKind, path: &[UnitId]) -> Result<Scope> {
        let rules = self.rows.get(act).map(Vec::as_slice).unwrap_or_default();
        let post_with = |unit_fits: &dyn Fn(&Post) -> bool, relations: &[Relation]| {
            actor
                .posts
                .iter()
                .any(|p| unit_fits(p) && rules.iter().any(|r| r.role == p.role && relations.contains(&r.relation)))
        };
        match kind {
            ScopeKind::Mine => actor.person.map(|p| Scope::Mine(p, Sealed(()))).ok_or(Error::SignIn),
            ScopeKind::Desk(unit)
                if post_with(&|p| p.unit == unit, &[Relation::Desk, Relation::Place, Relation::Any]) =>
            {
                Ok(Scope::Desk(unit, Sealed(())))
            }
            ScopeKind::Within(unit)
                if post_with(
                    &|p| p.unit == unit,
                    &[Relation::Place, Relation::Above, Relation::Unit, Relation::Any],
                ) || post_with(&|p| path.contains(&p.unit), &[Relation::Above, Relation::Unit, Relation::Any]) =>
            {
                Ok(Scope::Within(unit, Sealed(())))
            }
            ScopeKind::Public(unit)
                if rules.iter().any(|r| matches!(r.relation, Relation::Public | Relation::Neighbour)) =>
            {
                Ok(Scope::Public(unit, actor.audiences(), Sealed(())))
            }
            _ if actor.person.is_none() => Err(Error::SignIn),
            _ => Err(Error::forbidden(t::FORBIDDEN)),
        }
    }
}

/// The complained-about does not judge: a post at the named unit, or under it, has no seat.
fn judges_itself(post: &Post, facts: &Facts) -> bool {
    facts.named.is_some_and(|named| post.path.contains(&named))
}

fn post_stands(relation: Relation, post: &Post, actor: &Actor, facts: &Facts) -> bool {
    match relation {
        Relation::Any => true,
        Relation::Reporter => actor.person.is_some() && actor.person == facts.reporter,
        Relation::Assignee => actor.person.is_some() && actor.person == facts.assignee,
        Relation::Desk => facts.owner_path.last() == Some(&post.unit),
        Relation::Place => facts.place_path.last() == Some(&post.unit),
        Relation::Party => facts.parties.contains(&post.unit),
        Relation::Above => facts.place_path.split_last().is_some_and(|(_, above)| above.contains(&post.unit)),
        Relation::AboveOwner => facts.owner_path.split_last().is_some_and(|(_, above)| above.contains(&post.unit)),
        Relation::Unit => facts.owner_path.contains(&post.unit),
        Relation::Neighbour | Relation::Public => false,
    }
}

fn person_stands(relation: Relation, actor: &Actor, facts: &Facts) -> bool {
    match relation {
        Relation::Any => true,
        Relation::Reporter => actor.person == facts.reporter,
        Relation::Assignee => actor.person == facts.assignee,
        Relation::Neighbour => {
            facts.audience.is_some_and(|a| actor.homes.iter().any(|h| h.within.contains(&a)) || Some(a) == actor.root)
        }
        _ => false,
    }
}
