//! From sums to a verdict: figures, four tests, what is missing, and the arithmetic in words.
use crate::vote::*;
use crate::{Of, Remark, Rule, Text};
use serde::Serialize;

/// Where a dwelling or a head stands on a matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    For,
    Against,
    /// Marked so; or voters who contradict each other.
    Abstain,
    /// Validly delivered and not returned.
    Silent,
    Absent,
}

impl Stand {
    pub(crate) const COUNT: usize = 5;

    /// A head stands where all its dwellings that voted stand; silence only matters when none voted.
    pub(crate) fn of_head(dwellings: &[u32; Stand::COUNT]) -> Stand {
        match dwellings.map(|n| n > 0) {
            [true, false, false, ..] => Stand::For,
            [false, true, false, ..] => Stand::Against,
            [false, false, false, true, _] => Stand::Silent,
            [false, false, false, false, _] => Stand::Absent,
            _ => Stand::Abstain,
        }
    }
}

/// Heads and area per stand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) heads: [u64; Stand::COUNT],
    pub(crate) area: [u64; Stand::COUNT],
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    pub(crate) heads: u64,
    pub(crate) area: u64,
}

impl Sums {
    fn of(&self, stand: Stand) -> Figures {
        Figures { heads: self.heads[stand as usize], area: self.area[stand as usize] }
    }
}

impl Figures {
    fn add(&mut self, more: Figures) {
        self.heads += more.heads;
        self.area += more.area;
    }
}

/// Heads or area: the two denominators of Civil Code art. 278(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// 人数
    Heads,
    /// 专有部分面积, cm²
    Area,
}

/// Which condition of art. 278(2) is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// 参与表决
    Participation,
    /// 同意
    Consent,
}

/// One of the four tests of a verdict (Civil Code arts. 278(2) and 1259).
#[derive(Debug, Clone, Serialize)]
pub struct Test {
    /// Taking part, or agreeing.
    pub step: Step,
    /// Heads, or cm².
    pub measure: Measure,
    /// What there is.
    pub count: u64,
    /// Of what.
    pub of: u64,
    /// The threshold in words.
    pub need: Text,
    /// The cross-multiplication that decides, such as `8 × 3 = 24 ≥ 12 × 2 = 24`.
    pub arithmetic: String,
    /// Its outcome.
    pub met: bool,
}

/// Heads and area that a condition lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// Heads.
    pub heads: u64,
    /// cm².
    pub area: u64,
    /// The same area in m².
    pub area_m2: String,
}

/// What a vote still lacks (Civil Code art. 278(2)); all zero once it has passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The least further heads, all agreeing, with which it passes if everybody else stays as counted; none if no
    /// number of them suffices (only where unanimity is asked and somebody disagreed).
    pub heads: Option<u64>,
    /// The same in cm². Heads and area must both be reached.
    pub area: Option<u64>,
    /// The same area in m².
    pub area_m2: Option<String>,
    /// Whether those who do not take part yet are that many.
    pub enough_left: bool,
    /// What participation lacks.
    pub participation: Lack,
    /// What agreement lacks at the present participation: to be won among those who already take part.
    pub consent: Lack,
}

/// The result of one matter. Areas in cm². The fields are the JSON format, described in the README.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)] // the figures explain themselves: total, taking part, for, against, abstaining, silent
pub struct Verdict {
    pub name: String,
    pub matter: String,
    pub title: String,
    /// Number and words of the item (Civil Code art. 278(1), or the rule's own list).
    pub item: u8,
    pub item_text: Text,
    /// The rule's id.
    pub rule: String,
    /// Parts of the estate; empty = the whole.
    pub scope: Vec<String>,
    /// Exclusive parts counted.
    pub dwellings: u64,
    pub total_heads: u64,
    pub total_area: u64,
    /// Takes part: for, against, abstaining, and silent where the by-law counts it.
    pub part_heads: u64,
    pub part_area: u64,
    /// Agrees, including silent ones where the by-law counts them with an agreeing majority.
    pub yes_heads: u64,
    pub yes_area: u64,
    pub no_heads: u64,
    pub no_area: u64,
    pub abstain_heads: u64,
    pub abstain_area: u64,
    /// Counted by the silence clause; already contained in the figures above according to it.
    pub silent_heads: u64,
    pub silent_area: u64,
    /// Both participation tests.
    pub quorum: bool,
    /// All four tests.
    pub passed: bool,
    /// The articles the verdict rests on.
    pub article: String,
    pub article_en: String,
    pub missing: Missing,
    pub tests: Vec<Test>,
    /// What a reader must know beside the figures: suggested practice, what was not checked.
    pub notes: Vec<Text>,
    /// The whole reasoning in plain words.
    pub explanation: Text,
    /// Filled by [`crate::count`].
    pub remarks: Vec<Remark>,
    /// Against the published result, if one was given: the fields that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differs: Option<Vec<String>>,
}

