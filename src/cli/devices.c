/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <gio/gio.h>
#include <stdio.h>
#include <unistd.h>

#include "regia/base/file.h"
#include "regia/base/json.h"
#include "regia/cli/cli.h"
#include "regia/config/pipeline.h"
#include "regia/engine/devices.h"

/*
 * `regia devices` looks in every way at once, each in a child of its own, because a driver or a server that
 * hangs cannot be waited for, and a thread that waits for one cannot be ended. Whoever has not answered in
 * time is killed and named; the others are listed.
 *
 * What is printed is a piece of an event file: all but the lines to paste are comments.
 */

#define ANSWER_S                                                                                             \
  5 /* of its own: while it waits for the processor, on a machine that has much to do, nothing hangs */
#define LONGEST_S 20 /* all the same */
#define CHILD_S   30 /* where nobody is left to kill it */
#define TICK_MS   250

typedef struct {
  GPtrArray *devices; /* (owned) (element-type RegiaDevice) */
  GPtrArray *notes;   /* (owned) (element-type Note) */
  GPtrArray *looks;   /* (owned) (element-type Look): children that have not answered */
  gboolean unsure;    /* a way was not gone to its end: there may be more */
  gint64 began_us;
  GMainLoop *loop;
} Survey;

typedef struct {
  Survey *survey;
  const RegiaDeviceWay *way;
  GSubprocess *child;   /* (owned) */
  GCancellable *enough; /* (owned) */
} Look;

typedef struct {
  const RegiaDeviceWay *way;
  char *reason; /* (owned) */
} Note;

static void
look_free (gpointer data)
{
  Look *self = data;

  g_object_unref (self->child);
  g_object_unref (self->enough);
  g_free (self);
}

static void
note_free (gpointer data)
{
  Note *self = data;

  g_free (self->reason);
  g_free (self);
}

/* @reason: (transfer full) */
static void
add_note (Survey *self, const RegiaDeviceWay *way, char *reason)
{
  Note *note = g_new0 (Note, 1);

  note->way = way;
  note->reason = reason;
  g_ptr_array_add (self->notes, note);
}

static gint
compare_notes (gconstpointer a, gconstpointer b)
{
  const Note *one = *(Note *const *)a, *other = *(Note *const *)b;

  return one->way < other->way ? -1 : one->way > other->way; /* rows of one table */
}

int
regia_cli_devices_main (int argc, char **argv)
{
  const RegiaDeviceWay *way = argc == 2 ? regia_device_way_find (argv[1]) : NULL;
  g_autoptr (RegiaDevicesFound) found = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;
  int out;

  if (way == NULL)
    return 64;
  alarm (CHILD_S);
  out = dup (STDOUT_FILENO); /* drivers' libraries print what they like */
  if (out < 0 || dup2 (STDERR_FILENO, STDOUT_FILENO) < 0)
    return 71;
  found = regia_devices_look (way);
  json = regia_devices_to_json (found);
  if (!regia_fd_write_all (out, json, strlen (json), &error))
    return regia_cli_fail (error);
  close (out);
  return 0;
}

static void
take_answer (Survey *self, const RegiaDeviceWay *way, const char *json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaDevicesFound) found = regia_devices_read_json (json, &error);

  if (found == NULL) {
    self->unsure = TRUE;
    add_note (self, way, g_strdup_printf ("what looked there answered nonsense (%s)", error->message));
    return;
  }
  while (found->devices->len > 0)
    g_ptr_array_add (self->devices, g_ptr_array_steal_index (found->devices, 0));
  for (guint i = 0; i < found->notes->len; i++)
    add_note (self, way, g_strdup (g_ptr_array_index (found->notes, i)));
}

