/* What only C can say to Swift: libc without the Glibc module, atomics, CPU features, and the SIMD
   instructions Swift has no spelling for. Everything is static inline: no symbol of this file is exported. */
#pragma once
#include <stdint.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "cshim_math.h"
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <sched.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define SHIM static inline __attribute__((always_inline, unused))

/* Asks for the cache line at p, to be written or read soon. An address that does not exist does no harm. */
SHIM void shim_prefetch_to_write(const void *_Nonnull p) { __builtin_prefetch(p, 1, 3); }
SHIM void shim_prefetch(const void *_Nonnull p) { __builtin_prefetch(p, 0, 3); }

/* -- memory -- */
SHIM void *_Nullable shim_malloc(size_t bytes) { return malloc(bytes); }
SHIM void *_Nullable shim_realloc(void *_Nullable p, size_t bytes) { return realloc(p, bytes); }
/* 64-byte aligned; bytes is rounded up to a multiple of 64. NULL when it cannot be had. */
SHIM void *_Nullable shim_aligned_malloc(size_t bytes) {
  void *p = NULL;
  if (bytes > SIZE_MAX - 64) return NULL;
  return posix_memalign(&p, 64, (bytes + 63) & ~(size_t)63) ? NULL : p;
}
SHIM void shim_free(void *_Nullable p) { free(p); }
/* What was freed may still be the heap's: hands it on to the system. */
SHIM void shim_return_memory(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

/* -- atomics, on words the engine owns -- */
SHIM uint32_t shim_load(const uint32_t *_Nonnull p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
SHIM void shim_store(uint32_t *_Nonnull p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
SHIM uint32_t shim_add(uint32_t *_Nonnull p, uint32_t v) { return __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL); }
SHIM int shim_swap_if(uint32_t *_Nonnull p, uint32_t expected, uint32_t v) {
  return __atomic_compare_exchange_n(p, &expected, v, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

SHIM void shim_yield(void) { sched_yield(); }

/* -- CPU -- */
/* 4: AVX-512 (x86-64-v4), 3: AVX2 and FMA (x86-64-v3), 1: what the compiler's baseline has. Asked of the processor itself:
   the compiler's __builtin_cpu_supports() brings a constructor that runs when the library is loaded. */
SHIM int shim_isa_level(void) {
#if defined(__x86_64__)
  unsigned a, b, c, d, c1, b7, xcr0, high;
  if (!__get_cpuid(1, &a, &b, &c1, &d)) return 1;
  const unsigned v3 = 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29; /* FMA MOVBE OSXSAVE AVX F16C */
  if ((c1 & v3) != v3) return 1;
  __asm__ volatile("xgetbv" : "=a"(xcr0), "=d"(high) : "c"(0));
  if ((xcr0 & 0x06) != 0x06) return 1; /* the system saves ymm */
  if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d)) return 1;
  const unsigned v3b = 1u << 3 | 1u << 5 | 1u << 8; /* BMI1 AVX2 BMI2 */
  if ((b7 & v3b) != v3b) return 1;
  if (!__get_cpuid(0x80000001u, &a, &b, &c, &d) || !(c & 1u << 5)) return 1; /* LZCNT */
  const unsigned v4b = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31; /* AVX-512 F DQ CD BW VL */
  return (b7 & v4b) == v4b && (xcr0 & 0xe6) == 0xe6 ? 4 : 3;
#else
  return 1;
#endif
}
SHIM const char *_Nullable shim_getenv(const char *_Nonnull name) { return getenv(name); }
SHIM double shim_cos(double x) { return cos(x); }
/* x as d.ddde±xx with that many places, and back: the shortest text that gives x again is found by trying. */
SHIM int shim_write_number(char *_Nonnull p, size_t n, int places, double x) { return snprintf(p, n, "%.*e", places, x); }
SHIM double shim_read_number(const char *_Nonnull p) { return strtod(p, NULL); }

/* -- files; interrupted calls are repeated -- */
SHIM int shim_errno(void) { return errno; }
SHIM int shim_open_read(const char *_Nonnull path) { return open(path, O_RDONLY | O_CLOEXEC); }
SHIM int shim_open_write(const char *_Nonnull path) { return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); }
/* What fstat() says; that function needs glibc 2.33, the system call does not, and its structure is the same. */
SHIM int shim_stat(int fd, struct stat *_Nonnull s) {
#if defined(__linux__) && defined(__LP64__)
  return (int)syscall(SYS_fstat, fd, s);
#else
  return fstat(fd, s);
#endif
}
/* Bytes of a regular file, -1 for anything else. */
SHIM long shim_file_size(int fd) {
  struct stat s;
  return shim_stat(fd, &s) == 0 && S_ISREG(s.st_mode) ? (long)s.st_size : -1;
}
/* 1 for a device, a pipe or a socket. */
SHIM int shim_is_special(const char *_Nonnull path) {
#if defined(__linux__)
  int fd = open(path, 010000000 /* O_PATH: looks, without opening it */ | O_CLOEXEC);
#else
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
#endif
  struct stat s;
  int special = fd >= 0 && shim_stat(fd, &s) == 0 && !S_ISREG(s.st_mode) && !S_ISDIR(s.st_mode);
  if (fd >= 0) close(fd);
  return special;
}
/* The path without symbolic links, to be given to shim_free(); NULL if nothing is there. */
SHIM char *_Nullable shim_real_path(const char *_Nonnull path) { return realpath(path, NULL); }
SHIM int shim_process(void) { return (int)getpid(); }
SHIM long shim_read(int fd, void *_Nonnull p, size_t n) {
  ssize_t k;
  do k = read(fd, p, n); while (k < 0 && errno == EINTR);
  return (long)k;
}
SHIM long shim_write(int fd, const void *_Nonnull p, size_t n) {
  ssize_t k;
  do k = write(fd, p, n); while (k < 0 && errno == EINTR);
  return (long)k;
}
SHIM int shim_seek(int fd, long at) { return lseek(fd, (off_t)at, SEEK_SET) < 0 ? -1 : 0; }
SHIM int shim_sync(int fd) { return fsync(fd) == 0 || errno == EINVAL ? 0 : -1; }
SHIM void shim_close(int fd) { close(fd); }
SHIM int shim_rename(const char *_Nonnull from, const char *_Nonnull to) { return rename(from, to); }
SHIM void shim_unlink(const char *_Nonnull path) { unlink(path); }

/* 256 bytes for the last error of this thread that belonged to no context. */
char *_Nonnull shim_thread_message(void);

/* -- kernel tables: each fills a KernelTable -- */
void backprop_kernels_base(void *_Nonnull table);
void backprop_kernels_v3(void *_Nonnull table);
void backprop_kernels_v4(void *_Nonnull table);
