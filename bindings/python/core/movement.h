/* ---------------------------------------------------------------------------------------------------------------
 * Shape and movement
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *run_with_dim(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  return wrap_view(((WithDim)r->f)(x, dim));
}

static PyObject *run_squeeze(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (absent(v[1])) return wrap_view(bp_squeeze(x));
  SIZES(1, dims, n);
  return wrap_view(n == 1 ? bp_squeeze_dim(x, dims[0]) : bp_squeeze_dims(x, n, dims));
}

static PyObject *run_two_dims(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, a, 0);
  INT_OR(2, b, -1);
  return wrap_view(((bp_tensor * (*)(const bp_tensor *, int64_t, int64_t)) r->f)(x, a, b));
}

static PyObject *run_t(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (bp_ndim(x) > 2) return PyErr_Format(PyExc_RuntimeError, "t() expects a tensor with <= 2 dimensions, but self is %dD", (int)bp_ndim(x));
  static const int64_t order[] = {1, 0};
  return wrap_view(bp_permute(x, bp_ndim(x), bp_ndim(x) == 2 ? order : order + 1));
}

/* reshape, view, permute, expand */
static PyObject *run_shape(const Row *r, PyObject **v) {
  TENSOR(0, x);
  SIZES(1, shape, n);
  return wrap(((bp_tensor * (*)(const bp_tensor *, int32_t, const int64_t *)) r->f)(x, n, shape));
}

