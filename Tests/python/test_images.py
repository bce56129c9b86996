"""Convolution, pooling and resampling: layers, words as options, what is refused."""

import pytest

from engine import close, ours, torch

nn, F = torch.nn, torch.nn.functional


def image(*shape):
    n = 1
    for s in shape:
        n *= s
    return torch.tensor([float(i * 7 % 11 - 5) for i in range(n)]).reshape(shape)


def test_convolution_layers_of_every_dimension():
    for kind, n in ((nn.Conv1d, 1), (nn.Conv2d, 2), (nn.Conv3d, 3)):
        layer = kind(4, 6, 3, stride=2, padding=1, groups=2)
        assert sorted(layer.state_dict()) == ["bias", "weight"] and layer.weight.shape == (6, 2) + (3,) * n and layer.bias.shape == (6,)
        bound = (2 * 3**n) ** -0.5
        assert float(layer.weight.detach().abs().max()) <= bound and float(layer.weight.detach().abs().max()) > bound / 4
        assert layer(torch.ones((2, 4) + (5,) * n)).shape == (2, 6) + (3,) * n
        assert f"4, 6, kernel_size={(3,) * n}, stride={(2,) * n}, padding={(1,) * n}, groups=2" in repr(layer)
    for kind, n in ((nn.ConvTranspose1d, 1), (nn.ConvTranspose2d, 2), (nn.ConvTranspose3d, 3)):
        layer = kind(4, 6, 3, stride=2, groups=2)
        assert layer.weight.shape == (4, 3) + (3,) * n
        y = layer(torch.ones((1, 4) + (2,) * n))
        assert y.shape == (1, 6) + (5,) * n
        assert layer(torch.ones((1, 4) + (2,) * n), output_size=(6,) * n).shape == (1, 6) + (6,) * n
        with pytest.raises(ValueError):
            layer(torch.ones((1, 4) + (2,) * n), output_size=(7,) * n)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_padding_modes_continue_the_image(mode):
    expected = {"reflect": [2, 1, 2, 3, 4, 3], "replicate": [1, 1, 2, 3, 4, 4], "circular": [4, 1, 2, 3, 4, 1]}[mode]
    layer = nn.Conv1d(1, 1, 1, padding=1, padding_mode=mode, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.ones(1, 1, 1))
    assert close(layer(torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])), [[expected]])
    same = nn.Conv2d(2, 3, (2, 3), padding="same", padding_mode=mode)
    assert same(image(1, 2, 4, 5)).shape == (1, 3, 4, 5)
    assert f"padding_mode={mode}" in repr(same)
    with pytest.raises(ValueError):
        nn.ConvTranspose2d(1, 1, 2, padding_mode=mode)


def test_convolution_is_cross_correlation():
    x, w = torch.tensor([[[1.0, 2.0, 4.0]]]), torch.tensor([[[1.0, 10.0]]])
    assert close(F.conv1d(x, w), [[[21, 42]]])


def test_pooling_layers_of_every_dimension():
    x = image(2, 3, 6, 5, 7)
    assert nn.MaxPool3d(2)(x).shape == nn.AvgPool3d(2)(x).shape == (2, 3, 3, 2, 3)
    values, indices = nn.MaxPool3d((2, 1, 3), return_indices=True)(x)
    assert close(x.reshape(2, 3, -1).gather(2, indices.reshape(2, 3, -1)), values.reshape(2, 3, -1).tolist())
    for kind, size in ((nn.AdaptiveAvgPool3d, (2, None, 3)), (nn.AdaptiveMaxPool3d, (2, None, 3))):
        assert kind(size)(x).shape == (2, 3, 2, 5, 3)
    values, indices = nn.AdaptiveMaxPool2d((4, 3), return_indices=True)(x[0])
    assert close(x[0].reshape(3, 6, -1).gather(2, indices.reshape(3, 6, -1)), values.reshape(3, 6, -1).tolist())
    assert nn.LPPool2d(2, 3, stride=2)(x[0]).shape == (3, 6, 2, 3)
    assert repr(nn.LPPool1d(2, 3)) == "LPPool1d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)"
    assert repr(nn.MaxUnpool2d(2)) == "MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))"
    assert repr(nn.AdaptiveMaxPool1d(4)) == "AdaptiveMaxPool1d(output_size=4)"


@pytest.mark.parametrize("n", [1, 2, 3])
def test_unpooling_is_the_way_back(n):
    x = image(1, 2, *(5, 4, 6)[:n])
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[n - 1]
    back = (nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d)[n - 1](2)
    values, indices = pool(x, 2, return_indices=True)
    y = back(values, indices, output_size=x.shape)
    assert y.shape == x.shape and close(y[y != 0], x[y != 0].tolist())
    assert close(pool(y.clamp(min=0), 2), values.clamp(min=0).tolist())
    with pytest.raises(ValueError):
        back(values, indices, output_size=[9] * n)


