/* ---------------------------------------------------------------------------------------------------------------
 * Handlers of methods: types, gradients, questions
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *cast(PyObject *self, bp_dtype dtype) {
  if (bp_dtype_of(HANDLE(self)) == dtype) return Py_NewRef(self);
  return wrap(bp_to(HANDLE(self), dtype));
}

static PyObject *run_cast(const Row *r, PyObject **v) {
  static const struct { const char *name; bp_dtype dtype; } casts[] = {{"float", BP_FLOAT32}, {"double", BP_FLOAT64}, {"long", BP_INT64},
    {"int", BP_INT32}, {"bool", BP_BOOL}, {"half", BP_FLOAT16}, {"bfloat16", BP_BFLOAT16}, {"byte", BP_UINT8}};
  size_t i = 0;
  while (strcmp(casts[i].name, r->name)) i++;
  return cast(v[0], casts[i].dtype);
}

/* to(dtype), to(device), to(device, dtype), to(other) */
static PyObject *run_to(const Row *r, PyObject **v) {
  TENSOR(0, x);
  bp_dtype dtype = bp_dtype_of(x);
  if (!absent(v[1]) && is_tensor(v[1])) dtype = bp_dtype_of(HANDLE(v[1]));
  else if (!absent(v[1]) && (Py_TYPE(v[1]) == DeviceType || PyUnicode_Check(v[1]))) {
    if (check_device(v[1])) return NULL;
  } else if (as_dtype(r->name, v[1], &dtype)) return NULL;
  if (as_dtype(r->name, v[2], &dtype) || check_device(v[3])) return NULL;
  TRUTH_OR(4, copy, 0);
  if (copy && dtype == bp_dtype_of(x)) return wrap(bp_clone(x));
  return cast(v[0], dtype);
}

static PyObject *run_same(const Row *r, PyObject **v) { (void)r; return Py_NewRef(v[0]); }

/* backward(gradient=None, retain_graph=None, create_graph=False) */
static PyObject *run_backward(const Row *r, PyObject **v) {
  bp_backward_options o = BP_BACKWARD_OPTIONS_INIT;
  TENSOR(0, x);
  TENSOR_OR_NULL(1, seed);
  o.seed = seed;
  TRUTH_OR(3, create, 0);
  o.create_graph = create;
  TRUTH_OR(2, retain, 0);
  o.retain_graph = absent(v[2]) ? create : retain;
  if (absent(v[4])) return outcome(WALK(bp_backward_with(x, &o)));
  PyObject *one = is_tensor(v[4]) ? PyTuple_Pack(1, v[4]) : Py_NewRef(v[4]), *holder;
  Py_ssize_t n;
  bp_tensor **inputs = one ? handles(r, 4, one, &holder, &n) : NULL;
  Py_XDECREF(one);
  if (!inputs) return NULL;
  bp_status status = WALK(bp_backward_inputs(x, (int32_t)n, inputs, &o));
  free(inputs);
  Py_DECREF(holder);
  return outcome(status);
}

static PyObject *run_requires_grad_(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(1, yes, 1);
  return bp_set_requires_grad(x, yes) ? fail() : Py_NewRef(v[0]);
}

static PyObject *run_size(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (absent(v[1])) return size_of(x);
  INT(1, dim);
  int32_t n = bp_ndim(x);
  if (dim < -n || dim >= n)
    return PyErr_Format(PyExc_IndexError, "Dimension out of range (expected to be in range of [%d, %d], but got %lld)", -(n ? n : 1), n ? n - 1 : 0, (long long)dim);
  return PyLong_FromLongLong(bp_dim(x, (int32_t)(dim < 0 ? dim + n : dim)));
}

static PyObject *run_stride(const Row *r, PyObject **v) {
  TENSOR(0, x);
  int32_t n = bp_ndim(x);
  if (!absent(v[1])) {
    INT(1, dim);
    if (dim < -n || dim >= n) return PyErr_Format(PyExc_IndexError, "Dimension out of range: %lld of %d dimensions", (long long)dim, (int)n);
    return PyLong_FromLongLong(bp_stride(x, (int32_t)(dim < 0 ? dim + n : dim)));
  }
  PyObject *all = PyTuple_New(n);
  for (int32_t d = 0; all && d < n; d++) {
    PyObject *one = PyLong_FromLongLong(bp_stride(x, d));
    if (!one || PyTuple_SetItem(all, d, one)) Py_CLEAR(all);
  }
  return all;
}

