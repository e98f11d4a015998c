/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/command.h"

#include "base/text.h"

enum {
	CHECKSUM_SEED = 0xEF,
	DIRECTION_REQUEST = 0,
	DIRECTION_REPLY = 1,
	BEGIN_WORDS = 4,
	STATUS_ROM_FAILED = 1
};

static const struct op_name {
	kiln_op op;
	const char *name;
} op_names[] = {
	{ KILN_OP_FLASH_BEGIN, "FLASH_BEGIN" },
	{ KILN_OP_FLASH_DATA, "FLASH_DATA" },
	{ KILN_OP_FLASH_END, "FLASH_END" },
	{ KILN_OP_MEM_BEGIN, "MEM_BEGIN" },
	{ KILN_OP_MEM_END, "MEM_END" },
	{ KILN_OP_MEM_DATA, "MEM_DATA" },
	{ KILN_OP_SYNC, "SYNC" },
	{ KILN_OP_WRITE_REG, "WRITE_REG" },
	{ KILN_OP_READ_REG, "READ_REG" },
	{ KILN_OP_SPI_SET_PARAMS, "SPI_SET_PARAMS" },
	{ KILN_OP_SPI_ATTACH, "SPI_ATTACH" },
	{ KILN_OP_READ_FLASH_SLOW, "READ_FLASH_SLOW" },
	{ KILN_OP_CHANGE_BAUDRATE, "CHANGE_BAUDRATE" },
	{ KILN_OP_FLASH_DEFL_BEGIN, "FLASH_DEFL_BEGIN" },
	{ KILN_OP_FLASH_DEFL_DATA, "FLASH_DEFL_DATA" },
	{ KILN_OP_FLASH_DEFL_END, "FLASH_DEFL_END" },
	{ KILN_OP_SPI_FLASH_MD5, "SPI_FLASH_MD5" },
	{ KILN_OP_GET_SECURITY_INFO, "GET_SECURITY_INFO" },
	{ KILN_OP_ERASE_FLASH, "ERASE_FLASH" },
	{ KILN_OP_ERASE_REGION, "ERASE_REGION" },
	{ KILN_OP_READ_FLASH, "READ_FLASH" },
	{ KILN_OP_RUN_USER_CODE, "RUN_USER_CODE" },
	{ KILN_OP_NAND_ATTACH, "SPI_NAND_ATTACH" },
	{ KILN_OP_NAND_READ_SPARE, "SPI_NAND_READ_SPARE" },
	{ KILN_OP_NAND_WRITE_SPARE, "SPI_NAND_WRITE_SPARE" },
	{ KILN_OP_NAND_READ_FLASH, "SPI_NAND_READ_FLASH" },
	{ KILN_OP_NAND_BEGIN, "SPI_NAND_WRITE_FLASH_BEGIN" },
	{ KILN_OP_NAND_DATA, "SPI_NAND_WRITE_FLASH_DATA" },
	{ KILN_OP_NAND_ERASE_REGION, "SPI_NAND_ERASE_REGION" },
	{ KILN_OP_NAND_READ_PAGE, "SPI_NAND_READ_PAGE_DEBUG" },
	{ KILN_OP_NAND_END, "SPI_NAND_WRITE_FLASH_END" },
};

const char *kiln_op_name(uint8_t op, struct kiln_op_room *room)
{
	for (size_t i = 0; i < sizeof(op_names) / sizeof(op_names[0]); i++) {
		if (op_names[i].op == op)
			return op_names[i].name;
	}
	kiln_text_format(room->text, sizeof(room->text), "command 0x%02x", op);
	return room->text;
}

struct kiln_request kiln_request_bare(kiln_op op)
{
	return (struct kiln_request){ .op = op };
}

/* 07 07 12 20, then 0x55 in which each bit changes: the ROM measures the baud by it. */
struct kiln_request kiln_request_sync(void)
{
	static const uint8_t body[36] = {
		0x07, 0x07, 0x12, 0x20, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
		0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
		0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
	};

	return (struct kiln_request){ .op = KILN_OP_SYNC, .data = kiln_span(body, sizeof(body)) };
}

struct kiln_request kiln_request_read_reg(uint32_t address)
{
	return (struct kiln_request){ .op = KILN_OP_READ_REG, .n_words = 1, .words = { address } };
}

struct kiln_request kiln_request_write_reg(const struct kiln_reg_write *writes, unsigned n)
{
	struct kiln_request r = { .op = KILN_OP_WRITE_REG };

	for (unsigned i = 0; i < n && i < KILN_WRITE_REG_MAX; i++) {
		r.words[r.n_words++] = writes[i].address;
		r.words[r.n_words++] = writes[i].value;
		r.words[r.n_words++] = writes[i].mask;
		r.words[r.n_words++] = writes[i].delay_us;
	}
	return r;
}

