/* ---------------------------------------------------------------------------------------------------------------
 * Convolution and pooling
 * ------------------------------------------------------------------------------------------------------------- */

/* One number for both dimensions, or as many as there are. */
static int as_pair(const Row *r, int i, PyObject *o, int dims, int64_t out[2]) {
  int64_t sizes[BP_MAX_DIMS];
  if (absent(o)) return 0;
  int n = as_sizes(r->name, NAME(i), o, sizes);
  if (n < 0) return -1;
  if (!n) return 0; /* (): the default */
  if (n != 1 && n != dims)
    return PyErr_Format(PyExc_RuntimeError, "%s(): %s must be one number or %d, got %d", r->name, NAME(i), dims, n), -1;
  out[0] = sizes[0];
  out[1] = sizes[n - 1];
  return 0;
}
#define DIMENSIONS(r) (strchr((r)->name, '1') ? 1 : 2)

/* conv1d, conv2d: (input, weight, bias, stride, padding, dilation, groups) */
typedef bp_tensor *(*Convolution)(const bp_tensor *, const bp_tensor *, const bp_tensor *, const bp_conv_options *);
static PyObject *run_conv(const Row *r, PyObject **v) {
  bp_conv_options o = BP_CONV_OPTIONS_INIT;
  int dims = DIMENSIONS(r);
  TENSOR(0, x);
  TENSOR(1, w);
  TENSOR_OR_NULL(2, b);
  INT_OR(6, groups, 1);
  o.groups = groups;
  if (as_pair(r, 3, v[3], dims, o.stride) || as_pair(r, 5, v[5], dims, o.dilation)) return NULL;
  if (!absent(v[4]) && PyUnicode_Check(v[4])) {
    int same = !PyUnicode_CompareWithASCIIString(v[4], "same");
    if (!same && PyUnicode_CompareWithASCIIString(v[4], "valid"))
      return PyErr_Format(PyExc_RuntimeError, "%s(): padding must be 'same', 'valid' or numbers, got %R", r->name, v[4]);
    for (int i = 0; same && i < dims; i++) {
      if (o.stride[i] != 1) return PyErr_Format(PyExc_RuntimeError, "%s(): padding='same' is not there for strided convolutions", r->name);
      int64_t kernel = bp_ndim(w) == dims + 2 ? bp_dim(w, i + 2) : 1;
      int64_t all = o.dilation[i] > 0 && o.dilation[i] < 1 << 30 && kernel > 0 && kernel < 1 << 30 ? o.dilation[i] * (kernel - 1) : 0;
      o.padding[i] = all / 2;
      o.padding_after[i] = all % 2;
    }
  } else if (as_pair(r, 4, v[4], dims, o.padding)) return NULL;
  return wrap(((Convolution)r->f)(x, w, b, &o));
}

/* (input, weight, bias, stride, padding, output_padding, groups, dilation) */
static PyObject *run_conv_transpose(const Row *r, PyObject **v) {
  bp_conv_options o = BP_CONV_OPTIONS_INIT;
  TENSOR(0, x);
  TENSOR(1, w);
  TENSOR_OR_NULL(2, b);
  INT_OR(6, groups, 1);
  o.groups = groups;
  if (as_pair(r, 3, v[3], 2, o.stride) || as_pair(r, 4, v[4], 2, o.padding) || as_pair(r, 5, v[5], 2, o.output_padding) ||
      as_pair(r, 7, v[7], 2, o.dilation))
    return NULL;
  return wrap(((Convolution)r->f)(x, w, b, &o));
}

