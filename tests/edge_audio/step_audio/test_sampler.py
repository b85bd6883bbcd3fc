import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_audio.step_audio.sampler import PhaseRule, RandomSampler, RepetitionRule, Sampling
from edge_audio.step_audio.tokens import GROUP, AudioTokens

GOLDEN = Path("tests/data/golden/interleave")
TINY = AudioTokens(first_id=10, linguistic=4, semantic=6)


def generator(seed=0):
    return np.random.default_rng(seed)


def random_logits(size, seed=0):
    return generator(seed).normal(0, 3, size).astype(np.float32)


def test_repetition_rule_bans_what_the_reference_bans():
    arrays = np.load(GOLDEN / "repetition.npz")
    golden = json.loads((GOLDEN / "repetition.json").read_text())
    rule = RepetitionRule(golden["window"], golden["threshold"])
    for case in golden["cases"]:
        logits = arrays[f"{case['case']}_logits_in"].copy()
        for row, ids in zip(logits, arrays[f"{case['case']}_ids"].tolist(), strict=True):
            if (banned := rule.banned(ids)) is not None:
                row[banned] = -np.inf
        np.testing.assert_array_equal(logits, arrays[f"{case['case']}_logits_out"])


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 2**32), st.sampled_from([0, 0.01, 0.7, 3]))
def test_never_draws_a_banned_id(ids, seed, temperature):
    sampler = RandomSampler(generator(seed), Sampling(temperature=temperature))
    drawn = sampler(random_logits(6, seed), ids)
    assert drawn != RepetitionRule().banned(ids)
    assert 0 <= drawn < 6


@given(st.integers(0, 2**32), st.sets(st.integers(0, 39), min_size=1))
def test_never_draws_an_id_at_minus_infinity(seed, possible):
    logits = np.full(40, -np.inf, dtype=np.float32)
    logits[list(possible)] = random_logits(len(possible), seed)
    assert RandomSampler(generator(seed))(logits, []) in possible


def test_takes_the_likeliest_id_at_temperature_zero():
    logits = random_logits(5121)
    assert RandomSampler(generator(), Sampling(temperature=0))(logits, []) == np.argmax(logits)


def test_logits_are_left_as_they_were():
    logits = random_logits(40)
    RandomSampler(generator())(logits, [7] * 10)
    np.testing.assert_array_equal(logits, random_logits(40))


def test_same_seed_draws_the_same_ids():
    logits = random_logits(5121)
    one, two = RandomSampler(generator(3)), RandomSampler(generator(3))
    draws = [one(logits, []) for _ in range(20)]
    assert draws == [two(logits, []) for _ in range(20)]
    assert len(set(draws)) > 1


def test_columns_name_the_ids_of_cut_logits():
    ids = [3, *range(65536, 70656)]
    whole = np.full(74752, -np.inf, dtype=np.float32)
    cut = random_logits(len(ids))
    whole[ids] = cut
    before = [70000] * 10
    of_cut = RandomSampler(generator(1), columns=ids)
    of_whole = RandomSampler(generator(1))
    assert [of_cut(cut, before) for _ in range(50)] == [of_whole(whole, before) for _ in range(50)]


def test_draws_as_often_as_the_distribution_says():
    sampler = RandomSampler(generator(), Sampling(top_k=4))
    logits = random_logits(30)
    candidates, probabilities = sampler.distribution(logits, [])
    drawn = [sampler(logits, []) for _ in range(4000)]
    for candidate, probability in zip(candidates, probabilities, strict=True):
        assert drawn.count(candidate) / 4000 == pytest.approx(probability, abs=0.04)


@pytest.mark.parametrize(("top_k", "top_p"), [(50, 1.0), (50, 0.9), (0, 0.9), (0, 1.0), (1, 0.5), (3, 0.01)])
def test_distribution_is_that_of_transformers(top_k, top_p):
    torch = pytest.importorskip("torch")
    warpers = pytest.importorskip("transformers.generation.logits_process")
    logits = random_logits(300)
    scores = warpers.TemperatureLogitsWarper(0.7)(None, torch.from_numpy(logits)[None])
    if top_k:
        scores = warpers.TopKLogitsWarper(top_k)(None, scores)
    if top_p < 1:
        scores = warpers.TopPLogitsWarper(top_p)(None, scores)
    ours = np.zeros(300)
    candidates, probabilities = RandomSampler(generator(), Sampling(0.7, top_k, top_p)).distribution(
        logits, []
    )
    ours[candidates] = probabilities
    np.testing.assert_allclose(ours, scores.softmax(-1).numpy()[0], rtol=1e-5)


@settings(max_examples=50)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 9), max_size=4))
def test_phase_rule_keeps_two_and_three(seed, text):
    rule = PhaseRule(TINY, end_of_turn=3)
    sampler = RandomSampler(generator(seed), Sampling(temperature=2.0), phase=rule)
    ids = list(text)
    while len(ids) < len(text) + 4 * GROUP:
        drawn = sampler(random_logits(25, len(ids)), ids)
        if drawn == 3:
            continue
        book = TINY.linguistic_ids if (len(ids) - len(text)) % GROUP < 2 else TINY.semantic_ids
        assert drawn in book
        ids.append(drawn)


def test_end_of_turn_may_come_at_any_phase():
    logits = np.zeros(25, dtype=np.float32)
    logits[3] = 30
    sampler = RandomSampler(generator(), phase=PhaseRule(TINY, end_of_turn=3))
    assert [sampler(logits, [10, 11, 14, 15, 16][:length]) for length in range(6)] == [3] * 6


def test_what_cannot_be_drawn_from_is_refused():
    sampler = RandomSampler(generator())
    with pytest.raises(ValueError, match="Nothing may follow"):
        sampler(np.full(4, -np.inf, dtype=np.float32), [])
    with pytest.raises(ValueError, match="not a number"):
        sampler(np.array([0, np.nan, 1], dtype=np.float32), [])
    with pytest.raises(ValueError, match="Nothing may follow"):
        sampler(np.array([1, -np.inf], dtype=np.float32), [0] * 10)


@pytest.mark.parametrize("wrong", [{"temperature": -1}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="top_p"):
        Sampling(**wrong)
