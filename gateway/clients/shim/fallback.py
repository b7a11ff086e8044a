"""A client's hook command in Python: asks the running gateway and prints its answer, or nothing.

It stands in for the native shim where that was not built (Windows among others), and is Claude Code's SessionStart
command, because Claude Code skips http hooks there. It runs as ``python -I -S FILE --client NAME --home DIR
[--deadline-ms N]``, or without ``--client`` as the SessionStart command: standard library only, no import of Spark, one
file that is copied out of the package. At SessionStart it also reports what only a process on the developer's machine
can see: the root of the git work tree and its origin.

It must never disturb the agent: whatever happens, it exits 0, writes nothing on standard error and is gone at its
deadline. ``spark-hook.c`` behaves the same and says more about why.
"""

import json
import os
import re
import signal
import socket
import stat
import sys
import time
from types import FrameType
from typing import Any, cast

DEADLINE_S = 0.8
"""At SessionStart, where the installed hook timeout is 1 s."""
HOOK_DEADLINE_MS = 250
LONGEST_DEADLINE_MS = 60_000
LARGEST_INPUT = 8 * 1024 * 1024
LARGEST_REPLY = 1024 * 1024
LARGEST_FILE = 64 * 1024
BREAKER_TIMEOUTS = 3
BREAKER_S = 30
LOOPBACK = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::1]": "::1", "[::]": "::1"}  # noqa: S104 -- reached there


class Breaker:
    """After three time-outs in a row the gateway is left alone for 30 s. A file in the home holds count and time."""

    def __init__(self, home: str, started: float) -> None:
        self._path = os.path.join(home, "hook-breaker")
        self._started = started
        """When run.json was written: what was noted before that gateway started is void."""

    def noted(self) -> tuple[int, float]:
        """Time-outs in a row and when the last was noted (seconds since the epoch); 0 where there is no such state."""
        text, written = read_own(self._path)
        valid = re.fullmatch(rb"[1-9]\n", text) and written >= self._started
        return (int(text), written) if valid else (0, 0.0)

    def is_open(self) -> bool:
        """Whether to leave the gateway alone. After the pause one process asks, the others wait for what it finds."""
        timeouts, written = self.noted()
        if timeouts < BREAKER_TIMEOUTS:
            return False
        if abs(time.time() - written) < BREAKER_S:
            return True
        os.utime(self._path)
        return False

    def note_timeout(self) -> None:
        """Counts one more. Raises OSError."""
        draft = f"{self._path}.{os.getpid()}"
        timeouts = min(self.noted()[0] + 1, 9)
        with open(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600), "wb"
        ) as file:
            file.write(b"%d\n" % timeouts)
        try:
            os.replace(draft, self._path)
        except OSError:
            os.unlink(draft)

    def clear(self) -> None:
        """The gateway has answered."""
        try:
            os.unlink(self._path)
        except OSError:
            return


class Exchange:
    """What is under way, for the moment at which time is up."""

    breaker: Breaker | None = None
    """Of the gateway that is being asked. None while the client is at fault, or nobody."""
    half_time = 0.0
    """Monotonic: who is asked later than this is not to blame for being late."""


def give_up(_signal: int = 0, _frame: FrameType | None = None) -> None:
    """Ends the process as a hook that had nothing to say. Skips the interpreter's own exit, which could still print."""
    try:
        if Exchange.breaker is not None:
            Exchange.breaker.note_timeout()
    finally:
        os._exit(0)


def start_clock(seconds: float) -> None:
    """Has `give_up` called when time is up."""
    Exchange.half_time = time.monotonic() + seconds / 2
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, give_up)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
        signal.setitimer(signal.ITIMER_REAL, seconds)
    else:  # Windows
        import threading

        timer = threading.Timer(seconds, give_up)
        timer.daemon = True
        timer.start()


def read_input() -> bytes:
    """Standard input to its end, so that the client never meets a closed pipe; empty when it is too large."""
    chunks: list[bytes] = []
    size = 0
    while chunk := os.read(0, 65536):
        size += len(chunk)
        if size > LARGEST_INPUT:
            chunks.clear()
        else:
            chunks.append(chunk)
    return b"".join(chunks)


