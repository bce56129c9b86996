#!/usr/bin/env python3
"""All measurements, with one command; `make bench` builds what is needed first.

    make bench                                       what is there: our own figures, and the peers of .venv-bench
    make bench PEERS="torch jax numpy mkl"           installs these from PyPI into .venv-bench first
    make bench WORKLOADS="gpt cnn" THREADS=1 ROUNDS=9
    make bench BENCH="--only products kernels"       sections: limits overhead products kernels workloads
    make bench BENCH=--curves                        growth over size, and plots, instead
    make bench BENCH=--publish                       the same, written where the README takes its table from
    make bench BENCH=--smoke                         seconds; shows only that everything runs

Results go to benchmarks/results/results.local.{json,md}; with --publish to results.{json,md} and the README. BENCH_PYTHON names another interpreter with the
peers. A peer that fails is reported and left out. Measure on an idle machine: the table says what the load was.
"""
import argparse
import json
import os
import sys
import time

import compare
import curves
import machine
import native
import report

SECTIONS = ("limits", "overhead", "products", "kernels", "workloads")
WORKLOADS = "scalar mlp1 mlp64 mlp512 cnn resnet gpt lstm elementwise softmax_ln matmul512 matmul1024"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--curves", action="store_true")
    parser.add_argument("--publish", action="store_true")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    asked = parser.parse_args()
    asked.workloads = os.environ.get("WORKLOADS", WORKLOADS).split()
    asked.threads = [int(n) for n in os.environ.get("THREADS", "1 2").split()]
    asked.rounds = int(os.environ.get("ROUNDS", "5"))
    asked.seconds = float(os.environ.get("SECONDS_PER_WINDOW", "0.3"))
    return asked


def main():
    asked, start = arguments(), time.monotonic()
    peers = {} if asked.smoke else machine.peers(os.environ.get("PEERS", "").split())
    if asked.smoke:
        native.everything(smoke=True)
        compare.smoke()
        print(f"the benchmarks run: {time.monotonic() - start:.0f} s, nothing recorded")
        return
    name = "curves" if asked.curves else "results"
    found = {"about": machine.about(peers)}
    if asked.curves:
        found["curves"] = curves.measure(peers)
    else:
        for section in SECTIONS[:-1]:
            if section in asked.only:
                found[section] = getattr(native, section)(peers)
        if "workloads" in asked.only:
            found["workloads"] = compare.measure(peers, asked)
    found["about"]["minutes"] = round((time.monotonic() - start) / 60, 1)
    folder = machine.ROOT / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    stem = folder / (name if asked.publish else name + ".local")
    stem.with_name(stem.name + ".json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    if asked.curves:
        curves.plot(found, folder, "" if asked.publish else ".local", peers)
    else:
        picture = folder / ("curves.svg" if asked.publish else "curves.local.svg")
        stem.with_name(stem.name + ".md").write_text(report.markdown(found, picture.name if picture.exists() else None))
        if asked.publish:
            report.update_readme(machine.ROOT)
    print(f"{stem.relative_to(machine.ROOT)}.*: {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
