divert(-1)
dnl berkeley-only.m4 -- the domain files of that university are samples; this says so.
errprint(`*** ERROR: You are trying to use the Berkeley sample configuration	files outside of the Computer Science Division at Berkeley.	The configuration (.mc) files must be customized to reference	domain files appropriate for your environment.')
