/* backprop._core — libbackprop.so for Python. Parses arguments, calls, converts; no arithmetic happens here.
 *
 * Convenience lives in the package's .py files, the types in its _core.pyi. This is one C file in chapters: each .h beside it is
 * included once, below. One context serves the process; threads.h says how threads share it. Limited API 3.11, NumPy not needed.
 *
 * Adding an operation is one row in the OPERATIONS_… table at the end of its family's chapter: its name, where it appears, the handler that knows its kind of signature,
 * the functions of the library, and PyTorch's signature, which is parsed once, at import, with the text that help() shows: "(input, dim)" DOC("…").
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
#include <time.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backprop.h"

#include "threads.h"
#include "texts.h"
#include "objects.h"
#include "arguments.h"
#include "data.h"
#include "in_place.h"
#include "indexing.h"
#include "operators.h"
#include "rows.h"
#include "random.h"
#include "elementwise.h"
#include "reductions.h"
#include "sorting.h"
#include "movement.h"
#include "indices.h"
#include "products.h"
#include "losses.h"
#include "networks.h"
#include "convolution.h"
#include "pooling.h"
#include "resampling.h"
#include "creation.h"
#include "exchange.h"
#include "dlpack.h"
#include "methods.h"
#include "gradients.h"
#include "callbacks.h"
#include "runtime.h"
#include "optimizers.h"
#include "files.h"
#include "modules.h"

/* ---------------------------------------------------------------------------------------------------------------
 * The table
 * ------------------------------------------------------------------------------------------------------------- */

/* A function of the package; a method of Tensor; both; only in _core, for the .py files; and with a method name_, which puts the result in the tensor's place. */
enum { F = 1, M = 2, FM = 3, P = 4, I = 8, MI = 10, FMI = 11, PI = 12 };
#define LEAF "dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False)"

#define UNARY(OP, name, text) OP(name, name, FM, run_unary, bp_##name, NULL, "(input)" DOC(text))
#define UNARY_I(OP, name, text) OP(name, name, FMI, run_unary, bp_##name, NULL, "(input)" DOC(text))
#define BINARY_I(OP, name, text) OP(name, name, FMI, run_binary, bp_##name, NULL, "(input, other)" DOC(text))
#define ALIAS(OP, name, run, of, signature) OP(name, name, FMI, run, bp_##of, NULL, signature DOC("Same as " #of "()."))
#define CREATION(OP, name, run, f, signature, text) OP(name, name, F, run, f, NULL, signature LEAF DOC(text))
#define LIKE(OP, name, run, f, signature, text) CREATION(OP, name, run, f, signature "memory_format=None, ", text)
#define CAST(OP, name, text) OP(name, name, M, run_cast, NULL, NULL, "(input)" DOC(text))

/* OP(C identifier, name, where, handler, f, g, signature) */
#define OPERATIONS(OP) \
  OPERATIONS_ELEMENTWISE(OP) OPERATIONS_REDUCTIONS(OP) OPERATIONS_SORTING(OP) OPERATIONS_PRODUCTS(OP) \
  OPERATIONS_MOVEMENT(OP) OPERATIONS_INDICES(OP) \
  OPERATIONS_NETWORKS(OP) OPERATIONS_CONVOLUTION(OP) OPERATIONS_POOLING(OP) OPERATIONS_RESAMPLING(OP) OPERATIONS_LOSSES(OP) \
  OPERATIONS_CREATION(OP) OPERATIONS_EXCHANGE(OP) OPERATIONS_DLPACK(OP) OPERATIONS_METHODS(OP) OPERATIONS_GRADIENTS(OP) OPERATIONS_CALLBACKS(OP) \
  OPERATIONS_OPTIMIZERS(OP) OPERATIONS_RUNTIME(OP) OPERATIONS_RANDOM(OP) OPERATIONS_FILES(OP) OPERATIONS_MODULES(OP)

#define ROW(id, name, where, run, f, g, signature) {#name, where, run, (Any)f, (Any)g, NULL, #name signature, 0, 0, 0, -1, {0}},
static Row rows[] = {OPERATIONS(ROW)};
#undef ROW
enum { ROWS = sizeof rows / sizeof *rows };
#define ROW(id, name, where, run, f, g, signature) ROW_##id,
enum { OPERATIONS(ROW) };
#undef ROW

