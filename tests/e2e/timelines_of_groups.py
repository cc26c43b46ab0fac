"""Timelines of routing, alerts, groups and deduplication: data for test_alertmanager_timelines.py,
which tells how they are read.

Unless a timeline says otherwise a group waits 1 s and its interval is 2 s, so that what is posted
at 0 is told at 1 and the ticks are at 1, 3, 5, 7: each step is a second away from them.
"""

BY_TEAM = {"group_by": ["team"]}
ONE_FOR_A = {"receiver": "one", "matchers": ["alertname=A"]}
EVERY_TICK = {"repeat_interval": "1ms"}
SILENT_END = [
    {"name": "hook", "webhook_configs": [{"url": "SINK/hook", "send_resolved": False}]},
]

ROUTING = [
    {
        "name": "a group is told when its wait is over",
        "steps": [(0, "fire", "A i=1")],
        "expect": [(1, "hook", "A", "A i=1")],
    },
    {
        "name": "a group per value of the labels in group_by",
        "steps": [(0, "fire", "A i=2", "B i=1", "A i=1")],
        "expect": [(1, "hook", "A", "A i=1", "A i=2"), (1, "hook", "B", "B i=1")],
    },
    {
        "name": "without group_by all alerts are one group",
        "route": {"group_by": []},
        "steps": [(0, "fire", "A i=1", "B i=1")],
        "expect": [(1, "hook", "", "A i=1", "B i=1")],
    },
    {
        "name": "grouped by everything each alert is a group",
        "route": {"group_by": ["..."]},
        "steps": [(0, "fire", "A i=1", "A i=2")],
        "expect": [(1, "hook", "A i=1", "A i=1"), (1, "hook", "A i=2", "A i=2")],
    },
    {
        "name": "a label that the alert lacks is not among the group's",
        "route": BY_TEAM,
        "steps": [(0, "fire", "A team=x", "A", "B")],
        "expect": [(1, "hook", "team=x", "A team=x"), (1, "hook", "", "A", "B")],
    },
    {
        "name": "the first child that matches takes the alert",
        "route": {
            "routes": [
                {"receiver": "one", "matchers": ["i=1"]},
                {"receiver": "two", "matchers": ["alertname=A"]},
            ]
        },
        "steps": [(0, "fire", "A i=1", "A i=2", "B i=2")],
        "expect": [
            (1, "one", "A", "A i=1"),
            (1, "two", "A", "A i=2"),
            (1, "hook", "B", "B i=2"),
        ],
    },
    {
        "name": "continue lets the next sibling have it too",
        "route": {
            "routes": [
                {"receiver": "one", "matchers": ["i=1"], "continue": True, "group_by": ["i"]},
                {"receiver": "two", "matchers": ["alertname=A"]},
            ]
        },
        "steps": [(0, "fire", "A i=1", "B i=1")],
        "expect": [(1, "one", "i=1", "A i=1", "B i=1"), (1, "two", "A", "A i=1")],
    },
    {
        "name": "a node takes what none of its children takes",
        "route": {
            "routes": [
                {
                    "receiver": "one",
                    "matchers": ["team=x"],
                    "routes": [{"receiver": "two", "matchers": ["severity=page"]}],
                }
            ]
        },
        "steps": [(0, "fire", "A team=x severity=page", "B team=x", "C severity=page")],
        "expect": [
            (1, "two", "A", "A severity=page team=x"),
            (1, "one", "B", "B team=x"),
            (1, "hook", "C", "C severity=page"),
        ],
    },
    {
        "name": "a last child with continue still takes the alert from its parent",
        "route": {"routes": [{**ONE_FOR_A, "continue": True}]},
        "steps": [(0, "fire", "A")],
        "expect": [(1, "one", "A", "A")],
    },
    {
        "name": "expressions are anchored and a missing label is empty",
        "route": {
            "routes": [
                {"receiver": "one", "matchers": ['env=~"prod|test"']},
                {"receiver": "two", "matchers": ['env!="dev"']},
            ]
        },
        "steps": [(0, "fire", "A env=prod", "B env=production", "C env=dev", "D")],
        "expect": [
            (1, "one", "A", "A env=prod"),
            (1, "two", "B", "B env=production"),
            (1, "hook", "C", "C env=dev"),
            (1, "two", "D", "D"),
        ],
    },
    {
        "name": "an item of matchers may be a list in braces",
        "route": {
            "routes": [{"receiver": "one", "matchers": ['{alertname=~"A|B",team!~"x.*"}', "i=1"]}]
        },
        "steps": [(0, "fire", "A i=1 team=y", "B i=1 team=xx", "A i=2")],
        "expect": [
            (1, "one", "A", "A i=1 team=y"),
            (1, "hook", "B", "B i=1 team=xx"),
            (1, "hook", "A", "A i=2"),
        ],
    },
    {
        "name": "the deprecated match and match_re still work",
        "route": {
            "routes": [
                {"receiver": "one", "match": {"alertname": "A", "i": "1"}},
                {"receiver": "two", "match_re": {"alertname": "A|B.*"}},
            ]
        },
        "steps": [(0, "fire", "A i=1", "A i=2", "BC", "CB")],
        "expect": [
            (1, "one", "A", "A i=1"),
            (1, "two", "A", "A i=2"),
            (1, "two", "BC", "BC"),
            (1, "hook", "CB", "CB"),
        ],
    },
    {
        "name": "children inherit what they do not set",
        "route": {
            "routes": [{"matchers": ["alertname=A"], "group_wait": "3s", "receiver": "one"}],
            **BY_TEAM,
        },
        "steps": [(0, "fire", "A team=x", "B team=x"), (4, "fire", "A i=2 team=x")],
        "expect": [
            (1, "hook", "team=x", "B team=x"),
            (3, "one", "team=x", "A team=x"),
            (5, "one", "team=x", "A team=x", "A i=2 team=x"),
        ],
    },
    {
        "name": "alerts are ordered by job then instance then labels",
        "route": BY_TEAM,
        "steps": [(0, "fire", "B", "A x=1", "A", "Z job=b", "Y job=a instance=2")]
        + [(0.1, "fire", "Z job=a instance=1", "X job=a")],
        "expect": [
            (
                1,
                "hook",
                "",
                "Z instance=1 job=a",
                "Y instance=2 job=a",
                "X job=a",
                "Z job=b",
                "A",
                "B",
                "A x=1",
            )
        ],
    },
    {
        "name": "max_alerts keeps the first ones and tells how many were left out",
        "receivers": [
            {"name": "hook", "webhook_configs": [{"url": "SINK/hook", "max_alerts": 2}]},
        ],
        "steps": [(0, "fire", "A i=4", "A i=3", "A i=2", "A i=1"), (2, "end", "A i=1", "A i=2")],
        "expect": [
            (1, "hook", "A", "A i=1", "A i=2", "+2"),
            (3, "hook", "A", "-A i=1", "-A i=2", "+2"),
        ],
        "until": 6,
    },
]

