/* Linear algebra from C: values worked out by hand, gradients, and what is refused. */
#include "check.h"

static void products(bp_context *ctx) {
  begin("products under their own names");
  bp_scope_push(ctx);
  bp_tensor *a = floats(ctx, "2 2", "1 2 3 4"), *b = floats(ctx, "2 2", "0 1 1 0"), *v = floats(ctx, "2", "1 -1"), *w = floats(ctx, "2", "2 3");
  const int64_t first[] = {0, 1}, second[] = {1, 0};
  bp_tensor *chain[] = {a, b, w}, *alone[] = {a};
  bp_tensor *batch = floats(ctx, "2 1 2", "1 2 3 4"), *other = floats(ctx, "2 2 1", "1 1 2 0");
  expect(bp_mm(a, b), "2 2", "2 1 4 3");
  expect(bp_mv(a, v), "2", "-1 -1");
  expect(bp_bmm(batch, other), "2 1 1", "3 6");
  expect(bp_dot(v, w), "", "-1");
  expect(bp_vdot(v, w), "", "-1");
  expect(bp_inner(a, w), "2", "8 18");
  expect(bp_outer(v, w), "2 2", "2 3 -2 -3");
  expect(bp_addmm(v, a, b, 10, 2), "2 2", "14 -8 18 -4");
  expect(bp_addmv(v, a, w, 1, 1), "2", "9 17");
  expect(bp_addr(a, v, w, 0, 1), "2 2", "2 3 -2 -3");
  expect(bp_addbmm(floats(ctx, "1 1", "1"), batch, other, 1, 1), "1 1", "10");
  expect(bp_baddbmm(floats(ctx, "1 1 1", "1"), batch, other, 1, 1), "2 1 1", "4 7");
  expect(bp_tensordot(a, b, 2, first, second), "", "5");
  expect(bp_einsum("ij,jk,k->i", 3, chain), "2", "7 17");
  expect(bp_einsum("ii", 1, alone), "", "5");
  expect(bp_kron(v, w), "4", "2 3 -2 -3");
  expect(bp_trace(a), "", "5");
  refuses(bp_mm(a, v), BP_E_SHAPE, "mm: needs 2 and 2 dimensions");
  refuses(bp_einsum("ij->kk", 1, alone), BP_E_ARGUMENT, "a dimension that no operand has");
  refuses(bp_einsum(NULL, 1, alone), BP_E_ARGUMENT, "equation is NULL");
  bp_scope_pop(ctx);
  no_error(ctx);
}

static void factorizations(bp_context *ctx) {
  begin("factorizations, systems, determinants");
  bp_scope_push(ctx);
  bp_tensor *a = trainable(ctx, "2 2", "4 2 2 5"), *b = floats(ctx, "2 1", "2 5"), *second = NULL, *third = NULL;
  expect(bp_cholesky(a, 0), "2 2", "2 0 1 2");
  expect(bp_cholesky(a, 1), "2 2", "2 1 0 2");
  expect(bp_solve(a, b, 1), "2 1", "0 1");
  expect(bp_solve(floats(ctx, "2 2", "0 2 1 0"), floats(ctx, "2", "4 3"), 1), "2", "3 2");
  expect(bp_solve_triangular(a, b, 0, 1, 1), "2 1", "2 1");
  expect(bp_inverse(floats(ctx, "2 2", "0 2 4 0")), "2 2", "0 0.25 0.5 0");
  expect(bp_det(a), "", "16");
  expect(bp_slogdet(floats(ctx, "2 2", "0 1 1 0"), &second), "", "-1");
  expect(second, "", "0");
  expect(bp_logdet(floats(ctx, "1 1", "1")), "", "0");
  expect(bp_lu(floats(ctx, "2 2", "1 3 2 4"), &second), "2 2", "2 4 0.5 1");
  expect(bp_to(second, BP_FLOAT32), "2", "2 2");
  expect(bp_qr(floats(ctx, "2 1", "3 4"), 0, &second), "2 1", "-0.6 -0.8");
  expect(second, "1 1", "-5");
  expect(bp_eigh(floats(ctx, "2 2", "2 9 1 2"), 0, &second), "2", "1 3");
  expect(bp_abs(bp_eigh(floats(ctx, "2 2", "-3 0 0 1"), 1, NULL)), "2", "3 1");
  bp_svd(floats(ctx, "2 1", "3 4"), 1, &second, &third);
  expect(second, "1", "5");
  expect(bp_abs(third), "1 1", "1");
  expect(bp_pinverse(floats(ctx, "2 1", "3 4"), 0, 1e-15), "1 2", "0.12 0.16");
  bp_backward(bp_det(a));
  expect(bp_grad(a), "2 2", "5 -2 -2 4");
  expect(bp_to(bp_cholesky_order(floats(ctx, "2 2", "1 2 2 1"), 0), BP_FLOAT32), "", "2");
  refuses(bp_cholesky(floats(ctx, "2 2", "1 2 2 1"), 0), BP_E_SINGULAR, "leading minor of order 2 is not positive");
  refuses(bp_solve(floats(ctx, "2 2", "1 2 2 4"), b, 1), BP_E_SINGULAR, "solve: the matrix is singular");
  refuses(bp_inverse(floats(ctx, "1 1", "0")), BP_E_SINGULAR, "inverse: the matrix is singular");
  refuses(bp_det(b), BP_E_SHAPE, "det: the matrices must be square");
  bp_scope_pop(ctx);
  no_error(ctx);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  products(ctx);
  factorizations(ctx);
  release_texts();
  begin("nothing is left");
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
  bp_context_destroy(ctx);
  return finish();
}
