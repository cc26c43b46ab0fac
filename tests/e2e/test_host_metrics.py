"""The host's metrics beside those of a real node_exporter on the same machine: names, types, labels
and values agree. And the names with dots that rules of the alerting API ask for."""

import re
import time

import harness
from harness import config, parse_samples, wait_until

# Families of the node_exporter collectors that Tocsin has too. Left out are those of others (RAID,
# ZFS, thermal zones, ...) and what 1.5 tells of a disk's own firmware.
SHARED = re.compile(
    r"node_(cpu_seconds_total|cpu_guest_seconds_total|context_switches_total|intr_total|forks_total"
    r"|boot_time_seconds|procs_\w+|load\d+|memory_\w+|vmstat_\w+|filesystem_\w+"
    r"|disk_(?!ata_|filesystem_info|device_mapper_info)\w+|network_\w+|pressure_\w+|filefd_\w+"
    r"|sockstat_\w+|netstat_\w+|nf_conntrack_entries\w*|softnet_\w+|arp_entries|udp_queues"
    r"|entropy_\w+|schedstat_\w+|timex_\w+|time_seconds|uname_info|os_info|os_version"
    r"|hwmon_temp_(\w+_)?celsius|hwmon_chip_names|hwmon_sensor_label|scrape_collector_\w+"
    r"|exporter_build_info)"
)
# Labels that only one of the two has: adminstate is of later versions, and we are no Go program.
OTHER_LABELS = {
    "node_network_info": {"adminstate"},
    "node_exporter_build_info": {"goarch", "goos"},
}
# Where Debian's node_exporter leaves out more than node_exporter itself.
LEFT_OUT_BY_DEBIAN = ("lo", "zram")

UNCHANGING = (
    "node_memory_MemTotal_bytes",
    "node_memory_SwapTotal_bytes",
    "node_boot_time_seconds",
    "node_filesystem_size_bytes",
    "node_filesystem_files",
    "node_filesystem_readonly",
    "node_filesystem_device_error",
    "node_uname_info",
    "node_os_info",
    "node_os_version",
    "node_disk_info",
    "node_network_mtu_bytes",
    "node_network_iface_id",
    "node_network_flags",
    "node_network_address_assign_type",
    "node_network_transmit_queue_length",
    "node_filefd_maximum",
    "node_entropy_pool_size_bits",
    "node_timex_tick_seconds",
    "node_network_device_id",
)
RISING = (
    "node_context_switches_total",
    "node_intr_total",
    "node_forks_total",
    "node_disk_read_bytes_total",
    "node_disk_written_bytes_total",
    "node_disk_io_time_seconds_total",
    "node_network_receive_bytes_total",
    "node_network_transmit_packets_total",
    "node_netstat_IpExt_InOctets",
    "node_netstat_Tcp_InSegs",
    "node_vmstat_pgfault",
    "node_vmstat_pgpgout",
    "node_softnet_processed_total",
    "node_schedstat_running_seconds_total",
    "node_pressure_io_waiting_seconds_total",
)
# Seconds are quotients, and the two programs divide differently.
ROUNDING = 1 + 1e-12
DOTTED = (
    "system_cpu_usage",
    "system_cpu_count",
    "system_load_average",
    "system_load_1m",
    "system_load_5m",
    "system_load_15m",
    "system_memory_usage",
    "system_memory_total",
    "system_memory_available",
    "system_memory_used",
    "system_disk_usage",
    "system_disk_read_bytes",
    "system_disk_write_bytes",
    "system_disk_read_bytes_total",
    "system_disk_write_bytes_total",
    "system_network_bytes_recv",
    "system_network_bytes_sent",
    "system_network_bytes_recv_total",
    "system_network_bytes_sent_total",
    "system_process_count",
    "system_uptime",
)


class Page:
    """The node_* families of a page of /metrics: types, and values by the labels of the series. job
    and instance are left out, which a scrape of node_exporter would add."""

    def __init__(self, text):
        self.types = {}
        self.values = {}
        for line in text.splitlines():
            if line.startswith("# TYPE node_"):
                _, _, name, kind = line.split(" ")
                self.types[name] = kind
        for name, labels, value in parse_samples(text):
            if name in self.types:
                labels = {key: text for key, text in labels.items() if text}  # empty is absent
                labels.pop("job", None)
                labels.pop("instance", None)
                self.values.setdefault(name, {})[frozenset(labels.items())] = value

    def label_names(self, family):
        return {name for labels in self.values[family] for name, _ in labels}


