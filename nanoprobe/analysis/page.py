"""HTML by hand: escaped text, tables, sections, figures inline. No script, nothing from the network."""

import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = """
:root{--ink:#1c2530;--soft:#5b6673;--rule:#d9dee4;--pale:#f5f7f9;--mark:#0072b2;--warn:#b00020}
*{box-sizing:border-box}
body{font:15px/1.55 system-ui,"Segoe UI",Helvetica,Arial,sans-serif;color:var(--ink);background:#fff;max-width:70rem;
margin:2.5rem auto 4rem;padding:0 1.4rem}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 .3rem;letter-spacing:-.01em}
h2{font-size:1.3rem;margin:3.2rem 0 .2rem;padding-top:1rem;border-top:2px solid var(--ink)}
h3{font-size:1.02rem;margin:2rem 0 .4rem}
p{margin:.4rem 0}.meta{color:var(--soft);font-size:.9rem}
nav ul{list-style:none;padding:0;margin:.6rem 0;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem}a{color:var(--mark)}
.said{background:var(--pale);border-left:4px solid var(--mark);padding:.7rem 1.1rem .7rem 2rem;margin:.5rem 0 1.2rem}
.said li{margin:.25rem 0}
table{border-collapse:collapse;margin:.4rem 0;font-variant-numeric:tabular-nums;font-size:.87rem}
th,td{border-bottom:1px solid var(--rule);padding:.32rem .9rem .32rem 0;text-align:left;vertical-align:top}
th{font-weight:600;color:var(--soft);border-bottom:1px solid var(--ink)}tr:last-child td{border-bottom:1px solid var(--ink)}
.short{white-space:nowrap}.scroll{overflow-x:auto}
.simulated{display:inline-block;border:2px solid var(--warn);color:var(--warn);font-weight:700;font-size:.85rem;
padding:.15rem .6rem;border-radius:3px}
figure{margin:1.2rem 0 1.8rem}figure svg{max-width:100%;height:auto}
figcaption{color:var(--soft);font-size:.88rem;max-width:60rem;margin-top:.3rem}figcaption b{color:var(--ink)}
details{margin:.8rem 0}summary{cursor:pointer;color:var(--mark);font-size:.92rem}code{overflow-wrap:anywhere}
@media print{body{max-width:none;margin:0;font-size:11px}h2{break-before:page}figure,tr{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto}}
"""
_DPI = 150
"""Of the images inside a figure."""
_SHORT = 26
"""Most characters of a cell that stays on one line."""


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole HTML document; the policy in its head forbids anything from outside the file."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style>'
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def heading(level: int, text: str, name: str = "") -> str:
    """Return a heading of `level` 1 to 3; with a `name`, links lead to it."""
    mark = f' id="{escape(name, quote=True)}"' if name else ""
    return f"<h{level}{mark}>{escape(text)}</h{level}>"


def contents(places: Iterable[tuple[str, str]]) -> str:
    """Return links to headings: (name, text) each."""
    links = "".join(f'<li><a href="#{escape(name, quote=True)}">{escape(text)}</a></li>' for name, text in places)
    return f"<nav><ul>{links}</ul></nav>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph, of CSS class `kind` if given."""
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(texts: Iterable[str]) -> str:
    """Return sentences as a list that stands out."""
    return '<ul class="said">' + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; it scrolls on its own where the window is narrow."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in headings)
    body = "".join("<tr>" + "".join(_cell(text) for text in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(text: str) -> str:
    """Return a cell; a number with its interval is not broken over lines."""
    return f'<td class="short">{escape(text)}</td>' if len(text) <= _SHORT else f"<td>{escape(text)}</td>"


def folded(title: str, inner: Iterable[str]) -> str:
    """Return a part that opens on a click."""
    return f"<details><summary>{escape(title)}</summary>{''.join(inner)}</details>"


def picture(figure: "Figure", caption: str, name: str, label: str) -> str:
    """Return `figure` as inline SVG, `label` ("Figure 1") before its caption; `name` keeps its ids apart on the page."""
    image = svg(figure, name).replace("<svg ", f'<svg role="img" aria-label="{escape(caption, quote=True)}" ', 1)
    return f"<figure>{image}<figcaption><b>{escape(label)}.</b> {escape(caption)}</figcaption></figure>"


def svg(figure: "Figure", name: str) -> str:
    """Return `figure` as SVG, the same each time; `name` keeps its ids apart from those of other figures.

    Hundreds of ramps become one image inside it: as paths they would outweigh all the rest.
    """
    import matplotlib as mpl  # here, since it takes half a second that a page without figures can do without
    from matplotlib.collections import LineCollection

    for axes in figure.axes:
        for collection in axes.collections:
            if isinstance(collection, LineCollection):
                collection.set_rasterized(True)
    _lay_out(figure)
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", dpi=_DPI, metadata={"Date": None, "Creator": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def _lay_out(figure: "Figure") -> None:
    """Place the parts of `figure` as `savefig` would, which for this draws all of it, every image included, a second time."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    engine = figure.get_layout_engine()
    if engine is not None:
        figure.set_dpi(_DPI)
        FigureCanvasSVG(figure)
        engine.execute(figure)
        figure.set_layout_engine(None)
