divert(-1)
dnl FEATURE(use_ct_file) -- trusted users come from a file.
_DEFIFNOT(`confCT_FILE', `MAIL_SETTINGS_DIR`'trusted-users')
define(`_USE_CT_FILE_')
