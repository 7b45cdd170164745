/* pacepeer: one side of PACE by OpenPACE (libeac), for a test to talk to.
 *
 *   pacepeer card|terminal EFCARDACCESS-HEX CAN
 *
 * Each line on standard input and output is the hex of the data field of one
 * GENERAL AUTHENTICATE, command or response: 7C len (tag len value), BSI
 * TR-03110 part 3, B.1. As the terminal it speaks first. It ends with the line
 * "ok" or "refused" and, when ok, status 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <eac/eac.h>
#include <eac/pace.h>
#include <openssl/buffer.h>

static void die(const char *what) { fprintf(stderr, "pacepeer: %s\n", what); exit(2); }

static size_t unhex(const char *text, unsigned char *out, size_t max) {
	size_t n = 0;
	while (text[0] && text[1] && text[0] != '\n') {
		unsigned v;
		if (n == max || sscanf(text, "%2x", &v) != 1) die("not hex");
		out[n++] = (unsigned char)v;
		text += 2;
	}
	return n;
}

static size_t put_length(unsigned char *to, size_t n) {
	if (n < 128) { to[0] = (unsigned char)n; return 1; }
	if (n < 256) { to[0] = 0x81; to[1] = (unsigned char)n; return 2; }
	to[0] = 0x82; to[1] = (unsigned char)(n >> 8); to[2] = (unsigned char)n;
	return 3;
}

static size_t get_length(const unsigned char **at, const unsigned char *end) {
	size_t n, more;
	if (*at >= end) die("short length");
	n = *(*at)++;
	if (n < 128) return n;
	for (more = n & 0x7f, n = 0; more > 0; more--) {
		if (*at >= end) die("short length");
		n = n << 8 | *(*at)++;
	}
	return n;
}

/* say writes one template; tag 0 is the empty one. */
static void say(unsigned char tag, const BUF_MEM *value) {
	unsigned char inner[4], outer[4];
	size_t i, in = 0, out, n = 0;
	if (tag) { in = put_length(inner, value->length); n = 1 + in + value->length; }
	out = put_length(outer, n);
	printf("7C");
	for (i = 0; i < out; i++) printf("%02X", outer[i]);
	if (tag) {
		printf("%02X", tag);
		for (i = 0; i < in; i++) printf("%02X", inner[i]);
		for (i = 0; i < value->length; i++) printf("%02X", (unsigned char)value->data[i]);
	}
	printf("\n");
	fflush(stdout);
}

/* hear reads one template and returns the value under the tag, if there is one. */
static BUF_MEM *hear(unsigned char tag) {
	static char line[8192];
	static unsigned char raw[4096];
	const unsigned char *at = raw, *end;
	BUF_MEM *b;
	size_t n;
	if (!fgets(line, sizeof line, stdin)) die("the other side is gone");
	if (strncmp(line, "refused", 7) == 0) { printf("refused\n"); exit(1); }
	end = raw + unhex(line, raw, sizeof raw);
	if (at >= end || *at++ != 0x7C) die("no template");
	n = get_length(&at, end);
	if (at + n != end) die("template of another length");
	if (!tag) return NULL;
	if (at >= end || *at++ != tag) die("another tag");
	n = get_length(&at, end);
	if (at + n != end) die("object of another length");
	b = BUF_MEM_new();
	if (!b || !BUF_MEM_grow(b, n)) die("memory");
	memcpy(b->data, at, n);
	return b;
}

static BUF_MEM *need(BUF_MEM *b, const char *what) { if (!b) die(what); return b; }

static void end(int ok) { printf(ok ? "ok\n" : "refused\n"); fflush(stdout); exit(ok ? 0 : 1); }

int main(int argc, char **argv) {
	unsigned char access[1024];
	size_t n;
	EAC_CTX *ctx;
	PACE_SEC *sec;
	BUF_MEM *nonce, *mine, *theirs, *token;
	int card;
	if (argc != 4) die("usage: pacepeer card|terminal EFCARDACCESS-HEX CAN");
	card = strcmp(argv[1], "card") == 0;
	EAC_init();
	ctx = EAC_CTX_new();
	n = unhex(argv[2], access, sizeof access);
	if (!ctx || !EAC_CTX_init_ef_cardaccess(access, n, ctx)) die("EF.CardAccess");
	sec = PACE_SEC_new(argv[3], strlen(argv[3]), PACE_CAN);
	if (!sec) die("CAN");

	if (card) {
		hear(0);
		nonce = need(PACE_STEP1_enc_nonce(ctx, sec), "nonce");
		say(0x80, nonce);
	} else {
		say(0, NULL);
		nonce = hear(0x80);
		if (!PACE_STEP2_dec_nonce(ctx, sec, nonce)) die("decrypt the nonce");
	}
	mine = need(PACE_STEP3A_generate_mapping_data(ctx), "mapping data");
	if (card) { theirs = hear(0x81); say(0x82, mine); } else { say(0x81, mine); theirs = hear(0x82); }
	if (!PACE_STEP3A_map_generator(ctx, theirs)) end(0);
	mine = need(PACE_STEP3B_generate_ephemeral_key(ctx), "ephemeral key");
	if (card) { theirs = hear(0x83); say(0x84, mine); } else { say(0x83, mine); theirs = hear(0x84); }
	if (!PACE_STEP3B_compute_shared_secret(ctx, theirs) || !PACE_STEP3C_derive_keys(ctx)) end(0);
	token = need(PACE_STEP3D_compute_authentication_token(ctx, theirs), "token");
	if (card) {
		if (PACE_STEP3D_verify_authentication_token(ctx, hear(0x85)) != 1) end(0);
		say(0x86, token);
	} else {
		say(0x85, token);
		if (PACE_STEP3D_verify_authentication_token(ctx, hear(0x86)) != 1) end(0);
	}
	end(1);
	return 0;
}
