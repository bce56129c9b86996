/* ---------------------------------------------------------------------------------------------------------------
 * Shape and movement
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *run_with_dim(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  return wrap(((WithDim)r->f)(x, dim));
}

static PyObject *run_squeeze(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (absent(v[1])) return wrap(bp_squeeze(x));
  INT(1, dim);
  return wrap(bp_squeeze_dim(x, dim));
}

static PyObject *run_two_dims(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, a, 0);
  INT_OR(2, b, -1);
  return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t, int64_t)) r->f)(x, a, b));
}

static PyObject *run_t(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (bp_ndim(x) > 2) return PyErr_Format(PyExc_RuntimeError, "t() expects a tensor with <= 2 dimensions, but self is %dD", (int)bp_ndim(x));
  static const int64_t order[] = {1, 0};
  return wrap(bp_permute(x, bp_ndim(x), bp_ndim(x) == 2 ? order : order + 1));
}

/* reshape, view, permute, expand */
static PyObject *run_shape(const Row *r, PyObject **v) {
  TENSOR(0, x);
  SIZES(1, shape, n);
  return wrap(((bp_tensor * (*)(const bp_tensor *, int32_t, const int64_t *)) r->f)(x, n, shape));
}

/* view, reshape, expand as another tensor: (input, other) */
static PyObject *run_shape_as(const Row *r, PyObject **v) {
  int64_t shape[BP_MAX_DIMS];
  TENSOR(0, x);
  TENSOR(1, other);
  int32_t n = bp_ndim(other);
  for (int32_t d = 0; d < n; d++) shape[d] = bp_dim(other, d);
  return wrap(((bp_tensor * (*)(const bp_tensor *, int32_t, const int64_t *)) r->f)(x, n, shape));
}

static PyObject *run_select(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  INT(2, index);
  return wrap(bp_select(x, dim, index));
}

/* (input, dim, start, length); the library's slice would clip what does not fit */
static PyObject *run_narrow(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  INT(2, start);
  INT(3, length);
  int32_t ndim = bp_ndim(x);
  int64_t size = dim >= -ndim && dim < ndim ? bp_dim(x, (int32_t)(dim < 0 ? dim + ndim : dim)) : INT64_MAX;
  if (start < 0 && start >= -size) start += size;
  if (start < 0 || length < 0 || start > size || length > size - start)
    return PyErr_Format(PyExc_RuntimeError, "narrow(): start (%lld) + length (%lld) exceeds dimension size (%lld)", (long long)start, (long long)length, (long long)size);
  return wrap(bp_slice(x, dim, start, start + length, 1));
}

/* A tuple of the n pieces of x along dim, as long as lengths says, or lengths[0] each but the last. */
static PyObject *pieces(bp_tensor *x, int64_t dim, Py_ssize_t n, const int64_t *lengths, int equal) {
  PyObject *result = PyTuple_New(n);
  int64_t start = 0;
  for (Py_ssize_t i = 0; result && i < n; i++) {
    int64_t length = lengths[equal ? 0 : i];
    PyObject *piece = wrap(bp_slice(x, dim, start, start + length, 1));
    if (!piece || PyTuple_SetItem(result, i, piece)) Py_CLEAR(result);
    start += length;
  }
  return result;
}

/* The size along dim, counted from either end; −1 with an exception if there is no such dimension. */
static int64_t size_along(const Row *r, bp_tensor *x, int64_t dim) {
  int32_t ndim = bp_ndim(x);
  if (dim >= -ndim && dim < ndim) return bp_dim(x, (int32_t)(dim < 0 ? dim + ndim : dim));
  PyErr_Format(PyExc_IndexError, "%s(): dimension %lld is out of range for a tensor of %d dimensions", r->name, (long long)dim, (int)ndim);
  return -1;
}

/* split: (input, split_size_or_sections, dim=0) */
static PyObject *run_split(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(2, dim, 0);
  int64_t size = size_along(r, x, dim), length, total = 0;
  if (size < 0) return NULL;
  if (PyLong_Check(v[1])) {
    if (as_int64(r->name, NAME(1), v[1], &length)) return NULL;
    if (length < 0 || (length == 0 && size > 0)) return PyErr_Format(PyExc_RuntimeError, "split(): split_size must be positive, it is %lld", (long long)length);
    return pieces(x, dim, size > 0 ? (Py_ssize_t)((size - 1) / length + 1) : 1, &length, 1);
  }
  PyObject *sections = PySequence_Tuple(v[1]), *result = NULL;
  if (!sections) return NULL;
  Py_ssize_t n = PyTuple_Size(sections), i = 0;
  int64_t *lengths = malloc((size_t)(n ? n : 1) * sizeof *lengths);
  if (!lengths) PyErr_NoMemory();
  else {
    while (i < n && !as_int64(r->name, NAME(1), PyTuple_GetItem(sections, i), &lengths[i]) && lengths[i] >= 0 && lengths[i] <= size - total) total += lengths[i++];
    if (i == n && total == size) result = pieces(x, dim, n, lengths, 0);
    else if (!PyErr_Occurred()) PyErr_Format(PyExc_RuntimeError, "split(): sections %R do not add up to the size %lld of dimension %lld", v[1], (long long)size, (long long)dim);
  }
  free(lengths);
  Py_DECREF(sections);
  return result;
}