static void
on_answer_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Look *look = user_data;
  Survey *survey = look->survey;
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;

  if (!g_subprocess_communicate_utf8_finish (look->child, result, &json, NULL, &error)) {
    gboolean late = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

    g_subprocess_force_exit (look->child); /* and not waited for: in a driver that hangs nothing dies */
    survey->unsure = TRUE;
    add_note (survey, look->way,
              late ? g_strdup_printf ("no answer within %d s; %s", ANSWER_S, look->way->unstick)
                   : g_strdup_printf ("it cannot be asked: %s", error->message));
  } else if (g_subprocess_get_if_exited (look->child) && g_subprocess_get_exit_status (look->child) == 0) {
    take_answer (survey, look->way, json);
  } else {
    survey->unsure = TRUE;
    add_note (survey, look->way,
              g_subprocess_get_if_signaled (look->child)
                  ? g_strdup_printf ("what looked there died of signal %d; a driver or a library of it is "
                                     "broken",
                                     g_subprocess_get_term_sig (look->child))
                  : g_strdup_printf ("what looked there gave up with status %d",
                                     g_subprocess_get_exit_status (look->child)));
  }
  g_ptr_array_remove_fast (survey->looks, look);
  if (survey->looks->len == 0)
    g_main_loop_quit (survey->loop);
}

static void
begin_look (Survey *self, const RegiaDeviceWay *way)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                                         &error, "/proc/self/exe", "child", "devices", way->name, NULL);
  Look *look;

  if (child == NULL) {
    self->unsure = TRUE;
    add_note (self, way, g_strdup_printf ("it cannot be asked: %s", error->message));
    return;
  }
  look = g_new0 (Look, 1);
  look->survey = self;
  look->way = way;
  look->child = child;
  look->enough = g_cancellable_new ();
  g_ptr_array_add (self->looks, look);
  g_subprocess_communicate_utf8_async (child, NULL, look->enough, on_answer_cb, look);
}

/* For how long a child has waited for a processor: the second figure of its schedstat, in ns. 0 where the
 * kernel does not tell. */
static gint64
starved_us (GSubprocess *child)
{
  const char *pid = g_subprocess_get_identifier (child);
  g_autofree char *path = pid != NULL ? g_strdup_printf ("/proc/%s/schedstat", pid) : NULL, *text = NULL;
  guint64 waited_ns = 0;

  if (path == NULL || !g_file_get_contents (path, &text, NULL, NULL) ||
      sscanf (text, "%*u %" G_GUINT64_FORMAT, &waited_ns) != 1)
    return 0;
  return (gint64)(waited_ns / 1000);
}

static gboolean
on_tick_cb (gpointer user_data)
{
  Survey *self = user_data;
  gint64 passed_us = g_get_monotonic_time () - self->began_us;

  for (guint i = 0; i < self->looks->len; i++) {
    const Look *look = g_ptr_array_index (self->looks, i);

    if (passed_us - starved_us (look->child) >= ANSWER_S * G_USEC_PER_SEC ||
        passed_us >= LONGEST_S * G_USEC_PER_SEC)
      g_cancellable_cancel (look->enough);
  }
  return G_SOURCE_CONTINUE;
}

static void
survey_run (Survey *self)
{
  gsize n;
  const RegiaDeviceWay *ways = regia_device_ways (&n);
  guint tick;

  self->began_us = g_get_monotonic_time ();
  for (gsize i = 0; i < n; i++)
    begin_look (self, &ways[i]);
  tick = g_timeout_add (TICK_MS, on_tick_cb, self);
  if (self->looks->len > 0)
    g_main_loop_run (self->loop);
  g_source_remove (tick);
  g_ptr_array_sort (self->notes, compare_notes);
}

static void
print_device (const RegiaDevice *device, GPtrArray *files)
{
  const RegiaDeviceWay *way = regia_device_way_find (device->way);
  g_autofree char *why = NULL, *lines = regia_device_lines (device, files, &why);

  printf ("# %s: %s (%s)\n", g_str_equal (device->kind, "picture") ? "Picture" : "Sound", device->name,
          way != NULL ? way->title : device->way);
  if (lines == NULL && device->identity[0] != '\0')
    printf ("#   %s\n", device->identity);
  for (char **format = device->formats; *format != NULL; format++)
    printf ("#   %s\n", *format);
  for (char **also = device->also; *also != NULL; also++)
    printf ("#   The same as %s\n", *also);
  if (device->remark[0] != '\0')
    printf ("#   %s\n", device->remark);
  if (lines == NULL)
    printf ("#   %s\n", why);
  printf ("%s\n", lines != NULL ? lines : "");
}

