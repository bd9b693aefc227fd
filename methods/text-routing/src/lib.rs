//! Deterministic classification, near-duplicates and hot topics of short Chinese messages.
//!
//! Three tools for a desk that receives residents' messages; each explains what it says:
//!
//! - [`Model`]: where a message belongs. Character 1–2-grams, TF-IDF, a linear one-vs-rest classifier, probabilities
//!   calibrated on held-out messages, the n-grams that weighed ([`Model::reasons`]), and learning from one correction
//!   ([`Model::correct`]). A few dozen example sentences are enough to begin with.
//! - [`Index`]: whether nearly the same text came before.
//! - [`topics`]: what many messages of some weeks are about.
//!
//! The crate is pure: no file, clock, thread or random number. The same input gives the same bits on every machine:
//! sums run in a fixed order; `+ − × ÷ √` are exact by IEEE 754; ln and exp come from the `libm` crate, not from the
//! platform; the order of training comes from a fixed seed; nothing iterates over a hash map.
//!
//! ```
//! use text_routing::{Model, Options, Sample};
//! let taught = [("路灯", "三号楼门口的路灯坏了"), ("路灯", "弄堂里路灯不亮"), ("垃圾", "垃圾桶满了没人清"), ("垃圾", "楼道堆着垃圾")];
//! let samples: Vec<Sample> = taught.iter().map(|(label, text)| Sample { text: (*text).into(), label, group: "" }).collect();
//! let model = Model::train(&samples, &Options::default())?;
//! let answer = model.classify("北门的灯不亮了");
//! assert_eq!(answer.guesses[0].label, "路灯");
//! assert_eq!(model.reasons("北门的灯不亮了", "路灯", 1)[0].gram, "灯");
//! # Ok::<(), text_routing::LearnError>(())
//! ```
mod calibrate;
mod file;
mod linear;
mod measure;
mod model;
mod near;
mod table;
mod text;
mod time;
mod topics;

pub use file::FileError;
pub use measure::{LabelReport, Report, Tally, folds};
pub use model::{Answer, Correction, Guess, LearnError, MAX_FEATURES, MAX_LABELS, Model, Options, Reason, Sample};
pub use near::{Index, similarity};
pub use table::{Labelled, MAX_TABLE, Posted, TableError, labelled, plain, posted};
pub use text::Text;
pub use time::{seconds, stamp};
pub use topics::{PLACE_ENDINGS, Post, Topic, TopicOptions, topics};
