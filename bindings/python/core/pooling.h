/* ---------------------------------------------------------------------------------------------------------------
 * Pooling
 * ------------------------------------------------------------------------------------------------------------- */

/* (values, indices); takes both references, also on failure. */
static PyObject *pair_of(PyObject *values, PyObject *indices) {
  PyObject *both = values && indices ? PyTuple_Pack(2, values, indices) : NULL;
  Py_XDECREF(values);
  Py_XDECREF(indices);
  return both;
}

/* max_pool: (input, kernel_size, stride, padding, dilation, ceil_mode, return_indices) */
typedef bp_tensor *(*Pool)(const bp_tensor *, const bp_pool_options *);
static PyObject *run_max_pool(const Row *r, PyObject **v) {
  bp_pool_options o = BP_POOL_OPTIONS_INIT(0);
  int dims = dimensions(r);
  TENSOR(0, x);
  TRUTH_OR(5, ceil_mode, 0);
  TRUTH_OR(6, return_indices, 0);
  o.ceil_mode = ceil_mode;
  if (as_each(r, 1, v[1], dims, o.kernel) || as_each(r, 2, v[2], dims, o.stride) || as_each(r, 3, v[3], dims, o.padding) ||
      as_each(r, 4, v[4], dims, o.dilation))
    return NULL;
  PyObject *values = wrap(((Pool)r->f)(x, &o));
  return values && return_indices ? pair_of(values, wrap(((Pool)r->g)(x, &o))) : values;
}

/* avg_pool: (input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override) */
static PyObject *run_avg_pool(const Row *r, PyObject **v) {
  bp_pool_options o = BP_POOL_OPTIONS_INIT(0);
  int dims = dimensions(r);
  TENSOR(0, x);
  TRUTH_OR(4, ceil_mode, 0);
  TRUTH_OR(5, count_include_pad, 1);
  o.ceil_mode = ceil_mode;
  o.count_include_pad = count_include_pad;
  if (dims > 1 && !absent(v[6])) {
    if (as_int64(r->name, NAME(6), v[6], &o.divisor_override)) return NULL;
    if (!o.divisor_override) return PyErr_Format(PyExc_RuntimeError, "%s(): divisor_override must not be zero", r->name);
  }
  if (as_each(r, 1, v[1], dims, o.kernel) || as_each(r, 2, v[2], dims, o.stride) || as_each(r, 3, v[3], dims, o.padding)) return NULL;
  return wrap(((Pool)r->f)(x, &o));
}

/* lp_pool: (input, norm_type, kernel_size, stride, ceil_mode) */
static PyObject *run_lp_pool(const Row *r, PyObject **v) {
  bp_pool_options o = BP_POOL_OPTIONS_INIT(0);
  int dims = dimensions(r);
  TENSOR(0, x);
  DOUBLE(1, p);
  TRUTH_OR(4, ceil_mode, 0);
  o.ceil_mode = ceil_mode;
  if (as_each(r, 2, v[2], dims, o.kernel) || as_each(r, 3, v[3], dims, o.stride)) return NULL;
  return wrap(((bp_tensor * (*)(const bp_tensor *, double, const bp_pool_options *)) r->f)(x, p, &o));
}

/* A function that takes a tensor and a size for each dimension of its images. */
static PyObject *with_sizes(Any f, int dims, const bp_tensor *x, const int64_t *s) {
  if (dims == 1) return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t)) f)(x, s[0]));
  if (dims == 2) return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t, int64_t)) f)(x, s[0], s[1]));
  return wrap(((bp_tensor * (*)(const bp_tensor *, int64_t, int64_t, int64_t)) f)(x, s[0], s[1], s[2]));
}

/* (input, output_size, return_indices): one int, or one for each dimension, None being the input's */
static PyObject *run_adaptive_pool(const Row *r, PyObject **v) {
  int64_t size[3];
  int dims = dimensions(r), several = PySequence_Check(v[1]) && !is_tensor(v[1]) && PySequence_Size(v[1]) == dims;
  TENSOR(0, x);
  TRUTH_OR(2, return_indices, 0);
  for (int i = 0; i < dims; i++) {
    PyObject *one = several ? PySequence_GetItem(v[1], i) : Py_NewRef(v[1]);
    if (!one) return NULL;
    int bad = 0;
    if (one == Py_None) size[i] = bp_ndim(x) >= dims ? bp_dim(x, bp_ndim(x) - dims + i) : 1;
    else bad = as_int64(r->name, NAME(1), one, &size[i]);
    Py_DECREF(one);
    if (bad) return NULL;
  }
  PyObject *values = with_sizes(r->f, dims, x, size);
  return values && r->g && return_indices ? pair_of(values, with_sizes(r->g, dims, x, size)) : values;
}

