/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources that are added, set and removed: what is kept of it, what is refused, and what nobody may read. */
#include <string.h>

#include "desired-private.h"
#include "regia/base/error.h"
#include "regia/base/json.h"

static const char *const own[] = {"camera", "desk", NULL};

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

/* (transfer full) (nullable): what comes of @from where there are @sources, by a command called @id. */
static RegiaDesired *
change (RegiaDesired *from, const char *id, const char *const *sources, const char *text, GError **error)
{
  g_autoptr (GVariant) what = parse (text);
  RegiaDesiredContext context = {.sources = sources, .own_sources = own};

  return regia_desired_change (from, id, what, &context, error);
}

/* As "NAME[!removed][*fresh]{key=value …} …". */
static char *
to_text (const RegiaDesired *desired)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < desired->sources->len; i++) {
    const RegiaConfigSourceChange *source = g_ptr_array_index (desired->sources, i);
    g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (source->keys), (GCompareFunc)strcmp);

    g_string_append_printf (text, "%s%s%s%s{", i > 0 ? " " : "", source->name, source->removed ? "!" : "",
                            source->fresh ? "*" : "");
    for (GList *link = keys; link != NULL; link = link->next)
      g_string_append_printf (text, "%s%s=%s", link == keys ? "" : " ", (const char *)link->data,
                              (const char *)g_hash_table_lookup (source->keys, link->data));
    g_string_append_c (text, '}');
  }
  return g_string_free (text, FALSE);
}

/* (transfer full): as show.json keeps it. */
static RegiaDesired *
through_json (const RegiaDesired *desired)
{
  g_autofree char *json = regia_json_from_variant (regia_desired_to_variant (desired), TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = regia_json_to_vardict (json, -1, &error);
  RegiaDesired *read;

  g_assert_no_error (error);
  read = regia_desired_from_variant (value);
  g_assert_nonnull (read);
  return read;
}

/* One after the other; what there is comes of what was said before. */
static void
test_changes (void)
{
  static const struct {
    const char *change, *result;
    const char *sources[5]; /* that there are before */
  } rows[] = {
      {"{'source-add': <('guest', {'pipeline': 'rtsp', 'location': 'rtsp://è/'})>}",
       "guest*{location=rtsp://è/ pipeline=rtsp}",
       {"camera", "desk"}},
      {"{'source-set': <('guest', {'delay': '40ms', 'location': ''})>}",
       "guest*{delay=40ms location= pipeline=rtsp}",
       {"camera", "desk", "guest"}},
      {"{'source-set': <('camera', {'delay': '80ms'})>}",
       "guest*{delay=40ms location= pipeline=rtsp} camera{delay=80ms}",
       {"camera", "desk", "guest"}},
      /* one of the file's is remembered to be gone, one that was added is forgotten */
      {"{'source-remove': <'camera'>}",
       "guest*{delay=40ms location= pipeline=rtsp} camera!{}",
       {"camera", "desk", "guest"}},
      {"{'source-remove': <'guest'>}", "camera!{}", {"desk", "guest"}},
      /* what the file says of it does not come back */
      {"{'source-add': <('camera', {'pipeline': 'test'})>}", "camera*{pipeline=test}", {"desk"}},
      {"{'source-remove': <'camera'>}", "camera!{}", {"camera", "desk"}},
  };
  g_autoptr (RegiaDesired) desired = regia_desired_new ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *id = g_strdup_printf ("id-%u", i), *before = to_text (desired), *same = NULL,
                    *result = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (RegiaDesired) next = change (desired, id, rows[i].sources, rows[i].change, &error);
    g_autoptr (RegiaDesired) again = NULL;

    g_test_message ("row %u", i);
    g_assert_no_error (error);
    g_assert_cmpuint (next->version, ==, desired->version + 1);
    same = to_text (desired);
    g_assert_cmpstr (before, ==, same);
    regia_desired_unref (desired);
    desired = through_json (next);
    result = to_text (desired);
    g_assert_cmpstr (result, ==, rows[i].result);
    again = change (desired, id, rows[i].sources, rows[i].change, &error);
    g_assert_true (again == desired);
  }
}

