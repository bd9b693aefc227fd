//! The forms of the moves: which are offered first, with which options, and again with what was typed.
use crate::store::Spot;
use crate::t;
use linli_core::{Cx, FieldError, FieldKind, Lang, RawInput, Result};
use linli_matters::{Matter, Move, Seen};
use linli_web::Html;
use linli_web::ui::{self, FieldView, Opt};

pub(super) struct MoveView {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) main: bool,
    pub(super) open: bool,
    pub(super) fields: Html,
    pub(super) icon: &'static str,
}

/// What was typed into a move's form that was refused.
pub(crate) struct Refused {
    pub(crate) name: String,
    pub(crate) raw: RawInput,
    pub(crate) errors: Vec<FieldError>,
}

impl Refused {
    /// Its errors, linked to the fields of that move's form. When others have moved the matter meanwhile the form may be
    /// gone: what was typed into it stands here, to be copied.
    pub(crate) fn summary(&self, lang: Lang) -> Html {
        let linked = |e: &FieldError| match e.field.as_str() {
            "" => e.clone(),
            field => FieldError { field: format!("{}-{field}", self.name), msg: e.msg.clone() },
        };
        let errors = ui::errors(&self.errors.iter().map(linked).collect::<Vec<_>>(), lang);
        if self.errors.iter().any(|e| !e.field.is_empty()) {
            return errors;
        }
        Html::join(vec![errors, typed(&self.raw, lang)])
    }
}

/// What somebody had typed into a form that is no longer there.
pub(crate) fn typed(raw: &RawInput, lang: Lang) -> Html {
    let typed: Vec<&str> = ["words", "way"].into_iter().filter_map(|f| raw.get(f)).collect();
    ui::typed(t::P_TYPED.in_(lang), &typed.join("\n"))
}

/// What is often done in a state stands open to the eye; the rest waits behind one press.
pub(super) fn likely(m: &Matter, name: &str) -> bool {
    match m.state.as_str() {
        "received" => matches!(name, "dispatch" | "answer" | "decline" | "add" | "urge" | "withdraw"),
        "dispatched" => matches!(name, "return" | "urge" | "add" | "withdraw"),
        "handling" => matches!(name, "contact" | "progress" | "dispatch" | "return" | "add" | "urge" | "withdraw"),
        "approval" => matches!(name, "refuse"),
        "review" => matches!(name, "order_redo"),
        "sent" | "doing" => true,
        _ => matches!(name, "add" | "urge" | "withdraw" | "instruct" | "call_back"),
    }
}