def read_own(path: str) -> tuple[bytes, float]:
    """A small file and when it was written, when it is the user's own and nobody else can write it; else nothing."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            # Windows has neither owner nor mode: there the folder's own permissions protect it.
            foreign = hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & 0o022)
            if foreign or not stat.S_ISREG(status.st_mode) or status.st_size >= LARGEST_FILE:
                return b"", 0.0
            return file.read(LARGEST_FILE), status.st_mtime_ns / 1e9
    except OSError:
        return b"", 0.0


def read_text(path: str) -> str:
    """A small file of git's, or an empty text where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1024 * 1024)
    except OSError:
        return ""


def git_directory(folder: str) -> str | None:
    """The git directory of a work tree's top folder; a linked work tree or a submodule keeps a file in its place."""
    entry = os.path.join(folder, ".git")
    if not os.path.isdir(entry):
        pointer = read_text(entry)
        if not pointer.startswith("gitdir:"):
            return None
        entry = os.path.normpath(os.path.join(folder, pointer[len("gitdir:") :].strip()))
    return entry if os.path.lexists(os.path.join(entry, "HEAD")) else None


def find_work_tree(folder: str) -> tuple[str, str] | None:
    """The nearest work tree at or above ``folder`` as (top folder, git directory)."""
    while True:
        found = git_directory(folder)
        if found is not None:
            return folder, found
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def origin_url(git_dir: str) -> str | None:
    """The first url of the remote ``origin``, read without running git. Includes and insteadOf are not followed."""
    common = read_text(os.path.join(git_dir, "commondir")).strip()
    config = read_text(os.path.join(git_dir, common, "config"))
    inside = False
    for raw in config.splitlines():
        line = raw.strip()
        if line.startswith("["):
            header, _, line = line[1:].partition("]")
            section, _, name = header.partition(" ")
            inside = section.lower() == "remote" and name.strip() == '"origin"'
            line = line.strip()
        key, equals, value = line.partition("=")
        if inside and equals and key.strip().lower() == "url":
            return config_value(value.strip()) or None
    return None


def config_value(text: str) -> str:
    """A git config value without quotes and trailing comment."""
    if text.startswith('"'):
        return text[1:].partition('"')[0]
    for comment in (" #", " ;", "\t#", "\t;"):
        text = text.partition(comment)[0]
    return text.strip()


def without_credentials(url: str) -> str:
    """The url without user, password, query and fragment. The user of ``git@host:path`` is no secret and stays."""
    scheme, separator, rest = url.partition("://")
    if separator:
        authority, slash, path = rest.partition("/")
        # The user goes first: a password may hold the marks that end the rest.
        rest = authority.rpartition("@")[2] + slash + path
        for mark in "?#":
            rest = rest.partition(mark)[0]
        return scheme + separator + rest
    user, at, place = url.partition("@")
    return place if at and ":" in user else url


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object in ``text``, or None when it is another kind of value. Raises ValueError when it is not JSON."""
    value = json.loads(text)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def unicode_text(text: str | None) -> str | None:
    """A path's undecodable bytes become ``?``: the gateway refuses JSON that is not Unicode."""
    return None if text is None else text.encode("utf-8", "replace").decode("utf-8")


def is_alive(pid: object) -> bool:
    """Whether a process of this user has this id. After a crash run.json stays behind, and its port and this number may
    be a stranger's by now."""
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0:
        return False
    if os.name == "nt":  # There os.kill would end it.
        return True
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return True


