/* ---------------------------------------------------------------------------------------------------------------
 * Element-wise operations
 * ------------------------------------------------------------------------------------------------------------- */

static PyObject *run_unary(const Row *r, PyObject **v) {
  TENSOR(0, x);
  return wrap(((One)r->f)(x));
}

static PyObject *run_two(const Row *r, PyObject **v, Two f) {
  bp_tensor *tx, *ty, *x, *y, *result;
  if (!is_tensor(v[0]) && !is_tensor(v[1])) return type_error(r->name, NAME(0), "Tensor", v[0]);
  if (!(x = operand_beside(r->name, NAME(0), v[0], is_tensor(v[1]) ? HANDLE(v[1]) : NULL, &tx))) return NULL;
  if (!(y = operand_beside(r->name, NAME(1), v[1], x, &ty))) {
    if (tx) drop(tx);
    return NULL;
  }
  result = f(x, y);
  if (tx) drop(tx);
  if (ty) drop(ty);
  return wrap(result);
}

static PyObject *run_binary(const Row *r, PyObject **v) { return run_two(r, v, (Two)r->f); }

static bp_tensor *div_trunc(const bp_tensor *a, const bp_tensor *b) { return bp_div_rounded(a, b, BP_ROUND_TRUNC); }
static bp_tensor *div_floor(const bp_tensor *a, const bp_tensor *b) { return bp_div_rounded(a, b, BP_ROUND_FLOOR); }

static PyObject *run_div(const Row *r, PyObject **v) {
  if (absent(v[2])) return run_two(r, v, bp_div);
  if (PyUnicode_Check(v[2]) && !PyUnicode_CompareWithASCIIString(v[2], "trunc")) return run_two(r, v, div_trunc);
  if (PyUnicode_Check(v[2]) && !PyUnicode_CompareWithASCIIString(v[2], "floor")) return run_two(r, v, div_floor);
  return PyErr_Format(PyExc_RuntimeError, "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found %R", v[2]);
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
  int bad = in_place(v[0], v[1], y, (InPlace)r->f, (Two)r->g, 0);
  if (owned) drop(y);
  return bad ? NULL : Py_NewRef(v[0]);
}

/* copy_, fill_, zero_: what was there plays no part */
static PyObject *run_copy_(const Row *r, PyObject **v) {
  bp_tensor *temporary = NULL, *source, *yes, *result = NULL;
  TENSOR(0, x);
  source = r->count > 1 ? operand(r->name, NAME(1), v[1], &temporary) : (temporary = bp_integer(ctx, 0));
  if (!source) return PyErr_Occurred() ? NULL : fail();
  int bad = 1;
  if (!is_recorded(v[0], source)) bad = !bp_copy_(x, source) && !fail();
  else if (!may_become(v[0], r->name, r->count > 1 ? v[1] : NULL)) {
    if ((yes = bp_full(ctx, BP_BOOL, 0, NULL, 1))) result = bp_where(yes, source, x), drop(yes); /* x stays in the graph, with gradient 0 */
    if (result && scope_depth) bp_retain(result);
    bad = result ? stand_for(v[0], result) : !fail();
  }
  if (temporary) drop(temporary);
  return bad ? NULL : Py_NewRef(v[0]);
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
  if (absent(v[1]) && absent(v[2])) return PyErr_Format(PyExc_RuntimeError, "%s(): at least one of 'min' or 'max' must not be None", r->name);
  if (!(v[1] && is_tensor(v[1])) && !(v[2] && is_tensor(v[2]))) {
    DOUBLE_OR(1, low, -INFINITY);
    DOUBLE_OR(2, high, INFINITY);
    return wrap(bp_clamp(x, low, high));
  }
  bp_tensor *low = NULL, *high = NULL, *tl = NULL, *th = NULL;
  PyObject *result = NULL;
  if ((absent(v[1]) || (low = operand(r->name, NAME(1), v[1], &tl))) && (absent(v[2]) || (high = operand(r->name, NAME(2), v[2], &th))))
    result = wrap(bp_clamp_tensor(x, low, high));
  if (tl) drop(tl);
  if (th) drop(th);
  return result;
}

