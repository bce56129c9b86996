"""What save() writes load() gives back, exactly; safetensors files go to and come from the package of that name; nothing is executed."""

import collections
import gzip
import io
import json
import os
import pathlib
import pickle
import random
import subprocess
import sys

import pytest
from engine import IS_TORCH, ours, torch

nn = torch.nn
DTYPES = [torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool, torch.float16, torch.bfloat16]


def example(dtype, *shape):
    n = 1
    for size in shape:
        n *= size
    return (torch.arange(n) % 2 if dtype is torch.bool else torch.arange(n) - (0 if dtype is torch.uint8 else 3)).reshape(shape).to(dtype)


def same(a, b, where="obj"):
    """Equal in values, types, order of keys."""
    assert type(a) is type(b), where
    if isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype and a.shape == b.shape and a.requires_grad == b.requires_grad and a.tolist() == b.tolist(), where
    elif isinstance(a, dict):
        assert list(a) == list(b), where
        for k in a:
            same(a[k], b[k], f"{where}[{k!r}]")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b)):
            same(x, y, f"{where}[{i}]")
    elif isinstance(a, float) and a != a:
        assert b != b, where
    else:
        assert a == b, where


def again(obj, **options):
    stream = io.BytesIO()
    torch.save(obj, stream)
    stream.seek(0)
    return torch.load(stream, **options)


OBJECTS = {
    "state dict": lambda: {"fc.weight": torch.ones(2, 3), "fc.bias": torch.zeros(2), "steps": torch.tensor(7)},
    "no tensor": lambda: {"epoch": 3},
    "a tensor": lambda: torch.arange(6).reshape(2, 3),
    "a list": lambda: [torch.ones(1), 2, "three", None, True, 4.5],
    "nothing": lambda: {},
    "none": lambda: None,
    "a number": lambda: 3,
    "keys": lambda: {0: "a", "0": "b", (1, 2): "c", None: "d", 2.5: "e", True: "f" if not IS_TORCH else "f"},
    "floats": lambda: [0.1, 1e300, -0.0, 5e-324, float("inf"), float("-inf"), float("nan")],
    "big": lambda: [2**63, -2**200],
    "text": lambda: {"ünï\n\"\\": "\0\u2028𝄞", "": torch.ones(1), "__metadata__": torch.ones(2), "a\0b": torch.ones(3)},
    "tags": lambda: {"!tensor": "x", "!dict": [1], "x": {"!tuple": 3}},
    "tuples": lambda: ((), (1,), [(2, [3, (4,)])], {"t": (torch.ones(1), "x")}),
    "ordered": lambda: collections.OrderedDict([("b", torch.ones(1)), ("a", torch.zeros(1)), (3, collections.OrderedDict())]),
    "counter": lambda: {"milestones": collections.Counter({30: 1, 80: 2})},
    "types": lambda: {"dtype": torch.float64, "size": torch.Size([2, 3]), "device": torch.device("cpu")},
    "names that meet": lambda: {"a.b": torch.ones(1), "a": {"b": torch.zeros(1)}, "a.b#2": torch.ones(2)},
    "gradients": lambda: [torch.ones(2, requires_grad=True), torch.ones(2)],
    "parameters": lambda: {"w": nn.Parameter(torch.ones(2)), "frozen": nn.Parameter(torch.ones(1), requires_grad=False)},
    "empty": lambda: {"e": torch.zeros(0, 3), "f": torch.zeros(2, 0, dtype=torch.int64), "s": torch.tensor(1.5)},
    "order": lambda: {"u": torch.ones(3, dtype=torch.uint8), "d": torch.ones(2, dtype=torch.float64), "f": torch.ones(1)},
    "deep": lambda: {"model": {"layers": [{"w": torch.ones(2, 2)}, {"w": torch.zeros(2, 2)}]}, "args": {"lr": 0.1, "betas": (0.9, 0.999)}},
}


@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_saved_comes_back(name, tmp_path):
    obj = OBJECTS[name]()
    same(obj, again(obj))
    torch.save(obj, tmp_path / "x")
    same(obj, torch.load(tmp_path / "x"))
    same(obj, torch.load(str(tmp_path / "x"), mmap=True))
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (0,), (2, 0, 3), (1,) * 8])
def test_every_type(dtype, shape, tmp_path):
    x = example(dtype, *shape)
    same(x, again(x))
    torch.save({"x": x, "u": torch.ones(3, dtype=torch.uint8), "y": x}, tmp_path / "x")
    same(x, torch.load(tmp_path / "x")["y"])
    same(x, torch.load(tmp_path / "x", mmap=True)["x"])


