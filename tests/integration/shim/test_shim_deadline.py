"""The deadline holds over everything, and the breaker spares the agent a gateway that hangs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pytest

from gateway.clients.shim.placing import PYTHON_SOURCE
from tests.integration.shim.gateways import EVENT, REPLY, Gateway, Outcome, Shim, gateway, http_reply, python_shim, run

DEADLINE_MS = 100
IN_TIME_S = 0.020
BUSY_S = 3.0
"""What a busy machine may add; without a deadline these cases would never end at all."""
BREAKER_S = 30
SHORT = ("--deadline-ms", str(DEADLINE_MS))
LONG = ("--deadline-ms", "20000")


@pytest.fixture(params=["native", "python"])
def shim(request: pytest.FixtureRequest) -> Shim:
    """Those that are shipped: sanitizers take their own time to start."""
    if request.param == "python":
        return python_shim(PYTHON_SOURCE)
    found: Shim = request.getfixturevalue("native")
    return found


def state(home: Path) -> Path:
    return home / "hook-breaker"


def note(home: Path, count: int, age_s: float = 0.0) -> None:
    """The breaker's state after so many time-outs, the last of them so long ago."""
    state(home).write_text(f"{count}\n")
    state(home).chmod(0o600)
    when = time.time() - age_s
    os.utime(state(home), (when, when))


def started(home: Path, age_s: float) -> None:
    """Has the gateway be up for so long."""
    when = time.time() - age_s
    os.utime(home / "run.json", (when, when))


@contextmanager
def hanging(home: Path, place: Path) -> Generator[Gateway]:
    with gateway(home, place) as there:
        started(home, 3600)
        yield there


def waits(outcome: Outcome) -> None:
    assert outcome.stdout == b""
    assert DEADLINE_MS / 1000 <= outcome.wall_s < DEADLINE_MS / 1000 + BUSY_S


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n{", http_reply(REPLY, length=9999)]
)
def test_a_hanging_gateway_costs_the_deadline_and_no_more(shim: Shim, home: Path, place: Path, sent: bytes) -> None:
    with hanging(home, place) as there:
        there.serve = there.hangs(sent)
        waits(run(shim.command(home, *SHORT)))
    assert state(home).read_text() == "1\n"


def test_so_does_one_that_trickles(shim: Shim, home: Path, place: Path) -> None:
    with hanging(home, place) as there:
        there.serve = there.trickles
        waits(run(shim.command(home, *SHORT)))
    assert state(home).read_text() == "1\n"


def test_so_does_one_that_does_not_read(shim: Shim, home: Path, place: Path) -> None:
    with hanging(home, place):
        waits(run(shim.command(home, *SHORT), b"x" * 4 * 1024 * 1024))
    assert state(home).read_text() == "1\n"


def test_one_that_never_accepts_costs_no_more(shim: Shim, home: Path, place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(place / "s"))
        listener.listen(0)
        first.connect(str(place / "s"))
        Gateway(home, listener, lambda _: None).announce()
        assert run(shim.command(home, *SHORT)).wall_s < DEADLINE_MS / 1000 + BUSY_S
    assert state(home).read_text() == "1\n"


@pytest.mark.parametrize("sends", [b"", b'{"half":'])
def test_an_event_that_never_ends_costs_the_deadline_and_is_no_fault_of_the_gateway(
    shim: Shim, home: Path, place: Path, sends: bytes
) -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, sends)
        with gateway(home, place, http_reply(REPLY)) as there:
            begun = time.perf_counter()
            done = subprocess.run(shim.command(home, *SHORT), stdin=reading, capture_output=True)
            waits(Outcome(done.stdout, time.perf_counter() - begun))
            assert (done.returncode, done.stderr, there.accepted) == (0, b"", 0)
    finally:
        os.close(reading)
        os.close(writing)
    assert not state(home).exists()


