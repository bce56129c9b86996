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
  bp_tensor *input = dtype < 0 || dtype == bp_dtype_of(x) ? x : bp_to(x, dtype);
  bp_tensor *result = WORK(!n && !keepdim && r->f ? ((One)r->f)(input) : ((ReduceDims)r->g)(input, n, dims, keepdim));
  if (input && input != x) drop(input);
  return wrap(result);
}

typedef bp_tensor *(*ReduceDim)(const bp_tensor *, int64_t, int32_t);
static PyObject *run_argmax(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TRUTH_OR(2, keepdim, 0);
  INT_OR(1, dim, 0);
  if (!absent(v[1])) return wrap(((ReduceDim)r->g)(x, dim, keepdim));
  bp_tensor *result = WORK(((One)r->f)(x));
  if (!result || !keepdim) return wrap(result);
  int64_t ones[BP_MAX_DIMS] = {1, 1, 1, 1, 1, 1, 1, 1};
  bp_tensor *shaped = bp_reshape(result, bp_ndim(x), ones);
  drop(result);
  return wrap(shaped);
}

/* Pairs of results with names, as torch.return_types has them; their types are made when first needed. */
static PyStructSequence_Field chosen_fields[] = {{"values", "The elements chosen."}, {"indices", "Where they are along dim."}, {NULL, NULL}};
static PyStructSequence_Field aminmax_fields[] = {{"min", "The smallest."}, {"max", "The largest."}, {NULL, NULL}};
static struct { const char *name; PyStructSequence_Field *fields; PyTypeObject *type; } pair_types[] = {
#define PAIR(name) {"backprop.return_types." #name, chosen_fields, NULL}
  PAIR(max), PAIR(min), PAIR(median), PAIR(nanmedian), PAIR(mode), PAIR(kthvalue), PAIR(sort), PAIR(topk), PAIR(cummax), PAIR(cummin),
#undef PAIR
  {"backprop.return_types.aminmax", aminmax_fields, NULL}};

/* A pair of two results that are the caller's; both are taken over. Functions without a type of their own get a tuple. */
static PyObject *pair(const char *name, bp_tensor *first, bp_tensor *second) {
  if (!first) return fail();
  PyObject *a = wrap(first), *b = wrap(second), *both = NULL;
  size_t i = 0, n = sizeof pair_types / sizeof *pair_types;
  while (i < n && strcmp(pair_types[i].name + sizeof "backprop.return_types." - 1, name)) i++;
  if (a && b && i == n) both = PyTuple_New(2);
  else if (a && b) {
    if (!pair_types[i].type) {
      PyStructSequence_Desc description = {pair_types[i].name, NULL, pair_types[i].fields, 2};
      PyObject *module = PyImport_ImportModule("backprop._repr"), *text = module ? PyObject_GetAttrString(module, "pair_repr") : NULL;
      PyTypeObject *type = text ? PyStructSequence_NewType(&description) : NULL;
      if (type && !PyObject_SetAttrString((PyObject *)type, "__repr__", text)) pair_types[i].type = type;
      Py_XDECREF(text);
      Py_XDECREF(module);
    }
    if (pair_types[i].type) both = PyStructSequence_New(pair_types[i].type);
  }
  if (!both) {
    Py_XDECREF(a);
    Py_XDECREF(b);
    return NULL;
  }
  if (i == n) PyTuple_SetItem(both, 0, a), PyTuple_SetItem(both, 1, b);
  else PyStructSequence_SetItem(both, 0, a), PyStructSequence_SetItem(both, 1, b);
  return both;
}

