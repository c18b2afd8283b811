//! The options: one table, from which `O` lines, `-O`, `-o`, dumps and help are made.

use std::collections::BTreeMap;

use super::ports::PortList;
use super::sets::{Blame, Privacy, ResolverFlags};
use super::timeouts::Timeouts;
use super::value::{Char, Context, Hours, Minutes, Mode, OptionValue, Seconds, Text, TextList, UserSpec};
use super::words::{DeliveryMode, EightBit, ErrorMode, MimeLimits, NoRecipient, Probe, QueueSort, SuperSafe, TimeZone};

/// An ordinary user may set it on a command line.
const SAFE: bool = true;
/// An ordinary user who sets it costs the program its rights.
const UNSAFE: bool = false;

/// One row of the table of options.
pub struct Row {
    /// The long name.
    pub name: &'static str,
    /// The letter of the old form.
    pub short: Option<u8>,
    /// Whether an ordinary user may set it on a command line.
    pub safe: bool,
    /// What it does.
    pub doc: &'static str,
    /// Sets the option.
    pub set: fn(&mut Options, Option<&[u8]>, &[u8], &mut Context<'_>),
    /// The value as it could be written.
    pub show: fn(&Options) -> Vec<u8>,
}

/// Makes [`Options`] and the rows of its plain options.
macro_rules! options {
    ($($field:ident: $kind:ty = $default:expr, $name:literal, $short:expr, $safe:expr, $doc:literal;)*) => {
        /// The options of a configuration, by field; what each does stands in [`ROWS`].
        #[derive(Clone, Debug)]
        pub struct Options {
            $(#[doc = $doc] pub $field: $kind,)*
            /// `Timeout.*`.
            pub timeouts: Timeouts,
            /// `Milter.LogLevel`; `LogLevel` counts when absent.
            pub milter_log_level: Option<i64>,
            /// `Milter.macros.*`: stage (`connect`, `helo`, ...) to the names of the macros sent there.
            pub milter_macros: BTreeMap<&'static str, Vec<Vec<u8>>>,
            /// Whether OperatorChars was set already: a second time is worth a warning.
            pub operator_chars_repeated: bool,
            /// Each setting is told, for `-d37`.
            pub traced: bool,
            /// The names of the options that were set, in any way.
            pub given: std::collections::BTreeSet<&'static str>,
        }
        impl Default for Options {
            fn default() -> Options {
                Options {
                    $($field: $default,)*
                    timeouts: Timeouts::default(),
                    milter_log_level: None,
                    milter_macros: BTreeMap::new(),
                    operator_chars_repeated: false,
                    traced: false,
                    given: std::collections::BTreeSet::new(),
                }
            }
        }
        /// Every option, in the order of the operations guide's letters.
        pub static ROWS: &[Row] = &[
            $(Row {
                name: $name,
                short: $short,
                safe: $safe,
                doc: $doc,
                set: |options, _, text, ctx| options.$field.take(text, ctx),
                show: |options| options.$field.show(),
            },)*
            Row {
                name: "QueueTimeout",
                short: Some(b'T'),
                safe: UNSAFE,
                doc: "old form of Timeout.queuereturn and, after a slash, Timeout.queuewarn",
                set: set_queue_timeout,
                show: |_| Vec::new(),
            },
            Row {
                name: "Timeout",
                short: Some(b'r'),
                safe: UNSAFE,
                doc: "time limits; the sub-option says which",
                set: |options, sub, text, ctx| options.timeouts.set(sub, text, ctx),
                show: |_| Vec::new(),
            },
            Row {
                name: "Milter",
                short: None,
                safe: UNSAFE,
                doc: "settings of all milters: LogLevel, macros.STAGE",
                set: set_milter,
                show: |_| Vec::new(),
            },
        ];
    };
}

/// The stages that `Milter.macros.` knows.
pub const MILTER_STAGES: [&str; 7] = ["connect", "helo", "envfrom", "envrcpt", "data", "eoh", "eom"];

fn set_queue_timeout(options: &mut Options, _: Option<&[u8]>, text: &[u8], ctx: &mut Context<'_>) {
    let mut parts = text.splitn(2, |b| *b == b'/');
    if let Some(t) = parts.next() {
        options.timeouts.set(Some(b"queuereturn"), t, ctx);
    }
    if let Some(t) = parts.next() {
        options.timeouts.set(Some(b"queuewarn"), t, ctx);
    }
}

fn set_milter(options: &mut Options, sub: Option<&[u8]>, text: &[u8], ctx: &mut Context<'_>) {
    let Some(sub) = sub else {
        return ctx.error("milter_set_option: invalid Milter option, must specify suboption".into());
    };
    if sub.eq_ignore_ascii_case(b"loglevel") {
        options.milter_log_level = Some(super::value::number(text));
        return;
    }
    let lower = sub.to_ascii_lowercase();
    let stage = lower.strip_prefix(b"macros.").and_then(|s| MILTER_STAGES.iter().find(|m| m.as_bytes() == s));
    match stage {
        Some(stage) => {
            let names = text.split(|b| *b == b',' || b.is_ascii_whitespace()).filter(|n| !n.is_empty());
            options.milter_macros.insert(stage, names.map(<[u8]>::to_vec).collect());
        }
        None => {
            let shown = crate::cf::problem::printable(sub);
            ctx.faults
                .push(crate::cf::problem::Fault::error(format!("milter_set_option: invalid Milter option {shown}")));
        }
    }
}

options! {
    seven_bit_input: bool = false, "SevenBitInput", Some(b'7'), SAFE, "clear the top bit of every body byte received";
    eight_bit_mode: EightBit = EightBit::Pass, "EightBitMode", Some(b'8'), SAFE, "undeclared 8-bit bodies: m=mimefy, s=reject (554 Eight bit data not allowed), p=pass through";
    alias_file: TextList = TextList::default(), "AliasFile", Some(b'A'), UNSAFE, "alias sources in search order; bare file = implicit class; first bare file is also the 'files' entry of the aliases switch; ldap: uses built-in schema";
    alias_wait: Minutes = Minutes(0), "AliasWait", Some(b'a'), UNSAFE, "how long to wait for the @:@ completion marker in alias db before warning; also enables the check";
    blank_sub: Char = Char(b' '), "BlankSub", Some(b'B'), UNSAFE, "replaces unquoted spaces inside addresses";
    min_free_blocks: i64 = 100, "MinFreeBlocks", Some(b'b'), SAFE, "free blocks wanted on queue fs; below it MAIL gets 452 4.4.5 and daemon stops taking messages";
    checkpoint_interval: i64 = 10, "CheckpointInterval", Some(b'C'), SAFE, "rewrite the qf after every N recipients delivered";
    hold_expensive: bool = false, "HoldExpensive", Some(b'c'), UNSAFE, "do not connect at once to mailers with F=e; -v forces it off";
    delivery_mode: DeliveryMode = DeliveryMode::Background, "DeliveryMode", Some(b'd'), SAFE, "i=sync, b=fork, q=queue only, d=queue and skip -D maps; 'Od' with no arg = i; -v forces i; i becomes b when a milter can delete rcpts";
    error_header: Text = Text::default(), "ErrorHeader", Some(b'E'), UNSAFE, "text or file put at top of bounce text";
    error_mode: ErrorMode = ErrorMode::Print, "ErrorMode", Some(b'e'), SAFE, "p print, q exit status only, m mail, w write to tty or mail, e mail + exit 0";
    temp_file_mode: Mode = Mode(0o600), "TempFileMode", Some(b'F'), UNSAFE, "mode of xf, delivered-to files, hoststat files, status file, pid file";
    save_from_line: bool = false, "SaveFromLine", Some(b'f'), UNSAFE, "keep a leading UNIX From_ line found on input as header text";
    match_gecos: bool = false, "MatchGECOS", Some(b'G'), UNSAFE, "fuzzy match unknown local user against gecos names";
    help_file: Text = Text::from(""), "HelpFile", Some(b'H'), UNSAFE, "SMTP HELP and -bt '?' text; '-o' prefix allowed; missing gives 502 reply; empty file hides version";
    max_hop_count: i64 = 25, "MaxHopCount", Some(b'h'), UNSAFE, "Received: limit; above gives 554 5.4.6 Too many hops";
    resolver_options: ResolverFlags = ResolverFlags::default(), "ResolverOptions", Some(b'I'), UNSAFE, "res_options flags: debug aaonly usevc primary igntc recurse defnames stayopen dnsrch use_inet6 use_edns0 use_dnssec trustad; plus HasWildcardMX, WorkAroundBrokenAAAA without sign";
    ignore_dots: bool = false, "IgnoreDots", Some(b'i'), SAFE, "lone dot does not end a stdin message (same as -i); ignored for SMTP input";
    forward_path: Text = Text::from("$z/.forward"), "ForwardPath", Some(b'J'), UNSAFE, ".forward search path; first file that opens safely wins; empty disables";
    send_mime_errors: bool = true, "SendMimeErrors", Some(b'j'), SAFE, "MIME multipart/report bounces; off also removes DSN from EHLO";
    connection_cache_size: i64 = 1, "ConnectionCacheSize", Some(b'k'), UNSAFE, "open SMTP/LMTP connections kept; 0 closes at once; HostStatusDirectory needs >=1";
    connection_cache_timeout: Minutes = Minutes(300), "ConnectionCacheTimeout", Some(b'K'), UNSAFE, "max idle of a cached connection; RSET is used as probe";
    use_errors_to: bool = false, "UseErrorsTo", Some(b'l'), UNSAFE, "send bounces to the Errors-To: header addresses";
    log_level: i64 = 9, "LogLevel", Some(b'L'), SAFE, "syslog verbosity; 0..15 meaningful, >64 debug";
    me_too: bool = true, "MeToo", Some(b'm'), SAFE, "leave sender in list expansions (-m flag; -om)";
    check_aliases: bool = false, "CheckAliases", Some(b'n'), UNSAFE, "parse RHS while rebuilding aliases";
    old_style_headers: bool = false, "OldStyleHeaders", Some(b'o'), SAFE, "spaces may separate addresses in headers unless , ( < present";
    daemon_port_options: PortList = PortList::default(), "DaemonPortOptions", Some(b'O'), UNSAFE, "one listener per occurrence; comma-separated equates";
    privacy_options: Privacy = Privacy::default(), "PrivacyOptions", Some(b'p'), SAFE, "SMTP and queue privacy flags";
    postmaster_copy: Text = Text::default(), "PostmasterCopy", Some(b'P'), UNSAFE, "header-only copy of each bounce; not for negative precedence";
    queue_factor: i64 = 600000, "QueueFactor", Some(b'q'), UNSAFE, "multiplier of the queue-only formula pri > QueueFactor/(LA-QueueLA+1)";
    queue_directory: Text = Text::from("/var/spool/mqueue"), "QueueDirectory", Some(b'Q'), UNSAFE, "default group mqueue and working dir; wildcard picks several dirs; qf/ df/ xf/ subdirs honoured";
    dont_prune_routes: bool = false, "DontPruneRoutes", Some(b'R'), UNSAFE, "keep full route-addrs when bouncing";
    status_file: Text = Text::default(), "StatusFile", Some(b'S'), UNSAFE, "statistics file; must already exist, never created; unset = off";
    super_safe: SuperSafe = SuperSafe::Yes, "SuperSafe", Some(b's'), SAFE, "commit qf/df before reply; i = skip double sync (with DeliveryMode=i); p = after milters";
    time_zone_spec: TimeZone = TimeZone::Clear, "TimeZoneSpec", Some(b't'), UNSAFE, "unset clears TZ, empty keeps caller's TZ, text sets TZ for self and children";
    user_database_spec: Text = Text::default(), "UserDatabaseSpec", Some(b'U'), UNSAFE, "userdb files/hosts (maildrop, mailname, mailsender)";
    default_user: UserSpec = UserSpec { uid: Some(1), gid: Some(1), name: None }, "DefaultUser", Some(b'u'), UNSAFE, "identity for mailers without S / U=";
    fallback_mx_host: Text = Text::default(), "FallbackMXhost", Some(b'V'), UNSAFE, "lowest-preference MX added to every host, also for DNS temp failures";
    verbose: bool = false, "Verbose", Some(b'v'), SAFE, "-v; forces HoldExpensive off and DeliveryMode i; command line only";
    try_null_mx_list: bool = false, "TryNullMXList", Some(b'w'), UNSAFE, "when we are best MX, try the A record instead of config error";
    queue_la: i64 = 0, "QueueLA", Some(b'x'), UNSAFE, "load above which messages may be queued only";
    refuse_la: i64 = 0, "RefuseLA", Some(b'X'), UNSAFE, "load at which listening sockets are closed (client sees connection refused)";
    recipient_factor: i64 = 30000, "RecipientFactor", Some(b'y'), UNSAFE, "priority added per recipient";
    fork_each_job: bool = false, "ForkEachJob", Some(b'Y'), UNSAFE, "separate process per queued job; disables connection cache";
    class_factor: i64 = 1800, "ClassFactor", Some(b'z'), UNSAFE, "precedence multiplier subtracted from priority";
    retry_factor: i64 = 90000, "RetryFactor", Some(b'Z'), UNSAFE, "priority added after every attempt";
    queue_sort_order: QueueSort = QueueSort::Priority, "QueueSortOrder", None, SAFE, "priority, host, filename, time, random, modification, none";
    hosts_file: Text = Text::from("/etc/hosts"), "HostsFile", None, UNSAFE, "hosts file used for canonification when 'files' is in the hosts switch";
    min_queue_age: Minutes = Minutes(0), "MinQueueAge", None, SAFE, "skip jobs tried more recently than this, unless a -q[IRSQ] selection is used";
    default_char_set: Text = Text::from("unknown-8bit"), "DefaultCharSet", None, SAFE, "charset given to unlabelled 8-bit text converted to MIME";
    service_switch_file: Text = Text::from("/etc/mail/service.switch"), "ServiceSwitchFile", None, UNSAFE, "lines 'service method...' for hosts and aliases; methods dns files nis nisplus";
    dial_delay: Seconds = Seconds(0), "DialDelay", None, SAFE, "wait then retry once for mailers with F=Z";
    no_recipient_action: NoRecipient = NoRecipient::None, "NoRecipientAction", None, SAFE, "none, add-to, add-apparently-to, add-bcc, add-to-undisclosed";
    safe_file_environment: Text = Text::default(), "SafeFileEnvironment", None, UNSAFE, "chroot before writing files; forbids non-regular targets and symlinks";
    max_message_size: i64 = 0, "MaxMessageSize", None, UNSAFE, "0 = unlimited; shown in SIZE; rejects 552 5.2.3";
    colon_ok_in_addr: bool = false, "ColonOkInAddr", None, SAFE, "colon is an ordinary char in addresses, not RFC822 group syntax";
    max_queue_run_size: i64 = 0, "MaxQueueRunSize", None, SAFE, "stop reading queue dir after N; also limits mailq per group";
    max_daemon_children: i64 = 0, "MaxDaemonChildren", None, UNSAFE, "close listening sockets above N children (queue runners count; per daemon key children)";
    dont_expand_cnames: bool = false, "DontExpandCnames", None, UNSAFE, "$[ $] does not follow CNAME";
    must_quote_chars: Text = Text::from("@,;:\\()[].'"), "MustQuoteChars", None, UNSAFE, "extra chars that force quoting of a phrase; @,;:\\()[] always";
    smtp_greeting_message: Text = Text::from("$j Sendmail $v ready at $b"), "SmtpGreetingMessage", None, UNSAFE, "220 text; the word ESMTP is inserted after the first word";
    unix_from_line: Text = Text::from("From $g  $d"), "UnixFromLine", None, UNSAFE, "From_ line format";
    operator_chars: Text = Text::from(".:@[]"), "OperatorChars", None, UNSAFE, "token separators; must precede rulesets; ()<>,; always";
    dont_init_groups: bool = false, "DontInitGroups", None, UNSAFE, "skip initgroups(3)";
    single_line_from_header: bool = false, "SingleLineFromHeader", None, SAFE, "unfold From: headers";
    allow_bogus_helo: bool = false, "AllowBogusHELO", None, SAFE, "accept HELO without a valid name";
    connection_rate_throttle: i64 = 0, "ConnectionRateThrottle", None, UNSAFE, "max connections accepted per second per daemon";
    unsafe_group_writes: bool = true, "UnsafeGroupWrites", None, UNSAFE, "group-writable .forward/:include: are unsafe (deprecated)";
    double_bounce_address: Text = Text::from("postmaster"), "DoubleBounceAddress", None, UNSAFE, "who gets failed bounces; empty drops them";
    host_status_directory: Text = Text::default(), "HostStatusDirectory", None, UNSAFE, "persistent host status tree, reversed host components with trailing dots (com./example./host)";
    single_thread_delivery: bool = false, "SingleThreadDelivery", None, UNSAFE, "one connection per remote host across processes (needs HostStatusDirectory)";
    run_as_user: UserSpec = UserSpec::default(), "RunAsUser", None, UNSAFE, "drop to this id after bind/accept; MSP uses smmsp";
    rrt_implies_dsn: bool = false, "RrtImpliesDsn", None, UNSAFE, "Return-Receipt-To: asks for success DSN to envelope sender";
    pid_file: Text = Text::from("/var/run/sendmail.pid"), "PidFile", None, UNSAFE, "two lines: pid, command line; locked while running; unlinked at exit";
    dont_blame_sendmail: Blame = Blame::default(), "DontBlameSendmail", None, UNSAFE, "relax file safety checks";
    dont_probe_interfaces: Probe = Probe::All, "DontProbeInterfaces", None, UNSAFE, "skip adding interface names/addresses to $=w";
    max_recipients_per_message: i64 = 0, "MaxRecipientsPerMessage", None, SAFE, "above N RCPT gets 452 4.5.3";
    dead_letter_drop: Text = Text::default(), "DeadLetterDrop", None, UNSAFE, "system-wide dead.letter of last resort; unset = rename qf to Qf";
    max_alias_recursion: i64 = 10, "MaxAliasRecursion", None, UNSAFE, "alias depth limit";
    connect_only_to: Text = Text::default(), "ConnectOnlyTo", None, UNSAFE, "force all outgoing connections to this IP (testing)";
    batch_input: bool = false, "BatchInput", None, SAFE, "commands ahead of replies are welcome on the standard input of -bs";
    trusted_user: UserSpec = UserSpec::default(), "TrustedUser", None, UNSAFE, "owner of alias db, maps, control socket; may start daemon";
    max_mime_header_length: MimeLimits = MimeLimits::default(), "MaxMimeHeaderLength", None, UNSAFE, "truncate listed MIME headers/params (possible attack log)";
    control_socket_name: Text = Text::default(), "ControlSocketName", None, UNSAFE, "AF_UNIX control socket";
    max_headers_length: i64 = 32768, "MaxHeadersLength", None, UNSAFE, "sum of header bytes; above gives 552 Headers too large";
    process_title_prefix: Text = Text::default(), "ProcessTitlePrefix", None, UNSAFE, "prefix for ps titles";
    default_auth_info: Text = Text::default(), "DefaultAuthInfo", None, UNSAFE, "client AUTH data: authz id, authn id, password, realm, mechs one per line (deprecated; ignored if ruleset authinfo exists)";
    auth_mechanisms: Text = Text::from("EXTERNAL GSSAPI KERBEROS_V4 DIGEST-MD5 CRAM-MD5"), "AuthMechanisms", None, UNSAFE, "mechanisms offered / tried";
    client_port_options: PortList = PortList::default(), "ClientPortOptions", None, UNSAFE, "source address, family, buffers, M= flags for outgoing connections";
    data_file_buffer_size: i64 = 4096, "DataFileBufferSize", None, UNSAFE, "df kept in memory up to this size";
    xscript_file_buffer_size: i64 = 4096, "XscriptFileBufferSize", None, UNSAFE, "xf kept in memory up to this size";
    ldap_default_spec: Text = Text::default(), "LDAPDefaultSpec", None, UNSAFE, "defaults for all ldap maps; only server/bind flags allowed";
    server_cert_file: Text = Text::default(), "ServerCertFile", None, UNSAFE, "server certificate PEM";
    server_key_file: Text = Text::default(), "ServerKeyFile", None, UNSAFE, "server key PEM, must not be group/world readable";
    client_cert_file: Text = Text::default(), "ClientCertFile", None, UNSAFE, "client certificate";
    client_key_file: Text = Text::default(), "ClientKeyFile", None, UNSAFE, "client key";
    ca_cert_file: Text = Text::default(), "CACertFile", None, UNSAFE, "CA bundle; its DNs are sent in CertificateRequest";
    ca_cert_path: Text = Text::default(), "CACertPath", None, UNSAFE, "hashed CA directory";
    dh_parameters: Text = Text::from("i"), "DHParameters", None, UNSAFE, "server DH parameters";
    input_mail_filters: Text = Text::default(), "InputMailFilters", None, UNSAFE, "milters called, in order";
    auth_options: Text = Text::default(), "AuthOptions", None, UNSAFE, "letters A a c d f m p y";
    queue_file_mode: Mode = Mode(0), "QueueFileMode", None, UNSAFE, "mode of qf/df files";
    cert_fingerprint_algorithm: Text = Text::default(), "CertFingerprintAlgorithm", None, UNSAFE, "fills ${cert_fp}; unset fills ${cert_md5}";
    cipher_list: Text = Text::default(), "CipherList", None, UNSAFE, "TLS<=1.2 ciphers both sides";
    cipher_suites: Text = Text::default(), "CipherSuites", None, UNSAFE, "TLS 1.3 suites";
    rand_file: Text = Text::default(), "RandFile", None, UNSAFE, "PRNG seed on systems without /dev/urandom";
    tls_srv_options: Text = Text::default(), "TLSSrvOptions", None, UNSAFE, "V = do not ask for client cert, C = server cert not required";
    bad_rcpt_throttle: i64 = 0, "BadRcptThrottle", None, SAFE, "after N bad RCPTs sleep 1s per RCPT";
    deliver_by_min: Seconds = Seconds(0), "DeliverByMin", None, UNSAFE, "<0 hide DELIVERBY, 0 no value, >0 shown minimum";
    max_queue_children: i64 = 0, "MaxQueueChildren", None, UNSAFE, "max concurrent queue runner processes";
    max_runners_per_queue: i64 = 1, "MaxRunnersPerQueue", None, UNSAFE, "default R= of queue groups";
    direct_submission_modifiers: Text = Text::default(), "DirectSubmissionModifiers", None, UNSAFE, "value of ${daemon_flags} for command line mail";
    nice_queue_run: i64 = 0, "NiceQueueRun", None, UNSAFE, "nice for queue runners";
    shared_memory_key: i64 = 0, "SharedMemoryKey", None, UNSAFE, "shm key for queue counts/free space (needed by -bP); -1 auto";
    auth_max_bits: i64 = 2147483647, "AuthMaxBits", None, UNSAFE, "cap on SASL security layer strength";
    mailbox_database: Text = Text::from("pw"), "MailboxDatabase", None, UNSAFE, "pw or ldap (libsm mbdb)";
    use_msp: bool = false, "UseMSP", None, UNSAFE, "submission program mode: group-writable queue files accepted";
    delay_la: i64 = 0, "DelayLA", None, UNSAFE, "load above which 1s sleeps are inserted";
    fast_split: i64 = 1, "FastSplit", None, UNSAFE, ">0: no MX lookups for the initial envelope split; also number of parallel deliveries from command line";
    soft_bounce: bool = false, "SoftBounce", None, UNSAFE, "turn 5xy into 4xy";
    shared_memory_key_file: Text = Text::default(), "SharedMemoryKeyFile", None, UNSAFE, "where an auto-selected shm key is written";
    reject_log_interval: Hours = Hours(10800), "RejectLogInterval", None, UNSAFE, "how often to log ongoing connection rejection";
    requires_dir_fsync: bool = true, "RequiresDirfsync", None, UNSAFE, "fsync directories after rename/link";
    connection_rate_window_size: Seconds = Seconds(60), "ConnectionRateWindowSize", None, UNSAFE, "window for client_rate/total_rate";
    crl_file: Text = Text::default(), "CRLFile", None, UNSAFE, "certificate revocation list; unusable file disables STARTTLS";
    crl_path: Text = Text::default(), "CRLPath", None, UNSAFE, "hashed CRL directory";
    fallback_smart_host: Text = Text::default(), "FallbackSmartHost", None, UNSAFE, "last try when MX host lookup fails";
    auth_realm: Text = Text::default(), "AuthRealm", None, UNSAFE, "SASL realm";
    helo_name: Text = Text::default(), "HeloName", None, UNSAFE, "name used in HELO/EHLO";
    max_noop_commands: i64 = 20, "MaxNOOPCommands", None, UNSAFE, "NOOP/RSET-like commands before slowdown";
    bad_rcpt_shutdown: i64 = 0, "BadRcptShutdown", None, SAFE, "FFR: disconnect after this many bad RCPTs (421 4.7.0 Too many bad recipients)";
    bad_rcpt_shutdown_good: i64 = 0, "BadRcptShutdownGood", None, SAFE, "FFR: companion percentage of good recipients";
    server_ssl_options: TextList = TextList::default(), "ServerSSLOptions", None, UNSAFE, "OpenSSL options server side";
    client_ssl_options: TextList = TextList::default(), "ClientSSLOptions", None, UNSAFE, "OpenSSL options client side";
    max_queue_age: Minutes = Minutes(0), "MaxQueueAge", None, UNSAFE, "exponential retry per message capped at this";
    reject_nul: bool = false, "RejectNUL", None, SAFE, "FFR: reject bodies with NUL (554 NUL byte not allowed)";
    use_compressed_ipv6_addresses: bool = false, "UseCompressedIPv6Addresses", None, UNSAFE, "print ::1 rather than 0:0:0:0:0:0:0:1";
    ssl_engine: Text = Text::default(), "SSLEngine", None, UNSAFE, "OpenSSL engine";
    ssl_engine_path: Text = Text::default(), "SSLEnginePath", None, UNSAFE, "where lib<engine>.so lives";
    tls_fallback_to_clear: bool = false, "TLSFallbacktoClear", None, UNSAFE, "retry without STARTTLS after a failed handshake";
    set_cert_altnames: bool = false, "SetCertAltnames", None, UNSAFE, "FFR: put subjectAltNames into {cert_altnames}";
    smtp_utf8: bool = false, "SmtpUTF8", None, UNSAFE, "SMTPUTF8/EAI at run time; warns unless built with USE_EAI";
    explain_rejects: bool = false, "ExplainRejects", None, UNSAFE, "log lines of a check's refusal end with why=: the map entry and the rule with their places; Postrider only";
    strict_transport_security: bool = false, "StrictTransportSecurity", None, UNSAFE, "FFR MTA-STS via map sts";
}
