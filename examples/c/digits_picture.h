/* The picture digits.c leaves behind: training loss and held-out accuracy over the epochs, as an SVG file. */
#ifndef DIGITS_PICTURE_H
#define DIGITS_PICTURE_H

#include <math.h>
#include <stdio.h>

enum { PICTURE_WIDTH = 720, PICTURE_HEIGHT = 400, PLOT_LEFT = 70, PLOT_RIGHT = 650, PLOT_TOP = 60, PLOT_BOTTOM = 330 };

static double across(int epoch, int epochs) {
  return PLOT_LEFT + (double)(PLOT_RIGHT - PLOT_LEFT) * (epochs > 1 ? (double)epoch / (epochs - 1) : 0.5);
}

/* Height of value between low (bottom of the plot) and high (top). */
static double up(double value, double low, double high) {
  if (value < low) value = low;
  if (value > high) value = high;
  return PLOT_BOTTOM - (PLOT_BOTTOM - PLOT_TOP) * (value - low) / (high - low);
}

static void curve(FILE *f, const char *colour, int epochs, const double *values, double low, double high) {
  int i;
  fprintf(f, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2.5\" stroke-linejoin=\"round\" points=\"", colour);
  for (i = 0; i < epochs; i++) fprintf(f, "%s%.1f,%.1f", i ? " " : "", across(i, epochs), up(values[i], low, high));
  fprintf(f, "\"/>\n");
}

static void label(FILE *f, double x, double y, const char *anchor, const char *colour, const char *text) {
  fprintf(f, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n", x, y, anchor, colour, text);
}

/* Draws both curves. losses and accuracies (0 … 1) hold one value per epoch. Returns 0, or −1 if path cannot be written. */
static int picture_write(const char *path, int epochs, const double *losses, const double *accuracies, const char *title) {
  const char *ink = "#333", *blue = "#2563eb", *orange = "#ea580c";
  double top = 0.1, low = 1;
  char text[64];
  int i;
  FILE *f = fopen(path, "w");
  if (!f) return -1;
  for (i = 0; i < epochs; i++) {
    if (losses[i] > top) top = losses[i];
    if (accuracies[i] < low) low = accuracies[i];
  }
  top = ceil(top * 10) / 10;
  low = fmax(0, floor(fmin(low, 0.95) * 20) / 20);

  fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n",
          PICTURE_WIDTH, PICTURE_HEIGHT);
  fprintf(f, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", PICTURE_WIDTH, PICTURE_HEIGHT);
  fprintf(f, "<text x=\"%d\" y=\"30\" text-anchor=\"middle\" font-size=\"16\" fill=\"%s\">%s</text>\n", PICTURE_WIDTH / 2, ink, title);
  for (i = 0; i <= 4; i++) {
    double y = PLOT_BOTTOM - (PLOT_BOTTOM - PLOT_TOP) * i / 4.0;
    fprintf(f, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", PLOT_LEFT, y, PLOT_RIGHT, y);
    snprintf(text, sizeof text, "%.2f", top * i / 4);
    label(f, PLOT_LEFT - 8, y + 4, "end", blue, text);
    snprintf(text, sizeof text, "%.1f %%", 100 * (low + (1 - low) * i / 4));
    label(f, PLOT_RIGHT + 8, y + 4, "start", orange, text);
  }
  for (i = 0; i < epochs; i += epochs > 10 ? (epochs + 9) / 10 : 1) {
    snprintf(text, sizeof text, "%d", i + 1);
    label(f, across(i, epochs), PLOT_BOTTOM + 20, "middle", ink, text);
  }
  label(f, (PLOT_LEFT + PLOT_RIGHT) / 2.0, PLOT_BOTTOM + 44, "middle", ink, "epoch");
  label(f, PLOT_LEFT, PLOT_TOP - 10, "start", blue, "training loss (cross-entropy)");
  label(f, PLOT_RIGHT, PLOT_TOP - 10, "end", orange, "held-out accuracy");
  curve(f, blue, epochs, losses, 0, top);
  curve(f, orange, epochs, accuracies, low, 1);
  fprintf(f, "</svg>\n");
  return fclose(f) ? -1 : 0;
}

#endif
