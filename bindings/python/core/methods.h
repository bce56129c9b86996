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

/* to(dtype, non_blocking, copy), to(device, dtype, non_blocking, copy), to(other, non_blocking, copy), all of it by keyword */
static PyObject *run_to(const Row *r, PyObject **v) {
  TENSOR(0, x);
  bp_dtype dtype = bp_dtype_of(x);
  PyObject *copy = v[4];
  if (!absent(v[1]) && (is_tensor(v[1]) || Py_TYPE(v[1]) == DtypeType || PyType_Check(v[1]))) {
    if (!is_tensor(v[1]) && as_dtype(r->name, v[1], &dtype)) return NULL;
    if (is_tensor(v[1])) dtype = bp_dtype_of(HANDLE(v[1]));
    if (v[2] && !PyBool_Check(v[2])) return type_error(r->name, "non_blocking", "bool", v[2]);
    if (v[3] && v[2]) copy = v[3];
  } else if (check_device(v[1]) || as_dtype(r->name, v[2], &dtype)) return NULL;
  if (as_dtype(r->name, v[5], &dtype) || check_device(v[6])) return NULL;
  int own = truth(copy, 0);
  if (own < 0) return NULL;
  PyObject *result = own && dtype == bp_dtype_of(x) ? wrap(bp_clone(x)) : cast(v[0], dtype);
  if (!result || absent(v[7])) return result;
  PyObject *formatted = laid_out(result, v[7], 0);
  Py_DECREF(result);
  return formatted;
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
static PyObject *run_element_size(const Row *r, PyObject **v) { TENSOR(0, x); return PyLong_FromLong(dtype_table[bp_dtype_of(x) & 7].size); }
static PyObject *run_is_floating(const Row *r, PyObject **v) { TENSOR(0, x); return PyBool_FromLong(dtype_table[bp_dtype_of(x) & 7].floating); }
static PyObject *run_item(const Row *r, PyObject **v) { (void)r; return tensor_item(v[0], NULL); }
static PyObject *run_tolist(const Row *r, PyObject **v) { (void)r; return tensor_tolist(v[0], NULL); }
static PyObject *run_data_ptr(const Row *r, PyObject **v) { TENSOR(0, x); return PyLong_FromVoidPtr(bp_data(x)); }

/* detach_(): the object stands for the tensor without history from here on */
static PyObject *run_detach_in_place(const Row *r, PyObject **v) {
  TENSOR(0, x);
  bp_tensor *plain = bp_is_leaf(x) && !bp_requires_grad(x) ? NULL : bp_detach(x);
  if (!plain) return bp_is_leaf(x) ? Py_NewRef(v[0]) : fail();
  if (scope_depth) bp_retain(plain);
  return stand_for(v[0], plain, 1) ? NULL : Py_NewRef(v[0]);
}

/* x.set_(y): the object stands for y, with y's shape and history, from here on */
static PyObject *run_set(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, y);
  if (bp_dtype_of(x) != bp_dtype_of(y))
    return PyErr_Format(PyExc_RuntimeError, "%s(): the tensor is %s, source %s", r->name, dtype_table[bp_dtype_of(x)].name, dtype_table[bp_dtype_of(y)].name);
  if (bp_is_grad_enabled(ctx) && bp_requires_grad(x) && bp_is_leaf(x))
    return PyErr_Format(PyExc_RuntimeError, "%s(): a leaf that requires grad takes part in a graph: change it in place only under no_grad()", r->name);
  SLOT(v[0]) = bp_retain(y);
  bp_release(x);
  return Py_NewRef(v[0]);
}

static PyObject *run_is_tensor(const Row *r, PyObject **v) { (void)r; return PyBool_FromLong(is_tensor(v[0])); }