ALERTS = [
    {
        "name": "an alert without an end resolves when resolve_timeout has passed",
        "more": {"global": {"resolve_timeout": "4s"}},
        "steps": [(0, "fire", "A")],
        "expect": [(1, "hook", "A", "A"), (5, "hook", "A", "-A")],
    },
    {
        "name": "each repetition without an end moves the timeout on",
        "more": {"global": {"resolve_timeout": "4s"}},
        "steps": [(0, "fire", "A"), (2, "fire", "A")],
        "expect": [(1, "hook", "A", "A"), (7, "hook", "A", "-A")],
    },
    {
        "name": "an alert ends at its end",
        "steps": [(0, "post", ("A", 0, 4))],
        "expect": [(1, "hook", "A", "A"), (5, "hook", "A", "-A")],
    },
    {
        "name": "an earlier end does not cut short a later one",
        "steps": [(0, "post", ("A", 0, 6)), (2, "post", ("A", -2, 2))],
        "expect": [(1, "hook", "A", "A"), (7, "hook", "A", "-A")],
    },
    {
        "name": "an end cuts short a timeout",
        "steps": [(0, "fire", "A"), (2, "post", ("A", -2, 2))],
        "expect": [(1, "hook", "A", "A"), (5, "hook", "A", "-A")],
    },
    {
        "name": "what has ended before it was ever told is never told",
        "steps": [(0, "post", ("A", -20, -10), ("B", -20, 3600))],
        "expect": [(0, "hook", "B", "B")],
    },
    {
        "name": "what ends within the group wait is never told",
        "steps": [(0, "fire", "A"), (0.5, "end", "A")],
        "expect": [],
        "until": 5,
    },
    {
        "name": "an alert older than the group wait is told at once",
        "route": {"group_wait": "3s"},
        "steps": [(0, "post", ("A", -10, 3600)), (1, "fire", "A i=2")],
        "expect": [(0, "hook", "A", "A"), (2, "hook", "A", "A", "A i=2")],
    },
    {
        "name": "labels without a value are dropped",
        "route": BY_TEAM,
        "steps": [(0, "fire", "A team=", "A")],
        "expect": [(1, "hook", "", "A")],
    },
    {
        "name": "the good alerts of a batch are kept",
        "steps": [(0, "reject", ("A", None, None), ("B", 20, 10), ("team=", None, None))],
        "expect": [(1, "hook", "A", "A")],
    },
    {
        "name": "an alert that comes back between two ticks is not told again",
        "steps": [(0, "fire", "A"), (1.7, "end", "A"), (2.3, "fire", "A")],
        "expect": [(1, "hook", "A", "A")],
        "until": 6,
    },
]

