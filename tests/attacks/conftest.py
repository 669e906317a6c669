"""A gate, its bus and the platform, as in the tests of the link."""

from tests.gate.link.conftest import anyio_backend as anyio_backend
from tests.gate.link.conftest import gate as gate
from tests.gate.link.conftest import me as me
from tests.gate.link.conftest import platform as platform
from tests.gate.link.conftest import server as server
