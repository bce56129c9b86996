/* ---------------------------------------------------------------------------------------------------------------
 * Windows as columns, images of other sizes
 * ------------------------------------------------------------------------------------------------------------- */

/* im2col: (input, kernel_size, dilation, padding, stride); col2im: (input, output_size, kernel_size, …) */
static PyObject *run_columns(const Row *r, PyObject **v) {
  bp_pool_options o = BP_POOL_OPTIONS_INIT(1);
  int64_t size[3] = {1, 1, 1};
  int at = r->f ? 1 : 2;
  TENSOR(0, x);
  o.stride[0] = o.stride[1] = 1;
  if ((!r->f && as_each(r, 1, v[1], 2, size)) || as_each(r, at, v[at], 2, o.kernel) || as_each(r, at + 1, v[at + 1], 2, o.dilation) ||
      as_each(r, at + 2, v[at + 2], 2, o.padding) || as_each(r, at + 3, v[at + 3], 2, o.stride))
    return NULL;
  if (o.stride[0] < 1 || o.stride[1] < 1) /* 0 would be the default to the library */
    return PyErr_Format(PyExc_RuntimeError, "%s(): stride must be at least 1, got %R", r->name, v[at + 3]);
  return wrap(r->f ? bp_im2col(x, &o) : bp_col2im(x, size[0], size[1], &o));
}

/* _interpolate: (input, mode, size, scale, align_corners, antialias) */
static PyObject *run_interpolate(const Row *r, PyObject **v) {
  bp_interpolate_options o = BP_INTERPOLATE_OPTIONS_INIT;
  TENSOR(0, x);
  INT(1, mode);
  TRUTH_OR(4, align_corners, 0);
  TRUTH_OR(5, antialias, 0);
  o.mode = (bp_interpolation)mode;
  o.align_corners = align_corners;
  o.antialias = antialias;
  if (as_each(r, 2, v[2], 3, o.size)) return NULL;
  for (int i = 0; !absent(v[3]) && i < 3; i++) {
    PyObject *one = PySequence_GetItem(v[3], i);
    int bad = !one || as_double(r->name, NAME(3), one, &o.scale[i]);
    Py_XDECREF(one);
    if (bad) return NULL;
  }
  return wrap(bp_interpolate(x, &o));
}

/* (input, grid, interpolation_mode, padding_mode, align_corners) */
static PyObject *run_grid_sampler(const Row *r, PyObject **v) {
  TENSOR(0, x);
  TENSOR(1, grid);
  INT(2, mode);
  INT(3, padding);
  TRUTH_OR(4, align_corners, 0);
  if (mode < 0 || mode > 2 || padding < 0 || padding > 2) return PyErr_Format(PyExc_RuntimeError, "%s(): modes are numbers from 0 to 2", r->name);
  return wrap(bp_grid_sample(x, grid, (bp_grid_mode)mode, (bp_grid_padding)padding, align_corners));
}

/* (theta, size, align_corners) */
static PyObject *run_affine_grid(const Row *r, PyObject **v) {
  TENSOR(0, theta);
  SIZES(1, size, n);
  TRUTH_OR(2, align_corners, 0);
  return wrap(bp_affine_grid(theta, n, size, align_corners));
}

#define GRID_SAMPLER(OP, name, shapes) \
  OP(name, name, F, run_grid_sampler, NULL, NULL, "(input, grid, interpolation_mode, padding_mode, align_corners)" \
     DOC("input read at the positions of grid, each −1 … 1 over the image: " shapes "\n" \
         "interpolation_mode 0 bilinear, 1 nearest, 2 bicubic; padding_mode 0 zeros, 1 border, 2 reflection. What\n" \
         "nn.functional.grid_sample() calls, which has names for them. Gradients for both."))
#define OPERATIONS_RESAMPLING(OP) \
  OP(im2col, im2col, P, run_columns, bp_im2col, NULL, "(input, kernel_size, dilation=1, padding=0, stride=1)" \
     DOC("What L windows see, as columns: [N, C, H, W] or [C, H, W] → [N, C·kh·kw, L]; nn.functional.unfold. Options: one number\n" \
         "or two.\n\n" \
         "    >>> backprop.nn.functional.unfold(backprop.ones(1, 1, 4, 4), 2).shape\n" \
         "    backprop.Size([1, 4, 9])")) \
  OP(col2im, col2im, P, run_columns, NULL, NULL, "(input, output_size, kernel_size, dilation=1, padding=0, stride=1)" \
     DOC("Columns [N, C·kh·kw, L] added up in an image [N, C, H, W], output_size = (H, W): the transpose of im2col();\n" \
         "nn.functional.fold.")) \
  OP(interpolate, _interpolate, P, run_interpolate, NULL, NULL, "(input, mode, size=None, scale=None, align_corners=False, antialias=False)" \
     DOC("What nn.functional.interpolate() calls: mode by number, one size or scale for each dimension.")) \
  GRID_SAMPLER(OP, grid_sampler, "the 2d or the 3d form.") GRID_SAMPLER(OP, grid_sampler_2d, "[N, C, H, W] at [N, H', W', 2].") \
  GRID_SAMPLER(OP, grid_sampler_3d, "[N, C, D, H, W] at [N, D', H', W', 3].") \
  OP(affine_grid_generator, affine_grid_generator, F, run_affine_grid, NULL, NULL, "(theta, size, align_corners)" \
     DOC("positions for grid_sampler(), moved by theta: size (N, C, H, W): theta [N, 2, 3] → [N, H, W, 2]; size (N, C, D, H, W):\n" \
         "[N, 3, 4] → [N, D, H, W, 3]."))
