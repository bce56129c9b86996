"""One network of every kind of module: text, inputs. Shared by test_modules.py and Golden/families_modules.py, where PyTorch runs them.

An input is a shape (normal numbers), or ("int", below, shape), ("bool", shape), ("positive", shape), ("signs", shape), or a tuple (value, …) of
labels. state: what the module must be given first, as a buffer of that shape.
"""

CASES = [
    # text, inputs, number of results
    ("Identity()", [(3, 2)], 1),
    ("Linear(3, 4)", [(2, 3)], 1),
    ("Linear(3, 4, bias=False)", [(2, 5, 3)], 1),
    ("NonDynamicallyQuantizableLinear(3, 4)", [(2, 3)], 1),
    ("Bilinear(3, 4, 2)", [(2, 5, 3), (2, 5, 4)], 1),
    ("Bilinear(3, 2, 4, bias=False)", [(2, 3), (2, 2)], 1),
    ("Embedding(7, 3, padding_idx=-2)", [("int", 7, (2, 4))], 1),
    ("Conv1d(2, 4, 3, stride=2, padding=1)", [(2, 2, 9)], 1),
    ("Conv1d(2, 4, 2, padding='same', dilation=3)", [(2, 9)], 1),
    ("Conv2d(4, 6, (3, 2), padding=(1, 0), groups=2, bias=False)", [(2, 4, 5, 6)], 1),
    ("Conv2d(2, 3, 4, padding='same')", [(1, 2, 7, 7)], 1),
    ("Conv2d(2, 3, 4, padding='valid', dilation=2)", [(1, 2, 9, 9)], 1),
    ("Conv1d(2, 3, 3, padding=2, padding_mode='reflect')", [(2, 2, 5)], 1),
    ("Conv2d(2, 3, (2, 3), padding='same', padding_mode='replicate')", [(2, 4, 5)], 1),
    ("Conv3d(1, 2, 2, padding=(1, 0, 2), padding_mode='circular')", [(1, 1, 2, 3, 3)], 1),
    ("ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2)", [(2, 2, 4, 4)], 1),
    ("MaxPool1d(3, stride=2, padding=1)", [(2, 3, 8)], 1),
    ("MaxPool2d(2)", [(2, 3, 6, 6)], 1),
    ("MaxPool2d((3, 2), stride=(2, 1), padding=1, dilation=1, ceil_mode=True)", [(2, 3, 6, 6)], 1),
    ("AvgPool1d(2, padding=1, count_include_pad=False)", [(2, 3, 8)], 1),
    ("AvgPool2d(3, stride=2, ceil_mode=True, divisor_override=4)", [(2, 3, 6, 6)], 1),
    ("AdaptiveAvgPool2d((2, 3))", [(2, 3, 6, 7)], 1),
    ("BatchNorm1d(3)", [(4, 3)], 1),
    ("BatchNorm1d(3, momentum=None, affine=False)", [(4, 3, 2)], 1),
    ("BatchNorm2d(3, track_running_stats=False)", [(2, 3, 4, 4)], 1),
    ("BatchNorm3d(2, eps=1e-3)", [(2, 2, 2, 3, 2)], 1),
    ("LayerNorm((2, 3))", [(4, 2, 3)], 1),
    ("LayerNorm(3, bias=False)", [(4, 3)], 1),
    ("RMSNorm(3)", [(4, 3)], 1),
    ("GroupNorm(2, 4)", [(2, 4, 3)], 1),
    ("Dropout(0.5)", [(4, 3)], 1),
    ("ReLU()", [(4, 3)], 1),
    ("ReLU6()", [(4, 3)], 1),
    ("Sigmoid()", [(4, 3)], 1),
    ("Tanh()", [(4, 3)], 1),
    ("GELU()", [(4, 3)], 1),
    ("GELU(approximate='tanh')", [(4, 3)], 1),
    ("Softplus()", [(4, 3)], 1),
    ("Softplus(beta=2.0)", [(4, 3)], 1),
    ("Hardtanh(-0.5, 0.25)", [(4, 3)], 1),
    ("Softmax(dim=1)", [(4, 3)], 1),
    ("LogSoftmax(dim=0)", [(4, 3)], 1),
    ("Softmin(dim=-1)", [(4, 3)], 1),
    ("ConstantPad1d(2, 3.5)", [(2, 3)], 1),
    ("ConstantPad2d((1, -1, 0, 2), 0)", [(2, 3, 4)], 1),
    ("ConstantPad3d(1, -1.5)", [(1, 2, 1, 2, 2)], 1),
    ("ZeroPad1d((1, 2))", [(2, 3)], 1),
    ("ZeroPad2d(1)", [(2, 3, 4)], 1),
    ("ZeroPad3d((1, 0, 0, 1, 0, 0))", [(2, 2, 2, 2)], 1),
    ("ReflectionPad1d((2, 1))", [(2, 2, 3)], 1),
    ("ReflectionPad2d((1, 2, 3, 0))", [(2, 4, 4)], 1),
    ("ReflectionPad3d(1)", [(1, 1, 2, 2, 3)], 1),
    ("ReplicationPad1d(3)", [(2, 3)], 1),
    ("ReplicationPad2d((1, 2, 3, 0))", [(1, 2, 2, 3)], 1),
    ("ReplicationPad3d(1)", [(2, 2, 1, 2)], 1),
    ("CircularPad1d((1, 2))", [(2, 3)], 1),
    ("CircularPad2d((2, 0, 1, 3))", [(1, 2, 3, 3)], 1),
    ("CircularPad3d(1)", [(2, 2, 1, 2)], 1),
    ("PixelShuffle(2)", [(2, 8, 2, 3)], 1),
    ("PixelUnshuffle(2)", [(2, 1, 2, 4, 6)], 1),
    ("ChannelShuffle(2)", [(1, 6, 2, 2)], 1),
    ("Flatten()", [(2, 3, 4)], 1),
    ("Unflatten(1, (2, -1))", [(2, 6, 3)], 1),
    ("RNN(3, 4, num_layers=2, nonlinearity='relu')", [(5, 2, 3)], 2),
    ("RNN(3, 4, bias=False, batch_first=True)", [(2, 5, 3)], 2),
    ("LSTM(3, 4, num_layers=2, bidirectional=True)", [(5, 2, 3)], 3),
    ("LSTM(3, 4, proj_size=2)", [(5, 2, 3)], 3),
    ("GRU(3, 4, bidirectional=True)", [(5, 3)], 2),
    ("RNNCell(3, 4)", [(2, 3), (2, 4)], 1),
    ("GRUCell(3, 4, bias=False)", [(2, 3), (2, 4)], 1),
    ("LSTMCell(3, 4)", [(2, 3)], 2),
    ("MultiheadAttention(8, 2)", [(3, 2, 8), (5, 2, 8), (5, 2, 8)], 2),
    ("MultiheadAttention(8, 2, bias=False, kdim=3, vdim=4, batch_first=True, add_bias_kv=True, add_zero_attn=True)",
     [(2, 3, 8), (2, 5, 3), (2, 5, 4)], 2),
    ("TransformerEncoderLayer(8, 2, 16)", [(3, 2, 8)], 1),
    ("TransformerEncoderLayer(8, 2, 16, activation='gelu', batch_first=True, norm_first=True, bias=False)", [(2, 3, 8)], 1),
    ("TransformerEncoder(TransformerEncoderLayer(8, 2, 16), 2, LayerNorm(8))", [(3, 2, 8)], 1),
    ("TransformerDecoderLayer(8, 2, 16, norm_first=True)", [(3, 2, 8), (4, 2, 8)], 1),
    ("TransformerDecoder(TransformerDecoderLayer(8, 2, 16), 2)", [(3, 2, 8), (4, 2, 8)], 1),
    ("Sequential(Linear(3, 4), ReLU(), Linear(4, 2))", [(5, 3)], 1),
    ("EmbeddingBag(7, 3, mode='sum', padding_idx=1)", [("int", 7, (2, 4))], 1),
    ("Conv3d(2, 3, 2, padding=1)", [(1, 2, 3, 4, 3)], 1),
    ("ConvTranspose1d(2, 4, 3, stride=2, bias=False)", [(2, 2, 5)], 1),
    ("ConvTranspose3d(2, 2, 2, stride=2)", [(1, 2, 2, 2, 2)], 1),
    ("MaxPool3d(2)", [(1, 2, 4, 4, 4)], 1),
    ("AvgPool3d(2, stride=1)", [(1, 2, 3, 3, 3)], 1),
    ("LPPool1d(2, 2)", [(1, 2, 6)], 1),
    ("LPPool2d(2.0, (2, 3), stride=1)", [(1, 2, 5, 5)], 1),
    ("LPPool3d(2, 2)", [(1, 2, 4, 4, 4)], 1),
    ("AdaptiveAvgPool1d(3)", [(1, 2, 7)], 1),
    ("AdaptiveAvgPool3d((2, 1, 2))", [(1, 2, 3, 4, 5)], 1),
    ("AdaptiveMaxPool1d(3)", [(1, 2, 7)], 1),
    ("AdaptiveMaxPool2d((2, 3))", [(1, 2, 5, 7)], 1),
    ("AdaptiveMaxPool3d(2)", [(1, 1, 3, 4, 5)], 1),
    ("Upsample(scale_factor=2, mode='bilinear', align_corners=True)", [(1, 2, 3, 4)], 1),
    ("Upsample(size=5)", [(1, 2, 3)], 1),
    ("InstanceNorm1d(3)", [(2, 3, 5)], 1),
    ("InstanceNorm2d(3, affine=True, track_running_stats=True)", [(2, 3, 4, 4)], 1),
    ("InstanceNorm3d(2)", [(2, 2, 2, 3, 2)], 1),
    ("LocalResponseNorm(2)", [(2, 4, 3)], 1),
    ("Dropout1d(0.5)", [(2, 3, 4)], 1),
    ("Dropout2d()", [(2, 3, 4, 4)], 1),
    ("Dropout3d()", [(2, 3, 2, 2, 2)], 1),
    ("AlphaDropout(0.2)", [(4, 3)], 1),
    ("FeatureAlphaDropout(0.2)", [(2, 3, 4)], 1),
    ("LeakyReLU(0.2)", [(4, 3)], 1),
    ("PReLU(3)", [(4, 3)], 1),
    ("RReLU(0.1, 0.3)", [(4, 3)], 1),
    ("ELU(alpha=0.5)", [(4, 3)], 1),
    ("SELU()", [(4, 3)], 1),
    ("CELU(2.0)", [(4, 3)], 1),
    ("SiLU()", [(4, 3)], 1),
    ("Mish()", [(4, 3)], 1),
    ("Softsign()", [(4, 3)], 1),
    ("Softshrink()", [(4, 3)], 1),
    ("Hardshrink(0.25)", [(4, 3)], 1),
    ("Tanhshrink()", [(4, 3)], 1),
    ("Hardsigmoid()", [(4, 3)], 1),
    ("Hardswish()", [(4, 3)], 1),
    ("LogSigmoid()", [(4, 3)], 1),
    ("Threshold(0.1, 20)", [(4, 3)], 1),
    ("GLU()", [(4, 6)], 1),
    ("Softmax2d()", [(2, 3, 2, 2)], 1),
    ("CosineSimilarity(dim=0)", [(4, 3), (4, 3)], 1),
    ("PairwiseDistance()", [(4, 3), (4, 3)], 1),
    ("L1Loss()", [(4, 3), (4, 3)], 1),
    ("SmoothL1Loss(beta=0.5)", [(4, 3), (4, 3)], 1),
    ("HuberLoss(delta=0.5)", [(4, 3), (4, 3)], 1),
    ("KLDivLoss(reduction='batchmean')", [(4, 3), ("unit", (4, 3))], 1),
    ("GaussianNLLLoss()", [(4, 3), (4, 3), ("positive", (4, 3))], 1),
    ("PoissonNLLLoss()", [(4, 3), ("positive", (4, 3))], 1),
    ("BCELoss()", [("unit", (4, 3)), ("bits", (4, 3))], 1),
    ("HingeEmbeddingLoss()", [(4, 3), ("signs", (4, 3))], 1),
    ("MarginRankingLoss(margin=0.5)", [(4,), (4,), ("signs", (4,))], 1),
    ("CosineEmbeddingLoss()", [(4, 3), (4, 3), ("signs", (4,))], 1),
    ("TripletMarginLoss(swap=True)", [(4, 3), (4, 3), (4, 3)], 1),
    ("SoftMarginLoss()", [(4, 3), ("signs", (4, 3))], 1),
    ("MultiMarginLoss()", [(4, 3), ("int", 3, (4,))], 1),
    ("MultiLabelMarginLoss()", [(2, 3), ("int", 3, (2, 3))], 1),
    ("MultiLabelSoftMarginLoss()", [(4, 3), ("bits", (4, 3))], 1),
    ("CTCLoss()", [(6, 2, 4), ("int", 3, (2, 2)), ("fives", (2,)), ("twos", (2,))], 1),
    ("MSELoss()", [(4, 3), (4, 3)], 1),
    ("MSELoss(reduction='sum')", [(4, 3), (4, 3)], 1),
    ("CrossEntropyLoss(ignore_index=1, label_smoothing=0.25)", [(4, 3), ("int", 3, (4,))], 1),
    ("NLLLoss(reduction='none')", [(4, 3), ("int", 3, (4,))], 1),
    ("BCEWithLogitsLoss()", [(4, 3), ("bits", (4, 3))], 1),
]
# Containers that have no forward of their own: their names are looked at in the tests.
WITHOUT_FORWARD = {"Module", "ModuleList", "ModuleDict", "ParameterList"}


