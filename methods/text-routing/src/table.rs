//! Tables of messages: CSV as bytes, plain or compressed with gzip.
use crate::{Sample, Text};
use std::{borrow::Cow, io::Read};

/// The most bytes a compressed table may unfold to (1 GiB).
pub const MAX_TABLE: u64 = 1 << 30;

/// What is wrong with a table; the caller adds the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The compressed file is damaged or too large.
    #[error("gzip: {0}")]
    Gzip(String),
    /// A column is missing from the first line.
    #[error("line 1: column “{0}” is missing")]
    Column(String),
    /// A field cannot be read.
    #[error("line {line}, field {field}: {cause}")]
    Field {
        /// Line of the file on which the row begins, from 1.
        line: u64,
        /// The column's name.
        field: String,
        /// What is wrong.
        cause: String,
    },
    /// A row cannot be read.
    #[error("line {line}: {cause}")]
    Row {
        /// Line of the file on which the row begins, from 1.
        line: u64,
        /// What is wrong.
        cause: String,
    },
    /// There are no rows.
    #[error("the table has no rows")]
    Empty,
}

/// The bytes themselves, or what they unfold to if they begin with gzip's two magic bytes.
///
/// # Errors
/// Damaged compression; more than [`MAX_TABLE`] bytes.
pub fn plain(bytes: &[u8]) -> Result<Cow<'_, [u8]>, TableError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut out = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes).take(MAX_TABLE + 1).read_to_end(&mut out);
    match read {
        Err(e) => Err(TableError::Gzip(e.to_string())),
        Ok(_) if out.len() as u64 > MAX_TABLE => Err(TableError::Gzip(format!("more than {MAX_TABLE} bytes"))),
        Ok(_) => Ok(Cow::Owned(out)),
    }
}

/// One labelled row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// Column `title`.
    pub title: String,
    /// Column `body`.
    pub body: String,
    /// Column `label`; never empty.
    pub label: String,
    /// The group column, empty if none was asked for.
    pub group: String,
}

impl Labelled {
    /// The row as a sample to learn from.
    pub fn sample(&self) -> Sample<'_> {
        Sample { text: Text { title: &self.title, body: &self.body }, label: &self.label, group: &self.group }
    }
}

/// Reads a table with the columns title, body, label and, if named, a column of groups kept together in folds.
/// Other columns are ignored. The bytes may be compressed with gzip and may begin with a byte order mark.
///
/// # Errors
/// Names line, field and cause: a missing column, a row of another width, text that is not UTF-8, an empty label.
pub fn labelled(bytes: &[u8], group: Option<&str>) -> Result<Vec<Labelled>, TableError> {
    let mut names = vec!["title", "body", "label"];
    names.extend(group);
    rows(bytes, &names, &[], |line, fields| {
        let mut fields = fields.iter().map(|f| f.to_string());
        let mut next = || fields.next().unwrap_or_default();
        let row = Labelled { title: next(), body: next(), label: next().trim().to_owned(), group: next() };
        if row.label.is_empty() {
            return Err(TableError::Field { line, field: "label".into(), cause: "is empty".into() });
        }
        Ok(row)
    })
}

/// One message with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Column `message_id`.
    pub id: String,
    /// Column `created_at`, in seconds of local time (see [`crate::seconds`]).
    pub at: i64,
    /// Column `place`, if there is one: messages of different places never share a topic.
    pub place: Option<String>,
    /// Column `title`.
    pub title: String,
    /// Column `body`.
    pub body: String,
}

/// Reads a table with the columns message_id, created_at, title, body and, if present, place.
///
/// # Errors
/// As [`labelled`]; also a time that cannot be read, and a message_id that is empty or occurs twice.
pub fn posted(bytes: &[u8]) -> Result<Vec<Posted>, TableError> {
    let mut ids = std::collections::HashSet::new();
    rows(bytes, &["message_id", "created_at", "title", "body"], &["place"], |line, fields| {
        let [id, at, title, body, place] = <[&str; 5]>::try_from(fields).unwrap_or_default();
        let wrong = |field: &str, cause: String| TableError::Field { line, field: field.into(), cause };
        if id.is_empty() || !ids.insert(id.to_owned()) {
            return Err(wrong("message_id", if id.is_empty() { "is empty".into() } else { format!("“{id}” twice") }));
        }
        let at = crate::seconds(at).ok_or_else(|| {
            wrong("created_at", format!("“{}” is not a time like 2026-01-31 09:30:00", at.escape_debug()))
        })?;
        let place = Some(place.trim()).filter(|p| !p.is_empty()).map(str::to_owned);
        Ok(Posted { id: id.to_owned(), at, place, title: title.to_owned(), body: body.to_owned() })
    })
}

/// Reads the named columns of every row, in the order named; an absent optional column gives empty fields.
fn rows<T>(
    bytes: &[u8],
    names: &[&str],
    optional: &[&str],
    mut make: impl FnMut(u64, &[&str]) -> Result<T, TableError>,
) -> Result<Vec<T>, TableError> {
    let bytes = plain(bytes)?;
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes.as_ref());
    let head = reader.byte_headers().map_err(|e| broken(&e))?.clone();
    let find = |name: &str| head.iter().position(|h| h.trim_ascii() == name.as_bytes());
    let mut columns = Vec::new();
    for name in names {
        columns.push((*name, Some(find(name).ok_or_else(|| TableError::Column(name.to_string()))?)));
    }
    columns.extend(optional.iter().map(|name| (*name, find(name))));
    let (mut out, mut record) = (Vec::new(), csv::ByteRecord::new());
    while reader.read_byte_record(&mut record).map_err(|e| broken(&e))? {
        let line = record.position().map_or(0, csv::Position::line);
        let mut fields = Vec::with_capacity(columns.len());
        for (name, column) in &columns {
            let bytes = column.and_then(|c| record.get(c)).unwrap_or_default();
            fields.push(std::str::from_utf8(bytes).map_err(|_| TableError::Field {
                line,
                field: name.to_string(),
                cause: "is not UTF-8 (save the table as “CSV UTF-8”)".into(),
            })?);
        }
        out.push(make(line, &fields)?);
    }
    if out.is_empty() { Err(TableError::Empty) } else { Ok(out) }
}

fn broken(error: &csv::Error) -> TableError {
    let line = error.position().map_or(1, csv::Position::line);
    let cause = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} fields instead of {expected_len}"),
        other => format!("{other:?}"),
    };
    TableError::Row { line, cause }
}