static PyObject *run_dim(const Row *r, PyObject **v) { TENSOR(0, x); return PyLong_FromLong(bp_ndim(x)); }
static PyObject *run_numel(const Row *r, PyObject **v) { TENSOR(0, x); return PyLong_FromLongLong(bp_numel(x)); }
static PyObject *run_is_contiguous(const Row *r, PyObject **v) { TENSOR(0, x); return PyBool_FromLong(bp_is_contiguous(x)); }
static PyObject *run_element_size(const Row *r, PyObject **v) { TENSOR(0, x); return PyLong_FromLong(dtype_table[bp_dtype_of(x)].size); }
static PyObject *run_is_floating(const Row *r, PyObject **v) { TENSOR(0, x); return PyBool_FromLong(dtype_table[bp_dtype_of(x)].floating); }
static PyObject *run_item(const Row *r, PyObject **v) { (void)r; return tensor_item(v[0], NULL); }
static PyObject *run_tolist(const Row *r, PyObject **v) { (void)r; return tensor_tolist(v[0], NULL); }
static PyObject *run_data_ptr(const Row *r, PyObject **v) { TENSOR(0, x); return PyLong_FromVoidPtr(bp_data(x)); }

static PyObject *run_numpy(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(1, force, 0);
  if (bp_requires_grad(x) && !force)
    return PyErr_Format(PyExc_RuntimeError, "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
  PyObject *numpy = PyImport_ImportModule("numpy"), *plain = wrap(bp_detach(x)), *array = NULL;
  if (numpy && plain) array = PyObject_CallMethod(numpy, "asarray", "O", plain);
  Py_XDECREF(plain);
  Py_XDECREF(numpy);
  return array;
}

static PyObject *run_is_tensor(const Row *r, PyObject **v) { (void)r; return PyBool_FromLong(is_tensor(v[0])); }

static PyObject *run_deepcopy(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (!bp_is_leaf(x)) return PyErr_Format(PyExc_RuntimeError, "deepcopy: only leaves can be copied deeply: use clone() or detach()");
  bp_tensor *copy = from_anything(v[0], -1);
  if (copy && bp_requires_grad(x)) bp_set_requires_grad(copy, 1);
  return copy ? wrap_as(Py_TYPE(v[0]), copy) : NULL;
}

/* Pickling: (type, bytes, dtype, shape, requires_grad) */
static PyObject *run_reduce_ex(const Row *r, PyObject **v) {
  View view;
  TENSOR(0, x);
  if (view_of(x, &view)) return NULL;
  PyObject *module = PyImport_ImportModule("backprop._core"), *rebuild = module ? PyObject_GetAttrString(module, "_rebuild") : NULL;
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(view.count * view.size)), *shape = size_of(x), *result = NULL;
  if (rebuild && bytes && shape) {
    if (bp_read(x, PyBytes_AsString(bytes), (size_t)(view.count * view.size))) fail();
    else {
      PyObject *plain = PySequence_List(shape);
      if (plain)
        result = Py_BuildValue("O(OOONO)", rebuild, Py_TYPE(v[0]), bytes, dtypes[view.dtype], plain, bp_requires_grad(x) ? Py_True : Py_False);
    }
  }
  Py_XDECREF(module);
  Py_XDECREF(rebuild);
  Py_XDECREF(bytes);
  Py_XDECREF(shape);
  return result;
}

static PyObject *run_rebuild(const Row *r, PyObject **v) {
  SIZES(3, shape, n);
  DTYPE_OR(2, dtype, BP_FLOAT32);
  if (!PyType_Check(v[0]) || !PyType_IsSubtype((PyTypeObject *)v[0], TensorType)) return type_error(r->name, "type", "Tensor or a subclass", v[0]);
  if (!PyBytes_Check(v[1])) return type_error(r->name, "data", "bytes", v[1]);
  bp_tensor *t = bp_tensor_create(ctx, dtype, n, shape, NULL);
  if (!t) return fail();
  int grad = PyObject_IsTrue(v[4]);
  if (bp_write(t, PyBytes_AsString(v[1]), (size_t)PyBytes_Size(v[1])) || (grad && bp_set_requires_grad(t, 1))) {
    fail();
    bp_release(t);
    return NULL;
  }
  return wrap_as((PyTypeObject *)v[0], t);
}

/* f"{loss:.4f}": a single number is formatted as one */
static PyObject *run_format(const Row *r, PyObject **v) {
  (void)r;
  if (!PyUnicode_Check(v[1])) return type_error("__format__", "format_spec", "str", v[1]);
  if (bp_ndim(HANDLE(v[0])) == 0 && PyUnicode_GetLength(v[1]) > 0) {
    PyObject *item = tensor_item(v[0], NULL), *text = item ? PyObject_Format(item, v[1]) : NULL;
    Py_XDECREF(item);
    return text;
  }
  if (PyUnicode_GetLength(v[1]) > 0) return PyErr_Format(PyExc_TypeError, "unsupported format string passed to Tensor.__format__");
  return PyObject_Str(v[0]);
}

