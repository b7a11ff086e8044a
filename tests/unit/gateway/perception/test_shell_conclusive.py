"""Whether the end of a whole command line says how the command that matters ended."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.perception.shell import principal, segments
from gateway.perception.targets import call_key

TELLING = [
    "pytest -q",
    "cd web && npm test",
    "cd web; npm test",
    "pytest -q 2>&1",
    "cat data.json | python3 summarise.py",
    "pytest -q && echo done",
    "pytest -q && git log | head -1",
    "set -o pipefail; pytest -q | tail -3",
    "set -euo pipefail\npytest -q 2>&1 | tail -3\necho done",
    "set -e; pytest; echo done",
    "(cd a && make all)",
    'bash -lc "cd web && npm run build"',
    "pytest -q;",
    "pytest -q\n# that was all",
]
SAYING_NOTHING = [
    "pytest -q 2>&1 | tail -3",
    "pytest -q | head",
    "pytest -q |& tee log",
    "pytest -q || true",
    "pytest -q; echo $?",
    "set -e && cd web && pytest -q; echo done",
    "pytest -q\necho done",
    "pytest -q &",
    "pytest -q & wait",
    "(cd a && make all) | tail -3",
    "(cd a; make all); echo done",
    "for f in *.go; do gofmt -l $f; done",
    "if [ -f go.mod ]; then go vet ./...; fi",
    "! pytest -q",
    'bash -c "pytest -q | tail -3"',
    'bash -c "pytest -q" | tail -3',
    "set -o pipefail; pytest -q | tail -3; echo done",
    "{ pytest -q; } | tail",
]


@pytest.mark.parametrize("command", TELLING)
def test_a_success_is_the_command_s_own(command: str) -> None:
    found = principal(command)
    assert found is not None
    assert found.conclusive


@pytest.mark.parametrize("command", SAYING_NOTHING)
def test_a_success_says_nothing_of_the_command(command: str) -> None:
    found = principal(command)
    assert found is not None
    assert not found.conclusive


def test_what_goes_on_in_the_background_has_not_come_back() -> None:
    assert call_key("Bash", {"command": "make serve"}).conclusive
    assert not call_key("Bash", {"command": "make serve", "run_in_background": True}).conclusive


COMMANDS = ["work", "( work", "work )", "true", "false", "( true", "false )", "set -e", "set -euo pipefail"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(COMMANDS), st.sampled_from(["&&", "||", "|", ";", "\n"])), max_size=6))
def test_what_is_called_conclusive_is_so_in_a_real_shell(pieces: list[tuple[str, str]]) -> None:
    script = " ".join(f"{command} {operator}" for command, operator in pieces) + " true"
    known = [segment for segment in segments(script) if segment.program == "work"]
    if not any(segment.conclusive for segment in known):
        return
    # Here each `work` fails, so where the whole ends well its end says nothing of any.
    ended = subprocess.run(["/bin/bash", "-c", f"work() {{ return 1; }}\n{script}"], capture_output=True, check=False)
    assert ended.returncode != 0, script