/* All memory a tensor looks into, in one dimension. The library says where memory ends by refusing what goes beyond: steps that double, then halve. */
static PyObject *run_storage(const Row *r, PyObject **v) {
  TENSOR(0, x);
  bp_tensor *plain = bp_detach(x), *all, *longer;
  int64_t one[] = {1}, size = bp_numel(x) ? bp_storage_offset(x) + 1 : 0, step = 1, line = 64 / dtype_table[bp_dtype_of(x) & 7].size;
  for (int32_t d = 0; size && d < bp_ndim(x); d++) size += (bp_dim(x, d) - 1) * bp_stride(x, d);
  int64_t seen = size;
  all = plain ? bp_as_strided(plain, 1, &size, one, 0) : NULL;
  for (int growing = 1; all && step; ) {
    if ((longer = bp_as_strided(plain, 1, (int64_t[]){size + step}, one, 0))) {
      drop(all);
      all = longer;
      size += step;
    } else bp_context_clear(ctx), growing = 0;
    step = growing ? step * 2 : step / 2;
  }
  if (all && size > seen && size <= ((seen ? seen : 1) + line - 1) / line * line && (longer = bp_as_strided(plain, 1, &seen, one, 0))) {
    drop(all); /* the rest of a cache line is the allocator's */
    all = longer;
  }
  if (plain) drop(plain);
  return wrap_view(all);
}

/* The elements, row-major, as bytes: what a pickle holds where the buffer protocol has no code. */
static PyObject *run_bytes(const Row *r, PyObject **v) {
  TENSOR(0, x);
  int64_t size = bp_numel(x) * dtype_table[bp_dtype_of(x) & 7].size;
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
  if (bytes && size && bp_read(x, PyBytes_AsString(bytes), (size_t)size)) {
    Py_CLEAR(bytes);
    fail();
  }
  return bytes;
}

/* f"{loss:.4f}": a single number is formatted as one */
static PyObject *run_format(const Row *r, PyObject **v) {
  (void)r;
  if (!PyUnicode_Check(v[1])) return type_error("__format__", "format_spec", "str", v[1]);
  if (bp_ndim(HANDLE(v[0])) == 0 && Py_TYPE(v[0]) == TensorType) {
    PyObject *item = tensor_item(v[0], NULL), *text = item ? PyObject_Format(item, v[1]) : NULL;
    Py_XDECREF(item);
    return text;
  }
  if (PyUnicode_GetLength(v[1]) > 0) return PyErr_Format(PyExc_TypeError, "unsupported format string passed to Tensor.__format__");
  return PyObject_Str(v[0]);
}

static PyObject *run_reversed(const Row *r, PyObject **v) {
  TENSOR(0, x);
  return bp_ndim(x) ? wrap(bp_flip(x, 1, (int64_t[]){0})) : Py_NewRef(v[0]);
}

static PyObject *run_set_default_dtype(const Row *r, PyObject **v) {
  bp_dtype dtype = BP_INT64;
  if (Py_TYPE(v[0]) == DtypeType && as_dtype(r->name, v[0], &dtype)) return NULL;
  if (!dtype_table[dtype].floating)
    return PyErr_Format(PyExc_TypeError, Py_TYPE(v[0]) == DtypeType ? "only floating-point types are supported as the default type"
                        : "invalid dtype object: only floating-point types are supported as the default type");
  default_dtype = dtype;
  Py_RETURN_NONE;
}

static PyObject *run_get_default_dtype(const Row *r, PyObject **v) { (void)r; (void)v; return Py_NewRef(dtypes[default_dtype]); }

static PyObject *run_is_contiguous(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (absent(v[1])) return PyBool_FromLong(bp_is_contiguous(x));
  PyObject *module = PyImport_ImportModule("backprop._layout");
  PyObject *result = module ? PyObject_CallMethod(module, "is_laid_out", "OO", v[0], v[1]) : NULL;
  Py_XDECREF(module);
  return result;
}

