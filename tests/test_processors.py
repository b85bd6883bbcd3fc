"""The numeric tests again, as on other processors: what passes on one must pass on all.

Libraries choose their kernels by the processor, and kernels round differently. Here they are told to choose
as on an older one. OpenBLAS' Haswell kernels serve AMD's Zen too.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parent.parent

NUMERIC = (
    "tests/edge_audio/audio/test_log_mel.py",
    "tests/edge_audio/bench/nano/test_robustness.py",
    "tests/edge_audio/step_audio/decoder/test_euler.py",
    "tests/edge_audio/step_audio/decoder/test_flow_decoder.py",
    "tests/edge_audio/step_audio/decoder/test_hift_source.py",
    "tests/edge_audio/step_audio/decoder/test_speech.py",
    "tests/edge_audio/step_audio/features",
    "tests/export/features/test_features_golden.py",
    "tests/export/linguistic/test_linguistic_golden.py",
    "tests/export/semantic/test_semantic_golden.py",
)

PROCESSORS = {
    "Nehalem": {
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
    },
    "Haswell": {
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        "ATEN_CPU_CAPABILITY": "avx2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
    },
    "SkylakeX": {},
}
"""By OpenBLAS' names: what NumPy, PyTorch, MKL and oneDNN are told."""

NEEDED = {"Nehalem": {"sse4_2"}, "Haswell": {"avx2", "fma"}, "SkylakeX": {"avx512f", "avx512bw", "avx512vl"}}
"""What a processor must have, in the words of /proc/cpuinfo, to run the kernels of another."""

PATIENCE_S = 300


def kernels(output: str) -> str:
    """The kernels that OpenBLAS took, as it says at verbosity 2."""
    return next((line.split()[1] for line in output.splitlines() if line.startswith("Core: ")), "")


def started(name: str | None, *arguments: str) -> subprocess.Popen[str]:
    """Start Python as on the processor `name`, or on this one."""
    environment = os.environ | {"OPENBLAS_VERBOSE": "2"}
    if name:
        environment |= PROCESSORS[name] | {"OPENBLAS_CORETYPE": name}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def obstacles() -> dict[str, str]:
    """Why the tests need not, or can't, run as on a processor."""
    if platform.machine() != "x86_64":
        return dict.fromkeys(PROCESSORS, "this processor is no x86-64")
    info = Path("/proc/cpuinfo").read_text()
    has = set(next(line for line in info.splitlines() if line.startswith("flags")).split())
    found = {
        name: f"this processor lacks {', '.join(sorted(needed - has))}"
        for name, needed in NEEDED.items()
        if needed - has
    }
    own = kernels(started(None, "-c", "import numpy").communicate()[0])
    return found | {own: "all other tests run with its kernels"}


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[str, subprocess.Popen[str] | str]]:
    """A run of pytest as on each processor, all at once, or why there is none."""
    pytest_run = ("-m", "pytest", "-s", "-p", "no:cacheprovider", *NUMERIC)
    why_not = obstacles()
    under_way = {name: why_not.get(name) or started(name, *pytest_run) for name in PROCESSORS}
    yield under_way
    for run in under_way.values():
        if isinstance(run, subprocess.Popen):
            run.kill()
            run.communicate()


@pytest.mark.parametrize("name", PROCESSORS)
def test_the_numbers_are_right_on_the_processor(
    runs: dict[str, subprocess.Popen[str] | str], name: str
) -> None:
    run = runs[name]
    if isinstance(run, str):
        pytest.skip(run)
    output, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, output
    assert kernels(output) == name
