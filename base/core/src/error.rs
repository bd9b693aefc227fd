//! What can go wrong, as translated codes: the page, the API and the command line say it in their own way.
use crate::{Msg, t};

/// The result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// One field that needs the user's attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the form and in JSON.
    pub field: String,
    /// What to do about it.
    pub msg: Msg,
}

/// Why a use case refused or failed. Nothing here carries a stack or another person's data.
#[derive(Debug)]
pub enum Error {
    /// There is no such thing, or the actor may not know of it (404).
    NotFound,
    /// The actor sees the thing but may not do this (403); the message says why.
    Forbidden(Msg),
    /// Nobody is signed in, and this needs somebody (401).
    SignIn,
    /// Fields that must be corrected (422).
    Invalid(Vec<FieldError>),
    /// The thing has changed meanwhile, or the key was used for something else (409).
    Conflict(Msg),
    /// Too many requests (429): try again after so many seconds.
    TooMany(u64),
    /// The request is not a well-formed one (400), with the status that fits best (400, 413, 415 …).
    Bad(u16, Msg),
    /// The database cannot be reached or is full (503): nothing was done, or asking again with the same key tells.
    Unavailable(String),
    /// A fault of ours (500): logged under a number, never shown.
    Internal(String),
}

impl Error {
    /// One field is wrong.
    pub fn field(field: impl Into<String>, msg: impl Into<Msg>) -> Error {
        Error::Invalid(vec![FieldError { field: field.into(), msg: msg.into() }])
    }
    /// Refused, with the reason.
    pub fn forbidden(msg: impl Into<Msg>) -> Error {
        Error::Forbidden(msg.into())
    }
    /// Changed meanwhile, with what changed.
    pub fn conflict(msg: impl Into<Msg>) -> Error {
        Error::Conflict(msg.into())
    }
    /// A fault of ours.
    pub fn internal(cause: impl std::fmt::Display) -> Error {
        Error::Internal(cause.to_string())
    }
    /// The HTTP status that says the same.
    pub fn status(&self) -> u16 {
        match self {
            Error::NotFound => 404,
            Error::Forbidden(_) => 403,
            Error::SignIn => 401,
            Error::Invalid(_) => 422,
            Error::Conflict(_) => 409,
            Error::TooMany(_) => 429,
            Error::Bad(status, _) => *status,
            Error::Unavailable(_) => 503,
            Error::Internal(_) => 500,
        }
    }
    /// What to tell the user; `id` is the number under which an internal error was logged.
    pub fn msg(&self, id: &str) -> Msg {
        match self {
            Error::NotFound => t::NOT_FOUND.msg(),
            Error::Forbidden(m) | Error::Conflict(m) | Error::Bad(_, m) => m.clone(),
            Error::SignIn => t::SIGN_IN.msg(),
            Error::Invalid(fields) => t::INVALID.with("n", fields.len()),
            Error::TooMany(s) => t::TOO_MANY.with("seconds", s),
            Error::Unavailable(_) => t::UNAVAILABLE.msg(),
            Error::Internal(_) => t::INTERNAL.with("id", id),
        }
    }
}

impl From<linli_db::Error> for Error {
    fn from(e: linli_db::Error) -> Error {
        match e {
            linli_db::Error::Unavailable(m) => Error::Unavailable(m),
            linli_db::Error::Deadline => Error::Unavailable("deadline".into()),
            linli_db::Error::Conflict => Error::Conflict(t::CONFLICT.msg()),
            other => Error::Internal(other.to_string()),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Unavailable(cause) | Error::Internal(cause) => write!(f, "{}: {cause}", self.status()),
            Error::Invalid(fields) => {
                for e in fields {
                    write!(f, "{}: {}; ", e.field, e.msg.in_(crate::Lang::En))?;
                }
                Ok(())
            }
            other => write!(f, "{}", other.msg("").in_(crate::Lang::En)),
        }
    }
}
impl std::error::Error for Error {}
