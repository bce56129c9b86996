/* Convolution and pooling from C: values worked out by hand, gradients, and what is refused. */
#include "check.h"

static void convolution(bp_context *ctx) {
  bp_conv_options o = BP_CONV_OPTIONS_INIT;
  bp_tensor *x, *w, *b;
  begin("conv2d: values, padding, stride, bias, gradients");
  bp_scope_push(ctx);
  x = trainable(ctx, "1 1 3 3", "1 2 3 4 5 6 7 8 9");
  w = trainable(ctx, "1 1 2 2", "1 0 0 -1");
  b = trainable(ctx, "1", "10");
  expect(bp_conv2d(x, w, b, NULL), "1 1 2 2", "6 6 6 6");
  o.padding[0] = o.padding[1] = 1;
  o.stride[0] = o.stride[1] = 2;
  expect(bp_conv2d(x, w, NULL, &o), "1 1 2 2", "-1 -3 -7 -4");
  bp_backward(bp_sum(bp_conv2d(x, w, b, NULL)));
  expect(bp_grad(x), "1 1 3 3", "1 1 0 1 0 -1 0 -1 -1");
  expect(bp_grad(w), "1 1 2 2", "12 16 24 28");
  expect(bp_grad(b), "1", "4");
  expect(bp_conv2d(floats(ctx, "2 1 2", "1 2 3 4"), floats(ctx, "1 2 1 1", "10 1"), NULL, NULL), "1 1 2", "13 24");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("conv2d: zeros after the image, dilation, groups");
  bp_scope_push(ctx);
  o.padding[0] = o.padding[1] = 0;
  o.stride[0] = o.stride[1] = 1;
  o.padding_after[1] = 1;
  expect(bp_conv2d(floats(ctx, "1 1 3", "1 2 3"), floats(ctx, "1 1 1 2", "1 10"), NULL, &o), "1 1 3", "21 32 3");
  o.padding_after[1] = 0;
  o.dilation[1] = 2;
  o.groups = 2;
  expect(bp_conv2d(floats(ctx, "2 1 3", "1 2 3 4 5 6"), floats(ctx, "2 1 1 2", "1 10 1 100"), NULL, &o), "2 1 1", "31 604");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("conv1d and conv_transpose2d");
  bp_scope_push(ctx);
  o.dilation[1] = o.groups = 1;
  o.padding[0] = 1;
  expect(bp_conv1d(floats(ctx, "1 1 3", "1 2 3"), floats(ctx, "1 1 3", "1 1 1"), floats(ctx, "1", "0.5"), &o), "1 1 3", "3.5 6.5 5.5");
  o.padding[0] = 0;
  o.stride[0] = o.stride[1] = 2;
  o.output_padding[1] = 1;
  x = trainable(ctx, "1 1 1 2", "1 2");
  w = floats(ctx, "1 1 1 2", "1 10");
  expect(bp_conv_transpose2d(x, w, floats(ctx, "1", "100"), &o), "1 1 1 5", "101 110 102 120 100");
  bp_backward(bp_sum(bp_conv_transpose2d(x, w, NULL, &o)));
  expect(bp_grad(x), "1 1 1 2", "11 11");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("convolutions that are refused name the option and the value");
  bp_scope_push(ctx);
  bp_conv_options plain = BP_CONV_OPTIONS_INIT, bad = BP_CONV_OPTIONS_INIT;
  x = floats(ctx, "1 2 2 2", "1 2 3 4 5 6 7 8");
  w = floats(ctx, "2 2 1 1", "1 2 3 4");
  bad.stride[1] = 0;
  refuses(bp_conv2d(x, w, NULL, &bad), BP_E_ARGUMENT, "stride must be at least 1, it is [1, 0]");
  bad = plain;
  bad.padding[0] = -1;
  refuses(bp_conv2d(x, w, NULL, &bad), BP_E_ARGUMENT, "padding must be at least 0, it is [-1, 0]");
  bad = plain;
  bad.groups = 3;
  refuses(bp_conv2d(x, w, NULL, &bad), BP_E_SHAPE, "groups 3 does not divide the 2 channels");
  bad.groups = 0;
  refuses(bp_conv2d(x, w, NULL, &bad), BP_E_ARGUMENT, "groups must be at least 1");
  bad = plain;
  bad.dilation[0] = INT64_MAX;
  refuses(bp_conv2d(x, w, NULL, &bad), BP_E_ARGUMENT, "dilation is too large");
  bad = plain;
  bad.output_padding[0] = 1;
  refuses(bp_conv_transpose2d(x, w, NULL, &bad), BP_E_ARGUMENT, "output_padding [1, 0] must be smaller");
  bad.struct_size = 3;
  refuses(bp_conv2d(x, w, NULL, &bad), BP_E_ARGUMENT, "struct_size is 3");
  refuses(bp_conv2d(x, floats(ctx, "1 2 3 1", "1 2 3 4 5 6"), NULL, NULL), BP_E_SHAPE, "larger than input [1, 2, 2, 2]");
  refuses(bp_conv2d(x, floats(ctx, "1 1 1 1", "1"), NULL, NULL), BP_E_SHAPE, "does not fit weight [1, 1, 1, 1]");
  refuses(bp_conv2d(x, w, floats(ctx, "1", "1"), NULL), BP_E_SHAPE, "bias [1] does not fit; wanted [2]");
  refuses(bp_conv2d(x, integers(ctx, "1 2 1 1", "1 2"), NULL, NULL), BP_E_DTYPE, "weight is int64");
  refuses(bp_conv2d(floats(ctx, "2", "1 2"), w, NULL, NULL), BP_E_SHAPE, "conv2d: input [2]");
  refuses(bp_conv1d(x, w, NULL, NULL), BP_E_SHAPE, "conv1d: input [1, 2, 2, 2]");
  bp_scope_pop(ctx);
}

