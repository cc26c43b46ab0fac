"""What is shipped works as it is written: configurations, rules, and every command of the README's
walk-through."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import harness
from harness import BINARY, ROOT, config, parse_samples, wait_until
from process import Process
from tocsin import Tocsin

EXAMPLES = ROOT / "examples"
RULES = sorted([*(ROOT / "rules.d").glob("*.yml"), *EXAMPLES.glob("**/rules.d/*.yml")])
CONFIGURATIONS = sorted(EXAMPLES.glob("**/tocsin.yml"))
QUICKSTART = EXAMPLES / "quickstart"
README = (ROOT / "README.md").read_text()
CONTAINERFILE = (EXAMPLES / "container" / "Containerfile").read_text()
README_ADDRESS = "127.0.0.1:9095"

# An ordinary user, where the test is none itself.
NOBODY = 65534
AS_NOBODY = (
    [
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *("--bounding-set=-all", "--no-new-privs", "--"),
    ]
    if os.geteuid() == 0
    else []
)
NEW_MOUNTS = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]

# Everything read-only but one folder, /dev, /proc and /sys, as ProtectSystem=strict has it; each
# mount stays where it is. Then becomes the program that is named.
READ_ONLY_BUT = """
set -e
writable=$1; shift
mount --make-rprivate /
mount --bind "$writable" "$writable"
while read -r _ _ _ _ where _; do
  where=$(printf '%b' "$where")
  case $where in "$writable"|/dev*|/proc*|/sys*) continue;; esac
  mount -o remount,bind,ro "$where" 2>/dev/null || [ "$where" != / ]
done < /proc/self/mountinfo
if touch "$writable/../probe" 2>/dev/null; then echo 'this is no read-only root' >&2; exit 9; fi
exec "$@"
"""

# A root as the image has it: the system's libraries, the program, /etc/tocsin, and all of it
# read-only but /data. Then becomes the program that is named, which finds itself in that root.
IN_IMAGE = """
set -e
root=$1 binary=$2 data=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind /usr "$root/usr"
mount -t tmpfs tmpfs "$root/usr/local"
mkdir "$root/usr/local/bin"
cp "$binary" "$root/usr/local/bin/tocsin"
mount --bind "$data" "$root/data"
for where in usr/local usr .; do mount -o remount,bind,ro "$root/$where"; done
for where in usr/local etc/tocsin usr/lib .; do
  if touch "$root/$where/probe" 2>/dev/null; then echo 'this is no read-only root' >&2; exit 9; fi
