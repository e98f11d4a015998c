/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and replies, against every frame that real chips and esptool exchanged. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/command.h"
#include "support/transcript.h"

static const char *const transcripts[] = {
	"esp32-legacy-stub-write-firmware-460800.txt",
	"esp32-rom-erase-region.txt",
	"esp32-rom-flash-id.txt",
	"esp32-rom-read-flash.txt",
	"esp32-rom-write-compressed-115200.txt",
	"esp32-rom-write-uncompressed.txt",
	"esp32-stub-erase-flash.txt",
	"esp32-stub-erase-region.txt",
	"esp32-stub-flash-id.txt",
	"esp32-stub-read-flash.txt",
	"esp32-stub-two-files.txt",
	"esp32-stub-verify.txt",
	"esp32-stub-write-firmware-460800.txt",
	"esp32-stub-write-uncompressed.txt",
	"esp32c3-rom-security-info.txt",
	"esp32c3-rom-write-compressed.txt",
	"esp32c3-stub-flash-id.txt",
	"esp32c3-stub-read-flash.txt",
	"esp32c3-stub-write-compressed.txt",
};

static int op_by_name(const char *name)
{
	struct kiln_op_room room;

	for (int op = 0; op < 256; op++) {
		if (strcmp(kiln_op_name((uint8_t)op, &room), name) == 0)
			return op;
	}
	return -1;
}

/* The request that we would make for what the frame asks. */
static struct kiln_request request_for(const struct transcript_frame *f, int op)
{
	const uint8_t *b = f->body;
	const uint32_t w0 = f->n_body >= 4 ? kiln_get_le32(b) : 0;
	const uint32_t w1 = f->n_body >= 8 ? kiln_get_le32(b + 4) : 0;
	const uint32_t w2 = f->n_body >= 12 ? kiln_get_le32(b + 8) : 0;
	const uint32_t w3 = f->n_body >= 16 ? kiln_get_le32(b + 12) : 0;
	struct kiln_reg_write write = { w0, w1, w2, w3 };
	struct kiln_begin begin = { w0, w1, w2, w3, f->length == 20 };

	switch (op) {
	case KILN_OP_SYNC:
		return kiln_request_sync();
	case KILN_OP_READ_REG:
		return kiln_request_read_reg(w0);
	case KILN_OP_WRITE_REG:
		return kiln_request_write_reg(&write, 1);
	case KILN_OP_MEM_BEGIN:
	case KILN_OP_FLASH_BEGIN:
	case KILN_OP_FLASH_DEFL_BEGIN:
		return kiln_request_begin((kiln_op)op, &begin);
	case KILN_OP_FLASH_END:
	case KILN_OP_FLASH_DEFL_END:
		return kiln_request_flash_end((kiln_op)op, w0 == 0);
	case KILN_OP_MEM_END:
		return kiln_request_mem_end(w1);
	case KILN_OP_SPI_ATTACH:
		return kiln_request_spi_attach(w0, f->length == 8);
	case KILN_OP_SPI_SET_PARAMS:
		return kiln_request_spi_set_params(w1);
	case KILN_OP_CHANGE_BAUDRATE:
		return kiln_request_change_baud(w0, w1);
	case KILN_OP_SPI_FLASH_MD5:
		return kiln_request_md5(w0, w1);
	case KILN_OP_READ_FLASH_SLOW:
		return kiln_request_read_flash_slow(w0, w1);
	case KILN_OP_READ_FLASH:
		return kiln_request_read_flash(KILN_OP_READ_FLASH, w0, w1, w2, w3);
	case KILN_OP_ERASE_REGION:
		return kiln_request_erase_region(KILN_OP_ERASE_REGION, w0, w1);
	default:
		return kiln_request_bare((kiln_op)op);
	}
}

static bool is_data(int op)
{
	return op == KILN_OP_MEM_DATA || op == KILN_OP_FLASH_DATA || op == KILN_OP_FLASH_DEFL_DATA;
}

static void check_request(const struct transcript_frame *f, int op)
{
	const struct kiln_request request = request_for(f, op);
	struct kiln_buf out = KILN_BUF_INIT(64 * 1024);

	assert_int_equal(kiln_request_encode(&request, &out), KILN_OK);
	assert_int_equal(out.data[0], 0);
	assert_int_equal(out.data[1], op);
	assert_int_equal(kiln_get_le16(out.data + 2), f->length);
	assert_int_equal(kiln_get_le32(out.data + 4), f->field);
	assert_int_equal(out.len, 8 + f->length);
	assert_memory_equal(out.data + 8, f->body, f->n_body);
	kiln_buf_done(&out);
}