/* max(input), max(input, dim, keepdim) → (values, indices), max(input, other) */
typedef bp_tensor *(*ReduceBoth)(const bp_tensor *, int64_t, int32_t, bp_tensor **);
static PyObject *run_max(const Row *r, PyObject **v) {
  TENSOR(0, x);
  int max = r->f == (Any)bp_max;
  PyObject *other = r->count < 4 ? NULL : !absent(v[3]) ? v[3] : v[1] && is_tensor(v[1]) && !v[2] ? v[1] : NULL;
  if (other) {
    TENSOR(0, a);
    bp_tensor *b = tensor_argument(r->name, "other", other);
    return b ? wrap((max ? bp_maximum : bp_minimum)(a, b)) : NULL;
  }
  if (absent(v[1]) && r->f) return wrap(((One)r->f)(x));
  INT_OR(1, dim, -1);
  TRUTH_OR(2, keepdim, 0);
  bp_tensor *where = NULL, *values = WORK(((ReduceBoth)r->g)(x, dim, keepdim, &where));
  return pair(r->name, values, where);
}

static PyObject *run_aminmax(const Row *r, PyObject **v) {
  TENSOR(0, x);
  INT_OR(1, dim, BP_NONE);
  TRUTH_OR(2, keepdim, 0);
  bp_tensor *largest = NULL, *smallest = WORK(bp_aminmax(x, dim, keepdim, &largest));
  return pair(r->name, smallest, largest);
}

/* prod(input), prod(input, dim, keepdim); f, g as for argmax */
static PyObject *run_prod(const Row *r, PyObject **v) {
  TENSOR(0, x);
  DTYPE_OR(3, dtype, -1);
  INT_OR(1, dim, 0);
  TRUTH_OR(2, keepdim, 0);
  bp_tensor *input = dtype < 0 || dtype == bp_dtype_of(x) ? x : bp_to(x, dtype), *result = WORK(absent(v[1]) ? ((One)r->f)(input) : ((ReduceDim)r->g)(input, dim, keepdim));
  if (input && input != x) drop(input);
  return wrap(result);
}

/* cumsum and its like: (input, dim, *, dtype=None) */
typedef bp_tensor *(*WithDim)(const bp_tensor *, int64_t);
static PyObject *run_cumsum(const Row *r, PyObject **v) {
  bp_dtype dtype = -1;
  TENSOR(0, x);
  INT(1, dim);
  if (r->count > 2 && as_dtype(r->name, v[2], &dtype)) return NULL;
  bp_tensor *input = dtype < 0 || dtype == bp_dtype_of(x) ? x : bp_to(x, dtype), *result = WORK(((WithDim)r->f)(input, dim));
  if (input && input != x) drop(input);
  return wrap(result);
}

/* var, std; var_mean, std_mean: (input, dim=None, unbiased=None, keepdim=False, *, correction=1). f: with all choices; g: the pair */
typedef bp_tensor *(*Spread)(const bp_tensor *, int32_t, const int64_t *, double, int32_t);
typedef bp_tensor *(*SpreadMean)(const bp_tensor *, int32_t, const int64_t *, double, int32_t, bp_tensor **);
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
  if (r->f) return wrap(((Spread)r->f)(x, n, dims, correction, keepdim));
  bp_tensor *mean = NULL, *first = WORK(((SpreadMean)r->g)(x, n, dims, correction, keepdim, &mean));
  return pair(r->name, first, mean);
}

static PyObject *run_count_nonzero(const Row *r, PyObject **v) {
  int64_t dims[BP_MAX_DIMS];
  int n = 0;
  TENSOR(0, x);
  if (!absent(v[1]) && (n = as_sizes(r->name, "dim", v[1], dims)) < 0) return NULL;
  return wrap(bp_count_nonzero(x, n, dims));
}

/* norm: p is a number, None or 'fro'; 'nuc' is a matter of linalg */
static PyObject *run_norm(const Row *r, PyObject **v) {
  int64_t dims[BP_MAX_DIMS];
  int n = 0;
  TENSOR(0, x);
  double p = 2;
  if (!absent(v[1]) && PyUnicode_Check(v[1])) {
    if (!PyUnicode_CompareWithASCIIString(v[1], "nuc")) {
      PyObject *module = PyImport_ImportModule("backprop._norms");
      PyObject *result = module ? PyObject_CallMethod(module, "nuclear_norm", "OOO", v[0], v[2] ? v[2] : Py_None, v[3] ? v[3] : Py_False) : NULL;
      Py_XDECREF(module);
      return result;
    }
    if (PyUnicode_CompareWithASCIIString(v[1], "fro")) return PyErr_Format(PyExc_RuntimeError, "norm(): p must be a number, 'fro' or 'nuc', got %R", v[1]);
  } else if (!absent(v[1]) && as_double(r->name, "p", v[1], &p)) return NULL;
  if (!absent(v[2]) && (n = as_sizes(r->name, "dim", v[2], dims)) < 0) return NULL;
  TRUTH_OR(3, keepdim, 0);
  DTYPE_OR(4, dtype, -1);
  bp_tensor *input = dtype < 0 || dtype == bp_dtype_of(x) ? x : bp_to(x, dtype), *result = WORK(bp_norm(input, p, n, dims, keepdim));
  if (input && input != x) drop(input);
  return wrap(result);
}

