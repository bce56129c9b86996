/* ---------------------------------------------------------------------------------------------------------------
 * Memory shared with others, never copied. In: buffers, NumPy's arrays, DLPack. Out: the buffer protocol, NumPy, DLPack.
 * ------------------------------------------------------------------------------------------------------------- */

/* What someone else says about memory: strides in elements. */
typedef struct {
  char *data;
  int64_t shape[BP_MAX_DIMS], stride[BP_MAX_DIMS];
  int32_t ndim;
  bp_dtype dtype;
} Foreign;

#define NEGATIVE_STRIDE "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently supported. " \
  "(You can probably work around this by making a copy of your array with array.copy().)"

/* The elements from the first to the last one, 0 for none, −1 if there is no such memory. *dense: row-major without gaps. */
static int64_t foreign_span(const Foreign *f, int *dense) {
  int64_t last = 0, expected = 1, reach;
  *dense = 1;
  for (int32_t d = 0; d < f->ndim; d++)
    if (f->shape[d] == 0) return 0;
  for (int32_t d = f->ndim - 1; d >= 0; d--) {
    if (f->shape[d] < 0) return -1;
    if (f->shape[d] == 1) continue;
    *dense &= f->stride[d] == expected;
    if (f->stride[d] < 0 || __builtin_mul_overflow(f->shape[d] - 1, f->stride[d], &reach) || __builtin_add_overflow(last, reach, &last) ||
        __builtin_mul_overflow(expected, f->shape[d], &expected)) return -1;
  }
  return last < INT64_MAX / 16 ? last + 1 : -1;
}

/* A tensor over memory that b holds for it; on failure b is let go. */
static bp_tensor *borrow_foreign(const Foreign *f, Borrowed *b) {
  static char nothing[8]; /* an address for empty tensors */
  int dense;
  int64_t span = foreign_span(f, &dense);
  char *data = f->data ? f->data : nothing;
  bp_tensor *all, *t;
  if (span < 0 || (span && !f->data)) PyErr_SetString(PyExc_ValueError, "sizes and strides that no memory has");
  else if (span && (uintptr_t)f->data % (uintptr_t)dtype_table[f->dtype].size)
    PyErr_SetString(PyExc_ValueError, "the memory is not aligned to its elements: copy it with tensor()");
  else if (!(all = dense ? bp_tensor_borrow(ctx, f->dtype, f->ndim, f->shape, data, release_borrowed, b)
                         : bp_tensor_borrow(ctx, f->dtype, 1, &span, data, release_borrowed, b))) fail();
  else if (dense) return all;
  else { /* from here on b belongs to the memory */
    if (!(t = bp_as_strided(all, f->ndim, f->shape, f->stride, 0))) fail();
    drop(all);
    return t;
  }
  unborrow(b);
  return NULL;
}

/* What a buffer says about its memory; −1 with an exception if it says what cannot be. */
static int describe(const Py_buffer *p, Foreign *f) {
  int64_t expected = p->itemsize;
  f->dtype = dtype_of_buffer(p);
  f->ndim = p->ndim;
  f->data = p->buf;
  if (f->dtype < 0) return PyErr_Format(PyExc_ValueError, "elements of type '%s' have no dtype here", p->format ? p->format : "B"), -1;
  if (p->suboffsets) return PyErr_SetString(PyExc_ValueError, "the buffer is not one piece of memory"), -1;
  if (buffer_shape(p, f->shape)) return -1;
  for (int d = p->ndim - 1; d >= 0; d--) {
    int64_t size = f->shape[d], stride = p->strides ? p->strides[d] : expected;
    expected *= size;
    if (stride < 0 && size > 1) return PyErr_SetString(PyExc_ValueError, NEGATIVE_STRIDE), -1;
    if (stride % p->itemsize)
      return PyErr_SetString(PyExc_ValueError, "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate the memory."), -1;
    f->stride[d] = stride / p->itemsize;
  }
  return 0;
}

/* Said once for each place in a program, as PyTorch does. */
static int warn_read_only(const char *what) {
  char text[200];
  snprintf(text, sizeof text, "The given %s is not writable, and a tensor always is: writing to it is undefined. Copy it with tensor() to protect its data.", what);
  return PyErr_WarnEx(PyExc_UserWarning, text, 1);
}

