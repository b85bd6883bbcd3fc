"""A golden folder that shares nothing with the one in the repository but its layout.

Other sizes, seeds, lengths, rates, steps, names inside the ONNX files and numbers of cases. What is expected
is computed here from the published equations in float64; no module of the project takes part. Shared are the
release's own words for the language model, and constants that no file of a golden folder can change (80 and
128 mel bands of what is heard, the ids of the tokens).
"""

from pathlib import Path

from other_golden.features import Both, at_16_khz, write_features, write_preprocess
from other_golden.flow import write_flow
from other_golden.hift import write_hift
from other_golden.linguistic import Reference as Linguistic
from other_golden.linguistic import write_linguistic
from other_golden.lm import write_lm
from other_golden.semantic import Reference as Semantic
from other_golden.semantic import write_semantic
from other_golden.sounds import write_sounds
from other_golden.tokens import write_tokens

REPOSITORY = Path(__file__).parents[2] / "data" / "golden"


def write_other_golden(folder: Path, seed: int) -> None:
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
