/* How long a program waits for the library: dlopen, and the first context with its first operation.
 *
 *     load LIBRARY
 *
 * Loading is measured in fresh child processes, because a second dlopen finds everything in place. The median of 15.
 */
#include <backprop.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 15 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Loads the library in this process; milliseconds of both steps go to times. */
static int load(const char *path, double times[2]) {
  bp_context *(*create)(const bp_context_options *);
  bp_tensor *(*scalar)(bp_context *, double);
  bp_tensor *(*square)(const bp_tensor *);
  double start = now();
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  bp_context *ctx;
  if (!library) return -1;
  times[0] = now() - start;
  *(void **)&create = dlsym(library, "bp_context_create");
  *(void **)&scalar = dlsym(library, "bp_scalar");
  *(void **)&square = dlsym(library, "bp_square");
  start = now();
  ctx = create(NULL);
  if (!square(scalar(ctx, 2))) return -1;
  times[1] = now() - start;
  return 0;
}

int main(int argc, char **argv) {
  double all[2][RUNS];
  if (argc < 2) return 2;
  for (int r = 0; r < RUNS; r++) {
    double times[2];
    int ends[2], status = 0;
    pid_t child;
    if (pipe(ends)) return 1;
    child = fork();
    if (child == 0) _exit(load(argv[1], times) || write(ends[1], times, sizeof times) != (ssize_t)sizeof times);
    close(ends[1]);
    if (read(ends[0], times, sizeof times) != (ssize_t)sizeof times) return 1;
    close(ends[0]);
    waitpid(child, &status, 0);
    for (int i = 0; i < 2; i++) all[i][r] = times[i];
  }
  for (int i = 0; i < 2; i++) qsort(all[i], RUNS, sizeof(double), ascending);
  printf("%-58s %10.3f ms\n", "dlopen", all[0][RUNS / 2]);
  printf("%-58s %10.3f ms\n", "first context and operation", all[1][RUNS / 2]);
  return 0;
}
