"""Where the daemons of a test program keep their state, and how a test reads and alters it behind
their back. An SQLite file in the storage folder; or, with TOCSIN_E2E_DATABASE=postgresql, each
daemon has a database of its own in one PostgreSQL server, which lives as long as the test program.

Both have the same tables and the same methods.
"""

import atexit
import contextlib
import ctypes
import functools
import itertools
import os
import pathlib
import shutil
import sqlite3
import tempfile

from peers import Postgres

KINDS = ("sqlite", "postgresql")
KIND = os.environ.get("TOCSIN_E2E_DATABASE", "sqlite")
if KIND not in KINDS:
    raise SystemExit(f"TOCSIN_E2E_DATABASE is {KIND!r}, but should be one of {KINDS}")
ON_POSTGRESQL = KIND == "postgresql"
BYTEA = 17  # the number of this type in PostgreSQL's catalogue
CONNECTION_OK = 0
COMMAND_OK, TUPLES_OK = 1, 2  # libpq's

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'tocsin'"
EMPTY = "SET client_min_messages = warning; DROP SCHEMA IF EXISTS tocsin, saved CASCADE"
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class SqliteFile:
    """The database that a daemon without DATABASE_URL makes in its storage folder."""

    environment = {}

    def __init__(self, storage):
        self._storage = storage
        self.path = storage / "alerting.db"

    def run(self, statement):
        """The rows that come of it."""
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            return database.execute(statement).fetchall()

    def table(self, name):
        """{key: value}"""
        return dict(self.run(f"SELECT key, value FROM {name}"))

    @staticmethod
    def text(column):
        """The SQL that reads such a column of a table as text."""
        return column

    value_of_text = text  # the SQL that makes such a value of text

    def save(self):
        """Returns what brings it back to what it is now. No daemon runs at either time."""
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")
        sound = self.path.read_bytes()
        return lambda: self.path.write_bytes(sound)

    def stored_bytes(self):
        """Of all files that hold it: the write-ahead log is one of them."""
        files = sorted(self._storage.glob(f"{self.path.name}*"))
        return b"".join(file.read_bytes() for file in files)

    def drop(self):
        pass  # the folder goes with the test


class PostgresDatabase:
    """One of the server's, without tables. To empty it takes a tenth of the time of making one, so
    the next daemon has it when it is dropped."""

    _spare = []  # names of databases that nobody has
    _numbers = itertools.count(1)

    def __init__(self):
        if self._spare:
            self._name = self._spare.pop()
        else:
            self._name = f"e2e_{next(self._numbers)}"
            run(server().url(), f"CREATE DATABASE {self._name}")
        # Longer than a daemon waits by itself: the machine may be busy with other tests.
        self._url = f"{server().url(database=self._name)}?connect_timeout=30"
        self.environment = {"DATABASE_URL": self._url}

    def run(self, statement):
        return run(self._url, statement)

    def table(self, name):
        rows = self.run(f"SELECT key, value FROM {name}")
        return {key.decode(): value.decode() for key, value in rows}

    @staticmethod
    def text(column):
        return f"convert_from({column}, 'UTF8')"

    @staticmethod
    def value_of_text(text):
        return f"convert_to({text}, 'UTF8')"

    def save(self):
        names = [name for (name,) in self.run(TABLES)]
        self.run("CREATE SCHEMA saved")
        for name in names:
            self.run(f"CREATE TABLE saved.{name} AS TABLE {name}")

        def restore():
            for name in names:
                self.run(f"TRUNCATE {name}; INSERT INTO {name} TABLE saved.{name}")

        return restore

    def stored_bytes(self):
        """Of all files that hold its tables, rows that were deleted included."""
        self.run("CHECKPOINT")
        ((number,),) = self.run(f"SELECT oid FROM pg_database WHERE datname = '{self._name}'")
        folder = server().folder / "data" / "base" / number
        return b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file())

    def drop(self):
        self.run(f"{END_OTHERS}; {EMPTY}")
        self._spare.append(self._name)


def make_database(storage):
    """For a daemon with this storage folder."""
    return PostgresDatabase() if ON_POSTGRESQL else SqliteFile(storage)


@functools.cache
def server():
    """The one of this test program: daemons are killed here, the machine is not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-pg-output-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Postgres(folder, fsync="off")
    atexit.register(made.stop)
    return made


def run(url, statement):
    """The rows that come of the last statement: bytes of BYTEA, text of everything else, None of NULL."""
    pq = libpq()
    connection = pq.PQconnectdb(url.encode())
    try:
        if pq.PQstatus(connection) != CONNECTION_OK:
            raise AssertionError(f"PostgreSQL: {pq.PQerrorMessage(connection).decode()}")
        result = pq.PQexec(connection, statement.encode())
        try:
            if pq.PQresultStatus(result) not in (COMMAND_OK, TUPLES_OK):
                raise AssertionError(f"{statement}: {pq.PQresultErrorMessage(result).decode()}")
            columns = range(pq.PQnfields(result))
            return [
                tuple(value_in(pq, result, row, column) for column in columns)
                for row in range(pq.PQntuples(result))
            ]
        finally:
            pq.PQclear(result)
    finally:
        pq.PQfinish(connection)


def value_in(pq, result, row, column):
    if pq.PQgetisnull(result, row, column):
        return None
    text = pq.PQgetvalue(result, row, column).decode()
    return bytes.fromhex(text[2:]) if pq.PQftype(result, column) == BYTEA else text


@functools.cache
def libpq():
    """The library that the daemon loads, too: Python's standard library has no client."""
    library = ctypes.CDLL("libpq.so.5")
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, *parameters in (
        ("PQconnectdb", pointer, text),
        ("PQstatus", number, pointer),
        ("PQerrorMessage", text, pointer),
        ("PQfinish", None, pointer),
        ("PQexec", pointer, pointer, text),
        ("PQresultStatus", number, pointer),
        ("PQresultErrorMessage", text, pointer),
        ("PQntuples", number, pointer),
        ("PQnfields", number, pointer),
        ("PQftype", ctypes.c_uint, pointer, number),
        ("PQgetisnull", number, pointer, number, number),
        ("PQgetvalue", text, pointer, number, number),
        ("PQclear", None, pointer),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, parameters
    return library
