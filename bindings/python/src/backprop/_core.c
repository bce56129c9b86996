/* backprop._core — libbackprop.so for Python. Parses arguments, calls, converts; no arithmetic happens here.
 *
 * Convenience lives in the .py files beside this one, the types in _core.pyi. One context serves the process; the GIL is
 * held throughout, which is what makes that context's "one thread at a time" true. Limited API 3.11, NumPy not needed.
 *
 * Adding an operation is one row in OPERATIONS: its name, where it appears, the handler that knows its kind of signature,
 * the functions of the library, and PyTorch's signature, which is parsed once, at import.
 *
 * Ownership, everywhere below: a Tensor object owns one count of its handle. Handles of intermediate results are given
 * back with drop(). Inside the callback of gradcheck the library has a scope open that owns new handles; wrap() then adds
 * a count for the object, and drop() leaves the handle to the scope.
 */
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backprop.h"

/* ---------------------------------------------------------------------------------------------------------------
 * State and errors
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct {
  PyObject_HEAD
  bp_tensor *t;   /* one count of it is ours */
  PyObject *weak; /* weak references, kept by Python */
} Tensor;

static bp_context *ctx;       /* the process's context; made by the first import, never destroyed */
static int instances;         /* modules alive: at most one */
static int scope_depth;       /* callbacks of gradcheck we are in */
static PyTypeObject *TensorType, *DtypeType, *DeviceType, *SizeType, *OptimizerType, *MaxType, *MinType;
static PyObject *the_device;  /* device('cpu') */
static PyObject *dtypes[8];   /* dtype objects by bp_dtype */

#define HANDLE(o) (((Tensor *)(o))->t)

static PyObject *exception_for(bp_status status) {
  switch (status) {
  case BP_E_ARGUMENT: case BP_E_FORMAT: return PyExc_ValueError;
  case BP_E_DTYPE: return PyExc_TypeError;
  case BP_E_INDEX: return PyExc_IndexError;
  case BP_E_MEMORY: return PyExc_MemoryError;
  case BP_E_IO: return errno == ENOENT ? PyExc_FileNotFoundError : PyExc_OSError;
  default: return PyExc_RuntimeError; /* shape, graph, handle, callback */
  }
}

/* Raises what the library reported, in its own words, and clears it. An exception that is already set stays. Returns NULL. */
static PyObject *fail(void) {
  bp_status status = bp_context_status(ctx);
  if (!PyErr_Occurred()) {
    const char *text = status ? bp_context_message(ctx) : "the library gave no result and no reason";
    PyObject *message = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    if (message) {
      PyErr_SetObject(exception_for(status), message);
      Py_DECREF(message);
    }
  }
  bp_context_clear(ctx);
  return NULL;
}

static PyObject *done(bp_status status) {
  if (status) return fail();
  Py_RETURN_NONE;
}

/* Memory whose borrowed tensor is gone: a buffer, or a DLPack tensor. Releasing one may run any Python code, also code that
 * calls the library, so it waits here until the library has returned. */
typedef struct Borrowed {
  Py_buffer buffer;
  void *dlpack; /* if not NULL, this is what is borrowed, and delete_dlpack gives it back */
  void (*delete_dlpack)(void *);
  struct Borrowed *next;
} Borrowed;
static Borrowed *pending;

/* bp_tensor_borrow's deleter: any thread that drops the last use. */
static void release_borrowed(void *data, void *user) {
  (void)data;
  if (!Py_IsInitialized()) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  ((Borrowed *)user)->next = pending;
  pending = user;
  PyGILState_Release(gil);
}

static void drain(void) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  while (pending) {
    Borrowed *b = pending;
    pending = b->next;
    if (!b->dlpack) PyBuffer_Release(&b->buffer);
    else if (b->delete_dlpack) b->delete_dlpack(b->dlpack);
    free(b);
  }
  PyErr_Restore(type, value, trace);
}

/* ---------------------------------------------------------------------------------------------------------------
 * Tensor objects
 * ------------------------------------------------------------------------------------------------------------- */

static inline int is_tensor(PyObject *o) {
  return Py_TYPE(o) == TensorType || PyType_IsSubtype(Py_TYPE(o), TensorType);
}

static void tensor_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  Tensor *o = (Tensor *)self;
  if (o->weak) PyObject_ClearWeakRefs(self);
  if (o->t) bp_release(o->t);
  if (type == TensorType) PyObject_Free(self);
  else ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
  if (pending) drain();
}

/* An object for a handle of which one count is ours; takes that count, also on failure. */
static PyObject *wrap_owned(bp_tensor *t) {
  if (!t) return fail();
  Tensor *o = PyObject_New(Tensor, TensorType);
  if (!o) {
    bp_release(t);
    return NULL;
  }
  o->t = t;
  o->weak = NULL;
  if (pending) drain();
  return (PyObject *)o;
}

/* An object for the result of an operation. */
static inline PyObject *wrap(bp_tensor *t) {
  if (scope_depth && t) bp_retain(t);
  return wrap_owned(t);
}

/* An object for a handle someone else owns (a gradient, an argument of a callback). */
static PyObject *wrap_borrowed(bp_tensor *t) { return wrap_owned(t ? bp_retain(t) : NULL); }

/* As wrap_owned(), for a subclass. */
static PyObject *wrap_as(PyTypeObject *type, bp_tensor *t) {
  if (type == TensorType || !t) return wrap_owned(t);
  PyObject *o = ((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
  if (!o) {
    bp_release(t);
    return NULL;
  }
  HANDLE(o) = t; /* the rest is zero from tp_alloc */
  return o;
}

/* Gives back the handle of an intermediate result. */
static inline void drop(bp_tensor *t) {
  if (!scope_depth) bp_release(t);
}

/* What the elements of a tensor look like in memory; strides in bytes. */
typedef struct {
  char *data;
  int64_t shape[BP_MAX_DIMS], stride[BP_MAX_DIMS], count, size;
  int32_t ndim;
  bp_dtype dtype;
} View;

static const struct {
  const char *name, *format; /* format: the buffer protocol's code */
  int size, floating;
} dtype_table[8] = {
  {"float32", "f", 4, 1}, {"float64", "d", 8, 1}, {"int64", "q", 8, 0}, {"int32", "i", 4, 0},
  {"uint8", "B", 1, 0},   {"bool", "?", 1, 0},    {"float16", "e", 2, 1}, {"bfloat16", NULL, 2, 1},
};

static int view_of(bp_tensor *t, View *v) {
  v->ndim = bp_ndim(t);
  v->dtype = bp_dtype_of(t);
  v->count = bp_numel(t);
  if (v->ndim < 0 || v->dtype < 0 || v->dtype > 7 || v->count < 0) return fail(), -1;
  v->size = dtype_table[v->dtype].size;
  for (int32_t d = 0; d < v->ndim; d++) {
    v->shape[d] = bp_dim(t, d);
    v->stride[d] = bp_stride(t, d) * v->size;
  }
  v->data = bp_data(t);
  if (!v->data && v->count) return fail(), -1;
  return 0;
}

/* Address of element i in row-major order. */
static char *element_at(const View *v, int64_t i) {
  char *p = v->data;
  for (int32_t d = v->ndim - 1; d >= 0; d--) {
    p += i % v->shape[d] * v->stride[d];
    i /= v->shape[d];
  }
  return p;
}

static double half_to_double(uint16_t h) {
  int sign = h >> 15, exponent = h >> 10 & 31, fraction = h & 1023;
  double value = exponent == 31 ? (fraction ? NAN : INFINITY)
               : exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
  return sign ? -value : value;
}

static double bfloat_to_double(uint16_t h) {
  uint32_t bits = (uint32_t)h << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

static PyObject *element(const char *p, bp_dtype dtype) {
  union { float f; double d; int64_t q; int32_t i; uint16_t h; } u;
  switch (dtype) {
  case BP_FLOAT32: memcpy(&u, p, 4); return PyFloat_FromDouble(u.f);
  case BP_FLOAT64: memcpy(&u, p, 8); return PyFloat_FromDouble(u.d);
  case BP_INT64: memcpy(&u, p, 8); return PyLong_FromLongLong(u.q);
  case BP_INT32: memcpy(&u, p, 4); return PyLong_FromLong(u.i);
  case BP_UINT8: return PyLong_FromLong(*(const unsigned char *)p);
  case BP_BOOL: return PyBool_FromLong(*p);
  case BP_FLOAT16: memcpy(&u, p, 2); return PyFloat_FromDouble(half_to_double(u.h));
  default: memcpy(&u, p, 2); return PyFloat_FromDouble(bfloat_to_double(u.h));
  }
}

static PyObject *tensor_item(PyObject *self, PyObject *unused) {
  (void)unused;
  View v;
  if (view_of(HANDLE(self), &v)) return NULL;
  if (v.count != 1) return PyErr_Format(PyExc_RuntimeError, "a Tensor with %lld elements cannot be converted to Scalar", (long long)v.count);
  return element(v.data, v.dtype);
}

static PyObject *list_of(const View *v, int32_t dim, const char *p) {
  if (dim == v->ndim) return element(p, v->dtype);
  PyObject *list = PyList_New((Py_ssize_t)v->shape[dim]);
  for (int64_t i = 0; list && i < v->shape[dim]; i++) {
    PyObject *item = list_of(v, dim + 1, p + i * v->stride[dim]);
    if (!item || PyList_SetItem(list, (Py_ssize_t)i, item)) Py_CLEAR(list);
  }
  return list;
}

static PyObject *tensor_tolist(PyObject *self, PyObject *unused) {
  (void)unused;
  View v;
  if (view_of(HANDLE(self), &v)) return NULL;
  return list_of(&v, 0, v.data);
}

/* ---------------------------------------------------------------------------------------------------------------
 * dtype, device, Size
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct {
  PyObject_HEAD
  bp_dtype code;
} Dtype;

static void plain_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

#define DTYPE_ROW(self) dtype_table[((Dtype *)(self))->code]
static PyObject *dtype_repr(PyObject *self) { return PyUnicode_FromFormat("backprop.%s", DTYPE_ROW(self).name); }
static PyObject *dtype_reduce(PyObject *self, PyObject *unused) { (void)unused; return PyUnicode_FromString(DTYPE_ROW(self).name); }
static PyObject *dtype_itemsize(PyObject *self, void *unused) { (void)unused; return PyLong_FromLong(DTYPE_ROW(self).size); }
static PyObject *dtype_floating(PyObject *self, void *unused) { (void)unused; return PyBool_FromLong(DTYPE_ROW(self).floating); }

static PyGetSetDef dtype_getset[] = {
  {"itemsize", dtype_itemsize, NULL, "Bytes of one element.", NULL},
  {"is_floating_point", dtype_floating, NULL, "Whether it is a floating type.", NULL}, {0}};
static PyMethodDef dtype_methods[] = {{"__reduce__", dtype_reduce, METH_NOARGS, NULL}, {0}};
static PyType_Slot dtype_slots[] = {{Py_tp_dealloc, plain_dealloc}, {Py_tp_repr, dtype_repr}, {Py_tp_getset, dtype_getset},
  {Py_tp_methods, dtype_methods}, {Py_tp_doc, "Type of a tensor's elements."}, {0, NULL}};
static PyType_Spec dtype_spec = {"backprop.dtype", sizeof(Dtype), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, dtype_slots};

/* The only device there is. */
static int is_cpu(PyObject *o) {
  if (Py_TYPE(o) == DeviceType) return 1;
  return PyUnicode_Check(o) && (!PyUnicode_CompareWithASCIIString(o, "cpu") || !PyUnicode_CompareWithASCIIString(o, "cpu:0"));
}

static int check_device(PyObject *o) {
  if (!o || o == Py_None || is_cpu(o)) return 0;
  if (PyUnicode_Check(o)) PyErr_Format(PyExc_RuntimeError, "device %R is not there: backprop computes on 'cpu'", o);
  else PyErr_Format(PyExc_TypeError, "device must be 'cpu' or a device, got %R", (PyObject *)Py_TYPE(o));
  return -1;
}

static PyObject *device_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  (void)type;
  PyObject *which = NULL, *index = NULL;
  static char *names[] = {"type", "index", NULL};
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|O:device", names, &which, &index) || check_device(which)) return NULL;
  return Py_NewRef(the_device);
}

static PyObject *device_repr(PyObject *self) { (void)self; return PyUnicode_FromString("device(type='cpu')"); }
static PyObject *device_str(PyObject *self) { (void)self; return PyUnicode_FromString("cpu"); }
static PyObject *device_type(PyObject *self, void *unused) { (void)unused; return device_str(self); }
static PyObject *device_index(PyObject *self, void *unused) { (void)self; (void)unused; Py_RETURN_NONE; }
static Py_hash_t device_hash(PyObject *self) { (void)self; return 0x6370; }

static PyObject *device_compare(PyObject *a, PyObject *b, int op) {
  if (op != Py_EQ && op != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong((is_cpu(a) && is_cpu(b)) == (op == Py_EQ));
}

static PyGetSetDef device_getset[] = {{"type", device_type, NULL, NULL, NULL}, {"index", device_index, NULL, NULL, NULL}, {0}};
static PyType_Slot device_slots[] = {{Py_tp_dealloc, plain_dealloc}, {Py_tp_new, device_new}, {Py_tp_repr, device_repr},
  {Py_tp_str, device_str}, {Py_tp_hash, device_hash}, {Py_tp_richcompare, device_compare}, {Py_tp_getset, device_getset},
  {Py_tp_doc, "Where a tensor lives: always the CPU."}, {0, NULL}};
static PyType_Spec device_spec = {"backprop.device", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, device_slots};

/* A tuple of sizes that prints as one. */
static PyObject *size_repr(PyObject *self) {
  PyObject *list = PySequence_List(self);
  PyObject *text = list ? PyUnicode_FromFormat("backprop.Size(%R)", list) : NULL;
  Py_XDECREF(list);
  return text;
}

static PyObject *size_numel(PyObject *self, PyObject *unused) {
  (void)unused;
  long long n = 1;
  for (Py_ssize_t i = 0, count = PyTuple_Size(self); i < count; i++) n *= PyLong_AsLongLong(PyTuple_GetItem(self, i));
  return PyErr_Occurred() ? NULL : PyLong_FromLongLong(n);
}

static PyMethodDef size_methods[] = {{"numel", size_numel, METH_NOARGS, "Product of the sizes."}, {0}};
static PyType_Slot size_slots[] = {{Py_tp_repr, size_repr}, {Py_tp_methods, size_methods}, {Py_tp_doc, "Sizes of a tensor: a tuple."}, {0, NULL}};
static PyType_Spec size_spec = {"backprop.Size", 0, 0, Py_TPFLAGS_DEFAULT, size_slots};

static PyObject *size_of(bp_tensor *t) {
  int32_t n = bp_ndim(t);
  if (n < 0) return fail();
  PyObject *sizes = PyTuple_New(n), *result = NULL;
  for (int32_t d = 0; sizes && d < n; d++) {
    PyObject *size = PyLong_FromLongLong(bp_dim(t, d));
    if (!size || PyTuple_SetItem(sizes, d, size)) Py_CLEAR(sizes);
  }
  if (sizes) result = PyObject_CallFunctionObjArgs((PyObject *)SizeType, sizes, NULL);
  Py_XDECREF(sizes);
  return result;
}

/* ---------------------------------------------------------------------------------------------------------------
 * Arguments: numbers, tensors, sizes
 * ------------------------------------------------------------------------------------------------------------- */

/* Python's and NumPy's scalars; not tensors, not arrays. */
static int is_number(PyObject *o) {
  if (PyFloat_Check(o) || PyLong_Check(o)) return 1;
  if (is_tensor(o) || PyType_GetSlot(Py_TYPE(o), Py_sq_length)) return 0;
  return PyIndex_Check(o) || PyType_GetSlot(Py_TYPE(o), Py_nb_float);
}

/* A handle for a number beside a tensor, to be dropped; NULL with an exception. True and False are integers 1 and 0, but
 * beside a bool tensor the result stays bool. */
static bp_tensor *number_beside(PyObject *o, bp_tensor *other) {
  bp_tensor *t;
  if (PyBool_Check(o) && other && bp_dtype_of(other) == BP_BOOL) t = bp_full(ctx, BP_BOOL, 0, NULL, o == Py_True);
  else if (PyFloat_Check(o)) t = bp_number(ctx, PyFloat_AsDouble(o));
  else if (PyIndex_Check(o)) {
    PyObject *index = PyNumber_Index(o);
    long long value = index ? PyLong_AsLongLong(index) : -1;
    Py_XDECREF(index);
    if (value == -1 && PyErr_Occurred()) return NULL;
    t = bp_integer(ctx, value);
  } else {
    double value = PyFloat_AsDouble(o);
    if (value == -1 && PyErr_Occurred()) return NULL;
    t = bp_number(ctx, value);
  }
  if (!t) fail();
  return t;
}

static bp_tensor *number(PyObject *o) { return number_beside(o, NULL); }

static const char *type_name(PyObject *o, char buffer[64]) {
  PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(o), "__name__");
  const char *text = name ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
  strncpy(buffer, text ? text : "object", 63);
  buffer[63] = 0;
  PyErr_Clear();
  Py_XDECREF(name);
  return buffer;
}

static void *type_error(const char *function, const char *argument, const char *expected, PyObject *got) {
  char buffer[64];
  PyErr_Format(PyExc_TypeError, "%s(): argument '%s' must be %s, not %s", function, argument, expected, type_name(got, buffer));
  return NULL;
}

/* The handle of an argument that is a tensor or a number. *temporary receives what to drop afterwards, or NULL. */
static bp_tensor *operand_beside(const char *function, const char *argument, PyObject *o, bp_tensor *other, bp_tensor **temporary) {
  *temporary = NULL;
  if (is_tensor(o)) return HANDLE(o);
  if (is_number(o)) return *temporary = number_beside(o, other);
  return type_error(function, argument, "Tensor or number", o);
}

static bp_tensor *operand(const char *function, const char *argument, PyObject *o, bp_tensor **temporary) {
  return operand_beside(function, argument, o, NULL, temporary);
}

static bp_tensor *tensor_argument(const char *function, const char *argument, PyObject *o) {
  return is_tensor(o) ? HANDLE(o) : type_error(function, argument, "Tensor", o);
}

static int as_int64(const char *function, const char *argument, PyObject *o, int64_t *value) {
  if (!PyIndex_Check(o)) return type_error(function, argument, "int", o), -1;
  PyObject *index = PyNumber_Index(o);
  long long number = index ? PyLong_AsLongLong(index) : -1;
  Py_XDECREF(index);
  if (number == -1 && PyErr_Occurred()) return -1;
  *value = number;
  return 0;
}

static int as_double(const char *function, const char *argument, PyObject *o, double *value) {
  if (!is_number(o) && !is_tensor(o)) return type_error(function, argument, "float", o), -1;
  *value = PyFloat_AsDouble(o);
  return *value == -1 && PyErr_Occurred() ? -1 : 0;
}

/* One int, or a sequence of at most 8, into out; the count, or −1. */
static int as_sizes(const char *function, const char *argument, PyObject *o, int64_t out[BP_MAX_DIMS]) {
  if (PyIndex_Check(o) && !(is_tensor(o) && bp_ndim(HANDLE(o)) > 0)) return as_int64(function, argument, o, out) ? -1 : 1;
  if (!PySequence_Check(o) || PyUnicode_Check(o)) return type_error(function, argument, "int or a sequence of ints", o), -1;
  Py_ssize_t n = PySequence_Size(o);
  if (n < 0) return -1;
  if (n > BP_MAX_DIMS) {
    PyErr_Format(PyExc_RuntimeError, "%s(): at most %d dimensions, got %zd", function, BP_MAX_DIMS, n);
    return -1;
  }
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *item = PySequence_GetItem(o, i);
    int bad = !item || as_int64(function, argument, item, &out[i]);
    Py_XDECREF(item);
    if (bad) return -1;
  }
  return (int)n;
}

/* A dtype object or Python's float, int, bool; *out is left alone for None or an argument not given. */
static int as_dtype(const char *function, PyObject *o, bp_dtype *out) {
  if (!o || o == Py_None) return 0;
  if (Py_TYPE(o) == DtypeType) *out = ((Dtype *)o)->code;
  else if (o == (PyObject *)&PyFloat_Type) *out = BP_FLOAT64;
  else if (o == (PyObject *)&PyLong_Type) *out = BP_INT64;
  else if (o == (PyObject *)&PyBool_Type) *out = BP_BOOL;
  else return type_error(function, "dtype", "a backprop.dtype", o), -1;
  return 0;
}

static int truth(PyObject *o, int otherwise) { return o ? PyObject_IsTrue(o) : otherwise; }

/* Not given, or None. */
static inline int absent(PyObject *o) { return !o || o == Py_None; }

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
  bp_release(e->t);
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
  bp_release(e->t);
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

/* ---------------------------------------------------------------------------------------------------------------
 * Indexing. Integers, slices, None and Ellipsis make views; integer tensors, lists and masks select copies.
 * ------------------------------------------------------------------------------------------------------------- */

/* One integer tensor, list or mask in a key: positions in the `span` dimensions from `dim`, counted as one. */
typedef struct {
  int64_t dim, span, count, *position;
  int32_t ndim;
  int64_t shape[BP_MAX_DIMS];
} Selection;

typedef struct {
  bp_tensor *t; /* after the views; to be dropped unless it is the tensor itself */
  int32_t n;
  Selection s[BP_MAX_DIMS];
} Index;

static void index_free(Index *x, bp_tensor *original) {
  if (x->t && x->t != original) drop(x->t);
  for (int32_t i = 0; i < x->n; i++) free(x->s[i].position);
}

/* Reads a mask or integer tensor as positions in t at dim. */
static int selection(bp_tensor *t, int64_t dim, bp_tensor *index, Selection *s) {
  View v;
  if (view_of(index, &v)) return -1;
  int mask = v.dtype == BP_BOOL;
  if (v.count && dtype_table[v.dtype].floating) {
    PyErr_Format(PyExc_IndexError, "tensors used as indices must be of integer or bool type, not %s", dtype_table[v.dtype].name);
    return -1;
  }
  *s = (Selection){.dim = dim, .span = mask ? v.ndim : 1, .ndim = mask ? 1 : v.ndim};
  if (dim + s->span > bp_ndim(t) || (mask && !v.ndim)) {
    PyErr_Format(PyExc_IndexError, "too many indices for tensor of dimension %d", (int)bp_ndim(t));
    return -1;
  }
  if (!(s->position = malloc((size_t)(v.count ? v.count : 1) * 8))) return PyErr_NoMemory(), -1;
  if (mask) {
    for (int32_t d = 0; d < v.ndim; d++)
      if (v.shape[d] != bp_dim(t, (int32_t)dim + d)) {
        PyErr_Format(PyExc_IndexError, "the mask has size %lld at dim %d, the indexed tensor %lld at dim %lld",
                     (long long)v.shape[d], d, (long long)bp_dim(t, (int32_t)dim + d), (long long)dim + d);
        free(s->position);
        return -1;
      }
    for (int64_t i = 0; i < v.count; i++)
      if (*element_at(&v, i)) s->position[s->count++] = i;
    s->shape[0] = s->count;
    return 0;
  }
  memcpy(s->shape, v.shape, sizeof v.shape);
  s->count = v.count;
  int64_t size = bp_dim(t, (int32_t)dim);
  for (int64_t i = 0; i < v.count; i++) {
    int64_t at;
    int32_t small;
    const char *p = element_at(&v, i);
    if (v.dtype == BP_INT64) memcpy(&at, p, 8);
    else if (v.dtype == BP_INT32) memcpy(&small, p, 4), at = small;
    else at = *(const unsigned char *)p;
    if (at < -size || at >= size) {
      PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for dimension %lld with size %lld", (long long)at, (long long)dim, (long long)size);
      free(s->position);
      return -1;
    }
    s->position[i] = at < 0 ? at + size : at;
  }
  return 0;
}

/* Dimensions an item of a key uses up: 1, or those of a mask, or 0. */
static int32_t dims_used(PyObject *item) {
  if (item == Py_None || item == Py_Ellipsis) return 0;
  if (is_tensor(item) && bp_dtype_of(HANDLE(item)) == BP_BOOL) return bp_ndim(HANDLE(item));
  return 1;
}

static int index_item(Index *x, bp_tensor *original, PyObject *item, int64_t *dim, int64_t skip) {
  bp_tensor *next;
  if (item == Py_Ellipsis) {
    *dim += skip;
    return 0;
  }
  if (item == Py_None) next = bp_unsqueeze(x->t, (*dim)++);
  else if (PySlice_Check(item)) {
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(item, &start, &stop, &step)) return -1;
    if (step < 1) {
      PyErr_SetString(PyExc_ValueError, "step must be greater than zero");
      return -1;
    }
    if (*dim >= bp_ndim(x->t)) goto too_many;
    PySlice_AdjustIndices((Py_ssize_t)bp_dim(x->t, (int32_t)*dim), &start, &stop, step);
    next = bp_slice(x->t, (*dim)++, start, stop > start ? stop : start, step);
  } else if (PyBool_Check(item)) {
    PyErr_SetString(PyExc_IndexError, "True and False are not indices here: use None or a mask");
    return -1;
  } else if (PyIndex_Check(item) && !(is_tensor(item) && (bp_ndim(HANDLE(item)) || bp_dtype_of(HANDLE(item)) == BP_BOOL))) {
    int64_t at;
    if (as_int64("Tensor.__getitem__", "index", item, &at)) return -1;
    if (*dim >= bp_ndim(x->t)) goto too_many;
    int64_t size = bp_dim(x->t, (int32_t)*dim);
    if (at < -size || at >= size) {
      PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for dimension %lld with size %lld", (long long)at, (long long)*dim, (long long)size);
      return -1;
    }
    next = bp_select(x->t, *dim, at);
  } else if (is_tensor(item) || is_nested(item)) {
    bp_tensor *index = is_tensor(item) ? HANDLE(item) : from_nested(item, -1);
    if (!index) return -1;
    int bad = *dim >= bp_ndim(x->t) ? -2 : selection(x->t, *dim, index, &x->s[x->n]);
    if (!is_tensor(item)) bp_release(index);
    if (bad == -2) goto too_many;
    if (bad) return -1;
    *dim += x->s[x->n++].span;
    return 0;
  } else {
    char buffer[64];
    PyErr_Format(PyExc_TypeError, "only integers, slices, None, Ellipsis, lists and tensors are indices, not %s", type_name(item, buffer));
    return -1;
  }
  if (!next) return fail(), -1;
  if (x->t != original) drop(x->t);
  x->t = next;
  return 0;
too_many:
  PyErr_Format(PyExc_IndexError, "too many indices for tensor of dimension %d", (int)bp_ndim(original));
  return -1;
}

