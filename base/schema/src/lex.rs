//! The few lexical rules that SQLite and PostgreSQL share. Never a parser: the engines parse.

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// White space and comments.
    Space,
    /// A keyword or name.
    Word,
    /// A name in double quotes, quotes included.
    Quoted,
    /// A text literal, quotes included.
    Text,
    /// A number.
    Number,
    /// A parameter, `$1`.
    Param,
    /// Any other single character.
    Other,
}

/// One piece of a statement.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its characters.
    pub text: &'a str,
}

impl Token<'_> {
    /// Whether it is this keyword, in any case, or this character.
    pub fn is(&self, what: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Other) && self.text.eq_ignore_ascii_case(what)
    }
    /// Whether it is white space or a comment.
    pub fn space(&self) -> bool {
        self.kind == Kind::Space
    }
}

/// Splits a text into tokens; joined again they give the text.
pub fn lex(sql: &str) -> Vec<Token<'_>> {
    let mut out: Vec<Token<'_>> = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let until = |end: &str, from: usize| {
            rest.get(from..).and_then(|r| r.find(end)).map_or(rest.len(), |i| from + i + end.len())
        };
        let run = |f: fn(char) -> bool| rest.find(|c| !f(c)).unwrap_or(rest.len());
        let (kind, len) = match c {
            _ if rest.starts_with("--") => (Kind::Space, until("\n", 2)),
            _ if rest.starts_with("/*") => (Kind::Space, until("*/", 2)),
            _ if c.is_whitespace() => (Kind::Space, run(char::is_whitespace)),
            '\'' => (Kind::Text, until("'", 1)),
            '"' => (Kind::Quoted, until("\"", 1)),
            '$' if rest[1..].starts_with(|d: char| d.is_ascii_digit()) => {
                (Kind::Param, 1 + rest[1..].find(|d: char| !d.is_ascii_digit()).unwrap_or(rest.len() - 1))
            }
            _ if c.is_ascii_digit() => (Kind::Number, run(|c| c.is_alphanumeric() || c == '.')),
            _ if c.is_alphabetic() || c == '_' => (Kind::Word, run(|c| c.is_alphanumeric() || c == '_')),
            _ => (Kind::Other, c.len_utf8()),
        };
        let (text, after) = rest.split_at(len);
        out.push(Token { kind, text });
        rest = after;
    }
    out
}
