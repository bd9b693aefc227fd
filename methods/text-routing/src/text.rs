//! From text to numbers: folding of characters, character n-grams, TF-IDF vectors.

/// A message as it is routed: a title (may be empty) and a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text<'a> {
    /// The headline; its characters count [`Options::title_weight`](crate::Options) times.
    pub title: &'a str,
    /// The message itself.
    pub body: &'a str,
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(body: &'a str) -> Self {
        Text { title: "", body }
    }
}

const NOTHING: u32 = 0;
/// Stands for every character outside the basic plane (emoji, rare ideographs): a key then fits 32 bits.
const OTHER: u32 = 0xFFFD;

/// One character as the classifier sees it: full-width forms become ASCII, ASCII letters small, white space nothing.
pub(crate) fn fold(c: char) -> u32 {
    match c {
        'A'..='Z' => c as u32 | 0x20,
        '\u{FF01}'..='\u{FF5E}' => match c as u32 - 0xFEE0 {
            upper @ 0x41..=0x5A => upper | 0x20,
            other => other,
        },
        _ if (c as u32) < 0x3400 && (c.is_whitespace() || c.is_control()) => NOTHING,
        _ if c as u32 > 0xFFFF => OTHER,
        _ => c as u32,
    }
}

/// Calls `each` with the key of every character 1-gram and 2-gram of `text`, in reading order.
/// A key is `first << 16 | second`, and `0 << 16 | only` for a single character; pairs do not cross white space.
pub(crate) fn grams(text: &str, mut each: impl FnMut(u32)) {
    let mut before = NOTHING;
    for c in text.chars() {
        let c = fold(c);
        if c != NOTHING {
            each(c);
            if before != NOTHING {
                each(before << 16 | c);
            }
        }
        before = c;
    }
}

/// The characters of a key, for showing.
pub(crate) fn spell(key: u32) -> String {
    [key >> 16, key & 0xFFFF].into_iter().filter(|c| *c != NOTHING).filter_map(char::from_u32).collect()
}

/// Whether `key` can come out of [`grams`] (files are checked with it).
pub(crate) fn is_key(key: u32) -> bool {
    let folded = |c: u32| char::from_u32(c).is_some_and(|c| c as u32 != NOTHING && fold(c) == c as u32);
    folded(key & 0xFFFF) && (key >> 16 == NOTHING || folded(key >> 16))
}

/// Sublinear term frequency, 1 + ln n. `libm` computes the same bits on every machine; the platform's `ln` need not.
pub(crate) fn damp(count: u32) -> f32 {
    if count <= 1 { 1.0 } else { 1.0 + libm::logf(count as f32) }
}

/// Smooth inverse document frequency, ln((1 + n) / (1 + df)) + 1.
pub(crate) fn rarity(documents: u32, with: u32) -> f32 {
    (libm::log((1.0 + f64::from(documents)) / (1.0 + f64::from(with))) + 1.0) as f32
}

/// Turns sorted numbers into (number, how often).
pub(crate) fn runs(sorted: &[u32]) -> impl Iterator<Item = (u32, u32)> + '_ {
    sorted.chunk_by(|a, b| a == b).filter_map(|run| Some((*run.first()?, run.len() as u32)))
}

const MULTIPLIER: u32 = 0x9E37_79B1; // 2^32 / golden ratio, odd: Fibonacci hashing

/// Key → place in the vocabulary: open addressing, at most half full, no order of its own.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// `key << 32 | place`; zero is free (no key is zero).
    slots: Vec<u64>,
    shift: u32,
    used: usize,
}

impl Places {
    pub(crate) fn new(keys: &[u32]) -> Places {
        let size = (keys.len().max(8) * 2).next_power_of_two();
        let mut places = Places { slots: vec![0; size], shift: 32 - size.trailing_zeros(), used: 0 };
        for (place, key) in (0..).zip(keys) {
            places.insert(*key, place);
        }
        places
    }

    /// Puts `key` at `place`; false if the key was there already.
    pub(crate) fn insert(&mut self, key: u32, place: u32) -> bool {
        if (self.used + 1) * 2 > self.slots.len() {
            let size = self.slots.len() * 2;
            let old = std::mem::replace(&mut self.slots, vec![0; size]);
            (self.shift, self.used) = (self.shift - 1, 0);
            old.into_iter().filter(|slot| *slot != 0).for_each(|slot| {
                self.insert((slot >> 32) as u32, slot as u32);
            });
        }
        let mask = self.slots.len() - 1;
        let mut i = self.home(key);
        while let Some(slot) = self.slots.get_mut(i) {
            if *slot == 0 {
                *slot = u64::from(key) << 32 | u64::from(place);
                self.used += 1;
                return true;
            }
            if (*slot >> 32) as u32 == key {
                return false;
            }
            i = (i + 1) & mask;
        }
        false
    }

    pub(crate) fn get(&self, key: u32) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut i = self.home(key);
        loop {
            let slot = *self.slots.get(i)?;
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == key {
                return Some(slot as u32);
            }
            i = (i + 1) & mask;
        }
    }

    fn home(&self, key: u32) -> usize {
        (key.wrapping_mul(MULTIPLIER) >> self.shift) as usize
    }
}

/// One step of splitmix64 (Steele, Lea, Flood 2014): a fixed bijection that scatters.
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}
