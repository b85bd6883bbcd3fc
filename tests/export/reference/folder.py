"""An independent reference: a golden folder that shares only its layout with the one in the repository.

Other sizes, seeds, lengths, rates, steps, names inside the ONNX files and numbers of cases. What is expected
is computed here from the published equations in float64; no module of the project takes part. Shared are the
release's own words for the language model, and constants that no file of a golden folder can change (80 and
128 mel bands of what is heard, the ids of the tokens).
"""

from pathlib import Path

from tests.export.reference.features import Both, at_16_khz, write_features, write_preprocess
from tests.export.reference.flow import write_flow
from tests.export.reference.hift import write_hift
from tests.export.reference.linguistic import Reference as Linguistic
from tests.export.reference.linguistic import write_linguistic
from tests.export.reference.lm import write_lm
from tests.export.reference.semantic import Reference as Semantic
from tests.export.reference.semantic import write_semantic
from tests.export.reference.sounds import write_sounds
from tests.export.reference.tokens import write_tokens

REPOSITORY = Path(__file__).parents[2] / "data" / "golden"


def write_reference(folder: Path, seed: int) -> None:
    """Write the whole folder; `seed` decides everything random in it."""
    folder.mkdir()
    heard = write_sounds(folder / "audio", seed)
    linguistic, semantic = Linguistic(seed), Semantic(seed)
    both = Both(heard, linguistic, semantic)
    whole = {name: at_16_khz(heard, name) for name, (_, rate) in heard.items() if rate == 16000}
    write_linguistic(folder / "linguistic", linguistic, whole, list(both.runs.values()), seed)
    write_semantic(folder / "semantic", semantic, whole)
    write_preprocess(folder / "preprocess", heard, seed)
    write_features(folder / "features", heard, both, seed)
    write_tokens(folder / "interleave", REPOSITORY / "interleave" / "system_prompts.json", seed)
    write_lm(folder / "lm", seed)
    write_flow(folder / "flow", seed)
    write_hift(folder / "hift", seed)
