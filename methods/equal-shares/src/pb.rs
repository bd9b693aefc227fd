//! The Pabulib `.pb` file: read and written losslessly.
//!
//! Format: Faliszewski et al., "Participatory Budgeting: Data, Tools, and Analysis", IJCAI 2023, and the Pabulib
//! description (arXiv 2012.06539). Three sections META, PROJECTS and VOTES; cells separated by `;`, quoted by `"` (doubled
//! inside) where needed. Files saved by a spreadsheet (byte-order mark, CRLF, rows padded by empty cells) are read too.
use crate::finding::{Cause, Error, Finding};

/// A `.pb` file as it stands: every cell kept as text, in order, so that writing and reading are inverse.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pb {
    /// META rows, key and value, in order.
    pub meta: Vec<(String, String)>,
    /// The PROJECTS section; columns `project_id` and `cost` are needed for a count.
    pub projects: Table,
    /// The VOTES section; columns `voter_id` and `vote` are needed, `points` for scored ballots.
    pub votes: Table,
    meta_lines: Lines,
}

/// Line numbers, for messages only: two files that differ only in them are equal.
#[derive(Debug, Clone, Default)]
struct Lines(Vec<u32>);

impl PartialEq for Lines {
    fn eq(&self, _: &Lines) -> bool {
        true
    }
}
impl Eq for Lines {}

/// A table of text: a header and rows of as many cells. Kept in one string, so that 100,000 ballots cost little.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    columns: Vec<String>,
    text: String,
    ends: Vec<u32>,
    lines: Lines,
}

impl Table {
    /// An empty table with these columns (trimmed).
    pub fn new<S: AsRef<str>>(columns: impl IntoIterator<Item = S>) -> Table {
        Table { columns: columns.into_iter().map(|c| c.as_ref().trim().to_owned()).collect(), ..Table::default() }
    }

    /// Adds a row; it must have one cell for each column, and the whole table less than 4 GiB of text.
    pub fn push<S: AsRef<str>>(&mut self, row: impl IntoIterator<Item = S>) -> Result<(), Error> {
        let (text, ends) = (self.text.len(), self.ends.len());
        for cell in row {
            self.text.push_str(cell.as_ref());
            self.ends.push(self.text.len() as u32);
        }
        let found = self.ends.len() - ends;
        let cause = if self.text.len() > u32::MAX as usize {
            Cause::FileTooLarge
        } else if found != self.columns.len() {
            Cause::CellCount { found, expected: self.columns.len() }
        } else {
            return Ok(());
        };
        self.text.truncate(text);
        self.ends.truncate(ends);
        Err(Finding::new(0, "row", cause))
    }

    /// The columns' names.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == name)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cell at a row and column position; empty outside the table.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        if column >= self.columns.len() {
            return "";
        }
        let at = row * self.columns.len() + column;
        let Some(&end) = self.ends.get(at) else { return "" };
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start as usize..end as usize]
    }

    /// The cells of a row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = &str> {
        (0..self.columns.len()).map(move |column| self.cell(row, column))
    }

    /// The line of a row in the file it was read from; 0 for rows added by a program.
    pub fn line(&self, row: usize) -> u32 {
        self.lines.0.get(row).copied().unwrap_or(0)
    }
}

const SECTIONS: [&str; 3] = ["META", "PROJECTS", "VOTES"];

