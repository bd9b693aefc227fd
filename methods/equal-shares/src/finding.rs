//! What is wrong with an input, said so that a clerk can find and mend it: line, field and cause, in two languages.
use std::fmt;

/// One finding about an input: an error that stops the count, or a warning that does not.
///
/// `Display` prints both languages; the caller puts the file's name before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Line in the file, from 1; 0 if the finding concerns the file as a whole.
    pub line: u32,
    /// Column, META key or section concerned.
    pub field: String,
    /// What is wrong.
    pub cause: Cause,
}

/// An error of this crate: the first finding that makes a count impossible.
pub type Error = Finding;

/// Causes of a [`Finding`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// A cell opens a quotation mark that is never closed.
    UnclosedQuote,
    /// The file is larger than 4 GiB.
    FileTooLarge,
    /// A row stands before the first section.
    OutsideSection,
    /// A section (META, PROJECTS or VOTES) is missing.
    MissingSection,
    /// A section occurs twice.
    RepeatedSection,
    /// A column or META key is missing.
    Missing,
    /// A column occurs twice.
    RepeatedColumn,
    /// A row has another number of cells than its header.
    CellCount {
        /// Cells in the row.
        found: usize,
        /// Cells in the header.
        expected: usize,
    },
    /// Not an amount of money: digits, at most nine decimals, not negative.
    NotAmount(String),
    /// Not a whole number.
    NotWhole(String),
    /// An amount or a sum of amounts is beyond what is counted exactly.
    TooLarge,
    /// A project identifier occurs twice.
    RepeatedProject(String),
    /// A ballot or limit names a project the file does not list.
    UnknownProject(String),
    /// A project's identifier is empty.
    EmptyId,
    /// The vote type is none of approval, choose-1, ordinal, cumulative, scoring.
    UnknownVoteType(String),
    /// A ballot lists another number of points than projects.
    PointsCount {
        /// Projects on the ballot.
        projects: usize,
        /// Points on the ballot.
        points: usize,
    },
    /// A `choose-1` ballot names several projects.
    MoreThanOne(usize),
    /// A limit is not of the form described in the README.
    BadLimit(String),
    /// The META rule is not one this crate counts.
    UnknownRule(String),
    /// Add1 did not end within this many steps; a larger increment does.
    TooManySteps(u64),
    /// Warning: the file states another number than it contains.
    CountDiffers {
        /// As stated.
        stated: String,
        /// As found.
        found: u64,
    },
    /// Warning: a voter identifier occurs again.
    RepeatedVoter(String),
    /// Warning: a ballot names a project twice; it is counted once.
    RepeatedWish(String),
    /// Warning: a ballot is shorter, longer, dearer or heavier than META allows; it is counted.
    OutsideBallotRule {
        /// Length, cost or points of the ballot.
        found: String,
        /// The bound stated in META.
        bound: String,
    },
}

impl Finding {
    pub(crate) fn new(line: u32, field: impl Into<String>, cause: Cause) -> Finding {
        Finding { line, field: field.into(), cause }
    }

