/* ---------------------------------------------------------------------------------------------------------------
 * State and errors
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct Tensor {
  PyObject_HEAD
  bp_tensor *t;   /* one count of it is ours */
  PyObject *weak; /* weak references, kept by Python */
  struct Tensor *next, *previous; /* of all there are */
  Py_ssize_t exports; /* buffers that look into it */
} Tensor;
static Tensor *alive;

static int instances;         /* modules alive: at most one */
static PyTypeObject *TensorType, *DtypeType, *DeviceType, *SizeType, *OptimizerType;
static PyObject *LinAlgError;   /* for BP_E_SINGULAR; a RuntimeError */
static PyObject *the_device;  /* device('cpu') */
static bp_dtype default_dtype = BP_FLOAT32; /* of new floating tensors */
static PyObject *dtypes[8];   /* dtype objects by bp_dtype */

#define SLOT(o) (((Tensor *)(o))->t)
#define HANDLE(o) (my_turn(), SLOT(o))

static PyObject *exception_for(bp_status status) {
  switch (status) {
  case BP_E_ARGUMENT: case BP_E_FORMAT: return PyExc_ValueError;
  case BP_E_DTYPE: return PyExc_TypeError;
  case BP_E_INDEX: return PyExc_IndexError;
  case BP_E_MEMORY: return PyExc_MemoryError;
  case BP_E_IO: return errno == ENOENT ? PyExc_FileNotFoundError : PyExc_OSError;
  case BP_E_SINGULAR: return LinAlgError;
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

/* What a Python function returned to the library last: kept until the library has read its handles. */
static PyObject *last_result;

static void forget_result(void) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  Py_CLEAR(last_result);
  PyErr_Restore(type, value, trace);
}

static PyObject *outcome(bp_status status) {
  if (last_result) forget_result();
  if (status) return fail();
  Py_RETURN_NONE;
}

/* None, or the error of a call of the library that may take long; nothing in it may touch Python. */
#define done(call) outcome(WORK_STATUS(call))

/* Memory whose borrowed tensor is gone: a buffer, or a DLPack tensor. Releasing one may run any Python code, also code that
 * calls the library, so it waits here until the library has returned. */
typedef struct Borrowed {
  Py_buffer buffer;
  void *dlpack; /* if not NULL, this is what is borrowed, and delete_dlpack gives it back */
  void (*delete_dlpack)(void *);
  void (*finish)(struct Borrowed *); /* if not NULL, this frees all of it, and the rest is not looked at */
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

/* Gives one back; an exception that is set stays. */
static void unborrow(Borrowed *b) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  if (b->finish) b->finish(b);
  else {
    if (!b->dlpack) PyBuffer_Release(&b->buffer);
    else if (b->delete_dlpack) b->delete_dlpack(b->dlpack);
    free(b);
  }
  if (PyErr_Occurred()) PyErr_WriteUnraisable(NULL);
  PyErr_Restore(type, value, trace);
}

static void drain(void) {
  while (pending) {
    Borrowed *b = pending;
    pending = b->next;
    unborrow(b);
  }
}

/* ---------------------------------------------------------------------------------------------------------------
 * Tensor objects
 * ------------------------------------------------------------------------------------------------------------- */

static inline int is_tensor(PyObject *o) {
  return Py_TYPE(o) == TensorType || PyType_IsSubtype(Py_TYPE(o), TensorType);
}

static void enlist(Tensor *o) {
  o->previous = NULL;
  if ((o->next = alive)) alive->previous = o;
  alive = o;
}

static void delist(Tensor *o) {
  if (o->next) o->next->previous = o->previous;
  if (o->previous) o->previous->next = o->next;
  else if (alive == o) alive = o->next;
}

static void tensor_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  Tensor *o = (Tensor *)self;
  if (o->weak) PyObject_ClearWeakRefs(self);
  delist(o);
  if (o->t) give_back(o->t);
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
  o->exports = 0;
  enlist(o);
  if (pending) drain();
  return (PyObject *)o;
}

/* An object for the result of an operation: a view, or one made before. */
static inline PyObject *wrap_view(bp_tensor *t) {
  if (scope_depth && t) bp_retain(t);
  return wrap_owned(t);
}

/* As wrap_view(), for a call of the library that may take long; nothing in it may touch Python. */
#define wrap(call) wrap_view(WORK(call))

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
  SLOT(o) = t; /* the rest is zero from tp_alloc */
  enlist((Tensor *)o);
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
  {"float32", "f", 4, 1}, {"float64", "d", 8, 1}, {"int64", sizeof(long) == 8 ? "l" : "q", 8, 0}, {"int32", "i", 4, 0},
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
  bp_tensor *kept = bp_retain(HANDLE(self)); /* a list may start the garbage collector, and that any Python code */
  PyObject *list = list_of(&v, 0, v.data);
  give_back(kept);
  return list;
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
static PyObject *dtype_complex(PyObject *self, void *unused) { (void)self; (void)unused; Py_RETURN_FALSE; }
static PyObject *dtype_signed(PyObject *self, void *unused) { (void)unused; return PyBool_FromLong(((Dtype *)self)->code != BP_UINT8 && ((Dtype *)self)->code != BP_BOOL); }
static PyObject *dtype_real(PyObject *self, PyObject *unused) { (void)unused; return Py_NewRef(self); }

static PyGetSetDef dtype_getset[] = {
  {"itemsize", dtype_itemsize, NULL, "Bytes of one element.", NULL},
  {"is_floating_point", dtype_floating, NULL, "Whether it is a floating type.", NULL},
  {"is_complex", dtype_complex, NULL, "Always False.", NULL}, {"is_signed", dtype_signed, NULL, "Whether it has negative numbers.", NULL}, {0}};
