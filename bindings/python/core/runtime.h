/* ---------------------------------------------------------------------------------------------------------------
 * Threads, memory, the table of operations
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *run_set_num_threads(const Row *r, PyObject **v) {
  INT(0, n);
  if (n != (int32_t)n) return PyErr_Format(PyExc_ValueError, "set_num_threads(): expected 1…256, got %lld", (long long)n);
  return done(bp_set_num_threads(ctx, (int32_t)n));
}

static PyObject *run_get_num_threads(const Row *r, PyObject **v) { (void)r; (void)v; return PyLong_FromLong(bp_num_threads(ctx)); }

static PyObject *run_operations(const Row *r, PyObject **v) {
  (void)r; (void)v;
  int32_t n = bp_operation_count();
  PyObject *list = PyList_New(n);
  for (int32_t i = 0; list && i < n; i++) {
    PyObject *name = PyUnicode_FromString(bp_operation_name(i));
    if (!name || PyList_SetItem(list, i, name)) Py_CLEAR(list);
  }
  return list;
}

static PyObject *run_memory(const Row *r, PyObject **v) {
  (void)r; (void)v;
  return Py_BuildValue("{sLsLsLsL}", "in_use", (long long)bp_memory_stat(ctx, BP_MEMORY_IN_USE), "peak", (long long)bp_memory_stat(ctx, BP_MEMORY_PEAK),
                       "reserved", (long long)bp_memory_stat(ctx, BP_MEMORY_RESERVED), "tensors", (long long)bp_memory_stat(ctx, BP_MEMORY_TENSORS));
}

static PyObject *run_reset_peak(const Row *r, PyObject **v) { (void)r; (void)v; return done(bp_memory_reset_peak(ctx)); }
static PyObject *run_trim(const Row *r, PyObject **v) { (void)r; (void)v; return done(bp_memory_trim(ctx)); }

#define OPERATIONS_RUNTIME(OP) \
  OP(set_num_threads, set_num_threads, F, run_set_num_threads, NULL, NULL, "(n)" \
     DOC("Worker threads that may compute, 1 … 256; 0: as many as the processor offers, or BACKPROP_NUM_THREADS. Never changes a\n" \
         "result.")) \
  OP(get_num_threads, get_num_threads, F, run_get_num_threads, NULL, NULL, "()" DOC("Worker threads that may compute.")) \
  OP(operations, operations, F, run_operations, NULL, NULL, "()" DOC("The names of all operations of the library, a list of str.")) \
  OP(memory_stats, memory_stats, F, run_memory, NULL, NULL, "()" \
     DOC("Bytes of tensor memory as a dict: 'in_use' now, 'peak' the most so far, 'reserved' in use or kept for reuse; 'tensors'\n" \
         "counts live tensors.")) \
  OP(reset_peak, reset_peak_memory_stats, F, run_reset_peak, NULL, NULL, "()" DOC("memory_stats()['peak'] begins anew at what is in use now.")) \
  OP(empty_cache, empty_cache, F, run_trim, NULL, NULL, "()" DOC("Gives memory that was kept for reuse back to the system."))
