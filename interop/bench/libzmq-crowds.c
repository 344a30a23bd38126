/* Roles of the C peer with many sockets; what each does is said in roles/crowds.ts and roles/connections.ts. */
#include "libzmq-peer.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As in those files. */
#define TOPICS 1000
#define TOPIC_SHARE 10
#define WINDOW 10
#define AT_ONCE 4

/* ---- crowds: one socket at one end, many at the other ---- */

static void topic(char *text, int index) { snprintf(text, 5, "t%03d", index % TOPICS); }

static int announced;

static void *await_joined(void *unused) {
  await_go();
  __atomic_store_n(&announced, 1, __ATOMIC_RELEASE);
  return unused;
}

void pub(void) {
  int one = 1;
  long many = strtol(variant, NULL, 10);
  pthread_t thread;
  void *s = open_socket(ZMQ_PUB, 1);
  check(zmq_setsockopt(s, ZMQ_XPUB_NODROP, &one, sizeof one) == 0, "ZMQ_XPUB_NODROP");
  bind_socket(s);
  pthread_create(&thread, NULL, await_joined, NULL);
  while (!__atomic_load_n(&announced, __ATOMIC_ACQUIRE)) {
    check(zmq_send(s, "!", 1, 0) >= 0, "zmq_send");
    usleep(20000);
  }
  char *p = payload();
  memset(p, 'f', size);
  for (long i = 0; i < count; i++) send_octets(s, p);
  await_go();
  memset(p, ' ', size);
  for (long i = 0; i < many; i++) {
    char text[5];
    topic(text, i % TOPICS);
    memcpy(p, text, 4);
    send_octets(s, p);
  }
}

/* Opens `peers` sockets, connected. */
static zmq_pollitem_t *connect_all(int type, void (*prepare)(void *s, long i)) {
  zmq_pollitem_t *items = reserve(peers * sizeof *items);
  for (long i = 0; i < peers; i++) {
    void *s = open_socket(type, 0);
    if (prepare != NULL) prepare(s, i);
    check(zmq_connect(s, endpoint) == 0, "zmq_connect");
    items[i] = (zmq_pollitem_t){s, 0, ZMQ_POLLIN, 0};
  }
  return items;
}

static void subscribe(void *s, long i) {
  check(zmq_setsockopt(s, ZMQ_SUBSCRIBE, "!", 1) == 0, "ZMQ_SUBSCRIBE");
  check(zmq_setsockopt(s, ZMQ_SUBSCRIBE, "f", 1) == 0, "ZMQ_SUBSCRIBE");
  for (int index = i % TOPIC_SHARE; index < TOPICS; index += TOPIC_SHARE) {
    char text[5];
    topic(text, index);
    check(zmq_setsockopt(s, ZMQ_SUBSCRIBE, text, 4) == 0, "ZMQ_SUBSCRIBE");
  }
}

void subs(void) {
  long expected[2] = {count * peers, strtol(variant, NULL, 10) * peers / TOPIC_SHARE};
  zmq_pollitem_t *items = connect_all(ZMQ_SUB, subscribe);
  char *here = calloc(peers, 1);
  check(here != NULL, "calloc");
  long joined = 0, got = 0;
  int part = 0;
  double started = 0;
  zmq_msg_t m;
  zmq_msg_init(&m);
  while (part < 2) {
    check(zmq_poll(items, peers, -1) >= 0, "zmq_poll");
    for (long i = 0; i < peers && part < 2; i++) {
      if (!(items[i].revents & ZMQ_POLLIN)) continue;
      while (part < 2 && zmq_msg_recv(&m, items[i].socket, ZMQ_DONTWAIT) >= 0) {
        if (*(char *)zmq_msg_data(&m) == '!') {
          if (here[i]++ == 0 && ++joined == peers) printf("{\"joined\":%ld}\n", joined);
          here[i] = 1;
          continue;
        }
        long warm = expected[part] / 10;
        if (got++ == warm) started = now();
        if (got < expected[part]) continue;
        printf("{\"rate\":%f}\n", (got - 1 - warm) / (now() - started));
        got = 0;
        part++;
      }
    }
  }
}

