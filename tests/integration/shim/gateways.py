"""Gateways that are good, gone, hanging or mad, on real sockets, and the shim run against them as a client runs it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOKEN = "token-for-a-test"
EVENT = b'{"session_id":"s","cwd":"/w","hook_event_name":"PreToolUse"}'
REPLY = b'{"hookSpecificOutput":{"hookEventName":"PreToolUse","additionalContext":"\xc3\xbc \\u00fc"}}'
PATIENCE_S = 30.0

Serve = Callable[[socket.socket], None]


def http_reply(body: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (status, size, body)


@dataclass(frozen=True)
class Shim:
    """A shim and how it is started."""

    name: str
    words: tuple[str, ...]

    def command(self, home: Path, *more: str, client: str = "codex") -> list[str]:
        return [*self.words, "--client", client, "--home", str(home), *more]


@dataclass(frozen=True)
class Outcome:
    stdout: bytes
    wall_s: float


def run(command: list[str], event: bytes = EVENT) -> Outcome:
    """Runs a shim that may neither fail nor complain."""
    started = time.perf_counter()
    done = subprocess.run(command, input=event, capture_output=True, timeout=PATIENCE_S)
    wall_s = time.perf_counter() - started
    assert (done.returncode, done.stderr) == (0, b"")
    return Outcome(done.stdout, wall_s)


class Gateway:
    """Listens, announces itself in a home's run.json, and serves each connection by `serve` in a thread of its own."""

    def __init__(self, home: Path, listener: socket.socket, serve: Serve) -> None:
        self.home = home
        self.listener = listener
        self.accepted = 0
        self.requests: list[tuple[bytes, bytes]] = []
        self.more = b""
        """What came after a request."""
        self.over = threading.Event()
        self.serve = serve
        self._threads: list[threading.Thread] = []

    def announce(self, **other: object) -> None:
        """Writes run.json as Spark does; `other` replaces what it says."""
        body: dict[str, object] = {"http": "http://127.0.0.1:9", "grpc": "grpc://x", "socket": "", "pid": os.getpid()}
        if self.listener.family == socket.AF_UNIX:
            body["socket"] = f"unix://{self.listener.getsockname()}"
        else:
            body["http"] = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        write_own(self.home / "run.json", json.dumps({**body, **other}, indent=1).encode())

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=[connection])
            thread.start()
            self._threads.append(thread)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.settimeout(PATIENCE_S)
            self.serve(connection)

    def join(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def answers(self, answer: bytes) -> Serve:
        """Reads the request and sends that."""

        def serve(connection: socket.socket) -> None:
            self.requests.append(read_request(connection))
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            self.more += connection.recv(65536)

        return serve

    def hangs(self, sent: bytes = b"") -> Serve:
        """Sends that and then nothing, until the test is over."""

        def serve(connection: socket.socket) -> None:
            connection.sendall(sent)
            self.over.wait(PATIENCE_S)

        return serve

    def trickles(self, connection: socket.socket) -> None:
        """An answer that comes byte by byte and never ends."""
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{")
        while not self.over.wait(0.002):
            connection.sendall(b" ")


def read_request(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head and the body of a request."""
    with connection.makefile("rb") as stream:
        head = b""
        while (line := stream.readline()).strip():
            head += line
        if not head:
            raise ConnectionResetError("the shim went away without a word")
        size = int(head.lower().partition(b"content-length:")[2].split()[0])
        return head, stream.read(size)


@contextmanager
def gateway(home: Path, place: Path, answer: bytes | None = None, *, tcp: bool = False) -> Generator[Gateway]:
    """A gateway for the time of the block; with `answer` it gives that, else it hangs until it is told otherwise."""
    with socket.socket(socket.AF_INET if tcp else socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0) if tcp else str(place / "s"))
        listener.listen(128)
        here = Gateway(home, listener, lambda _: None)
        here.serve = here.hangs() if answer is None else here.answers(answer)
        here.announce()
        accepting = threading.Thread(target=here.accept)
        accepting.start()
        try:
            yield here
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(PATIENCE_S)
            here.join()
            (place / "s").unlink(missing_ok=True)


def write_own(path: Path, content: bytes) -> None:
    """A file of the home, in one step and the user's alone, as Spark writes them."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    draft.chmod(0o600)
    draft.replace(path)


def python_shim(source: Path) -> Shim:
    return Shim("python", (sys.executable, "-I", "-S", str(source)))
