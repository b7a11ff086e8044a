"""Tokens: whose call it is, and the local token's file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.faults import Unauthenticated
from chassis.identity import Tokens, local_token, serving_token
from chassis.settings import BadSetting, Settings

TOKENS = Tokens({"first": "local", "second": "other"})
PROCESSES = 6
AT_FIRST_USE = """
import sys
from pathlib import Path
from chassis.identity import local_token
print("ready", flush=True)
sys.stdin.readline()
print(local_token(Path(sys.argv[1])))
"""


def test_a_token_opens_its_own_workspace() -> None:
    assert TOKENS.workspace("Bearer first") == "local"
    assert TOKENS.workspace("Bearer second") == "other"


@given(
    st.none() | st.text() | st.sampled_from(["Bearer", "Bearer ", "first", "Bearer first ", "Bearer firs", "Bearer é"])
)
def test_nothing_else_opens_anything(offered: str | None) -> None:
    with pytest.raises(Unauthenticated, match="Authorization: Bearer TOKEN"):
        TOKENS.workspace(offered)


def test_a_header_that_is_no_text_is_refused() -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.workspace(b"Bearer \xff".decode("utf-8", "surrogateescape"))


def test_what_goes_out_for_a_workspace_comes_in_as_it() -> None:
    for workspace in ("local", "other"):
        assert TOKENS.workspace(TOKENS.authorization(workspace)) == workspace
    with pytest.raises(Unauthenticated, match="elsewhere"):
        TOKENS.authorization("elsewhere")


def test_the_local_token_is_the_users_alone_and_stays(tmp_path: Path) -> None:
    before = os.umask(0)  # The most that a user may have left open.
    try:
        token = local_token(tmp_path)
    finally:
        os.umask(before)
    assert len(token) >= 32
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert local_token(tmp_path) == token
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_folders_have_tokens_of_their_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    assert local_token(tmp_path / "one") != local_token(tmp_path / "two")


def test_processes_at_first_use_agree(tmp_path: Path) -> None:
    command = [sys.executable, "-c", AT_FIRST_USE, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    tokens = {process.communicate(timeout=20)[0].strip() for process in processes}
    assert tokens == {local_token(tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


@pytest.mark.parametrize("left", [b"", b"\n", b"short\n", b"\x00" * 44])
def test_a_file_that_was_cut_off_is_made_anew(left: bytes, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(left)
    token = local_token(tmp_path)
    assert len(token) >= 32
    assert local_token(tmp_path) == token
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_token_opens_nothing(empty: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        Tokens({empty: "local"})


def test_a_serving_process_goes_by_the_token_that_it_is_given_or_that_lies_there(tmp_path: Path) -> None:
    offered = "a-token-of-sixteen"
    assert serving_token(Settings({"SPARK_TOKEN": f" {offered}\n"}), tmp_path) == offered
    assert list(tmp_path.iterdir()) == []
    assert serving_token(Settings({"SPARK_TOKEN": ""}), tmp_path) == local_token(tmp_path)


@pytest.mark.parametrize(
    "offered", ["short", "   ", "sixteen characters and spaces", "ümläute-sind-nicht-gut", "a\ttab-inside-of-it"]
)
def test_a_token_that_is_none_is_refused_and_not_shown(offered: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="SPARK_TOKEN") as refused:
        serving_token(Settings({"SPARK_TOKEN": offered}), tmp_path)
    assert not offered.strip() or offered not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
