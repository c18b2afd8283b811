//! What the configuration's options say to the SMTP server, drawn once per configuration and shared by all sessions.

use crate::cf::options::{EightBit, NoRecipient, Privacy};
use crate::cf::{Config, Options, Template};
use std::time::Duration;

/// The server's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `$j`.
    pub host: Vec<u8>,
    /// Version for HELP and greetings (`$v`).
    pub version: String,
    /// PrivacyOptions.
    pub privacy: Privacy,
    /// `MaxMessageSize`, 0 for none.
    pub max_message_size: u64,
    /// `MaxHeadersLength`, 0 for none.
    pub max_headers_length: usize,
    /// `MaxRecipientsPerMessage`, 0 for none.
    pub max_recipients: usize,
    /// `MaxHopCount`.
    pub max_hops: usize,
    /// `MaxNOOPCommands`.
    pub max_noop: u32,
    /// `BadRcptThrottle`, 0 for none.
    pub bad_rcpt_throttle: u32,
    /// `BadRcptShutdown`, 0 for none.
    pub bad_rcpt_shutdown: u32,
    /// `BadRcptShutdownGood`: at this percentage of good recipients the session goes on all the same; 0 for never.
    pub bad_rcpt_shutdown_good: u32,
    /// `RejectNUL`
    pub reject_nul: bool,
    /// `EightBitMode=strict`: 8-bit text that was not declared is refused.
    pub eight_bit_strict: bool,
    /// `AllowBogusHELO`
    pub allow_bogus_helo: bool,
    /// `DeliverByMin`: negative refuses DELIVERBY altogether.
    pub deliver_by_min: i64,
    /// `HelpFile`, when there is one.
    pub help_file: Option<Vec<u8>>,
    /// A TLS context stands, so that STARTTLS can be offered.
    pub tls: bool,
    /// `TLSSrvOptions=V`: no client certificate asked for.
    pub tls_no_verify: bool,
    /// `AuthMechanisms`, in capitals; empty for all.
    pub auth_mechanisms: Vec<String>,
    /// `AuthOptions` letters.
    pub auth_options: String,
    /// `AuthRealm`.
    pub auth_realm: Vec<u8>,
    /// `Timeout.command`
    pub command_timeout: Duration,
    /// `Timeout.datablock`
    pub data_timeout: Duration,
    /// `Timeout.starttls`
    pub tls_timeout: Duration,
    /// `Timeout.auth`
    pub auth_timeout: Duration,
    /// `Timeout.ident`, zero when nobody is asked.
    pub ident_timeout: Duration,
    /// `SmtpGreetingMessage`.
    pub greeting: Template,
    /// `NoRecipientAction`
    pub no_recipient: NoRecipient,
    /// `SaveFromLine`
    pub save_from_line: bool,
    /// `ClassFactor`
    pub class_factor: i64,
    /// `RecipientFactor`
    pub recipient_factor: i64,
    /// `SoftBounce`
    pub soft_bounce: bool,
    /// Sessions read from a file or pipe: input ahead of replies is no abuse (`-bs` with a batch on standard input).
    pub batch: bool,
}

impl Settings {
    /// What `config` says. `tls`: a server context stands ([`crate::tls::server`]).
    pub fn new(config: &Config, tls: bool) -> Settings {
        let Options { timeouts, .. } = &config.options;
        let o = &config.options;
        let count = |n: i64| usize::try_from(n).unwrap_or(0);
        let seconds = |n: i64| Duration::from_secs(u64::try_from(n).ok().filter(|n| *n > 0).unwrap_or(3600));
        let words = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        let help = o.help_file.as_bytes().strip_prefix(b"-o").unwrap_or(o.help_file.as_bytes()).trim_ascii().to_vec();
        Settings {
            host: config.macros.expanded("j"),
            version: words(&config.macros.expanded("v")),
            privacy: o.privacy_options,
            max_message_size: u64::try_from(o.max_message_size).unwrap_or(0),
            max_headers_length: count(o.max_headers_length),
            max_recipients: count(o.max_recipients_per_message),
            max_hops: count(o.max_hop_count),
            max_noop: u32::try_from(o.max_noop_commands).unwrap_or(0),
            bad_rcpt_throttle: u32::try_from(o.bad_rcpt_throttle).unwrap_or(0),
            bad_rcpt_shutdown: u32::try_from(o.bad_rcpt_shutdown).unwrap_or(0),
            bad_rcpt_shutdown_good: u32::try_from(o.bad_rcpt_shutdown_good).unwrap_or(0),
            reject_nul: o.reject_nul,
            eight_bit_strict: matches!(o.eight_bit_mode, EightBit::Strict),
            allow_bogus_helo: o.allow_bogus_helo,
            deliver_by_min: o.deliver_by_min.0,
            help_file: Some(help).filter(|h| !h.is_empty()),
            tls,
            tls_no_verify: o.tls_srv_options.as_bytes().contains(&b'V'),
            auth_mechanisms: words(o.auth_mechanisms.as_bytes())
                .split_whitespace()
                .map(str::to_ascii_uppercase)
                .collect(),
            auth_options: words(o.auth_options.as_bytes()),
            auth_realm: o.auth_realm.as_bytes().to_vec(),
            command_timeout: seconds(timeouts.command),
            data_timeout: seconds(timeouts.datablock),
            tls_timeout: seconds(timeouts.starttls),
            auth_timeout: seconds(timeouts.auth),
            ident_timeout: Duration::from_secs(u64::try_from(timeouts.ident).unwrap_or(0)),
            greeting: o.smtp_greeting_message.template(),
            no_recipient: o.no_recipient_action,
            save_from_line: o.save_from_line,
            class_factor: o.class_factor,
            recipient_factor: o.recipient_factor,
            soft_bounce: o.soft_bounce,
            batch: false,
        }
    }
}
