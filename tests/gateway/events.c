/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who follows the console's events hears of each change of the status and each line of the audit, once,
 * however often the connection or the console goes in between. */
#include "console-events-private.h"

#include <string.h>

#define TOLD 64 /* lines that the director tells each time */

/* The audit: line n says n, and ends at 100 n. */
static void
post_lines (RegiaConsoleEvents *events, guint from, guint to)
{
  g_autoptr (GVariant) lines = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ts)"));
  for (guint n = from; n <= to; n++) {
    g_autofree char *text = g_strdup_printf ("{\"n\":%u}", n);
    g_variant_builder_add (&builder, "(ts)", (guint64)n * 100, text);
  }
  lines = g_variant_ref_sink (g_variant_builder_end (&builder));
  regia_console_events_post_audit (events, lines);
}

static void
post_status (RegiaConsoleEvents *events, guint n)
{
  g_autofree char *state = g_strdup_printf ("state %u", n);
  g_autoptr (GVariant) status = g_variant_ref_sink (g_variant_new_parsed ("{'state': <%s>}", state));

  regia_console_events_post (events, status);
}

/* A client: what it heard since it came last. */
typedef struct {
  guint64 number;
  char *last; /* (owned) (nullable): id of the newest event */
  GString *heard;
} Client;

static void
client_come (Client *self, RegiaConsoleEvents *events)
{
  self->number = regia_console_events_begin (events, self->last);
}

static void
client_listen (Client *self, RegiaConsoleEvents *events)
{
  g_autofree char *text = regia_console_events_read (events, &self->number);
  const char *at = text != NULL ? g_strrstr (text, "id: ") : NULL;

  if (at == NULL)
    return;
  g_free (self->last);
  self->last = g_strndup (at + 4, strcspn (at + 4, "\n"));
  g_string_append (self->heard, text);
}

