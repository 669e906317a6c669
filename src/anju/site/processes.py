"""Looking at running processes, as /proc shows them."""

from pathlib import Path


def family(*roots: int) -> list[int]:
    """These processes and everything below them."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    found = list(roots)
    for one in found:
        found += children.get(one, [])
    return found
