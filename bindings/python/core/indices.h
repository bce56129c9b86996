/* ---------------------------------------------------------------------------------------------------------------
 * Gathering and scattering by index
 * ------------------------------------------------------------------------------------------------------------- */

/* gather, index_select: (input, dim, index) */
static PyObject *run_index(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, index);
  return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t, const bp_tensor *)) r->f)(x, dim, index));
}

/* scatter_add, index_add: (input, dim, index, src) */
static PyObject *run_add_at(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT(1, dim);
  TENSOR(2, index);
  TENSOR(3, src);
  return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t, const bp_tensor *, const bp_tensor *)) r->f)(x, dim, index, src));
}

#define OPERATIONS_INDICES(OP) \
  OP(gather, gather, FM, run_index, bp_gather, NULL, "(input, dim, index)") \
  OP(index_select, index_select, FM, run_index, bp_index_select, NULL, "(input, dim, index)") \
  OP(scatter_add, scatter_add, FM, run_add_at, bp_scatter_add, NULL, "(input, dim, index, src)") \
  OP(index_add, index_add, FM, run_add_at, bp_index_add, NULL, "(input, dim, index, source)")
