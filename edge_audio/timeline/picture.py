"""The picture as a whole: headline, figures, legend, score and chart, as SVG or as a page."""

from collections.abc import Iterator
from pathlib import Path

from edge_audio.terminal.screen import harmless, stage_style
from edge_audio.timeline.chart import draw_chart
from edge_audio.timeline.figures import figures
from edge_audio.timeline.markup import Markup, number, tag, text
from edge_audio.timeline.model import Timeline
from edge_audio.timeline.palette import STAGES, style_sheet
from edge_audio.timeline.score import draw_score
from runtime.errors import UserError

WIDTH = 1200.0
_MARGIN = 24.0


def render(timeline: Timeline, output: Path) -> str:
    """Return the picture in the format that the name of `output` asks for. Raises `UserError`."""
    suffix = output.suffix.lower()
    if suffix == ".svg":
        return draw(timeline)
    if suffix in (".html", ".htm"):
        return page(timeline)
    raise UserError(
        f"{output} is not a picture that can be drawn.", "Give a name that ends in .svg or .html."
    )


def page(timeline: Timeline) -> str:
    """Return a standalone page that holds the picture."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(harmless(timeline.title))}</title>\n"
        "<style>body{margin:0;padding:16px;background:#fff}svg{display:block;margin:auto;max-width:1400px;"
        "width:100%;min-width:900px;height:auto}@media (prefers-color-scheme:dark){body{background:#12151a}}"
        f"</style>\n</head>\n<body>\n{draw(timeline)}</body>\n</html>\n"
    )


def draw(timeline: Timeline) -> str:
    """Return the picture as SVG."""
    pieces = [*_headline(timeline), *_figures(timeline)]
    legend, bottom = _legend(timeline, 132.0)
    pieces += legend
    score, bottom = draw_score(timeline, bottom + 12)
    pieces.append(score)
    if timeline.turns:
        remark = "from the end of speech to the first sound"
        pieces.append(_heading("Where the time went", remark, bottom + 26))
        chart, bottom = draw_chart(timeline.turns, bottom + 40)
        pieces.append(chart)
    height = bottom + 12
    inner = tag("g", *pieces, transform=f"translate({number(_MARGIN)} 0)")
    ground = tag("rect", class_="ground", width=WIDTH + 2 * _MARGIN, height=height)
    svg = tag(
        "svg",
        tag("title", text(harmless(timeline.title))),
        tag("style", Markup(style_sheet())),
        _definitions(),
        ground,
        inner,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(WIDTH + 2 * _MARGIN)} {number(height)}",
        width=WIDTH + 2 * _MARGIN,
        height=height,
        role="img",
    )
    return svg + "\n"


def _definitions() -> Markup:
    """Return the hatching of wasted work, and fades for ends that are not known."""
    stripes = tag("line", class_="s-wasted", x1=0.0, x2=0.0, y1=0.0, y2=5.0, stroke_width=3.0)
    hatch = tag(
        "pattern",
        stripes,
        id="hatching",
        patternUnits="userSpaceOnUse",
        width=5.0,
        height=5.0,
        patternTransform="rotate(45)",
    )
    return tag("defs", hatch, _fade("fading-in", "user", 0, 1), _fade("fading-out", "bot", 1, 0))


def _fade(name: str, shade: str, begin: int, end: int) -> Markup:
    stops = (
        tag("stop", class_=f"stop-{shade}", offset="0", stop_opacity=str(begin)),
        tag("stop", class_=f"stop-{shade}", offset="1", stop_opacity=str(end)),
    )
    return tag("linearGradient", *stops, id=name)


def _headline(timeline: Timeline) -> Iterator[Markup]:
    yield tag("text", text(harmless(timeline.title)), class_="ink h1", x=0.0, y=40.0)
    models = " · ".join(harmless(name) for name in timeline.models.values())
    yield tag("text", text(models), class_="dim end", x=WIDTH, y=40.0)


def _figures(timeline: Timeline) -> Iterator[Markup]:
    """Draw the figures of the conversation side by side."""
    for index, (figure, unit, name) in enumerate(_sums(timeline)):
        x = index * 172.0
        value = tag("tspan", text(figure), class_="ink figure number")
        yield tag("text", value, tag("tspan", text(unit), class_="dim", dx=4.0), x=x, y=86.0)
        yield tag("text", text(name), class_="dim small", x=x, y=104.0)


def _sums(timeline: Timeline) -> Iterator[tuple[str, str, str]]:
    sums = figures(timeline)
    yield str(sums.turns), "", "turns"
    if sums.response_gap_p50_ms is not None:
        yield f"{sums.response_gap_p50_ms:.0f}", "ms", "response gap, p50"
        yield f"{sums.response_gap_p95_ms:.0f}", "ms", "response gap, p95"
    if sums.speculations:
        yield str(sums.committed), f"of {sums.speculations}", "speculations committed"
    if sums.lead_p50_ms is not None:
        yield f"{sums.lead_p50_ms:.0f}".replace("-", "−"), "ms", "lead of the committed, p50"
    yield str(sums.interruptions), "", "interruptions"
    if sums.false_stops is not None:
        yield str(sums.false_stops), "", "false stops, resumed"


def _legend(timeline: Timeline, top: float) -> tuple[list[Markup], float]:
    """Explain the colours that occur."""
    if timeline.complete:
        first = [
            ("user", "you speak"),
            ("good", "answered ahead, committed ✓"),
            ("hatch s-wasted", "thrown away: cancelled ✕, superseded ↻"),
            ("bot", "reply heard"),
            ("held s-bot", "reply held"),
        ]
    else:
        first = [("user", "you speak (start unknown)"), ("bot", "reply heard (end unknown)")]
    used = {name for turn in timeline.turns for name, ms in turn.stages_ms.items() if ms >= 1}
    known = [name for name in STAGES if name in used]
    stages = [(stage_style(name), f"{name}: {STAGES[name]}") for name in known]
    stages += [(stage_style(name), name) for name in sorted(used - STAGES.keys())]
    pieces: list[Markup] = []
    for row, entries in enumerate((first, stages)):
        x, y = 0.0, top + row * 20
        for shade, meaning in entries:
            pieces.append(tag("rect", class_=shade, x=x, y=y - 9, width=14.0, height=10.0, rx=2.0))
            pieces.append(tag("text", text(meaning), class_="dim", x=x + 20, y=y))
            x += 20 + 6.6 * len(meaning) + 18
    return pieces, top + 20 * (2 if stages else 1) - 8


def _heading(title: str, remark: str, y: float) -> Markup:
    tail = tag("tspan", text(remark), class_="dim", dx=10.0)
    return tag("text", tag("tspan", text(title), class_="ink h2"), tail, x=0.0, y=y)
