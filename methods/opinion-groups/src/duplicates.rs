//! Near-duplicate statements, made for Chinese: no word boundaries are needed.
use std::collections::HashMap;

/// Statements at least this similar are flagged for a person to judge.
pub const SIMILAR: f64 = 0.5;

/// Two statements that say almost the same.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NearDuplicate {
    /// Index of the earlier one in the list given.
    pub first: usize,
    /// Index of the later one.
    pub second: usize,
    /// Twice the shared pairs of neighbours over all pairs (Dice), 0 to 1.
    pub similarity: f64,
}

/// Finds statements that share most of their pairs of neighbouring characters (or words, where writing has spaces), most
/// similar first. A hint for a person: it does not see that a small word turns the meaning round.
pub fn near_duplicates(texts: &[&str], at_least: f64) -> Vec<NearDuplicate> {
    let mut tokens = HashMap::new();
    let bags: Vec<Vec<u64>> = texts.iter().map(|t| pairs(t, &mut tokens)).collect();
    let mut found = Vec::new();
    for (second, b) in bags.iter().enumerate() {
        for (first, a) in bags[..second].iter().enumerate() {
            // The shorter text bounds what can be shared.
            let most = 2.0 * a.len().min(b.len()) as f64;
            let all = (a.len() + b.len()) as f64;
            if all > 0.0 && most >= at_least * all {
                let similarity = 2.0 * shared(a, b) as f64 / all;
                if similarity >= at_least {
                    found.push(NearDuplicate { first, second, similarity });
                }
            }
        }
    }
    found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    found
}

/// A Chinese character is a token, so is a word or number in other writing; two neighbouring tokens are a pair. Case,
/// full-width letters, spaces and punctuation do not count.
fn pairs(text: &str, tokens: &mut HashMap<String, u64>) -> Vec<u64> {
    let narrow =
        |c: char| if ('！'..='～').contains(&c) { char::from_u32(c as u32 - 0xFEE0).unwrap_or(c) } else { c };
    let letters: String = text.chars().map(narrow).flat_map(char::to_lowercase).collect();
    let words = letters.split(|c: char| !c.is_alphanumeric()).flat_map(|run| {
        let mut rest = run;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let end = if han(first) { first.len_utf8() } else { rest.find(han).unwrap_or(rest.len()) };
            let (word, after) = rest.split_at(end);
            rest = after;
            Some(word)
        })
    });
    let mut row: Vec<u64> = Vec::new();
    for word in words {
        let next = tokens.len() as u64 + 1;
        row.push(*tokens.entry(word.to_owned()).or_insert(next));
    }
    let mut pairs: Vec<u64> = match row.as_slice() {
        [one] => vec![*one],
        many => many.windows(2).map(|w| w[0] << 32 | w[1]).collect(),
    };
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn shared(a: &[u64], b: &[u64]) -> usize {
    let (mut i, mut j, mut n) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        n += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    n
}
