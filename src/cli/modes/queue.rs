//! `-bp` and `-bP`: the queue's listing. `-Q`: jobs into quarantine and out of it.

use crate::cli::applet::mailq::{self, Options};
use crate::cli::settings::Settings;
use crate::queue::Selection;
use crate::queue::files::{FileStore, Settings as QueueSettings};
use crate::queue::store::Store;
use crate::text::Line;

/// Lists the queue of the configuration in use.
pub(super) fn list(settings: &Settings) -> u8 {
    let options = Options {
        verbose: settings.flags.verbose,
        selection: settings.flags.queue.as_ref().map(|q| q.selection.clone()).unwrap_or_default(),
        count: settings.mode == b'P',
    };
    mailq::list(&settings.config, &options, &mut std::io::stdout().lock())
}

/// `-Qreason` quarantines the jobs that `-q` selects (all, without), `-Q` alone takes them out; `-qQ` looks among those in
/// quarantine.
pub(super) fn quarantine(settings: &Settings, reason: &[u8]) -> u8 {
    if !settings.may_control() {
        return super::not_permitted(settings, "quarantine jobs");
    }
    let selection = settings.flags.queue.as_ref().map(|q| q.selection.clone()).unwrap_or_default();
    let reason = Some(Line::cleaned(reason)).filter(|r| !r.is_empty());
    let store = match FileStore::open(QueueSettings::from_config(&settings.config)) {
        Ok(store) => store,
        Err(e) => {
            eprintln!("can not open the queue: {e}");
            return 78;
        }
    };
    match change(&store, &selection, reason.as_ref()) {
        Ok(count) => {
            if settings.flags.verbose {
                println!("{count} changes");
            }
            0
        }
        Err(e) => {
            eprintln!("cannot change the queue: {e:?}");
            75
        }
    }
}

fn change(
    store: &FileStore,
    selection: &Selection,
    reason: Option<&Line>,
) -> Result<usize, crate::queue::store::StoreError> {
    let mut changes = 0;
    for id in store.list(selection)? {
        changes += usize::from(store.quarantine(&id, reason)?);
    }
    Ok(changes)
}
