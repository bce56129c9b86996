/* ---------------------------------------------------------------------------------------------------------------
 * Data in: numbers, nested sequences, buffers
 * ------------------------------------------------------------------------------------------------------------- */

/* What nested data turned out to be. kind: 0 bool, 1 integer, 2 floating, 3 float64 tensors; −1 nothing yet. */
typedef struct {
  int32_t ndim;
  int64_t shape[BP_MAX_DIMS];
  int kind;
} Nest;

static int is_nested(PyObject *o) {
  return PyList_Check(o) || PyTuple_Check(o) ||
         (!is_tensor(o) && !is_number(o) && !PyUnicode_Check(o) && !PyBytes_Check(o) && !PyDict_Check(o) && PySequence_Check(o));
}

/* Some sequences answer −1 without an exception. */
static Py_ssize_t length_of(PyObject *o) {
  Py_ssize_t size = PySequence_Size(o);
  if (size < 0 && !PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "tensor(): a sequence of negative length");
  return size;
}

/* Shape along the first elements. */
static int nest_shape(PyObject *data, Nest *n) {
  PyObject *o = Py_NewRef(data);
  n->ndim = 0;
  n->kind = -1;
  while (is_nested(o)) {
    Py_ssize_t size = length_of(o);
    if (size >= 0 && n->ndim == BP_MAX_DIMS)
      PyErr_Format(PyExc_ValueError, "tensor(): more than %d nested levels", BP_MAX_DIMS);
    if (size < 0 || n->ndim == BP_MAX_DIMS) {
      Py_DECREF(o);
      return -1;
    }
    n->shape[n->ndim++] = size;
    if (!size) break;
    PyObject *first = PySequence_GetItem(o, 0);
    Py_DECREF(o);
    if (!(o = first)) return -1;
  }
  Py_DECREF(o);
  return 0;
}

static int kind_of(PyObject *o) {
  if (PyBool_Check(o)) return 0;
  if (PyLong_Check(o)) return 1;
  if (PyFloat_Check(o)) return PyFloat_CheckExact(o) || !PyObject_CheckBuffer(o) ? 2 : 3; /* 3: numpy.float64 */
  if (is_tensor(o)) {
    bp_dtype dtype = bp_dtype_of(HANDLE(o));
    return dtype == BP_FLOAT64 ? 3 : dtype == BP_BOOL ? 0 : dtype_table[dtype & 7].floating ? 2 : 1;
  }
  if (is_number(o)) return PyIndex_Check(o) ? 1 : 2;
  char buffer[64];
  if (PyUnicode_Check(o) || PyBytes_Check(o) || PyByteArray_Check(o)) PyErr_Format(PyExc_TypeError, "new(): invalid data type '%s'", type_name(o, buffer));
  else PyErr_Format(PyExc_RuntimeError, "Could not infer dtype of %s", type_name(o, buffer));
  return -1;
}

/* The sequence at depth must have the size found along the first elements: lists may be ragged, or change while we read. */
static int nest_check(PyObject *o, const Nest *n, int32_t depth) {
  if (!is_nested(o)) {
    PyErr_Format(PyExc_ValueError, "tensor(): expected a sequence of length %lld at dim %d, got a number", (long long)n->shape[depth], depth);
    return -1;
  }
  Py_ssize_t size = length_of(o);
  if (size >= 0 && size != n->shape[depth])
    PyErr_Format(PyExc_ValueError, "tensor(): expected a sequence of length %lld at dim %d (got %zd)", (long long)n->shape[depth], depth, size);
  return size == n->shape[depth] ? 0 : -1;
}

static int nest_kind(PyObject *o, Nest *n, int32_t depth) {
  if (depth == n->ndim) {
    if (is_nested(o)) {
      PyErr_Format(PyExc_ValueError, "tensor(): expected a number at depth %d, got a sequence", depth);
      return -1;
    }
    int kind = kind_of(o);
    if (kind > n->kind) n->kind = kind;
    return kind < 0 ? -1 : 0;
  }
  if (nest_check(o, n, depth)) return -1;
  for (int64_t i = 0; i < n->shape[depth]; i++) {
    PyObject *item = PySequence_GetItem(o, (Py_ssize_t)i);
    int bad = !item || nest_kind(item, n, depth + 1);
    Py_XDECREF(item);
    if (bad) return -1;
  }
  return 0;
}

