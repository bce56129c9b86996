/* What the C test programs share: TAP lines, tensors written as text, comparisons.
 *
 *     begin("add broadcasts a row over a matrix");
 *     expect(bp_add(tensor(ctx, BP_FLOAT32, "2 3", "1 2 3 4 5 6"), tensor(ctx, BP_FLOAT32, "3", "10 20 30")),
 *            "2 3", "11 22 33 14 25 36");
 *     …
 *     return finish();
 *
 * Every program is built as C99 and as C++17, so there are no compound literals here. A case is one "ok" line however many
 * checks it makes; each failed check adds a line that starts with '#'.
 */
#ifndef CHECK_H
#define CHECK_H

#include <backprop.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define MAYBE_UNUSED __attribute__((unused))
#else
#define MAYBE_UNUSED
#endif

static int cases, failures, failed_here;
static const char *case_name;

static MAYBE_UNUSED void conclude(void) {
  if (!case_name) return;
  cases++;
  failures += failed_here != 0;
  printf("%s %d - %s\n", failed_here ? "not ok" : "ok", cases, case_name);
  fflush(stdout);
  case_name = NULL;
}

/* Starts a case and prints the result of the one before. */
static MAYBE_UNUSED void begin(const char *name) {
  conclude();
  case_name = name;
  failed_here = 0;
}

/* Ends the last case; the exit status of the program. */
static MAYBE_UNUSED int finish(void) {
  conclude();
  printf("1..%d\n", cases);
  return failures != 0;
}

static MAYBE_UNUSED int failed_check(const char *file, int line, const char *what, const char *detail) {
  if (failed_here++ < 8) printf("# %s:%d: %s%s%s\n", file, line, what, *detail ? ": " : "", detail);
  return 0;
}

#define check(condition) ((condition) ? 1 : failed_check(__FILE__, __LINE__, #condition, ""))

/* |a − b| ≤ tolerance·(1 + |b|), or both the same infinity, or both NaN. */
static MAYBE_UNUSED int near(double a, double b, double tolerance) {
  if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
  return a == b || fabs(a - b) <= tolerance * (1 + fabs(b));
}

static MAYBE_UNUSED int check_near_at(const char *file, int line, const char *what, double got, double wanted) {
  char detail[96];
  if (near(got, wanted, 1e-5)) return 1;
  snprintf(detail, sizeof detail, "got %.9g, expected %.9g", got, wanted);
  return failed_check(file, line, what, detail);
}
#define check_near(got, wanted) check_near_at(__FILE__, __LINE__, #got, (got), (wanted))

/* -- tensors as text ------------------------------------------------------------------------------------------ */

enum { MOST_ELEMENTS = 4096 };

/* Numbers of a text, "1 2.5 -inf nan", into values; returns how many. */
static MAYBE_UNUSED int numbers(const char *text, double *values, int most) {
  int count = 0;
  for (;;) {
    char *end;
    double v = strtod(text, &end);
    if (end == text || count == most) return count;
    values[count++] = v;
    text = end;
  }
}

static MAYBE_UNUSED int32_t sizes(const char *text, int64_t shape[BP_MAX_DIMS]) {
  double values[BP_MAX_DIMS];
  int n = numbers(text, values, BP_MAX_DIMS);
  for (int i = 0; i < n; i++) shape[i] = (int64_t)values[i];
  return n;
}

static MAYBE_UNUSED size_t element_size(bp_dtype dtype) {
  static const size_t bytes[] = {4, 8, 8, 4, 1, 1, 2, 2};
  return dtype >= 0 && dtype < 8 ? bytes[dtype] : 0;
}

static MAYBE_UNUSED void put_element(void *memory, int i, bp_dtype dtype, double v) {
  switch (dtype) {
    case BP_FLOAT32: ((float *)memory)[i] = (float)v; break;
    case BP_FLOAT64: ((double *)memory)[i] = v; break;
    case BP_INT64: ((int64_t *)memory)[i] = (int64_t)v; break;
    case BP_INT32: ((int32_t *)memory)[i] = (int32_t)v; break;
    default: ((uint8_t *)memory)[i] = (uint8_t)v; break;
  }
}

static MAYBE_UNUSED double get_element(const void *memory, int i, bp_dtype dtype) {
  switch (dtype) {
    case BP_FLOAT32: return (double)((const float *)memory)[i];
    case BP_FLOAT64: return ((const double *)memory)[i];
    case BP_INT64: return (double)((const int64_t *)memory)[i];
    case BP_INT32: return (double)((const int32_t *)memory)[i];
    default: return (double)((const uint8_t *)memory)[i];
  }
}

/* A tensor (of the caller's, released by release_texts()) with the shape and the row-major values given as text. */
static bp_tensor *texts[65536];
static int text_count;

