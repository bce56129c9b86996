"""What older programs call: Tensor and FloatTensor of sizes, types by name, tensors like another one, objects that take another shape."""

import pytest
from engine import IS_TORCH, ours, torch

TYPED = {"FloatTensor": torch.float32, "DoubleTensor": torch.float64, "LongTensor": torch.int64, "IntTensor": torch.int32,
         "ByteTensor": torch.uint8, "BoolTensor": torch.bool}


@pytest.mark.parametrize("name", TYPED)
def test_typed_constructors(name):
    make, dtype = getattr(torch, name), TYPED[name]
    x = make([1, 0])
    assert x.dtype is dtype and [int(v) for v in x.tolist()] == [1, 0]
    assert make(2, 3).shape == (2, 3) and make(2, 3).dtype is dtype
    assert make(torch.Size([2, 2])).shape == (2, 2) and make().numel() == 0
    assert isinstance(x, make) and all(not isinstance(x, getattr(torch, other)) for other in TYPED if other != name)
    with pytest.raises(TypeError):
        make("ab")


@ours
def test_a_type_by_another_name():
    assert torch.HalfTensor([1]).dtype is torch.float16 and torch.BFloat16Tensor(2).dtype is torch.bfloat16


def test_tensor_of_sizes_and_data():
    assert torch.Tensor(2, 3).shape == (2, 3) and torch.Tensor(2).shape == (2,) and torch.Tensor().shape == (0,)
    assert torch.Tensor(torch.Size([4])).shape == (4,) and torch.Tensor((2, 3)).tolist() == [2.0, 3.0]
    assert torch.Tensor([[1, 2]]).dtype is torch.float32
    for wrong in (lambda: torch.Tensor(-1), lambda: torch.Tensor(2, "3")):
        with pytest.raises((TypeError, RuntimeError)):
            wrong()


def test_type_by_name():
    x = torch.tensor([1.5])
    assert x.type() == "torch.FloatTensor" and x.double().type() == "torch.DoubleTensor" and (x > 1).type() == "torch.BoolTensor"
    for wanted in (torch.int64, torch.LongTensor, "torch.LongTensor"):
        assert x.type(wanted).dtype is torch.int64
    assert x.type_as(torch.tensor([1])).tolist() == [1]
    with pytest.raises(ValueError):
        x.type("torch.StrangeTensor")


def test_new_tensors_take_the_type():
    x = torch.zeros(1, dtype=torch.float64)
    assert x.new_zeros(2, 3).shape == (2, 3) and x.new_zeros((2, 3)).dtype is torch.float64
    assert x.new_ones(2).tolist() == [1, 1] and x.new_full((2,), 7).tolist() == [7, 7]
    assert x.new_empty(2, dtype=torch.int64).dtype is torch.int64
    assert x.new_tensor([1, 2]).dtype is (torch.int64 if IS_TORCH else torch.float64) or x.new_tensor([1.0]).dtype is torch.float64
    assert x.new_ones(2, requires_grad=True).requires_grad


def test_objects_take_another_shape():
    x = torch.arange(6.0).reshape(1, 2, 3)
    name = x
    assert x.squeeze_(0) is name and name.shape == (2, 3)
    assert x.unsqueeze_(-1).shape == (2, 3, 1) and x.squeeze_().shape == (2, 3)
    assert x.transpose_(0, 1).tolist() == [[0, 3], [1, 4], [2, 5]] and x.t_().shape == (2, 3)
    assert x.swapaxes_(0, 1).shape == (3, 2) and x.swapdims_(0, 1).shape == (2, 3)
    y = torch.arange(4.0)
    assert y.resize_(2, 2).tolist() == [[0, 1], [2, 3]] and y.resize_((2,)).tolist() == [0, 1] and y.resize_as_(torch.zeros(1, 1)).shape == (1, 1)
    assert y.resize_(6).shape == (6,) and y[0] == 0


def test_a_new_shape_keeps_the_history():
    w = torch.ones(3, requires_grad=True)
    y = w * 2
    y.unsqueeze_(0)
    assert y.requires_grad and y.shape == (1, 3)
    y.sum().backward()
    assert w.grad.tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError):
        w.unsqueeze_(0)
    with pytest.raises(RuntimeError):
        (w * 1).resize_(1)
    z = w * 2
    assert z.detach_() is z and not z.requires_grad and z.is_leaf
    with torch.no_grad():
        assert w.set_(torch.zeros(2)).shape == (2,)
    with pytest.raises((RuntimeError, TypeError)):
        torch.zeros(2).set_(torch.zeros(2, dtype=torch.int64))


def test_element_by_element():
    assert torch.tensor([1.0, 2.0]).apply_(lambda v: v + 1).tolist() == [2, 3]
    assert torch.tensor([1.0, 2.0]).map_(torch.tensor([10.0, 20.0]), lambda a, b: a + b).tolist() == [11, 22]
    with pytest.raises(ZeroDivisionError):
        torch.tensor([1.0]).apply_(lambda v: v / 0)


def test_questions():
    x = torch.ones(2, 2)
    assert x.is_cpu and not x.is_cuda and not x.is_sparse and not x.is_quantized and not x.is_meta and not x.is_mps
    assert not torch.is_complex(x) and not x.is_conj() and not x.is_pinned() and x.get_device() == -1
    assert x.is_signed() and not x.bool().is_signed() and not x.byte().is_signed() and x.real is not None
    assert x.is_same_size(torch.zeros(2, 2)) and not torch.is_same_size(x, torch.zeros(2))
    assert torch.is_nonzero(torch.tensor([2])) and not torch.tensor(0.0).is_nonzero()
    for wrong in (x, torch.ones(0)):
        with pytest.raises(RuntimeError):
            wrong.is_nonzero()
    if not torch.cuda.is_available():
        for moved in (lambda: x.cuda(), lambda: torch.nn.Linear(1, 1).cuda()):
            with pytest.raises((AssertionError, RuntimeError)):
                moved()


def test_inplace_modules_change_their_input():
    for module, expected in ((torch.nn.ReLU(inplace=True), [0, 1]), (torch.nn.LeakyReLU(0.5, inplace=True), [-0.5, 1]),
                             (torch.nn.Hardtanh(-0.25, 0.5, inplace=True), [-0.25, 0.5])):
        x = torch.tensor([-1.0, 1.0])
        assert module(x) is x and x.tolist() == expected
    x = torch.ones(1000)
    y = torch.nn.Dropout(0.5, inplace=True)(x)
    assert x.tolist() == y.tolist() and 0 in x.tolist() and 2 in x.tolist()
    w = torch.tensor([-1.0, 1.0], requires_grad=True)
    h = w * 2
    out = torch.nn.ReLU(inplace=True)(h)
    (out + h).sum().backward()
    assert w.grad.tolist() == [0, 4]


def test_inplace_of_a_view_computes_the_same():
    w = torch.tensor([[-1.0, 1.0]], requires_grad=True)
    h = w * 2
    torch.nn.Sequential(torch.nn.Flatten(0), torch.nn.ReLU(inplace=True))(h).sum().backward()
    assert w.grad.tolist() == [[0, 2]]


def test_variable_is_a_tensor():
    from importlib import import_module

    Variable = import_module(torch.__name__ + ".autograd").Variable
    x = torch.ones(2)
    v = Variable(x, requires_grad=True)
    assert v.requires_grad and not x.requires_grad and v.data_ptr() == x.data_ptr() and isinstance(x, Variable)
    (v * 3).sum().backward()
    assert v.grad.tolist() == [3, 3] and not Variable(v * 2).requires_grad
