/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_LOADER_COMMAND_H
#define KILN_LOADER_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include <kiln/err.h>

#include "base/buf.h"
#include "base/bytes.h"

/*
 * The commands of the ROM's serial loader and of the stub, as bytes. Pure.
 *
 *	request:  00 | op | length (u16) | checksum (u32) | body
 *	reply:    01 | op | length (u16) | value (u32)    | body | status | error [| 0 | 0]
 *	          status of a ROM: 0 or 1, then the error; of a stub: 0 or the error, then 0
 *
 * Body fields are little-endian words. A ROM's status has 4 bytes (2 on the ESP8266), a stub's 2.
 * Only *_DATA requests have a checksum: EF xor all bytes of data.
 * Source: esptool documentation, "Serial Protocol".
 */
typedef enum kiln_op {
	KILN_OP_FLASH_BEGIN = 0x02,
	KILN_OP_FLASH_DATA = 0x03,
	KILN_OP_FLASH_END = 0x04,
	KILN_OP_MEM_BEGIN = 0x05,
	KILN_OP_MEM_END = 0x06,
	KILN_OP_MEM_DATA = 0x07,
	KILN_OP_SYNC = 0x08,
	KILN_OP_WRITE_REG = 0x09,
	KILN_OP_READ_REG = 0x0A,
	KILN_OP_SPI_SET_PARAMS = 0x0B,
	KILN_OP_SPI_ATTACH = 0x0D,
	KILN_OP_READ_FLASH_SLOW = 0x0E,
	KILN_OP_CHANGE_BAUDRATE = 0x0F,
	KILN_OP_FLASH_DEFL_BEGIN = 0x10,
	KILN_OP_FLASH_DEFL_DATA = 0x11,
	KILN_OP_FLASH_DEFL_END = 0x12,
	KILN_OP_SPI_FLASH_MD5 = 0x13,
	KILN_OP_GET_SECURITY_INFO = 0x14,
	KILN_OP_ERASE_FLASH = 0xD0, /* this and what follows: stubs only */
	KILN_OP_ERASE_REGION = 0xD1,
	KILN_OP_READ_FLASH = 0xD2,
	KILN_OP_RUN_USER_CODE = 0xD3,
	KILN_OP_NAND_ATTACH = 0xD5, /* from here on: stubs with the NAND plugin */
	KILN_OP_NAND_READ_SPARE = 0xD6,
	KILN_OP_NAND_WRITE_SPARE = 0xD7,
	KILN_OP_NAND_READ_FLASH = 0xD8,
	KILN_OP_NAND_BEGIN = 0xD9,
	KILN_OP_NAND_DATA = 0xDA,
	KILN_OP_NAND_ERASE_REGION = 0xDC,
	KILN_OP_NAND_READ_PAGE = 0xDD,
	KILN_OP_NAND_END = 0xDE,
} kiln_op;

/* "FLASH_BEGIN", or "command 0x77". The text of an unknown one is in `room`. */
struct kiln_op_room {
	char text[16];
};
const char *kiln_op_name(uint8_t op, struct kiln_op_room *room);

enum {
	KILN_WRITE_REG_MAX = 8, /* records in one request, of our own choice */
	KILN_REPLY_HEADER = 8,
	KILN_SECURITY_INFO_SIZE = 20, /* 12 on the ESP32-S2: no chip id */
	KILN_READ_FLASH_SLOW_MAX = 64,
};

struct kiln_request {
	kiln_op op;
	unsigned n_words;
	uint32_t words[4 * KILN_WRITE_REG_MAX];
	struct kiln_span data; /* behind the words; borrowed */
	bool has_checksum;
};

/* Flash or memory that is about to be written. */
struct kiln_begin {
	uint32_t size;     /* bytes to erase; of memory: to write */
	uint32_t n_blocks; /* as they go over the wire */
	uint32_t block_size;
	uint32_t offset;
	bool has_encrypted_word; /* flash only: stubs, and ROMs after the ESP32's */
	bool encrypt;            /* what comes: by the chip, with the key in its eFuses */
};

struct kiln_reg_write {
	uint32_t address, value, mask, delay_us;
};

