"""What a command is for: test, build, lint, format, install or run, over the usual ecosystems, in one table."""

from __future__ import annotations

import re
from enum import StrEnum

from gateway.perception.programs import SCRIPT_SUFFIXES
from gateway.perception.shell import Segment


class Purpose(StrEnum):
    """What a command is for."""

    TEST = "test"
    BUILD = "build"
    LINT = "lint"
    FORMAT = "format"
    INSTALL = "install"
    RUN = "run"
    OTHER = "other"


# A name alone speaks for every call of that program, two words for that sub-command only.
_COMMANDS: dict[Purpose, str] = {
    Purpose.TEST: """
        pytest, py.test, tox, nox, nosetests, jest, vitest, mocha, ava, karma, cypress, rspec, minitest, phpunit,
        pest, ctest, bats, gotestsum, ginkgo, shunit2, trial, stestr, behave, robot, cucumber, runtests.py, prove,
        busted, kaocha, python -m pytest, python -m unittest, python -m tox, python -m nox, python -m doctest,
        python -m nose, go test, cargo test, cargo t, cargo nextest, cargo bench, npm test, npm t, npm tst, pnpm test,
        pnpm t, yarn test, bun test, deno test, playwright test, dotnet test, dotnet vstest, gradle test,
        gradle check, mvn test, mvn verify, mix test, rails test, swift test, zig test, dart test, flutter test,
        sbt test, lein test, stack test, cabal test, bazel test, buck test, nx test, turbo test, xcodebuild test,
        meson test, terraform test, helm test, django-admin test, composer test, make check, make tests, ng test,
        dune test, dune runtest, erlc test, rebar3 eunit, rebar3 ct, julia test, forge test, hardhat test,
        truffle test""",
    Purpose.BUILD: """
        tsc, gcc, g++, clang, clang++, cc, javac, rustc, kotlinc, scalac, ghc, nvcc, ninja, webpack, rollup, esbuild,
        vite build, next build, parcel build, cmake, meson compile, meson setup, protoc, buf generate, buf build,
        msbuild, xcodebuild, ant, sphinx-build, mkdocs build, python -m build, python -m compileall, go build,
        go generate, go install, cargo build, cargo b, cargo check, cargo c, cargo doc, docker build,
        docker-compose build, podman build, dotnet build, dotnet publish, gradle build, gradle assemble, gradle jar,
        mvn compile, mvn package, mvn install, mix compile, mix release, swift build, zig build, sbt compile,
        sbt package, stack build, cabal build, bazel build, buck build, nx build, turbo build, flutter build,
        dart compile, uv build, poetry build, hatch build, pdm build, wasm-pack build, dune build, rebar3 compile,
        ng build, make all, make, configure, autoreconf, elm make, forge build""",
    Purpose.LINT: """
        eslint, golangci-lint, staticcheck, revive, ruff, ruff check, flake8, pylint, pyflakes, bandit, mypy, pyright,
        basedpyright, pyre, ty, pytype, rubocop, standardrb, shellcheck, stylelint, oxlint, biome, biome check,
        biome lint, tslint, jshint, hadolint, yamllint, markdownlint, actionlint, tflint, checkstyle, ktlint, detekt,
        swiftlint, clippy-driver, clang-tidy, cppcheck, phpstan, psalm, credo, dialyzer, vulture, go vet,
        cargo clippy, mix credo, mix dialyzer, dart analyze, flutter analyze, buf lint, buf breaking, helm lint,
        terraform validate, pre-commit run, lefthook run, python -m mypy, python -m pylint, python -m flake8,
        python -m ruff, python -m pyright, deno lint, deno check, next lint, nx lint, turbo lint, gradle lint,
        lint-imports, deptry, commitlint, typos, codespell, xo, svelte-check, vue-tsc, ng lint""",
    Purpose.FORMAT: """
        gofmt, goimports, gofumpt, go fmt, cargo fmt, rustfmt, prettier, black, isort, autopep8, yapf, ruff format,
        biome format, dprint, clang-format, shfmt, terraform fmt, mix format, dart format, dotnet format, swiftformat,
        swift-format, buf format, deno fmt, python -m black, python -m isort, stylua, ormolu, fourmolu, zig fmt,
        standard, taplo, php-cs-fixer, scalafmt, google-java-format""",
    Purpose.INSTALL: """
        pip, pip install, python -m pip, python -m venv, python -m ensurepip, virtualenv, uv sync, uv add, uv pip,
        uv lock, uv venv, poetry install, poetry add, poetry lock, poetry update, pipenv install, pipenv sync,
        pdm install, pdm add, pdm sync, pipx install, conda install, conda create, mamba install, npm install, npm i,
        npm ci, npm add, npm update, pnpm install, pnpm i, pnpm add, yarn install, yarn add, yarn, bun install,
        bun add, go get, go mod, cargo add, cargo install, cargo fetch, cargo update, bundle, bundle install,
        bundle update, gem install, composer install, composer require, composer update, mix deps.get, dotnet restore,
        dotnet add, apt install, apt-get install, apt-get update, apt update, apk add, dnf install, yum install,
        pacman, brew install, brew upgrade, rustup,
        mise install, mise use, asdf install, nvm, swift package, dart pub, flutter pub, cabal install, stack install,
        helm install, helm dependency, terraform init, git submodule, opam install, choco install, winget install""",
    Purpose.RUN: """
        python, node, ruby, perl, php, java, lua, deno run, bun run, bun, go run, cargo run, cargo r, npm start,
        npm run, npm exec, pnpm run, pnpm start, yarn run, yarn start, dotnet run, dotnet watch, gradle run,
        gradle bootRun, mix run, mix phx.server, rails server, rails s, rails console, flask run, uvicorn, gunicorn,
        streamlit run, next dev, next start, vite, vite dev, nodemon, tsx, ts-node, docker run, docker compose,
        docker-compose up, swift run, zig run, sbt run, stack run, cabal run, flutter run, mise run, just, task, air,
        electron, ng serve, hatch run, pdm run""",
}