static PyObject *run_where(const Row *r, PyObject **v) {
  bp_tensor *ta, *tb, *a, *b, *result;
  TENSOR(0, condition);
  if (!v[1] && !v[2]) return coordinates(condition);
  if (!v[1] || !v[2]) return PyErr_Format(PyExc_TypeError, "where() takes the condition alone, or with input and other");
  if (!is_tensor(v[1]) && !is_tensor(v[2])) { /* of two plain numbers: float32, or int64 */
    int floating = !PyIndex_Check(v[1]) || !PyIndex_Check(v[2]);
    double x[2];
    if (as_double(r->name, NAME(1), v[1], &x[0]) || as_double(r->name, NAME(2), v[2], &x[1])) return NULL;
    bp_dtype dtype = floating ? BP_FLOAT32 : PyBool_Check(v[1]) && PyBool_Check(v[2]) ? BP_BOOL : BP_INT64;
    a = bp_full(ctx, dtype, 0, NULL, x[0]);
    b = a ? bp_full(ctx, dtype, 0, NULL, x[1]) : NULL;
    result = b ? bp_where(condition, a, b) : NULL;
    if (a) drop(a);
    if (b) drop(b);
    return wrap(result);
  }
  if (!(a = operand_beside(r->name, NAME(1), v[1], is_tensor(v[2]) ? HANDLE(v[2]) : condition, &ta))) return NULL;
  if ((b = operand_beside(r->name, NAME(2), v[2], a, &tb))) result = bp_where(condition, a, b);
  if (ta) drop(ta);
  if (!b) return NULL;
  if (tb) drop(tb);
  return wrap(result);
}

/* x.where(condition, other) */
static PyObject *run_where_method(const Row *r, PyObject **v) {
  PyObject *function_order[MAX_ARGUMENTS] = {v[1], v[0], v[2]};
  return run_where(r, function_order);
}

/* lerp; addcmul and addcdiv, which have value=1 behind three operands */
static PyObject *run_three(const Row *r, PyObject **v) {
  bp_tensor *t[3] = {NULL}, *x[3];
  PyObject *result = NULL;
  DOUBLE_OR(3, value, 1);
  for (int i = 0; i < 3; i++)
    if (!(x[i] = operand_beside(r->name, NAME(i), v[i], i && is_tensor(v[0]) ? HANDLE(v[0]) : NULL, &t[i]))) goto out;
  result = wrap(r->count == 3 ? bp_lerp(x[0], x[1], x[2]) : ((bp_tensor *(*)(const bp_tensor *, const bp_tensor *, const bp_tensor *, double))r->f)(x[0], x[1], x[2], value));
out:
  for (int i = 0; i < 3; i++)
    if (t[i]) drop(t[i]);
  return result;
}

static PyObject *run_rsub(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DOUBLE_OR(2, alpha, 1);
  bp_tensor *t, *y = operand_beside(r->name, NAME(1), v[1], x, &t), *result;
  if (!y) return NULL;
  result = bp_rsub(x, y, alpha);
  if (t) drop(t);
  return wrap(result);
}

/* The number behind '=' in the signature; NaN for None. */
static double default_of(const Row *r, int parameter) {
  const char *p = r->signature;
  while (parameter--) p = strchr(p, ',') + 1;
  p = strchr(p, '=');
  return !p || p[1] == 'N' ? NAN : strtod(p + 1, NULL);
}

/* Operations of a tensor and up to three numbers; then, for activations, inplace. */
static PyObject *run_numbers(const Row *r, PyObject **v) {
  double x[3] = {0};
  int n = 1;
  TENSOR(0, t);
  bp_tensor *result;
  for (; n < r->count && PyUnicode_CompareWithASCIIString(r->parameters[n], "inplace"); n++)
    if (absent(v[n])) x[n - 1] = default_of(r, n);
    else if (as_double(r->name, NAME(n), v[n], &x[n - 1])) return NULL;
  TRUTH_OR(n, here, 0);
  switch (n) {
  case 1: result = ((One)r->f)(t); break;
  case 2: result = ((bp_tensor *(*)(const bp_tensor *, double))r->f)(t, x[0]); break;
  case 3: result = ((bp_tensor *(*)(const bp_tensor *, double, double))r->f)(t, x[0], x[1]); break;
  default: result = ((bp_tensor *(*)(const bp_tensor *, double, double, double))r->f)(t, x[0], x[1], x[2]);
  }
  if (!result || !here) return wrap(result);
  int bad = become(v[0], result);
  drop(result);
  return bad ? NULL : Py_NewRef(v[0]);
}

