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
  me.no_grad = !on;
  return PyBool_FromLong(was);
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
  bp_tensor **inputs = handles(r, 1, v[1], &holder, &n), **grads;
  if (!inputs) return NULL;
  if (!(grads = calloc((size_t)n + 1, sizeof *grads))) PyErr_NoMemory();
  else if (WALK(bp_autograd_grad(output, (int32_t)n, inputs, grads, &o))) fail();
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
  if (last_result) forget_result();
  return result;
}

typedef struct {
  PyObject *function, *output; /* output: the last one, kept until the library has read it */
  Py_ssize_t n;
} Check;

static int check_function(void *user, bp_tensor *const *inputs, bp_tensor **output) {
  Check *c = user;
  Inside inside = enter_python();
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
  leave_python(inside);
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
  bp_tensor **inputs = handles(r, 1, v[1], &holder, &check.n);
  if (!inputs) return NULL;
  bp_status status = WALK(bp_gradcheck(the_context, check_function, &check, (int32_t)check.n, inputs, &o));
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

#define OPERATIONS_GRADIENTS(OP) \
  OP(is_grad_enabled, is_grad_enabled, F, run_is_grad_enabled, NULL, NULL, "()" DOC("Whether operations are recorded; no_grad() and set_grad_enabled() switch it.")) \
  OP(set_grad, _set_grad_enabled, P, run_set_grad_enabled, NULL, NULL, "(mode)" DOC("Switches recording on or off and returns whether it was on.")) \
  OP(grad, _grad, P, run_grad, NULL, NULL, "(output, inputs, seed=None, retain_graph=False, create_graph=False, allow_unused=False)" \
     DOC("What autograd.grad() calls, for one output: the gradients at inputs, None where an unused one is allowed.")) \
  OP(gradcheck, _gradcheck, P, run_gradcheck, NULL, NULL, "(func, inputs, eps, atol, rtol, second_order=False)" \
     DOC("What autograd.gradcheck() calls: None, or the sentence about where gradients and differences disagree."))
