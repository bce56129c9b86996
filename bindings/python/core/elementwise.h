/* ---------------------------------------------------------------------------------------------------------------
 * Element-wise operations
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *run_unary(const Row *r, PyObject **v) {
  TENSOR(0, x);
  return wrap(((One)r->f)(x));
}

static PyObject *run_binary(const Row *r, PyObject **v) {
  bp_tensor *tx, *ty, *x, *y, *result;
  if (!is_tensor(v[0]) && !is_tensor(v[1])) return type_error(r->name, NAME(0), "Tensor", v[0]);
  if (!(x = operand_beside(r->name, NAME(0), v[0], is_tensor(v[1]) ? HANDLE(v[1]) : NULL, &tx))) return NULL;
  if (!(y = operand_beside(r->name, NAME(1), v[1], x, &ty))) {
    if (tx) drop(tx);
    return NULL;
  }
  result = ((Two)r->f)(x, y);
  if (tx) drop(tx);
  if (ty) drop(ty);
  return wrap(result);
}

/* other · alpha, or other where alpha is not given; *owned tells whether to drop it. */
static bp_tensor *scaled(const Row *r, PyObject *other, PyObject *alpha, int *owned) {
  bp_tensor *to, *ta, *o = operand(r->name, "other", other, &to), *a, *result;
  *owned = to != NULL;
  if (!o || absent(alpha)) return o;
  result = (a = operand(r->name, "alpha", alpha, &ta)) ? bp_mul(o, a) : NULL;
  if (to) drop(to);
  if (a && !result) fail();
  if (ta) drop(ta);
  *owned = 1;
  return result;
}

/* add, sub: input ± alpha·other */
static PyObject *run_add(const Row *r, PyObject **v) {
  if (absent(v[2])) return run_binary(r, v);
  int owned;
  TENSOR(0, x);
  bp_tensor *y = scaled(r, v[1], v[2], &owned);
  if (!y) return NULL;
  bp_tensor *result = ((Two)r->f)(x, y);
  if (owned) drop(y);
  return wrap(result);
}

static PyObject *run_in_place(const Row *r, PyObject **v) {
  int owned;
  TENSOR(0, x);
  (void)x;
  bp_tensor *y = scaled(r, v[1], r->count > 2 ? v[2] : NULL, &owned);
  if (!y) return NULL;
  int bad = in_place(v[0], y, (InPlace)r->f, (Two)r->g);
  if (owned) drop(y);
  return bad ? NULL : Py_NewRef(v[0]);
}

/* copy_, fill_, zero_: what was there plays no part */
static PyObject *run_copy_(const Row *r, PyObject **v) {
  bp_tensor *temporary = NULL, *source;
  TENSOR(0, x);
  source = r->count > 1 ? operand(r->name, NAME(1), v[1], &temporary) : (temporary = bp_integer(ctx, 0));
  if (!source) return PyErr_Occurred() ? NULL : fail();
  bp_tensor *result = bp_copy_(x, source);
  if (temporary) drop(temporary);
  return result ? Py_NewRef(v[0]) : fail();
}

static PyObject *run_gelu(const Row *r, PyObject **v) {
  TENSOR(0, x);
  int form = absent(v[1]) || (PyUnicode_Check(v[1]) && !PyUnicode_CompareWithASCIIString(v[1], "none")) ? 0
           : PyUnicode_Check(v[1]) && !PyUnicode_CompareWithASCIIString(v[1], "tanh") ? 1 : -1;
  if (form < 0) return PyErr_Format(PyExc_RuntimeError, "gelu(): approximate must be 'none' or 'tanh', got %R", v[1]);
  return wrap(bp_gelu(x, form));
}

static PyObject *run_clamp(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DOUBLE_OR(1, low, -INFINITY);
  DOUBLE_OR(2, high, INFINITY);
  if (absent(v[1]) && absent(v[2])) return PyErr_Format(PyExc_RuntimeError, "clamp(): at least one of 'min' or 'max' must not be None");
  return wrap(bp_clamp(x, low, high));
}

static PyObject *run_where(const Row *r, PyObject **v) {
  bp_tensor *ta, *tb, *a, *b, *result;
  TENSOR(0, condition);
  if (!(a = operand_beside(r->name, NAME(1), v[1], is_tensor(v[2]) ? HANDLE(v[2]) : condition, &ta))) return NULL;
  if ((b = operand_beside(r->name, NAME(2), v[2], a, &tb))) result = bp_where(condition, a, b);
  if (ta) drop(ta);
  if (!b) return NULL;
  if (tb) drop(tb);
  return wrap(result);
}

#define OPERATIONS_ELEMENTWISE(OP) \
  OP(add, add, FM, run_add, bp_add, NULL, "(input, other, *, alpha=1)") \
  OP(sub, sub, FM, run_add, bp_sub, NULL, "(input, other, *, alpha=1)") \
  BINARY(OP, mul) BINARY(OP, div) BINARY(OP, maximum) BINARY(OP, minimum) BINARY(OP, eq) BINARY(OP, ne) BINARY(OP, lt) BINARY(OP, le) \
  BINARY(OP, gt) BINARY(OP, ge) \
  OP(pow, pow, FM, run_binary, bp_pow, NULL, "(input, exponent)") \
  UNARY(OP, logical_not) UNARY(OP, neg) UNARY(OP, abs) UNARY(OP, sign) UNARY(OP, square) UNARY(OP, sqrt) UNARY(OP, rsqrt) \
  UNARY(OP, reciprocal) UNARY(OP, exp) UNARY(OP, log) UNARY(OP, sin) UNARY(OP, cos) UNARY(OP, erf) UNARY(OP, relu) UNARY(OP, sigmoid) \
  UNARY(OP, tanh) \
  OP(clamp, clamp, FM, run_clamp, NULL, NULL, "(input, min=None, max=None)") \
  OP(where, where, F, run_where, NULL, NULL, "(condition, input, other)") \
  OP(softplus, softplus, P, run_unary, bp_softplus, NULL, "(input)") \
  OP(gelu, gelu, P, run_gelu, NULL, NULL, "(input, approximate=None)") \
  OP(add_, add_, M, run_in_place, bp_add_, bp_add, "(input, other, *, alpha=1)") \
  OP(sub_, sub_, M, run_in_place, bp_sub_, bp_sub, "(input, other, *, alpha=1)") \
  OP(mul_, mul_, M, run_in_place, bp_mul_, bp_mul, "(input, other)") \
  OP(div_, div_, M, run_in_place, bp_div_, bp_div, "(input, other)") \
  OP(copy_, copy_, M, run_copy_, NULL, NULL, "(input, src)") OP(fill_, fill_, M, run_copy_, NULL, NULL, "(input, value)") \
  OP(zero_, zero_, M, run_copy_, NULL, NULL, "(input)")
