/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KILN_SIM_DOWNLOAD_H
#define KILN_SIM_DOWNLOAD_H

#include "base/buf.h"
#include "sim/bus.h"
#include "sim/receiver.h"
#include "sim/writer.h"

/*
 * The chip's side of the serial loader protocol: the mask ROM's download mode, and the stubs that
 * a host can load over it. Bytes from the UART in, bytes for the UART out; time comes as an
 * argument. Written from the protocol's documentation and the recorded answers of real chips
 * (tests/data/rom-transcripts), and sharing nothing with the host's side but SLIP's escapes.
 *
 *	request   00 | op | length le16 | checksum le32 | body
 *	reply     01 | op | length le16 | value    le32 | data | status | error [| 2 more in a ROM]
 */
typedef enum sim_program {
	SIM_PROGRAM_ROM = 0,
	SIM_PROGRAM_STUB,        /* the 2026 stub */
	SIM_PROGRAM_LEGACY_STUB, /* the one before it */
	SIM_PROGRAM_SILENT,      /* any other code in RAM: it says nothing */
} sim_program;

typedef enum sim_wish {
	SIM_WISH_NONE = 0,
	SIM_WISH_BAUD,   /* change the UART's speed once all was sent */
	SIM_WISH_REBOOT, /* a software reset once all was sent */
} sim_wish;

enum { SIM_REQUEST_MAX = SIM_FRAME_MAX, SIM_REPLY_DATA = 64 };

struct sim_reply {
	uint8_t op, status, error;
	uint8_t data_len;
	uint32_t value;
	unsigned repeat;
	uint8_t data[SIM_REPLY_DATA + 4]; /* a ROM leaves old bytes standing here */
};

/* READ_FLASH: blocks go out until too many are not acknowledged. */
struct sim_reading {
	bool on;
	uint32_t address, size, block, in_flight;
	uint32_t sent, acked;
	uint32_t sent_blocks, acks; /* what the 2026 stub counts */
	bool nand;                  /* by the plugin, which makes a packet ready first */
	bool ready, failed;
	uint32_t n_packet;
	uint8_t packet[2 * SIM_NAND_PAGE];
	void *md5; /* EVP_MD_CTX */
};

struct sim_loading { /* MEM_BEGIN .. MEM_END */
	bool open;
	uint32_t address, left, seq;
	uint32_t regions[8][2]; /* first and last byte + 1 of what was loaded whole */
	unsigned n_regions;
	uint32_t start;
};

/* Opcodes that the stub's function table leads somewhere, by their place in it. */
struct sim_plugin {
	bool has_table;
	uint32_t there, wild; /* to a function that was loaded; to anything else */
};

/* The NAND plugin's state: attached, and a write under way. */
struct sim_nand_session {
	bool attached, writing;
	uint32_t offset, left, filled;
	uint8_t page[SIM_NAND_PAGE];
};

typedef enum sim_phase {
	SIM_IDLE = 0,
	SIM_THINKING,
	SIM_WORKING,
	SIM_STARTING,
	SIM_FETCHING
} sim_phase;

struct sim_download {
	struct sim_bus *bus;
	sim_program program;
	uint32_t security_flags;
	uint8_t crypt_count;
	size_t longest; /* request that this port takes */
	bool deaf;      /* fault: it never answers */

	/* framing in a ROM, which reads the UART when it has nothing else to do */
	struct kiln_buf frame;
	struct kiln_buf fifo; /* what came while the CPU was busy; full: bytes are lost */
	bool in_frame, escaped, bad;
	struct sim_receiver receiver; /* and in a stub */

	/* the request at hand; a ROM does not clear it, short ones see the bytes of earlier ones */
	uint8_t request[SIM_REQUEST_MAX];
	size_t n_body;
	struct kiln_span body; /* the same where it arrived: a stub does not copy it */
	uint32_t checksum;

	struct sim_reply reply;
	sim_phase phase;
	sim_ns cpu_at;   /* when the phase ends */
	sim_ns cost;     /* of the command at hand */
	sim_ns now;      /* when it began */
	bool work_first; /* the reply comes after the flash work */
	bool quiet;      /* the command at hand has no reply */

