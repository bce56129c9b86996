/* Losses, lookups with options, instance and response norm, dropout of channels, rotary embedding: a known value each. */
#include "check.h"

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  bp_tensor *x, *y, *t;
  bp_poisson_nll_options poisson = BP_POISSON_NLL_OPTIONS_INIT;
  bp_triplet_margin_options triplet = BP_TRIPLET_MARGIN_OPTIONS_INIT;
  bp_multi_margin_options multi = BP_MULTI_MARGIN_OPTIONS_INIT;
  bp_embedding_options lookup = BP_EMBEDDING_OPTIONS_INIT;
  bp_embedding_bag_options bag = BP_EMBEDDING_BAG_OPTIONS_INIT;

  begin("l1, huber, smooth l1, weighted mse");
  bp_scope_push(ctx);
  x = trainable(ctx, "3", "1 4 0");
  y = floats(ctx, "3", "3 3 0");
  expect(bp_l1_loss(x, y, NULL, BP_REDUCTION_NONE), "3", "2 1 0");
  expect(bp_huber_loss(x, y, NULL, 1.5, BP_REDUCTION_NONE), "3", "1.875 0.5 0");
  expect(bp_smooth_l1_loss(x, y, 1.5, BP_REDUCTION_NONE), "3", "1.25 0.333333333 0");
  check_near(bp_item(bp_mse_loss_weighted(x, y, floats(ctx, "3", "1 2 1"), BP_REDUCTION_MEAN)), 6.0 / 4);
  bp_backward(bp_l1_loss(x, y, NULL, BP_REDUCTION_SUM));
  expect(bp_grad(x), "3", "-1 1 0");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("likelihoods and divergences");
  bp_scope_push(ctx);
  x = floats(ctx, "2", "0.5 0.25");
  y = floats(ctx, "2", "1 0");
  expect(bp_binary_cross_entropy(x, y, NULL, BP_REDUCTION_NONE), "2", "0.693147181 0.287682072");
  check_near(bp_item(bp_kl_div(bp_log(x), floats(ctx, "2", "0.5 0.5"), 0, BP_REDUCTION_BATCHMEAN)), 0.5 * 0.693147181 / 2);
  check_near(bp_item(bp_gaussian_nll_loss(x, y, floats(ctx, "2", "1 1"), 0, 1e-6, BP_REDUCTION_SUM)), 0.5 * (0.25 + 0.0625));
  check_near(bp_item(bp_poisson_nll_loss(x, y, &poisson)), (1.648721271 - 0.5 + 1.284025417) / 2);
  refuses(bp_mse_loss(x, y, BP_REDUCTION_BATCHMEAN), BP_E_ARGUMENT, "mse_loss");
  bp_scope_pop(ctx);

  begin("margins");
  bp_scope_push(ctx);
  x = floats(ctx, "2 2", "1 0 0 2");
  y = floats(ctx, "2 2", "1 0 0 -2");
  t = floats(ctx, "2", "1 -1");
  expect(bp_cosine_embedding_loss(x, y, t, 0, BP_REDUCTION_NONE), "2", "0 0");
  expect(bp_margin_ranking_loss(bp_select(x, 0, 1), bp_select(y, 0, 1), t, 0.5, BP_REDUCTION_NONE), "2", "0.5 4.5");
  expect(bp_soft_margin_loss(t, t, BP_REDUCTION_NONE), "2", "0.313261688 0.313261688");
  expect(bp_hinge_embedding_loss(bp_select(x, 0, 0), t, 1, BP_REDUCTION_NONE), "2", "1 1");
  triplet.eps = 0;
  triplet.reduction = BP_REDUCTION_NONE;
  expect(bp_triplet_margin_loss(x, y, floats(ctx, "2 2", "1 3 0 2"), &triplet), "2", "0 5");
  multi.reduction = BP_REDUCTION_NONE;
  expect(bp_multi_margin_loss(x, integers(ctx, "2", "0 0"), &multi), "2", "0 1.5");
  expect(bp_multilabel_margin_loss(x, integers(ctx, "2 2", "0 -1 1 0"), BP_REDUCTION_NONE), "2", "0 0");
  check_near(bp_item(bp_multilabel_soft_margin_loss(x, floats(ctx, "2 2", "1 0 0 1"), NULL, BP_REDUCTION_MEAN)), (0.313261688 + 2 * 0.693147181 + 0.126928011) / 4);
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("ctc_loss");
  bp_scope_push(ctx);
  /* Two steps of even probabilities: the label, or a blank before or after it. */
  x = trainable(ctx, "2 1 2", "0 0 0 0");
  y = bp_ctc_loss(bp_log_softmax(x, 2), integers(ctx, "1 1", "1"), integers(ctx, "1", "2"), integers(ctx, "1", "1"), 0, BP_REDUCTION_MEAN, 0);
  check_near(bp_item(y), 0.287682072);
  bp_backward(y);
  expect(bp_grad(x), "2 1 2", "0.166666667 -0.166666667 0.166666667 -0.166666667");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("lookups");
  bp_scope_push(ctx);
  x = trainable(ctx, "3 2", "3 4 1 0 0 1");
  lookup.scale_grad_by_freq = 1;
  bp_backward(bp_sum(bp_embedding_with(integers(ctx, "3", "0 0 1"), x, &lookup)));
  expect(bp_grad(x), "3 2", "1 1 1 1 0 0");
  bag.mode = BP_BAG_SUM;
  expect(bp_embedding_bag(integers(ctx, "3", "0 1 2"), x, integers(ctx, "3", "0 2 2"), &bag), "3 2", "4 4 0 0 0 1");
  bag.mode = BP_BAG_MAX;
  expect(bp_embedding_bag(integers(ctx, "1 2", "0 1"), x, NULL, &bag), "1 2", "3 4");
  lookup.max_norm = 1;
  expect(bp_embedding_with(integers(ctx, "1", "0"), x, &lookup), "1 2", "0.6 0.8");
  expect(x, "3 2", "0.6 0.8 1 0 0 1");
  bp_scope_pop(ctx);
  no_error(ctx);

  begin("instance_norm, local_response_norm, dropout of channels, rotary_embedding");
  bp_scope_push(ctx);
  x = floats(ctx, "1 2 2", "1 3 2 6");
  expect(bp_instance_norm(x, NULL, NULL, NULL, NULL, 1, 0.1, 0), "1 2 2", "-1 1 -1 1");
  expect(bp_local_response_norm(x, 1, 1, 1, 0), "1 2 2", "1 0.333333333 0.5 0.166666667");
  expect(bp_dropout1d(x, 0.5, 0), "1 2 2", "1 3 2 6");
  expect(bp_dropout2d(x, 1, 1), "1 2 2", "0 0 0 0");
  expect(bp_dropout3d(bp_unsqueeze(x, 0), 0, 1), "1 1 2 2", "1 3 2 6");
  expect(bp_alpha_dropout(x, 1, 1), "1 2 2", "0 0 0 0");
  expect(bp_feature_alpha_dropout(x, 0.5, 0), "1 2 2", "1 3 2 6");
  y = bp_rotary_embedding(floats(ctx, "1 2", "1 0"), floats(ctx, "1", "1.57079633"), 10000, BP_NONE, 1);
  check_near(bp_item(bp_select(bp_select(y, 0, 0), 0, 1)), 1);
  bp_scope_pop(ctx);
  no_error(ctx);

  bp_context_destroy(ctx);
  return finish();
}
