//! Greedy rules (Faliszewski et al. 2023): projects in order of score, or of score per unit of cost.
use crate::count::{Fate, Picked, Why, forbidden};
use std::cmp::Ordering;

pub(crate) fn count(picked: &mut Picked, per_cost: bool) {
    spend(picked, per_cost, false);
}

/// Spends what another rule left over, most votes first (Peters et al. 2021, "utilitarian completion").
pub(crate) fn complete(picked: &mut Picked) {
    spend(picked, false, true);
}

fn spend(picked: &mut Picked, per_cost: bool, completion: bool) {
    let election = picked.election;
    let score: Vec<i64> =
        if completion { election.votes().iter().map(|v| *v as i64).collect() } else { picked.score.clone() };
    let compare = |a: usize, b: usize| -> Ordering {
        if per_cost {
            let worth = |p: usize, q: usize| i128::from(score[p]) * i128::from(election.projects()[q].cost);
            worth(b, a).cmp(&worth(a, b))
        } else {
            score[b].cmp(&score[a])
        }
    };
    let mut order: Vec<usize> = (0..score.len()).filter(|p| may_win(picked, *p, completion)).collect();
    order.sort_by(|a, b| compare(*a, *b).then_with(|| picked.rank[*a].cmp(&picked.rank[*b])));
    let mut stopped = false;
    for (place, &project) in order.iter().enumerate() {
        let level = order[place..].iter().take_while(|p| compare(project, **p).is_eq()).count();
        let first_of_level = place == 0 || compare(order[place - 1], project).is_ne();
        if level > 1 && first_of_level {
            picked.ties.push(order[place..place + level].to_vec());
        }
        let left = picked.left();
        let cost = election.projects()[project].cost;
        let why = if stopped {
            Why::AfterStop
        } else if let Some(why) = forbidden(election, &picked.selected, project) {
            why
        } else if cost <= left {
            picked.take(project, Fate::WonByScore { score: score[project], before: left, completion });
            continue;
        } else {
            stopped = picked.options.no_skip && !completion;
            Why::DoesNotFit { left }
        };
        match &mut picked.fates[project] {
            Some(Fate::Lost(Why::SupportersShort { unspent, .. })) if completion => *unspent = Some(left),
            _ => picked.lose(project, why),
        }
    }
}

/// What lost for want of its supporters' money, or because the rule ended, may still win by votes; other losses are final.
fn may_win(picked: &Picked, project: usize, completion: bool) -> bool {
    match &picked.fates[project] {
        None => true,
        Some(Fate::Lost(Why::SupportersShort { .. } | Why::AfterStop | Why::DoesNotFit { .. })) => completion,
        _ => false,
    }
}