/// cm² as m²: two decimals, four where they are needed.
pub fn square_metres(cm2: u64) -> String {
    let (whole, rest) = (cm2 / 10_000, cm2 % 10_000);
    if rest % 100 == 0 { format!("{whole}.{:02}", rest / 100) } else { format!("{whole}.{rest:04}") }
}

fn lack(heads: u64, area: u64) -> Lack {
    Lack { heads, area, area_m2: square_metres(area) }
}

/// The opinion with which silence counts under the clause, if there is one; heads and area must both name it.
fn leading(silence: Silence, sums: &Sums) -> Option<Stand> {
    let opinions = [Stand::For, Stand::Against, Stand::Abstain];
    let all = |values: &[u64; Stand::COUNT]| values[..3].iter().sum::<u64>();
    let leads = |values: &[u64; Stand::COUNT], one: Stand| {
        let others = opinions.iter().filter(|o| **o != one);
        match silence {
            Silence::TakesPart => false,
            Silence::WithMajority => u128::from(values[one as usize]) * 2 > u128::from(all(values)),
            Silence::WithMost => others.map(|o| values[*o as usize]).all(|v| v < values[one as usize]),
        }
    };
    opinions.into_iter().find(|o| leads(&sums.heads, *o) && leads(&sums.area, *o))
}