/* One number into memory. */
static int store(char *p, bp_dtype dtype, PyObject *o) {
  if (dtype == BP_FLOAT32 || dtype == BP_FLOAT64) {
    double value = PyFloat_AsDouble(o);
    if (value == -1 && PyErr_Occurred()) return -1;
    float single = (float)value;
    memcpy(p, dtype == BP_FLOAT32 ? (void *)&single : (void *)&value, dtype == BP_FLOAT32 ? 4 : 8);
    return 0;
  }
  if (dtype == BP_BOOL) {
    int value = PyObject_IsTrue(o);
    *p = (char)(value == 1);
    return value < 0 ? -1 : 0;
  }
  PyObject *whole = PyNumber_Long(o);
  long long value = whole ? PyLong_AsLongLong(whole) : -1;
  Py_XDECREF(whole);
  if (value == -1 && PyErr_Occurred()) {
    if (PyFloat_Check(o)) return PyErr_Format(PyExc_RuntimeError, "value cannot be converted to type %s without overflow", dtype_table[dtype].name), -1;
    if (PyErr_ExceptionMatches(PyExc_OverflowError)) PyErr_SetString(PyExc_ValueError, "Overflow when unpacking long long");
    return -1;
  }
  if ((dtype == BP_INT32 && value != (int32_t)value) || (dtype == BP_UINT8 && value != (uint8_t)value)) {
    PyErr_Format(PyExc_RuntimeError, "value %lld cannot be converted to type %s without overflow", value, dtype_table[dtype].name);
    return -1;
  }
  int64_t q = value;
  int32_t i = (int32_t)value;
  uint8_t b = (uint8_t)value;
  if (dtype == BP_INT64) memcpy(p, &q, 8);
  else if (dtype == BP_INT32) memcpy(p, &i, 4);
  else memcpy(p, &b, 1);
  return 0;
}

static int nest_store(PyObject *o, const Nest *n, int32_t depth, bp_dtype dtype, char **p) {
  if (depth == n->ndim) {
    if (is_nested(o) || kind_of(o) < 0) {
      if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "tensor(): the data changed while it was read");
      return -1;
    }
    int bad = store(*p, dtype, o);
    *p += dtype_table[dtype].size;
    return bad;
  }
  if (nest_check(o, n, depth)) return -1;
  for (int64_t i = 0; i < n->shape[depth]; i++) {
    PyObject *item = PySequence_GetItem(o, (Py_ssize_t)i);
    int bad = !item || nest_store(item, n, depth + 1, dtype, p);
    Py_XDECREF(item);
    if (bad) return -1;
  }
  return 0;
}

/* t in another type; takes the count of t. dtype −1: as it is. */
static bp_tensor *converted(bp_tensor *t, bp_dtype dtype) {
  if (!t || dtype < 0 || bp_dtype_of(t) == dtype) return t;
  bp_tensor *other = bp_to(t, dtype);
  if (other && scope_depth) bp_retain(other);
  bp_release(t);
  return other;
}

/* dtype −1: inferred. The handle is the caller's, as from bp_tensor_create(). */
static bp_tensor *from_nested(PyObject *data, bp_dtype dtype) {
  Nest n;
  if (nest_shape(data, &n)) return NULL;
  int64_t count = 1;
  for (int32_t d = 0; d < n.ndim; d++)
    if (__builtin_mul_overflow(count, n.shape[d], &count) || count > INT64_MAX / 64) return PyErr_NoMemory(), NULL; /* a sequence's len() may say anything */
  if (nest_kind(data, &n, 0)) return NULL;
  const bp_dtype inferred[] = {BP_BOOL, BP_INT64, default_dtype, BP_FLOAT64};
  bp_dtype made = dtype >= 0 ? dtype : n.kind < 0 ? default_dtype : inferred[n.kind];
  if (made == BP_FLOAT16 || made == BP_BFLOAT16) made = BP_FLOAT32;
  bp_tensor *t = bp_tensor_create(ctx, made, n.ndim, n.shape, NULL);
  if (!t) return fail(), NULL;
  char *p = bp_data(t);
  if (bp_numel(t) && (!p || nest_store(data, &n, 0, made, &p))) {
    if (!p) fail();
    bp_release(t);
    return NULL;
  }
  if (!(t = converted(t, dtype))) fail();
  return t;
}

