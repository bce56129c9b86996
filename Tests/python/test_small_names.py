"""Names that no other test has reason to mention: questions, helpers, bases of classes."""

import math

import pytest
from engine import IS_TORCH, close, ours, torch

nn, F = torch.nn, torch.nn.functional


def test_questions_about_tensors():
    x = torch.zeros(2, 3)
    assert torch.is_tensor(x) and not torch.is_tensor([1.0])
    assert (x.ndimension(), x.nelement(), x.numel()) == (2, 6, 6)
    assert torch.is_same_size(x, torch.ones(2, 3)) and not x.is_same_size(torch.ones(3, 2))
    for question in ("is_conj", "is_neg", "is_inference"):
        assert getattr(torch, question)(x) is False and getattr(x, question)() is False
    assert not any((x.is_distributed(), x.is_shared(), x.is_mps, x.is_xpu, x.is_nested))
    assert x.dim_order() == (0, 1) and torch.cuda.device_count() == 0
    assert torch.isreal(torch.tensor([1.0, -2.0])).tolist() == [True, True]
    near, far = torch.tensor([1.0, 2.0, math.nan]), torch.tensor([1.0 + 1e-7, 2.1, math.nan])
    assert torch.isclose(near, far).tolist() == [True, False, False]
    assert near.isclose(far, rtol=0.1, equal_nan=True).tolist() == [True, True, True]


@ours
def test_dense_tensors_have_no_sparse_dimensions():
    x = torch.zeros(2, 3)
    assert (x.dense_dim(), x.sparse_dim()) == (2, 0)
    with pytest.raises(RuntimeError):
        x.pin_memory()


def test_old_types():
    assert torch.IntTensor([1, 2]).dtype == torch.int32
    assert torch.ByteTensor([1, 2]).dtype == torch.uint8 == torch.tensor([1.5]).byte().dtype
    assert torch.HalfTensor(2).dtype == torch.float16 and torch.BFloat16Tensor(2).dtype == torch.bfloat16
    try:
        torch.set_default_tensor_type(torch.DoubleTensor)
        assert torch.zeros(1).dtype == torch.float64
    finally:
        torch.set_default_tensor_type("torch.FloatTensor")
    x = torch.zeros(1, 2, 3, 4, 5).contiguous(memory_format=torch.channels_last_3d)
    assert x.is_contiguous(memory_format=torch.channels_last_3d)


def test_places_and_shapes():
    x = torch.tensor([[0, 3], [4, 0]])
    assert torch.argwhere(x).tolist() == x.argwhere().tolist() == [[0, 1], [1, 0]]
    assert tuple(torch.broadcast_shapes((2, 1), (3,), 3)) == (2, 3)
    with pytest.raises(RuntimeError):
        torch.broadcast_shapes((2,), (3,))
    a, b = torch.tensor([1, 2]), torch.tensor([3, 4])
    assert torch.row_stack([a, b]).tolist() == [[1, 2], [3, 4]]


@ours
@pytest.mark.parametrize("name, args", [("select_copy", (0, 1)), ("slice_copy", (0, 1, 3)), ("split_copy", (2,))])
def test_copies_of_views(name, args):
    x = torch.arange(6.0).reshape(3, 2)
    view = x[1:3] if name == "slice_copy" else getattr(torch, name.removesuffix("_copy"))(x, *args)
    copied = getattr(torch, name)(x, *args)
    if not isinstance(view, tuple):
        view, copied = (view,), (copied,)
    assert [c.tolist() for c in copied] == [v.tolist() for v in view]
    x.zero_()
    assert all(v.sum() == 0 for v in view) and any(c.sum() != 0 for c in copied)


def test_products_and_ranks():
    a, b, c = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]]), torch.tensor([[2.0]])
    assert torch.chain_matmul(a, b, c).tolist() == [[22.0]]
    assert torch.linalg.matrix_rank(torch.tensor([[1.0, 2.0], [2.0, 4.0]])).item() == 1
    assert torch.linalg.matrix_rank(torch.eye(3)).item() == 3
    reflectors, tau = torch.tensor([[1.0, 0.0], [0.5, 1.0]]), torch.tensor([1.6, 0.0])
    expected = torch.linalg.householder_product(reflectors, tau).tolist()
    assert torch.orgqr(reflectors, tau).tolist() == reflectors.orgqr(tau).tolist() == expected
    close(torch.tensor(expected), [[-0.6, -0.8], [-0.8, 0.6]])


def test_grids():
    theta = torch.tensor([[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]])  # swaps the axes
    grid = torch.affine_grid_generator(theta, [1, 1, 2, 2], True)
    assert grid.tolist() == F.affine_grid(theta, [1, 1, 2, 2], align_corners=True).tolist()
    image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert torch.grid_sampler(image, grid, 0, 0, True).tolist() == [[[[1.0, 3.0], [2.0, 4.0]]]]
    assert F.upsample(image, scale_factor=2)[0, 0, 0].tolist() == [1, 1, 2, 2]


