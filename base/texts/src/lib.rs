//! `texts!()` reads `texts/zh.toml` and `texts/en.toml` beside the crate's `Cargo.toml` and makes one constant per
//! key. A key that one language lacks, or whose placeholders differ, stops the compilation: no page can show half
//! a language.
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Makes `pub mod t` with one `Text` constant per key, and `pub const TEXTS`, the list of them all.
#[proc_macro]
pub fn texts(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand().unwrap_or_else(|e| quote!(compile_error!(#e);)).into()
}

fn expand() -> Result<TokenStream, String> {
    let root = std::env::var("CARGO_MANIFEST_DIR").map_err(|e| e.to_string())?;
    let module = std::env::var("CARGO_PKG_NAME").map_err(|e| e.to_string())?;
    let module = module.strip_prefix("linli-").unwrap_or(&module);
    let path = |lang: &str| format!("{root}/texts/{lang}.toml");
    let (zh_path, en_path) = (path("zh"), path("en"));
    let (zh, en) = (read(&zh_path)?, read(&en_path)?);
    let keys: BTreeSet<&String> = zh.keys().chain(en.keys()).collect();
    let (mut consts, mut names) = (Vec::new(), Vec::new());
    for key in keys {
        let a = zh.get(key).ok_or(format!("texts/zh.toml lacks `{key}`"))?;
        let b = en.get(key).ok_or(format!("texts/en.toml lacks `{key}`"))?;
        if holes(a) != holes(b) {
            return Err(format!("`{key}`: the placeholders differ: {:?} and {:?}", holes(a), holes(b)));
        }
        if let Some(blank) = [a, b].into_iter().find_map(|text| half_a_plural(text)) {
            return Err(format!("`{key}`: `{{{blank}}}` should read `{{name:one|many}}`"));
        }
        let name = Ident::new(&key.to_uppercase(), Span::call_site());
        let full = format!("{module}.{key}");
        let doc = format!("{a} · {b}");
        consts.push(quote!(#[doc = #doc] pub const #name: ::linli_core::Text = ::linli_core::Text { key: #full, zh: #a, en: #b };));
        names.push(quote!(t::#name));
    }
    Ok(quote! {
        /// The words of this module, one constant per key of `texts/*.toml`.
        pub mod t { #(#consts)* }
        /// Every text of this module.
        pub const TEXTS: &[::linli_core::Text] = &[#(#names),*];
        // The compiler rereads this crate when a text changes.
        const _: (&str, &str) = (include_str!(#zh_path), include_str!(#en_path));
    })
}

fn read(path: &str) -> Result<BTreeMap<String, String>, String> {
    let text = std::fs::read_to_string(Path::new(path)).map_err(|e| format!("{path}: {e}"))?;
    toml::from_str(&text).map_err(|e| format!("{path}: {e}"))
}

/// A blank with a colon that does not choose between two words.
fn half_a_plural(text: &str) -> Option<&str> {
    let blanks = text.split('{').skip(1).filter_map(|s| s.split_once('}')).map(|(blank, _)| blank);
    let words = |blank: &str| blank.split_once(':').map(|(_, words)| words.matches('|').count());
    blanks.into_iter().find(|blank| words(blank).is_some_and(|n| n != 1))
}

/// The names of the blanks of a text: `{n}` and `{n:day|days}` are both `n`.
fn holes(text: &str) -> BTreeSet<&str> {
    let blanks = text.split('{').skip(1).filter_map(|s| s.split_once('}'));
    blanks.map(|(blank, _)| blank.split_once(':').map_or(blank, |(name, _)| name)).collect()
}
