//! Pinyin initials, for finding a place by the first letters of its syllables.
use pinyin::ToPinyin;
use std::collections::HashMap;

/// Words read otherwise than their characters alone, and the letters they give; see the file's head.
const WORDS: &str = include_str!("../data/polyphones.csv");

/// Pinyin initials with a list of words whose characters are read otherwise there than usually.
#[derive(Debug, Clone)]
pub struct Initials {
    words: HashMap<Vec<char>, String>,
    /// Length of the longest word in characters.
    longest: usize,
}

impl Default for Initials {
    /// With the crate's own list.
    fn default() -> Initials {
        Initials { words: HashMap::new(), longest: 0 }.with(WORDS)
    }
}

impl Initials {
    /// With more words, one `word,letters` a line; the later of two readings holds. Lines beginning with `#`, and lines
    /// without a comma, are passed over.
    pub fn with(mut self, csv: &str) -> Initials {
        for line in csv.lines().filter(|l| !l.starts_with('#')) {
            if let Some((word, letters)) = line.trim().split_once(',') {
                let word: Vec<char> = word.trim().chars().collect();
                self.longest = self.longest.max(word.len());
                self.words.insert(word, letters.trim().to_ascii_lowercase());
            }
        }
        self
    }

    /// The initials: one letter for each Chinese character, Latin letters in lower case and digits (full-width ones too) as
    /// they are; anything else is left out. `友谊路街道` gives `yyljd`.
    pub fn of(&self, text: &str) -> String {
        let chars: Vec<char> = text.chars().map(crate::address::narrow).collect();
        let mut out = String::new();
        let mut rest = chars.as_slice();
        while let Some((first, after)) = rest.split_first() {
            let longest = self.longest.min(rest.len());
            let word = (1..=longest).rev().find_map(|n| Some((n, self.words.get(rest.get(..n)?)?)));
            if let Some((n, letters)) = word {
                out += letters;
                rest = rest.get(n..).unwrap_or_default();
                continue;
            }
            if first.is_ascii_alphanumeric() {
                out.push(first.to_ascii_lowercase());
            } else if let Some(letter) = first.to_pinyin().and_then(|p| p.plain().chars().next()) {
                out.push(letter);
            }
            rest = after;
        }
        out
    }
}

/// The initials of a text with the crate's own list of words. To read many texts, keep an [`Initials`].
pub fn initials(text: &str) -> String {
    Initials::default().of(text)
}
