/* ---------------------------------------------------------------------------------------------------------------
 * Matrix products and linear algebra
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *run_matmul(const Row *r, PyObject **v) {
  TENSOR(0, a);
  TENSOR(1, b);
  int32_t need = (int32_t)(r->g == NULL ? 0 : r->name[0] == 'm' ? 2 : r->name[0] == 'b' ? 3 : 1); /* mm, bmm, dot */
  if (need && (bp_ndim(a) != need || bp_ndim(b) != need))
    return PyErr_Format(PyExc_RuntimeError, "%s(): both must have %d dimensions, got %d and %d", r->name, need, (int)bp_ndim(a), (int)bp_ndim(b));
  return wrap(bp_matmul(a, b));
}

static PyObject *run_linear(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, w);
  TENSOR_OR_NULL(2, b);
  return wrap(bp_linear(x, w, b));
}

#define OPERATIONS_PRODUCTS(OP) \
  OP(matmul, matmul, FM, run_matmul, NULL, NULL, "(input, other)") \
  OP(mm, mm, FM, run_matmul, NULL, bp_matmul, "(input, mat2)") \
  OP(bmm, bmm, FM, run_matmul, NULL, bp_matmul, "(input, mat2)") \
  OP(dot, dot, FM, run_matmul, NULL, bp_matmul, "(input, tensor)") \
  OP(linear, linear, P, run_linear, NULL, NULL, "(input, weight, bias=None)")
