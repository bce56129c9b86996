"""Losses, bags, embedding options, dropout and norms at their edges, attention of several heads: losses.json."""

from recording import Family, t

FLOATS = ("float32", "float64")
F = "nn.functional."


def losses():
    f = Family("losses", "Losses and lookups: options and edge rules that PyTorch's samples leave out.", grid=10)
    x = lambda *shape, **more: t(f.values(*shape), **more)
    smooth = dict(condition=True)
    fixed = dict(grad=False)
    ints = lambda data: t(data, "int64")

    # Pairs: at the joint of huber and smooth l1, at 0, for NaN and ∞.
    edge = lambda dtype: (t([0.0, 0.5, -0.5, 2.0, -3.0, 0.25], dtype), t([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], dtype))
    for dtype in FLOATS:
        f.add(f"l1_loss-zero-{dtype}", F + "l1_loss", *edge(dtype), reduction="sum")
        f.add(f"smooth_l1_loss-joint-{dtype}", F + "smooth_l1_loss", *edge(dtype), beta=0.5, reduction="none")
        f.add(f"huber_loss-joint-{dtype}", F + "huber_loss", *edge(dtype), delta=0.5, reduction="none")
        f.add(f"smooth_l1_loss-beta-0-{dtype}", F + "smooth_l1_loss", *edge(dtype), beta=0.0)
        f.add(f"smooth_l1_loss-second-{dtype}", F + "smooth_l1_loss", x(2, 3, dtype=dtype), x(2, 3, dtype=dtype), beta=1.5, second=True, **smooth)
    f.add("smooth_l1_loss-large", F + "smooth_l1_loss", t([float("inf"), 3.0, float("nan")]), t([0.0, 0.0, 0.0], **fixed), reduction="none", gradient=False)
    f.add("huber_loss-differs", F + "huber_loss", t([3.0]), t([0.0]), delta=2.0)
    for name in ("l1_loss", "mse_loss", "huber_loss"):
        for reduction in ("mean", "sum", "none"):
            f.add(f"{name}-weight-{reduction}", F + name, x(2, 3), x(2, 3), weight=t([[1.0, 2.0, 0.5], [3.0, 1.0, 0.0]], **fixed), reduction=reduction, **smooth)
    f.add("mse_loss-broadcast", F + "mse_loss", x(2, 3), x(3), **smooth)
    f.raises("huber_loss-delta", F + "huber_loss", x(2), x(2), delta=0.0)
    f.raises("smooth_l1_loss-beta", F + "smooth_l1_loss", x(2), x(2), beta=-1.0)
    f.raises("mse_loss-weight-shape", F + "mse_loss", x(2, 3), x(2, 3), weight=x(3))
    f.raises("l1_loss-reduction", F + "l1_loss", x(2), x(2), reduction="batchmean")

    # Probabilities 0 and 1: the loss is 100, the gradient limited.
    ends = lambda dtype: t([0.0, 1.0, 0.0, 1.0, 0.3, 1e-7], dtype)
    for dtype in FLOATS:
        f.add(f"binary_cross_entropy-ends-{dtype}", F + "binary_cross_entropy", ends(dtype), t([0.0, 1.0, 1.0, 0.0, 0.4, 0.0], dtype, **fixed), reduction="none")
    # In float64 PyTorch's second derivative is 6e-12 from the true one: its limit is added there.
    f.add("binary_cross_entropy-second", F + "binary_cross_entropy", t([0.2, 0.5, 0.9]), t([0.3, 0.8, 0.1]), second=True, **smooth)
    f.add("binary_cross_entropy-weight", F + "binary_cross_entropy", t([[0.2, 0.5], [0.9, 0.1]]), t([[0.0, 1.0], [0.5, 1.0]], **fixed), weight=t([2.0, 0.5], **fixed), reduction="sum")
    f.raises("binary_cross_entropy-range", F + "binary_cross_entropy", t([0.5, 1.5]), t([0.0, 1.0], **fixed))
    f.raises("binary_cross_entropy-target", F + "binary_cross_entropy", t([0.5, 0.5]), t([0.0, 1.5], **fixed))
    f.raises("binary_cross_entropy-nan", F + "binary_cross_entropy", t([0.5, float("nan")]), t([0.0, 1.0], **fixed))

    for log in (False, True):
        for reduction in ("batchmean", "mean", "sum", "none"):
            f.add(f"kl_div-{log}-{reduction}", F + "kl_div", x(2, 3), t([[0.2, 0.5, 0.3], [0.0, 0.9, 0.1]], **fixed), log_target=log, reduction=reduction, **smooth)
    for reduction in ("mean", "none"):
        f.add(f"gaussian_nll_loss-limit-{reduction}", F + "gaussian_nll_loss", x(2, 3), x(2, 3), t([[1.0, 1e-9, 0.0], [0.5, 2.0, 1e-7]]), eps=1e-3, reduction=reduction, **smooth)
    f.add("gaussian_nll_loss-number", F + "gaussian_nll_loss", x(2, 3), x(2, 3), 0.5, full=True, **smooth)
    f.raises("gaussian_nll_loss-negative", F + "gaussian_nll_loss", x(2), x(2), t([1.0, -1.0]))
    f.add("poisson_nll_loss-counts", F + "poisson_nll_loss", x(4), t([0.0, 1.0, 2.0, 5.0], **fixed), full=True, reduction="none", **smooth)
    f.add("poisson_nll_loss-rates", F + "poisson_nll_loss", t([0.5, 0.0, 2.0]), t([1.0, 0.0, 3.0], **fixed), log_input=False, **smooth)

    # Margins, with hinges exactly at 0.
    signs = lambda: t([1.0, -1.0, -1.0, 1.0], **fixed)
    f.add("hinge_embedding_loss-joint", F + "hinge_embedding_loss", t([1.0, 1.0, 0.5, -2.0]), signs(), reduction="none")
    f.add("margin_ranking_loss-joint", F + "margin_ranking_loss", t([1.0, 1.0, 0.0, 3.0]), t([0.5, 0.5, 0.0, 1.0]), signs(), margin=0.5, reduction="none")
    f.add("soft_margin_loss-far", F + "soft_margin_loss", t([30.0, 30.0, -20.0, -40.0]), signs(), reduction="none")
    f.add("cosine_embedding_loss-zero", F + "cosine_embedding_loss", t([[1.0, 2.0], [0.0, 0.0]]), t([[2.0, 1.0], [1.0, 0.0]]), t([1.0, -1.0], **fixed), reduction="none")
    f.add("cosine_embedding_loss-list", F + "cosine_embedding_loss", x(3), x(3), t(-1.0, **fixed), margin=-0.5, **smooth)
    for p in (1.0, 2.0, 3.0):
        f.add(f"triplet_margin_loss-{p}", F + "triplet_margin_loss", x(2, 3), x(2, 3), x(2, 3), margin=4.0, p=p, swap=p == 2.0, **smooth)
    f.add("triplet_margin_loss-same", F + "triplet_margin_loss", t([[1.0, 2.0]]), t([[1.0, 2.0]]), t([[1.0, 2.0]]), eps=0.0)
    f.raises("triplet_margin_loss-margin", F + "triplet_margin_loss", x(2, 3), x(2, 3), x(2, 3), margin=0.0)
    f.raises("triplet_margin_loss-rank", F + "triplet_margin_loss", x(2, 3), x(3), x(2, 3))
    for p in (1, 2):
        f.add(f"multi_margin_loss-{p}", F + "multi_margin_loss", t([[0.5, 1.5, 0.5], [2.0, 0.0, 1.0]]), ints([1, 0]), p=p, weight=t([1.0, 2.0, 0.5], **fixed), reduction="none")
    f.raises("multi_margin_loss-p", F + "multi_margin_loss", x(2, 3), ints([0, 1]), p=3)
    f.raises("multi_margin_loss-label", F + "multi_margin_loss", x(2, 3), ints([0, 3]))
    f.add("multilabel_margin_loss-ended", F + "multilabel_margin_loss", t([[0.1, 0.2, 0.4, 0.8], [1.0, 0.0, 0.0, 0.5]]), ints([[3, 0, -1, 1], [-1, 2, 0, 0]]), reduction="none")
    f.raises("multilabel_margin_loss-label", F + "multilabel_margin_loss", x(1, 3), ints([[0, 3, -1]]))

    # CTC: repeated labels, an empty target, one that cannot be read, a list of all targets.
    lengths = (ints([4, 3, 4]), ints([2, 0, 3]))
    for reduction in ("none", "mean", "sum"):
        for zero in (False, True) if reduction == "none" else (True,):
            f.add(f"ctc_loss-{reduction}-{zero}", F + "ctc_loss", x(4, 3, 3), ints([[1, 1, 0], [1, 2, 1], [2, 2, 2]]), *lengths, reduction=reduction, zero_infinity=zero, gradient=zero, **smooth)
    f.add("ctc_loss-list", F + "ctc_loss", x(5, 2, 4), ints([3, 1, 2]), ints([5, 4]), ints([2, 1]), **smooth)
    f.add("ctc_loss-blank", F + "ctc_loss", x(4, 3), ints([0, 1]), ints(4), ints(2), blank=2, **smooth)
    f.raises("ctc_loss-blank-range", F + "ctc_loss", x(4, 3), ints([0, 1]), ints(4), ints(2), blank=3)
    f.raises("ctc_loss-too-long", F + "ctc_loss", x(4, 1, 3), ints([[1, 2]]), ints([5]), ints([2]))
    f.raises("ctc_loss-lengths", F + "ctc_loss", x(4, 2, 3), ints([[1, 2], [1, 2]]), ints([4, 4]), ints([2, 3]))

    # Lookups.
    for dtype in FLOATS:
        f.add(f"embedding-padding-{dtype}", F + "embedding", ints([[3, 1], [3, 0]]), x(4, 2, dtype=dtype), padding_idx=-1)
        f.add(f"embedding-frequency-{dtype}", F + "embedding", ints([[3, 1], [3, 3]]), x(4, 2, dtype=dtype), scale_grad_by_freq=True, **smooth)
        f.add(f"embedding_bag-frequency-{dtype}", F + "embedding_bag", ints([3, 1, 3, 3, 0]), x(4, 2, dtype=dtype), ints([0, 2, 2]), scale_grad_by_freq=True, mode="sum", **smooth)
    for norm in (1.0, 2.0, 3.0):
        f.add(f"embedding-max_norm-{norm}", F + "embedding", ints([3, 1, 3]), t(f.values(4, 3), grad=False), max_norm=1.0, norm_type=norm, after=True)
    for mode in ("sum", "mean", "max"):
        f.add(f"embedding_bag-ties-{mode}", F + "embedding_bag", ints([1, 1, 2, 0, 2]), t([[1.0, 2.0], [1.0, 5.0], [1.0, 2.0]]), ints([0, 3, 3, 5]), mode=mode)
        f.add(f"embedding_bag-padding-{mode}", F + "embedding_bag", ints([[1, 0], [2, 2]]), x(3, 2), mode=mode, padding_idx=2)
    f.add("embedding_bag-last", F + "embedding_bag", ints([1, 2, 0, 2]), x(3, 2), ints([0, 1, 4]), mode="sum", include_last_offset=True, per_sample_weights=x(4), **smooth)
    f.add("embedding_bag-max_norm", F + "embedding_bag", ints([[1, 2], [0, 2]]), t(f.values(3, 4), grad=False), max_norm=1.0, after=True)
    f.raises("embedding_bag-offsets", F + "embedding_bag", ints([1, 2, 0]), x(3, 2), ints([1, 2]))
    f.raises("embedding_bag-weights", F + "embedding_bag", ints([1, 2, 0]), x(3, 2), ints([0, 2]), mode="mean", per_sample_weights=x(3))
    f.raises("embedding_bag-no-offsets", F + "embedding_bag", ints([1, 2, 0]), x(3, 2))
    f.raises("embedding_bag-index", F + "embedding_bag", ints([1, 3, 0]), x(3, 2), ints([0]))

    # Norms: running statistics, sizes even and odd.
    statistics = lambda: (t([0.5, -1.0, 0.25], grad=False), t([2.0, 0.75, 1.5], grad=False))
    f.add("instance_norm-running", F + "instance_norm", x(2, 3, 4), *statistics(), x(3), x(3), momentum=0.3, after=True, **smooth)
    f.add("instance_norm-evaluation", F + "instance_norm", x(2, 3, 4), *statistics(), use_input_stats=False, **smooth)
    f.add("instance_norm-second", F + "instance_norm", x(2, 2, 3), weight=x(2), second=True, **smooth)
    f.raises("instance_norm-one", F + "instance_norm", x(2, 3, 1))
    f.add("batch_norm-after", F + "batch_norm", x(4, 3), *statistics(), training=True, after=True, **smooth)
    for size in (1, 2, 3, 5, 9):
        f.add(f"local_response_norm-{size}", F + "local_response_norm", x(2, 5, 3), size, alpha=0.5, beta=0.6, k=1.5, **smooth)
    f.raises("local_response_norm-rank", F + "local_response_norm", x(2, 5), 3)

    # Dropout where nothing is random.
    for name in ("dropout", "dropout1d", "alpha_dropout", "feature_alpha_dropout"):
        f.add(f"{name}-all", F + name, x(2, 3, 2), p=1.0, training=True)
        f.add(f"{name}-evaluation", F + name, x(2, 3, 2), p=0.5, training=False)
        f.raises(f"{name}-p", F + name, x(2, 3, 2), p=1.5)

    # Attention of several heads: packed and separate projections, biases, masks.
    op = F + "multi_head_attention_forward"
    w = lambda *shape: x(*shape)
    for causal in (False, True):
        mask = t([[0.0, -float("inf"), -float("inf")], [0.0, 0.0, -float("inf")], [0.0, 0.0, 0.0]], grad=False) if causal else None
        f.add(f"multi_head_attention-{causal}", op, x(3, 2, 4), x(3, 2, 4), x(3, 2, 4), 4, 2, w(12, 4), w(12), None, None, False, 0.0,
              w(4, 4), w(4), attn_mask=mask, is_causal=causal, **smooth)
    f.add("multi_head_attention-bias-zero", op, x(2, 2, 4), x(3, 2, 4), x(3, 2, 4), 4, 2, w(12, 4), None, w(1, 1, 4), w(1, 1, 4), True, 0.0, w(4, 4), None,
          key_padding_mask=t([[False, True, False], [False, False, True]], "bool"), average_attn_weights=False, **smooth)
    f.add("multi_head_attention-separate", op, x(2, 4), x(3, 3), x(3, 5), 4, 2, None, w(12), None, None, False, 0.0, w(4, 4), w(4),
          use_separate_proj_weight=True, q_proj_weight=w(4, 4), k_proj_weight=w(4, 3), v_proj_weight=w(4, 5),
          attn_mask=t([[False, True, False], [False, False, False]], "bool"), **smooth)
    return f


FAMILIES = (losses,)
