/* ---------------------------------------------------------------------------------------------------------------
 * Optimizers
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct {
  PyObject_HEAD
  bp_optimizer *o;
  int64_t elements; /* of its parameters */
} Optimizer;
#define OPTIMIZER(self) (my_turn(), ((Optimizer *)(self))->o)

static void optimizer_dealloc(PyObject *self) {
  bp_optimizer_destroy(OPTIMIZER(self));
  plain_dealloc(self);
  if (pending) drain();
}

static PyObject *wrap_optimizer(bp_optimizer *o) {
  if (!o) return fail();
  Optimizer *self = PyObject_New(Optimizer, OptimizerType);
  if (self) self->o = o, self->elements = 0;
  else bp_optimizer_destroy(o);
  return (PyObject *)self;
}

static PyObject *optimizer_add(PyObject *self, PyObject *t) {
  bp_tensor *parameter = tensor_argument("add", "parameter", t);
  if (!parameter) return NULL;
  ((Optimizer *)self)->elements += bp_numel(parameter);
  work = 0;
  return done(bp_optimizer_add(OPTIMIZER(self), parameter));
}
static PyObject *optimizer_step(PyObject *self, PyObject *unused) {
  (void)unused;
  work = ((Optimizer *)self)->elements;
  return done(bp_optimizer_step(OPTIMIZER(self)));
}
static PyObject *optimizer_zero_grad(PyObject *self, PyObject *unused) { (void)unused; return done(bp_optimizer_zero_grad(OPTIMIZER(self))); }
static PyObject *optimizer_add_group(PyObject *self, PyObject *unused) {
  (void)unused;
  int32_t group = bp_optimizer_add_group(OPTIMIZER(self));
  return group < 0 ? fail() : PyLong_FromLong(group);
}

/* set(group, {option: number}): all, or none */
static PyObject *optimizer_set(PyObject *self, PyObject *args) {
  enum { MOST = 64 };
  const char *names[MOST];
  double values[MOST];
  PyObject *options, *name, *value;
  int group;
  Py_ssize_t at = 0;
  int32_t n = 0;
  if (!PyArg_ParseTuple(args, "iO", &group, &options)) return NULL;
  if (!PyDict_Check(options)) return type_error("set", "options", "a dict", options);
  while (n < MOST && PyDict_Next(options, &at, &name, &value)) {
    names[n] = PyUnicode_AsUTF8AndSize(name, NULL);
    if (!names[n] || as_double("set", names[n], value, &values[n])) return NULL;
    n++;
  }
  return done(bp_optimizer_set_options(OPTIMIZER(self), group, n, names, values));
}

typedef struct {
  PyObject *function, *first; /* first: what it returned when it was called first */
} Closure;

static int32_t call_closure(void *user, double *loss) {
  Closure *c = user;
  Inside inside = enter_python();
  PyObject *result = PyObject_CallNoArgs(c->function);
  int bad = !result || as_double("step", "what the closure returns", result, loss);
  if (!bad && !c->first) c->first = Py_NewRef(result);
  Py_XDECREF(result);
  leave_python(inside);
  return bad;
}

/* step_closure(f): f's first result */
static PyObject *optimizer_step_closure(PyObject *self, PyObject *function) {
  Closure c = {function, NULL};
  if (bp_optimizer_step_closure(OPTIMIZER(self), call_closure, &c, NULL)) {
    Py_XDECREF(c.first);
    return fail();
  }
  return c.first;
}

/* state(i): {name: Tensor} of what there is */
static PyObject *optimizer_state(PyObject *self, PyObject *number) {
  int64_t i;
  if (as_int64("state", "i", number, &i)) return NULL;
  PyObject *result = PyDict_New();
  const char *name;
  for (int32_t k = 0; result && (name = bp_optimizer_state_name(OPTIMIZER(self), i, k)); k++) {
    bp_tensor *t = bp_optimizer_state(OPTIMIZER(self), i, name);
    PyObject *state = t ? wrap(t) : NULL;
    if (t && (!state || PyDict_SetItemString(result, name, state))) Py_CLEAR(result);
    Py_XDECREF(state);
  }
  if (bp_context_status(ctx)) {
    Py_XDECREF(result);
    return fail();
  }
  return result;
}

static PyObject *optimizer_set_state(PyObject *self, PyObject *args) {
  const char *name;
  PyObject *value;
  Py_ssize_t i;
  if (!PyArg_ParseTuple(args, "nsO", &i, &name, &value)) return NULL;
  bp_tensor *t = tensor_argument("set_state", "value", value);
  return t ? done(bp_optimizer_set_state(OPTIMIZER(self), i, name, t)) : NULL;
}

