divert(-1)
dnl FEATURE(genericstable) -- names that users carry outside.
define(`_GENERICS_TABLE_')
_TABLE_(`generics', `genericstable', `generics')
