"""Timelines of inhibition, silences, time intervals, reload and restart: data for
test_alertmanager_timelines.py; see timelines_of_groups.py.
"""

EVERY_TICK = {"repeat_interval": "1ms"}
SOURCE_MUTES_TARGET = {
    "source_matchers": ["alertname=Source"],
    "target_matchers": ["alertname=Target"],
}


def inhibit(*rules):
    return {"inhibit_rules": list(rules)}


def intervals(**specs):
    return {
        "time_intervals": [
            {"name": name, "time_intervals": list(of_name)} for name, of_name in specs.items()
        ]
    }


PAST = {"years": ["1990:1999"]}
CENTURY = {"years": ["2000:2099"]}
WHOLE_DAY = {"times": [{"start_time": "00:00", "end_time": "24:00"}]}
ALL_FIELDS = {
    **CENTURY,
    **WHOLE_DAY,
    "weekdays": ["sunday:saturday"],
    "days_of_month": ["1:-1"],
    "months": ["january:june", "7:12"],
}

INHIBITION = [
    {
        "name": "a source mutes the targets that agree with it",
        "more": inhibit({**SOURCE_MUTES_TARGET, "equal": ["c"]}),
        "steps": [(0, "fire", "Source c=1", "Target c=1", "Target c=2")],
        "expect": [
            (1, "hook", "Source", "Source c=1"),
            (1, "hook", "Target", "Target c=2"),
        ],
    },
    {
        "name": "a target is told at the next tick after its source has ended",
        "more": inhibit(SOURCE_MUTES_TARGET),
        "steps": [(0, "fire", "Source", "Target"), (2, "end", "Source")],
        "expect": [
            (1, "hook", "Source", "Source"),
            (3, "hook", "Source", "-Source"),
            (3, "hook", "Target", "Target"),
        ],
    },
    {
        "name": "labels that both lack are equal and one that one lacks is not",
        "more": inhibit({**SOURCE_MUTES_TARGET, "equal": ["c"]}),
        "steps": [(0, "fire", "Source", "Target", "Target c=1")],
        "expect": [(1, "hook", "Source", "Source"), (1, "hook", "Target", "Target c=1")],
    },
    {
        "name": "a target that ends while it is muted is never told",
        "more": inhibit(SOURCE_MUTES_TARGET),
        "steps": [
            (0, "fire", "Target"),
            (2, "fire", "Source"),
            (4, "end", "Target"),
            (6, "end", "Source"),
        ],
        "expect": [
            (1, "hook", "Target", "Target"),
            (3, "hook", "Source", "Source"),
            (7, "hook", "Source", "-Source"),
        ],
        "until": 10,
    },
    {
        "name": "an alert on both sides does not mute itself or its like",
        "more": inhibit({"source_matchers": ["s=1"], "target_matchers": ["t=1"]}),
        "steps": [(0, "fire", "A s=1 t=1", "B s=1 t=1")],
        "expect": [(1, "hook", "A", "A s=1 t=1"), (1, "hook", "B", "B s=1 t=1")],
    },
    {
        "name": "an alert on both sides is muted by one on the source side only",
        "more": inhibit({"source_matchers": ["s=1"], "target_matchers": ["t=1"]}),
        "steps": [(0, "fire", "A s=1 t=1", "B s=1", "C t=1")],
        "expect": [(1, "hook", "B", "B s=1")],
    },
    {
        "name": "of two sources one is enough",
        "more": inhibit({**SOURCE_MUTES_TARGET, "equal": ["c"]}),
        "steps": [
            (0, "fire", "Source c=1 i=1", "Source c=1 i=2", "Target c=1"),
            (2, "end", "Source c=1 i=2"),
            (4, "end", "Source c=1 i=1"),
        ],
        "expect": [
            (1, "hook", "Source", "Source c=1 i=1", "Source c=1 i=2"),
            (3, "hook", "Source", "Source c=1 i=1", "-Source c=1 i=2"),
            (5, "hook", "Source", "-Source c=1 i=1"),
            (5, "hook", "Target", "Target c=1"),
        ],
    },
    {
        "name": "a silenced source still mutes",
        "more": inhibit(SOURCE_MUTES_TARGET),
        "steps": [
            (0, "silence", "s", ["alertname=Source"], {}),
            (0, "fire", "Source", "Target", "Other"),
        ],
        "expect": [(1, "hook", "Other", "Other")],
        "until": 4,
    },
    {
        "name": "a muted source still mutes but muting does not chain",
        "more": inhibit(
            {"source_matchers": ["alertname=A"], "target_matchers": ["alertname=B"]},
            {"source_matchers": ["alertname=B"], "target_matchers": ["alertname=C"]},
        ),
        "steps": [(0, "fire", "A", "B", "C"), (2, "end", "B")],
        "expect": [(1, "hook", "A", "A"), (3, "hook", "C", "C")],
        "until": 6,
    },
    {
        "name": "the deprecated keys of a rule still work",
        "more": inhibit(
            {"source_match": {"s": "1"}, "target_match_re": {"alertname": "T.*"}, "equal": ["c"]}
        ),
        "steps": [(0, "fire", "S c=1 s=1", "T1 c=1", "T2 c=2")],
        "expect": [(1, "hook", "S", "S c=1 s=1"), (1, "hook", "T2", "T2 c=2")],
    },
]