GROUPS = [
    {
        "name": "a new alert tells the whole group again at the next tick",
        "steps": [(0, "fire", "A i=1"), (2, "fire", "A i=2")],
        "expect": [(1, "hook", "A", "A i=1"), (3, "hook", "A", "A i=1", "A i=2")],
    },
    {
        "name": "what was told already is not told again",
        "steps": [(0, "fire", "A"), (2, "fire", "A"), (4, "fire", "A")],
        "expect": [(1, "hook", "A", "A")],
        "until": 8,
    },
    {
        "name": "one alert that resolves is told with those that fire",
        "steps": [(0, "fire", "A i=1", "A i=2"), (2, "end", "A i=1"), (6, "end", "A i=2")],
        "expect": [
            (1, "hook", "A", "A i=1", "A i=2"),
            (3, "hook", "A", "-A i=1", "A i=2"),
            (7, "hook", "A", "-A i=2"),
        ],
    },
    {
        "name": "an alert that fires again after its end was told is told again",
        "steps": [(0, "fire", "A"), (2, "end", "A"), (4, "fire", "A")],
        "expect": [(1, "hook", "A", "A"), (3, "hook", "A", "-A"), (5, "hook", "A", "A")],
    },
    {
        "name": "after its last alert a group waits anew",
        "route": {"group_wait": "1500ms", "group_interval": "3s"},
        "steps": [(0, "fire", "A"), (3, "end", "A"), (5, "fire", "A")],
        "expect": [(1.5, "hook", "A", "A"), (4.5, "hook", "A", "-A"), (6.5, "hook", "A", "A")],
        "differs": "0.25 keeps an empty group for up to 30 s",
    },
    {
        "name": "without send_resolved only firing alerts are told",
        "receivers": SILENT_END,
        "steps": [(0, "fire", "A i=1", "A i=2"), (2, "end", "A i=1"), (4, "fire", "A i=3")],
        "expect": [(1, "hook", "A", "A i=1", "A i=2"), (5, "hook", "A", "A i=2", "A i=3")],
    },
    {
        "name": "without send_resolved an alert that comes back is told again",
        "receivers": SILENT_END,
        "steps": [(0, "fire", "A"), (2, "end", "A"), (4, "fire", "A")],
        "expect": [(1, "hook", "A", "A"), (5, "hook", "A", "A")],
    },
    {
        "name": "without send_resolved the resolved are cut from a message",
        "receivers": SILENT_END,
        "steps": [(0, "fire", "A i=1"), (2, "end", "A i=1"), (2, "fire", "A i=2")],
        "expect": [(1, "hook", "A", "A i=1"), (3, "hook", "A", "A i=2")],
    },
    {
        "name": "repeat_interval is looked at on ticks only",
        "route": {"repeat_interval": "3s"},
        "steps": [(0, "fire", "A")],
        "expect": [(1, "hook", "A", "A"), (5, "hook", "A", "A"), (9, "hook", "A", "A")],
    },
    {
        "name": "a tiny repeat_interval tells at every tick",
        "route": EVERY_TICK,
        "steps": [(0, "fire", "A")],
        "expect": [(1, "hook", "A", "A"), (3, "hook", "A", "A"), (5, "hook", "A", "A")],
        "until": 6,
    },
    {
        "name": "a failure of the server is tried again soon",
        "steps": [(0, "fail", "/hook", 1, 500), (0, "fire", "A")],
        "expect": [(1, "hook", "A", "A"), (1.5, "hook", "A", "A")],
        "until": 6,
    },
    {
        "name": "a refusal is tried again at the next tick",
        "steps": [(0, "fail", "/hook", 1, 400), (0, "fire", "A")],
        "expect": [(1, "hook", "A", "A"), (3, "hook", "A", "A")],
        "until": 6,
    },
    {
        "name": "too many requests are no reason for a webhook to try again soon",
        "steps": [(0, "fail", "/hook", 2, 429), (0, "fire", "A")],
        "expect": [(1, "hook", "A", "A"), (3, "hook", "A", "A"), (5, "hook", "A", "A")],
        "until": 8,
    },
    {
        "name": "what one of two integrations missed is told to that one only",
        "receivers": [
            {
                "name": "hook",
                "webhook_configs": [{"url": "SINK/hook"}, {"url": "SINK/second"}],
            },
        ],
        "steps": [
            (0, "fire", "A i=1", "A i=2"),
            (2, "fail", "/second", 1, 404),
            (2, "end", "A i=1"),
        ],
        "expect": [
            (1, "hook", "A", "A i=1", "A i=2"),
            (1, "second", "A", "A i=1", "A i=2"),
            (3, "hook", "A", "-A i=1", "A i=2"),
            (3, "second", "A", "-A i=1", "A i=2"),
            (5, "second", "A", "-A i=1", "A i=2"),
        ],
        "until": 8,
    },
    {
        "name": "a refused end is told at the next tick",
        "steps": [(0, "fire", "A"), (2, "fail", "/hook", 1, 403), (2, "end", "A")],
        "expect": [(1, "hook", "A", "A"), (3, "hook", "A", "-A"), (5, "hook", "A", "-A")],
        "until": 8,
    },
]
