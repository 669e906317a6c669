"""The NATS server that comes with Anju: its configuration, made from the keyring at each start."""

from pathlib import Path

from anju.bus.credentials import Authority
from anju.installation.keyring import secret
from anju.installation.paths import BIN, VAR
from anju.installation.ports import ports


def authority() -> Authority:
    """Who signs for whom on this installation's bus."""
    return Authority.make(secret)


def configure() -> Path:
    """Write the server's configuration and the accounts it trusts. Returns the configuration's path."""
    who = authority()
    home = VAR / "nats"
    accounts = home / "accounts"
    accounts.mkdir(mode=0o700, parents=True, exist_ok=True)
    (accounts / f"{who.system.public}.jwt").write_text(who.system_token())
    account = accounts / f"{who.account.public}.jwt"
    if not account.exists():  # later it carries revocations, pushed while running
        account.write_text(who.account_token({}))
    path = home / "nats.conf"
    path.write_text(
        f"""server_name: anju
listen: "127.0.0.1:{ports()["nats"]}"
http: "127.0.0.1:{ports()["nats_monitor"]}"
operator: {who.operator_token()}
system_account: {who.system.public}
resolver: {{ type: full, dir: "{accounts}", allow_delete: false, interval: "2m" }}
# A message the server acknowledged survives its death: entries and revocations depend on it.
jetstream: {{ store_dir: "{home / "jetstream"}", sync_interval: always, max_memory_store: 64MB, max_file_store: 8GB }}
mqtt: {{ listen: "127.0.0.1:{ports()["nats_mqtt"]}", ack_wait: "20s" }}
max_payload: 1MB
ping_interval: "10s"
ping_max: 2
write_deadline: "5s"
"""
    )
    return path


def command() -> list[str]:
    """The command line of the server process."""
    return [str(BIN / "nats-server"), "-c", str(configure())]
