/* ---------------------------------------------------------------------------------------------------------------
 * Handlers: one for each kind of signature. v holds the arguments in the order of the signature, NULL where not given.
 * ------------------------------------------------------------------------------------------------------------- */

/* Behind a row's signature: what help() shows below it. The line between them is what inspect.signature() looks for. */
#define DOC(text) "\n--\n\n" text

enum { MAX_ARGUMENTS = 12 };
typedef void (*Any)(void);
typedef struct Row Row;
struct Row {
  const char *name;
  int where; /* F and M below */
  PyObject *(*run)(const Row *, PyObject **v);
  Any f, g; /* the library's functions, of the types run knows */
  const char *signature, *doc; /* doc: name, signature and the text for help(); signature: where in it "(" stands */
  int count, positional, required, pack; /* from the signature: parameters, those before '*', those without default, "*size" */
  PyObject *parameters[MAX_ARGUMENTS];
  int random; /* takes generator= */
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

/* The handles of a sequence of tensors, argument k; *holder keeps them alive. NULL with an exception. */
static bp_tensor **handles(const Row *r, int k, PyObject *sequence, PyObject **holder, Py_ssize_t *n) {
  bp_tensor **list = NULL;
  if (!(*holder = PySequence_Tuple(sequence))) return NULL;
  *n = PyTuple_Size(*holder);
  if (*n > INT32_MAX || !(list = calloc((size_t)*n + 1, sizeof *list))) PyErr_NoMemory();
  for (Py_ssize_t i = 0; list && i < *n; i++)
    if (!(list[i] = tensor_argument(r->name, NAME(k), PyTuple_GetItem(*holder, i)))) {
      free(list);
      list = NULL;
    }
  if (!list) Py_CLEAR(*holder);
  return list;
}

/* An operation put together in Python, in backprop/_composed_movement.py, which is imported when it is first asked for. */
static PyObject *run_composed(const Row *r, PyObject **v) {
  PyObject *module = PyImport_ImportModule("backprop._composed_movement"), *f = module ? PyObject_GetAttrString(module, r->name) : NULL;
  PyObject *args = PyTuple_New(0), *kw = PyDict_New(), *result = NULL;
  int bad = !f || !args || !kw;
  for (int i = 0; !bad && i < r->count; i++)
    if (v[i]) bad = PyDict_SetItem(kw, r->parameters[i], v[i]);
  if (!bad) result = PyObject_Call(f, args, kw);
  Py_XDECREF(module);
  Py_XDECREF(f);
  Py_XDECREF(args);
  Py_XDECREF(kw);
  return result;
}
static PyObject *coordinates(bp_tensor *x);

/* x in a memory format, by backprop/_layout.py; a copy of it at any rate if `copy`. */
static PyObject *laid_out(PyObject *x, PyObject *format, int copy) {
  PyObject *module = PyImport_ImportModule("backprop._layout");
  PyObject *result = module ? PyObject_CallMethod(module, "laid_out", "OOO", x, format, copy ? Py_True : Py_False) : NULL;
  Py_XDECREF(module);
  return result;
}