/* glu: a tensor and a whole number; round */
static PyObject *run_number(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, n, (int64_t)default_of(r, 1));
  return wrap(((bp_tensor *(*)(const bp_tensor *, int64_t))r->f)(x, n));
}

/* polygamma(n, input), input.polygamma(n) */
static PyObject *run_polygamma(const Row *r, PyObject **v) {
  int method = is_tensor(v[0]);
  TENSOR(!method, x);
  INT(method, n);
  return wrap(bp_polygamma(n, x));
}

static PyObject *run_rrelu(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DOUBLE_OR(1, lower, 1. / 8);
  DOUBLE_OR(2, upper, 1. / 3);
  TRUTH_OR(3, training, 0);
  TRUTH_OR(4, here, 0);
  bp_tensor *result = bp_rrelu(x, lower, upper, training);
  if (!result || !here) return wrap(result);
  int bad = become(v[0], result);
  drop(result);
  return bad ? NULL : Py_NewRef(v[0]);
}

/* Of real numbers: themselves. */
static PyObject *run_itself(const Row *r, PyObject **v) {
  TENSOR(0, x);
  (void)x;
  return Py_NewRef(v[0]);
}

static PyObject *run_positive(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (bp_dtype_of(x) == BP_BOOL) return PyErr_Format(PyExc_RuntimeError, "positive(): not defined for bool");
  return Py_NewRef(v[0]);
}

