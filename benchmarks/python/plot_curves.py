"""Draws the growth curves: plot_curves.py TARGET.svg, with what benchmarks/curves.py found on standard input."""
import json
import sys

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt

COLORS = {"backprop": "#c4322b", "torch-eager": "#2f6db5", "jax-jit": "#4b8b3b"}
found = json.load(sys.stdin)
plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 9, "svg.fonttype": "path", "svg.hashsalt": "backprop", "axes.spines.top": False,
                     "axes.spines.right": False})
figure, panels = plt.subplots(2, 2, figsize=(9, 6.6))
for panel, (family, axis) in zip(panels.flat, found["axes"].items()):
    rows = [row for row in found["rows"] if row["family"] == family]
    ends = []
    for name in dict.fromkeys(name for row in rows for name in row["ms"]):
        points = [(row["size"], row["ms"][name]) for row in rows if name in row["ms"]]
        panel.plot(*zip(*points), color=COLORS.get(name, "#777"), marker="o", markersize=3, linewidth=2 if name == "backprop" else 1.3,
                   zorder=3 if name == "backprop" else 2)
        ends.append([points[-1], name])
    panel.set_xscale("log", base=2 if family != "depth" else 10)
    panel.set_yscale("log")
    sizes = [row["size"] for row in rows]
    panel.set_xticks(sizes, [str(size) for size in sizes])
    panel.minorticks_off()
    panel.grid(True, color="#ddd", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.set_title(family, loc="left", fontweight="bold")
    panel.set_xlabel(axis)
    panel.set_ylabel("ms per step")
    # Names at the lines' ends, pushed apart where they would overlap.
    figure.canvas.draw()
    low = None
    for (x, y), name in sorted(ends, key=lambda end: end[0][1]):
        height = panel.transData.transform((x, y))[1]
        place = height if low is None else max(height, low + 12)
        low = place
        panel.annotate(name, (x, y), xytext=(6, (place - height) * 72 / figure.dpi), textcoords="offset points", color=COLORS.get(name, "#777"), va="center", annotation_clip=False)
figure.suptitle("Milliseconds per step over size — " + found["about"], x=0.01, ha="left", fontsize=9)
figure.tight_layout(rect=(0, 0, 0.97, 0.97), w_pad=5)
figure.savefig(sys.argv[1], metadata={"Date": None})