static void pooling(bp_context *ctx) {
  bp_pool_options o = BP_POOL_OPTIONS_INIT(2), one = BP_POOL_OPTIONS_INIT(3), bad = BP_POOL_OPTIONS_INIT(2);
  bp_tensor *x;
  begin("max_pool2d, its places and its gradient; max_pool1d");
  bp_scope_push(ctx);
  x = trainable(ctx, "1 1 3 4", "1 5 2 2 3 4 9 0 7 8 9 9");
  expect(bp_max_pool2d(x, &o), "1 1 1 2", "5 9");
  expect(bp_max_pool2d_indices(x, &o), "1 1 1 2", "1 6");
  o.ceil_mode = 1;
  expect(bp_max_pool2d(x, &o), "1 1 2 2", "5 9 8 9");
  bp_backward(bp_sum(bp_max_pool2d(x, &o)));
  expect(bp_grad(x), "1 1 3 4", "0 1 0 0 0 0 1 0 0 1 1 0");
  one.stride[0] = 2;
  one.padding[0] = 1;
  expect(bp_max_pool1d(floats(ctx, "1 1 5", "3 1 2 5 4"), &one), "1 1 3", "3 5 5");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("avg_pool2d, avg_pool1d, adaptive_avg_pool2d");
  bp_scope_push(ctx);
  o.ceil_mode = 0;
  x = trainable(ctx, "1 1 2 4", "1 2 3 4 5 6 7 8");
  expect(bp_avg_pool2d(x, &o), "1 1 1 2", "3.5 5.5");
  bp_backward(bp_sum(bp_avg_pool2d(x, &o)));
  expect(bp_grad(x), "1 1 2 4", "0.25 0.25 0.25 0.25 0.25 0.25 0.25 0.25");
  o.padding[0] = o.padding[1] = 1;
  o.stride[0] = o.stride[1] = 4;
  expect(bp_avg_pool2d(x, &o), "1 1 1 2", "0.25 1");
  o.count_include_pad = 0;
  expect(bp_avg_pool2d(x, &o), "1 1 1 2", "1 4");
  o.divisor_override = 2;
  expect(bp_avg_pool2d(x, &o), "1 1 1 2", "0.5 2");
  expect(bp_avg_pool1d(floats(ctx, "1 1 5", "3 1 2 5 4"), &one), "1 1 3", "1.33333333 2.66666667 3");
  expect(bp_adaptive_avg_pool2d(x, 1, 3), "1 1 1 3", "3.5 4.5 5.5");
  expect(bp_adaptive_avg_pool2d(x, 1, 1), "1 1 1 1", "4.5");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("pooling that is refused names the option and the value");
  bp_scope_push(ctx);
  x = floats(ctx, "1 2 2", "1 2 3 4");
  refuses(bp_max_pool2d(x, NULL), BP_E_ARGUMENT, "kernel has no default");
  bad.padding[0] = 2;
  refuses(bp_max_pool2d(x, &bad), BP_E_ARGUMENT, "padding 2 must be at most half");
  bad.padding[0] = 0;
  bad.kernel[1] = 0;
  refuses(bp_avg_pool2d(x, &bad), BP_E_ARGUMENT, "kernel_size must be at least 1, it is [2, 0]");
  bad.kernel[1] = 3;
  refuses(bp_max_pool2d(x, &bad), BP_E_SHAPE, "input [1, 2, 2] is too small");
  refuses(bp_adaptive_avg_pool2d(x, -1, 2), BP_E_ARGUMENT, "output size [-1, 2]");
  refuses(bp_max_pool1d(floats(ctx, "1", "1"), &one), BP_E_SHAPE, "max_pool1d: input [1]");
  bp_scope_pop(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  convolution(ctx);
  pooling(ctx);
  release_texts();
  begin("nothing is left");
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
  bp_context_destroy(ctx);
  return finish();
}