struct kiln_request kiln_request_begin(kiln_op op, const struct kiln_begin *begin)
{
	return (struct kiln_request){
		.op = op,
		.n_words = begin->has_encrypted_word ? BEGIN_WORDS + 1 : BEGIN_WORDS,
		.words = { begin->size, begin->n_blocks, begin->block_size, begin->offset,
			   begin->encrypt },
	};
}

struct kiln_request kiln_request_data(kiln_op op, uint32_t seq, struct kiln_span data)
{
	return (struct kiln_request){
		.op = op,
		.n_words = 4,
		.words = { (uint32_t)data.n, seq, 0, 0 },
		.data = data,
		.has_checksum = true,
	};
}

/* The word is "stay": 0 reboots. */
struct kiln_request kiln_request_flash_end(kiln_op op, bool reboot)
{
	return (struct kiln_request){ .op = op, .n_words = 1, .words = { reboot ? 0 : 1 } };
}

struct kiln_request kiln_request_mem_end(uint32_t entry)
{
	return (struct kiln_request){
		.op = KILN_OP_MEM_END,
		.n_words = 2,
		.words = { entry == 0, entry },
	};
}

struct kiln_request kiln_request_spi_attach(uint32_t pins, bool to_rom)
{
	return (struct kiln_request){
		.op = KILN_OP_SPI_ATTACH,
		.n_words = to_rom ? 2 : 1,
		.words = { pins, 0 },
	};
}

struct kiln_request kiln_request_spi_set_params(uint32_t flash_size)
{
	/* id, size, block, sector, page, status mask: the same for every NOR chip but the size */
	return (struct kiln_request){
		.op = KILN_OP_SPI_SET_PARAMS,
		.n_words = 6,
		.words = { 0, flash_size, 64 * 1024, 4096, 256, 0xFFFF },
	};
}

struct kiln_request kiln_request_change_baud(uint32_t baud, uint32_t old_baud)
{
	return (struct kiln_request){
		.op = KILN_OP_CHANGE_BAUDRATE,
		.n_words = 2,
		.words = { baud, old_baud },
	};
}

struct kiln_request kiln_request_md5(uint32_t address, uint32_t size)
{
	return (struct kiln_request){
		.op = KILN_OP_SPI_FLASH_MD5,
		.n_words = 4,
		.words = { address, size, 0, 0 },
	};
}

struct kiln_request kiln_request_read_flash_slow(uint32_t address, uint32_t size)
{
	return (struct kiln_request){
		.op = KILN_OP_READ_FLASH_SLOW,
		.n_words = 2,
		.words = { address, size },
	};
}

struct kiln_request kiln_request_read_flash(kiln_op op, uint32_t address, uint32_t size,
					    uint32_t block_size, uint32_t in_flight)
{
	return (struct kiln_request){
		.op = op,
		.n_words = 4,
		.words = { address, size, block_size, in_flight },
	};
}

struct kiln_request kiln_request_erase_region(kiln_op op, uint32_t address, uint32_t size)
{
	return (struct kiln_request){
		.op = op,
		.n_words = 2,
		.words = { address, size },
	};
}

struct kiln_request kiln_request_nand_page(kiln_op op, uint32_t page)
{
	return (struct kiln_request){ .op = op, .n_words = 1, .words = { page } };
}

/* The flag is a byte, not a word. */
struct kiln_request kiln_request_nand_mark(uint32_t page, bool bad)
{
	static const uint8_t flags[] = { 0, 1 };

	return (struct kiln_request){
		.op = KILN_OP_NAND_WRITE_SPARE,
		.n_words = 1,
		.words = { page },
		.data = kiln_span(&flags[bad], 1),
	};
}

struct kiln_request kiln_request_nand_attach(uint32_t pins)
{
	return (struct kiln_request){ .op = KILN_OP_NAND_ATTACH, .n_words = 1, .words = { pins } };
}

struct kiln_request kiln_request_nand_begin(uint32_t address, uint32_t size, uint32_t erase_block,
					    uint32_t block_size)
{
	return (struct kiln_request){
		.op = KILN_OP_NAND_BEGIN,
		.n_words = 4,
		.words = { address, size, erase_block, block_size },
	};
}

static uint32_t checksum(struct kiln_span data)
{
	uint8_t sum = CHECKSUM_SEED;

	for (size_t i = 0; i < data.n; i++)
		sum ^= data.p[i];
	return sum;
}

kiln_code kiln_request_encode(const struct kiln_request *request, struct kiln_buf *out)
{
	uint8_t head[8 + sizeof(request->words)];
	const size_t n_body = 4 * request->n_words + request->data.n;

	if (n_body > UINT16_MAX)
		return KILN_E_TOO_BIG;
	head[0] = DIRECTION_REQUEST;
	head[1] = (uint8_t)request->op;
	kiln_put_le16(head + 2, (uint16_t)n_body);
	kiln_put_le32(head + 4, request->has_checksum ? checksum(request->data) : 0);
	for (unsigned i = 0; i < request->n_words; i++)
		kiln_put_le32(head + 8 + 4 * i, request->words[i]);
	KILN_TRY(kiln_buf_append(out, head, 8 + 4 * request->n_words));
	return request->data.n ? kiln_buf_append(out, request->data.p, request->data.n) : KILN_OK;
}

