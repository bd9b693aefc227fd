//! The running count. Batch and live counting are the same code: a batch casts every ballot once.
use crate::verdict::{Figures, Stand, Sums};
use crate::vote::*;
use crate::{Refused, Remark, Rule, Text, Verdict};
use std::collections::BTreeMap;

/// A count that follows its ballots: casting, replacing or withdrawing one costs O(log n) in the number of dwellings.
///
/// Heads (interpretation art. 9): dwellings whose voters are the same set of owners are one head, and so is all stock
/// of one developer. A head stands for an opinion when every dwelling it voted with says so; a head that says
/// different things takes part and agrees with nothing (suggested practice, the law is silent), while each dwelling's
/// area follows its own ballot.
#[derive(Debug, Clone)]
pub struct Tally<'a> {
    vote: &'a Vote,
    rule: &'a Rule,
    units: Vec<Unit<'a>>,
    index: BTreeMap<&'a str, usize>,
    /// `heads[h * matters + m]`: how many of head h's dwellings stand where on matter m.
    heads: Vec<[u32; Stand::COUNT]>,
    /// `stands[u * matters + m]`: where unit u was last seen on matter m.
    stands: Vec<Stand>,
    sums: Vec<Sums>,
    total: Figures,
    in_part: bool,
}

#[derive(Debug, Clone)]
struct Unit<'a> {
    dwelling: &'a Dwelling,
    head: usize,
    reached: bool,
    /// Why its deliveries do not count, while none does.
    unreached: Option<Text>,
    cast: Vec<Cast>,
}

/// A ballot after examination.
#[derive(Debug, Clone)]
struct Cast {
    voter: String,
    /// Per matter: none = not voted on.
    marks: Vec<Option<Mark>>,
    remarks: Vec<Remark>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Says(Opinion),
    /// Marked, but invalid: neither a vote nor silence.
    Void,
}