static PyMethodDef dtype_methods[] = {{"__reduce__", dtype_reduce, METH_NOARGS, NULL}, {"to_real", dtype_real, METH_NOARGS, "to_real($self, /)\n--\n\nThe type itself: all are real."}, {0}};
static PyType_Slot dtype_slots[] = {{Py_tp_dealloc, plain_dealloc}, {Py_tp_repr, dtype_repr}, {Py_tp_getset, dtype_getset},
  {Py_tp_methods, dtype_methods}, {Py_tp_doc, DTYPE_TEXT}, {0, NULL}};
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

static PyObject *device_reduce(PyObject *self, PyObject *unused) { (void)unused; return Py_BuildValue("(O(s))", (PyObject *)Py_TYPE(self), "cpu"); }
static PyMethodDef device_methods[] = {{"__reduce__", device_reduce, METH_NOARGS, NULL}, {0}};
static PyGetSetDef device_getset[] = {{"type", device_type, NULL, "'cpu'.", NULL}, {"index", device_index, NULL, "Always None.", NULL}, {0}};
static PyType_Slot device_slots[] = {{Py_tp_dealloc, plain_dealloc}, {Py_tp_new, device_new}, {Py_tp_repr, device_repr},
  {Py_tp_str, device_str}, {Py_tp_hash, device_hash}, {Py_tp_richcompare, device_compare}, {Py_tp_getset, device_getset}, {Py_tp_methods, device_methods},
  {Py_tp_doc, DEVICE_TEXT}, {0, NULL}};
static PyType_Spec device_spec = {"backprop.device", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, device_slots};

/* A tuple of sizes that prints as one, and whose slices, sums and multiples are ones. Takes the count of `tuple`. */
static PyObject *size_from(PyObject *tuple) {
  PyObject *args = tuple ? PyTuple_Pack(1, tuple) : NULL;
  PyObject *size = args ? ((newfunc)PyType_GetSlot(&PyTuple_Type, Py_tp_new))(SizeType, args, NULL) : NULL;
  Py_XDECREF(tuple);
  Py_XDECREF(args);
  return size;
}

static PyObject *size_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  PyObject *sequence = NULL;
  static char *names[] = {"", NULL};
  if (!PyArg_ParseTupleAndKeywords(args, kw, "|O:Size", names, &sequence)) return NULL;
  PyObject *items = sequence ? PySequence_List(sequence) : PyList_New(0), *tuple = NULL, *result = NULL;
  for (Py_ssize_t i = 0; items && i < PyList_Size(items); i++) {
    PyObject *item = PyList_GetItem(items, i), *whole = PyIndex_Check(item) ? PyNumber_Index(item) : NULL;
    if (!whole && !PyErr_Occurred()) {
      PyObject *name = PyType_GetQualName(Py_TYPE(item));
      if (name) PyErr_Format(PyExc_TypeError, "backprop.Size() takes an iterable of 'int' (item %zd is '%U')", i, name);
      Py_XDECREF(name);
    }
    if (!whole || PyList_SetItem(items, i, whole)) Py_CLEAR(items);
  }
  PyObject *inner = items && (tuple = PyList_AsTuple(items)) ? PyTuple_Pack(1, tuple) : NULL;
  if (inner) result = ((newfunc)PyType_GetSlot(&PyTuple_Type, Py_tp_new))(type, inner, NULL);
  Py_XDECREF(items);
  Py_XDECREF(tuple);
  Py_XDECREF(inner);
  return result;
}

static PyObject *size_if_tuple(PyObject *o) { return o && PyTuple_CheckExact(o) ? size_from(o) : o; }
static PyObject *size_subscript(PyObject *self, PyObject *key) { return size_if_tuple(((binaryfunc)PyType_GetSlot(&PyTuple_Type, Py_mp_subscript))(self, key)); }
static PyObject *size_add(PyObject *a, PyObject *b) {
  return PyTuple_Check(a) && PyTuple_Check(b) ? size_if_tuple(((binaryfunc)PyType_GetSlot(&PyTuple_Type, Py_sq_concat))(a, b)) : Py_NewRef(Py_NotImplemented);
}
static PyObject *size_repeat(PyObject *self, Py_ssize_t n) { return size_if_tuple(((ssizeargfunc)PyType_GetSlot(&PyTuple_Type, Py_sq_repeat))(self, n)); }
static PyObject *size_reduce(PyObject *self, PyObject *unused) {
  (void)unused;
  return Py_BuildValue("(O(N))", (PyObject *)Py_TYPE(self), PySequence_List(self));
}

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

static PyMethodDef size_methods[] = {{"__reduce__", size_reduce, METH_NOARGS, NULL}, {"numel", size_numel, METH_NOARGS, "numel($self, /)\n--\n\nThe product of the sizes."}, {0}};
static PyType_Slot size_slots[] = {{Py_tp_new, size_new}, {Py_mp_subscript, size_subscript}, {Py_nb_add, size_add}, {Py_sq_repeat, size_repeat}, {Py_tp_repr, size_repr}, {Py_tp_methods, size_methods}, {Py_tp_doc, SIZE_TEXT}, {0, NULL}};
static PyType_Spec size_spec = {"backprop.Size", 0, 0, Py_TPFLAGS_DEFAULT, size_slots};

static PyObject *size_of(bp_tensor *t) {
  int32_t n = bp_ndim(t);
  if (n < 0) return fail();
  PyObject *sizes = PyTuple_New(n);
  for (int32_t d = 0; sizes && d < n; d++) {
    PyObject *size = PyLong_FromLongLong(bp_dim(t, d));
    if (!size || PyTuple_SetItem(sizes, d, size)) Py_CLEAR(sizes);
  }
  return sizes ? size_from(sizes) : NULL;
}
