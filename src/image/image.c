/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what the ROM's loader reads, in its order and with its limits, so that "verify" here means
 * "boots there".
 */
#include <kiln/image.h>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "image/digest.h"

enum {
	CHECKSUM_SEED = 0xEF,
	CHECKSUM_ROW = 16,
	SEGMENT_MAX = 16 << 20, /* the ROM refuses longer ones */
};

bool kiln_image_is(const void *data, size_t n)
{
	const uint8_t *p = data;

	return n >= KILN_IMAGE_HEADER_SIZE && p[0] == KILN_IMAGE_MAGIC && p[1] > 0 &&
	       p[1] <= KILN_IMAGE_MAX_SEGMENTS;
}

static kiln_code bad(struct kiln_err *err, const char *why)
{
	(void)kiln_fail(err, KILN_E_IMAGE, "cannot read the image");
	kiln_why(err, "%s", why);
	return KILN_E_IMAGE;
}

static void read_header(struct kiln_span head, struct kiln_image *ret)
{
	const uint8_t *p = head.p;

	*ret = (struct kiln_image){
		.mode = p[2],
		.size = p[3] >> 4,
		.freq = p[3] & 15,
		.entry = kiln_get_le32(p + 4),
		.chip_id = kiln_get_le16(p + 12),
		.min_rev = p[14],
		.min_rev_full = kiln_get_le16(p + 15),
		.max_rev_full = kiln_get_le16(p + 17),
		.n_segments = p[1],
		.has_digest = p[23] == 1,
	};
}

static kiln_code read_segment(struct kiln_span *rest, size_t total,
			      struct kiln_image_segment *ret_segment, uint8_t *checksum,
			      struct kiln_err *err)
{
	struct kiln_span data;
	uint32_t address, length;

	if (!kiln_span_le32(rest, &address) || !kiln_span_le32(rest, &length))
		return bad(err, "it is cut short within a segment's header");
	if (length > SEGMENT_MAX)
		return bad(err, "a segment is longer than 16 MB");
	ret_segment->offset = total - rest->n;
	if (!kiln_span_take(rest, length, &data))
		return bad(err, "it is cut short within a segment");
	ret_segment->load_address = address;
	ret_segment->length = length;
	for (size_t i = 0; i < data.n; i++)
		*checksum ^= data.p[i];
	return KILN_OK;
}

kiln_code kiln_image_digest(const void *data, size_t n, uint8_t *ret_digest, struct kiln_err *err)
{
	if (EVP_Digest(data, n, ret_digest, NULL, EVP_sha256(), NULL) != 1)
		return kiln_fail(err, KILN_E_NOMEM, "cannot compute a SHA-256 digest");
	return KILN_OK;
}

static kiln_code read_digest(struct kiln_span whole, struct kiln_image *image, struct kiln_err *err)
{
	uint8_t digest[KILN_IMAGE_DIGEST_SIZE];

	image->length = image->data_length;
	if (!image->has_digest)
		return KILN_OK;
	if (whole.n - image->data_length < sizeof(digest))
		return bad(err, "it is cut short before its SHA-256 digest");
	image->length += sizeof(digest);
	KILN_TRY(kiln_image_digest(whole.p, image->data_length, digest, err));
	image->digest_matches = memcmp(digest, whole.p + image->data_length, sizeof(digest)) == 0;
	return KILN_OK;
}

kiln_code kiln_image_parse(const void *data, size_t n, struct kiln_image *ret_image,
			   struct kiln_err *err)
{
	struct kiln_span rest = kiln_span(data, n), head;
	struct kiln_image image;
	uint8_t sum = CHECKSUM_SEED;

	if (!kiln_span_take(&rest, KILN_IMAGE_HEADER_SIZE, &head))
		return bad(err, "it is shorter than an image's header");
	if (head.p[0] != KILN_IMAGE_MAGIC)
		return bad(err, "it does not begin with E9");
	read_header(head, &image);
	if (image.n_segments == 0 || image.n_segments > KILN_IMAGE_MAX_SEGMENTS)
		return bad(err, "its number of segments is not 1 to 16");
	for (unsigned i = 0; i < image.n_segments; i++)
		KILN_TRY(read_segment(&rest, n, &image.segments[i], &sum, err));
	image.data_length = (n - rest.n + CHECKSUM_ROW) / CHECKSUM_ROW * CHECKSUM_ROW;
	if (image.data_length > n)
		return bad(err, "it is cut short before its checksum");
	image.checksum = sum;
	image.checksum_stored = ((const uint8_t *)data)[image.data_length - 1];
	KILN_TRY(read_digest(kiln_span(data, n), &image, err));
	*ret_image = image;
	return KILN_OK;
}

kiln_code kiln_image_verify(const void *data, size_t n, struct kiln_image *ret_image,
			    struct kiln_err *err)
{
	struct kiln_image image;

	KILN_TRY(kiln_image_parse(data, n, &image, err));
	if (image.checksum != image.checksum_stored)
		return bad(err, "its checksum does not match: the file is damaged");
	if (image.has_digest && !image.digest_matches)
		return bad(err, "its SHA-256 digest does not match: the file is damaged");
	*ret_image = image;
	return KILN_OK;
}
