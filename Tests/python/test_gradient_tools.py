"""Hooks, kept gradients, custom operations, checkpoints, and derivatives beyond one gradient."""

import gc
import weakref

import pytest
from engine import close, ours, torch

Function = torch.autograd.Function
gradcheck, gradgradcheck = torch.autograd.gradcheck, torch.autograd.gradgradcheck


def wide(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


# Hooks -----------------------------------------------------------------------------------------------------------------


def test_a_hook_sees_the_complete_gradient_of_a_leaf_and_of_a_result():
    seen = {}
    x = wide(1.0, 2.0)
    y = x * 3
    y.register_hook(lambda g: seen.__setitem__("y", g.tolist()))
    x.register_hook(lambda g: seen.__setitem__("x", g.tolist()))
    (y * y + y).sum().backward()
    assert seen == {"y": [7.0, 13.0], "x": [21.0, 39.0]}
    assert x.grad.tolist() == [21.0, 39.0]


def test_what_a_hook_returns_stands_in_the_gradients_place():
    x = wide(1.0, 2.0)
    y = x * 3
    first = y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g + 1)
    y.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [33.0, 33.0]
    first.remove()
    first.remove()
    x.grad = None
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_hooks_run_in_grad_and_their_replacement_is_what_grad_gives():
    x = wide(2.0)
    y = x * x
    y.register_hook(lambda g: g * 5)
    assert torch.autograd.grad(y.sum(), [y, x])[1].tolist() == [20.0]


def test_a_hook_that_raises_stops_the_walk_and_changes_nothing():
    x, w = wide(1.0), wide(2.0)
    y = x * w

    def bad(g):
        raise KeyError("no")

    h = y.register_hook(bad)
    with pytest.raises(KeyError):
        (y * w).sum().backward(retain_graph=True)
    assert x.grad is None and w.grad is None
    h.remove()
    (y * w).sum().backward()
    assert w.grad.item() == 4


@ours
def test_a_hook_must_return_a_gradient_of_the_same_shape_and_type():
    x = wide(1.0, 2.0)
    for wrong, error in ((torch.ones(3, dtype=torch.float64), "shape"), (torch.ones(2), "float64"), (3, "Tensor")):
        y = x * 2
        y.register_hook(lambda g: wrong)
        with pytest.raises(Exception, match=error):
            y.sum().backward()
    with pytest.raises(RuntimeError, match="does not require a gradient"):
        torch.ones(2).register_hook(lambda g: g)
    with pytest.raises(TypeError):
        x.register_hook(3)


def test_a_hook_after_accumulation_sees_the_leaf_with_its_gradient():
    x = wide(1.0, 2.0)
    seen = []
    h = x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.tolist()))
    (x * x).sum().backward()
    (x * x).sum().backward()
    h.remove()
    (x * x).sum().backward()
    assert seen == [[2.0, 4.0], [4.0, 8.0]]
    with pytest.raises(RuntimeError):
        (x * 2).register_post_accumulate_grad_hook(print)


def test_retain_grad_keeps_a_results_gradient():
    x = wide(1.0, 2.0)
    y = x * 3
    y.retain_grad()
    assert y.retains_grad and not x.retains_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [6.0, 12.0] and x.grad.tolist() == [18.0, 36.0]
    with pytest.raises(RuntimeError):
        torch.ones(1).retain_grad()


def test_hooks_go_with_their_tensor():
    class Big:
        pass

    big = Big()
    x = wide(1.0)
    y = x * 2
    y.register_hook(lambda g, big=big: None)
    w = weakref.ref(big)
    del big, y
    gc.collect()
    _ = wide(1.0) * 2
    assert w() is None


def test_backward_with_inputs_fills_their_gradients_only():
    x, w = wide(1.0), wide(2.0)
    y = x * w
    (y * 3).sum().backward(inputs=[x])
    assert x.grad.item() == 6 and w.grad is None
    (x * w * 3).sum().backward(inputs=w)
    assert x.grad.item() == 6 and w.grad.item() == 3