done
exec chroot "$root" "$@"
"""


def check(*arguments):
    """(exit status, both outputs)"""
    done = subprocess.run(
        [BINARY, "check", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=harness.PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout.decode()


class ShippedFiles(harness.TestCase):
    def test_rule_files_have_neither_errors_nor_warnings(self):
        self.assertGreaterEqual(len(RULES), 3)
        status, output = check("rules", *RULES)
        self.assertEqual(status, 0, output)
        self.assertNotIn("warning", output)

    def test_configurations_have_neither_errors_nor_warnings(self):
        self.assertTrue(CONFIGURATIONS)
        for file in CONFIGURATIONS:
            status, output = check("config", file)
            self.assertEqual(status, 0, output)
            self.assertNotIn("warning", output)

    def test_the_readmes_configurations_are_valid(self):
        blocks = re.findall(r"^```yaml\n(.*?)^```", README, re.M | re.S)
        self.assertEqual(len(blocks), 3)
        (self.folder / "rules.d").mkdir()
        (self.folder / "tocsin.yml").write_text(blocks[0])
        (self.folder / "rules.d" / "app.yml").write_text(blocks[1])
        status, output = check("config", self.folder / "tocsin.yml")
        self.assertEqual(status, 0, output)
        self.assertIn("1 rules from 1 files, 1 scrape jobs", output)
        self.assertNotIn("warning", output)
        (self.folder / "alertmanager.yml").write_text(
            "route: {receiver: oncall}\nreceivers: [{name: oncall, webhook_configs: [{url: 'http://x/'}]}]\n"
        )
        (self.folder / "rules.d" / "app.yml").unlink()
        (self.folder / "tocsin.yml").write_text(blocks[2])
        status, output = check("config", self.folder / "tocsin.yml")
        self.assertEqual(status, 0, output)
        self.assertNotIn("warning", output)

    def test_promtool_accepts_the_prometheus_configuration(self):
        promtool = harness.peer_path("usr/bin/promtool")
        verdict = harness.run([promtool, "check", "config", EXAMPLES / "prometheus/prometheus.yml"])
        self.assertIn("SUCCESS", verdict)

    def test_systemd_accepts_the_unit(self):
        analyze = shutil.which("systemd-analyze")
        if analyze is None:
            self.skipTest("there is no systemd-analyze here")
        unit = self.folder / "tocsin.service"
        shipped = (EXAMPLES / "systemd" / "tocsin.service").read_text()
        unit.write_text(shipped.replace("/usr/local/bin/tocsin", str(BINARY)))
        # It has remarks on other units of the machine too.
        self.assertNotIn("tocsin.service", harness.run([analyze, "verify", unit]))

    def test_systemd_thinks_well_of_how_the_unit_is_confined(self):
        analyze = shutil.which("systemd-analyze")
        if analyze is None:
            self.skipTest("there is no systemd-analyze here")
        unit = EXAMPLES / "systemd" / "tocsin.service"
        status, output = harness.ended(
            [analyze, "security", "--offline=true", "--threshold=40", "--no-pager", unit]
        )
        self.assertEqual(status, 0, output)

    def test_the_image_has_every_library_that_the_program_needs(self):
        if not shutil.which("dpkg") or not shutil.which("readelf"):
            self.skipTest("there is no dpkg or no readelf here")
        installed = re.search(r"slim.*?apt-get install(.*?)&& rm", CONTAINERFILE, re.S)[1].split()
        needed = re.findall(r"NEEDED.*\[(.*)\]", harness.run(["readelf", "-d", BINARY]))
        self.assertIn("libsqlite3.so.0", needed)
        for library in [*needed, "libpq.so.5", "libcairo.so.2"]:
            owners = re.findall(r"^([^:]+):.*", harness.run(["dpkg", "-S", f"*/{library}"]), re.M)
            # Those that every Debian has; and what only a build with sanitizers needs.
            always = {"libc6", "libgcc-s1"} & set(owners)
            if owners and not always and not re.search("san|clang", library):
                self.assertTrue(set(owners) & set(installed), f"{library} is of {owners}")

    def test_links_of_the_readmes_lead_somewhere(self):
        readmes = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")]
        for readme in (file for file in readmes if ROOT / "build" not in file.parents):
            for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", readme.read_text()):
                with self.subTest(file=str(readme.relative_to(ROOT)), link=link):
                    self.assertTrue((readme.parent / link).exists())


class Confined(harness.TestCase):
    """The daemon where it may write to its storage folder and to nothing else."""

    def setUp(self):
        done = subprocess.run([*NEW_MOUNTS, "true"], capture_output=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"no mount namespace here: {done.stderr.decode().strip()}")
        self.folder.chmod(0o755)

    def storage(self, folder):
        (folder / "data").mkdir(mode=0o700, parents=True)
        if AS_NOBODY:
            os.chown(folder / "data", NOBODY, NOBODY)
        return folder / "data"

    def run_confined(self, daemon):
        daemon.launcher = [
            *(*NEW_MOUNTS, "bash", "-c", READ_ONLY_BUT, "-", self.storage(daemon.folder)),
            *AS_NOBODY,
        ]
        return daemon.start()

    def test_a_read_only_root_is_enough(self):
        hook = self.sink()
        daemon = self.prepare_tocsin(
            config({"hook": hook}), [harness.rule("hot", "cpu"), harness.rule("cold", "ice")]
        )
        self.run_confined(daemon)
        daemon.submit("cpu", 95, host="a")
        wait_until(lambda: hook.changes() == [("hot", "active")], what="the message")
        daemon.restart()
        self.assertEqual([one["name"] for one in daemon.alerts()], ["hot"])
        daemon.reload()
        daemon.stop()
        self.assertNotIn("level=error", daemon.process.stderr())

    def test_host_metrics_are_still_those_of_the_host(self):
        mounts = [*AS_NOBODY, "cat", "/proc/1/mountinfo"]
        if subprocess.run(mounts, capture_output=True, check=False).returncode != 0:
            self.skipTest("an ordinary user may not see the mounts of process 1 here")
        settings = config(host={"enabled": True, "interval": "1s"})
        free = Tocsin(self.folder / "free", settings)
        free.launcher = AS_NOBODY
        self.storage(free.folder)
        confined = Tocsin(self.folder / "confined", settings)
        for daemon in (free, confined):
            self.addCleanup(lambda daemon=daemon: daemon.process and daemon.kill9())
        free.start()
        self.run_confined(confined)
        own = pathlib.Path(f"/proc/{confined.process.pid}/mountinfo").read_text()
        self.assertRegex(own, r"(?m)^\d+ \d+ \S+ \S+ / ro\b")

        def tells():
            return [self.filesystems(daemon) for daemon in (free, confined)]

        wait_until(lambda: all(tells()), what="both to tell of file systems")
        wait_until(lambda: len({str(each) for each in tells()}) == 1, what="both to say the same")

    @staticmethod
    def filesystems(daemon):
        """What does not change from one moment to the next."""
        steady = re.compile("node_filesystem_(size_bytes|files|readonly|device_error)")
        page = parse_samples(daemon.get("/metrics").text)
        return sorted(
            (name, sorted(labels.items()), value)
            for name, labels, value in page
            if steady.fullmatch(name)
        )


class Image(harness.TestCase):
    """What the Containerfile describes, without a container engine: its command as process 1, in a
    root of the system's libraries."""

    KEY = {"X-API-Key": "s3cret"}

    def words(self, instruction):
        return json.loads(re.search(rf"^{instruction} (\[.*\])$", CONTAINERFILE, re.M)[1])

    def make_root(self):
        root = self.folder / "root"
        for name in ("dev", "proc", "usr", "data", "tmp", "etc/tocsin"):
            (root / name).mkdir(parents=True)
        for name in ("bin", "lib", "lib64"):
            (root / name).symlink_to(f"usr/{name}")
        shutil.copy(EXAMPLES / "container" / "tocsin.yml", root / "etc/tocsin")
        shutil.copytree(ROOT / "rules.d", root / "etc/tocsin/rules.d")
        shutil.copytree("/etc/ssl/certs", root / "etc/ssl/certs", symlinks=True)
        return root

    def start(self):
        image = self

        class Daemon(Tocsin):
            def spawn(self):
                (self.storage / "address").unlink(missing_ok=True)
                command = [*image.words("ENTRYPOINT"), *image.words("CMD")]
                self.process = Process(
                    "tocsin",
                    [
                        *(*NEW_MOUNTS, "--pid", "--fork", "--kill-child"),
                        *("bash", "-c", IN_IMAGE, "-", image.root, BINARY, self.storage),
                        *AS_NOBODY,
                        *(word.replace(":9095", ":0") for word in command),
                    ],
                    self.folder,
                    self.environment,
                )
                return self

        self.root = self.make_root()
        self.daemon = Daemon(self.folder, environment={"TOCSIN_API_KEYS": "admin:s3cret"})
        self.daemon.storage.mkdir(mode=0o700)
        if AS_NOBODY:
            os.chown(self.daemon.storage, NOBODY, NOBODY)
        self.addCleanup(lambda: self.daemon.process and self.daemon.kill9())
        return self.daemon.start()

    def process_1(self):
        """Its id outside."""
        launcher = self.daemon.process.pid
        return int(pathlib.Path(f"/proc/{launcher}/task/{launcher}/children").read_text())

    def stop(self):
        os.kill(self.process_1(), signal.SIGTERM)
        self.assertEqual(self.daemon.process.wait(), 0)

    def test_the_command_of_the_image_runs_as_process_1(self):
        tried = [*NEW_MOUNTS, "--pid", "--fork", "mount", "-t", "proc", "proc", "/proc"]
        done = subprocess.run(tried, capture_output=True, check=False)
        if done.returncode != 0:
            self.skipTest(f"no namespaces for a container here: {done.stderr.decode().strip()}")
        if not pathlib.Path("/bin").is_symlink():
            self.skipTest("this system keeps programs outside of /usr")
        self.start()
        status = pathlib.Path(f"/proc/{self.process_1()}/status").read_text()
        self.assertRegex(status, r"(?m)^NSpid:\t\d+\t1$")
        if AS_NOBODY:
            self.assertRegex(status, rf"(?m)^Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}$")
            self.assertRegex(status, r"(?m)^CapEff:\t0+$")
        rules = self.daemon.get("/api/v1/alerting/rules", headers=self.KEY).json()
        self.assertIn("State Not Durable", [one["name"] for one in rules])
        made = self.daemon.post(
            "/api/v1/alerting/rules", harness.rule("hot", "cpu", notification_channels=[]),
            headers=self.KEY,
        )
        self.assertEqual(made.status, 200, made)
        self.stop()
        self.daemon.start()
        kept = self.daemon.get(f"/api/v1/alerting/rules/{made.json()['id']}", headers=self.KEY)
        self.assertEqual(kept.status, 200, "what is in /data outlives the container")
        self.stop()


