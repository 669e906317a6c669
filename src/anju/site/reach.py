"""What the platform's processes reach by themselves: the database and the bus."""

from urllib.parse import urlsplit

from anju.installation.ports import ports
from anju.site import postgres

Place = tuple[str, int]


def own() -> list[Place]:
    """Host and port of each part, for egress.py."""
    database = urlsplit(postgres.app_url())
    return [(database.hostname or "", database.port or 5432), ("127.0.0.1", ports()["nats"])]
