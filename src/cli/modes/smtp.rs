//! `-bs`: SMTP on standard input and output, by the same session engine as the daemon's.

use crate::cli::settings::Settings;
use crate::deliver::transport::Standard;
use crate::smtp::server::{Action, ConnectionFacts, Session, Settings as ServerSettings, policy};
use std::io::{Read, Write};
use std::sync::Arc;

/// Talks until QUIT or the end of input.
pub fn run(settings: Settings) -> u8 {
    let config = Arc::new(settings.config.clone());
    let one = match super::one_shot(&settings, &config) {
        Ok(one) => one,
        Err(code) => return code,
    };
    let transport = Arc::new(Standard::new(false));
    one.delivery.start(one.services.clone(), transport.clone(), 4);
    let facts = ConnectionFacts::stdin(&settings.caller.name, settings.caller.uid);
    let mut server = ServerSettings::new(&config, false);
    server.batch = config.options.batch_input;
    let server = Arc::new(server);
    let mut session = Session::new(facts, server, config.layer());
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        while let Some(action) = session.next() {
            match action {
                Action::Write(bytes) => {
                    if output.write_all(&bytes).and_then(|()| output.flush()).is_err() {
                        session.eof();
                    }
                }
                Action::Ask(question) => session.answer(policy::answer(question, &one.services)),
                Action::Sleep(time) => {
                    std::thread::sleep(time);
                    session.wake();
                }
                Action::Submit(envelope) => one.services.scheduler.submit(*envelope),
                Action::Ident(_) => session.identified(b""),
                Action::StartTls { .. } => session.tls_failed("not here", &openssl::error::ErrorStack::get()),
                Action::Title(_) | Action::Timeout(_) => {}
                Action::Close => {
                    one.delivery.drain();
                    transport.close();
                    return 0;
                }
            }
        }
        match input.read(&mut buffer) {
            Ok(n) if n > 0 => session.input(buffer.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            _ => session.eof(),
        }
    }
}
