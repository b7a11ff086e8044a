"""What is known of command-line programs: wrappers, runners, sub-commands, and which of them do the real work."""

from __future__ import annotations

from dataclasses import dataclass

RESERVED = frozenset({"if", "then", "elif", "else", "fi", "do", "done", "while", "until", "!", "{", "}", "esac"})
"""Words of the shell's grammar that may stand before a command."""

HEADERS = frozenset({"for", "case", "select", "function"})
"""Words that open a construct whose own words are no command."""

SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh", "ash"})

ALIASES = {
    "pip3": "pip",
    "nodejs": "node",
    "gmake": "make",
    "gradlew": "gradle",
    "mvnw": "mvn",
    "egrep": "grep",
    "fgrep": "grep",
}
"""Other names under which the same program is called."""


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words that stand before another command: its options that take a value, and how many operands it takes itself."""

    valued: frozenset[str] = frozenset()
    operands: int = 0


def _prefix(valued: str = "", operands: int = 0) -> Prefix:
    return Prefix(_names(valued), operands)


WRAPPERS: dict[str, Prefix] = {
    "timeout": _prefix("-s -k --signal --kill-after", 1),
    "gtimeout": _prefix("-s -k --signal --kill-after", 1),
    "time": _prefix("-f -o --format --output"),
    "nice": _prefix("-n --adjustment"),
    "ionice": _prefix("-c -n --class --classdata"),
    "nohup": _prefix(),
    "setsid": _prefix(),
    "stdbuf": _prefix("-i -o -e"),
    "unbuffer": _prefix(),
    "caffeinate": _prefix("-t -w"),
    "env": _prefix("-u -C -S --unset --chdir"),
    "command": _prefix(),
    "builtin": _prefix(),
    "exec": _prefix("-a"),
}
"""They change how long or how nicely a command runs, not what it does: left out of a target."""

_UV = (
    "--with --with-requirements --with-editable --extra --group --only-group --python -p --directory --project "
    "--package --env-file"
)
_CONDA = "-n -p --name --prefix --cwd"

RUNNERS: dict[tuple[str, str], Prefix] = {
    ("sudo", ""): _prefix("-u -g -h -p -C -D -r -t -U --user --group --host --prompt --chdir"),
    ("doas", ""): _prefix("-u -C"),
    ("npx", ""): _prefix("-p --package -w --workspace"),
    ("bunx", ""): _prefix("-p --package"),
    ("uvx", ""): _prefix(_UV + " --from"),
    ("xvfb-run", ""): _prefix("-s -n -e -f --server-args --server-num"),
    ("uv", "run"): _prefix(_UV),
    ("poetry", "run"): _prefix(),
    ("pipenv", "run"): _prefix(),
    ("rye", "run"): _prefix(),
    ("pipx", "run"): _prefix("--spec --python --pip-args"),
    ("conda", "run"): _prefix(_CONDA),
    ("mamba", "run"): _prefix(_CONDA),
    ("micromamba", "run"): _prefix(_CONDA),
    ("bundle", "exec"): _prefix(),
    ("npm", "exec"): _prefix("-p --package -w --workspace"),
    ("pnpm", "exec"): _prefix(),
    ("pnpm", "dlx"): _prefix("--package"),
    ("yarn", "dlx"): _prefix("-p --package"),
    ("yarn", "exec"): _prefix(),
    ("bun", "x"): _prefix(),
    ("mise", "exec"): _prefix("-C --cd"),
    ("mise", "x"): _prefix("-C --cd"),
    ("direnv", "exec"): _prefix("", 1),
    ("rustup", "run"): _prefix("", 1),
    ("rbenv", "exec"): _prefix(),
    ("pyenv", "exec"): _prefix(),
    ("asdf", "exec"): _prefix(),
}
"""They choose the environment in which a command runs: seen through for the program, kept in a target's text,
because `pytest` failing where `uv run pytest` works is a thing to learn."""

RUNNER_PROGRAMS = frozenset(program for program, _ in RUNNERS)

DIRECTORY_OPTIONS: dict[str, frozenset[str]] = {
    "git": frozenset({"-C"}),
    "make": frozenset({"-C", "--directory"}),
    "ninja": frozenset({"-C"}),
    "go": frozenset({"-C"}),
    "npm": frozenset({"--prefix"}),
    "pnpm": frozenset({"-C", "--dir"}),
    "yarn": frozenset({"--cwd"}),
    "bun": frozenset({"--cwd"}),
    "uv": frozenset({"--directory", "--project"}),
    "poetry": frozenset({"-C", "--directory"}),
    "mise": frozenset({"-C", "--cd"}),
    "gradle": frozenset({"-p", "--project-dir"}),
    "terraform": frozenset({"-chdir"}),
    "just": frozenset({"-d", "--working-directory"}),
    "task": frozenset({"-d", "--dir"}),
    "tar": frozenset({"-C"}),
}
"""Options that name the folder a program works in."""

VALUED_OPTIONS: dict[str, frozenset[str]] = {
    "git": frozenset({"-c", "--git-dir", "--work-tree", "--namespace"}),
    "gh": frozenset({"-R", "--repo"}),
    "docker": frozenset({"-H", "--host", "-c", "--context", "--config", "-l", "--log-level"}),
    "kubectl": frozenset({"-n", "--namespace", "--context", "--kubeconfig", "--cluster", "--user"}),
    "helm": frozenset({"-n", "--namespace", "--kube-context"}),
    "make": frozenset({"-f", "--file", "-o", "-W", "-I"}),
    "cargo": frozenset({"--manifest-path", "--config", "-Z"}),
    "npm": frozenset({"-w", "--workspace"}),
    "pnpm": frozenset({"-F", "--filter"}),
    "mise": frozenset({"-E", "--env"}),
    "mvn": frozenset({"-f", "--file", "-pl", "--projects", "-P", "-s"}),
    "gradle": frozenset({"-b", "-c", "-g", "-I"}),
    "just": frozenset({"-f", "--justfile"}),
    "aws": frozenset({"--profile", "--region", "--output"}),
    "gcloud": frozenset({"--project", "--account"}),
    "tox": frozenset({"-c"}),
}
"""Options before the sub-command that take a value of their own."""

OPERAND_PROGRAMS = _names(
    """
    awk base64 basename bat bc cat cd chgrp chmod chown cksum clang clang++ cmp column comm command cp curl cut date dd
    df diff dirname dot du echo ed env expr fd file find fmt fold g++ gcc getopt grep gofmt groups gunzip gzip head
    hexdump host hostname id install jobs join jq kill killall less ln locate ls lsof md5 md5sum mkdir mkfifo mktemp
    more mv nc netstat nl nm node nohup od paste patch perl pgrep php ping pkill printf ps psql pwd pytest python
    python2 readlink realpath rg rm rmdir rsync ruby rustc scp sed seq sha1sum sha256sum shasum shellcheck sleep
    sort source split sqlite3 ssh stat strace strings stty sum tac tail tar tee test time touch tr tree true tsc tsx
    ts-node type uname uniq unset unzip uuidgen vi vim watch wc wget which whereis whoami xargs xxd yes yq zcat zip
    [ [[ : . export set alias read local return exit eslint prettier black isort mypy pyright flake8 pylint
    stylelint rubocop jest vitest mocha java javac cython sphinx-build rspec nosetests deno-lint md5 pushd popd
    shopt ulimit trap umask wait eval let declare
    """
)
"""Programs whose first word is something to work on, never a sub-command."""

SUBCOMMAND_PROGRAMS = _names(
    """
    apk apt apt-get aws az brew buf bun bundle cargo composer conda deno dnf docker docker-compose dotnet firebase
    flutter flyctl gcloud gem gh git go golangci-lint gradle helm hatch invoke just kubectl lerna make meson mise
    mix mvn npm nx pacman pdm pip pipenv pipx pnpm podman poe poetry pulumi rails rake ruff rustup rye sbt skaffold
    stack swift systemctl task terraform turbo uv vercel wrangler yarn yum zig
    """
)
"""Programs whose first word is a sub-command, task or target, whatever it looks like."""

SCRIPT_SUFFIXES = (".sh", ".bash", ".zsh", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".ps1", ".bat", ".cmd")

INTERPRETERS = frozenset({"python", "node", "ruby", "perl", "php"})

SCAFFOLDING = _names(
    """
    cd pushd popd echo printf export unset set shopt source . : true false exit return sleep wait trap alias local
    declare readonly read umask ulimit test [ [[ date pwd clear eval
    """
)
"""Commands that stand around the real one."""

PREPARATION = _names(
    """
    mkdir rm cp mv touch chmod chown ln ls cat which type command rmdir install kill pkill killall tee head tail wc
    sort uniq grep rg sed awk cut tr less more column xargs jq find nl stat file
    """
)
"""Everyday commands: the point of a chain only where nothing more telling is in it."""

PREPARATION_SUBCOMMANDS = frozenset({("git", "add"), ("git", "stash"), ("git", "fetch"), ("git", "status")})

FILTERS = _names(
    """
    head tail grep rg tee cat less more sort uniq wc cut tr sed awk column nl jq xargs tac fold
    """
)
"""Programs that, behind a pipe, only shape what the command before them printed."""

ASKERS = _names(
    """
    grep rg ag ack test [ [[ diff cmp pgrep which type command expr false lsof
    """
)
"""Programs whose exit status 1 means the answer `no`."""
