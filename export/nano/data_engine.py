"""The data engine: synthesises speech, part by part, until the corpus has the hours that were asked for."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import count

from export.nano.corpus import Corpus, Recipe
from export.nano.synthesizer import Synthesizer
from export.progress import Progress


def make_corpus(
    corpus: Corpus,
    sentences: Sequence[str],
    synthesizers: Sequence[Synthesizer],
    *,
    seed: int,
    hours: float,
    progress: Progress,
) -> float:
    """Extend `corpus` to `hours` of speech and return how many hours it has; existing parts are kept.

    All `synthesizers` work at the same time; progress is reported in minutes. Raises `UserError`.
    """
    digest = hashlib.sha256("\n".join(sentences).encode()).hexdigest()
    corpus.begin(Recipe(seed=seed, sentences=len(sentences), digest=digest))
    goal_s = 3600 * hours
    done_s = corpus.seconds()
    there = set(corpus.parts())
    missing = (number for number in count() if number not in there)
    free = list(synthesizers)
    running: dict[Future[float], Synthesizer] = {}

    def report() -> None:
        progress("speech, in minutes", int(min(done_s, goal_s) / 60), int(goal_s / 60))

    report()
    with ThreadPoolExecutor(len(synthesizers)) as pool:
        while done_s < goal_s:
            while free:
                synthesizer = free.pop()
                future = pool.submit(corpus.make_part, next(missing), sentences, seed, synthesizer)
                running[future] = synthesizer
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                free.append(running.pop(future))
                done_s += future.result()
            report()
    return corpus.seconds() / 3600
