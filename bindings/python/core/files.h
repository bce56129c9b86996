/* ---------------------------------------------------------------------------------------------------------------
 * Files
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *path_of(const Row *r, PyObject *o) {
  PyObject *bytes = NULL;
  if (PyUnicode_Check(o) || PyBytes_Check(o) || PyObject_HasAttrString(o, "__fspath__")) PyUnicode_FSConverter(o, &bytes);
  else type_error(r->name, "f", "a path", o);
  return bytes;
}

/* save({name: tensor}, path) */
static PyObject *run_save(const Row *r, PyObject **v) {
  if (!PyDict_Check(v[0])) return type_error(r->name, "obj", "a dict of names and Tensors, such as state_dict()", v[0]);
  PyObject *path = path_of(r, v[1]), *items = path ? PyDict_Items(v[0]) : NULL, *result = NULL;
  Py_ssize_t n = items ? PyList_Size(items) : 0, i = 0;
  const char **names = malloc((size_t)(n + 1) * sizeof *names);
  bp_tensor **tensors = malloc((size_t)(n + 1) * sizeof *tensors);
  if (!names || !tensors) PyErr_NoMemory();
  else if (items) {
    for (; i < n; i++) {
      PyObject *pair = PyList_GetItem(items, i), *key = PyTuple_GetItem(pair, 0), *value = PyTuple_GetItem(pair, 1);
      Py_ssize_t length;
      char buffer[64];
      if (!PyUnicode_Check(key)) type_error(r->name, "obj", "a dict whose keys are str", key);
      else if (!is_tensor(value)) PyErr_Format(PyExc_TypeError, "save(): only Tensors can be saved; %R is %s", key, type_name(value, buffer));
      else if ((names[i] = PyUnicode_AsUTF8AndSize(key, &length)) && strlen(names[i]) != (size_t)length)
        PyErr_Format(PyExc_ValueError, "save(): a name contains a null character: %R", key);
      if (PyErr_Occurred()) break;
      tensors[i] = HANDLE(value);
    }
    if (i == n) {
      errno = 0;
      const char *place = PyBytes_AsString(path);
      work = LONG_WORK;
      result = done(bp_save(ctx, place, (int32_t)n, names, tensors));
    }
  }
  free(names);
  free(tensors);
  Py_XDECREF(items);
  Py_XDECREF(path);
  return result;
}

/* load(path) → {name: tensor} */
static PyObject *run_load(const Row *r, PyObject **v) {
  if (check_device(v[1])) return NULL;
  PyObject *path = path_of(r, v[0]), *result = NULL;
  if (!path) return NULL;
  bp_archive *file = bp_load(ctx, PyBytes_AsString(path));
  if (!file) errno = access(PyBytes_AsString(path), F_OK) ? ENOENT : EIO, fail();
  else {
    result = PyDict_New();
    for (int32_t i = 0; result && i < bp_archive_count(file); i++) {
      const char *name = bp_archive_name(file, i);
      PyObject *t = wrap(bp_archive_get(file, name));
      if (!t || PyDict_SetItemString(result, name, t)) Py_CLEAR(result);
      Py_XDECREF(t);
    }
    bp_archive_destroy(file);
  }
  Py_DECREF(path);
  return result;
}

#define OPERATIONS_FILES(OP) \
  OP(save, save, F, run_save, NULL, NULL, "(obj, f)" \
     DOC("Writes a dict of names and tensors, such as module.state_dict(), to the file f as safetensors. The file is replaced as a\n" \
         "whole or stays as it was; TypeError for anything but tensors.")) \
  OP(load, load, F, run_load, NULL, NULL, "(f, map_location=None, *, weights_only=True)" \
     DOC("The dict of names and tensors in the safetensors file f. Nothing in the file is executed. FileNotFoundError, or\n" \
         "ValueError for a file that is truncated or something else."))
