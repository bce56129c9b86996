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

/* Shape along the first elements. */
static int nest_shape(PyObject *data, Nest *n) {
  PyObject *o = Py_NewRef(data);
  n->ndim = 0;
  n->kind = -1;
  while (is_nested(o)) {
    Py_ssize_t size = PySequence_Size(o);
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
  if (PyFloat_Check(o)) return 2;
  if (is_tensor(o)) {
    bp_dtype dtype = bp_dtype_of(HANDLE(o));
    return dtype == BP_FLOAT64 ? 3 : dtype == BP_BOOL ? 0 : dtype_table[dtype & 7].floating ? 2 : 1;
  }
  if (is_number(o)) return PyIndex_Check(o) ? 1 : 2;
  char buffer[64];
  PyErr_Format(PyExc_TypeError, "tensor(): cannot make a number of '%s'", type_name(o, buffer));
  return -1;
}

/* The sequence at depth must have the size found along the first elements: lists may be ragged, or change while we read. */
static int nest_check(PyObject *o, const Nest *n, int32_t depth) {
  if (!is_nested(o)) {
    PyErr_Format(PyExc_ValueError, "tensor(): expected a sequence of length %lld at dim %d, got a number", (long long)n->shape[depth], depth);
    return -1;
  }
  Py_ssize_t size = PySequence_Size(o);
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
  if (value == -1 && PyErr_Occurred()) return -1;
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
  if (nest_shape(data, &n) || nest_kind(data, &n, 0)) return NULL;
  static const bp_dtype inferred[] = {BP_BOOL, BP_INT64, BP_FLOAT32, BP_FLOAT64};
  bp_dtype made = dtype >= 0 ? dtype : n.kind < 0 ? BP_FLOAT32 : inferred[n.kind];
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

static int buffer_shape(const Py_buffer *b, int64_t shape[BP_MAX_DIMS]) {
  if (b->ndim > BP_MAX_DIMS) {
    PyErr_Format(PyExc_ValueError, "at most %d dimensions, the buffer has %d", BP_MAX_DIMS, b->ndim);
    return -1;
  }
  for (int d = 0; d < b->ndim; d++) shape[d] = b->shape ? b->shape[d] : b->len / b->itemsize;
  return 0;
}

/* A copy of a buffer; NULL without an exception if its elements have no dtype here. */
static bp_tensor *from_buffer_copy(PyObject *data, bp_dtype dtype) {
  Py_buffer b;
  if (PyObject_GetBuffer(data, &b, PyBUF_FULL_RO)) return NULL;
  bp_dtype made = dtype_of_buffer(&b);
  int64_t shape[BP_MAX_DIMS];
  bp_tensor *t = NULL;
  if (made >= 0 && !buffer_shape(&b, shape)) {
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

/* A tensor over the memory of data. strict: what cannot be borrowed is an error, otherwise NULL without an exception. */
static bp_tensor *borrow(const char *function, PyObject *data, int strict) {
  Borrowed *b = calloc(1, sizeof *b);
  if (!b) return PyErr_NoMemory(), NULL;
  if (PyObject_GetBuffer(data, &b->buffer, PyBUF_FULL)) {
    free(b);
    if (!strict && PyErr_ExceptionMatches(PyExc_BufferError)) PyErr_Clear();
    else if (!strict && PyErr_ExceptionMatches(PyExc_ValueError)) PyErr_Clear(); /* NumPy's read-only arrays */
    return NULL;
  }
  int64_t shape[BP_MAX_DIMS];
  bp_dtype dtype = dtype_of_buffer(&b->buffer);
  const char *problem = dtype < 0 ? "elements of this type have no dtype here"
    : !PyBuffer_IsContiguous(&b->buffer, 'C') ? "the memory must be row-major without gaps" 
    : (uintptr_t)b->buffer.buf % (uintptr_t)dtype_table[dtype].size ? "the memory must be aligned to its elements" : NULL;
  bp_tensor *t = NULL;
  if (problem) {
    if (strict) PyErr_Format(PyExc_ValueError, "%s(): %s; copy with tensor()", function, problem);
  } else if (!buffer_shape(&b->buffer, shape)) {
    t = bp_tensor_borrow(ctx, dtype, b->buffer.ndim, shape, b->buffer.buf, release_borrowed, b);
    if (t) return t;
    fail();
  }
  PyBuffer_Release(&b->buffer);
  free(b);
  return NULL;
}

/* ---------------------------------------------------------------------------------------------------------------
 * Data out: the buffer protocol. An export keeps a count of the handle, so it outlives the Tensor object.
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
  int contiguous = bp_is_contiguous(t), graph = bp_requires_grad(t);
  const char *format = dtype_table[v.dtype].format;
  const char *problem = !format ? "bfloat16 has no code in the buffer protocol: convert with .float()"
    : graph && (flags & PyBUF_WRITABLE) ? "a tensor that requires grad gives its memory for reading only: use detach()"
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
  b->buf = v.data ? v.data : nothing;
  b->len = (Py_ssize_t)(v.count * v.size);
  b->itemsize = (Py_ssize_t)v.size;
  b->readonly = graph;
  b->ndim = v.ndim;
  b->format = flags & PyBUF_FORMAT ? (char *)format : NULL;
  b->shape = flags & PyBUF_ND ? e->shape : NULL;
  b->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? e->strides : NULL;
  b->suboffsets = NULL;
  b->internal = e;
  return 0;
}

static void tensor_releasebuffer(PyObject *self, Py_buffer *b) {
  (void)self;
  Export *e = b->internal;
  give_back(e->t);
  free(e);
}

/* ---------------------------------------------------------------------------------------------------------------
 * DLPack, https://dmlc.github.io/dlpack: the structures of version 0.8, and those of 1.0 which carry a version and flags.
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct { int32_t type, id; } DLDevice;
typedef struct { uint8_t code, bits; uint16_t lanes; } DLDataType;
typedef struct { void *data; DLDevice device; int32_t ndim; DLDataType dtype; int64_t *shape, *strides; uint64_t byte_offset; } DLTensor;
typedef struct DLManaged { DLTensor tensor; void *owner; void (*deleter)(struct DLManaged *); } DLManaged;
typedef struct DLVersioned {
  struct { uint32_t major, minor; } version;
  void *owner;
  void (*deleter)(struct DLVersioned *);
  uint64_t flags; /* bit 0: read only */
  DLTensor tensor;
} DLVersioned;
enum { DL_CPU = 1, DL_READ_ONLY = 1 };

static const DLDataType dlpack_types[8] = {{2, 32, 1}, {2, 64, 1}, {0, 64, 1}, {0, 32, 1}, {1, 8, 1}, {6, 8, 1}, {2, 16, 1}, {4, 16, 1}};

/* One allocation: the structure asked for, then sizes and strides. Holds a count of the handle. */
typedef struct {
  union { DLManaged old; DLVersioned versioned; } u;
  bp_tensor *t;
  int64_t sizes[2 * BP_MAX_DIMS];
} Shared;

/* The consumer may let go on any thread, and even after Python has ended: then the process takes the memory. */
static void shared_free(Shared *e) {
  if (!Py_IsInitialized()) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  give_back(e->t);
  PyGILState_Release(gil);
  free(e);
}
static void shared_delete(DLManaged *m) { shared_free((Shared *)m); }
static void shared_delete_versioned(DLVersioned *m) { shared_free((Shared *)m); }

/* A capsule nobody has taken is still ours; a consumer renames it. */
static void capsule_free(PyObject *capsule) {
  static const char *const names[] = {"dltensor", "dltensor_versioned"};
  for (int i = 0; i < 2; i++)
    if (PyCapsule_IsValid(capsule, names[i])) shared_free(PyCapsule_GetPointer(capsule, names[i]));
}

/* A capsule over the memory of t, in the structure with a version or the one before it. */
static PyObject *export_dlpack(bp_tensor *t, int versioned) {
  View view;
  if (view_of(t, &view)) return NULL;
  if (bp_requires_grad(t)) return PyErr_Format(PyExc_BufferError, "Can't export tensors that require gradient, use tensor.detach()");
  Shared *e = calloc(1, sizeof *e);
  if (!e) return PyErr_NoMemory();
  for (int32_t d = 0; d < view.ndim; d++) {
    e->sizes[d] = view.shape[d];
    e->sizes[BP_MAX_DIMS + d] = view.stride[d] / view.size;
  }
  DLTensor tensor = {view.data, {DL_CPU, 0}, view.ndim, dlpack_types[view.dtype], e->sizes, e->sizes + BP_MAX_DIMS, 0};
  e->t = bp_retain(t);
  if (versioned) e->u.versioned = (DLVersioned){{1, 0}, e, shared_delete_versioned, 0, tensor};
  else e->u.old = (DLManaged){tensor, e, shared_delete};
  PyObject *capsule = PyCapsule_New(e, versioned ? "dltensor_versioned" : "dltensor", capsule_free);
  if (!capsule) shared_free(e);
  return capsule;
}

/* The tensor in a capsule, borrowed; the capsule is used up. */
static bp_tensor *import_dlpack(PyObject *capsule) {
  int versioned = PyCapsule_IsValid(capsule, "dltensor_versioned");
  void *managed = PyCapsule_GetPointer(capsule, versioned ? "dltensor_versioned" : "dltensor");
  if (!managed) return NULL;
  if (versioned && ((DLVersioned *)managed)->version.major != 1) return PyErr_SetString(PyExc_BufferError, "from_dlpack(): DLPack of an unknown version"), NULL;
  const DLTensor *d = versioned ? &((DLVersioned *)managed)->tensor : &((DLManaged *)managed)->tensor;
  bp_dtype dtype = 0;
  while (dtype < 8 && memcmp(&dlpack_types[dtype], &d->dtype, sizeof d->dtype)) dtype++;
  int64_t dense = 1, empty = 0;
  for (int32_t i = 0; i < d->ndim; i++) empty |= d->shape[i] == 0;
  int gaps = 0;
  for (int32_t i = d->ndim - 1; i >= 0 && d->strides && !empty; i--) {
    gaps |= d->shape[i] != 1 && d->strides[i] != dense;
    dense *= d->shape[i];
  }
  char *data = (char *)d->data + d->byte_offset;
  const char *problem = d->device.type != DL_CPU ? "the tensor is not in the CPU's memory"
    : d->ndim > BP_MAX_DIMS ? "at most 8 dimensions" : dtype == 8 ? "elements of this type have no dtype here"
    : versioned && ((DLVersioned *)managed)->flags & DL_READ_ONLY ? "the memory is read only; copy with tensor()"
    : gaps ? "the memory must be row-major without gaps; copy with tensor()"
    : (uintptr_t)data % (uintptr_t)dtype_table[dtype].size ? "the memory must be aligned to its elements; copy with tensor()" : NULL;
  if (problem) return PyErr_Format(PyExc_BufferError, "from_dlpack(): %s", problem), NULL;
  Borrowed *b = calloc(1, sizeof *b);
  if (!b) return PyErr_NoMemory(), NULL;
  b->dlpack = managed;
  b->delete_dlpack = (void (*)(void *))(versioned ? (void (*)(void))((DLVersioned *)managed)->deleter : (void (*)(void))((DLManaged *)managed)->deleter);
  bp_tensor *t = bp_tensor_borrow(ctx, dtype, d->ndim, d->shape, data, release_borrowed, b);
  if (!t) return free(b), fail(), NULL;
  PyCapsule_SetName(capsule, versioned ? "used_dltensor_versioned" : "used_dltensor");
  PyCapsule_SetDestructor(capsule, NULL);
  return t;
}
