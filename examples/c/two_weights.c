/* Two weights find a number: the smallest complete program, with every step explained.
 *
 * We want   y = w1·x + w2   to be 20 when x is 4. At first w1 = 2 and w2 = 3, so y = 11: nine too small.
 * How wrong we are is the loss, (y − 20)² = 81. Which way should each weight move? That is what a gradient says:
 *
 *     d loss / d y  = 2·(y − 20)         = −18      the loss falls when y grows
 *     d loss / d w1 = −18 · d y / d w1   = −18 · x  = −72     (chain rule: derivatives along the way multiply)
 *     d loss / d w2 = −18 · d y / d w2   = −18 · 1  = −18
 *
 * Nobody writes these formulas in a program. Each operation knows its own small derivative; bp_backward() multiplies
 * them along the way from the loss back to the weights.
 */
#include <backprop.h>
#include <stdio.h>

int main(void) {
  /* The context owns everything: tensors, the record of what was computed, and the first error, if there is one. */
  bp_context *ctx = bp_context_create(NULL);

  /* Parameters are tensors that want a gradient. These have no dimensions: one number each. They belong to us. */
  float two = 2, three = 3;
  bp_tensor *w1 = bp_parameter(ctx, BP_FLOAT32, 0, NULL, &two);
  bp_tensor *w2 = bp_parameter(ctx, BP_FLOAT32, 0, NULL, &three);

  /* The optimizer is a separate thing: it never computes a gradient, it only takes w ← w − lr · gradient. */
  bp_sgd_options options = BP_SGD_OPTIONS_INIT;
  bp_optimizer *optimizer;
  options.lr = 0.01;
  optimizer = bp_sgd_create(ctx, &options);
  bp_optimizer_add(optimizer, w1);
  bp_optimizer_add(optimizer, w2);

  for (int step = 0; step <= 10; step++) {
    bp_tensor *y, *loss;

    /* Every tensor made from here on belongs to this scope and is freed when it is popped. */
    bp_scope_push(ctx);

    /* Forward: compute. This looks like the formula, and is recorded on the side. */
    y = bp_add(bp_mul(w1, bp_scalar(ctx, 4)), w2);
    loss = bp_square(bp_sub(y, bp_scalar(ctx, 20)));

    /* Backward: from the loss to the weights. Gradients add up, so the old ones are dropped first. */
    bp_optimizer_zero_grad(optimizer);
    bp_backward(loss);

    /* NULL in gives NULL out, and the first error stays on the context: one check is enough for the whole formula. */
    if (bp_context_status(ctx)) {
      fprintf(stderr, "two_weights: %s\n", bp_context_message(ctx));
      return 1;
    }
    if (step == 0) {
      printf("d loss / d w1 = %g\n", bp_item(bp_grad(w1))); /* −72 */
      printf("d loss / d w2 = %g\n\n", bp_item(bp_grad(w2))); /* −18 */
    }
    printf("step %2d   w1 %.4f   w2 %.4f   y %8.4f   loss %.6f\n", step, bp_item(w1), bp_item(w2), bp_item(y), bp_item(loss));

    /* One small step against the gradient. Watch the loss fall. */
    bp_optimizer_step(optimizer);
    bp_scope_pop(ctx);
  }

  bp_optimizer_destroy(optimizer);
  bp_release(w1);
  bp_release(w2);
  bp_context_destroy(ctx);
  return 0;
}
