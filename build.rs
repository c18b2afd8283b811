//! Build information (version, commit, date) for `-d0.1` and `$v`, by shadow-rs, and the link against crypt(3).
fn main() {
    shadow_rs::ShadowBuilder::builder().build().expect("shadow-rs: writing the build information");
    println!("cargo:rustc-link-lib=crypt");
}
