//! Tables to take away: comma-separated values that a spreadsheet opens as they are, and never as formulas.
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A table being written: UTF-8 with its mark, so that a spreadsheet reads Chinese; lines end as RFC 4180 says.
#[derive(Debug)]
pub struct Csv(String);

impl Csv {
    /// An empty table with its heads.
    pub fn new(heads: &[&str]) -> Csv {
        let mut csv = Csv("\u{feff}".to_owned());
        csv.row(heads);
        csv
    }
    /// One row.
    pub fn row(&mut self, cells: &[impl AsRef<str>]) {
        for (n, cell) in cells.iter().enumerate() {
            if n > 0 {
                self.0.push(',');
            }
            self.0.push('"');
            let cell = cell.as_ref();
            // What begins like a formula would be run: it is made plain text.
            if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
                self.0.push('\'');
            }
            self.0.push_str(&cell.replace('"', "\"\""));
            self.0.push('"');
        }
        self.0.push_str("\r\n");
    }
    /// The answer: a file of this name.
    pub fn into_response(self, name: &str) -> Response {
        let disposition = format!("attachment; filename=\"{name}.csv\"");
        let heads = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        (heads, self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stay_text_whatever_they_hold() {
        let mut csv = Csv::new(&["a", "b"]);
        csv.row(&["=HYPERLINK(\"x\")", "两行\n\"引号\", 逗号"]);
        csv.row(&["-1+1", "＝1"]);
        let expected =
            "\u{feff}\"a\",\"b\"\r\n\"'=HYPERLINK(\"\"x\"\")\",\"两行\n\"\"引号\"\", 逗号\"\r\n\"'-1+1\",\"'＝1\"\r\n";
        assert_eq!(csv.0, expected);
    }
}
