"""./anju audit: the proofs' hash chain. verify: compute it anew; head: where it stands, signed, to be kept off this host."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import django

from anju.site.report import Figure, Report, yes


def main(arguments: list[str]) -> int:
    """Returns 0 when every proof stands as it was sealed."""
    parser = argparse.ArgumentParser(prog="anju audit", description=__doc__)
    parser.add_argument("what", choices=["verify", "head", "seal"])
    parser.add_argument(
        "--head", type=Path, metavar="FILE", help="verify: heads that were kept elsewhere, as `head` printed them"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    chosen = parser.parse_args(arguments)
    django.setup()
    from anju.privacy import chain, scope

    with scope.platform():
        if chosen.what == "seal":
            print(f"{chain.seal()} proofs sealed")
            return 0
        if chosen.what == "head":
            now = chain.head()
            if now is None:
                sys.stderr.write("Nothing is sealed yet: is the worker running? `./anju audit seal` does it now.\n")
                return 1
            print(json.dumps(asdict(now)))
            return 0
        report = Report(quiet=chosen.json)
        heads = chain.known_heads() + (chain.known_heads(chosen.head) if chosen.head else [])
        number, faults = chain.verify(heads)
        report.add("links", Figure(number, "links"))
        report.add("heads", Figure(len(heads), "heads"))
        for fault in faults[:50]:
            report.add(f"link {fault.number}", yes(False, fault.what))
        report.add("faults", Figure(len(faults), "faults", 0))
        return report.finish(as_json=chosen.json)
