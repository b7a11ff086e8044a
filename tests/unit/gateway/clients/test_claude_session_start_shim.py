"""The shim as the client runs it: a real process against gateways that are good, gone, hanging or mad."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.clients.claude_code.shim import SHIM_NAME, install_shim, shim_command, shim_path
from gateway.clients.shim.fallback import DEADLINE_S, origin_url, without_credentials

TOKEN = "token-for-a-test"
REPLY = b'{"hookSpecificOutput":{"hookEventName":"SessionStart","additionalContext":"\xc3\xbc"}}'
PATIENCE_S = DEADLINE_S + 3
"""What a busy machine may add to the deadline; without a deadline the hanging cases would never end at all."""


def http_reply(body: bytes, status: bytes = b"200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (status, size, body)


@dataclass
class Outcome:
    stdout: bytes
    wall_s: float


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "spark home's"
    install_shim(home)
    (home / "token").write_text(TOKEN + "\n")
    (home / "token").chmod(0o600)
    return home


def announce(home: Path, listener: socket.socket, pid: int | None = None) -> None:
    run: dict[str, object] = {"pid": os.getpid() if pid is None else pid, "http": "http://127.0.0.1:9"}
    if listener.family == socket.AF_UNIX:
        run["socket"] = f"unix://{listener.getsockname()}"
    else:
        run["http"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        run["socket"] = f"unix://{home}/nobody-listens.sock"
    (home / "run.json").write_text(json.dumps(run))
    (home / "run.json").chmod(0o600)


def read_request(connection: socket.socket) -> tuple[str, dict[str, Any]]:
    with connection.makefile("rb") as stream:
        head = b""
        while (line := stream.readline()).strip():
            head += line
        size = int(head.lower().partition(b"content-length:")[2].split()[0])
        return head.decode(), json.loads(stream.read(size))


@contextmanager
def listening(family: socket.AddressFamily, place: Path) -> Generator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(str(place / "s") if family == socket.AF_UNIX else ("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(30)
        yield listener


@contextmanager
def answering(listener: socket.socket, answer: bytes) -> Generator[list[tuple[str, dict[str, Any]]]]:
    """Serves one connection and closes it; yields what was asked."""
    asked: list[tuple[str, dict[str, Any]]] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(read_request(connection))
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield asked
    thread.join(30)


def run_shim(home: Path, event: dict[str, Any] | bytes, **options: Any) -> Outcome:
    """Runs the installed command by /bin/sh, as the client does; it may neither fail nor complain."""
    data = event if isinstance(event, bytes) else json.dumps(event).encode()
    started = time.perf_counter()
    done = subprocess.run(
        ["/bin/sh", "-c", shim_command(home, sys.executable)], input=data, capture_output=True, timeout=30, **options
    )
    wall_s = time.perf_counter() - started
    assert (done.returncode, done.stderr) == (0, b"")
    return Outcome(done.stdout, wall_s)


def session_start(cwd: Path) -> dict[str, Any]:
    return {"session_id": "s", "cwd": str(cwd), "hook_event_name": "SessionStart", "source": "startup", "x": "ü\ud800"}


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET])
def test_a_good_gateway_is_told_the_project_and_heard(
    home: Path, tmp_path_factory: pytest.TempPathFactory, family: socket.AddressFamily
) -> None:
    repo = home / "repo"
    inner = repo / "src" / "deep"
    inner.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    origin = "https://dev:s3cret@example.org/team/project.git"
    subprocess.run(["git", "-C", str(repo), "remote", "add", "origin", origin], check=True)
    # A Unix socket's path has to fit into 107 bytes.
    with listening(family, tmp_path_factory.mktemp("s")) as listener:
        announce(home, listener)
        with answering(listener, http_reply(REPLY) + b"trailing") as asked:
            outcome = run_shim(home, session_start(inner))
    assert outcome.stdout == REPLY
    head, payload = asked[0]
    assert head.startswith("POST /v1/hooks/claude-code HTTP/1.")
    # Its socket needs no token.
    assert (f"Authorization: Bearer {TOKEN}\r\n" in head) == (family == socket.AF_INET)
    assert "Content-Type: application/json\r\n" in head
    assert payload.pop("spark") == {"v": 1, "root": str(repo), "remote": "https://example.org/team/project.git"}
    assert payload == {**session_start(inner), "x": "ü?"}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff garbage",
        b"HTTP/1.1 200 OK\r\n\r\n",
        http_reply(b"not json"),
        http_reply(b"[1]"),
        http_reply(b"[" * 100_000),
        http_reply(REPLY, status=b"401 Unauthorized"),
        http_reply(REPLY, status=b"500 Internal Server Error"),
        http_reply(REPLY, length=len(REPLY) + 1),
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n" + REPLY,
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (2 * 1024 * 1024) + REPLY,
    ],
    ids=lambda answer: repr(answer[:40]),
)
def test_a_mad_gateway_changes_nothing(home: Path, tmp_path_factory: pytest.TempPathFactory, answer: bytes) -> None:
    with listening(socket.AF_UNIX, tmp_path_factory.mktemp("s")) as listener:
        announce(home, listener)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                read_request(connection)
                try:
                    connection.sendall(answer)
                except (BrokenPipeError, ConnectionResetError):
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        assert run_shim(home, session_start(home)).stdout == b""
        thread.join(30)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", http_reply(REPLY, length=9999)])
def test_a_hanging_gateway_costs_the_deadline_and_no_more(
    home: Path, tmp_path_factory: pytest.TempPathFactory, sent: bytes
) -> None:
    with listening(socket.AF_UNIX, tmp_path_factory.mktemp("s")) as listener:
        announce(home, listener)
        done = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(sent)
                done.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        outcome = run_shim(home, session_start(home))
        done.set()
        thread.join(30)
    assert outcome.stdout == b""
    assert DEADLINE_S <= outcome.wall_s < PATIENCE_S


def test_a_gateway_that_never_accepts_costs_the_deadline_and_no_more(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with listening(socket.AF_UNIX, tmp_path_factory.mktemp("s")) as listener:
        announce(home, listener)
        assert run_shim(home, session_start(home)).wall_s < PATIENCE_S


def dead_pid() -> int:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize(
    "run",
    [
        None,
        b"\xff{",
        b"[]",
        b'{"pid": true, "http": "http://127.0.0.1:1"}',
        b'{"pid": OURS}',
        b'{"pid": OURS, "http": 5, "socket": []}',
        b'{"pid": OURS, "http": "http://127.0.0.1:1", "socket": "unix:///nowhere"}',
    ],
)
def test_without_a_gateway_nothing_happens(home: Path, run: bytes | None) -> None:
    if run is not None:
        (home / "run.json").write_bytes(run.replace(b"OURS", b"%d" % os.getpid()))
    assert run_shim(home, session_start(home)).stdout == b""


def test_without_the_shim_nothing_happens(home: Path) -> None:
    shim_path(home).unlink()
    assert run_shim(home, session_start(home)).stdout == b""


def test_a_stranger_on_the_port_of_a_dead_gateway_gets_no_token(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with listening(socket.AF_INET, tmp_path_factory.mktemp("s")) as listener:
        announce(home, listener, pid=dead_pid())
        assert run_shim(home, session_start(home)).stdout == b""
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{", b"\xff\x00", b"[" * 100_000, b" " * (9 * 1024 * 1024)])
def test_input_that_is_no_event_is_dropped(home: Path, tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    with listening(socket.AF_UNIX, tmp_path_factory.mktemp("s")) as listener:
        announce(home, listener)
        command = ["/bin/sh", "-c", shim_command(home, sys.executable)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as shim:
            assert shim.stdin is not None
            try:
                shim.stdin.write(data)
                shim.stdin.close()
            except BrokenPipeError:
                assert len(data) > 8 * 1024 * 1024
            assert shim.stdout is not None
            assert shim.stderr is not None
            assert (shim.stdout.read(), shim.stderr.read(), shim.wait(30)) == (b"", b"", 0)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams_are_survived(home: Path, tmp_path_factory: pytest.TempPathFactory, closed: str) -> None:
    with listening(socket.AF_UNIX, tmp_path_factory.mktemp("s")) as listener:
        announce(home, listener)
        command = shim_command(home, sys.executable).replace("; exit 0", f" {closed}; exit 0")
        with answering(listener, http_reply(REPLY)) if "<" not in closed else nullcontext():
            done = subprocess.run(
                ["/bin/sh", "-c", command], input=json.dumps(session_start(home)).encode(), capture_output=True
            )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_an_open_standard_input_is_not_waited_for(home: Path) -> None:
    reading, writing = os.pipe()
    try:
        started = time.perf_counter()
        done = subprocess.run(["/bin/sh", "-c", shim_command(home, sys.executable)], stdin=reading, capture_output=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert time.perf_counter() - started < PATIENCE_S
    finally:
        os.close(reading)
        os.close(writing)


def test_a_missing_interpreter_is_silent(home: Path) -> None:
    done = subprocess.run(["/bin/sh", "-c", shim_command(home, "/gone/bin/python")], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_installing_again_leaves_the_file_alone(home: Path) -> None:
    before = shim_path(home).stat()
    assert install_shim(home).stat().st_ino == before.st_ino
    assert before.st_mode & 0o777 == 0o755
    shim_path(home).write_text("old")
    assert install_shim(home).read_text() != "old"
    assert [file.name for file in shim_path(home).parent.iterdir()] == [SHIM_NAME]


def test_a_linked_work_tree_has_its_own_root_and_the_shared_origin(
    home: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    main, linked = tmp_path / "main", tmp_path / "linked"
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(main)]
    subprocess.run(["git", "init", "-q", str(main)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "git@example.org:team/project.git"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", str(linked)], check=True, capture_output=True)
    with listening(socket.AF_UNIX, tmp_path_factory.mktemp("s")) as listener:
        announce(home, listener)
        with answering(listener, http_reply(b"{}")) as asked:
            assert run_shim(home, session_start(linked)).stdout == b"{}"
    assert asked[0][1]["spark"] == {"v": 1, "root": str(linked), "remote": "git@example.org:team/project.git"}


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ('[remote "origin"]\n\turl = https://example.org/a.git\n', "https://example.org/a.git"),
        ('[Remote "origin"] URL = "https://example.org/a b" ; mine\n', "https://example.org/a b"),
        ('[remote "origin"]\n\turl = x.git # mine\n\turl = second\n', "x.git"),
        ('[remote "fork"]\n\turl = y\n[core]\n\turl = z\n', None),
        ('[remote "origin"]\n\tpushurl = y\n', None),
        ("\0[[[\n]=", None),
        ("", None),
    ],
)
def test_the_origin_is_read_as_git_writes_it(tmp_path: Path, config: str, url: str | None) -> None:
    (tmp_path / "config").write_text(config)
    assert origin_url(str(tmp_path)) == url


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://u:p@h.org/a/b.git", "https://h.org/a/b.git"),
        ("https://token@h.org:8443/a@b.git", "https://h.org:8443/a@b.git"),
        ("https://h.org/a.git?access_token=t#x", "https://h.org/a.git"),
        ("https://h.org?access_token=t/x", "https://h.org"),
        ("https://u:p#?@h.org/a", "https://h.org/a"),
        ("ssh://git:p@h.org/a", "ssh://h.org/a"),
        ("git@h.org:a/b.git", "git@h.org:a/b.git"),
        ("u:p@h.org:a/b.git", "h.org:a/b.git"),
        ("/srv/git/a@b.git", "/srv/git/a@b.git"),
    ],
)
def test_no_credentials_leave_the_machine(url: str, clean: str) -> None:
    assert without_credentials(url) == clean
