/*
 * identity.c: certificates, keys and authorities in PEM, from files and strings.
 *
 * Files are read by OpenSSL, before the first connection.
 */
#include "extra/tls/internal.h"

#include <openssl/pem.h>

#include <stdio.h>
#include <string.h>

/* A BIO of the file, or else of the string. NULL: with an error in *failure, which is *error. */
static BIO *open_pem(const char *file, const char *text, bide_tls_failure *failure, int *error)
{
    size_t size = file != NULL ? 0 : strlen(text);

    if (size > INT_MAX) {
        *error = bide__tls_fails(failure, -EINVAL, "a PEM of more than 2 GiB");
        return NULL;
    }
    BIO *bio = file != NULL ? BIO_new_file(file, "r") : BIO_new_mem_buf(text, (int)size);
    if (bio == NULL)
        *error = bide__tls_error(NULL, -ENOMEM, failure);
    return bio;
}

/* Says of a failure what it is about. `is_bad`: it could be opened, but not read. */
static int about(bide_tls_failure *failure, int error, const char *what, const char *file,
                 bool is_bad)
{
    bide_tls_failure plain;

    if (failure == NULL || error == -ENOMEM)
        return error;
    plain = *failure;
    snprintf(failure->text, sizeof failure->text, "the %s%s%.80s: %s%.60s%s", what,
             file != NULL ? " in " : "", file != NULL ? file : "",
             is_bad ? "none that can be read (" : "", plain.text, is_bad ? ")" : "");
    return error;
}

/* What was wrong with the password that a read has asked for; 0: it has not, or that was good. */
static int password_fails(const struct bide__tls_password *p, bide_tls_failure *failure)
{
    char text[80];

    if (!p->is_asked)
        return 0;
    if (p->options->password == NULL)
        return bide__tls_fails(failure, -EINVAL, "it has a password, and the options have none");
    if (p->error == 0)
        return bide__tls_fails(failure, -EINVAL, "this is not its password");
    snprintf(text, sizeof text, "its password: %.40s", bide__tls_text(p->error));
    return bide__tls_fails(failure, p->error, text);
}

/* Why OpenSSL could not read it, or use it. `is_read`: it could be read. */
static int unreadable(const struct bide__tls_password *p, const char *what, const char *file,
                      bool is_read, bide_tls_failure *failure)
{
    int error = bide__tls_error(NULL, -EINVAL, failure);
    int about_password = is_read || error == -ENOMEM ? 0 : password_fails(p, failure);

    if (about_password < 0)
        return about(failure, about_password, what, file, false);
    return about(failure, error, what, file, !is_read);
}

/* After a read that has found nothing: true if that is the end of the PEM, false for an error. */
static bool is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();
    bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;

    if (at_end)
        ERR_clear_error();
    return at_end;
}

static bool use_chain(SSL_CTX *ssl, BIO *bio, pem_password_cb *password, void *argument)
{
    X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, password, argument);
    bool ok = certificate != NULL && SSL_CTX_use_certificate(ssl, certificate) == 1;

    X509_free(certificate);
    while (ok && (certificate = PEM_read_bio_X509(bio, NULL, password, argument)) != NULL) {
        ok = SSL_CTX_add0_chain_cert(ssl, certificate) == 1;
        if (!ok)
            X509_free(certificate);
    }
    return ok && is_at_end();
}

/* `is_read`: whether there was one, good or not. */
static bool use_key(SSL_CTX *ssl, BIO *bio, pem_password_cb *password, void *argument,
                    bool *is_read)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, password, argument);
    bool ok =
        key != NULL && SSL_CTX_use_PrivateKey(ssl, key) == 1 && SSL_CTX_check_private_key(ssl) == 1;

    *is_read = key != NULL;
    EVP_PKEY_free(key);
    return ok;
}

int bide__tls_identity_use(SSL_CTX *ssl, const bide_tls_identity *identity,
                           bide_tls_failure *failure)
{
    pem_password_cb *password = SSL_CTX_get_default_passwd_cb(ssl);
    struct bide__tls_password *argument = SSL_CTX_get_default_passwd_cb_userdata(ssl);
    const char *file = identity->certificate_file, *text = identity->certificate;
    const char *key_file = identity->key_file, *key = identity->key;
    int error = 0;
    bool is_read;

    if (file == NULL && text == NULL)
        return bide__tls_fails(failure, -EINVAL, "an identity without a certificate");
    if (key_file == NULL && key == NULL) {
        key_file = file;
        key = text;
    }
    BIO *bio = open_pem(file, text, failure, &error);
    if (bio == NULL)
        return about(failure, error, "certificate", file, false);
    if (!use_chain(ssl, bio, password, argument))
        error = unreadable(argument, "certificate", file, false, failure);
    BIO_free(bio);
    if (error < 0)
        return error;
    argument->is_asked = false;
    bio = open_pem(key_file, key, failure, &error);
    if (bio == NULL)
        return about(failure, error, "key", key_file, false);
    if (!use_key(ssl, bio, password, argument, &is_read))
        error = unreadable(argument, "key", key_file, is_read, failure);
    BIO_free(bio);
    return error;
}

/* Adds an authority, and its name once. */
static bool trust_one(X509_STORE *store, STACK_OF(X509_NAME) * names, X509 *certificate)
{
    if (X509_STORE_add_cert(store, certificate) != 1)
        return false;
    if (names == NULL)
        return true;
    X509_NAME *name = X509_NAME_dup(X509_get_subject_name(certificate));
    if (name != NULL && sk_X509_NAME_find(names, name) < 0 && sk_X509_NAME_push(names, name) > 0)
        return true;
    bool there = name != NULL && sk_X509_NAME_find(names, name) >= 0;
    X509_NAME_free(name);
    return there;
}

/* For what has no password; without this OpenSSL would ask at the terminal. */
static int no_password(char *buffer, int size, int writes, void *argument)
{
    (void)buffer, (void)size, (void)writes, (void)argument;
    return -1;
}

int bide__tls_trust(X509_STORE *store, STACK_OF(X509_NAME) * names, const char *file,
                    const char *text, bide_tls_failure *failure)
{
    int error = 0, count = 0;
    X509 *certificate;
    BIO *bio = open_pem(file, text, failure, &error);

    if (bio == NULL)
        return about(failure, error, "authority", file, false);
    while (error == 0 &&
           (certificate = PEM_read_bio_X509_AUX(bio, NULL, no_password, NULL)) != NULL) {
        if (!trust_one(store, names, certificate))
            error = bide__tls_error(NULL, -ENOMEM, failure);
        X509_free(certificate);
        count++;
    }
    BIO_free(bio);
    if (error < 0)
        return error;
    if (!is_at_end())
        return about(failure, bide__tls_error(NULL, -EINVAL, failure), "authority", file, true);
    if (count == 0)
        return about(failure, bide__tls_fails(failure, -EINVAL, "there is no certificate in it"),
                     "authority", file, false);
    return 0;
}
