"""Checks the plan of the house on the #include lines: rooms include downwards only, each wrapped
library is seen by its wrapper alone, own headers are named from the repository root, and nothing
unexpected stands at the top level.
"""

import os
import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

TOP_LEVEL = {
    "base",
    "config",
    "evaluator",
    "exporter",
    "receivers",
    "rules.d",
    "tests",
    "examples",
    "CMakeLists.txt",
    "Makefile",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
}
# Made by building and running, and ignored by git.
IGNORED_AT_TOP_LEVEL = re.compile(r"\..*|build|build-.*|data|compile_commands\.json")

EVERYTHING = ["base", "config", "evaluator", "receivers", "exporter"]
EXPORTER_PARTS = [
    "exporter/exposition",
    "exporter/host",
    "exporter/http",
    "exporter/intake",
    "exporter/scrape",
]
# What a file below the folder on the left may include of ours. The longest match counts.
MAY_INCLUDE = {
    "base": ["base"],
    "config": ["base", "config"],
    "evaluator": ["base", "config", "evaluator"],
    "receivers": ["base", "config", "receivers"],
    **{part: ["base", "config", *EXPORTER_PARTS] for part in EXPORTER_PARTS},
    "exporter/security": ["base", "config", "exporter/http", "exporter/security"],
    "exporter/api": [
        "base",
        "config",
        "evaluator",
        "receivers",
        "exporter/api",
        "exporter/security",
        *EXPORTER_PARTS,
    ],
    "exporter/daemon": EVERYTHING,
    "exporter/main.cc": EVERYTHING,
    "tests": [*EVERYTHING, "tests"],
}
# Header prefix of a library: the files of the program that may include it. Tests may include any,
# to look behind a wrapper.
WRAPPED = {
    "civetweb.h": r"exporter/http/",
    "date/": r"base/time_zone",
    "cairo/": r"base/cairo_",
    "curl/": r"base/curl_",
    "spdlog/": r"base/log",
    "sqlite3.h": r"evaluator/persist/sqlite_",
    "pqxx/": r"evaluator/persist/postgres_",
    "libpq-fe.h": r"evaluator/persist/postgres_",
    "yaml-cpp/": r"config/yaml",
    "CLI/": r"exporter/(main\.cc|daemon/)",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def is_below(path, folder):
    return path == folder or path.startswith(folder + "/")


def allowed_for(path):
    """The folders `path` may include from; None for a folder this test does not know."""
    matches = [folder for folder in MAY_INCLUDE if is_below(path, folder)]
    return MAY_INCLUDE[max(matches, key=len)] if matches else None


def problem_of_own_header(root, path, header):
    if not (root / header).is_file():
        return f'"{header}" is not a file below the repository root'
    allowed = allowed_for(path)
    if allowed is None:
        return "this folder is unknown here: say in MAY_INCLUDE what it may include"
    if not any(is_below(header, folder) for folder in allowed):
        return f'may not include "{header}", only {", ".join(allowed)}'
    return None


def problem_of_library_header(root, path, header):
    if (root / header).is_file() and header.split("/")[0] in TOP_LEVEL:
        return f"<{header}> is ours: write it in quotes"
    for prefix, wrapper in WRAPPED.items():
        if header.startswith(prefix) and not re.match(f"{wrapper}|tests/", path):
            return f"<{header}> belongs to {wrapper} alone"
    return None


def include_problems(root):
    """(number of #include lines read, problems)"""
    problems, count = [], 0
    sources = [
        file
        for room in (*EVERYTHING, "tests")
        for file in (root / room).rglob("*")
        if file.suffix in (".h", ".cc")
    ]
    for file in sorted(sources):
        path = file.relative_to(root).as_posix()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            count += 1
            check = problem_of_own_header if match[1] == '"' else problem_of_library_header
            problem = check(root, path, match[2])
            if problem:
                problems.append(f"{path}:{number}: {problem}")
    return count, problems


def unexpected_at_top_level(root):
    return sorted(
        name
        for name in os.listdir(root)
        if name not in TOP_LEVEL and not IGNORED_AT_TOP_LEVEL.fullmatch(name)
    )


class TheHouse(unittest.TestCase):
    def test_includes_point_down_only(self):
        count, problems = include_problems(ROOT)
        self.assertEqual(problems, [], "\n" + "\n".join(problems))
        self.assertGreater(count, 100, f"hardly any #include line found below {ROOT}")

    def test_nothing_unexpected_stands_at_the_top_level(self):
        self.assertEqual(unexpected_at_top_level(ROOT), [])


class TheCheckItself(unittest.TestCase):
    """Each kind of trespass is found in a small house built for it."""

    def problems(self, path, line):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for header in (
                "base/log.h",
                "config/settings.h",
                "evaluator/lifecycle/engine.h",
                "receivers/delivery.h",
                "exporter/http/http.h",
                "exporter/api/overview.h",
                "exporter/intake/intake.h",
                "exporter/security/key_ring.h",
                "exporter/daemon/app.h",
            ):
                (root / header).parent.mkdir(parents=True, exist_ok=True)
                (root / header).write_text("#pragma once\n")
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(f"// first line\n{line}\n")
            _, problems = include_problems(root)
            return problems

    def assert_trespass(self, path, line, words):
        problems = self.problems(path, line)
        self.assertEqual(len(problems), 1, f"{path}: {line}: {problems}")
        self.assertRegex(problems[0], f"^{re.escape(path)}:2: .*{words}")

    def assert_fine(self, path, line):
        self.assertEqual(self.problems(path, line), [])

    def test_finds_includes_that_point_upwards_or_sideways(self):
        for path, header in (
            ("base/a.cc", "config/settings.h"),
            ("config/a.cc", "evaluator/lifecycle/engine.h"),
            ("evaluator/a.h", "receivers/delivery.h"),
            ("receivers/a.h", "evaluator/lifecycle/engine.h"),
            ("receivers/a.h", "exporter/http/http.h"),
            ("exporter/intake/a.cc", "evaluator/lifecycle/engine.h"),
            ("exporter/http/a.cc", "exporter/api/overview.h"),
            ("exporter/api/a.cc", "exporter/daemon/app.h"),
            ("exporter/security/a.cc", "exporter/intake/intake.h"),
            ("exporter/intake/a.cc", "exporter/security/key_ring.h"),
        ):
            self.assert_trespass(path, f'#include "{header}"', "may not include")

    def test_finds_a_folder_it_does_not_know(self):
        self.assert_trespass("exporter/cellar/a.cc", '#include "base/log.h"', "unknown")

    def test_finds_own_headers_not_written_from_the_root(self):
        self.assert_trespass("base/a.cc", '#include "log.h"', "not a file")
        self.assert_trespass("base/a.cc", "#include <base/log.h>", "in quotes")

    def test_finds_libraries_outside_their_wrappers(self):
        for path, header in (
            ("exporter/api/a.cc", "civetweb.h"),
            ("config/loader.cc", "yaml-cpp/yaml.h"),
            ("receivers/a.cc", "sqlite3.h"),
            ("evaluator/persist/durable_store.cc", "pqxx/connection"),
            ("receivers/a.cc", "curl/curl.h"),
            ("base/text.cc", "spdlog/spdlog.h"),
        ):
            self.assert_trespass(path, f"#include <{header}>", "belongs to")

    def test_lets_pass_what_the_plan_allows(self):
        for path, header in (
            ("config/a.cc", '"base/log.h"'),
            ("exporter/api/a.cc", '"receivers/delivery.h"'),
            ("exporter/main.cc", '"exporter/daemon/app.h"'),
            ("tests/unit/a.cc", '"exporter/daemon/app.h"'),
            ("base/curl_http_client.cc", "<curl/curl.h>"),
            ("exporter/http/civetweb_server.cc", "<civetweb.h>"),
            ("tests/unit/a.cc", "<sqlite3.h>"),
            ("evaluator/a.cc", "<vector>"),
        ):
            self.assert_fine(path, f"#include {header}")

    def test_finds_strangers_at_the_top_level(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("base", "docs", "build-x", ".ci", "notes.txt"):
                (pathlib.Path(folder) / name).mkdir()
            self.assertEqual(unexpected_at_top_level(folder), ["docs", "notes.txt"])


if __name__ == "__main__":
    unittest.main()
