"""haproxy before the replicas: each request to the one that has the least to do."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

UNPACKED = Path(__file__).parents[2] / ".venv" / "haproxy"
"""Where `make bench-replicas` unpacks Debian's package."""
PATIENCE_S = 5.0

CONFIGURATION = """\
global
    nbthread 1
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    option http-keep-alive
    http-reuse always
frontend hooks
    bind fd@{descriptor}
    default_backend replicas
backend replicas
    balance leastconn
    option httpchk
    http-check send meth GET uri /healthz ver HTTP/1.1 hdr host 127.0.0.1
{servers}
"""


class NoBalancer(RuntimeError):
    """There is no haproxy to be found, or it does not start."""


@contextmanager
def balancer(addresses: Sequence[str], folder: Path) -> Generator[tuple[int, psutil.Process]]:
    """haproxy on a port of its own for the time of the block; gives that port and its process.

    Raises:
        NoBalancer: when it is not there, or does not begin.
    """
    servers = "\n".join(f"    server hot{number} {address} check inter 1s" for number, address in enumerate(addresses))
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        port = listening.getsockname()[1]
        path = folder / "haproxy.cfg"
        path.write_text(CONFIGURATION.format(descriptor=listening.fileno(), servers=servers), encoding="utf-8")
        program, environment = installed()
        process = subprocess.Popen(
            [program, "-db", "-q", "-f", str(path)], env=environment, pass_fds=[listening.fileno()]
        )
    try:
        answering(process, port)
        yield port, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def installed() -> tuple[str, dict[str, str]]:
    """The program and the environment that it runs in: the system's own, else the one unpacked.

    Raises:
        NoBalancer: when there is none.
    """
    environment = dict(os.environ)
    own = shutil.which("haproxy", path=f"{environment.get('PATH', '')}:/usr/sbin")
    if own is not None:
        return own, environment
    unpacked = UNPACKED / "usr" / "sbin" / "haproxy"
    if not unpacked.exists():
        raise NoBalancer("no haproxy here: run `make bench-replicas`, which unpacks Debian's, or install it")
    libraries = sorted({str(path.parent) for path in (UNPACKED / "usr" / "lib").rglob("*.so.*")})
    return str(unpacked), {**environment, "LD_LIBRARY_PATH": ":".join(libraries)}


def answering(process: subprocess.Popen[bytes], port: int) -> None:
    """Waits until a replica answers through the balancer.

    Raises:
        NoBalancer: when none does within 5 s.
    """
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up and process.poll() is None:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as asking:
            asking.sendall(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            if asking.recv(64).startswith(b"HTTP/1.1 200"):
                return
        time.sleep(0.02)
    raise NoBalancer(f"haproxy does not pass requests on (its exit status: {process.poll()})")
