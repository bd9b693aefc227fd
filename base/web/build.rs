//! Embeds `web/dist` when it has been built, otherwise the plain style sheets without scripts, with a warning: `cargo build`
//! works on a clean clone, and a build script never runs npm. `make` and releases require the real thing.
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo")).join("../../web");
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("cargo"));
    let dist = root.join("dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    println!("cargo:rerun-if-changed={}", root.join("src/css").display());
    let mut list = String::from("&[\n");
    let manifest = dist.join("manifest.json");
    if manifest.exists() {
        let text = std::fs::read_to_string(&manifest).expect("manifest");
        let hashes: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).expect("manifest");
        for (name, hash) in hashes {
            add(&mut list, &name, hash.as_str().unwrap_or_default(), &dist.join(&name));
        }
    } else {
        println!("cargo:warning=web/dist is not built: pages get plain styles and no scripts (make build)");
        let plain = out.join("app.css");
        let mut css = String::new();
        for part in ["tokens", "base", "layout", "components", "pages", "print"] {
            css.push_str(&std::fs::read_to_string(root.join(format!("src/css/{part}.css"))).unwrap_or_default());
        }
        std::fs::write(&plain, css).expect("write");
        add(&mut list, "app.css", "plain", &plain);
        if root.join("icons.svg").exists() {
            add(&mut list, "icons.svg", "plain", &root.join("icons.svg"));
        }
    }
    list.push(']');
    std::fs::write(out.join("assets.rs"), list).expect("write");
}

fn add(list: &mut String, name: &str, hash: &str, path: &Path) {
    let path = path.canonicalize().expect("asset");
    writeln!(list, "    ({name:?}, {hash:?}, include_bytes!({:?})),", path.display().to_string()).expect("write");
}