def test_grad_does_not_compute_what_was_not_asked_for():
    class Never(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise AssertionError("this branch leads to no input that was asked for")

    x, w = wide(1.0), wide(2.0)
    y = Never.apply(w) * x + x
    assert torch.autograd.grad(y.sum(), x)[0].item() == 3


def test_inference_mode_records_nothing():
    x = wide(1.0)
    with torch.inference_mode():
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad


# Custom operations -----------------------------------------------------------------------------------------------------


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class Both(Function):
    """Two outputs, a number, and an argument without gradient."""

    @staticmethod
    def forward(ctx, x, k, w):
        ctx.k = k
        ctx.save_for_backward(x, w)
        return x * w * k, (x + w).sum()

    @staticmethod
    def backward(ctx, g, h):
        x, w = ctx.saved_tensors
        return g * w * ctx.k + h, None, g * x * ctx.k + h


@pytest.mark.parametrize("f", [Cube.apply, Exp.apply, lambda x: Cube.apply(Exp.apply(x) * 0.3) * x])
def test_custom_operations_can_be_differentiated_twice(f):
    x = wide(0.5, -1.0, 2.0)
    assert gradcheck(f, (x,)) and gradgradcheck(f, (x,))


def test_several_outputs_and_arguments_without_gradient():
    x, w = wide(0.5, -1.0), wide(2.0, 0.3)

    def f(x, w):
        a, b = Both.apply(x, 3, w)
        return a.sin().sum() + b * b

    assert gradcheck(f, (x, w)) and gradgradcheck(f, (x, w))
    a, b = Both.apply(x, 3, w)
    assert close(a, [3.0, -0.9]) and b.item() == pytest.approx(1.8)
    b.backward()
    assert x.grad.tolist() == [1, 1] and w.grad.tolist() == [1, 1]


def test_setup_context_and_mark_non_differentiable():
    class Sort(Function):
        @staticmethod
        def forward(x):
            i = torch.argmax(x)
            return x * 2, i

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.mark_non_differentiable(output[1])

        @staticmethod
        def backward(ctx, g, _):
            return g * 2

    x = wide(1.0, 5.0)
    y, i = Sort.apply(x)
    assert i.item() == 1 and not i.requires_grad and y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_no_graph_without_need():
    assert not Cube.apply(torch.tensor([1.0])).requires_grad
    with torch.no_grad():
        assert not Cube.apply(wide(1.0)).requires_grad


def test_a_wrong_number_of_gradients_is_an_error():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, w):
            return x * w

        @staticmethod
        def backward(ctx, g):
            return g

    with pytest.raises(RuntimeError, match="incorrect number of gradients"):
        Wrong.apply(wide(1.0), wide(2.0)).backward()


