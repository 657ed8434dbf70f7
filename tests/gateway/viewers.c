/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewers-private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static RegiaPeer
peer (const char *address)
{
  struct sockaddr_in v4 = {.sin_family = AF_INET};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
  RegiaPeer out;

  if (inet_pton (AF_INET, address, &v4.sin_addr) == 1)
    regia_peer_from_sockaddr ((struct sockaddr *)&v4, &out);
  else if (inet_pton (AF_INET6, address, &v6.sin6_addr) == 1)
    regia_peer_from_sockaddr ((struct sockaddr *)&v6, &out);
  else
    g_error ("%s", address);
  return out;
}

/* Thirty pupils behind one address, each with a tab of their own. */
static void
test_class_behind_one_address (void)
{
  g_autoptr (RegiaViewers) viewers = regia_viewers_new ();
  RegiaPeer school = peer ("192.0.2.1");

  for (int round = 0; round < 3; round++)
    for (int i = 0; i < 30; i++) {
      g_autofree char *id = g_strdup_printf ("%016x", i + 1);
      RegiaRequest request = {.viewer = id, .user_agent = "same browser"};
      regia_viewers_saw (viewers, &request, &school, 1000 + round * 2000);
    }
  g_assert_cmpuint (regia_viewers_count (viewers, 6000), ==, 30);
}

/* One tab that moves from WLAN to a phone network is one viewer. */
static void
test_moving_tab (void)
{
  g_autoptr (RegiaViewers) viewers = regia_viewers_new ();
  RegiaRequest request = {.viewer = "00ff"};
  RegiaPeer a = peer ("192.0.2.1"), b = peer ("198.51.100.7");

  regia_viewers_saw (viewers, &request, &a, 0);
  regia_viewers_saw (viewers, &request, &b, 1000);
  g_assert_cmpuint (regia_viewers_count (viewers, 1000), ==, 1);
}

static void
test_without_number (void)
{
  g_autoptr (RegiaViewers) viewers = regia_viewers_new ();
  RegiaRequest vlc = {.user_agent = "VLC"}, safari = {.user_agent = "Safari"}, silent = {0};
  RegiaPeer a = peer ("192.0.2.1"), b = peer ("192.0.2.2");

  regia_viewers_saw (viewers, &vlc, &a, 0);
  regia_viewers_saw (viewers, &vlc, &a, 10);
  g_assert_cmpuint (regia_viewers_count (viewers, 10), ==, 1);
  regia_viewers_saw (viewers, &safari, &a, 20);
  regia_viewers_saw (viewers, &vlc, &b, 30);
  regia_viewers_saw (viewers, &silent, &b, 30);
  g_assert_cmpuint (regia_viewers_count (viewers, 40), ==, 4);
}

static void
test_leaving (void)
{
  g_autoptr (RegiaViewers) viewers = regia_viewers_new ();
  RegiaRequest one = {.viewer = "1"}, two = {.viewer = "2"};
  RegiaPeer a = peer ("192.0.2.1");

  regia_viewers_saw (viewers, &one, &a, 0);
  regia_viewers_saw (viewers, &two, &a, 5000);
  g_assert_cmpuint (regia_viewers_count (viewers, REGIA_VIEWERS_SPAN_MS), ==, 2);
  g_assert_cmpuint (regia_viewers_count (viewers, REGIA_VIEWERS_SPAN_MS + 1), ==, 1);
  g_assert_cmpuint (regia_viewers_count (viewers, REGIA_VIEWERS_SPAN_MS + 5001), ==, 0);
}

static void
test_bounded (void)
{
  g_autoptr (RegiaViewers) viewers = regia_viewers_new ();
  RegiaPeer a = peer ("192.0.2.1");

  for (guint i = 0; i < REGIA_VIEWERS_MAX + 1000; i++) {
    char id[17];
    RegiaRequest request = {.viewer = id};
    g_snprintf (id, sizeof id, "%x", i);
    regia_viewers_saw (viewers, &request, &a, 0);
  }
  g_assert_cmpuint (regia_viewers_count (viewers, 0), ==, REGIA_VIEWERS_MAX);
}

static void
test_peers (void)
{
  RegiaPeer v4 = peer ("192.0.2.1"), mapped = peer ("::ffff:192.0.2.1"), other = peer ("192.0.2.2");
  RegiaPeer home = peer ("2001:db8:1:2::3"), same_net = peer ("2001:db8:1:2:ffff::9"),
            next_net = peer ("2001:db8:1:3::3");

  g_assert_cmpmem (&v4, sizeof v4, &mapped, sizeof mapped);
  g_assert_true (memcmp (&v4, &other, sizeof v4) != 0);
  g_assert_cmpmem (&home, sizeof home, &same_net, sizeof same_net);
  g_assert_true (memcmp (&home, &next_net, sizeof home) != 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/viewers/class-behind-one-address", test_class_behind_one_address);
  g_test_add_func ("/gateway/viewers/moving-tab", test_moving_tab);
  g_test_add_func ("/gateway/viewers/without-number", test_without_number);
  g_test_add_func ("/gateway/viewers/leaving", test_leaving);
  g_test_add_func ("/gateway/viewers/bounded", test_bounded);
  g_test_add_func ("/gateway/limits/peers", test_peers);
  return g_test_run ();
}
