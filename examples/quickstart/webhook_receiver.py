#!/usr/bin/env python3
"""The other end of a webhook, for trying out: prints one line for each notification.

    python3 examples/quickstart/webhook_receiver.py [PORT]     # 9096 unless told otherwise
"""

import http.server
import json
import sys


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        alert = body["alert"]
        print(alert["status"], alert["name"], alert["metric_value"], alert["metadata"], flush=True)
        # Any 2xx is the receipt. Without it the notification comes again, with the same
        # Idempotency-Key.
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9096
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print(f"waiting for webhooks on http://127.0.0.1:{server.server_address[1]}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