	struct sim_writer writer;
	uint32_t seq;       /* of the next data block */
	uint8_t late_error; /* of a block that was acknowledged before it was worked off */
	bool attached;
	uint32_t flash_size; /* as the host said, or the ROM's default */
	struct sim_reading reading;
	struct sim_loading loading;
	struct sim_plugin plugin;
	struct sim_nand_session nand;
	const struct sim_stub *next_stub;
	bool run_ram;

	sim_wish wish;
	uint32_t wished_baud;
	struct kiln_buf out; /* for the UART; the owner takes it */
};

void sim_download_init(struct sim_download *d, struct sim_bus *bus);
void sim_download_done(struct sim_download *d);
/* The CPU enters the ROM's download mode. */
void sim_download_reset(struct sim_download *d);
/* A byte arrives. */
void sim_download_receive(struct sim_download *d, sim_ns now, uint8_t byte);
/* When sim_download_run has something to do; SIM_NEVER: when a byte comes. */
sim_ns sim_download_next(const struct sim_download *d);
void sim_download_run(struct sim_download *d, sim_ns now);
/* The UART has room for more (READ_FLASH waits for it). */
void sim_download_room(struct sim_download *d, sim_ns now);
/* The UART's speed. */
void sim_download_set_baud(struct sim_download *d, unsigned baud);

/* --- between the files of this module --- */

/* What the command handlers (download_*.c) use. Word i of the body. */
uint32_t sim_request_word(const struct sim_download *d, unsigned i);
void sim_reply_fail(struct sim_download *d, uint8_t status, uint8_t error);
void sim_send_frame(struct sim_download *d, const void *payload, size_t n);
static inline bool sim_is_rom(const struct sim_download *d)
{
	return d->program == SIM_PROGRAM_ROM;
}

struct sim_command {
	uint8_t op;
	uint8_t who;         /* bit mask of 1 << sim_program */
	uint8_t min_body;    /* a stub refuses a shorter one; a ROM does not look */
	uint8_t data_len[2]; /* of the reply: ROM, stub */
	void (*run)(struct sim_download *d);
};
const struct sim_command *sim_command_find(const struct sim_download *d, uint8_t op);
/* download_nand.c: what of the plugin is there when a stub starts; one of its commands, or NULL. */
void sim_plugin_look(struct sim_download *d, const struct sim_stub *stub);
const struct sim_command *sim_plugin_command(const struct sim_download *d, uint8_t op);
/* Make the next packet of a reading ready. Returns how long that takes. */
sim_ns sim_nand_fetch(struct sim_download *d);
/* What is read goes out when there is room. */
void sim_reading_start(struct sim_download *d, uint32_t address, uint32_t size, uint32_t block,
		       uint32_t in_flight);
void sim_reading_send(struct sim_download *d);
/* READ_FLASH's acknowledgement. */
void sim_reading_ack(struct sim_download *d, struct kiln_span frame);
void sim_reading_stop(struct sim_download *d);

enum { SIM_SECURE_DOWNLOAD = 1 << 2, SIM_SECURE_BOOT = 1 << 0 }; /* flags of chips */

/* Status bytes of the ROM, and error codes of the stubs. */
enum {
	SIM_ROM_INVALID = 0x05,
	SIM_ROM_FAILED = 0x06,
	SIM_ROM_BAD_CHECKSUM = 0x07,
	SIM_ROM_READ_ERROR = 0x09,
	SIM_ROM_READ_LENGTH = 0x0A,
	SIM_ROM_INFLATE = 0x0B,
	SIM_STUB_BAD_LENGTH = 0xC0,
	SIM_STUB_BAD_CHECKSUM = 0xC1,
	SIM_STUB_BAD_BLOCK = 0xC2,
	SIM_STUB_INVALID = 0xC3,
	SIM_STUB_FLASH = 0xC4,
	SIM_STUB_NOT_BEGUN = 0xC6,
	SIM_STUB_INFLATE = 0xC7,
	SIM_STUB_NOT_ENOUGH = 0xC8,
	SIM_STUB_TOO_MUCH = 0xC9,
	SIM_STUB_NAND_PROGRAM = 0xCA,
	SIM_STUB_NAND_ERASE = 0xCB,
	SIM_STUB_UNSUPPORTED = 0xFF,
};

#endif
