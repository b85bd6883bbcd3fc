"""The components of a release: what each is made from, and where it goes."""

from pathlib import Path

from edge_audio.step_audio.component import MUSIC
from export.flow.export import export_flow
from export.hift.export import export_hift
from export.linguistic.export import export_linguistic
from export.lm.export import export_lm
from export.precision import Precision
from export.progress import Progress
from export.release import Release
from export.semantic.export import export_semantic
from export.speaker.export import export_speaker


def linguistic(release: Release, output: Path, precision: Precision, progress: Progress) -> None:
    """Export the encoder of the linguistic codes."""
    export_linguistic(release.tokenizer, output / "linguistic", precision, progress)


def semantic(release: Release, output: Path, precision: Precision, progress: Progress) -> None:
    """Take over the encoder of the semantic codes, which is released as ONNX."""
    export_semantic(release.tokenizer, output / "semantic", precision, progress)


def lm(release: Release, output: Path, precision: Precision, progress: Progress) -> None:
    """Export the language model that writes audio codes."""
    export_lm(release.tts, output / "lm", precision, progress)


def flow(release: Release, output: Path, precision: Precision, progress: Progress) -> None:
    """Export the flow of the decoder, and that of the decoder for rap and humming if there is one."""
    export_flow(release.decoder, output / "flow", precision, progress)
    if release.music_decoder is not None:
        export_flow(release.music_decoder, output / f"flow{MUSIC}", precision, progress)


def hift(release: Release, output: Path, precision: Precision, progress: Progress) -> None:
    """Export the vocoder of the decoder, and that of the decoder for rap and humming if there is one."""
    export_hift(release.decoder, output / "hift", precision, progress)
    if release.music_decoder is not None:
        export_hift(release.music_decoder, output / f"hift{MUSIC}", precision, progress)


def speaker(release: Release, output: Path, precision: Precision, progress: Progress) -> None:
    """Take over the speaker model, which is released as ONNX."""
    export_speaker(release.decoder, output / "speaker", precision, progress)


def everything(
    release: Release,
    output: Path,
    precision: Precision,
    progress: Progress,
    others: Precision = Precision.FP32,
) -> None:
    """Export all components.

    `precision` is the language model's, whose size decides its speed; `others` is that of linguistic encoder,
    flow and vocoder. What is released as ONNX stays as it is.
    """
    for export in (linguistic, flow, hift):
        export(release, output, others, progress)
    for taken_over in (semantic, speaker):
        taken_over(release, output, Precision.FP32, progress)
    lm(release, output, precision, progress)
