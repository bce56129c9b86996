/* ---------------------------------------------------------------------------------------------------------------
 * Matrix products and linear algebra
 * ------------------------------------------------------------------------------------------------------------- */

/* Two tensors and nothing else. f: the function */
static PyObject *run_product(const Row *r, PyObject **v) {
  TENSOR(0, a);
  TENSOR(1, b);
  return wrap(((Two)r->f)(a, b));
}

/* addmm and its like: (input, a, b, *, beta=1, alpha=1) */
typedef bp_tensor *(*AddProduct)(const bp_tensor *, const bp_tensor *, const bp_tensor *, double, double);
static PyObject *run_addmm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, a);
  TENSOR(2, b);
  DOUBLE_OR(3, beta, 1);
  DOUBLE_OR(4, alpha, 1);
  return wrap(((AddProduct)r->f)(x, a, b, beta, alpha));
}

/* tensordot(a, b, dims=2): the last dims of a with the first of b, or two lists */
static PyObject *run_tensordot(const Row *r, PyObject **v) {
  int64_t x[BP_MAX_DIMS], y[BP_MAX_DIMS];
  TENSOR(0, a);
  TENSOR(1, b);
  int n = 2, m;
  if (!absent(v[2]) && PySequence_Check(v[2]) && !is_tensor(v[2])) {
    PyObject *first = PySequence_GetItem(v[2], 0), *second = first ? PySequence_GetItem(v[2], 1) : NULL;
    n = second ? as_sizes(r->name, "dims", first, x) : -1;
    m = n >= 0 ? as_sizes(r->name, "dims", second, y) : -1;
    Py_XDECREF(first);
    Py_XDECREF(second);
    if (n < 0 || m < 0) return NULL;
    if (n != m) return PyErr_Format(PyExc_RuntimeError, "tensordot(): dims name %d and %d dimensions", n, m);
  } else {
    INT_OR(2, dims, 2);
    if (dims < 0) return PyErr_Format(PyExc_RuntimeError, "tensordot(): dims must not be negative, it is %lld", (long long)dims);
    if (dims > bp_ndim(a) || dims > bp_ndim(b)) return PyErr_Format(PyExc_RuntimeError, "tensordot(): dims is %lld, the tensors have %d and %d dimensions", (long long)dims, (int)bp_ndim(a), (int)bp_ndim(b));
    n = (int)dims;
    for (int i = 0; i < n; i++) x[i] = bp_ndim(a) - n + i, y[i] = i;
  }
  return wrap(bp_tensordot(a, b, n, x, y));
}

/* A sublist [0, Ellipsis, 3] as letters of an equation. Returns the new end, or NULL with an exception. */
static char *append_sublist(char *p, char *end, PyObject *list) {
  Py_ssize_t n = PySequence_Size(list);
  for (Py_ssize_t i = 0; n >= 0 && i < n; i++) {
    PyObject *item = PySequence_GetItem(list, i);
    int64_t k = 0;
    int dots = item == Py_Ellipsis, bad = !item || (!dots && as_int64("einsum", "sublist", item, &k));
    Py_XDECREF(item);
    if (bad) return NULL;
    if (k < 0 || k > 51) return PyErr_Format(PyExc_RuntimeError, "einsum(): subscripts must be 0 to 51, got %lld", (long long)k), NULL;
    if (end - p < 4) return PyErr_Format(PyExc_RuntimeError, "einsum(): too many subscripts"), NULL;
    if (dots) memcpy(p, "...", 3), p += 3;
    else *p++ = (char)(k < 26 ? 'A' + k : 'a' + k - 26);
  }
  return n < 0 ? NULL : p;
}

