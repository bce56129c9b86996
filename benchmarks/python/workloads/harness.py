"""How a workload is timed, the same for every peer. Import this before NumPy or a framework: it sets their thread variables.

A peer's program calls `bench` with a function that runs one step. Alone, the program prints one line of JSON. Under --serve it prints a line when it is
warm and then does what it is told on standard input, so that benchmarks/compare.py can let several peers take turns:

    run SECONDS      steps for that long; answers {"median": ms, "min": ms, "steps": n}
    parts SECONDS    the same, forward and backward on their own (programs that have them)
    end              the final line
"""
import argparse
import json
import os
import sys
import time

LOSS_STEPS = 20  # the loss of this step is compared between peers

_parser = argparse.ArgumentParser()
_parser.add_argument("--peer", required=True)
_parser.add_argument("--workload", required=True)
_parser.add_argument("--threads", type=int, default=1)
_parser.add_argument("--seconds", type=float, default=1.0, help="how long to measure")
_parser.add_argument("--loss-steps", type=int, default=LOSS_STEPS, help="steps before measuring; the loss of the last one is reported")
_parser.add_argument("--serve", action="store_true", help="take commands from standard input")
ARGS = _parser.parse_args()
PEER, WORKLOAD, THREADS = ARGS.peer, ARGS.workload, ARGS.threads

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NPROC", "BACKPROP_NUM_THREADS"):
    os.environ[_name] = str(THREADS)
if THREADS == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false " + os.environ.get("XLA_FLAGS", "")


def _idle_processor():
    def idle():
        with open("/proc/stat") as stat:
            rows = [line.split() for line in stat if line.startswith("cpu") and line[3].isdigit()]
        return {int(row[0][3:]): int(row[4]) for row in rows}
    before = idle()
    time.sleep(0.1)
    after = idle()
    return max(os.sched_getaffinity(0), key=lambda cpu: after[cpu] - before[cpu])


def _pin():
    """One thread means one processor, for every thread the framework has."""
    if THREADS > 1:
        return
    processor = int(os.environ.get("BENCH_PROCESSOR", -1))
    if processor < 0:
        processor = _idle_processor()
    for task in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(task), {processor})


def _memory(what):
    """A line of /proc/self/status in MB. VmHWM is this program's peak; getrusage would inherit its parent's."""
    with open("/proc/self/status") as status:
        return round(next(int(line.split()[1]) for line in status if line.startswith(what)) / 1024, 1)


_about = {"peer": PEER, "workload": WORKLOAD, "threads": THREADS}
# torch.compile starts compilers: it is held to one processor when they are done.
if PEER != "torch-compile":
    _pin()
_start = time.perf_counter()


def imported(version):
    """To be called when the framework is there."""
    _about.update(version=version, import_ms=round((time.perf_counter() - _start) * 1e3, 1), rss_import_mb=_memory("VmRSS"))


def _say(**line):
    print(json.dumps(line), flush=True)


def _window(step, seconds, i):
    """Runs steps i … for a while: their times in ms, and the next i."""
    clock, times, until = time.perf_counter, [], time.perf_counter() + seconds
    step(i)  # the caches are the last peer's
    while True:
        i += 1
        start = clock()
        step(i)
        end = clock()
        times.append((end - start) * 1e3)
        if end > until and len(times) >= 3:
            return times, i + 1


def _median(values):
    values = sorted(values)
    middle = len(values) // 2
    return round(values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2, 5)


def _answer(times):
    return {"median": _median(times), "min": round(min(times), 5), "steps": len(times)}


def _parts(parts, seconds, i):
    """parts(i) runs one step and returns the milliseconds of its phases."""
    until, rows = time.perf_counter() + seconds, []
    while time.perf_counter() < until or len(rows) < 3:
        rows.append(parts(i))
        i += 1
    return {name: _median([row[name] for row in rows]) for name in rows[0]}, i


def bench(step, number, parts=None, **extra):
    """step(i) runs step i to its end and returns something that number() turns into its loss or checksum."""
    start = time.perf_counter()
    last = step(0)
    first = round((time.perf_counter() - start) * 1e3, 2)
    _pin()
    i = 1
    while i < ARGS.loss_steps:
        last = step(i)
        i += 1
    _about.update(extra, first_step_ms=first, loss=float(number(last)))
    del last
    if not ARGS.serve:
        times, i = _window(step, ARGS.seconds, i)
        _about.update(_answer(times))
        if parts:
            _about.update(_parts(parts, ARGS.seconds / 2, i)[0])
        return _say(**_about, peak_rss_mb=_memory("VmHWM"))
    _say(ready=True)
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        if command == "run":
            times, i = _window(step, float(argument), i)
            _say(**_answer(times))
        elif command == "parts":
            answer, i = _parts(parts, float(argument), i) if parts else ({}, i)
            _say(**answer)
        elif command == "end":
            return _say(**_about, peak_rss_mb=_memory("VmHWM"))
