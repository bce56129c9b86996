/* ---------------------------------------------------------------------------------------------------------------
 * Python functions that the library calls during a walk: hooks, custom operations, checkpoints; and derivatives beyond one gradient
 * ------------------------------------------------------------------------------------------------------------- */

/* The function. Released as borrowed memory is. */
typedef struct {
  Borrowed pending;
  PyObject *function;
  Py_ssize_t inputs, outputs;
} Called;

static void finish_called(Borrowed *b) {
  Called *c = (Called *)b;
  Py_XDECREF(c->function);
  free(c);
}

static Called *called(PyObject *function, Py_ssize_t inputs, Py_ssize_t outputs) {
  Called *c = calloc(1, sizeof *c);
  if (!c) return PyErr_NoMemory(), NULL;
  c->pending.finish = finish_called;
  c->function = Py_NewRef(function);
  c->inputs = inputs, c->outputs = outputs;
  return c;
}

static void release_called(void *user) { release_borrowed(NULL, user); }

/* A tuple of objects for handles of the library, None for NULL. */
static PyObject *tuple_of(bp_tensor *const *t, Py_ssize_t n) {
  PyObject *tuple = PyTuple_New(n);
  for (Py_ssize_t i = 0; tuple && i < n; i++) {
    PyObject *x = t[i] ? wrap_borrowed(t[i]) : Py_NewRef(Py_None);
    if (!x || PyTuple_SetItem(tuple, i, x)) Py_CLEAR(tuple);
  }
  return tuple;
}

/* Calls the function with arguments (which it takes over) and puts the n tensors or Nones of its result to out. */
static int call_function(Called *c, const char *name, PyObject *arguments, Py_ssize_t n, bp_tensor **out) {
  PyObject *result = arguments ? PyObject_CallObject(c->function, arguments) : NULL;
  Py_XDECREF(arguments);
  PyObject *before = last_result;
  last_result = result;
  Py_XDECREF(before);
  if (!result) return 1;
  if (!n) return 0;
  if (!PyTuple_Check(result) || PyTuple_Size(result) != n) {
    PyErr_Format(PyExc_RuntimeError, "%s: the function must return a tuple of %zd Tensors", name, n);
    return 1;
  }
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *x = PyTuple_GetItem(result, i);
    if (x != Py_None && !is_tensor(x)) return type_error(name, "result", "a Tensor", x), 1;
    out[i] = x == Py_None ? NULL : HANDLE(x);
  }
  return 0;
}

/* hook(gradient) → None or another; hook(leaf) */
static int hook_function(void *user, bp_tensor *grad, bp_tensor **replacement) {
  Called *c = user;
  Inside inside = enter_python();
  scope_depth++;
  PyObject *arguments = tuple_of(&grad, 1);
  int bad = call_function(c, "hook", arguments, 0, NULL);
  if (!bad && last_result != Py_None && c->outputs) {
    if (is_tensor(last_result)) *replacement = HANDLE(last_result);
    else bad = (type_error("hook", "result", "None or a Tensor", last_result), 1);
  }
  scope_depth--;
  leave_python(inside);
  return bad;
}

/* _register_hook(input, hook, late) → a number */
static PyObject *run_register_hook(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(2, late, 0);
  if (!PyCallable_Check(v[1])) return type_error(r->name, NAME(1), "a function", v[1]);
  Called *c = called(v[1], 1, !late);
  if (!c) return NULL;
  int64_t id = (late ? bp_register_post_accumulate_grad_hook : bp_register_hook)(x, hook_function, c, release_called);
  if (id > 0) return PyLong_FromLongLong(id);
  finish_called(&c->pending);
  return fail();
}

static PyObject *run_remove_hook(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, id);
  PyObject *result = done(bp_remove_hook(x, id));
  if (pending) drain();
  return result;
}

static PyObject *run_retain_grad(const Row *r, PyObject **v) { TENSOR(0, x); return done(bp_retain_grad(x)); }

/* backward(outputs or Nones, gradients) → gradients of the inputs */
static int custom_function(void *user, bp_tensor *const *outputs, bp_tensor *const *grad_outputs, bp_tensor **grad_inputs) {
  Called *c = user;
  Inside inside = enter_python();
  scope_depth++;
  PyObject *y = tuple_of(outputs, c->outputs), *g = y ? tuple_of(grad_outputs, c->outputs) : NULL;
  PyObject *arguments = g ? PyTuple_Pack(2, y, g) : NULL;
  Py_XDECREF(y);
  Py_XDECREF(g);
  int bad = call_function(c, "backward", arguments, c->inputs, grad_inputs);
  scope_depth--;
  leave_python(inside);
  return bad;
}

/* The results of bp_custom() and bp_checkpoint(): wrapped, or what went wrong and the function given up. */
static PyObject *results_of(bp_status status, Called *c, bp_tensor **results, Py_ssize_t n) {
  if (status) {
    forget_result();
    finish_called(&c->pending);
    return fail();
  }
  PyObject *tuple = PyTuple_New(n);
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *x = wrap(results[i]);
    if (!x || !tuple || PyTuple_SetItem(tuple, i, x)) Py_CLEAR(tuple);
  }
  if (last_result) forget_result();
  if (pending) drain();
  return tuple;
}

