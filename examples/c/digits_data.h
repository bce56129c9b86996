/* Helpers of digits.c that have nothing to do with backprop: reading the CSV file, a checksum, a clock. */
#ifndef DIGITS_DATA_H
#define DIGITS_DATA_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PIXELS = 64, CLASSES = 10, MOST_DIGITS = 1797 };

typedef struct digits {
  int count;
  float *pixels;   /* count × 64, scaled to 0 … 1 */
  int64_t *labels; /* count, 0 … 9 */
} digits;

static void digits_free(digits *d) {
  free(d->pixels);
  free(d->labels);
  d->pixels = NULL;
  d->labels = NULL;
  d->count = 0;
}

/* Reads lines of 64 pixels (0 … 16) and a label. Returns 0, or −1 after saying on stderr what was wrong. */
static int digits_read(digits *d, const char *path) {
  FILE *file = fopen(path, "r");
  int column = 0;
  d->count = 0;
  d->pixels = (float *)malloc(sizeof(float) * PIXELS * MOST_DIGITS);
  d->labels = (int64_t *)malloc(sizeof(int64_t) * MOST_DIGITS);
  if (!file || !d->pixels || !d->labels) {
    fprintf(stderr, "digits: cannot open %s (run from the top of the repository, or give --data PATH)\n", path);
    if (file) fclose(file);
    digits_free(d);
    return -1;
  }
  while (d->count < MOST_DIGITS) {
    int value;
    int limit = column < PIXELS ? 16 : 9;
    int found = fscanf(file, "%d%*[,\r\n]", &value);
    if (found == EOF && column == 0) break;
    if (found != 1 || value < 0 || value > limit) {
      fprintf(stderr, "digits: %s, line %d, column %d: expected a number from 0 to %d\n", path, d->count + 1, column + 1, limit);
      fclose(file);
      digits_free(d);
      return -1;
    }
    if (column < PIXELS) {
      d->pixels[d->count * PIXELS + column++] = (float)value / 16.0f;
    } else {
      d->labels[d->count++] = value;
      column = 0;
    }
  }
  fclose(file);
  return 0;
}

/* FNV-1a, 64 bits: equal bytes, equal number. Start with hash = FNV_START. */
#define FNV_START UINT64_C(14695981039346656037)
static uint64_t fnv1a(uint64_t hash, const void *bytes, size_t count) {
  const unsigned char *p = (const unsigned char *)bytes;
  size_t i;
  for (i = 0; i < count; i++) hash = (hash ^ p[i]) * UINT64_C(1099511628211);
  return hash;
}

/* Seconds since some moment, from a clock that nobody sets. */
static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
