/*
 * errors.c: what OpenSSL's errors mean, as negative errnos and as text. bide/tls.h explains each
 * errno to the caller.
 *
 * OpenSSL leaves a row of errors in a queue of the thread. The first one is the cause, the others
 * tell who passed it on. A lack of memory may stand anywhere in the row.
 */
#include "extra/tls/internal.h"

#include <stdio.h>
#include <string.h>

/* An alert of the peer has the reason 1000 + its number. */
enum { ALERT = SSL_AD_REASON_OFFSET };

/* The peer says that it does not accept us, or our certificate. */
static bool is_refusal(int reason)
{
    switch (reason - ALERT) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED: return true;
    default: return false;
    }
}

static int errno_of(unsigned long error, int otherwise)
{
    int reason = ERR_GET_REASON(error);

    if (ERR_SYSTEM_ERROR(error))
        return reason > 0 ? -reason : otherwise;
    if (ERR_GET_LIB(error) != ERR_LIB_SSL)
        return otherwise;
    switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return -EKEYREJECTED;
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case ALERT + SSL_AD_BAD_RECORD_MAC: return -EBADMSG;
    default: return is_refusal(reason) ? -EACCES : otherwise;
    }
}

const char *bide__tls_text(int error)
{
    switch (error) {
    case -ENOMEM: return "out of memory";
    case -ECONNABORTED: return "the connection ended without a close_notify";
    case -ECONNRESET: return "the peer has reset the connection";
    case -EPIPE: return "the connection is ended for writing";
    case -EPROTO: return "what the peer sends is not TLS as we speak it";
    case -EINVAL: return "invalid options";
    case -EBADF: return "the stream was closed";
    case -EBUSY: return "another task waits";
    default: return strerrordesc_np(-error) != NULL ? strerrordesc_np(-error) : "an error";
    }
}

int bide__tls_fails(bide_tls_failure *failure, int error, const char *text)
{
    if (failure != NULL) {
        *failure = (bide_tls_failure){.error = error};
        snprintf(failure->text, sizeof failure->text, "%s",
                 text != NULL ? text : bide__tls_text(error));
    }
    return error;
}

/* Text for an error of the queue. */
static const char *text_of(unsigned long error)
{
    const char *text = ERR_SYSTEM_ERROR(error) ? strerrordesc_np(ERR_GET_REASON(error)) : NULL;

    return text != NULL ? text : ERR_reason_error_string(error);
}

static int rejected(const SSL *ssl, bide_tls_failure *failure)
{
    long result = SSL_get_verify_result(ssl);

    if (failure == NULL)
        return -EKEYREJECTED;
    *failure = (bide_tls_failure){.error = -EKEYREJECTED};
    if (result == X509_V_OK) {
        snprintf(failure->text, sizeof failure->text, "the peer has no certificate");
        return -EKEYREJECTED;
    }
    failure->certificate_error = (int)result;
    snprintf(failure->text, sizeof failure->text, "the certificate of the peer: %s",
             X509_verify_cert_error_string(result));
    return -EKEYREJECTED;
}

int bide__tls_error(const SSL *ssl, int otherwise, bide_tls_failure *failure)
{
    unsigned long first = ERR_get_error(), next = first;
    bool lacks_memory = false;

    for (; next != 0; next = ERR_get_error())
        lacks_memory |= ERR_GET_REASON(next) == ERR_R_MALLOC_FAILURE;
    if (lacks_memory)
        return bide__tls_fails(failure, -ENOMEM, NULL);
    if (first == 0)
        return bide__tls_fails(failure, otherwise, NULL);
    int error = errno_of(first, otherwise);
    if (error == -EKEYREJECTED && ssl != NULL)
        return rejected(ssl, failure);
    return bide__tls_fails(failure, error, text_of(first));
}
