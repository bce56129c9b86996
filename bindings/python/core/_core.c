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
  if (!result) bp_context_clear(ctx); /* what was reported on the way to another exception is not the next call's */
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

#include "tensor_type.h"

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