/* view(dtype) would look at the bits; only sizes are known here */
static PyObject *run_view(const Row *r, PyObject **v) {
  if (Py_TYPE(v[1]) == DtypeType) return type_error(r->name, NAME(1), "sizes; conversions are to(dtype)", v[1]);
  return run_shape(r, v);
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

/* The object itself where nothing is to be done, as in PyTorch */
static PyObject *run_clone(const Row *r, PyObject **v) {
  TENSOR(0, x);
  return absent(v[1]) ? wrap(bp_clone(x)) : laid_out(v[0], v[1], 1);
}

static PyObject *run_contiguous(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (!absent(v[1])) return laid_out(v[0], v[1], 0);
  return bp_is_contiguous(x) ? Py_NewRef(v[0]) : wrap(bp_contiguous(x));
}

static PyObject *run_select(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  INT(2, index);
  return wrap_view(bp_select(x, dim, index));
}

static PyObject *run_narrow(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  INT(2, start);
  INT(3, length);
  return wrap_view(bp_narrow(x, dim, start, length));
}

/* A tuple of the n pieces of x along dim, as long as lengths says, or lengths[0] each but the last. */
static PyObject *pieces(bp_tensor *x, int64_t dim, Py_ssize_t n, const int64_t *lengths, int equal) {
  PyObject *result = PyTuple_New(n);
  int64_t start = 0;
  for (Py_ssize_t i = 0; result && i < n; i++) {
    int64_t length = lengths[equal ? 0 : i];
    PyObject *piece = wrap_view(bp_slice(x, dim, start, start + length, 1));
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
  if (PyIndex_Check(v[1])) {
    if (as_int64(r->name, NAME(1), v[1], &length)) return NULL;
    if (length < 0 || (length == 0 && size > 0)) return PyErr_Format(PyExc_RuntimeError, "%s(): split_size must be positive, it is %lld", r->name, (long long)length);
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
    else if (!PyErr_Occurred()) PyErr_Format(PyExc_RuntimeError, "%s(): sections %R do not add up to the size %lld of dimension %lld", r->name, v[1], (long long)size, (long long)dim);
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
  if (chunks < 1) return PyErr_Format(PyExc_RuntimeError, "%s(): chunks must be at least 1, it is %lld", r->name, (long long)chunks);
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
    PyObject *piece = wrap_view(bp_select(x, dim, i));
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
  return wrap_view(bp_slice(x, dim, start, end, step));
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
  else if (!n) PyErr_Format(PyExc_RuntimeError, "%s(): expected a non-empty list of Tensors", r->name);
  else {
    Py_ssize_t i = 0;
    while (i < n && (list[i] = tensor_argument(r->name, NAME(0), PyTuple_GetItem(sequence, i)))) i++;
    if (i == n) result = wrap(((bp_tensor * (*)(int32_t, bp_tensor *const *, int64_t)) r->f)((int32_t)n, list, dim));
  }
  free(list);
  Py_DECREF(sequence);
  return result;
}

/* movedim: (input, source, destination) */
static PyObject *run_movedim(const Row *r, PyObject **v) {
  TENSOR(0, x);
  SIZES(1, source, n);
  SIZES(2, destination, m);
  if (n != m) return PyErr_Format(PyExc_RuntimeError, "%s(): %d dimensions in source, %d in destination", r->name, n, m);
  return wrap_view(bp_movedim(x, n, source, destination));
}

/* roll: (input, shifts, dims=None) */
static PyObject *run_roll(const Row *r, PyObject **v) {
  TENSOR(0, x);
  SIZES(1, shifts, n);
  if (absent(v[2]) || (PySequence_Check(v[2]) && PySequence_Size(v[2]) == 0)) return wrap(bp_roll(x, n, shifts, NULL));
  SIZES(2, dims, m);
  if (n != m) return PyErr_Format(PyExc_RuntimeError, "roll(): shifts and dims must be alike, there are %d shifts and %d dims", n, m);
  return wrap(bp_roll(x, n, shifts, dims));
}

/* tril, triu, diag: (input, diagonal=0) */
static PyObject *run_diagonal_number(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, diagonal, 0);
  return wrap(((WithDim)r->f)(x, diagonal));
}

/* diagonal, diag_embed: (input, offset=0, dim1, dim2), by default 0, 1 and −2, −1 */
static PyObject *run_diagonal(const Row *r, PyObject **v) {
  int embed = !r->g;
  TENSOR(0, x);
  INT_OR(1, offset, 0);
  INT_OR(2, dim1, embed ? -2 : 0);
  INT_OR(3, dim2, embed ? -1 : 1);
  return wrap_view(((bp_tensor * (*)(const bp_tensor *, int64_t, int64_t, int64_t)) r->f)(x, offset, dim1, dim2));
}

/* repeat_interleave: (input, repeats, dim=None, *, output_size=None) */
static PyObject *run_repeat_interleave(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(2, dim, BP_NONE);
  if (is_tensor(v[1])) return wrap(bp_repeat_interleave_each(x, HANDLE(v[1]), dim));
  INT(1, repeats);
  return wrap(bp_repeat_interleave(x, repeats, dim));
}

/* pad: (input, pad, mode='constant', value=0) */
static PyObject *run_pad(const Row *r, PyObject **v) {
  static const char *const modes[] = {"constant", "reflect", "replicate", "circular"};
  int64_t padding[2 * BP_MAX_DIMS];
  TENSOR(0, x);
  DOUBLE_OR(3, value, 0);
  bp_pad_mode mode = 0;
  if (!absent(v[2])) {
    while (mode < 4 && !(PyUnicode_Check(v[2]) && !PyUnicode_CompareWithASCIIString(v[2], modes[mode]))) mode++;
    if (mode == 4) return PyErr_Format(PyExc_NotImplementedError, "Unrecognised padding mode %S", v[2]);
  }
  Py_ssize_t n = PySequence_Check(v[1]) ? PySequence_Size(v[1]) : -1;
  if (n < 0) return PyErr_Occurred() ? NULL : type_error(r->name, NAME(1), "a sequence of ints", v[1]);
  if (n % 2 || n > 2 * bp_ndim(x))
    return PyErr_Format(PyExc_RuntimeError, "pad(): %zd numbers do not name two ends of each of at most %d dimensions", n, (int)bp_ndim(x));
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *item = PySequence_GetItem(v[1], i);
    int bad = !item || as_int64(r->name, NAME(1), item, &padding[i]);
    Py_XDECREF(item);
    if (bad) return NULL;
  }
  return wrap(bp_pad(x, (int32_t)n, padding, mode, value));
}

/* unflatten: (input, dim, sizes) */
static PyObject *run_unflatten(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  SIZES(2, sizes, n);
  return wrap(bp_unflatten(x, dim, n, sizes));
}

static PyObject *run_unfold_dim(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  INT(2, size);
  INT(3, step);
  return wrap_view(bp_unfold_dim(x, dim, size, step));
}

/* as_strided: (input, size, stride, storage_offset=None) */
static PyObject *run_as_strided(const Row *r, PyObject **v) {
  TENSOR(0, x);
  SIZES(1, size, n);
  SIZES(2, stride, m);
  INT_OR(3, offset, BP_NONE);
  if (n != m) return PyErr_Format(PyExc_RuntimeError, "%s(): %d sizes and %d strides", r->name, n, m);
  return wrap_view(bp_as_strided(x, n, size, stride, offset));
}

/* …_scatter: (input, src, …) */
static PyObject *run_as_strided_scatter(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, src);
  SIZES(2, size, n);
  SIZES(3, stride, m);
  INT_OR(4, offset, BP_NONE);
  if (n != m) return PyErr_Format(PyExc_RuntimeError, "%s(): %d sizes and %d strides", r->name, n, m);
  return wrap(bp_as_strided_scatter(x, src, n, size, stride, offset));
}