# Programs that run a task of the project by its name: the task's name says what for.
_TASK_RUNNER_NAMES = (
    "npm pnpm yarn bun make gmake just task mise rake gradle mvn tox nox invoke inv composer deno turbo "
    "nx hatch poe pdm lerna ant "
    "ninja grunt gulp lage moon wireit rails mix meson pipenv doit redo mage bazel"
)
_TASK_RUNNERS = frozenset(_TASK_RUNNER_NAMES.split())
_RUN_VERBS = frozenset({"run", "run-script", "rum", "r", "task", "tasks"})

_TASK_WORDS: dict[Purpose, str] = {
    Purpose.TEST: (
        "test tests testing unittest unittests runtests spec specs e2e integration unit coverage cov pytest "
        "jest vitest ctest smoke selftest"
    ),
    Purpose.FORMAT: "fmt format formatting prettier prettify black gofmt reformat",
    Purpose.LINT: (
        "lint linting linter vet typecheck typechecks types mypy pyright eslint ruff clippy tsc check checks "
        "verify style analyze analyse"
    ),
    Purpose.BUILD: (
        "build builds rebuild compile dist bundle package assemble image html docs generate gen codegen proto release"
    ),
    Purpose.INSTALL: "install setup bootstrap deps dependencies init sync vendor",
    Purpose.RUN: "run start dev serve server watch preview up demo",
}

_BY_COMMAND = {
    command: purpose for purpose, listed in _COMMANDS.items() for command in " ".join(listed.split()).split(", ")
}
_BY_TASK_WORD = {word: purpose for purpose, listed in _TASK_WORDS.items() for word in listed.split()}
_STRENGTH = {purpose: strength for strength, purpose in enumerate(_TASK_WORDS)}
_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_WHATEVER_THE_SUBCOMMAND = frozenset({Purpose.TEST, Purpose.LINT, Purpose.FORMAT, Purpose.BUILD})


def purpose_of(segment: Segment) -> Purpose:
    """What this command is for; `OTHER` where nothing known says it."""
    program, subcommand, call = segment.program, segment.subcommand, segment.words
    known = _BY_COMMAND.get(f"{program} {subcommand}" if subcommand else program)
    if known is Purpose.BUILD and program == "go" and subcommand == "install" and any("@" in word for word in call):
        # With a version it fetches a tool from elsewhere; without one it builds what is here.
        return Purpose.INSTALL
    if subcommand and program in _TASK_RUNNERS and known in (None, Purpose.RUN):
        # An environment of tox says no purpose by its own name: `py312` is a test run all the same.
        default = Purpose.TEST if _BY_COMMAND.get(program) is Purpose.TEST else Purpose.OTHER
        return _task_purpose(_task(segment)) or known or default
    if known is not None and known is not Purpose.RUN:
        return known
    if program == "python" and not subcommand and len(call) > 1:
        return _script_purpose(call[1:])
    if program.endswith(SCRIPT_SUFFIXES) or (call and call[0].startswith("./")):
        return _task_purpose(program.rpartition(".")[0] or program) or Purpose.RUN
    if known is None and subcommand:
        broad = _BY_COMMAND.get(program)
        return broad if broad and broad in _WHATEVER_THE_SUBCOMMAND else Purpose.OTHER
    return known or Purpose.OTHER


def _task(segment: Segment) -> str:
    if segment.subcommand not in _RUN_VERBS:
        return segment.subcommand
    words = segment.words
    after = words[words.index(segment.subcommand) + 1 :] if segment.subcommand in words else ()
    return next((word for word in after if not word.startswith("-")), "")


def _script_purpose(arguments: tuple[str, ...]) -> Purpose:
    script = next((word for word in arguments if not word.startswith("-")), "")
    stem = script.rpartition("/")[2].removesuffix(".py")
    if stem == "manage" and len(arguments) > 1:
        return _task_purpose(arguments[1]) or Purpose.RUN
    if stem == "setup" and len(arguments) > 1:
        return _task_purpose(arguments[1]) or Purpose.BUILD
    # A script called test_x.py may be a one-off: only a name that says that it runs tests is taken at its word.
    return Purpose.TEST if stem in ("runtests", "run_tests", "runtest", "run_test", "test") else Purpose.RUN


def _task_purpose(name: str) -> Purpose | None:
    found: Purpose | None = None
    for word in _SEPARATORS.split(name.lower()):
        purpose = _BY_TASK_WORD.get(word)
        if purpose is not None and (found is None or _STRENGTH[purpose] < _STRENGTH[found]):
            found = purpose
    return found
