divert(-1)
dnl lang.m4 -- the words themselves. See cf.m4 for the diversions.

dnl ---- building blocks ----
define(`_DEFIFNOT', `ifdef(`$1', `', `define(`$1', `$2')')')
dnl _OPTINS(name, before, after): the value of a macro between two texts, or nothing if it is not defined
define(`_OPTINS', `ifdef(`$1', `$2'$1`$3')')
define(`CONCAT', `$1$2$3')
dnl DOL(n) writes a positional reference of a rule inside an m4 definition
define(`DOL', ``$'$1')
define(`PUSHDIVERT', `pushdef(`_DIVNUM_', divnum)divert($1)_MARK_`'')
define(`POPDIVERT', `_UNMARK_`'divert(_DIVNUM_)popdef(`_DIVNUM_')')
define(`_SAY_', `errprint(`$1
')')

dnl ---- where a line of the finished file comes from ----
dnl "#> FEATURE(name) site.mc:12" says so for the lines below it, up to the next such mark or "#<". The test mode's /why
dnl and sendmail -bC read it; for all else it is a comment. _PLACE_ is what is being read just now; _AT_name is where
dnl a FEATURE or another word stood, for the rules that are written at the end.
define(`_HERE_', ``$1' __file__:__line__')
define(`_MARK_', `ifdef(`_PLACE_', `ifelse(eval(divnum > 0), `1', ``#> 'defn(`_PLACE_')`
'')')')
define(`_UNMARK_', `ifdef(`_PLACE_', `ifelse(eval(divnum > 0), `1', `#<
')')')
define(`_OPEN_', `pushdef(`_PLACE_', _HERE_(`$1'))')
define(`_CLOSE_', `popdef(`_PLACE_')')
dnl _SECTION_MARK_(word): what the site writes from here on; _SECTION_END_ ends it when the section is written
define(`_SECTION_MARK_', `define(`_MARKED_'divnum)`#> '_HERE_(`$1')
')
define(`_SECTION_END_', `ifdef(`_MARKED_$1', `#<
')')
define(`_FROM_', ``#> FEATURE($1)'ifdef(`_AT_$1', ` defn(`_AT_$1')')')
define(`_FROM_WORD_', ``#> $1'ifdef(`_AT_$1', ` defn(`_AT_$1')')')

dnl numbers of the tree's own diversions
define(`_SECTION_CLASS_', `5')
define(`_SECTION_DAEMON_', `21')
define(`_SECTION_CLIENT_', `22')
define(`_SECTION_MILTER_', `23')
define(`_SECTION_QGROUP_', `24')
define(`_SECTION_MAP_', `25')
define(`_SECTION_ADDRTYPE_', `26')
define(`_SECTION_CHECKS_', `27')
define(`_SECTION_BEFORE_RCPT_', `28')
define(`_SECTION_CHECK_MAIL_', `29')
define(`_SECTION_CONNECT_', `30')
define(`_SECTION_LATE_MAIL_', `31')
define(`_SECTION_RCPT_OK_', `32')
define(`_SECTION_CANONIFY_', `33')
define(`_SECTION_UUCP_', `34')
define(`_SECTION_LIMITS_', `35')
define(`_SECTION_RULESETS_', `36')
define(`_SECTION_RELAY_OK_', `37')
define(`_SECTION_LIMITS_NOW_', `38')
define(`_SECTION_LAST_MAILERS_', `39')

dnl a heading in the finished file
define(`_TITLE_', `
#
######## $1
#')

dnl ---- defaults that sites read or change before the first FEATURE ----
_DEFIFNOT(`MAIL_SETTINGS_DIR', `/etc/mail/')
_DEFIFNOT(`DATABASE_MAP_TYPE', `hash')
_DEFIFNOT(`confMAILER_NAME', `MAILER-DAEMON')
_DEFIFNOT(`CF_LEVEL', `10')
define(`TEMPFILE', `maketemp(/tmp/cfXXXXXX)')

dnl ---- what a .mc file begins with ----
define(`VERSIONID', `PUSHDIVERT(0)dnl
# version: $1
POPDIVERT`'')
define(`OSTYPE', `PUSHDIVERT(-1)
ifdef(`__OSTYPE__', `_SAY_(`duplicate OSTYPE($1)')')
define(`__OSTYPE__', `$1')define(`_OSTYPE_PLACE_', _HERE_(`OSTYPE($1)'))
include(_CF_DIR_`'ostype/$1.m4)
POPDIVERT`'')
define(`DOMAIN', `PUSHDIVERT(-1)
include(_CF_DIR_`'domain/$1.m4)
POPDIVERT`'')

dnl FEATURE(name, arguments): a feature file sees its arguments as _ARG_, _ARG2_ ... _ARG9_ and all of them as _ARGS_
define(`FEATURE', `PUSHDIVERT(-1)
define(`_AT_$1', __file__:__line__)_OPEN_(`FEATURE($1)')
ifdef(`_MAILERS_BEGUN_', `_SAY_(`*** ERROR: FEATURE() should be before MAILER()')')
_SETARGS_(shift($@))
include(_CF_DIR_`'feature/$1.m4)
_CLOSE_`'POPDIVERT`'')
define(`_SETARGS_', `define(`_ARG_', `$1')define(`_ARG1_', `$1')define(`_ARG2_', `$2')define(`_ARG3_', `$3')dnl
define(`_ARG4_', `$4')define(`_ARG5_', `$5')define(`_ARG6_', `$6')define(`_ARG7_', `$7')dnl
define(`_ARG8_', `$8')define(`_ARG9_', `$9')define(`_ARGS_', `$*')')
dnl _ARG_OR_(default): the first argument, or the default where it was left out or empty
define(`_ARG_OR_', `ifelse(defn(`_ARG_'), `', `$1', `_ARG_')')
define(`HACK', `PUSHDIVERT(-1)
_OPEN_(`HACK($1)')_SETARGS_(shift($@))
include(_CF_DIR_`'hack/$1.m4)
_CLOSE_`'POPDIVERT`'')

dnl MAILER(name); proto.m4 adds "local" where nobody asked for it
define(`MAILER', `define(`_MAILERS_BEGUN_')dnl
ifdef(`_MAILER_$1_', `_SAY_(`*** ERROR: MAILER($1) already included')', `_OPEN_(`MAILER($1)')_MAILER_INCLUDE_(`$1')_CLOSE_`'')')
define(`_MAILER_INCLUDE_', `define(`_MAILER_$1_')PUSHDIVERT(7)include(_CF_DIR_`'mailer/$1.m4)ifdef(`_PLACE_', `divert(7)')POPDIVERT`'')

dnl ---- sections of text ----
define(`LOCAL_CONFIG', `divert(6)_SECTION_MARK_(`$0')')
define(`LOCAL_NET_CONFIG', `define(`_LOCAL_NET_CONFIG_')divert(1)_SECTION_MARK_(`$0')')
define(`LOCAL_RULE_0', `divert(3)_SECTION_MARK_(`$0')')
define(`LOCAL_RULE_1', `divert(9)_SECTION_MARK_(`$0')dnl
# site rules for sender addresses
S1
')
define(`LOCAL_RULE_2', `divert(9)_SECTION_MARK_(`$0')dnl
# site rules for recipient addresses
S2
')
define(`LOCAL_RULE_3', `divert(2)_SECTION_MARK_(`$0')')
define(`LOCAL_RULESETS', `divert(9)_SECTION_MARK_(`$0')')
define(`LOCAL_UUCP', `divert(4)_SECTION_MARK_(`$0')')
define(`LOCAL_DNSBL', `divert(8)_SECTION_MARK_(`$0')')
define(`MAILER_DEFINITIONS', `divert(7)_SECTION_MARK_(`$0')')
dnl rules in front of a TLS rule set: they go to a set of their own that the tree calls first
define(`_LOCAL_TLS_SET_', `define(`$1', `ifdef(`_MAILERS_BEGUN_', `', `_SAY_(`*** WARNING: MAILER() should be before $1')')define(`_LOCAL_$2_')divert(9)_SECTION_MARK_(`$1')dnl
SLocal_$2')')
_LOCAL_TLS_SET_(`LOCAL_SRV_FEATURES', `srv_features')
_LOCAL_TLS_SET_(`LOCAL_CLT_FEATURES', `clt_features')
_LOCAL_TLS_SET_(`LOCAL_TRY_TLS', `try_tls')
_LOCAL_TLS_SET_(`LOCAL_TLS_RCPT', `tls_rcpt')
_LOCAL_TLS_SET_(`LOCAL_TLS_CLIENT', `tls_client')
_LOCAL_TLS_SET_(`LOCAL_TLS_SERVER', `tls_server')

dnl ---- classes of hosts and users ----
dnl _CLASSWORDS_(class, words, word of the site) and _CLASSFILE_(class, file, word) write into the section of classes
define(`_CLASSWORDS_', `_OPEN_(`$3')PUSHDIVERT(_SECTION_CLASS_)C{$1}$2
POPDIVERT`'_CLOSE_`'')
define(`_CLASSFILE_', `_OPEN_(`$3')PUSHDIVERT(_SECTION_CLASS_)F{$1}$2
POPDIVERT`'_CLOSE_`'')
define(`MASQUERADE_AS', `define(`_AT_MASQUERADE_AS', __file__:__line__)define(`MASQUERADE_NAME', `$1')')
define(`MASQUERADE_DOMAIN', `_CLASSWORDS_(`M', `$1', `$0')')
define(`MASQUERADE_DOMAIN_FILE', `_CLASSFILE_(`M', `$1', `$0')')
define(`MASQUERADE_EXCEPTION', `_CLASSWORDS_(`N', `$1', `$0')')
define(`MASQUERADE_EXCEPTION_FILE', `_CLASSFILE_(`N', `$1', `$0')')
define(`EXPOSED_USER', `_CLASSWORDS_(`E', `$1', `$0')')
define(`EXPOSED_USER_FILE', `_CLASSFILE_(`E', `$1', `$0')')
define(`LOCAL_USER', `_CLASSWORDS_(`L', `$1', `$0')')
define(`LOCAL_USER_FILE', `_CLASSFILE_(`L', `$1', `$0')')
define(`LOCAL_DOMAIN', `_CLASSWORDS_(`w', `$1', `$0')')
define(`GENERICS_DOMAIN', `_CLASSWORDS_(`G', `$1', `$0')')
define(`GENERICS_DOMAIN_FILE', `_CLASSFILE_(`G', `$1', `$0')')
define(`RELAY_DOMAIN', `_CLASSWORDS_(`R', `$1', `$0')')
define(`RELAY_DOMAIN_FILE', `_CLASSFILE_(`R', `$1', `$0')')
define(`VIRTUSER_DOMAIN', `define(`_VIRTHOSTS_')_CLASSWORDS_(`VirtHost', `$1', `$0')')
define(`VIRTUSER_DOMAIN_FILE', `define(`_VIRTHOSTS_')_CLASSFILE_(`VirtHost', `$1', `$0')')
define(`CANONIFY_DOMAIN', `define(`_CANONIFY_SOME_')_CLASSWORDS_(`Canonify', `$1', `$0')')
define(`CANONIFY_DOMAIN_FILE', `define(`_CANONIFY_SOME_')_CLASSFILE_(`Canonify', `$1', `$0')')
define(`LDAPROUTE_DOMAIN', `define(`_LDAP_ROUTE_SOME_')_CLASSWORDS_(`LDAPRoute', `$1', `$0')')
define(`LDAPROUTE_DOMAIN_FILE', `define(`_LDAP_ROUTE_SOME_')_CLASSFILE_(`LDAPRoute', `$1', `$0')')
define(`LDAPROUTE_EQUIVALENT', `define(`_LDAP_EQUIVALENT_')_CLASSWORDS_(`LDAPRouteEquiv', `$1', `$0')')
define(`LDAPROUTE_EQUIVALENT_FILE', `define(`_LDAP_EQUIVALENT_')_CLASSFILE_(`LDAPRouteEquiv', `$1', `$0')')
define(`TRUST_AUTH_MECH', `define(`_TRUST_AUTH_')_CLASSWORDS_(`TrustAuthMech', `$1', `$0')')

dnl ---- listeners, clients, filters, queue groups, mailer flags ----
define(`DAEMON_OPTIONS', `define(`_DAEMON_GIVEN_')_OPEN_(`$0')PUSHDIVERT(_SECTION_DAEMON_)O DaemonPortOptions=$1
POPDIVERT`'_CLOSE_`'')
define(`CLIENT_OPTIONS', `define(`_CLIENT_GIVEN_')_OPEN_(`$0')PUSHDIVERT(_SECTION_CLIENT_)O ClientPortOptions=$1
POPDIVERT`'_CLOSE_`'')
define(`MAIL_FILTER', `define(`_MILTERS_')_MILTER_DEFAULTS_`'_OPEN_(`$0')PUSHDIVERT(_SECTION_MILTER_)X`'$1, $2
POPDIVERT`'_CLOSE_`'')
dnl what milters are told, if the site says nothing else; the quotes survive one expansion, so that a site may add to it
define(`_MILTER_DEFAULTS_', `dnl
_DEFIFNOT(`confMILTER_MACROS_CONNECT', ``j, _, {daemon_name}, {if_name}, {if_addr}'')dnl
_DEFIFNOT(`confMILTER_MACROS_HELO', ``{tls_version}, {cipher}, {cipher_bits}, {cert_subject}, {cert_issuer}'')dnl
_DEFIFNOT(`confMILTER_MACROS_ENVFROM', ``i, {auth_type}, {auth_authen}, {auth_ssf}, {auth_author}, {mail_mailer}, {mail_host}, {mail_addr}'')dnl
_DEFIFNOT(`confMILTER_MACROS_ENVRCPT', ``{rcpt_mailer}, {rcpt_host}, {rcpt_addr}'')dnl
_DEFIFNOT(`confMILTER_MACROS_EOM', ``{msg_id}'')')
define(`INPUT_MAIL_FILTER', `MAIL_FILTER(`$1', `$2')dnl
define(`confINPUT_MAIL_FILTERS', ifdef(`confINPUT_MAIL_FILTERS', `defn(`confINPUT_MAIL_FILTERS')`, $1'', ``$1''))')
define(`QUEUE_GROUP', `_OPEN_(`$0')PUSHDIVERT(_SECTION_QGROUP_)Q`'$1, $2
POPDIVERT`'_CLOSE_`'')
dnl MODIFY_MAILER_FLAGS(NAME, change): +flags are added, -flags are taken away (both may be given, one after the
dnl other), anything else replaces. _FLAGS_(NAME, flags) gives the flags with that done; each mailer uses it.
define(`MODIFY_MAILER_FLAGS', `define(ifelse(substr(`$2', 0, 1), `+', ``_ADD_FLAGS_$1_', substr(`$2', 1)',
substr(`$2', 0, 1), `-', ``_DROP_FLAGS_$1_', substr(`$2', 1)', ``_ALL_FLAGS_$1_', `$2''))')
define(`_FLAGS_', `ifdef(`_ALL_FLAGS_$1_', `_ALL_FLAGS_$1_', `translit(`$2', ifdef(`_DROP_FLAGS_$1_', `defn(`_DROP_FLAGS_$1_')', ``''))')`'ifdef(`_ADD_FLAGS_$1_', `_ADD_FLAGS_$1_')')

dnl ---- maps of the table features ----
dnl _TABLE_(map, file, LDAP name): the K line of a table feature from the argument of FEATURE: a map definition,
dnl the word LDAP, or nothing for the default
define(`_TABLE_', `PUSHDIVERT(_SECTION_MAP_)dnl
# table $2
K$1 ifelse(defn(`_ARG_'), `', `DATABASE_MAP_TYPE $4`'MAIL_SETTINGS_DIR`'$2', defn(`_ARG_'), `LDAP', `ldap $4`'_LDAP_MAP_(`$3')', `_ARG_')
POPDIVERT`'')
define(`_LDAP_MAP_', `-1 -v sendmailMTAMapValue,sendmailMTAMapSearch:FILTER:sendmailMTAMapObject,sendmailMTAMapURL:URL:sendmailMTAMapObject -k (&(objectClass=sendmailMTAMapObject)(|(sendmailMTACluster=${sendmailMTACluster})(sendmailMTAHost=$j))(sendmailMTAMapName=$1)(sendmailMTAKey=%0))')

dnl ---- UUCP connectivity ----
define(`SITECONFIG', `define(`_CLASS_$3_')PUSHDIVERT(4)dnl
# hosts known through $1
D{$3}$2
ifelse(`$3', `U', `C{w}$2 $2.UUCP
')dnl
define(`SITE', `C{$3}'`$'1`
')sinclude(_CF_DIR_`'siteconfig/$1.m4)POPDIVERT`'')
define(`UUCPSMTP', `R`'DOL(*) < @ $1 .UUCP > DOL(*)	DOL(1) < @ $2 > DOL(2)')
