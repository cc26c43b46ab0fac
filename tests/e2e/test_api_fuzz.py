"""Whatever comes in whatever order, as the schemas of the description allow it and as they do not: what
was confirmed is there, what was deleted is gone, ids stay, through kill -9 as well. Twenty seconds,
always the same ones; many more and new ones with TOCSIN_LONG=1.
"""

import json

import harness
from harness import LONG, config
from openapi import Client, peer_module

ADMIN = {"X-API-Key": "adm1n"}
METRICS = ("cpu", "memory")
HOSTS = ("a", "b")
MOST_TEXT = 40  # characters; limits have tests of their own
KILLS = 2  # of one run


def strategy(description, schema, draw_any):
    """Values that a schema allows: no library of Debian makes them."""
    from hypothesis import strategies as some

    def make(part):
        return strategy(description, part, draw_any)

    schema = description.resolved(schema)
    if "anyOf" in schema:
        return some.one_of([make(part) for part in schema["anyOf"]])
    if "enum" in schema:
        return some.sampled_from(schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return some.one_of([make({**schema, "type": one}) for one in kind])
    if kind == "null":
        return some.none()
    if kind == "boolean":
        return some.booleans()
    if kind == "integer":
        return some.integers(schema.get("minimum", -(2**70)), schema.get("maximum", 2**70))
    if kind == "number":
        least = schema.get("minimum", schema.get("exclusiveMinimum"))
        return some.floats(
            min_value=least,
            max_value=schema.get("maximum"),
            exclude_min="exclusiveMinimum" in schema,
            allow_nan=False,
            allow_infinity=False,
        )
    if kind == "string":
        if "pattern" in schema:
            return some.from_regex(schema["pattern"], fullmatch=True)
        if schema.get("format") == "date-time":
            return some.datetimes().map(lambda time: time.isoformat() + "Z")
        words = some.text(
            min_size=min(schema.get("minLength", 0), MOST_TEXT),
            max_size=min(schema.get("maxLength", MOST_TEXT), MOST_TEXT),
        )
        examples = schema.get("examples")
        return some.one_of(some.sampled_from(flat(examples)), words) if examples else words
    if kind == "array":
        return some.lists(make(schema["items"]), min_size=schema.get("minItems", 0), max_size=4)
    if kind == "object" and "properties" in schema:
        required = set(schema.get("required", ()))
        return some.fixed_dictionaries(
            {name: make(part) for name, part in schema["properties"].items() if name in required},
            optional={
                name: make(part)
                for name, part in schema["properties"].items()
                if name not in required
            },
        )
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return some.dictionaries(
            some.text(max_size=8), make(schema["additionalProperties"]), max_size=4
        )
    return draw_any


def flat(examples):
    """Examples of a list are lists; of its items they are the items."""
    return [word for one in examples for word in (one if isinstance(one, list) else [one])]


def anything():
    """JSON of any shape."""
    from hypothesis import strategies as some

    return some.recursive(
        some.one_of(
            some.none(), some.booleans(), some.integers(), some.floats(), some.text(max_size=20)
        ),
        lambda inner: some.lists(inner, max_size=3)
        | some.dictionaries(some.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )


def machine_of(test):
    """The state machine: one daemon for all runs, a model for each."""
    from hypothesis import strategies as some
    from hypothesis.stateful import (
        Bundle,
        RuleBasedStateMachine,
        consumes,
        initialize,
        invariant,
        multiple,
        precondition,
        rule,
    )

    description = test.client.description
    any_json = anything()

    def of(name, **instead):
        """Bodies of this schema, with some members of use here."""
        schema = description.schema(name)
        made = strategy(description, schema, any_json)
        if not instead:
            return made
        return some.builds(lambda body, more: {**body, **more}, made,
                           some.fixed_dictionaries(instead))

    good_rule = of(
        "NewRule",
        metric_name=some.sampled_from(METRICS),
        condition=some.sampled_from((">", "<")),
        threshold=some.sampled_from(("10", "50.0", "90")),
        duration=some.sampled_from((0, 60)),
        severity=some.sampled_from(("high", "low", "WARNING")),
        notification_channels=some.sampled_from(([], ["console"], ["email", "email"])),
        notification_template=some.sampled_from((None, "{value} on {host}")),
        labels=some.sampled_from(({}, {"host": "a"})),
    )
    change_of_rule = some.fixed_dictionaries(
        {},
        optional={
            "name": some.text(min_size=1, max_size=MOST_TEXT),
            "description": some.none() | some.text(max_size=MOST_TEXT),
            "threshold": some.sampled_from(("20", 70)),
            "enabled": some.booleans(),
            "duration": some.sampled_from((0, 3600)),
        },
    )
    receiver_names = some.sampled_from(("ops", "night shift", "a/b", "Ünïcode", "x.y"))

    class Api(RuleBasedStateMachine):
        made_rules, made_keys = Bundle("rules"), Bundle("keys")

        def __init__(self):
            super().__init__()
            self.client = test.client
            self.rules_known = {}  # id: the rule as it was answered
            self.receivers_known = {}  # name: as it was answered
            self.keys_known = {}  # id: (token, scopes, state)
            self.comments_known = {}  # alert: comments
            self.kills = 0

        @initialize()
        def begin(self):
            test.runs += 1

        def teardown(self):
            for rule_id in list(self.rules_known):
                self.client.deleteRule(id=rule_id)
            for name in list(self.receivers_known):
                self.client.deleteReceiver(name=name)

        # --- rules

        def keep_rule(self, shown):
            self.rules_known[shown["id"]] = {
                key: value for key, value in shown.items() if key != "warnings"
            }

        @rule(target=made_rules, body=good_rule)
        def create_rule(self, body):
            shown = self.client.createRule(body=body, expect=(200, 422))
            if "detail" in shown:
                return multiple()
            test.assertNotIn(shown["id"], self.rules_known)
            test.assertEqual(shown["name"], body["name"])
            test.assertEqual(shown["threshold"], body["threshold"])
            test.assertEqual(shown["source"], "api")
            self.keep_rule(shown)
            return shown["id"]

        @rule(target=made_rules, body=good_rule, key=some.uuids())
        def create_rule_twice(self, body, key):
            headers = {"Idempotency-Key": str(key)}
            first = self.client.createRule(body=body, headers=headers, expect=(200, 422))
            again = self.client.createRule(body=body, headers=headers, expect=(200, 422))
            test.assertEqual(first, again)
            if "detail" in first:
                return multiple()
            # The same key in an earlier run: that rule is gone.
            if first["id"] not in {one["id"] for one in self.client.listRules()}:
                return multiple()
            self.keep_rule(first)
            return first["id"]

        @rule(rule_id=made_rules, body=change_of_rule)
        def change_rule(self, rule_id, body):
            if rule_id not in self.rules_known:
                self.client.updateRule(id=rule_id, body=body, expect=404)
                return
            shown = self.client.updateRule(id=rule_id, body=body)
            was = self.rules_known[rule_id]
            for same in ("id", "created_at", "created_by", "severity", "metric_name", "labels"):
                test.assertEqual(shown[same], was[same])
            for field in ("name", "enabled", "duration"):
                test.assertEqual(shown[field], body.get(field, was[field]))
            self.keep_rule(shown)

        @rule(rule_id=made_rules, on=some.booleans())
        def switch_rule(self, rule_id, on):
            call = self.client.enableRule if on else self.client.disableRule
            if rule_id not in self.rules_known:
                call(id=rule_id, expect=404)
                return
            shown = call(id=rule_id)
            test.assertEqual(shown["enabled"], on)
            self.keep_rule(shown)

        @rule(rule_id=consumes(made_rules))
        def delete_rule(self, rule_id):
            if self.rules_known.pop(rule_id, None) is None:
                self.client.deleteRule(id=rule_id, expect=404)
                return
            self.client.deleteRule(id=rule_id)
            self.client.getRule(id=rule_id, expect=404)

        # --- receivers

        @rule(name=receiver_names, headers=some.booleans())
        def create_receiver(self, name, headers):
            settings = {"url": "http://hooks.example.org/x"}
            if headers:
                settings["headers"] = {"X-Token": "t"}
            known = name in self.receivers_known
            shown = self.client.createReceiver(
                body={"name": name, "webhook": settings}, expect=409 if known else 200
            )
            if not known:
                self.receivers_known[name] = shown

        @rule(name=receiver_names)
        def change_receiver(self, name):
            known = name in self.receivers_known
            shown = self.client.updateReceiver(
                name=name, body={"name": name, "console": {}}, expect=200 if known else 404
            )
            if known:
                test.assertEqual(shown["created_at"], self.receivers_known[name]["created_at"])
                self.receivers_known[name] = shown

        @rule(name=receiver_names)
        def delete_receiver(self, name):
            known = self.receivers_known.pop(name, None) is not None
            self.client.deleteReceiver(name=name, expect=200 if known else 404)

        # --- metrics, alerts and what is said of them

        @rule(
            metric=some.sampled_from(METRICS),
            host=some.sampled_from(HOSTS),
            value=some.sampled_from((0, 30, 60, 95.5)),
        )
        def submit(self, metric, host, value):
            body = {"metric_name": metric, "value": value, "metadata": {"host": host}}
            self.client.submitMetric(body=body)

        def an_alert(self, which):
            alerts = self.client.listAlerts(query={"status": "all", "limit": 20})
            return alerts[which % len(alerts)] if alerts else None

        @rule(which=some.integers(0, 100), body=of("NewComment"))
        def comment(self, which, body):
            alert = self.an_alert(which)
            if alert is None:
                return
            made = self.client.addComment(id=alert["id"], body=body, expect=(200, 409, 422))
            if "detail" in made:
                return
            test.assertEqual(made["text"], body["text"])
            if alert["status"] == "pending":
                return  # it may go, and its comments with it
            if alert["id"] not in self.comments_known:
                self.comments_known[alert["id"]] = self.client.listComments(id=alert["id"])
            elif made not in self.comments_known[alert["id"]]:
                self.comments_known[alert["id"]].append(made)

        @rule(which=some.integers(0, 100), body=of("Acknowledgement"))
        def acknowledge(self, which, body):
            alert = self.an_alert(which)
            if alert is None:
                return
            told = self.client.acknowledgeAlert(
                id=alert["id"], body=body, expect=(200, 404, 409, 422)
            )
            if alert["status"] == "resolved":
                test.assertIn("detail", told)

        @rule(which=some.integers(0, 100), body=of("Resolution"))
        def resolve(self, which, body):
            alert = self.an_alert(which)
            if alert is None:
                return
            told = self.client.resolveAlert(id=alert["id"], body=body, expect=(200, 422))
            if "message" in told:
                # One that was only pending never was an alert, unless it has fired just now.
                may_be_gone = alert["status"] == "pending"
                left = self.client.getAlert(
                    id=alert["id"], expect=(200, 404) if may_be_gone else 200
                )
                test.assertEqual(left.get("status", "resolved"), "resolved")

        # --- keys

        @rule(target=made_keys, scopes=some.sets(some.sampled_from(("read", "push", "operate")), min_size=1))
        def create_key(self, scopes):
            made = self.client.createKey(body={"name": "fuzz", "scopes": sorted(scopes)})
            self.keys_known[made["id"]] = (made["token"], scopes, "active")
            return made["id"]

        @rule(key=made_keys)
        def use_key(self, key):
            token, scopes, state = self.keys_known[key]
            holder = Client(test.daemon, description, {"X-API-Key": token})
            may_read = bool(scopes & {"read", "operate"})
            holder.listRules(expect=401 if state == "revoked" else 200 if may_read else 403)

        @rule(key=made_keys)
        def revoke_key(self, key):
            self.client.revokeKey(id=key)
            token, scopes, _ = self.keys_known[key]
            self.keys_known[key] = (token, scopes, "revoked")

        # --- what is wrong, and worse

        @rule(
            operation=some.sampled_from(
                [one for one in description.operations.values() if one.body is not None]
            ),
            body=any_json,
        )
        def send_anything(self, operation, body):
            """To nobody in particular; a receiver needs no more than a name."""
            names = {one["name"]: "nobody" for one in operation.parameters("path")}
            if operation.id in ("createReceiver", "createChannel", "createKey", "createRule"):
                body = {"name": body}
            text = json.dumps(body)
            answer = test.daemon.request(
                operation.method, operation.address(**names), text, headers=ADMIN
            )
            description.check(operation, answer)
            test.assertLess(answer.status, 500, f"{operation.id} {text}: {answer}")
            if operation.id in ("createReceiver", "createChannel") and answer.status == 200:
                self.receivers_known[answer.json()["name"]] = answer.json()

        @rule(
            operation=some.sampled_from(
                [
                    one
                    for one in description.operations.values()
                    if one.parameters("query") and not one.is_stream
                ]
            ),
            values=some.lists(some.text(max_size=30), min_size=1, max_size=3),
            data=some.data(),
        )
        def ask_anything(self, operation, values, data):
            names = [one["name"] for one in operation.parameters("query")]
            query = {data.draw(some.sampled_from(names)): value for value in values}
            answer = test.daemon.request(
                operation.method,
                operation.address(
                    query={name: value.encode("utf-8", "replace") for name, value in query.items()},
                    **{one["name"]: "nobody" for one in operation.parameters("path")},
                ),
                headers=ADMIN,
            )
            description.check(operation, answer)
            test.assertLess(answer.status, 500, f"{operation.id} {query}: {answer}")

        @precondition(lambda self: self.kills < KILLS)
        @rule()
        def kill_and_restart(self):
            self.kills += 1
            test.kills += 1
            test.daemon.kill9()
            test.daemon.start()

        # --- what must hold whatever was done

        @invariant()
        def rules_are_those_that_were_confirmed(self):
            listed = {one["id"]: one for one in self.client.listRules()}
            test.assertEqual(listed, self.rules_known)

        @invariant()
        def receivers_are_those_that_were_confirmed(self):
            listed = {
                one["name"]: one for one in self.client.listReceivers() if one["source"] == "api"
            }
            test.assertEqual(listed, self.receivers_known)

        @invariant()
        def keys_and_comments_are_those_that_were_confirmed(self):
            states = {one["id"]: one["state"] for one in self.client.listKeys()}
            for key, (_, _, state) in self.keys_known.items():
                test.assertEqual(states[key], state)
            for alert, comments in self.comments_known.items():
                test.assertEqual(self.client.listComments(id=alert), comments)

    return Api


class ApiFuzz(harness.TestCase):
    def test_what_was_confirmed_is_there(self):
        hypothesis = peer_module("hypothesis")
        from hypothesis.configuration import set_hypothesis_home_dir
        from hypothesis.stateful import run_state_machine_as_test

        set_hypothesis_home_dir(str(self.folder / "hypothesis"))  # not the folder we run in
        self.runs = self.kills = 0
        self.daemon = self.tocsin(
            config(routing={"default_receivers": ["console"]}),
            environment={"TOCSIN_API_KEYS": f"admin:{ADMIN['X-API-Key']}"},
        )
        self.client = Client(self.daemon, headers=ADMIN)
        settings = hypothesis.settings(
            max_examples=300 if LONG else 20,
            stateful_step_count=80 if LONG else 30,
            derandomize=not LONG,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
            print_blob=True,
        )
        run_state_machine_as_test(machine_of(self), settings=settings)
        self.assertGreaterEqual(self.runs, 10)
        self.assertGreater(self.kills, 0)


if __name__ == "__main__":
    harness.main()