def test_views_and_strides(tmp_path):
    x = torch.arange(24.0).reshape(2, 3, 4)
    for view in (x.transpose(0, 2), x[:, 1], x[..., ::2], x.expand(2, 2, 3, 4) if x.dim() < 3 else x[0].expand(3, 3, 4), x[1:, 1:, 1]):
        same(view, again(view))
    both = again({"w": x[0], "t": x[0].t()})
    same(x[0].t(), both["t"])


def test_a_training_goes_on(tmp_path):
    def made():
        torch.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
        optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
        return net, optimizer, torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 6])

    def steps(parts, n):
        net, optimizer, scheduler = parts
        losses = []
        for _ in range(n):
            loss = net(x).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
        return losses

    x = torch.linspace(-1, 1, 64).reshape(16, 4)
    whole = steps(made(), 8)
    first = made()
    steps(first, 4)
    net, optimizer, scheduler = first
    torch.save({"epoch": 4, "model": net.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()}, tmp_path / "checkpoint")
    second = made()
    kept = torch.load(tmp_path / "checkpoint", weights_only=True)
    assert kept["epoch"] == 4
    for part, name in zip(second, ("model", "optimizer", "scheduler")):
        part.load_state_dict(kept[name])
    assert steps(second, 4) == whole[4:]


def test_tied_weights_stay_tied():
    w = torch.ones(3, 2)
    loaded = again({"in": w, "out": w, "alias": w.detach(), "copy": w.clone()})
    loaded["in"][0, 0] = 5
    assert loaded["out"] is loaded["in"] and loaded["alias"][0, 0] == 5 and loaded["copy"][0, 0] == 1
    assert loaded["alias"] is not loaded["in"]
    p = nn.Parameter(torch.ones(2))
    loaded = again([p, p, p.detach()])
    assert loaded[0] is loaded[1] and isinstance(loaded[0], nn.Parameter) and not loaded[2].requires_grad
    with torch.no_grad():
        loaded[0].fill_(3)
    assert loaded[2].tolist() == [3, 3]


@ours
def test_tied_weights_are_kept_once(tmp_path):
    w = torch.ones(1000)
    torch.save({"a": w, "b": w, "c": w[:]}, tmp_path / "x")
    assert (tmp_path / "x").stat().st_size < 5000 and list(torch.load_file(tmp_path / "x")) == ["a"]


def test_several_in_one_stream():
    stream = io.BytesIO(b"head")
    stream.seek(4)
    torch.save({"a": torch.ones(1)}, stream)
    if IS_TORCH:
        return  # its zip must be the last thing
    torch.save([2], stream)
    stream.seek(4)
    assert torch.load(stream)["a"].item() == 1 and torch.load(stream) == [2] and stream.read() == b""


def test_other_files(tmp_path):
    obj = {"x": torch.arange(10, dtype=torch.bfloat16), "n": 1}
    for opened in (lambda mode: gzip.open(tmp_path / "z", mode), lambda mode: open(tmp_path / "f", mode), lambda mode: open(tmp_path / "r", mode, buffering=0)):
        with opened("wb") as file:
            torch.save(obj, file)
        with opened("rb") as file:
            same(obj, torch.load(file))

    class Plain:
        data = b""

        def write(self, part):
            self.data = self.data + bytes(memoryview(part))
            return len(part)

        def flush(self):
            pass

    plain = Plain()
    torch.save(obj, plain)
    same(obj, torch.load(io.BytesIO(plain.data)))


@pytest.mark.parametrize("where", [None, "cpu", torch.device("cpu"), {"cpu": "cpu"}, lambda storage, place: storage], ids=str)
def test_map_location(where):
    assert again(torch.ones(1), map_location=where).item() == 1


@ours
def test_devices_that_are_not_there(tmp_path):
    torch.save({}, tmp_path / "x")
    for where in ("cuda", {"cpu": "cuda:0"}):
        with pytest.raises(RuntimeError, match="cuda"):
            torch.load(tmp_path / "x", map_location=where)
    with pytest.raises(RuntimeError, match="cuda"):
        torch.load_file(tmp_path / "x", device="cuda")


