/* One side of PACE by OpenPACE, one value a line in hexadecimal.
   usage: openpace card|terminal CARDACCESS CAN */
#include <eac/eac.h>
#include <eac/pace.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what) { fprintf(stderr, "openpace: %s\n", what); exit(2); }

static BUF_MEM *unhex(const char *s) {
    size_t n = strlen(s) / 2;
    BUF_MEM *b = BUF_MEM_new();
    if (!b || !BUF_MEM_grow(b, n)) die("memory");
    for (size_t i = 0; i < n; i++) {
        unsigned v;
        if (sscanf(s + 2 * i, "%2x", &v) != 1) die("hexadecimal");
        b->data[i] = (char)v;
    }
    return b;
}

static BUF_MEM *get(void) {
    static char line[8192];
    if (!fgets(line, sizeof line, stdin)) die("end of input");
    line[strcspn(line, "\n")] = 0;
    return unhex(line);
}

static void put(const BUF_MEM *b) {
    if (!b) die("no value");
    for (size_t i = 0; i < b->length; i++) printf("%02X", (unsigned char)b->data[i]);
    printf("\n");
    fflush(stdout);
}

static void must(int ok, const char *what) { if (ok != 1) die(what); }

int main(int argc, char **argv) {
    if (argc != 4) die("usage");
    int card = !strcmp(argv[1], "card");
    EAC_init();
    BUF_MEM *access = unhex(argv[2]);
    EAC_CTX *ctx = EAC_CTX_new();
    PACE_SEC *can = PACE_SEC_new(argv[3], strlen(argv[3]), PACE_CAN);
    if (!ctx || !can) die("context");
    must(EAC_CTX_init_ef_cardaccess((unsigned char *)access->data, access->length, ctx), "card access");
    BUF_MEM *nonce, *map, *other, *key, *theirs, *token, *shown;
    if (card) put(nonce = PACE_STEP1_enc_nonce(ctx, can));
    else must(PACE_STEP2_dec_nonce(ctx, can, nonce = get()), "nonce");
    map = PACE_STEP3A_generate_mapping_data(ctx);
    if (card) { other = get(); put(map); } else { put(map); other = get(); }
    must(PACE_STEP3A_map_generator(ctx, other), "map");
    key = PACE_STEP3B_generate_ephemeral_key(ctx);
    if (card) { theirs = get(); put(key); } else { put(key); theirs = get(); }
    must(PACE_STEP3B_compute_shared_secret(ctx, theirs), "agree");
    must(PACE_STEP3C_derive_keys(ctx), "keys");
    token = PACE_STEP3D_compute_authentication_token(ctx, theirs);
    if (!card) put(token);
    shown = get();
    if (PACE_STEP3D_verify_authentication_token(ctx, shown) != 1) {
        printf("BAD\n");
        return 0;
    }
    if (card) put(token); else printf("GOOD\n");
    return 0;
}
