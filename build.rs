//! Build information by shadow-rs, the link against crypt(3), and the macro tree `cf/` as a table in the binary.
use std::io::Write;
use std::path::{Path, PathBuf};

fn main() {
    shadow_rs::ShadowBuilder::builder().build().expect("shadow-rs: writing the build information");
    println!("cargo:rustc-link-lib=crypt");
    println!("cargo:rerun-if-changed=cf");
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo")).join("cf");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("set by cargo")).join("tree.rs");
    let mut table = std::fs::File::create(out).expect("a file in OUT_DIR");
    writeln!(table, "&[").expect("writing the table");
    for file in files {
        let name = file.strip_prefix(&root).expect("a file below cf/");
        writeln!(table, "({name:?}, include_bytes!({file:?})),").expect("writing the table");
    }
    writeln!(table, "]").expect("writing the table");
}

/// Collects the tree's m4 and mc files.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "m4" || e == "mc") {
            files.push(path);
        }
    }
}
