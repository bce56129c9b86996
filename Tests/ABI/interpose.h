/* Takes the place of the process's malloc family, so that a test can count allocations or make the k-th one fail.
 * glibc only; to be included by one file of a program. */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#include <errno.h>
#include <stddef.h>

#ifdef __cplusplus
#define NOTHROW noexcept
extern "C" {
#else
#define NOTHROW
#endif

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static long allocations;       /* so far */
static long failing_from = -1; /* number of the allocation that fails; −1: none */
static int failing_all;        /* and all later ones */
static long failed_allocations;

static int allocation_fails(void) {
  long n = __sync_fetch_and_add(&allocations, 1);
  if (failing_from < 0 || n < failing_from || (n > failing_from && !failing_all)) return 0;
  __sync_fetch_and_add(&failed_allocations, 1);
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t bytes) NOTHROW { return allocation_fails() ? NULL : __libc_malloc(bytes); }
void *calloc(size_t n, size_t bytes) NOTHROW { return allocation_fails() ? NULL : __libc_calloc(n, bytes); }
void *realloc(void *p, size_t bytes) NOTHROW { return allocation_fails() ? NULL : __libc_realloc(p, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) NOTHROW { return allocation_fails() ? NULL : __libc_memalign(alignment, bytes); }
void *memalign(size_t alignment, size_t bytes) NOTHROW { return allocation_fails() ? NULL : __libc_memalign(alignment, bytes); }
int posix_memalign(void **p, size_t alignment, size_t bytes) NOTHROW {
  if (allocation_fails()) return ENOMEM;
  *p = __libc_memalign(alignment, bytes);
  return *p ? 0 : ENOMEM;
}

#ifdef __cplusplus
}
#endif
#endif
