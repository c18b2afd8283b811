#!/bin/sh
# Installs Postrider as the system's sendmail, or takes it away again.
#
#   ./install.sh                build and install
#   ./install.sh --no-build     install what is built
#   ./install.sh --no-services  leave systemd and init alone
#   ./install.sh --uninstall    remove what was put there; mail, queues and a site's own files stay
#   ./install.sh --ask          and ask how mail is to go: smart host, domains, who may relay ...
#   ./install.sh --smart-host=HOST[:PORT] --masquerade=DOMAIN --relay=NETS ...   the same without questions
#                               (`sh etc/setup --help` lists them); an old sendmail.mc is kept as sendmail.mc.old
#
# A site's own files are never overwritten: what exists in /etc/mail stays. A sendmail of another package is diverted
# (dpkg-divert) or moved to NAME.before-postrider, and comes back with --uninstall.
set -eu
cd "$(dirname "$0")"
PREFIX=${PREFIX:-/usr}
build=1 services=1 action=install answers=$(mktemp)
trap 'rm -f "$answers"' EXIT
for flag; do
  case $flag in
    --no-build) build= ;;
    --no-services) services= ;;
    --uninstall) action=uninstall ;;
    --ask|--auth|--smart-host=*|--masquerade=*|--names=*|--relay=*|--listen=*|--submission=*|--delivery=*|--null-client=*)
      printf '%s\n' "$flag" >>"$answers" ;;
    *) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 64 ;;
  esac
done
[ "$(id -u)" = 0 ] || { echo "install.sh: must be root (try: sudo ./install.sh)" >&2; exit 77; }
STATE=/var/lib/postrider
OURS=$STATE/installed
say() { printf '%s\n' "$*"; }

# Files of others that stand where ours go.
taken="$PREFIX/sbin/sendmail $PREFIX/lib/sendmail $PREFIX/bin/mailq $PREFIX/bin/newaliases $PREFIX/bin/hoststat $PREFIX/bin/purgestat
  $PREFIX/sbin/makemap $PREFIX/sbin/editmap $PREFIX/sbin/praliases $PREFIX/sbin/mailstats $PREFIX/bin/vacation $PREFIX/bin/rmail
  $PREFIX/libexec/mail.local $PREFIX/libexec/smrsh"
# Debian's scripts call the daemon and the submission program by these names; where they are, they become ours.
aliases=
for file in "$PREFIX/sbin/sendmail-mta" "$PREFIX/sbin/sendmail-msp"; do
  if [ -e "$file" ] || [ -L "$file" ]; then aliases="$aliases $file"; fi
done
taken="$taken $aliases"

set_aside() {
  for file in $taken; do
    { [ -e "$file" ] || [ -L "$file" ]; } || continue
    grep -qxF "$file" "$OURS" 2>/dev/null && continue
    if command -v dpkg-divert >/dev/null; then
      dpkg-divert --quiet --local --rename --divert "$file.before-postrider" --add "$file" >/dev/null 2>&1 || mv "$file" "$file.before-postrider"
    else
      mv "$file" "$file.before-postrider"
    fi
    echo "$file" >>"$STATE/set-aside"
    say "set aside: $file -> $file.before-postrider"
  done
}

bring_back() {
  [ -e "$STATE/set-aside" ] || return 0
  while read -r file; do
    if command -v dpkg-divert >/dev/null && dpkg-divert --list "$file" 2>/dev/null | grep -q before-postrider; then
      dpkg-divert --quiet --local --rename --remove "$file" >/dev/null
    elif [ -e "$file.before-postrider" ] || [ -L "$file.before-postrider" ]; then
      mv "$file.before-postrider" "$file"
    fi
    say "brought back: $file"
  done <"$STATE/set-aside"
  rm -f "$STATE/set-aside"
}

add_user() { # name comment home
  getent group "$1" >/dev/null || groupadd --system "$1"
  getent passwd "$1" >/dev/null || useradd --system --gid "$1" --comment "$2" --home-dir "$3" --no-create-home --shell /usr/sbin/nologin "$1"
}

put() { # mode source target: only where nothing stands
  [ -e "$3" ] && return 0
  install -m "$1" "$2" "$3"
  say "new: $3"
}

has_systemd() { [ -n "$services" ] && [ -d /run/systemd/system ] && command -v systemctl >/dev/null; }

if [ $action = uninstall ]; then
  if has_systemd; then systemctl disable --now sm-client.service sendmail.service 2>/dev/null || :; fi
  # Daemons that were started by hand.
  sh etc/init.sendmail stop >/dev/null || say "a sendmail still runs: stop it"
  make uninstall PREFIX="$PREFIX" >/dev/null
  for file in $aliases; do
    if [ "$(readlink "$file")" = sendmail ]; then rm -f "$file"; fi
  done
  for file in /etc/systemd/system/sendmail.service /etc/systemd/system/sm-client.service /etc/init.d/sendmail; do
    if [ -e "$file" ] && grep -q Postrider "$file"; then rm -f "$file"; say "removed: $file"; fi
  done
  if has_systemd; then systemctl daemon-reload; fi
  rm -f "$OURS"
  bring_back
  rmdir "$STATE" 2>/dev/null || :
  say "Postrider is gone. Mail, queues, users and the files in /etc/mail stay."
  exit 0
fi

[ -z "$build" ] || make
[ -x "${CARGO_TARGET_DIR:-target}/release/sendmail" ] || { echo "install.sh: nothing is built yet: run make" >&2; exit 1; }

