"""Taking a device's right to the bus back. The server keeps the list of such keys in the account's token."""

import asyncio
import base64
import fcntl
import json
import time

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError

from anju.bus import client
from anju.bus.credentials import claims
from anju.bus.server import authority
from anju.installation.paths import RUN


def revoke(nkey: str) -> None:
    """Void every token given to this key until now and end its connections. Raises client.BusError."""
    try:
        with (RUN / "accounts.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the list is read, added to and written back: one at a time
            asyncio.run(_revoke(nkey))
    except (NatsError, OSError, TimeoutError) as error:
        raise client.BusError(type(error).__name__) from error


async def _revoke(nkey: str) -> None:
    who = authority()
    bus = await nats.connect(
        client.addresses(),
        name="watcher",
        user_jwt_cb=lambda: who.watcher_token().encode(),
        signature_cb=lambda nonce: base64.b64encode(who.watcher.sign(nonce.encode())),
        allow_reconnect=False,
        connect_timeout=2,
    )
    try:
        revoked = await _revoked(bus, who.account.public)
        token = who.account_token({**revoked, nkey: int(time.time())})
        answer = json.loads((await bus.request("$SYS.REQ.CLAIMS.UPDATE", token.encode(), timeout=3)).data)
        if "error" in answer:
            raise client.BusError("the server refused the account")
    finally:
        await bus.close()


async def _revoked(bus: Client, account: str) -> dict[str, int]:
    token = (await bus.request(f"$SYS.REQ.ACCOUNT.{account}.CLAIMS.LOOKUP", timeout=3)).data.decode()
    found: dict[str, int] = claims(token)["nats"].get("revocations") or {}
    return found