/* einsum("ij,jk->ik", a, b), einsum("…", [a, b]), einsum(a, [0, 1], b, [1, 2], [0, 2]) */
static PyObject *run_einsum(const Row *r, PyObject **v) {
  enum { MOST = 64 };
  bp_tensor *operands[MOST];
  char text[1024], *p = text;
  const char *equation = text;
  int32_t n = 0;
  PyObject *rest = v[1] && (PyTuple_Check(v[1]) || PyList_Check(v[1])) ? PySequence_Tuple(v[1]) : v[1] ? PyTuple_Pack(1, v[1]) : PyTuple_New(0), *result = NULL;
  if (!rest) return NULL;
  Py_ssize_t count = PyTuple_Size(rest);
  if (PyUnicode_Check(v[0])) {
    if (count == 1 && (PyTuple_Check(PyTuple_GetItem(rest, 0)) || PyList_Check(PyTuple_GetItem(rest, 0)))) {
      PyObject *inner = PySequence_Tuple(PyTuple_GetItem(rest, 0));
      Py_DECREF(rest);
      if (!(rest = inner)) return NULL;
      count = PyTuple_Size(rest);
    }
    equation = PyUnicode_AsUTF8AndSize(v[0], NULL);
    if (!equation) goto out;
    for (Py_ssize_t i = 0; i < count; i++, n++) {
      if (n == MOST) { PyErr_Format(PyExc_RuntimeError, "einsum(): at most %d operands", MOST); goto out; }
      if (!(operands[n] = tensor_argument(r->name, "operands", PyTuple_GetItem(rest, i)))) goto out;
    }
  } else {
    /* operand, sublist, operand, sublist, … and perhaps the result's sublist. With one operand v[1] is its sublist. */
    int lone = v[1] && (PyList_Check(v[1]) || (PyTuple_Check(v[1]) && (!PyTuple_Size(v[1]) || !PySequence_Check(PyTuple_GetItem(v[1], 0)))));
    if (lone) {
      Py_DECREF(rest);
      if (!(rest = PyTuple_Pack(1, v[1]))) return NULL;
      count = 1;
    }
    for (Py_ssize_t i = -1; i < count; i += 2) {
      PyObject *item = i < 0 ? v[0] : PyTuple_GetItem(rest, i);
      if (i + 1 == count) { /* the result's */
        if (p > text + sizeof text - 8) { PyErr_Format(PyExc_RuntimeError, "einsum(): too many subscripts"); goto out; }
        *p++ = '-', *p++ = '>';
        if (!(p = append_sublist(p, text + sizeof text, item))) goto out;
        break;
      }
      if (n == MOST) { PyErr_Format(PyExc_RuntimeError, "einsum(): at most %d operands", MOST); goto out; }
      if (!(operands[n] = tensor_argument(r->name, "operands", item))) goto out;
      if (n++ && p < text + sizeof text - 8) *p++ = ',';
      if (!(p = append_sublist(p, text + sizeof text - 4, PyTuple_GetItem(rest, i + 1)))) goto out;
    }
    *p = 0;
  }
  result = wrap(bp_einsum(equation, n, operands));
out:
  Py_DECREF(rest);
  return result;
}

static PyObject *run_linear(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, w);
  TENSOR_OR_NULL(2, b);
  return wrap(bp_linear(x, w, b));
}

/* One tensor and a flag. f: the function */
typedef bp_tensor *(*WithFlag)(const bp_tensor *, int32_t);
static PyObject *run_flag(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(1, flag, 0);
  return wrap(((WithFlag)r->f)(x, flag));
}

static PyObject *run_solve(const Row *r, PyObject **v) {
  TENSOR(0, a);
  TENSOR(1, b);
  TRUTH_OR(2, left, 1);
  return wrap(bp_solve(a, b, left));
}

static PyObject *run_solve_triangular(const Row *r, PyObject **v) {
  TENSOR(0, a);
  TENSOR(1, b);
  TRUTH_OR(2, upper, 0);
  TRUTH_OR(3, left, 1);
  TRUTH_OR(4, unit, 0);
  return wrap(bp_solve_triangular(a, b, upper, left, unit));
}

static PyObject *run_pinverse(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DOUBLE_OR(1, atol, 0);
  DOUBLE_OR(2, rtol, 1e-15);
  return wrap(bp_pinverse(x, atol, rtol));
}

/* The results of a factorization as a tuple; linalg.py gives it its names. f: (tensor, second result); g: (tensor, flag, second result) */
typedef bp_tensor *(*Factors)(const bp_tensor *, bp_tensor **);
typedef bp_tensor *(*FactorsFlag)(const bp_tensor *, int32_t, bp_tensor **);
static PyObject *run_factors(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(1, flag, 0);
  bp_tensor *second = NULL, *third = NULL, *first = WORK(r->f ? ((Factors)r->f)(x, &second) : r->g ? ((FactorsFlag)r->g)(x, flag, &second) : bp_svd(x, flag, &second, &third));
  if (!first) return fail();
  PyObject *a = wrap(first), *b = wrap(second), *c = third ? wrap(third) : NULL;
  PyObject *tuple = a && b && (c || !third) ? (c ? PyTuple_Pack(3, a, b, c) : PyTuple_Pack(2, a, b)) : NULL;
  Py_XDECREF(a);
  Py_XDECREF(b);
  Py_XDECREF(c);
  return tuple;
}

