"""The names of what travels on the bus (docs/gate-protocol.md gives the payloads)."""

from typing import Any
from uuid import UUID

GRANTS_STREAM = "GRANTS"
ENTRIES_STREAM = "ENTRIES"
ASK = "ask.*.*"
ASK_TIME = "ask.*.time"
STATE = "state.*"
ENTRIES = "entries.*"


TERMINAL_EVENTS = "terminals.*.events"
TERMINAL_WORDS = "terminals.*.ask"


def terminal(terminal: UUID, what: str) -> str:
    """What a vendor's terminal and the platform tell each other: over MQTT `terminals/<id>/<what>`."""
    return f"terminals.{terminal}.{what}"


def grant(gate: UUID, grant: UUID) -> str:
    return f"grants.{gate}.{grant}"


def grants(gate: UUID) -> str:
    return f"grants.{gate}.>"


def command(gate: UUID) -> str:
    return f"cmd.{gate}"


def consumer(gate: UUID) -> str:
    """The durable consumer that holds a gate's place in the grants stream."""
    return f"gate-{gate}"


def live(channel: str, event: str) -> str:
    """What a signed-in client hears: `channel` is `person.<id>` or `community.<id>`."""
    return f"live.{channel}.{event}"


def gate_of(subject: str) -> UUID:
    """The gate a subject belongs to: its second word."""
    return UUID(subject.split(".")[1])


def terminal_permissions(terminal: UUID) -> dict[str, dict[str, Any]]:
    """What one vendor's terminal may publish and hear: its own topics. `$MQTT` is what the server itself needs for QoS 1."""
    return {
        "pub": {
            "allow": [f"terminals.{terminal}.{what}" for what in ("events", "ask", "answers")]
            + ["$MQTT.deliver.pubrel.>"]
        },
        "sub": {"allow": [f"terminals.{terminal}.persons", f"terminals.{terminal}.commands", "$MQTT.sub.>"]},
    }


def gate_permissions(gate: UUID) -> dict[str, dict[str, Any]]:
    """What one gate may publish and hear: its own subjects and its own consumer, nothing else."""
    consumer_name = consumer(gate)
    return {
        "pub": {
            "allow": [
                f"ask.{gate}.templates",
                f"ask.{gate}.settings",
                f"ask.{gate}.time",
                f"ask.{gate}.keys",
                f"ask.{gate}.renewed",
                f"ask.{gate}.call",
                f"entries.{gate}",
                f"state.{gate}",
                f"$JS.API.CONSUMER.INFO.{GRANTS_STREAM}.{consumer_name}",
                f"$JS.API.CONSUMER.MSG.NEXT.{GRANTS_STREAM}.{consumer_name}",
                f"$JS.ACK.{GRANTS_STREAM}.{consumer_name}.>",
            ]
        },
        # One answer to each command it hears. The platform's inbox as such is closed: there it could answer for other gates.
        "resp": {"max": 1, "ttl": 10_000_000_000},
        "sub": {"allow": [f"cmd.{gate}", f"_INBOX_{gate}.>"]},
    }
