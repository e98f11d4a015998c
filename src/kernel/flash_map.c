/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/flash_map.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "image/partition.h"
#include "kernel/xml.h"

enum {
	TABLE_AT = 0x8000, /* where ESP-IDF has the partition table, unless it was moved */
	WIDTH = 600,
	BAR = 22,
	TOP = 24,
	LABEL_WIDTH = 7, /* of a character, about */
	NARROWEST = 2,   /* so that a small area can be seen */
	LEGEND = 18,
};

#define ERASED "#e6e6e6"
#define UNTOUCHED "#c4c4c4"

static const struct {
	const char *word, *colour;
} kinds[] = {
	[KILN_AREA_WRITTEN] = { "written", "#e8792f" },
	[KILN_AREA_SAME] = { "unchanged", "#f6cda9" },
	[KILN_AREA_PARTITION] = { "partition", "#7aa6da" },
};

void kiln_flash_map_add(struct kiln_flash_map *map, kiln_area_kind kind, uint64_t offset,
			uint64_t size, const char *name)
{
	struct kiln_flash_area *area = &map->areas[map->n];

	if (size == 0)
		return;
	if (map->n == KILN_FLASH_MAP_MAX) {
		map->left_out++;
		return;
	}
	*area = (struct kiln_flash_area){ .offset = offset, .size = size, .kind = kind };
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
		kiln_flash_map_add(map, KILN_AREA_PARTITION, table.items[i].offset,
				   table.items[i].size, table.items[i].name);
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

static bool has_kind(const struct kiln_flash_map *map, kiln_area_kind kind)
{
	for (size_t i = 0; i < map->n; i++) {
		if (map->areas[i].kind == kind)
			return true;
	}
	return false;
}

static void add_area(struct kiln_buf *out, const struct kiln_flash_area *a, uint64_t all)
{
	const uint64_t x = a->offset * WIDTH / all;
	uint64_t width = a->size * WIDTH / all;
	const int y = a->kind == KILN_AREA_PARTITION ? TOP + BAR + 4 : TOP;

	width = width < NARROWEST ? NARROWEST : width;
	(void)kiln_buf_printf(out,
			      "<g><rect x=\"%" PRIu64 "\" y=\"%d\" width=\"%" PRIu64
			      "\" height=\"%d\" fill=\"%s\" stroke=\"#fff\" stroke-width=\"0.5\"/>"
			      "<title>",
			      x, y, width, BAR, kinds[a->kind].colour);
	kiln_xml_text(out, a->name);
	(void)kiln_buf_printf(out,
			      ", %s: 0x%06" PRIx64 " to 0x%06" PRIx64 ", %" PRIu64 " bytes</title>",
			      kinds[a->kind].word, a->offset, a->offset + a->size, a->size);
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

/* What the colours mean, for those that are there. */
static void add_legend(struct kiln_buf *out, const struct kiln_flash_map *map, int y)
{
	(void)kiln_buf_printf(out, "<text x=\"0\" y=\"%d\">", y);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (has_kind(map, (kiln_area_kind)i))
			(void)kiln_buf_printf(out,
					      "<tspan fill=\"%s\">&#9632;</tspan> %s&#160;&#160; ",
					      kinds[i].colour, kinds[i].word);
	}
	(void)kiln_buf_printf(out, "<tspan fill=\"%s\">&#9632;</tspan> %s</text>\n",
			      map->erased ? ERASED : UNTOUCHED,
			      map->erased ? "erased" : "left as it was");
}

void kiln_flash_map_svg(const struct kiln_flash_map *map, struct kiln_buf *out)
{
	const int rows = has_kind(map, KILN_AREA_PARTITION) ? 2 : 1;
	const int height = TOP + rows * (BAR + 4);
	const uint64_t all = whole(map);

	kiln_svg_begin(out, WIDTH, height + LEGEND);
	(void)kiln_buf_printf(out,
			      "<rect x=\"0\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\">"
			      "<title>%s</title></rect>\n",
			      TOP, WIDTH, BAR, map->erased ? ERASED : UNTOUCHED,
			      map->erased ? "erased" : "left as it was");
	add_scale(out, all);
	for (size_t i = 0; i < map->n; i++)
		add_area(out, &map->areas[i], all);
	add_legend(out, map, height + LEGEND - 4);
	(void)kiln_buf_puts(out, "</svg>\n");
}

void kiln_flash_map_text(const struct kiln_flash_map *map, struct kiln_buf *out)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct kiln_flash_area *a = &map->areas[i];

		(void)kiln_buf_printf(out, "%-9s  0x%06" PRIx64 "  0x%06" PRIx64 "  %s\n",
				      kinds[a->kind].word, a->offset, a->offset + a->size, a->name);
	}
	if (map->left_out > 0)
		(void)kiln_buf_printf(out, "and %zu more\n", map->left_out);
	(void)kiln_buf_printf(out, "the rest   %s", map->erased ? "erased" : "left as it was");
}
