"""utils.data: data sets, samplers, collation, and the loader without workers."""

import importlib
import pickle
from collections import OrderedDict, UserList, namedtuple
from types import MappingProxyType

import pytest

from engine import ours, torch

data = importlib.import_module(torch.__name__ + ".utils.data")
DataLoader, TensorDataset, Dataset, IterableDataset, Subset = data.DataLoader, data.TensorDataset, data.Dataset, data.IterableDataset, data.Subset
Point = namedtuple("Point", "x y")


def numbers(n=10):
    return TensorDataset(torch.arange(2 * n).reshape(n, 2).float(), torch.arange(n))


class Squares(Dataset[int]):
    def __init__(self, n=10):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError(i)
        return i * i


class Count(IterableDataset[int]):
    def __init__(self, n=7):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self):
        return self.n


def labels(loader):
    return [batch[1].tolist() for batch in loader]


# Data sets ------------------------------------------------------------------------------------------------------------


def test_a_tensor_dataset_has_tuples_of_rows():
    d = numbers()
    x, y = d[3]
    assert x.tolist() == [6.0, 7.0] and y.item() == 3 and len(d) == 10 and isinstance(d[3], tuple)
    assert [t.shape[0] for t in d[2:5]] == [3, 3] and d[-1][1].item() == 9
    with pytest.raises(AssertionError, match="Size mismatch"):
        TensorDataset(torch.zeros(3), torch.zeros(4))
    with pytest.raises(IndexError):
        d[10]


def test_a_dataset_says_what_is_missing():
    with pytest.raises(NotImplementedError):
        Dataset()[0]
    with pytest.raises((NotImplementedError, TypeError)):
        iter(IterableDataset())
    with pytest.raises(TypeError):
        len(Dataset())


def test_datasets_one_after_the_other():
    both = Squares(3) + Squares(2) + numbers(1)
    assert isinstance(both, data.ConcatDataset) and len(both) == 6
    assert [both[i] for i in range(5)] == [0, 1, 4, 0, 1] and both[-2] == 1 and both[5][1].item() == 0
    with pytest.raises(ValueError):
        both[-7]
    with pytest.raises(IndexError):
        both[6]
    assert data.ConcatDataset([Squares(3), Squares(2)]).cumulative_sizes == [3, 5]
    for wrong in ([], [Squares(), Count()]):
        with pytest.raises(AssertionError):
            data.ConcatDataset(wrong)
    chain = Count(2) + Count(3)
    assert isinstance(chain, data.ChainDataset) and list(chain) == [0, 1, 0, 1, 2] and len(chain) == 5
    with pytest.raises(AssertionError):
        list(data.ChainDataset([Count(2), Squares(2)]))


def test_datasets_side_by_side():
    d = data.StackDataset(Squares(3), numbers(3))
    assert len(d) == 3 and d[2][0] == 4 and d[2][1][1].item() == 2
    assert [s[0] for s in d.__getitems__([0, 2])] == [0, 4]
    d = data.StackDataset(a=Squares(3), b=Squares(3))
    assert d[2] == {"a": 4, "b": 4} and d.__getitems__([1, 2]) == [{"a": 1, "b": 1}, {"a": 4, "b": 4}]
    for args, kwargs in (((), {}), ((Squares(2), Squares(3)), {}), ((Squares(2),), {"a": Squares(2)})):
        with pytest.raises(ValueError):
            data.StackDataset(*args, **kwargs)


class AtOnce(Squares):
    asked = 0

    def __getitem__(self, i):
        raise AssertionError("one at a time")

    def __getitems__(self, indices):
        AtOnce.asked += 1
        return [i * i for i in indices]


def test_whole_batches_are_asked_for_where_the_dataset_can():
    AtOnce.asked = 0
    assert [b.tolist() for b in DataLoader(AtOnce(), 4)] == [[0, 1, 4, 9], [16, 25, 36, 49], [64, 81]] and AtOnce.asked == 3
    assert [b.tolist() for b in DataLoader(Subset(AtOnce(), [3, 1]), 2)] == [[9, 1]] and AtOnce.asked == 4
    assert [b["x"].tolist() for b in DataLoader(data.StackDataset(x=AtOnce(4)), 2)] == [[0, 1], [4, 9]] and AtOnce.asked == 6


