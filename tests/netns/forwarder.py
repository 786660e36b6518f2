"""A router that lets connections out and none in: ``python -m tests.netns.forwarder HERE THERE``.

Takes connections at the address HERE and passes them on to THERE, under its own address.
"""

from __future__ import annotations

import asyncio
import sys

from actors import split_address


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serve until killed."""
    here, there = sys.argv[1:]

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*split_address(there))
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))

    server = await asyncio.start_server(connected, *split_address(here))
    print(f"forwards {here} to {there}", file=sys.stderr, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
