# /etc/mail/Makefile: make -C /etc/mail rebuilds what changed: sendmail.cf and submit.cf from their .mc, tables, aliases.
CFDIR   ?= /usr/share/sendmail-cf/
M4      ?= $(firstword $(wildcard /usr/libexec/postrider/m4) m4)
MAKEMAP ?= makemap
TABLES   = access virtusertable genericstable mailertable domaintable authinfo bitdomain uudomain userdb
PRESENT  = $(wildcard $(TABLES))

all: $(patsubst %.mc,%.cf,$(wildcard sendmail.mc submit.mc)) $(PRESENT:=.db) aliases.db

%.cf: %.mc
	$(M4) -D_CF_DIR_=$(CFDIR) $(CFDIR)m4/cf.m4 $< > $@.new
	mv $@.new $@

%.db: %
	$(MAKEMAP) hash $< < $<

aliases.db: aliases
	newaliases

.PHONY: all
