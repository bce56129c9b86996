"""results.json as Markdown, and the part of it that the README quotes."""
import re

BEGIN, END = "<!-- benchmark: written by make bench BENCH=--publish -->", "<!-- /benchmark -->"


def table(head, rows):
    align = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in [head, align, *rows]) + "\n"


def number(x):
    """Three digits."""
    return "" if x is None else f"{x:.0f}" if abs(x) >= 100 else f"{x:.3g}"


def plural(threads):
    return f"{threads} thread{'s' * (threads != 1)}"


def about(found):
    a = found["about"]
    versions = ", ".join(f"{name} {version}" for name, version in a["peers"].items() if name != "matplotlib")
    return (f"{a['date']}, commit {a['commit']}; {a['processor']}, {a['processors']} processors, {a['memory_gb']} GB, {a['system']}; load at the start {a['load']}; "
            f"{a['swift']}; {a['cc']}; Python {a['python']}; {versions or 'no peers'}.\n")


def best(row):
    """The fastest peer of a row, or None."""
    others = {name: made["median"] for name, made in row["peers"].items() if name != "backprop"}
    return min(others, key=others.get) if others else None


def summary(found):
    """What the README shows: each workload beside its fastest peer."""
    rows, threads = found.get("workloads", []), sorted({row["threads"] for row in found.get("workloads", [])})
    if not rows:
        return ""
    head = ["ms per step"] + [cell for t in threads for cell in (f"{plural(t)}: backprop", "fastest peer", "ratio")]
    lines = []
    for workload in dict.fromkeys(row["workload"] for row in rows):
        cells = [workload]
        for t in threads:
            row = next((row for row in rows if (row["workload"], row["threads"]) == (workload, t)), None)
            ours, peer = row and row["peers"].get("backprop"), row and best(row)
            cells += [number(ours["median"]) if ours else "", f"{number(row['peers'][peer]['median'])} {peer}" if peer else "",
                      f"**{row['ratios'][peer]:.2f}**" if ours and peer else ""]
        lines.append(cells)
    a = found["about"]
    versions = ", ".join(f"{name} {a['peers'][name]}" for name in ("torch", "jax") if name in a["peers"])
    return f"{a['date'][:10]}, {a['processor']}, {a['processors']} processors; {versions}.\n\n" + table(head, lines)


def workloads(found):
    text, rows = "", found["workloads"]
    names = list(dict.fromkeys(name for row in rows for name in list(row["peers"]) + list(row["failed"])))
    for t in sorted({row["threads"] for row in rows}):
        mine = [row for row in rows if row["threads"] == t]

        def cell(row, name):
            made = row["peers"].get(name)
            if not made:
                return "failed" if name in row["failed"] else "not run"
            return number(made["median"]) + (f" ({row['ratios'][name]:.2f})" if name in row["ratios"] else "")
        text += f"### {plural(t)}: milliseconds per step, and backprop's time as a part of theirs\n\n"
        text += table(["workload", *names], [[row["workload"], *(cell(row, name) for name in names)] for row in mine]) + "\n"
        for what, key, scale in (("peak resident memory, MB", "peak_rss_mb", 1), ("first step, ms, with what is compiled for it", "first_step_ms", 1)):
            text += f"### {plural(t)}: {what}\n\n"
            text += table(["workload", *names], [[row["workload"], *(number(row["peers"].get(name, {}).get(key)) for name in names)] for row in mine]) + "\n"
    text += "### Loss of step 20, or checksum\n\n"
    losses = [row for row in rows if row["threads"] == min(r["threads"] for r in rows)]
    text += table(["workload", *names], [[row["workload"], *(f"{row['peers'][name]['loss']:.7g}" if name in row["peers"] else "" for name in names)]
                                         for row in losses]) + "\n"
    text += "### Backward as a multiple of forward\n\n"
    split = [row for row in rows if any("backward" in made for made in row["peers"].values())]
    text += table(["workload", *names], [[f"{row['workload']}, {plural(row['threads'])}", *(
        f"{row['peers'][name]['backward'] / row['peers'][name]['forward']:.2f}" if "backward" in row["peers"].get(name, {}) else "" for name in names)]
        for row in split]) + "\n"
    for row in rows:
        for name, why in row["failed"].items():
            text += f"- {row['workload']}, {plural(row['threads'])}: {name} failed: {why}\n"
    return text