def numbers(shape, seed):
    """Fixed numbers for a shape, the same in every language: a linear congruence, between −1.5 and 1.5, none of them near 0."""
    n = 1
    for size in shape:
        n *= size
    state, out = seed * 7919 + 12345, []
    for _ in range(n):
        state = (state * 1103515245 + 12345) % (1 << 31)
        x = (state >> 8) % 1024 / 1024 * 3 - 1.5
        out.append(x + (0.125 if x >= 0 else -0.125))
    return out


def make_input(torch, spec, seed):
    kind, shape = (spec[0], spec[-1]) if isinstance(spec[0], str) else ("float", spec)
    raw = numbers(shape, seed)
    if kind == "int":
        return torch.tensor([int((x + 2) * 1000) % spec[1] for x in raw]).reshape(shape)
    if kind in ("fives", "twos"):
        return torch.tensor([5 if kind == "fives" else 2] * len(raw))
    if kind == "bits":
        raw = [float(x > 0) for x in raw]
    if kind == "signs":
        raw = [1.0 if x > 0 else -1.0 for x in raw]
    if kind == "positive":
        raw = [abs(x) for x in raw]
    if kind == "unit":
        raw = [min(abs(x) / 2, 0.9) for x in raw]
    return torch.tensor(raw).reshape(shape)


def build(nn, text):
    """The same module from the classes of an nn that calls itself PyTorch's."""

    class Names(dict):
        def __missing__(self, name):
            return nn.Linear if name == "NonDynamicallyQuantizableLinear" else getattr(nn, name)

    return eval(text, {}, Names())


def fill(torch, module):
    """Fixed values for every parameter and floating buffer; variances stay positive."""
    state = {}
    for i, (name, value) in enumerate(module.state_dict().items()):
        new = torch.tensor(numbers(tuple(value.shape), i + 1)).reshape(tuple(value.shape)) * 0.3
        state[name] = new.abs() + 0.5 if name.endswith("running_var") else new if value.is_floating_point() else value
    module.load_state_dict(state)


def results(output):
    """The tensors of an output, tuples flattened."""
    if isinstance(output, tuple):
        return [t for part in output for t in results(part)]
    return [] if output is None else [output]
