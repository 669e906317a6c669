"""Opening the operator's own door."""

import asyncio
from pathlib import Path

from anju.gate.door import CommandDoor, SimulatedDoor


def test_the_operators_program_runs_with_the_seconds(tmp_path: Path) -> None:
    program = tmp_path / "open"
    program.write_text(f'#!/bin/sh\necho "$1" > {tmp_path / "said"}\n')
    program.chmod(0o700)

    async def story() -> bool:
        door = CommandDoor(5, str(program))
        door.open()
        for _ in range(200):
            if (tmp_path / "said").exists() and (tmp_path / "said").read_text():
                break
            await asyncio.sleep(0.01)
        return door.is_open

    assert asyncio.run(story())
    assert (tmp_path / "said").read_text() == "5\n"


def test_a_missing_program_is_logged_and_harms_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        CommandDoor(5, str(tmp_path / "missing")).open()
        await asyncio.sleep(0.1)

    asyncio.run(story())


def test_a_door_closes_by_itself() -> None:
    async def story() -> list[bool]:
        door = SimulatedDoor(0.05)
        before = door.is_open
        door.open()
        after = door.is_open
        await asyncio.sleep(0.06)
        return [before, after, door.is_open]

    assert asyncio.run(story()) == [False, True, False]
