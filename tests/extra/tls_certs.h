/*
 * tls_certs.h: certificates for the tests of TLS, made in the process, with keys on P-256.
 *
 *   struct cert ca = cert_new("CN", NULL, &(struct cert_kind){.is_ca = true});
 *   struct cert server = cert_new("localhost", &ca, &(struct cert_kind){.names = "DNS:localhost"});
 *   ... server.certificate, server.key are PEM ...
 *   cert_free(&server);
 */
#ifndef BIDE_TESTS_TLS_CERTS_H
#define BIDE_TESTS_TLS_CERTS_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

#include "check.h"

struct cert {
    X509 *x509;
    EVP_PKEY *pkey;
    char *certificate, *key;
};

struct cert_kind {
    const char *names; /* as in "DNS:localhost,IP:127.0.0.1" */
    long from_s, to_s; /* valid from now on; 0 to 0: for a day */
    bool is_ca;
};

static inline char *cert__text(BIO *bio)
{
    char *data = NULL;
    long size = BIO_get_mem_data(bio, &data);
    char *text = calloc(1, (size_t)size + 1);
    CHECK(text != NULL && size > 0);
    memcpy(text, data, (size_t)size);
    BIO_free(bio);
    return text;
}

static inline void cert__extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    CHECK(e != NULL && X509_add_ext(x, e, -1));
    X509_EXTENSION_free(e);
}

/* Signed by `issuer`; NULL: by itself. */
static inline struct cert cert_new(const char *name, const struct cert *issuer,
                                   const struct cert_kind *kind)
{
    static long serial = 1000;
    struct cert c = {X509_new(), EVP_EC_gen("P-256"), NULL, NULL};
    X509 *by = issuer != NULL ? issuer->x509 : c.x509;
    long to_s = kind->to_s != 0 ? kind->to_s : 86400;

    CHECK(c.x509 != NULL && c.pkey != NULL);
    CHECK(X509_set_version(c.x509, 2));
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(c.x509), ++serial));
    CHECK(X509_gmtime_adj(X509_getm_notBefore(c.x509), kind->from_s - 3600) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(c.x509), to_s) != NULL);
    CHECK(X509_set_pubkey(c.x509, c.pkey));
    CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(c.x509), "CN", MBSTRING_ASC,
                                     (const unsigned char *)name, -1, -1, 0));
    CHECK(X509_set_issuer_name(c.x509, X509_get_subject_name(by)));
    cert__extend(c.x509, by, NID_basic_constraints, kind->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (kind->names != NULL)
        cert__extend(c.x509, by, NID_subject_alt_name, kind->names);
    CHECK(X509_sign(c.x509, issuer != NULL ? issuer->pkey : c.pkey, EVP_sha256()) > 0);

    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_X509(bio, c.x509));
    c.certificate = cert__text(bio);
    bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_PrivateKey(bio, c.pkey, NULL, NULL, 0, NULL, NULL));
    c.key = cert__text(bio);
    ERR_clear_error();
    return c;
}

static inline void cert_free(struct cert *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->pkey);
    free(c->certificate);
    free(c->key);
    *c = (struct cert){NULL, NULL, NULL, NULL};
}

#endif
