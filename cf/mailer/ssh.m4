divert(-1)
dnl ssh.m4 -- SMTP to the sendmail program of a host that is reached by ssh.
ifdef(`SSH_MAILER_USER', `', `_SAY_(`*** SSH_MAILER_USER must be defined before MAILER(`ssh').')')
ifdef(`SSH_MAILER_DIR', `', `_SAY_(`*** SSH_MAILER_DIR must be defined before MAILER(`ssh').')')
_DEFIFNOT(`SSH_MAILER_PATH', `/usr/bin/ssh')
_DEFIFNOT(`SSH_MAILER_ARGS', `ssh -o BatchMode=yes -o EscapeChar=none -- $h /usr/sbin/sendmail -bs')
divert(7)dnl
#
# mailer of ssh.m4
#
Mssh,		P=SSH_MAILER_PATH, F=mDFMuX, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\r\n, L=990, U=SSH_MAILER_USER, D=SSH_MAILER_DIR,
		T=DNS/RFC822/SMTP, A=SSH_MAILER_ARGS
divert(-1)