@ours
def test_bad_custom_operations_say_so():
    class Shape(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return torch.ones(3, dtype=torch.float64)

    x = wide(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"Shape: gradient 0 has shape \[3\], the input \[2\]"):
        Shape.apply(x).sum().backward()
    assert x.grad is None

    class Dirty(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x

    with pytest.raises(RuntimeError, match="in place"):
        Dirty.apply(x)

    saved = x.detach().clone()
    saved.requires_grad_(True)
    y = Cube.apply(saved)
    with torch.no_grad():
        saved.mul_(2)
    with pytest.raises(RuntimeError, match="changed in place"):
        y.sum().backward()


def test_once_differentiable_cannot_be_differentiated_twice():
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, g):
            return g * 2

    x = wide(3.0)
    Once.apply(x).backward()
    assert x.grad.item() == 2
    with pytest.raises(RuntimeError, match="once_differentiable"):
        (g,) = torch.autograd.grad(Once.apply(x) * x, x, create_graph=True)
        g.backward()


@pytest.mark.parametrize("operation", [Cube, Exp])
def test_a_custom_graph_that_is_never_walked_is_freed(operation):
    class Big:
        pass

    x = wide(1.0)
    holder = []

    class Keeps(operation):
        @staticmethod
        def forward(ctx, x):
            ctx.big = Big()
            holder.append(weakref.ref(ctx.big))
            return operation.forward(ctx, x)

    y = Keeps.apply(x)
    del y
    gc.collect()
    _ = x * 2
    assert holder[0]() is None


def test_a_walk_inside_a_custom_gradient():
    class Inner(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with torch.enable_grad():
                z = x.detach().requires_grad_(True)
                (d,) = torch.autograd.grad(z.sin().sum(), z)
            return g * d

    x = wide(0.3, 0.7)
    (Inner.apply(x * x) * x).sum().backward()
    got = x.grad.tolist()
    x.grad = None
    ((x * x).sin() * x).sum().backward()
    assert close(x.grad, got)


# Checkpoints -----------------------------------------------------------------------------------------------------------


def layers():
    torch.manual_seed(1)
    return [torch.nn.Linear(6, 6) for _ in range(3)]


@pytest.mark.parametrize("p", [0.0, 0.4])
def test_checkpointed_gradients_are_the_plain_ones_bit_for_bit(p):
    net = layers()
    x = torch.randn(5, 6).requires_grad_(True)

    def block(layer):
        return lambda h: torch.nn.functional.dropout(torch.tanh(layer(h)), p) + h

    def run(wrap):
        for t in [x, *(q for layer in net for q in layer.parameters())]:
            t.grad = None
        torch.manual_seed(7)
        h = x
        for layer in net:
            h = wrap(block(layer), h)
        loss = (h * h).mean()
        loss.backward()
        return loss.item(), x.grad.tolist(), [q.grad.tolist() for layer in net for q in layer.parameters()]

    plain = run(lambda f, h: f(h))
    assert run(lambda f, h: torch.utils.checkpoint.checkpoint(f, h, use_reentrant=False)) == plain
    nested = lambda f, h: torch.utils.checkpoint.checkpoint(
        lambda g: torch.utils.checkpoint.checkpoint(f, g, use_reentrant=False), h, use_reentrant=False)  # noqa: E731
    assert run(nested) == plain


def test_a_checkpoint_can_be_differentiated_twice():
    w = wide(0.3, -0.5)

    def f(x):
        return torch.utils.checkpoint.checkpoint(lambda h: (h * w).sin() * h, x * x, use_reentrant=False)

    x = wide(0.5, 1.2)
    if torch.__name__ == "backprop":  # PyTorch's gradgradcheck calls backward in a way its own checkpoint refuses
        assert gradgradcheck(f, (x,))
    assert gradcheck(f, (x,))


@ours
def test_a_checkpoint_of_several_results_and_its_errors():
    x = wide(0.5, 1.2)
    checkpoint = torch.utils.checkpoint.checkpoint
    a, b = checkpoint(lambda h: (h * 2, h.sum()), x)
    (a.sum() * b).backward()
    want = x.grad.tolist()
    x.grad = None
    ((x * 2).sum() * x.sum()).backward()
    assert x.grad.tolist() == want
    with pytest.raises(TypeError, match="must return Tensors"):
        checkpoint(lambda h: 3, x)
    with pytest.raises(ZeroDivisionError):
        checkpoint(lambda h: 1 / 0, x)
    with torch.no_grad():
        assert not checkpoint(lambda h: h * 2, x).requires_grad
    net = torch.nn.Sequential(*layers())
    h = torch.randn(2, 6)
    assert torch.utils.checkpoint.checkpoint_sequential(net, 2, h).tolist() == net(h).tolist()


@ours
def test_a_checkpoint_keeps_less_memory():
    x = torch.randn(200, 1000).requires_grad_(True)

    def block(h):
        for _ in range(10):
            h = (h * 1.01).tanh()
        return h

    def held(f):
        before = torch.memory_stats()["in_use"]
        y = f(x)
        after = torch.memory_stats()["in_use"]
        del y
        return after - before

    assert held(lambda h: torch.utils.checkpoint.checkpoint(block, h)) * 4 < held(block)


# Derivatives of functions ----------------------------------------------------------------------------------------------


def function(x, y):
    return (x * y).sin() + x.sum() * y


def test_functional_derivatives_agree_with_each_other():
    F = torch.autograd.functional
    x, y = wide(0.3, -0.8, 1.1).detach(), wide(0.5, 0.2, -0.4).detach()
    jx, jy = F.jacobian(function, (x, y))
    assert tuple(jx.shape) == (3, 3)
    v = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)
    assert close(F.vjp(function, (x, y), v)[1][0], (v @ jx).tolist(), 1e-12)
    assert close(F.jvp(function, (x, y), (v, v))[1], (jx @ v + jy @ v).tolist(), 1e-12)
    scalar = lambda x: (x**3).sum() + x[0] * x[1]  # noqa: E731
    h = F.hessian(scalar, x)
    assert close(h, [[6 * 0.3, 1, 0], [1, -6 * 0.8, 0], [0, 0, 6.6]], 1e-12)
    assert close(F.hvp(scalar, x, v)[1], (h @ v).tolist(), 1e-12)
    assert close(F.vhp(scalar, x, v)[1], (v @ h).tolist(), 1e-12)
    with pytest.raises(RuntimeError):
        F.vjp(function, (x, y), torch.ones(2, dtype=torch.float64))


def test_func_transforms_nest():
    func = torch.func
    x = torch.tensor(0.7, dtype=torch.float64)
    sin = lambda x: x.sin()  # noqa: E731
    assert func.grad(sin)(x).item() == pytest.approx(0.7648421872844885)
    assert func.grad(func.grad(sin))(x).item() == pytest.approx(-0.644217687237691)
    assert func.grad(func.grad(func.grad(sin)))(x).item() == pytest.approx(-0.7648421872844885)
    v = torch.tensor([1.0, 2.0], dtype=torch.float64)
    f = lambda x: (x**3).sum()  # noqa: E731
    assert func.jacrev(lambda x: x**2)(v).tolist() == [[2, 0], [0, 4]]
    assert func.jacfwd(lambda x: x**2)(v).tolist() == [[2, 0], [0, 4]]
    assert func.hessian(f)(v).tolist() == [[6, 0], [0, 12]]
    value, pull = func.vjp(f, v)
    assert value.item() == 9 and pull(torch.tensor(1.0, dtype=torch.float64))[0].tolist() == [3, 12]
    assert func.jvp(f, (v,), (v,))[1].item() == 27
    g, (value, aux) = func.grad_and_value(lambda x: (f(x), x * 2), has_aux=True)(v)
    assert g.tolist() == [3, 12] and aux.tolist() == [2, 4] and not g.requires_grad


def test_functional_call_uses_other_weights_and_puts_its_own_back():
    net = torch.nn.Linear(2, 1)
    own = net.weight
    weights = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}
    assert torch.func.functional_call(net, weights, torch.tensor([[1.0, 1.0]])).item() == 6
    assert net.weight is own

    def loss(weights):
        return torch.func.functional_call(net, weights, (torch.tensor([[1.0, 1.0]]),)).sum()

    assert torch.func.grad(loss)(weights)["weight"].tolist() == [[1, 1]]
    with pytest.raises(RuntimeError):
        torch.func.functional_call(net, {"none": own}, (torch.ones(1, 2),), strict=True)
