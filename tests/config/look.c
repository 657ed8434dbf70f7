/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "regia/base/error.h"
#include "regia/config/config.h"

/* Four lines stand before each of them. */
#define WHOLE "[event]\nname = Prova\n[source test]\npipeline = test\n"

/* What is wrong in [look] and [talk N] is named with its line, and with what would be right. */
static void
test_faults (void)
{
  static const struct {
    const char *name, *text, *where, *word;
  } rows[] = {
      {"look-colour", "[look]\ncolour = blue\n", ":6: [look] colour: ", "write #rrggbb"},
      {"look-colour-short", "[look]\nbackground = #12345\n", ":6: [look] background: ", "write #rrggbb"},
      {"look-logo", "[look]\nlogo = logo.svg\n", ":6: [look] logo: ", ".png"},
      {"look-size", "[look]\nlogo_size = 31\n", ":6: [look] logo_size: ", "2 to 30"},
      {"look-slate", "[look]\nslates = starting; lunch\n",
       ":6: [look] slates: ", "starting, break, ending, bars"},
      {"look-slate-twice", "[look]\nslates = break; break\n", ":6: [look] slates: ", "twice"},
      {"look-slate-source", "[source break]\npipeline = test\n[look]\nslates = break\n",
       ":8: [look] slates: ", "there is a [source break] as well"},
      {"look-slate-scene", "[scene ending]\nsources = test\n[look]\nslates = break; ending\n",
       ":8: [look] slates: ", "there is a [scene ending] as well"},
      {"look-bars-first", "[programme]\npicture = bars\n[look]\nslates = bars\n",
       ":6: [programme] picture: ", "for rehearsals"},
      {"talk-number", "[talk 01]\ntitle = a\nspeaker = b\n", ":5: [talk 01]: ", "a number from 1 to 999"},
      {"talk-speaker", "[talk 1]\ntitle = a\n", ":5: [talk 1] speaker: ", "add it"},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *text = g_strconcat (WHOLE, rows[i].text, NULL);
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", rows[i].name);
    g_assert_null (regia_config_parse (text, strlen (text), "event.conf", "/srv", FALSE, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG);
    g_assert_nonnull (strstr (error->message, rows[i].where));
    g_assert_nonnull (strstr (error->message, rows[i].word));
  }
}

/* What is written, and what holds where nothing is. */
static void
test_values (void)
{
  static const char written[] = WHOLE "[look]\nlogo = logo.png\ncolour = #ABCDEF\nslates = ending; bars\n"
                                      "[talk 12]\ntitle = Saluti\nspeaker = Maria Rossi\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) plain =
      regia_config_parse (WHOLE, strlen (WHOLE), "event.conf", "/srv", FALSE, &error);
  g_autoptr (RegiaConfig) config = NULL;
  const RegiaConfigValues *values;
  const RegiaConfigTalk *talk;

  g_assert_no_error (error);
  values = regia_config_get (plain);
  g_assert_null (values->look_logo);
  g_assert_null (values->look_slates[0]);
  g_assert_cmpuint (values->talks->len, ==, 0);
  config = regia_config_parse (written, strlen (written), "event.conf", "/srv", FALSE, &error);
  g_assert_no_error (error);
  values = regia_config_get (config);
  g_assert_cmpstr (values->look_logo, ==, "/srv/logo.png");
  g_assert_cmpstr (values->look_logo_corner, ==, "top-right");
  g_assert_cmpstr (values->look_colour, ==, "#abcdef");
  g_assert_cmpstr (values->look_background, ==, "#14212b");
  g_assert_cmpstr (values->look_slates[0], ==, "ending");
  g_assert_cmpstr (values->look_slates[1], ==, "bars");
  g_assert_cmpuint (values->talks->len, ==, 1);
  talk = g_ptr_array_index (values->talks, 0);
  g_assert_cmpstr (talk->name, ==, "12");
  g_assert_cmpstr (talk->speaker, ==, "Maria Rossi");
  g_assert_null (talk->role);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/look/faults", test_faults);
  g_test_add_func ("/config/look/values", test_values);
  return g_test_run ();
}
