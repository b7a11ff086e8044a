"""The wheel: built, installed beside nothing of the checkout, and at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that has the wheel; its dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, cwd=folder, timeout=110)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True, timeout=60)
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    into = [*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(into, check=True, cwd=folder, timeout=110)
    # Only the folder itself is added, not the checkout that an editable install of this environment points to.
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def run(installed: Path, home: Path, *words: str) -> str:
    """Runs a `spark` command of the wheel, far from the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYTHON"))}
    done = subprocess.run(
        [installed / "spark", *words],
        cwd=home,
        env={**kept, "SPARK_HOME": str(home), "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_it_is_not_the_checkout_that_runs(installed: Path, tmp_path: Path) -> None:
    asked = "import host, gateway, chassis, services, spark; print(host.__file__, list(spark.__path__)[0])"
    done = subprocess.run([installed / "python", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    for place in done.stdout.split():
        assert str(ROOT) not in place


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    shown = json.loads(run(installed, tmp_path, "demo", "--json"))
    assert shown


def test_the_shim_of_this_machine_comes_with_the_wheel(installed: Path, tmp_path: Path) -> None:
    asked = (
        "from pathlib import Path; from gateway.clients.shim.command import install_hook_shim; "
        "from gateway.clients.shim import native; "
        "from gateway.clients.opencode.plugin_file import plugin_for; assert 'HOME' in plugin_for(Path('/h')); "
        "names = [native.binary_name(each) for each in native.TARGETS]; "
        "assert all((native.FOLDER / name).is_file() for name in names), names; "
        f"print(install_hook_shim(Path({str(tmp_path)!r})))"
    )
    told = subprocess.run([installed / "python", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    command = [told.stdout.strip(), "--client", "codex", "--home", str(tmp_path)]
    command = [sys.executable, "-I", "-S", *command] if command[0].endswith(".py") else command
    done = subprocess.run(command, input=b"{}", capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_lessons_are_asked_of_a_fresh_home(installed: Path, tmp_path: Path) -> None:
    assert json.loads(run(installed, tmp_path, "lessons", "--all", "--json"))["total"] == 0
