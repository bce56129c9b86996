/* Convolution and pooling of one and three dimensions, windows as columns, images of other sizes: values worked out by hand. */
#include "check.h"

static void volumes(bp_context *ctx) {
  bp_conv_options o = BP_CONV_OPTIONS_INIT;
  bp_pool_options p = BP_POOL_OPTIONS_INIT(2), line = BP_POOL_OPTIONS_INIT(2);
  bp_tensor *x, *w;
  begin("conv3d, conv_transpose3d and conv_transpose1d");
  bp_scope_push(ctx);
  x = trainable(ctx, "1 1 2 2 2", "1 2 3 4 5 6 7 8");
  w = trainable(ctx, "1 1 2 1 2", "1 0 0 10");
  expect(bp_conv3d(x, w, floats(ctx, "1", "0.5"), NULL), "1 1 1 2 1", "61.5 83.5");
  bp_backward(bp_sum(bp_conv3d(x, w, NULL, NULL)));
  expect(bp_grad(x), "1 1 2 2 2", "1 0 1 0 0 10 0 10");
  expect(bp_grad(w), "1 1 2 1 2", "4 6 12 14");
  o.padding[0] = 1;
  o.stride[1] = 2;
  expect(bp_conv3d(x, w, NULL, &o), "1 1 3 1 1", "20 61 5");
  o.padding[0] = 0;
  o.stride[0] = 2;
  o.stride[1] = 1;
  o.output_padding[0] = 1;
  expect(bp_conv_transpose3d(floats(ctx, "1 1 1 1 2", "1 2"), w, NULL, &o), "1 1 3 1 3", "1 2 0 0 10 20 0 0 0");
  expect(bp_conv_transpose1d(floats(ctx, "1 1 2", "1 2"), floats(ctx, "1 1 2", "1 10"), NULL, &o), "1 1 5", "1 10 2 20 0");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("max_pool3d, avg_pool3d, lp_pool, max_unpool");
  bp_scope_push(ctx);
  x = trainable(ctx, "1 2 2 3", "1 8 3 4 5 6 7 8 9 0 1 2");
  expect(bp_max_pool3d(x, &p), "1 1 1 1", "8");
  expect(bp_max_pool3d_indices(x, &p), "1 1 1 1", "1");
  expect(bp_avg_pool3d(x, &p), "1 1 1 1", "4.25");
  p.ceil_mode = 1;
  expect(bp_max_pool3d(x, &p), "1 1 1 2", "8 9");
  expect(bp_max_pool3d_indices(x, &p), "1 1 1 2", "1 8");
  expect(bp_avg_pool3d(x, &p), "1 1 1 2", "4.25 5");
  line.stride[0] = 1;
  x = floats(ctx, "1 1 4", "3 4 0 5");
  expect(bp_max_pool1d_indices(x, &line), "1 1 3", "1 1 3");
  expect(bp_lp_pool1d(x, 2, &line), "1 1 3", "5 4 5");
  line.stride[1] = 1;
  expect(bp_lp_pool2d(floats(ctx, "1 2 2", "1 2 3 4"), 1, &line), "1 1 1", "10");
  expect(bp_lp_pool3d(floats(ctx, "1 2 2 2", "1 1 1 1 1 1 1 1"), 3, &p), "1 1 1 1", "2");
  expect(bp_max_unpool1d(floats(ctx, "1 1 2", "7 8"), integers(ctx, "1 1 2", "3 0"), 4), "1 1 4", "8 0 0 7");
  expect(bp_max_unpool2d(floats(ctx, "1 1 1", "7"), integers(ctx, "1 1 1", "3"), 2, 2), "1 2 2", "0 0 0 7");
  expect(bp_max_unpool3d(floats(ctx, "1 1 1 1", "7"), integers(ctx, "1 1 1 1", "2"), 2, 1, 2), "1 2 1 2", "0 0 7 0");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("adaptive pools");
  bp_scope_push(ctx);
  x = floats(ctx, "1 1 5", "1 2 6 4 5");
  expect(bp_adaptive_avg_pool1d(x, 2), "1 1 2", "3 5");
  expect(bp_adaptive_max_pool1d(x, 2), "1 1 2", "6 6");
  expect(bp_adaptive_max_pool1d_indices(x, 3), "1 1 3", "1 2 4");
  x = floats(ctx, "1 2 2 1", "1 2 3 4");
  expect(bp_adaptive_avg_pool3d(x, 1, 2, 1), "1 1 2 1", "2 3");
  expect(bp_adaptive_max_pool3d(x, 2, 1, 1), "1 2 1 1", "2 4");
  expect(bp_adaptive_max_pool3d_indices(x, 2, 1, 1), "1 2 1 1", "1 3");
  expect(bp_adaptive_max_pool2d(x, 1, 1), "1 2 1 1", "2 4");
  expect(bp_adaptive_max_pool2d_indices(x, 1, 1), "1 2 1 1", "1 1");
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void resampling(bp_context *ctx) {
  bp_pool_options p = BP_POOL_OPTIONS_INIT(2);
  bp_interpolate_options o = BP_INTERPOLATE_OPTIONS_INIT, bad = BP_INTERPOLATE_OPTIONS_INIT;
  int64_t size[4] = {1, 1, 1, 2};
  bp_tensor *x, *y;
  begin("im2col, col2im");
  bp_scope_push(ctx);
  x = trainable(ctx, "1 1 2 3", "1 2 3 4 5 6");
  y = bp_im2col(x, &p);
  expect(y, "1 4 2", "1 2 2 3 4 5 5 6");
  expect(bp_col2im(y, 2, 3, &p), "1 1 2 3", "1 4 3 4 10 6");
  bp_backward(bp_sum(y));
  expect(bp_grad(x), "1 1 2 3", "1 2 1 1 2 1");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("interpolate, grid_sample, affine_grid");
  bp_scope_push(ctx);
  x = trainable(ctx, "1 1 2", "0 4");
  o.size[0] = 4;
  expect(bp_interpolate(x, &o), "1 1 4", "0 0 4 4");
  o.mode = BP_INTERPOLATE_LINEAR;
  expect(bp_interpolate(x, &o), "1 1 4", "0 1 3 4");
  bp_backward(bp_sum(bp_interpolate(x, &o)));
  expect(bp_grad(x), "1 1 2", "2 2");
  o.size[0] = 0;
  o.scale[0] = 1.5;
  o.align_corners = 1;
  expect(bp_interpolate(x, &o), "1 1 3", "0 2 4");
  x = trainable(ctx, "1 1 1 2", "1 3");
  y = bp_affine_grid(floats(ctx, "1 2 3", "1 0 0.5 0 1 0"), 4, size, 0);
  expect(y, "1 1 2 2", "0 0 1 0");
  expect(bp_grid_sample(x, y, BP_GRID_BILINEAR, BP_GRID_ZEROS, 0), "1 1 1 2", "2 1.5");
  expect(bp_grid_sample(x, y, BP_GRID_NEAREST, BP_GRID_BORDER, 0), "1 1 1 2", "1 3");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("what is refused names the option and the value");
  bp_scope_push(ctx);
  x = floats(ctx, "1 1 1 2", "1 3");
  y = floats(ctx, "1 1 1 2", "0 0");
  refuses(bp_interpolate(x, NULL), BP_E_ARGUMENT, "options is NULL");
  refuses(bp_interpolate(x, &bad), BP_E_ARGUMENT, "would have size 0");
  bad.mode = 9;
  refuses(bp_interpolate(x, &bad), BP_E_ARGUMENT, "9 is no mode");
  bad.struct_size = 1;
  refuses(bp_interpolate(x, &bad), BP_E_ARGUMENT, "struct_size is 1");
  refuses(bp_grid_sample(x, y, 3, 0, 0), BP_E_ARGUMENT, "3 is no mode");
  refuses(bp_grid_sample(x, y, 0, -1, 0), BP_E_ARGUMENT, "-1 is no padding mode");
  refuses(bp_grid_sample(x, floats(ctx, "1 1 1 3", "0 0 0"), 0, 0, 0), BP_E_SHAPE, "grid [1, 1, 1, 3]");
  refuses(bp_col2im(floats(ctx, "1 4 3", "1 2 3 4 5 6 7 8 9 1 2 3"), 2, 3, &p), BP_E_SHAPE, "3 columns, the image 2 windows");
  refuses(bp_max_unpool1d(floats(ctx, "1 1 1", "7"), integers(ctx, "1 1 1", "3"), 3), BP_E_INDEX, "index 3 is out of range for size 3");
  refuses(bp_adaptive_max_pool1d(floats(ctx, "1 1 1", "7"), 0), BP_E_ARGUMENT, "output size [0]");
  refuses(bp_lp_pool1d(floats(ctx, "1 1 2", "7 1"), 0, &p), BP_E_ARGUMENT, "norm_type");
  bp_scope_pop(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  volumes(ctx);
  resampling(ctx);
  release_texts();
  begin("nothing is left");
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
  bp_context_destroy(ctx);
  return finish();
}