#define PRODUCT(OP, name, signature) OP(name, name, FM, run_product, bp_##name, NULL, signature)
#define ADDPRODUCT(OP, name, signature) OP(name, name, FMI, run_addmm, bp_##name, NULL, signature)
#define OPERATIONS_PRODUCTS(OP) \
  PRODUCT(OP, matmul, "(input, other)" \
     DOC("The matrix product, also a @ b: [.., M, K] · [.., K, N] → [.., M, N], leading dimensions broadcast. Vectors: [K]·[K] →\n" \
         "[], [M, K]·[K] → [M], [K]·[K, N] → [N].\n\n" \
         "RuntimeError if the inner sizes differ. Types: both the same.\n\n" \
         "    >>> (backprop.ones(2, 3) @ backprop.ones(3, 4)).shape\n" \
         "    backprop.Size([2, 4])")) \
  PRODUCT(OP, mm, "(input, mat2)" DOC("The product of two matrices: [M, K] · [K, N] → [M, N]. matmul() also takes batches and vectors.")) \
  PRODUCT(OP, bmm, "(input, mat2)" DOC("Products of two batches of matrices: [B, M, K] · [B, K, N] → [B, M, N]; nothing broadcasts.")) \
  PRODUCT(OP, mv, "(input, vec)" DOC("Matrix times vector: [M, K] · [K] → [M].")) \
  PRODUCT(OP, dot, "(input, tensor)" DOC("The sum of products of two vectors of one length: [K] · [K] → [].")) \
  PRODUCT(OP, vdot, "(input, other)" DOC("Same as dot(): numbers here are real.")) \
  PRODUCT(OP, inner, "(input, other)" DOC("Sums of products over the last dimension of both: [.., K] · [..', K] → [.., ..'].")) \
  PRODUCT(OP, outer, "(input, vec2)" DOC("Every element times every element of two vectors: [M], [N] → [M, N].")) \
  OP(ger, ger, FM, run_product, bp_outer, NULL, "(input, vec2)" DOC("Same as outer().")) \
  PRODUCT(OP, kron, "(input, other)" DOC("Kronecker's product: blocks input[i, …]·other, sizes multiplied; at most 4 dimensions.")) \
  UNARY(OP, trace, "The sum of the diagonal of a matrix [M, N] → [].") \
  ADDPRODUCT(OP, addmm, "(input, mat1, mat2, *, beta=1, alpha=1)" \
     DOC("beta·input + alpha·(mat1·mat2): [M, K] · [K, N], input broadcasts to [M, N]. beta 0 leaves input out, whatever it holds.")) \
  ADDPRODUCT(OP, addmv, "(input, mat, vec, *, beta=1, alpha=1)" \
     DOC("beta·input + alpha·(mat·vec): [M, K] · [K], input broadcasts to [M]. beta 0 leaves input out, whatever it holds.")) \
  ADDPRODUCT(OP, addr, "(input, vec1, vec2, *, beta=1, alpha=1)" \
     DOC("beta·input + alpha·outer(vec1, vec2): input broadcasts to [M, N]. beta 0 leaves input out, whatever it holds.")) \
  ADDPRODUCT(OP, addbmm, "(input, batch1, batch2, *, beta=1, alpha=1)" \
     DOC("beta·input + alpha·Σ batch1[i]·batch2[i]: [B, M, K], [B, K, N], input broadcasts to [M, N].")) \
  ADDPRODUCT(OP, baddbmm, "(input, batch1, batch2, *, beta=1, alpha=1)" \
     DOC("beta·input + alpha·bmm(batch1, batch2): input broadcasts to [B, M, N]. beta 0 leaves input out, whatever it holds.")) \
  OP(tensordot, tensordot, F, run_tensordot, NULL, NULL, "(a, b, dims=2)" \
     DOC("Sums of products over pairs of dimensions; the others of a, then of b, remain. dims: how many, the last of a with the\n" \
         "first of b; or two lists of dimensions.\n\n" \
         "    >>> backprop.tensordot(backprop.ones(2, 3), backprop.ones(3, 4), 1).shape\n" \
         "    backprop.Size([2, 4])")) \
  OP(einsum, einsum, F, run_einsum, NULL, NULL, "(equation, *operands)" \
     DOC("Sums of products over named dimensions, in NumPy's language: 'ij,jk->ik' is the matrix product.\n\n" \
         "A letter twice in an operand takes its diagonal; '...' stands for dimensions that broadcast; without '->' the letters\n" \
         "that occur once remain, in alphabetic order. Also einsum(a, [0, 1], b, [1, 2], [0, 2]). Operands are contracted in pairs\n" \
         "from the left.\n\n" \
         "    >>> backprop.einsum('ij,ij->i', backprop.ones(2, 3), backprop.ones(2, 3))\n" \
         "    tensor([3., 3.])")) \
  OP(linear, linear, P, run_linear, NULL, NULL, "(input, weight, bias=None)" \
     DOC("input·weightᵀ + bias: input [.., in], weight [out, in], bias [out] or None → [.., out].\n\n" \
         "    >>> backprop.nn.functional.linear(backprop.tensor([1., 2.]), backprop.tensor([[3., 4.]]), backprop.tensor([5.]))\n" \
         "    tensor([16.])")) \
  UNARY(OP, det, "The determinant of each matrix [.., N, N] → [..]. Its gradient is right for singular matrices too (PyTorch: 0).") \
  UNARY(OP, logdet, "ln det of each matrix [.., N, N] → [..]; NaN where det is negative, −∞ where it is 0.") \
  UNARY(OP, inverse, "The inverse of each matrix [.., N, N]; LinAlgError names the one of a batch that is singular.") \
  OP(cholesky, cholesky, FM, run_flag, bp_cholesky, NULL, "(input, upper=False)" \
     DOC("L of input = L·Lᵀ, or with upper U of input = Uᵀ·U, for symmetric positive definite matrices [.., N, N]; reads that\n" \
         "triangle only. LinAlgError names the matrix that is not positive definite.")) \
  OP(cholesky_order, cholesky_order, P, run_flag, bp_cholesky_order, NULL, "(input, upper=False)" \
     DOC("For each matrix [.., N, N] the order of the first leading minor that is not positive, int32 [..], or 0: then cholesky()\n" \
         "succeeds.")) \
  OP(solve, solve, P, run_solve, NULL, NULL, "(A, B, left=True)" \
     DOC("X of A·X = B, or (left=False) X·A = B; A [.., N, N], B [.., N, K] or vectors [N]. Batches broadcast. LinAlgError for a\n" \
         "singular A.")) \
  OP(solve_triangular, solve_triangular, P, run_solve_triangular, NULL, NULL, "(A, B, upper, left=True, unitriangular=False)" \
     DOC("X of A·X = B, or (left=False) X·A = B, for a triangular A whose other triangle (and, unitriangular, diagonal) is not\n" \
         "read. A zero on the diagonal gives infinities.")) \
  OP(pinverse, pinverse, P, run_pinverse, NULL, NULL, "(input, atol=0.0, rtol=1e-15)" \
     DOC("Moore and Penrose's inverse [.., N, M] of [.., M, N]; singular values not above max(atol, rtol · the largest) count as\n" \
         "0.")) \
  OP(slogdet, slogdet, P, run_factors, bp_slogdet, NULL, "(input)" DOC("The pair (sign, ln |det|) of each matrix [.., N, N]: sign −1, 0 or 1.")) \
  OP(lu, lu, P, run_factors, bp_lu, NULL, "(input)" \
     DOC("The pair (LU, pivots) of P·input = L·U: U on and above the diagonal, L (ones on its diagonal) below; pivots, int32,\n" \
         "counted from 1: the row each row was exchanged with, one after another.")) \
  OP(qr, qr, P, run_factors, NULL, bp_qr, "(input, complete=False)" \
     DOC("The pair (Q, R) of input = Q·R: [.., M, N] → Q [.., M, K], R [.., K, N], K = min(M, N), or M if complete. No gradient\n" \
         "for complete and M > N.")) \
  OP(eigh, eigh, P, run_factors, NULL, bp_eigh, "(input, upper=False)" \
     DOC("The pair (values, vectors) of symmetric matrices [.., N, N], whose lower (upper) triangle is read: ascending values [..,\n" \
         "N], vectors in columns.")) \
  OP(svd, svd, P, run_factors, NULL, NULL, "(input, full=False)" \
     DOC("U, s, Vᵀ of input = U·diag(s)·Vᵀ: s descending; [.., M, N] → U [.., M, K], s [.., K], Vᵀ [.., K, N], K = min(M, N);\n" \
         "full: square U and Vᵀ."))
