/* ---------------------------------------------------------------------------------------------------------------
 * Handlers of creation. v ends with dtype, device, requires_grad, layout, pin_memory; where the result is like a tensor, memory_format comes before.
 * ------------------------------------------------------------------------------------------------------------- */

/* There is one layout. */
static int check_layout(const Row *r, PyObject *o) {
  if (absent(o)) return 0;
  PyObject *module = PyImport_ImportModule("backprop._layout"), *strided = module ? PyObject_GetAttrString(module, "strided") : NULL;
  int bad = o != strided;
  if (strided && bad) {
    if (Py_TYPE(o) == Py_TYPE(strided)) PyErr_Format(PyExc_RuntimeError, "layout %R is not there: tensors are strided", o);
    else type_error(r->name, "layout", "backprop.layout", o);
  }
  Py_XDECREF(module);
  Py_XDECREF(strided);
  return bad ? -1 : 0;
}

/* The new leaf t (one count of it ours) with requires_grad as asked, laid out in a memory format if one is named. */
static PyObject *leaf_in(const Row *r, PyObject **v, bp_tensor *t, PyObject *format) {
  PyObject **last = v + r->count - 5, *x;
  int grad = truth(last[2], 0);
  if (!t) return PyErr_Occurred() ? NULL : fail();
  if (grad < 0 || check_device(last[1]) || check_layout(r, last[3])) {
    if (!PyErr_Occurred()) fail();
    bp_release(t);
    return NULL;
  }
  if ((x = wrap_owned(t)) && !absent(format)) {
    PyObject *other = laid_out(x, format, 0);
    Py_DECREF(x);
    x = other;
  }
  if (x && grad && bp_set_requires_grad(HANDLE(x), 1)) {
    fail();
    Py_CLEAR(x);
  }
  return x;
}
static PyObject *leaf(const Row *r, PyObject **v, bp_tensor *t) { return leaf_in(r, v, t, NULL); }
static PyObject *leaf_like(const Row *r, PyObject **v, bp_tensor *t) { return leaf_in(r, v, t, v[r->count - 6]); }

/* A result that belongs to an open scope, if there is one, with a count of our own. */
static bp_tensor *kept_result(bp_tensor *t) { return scope_depth && t ? bp_retain(t) : t; }
#define kept(call) kept_result(WORK(call))

/* Counts the elements to be made as work, as far as that matters. */
static void expect(int n, const int64_t *shape) {
  int64_t elements = 1;
  for (int d = 0; d < n; d++) {
    if (shape[d] <= 0) return;
    if (elements < LONG_WORK) elements *= shape[d] < LONG_WORK ? shape[d] : LONG_WORK;
  }
  work += elements;
}

#define CREATION_DTYPE(x, otherwise) DTYPE_OR(r->count - 5, x, otherwise)

static PyObject *run_tensor(const Row *r, PyObject **v) {
  CREATION_DTYPE(dtype, -1);
  return leaf(r, v, from_anything(v[0], dtype));
}

typedef bp_tensor *(*Fill)(bp_context *, bp_dtype, int32_t, const int64_t *);
static PyObject *run_zeros(const Row *r, PyObject **v) {
  SIZES(0, shape, n);
  CREATION_DTYPE(dtype, default_dtype);
  expect(n, shape);
  return leaf(r, v, kept(((Fill)r->f)(ctx, dtype, n, shape)));
}

static PyObject *run_zeros_like(const Row *r, PyObject **v) {
  int64_t shape[BP_MAX_DIMS];
  TENSOR(0, x);
  CREATION_DTYPE(dtype, bp_dtype_of(x));
  int32_t n = bp_ndim(x);
  for (int32_t d = 0; d < n; d++) shape[d] = bp_dim(x, d);
  expect(n, shape);
  return leaf_like(r, v, kept(((Fill)r->f)(ctx, dtype, n, shape)));
}

