"""Runs programs that were written for PyTorch on backprop and on PyTorch, from the same random numbers, and compares their losses.

    run_as.py backprop SCRIPT [argument ...]     runs it with backprop in PyTorch's place
    run_as.py torch SCRIPT [argument ...]        runs it with PyTorch
    run_as.py compare SCRIPT [argument ...]      runs both and prints the largest relative difference of a loss
    run_as.py table --root DIR LIST [WORD ...]   compares every program of a list (whose name has one of the words), prints a table:
        how many losses there were, the largest relative difference of the first three and of all, and of
        all again in float64 if it was above 1e-5; the same for what item() gave

before SCRIPT:
    --steps N      ends the program after N calls of backward()
    --out FILE     writes what was recorded, as JSON: losses (the value at each backward()), items (what item() gave), error
    --cwd DIR      where the program runs; otherwise in the folder of the script
    --edit OLD==>NEW  puts NEW in the place of the script's text OLD; several times, if need be
    --double       new tensors are float64: tells rounding, which training enlarges, from another formula
    --weights FILE where both leave and find the initial weights

What makes the two alike: random numbers come from NumPy, drawn for each kind and shape from a stream of its own, so that the order in which an engine asks does not
matter; the weights of a model are copied from the first run to the second when it is first called or handed to an optimizer. Dropout, shuffling and
sampling included. Modules that a program needs beside PyTorch and that are not installed are in stubs/: data sets made of the digits in --data.
"""

import argparse
import contextlib
import json
import os
import random
import runpy
import shlex
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


class Enough(BaseException):
    """The number of steps asked for is done."""


class Streams:
    """Random numbers from NumPy: one generator for each kind and shape."""

    def __init__(self):
        self.seed(0)

    def seed(self, seed):
        self.start, self.generators = int(seed) & 0xFFFFFFFF, {}

    def of(self, kind, shape):
        key = (kind, tuple(shape))
        if key not in self.generators:
            self.generators[key] = np.random.default_rng([self.start, zlib.crc32(repr(key).encode())])
        return self.generators[key]

    def uniform(self, shape):
        return self.of("uniform", shape).random(shape)

    def normal(self, shape):
        return self.of("normal", shape).standard_normal(shape)


def sizes(args):
    return tuple(int(n) for n in (args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args))


