"""What is shipped works as it is written: configurations, rules, and every command of the README's
walk-through."""

import re
import shutil
import subprocess

import harness
from harness import BINARY, ROOT, wait_until
from process import Process

EXAMPLES = ROOT / "examples"
RULES = sorted([*(ROOT / "rules.d").glob("*.yml"), *EXAMPLES.glob("**/rules.d/*.yml")])
CONFIGURATIONS = sorted(EXAMPLES.glob("**/tocsin.yml"))
QUICKSTART = EXAMPLES / "quickstart"
README = (ROOT / "README.md").read_text()
README_ADDRESS = "127.0.0.1:9095"


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

    def test_links_of_the_readmes_lead_somewhere(self):
        readmes = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")]
        for readme in (file for file in readmes if ROOT / "build" not in file.parents):
            for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", readme.read_text()):
                with self.subTest(file=str(readme.relative_to(ROOT)), link=link):
                    self.assertTrue((readme.parent / link).exists())


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
