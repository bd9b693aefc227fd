//! Hot topics: groups of messages about the same thing in the same place and time.
//!
//! Each message becomes a short TF-IDF vector of its weightiest two-character n-grams (the title counts three times).
//! Pairs that are similar, near in time and not of different places are joined, the most similar first, as long as the
//! two groups as wholes are similar: the mean over all pairs across them (average linkage, Sokal and Michener 1958).
//! So no chain can form (a is like b, b like c, …, z unlike a), and a group that grows large has to be closer still.
use crate::{
    Text, stamp,
    text::{Places, damp, fold, grams, rarity, runs},
};
use serde::Serialize;

/// A message with its time, as topics need it.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// Its id, unique among the posts.
    pub id: &'a str,
    /// Seconds of local time, see [`crate::seconds`].
    pub at: i64,
    /// The place, if known (an estate, a committee): messages of two different places never share a topic.
    pub place: Option<&'a str>,
    /// The message.
    pub text: Text<'a>,
}

/// What counts as a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicOptions {
    /// The longest time from a topic's first message to its last, in days.
    pub window_days: u32,
    /// The least mean similarity (0 to 1) of the members of a topic.
    pub similarity: f32,
    /// The fewest messages that make a topic.
    pub least: usize,
    /// A topic of more messages than this …
    pub guard: usize,
    /// … needs this mean similarity of its members.
    pub guard_similarity: f32,
    /// How the names of places end. Used only to pick `place` among the words of a topic whose posts name none.
    pub endings: Vec<String>,
}

/// Common endings of place names; part of the language, not of a city.
pub const PLACE_ENDINGS: &[&str] = &[
    "小区",
    "花园",
    "家园",
    "公寓",
    "广场",
    "市场",
    "大道",
    "社区",
    "学校",
    "学院",
    "中学",
    "小学",
    "幼儿园",
    "医院",
    "公园",
    "地铁站",
    "工业园",
    "大厦",
    "商城",
    "新城",
    "新村",
    "苑",
    "路",
    "街",
    "村",
    "桥",
];

