/* backprop — automatic differentiation you can embed.
 *
 * This header is the specification: what isn't in it isn't promised. Link with -lbackprop.
 *
 * The idea. Operations compute at once and record themselves with their inputs. bp_backward() starts at the loss
 * with 1 and walks the record in reverse; each operation knows only its local derivative; along a path derivatives
 * multiply, where paths meet they add. The result lands in bp_grad() of the leaves that asked for it. An optimizer,
 * a separate thing, then moves the weights.
 *
 *     bp_context *ctx = bp_context_create(NULL);
 *     bp_tensor *w = bp_parameter(ctx, BP_FLOAT32, 0, NULL, (float[]){2});
 *     bp_scope_push(ctx);
 *     bp_tensor *loss = bp_square(bp_sub(bp_mul(w, bp_scalar(ctx, 4)), bp_scalar(ctx, 20)));
 *     bp_backward(loss);
 *     printf("d loss / d w = %g\n", bp_item(bp_grad(w)));       // -96
 *     bp_scope_pop(ctx);
 *     bp_release(w);
 *     bp_context_destroy(ctx);
 *
 * Rules that hold everywhere.
 *  - Errors. A function that returns a handle returns NULL on failure; one that returns nothing else returns a
 *    bp_status. The first error since bp_context_clear() stays on the context with one sentence naming operation,
 *    expectation and what came. NULL in gives NULL out, so a whole formula can be checked once, at its end. After a
 *    failed call nothing has changed. The library never prints, exits, aborts or installs signal handlers.
 *  - Handles are checked: NULL, released, foreign or garbage handles are errors (BP_E_HANDLE), never undefined behaviour.
 *  - Ownership. A handle belongs to the innermost open scope if there is one, otherwise to the caller, who releases it
 *    with bp_release(). Handles from bp_tensor_create(), bp_parameter() and the other *_create functions always belong to the caller.
 *    Values the graph needs stay alive without handles.
 *  - Threads. A context and all that hangs on it is used by one thread at a time. Different contexts run
 *    concurrently. Results are bit-identical for any number of worker threads. After fork() the child may go on.
 *  - Sizes and indices are int64_t, dimensions count from 0, negative ones from the end. At most 8 dimensions (BP_MAX_DIMS).
 *  - Names and semantics are PyTorch's (2.x) unless a comment says otherwise.
 *  - Two operands broadcast together as in NumPy; mixed types promote as in PyTorch.
 *
 * Since 0.1: everything here.
 */
#ifndef BACKPROP_H
#define BACKPROP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------
 * 1. Version
 * ------------------------------------------------------------------------------------------------------------- */

#define BP_VERSION_MAJOR 0
#define BP_VERSION_MINOR 1
#define BP_VERSION_PATCH 0
#define BP_VERSION_NUMBER (BP_VERSION_MAJOR * 1000000 + BP_VERSION_MINOR * 1000 + BP_VERSION_PATCH)

/* The version of the library that is running; compare with BP_VERSION_NUMBER. Any thread. */
int32_t bp_version_number(void);
/* "0.1.0"; static. Any thread. */
const char *bp_version_string(void);
/* The instruction set the kernels run with: "x86-64-v4", "x86-64-v3", "x86-64" or "neon"; static. The environment
 * variable BACKPROP_ISA=v4|v3|base asks for a lower one than the processor has. Any thread. */
const char *bp_instruction_set(void);

/* ---------------------------------------------------------------------------------------------------------------
 * 2. Types and errors
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct bp_context bp_context;     /* owns everything below */
typedef struct bp_tensor bp_tensor;       /* an n-dimensional array that may remember how it was made */
typedef struct bp_optimizer bp_optimizer; /* parameters, options and per-parameter state */
typedef struct bp_scheduler bp_scheduler; /* a learning rate that changes as training goes on */
typedef struct bp_archive bp_archive;     /* named tensors read from a file */
typedef struct bp_module bp_module;       /* a layer or network: named parameters, buffers and modules */

#define BP_MAX_DIMS 8

typedef int32_t bp_status;
#define BP_OK ((bp_status)0)
#define BP_E_ARGUMENT ((bp_status)-1)    /* an option, number or pointer that cannot be used */
#define BP_E_SHAPE ((bp_status)-2)       /* shapes that do not fit together, sizes that overflow, too many dimensions */
#define BP_E_DTYPE ((bp_status)-3)       /* a type the operation is not defined for */
#define BP_E_INDEX ((bp_status)-4)       /* a dimension, index or label out of range */
#define BP_E_MEMORY ((bp_status)-5)      /* memory that cannot be had */
#define BP_E_HANDLE ((bp_status)-6)      /* a released, foreign or garbage handle */
#define BP_E_GRAPH ((bp_status)-7)       /* no graph, a graph already used up, a saved value changed in place */
#define BP_E_IO ((bp_status)-8)          /* a file that is missing, unreadable or cannot be written */
#define BP_E_FORMAT ((bp_status)-9)      /* a file that is truncated or not what it claims to be */
#define BP_E_CALLBACK ((bp_status)-10)   /* a callback returned non-zero */
#define BP_E_SINGULAR ((bp_status)-11)   /* a matrix that is singular or not positive definite where it must not be */

typedef int32_t bp_dtype;
#define BP_FLOAT32 ((bp_dtype)0)
#define BP_FLOAT64 ((bp_dtype)1)
#define BP_INT64 ((bp_dtype)2)
#define BP_INT32 ((bp_dtype)3)
#define BP_UINT8 ((bp_dtype)4)
#define BP_BOOL ((bp_dtype)5)     /* one byte, 0 or 1 */
#define BP_FLOAT16 ((bp_dtype)6)  /* read, written and converted with bp_to(); no arithmetic */
#define BP_BFLOAT16 ((bp_dtype)7) /* likewise */

/* How a loss is put together: one value per element or sample, their mean, or their sum. */
typedef int32_t bp_reduction;
#define BP_REDUCTION_NONE ((bp_reduction)0)
#define BP_REDUCTION_MEAN ((bp_reduction)1)
#define BP_REDUCTION_SUM ((bp_reduction)2)
#define BP_REDUCTION_BATCHMEAN ((bp_reduction)3) /* bp_kl_div() only: the sum divided by the size of the first dimension */
/* What stands around a padded tensor: a number, the tensor mirrored without its border element, its border, its other end. */
typedef int32_t bp_pad_mode;
#define BP_PAD_CONSTANT ((bp_pad_mode)0)
#define BP_PAD_REFLECT ((bp_pad_mode)1)
#define BP_PAD_REPLICATE ((bp_pad_mode)2)
#define BP_PAD_CIRCULAR ((bp_pad_mode)3)
/* What becomes of elements that meet in one place. */
typedef int32_t bp_scatter_reduction;
#define BP_SCATTER_SUM ((bp_scatter_reduction)0)
#define BP_SCATTER_PROD ((bp_scatter_reduction)1)
#define BP_SCATTER_MEAN ((bp_scatter_reduction)2)
#define BP_SCATTER_AMAX ((bp_scatter_reduction)3)
#define BP_SCATTER_AMIN ((bp_scatter_reduction)4)

/* "Not given" where an int64_t is optional. */
#define BP_NONE INT64_MIN

/* ---------------------------------------------------------------------------------------------------------------
 * 3. Contexts
 *
 * A context holds tensors, graph, random numbers and the error state. Create one per thread that computes.
 *
 *     bp_context *ctx = bp_context_create(NULL);
 *     if (!ctx) { fprintf(stderr, "%s\n", bp_context_message(NULL)); return 1; }
 *     …
 *     if (bp_context_status(ctx)) fprintf(stderr, "%s\n", bp_context_message(ctx));
 *     bp_context_destroy(ctx);
 * ------------------------------------------------------------------------------------------------------------- */

typedef struct bp_context_options {
  uint32_t struct_size;  /* sizeof(bp_context_options) */
  int32_t num_threads;   /* 0: as many as the processor offers this process, or BACKPROP_NUM_THREADS */
  uint64_t seed;         /* of the random numbers; default 0 */
  uint64_t memory_limit; /* bytes of tensor memory that may be in use at once; 0: no limit */
} bp_context_options;
#define BP_CONTEXT_OPTIONS_INIT { sizeof(bp_context_options), 0, 0, 0 }

/* A new context, or NULL (no memory, or 4095 contexts alive). options may be NULL. Any thread. */
bp_context *bp_context_create(const bp_context_options *options);
/* Frees the context and everything in it. Handles still held become stale; releasing them later is harmless. NULL is harmless. */
void bp_context_destroy(bp_context *ctx);
/* The first error since the last clear, or BP_OK; BP_E_HANDLE if ctx is not a live context. */
bp_status bp_context_status(bp_context *ctx);
/* Its sentence, "" if there is none; valid until the next error is recorded. For NULL: the last error of this thread
 * that belonged to no context. Never NULL. */
const char *bp_context_message(bp_context *ctx);
/* Forgets the error. */
void bp_context_clear(bp_context *ctx);
/* The context a tensor lives in, or NULL. */
bp_context *bp_context_of(const bp_tensor *t);

/* Worker threads this context may use, 1…256; 0 returns to the default: BACKPROP_NUM_THREADS, or the processors in the affinity mask, at
 * most as many as the control groups (containers) give time for. Never changes a result. Workers that have nothing to do sleep. */
bp_status bp_set_num_threads(bp_context *ctx, int32_t n);
int32_t bp_num_threads(bp_context *ctx);
/* Threads of the host instead of the library's, for the whole process: fn must call call(call_context, i) once for every i in 0…n−1, from
 * whichever threads it likes, also several at once, and return when all those calls have returned. It is called for large operations only, from the
 * thread that computes, and must not use the context that is computing. A context still uses as many at once as bp_num_threads() says. Results
 * are the same bits. fn NULL returns to the library's threads. Not while any context computes. Any thread.
 *
 *     void on_my_pool(void *pool, int64_t n, bp_parallel_call call, void *call_context) {
 *       for (int64_t i = 0; i < n; i++) pool_submit(pool, call, call_context, i);
 *       pool_wait(pool);
 *     }
 *     bp_set_parallel_for(on_my_pool, pool); */
typedef void (*bp_parallel_call)(void *call_context, int64_t i);
typedef void (*bp_parallel_for)(void *user, int64_t n, bp_parallel_call call, void *call_context);
void bp_set_parallel_for(bp_parallel_for fn, void *user);
/* Restarts the context's random numbers (Philox 4x32-10): same seed, same numbers, on every machine and thread count. */
bp_status bp_manual_seed(bp_context *ctx, uint64_t seed);
/* Where the context's random numbers stand: the seed, and how many words of its stream are used up, a multiple of 4. Either pointer may be NULL.
 * The pair is the whole state: set again, on any context, the same numbers follow. A position that is no multiple of 4 is BP_E_ARGUMENT.
 * A child of fork() starts where its parent stood: give each child a seed of its own. Since 0.2.
 *
 *     uint64_t seed, position;
 *     bp_random_state(ctx, &seed, &position);
 *     bp_tensor *a = bp_rand(ctx, BP_FLOAT32, 1, shape);
 *     bp_set_random_state(ctx, seed, position);
 *     bp_tensor *b = bp_rand(ctx, BP_FLOAT32, 1, shape);  // the same numbers */
bp_status bp_random_state(bp_context *ctx, uint64_t *seed, uint64_t *position);
bp_status bp_set_random_state(bp_context *ctx, uint64_t seed, uint64_t position);

/* Memory of this context in bytes. */
typedef int32_t bp_memory;
#define BP_MEMORY_IN_USE ((bp_memory)0)   /* held by live tensors */
#define BP_MEMORY_PEAK ((bp_memory)1)     /* most ever in use */
#define BP_MEMORY_RESERVED ((bp_memory)2) /* in use or kept for reuse */
#define BP_MEMORY_TENSORS ((bp_memory)3)  /* not bytes: live tensors, graph included */
int64_t bp_memory_stat(bp_context *ctx, bp_memory what);
/* BP_MEMORY_PEAK begins anew at what is in use now. */
bp_status bp_memory_reset_peak(bp_context *ctx);
/* Gives kept memory back to the system. */
bp_status bp_memory_trim(bp_context *ctx);

/* ---------------------------------------------------------------------------------------------------------------
 * 4. Scopes and ownership
 *
 *     for (int step = 0; step < steps; step++) {
 *       bp_scope_push(ctx);
 *       bp_tensor *loss = …;             // every temporary belongs to the scope
 *       bp_backward(loss);
 *       bp_optimizer_step(opt);
 *       bp_scope_pop(ctx);               // and is freed here
 *     }
 * ------------------------------------------------------------------------------------------------------------- */

bp_status bp_scope_push(bp_context *ctx);
/* Releases every handle made since the matching push, except those retained and those of *_create and bp_parameter. */
bp_status bp_scope_pop(bp_context *ctx);
/* One more owner of the handle: it survives the scope, until a matching bp_release(). Returns t, or NULL. */
bp_tensor *bp_retain(bp_tensor *t);
/* One owner less; the last one frees the tensor unless the graph still needs its value. NULL is harmless, and so is a handle
 * whose context is gone; a handle released too often is BP_E_HANDLE on its context. Any order is fine. */
void bp_release(bp_tensor *t);

/* ---------------------------------------------------------------------------------------------------------------
 * 5. Making tensors
 *
 * Data is row-major. shape may be NULL when ndim is 0 (one number).
 *
 *     bp_tensor *x = bp_tensor_create(ctx, BP_FLOAT32, 2, (int64_t[]){2, 3}, (float[]){1, 2, 3, 4, 5, 6});
 * ------------------------------------------------------------------------------------------------------------- */

/* A copy of data, or zeros if data is NULL. Belongs to the caller. */
bp_tensor *bp_tensor_create(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape, const void *data);
/* A tensor over the caller's memory, not copied: data stays valid until deleter(data, user) is called, on the thread that
 * drops the last use (tensor, view or graph); without a deleter, until the context is destroyed. On failure the deleter is not called. */
bp_tensor *bp_tensor_borrow(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape, void *data,
                            void (*deleter)(void *data, void *user), void *user);
/* A trainable leaf: like bp_tensor_create() with requires_grad set. dtype must be float32 or float64. */
bp_tensor *bp_parameter(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape, const void *data);
/* A 0-dimensional float32. */
bp_tensor *bp_scalar(bp_context *ctx, double value);
/* A plain number, as a Python number beside a tensor: it takes the other operand's type when that is of the same kind
 * (bp_number: floating, bp_integer: integer). */
bp_tensor *bp_number(bp_context *ctx, double value);
bp_tensor *bp_integer(bp_context *ctx, int64_t value);

