//! `-q` once: tries what is in the queue, in the background, or with `-v` and `-qf` before the caller's eyes.

use crate::cf::options::sets::Privacy;
use crate::cli::settings::Settings;
use crate::deliver::transport::Standard;
use crate::sys::process;
use std::sync::Arc;

/// Runs the queue.
pub fn run(settings: Settings) -> u8 {
    let restricted = settings.config.options.privacy_options.has(Privacy::RESTRICT_QRUN) || !settings.submission;
    if restricted && !settings.may_control() {
        super::super::complain(b"You do not have permission to process the queue");
        return 77;
    }
    let queue = settings.flags.queue.clone().unwrap_or_default();
    if let Some(group) = &queue.selection.group
        && !group.eq_ignore_ascii_case("mqueue")
        && !settings.config.queue_groups.iter().any(|g| g.name.eq_ignore_ascii_case(group))
    {
        super::super::complain(format!("Queue group {group} unknown").as_bytes());
        return 0;
    }
    let config = Arc::new(settings.config.clone());
    let named = queue.selection.group.as_ref();
    let group = config.queue_groups.iter().find(|g| named.is_some_and(|n| g.name.eq_ignore_ascii_case(n)));
    process::give_way(group.and_then(|g| g.nice).unwrap_or(config.options.nice_queue_run));
    crate::role::become_runner(&config);
    let one = match super::one_shot(&settings, &config) {
        Ok(one) => one,
        Err(code) => return code,
    };
    let verbose = settings.flags.verbose;
    if !verbose && !queue.foreground {
        if let Err(e) = process::daemonize() {
            super::super::complain(format!("sendmail: cannot go to the background: {e}").as_bytes());
            return 71;
        }
        crate::sys::title::set(b"running queue");
    }
    let transport = Arc::new(Standard::new(verbose));
    one.delivery.start(one.services.clone(), transport.clone(), 4);
    one.delivery.run_once(&queue.selection, &mut |id, place, count| {
        if verbose {
            super::say(
                format!("\nRunning {}/{id} (sequence {place} of {count})", config.options.queue_directory.to_display())
                    .as_bytes(),
            );
        }
    });
    one.delivery.drain();
    transport.close();
    0
}
