import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.step_audio.tokens import RELEASED, AudioTokens, Interleaver

CASES = json.loads(Path("tests/data/golden/interleave/interleave.json").read_text())
LINGUISTIC = st.lists(st.integers(0, 1023), max_size=40)
SEMANTIC = st.lists(st.integers(0, 4095), max_size=60)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{len(case['vq02'])}-{len(case['vq06'])}")
def test_interleaves_and_writes_as_the_reference(case):
    ids = RELEASED.interleave(case["vq02"], case["vq06"])
    assert ids.tolist() == case["ids"]
    assert RELEASED.text(ids) == case["string"]
    if case["parse_error"]:
        with pytest.raises(ValueError, match="no sequence"):
            RELEASED.parse(case["string"])
    else:
        assert RELEASED.parse(case["string"]).tolist() == case["string_parsed_by_get_audio_tokens"]


def test_released_layout():
    assert RELEASED.linguistic_ids == range(65536, 66560)
    assert RELEASED.semantic_ids == range(66560, 70656)
    assert RELEASED.ids == range(65536, 70656)


@given(LINGUISTIC, SEMANTIC)
def test_separating_gives_back_all_whole_groups(linguistic, semantic):
    groups = min(len(linguistic) // 2, len(semantic) // 3)
    ids = RELEASED.interleave(linguistic, semantic)
    assert len(ids) == 5 * groups
    first, then = RELEASED.separate(ids)
    assert first.tolist() == linguistic[: 2 * groups]
    assert then.tolist() == semantic[: 3 * groups]
    np.testing.assert_array_equal(RELEASED.interleave(first, then), ids)


@given(st.lists(st.integers(0, 5119), min_size=1))
def test_names_and_ids_are_two_ways_to_write_the_same(codes):
    ids = np.array(codes) + RELEASED.first_id
    assert RELEASED.parse(RELEASED.text(ids)).tolist() == ids.tolist()
    assert RELEASED.codes(ids).tolist() == codes


@given(LINGUISTIC, SEMANTIC, st.data())
def test_interleaver_gives_the_same_ids_whatever_comes_when(linguistic, semantic, data):
    interleaver = Interleaver()
    ids, first, then = [], 0, 0
    while first < len(linguistic) or then < len(semantic):
        next_first = data.draw(st.integers(first, len(linguistic)))
        next_then = data.draw(st.integers(then, len(semantic)))
        whole = interleaver.feed(linguistic[first:next_first], semantic[then:next_then])
        assert len(whole) % 5 == 0
        ids += whole.tolist()
        first, then = next_first, next_then
        if not data.draw(st.booleans()):
            ids += interleaver.feed(linguistic[first:], semantic[then:]).tolist()
            break
    assert ids == RELEASED.interleave(linguistic, semantic).tolist()


def test_interleaver_gives_a_group_as_soon_as_it_is_whole():
    interleaver = Interleaver(AudioTokens(first_id=100, linguistic=10, semantic=20))
    assert interleaver.feed(linguistic=[1, 2, 3]).tolist() == []
    assert interleaver.feed(semantic=[4, 5]).tolist() == []
    assert interleaver.feed(semantic=[6]).tolist() == [101, 102, 114, 115, 116]
    assert interleaver.feed([7], [8, 9, 10, 11]).tolist() == [103, 107, 118, 119, 120]


def test_codes_beyond_the_book_are_refused():
    with pytest.raises(ValueError, match="1024 is no linguistic code"):
        RELEASED.interleave([0, 1024], [0, 0, 0])
    with pytest.raises(ValueError, match="-1 is no semantic code"):
        Interleaver().feed(semantic=[-1])


def test_interleaver_goes_on_after_a_code_that_it_refused():
    interleaver = Interleaver()
    with pytest.raises(ValueError, match="9999"):
        interleaver.feed([5, 9999])
    assert interleaver.feed([0, 1], [0, 1, 2]).tolist() == [65536, 65537, 66560, 66561, 66562]


@pytest.mark.parametrize("wrong", [65535, 70656, 3])
def test_ids_of_text_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{wrong} is no audio token"):
        RELEASED.separate([65536, wrong])


@pytest.mark.parametrize(
    "wrong", ["x", "<audio_>", "<audio_1> <audio_2>", "<audio_-1>", "<audio_1", "<audio_1>\n"]
)
def test_what_is_no_sequence_of_audio_tokens_is_refused(wrong):
    with pytest.raises(ValueError, match="no sequence"):
        RELEASED.parse(wrong)


def test_audio_token_beyond_the_last_is_refused():
    with pytest.raises(ValueError, match="70656 is no audio token"):
        RELEASED.parse("<audio_5120>")
