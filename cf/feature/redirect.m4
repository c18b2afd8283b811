divert(-1)
dnl FEATURE(redirect) -- address.REDIRECT is refused with the new address.
define(`_REDIRECT_')
