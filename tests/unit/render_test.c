/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/render.h"

static const struct kiln_chip_info chip = {
	.description = "ESP32-D0WDQ6",
	.revision = 103,
	.features = "WiFi, BT",
	.crystal_mhz = 40,
	.mac = { 0x24, 0x0a, 0xc4, 0x00, 0x00, 0x01 },
};

static void bars(void **state)
{
	char bar[80];

	(void)state;
	render_bar(bar, sizeof(bar), 10, 0, 100);
	assert_string_equal(bar, "[>         ]   0 %");
	render_bar(bar, sizeof(bar), 10, 45, 100);
	assert_string_equal(bar, "[====>     ]  45 %");
	render_bar(bar, sizeof(bar), 10, 100, 100);
	assert_string_equal(bar, "[==========] 100 %");
	render_bar(bar, sizeof(bar), 10, 200, 100); /* a wrong figure must not overflow */
	assert_string_equal(bar, "[==========] 100 %");
	render_bar(bar, sizeof(bar), 1000, 1, 2);
	assert_true(strlen(bar) < sizeof(bar));
	render_bar(bar, sizeof(bar), 10, 0, 0);
	assert_string_equal(bar, "[==========] 100 %");
}

static void assert_json(const struct kiln_flash_event *event, const char *expected)
{
	json_t *object = render_json(event);
	char *text = json_dumps(object, JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
	json_decref(object);
}

static void objects(void **state)
{
	(void)state;
	assert_json(&(struct kiln_flash_event){ .stage = KILN_FLASH_CHIP, .chip = &chip },
		    "{\"event\":\"chip\",\"description\":\"ESP32-D0WDQ6\",\"revision\":\"1.3\","
		    "\"features\":\"WiFi, BT\",\"crystal_mhz\":40,"
		    "\"mac\":\"24:0a:c4:00:00:01\"}");
	assert_json(&(struct kiln_flash_event){ .stage = KILN_FLASH_WRITING,
						.address = 4096,
						.done = 1,
						.total = 2,
						.item = "a.bin" },
		    "{\"event\":\"writing\",\"address\":4096,\"done\":1,\"total\":2,"
		    "\"file\":\"a.bin\"}");
	assert_json(
		&(struct kiln_flash_event){
			.stage = KILN_FLASH_WROTE, .address = 4096, .total = 2, .elapsed_ms = 5 },
		"{\"event\":\"wrote\",\"address\":4096,\"total\":2,\"elapsed_ms\":5}");
	assert_json(&(struct kiln_flash_event){ .stage = KILN_FLASH_RESET,
						.total = KILN_AFTER_HARD_RESET },
		    "{\"event\":\"reset\",\"kind\":\"hard\"}");
	assert_json(&(struct kiln_flash_event){ .stage = KILN_FLASH_RESET, .total = 99 },
		    "{\"event\":\"reset\",\"kind\":\"?\"}");
}

/* Each stage has a name, so that no event is lost in a JSON stream. */
static void every_stage_has_an_object(void **state)
{
	(void)state;
	for (int s = KILN_FLASH_CONNECTING; s <= KILN_FLASH_BACK; s++) {
		const struct kiln_flash_event event = { .stage = (kiln_flash_stage)s,
							.chip = &chip };
		json_t *object = render_json(&event);

		assert_non_null(object);
		json_decref(object);
	}
}

static void tables_name_only_facts_that_exist(void **state)
{
	static const struct dialect *const tables[] = { &render_done_texts, &render_going_texts };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (const struct dialect_row *row = tables[i]->rows; row->stage; row++) {
			const struct kiln_flash_event event = { .stage = row->stage,
								.chip = &chip };
			struct dialect_run run = { .dialect = tables[i] };
			struct kiln_buf out = KILN_BUF_INIT(1024);

			assert_int_equal(dialect_feed(&run, &event, &out), KILN_OK);
			assert_true(out.len > 0);
			assert_null(strpbrk(kiln_buf_str(&out), "{}"));
			kiln_buf_done(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars),
		cmocka_unit_test(objects),
		cmocka_unit_test(every_stage_has_an_object),
		cmocka_unit_test(tables_name_only_facts_that_exist),
	};
	return RUN(tests);
}
