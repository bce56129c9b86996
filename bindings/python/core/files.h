/* ---------------------------------------------------------------------------------------------------------------
 * Files
 * ------------------------------------------------------------------------------------------------------------- */

/* _load_file(path) → {name: tensor} in the order of the file's header */
static PyObject *run_load_file(const Row *r, PyObject **v) {
  PyObject *path = NULL, *result = NULL;
  (void)r;
  if (!PyUnicode_FSConverter(v[0], &path)) return NULL;
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

/* _from_memory(data, dtype, shape, offset=0): a tensor over that part of a writable buffer, whatever the buffer's own elements are. */
static PyObject *run_from_memory(const Row *r, PyObject **v) {
  DTYPE_OR(1, dtype, BP_UINT8);
  SIZES(2, shape, n);
  INT_OR(3, offset, 0);
  int64_t size = dtype_table[dtype].size, bytes = size;
  int huge = 0;
  for (int d = 0; d < n; d++) huge |= shape[d] < 0 || __builtin_mul_overflow(bytes, shape[d], &bytes);
  Borrowed *b = calloc(1, sizeof *b);
  if (!b) return PyErr_NoMemory();
  if (PyObject_GetBuffer(v[0], &b->buffer, PyBUF_WRITABLE)) {
    free(b);
    return NULL;
  }
  char *data = (char *)b->buffer.buf + (offset > 0 ? offset : 0);
  int outside = huge || offset < 0 || offset > b->buffer.len || bytes > b->buffer.len - offset;
  const char *problem = outside ? "these sizes and this offset lead out of the buffer"
    : (uintptr_t)data % (uintptr_t)size ? "the memory must be aligned to its elements" : NULL;
  for (int64_t i = 0; !problem && dtype == BP_BOOL && i < bytes; i++)
    if ((unsigned char)data[i] > 1) problem = "a bool tensor holds something else than 0 and 1";
  bp_tensor *t = NULL;
  if (problem) PyErr_Format(PyExc_ValueError, "%s(): %s", r->name, problem);
  else if ((t = bp_tensor_borrow(ctx, dtype, n, shape, data, release_borrowed, b))) return wrap_owned(t);
  else fail();
  PyBuffer_Release(&b->buffer);
  free(b);
  return NULL;
}

#define OPERATIONS_FILES(OP) \
  OP(_load_file, _load_file, P, run_load_file, NULL, NULL, "(f)" DOC("For load().")) \
  OP(_from_memory, _from_memory, P, run_from_memory, NULL, NULL, "(data, dtype, shape, offset=0)" DOC("For load()."))
