"""The hash chain over the proofs: what was done, agreed to and shared, in an order nobody can change unnoticed.

Each minute the proofs not yet sealed get the next numbers; a link's digest covers the one before it and the whole row. The
head is signed and appended to a file outside the database, from where it can be taken off the host: it tells when the end of
the chain was cut off, which the chain alone cannot.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, models, transaction
from django.utils import timezone

from anju.installation.keyring import secret
from anju.installation.paths import VAR
from anju.privacy.models import AuditEntry, AuditLink, Consent, Sharing

PROOFS: dict[str, type[models.Model]] = {"audit": AuditEntry, "consent": Consent, "sharing": Sharing}
HEADS = VAR / "audit" / "heads.jsonl"
START = bytes(32)
LATE = timedelta(minutes=5)
"""A proof this old that no link covers was written around the sealing, or the sealing stands still."""

_LOCK = 4_201_701
_BATCH = 5_000
_OVERLAP = timedelta(days=2)  # a transaction that stays open for longer loses its rows' place until `verify` finds them


@dataclass(frozen=True)
class Head:
    """Where the chain stood. signature: Ed25519 over the other fields, hexadecimal."""

    number: int
    digest: str
    at: str
    signature: str = ""

    def signed_text(self) -> bytes:
        return f"anju-audit-1|{self.number}|{self.digest}|{self.at}".encode()

    def genuine(self) -> bool:
        """Whether this installation signed it."""
        try:
            _key().public_key().verify(bytes.fromhex(self.signature), self.signed_text())
        except (InvalidSignature, ValueError):
            return False
        return True


@cache
def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(secret("audit-seal"))


def _text(row: models.Model) -> bytes:
    """Everything a proof says, in one spelling."""
    said = {field.attname: field.value_from_object(row) for field in row._meta.concrete_fields}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), default=_plain, ensure_ascii=False).encode()


def _plain(value: Any) -> str:  # Any: whatever a proof's fields hold
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _digest(previous: bytes, number: int, kind: str, row: models.Model) -> bytes:
    return hashlib.sha256(previous + f"{number}|{kind}|".encode() + _text(row)).digest()


def _unsealed() -> list[tuple[str, models.Model]]:
    """Proofs without a link, oldest first."""
    after = UUID(int=int((timezone.now() - _OVERLAP).timestamp() * 1000) << 80)
    empty = not AuditLink.objects.exists()
    found: list[tuple[str, models.Model]] = []
    for kind, model in PROOFS.items():
        sealed = AuditLink.objects.filter(row=models.OuterRef("pk"))
        rows = model._default_manager.filter(~models.Exists(sealed)).order_by("pk")
        if not empty:
            rows = rows.filter(pk__gt=after)
        found += [(kind, row) for row in rows[:_BATCH]]
    return sorted(found, key=lambda one: str(one[1].pk))[:_BATCH]


def head() -> Head | None:
    """Where the chain stands, signed; None: nothing is sealed yet."""
    last = AuditLink.objects.order_by("-number").first()
    if last is None:
        return None
    unsigned = Head(last.number, bytes(last.digest).hex(), last.at.isoformat())
    return Head(unsigned.number, unsigned.digest, unsigned.at, _key().sign(unsigned.signed_text()).hex())


@transaction.atomic
def _seal_some() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    last = AuditLink.objects.order_by("-number").first()
    number, digest = (last.number, bytes(last.digest)) if last else (0, START)
    links = []
    for kind, row in _unsealed():
        number += 1
        digest = _digest(digest, number, kind, row)
        links.append(AuditLink(number=number, kind=kind, row=row.pk, digest=digest))
    AuditLink.objects.bulk_create(links)
    return len(links)


def seal() -> int:
    """Give every proof its place, and note the head outside the database. Returns how many were sealed."""
    total = 0
    while done := _seal_some():
        total += done
    if total and (now := head()):
        HEADS.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with HEADS.open("a") as file:
            file.write(json.dumps(asdict(now)) + "\n")
    return total


def known_heads(path: Path = HEADS) -> list[Head]:
    """The heads noted in a file, oldest first."""
    if not path.exists():
        return []
    return [Head(**json.loads(line)) for line in path.read_text().splitlines() if line.strip()]


@dataclass(frozen=True)
class Fault:
    """Something that was done to the proofs. number: the link it shows at."""

    number: int
    what: str


def verify(heads: Sequence[Head] = ()) -> tuple[int, list[Fault]]:
    """Compute the whole chain anew. Returns how many links hold and what is wrong."""
    faults: list[Fault] = []
    digest, number = START, 0
    digests: dict[int, str] = {}
    for link, row in _links():
        if link.number != number + 1:
            faults.append(Fault(link.number, "numbers are missing before it"))
        number = link.number
        if row is None:
            faults.append(Fault(number, f"the {link.kind} row it seals is gone"))
        elif _digest(digest, number, link.kind, row) != bytes(link.digest):
            faults.append(Fault(number, f"the {link.kind} row or the order was changed"))
        digest = bytes(link.digest)
        digests[number] = digest.hex()
    faults += _faults_of_heads(heads, digests, number)
    before = UUID(int=int((timezone.now() - LATE).timestamp() * 1000) << 80)
    for kind, model in PROOFS.items():
        sealed = AuditLink.objects.filter(row=models.OuterRef("pk"))
        loose = model._default_manager.filter(~models.Exists(sealed), pk__lt=before).count()
        if loose:
            faults.append(Fault(number, f"{loose} {kind} rows stand outside the chain"))
    return number, faults


def _faults_of_heads(heads: Sequence[Head], digests: dict[int, str], end: int) -> Iterator[Fault]:
    for one in heads:
        if not one.genuine():
            yield Fault(one.number, "a noted head was not signed here")
        elif one.number > end:
            yield Fault(one.number, "the end of the chain is cut off")
        elif digests.get(one.number) != one.digest:
            yield Fault(one.number, "the chain is not the one whose head was noted")


def _links() -> Iterator[tuple[AuditLink, models.Model | None]]:
    """Every link in order, with the row it seals."""
    last = 0
    while batch := list(AuditLink.objects.filter(number__gt=last).order_by("number")[:_BATCH]):
        rows: dict[UUID, models.Model] = {}
        for kind, model in PROOFS.items():
            rows |= model._default_manager.in_bulk([link.row for link in batch if link.kind == kind])
        for link in batch:
            yield link, rows.get(link.row)
        last = batch[-1].number