class Odd:
    pass


@ours
@pytest.mark.parametrize("obj, words", [
    (Odd(), "obj is test_save.Odd.*vars"), ({"args": {"x": Odd()}}, r"obj\['args'\]\['x'\] is"), ([1, (2, {3})], r"obj\[1\]\[1\] is set"),
    ({"f": len}, r"obj\['f'\] is builtin"), ({"b": b"x"}, r"obj\['b'\] is bytes"), (1j, "obj is complex"), ({frozenset(): 1}, "a key of obj is frozenset"),
    ({torch.ones(1): 1}, "a key of obj is a Tensor"), ({"n": nn.Linear(1, 1)}, r"obj\['n'\] is .*Linear.*state_dict\(\)"),
    (nn.Linear(1, 1), r"obj is .*Linear.*load_state_dict\(\)"), (collections.namedtuple("N", "a")(1), "obj is .*N"), (int, "obj is type")])
def test_what_cannot_be_saved(obj, words, tmp_path):
    with pytest.raises(TypeError, match=words):
        torch.save(obj, tmp_path / "x")
    assert os.listdir(tmp_path) == []


@ours
def test_optimizers_and_arrays_say_what_to_do(tmp_path):
    numpy = pytest.importorskip("numpy")
    with pytest.raises(TypeError, match=r"state_dict\(\)"):
        torch.save({"o": torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1)}, tmp_path / "x")
    with pytest.raises(TypeError, match=r"obj\['a'\] is numpy.ndarray.*from_numpy"):
        torch.save({"a": numpy.ones(2)}, tmp_path / "x")
    assert again({"loss": numpy.float64(0.1)}) == {"loss": 0.1}


@ours
def test_loops_and_depth(tmp_path):
    loop = [1]
    loop.append({"x": loop})
    with pytest.raises(ValueError, match=r"obj\[1\]\['x'\] contains itself"):
        torch.save(loop, tmp_path / "x")
    twice = [torch.ones(1)]
    assert len(again([twice, twice])) == 2
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        torch.save(deep, tmp_path / "x")
    assert os.listdir(tmp_path) == []