static void
test_refusals (void)
{
  static const char *const there[] = {"camera", "desk", NULL};
  static const struct {
    const char *change, *word;
  } rows[] = {
      {"{'source-add': <('camera', {'pipeline': 'test'})>}", "there is a source \"camera\""},
      {"{'source-add': <('Camera', {'pipeline': 'test'})>}", "cannot be a source's name"},
      {"{'source-add': <('a]\\n[event', {'pipeline': 'test'})>}", "cannot be a source's name"},
      {"{'source-add': <('guest', {'pipeline\\nname': 'test'})>}", "cannot be a key"},
      {"{'source-add': <('guest', {'': 'test'})>}", "cannot be a key"},
      {"{'source-add': <('guest', {'off': 'yes'})>}", "source remove"},
      {"{'source-set': <('guest', {'delay': '0ms'})>}", "there are camera, desk"},
      {"{'source-set': <('camera', @a{ss} {})>}", "KEY=VALUE"},
      {"{'source-remove': <'guest'>}", "there are camera, desk"},
      {"{'source-remove': <('guest', true)>}", "not known"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (RegiaDesired) desired = regia_desired_new ();
    g_autoptr (GError) error = NULL;
    g_autofree char *text = NULL;

    g_test_message ("row %u", i);
    g_assert_null (change (desired, "1", there, rows[i].change, &error));
    g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
    g_assert_nonnull (strstr (error->message, rows[i].word));
    text = to_text (desired);
    g_assert_cmpstr (text, ==, "");
  }
}

static void
test_reading (void)
{
  static const char *const bad[] = {
      "{'sources': <true>}",
      "{'sources': <['camera']>}",
      "{'sources': <[{'removed': <true>}]>}",
      "{'sources': <[{'name': <'a'>, 'removed': <'yes'>}]>}",
      "{'sources': <[{'name': <'a'>, 'keys': <{'pipeline': <5>}>}]>}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GVariant) value = parse (bad[i]);

    g_test_message ("row %u", i);
    g_assert_null (regia_desired_from_variant (value));
  }
}

/* What stands in the audit, which every technician reads. */
static void
test_secrets (void)
{
  static const struct {
    const char *change, *said, *checked;
  } rows[] = {
      {"{'source-add': <('far', {'pipeline': 'rtsp', 'location': 'rtsp://me:MARK@h/', 'password': 'MARK', "
       "'delay': '40ms'})>}",
       "{'source-add': <('far', ['pipeline=rtsp', 'location', 'password', 'delay=40ms'])>}", "far"},
      {"{'source-set': <('far', {'password': 'MARK'})>}", "{'source-set': <('far', ['password'])>}", "far"},
      {"{'source-remove': <'far'>}", "{'source-remove': <'far'>}", NULL},
  };
  g_autoptr (GVariant) other = parse ("{'private': <true>}"), same = regia_desired_without_secrets (other);
  const char *checked;

  g_assert_true (same == other);
  g_assert_false (regia_desired_is_about_sources (other, &checked));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GVariant) what = parse (rows[i].change), shown = regia_desired_without_secrets (what);
    g_autofree char *said = g_variant_print (shown, FALSE);

    g_assert_cmpstr (said, ==, rows[i].said);
    g_assert_true (regia_desired_is_about_sources (what, &checked));
    g_assert_cmpstr (checked, ==, rows[i].checked);
  }
}

/* A relay that is added: its key is kept and handed to it, and is in nothing that others read. */
static void
test_relays (void)
{
  static const char *const own_relays[] = {"platform", NULL}, *const with_tube[] = {"platform", "tube", NULL};
  static const struct {
    const char *change, *result, *word; /* word: it is refused */
    const char *const *relays;
  } rows[] = {
      {"{'relay-add': <('tube', {'url': 'rtmp://h/live', 'key': 'geheim'})>}",
       "tube*{key=geheim url=rtmp://h/live}", NULL, own_relays},
      {"{'relay-add': <('tube', {'url': 'rtmp://h/live'})>}", NULL, "there is a relay \"tube\"", with_tube},
      {"{'relay-add': <('radio', {'url': 'rtmp://h/live', 'key_file': '/etc/shadow'})>}", NULL, "--key",
       with_tube},
      {"{'relay-add': <('a b', {'url': 'rtmp://h/live'})>}", NULL, "cannot be a relay's name", with_tube},
      {"{'relay': <('tube', false)>}", "tube*{key=geheim url=rtmp://h/live}", NULL, with_tube},
      {"{'relay-remove': <'radio'>}", NULL, "there is no relay \"radio\"; this event has platform, tube",
       with_tube},
      {"{'relay-remove': <'platform'>}", "tube*{key=geheim url=rtmp://h/live} platform!{}", NULL, with_tube},
      {"{'relay-remove': <'tube'>}", "platform!{}", NULL, with_tube},
  };
  g_autoptr (RegiaDesired) desired = regia_desired_new ();
  g_autoptr (GVariant) secret = parse (rows[0].change), shown = regia_desired_without_secrets (secret);
  g_autofree char *text = g_variant_print (shown, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *id = g_strdup_printf ("r%u", i), *result = NULL;
    g_autoptr (GVariant) what = parse (rows[i].change);
    g_autoptr (GError) error = NULL;
    RegiaDesiredContext context = {
        .sources = own, .own_sources = own, .relays = rows[i].relays, .own_relays = own_relays};
    g_autoptr (RegiaDesired) next = regia_desired_change (desired, id, what, &context, &error);

    g_test_message ("row %u", i);
    if (rows[i].word != NULL) {
      g_assert_error (error, REGIA_ERROR, REGIA_ERROR_USAGE);
      g_assert_nonnull (strstr (error->message, rows[i].word));
      continue;
    }
    g_assert_no_error (error);
    regia_desired_unref (desired);
    desired = through_json (next);
    result = to_text (desired);
    g_assert_cmpstr (result, ==, rows[i].result);
    g_assert_cmpstr (regia_desired_get_relay_key (desired, "tube"), ==,
                     i < G_N_ELEMENTS (rows) - 1 ? "geheim" : NULL);
  }
  g_assert_cmpuint (desired->relays_off->len, ==, 0);
  g_assert_null (strstr (text, "geheim"));
  g_assert_null (strstr (text, "rtmp:"));
  g_assert_nonnull (strstr (text, "tube"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/director/desired-sources/changes", test_changes);
  g_test_add_func ("/director/desired-sources/refusals", test_refusals);
  g_test_add_func ("/director/desired-sources/reading", test_reading);
  g_test_add_func ("/director/desired-sources/secrets", test_secrets);
  g_test_add_func ("/director/desired-sources/relays", test_relays);
  return g_test_run ();
}
