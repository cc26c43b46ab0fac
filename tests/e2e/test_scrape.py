"""Scraping: a real node_exporter, and a target whose page the test writes."""

import harness
from harness import config, rule, wait_until


def scrape(address, **more):
    return {
        "scrape_configs": [
            {
                "job_name": "it",
                "scrape_interval": "200ms",
                "scrape_timeout": "200ms",
                "static_configs": [{"targets": [address]}],
                **more,
            }
        ]
    }


class NodeExporter(harness.TestCase):
    def test_a_real_node_exporter_is_scraped(self):
        node, hook = self.peer(harness.NodeExporter), self.sink()
        rules = [
            rule("Up", "up", "==", 1),
            rule("Down", "up", "==", 0),
            rule("Loaded", "node_load1", ">=", 0),
            rule("Many Samples", "scrape_samples_scraped", ">", 100),
        ]
        self.tocsin(config({"hook": hook}, scrape(node.address)), rules)
        for name in ("Up", "Loaded", "Many Samples"):
            hook.wait_change(name, "active", job="it", instance=node.address)

        node.stop()
        hook.wait_change("Down", "active", job="it", instance=node.address)
        self.assertEqual(hook.wait_change("Up", "resolved").alert["metric_value"], "0.0")
        hook.wait_change("Loaded", "resolved")


class Target(harness.TestCase):
    def start(self, text, rules, **more):
        self.hook = self.sink()
        self.page = self.target(text)
        self.daemon = self.tocsin(
            config({"hook": self.hook}, scrape(self.page.address, **more)), rules
        )
        return self.daemon

    def test_values_fire_and_recover(self):
        self.start("queue_length 5\n", [rule("Long", "queue_length", ">", 100)])
        wait_until(lambda: len(self.page.requests) >= 2, what="two scrapes")
        self.page.text = "queue_length 500\n"
        self.hook.wait_change("Long", "active", instance=self.page.address)
        self.page.text = "queue_length 50\n"
        self.hook.wait_change("Long", "resolved")
        self.assertEqual(self.hook.changes(), [("Long", "active"), ("Long", "resolved")])

    def test_a_series_that_leaves_the_page_is_stale_at_once(self):
        tocsin = self.start(
            'job_failed{step="a"} 1\nother 1\n', [rule("Failed", "job_failed", ">", 0)]
        )
        self.hook.wait_change("Failed", "active", step="a")
        self.page.text = "other 1\n"
        self.hook.wait_change("Failed", "resolved")
        self.assertEqual(tocsin.alerts("resolved")[0]["resolved_reason"], "stale")

    def test_a_target_that_disappears_takes_its_series_along(self):
        tocsin = self.start(
            "job_failed 1\n", [rule("Failed", "job_failed", ">", 0), rule("Down", "up", "<", 1)]
        )
        self.hook.wait_change("Failed", "active")
        self.page.stop()
        self.hook.wait_change("Down", "active")
        self.hook.wait_change("Failed", "resolved")
        self.page.resume()
        self.hook.wait_change("Down", "resolved")
        wait_until(
            lambda: [alert["name"] for alert in tocsin.alerts()] == ["Failed"],
            what="the series to come back",
        )

    def test_a_broken_page_is_down_and_says_where(self):
        tocsin = self.start("fine 1\n", [rule("Down", "up", "<", 1)])
        self.page.text = "fine 1\nbroken{ 2\n"
        self.hook.wait_change("Down", "active")
        wait_until(lambda: "line 2" in tocsin.process.stderr(), what="the log to name the line")

    def test_labels_of_the_target_win_unless_honoured(self):
        page = 'x{job="own",instance="own:1"} 1\n'
        self.start(page, [rule("X", "x", ">", 0)])
        self.assertEqual(
            self.hook.wait_change("X", "active").alert["metadata"],
            {
                "job": "it",
                "instance": self.page.address,
                "exported_job": "own",
                "exported_instance": "own:1",
            },
        )

    def test_honor_labels_keeps_what_the_page_says(self):
        page = 'x{job="own",instance="own:1"} 1\n'
        self.start(page, [rule("X", "x", ">", 0)], honor_labels=True)
        self.assertEqual(
            self.hook.wait_change("X", "active").alert["metadata"],
            {"job": "own", "instance": "own:1"},
        )


if __name__ == "__main__":
    harness.main()
