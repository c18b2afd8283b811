//! `-bp` and `-bP`: the queue's listing.

use crate::cli::applet::mailq::{self, Options};
use crate::cli::settings::Settings;

/// Lists the queue of the configuration in use.
pub(super) fn list(settings: &Settings) -> u8 {
    let options = Options {
        verbose: settings.flags.verbose,
        selection: settings.flags.queue.as_ref().map(|q| q.selection.clone()).unwrap_or_default(),
        count: settings.mode == b'P',
    };
    mailq::list(&settings.config, &options, &mut std::io::stdout().lock())
}