def test_a_subset():
    s = Subset(Squares(), [5, 1, 7])
    assert len(s) == 3 and [s[i] for i in range(3)] == [25, 1, 49] and s.__getitems__([2, 0]) == [49, 25]
    assert Subset(numbers(), [5, 1, 7])[[0, 2]][1].tolist() == [5, 7]


def test_random_split():
    torch.manual_seed(0)
    a, b = data.random_split(Squares(10), [7, 3])
    assert len(a) == 7 and len(b) == 3 and sorted(a.indices + b.indices) == list(range(10))
    parts = [p.indices for p in data.random_split(range(10), [0.35, 0.35, 0.3], generator=torch.Generator().manual_seed(4))]
    assert [len(p) for p in parts] == [4, 3, 3]
    assert parts == [p.indices for p in data.random_split(range(10), [4, 3, 3], generator=torch.Generator().manual_seed(4))]
    with pytest.warns(UserWarning, match="index 1 is 0"):
        data.random_split(range(3), [0.9, 0.1])
    for wrong in ([5, 4], [0.5, 0.4], [1.5, -0.5]):
        with pytest.raises(ValueError):
            data.random_split(range(10), wrong)


# Samplers -------------------------------------------------------------------------------------------------------------


def test_sequential_and_batches():
    assert list(data.SequentialSampler("abc")) == [0, 1, 2] and len(data.SequentialSampler("abc")) == 3
    for drop, batches in ((False, [[0, 1, 2], [3, 4, 5], [6]]), (True, [[0, 1, 2], [3, 4, 5]])):
        sampler = data.BatchSampler(data.SequentialSampler(range(7)), 3, drop)
        assert list(sampler) == batches and len(sampler) == len(batches)
    for wrong in ((0, False), (-1, False), (2.0, False), (True, False), (2, 1)):
        with pytest.raises(ValueError):
            data.BatchSampler(range(3), *wrong)


def test_random_orders():
    torch.manual_seed(1)
    sampler = data.RandomSampler(range(100))
    first, second = list(sampler), list(sampler)
    assert sorted(first) == sorted(second) == list(range(100)) and first != second and len(sampler) == 100
    torch.manual_seed(1)
    assert list(sampler) == first

    def seeded(**options):
        return list(data.RandomSampler(range(10), generator=torch.Generator().manual_seed(3), **options))

    assert seeded() == seeded() and len(seeded(num_samples=25)) == 25
    assert sorted(seeded(num_samples=20)) == sorted(2 * list(range(10)))
    drawn = seeded(replacement=True, num_samples=5000)
    assert len(drawn) == 5000 and all(abs(drawn.count(i) - 500) < 120 for i in range(10))
    with pytest.raises(TypeError):
        data.RandomSampler(range(3), replacement=1)
    for wrong in (0, -2, 1.5):
        with pytest.raises(ValueError):
            data.RandomSampler(range(3), num_samples=wrong)
    with pytest.raises(ValueError):
        data.RandomSampler([])


def test_random_orders_of_a_subset_and_by_weight():
    generator = torch.Generator().manual_seed(2)
    sampler = data.SubsetRandomSampler([3, 5, 9], generator=generator)
    orders = {tuple(sampler) for _ in range(60)}
    assert len(orders) == 6 and len(sampler) == 3
    sampler = data.WeightedRandomSampler([0.0, 3.0, 1.0], 4000, generator=generator)
    drawn = list(sampler)
    assert len(sampler) == len(drawn) == 4000 and set(drawn) == {1, 2} and abs(drawn.count(1) - 3000) < 150
    assert sorted(data.WeightedRandomSampler(torch.ones(4), 4, replacement=False, generator=generator)) == [0, 1, 2, 3]
    for wrong in (([1.0], 0), ([1.0], 1.5), ([1.0], True), ([1.0], 1, 2), ([[1.0]], 1)):
        with pytest.raises(ValueError):
            data.WeightedRandomSampler(*wrong)