/* Applies the views of a key and reads its selections. On failure nothing is left to free. */
static int index_parse(bp_tensor *t, PyObject *key, Index *x) {
  Py_ssize_t count = PyTuple_Check(key) ? PyTuple_Size(key) : 1;
  int64_t used = 0, dim = 0, ellipses = 0;
  x->t = t;
  x->n = 0;
  for (Py_ssize_t i = 0; i < count; i++) {
    PyObject *item = PyTuple_Check(key) ? PyTuple_GetItem(key, i) : key;
    used += dims_used(item);
    ellipses += item == Py_Ellipsis;
  }
  if (ellipses > 1 || used > bp_ndim(t)) {
    if (ellipses > 1) PyErr_SetString(PyExc_IndexError, "an index can only have a single ellipsis ('...')");
    else PyErr_Format(PyExc_IndexError, "too many indices for tensor of dimension %d", (int)bp_ndim(t));
    return -1;
  }
  int64_t skip = bp_ndim(t) - used;
  for (Py_ssize_t i = 0; i < count; i++)
    if (index_item(x, t, PyTuple_Check(key) ? PyTuple_GetItem(key, i) : key, &dim, skip)) {
      index_free(x, t);
      return -1;
    }
  return 0;
}

/* Position of element i of the shape `to` in a selection that is broadcast to it. */
static int64_t broadcast_position(const Selection *s, int64_t i, int32_t ndim, const int64_t *to) {
  int64_t at = 0, stride = 1;
  for (int32_t d = 1; d <= ndim; d++) {
    int64_t k = i % to[ndim - d];
    i /= to[ndim - d];
    if (d > s->ndim) continue;
    if (s->shape[s->ndim - d] != 1) at += k * stride;
    stride *= s->shape[s->ndim - d];
  }
  return s->position[at];
}

/* a becomes a selection through the dimensions of a and b, of which b's follow a's; b has `size` elements for one of a. */
static int merge(Selection *a, const Selection *b, int64_t size) {
  int32_t ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
  int64_t shape[BP_MAX_DIMS], count = 1;
  for (int32_t d = 1; d <= ndim; d++) {
    int64_t p = d <= a->ndim ? a->shape[a->ndim - d] : 1, q = d <= b->ndim ? b->shape[b->ndim - d] : 1;
    if (p != q && p != 1 && q != 1) {
      PyErr_Format(PyExc_IndexError, "shape mismatch: indexing tensors could not be broadcast together: sizes %lld and %lld", (long long)p, (long long)q);
      return -1;
    }
    count *= shape[ndim - d] = p == 1 ? q : p;
  }
  int64_t *position = malloc((size_t)(count ? count : 1) * 8);
  if (!position) return PyErr_NoMemory(), -1;
  for (int64_t k = 0; k < count; k++) position[k] = broadcast_position(a, k, ndim, shape) * size + broadcast_position(b, k, ndim, shape);
  free(a->position);
  a->position = position;
  a->count = count;
  a->ndim = ndim;
  a->span += b->span;
  memcpy(a->shape, shape, sizeof shape);
  return 0;
}

/* Selections that do not stand side by side: their dimensions go to the front, as in NumPy. */
static int bring_together(Index *x, bp_tensor *original) {
  int64_t order[BP_MAX_DIMS];
  int32_t n = 0, ndim = bp_ndim(x->t), apart = 0, selected[BP_MAX_DIMS] = {0};
  for (int32_t i = 1; i < x->n; i++) apart |= x->s[i].dim != x->s[i - 1].dim + x->s[i - 1].span;
  if (!apart) return 0;
  for (int32_t i = 0; i < x->n; i++) {
    int64_t first = n;
    for (int64_t d = x->s[i].dim; d < x->s[i].dim + x->s[i].span; d++) selected[d] = 1, order[n++] = d;
    x->s[i].dim = first;
  }
  for (int32_t d = 0; d < ndim; d++)
    if (!selected[d]) order[n++] = d;
  bp_tensor *moved = bp_permute(x->t, n, order);
  if (!moved) return fail(), -1;
  if (x->t != original) drop(x->t);
  x->t = moved;
  return 0;
}

/* x.t[.., selections, ..]: several selections count through their dimensions together, as one. */
static bp_tensor *index_select_all(Index *x, bp_tensor *original) {
  Selection *s = &x->s[0];
  if (bring_together(x, original)) return NULL;
  for (int32_t i = 1; i < x->n; i++) {
    int64_t size = 1;
    for (int64_t d = 0; d < x->s[i].span; d++) size *= bp_dim(x->t, (int32_t)(x->s[i].dim + d));
    if (merge(s, &x->s[i], size)) return NULL;
  }
  int64_t shape[3 * BP_MAX_DIMS];
  int32_t n = 0, ndim = bp_ndim(x->t);
  for (int32_t d = 0; d < s->dim; d++) shape[n++] = bp_dim(x->t, d);
  for (int32_t d = 0; d < s->ndim; d++) shape[n++] = s->shape[d];
  for (int32_t d = (int32_t)(s->dim + s->span); d < ndim; d++) shape[n++] = bp_dim(x->t, d);
  bp_tensor *index = bp_tensor_create(ctx, BP_INT64, 1, &s->count, s->position);
  bp_tensor *flat = s->span == 1 ? x->t : bp_flatten(x->t, s->dim, s->dim + s->span - 1);
  bp_tensor *rows = bp_index_select(flat, s->dim, index), *result = rows;
  if (rows && s->ndim != 1) {
    result = bp_reshape(rows, n, shape);
    drop(rows);
  }
  if (flat && flat != x->t) drop(flat);
  bp_release(index);
  if (!result) fail();
  return result;
}

static PyObject *tensor_subscript(PyObject *self, PyObject *key) {
  bp_tensor *t = HANDLE(self), *result;
  Index x;
  if (index_parse(t, key, &x)) return NULL;
  if (x.n) result = index_select_all(&x, t);
  else if (x.t != t) result = x.t, x.t = NULL;
  else { /* x[...]: another view of all of it */
    int32_t ndim = bp_ndim(t);
    result = ndim ? bp_slice(t, 0, BP_NONE, BP_NONE, 1) : bp_reshape(t, 0, NULL);
  }
  index_free(&x, t);
  if (!result && PyErr_Occurred()) return NULL;
  return wrap(result);
}

/* A value to be written: a tensor's handle, or a number or data of t's type to be dropped or released. */
static bp_tensor *written(PyObject *value, bp_tensor **temporary, int *created) {
  *temporary = NULL;
  *created = 0;
  if (is_tensor(value)) return HANDLE(value);
  if (is_number(value)) return *temporary = number(value);
  *created = 1;
  return *temporary = from_anything(value, -1);
}