/* _custom(name, inputs, outputs, backward, keep_outputs) → the outputs, joined to the graph */
static PyObject *run_custom(const Row *r, PyObject **v) {
  PyObject *inputs = NULL, *outputs = NULL, *result = NULL;
  Py_ssize_t n, m;
  TRUTH_OR(4, keep, 0);
  const char *name = PyUnicode_AsUTF8AndSize(v[0], NULL);
  bp_tensor **x = name ? handles(r, 1, v[1], &inputs, &n) : NULL, **y = x ? handles(r, 2, v[2], &outputs, &m) : NULL, **out = NULL;
  Called *c = y ? called(v[3], n, m) : NULL;
  if (c && !(out = calloc((size_t)m + 1, sizeof *out))) {
    finish_called(&c->pending);
    PyErr_NoMemory();
  } else if (c) {
    bp_custom_options o = BP_CUSTOM_OPTIONS_INIT;
    o.name = name, o.keep_outputs = keep, o.backward = custom_function, o.user = c, o.release = release_called;
    result = results_of(bp_custom(ctx, (int32_t)n, x, (int32_t)m, y, out, &o), c, out, m);
  }
  free(x), free(y), free(out);
  Py_XDECREF(inputs);
  Py_XDECREF(outputs);
  return result;
}

/* function(inputs) → tuple of outputs, at most c->outputs */
static int checkpoint_function(void *user, bp_tensor *const *inputs, bp_tensor **outputs) {
  Called *c = user;
  Inside inside = enter_python();
  scope_depth++;
  int bad = call_function(c, "checkpoint", tuple_of(inputs, c->inputs), 0, NULL);
  Py_ssize_t n = !bad && PyTuple_Check(last_result) ? PyTuple_Size(last_result) : 0;
  if (!bad && (n < 1 || n > c->outputs)) {
    PyErr_Format(PyExc_RuntimeError, "checkpoint: the function must return 1 to %zd Tensors, not %zd", c->outputs, n);
    bad = 1;
  }
  for (Py_ssize_t i = 0; !bad && i < n; i++) {
    PyObject *x = PyTuple_GetItem(last_result, i);
    if (is_tensor(x)) outputs[i] = HANDLE(x);
    else bad = (type_error("checkpoint", "result", "a Tensor", x), 1);
  }
  scope_depth--;
  leave_python(inside);
  return bad;
}

enum { MOST_OUTPUTS = 256 }; /* of a checkpoint */

/* _checkpoint(function, inputs) → tuple of its outputs */
static PyObject *run_checkpoint(const Row *r, PyObject **v) {
  PyObject *inputs, *result = NULL;
  Py_ssize_t n, m = 0;
  bp_tensor **x = handles(r, 1, v[1], &inputs, &n), *out[MOST_OUTPUTS];
  if (!x) return NULL;
  Called *c = called(v[0], n, MOST_OUTPUTS);
  if (c) {
    bp_status status = bp_checkpoint(ctx, checkpoint_function, c, release_called, (int32_t)n, x, MOST_OUTPUTS, out);
    while (!status && m < MOST_OUTPUTS && out[m]) m++;
    result = results_of(status, c, out, m);
  }
  free(x);
  Py_DECREF(inputs);
  return result;
}

/* _jvp(output, inputs, tangents, create_graph) */
static PyObject *run_jvp(const Row *r, PyObject **v) {
  TENSOR(0, y);
  TRUTH_OR(3, create, 0);
  PyObject *inputs, *tangents = NULL, *result = NULL;
  Py_ssize_t n, m;
  bp_tensor **x = handles(r, 1, v[1], &inputs, &n), **t = x ? handles(r, 2, v[2], &tangents, &m) : NULL;
  if (t && n != m) PyErr_Format(PyExc_ValueError, "jvp: %zd inputs, but %zd tangents", n, m);
  else if (t) result = wrap(bp_jvp(y, (int32_t)n, x, t, create));
  free(x), free(t);
  if (x) Py_DECREF(inputs);
  if (t) Py_DECREF(tangents);
  return result;
}

/* _jacobian(output, input, create_graph), _hessian */
static PyObject *run_jacobian(const Row *r, PyObject **v) {
  TENSOR(0, y);
  TENSOR(1, x);
  TRUTH_OR(2, create, 0);
  return wrap(((bp_tensor * (*)(bp_tensor *, const bp_tensor *, int32_t)) r->f)(y, x, create));
}

#define OPERATIONS_CALLBACKS(OP) \
  OP(register_hook, _register_hook, M, run_register_hook, NULL, NULL, "(input, hook, late=False)" \
     DOC("What register_hook() calls: hook(gradient), or late: hook(leaf) after backward(); a number to remove it by.")) \
  OP(remove_hook, _remove_hook, M, run_remove_hook, NULL, NULL, "(input, hook)" DOC("Removes the hook of this number.")) \
  OP(retain_grad, retain_grad, M, run_retain_grad, NULL, NULL, "(input)" \
     DOC("Makes a computed tensor keep its gradient in .grad, as leaves do; call it before backward(). Harmless for leaves;\n" \
         "RuntimeError for a tensor that requires no gradient.")) \
  OP(custom, _custom, P, run_custom, NULL, NULL, "(name, inputs, outputs, backward, keep_outputs=False)" \
     DOC("What autograd.Function calls: joins outputs to the graph behind inputs, with backward as their gradient.")) \
  OP(checkpoint, _checkpoint, P, run_checkpoint, NULL, NULL, "(function, inputs)" \
     DOC("What utils.checkpoint calls: function(*inputs), recorded so that the walk computes it again.")) \
  OP(jvp, _jvp, P, run_jvp, NULL, NULL, "(output, inputs, tangents, create_graph=False)" \
     DOC("The derivative of output in the direction of tangents at inputs: J·t, in output's shape.")) \
  OP(jacobian, _jacobian, P, run_jacobian, bp_jacobian, NULL, "(output, input, create_graph=False)" \
     DOC("Every element of output by every element of input: [output's sizes.., input's sizes..].")) \
  OP(hessian, _hessian, P, run_jacobian, bp_hessian, NULL, "(output, input, create_graph=False)" \
     DOC("Second derivatives of a one-element output: [input's sizes.., input's sizes..]."))
