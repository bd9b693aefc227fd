//! The defaults a district begins with: terms, categories, responsibilities and rules, all data with their sources.
use crate::store::{self, Category, Responsibility, RuleRow};
use crate::{CATEGORIES, DUTIES, RULES};
use linli_core::{Cx, Millis, Result};
use linli_matters::Terms;
use serde::Deserialize;
use serde_json::Value;

/// One file of defaults, as JSON (`data/defaults/*.json`).
#[derive(Debug, Clone, Deserialize)]
pub struct Defaults {
    /// Terms by class and stage.
    pub terms: Terms,
    /// Categories.
    pub categories: Vec<Category>,
    /// The responsibility list.
    pub responsibilities: Vec<Responsibility>,
    /// Rules that hold in the whole deployment.
    pub rules: Vec<DefaultRule>,
}

/// A routing rule of the defaults; its scope is the root.
#[derive(Debug, Clone, Deserialize)]
pub struct DefaultRule {
    /// `report` or `dispatch`.
    pub stage: String,
    /// The category.
    pub category: Option<String>,
    /// Facts that must hold.
    #[serde(default)]
    pub facts: serde_json::Map<String, Value>,
    /// Where to.
    pub target: String,
    /// Why, in Chinese.
    pub note_zh: String,
    /// Why, in English.
    pub note_en: String,
}

/// Loads defaults into a new deployment, in force from an instant on.
pub fn load_defaults(cx: &mut Cx<'_, '_>, d: &Defaults, from: Millis) -> Result<()> {
    linli_matters::set_terms(cx, from, &d.terms)?;
    for c in &d.categories {
        store::put_category(cx.tx, c, from)?;
    }
    for r in &d.responsibilities {
        let row = Responsibility { id: cx.id(), ..r.clone() };
        store::put_responsibility(cx.tx, &row, from)?;
    }
    let scope = linli_registry::units(cx)?.root();
    for r in &d.rules {
        let row = RuleRow {
            id: cx.id(),
            scope,
            stage: r.stage.clone(),
            category: r.category.clone(),
            facts: linli_db::Json(Value::Object(r.facts.clone())),
            target: r.target.clone(),
            note_zh: r.note_zh.clone(),
            note_en: r.note_en.clone(),
            author: None,
            valid_from: from,
            valid_until: None,
        };
        store::put_rule(cx.tx, &row, cx.now)?;
    }
    for name in [CATEGORIES, DUTIES, RULES, crate::suggest::LEARNT] {
        cx.changed(name)?;
    }
    Ok(())
}