static PyObject *run_normalize(const Row *r, PyObject **v) {
  int64_t dims[BP_MAX_DIMS] = {1};
  int n = 1;
  TENSOR(0, x);
  DOUBLE_OR(1, p, 2);
  if (!absent(v[2]) && (n = as_sizes(r->name, "dim", v[2], dims)) < 0) return NULL;
  DOUBLE_OR(3, eps, 1e-12);
  return wrap(bp_normalize(x, p, n, dims, eps));
}

static PyObject *run_cosine_similarity(const Row *r, PyObject **v) {
  TENSOR(0, a);
  TENSOR(1, b);
  INT_OR(2, dim, 1);
  DOUBLE_OR(3, eps, 1e-8);
  return wrap(bp_cosine_similarity(a, b, dim, eps));
}

static PyObject *run_pairwise_distance(const Row *r, PyObject **v) {
  TENSOR(0, a);
  TENSOR(1, b);
  DOUBLE_OR(2, p, 2);
  DOUBLE_OR(3, eps, 1e-6);
  TRUTH_OR(4, keepdim, 0);
  return wrap(bp_pairwise_distance(a, b, p, eps, keepdim));
}

/* softmax, log_softmax; as functions of nn.functional they have four parameters and choose a dimension themselves */
static PyObject *run_softmax(const Row *r, PyObject **v) {
  TENSOR(0, x);
  if (absent(v[1]) && r->count == 3) return PyErr_Format(PyExc_TypeError, "%s() missing required argument 'dim'", r->name);
  INT_OR(1, dim, bp_ndim(x) == 0 || bp_ndim(x) == 1 || bp_ndim(x) == 3 ? 0 : 1);
  DTYPE_OR(r->count - 1, dtype, -1);
  bp_tensor *input = dtype < 0 || dtype == bp_dtype_of(x) ? x : bp_to(x, dtype), *result = WORK(((WithDim)r->f)(input, dim));
  if (input && input != x) drop(input);
  return wrap(result);
}

