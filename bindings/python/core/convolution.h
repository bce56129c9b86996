/* ---------------------------------------------------------------------------------------------------------------
 * Convolution
 * ------------------------------------------------------------------------------------------------------------- */

/* How many dimensions the images of an operation have: the digit in its name. */
static int dimensions(const Row *r) { return r->name[strcspn(r->name, "123")] - '0'; }

/* One number for all dimensions, or as many as there are. Left alone if not given. */
static int as_each(const Row *r, int i, PyObject *o, int dims, int64_t out[3]) {
  int64_t sizes[BP_MAX_DIMS];
  if (absent(o)) return 0;
  int n = as_sizes(r->name, NAME(i), o, sizes);
  if (n < 0) return -1;
  if (!n) return 0; /* (): the default */
  if (n != 1 && n != dims)
    return PyErr_Format(PyExc_RuntimeError, "%s(): %s must be one number or %d, got %d", r->name, NAME(i), dims, n), -1;
  for (int d = 0; d < dims; d++) out[d] = sizes[n == 1 ? 0 : d];
  return 0;
}

/* (input, weight, bias, stride, padding, dilation, groups) */
typedef bp_tensor *(*Convolution)(const bp_tensor *, const bp_tensor *, const bp_tensor *, const bp_conv_options *);
static PyObject *run_conv(const Row *r, PyObject **v) {
  bp_conv_options o = BP_CONV_OPTIONS_INIT;
  int dims = dimensions(r);
  TENSOR(0, x);
  TENSOR(1, w);
  TENSOR_OR_NULL(2, b);
  INT_OR(6, groups, 1);
  o.groups = groups;
  if (as_each(r, 3, v[3], dims, o.stride) || as_each(r, 5, v[5], dims, o.dilation)) return NULL;
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
  } else if (as_each(r, 4, v[4], dims, o.padding)) return NULL;
  return wrap(((Convolution)r->f)(x, w, b, &o));
}

/* (input, weight, bias, stride, padding, output_padding, groups, dilation) */
static PyObject *run_conv_transpose(const Row *r, PyObject **v) {
  bp_conv_options o = BP_CONV_OPTIONS_INIT;
  int dims = dimensions(r);
  TENSOR(0, x);
  TENSOR(1, w);
  TENSOR_OR_NULL(2, b);
  INT_OR(6, groups, 1);
  o.groups = groups;
  if (as_each(r, 3, v[3], dims, o.stride) || as_each(r, 4, v[4], dims, o.padding) || as_each(r, 5, v[5], dims, o.output_padding) ||
      as_each(r, 7, v[7], dims, o.dilation))
    return NULL;
  return wrap(((Convolution)r->f)(x, w, b, &o));
}

#define CONVOLUTION(OP, name, shapes) \
  OP(name, name, F, run_conv, bp_##name, NULL, "(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)" \
     DOC("Every window of the image times weight, summed (cross-correlation), plus bias [M] or None:\n" shapes "\n\n" \
         "L' = ⌊(L + 2·padding − dilation·(l − 1) − 1)/stride⌋ + 1 in each dimension. Options are one number or one for each\n" \
         "dimension; padding also 'valid' (0) or 'same' (the result has the image's size; stride 1). groups cuts the channels\n" \
         "into parts that do not see each other. RuntimeError for a window larger than the image with its zeros."))
#define CONVOLUTION_TRANSPOSED(OP, name, shapes) \
  OP(name, name, F, run_conv_transpose, bp_##name, NULL, \
     "(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1)" \
     DOC("Each number spread over a window by weight, plus bias [M] or None: the gradient of the convolution as an operation.\n" shapes "\n\n" \
         "L' = (L − 1)·stride − 2·padding + dilation·(l − 1) + output_padding + 1 in each dimension. Options are one number or\n" \
         "one for each dimension; output_padding must be smaller than stride or dilation."))
#define OPERATIONS_CONVOLUTION(OP) \
  CONVOLUTION(OP, conv1d, "input [N, C, L] or [C, L], weight [M, C/groups, l] → [N, M, L'].") \
  CONVOLUTION(OP, conv2d, "input [N, C, H, W] or [C, H, W], weight [M, C/groups, h, w] → [N, M, H', W'].") \
  CONVOLUTION(OP, conv3d, "input [N, C, D, H, W] or [C, D, H, W], weight [M, C/groups, d, h, w] → [N, M, D', H', W'].") \
  CONVOLUTION_TRANSPOSED(OP, conv_transpose1d, "input [N, C, L] or [C, L], weight [C, M/groups, l] → [N, M, L'].") \
  CONVOLUTION_TRANSPOSED(OP, conv_transpose2d, "input [N, C, H, W] or [C, H, W], weight [C, M/groups, h, w] → [N, M, H', W'].") \
  CONVOLUTION_TRANSPOSED(OP, conv_transpose3d, "input [N, C, D, H, W] or [C, D, H, W], weight [C, M/groups, d, h, w] → [N, M, D', H', W'].")
