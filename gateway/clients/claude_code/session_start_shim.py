"""The SessionStart command of Claude Code: asks the running gateway and prints its answer, or nothing.

Claude Code skips http hooks at SessionStart, so this one event needs a process. It runs once a session as
``python -I -S spark-session-start.py --home SPARK_HOME``: standard library only, no import of Spark, one file that is
copied out of the package. It also reports what only a process on the developer's machine can see: the root of the git
work tree and its origin.

It must never disturb the agent: whatever happens, it exits 0, writes nothing on standard error and is gone after
``DEADLINE_S`` (the installed hook timeout is 1 s).
"""

import json
import os
import signal
import socket
import sys
from types import FrameType
from typing import Any, cast

DEADLINE_S = 0.8
LARGEST_INPUT = 8 * 1024 * 1024
LARGEST_REPLY = 1024 * 1024
HOOK_PATH = "/v1/hooks/claude-code"


def give_up(_signal: int = 0, _frame: FrameType | None = None) -> None:
    """Ends the process as a hook that had nothing to say. Skips the interpreter's own exit, which could still print."""
    os._exit(0)


def read_input() -> bytes:
    """Standard input to its end; empty when it is larger than the gateway would take."""
    chunks: list[bytes] = []
    size = 0
    while chunk := os.read(0, 65536):
        size += len(chunk)
        if size > LARGEST_INPUT:
            return b""
        chunks.append(chunk)
    return b"".join(chunks)


def read_text(path: str) -> str:
    """A small file of git's or of Spark's, or an empty text where it cannot be read."""
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
    """Whether a process has this id. After a crash run.json stays behind, and its port may be a stranger's by now."""
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def connect(run: dict[str, Any], authority: str) -> socket.socket:
    """The gateway's Unix socket, or its TCP port where there is no Unix socket. Raises OSError."""
    address = run.get("socket")
    if isinstance(address, str) and address:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(address.removeprefix("unix://"))
        except OSError:
            connection.close()
        else:
            return connection
    host, _, port = authority.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)))


def read_reply(connection: socket.socket) -> bytes:
    """The body of a complete 200 answer, else nothing."""
    received = b""
    while len(received) <= LARGEST_REPLY:
        chunk = connection.recv(65536)
        received += chunk
        head, blank, body = received.partition(b"\r\n\r\n")
        if blank:
            status, *headers = head.lower().split(b"\r\n")
            if status.split(b" ")[1:2] != [b"200"]:
                return b""
            announced = [line[15:] for line in headers if line.startswith(b"content-length:")]
            length = int(announced[0]) if announced else None
            if length is not None and len(body) >= length:
                return body[:length]
            if not chunk:
                return body if length is None else b""
        elif not chunk:
            return b""
    return b""


def ask(home: str, body: bytes) -> bytes:
    """Sends one event to the gateway that ``home`` names. Raises OSError or ValueError when there is none."""
    run = json_object(read_text(os.path.join(home, "run.json")))
    if run is None or not is_alive(run.get("pid")):
        return b""
    authority = str(run.get("http", "")).partition("://")[2].partition("/")[0]
    token = read_text(os.path.join(home, "token")).strip()
    # HTTP/1.0 keeps the server from answering in chunks.
    head = (
        f"POST {HOOK_PATH} HTTP/1.0\r\nHost: {authority or 'localhost'}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with connect(run, authority) as connection:
        connection.sendall(head.encode("ascii") + body)
        return read_reply(connection)


def main(arguments: list[str]) -> None:
    """Reads the event from standard input and prints the gateway's JSON object, if it gives one."""
    home = arguments[1] if arguments[:1] == ["--home"] and len(arguments) > 1 else os.path.expanduser("~/.spark")
    event = json_object(read_input().decode("utf-8", "replace"))
    if event is None:
        return
    cwd = event.get("cwd")
    work_tree = find_work_tree(os.path.abspath(cwd if isinstance(cwd, str) and cwd else os.getcwd()))
    remote = origin_url(work_tree[1]) if work_tree else None
    event["spark"] = {
        "v": 1,
        "root": unicode_text(work_tree[0] if work_tree else None),
        "remote": unicode_text(without_credentials(remote) if remote else None),
    }
    reply = ask(home, json.dumps(event, ensure_ascii=False).encode("utf-8", "replace"))
    if reply and json_object(reply) is not None:
        while reply:
            reply = reply[os.write(1, reply) :]


if __name__ == "__main__":
    try:
        signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, DEADLINE_S)
        main(sys.argv[1:])
    except BaseException:
        give_up()
    give_up()
