"""Where things lie. Everything that changes while Anju runs is below VAR."""

import os
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
VAR = Path(os.environ.get("ANJU_VAR", REPO / "var")).resolve()
KEYS = VAR / "keys"
LOGS = VAR / "log"
RUN = VAR / "run"
"""Process numbers, the lock and the mark that everything is ready."""
WEB = REPO / "web" / "dist"
BIN = REPO / ".venv" / "bin"