def connect(run: dict[str, Any], home: str) -> tuple[socket.socket, str]:
    """The gateway and the token it asks for: none over its Unix socket. Raises OSError or ValueError."""
    address = run.get("socket")
    if isinstance(address, str) and address and hasattr(socket, "AF_UNIX"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(address.removeprefix("unix://"))
            if is_own_peer(connection):
                return connection, ""
        except OSError:
            pass
        connection.close()
    scheme, _, rest = str(run.get("http", "")).partition("://")
    host, _, port = rest.partition("/")[0].rpartition(":")
    host = LOOPBACK.get(host, host)
    if scheme != "http" or not (host == "::1" or re.fullmatch(r"127(\.\d{1,3}){3}", host)):
        raise ValueError("the token never leaves this machine")
    if not is_alive(run.get("pid")):
        raise ValueError("another process may have the port by now")
    token = read_own(os.path.join(home, "token"))[0].decode("ascii").strip()
    if not re.fullmatch(r"[!-~]{1,511}", token):
        raise ValueError("no token")
    return socket.create_connection((host, int(port))), token


def is_own_peer(connection: socket.socket) -> bool:
    """Whether the user's own process listens. Only Linux tells Python; elsewhere the socket's folder has to do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(peer[4:8], sys.byteorder) == os.geteuid()


def read_reply(connection: socket.socket) -> tuple[bytes, bool]:
    """The body of a complete 200 answer, else nothing; and whether there was an answer of any kind."""
    received = b""
    while len(received) <= LARGEST_REPLY:
        chunk = connection.recv(65536)
        received += chunk
        head, blank, body = received.partition(b"\r\n\r\n")
        if blank:
            status, *headers = head.lower().split(b"\r\n")
            if status.split(b" ")[1:2] != [b"200"]:
                return b"", True
            announced = [line[15:].strip() for line in headers if line.startswith(b"content-length:")]
            if len(set(announced)) > 1:
                return b"", True
            length = int(announced[0]) if announced else None
            if length is not None and len(body) >= length:
                return body[:length], True
            if not chunk:
                return (body, True) if length is None else (b"", False)
        elif not chunk:
            return b"", False
    return b"", False


def ask(home: str, client: str, body: bytes) -> bytes:
    """Sends one event to the gateway that ``home`` names. Raises OSError or ValueError when there is none."""
    text, written = read_own(os.path.join(home, "run.json"))
    run = json_object(text)
    breaker = Breaker(home, written)
    if run is None or breaker.is_open():
        return b""
    if time.monotonic() < Exchange.half_time:
        Exchange.breaker = breaker
    try:
        connection, token = connect(run, home)
        with connection:
            # HTTP/1.0 keeps the server from answering in chunks.
            head = (
                f"POST /v1/hooks/{client} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n"
            )
            head += f"Authorization: Bearer {token}\r\n\r\n" if token else "\r\n"
            connection.sendall(head.encode("ascii") + body)
            reply, answered = read_reply(connection)
    finally:
        Exchange.breaker = None
    if answered:
        breaker.clear()
    return reply


def with_project(data: bytes) -> bytes:
    """A SessionStart event with its work tree and origin; empty where it is no event."""
    event = json_object(data.decode("utf-8", "replace"))
    if event is None:
        return b""
    cwd = event.get("cwd")
    work_tree = find_work_tree(os.path.abspath(cwd if isinstance(cwd, str) and cwd else os.getcwd()))
    remote = origin_url(work_tree[1]) if work_tree else None
    event["spark"] = {
        "v": 1,
        "root": unicode_text(work_tree[0] if work_tree else None),
        "remote": unicode_text(without_credentials(remote) if remote else None),
    }
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")


def options_of(arguments: list[str]) -> dict[str, str]:
    """The options by name. Raises ValueError for what is not understood, and for a home that is not absolute."""
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    known = {"--client": r"[a-z0-9_-]{1,32}", "--home": r".+", "--deadline-ms": r"[0-9]{1,5}"}
    for name, value in options.items():
        if name not in known or not re.fullmatch(known[name], value, re.DOTALL):
            raise ValueError(name)
    # A relative home would be the repository's to fill.
    if not os.path.isabs(options["--home"]):
        raise ValueError("--home")
    return options


def main(arguments: list[str]) -> None:
    """Reads the event from standard input and prints the gateway's JSON object, if it gives one."""
    start_clock(DEADLINE_S if "--client" not in arguments else HOOK_DEADLINE_MS / 1000)
    try:
        options = options_of(arguments)
    except (ValueError, KeyError):
        read_input()
        return
    milliseconds = int(options.get("--deadline-ms", HOOK_DEADLINE_MS))
    if "--deadline-ms" in options and 1 <= milliseconds <= LONGEST_DEADLINE_MS:
        start_clock(milliseconds / 1000)
    data = read_input()
    try:
        os.fstat(1)
    except OSError:  # Closed: the connection would take its number, and be printed to.
        os.open(os.devnull, os.O_WRONLY)
    client = options.get("--client")
    body = data if client else with_project(data)
    reply = ask(options["--home"], client or "claude-code", body) if body else b""
    if reply and json_object(reply) is not None:
        while reply:
            reply = reply[os.write(1, reply) :]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BaseException:
        Exchange.breaker = None
    give_up()