#define CASTS "; this tensor itself if that is its type already. The gradient comes back in the old type."
#define OPERATIONS_METHODS(OP) \
  CAST(OP, float, "As float32" CASTS) CAST(OP, double, "As float64" CASTS) CAST(OP, long, "As int64, fractions cut off" CASTS) \
  CAST(OP, int, "As int32, fractions cut off" CASTS) CAST(OP, bool, "As bool: whether an element is not 0" CASTS) \
  CAST(OP, half, "As float16, a type to store, without arithmetic" CASTS) CAST(OP, bfloat16, "As bfloat16, a type to store, without arithmetic" CASTS) \
  CAST(OP, byte, "As uint8, fractions cut off" CASTS) \
  OP(to, to, M, run_to, NULL, NULL, "(input, target=None, dtype=None, *, device=None, copy=False, non_blocking=False)" \
     DOC("to(dtype), to(device), to(device, dtype) or to(other): this tensor in another type, or in that of other; itself if\n" \
         "nothing changes and copy is False.\n\n" \
         "The only device is 'cpu'; another one is a RuntimeError.")) \
  OP(cpu, cpu, M, run_same, NULL, NULL, "(input)" DOC("This tensor: all tensors live on the CPU.")) \
  OP(backward, backward, M, run_backward, NULL, NULL, "(input, gradient=None, retain_graph=None, create_graph=False, inputs=None)" \
     DOC("Walks the record back from this tensor and adds its gradient to .grad of every leaf that requires one (of inputs alone,\n" \
         "if given).\n\n" \
         "gradient: what the walk starts with, in this tensor's shape; None: 1, for a tensor of one element. The record is used up\n" \
         "unless retain_graph; create_graph records the walk itself, for derivatives of derivatives. RuntimeError: no record, one\n" \
         "used up before, or a value it needs that was changed in place.\n\n" \
         "    >>> w = backprop.tensor([1., 2.], requires_grad=True)\n" \
         "    >>> (w ** 2).sum().backward()\n" \
         "    >>> w.grad\n" \
         "    tensor([2., 4.])")) \
  OP(requires_grad_, requires_grad_, M, run_requires_grad_, NULL, NULL, "(input, requires_grad=True)" \
     DOC("Whether gradients are computed for this leaf; returns it. RuntimeError for what an operation made; TypeError for types\n" \
         "other than float32 and float64.")) \
  OP(size, size, M, run_size, NULL, NULL, "(input, dim=None)" DOC("shape, or the size of dimension dim.")) \
  OP(stride, stride, M, run_stride, NULL, NULL, "(input, dim=None)" DOC("How many elements lie from one to the next along each dimension (a tuple), or along dim.")) \
  OP(dim, dim, M, run_dim, NULL, NULL, "(input)" DOC("Number of dimensions, as ndim.")) \
  OP(ndimension, ndimension, M, run_dim, NULL, NULL, "(input)" DOC("Same as dim().")) \
  OP(numel, numel, FM, run_numel, NULL, NULL, "(input)" DOC("Number of elements: the product of the sizes.")) \
  OP(nelement, nelement, M, run_numel, NULL, NULL, "(input)" DOC("Same as numel().")) \
  OP(element_size, element_size, M, run_element_size, NULL, NULL, "(input)" DOC("Bytes of one element.")) \
  OP(is_contiguous, is_contiguous, M, run_is_contiguous, NULL, NULL, "(input)" DOC("Whether the elements lie row-major without gaps.")) \
  OP(is_floating_point, is_floating_point, FM, run_is_floating, NULL, NULL, "(input)" DOC("Whether the type is float64, float32, float16 or bfloat16.")) \
  OP(item, item, M, run_item, NULL, NULL, "(input)" DOC("The only element, as a Python number; RuntimeError if there are more or none.")) \
  OP(tolist, tolist, M, run_tolist, NULL, NULL, "(input)" DOC("The elements as nested lists of Python numbers; of a 0-dimensional tensor the number.")) \
  OP(data_ptr, data_ptr, M, run_data_ptr, NULL, NULL, "(input)" DOC("The address of the first element, as an int.")) \
  OP(numpy, numpy, M, run_numpy, NULL, NULL, "(input, force=False)" \
     DOC("A NumPy array over this tensor's memory; nothing is copied, both see changes. RuntimeError for a tensor that requires a\n" \
         "gradient, unless force: use detach() first. ModuleNotFoundError without NumPy.")) \
  OP(deepcopy, __deepcopy__, M, run_deepcopy, NULL, NULL, "(input, memo)" \
     DOC("For copy.deepcopy(): a leaf of its own with the same elements. RuntimeError for what an operation recorded.")) \
  OP(reduce_ex, __reduce_ex__, M, run_reduce_ex, NULL, NULL, "(input, protocol)" DOC("For pickle and copy: class, bytes, dtype, shape and requires_grad.")) \
  OP(format, __format__, M, run_format, NULL, NULL, "(input, format_spec)" DOC("f'{loss:.4f}': a 0-dimensional tensor is formatted as its number.")) \
  OP(is_tensor, is_tensor, F, run_is_tensor, NULL, NULL, "(obj)" DOC("Whether obj is a Tensor.")) \
  OP(rebuild, _rebuild, P, run_rebuild, NULL, NULL, "(type, data, dtype, shape, requires_grad)" DOC("What unpickling calls with the parts that __reduce_ex__ gave."))