static void requests_equal_esptools(void **state)
{
	unsigned seen[256] = { 0 }, kinds = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(transcripts) / sizeof(transcripts[0]); i++) {
		struct transcript t;

		transcript_read(&t, transcripts[i]);
		for (size_t k = 0; k < t.n; k++) {
			const struct transcript_frame *f = &t.frames[k];
			const int op = op_by_name(f->name);

			if (!f->to_chip || f->raw)
				continue;
			assert_true(op >= 0);
			if (!is_data(op))
				check_request(f, op);
			kinds += seen[op]++ == 0;
		}
		transcript_done(&t);
	}
	assert_true(kinds >= 20);
}

/* As esptool v5.3.1 packs them: the flag of a mark is one byte, all else are words. */
static void nand_requests_equal_esptools(void **state)
{
	const struct {
		struct kiln_request request;
		const char *bytes;
		size_t n;
	} cases[] = {
		{ kiln_request_nand_attach(0x0928B34C),
		  "\x00\xD5\x04\x00\x00\x00\x00\x00\x4C\xB3\x28\x09", 12 },
		{ kiln_request_nand_page(KILN_OP_NAND_READ_SPARE, 64),
		  "\x00\xD6\x04\x00\x00\x00\x00\x00\x40\x00\x00\x00", 12 },
		{ kiln_request_nand_mark(64, true),
		  "\x00\xD7\x05\x00\x00\x00\x00\x00\x40\x00\x00\x00\x01", 13 },
		{ kiln_request_nand_mark(64, false),
		  "\x00\xD7\x05\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00", 13 },
		{ kiln_request_nand_begin(0x20000, 0x20000, 0x20000, 0x4000),
		  "\x00\xD9\x10\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x02\x00"
		  "\x00\x00\x02\x00\x00\x40\x00\x00",
		  24 },
		{ kiln_request_data(KILN_OP_NAND_DATA, 1, kiln_span((const uint8_t *)"ab", 2)),
		  "\x00\xDA\x12\x00\xEC\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00"
		  "\x00\x00\x00\x00\x00\x00\x00\x00"
		  "ab",
		  26 },
		{ kiln_request_erase_region(KILN_OP_NAND_ERASE_REGION, 0x20000, 0x40000),
		  "\x00\xDC\x08\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04\x00", 16 },
		{ kiln_request_flash_end(KILN_OP_NAND_END, false),
		  "\x00\xDE\x04\x00\x00\x00\x00\x00\x01\x00\x00\x00", 12 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kiln_buf out = KILN_BUF_INIT(64);

		assert_int_equal(kiln_request_encode(&cases[i].request, &out), KILN_OK);
		assert_int_equal(out.len, cases[i].n);
		assert_memory_equal(out.data, cases[i].bytes, cases[i].n);
		kiln_buf_done(&out);
	}
}

static void data_blocks_equal_esptools(void **state)
{
	uint8_t block[0x4000];
	size_t size;
	uint8_t *data = transcript_file("data-9000.bin", &size);
	struct transcript t;
	unsigned checked = 0;

	(void)state;
	memset(block, 0xFF, sizeof(block));
	memcpy(block, data, size);
	transcript_read(&t, "esp32-rom-write-uncompressed.txt");
	for (size_t k = 0; k < t.n; k++) {
		const struct transcript_frame *f = &t.frames[k];
		const uint32_t seq = kiln_get_le32(f->body + 4);
		struct kiln_request request;
		struct kiln_buf out = KILN_BUF_INIT(64 * 1024);

		if (!f->to_chip || strcmp(f->name, "FLASH_DATA") != 0)
			continue;
		request = kiln_request_data(KILN_OP_FLASH_DATA, seq,
					    kiln_span(block + 0x400 * seq, 0x400));
		assert_int_equal(kiln_request_encode(&request, &out), KILN_OK);
		assert_int_equal(kiln_get_le32(out.data + 4), f->field);
		assert_memory_equal(out.data + 8, f->body, f->n_body);
		kiln_buf_done(&out);
		checked++;
	}
	assert_int_equal(checked, 9);
	transcript_done(&t);
	free(data);
}

static size_t build_reply(const struct transcript_frame *f, uint8_t *dst)
{
	dst[0] = 1;
	dst[1] = (uint8_t)op_by_name(f->name);
	kiln_put_le16(dst + 2, (uint16_t)f->length);
	kiln_put_le32(dst + 4, f->field);
	memcpy(dst + 8, f->body, f->n_body);
	return 8 + f->n_body;
}

static void replies_of_transcripts_decode(void **state)
{
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(transcripts) / sizeof(transcripts[0]); i++) {
		struct transcript t;

		transcript_read(&t, transcripts[i]);
		for (size_t k = 0; k < t.n; k++) {
			const struct transcript_frame *f = &t.frames[k];
			/* a stub's replies end in 2 bytes of status, so their lengths are even
			 * but no multiple of 4 */
			const unsigned status = f->length % 4 == 0 ? 4 : 2;
			struct kiln_reply reply;
			uint8_t frame[128];

			if (f->to_chip || f->raw || f->cut)
				continue;
			assert_true(kiln_reply_decode(kiln_span(frame, build_reply(f, frame)),
						      status, &reply));
			assert_int_equal(reply.value, f->field);
			assert_int_equal(reply.body.n, f->length - status);
			n++;
		}
		transcript_done(&t);
	}
	assert_true(n > 1000);
}