SILENCES = [
    {
        "name": "a silence mutes some alerts of a group",
        "steps": [
            (0, "silence", "s", ["alertname=A", "i=1"], {}),
            (0, "fire", "A i=1", "A i=2"),
        ],
        "expect": [(1, "hook", "A", "A i=2")],
        "until": 4,
    },
    {
        "name": "a silence matches by expression and by difference",
        "steps": [
            (0, "silence", "s", ["alertname=~A|B", "i!=1", "team!~x.*"], {}),
            (0, "fire", "A i=1", "A i=2", "B", "B team=xy", "C i=2"),
        ],
        "expect": [
            (1, "hook", "A", "A i=1"),
            (1, "hook", "B", "B team=xy"),
            (1, "hook", "C", "C i=2"),
        ],
    },
    {
        "name": "what an expired silence held back is told at the next tick",
        "steps": [
            (0, "silence", "s", ["alertname=A"], {}),
            (0, "fire", "A"),
            (2, "expire", "s"),
        ],
        "expect": [(3, "hook", "A", "A")],
    },
    {
        "name": "a silence begins and ends by the clock",
        "route": EVERY_TICK,
        "steps": [
            (0, "silence", "s", ["alertname=A"], {"starts": 4, "ends": 8}),
            (0, "fire", "A"),
        ],
        "expect": [(1, "hook", "A", "A"), (3, "hook", "A", "A"), (9, "hook", "A", "A")],
        "until": 10,
    },
    {
        "name": "an alert that ends under a silence is never told",
        "steps": [
            (0, "fire", "A"),
            (2, "silence", "s", ["alertname=A"], {}),
            (4, "end", "A"),
            (6, "expire", "s"),
        ],
        "expect": [(1, "hook", "A", "A")],
        "until": 10,
    },
    {
        "name": "an alert told before its silence is not told again after it",
        "steps": [
            (0, "fire", "A"),
            (2, "silence", "s", ["alertname=A"], {}),
            (4, "expire", "s"),
            (6, "end", "A"),
        ],
        "expect": [(1, "hook", "A", "A"), (7, "hook", "A", "-A")],
    },
    {
        "name": "a silence of one alert does not tell that the others go on",
        "steps": [
            (0, "fire", "A i=1", "A i=2"),
            (2, "silence", "s", ["i=1"], {}),
            (4, "end", "A i=2"),
        ],
        "expect": [(1, "hook", "A", "A i=1", "A i=2"), (5, "hook", "A", "-A i=2")],
        "until": 8,
    },
]

