"""./anju tour: walk the main journey through a whole system of its own - real HTTP, real bus, a real gate, real photographs."""

import argparse
import sys
import time
from pathlib import Path

import django
import httpx

from anju.site.report import Figure, Report, yes


def main(arguments: list[str]) -> int:
    """Walk. Returns 0 when every step was as it should be."""
    parser = argparse.ArgumentParser(prog="anju tour", description=__doc__)
    parser.add_argument(
        "--photos", type=Path, metavar="DIR", help="one folder a person, two or more photographs in each"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    chosen = parser.parse_args(arguments)
    django.setup()
    from anju.site.tour import photos, scratch
    from anju.site.tour.journey import Journey
    from anju.site.tour.resident import Unexpected

    report = Report(quiet=chosen.json)
    try:
        sitters = photos.from_folder(chosen.photos) if chosen.photos else photos.shipped()
        began = time.perf_counter()
        with scratch.running() as place:
            report.add("system ready", Figure(time.perf_counter() - began, "s", 240))
            Journey(place, sitters, report).walk()
    except (photos.NoPhotos, scratch.DidNotStart, Unexpected, httpx.HTTPError, OSError) as error:
        sys.stderr.write(f"  ✗ {error}\n")
        report.add("journey", yes(False, str(error)[:300]))
        return report.finish(as_json=chosen.json)
    report.add("journey", yes(True, "every step as it should be"))
    return report.finish(as_json=chosen.json)
