"""Products under their own names, einsum's language, factorizations and singular matrices: linalg.json."""

from recording import Family, t

FLOATS = ("float32", "float64")
EQUATIONS = (
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 2)), ("ba,cb", (2, 3), (2, 2)), ("ii->i", (3, 3)), ("ii", (3, 3)), ("ij->ji", (2, 3)),
    ("ij->", (2, 3)), ("iij,j->i", (2, 2, 3), (3,)), ("i,j->ij", (2,), (3,)), ("i,i", (3,), (3,)), ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    ("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 2)), ("...,i->...i", (2, 2), (3,)), ("b...,b->...", (2, 3, 2), (2,)), ("a...b->b...", (2, 3, 2)),
    ("...", (2, 2)), ("i...->...", (2, 3)), ("ij,j,k->ik", (2, 3), (3,), (2,)), ("ij,jk,kl->il", (2, 2), (2, 3), (3, 2)),
    ("abc,cd,ab->d", (2, 2, 3), (3, 2), (2, 2)), ("ij,ij->ij", (2, 3), (2, 3)), ("ij,ij->i", (2, 3), (1, 3)), (" i j , j k -> i k ", (2, 2), (2, 2)),
    ("Aa,ab->bA", (2, 3), (3, 2)), (",i->i", (), (3,)), ("i,->i", (3,), ()), ("iijj->ij", (2, 2, 3, 3)), ("ij,kj->", (2, 2), (3, 2)), ("ij,jk->ki", (2, 0), (0, 2)),
)
REFUSED = (
    ("ij->kk", (2, 2)), ("ij,jk->iz", (2, 2), (2, 2)), ("ij", (2, 2), (2, 2)), ("ij,jk", (2, 2)), ("ijk", (2, 2)), ("i", (2, 2)), ("ij,jk->ik", (2, 3), (2, 2)),
    ("ii", (2, 3)), ("i.j->ij", (2, 2)), ("i1", (2, 2)), ("......", (2, 2)),
)


