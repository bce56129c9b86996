/* Movement, views of other layouts, and reading and writing by index: values worked out by hand. */
#include "check.h"

static bp_tensor *mask(bp_context *ctx, const char *shape, const char *values) { return tensor(ctx, BP_BOOL, shape, values); }

static void movement(bp_context *ctx) {
  int64_t d0[] = {0}, d1[] = {1}, d01[] = {0, 1}, d10[] = {1, 0}, shifts[] = {1, -1}, far[] = {7}, two_one[] = {2, 1}, sizes[] = {3, 1}, rows[] = {1, 1};
  bp_tensor *out[4] = {0};
  begin("movedim, unflatten, flip, roll, tril, triu, diagonal, diag, diag_embed");
  bp_scope_push(ctx);
  bp_tensor *x = trainable(ctx, "2 3", "1 2 3 4 5 6");
  expect(bp_movedim(x, 2, d01, d10), "3 2", "1 4 2 5 3 6");
  expect(bp_unflatten(x, 1, 2, sizes), "2 3 1", "1 2 3 4 5 6");
  expect(bp_squeeze_dims(bp_unflatten(x, 1, 2, sizes), 2, two_one), "2 3", "1 2 3 4 5 6");
  expect(bp_flip(x, 2, d01), "2 3", "6 5 4 3 2 1");
  expect(bp_roll(x, 2, shifts, d01), "2 3", "5 6 4 2 3 1");
  expect(bp_roll(x, 1, far, NULL), "2 3", "6 1 2 3 4 5");
  expect(bp_tril(x, 0), "2 3", "1 0 0 4 5 0");
  expect(bp_triu(x, 1), "2 3", "0 2 3 0 0 6");
  expect(bp_diagonal(x, 1, 0, 1), "2", "2 6");
  expect(bp_diag(x, -1), "1", "4");
  expect(bp_diag(floats(ctx, "2", "1 2"), 1), "3 3", "0 1 0 0 0 2 0 0 0");
  expect(bp_diag_embed(floats(ctx, "2", "1 2"), 0, 0, 1), "2 2", "1 0 0 2");
  bp_backward(bp_sum(bp_mul(bp_flip(bp_triu(x, 1), 1, d1), x)));
  expect(bp_grad(x), "2 3", "3 4 1 6 0 4");
  refuses(bp_roll(x, 2, shifts, NULL), BP_E_ARGUMENT, "roll: 2 shifts");
  refuses(bp_diagonal(x, 0, 1, 1), BP_E_ARGUMENT, "are the same");

  begin("repeat, tile, repeat_interleave, pad, unfold, as_strided and what is written into views");
  expect(bp_repeat(floats(ctx, "2", "1 2"), 2, two_one), "2 2", "1 2 1 2");
  expect(bp_tile(floats(ctx, "1 2", "1 2"), 1, two_one), "1 4", "1 2 1 2");
  expect(bp_repeat_interleave(x, 2, 0), "4 3", "1 2 3 1 2 3 4 5 6 4 5 6");
  expect(bp_repeat_interleave_each(x, integers(ctx, "3", "2 0 1"), 1), "2 3", "1 1 3 4 4 6");
  expect(bp_pad(x, 2, shifts, BP_PAD_CONSTANT, 9), "2 3", "9 1 2 9 4 5");
  expect(bp_pad(x, 2, two_one, BP_PAD_REFLECT, 0), "2 6", "3 2 1 2 3 2 6 5 4 5 6 5");
  expect(bp_pad(x, 2, rows, BP_PAD_REPLICATE, 0), "2 5", "1 1 2 3 3 4 4 5 6 6");
  expect(bp_pad(x, 2, rows, BP_PAD_CIRCULAR, 0), "2 5", "3 1 2 3 1 6 4 5 6 4");
  refuses(bp_pad(x, 2, rows, 4, 0), BP_E_ARGUMENT, "pad: mode 4");
  expect(bp_unfold_dim(x, 1, 2, 1), "2 2 2", "1 2 2 3 4 5 5 6");
  expect(bp_as_strided(x, 2, two_one, rows, BP_NONE), "2 1", "1 2");
  check(bp_storage_offset(bp_narrow(x, 1, 2, 1)) == 2);
  expect(bp_as_strided_scatter(x, floats(ctx, "2 1", "8 9"), 2, two_one, rows, 1), "2 3", "1 8 9 4 5 6");
  expect(bp_slice_scatter(x, floats(ctx, "2 2", "8 9 8 9"), 1, 0, BP_NONE, 2), "2 3", "8 2 9 8 5 9");
  expect(bp_select_scatter(x, floats(ctx, "3", "7 8 9"), 0, -1), "2 3", "1 2 3 7 8 9");
  expect(bp_diagonal_scatter(x, floats(ctx, "2", "8 9"), 0, 0, 1), "2 3", "8 2 3 4 9 6");
  refuses(bp_as_strided(x, 1, far, d1, 3), BP_E_INDEX, "leave the memory");

  begin("narrow, split, chunk, unbind");
  expect(bp_narrow(x, 1, -2, 2), "2 2", "2 3 5 6");
  check(bp_split(x, 2, two_one, 1, out) == BP_OK);
  expect(out[0], "2 2", "1 2 4 5");
  expect(out[1], "2 1", "3 6");
  check(bp_chunk(x, 2, 1, out) == 2);
  expect(out[1], "2 1", "3 6");
  check(bp_unbind(x, 0, out) == BP_OK);
  expect(out[1], "3", "4 5 6");
  check(bp_split(x, 2, two_one, 0, out) == BP_E_SHAPE);
  bp_context_clear(ctx);
  check(bp_chunk(x, 0, 0, out) == -1);
  bp_context_clear(ctx);
  check(!bp_is_shared(floats(ctx, "2", "1 2"), NULL));
  bp_scope_pop(ctx);
  bp_tensor *base = floats(ctx, "2", "1 2"), *view = bp_flip(base, 1, d0), *part = bp_narrow(base, 0, 0, 1);
  check(bp_is_shared(base, NULL) == 1 && bp_is_shared(base, part) == 0 && bp_is_shared(view, NULL) == 0);
  bp_release(view);
  bp_release(part);
}