struct kiln_request kiln_request_sync(void);
struct kiln_request kiln_request_read_reg(uint32_t address);
struct kiln_request kiln_request_write_reg(const struct kiln_reg_write *writes, unsigned n);
/* `op`: whichever of the opcodes that share this form (memory, flash, compressed flash). */
struct kiln_request kiln_request_begin(kiln_op op, const struct kiln_begin *begin);
struct kiln_request kiln_request_data(kiln_op op, uint32_t seq, struct kiln_span data);
struct kiln_request kiln_request_flash_end(kiln_op op, bool reboot);
struct kiln_request kiln_request_mem_end(uint32_t entry);
struct kiln_request kiln_request_spi_attach(uint32_t pins, bool to_rom);
struct kiln_request kiln_request_spi_set_params(uint32_t flash_size);
struct kiln_request kiln_request_change_baud(uint32_t baud, uint32_t old_baud);
struct kiln_request kiln_request_md5(uint32_t address, uint32_t size);
struct kiln_request kiln_request_read_flash_slow(uint32_t address, uint32_t size);
/* `op`: of NOR or NAND flash. */
struct kiln_request kiln_request_read_flash(kiln_op op, uint32_t address, uint32_t size,
					    uint32_t block_size, uint32_t in_flight);
struct kiln_request kiln_request_erase_region(kiln_op op, uint32_t address, uint32_t size);
/* Of one page of NAND flash: its spare area, or the page itself. */
struct kiln_request kiln_request_nand_page(kiln_op op, uint32_t page);
struct kiln_request kiln_request_nand_mark(uint32_t page, bool bad);
struct kiln_request kiln_request_nand_attach(uint32_t pins);
struct kiln_request kiln_request_nand_begin(uint32_t address, uint32_t size, uint32_t erase_block,
					    uint32_t block_size);
/* Commands without a body: GET_SECURITY_INFO, ERASE_FLASH, RUN_USER_CODE. */
struct kiln_request kiln_request_bare(kiln_op op);

/* Append the request's bytes, not yet framed. Fails with: E_NOMEM, E_TOO_BIG. */
kiln_code kiln_request_encode(const struct kiln_request *request, struct kiln_buf *out);

struct kiln_reply {
	uint8_t op;
	uint32_t value;
	struct kiln_span body; /* without the status; borrowed from the frame */
	uint8_t status, error; /* status 0: done; else `error` tells why, whoever says it */
};

/*
 * Read a frame's payload as a reply whose status has `status_size` bytes. False if it is none:
 * the direction byte, the length field and what has come must agree, so that a reply which lost a
 * byte is not taken for one.
 */
bool kiln_reply_decode(struct kiln_span frame, unsigned status_size, struct kiln_reply *ret_reply);

/* Text of an error byte: "bad checksum (stub error 0xc1)". */
const char *kiln_reply_error_text(uint8_t error);

/* How a ROM says "no such command": an error 5 under whatever opcode it had before. */
enum {
	KILN_ROM_E_MESSAGE = 0x05,
	KILN_STUB_E_LENGTH = 0xC0,
	KILN_STUB_E_CHECKSUM = 0xC1,
	KILN_STUB_E_COMMAND = 0xC3,
	KILN_STUB_E_FLASH = 0xC4,
	KILN_STUB_E_NOT_BEGUN = 0xC6,
	KILN_STUB_E_TOO_MUCH = 0xC9,
	KILN_STUB_E_NAND_PROGRAM = 0xCA, /* the chip's own status says so */
	KILN_STUB_E_NAND_ERASE = 0xCB,
	KILN_STUB_E_NOT_IMPLEMENTED = 0xFF
};

/* MD5 as the ROM (32 hex digits) or a stub (16 bytes) gives it. */
bool kiln_md5_decode(struct kiln_span body, uint8_t ret_md5[16]);

struct kiln_security_info {
	uint32_t flags;
	uint8_t crypt_count;
	uint8_t key_purposes[7];
	bool has_chip_id; /* the ESP32-S2 has none */
	uint32_t chip_id, api_version;
};
bool kiln_security_info_decode(struct kiln_span body, struct kiln_security_info *ret_info);

#endif