def test_parts_for_several_processes():
    def part(rank, n=10, **options):
        return data.DistributedSampler(range(n), 3, rank, **options)

    assert [list(part(r, shuffle=False)) for r in range(3)] == [[0, 3, 6, 9], [1, 4, 7, 0], [2, 5, 8, 1]]
    assert [list(part(r, shuffle=False, drop_last=True)) for r in range(3)] == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    assert [list(part(r, 1, shuffle=False)) for r in range(3)] == [[0]] * 3 and len(part(0)) == 4
    a = [list(part(r)) for r in range(3)]
    assert set(sum(a, [])) == set(range(10)) and a == [list(part(r)) for r in range(3)]
    later = part(0)
    later.set_epoch(1)
    assert list(later) != a[0]
    with pytest.raises(ValueError):
        part(3)
    with pytest.raises((RuntimeError, ValueError)):
        data.DistributedSampler(range(3))


# Collation ------------------------------------------------------------------------------------------------------------


def test_numbers_become_tensors():
    for batch, dtype in (([1, 2], torch.int64), ([1.5, 2.0], torch.float64), ([True, False], torch.bool)):
        out = data.default_collate(batch)
        assert out.tolist() == batch and out.dtype == dtype
    assert data.default_collate(["a", "b"]) == ["a", "b"] and data.default_collate([b"a", b"b"]) == [b"a", b"b"]


def test_tensors_are_stacked():
    out = data.default_collate([torch.ones(2, 3), torch.zeros(2, 3)])
    assert out.shape == (2, 2, 3) and out.dtype == torch.float32
    w = torch.ones(2, requires_grad=True)
    data.default_collate([w, 2 * w]).sum().backward()
    assert w.grad.tolist() == [3, 3]
    with pytest.raises(RuntimeError):
        data.default_collate([torch.ones(2), torch.ones(3)])


def test_what_holds_samples_keeps_its_form():
    samples = [{"a": torch.tensor([i, i]), "b": {"c": [i, str(i)]}, "p": Point(float(i), (i, b"x"))} for i in range(3)]
    out = data.default_collate(samples)
    assert type(out) is dict and out["a"].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert type(out["b"]["c"]) is list and out["b"]["c"][0].tolist() == [0, 1, 2] and list(out["b"]["c"][1]) == ["0", "1", "2"]
    assert type(out["p"]) is Point and out["p"].x.dtype == torch.float64
    assert type(out["p"].y) is list and out["p"].y[0].tolist() == [0, 1, 2] and list(out["p"].y[1]) == [b"x"] * 3
    assert samples[0]["b"]["c"] == [0, "0"]  # untouched
    ordered = data.default_collate([OrderedDict(z=1, a=2)] * 2)
    assert type(ordered) is OrderedDict and list(ordered) == ["z", "a"] and ordered["a"].tolist() == [2, 2]
    users = data.default_collate([UserList([1, 2.0])] * 2)
    assert type(users) is UserList and users[0].tolist() == [1, 1]
    assert [t.tolist() for t in data.default_collate([range(2), range(2)])] == [[0, 0], [1, 1]]
    proxy = data.default_collate([MappingProxyType({"k": 1})] * 2)
    assert dict(proxy)["k"].tolist() == [1, 1]


def test_what_makes_no_batch_is_refused():
    with pytest.raises(RuntimeError, match="equal size"):
        data.default_collate([[1, 2], [1]])
    for wrong in ([None, None], [object()], [{1}], [{"a": None}]):
        with pytest.raises(TypeError, match="default_collate"):
            data.default_collate(wrong)


def test_numpy_samples():
    np = pytest.importorskip("numpy")
    out = data.default_collate([(np.ones((2, 2), np.float32) * i, np.float64(i), np.int64(i), np.bool_(i), np.array(i)) for i in range(2)])
    assert [t.dtype for t in out] == [torch.float32, torch.float64, torch.int64, torch.bool, torch.int64]
    assert out[0].shape == (2, 2, 2) and [t.tolist() for t in out[1:]] == [[0.0, 1.0], [0, 1], [False, True], [0, 1]]
    with pytest.raises(TypeError):
        data.default_collate([np.array(["a"]), np.array(["b"])])
    out = data.default_convert({"a": np.arange(3), "b": [np.float32(2), "s"], "c": (1, np.ones(1)), "p": Point(np.zeros(1), None), "t": np.array(["x"])})
    assert out["a"].tolist() == [0, 1, 2] and out["b"][0].item() == 2 and out["b"][1] == "s" and type(out["c"]) is list and out["c"][0] == 1
    assert out["c"][1].dtype == torch.float64 and type(out["p"]) is Point and out["p"].y is None and isinstance(out["t"], np.ndarray)
    assert data.default_convert(5) == 5 and data.default_convert("abc") == "abc"


