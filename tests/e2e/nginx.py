"""The real nginx, as `make peers` unpacks it, with what a test wants between the braces of `http`."""

import os

from peers import peer_path
from process import Process

PROGRAM = "usr/sbin/nginx"


class Nginx:
    def __init__(self, folder, http):
        """`http`: directives; files without a path in them are in the folder."""
        self.folder = folder
        self.folder.mkdir()
        paths = "\n".join(
            f"{kind}_temp_path {folder / kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user}daemon off;\nworker_processes 1;\npid {folder / 'nginx.pid'};\n"
            f"error_log {folder / 'error.log'};\nevents {{ worker_connections 2048; }}\n"
            f"http {{\naccess_log off;\n{paths}\n{http}\n}}\n"
        )
        self.command = [
            peer_path(PROGRAM),
            "-p",
            folder,
            "-c",
            folder / "nginx.conf",
            "-e",
            folder / "error.log",
        ]
        self.process = Process("nginx", self.command, folder)

    def access_log(self):
        path = self.folder / "access.log"
        return path.read_text() if path.exists() else ""

    def stop(self):
        self.process.kill9()