impl Default for TopicOptions {
    fn default() -> Self {
        TopicOptions {
            window_days: 180,
            similarity: 0.2,
            least: 3,
            guard: 60,
            guard_similarity: 0.3,
            endings: PLACE_ENDINGS.iter().map(|e| e.to_string()).collect(),
        }
    }
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Topic {
    /// 1 for the topic with the most messages, and so on; equal ones by their first message.
    pub id: usize,
    /// How many messages.
    pub size: usize,
    /// Time of the first message.
    pub from: String,
    /// Time of the last message.
    pub until: String,
    /// The place of the posts, or else what most titles name as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What the titles have in common, the most telling first, at most five.
    pub words: Vec<String>,
    /// The ids of the messages, in order of time.
    pub members: Vec<String>,
}

/// n-grams kept of each message.
const TERMS: usize = 32;

/// With how many earlier messages that share an n-gram a message is compared.
const LATEST: usize = 500;

/// Sparse numbers, ascending by n-gram.
type Sparse = Vec<(u32, f32)>;

struct Group {
    sum: Sparse,
    /// Sum × sum.
    square: f32,
    members: Vec<usize>,
    from: i64,
    until: i64,
}

/// Finds the topics, the largest first. The order of `posts` does not matter.
pub fn topics(posts: &[Post<'_>], options: &TopicOptions) -> Vec<Topic> {
    let mut posts: Vec<&Post<'_>> = posts.iter().collect();
    posts.sort_unstable_by_key(|p| (p.at, p.id));
    let (places, rarities) = vocabulary(&posts);
    let vectors: Vec<Sparse> = posts.iter().map(|p| vector(p.text, &places, &rarities)).collect();
    let window = i64::from(options.window_days) * 86_400;

    let mut groups: Vec<Group> = (0..)
        .zip(posts.iter().zip(&vectors))
        .map(|(i, (p, v))| Group { sum: v.clone(), square: dot(v, v), members: vec![i], from: p.at, until: p.at })
        .collect();
    let mut home: Vec<usize> = (0..posts.len()).collect();
    let place = |i: usize| posts.get(i).and_then(|p| p.place);
    for (_, a, b) in pairs(&posts, &vectors, window, options.similarity, rarities.len()) {
        let (Some(&a), Some(&b)) = (home.get(a), home.get(b)) else { continue };
        // The larger group stays; `get_disjoint_mut` refuses a == b.
        let size = |i: usize| groups.get(i).map_or(0, |g| g.members.len());
        let (keep, go) = if size(a) >= size(b) { (a, b) } else { (b, a) };
        let Ok([keep_group, go_group]) = groups.get_disjoint_mut([keep, go]) else { continue };
        if !fits(keep_group, go_group, window, options) {
            continue;
        }
        let named = |g: &Group| g.members.iter().find_map(|i| place(*i));
        if let (Some(a), Some(b)) = (named(keep_group), named(go_group))
            && a != b
        {
            continue;
        }
        for i in &go_group.members {
            if let Some(home) = home.get_mut(*i) {
                *home = keep;
            }
        }
        keep_group.sum = add(&keep_group.sum, &go_group.sum);
        keep_group.square = dot(&keep_group.sum, &keep_group.sum);
        keep_group.members.append(&mut go_group.members);
        keep_group.from = keep_group.from.min(go_group.from);
        keep_group.until = keep_group.until.max(go_group.until);
        go_group.sum.clear();
    }

    groups.retain(|g| g.members.len() >= options.least.max(1));
    groups.iter_mut().for_each(|g| g.members.sort_unstable());
    groups.sort_by(|a, b| b.members.len().cmp(&a.members.len()).then(a.members.cmp(&b.members)));
    (1..).zip(groups).map(|(id, group)| describe(id, &group, &posts, &places, &rarities, options)).collect()
}

/// Whether two groups may become one.
fn fits(a: &Group, b: &Group, window: i64, options: &TopicOptions) -> bool {
    if a.until.max(b.until) - a.from.min(b.from) > window {
        return false;
    }
    let across = dot(&a.sum, &b.sum);
    let (m, n) = (a.members.len() as f32, b.members.len() as f32);
    if across < options.similarity * m * n {
        return false;
    }
    // Vectors have length one, so the square of the sum holds 1 for each member and each pair twice.
    let (all, square) = (m + n, a.square + b.square + 2.0 * across);
    a.members.len() + b.members.len() <= options.guard || square - all >= options.guard_similarity * all * (all - 1.0)
}

/// All pairs to consider, the most similar first.
fn pairs(
    posts: &[&Post<'_>],
    vectors: &[Sparse],
    window: i64,
    similarity: f32,
    terms: usize,
) -> Vec<(f32, usize, usize)> {
    let mut pairs = Vec::new();
    let mut holders: Vec<Vec<(usize, f32)>> = vec![Vec::new(); terms];
    let (mut sums, mut touched) = (vec![0f32; posts.len()], Vec::new());
    for (i, (post, vector)) in posts.iter().zip(vectors).enumerate() {
        for (term, value) in vector {
            let Some(holders) = holders.get_mut(*term as usize) else { continue };
            // Posts ascend in time: those that left the window never come back.
            let gone = holders.partition_point(|(j, _)| posts.get(*j).is_none_or(|p| post.at - p.at > window));
            // … and of a flood of like messages the latest are enough to find the group.
            holders.drain(..gone.max(holders.len().saturating_sub(LATEST)));
            for (j, other) in holders.iter() {
                if let Some(sum) = sums.get_mut(*j) {
                    if *sum == 0.0 {
                        touched.push(*j);
                    }
                    *sum += value * other;
                }
            }
            holders.push((i, *value));
        }
        for j in touched.drain(..) {
            let sum = sums.get_mut(j).map(std::mem::take).unwrap_or_default();
            if sum >= similarity {
                pairs.push((sum, j, i));
            }
        }
    }
    pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    pairs
}

const TITLE: u32 = 3;

/// The two-character n-grams of a message with their counts, ascending.
fn counted(text: Text<'_>) -> Vec<(u32, u32)> {
    let mut keys = Vec::new();
    grams(text.body, |key| keys.extend((key >> 16 != 0).then_some(key)));
    grams(text.title, |key| keys.extend((key >> 16 != 0).then_some(key).into_iter().flat_map(|k| [k; TITLE as usize])));
    keys.sort_unstable();
    runs(&keys).collect()
}

/// The n-grams that at least two messages share, and their rarity.
fn vocabulary(posts: &[&Post<'_>]) -> (Places, Vec<f32>) {
    let (mut places, mut with) = (Places::new(&[]), Vec::<u32>::new());
    for post in posts {
        for (key, _) in counted(post.text) {
            if places.insert(key, with.len() as u32) {
                with.push(1);
            } else if let Some(with) = places.get(key).and_then(|place| with.get_mut(place as usize)) {
                *with += 1;
            }
        }
    }
    let all = posts.len() as u32;
    (places, with.into_iter().map(|with| if with < 2 { 0.0 } else { rarity(all, with) }).collect())
}

/// The weightiest n-grams of a message, of length one together (or none).
fn vector(text: Text<'_>, places: &Places, rarities: &[f32]) -> Sparse {
    let weight = |(key, count)| {
        let place = places.get(key)?;
        let rarity = rarities.get(place as usize).copied().filter(|r| *r > 0.0)?;
        Some((place, damp(count) * rarity))
    };
    let mut vector: Sparse = counted(text).into_iter().filter_map(weight).collect();
    vector.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    vector.truncate(TERMS);
    vector.sort_unstable_by_key(|(place, _)| *place);
    let length = vector.iter().map(|(_, v)| v * v).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|(_, v)| *v /= length);
    vector
}

fn dot(a: &[(u32, f32)], b: &[(u32, f32)]) -> f32 {
    let mut sum = 0.0;
    merge(a, b, |_, x, y| sum += x * y);
    sum
}

fn add(a: &[(u32, f32)], b: &[(u32, f32)]) -> Sparse {
    let mut sum = Vec::with_capacity(a.len() + b.len());
    merge(a, b, |term, x, y| sum.push((term, x + y)));
    sum
}

/// Walks two ascending lists side by side; a term that one of them lacks has the value 0 there.
fn merge(a: &[(u32, f32)], b: &[(u32, f32)], mut each: impl FnMut(u32, f32, f32)) {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        match (a.peek(), b.peek()) {
            (Some((s, x)), Some((t, y))) if s == t => {
                each(*s, *x, *y);
                a.next();
                b.next();
            }
            (Some((s, x)), other) if other.is_none_or(|(t, _)| s < t) => {
                each(*s, *x, 0.0);
                a.next();
            }
            (_, Some((t, y))) => {
                each(*t, 0.0, *y);
                b.next();
            }
            _ => break,
        }
    }
}

fn describe(
    id: usize,
    group: &Group,
    posts: &[&Post<'_>],
    places: &Places,
    rarities: &[f32],
    options: &TopicOptions,
) -> Topic {
    let members: Vec<&&Post<'_>> = group.members.iter().filter_map(|i| posts.get(*i)).collect();
    let titles: Vec<Vec<char>> = members.iter().map(|p| p.text.title.chars().collect()).collect();
    // Two-character seeds in at least two fifths of the titles, the most telling first.
    let mut seeds: Vec<&[char]> = titles.iter().flat_map(|t| t.windows(2)).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let mut seeds: Vec<(f32, &[char])> = seeds
        .into_iter()
        .filter_map(|seed| {
            let with = titles.iter().filter(|t| find(t, seed).is_some()).count();
            let key = seed.iter().fold(0, |key, c| key << 16 | fold(*c) & 0xFFFF);
            let rarity = rarities.get(places.get(key)? as usize)?;
            (with * 5 >= titles.len() * 2 && with >= 2 && seed.iter().all(|c| c.is_alphanumeric()))
                .then_some((with as f32 * rarity, seed))
        })
        .collect();
    seeds.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let mut words: Vec<Vec<char>> = Vec::new();
    for (_, seed) in seeds {
        if words.len() < WORDS && !words.iter().any(|w| find(w, seed).is_some()) {
            let word = grow(seed.to_vec(), &titles, true);
            // One phrase longer than a word would come again and again, each time a little shifted.
            let old = word.windows(2).filter(|pair| words.iter().any(|w| find(w, pair).is_some())).count();
            if old * 3 < word.len() {
                words.push(word);
            }
        }
    }
    let said = members.iter().find_map(|p| p.place).map(str::to_owned);
    let place = said.or_else(|| {
        let named = options.endings.iter().filter_map(|ending| {
            let ending: Vec<char> = ending.chars().collect();
            let place = grow(ending.clone(), &titles, false);
            let with = titles.iter().filter(|t| find(t, &place).is_some()).count();
            let begins = |e: &String| place.starts_with(&e.chars().collect::<Vec<_>>());
            let good = place.len() >= ending.len() + 2 && !options.endings.iter().any(begins);
            (good && with * 2 >= titles.len()).then_some((with, place))
        });
        // The first of the most frequent, so that the order of the endings decides between equals.
        named.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, place)| place.iter().collect())
    });
    Topic {
        id,
        size: members.len(),
        from: stamp(group.from),
        until: stamp(group.until),
        place,
        words: words.into_iter().map(|w| w.into_iter().collect()).collect(),
        members: members.iter().map(|p| p.id.to_owned()).collect(),
    }
}

const WORDS: usize = 5;
const LONGEST: usize = 16;
/// Where the name of a place cannot begin or go on: particles, prepositions, and verbs of complaining.
const NOT_IN_PLACES: &str = "的在对于和与请诉求映报问议";

/// Lengthens a word, to the left and perhaps the right, as long as three fifths of its occurrences go on alike.
fn grow(mut word: Vec<char>, titles: &[Vec<char>], right: bool) -> Vec<char> {
    while word.len() < LONGEST {
        let next = |after: bool| {
            let mut beside: Vec<char> = titles
                .iter()
                .filter_map(|t| {
                    let at = find(t, &word)?;
                    t.get(if after { at + word.len() } else { at.checked_sub(1)? }).copied()
                })
                .collect();
            let all = titles.iter().filter(|t| find(t, &word).is_some()).count();
            beside.sort_unstable();
            let runs = beside.chunk_by(|a, b| a == b).filter(|run| run.len() >= 2 && run.len() * 5 >= all * 3);
            let may = |c: &&char| c.is_alphanumeric() && (right || !NOT_IN_PLACES.contains(**c));
            runs.filter_map(|run| run.first()).find(may).copied()
        };
        match (next(false), if right { next(true) } else { None }) {
            (Some(c), _) => word.insert(0, c),
            (None, Some(c)) => word.push(c),
            (None, None) => break,
        }
    }
    word
}

fn find(text: &[char], word: &[char]) -> Option<usize> {
    text.windows(word.len().max(1)).position(|w| w == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean similarity of the pairs among some posts of a collection.
    fn mean(all: &[Post<'_>], members: &[String]) -> f32 {
        let mut posts: Vec<&Post<'_>> = all.iter().collect();
        posts.sort_unstable_by_key(|p| (p.at, p.id));
        let (places, rarities) = vocabulary(&posts);
        let of: Vec<Sparse> = posts
            .iter()
            .filter(|p| members.iter().any(|m| m == p.id))
            .map(|p| vector(p.text, &places, &rarities))
            .collect();
        let (mut sum, mut pairs) = (0.0, 0.0);
        for (i, a) in of.iter().enumerate() {
            for b in &of[..i] {
                sum += dot(a, b);
                pairs += 1.0;
            }
        }
        sum / pairs
    }

    #[test]
    fn members_are_alike_on_the_mean_and_large_topics_more_so() {
        // Titles that share three, two or no characters of their five with one another.
        let letters: Vec<char> = "水电气路灯车树草鸟鱼".chars().collect();
        let titles: Vec<String> =
            (0..60usize).map(|i| (0..5).map(|k| letters[(i / (1 + k) + k) % 10]).collect()).collect();
        let ids: Vec<String> = (0..60).map(|i| format!("{i:02}")).collect();
        let posts: Vec<Post<'_>> = titles
            .iter()
            .zip(&ids)
            .map(|(title, id)| Post { id, at: 0, place: None, text: Text { title, body: "" } })
            .collect();
        for (guard, strict) in [(4, 0.6), (8, 0.45), (60, 0.9)] {
            let options =
                TopicOptions { least: 2, guard, guard_similarity: strict, similarity: 0.25, ..Default::default() };
            let found = topics(&posts, &options);
            assert!(found.iter().any(|t| t.size > 2));
            for topic in found {
                let least = if topic.size > guard { strict } else { options.similarity };
                assert!(mean(&posts, &topic.members) >= least - 1e-4, "{topic:?}");
            }
        }
    }
}
