/* Loading files that are missing, cut short, corrupted or something else: a status, never a crash or a wrong tensor. */
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64], other[64];

static size_t slurp(const char *name, unsigned char *bytes, size_t most) {
  FILE *f = fopen(name, "rb");
  size_t n = f ? fread(bytes, 1, most, f) : 0;
  if (f) fclose(f);
  return n;
}

static void spill(const char *name, const void *bytes, size_t n) {
  FILE *f = fopen(name, "wb");
  if (!f || fwrite(bytes, 1, n, f) != n) failed_check(__FILE__, __LINE__, "writing a file", name);
  if (f) fclose(f);
}

/* Loads and looks at everything there is; 1 if the file was accepted. */
static int look(bp_context *ctx, const char *name) {
  bp_archive *file = bp_load(ctx, name);
  int accepted = file != NULL;
  if (!accepted) {
    bp_status s = bp_context_status(ctx);
    check((s == BP_E_FORMAT || s == BP_E_IO) && strstr(bp_context_message(ctx), "load"));
    bp_context_clear(ctx);
    return 0;
  }
  bp_scope_push(ctx);
  for (int32_t i = 0; i < bp_archive_count(file); i++) {
    static unsigned char bytes[65536];
    const char *entry = bp_archive_name(file, i);
    bp_tensor *t = bp_archive_get(file, entry);
    size_t size = t ? (size_t)bp_numel(t) * element_size(bp_dtype_of(t)) : 0;
    check(entry && (t || !strlen(entry)));
    if (t) check(size <= sizeof bytes && bp_read(t, bytes, size) == BP_OK);
  }
  bp_scope_pop(ctx);
  bp_archive_destroy(file);
  bp_context_clear(ctx);
  return accepted;
}

static void missing(bp_context *ctx) {
  bp_tensor *t = floats(ctx, "1", "1");
  static const char *const names[2] = {"a", "a"};
  bp_tensor *pair[2];
  pair[0] = pair[1] = t;
  begin("files that are missing, directories, empty or no safetensors");
  refuses(bp_load(ctx, "no/such/file.safetensors"), BP_E_IO, "no/such/file");
  refuses(bp_load(ctx, NULL), BP_E_ARGUMENT, "load");
  check(!look(ctx, "."));
  spill(other, "", 0);
  refuses(bp_load(ctx, other), BP_E_FORMAT, "load");
  spill(other, "PK\003\004 this is a zip file, as other libraries write", 48);
  refuses(bp_load(ctx, other), BP_E_FORMAT, "load");
  spill(other, "\377\377\377\377\377\377\377\177{}", 10);
  refuses(bp_load(ctx, other), BP_E_FORMAT, "load");
  spill(other, "\002\0\0\0\0\0\0\0{}", 10);
  check(look(ctx, other)); /* no tensors, but valid */

  begin("saving into a directory that is missing, under the same name twice, without names");
  refuses_status(bp_save(ctx, "no/such/file.safetensors", 1, names, pair), BP_E_IO, "save");
  refuses_status(bp_save(ctx, other, 2, names, pair), BP_E_ARGUMENT, "save");
  refuses_status(bp_save(ctx, NULL, 1, names, pair), BP_E_ARGUMENT, "save");
  refuses_status(bp_save(ctx, other, 1, NULL, pair), BP_E_ARGUMENT, "save");
  refuses_status(bp_save(ctx, other, -1, names, pair), BP_E_ARGUMENT, "save");
  check(look(ctx, other)); /* a failed save leaves the old file */
  check(bp_save(ctx, other, 0, NULL, NULL) == BP_OK && look(ctx, other));
  release_texts();
}

/* What is no file of its own is not replaced by one. */
static void places(bp_context *ctx) {
  bp_tensor *t = floats(ctx, "3", "1 2 3");
  const char *name = "a";
  char link[80], bytes[512];
  begin("saving to a symbolic link and to a pipe");
  snprintf(link, sizeof link, "%s.link", path);
  spill(path, "", 0);
  unlink(link);
  check(symlink(path, link) == 0);
  check(bp_save(ctx, link, 1, &name, &t) == BP_OK);
  check(readlink(link, bytes, sizeof bytes) > 0 && look(ctx, path) && look(ctx, link));
  unlink(link);
  check(mkfifo(link, 0600) == 0);
  int reader = open(link, O_RDONLY | O_NONBLOCK);
  check(reader >= 0 && bp_save(ctx, link, 1, &name, &t) == BP_OK);
  ssize_t n = read(reader, bytes, sizeof bytes);
  struct stat s;
  check(n > 12 && fstat(reader, &s) == 0 && S_ISFIFO(s.st_mode) && !memcmp(bytes + n - 12, bp_data(t), 12));
  close(reader);
  unlink(link);
  bp_release(t);
}

