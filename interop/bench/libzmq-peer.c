/*
 * One process of a benchmark over libzmq, its loops as a C programmer would write them. Takes the same arguments and
 * prints the same lines of JSON as peer.ts:
 *
 *     libzmq-peer <role> <mechanism> <endpoint> <size> <count> <peers> <variant>
 *
 * Mechanisms: null, curve. What a role does is said in roles/.
 */
#include "libzmq-peer.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Fixed keys, the same as in roles/security.ts: a benchmark keeps nothing secret. */
static const char *SERVER_PUBLIC = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char *SERVER_SECRET = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

const char *mechanism, *endpoint, *variant;
size_t size;
long count, peers;
static void *context;

void check(int good, const char *what) {
  if (good) return;
  fprintf(stderr, "%s: %s\n", what, zmq_strerror(errno));
  exit(1);
}

double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

double cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

double resident(void) {
  long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1) return 0;
  fclose(f);
  return (double)pages * sysconf(_SC_PAGESIZE);
}

void await_go(void) {
  char line[16];
  if (fgets(line, sizeof line, stdin) == NULL || strcmp(line, "go\n") != 0) _exit(0);
}

void *open_socket(int type, int as_server) {
  void *s = zmq_socket(context, type);
  check(s != NULL, "zmq_socket");
  if (strcmp(mechanism, "curve") != 0) return s;
  if (as_server) {
    int one = 1;
    check(zmq_setsockopt(s, ZMQ_CURVE_SERVER, &one, sizeof one) == 0, "ZMQ_CURVE_SERVER");
    check(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, SERVER_SECRET, 40) == 0, "ZMQ_CURVE_SECRETKEY");
  } else {
    char public_key[41], secret_key[41];
    check(zmq_curve_keypair(public_key, secret_key) == 0, "zmq_curve_keypair");
    check(zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, SERVER_PUBLIC, 40) == 0, "ZMQ_CURVE_SERVERKEY");
    check(zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, public_key, 40) == 0, "ZMQ_CURVE_PUBLICKEY");
    check(zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, secret_key, 40) == 0, "ZMQ_CURVE_SECRETKEY");
  }
  return s;
}

void bind_socket(void *s) {
  char bound[256];
  size_t length = sizeof bound;
  check(zmq_bind(s, endpoint) == 0, "zmq_bind");
  check(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, bound, &length) == 0, "ZMQ_LAST_ENDPOINT");
  printf("{\"bound\":\"%s\",\"heap\":0,\"rss\":%f}\n", bound, resident());
}

void *bound_socket(int type) {
  void *s = open_socket(type, 1);
  bind_socket(s);
  return s;
}

void *connected_socket(int type) {
  void *s = open_socket(type, 0);
  check(zmq_connect(s, endpoint) == 0, "zmq_connect");
  return s;
}

void *reserve(size_t octets) {
  void *p = malloc(octets);
  check(p != NULL, "malloc");
  return p;
}

void *payload(void) { return memset(reserve(size), 'a', size); }

void send_octets(void *s, const void *p) { check(zmq_send(s, p, size, 0) >= 0, "zmq_send"); }

void receive(zmq_msg_t *m, void *s) { check(zmq_msg_recv(m, s, 0) >= 0, "zmq_msg_recv"); }

/* ---- streams: one socket at each end ---- */

/* Receives `count` messages; the first tenth warms up. Messages a second, and microseconds of CPU each. */
static void take_stream(void *s, double *rate, double *cpu_each) {
  long warm = count / 10, measured = count - warm - 1;
  double started = 0, cpu_started = 0;
  zmq_msg_t m;
  zmq_msg_init(&m);
  for (long i = 0; i < count; i++) {
    receive(&m, s);
    if (zmq_msg_size(&m) != size) {
      fprintf(stderr, "%zu octets, %zu expected\n", zmq_msg_size(&m), size);
      exit(1);
    }
    if (i == warm) {
      started = now();
      cpu_started = cpu();
    }
  }
  *rate = measured / (now() - started);
  *cpu_each = (cpu() - cpu_started) / measured;
}

