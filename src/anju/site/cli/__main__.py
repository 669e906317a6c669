"""./anju VERB: one module a verb, loaded only when it is called."""

import argparse
import os
import sys
from importlib import import_module

VERBS = {
    "up": "start everything, with a demo community",
    "check": "how every part is, and what to do when one is ill",
    "tour": "walk the main journey through the running system, headlessly",
    "demo": "demo data: seed, code (a demo member of staff's second factor)",
    "gate": "a gate's own program: register, run",
    "sip": "calls by SIP beside the app: up, down, status",
    "test": "install what tests need and run them all",
    "audit": "the proofs' hash chain: verify, head",
    "privacy": "prove the privacy promises; print what may be connected to",
    "backup": "write an encrypted backup: database and keys apart",
    "restore": "bring a backup back, without those who were erased since",
    "bench": "measure against a floor in the same run",
    "docs": "write the generated documents (openapi, lock, screenshots)",
    "manage": "Django's own commands",
}


def main(arguments: list[str]) -> int:
    """Run one verb. Returns the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
    parser = argparse.ArgumentParser(
        prog="anju", description="安居 Anju", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.epilog = "\n".join(f"  {verb:8} {text}" for verb, text in VERBS.items())
    parser.add_argument("verb", choices=list(VERBS), metavar="VERB")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="…", help="each verb has --help of its own")
    chosen = parser.parse_args(arguments)
    if chosen.verb == "gate":
        return int(import_module("anju.gate.cli").main(chosen.rest))
    return int(import_module(f"anju.site.cli.{chosen.verb}").main(chosen.rest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