/* _max_unpool: (input, indices, output_size) */
static PyObject *run_max_unpool(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, indices);
  SIZES(2, s, n);
  if (n == 1) return wrap(bp_max_unpool1d(x, indices, s[0]));
  if (n == 2) return wrap(bp_max_unpool2d(x, indices, s[0], s[1]));
  if (n == 3) return wrap(bp_max_unpool3d(x, indices, s[0], s[1], s[2]));
  return PyErr_Format(PyExc_RuntimeError, "max_unpool(): output_size must be one to three numbers, got %d", n);
}

#define MAX_POOL(OP, name, images) \
  OP(name, name, F, run_max_pool, bp_##name, bp_##name##_indices, \
     "(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False)" \
     DOC("The largest number of each window (NaN if there is one); stride None: kernel_size. The gradient goes to the first of\n" \
         "equals. padding counts as −∞, at most half of kernel_size. ceil_mode: a last window that starts in the image but ends\n" \
         "beyond counts. return_indices: also where in a channel's flattened image each comes from, int64." images))
#define AVG_POOL(OP, name, images) \
  OP(name, name, P, run_avg_pool, bp_##name, NULL, \
     "(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None)" \
     DOC("The mean of each window; stride None: kernel_size. count_include_pad: the zeros of the padding count.\n" \
         "divisor_override divides by this instead of the window's size." images))
#define LP_POOL(OP, name, images) \
  OP(name, name, P, run_lp_pool, bp_##name, NULL, "(input, norm_type, kernel_size, stride=None, ceil_mode=False)" \
     DOC("(Σ x^norm_type)^(1/norm_type) over each window, 0 where the sum is negative; stride None: kernel_size." images))
#define ADAPTIVE_AVG_POOL(OP, name, where, images) \
  OP(name, name, where, run_adaptive_pool, bp_##name, NULL, "(input, output_size)" \
     DOC("Means over so many parts of the image that the result has output_size (one number, or one for each dimension, None:\n" \
         "as it is): part i of n reaches from ⌊i·L/n⌋ to ⌈(i + 1)·L/n⌉." images))
#define ADAPTIVE_MAX_POOL(OP, name, images) \
  OP(name, name, P, run_adaptive_pool, bp_##name, bp_##name##_indices, "(input, output_size, return_indices=False)" \
     DOC("The largest number of each of so many parts of the image that the result has output_size; see adaptive_avg_pool.\n" \
         "return_indices: also where in a channel's flattened image each comes from, int64." images))
#define IMAGES1 "\n\ninput [N, C, L] or [C, L], float32 or float64."
#define IMAGES2 "\n\ninput [N, C, H, W] or [C, H, W], float32 or float64."
#define IMAGES3 "\n\ninput [N, C, D, H, W] or [C, D, H, W], float32 or float64."
#define OPERATIONS_POOLING(OP) \
  MAX_POOL(OP, max_pool1d, IMAGES1) MAX_POOL(OP, max_pool2d, IMAGES2) MAX_POOL(OP, max_pool3d, IMAGES3) \
  OP(avg_pool1d, avg_pool1d, F, run_avg_pool, bp_avg_pool1d, NULL, "(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True)" \
     DOC("The mean of each window; stride None: kernel_size. count_include_pad: the zeros of the padding count." IMAGES1)) \
  AVG_POOL(OP, avg_pool2d, IMAGES2) AVG_POOL(OP, avg_pool3d, IMAGES3) LP_POOL(OP, lp_pool1d, IMAGES1) LP_POOL(OP, lp_pool2d, IMAGES2) \
  LP_POOL(OP, lp_pool3d, IMAGES3) ADAPTIVE_AVG_POOL(OP, adaptive_avg_pool1d, F, IMAGES1) ADAPTIVE_AVG_POOL(OP, adaptive_avg_pool2d, P, IMAGES2) \
  ADAPTIVE_AVG_POOL(OP, adaptive_avg_pool3d, P, IMAGES3) ADAPTIVE_MAX_POOL(OP, adaptive_max_pool1d, IMAGES1) \
  ADAPTIVE_MAX_POOL(OP, adaptive_max_pool2d, IMAGES2) ADAPTIVE_MAX_POOL(OP, adaptive_max_pool3d, IMAGES3) \
  OP(max_unpool, _max_unpool, P, run_max_unpool, NULL, NULL, "(input, indices, output_size)" \
     DOC("What nn.functional.max_unpool1d, 2d, 3d call: each input at the position in indices, zeros elsewhere."))