static PyObject *run_slice_scatter(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, src);
  INT_OR(2, dim, 0);
  INT_OR(3, start, BP_NONE);
  INT_OR(4, end, BP_NONE);
  INT_OR(5, step, 1);
  return wrap(bp_slice_scatter(x, src, dim, start, end, step));
}

static PyObject *run_select_scatter(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, src);
  INT(2, dim);
  INT(3, index);
  return wrap(bp_select_scatter(x, src, dim, index));
}

static PyObject *run_diagonal_scatter(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, src);
  INT_OR(2, offset, 0);
  INT_OR(3, dim1, 0);
  INT_OR(4, dim2, 1);
  return wrap(bp_diagonal_scatter(x, src, offset, dim1, dim2));
}

static PyObject *run_storage_offset(const Row *r, PyObject **v) { TENSOR(0, x); return PyLong_FromLongLong(bp_storage_offset(x)); }

#define COMPOSED(OP, name, where, signature) OP(name, name, where, run_composed, NULL, NULL, signature)

#define OPERATIONS_MOVEMENT(OP) \
  UNARY(OP, detach, "The same values without history: shares memory, no gradient reaches it.") \
  OP(clone, clone, FM, run_clone, NULL, NULL, "(input, *, memory_format=None)" DOC("A copy with memory of its own; the gradient passes through.")) \
  OP(contiguous, contiguous, M, run_contiguous, NULL, NULL, "(input, memory_format=None)" \
     DOC("This tensor if its elements lie row-major without gaps, otherwise a copy in which they do.")) \
  OP(reshape, reshape, FM, run_shape, bp_reshape, NULL, "(input, *shape)" \
     DOC("The same elements, row-major, in another shape of as many; one size may be −1 and is inferred. A view where strides\n" \
         "allow it, otherwise a copy. RuntimeError if the sizes do not fit.\n\n" \
         "    >>> backprop.arange(6).reshape(2, -1)\n" \
         "    tensor([[0, 1, 2],\n" \
         "            [3, 4, 5]])")) \
  OP(view, view, M, run_view, bp_reshape, NULL, "(input, *shape)" \
     DOC("Same as reshape(); PyTorch's view() refuses where a copy is needed. view(dtype) is a TypeError: use to(dtype).")) \
  OP(permute, permute, FM, run_shape, bp_permute, NULL, "(input, *dims)" \
     DOC("A view with the dimensions in the order dims: permute(2, 0, 1) puts the last first.\n\n" \
         "    >>> backprop.zeros(2, 3, 4).permute(2, 0, 1).shape\n" \
         "    backprop.Size([4, 2, 3])")) \
  OP(expand, expand, M, run_shape, bp_expand, NULL, "(input, *size)" \
     DOC("A view in which dimensions of size 1 are repeated without copying, to the sizes given; −1 keeps a size, new dimensions\n" \
         "may come in front. RuntimeError where a size is neither 1 nor right.\n\n" \
         "    >>> backprop.tensor([[1], [2]]).expand(2, 3)\n" \
         "    tensor([[1, 1, 1],\n" \
         "            [2, 2, 2]])")) \
  OP(broadcast_to, broadcast_to, FM, run_shape, bp_expand, NULL, "(input, *size)" DOC("A view in the shape size: expand().")) \
  OP(repeat, repeat, M, run_shape, bp_repeat, NULL, "(input, *repeats)" \
     DOC("A copy with each dimension repeats[i] times over; more numbers than dimensions add dimensions in front. [2, 3].repeat(2,\n" \
         "1) → [4, 3].\n\n" \
         "    >>> backprop.tensor([1, 2]).repeat(2)\n" \
         "    tensor([1, 2, 1, 2])")) \
  OP(tile, tile, FM, run_shape, bp_tile, NULL, "(input, *dims)" \
     DOC("A copy with each dimension dims[i] times over; where there are fewer numbers than dimensions, the front ones stay.")) \
  OP(flip, flip, FM, run_shape, bp_flip, NULL, "(input, *dims)" \
     DOC("A copy read backwards along dims.\n\n" \
         "    >>> backprop.tensor([1, 2, 3]).flip(0)\n" \
         "    tensor([3, 2, 1])")) \
  OP(reshape_as, reshape_as, M, run_shape_as, bp_reshape, NULL, "(input, other)" DOC("reshape(other.shape).")) \
  OP(view_as, view_as, M, run_shape_as, bp_reshape, NULL, "(input, other)" DOC("view(other.shape).")) \
  OP(expand_as, expand_as, M, run_shape_as, bp_expand, NULL, "(input, other)" DOC("expand(other.shape).")) \
  OP(flatten, flatten, FM, run_two_dims, bp_flatten, NULL, "(input, start_dim=0, end_dim=-1)" \
     DOC("Dimensions start_dim … end_dim made one: [2, 3, 4].flatten(1) → [2, 12]. Of a 0-dimensional tensor: [1].\n\n" \
         "    >>> backprop.zeros(2, 3, 4).flatten(1).shape\n" \
         "    backprop.Size([2, 12])")) \
  OP(transpose, transpose, FM, run_two_dims, bp_transpose, NULL, "(input, dim0, dim1)" \
     DOC("A view with two dimensions exchanged.\n\n" \
         "    >>> backprop.tensor([[1, 2, 3]]).transpose(0, 1)\n" \
         "    tensor([[1],\n" \
         "            [2],\n" \
         "            [3]])")) \
  OP(swapaxes, swapaxes, FM, run_two_dims, bp_transpose, NULL, "(input, axis0, axis1)" DOC("Same as transpose().")) \
  OP(swapdims, swapdims, FM, run_two_dims, bp_transpose, NULL, "(input, dim0, dim1)" DOC("Same as transpose().")) \
  OP(t, t, FM, run_t, NULL, NULL, "(input)" DOC("A view of a matrix transposed; a vector or number stays as it is. RuntimeError for more dimensions: use mT.")) \
  OP(squeeze, squeeze, FM, run_squeeze, NULL, NULL, "(input, dim=None)" \
     DOC("A view without dimensions of size 1: all of them, or dim (one or several), where the size is 1.\n\n" \
         "    >>> backprop.zeros(1, 3, 1).squeeze().shape\n" \
         "    backprop.Size([3])")) \
  OP(unsqueeze, unsqueeze, FM, run_with_dim, bp_unsqueeze, NULL, "(input, dim)" DOC("A view with a new dimension of size 1 at dim: [3].unsqueeze(0) → [1, 3].")) \
  OP(movedim, movedim, FM, run_movedim, NULL, NULL, "(input, source, destination)" \
     DOC("A view in which dimension source[i] stands at destination[i]; the others keep their order.\n\n" \
         "    >>> backprop.zeros(2, 3, 4).movedim(0, -1).shape\n" \
         "    backprop.Size([3, 4, 2])")) \
  OP(moveaxis, moveaxis, FM, run_movedim, NULL, NULL, "(input, source, destination)" DOC("Same as movedim().")) \
  OP(roll, roll, FM, run_roll, NULL, NULL, "(input, shifts, dims=None)" \
     DOC("A copy with elements moved on by shifts[i] along dims[i], those at the end to the beginning; dims None: in row-major\n" \
         "order over all.\n\n" \
         "    >>> backprop.tensor([1, 2, 3]).roll(1)\n" \
         "    tensor([3, 1, 2])")) \
  OP(tril, tril, FMI, run_diagonal_number, bp_tril, NULL, "(input, diagonal=0)" \
     DOC("What lies on and below a diagonal of each matrix [.., M, N], 0 elsewhere; diagonal k goes through [0, k].\n\n" \
         "    >>> backprop.ones(3, 3).tril()\n" \
         "    tensor([[1., 0., 0.],\n" \
         "            [1., 1., 0.],\n" \
         "            [1., 1., 1.]])")) \
  OP(triu, triu, FMI, run_diagonal_number, bp_triu, NULL, "(input, diagonal=0)" \
     DOC("What lies on and above a diagonal of each matrix [.., M, N], 0 elsewhere; diagonal k goes through [0, k].")) \
  OP(diag, diag, FM, run_diagonal_number, bp_diag, NULL, "(input, diagonal=0)" \
     DOC("Of a matrix its diagonal, copied; of a vector the square matrix that has it as diagonal, zeros elsewhere.\n\n" \
         "    >>> backprop.diag(backprop.tensor([1., 2.]))\n" \
         "    tensor([[1., 0.],\n" \
         "            [0., 2.]])")) \
  OP(diagonal, diagonal, FM, run_diagonal, bp_diagonal, bp_diagonal, "(input, offset=0, dim1=0, dim2=1)" \
     DOC("A view of the diagonal of dimensions dim1 and dim2 as a new last dimension; offset k starts at [0, k].")) \
  OP(diag_embed, diag_embed, FM, run_diagonal, bp_diag_embed, NULL, "(input, offset=0, dim1=-2, dim2=-1)" \
     DOC("Zeros with input's last dimension as diagonal of two new dimensions dim1, dim2: [.., N] → [.., N, N].")) \
  OP(repeat_interleave, repeat_interleave, FM, run_repeat_interleave, NULL, NULL, "(input, repeats, dim=None, *, output_size=None)" \
     DOC("Every slice along dim `repeats` times in a row, or repeats[i] times for a tensor; dim None: of the flattened tensor.\n" \
         "output_size is not needed.\n\n" \
         "    >>> backprop.tensor([1, 2]).repeat_interleave(2)\n" \
         "    tensor([1, 1, 2, 2])")) \
  OP(pad, pad, P, run_pad, NULL, NULL, "(input, pad, mode='constant', value=None)" \
     DOC("input with numbers around it. pad: how many before and after the last dimension, before and after the one before it, …;\n" \
         "negative ones cut off.\n\n" \
         "mode 'constant' puts value (None: 0), 'reflect' mirrors without the border element, 'replicate' repeats the border,\n" \
         "'circular' continues at the other end. Reflected parts must be smaller than the dimension, circular ones not larger.")) \
  OP(unflatten, unflatten, FM, run_unflatten, NULL, NULL, "(input, dim, sizes)" \
     DOC("One dimension as several: [6].unflatten(0, (2, 3)) → [2, 3]; one of the sizes may be −1.")) \
  OP(unfold_dim, unfold, M, run_unfold_dim, NULL, NULL, "(input, dimension, size, step)" \
     DOC("A view of windows of size elements, step apart, along dimension; a window's elements are the new last dimension:\n" \
         "[7].unfold(0, 3, 2) → [3, 3].\n\n" \
         "    >>> backprop.arange(7).unfold(0, 3, 2)\n" \
         "    tensor([[0, 1, 2],\n" \
         "            [2, 3, 4],\n" \
         "            [4, 5, 6]])")) \
  OP(as_strided, as_strided, FM, run_as_strided, NULL, NULL, "(input, size, stride, storage_offset=None)" \
     DOC("A view of input's memory with sizes, strides and start of its own, in elements; RuntimeError if it would leave that\n" \
         "memory. While a gradient is recorded input must be contiguous and the view within it.\n\n" \
         "    >>> backprop.arange(6).as_strided((2, 2), (3, 1))\n" \
         "    tensor([[0, 1],\n" \
         "            [3, 4]])")) \
  OP(as_strided_scatter, as_strided_scatter, FM, run_as_strided_scatter, NULL, NULL, "(input, src, size, stride, storage_offset=None)" \
     DOC("A copy of input with src in the places of that as_strided(); strides count in input's elements as they lie row-major\n" \
         "(PyTorch: in its memory).")) \
  OP(slice_scatter, slice_scatter, FM, run_slice_scatter, NULL, NULL, "(input, src, dim=0, start=None, end=None, step=1)" \
     DOC("A copy of input with src in the places start, start + step, … below end along dim: input[start:end:step] = src,\n" \
         "recorded.")) \
  OP(select_scatter, select_scatter, FM, run_select_scatter, NULL, NULL, "(input, src, dim, index)" \
     DOC("A copy of input with src in place of slice index along dim: input[index] = src, recorded.")) \
  OP(diagonal_scatter, diagonal_scatter, FM, run_diagonal_scatter, NULL, NULL, "(input, src, offset=0, dim1=0, dim2=1)" \
     DOC("A copy of input with src on the diagonal of dim1 and dim2.")) \
  OP(storage_offset, storage_offset, M, run_storage_offset, NULL, NULL, "(input)" \
     DOC("Where the first element lies in the memory the tensor looks into, in elements.")) \
  OP(select, select, FM, run_select, NULL, NULL, "(input, dim, index)" \
     DOC("A view of slice index along dim, without that dimension: input[index] for dim 0. IndexError if it is out of range.")) \
  OP(narrow, narrow, FM, run_narrow, NULL, NULL, "(input, dim, start, length)" DOC("A view of length elements from start on along dim, all of which must be there.")) \
  OP(split, split, F, run_split, NULL, NULL, "(tensor, split_size_or_sections, dim=0)" \
     DOC("A tuple of views along dim: of split_size_or_sections elements each, the last perhaps fewer, or of the sizes in a list,\n" \
         "which must add up.\n\n" \
         "    >>> backprop.arange(5).split(2)\n" \
         "    (tensor([0, 1]), tensor([2, 3]), tensor([4]))")) \
  OP(split_method, split, M, run_split, NULL, NULL, "(input, split_size, dim=0)" \
     DOC("A tuple of views along dim: of split_size elements each, the last perhaps fewer, or of the sizes in a list, which must\n" \
         "add up.")) \
  OP(split_with_sizes, split_with_sizes, FM, run_split, NULL, NULL, "(input, split_sizes, dim=0)" \
     DOC("A tuple of views along dim of these sizes, which must add up.")) \
  OP(unsafe_split, unsafe_split, FM, run_split, NULL, NULL, "(input, split_size, dim=0)" DOC("Same as split().")) \
  OP(chunk, chunk, FM, run_chunk, NULL, NULL, "(input, chunks, dim=0)" \
     DOC("A tuple of at most `chunks` views of equal size along dim, the last perhaps smaller.\n\n" \
         "    >>> backprop.arange(5).chunk(2)\n" \
         "    (tensor([0, 1, 2]), tensor([3, 4]))")) \
  OP(unsafe_chunk, unsafe_chunk, FM, run_chunk, NULL, NULL, "(input, chunks, dim=0)" DOC("Same as chunk().")) \
  OP(unbind, unbind, FM, run_unbind, NULL, NULL, "(input, dim=0)" \
     DOC("A tuple of the slices along dim, views without that dimension.\n\n" \
         "    >>> backprop.tensor([[1, 2], [3, 4]]).unbind()\n" \
         "    (tensor([1, 2]), tensor([3, 4]))")) \
  OP(slice, slice, P, run_slice, NULL, NULL, "(input, dim=0, start=None, end=None, step=1)" \
     DOC("A view of elements start, start + step, … below end along dim, limits clipped as in Python; step ≥ 1.")) \
  OP(cat, cat, F, run_cat, bp_cat, NULL, "(tensors, dim=0)" \
     DOC("Tensors one after another along dim: all other sizes alike, types promote. [2, 3] and [4, 3] → [6, 3].\n\n" \
         "    >>> backprop.cat([backprop.tensor([1, 2]), backprop.tensor([3])])\n" \
         "    tensor([1, 2, 3])")) \
  OP(concat, concat, F, run_cat, bp_cat, NULL, "(tensors, dim=0)" DOC("Same as cat().")) \
  OP(concatenate, concatenate, F, run_cat, bp_cat, NULL, "(tensors, dim=0)" DOC("Same as cat().")) \
  OP(stack, stack, F, run_cat, bp_stack, NULL, "(tensors, dim=0)" \
     DOC("Tensors of one shape along a new dimension dim: n of [2, 3] → [n, 2, 3].\n\n" \
         "    >>> backprop.stack([backprop.tensor([1, 2]), backprop.tensor([3, 4])], dim=1)\n" \
         "    tensor([[1, 3],\n" \
         "            [2, 4]])")) \
  COMPOSED(OP, ravel, FM, "(input)" DOC("All elements in one dimension; a view where memory allows it.")) \
  COMPOSED(OP, fliplr, FM, "(input)" DOC("flip(1): columns in reverse; RuntimeError for fewer than two dimensions.")) \
  COMPOSED(OP, flipud, FM, "(input)" DOC("flip(0): rows in reverse.")) \
  COMPOSED(OP, rot90, FM, "(input, k=1, dims=(0, 1))" DOC("Turned k times by 90° from the first of dims towards the second.")) \
  COMPOSED(OP, diagflat, FM, "(input, offset=0)" DOC("The square matrix with all elements of input on diagonal offset, zeros elsewhere.")) \
  COMPOSED(OP, adjoint, FM, "(input)" DOC("A view with the last two dimensions exchanged (numbers here are real).")) \
  COMPOSED(OP, fill_diagonal_, M, "(input, fill_value, wrap=False)" \
     DOC("The main diagonal becomes fill_value, in place; wrap: again below, every N + 1 rows of a tall matrix.")) \
  COMPOSED(OP, tensor_split, FM, "(input, indices_or_sections, dim=0)" \
     DOC("A tuple of views along dim: a number of nearly equal ones, the larger first, or cut before the given indices.")) \
  COMPOSED(OP, hsplit, FM, "(input, indices_or_sections)" DOC("tensor_split() along dimension 1 (0 of a vector); a number must divide the size.")) \
  COMPOSED(OP, vsplit, FM, "(input, indices_or_sections)" DOC("tensor_split() along dimension 0; a number must divide the size.")) \
  COMPOSED(OP, dsplit, FM, "(input, indices_or_sections)" DOC("tensor_split() along dimension 2; a number must divide the size."))