/* full, full_like: integers beyond 2^53 need the way over copy_, which takes them exactly */
static PyObject *run_full(const Row *r, PyObject **v) {
  int64_t shape[BP_MAX_DIMS];
  int n;
  bp_dtype dtype = kind_of(v[1]) == 0 ? BP_BOOL : kind_of(v[1]) == 1 ? BP_INT64 : default_dtype;
  if (PyErr_Occurred()) return NULL;
  if (r->f) { /* like a tensor */
    TENSOR(0, x);
    dtype = bp_dtype_of(x);
    n = bp_ndim(x);
    for (int32_t d = 0; d < n; d++) shape[d] = bp_dim(x, d);
  } else if ((n = as_sizes(r->name, "size", v[0], shape)) < 0) return NULL;
  if (as_dtype(r->name, v[r->count - 5], &dtype)) return NULL;
  bp_tensor *temporary, *value = operand(r->name, "fill_value", v[1], &temporary), *t = NULL;
  if (!value) return NULL;
  if (bp_numel(value) != 1) PyErr_Format(PyExc_RuntimeError, "%s(): fill_value must be one number", r->name);
  else if ((t = kept(bp_zeros(ctx, dtype, n, shape))) && !bp_copy_(t, value)) {
    fail();
    bp_release(t);
    t = NULL;
  }
  if (temporary) drop(temporary);
  return r->f ? leaf_like(r, v, t) : leaf(r, v, t);
}

/* arange(end), arange(start, end, step=1) */
static PyObject *run_arange(const Row *r, PyObject **v) {
  PyObject *first = absent(v[1]) ? NULL : v[0], *last = first ? v[1] : v[0];
  double start = 0, end, step = 1;
  if ((first && as_double(r->name, "start", first, &start)) || as_double(r->name, "end", last, &end) ||
      (!absent(v[2]) && as_double(r->name, "step", v[2], &step))) return NULL;
  int integers = PyIndex_Check(last) && (!first || PyIndex_Check(first)) && (absent(v[2]) || PyIndex_Check(v[2]));
  CREATION_DTYPE(dtype, integers ? BP_INT64 : default_dtype);
  return leaf(r, v, kept(bp_arange(ctx, dtype, start, end, step)));
}

/* linspace, logspace(…, base=10) */
static PyObject *run_linspace(const Row *r, PyObject **v) {
  DOUBLE(0, start);
  DOUBLE(1, end);
  INT(2, steps);
  CREATION_DTYPE(dtype, default_dtype);
  if (steps < 0) return PyErr_Format(PyExc_RuntimeError, "%s(): number of steps must be non-negative, got %lld", r->name, (long long)steps);
  if (r->f) return leaf(r, v, kept(bp_linspace(ctx, dtype, start, end, steps)));
  DOUBLE_OR(3, base, 10);
  return leaf(r, v, kept(bp_logspace(ctx, dtype, start, end, steps, base)));
}

static PyObject *run_eye(const Row *r, PyObject **v) {
  INT(0, n);
  INT_OR(1, m, n);
  CREATION_DTYPE(dtype, default_dtype);
  if (n == m || n < 0 || m < 0) return leaf(r, v, kept(bp_eye(ctx, dtype, n < m ? n : m)));
  bp_tensor *square = bp_eye(ctx, dtype, n > m ? n : m), *part = bp_slice(square, n < m ? 0 : 1, 0, n < m ? n : m, 1);
  bp_tensor *t = kept(part ? bp_clone(part) : NULL);
  if (part) drop(part);
  if (square) drop(square);
  return leaf(r, v, t);
}

static PyObject *run_randperm(const Row *r, PyObject **v) {
  INT(0, n);
  CREATION_DTYPE(dtype, BP_INT64);
  expect(1, &n);
  return leaf(r, v, converted(kept(bp_randperm(ctx, n)), dtype));
}