def test_collation_with_functions_of_ones_own():
    collate = importlib.import_module(data.__name__ + "._utils.collate")
    own = {Point: lambda batch, *, collate_fn_map=None: len(batch), **collate.default_collate_fn_map}
    assert collate.collate([(1, Point(0, 0))] * 3, collate_fn_map=own)[1] == 3
    assert collate.collate([[Squares()]] * 2, collate_fn_map={Dataset: lambda b, *, collate_fn_map=None: "sets"}) == ["sets"]


# The loader -----------------------------------------------------------------------------------------------------------


def test_batches_in_order():
    loader = DataLoader(numbers(), batch_size=4)
    assert labels(loader) == labels(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] and len(loader) == 3
    batch = next(iter(loader))
    assert type(batch) is list and batch[0].shape == (4, 2) and batch[0].is_contiguous()
    assert len(DataLoader(numbers(), 4, drop_last=True)) == len(labels(DataLoader(numbers(), 4, drop_last=True))) == 2
    assert [x.tolist() for x in DataLoader(range(3))] == [[0], [1], [2]] and len(iter(loader)) == 3


def test_a_shuffled_epoch_has_every_sample_once_in_another_order():
    loader = DataLoader(numbers(50), 8, shuffle=True, generator=torch.Generator().manual_seed(3))
    first, second = labels(loader), labels(loader)
    assert sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(50)) and first != second
    assert labels(DataLoader(numbers(50), 8, shuffle=True, generator=torch.Generator().manual_seed(3))) == first
    torch.manual_seed(5)
    third = labels(DataLoader(numbers(50), 8, shuffle=True))
    torch.manual_seed(5)
    assert labels(DataLoader(numbers(50), 8, shuffle=True)) == third
    assert all((2 * y == x[:, 0]).all() for x, y in loader)


def test_samplers_say_what_comes():
    assert labels(DataLoader(numbers(), 2, sampler=[3, -1, 5])) == [[3, 9], [5]]
    loader = DataLoader(numbers(), batch_sampler=[[0, 9], [4]])
    assert labels(loader) == [[0, 9], [4]] and len(loader) == 2 and loader.batch_size is None
    assert [s[1].item() for s in DataLoader(numbers(3), batch_size=None)] == [0, 1, 2]
    assert labels(DataLoader(Subset(Subset(numbers(), [9, 8, 7]), [2, 0]), 2)) == [[7, 9]]
    by_tensor = DataLoader(numbers(), 2, sampler=torch.tensor([3, 1]))
    assert labels(by_tensor) == [[3, 1]]
    with pytest.raises(IndexError):
        labels(DataLoader(numbers(), 2, sampler=[10]))


def test_collate_fn_gets_the_samples():
    seen = []

    def collate(samples):
        seen.append(samples)
        return torch.stack([x for x, _ in samples]).sum(0)

    assert [b.tolist() for b in DataLoader(numbers(3), 2, collate_fn=collate)] == [[2.0, 4.0], [4.0, 5.0]]
    assert type(seen[0]) is list and type(seen[0][0]) is tuple and len(seen[0]) == 2


class Doubled(TensorDataset):
    def __getitem__(self, i):
        return tuple(2 * t for t in super().__getitem__(i))


class Noted(TensorDataset):
    def __len__(self):
        return 3


def test_subclasses_of_tensor_dataset_keep_their_own_samples():
    x = torch.arange(4)
    assert [b[0].tolist() for b in DataLoader(Doubled(x), 3)] == [[0, 2, 4], [6]]
    assert [b[0].tolist() for b in DataLoader(Noted(x), 2)] == [[0, 1], [2]]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool", "float16", "bfloat16"])