/// The likeliest next step is open and prominent.
pub(super) fn main_move(possible: &[&'static Move], m: &Matter) -> Option<&'static str> {
    let order: &[&str] = match m.state.as_str() {
        "received" => &["sign"],
        "dispatched" | "sent" => &["sign"],
        "handling" => &["answer"],
        "doing" => &["done"],
        "approval" => &["approve"],
        "ruling" => &["rule"],
        "answered" => &["verdict"],
        "review" => &["end_review"],
        "paused" => &["resume"],
        _ => &[],
    };
    order.iter().copied().find(|name| possible.iter().any(|mv| mv.name() == *name))
}

pub(super) fn move_view(
    cx: &mut Cx<'_, '_>,
    seen: &Seen,
    spot: Option<&Spot>,
    mv: &'static Move,
    main: bool,
    again: Option<&Refused>,
) -> Result<MoveView> {
    let lang = cx.actor.lang;
    let (raw, errors) = again.map_or((RawInput::default(), Vec::new()), |r| (r.raw.clone(), r.errors.clone()));
    let prefix = format!("{}-", mv.name());
    let mut fields = Vec::new();
    for field in mv.input {
        let mut options = options(cx, seen, &field.kind)?;
        if mv.act == "case.dispatch" && field.name == "unit" {
            let label = match suggested(cx, seen, spot)? {
                Some(unit) => t::F_UNIT_BY_RULE.with("unit", unit),
                None => linli_web::t::CHOOSE.msg(),
            };
            options.insert(0, Opt { value: String::new(), label: label.in_(lang) });
        }
        fields.push(ui::field(&FieldView {
            field,
            prefix: &prefix,
            raw: &raw,
            errors: &errors,
            options: &options,
            lang,
        }));
        if matches!(field.kind, FieldKind::Files { .. }) && seen.matter.reporter == cx.actor.person {
            fields.push(ui::voice(&prefix, lang));
        }
    }
    let icon = match mv.name() {
        "sign" | "approve" | "answer" | "done" | "verdict" => "check",
        "return" | "decline" | "refuse" => "return",
        "dispatch" | "rule" | "order_redo" => "transfer",
        "assist" => "people",
        "contact" => "phone",
        "assign" => "person",
        "note" => "edit",
        "link" => "link",
        "recategorise" => "sort",
        "withdraw" => "cross",
        "resume" => "play",
        "ask_pause" | "ask_extension" => "pause",
        "instruct" | "urge" => "warn",
        _ => "discuss",
    };
    Ok(MoveView {
        name: mv.name(),
        label: mv.label.in_(lang),
        main,
        open: main || again.is_some(),
        fields: Html::join(fields),
        icon,
    })
}

/// Where the rules in force would send it: shown before the one tap, and only where that unit can take it.
fn suggested(cx: &mut Cx<'_, '_>, seen: &Seen, spot: Option<&Spot>) -> Result<Option<String>> {
    let facts = crate::facts_at(cx, &seen.matter, spot)?;
    let (rules, units) = (crate::routing_rules(cx)?, linli_registry::units(cx)?);
    let unit = crate::rules::route(&rules, &units, &facts, "dispatch", cx.now).unit;
    Ok((Some(unit) != seen.seat.unit()).then(|| units.name(unit, cx.actor.lang).to_owned()))
}

/// The options a field offers on the page. The unit lists are short by design: who serves the place, the units of its town,
/// the departments; anything else is found by search.
fn options(cx: &mut Cx<'_, '_>, seen: &Seen, kind: &FieldKind) -> Result<Vec<Opt>> {
    let lang = cx.actor.lang;
    Ok(match kind {
        FieldKind::Category => category_options(cx)?,
        FieldKind::Colleague => match seen.seat.unit() {
            Some(unit) => linli_registry::staff(cx, unit)?
                .into_iter()
                .map(|(_, person, role, name)| Opt {
                    value: person.to_string(),
                    label: lang.with_remark(name.reveal(), role.text().in_(lang)),
                })
                .collect(),
            None => Vec::new(),
        },
        FieldKind::Unit { .. } => {
            let units = linli_registry::units(cx)?;
            let town = units.dispatch_above(seen.matter.committee);
            let mut found: Vec<&linli_registry::Unit> = Vec::new();
            found.extend(units.get(seen.matter.committee));
            found.extend(town.and_then(|t| units.get(t)));
            found.extend(
                town.into_iter()
                    .flat_map(|t| units.children(t))
                    .filter(|u| u.function == linli_registry::Function::Unit),
            );
            found.extend(units.ops().and_then(|o| units.get(o)));
            found.extend(
                units
                    .live()
                    .filter(|u| {
                        u.function == linli_registry::Function::Unit && town.is_none_or(|t| !u.path.contains(&t))
                    })
                    .take(120),
            );
            let own = seen.seat.unit();
            found.retain(|u| Some(u.id) != own && !crate::rules::names(&units, seen.matter.named, u.id));
            found
                .into_iter()
                .map(|u| Opt { value: u.id.to_string(), label: units.name(u.id, lang).to_owned() })
                .collect()
        }
        _ => Vec::new(),
    })
}

/// Categories as options, children after their parents.
pub(crate) fn category_options(cx: &mut Cx<'_, '_>) -> Result<Vec<Opt>> {
    let categories = crate::categories(cx)?;
    let lang = cx.actor.lang;
    let mut out = Vec::new();
    for top in categories.iter().filter(|c| c.parent.is_none()) {
        let children: Vec<_> = categories.iter().filter(|c| c.parent.as_deref() == Some(&top.code)).collect();
        if children.is_empty() {
            out.push(Opt { value: top.code.clone(), label: top.name(lang).to_owned() });
        }
        out.extend(
            children
                .into_iter()
                .map(|c| Opt { value: c.code.clone(), label: format!("{} › {}", top.name(lang), c.name(lang)) }),
        );
    }
    Ok(out)
}