/* randint(high, size), randint(low, high, size), also by name */
static PyObject *run_randint(const Row *r, PyObject **v) {
  int64_t shape[BP_MAX_DIMS], low = 0, high;
  int pair = !absent(v[2]) && !absent(v[1]);
  PyObject *size = absent(v[2]) ? v[1] : v[2], *last = pair ? v[1] : v[0];
  if (absent(size) || absent(last)) return PyErr_Format(PyExc_TypeError, "randint() missing required argument '%s'", absent(size) ? "size" : "high");
  int n = as_sizes(r->name, "size", size, shape);
  if (n < 0 || as_int64(r->name, "high", last, &high) || (pair && !absent(v[0]) && as_int64(r->name, "low", v[0], &low))) return NULL;
  if (low >= high) return PyErr_Format(PyExc_RuntimeError, "randint(): from (%lld) must be less than to (%lld)", (long long)low, (long long)high);
  CREATION_DTYPE(dtype, BP_INT64);
  expect(n, shape);
  return leaf(r, v, kept(bp_randint(ctx, dtype, n, shape, low, high)));
}

/* randint_like(input, high), randint_like(input, low, high) */
static PyObject *run_randint_like(const Row *r, PyObject **v) {
  int64_t shape[BP_MAX_DIMS], low = 0, high;
  TENSOR(0, x);
  int pair = !absent(v[2]);
  if (as_int64(r->name, "high", pair ? v[2] : v[1], &high) || (pair && as_int64(r->name, "low", v[1], &low))) return NULL;
  if (low >= high) return PyErr_Format(PyExc_RuntimeError, "randint_like(): from (%lld) must be less than to (%lld)", (long long)low, (long long)high);
  CREATION_DTYPE(dtype, bp_dtype_of(x));
  int32_t n = bp_ndim(x);
  for (int32_t d = 0; d < n; d++) shape[d] = bp_dim(x, d);
  expect(n, shape);
  return leaf_like(r, v, kept(bp_randint(ctx, dtype, n, shape, low, high)));
}

/* normal(mean, std, size): numbers; or mean and std tensors, or one of them, that broadcast */
static PyObject *run_normal(const Row *r, PyObject **v) {
  CREATION_DTYPE(dtype, default_dtype);
  if (!is_tensor(v[0]) && (absent(v[1]) || !is_tensor(v[1]))) {
    DOUBLE(0, mean);
    DOUBLE_OR(1, std, 1);
    if (absent(v[2])) return PyErr_Format(PyExc_TypeError, "normal() missing required argument 'size'");
    SIZES(2, shape, n);
    expect(n, shape);
    return leaf(r, v, kept(bp_normal(ctx, dtype, n, shape, mean, std)));
  }
  PyObject *module = PyImport_ImportModule("backprop._composed_random");
  PyObject *result = module ? PyObject_CallMethod(module, "_normal", "OO", v[0], absent(v[1]) ? Py_None : v[1]) : NULL;
  Py_XDECREF(module);
  return result;
}

#define LEAF_TEXT "\n\ndtype: the default type, float32, unless named. requires_grad=True makes a leaf that is trained. device: 'cpu' only;\n" \
  "layout: strided only; pin_memory says nothing here."
