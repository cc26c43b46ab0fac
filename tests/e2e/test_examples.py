"""What is shipped works as it is written: configurations, rules, and every command of the README's
walk-through."""

import re
import subprocess

import harness
from harness import BINARY, ROOT, wait_until

EXAMPLES = ROOT / "examples"
RULES = sorted([*(ROOT / "rules.d").glob("*.yml"), *EXAMPLES.glob("**/rules.d/*.yml")])
CONFIGURATIONS = sorted(EXAMPLES.glob("**/tocsin.yml"))
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
        blocks = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
        self.assertEqual(len(blocks), 2)
        (self.folder / "rules.d").mkdir()
        (self.folder / "tocsin.yml").write_text(blocks[0])
        (self.folder / "rules.d" / "app.yml").write_text(blocks[1])
        status, output = check("config", self.folder / "tocsin.yml")
        self.assertEqual(status, 0, output)
        self.assertIn("1 rules from 1 files, 1 scrape jobs", output)
        self.assertNotIn("warning", output)

    def test_promtool_accepts_the_prometheus_configuration(self):
        promtool = harness.peer_path("usr/bin/promtool")
        verdict = harness.run([promtool, "check", "config", EXAMPLES / "prometheus/prometheus.yml"])
        self.assertIn("SUCCESS", verdict)


class Walkthrough(harness.TestCase):
    def commands(self):
        """The lines of the README's shell block, with this daemon's address and storage."""
        block = re.search(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)[1]
        joined = block.replace("\\\n", " ")
        lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
        return [line.replace(README_ADDRESS, f"127.0.0.1:{self.daemon.port}") for line in lines]

    def test_every_command_does_what_the_text_says(self):
        self.daemon = self.tocsin(config_file=EXAMPLES / "quickstart" / "tocsin.yml")
        queue = [line for line in self.commands() if line]
        self.assertEqual(len(queue), 7)
        self.shell = subprocess.Popen(
            ["bash", "-e"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.addCleanup(self.shell.wait)
        self.addCleanup(self.shell.stdout.close)
        self.addCleanup(self.shell.stdin.close)

        self.assertIn("submitted", self.run_line(queue[0]))
        wait_until(lambda: self.long_queue("active"), what="the alert of the walk-through")
        # The demonstration alert comes five seconds later; the newest stands first, as in the README.
        self.assertIn("Long Queue", self.run_line(queue[1]))
        self.run_line(queue[2])
        self.assertIn("acknowledged", self.run_line(queue[3]))
        self.assertTrue(self.long_queue("acknowledged"))
        self.run_line(queue[4])
        wait_until(lambda: self.long_queue("resolved"), what="the good value to resolve it")
        self.run_line(queue[5])
        pushed = wait_until(lambda: self.long_queue("active"), what="the pushed value to fire")
        self.assertEqual(pushed[0]["metadata"]["queue"], "print")
        self.run_line(queue[6])
        wait_until(lambda: not self.long_queue("active"), what="the deleted group to resolve")
        wait_until(
            lambda: "250 entries wait in mail" in self.daemon.process.stdout(),
            what="the line on the console",
        )

    def long_queue(self, status):
        return [alert for alert in self.daemon.alerts(status) if alert["name"] == "Long Queue"]

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