/* The dtype of a buffer's elements, or −1. Little-endian hosts only have '<' as another name for native. */
static bp_dtype dtype_of_buffer(const Py_buffer *b) {
  const char *f = b->format ? b->format : "B";
  if (*f == '@' || *f == '=' || *f == '<' || (*f == '|' && b->itemsize == 1)) f++;
  if (!f[0] || f[1]) return -1;
  switch (*f) {
  case 'f': return b->itemsize == 4 ? BP_FLOAT32 : -1;
  case 'd': return b->itemsize == 8 ? BP_FLOAT64 : -1;
  case 'e': return b->itemsize == 2 ? BP_FLOAT16 : -1;
  case '?': return b->itemsize == 1 ? BP_BOOL : -1;
  case 'B': return b->itemsize == 1 ? BP_UINT8 : -1;
  case 'i': case 'l': case 'q': case 'n': return b->itemsize == 8 ? BP_INT64 : b->itemsize == 4 ? BP_INT32 : -1;
  default: return -1;
  }
}

/* The sizes of a buffer, whose length must be theirs: exporters are not believed. */
static int buffer_shape(const Py_buffer *b, int64_t shape[BP_MAX_DIMS]) {
  int64_t bytes = b->itemsize;
  int bad = b->ndim < 0 || b->len < 0 || b->itemsize < 1 || (b->ndim > 1 && !b->shape) || (b->len && !b->buf);
  if (b->ndim > BP_MAX_DIMS) return PyErr_Format(PyExc_ValueError, "at most %d dimensions, the buffer has %d", BP_MAX_DIMS, b->ndim), -1;
  for (int d = 0; !bad && d < b->ndim; d++) {
    shape[d] = b->shape ? b->shape[d] : b->len / b->itemsize;
    bad = shape[d] < 0 || __builtin_mul_overflow(bytes, shape[d], &bytes);
  }
  return bad || bytes != b->len ? PyErr_SetString(PyExc_ValueError, "the buffer's length is not that of its sizes"), -1 : 0;
}

/* A copy of a buffer; NULL without an exception if its elements have no dtype here. */
static bp_tensor *from_buffer_copy(PyObject *data, bp_dtype dtype) {
  Py_buffer b;
  if (PyObject_GetBuffer(data, &b, PyBUF_FULL_RO)) return NULL;
  bp_dtype made = dtype_of_buffer(&b);
  int64_t shape[BP_MAX_DIMS];
  bp_tensor *t = NULL;
  if (!buffer_shape(&b, shape) && made >= 0) {
    if (!(t = bp_tensor_create(ctx, made, b.ndim, shape, NULL))) fail();
    else if (b.len && PyBuffer_ToContiguous(bp_data(t), &b, b.len, 'C')) {
      bp_release(t);
      t = NULL;
    } else if (made == BP_BOOL) {
      char *p = bp_data(t);
      for (Py_ssize_t i = 0; i < b.len; i++) p[i] = p[i] != 0;
    }
  }
  PyBuffer_Release(&b);
  if (t && !(t = converted(t, dtype))) fail();
  return t;
}

/* A copy of anything tensor() takes. The handle is the caller's. */
static bp_tensor *from_anything(PyObject *data, bp_dtype dtype) {
  if (is_tensor(data)) {
    bp_tensor *plain = bp_detach(HANDLE(data)), *copy = plain ? bp_clone(plain) : NULL;
    if (plain) drop(plain);
    if (copy && scope_depth) bp_retain(copy);
    if (!copy || !(copy = converted(copy, dtype))) fail();
    return copy;
  }
  if (!PyList_Check(data) && !PyTuple_Check(data) && PyObject_CheckBuffer(data)) {
    bp_tensor *t = from_buffer_copy(data, dtype);
    if (t || PyErr_Occurred()) return t;
  }
  return from_nested(data, dtype);
}
