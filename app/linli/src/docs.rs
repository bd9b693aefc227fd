//! What the program prints of itself: its procedures and its permissions, in both languages. `docs/procedures.md` and
//! `docs/permissions.md` are these texts.
use crate::modules::{MODULES, kinds};
use linli_core::{Field, FieldKind, Policy, Relation, Role, Text};
use linli_matters::{Clocked, Move, Procedure, Readers};
use std::fmt::Write;

/// The policy of the whole program, without a database.
pub fn policy() -> Policy {
    let modules = MODULES.iter().flat_map(|m| m.policy.iter().copied());
    Policy::of(modules.chain(kinds().rules()))
}

/// Every procedure: its diagram, its states with their clocks, its moves with who may, from where to where, and what is asked.
pub fn procedures() -> String {
    let mut out = String::from(
        "# 办事流程 · Procedures\n\n\
         由 `linli procedures` 输出，不手工修改。每一状态都有时限，或写明为何不需要；期限长短是各区的设置。\n\n\
         Printed by `linli procedures`; not edited by hand. Every state has a clock, or says why it needs none; how long a term\n\
         is, is each district's setting.\n",
    );
    for p in kinds().0 {
        procedure(&mut out, p);
    }
    out
}

fn procedure(out: &mut String, p: &Procedure) {
    let _ = write!(
        out,
        "\n## {} · {} (`{}`, {})\n\n起始状态 · begins as: {}\n\n```mermaid\n{}```\n\n### 状态 · States\n\n\
         | 代码 · code | 状态 · state | 居民看到 · residents read | 时限 · clock |\n|---|---|---|---|\n",
        p.label.zh,
        p.label.en,
        p.kind,
        p.version,
        join(p.first.iter().map(|s| code(s)), ", "),
        p.diagram(),
    );
    for s in p.states {
        let clock = match s.clock {
            Clocked::Stage(stage) => stage_name(stage),
            Clocked::Unclocked(why) => format!("无 · none: {}", cell(why)),
            Clocked::End => "结束 · end".into(),
        };
        let _ = writeln!(out, "| {} | {} | {} | {clock} |", code(s.name), both(s.label), both(s.told));
    }
    out.push_str(
        "\n### 步骤 · Moves\n\n| 代码 · code | 步骤 · move | 谁 · who | 从 · from | 到 · to | 填写 · fields | 文字谁可读 · words read by |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for m in p.moves {
        let (from, to) = (states(p, m.from), states(p, m.to));
        let to = if to.is_empty() { "不变 · stays".to_owned() } else { to };
        let (who, fields) = (who(m), join(m.input.iter().map(field), "<br>"));
        let fields = if fields.is_empty() { "—".to_owned() } else { fields };
        let no = if m.refusal {
            "<br>（说不的一步，须写理由和可行办法 · says no: reason and a way that works are asked）"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "| {} | {}{no} | {who} | {from} | {to} | {fields} | {} |",
            code(m.act),
            both(m.label),
            readers(m)
        );
    }
}

/// Roles that stand in the same relation share a line.
fn who(m: &Move) -> String {
    let mut relations: Vec<Relation> = m.who.iter().map(|(_, relation)| *relation).collect();
    relations.sort();
    relations.dedup();
    let line = |relation: Relation| {
        let roles = || m.who.iter().filter(|(_, r)| *r == relation).map(|(role, _)| role.text());
        let (zh, en) = (join(roles().map(|t| t.zh), "、"), join(roles().map(|t| t.en), ", "));
        match relation {
            Relation::Any => format!("{zh} · {en}"),
            other => format!("{zh}（{}）· {en} ({})", other.text().zh, other.text().en),
        }
    };
    join(relations.into_iter().map(line), "<br>")
}

fn states(p: &Procedure, names: &[&str]) -> String {
    let mut open = p.states.iter().filter(|s| s.clock != Clocked::End);
    if names.len() > 3 && open.all(|s| names.contains(&s.name)) {
        let ends = names.iter().filter_map(|n| p.state(n)).any(|s| s.clock == Clocked::End);
        return if ends { "任何状态 · any state" } else { "任何未结束的状态 · any open state" }.into();
    }
    join(names.iter().map(|name| p.state(name).map_or_else(|| code(name), |s| both(s.label))), "<br>")
}