def test_max_pool_pads_with_minus_infinity_and_ties_go_to_the_first():
    assert close(F.max_pool1d(torch.tensor([[[-3.0, -2.0]]]), 2, 1, 1), [[[-3, -2, -2]]])
    x = torch.tensor([[[1.0, 1.0, 1.0, 1.0]]], requires_grad=True)
    F.max_pool1d(x, 2).sum().backward()
    assert close(x.grad, [[[1, 0, 1, 0]]])


def test_the_last_window_of_ceil_mode_starts_in_the_image():
    x = torch.arange(5).reshape(1, 1, 5).to(torch.float32)
    assert F.max_pool1d(x, 2, 2, 1).shape[-1] == 3
    assert F.max_pool1d(x, 2, 2, 1, ceil_mode=True).shape[-1] == 3
    assert F.max_pool1d(x, 2, 3, ceil_mode=True).shape[-1] == 2
    assert F.max_pool1d(x[..., :4], 1, 4, ceil_mode=True).shape[-1] == 1


def test_avg_pool_counts_padding_by_default():
    x = torch.ones(1, 1, 2, 2, 2)
    assert close(F.avg_pool3d(x, 2, 2, 1), [[[[[0.125] * 2] * 2] * 2]])
    assert close(F.avg_pool3d(x, 2, 2, 1, count_include_pad=False), [[[[[1.0] * 2] * 2] * 2]])


def test_columns_and_back():
    x = image(2, 3, 4, 5)
    y = nn.Unfold(2)(x)
    assert y.shape == (2, 12, 12)
    counts = nn.Fold((4, 5), 2)(nn.Unfold(2)(torch.ones(2, 3, 4, 5)))
    assert close(nn.Fold((4, 5), 2)(y) / counts, x.tolist())
    w = image(2, 3, 2, 2)
    assert close((w.reshape(2, -1) @ y).reshape(2, 2, 3, 4), F.conv2d(x, w).tolist())
    assert repr(nn.Unfold(2)) == "Unfold(kernel_size=2, dilation=1, padding=0, stride=1)"


def test_interpolation_counts_from_edge_to_edge_by_default():
    x = torch.tensor([[[0.0, 4.0]]])
    assert close(F.interpolate(x, 4, mode="linear"), [[[0, 1, 3, 4]]])
    assert close(F.interpolate(x, 4, mode="linear", align_corners=True), [[[0, 4 / 3, 8 / 3, 4]]])
    assert close(F.interpolate(x, scale_factor=2), [[[0, 0, 4, 4]]])


def test_upsampling_layers():
    x = image(1, 2, 3, 4)
    assert nn.Upsample(scale_factor=2)(x).shape == (1, 2, 6, 8)
    assert nn.UpsamplingNearest2d(size=5)(x).shape == (1, 2, 5, 5)
    assert close(nn.UpsamplingBilinear2d(scale_factor=2)(x), F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True).tolist())
    assert repr(nn.Upsample(scale_factor=2, mode="bilinear")) == "Upsample(scale_factor=2.0, mode='bilinear')"
    assert repr(nn.Upsample((4, 4))) == "Upsample(size=(4, 4), mode='nearest')"


def test_an_identity_grid_reads_the_image_itself():
    x = image(2, 3, 4, 5)
    theta = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]] * 2)
    for corners in (False, True):
        for mode in ("bilinear", "nearest", "bicubic"):
            grid = F.affine_grid(theta, x.shape, corners)
            assert close(F.grid_sample(x, grid, mode, "border", corners), x.tolist(), 1e-4)


def test_positions_that_are_no_numbers_are_survived():
    x = image(1, 1, 3, 3)
    inf = float("inf")
    grid = torch.tensor([[[[inf, 0.0], [float("nan"), 0.5], [-inf, 1e30]]]])
    for padding in ("zeros", "border", "reflection"):
        for mode in ("bilinear", "nearest", "bicubic"):
            assert F.grid_sample(x, grid, mode, padding, False).shape == (1, 1, 1, 3)


def test_fractional_pooling_with_given_samples():
    x = image(2, 2, 9, 9)
    samples = torch.tensor([[[0.1, 0.7], [0.5, 0.2]], [[0.9, 0.3], [0.0, 0.6]]])
    y, at = F.fractional_max_pool2d(x, 2, (4, 5), return_indices=True, _random_samples=samples)
    assert y.shape == (2, 2, 4, 5) and close(x.reshape(2, 2, -1).gather(2, at.reshape(2, 2, -1)), y.reshape(2, 2, -1).tolist())
    # windows of plane (0, 0): rows from samples[..., 1], columns from samples[..., 0]
    assert at[0, 0, :, 0].tolist() != at[0, 1, :, 0].tolist()
    assert nn.FractionalMaxPool3d(2, output_ratio=0.5)(image(1, 2, 6, 6, 6)).shape == (1, 2, 3, 3, 3)
    with pytest.raises(ValueError):
        nn.FractionalMaxPool2d(2)