bp_tensor *bp_zeros(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape);
bp_tensor *bp_ones(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape);
bp_tensor *bp_full(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape, double value);
/* start, start + step, … below (above, for a negative step) end. */
bp_tensor *bp_arange(bp_context *ctx, bp_dtype dtype, double start, double end, double step);
/* n × n, ones on the diagonal. */
bp_tensor *bp_eye(bp_context *ctx, bp_dtype dtype, int64_t n);
/* Uniform in [0, 1); standard normal; a random order of 0 … n−1 (int64). dtype float32 or float64. */
bp_tensor *bp_rand(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape);
bp_tensor *bp_randn(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape);
bp_tensor *bp_randperm(bp_context *ctx, int64_t n);
/* Uninitialised elements. */
bp_tensor *bp_empty(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape);
/* steps numbers from start to end, both included; and base to the power of each. steps < 0 is BP_E_ARGUMENT. */
bp_tensor *bp_linspace(bp_context *ctx, bp_dtype dtype, double start, double end, int64_t steps);
bp_tensor *bp_logspace(bp_context *ctx, bp_dtype dtype, double start, double end, int64_t steps, double base);
/* Whole numbers low … high − 1, of any dtype. */
bp_tensor *bp_randint(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape, int64_t low, int64_t high);
/* Normal with this mean and standard deviation (not negative). float32 or float64. */
bp_tensor *bp_normal(bp_context *ctx, bp_dtype dtype, int32_t ndim, const int64_t *shape, double mean, double std);
/* In the shape and dtype of x. */
bp_tensor *bp_zeros_like(const bp_tensor *x);
bp_tensor *bp_ones_like(const bp_tensor *x);
bp_tensor *bp_full_like(const bp_tensor *x, double value);
bp_tensor *bp_empty_like(const bp_tensor *x);
bp_tensor *bp_rand_like(const bp_tensor *x);
bp_tensor *bp_randn_like(const bp_tensor *x);
bp_tensor *bp_randint_like(const bp_tensor *x, int64_t low, int64_t high);
/* 1 with the probability each element of p names (0 … 1), else 0, in p's dtype. */
bp_tensor *bp_bernoulli(const bp_tensor *p);
/* num_samples indices (int64) of each row of weights, [n] or [rows, n], drawn in proportion to the weights: finite, not negative, with a sum
 * above 0. Without replacement no index comes twice, and at least num_samples weights must be above 0. */
bp_tensor *bp_multinomial(const bp_tensor *weights, int64_t num_samples, int32_t replacement);

/* ---------------------------------------------------------------------------------------------------------------
 * 6. Looking into tensors
 *
 *     float row[3];
 *     bp_read(bp_select(x, 0, 1), row, sizeof row);   // {4, 5, 6}
 * ------------------------------------------------------------------------------------------------------------- */

/* −1 (and an error on the context, if there is one) for a bad handle; likewise below. */
int32_t bp_ndim(const bp_tensor *t);
/* Size of dimension dim. */
int64_t bp_dim(const bp_tensor *t, int32_t dim);
/* Distance of neighbours along dim, in elements. INT64_MIN on error. */
int64_t bp_stride(const bp_tensor *t, int32_t dim);
int64_t bp_numel(const bp_tensor *t);
bp_dtype bp_dtype_of(const bp_tensor *t);
/* 1 if elements lie row-major without gaps. */
int32_t bp_is_contiguous(const bp_tensor *t);
/* 1 if another live handle looks into t's memory: a view of t, the tensor t is a view of, or a second owner of t itself. Handles that
 * only an open scope holds do not count, nor does `beside` (or NULL). Such a tensor cannot be replaced by a new one without others noticing. */
int32_t bp_is_shared(const bp_tensor *t, const bp_tensor *beside);
/* Where t's first element lies in the memory it looks into, in elements; −1 on error. */
int64_t bp_storage_offset(const bp_tensor *t);
/* The elements in memory, borrowed: valid while the tensor lives. Strided for views (bp_stride()). Writing through it goes
 * unseen by the check for changed saved values: use bp_write() or bp_copy_(). */
void *bp_data(const bp_tensor *t);
/* The value of a one-element tensor; NaN on error. */
double bp_item(const bp_tensor *t);
/* Copies all elements out (in), row-major, in the tensor's type. bytes must be numel × element size. */
bp_status bp_read(const bp_tensor *t, void *dst, size_t bytes);
bp_status bp_write(bp_tensor *t, const void *src, size_t bytes);
/* How often the values were changed in place. */
int64_t bp_version_of(const bp_tensor *t);

/* ---------------------------------------------------------------------------------------------------------------
 * 7. Gradients
 *
 *     bp_tensor *w = bp_parameter(ctx, BP_FLOAT32, 1, (int64_t[]){2}, (float[]){1, 2});
 *     bp_backward(bp_sum(bp_square(w)));
 *     bp_read(bp_grad(w), g, sizeof g);               // {2, 4}
 * ------------------------------------------------------------------------------------------------------------- */

/* Only float32 and float64 leaves can require a gradient. */
bp_status bp_set_requires_grad(bp_tensor *t, int32_t requires_grad);
/* 1 if t is such a leaf or was computed from one; 0 otherwise. */
int32_t bp_requires_grad(const bp_tensor *t);
/* 1 if t was made by the user rather than recorded by an operation. */
int32_t bp_is_leaf(const bp_tensor *t);
/* The operation that made t, e.g. "matmul"; "" for a leaf. Static. */
const char *bp_operation_of(const bp_tensor *t);
/* The accumulated gradient of a leaf, borrowed (do not release; retain to keep), or NULL (no error) while there is none. */
bp_tensor *bp_grad(const bp_tensor *t);
/* Makes a computed tensor keep its gradient in bp_grad() as leaves do; call it before the walk. Harmless for leaves. */
bp_status bp_retain_grad(bp_tensor *t);
/* 1 if bp_retain_grad() was called for a computed tensor. */
int32_t bp_retains_grad(const bp_tensor *t);
/* Drops the gradient: bp_grad() is NULL again. */
bp_status bp_zero_grad(bp_tensor *t);
/* The same values without history. Shares memory. */
bp_tensor *bp_detach(const bp_tensor *t);

typedef struct bp_backward_options {
  uint32_t struct_size;   /* sizeof(bp_backward_options) */
  int32_t retain_graph;   /* keep the record for another walk */
  int32_t create_graph;   /* record the walk itself, for second derivatives; implies retain_graph */
  int32_t allow_unused;   /* bp_autograd_grad(): NULL instead of an error for inputs that play no part */
  const bp_tensor *seed;  /* gradient of the output itself, in its shape; may be NULL for one-element outputs (1) */
} bp_backward_options;
#define BP_BACKWARD_OPTIONS_INIT { sizeof(bp_backward_options), 0, 0, 0, NULL }

/* Adds d loss / d leaf to bp_grad() of every leaf that requires it and uses up the record. */
bp_status bp_backward(bp_tensor *loss);
bp_status bp_backward_with(bp_tensor *output, const bp_backward_options *options);
/* Writes d output / d inputs[i] to grads[i] (handles as any other result) and touches no bp_grad(). Inputs need not be leaves. */
bp_status bp_autograd_grad(bp_tensor *output, int32_t n, bp_tensor *const *inputs, bp_tensor **grads,
                           const bp_backward_options *options);

/* The same for n inputs alone: adds to their bp_grad() (inputs need not be leaves) and leaves every other tensor's as it is. */
bp_status bp_backward_inputs(bp_tensor *output, int32_t n, bp_tensor *const *inputs, const bp_backward_options *options);

/* Derivatives beyond one gradient. They keep the record, and with create_graph they are recorded themselves.
 * The derivative of output in the direction of tangents[i] at inputs[i] (their shapes): J·t, in the shape of output. */
bp_tensor *bp_jvp(bp_tensor *output, int32_t n, bp_tensor *const *inputs, bp_tensor *const *tangents, int32_t create_graph);
/* Every output element by every input element: [output's shape.., input's shape..], at most 8 dimensions together. */
bp_tensor *bp_jacobian(bp_tensor *output, const bp_tensor *input, int32_t create_graph);
/* Second derivatives of one number: [input's shape.., input's shape..]. */
bp_tensor *bp_hessian(bp_tensor *output, const bp_tensor *input, int32_t create_graph);

/* Between push and pop nothing is recorded. Nests. */
bp_status bp_no_grad_push(bp_context *ctx);
bp_status bp_no_grad_pop(bp_context *ctx);
/* 1 while operations are recorded. */
int32_t bp_is_grad_enabled(bp_context *ctx);

/* Builds the output from the inputs into *output; non-zero stops. Called in a scope of its own. */
typedef int (*bp_gradcheck_function)(void *user, bp_tensor *const *inputs, bp_tensor **output);
typedef struct bp_gradcheck_options {
  uint32_t struct_size;  /* sizeof(bp_gradcheck_options) */
  int32_t second_order;  /* also check the gradient of the gradient */
  double eps;            /* step of the central difference; default 1e-6 */
  double atol, rtol;     /* |a − n| ≤ atol + rtol·|n|; defaults 1e-6 and 1e-6 */
} bp_gradcheck_options;
#define BP_GRADCHECK_OPTIONS_INIT { sizeof(bp_gradcheck_options), 0, 1e-6, 1e-6, 1e-6 }
/* Compares the gradients of a function of float64 inputs that require them with central differences (f(x+ε) − f(x−ε)) / 2ε.
 * BP_OK if they agree; BP_E_GRAPH and a sentence that names input, element and both numbers if not. */
bp_status bp_gradcheck(bp_context *ctx, bp_gradcheck_function function, void *user, int32_t n, bp_tensor *const *inputs,
                       const bp_gradcheck_options *options);

/* -- Functions of yours that the graph calls. They run on the thread that walks, in a scope of their own whose handles are released when they
 *    return, and may use the context, but not destroy it. Non-zero stops the walk with BP_E_CALLBACK (or BP_E_MEMORY, if that is what
 *    went wrong inside) and nothing changed; an error they left on the context becomes part of its sentence. release(user), if not NULL, is called once the graph needs user no more (also by
 *    bp_context_destroy()); on failure of the function that took it, it isn't called. */

/* Sees the gradient of a tensor in every walk, when it is complete and before anything is made of it. *replacement (NULL at first) may be set to
 * what is to stand in its place: same shape and type. */
typedef int (*bp_hook)(void *user, bp_tensor *grad, bp_tensor **replacement);
/* Returns a number > 0 to remove the hook by; a negative bp_status on failure. Hooks run in the order of registration. */
int64_t bp_register_hook(bp_tensor *t, bp_hook hook, void *user, void (*release)(void *user));
/* The same for a leaf, called with the leaf after bp_backward() added to its bp_grad(); replacement is not looked at. When it fails,
 * gradients have been added all the same. */
int64_t bp_register_post_accumulate_grad_hook(bp_tensor *t, bp_hook hook, void *user, void (*release)(void *user));
bp_status bp_remove_hook(bp_tensor *t, int64_t hook);

/* An operation of your own. You compute the outputs in whatever way, without recording; bp_custom() joins them to the graph: results[i] has the
 * values of outputs[i] (a handle of its own) and, where it is float32 or float64, a gradient that backward makes:
 *
 *     int cube_backward(void *user, bp_tensor *const *outputs, bp_tensor *const *grad_outputs, bp_tensor **grad_inputs) {
 *       bp_tensor *x = user;                            // retained by the caller, released by bp_custom_options.release
 *       grad_inputs[0] = bp_mul(grad_outputs[0], bp_mul(bp_square(x), bp_number(bp_context_of(x), 3)));
 *       return grad_inputs[0] ? 0 : 1;
 *     }
 *
 * Written in operations of this library it can be differentiated again (create_graph). grad_outputs[i]: in the shape of outputs[i], zeros if nothing
 * came; NULL where outputs[i] is not floating. outputs: the results, if keep_outputs was set, otherwise NULL in every place.
 * grad_inputs[i]: NULL at first, to be set to the gradient of inputs[i] (or of a shape that broadcasting made of its shape) or left. */
typedef int (*bp_custom_backward)(void *user, bp_tensor *const *outputs, bp_tensor *const *grad_outputs, bp_tensor **grad_inputs);
typedef struct bp_custom_options {
  uint32_t struct_size;         /* sizeof(bp_custom_options) */
  int32_t keep_outputs;         /* 1: backward is shown the outputs, whose values are kept for it; default 0 */
  const char *name;             /* for error messages and bp_operation_of(), copied (47 bytes); NULL: "custom" */
  bp_custom_backward backward;
  void *user;
  void (*release)(void *user);
} bp_custom_options;
#define BP_CUSTOM_OPTIONS_INIT { sizeof(bp_custom_options), 0, NULL, NULL, NULL, NULL }
bp_status bp_custom(bp_context *ctx, int32_t n_inputs, bp_tensor *const *inputs, int32_t n_outputs, bp_tensor *const *outputs,
                    bp_tensor **results, const bp_custom_options *options);

/* Memory for time: results[i] is what function makes of the inputs, but only the inputs are kept; in the walk function runs again, with the same
 * random numbers, and must compute the same. Gradients are those of the plain computation, bit for bit, and can be differentiated
 * again. Leaves that function uses besides its inputs (weights) get their gradients too. While nothing is recorded it just runs. function may
 * leave the last outputs NULL: there are fewer then, and so are results[i]. */
typedef int (*bp_checkpoint_function)(void *user, bp_tensor *const *inputs, bp_tensor **outputs);
bp_status bp_checkpoint(bp_context *ctx, bp_checkpoint_function function, void *user, void (*release)(void *user), int32_t n_inputs,
                        bp_tensor *const *inputs, int32_t n_outputs, bp_tensor **results);

/* ---------------------------------------------------------------------------------------------------------------
 * 8. Element-wise operations
 *
 * Floating results of integer operands (div, exp, …) are float32.
 *
 *     bp_tensor *y = bp_relu(bp_add(bp_matmul(x, w), b));
 * ------------------------------------------------------------------------------------------------------------- */

