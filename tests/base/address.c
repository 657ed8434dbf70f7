/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/address.h"

static void
test_split (void)
{
  static const struct {
    const char *text, *host; /* NULL: refused */
    guint port;
    gboolean ip;
  } cases[] = {
      {"127.0.0.1:8080", "127.0.0.1", 8080, TRUE},
      {"0.0.0.0:0", "0.0.0.0", 0, TRUE},
      {"[::]:65535", "[::]", 65535, TRUE},
      {"[2001:db8::1]:80", "[2001:db8::1]", 80, TRUE},
      {"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]", 80, TRUE},
      {"localhost:80", "localhost", 80, FALSE},
      {"hall.example:80", "hall.example", 80, FALSE},
      {":80", "", 80, FALSE},
      {"::1:80", "::1", 80, FALSE}, /* without brackets nobody knows where the port begins */
      {"[127.0.0.1]:80", "[127.0.0.1]", 80, FALSE},
      {"[::1:80", "[::1", 80, FALSE},
      {"[]:80", "[]", 80, FALSE},
      {"[:80", "[", 80, FALSE},
      {"[fe80::1%eth0]:80", "[fe80::1%eth0]", 80, FALSE},
      {"1.2.3:80", "1.2.3", 80, FALSE},
      {"127.0.0.1", NULL, 0, FALSE},
      {"127.0.0.1:", NULL, 0, FALSE},
      {"127.0.0.1:65536", NULL, 0, FALSE},
      {"127.0.0.1:123456", NULL, 0, FALSE},
      {"127.0.0.1:+80", NULL, 0, FALSE},
      {"127.0.0.1: 80", NULL, 0, FALSE},
      {"127.0.0.1:80 ", NULL, 0, FALSE},
      {"[::]", NULL, 0, FALSE},
      {"", NULL, 0, FALSE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *host = NULL;
    g_autoptr (GInetAddress) ip = NULL;
    guint port = 0;

    g_test_message ("%s", cases[i].text);
    g_assert_cmpint (regia_address_split (cases[i].text, &host, &port), ==, cases[i].host != NULL);
    g_assert_cmpstr (host, ==, cases[i].host);
    g_assert_cmpuint (port, ==, cases[i].port);
    if (host == NULL)
      continue;
    ip = regia_address_ip (host);
    g_assert_cmpint (ip != NULL, ==, cases[i].ip);
  }
}

static void
test_loopback (void)
{
  static const char *const own[] = {"127.0.0.1:8090", "127.9.9.9:1", "[::1]:8090", NULL},
                           *const others[] = {"0.0.0.0:8090",
                                              "[::]:8090",
                                              "192.0.2.7:8090",
                                              "[2001:db8::1]:8090",
                                              "[::10]:8090", /* begins like one */
                                              "127.0.0.1",
                                              "127.example.org:80",
                                              "",
                                              NULL};

  for (gsize i = 0; own[i] != NULL; i++)
    g_assert_true (regia_address_is_loopback (own[i]));
  for (gsize i = 0; others[i] != NULL; i++)
    g_assert_false (regia_address_is_loopback (others[i]));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/address/split", test_split);
  g_test_add_func ("/base/address/loopback", test_loopback);
  return g_test_run ();
}