/* A tensor over a buffer's memory; `read_only` says what it is in the warning about one that must not be written, NULL: an error. */
static bp_tensor *borrow_buffer(PyObject *data, const char *read_only) {
  Foreign f;
  Borrowed *b = calloc(1, sizeof *b);
  if (!b) return PyErr_NoMemory(), NULL;
  if (PyObject_GetBuffer(data, &b->buffer, PyBUF_FULL_RO)) {
    free(b);
    return NULL;
  }
  int bad = describe(&b->buffer, &f);
  if (!bad && b->buffer.readonly) {
    if (read_only) bad = warn_read_only(read_only);
    else bad = -1, PyErr_SetString(PyExc_BufferError, "the buffer is read only: copy it with tensor()");
  }
  if (!bad) return borrow_foreign(&f, b);
  unborrow(b);
  return NULL;
}

/* numpy.ndarray, which only an imported NumPy has; or NULL without an exception. */
static PyObject *array_type(void) {
  PyObject *name = PyUnicode_FromString("numpy"), *numpy = name ? PyImport_GetModule(name) : NULL;
  PyObject *type = numpy ? PyObject_GetAttrString(numpy, "ndarray") : NULL;
  Py_XDECREF(name);
  Py_XDECREF(numpy);
  if (!type) PyErr_Clear();
  return type;
}

static int is_array(PyObject *o) {
  PyObject *type = is_nested(o) || PyObject_CheckBuffer(o) ? array_type() : NULL;
  int yes = type && PyType_Check(type) && PyObject_TypeCheck(o, (PyTypeObject *)type);
  Py_XDECREF(type);
  return yes;
}

/* Whether an array's elements have a dtype here; otherwise −1 with a TypeError, or a ValueError for foreign byte order. */
static int check_array(PyObject *array) {
  PyObject *dtype = PyObject_GetAttrString(array, "dtype"), *code = dtype ? PyObject_GetAttrString(dtype, "char") : NULL;
  PyObject *native = dtype ? PyObject_GetAttrString(dtype, "isnative") : NULL, *type = dtype ? PyObject_GetAttrString(dtype, "type") : NULL;
  PyObject *name = type ? PyObject_GetAttrString(type, "__name__") : NULL;
  if (name && code && native) {
    Py_UCS4 c = PyUnicode_Check(code) && PyUnicode_GetLength(code) == 1 ? PyUnicode_ReadChar(code, 0) : ' ';
    if (c > 127 || !strchr("fdelqiB?", (int)c))
      PyErr_Format(PyExc_TypeError, "can't convert np.ndarray of type numpy.%S. The only supported types are: float64, float32, float16, int64, int32, uint8, and bool.", name);
    else if (native == Py_False)
      PyErr_SetString(PyExc_ValueError, "given numpy array has byte order different from the native byte order. Conversion between byte orders is currently not supported.");
  }
  Py_XDECREF(dtype);
  Py_XDECREF(code);
  Py_XDECREF(native);
  Py_XDECREF(type);
  Py_XDECREF(name);
  return PyErr_Occurred() ? -1 : 0;
}

/* as_tensor: a tensor itself, an array's or a writable buffer's memory, where no conversion is needed; otherwise a copy. */
static PyObject *run_as_tensor(const Row *r, PyObject **v) {
  CREATION_DTYPE(dtype, -1);
  bp_tensor *t = NULL;
  if (is_tensor(v[0])) {
    if (dtype < 0 || dtype == bp_dtype_of(HANDLE(v[0]))) return Py_NewRef(v[0]);
    return wrap(bp_to(HANDLE(v[0]), dtype));
  }
  if (!PyList_Check(v[0]) && !PyTuple_Check(v[0]) && PyObject_CheckBuffer(v[0])) {
    int array = is_array(v[0]), known = !array || !check_array(v[0]);
    if (known && !(t = borrow_buffer(v[0], array ? "NumPy array" : NULL)) && array) return NULL;
    if (!t && !PyErr_ExceptionMatches(PyExc_BufferError) && !PyErr_ExceptionMatches(PyExc_ValueError) && !PyErr_ExceptionMatches(PyExc_TypeError)) return NULL;
    if (!t) PyErr_Clear();
    if (t && (dtype < 0 || dtype == bp_dtype_of(t))) return leaf(r, v, kept(t));
    if (t) {
      bp_tensor *other = kept(bp_to(t, dtype));
      drop(t);
      return leaf(r, v, other);
    }
  }
  return leaf(r, v, from_anything(v[0], dtype));
}

static PyObject *run_from_buffer(const Row *r, PyObject **v) {
  (void)r;
  bp_tensor *t = borrow_buffer(v[0], NULL);
  return t ? wrap_view(t) : NULL;
}

static PyObject *run_from_numpy(const Row *r, PyObject **v) {
  char buffer[64];
  (void)r;
  if (!is_array(v[0])) return PyErr_Format(PyExc_TypeError, "expected np.ndarray (got %s)", type_name(v[0], buffer));
  bp_tensor *t = check_array(v[0]) ? NULL : borrow_buffer(v[0], "NumPy array");
  return t ? wrap_view(t) : NULL;
}

/* frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False): elements of one type over a buffer's bytes */
static PyObject *run_frombuffer(const Row *r, PyObject **v) {
  Foreign f = {.ndim = 1, .stride = {1}, .dtype = -1};
  INT_OR(2, count, -1);
  INT_OR(3, offset, 0);
  TRUTH_OR(4, grad, 0);
  if (as_dtype(r->name, v[1], &f.dtype)) return NULL;
  if (f.dtype < 0) return type_error(r->name, "dtype", "a backprop.dtype", Py_None);
  Borrowed *b = calloc(1, sizeof *b);
  if (!b) return PyErr_NoMemory();
  if (PyObject_GetBuffer(v[0], &b->buffer, PyBUF_SIMPLE)) {
    free(b);
    return NULL;
  }
  int64_t length = b->buffer.len, size = dtype_table[f.dtype].size, rest = length - offset, wanted;
  if (length <= 0 || count == 0)
    PyErr_Format(PyExc_ValueError, "both buffer length (%lld) and count (%lld) must not be 0", (long long)length, (long long)count);
  else if (offset < 0 || offset >= length)
    PyErr_Format(PyExc_ValueError, "offset (%lld bytes) must be non-negative and no greater than buffer length (%lld bytes) minus 1", (long long)offset, (long long)length);
  else if (count < 0 && rest % size)
    PyErr_Format(PyExc_ValueError, "buffer length (%lld bytes) after offset (%lld bytes) must be a multiple of element size (%lld)", (long long)rest, (long long)offset, (long long)size);
  else if (count > 0 && (__builtin_mul_overflow(count, size, &wanted) || wanted > rest))
    PyErr_Format(PyExc_ValueError, "requested buffer length (%lld * %lld bytes) after offset (%lld bytes) must not be greater than actual buffer length (%lld bytes)",
                 (long long)count, (long long)size, (long long)offset, (long long)length);
  else if (!b->buffer.readonly || !warn_read_only("buffer")) {
    f.data = (char *)b->buffer.buf + offset;
    f.shape[0] = count > 0 ? count : rest / size;
    bp_tensor *t = borrow_foreign(&f, b);
    if (t && grad && bp_set_requires_grad(t, 1)) {
      drop(t);
      return fail();
    }
    return t ? wrap_view(t) : NULL;
  }
  unborrow(b);
  return NULL;
}

/* ---------------------------------------------------------------------------------------------------------------
 * NumPy, which reads our buffers; what it makes of our elements it hands back through __array_wrap__
 * ------------------------------------------------------------------------------------------------------------- */

/* numpy.asarray(x), or with `copy` numpy.array(x): the memory itself where nothing is converted. */
static PyObject *to_numpy(bp_tensor *x, PyObject *dtype, int copy) {
  if (bp_dtype_of(x) == BP_BFLOAT16) return PyErr_Format(PyExc_TypeError, "Got unsupported ScalarType BFloat16");
  PyObject *numpy = PyImport_ImportModule("numpy"), *plain = numpy ? wrap(bp_detach(x)) : NULL, *array = NULL;
  if (plain) array = PyObject_CallMethod(numpy, copy ? "array" : "asarray", "OO", plain, dtype ? dtype : Py_None);
  Py_XDECREF(plain);
  Py_XDECREF(numpy);
  return array;
}

