//! Options that are sets of names: PrivacyOptions, DontBlameSendmail, ResolverOptions.

use super::value::{Context, OptionValue};
use crate::cf::problem::printable;

/// Makes a set type: its bits, and the table of their names.
macro_rules! name_set {
    ($(#[$doc:meta])* $set:ident { $($(#[$bit_doc:meta])* $konst:ident = $bit:literal, $name:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $set(u64);
        impl $set {
            $($(#[$bit_doc])* pub const $konst: $set = $set(1 << $bit);)*
            /// Every name with its bit.
            pub const NAMES: &'static [(&'static str, $set)] = &[$(($name, $set::$konst)),*];

            /// Whether all of `other` is in the set.
            pub fn has(self, other: $set) -> bool {
                self.0 & other.0 == other.0
            }
            /// Adds `other`.
            pub fn add(&mut self, other: $set) {
                self.0 |= other.0;
            }
            /// The bit of a name, whatever its case.
            pub fn named(name: &[u8]) -> Option<$set> {
                $set::NAMES.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(name)).map(|(_, s)| *s)
            }
            fn names(self) -> Vec<u8> {
                let names: Vec<&str> = $set::NAMES.iter().filter(|(_, s)| self.has(*s)).map(|(n, _)| *n).collect();
                names.join(",").into_bytes()
            }
        }
    };
}

name_set! {
    /// What SMTP clients and local users are not told or allowed.
    Privacy {
        /// `MAIL` needs `HELO` first.
        NEED_MAIL_HELO = 0, "needmailhelo";
        /// `EXPN` needs `HELO` first.
        NEED_EXPN_HELO = 1, "needexpnhelo";
        /// `VRFY` needs `HELO` first.
        NEED_VRFY_HELO = 2, "needvrfyhelo";
        /// No `EXPN`.
        NO_EXPN = 3, "noexpn";
        /// `VRFY` tells nothing.
        NO_VRFY = 4, "novrfy";
        /// No `ETRN`.
        NO_ETRN = 5, "noetrn";
        /// No `VERB`.
        NO_VERB = 6, "noverb";
        /// `X-Authentication-Warning:` headers.
        AUTH_WARNINGS = 7, "authwarnings";
        /// Only the queue directory's group may list the queue.
        RESTRICT_MAILQ = 8, "restrictmailq";
        /// Only root and the queue's owner may run the queue.
        RESTRICT_QRUN = 9, "restrictqrun";
        /// `-bv` and `-v` do not expand for ordinary users.
        RESTRICT_EXPAND = 10, "restrictexpand";
        /// No DSN.
        NO_RECEIPTS = 11, "noreceipts";
        /// Bounces carry no body.
        NO_BODY_RETURN = 12, "nobodyreturn";
        /// DSNs carry no `X-Actual-Recipient:`.
        NO_ACTUAL_RECIPIENT = 13, "noactualrecipient";
    }
}

impl Privacy {
    /// What `goaway` stands for.
    pub const GOAWAY: Privacy = Privacy(
        Privacy::NEED_MAIL_HELO.0
            | Privacy::NEED_EXPN_HELO.0
            | Privacy::NEED_VRFY_HELO.0
            | Privacy::NO_EXPN.0
            | Privacy::NO_VRFY.0
            | Privacy::NO_VERB.0
            | Privacy::AUTH_WARNINGS.0
            | Privacy::NO_ACTUAL_RECIPIENT.0,
    );
}

/// The words of a list separated by commas and blanks.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| !b.is_ascii_alphanumeric()).filter(|w| !w.is_empty())
}

impl OptionValue for Privacy {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        for word in words(text) {
            if word.eq_ignore_ascii_case(b"goaway") {
                self.add(Privacy::GOAWAY);
            } else if word.eq_ignore_ascii_case(b"public") {
                // No restriction is the default: the name takes nothing away that another name asked for.
            } else if let Some(bit) = Privacy::named(word) {
                self.add(bit);
                if bit == Privacy::NO_EXPN {
                    self.add(Privacy::NO_VERB);
                }
            } else {
                ctx.error(format!("readcf: Op line: {} unrecognized", printable(word)));
            }
        }
    }
    fn show(&self) -> Vec<u8> {
        self.names()
    }
}

