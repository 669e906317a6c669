"""The web process."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anju.site.settings")
application = get_wsgi_application()

from anju.installation.ports import ports  # noqa: E402  Django must be set up first
from anju.privacy import egress  # noqa: E402
from anju.site import (  # noqa: E402
    reach,
    urls,  # noqa: F401  before the first request rather than during it
)

egress.install(*reach.own(), ("127.0.0.1", ports()["sip_desk"]))

gc.collect()
gc.freeze()  # what was loaded stays: looking through all of it for rubbish would hold up a request for milliseconds