impl Pb {
    /// Reads a file's bytes (UTF-8, already unpacked).
    pub fn parse(bytes: &[u8]) -> Result<Pb, Error> {
        if bytes.len() > u32::MAX as usize {
            return Err(Finding::new(0, "file", Cause::FileTooLarge));
        }
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = 1 + bytes[..e.valid_up_to()].iter().filter(|b| **b == b'\n').count();
            Finding::new(line as u32, "text", Cause::NotUtf8)
        })?;
        let mut reader = Reader::new(text.strip_prefix('\u{feff}').unwrap_or(text));
        let mut pb = Pb::default();
        let mut section = None;
        let mut seen = [false; 3];
        let mut wants_header = false;
        while reader.next_record()? {
            if let Some(found) = reader.section() {
                if std::mem::replace(&mut seen[found], true) {
                    return Err(Finding::new(reader.line, SECTIONS[found], Cause::RepeatedSection));
                }
                (section, wants_header) = (Some(found), true);
                continue;
            }
            if reader.is_blank() {
                continue;
            }
            let header = std::mem::replace(&mut wants_header, false);
            match section {
                None => return Err(Finding::new(reader.line, reader.cell(0).trim(), Cause::OutsideSection)),
                Some(0) => {
                    reader.drop_padding(2);
                    let value = (1..reader.len()).map(|i| reader.cell(i)).collect::<Vec<_>>().join(";");
                    if !(header && reader.cell(0).trim() == "key" && value.trim() == "value") {
                        pb.meta.push((reader.cell(0).trim().to_owned(), value));
                        pb.meta_lines.0.push(reader.line);
                    }
                }
                Some(s) => {
                    let table = if s == 1 { &mut pb.projects } else { &mut pb.votes };
                    if header {
                        reader.drop_padding(1);
                        *table = Table::new((0..reader.len()).map(|i| reader.cell(i)));
                        table.text.reserve(reader.rest.len());
                        for (i, name) in table.columns.iter().enumerate() {
                            if table.columns[..i].contains(name) {
                                return Err(Finding::new(reader.line, name.as_str(), Cause::RepeatedColumn));
                            }
                        }
                    } else {
                        reader.drop_padding(table.columns.len());
                        let (found, expected) = (reader.len(), table.columns.len());
                        if found != expected {
                            let cause = Cause::CellCount { found, expected };
                            return Err(Finding::new(reader.line, SECTIONS[s], cause));
                        }
                        reader.append_to(table);
                    }
                }
            }
        }
        match seen.iter().position(|s| !s) {
            Some(missing) => Err(Finding::new(0, SECTIONS[missing], Cause::MissingSection)),
            None => Ok(pb),
        }
    }

    /// The file's text, lines ended by `\n`. Reading it gives an equal `Pb`.
    pub fn write(&self) -> String {
        let mut out = String::with_capacity(self.votes.text.len() * 2 + 4096);
        out.push_str("META\n");
        write_row(&mut out, ["key", "value"].into_iter());
        for (key, value) in &self.meta {
            write_row(&mut out, [key.as_str(), value.as_str()].into_iter());
        }
        for (name, table) in [("PROJECTS", &self.projects), ("VOTES", &self.votes)] {
            out.push_str(name);
            out.push('\n');
            if !table.columns.is_empty() {
                write_row(&mut out, table.columns.iter().map(String::as_str));
            }
            (0..table.len()).for_each(|row| write_row(&mut out, table.row(row)));
        }
        out
    }

    /// A META value, trimmed.
    pub fn meta(&self, key: &str) -> Option<&str> {
        self.meta.iter().find(|(k, _)| k == key).map(|(_, v)| v.trim())
    }

    /// Sets a META value, in place or at the end.
    pub fn set_meta(&mut self, key: &str, value: impl Into<String>) {
        match self.meta.iter_mut().find(|(k, _)| k == key.trim()) {
            Some((_, v)) => *v = value.into(),
            None => self.meta.push((key.trim().to_owned(), value.into())),
        }
    }

    pub(crate) fn meta_line(&self, key: &str) -> u32 {
        let row = self.meta.iter().position(|(k, _)| k == key);
        row.and_then(|row| self.meta_lines.0.get(row)).copied().unwrap_or(0)
    }
}

/// A first cell that is empty or names a section is quoted: unquoted it would be read as blank row or section.
fn write_row<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            out.push(';');
        }
        let word = cell.trim();
        let special = i == 0 && (word.is_empty() || SECTIONS.iter().any(|s| s.eq_ignore_ascii_case(word)));
        if special || cell.contains([';', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push('\n');
}

/// Splits text into records of cells. One record at a time is held as one string with the ends of its cells.
struct Reader<'a> {
    rest: &'a str,
    next_line: u32,
    line: u32,
    record: String,
    ends: Vec<u32>,
    first_quoted: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Reader<'a> {
        Reader { rest: text, next_line: 1, line: 0, record: String::new(), ends: Vec::new(), first_quoted: false }
    }

    fn next_record(&mut self) -> Result<bool, Error> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        self.record.clear();
        self.ends.clear();
        self.line = self.next_line;
        self.first_quoted = false;
        loop {
            if self.rest.starts_with('"') {
                self.first_quoted |= self.ends.is_empty();
                self.quoted()?;
            }
            let end = self.rest.bytes().position(|b| b == b';' || b == b'\n').unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at(end);
            let last = !rest.starts_with(';');
            self.record.push_str(if last { cell.strip_suffix('\r').unwrap_or(cell) } else { cell });
            self.ends.push(self.record.len() as u32);
            self.rest = rest.get(1..).unwrap_or("");
            if last {
                self.next_line += 1;
                return Ok(true);
            }
        }
    }

    /// Reads the quoted beginning of a cell; what follows the closing mark is read as plain text.
    fn quoted(&mut self) -> Result<(), Error> {
        loop {
            self.rest = &self.rest[1..];
            let Some(end) = self.rest.find('"') else {
                return Err(Finding::new(self.line, format!("cell {}", self.ends.len() + 1), Cause::UnclosedQuote));
            };
            let (part, rest) = self.rest.split_at(end);
            self.record.push_str(part);
            self.next_line += part.bytes().filter(|b| *b == b'\n').count() as u32;
            self.rest = &rest[1..];
            if !self.rest.starts_with('"') {
                return Ok(());
            }
            self.record.push('"');
        }
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn cell(&self, i: usize) -> &str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.record[start as usize..self.ends[i] as usize]
    }

    /// Spreadsheets pad short rows with empty cells; those beyond `keep` say nothing.
    fn drop_padding(&mut self, keep: usize) {
        while self.len() > keep.max(1) && self.cell(self.len() - 1).is_empty() {
            self.ends.pop();
        }
    }

    fn is_blank(&self) -> bool {
        !self.first_quoted && self.record.trim().is_empty()
    }

    fn section(&self) -> Option<usize> {
        let alone = !self.first_quoted && self.record.len() == self.cell(0).len();
        SECTIONS.iter().position(|s| alone && self.record.trim().eq_ignore_ascii_case(s))
    }

    fn append_to(&self, table: &mut Table) {
        let base = table.text.len() as u32;
        table.text.push_str(&self.record);
        table.ends.extend(self.ends.iter().map(|end| base + end));
        table.lines.0.push(self.line);
    }
}