static int grad_refuses_numpy(bp_tensor *x) {
  if (bp_requires_grad(x)) PyErr_SetString(PyExc_RuntimeError, "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
  return bp_requires_grad(x);
}

static PyObject *run_numpy(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(1, force, 0);
  return !force && grad_refuses_numpy(x) ? NULL : to_numpy(x, NULL, 0);
}

/* __array__(dtype=None, copy=None): copy=False means that a conversion is an error */
static PyObject *run_array(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(2, copy, 0);
  if (grad_refuses_numpy(x)) return NULL;
  PyObject *array = to_numpy(x, v[1], copy && !absent(v[2]));
  if (!array || absent(v[2]) || copy) return array;
  PyObject *base = PyObject_GetAttrString(array, "base");
  int owned = base == Py_None;
  Py_XDECREF(base);
  if (base && !owned) return array;
  Py_DECREF(array);
  return base ? PyErr_Format(PyExc_ValueError, "Unable to avoid copy while creating an array as requested.") : NULL;
}

/* __array_wrap__(array, context=None, return_scalar=False): np.sin(x) is a tensor; of elements that have no dtype here it stays an array */
static PyObject *run_array_wrap(const Row *r, PyObject **v) {
  (void)r;
  if (!is_array(v[1]) || check_array(v[1])) {
    PyErr_Clear();
    return Py_NewRef(v[1]);
  }
  bp_tensor *t = borrow_buffer(v[1], "NumPy array");
  return t ? wrap_view(t) : NULL;
}

/* ---------------------------------------------------------------------------------------------------------------
 * Out: the buffer protocol. An export keeps a count of the handle, so it outlives the Tensor object.
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct {
  bp_tensor *t;
  Py_ssize_t shape[BP_MAX_DIMS], strides[BP_MAX_DIMS];
} Export;

static int tensor_getbuffer(PyObject *self, Py_buffer *b, int flags) {
  View v;
  bp_tensor *t = HANDLE(self);
  b->obj = NULL;
  if (view_of(t, &v)) return -1;
  int contiguous = bp_is_contiguous(t);
  const char *format = dtype_table[v.dtype].format;
  const char *problem = !format && (flags & PyBUF_FORMAT) ? "bfloat16 has no code in the buffer protocol: convert with .float()"
    : bp_requires_grad(t) ? "a tensor that requires grad keeps its memory to itself: use detach()"
    : !contiguous && ((flags & PyBUF_STRIDES) != PyBUF_STRIDES || (flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS)
        ? "the tensor is not contiguous: use contiguous()"
    : (flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && v.ndim > 1 ? "the tensor is not column-major" : NULL;
  if (problem) {
    PyErr_SetString(PyExc_BufferError, problem);
    return -1;
  }
  Export *e = malloc(sizeof *e);
  if (!e) return PyErr_NoMemory(), -1;
  static char nothing[8]; /* an address for empty tensors */
  e->t = bp_retain(t);
  for (int d = 0; d < v.ndim; d++) {
    e->shape[d] = (Py_ssize_t)v.shape[d];
    e->strides[d] = (Py_ssize_t)v.stride[d];
  }
  b->obj = Py_NewRef(self);
  ((Tensor *)self)->exports++;
  b->buf = v.data ? v.data : nothing;
  b->len = (Py_ssize_t)(v.count * v.size);
  b->itemsize = (Py_ssize_t)v.size;
  b->readonly = 0;
  b->ndim = v.ndim;
  b->format = flags & PyBUF_FORMAT ? (char *)format : NULL;
  b->shape = flags & PyBUF_ND ? e->shape : NULL;
  b->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? e->strides : NULL;
  b->suboffsets = NULL;
  b->internal = e;
  return 0;
}

static void tensor_releasebuffer(PyObject *self, Py_buffer *b) {
  ((Tensor *)self)->exports--;
  Export *e = b->internal;
  give_back(e->t);
  free(e);
}

#define OPERATIONS_EXCHANGE(OP) \
  CREATION(OP, as_tensor, run_as_tensor, NULL, "(data, ", "tensor(data) without a copy where that is possible: a tensor itself, or over the memory of a\nbuffer or NumPy array, if the type is right.") \
  OP(from_buffer, from_buffer, F, run_from_buffer, NULL, NULL, "(buffer)" \
     DOC("A tensor over the memory of a writable buffer (NumPy array, array.array, memoryview …), in its type, shape and strides; nothing\n" \
         "is copied, both see changes.")) \
  OP(from_numpy, from_numpy, F, run_from_numpy, NULL, NULL, "(ndarray)" \
     DOC("A tensor over the memory of a NumPy array, with its strides; nothing is copied, both see changes. Types: float16, float32,\n" \
         "float64, int64, int32, uint8, bool; others are a TypeError. ValueError: negative strides, foreign byte order.")) \
  OP(frombuffer, frombuffer, F, run_frombuffer, NULL, NULL, "(buffer, *, dtype, count=-1, offset=0, requires_grad=False)" \
     DOC("A tensor of one dimension over the bytes of a buffer from byte offset on, as elements of dtype; count −1: to its end.")) \
  OP(numpy, numpy, M, run_numpy, NULL, NULL, "(input, *, force=False)" \
     DOC("A NumPy array over this tensor's memory; nothing is copied, both see changes. RuntimeError for a tensor that requires a\n" \
         "gradient, unless force: use detach() first. ModuleNotFoundError without NumPy.")) \
  OP(array, __array__, M, run_array, NULL, NULL, "(input, dtype=None, copy=None)" \
     DOC("For numpy.asarray() and numpy.array(). copy=False: over this tensor's memory or a ValueError.")) \
  OP(array_wrap, __array_wrap__, M, run_array_wrap, NULL, NULL, "(input, array, context=None, return_scalar=False)" \
     DOC("For NumPy's functions: numpy.sin(x) is a tensor."))
