/* Pictures for fashion_cnn.c: idx files of unsigned bytes, packed or not, or the bundled digits enlarged. */
#ifndef IDX_H
#define IDX_H

#include "digits_data.h"

enum { SIDE = 28, AREA = SIDE * SIDE };

/* count pictures of SIDE × SIDE bytes, row by row, and their labels. */
typedef struct pictures {
  int count;
  uint8_t *pixels;
  int64_t *labels;
} pictures;

static void pictures_free(pictures *p) {
  free(p->pixels);
  free(p->labels);
}

/* The bytes behind the header of folder/name, or of folder/name.gz; *count receives the first size. NULL if it cannot be read. */
static uint8_t *idx_read(const char *folder, const char *name, size_t each, int *count) {
  char path[1200], command[1300];
  uint8_t head[16], *bytes = NULL;
  size_t header = each > 1 ? 16 : 8, n;
  int packed;
  FILE *f;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  f = fopen(path, "rb");
  packed = f == NULL;
  if (packed) {
    if (strchr(folder, '\'')) return NULL;
    snprintf(command, sizeof command, "gzip -dc '%s.gz' 2>/dev/null", path);
    f = popen(command, "r");
  }
  if (f && fread(head, 1, header, f) == header && head[2] == 8) {
    *count = (int)((uint32_t)head[4] << 24 | (uint32_t)head[5] << 16 | (uint32_t)head[6] << 8 | head[7]);
    n = *count > 0 && *count <= 1000000 ? (size_t)*count * each : 0;
    bytes = n ? (uint8_t *)malloc(n) : NULL;
    if (bytes && fread(bytes, 1, n, f) != n) {
      free(bytes);
      bytes = NULL;
    }
  }
  if (f) packed ? pclose(f) : fclose(f);
  return bytes;
}

/* Reads one part, "train" or "t10k", of at most `most` pictures. Returns 0, or −1. */
static int pictures_read(pictures *p, const char *folder, const char *part, int most) {
  char name[64];
  int labels = 0;
  uint8_t *bytes;
  memset(p, 0, sizeof *p);
  snprintf(name, sizeof name, "%s-images-idx3-ubyte", part);
  p->pixels = idx_read(folder, name, AREA, &p->count);
  snprintf(name, sizeof name, "%s-labels-idx1-ubyte", part);
  bytes = idx_read(folder, name, 1, &labels);
  p->labels = (int64_t *)malloc(sizeof(int64_t) * (size_t)(labels > 0 ? labels : 1));
  if (!p->pixels || !bytes || !p->labels || labels != p->count) {
    free(bytes);
    pictures_free(p);
    return -1;
  }
  for (int i = 0; i < labels; i++) p->labels[i] = bytes[i];
  free(bytes);
  if (p->count > most) p->count = most;
  return 0;
}

/* The bundled digits, each pixel a square of 3 × 3 with a margin of two: pictures first … first + count − 1. Returns 0, or −1. */
static int pictures_from_digits(pictures *p, const digits *d, int first, int count) {
  p->count = count;
  p->pixels = (uint8_t *)calloc((size_t)count, AREA);
  p->labels = (int64_t *)malloc(sizeof(int64_t) * (size_t)count);
  if (!p->pixels || !p->labels) return -1;
  for (int i = 0; i < count; i++) {
    p->labels[i] = d->labels[first + i];
    for (int k = 0; k < 24 * 24; k++) {
      int row = k / 24, column = k % 24;
      p->pixels[i * AREA + (row + 2) * SIDE + column + 2] = (uint8_t)(255 * d->pixels[(first + i) * PIXELS + row / 3 * 8 + column / 3]);
    }
  }
  return 0;
}

#endif
