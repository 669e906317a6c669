"""A small HTTP load generator: keep-alive connections, one request under way on each."""

import asyncio
import time


async def _one(port: int, request: bytes, until: float, done: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head[:200]
        size = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        )
        await reader.readexactly(size)
        done.append(time.perf_counter() - began)
    writer.close()


def load(port: int, path: str, cookie: str, seconds: float, connections: int = 8) -> tuple[float, list[float]]:
    """Requests a second and each one's seconds."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nAccept-Language: zh-hans\r\n\r\n".encode()
    done: list[float] = []

    async def run() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(_one(port, request, until, done) for _ in range(connections)))

    asyncio.run(run())
    return len(done) / seconds, done