bp_tensor *bp_add(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_sub(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_mul(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_div(const bp_tensor *a, const bp_tensor *b);     /* always floating */
bp_tensor *bp_pow(const bp_tensor *a, const bp_tensor *b);     /* d/db of 0^b is 0 */
bp_tensor *bp_maximum(const bp_tensor *a, const bp_tensor *b); /* ties: half the gradient to each; NaN wins */
bp_tensor *bp_minimum(const bp_tensor *a, const bp_tensor *b);

/* Comparisons give bool and no gradient. */
bp_tensor *bp_eq(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_ne(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_lt(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_le(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_gt(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_ge(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_logical_not(const bp_tensor *x);

bp_tensor *bp_neg(const bp_tensor *x);
bp_tensor *bp_abs(const bp_tensor *x);        /* derivative 0 at 0 */
bp_tensor *bp_sign(const bp_tensor *x);       /* gradient 0 */
bp_tensor *bp_square(const bp_tensor *x);
bp_tensor *bp_sqrt(const bp_tensor *x);
bp_tensor *bp_rsqrt(const bp_tensor *x);      /* 1/√x */
bp_tensor *bp_reciprocal(const bp_tensor *x); /* 1/x */
bp_tensor *bp_exp(const bp_tensor *x);
bp_tensor *bp_log(const bp_tensor *x);
bp_tensor *bp_sin(const bp_tensor *x);
bp_tensor *bp_cos(const bp_tensor *x);
bp_tensor *bp_erf(const bp_tensor *x);
bp_tensor *bp_relu(const bp_tensor *x);       /* derivative 0 at 0 */
bp_tensor *bp_sigmoid(const bp_tensor *x);
bp_tensor *bp_tanh(const bp_tensor *x);
bp_tensor *bp_softplus(const bp_tensor *x);   /* ln(1 + e^x), without overflow */
/* approximate 0: x·Φ(x) by erf; 1: the tanh form. */
bp_tensor *bp_gelu(const bp_tensor *x, int32_t approximate);
/* Limits x to [min, max]; use ±INFINITY for an open side. The gradient passes on the closed interval. */
bp_tensor *bp_clamp(const bp_tensor *x, double min, double max);
/* condition (bool) ? a : b, all three broadcast. */
bp_tensor *bp_where(const bp_tensor *condition, const bp_tensor *a, const bp_tensor *b);
/* The same values in another type (x itself, as a new handle, if it has it already). */
bp_tensor *bp_to(const bp_tensor *x, bp_dtype dtype);

/* More functions of one number, through double for float32: accurate to its last place. */
bp_tensor *bp_exp2(const bp_tensor *x);     /* 2^x */
bp_tensor *bp_expm1(const bp_tensor *x);    /* e^x − 1, without loss near 0 */
bp_tensor *bp_log2(const bp_tensor *x);
bp_tensor *bp_log10(const bp_tensor *x);
bp_tensor *bp_log1p(const bp_tensor *x);    /* ln(1 + x), without loss near 0 */
bp_tensor *bp_tan(const bp_tensor *x);
bp_tensor *bp_asin(const bp_tensor *x);
bp_tensor *bp_acos(const bp_tensor *x);
bp_tensor *bp_atan(const bp_tensor *x);
bp_tensor *bp_sinh(const bp_tensor *x);
bp_tensor *bp_cosh(const bp_tensor *x);
bp_tensor *bp_asinh(const bp_tensor *x);
bp_tensor *bp_acosh(const bp_tensor *x);
bp_tensor *bp_atanh(const bp_tensor *x);
bp_tensor *bp_erfc(const bp_tensor *x);     /* 1 − erf x */
bp_tensor *bp_erfinv(const bp_tensor *x);   /* erf⁻¹ */
bp_tensor *bp_erfcx(const bp_tensor *x);    /* e^(x²)·erfc x */
bp_tensor *bp_ndtri(const bp_tensor *x);    /* Φ⁻¹: quantiles of the standard normal distribution */
bp_tensor *bp_log_ndtr(const bp_tensor *x); /* ln Φ(x) */
bp_tensor *bp_lgamma(const bp_tensor *x);   /* ln |Γ(x)| */
bp_tensor *bp_digamma(const bp_tensor *x);  /* its derivative */
bp_tensor *bp_i0(const bp_tensor *x);       /* modified Bessel functions of the first kind, orders 0 and 1 */
bp_tensor *bp_i0e(const bp_tensor *x);      /* e^(−|x|)·i0(x) */
bp_tensor *bp_i1(const bp_tensor *x);
bp_tensor *bp_i1e(const bp_tensor *x);      /* e^(−|x|)·i1(x) */
bp_tensor *bp_floor(const bp_tensor *x);    /* steps have gradient 0; whole numbers stay as they are */
bp_tensor *bp_ceil(const bp_tensor *x);
bp_tensor *bp_trunc(const bp_tensor *x);    /* towards 0 */
bp_tensor *bp_frac(const bp_tensor *x);     /* x − trunc x */
bp_tensor *bp_sinc(const bp_tensor *x);     /* sin(πx)/(πx) */
bp_tensor *bp_deg2rad(const bp_tensor *x);
bp_tensor *bp_rad2deg(const bp_tensor *x);
/* The n-th derivative of digamma, n ≥ 0. */
bp_tensor *bp_polygamma(int64_t n, const bp_tensor *x);
/* ln(x/(1 − x)), x first limited to eps … 1 − eps; NAN: not limited. */
bp_tensor *bp_logit(const bp_tensor *x, double eps);
/* To the nearest multiple of 10^−decimals, ties to even. Gradient 0. */
bp_tensor *bp_round(const bp_tensor *x, int64_t decimals);
/* nan, +∞ and −∞ replaced by these; a NAN for one of the last two stands for the type's largest or lowest number. */
bp_tensor *bp_nan_to_num(const bp_tensor *x, double nan, double posinf, double neginf);
bp_tensor *bp_isnan(const bp_tensor *x);
bp_tensor *bp_isinf(const bp_tensor *x);
bp_tensor *bp_isfinite(const bp_tensor *x);
bp_tensor *bp_signbit(const bp_tensor *x); /* the sign bit: true for −0 */

/* More functions of two numbers. Dividing whole numbers by 0 is BP_E_ARGUMENT. */
bp_tensor *bp_atan2(const bp_tensor *a, const bp_tensor *b);        /* angle of the point (b, a) */
bp_tensor *bp_hypot(const bp_tensor *a, const bp_tensor *b);        /* √(a² + b²), without overflow */
bp_tensor *bp_copysign(const bp_tensor *a, const bp_tensor *b);     /* |a| with the sign of b */
bp_tensor *bp_nextafter(const bp_tensor *a, const bp_tensor *b);    /* the next number after a towards b */
bp_tensor *bp_floor_divide(const bp_tensor *a, const bp_tensor *b); /* ⌊a/b⌋; gradient 0 */
bp_tensor *bp_remainder(const bp_tensor *a, const bp_tensor *b);    /* a − b·⌊a/b⌋: the sign of b */
bp_tensor *bp_fmod(const bp_tensor *a, const bp_tensor *b);         /* a − b·trunc(a/b): the sign of a */
bp_tensor *bp_xlogy(const bp_tensor *a, const bp_tensor *b);        /* a·ln b, 0 where a = 0 */
bp_tensor *bp_logaddexp(const bp_tensor *a, const bp_tensor *b);    /* ln(e^a + e^b) */
bp_tensor *bp_logaddexp2(const bp_tensor *a, const bp_tensor *b);   /* log2(2^a + 2^b) */
bp_tensor *bp_fmax(const bp_tensor *a, const bp_tensor *b);         /* as maximum, but a NaN loses; a tie is a's */
bp_tensor *bp_fmin(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_clamp_min(const bp_tensor *a, const bp_tensor *b);    /* max(a, b), NaN where either is; the gradient passes to a on a tie */
bp_tensor *bp_clamp_max(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_ldexp(const bp_tensor *a, const bp_tensor *b);        /* a·2^b */
bp_tensor *bp_float_power(const bp_tensor *a, const bp_tensor *b);  /* a^b in float64 */
bp_tensor *bp_heaviside(const bp_tensor *a, const bp_tensor *b);    /* 0 for a < 0, 1 for a > 0, b at 0 */
typedef int32_t bp_rounding;
enum { BP_ROUND_NONE = 0, BP_ROUND_TRUNC = 1, BP_ROUND_FLOOR = 2 };
/* a/b rounded, in the operands' common type; gradient 0. BP_ROUND_NONE: bp_div(). */
bp_tensor *bp_div_rounded(const bp_tensor *a, const bp_tensor *b, bp_rounding rounding);
/* b − alpha·a. */
bp_tensor *bp_rsub(const bp_tensor *a, const bp_tensor *b, double alpha);
bp_tensor *bp_logical_and(const bp_tensor *a, const bp_tensor *b);         /* of any types, to bool; likewise or, xor */
bp_tensor *bp_logical_or(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_logical_xor(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_bitwise_and(const bp_tensor *a, const bp_tensor *b);         /* bool and whole numbers only; likewise below */
bp_tensor *bp_bitwise_or(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_bitwise_xor(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_bitwise_left_shift(const bp_tensor *a, const bp_tensor *b);  /* whole numbers only; shifts by less than 0 or more than there are bits leave 0 */
bp_tensor *bp_bitwise_right_shift(const bp_tensor *a, const bp_tensor *b); /* fills with the sign */
bp_tensor *bp_gcd(const bp_tensor *a, const bp_tensor *b);                 /* greatest common divisor, not negative */
bp_tensor *bp_lcm(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_bitwise_not(const bp_tensor *x);

/* Limits x to tensors min and max, either of which may be NULL; where a bound is taken it gets the gradient. NaN where a bound is. */
bp_tensor *bp_clamp_tensor(const bp_tensor *x, const bp_tensor *min, const bp_tensor *max);
/* a + weight·(b − a). */
bp_tensor *bp_lerp(const bp_tensor *a, const bp_tensor *b, const bp_tensor *weight);
/* x + value·a·b, x + value·a/b. */
bp_tensor *bp_addcmul(const bp_tensor *x, const bp_tensor *a, const bp_tensor *b, double value);
bp_tensor *bp_addcdiv(const bp_tensor *x, const bp_tensor *a, const bp_tensor *b, double value);

/* Activations. */
bp_tensor *bp_silu(const bp_tensor *x);        /* x·σ(x) */
bp_tensor *bp_mish(const bp_tensor *x);        /* x·tanh(ln(1 + e^x)) */
bp_tensor *bp_hardswish(const bp_tensor *x);   /* x·min(max(x + 3, 0), 6)/6 */
bp_tensor *bp_hardsigmoid(const bp_tensor *x); /* min(max(x + 3, 0), 6)/6 */
bp_tensor *bp_relu6(const bp_tensor *x);       /* min(max(x, 0), 6); derivative 0 at 0 and 6 */
bp_tensor *bp_selu(const bp_tensor *x);        /* 1.0507·elu(x, 1.6733), the constants to 17 digits */
bp_tensor *bp_softsign(const bp_tensor *x);    /* x/(1 + |x|) */
bp_tensor *bp_tanhshrink(const bp_tensor *x);  /* x − tanh x */
bp_tensor *bp_logsigmoid(const bp_tensor *x);  /* ln σ(x) */
/* x > 0 ? x : slope·x. */
bp_tensor *bp_leaky_relu(const bp_tensor *x, double slope);
/* x > 0 ? x : alpha·(e^x − 1); celu: alpha·(e^(x/alpha) − 1), alpha ≠ 0. */
bp_tensor *bp_elu(const bp_tensor *x, double alpha);
bp_tensor *bp_celu(const bp_tensor *x, double alpha);
/* Limits x to [min, max]; unlike bp_clamp()'s the derivative is 0 on the bounds. */
bp_tensor *bp_hardtanh(const bp_tensor *x, double min, double max);
/* 0 where |x| ≤ lambda; soft: and the rest moved towards 0 by lambda ≥ 0. */
bp_tensor *bp_hardshrink(const bp_tensor *x, double lambda);
bp_tensor *bp_softshrink(const bp_tensor *x, double lambda);
/* x > threshold ? x : value. */
bp_tensor *bp_threshold(const bp_tensor *x, double threshold, double value);
/* ln(1 + e^(beta·x))/beta, and x where beta·x > threshold (PyTorch's defaults: 1 and 20). */
bp_tensor *bp_softplus_with(const bp_tensor *x, double beta, double threshold);
/* a·σ(b) of the two halves of x along dim. */
bp_tensor *bp_glu(const bp_tensor *x, int64_t dim);
/* softmax(−x) along dim. */
bp_tensor *bp_softmin(const bp_tensor *x, int64_t dim);
/* max(x, 0) + weight·min(x, 0): weight one number, or one for each element of dimension 1. */
bp_tensor *bp_prelu(const bp_tensor *x, const bp_tensor *weight);
/* In training each x ≤ 0 is multiplied by its own random number from [lower, upper), otherwise by their mean. */
bp_tensor *bp_rrelu(const bp_tensor *x, double lower, double upper, int32_t training);

/* In place: changes t's memory, which all its views see, and returns t. The operand is broadcast and converted to t's type.
 * An error while recording if t or the operand requires a gradient: switch recording off, or use the form that makes a new tensor. */
bp_tensor *bp_add_(bp_tensor *t, const bp_tensor *other);
bp_tensor *bp_sub_(bp_tensor *t, const bp_tensor *other);
bp_tensor *bp_mul_(bp_tensor *t, const bp_tensor *other);
bp_tensor *bp_div_(bp_tensor *t, const bp_tensor *other);
bp_tensor *bp_copy_(bp_tensor *t, const bp_tensor *source);
bp_tensor *bp_fill_(bp_tensor *t, double value);

/* ---------------------------------------------------------------------------------------------------------------
 * 9. Reductions
 *
 * …_dim forms reduce the n dimensions in dims (n = 0: all of them); with keepdim they stay with size 1.
 * Sums of integers and bools are int64.
 * ------------------------------------------------------------------------------------------------------------- */

bp_tensor *bp_sum(const bp_tensor *x);
bp_tensor *bp_mean(const bp_tensor *x);
bp_tensor *bp_max(const bp_tensor *x); /* ties share the gradient equally; likewise min, amax, amin */
bp_tensor *bp_min(const bp_tensor *x);
bp_tensor *bp_argmax(const bp_tensor *x); /* index into the flattened tensor, int64; the first of equals */
bp_tensor *bp_argmin(const bp_tensor *x);
/* Σ (x − mean)² / (N − correction); correction 1 is the unbiased estimate. */
bp_tensor *bp_var(const bp_tensor *x, double correction);

bp_tensor *bp_sum_dim(const bp_tensor *x, int32_t n, const int64_t *dims, int32_t keepdim);
bp_tensor *bp_mean_dim(const bp_tensor *x, int32_t n, const int64_t *dims, int32_t keepdim);
bp_tensor *bp_amax(const bp_tensor *x, int32_t n, const int64_t *dims, int32_t keepdim);
bp_tensor *bp_amin(const bp_tensor *x, int32_t n, const int64_t *dims, int32_t keepdim);
bp_tensor *bp_var_dim(const bp_tensor *x, int32_t n, const int64_t *dims, double correction, int32_t keepdim);
/* Largest value along dim; *indices (may be NULL) receives where. The gradient goes to the chosen element. */
bp_tensor *bp_max_dim(const bp_tensor *x, int64_t dim, int32_t keepdim, bp_tensor **indices);
bp_tensor *bp_min_dim(const bp_tensor *x, int64_t dim, int32_t keepdim, bp_tensor **indices);
bp_tensor *bp_argmax_dim(const bp_tensor *x, int64_t dim, int32_t keepdim);
bp_tensor *bp_argmin_dim(const bp_tensor *x, int64_t dim, int32_t keepdim);
/* Smallest (returned) and largest (*largest, may be NULL), of all for dim BP_NONE. Ties share the gradient equally. */
bp_tensor *bp_aminmax(const bp_tensor *x, int64_t dim, int32_t keepdim, bp_tensor **largest);

/* Π x. The gradient is exact where some x are 0, and so is its own. Products of integers and bools are int64. */
bp_tensor *bp_prod(const bp_tensor *x);
bp_tensor *bp_prod_dim(const bp_tensor *x, int64_t dim, int32_t keepdim);
/* √var. Its gradient is 0 where all elements are equal. */
bp_tensor *bp_std(const bp_tensor *x, double correction);
bp_tensor *bp_std_dim(const bp_tensor *x, int32_t n, const int64_t *dims, double correction, int32_t keepdim);
/* Variance (standard deviation), and in *mean, unless NULL, the mean. */
bp_tensor *bp_var_mean(const bp_tensor *x, int32_t n, const int64_t *dims, double correction, int32_t keepdim, bp_tensor **mean);
bp_tensor *bp_std_mean(const bp_tensor *x, int32_t n, const int64_t *dims, double correction, int32_t keepdim, bp_tensor **mean);
/* ln Σ eˣ, without overflow. */
bp_tensor *bp_logsumexp(const bp_tensor *x, int32_t n, const int64_t *dims, int32_t keepdim);
/* Σ x and mean of what is not NaN. */
bp_tensor *bp_nansum(const bp_tensor *x, int32_t n, const int64_t *dims, int32_t keepdim);
bp_tensor *bp_nanmean(const bp_tensor *x, int32_t n, const int64_t *dims, int32_t keepdim);
/* Whether some element (every element) is not 0: bool, uint8 of uint8. How many are not 0: int64. */
bp_tensor *bp_any(const bp_tensor *x, int32_t n, const int64_t *dims, int32_t keepdim);
bp_tensor *bp_all(const bp_tensor *x, int32_t n, const int64_t *dims, int32_t keepdim);
bp_tensor *bp_count_nonzero(const bp_tensor *x, int32_t n, const int64_t *dims);

/* (Σ |x|^p)^(1/p): p 2 is the Euclidean length, INFINITY the largest |x|, −INFINITY the smallest, 0 the number of elements that are
 * not 0. Where the norm is 0 so is its gradient. */
bp_tensor *bp_norm(const bp_tensor *x, double p, int32_t n, const int64_t *dims, int32_t keepdim);
/* x / max(norm, eps), the norm taken along dims; eps is usually 1e-12. */
bp_tensor *bp_normalize(const bp_tensor *x, double p, int32_t n, const int64_t *dims, double eps);
/* Σ a·b / (max(‖a‖, eps)·max(‖b‖, eps)) along dim of their common shape; eps is usually 1e-8. */
bp_tensor *bp_cosine_similarity(const bp_tensor *a, const bp_tensor *b, int64_t dim, double eps);
/* Norm p of a − b + eps along the last dimension; eps is usually 1e-6. */
bp_tensor *bp_pairwise_distance(const bp_tensor *a, const bp_tensor *b, double p, double eps, int32_t keepdim);

/* Running along dim: sum, product, ln Σ eˣ of all elements up to here. Integers and bools are int64. */
bp_tensor *bp_cumsum(const bp_tensor *x, int64_t dim);
bp_tensor *bp_cumprod(const bp_tensor *x, int64_t dim);
bp_tensor *bp_logcumsumexp(const bp_tensor *x, int64_t dim);
/* The largest (smallest) up to here; *indices (may be NULL) receives where, the last of equals. A NaN stays. */
bp_tensor *bp_cummax(const bp_tensor *x, int64_t dim, bp_tensor **indices);
bp_tensor *bp_cummin(const bp_tensor *x, int64_t dim, bp_tensor **indices);

/* Sorted along dim, NaN as the largest; *indices (may be NULL), int64, says where each came from. Equals always keep their order,
 * whether or not stable asks for it. Gradients go to the elements that were chosen, here and below. */
bp_tensor *bp_sort(const bp_tensor *x, int64_t dim, int32_t descending, int32_t stable, bp_tensor **indices);
bp_tensor *bp_argsort(const bp_tensor *x, int64_t dim, int32_t descending, int32_t stable);
bp_tensor *bp_msort(const bp_tensor *x); /* along dimension 0 */
/* The k largest (smallest) along dim, best first whether or not sorted asks for it. */
bp_tensor *bp_topk(const bp_tensor *x, int64_t k, int64_t dim, int32_t largest, int32_t sorted, bp_tensor **indices);
/* The k-th smallest along dim, k from 1; the most frequent, of several the smallest. */
bp_tensor *bp_kthvalue(const bp_tensor *x, int64_t k, int64_t dim, int32_t keepdim, bp_tensor **indices);
bp_tensor *bp_mode(const bp_tensor *x, int64_t dim, int32_t keepdim, bp_tensor **indices);
/* The middle one, of two the lower; NaN if there is one, which nanmedian passes over. Of all elements, equals share the gradient. */
bp_tensor *bp_median(const bp_tensor *x);
bp_tensor *bp_median_dim(const bp_tensor *x, int64_t dim, int32_t keepdim, bp_tensor **indices);
bp_tensor *bp_nanmedian(const bp_tensor *x);
bp_tensor *bp_nanmedian_dim(const bp_tensor *x, int64_t dim, int32_t keepdim, bp_tensor **indices);
/* The different elements of x, flat: sorted, or in their order with runs of equals made one. *inverse, in x's shape, says which each
 * element is, *counts how often each occurs, both int64 and unless NULL. Every NaN is different. No gradient. */
bp_tensor *bp_unique(const bp_tensor *x, bp_tensor **inverse, bp_tensor **counts);
bp_tensor *bp_unique_consecutive(const bp_tensor *x, bp_tensor **inverse, bp_tensor **counts);

/* ---------------------------------------------------------------------------------------------------------------
 * 10. Matrix products and linear algebra
 * ------------------------------------------------------------------------------------------------------------- */

/* [.., M, K] · [.., K, N] → [.., M, N], leading dimensions broadcast; one-dimensional operands as in PyTorch
 * ([K]·[K] → [], [M, K]·[K] → [M], [K]·[K, N] → [N]). */
bp_tensor *bp_matmul(const bp_tensor *a, const bp_tensor *b);
/* x·wᵀ + b: x [.., in], w [out, in], b [out] or NULL → [.., out]. */
bp_tensor *bp_linear(const bp_tensor *x, const bp_tensor *w, const bp_tensor *b);
/* Products of operands that have exactly so many dimensions: matrices; matrix and vector; batches of matrices of one size; vectors (vdot is dot). */
bp_tensor *bp_mm(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_mv(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_bmm(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_dot(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_vdot(const bp_tensor *a, const bp_tensor *b);
/* Sums of products over the last dimension of both; [M]·[N]ᵀ → [M, N]. */
bp_tensor *bp_inner(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_outer(const bp_tensor *a, const bp_tensor *b);
/* beta·x + alpha·(a·b), where x stretches to the product; beta 0 leaves x out, whatever it holds. addmm: a, b matrices; addmv: matrix, vector;
 * addr: the outer product of vectors; baddbmm: batches; addbmm: batches, their products summed. Both whole for integers. */
bp_tensor *bp_addmm(const bp_tensor *x, const bp_tensor *a, const bp_tensor *b, double beta, double alpha);
bp_tensor *bp_addmv(const bp_tensor *x, const bp_tensor *a, const bp_tensor *b, double beta, double alpha);
bp_tensor *bp_addr(const bp_tensor *x, const bp_tensor *a, const bp_tensor *b, double beta, double alpha);
bp_tensor *bp_addbmm(const bp_tensor *x, const bp_tensor *a, const bp_tensor *b, double beta, double alpha);
bp_tensor *bp_baddbmm(const bp_tensor *x, const bp_tensor *a, const bp_tensor *b, double beta, double alpha);
/* Sums of products over n pairs of dimensions, dims_a[i] of a with dims_b[i] of b; the others of a, then of b, remain. */
bp_tensor *bp_tensordot(const bp_tensor *a, const bp_tensor *b, int32_t n, const int64_t *dims_a, const int64_t *dims_b);
/* Sums of products over named dimensions, PyTorch's and NumPy's language: "ij,jk->ik"; a letter twice in an operand: its diagonal; "...": dimensions
 * that broadcast; without "->" the letters that occur once, in alphabetic order. Operands are contracted in pairs from the left. */
bp_tensor *bp_einsum(const char *equation, int32_t n, bp_tensor *const *tensors);
/* Blocks a[i, …]·b (Kronecker), at most 4 dimensions; the sum of a matrix's diagonal. */
bp_tensor *bp_kron(const bp_tensor *a, const bp_tensor *b);
bp_tensor *bp_trace(const bp_tensor *x);

/* Factorizations and systems of equations, for one matrix or a batch of them [.., N, N], float32 or float64. All compute in float64. A matrix that is
 * singular or not positive definite, where that matters, is BP_E_SINGULAR, and the sentence says which of the batch.
 *
 *     bp_tensor *x = bp_solve(a, b, 1);                                   // a·x = b
 *     bp_tensor *s, *vh, *u = bp_svd(a, 0, &s, &vh);                      // a = u·diag(s)·vh
 */
/* L of x = L·Lᵀ, or (upper) U of x = Uᵀ·U. Reads that triangle of x only; the gradient is symmetric (Murray 2016). */
bp_tensor *bp_cholesky(const bp_tensor *x, int32_t upper);
/* For each matrix the order of the first leading minor that is not positive, int32, or 0: then bp_cholesky() succeeds. */
bp_tensor *bp_cholesky_order(const bp_tensor *x, int32_t upper);
/* X of a·X = b, or (left 0) X·a = b, for a triangular a, whose other triangle, and (unitriangular) diagonal, is not read; b [.., N, K]. Batches
 * broadcast. A zero on the diagonal gives infinities, as in PyTorch. */
bp_tensor *bp_solve_triangular(const bp_tensor *a, const bp_tensor *b, int32_t upper, int32_t left, int32_t unitriangular);
/* X of a·X = b, or (left 0) X·a = b. b: [.., N, K], batches broadcast; [N], or the shape of a without its last dimension: vectors. */
bp_tensor *bp_solve(const bp_tensor *a, const bp_tensor *b, int32_t left);
bp_tensor *bp_inverse(const bp_tensor *x);
/* The determinant; its gradient, the cofactors, is right for singular matrices too (PyTorch: 0). ln of it: NaN where it is negative, −∞ where it is 0. */
bp_tensor *bp_det(const bp_tensor *x);
bp_tensor *bp_logdet(const bp_tensor *x);
/* The determinant's sign, −1, 0 or 1; *logabsdet (may be NULL) receives ln |det|. */
bp_tensor *bp_slogdet(const bp_tensor *x, bp_tensor **logabsdet);
/* P·x = L·U for x [.., M, N], rows exchanged: U on and above the diagonal of the result, L (ones on its diagonal) below. *pivots (may be NULL)
 * receives, int32 [.., min(M, N)] and counted from 1, the row each row was exchanged with, one after another. */
bp_tensor *bp_lu(const bp_tensor *x, bp_tensor **pivots);
/* Q [.., M, R] of x = Q·R, R = min(M, N), signs as LAPACK's; complete: Q [.., M, M]. *r (may be NULL) receives R. No gradient for complete and M > N. */
bp_tensor *bp_qr(const bp_tensor *x, int32_t complete, bp_tensor **r);
/* Ascending eigenvalues [.., N] of symmetric matrices, whose lower (upper) triangle is read; *vectors (may be NULL) receives the eigenvectors, in columns. */
bp_tensor *bp_eigh(const bp_tensor *x, int32_t upper, bp_tensor **vectors);
/* U [.., M, R] of x = U·diag(s)·Vᵀ; *s (may be NULL) receives the singular values, descending, *vh Vᵀ [.., R, N]; full: U [.., M, M], Vᵀ [.., N, N], in
 * which what lies beyond R has no gradient. */
bp_tensor *bp_svd(const bp_tensor *x, int32_t full, bp_tensor **s, bp_tensor **vh);
/* Moore and Penrose's inverse [.., N, M]; singular values not above atol, or rtol times the largest, count as 0. PyTorch's: 0, 1e-15. */
bp_tensor *bp_pinverse(const bp_tensor *x, double atol, double rtol);

/* ---------------------------------------------------------------------------------------------------------------
 * 11. Shape and movement
 *
 * Results share memory with x (views) where strides allow it: all but cat, stack, clone, and reshape of some views.
 * ------------------------------------------------------------------------------------------------------------- */

/* One size may be −1 and is then inferred. */
bp_tensor *bp_reshape(const bp_tensor *x, int32_t ndim, const int64_t *shape);
bp_tensor *bp_flatten(const bp_tensor *x, int64_t start_dim, int64_t end_dim);
bp_tensor *bp_transpose(const bp_tensor *x, int64_t dim0, int64_t dim1);
bp_tensor *bp_permute(const bp_tensor *x, int32_t ndim, const int64_t *dims);
/* Repeats dimensions of size 1 without copying; −1 keeps a size; new dimensions may be added in front. */
bp_tensor *bp_expand(const bp_tensor *x, int32_t ndim, const int64_t *shape);
bp_tensor *bp_squeeze(const bp_tensor *x);                  /* drops every dimension of size 1 */
bp_tensor *bp_squeeze_dim(const bp_tensor *x, int64_t dim); /* drops this one if its size is 1 */
bp_tensor *bp_squeeze_dims(const bp_tensor *x, int32_t n, const int64_t *dims);
bp_tensor *bp_unsqueeze(const bp_tensor *x, int64_t dim);
/* Elements start, start + step, … before end along dim, limits clipped as in Python; BP_NONE for an open end; step ≥ 1. */
bp_tensor *bp_slice(const bp_tensor *x, int64_t dim, int64_t start, int64_t end, int64_t step);
bp_tensor *bp_select(const bp_tensor *x, int64_t dim, int64_t index);
bp_tensor *bp_cat(int32_t n, bp_tensor *const *tensors, int64_t dim);
bp_tensor *bp_stack(int32_t n, bp_tensor *const *tensors, int64_t dim);
bp_tensor *bp_contiguous(const bp_tensor *x);
bp_tensor *bp_clone(const bp_tensor *x);

/* length elements from start on, all of which must be there (bp_slice() clips). */
bp_tensor *bp_narrow(const bp_tensor *x, int64_t dim, int64_t start, int64_t length);
/* n views one after another along dim, as long as sizes says, which must add up; written to outputs, yours to release. After an error
 * outputs holds nothing. */
bp_status bp_split(const bp_tensor *x, int32_t n, const int64_t *sizes, int64_t dim, bp_tensor **outputs);
/* At most `chunks` views of equal size, the last perhaps smaller; how many were written to outputs, or −1. */
int32_t bp_chunk(const bp_tensor *x, int32_t chunks, int64_t dim, bp_tensor **outputs);
/* The size of dim views, each without that dimension. */
bp_status bp_unbind(const bp_tensor *x, int64_t dim, bp_tensor **outputs);
/* Dimension source[i] goes to place destination[i]; the others keep their order. */
bp_tensor *bp_movedim(const bp_tensor *x, int32_t n, const int64_t *source, const int64_t *destination);
/* One dimension as n; one of the sizes may be −1. */
bp_tensor *bp_unflatten(const bp_tensor *x, int64_t dim, int32_t n, const int64_t *sizes);
/* Read backwards along n dimensions; a copy. */
bp_tensor *bp_flip(const bp_tensor *x, int32_t n, const int64_t *dims);
/* Elements moved on by shifts[i] along dims[i], those at the end to the beginning; dims NULL: one shift, of all elements in row-major order. */
bp_tensor *bp_roll(const bp_tensor *x, int32_t n, const int64_t *shifts, const int64_t *dims);
/* Of each matrix [.., M, N] what lies on and below (above) a diagonal, 0 elsewhere. Diagonal k goes through [0, k]. */
bp_tensor *bp_tril(const bp_tensor *x, int64_t diagonal);
bp_tensor *bp_triu(const bp_tensor *x, int64_t diagonal);
/* A view of the diagonal of two dimensions, as a new last one. */
bp_tensor *bp_diagonal(const bp_tensor *x, int64_t offset, int64_t dim1, int64_t dim2);
/* Of a matrix its diagonal, copied; of a list the matrix that has it as diagonal. */
bp_tensor *bp_diag(const bp_tensor *x, int64_t diagonal);
/* Zeros with x's last dimension as diagonal of the new dimensions dim1 and dim2. */
bp_tensor *bp_diag_embed(const bp_tensor *x, int64_t offset, int64_t dim1, int64_t dim2);
/* Each dimension repeats[i] times over; repeat may add dimensions in front, tile takes counts of 1 for those not named. Copies. */
bp_tensor *bp_repeat(const bp_tensor *x, int32_t n, const int64_t *repeats);
bp_tensor *bp_tile(const bp_tensor *x, int32_t n, const int64_t *repeats);
/* Every slice along dim `repeats` times in a row (repeats[i] times, for a tensor of counts); dim BP_NONE: of the flattened tensor. */
bp_tensor *bp_repeat_interleave(const bp_tensor *x, int64_t repeats, int64_t dim);
bp_tensor *bp_repeat_interleave_each(const bp_tensor *x, const bp_tensor *repeats, int64_t dim);
/* n numbers: before and after the last dimension, before and after the one before it, …. Negative ones cut off (in the modes that look
 * into x: as far as something remains). value is used by BP_PAD_CONSTANT. Reflected parts must be smaller than the dimension, circular
 * ones not larger. */
bp_tensor *bp_pad(const bp_tensor *x, int32_t n, const int64_t *padding, bp_pad_mode mode, double value);
/* A view of windows of `size` elements, `step` apart, along dim; a window's elements are the new last dimension. */
bp_tensor *bp_unfold_dim(const bp_tensor *x, int64_t dim, int64_t size, int64_t step);
/* x's memory with other sizes and strides, from storage_offset on (BP_NONE: x's own); refused if it would leave that memory. While a
 * gradient is recorded x must be contiguous and the view stay within x. */
bp_tensor *bp_as_strided(const bp_tensor *x, int32_t ndim, const int64_t *shape, const int64_t *strides, int64_t storage_offset);
/* x copied, with src in the places of a view of it. The recorded form of writing into a view: x is left as it is. */
bp_tensor *bp_slice_scatter(const bp_tensor *x, const bp_tensor *src, int64_t dim, int64_t start, int64_t end, int64_t step);
bp_tensor *bp_select_scatter(const bp_tensor *x, const bp_tensor *src, int64_t dim, int64_t index);
bp_tensor *bp_diagonal_scatter(const bp_tensor *x, const bp_tensor *src, int64_t offset, int64_t dim1, int64_t dim2);
/* Strides and storage_offset count in x's elements as they lie row-major, also where x itself is laid out otherwise (PyTorch: in x's own memory). */
bp_tensor *bp_as_strided_scatter(const bp_tensor *x, const bp_tensor *src, int32_t ndim, const int64_t *shape, const int64_t *strides,
                                 int64_t storage_offset);

/* ---------------------------------------------------------------------------------------------------------------
 * 12. Indexing. Indices are int64 or int32 tensors; out of range is BP_E_INDEX.
 * ------------------------------------------------------------------------------------------------------------- */

/* y[i][j] = x[index[i][j]][j] for dim 0, and so on. index has x's rank and no dimension larger than x's except along dim. */
bp_tensor *bp_gather(const bp_tensor *x, int64_t dim, const bp_tensor *index);
/* x with src added at the places gather would read: y[index[i][j]][j] += src[i][j] for dim 0. */
bp_tensor *bp_scatter_add(const bp_tensor *x, int64_t dim, const bp_tensor *index, const bp_tensor *src);
/* x with the slices of src added along dim at index [K]: y[index[k]] += src[k] for dim 0. */
bp_tensor *bp_index_add(const bp_tensor *x, int64_t dim, const bp_tensor *index, const bp_tensor *src);
/* The slices of x at index [K] along dim. */
bp_tensor *bp_index_select(const bp_tensor *x, int64_t dim, const bp_tensor *index);
/* Rows of weight [V, E] for indices of any shape → [.., E]. Row padding_idx (BP_NONE: no such row) gets no gradient. */
bp_tensor *bp_embedding(const bp_tensor *indices, const bp_tensor *weight, int64_t padding_idx);

typedef struct bp_embedding_options {
  uint32_t struct_size;       /* sizeof(bp_embedding_options) */
  int32_t scale_grad_by_freq; /* 1: a row's gradient is divided by how often it is looked up; default 0 */
  int64_t padding_idx;        /* row without gradient, in bags without weight; negative from the end; default BP_NONE */
  double max_norm;            /* rows that are looked up are first shortened to this norm, in weight itself; default 0: not */
  double norm_type;           /* order of that norm; default 2 */
} bp_embedding_options;
#define BP_EMBEDDING_OPTIONS_INIT { sizeof(bp_embedding_options), 0, BP_NONE, 0.0, 2.0 }
bp_tensor *bp_embedding_with(const bp_tensor *indices, const bp_tensor *weight, const bp_embedding_options *options);

typedef int32_t bp_bag_mode;
#define BP_BAG_SUM ((bp_bag_mode)0)
#define BP_BAG_MEAN ((bp_bag_mode)1)
#define BP_BAG_MAX ((bp_bag_mode)2) /* the gradient goes to the first of equals */
typedef struct bp_embedding_bag_options {
  uint32_t struct_size;                /* sizeof(bp_embedding_bag_options) */
  bp_bag_mode mode;                    /* default mean */
  const bp_tensor *per_sample_weights; /* factors in the shape of the indices, for mode sum; default NULL */
  int32_t include_last_offset;         /* 1: the last offset is the end of the last bag; default 0 */
  int32_t scale_grad_by_freq;          /* this and the rest as above; not for mode max */
  int64_t padding_idx;
  double max_norm, norm_type;
} bp_embedding_bag_options;
#define BP_EMBEDDING_BAG_OPTIONS_INIT { sizeof(bp_embedding_bag_options), BP_BAG_MEAN, NULL, 0, 0, BP_NONE, 0.0, 2.0 }
/* Sums, means or maxima of rows of weight [V, E] → [bags, E]: each row of indices [N, K] is a bag, or indices are a list [K] and offsets
 * (NULL otherwise) say where in it each bag begins: 0 first, rising. An empty bag gives zeros. options may be NULL. */
bp_tensor *bp_embedding_bag(const bp_tensor *indices, const bp_tensor *weight, const bp_tensor *offsets, const bp_embedding_bag_options *options);

/* x[indices[0], indices[1], …]: index tensors (negative ones count from the end) and bool masks, each of which stands for as many dimensions
 * as it has; NULL: all of a dimension; dimensions not listed: all. Index tensors are broadcast together. Where they stand side by side
 * their dimensions take the place of those they index, otherwise they come first, as in NumPy. Integers, slices and new dimensions are
 * bp_select(), bp_slice() and bp_unsqueeze() before.
 *
 *     bp_tensor *rows[] = {NULL, labels};                        // y[n][k] = x[n][labels[k]]
 *     y = bp_index(x, 2, rows);
 */
bp_tensor *bp_index(const bp_tensor *x, int32_t n, bp_tensor *const *indices);
/* x copied, with values (broadcast) written at those places, or added to what is there. Without accumulate the last of several that meet
 * in one place stays. */
bp_tensor *bp_index_put(const bp_tensor *x, int32_t n, bp_tensor *const *indices, const bp_tensor *values, int32_t accumulate);
/* The same in t's memory, which all its views see; refused, as bp_add_(), while a gradient is recorded. */
bp_tensor *bp_index_put_(bp_tensor *t, int32_t n, bp_tensor *const *indices, const bp_tensor *values, int32_t accumulate);
/* x with src written at the places gather would read: y[index[i][j]][j] = src[i][j]. A 0-dimensional src is written everywhere. */
bp_tensor *bp_scatter(const bp_tensor *x, int64_t dim, const bp_tensor *index, const bp_tensor *src);
/* The elements of src that meet in one place are reduced, with x's own there if include_self is not 0. */
bp_tensor *bp_scatter_reduce(const bp_tensor *x, int64_t dim, const bp_tensor *index, const bp_tensor *src, bp_scatter_reduction reduce,
                             int32_t include_self);
/* The slices along dim at index [K] replaced: by those of src, by a 0-dimensional value, by a reduction (not BP_SCATTER_SUM). */
bp_tensor *bp_index_copy(const bp_tensor *x, int64_t dim, const bp_tensor *index, const bp_tensor *src);
bp_tensor *bp_index_fill(const bp_tensor *x, int64_t dim, const bp_tensor *index, const bp_tensor *value);
bp_tensor *bp_index_reduce(const bp_tensor *x, int64_t dim, const bp_tensor *index, const bp_tensor *src, bp_scatter_reduction reduce,
                           int32_t include_self);
/* Elements of the flattened x at index, in index's shape; src (as many elements as index) written or added there. */
bp_tensor *bp_take(const bp_tensor *x, const bp_tensor *index);
bp_tensor *bp_put(const bp_tensor *x, const bp_tensor *index, const bp_tensor *src, int32_t accumulate);
/* bp_gather() of x and index stretched to each other except along dim; dim BP_NONE: of both flattened. */
bp_tensor *bp_take_along_dim(const bp_tensor *x, const bp_tensor *index, int64_t dim);
/* mask is bool. A 0-dimensional value where it is true; the elements where it is true, in a row; src's first elements at its true places. */
bp_tensor *bp_masked_fill(const bp_tensor *x, const bp_tensor *mask, const bp_tensor *value);
bp_tensor *bp_masked_select(const bp_tensor *x, const bp_tensor *mask);
bp_tensor *bp_masked_scatter(const bp_tensor *x, const bp_tensor *mask, const bp_tensor *src);
/* Coordinates of the elements that are not 0: int64 [count, rank]. */
bp_tensor *bp_nonzero(const bp_tensor *x);
/* int64 labels of any shape → int64 [.., num_classes], 1 at the label; BP_NONE: one class more than the largest label. */
bp_tensor *bp_one_hot(const bp_tensor *labels, int64_t num_classes);

/* ---------------------------------------------------------------------------------------------------------------
 * 13. Networks
 * ------------------------------------------------------------------------------------------------------------- */

bp_tensor *bp_softmax(const bp_tensor *x, int64_t dim);
bp_tensor *bp_log_softmax(const bp_tensor *x, int64_t dim);
/* Normalises over the last ndim dimensions, which must have the given sizes, with the biased variance; weight and bias of
 * that shape or NULL. eps is usually 1e-5. */
bp_tensor *bp_layer_norm(const bp_tensor *x, int32_t ndim, const int64_t *shape, const bp_tensor *weight, const bp_tensor *bias,
                         double eps);
/* x·w / √(mean x² + eps) over the last ndim dimensions; weight of their shape or NULL. PyTorch's default eps is the type's machine
 * epsilon. */
bp_tensor *bp_rms_norm(const bp_tensor *x, int32_t ndim, const int64_t *shape, const bp_tensor *weight, double eps);
/* (x − μ)/√(σ² + eps)·w + b for each channel (dimension 1) of x [N, C, …]; weight and bias [C] or NULL. Training: μ and σ² (biased) are
 * those of the batch, of more than one value per channel, and running_mean and running_var [C], unless NULL, move in place towards
 * them: r ← (1 − momentum)·r + momentum·μ (the unbiased σ² for running_var). Otherwise μ and σ² are running_mean and running_var, which
 * no gradient reaches. Usual: momentum 0.1, eps 1e-5. */
bp_tensor *bp_batch_norm(const bp_tensor *x, bp_tensor *running_mean, bp_tensor *running_var, const bp_tensor *weight,
                         const bp_tensor *bias, int32_t training, double momentum, double eps);
/* The same over each sample's channels in num_groups equal groups, always with their own μ and σ² (instance norm: a group per
 * channel). */
bp_tensor *bp_group_norm(const bp_tensor *x, int64_t num_groups, const bp_tensor *weight, const bp_tensor *bias, double eps);
/* The same with a group per channel for x [N, C, …]; use_input_stats 0: with running_mean and running_var, which must then be there.
 * Otherwise they, unless NULL, move towards the means over the samples, as in bp_batch_norm(). More than one value per channel. */
bp_tensor *bp_instance_norm(const bp_tensor *x, bp_tensor *running_mean, bp_tensor *running_var, const bp_tensor *weight, const bp_tensor *bias,
                            int32_t use_input_stats, double momentum, double eps);
/* x / (k + alpha·m)^beta, m the mean of x² over size channels around, zeros beyond the ends: from size/2 before to (size − 1)/2 after.
 * x [N, C, …] of 3 dimensions or more. Usual: alpha 1e-4, beta 0.75, k 1. */
bp_tensor *bp_local_response_norm(const bp_tensor *x, int64_t size, double alpha, double beta, double k);
/* Training: zeroes each element with probability p and scales the rest by 1/(1−p). Otherwise x itself, as a new handle. */
bp_tensor *bp_dropout(const bp_tensor *x, double p, int32_t training);
/* The same with whole channels of [N, C, L], [N, C, H, W], [N, C, D, H, W], or without N (bp_dropout2d() takes [N, C, L] for a batch). */
bp_tensor *bp_dropout1d(const bp_tensor *x, double p, int32_t training);
bp_tensor *bp_dropout2d(const bp_tensor *x, double p, int32_t training);
bp_tensor *bp_dropout3d(const bp_tensor *x, double p, int32_t training);
/* Dropped elements (channels) get selu's lower limit and the whole is scaled and moved so that mean 0 and variance 1 stay. */
bp_tensor *bp_alpha_dropout(const bp_tensor *x, double p, int32_t training);
bp_tensor *bp_feature_alpha_dropout(const bp_tensor *x, double p, int32_t training);

typedef struct bp_attention_options {
  uint32_t struct_size; /* sizeof(bp_attention_options) */
  int32_t is_causal;    /* query i sees the keys 0 … i; excludes attn_mask */
  double dropout_p;     /* drops weights with this probability, always: pass 0 when not training; default 0 */
  double scale;         /* counts if has_scale; otherwise it is 1/√E */
  int32_t has_scale;
  int32_t enable_gqa;   /* key and value have fewer heads (dimension −3), each for a group of neighbouring query heads */
} bp_attention_options;
#define BP_ATTENTION_OPTIONS_INIT { sizeof(bp_attention_options), 0, 0.0, 0.0, 0, 0 }
/* softmax(scale·q·kᵀ + mask)·v (Vaswani et al. 2017) for query [.., L, E], key [.., S, E], value [.., S, Ev] → [.., L, Ev]; float32
 * or float64, leading dimensions broadcast. attn_mask: NULL, bool (true: the key counts) or of the query's type (added to the scores),
 * broadcast to [.., L, S]; a query without keys gets zeros. The scores are never held as a whole: memory beside the result is L
 * numbers a head. Of four dimensions and more the result is laid out [B, L, H, Ev], so that joining the heads (transpose, reshape)
 * moves nothing. options may be NULL. */
bp_tensor *bp_scaled_dot_product_attention(const bp_tensor *query, const bp_tensor *key, const bp_tensor *value, const bp_tensor *attn_mask,
                                           const bp_attention_options *options);

/* Rotary position embedding (Su et al. 2021) of x [.., T, E]: of the last dimension's first rotary_dim elements (BP_NONE: all; even) pair
 * number i is turned by φ = position·base^(−2i/rotary_dim): (a, b) → (a·cos φ − b·sin φ, b·cos φ + a·sin φ). A pair is (i, i + rotary_dim/2),
 * or with interleaved (2i, 2i + 1). positions: NULL: 0 … T−1; else numbers that stretch to [.., T]. Usual base: 10000. */
bp_tensor *bp_rotary_embedding(const bp_tensor *x, const bp_tensor *positions, double base, int64_t rotary_dim, int32_t interleaved);

/* Recurrent layers: one layer in one direction. x [T, B, I]: T steps, batch B; the states [T, B, H] are returned, the last of them [B, H] goes
 * to *h (may be NULL), a handle of its own. h0, c0 [B, H] or NULL: zeros. reverse: from the last step to the first; the states stand in the
 * input's order all the same. Gates in PyTorch's order: lstm i, f, g, o (G = 4·H), gru r, z, n (3·H), others one (H).
 * float32 or float64. Layers and directions are put together by calling again.
 *
 *     bp_recurrent_weights w = BP_RECURRENT_WEIGHTS_INIT;
 *     w.weight_ih = w_ih;  w.weight_hh = w_hh;
 *     bp_tensor *y = bp_gru(x, NULL, &w, 0, NULL);
 */
typedef struct bp_recurrent_weights {
  uint32_t struct_size; /* sizeof(bp_recurrent_weights) */
  int32_t reserved;     /* 0 */
  const bp_tensor *weight_ih, *weight_hh; /* [G, I], [G, H] */
  const bp_tensor *bias_ih, *bias_hh;     /* [G] or NULL */
} bp_recurrent_weights;
#define BP_RECURRENT_WEIGHTS_INIT { sizeof(bp_recurrent_weights), 0, NULL, NULL, NULL, NULL }
/* i, f, o = σ(W_ih·x + b_ih + W_hh·h + b_hh), g = tanh(…); c' = f·c + i·g, h' = o·tanh c'. *c (may be NULL) receives the last c. */
bp_tensor *bp_lstm(const bp_tensor *x, const bp_tensor *h0, const bp_tensor *c0, const bp_recurrent_weights *weights, int32_t reverse,
                   bp_tensor **h, bp_tensor **c);
/* r, z = σ(W_ih·x + b_ih + W_hh·h + b_hh), n = tanh(W_ih·x + b_ih + r·(W_hh·h + b_hh)); h' = (1 − z)·n + z·h. */
bp_tensor *bp_gru(const bp_tensor *x, const bp_tensor *h0, const bp_recurrent_weights *weights, int32_t reverse, bp_tensor **h);
/* h' = tanh(W_ih·x + b_ih + W_hh·h + b_hh), or max(…, 0). */
bp_tensor *bp_rnn_tanh(const bp_tensor *x, const bp_tensor *h0, const bp_recurrent_weights *weights, int32_t reverse, bp_tensor **h);
bp_tensor *bp_rnn_relu(const bp_tensor *x, const bp_tensor *h0, const bp_recurrent_weights *weights, int32_t reverse, bp_tensor **h);

/* -- Losses. x and target are floating and stretch together unless something else is said.
 *
 *     bp_tensor *loss = bp_huber_loss(x, target, NULL, 1.0, BP_REDUCTION_MEAN); */

/* (x − t)²; |x − t|; ½(x − t)² up to |x − t| = delta > 0, delta·(|x − t| − delta/2) beyond. weight: NULL or factors of x's shape; the
 * mean then divides by their sum, for huber (as PyTorch) by their number. */
bp_tensor *bp_mse_loss(const bp_tensor *x, const bp_tensor *target, bp_reduction reduction);
bp_tensor *bp_mse_loss_weighted(const bp_tensor *x, const bp_tensor *target, const bp_tensor *weight, bp_reduction reduction);
bp_tensor *bp_l1_loss(const bp_tensor *x, const bp_tensor *target, const bp_tensor *weight, bp_reduction reduction);
bp_tensor *bp_huber_loss(const bp_tensor *x, const bp_tensor *target, const bp_tensor *weight, double delta, bp_reduction reduction);
/* ½(x − t)²/beta up to |x − t| = beta, |x − t| − beta/2 beyond; beta 0 is l1. */
bp_tensor *bp_smooth_l1_loss(const bp_tensor *x, const bp_tensor *target, double beta, bp_reduction reduction);

typedef struct bp_cross_entropy_options {
  uint32_t struct_size;    /* sizeof(bp_cross_entropy_options) */
  bp_reduction reduction;  /* default mean: over the weights of the labels that count */
  int64_t ignore_index;    /* label that is left out; default −100 */
  double label_smoothing;  /* 0 … 1; default 0 */
  const bp_tensor *weight; /* [C] or NULL */
} bp_cross_entropy_options;
#define BP_CROSS_ENTROPY_OPTIONS_INIT { sizeof(bp_cross_entropy_options), BP_REDUCTION_MEAN, -100, 0.0, NULL }
/* logits [N, C], [C] or [N, C, d1, …]; target: labels (int64 or int32) of that shape without C, or probabilities (floating) of
 * the shape of logits. options may be NULL. */
bp_tensor *bp_cross_entropy(const bp_tensor *logits, const bp_tensor *target, const bp_cross_entropy_options *options);
/* −x[label] of log probabilities [N, C], [C] or [N, C, d1, …]; labels, weight, ignore_index and reduction as above, label_smoothing 0. */
bp_tensor *bp_nll_loss(const bp_tensor *x, const bp_tensor *target, const bp_cross_entropy_options *options);
/* −[t·log x + (1−t)·log(1−x)]·weight of probabilities x in 0…1; logarithms count as no less than −100. target of x's shape, in 0…1 too; weight
 * stretches to it, may be NULL. */
bp_tensor *bp_binary_cross_entropy(const bp_tensor *x, const bp_tensor *target, const bp_tensor *weight, bp_reduction reduction);
/* −[pos_weight·t·log σ(x) + (1−t)·log(1−σ(x))]·weight, computed without overflow; weight and pos_weight broadcast, may be NULL. */
bp_tensor *bp_binary_cross_entropy_with_logits(const bp_tensor *x, const bp_tensor *target, const bp_tensor *weight,
                                               const bp_tensor *pos_weight, bp_reduction reduction);
/* t·(log t − x) of log probabilities x, 0 where t is 0; log_target: eᵗ·(t − x). BP_REDUCTION_BATCHMEAN is the mathematical one. */
bp_tensor *bp_kl_div(const bp_tensor *x, const bp_tensor *target, int32_t log_target, bp_reduction reduction);
/* ½(log v + (x − t)²/v), v = max(var, eps), whose gradient passes to var all the same; full adds ½log 2π. var: no element negative, of x's
 * shape, without its last dimension, or stretching to it. Usual eps: 1e-6. */
bp_tensor *bp_gaussian_nll_loss(const bp_tensor *x, const bp_tensor *target, const bp_tensor *var, int32_t full, double eps, bp_reduction reduction);

typedef struct bp_poisson_nll_options {
  uint32_t struct_size;   /* sizeof(bp_poisson_nll_options) */
  int32_t log_input;      /* 1: eˣ − t·x; 0: x − t·log(x + eps); default 1 */
  int32_t full;           /* 1: Stirling's approximation of log t! is added where t > 1; default 0 */
  bp_reduction reduction; /* default mean */
  double eps;             /* default 1e-8 */
} bp_poisson_nll_options;
#define BP_POISSON_NLL_OPTIONS_INIT { sizeof(bp_poisson_nll_options), 1, 0, BP_REDUCTION_MEAN, 1e-8 }
bp_tensor *bp_poisson_nll_loss(const bp_tensor *x, const bp_tensor *target, const bp_poisson_nll_options *options);

/* Targets 1 and −1: log(1 + e^(−t·x)); x where t = 1 and max(0, margin − x) where t = −1; max(0, −t·(x1 − x2) + margin) for as many
 * dimensions each; 1 − cos(x1, x2) where t = 1 and max(0, cos − margin) where t = −1, for x1, x2 [N, D] and t [N], or [D] and []. */
bp_tensor *bp_soft_margin_loss(const bp_tensor *x, const bp_tensor *target, bp_reduction reduction);
bp_tensor *bp_hinge_embedding_loss(const bp_tensor *x, const bp_tensor *target, double margin, bp_reduction reduction);
bp_tensor *bp_margin_ranking_loss(const bp_tensor *x1, const bp_tensor *x2, const bp_tensor *target, double margin, bp_reduction reduction);
bp_tensor *bp_cosine_embedding_loss(const bp_tensor *x1, const bp_tensor *x2, const bp_tensor *target, double margin, bp_reduction reduction);

typedef struct bp_triplet_margin_options {
  uint32_t struct_size;   /* sizeof(bp_triplet_margin_options) */
  int32_t swap;           /* 1: the negative's distance is that from anchor or positive, whichever is smaller; default 0 */
  double margin;          /* > 0; default 1 */
  double p;               /* order of the distance, 0 … INFINITY; default 2 */
  double eps;             /* added to each difference; default 1e-6 */
  bp_reduction reduction; /* default mean */
  int32_t reserved;       /* 0 */
} bp_triplet_margin_options;
#define BP_TRIPLET_MARGIN_OPTIONS_INIT { sizeof(bp_triplet_margin_options), 0, 1.0, 2.0, 1e-6, BP_REDUCTION_MEAN, 0 }
/* max(0, margin + ‖anchor − positive‖ − ‖anchor − negative‖), norms along the last dimension. options may be NULL. */
bp_tensor *bp_triplet_margin_loss(const bp_tensor *anchor, const bp_tensor *positive, const bp_tensor *negative,
                                  const bp_triplet_margin_options *options);

typedef struct bp_multi_margin_options {
  uint32_t struct_size;    /* sizeof(bp_multi_margin_options) */
  int32_t p;               /* 1 or 2; default 1 */
  double margin;           /* default 1 */
  const bp_tensor *weight; /* [C] or NULL */
  bp_reduction reduction;  /* default mean */
  int32_t reserved;        /* 0 */
} bp_multi_margin_options;
#define BP_MULTI_MARGIN_OPTIONS_INIT { sizeof(bp_multi_margin_options), 1, 1.0, NULL, BP_REDUCTION_MEAN, 0 }
/* weight[y]·Σ max(0, margin − x[y] + x[j])ᵖ / C over the classes j ≠ y, for scores x [N, C] or [C] and labels y (int64 or int32).
 * options may be NULL. */
bp_tensor *bp_multi_margin_loss(const bp_tensor *x, const bp_tensor *target, const bp_multi_margin_options *options);
/* Σ max(0, 1 − x[y] + x[j]) / C over the labels y of a sample and the classes j that are none of them. target of x's shape: a sample's
 * labels, ended by −1. */
bp_tensor *bp_multilabel_margin_loss(const bp_tensor *x, const bp_tensor *target, bp_reduction reduction);
/* The mean over the last dimension of −[t·log σ(x) + (1−t)·log(1−σ(x))]·weight; weight stretches to it, may be NULL. */
bp_tensor *bp_multilabel_soft_margin_loss(const bp_tensor *x, const bp_tensor *target, const bp_tensor *weight, bp_reduction reduction);

/* −log of the probability that a path over T steps, freed of repetitions and then of blanks, reads the target (Graves et al. 2006).
 * log_probs [T, N, C], or [T, C] for one sample, come from log_softmax: the gradient is the one that is right through it. targets: labels
 * [N, S], or all one after another in a list; lengths [N] or, for one sample, [] (int64 or int32). The mean divides each loss by its target's
 * length (at least 1) first. A target that no path can read has the loss ∞; zero_infinity makes that 0, its gradient too. */
bp_tensor *bp_ctc_loss(const bp_tensor *log_probs, const bp_tensor *targets, const bp_tensor *input_lengths, const bp_tensor *target_lengths,
                       int64_t blank, bp_reduction reduction, int32_t zero_infinity);

/* -- Convolution and pooling of float32 or float64 over images [N, C, H, W] or [C, H, W]; 1-d forms over [N, C, L] or [C, L], 3-d forms over
 *    [N, C, D, H, W] or [C, D, H, W]. An option for each dimension counts as many numbers as there are dimensions, the outermost first.
 *
 *     bp_conv_options o = BP_CONV_OPTIONS_INIT;
 *     o.padding[0] = o.padding[1] = 1;
 *     bp_tensor *y = bp_relu(bp_conv2d(x, w, b, &o));
 *     bp_pool_options p = BP_POOL_OPTIONS_INIT(2);
 *     y = bp_max_pool2d(y, &p); */

typedef struct bp_conv_options {
  uint32_t struct_size;      /* sizeof(bp_conv_options) */
  int64_t stride[3];         /* from window to window; default 1 */
  int64_t padding[3];        /* zeros before and after the image; default 0 */
  int64_t padding_after[3];  /* more zeros after the image, for even kernels that keep its size; not when transposed; default 0 */
  int64_t dilation[3];       /* from place to place within a window; default 1 */
  int64_t output_padding[3]; /* transposed only: numbers added to the result's end; default 0 */
  int64_t groups;            /* channels in so many parts that do not see each other; default 1 */
} bp_conv_options;
#define BP_CONV_OPTIONS_INIT { sizeof(bp_conv_options), {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, {1, 1, 1}, {0, 0, 0}, 1 }

/* y[n, m, j, i] = bias[m] + Σ weight[m, c, t, s] · x[n, c, j·stride + t·dilation − padding, …] over channels c and places t, s.
 * weight [M, C/groups, h, w], bias [M] or NULL → [N, M, H', W'] with H' = ⌊(H + zeros − dilation·(h−1) − 1)/stride⌋ + 1.
 * A window larger than the image with its zeros is an error. options may be NULL. */
bp_tensor *bp_conv2d(const bp_tensor *x, const bp_tensor *weight, const bp_tensor *bias, const bp_conv_options *options);
/* weight [M, C/groups, l] → [N, M, L'], and [M, C/groups, d, h, w] → [N, M, D', H', W']. The 3-d form holds a copy of x for each of d slices. */
bp_tensor *bp_conv1d(const bp_tensor *x, const bp_tensor *weight, const bp_tensor *bias, const bp_conv_options *options);
bp_tensor *bp_conv3d(const bp_tensor *x, const bp_tensor *weight, const bp_tensor *bias, const bp_conv_options *options);
/* The gradient of conv2d with respect to its input, as an operation: each x[n, m] spread over a window by weight[m].
 * weight [C, M/groups, h, w], bias [M] or NULL → [N, M, H', W'] with H' = (H−1)·stride − 2·padding + dilation·(h−1) + output_padding + 1.
 * output_padding must be smaller than stride or dilation. */
bp_tensor *bp_conv_transpose2d(const bp_tensor *x, const bp_tensor *weight, const bp_tensor *bias, const bp_conv_options *options);
bp_tensor *bp_conv_transpose1d(const bp_tensor *x, const bp_tensor *weight, const bp_tensor *bias, const bp_conv_options *options);
bp_tensor *bp_conv_transpose3d(const bp_tensor *x, const bp_tensor *weight, const bp_tensor *bias, const bp_conv_options *options);

typedef struct bp_pool_options {
  uint32_t struct_size;      /* sizeof(bp_pool_options) */
  int32_t ceil_mode;         /* 1: a last window that starts in the image but ends beyond counts; default 0 */
  int32_t count_include_pad; /* avg_pool: 1 when the zeros of the padding count as numbers; default 1 */
  int64_t kernel[3];         /* size of the window */
  int64_t stride[3];         /* default 0: that of kernel (im2col, col2im: 1) */
  int64_t padding[3];        /* at most half of kernel; −∞ for max_pool, 0 for avg_pool; default 0 */
  int64_t dilation[3];       /* max_pool, im2col, col2im; default 1 */
  int64_t divisor_override;  /* avg_pool: divide by this, 0: by the size of the window; default 0 */
} bp_pool_options;
#define BP_POOL_OPTIONS_INIT(k) { sizeof(bp_pool_options), 0, 1, {k, k, k}, {0, 0, 0}, {0, 0, 0}, {1, 1, 1}, 0 }

/* The largest number of each window; NaN if there is one. Its gradient goes to the first of equals. */
bp_tensor *bp_max_pool1d(const bp_tensor *x, const bp_pool_options *options);
bp_tensor *bp_max_pool2d(const bp_tensor *x, const bp_pool_options *options);
bp_tensor *bp_max_pool3d(const bp_tensor *x, const bp_pool_options *options);
/* Where each result comes from: position in the image of one channel, (depth·H + row)·W + column, int64. */
bp_tensor *bp_max_pool1d_indices(const bp_tensor *x, const bp_pool_options *options);
bp_tensor *bp_max_pool2d_indices(const bp_tensor *x, const bp_pool_options *options);
bp_tensor *bp_max_pool3d_indices(const bp_tensor *x, const bp_pool_options *options);
/* The way back: each x at the position indices (int64, x's shape) names in an image of the given size, zeros elsewhere. */
bp_tensor *bp_max_unpool1d(const bp_tensor *x, const bp_tensor *indices, int64_t length);
bp_tensor *bp_max_unpool2d(const bp_tensor *x, const bp_tensor *indices, int64_t height, int64_t width);
bp_tensor *bp_max_unpool3d(const bp_tensor *x, const bp_tensor *indices, int64_t depth, int64_t height, int64_t width);
/* The mean of each window. */
bp_tensor *bp_avg_pool1d(const bp_tensor *x, const bp_pool_options *options);
bp_tensor *bp_avg_pool2d(const bp_tensor *x, const bp_pool_options *options);
bp_tensor *bp_avg_pool3d(const bp_tensor *x, const bp_pool_options *options);
/* (Σ x^p)^(1/p) over each window; 0 where the sum is negative. */
bp_tensor *bp_lp_pool1d(const bp_tensor *x, double p, const bp_pool_options *options);
bp_tensor *bp_lp_pool2d(const bp_tensor *x, double p, const bp_pool_options *options);
bp_tensor *bp_lp_pool3d(const bp_tensor *x, double p, const bp_pool_options *options);
/* Means over height × width parts of the image: rows ⌊i·H/height⌋ to ⌈(i+1)·H/height⌉, columns likewise. */
bp_tensor *bp_adaptive_avg_pool1d(const bp_tensor *x, int64_t length);
bp_tensor *bp_adaptive_avg_pool2d(const bp_tensor *x, int64_t height, int64_t width);
bp_tensor *bp_adaptive_avg_pool3d(const bp_tensor *x, int64_t depth, int64_t height, int64_t width);
/* The largest number of each such part, and where it comes from. */
bp_tensor *bp_adaptive_max_pool1d(const bp_tensor *x, int64_t length);
bp_tensor *bp_adaptive_max_pool2d(const bp_tensor *x, int64_t height, int64_t width);
bp_tensor *bp_adaptive_max_pool3d(const bp_tensor *x, int64_t depth, int64_t height, int64_t width);
bp_tensor *bp_adaptive_max_pool1d_indices(const bp_tensor *x, int64_t length);
bp_tensor *bp_adaptive_max_pool2d_indices(const bp_tensor *x, int64_t height, int64_t width);
bp_tensor *bp_adaptive_max_pool3d_indices(const bp_tensor *x, int64_t depth, int64_t height, int64_t width);

/* What L windows see, as columns: x [N, C, H, W] or [C, H, W] → [N, C·h·w, L] (PyTorch: nn.functional.unfold); and the transpose: columns added up in
 * an image [N, C, height, width] (fold). Of the options kernel, stride (default 1), padding (any) and dilation count. */
bp_tensor *bp_im2col(const bp_tensor *x, const bp_pool_options *options);
bp_tensor *bp_col2im(const bp_tensor *x, int64_t height, int64_t width, const bp_pool_options *options);

/* How an image's numbers become those of another size. */
typedef int32_t bp_interpolation;
#define BP_INTERPOLATE_NEAREST ((bp_interpolation)0)       /* the number at ⌊i·H/H'⌋ */
#define BP_INTERPOLATE_NEAREST_EXACT ((bp_interpolation)1) /* the number at ⌊(i + ½)·H/H'⌋ */
#define BP_INTERPOLATE_LINEAR ((bp_interpolation)2)        /* between two numbers along each dimension: linear, bilinear, trilinear */
#define BP_INTERPOLATE_CUBIC ((bp_interpolation)3)         /* between four (Keys 1981, a = −¾); [N, C, H, W] */
#define BP_INTERPOLATE_AREA ((bp_interpolation)4)          /* as adaptive_avg_pool */

typedef struct bp_interpolate_options {
  uint32_t struct_size;   /* sizeof(bp_interpolate_options) */
  bp_interpolation mode;  /* default nearest */
  int64_t size[3];        /* of the result, the outermost first; 0: from scale */
  double scale[3];        /* size becomes ⌊size · scale⌋, and positions count with this scale; 0: with the ratio of the sizes */
  int32_t align_corners;  /* linear, cubic: positions count from centre to centre of the outermost numbers, not from edge to edge; default 0 */
  int32_t antialias;      /* linear, cubic of [N, C, H, W]: when shrinking, all numbers of a result's share count; default 0 */
} bp_interpolate_options;
#define BP_INTERPOLATE_OPTIONS_INIT { sizeof(bp_interpolate_options), BP_INTERPOLATE_NEAREST, {0, 0, 0}, {0, 0, 0}, 0, 0 }
/* x [N, C, L], [N, C, H, W] or [N, C, D, H, W] in another size. */
bp_tensor *bp_interpolate(const bp_tensor *x, const bp_interpolate_options *options);

typedef int32_t bp_grid_mode;
#define BP_GRID_BILINEAR ((bp_grid_mode)0)
#define BP_GRID_NEAREST ((bp_grid_mode)1)
#define BP_GRID_BICUBIC ((bp_grid_mode)2)   /* [N, C, H, W] only */
typedef int32_t bp_grid_padding;
#define BP_GRID_ZEROS ((bp_grid_padding)0)      /* what positions outside the image see */
#define BP_GRID_BORDER ((bp_grid_padding)1)     /* the nearest number of the edge */
#define BP_GRID_REFLECTION ((bp_grid_padding)2) /* the image mirrored at its edges */
/* x [N, C, H, W] read at grid [N, H', W', 2] → [N, C, H', W'], or [N, C, D, H, W] at [N, D', H', W', 3]. A position is (x, y[, z]), each −1 … 1 over
 * the image: from edge to edge, or with align_corners from centre to centre of the outermost numbers. Gradients for both. */
bp_tensor *bp_grid_sample(const bp_tensor *x, const bp_tensor *grid, bp_grid_mode mode, bp_grid_padding padding, int32_t align_corners);
/* Such a grid for an image of the given size, n = 4: [N, C, H, W], or 5: its positions moved by theta [N, 2, 3] or [N, 3, 4]. */
bp_tensor *bp_affine_grid(const bp_tensor *theta, int32_t n, const int64_t *size, int32_t align_corners);

/* ---------------------------------------------------------------------------------------------------------------
 * 14. Optimizers
 *
 *     bp_adam_options o = BP_ADAM_OPTIONS_INIT;
 *     o.lr = 1e-2;
 *     bp_optimizer *opt = bp_adam_create(ctx, &o);
 *     bp_optimizer_add(opt, w);
 *     …  bp_optimizer_zero_grad(opt);  bp_backward(loss);  bp_optimizer_step(opt);  …
 *     bp_optimizer_destroy(opt);
 *
 * Names, formulas, defaults and trajectories are PyTorch's. Results are the same bits for any number of threads.
 * ------------------------------------------------------------------------------------------------------------- */

/* Every option struct: struct_size is its sizeof; flags are 0 or 1; maximize walks up instead of down; weight_decay is added to the
 * gradient unless it says otherwise. options NULL: the defaults. Numbers that are NaN, infinite or out of range are refused. */
typedef struct bp_sgd_options {
  uint32_t struct_size;
  int32_t nesterov;     /* needs momentum > 0 and dampening 0 */
  double lr, momentum, dampening, weight_decay;
  int32_t maximize;
  int32_t reserved;     /* 0 */
} bp_sgd_options;
#define BP_SGD_OPTIONS_INIT { sizeof(bp_sgd_options), 0, 1e-3, 0, 0, 0, 0, 0 }

typedef struct bp_adam_options {
  uint32_t struct_size;
  int32_t maximize;
  double lr, beta1, beta2, eps, weight_decay;
  int32_t amsgrad;                /* adam, adamw: divide by the largest second moment so far */
  int32_t decoupled_weight_decay; /* nadam, radam: shrink the weights directly, as adamw does */
  double momentum_decay;          /* nadam */
} bp_adam_options;
#define BP_ADAM_OPTIONS_INIT { sizeof(bp_adam_options), 0, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0 }
#define BP_ADAMW_OPTIONS_INIT { sizeof(bp_adam_options), 0, 1e-3, 0.9, 0.999, 1e-8, 1e-2, 0, 0, 0 }
#define BP_NADAM_OPTIONS_INIT { sizeof(bp_adam_options), 0, 2e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 4e-3 }
#define BP_RADAM_OPTIONS_INIT BP_ADAM_OPTIONS_INIT
#define BP_ADAMAX_OPTIONS_INIT { sizeof(bp_adam_options), 0, 2e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0 }

typedef struct bp_rmsprop_options {
  uint32_t struct_size;
  int32_t maximize;
  double lr, alpha, eps, weight_decay, momentum;
  int32_t centered; /* divide by the variance: the mean square less the squared mean */
  int32_t reserved; /* 0 */
} bp_rmsprop_options;
#define BP_RMSPROP_OPTIONS_INIT { sizeof(bp_rmsprop_options), 0, 1e-2, 0.99, 1e-8, 0, 0, 0, 0 }

typedef struct bp_adagrad_options {
  uint32_t struct_size;
  int32_t maximize;
  double lr, lr_decay, weight_decay, initial_accumulator_value, eps;
} bp_adagrad_options;
#define BP_ADAGRAD_OPTIONS_INIT { sizeof(bp_adagrad_options), 0, 1e-2, 0, 0, 0, 1e-10 }

typedef struct bp_adadelta_options {
  uint32_t struct_size;
  int32_t maximize;
  double lr, rho, eps, weight_decay;
} bp_adadelta_options;
#define BP_ADADELTA_OPTIONS_INIT { sizeof(bp_adadelta_options), 0, 1, 0.9, 1e-6, 0 }

typedef struct bp_rprop_options {
  uint32_t struct_size;
  int32_t maximize;
  double lr, etaminus, etaplus, step_size_min, step_size_max; /* lr: the first step size */
} bp_rprop_options;
#define BP_RPROP_OPTIONS_INIT { sizeof(bp_rprop_options), 0, 1e-2, 0.5, 1.2, 1e-6, 50 }

typedef struct bp_lion_options {
  uint32_t struct_size;
  int32_t maximize;
  double lr, beta1, beta2, weight_decay; /* weight_decay shrinks the weights directly */
} bp_lion_options;
#define BP_LION_OPTIONS_INIT { sizeof(bp_lion_options), 0, 1e-4, 0.9, 0.99, 0 }

typedef struct bp_adafactor_options {
  uint32_t struct_size;
  int32_t maximize;
  double lr, beta2_decay, eps1, eps, d, weight_decay; /* eps1 < 0: the epsilon of the type; eps: PyTorch's eps[1]; decay: directly */
} bp_adafactor_options;
#define BP_ADAFACTOR_OPTIONS_INIT { sizeof(bp_adafactor_options), 0, 1e-2, -0.8, -1, 1e-3, 1, 0 }

typedef struct bp_muon_options {
  uint32_t struct_size;
  int32_t nesterov;
  double lr, weight_decay, momentum, ns_a, ns_b, ns_c, eps; /* decay: directly */
  int32_t ns_steps;
  int32_t adjust_lr; /* 0: lr·√max(1, rows/columns), "original"; 1: lr·0.2·√max(rows, columns), "match_rms_adamw" */
} bp_muon_options;
#define BP_MUON_OPTIONS_INIT { sizeof(bp_muon_options), 1, 1e-3, 0.1, 0.95, 3.4445, -4.775, 2.0315, 1e-7, 5, 0 }

typedef struct bp_lbfgs_options {
  uint32_t struct_size;
  int32_t max_iter;     /* iterations of one step */
  double lr, tolerance_grad, tolerance_change;
  int32_t max_eval;     /* calls of the closure in one step; −1: max_iter·5/4 */
  int32_t history_size;
  int32_t strong_wolfe; /* 1: line search; 0: steps of lr */
  int32_t reserved;     /* 0 */
} bp_lbfgs_options;
#define BP_LBFGS_OPTIONS_INIT { sizeof(bp_lbfgs_options), 20, 1, 1e-7, 1e-9, -1, 100, 0, 0 }

bp_optimizer *bp_sgd_create(bp_context *ctx, const bp_sgd_options *options);
bp_optimizer *bp_adam_create(bp_context *ctx, const bp_adam_options *options);
/* weight_decay shrinks the weights directly. */
bp_optimizer *bp_adamw_create(bp_context *ctx, const bp_adam_options *options);
bp_optimizer *bp_nadam_create(bp_context *ctx, const bp_adam_options *options);
bp_optimizer *bp_radam_create(bp_context *ctx, const bp_adam_options *options);
bp_optimizer *bp_adamax_create(bp_context *ctx, const bp_adam_options *options);
bp_optimizer *bp_rmsprop_create(bp_context *ctx, const bp_rmsprop_options *options);
bp_optimizer *bp_adagrad_create(bp_context *ctx, const bp_adagrad_options *options);
bp_optimizer *bp_adadelta_create(bp_context *ctx, const bp_adadelta_options *options);
bp_optimizer *bp_rprop_create(bp_context *ctx, const bp_rprop_options *options);
/* Chen and others 2023: p ← p − lr·sign(β1·m + (1−β1)·g), then m ← β2·m + (1−β2)·g. */
bp_optimizer *bp_lion_create(bp_context *ctx, const bp_lion_options *options);
bp_optimizer *bp_adafactor_create(bp_context *ctx, const bp_adafactor_options *options);
/* For matrices only. The Newton–Schulz steps are done in the parameter's type (PyTorch: in bfloat16). */
bp_optimizer *bp_muon_create(bp_context *ctx, const bp_muon_options *options);
/* Steps with bp_optimizer_step_closure(). */
bp_optimizer *bp_lbfgs_create(bp_context *ctx, const bp_lbfgs_options *options);
/* Any of them by name, "sgd" … "lbfgs", with its defaults. */
bp_optimizer *bp_optimizer_create(bp_context *ctx, const char *name);

/* Adds a leaf that requires a gradient to the last group; the optimizer keeps it alive. A tensor added twice is refused. */
bp_status bp_optimizer_add(bp_optimizer *opt, bp_tensor *parameter);
/* Parameters added from now on form a group of their own, which begins with the options of group 0. Returns its number, −1 on an error. */
int32_t bp_optimizer_add_group(bp_optimizer *opt);
/* Changes options of a group (−1: of every group) by the names of their struct's fields; counts from the next step. All or, on an error, none. */
bp_status bp_optimizer_set_options(bp_optimizer *opt, int32_t group, int32_t n, const char *const *names, const double *values);
bp_status bp_optimizer_set_option(bp_optimizer *opt, int32_t group, const char *name, double value);
/* NaN where there is none. */
double bp_optimizer_option(const bp_optimizer *opt, int32_t group, const char *name);
/* Moves every parameter that has a gradient. Either all move or, on an error, none. */
bp_status bp_optimizer_step(bp_optimizer *opt);
/* Empties the gradients, computes the loss, walks back and writes the loss to *loss; 0, or anything else to give up. It must leave the
 * optimizer itself alone. */
typedef int32_t (*bp_closure)(void *user, double *loss);
/* Calls the closure and steps; L-BFGS calls it as often as it needs. *loss (or NULL) receives the loss before the step.
 * BP_E_CALLBACK where the closure gave up: the parameters are as they were. */
bp_status bp_optimizer_step_closure(bp_optimizer *opt, bp_closure closure, void *user, double *loss);
/* Drops the gradients of all its parameters. */
bp_status bp_optimizer_zero_grad(bp_optimizer *opt);
/* Of every group. */
bp_status bp_optimizer_set_lr(bp_optimizer *opt, double lr);
/* Of group 0; NaN for a bad handle. */
double bp_optimizer_lr(const bp_optimizer *opt);

/* What is kept from step to step, by parameter in the order they were added, under PyTorch's names ("step", "exp_avg", …). */
int64_t bp_optimizer_parameter_count(const bp_optimizer *opt);
/* Name number k of what may be kept for a parameter, NULL beyond the last. */
const char *bp_optimizer_state_name(const bp_optimizer *opt, int64_t parameter, int32_t k);
/* A tensor that looks into it (counts, and lbfgs: a copy); NULL, and no error, while there is none. */
bp_tensor *bp_optimizer_state(const bp_optimizer *opt, int64_t parameter, const char *name);
/* A copy of value takes its place. */
bp_status bp_optimizer_set_state(bp_optimizer *opt, int64_t parameter, const char *name, const bp_tensor *value);
/* State and options as a safetensors file ("state.0.exp_avg", "param_groups.0.lr"). Loaded into an optimizer of the same kind with the
 * same parameters in the same groups, training goes on bit for bit. All or, on an error, nothing is taken over. */
bp_status bp_optimizer_save(const bp_optimizer *opt, const char *path);
bp_status bp_optimizer_load(bp_optimizer *opt, const char *path);
/* NULL is harmless, as is an optimizer whose closure is running. */
void bp_optimizer_destroy(bp_optimizer *opt);

/* Between bp_backward() and bp_optimizer_step(): takes the gradients of n parameters (those that have one) as one vector and scales them, in
 * place, by max_norm/(norm + 1e-6) where that is below 1. norm_type 2 is the usual one; any p > 0, INFINITY for the largest magnitude.
 * *total_norm receives the norm before, unless it is NULL; INFINITY as max_norm only measures. */
bp_status bp_clip_grad_norm_(int32_t n, bp_tensor *const *parameters, double max_norm, double norm_type, double *total_norm);
/* Brings every element of their gradients into −clip_value … clip_value, in place. */
bp_status bp_clip_grad_value_(int32_t n, bp_tensor *const *parameters, double clip_value);
/* Averages that follow parameters: averages[i] ← decay·averages[i] + (1 − decay)·parameters[i], in place, not recorded. decay 0.999 …: the
 * exponential moving average of a training run; k/(k + 1) at the k-th call: the plain mean. */
bp_status bp_ema_update(int32_t n, bp_tensor *const *averages, bp_tensor *const *parameters, double decay);

/* -- schedules of the learning rate --
 *
 *     bp_scheduler *s = bp_cosine_annealing_lr_create(opt, 100, 0);
 *     for (int epoch = 0; epoch < 100; epoch++) { …train…  bp_scheduler_step(s); }
 *
 * PyTorch's classes: made for an optimizer, whose groups each start from their own rate; the rate of epoch 0 is written at once. The
 * optimizer must live as long as the schedule is stepped. A handle belongs to the caller. */

/* lr = lr₀·f(user, epoch); lr ← lr·f(user, epoch) */
typedef double (*bp_lr_function)(void *user, int64_t epoch);
bp_scheduler *bp_lambda_lr_create(bp_optimizer *opt, bp_lr_function f, void *user);
bp_scheduler *bp_multiplicative_lr_create(bp_optimizer *opt, bp_lr_function f, void *user);
/* times gamma every step_size steps; at each of n milestones; at every step */
bp_scheduler *bp_step_lr_create(bp_optimizer *opt, int64_t step_size, double gamma);
bp_scheduler *bp_multi_step_lr_create(bp_optimizer *opt, int32_t n, const int64_t *milestones, double gamma);
bp_scheduler *bp_exponential_lr_create(bp_optimizer *opt, double gamma);
/* For total_iters steps: times factor; from start_factor to end_factor; down to 0 as (1 − epoch/total_iters)^power. */
bp_scheduler *bp_constant_lr_create(bp_optimizer *opt, double factor, int64_t total_iters);
bp_scheduler *bp_linear_lr_create(bp_optimizer *opt, double start_factor, double end_factor, int64_t total_iters);
bp_scheduler *bp_polynomial_lr_create(bp_optimizer *opt, int64_t total_iters, double power);
/* Half a cosine from lr₀ to eta_min; again from the top after T_0, then T_0·T_mult, … steps. */
bp_scheduler *bp_cosine_annealing_lr_create(bp_optimizer *opt, int64_t T_max, double eta_min);
bp_scheduler *bp_cosine_annealing_warm_restarts_create(bp_optimizer *opt, int64_t T_0, int64_t T_mult, double eta_min);
/* To the rate of weight averaging within anneal_epochs steps. */
bp_scheduler *bp_swa_lr_create(bp_optimizer *opt, double swa_lr, int64_t anneal_epochs, int32_t linear);

typedef struct bp_one_cycle_options {
  uint32_t struct_size;
  int32_t cycle_momentum; /* momentum, or beta1, moves against the rate */
  double max_lr;
  int64_t total_steps;    /* more steps than that are refused */
  double pct_start, base_momentum, max_momentum, div_factor, final_div_factor;
  int32_t linear;         /* instead of cosines */
  int32_t three_phase;
} bp_one_cycle_options;
#define BP_ONE_CYCLE_OPTIONS_INIT(max_lr, total_steps) { sizeof(bp_one_cycle_options), 1, max_lr, total_steps, 0.3, 0.85, 0.95, 25, 1e4, 0, 0 }
bp_scheduler *bp_one_cycle_lr_create(bp_optimizer *opt, const bp_one_cycle_options *options);

typedef struct bp_cyclic_options {
  uint32_t struct_size;
  int32_t cycle_momentum;
  double base_lr, max_lr;
  int64_t step_size_up, step_size_down; /* step_size_down 0: as step_size_up */
  double gamma, base_momentum, max_momentum;
  int32_t mode;                         /* 0 triangular, 1 triangular2, 2 exp_range */
  int32_t reserved;                     /* 0 */
} bp_cyclic_options;
#define BP_CYCLIC_OPTIONS_INIT(base_lr, max_lr) { sizeof(bp_cyclic_options), 1, base_lr, max_lr, 2000, 0, 1, 0.8, 0.9, 0, 0 }
bp_scheduler *bp_cyclic_lr_create(bp_optimizer *opt, const bp_cyclic_options *options);

typedef struct bp_plateau_options {
  uint32_t struct_size;
  int32_t max;          /* 1: the value is to grow, 0: to shrink */
  double factor;
  int64_t patience, cooldown;
  double threshold;
  int32_t abs;          /* threshold: 1 absolute, 0 relative to the best value */
  int32_t reserved;     /* 0 */
  double min_lr, eps;
} bp_plateau_options;
#define BP_PLATEAU_OPTIONS_INIT { sizeof(bp_plateau_options), 0, 0.1, 10, 0, 1e-4, 0, 0, 0, 1e-8 }
/* Takes the value that should improve: bp_scheduler_step_metric(). */
bp_scheduler *bp_reduce_lr_on_plateau_create(bp_optimizer *opt, const bp_plateau_options *options);

/* n schedules of one optimizer: one after another, number i + 1 from step milestones[i] on (n − 1 of them); or all at every step. They
 * remain the caller's and must live as long as this one is stepped. */
bp_scheduler *bp_sequential_lr_create(int32_t n, bp_scheduler *const *schedulers, const int64_t *milestones);
bp_scheduler *bp_chained_scheduler_create(int32_t n, bp_scheduler *const *schedulers);

/* After an epoch, or after a step of the optimizer, as the schedule is meant. On an error nothing has changed, except in the parts of
 * a composed schedule that came before. */
bp_status bp_scheduler_step(bp_scheduler *s);
bp_status bp_scheduler_step_metric(bp_scheduler *s, double value);
/* Steps so far; −1 for a bad handle. */
int64_t bp_scheduler_epoch(const bp_scheduler *s);
/* How far it has come, as a tensor to save, and to give to a schedule made in the same way. The rates are the optimizer's. */
bp_tensor *bp_scheduler_state(const bp_scheduler *s);
bp_status bp_scheduler_set_state(bp_scheduler *s, const bp_tensor *state);
/* NULL is harmless. The optimizer stays as it is. */
void bp_scheduler_destroy(bp_scheduler *s);

/* ---------------------------------------------------------------------------------------------------------------
 * 15. Files: safetensors, readable by every tool that knows the format
 *
 *     bp_save(ctx, "net.safetensors", 2, (const char *[]){"w", "b"}, (bp_tensor *[]){w, b});
 *     bp_archive *file = bp_load(ctx, "net.safetensors");
 *     bp_copy_(w, bp_archive_get(file, "w"));
 *     bp_archive_destroy(file);
 * ------------------------------------------------------------------------------------------------------------- */

/* Writes a new file beside path and renames it, so that path is either the old file or the whole new one; a symbolic link goes on pointing to it. A device
 * or a pipe is written as it is. */
bp_status bp_save(bp_context *ctx, const char *path, int32_t n, const char *const *names, bp_tensor *const *tensors);
/* Reads and checks the whole file; NULL with BP_E_IO or BP_E_FORMAT if that fails. Belongs to the caller. */
bp_archive *bp_load(bp_context *ctx, const char *path);
int32_t bp_archive_count(const bp_archive *file);
/* Name number i in the file's order, borrowed; NULL if out of range. */
const char *bp_archive_name(const bp_archive *file, int32_t i);
/* The tensor of that name, a handle as any other result; BP_E_ARGUMENT if there is none. */
bp_tensor *bp_archive_get(const bp_archive *file, const char *name);
void bp_archive_destroy(bp_archive *file);

/* ---------------------------------------------------------------------------------------------------------------
 * 16. The table of operations
 * ------------------------------------------------------------------------------------------------------------- */

/* Every operation, by PyTorch's name ("add", "log_softmax", …): i from 0 to bp_operation_count() − 1; NULL beyond. Any thread. */
int32_t bp_operation_count(void);
const char *bp_operation_name(int32_t i);

/* ---------------------------------------------------------------------------------------------------------------
 * 17. Modules: PyTorch's nn, with its names, options, initial values and state_dict keys
 *
 * A network is written as in Python, or as Python prints it:
 *
 *     bp_module *net = bp_module_create(ctx, "Sequential(Conv2d(1, 6, 5, padding=2), ReLU(), MaxPool2d(2), Flatten(), Linear(1176, 10))");
 *     bp_optimizer *opt = bp_adam_create(ctx, NULL);
 *     bp_optimizer_add_module(opt, net);
 *     …  bp_tensor *loss = bp_cross_entropy(bp_module_forward(net, x), labels, NULL);  …
 *     bp_module_save(net, "net.safetensors");                  // load_state_dict(load_file("net.safetensors")) in PyTorch
 *     bp_module_destroy(net);
 *
 * Modules in a container are named 0, 1, … or as the text says: "Sequential(fc=Linear(3, 4), act=ReLU())", also "(fc): Linear(3, 4)".
 * bp_module_signature() lists the kinds. A network with a forward of its own is a Module() and a C function:
 *
 *     bp_module *m = bp_module_create(ctx, "Module(fc1=Linear(2, 8), fc2=Linear(8, 1))");
 *     y = bp_module_forward(bp_module_child(m, "fc2"), bp_tanh(bp_module_forward(bp_module_child(m, "fc1"), x)));
 *
 * Ownership. bp_module_create() gives a module to the caller, who destroys it. One added to another belongs to that one from then on; its
 * handle stays good as long as it lives. Tensors of a module are handles as any other result.
 * ------------------------------------------------------------------------------------------------------------- */

/* BP_E_ARGUMENT names module, option, value and the place in the text. At most 64 modules inside one another. */
bp_module *bp_module_create(bp_context *ctx, const char *text);
/* NULL is harmless; a module that belongs to another is BP_E_HANDLE. */
void bp_module_destroy(bp_module *m);
/* One input, one result. Sequential hands the first result of each module to the next. */
bp_tensor *bp_module_forward(const bp_module *m, const bp_tensor *x);
/* Several of both, in the order of PyTorch's forward; NULL where an input is not given, n_out ≥ 1 results are wanted:
 *   LSTM: x, h0, c0 → y, h, c (GRU, RNN without c; LSTMCell: h, c);   MultiheadAttention: query, key, value, key_padding_mask, attn_mask →
 *   result, weights (computed only if wanted);   TransformerEncoder: src, mask, src_key_padding_mask;   TransformerDecoder: tgt, memory,
 *   tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask;   losses: input, target, …;   MaxPool2d → y, indices. */
bp_status bp_module_call(const bp_module *m, int32_t n_in, bp_tensor *const *inputs, int32_t n_out, bp_tensor **outputs);
/* Training (1, as made) or evaluation (0), for the module and all in it: dropout, batch norm. */
bp_status bp_module_train(bp_module *m, int32_t mode);
/* 1 or 0; −1 for a bad handle. */
int32_t bp_module_is_training(const bp_module *m);
/* Floating parameters, their gradients and buffers become float32 or float64. The tensors stay who they are, for an optimizer too. */
bp_status bp_module_to(bp_module *m, bp_dtype dtype);
bp_status bp_module_requires_grad_(bp_module *m, int32_t flag);
bp_status bp_module_zero_grad(bp_module *m);
/* Adds every parameter that requires a gradient. Either all are added or, on an error, none. */
bp_status bp_optimizer_add_module(bp_optimizer *opt, const bp_module *m);

/* Parameters, each once, in PyTorch's order, under dotted names such as "0.weight". −1, NULL on error. Names are valid until a module of the
 * context is made, changed or destroyed. */
int32_t bp_module_parameter_count(const bp_module *m);
bp_tensor *bp_module_parameter(const bp_module *m, int32_t i);
const char *bp_module_parameter_name(const bp_module *m, int32_t i);
/* The state_dict: parameters and buffers, shared ones under each of their names. */
int32_t bp_module_state_count(const bp_module *m);
bp_tensor *bp_module_state(const bp_module *m, int32_t i);
const char *bp_module_state_name(const bp_module *m, int32_t i);
/* A parameter or buffer, a module inside, by dotted path; an error if there is none. The module is borrowed. */
bp_tensor *bp_module_get(const bp_module *m, const char *path);
bp_module *bp_module_child(const bp_module *m, const char *path);
/* Puts a module, a leaf that is trained, or a tensor that is saved but not trained (not saved, if persistent is 0) under a name, or in the
 * place of what has it. A tensor or module may stand in several places: that ties weights. */
bp_status bp_module_add(bp_module *m, const char *name, bp_module *child);
bp_status bp_module_add_parameter(bp_module *m, const char *name, bp_tensor *t);
bp_status bp_module_add_buffer(bp_module *m, const char *name, bp_tensor *t, int32_t persistent);

/* The state_dict in a safetensors file (section 15). Loading converts types and wants equal shapes; strict: also the same names on both
 * sides, otherwise BP_E_ARGUMENT lists what is missing or unexpected. All is loaded, or nothing. */
bp_status bp_module_save(const bp_module *m, const char *path);
bp_status bp_module_load(bp_module *m, const char *path, int32_t strict);
/* Writes what print(m) shows in PyTorch, at most size bytes with the closing zero; bp_module_create() reads it again. Returns the length of
 * the whole text; −1 on error. buffer may be NULL when size is 0. */
int64_t bp_module_describe(const bp_module *m, char *buffer, size_t size);
/* Every kind of module with its options: "Linear(in_features, out_features, bias=True, …)", i from 0; NULL beyond the last. Any thread. */
const char *bp_module_signature(int32_t i);

/* -- Initialisers: t is overwritten, outside the graph (PyTorch: nn.init). fan_in: t's second size times its window, fan_out: the first
 *    size times its window. */
bp_status bp_init_constant_(bp_tensor *t, double value);
/* Uniform in [a, b). */
bp_status bp_init_uniform_(bp_tensor *t, double a, double b);
bp_status bp_init_normal_(bp_tensor *t, double mean, double std);
/* Normal, none outside [a, b]. PyTorch's defaults: 0, 1, −2, 2. */
bp_status bp_init_trunc_normal_(bp_tensor *t, double mean, double std, double a, double b);
/* U(±gain·√(6/(fan_in + fan_out))); N(0, 2·gain²/(fan_in + fan_out)). */
bp_status bp_init_xavier_uniform_(bp_tensor *t, double gain);
bp_status bp_init_xavier_normal_(bp_tensor *t, double gain);
typedef int32_t bp_fan_mode;
#define BP_FAN_IN ((bp_fan_mode)0)
#define BP_FAN_OUT ((bp_fan_mode)1)
/* U(±gain·√(3/fan)); N(0, gain²/fan), with the gain of the nonlinearity (usually "leaky_relu", whose slope is a; usually 0). */
bp_status bp_init_kaiming_uniform_(bp_tensor *t, double a, bp_fan_mode mode, const char *nonlinearity);
bp_status bp_init_kaiming_normal_(bp_tensor *t, double a, bp_fan_mode mode, const char *nonlinearity);
/* As a matrix [first size, the rest]: orthonormal rows or columns, times gain. */
bp_status bp_init_orthogonal_(bp_tensor *t, double gain);
/* Two dimensions: N(0, std²), in each column a part `sparsity` of zeros. */
bp_status bp_init_sparse_(bp_tensor *t, double sparsity, double std);
/* Two dimensions: the identity, as far as it goes. */
bp_status bp_init_eye_(bp_tensor *t);
/* Three to five dimensions: the convolution that hands its input on, in each of groups. */
bp_status bp_init_dirac_(bp_tensor *t, int64_t groups);
/* "linear", "sigmoid", "conv2d" …: 1; "tanh": 5/3; "relu": √2; "leaky_relu": √(2/(1 + param²)), param NAN for 0.01; "selu": 3/4. NaN for
 * an unknown name. Any thread. */
double bp_calculate_gain(const char *nonlinearity, double param);

#ifdef __cplusplus
}
#endif
#endif
