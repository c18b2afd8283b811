divert(-1)
dnl checkargs.m4 -- settings that are no longer of use are named, and the local and relay mailers get their defaults.
_DEFIFNOT(`confLOCAL_MAILER', `local')
_DEFIFNOT(`confRELAY_MAILER', `relay')
_DEFIFNOT(`confSMTP_MAILER', `esmtp')
_DEFIFNOT(`confUUCP_MAILER', `uucp-old')

ifdef(`confDEF_GROUP_ID', `_SAY_(`*** confDEF_GROUP_ID is obsolete.
    Use confDEF_USER_ID with a colon in the value instead.')')
ifdef(`confREAD_TIMEOUT', `_SAY_(`*** confREAD_TIMEOUT is obsolete.
    Use individual confTO_<timeout> parameters instead.')')
ifdef(`confMESSAGE_TIMEOUT', `_DEFIFNOT(`_TIMEOUT_SPLIT_', index(confMESSAGE_TIMEOUT, `/'))
ifelse(_TIMEOUT_SPLIT_, `-1', `define(`confTO_QUEUERETURN', confMESSAGE_TIMEOUT)',
`define(`confTO_QUEUERETURN', substr(confMESSAGE_TIMEOUT, 0, _TIMEOUT_SPLIT_))
define(`confTO_QUEUEWARN', substr(confMESSAGE_TIMEOUT, incr(_TIMEOUT_SPLIT_)))')')
ifdef(`confMIN_FREE_BLOCKS', `ifelse(index(confMIN_FREE_BLOCKS, `/'), `-1', `', `_SAY_(`*** compound confMIN_FREE_BLOCKS is obsolete.
    Use confMAX_MESSAGE_SIZE for the second part of the value.')')')
ifdef(`confAUTO_REBUILD', `_SAY_(`WARNING: confAUTO_REBUILD is no longer valid.
	There was a potential for a denial of service attack if this is set.')')
ifelse(ifdef(`confDAEMON_OPTIONS', `defn(`confDAEMON_OPTIONS')'), `', `', `_SAY_(`WARNING: confDAEMON_OPTIONS is no longer valid.
	Use DAEMON_OPTIONS(); see cf/README.')')
ifelse(ifdef(`confCLIENT_OPTIONS', `defn(`confCLIENT_OPTIONS')'), `', `', `_SAY_(`WARNING: confCLIENT_OPTIONS is no longer valid.  See cf/README for more information.')')
ifdef(`confUNSAFE_GROUP_WRITES', `_SAY_(`WARNING: confUNSAFE_GROUP_WRITES is deprecated; use confDONT_BLAME_SENDMAIL.')')
ifdef(`_LDAP_DEFAULT_MAP_USED_', `ifdef(`confLDAP_DEFAULT_SPEC', `', `_SAY_(`
WARNING: Using default FEATURE(ldap_routing) map definition(s)
without setting confLDAP_DEFAULT_SPEC option.')')')
dnl node::user is an address where a define, a relay or a mailer speaks of DECnet
define(`_DECNET_IF_', `ifdef(`$1', `define(`_DECNET_')')')
_DECNET_IF_(`_USE_DECNET_SYNTAX_')_DECNET_IF_(`DECNET_RELAY')_DECNET_IF_(`_MAILER_mail11_')
