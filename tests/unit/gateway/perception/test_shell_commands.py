"""What is read out of a shell command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.perception.shell import MAX_SEGMENTS, principal, segments

PRINCIPALS: list[tuple[str, str, str]] = [
    ("cd src && FOO=1 timeout 60 go test ./... 2>&1 | tail -5", "go test", "src"),
    ('bash -lc "cd web && npm run build"', "npm run", "web"),
    ("(cd a && make -C b all); echo done", "make all", "a/b"),
    ("cd a; (cd b; ls); make", "make", "a"),
    ("env A=b python3.11 -m pytest -q", "python -m pytest", ""),
    ("sudo -u root apt-get install -y jq", "apt-get install", ""),
    ("nice -n 5 time cargo +nightly build", "cargo build", ""),
    ("npx --yes tsc --noEmit", "tsc", ""),
    ("uv run --with rich pytest -q", "pytest", ""),
    ("uv run tool.py --now", "python", ""),
    ("poetry run python -m mypy .", "python -m mypy", ""),
    ("bundle exec rspec spec", "rspec", ""),
    ("mise run lint", "mise run", ""),
    ("make CC=clang -j4 all", "make all", ""),
    ("git -C sub --no-pager log -3", "git log", "sub"),
    ("git add -A && git commit -m 'x; y && z'", "git commit", ""),
    ("kubectl -n prod get pods", "kubectl get", ""),
    ("terraform -chdir=infra plan", "terraform plan", "infra"),
    ("./gradlew :app:test", "gradle :app:test", ""),
    ("./scripts/run.sh all", "run.sh", ""),
    ("bash scripts/lint.sh", "lint.sh", ""),
    ("for f in *.go; do gofmt -l $f; done", "gofmt", ""),
    ("if [ -f go.mod ]; then go vet ./...; fi", "go vet", ""),
    ("while read l; do curl -s $l; done < urls", "curl", ""),
    ("set -e; source .venv/bin/activate && pytest -x", "pytest", ""),
    ("go test ./... || true", "go test", ""),
    ("export A=1 && mkdir -p out && go build -o out/x", "go build", ""),
    ("cat data.json | python3 summarise.py", "python", ""),
    ("cat <<'EOF' | go run -\npackage main // it's && (\nEOF", "go run", ""),
    ("git commit -m \"$(cat <<'EOF'\nDon't (stop\nEOF\n)\" && git push", "git commit", ""),
    ("diff <(sort a) <(sort b)", "diff", ""),
    ("cat a | grep b", "cat", ""),
    ("command -v go", "command", ""),
    ("time (go build ./...)", "go build", ""),
    ("# first look\ngit log", "git log", ""),
    ("go \\\n  test ./...", "go test", ""),
    ("cd /nope", "cd", ""),
    ("echo 'never closed && make", "echo", ""),
]


@pytest.mark.parametrize(("command", "program", "directory"), PRINCIPALS)
def test_the_command_that_matters(command: str, program: str, directory: str) -> None:
    found = principal(command)
    assert found is not None
    assert (f"{found.program} {found.subcommand}".strip(), found.directory) == (program, directory)


def test_a_segment_says_what_was_written() -> None:
    (found,) = segments("A=1 timeout 9 uv run pytest -k 'a b' >out.txt 2>&1")
    assert (found.program, found.words, found.assignments) == ("pytest", ("pytest", "-k", "a b"), ("A=1",))
    assert found.text == "A=1 uv run pytest -k 'a b'"


def test_all_simple_commands_are_seen_in_order() -> None:
    found = segments("cd a && make | tee log; (go vet ./... && ls) & wait")
    assert [segment.program for segment in found] == ["cd", "make", "tee", "go", "ls", "wait"]
    assert [segment.piped for segment in found] == [False, False, True, False, False, False]


def test_heredoc_bodies_are_no_commands() -> None:
    found = segments("cat > run.sh <<-EOF\n\trm -rf build\n\tEOF\nmake all")
    assert [segment.program for segment in found] == ["cat", "make"]


@pytest.mark.parametrize("command", ["", "   ", "# only a remark", "A=1", "&&", ";;;", ")("])
def test_where_nothing_is_run_nothing_matters(command: str) -> None:
    found = principal(command)
    assert found is None or not found.program


SHELL_TEXT = st.lists(
    st.sampled_from(
        [
            "a",
            "git ",
            "'",
            '"',
            "`",
            "$(",
            ")",
            "(",
            "<<EOF\n",
            "EOF\n",
            "\\",
            "\n",
            " ",
            "|",
            "&&",
            ";",
            ">",
            "<(",
            "#",
            "${",
            "}",
            "bash -c ",
            "cd x",
            "2>&1",
        ]
    ),
    max_size=300,
).map("".join)


@given(SHELL_TEXT)
def test_broken_shell_does_no_harm(command: str) -> None:
    found = segments(command)
    assert len(found) <= MAX_SEGMENTS
    assert segments(command) == found


@given(st.text(max_size=2_000))
def test_any_text_does_no_harm(command: str) -> None:
    assert len(segments(command)) <= MAX_SEGMENTS


def test_deep_nesting_does_no_harm() -> None:
    assert segments('echo "' + '$("' * 20_000)
    assert segments("bash -c 'bash -c \"bash -c \\'bash -c x\\'\"'")
