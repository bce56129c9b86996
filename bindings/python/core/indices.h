/* ---------------------------------------------------------------------------------------------------------------
 * Gathering and scattering by index
 * ------------------------------------------------------------------------------------------------------------- */

typedef bp_tensor *(*AddAt)(const bp_tensor *, int64_t, const bp_tensor *, const bp_tensor *);

/* gather, index_select: (input, dim, index) */
static PyObject *run_index(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, index);
  return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t, const bp_tensor *)) r->f)(x, dim, index));
}

/* scatter_add, index_copy: (input, dim, index, src) */
static PyObject *run_add_at(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, index);
  TENSOR(3, src);
  return wrap(((AddAt)r->f)(x, dim, index, src));
}

/* index_add: (input, dim, index, source, *, alpha=1) */
static PyObject *run_index_add(const Row *r, PyObject **v) {
  int owned;
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, index);
  if (!tensor_argument(r->name, NAME(3), v[3])) return NULL;
  bp_tensor *src = scaled(r, v[3], v[4], &owned);
  if (!src) return NULL;
  bp_tensor *result = WORK(bp_ndim(x) || bp_ndim(src) ? bp_index_add(x, dim, index, src) : bp_add(x, src));
  if (owned) drop(src);
  return wrap(result);
}

/* sum, prod, mean, amax, amin, and the old names add and multiply; −1 with an exception */
static int scatter_reduction(const Row *r, PyObject *name) {
  static const struct { const char *name; int code; } all[] = {{"sum", 0}, {"prod", 1}, {"mean", 2}, {"amax", 3}, {"amin", 4}, {"add", 0}, {"multiply", 1}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (PyUnicode_Check(name) && !PyUnicode_CompareWithASCIIString(name, all[i].name)) return all[i].code;
  PyErr_Format(PyExc_RuntimeError, "%s(): reduce argument must be one of sum, prod, mean, amax, amin, got %R", r->name, name);
  return -1;
}

/* scatter: (input, dim, index, src=None, *, value=None, reduce=None) */
static PyObject *run_scatter(const Row *r, PyObject **v) {
  bp_tensor *temporary, *src, *result;
  int reduce = -1;
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, index);
  PyObject *given = v[3] ? v[3] : v[4];
  if (!given || (v[3] && v[4])) return PyErr_Format(PyExc_TypeError, "%s(): needs either src or value", r->name);
  if (!absent(v[5]) && (reduce = scatter_reduction(r, v[5])) < 0) return NULL;
  if (!(src = operand(r->name, NAME(3), given, &temporary))) return NULL;
  if (reduce < 0) result = bp_scatter(x, dim, index, src);
  else { /* the old way to reduce; a number is stretched to the index */
    int64_t shape[BP_MAX_DIMS];
    for (int32_t d = 0; d < bp_ndim(index); d++) shape[d] = bp_dim(index, d);
    bp_tensor *same = bp_to(src, bp_dtype_of(x)), *wide = temporary && same ? bp_expand(same, bp_ndim(index), shape) : same;
    result = wide ? bp_scatter_reduce(x, dim, index, wide, reduce, 1) : NULL;
    if (wide && wide != same) drop(wide);
    if (same) drop(same);
  }
  if (temporary) drop(temporary);
  return wrap(result);
}

/* scatter_reduce, index_reduce: (input, dim, index, src, reduce, *, include_self=True) */
static PyObject *run_reduce_at(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, index);
  TENSOR(3, src);
  TRUTH_OR(5, include_self, 1);
  int reduce = scatter_reduction(r, v[4]);
  if (reduce < 0) return NULL;
  return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t, const bp_tensor *, const bp_tensor *, bp_scatter_reduction, int32_t)) r->f)(x, dim, index, src, reduce, include_self));
}

/* index_fill: (input, dim, index, value); value is a number or a 0-dimensional tensor */
static PyObject *run_fill_at(const Row *r, PyObject **v) {
  bp_tensor *temporary, *value, *result;
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, at);
  if (!(value = operand_beside(r->name, NAME(3), v[3], x, &temporary))) return NULL;
  result = bp_index_fill(x, dim, at, value);
  if (temporary) drop(temporary);
  return wrap(result);
}

static PyObject *run_masked_fill(const Row *r, PyObject **v) {
  bp_tensor *temporary, *value, *result;
  TENSOR(0, x);
  TENSOR(1, mask);
  if (!(value = operand_beside(r->name, NAME(2), v[2], x, &temporary))) return NULL;
  result = bp_masked_fill(x, mask, value);
  if (temporary) drop(temporary);
  return wrap(result);
}

static PyObject *run_masked_scatter(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, mask);
  TENSOR(2, source);
  return wrap(bp_masked_scatter(x, mask, source));
}

/* take, masked_select: (input, index) */
static PyObject *run_two_tensors(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, index);
  return wrap(((Two)r->f)(x, index));
}

