//! The demo's vocabulary: data in `data/demo`, invented, with `{place}`-like blanks.
use serde_json::Value;

/// The vocabulary.
pub(crate) struct Words(Value);

impl Words {
    pub(crate) fn load() -> Result<Words, serde_json::Error> {
        serde_json::from_str(include_str!("../../../../data/demo/vocabulary.zh.json")).map(Words)
    }
    /// Everything under a path; a list inside is given as its items, anything else as itself.
    pub(crate) fn all(&self, path: &[&str]) -> Vec<&Value> {
        let mut at = &self.0;
        for key in path {
            at = &at[*key];
        }
        match at {
            Value::Array(items) => items.iter().collect(),
            Value::Null => Vec::new(),
            other => vec![other],
        }
    }
    /// Texts under `path` for the most particular of these keys that has any: the category, its parent, `*`.
    pub(crate) fn fitting(&self, path: &[&str], category: &str) -> Vec<&Value> {
        let top = category.split('.').next().unwrap_or_default();
        for key in [category, top, "*"] {
            let found = self.all(&[path, &[key]].concat());
            if !found.is_empty() {
                return found;
            }
        }
        self.all(path)
    }
    /// The keys under a path.
    pub(crate) fn keys(&self, path: &[&str]) -> Vec<&str> {
        let mut at = &self.0;
        for key in path {
            at = &at[*key];
        }
        at.as_object().map(|m| m.keys().map(String::as_str).collect()).unwrap_or_default()
    }
}

/// A text of the vocabulary, or an empty one.
pub(crate) fn text(v: Option<&&Value>) -> String {
    v.and_then(|v| v.as_str()).unwrap_or_default().to_owned()
}

/// A field of an entry.
pub(crate) fn field(v: Option<&&Value>, name: &str) -> String {
    v.and_then(|v| v.get(name)).and_then(Value::as_str).unwrap_or_default().to_owned()
}
