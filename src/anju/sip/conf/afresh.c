/* Loaded into Kamailio before anything else (configuration.py). What a thread keeps for itself, such as OpenSSL 3's list of errors,
   lies in memory that all of Kamailio's processes share: each of them begins without it, or two of them free the same error and die,
   which strangers bring about with nonsense at the TLS port (kamailio/kamailio#3791). From 5.8 on it does the same by itself
   (tls_threads_mode=2). No header is included, so that no other package is needed to build it. */
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *object);
int pthread_setspecific(unsigned key, const void *value);

static void afresh(void) {
    for (unsigned key = 0; key < 16; key++) pthread_setspecific(key, 0);
}

static void begin(void) { __register_atfork(0, 0, afresh, 0); }

__attribute__((section(".init_array"))) void (*const at_start)(void) = begin;
