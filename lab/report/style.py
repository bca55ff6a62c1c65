"""What the lab's page has besides the shared style sheet: colours of variants and of heat."""

from typing import Final

from rendering.style import STYLE

LINES: Final = 7
"""Colours of variants, so lines in one picture."""
_LIGHT: Final = ("#334155", "#2f6db5", "#c2571a", "#1d8a4e", "#8a3ea8", "#b0850a", "#0d8a96")
_DARK: Final = ("#c3cedb", "#6aa5e8", "#ea8a4c", "#56c08a", "#c58be0", "#e2bd4f", "#4fc4d0")
_HEAT_LIGHT: Final = ("#eef1f4", "#dbe7f5", "#b3cdec", "#7fabdd", "#4d87c8", "#2f6db5", "#1a4478")
_HEAT_DARK: Final = ("#1d2630", "#20364f", "#264d78", "#2f68a5", "#4686cc", "#6aa5e8", "#a9ccf5")


def _variables(name: str, colours: tuple[str, ...]) -> str:
    return "".join(f"--{name}{place}:{colour};" for place, colour in enumerate(colours))


_COLOURS: Final = (
    f":root{{{_variables('v', _LIGHT)}{_variables('h', _HEAT_LIGHT)}}}"
    f"@media(prefers-color-scheme:dark){{:root{{{_variables('v', _DARK)}{_variables('h', _HEAT_DARK)}}}}}"
)
_VARIANTS: Final = "".join(
    f".line.v{place}{{stroke:var(--v{place})}}.kv{place}{{background:var(--v{place})}}" for place in range(LINES)
)
_HEAT: Final = "".join(
    f"rect.h{place}{{fill:var(--h{place})}}i.h{place}{{background:var(--h{place})}}"
    for place in range(len(_HEAT_LIGHT))
)
_REST: Final = """
.pair{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,8fr);gap:8px 22px;align-items:start}
.pair th,.pair td{padding-left:10px;font-size:13px}.pair th:first-child,.pair td:first-child{padding-left:0}
.dot.good{fill:var(--good)}.dot.bad{fill:var(--bad)}.dot.plain{fill:var(--soft)}.dot{fill-opacity:.75}
.median{stroke-width:2.5}.median.good{stroke:var(--good)}.median.bad{stroke:var(--bad)}.median.plain{stroke:var(--soft)}
.bar-plain{fill:var(--soft);opacity:.55}.whisker.t{stroke:var(--ink);stroke-width:1.4;opacity:.8}
.pair svg text,.pair svg .tick{font-size:13px}
td.good,td.bad{font-weight:600}td.soft{color:var(--soft)}
.mark{display:inline-block;font-weight:500;font-size:12px;color:var(--warn);background:var(--warnbg);border-radius:4px;
padding:0 6px;margin-left:8px}
.card h3 .what{font-weight:400;color:var(--soft)}
.warning{overflow-wrap:anywhere}
.heat{border-radius:2px}
summary{margin-bottom:10px}
pre{overflow-x:auto;font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;
overflow-wrap:anywhere;margin:0 0 10px}
@media(min-width:901px){.pair td:first-child,.pair td:nth-child(4),.pair td:nth-child(8){white-space:normal}
.pair td:first-child{overflow-wrap:anywhere;min-width:10em}.pair td:nth-child(4){min-width:6.5em}
.pair td:nth-child(8){min-width:9em}}
@media(max-width:900px){.pair{grid-template-columns:minmax(0,1fr)}}
"""

PAGE: Final = STYLE + _COLOURS + _VARIANTS + _HEAT + _REST