def test_an_event_without_end_costs_the_deadline(shim: Shim, home: Path, place: Path) -> None:
    with gateway(home, place, http_reply(REPLY)) as there, open("/dev/zero", "rb") as zeros:
        begun = time.perf_counter()
        done = subprocess.run(shim.command(home, *SHORT), stdin=zeros, capture_output=True)
        waits(Outcome(done.stdout, time.perf_counter() - begun))
        assert (done.returncode, done.stderr, there.accepted) == (0, b"", 0)


def test_a_reader_that_does_not_read_costs_the_deadline(shim: Shim, home: Path, place: Path) -> None:
    reading, writing = os.pipe()
    try:
        with gateway(home, place, http_reply(b'{"a":"' + b"x" * 500_000 + b'"}')):
            begun = time.perf_counter()
            done = subprocess.run(shim.command(home, *SHORT), input=EVENT, stdout=writing, stderr=subprocess.PIPE)
            waits(Outcome(b"", time.perf_counter() - begun))
        assert (done.returncode, done.stderr) == (0, b"")
    finally:
        os.close(reading)
        os.close(writing)
    assert not state(home).exists()


def test_a_blocked_or_ignored_alarm_changes_nothing(shim: Shim, home: Path, place: Path) -> None:
    """Printing to a reader that does not read is what only the timer ends."""

    def hostile() -> None:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGPIPE})

    reading, writing = os.pipe()
    try:
        with gateway(home, place, http_reply(b'{"a":"' + b"x" * 500_000 + b'"}')):
            begun = time.perf_counter()
            done = subprocess.run(
                shim.command(home, *SHORT), input=EVENT, stdout=writing, stderr=subprocess.PIPE, preexec_fn=hostile
            )
            waits(Outcome(b"", time.perf_counter() - begun))
        assert (done.returncode, done.stderr) == (0, b"")
    finally:
        os.close(reading)
        os.close(writing)


def test_a_client_that_is_late_with_its_event_is_no_fault_of_the_gateway(shim: Shim, home: Path, place: Path) -> None:
    deadline_s = 2.0
    with hanging(home, place) as there:
        words = shim.command(home, "--deadline-ms", str(int(1000 * deadline_s)))
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            # More than half of its time passes, also where Python was slow to start.
            assert not there.over.wait(0.75 * deadline_s)
            out, err = process.communicate(EVENT, timeout=30)
        assert (process.returncode, out, err, there.accepted) == (0, b"", b"", 1)
    assert not state(home).exists()


def test_the_native_deadline_is_kept_within_twenty_milliseconds(native: Shim, home: Path, place: Path) -> None:
    """The median of several, each beside a process that sleeps as long: a busy machine delays both."""
    late: list[float] = []
    with hanging(home, place):
        for _ in range(7):
            state(home).unlink(missing_ok=True)
            asleep = run(["sleep", str(DEADLINE_MS / 1000)]).wall_s
            late.append(run(native.command(home, *SHORT)).wall_s - asleep)
    assert median(late) < IN_TIME_S


def test_after_three_time_outs_in_a_row_nobody_is_asked(shim: Shim, home: Path, place: Path) -> None:
    with hanging(home, place) as there:
        for count in (1, 2, 3):
            run(shim.command(home, *SHORT))
            assert state(home).read_text() == f"{count}\n"
        assert there.accepted == 3
        assert run(shim.command(home, *LONG)).stdout == b""
        assert there.accepted == 3
    assert [path.name for path in home.glob("hook-breaker*")] == ["hook-breaker"]
    assert state(home).stat().st_mode & 0o777 == 0o600


def test_an_answer_begins_the_count_anew(shim: Shim, home: Path, place: Path) -> None:
    with gateway(home, place, http_reply(REPLY)):
        started(home, 3600)
        note(home, 2)
        assert run(shim.command(home, *LONG)).stdout == REPLY
    assert not state(home).exists()


def test_an_error_is_an_answer_too(shim: Shim, home: Path, place: Path) -> None:
    with gateway(home, place, http_reply(b"{}", status=b"500 Internal Server Error")):
        started(home, 3600)
        note(home, 2)
        assert run(shim.command(home, *LONG)).stdout == b""
    assert not state(home).exists()


