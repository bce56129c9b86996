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
  uint64_t flags; /* bit 0: read only, bit 1: a copy */
  DLTensor tensor;
} DLVersioned;
enum { DL_CPU = 1, DL_READ_ONLY = 1, DL_COPIED = 2 };

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
static PyObject *export_dlpack(bp_tensor *t, int versioned, uint64_t flags) {
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
  if (versioned) e->u.versioned = (DLVersioned){{1, 0}, e, shared_delete_versioned, flags, tensor};
  else e->u.old = (DLManaged){tensor, e, shared_delete};
  PyObject *capsule = PyCapsule_New(e, versioned ? "dltensor_versioned" : "dltensor", capsule_free);
  if (!capsule) shared_free(e);
  return capsule;
}

/* The tensor in a capsule, borrowed; the capsule is used up. */
static bp_tensor *import_dlpack(PyObject *capsule) {
  int versioned = PyCapsule_IsValid(capsule, "dltensor_versioned");
  if (!versioned && !PyCapsule_IsValid(capsule, "dltensor")) {
    PyErr_SetString(PyExc_RuntimeError, "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you might have already constructed a tensor from it once.");
    return NULL;
  }
  void *managed = PyCapsule_GetPointer(capsule, versioned ? "dltensor_versioned" : "dltensor");
  if (!managed) return NULL;
  if (versioned && ((DLVersioned *)managed)->version.major != 1) return PyErr_SetString(PyExc_BufferError, "from_dlpack(): DLPack of an unknown version"), NULL;
  const DLTensor *d = versioned ? &((DLVersioned *)managed)->tensor : &((DLManaged *)managed)->tensor;
  Foreign f = {.ndim = d->ndim};
  while (f.dtype < 8 && memcmp(&dlpack_types[f.dtype], &d->dtype, sizeof d->dtype)) f.dtype++;
  const char *problem = d->device.type != DL_CPU ? "the tensor is not in the CPU's memory"
    : d->ndim < 0 || d->ndim > BP_MAX_DIMS ? "at most 8 dimensions" : f.dtype == 8 ? "elements of this type have no dtype here"
    : d->ndim && !d->shape ? "a tensor without sizes" : NULL;
  if (problem) return PyErr_Format(PyExc_BufferError, "from_dlpack(): %s", problem), NULL;
  int64_t dense = 1;
  for (int32_t i = d->ndim - 1; i >= 0; i--) {
    f.shape[i] = d->shape[i];
    f.stride[i] = d->strides ? d->strides[i] : dense;
    if (f.shape[i] < 0 || __builtin_mul_overflow(dense, f.shape[i] ? f.shape[i] : 1, &dense)) return PyErr_SetString(PyExc_BufferError, "from_dlpack(): sizes that no memory has"), NULL;
    if (f.stride[i] < 0 && f.shape[i] > 1) return PyErr_SetString(PyExc_BufferError, "from_dlpack(): " NEGATIVE_STRIDE), NULL;
  }
  f.data = d->data ? (char *)d->data + d->byte_offset : NULL;
  if (versioned && ((DLVersioned *)managed)->flags & DL_READ_ONLY && warn_read_only("DLPack tensor")) return NULL;
  Borrowed *b = calloc(1, sizeof *b);
  if (!b) return PyErr_NoMemory(), NULL;
  b->dlpack = managed;
  b->delete_dlpack = (void (*)(void *))(versioned ? (void (*)(void))((DLVersioned *)managed)->deleter : (void (*)(void))((DLManaged *)managed)->deleter);
  PyCapsule_SetName(capsule, versioned ? "used_dltensor_versioned" : "used_dltensor"); /* ours from here on: borrow_foreign lets it go if it fails */
  PyCapsule_SetDestructor(capsule, NULL);
  return borrow_foreign(&f, b);
}

/* from_dlpack(capsule or anything with __dlpack__, *, device=None, copy=None) */
static PyObject *run_from_dlpack(const Row *r, PyObject **v) {
  (void)r;
  TRUTH_OR(2, copy, 0);
  if (check_device(v[1])) return NULL;
  PyObject *capsule = NULL;
  if (PyCapsule_CheckExact(v[0])) capsule = Py_NewRef(v[0]);
  else {
    PyObject *method = PyObject_GetAttrString(v[0], "__dlpack__"), *none = PyTuple_New(0), *kw = Py_BuildValue("{s(ii)}", "max_version", 1, 0);
    if (kw && copy && !absent(v[2]) && PyDict_SetItemString(kw, "copy", Py_True)) Py_CLEAR(kw);
    capsule = method && none && kw ? PyObject_Call(method, none, kw) : NULL;
    if (method && none && !capsule && PyErr_ExceptionMatches(PyExc_TypeError)) { /* from before DLPack 1.0 */
      PyErr_Clear();
      capsule = PyObject_CallNoArgs(method);
    }
    Py_XDECREF(method);
    Py_XDECREF(none);
    Py_XDECREF(kw);
  }
  bp_tensor *t = capsule ? import_dlpack(capsule) : NULL;
  Py_XDECREF(capsule);
  return t ? wrap_view(t) : NULL;
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
  PyObject *capsule = export_dlpack(own ? own : x, versioned, own ? DL_COPIED : 0);
  if (own) drop(own);
  return capsule;
}

static PyObject *run_dlpack_device(const Row *r, PyObject **v) { (void)r; (void)v; return Py_BuildValue("(ii)", DL_CPU, 0); }

/* to_dlpack(tensor): a capsule of the kind before DLPack 1.0 */
static PyObject *run_to_dlpack(const Row *r, PyObject **v) { TENSOR(0, x); return export_dlpack(x, 0, 0); }

#define OPERATIONS_DLPACK(OP) \
  OP(from_dlpack, from_dlpack, F, run_from_dlpack, NULL, NULL, "(ext_tensor, *, device=None, copy=None)" \
     DOC("A tensor over the memory of a DLPack capsule or of anything with __dlpack__ (PyTorch, NumPy, JAX …) on the CPU, with its\n" \
         "strides; nothing is copied unless copy, both see changes.")) \
  OP(to_dlpack, to_dlpack, F, run_to_dlpack, NULL, NULL, "(tensor)" DOC("A DLPack capsule over a tensor's memory, of the kind before version 1.0.")) \
  OP(dlpack, __dlpack__, M, run_dlpack, NULL, NULL, "(input, *, stream=None, max_version=None, dl_device=None, copy=None)" \
     DOC("A DLPack capsule over this tensor's memory, for from_dlpack() of another library. stream must be None.")) \
  OP(dlpack_device, __dlpack_device__, M, run_dlpack_device, NULL, NULL, "(input)" DOC("(1, 0): DLPack's name for the CPU."))
