"""What was loaded is known again, and what was derived from something else is gone."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.inference.engines.llama_cpp import LlamaCpp, LocalModel
from services.inference.engines.trtllm import TrtLlm
from services.inference.engines.trtllm_config import Plan
from services.inference.manifest import FILE, Artefact, Manifest, artefact_of
from services.inference.ports import EngineError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    return path


def test_the_same_is_known_again_and_keeps_what_was_derived(tmp_path: Path, model: Path) -> None:
    assert not Manifest(tmp_path).keep("llama_cpp", artefact_of(model, "1"))
    cache = Manifest(tmp_path).derived("llama_cpp") / "built"
    cache.touch()
    assert Manifest(tmp_path).keep("llama_cpp", artefact_of(model, "1"))
    assert cache.exists()


@pytest.mark.parametrize("change", ["version", "bytes", "time"])
def test_a_change_drops_what_was_derived(tmp_path: Path, model: Path, change: str) -> None:
    manifest = Manifest(tmp_path)
    manifest.keep("llama_cpp", artefact_of(model, "1"))
    manifest.keep("trtllm", artefact_of(model, "1"))
    caches = {name: manifest.derived(name) / "built" for name in ("llama_cpp", "trtllm")}
    for cache in caches.values():
        cache.touch()
    if change == "bytes":
        model.write_bytes(b"GGUF and more")
    if change == "time":
        os.utime(model, ns=(1, 1))
    assert not manifest.keep("llama_cpp", artefact_of(model, "2" if change == "version" else "1"))
    assert not caches["llama_cpp"].exists()
    assert caches["trtllm"].exists()
    assert list(manifest.derived("llama_cpp").iterdir()) == []


def test_a_manifest_that_cannot_be_read_is_none(tmp_path: Path, model: Path) -> None:
    for broken in ("", "[]", "{", '{"llama_cpp": 1}'):
        (tmp_path / FILE).write_text(broken)
        assert not Manifest(tmp_path).keep("llama_cpp", artefact_of(model, "1"))
        assert Manifest(tmp_path).keep("llama_cpp", artefact_of(model, "1"))


def test_a_folder_changes_with_any_of_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "weights").write_bytes(b"12")
    before = artefact_of(folder, "1")
    (folder / "deep" / "weights").write_bytes(b"123")
    assert (before.size, artefact_of(folder, "1").size) == (2, 3)


def test_engines_that_load_at_once_are_all_noted(tmp_path: Path, model: Path) -> None:
    names = [f"engine {number}" for number in range(8)]

    def keep(name: str) -> bool:
        return Manifest(tmp_path).keep(name, artefact_of(model, "1"))

    with ThreadPoolExecutor(len(names)) as threads:
        assert not any(threads.map(keep, names))
    assert all(map(keep, names))


class Watched(Manifest):
    """Tells whether it was asked in the thread of the loop, and lets nothing go on from there."""

    in_loop: bool | None = None

    def keep(self, engine: str, artefact: Artefact) -> bool:
        self.in_loop = threading.current_thread() is threading.main_thread()
        raise EngineError("as far as it goes")


@pytest.mark.parametrize("kind", ["llama_cpp", "trtllm"])
async def test_files_are_looked_at_beside_the_loop(kind: str, tmp_path: Path, model: Path) -> None:
    manifest = Watched(tmp_path)
    engine = (
        LlamaCpp(LocalModel(model, 512, 1), tmp_path, manifest)
        if kind == "llama_cpp"
        else TrtLlm(sys.executable, Plan(str(model), 1), tmp_path, manifest)
    )
    with pytest.raises(EngineError, match="as far as it goes"):
        await engine.start()
    assert manifest.in_loop is False
