//! A category suggested from the words, learnt from the example sentences that stand with each category.
use crate::Category;
use linli_core::{Cx, Result};
use text_routing::{Model, Options, Sample};

/// Below this calibrated probability nothing is suggested: a wrong hint costs more than none.
const SURE: f32 = 0.35;

/// The name under which the model is kept; it changes with the categories.
pub(crate) const LEARNT: &str = "cases.suggest";

struct Learnt(Option<Model>);

/// The category that the words most resemble, if that is likely enough.
pub(crate) fn suggest(cx: &mut Cx<'_, '_>, words: &str) -> Result<Option<Category>> {
    let categories = crate::categories(cx)?;
    let learnt = cx.cached(LEARNT, |_| Ok(Learnt(learn(&categories))))?;
    let Some(model) = &learnt.0 else { return Ok(None) };
    let answer = model.classify(words);
    let best = answer.guesses.first().filter(|g| g.probability >= SURE);
    Ok(best.and_then(|b| categories.iter().find(|c| c.code == b.label).cloned()))
}

/// Too few examples teach nothing: then there is no model and no suggestion.
fn learn(categories: &[Category]) -> Option<Model> {
    let taught = categories
        .iter()
        .flat_map(|c| c.examples.lines().filter(|l| !l.trim().is_empty()).map(move |l| (c.code.as_str(), l)));
    let samples: Vec<Sample<'_>> = taught.map(|(label, text)| Sample { text: text.into(), label, group: "" }).collect();
    Model::train(&samples, &Options::default()).ok()
}
