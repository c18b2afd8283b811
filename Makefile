# Postrider: build, run, test, install.
#
#   make            the release binary with its links in target/release
#   make run        a mail server on loopback ports 2525 and 2587, no root needed (RUN_DIR=./run)
#   make test       everything that .ci/run judges
#   make install    DESTDIR= PREFIX=/usr (no users, no configuration: that is ./install.sh)
#   make uninstall  takes away what install put there
#   make campaign   CAMPAIGN random configurations, tables and commands (100000 by default)

SHELL      = /bin/sh
DESTDIR   ?=
PREFIX    ?= /usr
CARGO     ?= cargo
TARGET    ?= $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
BINARY     = $(TARGET)/release/sendmail
LIBEXEC    = $(PREFIX)/libexec
SHARE      = $(PREFIX)/share
SBIN_LINKS = makemap editmap praliases mailstats
BIN_LINKS  = mailq newaliases hoststat purgestat vacation rmail
EXEC_LINKS = mail.local smrsh
LOCAL_LINKS = $(SBIN_LINKS) $(BIN_LINKS) $(EXEC_LINKS) m4
RUN_DIR   ?= run

.PHONY: all build deps run test campaign install uninstall clean
all: build

deps:
	@sh etc/build-packages

build: deps
	$(CARGO) build --release --locked
	@for name in $(LOCAL_LINKS); do ln -sf sendmail $(TARGET)/release/$$name; done

run: build
	@sh etc/demo $(BINARY) $(RUN_DIR)

test: deps
	sh tests/run

install:
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(LIBEXEC)/postrider
	install -m 2555 $(BINARY) $(DESTDIR)$(PREFIX)/sbin/sendmail
	for n in $(SBIN_LINKS); do ln -sf sendmail $(DESTDIR)$(PREFIX)/sbin/$$n; done
	for n in $(BIN_LINKS); do ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/bin/$$n; done
	for n in $(EXEC_LINKS); do ln -sf ../sbin/sendmail $(DESTDIR)$(LIBEXEC)/$$n; done
	ln -sf ../../sbin/sendmail $(DESTDIR)$(LIBEXEC)/postrider/m4
	ln -sf ../sbin/sendmail $(DESTDIR)$(PREFIX)/lib/sendmail
	install -d $(DESTDIR)$(SHARE)/man/man1 $(DESTDIR)$(SHARE)/man/man5 $(DESTDIR)$(SHARE)/man/man8
	for page in man/*.[158]; do install -m 644 $$page $(DESTDIR)$(SHARE)/man/man$${page##*.}/; done
	install -d $(DESTDIR)$(SHARE)/sendmail-cf $(DESTDIR)$(SHARE)/postrider
	cp -R cf/. $(DESTDIR)$(SHARE)/sendmail-cf/
	rm -f $(DESTDIR)$(SHARE)/sendmail-cf/cf/*.cf
	test -e $(DESTDIR)$(SHARE)/sendmail/cf || { install -d $(DESTDIR)$(SHARE)/sendmail; ln -s ../sendmail-cf $(DESTDIR)$(SHARE)/sendmail/cf; }
	install -m 644 etc/helpfile etc/mail.Makefile etc/sendmail.service etc/sm-client.service $(DESTDIR)$(SHARE)/postrider/
	install -m 755 etc/init.sendmail etc/setup $(DESTDIR)$(SHARE)/postrider/

uninstall:
	for n in $(SBIN_LINKS) sendmail; do rm -f $(DESTDIR)$(PREFIX)/sbin/$$n; done
	for n in $(BIN_LINKS); do rm -f $(DESTDIR)$(PREFIX)/bin/$$n; done
	for n in $(EXEC_LINKS); do rm -f $(DESTDIR)$(LIBEXEC)/$$n; done
	rm -f $(DESTDIR)$(PREFIX)/lib/sendmail
	rm -rf $(DESTDIR)$(LIBEXEC)/postrider $(DESTDIR)$(SHARE)/postrider $(DESTDIR)$(SHARE)/sendmail-cf
	test ! -L $(DESTDIR)$(SHARE)/sendmail/cf || rm -f $(DESTDIR)$(SHARE)/sendmail/cf
	for page in man/*.[158]; do rm -f $(DESTDIR)$(SHARE)/man/man$${page##*.}/$${page##*/}; done

campaign:
	CAMPAIGN=$(or $(CAMPAIGN),100000) $(CARGO) test --release --test campaign

clean:
	$(CARGO) clean