static void indexing(bp_context *ctx) {
  begin("index, index_put, scatter, scatter_reduce, index_copy, index_fill, index_reduce");
  bp_scope_push(ctx);
  bp_tensor *x = trainable(ctx, "2 3", "1 2 3 4 5 6"), *at[] = {integers(ctx, "2", "1 -2"), integers(ctx, "2", "2 0")}, *columns[] = {NULL, integers(ctx, "2", "2 0")};
  expect(bp_index(x, 2, at), "2", "6 1");
  expect(bp_index(x, 2, columns), "2 2", "3 1 6 4");
  bp_backward(bp_sum(bp_index_put(bp_square(x), 2, at, floats(ctx, "", "9"), 0)));
  expect(bp_grad(x), "2 3", "0 4 6 8 10 0");
  expect(bp_index_put(x, 2, at, floats(ctx, "2", "8 9"), 1), "2 3", "10 2 3 4 5 14");
  refuses(bp_index_put_(x, 2, at, floats(ctx, "", "9"), 0), BP_E_GRAPH, "index_put_");
  bp_tensor *y = floats(ctx, "2 2", "1 2 3 4"), *diagonal[] = {mask(ctx, "2 2", "1 0 0 1")};
  expect(bp_index_put_(y, 1, diagonal, floats(ctx, "2", "8 9"), 0), "2 2", "8 2 3 9");
  at[0] = integers(ctx, "1", "5");
  refuses(bp_index(x, 1, at), BP_E_INDEX, "index 5 is out of range for dimension 0 with size 2");
  bp_tensor *two = integers(ctx, "2", "1 1"), *v = floats(ctx, "3", "1 2 3");
  expect(bp_scatter(v, 0, two, floats(ctx, "2", "8 9")), "3", "1 9 3");
  expect(bp_scatter_reduce(v, 0, two, floats(ctx, "2", "8 9"), BP_SCATTER_PROD, 0), "3", "1 72 3");
  expect(bp_scatter_reduce(v, 0, two, floats(ctx, "2", "8 9"), BP_SCATTER_MEAN, 1), "3", "1 6.33333333 3");
  expect(bp_index_copy(v, 0, two, floats(ctx, "2", "8 9")), "3", "1 9 3");
  expect(bp_index_fill(v, 0, two, floats(ctx, "", "7")), "3", "1 7 3");
  expect(bp_index_reduce(v, 0, two, floats(ctx, "2", "-1 9"), BP_SCATTER_AMIN, 1), "3", "1 -1 3");

  begin("take, put, take_along_dim, masks, nonzero, one_hot");
  expect(bp_take(x, integers(ctx, "2", "-1 0")), "2", "6 1");
  expect(bp_put(v, two, floats(ctx, "2", "8 9"), 1), "3", "1 19 3");
  expect(bp_take_along_dim(x, integers(ctx, "1 2", "2 -3"), 1), "2 2", "3 1 6 4");
  expect(bp_masked_fill(v, mask(ctx, "3", "0 1 1"), floats(ctx, "", "7")), "3", "1 7 7");
  expect(bp_masked_select(v, mask(ctx, "3", "0 1 1")), "2", "2 3");
  expect(bp_masked_scatter(v, mask(ctx, "3", "0 1 1"), floats(ctx, "2", "8 9")), "3", "1 8 9");
  expect(bp_nonzero(bp_tril(x, 0)), "3 2", "0 0 1 0 1 1");
  expect(bp_one_hot(two, 3), "2 3", "0 1 0 0 1 0");
  refuses(bp_one_hot(two, 1), BP_E_INDEX, "label 1 is out of range for 1 classes");
  bp_scope_pop(ctx);
  no_error(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  movement(ctx);
  indexing(ctx);
  release_texts();
  begin("nothing is left");
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
  bp_context_destroy(ctx);
  return finish();
}
