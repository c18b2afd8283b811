divert(-1)
dnl proto.m4 -- writes the sendmail.cf from what the .mc file collected; read at the end of all input.
dnl Each part is a file of its own, in the order of the finished configuration.

ifdef(`__OSTYPE__', `', `_SAY_(`*** ERROR: No system type defined (use OSTYPE macro)')')
include(_CF_DIR_`'m4/checkargs.m4)
ifdef(`_MAILER_local_', `', `_MAILER_INCLUDE_(`local')')

dnl The words of .mc files are only words from here on: MAILER-DAEMON is a name.
define(`_FORGET_', `ifelse(`$1', `', `', `undefine(`$1')_FORGET_(shift($@))')')
_FORGET_(`MAILER', `FEATURE', `DOMAIN', `HACK', `OSTYPE', `VERSIONID', `SITE', `SITECONFIG', `LOCAL_CONFIG', `LOCAL_DOMAIN', `LOCAL_NET_CONFIG',
	`LOCAL_RULE_0', `LOCAL_RULE_1', `LOCAL_RULE_2', `LOCAL_RULE_3', `LOCAL_RULESETS', `LOCAL_UUCP', `LOCAL_DNSBL', `MAILER_DEFINITIONS',
	`LOCAL_SRV_FEATURES', `LOCAL_CLT_FEATURES', `LOCAL_TRY_TLS', `LOCAL_TLS_RCPT', `LOCAL_TLS_CLIENT', `LOCAL_TLS_SERVER')

divert(0)dnl
include(_CF_DIR_`'m4/cfhead.m4)dnl
include(_CF_DIR_`'m4/options.m4)dnl
include(_CF_DIR_`'m4/headers.m4)dnl
include(_CF_DIR_`'m4/canonify.m4)dnl
include(_CF_DIR_`'m4/parse.m4)dnl
include(_CF_DIR_`'m4/tables.m4)dnl
include(_CF_DIR_`'m4/masquerade.m4)dnl
include(_CF_DIR_`'m4/lookup.m4)dnl
include(_CF_DIR_`'m4/connect.m4)dnl
include(_CF_DIR_`'m4/mail.m4)dnl
include(_CF_DIR_`'m4/rcpt.m4)dnl
include(_CF_DIR_`'m4/tls.m4)dnl
_TITLE_(`local rule sets')
undivert(9)_SECTION_END_(9)dnl
undivert(_SECTION_MILTER_)dnl
_TITLE_(`mailers')
undivert(7)_SECTION_END_(7)dnl
undivert(_SECTION_LAST_MAILERS_)dnl
