/* ---------------------------------------------------------------------------------------------------------------
 * Optimizers
 * ------------------------------------------------------------------------------------------------------------- */

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

#define OPERATIONS_OPTIMIZERS(OP) \
  OP(clip_norm, _clip_grad_norm_, P, run_clip, NULL, NULL, "(parameters, max_norm, norm_type)") \
  OP(clip_value, _clip_grad_value_, P, run_clip, NULL, NULL, "(parameters, clip_value)") \
  OP(sgd, _sgd, P, run_sgd, NULL, NULL, "(lr, momentum, dampening, weight_decay, nesterov, maximize)") \
  OP(adam, _adam, P, run_adam, bp_adam_create, NULL, "(lr, beta1, beta2, eps, weight_decay, maximize)") \
  OP(adamw, _adamw, P, run_adam, bp_adamw_create, NULL, "(lr, beta1, beta2, eps, weight_decay, maximize)")
