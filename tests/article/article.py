"""The article's steps and what its reader then does. Run by tests/article/run inside a private copy of the system."""
import base64, ctypes, glob, os, pathlib, re, signal, smtplib, socket, ssl, subprocess, sys, threading, time, unittest

HOST = "mail.fluffy.test"
PASSWORD = "correct horse"
SINK = "192.0.2.9"                              # the next hop, on a network of its own: the daemon has port 25 of all of this host
MAILBOX = pathlib.Path("/var/mail/alice")
LOG = []                                        # records that syslog would have got

MC = """VERSIONID(`Sample Sendmail AUTH/STARTTLS configuration file')dnl
OSTYPE(linux)dnl
DOMAIN(generic)dnl
define(`confAUTH_OPTIONS', `A')dnl
define(`confAUTH_MECHANISMS', `PLAIN')dnl
TRUST_AUTH_MECH(`PLAIN')dnl
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
define(`confCACERT', `/etc/ssl/certs/certificate-authority.crt')dnl
define(`confSERVER_CERT', `/etc/ssl/certs/server.crt')dnl
define(`confSERVER_KEY', `/etc/ssl/certs/server.key')dnl
define(`confPRIVACY_FLAGS', `goaway')dnl
MAILER(local)dnl
MAILER(smtp)dnl
"""
EHLO = ["ENHANCEDSTATUSCODES", "PIPELINING", "8BITMIME", "SIZE", "DSN", "ETRN", "AUTH PLAIN", "STARTTLS", "DELIVERBY", "HELP"]


def sh(command, check=True, **kw):
    kw.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, **kw)
    if check and done.returncode:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}")
    return done