INTERVALS = [
    {
        "name": "a muted route takes its alerts and tells nothing",
        "route": {
            "routes": [
                {
                    "receiver": "one",
                    "matchers": ["alertname=A"],
                    "mute_time_intervals": ["always"],
                },
                {"receiver": "two", "matchers": ["alertname=A"]},
            ]
        },
        "more": intervals(always=[ALL_FIELDS]),
        "steps": [(0, "fire", "A", "B")],
        "expect": [(1, "hook", "B", "B")],
        "until": 4,
    },
    {
        "name": "a route is told only in its active intervals",
        "route": {
            "routes": [
                {
                    "receiver": "one",
                    "matchers": ["alertname=A"],
                    "active_time_intervals": ["past"],
                },
                {
                    "receiver": "two",
                    "matchers": ["alertname=B"],
                    "active_time_intervals": ["past", "now"],
                },
            ]
        },
        "more": intervals(past=[PAST], now=[WHOLE_DAY]),
        "steps": [(0, "fire", "A", "B")],
        "expect": [(1, "two", "B", "B")],
        "until": 4,
    },
    {
        "name": "all fields of a spec must hold and one spec of an interval",
        "route": {
            "routes": [
                {
                    "receiver": "one",
                    "matchers": ["alertname=A"],
                    "mute_time_intervals": ["both"],
                },
                {
                    "receiver": "two",
                    "matchers": ["alertname=B"],
                    "mute_time_intervals": ["either"],
                },
            ]
        },
        "more": intervals(both=[{**PAST, **WHOLE_DAY}], either=[PAST, CENTURY]),
        "steps": [(0, "fire", "A", "B")],
        "expect": [(1, "one", "A", "A")],
        "until": 4,
    },
    {
        "name": "children do not inherit intervals",
        "route": {
            "routes": [
                {
                    "receiver": "one",
                    "mute_time_intervals": ["always"],
                    "routes": [{"matchers": ["alertname=A"]}],
                }
            ]
        },
        "more": {
            "mute_time_intervals": [{"name": "always", "time_intervals": [CENTURY]}],
        },
        "steps": [(0, "fire", "A", "B")],
        "expect": [(1, "one", "A", "A")],
        "until": 4,
    },
]

TWO_FOR_ALL = {"receiver": "two"}

RELOADS = [
    {
        "name": "a reload repeats nothing and starts the timers anew",
        "steps": [(0, "fire", "A i=1"), (2, "reload", {}), (3, "fire", "A i=2")],
        "expect": [(1, "hook", "A", "A i=1"), (4, "hook", "A", "A i=1", "A i=2")],
        "until": 7,
    },
    {
        "name": "a new receiver is told at once after a reload",
        "steps": [(0, "fire", "A"), (2, "reload", {"route": TWO_FOR_ALL}), (3, "end", "A")],
        "expect": [(1, "hook", "A", "A"), (2, "two", "A", "A"), (4, "two", "A", "-A")],
    },
    {
        "name": "a new grouping is told at once after a reload",
        "steps": [
            (0, "fire", "A i=1", "B i=1"),
            (2, "reload", {"route": {"group_by": ["i"]}}),
        ],
        "expect": [
            (1, "hook", "A", "A i=1"),
            (1, "hook", "B", "B i=1"),
            (2, "hook", "i=1", "A i=1", "B i=1"),
        ],
        "until": 5,
    },
    {
        "name": "a reload that fails changes nothing",
        "steps": [
            (0, "fire", "A i=1"),
            (2, "bad reload", {"route": {"receiver": "nobody"}}),
            (2, "fire", "A i=2"),
        ],
        "expect": [(1, "hook", "A", "A i=1"), (3, "hook", "A", "A i=1", "A i=2")],
        "until": 6,
    },
    {
        "name": "silences outlive a reload and inhibition begins with it",
        "route": {"group_by": ["alertname"]},
        "steps": [
            (0, "silence", "s", ["alertname=A"], {}),
            (0, "fire", "A", "Source", "Target"),
            (2, "reload", {"more": inhibit(SOURCE_MUTES_TARGET), "route": TWO_FOR_ALL}),
        ],
        "expect": [
            (1, "hook", "Source", "Source"),
            (1, "hook", "Target", "Target"),
            (2, "two", "Source", "Source"),
        ],
        "until": 5,
        "differs": "0.25 flushes before its new inhibitor has seen the alerts",
    },
    {
        "name": "a restart forgets neither silences nor what was told",
        "steps": [
            (0, "silence", "s", ["alertname=B"], {}),
            (0, "fire", "A", "B"),
            (2, "restart"),
            (5, "fire", "A", "B", "C"),
            (7, "expire", "s"),
        ],
        "expect": [(1, "hook", "A", "A"), (6, "hook", "C", "C"), (8, "hook", "B", "B")],
    },
    {
        "name": "an end is told although the daemon was restarted in between",
        "steps": [
            (0, "fire", "A"),
            (2, "restart"),
            (5, "fire", "A"),
            (5.5, "end", "A"),
        ],
        "expect": [(1, "hook", "A", "A"), (6, "hook", "A", "-A")],
        "until": 9,
    },
]