def test_batches_of_a_tensor_dataset_are_the_stacked_samples(dtype):
    x = torch.arange(24).reshape(4, 3, 2).to(getattr(torch, dtype))
    for rows in (x, x.transpose(1, 2), x[:, :, 0], x[:, 0, 0], x[:0], torch.zeros(4, 0, dtype=x.dtype)):
        d = TensorDataset(rows)
        order = [2, 0, 1, -1][:len(d)]
        for batch, at in zip(DataLoader(d, 3, sampler=order), (order[:3], order[3:])):
            expected = torch.stack([d[i][0] for i in at])
            assert batch[0].dtype == expected.dtype and torch.equal(batch[0].float(), expected.float()) and batch[0].is_contiguous()


def test_rows_of_a_parameter_keep_their_gradient():
    w = torch.arange(6.0).reshape(3, 2).requires_grad_()
    for (rows,) in DataLoader(TensorDataset(w), 2):
        rows.sum().backward()
    assert w.grad.tolist() == [[1, 1]] * 3


def test_datasets_to_iterate_over():
    assert [b.tolist() for b in DataLoader(Count(), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [b.tolist() for b in DataLoader(Count(), 3, drop_last=True)] == [[0, 1, 2], [3, 4, 5]]
    assert list(DataLoader(Count(3), batch_size=None)) == [0, 1, 2]
    loader = DataLoader(Count(), 3)
    assert len(loader) == 3 and len(DataLoader(Count(), 3, drop_last=True)) == 2
    loader.dataset.n = 40
    assert len(loader) == 14
    loader.dataset.n = 2
    len(loader)
    loader.dataset.n = 9
    with pytest.warns(UserWarning, match="reported to be 2"):
        list(loader)
    for option in ({"shuffle": True}, {"sampler": [1]}, {"batch_sampler": [[1]]}):
        with pytest.raises(ValueError, match="IterableDataset"):
            DataLoader(Count(), **option)
    assert list(DataLoader(Count(1), shuffle=False))[0].tolist() == [0]


def test_options_that_do_not_go_together():
    for option in ({"num_workers": -1}, {"timeout": -1}, {"prefetch_factor": 2}, {"num_workers": 1, "prefetch_factor": -1}, {"persistent_workers": True},
                   {"sampler": [1], "shuffle": True}, {"batch_sampler": [[1]], "batch_size": 2}, {"batch_sampler": [[1]], "drop_last": True},
                   {"batch_sampler": [[1]], "shuffle": True}, {"batch_size": None, "drop_last": True}, {"batch_size": 0}, {"batch_size": -3},
                   {"multiprocessing_context": "fork"}, {"multiprocessing_context": "thread", "num_workers": 1}):
        with pytest.raises(ValueError):
            DataLoader(numbers(), **option)
    with pytest.raises(TypeError):
        DataLoader(numbers(), num_workers=1, multiprocessing_context=3)
    with pytest.raises(TypeError):
        DataLoader(numbers(), 1, False, None, None, 0, None, False, False, 0, None, None, None, 2)
    loader = DataLoader(numbers(), pin_memory=False, pin_memory_device="", in_order=True)
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"):
        with pytest.raises(ValueError, match=name):
            setattr(loader, name, getattr(loader, name))
    loader.num_workers = 0
    assert loader.prefetch_factor is None and DataLoader(numbers(), num_workers=2).prefetch_factor == 2


def test_an_error_in_a_dataset_is_raised():
    loader = iter(DataLoader(Squares(2), 1, sampler=[0, 5, 1]))
    assert next(loader).tolist() == [0]
    with pytest.raises(IndexError):
        next(loader)
    assert next(loader).tolist() == [1]
    with pytest.raises(StopIteration):
        next(loader)


@ours
def test_numbers_drawn_by_the_loader_do_not_depend_on_the_length():
    def after(n):
        torch.manual_seed(0)
        for _ in DataLoader(numbers(n), 2, shuffle=True):
            pass
        return torch.rand(2).tolist()

    assert after(3) == after(1000)


def test_datasets_can_be_pickled():
    d = pickle.loads(pickle.dumps(Subset(Squares(), [1, 2]) + Squares(1)))
    assert [d[i] for i in range(3)] == [1, 4, 0]
