/* ---------------------------------------------------------------------------------------------------------------
 * Modules made from text, and initialisers
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct {
  PyObject_HEAD
  bp_module *m;
} Module;
static PyTypeObject *ModuleType;
#define MODULE(self) (my_turn(), ((Module *)(self))->m)

static void text_module_dealloc(PyObject *self) {
  bp_module_destroy(MODULE(self));
  plain_dealloc(self);
  if (pending) drain();
}

/* _module(text) */
static PyObject *run_module(const Row *r, PyObject **v) {
  Py_ssize_t n;
  char buffer[64];
  if (!PyUnicode_Check(v[0])) return PyErr_Format(PyExc_TypeError, "from_text(): argument 'text' must be str, not %s", type_name(v[0], buffer));
  const char *text = PyUnicode_AsUTF8AndSize(v[0], &n);
  (void)r;
  if (!text) return NULL;
  if (strlen(text) != (size_t)n) return PyErr_Format(PyExc_ValueError, "from_text(): the text contains a null character");
  bp_module *m = bp_module_create(ctx, text);
  if (!m) return fail();
  Module *self = PyObject_New(Module, ModuleType);
  if (self) self->m = m;
  else bp_module_destroy(m);
  return (PyObject *)self;
}

/* forward(inputs, n): the tuple's Tensors (None: not given) → a tuple of n results */
static PyObject *text_module_forward(PyObject *self, PyObject *args) {
  PyObject *given, *result = NULL;
  int n_out;
  bp_tensor *inputs[8], *outputs[8];
  if (!PyArg_ParseTuple(args, "O!i", &PyTuple_Type, &given, &n_out)) return NULL;
  Py_ssize_t n = PyTuple_Size(given);
  if (n > 8 || n_out > 8) return PyErr_Format(PyExc_TypeError, "forward(): no module takes %zd inputs or has %d results", n, n_out);
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *o = PyTuple_GetItem(given, i);
    inputs[i] = o == Py_None ? NULL : tensor_argument("forward", "input", o);
    if (!inputs[i] && o != Py_None) return NULL;
  }
  work = LONG_WORK;
  if (WORK_STATUS(bp_module_call(MODULE(self), (int32_t)n, inputs, n_out, outputs))) return fail();
  result = PyTuple_New(n_out);
  for (int i = 0; i < n_out; i++) {
    PyObject *t = wrap_view(outputs[i]);
    if (t && result) PyTuple_SetItem(result, i, t);
    else {
      Py_XDECREF(t);
      Py_CLEAR(result);
    }
  }
  return result;
}

/* state(parameters_only) → [(name, Tensor), …] */
static PyObject *text_module_state(PyObject *self, PyObject *only) {
  int parameters = PyObject_IsTrue(only);
  bp_module *m = MODULE(self);
  int32_t n = parameters < 0 ? -1 : parameters ? bp_module_parameter_count(m) : bp_module_state_count(m);
  if (n < 0) return parameters < 0 ? NULL : fail();
  PyObject *list = PyList_New(n);
  for (int32_t i = 0; list && i < n; i++) {
    const char *name = parameters ? bp_module_parameter_name(m, i) : bp_module_state_name(m, i);
    PyObject *t = wrap_view(parameters ? bp_module_parameter(m, i) : bp_module_state(m, i));
    PyObject *pair = t && name ? Py_BuildValue("(sN)", name, t) : NULL;
    if (pair) PyList_SetItem(list, i, pair);
    else Py_CLEAR(list);
  }
  return list;
}

static PyObject *text_module_train(PyObject *self, PyObject *mode) {
  int flag = PyObject_IsTrue(mode);
  return flag < 0 ? NULL : done(bp_module_train(MODULE(self), flag));
}
static PyObject *text_module_training(PyObject *self, PyObject *unused) { (void)unused; return PyBool_FromLong(bp_module_is_training(MODULE(self)) == 1); }
static PyObject *text_module_to(PyObject *self, PyObject *o) {
  bp_dtype dtype = BP_FLOAT32;
  return as_dtype("to", o, &dtype) ? NULL : done(bp_module_to(MODULE(self), dtype));
}
static PyObject *text_module_set(PyObject *self, PyObject *args) {
  const char *name;
  PyObject *o;
  if (!PyArg_ParseTuple(args, "sO", &name, &o)) return NULL;
  bp_tensor *t = tensor_argument("set", "tensor", o);
  if (!t) return NULL;
  return done(bp_requires_grad(t) ? bp_module_add_parameter(MODULE(self), name, t) : bp_module_add_buffer(MODULE(self), name, t, 1));
}
static PyObject *text_module_describe(PyObject *self, PyObject *unused) {
  (void)unused;
  int64_t n = bp_module_describe(MODULE(self), NULL, 0);
  char *text = n < 0 ? NULL : malloc((size_t)n + 1);
  if (!text) return n < 0 ? fail() : PyErr_NoMemory();
  bp_module_describe(MODULE(self), text, (size_t)n + 1);
  PyObject *result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)n, "replace");
  free(text);
  return result;
}
static PyObject *text_module_save(PyObject *self, PyObject *path) {
  errno = 0;
  const char *p = PyBytes_AsString(path);
  return p ? done(bp_module_save(MODULE(self), p)) : NULL;
}
static PyObject *text_module_load(PyObject *self, PyObject *args) {
  const char *path;
  int strict;
  if (!PyArg_ParseTuple(args, "yp", &path, &strict)) return NULL;
  if (!bp_module_load(MODULE(self), path, strict)) Py_RETURN_NONE;
  errno = access(path, F_OK) ? ENOENT : EIO;
  return fail();
}
static PyMethodDef text_module_methods[] = {{"forward", text_module_forward, METH_VARARGS, NULL}, {"state", text_module_state, METH_O, NULL},
  {"train", text_module_train, METH_O, NULL}, {"training", text_module_training, METH_NOARGS, NULL}, {"to", text_module_to, METH_O, NULL},
  {"set", text_module_set, METH_VARARGS, NULL}, {"describe", text_module_describe, METH_NOARGS, NULL}, {"save", text_module_save, METH_O, NULL},
  {"load", text_module_load, METH_VARARGS, NULL}, {0}};
