divert(-1)
dnl FEATURE(vnet) -- names of the pseudo-domain VNET are final.
define(`_EXTRA_PSEUDO_', ` VNET')
