/* ---------------------------------------------------------------------------------------------------------------
 * Arguments: numbers, tensors, sizes
 * ------------------------------------------------------------------------------------------------------------- */

/* Python's and NumPy's scalars; not tensors, not arrays. */
static int is_number(PyObject *o) {
  if (PyFloat_Check(o) || PyLong_Check(o)) return 1;
  if (is_tensor(o) || PyType_GetSlot(Py_TYPE(o), Py_sq_length)) return 0;
  return PyIndex_Check(o) || PyType_GetSlot(Py_TYPE(o), Py_nb_float);
}

/* The handle of an operand: its elements count as work. */
static inline bp_tensor *seen(PyObject *o) {
  bp_tensor *t = HANDLE(o);
  work += bp_numel(t);
  return t;
}

/* A handle for a number beside a tensor, to be dropped; NULL with an exception. True and False are integers 1 and 0, but
 * beside a bool tensor the result stays bool. */
static bp_tensor *number_beside(PyObject *o, bp_tensor *other) {
  bp_tensor *t;
  if (PyBool_Check(o) && other && bp_dtype_of(other) == BP_BOOL) t = bp_full(ctx, BP_BOOL, 0, NULL, o == Py_True);
  else if (PyFloat_Check(o) && default_dtype != BP_FLOAT32 && other && !dtype_table[bp_dtype_of(other) & 7].floating)
    t = bp_full(ctx, default_dtype, 0, NULL, PyFloat_AsDouble(o)); /* an integer tensor meets a number of the default type */
  else if (PyFloat_Check(o)) t = bp_number(ctx, PyFloat_AsDouble(o));
  else if (PyIndex_Check(o)) {
    PyObject *index = PyNumber_Index(o);
    long long value = index ? PyLong_AsLongLong(index) : -1;
    Py_XDECREF(index);
    if (value == -1 && PyErr_Occurred()) return NULL;
    t = bp_integer(ctx, value);
  } else {
    double value = PyFloat_AsDouble(o);
    if (value == -1 && PyErr_Occurred()) return NULL;
    t = bp_number(ctx, value);
  }
  if (!t) fail();
  return t;
}

static bp_tensor *number(PyObject *o) { return number_beside(o, NULL); }

static const char *type_name(PyObject *o, char buffer[64]) {
  PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(o), "__name__");
  const char *text = name ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
  strncpy(buffer, text ? text : "object", 63);
  buffer[63] = 0;
  PyErr_Clear();
  Py_XDECREF(name);
  return buffer;
}

static void *type_error(const char *function, const char *argument, const char *expected, PyObject *got) {
  char buffer[64];
  PyErr_Format(PyExc_TypeError, "%s(): argument '%s' must be %s, not %s", function, argument, expected, type_name(got, buffer));
  return NULL;
}

/* The handle of an argument that is a tensor or a number. *temporary receives what to drop afterwards, or NULL. */
static bp_tensor *operand_beside(const char *function, const char *argument, PyObject *o, bp_tensor *other, bp_tensor **temporary) {
  *temporary = NULL;
  if (is_tensor(o)) return seen(o);
  if (is_number(o)) return *temporary = number_beside(o, other);
  return type_error(function, argument, "Tensor or number", o);
}

static bp_tensor *operand(const char *function, const char *argument, PyObject *o, bp_tensor **temporary) {
  return operand_beside(function, argument, o, NULL, temporary);
}

static bp_tensor *tensor_argument(const char *function, const char *argument, PyObject *o) {
  return is_tensor(o) ? seen(o) : type_error(function, argument, "Tensor", o);
}

static int as_int64(const char *function, const char *argument, PyObject *o, int64_t *value) {
  if (!PyIndex_Check(o)) return type_error(function, argument, "int", o), -1;
  PyObject *index = PyNumber_Index(o);
  long long number = index ? PyLong_AsLongLong(index) : -1;
  Py_XDECREF(index);
  if (number == -1 && PyErr_Occurred()) return -1;
  *value = number;
  return 0;
}

static int as_double(const char *function, const char *argument, PyObject *o, double *value) {
  if (!is_number(o) && !is_tensor(o)) return type_error(function, argument, "float", o), -1;
  *value = PyFloat_AsDouble(o);
  return *value == -1 && PyErr_Occurred() ? -1 : 0;
}

/* One int, or a sequence of at most 8, into out; the count, or −1. */
static int as_sizes(const char *function, const char *argument, PyObject *o, int64_t out[BP_MAX_DIMS]) {
  if (PyIndex_Check(o) && !(is_tensor(o) && bp_ndim(HANDLE(o)) > 0)) return as_int64(function, argument, o, out) ? -1 : 1;
  if (!PySequence_Check(o) || PyUnicode_Check(o)) return type_error(function, argument, "int or a sequence of ints", o), -1;
  Py_ssize_t n = PySequence_Size(o);
  if (n < 0 && !PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a sequence of negative length");
  if (n < 0) return -1;
  if (n > BP_MAX_DIMS) {
    PyErr_Format(PyExc_RuntimeError, "%s(): at most %d dimensions, got %zd", function, BP_MAX_DIMS, n);
    return -1;
  }
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *item = PySequence_GetItem(o, i);
    int bad = !item || as_int64(function, argument, item, &out[i]);
    Py_XDECREF(item);
    if (bad) return -1;
  }
  return (int)n;
}

/* A dtype object or Python's float, int, bool; *out is left alone for None or an argument not given. */
static int as_dtype(const char *function, PyObject *o, bp_dtype *out) {
  if (!o || o == Py_None) return 0;
  if (Py_TYPE(o) == DtypeType) *out = ((Dtype *)o)->code;
  else if (o == (PyObject *)&PyFloat_Type) *out = BP_FLOAT64;
  else if (o == (PyObject *)&PyLong_Type) *out = BP_INT64;
  else if (o == (PyObject *)&PyBool_Type) *out = BP_BOOL;
  else return type_error(function, "dtype", "a backprop.dtype", o), -1;
  return 0;
}

static int truth(PyObject *o, int otherwise) { return o ? PyObject_IsTrue(o) : otherwise; }

/* Not given, or None. */
static inline int absent(PyObject *o) { return !o || o == Py_None; }
