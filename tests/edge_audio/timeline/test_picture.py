"""Pictures are well-formed whatever was said, and everything that happened is in them once."""

import re
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_audio.cli import main
from edge_audio.dialogue.report import Report
from edge_audio.events import TurnReport
from edge_audio.terminal.screen import STAGE_STYLES
from edge_audio.timeline.markup import tag, text
from edge_audio.timeline.model import Ahead, Answer, Remark, Stretch, Timeline
from edge_audio.timeline.palette import STAGES, style_sheet
from edge_audio.timeline.picture import draw, page
from edge_audio.timeline.score import STAVE_S, staves

SVG = "{http://www.w3.org/2000/svg}"


def conversation(words: str = "hello", *, complete: bool = True) -> Timeline:
    stages = {"pause": 130.0, "asr": 20.0, "llm": 200.0, "new": 50.0, "out": 5.0}
    report = TurnReport(
        words, words, words, 2.0, 2.3, 2.5, 405.0, {"started": 2, "committed": 1}, True, stages, 50.0
    )
    typed = TurnReport(words, turn_end_s=40.0, error="no server")
    return Timeline(
        title=words,
        models={"llm": words},
        turns=[report, typed],
        begins_s=[1.0, 40.0],
        speech=[Stretch(1.0 if complete else None, 2.0)],
        ahead=[Ahead(1.2, 1.5, "superseded", words), Ahead(2.1, 2.3, "committed", words)],
        answers=[Answer(2.5, 6.0 if complete else None, ((4.0, 6.0),), report)],
        taken_back_s=[1.9],
        remarks=[Remark(41.0, words, True)],
        heard=np.full(2500, 0.3, np.float32),
        played=np.full(2500, 0.1, np.float32),
        complete=complete,
    )


def shapes(picture: str, name: str) -> list[ElementTree.Element]:
    """Return the shapes of a class; those of the legend have no title."""
    found = ElementTree.fromstring(picture).iter()
    return [e for e in found if name in e.get("class", "").split() and e.find(f"{SVG}title") is not None]


@given(st.text())
def test_whatever_was_said_the_picture_is_well_formed(words: str) -> None:
    ElementTree.fromstring(draw(conversation(words)))


def test_markup_in_what_was_said_stays_text() -> None:
    words = "<script>alert('x')</script> & \"more\""
    picture = draw(conversation(words))
    assert "<script" not in picture
    assert any(words in (e.text or "") for e in ElementTree.fromstring(picture).iter(f"{SVG}title"))
    assert "<script" not in page(conversation(words))


def test_everything_that_happened_is_in_the_picture() -> None:
    picture = draw(conversation())
    assert len(shapes(picture, "user")) == 1
    assert len(shapes(picture, "bot")) == 1
    assert len(shapes(picture, "good")) == 1
    assert len(shapes(picture, "hatch")) == 1
    assert len(shapes(picture, "held")) == 1
    for stage in ("magenta", "green"):
        assert len(shapes(picture, stage)) == 2  # in the score and in the chart
    written = [element.text for element in ElementTree.fromstring(picture).iter(f"{SVG}text")]
    assert {"405 ms", "✕ interrupted", "! hello", "0:02", "0:40"} <= set(written)


def test_a_stretch_is_as_long_as_it_took() -> None:
    (speech,) = shapes(draw(conversation()), "user")
    (reply,) = shapes(draw(conversation()), "bot")
    assert float(reply.get("width", "")) == pytest.approx(3.5 * float(speech.get("width", "")), abs=0.1)


def test_what_a_report_does_not_tell_is_not_drawn_as_if_it_were_known() -> None:
    picture = draw(conversation(complete=False))
    assert shapes(picture, "user") == shapes(picture, "bot") == []
    assert len(shapes(picture, "fade-in")) == len(shapes(picture, "fade-out")) == 1


def test_a_conversation_in_which_nothing_happened_is_drawn_too() -> None:
    for timeline in (Timeline("", {}, []), Timeline("", {}, [], complete=False)):
        ElementTree.fromstring(draw(timeline))


def test_pictures_stand_by_themselves_and_know_light_and_dark() -> None:
    whole = page(conversation())
    assert "prefers-color-scheme:dark" in draw(conversation())
    links = set(re.findall(r"https?://[^\"' )]+", whole))
    assert links == {"http://www.w3.org/2000/svg"}
    assert "src=" not in whole
    assert "<script" not in whole


def test_every_stage_has_its_colour_and_its_meaning() -> None:
    assert STAGES.keys() == STAGE_STYLES.keys()
    for style in STAGE_STYLES.values():
        assert f".{style}{{" in style_sheet()


@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.floats(0.1, 40.0)), max_size=12))
def test_lines_hold_all_that_goes_on_and_none_is_too_long(
    lengths: list[tuple[float, float]],
) -> None:
    active, at_s = [], 0.0
    for quiet_s, length_s in lengths:
        active.append((at_s + quiet_s, at_s + quiet_s + length_s))
        at_s = active[-1][1]
    lines = list(staves(active))
    for start_s, end_s in lines:
        assert 0 <= end_s - start_s <= STAVE_S + 1e-6
    for (_, before_s), (after_s, _) in pairwise(lines):
        assert before_s <= after_s + 1e-6
    for start_s, end_s in active:
        shown_s = sum(max(0.0, min(end_s, b) - max(start_s, a)) for a, b in lines)
        assert shown_s == pytest.approx(end_s - start_s, abs=1e-6)


def test_elements_are_written_short_and_escaped() -> None:
    assert tag("rect", x=1.0, y=0.126, class_="a", stroke_width=2.50, rx=None) == (
        '<rect x="1" y="0.13" class="a" stroke-width="2.5"/>'
    )
    assert tag("text", text("a<b & \x00")) == "<text>a&lt;b &amp;  </text>"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["edge-audio", "timeline", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_command_draws_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    report = Report({})
    report.turns += conversation().turns
    Path("report.json").write_text(report.as_json({}))
    for name in ("out.svg", "out.html"):
        assert not run(monkeypatch, "report.json", "--output", name)
        assert name in capsys.readouterr().out
        assert "405 ms" in Path(name).read_text()


@pytest.mark.parametrize(
    ("source", "output", "named"),
    [
        ("report.json", "out.png", "out.png"),
        ("none.json", "out.svg", "none.json"),
        (".", "out.svg", "session.json"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    output: str,
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("report.json").write_text(Report({}).as_json({}))
    assert run(monkeypatch, source, "--output", output) == 2
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