impl Verdict {
    pub(crate) fn of(
        vote: &Vote,
        rule: &Rule,
        matter: &Matter,
        dwellings: usize,
        total: Figures,
        sums: &Sums,
        in_part: bool,
    ) -> Option<Verdict> {
        let (consent, item_text) = (rule.consent(matter.item)?, rule.item(matter.item)?);
        let [mut yes, mut no, mut abstain] = [Stand::For, Stand::Against, Stand::Abstain].map(|s| sums.of(s));
        let silent = sums.of(Stand::Silent);
        let clause = vote.bylaw.as_ref().and_then(|b| b.silence.map(|s| (b, s)));
        let with = clause.and_then(|(_, silence)| leading(silence, sums));
        let mut part = silent;
        [yes, no, abstain].into_iter().for_each(|f| part.add(f));
        match with {
            Some(Stand::For) => yes.add(silent),
            Some(Stand::Against) => no.add(silent),
            Some(_) => abstain.add(silent),
            None => {}
        }

        let base = if consent.of == Of::All { total } else { part };
        let test = |step, measure, count: u64, of: u64| {
            let need = if step == Step::Consent { consent.need } else { rule.participation.need };
            let (n, d) = need.fraction();
            let (left, right) = (u128::from(count) * u128::from(d), u128::from(of) * u128::from(n));
            let sign = match left.cmp(&right) {
                std::cmp::Ordering::Less => '<',
                std::cmp::Ordering::Equal => '=',
                std::cmp::Ordering::Greater => '>',
            };
            let arithmetic = format!("{count} × {d} = {left} {sign} {of} × {n} = {right}");
            Test { step, measure, count, of, need: need.text(), arithmetic, met: need.met(count, of) }
        };
        let tests = vec![
            test(Step::Participation, Measure::Heads, part.heads, total.heads),
            test(Step::Participation, Measure::Area, part.area, total.area),
            test(Step::Consent, Measure::Heads, yes.heads, base.heads),
            test(Step::Consent, Measure::Area, yes.area, base.area),
        ];
        let quorum = tests.iter().all(|t| t.met || t.step == Step::Consent);
        let passed = tests.iter().all(|t| t.met);

        let absent = |total: u64, part: u64| rule.participation.need.least(total).saturating_sub(part);
        let unwon = |base: u64, yes: u64| consent.need.least(base).max(u64::from(base == 0)).saturating_sub(yes);
        let further = |total: u64, part: u64, base: u64, yes: u64| {
            let agreeing = match consent.of {
                Of::All => Some(unwon(base, yes)),
                Of::Participating => consent.need.least_newcomers(yes, part),
            };
            agreeing.map(|k| k.max(absent(total, part)))
        };
        let heads = further(total.heads, part.heads, base.heads, yes.heads);
        let area = further(total.area, part.area, base.area, yes.area);
        let left = |k: Option<u64>, total: u64, part: u64| k.is_some_and(|k| k <= total.saturating_sub(part));
        let missing = Missing {
            heads,
            area,
            area_m2: area.map(square_metres),
            enough_left: left(heads, total.heads, part.heads) && left(area, total.area, part.area),
            participation: lack(absent(total.heads, part.heads), absent(total.area, part.area)),
            consent: lack(unwon(base.heads, yes.heads), unwon(base.area, yes.area)),
        };

        let item = Text::new(
            format!("{}第（{}）项", rule.items_article.zh, numeral(matter.item)),
            format!("{}, item {}", rule.items_article.en, matter.item),
        );
        let articles = [&item, &rule.participation.article, &consent.article, &rule.equality];
        let join = |pick: fn(&Text) -> &String, between: &str| {
            let mut once: Vec<&str> = Vec::new();
            for a in articles.iter().map(|a| pick(a).as_str()) {
                if !once.contains(&a) {
                    once.push(a);
                }
            }
            once.join(between)
        };
        let mut verdict = Verdict {
            name: vote.name.clone(),
            matter: matter.id.clone(),
            title: matter.title.clone(),
            item: matter.item,
            item_text: item_text.clone(),
            rule: rule.id.clone(),
            scope: vote.scope.iter().map(|s| s.join("/")).collect(),
            dwellings: dwellings as u64,
            total_heads: total.heads,
            total_area: total.area,
            part_heads: part.heads,
            part_area: part.area,
            yes_heads: yes.heads,
            yes_area: yes.area,
            no_heads: no.heads,
            no_area: no.area,
            abstain_heads: abstain.heads,
            abstain_area: abstain.area,
            silent_heads: silent.heads,
            silent_area: silent.area,
            quorum,
            passed,
            article: join(|t| &t.zh, "；"),
            article_en: join(|t| &t.en, "; "),
            missing,
            tests,
            notes: notes(vote, rule, matter, in_part, clause.map(|(b, s)| (b, s, with, silent))),
            explanation: Text::new("", ""),
            remarks: Vec::new(),
            differs: None,
        };
        verdict.explanation = explain(&verdict, rule, &item, consent.of);
        verdict.differs = vote.published.get(&matter.id).map(|p| differences(&verdict, p));
        Some(verdict)
    }
}

fn differences(v: &Verdict, p: &Published) -> Vec<String> {
    let figures = [
        ("total_heads", p.total_heads, v.total_heads),
        ("total_area", p.total_area, v.total_area),
        ("part_heads", p.part_heads, v.part_heads),
        ("part_area", p.part_area, v.part_area),
        ("yes_heads", p.yes_heads, v.yes_heads),
        ("yes_area", p.yes_area, v.yes_area),
    ];
    let outcomes = [("quorum", p.quorum, v.quorum), ("passed", p.passed, v.passed)];
    let figures = figures.iter().filter(|(_, said, is)| said.is_some_and(|s| s != *is)).map(|f| f.0);
    figures
        .chain(outcomes.iter().filter(|(_, said, is)| said.is_some_and(|s| s != *is)).map(|o| o.0))
        .map(String::from)
        .collect()
}

/// 1 → 一, 11 → 十一; larger numbers in digits.
fn numeral(n: u8) -> String {
    let digits: Vec<char> = "零一二三四五六七八九十".chars().collect();
    let digit = |n: u8| digits.get(usize::from(n)).copied();
    match (n, digit(n), digit(n % 10)) {
        (_, Some(one), _) => one.to_string(),
        (11..=19, _, Some(ones)) => format!("十{ones}"),
        _ => n.to_string(),
    }
}

