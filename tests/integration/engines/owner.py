"""Owns both engines of a folder until it is killed: `python owner.py HOME`."""

import asyncio
import json
import sys
from pathlib import Path

from host.engines import start_engines


async def main() -> None:
    engines = await start_engines(Path(sys.argv[1]))
    print(json.dumps({"database_url": engines.database_url, "nats_url": engines.nats_url}), flush=True)
    await engines.watch()


asyncio.run(main())