static void refusals_name_their_reason(void **state)
{
	size_t size;
	char *text = (char *)transcript_file("esp32-stub-refusals.txt", &size), *rest = text;
	unsigned refused = 0;

	(void)state;
	for (char *line; (line = strsep(&rest, "\n"));) {
		uint8_t frame[64];
		struct kiln_reply reply;

		if (strncmp(line, "  < 01", 6) != 0)
			continue;
		assert_true(kiln_reply_decode(
			kiln_span(frame, transcript_hex(line + 4, frame, sizeof(frame))), 2,
			&reply));
		if (reply.error == 0)
			continue;
		assert_non_null(strstr(kiln_reply_error_text(reply.error), "stub error"));
		refused++;
	}
	assert_true(refused >= 10);
	free(text);
}

static void damaged_replies_are_none(void **state)
{
	const uint8_t good[] = { 1, 0x0A, 4, 0, 0x83, 0x1D, 0xF0, 0, 0, 0, 0, 0 };
	struct kiln_reply reply;
	uint8_t bad[sizeof(good)];

	(void)state;
	assert_true(kiln_reply_decode(kiln_span(good, sizeof(good)), 4, &reply));
	assert_int_equal(reply.value, 0x00F01D83);
	for (size_t n = 0; n < sizeof(good); n++) /* cut */
		assert_false(kiln_reply_decode(kiln_span(good, n), 4, &reply));
	memcpy(bad, good, sizeof(bad));
	bad[0] = 0;
	assert_false(kiln_reply_decode(kiln_span(bad, sizeof(bad)), 4, &reply));
	bad[0] = 1;
	bad[2] = 3;
	assert_false(kiln_reply_decode(kiln_span(bad, sizeof(bad)), 4, &reply));
}

static void md5_of_rom_and_stub(void **state)
{
	const char hex[] = "6ae59e64850377ee5470c854761551ea";
	uint8_t raw[16], md5[16];

	(void)state;
	transcript_hex(hex, raw, sizeof(raw));
	assert_true(kiln_md5_decode(kiln_span(hex, 32), md5));
	assert_memory_equal(md5, raw, 16);
	memset(md5, 0, sizeof(md5));
	assert_true(kiln_md5_decode(kiln_span(raw, 16), md5));
	assert_memory_equal(md5, raw, 16);
	assert_false(kiln_md5_decode(kiln_span(hex, 31), md5));
	assert_false(kiln_md5_decode(kiln_span("zz"
					       "e59e64850377ee5470c854761551ea",
					       32),
				     md5));
}

static void security_info_with_and_without_id(void **state)
{
	uint8_t body[20];
	struct kiln_security_info info;

	(void)state;
	transcript_hex("00000000000000000000000c0500000003000000", body, sizeof(body));
	assert_true(kiln_security_info_decode(kiln_span(body, 20), &info));
	assert_true(info.has_chip_id);
	assert_int_equal(info.chip_id, 5);
	assert_int_equal(info.api_version, 3);
	assert_true(kiln_security_info_decode(kiln_span(body, 12), &info));
	assert_false(info.has_chip_id);
	assert_false(kiln_security_info_decode(kiln_span(body, 11), &info));
}

static void write_reg_takes_several_records(void **state)
{
	const struct kiln_reg_write writes[] = { { 1, 2, 3, 4 }, { 5, 6, 7, 8 } };
	const struct kiln_request request = kiln_request_write_reg(writes, 2);
	struct kiln_buf out = KILN_BUF_INIT(1024);

	(void)state;
	assert_int_equal(kiln_request_encode(&request, &out), KILN_OK);
	assert_int_equal(kiln_get_le16(out.data + 2), 32);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(kiln_get_le32(out.data + 8 + 4 * i), i + 1);
	kiln_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_equal_esptools),
		cmocka_unit_test(nand_requests_equal_esptools),
		cmocka_unit_test(data_blocks_equal_esptools),
		cmocka_unit_test(replies_of_transcripts_decode),
		cmocka_unit_test(refusals_name_their_reason),
		cmocka_unit_test(damaged_replies_are_none),
		cmocka_unit_test(md5_of_rom_and_stub),
		cmocka_unit_test(security_info_with_and_without_id),
		cmocka_unit_test(write_reg_takes_several_records),
	};

	return RUN(tests);
}
