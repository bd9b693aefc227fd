//! The three tables in which conversations are published (the "openData" layout): `comments.csv`, `votes.csv` and
//! `participants-votes.csv`. In them +1 means agree. Columns are found by their names; others are ignored.
//! Readers are given, not paths; every error names file, line, field and cause.
use crate::{Conversation, Settings, Statement, Vote};
use csv::{ByteRecord, ReaderBuilder};
use std::io::Read;

/// What is wrong with a table, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}, line {line}, field {field}: {cause}")]
pub struct ReadError {
    /// The name the caller gave.
    pub file: String,
    /// Line of the record's beginning, from 1.
    pub line: u64,
    /// The column's name.
    pub field: String,
    /// What is wrong.
    pub cause: String,
}

/// A row of `comments.csv`: `comment-id`, `comment-body`, and if there are such columns `moderated` and `is-meta`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comment {
    /// Its number.
    pub id: u32,
    /// Its text.
    pub text: String,
    /// 1 accepted, 0 not yet looked at, −1 moderated out.
    pub moderated: i8,
    /// About the people, not the topic.
    pub meta: bool,
}

/// A vote as cast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cast {
    /// Who.
    pub participant: u32,
    /// On what.
    pub statement: u32,
    /// Where it stands in its file.
    pub line: u32,
    /// How.
    pub vote: Vote,
}

/// `participants-votes.csv`: `participant`, a column per statement, and if there is one `group-id`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matrix {
    /// All votes, row by row.
    pub votes: Vec<Cast>,
    /// Who the publisher put into which group (participant, group).
    pub groups: Vec<(u32, u32)>,
}

/// Reads `comments.csv`.
///
/// # Errors
/// [`ReadError`] on a missing column, a number out of range, a repeated number, or text that is not UTF-8.
pub fn comments(file: &str, reader: impl Read) -> Result<Vec<Comment>, ReadError> {
    let mut table = Table::new(file, reader)?;
    let (id, body) = (table.column("comment-id")?, table.column("comment-body")?);
    let (moderated, meta) = (table.column("moderated").ok(), table.column("is-meta").ok());
    let mut found = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    while table.next()? {
        let number = table.number(id)?;
        if !seen.insert(number) {
            return Err(table.error(id, format!("comment {number} is listed twice")));
        }
        let text = std::str::from_utf8(table.field(body)).map_err(|_| table.error(body, "not UTF-8"))?.to_owned();
        let moderated = match moderated.map(|c| (c, table.field(c))) {
            None | Some((_, b"0" | b"")) => 0,
            Some((_, b"1")) => 1,
            Some((_, b"-1")) => -1,
            Some((c, _)) => return Err(table.error(c, "should be 1, 0 or -1")),
        };
        let meta = match meta.map(|c| (c, table.field(c))) {
            None | Some((_, b"0" | b"" | b"false" | b"f")) => false,
            Some((_, b"1" | b"true" | b"t")) => true,
            Some((c, _)) => return Err(table.error(c, "should be true or false")),
        };
        found.push(Comment { id: number, text, moderated, meta });
    }
    Ok(found)
}

/// Reads `votes.csv` (`comment-id`, `voter-id`, `vote`, and if there is one `timestamp`), ordered by time; votes of the
/// same time stay in the file's order.
///
/// # Errors
/// [`ReadError`] on a missing column, or a field that is no number or no vote.
pub fn votes(file: &str, reader: impl Read) -> Result<Vec<Cast>, ReadError> {
    let mut table = Table::new(file, reader)?;
    let (statement, participant, vote) =
        (table.column("comment-id")?, table.column("voter-id")?, table.column("vote")?);
    let time = table.column("timestamp").ok();
    let mut found: Vec<(i64, Cast)> = Vec::new();
    while table.next()? {
        let at = match time {
            Some(c) => atoi(table.field(c)).ok_or_else(|| table.error(c, "should be milliseconds, a whole number"))?,
            None => 0,
        };
        let cast = Cast {
            participant: table.number(participant)?,
            statement: table.number(statement)?,
            line: u32::try_from(table.line()).unwrap_or(u32::MAX),
            vote: table.vote(vote)?.ok_or_else(|| table.error(vote, "is empty"))?,
        };
        found.push((at, cast));
    }
    if !found.is_sorted_by_key(|(at, _)| *at) {
        // The line breaks ties, so that the sort needs no second copy of the table.
        found.sort_unstable_by_key(|(at, cast)| (*at, cast.line));
    }
    Ok(found.into_iter().map(|(_, cast)| cast).collect())
}

