"""One of the processes that decide about calls by SIP (anju.sip.deciding): Django, the database and the bus, and no way to anywhere else."""

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
# What is written down here is of calls, which do not outlive the machine either: no commit waits for a disk. Doors are opened elsewhere.
os.environ["PGOPTIONS"] = "-c synchronous_commit=off"
# The same few statements for every call: the server plans each once.
os.environ["ANJU_DATABASE_PREPARES"] = "1"
django.setup()

from anju.installation.ports import outer, ports  # noqa: E402  Django must be set up first
from anju.privacy import egress  # noqa: E402
from anju.sip import place  # noqa: E402
from anju.sip.deciding import application  # noqa: E402, F401  what is served
from anju.site import reach  # noqa: E402

place.note_of_start()
egress.install(*reach.own(), ("127.0.0.1", ports()["sip_media"]), (place.address(), outer("sip")))

gc.collect()
gc.freeze()  # as in the web process: what was loaded stays
