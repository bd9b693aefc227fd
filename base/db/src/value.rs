//! What may go into a parameter and come out of a column.
use crate::{Error, Result};
use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::borrow::Cow;
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// A value on its way to or from either engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// BOOLEAN; 0 or 1 in SQLite.
    Bool(bool),
    /// SMALLINT, INTEGER or BIGINT.
    Int(i64),
    /// DOUBLE PRECISION.
    Real(f64),
    /// TEXT.
    Text(&'a str),
    /// BYTEA; BLOB in SQLite.
    Bytes(&'a [u8]),
    /// UUID; 16 bytes in SQLite.
    Uuid(Uuid),
    /// JSONB; text in SQLite.
    Json(Cow<'a, str>),
    /// What a spread such as `IN UUIDS($1)` takes.
    List(Vec<Value<'a>>),
    /// What cannot be stored at all, and why: refused when it is bound.
    Unfit(String),
}

/// What may be bound to a parameter.
pub trait Param {
    /// The value to bind.
    fn value(&self) -> Value<'_>;
}
/// What a column may be read as. A newtype gets this and [`Param`] by `impl_column!`.
pub trait Column: Sized {
    /// Reads the value, or says which type was expected.
    fn column(v: Value<'_>) -> Result<Self, &'static str>;
}

macro_rules! plain {
    ($($t:ty, $s:ident => $value:expr, $($from:pat => $to:expr),+;)+) => { $(
        impl Param for $t {
            fn value(&self) -> Value<'_> { let $s = self; $value }
        }
        impl Column for $t {
            fn column(v: Value<'_>) -> Result<Self, &'static str> {
                match v { $($from => $to,)+ _ => None }.ok_or(stringify!($t))
            }
        }
    )+ };
}
plain! {
    bool, s => Value::Bool(*s), Value::Bool(b) => Some(b), Value::Int(i @ 0..=1) => Some(i == 1);
    i32, s => Value::Int(i64::from(*s)), Value::Int(i) => i32::try_from(i).ok();
    i64, s => Value::Int(*s), Value::Int(i) => Some(i);
    f64, s => Value::Real(*s), Value::Real(f) => Some(f), Value::Int(i) => Some(i as f64);
    String, s => Value::Text(s), Value::Text(t) => Some(t.to_owned());
    Vec<u8>, s => Value::Bytes(s), Value::Bytes(b) => Some(b.to_owned());
    Uuid, s => Value::Uuid(*s), Value::Uuid(u) => Some(u), Value::Bytes(b) => Uuid::from_slice(b).ok();
}
impl Param for str {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
}
impl Param for [u8] {
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}
impl<const N: usize> Param for [u8; N] {
    fn value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}
impl<const N: usize> Column for [u8; N] {
    fn column(v: Value<'_>) -> Result<Self, &'static str> {
        if let Value::Bytes(b) = v { b.try_into().map_err(|_| "bytes of fixed length") } else { Err("bytes") }
    }
}
impl<T: Param + ?Sized> Param for &T {
    fn value(&self) -> Value<'_> {
        T::value(self)
    }
}
/// For spreads.
impl<T: Param> Param for [T] {
    fn value(&self) -> Value<'_> {
        Value::List(self.iter().map(T::value).collect())
    }
}
/// For spreads.
impl<T: Param> Param for Vec<T> {
    fn value(&self) -> Value<'_> {
        self.as_slice().value()
    }
}
impl<T: Param> Param for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, T::value)
    }
}
impl<T: Column> Column for Option<T> {
    fn column(v: Value<'_>) -> Result<Self, &'static str> {
        if v == Value::Null { Ok(None) } else { T::column(v).map(Some) }
    }
}

/// A column holding JSON: text in SQLite, jsonb in PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);
impl<T: serde::Serialize> Param for Json<T> {
    fn value(&self) -> Value<'_> {
        serde_json::to_string(&self.0).map_or_else(|e| Value::Unfit(e.to_string()), |s| Value::Json(s.into()))
    }
}
impl<T: serde::de::DeserializeOwned> Column for Json<T> {
    fn column(v: Value<'_>) -> Result<Self, &'static str> {
        let text = match v {
            Value::Json(s) => s,
            Value::Text(s) => s.into(),
            _ => return Err("JSON"),
        };
        serde_json::from_str(&text).map(Json).map_err(|_| "JSON of another shape")
    }
}

/// Makes newtypes go where what they wrap goes: `impl_column!(MatterId => Uuid)` for `struct MatterId(pub Uuid)`.
#[macro_export]
macro_rules! impl_column {
    ($($t:ty => $base:ty),+ $(,)?) => { $(
        impl $crate::Param for $t {
            fn value(&self) -> $crate::Value<'_> { $crate::Param::value(&self.0) }
        }
        impl $crate::Column for $t {
            fn column(v: $crate::Value<'_>) -> ::core::result::Result<Self, &'static str> {
                <$base as $crate::Column>::column(v).map(Self)
            }
        }
    )+ };
}

type Thrown = Box<dyn std::error::Error + Sync + Send>;

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Bool(b) => ToSqlOutput::Owned(i64::from(*b).into()),
            Value::Int(i) => ToSqlOutput::Owned((*i).into()),
            Value::Real(f) => ToSqlOutput::Owned((*f).into()),
            Value::Text(s) => ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
            Value::Json(s) => ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
            Value::Bytes(b) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
            Value::Uuid(u) => ToSqlOutput::Borrowed(ValueRef::Blob(u.as_bytes())),
            Value::List(items) => {
                // Read again by json_each; a UUID travels as hexadecimal digits.
                let items = items.iter().map(|v| match v {
                    Value::Int(i) => Ok((*i).into()),
                    Value::Text(s) => Ok((*s).into()),
                    Value::Uuid(u) => Ok(u.simple().to_string().into()),
                    _ => Err(rusqlite::Error::ToSqlConversionFailure(
                        "a spread takes UUIDs, texts or whole numbers".into(),
                    )),
                });
                let list = serde_json::Value::Array(items.collect::<rusqlite::Result<_>>()?);
                ToSqlOutput::Owned(list.to_string().into())
            }
            Value::Unfit(why) => return Err(rusqlite::Error::ToSqlConversionFailure(why.clone().into())),
        })
    }
}