#define DIMS "\n\ndim: one dimension, several, or None: all of them, which gives []. keepdim=True leaves them with size 1."
#define ONE_DIM "\n\ndim: one dimension; None: of all elements. keepdim=True leaves it with size 1."
#define OPERATIONS_REDUCTIONS(OP) \
  OP(sum, sum, FM, run_reduce, bp_sum, bp_sum_dim, "(input, dim=None, keepdim=False, *, dtype=None)" \
     DOC("Σ input. Of whole numbers and bools: int64; dtype converts before adding." DIMS "\n\n" \
         "    >>> backprop.tensor([[1., 2.], [3., 4.]]).sum(0)\n" \
         "    tensor([4., 6.])")) \
  OP(mean, mean, FM, run_reduce, bp_mean, bp_mean_dim, "(input, dim=None, keepdim=False, *, dtype=None)" \
     DOC("Σ input / n, of floating numbers (dtype converts before); TypeError for whole numbers. NaN of nothing." DIMS "\n\n" \
         "    >>> backprop.tensor([[1., 2.], [3., 4.]]).mean(1)\n" \
         "    tensor([1.5000, 3.5000])")) \
  OP(amax, amax, FM, run_reduce, NULL, bp_amax, "(input, dim=(), keepdim=False)" \
     DOC("The largest elements; equals share the gradient. RuntimeError of nothing." DIMS)) \
  OP(amin, amin, FM, run_reduce, NULL, bp_amin, "(input, dim=(), keepdim=False)" \
     DOC("The smallest elements; equals share the gradient. RuntimeError of nothing." DIMS)) \
  OP(max, max, FM, run_max, bp_max, bp_max_dim, "(input, dim=None, keepdim=False, *, other=None)" \
     DOC("max(input): the largest element, []; equals share the gradient. max(input, dim): a pair (values, indices) along one\n" \
         "dimension, the gradient going to the chosen element. max(input, other): maximum(). A NaN is the largest.\n\n" \
         "    >>> values, indices = backprop.tensor([[1, 5], [7, 2]]).max(1)\n" \
         "    >>> values, indices\n" \
         "    (tensor([5, 7]), tensor([1, 0]))")) \
  OP(min, min, FM, run_max, bp_min, bp_min_dim, "(input, dim=None, keepdim=False, *, other=None)" \
     DOC("min(input): the smallest element, []; equals share the gradient. min(input, dim): a pair (values, indices) along one\n" \
         "dimension, the gradient going to the chosen element. min(input, other): minimum(). A NaN is the smallest.")) \
  OP(argmax, argmax, FM, run_argmax, bp_argmax, bp_argmax_dim, "(input, dim=None, keepdim=False)" \
     DOC("Where the largest element is, int64, the first of equals; dim None: its place in the flattened tensor." ONE_DIM "\n\n" \
         "    >>> backprop.tensor([[1, 5], [7, 2]]).argmax(1)\n" \
         "    tensor([1, 0])")) \
  OP(argmin, argmin, FM, run_argmax, bp_argmin, bp_argmin_dim, "(input, dim=None, keepdim=False)" \
     DOC("Where the smallest element is, int64, the first of equals; dim None: its place in the flattened tensor." ONE_DIM)) \
  OP(var, var, FM, run_var, bp_var_dim, NULL, "(input, dim=None, unbiased=None, keepdim=False, *, correction=1)" \
     DOC("Σ (input − mean)² / (n − correction); correction 1 is the unbiased estimate, 0 the variance of exactly these numbers.\n" \
         "unbiased is the old name: True 1, False 0." DIMS "\n\n" \
         "    >>> backprop.tensor([1., 2., 3., 4.]).var()\n" \
         "    tensor(1.6667)")) \
  OP(std, std, FM, run_var, bp_std_dim, NULL, "(input, dim=None, unbiased=None, keepdim=False, *, correction=1)" \
     DOC("√var(), with the same options; its gradient is 0 where all elements are equal." DIMS "\n\n" \
         "    >>> backprop.tensor([1., 3.]).std(correction=0)\n" \
         "    tensor(1.)")) \
  OP(var_mean, var_mean, F, run_var, NULL, bp_var_mean, "(input, dim=None, unbiased=None, keepdim=False, *, correction=1)" DOC("The pair (var(), mean())." DIMS)) \
  OP(std_mean, std_mean, F, run_var, NULL, bp_std_mean, "(input, dim=None, unbiased=None, keepdim=False, *, correction=1)" DOC("The pair (std(), mean())." DIMS)) \
  OP(prod, prod, FM, run_prod, bp_prod, bp_prod_dim, "(input, dim=None, keepdim=False, *, dtype=None)" \
     DOC("Π input; int64 of whole numbers and bools. The gradient is exact where elements are 0." ONE_DIM "\n\n" \
         "    >>> backprop.tensor([2, 3, 4]).prod()\n" \
         "    tensor(24)")) \
  OP(logsumexp, logsumexp, FM, run_reduce, NULL, bp_logsumexp, "(input, dim, keepdim=False)" \
     DOC("ln Σ e^input along dim, without overflow; its gradient is the softmax." DIMS "\n\n" \
         "    >>> backprop.tensor([0., 0.]).logsumexp(0)\n" \
         "    tensor(0.6931)")) \
  OP(nansum, nansum, FM, run_reduce, NULL, bp_nansum, "(input, dim=None, keepdim=False, *, dtype=None)" DOC("sum() in which NaN counts as 0." DIMS)) \
  OP(nanmean, nanmean, FM, run_reduce, NULL, bp_nanmean, "(input, dim=None, keepdim=False, *, dtype=None)" DOC("mean() of what is not NaN." DIMS)) \
  OP(all, all, FM, run_reduce, NULL, bp_all, "(input, dim=None, keepdim=False)" DOC("Whether every element is not 0: bool (uint8 of uint8). True of nothing." DIMS)) \
  OP(any, any, FM, run_reduce, NULL, bp_any, "(input, dim=None, keepdim=False)" \
     DOC("Whether some element is not 0: bool (uint8 of uint8). False of nothing." DIMS "\n\n" \
         "    >>> backprop.tensor([0, 1]).any()\n" \
         "    tensor(True)")) \
  OP(count_nonzero, count_nonzero, FM, run_count_nonzero, NULL, NULL, "(input, dim=None)" \
     DOC("How many elements are not 0, int64. dim: one dimension, several, or None: all.")) \
  OP(aminmax, aminmax, FM, run_aminmax, NULL, NULL, "(input, *, dim=None, keepdim=False)" \
     DOC("The pair (min, max) along one dimension, or of all elements; equals share the gradient.")) \
  OP(norm, norm, FM, run_norm, NULL, NULL, "(input, p='fro', dim=None, keepdim=False, dtype=None)" \
     DOC("(Σ |input|^p)^(1/p): p 2 or 'fro' the Euclidean length, inf the largest |x|, −inf the smallest, 0 the number of elements\n" \
         "that are not 0, 'nuc' the sum of a matrix's singular values. Where the norm is 0 so is its gradient." DIMS "\n\n" \
         "    >>> backprop.tensor([3., 4.]).norm()\n" \
         "    tensor(5.)")) \
  OP(normalize, normalize, P, run_normalize, NULL, NULL, "(input, p=2.0, dim=1, eps=1e-12)" \
     DOC("input / max(‖input‖_p, eps), the norm taken along dim (one dimension or several): vectors of length 1.")) \
  OP(cosine_similarity, cosine_similarity, F, run_cosine_similarity, NULL, NULL, "(x1, x2, dim=1, eps=1e-8)" \
     DOC("Σ x1·x2 / (max(‖x1‖, eps)·max(‖x2‖, eps)) along dim of their common shape: −1 … 1.")) \
  OP(pairwise_distance, pairwise_distance, F, run_pairwise_distance, NULL, NULL, "(x1, x2, p=2.0, eps=1e-6, keepdim=False)" \
     DOC("‖x1 − x2 + eps‖_p along the last dimension: [.., D] → [..].")) \
  OP(softmax, softmax, FM, run_softmax, bp_softmax, NULL, "(input, dim=None, dtype=None)" \
     DOC("e^x / Σ e^x along dim, which must be named: positive numbers that sum to 1. Without overflow; dtype converts before.\n\n" \
         "    >>> backprop.softmax(backprop.tensor([0., 0., 0., 0.]), 0)\n" \
         "    tensor([0.2500, 0.2500, 0.2500, 0.2500])")) \
  OP(log_softmax, log_softmax, FM, run_softmax, bp_log_softmax, NULL, "(input, dim=None, dtype=None)" \
     DOC("ln softmax(input) along dim: x − ln Σ e^x, without overflow; what nll_loss() takes.")) \
  OP(softmax_somewhere, _softmax_somewhere, P, run_softmax, bp_softmax, NULL, "(input, dim=None, _stacklevel=3, dtype=None)" \
     DOC("softmax() along dim. Without one along the second dimension, or the first of a tensor with 0, 1 or 3, as once was usual:\n" \
         "better name it.")) \
  OP(log_softmax_somewhere, _log_softmax_somewhere, P, run_softmax, bp_log_softmax, NULL, "(input, dim=None, _stacklevel=3, dtype=None)" \
     DOC("log_softmax() along dim. Without one along the second dimension, or the first of a tensor with 0, 1 or 3, as once was\n" \
         "usual: better name it."))
