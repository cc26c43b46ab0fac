"""A client that is made from the OpenAPI description which the daemon serves: one call for each
operationId. Every answer is checked against the description: its status is listed, its content type
too, and its body fits the schema. Here schemas are read more strictly than clients may: a member
that an answer has and the description has not is a fault.
"""

import copy
import functools
import json
import sys
import urllib.parse

from peers import peer_path

MOUNTS = ("/api/v1/alerting", "/alerting")
METHODS = ("get", "put", "post", "delete")


@functools.cache
def peer_module(name):
    """A Python module of build/peers; packages of its own distribution may be imported later."""
    packages = str(peer_path(f"usr/lib/python3/dist-packages/{name}").parent)
    if packages not in sys.path:
        sys.path.append(packages)
    return __import__(name)


class Operation:
    def __init__(self, path, method, text):
        self.path = path
        self.method = method.upper()
        self.id = text["operationId"]
        self.text = text
        self.scopes = [scope for way in text["security"][:1] for scope in next(iter(way.values()))]
        self.max_body = text["x-max-body-bytes"]
        # Its answer has no end: test_stream.py is about those.
        content = text["responses"].get("200", {}).get("content", {})
        self.is_stream = "101" in text["responses"] or "text/event-stream" in content
        self.is_undescribed = text.get("x-undescribed", False)

    @property
    def body(self):
        """The schema of what is sent; None where nothing is."""
        content = self.text.get("requestBody", {}).get("content", {})
        return content["application/json"]["schema"] if content else None

    @property
    def needs_body(self):
        return self.text.get("requestBody", {}).get("required", False)

    def parameters(self, place):
        return [one for one in self.text.get("parameters", []) if one.get("in") == place]

    def address(self, mount=MOUNTS[0], query=None, **names):
        path = self.path
        for parameter in self.parameters("path"):
            value = urllib.parse.quote(str(names.pop(parameter["name"])), safe="")
            path = path.replace("{" + parameter["name"] + "}", value)
        assert not names, f"{self.id} has no parameters {names}"
        known = {one["name"] for one in self.parameters("query")}
        assert set(query or ()) <= known, f"{self.id} has no {set(query) - known} in its query"
        text = urllib.parse.urlencode(query or {}, doseq=True)
        return mount + path + ("?" + text if text else "")


class Description:
    def __init__(self, document):
        self.document = document
        self.operations = {}
        for path, methods in document["paths"].items():
            for method, text in methods.items():
                assert method in METHODS, method
                operation = Operation(path, method, text)
                assert operation.id not in self.operations, f"two operations {operation.id}"
                self.operations[operation.id] = operation
        self._jsonschema = peer_module("jsonschema")
        strict = copy.deepcopy(document)
        for name in self.answer_schemas():
            close(strict["components"]["schemas"][name])
        self._strict = strict
        self._validators = {}

    def schema(self, name):
        return self.document["components"]["schemas"][name]

    def resolved(self, schema):
        """What a $ref stands for."""
        while "$ref" in schema:
            schema = self.schema(schema["$ref"].rpartition("/")[2])
        return schema

    def response(self, operation, status):
        """What is described of a status; None where nothing is."""
        found = operation.text["responses"].get(str(status))
        if found and "$ref" in found:
            found = self.document["components"]["responses"][found["$ref"].rpartition("/")[2]]
        return found

    def answer_schemas(self):
        """The names of those that answers are made of."""
        found, left = set(), [one.text["responses"] for one in self.operations.values()]
        left.append(self.document["components"]["responses"])
        while left:
            for name in references(left.pop()):
                if name not in found:
                    found.add(name)
                    left.append(self.schema(name))
        return found

    def faults(self, schema, value):
        """What of a value is not as the schema says, in words."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": self._strict["components"]}
            self._validators[key] = self._jsonschema.Draft202012Validator(whole)
        return [
            f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:300]}"
            for fault in self._validators[key].iter_errors(value)
        ]

    def check(self, operation, answer):
        """Raises AssertionError where an answer is none of those described."""
        where = f"{operation.id}: {answer!r}"
        described = self.response(operation, answer.status)
        assert described is not None, f"status {answer.status} is not described; {where}"
        kind = answer.headers["Content-Type"].partition(";")[0].strip()
        assert kind in described["content"], f"{kind} is not described; {where}"
        if kind != "application/json":
            return
        schema = copy.deepcopy(described["content"][kind]["schema"])
        close(schema)
        faults = self.faults(schema, answer.json())
        assert not faults, f"{faults}; {where}"


def references(value):
    """The names in all $ref of a value."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref" and "/schemas/" in item:
                yield item.rpartition("/")[2]
            else:
                yield from references(item)


def close(schema):
    """Lets objects have no members but those described, all the way down."""
    if isinstance(schema, list):
        for item in schema:
            close(item)
    elif isinstance(schema, dict):
        for item in list(schema.values()):
            close(item)
        if isinstance(schema.get("properties"), dict) and schema.get("type") in (
            "object",
            ["object", "null"],
        ):
            schema.setdefault("additionalProperties", False)


class Client:
    """client.createRule(body={...}), client.getRule(id=...): a checked answer, whose status must be
    `expect`."""

    def __init__(self, daemon, description=None, headers=None, mount=MOUNTS[0]):
        self.daemon = daemon
        self.headers = dict(headers or {})
        self.mount = mount
        self.called = set()
        if description is None:
            answer = daemon.get(f"{mount}/openapi.json", headers=self.headers)
            assert answer.status == 200, answer
            description = Description(answer.json())
        self.description = description

    def __getattr__(self, name):
        operations = self.__dict__["description"].operations
        if name not in operations:
            raise AttributeError(name)
        return functools.partial(self.call, operations[name])

    def call(self, operation, body=None, expect=200, query=None, headers=None, **names):
        self.called.add(operation.id)
        answer = self.daemon.request(
            operation.method,
            operation.address(self.mount, query, **names),
            None if body is None else json.dumps(body),
            headers={**self.headers, **(headers or {})},
        )
        self.description.check(operation, answer)
        expected = expect if isinstance(expect, tuple) else (expect,)
        assert answer.status in expected, f"{operation.id}: {answer!r}, not {expect}"
        is_json = answer.headers["Content-Type"].startswith("application/json")
        return answer.json() if is_json else answer.text
