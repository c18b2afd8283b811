divert(-1)
dnl cf.m4 -- the language of .mc files.
dnl
dnl     m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /usr/share/sendmail/cf/m4/cf.m4 site.mc > site.cf
dnl
dnl It is read before a .mc file (given first on the command line, or by an include at the top of the file). It
dnl defines the words that the file is written in; what they collect is turned into a sendmail.cf by proto.m4, which
dnl m4 reads at the end of all input. What each word means is in ../README.
dnl
dnl Diversions collect text until proto.m4 asks for it. 1 to 9 are open to sites and keep their classic meaning:
dnl    1 LOCAL_NET_CONFIG      2 LOCAL_RULE_3         3 LOCAL_RULE_0
dnl    4 LOCAL_UUCP            5 host lists, classes  6 LOCAL_CONFIG
dnl    7 mailers               8 checks by DNS list   9 LOCAL_RULESETS, LOCAL_RULE_1, LOCAL_RULE_2
dnl The tree itself uses numbers from 20 up; _SECTION_name_ below gives them names.

dnl A number sign starts a comment for m4 too, but rules and site files want macros expanded there.
changecom
dnl The word "format" is common in comments and rules; no file needs the builtin.
undefine(`format')

dnl Where the tree is: given with -D_CF_DIR_=.../ or the folder above the one this file came from.
ifdef(`_CF_DIR_', `',
	`ifelse(regexp(__file__, `m4/cf\.m4$'), `-1',
		`define(`_CF_DIR_', `../')',
		`define(`_CF_DIR_', patsubst(__file__, `m4/cf\.m4$', `'))')')

dnl A file that reads the tree itself may be built with the tree in front all the same: the second reading does nothing.
ifdef(`_CF_TREE_READ_', `define(`_AGAIN_')', `define(`_CF_TREE_READ_')
include(_CF_DIR_`'m4/lang.m4)
include(_CF_DIR_`'m4/version.m4)

m4wrap(`include(_CF_DIR_`'m4/proto.m4)')')
ifdef(`_AGAIN_', `divert(0)', `divert(0)dnl
#
# sendmail.cf -- written by m4 from a .mc file with the Postrider configuration tree.
# Edit the .mc file and build again; changes made here are lost.
#
')dnl
