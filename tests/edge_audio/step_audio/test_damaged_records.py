"""Records of components that somebody edited, or that are damaged: one clear error, and no memory taken."""

import functools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_audio.step_audio.component import RECORD
from edge_audio.step_audio.decoder import flow, hift
from edge_audio.step_audio.decoder.flow import FlowDecoder
from edge_audio.step_audio.decoder.hift import HiftVocoder
from edge_audio.step_audio.language_model import model
from edge_audio.step_audio.language_model.model import LanguageModel
from edge_audio.step_audio.tokenizer import linguistic, semantic
from edge_audio.step_audio.tokenizer.linguistic import LinguisticEncoder
from edge_audio.step_audio.tokenizer.semantic import SemanticEncoder
from edge_audio.step_audio.voice_prompt import VoicePrompt
from runtime.compute import ON_CPU, Compute
from runtime.errors import UserError
from runtime.session import OnnxSession

MOST_BYTES = 100_000_000
"""That loading and using a tiny component may take."""

WRONG = (None, True, "", "x", "\0", "x" * 5000, -1, 0, 0.5, 1e308, 1 << 31, 10**12, 10**30, [], {}, [1])
"""Values that are mostly none for the place where they stand."""

GONE = object()


def use_lm(folder: Path) -> None:
    loaded = LanguageModel.load(folder)
    loaded.read([5, 6, 7], loaded.new_cache())


def use_flow(folder: Path) -> None:
    loaded = FlowDecoder.load(folder)
    nobody = VoicePrompt(
        np.zeros(0, np.int64),
        np.zeros((0, loaded.bands), np.float32),
        np.ones(loaded.settings.embedding, np.float32),
    )
    noise = np.zeros((loaded.bands, max(1, loaded.frames_of(10))), np.float32)
    loaded.mel(np.zeros(10, np.int64), nobody, noise)


def use_hift(folder: Path) -> None:
    loaded = HiftVocoder.load(folder)
    session = loaded.session(0)
    session.feed(np.zeros((loaded.settings.bands, 20), np.float32))
    session.finish()


def use_linguistic(folder: Path) -> None:
    session = LinguisticEncoder.load(folder).session()
    session.feed(np.zeros(8000, np.float32))
    session.finish()


def use_semantic(folder: Path) -> None:
    session = SemanticEncoder.load(folder).session()
    session.feed(np.zeros(20_000, np.float32))
    session.finish()


USES: dict[str, Callable[[Path], None]] = {
    "lm": use_lm,
    "flow": use_flow,
    "hift": use_hift,
    "linguistic": use_linguistic,
    "semantic": use_semantic,
}


@pytest.fixture(scope="module")
def components(toy_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Copies of all components by links, whose graphs are opened once."""
    folder = tmp_path_factory.mktemp("damaged")
    for name in USES:
        (folder / name).mkdir()
        for file in (toy_models / name).iterdir():
            if file.name != RECORD:
                (folder / name / file.name).symlink_to(file)
    opened = functools.cache(OnnxSession)

    def session(path: Path, compute: Compute = ON_CPU) -> OnnxSession:
        return opened(path)

    with pytest.MonkeyPatch.context() as patch:
        for module in (model, flow, hift, linguistic, semantic):
            patch.setattr(module, "OnnxSession", session)
        yield folder


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of everything in a JSON value but itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in ((*path, key), *places(inner, (*path, key)))]


def damaged(record: Any, place: tuple[Any, ...], wrong: Any) -> Any:
    """Return a copy of `record` with `wrong` at `place`, or nothing there if it is `GONE`."""
    copy = json.loads(json.dumps(record))
    inner = functools.reduce(lambda value, key: value[key], place[:-1], copy)
    if wrong is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = wrong
    return copy


def use(folder: Path, record: bytes) -> str:
    """Load the component with this record and compute with it; return its complaint, empty if it has none."""
    (folder / RECORD).write_bytes(record)
    tracemalloc.start()
    try:
        USES[folder.name](folder)
        complaint = ""
    except UserError as error:
        complaint = str(error)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MOST_BYTES
    return complaint


@pytest.mark.parametrize("name", USES)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_record_says_it_works_or_is_refused(
    components: Path, toy_models: Path, name: str, data: st.DataObject
) -> None:
    record = json.loads((toy_models / name / RECORD).read_text())
    # Mostly the settings: there are far more names and hashes of files.
    inside = places(record["settings"], ("settings",)) if data.draw(st.integers(0, 3)) else places(record)
    place = data.draw(st.sampled_from(inside))
    wrong = data.draw(st.one_of(st.just(GONE), st.sampled_from(WRONG), st.integers(1, 4096)))
    use(components / name, json.dumps(damaged(record, place, wrong)).encode())


@pytest.mark.parametrize("name", USES)
def test_no_number_of_the_settings_may_be_absurd(components: Path, toy_models: Path, name: str) -> None:
    record = json.loads((toy_models / name / RECORD).read_text())
    for place in places(record["settings"], ("settings",)):
        value = functools.reduce(lambda inner, key: inner[key], place, record)
        if isinstance(value, int | float):
            for absurd in (-1_000_000, 10**12, 10**30, "many", None, GONE):
                if absurd is GONE and isinstance(place[-1], int):
                    continue  # one of several harmonics
                complaint = use(components / name, json.dumps(damaged(record, place, absurd)).encode())
                assert RECORD in complaint, (place, absurd)


@pytest.mark.parametrize("name", USES)
def test_a_number_that_is_not_the_graphs_is_refused(components: Path, toy_models: Path, name: str) -> None:
    record = json.loads((toy_models / name / RECORD).read_text())
    known = {
        "lm": ("layers", "groups", "head_size", "logits"),
        "flow": ("bands", "embedding"),
        "hift": ("bands",),
        "linguistic": ("width", "blocks", "heads", "chunk_frames", "overlap_frames", "look_back_chunks"),
        "semantic": ("bands",),
    }[name]
    for key in known:
        for other in (-1, 1):
            value = record["settings"][key] + other
            complaint = use(components / name, json.dumps(damaged(record, ("settings", key), value)).encode())
            assert str(components / name) in complaint, key


@pytest.mark.parametrize(
    "record", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"component": 1}']
)
def test_what_is_no_record_is_refused(components: Path, record: bytes) -> None:
    assert RECORD in use(components / "semantic", record)


def test_what_a_language_model_is_trained_with_may_be_missing_but_not_wrong(
    components: Path, toy_models: Path
) -> None:
    record = json.loads((toy_models / "lm" / RECORD).read_text())
    optional = {"control_tags", "sampling", "phase_rule"}
    assert not optional & record["settings"].keys()
    for key, right, wrong in (
        ("control_tags", ["慢速1"], [1]),
        ("sampling", {"temperature": 0, "top_k": 20, "top_p": 0.9}, {"temperature": -1}),
        ("sampling", {"top_p": 0.5}, {"top_p": 2}),
        ("sampling", {}, {"warmth": 1}),
        ("phase_rule", True, "yes"),
    ):
        for value, complains in ((right, False), (wrong, True)):
            changed = record | {"settings": record["settings"] | {key: value}}
            complaint = use(components / "lm", json.dumps(changed).encode())
            assert (f"{RECORD}: " in complaint) is complains, (key, value)


def test_an_unknown_key_is_refused(components: Path, toy_models: Path) -> None:
    record = json.loads((toy_models / "flow" / RECORD).read_text())
    record["settings"]["stepz"] = 10
    assert "stepz" in use(components / "flow", json.dumps(record).encode())