@pytest.mark.parametrize("call", [
    lambda x: F.conv3d(x, torch.ones(1, 2, 4, 1, 1)),
    lambda x: F.conv3d(x, torch.ones(1, 2, 1, 1, 1), stride=(1, 0, 1)),
    lambda x: F.conv3d(x, torch.ones(1, 2, 1, 1, 1), padding=(-1, 0, 0)),
    lambda x: F.conv3d(x, torch.ones(1, 2, 1, 1)),
    lambda x: F.conv_transpose3d(x, torch.ones(2, 1, 1, 1, 1), output_padding=1),
    lambda x: F.max_pool3d(x, 0),
    lambda x: F.max_pool3d(x, 2, padding=2),
    lambda x: F.max_pool3d(x, 4),
    lambda x: F.avg_pool3d(x, (1, 2)),
    lambda x: F.max_pool3d(x[0, 0], 1),
    lambda x: F.adaptive_avg_pool3d(x, -1),
    lambda x: F.adaptive_max_pool3d(x, (1, 2)),
    lambda x: F.adaptive_max_pool3d(x[0, 0], 1),
    lambda x: F.unfold(x, 2),
    lambda x: F.unfold(x[0], 4),
    lambda x: F.unfold(x[0], 2, stride=0),
    lambda x: F.fold(x[0, 0], (3, 3), 2),
    lambda x: F.interpolate(x, 2, mode="bicubic"),
    lambda x: F.interpolate(x, 2, mode="nowhere"),
    lambda x: F.interpolate(x, scale_factor=0.1),
    lambda x: F.interpolate(x, scale_factor=float("nan")),
    lambda x: F.interpolate(x, (1, 2)),
    lambda x: F.interpolate(x, 2, mode="trilinear", antialias=True),
    lambda x: F.grid_sample(x, torch.ones(1, 1, 1, 1, 2)),
    lambda x: F.grid_sample(x, torch.ones(1, 1, 1, 1, 3), mode="bicubic"),
    lambda x: F.grid_sample(x[0], torch.ones(1, 1, 1, 2)),
    lambda x: F.affine_grid(torch.ones(1, 2, 3), (1, 1, 0, 2), False),
    lambda x: F.affine_grid(torch.ones(1, 2, 3), (2, 1, 2, 2), False),
    lambda x: nn.Conv2d(2, 2, 1, padding_mode="mirror"),
    lambda x: nn.Conv3d(3, 2, 1, groups=2),
])
def test_what_does_not_fit_is_refused(call):
    with pytest.raises((ValueError, RuntimeError, NotImplementedError, AssertionError, TypeError)):
        call(torch.ones(1, 2, 3, 3, 3))


@ours
@pytest.mark.parametrize("call", [
    lambda big: F.conv1d(torch.ones(1, 1, 3), torch.ones(1, 1, 1), stride=big),
    lambda big: F.conv1d(torch.ones(1, 1, 3), torch.ones(1, 1, 1), dilation=big),
    lambda big: F.max_pool2d(torch.ones(1, 1, 3, 3), big),
    lambda big: F.unfold(torch.ones(1, 1, 3, 3), big),
    lambda big: F.unfold(torch.ones(1, 1, 3, 3), 1, padding=big),
    lambda big: F.fold(torch.ones(1, 1, 1), big, 1),
    lambda big: F.interpolate(torch.ones(1, 1, 3), big),
    lambda big: F.interpolate(torch.ones(1, 1, 3), scale_factor=float(big)),
    lambda big: F.adaptive_avg_pool1d(torch.ones(1, 1, 3), big),
    lambda big: F.adaptive_max_pool1d(torch.ones(1, 1, 3), big),
    lambda big: F.affine_grid(torch.ones(1, 2, 3), (1, 1, big, big), False),
    lambda big: torch._core._max_unpool(torch.ones(1, 1, 1), torch.zeros(1, 1, 1, dtype=torch.int64), big),
])
@pytest.mark.parametrize("big", [2**63 - 1, -(2**63), 2**40])
def test_numbers_beyond_reason_are_errors(call, big):
    with pytest.raises((ValueError, RuntimeError, MemoryError)):
        call(big)


@ours
def test_second_derivatives_of_pools_of_three_dimensions():
    x = image(1, 1, 3, 3, 4).to(torch.float64).requires_grad_(True)
    w = image(1, 1, 2, 2, 3).to(torch.float64).requires_grad_(True)
    check = torch.autograd.gradgradcheck
    check(lambda x, w: F.conv3d(x, w, stride=(1, 1, 2)).square(), (x, w))
    check(lambda x: F.avg_pool3d(x, 2, ceil_mode=True).square(), (x,))
    check(lambda x: F.interpolate(x, (2, 4, 3), mode="trilinear").square(), (x,))


@ours
def test_the_same_bits_for_any_number_of_threads():
    def bits(threads):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        x = torch.randn(4, 8, 6, 20, 20).requires_grad_(True)
        w = torch.randn(8, 8, 3, 3, 3).requires_grad_(True)
        y = F.interpolate(F.max_pool3d(F.conv3d(x, w, padding=1), 2), scale_factor=2.0, mode="trilinear")
        y = F.fold(F.unfold(y[:, :, 0], 3), (20, 20), 3)
        y.square().sum().backward()
        return y.tolist(), x.grad.tolist(), w.grad.tolist()

    before = torch.get_num_threads()
    try:
        assert bits(1) == bits(5)
    finally:
        torch.set_num_threads(before)