/* t[mask] = value, as t.copy_(where(mask, value, t)). */
static int assign_mask(bp_tensor *t, bp_tensor *mask, bp_tensor *value) {
  bp_tensor *m = mask, *chosen;
  for (int32_t d = bp_ndim(mask), n = bp_ndim(t); m && d < n; d++) {
    bp_tensor *wider = bp_unsqueeze(m, -1);
    if (m != mask) drop(m);
    m = wider;
  }
  chosen = bp_where(m, value, t);
  bp_tensor *done = chosen ? bp_copy_(t, chosen) : NULL;
  if (m && m != mask) drop(m);
  if (chosen) drop(chosen);
  return done ? 0 : -1;
}

/* t[.., index, ..] = value, one selected slice after the other. */
static int assign_slices(Index *x, bp_tensor *value) {
  Selection *s = &x->s[0];
  if (x->n > 1 || s->span != 1 || s->ndim > 1) {
    PyErr_SetString(PyExc_IndexError, "assignment takes one mask, or one list or tensor of integers of one dimension, beside views");
    return -1;
  }
  int64_t shape[BP_MAX_DIMS];
  int32_t n = bp_ndim(x->t);
  for (int32_t d = 0; d < n; d++) shape[d] = d == s->dim ? s->count : bp_dim(x->t, d);
  bp_tensor *all = bp_expand(value, n, shape);
  int bad = !all;
  for (int64_t i = 0; !bad && i < s->count; i++) {
    bp_tensor *to = bp_select(x->t, s->dim, s->position[i]), *from = bp_select(all, s->dim, i);
    bad = !bp_copy_(to, from);
    if (to) drop(to);
    if (from) drop(from);
  }
  if (all) drop(all);
  return bad ? -1 : 0;
}

static int tensor_assign(PyObject *self, PyObject *key, PyObject *value) {
  if (!value) {
    PyErr_SetString(PyExc_TypeError, "Tensor does not support deleting items");
    return -1;
  }
  bp_tensor *t = HANDLE(self), *temporary;
  int created, bad;
  bp_tensor *v = written(value, &temporary, &created);
  if (!v) return -1;
  Index x = {.t = t};
  int whole_mask = is_tensor(key) && bp_dtype_of(HANDLE(key)) == BP_BOOL && (bp_ndim(v) == 0 || bp_numel(v) == 1);
  if ((bad = index_parse(t, key, &x)) == 0) {
    bad = whole_mask ? assign_mask(t, HANDLE(key), v) : x.n ? assign_slices(&x, v) : bp_copy_(x.t, v) ? 0 : -1;
    if (bad && !PyErr_Occurred()) fail();
    index_free(&x, t);
  }
  if (temporary) created ? bp_release(temporary) : drop(temporary);
  return bad;
}

static Py_ssize_t tensor_length(PyObject *self) {
  if (bp_ndim(HANDLE(self)) > 0) return (Py_ssize_t)bp_dim(HANDLE(self), 0);
  PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
  return -1;
}

/* x[i] for iteration: i counts from 0. */
static PyObject *tensor_at(PyObject *self, Py_ssize_t i) {
  bp_tensor *t = HANDLE(self);
  if (bp_ndim(t) < 1 || i < 0 || i >= bp_dim(t, 0)) {
    PyErr_SetString(PyExc_IndexError, "index out of range");
    return NULL;
  }
  return wrap(bp_select(t, 0, i));
}

static PyObject *tensor_iter(PyObject *self) {
  if (bp_ndim(HANDLE(self)) > 0) return PySeqIter_New(self);
  PyErr_SetString(PyExc_TypeError, "iteration over a 0-d tensor");
  return NULL;
}

/* ---------------------------------------------------------------------------------------------------------------
 * Operators
 * ------------------------------------------------------------------------------------------------------------- */

typedef bp_tensor *(*One)(const bp_tensor *);
typedef bp_tensor *(*Two)(const bp_tensor *, const bp_tensor *);
typedef bp_tensor *(*InPlace)(bp_tensor *, const bp_tensor *);

static PyObject *binary(PyObject *a, PyObject *b, Two f) {
  int left = is_tensor(a), right = is_tensor(b);
  if (left && right) return wrap(f(HANDLE(a), HANDLE(b)));
  if (!is_number(left ? b : a)) Py_RETURN_NOTIMPLEMENTED;
  bp_tensor *n = left ? number_beside(b, HANDLE(a)) : number_beside(a, HANDLE(b));
  if (!n) return NULL;
  bp_tensor *result = left ? f(HANDLE(a), n) : f(n, HANDLE(b));
  drop(n);
  return wrap(result);
}

static int is_view(bp_tensor *t) {
  static const char *const views[] = {"select", "slice", "transpose", "permute", "reshape", "view", "flatten", "expand", "squeeze", "unsqueeze"};
  const char *name = bp_operation_of(t);
  for (size_t i = 0; name && i < sizeof views / sizeof *views; i++)
    if (!strcmp(name, views[i])) return 1;
  return 0;
}

/* self ∘= other. The library refuses to change memory that a gradient may need. As PyTorch does, the object (every name for
 * it) then stands for the result of the operation; what is a leaf or a view stays refused, because others see its memory. */
static int in_place(PyObject *self, bp_tensor *other, InPlace change, Two compute) {
  bp_tensor *t = HANDLE(self);
  int recorded = bp_is_grad_enabled(ctx) && (bp_requires_grad(t) || bp_requires_grad(other));
  if (!recorded || (bp_requires_grad(t) && bp_is_leaf(t)) || is_view(t)) return change(t, other) ? 0 : (fail(), -1);
  bp_tensor *result = compute(t, other);
  if (result && bp_dtype_of(result) != bp_dtype_of(t)) {
    bp_tensor *same = bp_to(result, bp_dtype_of(t));
    drop(result);
    result = same;
  }
  if (!result) return fail(), -1;
  int fits = bp_ndim(result) == bp_ndim(t);
  for (int32_t d = 0; fits && d < bp_ndim(t); d++) fits = bp_dim(result, d) == bp_dim(t, d);
  if (!fits) {
    drop(result);
    PyErr_SetString(PyExc_RuntimeError, "in-place: the result's shape is not the tensor's own: the operand would broadcast it");
    return -1;
  }
  if (scope_depth) bp_retain(result);
  HANDLE(self) = result;
  bp_release(t);
  return 0;
}

static PyObject *in_place_operator(PyObject *self, PyObject *other, InPlace change, Two compute) {
  if (!is_tensor(self)) Py_RETURN_NOTIMPLEMENTED;
  int tensor = is_tensor(other);
  if (!tensor && !is_number(other)) Py_RETURN_NOTIMPLEMENTED;
  bp_tensor *b = tensor ? HANDLE(other) : number(other);
  if (!b) return NULL;
  int bad = in_place(self, b, change, compute);
  if (!tensor) drop(b);
  return bad ? NULL : Py_NewRef(self);
}

static PyObject *nb_add(PyObject *a, PyObject *b) { return binary(a, b, bp_add); }
static PyObject *nb_sub(PyObject *a, PyObject *b) { return binary(a, b, bp_sub); }
static PyObject *nb_mul(PyObject *a, PyObject *b) { return binary(a, b, bp_mul); }
static PyObject *nb_div(PyObject *a, PyObject *b) { return binary(a, b, bp_div); }
static PyObject *nb_iadd(PyObject *a, PyObject *b) { return in_place_operator(a, b, bp_add_, bp_add); }
static PyObject *nb_isub(PyObject *a, PyObject *b) { return in_place_operator(a, b, bp_sub_, bp_sub); }
static PyObject *nb_imul(PyObject *a, PyObject *b) { return in_place_operator(a, b, bp_mul_, bp_mul); }
static PyObject *nb_idiv(PyObject *a, PyObject *b) { return in_place_operator(a, b, bp_div_, bp_div); }
static PyObject *nb_neg(PyObject *a) { return wrap(bp_neg(HANDLE(a))); }
static PyObject *nb_abs(PyObject *a) { return wrap(bp_abs(HANDLE(a))); }
static PyObject *nb_pos(PyObject *a) { return Py_NewRef(a); }

static PyObject *nb_matmul(PyObject *a, PyObject *b) {
  if (!is_tensor(a) || !is_tensor(b)) Py_RETURN_NOTIMPLEMENTED;
  return wrap(bp_matmul(HANDLE(a), HANDLE(b)));
}

static PyObject *nb_pow(PyObject *a, PyObject *b, PyObject *modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return binary(a, b, bp_pow);
}

static PyObject *nb_invert(PyObject *a) {
  if (bp_dtype_of(HANDLE(a)) == BP_BOOL) return wrap(bp_logical_not(HANDLE(a)));
  return type_error("~", "input", "a bool Tensor", a);
}

/* & | ^ of masks, by way of comparisons: a&b is (a·b) ≠ 0, a|b is (a+b) ≠ 0 of the masks as numbers, a^b is a ≠ b. */
static PyObject *logical(PyObject *a, PyObject *b, Two f) {
  if (!is_tensor(a) || !is_tensor(b)) Py_RETURN_NOTIMPLEMENTED;
  if (bp_dtype_of(HANDLE(a)) != BP_BOOL || bp_dtype_of(HANDLE(b)) != BP_BOOL) {
    PyErr_SetString(PyExc_TypeError, "& | ^ combine bool tensors");
    return NULL;
  }
  if (f == bp_ne) return wrap(bp_ne(HANDLE(a), HANDLE(b)));
  bp_tensor *x = bp_to(HANDLE(a), BP_INT32), *y = bp_to(HANDLE(b), BP_INT32), *z = f(x, y);
  bp_tensor *result = z ? bp_to(z, BP_BOOL) : NULL;
  if (x) drop(x);
  if (y) drop(y);
  if (z) drop(z);
  return wrap(result);
}

static PyObject *nb_and(PyObject *a, PyObject *b) { return logical(a, b, bp_mul); }
static PyObject *nb_or(PyObject *a, PyObject *b) { return logical(a, b, bp_add); }
static PyObject *nb_xor(PyObject *a, PyObject *b) { return logical(a, b, bp_ne); }

static PyObject *tensor_compare(PyObject *a, PyObject *b, int op) {
  static const Two by_op[] = {[Py_LT] = bp_lt, [Py_LE] = bp_le, [Py_EQ] = bp_eq, [Py_NE] = bp_ne, [Py_GT] = bp_gt, [Py_GE] = bp_ge};
  return binary(a, b, by_op[op]);
}

static int nb_bool(PyObject *self) {
  View v;
  if (view_of(HANDLE(self), &v)) return -1;
  if (v.count != 1) {
    PyErr_Format(PyExc_RuntimeError, "Boolean value of Tensor with %s is ambiguous", v.count ? "more than one value" : "no values");
    return -1;
  }
  PyObject *item = element(v.data, v.dtype);
  int truth = item ? PyObject_IsTrue(item) : -1;
  Py_XDECREF(item);
  return truth;
}

static PyObject *one_number(PyObject *self) {
  if (bp_numel(HANDLE(self)) == 1) return tensor_item(self, NULL);
  return PyErr_Format(PyExc_ValueError, "only one element tensors can be converted to Python scalars");
}

static PyObject *nb_float(PyObject *self) {
  PyObject *item = one_number(self), *result = item ? PyNumber_Float(item) : NULL;
  Py_XDECREF(item);
  return result;
}

static PyObject *nb_int(PyObject *self) {
  PyObject *item = one_number(self), *result = item ? PyNumber_Long(item) : NULL;
  Py_XDECREF(item);
  return result;
}

static PyObject *nb_index(PyObject *self) {
  bp_dtype dtype = bp_dtype_of(HANDLE(self));
  if (dtype >= 0 && !dtype_table[dtype].floating && bp_numel(HANDLE(self)) == 1) return nb_int(self);
  PyErr_SetString(PyExc_TypeError, "only integer tensors of a single element can be converted to an index");
  return NULL;
}

static Py_hash_t tensor_hash(PyObject *self) { return (Py_hash_t)((uintptr_t)self >> 4); }

/* ---------------------------------------------------------------------------------------------------------------
 * Handlers: one for each kind of signature. v holds the arguments in the order of the signature, NULL where not given.
 * ------------------------------------------------------------------------------------------------------------- */

enum { MAX_ARGUMENTS = 10 };
typedef void (*Any)(void);
typedef struct Row Row;
struct Row {
  const char *name;
  int where; /* F and M below */
  PyObject *(*run)(const Row *, PyObject **v);
  Any f, g; /* the library's functions, of the types run knows */
  const char *signature, *doc;
  int count, positional, required, pack; /* from the signature: parameters, those before '*', those without default, "*size" */
  PyObject *parameters[MAX_ARGUMENTS];
};
#define NAME(i) PyUnicode_AsUTF8AndSize(r->parameters[i], NULL)
#define TENSOR(i, t) bp_tensor *t = tensor_argument(r->name, NAME(i), v[i]); if (!t) return NULL
#define TENSOR_OR_NULL(i, t) bp_tensor *t = NULL; if (!absent(v[i]) && !(t = tensor_argument(r->name, NAME(i), v[i]))) return NULL
#define INT(i, x) int64_t x; if (as_int64(r->name, NAME(i), v[i], &x)) return NULL
#define INT_OR(i, x, otherwise) int64_t x = otherwise; if (!absent(v[i]) && as_int64(r->name, NAME(i), v[i], &x)) return NULL
#define DOUBLE(i, x) double x; if (as_double(r->name, NAME(i), v[i], &x)) return NULL
#define DOUBLE_OR(i, x, otherwise) double x = otherwise; if (!absent(v[i]) && as_double(r->name, NAME(i), v[i], &x)) return NULL
#define TRUTH_OR(i, x, otherwise) int x = truth(v[i], otherwise); if (x < 0) return NULL
#define SIZES(i, x, n) int64_t x[BP_MAX_DIMS]; int n = as_sizes(r->name, NAME(i), v[i], x); if (n < 0) return NULL
#define DTYPE_OR(i, x, otherwise) bp_dtype x = otherwise; if (as_dtype(r->name, v[i], &x)) return NULL

static PyObject *run_unary(const Row *r, PyObject **v) {
  TENSOR(0, x);
  return wrap(((One)r->f)(x));
}

static PyObject *run_binary(const Row *r, PyObject **v) {
  bp_tensor *tx, *ty, *x, *y, *result;
  if (!is_tensor(v[0]) && !is_tensor(v[1])) return type_error(r->name, NAME(0), "Tensor", v[0]);
  if (!(x = operand_beside(r->name, NAME(0), v[0], is_tensor(v[1]) ? HANDLE(v[1]) : NULL, &tx))) return NULL;
  if (!(y = operand_beside(r->name, NAME(1), v[1], x, &ty))) {
    if (tx) drop(tx);
    return NULL;
  }
  result = ((Two)r->f)(x, y);
  if (tx) drop(tx);
  if (ty) drop(ty);
  return wrap(result);
}

/* other · alpha, or other where alpha is not given; *owned tells whether to drop it. */
static bp_tensor *scaled(const Row *r, PyObject *other, PyObject *alpha, int *owned) {
  bp_tensor *to, *ta, *o = operand(r->name, "other", other, &to), *a, *result;
  *owned = to != NULL;
  if (!o || absent(alpha)) return o;
  result = (a = operand(r->name, "alpha", alpha, &ta)) ? bp_mul(o, a) : NULL;
  if (to) drop(to);
  if (a && !result) fail();
  if (ta) drop(ta);
  *owned = 1;
  return result;
}

/* add, sub: input ± alpha·other */
static PyObject *run_add(const Row *r, PyObject **v) {
  if (absent(v[2])) return run_binary(r, v);
  int owned;
  TENSOR(0, x);
  bp_tensor *y = scaled(r, v[1], v[2], &owned);
  if (!y) return NULL;
  bp_tensor *result = ((Two)r->f)(x, y);
  if (owned) drop(y);
  return wrap(result);
}

static PyObject *run_in_place(const Row *r, PyObject **v) {
  int owned;
  TENSOR(0, x);
  (void)x;
  bp_tensor *y = scaled(r, v[1], r->count > 2 ? v[2] : NULL, &owned);
  if (!y) return NULL;
  int bad = in_place(v[0], y, (InPlace)r->f, (Two)r->g);
  if (owned) drop(y);
  return bad ? NULL : Py_NewRef(v[0]);
}