fn notes(
    vote: &Vote,
    rule: &Rule,
    matter: &Matter,
    in_part: bool,
    silence: Option<(&ByLaw, Silence, Option<Stand>, Figures)>,
) -> Vec<Text> {
    let mut notes = Vec::new();
    if vote.date.is_none() {
        let (until_zh, until_en) =
            rule.until.map_or(Default::default(), |u| (format!("，{u}止"), format!(" until {u}")));
        notes.push(Text::new(
            format!("未写明表决截止日，没有核对规则在当日是否有效（{}起{until_zh}）。", rule.from),
            format!(
                "No closing day is given; whether the rule was in force (from {}{until_en}) was not checked.",
                rule.from
            ),
        ));
        if let Some(ended) = rule.ended.as_ref() {
            notes
                .push(Text::new(format!("该规则已失效：{}。", ended.zh), format!("The rule has ended: {}.", ended.en)));
        }
    }
    if in_part {
        notes.push(match rule.part.as_ref().filter(|p| p.items.contains(&matter.item)) {
            Some(part) => Text::new(
                format!("只由部分共用的业主表决：{}；不得与业主大会的决定相抵触。", part.article.zh),
                format!(
                    "Only the owners of this part vote: {}; it may not contradict the assembly of all owners.",
                    part.article.en
                ),
            ),
            None => Text::new(
                "范围只是小区的一部分：所用规则没有写到部分业主就本项表决，沿用同样的门槛属建议做法。",
                "The scope is a part of the estate: the rule does not speak of such a vote on this item; using the same \
                 thresholds is suggested practice.",
            ),
        });
    }
    if let Some((bylaw, silence, with, silent)) = silence {
        let (heads, area) = (silent.heads, square_metres(silent.area));
        let by = format!("{}{}", bylaw.name, bylaw.article);
        let (zh, en) = match (silence, with) {
            (Silence::TakesPart, _) => ("计入参与表决，不计入任何意见", "takes part and is counted with no opinion"),
            (_, Some(Stand::For)) => {
                ("计入参与表决，随已表决的多数计入同意", "takes part and follows the majority cast: for")
            }
            (_, Some(Stand::Against)) => {
                ("计入参与表决，随已表决的多数计入反对", "takes part and follows the majority cast: against")
            }
            (_, Some(_)) => {
                ("计入参与表决，随已表决的多数计入弃权", "takes part and follows the majority cast: abstaining")
            }
            (_, None) => (
                "计入参与表决；已投的票按人数和面积没有共同的多数，不计入任何意见（建议做法）",
                "takes part; the ballots cast have no common majority by heads and by area, so it is counted with no \
                 opinion (suggested practice)",
            ),
        };
        notes.push(Text::new(
            format!("有效送达而未表态的{heads}人、{area}平方米，依{by}：{zh}（建房〔2009〕274号第二十六条；(2022)沪02民初16号）。"),
            format!(
                "{} and {area} m² validly reached but silent, under {by}: {en} (建房〔2009〕274号 art. 26; \
                 (2022)沪02民初16号).",
                heads_en(heads)
            ),
        ));
    }
    notes
}

/// Hundredths of a per cent, cut off and not rounded: 66.66 % never looks like two thirds reached.
fn per_cent(count: u64, of: u64) -> String {
    let cut = u128::from(count) * 10_000 / u128::from(of.max(1));
    format!("{}.{:02}%", cut / 100, cut % 100)
}

