//! Codes of a case in words.
use crate::t;
use linli_core::Text;

pub(crate) fn outcome_text(code: &str) -> Text {
    match code {
        "solved" => t::OUTCOME_SOLVED,
        "partly" => t::OUTCOME_PARTLY,
        "explained" => t::OUTCOME_EXPLAINED,
        "withdrawn" => t::OUTCOME_WITHDRAWN,
        _ => t::OUTCOME_DECLINED,
    }
}

pub(super) fn return_text(code: &str) -> Text {
    match code {
        "wrong_place" => t::RETURN_WRONG_PLACE,
        "lacks_information" => t::RETURN_LACKS_INFORMATION,
        "same_as_other" => t::RETURN_SAME_AS_OTHER,
        _ => t::RETURN_NOT_OURS,
    }
}

pub(super) fn relation(kind: &str) -> Text {
    match kind {
        "parent" => t::REL_PARENT,
        "child" => t::REL_CHILD,
        _ => t::REL_RELATED,
    }
}

/// The name of a stage.
pub(crate) fn stage(code: &str) -> Text {
    match code {
        "sign" => t::STAGE_SIGN,
        "return" => t::STAGE_RETURN,
        "contact" => t::STAGE_CONTACT,
        "answer" => t::STAGE_ANSWER,
        "ruling" => t::STAGE_RULING,
        "approval" => t::STAGE_APPROVAL,
        "pause" => t::STAGE_PAUSE,
        "verdict" => t::STAGE_VERDICT,
        _ => t::STAGE_REVIEW,
    }
}