static PyObject *run_put(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, index);
  TENSOR(2, source);
  TRUTH_OR(3, accumulate, 0);
  return wrap(bp_put(x, index, source, accumulate));
}

static PyObject *run_take_along_dim(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, index);
  INT_OR(2, dim, BP_NONE);
  return wrap(bp_take_along_dim(x, index, dim));
}

/* index_put: (input, indices, values, accumulate=False) */
static PyObject *run_index_put(const Row *r, PyObject **v) {
  bp_tensor *list[BP_MAX_DIMS], *temporary, *values, *result = NULL;
  TENSOR(0, x);
  TRUTH_OR(3, accumulate, 0);
  PyObject *indices = PySequence_Check(v[1]) && !is_tensor(v[1]) ? PySequence_Tuple(v[1]) : NULL;
  if (!indices) return PyErr_Occurred() ? NULL : type_error(r->name, NAME(1), "a tuple of Tensors", v[1]);
  Py_ssize_t n = PyTuple_Size(indices), i = 0;
  if (n > BP_MAX_DIMS) PyErr_Format(PyExc_IndexError, "too many indices for tensor of dimension %d", (int)bp_ndim(x));
  else {
    for (; i < n; i++) {
      PyObject *item = PyTuple_GetItem(indices, i);
      if (!(list[i] = item == Py_None ? NULL : tensor_argument(r->name, NAME(1), item)) && item != Py_None) break;
    }
    if (i == n && (values = operand(r->name, NAME(2), v[2], &temporary))) {
      if (!temporary && bp_dtype_of(values) != bp_dtype_of(x))
        PyErr_Format(PyExc_RuntimeError, "index_put(): the values are %s, the tensor %s", dtype_table[bp_dtype_of(values) & 7].name, dtype_table[bp_dtype_of(x) & 7].name);
      else if (!(result = WORK(bp_index_put(x, (int32_t)n, list, values, accumulate)))) fail();
      if (temporary) drop(temporary);
    }
  }
  Py_DECREF(indices);
  return result ? wrap(result) : NULL;
}

/* nonzero: (input, *, as_tuple=False); where(condition) is nonzero(condition, as_tuple=True) */
static PyObject *coordinates(bp_tensor *x) {
  bp_tensor *all = WORK(bp_nonzero(x));
  if (!all) return fail();
  int64_t n = bp_dim(all, 1);
  PyObject *result = PyTuple_New((Py_ssize_t)(bp_ndim(x) ? n : 1));
  for (int64_t d = 0; result && d < (bp_ndim(x) ? n : 1); d++) {
    int64_t none[] = {bp_dim(all, 0)};
    PyObject *one = wrap(bp_ndim(x) ? bp_select(all, 1, d) : bp_zeros(ctx, BP_INT64, 1, none));
    if (!one || PyTuple_SetItem(result, (Py_ssize_t)d, one)) Py_CLEAR(result);
  }
  drop(all);
  return result;
}

static PyObject *run_nonzero(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(1, as_tuple, 0);
  return as_tuple ? coordinates(x) : wrap(bp_nonzero(x));
}

static PyObject *run_one_hot(const Row *r, PyObject **v) {
  TENSOR(0, labels);
  INT_OR(1, classes, -1);
  return wrap(bp_one_hot(labels, classes == -1 ? BP_NONE : classes));
}

