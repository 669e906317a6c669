"""A visitor at the gate's screen calls a home where Linphone rings beside the app: real browser, real SIP server, real Linphone."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Page

from anju.site.tour.browser import KIOSK
from anju.site.tour.resident import Resident
from anju.site.tour.scratch import Place
from tests.journeys.conftest import Open
from tests.journeys.test_intercom import PEERS, at_gate, dial
from tests.journeys.test_intercom import kiosk as kiosk
from tests.sip.conftest import until
from tests.sip.test_linphone import PROGRAM, Linphone, serving

pytestmark = pytest.mark.journey
PACKETS = """
async () => {
  let count = 0
  for (const peer of window.peers) for (const one of (await peer.getStats()).values())
    if (one.type === 'inbound-rtp' && one.kind === 'audio') count += one.packetsReceived
  return count
}
"""


SEALED = """
const Socket = WebSocket
window.encrypted = 0
window.WebSocket = class extends Socket {
  constructor(url, ...more) {
    super(String(url).replace('%(plain)s', '%(sealed)s'), ...more)
    if (this.url.startsWith('wss:')) this.addEventListener('open', () => window.encrypted++)
  }
}
"""
"""The address an installation with a certificate of its own gives its gates."""


def key_of(certificate: Path) -> str:
    """Of its public key, what a browser knows it by."""
    public = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def registered(place: Place, username: str) -> bool:
    """Whether that system's SIP server knows where this device is."""
    asked = f"import django; django.setup(); from anju.sip import kamailio; print(kamailio.contacts({username!r}))"
    environment = {**place.environment, "DJANGO_SETTINGS_MODULE": "anju.site.settings"}
    done = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    return "sip:" in done.stdout


@pytest.mark.skipif(not shutil.which(PROGRAM), reason="not installed: apt-get install linphone-cli")
def test_linphone_rings_for_a_call_from_the_gates_screen_talks_and_opens(
    place: Place, sip: None, kiosk: Page, tmp_path: Path
) -> None:
    talk(place, kiosk, tmp_path)


@pytest.mark.skipif(not shutil.which(PROGRAM), reason="not installed: apt-get install linphone-cli")
def test_the_gates_screen_does_so_over_an_encrypted_line_whose_certificate_it_checks(
    place: Place, sip: None, open_page: Open, tmp_path: Path
) -> None:
    ports = json.loads((place.home / "ports.json").read_text())
    words = {"plain": f"ws://127.0.0.1:{ports['sip_ws']}", "sealed": f"wss://127.0.0.1:{ports['sip_wss']}"}
    [certificate] = (place.home / "sip" / "tls").glob("*.pem")
    kiosk = open_page(KIOSK, trusts=key_of(certificate))
    kiosk.add_init_script(SEALED % words + PEERS)
    at_gate(place, kiosk)
    talk(place, kiosk, tmp_path)
    assert kiosk.evaluate("encrypted") > 0


def talk(place: Place, kiosk: Page, folder: Path) -> None:
    """The screen calls a home, its Linphone answers, is heard, opens and hangs up."""
    resident = Resident.of_demo(place)
    home = resident.get("/homes")[0]["id"]
    account = resident.post("/sip/devices", {"home": home, "label": "书房"})
    file = httpx.get(account["qr"]).content
    (folder / "phone").mkdir()
    with serving(file) as address, Linphone(folder / "phone", address) as phone:
        assert until(lambda: registered(place, account["username"]), 20)
        dial(kiosk, "1-1-101")
        assert phone.said("Receiving new incoming call", 20)
        phone.say("answer")
        kiosk.get_by_text("已接通，请讲话").wait_for()
        kiosk.wait_for_function(f"async () => await ({PACKETS})() > 20")
        phone.say("#")
        kiosk.get_by_text("门已打开，请进").wait_for()
        phone.say("terminate")
        kiosk.get_by_text("通话已结束").wait_for()
    call = next(one for one in resident.get("/calls") if one["opened_at"])
    assert call["state"] == "ended"