def products(found):
    peaks = {row["limit"].split()[1]: row["value"] for row in found.get("limits", []) if row["limit"].startswith("fma")}
    libraries = list(dict.fromkeys(key for row in found["products"] for key in row if "ratio_" + key in row))
    alone = {(row["product"], row["type"]): row["backprop"] for row in found["products"] if row["threads"] == 1}
    lines = []
    for row in found["products"]:
        one = alone.get((row["product"], row["type"])) if row["threads"] > 1 else None
        peak = peaks.get(row["type"], 0) * row["threads"]
        lines.append([f"{row['product']} {row['type']}, {plural(row['threads'])}", f"{row['backprop']:.0f}", f"{row['backprop'] / peak:.2f}" if peak else "",
                      f"{row['backprop'] / one:.2f}" if one else "", *(f"{row[key]:.0f} ({row['ratio_' + key]:.2f})" if key in row else "" for key in libraries)])
    return "GFLOP/s; in brackets backprop's time as a part of theirs\n\n" + table(["product", "backprop", "of the peak", "× one thread", *libraries], lines)


def kernels(found):
    limits = [row for row in found.get("limits", []) if "bytes" in row]
    lines = []
    for row in found["kernels"]:
        moved = row["value"] * row["bytes"] / row["elements"]
        near = min((limit for limit in limits if limit["limit"] == row["like"]), key=lambda limit: abs(limit["bytes"] / row["bytes"] - 1), default=None)
        lines.append([f"{row['kernel']}, {row['elements']} elements", number(row["value"]), number(moved), f"{moved / near['value']:.2f}" if near else ""])
    return table(["operation", "Gelem/s", "GB/s", "of the bandwidth"], lines)


def limits(found):
    return table(["limit", "value"], [[row["limit"] + (f", {row['bytes'] // 1024} KB" if "bytes" in row else f", {row['vectors']}"), f"{number(row['value'])} {row['unit']}"]
                                      for row in found["limits"]])


def overhead(found):
    return table(["what", "value"], [[row["what"], f"{number(row['value'])} {row['unit']}"] for row in found["overhead"]])


def markdown(found, curves=None):
    """The whole report; curves: the name of the picture beside it."""
    text = "# Measurements\n\nWritten by `make bench`. " + about(found)
    short = summary(found)
    if short:
        text += f"\n{BEGIN}\n{short}{END}\n"
    for title, section in (("Workloads", workloads), ("Matrix products", products), ("Operations, forward, one thread", kernels),
                           ("Around the arithmetic", overhead), ("What one core can do", limits)):
        if section.__name__ in found:
            text += f"\n## {title}\n\n" + section(found)
    if curves:
        text += f"\n## Over size\n\n![Milliseconds per step over size]({curves})\n"
    return text


def with_table(text, table):
    """The text with another table between its marks."""
    return text[: text.index(BEGIN) + len(BEGIN) + 1] + table + text[text.index(END) :]


def quoted(text):
    """What stands between the marks, or None."""
    match = re.search(re.escape(BEGIN) + r"\n(.*?)" + re.escape(END), text, re.S)
    return match[1] if match else None


def update_readme(root):
    """The README's table becomes that of results.md."""
    new, path = quoted((root / "benchmarks" / "results" / "results.md").read_text()), root / "README.md"
    readme = path.read_text()
    if new is None or quoted(readme) is None:
        print("README.md is left as it is: no workloads were measured, or it has no marks")
        return
    path.write_text(with_table(readme, new))
