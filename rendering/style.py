"""The style sheet that pages share: light and dark follow the reader, one column on a phone, plain on paper."""

from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#16202c;--soft:#5a6878;--rule:#dfe4ea;--grid:#e9edf1;
--good:#2f6db5;--bad:#c2571a;--total:#334155;--area:#33415514;--a:#2f6db5;--b:#c2571a;--c:#1d8a4e;--warn:#8a5a00;
--warnbg:#fff6e0}
@media(prefers-color-scheme:dark){:root{--bg:#0f141a;--card:#171e26;--ink:#e4e9ef;--soft:#93a1b1;--rule:#2a343f;
--grid:#222c36;--good:#6aa5e8;--bad:#ea8a4c;--total:#c3cedb;--area:#c3cedb18;--a:#6aa5e8;--b:#ea8a4c;--c:#56c08a;
--warn:#f0c469;--warnbg:#2b2413}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,
Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1160px;margin:0 auto;padding:28px 20px 48px}
header h1{font-size:24px;line-height:1.2;margin:0;letter-spacing:-.01em;overflow-wrap:anywhere}
header p{margin:4px 0 0;color:var(--soft)}
h2{font-size:17px;margin:36px 0 4px;letter-spacing:-.005em}
h3{font-size:13px;font-weight:600;margin:0 0 8px;color:var(--ink)}
.note{color:var(--soft);margin:0 0 12px;max-width:78ch;font-size:14px}
.note.below{margin:8px 0 0}
.tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:1px;background:var(--rule);border:1px solid var(--rule);
border-radius:8px;overflow:hidden;margin-top:20px}
.tile{background:var(--card);padding:12px 14px}
.tile b{display:block;font-size:21px;line-height:1.25;font-weight:600;letter-spacing:-.01em;white-space:nowrap}
.tile span{display:block;font-size:12.5px;color:var(--soft)}
.tile.lead b{color:var(--ink)}
.good{color:var(--good)}.bad{color:var(--bad)}
.cols{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px}
.card{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:14px 16px;min-width:0}
.card+.card.wide,.wide{grid-column:1/-1}
.scroll{overflow-x:auto;margin:0 -16px;padding:0 16px}
.scroll+.scroll,svg+.scroll{margin-top:14px}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{padding:5px 0 5px 16px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
th{font-weight:500;color:var(--soft);font-size:12.5px;vertical-align:bottom}
th:first-child,td:first-child{text-align:left;padding-left:0}
tbody tr:last-child td{border-bottom:0}
tr.sum td{font-weight:600;border-top:1.5px solid var(--soft)}
.left th,.left td{text-align:left;white-space:normal;vertical-align:top}
.count th:last-child,.count td:last-child{text-align:right}
.stack{display:grid;gap:16px;align-content:start;min-width:0}
code{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:12.5px;color:var(--soft);margin:8px 0 0;padding:0;
list-style:none}
.legend i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:6px;vertical-align:-1px}
.warning{background:var(--warnbg);color:var(--warn);border-radius:8px;padding:10px 14px;margin:16px 0 0;font-size:14px}
.warning ul{margin:4px 0 0;padding-left:18px}
svg{display:block;width:100%;height:auto}
svg text{font-size:12px;fill:var(--ink)}
svg .tick{fill:var(--soft);font-size:11.5px}

svg line.grid{stroke:var(--grid);stroke-width:1}svg line.zero{stroke:var(--soft);stroke-width:1}
svg line.link{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 2}
.bar-good{fill:var(--good)}.bar-bad{fill:var(--bad)}.bar-total{fill:var(--total)}
.area-total{fill:var(--area)}
.line,.line-total,.line-gross{fill:none;stroke-width:1.75;stroke-linejoin:round}
.line-total{stroke:var(--total)}.line-gross{stroke:var(--soft);stroke-width:1.1;stroke-dasharray:4 3}
.line.a,.whisker.a{stroke:var(--a)}.line.b,.whisker.b{stroke:var(--b)}.line.c,.whisker.c{stroke:var(--c)}
.whisker{stroke-width:1.4;opacity:.55}
.dot.a{fill:var(--a)}.dot.b{fill:var(--b)}.dot.c{fill:var(--c)}
.p0{background:#2f6db5}.p1{background:#5f93cf}.p2{background:#5b6878}.p3{background:#8593a3}.p4{background:#c2571a}
.p5{background:#a5781c}
.ka{background:var(--a)}.kb{background:var(--b)}.kc{background:var(--c)}.kt{background:var(--total)}.kg{background:var(--soft)}
.bar{display:flex;gap:2px;height:24px;border-radius:4px;overflow:hidden;font-size:12px;font-weight:600;line-height:24px;
text-align:center;color:#fff}.bar span{min-width:3px;overflow:hidden}
details{margin-top:16px}summary{cursor:pointer;font-weight:600}
footer{margin-top:36px;color:var(--soft);font-size:13px}
@media(max-width:900px){.tiles{grid-template-columns:repeat(3,1fr)}}
@media(max-width:640px){main{padding:18px 12px 32px}.cols{grid-template-columns:minmax(0,1fr)}
.tiles{grid-template-columns:repeat(2,1fr)}.tile b{font-size:18px}.card{padding:12px}
.scroll{margin:0;padding:0}th:first-child,td:first-child{position:sticky;left:0;background:var(--card)}
svg text,svg .tick{font-size:13.5px}
header h1{font-size:20px}td,th{padding-left:12px}}
@media print{body{background:#fff}.card,.tiles{break-inside:avoid}}
"""