/* copy_, fill_, zero_: what was there plays no part */
static PyObject *run_copy_(const Row *r, PyObject **v) {
  bp_tensor *temporary = NULL, *source;
  TENSOR(0, x);
  source = r->count > 1 ? operand(r->name, NAME(1), v[1], &temporary) : (temporary = bp_integer(ctx, 0));
  if (!source) return PyErr_Occurred() ? NULL : fail();
  bp_tensor *result = bp_copy_(x, source);
  if (temporary) drop(temporary);
  return result ? Py_NewRef(v[0]) : fail();
}

static PyObject *run_gelu(const Row *r, PyObject **v) {
  TENSOR(0, x);
  int form = absent(v[1]) || (PyUnicode_Check(v[1]) && !PyUnicode_CompareWithASCIIString(v[1], "none")) ? 0
           : PyUnicode_Check(v[1]) && !PyUnicode_CompareWithASCIIString(v[1], "tanh") ? 1 : -1;
  if (form < 0) return PyErr_Format(PyExc_RuntimeError, "gelu(): approximate must be 'none' or 'tanh', got %R", v[1]);
  return wrap(bp_gelu(x, form));
}

static PyObject *run_clamp(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DOUBLE_OR(1, low, -INFINITY);
  DOUBLE_OR(2, high, INFINITY);
  if (absent(v[1]) && absent(v[2])) return PyErr_Format(PyExc_RuntimeError, "clamp(): at least one of 'min' or 'max' must not be None");
  return wrap(bp_clamp(x, low, high));
}

static PyObject *run_where(const Row *r, PyObject **v) {
  bp_tensor *ta, *tb, *a, *b, *result;
  TENSOR(0, condition);
  if (!(a = operand_beside(r->name, NAME(1), v[1], is_tensor(v[2]) ? HANDLE(v[2]) : condition, &ta))) return NULL;
  if ((b = operand_beside(r->name, NAME(2), v[2], a, &tb))) result = bp_where(condition, a, b);
  if (ta) drop(ta);
  if (!b) return NULL;
  if (tb) drop(tb);
  return wrap(result);
}

/* sum, mean, amax, amin. f: of everything (NULL: there is only g); g: n dims, keepdim. dtype is last where there is one. */
typedef bp_tensor *(*ReduceDims)(const bp_tensor *, int32_t, const int64_t *, int32_t);
static PyObject *run_reduce(const Row *r, PyObject **v) {
  int64_t dims[BP_MAX_DIMS];
  int n = 0;
  TENSOR(0, x);
  if (!absent(v[1]) && (n = as_sizes(r->name, "dim", v[1], dims)) < 0) return NULL;
  TRUTH_OR(2, keepdim, 0);
  bp_dtype dtype = -1;
  if (r->count > 3 && as_dtype(r->name, v[3], &dtype)) return NULL;
  bp_tensor *input = dtype < 0 ? x : bp_to(x, dtype);
  bp_tensor *result = !n && !keepdim && r->f ? ((One)r->f)(input) : ((ReduceDims)r->g)(input, n, dims, keepdim);
  if (input && input != x) drop(input);
  return wrap(result);
}

typedef bp_tensor *(*ReduceDim)(const bp_tensor *, int64_t, int32_t);
static PyObject *run_argmax(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(2, keepdim, 0);
  INT_OR(1, dim, 0);
  if (!absent(v[1])) return wrap(((ReduceDim)r->g)(x, dim, keepdim));
  bp_tensor *result = ((One)r->f)(x);
  if (!result || !keepdim) return wrap(result);
  int64_t ones[BP_MAX_DIMS] = {1, 1, 1, 1, 1, 1, 1, 1};
  bp_tensor *shaped = bp_reshape(result, bp_ndim(x), ones);
  drop(result);
  return wrap(shaped);
}

/* max(input), max(input, dim, keepdim) → (values, indices), max(input, other) */
typedef bp_tensor *(*ReduceBoth)(const bp_tensor *, int64_t, int32_t, bp_tensor **);
static PyObject *run_max(const Row *r, PyObject **v) {
  TENSOR(0, x);
  int max = r->f == (Any)bp_max;
  PyObject *other = !absent(v[3]) ? v[3] : v[1] && is_tensor(v[1]) && !v[2] ? v[1] : NULL;
  if (other) {
    TENSOR(0, a);
    bp_tensor *b = tensor_argument(r->name, "other", other);
    return b ? wrap((max ? bp_maximum : bp_minimum)(a, b)) : NULL;
  }
  if (absent(v[1])) return wrap(((One)r->f)(x));
  INT(1, dim);
  TRUTH_OR(2, keepdim, 0);
  bp_tensor *where = NULL, *values = ((ReduceBoth)r->g)(x, dim, keepdim, &where);
  if (!values) return fail();
  PyObject *pair = PyStructSequence_New(max ? MaxType : MinType), *a = wrap(values), *b = wrap(where);
  if (!pair || !a || !b) {
    Py_XDECREF(pair);
    Py_XDECREF(a);
    Py_XDECREF(b);
    return NULL;
  }
  PyStructSequence_SetItem(pair, 0, a);
  PyStructSequence_SetItem(pair, 1, b);
  return pair;
}

/* var and its root: (input, dim=None, unbiased=None, keepdim=False, *, correction=1) */
static PyObject *run_var(const Row *r, PyObject **v) {
  int64_t dims[BP_MAX_DIMS];
  int n = 0;
  TENSOR(0, x);
  PyObject *dim = v[1], *unbiased = v[2];
  if (dim && PyBool_Check(dim) && !unbiased) unbiased = dim, dim = NULL; /* var(x, False) */
  if (!absent(dim) && (n = as_sizes(r->name, "dim", dim, dims)) < 0) return NULL;
  TRUTH_OR(3, keepdim, 0);
  DOUBLE_OR(4, correction, 1);
  if (!absent(unbiased)) {
    int yes = PyObject_IsTrue(unbiased);
    if (yes < 0) return NULL;
    correction = yes;
  }
  bp_tensor *result = !n && !keepdim ? bp_var(x, correction) : bp_var_dim(x, n, dims, correction, keepdim);
  if (!result || !r->g) return wrap(result);
  bp_tensor *root = ((One)r->g)(result);
  drop(result);
  return wrap(root);
}

/* all(x): nothing is zero; any(x): something is not. Counted with sum. f: the comparison to count, g: the test of the count. */
static PyObject *run_all(const Row *r, PyObject **v) {
  int64_t dims[BP_MAX_DIMS];
  int n = 0;
  TENSOR(0, x);
  if (!absent(v[1]) && (n = as_sizes(r->name, "dim", v[1], dims)) < 0) return NULL;
  TRUTH_OR(2, keepdim, 0);
  bp_tensor *zero = bp_integer(ctx, 0), *hits = ((Two)r->f)(x, zero), *count = hits ? bp_sum_dim(hits, n, dims, keepdim) : NULL;
  bp_tensor *result = count ? ((Two)r->g)(count, zero) : NULL;
  if (count) drop(count);
  if (hits) drop(hits);
  if (zero) drop(zero);
  return wrap(result);
}

/* softmax, log_softmax */
typedef bp_tensor *(*WithDim)(const bp_tensor *, int64_t);
static PyObject *run_softmax(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (absent(v[1])) return PyErr_Format(PyExc_TypeError, "%s() missing required argument 'dim'", r->name);
  INT(1, dim);
  DTYPE_OR(2, dtype, -1);
  bp_tensor *input = dtype < 0 ? x : bp_to(x, dtype), *result = ((WithDim)r->f)(input, dim);
  if (input && input != x) drop(input);
  return wrap(result);
}

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

/* clip_grad_norm_(parameters, max_norm, norm_type), clip_grad_value_(parameters, clip_value); the parameters are a tuple. */
static PyObject *run_clip(const Row *r, PyObject **v) {
  DOUBLE_OR(1, most, 0);
  DOUBLE_OR(2, p, 2);
  if (!PyTuple_Check(v[0])) return type_error(r->name, NAME(0), "a tuple of Tensors", v[0]);
  Py_ssize_t n = PyTuple_Size(v[0]), i = 0;
  bp_tensor **list = malloc((size_t)(n ? n : 1) * sizeof *list);
  double total = 0;
  bp_status status = BP_OK;
  if (!list) return PyErr_NoMemory();
  while (i < n && i < INT32_MAX && (list[i] = tensor_argument(r->name, NAME(0), PyTuple_GetItem(v[0], i)))) i++;
  if (i == n) status = r->count == 3 ? bp_clip_grad_norm_((int32_t)n, list, most, p, &total) : bp_clip_grad_value_((int32_t)n, list, most);
  free(list);
  if (i < n) return NULL;
  return status ? fail() : PyFloat_FromDouble(total);
}

/* gather, index_select: (input, dim, index) */
static PyObject *run_index(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, index);
  return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t, const bp_tensor *)) r->f)(x, dim, index));
}

/* scatter_add, index_add: (input, dim, index, src) */
static PyObject *run_add_at(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, index);
  TENSOR(3, src);
  return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t, const bp_tensor *, const bp_tensor *)) r->f)(x, dim, index, src));
}

static PyObject *run_matmul(const Row *r, PyObject **v) {
  TENSOR(0, a);
  TENSOR(1, b);
  int32_t need = (int32_t)(r->g == NULL ? 0 : r->name[0] == 'm' ? 2 : r->name[0] == 'b' ? 3 : 1); /* mm, bmm, dot */
  if (need && (bp_ndim(a) != need || bp_ndim(b) != need))
    return PyErr_Format(PyExc_RuntimeError, "%s(): both must have %d dimensions, got %d and %d", r->name, need, (int)bp_ndim(a), (int)bp_ndim(b));
  return wrap(bp_matmul(a, b));
}

static PyObject *run_linear(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, w);
  TENSOR_OR_NULL(2, b);
  return wrap(bp_linear(x, w, b));
}

static PyObject *run_layer_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  SIZES(1, shape, n);
  TENSOR_OR_NULL(2, w);
  TENSOR_OR_NULL(3, b);
  DOUBLE_OR(4, eps, 1e-5);
  return wrap(bp_layer_norm(x, n, shape, w, b, eps));
}

static PyObject *run_rms_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  SIZES(1, shape, n);
  TENSOR_OR_NULL(2, w);
  DOUBLE_OR(3, eps, bp_dtype_of(x) == BP_FLOAT64 ? DBL_EPSILON : FLT_EPSILON);
  return wrap(bp_rms_norm(x, n, shape, w, eps));
}

static PyObject *run_batch_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR_OR_NULL(1, mean);
  TENSOR_OR_NULL(2, variance);
  TENSOR_OR_NULL(3, w);
  TENSOR_OR_NULL(4, b);
  TRUTH_OR(5, training, 0);
  DOUBLE_OR(6, momentum, 0.1);
  DOUBLE_OR(7, eps, 1e-5);
  return wrap(bp_batch_norm(x, mean, variance, w, b, training, momentum, eps));
}

static PyObject *run_group_norm(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, groups, 1);
  TENSOR_OR_NULL(2, w);
  TENSOR_OR_NULL(3, b);
  DOUBLE_OR(4, eps, 1e-5);
  return wrap(bp_group_norm(x, groups, w, b, eps));
}

static PyObject *run_dropout(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DOUBLE_OR(1, p, 0.5);
  TRUTH_OR(2, training, 1);
  return wrap(bp_dropout(x, p, training));
}

static PyObject *run_embedding(const Row *r, PyObject **v) {
  TENSOR(0, indices);
  TENSOR(1, weight);
  INT_OR(2, padding, BP_NONE);
  if (!absent(v[2]) && padding < 0) padding += bp_dim(weight, 0);
  return wrap(bp_embedding(indices, weight, padding));
}

static PyObject *run_attention(const Row *r, PyObject **v) {
  bp_attention_options o = BP_ATTENTION_OPTIONS_INIT;
  TENSOR(0, query);
  TENSOR(1, key);
  TENSOR(2, value);
  TENSOR_OR_NULL(3, mask);
  DOUBLE_OR(4, dropout, 0);
  TRUTH_OR(5, causal, 0);
  DOUBLE_OR(6, scale, 0);
  TRUTH_OR(7, grouped, 0);
  o.dropout_p = dropout;
  o.is_causal = causal;
  o.scale = scale;
  o.has_scale = !absent(v[6]);
  o.enable_gqa = grouped;
  return wrap(bp_scaled_dot_product_attention(query, key, value, mask, &o));
}

/* _lstm: (input, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, reverse) → (states, last h, last c); the others without c */
typedef bp_tensor *(*Layer)(const bp_tensor *, const bp_tensor *, const bp_recurrent_weights *, int32_t, bp_tensor **);
static PyObject *run_recurrent(const Row *r, PyObject **v) {
  bp_recurrent_weights w = BP_RECURRENT_WEIGHTS_INIT;
  bp_tensor *c0 = NULL, *h = NULL, *c = NULL;
  int lstm = r->f == NULL, at = lstm ? 3 : 2;
  TENSOR(0, x);
  TENSOR_OR_NULL(1, h0);
  if (lstm && !absent(v[2]) && !(c0 = tensor_argument(r->name, NAME(2), v[2]))) return NULL;
  TENSOR(at, w_ih);
  TENSOR(at + 1, w_hh);
  TENSOR_OR_NULL(at + 2, b_ih);
  TENSOR_OR_NULL(at + 3, b_hh);
  TRUTH_OR(at + 4, reverse, 0);
  w.weight_ih = w_ih;
  w.weight_hh = w_hh;
  w.bias_ih = b_ih;
  w.bias_hh = b_hh;
  bp_tensor *states = lstm ? bp_lstm(x, h0, c0, &w, reverse, &h, &c) : ((Layer)r->f)(x, h0, &w, reverse, &h);
  if (!states) return fail();
  PyObject *a = wrap(states), *b = wrap(h), *d = lstm ? wrap(c) : NULL, *result = NULL;
  if (a && b && (d || !lstm)) result = lstm ? PyTuple_Pack(3, a, b, d) : PyTuple_Pack(2, a, b);
  Py_XDECREF(a);
  Py_XDECREF(b);
  Py_XDECREF(d);
  return result;
}

static int as_reduction(const char *function, PyObject *o, bp_reduction *out) {
  static const char *const names[] = {"none", "mean", "sum"};
  *out = BP_REDUCTION_MEAN;
  if (absent(o)) return 0;
  for (bp_reduction i = 0; PyUnicode_Check(o) && i < 3; i++)
    if (!PyUnicode_CompareWithASCIIString(o, names[i])) return *out = i, 0;
  PyErr_Format(PyExc_ValueError, "%s(): reduction must be 'none', 'mean' or 'sum', got %R", function, o);
  return -1;
}
#define REDUCTION(i, x) bp_reduction x; if (as_reduction(r->name, v[i], &x)) return NULL

static PyObject *run_mse_loss(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  REDUCTION(2, reduction);
  return wrap(bp_mse_loss(x, target, reduction));
}

static PyObject *run_cross_entropy(const Row *r, PyObject **v) {
  bp_cross_entropy_options o = BP_CROSS_ENTROPY_OPTIONS_INIT;
  TENSOR(0, x);
  TENSOR(1, target);
  TENSOR_OR_NULL(2, weight);
  INT_OR(3, ignore, -100);
  REDUCTION(4, reduction);
  o.ignore_index = ignore;
  o.reduction = reduction;
  o.weight = weight;
  if (r->count == 5) return wrap(bp_nll_loss(x, target, &o));
  DOUBLE_OR(5, smoothing, 0);
  o.label_smoothing = smoothing;
  return wrap(bp_cross_entropy(x, target, &o));
}

static PyObject *run_bce(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, target);
  TENSOR_OR_NULL(2, weight);
  REDUCTION(3, reduction);
  TENSOR_OR_NULL(4, positive);
  return wrap(bp_binary_cross_entropy_with_logits(x, target, weight, positive, reduction));
}

/* One number for both dimensions, or as many as there are. */
static int as_pair(const Row *r, int i, PyObject *o, int dims, int64_t out[2]) {
  int64_t sizes[BP_MAX_DIMS];
  if (absent(o)) return 0;
  int n = as_sizes(r->name, NAME(i), o, sizes);
  if (n < 0) return -1;
  if (!n) return 0; /* (): the default */
  if (n != 1 && n != dims)
    return PyErr_Format(PyExc_RuntimeError, "%s(): %s must be one number or %d, got %d", r->name, NAME(i), dims, n), -1;
  out[0] = sizes[0];
  out[1] = sizes[n - 1];
  return 0;
}
#define DIMENSIONS(r) (strchr((r)->name, '1') ? 1 : 2)

