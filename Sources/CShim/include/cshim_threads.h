/* What the thread pool needs of the operating system: detached threads that take no signals, sleeping on a word,
   a pause in a spin, the processors this process may use, and word of a fork. Static inline like all of the shim. */
#pragma once
#include "cshim.h"
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/futex.h>
#endif

/* Sleeps while *p == v; may return for no reason. Elsewhere than on Linux it only gives up its turn. */
SHIM void shim_wait(uint32_t *_Nonnull p, uint32_t v) {
#if defined(__linux__)
  syscall(SYS_futex, p, FUTEX_WAIT_PRIVATE, v, (void *)0, (void *)0, 0);
#else
  if (shim_load(p) == v) sched_yield();
#endif
}
SHIM void shim_wake(uint32_t *_Nonnull p, int count) {
#if defined(__linux__)
  syscall(SYS_futex, p, FUTEX_WAKE_PRIVATE, count, (void *)0, (void *)0, 0);
#endif
}
SHIM void shim_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
extern int shim_first_create(pthread_t *_Nonnull, const pthread_attr_t *_Nonnull, void *_Nullable (*_Nonnull)(void *_Nullable), void *_Nullable)
  SHIM_FIRST(pthread_create);
extern int shim_first_sigmask(int, const sigset_t *_Nonnull, sigset_t *_Nullable) SHIM_FIRST(pthread_sigmask);
/* Starts a detached thread with every signal blocked, so that the host's handlers run on the host's threads. 0 when started. */
SHIM int shim_thread_start(void *_Nullable (*_Nonnull body)(void *_Nullable), void *_Nullable argument) {
  sigset_t all, before;
  sigfillset(&all);
  if (shim_first_sigmask(SIG_SETMASK, &all, &before)) return -1;
  pthread_attr_t attributes;
  int failed = pthread_attr_init(&attributes);
  if (!failed) {
    pthread_t thread;
    failed = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (!failed) failed = shim_first_create(&thread, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
  }
  shim_first_sigmask(SIG_SETMASK, &before, (void *)0);
  return failed;
}
/* glibc keeps pthread_atfork in a static library that wants the start files' __dso_handle, which the distributed library is
   linked without; what it calls is exported. NULL: the handler stays for the life of the process, and so does the library. */
#if defined(__GLIBC__)
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *);
SHIM int shim_at_fork_in_child(void (*_Nonnull reset)(void)) { return __register_atfork((void *)0, (void *)0, reset, (void *)0); }
#else
SHIM int shim_at_fork_in_child(void (*_Nonnull reset)(void)) { return pthread_atfork((void *)0, (void *)0, reset); }
#endif

/* Processors in this thread's affinity mask; 1 when that cannot be told. */
SHIM int shim_processors(void) {
#if defined(__linux__)
  unsigned long mask[128]; /* 8192 processors */
  long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  int count = 0;
  for (long i = 0; i < bytes / (long)sizeof *mask; i++) count += __builtin_popcountl(mask[i]);
  return count > 0 ? count : 1;
#else
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int)count : 1;
#endif
}

/* -- atomics the pool adds to those of cshim.h -- */
SHIM uint64_t shim_load64(const uint64_t *_Nonnull p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
SHIM void shim_store64(uint64_t *_Nonnull p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
SHIM int shim_swap_if64(uint64_t *_Nonnull p, uint64_t expected, uint64_t v) {
  return __atomic_compare_exchange_n(p, &expected, v, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
SHIM uint32_t shim_swap(uint32_t *_Nonnull p, uint32_t v) { return __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL); }