static void headers(bp_context *ctx) {
  static const struct { const char *header; int bytes, valid; } cases_[] = {
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, 1},
      {"{ \"w\" : { \"shape\" : [ 2 ] , \"data_offsets\" : [ 0 , 8 ] , \"dtype\" : \"F32\" } }   ", 8, 1},
      {"{\"__metadata__\":{\"format\":\"pt\"},\"w\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}", 8, 1},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,7]}}", 8, 0},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, 0},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 8, 0},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, 0},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, 0},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,2],\"data_offsets\":[0,8]}}", 8, 0},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}", 8, 0},
      {"{\"w\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, 0},
      {"{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, 0},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, 0},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", 8, 0},
      {"{\"w\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 0, 0},
      {"{\"w", 0, 0},
      {"[]", 0, 0},
      {"null", 0, 0},
      {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} x", 8, 0},
  };
  begin("headers as other tools write them are read; wrong ones refused");
  for (size_t i = 0; i < sizeof cases_ / sizeof *cases_; i++) {
    unsigned char bytes[512] = {0};
    size_t n = strlen(cases_[i].header);
    bytes[0] = (unsigned char)n;
    memcpy(bytes + 8, cases_[i].header, n);
    spill(other, bytes, 8 + n + (size_t)cases_[i].bytes);
    if (look(ctx, other) != cases_[i].valid) failed_check(__FILE__, __LINE__, cases_[i].valid ? "refused" : "accepted", cases_[i].header);
  }

  begin("a header of a hundred thousand open brackets is refused without deep recursion");
  {
    size_t n = 100000;
    unsigned char *bytes = (unsigned char *)malloc(8 + n);
    memset(bytes, '[', 8 + n);
    bytes[0] = n & 255; bytes[1] = n >> 8 & 255; bytes[2] = n >> 16 & 255;
    memset(bytes + 3, 0, 5);
    memcpy(bytes + 8, "{\"w\":", 5);
    spill(other, bytes, 8 + n);
    free(bytes);
    check(!look(ctx, other));
  }
}

static void fuzz(bp_context *ctx) {
  static const char *const names[3] = {"layer.weight", "\303\251t\303\251 \"quoted\"", "step"};
  static unsigned char good[4096], bad[4096];
  bp_tensor *all[3];
  size_t n;
  int accepted = 0;
  uint64_t seed = 1234567;
  all[0] = floats(ctx, "2 3", "1 2 3 4 5 6");
  all[1] = tensor(ctx, BP_FLOAT64, "2", ".5 -1");
  all[2] = integers(ctx, "", "7");
  begin("every truncation of a small file is refused");
  check(bp_save(ctx, path, 3, names, all) == BP_OK);
  n = slurp(path, good, sizeof good);
  check(n > 100 && n < sizeof good && look(ctx, path));
  for (size_t length = 0; length < n; length++) {
    spill(other, good, length);
    check(!look(ctx, other));
  }
  begin("single-byte corruptions and insertions never crash (seed 1234567)");
  for (size_t i = 0; i < 6 * n; i++) {
    size_t at = i % n;
    memcpy(bad, good, n);
    seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17;
    bad[at] = i < n ? (unsigned char)~bad[at] : (unsigned char)seed;
    spill(other, bad, n);
    accepted += look(ctx, other);
    if (i % 3) continue;
    memmove(bad + at + 1, bad + at, n - at);
    bad[at] = (unsigned char)(seed >> 8);
    spill(other, bad, n + 1);
    accepted += look(ctx, other);
  }
  check(accepted > 0); /* changed values and names make other valid files */

  begin("the good file still loads, and nothing is left");
  check(look(ctx, path));
  release_texts();
  check(bp_memory_stat(ctx, BP_MEMORY_TENSORS) == 0);
}

int main(void) {
  bp_context *ctx = bp_context_create(NULL);
  snprintf(path, sizeof path, "test_files.%d.safetensors", (int)getpid());
  snprintf(other, sizeof other, "test_files.%d.other", (int)getpid());
  missing(ctx);
  places(ctx);
  headers(ctx);
  fuzz(ctx);
  remove(path);
  remove(other);
  bp_context_destroy(ctx);
  return finish();
}
