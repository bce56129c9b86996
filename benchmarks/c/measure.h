/* Clock, medians and lines of JSON for the C measurements. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define UNUSED __attribute__((unused))

UNUSED static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

UNUSED static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts the values. */
UNUSED static double median_of(double *values, int n) {
  qsort(values, (size_t)n, sizeof *values, by_size);
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* Nanoseconds per call of work(data), from one window of about `window` ns. */
UNUSED static double window_of(void (*work)(void *), void *data, double window) {
  double start = now_ns(), end;
  long calls = 0, burst = 1;
  do {
    for (long i = 0; i < burst; i++) work(data);
    calls += burst;
    end = now_ns();
    if (end - start < window / 8) burst *= 2;
  } while (end - start < window);
  return (end - start) / (double)calls;
}

#endif
