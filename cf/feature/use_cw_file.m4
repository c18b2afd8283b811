divert(-1)
dnl FEATURE(use_cw_file) -- more names of this host come from a file.
_DEFIFNOT(`confCW_FILE', `MAIL_SETTINGS_DIR`'local-host-names')
define(`_USE_CW_FILE_')
