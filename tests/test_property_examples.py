"""Property tests try the same examples in each run, so that a failure is nobody's bad luck."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def tried() -> list[tuple[int, str]]:
    examples = []

    @given(st.integers(), st.floats())
    @settings(max_examples=20)
    def hold(number: int, share: float) -> None:
        examples.append((number, repr(share)))

    hold()
    return examples


def test_a_property_is_tried_with_the_same_examples_each_time() -> None:
    assert tried() == tried()


def test_the_example_that_fails_is_told() -> None:
    @given(st.integers())
    def hold(number: int) -> None:
        assert number < 1000

    with pytest.raises(AssertionError) as failure:
        hold()
    assert "number=1000" in "\n".join(failure.value.__notes__)
