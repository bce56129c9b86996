"""The workloads, with every peer taking its turn.

All programs of one workload and thread count are started together and warm up; then, round by round, each gets one window while the others wait.
A ratio is taken within each round and its median over the rounds is reported: what changes on the machine meanwhile meets both sides.
"""
import json
import select
import statistics
import subprocess
import tempfile
import time

import machine

START_LIMIT, ANSWER_LIMIT = 240, 120  # seconds
COMPILED_TOO_LONG = {("torch-compile", "scalar")}  # a thousand operations: half a minute of compiling per run; the table says "not run"


class Failed(Exception):
    pass


class Program:
    """One peer at one workload, ready to take commands."""

    def __init__(self, command):
        self.words = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([*command, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.words, text=True,
                                        env=machine.clean())

    def answer(self, limit):
        until = time.monotonic() + limit
        while True:
            if not select.select([self.process.stdout], [], [], max(0, until - time.monotonic()))[0]:
                raise Failed(f"no answer in {limit} s")
            line = self.process.stdout.readline()
            if not line:
                self.words.seek(0)
                said = [part for part in self.words.read().strip().split("\n") if part]
                raise Failed(said[-1][:200] if said else f"ended with {self.process.wait()}")
            if line.startswith("{"):
                return json.loads(line)

    def ask(self, command):
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self.answer(ANSWER_LIMIT)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.words.close()


def together(commands, rounds, seconds, parts=True):
    """Peer → what it measured, and peer → why it could not."""
    programs, found, failed = {name: Program(command) for name, command in commands.items()}, {}, {}

    def attempt(name, work):
        try:
            return work(programs[name])
        except Failed as why:
            failed[name] = str(why)
            programs.pop(name).close()
            found.pop(name, None)
            return None

    try:
        for name in list(programs):
            attempt(name, lambda program: program.answer(START_LIMIT))
        found.update({name: {"rounds": []} for name in programs})
        for r in range(rounds):
            order = list(programs)
            for name in order[r % len(order):] + order[:r % len(order)]:
                answer = attempt(name, lambda program: program.ask(f"run {seconds}"))
                if answer:
                    found[name]["rounds"].append(answer["median"])
                    found[name]["min"] = min(answer["min"], found[name].get("min", answer["min"]))
        for name in list(programs):
            split = attempt(name, lambda program: program.ask(f"parts {seconds / 2}")) if parts else {}
            last = attempt(name, lambda program: program.ask("end")) if split is not None else None
            if last:
                found[name].update(split, **{key: value for key, value in last.items() if key not in ("workload", "threads", "peer")})
    finally:
        for program in programs.values():
            program.close()
    for made in found.values():
        made["median"] = round(statistics.median(made["rounds"]), 5)
    return found, failed


def ratios(found):
    """Peer → ours/theirs, the median over the rounds."""
    if "backprop" not in found:
        return {}
    ours = found["backprop"]["rounds"]
    return {name: round(statistics.median(a / b for a, b in zip(ours, made["rounds"])), 4) for name, made in found.items() if name != "backprop"}


def measure(peers, asked):
    variants, rows, start = machine.variants(peers), [], time.monotonic()
    todo = [(workload, threads) for workload in asked.workloads for threads in asked.threads]
    for done, (workload, threads) in enumerate(todo):
        commands = {name: [*command, "--workload", workload, "--threads", str(threads)] for name, command in variants.items()
                    if (name, workload) not in COMPILED_TOO_LONG}
        found, failed = together(commands, asked.rounds, asked.seconds)
        row = {"workload": workload, "threads": threads, "peers": found, "ratios": ratios(found), "failed": failed}
        rows.append(row)
        left = (time.monotonic() - start) / (done + 1) * (len(todo) - done - 1)
        print(f"[{done + 1}/{len(todo)}] {line(row)}   ({left / 60:.0f} min left)", flush=True)
        for name, why in failed.items():
            print(f"    {name} failed: {why}", flush=True)
    return rows


def line(row):
    shown = [f"{name} {made['median']:.4g}" + (f" ({row['ratios'][name]:.2f})" if name in row["ratios"] else "") for name, made in row["peers"].items()]
    return f"{row['workload']}, {row['threads']} thread{'s' * (row['threads'] > 1)}, ms: " + ", ".join(shown)


def smoke():
    """Ours alone, a few steps; a loss that is not a number is a failure."""
    for workload in ("scalar", "mlp64", "softmax_ln", "deep10"):
        command = [*machine.variants({})["backprop"], "--workload", workload, "--threads", "2", "--loss-steps", "2"]
        found, failed = together({"backprop": command}, 1, 0.01)
        if failed or found["backprop"]["loss"] != found["backprop"]["loss"]:
            raise SystemExit(f"{workload}: {failed or found}")
        print(line({"workload": workload, "threads": 2, "peers": found, "ratios": {}}))
