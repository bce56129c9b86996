"""Draws the growth curves: plot_curves.py TARGET.svg, with what benchmarks/curves.py found on standard input."""
import json
import sys

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt

COLORS = {"backprop": "#c4322b", "torch-eager": "#2f6db5", "jax-jit": "#4b8b3b"}
LINE = 15  # pixels between names


def curves(panel, rows, axis, family):
    """The lines; returns each one's name and last point."""
    ends = []
    for name in dict.fromkeys(name for row in rows for name in row["ms"]):
        points = [(row["size"], row["ms"][name]) for row in rows if name in row["ms"]]
        ours = name == "backprop"
        panel.plot(*zip(*points), color=COLORS.get(name, "#777"), marker="o", markersize=3, linewidth=2 if ours else 1.3, zorder=3 if ours else 2)
        ends.append((name, points[-1]))
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks([row["size"] for row in rows], [str(row["size"]) for row in rows])
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panel.minorticks_off()
    panel.grid(True, color="#ddd", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.set_title(family, loc="left", fontweight="bold")
    panel.set_xlabel(axis)
    panel.set_ylabel("ms per step")
    return ends


def names(figure, panel, ends):
    """The names at the lines' ends, pushed apart where they would overlap."""
    last = None
    for name, point in sorted(ends, key=lambda end: end[1][1]):
        height = panel.transData.transform(point)[1]
        place = height if last is None else max(height, last + LINE)
        last = place
        panel.annotate(name, point, xytext=(6, (place - height) * 72 / figure.dpi), textcoords="offset points", color=COLORS.get(name, "#777"), va="center",
                       annotation_clip=False)


def main():
    found = json.load(sys.stdin)
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9, "svg.fonttype": "path", "svg.hashsalt": "backprop", "axes.spines.top": False,
                         "axes.spines.right": False})
    figure, panels = plt.subplots(2, 2, figsize=(9, 6.6))
    ends = [curves(panel, [row for row in found["rows"] if row["family"] == family], axis, family)
            for panel, (family, axis) in zip(panels.flat, found["axes"].items())]
    figure.suptitle("Milliseconds per step over size — " + found["about"], x=0.01, ha="left", fontsize=9)
    figure.tight_layout(rect=(0, 0, 0.91, 0.97), w_pad=8)
    figure.canvas.draw()
    for panel, lines in zip(panels.flat, ends):
        names(figure, panel, lines)
    figure.savefig(sys.argv[1], metadata={"Date": None} if sys.argv[1].endswith(".svg") else None)


main()