/* conv1d, conv2d: (input, weight, bias, stride, padding, dilation, groups) */
typedef bp_tensor *(*Convolution)(const bp_tensor *, const bp_tensor *, const bp_tensor *, const bp_conv_options *);
static PyObject *run_conv(const Row *r, PyObject **v) {
  bp_conv_options o = BP_CONV_OPTIONS_INIT;
  int dims = DIMENSIONS(r);
  TENSOR(0, x);
  TENSOR(1, w);
  TENSOR_OR_NULL(2, b);
  INT_OR(6, groups, 1);
  o.groups = groups;
  if (as_pair(r, 3, v[3], dims, o.stride) || as_pair(r, 5, v[5], dims, o.dilation)) return NULL;
  if (!absent(v[4]) && PyUnicode_Check(v[4])) {
    int same = !PyUnicode_CompareWithASCIIString(v[4], "same");
    if (!same && PyUnicode_CompareWithASCIIString(v[4], "valid"))
      return PyErr_Format(PyExc_RuntimeError, "%s(): padding must be 'same', 'valid' or numbers, got %R", r->name, v[4]);
    for (int i = 0; same && i < dims; i++) {
      if (o.stride[i] != 1) return PyErr_Format(PyExc_RuntimeError, "%s(): padding='same' is not there for strided convolutions", r->name);
      int64_t kernel = bp_ndim(w) == dims + 2 ? bp_dim(w, i + 2) : 1;
      int64_t all = o.dilation[i] > 0 && o.dilation[i] < 1 << 30 && kernel > 0 && kernel < 1 << 30 ? o.dilation[i] * (kernel - 1) : 0;
      o.padding[i] = all / 2;
      o.padding_after[i] = all % 2;
    }
  } else if (as_pair(r, 4, v[4], dims, o.padding)) return NULL;
  return wrap(((Convolution)r->f)(x, w, b, &o));
}

/* (input, weight, bias, stride, padding, output_padding, groups, dilation) */
static PyObject *run_conv_transpose(const Row *r, PyObject **v) {
  bp_conv_options o = BP_CONV_OPTIONS_INIT;
  TENSOR(0, x);
  TENSOR(1, w);
  TENSOR_OR_NULL(2, b);
  INT_OR(6, groups, 1);
  o.groups = groups;
  if (as_pair(r, 3, v[3], 2, o.stride) || as_pair(r, 4, v[4], 2, o.padding) || as_pair(r, 5, v[5], 2, o.output_padding) ||
      as_pair(r, 7, v[7], 2, o.dilation))
    return NULL;
  return wrap(((Convolution)r->f)(x, w, b, &o));
}

/* max_pool: (input, kernel_size, stride, padding, dilation, ceil_mode, return_indices) */
typedef bp_tensor *(*Pool)(const bp_tensor *, const bp_pool_options *);
static PyObject *run_max_pool(const Row *r, PyObject **v) {
  bp_pool_options o = BP_POOL_OPTIONS_INIT(0);
  int dims = DIMENSIONS(r);
  TENSOR(0, x);
  TRUTH_OR(5, ceil_mode, 0);
  TRUTH_OR(6, return_indices, 0);
  o.ceil_mode = ceil_mode;
  if (as_pair(r, 1, v[1], dims, o.kernel) || as_pair(r, 2, v[2], dims, o.stride) || as_pair(r, 3, v[3], dims, o.padding) ||
      as_pair(r, 4, v[4], dims, o.dilation))
    return NULL;
  if (!return_indices) return wrap(((Pool)r->f)(x, &o));
  if (dims == 1) return PyErr_Format(PyExc_RuntimeError, "%s(): return_indices is there for max_pool2d only", r->name);
  PyObject *indices = wrap(bp_max_pool2d_indices(x, &o)), *values = indices ? wrap(((Pool)r->f)(x, &o)) : NULL;
  PyObject *both = values ? PyTuple_Pack(2, values, indices) : NULL;
  Py_XDECREF(values);
  Py_XDECREF(indices);
  return both;
}

/* avg_pool: (input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override) */
static PyObject *run_avg_pool(const Row *r, PyObject **v) {
  bp_pool_options o = BP_POOL_OPTIONS_INIT(0);
  int dims = DIMENSIONS(r);
  TENSOR(0, x);
  TRUTH_OR(4, ceil_mode, 0);
  TRUTH_OR(5, count_include_pad, 1);
  o.ceil_mode = ceil_mode;
  o.count_include_pad = count_include_pad;
  if (dims == 2 && !absent(v[6])) {
    if (as_int64(r->name, NAME(6), v[6], &o.divisor_override)) return NULL;
    if (!o.divisor_override) return PyErr_Format(PyExc_RuntimeError, "%s(): divisor_override must not be zero", r->name);
  }
  if (as_pair(r, 1, v[1], dims, o.kernel) || as_pair(r, 2, v[2], dims, o.stride) || as_pair(r, 3, v[3], dims, o.padding)) return NULL;
  return wrap(((Pool)r->f)(x, &o));
}

/* (input, output_size): an int, or two that may be None: that of the input */
static PyObject *run_adaptive_avg_pool(const Row *r, PyObject **v) {
  int64_t size[2];
  TENSOR(0, x);
  int is_pair = PySequence_Check(v[1]) && !is_tensor(v[1]) && PySequence_Size(v[1]) == 2;
  for (int i = 0; i < 2; i++) {
    PyObject *one = is_pair ? PySequence_GetItem(v[1], i) : (Py_INCREF(v[1]), v[1]);
    if (!one) return NULL;
    int bad = 0;
    if (one == Py_None) size[i] = bp_ndim(x) > 1 ? bp_dim(x, bp_ndim(x) - 2 + i) : 1;
    else bad = as_int64(r->name, NAME(1), one, &size[i]);
    Py_DECREF(one);
    if (bad) return NULL;
  }
  return wrap(bp_adaptive_avg_pool2d(x, size[0], size[1]));
}

/* ---------------------------------------------------------------------------------------------------------------
 * Handlers of creation. v ends with dtype, device, requires_grad.
 * ------------------------------------------------------------------------------------------------------------- */

/* The new leaf t (one count of it ours) with requires_grad as asked. */
static PyObject *leaf(const Row *r, PyObject **v, bp_tensor *t) {
  int grad = truth(v[r->count - 1], 0);
  if (!t) return PyErr_Occurred() ? NULL : fail();
  if (grad < 0 || check_device(v[r->count - 2]) || (grad && bp_set_requires_grad(t, 1))) {
    if (!PyErr_Occurred()) fail();
    bp_release(t);
    return NULL;
  }
  return wrap_owned(t);
}

/* A result that belongs to an open scope, if there is one, with a count of our own. */
static bp_tensor *kept(bp_tensor *t) { return scope_depth && t ? bp_retain(t) : t; }

#define CREATION_DTYPE(x, otherwise) DTYPE_OR(r->count - 3, x, otherwise)

static PyObject *run_tensor(const Row *r, PyObject **v) {
  CREATION_DTYPE(dtype, -1);
  return leaf(r, v, from_anything(v[0], dtype));
}

/* as_tensor: the memory of a buffer, or a tensor itself, where no conversion is needed; otherwise a copy */
static PyObject *run_as_tensor(const Row *r, PyObject **v) {
  CREATION_DTYPE(dtype, -1);
  if (is_tensor(v[0])) {
    if (dtype < 0 || dtype == bp_dtype_of(HANDLE(v[0]))) return Py_NewRef(v[0]);
    return wrap(bp_to(HANDLE(v[0]), dtype));
  }
  if (!PyList_Check(v[0]) && !PyTuple_Check(v[0]) && PyObject_CheckBuffer(v[0])) {
    bp_tensor *t = borrow(r->name, v[0], 0);
    if (!t && PyErr_Occurred()) return NULL;
    if (t && (dtype < 0 || dtype == bp_dtype_of(t))) return leaf(r, v, kept(t));
    if (t) drop(t);
  }
  return leaf(r, v, from_anything(v[0], dtype));
}

static PyObject *run_from_buffer(const Row *r, PyObject **v) {
  bp_tensor *t = borrow(r->name, v[0], 1);
  return t ? wrap(t) : NULL;
}

/* from_dlpack(anything with __dlpack__) */
static PyObject *run_from_dlpack(const Row *r, PyObject **v) {
  (void)r;
  PyObject *method = PyObject_GetAttrString(v[0], "__dlpack__"), *none = PyTuple_New(0), *kw = Py_BuildValue("{s(ii)}", "max_version", 1, 0);
  PyObject *capsule = method && none && kw ? PyObject_Call(method, none, kw) : NULL;
  if (method && none && !capsule && PyErr_ExceptionMatches(PyExc_TypeError)) { /* from before DLPack 1.0 */
    PyErr_Clear();
    capsule = PyObject_CallNoArgs(method);
  }
  Py_XDECREF(method);
  Py_XDECREF(none);
  Py_XDECREF(kw);
  bp_tensor *t = capsule ? import_dlpack(capsule) : NULL;
  Py_XDECREF(capsule);
  return t ? wrap(t) : NULL;
}

/* __dlpack__(stream=None, max_version=None, dl_device=None, copy=None) */
static PyObject *run_dlpack(const Row *r, PyObject **v) {
  TENSOR(0, x);
  int versioned = 0;
  if (!absent(v[1])) return PyErr_Format(PyExc_BufferError, "__dlpack__: the CPU has no streams");
  if (!absent(v[2])) {
    PyObject *major = PySequence_GetItem(v[2], 0);
    versioned = major && PyLong_Check(major) && PyLong_AsLong(major) >= 1;
    Py_XDECREF(major);
    if (PyErr_Occurred()) return NULL;
  }
  if (!absent(v[3])) {
    PyObject *type = PySequence_GetItem(v[3], 0);
    int cpu = type && PyLong_Check(type) && PyLong_AsLong(type) == DL_CPU;
    Py_XDECREF(type);
    if (!cpu) return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_BufferError, "__dlpack__: only the CPU's memory can be shared");
  }
  TRUTH_OR(4, copy, 0);
  bp_tensor *own = copy && !absent(v[4]) ? bp_clone(x) : NULL;
  if (copy && !own) return fail();
  PyObject *capsule = export_dlpack(own ? own : x, versioned);
  if (own) drop(own);
  return capsule;
}

static PyObject *run_dlpack_device(const Row *r, PyObject **v) { (void)r; (void)v; return Py_BuildValue("(ii)", DL_CPU, 0); }

typedef bp_tensor *(*Fill)(bp_context *, bp_dtype, int32_t, const int64_t *);
static PyObject *run_zeros(const Row *r, PyObject **v) {
  SIZES(0, shape, n);
  CREATION_DTYPE(dtype, BP_FLOAT32);
  return leaf(r, v, kept(((Fill)r->f)(ctx, dtype, n, shape)));
}

static PyObject *run_zeros_like(const Row *r, PyObject **v) {
  int64_t shape[BP_MAX_DIMS];
  TENSOR(0, x);
  CREATION_DTYPE(dtype, bp_dtype_of(x));
  int32_t n = bp_ndim(x);
  for (int32_t d = 0; d < n; d++) shape[d] = bp_dim(x, d);
  return leaf(r, v, kept(((Fill)r->f)(ctx, dtype, n, shape)));
}

/* full, full_like: integers beyond 2^53 need the way over copy_, which takes them exactly */
static PyObject *run_full(const Row *r, PyObject **v) {
  int64_t shape[BP_MAX_DIMS];
  int n;
  bp_dtype dtype = kind_of(v[1]) == 0 ? BP_BOOL : kind_of(v[1]) == 1 ? BP_INT64 : BP_FLOAT32;
  if (PyErr_Occurred()) return NULL;
  if (r->f) { /* like a tensor */
    TENSOR(0, x);
    dtype = bp_dtype_of(x);
    n = bp_ndim(x);
    for (int32_t d = 0; d < n; d++) shape[d] = bp_dim(x, d);
  } else if ((n = as_sizes(r->name, "size", v[0], shape)) < 0) return NULL;
  if (as_dtype(r->name, v[2], &dtype)) return NULL;
  bp_tensor *temporary, *value = operand(r->name, "fill_value", v[1], &temporary), *t = NULL;
  if (!value) return NULL;
  if (bp_numel(value) != 1) PyErr_Format(PyExc_RuntimeError, "%s(): fill_value must be one number", r->name);
  else if ((t = kept(bp_zeros(ctx, dtype, n, shape))) && !bp_copy_(t, value)) {
    fail();
    bp_release(t);
    t = NULL;
  }
  if (temporary) drop(temporary);
  return leaf(r, v, t);
}

/* arange(end), arange(start, end, step=1) */
static PyObject *run_arange(const Row *r, PyObject **v) {
  PyObject *first = absent(v[1]) ? NULL : v[0], *last = first ? v[1] : v[0];
  double start = 0, end, step = 1;
  if ((first && as_double(r->name, "start", first, &start)) || as_double(r->name, "end", last, &end) ||
      (!absent(v[2]) && as_double(r->name, "step", v[2], &step))) return NULL;
  int integers = PyIndex_Check(last) && (!first || PyIndex_Check(first)) && (absent(v[2]) || PyIndex_Check(v[2]));
  CREATION_DTYPE(dtype, integers ? BP_INT64 : BP_FLOAT32);
  return leaf(r, v, kept(bp_arange(ctx, dtype, start, end, step)));
}

/* From both ends to the middle, as PyTorch counts, in float64. */
static PyObject *run_linspace(const Row *r, PyObject **v) {
  DOUBLE(0, start);
  DOUBLE(1, end);
  INT(2, steps);
  CREATION_DTYPE(dtype, BP_FLOAT32);
  if (steps < 0) return PyErr_Format(PyExc_RuntimeError, "linspace(): number of steps must be non-negative, got %lld", (long long)steps);
  bp_tensor *t = bp_tensor_create(ctx, BP_FLOAT64, 1, &steps, NULL);
  double *p = t ? bp_data(t) : NULL, step = steps > 1 ? (end - start) / (double)(steps - 1) : 0;
  for (int64_t i = 0; p && i < steps; i++) p[i] = i < (steps + 1) / 2 ? start + step * (double)i : end - step * (double)(steps - 1 - i);
  return leaf(r, v, converted(t, dtype));
}

static PyObject *run_eye(const Row *r, PyObject **v) {
  INT(0, n);
  INT_OR(1, m, n);
  CREATION_DTYPE(dtype, BP_FLOAT32);
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
  return leaf(r, v, converted(kept(bp_randperm(ctx, n)), dtype));
}

/* randint(high, size), randint(low, high, size): low + ⌊u·(high − low)⌋, u uniform float64 */
static PyObject *run_randint(const Row *r, PyObject **v) {
  int64_t shape[BP_MAX_DIMS], low = 0, high;
  PyObject *size = absent(v[2]) ? v[1] : v[2];
  if (absent(size)) return PyErr_Format(PyExc_TypeError, "randint() missing required argument 'size'");
  int n = as_sizes(r->name, "size", size, shape), pair = !absent(v[2]) && !absent(v[1]);
  if (n < 0 || as_int64(r->name, "high", pair ? v[1] : v[0], &high) || (pair && as_int64(r->name, "low", v[0], &low))) return NULL;
  if (low >= high) return PyErr_Format(PyExc_RuntimeError, "randint(): from (%lld) must be less than to (%lld)", (long long)low, (long long)high);
  CREATION_DTYPE(dtype, BP_INT64);
  bp_tensor *u = bp_rand(ctx, BP_FLOAT64, n, shape), *width = bp_number(ctx, (double)high - (double)low), *base = bp_integer(ctx, low);
  bp_tensor *wide = bp_mul(u, width), *whole = wide ? bp_to(wide, BP_INT64) : NULL, *t = kept(whole ? bp_add(whole, base) : NULL);
  bp_tensor *all[] = {u, width, base, wide, whole};
  for (int i = 0; i < 5; i++)
    if (all[i]) drop(all[i]);
  return leaf(r, v, converted(t, dtype));
}

/* ---------------------------------------------------------------------------------------------------------------
 * Handlers of methods: types, gradients, questions
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *cast(PyObject *self, bp_dtype dtype) {
  if (bp_dtype_of(HANDLE(self)) == dtype) return Py_NewRef(self);
  return wrap(bp_to(HANDLE(self), dtype));
}

static PyObject *run_cast(const Row *r, PyObject **v) {
  static const struct { const char *name; bp_dtype dtype; } casts[] = {{"float", BP_FLOAT32}, {"double", BP_FLOAT64}, {"long", BP_INT64},
    {"int", BP_INT32}, {"bool", BP_BOOL}, {"half", BP_FLOAT16}, {"bfloat16", BP_BFLOAT16}};
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
  return done(bp_backward_with(x, &o));
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

/* ---------------------------------------------------------------------------------------------------------------
 * Handlers of the module: gradients, threads, random numbers, optimizers, files
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *run_is_grad_enabled(const Row *r, PyObject **v) { (void)r; (void)v; return PyBool_FromLong(bp_is_grad_enabled(ctx)); }

/* We keep at most one no_grad level in the library, so that recording can also be switched on within no_grad. Returns what was. */
static PyObject *run_set_grad_enabled(const Row *r, PyObject **v) {
  (void)r;
  int on = PyObject_IsTrue(v[0]), was = bp_is_grad_enabled(ctx);
  if (on < 0) return NULL;
  if (on != was && (on ? bp_no_grad_pop(ctx) : bp_no_grad_push(ctx))) return fail();
  return PyBool_FromLong(was);
}