def test_after_the_pause_one_asks_and_the_others_wait_for_what_it_finds(shim: Shim, home: Path, place: Path) -> None:
    asked, answer = threading.Event(), threading.Event()
    with hanging(home, place) as there:
        answers = there.answers(http_reply(REPLY))

        def serve(connection: socket.socket) -> None:
            asked.set()
            answer.wait(30)
            answers(connection)

        there.serve = serve
        note(home, 3, BREAKER_S + 1)
        with ThreadPoolExecutor(1) as pool:
            probe = pool.submit(run, shim.command(home, *LONG))
            assert asked.wait(30)
            assert run(shim.command(home, *LONG)).stdout == b""
            answer.set()
            assert probe.result().stdout == REPLY
        assert not state(home).exists()
        assert run(shim.command(home, *LONG)).stdout == REPLY
        assert there.accepted == 2


def test_when_that_one_is_not_answered_the_pause_begins_anew(shim: Shim, home: Path, place: Path) -> None:
    with hanging(home, place) as there:
        note(home, 3, BREAKER_S + 1)
        waits(run(shim.command(home, *SHORT)))
        assert state(home).read_text() == "4\n"
        run(shim.command(home, *LONG))
        assert there.accepted == 1


def test_a_gateway_that_was_started_since_is_asked(shim: Shim, home: Path, place: Path) -> None:
    with gateway(home, place, http_reply(REPLY)):
        note(home, 9, age_s=5)
        assert run(shim.command(home, *LONG)).stdout == REPLY
    assert not state(home).exists()


def test_the_count_begins_anew_with_a_gateway_that_was_started_since(shim: Shim, home: Path, place: Path) -> None:
    with gateway(home, place):
        note(home, 9, age_s=5)
        waits(run(shim.command(home, *SHORT)))
    assert state(home).read_text() == "1\n"


@pytest.mark.parametrize(
    "content", [b"", b"3", b"33\n", b"x\n", b"3\n3\n", b"\xff" * 100_000], ids=lambda text: repr(text[:9])
)
def test_a_broken_state_is_as_none(shim: Shim, home: Path, place: Path, content: bytes) -> None:
    with hanging(home, place) as there:
        note(home, 3)
        state(home).write_bytes(content)
        waits(run(shim.command(home, *SHORT)))
        assert there.accepted == 1
    assert state(home).read_text() == "1\n"


def test_a_state_behind_a_link_is_as_none(shim: Shim, home: Path, place: Path) -> None:
    with hanging(home, place):
        note(home, 3)
        state(home).rename(place / "elsewhere")
        state(home).symlink_to(place / "elsewhere")
        waits(run(shim.command(home, *SHORT)))
    assert (place / "elsewhere").read_text() == "3\n"
    assert not state(home).is_symlink()


def test_a_state_that_cannot_be_written_is_done_without(shim: Shim, home: Path, place: Path) -> None:
    with hanging(home, place):
        state(home).mkdir()
        waits(run(shim.command(home, *SHORT)))
    assert [path.name for path in home.glob("hook-breaker*")] == ["hook-breaker"]


def test_a_clock_that_was_set_back_does_not_hold_it_open(shim: Shim, home: Path, place: Path) -> None:
    with gateway(home, place, http_reply(REPLY)):
        note(home, 9, age_s=-3600)
        assert run(shim.command(home, *LONG)).stdout == REPLY


def test_a_gateway_that_is_gone_is_no_time_out(shim: Shim, home: Path, place: Path) -> None:
    (home / "run.json").write_text(
        json.dumps({"socket": f"unix://{place}/gone", "http": "http://127.0.0.1:1", "pid": 1})
    )
    (home / "run.json").chmod(0o600)
    assert run(shim.command(home, *LONG)).stdout == b""
    assert not state(home).exists()