static void
client_clear (Client *self)
{
  g_free (self->last);
  g_string_free (self->heard, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Client, client_clear)

/* (transfer full): the lines that were heard, in order: "3 4 5". */
static char *
list_lines (const GString *heard)
{
  static const char begin[] = "\nevent: audit\ndata: {\"n\":";
  GString *list = g_string_new (NULL);

  for (const char *at = heard->str; (at = strstr (at, begin)) != NULL;) {
    at += strlen (begin);
    g_string_append_printf (list, "%s%.*s", list->len > 0 ? " " : "", (int)strcspn (at, "}"), at);
  }
  return g_string_free (list, FALSE);
}

static void
assert_lines (const Client *client, const char *lines)
{
  g_autofree char *heard = list_lines (client->heard);

  g_assert_cmpstr (heard, ==, lines);
}

/* Who comes for the first time begins with how it is now, and hears each line from then on. */
static void
test_first (void)
{
  g_autoptr (RegiaConsoleEvents) events = regia_console_events_new ();
  g_auto (Client) client = {.heard = g_string_new (NULL)}, early = {.heard = g_string_new (NULL)};

  post_lines (events, 1, 3); /* of before this process */
  client_come (&early, events);
  post_status (events, 1);
  post_lines (events, 1, 4);
  post_status (events, 2);
  client_come (&client, events);
  post_lines (events, 2, 6);
  post_lines (events, 2, 6); /* told again */
  client_listen (&client, events);
  client_listen (&early, events);
  assert_lines (&client, "5 6");
  assert_lines (&early, "4 5 6");
  g_assert_true (strstr (client.heard->str, "state 2") != NULL &&
                 strstr (client.heard->str, "state 1") == NULL);
  g_assert_true (g_str_has_suffix (client.last, "-600"));
}

/* Who was away for so long that some is not kept hears all that is. */
static void
test_too_long (void)
{
  g_autoptr (RegiaConsoleEvents) events = regia_console_events_new ();
  g_auto (Client) client = {.heard = g_string_new (NULL)};
  g_autofree char *lines = NULL, *oldest = NULL, *newest = NULL;
  guint n;

  post_status (events, 1);
  post_lines (events, 1, 1);
  client_come (&client, events);
  client_listen (&client, events);
  for (n = 2; n <= REGIA_CONSOLE_EVENTS_KEPT * 2; n++)
    post_lines (events, n, n);
  g_string_truncate (client.heard, 0);
  client_come (&client, events);
  client_listen (&client, events);
  lines = list_lines (client.heard);
  oldest = g_strdup_printf ("%u ", n - REGIA_CONSOLE_EVENTS_KEPT);
  newest = g_strdup_printf (" %u", n - 1);
  g_assert_true (g_str_has_prefix (lines, oldest) && g_str_has_suffix (lines, newest));
}

/* The file was removed and begun anew: its places are small again. */
static void
test_anew (void)
{
  g_autoptr (RegiaConsoleEvents) events = regia_console_events_new (), other = regia_console_events_new ();
  g_auto (Client) client = {.heard = g_string_new (NULL)};

  post_status (events, 1);
  client_come (&client, events);
  post_lines (events, 8, 9);
  client_listen (&client, events);
  post_lines (events, 1, 2);
  client_listen (&client, events);
  assert_lines (&client, "8 9 1 2");
  post_lines (other, 3, 4); /* a director that remembers none of those */
  post_status (other, 1);
  client_come (&client, other);
  client_listen (&client, other);
  assert_lines (&client, "8 9 1 2 3 4");
}

/* Whatever somebody sends as his last id. */
static void
test_ids (void)
{
  static const char *const ids[] = {"",
                                    "-",
                                    "--",
                                    "00000000",
                                    "00000000-1",
                                    "00000000-1-",
                                    "00000000-1-x",
                                    "00000000--1",
                                    "0-1-1",
                                    "00000000-1-1-1",
                                    "00000000-99999999999999999999-1",
                                    "000000000-1-1"};
  g_autoptr (RegiaConsoleEvents) events = regia_console_events_new ();

  for (guint i = 0; i < 3; i++) {
    post_lines (events, i + 1, i + 1);
    post_status (events, i);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    g_assert_cmpuint (regia_console_events_begin (events, ids[i]), ==, 5);
  g_assert_cmpuint (regia_console_events_begin (events, NULL), ==, 5);
  g_assert_cmpuint (regia_console_events_begin (events, "00000000-1-100"), ==, 2);
  g_assert_cmpuint (regia_console_events_begin (events, "00000000-1-0"), ==, 0);
  g_assert_cmpuint (regia_console_events_begin (events, "00000000-1-300"), ==, 5);
}

/* Connections that break and consoles that die at any moment: no line is lost, none comes twice. */
static void
test_breaks (void)
{
  RegiaConsoleEvents *events = regia_console_events_new ();
  g_auto (Client) client = {.heard = g_string_new (NULL)};
  g_autoptr (GString) all = g_string_new (NULL);
  guint line = 0, breaks = 0, deaths = 0;

  post_status (events, 0);
  client_come (&client, events);
  client_listen (&client, events);
  for (guint step = 1; step <= 4000; step++) {
    switch (g_test_rand_int_range (0, 8)) {
    case 0:
      post_status (events, step);
      break;
    case 1:
      client_listen (&client, events);
      break;
    case 2:
      client_come (&client, events);
      breaks++;
      break;
    case 3: /* told what the director remembers, then the status; what came meanwhile is told after that */
      if (g_test_rand_int_range (0, 4) > 0)
        break;
      regia_console_events_free (events);
      events = regia_console_events_new ();
      post_lines (events, line > TOLD ? line - TOLD + 1 : 1, line);
      post_status (events, step);
      client_come (&client, events);
      deaths++;
      break;
    default:
      line++;
      post_lines (events, line > TOLD ? line - TOLD + 1 : 1, line);
      g_string_append_printf (all, "%s%u", line > 1 ? " " : "", line);
      break;
    }
    if (step % 20 == 0) /* within what is remembered */
      client_listen (&client, events);
  }
  client_listen (&client, events);
  g_test_message ("%u lines, %u broken connections, %u dead consoles", line, breaks, deaths);
  g_assert_cmpuint (MIN (breaks, deaths), >, 50);
  assert_lines (&client, all->str);
  regia_console_events_free (events);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gateway/events/first", test_first);
  g_test_add_func ("/gateway/events/too-long", test_too_long);
  g_test_add_func ("/gateway/events/anew", test_anew);
  g_test_add_func ("/gateway/events/ids", test_ids);
  g_test_add_func ("/gateway/events/breaks", test_breaks);
  return g_test_run ();
}
