divert(-1)
dnl FEATURE(masquerade_entire_domain) -- subdomains of class M are masqueraded too.
define(`_MASQUERADE_ENTIRE_DOMAIN_')
