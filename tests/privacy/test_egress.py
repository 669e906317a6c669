"""A process reaches its own parts, and a recipient only while the gateway sends."""

import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"
SCENE = """
import http.server, socket, sys, threading, urllib.request
sys.path.insert(0, {source!r})
from anju.privacy import egress
class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(204); self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
port = server.server_port
own = socket.create_server(("127.0.0.1", 0))
egress.install(("127.0.0.1", own.getsockname()[1]))
def get(host="127.0.0.1"):
    try: return urllib.request.urlopen(f"http://{{host}}:{{port}}/", timeout=3).status
    except OSError as error: return type(getattr(error, "reason", error)).__name__
{act}
"""


def _in_a_process_of_its_own(act: str) -> str:
    scene = SCENE.format(source=str(SOURCE), act=act)
    done = subprocess.run([sys.executable, "-c", scene], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()[-1]


def test_an_undeclared_place_is_refused() -> None:
    assert _in_a_process_of_its_own("print(get())") == "EgressRefused"


def test_a_recipient_is_reached_only_inside_the_gateway() -> None:
    act = 'with egress.allowing("127.0.0.1", port): inside = get()\nprint(inside, get())'
    assert _in_a_process_of_its_own(act) == "204 EgressRefused"


def test_a_recipient_is_reached_by_its_name() -> None:
    assert _in_a_process_of_its_own('with egress.allowing("localhost", port): print(get("localhost"))') == "204"


def test_another_port_of_the_same_host_stays_closed() -> None:
    act = 'with egress.allowing("127.0.0.1", port + 1): print(get())'
    assert _in_a_process_of_its_own(act) == "EgressRefused"


def test_a_look_up_of_an_undeclared_name_is_refused() -> None:
    act = 'try: socket.getaddrinfo("tracker.example", 443)\nexcept OSError as error: print(type(error).__name__)'
    assert _in_a_process_of_its_own(act) == "EgressRefused"


def test_its_own_parts_are_always_reached() -> None:
    act = "socket.create_connection(own.getsockname()); print('reached')"
    assert _in_a_process_of_its_own(act) == "reached"