static void
print_text (const Survey *survey, GPtrArray *files, guint monitors)
{
  for (guint i = 0; i < survey->devices->len; i++)
    print_device (g_ptr_array_index (survey->devices, i), files);
  if (survey->devices->len == 0)
    printf ("# Nothing was found: no camera, no sound input\n");
  if (monitors > 0)
    printf ("# %u that only repeat%s what an output plays %s left out; --all lists %s\n", monitors,
            monitors == 1 ? "s" : "", monitors == 1 ? "is" : "are", monitors == 1 ? "it" : "them");
  for (guint i = 0; i < survey->notes->len; i++) {
    const Note *note = g_ptr_array_index (survey->notes, i);

    printf ("# Not seen: %s: %s\n", note->way->title, note->reason);
  }
}

static void
print_json (const Survey *survey, GPtrArray *files)
{
  GVariantBuilder devices, notes, all;
  g_autofree char *json = NULL;

  g_variant_builder_init (&devices, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < survey->devices->len; i++) {
    const RegiaDevice *device = g_ptr_array_index (survey->devices, i);
    g_autofree char *why = NULL, *lines = regia_device_lines (device, files, &why);
    g_autoptr (GVariant) told = g_variant_ref_sink (regia_device_to_variant (device));
    GVariantDict dict;

    g_variant_dict_init (&dict, told);
    g_variant_dict_insert (&dict, "lines", "s", lines != NULL ? lines : "");
    g_variant_dict_insert (&dict, "no-lines", "s", why != NULL ? why : "");
    g_variant_builder_add_value (&devices, g_variant_dict_end (&dict));
  }
  g_variant_builder_init (&notes, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < survey->notes->len; i++) {
    const Note *note = g_ptr_array_index (survey->notes, i);

    g_variant_builder_open (&notes, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&notes, "{sv}", "way", g_variant_new_string (note->way->name));
    g_variant_builder_add (&notes, "{sv}", "reason", g_variant_new_string (note->reason));
    g_variant_builder_close (&notes);
  }
  g_variant_builder_init (&all, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&all, "{sv}", "devices", g_variant_builder_end (&devices));
  g_variant_builder_add (&all, "{sv}", "not-seen", g_variant_builder_end (&notes));
  g_variant_builder_add (&all, "{sv}", "complete", g_variant_new_boolean (!survey->unsure));
  json = regia_json_from_variant (g_variant_builder_end (&all), TRUE);
  printf ("%s\n", json);
}

int
regia_cli_devices (int argc, char **argv)
{
  gboolean json = FALSE, everything = FALSE;
  GOptionEntry entries[] = {
      {"all", 0, 0, G_OPTION_ARG_NONE, &everything, "Also what the outputs of this machine play", NULL},
      {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print as JSON", NULL},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GError) error = NULL;
  Survey survey = {0};
  guint monitors = 0;
  int status;

  if (!regia_cli_parse (
          "devices", "",
          "Lists the cameras and sound inputs that are plugged in, by names that stay the same, "
          "with what each can give and the lines for an event file. Exit status 69 when there is "
          "none, 75 when a driver or a server did not answer and there may be more.",
          entries, &argc, &argv, &status))
    return status;
  if (argc > 1) {
    fprintf (stderr, "regia: devices takes no arguments; `regia devices --help` says more\n");
    return 64;
  }
  if (!regia_devices_prepare (&error))
    return regia_cli_fail (error);
  survey.devices = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_device_free);
  survey.notes = g_ptr_array_new_with_free_func (note_free);
  survey.looks = g_ptr_array_new_with_free_func (look_free);
  survey.loop = g_main_loop_new (NULL, FALSE);
  survey_run (&survey);
  regia_devices_merge (survey.devices);
  if (!everything)
    monitors = regia_devices_drop_monitors (survey.devices);
  regia_devices_name (survey.devices);
  files = regia_pipeline_file_list (NULL);
  if (json)
    print_json (&survey, files);
  else
    print_text (&survey, files, monitors);
  status = survey.unsure ? 75 : survey.devices->len == 0 ? 69 : 0;
  g_main_loop_unref (survey.loop);
  g_ptr_array_unref (survey.looks);
  g_ptr_array_unref (survey.notes);
  g_ptr_array_unref (survey.devices);
  return status;
}
