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
  result = WORK(f(x, y));
  if (tx) drop(tx);
  if (ty) drop(ty);
  return wrap_view(result);
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
  bp_tensor *result = WORK(((Two)r->f)(x, y));
  if (owned) drop(y);
  return wrap_view(result);
}

static PyObject *run_in_place(const Row *r, PyObject **v) {
  int owned;
  TENSOR(0, x);
  (void)x;
  bp_tensor *y = scaled(r, v[1], r->count > 2 ? v[2] : NULL, &owned);
  if (!y) return NULL;
  int bad = in_place(v[0], y, (InPlace)r->f, (Two)r->g, 0);
  if (owned) drop(y);
  return bad ? NULL : Py_NewRef(v[0]);
}

/* div_: with a rounding_mode the rounded quotient in the tensor's place */
static PyObject *run_div_(const Row *r, PyObject **v) {
  PyObject *mode = v[2];
  v[2] = NULL;
  if (absent(mode)) return run_in_place(r, v);
  PyObject *arguments[] = {v[0], v[1], mode}, *result = run_div(r, arguments);
  int bad = !result || become(v[0], HANDLE(result));
  Py_XDECREF(result);
  return bad ? NULL : Py_NewRef(v[0]);
}

/* copy_, fill_, zero_: what was there plays no part */
static PyObject *run_copy_(const Row *r, PyObject **v) {
  bp_tensor *temporary = NULL, *source, *yes, *result = NULL;
  TENSOR(0, x);
  source = r->count > 1 ? operand(r->name, NAME(1), v[1], &temporary) : (temporary = bp_integer(ctx, 0));
  if (!source) return PyErr_Occurred() ? NULL : fail();
  int bad = 1;
  if (!is_recorded(v[0], source)) bad = !WORK(bp_copy_(x, source)) && !fail();
  else if (!may_become(v[0], r->name)) {
    if ((yes = bp_full(ctx, BP_BOOL, 0, NULL, 1))) result = bp_where(yes, source, x), drop(yes); /* x stays in the graph, with gradient 0 */
    if (result && scope_depth) bp_retain(result);
    bad = result ? stand_for(v[0], result, 0) : !fail();
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
  if ((b = operand_beside(r->name, NAME(2), v[2], a, &tb))) result = WORK(bp_where(condition, a, b));
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
  p += strcspn(p, "=,)");
  return *p != '=' || p[1] == 'N' ? NAN : strtod(p + 1, NULL);
}

/* An operation's result; in the place of self where `here` says so. */
static PyObject *placed(PyObject *self, bp_tensor *result, int here) {
  if (!result || !here) return wrap(result);
  int bad = become(self, result);
  drop(result);
  return bad ? NULL : Py_NewRef(self);
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
  case 1: result = WORK(((One)r->f)(t)); break;
  case 2: result = WORK(((bp_tensor *(*)(const bp_tensor *, double))r->f)(t, x[0])); break;
  case 3: result = WORK(((bp_tensor *(*)(const bp_tensor *, double, double))r->f)(t, x[0], x[1])); break;
  default: result = WORK(((bp_tensor *(*)(const bp_tensor *, double, double, double))r->f)(t, x[0], x[1], x[2]));
  }
  return placed(v[0], result, here);
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

#define FLOATS " Whole numbers give float32."
#define TWO "\n\nBoth broadcast together and mixed types promote; one of the two may be a number."
#define COMPARES " element by element: bool, without gradient." TWO
#define BITS " of bools or whole numbers; TypeError for floating ones." TWO
#define INPLACE " inplace=True writes the result into input."
#define PREDICATE " element by element: bool, without gradient."
#define ACTIVATION(OP, name, signature) OP(name, name, P, run_numbers, bp_##name, NULL, signature)
#define OPERATIONS_ELEMENTWISE(OP) \
  OP(add, add, FM, run_add, bp_add, NULL, "(input, other, *, alpha=1)" DOC("input + alpha·other." TWO)) \
  OP(sub, sub, FM, run_add, bp_sub, NULL, "(input, other, *, alpha=1)" DOC("input − alpha·other." TWO)) \
  OP(subtract, subtract, FMI, run_add, bp_sub, NULL, "(input, other, *, alpha=1)" DOC("Same as sub().")) \
  OP(rsub, rsub, FM, run_rsub, NULL, NULL, "(input, other, *, alpha=1)" DOC("other − alpha·input: sub() with its operands exchanged.")) \
  OP(mul, mul, FM, run_binary, bp_mul, NULL, "(input, other)" DOC("input·other, element by element (matmul() is the matrix product)." TWO)) \
  OP(div, div, FM, run_div, NULL, NULL, "(input, other, *, rounding_mode=None)" \
     DOC("input / other, always floating: whole numbers give float32.\n\n" \
         "rounding_mode 'trunc' rounds towards 0 and 'floor' down, in the operands' common type and with gradient 0; dividing\n" \
         "whole numbers by 0 is then a ValueError." TWO "\n\n" \
         "    >>> backprop.div(backprop.tensor([7, -7]), 2, rounding_mode='floor')\n" \
         "    tensor([ 3, -4])")) \
  OP(divide, divide, FMI, run_div, NULL, NULL, "(input, other, *, rounding_mode=None)" DOC("Same as div().")) \
  ALIAS(OP, multiply, run_binary, mul, "(input, other)") ALIAS(OP, true_divide, run_binary, div, "(input, other)") \
  BINARY_I(OP, floor_divide, "⌊input / other⌋ in the operands' common type; gradient 0. Whole numbers divided by 0: ValueError." TWO) \
  BINARY_I(OP, remainder, "input − other·⌊input/other⌋: the remainder with the sign of other, as Python's %. Whole numbers by 0: ValueError." TWO) \
  BINARY_I(OP, fmod, "input − other·trunc(input/other): the remainder with the sign of input, as C's fmod. Whole numbers by 0: ValueError." TWO) \
  BINARY_I(OP, maximum, "The larger of the two, NaN where either is NaN; equals get half the gradient each." TWO) \
  BINARY_I(OP, minimum, "The smaller of the two, NaN where either is NaN; equals get half the gradient each." TWO) \
  BINARY_I(OP, fmax, "The larger of the two; a NaN loses against a number. Of equals input gets the gradient." TWO) \
  BINARY_I(OP, fmin, "The smaller of the two; a NaN loses against a number. Of equals input gets the gradient." TWO) \
  BINARY_I(OP, eq, "input == other" COMPARES "\n\nequal() asks of two whole tensors.") BINARY_I(OP, ne, "input != other" COMPARES) \
  BINARY_I(OP, lt, "input < other" COMPARES) BINARY_I(OP, le, "input <= other" COMPARES) BINARY_I(OP, gt, "input > other" COMPARES) \
  BINARY_I(OP, ge, "input >= other" COMPARES) ALIAS(OP, not_equal, run_binary, ne, "(input, other)") ALIAS(OP, less, run_binary, lt, "(input, other)") \
  ALIAS(OP, less_equal, run_binary, le, "(input, other)") ALIAS(OP, greater, run_binary, gt, "(input, other)") \
  ALIAS(OP, greater_equal, run_binary, ge, "(input, other)") \
  OP(pow, pow, FMI, run_binary, bp_pow, NULL, "(input, exponent)" \
     DOC("input to the power of exponent; NaN for a negative input and a fraction; whole numbers to a negative power are a\n" \
         "ValueError. The gradient for the exponent of 0 is 0." TWO)) \
  OP(float_power, float_power, FMI, run_binary, bp_float_power, NULL, "(input, exponent)" DOC("pow() computed in, and giving, float64." TWO)) \
  BINARY_I(OP, atan2, "The angle, −π … π, of the point with x = other, y = input." FLOATS TWO) ALIAS(OP, arctan2, run_binary, atan2, "(input, other)") \
  BINARY_I(OP, hypot, "√(input² + other²), without overflow in between." TWO) \
  BINARY_I(OP, copysign, "|input| with the sign of other, also that of −0." TWO) \
  BINARY_I(OP, nextafter, "The next floating number after input towards other; no gradient." TWO) \
  BINARY_I(OP, xlogy, "input·ln other, and 0 where input is 0 (NaN where other is NaN)." FLOATS TWO) \
  BINARY_I(OP, logaddexp, "ln(e^input + e^other), without overflow." TWO) BINARY_I(OP, logaddexp2, "log₂(2^input + 2^other), without overflow." TWO) \
  BINARY_I(OP, ldexp, "input·2^other." FLOATS TWO) \
  OP(heaviside, heaviside, FMI, run_binary, bp_heaviside, NULL, "(input, values)" DOC("The step: 0 where input < 0, 1 where input > 0, values where input is 0.")) \
  BINARY_I(OP, logical_and, "Whether both are not 0, of any types: bool." TWO) \
  BINARY_I(OP, logical_or, "Whether either is not 0, of any types: bool." TWO) \
  BINARY_I(OP, logical_xor, "Whether exactly one is not 0, of any types: bool." TWO) BINARY_I(OP, bitwise_and, "The bits both have," BITS) \
  BINARY_I(OP, bitwise_or, "The bits either has," BITS) BINARY_I(OP, bitwise_xor, "The bits exactly one has," BITS) \
  UNARY_I(OP, bitwise_not, "Every bit turned; of bool: logical_not(). TypeError for floating types.") \
  BINARY_I(OP, bitwise_left_shift, "input·2^other of whole numbers; 0 where other is negative or not below the number of bits." TWO) \
  BINARY_I(OP, bitwise_right_shift, "⌊input / 2^other⌋ of whole numbers: filled up with the sign." TWO) \
  BINARY_I(OP, gcd, "The greatest common divisor of whole numbers, not negative." TWO) \
  BINARY_I(OP, lcm, "The least common multiple of whole numbers, not negative." TWO) \
  UNARY_I(OP, logical_not, "Whether an element is 0, of any type: bool.") UNARY_I(OP, neg, "−input. TypeError for bool: use logical_not().") \
  UNARY_I(OP, abs, "|input|, element by element; the gradient at 0 is 0.") UNARY_I(OP, sign, "−1, 0 or 1, element by element; gradient 0.") \
  UNARY_I(OP, square, "input², element by element.") UNARY_I(OP, sqrt, "√input; NaN where it is negative, gradient ∞ at 0." FLOATS) \
  UNARY_I(OP, rsqrt, "1/√input." FLOATS) ALIAS(OP, negative, run_unary, neg, "(input)") ALIAS(OP, absolute, run_unary, abs, "(input)") \
  ALIAS(OP, sgn, run_unary, sign, "(input)") UNARY_I(OP, reciprocal, "1/input." FLOATS) UNARY_I(OP, exp, "e^input." FLOATS) \
  UNARY_I(OP, exp2, "2^input." FLOATS) UNARY_I(OP, expm1, "e^input − 1, without loss of digits near 0." FLOATS) \
  UNARY_I(OP, log, "ln input; NaN where it is negative, −∞ at 0." FLOATS) UNARY_I(OP, log2, "The logarithm to base 2." FLOATS) \
  UNARY_I(OP, log10, "The logarithm to base 10." FLOATS) UNARY_I(OP, log1p, "ln(1 + input), without loss of digits near 0." FLOATS) \
  UNARY_I(OP, sin, "The sine of an angle in radians." FLOATS) UNARY_I(OP, cos, "The cosine of an angle in radians." FLOATS) \
  UNARY_I(OP, tan, "The tangent of an angle in radians." FLOATS) UNARY_I(OP, asin, "sin⁻¹: the angle, −π/2 … π/2; NaN outside −1 … 1." FLOATS) \
  UNARY_I(OP, acos, "cos⁻¹: the angle, 0 … π; NaN outside −1 … 1." FLOATS) UNARY_I(OP, atan, "tan⁻¹: the angle, −π/2 … π/2." FLOATS) \
  UNARY_I(OP, sinh, "(eˣ − e⁻ˣ)/2 of x = input." FLOATS) UNARY_I(OP, cosh, "(eˣ + e⁻ˣ)/2 of x = input." FLOATS) \
  UNARY_I(OP, tanh, "(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ) of x = input, between −1 and 1; its derivative is 1 − tanh²." FLOATS) \
  UNARY_I(OP, asinh, "sinh⁻¹: ln(x + √(x² + 1)) of x = input." FLOATS) \
  UNARY_I(OP, acosh, "cosh⁻¹: ln(x + √(x² − 1)) of x = input; NaN below 1." FLOATS) \
  UNARY_I(OP, atanh, "tanh⁻¹: ½·ln((1 + x)/(1 − x)) of x = input; NaN outside −1 … 1." FLOATS) \
  UNARY_I(OP, sinc, "sin(πx)/(πx) of x = input, 1 at 0." FLOATS) UNARY_I(OP, deg2rad, "Degrees to radians: input·π/180." FLOATS) \
  UNARY_I(OP, rad2deg, "Radians to degrees: input·180/π." FLOATS) ALIAS(OP, arcsin, run_unary, asin, "(input)") \
  ALIAS(OP, arccos, run_unary, acos, "(input)") ALIAS(OP, arctan, run_unary, atan, "(input)") ALIAS(OP, arcsinh, run_unary, asinh, "(input)") \
  ALIAS(OP, arccosh, run_unary, acosh, "(input)") ALIAS(OP, arctanh, run_unary, atanh, "(input)") \
  UNARY_I(OP, erf, "The error function 2/√π · ∫₀ˣ e^(−t²) dt of x = input." FLOATS) \
  UNARY_I(OP, erfc, "1 − erf(input), without loss of digits where erf is near 1." FLOATS) \
  UNARY_I(OP, erfinv, "erf⁻¹: ±∞ at ±1, NaN outside −1 … 1." FLOATS) UNARY_I(OP, lgamma, "ln |Γ(input)|; its derivative is digamma()." FLOATS) \
  UNARY_I(OP, digamma, "ψ = Γ′/Γ, the derivative of lgamma()." FLOATS) \
  UNARY_I(OP, i0, "The modified Bessel function of the first kind, order 0." FLOATS) \
  UNARY_I(OP, sigmoid, "σ(x) = 1/(1 + e⁻ˣ) of x = input, between 0 and 1; its derivative is σ·(1 − σ)." FLOATS) \
  OP(polygamma, polygamma, F, run_polygamma, NULL, NULL, "(n, input)" DOC("The n-th derivative of digamma(), n ≥ 0." FLOATS)) \
  OP(polygamma_method, polygamma, MI, run_polygamma, NULL, NULL, "(input, n)" DOC("The n-th derivative of digamma(), n ≥ 0." FLOATS)) \
  OP(erfcx, erfcx, P, run_unary, bp_erfcx, NULL, "(input)" DOC("e^(input²)·erfc(input), without overflow." FLOATS)) \
  OP(ndtri, ndtri, P, run_unary, bp_ndtri, NULL, "(input)" DOC("Φ⁻¹: quantiles of the standard normal distribution; NaN outside 0 … 1." FLOATS)) \
  OP(log_ndtr, log_ndtr, P, run_unary, bp_log_ndtr, NULL, "(input)" DOC("ln Φ(input), Φ being the standard normal distribution function." FLOATS)) \
  OP(i0e, i0e, P, run_unary, bp_i0e, NULL, "(input)" DOC("e^(−|x|)·i0(x) of x = input, without overflow." FLOATS)) \
  OP(i1, i1, P, run_unary, bp_i1, NULL, "(input)" DOC("The modified Bessel function of the first kind, order 1." FLOATS)) \
  OP(i1e, i1e, P, run_unary, bp_i1e, NULL, "(input)" DOC("e^(−|x|)·i1(x) of x = input, without overflow." FLOATS)) \
  UNARY_I(OP, floor, "The next whole number below; gradient 0. Whole numbers stay as they are.") \
  UNARY_I(OP, ceil, "The next whole number above; gradient 0. Whole numbers stay as they are.") \
  UNARY_I(OP, trunc, "The next whole number towards 0; gradient 0. Whole numbers stay as they are.") ALIAS(OP, fix, run_unary, trunc, "(input)") \
  UNARY_I(OP, frac, "input − trunc(input): what stands behind the point, with the sign of input; gradient 1.") \
  OP(round, round, FMI, run_number, bp_round, NULL, "(input, *, decimals=0)" \
     DOC("To the nearest multiple of 10^−decimals, ties to the even one; decimals may be negative. Gradient 0.\n\n" \
         "    >>> backprop.round(backprop.tensor([0.5, 1.5, 2.46]), decimals=1)\n" \
         "    tensor([0.5000, 1.5000, 2.5000])")) \
  OP(logit, logit, FMI, run_numbers, bp_logit, NULL, "(input, eps=None)" \
     DOC("ln(x/(1 − x)), the inverse of sigmoid(), x being input limited to eps … 1 − eps; eps None: not limited, NaN outside 0 …\n" \
         "1." FLOATS)) \
  OP(nan_to_num, nan_to_num, FMI, run_numbers, bp_nan_to_num, NULL, "(input, nan=0.0, posinf=None, neginf=None)" \
     DOC("NaN, +∞ and −∞ replaced by these numbers; None: the type's largest and lowest. What was replaced gets gradient 0.\n\n" \
         "    >>> backprop.nan_to_num(backprop.tensor([float('nan'), 1.]))\n" \
         "    tensor([0., 1.])")) \
  OP(isnan, isnan, FM, run_unary, bp_isnan, NULL, "(input)" DOC("Whether it is NaN," PREDICATE)) \
  OP(isinf, isinf, FM, run_unary, bp_isinf, NULL, "(input)" DOC("Whether it is +∞ or −∞," PREDICATE)) \
  OP(isfinite, isfinite, FM, run_unary, bp_isfinite, NULL, "(input)" DOC("Whether it is neither NaN nor infinite," PREDICATE)) \
  OP(signbit, signbit, FM, run_unary, bp_signbit, NULL, "(input)" DOC("Whether the sign bit is set, as it is in −0," PREDICATE)) \
  OP(positive, positive, FM, run_positive, NULL, NULL, "(input)" DOC("input itself; RuntimeError for bool.")) \
  OP(real, real, F, run_itself, NULL, NULL, "(input)" DOC("input itself: numbers here are real.")) \
  OP(conj, conj, FM, run_itself, NULL, NULL, "(input)" DOC("input itself: numbers here are real.")) \
  OP(conj_physical, conj_physical, FM, run_itself, NULL, NULL, "(input)" DOC("input itself: numbers here are real.")) \
  OP(resolve_conj, resolve_conj, FM, run_itself, NULL, NULL, "(input)" DOC("input itself: numbers here are real.")) \
  OP(resolve_neg, resolve_neg, FM, run_itself, NULL, NULL, "(input)" DOC("input itself: there is no lazy negation here.")) \
  OP(clamp, clamp, FMI, run_clamp, NULL, NULL, "(input, min=None, max=None)" \
     DOC("input limited to min … max, which are numbers, tensors that broadcast with it, or None: no limit on that side. Between\n" \
         "and on the limits the gradient goes to input; where a tensor's limit is taken, to that tensor. RuntimeError if both are\n" \
         "None.\n\n" \
         "    >>> backprop.tensor([-2., 0.5, 3.]).clamp(0, 1)\n" \
         "    tensor([0.0000, 0.5000, 1.0000])")) \
  OP(clip, clip, FMI, run_clamp, NULL, NULL, "(input, min=None, max=None)" DOC("Same as clamp().")) \
  OP(clamp_min, clamp_min, FMI, run_binary, bp_clamp_min, NULL, "(input, min)" \
     DOC("max(input, min), min being a number or a tensor; of equals input gets the gradient.")) \
  OP(clamp_max, clamp_max, FMI, run_binary, bp_clamp_max, NULL, "(input, max)" \
     DOC("min(input, max), max being a number or a tensor; of equals input gets the gradient.")) \
  OP(where, where, F, run_where, NULL, NULL, "(condition, input=None, other=None)" \
     DOC("input where condition (bool) is true, other elsewhere; all three broadcast, input and other may be numbers.\n" \
         "where(condition) alone: a tuple of index tensors, nonzero(condition, as_tuple=True).\n\n" \
         "    >>> backprop.where(backprop.tensor([True, False]), backprop.tensor([1., 2.]), 0.)\n" \
         "    tensor([1., 0.])")) \
  OP(where_method, where, M, run_where_method, NULL, NULL, "(input, condition, other)" \
     DOC("This tensor where condition (bool) is true, other elsewhere; all three broadcast.")) \
  OP(lerp, lerp, FMI, run_three, NULL, NULL, "(input, end, weight)" \
     DOC("input + weight·(end − input), weight being a number or a tensor; all three broadcast.\n\n" \
         "    >>> backprop.lerp(backprop.tensor([0.]), backprop.tensor([10.]), 0.3)\n" \
         "    tensor([3.])")) \
  OP(addcmul, addcmul, FMI, run_three, bp_addcmul, NULL, "(input, tensor1, tensor2, *, value=1)" DOC("input + value·tensor1·tensor2; all three broadcast.")) \
  OP(addcdiv, addcdiv, FMI, run_three, bp_addcdiv, NULL, "(input, tensor1, tensor2, *, value=1)" DOC("input + value·tensor1/tensor2; all three broadcast.")) \
  OP(relu, relu, FMI, run_numbers, bp_relu, NULL, "(input, inplace=False)" DOC("max(input, 0); the derivative at 0 is 0." INPLACE)) \
  OP(selu, selu, F, run_numbers, bp_selu, NULL, "(input, inplace=False)" \
     DOC("s·x for x > 0, s·a·(eˣ − 1) otherwise, s = 1.0507…, a = 1.6733… (Klambauer et al. 2017: activations keep mean 0 and\n" \
         "variance 1)." INPLACE)) \
  OP(celu, celu, F, run_numbers, bp_celu, NULL, "(input, alpha=1.0, inplace=False)" DOC("x for x > 0, alpha·(e^(x/alpha) − 1) otherwise; alpha ≠ 0." INPLACE)) \
  OP(threshold, threshold, F, run_numbers, bp_threshold, NULL, "(input, threshold, value, inplace=False)" DOC("x where x > threshold, value elsewhere." INPLACE)) \
  OP(hardshrink, hardshrink, FM, run_numbers, bp_hardshrink, NULL, "(input, lambd=0.5)" DOC("0 where |x| ≤ lambd, x elsewhere.")) \
  OP(prelu, prelu, FM, run_binary, bp_prelu, NULL, "(input, weight)" \
     DOC("max(x, 0) + weight·min(x, 0), weight of one number or of one for each channel: input [N, C, …], weight [1] or [C];\n" \
         "gradients for both.")) \
  OP(rrelu, rrelu, F, run_rrelu, NULL, NULL, "(input, lower=0.125, upper=0.3333333333333333, training=False, inplace=False)" \
     DOC("x for x > 0, a·x otherwise, a drawn for each element from [lower, upper) in training, otherwise their mean." INPLACE)) \
  ACTIVATION(OP, relu6, "(input, inplace=False)" DOC("min(max(x, 0), 6); the derivative is 0 at 0 and 6." INPLACE)) \
  ACTIVATION(OP, silu, "(input, inplace=False)" DOC("x·σ(x), also called swish." INPLACE)) \
  ACTIVATION(OP, mish, "(input, inplace=False)" DOC("x·tanh(ln(1 + eˣ)) (Misra 2019)." INPLACE)) \
  ACTIVATION(OP, hardswish, "(input, inplace=False)" DOC("x·min(max(x + 3, 0), 6)/6: silu in straight pieces." INPLACE)) \
  ACTIVATION(OP, hardsigmoid, "(input, inplace=False)" DOC("min(max(x + 3, 0), 6)/6: a sigmoid in straight pieces." INPLACE)) \
  ACTIVATION(OP, leaky_relu, "(input, negative_slope=0.01, inplace=False)" DOC("x for x > 0, negative_slope·x otherwise." INPLACE)) \
  ACTIVATION(OP, elu, "(input, alpha=1.0, inplace=False)" DOC("x for x > 0, alpha·(eˣ − 1) otherwise (Clevert et al. 2015)." INPLACE)) \
  ACTIVATION(OP, hardtanh, "(input, min_val=-1.0, max_val=1.0, inplace=False)" \
     DOC("x limited to min_val … max_val; unlike clamp()'s the derivative on the limits is 0." INPLACE)) \
  ACTIVATION(OP, softshrink, "(input, lambd=0.5)" DOC("0 where |x| ≤ lambd, the rest moved towards 0 by lambd ≥ 0.")) \
  ACTIVATION(OP, softsign, "(input)" DOC("x/(1 + |x|), between −1 and 1.")) ACTIVATION(OP, tanhshrink, "(input)" DOC("x − tanh x.")) \
  ACTIVATION(OP, logsigmoid, "(input)" DOC("ln σ(x) = −ln(1 + e⁻ˣ), without overflow.")) \
  OP(softplus, softplus, P, run_numbers, bp_softplus_with, NULL, "(input, beta=1.0, threshold=20.0)" \
     DOC("ln(1 + e^(beta·x))/beta, a smooth relu; x itself where beta·x > threshold.")) \
  OP(glu, glu, P, run_number, bp_glu, NULL, "(input, dim=-1)" DOC("a·σ(b) of the two halves a, b of input along dim, whose size must be even: [.., 2·N] → [.., N].")) \
  OP(gelu, gelu, P, run_gelu, NULL, NULL, "(input, approximate=None)" \
     DOC("x·Φ(x), Φ being the standard normal distribution function; approximate 'tanh': ½x(1 + tanh(√(2/π)(x + 0.044715x³))).\n" \
         "None counts as 'none'.")) \
  OP(add_, add_, M, run_in_place, bp_add_, bp_add, "(input, other, *, alpha=1)" \
     DOC("add() in place: this tensor + alpha·other, written into this tensor, which is returned.\n\n" \
         "RuntimeError for a leaf that requires a gradient outside no_grad(), and where other tensors share memory that the graph\n" \
         "needs.")) \
  OP(sub_, sub_, M, run_in_place, bp_sub_, bp_sub, "(input, other, *, alpha=1)" DOC("sub() in place: this tensor − alpha·other, by the rules of add_().")) \
  OP(mul_, mul_, M, run_in_place, bp_mul_, bp_mul, "(input, other)" DOC("mul() in place: this tensor · other, by the rules of add_().")) \
  OP(div_, div_, M, run_div_, bp_div_, bp_div, "(input, other, *, rounding_mode=None)" \
     DOC("div() in place, by the rules of add_(); without a rounding_mode of floating tensors only.")) \
  OP(copy_, copy_, M, run_copy_, NULL, NULL, "(input, src)" \
     DOC("Writes src, broadcast and converted to this tensor's type, into this tensor, and returns it. What was there plays no\n" \
         "part in the gradient.")) \
  OP(fill_, fill_, M, run_copy_, NULL, NULL, "(input, value)" DOC("Every element becomes value, a number or a tensor of one element; returns this tensor.")) \
  OP(zero_, zero_, M, run_copy_, NULL, NULL, "(input)" DOC("Every element becomes 0; returns this tensor."))
