/* SPDX-License-Identifier: Apache-2.0 */
/* Faults on demand: their text, and what they do to bytes on the wire. */
#include "sim/fault.h"

#include <string.h>

#include "base/text.h"
#include "sim/random.h"

enum { TOO_FAST_RATE = 40 };

static const struct {
	const char *name;
	sim_fault_kind kind;
	bool placed;  /* takes @N */
	bool rated;   /* or ~N */
	bool one_way; /* takes a direction */
} kinds[] = {
	{ "lose", SIM_FAULT_LOSE, true, true, true },
	{ "add", SIM_FAULT_ADD, true, true, true },
	{ "flip", SIM_FAULT_FLIP, true, true, true },
	{ "too-fast", SIM_FAULT_TOO_FAST, true, false, true },
	{ "stall", SIM_FAULT_STALL, true, false, false },
	{ "unplug", SIM_FAULT_UNPLUG, true, false, false },
	{ "reset", SIM_FAULT_RESET, true, false, false },
	{ "cut", SIM_FAULT_CUT, true, false, false },
	{ "bad-sector", SIM_FAULT_BAD_SECTOR, true, false, false },
	{ "nand-erase", SIM_FAULT_NAND_ERASE, true, false, false },
	{ "nand-program", SIM_FAULT_NAND_PROGRAM, true, false, false },
	{ "nand-silent", SIM_FAULT_NAND_SILENT, true, false, false },
	{ "nand-ecc", SIM_FAULT_NAND_ECC, true, false, false },
	{ "no-sync", SIM_FAULT_NO_SYNC, false, false, false },
};

static const char *take_direction(const char *text, struct sim_fault *fault)
{
	fault->in[SIM_TO_CHIP] = fault->in[SIM_FROM_CHIP] = true;
	if (strncmp(text, "to-", 3) == 0) {
		fault->in[SIM_FROM_CHIP] = false;
		return text + 3;
	}
	if (strncmp(text, "from-", 5) == 0) {
		fault->in[SIM_TO_CHIP] = false;
		return text + 5;
	}
	return text;
}

static bool take_number(char *text, struct sim_fault *fault)
{
	const bool timed = fault->kind == SIM_FAULT_STALL || fault->kind == SIM_FAULT_UNPLUG;
	char *colon = timed ? strchr(text, ':') : NULL;

	if (colon) {
		*colon = '\0';
		if (!kiln_text_to_u64(colon + 1, &fault->for_ms) || fault->for_ms == 0 ||
		    fault->for_ms > UINT32_MAX)
			return false;
	}
	return kiln_text_to_u64(text, &fault->n) && (fault->n > 0 || !fault->random);
}

static bool parse_one(char *text, struct sim_fault *fault)
{
	const char *name = take_direction(text, fault);
	const size_t length = strcspn(name, "@~");
	const char mark = name[length];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].name) != length || strncmp(kinds[i].name, name, length) != 0)
			continue;
		if (name != text && !kinds[i].one_way)
			return false;
		fault->kind = kinds[i].kind;
		fault->random = mark == '~';
		if (mark == '\0')
			return !kinds[i].placed;
		if (!kinds[i].placed || (mark == '~' && !kinds[i].rated))
			return false;
		return take_number(text + (name - text) + length + 1, fault);
	}
	return false;
}

static kiln_code refuse(struct kiln_err *err, const char *text)
{
	(void)kiln_fail(err, KILN_E_INVALID, "no such fault: '%s'", text);
	kiln_hint(err,
		  "faults are [to-|from-]lose, add, flip with @BYTE or ~ONE_IN; stall@BYTE[:MS], "
		  "unplug@BYTE[:MS], reset@BYTE, cut@BYTES_PROGRAMMED, bad-sector@ADDRESS, "
		  "too-fast@BAUD, nand-erase, nand-program, nand-silent, nand-ecc with @BLOCK, "
		  "no-sync");
	return KILN_E_INVALID;
}

kiln_code sim_faults_parse(struct sim_faults *faults, const char *text, struct kiln_err *err)
{
	char copy[256], one[256], *save = NULL;

	if (!kiln_text_copy(copy, sizeof(copy), text))
		return refuse(err, text);
	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		struct sim_fault fault = { 0 };

		kiln_text_copy(one, sizeof(one), p);
		if (faults->n == SIM_FAULTS_MAX || !parse_one(p, &fault))
			return refuse(err, one);
		faults->items[faults->n++] = fault;
	}
	return KILN_OK;
}

const struct sim_fault *sim_faults_find(const struct sim_faults *faults, sim_fault_kind kind)
{
	for (size_t i = 0; i < faults->n; i++) {
		if (faults->items[i].kind == kind)
			return &faults->items[i];
	}
	return NULL;
}

static bool strikes(struct sim_faults *faults, const struct sim_fault *fault,
		    sim_direction direction, uint64_t at)
{
	if (fault->kind > SIM_FAULT_TOO_FAST || !fault->in[direction])
		return false;
	if (fault->kind == SIM_FAULT_TOO_FAST)
		return faults->baud > fault->n && sim_random(&faults->random) % TOO_FAST_RATE == 0;
	return fault->random ? sim_random(&faults->random) % fault->n == 0 : fault->n == at;
}

size_t sim_faults_byte(struct sim_faults *faults, sim_direction direction, uint8_t byte,
		       uint8_t out[2])
{
	const uint64_t at = faults->seen[direction]++;
	size_t n = 1;

	out[0] = byte;
	for (size_t i = 0; i < faults->n; i++) {
		const struct sim_fault *fault = &faults->items[i];

		if (!strikes(faults, fault, direction, at))
			continue;
		if (fault->kind == SIM_FAULT_FLIP || fault->kind == SIM_FAULT_TOO_FAST)
			out[0] ^= (uint8_t)(1u << sim_random(&faults->random) % 8);
		if (fault->kind == SIM_FAULT_ADD)
			out[1] = (uint8_t)sim_random(&faults->random);
		n = fault->kind == SIM_FAULT_LOSE ? 0 : fault->kind == SIM_FAULT_ADD ? 2 : n;
		if (n == 0)
			break;
	}
	return n;
}