class HostMetrics(harness.TestCase):
    def start(self, **host):
        tocsin = self.tocsin(config(host={"interval": "200ms", **host}))
        wait_until(lambda: tocsin.metric("node_load1") is not None, what="the first round")
        return tocsin

    def page_collected_since(self, tocsin, moment):
        wait_until(lambda: tocsin.metric("node_time_seconds") > moment, what="another round")
        return Page(tocsin.get("/metrics").text)

    def test_names_types_and_labels_are_those_of_node_exporter(self):
        ours = Page(self.start().get("/metrics").text)
        theirs = Page(self.peer(harness.NodeExporter).get("/metrics").text)
        shared = [name for name in theirs.values if SHARED.fullmatch(name)]
        self.assertGreater(len(shared), 100)
        for name in shared:
            with self.subTest(family=name):
                if name == "node_network_speed_bytes" and max(theirs.values[name].values()) < 0:
                    continue  # an unknown speed is absent here
                self.assertTrue(name in ours.values, "missing")
                self.assertEqual(ours.types[name], theirs.types[name])
                other = OTHER_LABELS.get(name, set())
                self.assertEqual(ours.label_names(name) - other, theirs.label_names(name) - other)

    def test_what_does_not_change_is_equal(self):
        ours = Page(self.start().get("/metrics").text).values
        theirs = Page(self.peer(harness.NodeExporter).get("/metrics").text).values
        compared = 0
        for name in UNCHANGING:
            for labels, value in theirs.get(name, {}).items():
                if dict(labels).get("device", "").startswith(LEFT_OUT_BY_DEBIAN):
                    continue
                with self.subTest(family=name, series=dict(labels)):
                    self.assertEqual(ours[name].get(labels), value)
                compared += 1
        self.assertGreater(compared, len(UNCHANGING) // 2)

    def test_a_counter_lies_between_two_readings_of_node_exporter(self):
        tocsin = self.start()
        exporter = self.peer(harness.NodeExporter)
        before = Page(exporter.get("/metrics").text).values
        ours = self.page_collected_since(tocsin, time.time()).values
        after = Page(exporter.get("/metrics").text).values
        compared = 0
        for name in RISING:
            for labels in before.get(name, {}).keys() & after.get(name, {}).keys():
                if labels not in ours[name]:
                    continue  # Debian and node_exporter's own defaults leave out other devices
                with self.subTest(family=name, series=dict(labels)):
                    self.assertLessEqual(before[name][labels], ours[name][labels] * ROUNDING)
                    self.assertLessEqual(ours[name][labels], after[name][labels] * ROUNDING)
                compared += 1
        self.assertGreater(compared, len(RISING) // 2)

    def test_every_series_carries_job_and_instance(self):
        tocsin = self.start(job="hosts", instance="here")
        samples = [
            (name, labels)
            for name, labels, _ in parse_samples(tocsin.get("/metrics").text)
            if name.startswith(("node_", "system_"))
        ]
        self.assertTrue(samples)
        for name, labels in samples:
            self.assertEqual((labels["job"], labels["instance"]), ("hosts", "here"), name)

    def test_the_dotted_names_carry_the_host_and_agree_with_the_others(self):
        tocsin = self.start()
        wait_until(lambda: tocsin.metric("system_cpu_usage") is not None, what="the second round")
        page = tocsin.get("/metrics").text
        nodename = next(
            labels["nodename"]
            for name, labels, _ in parse_samples(page)
            if name == "node_uname_info"
        )
        found = {}
        for name, labels, value in parse_samples(page):
            if name.startswith("system_"):
                self.assertEqual(labels["host"], nodename, name)
                if not {"mountpoint", "device"} & labels.keys():
                    found[name] = value
        self.assertEqual([name for name in DOTTED if name not in found], [])
        values = {name: value for name, labels, value in parse_samples(page) if len(labels) == 2}
        self.assertEqual(found["system_memory_total"], values["node_memory_MemTotal_bytes"])
        self.assertEqual(found["system_memory_available"], values["node_memory_MemAvailable_bytes"])
        self.assertEqual(found["system_load_average"], values["node_load1"])
        self.assertEqual(
            found["system_uptime"], values["node_time_seconds"] - values["node_boot_time_seconds"]
        )
        for name in ("system_cpu_usage", "system_memory_usage", "system_disk_usage"):
            self.assertTrue(0 <= found[name] <= 100, f"{name} is {found[name]}")

    def test_a_reload_with_another_job_ends_the_former_series(self):
        tocsin = self.start(job="before")
        tocsin.write_config(config(host={"interval": "200ms", "job": "after"}))
        tocsin.reload()
        wait_until(lambda: tocsin.metric("node_load1", job="after") is not None, what="a new round")
        self.assertIsNone(tocsin.metric("node_load1", job="before"))
        tocsin.write_config(config())  # without host metrics
        tocsin.reload()
        wait_until(lambda: tocsin.metric("node_load1") is None, what="the end of host metrics")


if __name__ == "__main__":
    harness.main()
