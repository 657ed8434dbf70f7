/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is let in, who goes when all places are taken, and whom a proxy speaks for. */
#include "connections-private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
fill (const char *address, struct sockaddr_storage *ret_address)
{
  struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;

  memset (ret_address, 0, sizeof *ret_address);
  if (inet_pton (AF_INET, address, &v4->sin_addr) == 1)
    v4->sin_family = AF_INET;
  else if (inet_pton (AF_INET6, address, &v6->sin6_addr) == 1)
    v6->sin6_family = AF_INET6;
  else
    g_error ("%s", address);
}

static RegiaPeer
peer (const char *address)
{
  struct sockaddr_storage from;
  RegiaPeer out;

  fill (address, &from);
  regia_peer_from_sockaddr ((struct sockaddr *)&from, &out);
  return out;
}

/* A connection: our end and the far one, on which the end is seen. */
typedef struct {
  RegiaGuest guest;
  int fd, far;
} Visitor;

static RegiaAdmission
visit (RegiaConnections *connections, Visitor *visitor, const char *address, gboolean *ret_shut)
{
  RegiaPeer from = peer (address);
  int pair[2];

  memset (visitor, 0, sizeof *visitor);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), ==, 0);
  visitor->fd = pair[0];
  visitor->far = pair[1];
  return regia_connections_enter (connections, &visitor->guest, &from, visitor->fd, ret_shut);
}

static gboolean
is_shut (Visitor *visitor)
{
  char byte;
  return recv (visitor->far, &byte, 1, 0) == 0;
}

static void
leave (RegiaConnections *connections, Visitor *visitor)
{
  regia_connections_leave (connections, &visitor->guest);
  close (visitor->fd);
  close (visitor->far);
}

static void
test_counting (void)
{
  g_autoptr (RegiaConnections) connections = regia_connections_new (3, 2);
  Visitor v[6];
  gboolean shut;

  g_assert_cmpint (visit (connections, &v[0], "192.0.2.1", &shut), ==, REGIA_ADMISSION_IN);
  g_assert_cmpint (visit (connections, &v[1], "192.0.2.1", &shut), ==, REGIA_ADMISSION_IN);
  g_assert_cmpint (visit (connections, &v[2], "192.0.2.1", &shut), ==, REGIA_ADMISSION_FULL_ADDRESS);
  g_assert_cmpint (visit (connections, &v[3], "192.0.2.2", &shut), ==, REGIA_ADMISSION_IN);
  for (int i = 0; i < 4; i++)
    regia_connections_serve (connections, &v[i].guest);
  g_assert_cmpint (visit (connections, &v[4], "192.0.2.3", &shut), ==, REGIA_ADMISSION_FULL);
  g_assert_false (shut);
  leave (connections, &v[0]);
  g_assert_cmpint (visit (connections, &v[5], "192.0.2.3", &shut), ==, REGIA_ADMISSION_IN);
  g_assert_false (shut);
  for (int i = 1; i < 6; i++)
    leave (connections, &v[i]);
  g_assert_cmpuint (regia_connections_count (connections), ==, 0);
}

/* The refused, then who never asked, then the longest idle; who is being served stays. */
static void
test_order (void)
{
  g_autoptr (RegiaConnections) connections = regia_connections_new (6, 100);
  enum { IDLE_LONG, SERVED, IDLE_SHORT, NEW_FIRST, NEW_SECOND, LINGERING, N };
  static const int order[] = {LINGERING, NEW_FIRST, NEW_SECOND, IDLE_LONG, IDLE_SHORT};
  Visitor v[N], next[N];
  gboolean shut;

  for (int i = 0; i < N; i++)
    g_assert_cmpint (visit (connections, &v[i], "192.0.2.1", &shut), ==, REGIA_ADMISSION_IN);
  regia_connections_serve (connections, &v[IDLE_SHORT].guest);
  regia_connections_serve (connections, &v[IDLE_LONG].guest);
  regia_connections_serve (connections, &v[SERVED].guest);
  regia_connections_rest (connections, &v[IDLE_LONG].guest);
  regia_connections_rest (connections, &v[IDLE_SHORT].guest);
  regia_connections_linger (connections, &v[LINGERING].guest);
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++) {
    g_assert_false (is_shut (&v[order[i]]));
    g_assert_cmpint (visit (connections, &next[i], "192.0.2.2", &shut), ==, REGIA_ADMISSION_IN);
    g_assert_true (shut);
    regia_connections_serve (connections, &next[i].guest);
    g_assert_true (is_shut (&v[order[i]]));
    g_assert_cmpuint (regia_connections_count (connections), ==, 6);
  }
  g_assert_cmpint (visit (connections, &next[5], "192.0.2.2", &shut), ==, REGIA_ADMISSION_FULL);
  g_assert_false (is_shut (&v[SERVED]));
  /* Who was shut out is not counted again, whatever its worker still tells of it. */
  regia_connections_rest (connections, &v[IDLE_LONG].guest);
  for (int i = 0; i < N; i++) {
    leave (connections, &v[i]);
    leave (connections, &next[i]);
  }
  g_assert_cmpuint (regia_connections_count (connections), ==, 0);
}

