"""The shim's scanner, compiled under sanitizers, beside orjson: it understands the same, or nothing."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.shim.placing import PYTHON_SOURCE

HARNESS = Path(__file__).with_name("scan_harness.c")
FLAGS = [
    "-std=c11",
    "-g",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
]
SOCKET_ROOM, HTTP_ROOM, DEEPEST = 512, 128, 100


@dataclass(frozen=True)
class Scanned:
    is_object: bool
    is_run: bool
    socket: str
    http: str
    pid: int
    head: tuple[bool, int, bool, int]
    """Whether it can be one; its size; whether it tells a length; that length."""


class Scanner:
    def __init__(self, program: subprocess.Popen[bytes]) -> None:
        self._program = program

    def scan(self, text: bytes) -> Scanned:
        assert self._program.stdin is not None
        self._program.stdin.write(struct.pack("I", len(text)) + text)
        self._program.stdin.flush()
        verdict, socket, http, pid, head = (self._frame() for _ in range(5))
        is_object, is_run = verdict == b"1 1", verdict[2:] == b"1"
        assert verdict in (b"1 1", b"0 0")
        possible, size, has_length, length = map(int, head.split())
        return Scanned(
            is_object,
            is_run,
            socket.decode(),
            http.decode(),
            int(pid),
            (bool(possible), size, bool(has_length), length),
        )

    def _frame(self) -> bytes:
        assert self._program.stdout is not None
        head = self._program.stdout.read(4)
        assert len(head) == 4, "the scanner has died; see standard error"
        return self._program.stdout.read(*struct.unpack("I", head))


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Generator[Scanner]:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("THE NATIVE SHIM'S SCANNER IS NOT TESTED: there is no gcc on this machine")
    program = tmp_path_factory.mktemp("scanner") / "scanner"
    subprocess.run([gcc, *FLAGS, "-I", str(PYTHON_SOURCE.parent), "-o", str(program), str(HARNESS)], check=True)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        yield Scanner(running)
        assert running.stdin is not None
        running.stdin.close()
        assert running.wait(30) == 0


def expected(value: Mapping[str, Any]) -> tuple[str, str, int]:
    """What of run.json the shim can use."""

    def text(name: str, room: int) -> str:
        found = value.get(name)
        return found if isinstance(found, str) and "\0" not in found and len(found.encode()) < room else ""

    pid = value.get("pid")
    if not isinstance(pid, int) or isinstance(pid, bool) or not 0 < pid < 2**31:
        pid = 0
    return text("socket", SOCKET_ROOM), text("http", HTTP_ROOM), pid


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
names = (
    st.sampled_from(["socket", "http", "pid", "services", "sockets", "a name longer than any that is wanted", ""])
    | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
addresses = (
    st.sampled_from(["unix:///home/ü/run/spark.sock", "http://127.0.0.1:7761"]) | texts | st.text("é/", max_size=600)
)


def joined(wanted: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {**more, **wanted}


runs = st.builds(
    joined,
    st.fixed_dictionaries(
        {}, optional={"socket": addresses | values, "http": addresses | values, "pid": st.integers(-5, 2**33) | values}
    ),
    st.dictionaries(names, values, max_size=6),
)


def agrees(scanner: Scanner, text: bytes) -> None:
    """The scanner understands the same as orjson."""
    found = scanner.scan(text)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "infinity" in str(error):
            return  # JSON, but for orjson's numbers.
        value = None
    assert found.is_object == isinstance(value, dict)
    if isinstance(value, dict):
        assert (found.socket, found.http, found.pid) == expected(cast("dict[str, Any]", value))


@given(run=runs, ascii_only=st.booleans(), indent=st.none() | st.integers(0, 3))
def test_a_run_file_is_read_as_by_a_json_library(
    scanner: Scanner, run: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    agrees(scanner, json.dumps(run, ensure_ascii=ascii_only, indent=indent).encode())


@given(run=runs, data=st.data())
def test_so_is_one_that_is_broken(scanner: Scanner, run: dict[str, Any], data: st.DataObject) -> None:
    text = bytearray(json.dumps(run, ensure_ascii=data.draw(st.booleans())).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        kind = data.draw(st.sampled_from(["replace", "insert", "delete", "cut"]))
        byte = data.draw(st.sampled_from(b'{}[]",:\\u0eE+-. \n\x00\x1f\xc3\xa9\xed\xf4\xff') | st.integers(0, 255))
        if kind == "replace":
            text[at] = byte
        elif kind == "insert":
            text.insert(at, byte)
        elif len(text) > 1:
            del text[at : at + 1 if kind == "delete" else len(text)]
        if not text:
            break
    agrees(scanner, bytes(text))


@given(text=st.binary(max_size=200))
def test_so_are_bytes_of_any_kind(scanner: Scanner, text: bytes) -> None:
    agrees(scanner, text)


@given(run=st.binary(max_size=40))
def test_so_are_bytes_within_a_string(scanner: Scanner, run: bytes) -> None:
    agrees(scanner, b'{"http":"' + run + b'"}')


@pytest.mark.parametrize(
    "text",
    [
        b'{"socket":"a","socket":"b"}',
        b'{"socket":"a","socket":1}',
        b'{"pid":1,"pid":"x"}',
        b'{"\\u0073ocket":"a"}',
        b'{"services":{"socket":"inner"},"http":"outer"}',
        b'{"http":"\\ud83d\\ude00"}',
        b'{"http":"\\ud83d"}',
        b'{"http":"\\ude00"}',
        b'{"http":"\\ud83dx"}',
        b'{"http":"\xed\xa0\x80"}',
        b'{"http":"\xc0\xaf"}',
        b'{"http":"\xf4\x90\x80\x80"}',
        b'{"http":"a\\u0000b"}',
        b'{"http":"\\x"}',
        b'{"http":"\t"}',
        b"{'http':'x'}",
        b'{"pid":01}',
        b'{"pid":1.0}',
        b'{"pid":+1}',
        b'{"pid":1.}',
        b'{"pid":.5}',
        b'{"pid":1e}',
        b'{"pid":-0}',
        b'{"pid":2147483647999}',
        b'{"pid":1}x',
        b"\xef\xbb\xbf{}",
        b" {} ",
        b"{,}",
        b'{"a"}',
        b"",
    ],
    ids=repr,
)
def test_the_hard_cases_are_read_as_by_a_json_library(scanner: Scanner, text: bytes) -> None:
    agrees(scanner, text)


@pytest.mark.parametrize(("room", "name"), [(SOCKET_ROOM, "socket"), (HTTP_ROOM, "http")])
def test_what_does_not_fit_is_dropped_whole(scanner: Scanner, room: int, name: str) -> None:
    for size, fits in ((room - 1, True), (room, False), (room * 100, False)):
        found = scanner.scan(json.dumps({name: "x" * size, "pid": 7}).encode())
        assert (getattr(found, name), found.pid) == ("x" * size if fits else "", 7)


def test_the_depth_has_a_bound(scanner: Scanner) -> None:
    for levels, accepted in ((DEEPEST, True), (DEEPEST + 1, False), (1_000_000, False)):
        assert scanner.scan(b'{"a":' * levels + b"1" + b"}" * levels).is_object == accepted
        assert scanner.scan(b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}").is_object == accepted


@given(
    code=st.sampled_from(["200 OK", "200", "204 No Content", "2000 OK", "500 x"]),
    before=st.lists(st.sampled_from(["x: y", "x:", "content-lengthy: 5", "connection: close"]), max_size=3),
    length=st.none() | st.integers(0, 10**8 - 1),
    data=st.data(),
)
def test_the_head_of_an_answer_is_told_once_it_is_whole(
    scanner: Scanner, code: str, before: list[str], length: int | None, data: st.DataObject
) -> None:
    lines = [f"HTTP/1.1 {code}", *before, *([] if length is None else [f"Content-Length: {length}"])]
    head = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
    good = code in ("200 OK", "200")
    whole = scanner.scan(head + b"{}").head
    assert whole == ((True, len(head), length is not None, length or 0) if good else (False, 0, False, 0))
    part = scanner.scan(head[: data.draw(st.integers(0, len(head) - 1))]).head
    assert part[1:] == (0, False, 0)
    assert part[0] or not good


@given(text=st.binary(max_size=60))
def test_bytes_of_any_kind_are_a_head_only_as_http_has_it(scanner: Scanner, text: bytes) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length:"):
        possible, size, _, _ = scanner.scan(start + text).head
        if size:
            assert possible
            assert (start + text)[size - 4 : size] == b"\r\n\r\n"
