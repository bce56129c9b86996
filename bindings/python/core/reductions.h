/* ---------------------------------------------------------------------------------------------------------------
 * Reductions
 * ------------------------------------------------------------------------------------------------------------- */

/* sum, mean, amax, amin. f: of everything (NULL: there is only g); g: n dims, keepdim. dtype is last where there is one. */
typedef bp_tensor *(*ReduceDims)(const bp_tensor *, int32_t, const int64_t *, int32_t);
static PyObject *run_reduce(const Row *r, PyObject **v) {
  int64_t dims[BP_MAX_DIMS];
  int n = 0;
  TENSOR(0, x);
  if (!absent(v[1]) && (n = as_sizes(r->name, "dim", v[1], dims)) < 0) return NULL;
  TRUTH_OR(2, keepdim, 0);
  bp_dtype dtype = -1;
  if (r->count > 3 && as_dtype(r->name, v[3], &dtype)) return NULL;
  bp_tensor *input = dtype < 0 ? x : bp_to(x, dtype);
  bp_tensor *result = !n && !keepdim && r->f ? ((One)r->f)(input) : ((ReduceDims)r->g)(input, n, dims, keepdim);
  if (input && input != x) drop(input);
  return wrap(result);
}

typedef bp_tensor *(*ReduceDim)(const bp_tensor *, int64_t, int32_t);
static PyObject *run_argmax(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(2, keepdim, 0);
  INT_OR(1, dim, 0);
  if (!absent(v[1])) return wrap(((ReduceDim)r->g)(x, dim, keepdim));
  bp_tensor *result = ((One)r->f)(x);
  if (!result || !keepdim) return wrap(result);
  int64_t ones[BP_MAX_DIMS] = {1, 1, 1, 1, 1, 1, 1, 1};
  bp_tensor *shaped = bp_reshape(result, bp_ndim(x), ones);
  drop(result);
  return wrap(shaped);
}

/* max(input), max(input, dim, keepdim) → (values, indices), max(input, other) */
typedef bp_tensor *(*ReduceBoth)(const bp_tensor *, int64_t, int32_t, bp_tensor **);
static PyObject *run_max(const Row *r, PyObject **v) {
  TENSOR(0, x);
  int max = r->f == (Any)bp_max;
  PyObject *other = !absent(v[3]) ? v[3] : v[1] && is_tensor(v[1]) && !v[2] ? v[1] : NULL;
  if (other) {
    TENSOR(0, a);
    bp_tensor *b = tensor_argument(r->name, "other", other);
    return b ? wrap((max ? bp_maximum : bp_minimum)(a, b)) : NULL;
  }
  if (absent(v[1])) return wrap(((One)r->f)(x));
  INT(1, dim);
  TRUTH_OR(2, keepdim, 0);
  bp_tensor *where = NULL, *values = ((ReduceBoth)r->g)(x, dim, keepdim, &where);
  if (!values) return fail();
  PyObject *pair = PyStructSequence_New(max ? MaxType : MinType), *a = wrap(values), *b = wrap(where);
  if (!pair || !a || !b) {
    Py_XDECREF(pair);
    Py_XDECREF(a);
    Py_XDECREF(b);
    return NULL;
  }
  PyStructSequence_SetItem(pair, 0, a);
  PyStructSequence_SetItem(pair, 1, b);
  return pair;
}

/* var and its root: (input, dim=None, unbiased=None, keepdim=False, *, correction=1) */
static PyObject *run_var(const Row *r, PyObject **v) {
  int64_t dims[BP_MAX_DIMS];
  int n = 0;
  TENSOR(0, x);
  PyObject *dim = v[1], *unbiased = v[2];
  if (dim && PyBool_Check(dim) && !unbiased) unbiased = dim, dim = NULL; /* var(x, False) */
  if (!absent(dim) && (n = as_sizes(r->name, "dim", dim, dims)) < 0) return NULL;
  TRUTH_OR(3, keepdim, 0);
  DOUBLE_OR(4, correction, 1);
  if (!absent(unbiased)) {
    int yes = PyObject_IsTrue(unbiased);
    if (yes < 0) return NULL;
    correction = yes;
  }
  bp_tensor *result = !n && !keepdim ? bp_var(x, correction) : bp_var_dim(x, n, dims, correction, keepdim);
  if (!result || !r->g) return wrap(result);
  bp_tensor *root = ((One)r->g)(result);
  drop(result);
  return wrap(root);
}

