divert(-1)
dnl FEATURE(generics_entire_domain) -- subdomains of class G count too.
define(`_GENERICS_ENTIRE_DOMAIN_')