/// Reads `participants-votes.csv`.
///
/// # Errors
/// [`ReadError`] on a missing column, or a field that is no number or no vote.
pub fn matrix(file: &str, reader: impl Read) -> Result<Matrix, ReadError> {
    let mut table = Table::new(file, reader)?;
    let participant = table.column("participant")?;
    let group = table.column("group-id").ok();
    let statements: Vec<(usize, u32)> = (table.names.iter().enumerate())
        .filter_map(|(c, name)| Some((c, u32::try_from(atoi(name.as_bytes())?).ok()?)))
        .collect();
    let mut found = Matrix { votes: Vec::new(), groups: Vec::new() };
    while table.next()? {
        let participant = table.number(participant)?;
        if let Some(c) = group.filter(|c| !table.field(*c).is_empty()) {
            found.groups.push((participant, table.number(c)?));
        }
        let line = u32::try_from(table.line()).unwrap_or(u32::MAX);
        for &(c, statement) in &statements {
            if let Some(vote) = table.vote(c)? {
                found.votes.push(Cast { participant, statement, line, vote });
            }
        }
    }
    Ok(found)
}

/// A conversation from its tables. Statements are added by ascending number. With `strict`, comments not yet looked at
/// take no part either.
///
/// # Errors
/// [`ReadError`] where a vote names a comment that is not listed, or there are too many comments; `file` is the name of
/// the votes' file.
pub fn conversation(
    settings: Settings,
    comments: &[Comment],
    file: &str,
    votes: &[Cast],
    strict: bool,
) -> Result<Conversation, ReadError> {
    let error = |line: u32, cause: crate::Error| ReadError {
        file: file.to_owned(),
        line: u64::from(line),
        field: "comment-id".into(),
        cause: cause.to_string(),
    };
    let mut sorted: Vec<&Comment> = comments.iter().collect();
    sorted.sort_by_key(|c| c.id);
    let mut conversation = Conversation::new(settings);
    for comment in sorted {
        let hidden = comment.moderated < 0 || (strict && comment.moderated == 0);
        let statement = Statement { id: u64::from(comment.id), hidden, meta: comment.meta };
        conversation.add(statement).map_err(|e| error(1, e))?;
    }
    for cast in votes {
        (conversation.vote(u64::from(cast.participant), u64::from(cast.statement), cast.vote))
            .map_err(|e| error(cast.line, e))?;
    }
    Ok(conversation)
}

struct Table<'f, R> {
    file: &'f str,
    reader: csv::Reader<R>,
    names: Vec<String>,
    record: ByteRecord,
}

impl<'f, R: Read> Table<'f, R> {
    fn new(file: &'f str, reader: R) -> Result<Self, ReadError> {
        let mut table = Table {
            file,
            reader: ReaderBuilder::new().has_headers(false).from_reader(reader),
            names: Vec::new(),
            record: ByteRecord::new(),
        };
        table.next()?;
        // csv drops a leading byte-order mark itself.
        table.names = table.record.iter().map(|n| String::from_utf8_lossy(n).trim().to_owned()).collect();
        Ok(table)
    }

    fn next(&mut self) -> Result<bool, ReadError> {
        self.reader.read_byte_record(&mut self.record).map_err(|e| {
            let line = e.position().map_or(1, csv::Position::line);
            ReadError { file: self.file.to_owned(), line, field: "(whole row)".into(), cause: e.to_string() }
        })
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(1, csv::Position::line)
    }

    fn error(&self, column: usize, cause: impl Into<String>) -> ReadError {
        let field = self.names.get(column).cloned().unwrap_or_default();
        ReadError { file: self.file.to_owned(), line: self.line(), field, cause: cause.into() }
    }

    fn column(&self, name: &str) -> Result<usize, ReadError> {
        self.names.iter().position(|n| n == name).ok_or_else(|| ReadError {
            file: self.file.to_owned(),
            line: 1,
            field: name.to_owned(),
            cause: "there is no such column".into(),
        })
    }

    fn field(&self, column: usize) -> &[u8] {
        self.record.get(column).unwrap_or_default().trim_ascii()
    }

    fn number(&self, column: usize) -> Result<u32, ReadError> {
        let found = atoi(self.field(column)).and_then(|n| u32::try_from(n).ok());
        found.ok_or_else(|| {
            let text = String::from_utf8_lossy(self.field(column)).into_owned();
            self.error(column, format!("\"{text}\" should be a whole number from 0 to 4294967295"))
        })
    }

    fn vote(&self, column: usize) -> Result<Option<Vote>, ReadError> {
        match self.field(column) {
            b"" => Ok(None),
            b"1" => Ok(Some(Vote::Agree)),
            b"0" => Ok(Some(Vote::Pass)),
            b"-1" => Ok(Some(Vote::Disagree)),
            other => {
                let text = String::from_utf8_lossy(other);
                Err(self.error(column, format!("\"{text}\" should be 1 (agree), 0 (pass) or -1 (disagree)")))
            }
        }
    }
}

fn atoi(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