impl<'a> From<ValueRef<'a>> for Value<'a> {
    fn from(v: ValueRef<'a>) -> Self {
        match v {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(i) => Value::Int(i),
            ValueRef::Real(f) => Value::Real(f),
            ValueRef::Text(t) => std::str::from_utf8(t).map_or_else(|e| Value::Unfit(e.to_string()), Value::Text),
            ValueRef::Blob(b) => Value::Bytes(b),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Thrown> {
        let text = || matches!(*ty, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN);
        match (self, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Bool(b), &Type::BOOL) => b.to_sql(ty, out),
            (Value::Int(i), &Type::INT2) => i16::try_from(*i)?.to_sql(ty, out),
            (Value::Int(i), &Type::INT4) => i32::try_from(*i)?.to_sql(ty, out),
            (Value::Int(i), &Type::INT8) => i.to_sql(ty, out),
            (Value::Int(i), &Type::FLOAT8) => (*i as f64).to_sql(ty, out),
            (Value::Real(f), &Type::FLOAT8) => f.to_sql(ty, out),
            (Value::Text(s), _) if text() => s.to_sql(ty, out),
            (Value::Bytes(b), &Type::BYTEA) => b.to_sql(ty, out),
            (Value::Uuid(u), &Type::UUID) => u.to_sql(ty, out),
            (Value::Json(s), &Type::JSONB | &Type::JSON) => {
                if *ty == Type::JSONB {
                    out.extend_from_slice(&[1]); // the version of the binary format
                }
                out.extend_from_slice(s.as_bytes());
                Ok(IsNull::No)
            }
            (Value::List(items), _) if matches!(ty.kind(), Kind::Array(_)) => items.to_sql(ty, out),
            (Value::Unfit(why), _) => Err(why.clone().into()),
            _ => Err(format!("{self:?} does not fit PostgreSQL's {ty}").into()),
        }
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Thrown> {
        Ok(match *ty {
            Type::BOOL => Value::Bool(bool::from_sql(ty, raw)?),
            Type::INT2 => Value::Int(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => Value::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(ty, raw)?),
            Type::BYTEA => Value::Bytes(raw),
            Type::UUID => Value::Uuid(Uuid::from_slice(raw)?),
            Type::JSON => Value::Json(std::str::from_utf8(raw)?.into()),
            Type::JSONB => Value::Json(std::str::from_utf8(raw.get(1..).unwrap_or_default())?.into()),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                Value::Text(std::str::from_utf8(raw)?)
            }
            _ => return Err(format!("a column of PostgreSQL's type {ty}: cast it to one the program knows").into()),
        })
    }
    fn from_sql_null(_: &Type) -> Result<Self, Thrown> {
        Ok(Value::Null)
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A row of an answer.
pub enum Row<'r> {
    /// SQLite's.
    Sqlite(&'r rusqlite::Row<'r>),
    /// PostgreSQL's.
    Pg(&'r tokio_postgres::Row),
}
impl Row<'_> {
    /// The column at an index, as the engine gives it.
    pub(crate) fn value(&self, i: usize) -> Result<Value<'_>> {
        match self {
            Row::Sqlite(r) => r.get_ref(i).map(Value::from).map_err(|e| Error::Decode(e.to_string())),
            Row::Pg(r) => r.try_get(i).map_err(|e| Error::Decode(e.to_string())),
        }
    }
    /// The column at an index.
    pub fn get<T: Column>(&self, i: usize) -> Result<T> {
        T::column(self.value(i)?).map_err(|want| Error::Decode(format!("column {}: not {want}", i + 1)))
    }
}

/// What a row may be read as: tuples, and structs declared by `row!`.
pub trait FromRow: Sized {
    /// How many columns it takes.
    const COLUMNS: usize;
    /// Reads it.
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

/// A struct whose fields are, in order, the columns of a statement.
#[macro_export]
macro_rules! row {
    ($(#[$m:meta])* $v:vis struct $name:ident { $($(#[$fm:meta])* $fv:vis $f:ident : $t:ty),* $(,)? }) => {
        $(#[$m])* $v struct $name { $($(#[$fm])* $fv $f: $t),* }
        impl $crate::FromRow for $name {
            const COLUMNS: usize = [$(stringify!($f)),*].len();
            fn from_row(row: &$crate::Row<'_>) -> $crate::Result<Self> {
                let mut i = 0usize;
                $(let $f = row.get::<$t>(i)?; i += 1;)*
                let _ = i;
                Ok($name { $($f),* })
            }
        }
    };
}
macro_rules! tuples {
    ($($n:literal: $($t:ident $i:tt)+;)+) => { $(
        impl<$($t: Column),+> FromRow for ($($t,)+) {
            const COLUMNS: usize = $n;
            fn from_row(r: &Row<'_>) -> Result<Self> { Ok(($(r.get::<$t>($i)?,)+)) }
        }
    )+ };
}
tuples! {
    1: A 0;
    2: A 0 B 1;
    3: A 0 B 1 C 2;
    4: A 0 B 1 C 2 D 3;
    5: A 0 B 1 C 2 D 3 E 4;
    6: A 0 B 1 C 2 D 3 E 4 F 5;
    7: A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    8: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
}