/* The handles of a sequence of tensors; *holder keeps them alive. NULL with an exception. */
static bp_tensor **handles(const Row *r, PyObject *sequence, PyObject **holder, Py_ssize_t *n) {
  bp_tensor **list = NULL;
  if (!(*holder = PySequence_Tuple(sequence))) return NULL;
  *n = PyTuple_Size(*holder);
  if (*n > INT32_MAX || !(list = calloc((size_t)*n + 1, sizeof *list))) PyErr_NoMemory();
  for (Py_ssize_t i = 0; list && i < *n; i++)
    if (!(list[i] = tensor_argument(r->name, NAME(1), PyTuple_GetItem(*holder, i)))) {
      free(list);
      list = NULL;
    }
  if (!list) Py_CLEAR(*holder);
  return list;
}

/* _grad(output, inputs, seed, retain_graph, create_graph, allow_unused) → tuple of gradients or None */
static PyObject *run_grad(const Row *r, PyObject **v) {
  bp_backward_options o = BP_BACKWARD_OPTIONS_INIT;
  TENSOR(0, output);
  TENSOR_OR_NULL(2, seed);
  o.seed = seed;
  TRUTH_OR(3, retain, 0);
  TRUTH_OR(4, create, 0);
  TRUTH_OR(5, unused, 0);
  o.retain_graph = retain, o.create_graph = create, o.allow_unused = unused;
  PyObject *holder, *result = NULL;
  Py_ssize_t n;
  bp_tensor **inputs = handles(r, v[1], &holder, &n), **grads;
  if (!inputs) return NULL;
  if (!(grads = calloc((size_t)n + 1, sizeof *grads))) PyErr_NoMemory();
  else if (bp_autograd_grad(output, (int32_t)n, inputs, grads, &o)) fail();
  else {
    result = PyTuple_New(n);
    for (Py_ssize_t i = 0; i < n; i++) {
      PyObject *g = grads[i] ? wrap(grads[i]) : Py_NewRef(Py_None);
      if (!g || !result || PyTuple_SetItem(result, i, g)) Py_CLEAR(result);
    }
  }
  free(grads);
  free(inputs);
  Py_DECREF(holder);
  return result;
}

typedef struct {
  PyObject *function, *output; /* output: the last one, kept until the library has read it */
  Py_ssize_t n;
} Check;

static int check_function(void *user, bp_tensor *const *inputs, bp_tensor **output) {
  Check *c = user;
  PyObject *arguments = PyTuple_New(c->n);
  scope_depth++;
  for (Py_ssize_t i = 0; arguments && i < c->n; i++) {
    PyObject *x = wrap_borrowed(inputs[i]);
    if (!x || PyTuple_SetItem(arguments, i, x)) Py_CLEAR(arguments);
  }
  PyObject *y = arguments ? PyObject_CallObject(c->function, arguments) : NULL;
  Py_XDECREF(arguments);
  if (y && !is_tensor(y)) {
    type_error("gradcheck", "func", "a function that returns a Tensor", y);
    Py_CLEAR(y);
  }
  Py_XDECREF(c->output);
  c->output = y;
  if (y) *output = HANDLE(y);
  scope_depth--;
  return y ? 0 : 1;
}

/* _gradcheck(function, inputs, eps, atol, rtol, second_order): None, or the library's sentence about the disagreement */
static PyObject *run_gradcheck(const Row *r, PyObject **v) {
  bp_gradcheck_options o = BP_GRADCHECK_OPTIONS_INIT;
  DOUBLE(2, eps);
  DOUBLE(3, atol);
  DOUBLE(4, rtol);
  TRUTH_OR(5, second, 0);
  o.eps = eps, o.atol = atol, o.rtol = rtol, o.second_order = second;
  PyObject *holder;
  Check check = {v[0], NULL, 0};
  bp_tensor **inputs = handles(r, v[1], &holder, &check.n);
  if (!inputs) return NULL;
  bp_status status = bp_gradcheck(ctx, check_function, &check, (int32_t)check.n, inputs, &o);
  Py_XDECREF(check.output);
  free(inputs);
  Py_DECREF(holder);
  if (PyErr_Occurred()) return fail();
  if (!status) Py_RETURN_NONE;
  if (status != BP_E_GRAPH) return fail();
  PyObject *sentence = PyUnicode_FromString(bp_context_message(ctx));
  bp_context_clear(ctx);
  return sentence;
}

static PyObject *run_manual_seed(const Row *r, PyObject **v) {
  (void)r;
  if (!PyIndex_Check(v[0])) return type_error("manual_seed", "seed", "int", v[0]);
  PyObject *index = PyNumber_Index(v[0]);
  unsigned long long seed = index ? PyLong_AsUnsignedLongLongMask(index) : 0;
  Py_XDECREF(index);
  return PyErr_Occurred() ? NULL : done(bp_manual_seed(ctx, seed));
}

static PyObject *run_set_num_threads(const Row *r, PyObject **v) {
  INT(0, n);
  if (n != (int32_t)n) return PyErr_Format(PyExc_ValueError, "set_num_threads(): expected 1…256, got %lld", (long long)n);
  return done(bp_set_num_threads(ctx, (int32_t)n));
}

static PyObject *run_get_num_threads(const Row *r, PyObject **v) { (void)r; (void)v; return PyLong_FromLong(bp_num_threads(ctx)); }

static PyObject *run_operations(const Row *r, PyObject **v) {
  (void)r; (void)v;
  int32_t n = bp_operation_count();
  PyObject *list = PyList_New(n);
  for (int32_t i = 0; list && i < n; i++) {
    PyObject *name = PyUnicode_FromString(bp_operation_name(i));
    if (!name || PyList_SetItem(list, i, name)) Py_CLEAR(list);
  }
  return list;
}

static PyObject *run_memory(const Row *r, PyObject **v) {
  (void)r; (void)v;
  return Py_BuildValue("{sLsLsLsL}", "in_use", (long long)bp_memory_stat(ctx, BP_MEMORY_IN_USE), "peak", (long long)bp_memory_stat(ctx, BP_MEMORY_PEAK),
                       "reserved", (long long)bp_memory_stat(ctx, BP_MEMORY_RESERVED), "tensors", (long long)bp_memory_stat(ctx, BP_MEMORY_TENSORS));
}

static PyObject *run_reset_peak(const Row *r, PyObject **v) { (void)r; (void)v; return done(bp_memory_reset_peak(ctx)); }
static PyObject *run_trim(const Row *r, PyObject **v) { (void)r; (void)v; return done(bp_memory_trim(ctx)); }

typedef struct {
  PyObject_HEAD
  bp_optimizer *o;
} Optimizer;
#define OPTIMIZER(self) (((Optimizer *)(self))->o)

static void optimizer_dealloc(PyObject *self) {
  bp_optimizer_destroy(OPTIMIZER(self));
  plain_dealloc(self);
  if (pending) drain();
}

static PyObject *wrap_optimizer(bp_optimizer *o) {
  if (!o) return fail();
  Optimizer *self = PyObject_New(Optimizer, OptimizerType);
  if (self) self->o = o;
  else bp_optimizer_destroy(o);
  return (PyObject *)self;
}

static PyObject *optimizer_add(PyObject *self, PyObject *t) {
  bp_tensor *parameter = tensor_argument("add", "parameter", t);
  return parameter ? done(bp_optimizer_add(OPTIMIZER(self), parameter)) : NULL;
}
static PyObject *optimizer_step(PyObject *self, PyObject *unused) { (void)unused; return done(bp_optimizer_step(OPTIMIZER(self))); }
static PyObject *optimizer_zero_grad(PyObject *self, PyObject *unused) { (void)unused; return done(bp_optimizer_zero_grad(OPTIMIZER(self))); }
static PyObject *optimizer_set_lr(PyObject *self, PyObject *value) {
  double lr;
  return as_double("set_lr", "lr", value, &lr) ? NULL : done(bp_optimizer_set_lr(OPTIMIZER(self), lr));
}
static PyMethodDef optimizer_methods[] = {{"add", optimizer_add, METH_O, NULL}, {"step", optimizer_step, METH_NOARGS, NULL},
  {"zero_grad", optimizer_zero_grad, METH_NOARGS, NULL}, {"set_lr", optimizer_set_lr, METH_O, NULL}, {0}};
static PyType_Slot optimizer_slots[] = {{Py_tp_dealloc, optimizer_dealloc}, {Py_tp_methods, optimizer_methods}, {0, NULL}};
static PyType_Spec optimizer_spec = {"backprop._core._Optimizer", sizeof(Optimizer), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, optimizer_slots};

static PyObject *run_sgd(const Row *r, PyObject **v) {
  bp_sgd_options o = BP_SGD_OPTIONS_INIT;
  DOUBLE(0, lr);
  DOUBLE(1, momentum);
  DOUBLE(2, dampening);
  DOUBLE(3, weight_decay);
  TRUTH_OR(4, nesterov, 0);
  TRUTH_OR(5, maximize, 0);
  o.lr = lr, o.momentum = momentum, o.dampening = dampening, o.weight_decay = weight_decay, o.nesterov = nesterov, o.maximize = maximize;
  return wrap_optimizer(bp_sgd_create(ctx, &o));
}

/* f: bp_adam_create or bp_adamw_create */
static PyObject *run_adam(const Row *r, PyObject **v) {
  bp_adam_options o = BP_ADAM_OPTIONS_INIT;
  DOUBLE(0, lr);
  DOUBLE(1, beta1);
  DOUBLE(2, beta2);
  DOUBLE(3, eps);
  DOUBLE(4, weight_decay);
  TRUTH_OR(5, maximize, 0);
  o.lr = lr, o.beta1 = beta1, o.beta2 = beta2, o.eps = eps, o.weight_decay = weight_decay, o.maximize = maximize;
  return wrap_optimizer(((bp_optimizer * (*)(bp_context *, const bp_adam_options *)) r->f)(ctx, &o));
}

static PyObject *path_of(const Row *r, PyObject *o) {
  PyObject *bytes = NULL;
  if (PyUnicode_Check(o) || PyBytes_Check(o) || PyObject_HasAttrString(o, "__fspath__")) PyUnicode_FSConverter(o, &bytes);
  else type_error(r->name, "f", "a path", o);
  return bytes;
}

/* save({name: tensor}, path) */
static PyObject *run_save(const Row *r, PyObject **v) {
  if (!PyDict_Check(v[0])) return type_error(r->name, "obj", "a dict of names and Tensors, such as state_dict()", v[0]);
  PyObject *path = path_of(r, v[1]), *items = path ? PyDict_Items(v[0]) : NULL, *result = NULL;
  Py_ssize_t n = items ? PyList_Size(items) : 0, i = 0;
  const char **names = malloc((size_t)(n + 1) * sizeof *names);
  bp_tensor **tensors = malloc((size_t)(n + 1) * sizeof *tensors);
  if (!names || !tensors) PyErr_NoMemory();
  else if (items) {
    for (; i < n; i++) {
      PyObject *pair = PyList_GetItem(items, i), *key = PyTuple_GetItem(pair, 0), *value = PyTuple_GetItem(pair, 1);
      Py_ssize_t length;
      char buffer[64];
      if (!PyUnicode_Check(key)) type_error(r->name, "obj", "a dict whose keys are str", key);
      else if (!is_tensor(value)) PyErr_Format(PyExc_TypeError, "save(): only Tensors can be saved; %R is %s", key, type_name(value, buffer));
      else if ((names[i] = PyUnicode_AsUTF8AndSize(key, &length)) && strlen(names[i]) != (size_t)length)
        PyErr_Format(PyExc_ValueError, "save(): a name contains a null character: %R", key);
      if (PyErr_Occurred()) break;
      tensors[i] = HANDLE(value);
    }
    if (i == n) {
      errno = 0;
      result = done(bp_save(ctx, PyBytes_AsString(path), (int32_t)n, names, tensors));
    }
  }
  free(names);
  free(tensors);
  Py_XDECREF(items);
  Py_XDECREF(path);
  return result;
}

/* load(path) → {name: tensor} */
static PyObject *run_load(const Row *r, PyObject **v) {
  if (check_device(v[1])) return NULL;
  PyObject *path = path_of(r, v[0]), *result = NULL;
  if (!path) return NULL;
  bp_archive *file = bp_load(ctx, PyBytes_AsString(path));
  if (!file) errno = access(PyBytes_AsString(path), F_OK) ? ENOENT : EIO, fail();
  else {
    result = PyDict_New();
    for (int32_t i = 0; result && i < bp_archive_count(file); i++) {
      const char *name = bp_archive_name(file, i);
      PyObject *t = wrap(bp_archive_get(file, name));
      if (!t || PyDict_SetItemString(result, name, t)) Py_CLEAR(result);
      Py_XDECREF(t);
    }
    bp_archive_destroy(file);
  }
  Py_DECREF(path);
  return result;
}

/* ---------------------------------------------------------------------------------------------------------------
 * The table
 * ------------------------------------------------------------------------------------------------------------- */

enum { F = 1, M = 2, FM = 3, P = 4 }; /* a function of the package; a method of Tensor; both; only in _core, for the .py files */
#define LEAF "dtype=None, device=None, requires_grad=False)"

#define UNARY(OP, name) OP(name, name, FM, run_unary, bp_##name, NULL, "(input)")
#define BINARY(OP, name) OP(name, name, FM, run_binary, bp_##name, NULL, "(input, other)")
#define CREATION(OP, name, run, f, signature) OP(name, name, F, run, f, NULL, signature LEAF)
#define CAST(OP, name) OP(name, name, M, run_cast, NULL, NULL, "(input)")