static PyType_Slot text_module_slots[] = {{Py_tp_dealloc, text_module_dealloc}, {Py_tp_methods, text_module_methods}, {0, NULL}};
static PyType_Spec text_module_spec = {"backprop._core._Module", sizeof(Module), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, text_module_slots};

/* _module_signatures() → ["Linear(in_features, …)", …] */
static PyObject *run_signatures(const Row *r, PyObject **v) {
  PyObject *list = PyList_New(0);
  (void)r, (void)v;
  for (int32_t i = 0; list && bp_module_signature(i); i++) {
    PyObject *s = PyUnicode_FromString(bp_module_signature(i));
    if (!s || PyList_Append(list, s)) Py_CLEAR(list);
    Py_XDECREF(s);
  }
  return list;
}

/* (tensor, up to four numbers) → tensor. f takes as many. */
static PyObject *run_init(const Row *r, PyObject **v) {
  TENSOR(0, t);
  DOUBLE_OR(1, a, 0);
  DOUBLE_OR(2, b, 0);
  DOUBLE_OR(3, c, 0);
  DOUBLE_OR(4, d, 0);
  bp_status s = r->count == 1 ? ((bp_status(*)(bp_tensor *)) r->f)(t)
              : r->count == 2 ? ((bp_status(*)(bp_tensor *, double)) r->f)(t, a)
              : r->count == 3 ? ((bp_status(*)(bp_tensor *, double, double)) r->f)(t, a, b)
                              : ((bp_status(*)(bp_tensor *, double, double, double, double)) r->f)(t, a, b, c, d);
  return s ? fail() : Py_NewRef(v[0]);
}
static PyObject *run_dirac(const Row *r, PyObject **v) {
  TENSOR(0, t);
  INT(1, groups);
  return bp_init_dirac_(t, groups) ? fail() : Py_NewRef(v[0]);
}
/* (tensor, a, mode, nonlinearity) */
static PyObject *run_kaiming(const Row *r, PyObject **v) {
  TENSOR(0, t);
  DOUBLE(1, a);
  INT(2, mode);
  const char *name = PyUnicode_AsUTF8AndSize(v[3], NULL);
  if (!name) return NULL;
  return ((bp_status(*)(bp_tensor *, double, bp_fan_mode, const char *)) r->f)(t, a, (bp_fan_mode)mode, name) ? fail() : Py_NewRef(v[0]);
}
static PyObject *run_gain(const Row *r, PyObject **v) {
  DOUBLE(1, param);
  const char *name = PyUnicode_AsUTF8AndSize(v[0], NULL);
  return name ? PyFloat_FromDouble(bp_calculate_gain(name, param)) : NULL;
}

#define INIT(OP, name, signature) OP(init_##name, _init_##name, P, run_init, bp_init_##name, NULL, signature DOC("What nn.init." #name "() calls."))
#define OPERATIONS_MODULES(OP) \
  OP(module, _module, P, run_module, NULL, NULL, "(text)" DOC("What nn.from_text() calls: a network of the library from its text.")) \
  OP(module_signatures, _module_signatures, P, run_signatures, NULL, NULL, "()" DOC("Every kind of module that nn.from_text() knows, with its options.")) \
  INIT(OP, constant_, "(tensor, val)") INIT(OP, uniform_, "(tensor, a, b, *, generator=None)") \
  INIT(OP, normal_, "(tensor, mean, std, *, generator=None)") INIT(OP, trunc_normal_, "(tensor, mean, std, a, b, *, generator=None)") \
  INIT(OP, xavier_uniform_, "(tensor, gain, *, generator=None)") INIT(OP, xavier_normal_, "(tensor, gain, *, generator=None)") \
  INIT(OP, orthogonal_, "(tensor, gain, *, generator=None)") INIT(OP, sparse_, "(tensor, sparsity, std, *, generator=None)") \
  INIT(OP, eye_, "(tensor)") OP(init_dirac_, _init_dirac_, P, run_dirac, NULL, NULL, "(tensor, groups)" DOC("What nn.init.dirac_() calls.")) \
  OP(init_kaiming_uniform_, _init_kaiming_uniform_, P, run_kaiming, bp_init_kaiming_uniform_, NULL, "(tensor, a, mode, nonlinearity, *, generator=None)" \
     DOC("What nn.init.kaiming_uniform_() calls.")) \
  OP(init_kaiming_normal_, _init_kaiming_normal_, P, run_kaiming, bp_init_kaiming_normal_, NULL, "(tensor, a, mode, nonlinearity, *, generator=None)" \
     DOC("What nn.init.kaiming_normal_() calls.")) \
  OP(calculate_gain, _calculate_gain, P, run_gain, NULL, NULL, "(nonlinearity, param)" DOC("What nn.init.calculate_gain() calls."))