impl<'a> Tally<'a> {
    /// Opens an empty count over the roll, by-law, scope and deliveries of `vote`; its ballots are not cast.
    ///
    /// # Errors
    /// Refuses a rule or by-law that was not in force on the vote's date, an item the rule does not know, an empty
    /// scope, a repeated dwelling, a total area above [`MAX_AREA`].
    pub fn open(vote: &'a Vote, rule: &'a Rule) -> Result<Tally<'a>, Refused> {
        if let Some(date) = vote.date {
            rule.in_force(date)?;
            let early =
                |b: &&ByLaw| b.from.is_some_and(|from| date < from) || b.until.is_some_and(|until| date > until);
            if let Some(b) = vote.bylaw.as_ref().filter(early) {
                return Err(Refused(Text::new(
                    format!("“{}”在{date}没有效力", b.name),
                    format!("“{}” is not in force on {date}", b.name),
                )));
            }
        }
        if let Some(m) = vote.matters.iter().find(|m| rule.item(m.item).is_none() || rule.consent(m.item).is_none()) {
            let (zh, en, n) = (&rule.name.zh, &rule.name.en, rule.items.len());
            return Err(Refused(Text::new(
                format!("{zh}没有第{}项，只有第1至{n}项", m.item),
                format!("{en} has no item {}, only items 1 to {n}", m.item),
            )));
        }
        let mut tally = Tally {
            vote,
            rule,
            units: Vec::new(),
            index: BTreeMap::new(),
            heads: Vec::new(),
            stands: Vec::new(),
            sums: vec![Sums::default(); vote.matters.len()],
            total: Figures::default(),
            in_part: false,
        };
        // Same set of owners, same head: the first in order, then the others (mostly none, so that nothing is allocated).
        let mut heads: BTreeMap<(&str, Vec<&str>), usize> = BTreeMap::new();
        for dwelling in &vote.dwellings {
            if !vote.scope.is_empty() && !vote.scope.iter().any(|s| dwelling.place.starts_with(s)) {
                tally.in_part = true;
                continue;
            }
            let holder = match (&dwelling.developer, dwelling.owners.as_slice()) {
                (Some(one), _) | (None, [one]) => (one.as_str(), Vec::new()),
                (None, many) => {
                    let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
                    many.sort_unstable();
                    (many.first().copied().unwrap_or_default(), many.split_off(many.len().min(1)))
                }
            };
            let next = heads.len();
            let head = *heads.entry(holder).or_insert(next);
            if tally.index.insert(&dwelling.id, tally.units.len()).is_some() {
                let (zh, en) = (format!("“{}”重复", dwelling.id), format!("“{}” is there twice", dwelling.id));
                return Err(Refused(Text::new(zh, en)));
            }
            let area = tally.total.area.checked_add(dwelling.area).filter(|sum| *sum <= MAX_AREA);
            tally.total.area = area.ok_or_else(|| Refused(Text::new("总面积过大", "the total area is too large")))?;
            tally.units.push(Unit { dwelling, head, reached: false, unreached: None, cast: Vec::new() });
        }
        if tally.units.is_empty() {
            return Err(Refused(Text::new("范围内没有专有部分", "no dwelling lies in the scope")));
        }
        tally.total.heads = heads.len() as u64;
        let matters = vote.matters.len();
        tally.heads = vec![[0; Stand::COUNT]; heads.len() * matters];
        tally.stands = vec![Stand::Absent; tally.units.len() * matters];
        for sums in &mut tally.sums {
            sums.heads[Stand::Absent as usize] = tally.total.heads;
            sums.area[Stand::Absent as usize] = tally.total.area;
        }
        for unit in &tally.units {
            let of_head = tally.heads.iter_mut().skip(unit.head * matters).take(matters);
            of_head.for_each(|counts| counts[Stand::Absent as usize] += 1);
        }
        for delivery in &vote.deliveries {
            tally.deliver(delivery);
        }
        Ok(tally)
    }

    /// Casts a ballot, or replaces the same voter's earlier one for the same dwelling (suggested practice: the later
    /// valid ballot counts). An invalid ballot never displaces a valid one. Returns what was found wrong with it, or
    /// `None` if its dwelling is not in this vote. O(log n).
    pub fn cast(&mut self, ballot: &Ballot) -> Option<Vec<Remark>> {
        let at = *self.index.get(ballot.dwelling.as_str())?;
        let cast = self.examine(ballot, self.units.get(at)?.dwelling);
        let found = cast.remarks.clone();
        let counts = |c: &Cast| c.marks.iter().any(|m| matches!(m, Some(Mark::Says(_))));
        self.change(at, |unit| match unit.cast.iter_mut().find(|c| c.voter == cast.voter) {
            Some(earlier) if counts(earlier) && !counts(&cast) => earlier.remarks.extend(cast.remarks),
            Some(earlier) => *earlier = cast,
            None => unit.cast.push(cast),
        });
        Some(found)
    }

    /// Takes back a voter's ballot for a dwelling; whether there was one. O(log n).
    pub fn withdraw(&mut self, dwelling: &str, voter: &str) -> bool {
        let Some(at) = self.index.get(dwelling).copied() else { return false };
        let before = self.units.get(at).map_or(0, |u| u.cast.len());
        self.change(at, |unit| unit.cast.retain(|c| c.voter != voter));
        self.units.get(at).map_or(0, |u| u.cast.len()) < before
    }

    /// Records a delivery. Under a silence clause an unreturned ballot counts only if its delivery was valid
    /// ((2022)沪02民初16号). Returns why this one is not, if it is not. O(log n).
    pub fn deliver(&mut self, delivery: &Delivery) -> Option<Text> {
        let at = self.index.get(delivery.dwelling.as_str()).copied()?;
        let bylaw = self.vote.bylaw.as_ref().filter(|b| b.silence.is_some())?;
        let path = &delivery.path;
        let why = if !bylaw.deliveries.contains(path) {
            Some(Text::new(
                format!("送达无效：“{path}”不是{}写明的送达方式", bylaw.name),
                format!("not validly delivered: “{path}” is not a path that the by-law names"),
            ))
        } else if delivery.proof.trim().is_empty() {
            Some(Text::new("送达无效：没有送达凭据", "not validly delivered: no proof is recorded"))
        } else if !delivery.warned {
            Some(Text::new(
                "送达无效：没有告知不表态的后果",
                "not validly delivered: the owner was not warned of what silence means",
            ))
        } else {
            None
        };
        let found = why.clone();
        self.change(at, |unit| {
            unit.reached |= why.is_none();
            unit.unreached = if unit.reached { None } else { why };
        });
        found
    }

    /// The figures and verdict on the `matter`-th question as they stand now; `None` if there is none. O(1) in the
    /// number of dwellings.
    pub fn verdict(&self, matter: usize) -> Option<Verdict> {
        let (m, sums) = (self.vote.matters.get(matter)?, self.sums.get(matter)?);
        Verdict::of(self.vote, self.rule, m, self.units.len(), self.total, sums, self.in_part)
    }

    /// Every ballot, co-owner, owner or delivery whose treatment needs a word, by dwelling id. No person is named.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let mut named = vec![false; self.heads.len()];
        let matters = self.vote.matters.len();
        for unit in &self.units {
            let remark = |matter: Option<&Matter>, text: Text| Remark {
                dwelling: unit.dwelling.id.clone(),
                matter: matter.map(|m| m.id.clone()),
                text,
            };
            remarks.extend(unit.cast.iter().flat_map(|c| c.remarks.iter().cloned()));
            if let Some(why) = unit.unreached.as_ref().filter(|_| unit.cast.is_empty()) {
                remarks.push(remark(None, why.clone()));
            }
            for (m, matter) in self.vote.matters.iter().enumerate() {
                if unit.says(m).is_some_and(|(_, agreed)| !agreed) {
                    let zh = "共有人意见不一致：计入参与表决，按弃权计（建议做法；应推选一人行使表决权，建房〔2009〕274号第二十五条）";
                    let en = "the co-owners disagree: takes part, counted as abstaining (suggested practice; they should choose \
                              one to vote, 建房〔2009〕274号 art. 25)";
                    remarks.push(remark(Some(matter), Text::new(zh, en)));
                }
                let at = unit.head * matters + m;
                let split = self.heads.get(at).is_some_and(|c| c[..3].iter().filter(|n| **n > 0).count() > 1);
                if let Some(seen) = named.get_mut(at).filter(|seen| split && !**seen) {
                    *seen = true;
                    let zh =
                        "同一业主的各专有部分意见不一致：人数计一人，参与表决、按弃权计；面积各随其表决票（建议做法）";
                    let en = "one owner's dwellings say different things: one head that takes part and is counted as \
                              abstaining; each area follows its own ballot (suggested practice)";
                    remarks.push(remark(Some(matter), Text::new(zh, en)));
                }
            }
        }
        remarks
    }

    /// Changes one unit and moves its area and its head from where they stood to where they stand.
    fn change(&mut self, at: usize, edit: impl FnOnce(&mut Unit<'a>)) {
        let Some(unit) = self.units.get_mut(at) else { return };
        edit(unit);
        let matters = self.sums.len();
        let of_head = self.heads.iter_mut().skip(unit.head * matters);
        let of_unit = self.stands.iter_mut().skip(at * matters);
        for (m, ((sums, counts), was)) in self.sums.iter_mut().zip(of_head).zip(of_unit).enumerate() {
            let is = unit.stand(m);
            sums.heads[Stand::of_head(counts) as usize] -= 1;
            sums.area[*was as usize] -= unit.dwelling.area;
            counts[*was as usize] -= 1;
            *was = is;
            counts[is as usize] += 1;
            sums.area[is as usize] += unit.dwelling.area;
            sums.heads[Stand::of_head(counts) as usize] += 1;
        }
    }

    fn examine(&self, ballot: &Ballot, dwelling: &Dwelling) -> Cast {
        let voters = dwelling.voters();
        let voter = ballot.voter.as_ref().or(if let [only] = voters { Some(only) } else { None });
        let matters = &self.vote.matters;
        let remark = |matter: Option<&Matter>, text: Text| Remark {
            dwelling: dwelling.id.clone(),
            matter: matter.map(|m| m.id.clone()),
            text,
        };
        let mut cast = Cast { voter: voter.cloned().unwrap_or_default(), marks: Vec::new(), remarks: Vec::new() };
        if let Some(why) = self.void(ballot, dwelling, voter) {
            cast.marks = vec![Some(Mark::Void); matters.len()];
            cast.remarks.push(remark(None, why));
            return cast;
        }
        for matter in matters {
            let Some(opinion) = ballot.opinions.get(&matter.id).copied() else {
                cast.marks.push(None);
                continue;
            };
            let article = &self.rule.proxy.article;
            let why = match ballot.proxy.as_ref().map(|p| p.mandate.get(&matter.id)) {
                Some(Some(told)) if *told != opinion => Some(Text::new(
                    format!("代理人的表决与委托书写明的意见不符，本项无效（{}）", article.zh),
                    format!("the proxy departs from the mandate, invalid on this matter ({})", article.en),
                )),
                Some(None) if self.rule.proxy.opinion_on_each_item => Some(Text::new(
                    format!("委托书没有写明业主对本项的意见，本项无效（{}）", article.zh),
                    format!("the mandate states no opinion on this matter, invalid on it ({})", article.en),
                )),
                _ => None,
            };
            cast.marks.push(Some(if why.is_some() { Mark::Void } else { Mark::Says(opinion) }));
            cast.remarks.extend(why.map(|why| remark(Some(matter), why)));
        }
        cast
    }

    /// Why a ballot is invalid on every matter, if it is.
    fn void(&self, ballot: &Ballot, dwelling: &Dwelling, voter: Option<&String>) -> Option<Text> {
        if let Some(why) = &ballot.invalid {
            return Some(Text::new(format!("无效票：{why}"), format!("invalid ballot: {why}")));
        }
        if !voter.is_some_and(|v| dwelling.voters().contains(v)) {
            return Some(if dwelling.developer.is_some() {
                Text::new(
                    "无效：未出售或已售未交付，表决权由建设单位行使（司法解释第一条、第九条）",
                    "invalid: unsold or not handed over, the developer votes with it (interpretation arts. 1 and 9)",
                )
            } else if dwelling.representative.is_some() {
                Text::new(
                    "无效：共有人已推选他人行使表决权（建房〔2009〕274号第二十五条）",
                    "invalid: the co-owners chose another one to vote (建房〔2009〕274号 art. 25)",
                )
            } else {
                Text::new(
                    "无效：投票人不是名册上的业主（司法解释第一条）",
                    "invalid: not cast by an owner in the roll (interpretation art. 1)",
                )
            });
        }
        if let (Some(date), Some(closes)) = (ballot.date, self.vote.date)
            && date > closes
        {
            return Some(Text::new(
                format!("无效：{date}收到，表决已于{closes}截止"),
                format!("invalid: of {date}, after the vote closed on {closes}"),
            ));
        }
        if let Some(ways) = self.rule.ways.as_ref().filter(|w| !w.allowed.contains(&ballot.way)) {
            return Some(Text::new(
                format!("无效：不允许的表决方式（{}）", ways.article.zh),
                format!("invalid: this way of voting is not allowed ({})", ways.article.en),
            ));
        }
        let unwritten = ballot.proxy.as_ref().is_some_and(|p| !p.written) && self.rule.proxy.written;
        let article = &self.rule.proxy.article;
        unwritten.then(|| {
            Text::new(
                format!("无效：代理人没有书面委托书（{}）", article.zh),
                format!("invalid: the proxy has no written mandate ({})", article.en),
            )
        })
    }
}

impl Unit<'_> {
    /// What its voters say on a matter, and whether they agree; none if nobody validly said anything.
    fn says(&self, matter: usize) -> Option<(Opinion, bool)> {
        let mut said = self.cast.iter().filter_map(|c| match c.marks.get(matter) {
            Some(Some(Mark::Says(opinion))) => Some(*opinion),
            _ => None,
        });
        let first = said.next()?;
        Some((first, said.all(|o| o == first)))
    }

    fn stand(&self, matter: usize) -> Stand {
        match self.says(matter) {
            Some((Opinion::For, true)) => Stand::For,
            Some((Opinion::Against, true)) => Stand::Against,
            Some(_) => Stand::Abstain,
            // An invalid ballot is not silence: whoever tried to vote did not choose to follow the others.
            None if self.cast.iter().any(|c| matches!(c.marks.get(matter), Some(Some(Mark::Void)))) => Stand::Absent,
            None if self.reached => Stand::Silent,
            None => Stand::Absent,
        }
    }
}
