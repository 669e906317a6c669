"""The desk's process (anju.sip.desk): Django, the database and the bus, and no way to anywhere else."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
django.setup()

from anju.installation.ports import outer, ports  # noqa: E402  Django must be set up first
from anju.privacy import egress  # noqa: E402
from anju.sip import desk, place  # noqa: E402
from anju.site import reach, sip_parts  # noqa: E402


def main() -> None:
    """Run until told to stop."""
    egress.install(*reach.own(), ("127.0.0.1", ports()["sip_media"]), (place.address(), outer("sip")))
    desk.serve(ports()["sip_desk"], ports()["sip_digits"], sip_parts.relay_user())


if __name__ == "__main__":
    main()