#define CASTS "; this tensor itself if that is its type already.\nThe gradient comes back in the old type."
#define OPERATIONS_METHODS(OP) \
  CAST(OP, float, "As float32" CASTS) CAST(OP, double, "As float64" CASTS) CAST(OP, long, "As int64, fractions cut off" CASTS) \
  CAST(OP, int, "As int32, fractions cut off" CASTS) CAST(OP, bool, "As bool: whether an element is not 0" CASTS) \
  CAST(OP, half, "As float16, a type to store, without arithmetic" CASTS) CAST(OP, bfloat16, "As bfloat16, a type to store, without arithmetic" CASTS) \
  CAST(OP, byte, "As uint8, fractions cut off" CASTS) \
  OP(to, to, M, run_to, NULL, NULL, "(input, target=None, then=None, non_blocking=False, copy=False, *, dtype=None, device=None, memory_format=None)" \
     DOC("to(dtype, non_blocking, copy), to(device, dtype, non_blocking, copy) or to(other, non_blocking, copy): this tensor in\n" \
         "another type, or in that of other; itself if nothing changes and copy is False. non_blocking changes nothing.\n\n" \
         "The only device is 'cpu'; another one is a RuntimeError.\n\n" \
         "    >>> backprop.tensor([1.7]).to(backprop.int64)\n" \
         "    tensor([1])")) \
  OP(cpu, cpu, M, run_same, NULL, NULL, "(input, *, memory_format=None)" DOC("This tensor: all tensors live on the CPU.")) \
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
  OP(is_contiguous, is_contiguous, M, run_is_contiguous, NULL, NULL, "(input, memory_format=None)" \
     DOC("Whether the elements lie row-major without gaps; with a memory format, whether they lie in its order.")) \
  OP(is_floating_point, is_floating_point, FM, run_is_floating, NULL, NULL, "(input)" DOC("Whether the type is float64, float32, float16 or bfloat16.")) \
  OP(item, item, M, run_item, NULL, NULL, "(input)" \
     DOC("The only element, as a Python number; RuntimeError if there are more or none.\n\n" \
         "    >>> backprop.tensor([2.5]).item()\n" \
         "    2.5")) \
  OP(tolist, tolist, M, run_tolist, NULL, NULL, "(input)" \
     DOC("The elements as nested lists of Python numbers; of a 0-dimensional tensor the number.\n\n" \
         "    >>> backprop.tensor([[1, 2]]).tolist()\n" \
         "    [[1, 2]]")) \
  OP(data_ptr, data_ptr, M, run_data_ptr, NULL, NULL, "(input)" DOC("The address of the first element, as an int.")) \
  OP(format, __format__, M, run_format, NULL, NULL, "(input, format_spec)" DOC("f'{loss:.4f}': a 0-dimensional tensor is formatted as its number.")) \
  OP(is_tensor, is_tensor, F, run_is_tensor, NULL, NULL, "(obj)" DOC("Whether obj is a Tensor.")) \
  OP(detach_in_place, detach_, M, run_detach_in_place, NULL, NULL, "(input)" DOC("This tensor without its history; returns it.")) \
  OP(set_, set_, M, run_set, NULL, NULL, "(input, source)" \
     DOC("The object stands for source from here on: its memory, shape and history. RuntimeError for another dtype, and for a leaf\n" \
         "that requires grad.")) \
  OP(reversed, __reversed__, M, run_reversed, NULL, NULL, "(input)" DOC("reversed(x): flip(0).")) \
  OP(set_default_dtype, set_default_dtype, F, run_set_default_dtype, NULL, NULL, "(d)" \
     DOC("The type of floating tensors that are made without one being named; float32 at first.")) \
  OP(get_default_dtype, get_default_dtype, F, run_get_default_dtype, NULL, NULL, "()" DOC("What set_default_dtype() has set.")) \
  OP(storage, _storage, P, run_storage, NULL, NULL, "(input)" DOC("All memory that input looks into, in one dimension.")) \
  OP(bytes, _bytes, P, run_bytes, NULL, NULL, "(input)" DOC("The elements, row-major, as bytes."))
