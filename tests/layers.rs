//! The layers of `src/lib.rs`: a module uses only modules of its own or a lower layer; `unsafe` stands in `sys` alone.

use std::fs;
use std::path::{Path, PathBuf};

/// Prefix of a module path below `crate::` and its layer; the longest prefix counts.
const LAYERS: &[(&str, u8)] = &[
    ("sys", 0),
    ("version", 0),
    ("build", 0),
    ("text", 1),
    ("reply", 1),
    ("address", 1),
    ("header", 1),
    ("mime", 1),
    ("m4", 1),
    ("db", 1),
    ("smtp::codec", 1),
    ("dns::wire", 1),
    ("cf", 2),
    ("rewrite", 2),
    ("envelope", 2),
    ("queue::file", 2),
    ("log", 2),
    // Their lines tell of TLS and SASL outcomes in those modules' own terms.
    ("log::client", 3),
    ("log::server", 3),
    ("map", 3),
    ("dns", 3),
    ("alias", 3),
    ("user", 3),
    ("sasl", 3),
    ("tls", 3),
    ("queue::store", 3),
    ("queue::select", 3),
    ("queue", 4),
    ("service", 4),
    ("smtp", 4),
    ("route", 4),
    ("dsn", 4),
    ("deliver", 4),
    ("stats", 4),
    ("role", 5),
    ("cli", 6),
];

fn layer(module: &str) -> Option<u8> {
    let fits =
        |prefix: &str| module == prefix || module.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("::"));
    LAYERS.iter().filter(|(prefix, _)| fits(prefix)).max_by_key(|(prefix, _)| prefix.len()).map(|(_, n)| *n)
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// `src/smtp/server/session.rs` is `smtp::server::session`.
fn module_of(root: &Path, file: &Path) -> String {
    let path = file.strip_prefix(root).expect("below src").with_extension("");
    let parts: Vec<_> = path.iter().map(|p| p.to_string_lossy().into_owned()).filter(|p| p != "mod").collect();
    parts.join("::")
}

/// The program text without its tests, which may use whatever they like, and without comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The module paths that `crate::` names in `code`: the first two parts are enough to tell the layer.
fn used(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        let first = word(rest);
        let more = rest[first.len()..].strip_prefix("::").unwrap_or("");
        match more.strip_prefix('{') {
            Some(group) => {
                let inside = group.split('}').next().unwrap_or("");
                out.extend(inside.split(',').map(|item| format!("{first}::{}", word(item.trim()))));
            }
            None => out.push(format!("{first}::{}", word(more))),
        }
    }
    out
}

#[test]
fn modules_use_their_own_layer_or_lower_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 20, "found the sources");
    let mut wrong = Vec::new();
    for file in &files {
        let module = module_of(&root, file);
        if matches!(module.as_str(), "lib" | "main") || module.ends_with("tests") {
            continue;
        }
        let own = layer(&module).unwrap_or_else(|| panic!("{module} has no layer: add it to LAYERS and to src/lib.rs"));
        for other in used(&code(&fs::read_to_string(file).expect("readable"))) {
            match layer(&other) {
                Some(n) if n > own => wrong.push(format!("{module} (layer {own}) uses {other} (layer {n})")),
                _ => {}
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "against the layers:\n{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_in_sys_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let module = module_of(&root, &file);
        if module == "sys" || module.starts_with("sys::") {
            continue;
        }
        let text = code(&fs::read_to_string(&file).expect("readable"));
        for word in ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"] {
            assert!(!text.contains(word), "{module} has `{word}`");
        }
    }
}