def wait(condition, seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def syslogd():
    """Listens on /dev/log and keeps the records."""
    path = "/dev/log"
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(path)
    os.chmod(path, 0o666)

    def run():
        while True:
            LOG.append(server.recv(65536).decode("utf-8", "replace"))
    threading.Thread(target=run, daemon=True).start()


class Sink(threading.Thread):
    """A next hop: takes every message and keeps it."""
    def __init__(self):
        super().__init__(daemon=True)
        self.messages, self.commands = [], []
        self.server = self.elsewhere(lambda: socket.create_server((SINK, 25), backlog=50))

    @staticmethod
    def elsewhere(make):
        """A socket of another network namespace, which a veth pair joins with this one."""
        sh(f"ip netns add sink && ip link add here type veth peer name there netns sink && ip addr add 192.0.2.1/24 dev here && ip link set here up && "
           f"ip -n sink addr add {SINK}/24 dev there && ip -n sink link set there up && ip -n sink link set lo up")
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as own, open("/run/netns/sink") as other:
            if libc.setns(other.fileno(), 0):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                return make()
            finally:
                libc.setns(own.fileno(), 0)

    def run(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        f = connection.makefile("rwb", 0)
        f.write(b"220 sink.elsewhere.test ESMTP\r\n")
        text = None
        for line in f:
            if text is not None:
                if line == b".\r\n":
                    self.messages.append(bytes(text))
                    text = None
                    f.write(b"250 2.0.0 taken\r\n")
                else:
                    text += line
                continue
            self.commands.append(line.decode().strip())
            verb = line[:4].upper()
            if verb == b"EHLO":
                f.write(b"250-sink.elsewhere.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n")
            elif verb == b"DATA":
                text = bytearray()
                f.write(b"354 go on\r\n")
            elif verb == b"QUIT":
                f.write(b"221 bye\r\n")
                break
            else:
                f.write(b"250 2.1.0 ok\r\n")
        connection.close()


def tls_context():
    context = ssl.create_default_context(cafile="/etc/ssl/certs/certificate-authority.crt")
    return context


def daemon_pid():
    return int(pathlib.Path("/var/run/sendmail.pid").read_text().split("\n")[0])


def gone(pid):
    """Whether a process has ended: this one is the first of its namespace, and orphans are its to bury."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
    return not os.path.exists(f"/proc/{pid}")


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def title(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (FileNotFoundError, ProcessLookupError):    # it ended since it was listed
        return ""


def role(name):
    found = [p for p in children(daemon_pid()) if title(p).startswith(f"sendmail: {name}")]
    return found[0] if found else None


def port_answers(port=25):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            return s.recv(200).startswith(b"220")
    except OSError:
        return False


def submit(text, arguments="-t -i", user="alice"):
    return subprocess.run(["setpriv", "--reuid", user, "--regid", user, "--init-groups", "sh", "-c", f"cd /home/{user} && /usr/sbin/sendmail {arguments}"],
                          input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


def mailbox_has(text, box=MAILBOX):
    return lambda: box.exists() and text in box.read_text(errors="replace")


def logged(pattern):
    return lambda: any(re.search(pattern, record) for record in LOG)


class Article(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        pathlib.Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.0.1 {HOST} mail\n{SINK} elsewhere.test sink.elsewhere.test\n")
        pathlib.Path("/etc/resolv.conf").write_text("nameserver 127.0.0.53\noptions timeout:1 attempts:1\n")
        pathlib.Path("/etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nshadow: files\nhosts: files\nservices: files\n")
        syslogd()
        cls.sink = Sink()
        cls.sink.start()
        sh("rm -rf /etc/mail /var/spool/mqueue /var/spool/clientmqueue; rm -f /var/mail/*")
        for user in ("alice", "bob"):
            sh(f"id {user} 2>/dev/null || useradd -m -s /bin/sh {user}")
            sh(f"echo '{user}:{PASSWORD}' | chpasswd")
        cls.steps()

    @classmethod
    def steps(cls):
        """What the article types."""
        os.chdir("/src/devtools/Site")
        pathlib.Path("site.config.m4").write_text("APPENDDEF(`conf_sendmail_ENVDEF', `-DSASL -DSTARTTLS')\nAPPENDDEF(`conf_sendmail_LIBS', `-lsasl -lssl -lcrypto')\n")
        os.chdir("/src/cf/cf")
        pathlib.Path("sendmail.mc").write_text(MC)
        sh("sh Build sendmail.cf")
        sh("mkdir -p /etc/mail")
        sh("sh Build install-cf")
        os.chdir("/src")
        cls.install = sh("./install.sh --no-build --no-services").stdout
        os.makedirs("/usr/lib/sasl", exist_ok=True)
        pathlib.Path("/usr/lib/sasl/Sendmail.conf").write_text("pwcheck_method: shadow\n")
        os.chdir("/etc/ssl/certs")
        sh("openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj '/CN=Test CA' -keyout /tmp/ca.key -out certificate-authority.crt")
        sh(f"openssl req -newkey rsa:2048 -nodes -subj /CN={HOST} -keyout server.key -out /tmp/server.csr")
        pathlib.Path("/tmp/ext").write_text(f"subjectAltName=DNS:{HOST},DNS:localhost\n")
        sh("openssl x509 -req -in /tmp/server.csr -CA certificate-authority.crt -CAkey /tmp/ca.key -CAcreateserial -days 9 -extfile /tmp/ext -out server.crt")
        sh("chmod 400 server.crt server.key")
        os.chdir("/")
        sh("/usr/sbin/sendmail -L sm-mta -bd -q30m")
        sh("/usr/sbin/sendmail -L sm-msp-queue -Ac -q30m")
        if not wait(port_answers):
            raise AssertionError("port 25 does not answer\n" + "\n".join(LOG))

    # ---- the installation
    def test_01_installed(self):
        binary = os.stat("/usr/sbin/sendmail")
        self.assertEqual(binary.st_mode & 0o7777, 0o2555)
        for link in ("/usr/lib/sendmail", "/usr/bin/mailq", "/usr/bin/newaliases", "/usr/bin/hoststat", "/usr/bin/purgestat", "/usr/sbin/makemap"):
            self.assertTrue(os.path.samefile(link, "/usr/sbin/sendmail"), link)
        for file in ("sendmail.mc", "submit.mc", "sendmail.cf", "submit.cf", "aliases", "local-host-names", "helpfile", "access"):
            self.assertTrue(os.path.exists("/etc/mail/" + file), file)
        self.assertEqual(pathlib.Path("/src/cf/cf/sendmail.mc").read_text(), MC)

    def test_02_same_with_the_systems_m4(self):
        theirs = sh("cd /src/cf/cf && m4 ../m4/cf.m4 sendmail.mc | grep -v '^#'").stdout
        ours = sh("cd /src/cf/cf && /usr/libexec/postrider/m4 ../m4/cf.m4 sendmail.mc | grep -v '^#'").stdout
        self.assertEqual(theirs, ours)

    def test_03_pid_file_and_titles(self):
        lines = pathlib.Path("/var/run/sendmail.pid").read_text().split("\n")
        self.assertEqual(lines[1:], ["/usr/sbin/sendmail -L sm-mta -bd -q30m", ""])
        self.assertIn("accepting connections", title(int(lines[0])))
        self.assertEqual(os.getsid(int(lines[0])), int(lines[0]))

    def test_04_processes_have_their_rights(self):
        mta = pathlib.Path(f"/proc/{role('mta')}/status").read_text()
        self.assertNotRegex(mta, r"Uid:\t0\t")
        self.assertRegex(mta, r"CapEff:\t0000000000000000")
        self.assertRegex(mta, r"Seccomp:\t2")
        auth = pathlib.Path(f"/proc/{role('auth')}/status").read_text()
        self.assertRegex(auth, r"CapEff:\t0000000000000000")

    # ---- the test of the article
    def ehlo(self, client):
        client.docmd("ehlo", "localhost")
        code, text = client.docmd("ehlo localhost")
        return text.decode().split("\n")

    def test_10_ehlo(self):
        with smtplib.SMTP("127.0.0.1", 25) as client:
            lines = self.ehlo(client)
            self.assertEqual(lines[0], f"{HOST} Hello localhost [127.0.0.1], pleased to meet you")
            self.assertEqual(lines[1:], EHLO)
            client.starttls(context=self.local_context())
            self.assertEqual(self.ehlo(client)[1:], [x for x in EHLO if x != "STARTTLS"])

    def test_11_banner(self):
        with socket.create_connection(("127.0.0.1", 25)) as s:
            self.assertRegex(s.recv(500).decode(), rf"^220 {HOST} ESMTP Sendmail 8\.\S+/8\.\S+; \w{{3}}, \d+ \w{{3}} \d{{4}} [\d:]{{8}} ([+-]\d{{4}}( \(\w+\))?|GMT)\r\n$")

    def test_12_submission_port(self):
        with smtplib.SMTP("127.0.0.1", 587) as client:
            lines = self.ehlo(client)
            self.assertNotIn("ETRN", lines)
            self.assertIn("AUTH PLAIN", lines)

    def local_context(self):
        context = tls_context()
        context.check_hostname = False
        return context

    def test_20_no_relaying_for_strangers(self):
        with smtplib.SMTP(HOST, 25, source_address=("127.0.0.77", 0)) as client:
            client.ehlo("stranger")
            client.mail("x@elsewhere.test")
            code, text = client.rcpt("bob@elsewhere.test")
            self.assertEqual(code, 550)
            self.assertRegex(text.decode(), r"^5\.7\.1 <bob@elsewhere\.test>\.\.\. Relaying denied")
        self.assertTrue(wait(logged(r"ruleset=check_rcpt, arg1=<bob@elsewhere\.test>, relay=.*, reject=550 5\.7\.1")))

    def authenticated(self, password=PASSWORD, port=25):
        client = smtplib.SMTP(HOST, port, source_address=("127.0.0.77", 0))
        client.ehlo("laptop")
        client.starttls(context=tls_context())
        client.ehlo("laptop")
        token = base64.b64encode(b"\0alice\0" + password.encode()).decode()
        return client, client.docmd("AUTH", "PLAIN " + token)

    def test_21_wrong_password(self):
        client, (code, text) = self.authenticated("wrong")
        self.assertEqual((code, text), (535, b"5.7.0 authentication failed"))
        client.close()
        self.assertTrue(wait(logged(r"AUTH failure \(PLAIN\): authentication failure \(-13\).*user=alice, relay=")))

    def test_22_relay_for_the_authenticated(self):
        client, (code, text) = self.authenticated()
        self.assertEqual((code, text), (235, b"2.0.0 OK Authenticated"))
        client.sendmail(f"alice@{HOST}", ["bob@elsewhere.test"], f"From: alice@{HOST}\r\nTo: bob@elsewhere.test\r\nSubject: relayed 22\r\n\r\nhello\r\n.dot\r\n")
        client.quit()
        self.assertTrue(wait(lambda: any(b"relayed 22" in m for m in self.sink.messages)), "\n".join(LOG[-20:]))
        message = next(m for m in self.sink.messages if b"relayed 22" in m).decode()
        self.assertRegex(message, r"Received: from laptop \(.*\[127\.0\.0\.77\].*\)\s+\(authenticated bits=\d+\)\s+by " + re.escape(HOST) + r" \(8\.\S+/8\.\S+\) with ESMTPSA id \w{14}\s+\(version=TLSv1\.\d cipher=\S+ bits=\d+ verify=\w+\)\s+for <bob@elsewhere\.test>; ")
        self.assertTrue(message.endswith("hello\r\n..dot\r\n"))
        self.assertIn(f"MAIL From:<alice@{HOST}> SIZE=", " ".join(self.sink.commands))
        self.assertTrue(wait(logged(r"STARTTLS=server, relay=.*, version=TLSv1\.\d, verify=\w+, cipher=\S+, bits=\d+/\d+")))
        self.assertTrue(wait(logged(r"AUTH=server, relay=.*, authid=alice\S*, mech=PLAIN, bits=0")))
        self.assertTrue(wait(logged(rf": from=<alice@{HOST}>, size=\d+, class=0, nrcpts=1, .*proto=ESMTPSA, daemon=MTA, relay=")))
        self.assertTrue(wait(logged(r": to=<bob@elsewhere\.test>, .*delay=[\d:]+, xdelay=[\d:]+, mailer=esmtp, pri=\d+, relay=elsewhere\.test\.? \[192\.0\.2\.9\], dsn=2\.0\.0, stat=Sent \(.*taken\)")))

    # ---- local delivery
    def test_30_local(self):
        with smtplib.SMTP("127.0.0.1", 25) as client:
            client.sendmail("carol@elsewhere.test", [f"alice@{HOST}"], "Subject: local 30\r\n\r\nFrom the body\r\n")
        self.assertTrue(wait(mailbox_has("local 30")), "\n".join(LOG[-20:]))
        self.assertIn("\n>From the body\n", MAILBOX.read_text())
        stat = MAILBOX.stat()
        self.assertEqual(stat.st_uid, int(sh("id -u alice").stdout))
        self.assertEqual(stat.st_mode & 0o077 & ~0o060, 0)

    def test_31_unknown_user(self):
        with smtplib.SMTP("127.0.0.1", 25) as client:
            client.ehlo("x")
            client.mail("alice@elsewhere.test")
            code, text = client.rcpt(f"nosuch@{HOST}")
            self.assertEqual((code, text.decode()), (550, f"5.1.1 <nosuch@{HOST}>... User unknown"))

    def test_32_aliases_and_forward(self):
        pathlib.Path("/etc/mail/aliases").write_text("postmaster: root\nMAILER-DAEMON: postmaster\nteam: alice, bob\nlist: :include:/etc/mail/list\nowner-list: bob\n"
                                                    "prog: \"|/bin/cat >> /var/tmp/article-prog\"\nfile: /var/tmp/article-file\n")
        pathlib.Path("/etc/mail/list").write_text("# members\nalice\nbob\n")
        sh("rm -f /var/tmp/article-*; newaliases")
        home = pathlib.Path("/home/bob")
        (home / ".forward").write_text("\\bob, \"|/usr/bin/id -un > /home/bob/who\"\n")
        sh("chown bob:bob /home/bob/.forward; chmod 644 /home/bob/.forward; chmod 755 /home/bob")
        with smtplib.SMTP("127.0.0.1", 25) as client:
            client.sendmail("carol@elsewhere.test", [f"{n}@{HOST}" for n in ("team", "list", "prog", "file")], "Subject: alias 32\r\n\r\nx\r\n")
        bob = pathlib.Path("/var/mail/bob")
        self.assertTrue(wait(mailbox_has("alias 32", bob)), "\n".join(LOG[-30:]))
        self.assertTrue(wait(mailbox_has("alias 32")))
        self.assertTrue(wait(mailbox_has("alias 32", pathlib.Path("/var/tmp/article-prog"))), "\n".join(LOG[-30:]))
        self.assertTrue(wait(mailbox_has("alias 32", pathlib.Path("/var/tmp/article-file"))), "\n".join(LOG[-30:]))
        self.assertTrue(wait(mailbox_has("bob\n", home / "who")), "\n".join(LOG[-30:]))
        (home / ".forward").unlink()

    # ---- local submission
    def test_40_submit(self):
        done = submit("To: bob\nBcc: alice\nSubject: submitted 40\n\n.\nafter the dot\n")
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        bob = pathlib.Path("/var/mail/bob")
        self.assertTrue(wait(mailbox_has("submitted 40", bob)), "\n".join(LOG[-30:]))
        text = bob.read_text()
        self.assertIn("after the dot", text)
        self.assertNotIn("Bcc:", text)
        self.assertRegex(text, rf"From: alice <alice@{HOST}>|From: alice@{HOST}|From: \S.*<alice@{HOST}>")
        self.assertRegex(text, rf"Message-Id: <\d{{12}}\.\w{{14}}@{HOST}>")
        self.assertTrue(wait(mailbox_has("submitted 40")))

    def test_41_exit_codes(self):
        for arguments, text, code in (("", "", 64), ("-t", "Subject: x\n\n", 0), ("-Z bob", "", 64), ("-q", "", 77), ("-bd", "", 64), ("-C /none bob", "", 72), ("bob@", "x\n", 64)):
            with self.subTest(arguments):
                done = submit(text, arguments)
                self.assertEqual(done.returncode, code, done.stdout)
        self.assertIn(b"Recipient names must be specified", submit("", "").stdout)

    def failing(self, arguments, text="Subject: fails 44\n\nx\n"):
        """What is said, the exit code, and what is new in dead.letter."""
        letter = pathlib.Path("/home/alice/dead.letter")
        letter.unlink(missing_ok=True)
        done = submit(text, arguments)
        return done.stdout.decode(), done.returncode, letter.read_text() if letter.exists() else ""

    def test_44_failures(self):
        saved = "/home/alice/dead.letter... Saved message in /home/alice/dead.letter\n"
        for arguments, said, code in (("nosuch", saved, 67), ("-oep nosuch bob", saved, 67), ("bob@", "bob@... Hostname required\n" + saved, 64),
                                      ("-h 30 bob", saved, 69), ("-f alice@" + HOST + " nosuch", saved, 67)):
            with self.subTest(arguments):
                out, rc, letter = self.failing(arguments)
                self.assertEqual((out, rc), (said, code))
                self.assertRegex(letter, r"\AFrom alice\S* .*\nReturn-Path: <alice\S*>\nReceived: \(from alice@localhost\)\n")
                self.assertTrue(letter.endswith("Subject: fails 44\n\nx\n\n"), letter)
        for arguments, said, code in (("-oeq nosuch", "", 67), ("-N never nosuch", "", 67), ("-U bob", "", 64), ("-OBadOption=1 bob", "readcf: unknown option name BadOption\n", 70),
                                      ("-qIx", "You do not have permission to process the queue\n", 77), ("-bd", "550 Permission denied (real uid not trusted)\r\n", 64),
                                      ("-Qx -qIx", "Permission denied (real uid not trusted)\n", 64), ("--help", "Recipient names must be specified\n", 64)):
            with self.subTest(arguments):
                self.assertEqual(self.failing(arguments), (said, code, ""))

    def test_45_failures_by_mail(self):
        for arguments, code in (("-oem nosuch", 67), ("-oew nosuch", 67), ("-oee nosuch", 0), ("-odb nosuch", 0), ("-odb bob@ bob", 64)):
            with self.subTest(arguments):
                mark = "mailed 45 " + arguments.split()[0] + str(code)
                out, rc, letter = self.failing(arguments, f"Subject: {mark}\n\nx\n")
                self.assertEqual((out, rc, letter), ("bob@... Hostname required\n" if "@" in arguments else "", code, ""))
                self.assertTrue(wait(lambda: f"Subject: {mark}\n\nx\n\n--" in MAILBOX.read_text()), "\n".join(LOG[-20:]))
        out, rc, letter = self.failing("-f bob nosuch", "Subject: of bob 45\n\nx\n")
        self.assertEqual((out, rc, letter), ("", 67, ""))
        self.assertTrue(wait(mailbox_has("of bob 45", pathlib.Path("/var/mail/bob"))))

    def test_46_who_says_to_be_another(self):
        done = submit("Subject: other 46\n\nx\n", "-r root -F 'Some One' bob")
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        bob = pathlib.Path("/var/mail/bob")
        self.assertTrue(wait(mailbox_has("other 46", bob)))
        self.assertRegex(bob.read_text(), rf"From: Some One <root@{HOST}>\nMessage-Id: .*\nX-Authentication-Warning: {HOST}: alice set sender to root using -r\nSubject: other 46\n")
        self.assertTrue(wait(logged(r"Authentication-Warning: \S+: alice set sender to root using -r")))

    def test_47_batch_on_standard_input(self):
        talk = "EHLO x\nMAIL FROM:<alice>\nRCPT TO:<bob>\nDATA\nSubject: batch 47\n\nx\n.\nQUIT\n"
        self.assertIn(b"554 5.5.0 SMTP protocol error", submit(talk, "-bs").stdout)
        self.assertIn(b"221 2.0.0", submit(talk.replace("\n", "\r\n"), "-OBatchInput -bs").stdout)
        self.assertTrue(wait(mailbox_has("batch 47", pathlib.Path("/var/mail/bob"))))

    def test_42_bs(self):
        done = submit("", "-bs")
        self.assertRegex(done.stdout.decode(), rf"^220 {HOST} ESMTP Sendmail ")

    def test_43_bv_and_bt(self):
        done = sh("/usr/sbin/sendmail -bv root")
        self.assertRegex(done.stdout, r"root\.\.\. deliverable: mailer local, user root")
        done = sh("printf '3,0 bob@elsewhere.test\\n/parse alice\\n$=w\\n' | /usr/sbin/sendmail -bt")
        self.assertIn("ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)", done.stdout)
        self.assertIn("$# esmtp $@ elsewhere . test . $: bob < @ elsewhere . test . >", done.stdout)

    # ---- the queue
    def test_50_deferred_and_listed(self):
        done = sh("printf 'Subject: queued 50\\n\\nx\\n' | /usr/sbin/sendmail -Am -odq -f alice bob@elsewhere.test")
        listing = sh("mailq").stdout
        self.assertRegex(listing, r"\t\t/var/spool/mqueue \(1 request\)\n-----Q-ID----- --Size-- -----Q-Time----- ------------Sender/Recipient-----------\n")
        self.assertRegex(listing, r"\n\t\tTotal requests: 1\n")
        self.assertEqual(len(glob.glob("/var/spool/mqueue/qf*")), 1)
        self.assertEqual(len(glob.glob("/var/spool/mqueue/df*")), 1)
        sh("/usr/sbin/sendmail -q")
        self.assertTrue(wait(lambda: any(b"queued 50" in m for m in self.sink.messages)), "\n".join(LOG[-20:]))
        self.assertTrue(wait(lambda: "is empty" in sh("mailq").stdout))

    def test_51_bounce(self):
        with smtplib.SMTP("127.0.0.1", 25) as client:
            client.sendmail(f"alice@{HOST}", [f"failing@{HOST}"], "Subject: fails 51\r\n\r\nx\r\n") if self.failing_alias() else None
        self.assertTrue(wait(mailbox_has("Subject: Returned mail: see transcript for details")), "\n".join(LOG[-20:]))
        text = MAILBOX.read_text()
        self.assertIn("Content-Type: multipart/report; report-type=delivery-status;", text)
        self.assertRegex(text, r"Action: failed\nStatus: 5\.")

    def failing_alias(self):
        with open("/etc/mail/aliases", "a") as f:
            f.write("failing: \"|exit 67\"\n")
        sh("newaliases")
        return True

    # ---- processes that die
    def running(self, name):
        """The process of a role, which may be starting again just now."""
        seen = []
        self.assertTrue(wait(lambda: seen.append(role(name)) or seen[-1]), f"{name} does not start")
        return seen[-1]

    def test_60_killed_processes_come_back(self):
        for name in ("mta", "auth"):
            with self.subTest(name):
                before = self.running(name)
                os.kill(before, signal.SIGKILL)
                self.assertTrue(wait(lambda: role(name) not in (None, before)), name)
        self.assertTrue(wait(port_answers))
        client, (code, _) = self.authenticated()
        self.assertEqual(code, 235)
        client.close()

    def test_61_nothing_accepted_is_lost(self):
        accepted, stop = [], threading.Event()

        def load(worker):
            n = 0
            while not stop.is_set() and n < 400:
                n += 1
                mark = f"kill61-{worker}-{n}"
                try:
                    with smtplib.SMTP("127.0.0.1", 25, timeout=10) as client:
                        client.sendmail("carol@elsewhere.test", [f"bob@{HOST}"], f"Subject: {mark}\r\n\r\nx\r\n")
                        accepted.append(mark)
                except (OSError, smtplib.SMTPException):
                    time.sleep(0.02)
        workers = [threading.Thread(target=load, args=(n,)) for n in range(4)]
        for worker in workers:
            worker.start()
        for _ in range(5):
            time.sleep(0.7)
            pid = role("mta")
            if pid:
                os.kill(pid, signal.SIGKILL)
        stop.set()
        for worker in workers:
            worker.join()
        self.assertTrue(wait(port_answers))
        sh("/usr/sbin/sendmail -q")
        self.assertGreater(len(accepted), 20)
        bob = pathlib.Path("/var/mail/bob")

        def missing():
            text = bob.read_text(errors="replace")
            return [m for m in accepted if f"Subject: {m}\n" not in text]
        self.assertTrue(wait(lambda: not missing(), 30), f"{len(missing())} of {len(accepted)} lost: {missing()[:5]}\n" + sh("mailq").stdout[:2000])

    # ---- signals
    def test_70_hup_restarts(self):
        before = daemon_pid()
        os.kill(before, signal.SIGHUP)
        self.assertTrue(wait(logged(r"restarting /usr/sbin/sendmail due to signal")))
        self.assertTrue(wait(port_answers))
        self.assertEqual(pathlib.Path("/var/run/sendmail.pid").read_text().split("\n")[1], "/usr/sbin/sendmail -L sm-mta -bd -q30m")

    def test_71_submission_while_the_daemon_is_down(self):
        pid = daemon_pid()
        os.kill(pid, signal.SIGTERM)
        self.assertTrue(wait(lambda: gone(pid)))
        self.assertFalse(os.path.exists("/var/run/sendmail.pid"))
        done = submit("To: bob\nSubject: later 71\n\nx\n")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(glob.glob("/var/spool/clientmqueue/qf*")), 1)
        sh("/usr/sbin/sendmail -L sm-mta -bd -q30m")
        self.assertTrue(wait(port_answers))
        sh("/usr/sbin/sendmail -Ac -q")
        self.assertTrue(wait(mailbox_has("later 71", pathlib.Path("/var/mail/bob"))), "\n".join(LOG[-20:]))
        self.assertTrue(wait(lambda: not glob.glob("/var/spool/clientmqueue/qf*")))

    def test_90_uninstall(self):
        for file in ("/var/run/sendmail.pid", "/var/spool/clientmqueue/sm-client.pid"):
            if os.path.exists(file):
                os.kill(int(pathlib.Path(file).read_text().split("\n")[0]), signal.SIGTERM)
        self.assertTrue(wait(lambda: not os.path.exists("/var/run/sendmail.pid")))
        os.chdir("/src")
        sh("./install.sh --uninstall")
        for gone in ("/usr/sbin/sendmail", "/usr/bin/mailq", "/usr/share/sendmail-cf"):
            self.assertFalse(os.path.exists(gone) and not os.path.exists(gone + ".before-postrider") and "postrider" in os.path.realpath(gone), gone)
        for stays in ("/etc/mail/sendmail.mc", "/etc/mail/aliases", "/var/spool/mqueue", "/var/mail/bob"):
            self.assertTrue(os.path.exists(stays), stays)


if __name__ == "__main__":
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout, failfast=False).run(unittest.defaultTestLoader.loadTestsFromTestCase(Article))
    if not result.wasSuccessful():
        print("\n".join(LOG[-60:]))
    failed = len(result.failures) + len(result.errors)
    print(f"article: {result.testsRun - failed} passed, {failed} failed")
    sys.exit(0 if result.wasSuccessful() else 1)