    /// The cause in Chinese.
    pub fn zh(&self) -> String {
        match &self.cause {
            Cause::NotUtf8 => "不是 UTF-8 文本，请另存为 UTF-8 编码".into(),
            Cause::UnclosedQuote => "引号没有闭合".into(),
            Cause::FileTooLarge => "文件超过 4 GiB".into(),
            Cause::OutsideSection => "此行不属于任何一节，文件应以 META 开头".into(),
            Cause::MissingSection => "缺少此节".into(),
            Cause::RepeatedSection => "此节出现两次".into(),
            Cause::Missing => "缺少此项".into(),
            Cause::RepeatedColumn => "列名重复".into(),
            Cause::CellCount { found, expected } => format!("本行有 {found} 格，表头有 {expected} 格"),
            Cause::NotAmount(text) => format!("“{text}”不是金额（数字，至多九位小数，不得为负）"),
            Cause::NotWhole(text) => format!("“{text}”不是整数"),
            Cause::TooLarge => "数额过大，无法精确计算".into(),
            Cause::RepeatedProject(id) => format!("项目“{id}”重复"),
            Cause::UnknownProject(id) => format!("没有项目“{id}”"),
            Cause::EmptyId => "项目编号为空".into(),
            Cause::UnknownVoteType(text) => {
                format!("“{text}”不是已知的投票方式（approval、choose-1、ordinal、cumulative、scoring）")
            }
            Cause::PointsCount { projects, points } => format!("列了 {projects} 个项目，却有 {points} 个分值"),
            Cause::MoreThanOne(n) => format!("只能选一项，却选了 {n} 项"),
            Cause::BadLimit(text) => format!("“{text}”不是限制条件"),
            Cause::UnknownRule(text) => format!("没有计票规则“{text}”，请用 --rule 指定"),
            Cause::TooManySteps(n) => format!("逐步加额超过 {n} 步仍未结束，请用更大的步长"),
            Cause::CountDiffers { stated, found } => format!("文件写明 {stated}，实有 {found}"),
            Cause::RepeatedVoter(id) => format!("选民“{id}”出现不止一次，各票均计入"),
            Cause::RepeatedWish(id) => format!("同一张票上项目“{id}”重复，只计一次"),
            Cause::OutsideBallotRule { found, bound } => format!("此票为 {found}，规定为 {bound}，仍计入"),
        }
    }

    /// The cause in English.
    pub fn en(&self) -> String {
        match &self.cause {
            Cause::NotUtf8 => "not UTF-8 text; save the file as UTF-8".into(),
            Cause::UnclosedQuote => "quotation mark never closed".into(),
            Cause::FileTooLarge => "file larger than 4 GiB".into(),
            Cause::OutsideSection => "row outside any section; the file should begin with META".into(),
            Cause::MissingSection => "section missing".into(),
            Cause::RepeatedSection => "section occurs twice".into(),
            Cause::Missing => "missing".into(),
            Cause::RepeatedColumn => "column occurs twice".into(),
            Cause::CellCount { found, expected } => format!("{found} cells in this row, {expected} in the header"),
            Cause::NotAmount(text) => {
                format!("\"{text}\" is not an amount (digits, at most nine decimals, not negative)")
            }
            Cause::NotWhole(text) => format!("\"{text}\" is not a whole number"),
            Cause::TooLarge => "too large to be counted exactly".into(),
            Cause::RepeatedProject(id) => format!("project \"{id}\" occurs twice"),
            Cause::UnknownProject(id) => format!("there is no project \"{id}\""),
            Cause::EmptyId => "project identifier is empty".into(),
            Cause::UnknownVoteType(text) => {
                format!("\"{text}\" is not a vote type (approval, choose-1, ordinal, cumulative, scoring)")
            }
            Cause::PointsCount { projects, points } => format!("{projects} projects but {points} points"),
            Cause::MoreThanOne(n) => format!("one choice allowed, {n} made"),
            Cause::BadLimit(text) => format!("\"{text}\" is not a limit"),
            Cause::UnknownRule(text) => format!("no counting rule \"{text}\"; name one with --rule"),
            Cause::TooManySteps(n) => format!("Add1 did not end within {n} steps; use a larger increment"),
            Cause::CountDiffers { stated, found } => format!("the file states {stated} but has {found}"),
            Cause::RepeatedVoter(id) => format!("voter \"{id}\" occurs more than once; every ballot is counted"),
            Cause::RepeatedWish(id) => format!("project \"{id}\" twice on one ballot; counted once"),
            Cause::OutsideBallotRule { found, bound } => format!("ballot has {found}, rule says {bound}; counted"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}: ", self.line)?;
        }
        write!(f, "{}: {} · {}", self.field, self.zh(), self.en())
    }
}

impl std::error::Error for Finding {}
