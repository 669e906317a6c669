"""One of three servers of the bus: `python -m anju.bus.cluster` writes its configuration (deploy/README.md)."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anju.bus.credentials import Authority
from anju.bus.server import authority


@dataclass(frozen=True)
class Member:
    """listen: where gates and the platform connect. mqtt: where terminals do. cluster: where the others do, a network of their own.

    routes: every member's `cluster`. Each is host:port.
    """

    name: str
    home: Path
    listen: str
    monitor: str
    mqtt: str
    cluster: str
    routes: Sequence[str]

    def write(self, who: Authority) -> Path:
        """Make its folder, the accounts it trusts and its configuration. Returns the configuration's path."""
        accounts = self.home / "accounts"
        accounts.mkdir(mode=0o700, parents=True, exist_ok=True)
        (accounts / f"{who.system.public}.jwt").write_text(who.system_token())
        account = accounts / f"{who.account.public}.jwt"
        if not account.exists():  # later it carries revocations, which the members pass on to each other
            account.write_text(who.account_token({}))
        path = self.home / "nats.conf"
        routes = ", ".join(f'"nats://{one}"' for one in self.routes)
        path.write_text(
            f"""server_name: {self.name}
listen: "{self.listen}"
http: "{self.monitor}"
operator: {who.operator_token()}
system_account: {who.system.public}
resolver: {{ type: full, dir: "{accounts}", allow_delete: false, interval: "2m" }}
# A message that two of three have acknowledged survives the death of any one of them, and of all: each flushes it to its disk.
jetstream: {{ store_dir: "{self.home / "jetstream"}", sync_interval: always, max_memory_store: 64MB, max_file_store: 32GB }}
cluster: {{ name: anju, listen: "{self.cluster}", routes: [{routes}] }}
mqtt: {{ listen: "{self.mqtt}", ack_wait: "20s" }}
max_payload: 1MB
ping_interval: "10s"
ping_max: 2
write_deadline: "5s"
"""
        )
        path.chmod(0o600)
        return path


def main() -> None:
    """Write one member's configuration with this installation's keys (var/keys, the same on every member)."""
    parser = argparse.ArgumentParser(prog="python -m anju.bus.cluster", description=main.__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--home", type=Path, default=Path("/var/lib/anju-nats"))
    for name, default in (
        ("listen", "0.0.0.0:4222"),
        ("monitor", "127.0.0.1:8222"),
        ("mqtt", "0.0.0.0:1883"),
        ("cluster", "0.0.0.0:6222"),
    ):
        parser.add_argument(f"--{name}", default=default, help="host:port (default: %(default)s)")
    parser.add_argument("--route", action="append", required=True, help="a member's cluster host:port; once for each")
    chosen = parser.parse_args()
    member = Member(chosen.name, chosen.home, chosen.listen, chosen.monitor, chosen.mqtt, chosen.cluster, chosen.route)
    sys.stdout.write(f"{member.write(authority())}\n")


if __name__ == "__main__":
    main()