class Runner:
    """One run of one program on engine (backprop or torch)."""

    def __init__(self, engine, options):
        self.engine, self.options, self.streams = engine, options, Streams()
        self.losses, self.items, self.error = [], [], None
        self.first = engine.__name__ == "torch"  # leaves the weights; the other one takes them
        self.weights, self.seen, self.depth = [], set(), 0
        if not self.first and options.weights and os.path.exists(options.weights):
            with np.load(options.weights) as stored:
                self.weights = [stored[str(i)] for i in range(len(stored.files))]
        self.taken, self.inside = 0, False

    # Random numbers

    def tensor(self, values, dtype=None, requires_grad=False):
        t = self.engine
        made = t.tensor(np.ascontiguousarray(values).tolist(), dtype=t.float64 if np.asarray(values).dtype.kind == "f" else t.int64)
        made = made.reshape(np.shape(values)).to(dtype or (t.get_default_dtype() if np.asarray(values).dtype.kind == "f" else t.int64))
        return made.requires_grad_() if requires_grad else made

    def fill(self, x, values):
        with self.engine.no_grad():
            x.copy_(self.tensor(values, x.dtype))
        return x

    def replace_random(self):
        t, streams, tensor, fill = self.engine, self.streams, self.tensor, self.fill
        uniform, normal = streams.uniform, streams.normal

        def creation(draw):
            def create(*size, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, **named):
                return tensor(draw(sizes((named["size"],) if "size" in named else size)), dtype, requires_grad)
            return create

        def like(draw):
            return lambda x, *, dtype=None, device=None, requires_grad=False, **_: tensor(draw(tuple(x.shape)), dtype or x.dtype, requires_grad)

        def randint(low, high=None, size=None, *, generator=None, dtype=None, device=None, requires_grad=False, **_):
            if size is None:
                low, high, size = 0, low, high
            elif high is None:
                low, high = 0, low
            size = sizes((size,))
            return tensor(streams.of("randint", size).integers(int(low), int(high), size), dtype)

        def randperm(n, *, dtype=None, **_):
            return tensor(streams.of("randperm", (n,)).permutation(n), dtype)

        def gauss(mean, std=1.0, size=None, *, generator=None, dtype=None, **_):
            if size is not None:
                return tensor(mean + std * normal(sizes((size,))), dtype)
            both = mean + std * 0
            return mean + std * tensor(normal(tuple(both.shape)), both.dtype)

        def bernoulli(x, p=None, *, generator=None):
            if p is not None:
                x = t.full_like(x, p)
            return (tensor(uniform(tuple(x.shape)), t.float64) < x.detach().to(t.float64)).to(x.dtype)

        def multinomial(x, num_samples, replacement=False, *, generator=None):
            rows = np.asarray(x.detach().to(t.float64).tolist()).reshape(-1, x.shape[-1])
            draws = streams.of("multinomial", x.shape)
            result = [draws.choice(row.size, num_samples, replace=replacement, p=row / row.sum()) for row in rows]
            return tensor(np.asarray(result, dtype=np.int64).reshape(*x.shape[:-1], num_samples))

        def dropout(input, p=0.5, training=True, inplace=False):
            if not training or p == 0:
                return input
            mask = tensor((uniform(tuple(input.shape)) >= p) / (1 - p) if p < 1 else np.zeros(input.shape), input.dtype)
            return input.mul_(mask) if inplace else input * mask

        def channels(input, p=0.5, training=True, inplace=False):
            if not training or p == 0:
                return input
            shape = tuple(input.shape[:2]) + (1,) * (input.ndim - 2)
            return input * tensor((uniform(shape) >= p) / (1 - p), input.dtype)

        t.rand, t.randn, t.randint, t.randperm, t.normal = creation(uniform), creation(normal), randint, randperm, gauss
        t.rand_like, t.randn_like, t.bernoulli, t.multinomial = like(uniform), like(normal), bernoulli, multinomial
        t.randint_like = lambda x, low, high=None, **named: randint(low, high, tuple(x.shape), dtype=named.get("dtype") or x.dtype)
        T = t.Tensor
        T.uniform_ = lambda x, a=0.0, b=1.0, **_: fill(x, a + (b - a) * uniform(tuple(x.shape)))
        T.normal_ = lambda x, mean=0.0, std=1.0, **_: fill(x, mean + std * normal(tuple(x.shape)))
        T.random_ = lambda x, low=0, high=None, **_: fill(x, streams.of("random_", x.shape).integers(*((0, low or 1 << 24) if high is None else (low, high)), tuple(x.shape)))
        T.bernoulli_ = lambda x, p=0.5, **_: x.copy_(bernoulli(x, float(p) if not isinstance(p, T) else p))
        T.exponential_ = lambda x, lambd=1.0, **_: fill(x, -np.log1p(-uniform(tuple(x.shape))) / lambd)
        T.bernoulli, T.multinomial = bernoulli, multinomial
        F = t.nn.functional
        t.dropout = F.dropout = dropout
        F.dropout1d = F.dropout2d = F.dropout3d = channels
        T_init = t.nn.init
        if not self.first:  # here the initialisers and the modules take functions of the engine
            core = t._core
            core._init_uniform_, core._init_normal_ = T.uniform_, T.normal_
            core.randn, core.rand, core.normal, core.bernoulli, core.multinomial = t.randn, t.rand, gauss, bernoulli, multinomial
            t.nn.Dropout._function = staticmethod(dropout)
            for n in "123":
                getattr(t.nn, f"Dropout{n}d")._function = staticmethod(channels)
            fans = T_init._calculate_fan_in_and_fan_out

            def by_fans(kind, root):
                def initialise(x, gain=1.0, generator=None):
                    std = gain * (root / sum(fans(x))) ** 0.5
                    return getattr(x, kind)(*((-std, std) if kind == "uniform_" else (0, std)))
                return initialise

            def kaiming(kind, root):
                def initialise(x, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
                    std = T_init.calculate_gain(nonlinearity, a) * (root / fans(x)[mode == "fan_out"]) ** 0.5
                    return getattr(x, kind)(*((-std, std) if kind == "uniform_" else (0, std)))
                return initialise

            T_init.xavier_uniform_, T_init.xavier_normal_ = by_fans("uniform_", 6), by_fans("normal_", 2)
            T_init.kaiming_uniform_, T_init.kaiming_normal_ = kaiming("uniform_", 3), kaiming("normal_", 1)
        for name in ("RNNBase", "MultiheadAttention"):  # their dropout is inside fused code: none, in both
            self.wrap_init(getattr(t.nn, name), lambda module: setattr(module, "dropout", 0.0))
        t.manual_seed = T.manual_seed = lambda seed: (streams.seed(seed), t.Generator())[1] if hasattr(t, "Generator") else streams.seed(seed)
        self.replace_shuffling()

    @staticmethod
    def wrap_init(cls, after):
        original = cls.__init__

        def __init__(self, *args, **named):
            original(self, *args, **named)
            after(self)

        cls.__init__ = __init__

    def replace_shuffling(self):
        try:
            data = __import__(self.engine.__name__ + ".utils.data", fromlist=["DataLoader"])
        except ImportError:
            return
        streams = self.streams

        def shuffled(sampler):
            n = len(sampler.data_source)
            order = streams.of("sampler", (n,)).permutation(n).tolist()
            return iter(order[: sampler.num_samples])

        def subset(sampler):
            n = len(sampler.indices)
            return iter([sampler.indices[i] for i in streams.of("subset", (n,)).permutation(n).tolist()])

        def split(dataset, lengths, generator=None):
            n = len(dataset)
            if sum(lengths) != n:
                lengths = [int(n * part) for part in lengths]
                lengths[0] += n - sum(lengths)
            order, ends = streams.of("split", (n,)).permutation(n).tolist(), np.cumsum(lengths)
            return [data.Subset(dataset, order[end - size : end]) for end, size in zip(ends, lengths)]

        data.RandomSampler.__iter__, data.SubsetRandomSampler.__iter__, data.random_split = shuffled, subset, split
        original = data.DataLoader.__init__

        def __init__(loader, *args, **named):
            for name in ("num_workers", "prefetch_factor", "persistent_workers", "multiprocessing_context", "pin_memory", "worker_init_fn"):
                named.pop(name, None)
            original(loader, *args, **named)

        data.DataLoader.__init__ = __init__

    # The same weights

    def sync(self, parameters):
        for x in parameters:
            if id(x) in self.seen or not (self.first or self.weights) or not x.is_floating_point():
                continue
            self.seen.add(id(x))
            self.keep = getattr(self, "keep", []) + [x]  # an id must not come again
            if self.first:
                self.weights.append(np.array(x.detach().tolist(), dtype=np.float64).reshape(tuple(x.shape)))
            else:
                if self.taken == len(self.weights) or self.weights[self.taken].shape != tuple(x.shape):
                    raise RuntimeError(f"weights: number {self.taken} has another shape in the first run than {tuple(x.shape)}")
                with self.engine.no_grad():
                    x.detach().copy_(self.tensor(self.weights[self.taken], x.dtype))
                self.taken += 1

    def same_weights(self):
        Module, Optimizer, runner = self.engine.nn.Module, self.engine.optim.Optimizer, self
        call = Module.__call__

        def __call__(module, *args, **named):
            if not runner.depth:
                runner.sync(module.parameters())
            runner.depth += 1
            try:
                return call(module, *args, **named)
            finally:
                runner.depth -= 1

        Module.__call__ = __call__
        add = Optimizer.add_param_group

        def add_param_group(optimizer, group):
            add(optimizer, group)
            runner.sync(x for x in optimizer.param_groups[-1]["params"])

        Optimizer.add_param_group = add_param_group

    # What is compared

    def record(self):
        T, runner = self.engine.Tensor, self
        backward, item = T.backward, T.item

        def recording(x, *args, **named):
            if runner.inside:  # PyTorch calls again what a mode has intercepted
                return backward(x, *args, **named)
            runner.losses.append(float(item(x.detach().sum())))
            runner.inside = True
            try:
                result = backward(x, *args, **named)
            finally:
                runner.inside = False
            if runner.options.steps and len(runner.losses) >= runner.options.steps:
                raise Enough
            return result

        def noted(x):
            value = item(x)
            if isinstance(value, float) and sys._getframe(1).f_globals.get("__name__", "").partition(".")[0] not in ("torch", "backprop"):
                runner.items.append(value)
            return value

        T.backward, T.item = recording, noted

    def run(self, script, arguments):
        sys.path[0:1] = [os.path.dirname(os.path.abspath(script)), os.path.join(HERE, "stubs"), self.options.cwd or "."]
        sys.argv[:] = [script, *arguments]
        os.chdir(self.options.cwd or os.path.dirname(os.path.abspath(script)))
        with open(script) as file:
            text = file.read()
        for edit in self.options.edit:
            old, _, new = edit.partition("==>")
            if old not in text:
                raise SystemExit(f"run_as: {old!r} is not in {script}")
            text = text.replace(old, new)
        random.seed(0)
        np.random.seed(0)
        self.replace_random()
        self.same_weights()
        self.record()
        start = time.time()
        try:
            if self.options.edit:
                with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
                    file.write(text)
                    file.flush()
                    runpy.run_path(file.name, run_name="__main__")
            else:
                runpy.run_path(script, run_name="__main__")
        except (Enough, SystemExit):
            pass
        except BaseException as error:
            traceback.print_exc()
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.error = f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}:{where.lineno})"
        if self.first and self.options.weights:
            np.savez(self.options.weights, **{str(i): x for i, x in enumerate(self.weights)})
        return dict(engine=self.engine.__name__, seconds=time.time() - start, losses=self.losses, items=self.items, error=self.error)