name_set! {
    /// Which checks of files and directories are left out (`DontBlameSendmail`).
    Blame {
        /// chown(2) is for root only.
        ASSUME_SAFE_CHOWN = 0, "AssumeSafeChown";
        /// Directories that a group may write are safe.
        GROUP_WRITABLE_DIR_PATH_SAFE = 1, "GroupWritableDirPathSafe";
        /// Directories that anybody may write are safe when sticky.
        TRUST_STICKY_BIT = 2, "TrustStickyBit";
        /// `.forward` below an unsafe directory.
        FORWARD_IN_UNSAFE_DIR = 3, "ForwardFileInUnsafeDirPath";
        /// The same, with programs and files in it.
        FORWARD_IN_UNSAFE_DIR_SAFE = 4, "ForwardFileInUnsafeDirPathSafe";
        /// `.forward` below a directory that a group may write.
        FORWARD_IN_GROUP_WRITABLE_DIR = 5, "ForwardFileInGroupWritableDirPath";
        /// `.forward` that a group may write.
        GROUP_WRITABLE_FORWARD = 6, "GroupWritableForwardFile";
        /// The same, with programs and files in it.
        GROUP_WRITABLE_FORWARD_SAFE = 7, "GroupWritableForwardFileSafe";
        /// `.forward` that anybody may write.
        WORLD_WRITABLE_FORWARD = 8, "WorldWritableForwardFile";
        /// `.forward` that is a link in a writable directory.
        LINKED_FORWARD = 9, "LinkedForwardFileInWritableDir";
        /// No warning about a `.forward` below an unsafe directory.
        DONT_WARN_FORWARD = 10, "DontWarnForwardFileInUnsafeDirPath";
        /// `:include:` below an unsafe directory.
        INCLUDE_IN_UNSAFE_DIR = 11, "IncludeFileInUnsafeDirPath";
        /// The same, with programs and files in it.
        INCLUDE_IN_UNSAFE_DIR_SAFE = 12, "IncludeFileInUnsafeDirPathSafe";
        /// `:include:` below a directory that a group may write.
        INCLUDE_IN_GROUP_WRITABLE_DIR = 13, "IncludeFileInGroupWritableDirPath";
        /// `:include:` that a group may write.
        GROUP_WRITABLE_INCLUDE = 14, "GroupWritableIncludeFile";
        /// The same, with programs and files in it.
        GROUP_WRITABLE_INCLUDE_SAFE = 15, "GroupWritableIncludeFileSafe";
        /// `:include:` that anybody may write.
        WORLD_WRITABLE_INCLUDE = 16, "WorldWritableIncludeFile";
        /// `:include:` that is a link in a writable directory.
        LINKED_INCLUDE = 17, "LinkedIncludeFileInWritableDir";
        /// Alias file that a group may write.
        GROUP_WRITABLE_ALIAS = 18, "GroupWritableAliasFile";
        /// Alias file that anybody may write.
        WORLD_WRITABLE_ALIAS = 19, "WorldWritableAliasFile";
        /// Alias file that is a link in a writable directory.
        LINKED_ALIAS = 20, "LinkedAliasFileInWritableDir";
        /// Map below an unsafe directory.
        MAP_IN_UNSAFE_DIR = 21, "MapInUnsafeDirPath";
        /// Map that is a link in a writable directory.
        LINKED_MAP = 22, "LinkedMapInWritableDir";
        /// Rebuild maps that have other names.
        WRITE_MAP_TO_HARD_LINK = 23, "WriteMapToHardLink";
        /// Rebuild maps that are symbolic links.
        WRITE_MAP_TO_SYM_LINK = 24, "WriteMapToSymLink";
        /// Class file below an unsafe directory.
        CLASS_IN_UNSAFE_DIR = 25, "ClassFileInUnsafeDirPath";
        /// Class file that is a link in a writable directory.
        LINKED_CLASS = 26, "LinkedClassFileInWritableDir";
        /// Deliver to files that have other names.
        FILE_DELIVERY_TO_HARD_LINK = 27, "FileDeliveryToHardLink";
        /// Deliver to symbolic links.
        FILE_DELIVERY_TO_SYM_LINK = 28, "FileDeliveryToSymLink";
        /// Run programs in writable directories.
        RUN_PROGRAM_IN_UNSAFE_DIR = 29, "RunProgramInUnsafeDirPath";
        /// Run programs that others may write.
        RUN_WRITABLE_PROGRAM = 30, "RunWritableProgram";
        /// ErrorHeader file below an unsafe directory.
        ERROR_HEADER_IN_UNSAFE_DIR = 31, "ErrorHeaderInUnsafeDirPath";
        /// Help file below an unsafe directory.
        HELP_IN_UNSAFE_DIR = 32, "HelpFileInUnsafeDirPath";
        /// Statistics into a file that has other names.
        WRITE_STATS_TO_HARD_LINK = 33, "WriteStatsToHardLink";
        /// Statistics into a symbolic link.
        WRITE_STATS_TO_SYM_LINK = 34, "WriteStatsToSymLink";
        /// Service switch that is a link in a writable directory.
        LINKED_SERVICE_SWITCH = 35, "LinkedServiceSwitchFileInWritableDir";
        /// Deliver to files and programs without being root.
        NON_ROOT_SAFE_ADDR = 36, "NonRootSafeAddr";
        /// STARTTLS without a seeded generator.
        INSUFFICIENT_ENTROPY = 37, "InsufficientEntropy";
        /// Keys that a group may read.
        GROUP_READABLE_KEY = 38, "GroupReadableKeyFile";
        /// SASL secrets that a group may read.
        GROUP_READABLE_SASLDB = 39, "GroupReadableSASLDBFile";
        /// SASL secrets that a group may write.
        GROUP_WRITABLE_SASLDB = 40, "GroupWritableSASLDBFile";
        /// DefaultAuthInfo that a group may read.
        GROUP_READABLE_AUTHINFO = 41, "GroupReadableDefaultAuthInfoFile";
    }
}

