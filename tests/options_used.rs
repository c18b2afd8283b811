//! COMPAT.md lists the options that are read and do nothing: it has to name exactly those that no code outside `src/cf` looks at.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The plain rows of the table of options: field and name.
fn rows(table: &str) -> Vec<(String, String)> {
    let (_, rows) = table.split_once("\noptions! {").expect("the table is there");
    rows.lines()
        .filter_map(|line| {
            let (field, rest) = line.trim().split_once(": ")?;
            let is_field = field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            // The name is the string that a comma and the letter of the short form follow.
            let name = rest
                .split('"')
                .zip(rest.split('"').skip(1))
                .find(|(_, after)| after.starts_with(", None,") || after.starts_with(", Some("));
            Some((field.to_owned(), name?.0.to_owned())).filter(|_| is_field)
        })
        .collect()
}

/// All code outside `src/cf`, without tests' folders.
fn code(folder: &Path, out: &mut String) {
    for entry in fs::read_dir(folder).expect("src is readable").flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("src/cf") {
            code(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push_str(&fs::read_to_string(path).expect("readable"));
        }
    }
}

fn is_used(code: &str, field: &str) -> bool {
    let access = format!(".{field}");
    code.match_indices(&access).any(|(at, _)| {
        let next = code[at + access.len()..].bytes().next();
        !next.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'(')
    })
}

#[test]
fn compat_names_the_options_that_do_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rows = rows(&fs::read_to_string(root.join("src/cf/options/table.rs")).expect("the table"));
    assert!(rows.len() > 120, "{} rows", rows.len());
    let mut sources = String::new();
    code(&root.join("src"), &mut sources);
    // Some act in src/cf itself, while the configuration is read.
    let mut reading = String::new();
    for folder in ["src/cf", "src/cf/load"] {
        for entry in fs::read_dir(root.join(folder)).expect("the folder").flatten().filter(|e| e.path().is_file()) {
            reading.push_str(&fs::read_to_string(entry.path()).expect("readable"));
        }
    }
    let idle: BTreeSet<&str> = rows
        .iter()
        .filter(|(field, _)| !is_used(&sources, field) && !is_used(&reading, field))
        .map(|(_, name)| name.as_str())
        .collect();
    let compat = fs::read_to_string(root.join("COMPAT.md")).expect("COMPAT.md");
    let (_, section) = compat.split_once("### Options that are read and do nothing").expect("the section");
    let section = section.split("\n#").next().unwrap_or_default();
    let named: BTreeSet<&str> = section.split('`').skip(1).step_by(2).collect();
    let missing: Vec<_> = idle.difference(&named).collect();
    let wrong: Vec<_> = named.difference(&idle).collect();
    assert!(missing.is_empty() && wrong.is_empty(), "COMPAT.md lacks {missing:?}, and names {wrong:?}, which are used");
}
