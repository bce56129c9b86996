/* Loading the library into a running program: quick, without signal handlers, alternate stacks, threads or a changed locale. */
#include "check.h"
#include <dlfcn.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int threads(void) {
  struct stat s;
  return stat("/proc/self/task", &s) ? -1 : (int)s.st_nlink - 2;
}

int main(int argc, char **argv) {
  struct sigaction before[65], after;
  stack_t stack_before, stack_after;
  void *library;
  double start, ms;
  int changed = 0;
  bp_context *(*create)(const bp_context_options *);
  void (*destroy)(bp_context *);
  bp_tensor *(*scalar)(bp_context *, double);
  bp_tensor *(*add)(const bp_tensor *, const bp_tensor *);
  double (*item)(const bp_tensor *);
  bp_context *ctx;
  char locale_before[256];

  memset(before, 0, sizeof before);
  for (int s = 1; s < 65; s++) sigaction(s, NULL, &before[s]);
  sigaltstack(NULL, &stack_before);
  snprintf(locale_before, sizeof locale_before, "%s", setlocale(LC_ALL, NULL));

  begin("dlopen works and takes less than 5 ms");
  check(dlopen(argc > 1 ? argv[1] : "libbackprop.so.0", RTLD_NOW | RTLD_NOLOAD) == NULL); /* or nothing below would mean anything */
  start = now();
  library = dlopen(argc > 1 ? argv[1] : "libbackprop.so.0", RTLD_NOW | RTLD_LOCAL);
  ms = now() - start;
  if (!check(library != NULL)) {
    printf("# %s\n", dlerror());
    return finish();
  }
  printf("# dlopen %.3f ms\n", ms);
  check(ms < 5);

  begin("the program computes through dlsym");
  *(void **)&create = dlsym(library, "bp_context_create");
  *(void **)&destroy = dlsym(library, "bp_context_destroy");
  *(void **)&scalar = dlsym(library, "bp_scalar");
  *(void **)&add = dlsym(library, "bp_add");
  *(void **)&item = dlsym(library, "bp_item");
  ctx = create(NULL);
  check(item(add(scalar(ctx, 2), scalar(ctx, 3))) == 5);
  destroy(ctx);

  begin("no signal handler, alternate stack, thread or locale was changed");
  for (int s = 1; s < 65; s++) {
    memset(&after, 0, sizeof after);
    sigaction(s, NULL, &after);
    if (after.sa_handler != before[s].sa_handler || after.sa_flags != before[s].sa_flags) changed++;
  }
  sigaltstack(NULL, &stack_after);
  check(changed == 0 && stack_before.ss_sp == stack_after.ss_sp && stack_before.ss_flags == stack_after.ss_flags);
  check(threads() == 1);
  check(!strcmp(locale_before, setlocale(LC_ALL, NULL)));

  begin("after dlclose the library may be opened again");
  dlclose(library);
  library = dlopen(argc > 1 ? argv[1] : "libbackprop.so.0", RTLD_NOW | RTLD_LOCAL);
  *(void **)&create = dlsym(library, "bp_context_create");
  ctx = create(NULL);
  check(ctx != NULL);
  destroy(ctx);
  return finish();
}
