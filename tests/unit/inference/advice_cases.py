"""Advice as it is worded without a model, and how a model may honestly word it.

The texts have the shapes of services/memory/wording.py and services/prefetch/wording.py. The paraphrases are written by
hand; those under `held_out` were written in the same sitting and never looked at while the vocabulary was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """A deterministic text, the facts beside it, and honest ways to say it."""

    text: str
    facts: tuple[str, ...]
    honest: tuple[str, ...]
    held_out: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.text, *self.facts)


ADVICE = (
    Advice(
        '`pytest --timeout-all tests/unit` failed here before (flag not known: "unrecognized arguments: '
        '--timeout-all"); what worked: `pytest --timeout=60 tests/unit`. Seen 3 times, last on 2026-03-01.',
        (
            "tool: Bash",
            "failure: shell.bad_flag",
        ),
        (
            "Use `pytest --timeout=60 tests/unit` instead of `pytest --timeout-all tests/unit`, which failed "
            "here 3 times.",
            "`pytest --timeout-all tests/unit` fails here with an unknown flag; `pytest --timeout=60 "
            "tests/unit` worked.",
            'The flag `--timeout-all` is not known here ("unrecognized arguments: --timeout-all"). What worked '
            "was `pytest --timeout=60 tests/unit`.",
        ),
        (
            "In this project `pytest --timeout-all tests/unit` has failed three times because the flag is not "
            "recognized. Run `pytest --timeout=60 tests/unit`, which worked.",
            "Prefer `pytest --timeout=60 tests/unit`: the other form, `pytest --timeout-all tests/unit`, "
            "failed here before, most recently on 2026-03-01.",
            "The last attempt with `--timeout-all` failed on 2026-03-01, so use `pytest --timeout=60 "
            "tests/unit` instead.",
        ),
    ),
    Advice(
        "`npm run test:unit` failed here before (it exited with an error: \"Cannot find module 'left-pad'\"); "
        "it worked after `npm ci`. Seen twice, last on 2026-02-11.",
        (
            "tool: Bash",
            "folder: web",
        ),
        (
            "`npm run test:unit` failed here twice, and it worked after `npm ci`.",
            "Run `npm ci` first: without it `npm run test:unit` failed here with \"Cannot find module 'left-pad'\".",
            "Before `npm run test:unit`, run `npm ci`; that is what made it work here.",
        ),
        (
            'If `npm run test:unit` fails with "Cannot find module", run `npm ci` and try again; that worked '
            "here before.",
            "`npm run test:unit` has exited with an error here 2 times; both times it worked after `npm ci`.",
            "Try `npm ci` before `npm run test:unit`, as the latter failed here and then worked once that was done.",
        ),
    ),
    Advice(
        "`src/settings.toml` was not found here before; the file was at `config/settings.toml`. Seen 4 times, "
        "last on 2026-01-30.",
        (),
        (
            "There is no `src/settings.toml` here; the file is at `config/settings.toml`.",
            "Read `config/settings.toml` instead of `src/settings.toml`, which was not found here 4 times.",
            "The file is at `config/settings.toml`, not at `src/settings.toml`.",
        ),
        (
            "Look in `config/settings.toml`; `src/settings.toml` does not exist in this project.",
            "`src/settings.toml` was not found four times. The right path is `config/settings.toml`.",
            "Open `config/settings.toml`, since `src/settings.toml` could not be found here.",
        ),
    ),
    Advice(
        'The user refused `git push --force` 2 times, last on 2026-02-20 and said "never force-push to shared '
        'branches".',
        ("tool: Bash",),
        (
            'The user refused `git push --force` 2 times and said "never force-push to shared branches".',
            "The user has refused `git push --force` before, so do not use it without asking.",
            "Ask before `git push --force`: the user refused it twice.",
        ),
        (
            "Avoid `git push --force`; the user refused it on 2026-02-20 and once before.",
            '`git push --force` was refused by the user, who said "never force-push to shared branches".',
            "The user does not want `git push --force` here and has refused it 2 times.",
        ),
    ),
    Advice(
        "Tests run here with `make check ARGS=-x` in the folder `server` (worked 12 times, last on 2026-03-03).",
        (),
        (
            "Run the tests with `make check ARGS=-x` in the folder `server`; that worked 12 times.",
            "Tests here run with `make check ARGS=-x`, from the folder `server`.",
            "To run the tests use `make check ARGS=-x` in `server`.",
        ),
        (
            "The tests of this project are run with `make check ARGS=-x` inside the `server` folder, which has "
            "worked 12 times.",
            "Use `make check ARGS=-x` in `server` for tests, which last worked on 2026-03-03.",
            "`make check ARGS=-x` is the way to test here (in the folder `server`).",
        ),
    ),
    Advice(
        "`cargo clippy` failed 7 of 9 times here, 2 of them in this session (lint error, shell exit code, last "
        '"error: unused variable: `retries`"). What worked after that: `cargo clippy --fix --allow-dirty`.',
        (),
        (
            "`cargo clippy` failed 7 of 9 times here; `cargo clippy --fix --allow-dirty` worked after that.",
            "Expect `cargo clippy` to fail: it did so 7 of 9 times here. What worked was `cargo clippy --fix "
            "--allow-dirty`.",
            '`cargo clippy` often fails here, last with "unused variable". After that `cargo clippy --fix '
            "--allow-dirty` worked.",
        ),
        (
            "In this project `cargo clippy` has failed 7 of 9 times, 2 of them in this session. After such a "
            "failure `cargo clippy --fix --allow-dirty` worked.",
            "`cargo clippy` is likely to fail here with a lint error; if so, use `cargo clippy --fix --allow-dirty`.",
            "When `cargo clippy` fails, `cargo clippy --fix --allow-dirty` has worked here.",
        ),
    ),
    Advice(
        "An edit of `services/api/routes.py` failed here before (the file had not been read); it worked after "
        "the file was read. Seen 5 times, last on 2026-03-02.",
        ("tool: Edit",),
        (
            "Read `services/api/routes.py` before you edit it: edits failed here 5 times because it had not been read.",
            "An edit of `services/api/routes.py` failed here until the file was read.",
            "Edits of `services/api/routes.py` fail unless the file has been read first.",
        ),
        (
            "First read `services/api/routes.py`, then edit it; without that the edit failed five times.",
            "The edit of `services/api/routes.py` worked only after the file was read, so read it first.",
            "Because `services/api/routes.py` had not been read, an edit of it failed here 5 times.",
        ),
    ),
    Advice(
        '`docker compose up -d db` fails here (it exited with an error: "port 5432 is already allocated"); no '
        "fix has been seen. Seen 6 times, last on 2026-02-27. Also tried without success: `docker compose "
        "restart db`.",
        (),
        (
            "`docker compose up -d db` fails here and no fix has been seen.",
            '`docker compose up -d db` failed 6 times here ("port 5432 is already allocated"), and `docker '
            "compose restart db` did not help.",
            "No fix is known for `docker compose up -d db`; `docker compose restart db` was tried without success.",
        ),
        (
            "Do not expect `docker compose up -d db` to work: it failed here 6 times, last on 2026-02-27.",
            "`docker compose up -d db` exits with an error here. `docker compose restart db` was also tried, "
            "without success.",
            'The command `docker compose up -d db` fails here with the message "port 5432 is already '
            'allocated", and nothing that was tried has worked.',
        ),
    ),
    Advice(
        "`python manage.py migrate` failed here before (no such path: \"can't open file 'manage.py'\"); it "
        "worked in the folder `backend`. Seen 2 times, last on 2026-01-15.",
        (),
        (
            "Run `python manage.py migrate` in the folder `backend`; elsewhere it failed here 2 times.",
            "`python manage.py migrate` failed here before and worked in the folder `backend`.",
            "`python manage.py migrate` works only in `backend`.",
        ),
        (
            "Change to the folder `backend` before you run `python manage.py migrate`; outside of it the path "
            "was not found.",
            "`python manage.py migrate` needs to be run from `backend`, as it failed twice in another place.",
            "Use the folder `backend` for `python manage.py migrate`, where it worked.",
        ),
    ),
    Advice(
        '`go test ./...` failed 4 of 20 times here (test timed out, last "panic: test timed out after 30s"). '
        "What worked after that: `go test -timeout 120s ./...`.",
        (
            "command that worked: go test -timeout 120s ./...",
            "environment: GOFLAGS=-mod=vendor",
        ),
        (
            "`go test ./...` failed 4 of 20 times here; what worked after that was `go test -timeout 120s ./...`.",
            'If `go test ./...` fails with "test timed out after 30s", use `go test -timeout 120s ./...`.',
            "Use `go test -timeout 120s ./...`, since `go test ./...` timed out here.",
        ),
        (
            "`go test ./...` sometimes fails here because a test timed out; `go test -timeout 120s ./...` worked then.",
            "In 4 of 20 cases `go test ./...` failed. After that `go test -timeout 120s ./...` worked.",
            "Prefer `go test -timeout 120s ./...` to avoid the failure that `go test ./...` had here.",
        ),
    ),
)