/* max_pool: (input, kernel_size, stride, padding, dilation, ceil_mode, return_indices) */
typedef bp_tensor *(*Pool)(const bp_tensor *, const bp_pool_options *);
static PyObject *run_max_pool(const Row *r, PyObject **v) {
  bp_pool_options o = BP_POOL_OPTIONS_INIT(0);
  int dims = DIMENSIONS(r);
  TENSOR(0, x);
  TRUTH_OR(5, ceil_mode, 0);
  TRUTH_OR(6, return_indices, 0);
  o.ceil_mode = ceil_mode;
  if (as_pair(r, 1, v[1], dims, o.kernel) || as_pair(r, 2, v[2], dims, o.stride) || as_pair(r, 3, v[3], dims, o.padding) ||
      as_pair(r, 4, v[4], dims, o.dilation))
    return NULL;
  if (!return_indices) return wrap(((Pool)r->f)(x, &o));
  if (dims == 1) return PyErr_Format(PyExc_RuntimeError, "%s(): return_indices is there for max_pool2d only", r->name);
  PyObject *indices = wrap(bp_max_pool2d_indices(x, &o)), *values = indices ? wrap(((Pool)r->f)(x, &o)) : NULL;
  PyObject *both = values ? PyTuple_Pack(2, values, indices) : NULL;
  Py_XDECREF(values);
  Py_XDECREF(indices);
  return both;
}

/* avg_pool: (input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override) */
static PyObject *run_avg_pool(const Row *r, PyObject **v) {
  bp_pool_options o = BP_POOL_OPTIONS_INIT(0);
  int dims = DIMENSIONS(r);
  TENSOR(0, x);
  TRUTH_OR(4, ceil_mode, 0);
  TRUTH_OR(5, count_include_pad, 1);
  o.ceil_mode = ceil_mode;
  o.count_include_pad = count_include_pad;
  if (dims == 2 && !absent(v[6])) {
    if (as_int64(r->name, NAME(6), v[6], &o.divisor_override)) return NULL;
    if (!o.divisor_override) return PyErr_Format(PyExc_RuntimeError, "%s(): divisor_override must not be zero", r->name);
  }
  if (as_pair(r, 1, v[1], dims, o.kernel) || as_pair(r, 2, v[2], dims, o.stride) || as_pair(r, 3, v[3], dims, o.padding)) return NULL;
  return wrap(((Pool)r->f)(x, &o));
}

/* (input, output_size): an int, or two that may be None: that of the input */
static PyObject *run_adaptive_avg_pool(const Row *r, PyObject **v) {
  int64_t size[2];
  TENSOR(0, x);
  int is_pair = PySequence_Check(v[1]) && !is_tensor(v[1]) && PySequence_Size(v[1]) == 2;
  for (int i = 0; i < 2; i++) {
    PyObject *one = is_pair ? PySequence_GetItem(v[1], i) : (Py_INCREF(v[1]), v[1]);
    if (!one) return NULL;
    int bad = 0;
    if (one == Py_None) size[i] = bp_ndim(x) > 1 ? bp_dim(x, bp_ndim(x) - 2 + i) : 1;
    else bad = as_int64(r->name, NAME(1), one, &size[i]);
    Py_DECREF(one);
    if (bad) return NULL;
  }
  return wrap(bp_adaptive_avg_pool2d(x, size[0], size[1]));
}

#define OPERATIONS_CONVOLUTION(OP) \
  OP(conv1d, conv1d, F, run_conv, bp_conv1d, NULL, "(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)") \
  OP(conv2d, conv2d, F, run_conv, bp_conv2d, NULL, "(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)") \
  OP(conv_transpose2d, conv_transpose2d, F, run_conv_transpose, bp_conv_transpose2d, NULL, \
     "(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1)") \
  OP(max_pool1d, max_pool1d, F, run_max_pool, bp_max_pool1d, NULL, \
     "(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False)") \
  OP(max_pool2d, max_pool2d, F, run_max_pool, bp_max_pool2d, NULL, \
     "(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False)") \
  OP(avg_pool1d, avg_pool1d, F, run_avg_pool, bp_avg_pool1d, NULL, \
     "(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True)") \
  OP(avg_pool2d, avg_pool2d, P, run_avg_pool, bp_avg_pool2d, NULL, \
     "(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None)") \
  OP(adaptive_avg_pool2d, adaptive_avg_pool2d, P, run_adaptive_avg_pool, NULL, NULL, "(input, output_size)")