def test_channels_and_distances():
    x = torch.arange(6.0).reshape(1, 6, 1)
    assert F.channel_shuffle(x, 3).flatten().tolist() == [0, 2, 4, 1, 3, 5] == nn.ChannelShuffle(3)(x).flatten().tolist()
    a, p, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]])
    manhattan = lambda u, v: (u - v).abs().sum(-1)  # noqa: E731
    assert F.triplet_margin_with_distance_loss(a, p, n, distance_function=manhattan, margin=1.0).item() == 1 + 7 - 2
    loss = F.triplet_margin_with_distance_loss(a, p, n, distance_function=manhattan, margin=1.0, swap=True, reduction="none")
    assert loss.tolist() == [1 + 7 - 2]


def test_fractional_pools_of_volumes():
    x = torch.arange(64.0).reshape(1, 1, 4, 4, 4)
    samples = torch.full((1, 1, 3), 0.5)
    pooled, places = F.fractional_max_pool3d(x, 2, output_size=2, return_indices=True, _random_samples=samples)
    assert pooled.flatten().tolist() == places.flatten().tolist() == [21, 23, 29, 31, 53, 55, 61, 63]


def test_local_responses_across_maps():
    x = torch.arange(1.0, 9.0).reshape(1, 4, 1, 2)
    expected = F.local_response_norm(x, 3, 0.5, 0.75, 1.0)
    close(nn.CrossMapLRN2d(3, 0.5, 0.75, 1)(x), expected.tolist())


def test_linear_cross_entropy():
    if IS_TORCH and not hasattr(nn, "LinearCrossEntropyLoss"):
        pytest.skip("this PyTorch has none")
    loss = nn.LinearCrossEntropyLoss(3, 4)
    x, labels = torch.tensor([[1.0, -1.0, 0.5], [0.0, 2.0, 1.0]]), torch.tensor([3, 0])
    expected = F.cross_entropy(x @ loss.linear.weight.T, labels)
    close(loss(x, labels), expected.tolist())


def test_bases_of_recurrent_layers():
    assert issubclass(nn.LSTM, nn.RNNBase) and issubclass(nn.GRUCell, nn.RNNCellBase)
    assert [w.shape[0] for w in nn.GRU(2, 3).all_weights[0]] == [9, 9, 9, 9]


def test_packed_sequences():
    rnn = nn.utils.rnn
    assert rnn.invert_permutation(torch.tensor([2, 0, 1])).tolist() == [1, 2, 0] and rnn.invert_permutation(None) is None
    padded = torch.tensor([[1.0, 4.0], [2.0, 5.0], [3.0, 0.0]])
    packed = rnn.pack_padded_sequence(padded, [3, 2])
    assert isinstance(packed, rnn.PackedSequence)
    assert packed.data.tolist() == [1, 4, 2, 5, 3] and packed.batch_sizes.tolist() == [2, 2, 1]
    again, lengths = rnn.pad_packed_sequence(packed)
    assert again.tolist() == padded.tolist() and lengths.tolist() == [3, 2]
    assert [s.tolist() for s in rnn.unpad_sequence(padded, torch.tensor([3, 2]))] == [[1, 2, 3], [4, 5]]
    types = {"double": torch.float64, "half": torch.float16, "long": torch.int64, "int": torch.int32, "byte": torch.uint8}
    assert {name: getattr(packed, name)().data.dtype for name in types} == types
    assert not packed.is_pinned() and packed.cpu().data.tolist() == packed.data.tolist()
    with pytest.raises((RuntimeError, AssertionError)):
        packed.cuda()


def test_a_wrong_gradient_is_a_gradcheck_error():
    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    x = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    with pytest.raises(RuntimeError if IS_TORCH else torch.autograd.GradcheckError):  # PyTorch's hides behind the function of its module's name
        torch.autograd.gradcheck(Wrong.apply, (x,))


@ours
def test_classes_behind_what_users_hold():
    contexts = []

    class Keep(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            contexts.append(ctx)
            return x + 1

        @staticmethod
        def backward(ctx, g):
            return g

    x = torch.ones(1, requires_grad=True)
    Keep.apply(x)
    assert isinstance(contexts[0], torch.autograd.function.FunctionCtx) and contexts[0].needs_input_grad == (True,)
    handle = x.register_hook(lambda g: None)
    assert isinstance(handle, torch.utils.hooks.RemovableHandle)
    handle.remove()
    assert issubclass(torch.optim.SGD, torch.optim.optimizer.Built)
    assert isinstance(nn.from_text("Linear(2, 3)"), nn.text.TextModule)
    assert tuple(torch.ones(1).__dlpack_device__()) == (torch.utils.dlpack.DLDeviceType.kDLCPU, 0)
    assert torch.ones(2).storage().tolist() == [1, 1]


def test_samplers_are_samplers():
    data = torch.utils.data
    assert issubclass(data.RandomSampler, data.Sampler) and issubclass(data.BatchSampler, data.Sampler)


def test_what_scripts_ask_and_switch():
    """Questions about other devices and compilers have the answers of a CPU; switches are accepted."""
    assert torch.cuda.is_bf16_supported() is False or IS_TORCH
    assert not torch.jit.is_tracing()
    torch.jit.export(lambda x: x)
    torch.compiler.reset() if not IS_TORCH else None
    with torch.autograd.detect_anomaly(check_nan=False):
        pass
    torch.autograd.set_detect_anomaly(False)
    for backend in ("mkl", "mkldnn", "openmp"):
        assert getattr(torch.backends, backend).is_available() in (True, False)
    if not IS_TORCH:
        assert torch.cuda.memory_reserved() == torch.cuda.max_memory_reserved() == 0
