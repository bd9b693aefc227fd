//! From the text in the source to the texts each engine gets: optional clauses, spreads, parameters.
use linli_schema::lex::{Kind, Token, lex};
use linli_schema::{Engine, sqlite_word};

/// Optional clauses in one statement: every combination is a text of its own, so few.
const MAX_OPTIONAL: usize = 3;

/// One text for one engine, and which parameter of the call goes to each of its places.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) sql: String,
    pub(crate) args: Vec<u8>,
}

/// A statement for one engine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// Parameters of the call.
    pub(crate) params: u8,
    /// For each optional clause, the parameters that must all be there.
    pub(crate) optional: Vec<Vec<u8>>,
    /// Variant `m` holds optional clause `i` iff bit `i` of `m` is set.
    pub(crate) variants: Vec<Variant>,
}

/// `$3` is parameter 2.
fn number(token: &Token<'_>) -> Option<u8> {
    token.text.get(1..)?.parse::<u8>().ok()?.checked_sub(1)
}

fn params<'a>(tokens: impl IntoIterator<Item = &'a Token<'a>>) -> Result<Vec<u8>, String> {
    let params = tokens.into_iter().filter(|t| t.kind == Kind::Param);
    let mut all = params
        .map(|t| number(t).ok_or_else(|| format!("{}: parameters are $1 … $255", t.text)))
        .collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Cuts the text into always-there and optional parts and writes every combination for the engine.
pub(crate) fn expand(sql: &str, engine: Engine) -> Result<Expanded, String> {
    let tokens = lex(sql);
    let all = params(&tokens)?;
    if let Some(missing) = (0u8..).zip(&all).find(|(i, n)| i != *n).map(|(i, _)| i + 1) {
        return Err(format!("${missing} is not used: number the parameters $1, $2 … without gaps"));
    }
    let mut parts: Vec<(bool, Vec<Token<'_>>)> = vec![(false, Vec::new())];
    for (i, token) in tokens.iter().enumerate() {
        let inside = parts.last().is_some_and(|p| p.0);
        let opens = token.is("[") && {
            let next = tokens.iter().skip(i + 1).find(|t| !t.space());
            next.is_some_and(|t| ["AND", "OR", "WHERE", ","].iter().any(|w| t.is(w)))
        };
        if opens && inside {
            return Err("an optional clause [AND …] cannot hold another one".into());
        } else if opens || (inside && token.is("]")) {
            parts.push((opens, Vec::new()));
        } else if let Some(part) = parts.last_mut() {
            part.1.push(*token);
        }
    }
    if parts.last().is_some_and(|p| p.0) {
        return Err("an optional clause [AND …] is not closed".into());
    }
    let optional = parts.iter().filter(|p| p.0).map(|p| params(&p.1)).collect::<Result<Vec<_>, _>>()?;
    if optional.iter().any(Vec::is_empty) {
        return Err("an optional clause [AND …] needs a parameter that may be absent".into());
    }
    if optional.len() > MAX_OPTIONAL {
        return Err(format!("at most {MAX_OPTIONAL} optional clauses in one statement"));
    }
    let variants = (0..1usize << optional.len()).map(|mask| {
        let mut nth = 0;
        let there = parts.iter().filter(|p| {
            nth += usize::from(p.0);
            !p.0 || mask >> (nth - 1) & 1 == 1
        });
        write(&there.flat_map(|p| &p.1).copied().collect::<Vec<_>>(), engine)
    });
    let variants = variants.collect::<Result<_, _>>()?;
    Ok(Expanded { params: all.len() as u8, optional, variants })
}

fn write(tokens: &[Token<'_>], engine: Engine) -> Result<Variant, String> {
    let args = params(tokens)?;
    let place = |t: &Token<'_>| {
        let at = number(t).and_then(|n| args.iter().position(|a| *a == n)).unwrap_or_default() + 1;
        format!("{}{at}", if engine == Engine::Sqlite { '?' } else { '$' })
    };
    let words: Vec<&Token<'_>> = tokens.iter().filter(|t| !t.space()).collect();
    let mut out: Vec<String> = Vec::new();
    let mut i = 0;
    while let Some(word) = words.get(i) {
        let gap = i > 0 && tokens.iter().take_while(|t| !std::ptr::eq(*t, *word)).last().is_some_and(Token::space);
        let mut text = if gap { " ".to_owned() } else { String::new() };
        let not = word.is("NOT") && words.get(i + 1).is_some_and(|t| t.is("IN"));
        let at = i + usize::from(not);
        let spread = match words.get(at..at + 5) {
            Some([r#in, kind, open, p, close])
                if r#in.is("IN") && open.is("(") && p.kind == Kind::Param && close.is(")") =>
            {
                ["UUIDS", "TEXTS", "INTS"].iter().find(|k| kind.is(k)).map(|k| (*k, place(p)))
            }
            _ => None,
        };
        if let Some((kind, p)) = spread {
            let value = if kind == "UUIDS" { "unhex(value)" } else { "value" };
            text.push_str(&match (engine, not) {
                (Engine::Sqlite, false) => format!("IN (SELECT {value} FROM json_each({p}))"),
                (Engine::Sqlite, true) => format!("NOT IN (SELECT {value} FROM json_each({p}))"),
                (Engine::Pg, false) => format!("= ANY({p})"),
                (Engine::Pg, true) => format!("<> ALL({p})"),
            });
            i = at + 5;
        } else {
            match (word.kind, engine) {
                (Kind::Param, _) => text.push_str(&place(word)),
                (_, Engine::Sqlite) => {
                    let previous = i.checked_sub(1).and_then(|j| words.get(j)).copied();
                    text.push_str(sqlite_word(word, previous, words.get(i + 1).copied()));
                }
                (_, Engine::Pg) => text.push_str(word.text),
            }
            i += 1;
        }
        out.push(text);
    }
    Ok(Variant { sql: out.concat(), args })
}