#define LIKE_TEXT "\n\ndtype: that of input, unless named. memory_format None: row by row."
#define OPERATIONS_CREATION(OP) \
  CREATION(OP, tensor, run_tensor, NULL, "(data, ", \
    "A new tensor with a copy of data: a number, nested lists of numbers or tensors, a tensor, a buffer or a NumPy array.\n\n" \
    "dtype None: floats give the default type, float32, ints int64, bools bool; arrays and tensors keep theirs.\n" \
    "requires_grad=True makes a leaf that is trained. Lists that are ragged: ValueError.\n\n" \
    "    >>> backprop.tensor([[1, 2], [3, 4.5]])\n" \
    "    tensor([[1.0000, 2.0000],\n" \
    "            [3.0000, 4.5000]])") \
  CREATION(OP, zeros, run_zeros, bp_zeros, "(*size, ", "Zeros in the shape of size: zeros(2, 3) or zeros((2, 3))." LEAF_TEXT \
    "\n\n    >>> backprop.zeros(2, 3)\n    tensor([[0., 0., 0.],\n            [0., 0., 0.]])") \
  CREATION(OP, empty, run_zeros, bp_zeros, "(*size, ", "A tensor to be filled; here its elements begin as 0 (PyTorch: as anything)." LEAF_TEXT) \
  CREATION(OP, ones, run_zeros, bp_ones, "(*size, ", "Ones in the shape of size: ones(2, 3) or ones((2, 3))." LEAF_TEXT) \
  CREATION(OP, rand, run_zeros, bp_rand, "(*size, generator=None, ", "Random numbers, uniform in [0, 1); float32 or float64. The same after the same manual_seed() (not PyTorch's numbers)." LEAF_TEXT) \
  CREATION(OP, randn, run_zeros, bp_randn, "(*size, generator=None, ", "Random numbers from N(0, 1); float32 or float64. The same after the same manual_seed() (not PyTorch's numbers)." LEAF_TEXT) \
  LIKE(OP, zeros_like, run_zeros_like, bp_zeros, "(input, *, ", "Zeros in the shape of input." LIKE_TEXT) \
  LIKE(OP, empty_like, run_zeros_like, bp_zeros, "(input, *, ", "empty() in the shape of input." LIKE_TEXT) \
  LIKE(OP, ones_like, run_zeros_like, bp_ones, "(input, *, ", "Ones in the shape of input." LIKE_TEXT) \
  LIKE(OP, rand_like, run_zeros_like, bp_rand, "(input, *, generator=None, ", "rand() in the shape of input." LIKE_TEXT) \
  LIKE(OP, randn_like, run_zeros_like, bp_randn, "(input, *, generator=None, ", "randn() in the shape of input." LIKE_TEXT) \
  CREATION(OP, full, run_full, NULL, "(size, fill_value, *, ", \
    "fill_value in the shape of size, a sequence. dtype None: the default type for a float, int64 for an int, bool for a bool." \
    "\n\n    >>> backprop.full((2,), 7)\n    tensor([7, 7])") \
  LIKE(OP, full_like, run_full, bp_full, "(input, fill_value, *, ", "fill_value in the shape of input." LIKE_TEXT) \
  CREATION(OP, arange, run_arange, NULL, "(start, end=None, step=None, *, ", \
    "start, start + step, … below end (above, for a negative step); arange(n): 0 … n − 1.\n\ndtype None: int64 if all three are ints, else the default type." \
    "\n\n    >>> backprop.arange(1, 7, 2)\n    tensor([1, 3, 5])") \
  CREATION(OP, linspace, run_linspace, bp_linspace, "(start, end, steps, *, ", "steps numbers from start to end, both included, equally far apart." LEAF_TEXT \
    "\n\n    >>> backprop.linspace(0, 1, 5)\n    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])") \
  CREATION(OP, logspace, run_linspace, NULL, "(start, end, steps, base=10.0, *, ", "base to the power of linspace(start, end, steps)." LEAF_TEXT) \
  LIKE(OP, randint_like, run_randint_like, NULL, "(input, low, high=None, *, generator=None, ", "randint() in the shape of input: randint_like(x, high) or randint_like(x, low, high)." LIKE_TEXT) \
  CREATION(OP, normal, run_normal, NULL, "(mean, std=1.0, size=None, *, generator=None, ", \
    "Random numbers from N(mean, std²). mean and std: numbers with a size, or tensors (one or both) whose\nelements each get one number. std < 0: ValueError, in a tensor RuntimeError.") \
  CREATION(OP, eye, run_eye, NULL, "(n, m=None, *, ", "[n, m] (m None: [n, n]): ones on the diagonal, zeros elsewhere." LEAF_TEXT \
    "\n\n    >>> backprop.eye(2)\n    tensor([[1., 0.],\n            [0., 1.]])") \
  CREATION(OP, randperm, run_randperm, NULL, "(n, *, generator=None, ", "0 … n − 1 in random order: [n], int64 unless named.") \
  CREATION(OP, randint, run_randint, NULL, "(low=0, high=None, size=None, *, generator=None, ", \
    "Random whole numbers low … high − 1: randint(high, size) or randint(low, high, size). int64 unless named.\nlow ≥ high: RuntimeError.")
