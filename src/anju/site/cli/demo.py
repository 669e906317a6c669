"""./anju demo: data to try things with.

prepare            the demo community, its staff, a resident and a registered gate (what `up` does)
seed --homes N     homes, members and synthetic templates by the thousand
code [ROLE]        the second factor of a demo member of staff, now (manager, dpo, …)
"""

import argparse
import json
import time

import django

from anju.installation.paths import VAR


def main(arguments: list[str]) -> int:
    """Run one of the sub-verbs."""
    parser = argparse.ArgumentParser(
        prog="anju demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = parser.add_subparsers(dest="what", required=True)
    verbs.add_parser("prepare")
    seeding = verbs.add_parser("seed")
    seeding.add_argument("--homes", type=int, default=2000)
    code = verbs.add_parser("code")
    code.add_argument("role", nargs="?", default="manager")
    chosen = parser.parse_args(arguments)
    django.setup()
    from anju.site import demo  # its models need Django's registry

    if chosen.what == "code":
        known = json.loads((VAR / "demo.json").read_text()).get(chosen.role)
        if not known or "totp" not in known:
            parser.error(f"no such member of staff: {', '.join(role for role in demo.PEOPLE if role != demo.RESIDENT)}")
        print(demo.code_now(known["totp"]))
        return 0
    if chosen.what == "seed":
        from anju.site import seed

        began = time.monotonic()
        made = seed.seed(chosen.homes, lambda what, count: print(f"  ✓ {what}: {count}", flush=True))
        print(f"  {made}  {time.monotonic() - began:.1f} s")
        return 0
    _register_gate(demo.prepare())
    return 0


def _register_gate(made: dict[str, dict[str, str]]) -> None:
    from anju.gate import cli as gate
    from anju.gate.identity import NotRegistered
    from anju.installation.ports import ports
    from anju.site import demo

    home = VAR / "gate"
    if demo.gate_is_registered(home):
        return
    platform = f"http://127.0.0.1:{ports()['web']}"  # the front may speak https under a name that is not this machine's
    try:
        gate.register(platform, made["gate"]["code"], home)
    except NotRegistered:  # the first code has expired meanwhile, or another folder used it
        gate.register(platform, demo.new_gate_code(made["gate"]["id"]), home)