static PyMethodDef optimizer_methods[] = {{"add", optimizer_add, METH_O, NULL}, {"step", optimizer_step, METH_NOARGS, NULL},
  {"zero_grad", optimizer_zero_grad, METH_NOARGS, NULL}, {"add_group", optimizer_add_group, METH_NOARGS, NULL},
  {"set", optimizer_set, METH_VARARGS, NULL}, {"step_closure", optimizer_step_closure, METH_O, NULL}, {"state", optimizer_state, METH_O, NULL},
  {"set_state", optimizer_set_state, METH_VARARGS, NULL}, {0}};
static PyType_Slot optimizer_slots[] = {{Py_tp_dealloc, optimizer_dealloc}, {Py_tp_methods, optimizer_methods}, {0, NULL}};
static PyType_Spec optimizer_spec = {"backprop._core._Optimizer", sizeof(Optimizer), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, optimizer_slots};

static PyObject *run_optimizer(const Row *r, PyObject **v) {
  if (!PyUnicode_Check(v[0])) return type_error(r->name, NAME(0), "str", v[0]);
  return wrap_optimizer(bp_optimizer_create(ctx, PyUnicode_AsUTF8AndSize(v[0], NULL)));
}

/* Handles of a tuple of Tensors, to be freed; NULL with an exception. */
static bp_tensor **tensor_list(const Row *r, int i, PyObject *o, Py_ssize_t *n) {
  if (!PyTuple_Check(o)) return type_error(r->name, NAME(i), "a tuple of Tensors", o);
  *n = PyTuple_Size(o);
  bp_tensor **list = malloc((size_t)(*n ? *n : 1) * sizeof *list);
  if (!list) return PyErr_NoMemory(), NULL;
  for (Py_ssize_t k = 0; k < *n; k++)
    if (!(list[k] = tensor_argument(r->name, NAME(i), PyTuple_GetItem(o, k)))) return free(list), NULL;
  return list;
}

/* ema_update(averages, parameters, decay) */
static PyObject *run_average(const Row *r, PyObject **v) {
  DOUBLE(2, decay);
  Py_ssize_t n, m;
  bp_tensor **averages = tensor_list(r, 0, v[0], &n), **parameters = averages ? tensor_list(r, 1, v[1], &m) : NULL;
  PyObject *result = NULL;
  if (parameters && n != m) PyErr_Format(PyExc_ValueError, "%s(): %zd averages for %zd parameters", r->name, n, m);
  else if (parameters) result = done(bp_ema_update((int32_t)n, averages, parameters, decay));
  free(averages);
  free(parameters);
  return result;
}

/* clip_grad_norm_(parameters, max_norm, norm_type), clip_grad_value_(parameters, clip_value); the parameters are a tuple. */
static PyObject *run_clip(const Row *r, PyObject **v) {
  DOUBLE_OR(1, most, 0);
  DOUBLE_OR(2, p, 2);
  Py_ssize_t n;
  bp_tensor **list = tensor_list(r, 0, v[0], &n);
  double total = 0;
  if (!list) return NULL;
  bp_status status = r->count == 3 ? bp_clip_grad_norm_((int32_t)n, list, most, p, &total) : bp_clip_grad_value_((int32_t)n, list, most);
  free(list);
  return status ? fail() : PyFloat_FromDouble(total);
}

#define OPERATIONS_OPTIMIZERS(OP) \
  OP(clip_norm, _clip_grad_norm_, P, run_clip, NULL, NULL, "(parameters, max_norm, norm_type)" \
     DOC("What nn.utils.clip_grad_norm_() calls; the parameters are a tuple. Returns the norm before.")) \
  OP(clip_value, _clip_grad_value_, P, run_clip, NULL, NULL, "(parameters, clip_value)" DOC("What nn.utils.clip_grad_value_() calls; the parameters are a tuple.")) \
  OP(average, _ema_update, P, run_average, NULL, NULL, "(averages, parameters, decay)" \
     DOC("averages[i] ← decay·averages[i] + (1 − decay)·parameters[i], in place, not recorded.")) \
  OP(optimizer, _optimizer, P, run_optimizer, NULL, NULL, "(name)" DOC("An optimizer of the library by its name, 'sgd' … 'lbfgs'; optim's classes hold one."))