#define OPERATIONS_INDICES(OP) \
  OP(gather, gather, FM, run_index, bp_gather, NULL, "(input, dim, index, *, sparse_grad=False)" \
     DOC("result[i][j] = input[index[i][j]][j] for dim 0, and so on: in index's shape. index (int64 or int32) has input's\n" \
         "dimensions, none larger than input's except dim. IndexError if one is out of range.\n\n" \
         "    >>> scores = backprop.tensor([[1., 2., 3.], [4., 5., 6.]])\n" \
         "    >>> scores.gather(1, backprop.tensor([[2], [0]]))\n" \
         "    tensor([[3.],\n" \
         "            [4.]])")) \
  OP(index_select, index_select, FM, run_index, bp_index_select, NULL, "(input, dim, index)" \
     DOC("The slices at index, a vector, along dim, copied.\n\n" \
         "    >>> backprop.tensor([[1, 2], [3, 4], [5, 6]]).index_select(0, backprop.tensor([2, 0]))\n" \
         "    tensor([[5, 6],\n" \
         "            [1, 2]])")) \
  OP(scatter_add, scatter_add, FMI, run_add_at, bp_scatter_add, NULL, "(input, dim, index, src)" \
     DOC("input with src added at the places gather() would read: result[index[i][j]][j] += src[i][j] for dim 0.\n\n" \
         "    >>> backprop.zeros(3).scatter_add(0, backprop.tensor([0, 2, 2]), backprop.tensor([5., 6., 1.]))\n" \
         "    tensor([5., 0., 7.])")) \
  OP(index_add, index_add, FMI, run_index_add, NULL, NULL, "(input, dim, index, source, *, alpha=1)" \
     DOC("input with alpha · the slices of source added at index along dim: result[index[k]] += source[k] for dim 0.")) \
  OP(index_copy, index_copy, FMI, run_add_at, bp_index_copy, NULL, "(input, dim, index, source)" \
     DOC("input with the slices at index along dim replaced by those of source.")) \
  OP(index_fill, index_fill, FMI, run_fill_at, NULL, NULL, "(input, dim, index, value)" \
     DOC("input with the slices at index along dim filled with value, a number or 0-dimensional tensor.")) \
  OP(scatter, scatter, FMI, run_scatter, NULL, NULL, "(input, dim, index, src=None, value=None, *, reduce=None)" \
     DOC("input with src (a tensor, or the number value) written at the places gather() would read: result[index[i][j]][j] =\n" \
         "src[i][j] for dim 0. reduce: 'add' or 'multiply' with what is there.\n\n" \
         "    >>> backprop.zeros(3).scatter(0, backprop.tensor([0, 2]), backprop.tensor([5., 6.]))\n" \
         "    tensor([5., 0., 6.])")) \
  OP(scatter_reduce, scatter_reduce, FMI, run_reduce_at, bp_scatter_reduce, NULL, "(input, dim, index, src, reduce, *, include_self=True)" \
     DOC("The elements of src that meet in one place, found as in scatter(), reduced: reduce 'sum', 'prod', 'mean', 'amax',\n" \
         "'amin'; with input's own there, unless include_self=False.")) \
  OP(index_reduce, index_reduce, FMI, run_reduce_at, bp_index_reduce, NULL, "(input, dim, index, source, reduce, *, include_self=True)" \
     DOC("The slices of source that meet at index along dim reduced: reduce 'prod', 'mean', 'amax', 'amin'; with input's own\n" \
         "there, unless include_self=False.")) \
  OP(masked_fill, masked_fill, FMI, run_masked_fill, NULL, NULL, "(input, mask, value)" \
     DOC("input with value, a number or 0-dimensional tensor, where mask (bool, broadcast) is true.\n\n" \
         "    >>> backprop.tensor([1., 2., 3.]).masked_fill(backprop.tensor([True, False, True]), 0)\n" \
         "    tensor([0., 2., 0.])")) \
  OP(masked_select, masked_select, FM, run_two_tensors, bp_masked_select, NULL, "(input, mask)" \
     DOC("The elements where mask (bool, broadcast) is true, in one dimension.")) \
  OP(masked_scatter, masked_scatter, FMI, run_masked_scatter, NULL, NULL, "(input, mask, source)" \
     DOC("input with the first elements of source, one after another, where mask (bool, broadcast) is true.")) \
  OP(take, take, FM, run_two_tensors, bp_take, NULL, "(input, index)" DOC("The elements of the flattened input at index, in index's shape.")) \
  OP(put, put, FMI, run_put, NULL, NULL, "(input, index, source, accumulate=False)" \
     DOC("input with the elements of source written (accumulate: added) at index into the flattened tensor.")) \
  OP(take_along_dim, take_along_dim, FM, run_take_along_dim, NULL, NULL, "(input, indices, dim=None)" \
     DOC("gather() with input and indices stretched to each other except along dim; dim None: of both flattened. What argsort()\n" \
         "returns fits.\n\n" \
         "    >>> backprop.tensor([3., 1.]).take_along_dim(backprop.tensor([1, 0]))\n" \
         "    tensor([1., 3.])")) \
  OP(index_put, index_put, FMI, run_index_put, NULL, NULL, "(input, indices, values, accumulate=False)" \
     DOC("A copy of input with values written (accumulate: added) at a tuple of index tensors, bool masks or None (all of a\n" \
         "dimension): input[indices] = values, recorded.\n\n" \
         "    >>> backprop.zeros(3).index_put((backprop.tensor([0, 2]),), backprop.tensor(1.))\n" \
         "    tensor([1., 0., 1.])")) \
  OP(nonzero, nonzero, FM, run_nonzero, NULL, NULL, "(input, *, as_tuple=False)" \
     DOC("The coordinates of the elements that are not 0, int64 [count, dimensions]; as_tuple: one vector for each dimension,\n" \
         "which can index.\n\n" \
         "    >>> backprop.tensor([0, 3, 4]).nonzero()\n" \
         "    tensor([[1],\n" \
         "            [2]])")) \
  OP(argwhere, argwhere, FM, run_nonzero, NULL, NULL, "(input)" DOC("nonzero(): the coordinates of the elements that are not 0, int64 [count, dimensions].")) \
  OP(one_hot, one_hot, P, run_one_hot, NULL, NULL, "(tensor, num_classes=-1)" \
     DOC("int64 labels of any shape → int64 [.., num_classes], 1 at the label; num_classes −1: one more than the largest label.\n\n" \
         "    >>> backprop.nn.functional.one_hot(backprop.tensor([0, 2]), 3)\n" \
         "    tensor([[1, 0, 0],\n" \
         "            [0, 0, 1]])"))