bool kiln_reply_decode(struct kiln_span frame, unsigned status_size, struct kiln_reply *ret_reply)
{
	struct kiln_reply reply;
	uint8_t direction;
	uint16_t length;

	if (!kiln_span_u8(&frame, &direction) || !kiln_span_u8(&frame, &reply.op) ||
	    !kiln_span_le16(&frame, &length) || !kiln_span_le32(&frame, &reply.value))
		return false;
	if (direction != DIRECTION_REPLY || length != frame.n || length < status_size ||
	    status_size < 2)
		return false;
	(void)kiln_span_take(&frame, length - status_size, &reply.body);
	reply.status = frame.p[0];
	/* a ROM says "failed" and why; a stub puts the reason where the ROM has "failed" */
	reply.error = reply.status == STATUS_ROM_FAILED ? frame.p[1] : reply.status;
	*ret_reply = reply;
	return true;
}

static const struct error_text {
	uint8_t error;
	const char *text;
} error_texts[] = {
	{ 0x00, "undefined error (ROM error 0x00)" },
	{ 0x01, "invalid parameter (ROM error 0x01)" },
	{ 0x02, "out of memory (ROM error 0x02)" },
	{ 0x03, "message could not be sent (ROM error 0x03)" },
	{ 0x04, "message could not be received (ROM error 0x04)" },
	{ 0x05, "malformed or unknown command (ROM error 0x05)" },
	{ 0x06, "command failed (ROM error 0x06)" },
	{ 0x07, "bad checksum (ROM error 0x07)" },
	{ 0x08, "flash holds other data than was written (ROM error 0x08)" },
	{ 0x09, "flash could not be read (ROM error 0x09)" },
	{ 0x0A, "too long for one flash read (ROM error 0x0a)" },
	{ 0x0B, "bad compressed data (ROM error 0x0b)" },
	{ 0x0C, "bad checksum of compressed data (ROM error 0x0c)" },
	{ 0x0D, "bad parameter of compressed data (ROM error 0x0d)" },
	{ 0x0E, "bad size of a RAM program (ROM error 0x0e)" },
	{ 0x0F, "bad address of a RAM program (ROM error 0x0f)" },
	{ 0x64, "invalid parameter (ROM error 0x64)" },
	{ 0x65, "invalid format (ROM error 0x65)" },
	{ 0x66, "description too long (ROM error 0x66)" },
	{ 0x67, "bad encoding of a description (ROM error 0x67)" },
	{ 0x69, "not enough storage (ROM error 0x69)" },
	{ 0xC0, "bad length (stub error 0xc0)" },
	{ 0xC1, "bad checksum (stub error 0xc1)" },
	{ 0xC2, "bad block size (stub error 0xc2)" },
	{ 0xC3, "unknown command (stub error 0xc3)" },
	{ 0xC4, "flash operation failed (stub error 0xc4)" },
	{ 0xC5, "flash can't be unlocked (stub error 0xc5)" },
	{ 0xC6, "no write is under way (stub error 0xc6)" },
	{ 0xC7, "bad compressed data (stub error 0xc7)" },
	{ 0xC8, "not enough data (stub error 0xc8)" },
	{ 0xC9, "too much data (stub error 0xc9)" },
	{ 0xCA, "the NAND chip failed to program (stub error 0xca)" },
	{ 0xCB, "the NAND chip failed to erase (stub error 0xcb)" },
	{ 0xFF, "command is not implemented (stub error 0xff)" },
};

const char *kiln_reply_error_text(uint8_t error)
{
	for (size_t i = 0; i < sizeof(error_texts) / sizeof(error_texts[0]); i++) {
		if (error_texts[i].error == error)
			return error_texts[i].text;
	}
	return "unknown error";
}

bool kiln_md5_decode(struct kiln_span body, uint8_t ret_md5[16])
{
	uint8_t md5[16];

	if (body.n == 16) {
		memcpy(ret_md5, body.p, 16);
		return true;
	}
	if (body.n != 32)
		return false;
	for (unsigned i = 0; i < 16; i++) {
		const int high = kiln_hex_digit(body.p[2 * i]),
			  low = kiln_hex_digit(body.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		md5[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret_md5, md5, 16);
	return true;
}

bool kiln_security_info_decode(struct kiln_span body, struct kiln_security_info *ret_info)
{
	struct kiln_security_info info = { 0 };
	struct kiln_span keys;

	if (!kiln_span_le32(&body, &info.flags) || !kiln_span_u8(&body, &info.crypt_count) ||
	    !kiln_span_take(&body, sizeof(info.key_purposes), &keys))
		return false;
	memcpy(info.key_purposes, keys.p, keys.n);
	info.has_chip_id = kiln_span_le32(&body, &info.chip_id) &&
			   kiln_span_le32(&body, &info.api_version);
	*ret_info = info;
	return true;
}
