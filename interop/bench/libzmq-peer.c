/*
 * One process of a benchmark over libzmq, its loops as a C programmer would write them. Takes the same arguments and
 * prints the same lines of JSON as peer.ts:
 *
 *     libzmq-peer <role> <mechanism> <endpoint> <size> <count>
 *
 * Roles: push, pull, req, rep. Mechanisms: null, curve. Each process waits for a line on standard input before it
 * ends, so that nobody measures how a peer leaves.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <zmq.h>

/* Fixed keys, the same as in roles/security.ts: a benchmark keeps nothing secret. */
static const char *SERVER_PUBLIC = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char *SERVER_SECRET = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";

static const char *mechanism, *endpoint;
static size_t size;
static long count;
static void *context;

static void check(int good, const char *what) {
  if (good) return;
  fprintf(stderr, "%s: %s\n", what, zmq_strerror(errno));
  exit(1);
}

/* Seconds on a clock that only goes forward. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* Microseconds of CPU that all threads of this process have used. */
static double cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void await_line(void) {
  char line[16];
  if (fgets(line, sizeof line, stdin) == NULL) exit(0);
}

static void *open_socket(int type, int as_server) {
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

static void *bound_socket(int type) {
  char bound[256];
  size_t length = sizeof bound;
  void *s = open_socket(type, 1);
  check(zmq_bind(s, endpoint) == 0, "zmq_bind");
  check(zmq_getsockopt(s, ZMQ_LAST_ENDPOINT, bound, &length) == 0, "ZMQ_LAST_ENDPOINT");
  printf("{\"bound\":\"%s\"}\n", bound);
  return s;
}

static void *connected_socket(int type) {
  void *s = open_socket(type, 0);
  check(zmq_connect(s, endpoint) == 0, "zmq_connect");
  return s;
}

static void *payload(void) {
  void *p = malloc(size);
  check(p != NULL, "malloc");
  memset(p, 'a', size);
  return p;
}

static void pull(void *s) {
  /* As in peer.ts: the first tenth warms up. */
  long warm = count / 10;
  double started = 0, cpu_started = 0;
  zmq_msg_t m;
  zmq_msg_init(&m);
  for (long i = 0; i < count; i++) {
    check(zmq_msg_recv(&m, s, 0) >= 0, "zmq_msg_recv");
    if (zmq_msg_size(&m) != size) {
      fprintf(stderr, "%zu octets, %zu expected\n", zmq_msg_size(&m), size);
      exit(1);
    }
    if (i == warm) {
      started = now();
      cpu_started = cpu();
    }
  }
  double seconds = now() - started;
  printf("{\"rate\":%f,\"cpu\":%f}\n", (count - warm - 1) / seconds, (cpu() - cpu_started) / (count - warm - 1));
  zmq_msg_close(&m);
}

static void push(void *s) {
  void *p = payload();
  double cpu_started = cpu();
  for (long i = 0; i < count; i++) check(zmq_send(s, p, size, 0) >= 0, "zmq_send");
  /* The receiver has all: before, part of the work is not done. */
  await_line();
  printf("{\"cpu\":%f}\n", (cpu() - cpu_started) / count);
  free(p);
}

static void rep(void *s) {
  zmq_msg_t m;
  zmq_msg_init(&m);
  for (long i = 0; i < count; i++) {
    check(zmq_msg_recv(&m, s, 0) >= 0, "zmq_msg_recv");
    check(zmq_msg_send(&m, s, 0) >= 0, "zmq_msg_send");
  }
  zmq_msg_close(&m);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void req(void *s) {
  void *p = payload();
  double *times = malloc(count * sizeof *times);
  check(times != NULL, "malloc");
  zmq_msg_t m;
  zmq_msg_init(&m);
  for (long i = 0; i < count; i++) {
    double before = now();
    check(zmq_send(s, p, size, 0) >= 0, "zmq_send");
    check(zmq_msg_recv(&m, s, 0) >= 0, "zmq_msg_recv");
    times[i] = (now() - before) * 1e6;
  }
  zmq_msg_close(&m);
  long warm = count / 2, rest = count - warm;
  qsort(times + warm, rest, sizeof *times, ascending);
  printf("{\"p50\":%f,\"p99\":%f}\n", times[warm + rest / 2], times[warm + rest * 99 / 100]);
  free(times);
  free(p);
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--version") == 0) {
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    printf("%d.%d.%d\n", major, minor, patch);
    return 0;
  }
  if (argc < 6) {
    fprintf(stderr, "libzmq-peer <role> <mechanism> <endpoint> <size> <count>\n");
    return 2;
  }
  const char *role = argv[1];
  mechanism = argv[2];
  endpoint = argv[3];
  size = strtoul(argv[4], NULL, 10);
  count = strtol(argv[5], NULL, 10);
  context = zmq_ctx_new();
  setvbuf(stdout, NULL, _IOLBF, 0);

  void *s = NULL;
  if (strcmp(role, "pull") == 0) pull(s = bound_socket(ZMQ_PULL));
  else if (strcmp(role, "push") == 0) push(s = connected_socket(ZMQ_PUSH));
  else if (strcmp(role, "rep") == 0) rep(s = bound_socket(ZMQ_REP));
  else if (strcmp(role, "req") == 0) req(s = connected_socket(ZMQ_REQ));
  else {
    fprintf(stderr, "no such role: %s\n", role);
    return 2;
  }
  await_line();
  zmq_close(s);
  zmq_ctx_term(context);
  return 0;
}
