"""How the SIP server and its media relay are, as the platform sees them: through Kamailio's own socket."""

from anju.sip import kamailio


def registrations() -> int | None:
    """How many devices are registered now; None: the server does not answer."""
    try:
        [found] = kamailio.ask("stats.get_statistics", "location_contacts")
        return int(found.rpartition("=")[2])
    except kamailio.NoAnswer:
        return None


def relays() -> bool:
    """Whether the server reaches its media relay."""
    try:
        kamailio.ask("rtpengine.ping", "all")
        return all(not one["disabled"] for one in kamailio.ask("rtpengine.show", "all"))
    except kamailio.NoAnswer:
        return False
