/* What the files of the C peer share; see libzmq-peer.c. */
#ifndef LIBZMQ_PEER_H
#define LIBZMQ_PEER_H
#include <zmq.h>

/* The arguments. */
extern const char *mechanism, *endpoint, *variant;
extern size_t size;
extern long count, peers;

/* Ends the process with what libzmq says unless `good`. */
void check(int good, const char *what);
/* Seconds on a clock that only goes forward. */
double now(void);
/* Microseconds of CPU that all threads of this process have used. */
double cpu(void);
/* Resident octets of this process. */
double resident(void);
/* Goes on when told so; anything else is the end, at once. */
void await_go(void);

/* A socket with its mechanism set. */
void *open_socket(int type, int as_server);
/* Binds it and prints where, and what memory the process has. */
void bind_socket(void *s);
void *bound_socket(int type);
void *connected_socket(int type);

void *reserve(size_t octets);
/* A message body of `size`. */
void *payload(void);
void send_octets(void *s, const void *p);
void receive(zmq_msg_t *m, void *s);

/* Roles of libzmq-crowds.c. */
void pub(void);
void subs(void);
void router(void);
void dealers(void);
void callers(void);
void holder(void);
void crowd(void);
#endif
