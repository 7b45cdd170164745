/* Reads raster on stdin with CUPS' own library and writes of each page one line
 * "width height bits colourspace bytes xdpi ydpi pages copies" and its rows. */
#include <stdio.h>
#include <stdlib.h>

typedef struct _cups_raster_s cups_raster_t;
cups_raster_t *cupsRasterOpen(int fd, int mode);
unsigned cupsRasterReadHeader2(cups_raster_t *r, unsigned *header);
unsigned cupsRasterReadPixels(cups_raster_t *r, unsigned char *p, unsigned len);

int main(void) {
  unsigned h[1796 / sizeof(unsigned)];
  cups_raster_t *r = cupsRasterOpen(0, 0);
  if (!r) return 1;
  while (cupsRasterReadHeader2(r, h)) {
    unsigned bytes = h[98], height = h[94];
    unsigned char *row = malloc(bytes);
    printf("%u %u %u %u %u %u %u %u %u\n", h[93], height, h[97], h[100], bytes, h[69], h[70], h[113], h[85]);
    for (unsigned y = 0; y < height; y++) {
      if (cupsRasterReadPixels(r, row, bytes) != bytes) return 2;
      fwrite(row, 1, bytes, stdout);
    }
    free(row);
  }
  return 0;
}
