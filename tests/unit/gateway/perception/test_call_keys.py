"""The keys of a call, its purpose, and the words it is found by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.perception.targets import MAX_TARGET, CallKey, Purpose, call_key, prompt_tokens
from gateway.perception.words import MAX_PROMPT_TOKENS, MAX_TARGET_TOKENS, target_tokens

ROOT = "/home/dev/repo"


def shell(command: str) -> CallKey:
    return call_key("Bash", {"command": command}, ROOT)


@pytest.mark.parametrize(
    "command",
    [
        "go test  ./pkg/...",
        "go test ./pkg/... 2>&1",
        "cd /home/dev/repo && go test /home/dev/repo/pkg/... 2>&1 | tail -20",
        "timeout 60 go test ./pkg/... >/tmp/log; echo done $?",
        "go test ./pkg/... || true",
        "bash -lc 'go test ./pkg/...'",
    ],
)
def test_one_work_has_one_target(command: str) -> None:
    key = shell(command)
    assert (key.target, key.target_class, key.directory) == ("go test ./pkg/...", "go test", "")


def test_a_target_differs_where_the_work_differs() -> None:
    commands = ["go test ./a", "go test ./b", "pytest -q", "uv run pytest -q", "make a", "/home/dev/repo2/x.sh"]
    assert len({shell(command).target for command in commands}) == len(commands)
    assert shell("/home/dev/repo2/x.sh").target == "/home/dev/repo2/x.sh"


def test_a_runner_is_seen_through_for_the_class_only() -> None:
    assert shell("uv run pytest -q").target_class == shell("pytest -q").target_class == "pytest"


def test_the_folder_is_told_from_the_root() -> None:
    assert shell("cd /home/dev/repo/web && npm test").directory == "web"
    assert shell("cd web && cd ui && npm test").directory == "web/ui"


@pytest.mark.parametrize(
    ("tool", "tool_input", "target", "target_class"),
    [
        ("Read", {"file_path": "/home/dev/repo/src/a.test.ts"}, "src/a.test.ts", ".ts"),
        ("Edit", {"file_path": "/home/dev/repo/Makefile"}, "Makefile", "Makefile"),
        ("Write", {"file_path": "/home/dev/other/x.py"}, "~/other/x.py", ".py"),
        ("NotebookEdit", {"notebook_path": "/home/dev/repo/n.ipynb"}, "n.ipynb", ".ipynb"),
        ("Read", {"file_path": "/home/dev/repository/a.go"}, "~/repository/a.go", ".go"),
        ("Read", {"file_path": "C:\\code\\a.go"}, "C:/code/a.go", ".go"),
        ("Grep", {"pattern": "func main", "path": "/home/dev/repo/cmd"}, "func main cmd", ""),
        ("Glob", {"pattern": "**/*.go"}, "**/*.go", ""),
        ("mcp__issues__create", {"title": "x"}, "mcp__issues__create", ""),
        ("Task", {"subagent_type": "Explore", "prompt": "x"}, "Explore", ""),
        ("WebFetch", {"url": "https://u:p@docs.python.org:443/3/?q=1"}, "docs.python.org", ""),
        ("TodoWrite", {"todos": []}, "", ""),
        ("Read", {"file_path": 7}, "", ""),
        ("Bash", {}, "", ""),
    ],
)
def test_what_other_tools_work_on(tool: str, tool_input: dict[str, object], target: str, target_class: str) -> None:
    key = call_key(tool, tool_input, ROOT)
    assert (key.target, key.target_class) == (target, target_class)


def test_a_command_given_as_words_is_read_alike() -> None:
    assert call_key("shell", {"command": ["bash", "-lc", "cd web && npm test"]}).target == "npm test"
    assert call_key("shell", {"command": ["go", "vet", "./..."]}).target == "go vet ./..."


PURPOSES: dict[Purpose, list[str]] = {
    Purpose.TEST: [
        "go test ./...",
        "cargo nextest run",
        "npm t",
        "npm run test:unit",
        "pnpm --filter web test",
        "yarn test",
        "bun test",
        "pytest -q",
        "python -m unittest",
        "tox -e py312",
        "make check",
        "just test",
        "mise run test:ci",
        "./gradlew test",
        "mvn -q verify",
        "dotnet test",
        "bundle exec rspec",
        "rake spec",
        "mix test",
        "ctest",
        "./tests/runtests.py forms",
        "python manage.py test",
        "./run_tests.sh",
    ],
    Purpose.BUILD: [
        "go build ./...",
        "go install ./...",
        "cargo check",
        "npm run build",
        "make",
        "make all",
        "tsc -p .",
        "cmake --build b",
        "docker build .",
        "gradle assemble",
        "gcc a.c",
    ],
    Purpose.LINT: [
        "golangci-lint run",
        "ruff check .",
        "npx eslint .",
        "uv run mypy src",
        "pyright",
        "go vet ./...",
        "cargo clippy",
        "npm run lint",
        "mise run lint",
    ],
    Purpose.FORMAT: ["gofmt -l .", "ruff format .", "cargo fmt", "prettier -w .", "make fmt", "mise run fmt"],
    Purpose.INSTALL: [
        "pip install -e .",
        "uv sync",
        "poetry install",
        "npm ci",
        "yarn",
        "go mod tidy",
        "brew install jq",
        "go install example.org/cmd/tool@v1.2.0",
        "sudo apt-get install -y jq",
        "make setup",
    ],
    Purpose.RUN: [
        "npm start",
        "go run .",
        "cargo run",
        "python app.py",
        "node index.js",
        "make dev",
        "docker compose up -d",
    ],
    Purpose.OTHER: [
        "git status",
        "ls -la",
        "grep -rn test src",
        "gh pr view 7",
        "pip list",
        "cat latest_test.txt",
        "kubectl get pods",
    ],
}


@pytest.mark.parametrize(("purpose", "command"), [(purpose, one) for purpose, all_ in PURPOSES.items() for one in all_])
def test_what_a_command_is_for(purpose: Purpose, command: str) -> None:
    assert shell(command).purpose is purpose


def test_tokens_are_significant_words() -> None:
    assert target_tokens("go test -run TestParseHeader ./cmd/cli 12 9f2c1d7") == (
        *("go", "test", "run", "pars", "header", "cmd", "cli"),
    )
    assert target_tokens("src/decision/latestBuilds.py") == ("src", "decision", "latest", "build", "py")


def test_words_of_a_prompt_meet_words_of_a_target() -> None:
    said = set(prompt_tokens("Please make sure that all the tests of the builders pass, then run the linting"))
    assert {"test", "builder", "lint", "run"} <= said
    assert not said & {"please", "the", "that", "all"}
    assert {"test"} == set(prompt_tokens("tests testing tested Test"))
    assert "ci" not in prompt_tokens("a decision about the latest contest")
    assert "test" not in prompt_tokens("a decision about the latest contest")


@given(st.text(max_size=4_000))
def test_words_are_bounded(text: str) -> None:
    assert len(prompt_tokens(text)) <= MAX_PROMPT_TOKENS
    assert prompt_tokens(text) == prompt_tokens(text)
    assert all(0 < len(word) <= 64 for word in prompt_tokens(text))


VALUES = st.one_of(st.text(max_size=500), st.integers(), st.none(), st.lists(st.text(max_size=20), max_size=4))


@given(
    st.sampled_from(["Bash", "Read", "Grep", "Task", "WebFetch", "mcp__a__b", "Unknown"]),
    st.dictionaries(st.sampled_from(["command", "file_path", "pattern", "path", "url", "subagent_type"]), VALUES),
    st.sampled_from(["", "/", "/home/dev/repo", "/home/dev/repo/"]),
)
def test_any_call_has_bounded_keys(tool: str, tool_input: dict[str, object], root: str) -> None:
    key = call_key(tool, tool_input, root)
    assert len(key.target) <= MAX_TARGET
    assert len(key.target_class) <= 80
    assert len(key.tokens) <= MAX_TARGET_TOKENS
    assert call_key(tool, tool_input, root) == key