fn field(f: &Field) -> String {
    let (zh, en) = match f.kind {
        FieldKind::Line { max } => (format!("一行，至多 {max} 字"), format!("a line of at most {max} characters")),
        FieldKind::Words { max, .. } => (format!("文字，至多 {max} 字"), format!("words, at most {max} characters")),
        FieldKind::Choice(choices) => {
            (join(choices.iter().map(|c| c.label.zh), "／"), join(choices.iter().map(|c| c.label.en), " / "))
        }
        FieldKind::Unit { .. } => ("单位".into(), "a unit".into()),
        FieldKind::Colleague => ("同事".into(), "a colleague".into()),
        FieldKind::Category => ("类别".into(), "a category".into()),
        FieldKind::Matter => ("事项编号".into(), "a matter's number".into()),
        FieldKind::Number { min, max } => (format!("{min}–{max}"), format!("{min}–{max}")),
        FieldKind::Date => ("日期".into(), "a date".into()),
        FieldKind::Yes => ("是否".into(), "yes or no".into()),
        FieldKind::Files { max } => (format!("附件，至多 {max} 个"), format!("at most {max} files")),
    };
    let must = if f.required { "\\*" } else { "" };
    format!("`{}`{must} {}（{}）· {} ({})", f.name, f.label.zh, cell(&zh), f.label.en, cell(&en))
}

fn readers(m: &Move) -> &'static str {
    match (m.words, m.readers) {
        (None, _) => "—",
        (_, Readers::All) => "看得到此事项的人 · whoever sees the matter",
        (_, Readers::Party) => "反映人和办理者 · the reporter and those who handle it",
        (_, Readers::Staff) => "办理者 · those who handle it",
    }
}

/// Who may do what: one row for each act and set of relations, with the roles that may.
pub fn permissions(policy: &Policy) -> String {
    let mut out = String::from(
        "# 权限 · Permissions\n\n\
         由 `linli permissions` 输出，不手工修改。没有写在这里的都不允许；被投诉的单位不办理投诉它的事项。\n\n\
         Printed by `linli permissions`; not edited by hand. What does not stand here is not allowed; a unit that is complained\n\
         about does not handle the complaint.\n",
    );
    let (rows, kinds) = (policy.rows(), kinds());
    let mut module = "";
    for of_act in rows.chunk_by(|a, b| a.act == b.act) {
        let act = of_act.first().map_or("", |r| r.act);
        let (of, name) = act.split_once('.').unwrap_or((act, ""));
        if of != module {
            module = of;
            let _ = write!(out, "\n## `{of}`\n\n| 行为 · act | 角色 · roles | 关系 · relations |\n|---|---|---|\n");
        }
        let label = kinds.get(of).and_then(|p| p.find(name)).map_or(String::new(), |m| format!(" {}", both(m.label)));
        // Roles that stand in the same relations share a row.
        let mut groups: Vec<(Vec<Relation>, Vec<Role>)> = Vec::new();
        for of_role in of_act.chunk_by(|a, b| a.role == b.role) {
            let relations: Vec<Relation> = of_role.iter().map(|r| r.relation).collect();
            let roles: Vec<Role> = of_role.iter().take(1).map(|r| r.role).collect();
            match groups.iter_mut().find(|(held, _)| *held == relations) {
                Some((_, held)) => held.extend(roles),
                None => groups.push((relations, roles)),
            }
        }
        for (relations, roles) in groups {
            let roles = join(roles.iter().map(|r| both(r.text())), "<br>");
            let relations = join(relations.iter().map(|r| both(r.text())), "<br>");
            let _ = writeln!(out, "| {}{label} | {roles} | {relations} |", code(act));
        }
    }
    out
}

fn join<S: AsRef<str>>(parts: impl Iterator<Item = S>, between: &str) -> String {
    let mut out = String::new();
    for part in parts {
        out.push_str(if out.is_empty() { "" } else { between });
        out.push_str(part.as_ref());
    }
    out
}

fn code(name: &str) -> String {
    format!("`{name}`")
}

fn both(t: Text) -> String {
    if t.zh == t.en { cell(t.zh) } else { format!("{} · {}", cell(t.zh), cell(t.en)) }
}

/// The name of a stage, by the text `stage_<code>` of whichever module has it.
fn stage_name(stage: &str) -> String {
    let wanted = format!(".stage_{stage}");
    let text = MODULES.iter().flat_map(|m| m.texts).find(|t| t.key.ends_with(&wanted));
    text.map_or_else(|| code(stage), |t| format!("{} {}", code(stage), both(*t)))
}

/// A table's cell holds neither its border nor a line's end.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