static void
test_through_proxy (void)
{
  g_autoptr (RegiaConnections) connections = regia_connections_new (10, 2);
  RegiaPeer one = peer ("192.0.2.1"), two = peer ("192.0.2.2");
  RegiaGuest guests[5] = {0};
  gboolean shut;

  for (gsize i = 0; i < G_N_ELEMENTS (guests); i++) /* the proxy's own connections have no share */
    g_assert_cmpint (regia_connections_enter (connections, &guests[i], NULL, -1, &shut), ==,
                     REGIA_ADMISSION_IN);
  g_assert_true (regia_connections_begin (connections, &one));
  g_assert_true (regia_connections_begin (connections, &one));
  g_assert_false (regia_connections_begin (connections, &one));
  g_assert_true (regia_connections_begin (connections, &two));
  regia_connections_end (connections, &one);
  g_assert_true (regia_connections_begin (connections, &one));
  for (gsize i = 0; i < G_N_ELEMENTS (guests); i++)
    regia_connections_leave (connections, &guests[i]);
  g_assert_cmpuint (regia_connections_count (connections), ==, 0);
}

static void
test_forwarded (void)
{
  static const char *const networks[] = {"127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48", "fe80::1", NULL};
  static const struct {
    const char *field;
    const char *client; /* NULL: it says nothing */
  } table[] = {
      {"192.0.2.7", "192.0.2.7"},
      {" 192.0.2.7\t", "192.0.2.7"},
      {"192.0.2.7:4711", "192.0.2.7"},
      {"2001:db8:9::1", "2001:db8:9::1"},
      {"[2001:db8:9::1]:443", "2001:db8:9::1"},
      {"[2001:db8:9::1]", "2001:db8:9::1"},
      {"::ffff:192.0.2.7", "192.0.2.7"},
      {"203.0.113.1, 192.0.2.7", "192.0.2.7"}, /* the first may be anybody's invention */
      {"192.0.2.7, 10.1.2.3", "192.0.2.7"},
      {"203.0.113.1, 192.0.2.7, 10.1.2.3, 127.0.0.1,2001:db8:1:5::9", "192.0.2.7"},
      {"10.1.2.3", "10.1.2.3"},
      {"junk, 10.1.2.3", "10.1.2.3"},
      {"192.0.2.7, junk", NULL},
      {"192.0.2.7,", NULL},
      {",192.0.2.7", "192.0.2.7"},
      {"", NULL},
      {" ", NULL},
      {"unknown", NULL},
      {"192.0.2", NULL},
      {"192.0.2.7.8", NULL},
      {"[2001:db8:9::1", NULL},
      {"[2001:db8:9::1]x", NULL},
      {"0000000000000000000000000000000000000000000000000000000000000000000000000001.2.3.4", NULL},
      {NULL, NULL},
  };
  g_autoptr (RegiaProxies) proxies = regia_proxies_new (networks);

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    RegiaPeer found, wanted;
    gboolean says = regia_proxies_client (proxies, table[i].field, &found);

    g_test_message ("%s", table[i].field);
    g_assert_cmpint (says, ==, table[i].client != NULL);
    if (table[i].client == NULL)
      continue;
    wanted = peer (table[i].client);
    g_assert_cmpmem (&found, sizeof found, &wanted, sizeof wanted);
  }
}

static void
test_trust (void)
{
  static const char *const networks[] = {"127.0.0.1", "10.32.0.0/11", "2001:db8:1::/48", NULL};
  static const struct {
    const char *address;
    gboolean trusted;
  } table[] = {{"127.0.0.1", TRUE},        {"127.0.0.2", FALSE},
               {"10.32.0.0", TRUE},        {"10.63.255.255", TRUE},
               {"10.64.0.0", FALSE},       {"10.31.255.255", FALSE},
               {"::ffff:10.40.1.1", TRUE}, {"2001:db8:1:ffff::1", TRUE},
               {"2001:db8:2::1", FALSE},   {"::1", FALSE},
               {"192.0.2.1", FALSE}};
  g_autoptr (RegiaProxies) proxies = regia_proxies_new (networks), nobody = regia_proxies_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {
    struct sockaddr_storage from;

    fill (table[i].address, &from);
    g_test_message ("%s", table[i].address);
    g_assert_cmpint (regia_proxies_trust (proxies, (struct sockaddr *)&from), ==, table[i].trusted);
    g_assert_false (regia_proxies_trust (nobody, (struct sockaddr *)&from));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/connections/counting", test_counting);
  g_test_add_func ("/gateway/connections/order", test_order);
  g_test_add_func ("/gateway/connections/through-proxy", test_through_proxy);
  g_test_add_func ("/gateway/connections/forwarded", test_forwarded);
  g_test_add_func ("/gateway/connections/trust", test_trust);
  return g_test_run ();
}