def linalg():
    f = Family("linalg", "Named products, einsum, factorizations, singular matrices.", grid=10)
    x = lambda *shape, **more: t(f.values(*shape), **more)
    smooth = dict(condition=True)
    for i, (equation, *shapes) in enumerate(EQUATIONS):
        f.add(f"einsum-{i}", "einsum", equation, *[x(*shape) for shape in shapes], **smooth)
    f.add("einsum-second", "einsum", "bij,bjk->bik", x(2, 2, 2, dtype="float64"), x(2, 2, 2, dtype="float64"), second=True, **smooth)
    f.add("einsum-whole", "einsum", "ij,jk->ik", t([[1, 2], [3, 4]], "int64"), t([[5, 6], [7, 8]], "int64"), ulps=(0, 0, 0))
    f.add("einsum-sublists", "einsum", x(2, 3), [0, 1], x(3, 2), [1, 2], [2, 0], **smooth)
    f.add("einsum-sublist-implicit", "einsum", x(2, 3), [1, 0], **smooth)
    for i, (equation, *shapes) in enumerate(REFUSED):
        f.raises(f"einsum-refused-{i}", "einsum", equation, *[x(*shape) for shape in shapes])

    nan = t([[float("nan")] * 2] * 2)
    f.add("addmm-beta-0-nan", "addmm", nan, x(2, 3), x(3, 2), beta=0, **smooth)
    f.add("addmm", "addmm", x(2), x(2, 3), x(3, 2), beta=0.5, alpha=-2, **smooth)
    f.add("addmm-whole", "addmm", t([1, 2], "int64"), t([[1, 2], [3, 4]], "int64"), t([[5, 6], [7, 8]], "int64"), beta=3, alpha=2, ulps=(0, 0, 0))
    f.add("addmv", "addmv", x(2), x(2, 3), x(3), alpha=2, **smooth)
    f.add("addr", "addr", x(2, 3), x(2), x(3), beta=2, **smooth)
    f.add("addbmm", "addbmm", x(1, 2), x(2, 3, 4), x(2, 4, 2), **smooth)
    f.add("baddbmm", "baddbmm", x(2, 1, 2), x(2, 3, 4), x(2, 4, 2), beta=2, alpha=3, **smooth)
    f.add("tensordot-number", "tensordot", x(2, 3, 2), x(3, 2, 2), 2, **smooth)
    f.add("tensordot-none", "tensordot", x(2), x(3), 0, **smooth)
    f.add("tensordot-lists", "tensordot", x(2, 3, 2), x(2, 2, 3), ([1, 0], [2, -2]), **smooth)
    f.add("kron-ranks", "kron", x(2), x(2, 3), **smooth)
    f.add("inner", "inner", x(2, 3), x(2, 2, 3), **smooth)
    f.add("trace-wide", "trace", x(2, 3), **smooth)
    f.add("trace-whole", "trace", t([[1, 2], [3, 4]], "int64"), ulps=(0, 0, 0))
    for op, *shapes in (("mm", (2, 3), (2, 3)), ("mm", (3,), (3, 2)), ("bmm", (2, 2, 2), (1, 2, 2)), ("mv", (2, 3), (2,)), ("dot", (2,), (3,)), ("outer", (2, 2), (2,)),
                        ("addmm", (3,), (2, 2), (2, 2)), ("addmv", (3,), (2, 2), (2,)), ("inner", (2, 3), (2, 2)), ("trace", (2,)), ("tensordot", (2, 3), (3, 2))):
        f.raises(f"{op}-{'-'.join('x'.join(map(str, s)) for s in shapes)}", op, *[x(*s) for s in shapes])

    # Where a matrix is singular PyTorch's gradient of det is 0; ours is the cofactors: Tests/python/test_linalg.py.
    for dtype in FLOATS:
        f.add(f"det-{dtype}-empty", "linalg.det", t(f.values(2, 0, 0), dtype))
        f.add(f"det-{dtype}-second", "linalg.det", x(3, 3, dtype=dtype), second=True, **smooth)
        f.add(f"logdet-{dtype}", "logdet", t([[2.0, 0.5], [0.25, 1.0]], dtype), **smooth)
        f.add(f"slogdet-{dtype}", "linalg.slogdet", t([[0.5, 2.0], [1.0, 1.0]], dtype), **smooth)
        f.add(f"cholesky-{dtype}-upper", "linalg.cholesky", t([[4.0, 1.0], [-9.0, 3.0]], dtype), upper=True, **smooth)
        f.add(f"cholesky-{dtype}-lower", "linalg.cholesky", t([[4.0, 9.0], [1.0, 3.0]], dtype), **smooth)
        f.add(f"inv-{dtype}", "linalg.inv", t([[2.0, 0.5, 0.25], [0.25, 1.0, 0.5], [0.125, 0.5, 2.0]], dtype), second=True, **smooth)
        a = t([[2.0, 0.5], [0.25, 1.0]], dtype)
        f.add(f"solve-{dtype}-vector", "linalg.solve", a, x(2, dtype=dtype), **smooth)
        f.add(f"solve-{dtype}-right", "linalg.solve", a, x(3, 1, 2, dtype=dtype), left=False, **smooth)
        for upper in (False, True):
            for left in (False, True):
                f.add(f"solve_triangular-{dtype}-{upper}-{left}", "linalg.solve_triangular", a, x(2, 2, dtype=dtype), upper=upper, left=left, unitriangular=left != upper, **smooth)
        f.add(f"qr-{dtype}-wide", "linalg.qr", x(2, 3, dtype=dtype), mode="complete", **smooth)
        f.add(f"qr-{dtype}-tall", "linalg.qr", x(3, 2, dtype=dtype), **smooth)
        f.add(f"lu_factor-{dtype}", "linalg.lu_factor", t([[1.0, 2, 0.5], [4, 1, 1], [2, 2, 4]], dtype), **smooth)
    f.add("logdet-negative", "logdet", t([[0.0, 1.0], [1.0, 0.0]], grad=False))
    f.add("logdet-zero", "logdet", t([[1.0, 2.0], [2.0, 4.0]], grad=False))
    f.add("slogdet-zero", "linalg.slogdet", t([[1.0, 2.0], [2.0, 4.0]], grad=False))
    bad = t([[1.0, 2.0], [2.0, 4.0]])
    for op in ("linalg.inv", "linalg.lu_factor"):
        f.raises(f"{op}-singular", op, bad)
    f.raises("solve-singular", "linalg.solve", bad, x(2, 2))
    f.raises("cholesky-indefinite", "linalg.cholesky", t([[1.0, 2.0], [2.0, 1.0]]))
    f.raises("cholesky-not-square", "linalg.cholesky", x(2, 3))
    f.raises("solve-shapes", "linalg.solve", x(2, 2), x(3, 2))
    f.raises("det-vector", "linalg.det", x(3))
    return f


FAMILIES = (linalg,)
