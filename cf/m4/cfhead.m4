divert(0)dnl
ifdef(`_OSTYPE_PLACE_', `#> 'defn(`_OSTYPE_PLACE_')`
#<
')dnl
_TITLE_(`level of the configuration language')
V`'CF_LEVEL/ifdef(`VENDOR_NAME', `VENDOR_NAME', `Berkeley')
_TITLE_(`local configuration')
undivert(6)_SECTION_END_(6)dnl
_TITLE_(`who this host is')
# names of this host
C{w}localhost
ifdef(`_USE_CW_FILE_', `_FROM_(`use_cw_file')
F{w}confCW_FILE
#<
')dnl
# its full name; set only where the system does not know it
ifdef(`confDOMAIN_NAME', `Dj`'confDOMAIN_NAME', `#Dj$w.Foo.COM')
ifdef(`confLDAP_CLUSTER', `# name of the LDAP cluster
D{sendmailMTACluster}confLDAP_CLUSTER
')dnl
# top level domains that are known to be final, or are none of the DNS
C{P}.ifdef(`_REDIRECT_', ` REDIRECT')`'ifdef(`UUCP_RELAY', ` UUCP')`'ifdef(`BITNET_RELAY', ` BITNET')`'ifdef(`DECNET_RELAY', ` DECNET', `ifdef(`_MAILER_mail11_', ` DECNET')')`'ifdef(`FAX_RELAY', ` FAX', `ifdef(`_MAILER_fax_', ` FAX')')`'ifdef(`_MAILER_pop_', ` POP')`'ifdef(`_EXTRA_PSEUDO_', `_EXTRA_PSEUDO_')
# characters in a local part that route mail on
C{O}@`'ifdef(`_NO_PERCENTHACK_', `', ` %')`'ifdef(`_NO_UUCP_', `', ` !')
C..
C[[
# who mail from the system itself is from
Dn`'confMAILER_NAME
# the version of this configuration
DZ`'ifdef(`confCF_VERSION', `_CF_TREE_VERSION_/confCF_VERSION', `_CF_TREE_VERSION_')
_TITLE_(`other hosts that take mail')
ifdef(`SMART_HOST', `# what is not for us', `# smart host, for what is not for us (none)')
DS`'ifdef(`SMART_HOST', `SMART_HOST')
_OPTINS(`LOCAL_RELAY', `# names without a domain
DR', `
')dnl
_OPTINS(`MAIL_HUB', `# all local names
DH', `
')dnl
_OPTINS(`LUSER_RELAY', `# unknown local users
DL', `
')dnl
_OPTINS(`BITNET_RELAY', `DB', `
')dnl
_OPTINS(`DECNET_RELAY', `DC', `
')dnl
_OPTINS(`FAX_RELAY', `DF', `
')dnl
_OPTINS(`UUCP_RELAY', `DY', `
')dnl
_OPTINS(`MASQUERADE_NAME', `# the name that our mail carries
DM', `
')dnl
_TITLE_(`classes')
undivert(_SECTION_CLASS_)dnl
ifdef(`_VIRTHOSTS_', `# virtual hosts may be relayed to
C{R}$={VirtHost}
')dnl
# hosts and domains that mail is relayed for
F{R}ifdef(`confCR_FILE', `confCR_FILE', `-o MAIL_SETTINGS_DIR`'relay-domains')
# results of a look-up of the sender domain that are good enough
C{ResOk}OKR
ifdef(`_ACCESS_TABLE_', `# results of a look-up in the access table that let a message pass
C{Accept}OK RELAY
# what it can ask of a TLS session
C{TLSDemand}VERIFY ENCR
')dnl
_TITLE_(`maps')
# takes quotes off
Kdequote dequote`'ifdef(`confDEQUOTE_OPTS', ` confDEQUOTE_OPTS')
# sets a macro
Kmacro macro
# compares numbers
Karith arith
ifdef(`LUSER_RELAY', `# is there such a user? marks a known one with <>
Kuser user -m -a<>
')dnl
ifdef(`_NO_RESOLVE_CHECK_', `', `# does the domain of a sender exist?
Kresolve host -a<OKR> -T<TEMP>
')dnl
undivert(_SECTION_MAP_)dnl