/* OP(C identifier, name, where, handler, f, g, signature) */
#define OPERATIONS(OP) \
  OP(add, add, FM, run_add, bp_add, NULL, "(input, other, *, alpha=1)") \
  OP(sub, sub, FM, run_add, bp_sub, NULL, "(input, other, *, alpha=1)") \
  BINARY(OP, mul) BINARY(OP, div) BINARY(OP, maximum) BINARY(OP, minimum) \
  BINARY(OP, eq) BINARY(OP, ne) BINARY(OP, lt) BINARY(OP, le) BINARY(OP, gt) BINARY(OP, ge) \
  OP(pow, pow, FM, run_binary, bp_pow, NULL, "(input, exponent)") \
  UNARY(OP, logical_not) UNARY(OP, neg) UNARY(OP, abs) UNARY(OP, sign) UNARY(OP, square) UNARY(OP, sqrt) UNARY(OP, rsqrt) \
  UNARY(OP, reciprocal) UNARY(OP, exp) UNARY(OP, log) UNARY(OP, sin) UNARY(OP, cos) UNARY(OP, erf) UNARY(OP, relu) \
  UNARY(OP, sigmoid) UNARY(OP, tanh) UNARY(OP, detach) UNARY(OP, clone) \
  OP(contiguous, contiguous, M, run_unary, bp_contiguous, NULL, "(input)") \
  OP(clamp, clamp, FM, run_clamp, NULL, NULL, "(input, min=None, max=None)") \
  OP(where, where, F, run_where, NULL, NULL, "(condition, input, other)") \
  OP(sum, sum, FM, run_reduce, bp_sum, bp_sum_dim, "(input, dim=None, keepdim=False, *, dtype=None)") \
  OP(mean, mean, FM, run_reduce, bp_mean, bp_mean_dim, "(input, dim=None, keepdim=False, *, dtype=None)") \
  OP(amax, amax, FM, run_reduce, NULL, bp_amax, "(input, dim=(), keepdim=False)") \
  OP(amin, amin, FM, run_reduce, NULL, bp_amin, "(input, dim=(), keepdim=False)") \
  OP(max, max, FM, run_max, bp_max, bp_max_dim, "(input, dim=None, keepdim=False, *, other=None)") \
  OP(min, min, FM, run_max, bp_min, bp_min_dim, "(input, dim=None, keepdim=False, *, other=None)") \
  OP(argmax, argmax, FM, run_argmax, bp_argmax, bp_argmax_dim, "(input, dim=None, keepdim=False)") \
  OP(argmin, argmin, FM, run_argmax, bp_argmin, bp_argmin_dim, "(input, dim=None, keepdim=False)") \
  OP(var, var, FM, run_var, NULL, NULL, "(input, dim=None, unbiased=None, keepdim=False, *, correction=1)") \
  OP(std, std, FM, run_var, NULL, bp_sqrt, "(input, dim=None, unbiased=None, keepdim=False, *, correction=1)") \
  OP(all, all, FM, run_all, bp_eq, bp_eq, "(input, dim=None, keepdim=False)") \
  OP(any, any, FM, run_all, bp_ne, bp_ne, "(input, dim=None, keepdim=False)") \
  OP(softmax, softmax, FM, run_softmax, bp_softmax, NULL, "(input, dim=None, dtype=None)") \
  OP(log_softmax, log_softmax, FM, run_softmax, bp_log_softmax, NULL, "(input, dim=None, dtype=None)") \
  OP(matmul, matmul, FM, run_matmul, NULL, NULL, "(input, other)") \
  OP(mm, mm, FM, run_matmul, NULL, bp_matmul, "(input, mat2)") \
  OP(bmm, bmm, FM, run_matmul, NULL, bp_matmul, "(input, mat2)") \
  OP(dot, dot, FM, run_matmul, NULL, bp_matmul, "(input, tensor)") \
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
  OP(stack, stack, F, run_cat, bp_stack, NULL, "(tensors, dim=0)") \
  OP(gather, gather, FM, run_index, bp_gather, NULL, "(input, dim, index)") \
  OP(index_select, index_select, FM, run_index, bp_index_select, NULL, "(input, dim, index)") \
  OP(scatter_add, scatter_add, FM, run_add_at, bp_scatter_add, NULL, "(input, dim, index, src)") \
  OP(index_add, index_add, FM, run_add_at, bp_index_add, NULL, "(input, dim, index, source)") \
  \
  OP(softplus, softplus, P, run_unary, bp_softplus, NULL, "(input)") \
  OP(gelu, gelu, P, run_gelu, NULL, NULL, "(input, approximate=None)") \
  OP(linear, linear, P, run_linear, NULL, NULL, "(input, weight, bias=None)") \
  OP(layer_norm, layer_norm, P, run_layer_norm, NULL, NULL, "(input, normalized_shape, weight=None, bias=None, eps=1e-5)") \
  OP(rms_norm, rms_norm, P, run_rms_norm, NULL, NULL, "(input, normalized_shape, weight=None, eps=None)") \
  OP(batch_norm, batch_norm, P, run_batch_norm, NULL, NULL, \
     "(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5)") \
  OP(group_norm, group_norm, P, run_group_norm, NULL, NULL, "(input, num_groups, weight=None, bias=None, eps=1e-5)") \
  OP(clip_norm, _clip_grad_norm_, P, run_clip, NULL, NULL, "(parameters, max_norm, norm_type)") \
  OP(clip_value, _clip_grad_value_, P, run_clip, NULL, NULL, "(parameters, clip_value)") \
  OP(dropout, dropout, P, run_dropout, NULL, NULL, "(input, p=0.5, training=True, inplace=False)") \
  OP(scaled_dot_product_attention, scaled_dot_product_attention, P, run_attention, NULL, NULL, \
     "(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False)") \
  OP(lstm, _lstm, P, run_recurrent, NULL, NULL, "(input, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)") \
  OP(gru, _gru, P, run_recurrent, bp_gru, NULL, "(input, h0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)") \
  OP(rnn_tanh, _rnn_tanh, P, run_recurrent, bp_rnn_tanh, NULL, "(input, h0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)") \
  OP(rnn_relu, _rnn_relu, P, run_recurrent, bp_rnn_relu, NULL, "(input, h0, weight_ih, weight_hh, bias_ih, bias_hh, reverse)") \
  OP(embedding, embedding, P, run_embedding, NULL, NULL, "(input, weight, padding_idx=None)") \
  OP(mse_loss, mse_loss, P, run_mse_loss, NULL, NULL, "(input, target, reduction='mean')") \
  OP(cross_entropy, cross_entropy, P, run_cross_entropy, NULL, NULL, \
     "(input, target, weight=None, ignore_index=-100, reduction='mean', label_smoothing=0.0)") \
  OP(nll_loss, nll_loss, P, run_cross_entropy, NULL, NULL, "(input, target, weight=None, ignore_index=-100, reduction='mean')") \
  OP(bce, binary_cross_entropy_with_logits, P, run_bce, NULL, NULL, "(input, target, weight=None, reduction='mean', pos_weight=None)") \
  OP(conv1d, conv1d, F, run_conv, bp_conv1d, NULL, "(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)") \
  OP(conv2d, conv2d, F, run_conv, bp_conv2d, NULL, "(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)") \
  OP(conv_transpose2d, conv_transpose2d, F, run_conv_transpose, bp_conv_transpose2d, NULL, \
     "(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1)") \
  OP(max_pool1d, max_pool1d, F, run_max_pool, bp_max_pool1d, NULL, \
     "(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False)") \
  OP(max_pool2d, max_pool2d, F, run_max_pool, bp_max_pool2d, NULL, \
     "(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False)") \
  OP(avg_pool1d, avg_pool1d, F, run_avg_pool, bp_avg_pool1d, NULL, \
     "(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True)") \
  OP(avg_pool2d, avg_pool2d, P, run_avg_pool, bp_avg_pool2d, NULL, \
     "(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None)") \
  OP(adaptive_avg_pool2d, adaptive_avg_pool2d, P, run_adaptive_avg_pool, NULL, NULL, "(input, output_size)") \
  \
  OP(add_, add_, M, run_in_place, bp_add_, bp_add, "(input, other, *, alpha=1)") \
  OP(sub_, sub_, M, run_in_place, bp_sub_, bp_sub, "(input, other, *, alpha=1)") \
  OP(mul_, mul_, M, run_in_place, bp_mul_, bp_mul, "(input, other)") \
  OP(div_, div_, M, run_in_place, bp_div_, bp_div, "(input, other)") \
  OP(copy_, copy_, M, run_copy_, NULL, NULL, "(input, src)") \
  OP(fill_, fill_, M, run_copy_, NULL, NULL, "(input, value)") \
  OP(zero_, zero_, M, run_copy_, NULL, NULL, "(input)") \
  \
  CAST(OP, float) CAST(OP, double) CAST(OP, long) CAST(OP, int) CAST(OP, bool) CAST(OP, half) CAST(OP, bfloat16) \
  OP(to, to, M, run_to, NULL, NULL, "(input, target=None, dtype=None, *, device=None, copy=False, non_blocking=False)") \
  OP(cpu, cpu, M, run_same, NULL, NULL, "(input)") \
  OP(backward, backward, M, run_backward, NULL, NULL, "(input, gradient=None, retain_graph=None, create_graph=False)") \
  OP(requires_grad_, requires_grad_, M, run_requires_grad_, NULL, NULL, "(input, requires_grad=True)") \
  OP(size, size, M, run_size, NULL, NULL, "(input, dim=None)") \
  OP(stride, stride, M, run_stride, NULL, NULL, "(input, dim=None)") \
  OP(dim, dim, M, run_dim, NULL, NULL, "(input)") \
  OP(ndimension, ndimension, M, run_dim, NULL, NULL, "(input)") \
  OP(numel, numel, FM, run_numel, NULL, NULL, "(input)") \
  OP(nelement, nelement, M, run_numel, NULL, NULL, "(input)") \
  OP(element_size, element_size, M, run_element_size, NULL, NULL, "(input)") \
  OP(is_contiguous, is_contiguous, M, run_is_contiguous, NULL, NULL, "(input)") \
  OP(is_floating_point, is_floating_point, FM, run_is_floating, NULL, NULL, "(input)") \
  OP(item, item, M, run_item, NULL, NULL, "(input)") \
  OP(tolist, tolist, M, run_tolist, NULL, NULL, "(input)") \
  OP(data_ptr, data_ptr, M, run_data_ptr, NULL, NULL, "(input)") \
  OP(numpy, numpy, M, run_numpy, NULL, NULL, "(input, force=False)") \
  OP(deepcopy, __deepcopy__, M, run_deepcopy, NULL, NULL, "(input, memo)") \
  OP(reduce_ex, __reduce_ex__, M, run_reduce_ex, NULL, NULL, "(input, protocol)") \
  OP(format, __format__, M, run_format, NULL, NULL, "(input, format_spec)") \
  \
  CREATION(OP, tensor, run_tensor, NULL, "(data, ") \
  CREATION(OP, as_tensor, run_as_tensor, NULL, "(data, ") \
  OP(from_buffer, from_buffer, F, run_from_buffer, NULL, NULL, "(buffer)") \
  OP(from_numpy, from_numpy, F, run_from_buffer, NULL, NULL, "(array)") \
  OP(from_dlpack, from_dlpack, F, run_from_dlpack, NULL, NULL, "(ext_tensor)") \
  OP(dlpack, __dlpack__, M, run_dlpack, NULL, NULL, "(input, *, stream=None, max_version=None, dl_device=None, copy=None)") \
  OP(dlpack_device, __dlpack_device__, M, run_dlpack_device, NULL, NULL, "(input)") \
  CREATION(OP, zeros, run_zeros, bp_zeros, "(*size, *, ") CREATION(OP, empty, run_zeros, bp_zeros, "(*size, *, ") \
  CREATION(OP, ones, run_zeros, bp_ones, "(*size, *, ") CREATION(OP, rand, run_zeros, bp_rand, "(*size, *, ") \
  CREATION(OP, randn, run_zeros, bp_randn, "(*size, *, ") \
  CREATION(OP, zeros_like, run_zeros_like, bp_zeros, "(input, *, ") CREATION(OP, empty_like, run_zeros_like, bp_zeros, "(input, *, ") \
  CREATION(OP, ones_like, run_zeros_like, bp_ones, "(input, *, ") CREATION(OP, rand_like, run_zeros_like, bp_rand, "(input, *, ") \
  CREATION(OP, randn_like, run_zeros_like, bp_randn, "(input, *, ") \
  CREATION(OP, full, run_full, NULL, "(size, fill_value, *, ") CREATION(OP, full_like, run_full, bp_full, "(input, fill_value, *, ") \
  CREATION(OP, arange, run_arange, NULL, "(start, end=None, step=None, *, ") \
  CREATION(OP, linspace, run_linspace, NULL, "(start, end, steps, *, ") \
  CREATION(OP, eye, run_eye, NULL, "(n, m=None, *, ") CREATION(OP, randperm, run_randperm, NULL, "(n, *, ") \
  CREATION(OP, randint, run_randint, NULL, "(low, high=None, size=None, *, ") \
  \
  OP(is_tensor, is_tensor, F, run_is_tensor, NULL, NULL, "(obj)") \
  OP(is_grad_enabled, is_grad_enabled, F, run_is_grad_enabled, NULL, NULL, "()") \
  OP(manual_seed, manual_seed, F, run_manual_seed, NULL, NULL, "(seed)") \
  OP(set_num_threads, set_num_threads, F, run_set_num_threads, NULL, NULL, "(n)") \
  OP(get_num_threads, get_num_threads, F, run_get_num_threads, NULL, NULL, "()") \
  OP(operations, operations, F, run_operations, NULL, NULL, "()") \
  OP(memory_stats, memory_stats, F, run_memory, NULL, NULL, "()") \
  OP(reset_peak, reset_peak_memory_stats, F, run_reset_peak, NULL, NULL, "()") \
  OP(empty_cache, empty_cache, F, run_trim, NULL, NULL, "()") \
  OP(save, save, F, run_save, NULL, NULL, "(obj, f)") \
  OP(load, load, F, run_load, NULL, NULL, "(f, map_location=None, *, weights_only=True)") \
  OP(set_grad, _set_grad_enabled, P, run_set_grad_enabled, NULL, NULL, "(mode)") \
  OP(grad, _grad, P, run_grad, NULL, NULL, "(output, inputs, seed=None, retain_graph=False, create_graph=False, allow_unused=False)") \
  OP(gradcheck, _gradcheck, P, run_gradcheck, NULL, NULL, "(func, inputs, eps, atol, rtol, second_order=False)") \
  OP(rebuild, _rebuild, P, run_rebuild, NULL, NULL, "(type, data, dtype, shape, requires_grad)") \
  OP(sgd, _sgd, P, run_sgd, NULL, NULL, "(lr, momentum, dampening, weight_decay, nesterov, maximize)") \
  OP(adam, _adam, P, run_adam, bp_adam_create, NULL, "(lr, beta1, beta2, eps, weight_decay, maximize)") \
  OP(adamw, _adamw, P, run_adam, bp_adamw_create, NULL, "(lr, beta1, beta2, eps, weight_decay, maximize)")

#define ROW(id, name, where, run, f, g, signature) {#name, where, run, (Any)f, (Any)g, signature, #name signature, 0, 0, 0, -1, {0}},
static Row rows[] = {OPERATIONS(ROW)};
#undef ROW
enum { ROWS = sizeof rows / sizeof *rows };
#define ROW(id, name, where, run, f, g, signature) ROW_##id,
enum { OPERATIONS(ROW) };
#undef ROW

/* "(input, *shape, *, dtype=None)" → parameters; once, at import. */
static int parse_signature(Row *r) {
  r->count = r->required = 0;
  r->positional = r->pack = -1;
  for (const char *p = r->signature + 1; *p && *p != ')';) {
    size_t n = strcspn(p, "=,)");
    if (n == 1 && *p == '*') r->positional = r->count;
    else {
      if (*p == '*') r->pack = r->count, p++, n--;
      if (p[n] != '=') r->required = r->count + 1;
      PyObject *name = PyUnicode_FromStringAndSize(p, (Py_ssize_t)n);
      if (!name) return -1;
      PyUnicode_InternInPlace(&name);
      r->parameters[r->count++] = name;
    }
    p += n;
    for (int depth = 0; *p && (depth || (*p != ',' && *p != ')')); p++) depth += (*p == '(') - (*p == ')'); /* skips the default */
    p += strspn(p, ", ");
  }
  if (r->positional < 0) r->positional = r->count;
  return 0;
}

static int parameter_index(const Row *r, PyObject *name) {
  for (int i = 0; i < r->count; i++)
    if (r->parameters[i] == name) return i;
  const char *alias = !PyUnicode_CompareWithASCIIString(name, "axis") ? "dim" : !PyUnicode_CompareWithASCIIString(name, "keepdims") ? "keepdim" : NULL;
  for (int i = 0; i < r->count; i++)
    if (alias ? !PyUnicode_CompareWithASCIIString(r->parameters[i], alias) : !PyUnicode_Compare(r->parameters[i], name)) return i;
  return -1;
}

/* Sorts the arguments of a call into the order of the signature and runs the handler. self is NULL for functions. */
static PyObject *call(const Row *r, PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  PyObject *v[MAX_ARGUMENTS] = {0}, *packed = NULL, *result = NULL;
  int at = 0;
  if (self) v[at++] = self;
  if (r->pack >= 0 && n + at > r->pack + 1 && r->pack >= at) { /* zeros(2, 3): the rest is one tuple of sizes */
    Py_ssize_t first = r->pack - at;
    if (!(packed = PyTuple_New(n - first))) return NULL;
    for (Py_ssize_t i = first; i < n; i++) PyTuple_SetItem(packed, i - first, Py_NewRef(args[i]));
    v[r->pack] = packed;
    n = first;
  } else if (n + at > r->positional) {
    PyErr_Format(PyExc_TypeError, "%s() takes %d positional arguments but %zd were given", r->name, r->positional, n + at);
    return NULL;
  }
  for (Py_ssize_t i = 0; i < n; i++) v[at++] = args[i];
  for (Py_ssize_t i = 0, keywords = kw ? PyTuple_Size(kw) : 0; i < keywords; i++) {
    PyObject *name = PyTuple_GetItem(kw, i);
    int k = parameter_index(r, name);
    if (k < 0 || v[k]) {
      PyErr_Format(PyExc_TypeError, k < 0 ? "%s() got an unexpected keyword argument '%U'" : "%s() got multiple values for argument '%U'", r->name, name);
      goto out;
    }
    v[k] = args[n + i + (packed ? PyTuple_Size(packed) : 0)];
  }
  for (int i = 0; i < r->required; i++)
    if (!v[i]) {
      PyErr_Format(PyExc_TypeError, "%s() missing required argument '%U' (pos %d)", r->name, r->parameters[i], i + 1);
      goto out;
    }
  result = r->run(r, v);
out:
  Py_XDECREF(packed);
  return result;
}

/* CPython gives a builtin no place to keep its row, so each row has two functions of one line. */
#define ROW(id, name, where, run, f, g, signature) \
  static PyObject *function_##id(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) { (void)m; return call(&rows[ROW_##id], NULL, args, n, kw); } \
  static PyObject *method_##id(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) { return call(&rows[ROW_##id], self, args, n, kw); }