def one(engine, options, rest):
    if engine == "backprop":
        import backprop

        backprop.as_torch()
    import torch
    import torch.nn
    import torch.nn.functional
    import torch.optim

    torch.set_num_threads(1)
    if options.double:
        torch.set_default_dtype(torch.float64)
    os.environ.setdefault("RUN_AS_DATA", options.data or "")
    result = Runner(torch, options).run(rest[0], rest[1:])
    if options.out:
        with open(options.out, "w") as file:
            json.dump(result, file)
    return 1 if result["error"] else 0


def difference(a, b):
    """The largest |x − y| / max(|x|, 1e-3·largest) of two lists; the scale keeps a loss near zero from counting for more than it is."""
    scale = max(map(abs, a), default=0) * 1e-3 or 1
    apart = [abs(x - y) / max(abs(x), scale) for x, y in zip(a, b) if x == x or y == y]
    return float("inf") if any(d != d for d in apart) else max(apart, default=0)


def compare(options, rest, quiet=False):
    """Runs both; {losses, difference, items, item_difference, error}."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for engine in ("torch", "backprop"):
            out = os.path.join(folder, engine + ".json")
            command = [sys.executable, os.path.abspath(__file__), engine, "--out", out, "--weights", os.path.join(folder, "w.npz"), "--steps", str(options.steps)]
            for name in ("cwd", "data"):
                if getattr(options, name):
                    command += ["--" + name, getattr(options, name)]
            if options.double:
                command += ["--double"]
            for edit in options.edit:
                command += ["--edit", edit]
            try:
                output = subprocess.run(command + rest, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=options.timeout,
                                        env=dict(os.environ, PYTHONHASHSEED="0"))
            except subprocess.TimeoutExpired as late:
                output = argparse.Namespace(stdout=str(late))
            if os.path.exists(out):
                with open(out) as file:
                    found[engine] = json.load(file)
            else:
                found[engine] = dict(losses=[], items=[], seconds=0, error="ended: " + output.stdout[-300:])
            if found[engine]["error"] and not quiet:
                print(f"--- {engine}\n{output.stdout[-3000:]}")
    a, b = found["torch"], found["backprop"]
    result = dict(script=rest[0], errors={k: v["error"] for k, v in found.items() if v["error"]}, seconds=[a["seconds"], b["seconds"]])
    for kind in ("losses", "items"):
        result[kind] = (len(a[kind]), len(b[kind]))
        result[kind + "_difference"] = difference(a[kind], b[kind])
    if not options.double and not result["errors"] and result["losses_difference"] > 1e-5:
        again = compare(argparse.Namespace(**{**vars(options), "double": True}), rest, quiet=True)
        result["double"] = "-" if again["errors"] else f"{again['losses_difference']:.1e}"
    result["first"] = difference(a["losses"][:3], b["losses"][:3])
    return result


def line(name, r):
    text = f"{name:58} losses {r['losses'][0]:4d}/{r['losses'][1]:<4d} {r['first']:.1e} {r['losses_difference']:.1e} {r.get('double', ''):7}   items {r['items'][0]:4d}/{r['items'][1]:<4d} {r['items_difference']:.1e}"
    return text + f"   {r['seconds'][0]:.1f}/{r['seconds'][1]:.1f} s" + "".join(f"\n    {k}: {v}" for k, v in r["errors"].items())


def table(options):
    """Every program of a list: a line of it is "owner/name path/of/program.py [option …] [-- argument …]", the folders under --root are called owner+name."""
    bad = 0
    with open(options.rest[0]) as file:
        lines = [shlex.split(text) for text in file if text.strip() and not text.startswith("#")]
    for repository, path, *words in lines:
        if len(options.rest) > 1 and not any(word in repository + "/" + path for word in options.rest[1:]):
            continue
        own = words[: words.index("--")] if "--" in words else words
        chosen = parser().parse_args(own)
        chosen.data, chosen.timeout = options.data, options.timeout
        words = [word.replace("ROOT", options.root) for word in words]
        chosen.cwd = chosen.cwd and chosen.cwd.replace("ROOT", options.root)
        script = os.path.join(options.root, repository.replace("/", "+"), path)
        result = compare(chosen, [script, *words[len(own) + 1 :]], quiet=True)
        print(line(repository + " " + path, result), flush=True)
        bad += bool(result["errors"])
    return 1 if bad else 0


def parser():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0], usage=__doc__.split("\n\n")[1])
    p.add_argument("--steps", type=int, default=0)
    p.add_argument("--out")
    p.add_argument("--cwd")
    p.add_argument("--data", default=os.environ.get("RUN_AS_DATA"))
    p.add_argument("--edit", action="append", default=[])
    p.add_argument("--weights")
    p.add_argument("--double", action="store_true")
    p.add_argument("--root", default=".")
    p.add_argument("--timeout", type=float, default=600)
    p.add_argument("rest", nargs=argparse.REMAINDER)
    return p


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("backprop", "torch", "compare", "table"):
        print(__doc__)
        return 2
    mode, options = sys.argv[1], parser().parse_args(sys.argv[2:])
    if mode == "compare":
        result = compare(options, options.rest)
        print(line(os.path.basename(options.rest[0]), result))
        return 1 if result["errors"] else 0
    if mode == "table":
        return table(options)
    return one(mode, options, options.rest)


if __name__ == "__main__":
    sys.exit(main())
