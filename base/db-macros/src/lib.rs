//! `sql!("SELECT …")`: SQLite itself reads the statement against the real schema while the crate compiles.
//!
//! Use it through `linli_db::sql!`, which documents the rules.
mod check;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod text;

use check::Checker;
use linli_schema::Engine;
use proc_macro2::TokenStream;
use quote::quote;
use std::sync::{LazyLock, Mutex, PoisonError};
use syn::{Ident, LitStr, Token, parse::Parse, parse::ParseStream};
use text::Expanded;

/// The schema in SQLite, or why a migration is broken.
static CHECKER: LazyLock<Mutex<Result<Checker, String>>> =
    LazyLock::new(|| Mutex::new(Checker::new(linli_schema::schema().clone())));

/// `("…")`, `(report "…")`, `(sqlite "…", pg "…")`, `(report sqlite "…", pg "…")`.
struct Input {
    report: bool,
    sqlite: LitStr,
    pg: Option<LitStr>,
}

impl Parse for Input {
    fn parse(i: ParseStream<'_>) -> syn::Result<Self> {
        let word = |name: &str| -> syn::Result<bool> {
            let found = i.fork().parse::<Ident>().is_ok_and(|w| w == name);
            if found {
                i.parse::<Ident>()?;
            }
            Ok(found)
        };
        let report = word("report")?;
        let twice = word("sqlite")?;
        let sqlite = i.parse()?;
        let mut pg = None;
        if twice {
            i.parse::<Token![,]>()?;
            if !word("pg")? {
                return Err(i.error("expected pg \"…\""));
            }
            pg = Some(i.parse()?);
        }
        i.parse::<Option<Token![,]>>()?;
        Ok(Input { report, sqlite, pg })
    }
}

/// See `linli_db::sql!`.
#[proc_macro]
pub fn sql(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as Input);
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    let module = package.strip_prefix("linli-").unwrap_or(&package);
    let mut checker = CHECKER.lock().unwrap_or_else(PoisonError::into_inner);
    let statement = match &mut *checker {
        Ok(checker) => check(&input, checker, module),
        // Told once; a hundred echoes of one broken migration help nobody.
        Err(e) if e.is_empty() => return quote!(::core::unreachable!()).into(),
        Err(e) => Err(syn::Error::new(input.sqlite.span(), std::mem::take(e))),
    };
    statement.map_or_else(|e| e.to_compile_error(), |s| emit(&s, input.report, module)).into()
}

/// A statement that keeps every rule.
struct Checked {
    sqlite: Expanded,
    pg: Expanded,
    columns: Vec<String>,
}

fn check(input: &Input, checker: &Checker, module: &str) -> syn::Result<Checked> {
    let pg_text = input.pg.as_ref().unwrap_or(&input.sqlite);
    let at = |span: &LitStr, e: String| syn::Error::new(span.span(), e);
    let sqlite = statement(&input.sqlite.value(), Engine::Sqlite, checker, module, input.report)
        .map_err(|e| at(&input.sqlite, e))?;
    let pg = statement(&pg_text.value(), Engine::Pg, checker, module, input.report).map_err(|e| at(pg_text, e))?;
    if sqlite.params != pg.params || sqlite.optional != pg.optional {
        return Err(at(pg_text, "both texts take the same parameters and optional clauses".into()));
    }
    let mut columns: Option<Vec<String>> = None;
    for v in &sqlite.variants {
        let read = checker
            .read(&v.sql, v.args.len(), module)
            .map_err(|e| at(&input.sqlite, format!("{e}\n  in: {}", v.sql)))?;
        columns = Some(columns.unwrap_or(read));
    }
    Ok(Checked { sqlite, pg, columns: columns.unwrap_or_default() })
}

/// Everything about one engine's text that can be known without the engine.
fn statement(sql: &str, engine: Engine, checker: &Checker, module: &str, report: bool) -> Result<Expanded, String> {
    let expanded = text::expand(sql, engine)?;
    for v in &expanded.variants {
        check::words(&v.sql, engine, checker.schema(), module, report)?;
    }
    Ok(expanded)
}

fn emit(s: &Checked, report: bool, module: &str) -> TokenStream {
    let (columns, params) = (&s.columns, s.pg.params);
    let texts = |e: &Expanded| -> Vec<TokenStream> {
        let variants = e.variants.iter().map(|v| (&v.sql, &v.args));
        variants.map(|(sql, args)| quote!(::linli_db::Variant { sql: #sql, args: &[#(#args),*] })).collect()
    };
    let (sqlite, pg) = (texts(&s.sqlite), texts(&s.pg));
    let optional = s.sqlite.optional.iter().map(|o| quote!(&[#(#o),*]));
    quote! {{
        static STATEMENT: ::linli_db::Sql = ::linli_db::Sql::checked(
            [&[#(#sqlite),*], &[#(#pg),*]],
            &[#(#optional),*],
            #params,
            &[#(#columns),*],
            #module,
            ::core::concat!(::core::file!(), ":", ::core::line!(), ":", ::core::column!()),
            #report,
        );
        #[::linli_db::linkme::distributed_slice(::linli_db::STATEMENTS)]
        #[linkme(crate = ::linli_db::linkme)]
        #[allow(unsafe_code)]
        static ENTRY: &::linli_db::Sql = &STATEMENT;
        &STATEMENT
    }}
}
