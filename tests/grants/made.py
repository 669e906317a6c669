"""Grants, permits and times for tests, and how to make any of them up."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import strategies as st

from anju.grants import permits
from anju.grants.decision import Clock
from anju.grants.grant import Ended, FaceRef, Grant, Way
from anju.grants.permits import Permit

NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many points P-256 has: (r, s) and (r, ORDER - s) are both good signatures."""

KEY = uuid4()
PRIVATE = generate_private_key(SECP256R1())
OTHER = generate_private_key(SECP256R1())
PUBLIC = PRIVATE.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

times = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
clocks = st.builds(Clock, times, st.booleans())
points = st.binary(min_size=65, max_size=65)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    since = draw(times)
    return Grant(
        id=draw(st.uuids()),
        rev=draw(st.integers(0, 2**53)),
        holder=draw(st.uuids()),
        ways=draw(st.frozensets(st.sampled_from(Way))),
        since=since,
        until=draw(st.none() | times),
        keys=draw(st.dictionaries(st.uuids(), points, max_size=3)),
        face=draw(st.none() | st.builds(FaceRef, st.integers(0, 2**31), st.booleans())),
        marks=draw(st.frozensets(st.text(max_size=24), max_size=3)),
        uses=draw(st.none() | st.integers(0, 100)),
        floors=draw(st.frozensets(st.integers(-5, 60), max_size=3)),
    )


messages = grants() | st.builds(Ended, st.uuids(), st.integers(0, 2**53))


def grant(
    *,
    ways: frozenset[Way] = frozenset(Way),
    since: datetime = NOW - DAY,
    until: datetime | None = None,
    keys: dict[UUID, bytes] | None = None,
) -> Grant:
    """A resident's grant that names KEY."""
    named = {KEY: PUBLIC} if keys is None else keys
    return Grant(uuid4(), 1, uuid4(), ways, since, until, named, None)


def permit(at: datetime = NOW) -> Permit:
    """What a gate reads from the phone's screen."""
    return permits.read(permits.make(KEY, PRIVATE, at))
