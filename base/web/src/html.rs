//! HTML that is safe by type: text becomes HTML only through escaping.
use askama::filters::{Escaper, Html as HtmlEscaper};
use std::fmt;

/// A piece of finished HTML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Nothing.
    pub const fn empty() -> Html {
        Html(String::new())
    }
    /// Text, escaped.
    pub fn text(s: &str) -> Html {
        let mut out = String::with_capacity(s.len() + 8);
        // Writing into a String cannot fail.
        let _ = HtmlEscaper.write_escaped_str(&mut out, s);
        Html(out)
    }
    /// A template, rendered. A template that fails is a fault of ours.
    pub fn of(template: &impl askama::Template) -> linli_core::Result<Html> {
        template.render().map(Html).map_err(linli_core::Error::internal)
    }
    /// HTML built by this crate's own components.
    pub(crate) fn built(s: String) -> Html {
        Html(s)
    }
    /// Puts pieces one after the other.
    pub fn join(parts: impl IntoIterator<Item = Html>) -> Html {
        Html(parts.into_iter().map(|h| h.0).collect())
    }
    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Words of a person: escaped, blank lines become paragraphs, line ends line breaks.
    pub fn words(s: &str) -> Html {
        let paragraphs = s.split("\n\n").filter(|p| !p.trim().is_empty());
        Html(paragraphs.map(|p| format!("<p>{}</p>", Html::text(p.trim()).0.replace('\n', "<br>"))).collect())
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl askama::FastWritable for Html {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        dest.write_str(&self.0)?;
        Ok(())
    }
}
impl askama::filters::HtmlSafe for Html {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_stay_words() {
        let html = Html::words("<script>alert(1)</script>\nzwei\n\n\"drei\"");
        assert!(!html.as_str().contains("<script"));
        assert_eq!(html.as_str().matches("<p>").count(), 2);
    }
}