add_user smmta "Mail Transfer Agent" /var/spool/mqueue
add_user smmsp "Mail Submission Program" /var/spool/clientmqueue
mkdir -p "$STATE"
set_aside
make install PREFIX="$PREFIX" >/dev/null
for file in $aliases; do ln -sf sendmail "$file"; done
if [ ! -L "$PREFIX/share/sendmail/cf" ]; then
  say "note: $PREFIX/share/sendmail/cf is there already and stays; our macro tree is in $PREFIX/share/sendmail-cf"
fi
chown root:smmsp "$PREFIX/sbin/sendmail"
chmod 2555 "$PREFIX/sbin/sendmail"
for file in $taken; do echo "$file"; done | sed 's/^ *//' >"$OURS"

[ -d /etc/mail ] || install -d -m 755 /etc/mail
# Queues that are there keep their owner: the daemon becomes that user, and so can read what lies in them.
[ -d /var/spool/mqueue ] || install -d -m 700 -o smmta -g smmta /var/spool/mqueue
[ -d /var/spool/clientmqueue ] || install -d -m 770 -o smmsp -g smmsp /var/spool/clientmqueue
if [ -s "$answers" ]; then
  # One answer on each line, with its blanks. The questions are asked on the terminal.
  set --
  while read -r flag; do set -- "$@" "$flag"; done <"$answers"
  sh etc/setup "$@" >/etc/mail/sendmail.mc.new
  if [ -e /etc/mail/sendmail.mc ]; then
    mv /etc/mail/sendmail.mc /etc/mail/sendmail.mc.old
    say "kept: the old /etc/mail/sendmail.mc is sendmail.mc.old"
  fi
  mv /etc/mail/sendmail.mc.new /etc/mail/sendmail.mc
  chmod 644 /etc/mail/sendmail.mc
  if [ -e /etc/mail/sendmail.cf ]; then mv /etc/mail/sendmail.cf /etc/mail/sendmail.cf.old; fi
  say "made: /etc/mail/sendmail.mc from the answers"
  if grep -q authinfo /etc/mail/sendmail.mc && [ ! -e /etc/mail/authinfo ]; then
    install -m 600 /dev/null /etc/mail/authinfo
    say "new: /etc/mail/authinfo; put in: AuthInfo:HOST \"U:user\" \"P:password\", then: make -C /etc/mail"
  fi
fi
put 644 cf/cf/sendmail.mc /etc/mail/sendmail.mc
put 644 cf/cf/submit.mc /etc/mail/submit.mc
put 644 etc/helpfile /etc/mail/helpfile
put 644 etc/mail.Makefile /etc/mail/Makefile
put 644 etc/aliases /etc/mail/aliases
for table in local-host-names access trusted-users relay-domains; do
  if [ ! -e /etc/mail/$table ]; then install -m 644 /dev/null /etc/mail/$table; say "new: /etc/mail/$table"; fi
done
reader=$(stat -c %U /var/spool/mqueue)
if [ ! -e /etc/mail/statistics ]; then install -m 600 -o "$reader" /dev/null /etc/mail/statistics; fi
if [ ! -e /var/spool/clientmqueue/sm-client.st ]; then install -m 660 -o smmsp -g smmsp /dev/null /var/spool/clientmqueue/sm-client.st; fi
M4=$PREFIX/libexec/postrider/m4
for name in sendmail submit; do
  if [ ! -e /etc/mail/$name.cf ]; then
    $M4 -D_CF_DIR_="$PREFIX/share/sendmail-cf/" "$PREFIX/share/sendmail-cf/m4/cf.m4" /etc/mail/$name.mc >/etc/mail/$name.cf.new
    mv /etc/mail/$name.cf.new /etc/mail/$name.cf
    chmod 644 /etc/mail/$name.cf
    say "made: /etc/mail/$name.cf from $name.mc"
  fi
done
if [ -e /etc/mail/aliases ] && [ ! -e /etc/mail/aliases.db ]; then "$PREFIX/bin/newaliases" || :; fi
if [ -e /etc/mail/access ] && [ ! -e /etc/mail/access.db ]; then "$PREFIX/sbin/makemap" hash /etc/mail/access </etc/mail/access || :; fi
# An alias or table file that the daemon's user cannot read would stop all mail.
if command -v setpriv >/dev/null; then
  for db in /etc/mail/*.db; do
    if [ -e "$db" ] && ! setpriv --reuid "$reader" --init-groups --inh-caps=-all test -r "$db"; then
      say "warning: $db cannot be read by $reader, which the daemon becomes: chown $reader $db"
    fi
  done
fi

if [ -n "$services" ]; then
  if [ -d /etc/systemd/system ]; then
    put 644 etc/sendmail.service /etc/systemd/system/sendmail.service
    put 644 etc/sm-client.service /etc/systemd/system/sm-client.service
    if has_systemd; then systemctl daemon-reload; fi
  fi
  if [ -d /etc/init.d ]; then put 755 etc/init.sendmail /etc/init.d/sendmail; fi
fi
say "Postrider is installed. Start it:"
if has_systemd; then
  say "  systemctl enable --now sendmail sm-client"
else
  say "  $PREFIX/sbin/sendmail -L sm-mta -bd -q30m"
  say "  $PREFIX/sbin/sendmail -L sm-msp-queue -Ac -q30m"
fi