#define ACTIVATION(OP, name, signature) OP(name, name, P, run_numbers, bp_##name, NULL, signature)
#define OPERATIONS_ELEMENTWISE(OP) \
  OP(add, add, FM, run_add, bp_add, NULL, "(input, other, *, alpha=1)") \
  OP(sub, sub, FM, run_add, bp_sub, NULL, "(input, other, *, alpha=1)") \
  OP(subtract, subtract, FMI, run_add, bp_sub, NULL, "(input, other, *, alpha=1)") \
  OP(rsub, rsub, FM, run_rsub, NULL, NULL, "(input, other, *, alpha=1)") \
  OP(mul, mul, FM, run_binary, bp_mul, NULL, "(input, other)") \
  OP(div, div, FM, run_div, NULL, NULL, "(input, other, *, rounding_mode=None)") \
  OP(divide, divide, FMI, run_div, NULL, NULL, "(input, other, *, rounding_mode=None)") \
  ALIAS(OP, multiply, run_binary, mul, "(input, other)") ALIAS(OP, true_divide, run_binary, div, "(input, other)") \
  BINARY_I(OP, floor_divide) BINARY_I(OP, remainder) BINARY_I(OP, fmod) \
  BINARY_I(OP, maximum) BINARY_I(OP, minimum) BINARY_I(OP, fmax) BINARY_I(OP, fmin) \
  BINARY_I(OP, eq) BINARY_I(OP, ne) BINARY_I(OP, lt) BINARY_I(OP, le) BINARY_I(OP, gt) BINARY_I(OP, ge) \
  ALIAS(OP, not_equal, run_binary, ne, "(input, other)") ALIAS(OP, less, run_binary, lt, "(input, other)") \
  ALIAS(OP, less_equal, run_binary, le, "(input, other)") ALIAS(OP, greater, run_binary, gt, "(input, other)") \
  ALIAS(OP, greater_equal, run_binary, ge, "(input, other)") \
  OP(pow, pow, FMI, run_binary, bp_pow, NULL, "(input, exponent)") \
  OP(float_power, float_power, FMI, run_binary, bp_float_power, NULL, "(input, exponent)") \
  BINARY_I(OP, atan2) ALIAS(OP, arctan2, run_binary, atan2, "(input, other)") BINARY_I(OP, hypot) BINARY_I(OP, copysign) BINARY_I(OP, nextafter) \
  BINARY_I(OP, xlogy) BINARY_I(OP, logaddexp) BINARY_I(OP, logaddexp2) BINARY_I(OP, ldexp) \
  OP(heaviside, heaviside, FMI, run_binary, bp_heaviside, NULL, "(input, values)") \
  BINARY_I(OP, logical_and) BINARY_I(OP, logical_or) BINARY_I(OP, logical_xor) \
  BINARY_I(OP, bitwise_and) BINARY_I(OP, bitwise_or) BINARY_I(OP, bitwise_xor) UNARY_I(OP, bitwise_not) \
  BINARY_I(OP, bitwise_left_shift) BINARY_I(OP, bitwise_right_shift) BINARY_I(OP, gcd) BINARY_I(OP, lcm) \
  UNARY_I(OP, logical_not) UNARY_I(OP, neg) UNARY_I(OP, abs) UNARY_I(OP, sign) UNARY_I(OP, square) UNARY_I(OP, sqrt) UNARY_I(OP, rsqrt) \
  ALIAS(OP, negative, run_unary, neg, "(input)") ALIAS(OP, absolute, run_unary, abs, "(input)") ALIAS(OP, sgn, run_unary, sign, "(input)") \
  UNARY_I(OP, reciprocal) UNARY_I(OP, exp) UNARY_I(OP, exp2) UNARY_I(OP, expm1) UNARY_I(OP, log) UNARY_I(OP, log2) UNARY_I(OP, log10) UNARY_I(OP, log1p) \
  UNARY_I(OP, sin) UNARY_I(OP, cos) UNARY_I(OP, tan) UNARY_I(OP, asin) UNARY_I(OP, acos) UNARY_I(OP, atan) UNARY_I(OP, sinh) UNARY_I(OP, cosh) \
  UNARY_I(OP, tanh) UNARY_I(OP, asinh) UNARY_I(OP, acosh) UNARY_I(OP, atanh) UNARY_I(OP, sinc) UNARY_I(OP, deg2rad) UNARY_I(OP, rad2deg) \
  ALIAS(OP, arcsin, run_unary, asin, "(input)") ALIAS(OP, arccos, run_unary, acos, "(input)") ALIAS(OP, arctan, run_unary, atan, "(input)") \
  ALIAS(OP, arcsinh, run_unary, asinh, "(input)") ALIAS(OP, arccosh, run_unary, acosh, "(input)") ALIAS(OP, arctanh, run_unary, atanh, "(input)") \
  UNARY_I(OP, erf) UNARY_I(OP, erfc) UNARY_I(OP, erfinv) UNARY_I(OP, lgamma) UNARY_I(OP, digamma) UNARY_I(OP, i0) UNARY_I(OP, sigmoid) \
  OP(polygamma, polygamma, FMI, run_polygamma, NULL, NULL, "(n, input)") \
  OP(erfcx, erfcx, P, run_unary, bp_erfcx, NULL, "(input)") OP(ndtri, ndtri, P, run_unary, bp_ndtri, NULL, "(input)") \
  OP(log_ndtr, log_ndtr, P, run_unary, bp_log_ndtr, NULL, "(input)") OP(i0e, i0e, P, run_unary, bp_i0e, NULL, "(input)") \
  OP(i1, i1, P, run_unary, bp_i1, NULL, "(input)") OP(i1e, i1e, P, run_unary, bp_i1e, NULL, "(input)") \
  UNARY_I(OP, floor) UNARY_I(OP, ceil) UNARY_I(OP, trunc) ALIAS(OP, fix, run_unary, trunc, "(input)") UNARY_I(OP, frac) \
  OP(round, round, FMI, run_number, bp_round, NULL, "(input, *, decimals=0)") \
  OP(logit, logit, FMI, run_numbers, bp_logit, NULL, "(input, eps=None)") \
  OP(nan_to_num, nan_to_num, FMI, run_numbers, bp_nan_to_num, NULL, "(input, nan=0.0, posinf=None, neginf=None)") \
  OP(isnan, isnan, FM, run_unary, bp_isnan, NULL, "(input)") OP(isinf, isinf, FM, run_unary, bp_isinf, NULL, "(input)") \
  OP(isfinite, isfinite, FM, run_unary, bp_isfinite, NULL, "(input)") OP(signbit, signbit, FM, run_unary, bp_signbit, NULL, "(input)") \
  OP(positive, positive, FM, run_positive, NULL, NULL, "(input)") OP(real, real, F, run_itself, NULL, NULL, "(input)") \
  OP(conj, conj, FM, run_itself, NULL, NULL, "(input)") OP(conj_physical, conj_physical, FM, run_itself, NULL, NULL, "(input)") \
  OP(resolve_conj, resolve_conj, FM, run_itself, NULL, NULL, "(input)") OP(resolve_neg, resolve_neg, FM, run_itself, NULL, NULL, "(input)") \
  OP(clamp, clamp, FMI, run_clamp, NULL, NULL, "(input, min=None, max=None)") \
  OP(clip, clip, FMI, run_clamp, NULL, NULL, "(input, min=None, max=None)") \
  OP(clamp_min, clamp_min, FMI, run_binary, bp_clamp_min, NULL, "(input, min)") \
  OP(clamp_max, clamp_max, FMI, run_binary, bp_clamp_max, NULL, "(input, max)") \
  OP(where, where, F, run_where, NULL, NULL, "(condition, input=None, other=None)") \
  OP(where_method, where, M, run_where_method, NULL, NULL, "(input, condition, other)") \
  OP(lerp, lerp, FMI, run_three, NULL, NULL, "(input, end, weight)") \
  OP(addcmul, addcmul, FMI, run_three, bp_addcmul, NULL, "(input, tensor1, tensor2, *, value=1)") \
  OP(addcdiv, addcdiv, FMI, run_three, bp_addcdiv, NULL, "(input, tensor1, tensor2, *, value=1)") \
  OP(relu, relu, FMI, run_numbers, bp_relu, NULL, "(input, inplace=False)") \
  OP(selu, selu, F, run_numbers, bp_selu, NULL, "(input, inplace=False)") \
  OP(celu, celu, F, run_numbers, bp_celu, NULL, "(input, alpha=1.0, inplace=False)") \
  OP(threshold, threshold, F, run_numbers, bp_threshold, NULL, "(input, threshold, value, inplace=False)") \
  OP(hardshrink, hardshrink, FM, run_numbers, bp_hardshrink, NULL, "(input, lambd=0.5)") \
  OP(prelu, prelu, FM, run_binary, bp_prelu, NULL, "(input, weight)") \
  OP(rrelu, rrelu, F, run_rrelu, NULL, NULL, "(input, lower=0.125, upper=0.3333333333333333, training=False, inplace=False)") \
  ACTIVATION(OP, relu6, "(input, inplace=False)") ACTIVATION(OP, silu, "(input, inplace=False)") ACTIVATION(OP, mish, "(input, inplace=False)") \
  ACTIVATION(OP, hardswish, "(input, inplace=False)") ACTIVATION(OP, hardsigmoid, "(input, inplace=False)") \
  ACTIVATION(OP, leaky_relu, "(input, negative_slope=0.01, inplace=False)") ACTIVATION(OP, elu, "(input, alpha=1.0, inplace=False)") \
  ACTIVATION(OP, hardtanh, "(input, min_val=-1.0, max_val=1.0, inplace=False)") ACTIVATION(OP, softshrink, "(input, lambd=0.5)") \
  ACTIVATION(OP, softsign, "(input)") ACTIVATION(OP, tanhshrink, "(input)") ACTIVATION(OP, logsigmoid, "(input)") \
  OP(softplus, softplus, P, run_numbers, bp_softplus_with, NULL, "(input, beta=1.0, threshold=20.0)") \
  OP(glu, glu, P, run_number, bp_glu, NULL, "(input, dim=-1)") \
  OP(gelu, gelu, P, run_gelu, NULL, NULL, "(input, approximate=None)") \
  OP(add_, add_, M, run_in_place, bp_add_, bp_add, "(input, other, *, alpha=1)") \
  OP(sub_, sub_, M, run_in_place, bp_sub_, bp_sub, "(input, other, *, alpha=1)") \
  OP(mul_, mul_, M, run_in_place, bp_mul_, bp_mul, "(input, other)") \
  OP(div_, div_, M, run_in_place, bp_div_, bp_div, "(input, other)") \
  OP(copy_, copy_, M, run_copy_, NULL, NULL, "(input, src)") OP(fill_, fill_, M, run_copy_, NULL, NULL, "(input, value)") \
  OP(zero_, zero_, M, run_copy_, NULL, NULL, "(input)")