fn explain(v: &Verdict, rule: &Rule, item: &Text, of: Of) -> Text {
    let scope = v.scope.join("、");
    let (scope_zh, scope_en) = match scope.as_str() {
        "" => ("整个小区", "the whole estate"),
        s => (s, s),
    };
    let total = square_metres(v.total_area);
    let mut lines = vec![
        Text::new(
            format!("规则：{}。事项：{}，{}。", rule.name.zh, item.zh, v.item_text.zh),
            format!("Rule: {}. Matter: {}, {}.", rule.name.en, item.en, v.item_text.en),
        ),
        Text::new(
            format!(
                "范围：{scope_zh}，{}个专有部分；同一业主的合并为一人，共{}人；专有部分面积{total}平方米（{}）。",
                v.dwellings, v.total_heads, rule.heads.zh
            ),
            format!(
                "Scope: {scope_en}, {} exclusive parts; those of one owner are one head, {} in all; exclusive area \
                 {total} m² ({}).",
                v.dwellings,
                heads_en(v.total_heads),
                rule.heads.en
            ),
        ),
    ];
    for t in &v.tests {
        let show = |n: u64, unit: &str| match t.measure {
            Measure::Heads => n.to_string(),
            Measure::Area => format!("{}{unit}", square_metres(n)),
        };
        let (what_zh, what_en) = match t.measure {
            Measure::Heads => ("人数", "heads"),
            Measure::Area => ("面积", "area"),
        };
        let (step_zh, step_en, of_zh, of_en) = match (t.step, of) {
            (Step::Participation, _) => ("参与表决", "Taking part", "全体", "all"),
            (Step::Consent, Of::Participating) => ("同意", "Agreeing", "参与表决的", "those taking part"),
            (Step::Consent, Of::All) => ("同意", "Agreeing", "全体", "all"),
        };
        let (met_zh, met_en) = if t.met { ("达到", "met") } else { ("未达到", "not met") };
        let cm2 = if t.measure == Measure::Area { " cm²" } else { "" };
        lines.push(Text::new(
            format!(
                "{step_zh}{what_zh}{}，{of_zh}{what_zh}{}，占{}；要求{}：{}{cm2}，{met_zh}。",
                show(t.count, "平方米"),
                show(t.of, "平方米"),
                per_cent(t.count, t.of),
                t.need.zh,
                t.arithmetic
            ),
            format!(
                "{step_en}, {what_en}: {} of {} ({of_en}), {}; needs {}: {}{cm2}, {met_en}.",
                show(t.count, " m²"),
                show(t.of, " m²"),
                per_cent(t.count, t.of),
                t.need.en,
                t.arithmetic
            ),
        ));
    }
    lines.extend(v.notes.iter().cloned());
    let outcome = match (v.passed, v.quorum) {
        (true, _) => Text::new("结论：通过。", "Verdict: passed."),
        (_, true) => Text::new(
            "结论：参与表决达到要求，同意未达到要求，未通过。",
            "Verdict: enough took part, too few agree; not passed.",
        ),
        _ => Text::new("结论：参与表决未达到要求，未通过。", "Verdict: too few took part; not passed."),
    };
    lines.push(outcome);
    if !v.passed {
        let (p, c) = (&v.missing.participation, &v.missing.consent);
        let further = match (v.missing.heads, &v.missing.area_m2) {
            (Some(heads), Some(area)) => {
                let left = match v.missing.enough_left {
                    true => Text::new("尚未参与的业主够数", "enough owners have not yet taken part"),
                    false => {
                        Text::new("尚未参与的业主已不够数", "the owners who have not taken part no longer suffice")
                    }
                };
                Text::new(
                    format!("其余不变，再有至少{heads}人且{area}平方米参与并同意即可通过（{}）", left.zh),
                    format!(
                        "all else unchanged, {} and {area} m² more that agree would pass it ({})",
                        heads_en(heads),
                        left.en
                    ),
                )
            }
            _ => Text::new("有人不同意，再多人同意也不能通过", "somebody disagrees; no further number passes it"),
        };
        lines.push(Text::new(
            format!(
                "还差：参与表决{}人、{}平方米；按现在的参与情况，同意{}人、{}平方米。{}。",
                p.heads, p.area_m2, c.heads, c.area_m2, further.zh
            ),
            format!(
                "Still lacking: taking part {} and {} m²; agreeing, at the present participation, {} and {} \
                 m². {}.",
                heads_en(p.heads),
                p.area_m2,
                heads_en(c.heads),
                c.area_m2,
                capital(&further.en)
            ),
        ));
    }
    lines.push(Text::new(format!("条文：{}。", v.article), format!("Articles: {}.", v.article_en)));
    let join = |pick: fn(&Text) -> &str| lines.iter().map(pick).collect::<Vec<_>>().join("\n");
    Text::new(join(|t| &t.zh), join(|t| &t.en))
}

fn heads_en(n: u64) -> String {
    format!("{n} head{}", if n == 1 { "" } else { "s" })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