@ours
def test_a_failed_save_changes_nothing(tmp_path):
    path = tmp_path / "x"
    torch.save([1], path)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        torch.save([Odd()], path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        torch.save([1], tmp_path / "folder")
    assert path.read_bytes() == before and sorted(os.listdir(tmp_path)) == ["folder", "x"]
    link = tmp_path / "link"
    link.symlink_to(path)
    torch.save([2], link)
    assert link.is_symlink() and torch.load(path) == [2]
    torch.save([3], "/dev/null")
    assert not os.path.isfile("/dev/null")


@ours
def test_what_the_file_is(tmp_path):
    """A state dict is an ordinary safetensors file with nothing of ours in it."""
    torch.save(nn.Linear(2, 1).state_dict(), tmp_path / "x")
    data = (tmp_path / "x").read_bytes()
    header = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
    assert header["__metadata__"] == {"format": "pt"} and header["weight"] == {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}
    torch.save({"epoch": 1, "model": {"w": torch.ones(2)}}, tmp_path / "y")
    assert list(torch.load_file(tmp_path / "y")) == ["model.w"]


@ours
def test_pytorchs_files_are_told_apart(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    (tmp_path / "pickle").write_bytes(pickle.dumps({"a": 1}, protocol=2) + b"x" * 100)
    for name in ("zip", "pickle"):
        for source in (tmp_path / name, io.BytesIO((tmp_path / name).read_bytes())):
            with pytest.raises(ValueError, match="PyTorch.*not read here.*convert.*safetensors.torch.save_file"):
                torch.load(source)
    with pytest.raises(TypeError, match="'rb'"):
        torch.load(io.StringIO("text"))
    with pytest.raises(ValueError, match="mmap needs the path"):
        torch.load(io.BytesIO(), mmap=True)


def refused(data, path):
    """Loads the bytes every way; whether each raised ValueError."""
    path.write_bytes(data)
    results = []
    for read in (lambda: torch.load(path), lambda: torch.load(path, mmap=True), lambda: torch.load(io.BytesIO(data)), lambda: torch.load_file(path),
                 lambda: torch.safetensors.load(data), lambda: torch.safetensors.safe_open(path, "pt")):
        try:
            read()
            results.append(False)
        except ValueError:
            results.append(True)
    return results


def packed(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@ours
def test_damaged_files(tmp_path):
    one = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    bad = [b"", b"x", b"\xff" * 100, packed({}) + b"x", packed([]), packed(b"{"), packed({"a": 1}), packed({"a": one}), packed({"a": one}, bytes(5)), packed(b'{"a":\xff}')]
    for change in ({"dtype": "F31"}, {"dtype": 3}, {"shape": [-1]}, {"shape": [2]}, {"shape": 1}, {"shape": [1.0]}, {"shape": [True]}, {"shape": [1] * 9}, {"shape": [2**62, 4]},
                   {"data_offsets": [0]}, {"data_offsets": [4, 8]}, {"data_offsets": [4, 0]}, {"data_offsets": [-4, 0]}, {"data_offsets": ["0", "4"]}, {"more": 1}):
        bad.append(packed({"a": {**one, **change}}, bytes(4)))
    bad.append(packed(b'{"a":%s,"a":%s}' % ((json.dumps(one).encode(),) * 2), bytes(4)))
    bad.append(packed({"a": one, "__metadata__": {"x": 1}}, bytes(4)))
    bad.append(packed({"a": one, "b": one}, bytes(8)))
    bad.append((2**62).to_bytes(8, "little") + b"{}")
    bad.append(packed(b"[" * 50_000))
    for data in bad:
        results = refused(data, tmp_path / "x")
        if data in (bad[3], bad[8]):  # a stream may go on after the file
            del results[2]
        assert all(results), data[:200]
    flag = packed({"a": {"dtype": "BOOL", "shape": [2], "data_offsets": [0, 2]}}, b"\1\2")
    assert refused(flag, tmp_path / "x")[:3] == [True] * 3
    for text in ("{", "[1", '{"!tensor":"no"}', '{"!tuple":3}', '{"!float":"x"}', '{"!what":1}', '{"!dict":[[1]]}', '{"!dict":[[[],1]]}', '{"!dtype":"f"}',
                 '{"!device":"cuda"}', '{"!OrderedDict":[1]}', '{"!tensor":["a"]}', '{"!tensor":"a","alias":[]}', "[" * 100_000):
        data = packed({"__metadata__": {"backprop": text}, "a": one}, bytes(4))
        (tmp_path / "x").write_bytes(data)
        with pytest.raises(ValueError):
            torch.load(tmp_path / "x")


@ours
def test_any_changed_byte(tmp_path):
    torch.save({"a": torch.ones(3), "b": torch.zeros(2, dtype=torch.bool), "n": (1, {2: 3.5})}, tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    chance = random.Random(0)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 3))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        refused(bytes(data[:chance.choice((len(data), len(data), chance.randrange(len(data))))]), tmp_path / "x")


@ours
def test_places_that_are_odd(tmp_path):
    """Data that is not aligned, from tools that do not pad their header, and tensors in any order."""
    header = {"b": {"dtype": "F32", "shape": [2], "data_offsets": [1, 9]}, "a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}
    for pad in range(8):
        data = packed(json.dumps(header).encode() + b" " * pad, b"\7" + b"\0\0\x80\x3f" * 2)
        (tmp_path / "x").write_bytes(data)
        for loaded in (torch.load(tmp_path / "x"), torch.load(tmp_path / "x", mmap=True), torch.safetensors.load(data), torch.load(io.BytesIO(data))):
            assert list(loaded) == ["b", "a"] and loaded["b"].tolist() == [1, 1] and loaded["a"].tolist() == [7]


@ours
def test_a_mapped_file_is_private(tmp_path):
    torch.save({"x": torch.ones(1000)}, tmp_path / "x")
    x = torch.load(tmp_path / "x", mmap=True)["x"]
    x.fill_(2)
    assert torch.load(tmp_path / "x")["x"].sum().item() == 1000 and x.sum().item() == 2000
    os.unlink(tmp_path / "x")
    del x


@ours
def test_memory_taken_at_any_offset():
    data = bytearray(range(16))
    take = torch._core._from_memory
    assert take(data, torch.int32, [1], 4).item() == 0x07060504 and take(data, torch.uint8, [2, 3], 1).tolist() == [[1, 2, 3], [4, 5, 6]]
    for arguments in ((data, torch.int32, [1], 13), (data, torch.int32, [5]), (data, torch.uint8, [-1]), (data, torch.uint8, [2**40, 2**40]), (data, torch.uint8, [1], -1),
                      (data, torch.uint8, [1], 17), (data, torch.int32, [1], 2), (data, torch.bool, [4]), (data, torch.uint8, [], 2**62)):
        with pytest.raises((ValueError, RuntimeError)):
            take(*arguments)
    with pytest.raises((TypeError, BufferError)):
        take(b"bytes", torch.uint8, [1])
    x = take(data, torch.uint8, [16])
    del data
    assert x.sum().item() == 120


@ours
def test_safetensors_functions(tmp_path):
    tensors = {"b": torch.arange(6.0).reshape(2, 3), "a": torch.tensor([True, False]), "c.d": torch.arange(3, dtype=torch.bfloat16)}
    for path in (tmp_path / "x", str(tmp_path / "x"), os.fsencode(tmp_path / "x")):
        torch.save_file(tensors, path, metadata={"epoch": "3"})
        same(tensors, torch.load_file(path))
    assert torch.safetensors.save(tensors, {"epoch": "3"}) == (tmp_path / "x").read_bytes()
    same(tensors, torch.safetensors.load((tmp_path / "x").read_bytes()))
    with torch.safetensors.safe_open(tmp_path / "x", framework="pt", device="cpu") as file:
        assert list(file.keys()) == ["b", "a", "c.d"] and file.offset_keys() == ["b", "c.d", "a"] and file.metadata() == {"epoch": "3"}
        same(tensors["b"], file.get_tensor("b"))
        part = file.get_slice("b")
        assert part.get_shape() == [2, 3] and part.get_dtype() == "F32" and part[:, 1:].tolist() == [[1, 2], [4, 5]]
        with pytest.raises(KeyError):
            file.get_tensor("no")
        kept = file.get_tensor("c.d")
    assert kept.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="closed"):
        file.get_tensor("b")
    w = torch.ones(2)
    for wrong, error in (({"a": 1}, TypeError), ({1: w}, TypeError), ([w], TypeError), ({"": w}, ValueError), ({"__metadata__": w}, ValueError), ({"\ud800": w}, ValueError),
                         ({"a": w, "b": w}, RuntimeError)):
        with pytest.raises(error):
            torch.save_file(wrong, tmp_path / "no")
        with pytest.raises(error):
            torch.safetensors.save(wrong)
    with pytest.raises(TypeError, match="metadata"):
        torch.save_file({"a": w}, tmp_path / "no", metadata={"a": 1})
    assert os.listdir(tmp_path) == ["x"]


@ours
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_the_package_safetensors(dtype, tmp_path):
    """Both directions, with the package itself."""
    numpy, package = pytest.importorskip("numpy"), pytest.importorskip("safetensors.numpy")
    tensors = {"x": example(dtype, 3, 4), "e": example(dtype, 0, 2), "s": example(dtype)}
    torch.save_file(tensors, tmp_path / "ours", metadata={"k": "v"})
    if dtype is torch.bfloat16:
        from safetensors import safe_open

        with safe_open(tmp_path / "ours", "np") as file:
            assert file.metadata() == {"k": "v"} and file.get_slice("x").get_dtype() == "BF16" and sorted(file.keys()) == ["e", "s", "x"]
        return
    loaded = package.load_file(tmp_path / "ours")
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.numpy().dtype and loaded[name].tolist() == tensor.tolist() and loaded[name].shape == tuple(tensor.shape)
    package.save_file({name: t.numpy().copy() for name, t in tensors.items()}, tmp_path / "theirs", metadata={"k": "v"})
    back = torch.load_file(tmp_path / "theirs")
    assert sorted(back) == sorted(tensors)
    for name in tensors:
        same(tensors[name], back[name])
    same(tensors["x"], torch.load(tmp_path / "theirs", mmap=True)["x"])
    assert torch.safetensors.save({"x": tensors["x"]}) == package.save({"x": tensors["x"].numpy()})


@ours
def test_loading_needs_no_numpy_and_no_pickle(tmp_path):
    torch.save({"x": torch.ones(2), "n": 1}, tmp_path / "x")
    code = "import backprop, sys; backprop.load(sys.argv[1]); print([m for m in ('numpy', 'pickle', 'tempfile') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "x"], capture_output=True, text=True).stdout.strip() == "[]"
    assert pathlib.Path(torch.serialization.__file__).name == "serialization.py"
