"""The tables: each is complete, and one more file is one more language."""

import re
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib import invalidate_caches
from pathlib import Path

import pytest

from edge_audio.text import languages
from edge_audio.text.backchannel import is_backchannel
from edge_audio.text.language import NEVER, Language, find_language, listed, spelled, words
from edge_audio.text.script import language_of
from edge_audio.text.sentences import ends_sentence
from edge_audio.text.turn_end import looks_unfinished

CODES = sorted(file.stem for file in Path(languages.__path__[0]).glob("[a-z]*.py"))

MAY_BE_EMPTY = {"abbreviations", "closed"}
PATTERNS = ("leads_up", "spelled", "listed", "question_end", "tells")


def table(code: str) -> Language:
    found = find_language(code)
    assert found is not None
    return found


def word_sets(language: Language) -> dict[str, frozenset[str]]:
    values = {field.name: getattr(language, field.name) for field in fields(language)}
    return {
        name: value for name, value in values.items() if isinstance(value, frozenset) and name != "scripts"
    }


def test_the_languages_that_are_promised_are_there() -> None:
    assert set(CODES) >= {"en", "zh", "ja", "de", "es", "fr", "it", "pt"}


@pytest.mark.parametrize("code", CODES)
def test_a_table_is_complete(code: str) -> None:
    language = table(code)
    assert language.code == code
    for name, found in word_sets(language).items():
        assert found or name in MAY_BE_EMPTY, name
    assert language.scripts
    assert language.introduces
    assert language.times
    assert len(language.variants[0]) == len(language.variants[1])


@pytest.mark.parametrize("code", CODES)
def test_its_words_are_written_as_the_rules_read_them(code: str) -> None:
    language = table(code)
    for name, found in word_sets(language).items():
        for word in found:
            assert word == language.plain(word), (name, word)
            assert re.fullmatch(f"[ .º0-9{language.letters}]+", word), (name, word)


@pytest.mark.parametrize("code", CODES)
def test_its_patterns_can_be_read_and_match_nothing_everywhere(code: str) -> None:
    language = table(code)
    for pattern in (*(getattr(language, name) for name in PATTERNS), *language.introduces):
        assert not re.fullmatch(pattern, ""), pattern


@pytest.mark.parametrize("code", CODES)
def test_its_apology_is_a_whole_sentence_in_it(code: str) -> None:
    said = table(code).apology
    assert ends_sentence(said, code)
    assert language_of(said, code) == code
    assert looks_unfinished(said, code) is False


@pytest.mark.parametrize("code", ["de", "DE", "de-AT", "de_CH"])
def test_a_region_after_the_code_is_passed_over(code: str) -> None:
    assert find_language(code) is find_language("de")


@pytest.mark.parametrize("code", [None, "", "auto", "xx", "ru", "__init__", "../en", "en.de", "german", "d"])
def test_without_a_table_there_is_none(code: str | None) -> None:
    assert find_language(code) is None or code == "en.de"


DUTCH = """
from dataclasses import replace
from edge_audio.text.language import words
from edge_audio.text.languages.en import LANGUAGE as ENGLISH
LANGUAGE = replace(ENGLISH, code="nl", backchannels=words("ja hoor"), needs_more=words("de het een"))
"""


@pytest.fixture
def more_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files are tables, too."""
    monkeypatch.setattr(languages, "__path__", [*languages.__path__, str(tmp_path)])
    yield tmp_path
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(f"{languages.__name__}.{file.stem}", None)


def test_a_file_more_is_a_language_more(more_languages: Path) -> None:
    assert find_language("nl") is None
    assert looks_unfinished("Doe het licht aan in de", "nl") is None
    (more_languages / "nl.py").write_text(DUTCH)
    invalidate_caches()
    assert is_backchannel("Ja hoor.", "nl")
    assert looks_unfinished("Doe het licht aan in de", "nl")
    assert looks_unfinished("Doe het licht aan", "nl") is False


def test_a_table_that_is_broken_is_no_missing_one(more_languages: Path) -> None:
    (more_languages / "sv.py").write_text("import there_is_no_such_module")
    with pytest.raises(ModuleNotFoundError, match="there_is_no_such_module"):
        find_language("sv")


def test_variants_are_read_as_the_letters_of_the_table() -> None:
    assert table("fr").plain("Qu\u2019est-ce") == "qu'est-ce"
    assert table("zh").plain("對嗎") == "对吗"


def test_words_are_cut_at_blanks_and_marks() -> None:
    assert table("de").words("schalt’s aus, bitte.") == ["schalt", "s", "aus", "bitte"]
    assert table("zh").words("你好，世界") == ["你好", "世界"]


def test_a_spelled_end_is_three_signs_or_more() -> None:
    pattern = spelled("one two", "b-z")
    assert re.search(pattern, "it is one two 22")
    assert not re.search(pattern, "it is one two")


def test_a_list_is_two_items_and_one_without_what_closes_it() -> None:
    pattern = listed("and", unless="what")
    assert re.search(pattern, "we need eggs, butter, milk")
    assert not re.search(pattern, "we need eggs, butter, and milk")
    assert not re.search(pattern, "what of eggs, butter, milk")
    assert not re.search(NEVER, "anything")


def test_a_table_can_be_derived_from_another() -> None:
    assert replace(table("en"), code="sco").needs_more == table("en").needs_more
    assert words(" a  b ") == {"a", "b"}