/* chunk: (input, chunks, dim=0) */
static PyObject *run_chunk(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, chunks);
  INT_OR(2, dim, 0);
  int64_t size = size_along(r, x, dim);
  if (size < 0) return NULL;
  if (chunks < 1) return PyErr_Format(PyExc_RuntimeError, "chunk(): chunks must be at least 1, it is %lld", (long long)chunks);
  int64_t length = size > 0 ? (size - 1) / chunks + 1 : 0;
  return pieces(x, dim, size > 0 ? (Py_ssize_t)((size - 1) / length + 1) : (Py_ssize_t)chunks, &length, 1);
}

/* unbind: (input, dim=0) */
static PyObject *run_unbind(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, dim, 0);
  int64_t size = size_along(r, x, dim);
  PyObject *result = size < 0 ? NULL : PyTuple_New((Py_ssize_t)size);
  for (int64_t i = 0; result && i < size; i++) {
    PyObject *piece = wrap(bp_select(x, dim, i));
    if (!piece || PyTuple_SetItem(result, (Py_ssize_t)i, piece)) Py_CLEAR(result);
  }
  return result;
}

static PyObject *run_slice(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, dim, 0);
  INT_OR(2, start, BP_NONE);
  INT_OR(3, end, BP_NONE);
  INT_OR(4, step, 1);
  return wrap(bp_slice(x, dim, start, end, step));
}

/* cat, stack: (tensors, dim=0) */
static PyObject *run_cat(const Row *r, PyObject **v) {
  INT_OR(1, dim, 0);
  if (is_tensor(v[0]) || !PySequence_Check(v[0])) return type_error(r->name, NAME(0), "a sequence of Tensors", v[0]);
  PyObject *sequence = PySequence_Tuple(v[0]); /* holds them while we work */
  if (!sequence) return NULL;
  Py_ssize_t n = PyTuple_Size(sequence);
  bp_tensor **list = malloc((size_t)(n ? n : 1) * sizeof *list);
  PyObject *result = NULL;
  if (!list) PyErr_NoMemory();
  else if (n > INT32_MAX) PyErr_SetString(PyExc_ValueError, "too many tensors");
  else {
    Py_ssize_t i = 0;
    while (i < n && (list[i] = tensor_argument(r->name, NAME(0), PyTuple_GetItem(sequence, i)))) i++;
    if (i == n) result = wrap(((bp_tensor * (*)(int32_t, bp_tensor *const *, int64_t)) r->f)((int32_t)n, list, dim));
  }
  free(list);
  Py_DECREF(sequence);
  return result;
}

#define OPERATIONS_MOVEMENT(OP) \
  UNARY(OP, detach) UNARY(OP, clone) \
  OP(contiguous, contiguous, M, run_unary, bp_contiguous, NULL, "(input)") \
  OP(reshape, reshape, FM, run_shape, bp_reshape, NULL, "(input, *shape)") \
  OP(view, view, M, run_shape, bp_reshape, NULL, "(input, *shape)") \
  OP(permute, permute, FM, run_shape, bp_permute, NULL, "(input, *dims)") \
  OP(expand, expand, M, run_shape, bp_expand, NULL, "(input, *size)") \
  OP(broadcast_to, broadcast_to, FM, run_shape, bp_expand, NULL, "(input, *size)") \
  OP(reshape_as, reshape_as, M, run_shape_as, bp_reshape, NULL, "(input, other)") \
  OP(view_as, view_as, M, run_shape_as, bp_reshape, NULL, "(input, other)") \
  OP(expand_as, expand_as, M, run_shape_as, bp_expand, NULL, "(input, other)") \
  OP(flatten, flatten, FM, run_two_dims, bp_flatten, NULL, "(input, start_dim=0, end_dim=-1)") \
  OP(transpose, transpose, FM, run_two_dims, bp_transpose, NULL, "(input, dim0, dim1)") \
  OP(swapaxes, swapaxes, FM, run_two_dims, bp_transpose, NULL, "(input, axis0, axis1)") \
  OP(t, t, FM, run_t, NULL, NULL, "(input)") \
  OP(squeeze, squeeze, FM, run_squeeze, NULL, NULL, "(input, dim=None)") \
  OP(unsqueeze, unsqueeze, FM, run_with_dim, bp_unsqueeze, NULL, "(input, dim)") \
  OP(select, select, FM, run_select, NULL, NULL, "(input, dim, index)") \
  OP(narrow, narrow, FM, run_narrow, NULL, NULL, "(input, dim, start, length)") \
  OP(split, split, FM, run_split, NULL, NULL, "(input, split_size, dim=0)") \
  OP(chunk, chunk, FM, run_chunk, NULL, NULL, "(input, chunks, dim=0)") \
  OP(unbind, unbind, FM, run_unbind, NULL, NULL, "(input, dim=0)") \
  OP(slice, slice, P, run_slice, NULL, NULL, "(input, dim=0, start=None, end=None, step=1)") \
  OP(cat, cat, F, run_cat, bp_cat, NULL, "(tensors, dim=0)") \
  OP(concat, concat, F, run_cat, bp_cat, NULL, "(tensors, dim=0)") \
  OP(stack, stack, F, run_cat, bp_stack, NULL, "(tensors, dim=0)")
