//! The one binary: the name it is called by chooses the applet, nothing else happens here.
fn main() -> std::process::ExitCode {
    postrider::cli::main()
}