class Walkthrough(harness.TestCase):
    def test_every_command_does_what_the_text_says(self):
        self.daemon = self.tocsin(config_file=QUICKSTART / "tocsin.yml")
        self.start_shell()
        submit, show, find, acknowledge, good_value, push, good_push, delete = self.commands()

        self.assertIn("submitted", self.run_line(submit))
        self.wait_for_queue("mail", "active")
        self.assertIn("Long Queue", self.run_line(show))
        self.run_line(find)
        self.assertIn("acknowledged", self.run_line(acknowledge))
        self.wait_for_queue("mail", "acknowledged")
        self.run_line(good_value)
        self.wait_for_queue("mail", "resolved")
        self.run_line(push)
        self.wait_for_queue("print", "active")
        self.run_line(good_push)
        self.wait_for_queue("print", "resolved")
        self.assertIn("demo_queue_length", self.daemon.get("/metrics").text)
        self.run_line(delete)
        wait_until(
            lambda: 'queue="print"' not in self.daemon.get("/metrics").text,
            what="the deleted group to be gone from /metrics",
        )
        for line in ("FIRING .* 250 entries wait in mail", 'RESOLVED .*queue="mail".* recovered'):
            wait_until(
                lambda line=line: re.search(line, self.daemon.process.stdout()),
                what=f"{line} on the console",
            )

    def test_the_webhook_receiver_prints_what_it_is_told(self):
        script = QUICKSTART / "webhook_receiver.py"
        self.assertIn(str(script.relative_to(ROOT)), README)
        receiver = Process("receiver", ["python3", "-B", script, "0"], self.folder)
        self.addCleanup(receiver.kill9)
        url = wait_until(
            lambda: re.search(r"http://\S+", receiver.stdout()), what="the receiver's address"
        )[0]
        self.daemon = self.tocsin(
            config_file=QUICKSTART / "tocsin.yml", environment={"WEBHOOK_URL": url}
        )
        self.daemon.submit("demo.queue.length", 250, queue="mail")
        wait_until(lambda: "active Long Queue 250.0" in receiver.stdout(), what="the firing line")
        self.daemon.submit("demo.queue.length", 3, queue="mail")
        wait_until(lambda: "resolved Long Queue 3.0" in receiver.stdout(), what="the resolved line")

    def commands(self):
        """The lines of the README's shell block, with this daemon's address."""
        block = re.search(r"^```sh\n(.*?)^```", README, re.M | re.S)[1].replace("\\\n", " ")
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        return [line.replace(README_ADDRESS, f"127.0.0.1:{self.daemon.port}") for line in lines]

    def wait_for_queue(self, queue, status):
        wait_until(
            lambda: [
                alert
                for alert in self.daemon.alerts(status)
                if alert["name"] == "Long Queue" and alert["metadata"]["queue"] == queue
            ],
            what=f"the alert of queue {queue} to be {status}",
        )

    def start_shell(self):
        self.shell = subprocess.Popen(
            ["bash", "-e"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.addCleanup(self.shell.wait)
        self.addCleanup(self.shell.stdout.close)
        self.addCleanup(self.shell.stdin.close)

    def run_line(self, line):
        """What a line of the block prints; variables stay from one line to the next."""
        self.shell.stdin.write(f"{line}\necho\necho END-OF-LINE\n")
        output = ""
        for printed in self.shell.stdout:
            if printed.startswith("END-OF-LINE"):
                return output
            output += printed
        raise AssertionError(f"the shell ended at: {line}")


if __name__ == "__main__":
    harness.main()