/* "add(input, other, *, alpha=1)\n--\n\ntext" → parameters; once, at import. */
static int parse_signature(Row *r) {
  r->signature = r->doc + strlen(r->name);
  r->count = r->required = 0;
  r->positional = r->pack = -1;
  for (const char *p = r->signature + 1; *p && *p != ')';) {
    size_t n = strcspn(p, "=,)");
    if (n == 1 && *p == '*') r->positional = r->count;
    else if (n == 9 && !strncmp(p, "generator", n)) r->random = 1; /* by name only; call() deals with it */
    else {
      if (*p == '*') r->pack = r->count, r->positional = r->count + 1, p++, n--;
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

/* f(…, out=x): the result in x, in x's type; x takes its shape. Takes the count of result. */
static PyObject *put_out(const Row *r, PyObject *out, PyObject *result) {
  if (!result || absent(out)) return result;
  if (!is_tensor(out) || !is_tensor(result)) PyErr_Format(PyExc_TypeError, "%s(): out must be a Tensor, for a function with one tensor as its result", r->name);
  else if (is_recorded(out, HANDLE(result)))
    PyErr_Format(PyExc_RuntimeError, "%s(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad.", r->name);
  else if (dtype_table[bp_dtype_of(HANDLE(result))].floating && !dtype_table[bp_dtype_of(HANDLE(out))].floating)
    PyErr_Format(PyExc_RuntimeError, "result type %s can't be cast to the desired output type %s", dtype_table[bp_dtype_of(HANDLE(result))].name,
                 dtype_table[bp_dtype_of(HANDLE(out))].name);
  else if (same_shape(HANDLE(out), HANDLE(result))) {
    if (!bp_copy_(HANDLE(out), HANDLE(result))) fail();
  } else {
    bp_tensor *other = kept(bp_to(HANDLE(result), bp_dtype_of(HANDLE(out)))), *before = HANDLE(out);
    if (!other) fail();
    else SLOT(out) = other, bp_release(before);
  }
  Py_DECREF(result);
  return PyErr_Occurred() ? NULL : Py_NewRef(out);
}

/* Sorts the arguments of a call into the order of the signature and runs the handler. self is NULL for functions. */
static PyObject *call(const Row *r, PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  PyObject *v[MAX_ARGUMENTS] = {0}, *packed = NULL, *generator = NULL, *out = NULL, *result = NULL;
  int at = 0;
  work = 0;
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
    if (r->random && k < 0 && !PyUnicode_CompareWithASCIIString(name, "generator")) {
      generator = args[n + i + (packed ? PyTuple_Size(packed) : 0)];
      continue;
    }
    if (!self && k < 0 && !PyUnicode_CompareWithASCIIString(name, "out")) {
      out = args[n + i + (packed ? PyTuple_Size(packed) : 0)];
      continue;
    }
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
  result = put_out(r, out, absent(generator) ? r->run(r, v) : run_with(generator, r, v));
out:
  Py_XDECREF(packed);
  return result;
}

static PyObject *call_in_place(const Row *r, PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  PyObject *result = call(r, self, args, n, kw);
  int bad = !result || become(self, HANDLE(result));
  Py_XDECREF(result);
  return bad ? NULL : Py_NewRef(self);
}

/* CPython gives a builtin no place to keep its row, so each row has three functions of one line. */
#define ROW(id, name, where, run, f, g, signature) \
  static PyObject *function_##id(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) { (void)m; return call(&rows[ROW_##id], NULL, args, n, kw); } \
  static PyObject *method_##id(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) { return call(&rows[ROW_##id], self, args, n, kw); } \
  static PyObject *change_##id(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) { return call_in_place(&rows[ROW_##id], self, args, n, kw); }
OPERATIONS(ROW)
#undef ROW
typedef PyObject *(*Fast)(PyObject *, PyObject *const *, Py_ssize_t, PyObject *);
#define ROW(id, name, where, run, f, g, signature) {function_##id, method_##id, where & I ? change_##id : NULL},
static const Fast entries[][3] = {OPERATIONS(ROW)};
#undef ROW
static PyMethodDef functions[ROWS + 1], methods[2 * ROWS + 1];

/* What help() and inspect need of methods, "add($self, other…": written behind one another, kept as long as the process. */
static char *texts;
#define IN_PLACE_DOC "\n--\n\n%s() in place: the result is written into this tensor, which is returned. See help(Tensor.%s)."

static size_t room_for_texts(void) {
  size_t room = 0;
  for (int i = 0; i < ROWS; i++)
    room += (rows[i].where & M ? strlen(rows[i].doc) + 7 : 0) + (rows[i].where & I ? 5 + strcspn(rows[i].doc, "\n") + 4 * strlen(rows[i].name) + sizeof IN_PLACE_DOC : 0);
  return room;
}

/* Fills the method tables and the list of public names from the rows. */
static PyObject *parse_rows(void) {
  if (!texts && !(texts = malloc(room_for_texts()))) return PyErr_NoMemory();
  char *text = texts;
  PyObject *names = PyList_New(0);
  int f = 0, m = 0;
  for (int i = 0; names && i < ROWS; i++) {
    Row *r = &rows[i];
    if (parse_signature(r)) Py_CLEAR(names);
    const char *rest = r->signature + strcspn(r->signature, ",)"); /* what follows the first parameter */
    PyMethodDef def = {r->name, (PyCFunction)(Any)entries[i][0], METH_FASTCALL | METH_KEYWORDS, r->doc};
    if (r->where & (F | P)) functions[f++] = def;
    if (r->where & M) {
      def.ml_meth = (PyCFunction)(Any)entries[i][1];
      def.ml_doc = text;
      text += sprintf(text, "%s($self%s", r->name, rest) + 1;
      methods[m++] = def;
    }
    if (r->where & I) {
      def.ml_meth = (PyCFunction)(Any)entries[i][2];
      def.ml_name = text;
      text += sprintf(text, "%s_", r->name) + 1;
      def.ml_doc = text;
      text += sprintf(text, "%s_($self%.*s" IN_PLACE_DOC, r->name, (int)strcspn(rest, "\n"), rest, r->name, r->name) + 1;
      methods[m++] = def;
    }
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
static PyObject *get_itemsize(PyObject *self, void *unused) { (void)unused; return PyLong_FromLong(dtype_table[bp_dtype_of(HANDLE(self)) & 7].size); }
static PyObject *get_false(PyObject *self, void *unused) { (void)self; (void)unused; Py_RETURN_FALSE; }
static PyObject *get_true(PyObject *self, void *unused) { (void)self; (void)unused; Py_RETURN_TRUE; }
static PyObject *get_retains_grad(PyObject *self, void *unused) { (void)unused; return PyBool_FromLong(bp_retains_grad(HANDLE(self))); }
static PyObject *get_version(PyObject *self, void *unused) { (void)unused; return PyLong_FromLongLong(bp_version_of(HANDLE(self))); }

static PyObject *get_dtype(PyObject *self, void *unused) {
  (void)unused;
  bp_dtype d = bp_dtype_of(HANDLE(self));
  return d < 0 || d > 7 ? fail() : Py_NewRef(dtypes[d]);
}

static PyObject *get_nbytes(PyObject *self, void *unused) {
  (void)unused;
  return PyLong_FromLongLong(bp_numel(HANDLE(self)) * dtype_table[bp_dtype_of(HANDLE(self)) & 7].size);
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

static PyObject *get_h(PyObject *self, void *unused) {
  if (bp_ndim(HANDLE(self)) != 0 && bp_ndim(HANDLE(self)) != 2)
    return PyErr_Format(PyExc_RuntimeError, "tensor.H is only supported on matrices (2-D tensors). Got %d-D tensor.", (int)bp_ndim(HANDLE(self)));
  return get_t(self, unused);
}

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
  {"shape", get_shape, NULL, "The sizes of its dimensions, a Size: a tuple of ints.", NULL}, {"ndim", get_ndim, NULL, "Number of dimensions, at most 8.", NULL},
  {"dtype", get_dtype, NULL, "Type of the elements: help(dtype).", NULL}, {"device", get_device, NULL, "Where it lives: always device(type='cpu').", NULL},
  {"data", get_data, set_data, DATA_TEXT, NULL},
  {"grad", get_grad, set_grad, GRAD_TEXT, NULL},
  {"requires_grad", get_requires_grad, set_requires_grad, REQUIRES_GRAD_TEXT, NULL},
  {"is_leaf", get_is_leaf, NULL, "Whether no recorded operation made it: such tensors keep .grad.", NULL},
  {"grad_fn", get_grad_fn, NULL, "The operation that made it, as PyTorch names it ('MulBackward0'), or None.", NULL},
  {"T", get_t, NULL, "A view with the dimensions in reverse order: of a matrix its transpose.", NULL}, {"mT", get_mt, NULL, "A view with the last two dimensions swapped: matrices transposed.", NULL},
  {"H", get_h, NULL, "A matrix transposed (numbers here are real); RuntimeError for other than 0 or 2 dimensions.", NULL}, {"mH", get_mt, NULL, "Last two dimensions swapped (numbers here are real).", NULL},
  {"nbytes", get_nbytes, NULL, "Bytes of all elements.", NULL}, {"itemsize", get_itemsize, NULL, "Bytes of one element.", NULL}, {"is_cuda", get_false, NULL, "Always False.", NULL},
  {"is_cpu", get_true, NULL, "Always True.", NULL}, {"is_mps", get_false, NULL, "Always False.", NULL}, {"is_meta", get_false, NULL, "Always False.", NULL},
  {"is_sparse", get_false, NULL, "Always False.", NULL}, {"is_quantized", get_false, NULL, "Always False.", NULL}, {"is_xpu", get_false, NULL, "Always False.", NULL},
  {"is_nested", get_false, NULL, "Always False.", NULL},
  {"retains_grad", get_retains_grad, NULL, "Whether a computed tensor keeps its gradient: retain_grad().", NULL},
  {"_version", get_version, NULL, "How often the values were changed in place.", NULL}, {0}};

static PyMemberDef tensor_members[] = {{"__weaklistoffset__", T_PYSSIZET, offsetof(Tensor, weak), READONLY, NULL}, {0}};

/* Tensor(2, 3), Tensor(size): zeros. */
static int all_sizes(PyObject *args) {
  Py_ssize_t n = PyTuple_Size(args);
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *o = PyTuple_GetItem(args, i);
    if (!(PyLong_Check(o) && !PyBool_Check(o)) && !(n == 1 && Py_TYPE(o) == SizeType)) return 0;
  }
  return 1;
}

/* Tensor(data): numbers of the default type; of a tensor: its memory without history, which is what Parameter is made of. */
static PyObject *tensor_new(PyTypeObject *type, PyObject *args, PyObject *kw) {
  PyObject *data, *device = NULL;
  int grad = 0;
  int64_t shape[BP_MAX_DIMS] = {0};
  static char *names[] = {"data", "requires_grad", "device", NULL};
  if (all_sizes(args) && (!kw || !PyDict_Size(kw))) {
    Py_ssize_t one = PyTuple_Size(args) == 1;
    int n = PyTuple_Size(args) ? as_sizes("Tensor", "size", one ? PyTuple_GetItem(args, 0) : args, shape) : 1;
    return n < 0 ? NULL : wrap_as(type, kept(bp_zeros(ctx, default_dtype, n, shape)));
  }
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|p$O:Tensor", names, &data, &grad, &device) || check_device(device)) return NULL;
  if (!is_nested(data) && !is_tensor(data) && !PyObject_CheckBuffer(data)) {
    char buffer[64];
    return PyErr_Format(PyExc_TypeError, "new(): data must be a sequence (got %s)", type_name(data, buffer));
  }
  bp_tensor *t = is_tensor(data) ? kept(bp_detach(HANDLE(data))) : from_anything(data, default_dtype);
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
  {Py_tp_doc, TENSOR_TEXT},
  {Py_tp_new, tensor_new}, {Py_tp_dealloc, tensor_dealloc}, {Py_tp_repr, tensor_repr}, {Py_tp_hash, tensor_hash},
  {Py_tp_richcompare, tensor_compare}, {Py_tp_iter, tensor_iter}, {Py_tp_methods, methods}, {Py_tp_getset, tensor_getset},
  {Py_tp_members, tensor_members},
  {Py_nb_add, nb_add}, {Py_nb_subtract, nb_sub}, {Py_nb_multiply, nb_mul}, {Py_nb_true_divide, nb_div}, {Py_nb_power, nb_pow},
  {Py_nb_matrix_multiply, nb_matmul}, {Py_nb_negative, nb_neg}, {Py_nb_positive, nb_pos}, {Py_nb_absolute, nb_abs},
  {Py_nb_invert, nb_invert}, {Py_nb_and, nb_and}, {Py_nb_or, nb_or}, {Py_nb_xor, nb_xor}, {Py_nb_lshift, nb_lshift}, {Py_nb_rshift, nb_rshift},
  {Py_nb_floor_divide, nb_floordiv}, {Py_nb_remainder, nb_mod}, {Py_nb_inplace_and, nb_iand}, {Py_nb_inplace_or, nb_ior},
  {Py_nb_inplace_xor, nb_ixor}, {Py_nb_inplace_lshift, nb_ilshift}, {Py_nb_inplace_rshift, nb_irshift},
  {Py_nb_inplace_floor_divide, nb_ifloordiv}, {Py_nb_inplace_remainder, nb_imod}, {Py_nb_inplace_power, nb_ipow},
  {Py_nb_inplace_add, nb_iadd}, {Py_nb_inplace_subtract, nb_isub}, {Py_nb_inplace_multiply, nb_imul}, {Py_nb_inplace_true_divide, nb_idiv},
  {Py_nb_bool, nb_bool}, {Py_nb_float, nb_float}, {Py_nb_int, nb_int}, {Py_nb_index, nb_index},
  {Py_mp_length, tensor_length}, {Py_mp_subscript, tensor_subscript}, {Py_mp_ass_subscript, tensor_assign},
  {Py_sq_length, tensor_length}, {Py_sq_contains, tensor_contains}, {Py_sq_item, tensor_at},
  {Py_bf_getbuffer, tensor_getbuffer}, {Py_bf_releasebuffer, tensor_releasebuffer}, {0, NULL}};
static PyType_Spec tensor_spec = {"backprop.Tensor", sizeof(Tensor), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, tensor_slots};

/* ---------------------------------------------------------------------------------------------------------------
 * The module
 * ------------------------------------------------------------------------------------------------------------- */

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
  if (start_context()) return -1;
  PyObject *names = parse_rows(), *tuple = PyTuple_Pack(1, &PyTuple_Type);
  int bad = !names || !tuple || PyModule_AddFunctions(m, functions) || add_type(m, names, "dtype", &DtypeType, &dtype_spec, NULL) ||
            add_type(m, names, "device", &DeviceType, &device_spec, NULL) || add_type(m, names, "Size", &SizeType, &size_spec, tuple) ||
            add_type(m, names, "Tensor", &TensorType, &tensor_spec, NULL) || add_type(m, names, "Generator", &GeneratorType, &generator_spec, NULL) || add_type(m, names, NULL, &OptimizerType, &optimizer_spec, NULL) || add_type(m, names, NULL, &ModuleType, &text_module_spec, NULL) ||
            add_dtypes(m, names);
  Py_XDECREF(tuple);
  if (!bad) {
    PyObject *priority = PyLong_FromLong(1000); /* NumPy's operators leave mixed expressions to us */
    bad = !priority || PyObject_SetAttrString((PyObject *)TensorType, "__array_priority__", priority) ||
          !(the_device = (PyObject *)PyObject_New(PyObject, DeviceType)) || 
          !(default_generator = PyObject_CallNoArgs((PyObject *)GeneratorType)) || PyModule_AddObjectRef(m, "default_generator", default_generator) ||
          PyModule_AddStringConstant(m, "__version__", bp_version_string()) ||
          !(LinAlgError = PyErr_NewExceptionWithDoc("backprop.linalg.LinAlgError", LINALG_ERROR_TEXT, PyExc_RuntimeError, NULL)) || PyModule_AddObjectRef(m, "LinAlgError", LinAlgError) ||
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
