//! The model file. All numbers are little-endian:
//!
//! ```text
//! "LINLI-TR"  magic, 8 bytes
//! u16         version of this layout, 1
//! u16 u32 u32 labels, n-grams, messages learnt from
//! u8 f32      weight of the title, slope of the probabilities
//! per label   u16 length, name in UTF-8; names ascend in byte order
//! per label   f32 scale
//! per label   f32 bias
//! per n-gram  u32 key (first character << 16 | second; first 0 for a single one)
//! per n-gram  f32 rarity (idf)
//! per n-gram  for each label i16 weight, in units of the label's scale
//! u32         CRC-32 of everything before
//! ```
//! 160,000 n-grams and 15 labels take 6.1 MB.
use crate::{MAX_FEATURES, MAX_LABELS, Model, text::Places, text::is_key};

const MAGIC: &[u8; 8] = b"LINLI-TR";
const VERSION: u16 = 1;

/// Why bytes are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The first eight bytes are not a model's.
    #[error("not a model of linli routing (the file does not begin with LINLI-TR)")]
    NotAModel,
    /// Written by another version of the program.
    #[error("the model has layout {0}, this program reads layout {VERSION}; train it anew")]
    Version(u16),
    /// The file was cut off or changed.
    #[error("the model file is damaged (its checksum does not fit); copy or train it anew")]
    Damaged,
    /// The checksum fits, but a field is impossible.
    #[error("the model file has an impossible {0}")]
    Field(&'static str),
}

impl Model {
    /// The model as a file. The same model gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::from(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend((self.labels.len() as u16).to_le_bytes());
        out.extend((self.keys.len() as u32).to_le_bytes());
        out.extend(self.documents.to_le_bytes());
        out.push(self.title_weight);
        out.extend(self.slope.to_le_bytes());
        for label in &self.labels {
            out.extend((label.len() as u16).to_le_bytes());
            out.extend(label.as_bytes());
        }
        for numbers in [&self.scale, &self.bias] {
            out.extend(numbers.as_flattened().iter().take(self.labels.len()).flat_map(|f| f.to_le_bytes()));
        }
        out.extend(self.keys.iter().flat_map(|key| key.to_le_bytes()));
        out.extend(self.rarity.iter().flat_map(|f| f.to_le_bytes()));
        for row in self.weights.chunks_exact(self.lanes) {
            out.extend(row.as_flattened().iter().take(self.labels.len()).flat_map(|w| w.to_le_bytes()));
        }
        out.extend(crc(&out).to_le_bytes());
        out
    }

    /// Reads a model file. Any bytes are safe to give: sizes are checked before memory is taken.
    ///
    /// # Errors
    /// Not a model, another layout, damaged, or impossible contents.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, FileError> {
        let mut read = Read(bytes.strip_prefix(MAGIC).ok_or(FileError::NotAModel)?);
        match read.u16() {
            Some(VERSION) => {}
            Some(other) => return Err(FileError::Version(other)),
            None => return Err(FileError::Damaged),
        }
        match bytes.split_last_chunk() {
            Some((all, sum)) if crc(all) == u32::from_le_bytes(*sum) => {}
            _ => return Err(FileError::Damaged),
        }
        contents(&mut read)
    }
}

fn contents(read: &mut Read<'_>) -> Result<Model, FileError> {
    use FileError::Field;
    let kinds =
        read.u16().map(usize::from).filter(|n| (2..=MAX_LABELS).contains(n)).ok_or(Field("number of labels"))?;
    let features = read.u32().filter(|n| (1..=MAX_FEATURES).contains(n)).ok_or(Field("number of n-grams"))?;
    let features = features as usize;
    let documents = read.u32().ok_or(Field("number of messages"))?;
    let title_weight = read.u8().ok_or(Field("weight of the title"))?;
    let slope = read.f32().filter(|f| (1e-3..=1e3).contains(f)).ok_or(Field("slope"))?;
    let mut labels: Vec<String> = Vec::with_capacity(kinds);
    for _ in 0..kinds {
        let label = read.u16().and_then(|n| read.take(n.into())).and_then(|l| String::from_utf8(l.to_vec()).ok());
        let label = label.filter(|l| labels.last().is_none_or(|last| last < l)).ok_or(Field("label"))?;
        labels.push(label);
    }
    // What is left must be exactly the numbers: checked before any of them is stored.
    if read.0.len() != kinds * 8 + features * (8 + kinds * 2) + 4 {
        return Err(Field("length"));
    }
    let lanes = kinds.div_ceil(8);
    let mut per_label = |empty: f32, good: fn(&f32) -> bool, name: &'static str| {
        let mut all = vec![[empty; 8]; lanes];
        for number in all.as_flattened_mut().iter_mut().take(kinds) {
            *number = read.f32().filter(good).ok_or(Field(name))?;
        }
        Ok(all)
    };
    let scale = per_label(1.0, |f| (1e-12..=1e3).contains(f), "scale")?;
    let bias = per_label(0.0, |f| f.abs() <= 1e4, "bias")?;
    let keys: Vec<u32> = (0..features).map_while(|_| read.u32()).collect();
    let rarity: Vec<f32> = (0..features).map_while(|_| read.f32()).collect();
    if !rarity.iter().all(|f| (1e-3..=1e3).contains(f)) {
        return Err(Field("rarity"));
    }
    let mut places = Places::new(&[]);
    if !(0..).zip(&keys).all(|(place, key)| is_key(*key) && places.insert(*key, place)) {
        return Err(Field("n-gram"));
    }
    let mut weights = vec![[0i16; 8]; features * lanes];
    for row in weights.chunks_exact_mut(lanes) {
        for weight in row.as_flattened_mut().iter_mut().take(kinds) {
            *weight = read.i16().ok_or(Field("weight"))?;
        }
    }
    Ok(Model { labels, documents, title_weight, slope, keys, rarity, places, lanes, weights, scale, bias })
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

struct Read<'a>(&'a [u8]);

impl<'a> Read<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }
    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }
    fn i16(&mut self) -> Option<i16> {
        self.array().map(i16::from_le_bytes)
    }
    fn f32(&mut self) -> Option<f32> {
        self.array().map(f32::from_le_bytes)
    }
}
