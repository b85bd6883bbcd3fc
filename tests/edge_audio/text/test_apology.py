from edge_audio.text.apology import apology


def test_it_is_said_in_the_first_language_that_is_known() -> None:
    assert apology("de", "en").startswith("Entschuldigung")
    assert apology(None, "ru", "zh").startswith("抱歉")


def test_where_none_is_known_it_is_said_in_english() -> None:
    assert apology() == apology(None, "ru") == apology("en")
