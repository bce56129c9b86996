"""Writing in place while a gradient is recorded: every name for the memory shows the change, and the gradient knows of it."""
import math
import random

import pytest

from engine import ours, torch


def leaf(*shape):
    return torch.arange(1.0, 1.0 + math.prod(shape)).reshape(shape).requires_grad_()


def test_a_view_changes_its_base():
    x = leaf(3, 2)
    y = x * 2
    v = y[0]
    v.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [[6, 6], [2, 2], [2, 2]] and y[0].tolist() == v.tolist() == [6, 12]


def test_a_base_changes_its_views():
    x = leaf(3, 2)
    y = x * 2
    v = y[1]
    y.mul_(x)
    (v * 1).sum().backward()
    assert x.grad.tolist() == [[0, 0], [12, 16], [0, 0]] and v.tolist() == [18, 32]


def test_views_that_overlap_change_each_other():
    x = leaf(4)
    y = x * 1
    a, b = y[:2], y[1:]
    a += 10
    b *= 2
    (y * y).sum().backward()
    assert a.tolist() == [11, 24] and b.tolist() == [24, 6, 8] and y.tolist() == [11, 24, 6, 8]
    assert x.grad.tolist() == [22, 96, 24, 32]


def test_views_whose_base_has_no_name_any_more():
    x = leaf(4)
    a = (x * 1).view(2, 2)
    b, c = a[0], a[:, 1]
    del a
    b *= 5
    (c.sum() + b.sum()).backward()
    assert b.tolist() == [5, 10] and c.tolist() == [10, 4] and x.grad.tolist() == [5, 10, 0, 1]


def test_through_a_transpose():
    x = leaf(2, 3)
    y = x * 1
    t = y.t()
    t[0] = 7
    t.add_(1)
    (y * y).sum().backward()
    assert y.tolist() == [[8, 3, 4], [8, 6, 7]] and x.grad.tolist() == [[0, 6, 8], [0, 12, 14]]


def test_plain_memory_joins_the_graph():
    x = leaf(2)
    base = torch.zeros(3, 2)
    row = base[1]
    row.copy_(x * 3)
    assert row.requires_grad and base.requires_grad and base.tolist() == [[0, 0], [3, 6], [0, 0]]
    base.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_a_recurrence_written_into_a_buffer():
    x = leaf(3)
    s = torch.zeros(4)
    before = s[0]
    for i in range(3):
        s[i + 1] = before * 0.5 + x[i]
        before = s[i + 1]
    s.sum().backward()
    assert s.tolist() == [0, 1, 2.5, 4.25] and x.grad.tolist() == [1.75, 1.5, 1]


def test_a_mask_through_a_view():
    x = leaf(4)
    y = x * 1
    v = y[1:]
    v[v > 3] = 0
    (y * y).sum().backward()
    assert y.tolist() == [1, 2, 3, 0] and x.grad.tolist() == [2, 4, 6, 0]


def test_an_activation_in_place_of_a_view():
    x = leaf(4)
    y = x - 2
    y.view(2, 2).relu_()
    y.sum().backward()
    assert y.tolist() == [0, 0, 1, 2] and x.grad.tolist() == [0, 0, 1, 1]


def test_second_derivatives():
    x = leaf(3)
    y = x * x
    v = y[:2]
    v *= x[:2]
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    g.sum().backward()
    assert x.grad.tolist() == [6, 12, 2]


def test_a_detached_name_sees_the_change_and_stays_out_of_the_graph():
    x = leaf(3)
    y = x * 1
    d = y.detach()
    y += 1
    assert d.tolist() == [2, 3, 4] and not d.requires_grad


def test_what_cannot_be_is_refused_and_nothing_is_changed():
    x = leaf(3)
    v = x[:2]
    with pytest.raises(RuntimeError, match="a view of a leaf .* is being used in an in-place operation"):
        v += 1
    y = (x * 1).expand(2, 3)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor refers to a single memory location"):
        y += 1
    assert x.tolist() == [1, 2, 3] and v.tolist() == [1, 2] and y.tolist() == [[1, 2, 3]] * 2


@ours
def test_memory_that_others_look_into_is_not_left_behind():
    """A buffer could not follow a change that goes into the graph: better an error than two truths."""
    x, y = leaf(2), torch.zeros(2)
    view = memoryview(y)
    for change in (lambda: y.add_(x), lambda: y[:1].add_(x[:1]), lambda: y.copy_(x)):
        with pytest.raises(RuntimeError, match="looks into its memory"):
            change()
    assert view.tolist() == y.tolist() == [0, 0]
    view.release()
    y += x
    assert y.tolist() == [1, 2]


CHANGES = [lambda t: t.mul_(1.5), lambda t: t.add_(0.25), lambda t: t.sin_(), lambda t: t.__setitem__(slice(0, 1), 0.5),
           lambda t: t.copy_(t * t), lambda t: t.sub_(t.flip(0)), lambda t: t.zero_()]
VIEWS = [lambda t: t[0], lambda t: t[-1:], lambda t: t.transpose(0, -1), lambda t: t[..., ::2], lambda t: t.unsqueeze(0)]


def program(seed, x):
    """Takes views, changes some, forgets others; what all names show in the end."""
    chance = random.Random(seed)
    names = [x * 1]
    for _ in range(8):
        t = chance.choice(names)
        if chance.random() < 0.5 and t.ndim:
            names.append(chance.choice(VIEWS)(t))
        elif t.ndim:
            chance.choice(CHANGES)(t)
        if chance.random() < 0.2 and len(names) > 1:
            names.pop(chance.randrange(len(names)))
    return names


@ours
@pytest.mark.parametrize("seed", range(60))
def test_recorded_changes_show_what_plain_memory_shows(seed):
    """The same program without recording writes the memory itself: the values must agree, and the gradient with differences. (PyTorch refuses
    some of these backward passes, because the memory that they need was written over.)"""
    x = torch.sin(torch.arange(12, dtype=torch.float64)).reshape(3, 4)
    with torch.no_grad():
        plain = [t.tolist() for t in program(seed, x)]
    x.requires_grad_()
    assert [t.tolist() for t in program(seed, x)] == plain
    assert torch.autograd.gradcheck(lambda x: sum((t * (k + 1)).sum() for k, t in enumerate(program(seed, x))), (x,))