static void send_stream(void *s) {
  void *p = payload();
  for (long i = 0; i < count; i++) send_octets(s, p);
}

static void echo_stream(void *s) {
  zmq_msg_t m;
  zmq_msg_init(&m);
  for (long i = 0; i < count; i++) {
    receive(&m, s);
    check(zmq_msg_send(&m, s, 0) >= 0, "zmq_msg_send");
  }
}

static void pull(void) {
  double rate, cpu_each;
  take_stream(bound_socket(ZMQ_PULL), &rate, &cpu_each);
  printf("{\"rate\":%f,\"cpu\":%f,\"delay\":0}\n", rate, cpu_each);
}

static void push(void) {
  void *s = connected_socket(ZMQ_PUSH);
  double cpu_started = cpu();
  send_stream(s);
  /* The receiver has all: before, part of the work is not done. */
  await_go();
  printf("{\"cpu\":%f,\"delay\":0}\n", (cpu() - cpu_started) / count);
}

static void rep(void) { echo_stream(bound_socket(ZMQ_REP)); }

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void trips(void *s) {
  void *p = payload();
  double *times = reserve(count * sizeof *times);
  zmq_msg_t m;
  zmq_msg_init(&m);
  for (long i = 0; i < count; i++) {
    double before = now();
    send_octets(s, p);
    receive(&m, s);
    times[i] = (now() - before) * 1e6;
  }
  /* The first half warms up. */
  long warm = count / 2, rest = count - warm;
  qsort(times + warm, rest, sizeof *times, ascending);
  printf("{\"p50\":%f,\"p99\":%f}\n", times[warm + rest / 2], times[warm + rest * 99 / 100]);
}

static void req(void) { trips(connected_socket(ZMQ_REQ)); }

/* ---- local: both ends in one process, a thread each ---- */

static void *sender_thread(void *s) {
  send_stream(s);
  return NULL;
}

static void *echo_thread(void *s) {
  echo_stream(s);
  return NULL;
}

static void inproc_stream(void) {
  double rate, cpu_each;
  pthread_t thread;
  void *s = bound_socket(ZMQ_PULL);
  pthread_create(&thread, NULL, sender_thread, connected_socket(ZMQ_PUSH));
  take_stream(s, &rate, &cpu_each);
  printf("{\"rate\":%f}\n", rate);
}

static void inproc_trips(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, echo_thread, bound_socket(ZMQ_REP));
  trips(connected_socket(ZMQ_REQ));
}

static const struct {
  const char *name;
  void (*run)(void);
} ROLES[] = {
    {"pull", pull},       {"push", push},       {"rep", rep},         {"req", req},
    {"pub", pub},         {"subs", subs},       {"router", router},   {"dealers", dealers},
    {"callers", callers}, {"holder", holder},   {"crowd", crowd},     {"inproc-stream", inproc_stream},
    {"inproc-trips", inproc_trips},
};

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    printf("%d.%d.%d\n", major, minor, patch);
    return 0;
  }
  if (argc != 8) {
    fprintf(stderr, "libzmq-peer <role> <mechanism> <endpoint> <size> <count> <peers> <variant>\n");
    return 2;
  }
  mechanism = argv[2];
  endpoint = argv[3];
  size = strtoul(argv[4], NULL, 10);
  count = strtol(argv[5], NULL, 10);
  peers = strtol(argv[6], NULL, 10);
  variant = argv[7];
  context = zmq_ctx_new();
  check(zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 30000) == 0, "ZMQ_MAX_SOCKETS");
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++) {
    if (strcmp(argv[1], ROLES[i].name) != 0) continue;
    ROLES[i].run();
    for (;;) await_go();
  }
  fprintf(stderr, "no such role: %s\n", argv[1]);
  return 2;
}
