"""The colours of pictures, for light and for dark pages, as a style sheet."""

_COLOURS = {
    # Names of the terminal's colours, which the stages have, as they look well on paper.
    "black": ("#1d2430", "#e6e9ef"),
    "bright_black": ("#808b9a", "#667182"),
    "blue": ("#2f6fe0", "#5b93f5"),
    "bright_blue": ("#7aa5f2", "#8fb6fb"),
    "magenta": ("#a94bc0", "#c677dd"),
    "bright_magenta": ("#cf8fdf", "#dda6ea"),
    "cyan": ("#17a2b8", "#3cc4d8"),
    "bright_cyan": ("#74cbd8", "#86dbe8"),
    "green": ("#2e9a55", "#4cc07a"),
    "bright_green": ("#7cc796", "#8fdbab"),
    "white": ("#b5bdc9", "#99a3b2"),
    "bright_white": ("#dfe4ea", "#e3e8ee"),
    # The page and those who speak.
    "ground": ("#ffffff", "#12151a"),
    "held": ("#fdf1ea", "#2b2019"),
    "panel": ("#f5f6f8", "#1a1e25"),
    "rule": ("#e0e4ea", "#2c333e"),
    "ink": ("#1d2430", "#e6e9ef"),
    "dim": ("#66707f", "#97a1b0"),
    "user": ("#3f5478", "#9cb3db"),
    "user-soft": ("#c8d2e3", "#36435c"),
    "bot": ("#dd6b32", "#f28f5b"),
    "bot-soft": ("#f7d4c1", "#5c3624"),
    "good": ("#dd6b32", "#f28f5b"),
    "wasted": ("#8a93a1", "#8a94a4"),
    "warning": ("#b87a00", "#e8b53a"),
    "error": ("#d0342c", "#ff7069"),
}
"""By name: on a light page, on a dark one."""

STAGES = {
    "pause": "silence noticed",
    "asr": "words recognized",
    "wait": "turn still open",
    "llm": "first clause written",
    "tts": "its first sound",
    "hold": "ready, held",
    "out": "to the speaker",
}
"""The stages of a turn's latency (`edge_audio.dialogue.turn`), and what each waits for."""

_TEXTS = (
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-size:12px}"
    ".h1{font-size:20px;font-weight:600}.h2{font-size:14px;font-weight:600}.small{font-size:10.5px}"
    ".figure{font-size:22px;font-weight:600}.bold{font-weight:600}.end{text-anchor:end}.mid{text-anchor:middle}"
    ".number{font-variant-numeric:tabular-nums}.line{fill:none;stroke-width:1}.dash{stroke-dasharray:3 3}"
    ".hatch{fill:url(#hatching)}.fade-in{fill:url(#fading-in)}.fade-out{fill:url(#fading-out)}"
)


def style_sheet() -> str:
    """Return the style sheet: ``.NAME`` fills, ``.s-NAME`` strokes, ``.stop-NAME`` is for gradients.

    It follows the reader's choice of light or dark.
    """
    light = "".join(_rule(name, colours[0]) for name, colours in _COLOURS.items())
    dark = "".join(_rule(name, colours[1]) for name, colours in _COLOURS.items())
    return f"{_TEXTS}{light}@media (prefers-color-scheme:dark){{{dark}}}"


def _rule(name: str, colour: str) -> str:
    return f".{name}{{fill:{colour}}}.s-{name}{{stroke:{colour}}}.stop-{name}{{stop-color:{colour}}}"
