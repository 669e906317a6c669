"""baresip as what hangs on a wall: the real program, driven by its control socket, in a room with an echo: it says what it hears."""

import json
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from anju.installation.ports import outer
from anju.sip import place
from tests.sip.conftest import until

PROGRAM = "baresip"
MODULES = Path("/usr/lib/baresip/modules")
CONFIG = """\
sip_listen 127.0.0.1:0
sip_trans_def {transport}
sip_cafile {authority}
call_max_calls 2
audio_source aubridge,room
audio_player aubridge,room
audio_alert aubridge,bell
audio_level no
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module_path {modules}
module g711.so
module aubridge.so
module srtp.so
module uuid.so
module_tmp account.so
module_app ctrl_tcp.so
module_app menu.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


@dataclass(frozen=True)
class Way:
    """How it reaches the server. extra: of its account's parameters."""

    transport: str
    port: str
    extra: str = ""


UDP = Way("udp", "sip")
TLS = Way("tls", "sip_tls", ";mediaenc=srtp-mand")
"""It talks no word that is not encrypted (SDES)."""


def there() -> bool:
    return shutil.which(PROGRAM) is not None


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Baresip:
    """One account in a folder of its own."""

    def __init__(self, folder: Path, username: str, password: str, way: Way = UDP, *, auto: bool = False) -> None:
        folder.mkdir()
        self._log, self._control = folder / "log", _free()
        server = f"sip:127.0.0.1:{outer(way.port)};transport={way.transport}"
        account = (
            f'<sip:{username}@{place.REALM}>;auth_user={username};auth_pass={password};outbound="{server}";regint=60'
        )
        answers = f";answermode={'auto' if auto else 'manual'};audio_codecs=pcmu/8000/1"
        (folder / "accounts").write_text(f"{account}{answers}{way.extra}\n")
        (folder / "contacts").touch()
        facts = {"transport": way.transport, "authority": place.folder() / "tls" / f"{place.host()}.pem"}
        (folder / "config").write_text(CONFIG.format(modules=MODULES, control=self._control, **facts))
        # Into a file it would keep its last words in a buffer.
        command = ["stdbuf", "-oL", PROGRAM, "-4", "-s", "-v", "-f", str(folder)]
        out = self._log.open("wb")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=folder
        )

    def __enter__(self) -> Self:
        assert self.said("ctrl_tcp"), self.log
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def said(self, text: str, seconds: float = 10) -> bool:
        return until(lambda: text in self.log, seconds)

    def do(self, command: str, parameters: str = "") -> None:
        """Have it do something, as somebody at its keys would."""
        said = json.dumps({"command": command, "params": parameters}).encode()
        with socket.create_connection(("127.0.0.1", self._control), 3) as line:
            line.sendall(b"%d:%s," % (len(said), said))
            line.settimeout(3)
            answer = b""
            while b'"response":true' not in answer:  # events come on the same line
                came = line.recv(65_536)
                assert came, answer
                answer += came
            assert b'"ok":true' in answer
