"""One event, one answer: what is sent, what is printed, and what is not."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.shim.gateways import EVENT, REPLY, TOKEN, Shim, gateway, http_reply, run, write_own

LIMIT = 8 * 1024 * 1024
ROOMY = ("--deadline-ms", "20000")


@pytest.mark.parametrize("tcp", [False, True])
def test_the_answer_is_printed(shim: Shim, home: Path, place: Path, tcp: bool) -> None:
    with gateway(home, place, http_reply(REPLY) + b"trailing", tcp=tcp) as there:
        outcome = run(shim.command(home, *ROOMY))
    assert outcome.stdout == REPLY
    ((head, body),) = there.requests
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /v1/hooks/codex HTTP/1.0"
    assert "Content-Type: application/json" in headers
    assert "Host: localhost" in headers
    assert body == EVENT
    # The socket opens to its owner alone; only the port needs the token.
    assert (f"Authorization: Bearer {TOKEN}" in headers) == tcp


def test_the_port_is_asked_where_nobody_listens_at_the_socket(shim: Shim, home: Path, place: Path) -> None:
    with gateway(home, place, http_reply(REPLY), tcp=True) as there:
        there.announce(socket=f"unix://{place}/gone.sock")
        assert run(shim.command(home, *ROOMY)).stdout == REPLY


@pytest.mark.parametrize(
    "body", [b"{}", b' {"a": [1, {"b": null}], "c": -0.5e+3} \n', b'{"\\ud83d\\ude00": "\xf0\x9f\x98\x80"}']
)
@pytest.mark.parametrize(
    "form", [b"content-length: %d\r\n\r\n", b"CONTENT-LENGTH:%d  \r\nx:\r\n\r\n", b"connection: close\r\n\r\n"]
)
def test_every_complete_object_is_printed_as_it_came(
    shim: Shim, home: Path, place: Path, body: bytes, form: bytes
) -> None:
    head = b"HTTP/1.1 200 OK\r\n" + (form % len(body) if b"%d" in form else form)
    with gateway(home, place, head + body):
        assert run(shim.command(home, *ROOMY)).stdout == body


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff garbage",
        b"\r\n\r\n",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n{}",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        http_reply(b"not json"),
        http_reply(b"[1]"),
        http_reply(b"{} {}"),
        http_reply(b'{"a": 1,}'),
        http_reply(b'{"a": 01}'),
        http_reply(b'{"a": "\n"}'),
        http_reply(b'{"a": "\xff"}'),
        http_reply(b"[" * 100_000),
        http_reply(b'{"a":' * 100_000),
        http_reply(REPLY, status=b"401 Unauthorized"),
        http_reply(REPLY, status=b"500 Internal Server Error"),
        http_reply(REPLY, length=len(REPLY) + 1),
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n" + REPLY,
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n" + REPLY,
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n" + REPLY,
        b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (2 * 1024 * 1024) + REPLY,
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200_000,
    ],
    ids=lambda answer: repr(answer[:40]),
)
def test_a_mad_gateway_changes_nothing(shim: Shim, home: Path, place: Path, answer: bytes) -> None:
    with gateway(home, place, answer):
        assert run(shim.command(home, *ROOMY)).stdout == b""


@pytest.mark.parametrize("size", [1024 * 1024, LIMIT])
def test_a_large_event_arrives_whole(shim: Shim, home: Path, place: Path, size: int) -> None:
    event = b'{"a":"%b"}' % (os.urandom((size - 8) // 2).hex().encode())
    event += b" " * (size - len(event))
    with gateway(home, place, http_reply(REPLY)) as there:
        assert run(shim.command(home, *ROOMY), event).stdout == REPLY
    assert there.requests[0][1] == event


@pytest.mark.parametrize("event", [b"", b" " * (LIMIT + 1), b"x" * (3 * LIMIT)], ids=["none", "one more", "thrice"])
def test_an_event_that_the_gateway_would_refuse_is_read_and_not_sent(
    shim: Shim, home: Path, place: Path, event: bytes
) -> None:
    with gateway(home, place, http_reply(REPLY)) as there:
        with subprocess.Popen(
            shim.command(home, *ROOMY), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            # A pipe closed before its end would be an error to the client.
            assert process.stdin is not None
            process.stdin.write(event)
            process.stdin.close()
            assert process.stdout is not None
            assert process.stderr is not None
            assert (process.stdout.read(), process.stderr.read(), process.wait(30)) == (b"", b"", 0)
        assert there.accepted == 0


def test_sixteen_at_once_are_each_answered(shim: Shim, home: Path, place: Path) -> None:
    with gateway(home, place, http_reply(REPLY)) as there, ThreadPoolExecutor(16) as pool:
        commands = [shim.command(home, *ROOMY)] * 16
        assert {outcome.stdout for outcome in pool.map(run, commands)} == {REPLY}
        assert there.accepted == 16


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_survived(shim: Shim, home: Path, place: Path, closed: str) -> None:
    with gateway(home, place, http_reply(REPLY)) as there:
        command = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *shim.command(home, *ROOMY)]
        outcome = run(command)
        # It is told all the same, and nothing of what it said comes back to it.
        assert [body for _, body in there.requests] == ([] if "<" in closed else [EVENT])
    assert there.more == b""
    assert outcome.stdout == (REPLY if closed == "2>&-" else b"")


def test_a_reader_that_went_away_is_survived(shim: Shim, home: Path, place: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with gateway(home, place, http_reply(REPLY)) as there, os.fdopen(writing, "wb") as gone:
        done = subprocess.run(shim.command(home, *ROOMY), input=EVENT, stdout=gone, stderr=subprocess.PIPE)
        assert there.accepted == 1
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--home"],
        ["--client", "codex"],
        ["--client", "codex", "--home"],
        ["--client", "codex", "--home", ""],
        ["--client", "codex", "--home", "relative"],
        ["--client", "../up", "--home", "HOME"],
        ["--client", "a b\r\nx: y", "--home", "HOME"],
        ["--client", "x" * 33, "--home", "HOME"],
        ["--client", "codex", "--home", "HOME", "--deadline-ms", "x"],
        ["--client", "codex", "--home", "HOME", "--deadline-ms", "999999"],
        ["--client", "codex", "--home", "HOME", "--else", "x"],
        ["--client", "codex", "--home", "/" + "x" * 100_000],
    ],
    ids=lambda words: " ".join(words)[:40] or "none",
)
def test_words_that_are_not_understood_ask_nobody(shim: Shim, home: Path, place: Path, words: list[str]) -> None:
    with gateway(home, place, http_reply(REPLY)) as there:
        done = run([*shim.words, *(str(home) if word == "HOME" else word for word in words)])
        assert (done.stdout, there.accepted) == (b"", 0)


def test_a_home_in_the_current_folder_is_not_believed(
    shim: Shim, home: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.parent)
    with gateway(home, place, http_reply(REPLY)) as there:
        assert run([*shim.words, "--client", "codex", "--home", home.name]).stdout == b""
        assert there.accepted == 0


def strangers(home: Path, place: Path, kind: str) -> None:
    """Makes run.json one that must not be believed."""
    path = home / "run.json"
    if kind == "none":
        path.unlink()
    elif kind == "link":
        path.rename(place / "elsewhere.json")
        path.symlink_to(place / "elsewhere.json")
    elif kind == "writable by all":
        path.chmod(0o666)
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "pipe":
        path.unlink()
        os.mkfifo(path)
    elif kind == "large":
        write_own(path, path.read_bytes() + b" " * 70_000)
    elif kind == "half":
        write_own(path, path.read_bytes()[:-2])
    else:
        os.chown(path, 12345, -1)


@pytest.mark.parametrize("kind", ["none", "link", "writable by all", "folder", "pipe", "large", "half", "foreign"])
def test_a_run_file_that_is_not_the_users_own_is_not_believed(shim: Shim, home: Path, place: Path, kind: str) -> None:
    if kind == "foreign" and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    with gateway(home, place, http_reply(REPLY)) as there:
        strangers(home, place, kind)
        assert run(shim.command(home, *ROOMY)).stdout == b""
        assert there.accepted == 0


@pytest.mark.parametrize(
    "http", ["https://127.0.0.1:PORT", "http://example.org:PORT", "http://10.0.0.1:PORT", "http://127.0.0.1", "x"]
)
def test_the_token_goes_to_loopback_only(shim: Shim, home: Path, place: Path, http: str) -> None:
    with gateway(home, place, http_reply(REPLY), tcp=True) as there:
        there.announce(http=http.replace("PORT", str(there.listener.getsockname()[1])))
        assert run(shim.command(home)).stdout == b""
        assert there.accepted == 0


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0"])
def test_other_names_of_loopback_are_known(shim: Shim, home: Path, place: Path, host: str) -> None:
    with gateway(home, place, http_reply(REPLY), tcp=True) as there:
        there.announce(http=f"http://{host}:{there.listener.getsockname()[1]}/")
        assert run(shim.command(home, *ROOMY)).stdout == REPLY


def test_loopback_of_version_6_is_known(shim: Shim, home: Path, place: Path) -> None:
    with socket.socket(socket.AF_INET6) as other, gateway(home, place, http_reply(REPLY), tcp=True) as there:
        try:
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        other.listen()
        other.settimeout(30)
        there.announce(http=f"http://[::1]:{other.getsockname()[1]}")
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(run, shim.command(home, *ROOMY))
            connection, _ = other.accept()
            with connection:
                there.answers(http_reply(REPLY))(connection)
        assert asked.result().stdout == REPLY


@pytest.mark.parametrize(
    "token", [None, b"", b"two words", b"line\r\nx: y", b"\xff", b"x" * 600], ids=lambda token: repr(token)[:20]
)
def test_without_a_token_the_port_is_not_asked(shim: Shim, home: Path, place: Path, token: bytes | None) -> None:
    if token is None:
        (home / "token").unlink()
    else:
        write_own(home / "token", token)
    with gateway(home, place, http_reply(REPLY), tcp=True) as there:
        assert run(shim.command(home)).stdout == b""
        assert there.accepted == 0


def test_a_stranger_on_the_port_of_a_dead_gateway_gets_no_token(shim: Shim, home: Path, place: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    with gateway(home, place, http_reply(REPLY), tcp=True) as there:
        for pid in (process.pid, 0, -1, True, "1", None, 2**40):
            there.announce(pid=pid)
            assert run(shim.command(home)).stdout == b""
        assert there.accepted == 0


def test_a_stranger_with_the_number_of_a_dead_gateway_gets_no_token(native: Shim) -> None:
    """The shim runs as a user who may not send a signal to the process that has the number now."""
    if os.geteuid() != 0:
        pytest.skip("only root can run a program as somebody else")
    nobody = 65534
    with tempfile.TemporaryDirectory(prefix="spark-") as folder, tempfile.TemporaryDirectory() as place:
        home = Path(folder)
        program = home / "spark-hook"
        program.write_bytes(Path(native.words[0]).read_bytes())
        program.chmod(0o755)
        write_own(home / "token", TOKEN.encode())
        with gateway(home, Path(place), http_reply(REPLY), tcp=True) as there:
            for pid, printed in ((os.getpid(), b""), (None, REPLY)):
                with subprocess.Popen(["sleep", "60"], user=nobody) as own:
                    there.announce(pid=pid or own.pid)
                    for path in (home, home / "token", home / "run.json"):
                        os.chown(path, nobody, nobody)
                    command = Shim("native", (str(program),)).command(home, *ROOMY)
                    done = subprocess.run(command, input=EVENT, stdout=subprocess.PIPE, user=nobody, check=True)
                    own.kill()
                assert done.stdout == printed


def test_a_socket_of_another_user_is_not_told_the_event(
    shim: Shim, home: Path, place: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can listen as somebody else")
    with gateway(home, place, http_reply(REPLY)) as there:
        # Who listens is who called listen: called again, it is somebody else.
        os.seteuid(12345)
        try:
            there.listener.listen(128)
        finally:
            os.seteuid(0)
        assert run(shim.command(home)).stdout == b""
        assert there.requests == []