static void *echo_frames(void *s) {
  zmq_msg_t m;
  zmq_msg_init(&m);
  while (zmq_msg_recv(&m, s, 0) >= 0) {
    int more = zmq_msg_more(&m);
    check(zmq_msg_send(&m, s, more ? ZMQ_SNDMORE : 0) >= 0, "zmq_msg_send");
  }
  check(0, "zmq_msg_recv");
  return NULL;
}

void router(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, echo_frames, bound_socket(ZMQ_ROUTER));
  for (;;) {
    await_go();
    printf("{\"cpu\":%f}\n", cpu());
  }
}

static void dealer_trips(zmq_pollitem_t *items, long each) {
  void *p = payload();
  long window = each < WINDOW ? each : WINDOW, left = each * peers;
  long *sent = reserve(peers * sizeof *sent);
  zmq_msg_t m;
  zmq_msg_init(&m);
  for (long i = 0; i < peers; i++) {
    for (sent[i] = 0; sent[i] < window; sent[i]++) send_octets(items[i].socket, p);
  }
  while (left > 0) {
    check(zmq_poll(items, peers, -1) >= 0, "zmq_poll");
    for (long i = 0; i < peers; i++) {
      if (!(items[i].revents & ZMQ_POLLIN)) continue;
      while (zmq_msg_recv(&m, items[i].socket, ZMQ_DONTWAIT) >= 0) {
        left--;
        if (sent[i] >= each) continue;
        send_octets(items[i].socket, p);
        sent[i]++;
      }
    }
  }
  free(sent);
  free(p);
}

void dealers(void) {
  zmq_pollitem_t *items = connect_all(ZMQ_DEALER, NULL);
  long each = (count + peers - 1) / peers;
  dealer_trips(items, (each + 9) / 10);
  double started = now();
  dealer_trips(items, each);
  printf("{\"rate\":%f}\n", each * peers / (now() - started));
}

/* ---- connections ---- */

static void calls(long total) {
  zmq_msg_t m;
  zmq_msg_init(&m);
  for (long done = 0; done < total; done += AT_ONCE) {
    void *s[AT_ONCE];
    int linger = 0;
    for (int i = 0; i < AT_ONCE; i++) {
      s[i] = connected_socket(ZMQ_DEALER);
      check(zmq_setsockopt(s[i], ZMQ_LINGER, &linger, sizeof linger) == 0, "ZMQ_LINGER");
      check(zmq_send(s[i], "x", 1, 0) >= 0, "zmq_send");
    }
    for (int i = 0; i < AT_ONCE; i++) {
      receive(&m, s[i]);
      zmq_close(s[i]);
    }
  }
}

void callers(void) {
  count = (count + AT_ONCE - 1) / AT_ONCE * AT_ONCE;
  calls((count + 3) / 4);
  printf("{\"warm\":true}\n");
  await_go();
  double started = now(), cpu_started = cpu();
  calls(count);
  printf("{\"rate\":%f,\"cpu\":%f}\n", count / (now() - started), cpu() - cpu_started);
}

void holder(void) {
  void *s = bound_socket(ZMQ_PULL);
  zmq_msg_t m;
  zmq_msg_init(&m);
  for (long i = 0; i < peers; i++) receive(&m, s);
  printf("{\"ms\":0}\n");
  for (;;) {
    await_go();
    printf("{\"heap\":0,\"rss\":%f}\n", resident());
  }
}

void crowd(void) {
  zmq_pollitem_t *items = connect_all(ZMQ_PUSH, NULL);
  for (;;) {
    for (long i = 0; i < peers; i++) check(zmq_send(items[i].socket, "x", 1, 0) >= 0, "zmq_send");
    printf("{\"sent\":%ld}\n", peers);
    await_go();
  }
}