static MAYBE_UNUSED bp_tensor *keep(bp_tensor *t) {
  if (t && text_count < 65536) texts[text_count++] = t;
  return t;
}
static MAYBE_UNUSED void release_texts(void) {
  while (text_count) bp_release(texts[--text_count]);
}

static MAYBE_UNUSED bp_tensor *tensor(bp_context *ctx, bp_dtype dtype, const char *shape_text, const char *values_text) {
  static double values[MOST_ELEMENTS];
  static double memory[MOST_ELEMENTS];
  int64_t shape[BP_MAX_DIMS];
  int n = numbers(values_text, values, MOST_ELEMENTS);
  for (int i = 0; i < n; i++) put_element(memory, i, dtype, values[i]);
  return keep(bp_tensor_create(ctx, dtype, sizes(shape_text, shape), shape, memory));
}
static MAYBE_UNUSED bp_tensor *floats(bp_context *ctx, const char *shape_text, const char *values_text) {
  return tensor(ctx, BP_FLOAT32, shape_text, values_text);
}
static MAYBE_UNUSED bp_tensor *integers(bp_context *ctx, const char *shape_text, const char *values_text) {
  return tensor(ctx, BP_INT64, shape_text, values_text);
}
/* As floats(), and trainable. */
static MAYBE_UNUSED bp_tensor *trainable(bp_context *ctx, const char *shape_text, const char *values_text) {
  bp_tensor *t = floats(ctx, shape_text, values_text);
  bp_set_requires_grad(t, 1);
  return t;
}

/* Checks shape and values of a tensor. */
static MAYBE_UNUSED int expect_at(const char *file, int line, const char *what, const bp_tensor *t, const char *shape_text,
                                  const char *values_text) {
  static double values[MOST_ELEMENTS];
  static double memory[MOST_ELEMENTS];
  char detail[160];
  int64_t shape[BP_MAX_DIMS];
  int32_t ndim = sizes(shape_text, shape);
  int n = numbers(values_text, values, MOST_ELEMENTS);
  bp_dtype dtype;
  if (!t) return failed_check(file, line, what, "NULL");
  dtype = bp_dtype_of(t);
  if (bp_ndim(t) != ndim) return failed_check(file, line, what, "another number of dimensions");
  for (int32_t d = 0; d < ndim; d++) {
    if (bp_dim(t, d) == shape[d]) continue;
    snprintf(detail, sizeof detail, "dimension %d is %lld, expected %lld", (int)d, (long long)bp_dim(t, d), (long long)shape[d]);
    return failed_check(file, line, what, detail);
  }
  if (bp_numel(t) != n) return failed_check(file, line, what, "another number of elements");
  if (bp_read(t, memory, (size_t)n * element_size(dtype)) != BP_OK) return failed_check(file, line, what, "bp_read");
  for (int i = 0; i < n; i++) {
    double got = get_element(memory, i, dtype);
    if (near(got, values[i], dtype <= BP_FLOAT64 ? 1e-5 : 0)) continue;
    snprintf(detail, sizeof detail, "element %d is %.9g, expected %.9g", i, got, values[i]);
    return failed_check(file, line, what, detail);
  }
  return 1;
}
#define expect(t, shape, values) expect_at(__FILE__, __LINE__, #t, (t), (shape), (values))

/* Checks that a call failed with this status and a sentence that holds this word; forgets the error. */
static MAYBE_UNUSED int failed_with_at(const char *file, int line, const char *what, bp_context *ctx, bp_status status, const char *word) {
  char detail[400];
  bp_status got = bp_context_status(ctx);
  const char *message = bp_context_message(ctx);
  int good = got == status && strstr(message, word) && strlen(message) > strlen(word) && !strchr(message, '\n');
  snprintf(detail, sizeof detail, "status %d, message \"%s\"; expected %d and \"%s\"", (int)got, message, (int)status, word);
  bp_context_clear(ctx);
  return good ? 1 : failed_check(file, line, what, detail);
}
/* call must give NULL / a status, and leave status and word on ctx. */
#define refuses(call, status, word) \
  ((call) == NULL ? failed_with_at(__FILE__, __LINE__, #call, ctx, (status), (word)) : failed_check(__FILE__, __LINE__, #call, "not NULL"))
#define refuses_status(call, status, word) \
  ((call) == (status) ? failed_with_at(__FILE__, __LINE__, #call, ctx, (status), (word)) : failed_check(__FILE__, __LINE__, #call, "another status"))

#define no_error(ctx) \
  (bp_context_status(ctx) == BP_OK ? 1 : (failed_check(__FILE__, __LINE__, "no error", bp_context_message(ctx)), bp_context_clear(ctx), 0))

#endif