/* all(x): nothing is zero; any(x): something is not. Counted with sum. f: the comparison to count, g: the test of the count. */
static PyObject *run_all(const Row *r, PyObject **v) {
  int64_t dims[BP_MAX_DIMS];
  int n = 0;
  TENSOR(0, x);
  if (!absent(v[1]) && (n = as_sizes(r->name, "dim", v[1], dims)) < 0) return NULL;
  TRUTH_OR(2, keepdim, 0);
  bp_tensor *zero = bp_integer(ctx, 0), *hits = ((Two)r->f)(x, zero), *count = hits ? bp_sum_dim(hits, n, dims, keepdim) : NULL;
  bp_tensor *result = count ? ((Two)r->g)(count, zero) : NULL;
  if (count) drop(count);
  if (hits) drop(hits);
  if (zero) drop(zero);
  return wrap(result);
}

/* softmax, log_softmax */
typedef bp_tensor *(*WithDim)(const bp_tensor *, int64_t);
static PyObject *run_softmax(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (absent(v[1])) return PyErr_Format(PyExc_TypeError, "%s() missing required argument 'dim'", r->name);
  INT(1, dim);
  DTYPE_OR(2, dtype, -1);
  bp_tensor *input = dtype < 0 ? x : bp_to(x, dtype), *result = ((WithDim)r->f)(input, dim);
  if (input && input != x) drop(input);
  return wrap(result);
}

#define OPERATIONS_REDUCTIONS(OP) \
  OP(sum, sum, FM, run_reduce, bp_sum, bp_sum_dim, "(input, dim=None, keepdim=False, *, dtype=None)") \
  OP(mean, mean, FM, run_reduce, bp_mean, bp_mean_dim, "(input, dim=None, keepdim=False, *, dtype=None)") \
  OP(amax, amax, FM, run_reduce, NULL, bp_amax, "(input, dim=(), keepdim=False)") \
  OP(amin, amin, FM, run_reduce, NULL, bp_amin, "(input, dim=(), keepdim=False)") \
  OP(max, max, FM, run_max, bp_max, bp_max_dim, "(input, dim=None, keepdim=False, *, other=None)") \
  OP(min, min, FM, run_max, bp_min, bp_min_dim, "(input, dim=None, keepdim=False, *, other=None)") \
  OP(argmax, argmax, FM, run_argmax, bp_argmax, bp_argmax_dim, "(input, dim=None, keepdim=False)") \
  OP(argmin, argmin, FM, run_argmax, bp_argmin, bp_argmin_dim, "(input, dim=None, keepdim=False)") \
  OP(var, var, FM, run_var, NULL, NULL, "(input, dim=None, unbiased=None, keepdim=False, *, correction=1)") \
  OP(std, std, FM, run_var, NULL, bp_sqrt, "(input, dim=None, unbiased=None, keepdim=False, *, correction=1)") \
  OP(all, all, FM, run_all, bp_eq, bp_eq, "(input, dim=None, keepdim=False)") \
  OP(any, any, FM, run_all, bp_ne, bp_ne, "(input, dim=None, keepdim=False)") \
  OP(softmax, softmax, FM, run_softmax, bp_softmax, NULL, "(input, dim=None, dtype=None)") \
  OP(log_softmax, log_softmax, FM, run_softmax, bp_log_softmax, NULL, "(input, dim=None, dtype=None)")
