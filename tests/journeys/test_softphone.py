"""A visitor at the gate's screen calls a home where Linphone rings beside the app: real browser, real SIP server, real Linphone."""

import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from anju.site.tour.resident import Resident
from anju.site.tour.scratch import Place
from tests.journeys.test_intercom import dial
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
    resident = Resident.of_demo(place)
    home = resident.get("/homes")[0]["id"]
    account = resident.post("/sip/devices", {"home": home, "label": "书房"})
    file = httpx.get(account["qr"]).content
    (tmp_path / "phone").mkdir()
    with serving(file) as address, Linphone(tmp_path / "phone", address) as phone:
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
    [call] = [one for one in resident.get("/calls") if one["opened_at"]][:1]
    assert call["state"] == "ended"