OPERATIONS(ROW)
#undef ROW
typedef PyObject *(*Fast)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);
#define ROW(id, name, where, run, f, g, signature) {function_##id, method_##id},
static const Fast entries[][2] = {OPERATIONS(ROW)};
#undef ROW
static PyMethodDef functions[ROWS + 1], methods[ROWS + 1];

/* Fills the method tables and the list of public names from the rows. */
static PyObject *parse_rows(void) {
  PyObject *names = PyList_New(0);
  int f = 0, m = 0;
  for (int i = 0; names && i < ROWS; i++) {
    Row *r = &rows[i];
    if (parse_signature(r)) Py_CLEAR(names);
    PyMethodDef def = {r->name, (PyCFunction)(Any)entries[i][0], METH_FASTCALL | METH_KEYWORDS, r->doc};
    if (r->where & (F | P)) functions[f++] = def;
    def.ml_meth = (PyCFunction)(Any)entries[i][1];
    if (r->where & M) methods[m++] = def;
    PyObject *name = r->where & F ? PyUnicode_FromString(r->name) : NULL;
    if (names && name && PyList_Append(names, name)) Py_CLEAR(names);
    Py_XDECREF(name);
  }
  return names;
}

/* ---------------------------------------------------------------------------------------------------------------
 * The Tensor type
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *get_shape(PyObject *self, void *unused) { (void)unused; return size_of(HANDLE(self)); }
static PyObject *get_ndim(PyObject *self, void *unused) { (void)unused; return PyLong_FromLong(bp_ndim(HANDLE(self))); }
static PyObject *get_data(PyObject *self, void *unused) { (void)unused; return wrap(bp_detach(HANDLE(self))); }
static PyObject *get_requires_grad(PyObject *self, void *unused) { (void)unused; return PyBool_FromLong(bp_requires_grad(HANDLE(self))); }
static PyObject *get_is_leaf(PyObject *self, void *unused) { (void)unused; return PyBool_FromLong(bp_is_leaf(HANDLE(self))); }
static PyObject *get_device(PyObject *self, void *unused) { (void)self; (void)unused; return Py_NewRef(the_device); }
static PyObject *get_itemsize(PyObject *self, void *unused) { (void)unused; return PyLong_FromLong(dtype_table[bp_dtype_of(HANDLE(self))].size); }
static PyObject *get_false(PyObject *self, void *unused) { (void)self; (void)unused; Py_RETURN_FALSE; }
static PyObject *get_version(PyObject *self, void *unused) { (void)unused; return PyLong_FromLongLong(bp_version_of(HANDLE(self))); }

static PyObject *get_dtype(PyObject *self, void *unused) {
  (void)unused;
  bp_dtype d = bp_dtype_of(HANDLE(self));
  return d < 0 || d > 7 ? fail() : Py_NewRef(dtypes[d]);
}

static PyObject *get_nbytes(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromLongLong(bp_numel(HANDLE(self)) * dtype_table[bp_dtype_of(HANDLE(self))].size);
}

/* "log_softmax" → "LogSoftmaxBackward0" */
static PyObject *get_grad_fn(PyObject *self, void *unused) {
  (void)unused;
  const char *name = bp_operation_of(HANDLE(self));
  if (!name || !*name || !bp_requires_grad(HANDLE(self))) Py_RETURN_NONE;
  char camel[80];
  size_t n = 0;
  for (int up = 1; *name && n < sizeof camel - 1; name++) {
    if (*name == '_') up = 1;
    else camel[n++] = up && *name >= 'a' && *name <= 'z' ? (char)(*name - 32) : *name, up = 0;
  }
  camel[n] = 0;
  return PyUnicode_FromFormat("%sBackward0", camel);
}

/* T reverses all dimensions, mT swaps the last two. */
static PyObject *get_t(PyObject *self, void *unused) {
  (void)unused;
  int64_t order[BP_MAX_DIMS];
  int32_t n = bp_ndim(HANDLE(self));
  for (int32_t d = 0; d < n; d++) order[d] = n - 1 - d;
  return wrap(bp_permute(HANDLE(self), n, order));
}
static PyObject *get_mt(PyObject *self, void *unused) { (void)unused; return wrap(bp_transpose(HANDLE(self), -2, -1)); }

static PyObject *get_grad(PyObject *self, void *unused) {
  (void)unused;
  bp_tensor *g = bp_grad(HANDLE(self));
  if (g) return wrap_borrowed(g);
  Py_RETURN_NONE;
}

/* x.grad = g. The library writes gradients only in backward(): so the present one is dropped and g sent through clone(x). */
static int set_grad(PyObject *self, PyObject *value, void *unused) {
  (void)unused;
  bp_tensor *x = HANDLE(self), *g, *y;
  if (!value || value == Py_None) return bp_zero_grad(x) ? (fail(), -1) : 0;
  if (!(g = tensor_argument("grad", "value", value))) return -1;
  int same = bp_ndim(g) == bp_ndim(x) && bp_dtype_of(g) == bp_dtype_of(x);
  for (int32_t d = 0; same && d < bp_ndim(x); d++) same = bp_dim(g, d) == bp_dim(x, d);
  if (!same || !bp_is_leaf(x) || !bp_requires_grad(x)) {
    PyErr_SetString(PyExc_RuntimeError, same ? "grad can only be set on a leaf that requires grad" : "grad must have the shape and dtype of its tensor");
    return -1;
  }
  bp_tensor *old = bp_grad(x), *seed = bp_clone(g), *plain = seed ? bp_detach(seed) : NULL; /* g may be the old gradient itself */
  if (seed) drop(seed);
  if (old == g) {
    if (plain) drop(plain);
    return 0;
  }
  int was = bp_is_grad_enabled(ctx), bad = !plain || (!was && bp_no_grad_pop(ctx)) || bp_zero_grad(x);
  bp_backward_options o = BP_BACKWARD_OPTIONS_INIT;
  o.seed = plain;
  if (!bad && (y = bp_clone(x))) {
    bad = bp_backward_with(y, &o) != BP_OK;
    drop(y);
  }
  if (!was) bp_no_grad_push(ctx);
  if (plain) drop(plain);
  return bad ? (fail(), -1) : 0;
}

static int set_requires_grad(PyObject *self, PyObject *value, void *unused) {
  (void)unused;
  int yes = value ? PyObject_IsTrue(value) : -1;
  if (yes < 0) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_AttributeError, "requires_grad cannot be deleted");
    return -1;
  }
  return bp_set_requires_grad(HANDLE(self), yes) ? (fail(), -1) : 0;
}

/* x.data = y writes y's values into x's memory; the object keeps its shape and dtype. */
static int set_data(PyObject *self, PyObject *value, void *unused) {
  (void)unused;
  bp_tensor *x = HANDLE(self), *y = value ? tensor_argument("data", "value", value) : NULL, *plain;
  if (!y) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_AttributeError, "data cannot be deleted");
    return -1;
  }
  int same = bp_ndim(x) == bp_ndim(y) && bp_dtype_of(x) == bp_dtype_of(y);
  for (int32_t d = 0; same && d < bp_ndim(x); d++) same = bp_dim(x, d) == bp_dim(y, d);
  if (!same) {
    PyErr_SetString(PyExc_RuntimeError, "data can only be set to a tensor of the same shape and dtype");
    return -1;
  }
  int was = bp_is_grad_enabled(ctx), bad = was && bp_no_grad_push(ctx);
  if (!bad) {
    plain = bp_detach(x);
    bad = !plain || !bp_copy_(plain, y);
    if (plain) drop(plain);
    if (was) bp_no_grad_pop(ctx);
  }
  return bad ? (fail(), -1) : 0;
}

static PyGetSetDef tensor_getset[] = {
  {"shape", get_shape, NULL, "Sizes of the dimensions.", NULL}, {"ndim", get_ndim, NULL, "Number of dimensions.", NULL},
  {"dtype", get_dtype, NULL, "Type of the elements.", NULL}, {"device", get_device, NULL, "Always cpu.", NULL},
  {"data", get_data, set_data, "The same memory without history.", NULL},
  {"grad", get_grad, set_grad, "The accumulated gradient of a leaf, or None.", NULL},
  {"requires_grad", get_requires_grad, set_requires_grad, "Whether gradients reach this tensor.", NULL},
  {"is_leaf", get_is_leaf, NULL, "Whether it was made by the user rather than by an operation.", NULL},
  {"grad_fn", get_grad_fn, NULL, "Name of the operation that made it, or None.", NULL},
  {"T", get_t, NULL, "Dimensions reversed.", NULL}, {"mT", get_mt, NULL, "Last two dimensions swapped.", NULL},
  {"nbytes", get_nbytes, NULL, NULL, NULL}, {"itemsize", get_itemsize, NULL, NULL, NULL}, {"is_cuda", get_false, NULL, NULL, NULL},
  {"_version", get_version, NULL, "How often the values were changed in place.", NULL}, {0}};

static PyMemberDef tensor_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(Tensor, weak), READONLY, NULL}, {0}};

/* Tensor(data): float32 numbers; of a tensor: its memory without history, which is what Parameter is made of. */
static PyObject *tensor_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  PyObject *data;
  int grad = 0;
  static char *names[] = {"data", "requires_grad", NULL};
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|p:Tensor", names, &data, &grad)) return NULL;
  if (PyLong_Check(data)) return PyErr_Format(PyExc_TypeError, "Tensor(): expected data; sizes go to empty()");
  bp_tensor *t = is_tensor(data) ? kept(bp_detach(HANDLE(data))) : from_anything(data, BP_FLOAT32);
  if (!t) return PyErr_Occurred() ? NULL : fail();
  if (grad && bp_set_requires_grad(t, 1)) {
    fail();
    bp_release(t);
    return NULL;
  }
  return wrap_as(type, t);
}

/* The text comes from _repr.py, imported when first something is printed. */
static PyObject *tensor_repr(PyObject *self) {
  PyObject *module = PyImport_ImportModule("backprop._repr");
  PyObject *text = module ? PyObject_CallMethod(module, "tensor_repr", "O", self) : NULL;
  Py_XDECREF(module);
  return text;
}

static PyType_Slot tensor_slots[] = {
  {Py_tp_doc, "An n-dimensional array that may remember how it was made."},
  {Py_tp_new, tensor_new}, {Py_tp_dealloc, tensor_dealloc}, {Py_tp_repr, tensor_repr}, {Py_tp_hash, tensor_hash},
  {Py_tp_richcompare, tensor_compare}, {Py_tp_iter, tensor_iter}, {Py_tp_methods, methods}, {Py_tp_getset, tensor_getset},
  {Py_tp_members, tensor_members},
  {Py_nb_add, nb_add}, {Py_nb_subtract, nb_sub}, {Py_nb_multiply, nb_mul}, {Py_nb_true_divide, nb_div}, {Py_nb_power, nb_pow},
  {Py_nb_matrix_multiply, nb_matmul}, {Py_nb_negative, nb_neg}, {Py_nb_positive, nb_pos}, {Py_nb_absolute, nb_abs},
  {Py_nb_invert, nb_invert}, {Py_nb_and, nb_and}, {Py_nb_or, nb_or}, {Py_nb_xor, nb_xor},
  {Py_nb_inplace_add, nb_iadd}, {Py_nb_inplace_subtract, nb_isub}, {Py_nb_inplace_multiply, nb_imul}, {Py_nb_inplace_true_divide, nb_idiv},
  {Py_nb_bool, nb_bool}, {Py_nb_float, nb_float}, {Py_nb_int, nb_int}, {Py_nb_index, nb_index},
  {Py_mp_length, tensor_length}, {Py_mp_subscript, tensor_subscript}, {Py_mp_ass_subscript, tensor_assign},
  {Py_sq_length, tensor_length}, {Py_sq_item, tensor_at},
  {Py_bf_getbuffer, tensor_getbuffer}, {Py_bf_releasebuffer, tensor_releasebuffer}, {0, NULL}};
static PyType_Spec tensor_spec = {"backprop.Tensor", sizeof(Tensor), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, tensor_slots};

/* ---------------------------------------------------------------------------------------------------------------
 * The module
 * ------------------------------------------------------------------------------------------------------------- */

static PyStructSequence_Field pair_fields[] = {{"values", "The extreme values."}, {"indices", "Where they are along dim."}, {NULL, NULL}};
static PyStructSequence_Desc max_description = {"backprop.return_types.max", NULL, pair_fields, 2};
static PyStructSequence_Desc min_description = {"backprop.return_types.min", NULL, pair_fields, 2};

static int add_type(PyObject *m, PyObject *names, const char *name, PyTypeObject **slot, PyType_Spec *spec, PyObject *bases) {
  *slot = (PyTypeObject *)PyType_FromModuleAndSpec(m, spec, bases);
  if (!*slot) return -1;
  PyObject *text = name ? PyUnicode_FromString(name) : NULL;
  int bad = name && (!text || PyList_Append(names, text) || PyModule_AddObjectRef(m, name, (PyObject *)*slot));
  Py_XDECREF(text);
  return bad;
}

static int add_dtypes(PyObject *m, PyObject *names) {
  static const struct { const char *name; bp_dtype dtype; } all[] = {{"float32", 0}, {"float64", 1}, {"int64", 2}, {"int32", 3}, {"uint8", 4},
    {"bool", 5}, {"float16", 6}, {"bfloat16", 7}, {"float", 0}, {"double", 1}, {"long", 2}, {"int", 3}, {"half", 6}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (i < 8) {
      Dtype *d = PyObject_New(Dtype, DtypeType);
      if (!d) return -1;
      d->code = all[i].dtype;
      dtypes[i] = (PyObject *)d;
    }
    PyObject *text = PyUnicode_FromString(all[i].name);
    int bad = !text || PyList_Append(names, text) || PyModule_AddObjectRef(m, all[i].name, dtypes[all[i].dtype]);
    Py_XDECREF(text);
    if (bad) return -1;
  }
  return 0;
}

typedef struct { int counted; } State;

static int module_exec(PyObject *m) {
  if (instances) {
    PyErr_SetString(PyExc_ImportError, "backprop can be loaded once per process, not again in a sub-interpreter");
    return -1;
  }
  instances = ((State *)PyModule_GetState(m))->counted = 1;
  if (bp_version_number() / 1000000 != BP_VERSION_MAJOR || bp_version_number() < BP_VERSION_NUMBER) {
    PyErr_Format(PyExc_ImportError, "backprop %d.%d needs its own libbackprop.so, found version %s", BP_VERSION_MAJOR, BP_VERSION_MINOR, bp_version_string());
    return -1;
  }
  if (!ctx && !(ctx = bp_context_create(NULL))) {
    PyErr_Format(PyExc_ImportError, "backprop: no context: %s", bp_context_message(NULL));
    return -1;
  }
  PyObject *names = parse_rows(), *tuple = PyTuple_Pack(1, &PyTuple_Type);
  int bad = !names || !tuple || PyModule_AddFunctions(m, functions) || add_type(m, names, "dtype", &DtypeType, &dtype_spec, NULL) ||
            add_type(m, names, "device", &DeviceType, &device_spec, NULL) || add_type(m, names, "Size", &SizeType, &size_spec, tuple) ||
            add_type(m, names, "Tensor", &TensorType, &tensor_spec, NULL) || add_type(m, names, NULL, &OptimizerType, &optimizer_spec, NULL) ||
            add_dtypes(m, names);
  Py_XDECREF(tuple);
  if (!bad) {
    PyObject *priority = PyLong_FromLong(1000); /* NumPy's operators leave mixed expressions to us */
    bad = !priority || PyObject_SetAttrString((PyObject *)TensorType, "__array_priority__", priority) ||
          !(the_device = (PyObject *)PyObject_New(PyObject, DeviceType)) || !(MaxType = PyStructSequence_NewType(&max_description)) ||
          !(MinType = PyStructSequence_NewType(&min_description)) || PyModule_AddStringConstant(m, "__version__", bp_version_string()) ||
          PyModule_AddStringConstant(m, "_instruction_set", bp_instruction_set()) || PyModule_AddObjectRef(m, "__all__", names);
    Py_XDECREF(priority);
  }
  Py_XDECREF(names);
  return bad ? -1 : 0;
}

/* Tensors may outlive the module: the context stays, and the next import uses it again. */
static void module_free(void *m) {
  State *state = PyModule_GetState(m);
  if (state && state->counted) instances = 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, module_exec}, {0, NULL}};
static struct PyModuleDef module_definition = {PyModuleDef_HEAD_INIT, .m_name = "backprop._core", .m_doc = "libbackprop.so for Python.",
  .m_size = sizeof(State), .m_slots = module_slots, .m_free = module_free};

PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&module_definition); }
