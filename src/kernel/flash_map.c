/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/flash_map.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "image/partition.h"
#include "kernel/xml.h"

enum {
	TABLE_AT = 0x8000, /* where ESP-IDF has the partition table, unless it was moved */
	WIDTH = 760,
	BAR = 22,
	TOP = 24,
	LABEL_WIDTH = 7, /* of a character, about */
	NARROWEST = 2,   /* so that a small area can be seen */
};

void kiln_flash_map_add(struct kiln_flash_map *map, bool partition, uint64_t offset, uint64_t size,
			const char *name)
{
	struct kiln_flash_area *area = &map->areas[map->n];

	if (map->n == KILN_FLASH_MAP_MAX || size == 0)
		return;
	*area = (struct kiln_flash_area){ .offset = offset, .size = size, .partition = partition };
	kiln_text_copy_untrusted(area->name, sizeof(area->name), name, strlen(name));
	map->n++;
}

void kiln_flash_map_partitions(struct kiln_flash_map *map, uint64_t offset, struct kiln_span file)
{
	const struct kiln_partition_options options = KILN_PARTITION_OPTIONS;
	struct kiln_partitions table = { .n = 0 };
	struct kiln_span bytes;
	size_t n;

	if (offset > TABLE_AT || file.n <= TABLE_AT - offset)
		return;
	n = file.n - (size_t)(TABLE_AT - offset);
	bytes = kiln_span(file.p + (TABLE_AT - offset),
			  n < KILN_PARTITION_BYTES ? n : KILN_PARTITION_BYTES);
	if (!kiln_partition_is_binary(bytes) ||
	    kiln_partition_from_binary(bytes, &options, &table, NULL) != KILN_OK)
		return;
	for (size_t i = 0; i < table.n; i++)
		kiln_flash_map_add(map, true, table.items[i].offset, table.items[i].size,
				   table.items[i].name);
}

/* The flash's size, or where the last area ends. */
static uint64_t whole(const struct kiln_flash_map *map)
{
	uint64_t end = map->size;

	for (size_t i = 0; i < map->n; i++) {
		const uint64_t last = map->areas[i].offset + map->areas[i].size;

		if (last > end)
			end = last;
	}
	return end ? end : 1;
}

static void add_area(struct kiln_buf *out, const struct kiln_flash_area *a, uint64_t all)
{
	const uint64_t x = a->offset * WIDTH / all;
	uint64_t width = a->size * WIDTH / all;
	const int y = a->partition ? TOP + BAR + 4 : TOP;

	width = width < NARROWEST ? NARROWEST : width;
	(void)kiln_buf_printf(out,
			      "<g><rect x=\"%" PRIu64 "\" y=\"%d\" width=\"%" PRIu64
			      "\" height=\"%d\" fill=\"%s\" stroke=\"#fff\" stroke-width=\"0.5\"/>"
			      "<title>",
			      x, y, width, BAR, a->partition ? "#7aa6da" : "#e8792f");
	kiln_xml_text(out, a->name);
	(void)kiln_buf_printf(out,
			      ": 0x%06" PRIx64 " to 0x%06" PRIx64 ", %" PRIu64 " bytes</title>",
			      a->offset, a->offset + a->size, a->size);
	if (width >= (strlen(a->name) + 1) * LABEL_WIDTH) {
		(void)kiln_buf_printf(out, "<text x=\"%" PRIu64 "\" y=\"%d\">", x + 4, y + 15);
		kiln_xml_text(out, a->name);
		(void)kiln_buf_puts(out, "</text>");
	}
	(void)kiln_buf_puts(out, "</g>\n");
}

static void add_scale(struct kiln_buf *out, uint64_t all)
{
	for (int i = 0; i <= 4; i++)
		(void)kiln_buf_printf(out,
				      "<text x=\"%d\" y=\"14\" fill=\"#777\" "
				      "text-anchor=\"%s\">0x%06" PRIx64 "</text>\n",
				      i * WIDTH / 4,
				      i == 0   ? "start"
				      : i == 4 ? "end"
					       : "middle",
				      all / 4 * (unsigned)i);
}

void kiln_flash_map_svg(const struct kiln_flash_map *map, struct kiln_buf *out)
{
	const uint64_t all = whole(map);
	bool partitions = false;

	for (size_t i = 0; i < map->n; i++)
		partitions = partitions || map->areas[i].partition;
	(void)kiln_buf_printf(out,
			      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
			      "height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n"
			      "<rect x=\"0\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\">"
			      "<title>%s</title></rect>\n",
			      WIDTH, TOP + (partitions ? 2 : 1) * (BAR + 4), TOP, WIDTH, BAR,
			      map->erased ? "#f3f3f3" : "#cfcfcf",
			      map->erased ? "erased" : "left as it was");
	add_scale(out, all);
	for (size_t i = 0; i < map->n; i++)
		add_area(out, &map->areas[i], all);
	(void)kiln_buf_puts(out, "</svg>\n");
}

void kiln_flash_map_text(const struct kiln_flash_map *map, struct kiln_buf *out)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct kiln_flash_area *a = &map->areas[i];

		(void)kiln_buf_printf(out, "%-9s  0x%06" PRIx64 "  0x%06" PRIx64 "  %s\n",
				      a->partition ? "partition" : "written", a->offset,
				      a->offset + a->size, a->name);
	}
	(void)kiln_buf_printf(out, "the rest   %s", map->erased ? "erased" : "left as it was");
}
