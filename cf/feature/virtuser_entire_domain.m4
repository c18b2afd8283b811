divert(-1)
dnl FEATURE(virtuser_entire_domain) -- subdomains of class VirtHost count too.
define(`_VIRTUSER_ENTIRE_DOMAIN_')