impl OptionValue for Blame {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        for word in words(text) {
            if word.eq_ignore_ascii_case(b"safe") {
                *self = Blame::default();
            } else if let Some(bit) = Blame::named(word) {
                self.add(bit);
            } else {
                ctx.error(format!("readcf: DontBlameSendmail option: {} unrecognized", printable(word)));
            }
        }
    }
    fn show(&self) -> Vec<u8> {
        self.names()
    }
}

/// The resolver's flags that have a sign.
pub const RESOLVER_FLAGS: [&str; 13] = [
    "debug",
    "aaonly",
    "usevc",
    "primary",
    "igntc",
    "recurse",
    "defnames",
    "stayopen",
    "dnsrch",
    "use_inet6",
    "use_edns0",
    "use_dnssec",
    "trustad",
];

/// Flags for the resolver.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ResolverFlags {
    /// Flags switched on or off against the resolver's defaults.
    pub flags: Vec<(&'static str, bool)>,
    /// The domain has a wildcard MX: canonification does not look at MX records.
    pub has_wildcard_mx: bool,
    /// Name servers fail for AAAA: try A all the same.
    pub work_around_broken_aaaa: bool,
}

impl OptionValue for ResolverFlags {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        for word in text.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()) {
            let (on, name) = match word.split_first() {
                Some((b'-', rest)) => (false, rest),
                Some((b'+', rest)) => (true, rest),
                _ => (true, word),
            };
            if name.eq_ignore_ascii_case(b"HasWildcardMX") {
                self.has_wildcard_mx = on;
            } else if name.eq_ignore_ascii_case(b"WorkAroundBrokenAAAA") {
                self.work_around_broken_aaaa = on;
            } else if let Some(known) = RESOLVER_FLAGS.iter().find(|f| f.as_bytes().eq_ignore_ascii_case(name)) {
                self.flags.push((known, on));
            } else {
                // `true` stands for the defaults.
                if !name.eq_ignore_ascii_case(b"true") {
                    ctx.error(format!("readcf: I option value {} unrecognized", printable(name)));
                }
            }
        }
    }
    fn show(&self) -> Vec<u8> {
        let mut words: Vec<String> = Vec::new();
        if self.has_wildcard_mx {
            words.push("HasWildcardMX".into());
        }
        if self.work_around_broken_aaaa {
            words.push("WorkAroundBrokenAAAA".into());
        }
        words.extend(self.flags.iter().map(|(f, on)| format!("{}{f}", if *on { '+' } else { '-' })));
        words.join(" ").into_bytes()
    }
}
