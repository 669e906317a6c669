"""A line between a gate and its bus that can be cut without either end hearing of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Line:
    """dead: what is sent arrives nowhere, and nobody is told: a cable pulled behind the next switch."""

    def __init__(self, address: str) -> None:
        self._to = urlsplit(address)
        self.dead = False
        self.address = ""
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.dead:
            writer.close()
            return
        there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
        self._writers += [writer, back]
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if not self.dead:
                    sink.write(data)
                    await sink.drain()
            sink.close()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def line(address: str) -> AsyncIterator[Line]:
    """In front of the bus at this address."""
    one = Line(address)
    server = await asyncio.start_server(one.accept, "127.0.0.1", 0)
    one.address = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield one
    finally:
        one.close()
        server.close()
