"""HTML by hand: escaped text, tables, sections, figures inline. No script, nothing from the network."""

import io
from collections.abc import Iterable, Sequence
from html import escape

import matplotlib as mpl
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:76rem;margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.25rem;margin:2.2rem 0 .5rem;border-bottom:1px solid #ccc}
h3{font-size:1.05rem;margin:1.4rem 0 .3rem}
table{border-collapse:collapse;margin:.5rem 0;font-variant-numeric:tabular-nums;font-size:.92rem}
th,td{border-bottom:1px solid #ddd;padding:.25rem .6rem;text-align:left;vertical-align:top}th{background:#f4f4f4}
.scroll{overflow-x:auto}.simulated{border:2px solid #b00020;color:#b00020;font-weight:700;padding:.4rem .8rem;
display:inline-block}
figure{margin:1rem 0}figure svg{max-width:100%;height:auto}figcaption{color:#555;font-size:.9rem}
details{margin:.6rem 0}summary{cursor:pointer}code{overflow-wrap:anywhere}
@media print{body{max-width:none}details{display:block}}
"""


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole HTML document; the policy in its head forbids anything from outside the file."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style>'
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(body) + "\n</body></html>\n"


def heading(level: int, text: str) -> str:
    """Return a heading of `level` 1 to 3."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph, of CSS class `kind` if given."""
    return f'<p class="{escape(kind)}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(texts: Iterable[str]) -> str:
    """Return a list."""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; it scrolls on its own where the window is narrow."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in headings)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def folded(title: str, inner: Iterable[str]) -> str:
    """Return a part that opens on a click."""
    return f"<details><summary>{escape(title)}</summary>{''.join(inner)}</details>"


def picture(figure: Figure, caption: str, name: str) -> str:
    """Return `figure` as inline SVG with a caption; `name` keeps its ids apart from those of other figures of the page.

    Hundreds of ramps become one image inside it: as paths they would outweigh all the rest.
    """
    for axes in figure.axes:
        for collection in axes.collections:
            if isinstance(collection, LineCollection):
                collection.set_rasterized(True)
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", dpi=150, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{escape(caption, quote=True)}" ', 1)
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
