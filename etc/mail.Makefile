# /etc/mail/Makefile: `make -C /etc/mail` rebuilds what changed: sendmail.cf and submit.cf from their .mc, tables, aliases.
#   make restart | reload | start | stop    does that to the daemon too
CFDIR     ?= /usr/share/sendmail-cf/
M4        ?= $(firstword $(wildcard /usr/libexec/postrider/m4) m4)
MAKEMAP   ?= makemap
SERVICE   ?= $(if $(wildcard /run/systemd/system),systemctl,/etc/init.d/sendmail)
HASHES     = access virtusertable genericstable mailertable domaintable authinfo bitdomain uudomain
CONFIGS    = $(patsubst %.mc,%.cf,$(wildcard sendmail.mc submit.mc))
TABLES     = $(addsuffix .db,$(wildcard $(HASHES) userdb))
ALIASES    = $(addsuffix .db,$(wildcard aliases))

all: $(CONFIGS) $(TABLES) $(ALIASES)

%.cf: %.mc
	$(M4) -D_CF_DIR_=$(CFDIR) $(CFDIR)m4/cf.m4 $< > $@.new || { rm -f $@.new; exit 1; }
	mv $@.new $@

userdb.db: userdb
	$(MAKEMAP) btree $< < $<

%.db: %
	$(MAKEMAP) hash $< < $<

aliases.db: aliases
	newaliases

start stop restart reload: all
	@case "$(SERVICE)" in systemctl) systemctl $@ sendmail ;; *) $(SERVICE) $@ ;; esac

.PHONY: all start stop restart reload
