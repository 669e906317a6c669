"""A consent withdrawn in the app to the gate's refusal."""

import time

from anju.site.report import Figure, Report
from anju.site.tour import scratch
from anju.site.tour.kiosk import Kiosk
from anju.site.tour.resident import Resident
from benchmarks.figures import percentile

ROUNDS = 8
"""The app registers no more keys a minute than a person would."""


def _until(kiosk: Kiosk, app: Resident, *, opens: bool) -> float:
    """Show fresh QR codes until the gate answers so. Returns when."""
    while kiosk.scan(app.permit()).opened is not opens:
        time.sleep(0.01)
    return time.perf_counter()


def run(report: Report) -> None:
    """Agree, make a key, come in; withdraw, be refused; again."""
    taken, opened = [], []
    with scratch.running() as place:
        app = Resident.of_demo(place)
        with Kiosk(place.gate) as kiosk:
            for _ in range(ROUNDS):
                began = time.perf_counter()
                app.agree("gate_opening")
                app.make_key()
                opened.append(_until(kiosk, app, opens=True) - began)
                began = time.perf_counter()
                app.withdraw("gate_opening")
                taken.append(_until(kiosk, app, opens=False) - began)
    report.add("key registered to the gate opening, p50", Figure(percentile(opened, 0.5), "s"))
    report.add("withdrawn to refused, p50", Figure(percentile(taken, 0.5), "s"))
    report.add("withdrawn to refused, longest", Figure(max(taken), "s", 5))
