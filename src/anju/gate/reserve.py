"""Room on the disk kept for the day on which it is full."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

BYTES = 1024 * 1024
"""Some thousands of entries."""
ROOM = 4 * BYTES
"""So much must be free before the reserve is made again."""


class Reserve:
    """A file that is there to be deleted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.kept()

    def kept(self) -> bool:
        """Whether it lies there; made anew when there is room for it."""
        with suppress(OSError):
            if self._path.exists():
                return True
            if shutil.disk_usage(self._path.parent).free < ROOM:
                return False
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BYTES)
            return True
        return False

    def release(self) -> bool:
        """Give the room to whatever must be written. Returns whether there was any."""
        with suppress(OSError):
            self._path.unlink()
            return True
        return False
