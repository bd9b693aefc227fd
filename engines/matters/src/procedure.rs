//! A procedure is a declared table: states (who must act, which clock runs) and moves (who may, from where to where, with
//! what input). Pages, API, permissions, diagrams and tests are read from it. A matter keeps the version it began with;
//! a district sets terms, never graphs.
use crate::Turn;
use linli_core::{Cx, Field, FieldKind, MatterId, Relation, Result, Role, Rule, Text, UnitId};
use serde_json::Value;
use std::collections::BTreeSet;

/// One kind of matter.
pub struct Procedure {
    /// The stored kind, and the first word of its acts.
    pub kind: &'static str,
    /// The version a new matter gets.
    pub version: i64,
    /// Its name.
    pub label: Text,
    /// Every state.
    pub states: &'static [State],
    /// The states in which a matter may begin.
    pub first: &'static [&'static str],
    /// The act that decides who sees a matter of this kind.
    pub view: &'static str,
    /// Rows of the policy besides the moves: who may see, list, open.
    pub policy: &'static [Rule],
    /// Every move.
    pub moves: &'static [Move],
    /// Begins a matter of this kind that another matter spawned.
    pub born: fn(&mut Cx<'_, '_>, &Seed) -> Result<MatterId>,
}

/// What a spawned matter begins with.
#[derive(Debug, Clone)]
pub struct Seed {
    /// The matter that spawns it.
    pub parent: MatterId,
    /// The unit that must act.
    pub unit: UnitId,
    /// What is asked.
    pub words: String,
    /// Codes and ids for the new matter's module.
    pub data: Value,
}

/// One state.
pub struct State {
    /// The stored name.
    pub name: &'static str,
    /// What staff read.
    pub label: Text,
    /// What residents read: whose turn it is, in plain words.
    pub told: Text,
    /// The clock that runs.
    pub clock: Clocked,
}

/// Which clock runs in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clocked {
    /// The owner unit owes this stage.
    Stage(&'static str),
    /// No clock, and why that harms nobody.
    Unclocked(&'static str),
    /// The matter has ended.
    End,
}

/// Who reads the words of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Everybody who sees the matter.
    All,
    /// The reporter and those who handle it.
    Party,
    /// Those who handle it.
    Staff,
}

impl Readers {
    /// The stored code.
    pub fn code(self) -> &'static str {
        match self {
            Readers::All => "all",
            Readers::Party => "party",
            Readers::Staff => "staff",
        }
    }
}

/// What a move does inside the engine's transaction: checks what its fields cannot say, sets owner, clocks and facts.
pub type Effect = fn(&mut Cx<'_, '_>, &mut Turn<'_>, &linli_core::Input) -> Result<()>;

/// One move: the only way a matter changes.
pub struct Move {
    /// `kind.name`: the act in the policy and, after the dot, the word in URLs and commands.
    pub act: &'static str,
    /// The button.
    pub label: Text,
    /// The sentence of the story: `{unit}` stands for who acted.
    pub told: Text,
    /// The states it is possible in.
    pub from: &'static [&'static str],
    /// The states it may lead to; empty: the matter stays where it is.
    pub to: &'static [&'static str],
    /// Who may.
    pub who: &'static [(Role, Relation)],
    /// What is asked.
    pub input: &'static [Field],
    /// The field whose content is the act's erasable words.
    pub words: Option<&'static str>,
    /// Who reads them.
    pub readers: Readers,
    /// It says no to somebody: then it must ask for a reason and for a way that would work.
    pub refusal: bool,
    /// Kinds it may spawn.
    pub spawns: &'static [&'static str],
    /// What it does.
    pub effect: Effect,
}

impl Move {
    /// The word in URLs, forms and commands.
    pub fn name(&self) -> &'static str {
        self.act.split_once('.').map_or(self.act, |(_, name)| name)
    }
    /// Whether the system alone makes it.
    pub fn automatic(&self) -> bool {
        self.who.iter().all(|(role, _)| *role == Role::System)
    }
}

