divert(-1)
dnl version.m4 -- what $Z holds, the version of the configuration, unless a site defines confCF_VERSION.
define(`_CF_TREE_VERSION_', `8.18.1')
divert(0)dnl
