/* SPDX-License-Identifier: Apache-2.0 */
#include "support/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_data(const char *name)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/rom-transcripts/%s", TEST_DATA, name);
	f = fopen(path, "rb");
	if (!f) {
		perror(path);
		exit(2);
	}
	return f;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

size_t transcript_hex(const char *hex, uint8_t *dst, size_t max)
{
	size_t n = 0;

	for (; n < max && digit(hex[0]) >= 0 && digit(hex[1]) >= 0; hex += 2)
		dst[n++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
	return n;
}

/* "  0.001 > READ_REG   len=4 chk=0x0 body[4]=00100040", or "... < raw[4]=4f484149" */
static bool parse(const char *line, struct transcript_frame *ret)
{
	struct transcript_frame f = { 0 };
	const char *hex = strstr(line, "]=");
	char direction, field[16];
	unsigned length;

	if (!hex)
		return false;
	if (sscanf(line, " %*f %c raw[%u]", &direction, &length) == 2)
		f.raw = true;
	else if (sscanf(line, " %*f %c %23s len=%u %15s", &direction, f.name, &length, field) != 4)
		return false;
	f.to_chip = direction == '>';
	f.length = length;
	if (!f.raw)
		f.field = (uint32_t)strtoul(field + 4, NULL, 16);
	f.n_body = transcript_hex(hex + 2, f.body, sizeof(f.body));
	f.cut = f.n_body < f.length;
	*ret = f;
	return true;
}

void transcript_read(struct transcript *ret_t, const char *name)
{
	struct transcript t = { 0 };
	FILE *in = open_data(name);
	char line[1024];

	while (fgets(line, sizeof(line), in)) {
		t.frames = realloc(t.frames, (t.n + 1) * sizeof(*t.frames));
		if (!t.frames)
			exit(2);
		if (parse(line, &t.frames[t.n]))
			t.n++;
	}
	fclose(in);
	if (t.n == 0) {
		fprintf(stderr, "%s has no frames\n", name);
		exit(2);
	}
	*ret_t = t;
}

void transcript_done(struct transcript *t)
{
	free(t->frames);
}

uint8_t *transcript_file(const char *name, size_t *ret_size)
{
	FILE *in = open_data(name);
	uint8_t *data;

	fseek(in, 0, SEEK_END);
	*ret_size = (size_t)ftell(in);
	rewind(in);
	data = malloc(*ret_size + 1);
	if (!data || fread(data, 1, *ret_size, in) != *ret_size)
		exit(2);
	data[*ret_size] = 0;
	fclose(in);
	return data;
}