/// Every procedure of the program; the house holds it as a part.
pub struct Kinds(pub Vec<&'static Procedure>);

impl Kinds {
    /// The newest procedure of a kind.
    pub fn get(&self, kind: &str) -> Option<&'static Procedure> {
        self.0.iter().copied().filter(|p| p.kind == kind).max_by_key(|p| p.version)
    }
    /// A version of a procedure; a program keeps every version of which matters may still be open.
    pub fn version(&self, kind: &str, version: i64) -> Option<&'static Procedure> {
        self.0.iter().copied().find(|p| p.kind == kind && p.version == version)
    }
    /// The policy rows that all procedures declare.
    pub fn rules(&self) -> Vec<Rule> {
        self.0.iter().flat_map(|p| p.rules()).collect()
    }
}

impl Procedure {
    /// A state by name.
    pub fn state(&self, name: &str) -> Option<&'static State> {
        self.states.iter().find(|s| s.name == name)
    }
    /// A move by its word.
    pub fn find(&self, name: &str) -> Option<&'static Move> {
        self.moves.iter().find(|m| m.name() == name)
    }
    /// The rows of the policy: its own, and one for each role and relation of each move.
    pub fn rules(&self) -> Vec<Rule> {
        let moves =
            self.moves.iter().flat_map(|m| m.who.iter().map(|(role, relation)| Rule::new(m.act, *role, *relation)));
        self.policy.iter().copied().chain(moves).collect()
    }

    /// What is wrong with the table. A test of the program fails on any line: no dead end, no ownerless state, no state
    /// without a clock or a stated reason, no refusal without reason and way forward, no move or state out of reach.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let names: BTreeSet<&str> = self.states.iter().map(|s| s.name).collect();
        let mut fault = |what: String| faults.push(format!("{}: {what}", self.kind));
        for s in self.states {
            let leaving: Vec<&Move> =
                self.moves.iter().filter(|m| m.from.contains(&s.name) && m.to.iter().any(|t| *t != s.name)).collect();
            match s.clock {
                Clocked::End => {}
                Clocked::Unclocked("") => fault(format!("state {} has neither clock nor reason", s.name)),
                _ if leaving.is_empty() => fault(format!("state {} is a dead end", s.name)),
                Clocked::Stage(_) if leaving.iter().all(|m| m.automatic()) => {
                    fault(format!("nobody can act in state {}", s.name))
                }
                _ => {}
            }
        }
        for m in self.moves {
            for state in m.from.iter().chain(m.to) {
                if !names.contains(state) {
                    fault(format!("move {} names an unknown state {state}", m.act));
                }
            }
            if m.who.is_empty() {
                fault(format!("nobody may {}", m.act));
            }
            if m.from.is_empty() {
                fault(format!("move {} starts nowhere", m.act));
            }
            if !m.act.starts_with(self.kind) {
                fault(format!("move {} is not named after its kind", m.act));
            }
            let asks = |name: &str| m.input.iter().any(|f| f.name == name && f.required);
            if m.refusal && !(asks("reason") && asks("way")) {
                fault(format!("refusal {} must ask for `reason` and `way`", m.act));
            }
            if let Some(w) = m.words
                && !m.input.iter().any(|f| f.name == w && matches!(f.kind, FieldKind::Words { .. }))
            {
                fault(format!("move {} takes its words from a field it does not ask", m.act));
            }
        }
        // A unit that ends hands over what is open, in whatever state that is.
        let over = self.moves.iter().find(|m| m.name() == crate::hand_over::MOVE && m.automatic());
        for s in self.states.iter().filter(|s| s.clock != Clocked::End) {
            if !over.is_some_and(|m| m.from.contains(&s.name) && m.to.is_empty()) {
                fault(format!("what is in state {} cannot be handed over", s.name));
            }
        }
        // Every state can be reached from a first one, and an end from every state.
        let step = |from: &BTreeSet<&'static str>| -> BTreeSet<&'static str> {
            let reached = self
                .moves
                .iter()
                .filter(|m| m.from.iter().any(|f| from.contains(f)))
                .flat_map(|m| m.to.iter().copied());
            from.iter().copied().chain(reached).collect()
        };
        let close = |start: BTreeSet<&'static str>| {
            let mut seen = start;
            loop {
                let next = step(&seen);
                if next == seen {
                    return seen;
                }
                seen = next;
            }
        };
        let reached = close(self.first.iter().copied().collect());
        for s in self.states {
            if !reached.contains(s.name) {
                fault(format!("state {} is never reached", s.name));
            }
            let on = close(BTreeSet::from([s.name]));
            if !self.states.iter().any(|e| e.clock == Clocked::End && on.contains(e.name)) {
                fault(format!("no end can be reached from state {}", s.name));
            }
        }
        faults
    }

    /// A state diagram in Mermaid's words, for `docs/procedures.md`.
    pub fn diagram(&self) -> String {
        let mut out = String::from("stateDiagram-v2\n");
        for s in self.states {
            out.push_str(&format!("    state \"{} · {}\" as {}\n", s.label.zh, s.label.en, s.name));
        }
        for f in self.first {
            out.push_str(&format!("    [*] --> {f}\n"));
        }
        for m in self.moves {
            for from in m.from {
                for to in m.to.iter().filter(|t| *t != from) {
                    out.push_str(&format!("    {from} --> {to}: {} · {}\n", m.label.zh, m.label.en));
                }
            }
        }
        for s in self.states.iter().filter(|s| s.clock == Clocked::End) {
            out.push_str(&format!("    {} --> [*]\n", s.name));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    const T: Text = Text { key: "x", zh: "x", en: "x" };
    const fn state(name: &'static str, clock: Clocked) -> State {
        State { name, label: T, told: T, clock }
    }
    const fn go(act: &'static str, from: &'static [&'static str], to: &'static [&'static str]) -> Move {
        Move {
            act,
            label: T,
            told: T,
            from,
            to,
            who: &[(Role::Worker, Relation::Desk)],
            input: &[],
            words: None,
            readers: Readers::All,
            refusal: false,
            spawns: &[],
            effect: |_, _, _| Ok(()),
        }
    }
    fn faults(states: &'static [State], moves: &'static [Move]) -> Vec<String> {
        let born = |_: &mut Cx<'_, '_>, _: &Seed| Err(linli_core::Error::NotFound);
        Procedure { kind: "k", version: 1, label: T, states, first: &["a"], view: "k.view", policy: &[], moves, born }
            .faults()
    }

    #[test]
    fn a_sound_table_has_no_faults_and_each_fault_is_found() {
        const STATES: &[State] = &[state("a", Clocked::Stage("sign")), state("b", Clocked::End)];
        const OVER: Move = Move { who: &[(Role::System, Relation::Any)], ..go("k.handed_over", &["a"], &[]) };
        assert_eq!(faults(STATES, const { &[go("k.end", &["a"], &["b"]), OVER] }), Vec::<String>::new());
        let found = faults(STATES, const { &[go("k.end", &["a"], &["b"])] });
        assert!(found.iter().any(|f| f.contains("handed over")), "{found:?}");
        assert!(faults(STATES, &[]).iter().any(|f| f.contains("dead end")));
        assert!(faults(STATES, const { &[go("k.end", &["a"], &["c"])] }).iter().any(|f| f.contains("unknown state")));
        const NO: Move = Move { refusal: true, ..go("k.no", &["a"], &["b"]) };
        assert!(faults(STATES, const { &[NO] }).iter().any(|f| f.contains("must ask")));
        const LOST: &[State] =
            &[state("a", Clocked::Stage("s")), state("b", Clocked::End), state("c", Clocked::Unclocked(""))];
        let found = faults(LOST, const { &[go("k.end", &["a"], &["b"])] });
        assert!(found.iter().any(|f| f.contains("never reached")) && found.iter().any(|f| f.contains("neither clock")));
        const LOOP: &[State] = &[state("a", Clocked::Stage("s")), state("b", Clocked::Stage("s"))];
        let found = faults(LOOP, const { &[go("k.x", &["a"], &["b"]), go("k.y", &["b"], &["a"])] });
        assert!(found.iter().any(|f| f.contains("no end")));
    }
}
